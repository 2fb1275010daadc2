"""Categorisation: words put into as many clusters as there are classes, by k-means."""

import numpy as np
import numpy.typing as npt

from firth.evaluate.answers import ANSWERED, Answers, Lookup, gather, in_blocks, statuses, unit_rows
from firth.evaluate.reading import Categories
from firth.vectors.directions import Doubles, Ids

STARTS = 10
STEPS = 100
SEED = 1


def answer(lookup: Lookup, benchmark: Categories) -> Answers:
    """The cluster of each word: k-means of the vectors, scaled to length 1, k the number of classes of these words."""
    found, missing, left_out = gather(lookup, [(word,) for word in benchmark.words])
    ids = np.array(found, dtype=np.int64).reshape(-1, 1)
    status = statuses(ids)
    classes = np.unique(benchmark.classes, return_inverse=True)[1].astype(np.float64)
    values, rows = np.full(len(ids), np.nan), np.flatnonzero(status == ANSWERED)
    if len(rows):
        values[rows] = k_means(unit_rows(lookup.vectors, ids[rows, 0]), len(np.unique(classes[rows])))
    return Answers("categories", status, values, classes, missing, left_out)


def k_means(points: Doubles, k: int) -> Ids:
    """The cluster (n,) of each point (n, d), from 0 to k - 1; k at most n.

    Lloyd's algorithm from STARTS starts, each chosen by k-means++ (Arthur and Vassilvitskii, 2007) with SEED; the one
    with the least sum of squared distances counts, the first of equals.
    """
    rng = np.random.default_rng(SEED)
    runs = [_lloyd(points, _start(points, k, rng)) for _ in range(STARTS)]
    return min(runs, key=lambda run: run[1])[0]


def _start(points: Doubles, k: int, rng: np.random.Generator) -> Doubles:
    """k of the points as centers, each drawn with a chance that grows with its squared distance from those before."""
    chosen = [int(rng.integers(len(points)))]
    squared = _squared(points, points[chosen])[:, 0]
    while len(chosen) < k:
        total = squared.sum()
        drawn = int(np.searchsorted(np.cumsum(squared), rng.random() * total)) if total > 0 else 0
        chosen.append(min(drawn, len(points) - 1))
        squared = np.minimum(squared, _squared(points, points[chosen[-1:]])[:, 0])
    return points[chosen]


def _lloyd(points: Doubles, centers: Doubles) -> tuple[Ids, float]:
    """The clusters that centers settle in, and the sum of squared distances. An empty cluster keeps its center."""
    clusters, distance = _nearest(points, centers)
    for _ in range(STEPS):
        centers = _means(points, clusters, centers)
        again, distance = _nearest(points, centers)
        if (again == clusters).all():
            break
        clusters = again
    return clusters, distance


def _means(points: Doubles, clusters: Ids, centers: Doubles) -> Doubles:
    order = np.argsort(clusters, kind="stable")
    present, starts, counts = np.unique(clusters[order], return_index=True, return_counts=True)
    means = centers.copy()
    means[present] = np.add.reduceat(points[order], starts, axis=0) / counts[:, None]
    return means


def _nearest(points: Doubles, centers: Doubles) -> tuple[Ids, float]:
    clusters, distance = np.empty(len(points), dtype=np.int64), 0.0
    for block in in_blocks(len(points), len(centers)):
        squared = _squared(points[block], centers)
        clusters[block] = squared.argmin(axis=1)
        distance += float(squared.min(axis=1).sum())
    return clusters, distance


def _squared(points: Doubles, centers: Doubles) -> npt.NDArray[np.float64]:
    """The squared distances (n, k) of points from centers."""
    squared = (points**2).sum(axis=1)[:, None] - 2 * points @ centers.T + (centers**2).sum(axis=1)
    return np.asarray(np.maximum(squared, 0.0))
