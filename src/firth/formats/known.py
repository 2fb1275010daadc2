"""The formats of vectors: their names, the endings of their files, and the modules that read and write them."""

import dataclasses
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from firth.formats.request import Request
from firth.vectors.container import WordVectors


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of vectors.

    name: what `--to` calls it. suffixes: the endings of its files. module: in `firth.formats`, with the functions that
    `read` and `write` name, "" where there is none: read(path, request) -> WordVectors; write(vectors, path) -> None.
    holds: whether it can hold a word. counts, ngrams: whether it has a place for counts and for n-grams.
    compressed: whether its files may be compressed, which their names then say after the ending, as in .txt.gz.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    read: str = "read"
    write: str = "write"
    holds: Callable[[str], bool] = bool
    counts: bool = False
    ngrams: bool = False
    compressed: bool = False

    def reader(self) -> Callable[[Path, Request], WordVectors]:
        """What reads a file."""
        found: Callable[[Path, Request], WordVectors] = self._function(self.read)
        return found

    def writer(self) -> Callable[[WordVectors, Path], None]:
        """What writes a file, whole or not at all."""
        found: Callable[[WordVectors, Path], None] = self._function(self.write)
        return found

    def _function(self, name: str) -> Any:
        return getattr(import_module(f"firth.formats.{self.module}"), name)


def _anything(word: str) -> bool:
    return True


def _one_word(word: str) -> bool:
    """Whether a text file that is divided at white space can hold a word."""
    return word.split() == [word] and "\0" not in word


FORMATS = {
    known.name: known
    for known in (
        Format("safetensors", (".safetensors",), "native", holds=_anything, counts=True, ngrams=True),
        Format("word2vec-text", (".txt", ".vec"), "word2vec_text", holds=_one_word, compressed=True),
        Format("glove", (".txt",), "word2vec_text", write="write_glove", holds=_one_word, compressed=True),
        Format("word2vec-binary", (".bin",), "word2vec_binary", holds=_one_word),
        Format("fasttext", (".bin",), "fasttext", write="", counts=True, ngrams=True),
    )
}
"""By name; of formats with the same ending, the first is what that ending means."""
