"""Cosines of pairs, against the formula in plain float64."""

import math

import numpy as np
import pytest

from firth.evaluate.answers import NO_VECTOR, Lookup
from firth.evaluate.reading import Similarity
from firth.evaluate.similarity import answer, pair_cosines


def test_cosines_of_the_pairs_that_have_vectors(capitals):
    pairs = [("Norway", "Oslo"), ("norway", "ghana"), ("Japan", "japan"), ("norway", "oslo"), ("atlantis", "norway")]
    answers = answer(Lookup(capitals), Similarity("set", pairs, [9.0, 2.0, 10.0, 0.0, 1.0]))
    assert answers.kind == "similarity"
    assert answers.gold.tolist() == [9, 2, 10, 0, 1]
    assert answers.status.tolist() == [0, 0, 0, NO_VECTOR, NO_VECTOR]
    assert answers.missing == [[], [], [], ["oslo"], ["atlantis"]]
    np.testing.assert_allclose(
        answers.values, [1 / math.sqrt(1.16), -1 / math.sqrt(1.25), 1, np.nan, np.nan], rtol=1e-7
    )


def test_cosines_that_are_equal_but_for_rounding_are_equal(make):
    rows = np.random.default_rng(0).normal(size=(300, 50)).astype(np.float32)
    vectors = make({f"w{i}": row for i, row in enumerate(rows)} | {f"v{i}": 2 * row for i, row in enumerate(rows)})
    pairs = [(f"w{i}", f"w{i}") for i in range(300)] + [(f"w{i}", f"v{i}") for i in range(300)]
    assert set(answer(Lookup(vectors), Similarity("set", pairs, [1.0] * 600)).values) == {1.0}


@pytest.mark.parametrize("block", [1, 50, 10**6])
def test_blocks_of_any_size_give_the_same_bits(make, monkeypatch, block):
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(30, 7)).astype(np.float32)
    rows[3] = 0
    vectors, ids = make({f"w{i}": row for i, row in enumerate(rows)}), rng.integers(0, 30, size=(200, 2))
    monkeypatch.setattr("firth.evaluate.answers.VALUES_AT_ONCE", block)
    found = pair_cosines(vectors, ids)
    expected = []
    for a, b in ids:
        u, v = rows[a].astype(float), rows[b].astype(float)
        length = np.linalg.norm(u) * np.linalg.norm(v)
        expected.append(u @ v / length if length else 0.0)
    np.testing.assert_allclose(found, expected, atol=1e-15)
    assert found.tolist() == [vectors.similarity(f"w{a}", f"w{b}") for a, b in ids]
