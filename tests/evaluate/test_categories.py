"""k-means: clusters that are plain to see, a local optimum by definition, starts, blocks; words without vectors."""

import numpy as np
import pytest

from firth.evaluate.answers import NO_VECTOR, Lookup
from firth.evaluate.categories import answer, k_means
from firth.evaluate.reading import Categories


def test_clusters_that_lie_apart_are_found():
    rng = np.random.default_rng(6)
    truth = rng.permutation(np.repeat(np.arange(5), 20))
    points = 10 * np.eye(5)[truth] + rng.normal(size=(100, 5))
    clusters = k_means(points, 5)
    assert {len(set(clusters[truth == k])) for k in range(5)} == {1}
    assert len(set(clusters)) == 5


@pytest.mark.parametrize("block", [1, 40, 10**6])
def test_every_point_is_in_the_cluster_of_the_nearest_mean(monkeypatch, block):
    points = np.random.default_rng(7).normal(size=(80, 3))
    expected = k_means(points, 6)
    monkeypatch.setattr("firth.evaluate.answers.VALUES_AT_ONCE", block)
    clusters = k_means(points, 6)
    assert clusters.tolist() == expected.tolist()
    means = np.array([points[clusters == k].mean(axis=0) for k in range(6)])
    distances = ((points[:, None] - means) ** 2).sum(axis=2)
    assert clusters.tolist() == distances.argmin(axis=1).tolist()


def test_equal_points_and_as_many_clusters_as_points():
    assert k_means(np.ones((4, 2)), 3).tolist() == [0, 0, 0, 0]
    assert sorted(k_means(np.arange(6.0).reshape(3, 2), 3)) == [0, 1, 2]


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
