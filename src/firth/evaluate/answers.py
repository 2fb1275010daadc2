"""What vectors answer to the items of a benchmark: words looked up, items that are left out, and why."""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from firth.vectors.container import WordVectors
from firth.vectors.directions import VALUES_AT_ONCE, Doubles, Ids, scaled
from firth.vectors.rows import whole

ANSWERED, NO_VECTOR, RESTRICTED = 0, -1, -2
"""The status of an item; the last two also stand for the id of a word."""


@dataclasses.dataclass(frozen=True)
class Answers:
    """What vectors answer to n items, with what is right.

    kind: of the benchmark. status: (n,), ANSWERED, NO_VECTOR or RESTRICTED. values: (n,), NaN where not answered: the
    cosine of a pair, the cluster of a word, 1 for a right and 0 for a wrong answer. gold: (n,): the rating of a pair,
    the number of a word's class, 1 for a question. missing, left_out: for each item its words without a vector, and
    those with one that the restriction leaves out.
    """

    kind: str
    status: Ids
    values: Doubles
    gold: Doubles
    missing: list[list[str]]
    left_out: list[list[str]]

    def part(self, items: Ids) -> "Answers":
        """The answers to some items."""
        return Answers(
            self.kind,
            self.status[items],
            self.values[items],
            self.gold[items],
            [self.missing[i] for i in items],
            [self.left_out[i] for i in items],
        )

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which items are answered (n,)."""
        return np.asarray(self.status == ANSWERED)


class Lookup:
    """The ids of words in `vectors`, by the rule for case and among the most frequent words.

    A word is looked up as written, then in lower case. With ignore_case, words are compared in upper case and the first
    word of the vocabulary counts, as in gensim. Only words of the vocabulary have ids, also where subwords could make a
    vector; and a word whose vector is zero or not finite has none. most_frequent: None for all words.
    """

    def __init__(self, vectors: WordVectors, *, ignore_case: bool = False, most_frequent: int | None = None) -> None:
        """Raise ConfigError for most_frequent that is no whole number from 1."""
        self.vectors = vectors if most_frequent is None else _by_frequency(vectors)
        self.limit = len(vectors)
        if most_frequent is not None:
            self.limit = min(whole("most_frequent", most_frequent, 1), len(vectors))
        self._folded = ignore_case
        missing = set(self.vectors.directions.missing.tolist())
        words = [(word, i) for i, word in enumerate(self.vectors.words) if i not in missing]
        if ignore_case:  # the first of equal words is entered last
            self._ids = {word.upper(): i for word, i in reversed(words)}
        else:
            self._ids = dict(words)

    def find(self, words: Iterable[str]) -> Ids:
        """The id of each word, or NO_VECTOR or RESTRICTED."""
        return np.array([self._find(word) for word in words], dtype=np.int64)

    def _find(self, word: str) -> int:
        forms = (word.upper(),) if self._folded else (word, word.lower())
        found = [self._ids[form] for form in forms if form in self._ids]
        return next((i for i in found if i < self.limit), RESTRICTED if found else NO_VECTOR)

    def variants(self, ids: Iterable[int]) -> Ids:
        """For each id that of the word that it counts as: itself, but for ignore_case; -1 stays -1."""
        if not self._folded:
            return np.array(list(ids), dtype=np.int64)
        words = self.vectors.words
        return np.array([self._ids[words[i].upper()] if i >= 0 else -1 for i in ids], dtype=np.int64)


def _by_frequency(vectors: WordVectors) -> WordVectors:
    """The vectors, the most frequent word first: themselves, or a copy of them where another order was given."""
    counts = vectors.counts
    if (counts[1:] <= counts[:-1]).all():
        return vectors
    order = np.argsort(-counts, kind="stable")
    return WordVectors([vectors.words[i] for i in order], counts[order], vectors.center[order], None, {}, [])


def statuses(ids: Ids) -> Ids:
    """The status (n,) of items from the ids of their words (n, k): NO_VECTOR before RESTRICTED before ANSWERED."""
    return np.where(
        (ids == NO_VECTOR).any(axis=1), NO_VECTOR, np.where((ids == RESTRICTED).any(axis=1), RESTRICTED, ANSWERED)
    ).astype(np.int64)


def gather(lookup: Lookup, items: Sequence[Sequence[str]]) -> tuple[list[Ids], list[list[str]], list[list[str]]]:
    """The ids of the words of each item, those of its words without a vector, and those that are left out."""
    words = list(dict.fromkeys(itertools.chain.from_iterable(items)))
    ids = dict(zip(words, lookup.find(words).tolist(), strict=True))
    found = [[ids[word] for word in item] for item in items]
    missing = [_with(item, row, NO_VECTOR) for item, row in zip(items, found, strict=True)]
    left_out = [_with(item, row, RESTRICTED) for item, row in zip(items, found, strict=True)]
    return [np.array(row, dtype=np.int64) for row in found], missing, left_out


def _with(words: Sequence[str], ids: Sequence[int], code: int) -> list[str]:
    return [word for word, i in zip(words, ids, strict=True) if i == code] if code in ids else []


def unit_rows(vectors: WordVectors, ids: Ids) -> Doubles:
    """The center vectors (m, d) of some words, float64, scaled to length 1."""
    return scaled(vectors.center[ids])


def in_blocks(items: int, values: int) -> list[slice]:
    """Slices of a number of items, each of which takes some values, so that a block holds VALUES_AT_ONCE or less."""
    size = max(1, VALUES_AT_ONCE // max(1, values))
    return [slice(start, start + size) for start in range(0, items, size)]
