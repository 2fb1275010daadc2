"""Compressed streams, known by their first bytes: gzip, bzip2, xz and zstd -> text."""

import itertools
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from firth.corpus.sources import shown
from firth.errors import CorpusError, MissingExtraError

TEXT_AT_ONCE = 1 << 19
"""The most bytes of text that a decompressor makes in one step."""

_BZ2_BLOCK, _BZ2_END = b"1AY&SY", b"\x17rE8P\x90"
_MAGIC: dict[str, tuple[bytes, ...]] = {
    "gz": (b"\x1f\x8b",),
    "bz2": tuple(b"BZh%d" % level + then for level in range(1, 10) for then in (_BZ2_BLOCK, _BZ2_END)),
    "xz": (b"\xfd7zXZ\0",),
    "zst": (b"\x28\xb5\x2f\xfd", *(bytes((byte,)) + b"\x2a\x4d\x18" for byte in range(0x50, 0x60))),
}
"""The first bytes of each kind of compressed stream, by the usual ending of its name.

bz2: with what follows the level, because plain text may begin with BZh; zst: a frame, or frames to skip.
"""
MAGIC_SIZE = 10

COMPRESSED = tuple(_MAGIC)
"""The usual endings of the names of compressed files."""


def expanded(path: Any, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a file as they are, or what they expand to if they are compressed.

    path: of the file; or an open file, whose name promises nothing. Raises CorpusError where the name promises
    compression and the bytes do not, or while reading for a damaged stream; MissingExtraError for zstd without its
    package.
    """
    head, chunks = peek(chunks, MAGIC_SIZE)
    kind = compression(head)
    ending = path.rpartition(".")[2].lower() if isinstance(path, str) else ""
    if kind is None and ending in _MAGIC:
        raise CorpusError(
            f"{shown(path)} is named .{ending} but is not {ending}-compressed: rename it or compress it again"
        )
    return chunks if kind is None else expand(path, kind, chunks)


def compression(head: bytes) -> str | None:
    """The kind of a compressed stream, by its first `MAGIC_SIZE` bytes, or None for any other content."""
    return next((kind for kind, magic in _MAGIC.items() if head.startswith(magic)), None)


def peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `size` bytes or more, if there are that many, and all of `chunks` again."""
    parts = first_chunks(chunks, size)
    return b"".join(parts), itertools.chain(parts, chunks)


def first_chunks(chunks: Iterator[bytes], size: int) -> list[bytes]:
    """The first of `chunks` that have `size` bytes or more, if there are that many; the others are left there."""
    parts: list[bytes] = []
    found = 0
    while found < size and (chunk := next(chunks, b"")):
        parts.append(chunk)
        found += len(chunk)
    return parts


def expand(path: Any, kind: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what the streams of one kind, one after the other in a file, expand to. Raises as `expanded` does."""
    make, failures = _decompressor(path, kind)
    done = 0
    data = b""

    def broken(what: str) -> CorpusError:
        return CorpusError(f"{shown(path)}: the {kind} stream {what} after {done:,} bytes of text: get the file again")

    while True:
        while len(data) < MAGIC_SIZE and (more := next(chunks, b"")):
            data = (data + more).lstrip(b"\0")  # zeros may pad the end of a stream
        if not data:
            return
        if not data.startswith(_MAGIC[kind]):
            raise broken("is followed by something else")
        member = make()
        while not member.eof:
            if not data and member.needs_input:
                data = next(chunks, b"")
                if not data:
                    raise broken("is cut short")
            try:
                text = member.decompress(data, TEXT_AT_ONCE)
            except failures as error:
                raise broken(f"is damaged ({error})") from error
            data = b""
            done += len(text)
            if text:
                yield text
        data = member.unused_data.lstrip(b"\0")


def _decompressor(path: Any, kind: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """What makes a decompressor like bz2.BZ2Decompressor for one stream, and the errors it may raise."""
    if kind == "gz":
        return _Gzip, (zlib.error,)
    try:
        if kind == "bz2":
            import bz2

            return bz2.BZ2Decompressor, (OSError, ValueError)
        if kind == "xz":
            import lzma

            return lzma.LZMADecompressor, (lzma.LZMAError,)
    except ImportError as error:
        raise MissingExtraError(
            f"{shown(path)} is {kind}-compressed, which this Python was built without: decompress it first"
        ) from error
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor, (zstd.ZstdError,)
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError(
            f'{shown(path)} is zstd-compressed: reading it needs pip install "firth[zstd]"'
        ) from error
    return _Zstandard, (zstandard.ZstdError,)


class _Gzip:
    """zlib's decompressor of one gzip stream, with the interface of bz2.BZ2Decompressor."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Zstandard:
    """zstandard's decompressor of one frame, with the interface of bz2.BZ2Decompressor.

    A call has no limit to its output, so the input goes in by small pieces: 1 KiB makes 32 MiB at most.
    """

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._data = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._data

    @property
    def needs_input(self) -> bool:
        return not self._data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        data = self._data + data
        self._data = data[1024:]
        return self._frame.decompress(data[:1024])
