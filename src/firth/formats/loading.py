"""`firth.load`: the vectors in a file, whatever its format."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath, as_path
from firth.formats.detect import format_of
from firth.formats.hub import download, is_address
from firth.formats.request import EVERYTHING, Request
from firth.formats.vocabulary import read_words
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress, whole


def load(
    path: AnyPath,
    *,
    words: os.PathLike[str] | str | Iterable[str] | None = None,
    first: int | None = None,
    errors: str = "mend",
) -> WordVectors:
    """The vectors in a file of any format that firth reads; see docs/formats.md.

    path: a file, or an address on the Hugging Face Hub, "hf://USER/NAME", with or without "@REVISION" and "/FILE"; see
    docs/hub.md.

    Those in a .safetensors file of firth's are memory-mapped: matrices are read when used. Others are read into memory.
    words: read only these, given as a list or as the path of a file of words. first: read only the first so many.
    errors: "mend" leaves out or mends what is wrong in a file, with a warning; "strict" refuses it.

    Raises FormatError, saying what was found and expected, and ConfigError; for an address also MissingExtraError, and
    FirthError where the Hub refuses or cannot be reached.
    """
    request = make_request(words, first, errors)
    return read(download(path) if is_address(path) else as_path(path), request)


def read(path: Path, request: Request = EVERYTHING) -> WordVectors:
    """The vectors in a file of any format. Raises FormatError."""
    if not path.name:
        raise FormatError(f"{path}: a folder: expected the name of a file of vectors")
    vectors = format_of(path).reader()(path, request)
    vectors.path = path
    return vectors


def make_request(words: Any, first: int | None, errors: str, progress: Progress = no_progress) -> Request:
    """What is wanted of a file, checked. Raises ConfigError, and FormatError for a file of words."""
    if errors not in ("mend", "strict"):
        raise ConfigError(f"errors is {errors!r}: expected 'mend' or 'strict'")
    if first is not None:
        whole("first", first, 1)
    chosen = None if words is None else frozenset(read_words("words", words))
    return Request(chosen, first, errors == "strict", progress)
