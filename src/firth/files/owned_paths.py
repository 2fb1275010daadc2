"""Paths that one run at a time writes to: another one is refused."""

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from firth.errors import FormatError
from firth.files.locks import lock_now
from firth.files.paths import AnyPath, as_path, refused


@contextlib.contextmanager
def locked(path: AnyPath, what: str, advice: str) -> Iterator[None]:
    """Hold the lock of `path`, a file or a folder that is to be written, in a `with`.

    The lock is a file beside it, `.NAME.lock`, that says who holds it and goes at the end. Raises FormatError where
    another run holds it: `what` names the content in the message, and `advice` says what to do.
    """
    path = as_path(path)
    target = Path(os.path.realpath(path))
    lock = target.with_name(f".{target.name[:40]}.lock")
    try:
        descriptor = _open_locked(lock)
    except OSError as error:
        raise refused(path, "cannot be locked", error) from None
    if descriptor is None:
        raise FormatError(f"{path}: {what} by another run{_holder(lock)}: {advice}")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()  # while it is held: who opens it now finds that it is gone
        os.close(descriptor)


def _open_locked(lock: Path) -> int | None:
    """A descriptor of the lock file that is held and names this process, or None where another holds it."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            if not lock_now(descriptor):
                os.close(descriptor)
                return None
            if _is_there(lock, descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_there(lock: Path, descriptor: int) -> bool:
    """Whether an open file still has its name: its last holder may have removed it meanwhile."""
    try:
        return os.path.samestat(os.stat(lock), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(lock: Path) -> str:
    """Who holds a lock, in brackets, where that can be read."""
    try:
        with lock.open(errors="replace") as file:
            text = file.read(100)
    except OSError:
        return ""
    return f" ({text})" if text.isprintable() and text else ""
