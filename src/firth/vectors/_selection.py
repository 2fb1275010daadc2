"""The compiled selection of batches: each query keeps its best rows in a heap, the worst of them on top."""

from firth.native import simd
from firth.native.arrays import LANES
from firth.native.jit import compiled, inlined


@inlined
def replace_top(scores, ids, query, score, row):
    """Put a row in the place of the worst one kept, and let it sink to where no worse one is below."""
    kept, hole = scores.shape[1], 0
    while 2 * hole + 1 < kept:
        child = 2 * hole + 1
        if child + 1 < kept and scores[query, child + 1] < scores[query, child]:
            child += 1
        if scores[query, child] >= score:
            break
        scores[query, hole] = scores[query, child]
        ids[query, hole] = ids[query, child]
        hole = child
    scores[query, hole] = score
    ids[query, hole] = row


@compiled
def keep_nearest(products, factors, first, scores, ids):
    """Keep the best of a block of rows for each query.

    products: float32 (q, rows); factors: float32 (rows,), which make cosines of them, NaN for rows that are no answers;
    first: the id of the first row; scores, ids: (q, kept), the heaps.
    """
    rows = products.shape[1]
    for query in range(len(scores)):
        at, scale = products.ctypes.data + 4 * rows * query, factors.ctypes.data
        for row in range(0, rows, LANES):
            few = row + LANES > rows
            if few or simd.any_above(
                simd.multiply(simd.load(at + 4 * row), simd.load(scale + 4 * row)), scores[query, 0]
            ):
                for i in range(row, min(row + LANES, rows)):
                    score = products[query, i] * factors[i]
                    if score > scores[query, 0]:
                        replace_top(scores, ids, query, score, first + i)


@compiled
def keep_sums(cosines, first, questions, scores, ids):
    """Keep the best answers among a block of rows for each question, by cos b - cos a + cos c.

    cosines: float32 (terms, rows), NaN for rows that are no answers; questions: int64 (q, 3), the terms a, b and c.
    """
    rows = cosines.shape[1]
    for question in range(len(scores)):
        a, b, c = questions[question, 0], questions[question, 1], questions[question, 2]
        table = cosines.ctypes.data
        at_a, at_b, at_c = table + 4 * rows * a, table + 4 * rows * b, table + 4 * rows * c
        for row in range(0, rows, LANES):
            few = row + LANES > rows
            if few or simd.any_above(
                simd.add(simd.sub(simd.load(at_b + 4 * row), simd.load(at_a + 4 * row)), simd.load(at_c + 4 * row)),
                scores[question, 0],
            ):
                for i in range(row, min(row + LANES, rows)):
                    score = cosines[b, i] - cosines[a, i] + cosines[c, i]
                    if score > scores[question, 0]:
                        replace_top(scores, ids, question, score, first + i)
