"""What the exact softmax is made of, compared with `reference` and NumPy: counts, the weighted PPMI matrix, passes."""

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from firth import reference
from firth.check.formulas import largest
from firth.corpus.encode import build_corpus
from firth.exact.counting import count_pairs
from firth.native.arrays import aligned_copy
from firth.reference import Array
from firth.settings import TrainConfig

Floats = npt.NDArray[np.float32]


def _relative(found: npt.NDArray[Any], expected: Array) -> float:
    return largest(found - expected) / (largest(expected) or 1.0)


def _expected_counts(rng: np.random.Generator, **settings: Any) -> float:
    """Counts of sentences of many lengths; the more frequent half of the words are the centers."""
    n, sentences = 15, [(rng.zipf(1.3, size) % 30).astype(str).tolist() for size in range(1, 21)]
    config = TrainConfig(threads=2, **settings)
    with build_corpus(sentences, min_count=1) as corpus, count_pairs(corpus, config, centers=n) as counts:
        found = np.zeros(counts.shape)
        found[np.repeat(np.arange(n), np.diff(counts.indptr)), counts.indices] = counts.data
        keep = reference.keep_probability(corpus.vocab.counts, len(corpus.ids), config.subsample)
        ids = [corpus.ids[a:b].tolist() for a, b in itertools.pairwise(corpus.offsets)]
        return _relative(found, reference.expected_pairs(ids, keep, config.window, config.fixed_window)[:n])


def _counts(rng: np.random.Generator) -> Floats:
    """Counts X (50, 150), most of them 0."""
    return (rng.gamma(1.0, 3.0, size=(50, 150)) * (rng.random((50, 150)) < 0.3)).astype(np.float32)


def _sparse(counts: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Floats]:
    """A matrix as indptr, indices and data by rows."""
    rows, columns = np.nonzero(counts)
    indptr = np.searchsorted(rows, np.arange(len(counts) + 1))
    return indptr.astype(np.int64), columns.astype(np.int32), counts[rows, columns]


def _softmax_pass(rng: np.random.Generator, score: float = 0.0) -> float:
    """Loss and gradients of a pass, with scores of about 1, or with whole numbers near plus or minus `score`."""
    from firth.exact._softmax import SoftmaxPass

    counts = _counts(rng)
    (n, m), dim = counts.shape, 20
    center, outside, bias = (
        rng.normal(scale=0.5, size=shape).astype(np.float32) for shape in ((n, dim), (m, dim), (m,))
    )
    if score:
        signs = rng.choice([-1.0, 1.0], n + m)
        center[:, 0], outside[:], bias[:] = signs[:n], 0, 0
        outside[:, 0] = signs[n:] * np.rint(score * rng.uniform(0.9, 1.1, size=m))
    row_loss, grad_bias = np.empty(n), np.empty(m, np.float32)
    rows_center, rows_outside = aligned_copy(center), aligned_copy(outside)
    grad_center, grad_outside = np.empty_like(rows_center), np.empty_like(rows_outside)
    work = SoftmaxPass(*_sparse(counts), n, m, dim, 2)
    work.run(rows_center, rows_outside, bias, grad_center, grad_outside, grad_bias, row_loss)
    loss, of_center, of_outside = reference.exact_objective(
        np.c_[center, np.ones(n)], np.c_[outside, bias], counts.astype(np.float64)
    )
    parts = [abs(row_loss.sum() - loss) / loss, _relative(grad_center[:, :dim], of_center[:, :dim])]
    parts += [_relative(grad_outside[:, :dim], of_outside[:, :dim]), _relative(grad_bias, of_outside[:, dim])]
    return float(np.max(parts))


def _ppmi(rng: np.random.Generator) -> float:
    """The weighted PPMI matrix M of counts, and its products M B and Mᵀ A."""
    from firth.exact import _sparse as sparse

    counts = _counts(rng)
    (n, m), right = counts.shape, counts.astype(np.float64)
    of_rows, of_columns = right.sum(axis=1), right.sum(axis=0)
    expected = np.outer(of_rows, of_columns) / right.sum() ** 2
    right = np.sqrt(expected) * np.log(np.maximum(right / right.sum() / expected, 1.0))
    found = sparse.weighted_ppmi(sparse.Csr(*_sparse(counts), m), of_rows, of_columns, 2)
    a, b = (rng.normal(size=(rows, 20)).astype(np.float32) for rows in (n, m))
    of_b, of_a = aligned_copy(np.zeros_like(a)), aligned_copy(np.zeros_like(b))
    sparse.multiply(found, aligned_copy(b), of_b, 2)
    sparse.multiply(sparse.transposed(found), aligned_copy(a), of_a, 2)
    parts = [_relative(found.data, right[counts > 0]), _relative(of_b[:, :20], right @ b)]
    return float(np.max([*parts, _relative(of_a[:, :20], right.T @ a)]))


EXACT: Mapping[str, Callable[[np.random.Generator], float]] = MappingProxyType(
    {
        "expected counts, subsampled": partial(_expected_counts, subsample=0.02),
        "expected counts, windows of 20": partial(_expected_counts, subsample=0.02, window=20),
        "expected counts, whole windows": partial(_expected_counts, subsample=0.0, fixed_window=True),
        "positive mutual information, products": _ppmi,
        "exact softmax pass": _softmax_pass,
        "exact softmax pass, scores of ±30": partial(_softmax_pass, score=30.0),
        "exact softmax pass, scores of ±1000": partial(_softmax_pass, score=1000.0),
    }
)
"""Name of a row -> function of a random generator that returns the largest deviation, relative to the largest value."""
