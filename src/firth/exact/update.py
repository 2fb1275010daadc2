"""One step of the exact softmax: each row moves along its gradient, scaled by an estimate of the curvature.

The gradient of a row is divided by the row's number of pairs and multiplied by the inverse of a d x d matrix: the
second moment of the other matrix's rows, each weighted by its share of all pairs. It stands for the curvature of every
row.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

DAMPING = (0.01, 0.005)
"""Added to the diagonal of a second moment: this share of the diagonal's mean, and this constant."""

FEWEST_PAIRS = 0.1
"""The least divisor of a gradient is this share of the mean number of pairs, at most 1."""

LONGEST_STEP = 2.0
"""A longer step of a row is cut to this length, before the learning rate."""

ROWS = 1 << 14
"""How many rows move at a time, so that temporary arrays stay small."""


def inverse_moment(
    rows: Floats,
    weights: Doubles,
    dim: int,
    threads: int,
    centered: bool,
    on_look: Callable[[], None] = lambda: None,
) -> Floats:
    """The inverse, (stride, stride), of the damped second moment of `rows` (n, stride) with `weights` (n,).

    If `centered`, the inverse of their damped covariance. Columns and rows from `dim` on are 0. `on_look` is called
    several times a second. Raises ValueError if the moment is not finite, or rounding makes it indefinite.
    """
    from firth.exact import _dense as dense
    from firth.native import decompositions

    shares = (weights / weights.sum()).astype(np.float32)
    moment = np.ascontiguousarray(dense.gram_matrix(rows, rows, threads, shares, on_look)[:dim, :dim])
    if centered:
        mean = np.einsum("i,ij->j", shares, rows[:, :dim], dtype=np.float64)
        moment -= np.outer(mean, mean)
    relative, absolute = DAMPING
    moment += np.eye(dim) * (relative * np.trace(moment) / dim + absolute)
    inverse = np.zeros((rows.shape[1], rows.shape[1]), np.float32)
    inverse[:dim, :dim] = decompositions.inverse(moment, lambda share: on_look())
    return inverse


def gradient_divisors(pairs: Doubles) -> Doubles:
    """The divisors (n,) of the gradients of rows: their numbers of pairs, or a bound for rows with fewer."""
    return np.maximum(pairs, min(1.0, FEWEST_PAIRS * float(pairs.mean())))


def make_steps(
    gradient: Floats,
    pairs: Doubles,
    inverse: Floats,
    lr: np.float32,
    threads: int,
    on_look: Callable[[], None] = lambda: None,
) -> None:
    """Make the rows of a gradient (n, stride) the steps against which rows move, the learning rate included.

    pairs: (n,), the number of pairs of each row. inverse: of the other matrix's moment.
    """
    from firth.exact import _dense as dense

    divisors = gradient_divisors(pairs).astype(np.float32)[:, None]
    for first in range(0, len(gradient), ROWS):
        some = slice(first, first + ROWS)
        means = gradient[some] / divisors[some]
        step = gradient[some]
        dense.multiply(means, inverse, step, threads, on_look)
        lengths = np.sqrt((step * step).sum(axis=1, keepdims=True))
        step *= lr * np.minimum(1, LONGEST_STEP / np.maximum(lengths, 1e-9))


def move_rows(matrix: Floats, velocity: Floats, steps: Floats, momentum: np.float32) -> None:
    """Move the rows of `matrix` (n, stride) by one step with momentum; `velocity` changes too."""
    for first in range(0, len(matrix), ROWS):
        some = slice(first, first + ROWS)
        velocity[some] *= momentum
        velocity[some] -= steps[some]
        matrix[some] += velocity[some]
