"""The formats of vectors: their names, the endings of their files, and the modules that read and write them."""

import dataclasses
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firth.formats.request import Request
    from firth.vectors.container import WordVectors


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of vectors.

    name: what `--to` calls it. suffixes: the endings of its files. module: in `firth.formats`, with the functions that
    `read` and `write` name, "" where there is none: read(path, request) -> WordVectors; write(vectors, path, progress)
    -> None, where progress may be left out.
    write_module: where `write` is, if not in `module`.
    holds: whether it can hold a word. counts, ngrams: whether it has a place for counts and for n-grams.
    folder: whether it is a folder of files. paired: whether the words are in a second file; `module` then has
    words_path(path), where it is written, and words_beside(path), where it is found, or None. compressed: whether
    `write` compresses as the name says after the ending, as in .txt.gz.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    read: str = "read"
    write: str = "write"
    write_module: str = ""
    holds: Callable[[str], bool] = bool
    counts: bool = False
    ngrams: bool = False
    folder: bool = False
    paired: bool = False
    compressed: bool = False

    def reader(self) -> Callable[[Path, "Request"], "WordVectors"]:
        """What reads a file."""
        found: Callable[[Path, Request], WordVectors] = self._function(self.module, self.read)
        return found

    def writer(self) -> Callable[..., None]:
        """What writes a file, whole or not at all."""
        found: Callable[..., None] = self._function(self.write_module or self.module, self.write)
        return found

    def files_read(self, path: Path) -> list[Path]:
        """The files that are read for a path: it, and that of the words."""
        beside: Path | None = self._function(self.module, "words_beside")(path) if self.paired else None
        return [path] if beside is None else [path, beside]

    def files_written(self, path: Path) -> list[Path]:
        """The files that are written for a path: it, and that of the words."""
        return [path, self._function(self.module, "words_path")(path)] if self.paired else [path]

    def _function(self, module: str, name: str) -> Any:
        return getattr(import_module(f"firth.formats.{module}"), name)


_PARTING = frozenset(" \t\n\v\f\r\0")
"""The characters at which readers of files of words divide them."""

LONGEST_IN_FASTTEXT = 1 << 20
"""The most bytes of a word that firth reads from fastText's models, and from text."""


def _anything(word: str) -> bool:
    return True


def _one_word(word: str) -> bool:
    """Whether a file that is divided at ASCII's white space can hold a word."""
    return bool(word) and _PARTING.isdisjoint(word)


def _one_token(word: str) -> bool:
    """Whether tokenizers that divide text at all white space can hold a word."""
    return word.split() == [word] and "\0" not in word


def _short_word(word: str) -> bool:
    """Whether a text with numbers, or a model of fastText, can hold a word."""
    return _one_word(word) and len(word.encode(errors="surrogatepass")) <= LONGEST_IN_FASTTEXT


def _one_line(word: str) -> bool:
    """Whether a text file of one word a line can hold a word, also for readers that divide it at rare line breaks."""
    return word.splitlines() == [word]


def _one_field(word: str) -> bool:
    """Whether a text file of columns with tabs between them can hold a word."""
    return _one_line(word) and "\t" not in word


FORMATS = {
    known.name: known
    for known in (
        Format("safetensors", (".safetensors",), "native", holds=_anything, counts=True, ngrams=True),
        Format("word2vec-text", (".txt", ".vec"), "word2vec_text", holds=_short_word, compressed=True),
        Format("glove", (".txt",), "word2vec_text", write="write_glove", holds=_short_word, compressed=True),
        Format("word2vec-binary", (".bin",), "word2vec_binary", holds=_one_word),
        Format("numpy", (".npy",), "numpy_files", holds=_one_line, paired=True),
        Format("parquet", (".parquet",), "parquet", holds=_anything, counts=True),
        Format("arrow", (".arrow", ".feather"), "parquet", read="read_arrow", write="", counts=True),
        Format("projector", (".tsv",), "projector", holds=_one_field, counts=True, paired=True),
        Format("static", (), "static", holds=_one_token, folder=True),
        Format(
            "fasttext",
            (".bin",),
            "fasttext",
            write_module="fasttext_writing",
            holds=_short_word,
            counts=True,
            ngrams=True,
        ),
    )
}
"""By name; of formats with the same ending, the first is what that ending means, of vectors with n-grams the first that
has a place for them."""
