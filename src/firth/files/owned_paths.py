"""Paths that one run at a time writes to: another one is refused."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from firth.errors import FormatError
from firth.files.locks import fcntl, has_name, lock_now
from firth.files.names import is_lock_text, lock_of, lock_text
from firth.files.paths import AnyPath, as_path, refused

PATIENCE = 0.05
"""For so many seconds a lock is tried again that another process holds."""


@contextlib.contextmanager
def locked(path: AnyPath, what: str, advice: str) -> Iterator[None]:
    """Hold the lock of `path`, a file or a folder that is to be written, in a `with`.

    The lock is a file beside it, `.NAME.lock`, that says who holds it and goes at the end. Raises FormatError where
    another run holds it: `what` names the content in the message, and `advice` says what to do.
    """
    path = as_path(path)
    target = Path(os.path.realpath(path))
    lock = target.with_name(lock_of(target.name))
    try:
        descriptor = _open_locked(lock)
    except OSError as error:
        if isinstance(error, PermissionError) and os.path.lexists(lock):
            raise FormatError(
                f"{path}: cannot be locked: the lock {lock} is another user's{_holder(lock)}: it may be removed once "
                "that process is gone; or name another path"
            ) from None
        raise refused(path, "cannot be locked", error) from None
    if descriptor is None:
        raise FormatError(f"{path}: {what} by another run{_holder(lock)}: {advice}")
    try:
        yield
    finally:
        if fcntl is None:  # Windows removes no file that is open
            os.close(descriptor)
            _remove(lock)
        else:
            if has_name(lock, descriptor):
                _remove(lock)  # while it is held: who opens it now finds that it is gone
            os.close(descriptor)


def _open_locked(lock: Path) -> int | None:
    """A descriptor of the lock file that is held and names this process, or None where another holds it."""
    while True:
        descriptor, is_own = _open(lock)
        try:
            if not _lock_soon(descriptor):
                os.close(descriptor)
                return None
            if has_name(lock, descriptor):
                if not is_lock_text(os.read(descriptor, 1000)):
                    raise FormatError(f"{lock}: this name is for a lock of firth, and the file is none: rename it")
                if is_own:
                    os.ftruncate(descriptor, 0)
                    os.lseek(descriptor, 0, os.SEEK_SET)
                    os.write(descriptor, lock_text().encode())
                    return descriptor
                lock.unlink()  # free, but of another user
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open(lock: Path) -> tuple[int, bool]:
    """A descriptor of the lock file, which is made if there is none, and whether this user may write to it."""
    flags = getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | flags, 0o644), True
    except PermissionError:
        if not os.path.lexists(lock):
            raise
        return os.open(lock, os.O_RDONLY | flags), False


def _lock_soon(descriptor: int) -> bool:
    """Lock an open file, or return False: another process that looks whether it is abandoned holds it for a moment."""
    end = time.monotonic() + PATIENCE
    while not lock_now(descriptor):
        if time.monotonic() > end:
            return False
        time.sleep(PATIENCE / 10)
    return True


def _remove(lock: Path) -> None:
    with contextlib.suppress(OSError):
        lock.unlink()


def _holder(lock: Path) -> str:
    """Who holds a lock, in brackets, where that can be read."""
    try:
        with lock.open(errors="replace") as file:
            text = file.read(100)
    except OSError:
        return ""
    return f" ({text})" if text.isprintable() and text else ""
