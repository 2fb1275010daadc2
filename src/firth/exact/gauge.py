"""The gauge of exact softmax vectors: many V, U and b are the same model, and `fix_gauge` chooses one of them.

The objective depends only on the scores u_o·v_c + b_o, up to a number for each center word. It stays the same under
V → V M, U → U M⁻ᵀ, under adding one vector to all rows of U, and under adding one to all rows of V if b makes up for
it. So training leaves V in an arbitrary basis.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

NEGLIGIBLE_LENGTH = 1e-6
"""Singular values below this share of the largest are rounding error: their directions become zero."""

PRODUCT = 1 << 26
"""Multiplications between two chances for Ctrl-C."""


def fix_gauge(
    center: Floats,
    outside: Floats,
    bias: Floats,
    threads: int = 1,
    on_look: Callable[[float], None] = lambda share: None,
) -> tuple[Floats, Floats, Floats]:
    """(A, B, b'): the same model as V = `center` (n, d), U = `outside` (m, d) and b = `bias` (m,), in a fixed gauge.

    The columns of A (n, d) and B (m, d) have mean 0. A = Q √S and B = P √S, with orthonormal Q and P and falling S, are
    the singular value decomposition of the centered scores. b' (m,) has Σ exp(b') = 1. In each column of A the entry of
    the largest magnitude is positive. All of this to float32 rounding; the arguments stay unchanged.
    `on_look` is called several times a second with the share that is done, about.
    """
    dim = center.shape[1]
    b = bias + (outside * center.mean(axis=0, dtype=np.float64)).sum(axis=1)
    b -= b.max()
    b -= np.log(np.exp(b).sum())
    rows = _centered(center), _centered(outside)
    for time in range(2):  # the second time removes the rounding errors of the first
        rows = _balanced(*rows, threads, partial(_look, on_look, 3 * time))
    a, c = (matrix[:, :dim] for matrix in rows)
    signs = np.where(a[np.abs(a).argmax(axis=0), np.arange(dim)] < 0, np.float32(-1), np.float32(1))
    return a * signs, c * signs, b.astype(np.float32)


def _look(on_look: Callable[[float], None], done: int, part: int, share: float = 0.0) -> None:
    """Tell how much of the six decompositions is done."""
    on_look((done + part + share) / 6)


def _balanced(v: Floats, u: Floats, threads: int, look: Callable[..., None]) -> tuple[Floats, Floats]:
    """Q √S and P √S of the singular value decomposition Q S Pᵀ of V Uᵀ."""
    from firth.exact import _dense as dense
    from firth.native import decompositions

    # V = Q' R with R = Λ½ Eᵀ of VᵀV = E Λ Eᵀ, and U = P' T likewise; V Uᵀ = Q' (R Tᵀ) P'ᵀ.
    of_v, of_u, last = (partial(look, part) for part in range(3))
    r, r_inverse = _factor(dense.gram_matrix(v, v, threads, None, of_v), of_v)
    t, t_inverse = _factor(dense.gram_matrix(u, u, threads, None, of_u), of_u)
    left, singular, right = decompositions.svd(_product(r, t.T, last), last)
    roots = np.sqrt(np.where(singular > NEGLIGIBLE_LENGTH * singular.max(), singular, 0.0))
    a, c = np.empty_like(v), np.empty_like(u)
    dense.multiply(v, _product(r_inverse, left * roots, last).astype(np.float32), a, threads)
    dense.multiply(u, _product(t_inverse, right * roots, last).astype(np.float32), c, threads)
    return a, c


def _centered(rows: Floats) -> Floats:
    """Rows minus their mean, in an array as kernels take it."""
    from firth.native.arrays import aligned_copy

    return aligned_copy(rows - rows.mean(axis=0, dtype=np.float64))


def _factor(square: Doubles, on_look: Callable[[float], None]) -> tuple[Doubles, Doubles]:
    """R = Λ½ Eᵀ of a positive semidefinite E Λ Eᵀ, and its inverse or pseudo-inverse E Λ^-½."""
    from firth.native import decompositions

    vectors, powers, _ = decompositions.svd(square, on_look)
    roots = np.sqrt(np.where(powers > NEGLIGIBLE_LENGTH**2 * powers.max(), powers, 0.0))
    inverse = np.where(roots > 0, 1 / np.where(roots > 0, roots, 1.0), 0.0)
    return roots[:, None] * vectors.T, vectors * inverse


def _product(x: Doubles, y: Doubles, on_look: Callable[[], None]) -> Doubles:
    """X Y without BLAS, whose order of sums depends on the machine and the number of threads."""
    result = np.empty((len(x), y.shape[1]))
    rows = max(1, PRODUCT // y.size)
    for first in range(0, len(x), rows):
        on_look()
        result[first : first + rows] = np.einsum("ij,jk->ik", x[first : first + rows], y)
    return result
