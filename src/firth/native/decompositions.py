"""The inverse and the singular value decomposition of small float64 matrices.

Every sum is taken in an order that depends on the shape alone, so results have the same bytes on every run. That is why
NumPy's decompositions are not used: the bytes of theirs depend on the number of threads of the library below it.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.native import simd
from firth.native.jit import compiled, inlined

Doubles = npt.NDArray[np.float64]

MAX_SWEEPS = 60

EPSILON = 2.0**-52
"""The distance from 1 to the next float64."""


def inverse(square: Doubles) -> Doubles:
    """The inverse (k, k) of a symmetric positive definite matrix, of which the upper triangle is read.

    By A = RᵀR with a triangular R, A⁻¹ = R⁻¹ R⁻ᵀ. The result is symmetric to the last bit. ValueError if A or A⁻¹ is
    not finite, or A is not positive definite: a pivot is below k · 2^-52 of its diagonal entry, all of it rounding.
    """
    _expect_square(square)
    result = np.zeros_like(square)
    r, lower = square.copy(), np.zeros_like(square)
    failed = _inverse(*_addresses(r, lower, result), len(square))
    if failed >= 0:
        raise ValueError(f"the matrix is not positive definite: the pivot of row {failed} is not above rounding")
    if not np.isfinite(result).all():
        raise ValueError("the inverse is not finite: expected a matrix of larger entries")
    return result


def svd(square: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Left vectors (k, k), singular values (k,) that fall, and right vectors (k, k): M = left · diag(values) · rightᵀ.

    A singular value below max(k, 10) · 1e-15 of the largest is given as zero, and its column of `left` is zero; all of
    `right` is orthogonal. Of a symmetric positive semidefinite matrix they are eigenvectors and eigenvalues.
    By rotations of pairs of columns until all are orthogonal (Hestenes 1958; pairs in the order of Brent & Luk 1985),
    of the columns of the triangle that Householder's reflections with pivots leave (Drmač & Veselić 2008).
    ValueError if M is not finite.
    """
    _expect_square(square)
    k = len(square)
    tolerance = 1e-15 * max(k, 10)
    exponent = math.frexp(np.abs(square).max(initial=0.0))[1]  # a power of two rounds nothing, and no square overflows
    columns = k + k % 2  # a column of zeros makes the pairs whole
    triangle, q, order = np.ldexp(square.T, -exponent, order="C"), np.eye(k), np.arange(k)
    reflections, scratch = np.zeros((k, k)), np.empty((3, k))
    _triangle(*_addresses(triangle, q, order, reflections, scratch), k)
    work = np.zeros((2 * k, columns))  # M[order] = top · bottomᵀ, before and after each rotation of columns of both
    work[:k, :k], work[k:, :k] = triangle.T, q
    rotations = np.empty((7, columns // 2))
    for _ in range(MAX_SWEEPS):
        if k < 2 or not _sweep(*_addresses(work, rotations), k, columns // 2, tolerance):
            break
    else:
        raise ValueError(f"the columns are not orthogonal after {MAX_SWEEPS} sweeps of rotations")
    left, right = np.empty((k, k)), work[k:, :k]
    left[order] = work[:k, :k]
    singular = np.sqrt(_squares(left))
    falling = np.argsort(-singular, kind="stable")
    left, singular, right = left[:, falling], singular[falling], right[:, falling]
    zero = singular <= tolerance * singular.max(initial=0.0)
    singular[zero] = 0.0
    left = np.where(zero, 0.0, left / np.where(zero, 1.0, singular))
    return np.ascontiguousarray(left), np.ldexp(singular, exponent), np.ascontiguousarray(right)


def _squares(matrix: Doubles) -> Doubles:
    """The squared length of each column, summed in order of rows."""
    total = np.zeros(matrix.shape[1])
    for row in matrix:
        total += row * row
    return total


def _addresses(*arrays: npt.NDArray[Any]) -> list[int]:
    return [array.ctypes.data for array in arrays]


def _expect_square(square: Doubles) -> None:
    if square.dtype != np.float64 or square.shape != (len(square),) * 2 or not square.flags.c_contiguous:
        raise ValueError(f"the matrix is {square.dtype} {square.shape}: expected contiguous float64, square")
    if not np.isfinite(square).all():
        raise ValueError("the matrix has entries that are not finite")


@inlined
def _add_row(to, factor, row, first, last):
    """Add the doubles first..last of a row times a factor."""
    for i in range(first, last):
        simd.store_double(to, i, simd.load_double(to, i) + factor * simd.load_double(row, i))


@compiled
def _inverse(r, lower, result, k):
    """Write the inverse of the matrix at `r`, which becomes R; the first row whose pivot is not positive, or -1."""
    row_bytes = 8 * k
    for i in range(k):
        row = r + i * row_bytes
        diagonal = simd.load_double(row, i)
        for j in range(i):
            above = r + j * row_bytes
            _add_row(row, -simd.load_double(above, i), above, i, k)
        pivot = simd.load_double(row, i)
        if not pivot > k * EPSILON * diagonal:
            return i
        root = math.sqrt(pivot)
        for j in range(i, k):
            simd.store_double(row, j, simd.load_double(row, j) / root)
    for i in range(k):  # R⁻ᵀ from Rᵀ R⁻ᵀ = I, row by row
        row = lower + i * row_bytes
        simd.store_double(row, i, 1.0)
        for j in range(i):
            _add_row(row, -simd.load_double(r + j * row_bytes, i), lower + j * row_bytes, 0, j + 1)
        diagonal = simd.load_double(r + i * row_bytes, i)
        for j in range(i + 1):
            simd.store_double(row, j, simd.load_double(row, j) / diagonal)
    for i in range(k):  # R⁻¹ R⁻ᵀ
        row = result + i * row_bytes
        for j in range(i, k):
            below = lower + j * row_bytes
            _add_row(row, simd.load_double(below, i), below, 0, i + 1)
        for j in range(i):
            simd.store_double(result + j * row_bytes, i, simd.load_double(row, j))
    return -1


@compiled
def _triangle(a, q, order, reflections, scratch, k):
    """Make A = Q R with columns of A in such an order that the diagonal of R falls; A becomes R, Q begins as I.

    `order` becomes that of the columns. `reflections` (k, k) begins as zeros and `scratch` (3, k) may hold anything.
    """
    row_bytes = 8 * k
    squares, sums, scales = scratch, scratch + row_bytes, scratch + 2 * row_bytes
    for j in range(k):
        simd.store_double(scales, j, 0.0)
    for j in range(k):
        reflection = reflections + j * row_bytes
        for c in range(j, k):
            simd.store_double(squares, c, 0.0)
        for r in range(j, k):
            row = a + r * row_bytes
            for c in range(j, k):
                x = simd.load_double(row, c)
                simd.store_double(squares, c, simd.load_double(squares, c) + x * x)
        pivot = j
        for c in range(j + 1, k):
            if simd.load_double(squares, c) > simd.load_double(squares, pivot):
                pivot = c
        norm = math.sqrt(simd.load_double(squares, pivot))
        if norm == 0.0:
            break
        for r in range(k):
            row = a + r * row_bytes
            x = simd.load_double(row, j)
            simd.store_double(row, j, simd.load_double(row, pivot))
            simd.store_double(row, pivot, x)
        column = simd.load_int(order, j)
        simd.store_int(order, j, simd.load_int(order, pivot))
        simd.store_int(order, pivot, column)
        for r in range(j, k):
            simd.store_double(reflection, r, simd.load_double(a + r * row_bytes, j))
            simd.store_double(a + r * row_bytes, j, 0.0)
        first = simd.load_double(reflection, j)
        diagonal = -math.copysign(norm, first)
        simd.store_double(scales, j, 1.0 / (norm * (norm + abs(first))))
        simd.store_double(a + j * row_bytes, j, diagonal)
        simd.store_double(reflection, j, first - diagonal)
        _reflect(a, reflection, simd.load_double(scales, j), sums, j, j + 1, k)
    for j in range(k - 1, -1, -1):
        _reflect(q, reflections + j * row_bytes, simd.load_double(scales, j), sums, j, j, k)


@inlined
def _reflect(a, v, scale, sums, first, column, k):
    """Subtract scale · v (vᵀ A) from A, of which the rows from `first` and the columns from `column` on are taken."""
    for c in range(column, k):
        simd.store_double(sums, c, 0.0)
    for r in range(first, k):
        _add_row(sums, simd.load_double(v, r), a + r * 8 * k, column, k)
    for r in range(first, k):
        _add_row(a + r * 8 * k, -scale * simd.load_double(v, r), sums, column, k)


@compiled
def _sweep(work, scratch, k, half, tolerance):
    """Rotate every pair of the columns of `work` whose upper halves are not orthogonal, once; whether any was not.

    `work` is (2k, 2 half), `scratch` (7, half). Column i is paired with column half + i, for all i at once; then all
    columns but the first move on by one, around the circle that the two halves make. After one round less than columns,
    every one has met every other and is back.
    """
    part = 8 * half
    aa, bb, ab = scratch, scratch + part, scratch + 2 * part
    cosines, sines, first, second = scratch + 3 * part, scratch + 4 * part, scratch + 5 * part, scratch + 6 * part
    rotated = False
    for _ in range(2 * half - 1):
        for i in range(half):
            simd.store_double(aa, i, 0.0)
            simd.store_double(bb, i, 0.0)
            simd.store_double(ab, i, 0.0)
        for r in range(k):
            _add_products(work + r * 2 * part, work + (r * 2 + 1) * part, aa, bb, ab, half)
        largest = 0.0
        for i in range(half):
            largest = max(largest, simd.load_double(aa, i), simd.load_double(bb, i))
        negligible = tolerance * tolerance * largest
        for i in range(half):
            a, b, product = simd.load_double(aa, i), simd.load_double(bb, i), simd.load_double(ab, i)
            cosine, sine = 1.0, 0.0
            if min(a, b) > negligible and abs(product) > tolerance * math.sqrt(a) * math.sqrt(b):
                rotated = True
                cosine, sine = _rotation(a, b, product)
            simd.store_double(cosines, i, cosine)
            simd.store_double(sines, i, sine)
        for r in range(2 * k):
            left, right = work + r * 2 * part, work + (r * 2 + 1) * part
            _rotate(left, right, cosines, sines, first, second, half)
            _move_on(left, right, first, second, half)
    return rotated


@inlined
def _add_products(a, b, aa, bb, ab, count):
    for i in range(count):
        x, y = simd.load_double(a, i), simd.load_double(b, i)
        simd.store_double(aa, i, simd.load_double(aa, i) + x * x)
        simd.store_double(bb, i, simd.load_double(bb, i) + y * y)
        simd.store_double(ab, i, simd.load_double(ab, i) + x * y)


@inlined
def _rotation(aa, bb, ab):
    """Cosine and sine of the smaller angle that makes two columns orthogonal."""
    ratio = (bb - aa) / (2.0 * ab)
    tangent = math.copysign(1.0, ratio) / (abs(ratio) + math.sqrt(1.0 + ratio * ratio))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    return cosine, tangent * cosine


@inlined
def _rotate(a, b, cosines, sines, first, second, count):
    for i in range(count):
        x, y = simd.load_double(a, i), simd.load_double(b, i)
        cosine, sine = simd.load_double(cosines, i), simd.load_double(sines, i)
        simd.store_double(first, i, cosine * x - sine * y)
        simd.store_double(second, i, sine * x + cosine * y)


@inlined
def _move_on(a, b, first, second, half):
    """Write what was rotated one place further around the circle."""
    simd.store_double(a, 0, simd.load_double(first, 0))
    if half == 1:
        simd.store_double(b, 0, simd.load_double(second, 0))
        return
    simd.store_double(a, 1, simd.load_double(second, 0))
    for i in range(2, half):
        simd.store_double(a, i, simd.load_double(first, i - 1))
    for i in range(half - 1):
        simd.store_double(b, i, simd.load_double(second, i + 1))
    simd.store_double(b, half - 1, simd.load_double(first, half - 1))
