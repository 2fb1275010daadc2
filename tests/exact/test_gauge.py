"""The gauge: the same softmax as before, in the one form that `fix_gauge` promises."""

import numpy as np
import pytest

from firth import reference
from firth.exact.gauge import fix_gauge


def model(n, m, dim, seed=0):
    """V (n, dim), U (m, dim), b (m,), float32, far from the gauge: skewed, shifted, of different lengths."""
    rng = np.random.default_rng(seed)
    skew = rng.normal(size=(dim, dim))
    center = rng.normal(size=(n, dim)) @ skew + rng.normal(size=dim)
    outside = rng.normal(size=(m, dim)) / dim + 3 * rng.normal(size=dim)
    return [array.astype(np.float32) for array in (center, outside, rng.normal(size=m) + 7)]


def softmax(center, outside, bias):
    """P(outside word | center word), (n, m)."""
    v, u, b = (array.astype(np.float64) for array in (center, outside, bias))
    return reference.softmax(v @ u.T + b)


def assert_in_gauge(center, outside, bias):
    for matrix in (center, outside):
        assert matrix.dtype == np.float32
        np.testing.assert_allclose(matrix.mean(axis=0, dtype=float), 0, atol=1e-6 * max(1, np.abs(matrix).max()))
    assert bias.dtype == np.float32
    assert np.exp(bias.astype(float)).sum() == pytest.approx(1, rel=1e-5)
    squares = [matrix.T.astype(float) @ matrix for matrix in (center, outside)]
    size = max(1e-30, np.abs(squares[0]).max())
    np.testing.assert_allclose(squares[0], squares[1], atol=1e-5 * size)
    powers = np.diag(squares[0])
    np.testing.assert_allclose(squares[0], np.diag(powers), atol=1e-5 * size)
    assert (np.diff(powers) <= 1e-5 * size).all()
    largest = np.abs(center).argmax(axis=0)
    assert (center[largest, np.arange(center.shape[1])] >= 0).all()


SHAPES = [(30, 30, 5), (30, 55, 5), (4, 9, 7), (5, 5, 7), (3, 20, 7), (2, 2, 3), (1, 3, 2), (1, 1, 1), (400, 900, 40)]
"""(n, m, dim): also with fewer words than dimensions."""


@pytest.mark.parametrize("shape", SHAPES)
def test_the_softmax_stays_and_the_form_is_the_promised_one(shape):
    before = model(*shape)
    kept = [array.copy() for array in before]
    after = fix_gauge(*before)
    assert [array.shape for array in after] == [array.shape for array in before]
    assert_in_gauge(*after)
    assert np.abs(np.log(softmax(*after)) - np.log(softmax(*before))).max() < 2e-4
    for array, copy in zip(before, kept, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_exact_objective_stays():
    rng = np.random.default_rng(1)
    counts = rng.gamma(0.3, size=(40, 60))
    one = np.ones((40, 1))
    before, after = (
        reference.exact_objective(np.hstack([v, one]), np.hstack([u, b[:, None]]), counts)[0]
        for v, u, b in (model(40, 60, 6), fix_gauge(*model(40, 60, 6)))
    )
    assert after == pytest.approx(before, rel=1e-6)


@pytest.mark.parametrize("shape", [(30, 55, 5), (9, 14, 5)])
def test_models_that_differ_by_the_gauge_alone_become_one(shape):
    center, outside, bias = (array.astype(np.float64) for array in model(*shape))
    rng = np.random.default_rng(2)
    left, right = (np.linalg.qr(rng.normal(size=(shape[2], shape[2])))[0] for _ in range(2))
    mix = left @ np.diag(rng.uniform(0.5, 2, size=shape[2])) @ right
    moved_center, moved_outside = center @ mix, outside @ np.linalg.inv(mix).T + rng.normal(size=shape[2])
    shift = rng.normal(size=shape[2])
    moved = moved_center + shift, moved_outside, bias - moved_outside @ shift + 5
    for found, right in zip(fix_gauge(*moved), fix_gauge(center, outside, bias), strict=True):
        np.testing.assert_allclose(found, right, atol=1e-4)


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_fewer_directions_than_dimensions_leave_the_last_columns_zero(rank):
    center, outside, bias = model(20, 30, 8)
    center[:, rank:] = 2.5  # the same in every row: no direction
    after = fix_gauge(center, outside, bias)
    assert_in_gauge(*after)
    assert np.abs(after[0][:, rank:]).max() < 1e-3
    assert np.abs(np.log(softmax(*after)) - np.log(softmax(center, outside, bias))).max() < 2e-4


@pytest.mark.parametrize("zero", [(0,), (1,), (0, 1)])
def test_a_matrix_of_zeros_leaves_a_distribution(zero):
    parts = model(12, 20, 4)
    for number in zero:
        parts[number][:] = 0
    after = fix_gauge(*parts)
    assert_in_gauge(*after)
    assert not after[0].any()
    assert not after[1].any()
    np.testing.assert_allclose(np.exp(after[2].astype(float)), softmax(*parts)[0], rtol=1e-5)


def test_a_bias_of_any_size_is_no_overflow():
    center, outside, _ = model(5, 6, 2)
    after = fix_gauge(center, outside, np.array([3e4, -3e4, 0, 3e4, 1, 2], np.float32))
    assert np.isfinite(after[2]).all()
    assert np.exp(after[2].astype(float)).sum() == pytest.approx(1, rel=1e-5)
