"""The freedom that the softmax objective leaves, and the choice that makes its vectors comparable.

The scores u_o·v_c + b_o, up to a number for each center word, decide the objective. They stay the same under V → V M,
U → U M⁻ᵀ, under adding one vector to all rows of U, and under adding one to all rows of V if b makes up for it. So V as
training leaves it is in an arbitrary basis.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def fix_gauge(center: Floats, outside: Floats, bias: Floats) -> tuple[Floats, Floats, Floats]:
    """(A, B, b'), the same model as (V, U, b) in the one gauge that it determines, but for signs.

    The columns of A (n, d) and B (m, d) have mean 0; A = Q √S and B = P √S with orthonormal Q and P, S falling, is the
    singular value decomposition of the scores without the means; b' (m,) has Σ exp(b') = 1. In each column the entry
    of A that is largest in magnitude is positive.
    """
    v, u, b = (array.astype(np.float64) for array in (center, outside, bias))
    middle = v.mean(axis=0)
    b += u @ middle
    q, r = np.linalg.qr(v - middle)
    p, s = np.linalg.qr(u - u.mean(axis=0))
    left, singular, right = np.linalg.svd(r @ s.T)
    roots, k = np.sqrt(singular), len(singular)
    a, c = np.zeros_like(v), np.zeros_like(u)
    a[:, :k], c[:, :k] = q @ (left[:, :k] * roots), p @ (right[:k].T * roots)
    signs = np.where(a[np.abs(a).argmax(axis=0), np.arange(a.shape[1])] < 0, -1.0, 1.0)
    b -= b.max()
    b -= np.log(np.exp(b).sum())
    return (a * signs).astype(np.float32), (c * signs).astype(np.float32), b.astype(np.float32)
