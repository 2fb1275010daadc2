"""The graph of similar words, against all cosines in plain NumPy."""

import builtins

import numpy as np
import pytest

from firth import ConfigError, MissingExtraError, WordVectors
from firth.vectors import graph as module
from firth.vectors.graph import edges, graph

pytestmark = pytest.mark.filterwarnings("ignore:the vector of")  # some rows are zero


def make_vectors(center, counts=None):
    words = [f"w{i}" for i in range(len(center))]
    counts = np.zeros(len(words), np.int64) if counts is None else np.asarray(counts)
    return WordVectors(words, counts, np.asarray(center, np.float32), None, {}, [])


def random_vectors(n=120, d=5, seed=1):
    center = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    center[20:26] = center[3]
    center[50] = 0
    return make_vectors(center)


def cosines_of(vectors):
    rows = vectors.center.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(norms == 0, 1, norms)
    return unit @ unit.T


def all_pairs(vectors, threshold):
    cosines, n = cosines_of(vectors), len(vectors)
    return [(i, j, cosines[i, j]) for i in range(n) for j in range(i + 1, n) if cosines[i, j] >= threshold]


@pytest.mark.parametrize("threshold", [0.01, 0.5, 0.9, 0.999])
def test_edges_are_all_pairs_from_the_threshold_up_in_order(threshold):
    vectors = random_vectors()
    wanted = all_pairs(vectors, threshold)
    found = list(edges(vectors, threshold))
    assert [(a, b) for a, b, _ in found] == [(f"w{i}", f"w{j}") for i, j, _ in wanted]
    np.testing.assert_allclose([c for *_, c in found], [c for *_, c in wanted], rtol=0, atol=1e-14)
    assert len(found) >= 15
    assert all(type(c) is float and c <= 1 for *_, c in found)


@pytest.mark.parametrize(("rows", "columns", "values"), [(1, 1, 1), (7, 5, 33), (50, 200, 2**20)])
def test_blocks_change_no_bit(monkeypatch, rows, columns, values):
    vectors = random_vectors()
    wanted = list(edges(vectors, 0.3))
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows)
    monkeypatch.setattr(module, "COLUMNS_AT_ONCE", columns)
    monkeypatch.setattr(module, "VALUES_AT_ONCE", values)
    assert list(edges(vectors, 0.3)) == wanted
    assert list(edges(make_vectors(np.asfortranarray(vectors.center)), 0.3)) == wanted


def test_float64_decides_at_the_threshold():
    """Pairs whose float32 cosine is below the true one, which is the threshold."""
    vectors = random_vectors(300, 40, seed=5)
    rows = vectors.center.astype(np.float64)
    rows /= np.where(np.linalg.norm(rows, axis=1) > 0, np.linalg.norm(rows, axis=1), 1)[:, None]
    narrow = rows.astype(np.float32) @ rows.astype(np.float32).T
    near = [(int(a[1:]), int(b[1:]), cosine) for a, b, cosine in edges(vectors, 0.4)]
    lower = [(i, j, cosine) for i, j, cosine in near if narrow[i, j] < np.float32(cosine)]
    assert len(lower) > 20
    for i, j, cosine in lower[:20]:
        at = {(a, b) for a, b, _ in edges(vectors, cosine)}
        above = {(a, b) for a, b, _ in edges(vectors, np.nextafter(cosine, 1))}
        assert (f"w{i}", f"w{j}") in at - above


def test_the_graph_is_symmetric_with_an_empty_diagonal():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    vectors = random_vectors()
    matrix = graph(vectors, 0.4)
    wanted = np.where(cosines_of(vectors) >= 0.4, cosines_of(vectors), 0)
    np.fill_diagonal(wanted, 0)
    assert isinstance(matrix, scipy_sparse.csr_array)
    assert (matrix.dtype, matrix.shape) == (np.float32, (120, 120))
    np.testing.assert_allclose(matrix.toarray(), wanted, rtol=0, atol=1e-7)
    assert (matrix != matrix.T).nnz == 0
    assert matrix.nnz == 2 * len(all_pairs(vectors, 0.4))
    assert matrix.has_sorted_indices


@pytest.mark.parametrize("k", [1, 3, 200])
def test_k_keeps_the_nearest_of_either_word(k):
    pytest.importorskip("scipy.sparse")
    vectors = random_vectors()
    cosines = {}
    for a, b, cosine in edges(vectors, 0.4):
        i, j = int(a[1:]), int(b[1:])
        cosines[i, j] = cosines[j, i] = cosine
    kept = set()
    for i in range(120):
        own = sorted((j for a, j in cosines if a == i), key=lambda j: (-cosines[i, j], j))[:k]
        kept |= {(i, j) for j in own} | {(j, i) for j in own}
    assert set(zip(*(places.tolist() for places in graph(vectors, 0.4, k=k).nonzero()), strict=True)) == kept


def test_only_the_most_frequent():
    pytest.importorskip("scipy.sparse")
    counts = np.random.default_rng(2).permutation(120)
    vectors = make_vectors(random_vectors().center, counts)
    ids = np.flatnonzero(counts >= 70)
    wanted = all_pairs(make_vectors(vectors.center[ids]), 0.4)
    found = list(edges(vectors, 0.4, most_frequent=50))
    assert [(a, b) for a, b, _ in found] == [(f"w{ids[i]}", f"w{ids[j]}") for i, j, _ in wanted]
    matrix = graph(vectors, 0.4, most_frequent=50)
    assert matrix.shape == (50, 50)
    i, j, cosine = wanted[0]
    assert matrix[i, j] == pytest.approx(cosine)


@pytest.mark.parametrize("center", [np.eye(1), np.eye(4), np.zeros((3, 2))])
def test_no_pair_is_near(center):
    pytest.importorskip("scipy.sparse")
    assert list(edges(make_vectors(center), 0.1)) == []
    assert graph(make_vectors(center), 0.1, k=2).nnz == 0


def test_too_many_pairs_are_refused_before_the_work(monkeypatch):
    pytest.importorskip("scipy.sparse")
    vectors = random_vectors()
    pairs = len(all_pairs(vectors, 0.2))
    seen = []
    monkeypatch.setattr(module, "MOST_PAIRS", pairs // 3)
    with pytest.raises(ConfigError, match=rf"about {pairs:,} pairs of the 120 .* raise the threshold or give most_f"):
        graph(vectors, 0.2, progress=lambda *told: seen.append(told))
    assert seen == []


def test_too_many_pairs_are_refused_during_the_work(monkeypatch):
    pytest.importorskip("scipy.sparse")
    vectors = random_vectors()
    pairs = len(all_pairs(vectors, 0.2))
    monkeypatch.setattr(module, "MOST_PAIRS", pairs)
    assert graph(vectors, 0.2).nnz == 2 * pairs
    monkeypatch.setattr(module, "MOST_PAIRS", pairs - 1)
    with pytest.raises(ConfigError, match=f"at least {pairs:,} pairs"):
        graph(vectors, 0.2)
    assert len(list(edges(vectors, 0.2))) == pairs  # one after another, there is no limit


def test_the_estimate_is_near(monkeypatch):
    pytest.importorskip("scipy.sparse")
    vectors = random_vectors(3000, 8)
    true = len(all_pairs(vectors, 0.5))
    monkeypatch.setattr(module, "MOST_PAIRS", true // 10)
    with pytest.raises(ConfigError, match="about") as caught:
        graph(vectors, 0.5)
    estimate = int(str(caught.value).split()[1].replace(",", ""))
    assert 0.7 * true < estimate < 1.4 * true


def test_progress_is_told():
    seen = []
    list(edges(random_vectors(), 0.5, progress=lambda *told: seen.append(told)))
    assert seen == [("graph", 0, 120), ("graph", 120, 120)]


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan"), "0.5", None, True])
def test_a_wrong_threshold_is_refused(threshold):
    with pytest.raises(ConfigError, match=r"threshold is .*: expected a number above 0, up to 1"):
        list(edges(random_vectors(), threshold))


def test_other_wrong_arguments_are_refused():
    pytest.importorskip("scipy.sparse")
    with pytest.raises(ConfigError, match="k is 0"):
        graph(random_vectors(), 0.5, k=0)


def test_a_vector_that_is_not_finite_is_named_and_has_no_pairs():
    center = np.ones((3, 2))
    center[1, 1] = np.nan
    with pytest.warns(UserWarning, match="'w1'"):
        assert [(a, b) for a, b, _ in edges(make_vectors(center), 0.5)] == [("w0", "w2")]


def test_without_scipy_the_message_has_the_command(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[scipy\]"'):
        graph(random_vectors(), 0.5)
