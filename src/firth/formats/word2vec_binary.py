"""word2vec's binary files: a line of text with the number of words and the dimension, then words and their numbers.

A word and a space come before the bytes of its numbers, float32 and little-endian, and then a line end, which may be
missing. So a word cannot hold a space; one that does is read as another file, which nothing shows.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.corpus.decompress import first_chunks
from firth.errors import FormatError
from firth.files.paths import replacing
from firth.files.tensors import row_blocks
from firth.formats.opening import byte_chunks, is_compressed
from firth.formats.request import (
    EMPTY,
    NOT_FINITE,
    NOT_UTF8,
    REPEATED,
    WRONG_NUMBER,
    Faults,
    Request,
    check_found,
    shown,
)
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import encoded_words

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

FLOAT32 = np.dtype("<f4")

CHUNK = 1 << 18
"""The bytes that are read at once: as many as stay in a processor's cache until they are copied."""

LONGEST_WORD = 1 << 24
"""The most bytes of a word."""

LARGEST_DIMENSION = 1 << 20

ROWS_AT_FIRST = 1 << 12
"""The rows that memory is taken for where the size of the content is not known; it doubles when they are full."""

_HEADER_SIZE = 256
_HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t\r]*\n")


class _Block(NamedTuple):
    """Whole rows, from the first byte on: bytes, where they lie in the file, and where in them is each word's space.

    In the last block of a file there is no row, only bytes that are none.
    """

    data: bytes
    place: int
    spaces: Ids


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a binary file, compressed or not; counts are 0.

    Warned of, or refused if `request.strict`: a wrong number of words in the header, where all whole rows are read;
    words that are empty, come again, or have numbers that are not finite, which are left out; and words that are not
    UTF-8, which have \\x.. for what is not. Raises FormatError for a wrong header, and where no word is found.
    """
    faults = Faults(path, request.strict)
    chunks = byte_chunks(path, CHUNK, partial(request.progress, "reading"))
    head = b"".join(first_chunks(chunks, _HEADER_SIZE))
    n, d = _sizes(path, head)
    at = head.index(b"\n") + 1
    rows = _Rows(d, _rows_at_first(path, n, d, request))
    taken, read, seen = 0, 0, dict[str, None]()
    for block in _blocks(at, head[at:], chunks, d):
        if not len(block.spaces):
            _check_end(block, read, n, d, faults)
            break
        read += len(block.spaces)
        words, spaces = _new_words(block, d, seen, faults, request)
        if request.first is not None:
            words, spaces = words[: request.first - taken], spaces[: request.first - taken]
        taken += len(words)
        if request.words is not None:
            chosen = [i for i, word in enumerate(words) if word in request.words]
            words, spaces = [words[i] for i in chosen], spaces[chosen]
        rows.add(block, words, spaces, faults)
        if taken == request.first:
            break
    check_found(path, len(rows.words), request)
    faults.warn()
    return WordVectors(rows.words, np.zeros(len(rows.words), np.int64), rows.matrix(), None, {}, [])


def _sizes(path: Path, head: bytes) -> tuple[int, int]:
    """The words and the dimension that line 1 promises."""
    line = _HEADER.match(head)
    n, d = (int(line[1]), int(line[2])) if line else (0, 0)
    if not line or n < 1 or not 1 <= d <= LARGEST_DIMENSION:
        found = shown(head.partition(b"\n")[0])
        expected = f"expected two numbers, the words and the dimension, 1 to {LARGEST_DIMENSION:,}"
        raise FormatError(f"{path}, line 1: {found}: {expected}")
    return n, d


def _rows_at_first(path: Path, n: int, d: int, request: Request) -> int:
    """The rows to take memory for: no more than the file has room for, and than are wanted."""
    most = ROWS_AT_FIRST if is_compressed(path) else path.stat().st_size // (4 * d + 2) + 1
    wanted = n if request.words is None else len(request.words)
    return max(1, min(n, most, wanted, n if request.first is None else request.first))


def _blocks(place: int, data: bytes, chunks: Iterator[bytes], d: int) -> Iterator[_Block]:
    """Yield the rows of a file, those of a chunk together, and at last what is none."""
    size = 1 + 4 * d
    while True:
        spaces: list[int] = []
        at, end, find = 0, len(data) - size, data.find
        while 0 <= (space := find(b" ", at)) <= end:
            spaces.append(space)
            at = space + size
        if spaces:
            yield _Block(data, place, np.array(spaces))
        data, place = data[at:], place + at
        parts, held = [data], len(data)
        needed = max(size, 2 * held)
        while held < needed and (chunk := next(chunks, b"")):
            parts.append(chunk)
            held += len(chunk)
        if held == len(data) or len(data) > LONGEST_WORD + size:
            yield _Block(data, place, np.array([], np.int64))
            return
        data = b"".join(parts)


def _check_end(block: _Block, read: int, n: int, d: int, faults: Faults) -> None:
    """Note what is wrong at the end of a file, after all rows that were read."""
    if block.data.strip():
        begin = len(block.data) - len(block.data.lstrip(b"\n"))
        found = f"{shown(block.data[begin : begin + 200])}: expected a word, a space and {4 * d} bytes"
        faults.add(f"byte {block.place + begin}", found, "rows that are cut short, left out")
    if read != n:
        found = f"{n:,} words of dimension {d}: the file holds {read:,}"
        faults.add("line 1", found, WRONG_NUMBER)


def _new_words(block: _Block, d: int, seen: dict[str, None], faults: Faults, request: Request) -> tuple[list[str], Ids]:
    """The words of a block that are not in `seen`, nor empty, and their spaces; they are added to `seen`."""
    data = block.data
    places = np.concatenate([[0], block.spaces[:-1] + (1 + 4 * d)])
    places += np.frombuffer(data, np.uint8)[places] == ord("\n")
    begins = places.tolist()
    parts = [data[begin:space] for begin, space in zip(begins, block.spaces.tolist(), strict=True)]
    joined = b" ".join(parts)
    try:
        words = [request.decode(part) for part in parts] if request.decode is not None else joined.decode().split(" ")
    except UnicodeDecodeError:  # of UTF-8
        words = [part.decode(errors="backslashreplace") for part in parts]
        for begin, part, word in zip(begins, parts, words, strict=True):
            if word.encode() != part:
                where = f"byte {block.place + begin}"
                faults.add(where, f"the word {shown(part)} is not UTF-8", NOT_UTF8)
    if b"\n" in joined:
        words = [word.lstrip("\n") for word in words]
    known = len(seen)
    seen.update(dict.fromkeys(words))
    added = len(seen) - known
    if added == len(words) and "" not in seen:
        return words, block.spaces
    new = set(islice(reversed(seen), added))
    kept = []
    for i, word in enumerate(words):
        if not word:
            faults.add(f"byte {block.place + begins[i]}", "a word is empty", EMPTY)
        elif word in new:
            new.discard(word)
            kept.append(i)
        else:
            found = f"the word {shown(word)} comes again"
            faults.add(f"byte {block.place + begins[i]}", found, REPEATED)
    seen.pop("", None)
    return [words[i] for i in kept], block.spaces[kept]


class _Rows:
    """Words and their vectors, as far as they are read."""

    def __init__(self, d: int, rows: int) -> None:
        """None yet; memory is taken for `rows` rows of dimension `d`."""
        self.words: list[str] = []
        self._center = np.empty((rows, d), np.float32)

    def add(self, block: _Block, words: list[str], spaces: Ids, faults: Faults) -> None:
        """Add words of a block and the numbers after their spaces, if these are finite."""
        if not words:
            return
        d = self._center.shape[1]
        every_byte = np.ndarray(len(block.data) - 4 * d + 1, f"V{4 * d}", block.data, strides=(1,))
        vectors = every_byte[spaces + 1].view(FLOAT32).reshape(len(words), d)
        with np.errstate(over="ignore", invalid="ignore"):
            is_finite = np.isfinite(vectors.sum())
        if not is_finite:  # or the sum is too large
            finite = np.isfinite(vectors).all(axis=1)
            for i in np.flatnonzero(~finite).tolist():
                found = f"the vector of {shown(words[i])} is not finite"
                faults.add(f"byte {block.place + spaces[i] + 1}", found, NOT_FINITE)
            vectors = vectors[finite]
            words = [words[i] for i in np.flatnonzero(finite).tolist()]
        begin, end = len(self.words), len(self.words) + len(words)
        if end > len(self._center):
            self._center.resize((max(end, 2 * len(self._center)), d), refcheck=False)
        self._center[begin:end] = vectors
        self.words += words

    def matrix(self) -> Floats:
        """The vectors (words, d)."""
        if len(self.words) < len(self._center):
            self._center.resize((len(self.words), self._center.shape[1]), refcheck=False)
        return self._center


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write words and center vectors in binary. Raises FormatError."""
    done, n = 0, len(vectors)
    words = iter(encoded_words(path, vectors.words))
    size = 4 * vectors.center.shape[1]
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for rows in row_blocks(vectors.center):
            numbers = np.asarray(rows, FLOAT32).tobytes()
            for at in range(0, len(numbers), size):
                file.write(b"%b %b\n" % (next(words), numbers[at : at + size]))
            done += len(rows)
            progress("writing", done, n)
