"""Safetensors files of plain tensors and text metadata: written whole or not at all, read with every size checked.

The bytes of a file depend only on the names, the order and the values of its tensors and on its metadata. The first
entry of the metadata is a checksum: the SHA-256 of the whole file, in hexadecimal digits, with zeros in its own place.
"""

import hashlib
import json
import math
import mmap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from firth.errors import FormatError, quoted
from firth.files.json_text import is_costly
from firth.files.paths import AnyPath, as_path, mapped, replacing

DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
}
"""The name in safetensors -> the type of the numbers, for the types that firth writes and reads."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}

CHECKSUM = "sha256"
NO_CHECKSUM = "0" * 64

BYTES_AT_ONCE = 2**24
"""How much of a matrix is converted or checked at a time, so that memory stays bounded."""


def nothing_told(part: float) -> None:
    """Show nothing."""


def write_tensors(
    path: AnyPath,
    tensors: Mapping[str, npt.NDArray[Any]],
    metadata: Mapping[str, str],
    told: Callable[[float], None] = nothing_told,
    before: Path | None = None,
) -> None:
    """Write a safetensors file, whole or not at all; at the end it replaces an old file of that name.

    tensors: arrays of the types in `DTYPES` by name, stored in this order. metadata: texts by name.
    told: called with the part of the numbers that is written, up to 1. before: where the old file goes, if it is kept.
    Raises FormatError where the file cannot be written.
    """
    header: dict[str, Any] = {"__metadata__": {CHECKSUM: NO_CHECKSUM, **metadata}}
    end = 0
    for name, array in tensors.items():
        dtype = _NAMES[array.dtype.newbyteorder("<")]
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    start = len(text).to_bytes(8, "little") + text
    checksum = hashlib.sha256(start)
    with replacing(as_path(path), before) as file:
        file.write(start)
        done = 0
        for name, array in tensors.items():
            for rows in row_blocks(array):
                plain = np.ascontiguousarray(rows, dtype=DTYPES[header[name]["dtype"]])
                data = plain.reshape(-1).view(np.uint8).data
                file.write(data)
                checksum.update(data)
                done += plain.nbytes
                told(done / max(end, 1))
        file.seek(start.index(NO_CHECKSUM.encode()))
        file.write(checksum.hexdigest().encode())


def read_tensors(path: AnyPath, at: Path | None = None) -> "TensorFile":
    """An open safetensors file: its metadata, and its tensors mapped from disk when asked for.

    at: where its bytes are, if `path` is only what messages call it.
    Raises FormatError for anything but a whole safetensors file.
    """
    path = as_path(path)
    at = path if at is None else at
    mapping = mapped(at, "tensors")
    start = 8 + int.from_bytes(mapping[:8], "little")
    text = mapping[8:start]
    if is_costly(text, len(mapping)):
        raise FormatError(f"{path}: a header of {len(text):,} bytes: expected one that firth or a like program wrote")
    try:
        with safe_open(at, framework="np"):
            pass
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a whole safetensors file: {quoted(str(error))}") from None
    header = json.loads(text)  # safe_open has parsed the same bytes
    metadata = header.pop("__metadata__", None) or {}
    return TensorFile(path, metadata, header, mapping, start)


class TensorFile:
    """A safetensors file that is open for reading: iterate over it for the names of its tensors.

    path: where it is. metadata: texts by name, unchecked. checksum: that of the metadata, None where there is none.
    """

    def __init__(
        self, path: Path, metadata: dict[str, str], header: dict[str, Any], mapping: mmap.mmap, start: int
    ) -> None:
        self.path, self.metadata = path, metadata
        self.checksum = metadata.pop(CHECKSUM, None)
        self._header, self._mapping, self._start = header, mapping, start

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return len(self._mapping)

    def __contains__(self, name: str) -> bool:
        """Whether there is a tensor of that name."""
        return name in self._header

    def __iter__(self) -> Iterator[str]:
        """The names of the tensors, in the order of the header."""
        return iter(self._header)

    def check(self, told: Callable[[float], None] = nothing_told) -> None:
        """Read the whole file, and compare its checksum.

        told: called with the part that is read, up to 1. Raises FormatError where the file is not as it was written, or
        has no checksum.
        """
        if self.checksum is None:
            raise FormatError(
                f"{self.path}: there is no checksum in the file: expected one that this version of firth wrote"
            )
        stored = self.checksum.encode()
        start = self._mapping[: self._start].replace(stored, NO_CHECKSUM.encode(), 1)
        checksum = hashlib.sha256(start if len(stored) == len(NO_CHECKSUM) else b"")
        with memoryview(self._mapping) as data:
            for begin in range(self._start, len(data), BYTES_AT_ONCE):
                checksum.update(data[begin : begin + BYTES_AT_ONCE])
                told(min(begin + BYTES_AT_ONCE, len(data)) / len(data))
        if checksum.hexdigest() != self.checksum:
            raise FormatError(
                f"{self.path}: the file is damaged: its bytes do not have the checksum that was written with them"
            )

    def dtype(self, name: str) -> str | None:
        """The type of a tensor's numbers as the file names it, or None where there is no such tensor."""
        return self._header[name]["dtype"] if name in self else None

    def tensor(self, name: str, dtype: str, dimensions: int | None = None) -> npt.NDArray[Any]:
        """A tensor, read-only and mapped from disk: its numbers are read when they are used.

        dtype: one of the names in `DTYPES`. dimensions: how many it must have; None takes any number.
        Raises FormatError where it is missing, of another type or shape, or not where the header says.
        """
        expected = f"expected {dtype}"
        if dimensions is not None:
            expected += f" with {dimensions} dimension{'s'[: dimensions - 1]}"
        if name not in self:
            raise FormatError(f"{self.path}: no tensor {name!r:.100}: {expected}")
        found, shape, (begin, end) = (self._header[name][key] for key in ("dtype", "shape", "data_offsets"))
        if found != dtype or dimensions not in (None, len(shape)):
            raise FormatError(f"{self.path}: tensor {name!r:.100} is {found:.20} of shape {shape}: {expected}")
        if end - begin != math.prod(shape) * DTYPES[dtype].itemsize or self._start + end > len(self._mapping):
            raise FormatError(
                f"{self.path}: tensor {name!r:.100} lies at bytes {begin} to {end}: expected shape {shape}"
            )
        return np.ndarray(shape, DTYPES[dtype], self._mapping, self._start + begin)


def row_blocks(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """The rows of an array in order, at most `BYTES_AT_ONCE` or one row at a time."""
    rows = max(1, BYTES_AT_ONCE // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
