"""Temporary folders: each has one owner, and goes with it; those of processes that were killed go later.

A folder is named `firth-PID-...` after its process, which keeps the file OWNER in it locked; that file says of which
process on which host the folder is. Whoever makes one removes those beside it that processes of this host which were
killed have left.
"""

import contextlib
import errno
import os
import platform
import re
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firth.errors import CorpusError
from firth.files.locks import abandoned, fcntl, held
from firth.files.paths import AnyPath

PREFIX = "firth-"
OWNER = "owner"
NEW_OWNER = "new-owner"
OWNED_SECONDS = 60.0
"""A folder of this age without an owner gets none any more."""

_NAME = re.compile(rf"{PREFIX}([0-9]+)-[a-z0-9_]{{8}}")


def say_nothing(line: str) -> None:
    """Tell nobody."""


class TemporaryFolder:
    """A new folder inside `parent`, made when its first file is.

    It is removed at the end of a `with`, by `remove`, or when its object is no longer in use, whatever comes first.

    parent: a folder, or None for the system's temporary folder. what: names the content in messages. advice: a sentence
    for the user where the folder cannot be written. say: told what killed processes have left in `parent`, once it is
    removed, which it is before the folder is made.
    """

    def __init__(
        self, parent: AnyPath | None, what: str, advice: str, say: Callable[[str], None] = say_nothing
    ) -> None:
        self._parent, self._what, self._advice, self._say = parent, what, advice, say
        self._path = ""
        self._lock = contextlib.ExitStack()
        self._finalizer: weakref.finalize[Any, TemporaryFolder] | None = None

    def file(self, name: str) -> str:
        """The path of a file in the folder, which is made if there is none yet. Raises CorpusError."""
        if not self._path:
            remove_litter(self._parent, self._say)
            with self.errors():
                path = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._parent)
                self._own(os.path.abspath(path))
        return os.path.join(self._path, name)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn an OSError in the `with` into a CorpusError that says what could not be written, where and why.

        Raises MemoryError where memory is lacking.
        """
        try:
            yield
        except OSError as error:
            if error.errno == errno.ENOMEM:
                raise MemoryError from None
            place = self._path or self._parent or "the system's temporary folder"
            raise CorpusError(
                f"cannot write {self._what} in {os.fspath(place)}: {error.strerror or error}. {self._advice}"
            ) from error

    def map(self, name: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """A file as an array of one dimension; nobody can open it any more.

        The array is writable, as kernels expect, and shared with the file, because a private copy may not exceed the
        memory. The name of the file goes at once, where the system lets it: so the file goes with the process, however
        that ends, and nobody cuts it short meanwhile.
        """
        with self.errors():
            path = self.file(name)
            array = np.memmap(path, dtype, "r+").view(np.ndarray)
            with contextlib.suppress(OSError):  # Windows keeps the names of files that are mapped
                os.unlink(path)
            return array

    def give(self) -> "TemporaryFolder":
        """A new owner of the same folder; this object then has none."""
        owner = TemporaryFolder(self._parent, self._what, self._advice)
        if self._finalizer is not None and self._finalizer.detach():
            owner._take(self._path, self._lock)
        self._path = ""
        return owner

    def remove(self) -> None:
        """Remove the folder and all that is in it, if there is one."""
        if self._finalizer is not None:
            self._finalizer()
        self._path = ""

    def __enter__(self) -> Self:
        """The folder, to be removed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder."""
        self.remove()

    def _own(self, path: str) -> None:
        """Be the owner of a new folder."""
        lock = contextlib.ExitStack()
        self._take(path, lock)
        new = os.path.join(path, NEW_OWNER)
        with open(new, "xb") as file:
            lock.enter_context(held(file.fileno()))
            file.write(_owner(os.getpid()))
        os.rename(new, os.path.join(path, OWNER))  # only now does it count: locked from its first moment on

    def _take(self, path: str, lock: contextlib.ExitStack) -> None:
        self._path, self._lock = path, lock
        self._finalizer = weakref.finalize(self, _remove, path, lock)


def _remove(path: str, lock: contextlib.ExitStack) -> None:
    interrupt = None
    while True:
        try:
            shutil.rmtree(path, ignore_errors=True)
            lock.close()
            break
        except KeyboardInterrupt as error:  # a second Ctrl-C leaves nothing behind either
            interrupt = error
    if interrupt is not None:
        raise interrupt


def remove_litter(parent: AnyPath | None, say: Callable[[str], None]) -> None:
    """Remove temporary folders inside `parent` whose processes were killed, and say so if there are any."""
    folders, size = remove_abandoned(parent)
    if folders:
        say(
            f"removed {folders:,} temporary folder{'s'[: folders != 1]}, {size_of(size)}, that killed runs left in "
            f"{os.fspath(parent or tempfile.gettempdir())}"
        )


def size_of(count: int) -> str:
    """A number of bytes, for a message."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:,} bytes"


def remove_abandoned(parent: AnyPath | None) -> tuple[int, int]:
    """Remove temporary folders inside `parent` whose processes were killed.

    Returns how many there were, and the bytes of their files. Touches nothing where the system has no such locks.
    """
    folders = removed = 0
    with contextlib.suppress(OSError), os.scandir(parent or tempfile.gettempdir()) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name and entry.is_dir(follow_symlinks=False):
                size = _remove_if_abandoned(entry.path, int(name[1]))
                if size is not None:
                    folders, removed = folders + 1, removed + size
    return folders, removed


def _remove_if_abandoned(folder: str, process: int) -> int | None:
    """Remove a folder of a process of this host that is gone; return the bytes of its files, or None if it stays."""
    with contextlib.suppress(OSError), abandoned(os.path.join(folder, OWNER)) as descriptor:
        if descriptor is None:
            return _remove_begun(folder, process)
        if os.read(descriptor, 1000) == _owner(process):
            size = _size(folder)
            shutil.rmtree(folder, ignore_errors=True)
            return size
    return None


def _remove_begun(folder: str, process: int) -> int | None:
    """Remove a folder whose process was killed while it made it, and so has no owner and nothing in it."""
    if fcntl is None or _lives(process) or os.stat(folder).st_mtime > time.time() - OWNED_SECONDS:
        return None
    with abandoned(os.path.join(folder, NEW_OWNER)) as descriptor:
        if descriptor is not None and os.listdir(folder) == [NEW_OWNER]:
            if os.read(descriptor, 1000) not in (b"", _owner(process)):
                return None
            os.unlink(os.path.join(folder, NEW_OWNER))
    os.rmdir(folder)
    return 0


def _owner(process: int) -> bytes:
    """What the file OWNER holds in the folder of a process of this host."""
    return f"firth temporary folder of process {process} on {platform.node()}\n".encode(errors="replace")


def _lives(process: int) -> bool:
    """Whether another process has that number."""
    if process == os.getpid():  # in containers, each run may be process 1
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True


def _size(folder: str) -> int:
    """The bytes of the files in a folder."""
    with os.scandir(folder) as entries:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
