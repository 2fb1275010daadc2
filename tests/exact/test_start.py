"""The vectors that exact training starts from, by NumPy's decomposition of the weighted PPMI matrix."""

import numpy as np
import pytest

from firth.exact.cooccurrences import Cooccurrences
from firth.exact.start import starting_vectors


def counts_of(matrix):
    """A dense matrix (n, m) as counts."""
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(len(matrix) + 1))
    words = [f"w{i}" for i in range(matrix.shape[1])]
    data = matrix[rows, columns].astype(np.float32)
    return Cooccurrences(
        indptr.astype(np.int64), columns.astype(np.int32), data, matrix.shape, words, np.ones(len(words), np.int64)
    )


def ppmi(matrix):
    expected = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / matrix.sum()
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(matrix / expected), 0)


def roots(matrix):
    """√p_c (n, 1) and √p_o (m,) of counts."""
    shares = matrix / matrix.sum()
    return np.sqrt(shares.sum(axis=1, keepdims=True)), np.sqrt(shares.sum(axis=0))


def topics(n, m, topics=4, seed=0):
    """Counts whose weighted PPMI matrix is close to one of as many directions as there are topics."""
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(topics, size=n), rng.integers(topics, size=m)
    strong = rows[:, None] == columns[None, :]
    frequencies = np.outer(rng.uniform(0.2, 5.0, size=n), rng.uniform(0.2, 5.0, size=m))
    return frequencies * rng.uniform(0.9, 1.1, size=(n, m)) * np.where(strong, 30.0, 1.0)


@pytest.mark.parametrize(("n", "m"), [(60, 60), (50, 90)])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_weighted_product_is_the_nearest_matrix_of_low_rank(n, m, threads):
    matrix, dim = topics(n, m), 4
    center, outside = starting_vectors(counts_of(matrix), dim, seed=1, threads=threads)
    assert (center.shape, outside.shape) == ((n, dim), (m, dim))
    of_rows, of_columns = roots(matrix)
    left, singular, right = np.linalg.svd(of_rows * ppmi(matrix) * of_columns)
    nearest = left[:, :dim] * singular[:dim] @ right[:dim]
    center, outside = center * of_rows, outside * of_columns[:, None]
    assert np.abs(center @ outside.T - nearest).max() < 1e-3 * singular[0]
    np.testing.assert_allclose(np.linalg.norm(center, axis=0) ** 2, singular[:dim], rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(outside, axis=0) ** 2, singular[:dim], rtol=1e-3)


def test_words_without_a_pair_start_at_zero():
    matrix = topics(60, 80)
    matrix[7] = matrix[:, 9] = 0
    center, outside = starting_vectors(counts_of(matrix), 5, seed=1, threads=1)
    assert not center[7].any()
    assert not outside[9].any()
    assert np.isfinite(center).all()
    assert np.isfinite(outside).all()


def test_columns_beyond_the_rank_are_zero():
    matrix = np.kron(np.eye(3), np.ones((4, 4)))  # three blocks: a PPMI matrix of rank 3
    center, outside = starting_vectors(counts_of(matrix), 6, seed=1, threads=1)
    np.testing.assert_allclose(center @ outside.T, ppmi(matrix), atol=1e-4)
    assert np.abs(center[:, 3:]).max() < 1e-3
    assert np.abs(outside[:, 3:]).max() < 1e-3


def test_a_seed_gives_the_same_bytes_with_any_number_of_threads():
    counts = counts_of(topics(60, 80))
    one, two, other = (starting_vectors(counts, 5, seed, threads) for seed, threads in ((1, 1), (1, 2), (2, 1)))
    for a, b in zip(one, two, strict=True):
        assert a.tobytes() == b.tobytes()
    assert one[0].tobytes() != other[0].tobytes()
