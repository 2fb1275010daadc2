"""The rows of a matrix as directions: lengths, cosines, and float32 products with queries in bounded memory."""

import dataclasses
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

VALUES_AT_ONCE = 2**23
"""The most numbers that one block of a computation holds, so that memory stays bounded."""

VALUES_IN_CACHE = 2**16
"""The numbers of a block that is gone through several times."""

SAFE_LENGTHS = 1e-15, 1e15
"""The lengths of rows whose float32 products neither overflow nor vanish."""


def scaled(rows: npt.NDArray[np.floating]) -> Doubles:
    """The rows (..., d) in float64, scaled to length 1; a zero row stays zero."""
    rows = rows.astype(np.float64, order="C")  # in another layout, sums along a row would be rounded otherwise
    with np.errstate(over="ignore", under="ignore"):
        lengths = np.sqrt((rows * rows).sum(axis=-1, keepdims=True))
    extreme = ~((lengths > 1e-100) & (lengths < 1e100))  # squares overflow or vanish, but for zero rows
    if extreme.any():
        largest = np.abs(rows).max(axis=-1, keepdims=True)
        rows = np.where(
            extreme & (largest > 0) & np.isfinite(largest), rows / np.where(largest > 0, largest, 1.0), rows
        )
        lengths = np.sqrt((rows * rows).sum(axis=-1, keepdims=True))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def cosines(rows: Doubles, query: Doubles) -> Doubles:
    """The cosines (...,) of rows (..., d) with queries that broadcast to them, all of length 1.

    Equal rows get equal bits.
    """
    return np.asarray(np.clip((rows * query).sum(axis=-1), -1.0, 1.0))


def three_cos_add(a: Doubles, b: Doubles, c: Doubles) -> Doubles:
    """Where the answers to "a is to b as c is to ?" lie nearest: b - a + c, scaled to length 1.

    a, b, c: (..., d), of length 1. Mikolov et al. (2013); 3CosAdd is the name of Levy and Goldberg (2014).
    """
    return scaled(b - a + c)


def lengths_of(rows: npt.NDArray[np.floating]) -> Doubles:
    """The lengths (n,) of the rows (n, d); infinite or NaN for a row that is not finite."""
    n, d = rows.shape
    lengths = np.empty(n)
    at_once = max(1, VALUES_IN_CACHE // d)
    for begin in range(0, n, at_once):
        block = rows[begin : begin + at_once].astype(np.float64, order="C")
        lengths[begin : begin + at_once] = np.sqrt(np.einsum("nd,nd->n", block, block))
    return lengths


@dataclasses.dataclass(frozen=True, eq=False)
class Directions:
    """The rows of a matrix, of which queries look at the direction alone; they are not copied.

    rows: float32 (n, d). lengths: float64 (n,), those of the rows, as `lengths_of` gives them. A row that is zero or
    not finite has no direction and is never an answer.
    """

    rows: Floats
    lengths: Doubles

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    @property
    def doubt(self) -> float:
        """How far a float32 cosine may be from the true one."""
        return float((self.rows.shape[1] + 16) * 2.0**-23)

    @cached_property
    def missing(self) -> Ids:
        """The rows without a direction."""
        return np.flatnonzero(~self._there)

    @cached_property
    def factors(self) -> Floats:
        """What turns a float32 product with a row into a cosine (n,): 1 / length; NaN for rows without direction."""
        factors = np.full(len(self), np.nan, np.float32)
        factors[self._there] = 1 / np.clip(self.lengths[self._there], *SAFE_LENGTHS)
        factors[self._extreme] = 1
        return factors

    @cached_property
    def _there(self) -> npt.NDArray[np.bool_]:
        return np.isfinite(self.lengths) & (self.lengths > 0)

    @cached_property
    def _extreme(self) -> Ids:
        """The rows whose float32 products would overflow or vanish."""
        low, high = SAFE_LENGTHS
        return np.flatnonzero(self._there & ((self.lengths < low) | (self.lengths > high)))

    def first(self, n: int) -> Self:
        """The first n rows."""
        return type(self)(self.rows[:n], self.lengths[:n])

    def chosen(self, ids: Ids) -> Self:
        """A copy of the rows `ids`."""
        return type(self)(self.rows[ids], self.lengths[ids])

    def products(self, queries: Doubles, begin: int, end: int) -> Floats:
        """The float32 products (q, end - begin) of queries with rows begin to end; times `factors`, their cosines.

        queries: (q, d), of length 1.
        """
        single, block = queries.astype(np.float32), self.rows[begin:end]
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            products = (block @ single[0])[None] if len(single) == 1 else single @ block.T
        extreme = self._extreme[slice(*np.searchsorted(self._extreme, [begin, end]))]
        if len(extreme):
            products[:, extreme - begin] = queries @ scaled(self.rows[extreme]).T
        return np.asarray(products)

    def scores(self, queries: Doubles) -> Floats:
        """The cosines (q, n) of queries with all rows, within `doubt`; -inf for rows without direction."""
        scores = self.products(queries, 0, len(self))
        scores *= self.factors
        scores[np.isnan(scores)] = -np.inf
        return scores

    def cosines(self, ids: Ids, query: Doubles) -> Doubles:
        """The float64 cosines (m,) of the rows `ids` with a query (d,) of length 1."""
        found = np.empty(len(ids))
        at_once = max(1, VALUES_AT_ONCE // self.rows.shape[1])
        for begin in range(0, len(ids), at_once):
            part = slice(begin, begin + at_once)
            found[part] = cosines(scaled(self.rows[ids[part]]), query)
        return found
