"""Words in clusters: the best of ten starts, clusters that are plain to see, words without vectors."""

import numpy as np
import pytest

from firth.evaluate.answers import NO_VECTOR, Lookup
from firth.evaluate.categories import SEED, answer, clusters_of
from firth.evaluate.reading import Categories
from firth.vectors.clusters import Rows, first_centers, k_means


def test_the_best_of_ten_starts_counts(make):
    rng = np.random.default_rng(7)
    vectors = make({f"w{i}": row for i, row in enumerate(rng.normal(size=(80, 3)))})
    ids = np.arange(3, 80)
    clusters = clusters_of(vectors, ids, 6)
    units = vectors.center[ids] / np.linalg.norm(vectors.center[ids].astype(float), axis=1, keepdims=True)

    def fit(labels):
        sums = np.array([units[labels == k].sum(axis=0) for k in range(6)])
        return np.linalg.norm(sums, axis=1).sum()  # the sum of cosines with the centers

    rows, draws = Rows(vectors.center, ids, vectors.norms[ids]), np.random.default_rng(SEED)
    fits = [fit(k_means(rows, first_centers(rows, 6, draws))[0]) for _ in range(10)]
    assert max(fits) > min(fits) + 1e-6
    assert fit(clusters) == pytest.approx(max(fits))


def test_words_that_are_plain_to_see_are_told_apart(make):
    rng = np.random.default_rng(6)
    truth = rng.permutation(np.repeat(np.arange(5), 20))
    vectors = make({f"w{i}": row for i, row in enumerate(10 * np.eye(5)[truth] + rng.normal(size=(100, 5)))})
    clusters = clusters_of(vectors, np.arange(100), 5)
    assert {len(set(clusters[truth == k])) for k in range(5)} == {1}
    assert len(set(clusters)) == 5


def test_words_are_put_into_as_many_clusters_as_they_have_classes(make):
    rows = {"owl": [9, 1, 0], "hen": [1, 0.1, 0], "fig": [0, 1, 0.1], "Kiwi": [0, 5, 1], "bus": [0, 0, 3]}
    benchmark = Categories("set", ["owl", "hen", "x", "fig", "Kiwi"], ["bird", "bird", "car", "fruit", "fruit"])
    answers = answer(Lookup(make(rows)), benchmark)
    assert answers.status.tolist() == [0, 0, NO_VECTOR, 0, 0]
    assert answers.gold.tolist() == [0, 0, 1, 2, 2]
    a, b, x, c, d = answers.values
    assert np.isnan(x)
    assert (a, c) == (b, d)
    assert {a, c} == {0, 1}
    assert answers.missing == [[], [], ["x"], [], []]


def test_no_word_has_no_cluster(make):
    answers = answer(Lookup(make({"a": [1.0, 0]})), Categories("set", ["x", "y"], ["one", "two"]))
    assert np.isnan(answers.values).all()
