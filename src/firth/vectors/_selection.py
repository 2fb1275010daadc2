"""The compiled selection of batches: each query keeps its best rows in a heap, the worst of them on top."""

from firth.native.jit import compiled, inlined

CHUNK = 64


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
def keep_nearest(products, factors, first, scores, ids, begin, end):
    """Keep the best of a block of rows for queries begin to end.

    products: float32 (q, rows); factors: float32 (rows,), which make cosines of them, NaN for rows that are no answers;
    first: the id of the first row; scores, ids: (q, kept), the heaps.
    """
    rows = products.shape[1]
    for query in range(begin, end):
        for at in range(0, rows, CHUNK):
            stop = min(at + CHUNK, rows)
            top = scores[query, 0]
            better = 0
            for row in range(at, stop):
                better += products[query, row] * factors[row] > top
            if better:
                for row in range(at, stop):
                    score = products[query, row] * factors[row]
                    if score > scores[query, 0]:
                        replace_top(scores, ids, query, score, first + row)


@compiled
def keep_sums(cosines, first, questions, scores, ids, begin, end):
    """Keep the best answers among a block of rows for questions begin to end, by cos b - cos a + cos c.

    cosines: float32 (terms, rows), NaN for rows that are no answers; questions: int64 (q, 3), the terms a, b and c.
    """
    rows = cosines.shape[1]
    for question in range(begin, end):
        a, b, c = questions[question, 0], questions[question, 1], questions[question, 2]
        for at in range(0, rows, CHUNK):
            stop = min(at + CHUNK, rows)
            top = scores[question, 0]
            better = 0
            for row in range(at, stop):
                better += cosines[b, row] - cosines[a, row] + cosines[c, row] > top
            if better:
                for row in range(at, stop):
                    score = cosines[b, row] - cosines[a, row] + cosines[c, row]
                    if score > scores[question, 0]:
                        replace_top(scores, ids, question, score, first + row)
