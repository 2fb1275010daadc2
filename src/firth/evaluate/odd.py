"""Odd one out: which word of a group does not belong to it."""

import numpy as np

from firth.evaluate.answers import ANSWERED, Answers, Lookup, gather, statuses, unit_rows
from firth.evaluate.reading import OddOneOut
from firth.vectors.rows import Progress, no_progress


def answer(lookup: Lookup, benchmark: OddOneOut, progress: Progress = no_progress) -> Answers:
    """Whether the word with the least mean cosine with the others of its group is the odd one.

    That is also the word furthest from the mean of all, each scaled to length 1 (gensim's doesnt_match), and the one
    without which the group is most compact (Camacho-Collados and Navigli, 2016). The first of equals is the answer,
    the odd word being last. An item is left out if one of its words has no vector.
    """
    items = [(*group, odd) for group, odd in zip(benchmark.groups, benchmark.odd, strict=True)]
    found, missing, left_out = gather(lookup, items)
    status = np.array([statuses(row[None])[0] for row in found], dtype=np.int64)
    values = np.full(len(items), np.nan)
    for i in np.flatnonzero(status == ANSWERED):
        progress("groups", int(i), len(items))
        rows = unit_rows(lookup.vectors, found[i])
        cosines = rows @ rows.sum(axis=0) - (rows * rows).sum(axis=1)
        values[i] = cosines.argmin() == len(rows) - 1
    return Answers("odd", status, values, np.ones(len(items)), missing, left_out)
