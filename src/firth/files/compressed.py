"""Files that are compressed as they are written: how is said by the ending of the name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from firth.errors import MissingExtraError

ENDINGS = (".gz", ".bz2", ".xz", ".zst")
"""The endings of names that mean compression."""


@contextmanager
def compressing(path: Path, file: BinaryIO) -> Iterator[Any]:
    """What to write to in a `with`, so that `file` is compressed as the ending of `path` says; else `file` itself.

    The stream is complete at the end; `file` stays open. The same content gives the same bytes, whatever the name and
    the time. Raises MissingExtraError for zstd without its package.
    """
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        yield file
        return
    with _compressor(path, kind, file) as stream:
        yield stream


def _compressor(path: Path, kind: str, file: BinaryIO) -> Any:
    """A stream of one kind that writes to `file`; closing it leaves `file` open."""
    if kind == ".gz":
        import gzip

        return gzip.GzipFile("", "wb", 6, file, mtime=0)
    try:
        if kind == ".bz2":
            import bz2

            return bz2.BZ2File(file, "wb")
        if kind == ".xz":
            import lzma

            return lzma.LZMAFile(file, "wb")
    except ImportError:
        raise MissingExtraError(f"{path}: this Python was built without {kind[1:]}: use another ending") from None
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdFile(file, "wb")
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError(f'{path}: writing zstd needs pip install "firth[zstd]"') from None
    return zstandard.ZstdCompressor().stream_writer(file, closefd=False)
