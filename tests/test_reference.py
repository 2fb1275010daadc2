"""The reference against central differences, literal numbers, saturated scores and planted bugs."""

import math
from functools import partial

import numpy as np
import pytest

from firth import reference
from firth.check import formulas as check
from firth.errors import VocabularyError
from firth.reference import naive_softmax, negative_sampling

PAIR_LOSSES = {"softmax": naive_softmax, "negative sampling": partial(negative_sampling, negatives=[3, 0, 3])}
COUNTS = [9, 5, 5, 3, 1, 0]
PATHS = reference.huffman(COUNTS)
hierarchical = partial(reference.hierarchical_softmax, paths=PATHS)


@pytest.fixture
def vectors():
    rng = np.random.default_rng(7)
    return rng.normal(size=(6, 4)), rng.normal(size=(6, 4))


@pytest.mark.parametrize("name", check.FORMULAS)
def test_every_formula_holds_against_central_differences(name):
    for seed in range(3):
        assert check.FORMULAS[name](np.random.default_rng(seed)) <= check.TOLERANCE


def test_formula_rows_show_each_formula_once_and_its_verdict():
    rows = check.formula_rows(seed=5)
    assert [row["name"] for row in rows] == list(check.FORMULAS)
    assert all(row["ok"] and 0 <= row["deviation"] <= row["tolerance"] for row in rows)


@pytest.mark.parametrize("deviation", [1.0, math.nan])
def test_a_failing_formula_is_shown_as_failed(monkeypatch, deviation):
    monkeypatch.setattr(check, "FORMULAS", {"broken": lambda rng: deviation})
    (row,) = check.formula_rows()
    assert row["ok"] is False


def test_a_nan_gradient_is_a_deviation():
    deviation = check.gradient_deviation(lambda x: (float(x.sum()), np.full(3, np.nan)), np.zeros(3))
    assert math.isnan(deviation)


# Planted bugs: the oracle must notice each.


@pytest.mark.parametrize("name", ["CBOW", "CBOW of sums"])
@pytest.mark.parametrize("pair", [naive_softmax, check.NEGATIVE_SAMPLING, check.HIERARCHICAL_SOFTMAX])
def test_the_oracle_notices_an_undivided_cbow_gradient_and_a_divided_sum(name, pair):
    mean = name == "CBOW"

    def scaled(factor, center, window, v, u, pair_loss):
        loss, grad_centers, grad_outsides = reference.cbow(center, window, v, u, pair_loss, mean=mean)
        return loss, grad_centers * factor, grad_outsides

    k = len(check.WINDOW)
    wrong = partial(scaled, k if mean else 1 / k)
    assert check._window(wrong, pair, np.random.default_rng(1)) > 1000 * check.TOLERANCE
    assert check._window(partial(scaled, 1), pair, np.random.default_rng(1)) < check.TOLERANCE


@pytest.mark.parametrize("name", [name for name in check.FORMULAS if "subwords" in name])
def test_the_oracle_notices_an_undivided_subword_gradient_and_lost_repeats(monkeypatch, name):
    right = reference.with_subwords

    def undivided(word_rows, rows, objective):
        loss, _, grad_outsides = right(word_rows, rows, objective)
        centers = np.array([reference.subword_vector(ids, rows) for ids in word_rows])
        grad_rows = np.zeros_like(rows)
        for ids, grad_center in zip(word_rows, objective(centers)[1], strict=True):
            np.add.at(grad_rows, list(ids), grad_center)
        return loss, grad_rows, grad_outsides

    def loses(word_rows, rows, objective):
        loss, _, grad_outsides = right(word_rows, rows, objective)
        centers = np.array([reference.subword_vector(ids, rows) for ids in word_rows])
        grad_rows = np.zeros_like(rows)
        for ids, grad_center in zip(word_rows, objective(centers)[1], strict=True):
            grad_rows[list(ids)] += grad_center / len(ids)  # an index that repeats is added to once
        return loss, grad_rows, grad_outsides

    for wrong in (undivided, loses):
        monkeypatch.setattr(reference, "with_subwords", wrong)
        assert check.FORMULAS[name](np.random.default_rng(1)) > 1000 * check.TOLERANCE


def flipped(path):
    nodes, bits = path
    return nodes, (*bits[:-1], 1 - bits[-1])


def shortened(path):
    nodes, bits = path
    return nodes[1:], bits[1:]


@pytest.mark.parametrize("word", range(6))
@pytest.mark.parametrize("spoil", [flipped, shortened])
def test_the_sum_of_the_probabilities_notices_a_wrong_path(monkeypatch, spoil, word):
    wrong = [*PATHS[:word], spoil(PATHS[word]), *PATHS[word + 1 :]]
    monkeypatch.setattr(check, "PATHS", wrong)
    name = "hierarchical softmax, probabilities sum to 1"
    assert check.FORMULAS[name](np.random.default_rng(1)) > 1000 * check.TOLERANCE


@pytest.mark.parametrize("word", range(6))
@pytest.mark.parametrize("spoil", [flipped, shortened])
def test_the_oracle_notices_a_gradient_along_a_wrong_path(vectors, spoil, word):
    wrong = [*PATHS[:word], spoil(PATHS[word]), *PATHS[word + 1 :]]

    def mixed(v, u):
        return hierarchical(v, word, u)[0], *reference.hierarchical_softmax(v, word, u, wrong)[1:]

    point = vectors[0][0], vectors[1][:-1]
    assert check.gradient_deviation(mixed, *point) > 1000 * check.TOLERANCE
    assert check.gradient_deviation(lambda v, u: hierarchical(v, word, u), *point) < check.TOLERANCE


def test_the_oracle_notices_a_skipped_saturated_update(vectors):
    centers, outsides = vectors
    v = centers[0] * (-8 / (centers[0] @ outsides[1]))  # the true pair's score is -8: badly wrong

    def skips(v, u):
        loss, grad_center, grad_outside = negative_sampling(v, 1, u, [3])
        if abs(u[1] @ v) >= 6:
            grad_center = reference.sigmoid(u[3] @ v) * u[3]
            grad_outside[1] = 0
        return loss, grad_center, grad_outside

    assert check.gradient_deviation(skips, v, outsides) > 1000 * check.TOLERANCE
    assert check.gradient_deviation(lambda v, u: negative_sampling(v, 1, u, [3]), v, outsides) < 1e-7


def test_the_oracle_notices_a_window_off_by_one(monkeypatch):
    def short(ids, position, window):
        return [*ids[max(0, position - window) : position], *ids[position + 1 : position + window]]

    monkeypatch.setattr(reference, "window_ids", short)
    assert check.FORMULAS["exact objective = sum over pairs"](np.random.default_rng(1)) > 0.1


def test_the_oracle_notices_lost_repeats(vectors):
    def loses(v, u):
        loss, grad_center, _ = negative_sampling(v, 1, u, [3, 3])
        return loss, grad_center, negative_sampling(v, 1, u, [3])[2]

    assert check.gradient_deviation(loses, vectors[0][0], vectors[1]) > 1000 * check.TOLERANCE


# Literal values, worked out by hand.

E = math.e


def test_naive_softmax_by_hand():
    # scores u·v = (1, 0): ŷ = (e, 1) / (e + 1)
    loss, grad_center, grad_outside = naive_softmax([1.0, 0.0], 0, [[1.0, 2.0], [0.0, -1.0]])
    miss = 1 / (E + 1)
    assert loss == pytest.approx(math.log(1 + 1 / E), rel=1e-14)
    np.testing.assert_allclose(grad_center, [-miss, -3 * miss], rtol=1e-14)
    np.testing.assert_allclose(grad_outside, [[-miss, 0], [miss, 0]], rtol=1e-14)


def test_negative_sampling_by_hand():
    # scores: u_0·v = ln 3, so σ = 3/4; u_1·v = 0, so σ = 1/2, drawn twice
    ln3 = math.log(3)
    loss, grad_center, grad_outside = negative_sampling([1.0, 0.0], 0, [[ln3, 1], [0, 2], [9, 9]], [1, 1])
    assert loss == pytest.approx(math.log(4 / 3) + 2 * math.log(2), rel=1e-14)
    np.testing.assert_allclose(grad_center, [-0.25 * ln3, -0.25 + 2], rtol=1e-14)
    np.testing.assert_allclose(grad_outside, [[-0.25, 0], [1, 0], [0, 0]], rtol=1e-14)


def test_huffman_by_hand():
    # 0+1 -> node 4; 1+3 -> node 3; 4+5 -> node 2, the later of the two fives; 5+9 -> node 1, the node of 9 before the
    # word; 9+14 -> the root
    assert PATHS == [
        ((0,), (1,)),
        ((0, 1), (0, 1)),
        ((0, 1, 2), (0, 0, 0)),
        ((0, 1, 2, 3), (0, 0, 1, 0)),
        ((0, 1, 2, 3, 4), (0, 0, 1, 1, 0)),
        ((0, 1, 2, 3, 4), (0, 0, 1, 1, 1)),
    ]
    assert reference.huffman([7]) == [((), ())]
    assert reference.huffman(np.array([2, 2])) == [((0,), (0,)), ((0,), (1,))]
    # 1+1 -> node 2, 1+1 -> node 1: of two nodes of 2 the older is taken first
    assert [bits for _, bits in reference.huffman([1, 1, 1, 1])] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [nodes for nodes, _ in reference.huffman([1, 1, 1, 1])] == [(0, 1), (0, 1), (0, 2), (0, 2)]


@pytest.mark.parametrize("bad", [[], [1, -1], [1.0, 2.0], [True], [[1, 2]], 3, ["a"]])
def test_counts_that_are_none_are_refused(bad):
    with pytest.raises(VocabularyError, match=r"counts are .*: expected at least one, all of them whole numbers"):
        reference.huffman(bad)


def test_hierarchical_softmax_by_hand():
    # scores: u_0·v = ln 3, so σ = 3/4; u_1·v = 0. Word 1 of counts (4, 2, 1): bit 1 at node 0, then bit 0 at node 1
    paths, nodes = reference.huffman([4, 2, 1]), [[math.log(3), 1.0], [0.0, 2.0]]
    assert paths == [((0,), (0,)), ((0, 1), (1, 0)), ((0, 1), (1, 1))]
    loss, grad_center, grad_nodes = reference.hierarchical_softmax([1.0, 0.0], 1, nodes, paths)
    assert loss == pytest.approx(math.log(4) + math.log(2), rel=1e-14)
    np.testing.assert_allclose(grad_center, [0.75 * math.log(3), 0.75 - 0.5 * 2], rtol=1e-14)
    np.testing.assert_allclose(grad_nodes, [[0.75, 0], [-0.5, 0]], rtol=1e-14)
    loss, _, grad_nodes = reference.hierarchical_softmax([1.0, 0.0], 0, nodes, paths)
    assert loss == pytest.approx(math.log(4 / 3), rel=1e-14)
    np.testing.assert_allclose(grad_nodes, [[-0.25, 0], [0, 0]], rtol=1e-14)
    probabilities = reference.hierarchical_probabilities([1.0, 0.0], nodes, paths)
    np.testing.assert_allclose(probabilities, [3 / 4, 1 / 8, 1 / 8], rtol=1e-14)


def test_a_word_alone_is_certain():
    paths, nodes = reference.huffman([4]), np.empty((0, 2))
    loss, grad_center, grad_nodes = reference.hierarchical_softmax([1.0, 2.0], 0, nodes, paths)
    assert (loss, grad_nodes.shape) == (0, (0, 2))
    np.testing.assert_array_equal(grad_center, [0, 0])
    np.testing.assert_array_equal(reference.hierarchical_probabilities([1.0, 2.0], nodes, paths), [1])


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_the_probabilities_of_all_words_sum_to_one(scale):
    rng = np.random.default_rng(3)
    for n in (1, 2, 3, 10, 300):
        paths = reference.huffman(rng.integers(0, 50, size=n))
        probabilities = reference.hierarchical_probabilities(
            rng.normal(size=8), rng.normal(scale=scale, size=(n - 1, 8)), paths
        )
        assert abs(probabilities.sum() - 1) < 1e-12


@pytest.mark.parametrize(("score", "loss"), [(1000.0, 0.0), (-1000.0, 1000.0)])
def test_a_saturated_node_keeps_its_loss_and_gradient(score, loss):
    paths = reference.huffman([2, 1])
    found, grad_center, grad_nodes = reference.hierarchical_softmax([1.0, 0.0], 0, [[score, 3.0]], paths)
    assert found == loss
    np.testing.assert_array_equal(grad_center, [0, 0] if score > 0 else [1000, -3])
    np.testing.assert_array_equal(grad_nodes, [[0, 0]] if score > 0 else [[-1, 0]])


def test_the_last_word_can_be_predicted_although_nodes_are_one_fewer(vectors):
    centers, nodes = vectors[0], vectors[1][:-1]
    loss, grad_centers, grad_nodes = reference.skipgram(2, [5, 1], centers, nodes, hierarchical)
    last, other = (hierarchical(centers[2], o, nodes) for o in (5, 1))
    assert loss == pytest.approx(last[0] + other[0])
    np.testing.assert_allclose(grad_centers[2], last[1] + other[1])
    np.testing.assert_allclose(grad_nodes, last[2] + other[2])
    assert reference.cbow(5, [2], centers, nodes, hierarchical)[0] == pytest.approx(last[0])


def test_node_vectors_must_fit_the_tree(vectors):
    with pytest.raises(VocabularyError, match="6 node vectors for 6 words: expected one fewer than words"):
        hierarchical(vectors[0][0], 1, vectors[1])
    with pytest.raises(VocabularyError, match="whole numbers from 0 to 4"):
        reference.hierarchical_softmax(vectors[0][0], 0, vectors[1][:-1], [((0, 5), (0, 1)), *PATHS[1:]])


def test_at_zero_vectors_every_word_is_equally_likely():
    zeros, v = np.zeros((5, 3)), np.array([1.0, 2.0, 3.0])
    assert naive_softmax(v, 2, zeros)[0] == pytest.approx(math.log(5), rel=1e-14)
    loss, grad_center, grad_outside = negative_sampling(v, 2, zeros, [0, 1, 1])
    assert loss == pytest.approx(4 * math.log(2), rel=1e-14)
    np.testing.assert_array_equal(grad_center, np.zeros(3))
    np.testing.assert_allclose(grad_outside, np.outer([0.5, 1.0, -0.5, 0, 0], v))


def test_skipgram_sums_its_pairs_and_moves_only_the_center(vectors):
    loss, grad_centers, grad_outsides = reference.skipgram(2, [1, 5, 1], *vectors, naive_softmax)
    one, five = (naive_softmax(vectors[0][2], o, vectors[1]) for o in (1, 5))
    assert loss == pytest.approx(2 * one[0] + five[0])
    np.testing.assert_allclose(grad_centers[2], 2 * one[1] + five[1])
    assert not grad_centers[[0, 1, 3, 4, 5]].any()
    np.testing.assert_allclose(grad_outsides, 2 * one[2] + five[2])


def test_cbow_divides_by_the_window_and_adds_up_repeats(vectors):
    loss, grad_centers, grad_outsides = reference.cbow(2, [1, 5, 1], *vectors, naive_softmax)
    mean = (2 * vectors[0][1] + vectors[0][5]) / 3
    expected, grad_mean, grad_outside = naive_softmax(mean, 2, vectors[1])
    assert loss == pytest.approx(expected)
    np.testing.assert_allclose(grad_centers[[1, 5]], [grad_mean * 2 / 3, grad_mean / 3])
    np.testing.assert_allclose(grad_outsides, grad_outside)


def test_cbow_of_sums_does_not_divide(vectors):
    loss, grad_centers, grad_outsides = reference.cbow(2, [1, 5, 1], *vectors, naive_softmax, mean=False)
    expected, grad_sum, grad_outside = naive_softmax(2 * vectors[0][1] + vectors[0][5], 2, vectors[1])
    assert loss == pytest.approx(expected)
    np.testing.assert_allclose(grad_centers[[1, 5]], [grad_sum * 2, grad_sum])
    assert not grad_centers[[0, 2, 3, 4]].any()
    np.testing.assert_allclose(grad_outsides, grad_outside)


def test_a_word_of_subwords_is_the_mean_of_its_rows():
    rows = np.array([[1.0, 0], [3, 6], [5, 3]])
    np.testing.assert_allclose(reference.subword_vector([0, 1, 1, 2], rows), [3, 15 / 4])
    np.testing.assert_array_equal(reference.subword_vector([1], rows), [3, 6])
    with pytest.raises(VocabularyError, match="no rows: expected at least one"):
        reference.subword_vector([], rows)
    with pytest.raises(VocabularyError, match="whole numbers from 0 to 2"):
        reference.subword_vector([3], rows)


def test_each_row_of_a_word_gets_its_share_of_the_gradient(vectors):
    centers, outsides = vectors
    word_rows = [[0, 2, 2, 3], [1, 2]]
    loss, grad_rows, grad_outsides = reference.with_subwords(
        word_rows, centers, lambda v: reference.skipgram(0, [1, 4], v, outsides, naive_softmax)
    )
    v = (centers[0] + 2 * centers[2] + centers[3]) / 4
    pairs = [naive_softmax(v, o, outsides) for o in (1, 4)]
    grad = pairs[0][1] + pairs[1][1]
    assert loss == pytest.approx(pairs[0][0] + pairs[1][0])
    np.testing.assert_allclose(grad_rows[[0, 2, 3]], [grad / 4, grad / 2, grad / 4])
    assert not grad_rows[[1, 4, 5]].any()
    np.testing.assert_allclose(grad_outsides, pairs[0][2] + pairs[1][2])


def test_words_of_one_row_each_are_words_without_subwords(vectors):
    window = partial(reference.cbow, 2, [1, 5, 1], outside_vecs=vectors[1], pair_loss=naive_softmax)
    found = reference.with_subwords([[w] for w in range(6)], vectors[0], lambda v: window(center_vecs=v))
    for one, other in zip(found, window(center_vecs=vectors[0]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("window", [reference.skipgram, reference.cbow])
def test_a_window_without_outside_words_is_zero(vectors, window):
    loss, grad_centers, grad_outsides = window(2, [], *vectors, naive_softmax)
    assert loss == 0
    assert not grad_centers.any()
    assert not grad_outsides.any()


def test_the_shared_step_is_the_sum_of_its_pairs(vectors):
    centers, outsides = vectors
    loss, grad_centers, grad_outsides = reference.window_shared_step([4, 0, 4], 1, [3, 3], centers, outsides)
    pairs = [negative_sampling(centers[c], 1, outsides, [3, 3]) for c in (4, 0, 4)]
    assert loss == pytest.approx(sum(pair[0] for pair in pairs))
    np.testing.assert_allclose(grad_centers[4], 2 * pairs[0][1])
    np.testing.assert_allclose(grad_centers[0], pairs[1][1])
    np.testing.assert_allclose(grad_outsides, sum(pair[2] for pair in pairs))


def test_windows_reach_m_words_on_both_sides_and_stop_at_the_ends():
    ids = [10, 11, 12, 13, 14]
    assert reference.window_ids(ids, 2, 1) == [11, 13]
    assert reference.window_ids(ids, 0, 2) == [11, 12]
    assert reference.window_ids(ids, 4, 2) == [12, 13]
    assert reference.window_ids(ids, 2, 9) == [10, 11, 13, 14]
    assert reference.window_ids([10], 0, 3) == []


def test_the_corpus_objective_of_nothing_is_zero(vectors):
    assert reference.corpus_objective([], 2, *vectors, naive_softmax)[0] == 0
    assert reference.corpus_objective([3], 2, *vectors, naive_softmax)[0] == 0


# Saturated scores. A warning here is an error (pytest's settings).


def test_sigmoid_and_its_logarithm_at_the_extremes():
    x = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    np.testing.assert_allclose(reference.sigmoid(x), [0, math.exp(-40), 0.5, 1, 1], rtol=1e-15)
    np.testing.assert_allclose(reference.log_sigmoid(x), [-1000, -40, -math.log(2), -math.exp(-40), 0], rtol=1e-15)
    np.testing.assert_array_equal(reference.softmax([1000.0, 0.0, -1000.0]), [1, 0, 0])
    assert reference.sigmoid(0) == 0.5


@pytest.mark.parametrize("score", [-1000.0, 1000.0])
@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_saturated_pairs_keep_their_loss_and_gradient(name, score):
    v, u = np.array([1.0, 0.0]), np.array([[0.0, 1.0], [score, 0.0], [0.0, 0.0], [0.0, 2.0]])
    loss, grad_center, grad_outside = PAIR_LOSSES[name](v, 1, u)
    others = math.log(3) if name == "softmax" and score < 0 else 0
    others += 3 * math.log(2) if name == "negative sampling" else 0
    assert loss == pytest.approx(max(-score, 0) + others, rel=1e-14)
    assert grad_outside[1, 0] == (-1 if score < 0 else 0)
    assert grad_center[0] == (1000 if score < 0 else 0)
    assert check.gradient_deviation(lambda v, u: PAIR_LOSSES[name](v, 1, u), v, u) < 1e-4  # eps·1000 of rounding


def test_exact_objective_survives_saturated_scores():
    loss, grad_centers, grad_outsides = reference.exact_objective([[1000.0]], [[1.0], [-1.0]], [[1, 1]])
    assert loss == 2000
    np.testing.assert_array_equal(grad_centers, [[2.0]])
    np.testing.assert_array_equal(grad_outsides, [[1000.0], [-1000.0]])


# Distributions and draws.


def test_entropy_cross_entropy_and_kl_by_hand():
    p, q = [0.5, 0.5, 0.0], [0.25, 0.5, 0.25]
    assert reference.entropy(p) == pytest.approx(math.log(2))
    assert reference.cross_entropy(p, q) == pytest.approx(1.5 * math.log(2))
    assert reference.kl_divergence(p, q) == pytest.approx(0.5 * math.log(2))
    assert reference.kl_divergence(p, p) == 0
    assert reference.cross_entropy(q, p) == math.inf
    np.testing.assert_allclose(reference.entropy([p, [1, 0, 0]]), [math.log(2), 0])


def test_sample_negatives_draws_the_outside_word_again():
    draws = iter([2, 7, 2, 2, 5, 7, 1])
    negatives = reference.sample_negatives(2, lambda: next(draws), 3)
    np.testing.assert_array_equal(negatives, [7, 5, 7])
    assert next(draws) == 1


def test_sample_negatives_gives_up_on_a_draw_that_knows_one_word(monkeypatch):
    monkeypatch.setattr(reference, "MOST_REDRAWS", 10)
    with pytest.raises(VocabularyError, match="10 draws in a row gave the outside word 4"):
        reference.sample_negatives(4, lambda: 4, 1)


def test_noise_distribution_raises_rare_words():
    np.testing.assert_allclose(reference.noise_distribution([16, 1], 0.75), [8 / 9, 1 / 9])
    np.testing.assert_allclose(reference.noise_distribution([16, 1], 0), [0.5, 0.5])


def test_keep_probability_by_hand():
    # f = 0.1 and t = 0.001: √0.01 + 0.01; f = 0.001: √1 + 1, cut to 1
    np.testing.assert_allclose(reference.keep_probability([100, 1, 0], 1000, 1e-3), [0.11, 1, 1])
    np.testing.assert_array_equal(reference.keep_probability([900, 100], 1000, 0), [1, 1])


@pytest.mark.parametrize("bad", [-1, 6, 1.0])
def test_word_ids_outside_the_matrix_are_refused(vectors, bad):
    with pytest.raises(VocabularyError, match="expected whole numbers from 0 to 5"):
        naive_softmax(vectors[0][0], bad, vectors[1])
    with pytest.raises(VocabularyError, match="from 0 to 5"):
        negative_sampling(vectors[0][0], 1, vectors[1], [2, bad])
    nodes = vectors[1][:-1]
    with pytest.raises(VocabularyError, match="from 0 to 5"):
        hierarchical(vectors[0][0], bad, nodes)
    for outsides, pair_loss in ((vectors[1], naive_softmax), (nodes, hierarchical)):
        with pytest.raises(VocabularyError, match="from 0 to 5"):
            reference.skipgram(bad, [2], vectors[0], outsides, pair_loss)
        with pytest.raises(VocabularyError, match="from 0 to 5"):
            reference.skipgram(1, [2, bad], vectors[0], outsides, pair_loss)
        with pytest.raises(VocabularyError, match="from 0 to 5"):
            reference.cbow(1, [2, bad], vectors[0], outsides, pair_loss)
        with pytest.raises(VocabularyError, match="from 0 to 5"):
            reference.cbow(bad, [2], vectors[0], outsides, pair_loss)


def test_float32_input_is_computed_in_float64(vectors):
    v, u = vectors[0][0].astype(np.float32), vectors[1].astype(np.float32)
    loss, grad_center, grad_outside = naive_softmax(v, 1, u)
    assert grad_center.dtype == grad_outside.dtype == np.float64
    assert loss == naive_softmax(v.astype(np.float64), 1, u.astype(np.float64))[0]
