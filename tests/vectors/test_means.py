"""Means of many documents with words made of n-grams: forgotten and made again, in pieces of any size."""

import numpy as np
import pytest

from firth.corpus.lines import read_lines
from firth.settings import AS_IS
from firth.vectors import means as module
from firth.vectors.container import WordVectors
from firth.vectors.means import WeightedVectors, document_means
from firth.vectors.subwords import Subwords

DIM = 5


@pytest.fixture
def weighted():
    rng = np.random.default_rng(1)
    words = [f"word{number}" for number in range(12)]
    center = rng.normal(size=(12, DIM)).astype(np.float32)
    rows = rng.normal(size=(12 + 70, DIM)).astype(np.float32)
    vectors = WordVectors(words, np.ones(12, np.int64), center, None, {}, [], subwords=Subwords(4, 6, 70, rows))
    return WeightedVectors(vectors, rng.uniform(size=12))


def random_lines():
    """Known words, words never seen, and the word "x", which has no n-gram of four characters."""
    rng = np.random.default_rng(2)
    words = [*(f"word{number}" for number in range(12)), *(f"unseen{number}é" for number in range(40)), "x"]
    return [[words[place] for place in rng.integers(len(words), size=size)] for size in rng.integers(15, size=80)]


def by_hand(weighted, line):
    vectors, total, known = weighted.vectors, np.zeros(DIM), 0
    for word in line:
        if word == "x":
            continue
        weight = weighted.weights[vectors.words.index(word)] if word in vectors else 1.0
        total += weight * vectors[word].astype(np.float64)
        known += 1
    return total / max(1, known), known


@pytest.mark.parametrize("room", [1, 2, 7, 50, 10_000])
def test_words_made_of_ngrams_are_forgotten_and_made_again(monkeypatch, weighted, room):
    lines = random_lines()
    right = document_means(weighted, read_lines(lines, AS_IS))
    monkeypatch.setattr(module, "MADE_VALUES", room * DIM)
    found = document_means(weighted, read_lines(lines, AS_IS))
    assert found.matrix.tobytes() == right.matrix.tobytes()
    assert found.tokens.tolist() == list(map(len, lines))
    for row, known, line in zip(found.matrix, found.known, lines, strict=True):
        expected, count = by_hand(weighted, line)
        assert np.abs(row - expected).max() < 1e-6
        assert known == count


def test_without_subwords_they_are_left_out(weighted):
    vectors = weighted.vectors
    bare = WordVectors(vectors.words, vectors.counts, vectors.center, None, {}, [])
    lines = random_lines()
    found = document_means(WeightedVectors(bare, weighted.weights), read_lines(lines, AS_IS))
    assert found.known.tolist() == [sum(word in bare for word in line) for line in lines]


def test_there_is_room_for_any_number_of_words(weighted):
    lines = [[f"new{number}", "word1"] for number in range(5000)]
    bare = WordVectors(weighted.vectors.words, weighted.vectors.counts, weighted.vectors.center, None, {}, [])
    found = document_means(WeightedVectors(bare, np.ones(12)), read_lines(lines, AS_IS))
    assert found.known.tolist() == [1] * 5000
    assert np.array_equal(found.matrix, np.repeat(bare.center[1:2], 5000, axis=0))
