"""Categorisation: words put into as many clusters as there are classes, by k-means."""

import numpy as np

from firth.evaluate.answers import ANSWERED, Answers, Lookup, gather, statuses
from firth.evaluate.reading import Categories
from firth.vectors.clusters import Rows, first_centers, k_means
from firth.vectors.container import WordVectors
from firth.vectors.directions import Ids
from firth.vectors.rows import Progress, no_progress

STARTS = 10
SEED = 1


def answer(lookup: Lookup, benchmark: Categories, progress: Progress = no_progress) -> Answers:
    """The cluster of each word, k being the number of classes of these words."""
    found, missing, left_out = gather(lookup, [(word,) for word in benchmark.words])
    ids = np.array(found, dtype=np.int64).reshape(-1, 1)
    status = statuses(ids)
    classes = np.unique(benchmark.classes, return_inverse=True)[1].astype(np.float64)
    values, rows = np.full(len(ids), np.nan), np.flatnonzero(status == ANSWERED)
    if len(rows):
        values[rows] = clusters_of(lookup.vectors, ids[rows, 0], len(np.unique(classes[rows])), progress)
    return Answers("categories", status, values, classes, missing, left_out)


def clusters_of(vectors: WordVectors, ids: Ids, k: int, progress: Progress = no_progress) -> Ids:
    """The cluster (m,) of each of some words, from 0 to k - 1; k at most m.

    `firth.vectors.clusters.k_means` from STARTS starts, drawn with SEED; the one with the largest sum of cosines
    counts, the first of equals.
    """
    rows, rng = Rows(vectors.center, ids, vectors.norms[ids]), np.random.default_rng(SEED)
    runs = [k_means(rows, first_centers(rows, k, rng, progress), progress)[:2] for _ in range(STARTS)]
    return max(runs, key=lambda run: rows.cosines(*run).sum())[0]
