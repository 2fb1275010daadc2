"""The inverse and the singular value decomposition of small float64 matrices.

Every sum is taken in an order that depends on the shape alone, so results have the same bytes on every run. That is why
NumPy's decompositions are not used: the bytes of theirs depend on the number of threads of the library below it.

A matrix of thousands of rows takes minutes. So compiled code works for some hundredths of a second at a time; in
between Ctrl-C is answered, and `on_look` is called with the share of the work that is done, about.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.native import simd
from firth.native.jit import compiled, inlined

Doubles = npt.NDArray[np.float64]

OnLook = Callable[[float], None]

MAX_SWEEPS = 60

USUAL_SWEEPS = 10
"""How many sweeps most matrices take, about: what progress goes by."""

WORK = 1 << 24
"""Numbers that compiled code works on between two looks."""

EPSILON = 2.0**-52
"""The distance from 1 to the next float64."""


def ignore(share: float) -> None:
    """Do nothing with the share of the work that is done."""


def inverse(square: Doubles, on_look: OnLook = ignore) -> Doubles:
    """The inverse (k, k) of a symmetric positive definite matrix, of which the upper triangle is read.

    By A = RᵀR with a triangular R, A⁻¹ = R⁻¹ R⁻ᵀ. The result is symmetric to the last bit. ValueError if A or A⁻¹ is
    not finite, or A is not positive definite: a pivot is below k · 2^-52 of its diagonal entry, all of it rounding.
    """
    _expect_square(square)
    k, result = len(square), np.zeros_like(square)
    r, lower = square.copy(), np.zeros_like(square)
    of_r, of_lower, of_result = _addresses(r, lower, result)
    for first, last in _pieces(k, k * k):
        failed = _factor_rows(of_r, k, first, last)
        if failed >= 0:
            raise ValueError(f"the matrix is not positive definite: the pivot of row {failed} is not above rounding")
        on_look(last / k / 3)
    for first, last in _pieces(k, k * k):
        _invert_rows(of_r, of_lower, k, first, last)
        on_look((1 + last / k) / 3)
    for first, last in _pieces(k, k * k):
        _square_rows(of_lower, of_result, k, first, last)
        on_look((2 + last / k) / 3)
    if not np.isfinite(result).all():
        raise ValueError("the inverse is not finite: expected a matrix of larger entries")
    return result


def svd(square: Doubles, on_look: OnLook = ignore) -> tuple[Doubles, Doubles, Doubles]:
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
    reflections, scratch = np.zeros((k, k)), np.zeros((3, k))
    _make_triangle(triangle, q, order, reflections, scratch, on_look)
    work = np.zeros((2 * k, columns))  # M[order] = top · bottomᵀ, before and after each rotation of columns of both
    work[:k, :k], work[k:, :k] = triangle.T, q
    rotations = np.empty((7, columns // 2))
    for sweep in range(MAX_SWEEPS):
        rotated = False
        for first, last in _pieces(columns - 1 if k > 1 else 0, 8 * k * k):
            on_look(min((1 + sweep + first / columns) / (1 + USUAL_SWEEPS), 0.99))
            rotated |= _rotate_pairs(*_addresses(work, rotations), k, columns // 2, tolerance, first, last)
        if not rotated:
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


def _make_triangle(
    triangle: Doubles, q: Doubles, order: Any, reflections: Doubles, scratch: Doubles, on_look: OnLook
) -> None:
    """Make A = Q R, as `_triangle` does, piece by piece."""
    k = len(triangle)
    for first, last in _pieces(k, 3 * k * k):
        on_look(first / k / 2 / (1 + USUAL_SWEEPS))
        if not _triangle(*_addresses(triangle, order, reflections, scratch), k, first, last):
            break
    for first, last in reversed(list(_pieces(k, 2 * k * k))):
        on_look((2 - last / k) / 2 / (1 + USUAL_SWEEPS))
        _apply_reflections(*_addresses(q, reflections, scratch), k, first, last)


def _pieces(count: int, work: int) -> Iterator[tuple[int, int]]:
    """Ranges of `count` steps, each of about so much work."""
    size = max(1, WORK // max(work, 1))
    return ((first, min(first + size, count)) for first in range(0, count, size))


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
def _factor_rows(r, k, first, last):
    """Make rows of the matrix at `r` those of R; the first one whose pivot is not positive, or -1."""
    row_bytes = 8 * k
    for i in range(first, last):
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
    return -1


@compiled
def _invert_rows(r, lower, k, first, last):
    """Write rows of R⁻ᵀ, from Rᵀ R⁻ᵀ = I; those before are written."""
    row_bytes = 8 * k
    for i in range(first, last):
        row = lower + i * row_bytes
        simd.store_double(row, i, 1.0)
        for j in range(i):
            _add_row(row, -simd.load_double(r + j * row_bytes, i), lower + j * row_bytes, 0, j + 1)
        diagonal = simd.load_double(r + i * row_bytes, i)
        for j in range(i + 1):
            simd.store_double(row, j, simd.load_double(row, j) / diagonal)


@compiled
def _square_rows(lower, result, k, first, last):
    """Write rows of R⁻¹ R⁻ᵀ up to the diagonal, and the same numbers above it."""
    row_bytes = 8 * k
    for i in range(first, last):
        row = result + i * row_bytes
        for j in range(i, k):
            below = lower + j * row_bytes
            _add_row(row, simd.load_double(below, i), below, 0, i + 1)
        for j in range(i):
            simd.store_double(result + j * row_bytes, i, simd.load_double(row, j))


@compiled
def _triangle(a, order, reflections, scratch, k, begin, end):
    """Make A = Q R with columns of A in such an order that the diagonal of R falls; A becomes R. Whether any is left.

    Columns begin..end (end exclusive) of R are made. `order` becomes that of the columns. `reflections` (k, k) and
    `scratch` (3, k) begin as zeros.
    """
    row_bytes = 8 * k
    squares, sums, scales = scratch, scratch + row_bytes, scratch + 2 * row_bytes
    for j in range(begin, end):
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
            return False
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
    return True


@compiled
def _apply_reflections(q, reflections, scratch, k, begin, end):
    """Multiply Q, which begins as I, by the reflections begin..end (end exclusive), the last one first."""
    row_bytes = 8 * k
    sums, scales = scratch + row_bytes, scratch + 2 * row_bytes
    for j in range(end - 1, begin - 1, -1):
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
def _rotate_pairs(work, scratch, k, half, tolerance, begin, end):
    """Rotate pairs of the columns of `work` whose upper halves are not orthogonal; whether any was not.

    These are rounds begin..end (end exclusive) of a sweep, in which every pair has its turn once. `work` is
    (2k, 2 half), `scratch` (7, half). Column i is paired with column half + i, for all i at once; then all
    columns but the first move on by one, around the circle that the two halves make. After one round less than columns,
    every one has met every other and is back.
    """
    part = 8 * half
    aa, bb, ab = scratch, scratch + part, scratch + 2 * part
    cosines, sines, first, second = scratch + 3 * part, scratch + 4 * part, scratch + 5 * part, scratch + 6 * part
    rotated = False
    for _ in range(begin, end):
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
