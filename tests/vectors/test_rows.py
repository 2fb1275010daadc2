"""What queries over all rows share, against plain NumPy."""

import numpy as np
import pytest

from firth import ConfigError, WordVectors
from firth.vectors import rows
from firth.vectors.rows import blocks, lengths, most_frequent_ids, unit, whole


def make_vectors(center, counts=None):
    words = [f"w{i}" for i in range(len(center))]
    counts = np.zeros(len(words), np.int64) if counts is None else np.array(counts)
    return WordVectors(words, counts, np.asarray(center, np.float32), None, {}, [])


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_blocks_cover_all_rows_once(monkeypatch, at_once):
    monkeypatch.setattr(rows, "VALUES_AT_ONCE", at_once)
    parts = list(blocks(10, 3))
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(10))
    assert len(parts) == {1: 10, 7: 5, 1000: 1}[at_once]


@pytest.mark.filterwarnings("ignore:the vector of 'w1'")
def test_lengths_and_rows_of_length_one():
    vectors = make_vectors([[3, 4], [0, 0], [1e-30, 0], [3e38, 3e38], [1, 1]])
    found = lengths(vectors)
    np.testing.assert_allclose(found, np.linalg.norm(vectors.center.astype(np.float64), axis=1), rtol=1e-15)
    scaled = unit(vectors.center, found)
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0, 0], [1, 0], [0.5**0.5] * 2, [0.5**0.5] * 2], rtol=1e-7)
    assert scaled.dtype == np.float64


def test_the_layout_of_the_rows_changes_no_bit():
    center = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    found = lengths(make_vectors(center))
    other = np.asfortranarray(center)
    assert lengths(make_vectors(other)).tobytes() == found.tobytes()
    assert unit(other, found).flags.c_contiguous
    assert unit(other, found).tolist() == unit(center, found).tolist()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_is_named_and_has_no_length(bad):
    vectors = make_vectors([[1, 2], [3, 4], [bad, 5]])
    with pytest.warns(UserWarning, match="'w2' is zero or not finite"):
        found = lengths(vectors)
    assert found.tolist() == [5**0.5, 5, 0]
    assert unit(vectors.center, found)[2].tolist() == [0, 0]


def test_the_most_frequent_are_those_of_the_largest_counts():
    counts = np.array([4, 9, 1, 4, 4])
    assert most_frequent_ids(counts, None).tolist() == [0, 1, 2, 3, 4]
    assert most_frequent_ids(counts, 3).tolist() == [0, 1, 3]
    assert most_frequent_ids(counts, 9).tolist() == [0, 1, 2, 3, 4]
    assert most_frequent_ids(np.zeros(5, int), 2).tolist() == [0, 1]
    with pytest.raises(ConfigError, match="most_frequent is 0"):
        most_frequent_ids(counts, 0)


@pytest.mark.parametrize("value", [0, 11, 2.0, "3", True, None])
def test_numbers_are_checked(value):
    with pytest.raises(ConfigError, match=r"k is .*: expected a whole number, 1 to 10"):
        whole("k", value, 1, 10)


def test_good_numbers_pass():
    assert type(whole("k", np.int32(3), 1)) is int
    with pytest.raises(ConfigError, match="1 or more"):
        whole("k", 0, 1)
