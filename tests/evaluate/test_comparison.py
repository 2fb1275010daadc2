"""Differences of two files of vectors: the items that both answer, paired tests against plain NumPy and SciPy."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

from firth.errors import ConfigError
from firth.evaluate import Analogies, Categories, OddOneOut, Similarity, compare, evaluate
from firth.evaluate import statistics as st


def words(n, start=0):
    return [f"w{i}" for i in range(start, start + n)]


@pytest.fixture
def two(make):
    """Two files of vectors whose words overlap: the second is a noisy copy of the first."""
    rng = np.random.default_rng(12)
    rows = rng.normal(size=(50, 6)).astype(np.float32)
    noisy = rows + 0.8 * rng.normal(size=rows.shape).astype(np.float32)
    return make(dict(zip(words(45), rows, strict=False))), make(dict(zip(words(45, 5), noisy[5:], strict=True)))


def cosine(vectors, a, b):
    u, v = vectors[a].astype(float), vectors[b].astype(float)
    return u @ v / np.sqrt((u @ u) * (v @ v))


def test_correlations_are_compared_on_the_pairs_that_both_answer(two):
    rng = np.random.default_rng(2)
    pairs = list({tuple(f"w{i}" for i in sorted(rng.choice(50, 2, replace=False))): None for _ in range(120)})
    ratings = [cosine(two[0], *pair) if all(word in two[0] for word in pair) else 0.0 for pair in pairs]
    comparison = compare(*two, [Similarity("set", pairs, ratings)])
    spearman, pearson = comparison.differences
    both = [i for i, pair in enumerate(pairs) if all(word in vectors for vectors in two for word in pair)]
    gold = np.array([ratings[i] for i in both])
    x, y = (np.array([cosine(vectors, *pairs[i]) for i in both]) for vectors in two)

    assert (spearman.asked, spearman.items) == (len(pairs), len(both))
    answered = [sum(all(word in vectors for word in pair) for pair in pairs) for vectors in two]
    assert [spearman.answered_first, spearman.answered_second] == answered
    assert spearman.items < min(answered)
    assert (spearman.measure, pearson.measure, spearman.test) == ("spearman", "pearson", "bootstrap")
    assert spearman.first == pytest.approx(1)
    assert spearman.second == pytest.approx(stats.spearmanr(y, gold).statistic)
    assert pearson.difference == pytest.approx(1 - stats.pearsonr(y, gold).statistic)
    differences = []
    for counts in st.resamples(len(both), 10_000):
        for row in counts[:300]:
            items = np.repeat(np.arange(len(both)), row.astype(int))
            differences.append(np.corrcoef(x[items], gold[items])[0, 1] - np.corrcoef(y[items], gold[items])[0, 1])
        break
    low, high = np.percentile(differences, [2.5, 97.5])
    assert (pearson.low, pearson.high) == pytest.approx((low, high), abs=0.03)
    assert pearson.p == 2 / 10_001  # all resamples are on one side
    assert pearson.real


def test_equal_vectors_do_not_differ(two):
    rng = np.random.default_rng(2)
    pairs = Similarity("set", [tuple(f"w{i}" for i in rng.integers(0, 45, 2)) for _ in range(50)], list(rng.random(50)))
    groups = OddOneOut("odd", [("w1", "w2", "w3"), ("w4", "w5")] * 4, ["w6", "w7"] * 4)
    comparison = compare(two[0], two[0], [pairs, groups])
    assert [one.difference for one in comparison.differences] == [0, 0, 0]
    assert [(one.low, one.high) for one in comparison.differences] == [(0, 0)] * 3
    assert [(one.p, one.p_holm, one.real) for one in comparison.differences] == [(1, 1, False)] * 3
    assert comparison.comparisons == 3


def test_right_answers_are_compared_by_mcnemar(capitals, make):
    places = dict(zip(capitals.words, capitals.center, strict=True))
    swapped = make({**places, "paris": places["accra"], "accra": places["paris"], "x": [1, 1, 1]})
    good, bad = ("norway", "Oslo", "france", ("paris",)), ("norway", "Oslo", "france", ("accra",))
    same, unknown = ("norway", "Oslo", "japan", ("tokyo",)), ("norway", "Oslo", "japan", ("x",))
    benchmark = Analogies("set", {"one": [good] * 9 + [bad] * 2 + [unknown], "gram": [same] * 5})
    comparison = compare(capitals, swapped, [benchmark])
    whole, semantic, syntactic, one, gram = comparison.differences
    assert (whole.asked, whole.answered_first, whole.answered_second, whole.items) == (17, 16, 17, 16)
    assert (whole.first, whole.second) == (14 / 16, 7 / 16)
    assert whole.difference == 7 / 16
    assert (whole.only_first, whole.only_second, whole.test) == (9, 2, "mcnemar")
    assert whole.p == pytest.approx(stats.binomtest(2, 11).pvalue)
    assert (whole.low, whole.high) == st.difference_interval(9, 2, 16)
    assert (gram.difference, gram.p) == (0, 1)
    assert (semantic.items, syntactic.items, one.items) == (11, 5, 11)
    assert comparison.comparisons == 5
    p = [difference.p for difference in comparison.differences]
    assert [difference.p_holm for difference in comparison.differences] == pytest.approx(st.holm(p))
    assert not whole.real  # 3 of 5 are as small: 5 × 0.065


def test_categories_are_clustered_anew_on_the_words_that_both_have(make):
    apart = {"owl": [9, 1], "hen": [1, 0.1], "fig": [0, 1], "kiwi": [0.1, 5], "emu": [5, 0.2]}
    mixed = {"owl": [9, 1], "hen": [0, 1], "fig": [9, 1.1], "kiwi": [1, 5], "bus": [9, 1.05]}
    benchmark = Categories(
        "set", ["owl", "hen", "fig", "kiwi", "emu", "bus"], [*["bird"] * 2, *["fruit"] * 2, "bird", "car"]
    )
    (one,) = compare(make(apart), make(mixed), [benchmark]).differences
    assert (one.measure, one.test) == ("purity", "mcnemar")
    assert (one.asked, one.answered_first, one.answered_second, one.items) == (6, 5, 5, 4)
    assert (one.first, one.second, one.difference) == (1, 0.5, 0.5)
    assert (one.only_first, one.only_second) == (2, 0)
    assert one.p == stats.binomtest(2, 2).pvalue
    (none,) = compare(make({"a": [1, 0]}), make({"b": [1, 0]}), [Categories("set", ["a", "b"], ["x", "y"])]).differences
    assert (none.items, none.first, none.p, none.real) == (0, None, None, None)


def test_too_few_items_have_no_p_and_are_not_counted(two):
    pairs = Similarity("set", [("w10", "w11"), ("w12", "w13"), ("w14", "w15")], [1.0, 2.0, 3.0])
    question = Analogies("none", {"": [("a", "b", "c", ("d",))]})
    comparison = compare(*two, [pairs, question])
    assert comparison.comparisons == 0
    assert [(one.p, one.p_holm, one.real, one.low) for one in comparison.differences] == [(None,) * 4] * 3
    assert comparison.differences[0].first is not None
    assert comparison.differences[2].only_first == 0
    json.dumps(dataclasses.asdict(comparison))


def test_two_files_on_the_same_items_have_the_scores_that_evaluate_gives(capitals):
    pairs = Similarity(
        "set", [("norway", "Oslo"), ("france", "japan"), ("ghana", "japan"), ("x", "japan")], [3.0, 1, 2, 9]
    )
    comparison = compare(capitals, capitals, [pairs], ignore_case=True, most_frequent=7)
    (result,) = evaluate(capitals, [pairs], ignore_case=True, most_frequent=7).results
    assert [one.first for one in comparison.differences] == [score.value for score in result.scores]
    assert (comparison.ignore_case, comparison.most_frequent, comparison.words_first) == (True, 7, 8)
    assert (comparison.resamples, comparison.seed, comparison.level) == (10_000, 1, 0.05)


def test_very_many_pairs_have_fewer_resamples_and_progress_is_told(two, monkeypatch):
    monkeypatch.setattr(st, "MOST_DRAWN", 10_000)
    pairs = Similarity("set", [(f"w{i}", f"w{i + 1}") for i in range(5, 25)], list(range(20)))
    groups = OddOneOut("odd", [("w11", "w12", "w13")] * 4, ["w16"] * 4)
    seen = []
    comparison = compare(*two, [pairs, groups], progress=lambda *step: seen.append(step))
    assert [one.resamples for one in comparison.differences] == [500, 500, 10_000]
    assert min(one.p for one in comparison.differences) >= 2 / 501
    assert {what for what, _, _ in seen} == {"reading", "groups", "parts", "resamples"}
    assert ("resamples", 500, 500) in seen


def test_what_are_no_vectors_is_refused(two):
    with pytest.raises(ConfigError, match=r"second is \['pairs\.tsv'\]: expected word vectors"):
        compare(two[0], ["pairs.tsv"])
    with pytest.raises(ConfigError, match=r"first is 'v\.safetensors': expected word vectors"):
        compare("v.safetensors", two[1])
