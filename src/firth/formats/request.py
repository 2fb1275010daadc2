"""What a reader of vectors is asked for, and what it does about a file that is not quite as it should be."""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from firth.errors import QUOTED, FormatError
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.transforms import documents_of_words

SHOWN = 80
"""The characters of a file's content that a message shows."""

REPEATED = "words that come again, left out"
EMPTY = "empty words, left out"
NOT_FINITE = "vectors that are not finite, left out"
NOT_UTF8 = r"words that are not UTF-8, kept with \x.. for what is not"
WRONG_NUMBER = "wrong numbers of words in line 1, not used"
"""Kinds of faults that several readers mend, and what they do about them."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What is wanted of a file of vectors.

    words: only these, or None for all. first: only the first so many words of the file, or None for all; of these, only
    those in `words`. strict: refuse what could be mended. progress: told how far reading is. decode: makes the words of
    word2vec's formats from their bytes, or None for UTF-8 with \\x.. for what is not.
    """

    words: frozenset[str] | None = None
    first: int | None = None
    strict: bool = False
    progress: Progress = no_progress
    decode: Callable[[bytes], str] | None = None

    def wants(self, word: str) -> bool:
        """Whether a word is among those wanted."""
        return self.words is None or word in self.words


EVERYTHING = Request()


class Faults:
    """The faults of one file that a reader mends: counted by kind and warned of once, or refused if `strict`."""

    def __init__(self, path: Path, strict: bool) -> None:
        """None yet."""
        self._path, self._strict = path, strict
        self._counts: dict[str, int] = {}
        self._first = ""

    def add(self, where: str, found: str, mended: str, count: int = 1) -> None:
        """Note a fault; or raise FormatError if they are refused.

        where: its line or byte, "line 7". found: what is wrong there, with at most `SHOWN` characters of the file.
        mended: the kind of fault, in the plural, and what is done about it, such as `REPEATED`.
        """
        if self._strict:
            raise FormatError(f"{self._path}, {where}: {found}; without --errors strict it is mended")
        if not self._counts:
            self._first = f"{where}: {found}"
        self._counts[mended] = self._counts.get(mended, 0) + count

    def again(self, mended: str) -> bool:
        """Count one more fault of a kind, if one is noted: cheap, where a file has millions. Returns whether one is."""
        if mended not in self._counts:
            return False
        self._counts[mended] += 1
        return True

    def warn(self, stacklevel: int = 2) -> None:
        """Warn of all faults in one warning, which names the first."""
        if self._counts:
            kinds = "; ".join(f"{mended}: {count:,}" for mended, count in self._counts.items())
            warnings.warn(f"{self._path}: {kinds}. The first: {self._first}", stacklevel=stacklevel + 1)


def shown(content: str | bytes) -> str:
    """Content of a file for a message: quoted, and cut to `SHOWN` characters."""
    size = SHOWN
    while len(repr(content[:size])) > QUOTED - len("..."):  # much of it is escaped
        size //= 2
    return repr(content[:size]) + ("..." if len(content) > size else "")


def selected(path: Path, vectors: WordVectors, request: Request) -> WordVectors:
    """The vectors of the wanted words only: for readers whose files are mapped and have them all.

    path: of the file. N-grams stay with all words, and are left out with a warning otherwise; so are nodes of the
    Huffman tree and outside words without center vectors. Documents stay. Raises FormatError where no word is left.
    """
    end = len(vectors) if request.first is None else min(request.first, len(vectors))
    kept = [i for i, word in enumerate(vectors.words[:end]) if request.wants(word)]
    if len(kept) == len(vectors):
        return vectors
    ids = np.array(kept, np.int64)
    check_found(path, len(ids), request)
    if vectors.subwords is not None or vectors.nodes is not None:
        warnings.warn(
            f"{path}: the n-grams and the nodes of the Huffman tree belong to all words and are left out", stacklevel=3
        )
    outside = None if vectors.outside is None else vectors.outside[ids]
    bias = None if vectors.bias is None else vectors.bias[ids]
    words, counts = [vectors.words[i] for i in kept], vectors.counts[ids]
    parts = (words, counts, vectors.center[ids], outside, vectors.config, vectors.history)
    return WordVectors(*parts, bias=bias, documents=documents_of_words(vectors.documents, len(vectors), ids))


def check_found(path: Path, found: int, request: Request) -> None:
    """Raise FormatError if no word was found."""
    if found:
        return
    if request.words is not None:
        raise FormatError(f"{path}: none of the {len(request.words):,} wanted words is in the file")
    raise FormatError(f"{path}: the file holds no word with its vector")
