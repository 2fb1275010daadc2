"""Products, transpose and weighted mutual information of sparse matrices against dense NumPy in float64."""

import numpy as np
import pytest

from firth.exact import _sparse as sparse
from firth.exact._sparse import Csr
from firth.native.arrays import aligned_rows

SHAPES = [(1, 1, 1), (1, 9, 16), (7, 5, 17), (300, 200, 64), (90, 700, 120), (40, 30, 150)]
"""(n, m, columns of the dense matrix)"""


def sparse_matrix(n, m, seed=0):
    """A Csr, some rows of it empty, and the same matrix dense."""
    rng = np.random.default_rng(seed)
    dense = rng.gamma(1.0, 3.0, size=(n, m)).astype(np.float32) * (rng.random((n, m)) < 0.3)
    dense[1::5] = 0
    return csr(dense), dense


def csr(dense):
    rows, columns = np.nonzero(dense)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))])
    return Csr(indptr.astype(np.int64), columns.astype(np.int32), dense[rows, columns], dense.shape[1])


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    monkeypatch.setattr(sparse, "TASK_ENTRIES", 50)


def assert_same(found, right):
    for a, b in zip(found, right, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype


@pytest.mark.parametrize("shape", SHAPES)
def test_the_product_with_any_number_of_threads(shape):
    n, m, columns = shape
    x, dense = sparse_matrix(n, m)
    right = aligned_rows(m, columns)
    right[:] = np.random.default_rng(1).normal(size=right.shape)
    expected = dense.astype(float) @ right.astype(float)
    bound = 1e-6 * (np.abs(dense).astype(float) @ np.abs(right).astype(float)) + 1e-30
    results = set()
    for threads in (1, 2, 3):
        found = np.full((n, right.shape[1]), np.nan, np.float32)
        sparse.multiply(x, right, found, threads)
        assert (np.abs(found - expected) <= bound).all()
        results.add(found.tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_the_transpose(shape):
    x, dense = sparse_matrix(*shape[:2])
    assert_same(sparse.transposed(x), csr(np.ascontiguousarray(dense.T)))
    assert_same(sparse.transposed(sparse.transposed(x)), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_weighted_positive_mutual_information_of_every_entry(shape):
    x, dense = sparse_matrix(*shape[:2])
    rows, columns = np.nonzero(dense)
    row_sums, column_sums = dense.sum(axis=1, dtype=float), dense.sum(axis=0, dtype=float)
    total = row_sums.sum()
    expected = row_sums[rows] / total * column_sums[columns] / total
    information = np.maximum(0, np.log(dense[rows, columns] / total / expected))
    for threads in (1, 3):
        found = sparse.weighted_ppmi(x, row_sums, column_sums, threads)
        assert found.indptr is x.indptr
        assert found.indices is x.indices
        np.testing.assert_allclose(found.data, np.sqrt(expected) * information, rtol=1e-6, atol=1e-12)
    assert shape[0] < 40 or 0 < (found.data == 0).sum() < len(found.data)


def test_entries_of_zero_have_no_information():
    x = Csr(np.array([0, 2]), np.array([0, 1], np.int32), np.array([0, 3], np.float32), 2)
    found = sparse.weighted_ppmi(x, np.array([3.0]), np.array([0.0, 3.0]), 1)
    assert found.data.tolist() == [0, 0]


def test_matrices_without_entries():
    x = csr(np.zeros((3, 4), np.float32))
    found = np.full((3, 16), np.nan, np.float32)
    sparse.multiply(x, aligned_rows(4, 16), found, 2)
    assert not found.any()
    assert sparse.transposed(x).indptr.tolist() == [0] * 5
    assert not len(sparse.weighted_ppmi(x, np.zeros(3), np.zeros(4), 2).data)


def test_wrong_matrices_are_refused():
    x, _ = sparse_matrix(6, 8)
    dense, out = aligned_rows(8, 20), aligned_rows(6, 20)
    for wrong in (x._replace(indices=x.indices - 8), x._replace(indices=x.indices + 8)):
        with pytest.raises(ValueError, match="expected 0 to 7"):
            sparse.multiply(wrong, dense, out, 1)
        with pytest.raises(ValueError, match="expected 0 to 7"):
            sparse.transposed(wrong)
    with pytest.raises(ValueError, match="does not rise"):
        sparse.transposed(
            x._replace(indptr=x.indptr + 1, indices=np.r_[x.indices, x.indices[:1]], data=np.r_[x.data, x.data[:1]])
        )
    with pytest.raises(ValueError, match=r"dense is float32 \(6, 32\): expected contiguous float32 \(8, 32\)"):
        sparse.multiply(x, out, out, 1)
    with pytest.raises(ValueError, match=r"out is float32 \(6, 20\): expected contiguous float32 \(6, 32\)"):
        sparse.multiply(x, dense, out[:, :20], 1)
    with pytest.raises(ValueError, match=r"dense is float32 \(8, 20\): expected"):
        sparse.multiply(x, np.ascontiguousarray(dense[:, :20]), out, 1)
    with pytest.raises(ValueError, match="column_sums"):
        sparse.weighted_ppmi(x, np.zeros(6), np.zeros(6), 1)
