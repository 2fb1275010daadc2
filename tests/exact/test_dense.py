"""Dense products against NumPy in float64, and the same bytes with any number of threads."""

import numpy as np
import pytest

from firth.exact import _dense as dense
from firth.native.arrays import aligned_rows

SHAPES = [(1, 1, 1), (1, 5, 17), (5, 16, 3), (7, 20, 64), (47, 33, 70), (50, 112, 112), (1000, 9, 100), (2500, 70, 33)]
"""(n, columns of A, columns of B)"""


def padded(n, columns, seed=0):
    """A random matrix as from `aligned_rows`, its padding zero."""
    matrix = aligned_rows(n, columns)
    matrix[:, :columns] = np.random.default_rng(seed).normal(size=(n, columns))
    return matrix


@pytest.mark.parametrize("shape", SHAPES)
def test_the_product_with_any_number_of_threads(shape, monkeypatch):
    monkeypatch.setattr(dense, "TASK_ROWS", dense.BLOCK)
    n, k, columns = shape
    a, b = padded(n, k), np.ascontiguousarray(padded(k, columns, seed=1))
    a[:, k:] = np.nan
    expected = a[:, :k].astype(float) @ b.astype(float)
    bound = 1e-6 * (np.abs(a[:, :k]).astype(float) @ np.abs(b).astype(float))
    results = set()
    for threads in (1, 2, 3):
        found = np.full((n, b.shape[1]), np.nan, np.float32)
        dense.multiply(a, b, found, threads)
        assert (np.abs(found - expected) <= bound).all()
        results.add(found.tobytes())
    assert len(results) == 1


def test_a_row_of_a_product_does_not_depend_on_the_others():
    a, b, whole, part = padded(1100, 40), padded(40, 40), aligned_rows(1100, 40), aligned_rows(1, 40)
    dense.multiply(a, b, whole, 2)
    for row in (0, 5, 47, 959, 960, 1099):
        dense.multiply(a[row : row + 1], b, part, 1)
        np.testing.assert_array_equal(part[0], whole[row])


def test_the_product_of_no_rows():
    dense.multiply(aligned_rows(0, 5), padded(5, 5), aligned_rows(0, 5), 2)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gram_matrix_with_any_number_of_threads(shape, weighted):
    n, columns, others = shape
    a, b = padded(n, columns), padded(n, others, seed=1)
    weights = np.random.default_rng(2).gamma(1.0, size=n).astype(np.float32) if weighted else None
    scaled = a.astype(float) * (weights.astype(float)[:, None] if weighted else 1.0)
    bound = 1e-6 * (np.abs(scaled).T @ np.abs(b).astype(float))
    results = set()
    for threads in (1, 2, 3):
        found = dense.gram_matrix(a, b, threads, weights)
        assert found.dtype == np.float64
        assert found.shape == (a.shape[1], b.shape[1])
        assert (np.abs(found - scaled.T @ b.astype(float)) <= bound).all()
        results.add(found.tobytes())
    assert len(results) == 1


def test_the_gram_matrix_of_no_rows_is_zero():
    np.testing.assert_array_equal(dense.gram_matrix(aligned_rows(0, 5), aligned_rows(0, 20), 2), np.zeros((16, 32)))


def test_products_refuse_what_does_not_fit():
    a, b, out = padded(4, 20), padded(20, 5), aligned_rows(4, 5)
    for wrong in (
        lambda: dense.multiply(a, padded(33, 5), out, 1),
        lambda: dense.multiply(a, aligned_rows(0, 5), out, 1),
        lambda: dense.multiply(a[:, :20], b, out, 1),
        lambda: dense.multiply(a.astype(float), b, out, 1),
        lambda: dense.multiply(a, b, aligned_rows(3, 5), 1),
        lambda: dense.multiply(a, b, out[:, ::-1], 1),
        lambda: dense.multiply(a[0], b, out, 1),
        lambda: dense.gram_matrix(a, aligned_rows(5, 20), 1),
        lambda: dense.gram_matrix(a, a[::-1], 1),
        lambda: dense.gram_matrix(a, a, 1, np.ones(5, np.float32)),
        lambda: dense.gram_matrix(a, a, 1, np.ones(4)),
    ):
        with pytest.raises(ValueError, match="expected"):
            wrong()
    square = padded(16, 16)
    with pytest.raises(ValueError, match="out shares memory"):
        dense.multiply(square, padded(16, 16), square, 1)
