"""Folders at paths that a user gives, written whole or not at all."""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Collection, Iterator
from glob import escape
from pathlib import Path

from firth.errors import FormatError
from firth.files.locks import held, is_abandoned
from firth.files.paths import PART, AnyPath, as_path, refused, sync_folder

OLD = ".old"
"""The ending of a folder that is being replaced."""

NAME = 40
"""How much of the name of a folder stands in those of its parts."""

_OWNER = re.compile(r"\.[0-9]+-[0-9]+$")


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

    What it replaces, and errors, are those of `check_new_folder`. Follows a symbolic link. Removes what processes that
    were killed left of such a folder.
    """
    path = check_new_folder(path, required, allowed)
    target = Path(os.path.realpath(path))
    owner = f".{target.name[:NAME]}.{os.getpid()}-{threading.get_native_id()}"
    temporary, old = target.with_name(owner + PART), target.with_name(owner + OLD)
    try:
        _remove_parts(target)
        temporary.mkdir()
        with _kept(temporary):
            yield temporary
            if target.exists():
                with _kept(target):
                    os.rename(target, old)
                    _put(temporary, target, old)
                    shutil.rmtree(old, ignore_errors=True)
            else:
                os.rename(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise refused(path, "cannot be written", error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put(temporary: Path, target: Path, old: Path) -> None:
    """Give a new folder the name of the one that is now `old`, or give that its name back."""
    try:
        os.rename(temporary, target)
    except BaseException:
        os.rename(old, target)
        raise


def _remove_parts(target: Path) -> None:
    """Remove what processes that were killed left of such a folder; if one took its old name, that comes back."""
    whole = len(target.name) <= NAME  # otherwise an old folder may be one that is not replaced here
    for ending in (OLD, PART) if whole else (PART,):
        for part in target.parent.glob(f".{escape(target.name[:NAME])}.*{ending}"):
            if _OWNER.search(part.stem) and part.is_dir() and is_abandoned(part):
                if ending == OLD and not target.exists():
                    os.rename(part, target)
                else:
                    shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Keep a folder from being taken for abandoned in a `with`."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        yield
        return
    try:
        with held(descriptor):
            yield
    finally:
        os.close(descriptor)
