"""Similarity: the cosines of pairs of words beside people's ratings."""

import numpy as np

from firth.evaluate.answers import ANSWERED, Answers, Lookup, gather, in_blocks, statuses, unit_rows
from firth.evaluate.reading import Similarity
from firth.vectors.container import WordVectors
from firth.vectors.directions import Doubles, Ids

DECIMALS = 12
"""Of the cosines that are ranked: rounding leaves a word's cosine with itself some 1e-16 away from 1."""


def answer(lookup: Lookup, benchmark: Similarity) -> Answers:
    """The cosine of each pair, to 12 decimals, so that equal ones stay equal where they are ranked."""
    found, missing, left_out = gather(lookup, benchmark.pairs)
    ids = np.array(found, dtype=np.int64).reshape(-1, 2)
    status = statuses(ids)
    values = np.full(len(ids), np.nan)
    values[status == ANSWERED] = np.round(pair_cosines(lookup.vectors, ids[status == ANSWERED]), DECIMALS)
    return Answers("similarity", status, values, np.array(benchmark.ratings), missing, left_out)


def pair_cosines(vectors: WordVectors, ids: Ids) -> Doubles:
    """The cosines (n,) of pairs of words (n, 2)."""
    found = np.empty(len(ids))
    for block in in_blocks(len(ids), 2 * vectors.center.shape[1]):
        first, second = (unit_rows(vectors, column) for column in ids[block].T)
        found[block] = np.clip((first * second).sum(axis=1), -1.0, 1.0)
    return found
