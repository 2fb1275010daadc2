"""The arithmetic of queries: rows scaled to length 1, cosines, and the nearest rows of a matrix.

float32 finds the candidates and float64 decides between them, so an answer depends neither on how the work is cut into
blocks nor on the machine's matrix product.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

VALUES_AT_ONCE = 2**23
"""The most numbers that one block of a computation holds, so that memory stays bounded."""


def scaled(rows: npt.NDArray[np.floating]) -> Doubles:
    """The rows (..., d) in float64, scaled to length 1; a zero row stays zero."""
    rows = rows.astype(np.float64)
    lengths = np.sqrt((rows * rows).sum(axis=-1, keepdims=True))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def cosines(rows: Doubles, query: Doubles) -> Doubles:
    """The cosines (n,) of rows (n, d) with a query (d,), all of length 1: equal rows get equal bits."""
    return np.asarray(np.clip((rows * query).sum(axis=1), -1.0, 1.0))


def three_cos_add(a: Doubles, b: Doubles, c: Doubles) -> Doubles:
    """Where the answers to "a is to b as c is to ?" lie nearest: b - a + c, scaled to length 1.

    a, b, c: (..., d), of length 1. Mikolov et al. (2013); 3CosAdd is the name of Levy and Goldberg (2014).
    """
    return scaled(b - a + c)


def nearest(
    center: Floats, unit: Floats, queries: Doubles, excluded: Sequence[Sequence[int]] | Ids, k: int
) -> Iterator[tuple[Ids, Doubles]]:
    """Yield for each query the ids of the k nearest rows and their cosines, best first; ties by rising id.

    center: (n, d), finite. unit: its rows scaled to length 1. queries: (q, d), of length 1. excluded: for each query
    the ids that are no answers. k: 1 or more; there are fewer answers where no more rows are left.
    """
    n, d = center.shape
    doubt = (d + 8) * 2.0**-23  # of a float32 product of two rows of length 1
    queries_at_once = max(1, VALUES_AT_ONCE // n)
    for start in range(0, len(queries), queries_at_once):
        block = queries[start : start + queries_at_once]
        products = block.astype(np.float32) @ unit.T
        for query, scores, out in zip(block, products, excluded[start : start + queries_at_once], strict=True):
            scores[out] = -np.inf
            most = min(k, n - len(set(out)))
            if most == 0:
                yield np.empty(0, np.int64), np.empty(0)
                continue
            least = scores.max() if most == 1 else np.partition(scores, n - most)[n - most]
            candidates = np.flatnonzero(scores >= least - doubt)
            found = cosines(scaled(center[candidates]), query)
            best = np.lexsort((candidates, -found))[:most]
            yield candidates[best], found[best]
