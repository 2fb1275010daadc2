"""Weighted means of the vectors of each document's words: a text is streamed, and only the means are kept."""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.corpus.lines import Lines
from firth.errors import ConfigError
from firth.memory import physical_memory
from firth.vectors.container import WordVectors
from firth.vectors.subwords import unseen_vectors

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

FIRST_ROOM = 1 << 10
"""Documents, and words, that there is room for at first."""

MOST_MEMORY = 0.8
"""The share of the memory that the vectors of documents may take."""

MADE_VALUES = 2**24
"""The most numbers of the vectors that are made of n-grams and kept for the words to come."""

NONE, TO_MAKE = -1, -2
"""In place of the row of a word's vector: there is none, or it is to be made of n-grams."""


class Means(NamedTuple):
    """The means of m documents: matrix float32 (m, d); of each document the tokens with a vector and all tokens."""

    matrix: Floats
    known: Counts
    tokens: Counts


@dataclasses.dataclass(frozen=True, eq=False)
class WeightedVectors:
    """Word vectors with a weight for each word: float64 (n,). Words made of n-grams have the weight 1."""

    vectors: WordVectors
    weights: npt.NDArray[np.float64]


def document_means(weighted: WeightedVectors, lines: Lines) -> Means:
    """Σ weight(w) v_w / k of each line, summed in float64 over its k tokens with a vector, in their order.

    Lines without such tokens get zeros. Errors are those of reading the lines. The work is done in
    pieces; the result does not depend on them.
    """
    from firth.vectors._documents import add_tokens

    center = weighted.vectors.center
    means, table = GrowingMeans(center.shape[1]), WordTable(weighted, lines)
    total, state = np.zeros(center.shape[1]), np.zeros(3, np.int64)
    for piece in lines.pieces():
        table.extend()
        for ids in table.prepared(piece):
            done = 0
            while True:
                places = total, state, means.matrix, means.known, means.tokens
                done += add_tokens(ids[done:], table.rows, table.weights, center, table.made, *places)
                if done == len(ids):
                    break
                means.grow()
    lines.origin.warn(stacklevel=5)
    return means.cut(int(state[0]))


class GrowingMeans:
    """Arrays that grow by a quarter in place, so that there is never a second copy."""

    def __init__(self, dim: int) -> None:
        self.matrix = np.empty((FIRST_ROOM, dim), np.float32)
        self.known, self.tokens = np.empty(FIRST_ROOM, np.int64), np.empty(FIRST_ROOM, np.int64)

    def grow(self) -> None:
        """Make room for more documents. Raises ConfigError where they would take all memory."""
        lines, dim = self.matrix.shape
        need, have = lines * 5 // 4 * (4 * dim + 16), physical_memory()
        if need > MOST_MEMORY * have:
            raise ConfigError(
                f"the vectors of more than {lines:,} lines take {need / 1e9:.1f} GB, and this machine has "
                f"{have / 1e9:.1f} GB of memory: give fewer lines at a time, or vectors of fewer dimensions"
            )
        self._resize(lines * 5 // 4)

    def cut(self, documents: int) -> Means:
        """The means of the first `documents` documents."""
        self._resize(documents)
        return Means(self.matrix, self.known, self.tokens)

    def _resize(self, documents: int) -> None:
        self.matrix.resize((documents, self.matrix.shape[1]), refcheck=False)
        self.known.resize(documents, refcheck=False)
        self.tokens.resize(documents, refcheck=False)


class WordTable:
    """For the number of each word that has come: the row of its vector, and its weight.

    made: float32 (some, d), vectors made of n-grams; rows from n on are theirs. There is room for the unseen words of
    one piece at least; where no more room is left, they are forgotten and made again when they come again.
    """

    def __init__(self, weighted: WeightedVectors, lines: Lines) -> None:
        self._weighted, self._lines = weighted, lines
        self._subwords = weighted.vectors.subwords
        self._n, d = weighted.vectors.center.shape
        self._words = 0  # so far
        self.rows, self.weights = np.zeros(FIRST_ROOM, np.int64), np.zeros(FIRST_ROOM)
        self.made = np.empty((max(1, MADE_VALUES // d) if self._subwords is not None else 0, d), np.float32)
        self._used = 0

    def extend(self) -> None:
        """Look up the words that are new."""
        words = self._lines.words(np.arange(self._words, len(self._lines.counts())))
        begin, self._words = self._words, self._words + len(words)
        if self._words > len(self.rows):
            self.rows.resize(2 * self._words, refcheck=False)
            self.weights.resize(2 * self._words, refcheck=False)
        unknown = NONE if self._subwords is None else TO_MAKE
        ids = self._weighted.vectors.ids
        rows = np.fromiter((ids.get(word, unknown) for word in words), np.int64, len(words))
        rows[np.isin(rows, self._weighted.vectors.directions.missing)] = NONE
        self.rows[begin : self._words] = rows
        self.weights[begin : self._words] = np.where(rows >= 0, self._weighted.weights[rows], 1.0)

    def prepared(self, piece: npt.NDArray[np.int32]) -> Iterator[npt.NDArray[np.int32]]:
        """Yield the same numbers in pieces; all their vectors that are made of n-grams are there."""
        if self._subwords is None:
            yield piece
            return
        for start in range(0, len(piece), len(self.made)):
            part = piece[start : start + len(self.made)]
            self._make(part[part >= 0])
            yield part

    def _make(self, numbers: npt.NDArray[np.int32]) -> None:
        """Make the vectors of those words that lack them."""
        unseen = np.unique(numbers[self.rows[numbers] == TO_MAKE])
        if len(unseen) > len(self.made) - self._used:
            self.rows[self.rows >= self._n] = TO_MAKE
            self._used = 0
            unseen = np.unique(numbers[self.rows[numbers] == TO_MAKE])
        if not len(unseen) or self._subwords is None:
            return
        words = [word.encode() for word in self._lines.words(unseen.astype(np.int64))]
        begin = 0
        for vectors, has_ngrams in unseen_vectors(words, self._subwords):
            end = begin + len(vectors)
            places = self._used + np.arange(begin, end)
            self.made[places] = vectors
            self.rows[unseen[begin:end]] = np.where(has_ngrams, self._n + places, NONE)
            begin = end
        self._used += begin
