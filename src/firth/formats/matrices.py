"""What readers of words and a matrix share: lines of a side file, rows that grow, and the rows that are kept."""

import codecs
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.files.paths import naming, reading
from firth.formats.request import NOT_FINITE, NOT_UTF8, REPEATED, Faults, Request, check_found, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import blocks

Floats = npt.NDArray[np.float32]

WORD_NAMES = ("word", "token", "text", "item", "id", "label", "name", "words", "tokens", "texts", "items")
"""What others call the column of words, the likeliest first."""

COUNT_NAMES = ("count", "counts", "freq", "frequency")
"""What others call the column of counts."""

WHOLE_NAMES = ("count", "counts")
"""The names of such a column where it may have fractions: the others mean shares then."""

MOST_COUNT = 2**63 - 1


class GrowingRows:
    """Rows of float32 that come block by block, in one array that grows in place."""

    def __init__(self, dim: int) -> None:
        self._matrix, self._used = np.empty((0, dim), np.float32), 0

    @property
    def dim(self) -> int:
        """How many numbers a row has."""
        return self._matrix.shape[1]

    def add(self, block: npt.NDArray[Any]) -> None:
        """Add rows of any float type; what is too large for float32 becomes infinite."""
        end = self._used + len(block)
        if end > len(self._matrix):
            self._resize(max(end, len(self._matrix) * 5 // 4))
        with np.errstate(over="ignore"):
            self._matrix[self._used : end] = block
        self._used = end

    def matrix(self) -> Floats:
        """The rows; no more can be added."""
        self._resize(self._used)
        return self._matrix

    def _resize(self, rows: int) -> None:
        self._matrix.resize((rows, self._matrix.shape[1]), refcheck=False)


def lines_beside(path: Path, what: str) -> list[bytes]:
    """The lines of a side file, without "\\n" or "\\r\\n" and without a byte order mark. Raises FormatError."""
    with reading(path, what) as file:
        lines = file.read().removeprefix(codecs.BOM_UTF8).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def decoded(raw: bytes, faults: Faults, place: str) -> str:
    """A word in UTF-8, with \\x.. for what is not."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        faults.add(place, f"the word {shown(raw)} is not UTF-8", NOT_UTF8)
        return raw.decode(errors="backslashreplace")


def count_of(value: Any, faults: Faults, place: str) -> int:
    """A count, given as a whole number, of any type, or as digits; 0 for anything else."""
    if isinstance(value, bytes):
        value = int(value) if value.isdigit() and len(value) <= 19 else value
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else value
    if isinstance(value, int) and 0 <= value <= MOST_COUNT:
        return value
    faults.add(place, f"the count is {shown(str(value))}", "counts that are no whole numbers from 0 up, taken as 0")
    return 0


def vectors_of(
    path: Path,
    words: Sequence[str | None],
    matrix: npt.NDArray[Any],
    request: Request,
    faults: Faults,
    place: Callable[[int], str],
    counts: npt.NDArray[np.int64] | None = None,
) -> WordVectors:
    """The vectors of the wanted words; of a word that comes again the first, and none that is not finite.

    words: of each row, None where it is to be left out. matrix: of any float type; it is kept as it is, mapped from
    disk or not, where it is float32 and every row is kept. place: where a row is in the file. Warns of `faults`, also
    of those added before. Raises FormatError.
    """
    end = len(words) if request.first is None else min(request.first, len(words))
    ids, seen = [], set()
    for i in range(end):
        word = words[i]
        if word is None or not request.wants(word):
            continue
        if word in seen:
            faults.add(place(i), f"the word {shown(word)} comes again", REPEATED)
            continue
        seen.add(word)
        ids.append(i)
    kept = _finite(np.array(ids, np.int64), words, matrix, request, faults, place)
    check_found(path, len(kept), request)
    faults.warn(stacklevel=4)
    whole = len(kept) == len(matrix)
    if whole and matrix.dtype == np.float32 and matrix.flags.c_contiguous and matrix.flags.aligned:
        center = matrix
    else:
        center = np.empty((len(kept), matrix.shape[1]), np.float32)
        for rows in blocks(*center.shape):
            center[rows] = _float32(matrix[kept[rows]])
    with naming(path):
        found = np.zeros(len(kept), np.int64) if counts is None else counts[kept]
        return WordVectors([str(words[i]) for i in kept.tolist()], found, center, None, {}, [])


def _finite(
    ids: npt.NDArray[np.int64],
    words: Sequence[str | None],
    matrix: npt.NDArray[Any],
    request: Request,
    faults: Faults,
    place: Callable[[int], str],
) -> npt.NDArray[np.int64]:
    """Those of the rows that are finite in float32."""
    finite = np.ones(len(ids), bool)
    for rows in blocks(len(ids), matrix.shape[1]):
        request.progress("reading", rows.start, len(ids))
        finite[rows] = np.isfinite(_float32(matrix[ids[rows]])).all(axis=1)
    for i in ids[~finite].tolist():
        found = f"the vector of {shown(str(words[i]))} is not finite in float32"
        faults.add(place(i), found, NOT_FINITE)
    return ids[finite]


def _float32(rows: npt.NDArray[Any]) -> Floats:
    with np.errstate(over="ignore"):
        return rows.astype(np.float32)
