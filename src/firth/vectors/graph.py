"""A graph of similar words: all pairs whose cosine is at least a threshold.

float32 finds the candidates and float64 decides, so the pairs and their cosines depend neither on blocks and threads
nor on the machine's matrix product.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError, MissingExtraError, quoted
from firth.vectors.directions import Doubles, Ids
from firth.vectors.rows import Progress, Vectors, lengths, most_frequent_ids, no_progress, unit, whole

ROWS_AT_ONCE = 512
"""Words whose pairs are looked for at a time."""

COLUMNS_AT_ONCE = 8192
"""Words that these are compared with at a time."""

VALUES_AT_ONCE = 2**20
"""The most numbers of rows that are multiplied in float64 at a time."""

MOST_PAIRS = 50_000_000
"""More pairs are refused: a sparse matrix of these takes 0.8 GB, and 4 GB while it is made."""

SAMPLE = 200
"""How many words are compared with all others to estimate how many pairs there are."""


class Pairs(NamedTuple):
    """Pairs of words as places in a list, first < second, in order, with their cosines."""

    first: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    cosines: Doubles


def edges(
    vectors: Vectors, threshold: float, *, most_frequent: int | None = None, progress: Progress = no_progress
) -> Iterator[tuple[str, str, float]]:
    """Yield (word, word, cosine) for each pair with a cosine of at least `threshold`, in the order of the vocabulary.

    threshold: above 0, up to 1. most_frequent: only this many words, by count; None means all. progress: called with
    what is done, how many words are and how many there are.

    All pairs are compared: twice as many words take four times as long. Memory: blocks, and the pairs of 512 words.
    Raises ConfigError for numbers out of range.
    """
    words = [vectors.words[i] for i in most_frequent_ids(vectors.counts, most_frequent)]
    for first, second, cosines in _all_pairs(vectors, threshold, most_frequent, None, progress):
        for i, j, cosine in zip(first.tolist(), second.tolist(), cosines.tolist(), strict=True):
            yield words[i], words[j], cosine


def graph(
    vectors: Vectors,
    threshold: float,
    *,
    most_frequent: int | None = None,
    k: int | None = None,
    progress: Progress = no_progress,
) -> Any:
    """The pairs of `edges` as a symmetric scipy.sparse.csr_array (n, n) of float32 cosines, with a diagonal of zeros.

    Row i is that of the i-th word, with `most_frequent` of the i-th of those in the order of the vocabulary.
    k: keep only the pairs that are among the k nearest of at least one of their two words; None keeps all.
    Memory: about 80 bytes a pair. Errors are those of `edges`; and ConfigError for more than 50 million pairs: before
    the work begins where a sample of words has twice as many, else on the way. MissingExtraError without SciPy.
    """
    if k is not None:
        k = whole("k", k, 1)
    sparse = _scipy_sparse()
    n = len(most_frequent_ids(vectors.counts, most_frequent))
    pairs = _joined(list(_all_pairs(vectors, threshold, most_frequent, MOST_PAIRS, progress)))
    if k is not None:
        pairs = _strongest(pairs, k)
    values = np.tile(pairs.cosines.astype(np.float32), 2)
    places = np.concatenate([pairs.first, pairs.second]), np.concatenate([pairs.second, pairs.first])
    matrix = sparse.csr_array((values, places), shape=(n, n))
    matrix.sort_indices()
    return matrix


def _scipy_sparse() -> Any:
    try:
        import scipy.sparse
    except ImportError as error:
        raise MissingExtraError('a sparse matrix needs SciPy: pip install "firth[scipy]"') from error
    return scipy.sparse


def _all_pairs(
    vectors: Vectors, threshold: float, most_frequent: int | None, most: int | None, progress: Progress
) -> Iterator[Pairs]:
    """Yield the pairs block by block, in order, at least one block. Raises ConfigError for more than `most`."""
    threshold = _checked_threshold(threshold)
    ids = most_frequent_ids(vectors.counts, most_frequent)
    rows = _Rows(vectors, ids, lengths(vectors)[ids], threshold)
    if most is not None:
        _check_estimate(rows, most_frequent)
    total = 0
    for start in range(0, len(ids), ROWS_AT_ONCE):
        progress("graph", start, len(ids))
        places = np.arange(start, min(start + ROWS_AT_ONCE, len(ids)))
        found = []
        for pairs in rows.pairs(places, start):
            total += len(pairs.first)
            if most is not None:
                _check_most(total, "at least ", rows, most_frequent)
            found.append(pairs)
        joined = _joined(found)
        yield _taken(joined, np.lexsort((joined.second, joined.first)))
    progress("graph", len(ids), len(ids))


class _Rows:
    """The rows of some words, to be compared."""

    def __init__(self, vectors: Vectors, ids: Ids, norms: Doubles, threshold: float) -> None:
        self._center, self._ids, self._norms = vectors.center, ids, norms
        self.n, self.threshold = len(ids), threshold
        self._doubt = (vectors.center.shape[1] + 8) * 2.0**-23  # of a float32 product of two rows of length 1

    def unit(self, places: Ids) -> Doubles:
        """Some of the rows, scaled to length 1."""
        return unit(self._center[self._ids[places]], self._norms[places])

    def pairs(self, places: Ids, start: int) -> Iterator[Pairs]:
        """Yield the pairs of words at `places` with those after them, from `start` on."""
        first = self.unit(places)
        for others, second, near in self.candidates(places, first, start):
            i, j = np.nonzero(near)
            cosines = _products(first, second, i, j)
            good = cosines >= self.threshold
            yield Pairs(places[i[good]].astype(np.int32), others[j[good]].astype(np.int32), cosines[good])

    def candidates(
        self, places: Ids, first: Doubles, start: int
    ) -> Iterator[tuple[Ids, Doubles, npt.NDArray[np.bool_]]]:
        """Yield other places from `start` on, their rows, and which of them may be near and come after each place."""
        narrow = first.astype(np.float32)
        for begin in range(start, self.n, COLUMNS_AT_ONCE):
            others = np.arange(begin, min(begin + COLUMNS_AT_ONCE, self.n))
            second = self.unit(others)
            near = narrow @ second.astype(np.float32).T >= self.threshold - self._doubt
            near &= places[:, None] < others
            yield others, second, near


def _products(first: Doubles, second: Doubles, i: Ids, j: Ids) -> Doubles:
    """The cosines of rows i of the one with rows j of the other."""
    found = np.empty(len(i))
    at_once = max(1, VALUES_AT_ONCE // first.shape[1])
    for start in range(0, len(i), at_once):
        part = slice(start, start + at_once)
        found[part] = np.clip((first[i[part]] * second[j[part]]).sum(axis=1), -1.0, 1.0)
    return found


def _check_estimate(rows: _Rows, most_frequent: int | None) -> None:
    """Raise ConfigError if a sample of words has so many pairs that all have more than twice `MOST_PAIRS`."""
    sample = np.unique(np.linspace(0, rows.n - 1, SAMPLE).round().astype(np.int64))
    pairs = sum(np.count_nonzero(near) for _, _, near in rows.candidates(sample, rows.unit(sample), 0))
    estimate = pairs * (rows.n / len(sample))
    if estimate > 2 * MOST_PAIRS:
        _check_most(round(estimate), "about ", rows, most_frequent)


def _check_most(pairs: int, about: str, rows: _Rows, most_frequent: int | None) -> None:
    if pairs > MOST_PAIRS:
        advice = "raise the threshold" + (" or give most_frequent" if most_frequent is None else "")
        raise ConfigError(
            f"{about}{pairs:,} pairs of the {rows.n:,} words have a cosine of {rows.threshold} or more: expected at "
            f"most {MOST_PAIRS:,}: {advice}"
        )


def _checked_threshold(threshold: float) -> float:
    good = isinstance(threshold, int | float | np.number) and not isinstance(threshold, bool)
    if not good or not 0 < threshold <= 1:
        raise ConfigError(f"threshold is {quoted(threshold)}: expected a number above 0, up to 1")
    return float(threshold)


def _strongest(pairs: Pairs, k: int) -> Pairs:
    """The pairs that are among the k nearest of one of their words; of equal ones the first in the vocabulary."""
    own, other = np.concatenate([pairs.first, pairs.second]), np.concatenate([pairs.second, pairs.first])
    order = np.lexsort((other, -np.tile(pairs.cosines, 2), own))
    sorted_own = own[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_own, sorted_own)
    kept = np.zeros(len(pairs.first), np.bool_)
    kept[order[rank < k] % len(kept)] = True
    return _taken(pairs, kept)


def _joined(parts: Sequence[Pairs]) -> Pairs:
    return Pairs(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.cosines for part in parts]),
    )


def _taken(pairs: Pairs, which: Ids | npt.NDArray[np.bool_]) -> Pairs:
    return Pairs(pairs.first[which], pairs.second[which], pairs.cosines[which])
