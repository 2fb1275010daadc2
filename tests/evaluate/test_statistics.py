"""Correlations, ranks and intervals against values by hand, and how often an interval covers the truth."""

import math

import numpy as np
import pytest

from firth.evaluate.statistics import ranks, spearman, spearman_interval, wilson_interval


def test_equal_values_share_the_mean_of_their_ranks():
    assert ranks([3, -1, 7, 3, 3]).tolist() == [3, 1, 5, 3, 3]
    assert ranks([0.5, 0.5]).tolist() == [1.5, 1.5]
    assert ranks([]).tolist() == []


def test_spearman_by_hand():
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8207826816681233, abs=1e-15)
    assert spearman([3, 1, 2], [30, 10, 20]) == 1
    assert spearman([3, 1, 2], [-30, -10, -20]) == -1
    # ranks 1.5, 1.5, 3 and 1, 2.5, 2.5: covariance 0.75, variances 1.5
    assert spearman([0, 0, 1], [4, 7, 7]) == pytest.approx(0.5, abs=1e-15)


def test_spearman_without_a_value_is_none():
    assert spearman([], []) is None
    assert spearman([1], [2]) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None


def test_spearman_interval_by_hand():
    # ρ = 0.5, n = 103: standard error √(1.125 / 100), atanh 0.5 = ln 3 / 2
    reach = 1.959963984540054 * math.sqrt(0.01125)
    low, high = spearman_interval(0.5, 103)
    assert low == pytest.approx((3 * math.exp(-2 * reach) - 1) / (3 * math.exp(-2 * reach) + 1))
    assert high == pytest.approx((3 * math.exp(2 * reach) - 1) / (3 * math.exp(2 * reach) + 1))
    assert spearman_interval(1.0, 50) == (1, 1)
    assert spearman_interval(0.5, 3) == (None, None)


def test_the_spearman_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(11)
    covers = 0
    truth = 6 / math.pi * math.asin(0.6 / 2)  # of two normal variables with correlation 0.6
    for _ in range(400):
        x, noise = rng.normal(size=(2, 60))
        low, high = spearman_interval(spearman(x, 0.6 * x + 0.8 * noise), 60)
        covers += low <= truth <= high
    assert 0.92 <= covers / 400 <= 0.98


def test_wilson_interval_by_hand():
    # 50 of 100: the middle is 1/2, the reach z √(1/400 + z²/40000) / (1 + z²/100)
    z = 1.959963984540054
    reach = z * math.sqrt(1 / 400 + z * z / 40000) / (1 + z * z / 100)
    assert wilson_interval(50, 100) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-15)
    assert wilson_interval(0, 10) == pytest.approx((0, z * z / (10 + z * z)), abs=1e-15)
    low, high = wilson_interval(10, 10)
    assert (low, high) == (pytest.approx(10 / (10 + z * z)), 1)
    assert wilson_interval(0, 7)[0] == 0
