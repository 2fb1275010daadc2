"""The proof that ships: every formula of `reference` against central differences."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from firth import reference
from firth.reference import Array

TOLERANCE = 1e-7
"""The largest deviation that passes: a hundred times what rounding leaves, far below what any slip leaves."""

WORDS, DIM = 6, 5
CENTER, OUTSIDE, NEGATIVES = 2, 1, (3, 0, 3, 5)
WINDOW = (4, 1, 4, 0)
SENTENCE = (0, 3, 1, 4, 4, 2, 5, 0, 1)
NEGATIVE_SAMPLING = partial(reference.negative_sampling, negatives=NEGATIVES)
PATHS = reference.huffman((9, 5, 5, 3, 1, 0))
HIERARCHICAL_SOFTMAX = partial(reference.hierarchical_softmax, paths=PATHS)
SUM_CBOW = partial(reference.cbow, mean=False)
SUM_DM = partial(reference.pv_dm, combine="sum")
CONCATENATION_DM = partial(reference.pv_dm, combine="concatenation")
TAGS = (3, 0, 3)
WORD_ROWS = ((0,), (1, 6, 7), (2, 7, 8, 8), (3, 9), (4, 9, 6, 7, 9), (5, 8))
"""The rows of each word when words are made of subwords: some repeat, and some are in several words."""
ROWS = 10


def gradient_deviation(objective: Callable[..., Sequence[Any]], *points: Array) -> float:
    """The largest absolute deviation of the gradients of `objective` from central differences at `points`.

    `objective(*points)` returns the loss and then one gradient for each point, in the shape of that point.
    """
    _, *gradients = objective(*points)
    deviations = []
    for i, (gradient, point) in enumerate(zip(gradients, points, strict=True)):

        def loss(moved: Array, i: int = i) -> float:
            return float(objective(*points[:i], moved, *points[i + 1 :])[0])

        deviations.append(largest(gradient - reference.central_difference(loss, point)))
    return float(np.max(deviations))


def formula_rows(seed: int = 1) -> list[dict[str, Any]]:
    """One dict a formula, in the order of `FORMULAS`: name, deviation, tolerance, ok; inputs from `seed`."""
    rows = []
    for name, formula in FORMULAS.items():
        deviation = formula(np.random.default_rng(seed))
        ok = deviation <= TOLERANCE  # a NaN fails
        rows.append({"name": name, "deviation": deviation, "tolerance": TOLERANCE, "ok": ok})
    return rows


def largest(difference: Array) -> float:
    """The largest absolute value of an entry; NaN if any is NaN."""
    return float(np.abs(difference).max())


def _vectors(rng: np.random.Generator) -> tuple[Array, Array]:
    return rng.normal(size=(WORDS, DIM)), rng.normal(size=(WORDS, DIM))


def _sigmoid(rng: np.random.Generator) -> float:
    x = rng.normal(scale=3, size=20)
    slope = reference.sigmoid(x) * (1 - reference.sigmoid(x))
    return gradient_deviation(lambda x: (reference.sigmoid(x).sum(), slope), x)


def _log_sigmoid(rng: np.random.Generator) -> float:
    x = rng.normal(scale=3, size=20)
    slope = 1 - reference.sigmoid(x)
    return gradient_deviation(lambda x: (reference.log_sigmoid(x).sum(), slope), x)


def _both(rng: np.random.Generator) -> float:
    outputs = rng.normal(size=(2 * WORDS - 1, DIM))
    both = partial(reference.both_losses, negatives=NEGATIVES, paths=PATHS)
    return gradient_deviation(lambda v, u: both(v, OUTSIDE, u), rng.normal(size=DIM), outputs)


def _documents(
    window: Callable[..., reference.DocumentGradients],
    pair: reference.PairLoss,
    rng: np.random.Generator,
    words: Sequence[int] = WINDOW,
    width: int = 1,
) -> float:
    """A window in a document of three tags, one of them twice."""
    centers, documents = rng.normal(size=(WORDS, DIM)), rng.normal(size=(4, DIM))
    outsides = rng.normal(size=(_outputs(pair), width * DIM))
    return gradient_deviation(lambda v, d, u: window(CENTER, words, TAGS, v, d, u, pair), centers, documents, outsides)


def _outputs(pair_loss: reference.PairLoss) -> int:
    """How many outside vectors a pair loss takes: one a word, or one a node of the tree."""
    return WORDS - (pair_loss is HIERARCHICAL_SOFTMAX)


def _pair(pair_loss: reference.PairLoss, rng: np.random.Generator) -> float:
    centers, outsides = _vectors(rng)
    outsides = outsides[: _outputs(pair_loss)]
    return gradient_deviation(lambda v, u: pair_loss(v, OUTSIDE, u), centers[CENTER], outsides)


def _window(window: Callable[..., reference.Gradients], pair: reference.PairLoss, rng: np.random.Generator) -> float:
    centers, outsides = _vectors(rng)
    outsides = outsides[: _outputs(pair)]
    return gradient_deviation(lambda v, u: window(CENTER, WINDOW, v, u, pair), centers, outsides)


def _subwords(window: Callable[..., reference.Gradients], pair: reference.PairLoss, rng: np.random.Generator) -> float:
    def objective(rows: Array, u: Array) -> reference.Gradients:
        return reference.with_subwords(WORD_ROWS, rows, lambda v: window(CENTER, WINDOW, v, u, pair))

    return gradient_deviation(objective, rng.normal(size=(ROWS, DIM)), rng.normal(size=(_outputs(pair), DIM)))


def _sum_to_one(rng: np.random.Generator) -> float:
    """The sum of all words' probabilities under the hierarchical softmax, minus 1."""
    centers, nodes = _vectors(rng)
    return abs(float(reference.hierarchical_probabilities(centers[CENTER], nodes[:-1], PATHS).sum()) - 1.0)


def _shared(rng: np.random.Generator) -> float:
    step = partial(reference.window_shared_step, WINDOW, OUTSIDE, NEGATIVES)
    return gradient_deviation(step, *_vectors(rng))


def _corpus(rng: np.random.Generator) -> float:
    objective = partial(reference.corpus_objective, SENTENCE, 2, pair_loss=reference.naive_softmax)
    return gradient_deviation(lambda v, u: objective(v, u), *_vectors(rng))


def _exact(rng: np.random.Generator) -> float:
    counts = rng.integers(0, 4, size=(WORDS, WORDS))
    return gradient_deviation(lambda v, u: reference.exact_objective(v, u, counts), *_vectors(rng))


def _exact_is_sum(rng: np.random.Generator) -> float:
    """The exact objective minus the sum over the pairs of a corpus, counted here without `window_ids`."""
    centers, outsides = _vectors(rng)
    counts = np.zeros((WORDS, WORDS))
    for t, center in enumerate(SENTENCE):
        for s, outside in enumerate(SENTENCE):
            counts[center, outside] += 0 < abs(s - t) <= 2
    exact = reference.exact_objective(centers, outsides, counts)
    mean = reference.corpus_objective(SENTENCE, 2, centers, outsides, reference.naive_softmax)
    pairs = zip(exact, mean, strict=True)
    return float(np.max([largest(np.asarray(a) - len(SENTENCE) * np.asarray(b)) for a, b in pairs]))


def _expected_pairs(rng: np.random.Generator) -> float:
    """The expected pairs of a sentence minus their mean over every choice of kept tokens and every radius."""
    keep, window = rng.uniform(0.2, 1.0, size=WORDS), 3
    mean = np.zeros((WORDS, WORDS))
    for choice in itertools.product([False, True], repeat=len(SENTENCE)):
        chance = np.prod([keep[w] if stays else 1 - keep[w] for w, stays in zip(SENTENCE, choice, strict=True)])
        kept = list(itertools.compress(SENTENCE, choice))
        for (t, center), radius in itertools.product(enumerate(kept), range(1, window + 1)):
            np.add.at(mean[center], reference.window_ids(kept, t, radius), chance / window)
    return largest(reference.expected_pairs(SENTENCE, keep, window) - mean)


def _cross_entropy(rng: np.random.Generator) -> float:
    """The exact objective minus Σ_c N_c (H(p_c) + D_KL(p_c‖ŷ_c))."""
    centers, outsides = _vectors(rng)
    counts = rng.integers(0, 4, size=(WORDS, WORDS)) + np.eye(WORDS)
    totals = counts.sum(axis=1)
    p = counts / totals[:, None]
    q = reference.softmax(centers @ outsides.T)
    parts = totals @ (reference.entropy(p) + reference.kl_divergence(p, q))
    return abs(reference.exact_objective(centers, outsides, counts)[0] - float(parts))


def _bias(rng: np.random.Generator) -> float:
    """Scores u_w·v_c + b_w: one dimension more, where v_c is 1; ∂J/∂b = Σ_c (N_c ŷ_c - X_c)."""
    counts = rng.integers(0, 4, size=(WORDS, WORDS))
    ones = np.ones((WORDS, 1))

    def objective(v: Array, u: Array, b: Array) -> tuple[float, Array, Array, Array]:
        loss, of_v, of_u = reference.exact_objective(np.hstack([v, ones]), np.hstack([u, b[:, None]]), counts)
        error = counts.sum(axis=1, keepdims=True) * reference.softmax(v @ u.T + b) - counts
        return loss, of_v[:, :DIM], of_u[:, :DIM], error.sum(axis=0)

    return gradient_deviation(objective, *_vectors(rng), rng.normal(size=WORDS))


def _gauge(rng: np.random.Generator) -> float:
    """The change of the exact objective as V becomes V M and U becomes U M⁻ᵀ plus one vector in every row."""
    centers, outsides = _vectors(rng)
    counts = rng.integers(0, 4, size=(WORDS, WORDS))
    left, right = (np.linalg.qr(rng.normal(size=(DIM, DIM)))[0] for _ in range(2))
    mix = left @ np.diag(rng.uniform(0.5, 2.0, size=DIM)) @ right
    moved = outsides @ np.linalg.inv(mix).T + rng.normal(size=DIM)
    before = reference.exact_objective(centers, outsides, counts)[0]
    return abs(reference.exact_objective(centers @ mix, moved, counts)[0] - before)


FORMULAS: Mapping[str, Callable[[np.random.Generator], float]] = MappingProxyType(
    {
        "sigmoid derivative": _sigmoid,
        "log-sigmoid derivative": _log_sigmoid,
        "naive softmax": partial(_pair, reference.naive_softmax),
        "negative sampling, repeated negatives": partial(_pair, NEGATIVE_SAMPLING),
        "hierarchical softmax": partial(_pair, HIERARCHICAL_SOFTMAX),
        "hierarchical softmax, probabilities sum to 1": _sum_to_one,
        "skip-gram, naive softmax": partial(_window, reference.skipgram, reference.naive_softmax),
        "skip-gram, negative sampling": partial(_window, reference.skipgram, NEGATIVE_SAMPLING),
        "skip-gram, hierarchical softmax": partial(_window, reference.skipgram, HIERARCHICAL_SOFTMAX),
        "CBOW, naive softmax": partial(_window, reference.cbow, reference.naive_softmax),
        "CBOW, negative sampling": partial(_window, reference.cbow, NEGATIVE_SAMPLING),
        "CBOW, hierarchical softmax": partial(_window, reference.cbow, HIERARCHICAL_SOFTMAX),
        "CBOW of sums, naive softmax": partial(_window, SUM_CBOW, reference.naive_softmax),
        "CBOW of sums, negative sampling": partial(_window, SUM_CBOW, NEGATIVE_SAMPLING),
        "CBOW of sums, hierarchical softmax": partial(_window, SUM_CBOW, HIERARCHICAL_SOFTMAX),
        "skip-gram of subwords, negative sampling": partial(_subwords, reference.skipgram, NEGATIVE_SAMPLING),
        "CBOW of subwords, hierarchical softmax": partial(_subwords, reference.cbow, HIERARCHICAL_SOFTMAX),
        "negative sampling plus hierarchical softmax": _both,
        "PV-DBOW, negative sampling": partial(_documents, reference.pv_dbow, NEGATIVE_SAMPLING, words=()),
        "PV-DBOW with words, hierarchical softmax": partial(_documents, reference.pv_dbow, HIERARCHICAL_SOFTMAX),
        "PV-DM of means, negative sampling": partial(_documents, reference.pv_dm, NEGATIVE_SAMPLING),
        "PV-DM of sums, hierarchical softmax": partial(_documents, SUM_DM, HIERARCHICAL_SOFTMAX),
        "PV-DM of concatenations, naive softmax": partial(
            _documents, CONCATENATION_DM, reference.naive_softmax, width=len(TAGS) + len(WINDOW)
        ),
        "PV-DM of concatenations, negative sampling": partial(
            _documents, CONCATENATION_DM, NEGATIVE_SAMPLING, width=len(TAGS) + len(WINDOW)
        ),
        "window-shared negatives": _shared,
        "corpus objective": _corpus,
        "exact objective through counts": _exact,
        "exact objective = sum over pairs": _exact_is_sum,
        "expected pairs = mean over all draws": _expected_pairs,
        "exact objective, bias": _bias,
        "exact objective, gauge freedom": _gauge,
        "cross-entropy = entropy + KL": _cross_entropy,
    }
)
"""Name -> function of a random generator that returns the largest absolute deviation; in order of display."""
