"""`firth.load`: the vectors in a file, whatever its format."""

import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath, as_path
from firth.formats.detect import format_of
from firth.formats.known import Format
from firth.formats.request import EVERYTHING, Request, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress, whole


class Loaded(NamedTuple):
    """Vectors and the format that their file has."""

    vectors: WordVectors
    format: Format


def load(
    path: AnyPath,
    *,
    words: os.PathLike[str] | str | Iterable[str] | None = None,
    first: int | None = None,
    errors: str = "mend",
    vocab: Any = None,
    progress: Progress = no_progress,
) -> WordVectors:
    """The vectors in a file of any format that firth reads; see docs/formats.md.

    path: a file, or an address on the Hugging Face Hub, "hf://USER/NAME", with or without "@REVISION" and "/FILE"; see
    docs/hub.md.

    Those in a .safetensors file of firth's are memory-mapped: matrices are read when used, and the checksum is not
    compared, which `firth verify` does. Others are read into memory.
    words: read only these, given as a list or as the path of a file of words. first: read only the first so many.
    errors: "mend" leaves out or mends what is wrong in a file, with a warning; "strict" refuses it. vocab: take the
    counts from these, words and counts in a dict or the path of a file of lines "word count", for formats that have no
    counts. progress: called with what is done, how far it is and how far it goes.

    Raises FormatError, saying what was found and expected, and ConfigError; for an address also MissingExtraError, and
    FirthError where the Hub refuses or cannot be reached.

    Example: firth.load("GoogleNews-vectors-negative300.bin.gz", first=100_000)
    """
    return load_as(located(path), make_request(words, first, errors, progress), vocab).vectors


def located(path: AnyPath) -> Path:
    """A path, or that of the local copy of what an address on the Hub names. Raises as `firth.load`."""
    if not (isinstance(path, str) and path.startswith("hf://")):
        return as_path(path)
    from firth.formats.hub import download  # files at hand do without

    return download(path)


def load_as(path: Path, request: Request = EVERYTHING, vocab: Any = None) -> Loaded:
    """The vectors in a file of any format, and the format. Raises FormatError."""
    if not path.name:
        raise FormatError(f"{path}: a folder: expected the name of a file of vectors")
    found = format_of(path)
    vectors = found.reader()(path, request)
    if vocab is not None:
        vectors = _counted(vectors, path, vocab)
    vectors.path = path
    return Loaded(vectors, found)


def read(path: Path, request: Request = EVERYTHING) -> WordVectors:
    """The vectors in a file of any format. Raises FormatError."""
    return load_as(path, request).vectors


def make_request(words: Any, first: int | None, errors: str, progress: Progress = no_progress) -> Request:
    """What is wanted of a file, checked. Raises ConfigError, and FormatError for a file of words."""
    if errors not in ("mend", "strict"):
        raise ConfigError(f"errors is {errors!r:.100}: expected 'mend' or 'strict'")
    if first is not None:
        first = whole("first", first, 1)
    chosen = None
    if words is not None:
        from firth.formats.vocabulary import read_words

        chosen = frozenset(read_words("words", words))
        if not chosen:
            raise ConfigError("words has no word: expected those to read")
    return Request(chosen, first, errors == "strict", progress)


def _counted(vectors: WordVectors, path: Path, vocab: Any) -> WordVectors:
    """The same vectors with the counts of a vocabulary; 0 for words that it does not have, with a warning."""
    from firth.formats.vocabulary import read_vocabulary

    if vectors.nodes is not None:
        raise ConfigError(f"{path}: the nodes of its Huffman tree belong to its own counts: leave vocab out")
    known = read_vocabulary(vocab)
    counts = dict(zip(known.words, known.counts.tolist(), strict=True))
    missing = [word for word in vectors.words if word not in counts]
    if missing:
        warnings.warn(
            f"{path}: {len(missing):,} of {len(vectors):,} words are not in the vocabulary, such as "
            f"{shown(missing[0])}: their counts are 0",
            stacklevel=4,
        )
    found = np.array([counts.get(word, 0) for word in vectors.words], np.int64)
    return WordVectors(**(vectors.parts() | {"counts": found}))
