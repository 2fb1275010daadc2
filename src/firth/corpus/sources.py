"""What a source names: files, globs and folders, standard input or open files, in reading order."""

import glob
import os
import stat
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

from firth.errors import CorpusError


def is_text_source(source: object) -> bool:
    """Whether `source` is text to read (a path, an open file, or a list of these), rather than lists of tokens."""
    if isinstance(source, list | tuple):
        return len(source) > 0 and all(map(_is_text, source))
    return _is_text(source)


def _is_text(source: object) -> bool:
    return isinstance(source, str | os.PathLike) or is_open_file(source)


def may_be_lines(source: object) -> bool:
    """Whether `source` is a list of two or more strings of which the first names no file, folder or pattern."""
    if not isinstance(source, list | tuple) or len(source) < 2 or not all(isinstance(item, str) for item in source):
        return False
    return not (source[0] == "-" or _exists(source[0]) or _matching(source[0]))


def is_open_file(source: object) -> bool:
    """Whether `source` is a file object: whether it has a method `read`."""
    return callable(getattr(source, "read", None)) and not isinstance(source, type | os.PathLike)


def find_files(source: Any) -> list[Any]:
    """The files that `source` names, in reading order: paths, "-" for standard input, and open files as they are.

    `source` is a file, a glob pattern, a folder (all regular files below it, sorted, but hidden ones), "-", an open
    file, or a list of these. Raises CorpusError for one that names no file.
    """
    return [path for name in _names(source) for path in _expand(name)]


def find_folders(source: Any) -> list[str]:
    """The folders among the names of a source."""
    return [name for name in _names(source) if isinstance(name, str) and os.path.isdir(name)]


def folder_of(file: Any, folders: Sequence[str]) -> str | None:
    """The one of some folders that a file is below, or None."""
    if not isinstance(file, str):
        return None
    return next((folder for folder in folders if file.startswith(os.path.join(folder, ""))), None)


def _names(source: Any) -> list[Any]:
    names = source if isinstance(source, list | tuple) else [source]
    return [name if is_open_file(name) else os.fsdecode(os.fspath(name)) for name in names]


def _expand(name: Any) -> list[Any]:
    if name == "-" or not isinstance(name, str):
        return [name]
    if os.path.isdir(name):
        return _files_below(name)
    if _exists(name):
        return [name]
    found = sorted(path for path in _matching(name) if not os.path.isdir(path))
    if not found:
        also = ", and as a pattern it matches none" if glob.has_magic(name) else ""
        raise CorpusError(
            f"no such file: {shown(name)}{also}. A string is the path of a text to read; "
            "text in memory is given as an iterable of lists of tokens, such as [['a', 'line'], ['another']], or as a "
            "list or an iterable of strings with a tokenizer named (tokenizer='whitespace')"
        )
    return found


def _matching(pattern: str) -> list[str]:
    return [] if "\0" in pattern else glob.glob(pattern, recursive=True)


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except PermissionError:
        return True  # opening it will say so
    except (OSError, ValueError):
        return False
    return True


def _files_below(folder: str) -> list[str]:
    def refuse(error: OSError) -> None:
        raise CorpusError(f"cannot list the folder {shown(error.filename)}: {error.strerror}") from error

    found = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [os.path.join(parent, name) for name in names if not name.startswith(".")]
        found += [path for path in paths if os.path.isfile(path)]
    if not found:
        raise CorpusError(f"the folder {shown(folder)} holds no file (hidden ones are not read)")
    return sorted(found)


def shown(path: Any) -> str:
    """The name of a file, or of an open one, for a message; quoted if it would garble the terminal."""
    if not isinstance(path, str):
        name = getattr(path, "name", None)
        path = name if isinstance(name, str) and name else f"the open {type(path).__name__}"
    if path == "-":
        return "standard input"
    path = path if len(path) <= 300 else path[:300] + "..."
    return path if path.isprintable() and path else repr(path)


def total_size(files: list[Any]) -> int | None:
    """The bytes stored in all files together, or None if one has no size to ask for."""
    total = 0
    for path in files:
        if path == "-" or not isinstance(path, str):
            return None
        try:
            status = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total


def open_source(path: str) -> AbstractContextManager[BinaryIO]:
    """A file or standard input, for reading in a `with`. Raises CorpusError for what is neither file nor pipe."""
    if path == "-":
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None or stream.closed:
            raise CorpusError("there is no standard input to read: give a file")
        return nullcontext(stream)
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        kind = "folder" if stat.S_ISDIR(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise CorpusError(f"cannot read {shown(path)}: it is a {kind}; expected a file or a pipe")
    return open(path, "rb")
