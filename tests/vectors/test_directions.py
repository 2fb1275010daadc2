"""Directions of rows: lengths, cosines, and rows that have none or are too long or short for float32."""

import numpy as np
import pytest

from firth.vectors import directions as directions_module
from firth.vectors.directions import Directions, cosines, lengths_of, scaled, three_cos_add


def directions_of(rows):
    rows = np.asarray(rows, np.float32)
    return Directions(rows, lengths_of(rows))


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


def test_lengths_in_blocks_of_any_size(monkeypatch):
    rows = np.random.default_rng(1).normal(size=(11, 3)).astype(np.float32)
    rows[4] = [np.inf, 0, 0]
    rows[5, 1] = np.nan
    rows[6] = 0
    rows[7] = [2e38, 2e38, 2e38]
    expected = np.linalg.norm(rows.astype(np.float64), axis=1)
    for values in (2**16, 7):
        monkeypatch.setattr(directions_module, "VALUES_IN_CACHE", values)
        np.testing.assert_allclose(lengths_of(rows), expected, rtol=1e-14)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_scores_are_the_cosines_of_a_few_or_many_queries_within_the_doubt():
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(60, 33)).astype(np.float32) * np.float32(10) ** rng.integers(-20, 20, (60, 1))
    rows[7] = 0
    rows[9, 3] = np.nan
    rows[11, 0] = np.inf
    found = directions_of(rows)
    queries = scaled(rng.normal(size=(5, 33)))
    assert found.missing.tolist() == [7, 9, 11]
    true = rows.astype(np.float64) @ queries.T / np.linalg.norm(rows.astype(np.float64), axis=1)[:, None]
    for asked in (queries, queries[:1]):
        scores = found.scores(asked)
        assert (scores[:, found.missing] == -np.inf).all()
        there = np.delete(np.arange(60), found.missing)
        np.testing.assert_allclose(scores[:, there], true[there, : len(asked)].T, rtol=0, atol=found.doubt)


def test_the_first_and_chosen_rows():
    found = directions_of(np.eye(4) * [[1], [2], [3], [0]])
    assert found.first(2).lengths.tolist() == [1, 2]
    assert len(found.first(2)) == 2
    chosen = found.chosen(np.array([3, 1]))
    assert (chosen.lengths.tolist(), chosen.missing.tolist()) == ([0, 2], [0])


def test_cosines_of_some_rows_in_blocks_of_any_size(monkeypatch):
    rows = np.random.default_rng(3).normal(size=(9, 4)).astype(np.float32)
    query = scaled(rows[2])
    whole = directions_of(rows).cosines(np.array([8, 2, 2, 0]), query)
    monkeypatch.setattr(directions_module, "VALUES_AT_ONCE", 5)
    assert directions_of(rows).cosines(np.array([8, 2, 2, 0]), query).tolist() == whole.tolist()
    assert whole[1] == pytest.approx(1)
