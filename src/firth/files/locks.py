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
    """Keep an open file or folder from being taken for abandoned in a `with`, also when it is closed and renamed.

    Waits while another process looks whether it is abandoned; that one may remove it: see `has_name`.
    """
    if fcntl is None:
        yield
        return
    own = os.dup(descriptor)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(own, fcntl.LOCK_EX)
        yield
    finally:
        os.close(own)


@contextlib.contextmanager
def abandoned(path: str | os.PathLike[str]) -> Iterator[int | None]:
    """Hold a file or folder that its owner keeps `held`, and has none any more, in a `with`: its descriptor.

    None where it has an owner, is not there, or that cannot be known. Whoever removes it does so in the `with`: a
    process that takes it over meanwhile waits, and then finds that its name is gone.
    """
    if fcntl is None:
        yield None
        return
    try:
        kind = os.O_RDONLY if os.path.isdir(path) else os.O_RDWR
        descriptor = os.open(path, kind | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        yield descriptor if _is_free(path, descriptor) else None
    finally:
        os.close(descriptor)


def _is_free(path: str | os.PathLike[str], descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return has_name(path, descriptor)


def has_name(path: str | os.PathLike[str], descriptor: int) -> bool:
    """Whether an open file or folder is the one of that name: another process may have removed it meanwhile."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except OSError:
        return False
