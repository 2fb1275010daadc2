"""Clusters of words: k-means over directions (spherical k-means, Dhillon and Modha 2001).

A row counts by its direction alone: it belongs to the center with the largest cosine, and a center is the sum of its
rows, each scaled to length 1, scaled to length 1 itself. This raises the sum of all cosines with every step.

The result depends on vectors and seed only, not on blocks, threads or the machine's matrix product. float32 finds the
nearest center; where two are within rounding of each other, float64 decides. Sums are of whole numbers, the rows in
steps of 2^-36, because whole numbers have the same sum in any order.
"""

import dataclasses
from functools import cached_property

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError
from firth.vectors.directions import Doubles, Floats, Ids
from firth.vectors.rows import (
    Progress,
    Vectors,
    lengths,
    most_frequent_ids,
    no_progress,
    unit,
    whole,
)

STEPS = 100
"""The most steps of k-means."""

VALUES_AT_ONCE = 2**21
"""The most numbers in a block of rows, or in its scores, while clusters are found."""

SAMPLE = 5000
"""First centers are drawn from this many rows, or 10 for each cluster if that is more."""

ONE = 2.0**36
"""What 1 is in the sums of whole numbers; 2^27 rows fit into int64."""

NAMING = 3
"""How many words the name of a cluster has."""


@dataclasses.dataclass(frozen=True)
class Clusters:
    """Words in k clusters, numbered from the largest to the smallest.

    vocabulary: the n words. labels: int64 (n,), the cluster of each, -1 for a word whose vector is zero or not finite.
    cosines: float64 (n,), with the center of the own cluster, or 0. centers: float32 (k, d), of length 1. sizes: int64
    (k,), words in each. steps: how many were made. settled: whether the last one moved no word.
    """

    vocabulary: list[str]
    labels: Ids
    cosines: Doubles
    centers: Floats
    sizes: Ids
    steps: int
    settled: bool

    @property
    def names(self) -> list[str]:
        """A name for each cluster: its 3 most central words."""
        return [", ".join(self.words(cluster)[:NAMING]) for cluster in range(len(self.sizes))]

    def words(self, cluster: int) -> list[str]:
        """The words of a cluster, the most central first. Raises ConfigError where there is no such cluster."""
        end = int(self._ends[whole("cluster", cluster, 0, len(self.sizes) - 1)])
        return [self.vocabulary[i] for i in self._order[end - int(self.sizes[cluster]) : end]]

    @cached_property
    def _order(self) -> Ids:
        """The words in clusters by cluster, then by falling cosine, then as in the vocabulary."""
        return np.lexsort((-self.cosines, self.labels))[np.count_nonzero(self.labels < 0) :]

    @cached_property
    def _ends(self) -> Ids:
        """Where each cluster ends in `_order`."""
        return np.cumsum(self.sizes)


def clusters(
    vectors: Vectors, k: int, *, most_frequent: int | None = None, seed: int = 1, progress: Progress = no_progress
) -> Clusters:
    """The words in k clusters by the directions of their vectors; see the module for the method.

    k: from 1 to the number of words. most_frequent: only this many words, by count; None means all. seed: draws the
    first centers, by greedy k-means++ (Arthur and Vassilvitskii 2007), from a sample of 5,000 words, or 10 k if that is
    more. progress: called with what is done, how far it is and how far it may go.

    Ends when a step moves no word, or after 100 steps. A cluster that a step leaves empty gets the word that is
    farthest from its center, of those in clusters with others. A vector that is zero or not finite is in no cluster.
    Memory: besides the vectors, some numbers a word, those of the centers, and blocks of some 16 MB.

    Raises ConfigError for numbers out of range.
    """
    k, seed = whole("k", k, 1), whole("seed", seed, 0, 2**63 - 1)
    ids = most_frequent_ids(vectors.counts, most_frequent)
    norms = lengths(vectors)[ids]
    filled = np.flatnonzero(norms)
    if k > len(filled):
        raise ConfigError(f"k is {k:,}, but {len(filled):,} words have a vector with a direction: lower it")
    rows = Rows(vectors.center, ids[filled], norms[filled])
    starts = first_centers(rows, k, np.random.default_rng(seed), progress)
    labels, centers, steps, settled = k_means(rows, starts, progress)
    order = _by_size(labels, k)
    found = np.full(len(ids), -1), np.zeros(len(ids))
    found[0][filled] = np.argsort(order)[labels]
    found[1][filled] = rows.cosines(labels, centers)
    sizes = np.bincount(labels)[order]
    words = [vectors.words[i] for i in ids]
    return Clusters(words, *found, centers[order].astype(np.float32), sizes, steps, settled)


class Rows:
    """Rows of a matrix whose directions are clustered: those of `ids` (n,), none of them zero."""

    def __init__(self, matrix: Floats, ids: Ids, norms: Doubles) -> None:
        """Keep the parts; norms: the lengths (n,) of these rows."""
        self._matrix, self._ids, self._norms = matrix, ids, norms
        self.n, self.d = len(ids), matrix.shape[1]

    def unit(self, part: Ids | slice) -> Doubles:
        """Some of the rows, scaled to length 1."""
        return unit(self._matrix[self._ids[part]], self._norms[part])

    def narrow(self, part: slice) -> Floats:
        """Some of the rows, scaled to length 1, in float32, but divided in float64, in which no length overflows."""
        found = np.ascontiguousarray(self._matrix[self._ids[part]])
        np.divide(found, self._norms[part, None], out=found, dtype=np.float64, casting="same_kind")
        return found

    def cosines(self, labels: Ids, centers: Doubles) -> Doubles:
        """The cosine (n,) of each row with the center that its label names."""
        found = np.empty(self.n)
        for part in _blocks(self.n, self.d):
            found[part] = np.clip((self.unit(part) * centers[labels[part]]).sum(axis=1), -1.0, 1.0)
        return found


def first_centers(rows: Rows, k: int, rng: np.random.Generator, progress: Progress = no_progress) -> Doubles:
    """Centers (k, d): rows of a sample drawn one after another, far from those before (greedy k-means++).

    The chance of a row is proportional to 1 - cosine with the nearest center, half the squared distance. Of 2 + ln k
    rows drawn so, the one that leaves the least of these in sum becomes a center. Rows are rounded to steps of 2^-25
    for this: float64 then has room for their products without rounding, so these are the same in any order.
    """
    size = min(rows.n, max(SAMPLE, 10 * k))
    places = np.sort(rng.choice(rows.n, size, replace=False))
    steps = np.rint(rows.unit(places) * 2.0**25)
    tries = 2 + int(np.log(k))
    chosen = [int(rng.integers(size))]
    far = _distances(steps, chosen)[0]
    while len(chosen) < k:
        progress("first centers", len(chosen), k)
        sums = np.cumsum(far)
        if sums[-1] > 0:
            drawn = np.searchsorted(sums, rng.random(tries) * sums[-1], side="right")
            drawn = np.minimum(drawn, np.flatnonzero(far)[-1])
        else:  # only copies of the chosen ones are left
            drawn = rng.choice(np.setdiff1d(np.arange(size), chosen), 1)
        left = np.minimum(far, _distances(steps, drawn))
        best = int(left.sum(axis=1).argmin())
        chosen.append(int(drawn[best]))
        far = left[best]
    return rows.unit(places[chosen])


def _distances(steps: Doubles, chosen: Ids | list[int]) -> Doubles:
    """1 - cosine (m, n) of m chosen rows with all n, in steps of 2^-25; 0 below a millionth, for copies."""
    found = 1 - steps[chosen] @ steps.T * 2.0**-50
    return np.asarray(np.where(found > 2.0**-20, found, 0.0))


def k_means(rows: Rows, centers: Doubles, progress: Progress = no_progress) -> tuple[Ids, Doubles, int, bool]:
    """Labels (n,), centers (k, d) of length 1, how many steps that took, and whether the last one moved no row.

    centers: to begin with, (k, d) of length 1.
    """
    k = len(centers)
    labels = np.full(rows.n, -1)
    sums = np.zeros((k, rows.d), np.int64)
    for step in range(1, STEPS + 1):
        progress("clusters", step - 1, STEPS)
        new = _refilled(rows, nearest_centers(rows, centers), centers)
        moved = np.flatnonzero(new != labels)
        if not len(moved):
            return labels, centers, step, True
        _move(rows, moved, labels, new, sums)
        labels, centers = new, _directions(sums)
    return labels, centers, STEPS, False


def nearest_centers(rows: Rows, centers: Doubles) -> Ids:
    """For each row the number (n,) of the center with the largest cosine; of equal ones the first."""
    k, d = centers.shape
    labels = np.empty(rows.n, np.int64)
    narrow = centers.astype(np.float32)
    doubt = (d + 8) * 2.0**-23  # of two float32 products of rows of length 1
    for part in _blocks(rows.n, max(k, d)):
        scores = rows.narrow(part) @ narrow.T
        labels[part] = scores.argmax(axis=1)
        close = scores >= (scores.max(axis=1) - doubt)[:, None]
        unsure = np.flatnonzero(np.count_nonzero(close, axis=1) > 1)
        labels[part][unsure] = _decide(rows.unit(part.start + unsure), centers, close[unsure])
    return labels


def _decide(block: Doubles, centers: Doubles, close: npt.NDArray[np.bool_]) -> Ids:
    """The nearest of the close centers (m, k) of each row (m, d), by cosines in float64; of equal ones the first."""
    own, numbers = np.nonzero(close)
    scores = np.full(close.shape, -np.inf)
    for part in _blocks(len(own), block.shape[1]):
        rows, columns = own[part], numbers[part]
        scores[rows, columns] = (block[rows] * centers[columns]).sum(axis=1)
    return np.asarray(scores.argmax(axis=1))


def _move(rows: Rows, moved: Ids, old: Ids, new: Ids, sums: npt.NDArray[np.int64]) -> None:
    """Take the moved rows from the sums of their old clusters, if they had one, and add them to those of the new."""
    for part in _blocks(len(moved), rows.d):
        ids = moved[part]
        values = np.rint(rows.unit(ids) * ONE).astype(np.int64)
        _add(sums, new[ids], values)
        had = old[ids] >= 0
        _add(sums, old[ids][had], -values[had])


def _add(sums: npt.NDArray[np.int64], labels: Ids, values: npt.NDArray[np.int64]) -> None:
    """Add each row of `values` to the row of `sums` that its label names."""
    if len(labels):
        order = np.argsort(labels, kind="stable")
        own, starts = np.unique(labels[order], return_index=True)
        sums[own] += np.add.reduceat(values[order], starts, axis=0)


def _directions(sums: npt.NDArray[np.int64]) -> Doubles:
    """The sums scaled to length 1; zero ones stay zero."""
    plain = sums / ONE
    norms = np.sqrt((plain * plain).sum(axis=1, keepdims=True))
    return np.asarray(plain / np.where(norms > 0, norms, 1.0))


def _refilled(rows: Rows, labels: Ids, centers: Doubles) -> Ids:
    """The labels, with the farthest row of a cluster that has others in each empty one, the first of equal ones."""
    sizes = np.bincount(labels, minlength=len(centers))
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        far = iter(np.argsort(rows.cosines(labels, centers), kind="stable").tolist())
        for cluster in empty:
            row = next(row for row in far if sizes[labels[row]] > 1)
            sizes[labels[row]] -= 1
            labels[row] = cluster
    return labels


def _by_size(labels: Ids, k: int) -> Ids:
    """The numbers of the clusters, the largest first, of equal ones that with the first word of the vocabulary."""
    _, first = np.unique(labels, return_index=True)
    return np.lexsort((first, -np.bincount(labels, minlength=k)))


def _blocks(rows: int, width: int) -> list[slice]:
    """Slices that cover rows of `width` numbers, of at most `VALUES_AT_ONCE` numbers or of one row."""
    at_once = max(1, VALUES_AT_ONCE // width)
    return [slice(start, start + at_once) for start in range(0, rows, at_once)]
