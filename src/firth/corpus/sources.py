"""What a source names: files, globs and folders, or standard input, in reading order."""

import glob
import os
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

from firth.errors import CorpusError


def is_text_source(source: object) -> bool:
    """Whether `source` names text to read (a path or a list of paths), rather than being lists of tokens."""
    if isinstance(source, list | tuple):
        return len(source) > 0 and all(isinstance(item, str | os.PathLike) for item in source)
    return isinstance(source, str | os.PathLike)


def may_be_lines(source: object) -> bool:
    """Whether `source` is a list of two or more strings of which the first names no file, folder or pattern."""
    if not isinstance(source, list | tuple) or len(source) < 2 or not all(isinstance(item, str) for item in source):
        return False
    return not (source[0] == "-" or _exists(source[0]) or glob.glob(source[0], recursive=True))


def find_files(source: Any) -> list[str]:
    """The files that `source` names, in reading order; "-" is standard input.

    `source` is a file, a glob pattern, a folder (all regular files below it, sorted, but hidden ones and vectors
    files, .safetensors), "-", or a list of these. Raises CorpusError for one that names no file.
    """
    names = source if isinstance(source, list | tuple) else [source]
    return [path for name in names for path in _expand(os.fsdecode(os.fspath(name)))]


def _expand(name: str) -> list[str]:
    if name == "-":
        return [name]
    if os.path.isdir(name):
        return _files_below(name)
    if _exists(name):
        return [name]
    found = sorted(path for path in glob.glob(name, recursive=True) if not os.path.isdir(path))
    if not found:
        also = ", and as a pattern it matches none" if glob.has_magic(name) else ""
        raise CorpusError(
            f"no such file: {shown(name)}{also}. A string is the path of a text to read; "
            "text in memory is given as an iterable of lists of tokens, such as [['a', 'line'], ['another']], or as a "
            "list or an iterable of strings with a tokenizer named (tokenizer='whitespace')"
        )
    return found


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
        texts = (name for name in names if not name.startswith(".") and not name.endswith(".safetensors"))
        paths = [os.path.join(parent, name) for name in texts]
        found += [path for path in paths if os.path.isfile(path)]
    if not found:
        raise CorpusError(f"the folder {shown(folder)} holds no text (hidden files and .safetensors are not read)")
    return sorted(found)


def shown(path: str) -> str:
    """A file's name for a message, quoted if it would garble the terminal."""
    if path == "-":
        return "standard input"
    path = path if len(path) <= 300 else path[:300] + "..."
    return path if path.isprintable() and path else repr(path)


def total_size(files: list[str]) -> int | None:
    """The bytes stored in all files together, or None if one has no size to ask for."""
    total = 0
    for path in files:
        if path == "-":
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
