"""Word vectors to ask questions of: look-up, similarity, nearest neighbours, analogies."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from firth.corpus.vocabulary import Vocabulary
from firth.errors import ConfigError, FormatError, UnknownWordError
from firth.files.paths import AnyPath, as_path, naming
from firth.files.tensors import TensorFile, read_tensors, write_tensors
from firth.vectors.queries import VALUES_AT_ONCE, Doubles, Floats, cosines, nearest, scaled, three_cos_add
from firth.vectors.storage import SUFFIX, Parts, check_writable, pack, reproducible, unpack
from firth.vectors.subwords import Subwords

Scored = list[tuple[str, float]]


class WordVectors:
    """Words, their counts and their vectors, with the settings and the history of their training.

    words: n distinct strings; counts: int64 (n,), zeros where the source has none; center: float32 (n, d);
    config: the settings; history: one dict an epoch. Queries work on these alone.

    outside: float32 (m, d), m >= n, or None where the source has none; outside_words: its m distinct strings,
    first `words`, and the list `words` itself where there are no more or no outside vectors; bias: float32 (m,)
    or None. Outside word o has the score outside[o]·center[c] + bias[o] for center word c.

    nodes: float32 (n - 1, d), the inner nodes' vectors of hierarchical softmax, root first, as `reference.huffman`
    numbers them, in place of outside vectors; or None. subwords: the rows of words and n-grams, of which the center
    vectors are means, or None. With them every query takes words never seen too; the words stay the vocabulary.

    The arrays are read-only views.
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
    ) -> None:
        """Keep the parts; `outside_words` None are `words`. Raises FormatError when they do not fit together."""
        self.words = words
        self.counts = _readonly(np.asarray(counts))
        self.center = _readonly(np.asarray(center))
        self.outside = None if outside is None else _readonly(np.asarray(outside))
        self.outside_words = words if outside_words is None or outside_words == words else outside_words
        self.bias = None if bias is None else _readonly(np.asarray(bias))
        self.nodes = None if nodes is None else _readonly(np.asarray(nodes))
        self.subwords = subwords
        self.config = config
        self.history = history
        self._check_shapes()
        self._check_outside()
        self._check_nodes()
        self._check_subwords()
        self._check_words()
        self._vocabulary = Vocabulary(words, self.counts)

    def _check_words(self) -> None:
        seen: set[str] = set()
        for word in self.outside_words:
            kind = "word" if len(seen) < len(self.words) else "outside word"
            if not isinstance(word, str):
                raise FormatError(f"one of the {kind}s is {word!r}: expected a string")
            if word in seen:
                raise FormatError(f"the {kind} {word!r} comes twice: expected every word once")
            seen.add(word)

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
            raise FormatError(f"the count of {word!r} is negative: expected 0 or more")

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
        if self.outside is not None:
            raise FormatError("there are both nodes and outside vectors: expected one of them, for one loss")
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

    def __repr__(self) -> str:
        """What they are, in a line."""
        n, d = self.center.shape
        return f"<WordVectors: {n:,} words, dimension {d}>"

    def __len__(self) -> int:
        """The number of words."""
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        """Whether `word` is one of the words."""
        return isinstance(word, str) and word in self._vocabulary.ids

    def __getitem__(self, word: str | list[str]) -> Floats:
        """The center vector (d,) of a word, or those (m, d) of a list of m words.

        That of a word never seen is the mean of its n-grams' rows. Raises UnknownWordError where there are none.
        """
        return self._rows(word) if isinstance(word, list | tuple) else self._row(word)

    def similarity(self, a: str, b: str) -> float:
        """The cosine of two words, from -1 to 1; 0 if a vector is zero. Raises UnknownWordError."""
        first, second = self._unit_vectors([a, b])
        return float(cosines(first[None], second)[0])

    @overload
    def neighbors(self, word: str, k: int = 10) -> Scored: ...
    @overload
    def neighbors(self, word: list[str], k: int = 10) -> list[Scored]: ...
    def neighbors(self, word: str | list[str], k: int = 10) -> Scored | list[Scored]:
        """The k nearest other words, [(word, cosine), ...]; for a list of words a list of such lists.

        By falling cosine, ties in the order of the vocabulary; fewer than k where there are no more words.
        Raises UnknownWordError, and ConfigError for a k that is no whole number from 1.
        """
        words = [word] if isinstance(word, str) else word
        found = list(self._nearest(self._unit_vectors(words), [[query] for query in words], k))
        return found[0] if isinstance(word, str) else found

    def analogy(self, a: str, b: str, c: str, k: int = 1) -> Scored:
        """The k best answers to "a is to b as c is to ?", [(word, cosine), ...], none of them a, b or c.

        3CosAdd (Mikolov et al. 2013): the words nearest to b - a + c, each scaled to length 1 before.
        Order and errors are those of `neighbors`.
        """
        query = three_cos_add(*self._unit_vectors([a, b, c]))
        return next(self._nearest(query[None], [[a, b, c]], k))

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
        }

    def save(self, path: AnyPath) -> None:
        """Write the vectors to one .safetensors file, whole or not at all: an old file is replaced at the end.

        The file holds everything but what differs between equal runs: the seconds of each epoch and, for the exact
        softmax, the number of threads. Equal vectors give equal bytes. Raises FormatError where it cannot be written.
        """
        path = check_writable(path)
        write_tensors(path, *pack(path, reproducible(self.parts())))

    @cached_property
    def unit(self) -> Floats:
        """The center vectors (n, d) scaled to length 1, float32; a zero row stays zero. Made once."""
        n, d = self.center.shape
        unit = np.empty((n, d), dtype=np.float32)
        rows = max(1, VALUES_AT_ONCE // d)
        for start in range(0, n, rows):
            end = start + rows
            unit[start:end] = _unit(self.center[start:end], self.words[start:end])
        return _readonly(unit)

    def _row(self, word: str) -> Floats:
        if not isinstance(word, str):
            raise ConfigError(f"the word is {word!r}: expected a string or a list of strings")
        found = self._vocabulary.ids.get(word)
        if found is not None:
            return np.asarray(self.center[found])
        if self.subwords is not None:
            return self.subwords.vector(word)
        near = ", ".join(map(repr, self._vocabulary.suggest(word)))
        hint = f"the nearest spellings are {near}" if near else "no word is spelt like it"
        raise UnknownWordError(f"{word!r} is not among the {len(self):,} words: {hint}")

    def _rows(self, words: list[str]) -> Floats:
        if not isinstance(words, list | tuple):
            raise ConfigError(f"the word is {words!r}: expected a string or a list of strings")
        return np.array([self._row(word) for word in words], dtype=np.float32).reshape(-1, self.center.shape[1])

    def _unit_vectors(self, words: list[str]) -> Doubles:
        """The vectors of words in float64, scaled to length 1."""
        return _unit(self._rows(words), words)

    def _nearest(self, queries: Doubles, words: list[list[str]], k: int) -> Iterator[Scored]:
        """For each query (d,) of length 1 the k nearest words but its own `words`, best first."""
        excluded = [[self._vocabulary.ids[word] for word in own if word in self] for own in words]
        for ids, found in nearest(self.center, self.unit, queries, excluded, _checked_k(k)):
            yield [(self.words[i], cosine) for i, cosine in zip(ids.tolist(), found.tolist(), strict=True)]


def load(path: AnyPath) -> WordVectors:
    """The vectors in a .safetensors file that firth wrote, memory-mapped: matrices are read when used.

    Raises FormatError, saying what was found and expected, for anything else. Non-finite numbers are found
    later, by the query that meets them.
    """
    path = as_path(path)
    if path.suffix != SUFFIX:
        raise FormatError(
            f"{path}: a vectors file of firth ends in {SUFFIX}; for one of word2vec or fastText, run: "
            f"firth convert {path} {path.with_suffix(SUFFIX)}"
        )
    return from_file(read_tensors(path))


def from_file(file: TensorFile) -> WordVectors:
    """The vectors in an open file. Raises FormatError where it holds none, or none that fit together."""
    parts = unpack(file)
    with naming(file.path):
        return WordVectors(**parts)


def _readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _unit(rows: Floats, words: list[str]) -> Doubles:
    """The vectors of words in float64, scaled to length 1. Raises FormatError for one that is not finite."""
    broken = ~np.isfinite(rows).all(axis=1)
    if broken.any():
        word = words[int(broken.argmax())]
        raise FormatError(f"the vector of {word!r} holds a NaN or an infinity: expected finite numbers")
    return scaled(rows)


def _checked_k(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ConfigError(f"k is {k!r}: expected a whole number, 1 or more")
    return int(k)
