"""Files at paths that a user gives: read, mapped, checked before work begins, and replaced whole or not at all."""

import contextlib
import errno
import mmap
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from firth.errors import FirthError, FormatError, quoted
from firth.files.locks import abandoned, has_name, held
from firth.files.names import LOCK, is_lock_text, is_part, part_of

AnyPath = str | os.PathLike[str]


def as_path(path: AnyPath) -> Path:
    """`path` as a Path. Raises FormatError for a path that no system takes."""
    path = Path(path)
    if "\0" in str(path):
        raise FormatError(f"{quoted(str(path))}: a path cannot hold a NUL character")
    return path


@contextlib.contextmanager
def reading(path: AnyPath, what: str) -> Iterator[BinaryIO]:
    """A regular file, open for reading in a `with`; `what` names its expected content. Raises FormatError."""
    path = as_path(path)
    try:
        if not path.exists():
            raise FormatError(f"{path}: there is no such file")
        if not path.is_file():
            raise FormatError(f"{path}: not a regular file: expected a file of {what}")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise refused(path, "cannot be read", error) from None


def mapped(path: AnyPath, what: str) -> mmap.mmap:
    """The bytes of a file, mapped read-only; `what` names its expected content. Raises FormatError."""
    with reading(path, what) as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise FormatError(f"{path}: the file is empty: expected {what}") from None


def check_mapped(array: npt.NDArray[Any], path: Path | None) -> None:
    """Raise FormatError if an array is mapped from a file that is now shorter: reading it would end the process.

    It takes about a microsecond. A file that is cut after this check still ends the process (SIGBUS).
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and base.size() < len(base):
        raise FormatError(f"{path}: the file was cut short since it was opened: load it again, or restore it")


def check_folder(path: AnyPath) -> Path:
    """`path` as a Path, if its folder takes a new file of that name; changes nothing. Raises FormatError."""
    path = as_path(path)
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            raise FormatError(f"{path}: a folder or a device: expected the name of a file")
        if not target.parent.is_dir():
            raise FormatError(f"{path}: the folder {target.parent} does not exist: make it first")
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise refused(path, "cannot be written", error) from None
    return path


@contextlib.contextmanager
def replacing(path: Path, before: Path | None = None) -> Iterator[BinaryIO]:
    """A new file, open for writing in a `with`: it takes the place of `path` at the end, or leaves nothing behind.

    before: where the old file of that name goes, in the same folder; without it the old file is gone at the end.
    Follows a symbolic link. Removes what a process that was killed left of such a file. Raises FormatError where the
    file cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        remove_parts(path)
        with contextlib.ExitStack() as stack:
            temporary, file = _new_part(target, stack)
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if before is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.replace(target, before)
            os.replace(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise refused(path, "cannot be written", error) from None


def _new_part(target: Path, stack: contextlib.ExitStack) -> tuple[Path, BinaryIO]:
    """A new part of a file, open for writing; `stack` holds it, and removes it at its end if it is still there."""
    while True:
        part = target.with_name(part_of(target.name))
        stack.callback(_remove_file, part)  # before it is made: an interrupt leaves nothing
        file = stack.enter_context(part.open("xb"))
        stack.enter_context(held(file.fileno()))
        if has_name(part, file.fileno()):  # otherwise another process has removed it before it was held
            return part, file


def _remove_file(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def remove_parts(path: Path) -> int:
    """Remove the parts of a file that processes which are gone were about to write; return their bytes."""
    target, removed = Path(os.path.realpath(path)), 0
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            if is_part(name, target.name):
                removed += remove_part(target.with_name(name))
    return removed


def remove_part(part: Path) -> int:
    """Remove one part of a file, or a lock, if the process of this host that had it is gone; return the bytes removed.

    Other files stay, whatever they are called.
    """
    removed = 0
    with contextlib.suppress(OSError), abandoned(part) as descriptor:
        if descriptor is not None and _is_ours(part, descriptor):
            size = os.fstat(descriptor).st_size
            part.unlink()
            removed = size
    return removed


def _is_ours(part: Path, descriptor: int) -> bool:
    """Whether an open file is one that firth puts beside another one."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return False
    if part.name.endswith(LOCK):
        return is_lock_text(os.read(descriptor, 1000), here=True)
    return is_part(part.name)


def sync_folder(folder: Path) -> None:
    """Have the system keep the names in a folder: without that, a power cut may undo a rename that is done."""
    with contextlib.suppress(OSError):  # Windows opens no folders, and some file systems sync none
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def refused(path: Path, what: str, error: OSError) -> FormatError:
    """The error for a path that the system refuses: what cannot be done, why, and what to do."""
    advice = "give a path that this user may use"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "make room or give a path on another disk"
    if error.errno == errno.ENOMEM:
        advice = "give it more memory, or end other programs"
    return FormatError(f"{path}: {what}: {error.strerror or error}; {advice}")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn a FirthError in the `with`, about what a file holds, into a FormatError that begins with the path."""
    try:
        yield
    except FirthError as error:
        raise FormatError(f"{path}: {error}") from None
