"""Files at paths that a user gives: read, mapped, checked before work begins, and replaced whole or not at all."""

import contextlib
import errno
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from firth.errors import FirthError, FormatError, quoted

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
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file, open for writing in a `with`: it takes the place of `path` at the end, or leaves nothing behind.

    Follows a symbolic link. Raises FormatError where the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    owner = f"{os.getpid()}-{threading.get_native_id()}"
    temporary = target.with_name(f".{target.name[:40]}.{owner}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise refused(path, "cannot be written", error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def refused(path: Path, what: str, error: OSError) -> FormatError:
    """The error for a path that the system refuses: what cannot be done, why, and what to do."""
    advice = "give a path that this user may use"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "make room or give a path on another disk"
    return FormatError(f"{path}: {what}: {error.strerror or error}; {advice}")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn a FirthError in the `with`, about what a file holds, into a FormatError that begins with the path."""
    try:
        yield
    except FirthError as error:
        raise FormatError(f"{path}: {error}") from None
