"""The compiled kernels against a walk in plain Python, NumPy and exact numbers, here and on other processors."""

import dataclasses
import itertools
import math
import os
import pickle
import platform
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

from firth import reference
from firth.check import exercise as check_exercise
from firth.check import kernels as check_kernels
from firth.check.exercise import Exercise, Trained, deviation, walk, with_subwords, with_tree
from firth.check.kernels import train
from firth.sgd import _scratch
from firth.sgd._tokens import SPAN

ROUNDING = 2e-5
"""What float32 rounding may add up to over a small epoch, relative to the largest change."""

WINDOWS, NEGATIVES = (1, 2, 5), (1, 5, 13, 15, 16, 40)
DIMS = (1, 4, 16, 17, 28, 100)

SKIPGRAM = {"window-shared": {}, "per-pair": {"shared": False}}
CBOW = {"CBOW mean": {"cbow": "mean"}, "CBOW sum": {"cbow": "sum"}}
UPDATES = SKIPGRAM | CBOW
TREE_UPDATES = {"skip-gram": {}} | CBOW


def each(settings):
    """Parametrize `update` by settings of an Exercise."""
    return pytest.mark.parametrize("update", settings.values(), ids=settings)


def small_corpus(window, dim, words=12, seed=0, **settings):
    """Sentences of every length from 1 to 4 windows, of words of falling frequency."""
    rng = np.random.default_rng(seed)
    counts = 500 // np.arange(1, words + 1)
    sentences = [rng.choice(words, size, p=counts / counts.sum()).tolist() for size in range(1, 4 * window + 1)]
    vectors = [rng.normal(scale=dim**-0.5, size=(words, dim)).astype(np.float32) for _ in range(2)]
    settings = {"sentences": sentences, "lr": 0.05, "noise": reference.noise_distribution(counts, 0.75)} | settings
    return Exercise(center=vectors[0], outside=vectors[1], window=window, **settings)


def subsampled(exercise):
    keep = np.linspace(0.3, 1.0, exercise.words) * (2**32 - 1)
    return dataclasses.replace(exercise, keep=keep.astype(np.int64))


def fibonacci(n):
    """Falling counts whose tree has paths of 1, 2, .. n - 1 nodes, and the last length twice."""
    counts = [1, 1]
    while len(counts) < n:
        counts.append(counts[-1] + counts[-2])
    return counts[::-1]


def with_both(exercise, seed=8):
    """The exercise of a tree with negatives too, for the sum of both losses."""
    n, dim = exercise.center.shape
    words = np.random.default_rng(seed).normal(scale=dim**-0.5, size=(n, dim)).astype(np.float32)
    return dataclasses.replace(exercise, both=True, outside=np.concatenate([words, exercise.outside]))


def all_kinds(exercise):
    """The exercise, and the same with each of what changes its inputs or its outputs."""
    rng, counts = np.random.default_rng(7), fibonacci(exercise.words)
    yield exercise
    yield dataclasses.replace(exercise, frozen=(0, 3))
    yield with_subwords(exercise, rng)
    if exercise.shared:
        yield with_tree(exercise, counts)
        yield dataclasses.replace(with_tree(exercise, counts), frozen=(0, 3))
        yield with_tree(with_subwords(exercise, rng), counts)


def assert_same(exercise, tolerance=ROUNDING):
    found = train(exercise)
    assert np.isfinite(found.center).all()
    assert np.isfinite(found.outside).all()
    assert deviation(exercise, walk(exercise), found) < tolerance
    return found


def untouched(exercise):
    return Trained(exercise.center, exercise.outside, 0.0, 0, exercise.of_documents)


def assert_same_bytes(first, second):
    assert first.center.tobytes() == second.center.tobytes()
    assert first.outside.tobytes() == second.outside.tobytes()


# A span of tokens against the walk.


@each(UPDATES)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_span_is_the_walk_for_all_numbers_of_negatives_and_dimensions(window, update):
    cases = enumerate(product(NEGATIVES, (True, False)))
    for i, (negatives, fixed) in cases:
        dim = DIMS[(i + window) % len(DIMS)]
        settings = {"fixed_window": fixed, "negatives": negatives, "slope": -1e-4}
        exercise = small_corpus(window, dim, seed=i, **settings, **update)
        assert_same(exercise)
        assert_same(subsampled(exercise))


@each(UPDATES)
@pytest.mark.parametrize("dim", DIMS)
def test_a_span_is_the_walk_for_every_dimension(dim, update):
    assert_same(small_corpus(2, dim, **update))


@each(TREE_UPDATES)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_span_is_the_walk_for_trees_of_all_sizes(window, update):
    for i, (words, fixed) in enumerate(product((2, 3, 8, 100), (True, False))):
        dim = DIMS[(i + window) % len(DIMS)]
        exercise = small_corpus(window, dim, words, seed=i, fixed_window=fixed, lr=0.1, slope=-1e-4, **update)
        exercise = with_tree(exercise, [500 // rank for rank in range(1, words + 1)])
        assert_same(exercise)
        assert_same(subsampled(exercise))
        assert_same(dataclasses.replace(with_both(exercise), lr=0.02, slope=-1e-5))  # or rounding would grow


@each(TREE_UPDATES)
def test_a_span_is_the_walk_for_paths_of_all_lengths(update):
    words = 40
    exercise = with_tree(small_corpus(2, 17, words=words, **update), fibonacci(words))
    assert [len(nodes) for nodes, _ in reference.huffman(exercise.tree)] == [*range(1, words), words - 1]
    sentence = np.random.default_rng(0).permutation(words).tolist()
    exercise = dataclasses.replace(exercise, sentences=[sentence])
    assert_same(exercise)
    assert_same(with_both(exercise))


@each(UPDATES)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_span_is_the_walk_for_words_made_of_subwords(window, update):
    rng = np.random.default_rng(window)
    for i, fixed in enumerate((True, False)):
        exercise = small_corpus(window, (17, 100)[i], fixed_window=fixed, lr=0.1 / window, **update)
        for bucket in (10, 100):  # with fewer, or a larger lr, rounding would grow from token to token
            of_subwords = with_subwords(exercise, rng, bucket)
            assert_same(of_subwords)
            assert_same(subsampled(of_subwords))
            if exercise.shared:
                assert_same(with_tree(of_subwords, fibonacci(exercise.words)))


@each(UPDATES)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_span_is_the_walk_and_frozen_words_do_not_move(window, update):
    frozen = [0, 3, 5]
    for i, fixed in enumerate((True, False)):
        exercise = small_corpus(window, DIMS[window % 3 + i], fixed_window=fixed, frozen=frozen, **update)
        found = assert_same(exercise)
        assert found.center[frozen].tobytes() == exercise.center[frozen].tobytes()
        assert found.outside[frozen].tobytes() == exercise.outside[frozen].tobytes()
        assert_same(dataclasses.replace(exercise, negatives=16))
        if exercise.shared:
            of_tree = with_tree(exercise, fibonacci(exercise.words))
            found = assert_same(of_tree)
            assert found.center[frozen].tobytes() == of_tree.center[frozen].tobytes()
            assert (found.outside[0] != of_tree.outside[0]).all()  # a node is no word


@each(UPDATES)
def test_all_words_frozen_change_nothing_but_have_a_loss(update):
    exercise = small_corpus(2, 4, frozen=range(12), **update)
    found = assert_same(exercise)
    assert found.loss > 0
    assert_same_bytes(found, untouched(exercise))


@each(UPDATES)
def test_one_word(update):
    exercise = small_corpus(2, 5, words=1, negatives=0, noise=np.ones(1), **update)
    found = assert_same(exercise)
    pairs = [min(2, t) + min(2, n - 1 - t) for n in range(1, 9) for t in range(n)]
    assert found.pairs == (np.count_nonzero(pairs) if "cbow" in update else sum(pairs))


@pytest.mark.parametrize("negatives", [1, 16])
@each(UPDATES)
def test_two_words_are_each_others_negatives(update, negatives):
    assert_same(small_corpus(2, 4, words=2, negatives=negatives, **update))


@each(CBOW)
@pytest.mark.parametrize("negatives", [5, 16])
def test_a_span_is_the_walk_for_windows_of_more_than_16_words(negatives, update):
    lr = 0.001 if update["cbow"] == "sum" else 0.01
    for exercise in all_kinds(small_corpus(9, 17, negatives=negatives, lr=lr, **update)):
        assert_same(exercise)


@each(UPDATES)
def test_words_repeated_in_a_window(update):
    exercise = small_corpus(5, 17, words=4, sentences=[[1] * 7 + [2], [1, 0, 1, 1, 3, 3, 1], [3] * 12], **update)
    for one in all_kinds(exercise):
        assert_same(one)


@each(UPDATES)
@pytest.mark.parametrize("score", [30.0, 1000.0])
def test_a_span_is_the_walk_for_saturated_scores(score, update):
    """All words of one sign, so that means are as large; sums are up to ten times as large, and so are their steps."""
    lr = 2e-4 if update.get("cbow") == "sum" else 1e-3
    for exercise in all_kinds(small_corpus(5, 17, negatives=16, lr=lr, **update)):
        for vectors in (exercise.center, exercise.outside):
            vectors[:, 0] = score**0.5
        exercise.outside[::2, 0] *= -1
        assert_same(exercise)


def test_a_negative_that_cannot_be_drawn_is_left_out():
    exercise = small_corpus(2, 4, words=2, noise=np.array([1.0, 0.0]), negatives=2)
    drawn = [
        check_exercise._negatives(list(map(int, exercise.noise_table())), w, 2, check_exercise._draws(3, 4))
        for w in (0, 1)
    ]
    assert drawn == [[], [0, 0]]
    assert_same(exercise)


@each(UPDATES)
def test_no_pair_changes_nothing(update):
    for exercise in all_kinds(small_corpus(2, 4, sentences=[[0], [1], [2]], **update)):
        found = train(exercise)
        assert (found.loss, found.pairs) == (0.0, 0)
        assert_same_bytes(found, untouched(exercise))


@pytest.fixture(scope="module")
def long_sentence():
    """More tokens in one sentence than the kernel gathers at a time, then short sentences."""
    rng = np.random.default_rng(3)
    vectors = [rng.normal(size=(9, 2)).astype(np.float32) for _ in range(2)]
    sentences = [rng.integers(9, size=size).tolist() for size in (3, SPAN + 500, 1, 7, 2)]
    return Exercise(sentences, *vectors, window=2, fixed_window=False, negatives=2, lr=0.01)


@each({"window-shared": {}, "CBOW mean": {"cbow": "mean"}})
def test_a_sentence_longer_than_a_gathered_span_is_the_walk(long_sentence, update):
    assert_same(dataclasses.replace(long_sentence, **update), tolerance=1e-4)


def in_parts(exercise, cuts):
    """What training from cut to cut leads to, from the vectors that the part before has left."""
    found = untouched(exercise)
    for start, stop in zip([0, *cuts], [*cuts, None], strict=True):
        before = dataclasses.replace(exercise, center=found.center, outside=found.outside, start=start, stop=stop)
        part = train(before)
        loss, pairs = found.loss + part.loss, found.pairs + part.pairs
        found = dataclasses.replace(part, loss=loss, pairs=pairs)
    return found


@each(UPDATES)
def test_the_cut_into_spans_changes_no_byte(long_sentence, update):
    exercise = subsampled(dataclasses.replace(long_sentence, **update))
    for one in all_kinds(exercise):
        if one.ngrams is None:
            whole = train(one)
            for cuts in (
                [1],
                [2, 3, 4],
                [701, SPAN - 1, SPAN + 3, SPAN + 4, SPAN + 510],
                list(range(SPAN + 494, SPAN + 513)),
            ):
                found = in_parts(one, cuts)
                assert_same_bytes(found, whole)
                assert found.pairs == whole.pairs
                assert found.loss == pytest.approx(whole.loss, rel=1e-6)


@each(UPDATES)
def test_subwords_see_the_cut_into_spans_and_each_part_is_its_walk(update):
    """At the end of a span all vectors are taken apart, also those that the next span's windows reach again."""
    exercise = with_subwords(small_corpus(3, 17, lr=0.02, **update), np.random.default_rng(0))
    center, outside = exercise.center, exercise.outside
    cuts = [0, 1, 30, 33, 70, None]
    for start, stop in itertools.pairwise(cuts):
        part = dataclasses.replace(exercise, center=center, outside=outside, start=start, stop=stop)
        found = assert_same(part)
        center, outside = found.center, found.outside
    assert center.tobytes() != train(exercise).center.tobytes()


def test_subwords_of_a_sentence_longer_than_a_gathered_span_are_those_of_its_parts(long_sentence):
    exercise = with_subwords(long_sentence, np.random.default_rng(0))
    assert_same_bytes(train(exercise), in_parts(exercise, [SPAN]))


# Planted bugs: the walk must notice each.


def test_the_walk_notices_a_window_off_by_one():
    exercise = small_corpus(3, 8)
    assert deviation(exercise, walk(dataclasses.replace(exercise, window=4)), train(exercise)) == math.inf


def test_the_walk_notices_a_window_that_crosses_sentences():
    exercise = small_corpus(3, 8)
    joined = dataclasses.replace(exercise, sentences=[exercise.ids().tolist()])
    assert deviation(exercise, walk(joined), train(exercise)) == math.inf


def test_the_walk_notices_a_learning_rate_that_does_not_fall():
    exercise = small_corpus(3, 8, slope=-1e-4)
    assert deviation(exercise, walk(dataclasses.replace(exercise, slope=0.0)), train(exercise)) > 100 * ROUNDING


def test_the_walk_notices_a_predicted_word_among_the_negatives(monkeypatch):
    exercise = small_corpus(3, 8)
    expected = train(exercise)
    negatives = check_exercise._negatives
    monkeypatch.setattr(check_exercise, "_negatives", lambda table, word, *rest: negatives(table, -1, *rest))
    assert deviation(exercise, walk(exercise), expected) > 100 * ROUNDING


def test_the_walk_notices_an_update_skipped_for_a_saturated_score(monkeypatch):
    exercise = check_kernels.KERNELS["window-shared step, scores of ±30"](np.random.default_rng(1))

    def skips(center_vec, outside_idx, outside_vecs, negatives, step=reference.negative_sampling):
        loss, grad_center, grad_outside = step(center_vec, outside_idx, outside_vecs, negatives)
        small = abs(outside_vecs[outside_idx] @ center_vec) < 6
        return loss, grad_center * small, grad_outside * small

    monkeypatch.setattr(reference, "negative_sampling", skips)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize("name", ["window-shared step, repeated negatives", "per-pair steps, repeated negatives"])
def test_the_walk_notices_repeated_negatives_counted_once(monkeypatch, name):
    exercise = check_kernels.KERNELS[name](np.random.default_rng(1))

    def once(center_vec, outside_idx, outside_vecs, negatives, step=reference.negative_sampling):
        return step(center_vec, outside_idx, outside_vecs, sorted(set(negatives)))

    monkeypatch.setattr(reference, "negative_sampling", once)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize(("here", "there"), [("undivided", "mean"), ("mean", "undivided"), ("sum", "mean")])
def test_the_walk_notices_an_update_of_cbow_not_divided_by_its_words(here, there):
    exercise = small_corpus(3, 8, cbow=here)
    assert_same(exercise)
    assert deviation(exercise, walk(dataclasses.replace(exercise, cbow=there)), train(exercise)) > 100 * ROUNDING


def test_the_walk_notices_a_mean_that_counts_a_repeated_word_once(monkeypatch):
    exercise = check_kernels.KERNELS["CBOW mean step, repeated words"](np.random.default_rng(1))

    def once(center, outside, *rest, step=reference.cbow, **settings):
        return step(center, sorted(set(outside)), *rest, **settings)

    monkeypatch.setattr(reference, "cbow", once)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


def flip_last_bit(offsets, steps, word):
    steps = steps.copy()
    steps[offsets[word + 1] - 1] ^= 1
    return offsets, steps


def next_node(offsets, steps, word):
    steps = steps.copy()
    steps[offsets[word]] += 2
    return offsets, steps


def leave_out_last_node(offsets, steps, word):
    shorter = offsets.copy()
    shorter[word + 1 :] -= 1
    return shorter, np.delete(steps, offsets[word + 1] - 1)


@each(TREE_UPDATES)
@pytest.mark.parametrize("plant", [flip_last_bit, next_node, leave_out_last_node])
def test_the_walk_notices_a_wrong_path_of_a_rare_word(monkeypatch, plant, update):
    exercise = with_tree(small_corpus(3, 8, **update), fibonacci(12))
    word = 7
    assert 1 <= exercise.ids().tolist().count(word) <= 5
    right = check_kernels.tree_paths
    monkeypatch.setattr(check_kernels, "tree_paths", lambda counts: plant(*right(counts), word))
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


@each(TREE_UPDATES)
def test_the_walk_notices_a_sum_of_losses_without_one_of_them(update):
    exercise = with_both(with_tree(small_corpus(3, 8, **update), fibonacci(12)))
    found = train(exercise)
    assert deviation(exercise, walk(exercise), found) < ROUNDING
    one_less = dataclasses.replace(exercise, negatives=4)
    assert deviation(exercise, walk(one_less), found) > 100 * ROUNDING
    other_tree = dataclasses.replace(exercise, tree=exercise.tree[::-1])
    assert deviation(exercise, walk(other_tree), found) > 100 * ROUNDING


@each(UPDATES)
def test_the_walk_notices_a_frozen_row_that_moves(update):
    exercise = small_corpus(3, 8, frozen=(0, 3, 5), **update)
    one_less = dataclasses.replace(exercise, frozen=(0, 5))
    assert deviation(exercise, walk(exercise), train(one_less)) > 100 * ROUNDING
    assert deviation(exercise, walk(one_less), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize("power", [1, -1])
@each(UPDATES)
def test_the_walk_notices_a_move_of_subwords_not_divided_or_divided_twice(monkeypatch, update, power):
    exercise = with_subwords(small_corpus(3, 8, lr=0.02, **update), np.random.default_rng(0))

    def leave(vectors, end, leave=check_exercise._Composed.leave):
        for at in range(vectors._left, end):
            moved = vectors.rows[at] - vectors._begun[at]
            vectors.rows[at] = vectors._begun[at] + moved * float(len(vectors._parts[at])) ** power
        leave(vectors, end)

    monkeypatch.setattr(check_exercise._Composed, "leave", leave)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize(
    "plant",
    [
        lambda rows_of_word, row_vecs: row_vecs[rows_of_word].sum(axis=0),
        lambda rows_of_word, row_vecs: row_vecs[rows_of_word[0]],
        lambda rows_of_word, row_vecs: row_vecs[np.unique(rows_of_word)].mean(axis=0),
        lambda rows_of_word, row_vecs: row_vecs[rows_of_word[:-1]].mean(axis=0),
    ],
    ids=["a sum", "the own row alone", "a repeated row once", "a row less"],
)
def test_the_walk_notices_another_mean_of_subwords(monkeypatch, plant):
    exercise = with_subwords(small_corpus(3, 8, lr=0.02), np.random.default_rng(0))
    monkeypatch.setattr(reference, "subword_vector", plant)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


# The rows of `firth check`.


@pytest.mark.slow  # all kernels are compiled
def test_kernel_rows_show_each_kernel_once_and_its_verdict():
    found = check_kernels.kernel_rows()
    assert [row["name"] for row in found] == [*check_kernels.KERNELS, *check_kernels.OTHERS]
    assert all(row["ok"] and 0 <= row["deviation"] <= row["tolerance"] for row in found)


@pytest.mark.slow
def test_a_failing_kernel_is_shown_as_failed(monkeypatch):
    def plant(name):
        step = getattr(reference, name)

        def wrong(*args, **settings):
            loss, grad_center, grad_outside = step(*args, **settings)
            return loss, grad_center * 1.0001, grad_outside

        monkeypatch.setattr(reference, name, wrong)

    plant("negative_sampling")
    plant("hierarchical_softmax")
    verdicts = {row["name"]: row["ok"] for row in check_kernels.kernel_rows()}
    untouched = [name for name in check_kernels.OTHERS if name not in check_kernels.INFERENCE]
    assert [name for name, ok in verdicts.items() if ok] == ["loss of 1,970 pairs", *untouched]


@pytest.mark.slow
def test_a_kernel_that_gives_nan_is_shown_as_failed(monkeypatch):
    def broken(exercise):
        return dataclasses.replace(walk(exercise), outside=np.full_like(exercise.outside, np.nan))

    monkeypatch.setattr(check_kernels, "train", broken)
    assert not any(row["ok"] for row in check_kernels.kernel_rows() if row["name"] in check_kernels.KERNELS)


PLANTED = {
    "expected counts": ("expected_pairs", lambda pairs: pairs * 1.00002),
    "positive mutual information": None,
    "exact softmax pass": ("exact_objective", lambda parts: (parts[0], parts[1] * 1.00002, parts[2])),
}
"""What the rows of `EXACT` begin with, the function of the reference that judges them, an error planted there."""


@pytest.mark.slow
@pytest.mark.parametrize("start", PLANTED)
def test_what_exact_training_is_made_of_is_shown_as_failed(monkeypatch, start):
    from firth.exact import _sparse as sparse

    if PLANTED[start] is None:
        right = sparse.weighted_ppmi
        monkeypatch.setattr(
            sparse, "weighted_ppmi", lambda *x: right(*x)._replace(data=right(*x).data * np.float32(1.00002))
        )
    else:
        name, plant = PLANTED[start]
        right = getattr(reference, name)
        monkeypatch.setattr(reference, name, lambda *x: plant(right(*x)))
    rows = [row for row in check_kernels.kernel_rows() if row["name"] in check_kernels.EXACT]
    assert [row["name"] for row in rows if not row["ok"]] == [
        name for name in check_kernels.EXACT if name.startswith(start)
    ]


def test_the_exercises_are_what_their_names_say():
    for name, make in check_kernels.KERNELS.items():
        exercise = make(np.random.default_rng(1))
        if "±30" in name or "±1000" in name:
            scores = np.abs(exercise.center.astype(float) @ exercise.outside.T)
            size = 1000 if "±1000" in name else 30
            assert 0.9 * size < scores.min() < scores.max() < 1.1 * size
        if "pairs" in name and "loss" in name:
            assert f"{walk(exercise).pairs:,}" in name
        if "outputs" in name:
            assert f"{exercise.negatives + 1} outputs" in name
        if "path of" in name:
            nodes, _ = reference.huffman(exercise.tree)[exercise.sentences[0][5]]
            assert f"path of {len(nodes)}" in name
        of_tree = any(part in name for part in ("hierarchical softmax", "both losses", "path of"))
        assert of_tree == (exercise.tree is not None)
        assert ("both losses" in name) == exercise.both
        assert name.count("PV-") == bool(exercise.combine)
        assert ("CBOW" in name) == (exercise.cbow is not None)
        assert ("CBOW sum" in name) == (exercise.cbow == "sum")
        assert ("per-pair" in name) == (not exercise.shared)
        assert ("subwords" in name) == (exercise.ngrams is not None)
        assert ("frozen words" in name) == (0 < len(set(exercise.frozen) & set(exercise.ids())) < exercise.words)
        if "repeated words" in name:
            window = [exercise.sentences[0][at] for at in (*range(5), *range(6, 11))]
            assert len(set(window)) == 2


def test_words_made_of_subwords_differ_in_length_share_rows_and_repeat_some():
    offsets, of_words = with_subwords(small_corpus(3, 8), np.random.default_rng(0), bucket=1000).ngrams
    parts = np.split(of_words, offsets[1:-1])
    assert any(len(set(part)) < len(part) for part in parts)
    assert len(set(of_words)) < sum(len(set(part)) for part in parts)
    assert len({len(part) for part in parts}) > 3


# The loss.


@each(UPDATES)
@pytest.mark.parametrize("score", [1000.0, -1000.0])
def test_the_loss_of_scores_of_1000_is_exact(score, update):
    """A score of -1000 costs each prediction 1000; one of +1000 costs each of the three negatives 1000."""
    size = 8 if update.get("cbow") == "sum" else 40  # of five words
    center, outside = np.full((6, 1), size, np.float32), np.full((6, 1), score / 40, np.float32)
    exercise = Exercise([[0, 1, 2, 3, 4, 5]], center, outside, window=5, negatives=3, lr=0.0, **update)
    found = train(exercise)
    assert found.pairs == (6 if "cbow" in update else 30)
    assert found.loss == found.pairs * 1000 * (3 if score > 0 else 1)
    assert_same_bytes(found, untouched(exercise))


@pytest.mark.parametrize("negatives", [2, 20])
@each(UPDATES)
def test_a_saturated_score_gets_its_full_gradient(update, negatives):
    """One pair (0, 1) with a score of -1000 and negatives 2 with a score of +1000: every σ is 1."""
    center = np.full((3, 1), 40, np.float32)
    outside = np.array([[25], [-25], [25]], np.float32)
    noise = np.array([0.0, 0.0, 1.0])
    exercise = Exercise([[0, 1]], center, outside, window=1, negatives=negatives, lr=0.125, noise=noise, **update)
    found = train(dataclasses.replace(exercise, start=1))
    assert found.center.ravel().tolist() == [40 - 0.125 * 25 * (negatives + 1), 40, 40]
    assert found.outside.ravel().tolist() == [25, -25 + 0.125 * 40, 25 - 0.125 * 40 * negatives]
    assert found.loss == 1000 * (negatives + 1)


@each(TREE_UPDATES)
def test_a_saturated_score_of_a_node_gets_its_full_gradient(update):
    """The one node says word 0, at a score of +1000: right once, and wrong once, where σ is 1."""
    center, nodes = np.full((2, 1), 40, np.float32), np.array([[25]], np.float32)
    exercise = Exercise([[0, 1]], center, nodes, window=1, lr=0.125, tree=[5, 3], **update)
    right, wrong = train(dataclasses.replace(exercise, stop=1)), train(dataclasses.replace(exercise, start=1))
    assert (right.loss, right.pairs) == (0.0, 1)
    assert_same_bytes(right, untouched(exercise))
    assert (wrong.loss, wrong.pairs) == (1000.0, 1)
    assert wrong.center.ravel().tolist() == [40 - 0.125 * 25, 40]
    assert wrong.outside.ravel().tolist() == [25 - 0.125 * 40]


@each(SKIPGRAM)
def test_the_loss_of_millions_of_pairs_is_their_float64_sum(update):
    rng = np.random.default_rng(0)
    ids = rng.integers(2, size=200_001)
    center, outside = (rng.normal(scale=2, size=(2, 3)).astype(np.float32) for _ in range(2))
    exercise = Exercise([ids.tolist()], center, outside, window=5, negatives=1, lr=0.0, **update)
    found = train(exercise)
    counts = np.zeros((2, 2))
    for distance in range(1, 6):
        np.add.at(counts, (ids[:-distance], ids[distance:]), 1)
    counts += counts.T
    scores = center.astype(np.float64) @ outside.T.astype(np.float64)
    # the negative of a pair is the other of the two words
    expected = (counts * (np.logaddexp(0, -scores) + np.logaddexp(0, scores[:, ::-1]))).sum()
    assert found.pairs == counts.sum() == 10 * 200_001 - 30
    assert found.loss == pytest.approx(expected, rel=1e-6)  # a float32 sum would be off by 1e-2


# Private rows of one thread.


@each(UPDATES)
@pytest.mark.parametrize("period", [1, 2, 64])
@pytest.mark.parametrize("hot", [1, 5, 11])
def test_private_rows_give_what_rows_in_place_give(hot, period, update):
    for exercise in all_kinds(small_corpus(5, 17, **update)):
        if exercise.ngrams is None:
            assert deviation(exercise, train(exercise), train(exercise, hot, period)) < ROUNDING


GUARD = 0x5A


@pytest.mark.slow
@each(UPDATES)
def test_nothing_is_written_beyond_the_room_of_a_thread(monkeypatch, update):
    scratch_arrays, guarded = _scratch.scratch_arrays, []

    def guard(array):
        memory = np.full(array.nbytes + 256, GUARD, np.uint8)
        memory[128:-128] = array.view(np.uint8).ravel()
        guarded.append(memory)
        return memory[128:-128].view(array.dtype)

    def with_guards(*sizes, **more):
        arrays = {name: guard(array) for name, array in scratch_arrays(*sizes, **more).items()}
        rows = arrays["hidden rows"]
        arrays["hidden"][:] = rows.ctypes.data + len(rows) // 3 * 4 * np.arange(3)
        return arrays

    monkeypatch.setattr(_scratch, "scratch_arrays", with_guards)
    for window, negatives in product((*WINDOWS, 9), NEGATIVES):
        for exercise in all_kinds(small_corpus(window, 17, negatives=negatives, **update)):
            train(exercise)
            train(dataclasses.replace(exercise, frozen=range(11)))
    assert guarded
    for memory in guarded:
        assert (memory[:128] == GUARD).all()
        assert (memory[-128:] == GUARD).all()


# Other places for memory.


ELSEWHERE_IN_MEMORY = """
import pickle, sys
from firth.check import kernels as check_kernels
for exercise in pickle.load(sys.stdin.buffer):
    found = check_kernels.train(exercise)
    sys.stdout.buffer.write(found.center.tobytes() + found.outside.tobytes())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="needs an allocator that can be told what to give back")
@each(UPDATES)
def test_no_kernel_uses_memory_that_it_has_given_back(update):
    """What is freed is gone at once, so a kernel that still reads it is killed."""
    exercises = list(all_kinds(small_corpus(5, 17, **update)))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE_IN_MEMORY],
        input=pickle.dumps(exercises),
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "4096"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    trained = [train(exercise) for exercise in exercises]
    assert done.stdout == b"".join(one.center.tobytes() + one.outside.tobytes() for one in trained)


# Other processors.

PARTS = "center", "outside", "documents", "loss", "pairs"
EPOCHS = [name for name in check_kernels.KERNELS if "small epoch" in name or "path of 25" in name or "±1000" in name]

ELSEWHERE = f"""
import sys
import numpy as np
from numba.core.registry import cpu_target
from firth.check import kernels as check_kernels
assert cpu_target.target_context.codegen().magic_tuple()[1] == sys.argv[1], "not compiled for this processor"
results = {{}}
for name in {EPOCHS!r}:
    found = check_kernels.train(check_kernels.KERNELS[name](np.random.default_rng(1)))
    results |= {{f"{{name}}/{{part}}": getattr(found, part) for part in {PARTS!r}}}
np.savez(sys.argv[2], **results)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="needs an x86-64 processor")
@pytest.mark.parametrize("cpu", ["x86-64", "haswell"])
def test_kernels_compiled_for_another_processor_give_the_same(cpu, tmp_path):
    import llvmlite.binding

    if cpu == "haswell" and not llvmlite.binding.get_host_cpu_features().get("avx2"):
        pytest.skip("needs a processor with AVX2")
    features = "+avx2,+fma" if cpu == "haswell" else ""
    settings = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    output = tmp_path / "found.npz"
    command = [sys.executable, "-c", ELSEWHERE, cpu, str(output)]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(output) as found:
        for name in EPOCHS:
            exercise = check_kernels.KERNELS[name](np.random.default_rng(1))
            parts = {part: found[f"{name}/{part}"] for part in PARTS}
            assert deviation(exercise, train(exercise), Trained(**parts)) < check_kernels.KERNEL_TOLERANCE
