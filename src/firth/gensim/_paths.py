"""Paths that a program gives, looked at before anything is done: with errors that are also the system's own."""

import os
from pathlib import Path

from firth.files.paths import AnyPath, as_path, check_folder, refused
from firth.gensim._errors import FolderError, NoFileError, NoTextError, TextFolderError


def readable(path: AnyPath, expected: str) -> Path:
    """`path` as a Path. Raises NoFileError where nothing is there, FolderError for a folder."""
    path = as_path(path)
    try:
        if path.is_dir():
            raise FolderError(f"{path}: a folder: expected {expected}")
        if not path.exists():
            raise NoFileError(f"{path}: there is no such file: expected {expected}")
    except (FolderError, NoFileError):
        raise
    except OSError as error:
        raise refused(path, "cannot be read", error) from None
    return path


def writable(path: AnyPath) -> Path:
    """`path` as a Path, if its folder takes a new file of that name.

    Raises NoFileError where the folder does not exist, FolderError for a folder, FormatError for other refusals.
    """
    path = as_path(path)
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise FolderError(f"{path}: a folder: expected the name of a file")
    if not os.path.exists(folder):
        raise NoFileError(f"{path}: the folder {folder} does not exist: make it first")
    return check_folder(path)


def check_text(path: str) -> None:
    """Raise NoTextError where nothing is at the path of a text, TextFolderError for a folder."""
    if os.path.isdir(path):
        raise TextFolderError(f"{path} is a folder: expected the path of a text; PathLineSentences reads folders")
    if not os.path.lexists(path):
        raise NoTextError(f"{path}: there is no such file: expected the path of a text")
