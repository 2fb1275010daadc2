"""Where exact training starts: a randomised singular value decomposition of the counts' positive mutual information.

Source of the algorithm: Halko, Martinsson and Tropp (2011), with one power iteration; of the matrix: Levy and Goldberg
(2014). Products of long matrices are summed in blocks of a fixed size, so that the result does not depend on threads.
"""

import numpy as np
import numpy.typing as npt

from firth.cooccurrence import Cooccurrences

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

OVERSAMPLING = 20

BLOCK = 128
"""Rows whose products are summed in float32, in one go: few enough that no library cuts the sum elsewhere."""

NEGLIGIBLE = 1e-10
"""A direction with so much less than the largest one's power is rounding error."""


def start(counts: Cooccurrences, dim: int, seed: int, threads: int) -> tuple[Floats, Floats]:
    """(V, U), float32 (n, dim) and (m, dim): A √S and B √S, where A S Bᵀ is nearest to the counts' PPMI matrix.

    Where the matrix has fewer than `dim` directions, the others are zero.
    """
    from firth import rng
    from firth.kernels import sparse
    from firth.kernels.rows import aligned_rows

    n, m = counts.shape
    x = sparse.Csr(counts.indptr, counts.indices, counts.data, m)
    matrix = sparse.ppmi(x, counts.row_sums(), counts.column_sums(), threads)
    turned = sparse.transposed(matrix)
    rank = dim + OVERSAMPLING
    of_rows, of_columns = aligned_rows(n, rank), aligned_rows(m, rank)
    rng.fill_uniform(of_columns, rank, rng.stream_key(seed, 0, 1))
    for _ in range(2):
        sparse.multiply(matrix, of_columns, of_rows, threads)
        of_rows[:] = of_rows @ _whitening(gram(of_rows, of_rows))[0]
        sparse.multiply(turned, of_rows, of_columns, threads)
    whitening, singular = _whitening(gram(of_columns, of_columns))
    roots = np.sqrt(singular[:dim])
    # PPMI ≈ Q Cᵀ with C = PPMIᵀ Q = B S Eᵀ, so that A = Q E; `whitening` is E S⁻¹.
    center = of_rows @ (whitening[:, :dim] * (singular[:dim] * roots)).astype(np.float32)
    outside = of_columns @ (whitening[:, :dim] * roots).astype(np.float32)
    return center, outside


def gram(a: Floats, b: Floats) -> Doubles:
    """Aᵀ B for A (n, j) and B (n, k), summed in float64 over blocks of rows."""
    whole = len(a) - len(a) % BLOCK
    blocks = [array[:whole].reshape(-1, BLOCK, array.shape[1]) for array in (a, b)]
    total = np.matmul(blocks[0].transpose(0, 2, 1), blocks[1]).sum(axis=0, dtype=np.float64)
    return np.asarray(total + a[whole:].T @ b[whole:])


def _whitening(square: Doubles) -> tuple[Floats, Doubles]:
    """E S⁻¹ and S for YᵀY = E S² Eᵀ, by falling S: Y E S⁻¹ is orthonormal, with zero columns where S is negligible."""
    powers, vectors = np.linalg.eigh(square)
    powers, vectors = powers[::-1], vectors[:, ::-1]
    real = powers > NEGLIGIBLE * max(powers[0], 1e-300)
    singular = np.sqrt(np.where(real, powers, 0.0))
    return (vectors * np.where(real, 1 / np.where(real, singular, 1.0), 0.0)).astype(np.float32), singular
