"""NumPy's files: NAME.npy with a matrix, one row a word, and NAME.words.txt beside it, one word a line in UTF-8."""

import codecs
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError
from firth.files.paths import mapped, replacing
from firth.files.tensors import row_blocks
from firth.formats.matrices import decoded, lines_beside, vectors_of
from firth.formats.request import EMPTY, Faults, Request, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import encoded_words

MAGIC = b"\x93NUMPY"

_FIELD = re.compile(rb"'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([\d,\s]*\))")
_LONGEST_HEADER = 10_000


def words_path(path: Path) -> Path:
    """The file of words that is written beside a matrix."""
    return path.with_suffix(".words.txt")


def words_beside(path: Path) -> Path | None:
    """The file of words beside a matrix, or None."""
    beside = words_path(path)
    return beside if os.path.exists(beside) else None


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a matrix of float16, float32 or float64, and its words; counts are 0.

    One of float32 stays memory-mapped. Raises FormatError for another array, and where the file of words has not as
    many lines as the matrix has rows: which word belongs to which row is not known then.
    """
    faults = Faults(path, request.strict)
    matrix = _matrix(path, faults)
    beside = words_beside(path)
    if beside is None:
        name = words_path(path).name
        raise FormatError(f"{path}: there is no {name} beside it: expected its words there, one a line")
    lines = lines_beside(beside, "words, one a line")
    if len(lines) != len(matrix):
        raise FormatError(
            f"{beside}: {len(lines):,} lines, and the matrix in {path.name} has {len(matrix):,} rows: expected as many"
        )
    words: list[str | None] = []
    for number, line in enumerate(lines, 1):
        if not line:
            faults.add(f"line {number} of {beside.name}", "an empty line", EMPTY)
        words.append(decoded(line, faults, f"line {number} of {beside.name}") if line else None)
    return vectors_of(path, words, matrix, request, faults, lambda row: f"line {row + 1} of {beside.name}")


def _matrix(path: Path, faults: Faults) -> npt.NDArray[Any]:
    """The matrix in a .npy file, mapped; nothing of the size that its header names is allocated."""
    data = mapped(path, "a matrix")
    version, size = data[6:7], {b"\1": 2, b"\2": 4, b"\3": 4}.get(data[6:7], 0)
    begin = 8 + size
    if data[:6] != MAGIC or not size or begin > len(data):
        raise FormatError(f"{path}: it begins with {shown(data[:8])}: expected a .npy file of format 1, 2 or 3")
    end = begin + int.from_bytes(data[8:begin], "little")
    if end > len(data) or end - begin > _LONGEST_HEADER:
        raise FormatError(f"{path}, byte 8: a header of {end - begin:,} bytes: expected one within the file")
    fields = {name.decode(): value for name, value in _FIELD.findall(data[begin:end])}
    if set(fields) != {"descr", "fortran_order", "shape"}:
        raise FormatError(
            f"{path}, byte {begin}: the header of format {version[0]} is {shown(data[begin:end])}: expected descr, "
            "fortran_order and shape of a matrix of float32; nothing else is read, Python objects least of all"
        )
    kind, shape = fields["descr"][1:-1].decode("latin-1"), fields["shape"][1:-1]
    sizes = [int(number) for number in shape.replace(b",", b" ").split()] if len(shape) < 100 else []
    if not re.fullmatch("[<>][ef][248]|[<>]f[248]", kind) or len(sizes) != 2:
        raise FormatError(
            f"{path}: an array of {shown(kind)} and shape ({shown(shape)[2:-1]}): expected float16, float32 or float64 "
            "with two dimensions, one row a word"
        )
    dtype = np.dtype(kind)
    if min(sizes) < 1 or math.prod(sizes) * dtype.itemsize > len(data) - end:
        raise FormatError(
            f"{path}: {sizes[0]:,} rows of {sizes[1]:,} numbers: expected as many as the {len(data) - end:,} bytes "
            "after the header hold, and none of both 0"
        )
    more = len(data) - end - math.prod(sizes) * dtype.itemsize
    if more:
        faults.add(f"byte {len(data) - more}", "more bytes after the matrix", "bytes after the matrix, left out", more)
    order: Any = "F" if fields["fortran_order"] == b"True" else "C"
    return np.ndarray((sizes[0], sizes[1]), dtype, data, end, order=order)


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write the center vectors, and the words beside them. Raises FormatError."""
    encoded = encoded_words(path, vectors.words)
    n, d = vectors.center.shape
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (n, d)
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    with replacing(path) as file, replacing(words_path(path)) as words:
        file.write(MAGIC + b"\1\0" + len(header).to_bytes(2, "little") + header)
        done = 0
        for rows in row_blocks(vectors.center):
            file.write(np.ascontiguousarray(rows, "<f4").data)
            done += len(rows)
            progress("writing", done, n)
        if encoded[0].startswith(codecs.BOM_UTF8):
            words.write(codecs.BOM_UTF8)  # the first is taken for a byte order mark
        words.writelines(word + b"\n" for word in encoded)
