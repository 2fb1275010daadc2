"""The arithmetic of queries, against sorting by hand."""

import numpy as np
import pytest

from firth.vectors import queries
from firth.vectors.queries import cosines, nearest, scaled, three_cos_add


def test_rows_are_scaled_and_zeros_stay():
    rows = np.array([[3, 4], [0, 0], [-1e-30, 0]], np.float32)
    np.testing.assert_allclose(scaled(rows), [[0.6, 0.8], [0, 0], [-1, 0]], rtol=1e-15)
    assert scaled(rows).dtype == np.float64


def test_cosines_are_between_minus_one_and_one():
    rows = scaled(np.array([[1, 1, 1], [-1, -1, -1], [1, -1, 0]], np.float32))
    found = cosines(rows, rows[0])
    np.testing.assert_allclose(found, [1, -1, 0], atol=1e-15)
    assert np.abs(found).max() <= 1


def test_three_cos_add_is_the_scaled_sum():
    a, b, c = scaled(np.random.default_rng(0).normal(size=(3, 5, 4)))
    query = three_cos_add(a, b, c)
    np.testing.assert_allclose((query * query).sum(axis=1), 1)
    np.testing.assert_allclose(query, (b - a + c) / np.linalg.norm(b - a + c, axis=1, keepdims=True))


@pytest.mark.parametrize("at_once", [1, 150, 2**23])
@pytest.mark.parametrize("k", [1, 3, 60])
def test_the_nearest_are_those_of_a_full_sort(monkeypatch, k, at_once):
    monkeypatch.setattr(queries, "VALUES_AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    center = rng.normal(size=(50, 6)).astype(np.float32)
    center[20:30] = center[7] * np.arange(1, 11, dtype=np.float32)[:, None]  # ties, up to rounding
    asked = scaled(rng.normal(size=(7, 6)))
    asked[3] = scaled(center[7])
    excluded = rng.integers(0, 50, size=(7, 3))
    found = list(nearest(center, scaled(center).astype(np.float32), asked, excluded, k))
    assert len(found) == 7
    for query, out, (ids, values) in zip(asked, excluded, found, strict=True):
        scores = cosines(scaled(center), query)
        order = [i for i in sorted(range(50), key=lambda i: (-scores[i], i)) if i not in out][:k]
        assert ids.tolist() == order
        assert values.tolist() == scores[order].tolist()


def test_no_answer_is_left():
    center = np.eye(2, dtype=np.float32)
    ((ids, values),) = nearest(center, center, scaled(center[:1]), [[0, 1]], 5)
    assert (ids.tolist(), values.tolist()) == ([], [])
