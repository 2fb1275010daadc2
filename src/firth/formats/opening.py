"""The bytes of a file of vectors, expanded where it is compressed: gz, bz2, xz, zst, and zip with one member."""

import mmap
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import error as struct_error
from typing import IO, Any, BinaryIO

from firth.corpus.decompress import MAGIC_SIZE, compression, expand, peek
from firth.errors import CorpusError, FormatError
from firth.files.folders import TemporaryFolder
from firth.files.paths import mapped, reading, refused
from firth.formats.request import shown

Told = Callable[[int, int], None]
"""Called with how many bytes of a file are read, and how many it has."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError, struct_error)
"""What zipfile raises for archives that are damaged or that it does not know."""

_MACOS = "__MACOSX/"
"""The folder that macOS adds to archives."""

_ZIP_PIECE = 1 << 19
_SHOWN_MEMBERS = 5


def nothing_told(done: int, total: int) -> None:
    """Show nothing."""


def byte_chunks(path: Path, size: int = 1 << 24, told: Told = nothing_told) -> Iterator[bytes]:
    """Yield what a file holds, expanded, at most `size` bytes at a time where it is not compressed.

    `told` learns how far reading is. Raises FormatError for a damaged stream, and for an archive that does not hold
    one member; MissingExtraError for zstd without its package.
    """
    with reading(path, "vectors") as file:
        kind = kind_of(file.read(MAGIC_SIZE))
        file.seek(0)
        total = os.fstat(file.fileno()).st_size
        if kind == "zip":
            with _damage(path), _member(path, file) as member:
                while chunk := member.read(min(size, _ZIP_PIECE)):
                    told(min(file.tell(), total), total)
                    yield chunk
                told(total, total)
            return
        stored = _stored(file, size, total, told)
        if kind is None:
            yield from stored
            return
        try:
            yield from expand(str(path), kind, stored)
        except CorpusError as error:
            raise FormatError(str(error)) from None


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of what a file holds, expanded, fewer where it holds fewer. Raises as `byte_chunks` does."""
    return peek(byte_chunks(path, size), size)[0][:size]


def mapped_content(path: Path, told: Told = nothing_told) -> mmap.mmap:
    """What a file holds, mapped read-only; if it is compressed, from a nameless file in the temporary folder."""
    return on_disk(byte_chunks(path, told=told), path) if is_compressed(path) else mapped(path, "vectors")


@contextmanager
def temporary_content(path: Path, told: Told) -> Iterator[Path]:
    """A temporary file of what a compressed file holds, in a `with`; it goes at the end, or when no longer used."""
    with TemporaryFolder(None, f"what {path} holds", "Free some space there, or expand the file first") as folder:
        try:
            at = Path(folder.file("content"))
        except CorpusError as error:
            raise FormatError(str(error)) from None
        try:
            with at.open("wb") as file:
                for chunk in byte_chunks(path, told=told):
                    file.write(chunk)
            yield at
        except OSError as error:
            raise refused(at.parent, "cannot be written to", error) from None


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed, by its first bytes. Raises FormatError where it cannot be read."""
    with reading(path, "vectors") as file:
        return kind_of(file.read(MAGIC_SIZE)) is not None


def kind_of(head: bytes) -> str | None:
    """How content is compressed, by its first `MAGIC_SIZE` bytes, or None."""
    return "zip" if head.startswith(_ZIP) else compression(head)


def on_disk(blocks: Iterable[Any], path: Path) -> mmap.mmap:
    """Blocks of bytes, mapped from a file without a name that goes when it is no longer used.

    Raises FormatError where they are empty, naming `path`, and where the temporary folder does not take them.
    """
    try:
        with tempfile.TemporaryFile() as file:
            for block in blocks:
                file.write(block)
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise refused(Path(tempfile.gettempdir()), "cannot be written to", error) from None
    except ValueError:
        raise FormatError(f"{path}: the file is empty: expected vectors") from None


def _stored(file: BinaryIO, size: int, total: int, told: Told) -> Iterator[bytes]:
    done = 0
    while chunk := file.read(min(size, total)):  # which is reserved at once
        done += len(chunk)
        told(done, total)
        yield chunk


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _ZIP_BROKEN as error:
        raise FormatError(f"{path}: the zip archive is damaged ({str(error)[:80]}): get the file again") from None


@contextmanager
def _member(path: Path, file: BinaryIO) -> Iterator[IO[bytes]]:
    """The one member of a zip archive."""
    with zipfile.ZipFile(file) as archive:
        members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith(_MACOS)]
        if len(members) != 1:
            names = ", ".join(shown(one.filename[:30]) for one in members[:_SHOWN_MEMBERS])
            more = ", ..." if len(members) > _SHOWN_MEMBERS else ""
            raise FormatError(
                f"{path}: a zip archive of {len(members)} files ({names}{more}): expected one; "
                "unzip it and give the file of vectors"
            )
        if members[0].flag_bits & 1:
            raise FormatError(f"{path}: an encrypted zip archive: unzip it and give the file of vectors")
        if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others expand without bounds
            raise FormatError(
                f"{path}: a zip archive of method {members[0].compress_type}: expected deflate; "
                "unzip it and give the file of vectors"
            )
        with archive.open(members[0]) as member:
            yield member
