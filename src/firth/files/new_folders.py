"""Folders at paths that a user gives, written whole or not at all."""

import contextlib
import os
import shutil
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from firth.errors import FormatError
from firth.files.paths import AnyPath, as_path, refused, sync_folder


def check_new_folder(path: AnyPath, required: Collection[str], allowed: Collection[str]) -> Path:
    """`path` as a Path, if a folder can be written there: where there is none, an empty one, or one to replace.

    A folder is replaced that has the `required` files, and none but these and the `allowed`. Changes nothing.
    Raises FormatError.
    """
    path = as_path(path)
    try:
        target = Path(os.path.realpath(path))
        if target.exists():
            if not target.is_dir():
                raise FormatError(f"{path}: a file: expected the name of a folder, new or empty")
            found = set(os.listdir(target))
            if found and not set(required) <= found <= {*required, *allowed}:
                other = min(found - {*required, *allowed} or found)
                raise FormatError(
                    f"{path}: the folder holds other files, such as {other:.60}: expected a new name or an empty folder"
                )
        elif not target.parent.is_dir():
            raise FormatError(f"{path}: the folder {target.parent} does not exist: make it first")
    except OSError as error:
        raise refused(path, "cannot be written", error) from None
    return path


@contextlib.contextmanager
def replacing_folder(path: AnyPath, required: Collection[str], allowed: Collection[str]) -> Iterator[Path]:
    """A new folder to write to in a `with`: it takes the place of `path` at the end, or leaves nothing behind.

    What it replaces, and errors, are those of `check_new_folder`. Follows a symbolic link.
    """
    path = check_new_folder(path, required, allowed)
    target = Path(os.path.realpath(path))
    owner = f"{target.name[:40]}.{os.getpid()}-{threading.get_native_id()}"
    temporary, old = target.parent / f".{owner}.tmp", target.parent / f".{owner}.old"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        yield temporary
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(temporary, target)
        except BaseException:
            if old.exists():
                os.rename(old, target)
            raise
        sync_folder(target.parent)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise refused(path, "cannot be written", error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
