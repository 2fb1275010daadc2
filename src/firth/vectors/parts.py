"""What word vectors are made of: their parts, checked, looked up by word, and saved."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.vocabulary import Vocabulary, as_word
from firth.errors import ConfigError, FormatError, UnknownWordError, quoted
from firth.files.paths import AnyPath, check_mapped
from firth.files.tensors import write_tensors
from firth.vectors.directions import Doubles, Floats, lengths_of
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.rows import Progress, no_progress, readonly
from firth.vectors.storage import Parts, check_writable, pack, reproducible
from firth.vectors.subwords import Subwords

Word = str | int | np.integer[Any]
"""A word to look up; an integer stands for its decimal form."""

NORMS_CHECKED = 64
"""The rows whose lengths are compared with the norms of a file."""


class StoredVectors:
    """Words, their counts and their vectors, with the settings and the history of their training.

    words: n distinct strings; counts: int64 (n,), zeros where the source has none; center: float32 (n, d);
    config: the settings; history: one dict an epoch. Queries work on these alone.

    outside: float32 (m, d), m >= n, or None where the source has none; outside_words: its m distinct strings,
    first `words`, and the list `words` itself where there are no more or no outside vectors; bias: float32 (m,)
    or None. Outside word o has the score outside[o]·center[c] + bias[o] for center word c.

    nodes: float32 (n - 1, d), the inner nodes' vectors of hierarchical softmax, root first, as `reference.huffman`
    numbers them, or None; with the sum of both losses there are outside vectors too. subwords: the rows of words and
    n-grams, of which the center vectors are means, or None. With them every query takes words never seen too; the words
    stay the vocabulary. documents: the vectors of documents, where training learned them, or None.

    norms: float64 (n,), the lengths of the center vectors; computed where they are not given. path: the file that
    `load` took them from, or None.

    A word is found in either Unicode normalisation, composed (NFC) or decomposed (NFD); an integer stands for its
    decimal form, 42 for "42". The arrays are read-only views.
    """

    def __init__(
        self,
        words: list[str],
        counts: npt.NDArray[np.int64],
        center: Floats,
        outside: Floats | None,
        config: dict[str, Any],
        history: list[dict[str, Any]],
        *,
        outside_words: list[str] | None = None,
        bias: Floats | None = None,
        nodes: Floats | None = None,
        subwords: Subwords | None = None,
        norms: Doubles | None = None,
        documents: DocumentVectors | None = None,
    ) -> None:
        """Keep the parts; `outside_words` None are `words`. Raises FormatError when they do not fit together."""
        self.words = words
        self.counts = readonly(np.asarray(counts))
        self.center = readonly(np.asarray(center))
        self.outside = None if outside is None else readonly(np.asarray(outside))
        self.outside_words = words if outside_words is None or outside_words == words else outside_words
        self.bias = None if bias is None else readonly(np.asarray(bias))
        self.nodes = None if nodes is None else readonly(np.asarray(nodes))
        self.subwords = subwords
        self.documents = documents
        self.config = config
        self.history = history
        self._check_shapes()
        self._check_outside()
        self._check_nodes()
        self._check_subwords()
        self._check_documents()
        self._check_words()
        self._vocabulary = Vocabulary(words, self.counts)
        if norms is not None:
            self._check_norms(norms)
        self._norms = norms
        self.path: Path | None = None

    @cached_property
    def norms(self) -> Doubles:
        """The lengths (n,) of the center vectors; infinite or NaN for one that is not finite."""
        return readonly(lengths_of(self.center) if self._norms is None else self._norms)

    def _check_words(self) -> None:
        n = len(self.words)
        for kind, words in (("word", self.words), ("outside word", self.outside_words)):
            if set(map(type, words)) - {str}:
                raise FormatError(f"one of the {kind}s is {quoted(_no_string(words))}: expected a string")
            if len(set(words)) < len(words):
                raise FormatError(f"the {kind} {quoted(_repeated(words))} comes twice: expected every word once")
            if len(self.outside_words) == n:
                break

    def _check_norms(self, norms: Doubles) -> None:
        n = len(self.words)
        if norms.dtype != np.float64 or norms.shape != (n,):
            found = f"{norms.dtype} of shape {norms.shape}"
            raise FormatError(f"the norms are {found}: expected float64 of shape ({n},), one a word")
        some = slice(None, None, max(1, n // NORMS_CHECKED))
        if not np.allclose(norms[some], lengths_of(self.center[some]), rtol=1e-6, atol=0, equal_nan=True):
            raise FormatError("the norms are not the lengths of the center vectors: expected those of the same vectors")

    def _check_shapes(self) -> None:
        n, shape = len(self.words), self.center.shape
        if self.center.dtype != np.float32 or len(shape) != 2 or 0 in shape:
            raise FormatError(
                f"the center vectors are {self.center.dtype} of shape {shape}: "
                "expected float32 of shape (words, dimension), neither of them 0"
            )
        if n != shape[0]:
            raise FormatError(f"there are {n} words and {shape[0]} center vectors: expected as many of each")
        if self.counts.dtype != np.int64 or self.counts.shape != (n,):
            found = f"{self.counts.dtype} of shape {self.counts.shape}"
            raise FormatError(f"the counts are {found}: expected int64 of shape ({n},), one a word")
        if (self.counts < 0).any():
            word = self.words[int(self.counts.argmin())]
            raise FormatError(f"the count of {quoted(word)} is negative: expected 0 or more")

    def _check_outside(self) -> None:
        (n, d), m = self.center.shape, len(self.outside_words)
        if self.outside_words[:n] != self.words:
            raise FormatError(f"the {m} outside words do not begin with the {n} words: expected those, then any more")
        if self.outside is None:
            if m > n:
                raise FormatError(f"there are {m} outside words, but no outside vectors: expected as many of each")
            if self.bias is not None:
                raise FormatError("there is a bias, but no outside vectors: expected both, or no bias")
            return
        if self.outside.dtype != np.float32 or self.outside.shape != (m, d):
            found = f"{self.outside.dtype} of shape {self.outside.shape}"
            expected = f"float32 of shape ({m}, {d}), one a word of outside_words"
            raise FormatError(f"the outside vectors are {found}: expected {expected}")
        if self.bias is not None and (self.bias.dtype != np.float32 or self.bias.shape != (m,)):
            found = f"{self.bias.dtype} of shape {self.bias.shape}"
            raise FormatError(f"the bias is {found}: expected float32 of shape ({m},), one an outside vector")

    def _check_nodes(self) -> None:
        n, d = self.center.shape
        if self.nodes is None:
            return
        if self.nodes.dtype != np.float32 or self.nodes.shape != (n - 1, d):
            found = f"{self.nodes.dtype} of shape {self.nodes.shape}"
            raise FormatError(f"the nodes are {found}: expected float32 of shape ({n - 1}, {d}), one fewer than words")

    def _check_subwords(self) -> None:
        n, d = self.center.shape
        if self.subwords is None:
            return
        shape, bucket = self.subwords.rows.shape, self.subwords.bucket
        if shape != (n + bucket, d):
            expected = f"({n + bucket}, {d}), one for each of {n} words and {bucket} buckets"
            raise FormatError(f"the subwords' rows are of shape {shape}: expected {expected}")

    def _check_documents(self) -> None:
        n, d = self.center.shape
        if self.documents is None:
            return
        if self.documents.matrix.shape[1] != d:
            found = self.documents.matrix.shape
            raise FormatError(f"the document vectors are of shape {found}: expected (documents, {d})")
        if self.documents.outside is not None:
            rows, width = self.documents.outside.shape
            if rows not in (n, n - 1, 2 * n - 1) or width % d:
                raise FormatError(
                    f"the documents' outside vectors are of shape {(rows, width)}: expected a multiple of {d} columns, "
                    f"and {n} rows for words, {n - 1} for nodes, or both"
                )

    def __repr__(self) -> str:
        """What they are, in a line."""
        n, d = self.center.shape
        return f"<WordVectors: {n:,} words, dimension {d}>"

    def __len__(self) -> int:
        """The number of words."""
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        """Whether `word` is one of the words."""
        try:
            word = as_word(word)
        except ConfigError:  # of too many digits
            return False
        return isinstance(word, str) and self.id_of(word) is not None

    @property
    def ids(self) -> dict[str, int]:
        """The place of each word among the words."""
        return self._vocabulary.ids

    def id_of(self, word: Word) -> int | None:
        """The place of a word among the words, in either Unicode normalisation, or None."""
        word = as_word(word)
        if not isinstance(word, str):
            raise ConfigError(f"the word is {quoted(word)}: expected a string")
        return self._vocabulary.id_of(word)

    def __getitem__(self, word: Word | Sequence[Word]) -> Floats:
        """The center vector (d,) of a word, or those (m, d) of a list of m words.

        That of a word never seen is the mean of its n-grams' rows. Raises UnknownWordError where there are none.
        """
        return self._rows(word) if isinstance(word, list | tuple) else self._row(word)  # type: ignore[arg-type]

    def parts(self) -> Parts:
        """What these vectors are made of: the arguments that make them again."""
        return {
            "words": self.words,
            "counts": self.counts,
            "center": self.center,
            "outside": self.outside,
            "config": self.config,
            "history": self.history,
            "outside_words": self.outside_words,
            "bias": self.bias,
            "nodes": self.nodes,
            "subwords": self.subwords,
            "norms": self._norms,
            "documents": self.documents,
        }

    def save(self, path: AnyPath, half: bool = False, progress: Progress = no_progress) -> None:
        """Write the vectors to one .safetensors file, whole or not at all: an old file is replaced at the end.

        The file holds everything but what differs between equal runs: the seconds of each epoch and, for the exact
        softmax and deterministic runs, the number of threads. Equal vectors give equal bytes. With `half` the matrices
        are rounded to float16: the file is half as large, and `load` makes float32 of them again, in memory. `progress`
        is called with what is done, how far it is and how far it goes. Raises FormatError where the file cannot be
        written, and for numbers too large for float16.
        """
        path, n = check_writable(path), len(self.words)
        check_mapped(self.center, self.path)
        packed = pack(path, reproducible({**self.parts(), "norms": self.norms}), half)
        write_tensors(path, *packed, lambda part: progress("writing", round(n * part), n))

    def _row(self, word: Word) -> Floats:
        word = as_word(word)
        if not isinstance(word, str):
            raise ConfigError(f"the word is {quoted(word)}: expected a string or a list of strings")
        found = self.id_of(word)
        if found is not None:
            return np.asarray(self.center[found])
        if self.subwords is not None:
            return self.subwords.vector(word)
        near = ", ".join(map(quoted, self._vocabulary.suggest(word)))
        hint = f"the nearest spellings are {near}" if near else "no word is spelt like it"
        raise UnknownWordError(f"{quoted(word)} is not among the {len(self):,} words: {hint}")

    def _rows(self, words: Sequence[Word]) -> Floats:
        if not isinstance(words, list | tuple):
            raise ConfigError(f"the word is {quoted(words)}: expected a string or a list of strings")
        return np.array([self._row(word) for word in words], dtype=np.float32).reshape(-1, self.center.shape[1])


def _no_string(words: list[Any]) -> Any:
    return next(word for word in words if type(word) is not str)


def _repeated(words: list[str]) -> str:
    seen: set[str] = set()
    return next(word for word in words if word in seen or seen.add(word))  # type: ignore[func-returns-value]
