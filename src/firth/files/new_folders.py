"""Folders at paths that a user gives, written whole or not at all."""

import contextlib
import errno
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from firth.errors import FormatError
from firth.files.locks import abandoned, has_name, held
from firth.files.names import OLD, PART, is_part, part_of
from firth.files.paths import AnyPath, as_path, refused, sync_folder

IN_PLACE = {errno.EEXIST, errno.ENOTEMPTY}
"""What a system answers where a folder is to take the name of another one."""


def check_new_folder(path: AnyPath, required: Collection[str], allowed: Collection[str]) -> Path:
    """`path` as a Path, if a folder can be written there: where there is none, an empty one, or one to replace.

    A folder is replaced that has the `required` files, and none but these and the `allowed`. Changes nothing.
    Raises FormatError.
    """
    path = as_path(path)
    try:
        target = Path(os.path.realpath(path))
        found = set(os.listdir(target))  # asked once: another process may replace the folder at any moment
        if found and not set(required) <= found <= {*required, *allowed}:
            other = min(found - {*required, *allowed} or found)
            raise FormatError(
                f"{path}: the folder holds other files, such as {other:.60}: expected a new name or an empty folder"
            )
    except (FileNotFoundError, NotADirectoryError) as error:
        if not target.parent.is_dir():
            raise FormatError(f"{path}: the folder {target.parent} does not exist: make it first") from None
        if isinstance(error, NotADirectoryError):
            raise FormatError(f"{path}: a file: expected the name of a folder, new or empty") from None
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
    try:
        _remove_parts(target)
        with contextlib.ExitStack() as stack:
            temporary = _new_part(target, stack)
            yield temporary
            _put(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise refused(path, "cannot be written", error) from None


def _new_part(target: Path, stack: contextlib.ExitStack) -> Path:
    """A new part of a folder; `stack` holds it, and removes it at its end if it still has that name."""
    while True:
        part = target.with_name(part_of(target.name))
        stack.callback(shutil.rmtree, part, ignore_errors=True)  # before it is made: an interrupt leaves nothing
        part.mkdir()
        if _hold(part, stack):
            return part


def _hold(part: Path, stack: contextlib.ExitStack) -> bool:
    """Keep a part from being taken for abandoned until `stack` ends; return False if that has happened already."""
    try:
        descriptor = os.open(part, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:  # Windows opens no folders
        return True
    try:
        stack.enter_context(held(descriptor))
        return has_name(part, descriptor)
    finally:
        os.close(descriptor)


def _put(temporary: Path, target: Path) -> None:
    """Give a new folder the name of `target`; the folder that has it goes, or gets it back where that fails.

    Another process may put a folder of its own there at any moment: then that one is replaced.
    """
    while not _renamed(temporary, target):
        old = target.with_name(part_of(target.name, OLD))
        with contextlib.suppress(FileNotFoundError):
            os.rename(target, old)
            try:
                done = _renamed(temporary, target)
            except BaseException:
                os.rename(old, target)
                raise
            shutil.rmtree(old, ignore_errors=True)
            if done:
                return


def _renamed(folder: Path, target: Path) -> bool:
    """Give a folder another name; return False if one has it that is not empty."""
    try:
        os.rename(folder, target)
    except OSError as error:
        if error.errno in IN_PLACE:
            return False
        raise
    return True


def _remove_parts(target: Path) -> None:
    """Remove what processes that were killed left of such a folder; if one took its old name, that comes back."""
    for name in os.listdir(target.parent):
        for ending in (OLD, PART):
            if is_part(name, target.name, ending):
                _remove_part(target.with_name(name), target if ending == OLD else None)


def _remove_part(part: Path, target: Path | None) -> None:
    """Remove a part, or give it the name `target` if no folder has that, unless its process still lives."""
    with abandoned(part) as descriptor:
        if descriptor is None or not part.is_dir():
            return
        if target is None or target.exists():
            shutil.rmtree(part, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):  # another process may take that name at the same time
                os.rename(part, target)
