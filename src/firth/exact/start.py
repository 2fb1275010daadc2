"""The vectors that exact training starts from: a weighted low-rank approximation of the counts' PPMI matrix.

PPMI is positive pointwise mutual information (Levy and Goldberg, 2014). The error of each entry has the weight that the
objective gives it where all scores are small: p_c · p_o, the shares of its words among all pairs. So frequent words, on
which syntax depends, count for most. The singular value decomposition is randomised, with one power iteration
(Halko, Martinsson and Tropp, 2011).
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from firth.exact.cooccurrences import Cooccurrences

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

OVERSAMPLING = 20
"""How many more directions than `dim` the randomised decomposition works with."""

NEGLIGIBLE_POWER = 1e-10
"""Squared singular values below this share of the largest are rounding error."""


def starting_vectors(
    counts: Cooccurrences, dim: int, seed: int, threads: int, on_look: Callable[[float], None] = lambda share: None
) -> tuple[Floats, Floats]:
    """V (n, dim) and U (m, dim), float32, for which Σ p_c · p_o · (v_c·u_o - PPMI[c, o])² is least.

    With p_c and p_o the shares of rows and columns in all counts, and A S Bᵀ of rank `dim` nearest to the matrix of
    √(p_c · p_o) · PPMI[c, o], V = A √S / √p_c and U = B √S / √p_o. Columns beyond the rank of the matrix are 0.

    `on_look` is called several times a second with the share that is done, about.
    """
    from firth.exact import _dense as dense
    from firth.exact import _sparse as sparse
    from firth.native import rng
    from firth.native.arrays import aligned_rows

    n, m = counts.shape
    x = sparse.Csr(counts.indptr, counts.indices, counts.data, m)
    matrix = sparse.weighted_ppmi(x, counts.row_sums, counts.column_sums, threads)
    turned = sparse.transposed(matrix)
    rank = dim + OVERSAMPLING
    of_rows, room, of_columns = aligned_rows(n, rank), aligned_rows(n, rank), aligned_rows(m, rank)
    rng.fill_uniform(of_columns, rank, rng.stream_key(seed, 0, 1))
    *looks, look_at_last = (partial(_look, on_look, done) for done in range(3))
    for look in looks:
        sparse.multiply(matrix, of_columns, room, threads, look)
        whitening, _ = _whitening(dense.gram_matrix(room, room, threads, None, look), look)
        dense.multiply(room, whitening.astype(np.float32), of_rows, threads)
        sparse.multiply(turned, of_rows, of_columns, threads, look)
    square = dense.gram_matrix(of_columns, of_columns, threads, None, look_at_last)
    whitening, singular = _whitening(square, look_at_last)
    # The matrix M ≈ Q Cᵀ with C = Mᵀ Q = B S Eᵀ, so that A = Q E; `whitening` is E S⁻¹.
    center, outside = room, aligned_rows(m, rank)
    dense.multiply(of_rows, (whitening * singular**1.5).astype(np.float32), center, threads)
    dense.multiply(of_columns, (whitening * singular**0.5).astype(np.float32), outside, threads)
    for rows, sums in ((center, counts.row_sums), (outside, counts.column_sums)):
        shares = sums / sums.sum()
        rows /= np.sqrt(np.where(shares > 0, shares, 1.0)).astype(np.float32)[:, None]
    return center[:, :dim], outside[:, :dim]


def _look(on_look: Callable[[float], None], done: int, share: float = 0.0) -> None:
    """Tell how much of the three decompositions is done."""
    on_look((done + share) / 3)


def _whitening(square: Doubles, on_look: Callable[[float], None]) -> tuple[Doubles, Doubles]:
    """E S⁻¹ and S of `square` = YᵀY = E S² Eᵀ, with S falling: Y E S⁻¹ is orthonormal, but 0 where S is negligible."""
    from firth.native import decompositions

    vectors, powers, _ = decompositions.svd(square, on_look)
    singular = np.sqrt(np.where(powers > NEGLIGIBLE_POWER * powers.max(), powers, 0.0))
    return vectors * np.where(singular > 0, 1 / np.where(singular > 0, singular, 1.0), 0.0), singular
