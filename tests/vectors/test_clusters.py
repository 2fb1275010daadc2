"""Clusters against planted ones, against a plain Lloyd's step, and the same however the work is cut up."""

import numpy as np
import pytest

from firth import ConfigError, WordVectors
from firth.vectors import clusters as module
from firth.vectors import rows as row_blocks
from firth.vectors.clusters import Rows, clusters, first_centers, k_means, nearest_centers

pytestmark = pytest.mark.filterwarnings("ignore:the vector of")  # some rows are zero


def make_vectors(center, counts=None):
    words = [f"w{i}" for i in range(len(center))]
    counts = np.zeros(len(words), np.int64) if counts is None else np.asarray(counts)
    return WordVectors(words, counts, np.asarray(center, np.float32), None, {}, [])


def planted(n=400, d=12, k=6, spread=0.15, seed=2):
    """(rows of any length around k directions, which direction each has)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    directions = np.linalg.qr(rng.normal(size=(d, k)))[0].T
    rows = directions[truth] + spread * rng.normal(size=(n, d)) / d**0.5
    return (rows * rng.gamma(3, size=(n, 1))).astype(np.float32), truth


def unit_rows(center):
    center = np.asarray(center, np.float64)
    norms = np.linalg.norm(center, axis=1, keepdims=True)
    return center / np.where(norms == 0, 1, norms)


def lloyd(unit, centers):
    """One step in plain NumPy: (the label of each row by the centers, the centers of these labels)."""
    labels = np.array([max(range(len(centers)), key=lambda c: (row @ centers[c], -c)) for row in unit])
    means = np.array([unit[labels == c].sum(axis=0) for c in range(len(centers))])
    return labels, unit_rows(means)


def rows_of(center):
    center = np.asarray(center, np.float32)
    return Rows(center, np.arange(len(center)), np.linalg.norm(center.astype(np.float64), axis=1))


@pytest.mark.parametrize("seed", range(10))
def test_planted_clusters_are_found_whatever_the_lengths(seed):
    center, truth = planted()
    found = clusters(make_vectors(center), 6, seed=seed)
    pairs = set(zip(truth.tolist(), found.labels.tolist(), strict=True))
    assert len(pairs) == len({label for label, _ in pairs}) == len({label for _, label in pairs}) == 6
    assert found.settled
    assert found.sizes.tolist() == sorted(np.bincount(truth).tolist(), reverse=True)


def test_every_step_is_lloyds(monkeypatch):
    center = np.random.default_rng(4).normal(size=(300, 7)).astype(np.float32)
    unit = unit_rows(center)
    starts = unit[[3, 50, 120, 200, 299]]
    centers = starts
    for steps in range(1, 7):
        monkeypatch.setattr(module, "STEPS", steps)
        labels, centers = lloyd(unit, centers)
        found, found_centers, made, settled = k_means(rows_of(center), starts)
        assert found.tolist() == labels.tolist()
        np.testing.assert_allclose(found_centers, centers, rtol=0, atol=1e-8)
        assert (made, settled) == (steps, False)


def test_the_end_is_a_fixed_point_of_lloyds_step():
    center = np.random.default_rng(5).normal(size=(500, 5)).astype(np.float32)
    found = clusters(make_vectors(center), 8, seed=3)
    unit = unit_rows(center)
    assert found.settled
    labels, centers = lloyd(unit, unit_rows(found.centers))
    assert labels.tolist() == found.labels.tolist()
    np.testing.assert_allclose(centers, found.centers, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.cosines, (unit * centers[labels]).sum(axis=1), rtol=0, atol=1e-7)
    assert found.sizes.tolist() == np.bincount(labels).tolist()


def test_a_limit_of_steps_is_told(monkeypatch):
    monkeypatch.setattr(module, "STEPS", 2)
    found = clusters(make_vectors(np.random.default_rng(5).normal(size=(500, 5))), 8)
    assert (found.steps, found.settled) == (2, False)


def test_words_and_names_are_the_most_central_first():
    center, _ = planted()
    found = clusters(make_vectors(center), 6)
    for cluster in range(6):
        own = [i for i in range(400) if found.labels[i] == cluster]
        wanted = [f"w{i}" for i in sorted(own, key=lambda i: (-found.cosines[i], i))]
        assert found.words(cluster) == wanted
        assert found.names[cluster] == ", ".join(wanted[:3])


def test_clusters_are_numbered_by_size_then_by_their_first_word():
    center = [[0, 1], [1, 0], [1, 0], [0, -1], [0, -1]]
    found = clusters(make_vectors(center), 3)
    assert found.labels.tolist() == [2, 0, 0, 1, 1]
    assert found.sizes.tolist() == [2, 2, 1]


@pytest.mark.parametrize("k", [1, 9, 40])
def test_neither_blocks_nor_the_layout_of_rows_change_a_bit(monkeypatch, k):
    rng = np.random.default_rng(6)
    center = rng.normal(size=(700, 16)).astype(np.float32)
    center[100:160] = center[5]  # many ties
    center[300:320] = np.rint(center[300:320])
    vectors = make_vectors(center)
    wanted = clusters(vectors, k)
    for at_once in (1, 999, 5000):
        monkeypatch.setattr(module, "VALUES_AT_ONCE", at_once)
        monkeypatch.setattr(row_blocks, "VALUES_AT_ONCE", at_once)
        found = clusters(make_vectors(np.asfortranarray(center)), k)
        assert found.labels.tolist() == wanted.labels.tolist()
        assert found.centers.tobytes() == wanted.centers.tobytes()
        assert found.cosines.tobytes() == wanted.cosines.tobytes()


def test_float64_decides_between_centers_that_float32_cannot_tell_apart():
    rng = np.random.default_rng(7)
    center = rng.normal(size=(2000, 50)).astype(np.float32)
    base = unit_rows(rng.normal(size=(1, 50)))
    centers = unit_rows(base + 1e-9 * rng.normal(size=(4, 50)))
    wanted = (unit_rows(center) @ centers.T).argmax(axis=1)
    assert len(set(wanted.tolist())) == 4
    narrow = (unit_rows(center).astype(np.float32) @ centers.astype(np.float32).T).argmax(axis=1)
    assert (narrow != wanted).any()
    assert nearest_centers(rows_of(center), centers).tolist() == wanted.tolist()


def test_the_seed_decides_and_nothing_else():
    center = np.random.default_rng(8).normal(size=(300, 6))
    same = [clusters(make_vectors(center), 10, seed=5).labels.tolist() for _ in range(2)]
    assert same[0] == same[1]
    assert same[0] != clusters(make_vectors(center), 10, seed=6).labels.tolist()


def test_first_centers_are_far_apart():
    """k-means++: one of each of 8 tight directions, as far from each other as rows can be."""
    center = np.concatenate([np.tile(s * np.eye(4), (200, 1)) for s in (1, -1)])
    for seed in range(20):
        found = first_centers(rows_of(center), 8, np.random.default_rng(seed))
        assert len({tuple(row) for row in found.tolist()}) == 8


def test_first_centers_are_drawn_by_their_distance():
    """From the first center at 0 degrees, a row at 60 (1 - cosine 1/2) comes half as often as one at 90 (1)."""
    center = np.array([[1, 0], [0.5, 0.75**0.5], [0, 1]])
    draws = []
    for seed in range(3000):
        first, second = first_centers(rows_of(center), 2, np.random.default_rng(seed))
        if first[0] == 1:
            draws.append(second[0] == 0)
    assert len(draws) > 900
    assert np.mean(draws) == pytest.approx(2 / 3, abs=4 * (2 / 9 / len(draws)) ** 0.5)


def test_first_centers_come_from_a_sample_of_many_rows(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 20)
    center, truth = planted(n=600, k=3)
    found = clusters(make_vectors(center), 3)
    assert len(set(zip(truth.tolist(), found.labels.tolist(), strict=True))) == 3


def test_an_empty_cluster_gets_the_farthest_word():
    center = [[1, 0, 0], [1, 0.01, 0], [1, 0.3, 0], [0, 0, 1]]
    starts = unit_rows([[1, 0, 0], [0, 0, 1], [-1, -1, -1]])
    labels, _, _, settled = k_means(rows_of(center), starts)
    assert labels.tolist() == [0, 0, 2, 1]
    assert settled


def test_more_clusters_than_different_vectors():
    center = np.tile([[1, 2], [3, -1]], (5, 1))
    found = clusters(make_vectors(center), 7)
    assert found.settled
    assert min(found.sizes) >= 1
    assert sum(found.sizes) == 10


def test_each_word_may_be_a_cluster():
    center = np.random.default_rng(9).normal(size=(6, 3))
    found = clusters(make_vectors(center), 6)
    assert sorted(found.labels.tolist()) == list(range(6))
    np.testing.assert_allclose(found.cosines, 1)


def test_vectors_of_zeros_are_in_no_cluster():
    center, _ = planted()
    center[[0, 77]] = 0
    found = clusters(make_vectors(center), 6)
    assert np.flatnonzero(found.labels < 0).tolist() == [0, 77]
    assert found.sizes.sum() == 398
    assert {word for i in range(6) for word in found.words(i)} == set(found.vocabulary) - {"w0", "w77"}
    assert found.cosines[0] == 0


def test_no_more_clusters_than_vectors_that_are_not_zero():
    with pytest.raises(ConfigError, match="k is 3, but 2 words have a vector with a direction"):
        clusters(make_vectors([[1, 0], [0, 0], [0, 1]]), 3)


def test_only_the_most_frequent():
    center, truth = planted()
    counts = np.random.default_rng(1).permutation(400)
    found = clusters(make_vectors(center, counts), 6, most_frequent=150)
    ids = [i for i in range(400) if counts[i] >= 250]
    assert found.vocabulary == [f"w{i}" for i in ids]
    assert len(set(zip(truth[ids].tolist(), found.labels.tolist(), strict=True))) == 6


def test_extreme_lengths_are_no_trouble():
    center, truth = planted()
    scale = np.float32(10) ** np.random.default_rng(0).integers(-38, 37, size=(400, 1)).astype(np.float32)
    center = unit_rows(center) * scale
    center[0] *= 3e38 / np.abs(center[0]).max()  # longer than any float32
    found = clusters(make_vectors(center), 6)
    assert len(set(zip(truth.tolist(), found.labels.tolist(), strict=True))) == 6


def test_progress_is_told():
    seen = []
    clusters(make_vectors(planted()[0]), 6, progress=lambda *told: seen.append(told))
    assert ("first centers", 1, 6) in seen
    assert ("clusters", 0, 100) in seen


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": 11}, "k is 11, but 10 words"),
        ({"k": 5, "most_frequent": 3}, "k is 5, but 3 words"),
        ({"k": 2.5}, "k is 2.5"),
        ({"k": 2, "seed": -1}, "seed is -1"),
        ({"k": 2, "most_frequent": 0}, "most_frequent is 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        clusters(make_vectors(np.eye(10)), **arguments)


def test_a_cluster_that_is_not_there():
    found = clusters(make_vectors(np.eye(3)), 2)
    for number in (2, -1):
        with pytest.raises(ConfigError, match=f"cluster is {number}"):
            found.words(number)


def test_vectors_that_are_not_finite_are_named_and_in_no_cluster():
    center = np.eye(5)
    center[3, 1] = np.inf
    with pytest.warns(UserWarning, match="'w3'"):
        assert np.flatnonzero(clusters(make_vectors(center), 2).labels < 0).tolist() == [3]
