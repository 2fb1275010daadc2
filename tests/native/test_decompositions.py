"""The inverse and the SVD of small matrices against NumPy in float64."""

import numpy as np
import pytest

from firth.native import decompositions

SIZES = [1, 2, 3, 16, 17, 45, 120]


def orthogonal(k, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(k, k)))[0]


def with_values(values, symmetric=False):
    k = len(values)
    return orthogonal(k) * values @ orthogonal(k, 0 if symmetric else 1).T


def positive_definite(k, seed=0):
    rows = np.random.default_rng(seed).normal(size=(2 * k + 3, k))
    return rows.T @ rows


@pytest.mark.parametrize("k", SIZES)
def test_the_inverse(k):
    square = positive_definite(k)
    before = square.copy()
    found = decompositions.inverse(square)
    np.testing.assert_array_equal(square, before)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found, np.linalg.inv(square), rtol=1e-10, atol=1e-10 * np.abs(found).max())
    assert decompositions.inverse(square).tobytes() == found.tobytes()


def test_the_inverse_reads_the_upper_triangle():
    square = positive_definite(20)
    np.testing.assert_array_equal(decompositions.inverse(np.triu(square)), decompositions.inverse(square))


def test_the_inverse_of_an_ill_conditioned_matrix():
    square = with_values(np.logspace(4, -4, 40), symmetric=True)
    np.testing.assert_allclose(decompositions.inverse(square) @ square, np.eye(40), atol=1e-6)


@pytest.mark.parametrize(
    "square",
    [
        np.zeros((1, 1)),
        np.zeros((3, 3)),
        -np.eye(2),
        np.diag([1.0, 2.0, -1e-3]),
        np.ones((4, 4)),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
    ],
)
def test_the_inverse_refuses_what_is_not_positive_definite(square):
    with pytest.raises(ValueError, match="not positive definite"):
        decompositions.inverse(square)


def test_the_inverse_refuses_a_matrix_of_lower_rank():
    rows = np.random.default_rng(0).normal(size=(10, 30))
    with pytest.raises(ValueError, match="not positive definite: the pivot of row 10 "):
        decompositions.inverse(rows.T @ rows)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("function", [decompositions.inverse, decompositions.svd])
def test_what_is_not_finite_is_refused(function, value):
    square = np.eye(5)
    square[1, 3] = square[3, 1] = value
    with pytest.raises(ValueError, match="not finite"):
        function(square)


def test_the_inverse_refuses_to_be_infinite():
    with pytest.raises(ValueError, match="inverse is not finite"):
        decompositions.inverse(np.diag([1.0, 1e-320]))


@pytest.mark.parametrize("function", [decompositions.inverse, decompositions.svd])
@pytest.mark.parametrize("wrong", [np.eye(3)[:2], np.eye(3, dtype=np.float32), np.eye(4)[::2, ::2], np.ones(3)])
def test_only_square_float64_matrices_are_taken(function, wrong):
    with pytest.raises(ValueError, match="expected contiguous float64"):
        function(wrong)


def check_svd(square, rank):
    k, before = len(square), square.copy()
    left, singular, right = decompositions.svd(square)
    expected = np.linalg.svd(square, compute_uv=False)
    scale = expected.max(initial=1e-300)
    np.testing.assert_array_equal(square, before)
    np.testing.assert_allclose(singular, expected, rtol=0, atol=1e-12 * scale)
    assert (np.diff(singular) <= 0).all()
    assert left.flags.c_contiguous
    assert right.flags.c_contiguous
    assert (singular > 0).tolist() == [i < rank for i in range(k)]
    np.testing.assert_allclose(left * singular @ right.T, square, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(right.T @ right, np.eye(k), rtol=0, atol=1e-12)
    np.testing.assert_allclose(left.T @ left, np.diag((np.arange(k) < rank).astype(float)), rtol=0, atol=1e-12)
    assert [part.tobytes() for part in decompositions.svd(square)] == [
        part.tobytes() for part in (left, singular, right)
    ]
    return left, singular, right


@pytest.mark.parametrize("k", SIZES)
def test_the_svd(k):
    check_svd(np.random.default_rng(k).normal(size=(k, k)), k)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_the_svd_of_an_ill_conditioned_matrix(scale):
    values = np.logspace(0, -8, 60)
    singular = check_svd(scale * with_values(values), 60)[1]
    np.testing.assert_allclose(singular, scale * values, rtol=1e-6)


def test_small_singular_values_of_scaled_columns_are_precise():
    values = np.logspace(0, -12, 20)
    left, singular, _ = decompositions.svd(np.ascontiguousarray(orthogonal(20) * values))
    np.testing.assert_allclose(singular, values, rtol=1e-10)
    np.testing.assert_allclose(np.abs(left), np.abs(orthogonal(20)), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("k", "rank"), [(2, 1), (3, 2), (17, 5), (50, 49), (64, 1)])
@pytest.mark.parametrize("symmetric", [False, True])
def test_the_svd_of_a_matrix_of_lower_rank(k, rank, symmetric):
    check_svd(with_values(np.where(np.arange(k) < rank, 1.0 + np.arange(k), 0.0), symmetric), rank)


@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_the_svd_of_zeros(k):
    left, singular, right = decompositions.svd(np.zeros((k, k)))
    assert not left.any()
    assert not singular.any()
    np.testing.assert_allclose(right.T @ right, np.eye(k), rtol=0, atol=1e-15)


def test_the_svd_of_zero_rows_columns_and_equal_columns():
    square = np.random.default_rng(0).normal(size=(12, 12))
    square[3] = square[:, 5] = 0.0
    square[:, 7] = square[:, 2]
    check_svd(square, 10)
    check_svd(np.ones((9, 9)), 1)
    check_svd(np.diag([3.0, 0.0, -5.0, 3.0]), 3)
    check_svd(np.eye(30), 30)


def test_the_svd_of_a_positive_semidefinite_matrix_is_its_eigendecomposition():
    square = with_values(np.where(np.arange(30) < 20, np.logspace(3, -4, 30), 0.0), symmetric=True)
    left, singular, right = check_svd(square, 20)
    np.testing.assert_allclose(left[:, :20], right[:, :20], rtol=0, atol=1e-7)
    np.testing.assert_allclose(singular, np.linalg.eigvalsh(square)[::-1], rtol=0, atol=1e-12 * singular[0])


def test_an_svd_that_does_not_end_is_an_error(monkeypatch):
    monkeypatch.setattr(decompositions, "MAX_SWEEPS", 1)
    with pytest.raises(ValueError, match="not orthogonal after 1 sweeps"):
        decompositions.svd(np.random.default_rng(0).normal(size=(8, 8)))
