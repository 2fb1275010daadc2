"""The nearest rows of a matrix, and the answers of analogies, best first.

float32 finds the candidates and float64 decides between them, so an answer depends neither on how the work is cut into
blocks nor on the machine's matrix product. A few queries need NumPy alone; many go through a compiled selection.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from firth.vectors.batches import Excluded, Found, answers_of_many, nearest_of_many
from firth.vectors.directions import VALUES_AT_ONCE, Directions, Doubles, Ids, three_cos_add

COMPILED_FROM = 48
"""The number of queries from which it pays to load the compiled selection."""

CHUNK = 64
"""Scores of which first only the largest is looked at."""

MUL_EPSILON = 0.001
"""What 3CosMul adds to the denominator (Levy and Goldberg, 2014)."""


def three_cos_mul(a: Doubles, b: Doubles, c: Doubles) -> Doubles:
    """The scores of answers to "a is to b as c is to ?", from their cosines with a, b and c; 0 or more.

    B C / (A + 0.001), where A = (1 + cos(answer, a)) / 2, and so on (Levy and Goldberg, 2014).
    """
    return np.asarray((1 + b) * (1 + c) / 4 / ((1 + a) / 2 + MUL_EPSILON))


def nearest(
    directions: Directions, queries: Doubles, excluded: Excluded, k: int | None, least: float = -np.inf
) -> Iterator[Found]:
    """Yield for each query the ids of the k nearest rows and their cosines, best first; ties by rising id.

    queries: (q, d), of length 1. excluded: for each query the ids that are no answers. k: 1 or more, or None for all.
    Answers have cosines of at least `least`; there are fewer than k where no more rows are left.
    """
    if k is None or not _pays(len(queries), k, directions):
        yield from _nearest_of_few(directions, queries, excluded, k, least)
        return
    found_at_once = nearest_of_many(directions, queries, excluded, k)
    for query, own, found in zip(queries, excluded, found_at_once, strict=True):
        ids, values = found or next(_nearest_of_few(directions, query[None], [own], k))
        yield ids[values >= least], values[values >= least]


def answers_by_addition(
    directions: Directions, terms: Doubles, questions: Ids, excluded: Excluded, k: int
) -> Iterator[Found]:
    """Yield for each question "a is to b as c is to ?" the k rows nearest to `three_cos_add`, as `nearest` does.

    terms: (t, d), of length 1. questions: (q, 3), the places of a, b and c among the terms.
    """
    a, b, c = questions.T
    if not _pays(len(questions), k, directions):
        yield from _nearest_of_few(directions, three_cos_add(terms[a], terms[b], terms[c]), excluded, k)
        return
    found_at_once = answers_of_many(directions, terms, questions, excluded, k)
    for number, (own, found) in enumerate(zip(excluded, found_at_once, strict=True)):
        query = three_cos_add(*terms[questions[number]])
        yield found or next(_nearest_of_few(directions, query[None], [own], k))


def _pays(queries: int, k: int, directions: Directions) -> bool:
    """Whether the compiled selection is worth loading."""
    return queries >= COMPILED_FROM and 4 * k < len(directions)


def _nearest_of_few(
    directions: Directions, queries: Doubles, excluded: Excluded, k: int | None, least: float = -np.inf
) -> Iterator[Found]:
    at_once = max(1, VALUES_AT_ONCE // len(directions))
    for start in range(0, len(queries), at_once):
        block, out_of_all = queries[start : start + at_once], excluded[start : start + at_once]
        for query, scores, out in zip(block, directions.scores(block), out_of_all, strict=True):
            scores[out] = -np.inf
            floor = max(_floor(scores, k), least) - directions.doubt
            candidates = np.flatnonzero(scores >= max(floor, -2))
            yield _best(candidates, directions.cosines(candidates, query), k, least)


def place_among(directions: Directions, query: Doubles, excluded: Sequence[int], row: int) -> int:
    """The place of a row among the neighbours of a query (d,) of length 1: 1 for the nearest; ties by rising id."""
    scores = directions.scores(query[None])[0]
    scores[excluded] = -np.inf
    own = directions.cosines(np.array([row]), query)[0]
    before = int((scores > own + directions.doubt).sum())
    unsure = np.flatnonzero(np.abs(scores - own) <= directions.doubt)
    exact = directions.cosines(unsure, query)
    return 1 + before + int(((exact > own) | ((exact == own) & (unsure < row))).sum())


def answers_by_multiplication(directions: Directions, terms: Doubles, excluded: Sequence[int], k: int) -> Found:
    """The ids and the `three_cos_mul` of the k best answers to "a is to b as c is to ?"; ties by rising id.

    terms: (3, d), a, b and c, of length 1. excluded: the ids that are no answers.
    """
    scores = directions.scores(terms)
    scores[:, excluded] = -np.inf
    there = np.flatnonzero(np.isfinite(scores[0]))
    a, b, c = scores[:, there].astype(np.float64)
    doubt = directions.doubt
    most = three_cos_mul(*np.clip([a - doubt, b + doubt, c + doubt], -1, 1))
    fewest = three_cos_mul(*np.clip([a + doubt, b - doubt, c - doubt], -1, 1))
    candidates = there[most >= _floor(fewest, k)]
    exact = (directions.cosines(candidates, term) for term in terms)
    return _best(candidates, three_cos_mul(*exact), k)


def _best(ids: Ids, scores: Doubles, k: int | None, least: float = -np.inf) -> Found:
    """The k best of rows by their scores, of at least `least`, and these scores."""
    order = np.lexsort((ids, -scores))[:k]
    order = order[scores[order] >= least]
    return ids[order], scores[order]


def _floor(scores: npt.NDArray[np.floating], k: int | None) -> float:
    """A number that at least k of the scores reach, and few more; -inf if k is None or there are no k scores."""
    if k is None or k > len(scores):
        return -np.inf
    whole = len(scores) // CHUNK * CHUNK
    if whole >= 4 * CHUNK * k:  # k chunks have a largest score of this, so k scores reach it
        scores = scores[:whole].reshape(-1, CHUNK).max(axis=1)
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])
