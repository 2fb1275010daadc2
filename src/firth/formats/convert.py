"""Vectors files from one format to another, the formats known by extension or by content."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath, as_path, check_folder
from firth.formats import fasttext, word2vec
from firth.vectors.container import WordVectors, load

FORMATS = {
    ".safetensors": "safetensors",
    ".txt": "word2vec-text",
    ".vec": "word2vec-text",
    ".bin": "word2vec-binary",
}
"""File name extension -> format."""


def convert(src: AnyPath, dst: AnyPath, to: str | None = None) -> None:
    """Write the vectors of file `src` to file `dst`, the formats by extension or, for `dst`, by name in `to`.

    The formats are "safetensors" (.safetensors), "word2vec-text" (.txt, .vec) and "word2vec-binary" (.bin). fastText's
    models are read too, known by their first bytes: words, counts, vectors, n-grams, outside vectors or nodes, and
    settings. word2vec's formats lose all but the words and their vectors, with a warning where those are n-grams; read
    from them, counts are 0. Memory holds the words, and a matrix only where one is read from word2vec's formats.

    Raises FormatError, and ConfigError for an unknown `to`.
    """
    src, dst = as_path(src), as_path(dst)
    readers: dict[str, Callable[[Path], WordVectors]] = {
        "safetensors": load,
        "word2vec-text": word2vec.read_text,
        "word2vec-binary": word2vec.read_binary,
        "fasttext": lambda path: fasttext.read_vectors(path, Path(os.path.realpath(dst)).parent),
    }
    writers: dict[str, Callable[[WordVectors, Path], None]] = {
        "safetensors": WordVectors.save,
        "word2vec-text": word2vec.write_text,
        "word2vec-binary": word2vec.write_binary,
    }
    if to is not None and to not in writers:
        raise ConfigError(f"to is {to!r}: expected {' or '.join(map(repr, writers))}")
    found, wanted = _known(src, _format(src)), to or _known(dst, FORMATS.get(dst.suffix))
    check_folder(dst)
    vectors = readers[found](src)
    if vectors.subwords is not None and wanted != "safetensors":
        warnings.warn(f"{dst}: {wanted} has no place for n-grams: words never seen have no vectors there", stacklevel=2)
    writers[wanted](vectors, dst)


def _format(path: Path) -> str | None:
    """The name of a file's format: fastText's by the first bytes, others by the extension; None for neither."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(fasttext.MAGIC)) == fasttext.MAGIC:
                    return "fasttext"
    except OSError:  # its reader says what is wrong
        pass
    return FORMATS.get(path.suffix)


def _known(path: Path, name: str | None) -> str:
    if name is None:
        raise FormatError(f"{path}: the extension names no format: expected {', '.join(FORMATS)}")
    return name
