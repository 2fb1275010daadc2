"""Correlations, purity, resamples, intervals and tests, against SciPy, plain NumPy and values by hand."""

import itertools
import math
import time

import numpy as np
import pytest
from scipy import stats

from firth.evaluate import statistics as st


@pytest.fixture
def rated():
    """Values and ratings of 40 items, with ties in both."""
    rng = np.random.default_rng(3)
    x = np.round(rng.normal(size=40), 1)
    return x, np.round(x + rng.normal(size=40))


def items_of(counts):
    """The items of each resample, each as often as it is drawn."""
    return [np.repeat(np.arange(len(row)), row.astype(int)) for row in counts]


def interval(n, measure):
    return st.percentile_interval(st.measured(n, st.RESAMPLES, measure)[0])


# Measures.


def test_equal_values_share_the_mean_of_their_ranks():
    assert st.ranks([3, -1, 7, 3, 3]).tolist() == [3, 1, 5, 3, 3]
    assert st.ranks([0.5, 0.5]).tolist() == [1.5, 1.5]
    assert st.ranks([]).tolist() == []


def test_correlations_by_hand_and_by_scipy(rated):
    assert st.spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8207826816681233, abs=1e-15)
    assert st.spearman([3, 1, 2], [30, 10, 20]) == 1
    assert st.spearman([3, 1, 2], [-30, -10, -20]) == -1
    # ranks 1.5, 1.5, 3 and 1, 2.5, 2.5: covariance 0.75, variances 1.5
    assert st.spearman([0, 0, 1], [4, 7, 7]) == pytest.approx(0.5, abs=1e-15)
    assert st.spearman(*rated) == pytest.approx(stats.spearmanr(*rated).statistic, abs=1e-14)
    # deviations -1, 0, 1 and -1, 2, -1: no correlation; and 1, 2 with 2, 4: all of it
    assert st.pearson([1, 2, 3], [0, 3, 0]) == 0
    assert st.pearson([1e9, 2e9], [2e-9, 4e-9]) == 1
    assert st.pearson(*rated) == pytest.approx(stats.pearsonr(*rated).statistic, abs=1e-14)


@pytest.mark.parametrize("measure", [st.spearman, st.pearson])
def test_without_a_spread_there_is_no_correlation(measure):
    assert measure([], []) is None
    assert measure([1], [2]) is None
    assert measure([0.1, 0.1, 0.1], [1, 2, 3]) is None
    assert measure([1, 2, 3], [7, 7, 7]) is None


def test_the_majority_of_a_cluster_by_hand():
    clusters = np.array([0, 0, 0, 1, 1, 2.0])
    assert st.in_majority(clusters, np.array([5, 6, 6, 6, 5, 7.0])).tolist() == [0, 1, 1, 0, 1, 1]
    assert st.in_majority(clusters, np.arange(6.0)).tolist() == [1, 0, 0, 1, 0, 1]
    assert st.in_majority(np.zeros(0), np.zeros(0)).tolist() == []


def test_the_majority_of_clusters_drawn_at_random():
    rng = np.random.default_rng(8)
    clusters, classes = rng.integers(0, 4, 300).astype(float), rng.integers(0, 5, 300).astype(float)
    most = [np.bincount(classes[clusters == k].astype(int)).argmax() for k in range(4)]
    expected = [float(most[int(k)] == one) for k, one in zip(clusters, classes, strict=True)]
    assert st.in_majority(clusters, classes).tolist() == expected


# Resamples.


def test_resamples_draw_every_item_alike_and_are_the_same_every_time():
    counts = np.concatenate(list(st.resamples(7, 4000)))
    assert counts.shape == (4000, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert (counts == np.concatenate(list(st.resamples(7, 4000)))).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.06)
    np.testing.assert_allclose(counts.var(axis=0), 6 / 7, atol=0.08)  # binomial: n p (1 - p)


def test_resamples_do_not_depend_on_the_size_of_blocks(monkeypatch):
    whole = np.concatenate(list(st.resamples(9, 50)))
    monkeypatch.setattr(st, "VALUES_AT_ONCE", 8 * 9 * 7)
    blocks = list(st.resamples(9, 50))
    assert len(blocks) == 8
    assert (np.concatenate(blocks) == whole).all()


@pytest.mark.parametrize(
    ("measure", "oracle"),
    [
        (st.spearmans, lambda x, y: stats.pearsonr(stats.rankdata(x), stats.rankdata(y)).statistic),
        (st.pearsons, lambda x, y: stats.pearsonr(x, y).statistic),
    ],
)
def test_correlations_of_resamples_are_those_of_their_items(rated, measure, oracle):
    counts = next(st.resamples(40, 200))
    expected = [oracle(rated[0][items], rated[1][items]) for items in items_of(counts)]
    np.testing.assert_allclose(measure(*rated)(counts), expected, rtol=1e-11)


@pytest.mark.parametrize("measure", [st.spearmans, st.pearsons])
def test_a_resample_without_a_spread_has_no_correlation(measure):
    x, y = np.array([0.1, 0.1, 0.7, 0.3]), np.array([1.0, 2, 3, 4])
    counts = np.array([[2.0, 2, 0, 0], [0, 0, 4, 0], [1, 0, 2, 1], [1, 1, 1, 1]])
    assert np.isnan(measure(x, y)(counts)).tolist() == [True, True, False, False]


# Intervals.


def test_an_interval_is_the_percentiles_of_the_resamples(rated):
    values = np.concatenate([st.spearmans(*rated)(counts) for counts in st.resamples(40, st.RESAMPLES)])
    ordered = np.sort(values)
    # the percentiles of 1,000 values lie at 24.975 and 974.025
    low = ordered[24] + 0.975 * (ordered[25] - ordered[24])
    high = ordered[974] + 0.025 * (ordered[975] - ordered[974])
    assert interval(40, st.spearmans(*rated)) == pytest.approx((low, high), abs=1e-14)


def test_resamples_without_a_value_are_left_out_of_an_interval():
    assert st.percentile_interval(np.array([np.nan, 1, 1, 1])) == (1, 1)
    assert st.percentile_interval(np.array([np.nan, np.nan, 1, 1])) == (None, None)


def test_the_interval_of_a_share_is_that_of_a_binomial():
    low, high = st.share_interval(300, 1000)
    expected = stats.binom(1000, 0.3).ppf([0.025, 0.975]) / 1000
    np.testing.assert_allclose([low, high], expected, atol=0.003)
    assert (low, high) == st.share_interval(300, 1000)
    assert st.share_interval(0, 10) == (0, 0)
    assert st.share_interval(10, 10) == (1, 1)
    assert st.share_interval(2, 3) == (None, None)


@pytest.mark.parametrize("correlations", [st.spearmans, st.pearsons])
def test_an_interval_covers_the_truth_about_as_often_as_it_says(correlations):
    rng = np.random.default_rng(11)
    truth = 6 / math.pi * math.asin(0.6 / 2) if correlations is st.spearmans else 0.6
    covers = 0
    for _ in range(300):
        x, noise = rng.normal(size=(2, 80))
        low, high = interval(80, correlations(x, 0.6 * x + 0.8 * noise))
        covers += low <= truth <= high
    assert 0.90 <= covers / 300 <= 0.98


def test_the_interval_of_a_difference_of_shares():
    low, high = st.difference_interval(60, 30, 1000)
    # (gained - lost) / n has mean 0.03 and variance (0.06 + 0.03 - 0.03²) / n
    reach = 1.96 * math.sqrt((0.09 - 0.03**2) / 1000)
    np.testing.assert_allclose([low, high], [0.03 - reach, 0.03 + reach], atol=0.0015)
    assert st.difference_interval(0, 0, 10) == (0, 0)
    assert st.difference_interval(1, 0, 3) == (None, None)


# Tests.


@pytest.mark.parametrize(
    "pair", [(0, 0), (1, 0), (0, 5), (3, 4), (5, 5), (12, 3), (40, 71), (1500, 1400), (6000, 5000)]
)
def test_mcnemar_is_the_exact_binomial_test(pair):
    n = sum(pair)
    expected = stats.binomtest(pair[0], n, 0.5).pvalue if n else 1.0
    assert st.mcnemar(*pair) == pytest.approx(expected, rel=1e-9)
    assert st.mcnemar(*pair) == st.mcnemar(*pair[::-1])


@pytest.mark.parametrize(
    "pair", [(501, 501), (501, 900), (750_000, 751_500), (150_000, 151_999), (150_000, 140_000), (10**8, 10**8 + 9000)]
)
def test_mcnemar_of_many_items_is_as_exact_and_fast(pair):
    start = time.perf_counter()
    found = st.mcnemar(*pair)
    assert time.perf_counter() - start < 1  # thousandths; seconds in whole numbers
    assert found == pytest.approx(stats.binomtest(pair[0], sum(pair), 0.5).pvalue, rel=1e-9)


def test_mcnemar_is_continuous_where_whole_numbers_end():
    n, k = 1_300, 500
    assert st._tail(n, k) == pytest.approx(st._tail_in_whole_numbers(n, k), rel=1e-12)


def test_mcnemar_by_hand():
    assert st.mcnemar(0, 5) == 2 / 32
    assert st.mcnemar(1, 4) == 2 * (1 + 5) / 32
    assert st.mcnemar(0, 20_000) == st.mcnemar(600, 20_000) == 0  # less than the least number


def test_the_p_of_differences_in_resamples():
    assert st.bootstrap_p(np.array([1.0] * 97 + [-1.0] * 2)) == 2 * 3 / 100
    assert st.bootstrap_p(np.array([-1.0] * 99)) == 2 / 100
    assert st.bootstrap_p(np.zeros(9)) == 1
    assert st.bootstrap_p(np.array([1.0, 1, 1, np.nan])) == 2 / 4
    assert st.bootstrap_p(np.array([1.0, np.nan])) is None


def test_holm_by_its_definition():
    assert st.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert st.holm([0.9, 0.5]) == [1, 1]
    assert st.holm([]) == []
    rng = np.random.default_rng(1)
    for _ in range(50):
        p = rng.random(6) ** 3
        order = np.argsort(p)
        steps = [min(1, (6 - place) * p[i]) for place, i in enumerate(order)]
        expected = dict(zip(order, itertools.accumulate(steps, max), strict=True))
        np.testing.assert_allclose(st.holm(list(p)), [expected[i] for i in range(6)])
