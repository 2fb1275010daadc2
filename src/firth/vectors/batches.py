"""Many queries at once: blocked matrix products and a compiled selection.

Of each query the best rows by float32 scores are kept, a few more than asked for, and float64 decides between them.
Where that does not show that no other row comes before them, as among many equal rows, the answer is None.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from firth.vectors.directions import VALUES_AT_ONCE, Directions, Doubles, Ids, cosines, scaled, three_cos_add

Found = tuple[Ids, Doubles]
Excluded = Sequence[Sequence[int]] | Ids

SPARE = 8
"""How many rows more than needed are kept, so that those are there whose order float32 cannot tell."""

QUERIES_AT_ONCE = 2**10
ROWS_AT_ONCE = 2**12
QUESTIONS_AT_ONCE = 2**13
SCORES_IN_CACHE = 2**18


def nearest_of_many(directions: Directions, queries: Doubles, excluded: Excluded, k: int) -> Iterator[Found | None]:
    """Yield for each query the k nearest rows and their cosines, as `queries.nearest` does, or None."""
    from firth.vectors._selection import keep_nearest

    at_once = max(1, min(QUERIES_AT_ONCE, VALUES_AT_ONCE // k))
    for start in range(0, len(queries), at_once):
        block, out = queries[start : start + at_once], excluded[start : start + at_once]
        best = _Best(len(block), k, out)
        for begin in range(0, len(directions), ROWS_AT_ONCE):
            end = begin + ROWS_AT_ONCE
            products = directions.products(block, begin, end)
            keep_nearest(products, directions.factors[begin:end], begin, best.scores, best.ids)
        yield from best.decided(directions, block, directions.doubt, np.ones(len(block)))


def answers_of_many(
    directions: Directions, terms: Doubles, questions: Ids, excluded: Excluded, k: int
) -> Iterator[Found | None]:
    """Yield for each question "a is to b as c is to ?" what `queries.answers_by_addition` does, or None.

    Each term's cosines with the rows are computed once, however many questions it is in.
    """
    from firth.vectors._selection import keep_sums

    at_once = max(1, min(QUESTIONS_AT_ONCE, VALUES_AT_ONCE // k))
    for start in range(0, len(questions), at_once):
        out = excluded[start : start + at_once]
        used, places = np.unique(questions[start : start + at_once], return_inverse=True)
        own, places = terms[used], places.reshape(-1, 3)
        best = _Best(len(places), k, out)
        rows = max(1, SCORES_IN_CACHE // len(used))
        for begin in range(0, len(directions), rows):
            end = begin + rows
            scores = directions.products(own, begin, end)
            scores *= directions.factors[begin:end]
            keep_sums(scores, begin, places, best.scores, best.ids)
        a, b, c = (own[column] for column in places.T)
        lengths = np.sqrt(((b - a + c) ** 2).sum(axis=1))
        yield from best.decided(directions, three_cos_add(a, b, c), 4 * directions.doubt, lengths)


class _Best:
    """The best rows of each query so far by float32 scores, in heaps that have the worst on top."""

    def __init__(self, queries: int, k: int, excluded: Excluded) -> None:
        most = max(map(len, excluded))
        self._k, self._excluded = k, np.full((queries, most), -1)
        for row, out in zip(self._excluded, excluded, strict=True):
            row[: len(out)] = out
        kept = k + most + SPARE
        self.scores = np.full((queries, kept), -np.inf, np.float32)
        self.ids = np.full((queries, kept), -1)

    def decided(
        self, directions: Directions, queries: Doubles, doubt: float, lengths: Doubles
    ) -> Iterator[Found | None]:
        """Yield for each query the k best of the rows kept, by their cosines, and these; None if others may be better.

        The float32 scores are cosines times lengths (q,), each off by `doubt` at most.
        """
        kept = self.ids.shape[1]
        at_once = max(1, VALUES_AT_ONCE // (kept * queries.shape[1]))
        for start in range(0, len(queries), at_once):
            part = slice(start, start + at_once)
            ids = self.ids[part]
            with np.errstate(invalid="ignore"):  # the row of id -1 may be broken
                found = cosines(scaled(directions.rows[ids]), queries[part, None])
            for out in self._excluded[part].T:
                found[ids == out[:, None]] = -np.inf
            found[ids < 0] = -np.inf
            order = np.lexsort((ids, -found), axis=-1)[:, : self._k]
            ids, found = np.take_along_axis(ids, order, axis=1), np.take_along_axis(found, order, axis=1)
            with np.errstate(divide="ignore"):
                others = (self.scores[part, 0] + doubt) / lengths[part]
            for row_ids, row_found, other in zip(ids, found, others, strict=True):
                there = np.isfinite(row_found)
                yield (row_ids[there], row_found[there]) if row_found[-1] > other else None
