"""The system's locks on open files: one holder at a time, and free when its process ends, however it ends."""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, whose locks would keep a file from being renamed
    fcntl = None

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What a file system answers that has no locks."""


def lock_now(descriptor: int) -> bool:
    """Lock an open file; return False if another holds it. A file system without locks refuses nobody."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError as error:
        return error.errno in NO_LOCKS
    return True


@contextlib.contextmanager
def held(descriptor: int) -> Iterator[None]:
    """Keep an open file or folder from being taken for abandoned in a `with`, also when it is closed and renamed."""
    if fcntl is None:
        yield
        return
    own = os.dup(descriptor)
    try:
        lock_now(own)
        yield
    finally:
        os.close(own)


def is_abandoned(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder that its owner keeps `held` has none any more. False where that cannot be known."""
    if fcntl is None:
        return False
    try:
        descriptor = os.open(path, (os.O_RDONLY if os.path.isdir(path) else os.O_RDWR) | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
