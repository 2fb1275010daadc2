"""Random draws against published numbers, tables against the distributions they are made from."""

import math

import numpy as np
import pytest
from numba import njit

from firth.check import exercise as check_exercise
from firth.corpus.subsampling import keep_thresholds
from firth.native import rng
from firth.settings import TrainConfig
from firth.sgd.tables import noise_probabilities

PUBLISHED = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
"""The first outputs of splitmix64 from state 0."""

DRAWS = 2**32


@njit
def draws(key, first, count):
    bits = np.empty(count, np.uint64)
    for i in range(count):
        bits[i] = rng.draw(key, first + i)
    return bits


@njit
def picks(table, words, bits):
    found = np.empty(len(bits), np.int64)
    for i in range(len(bits)):
        found[i] = rng.pick(table, words, bits[i])
    return found


def uniforms(key, count):
    return draws(key, 0, count).astype(np.float64) / 2.0**64


# Draws.


def test_draws_are_the_published_generator():
    """Position 1 is its first output: its state is advanced before it is mixed."""
    assert draws(0, 1, 3).tolist() == PUBLISHED
    assert [check_exercise.draw(0, position) for position in (1, 2, 3)] == PUBLISHED


@pytest.mark.parametrize("key", [0, 1, -1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("position", [0, 1, 2**31, 2**40])
def test_every_key_and_position_draws_what_plain_python_draws(key, position):
    assert draws(key, position, 2).tolist() == [
        check_exercise.draw(key, position),
        check_exercise.draw(key, position + 1),
    ]


def test_draws_do_not_repeat_and_are_uniform():
    bits = draws(5, 0, 100_000)
    assert len(np.unique(bits)) == len(bits)
    for part in (bits >> np.uint64(32), bits & np.uint64(DRAWS - 1)):
        counts = np.bincount((part >> np.uint64(28)).astype(np.int64), minlength=16)
        assert abs(counts - 6250).max() < 5 * math.sqrt(6250)


def test_the_streams_of_different_keys_are_independent():
    keys = [rng.stream_key(*args) for args in ((1, 0, 0), (1, 0, 1), (1, 1, 0), (2, 0, 0), (1, 1, 1), (1, 1, 2))]
    streams = np.array([uniforms(key, 20_000) for key in keys])
    correlations = np.corrcoef(streams) - np.eye(len(keys))
    assert abs(correlations).max() < 5 / math.sqrt(20_000)
    shifted = np.corrcoef(streams[:, 1:], streams[:, :-1])[: len(keys), len(keys) :]
    assert abs(shifted).max() < 5 / math.sqrt(20_000)


def test_stream_keys_differ_in_seed_epoch_and_purpose():
    every = {(seed, epoch, purpose) for seed in range(20) for epoch in range(20) for purpose in range(3)}
    assert len({rng.stream_key(*key) for key in every}) == len(every)


def test_a_stream_key_is_the_chain_of_its_parts():
    for seed, epoch, purpose in ((1, 0, 0), (7, 3, 2), (2**63 - 1, 5, 1)):
        bits = check_exercise.draw(check_exercise.draw(check_exercise.draw(seed, 0), epoch), purpose)
        assert rng.stream_key(seed, epoch, purpose) % 2**64 == bits


# Draws from a distribution.


def chances(table):
    """The exact probability of each word, read from an alias table with columns of equal chance."""
    found = np.zeros(len(table))
    for column, entry in enumerate(map(int, table)):
        stay = ((entry >> 32) + 1) / DRAWS
        found[column] += stay / len(table)
        found[entry % DRAWS] += (1 - stay) / len(table)
    return found


@pytest.mark.parametrize("n", range(1, 51))
def test_an_alias_table_holds_its_distribution(n):
    weights = np.random.default_rng(n).gamma(0.3, size=n) + 1e-9
    probabilities = weights / weights.sum()
    np.testing.assert_allclose(chances(rng.alias_table(probabilities)), probabilities, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "probabilities",
    [
        [1.0],
        [0.5, 0.5],
        [1.0, 0.0],
        [0.0, 1.0],
        [0.0, 0.0, 0.25, 0.75, 0.0],
        [1 - 1e-12, 1e-12],
        [0.999, *[1e-3 / 999] * 999],
        [*[1e-3 / 999] * 999, 0.999],
        [1 / 3, 1 / 3, 1 / 3],
        [0.1] * 10,
    ],
)
def test_an_alias_table_holds_an_odd_distribution(probabilities):
    probabilities = np.array(probabilities)
    before = probabilities.copy()
    found = chances(rng.alias_table(probabilities))
    np.testing.assert_allclose(found, before, rtol=0, atol=1e-8)
    assert (probabilities == before).all()


def test_an_alias_table_holds_the_noise_of_a_large_vocabulary():
    counts = 10**7 // np.arange(1, 100_001)
    probabilities = noise_probabilities(counts, TrainConfig().ns_exponent)
    found = chances(rng.alias_table(probabilities))
    np.testing.assert_allclose(found, probabilities, rtol=1e-4, atol=1e-14)


def test_picks_follow_the_table_and_no_word_of_probability_zero_comes_up():
    probabilities = np.array([0.0, 0.6, 0.25, 0.0, 0.15])
    table = rng.alias_table(probabilities)
    found = np.bincount(picks(table.ctypes.data, 5, draws(3, 0, 200_000)), minlength=5) / 200_000
    assert abs(found - probabilities).max() < 5 * math.sqrt(0.25 / 200_000)
    assert found[0] == found[3] == 0


def test_the_last_bits_stay_inside_the_table():
    table = rng.alias_table(np.full(7, 1 / 7))
    bits = np.array([0, 2**64 - 1, DRAWS - 1, (DRAWS - 1) << 32], np.uint64)
    assert picks(table.ctypes.data, 7, bits).tolist() == [0, 6, 0, 6]


# The tables of an objective.


def test_thresholds_keep_every_token_without_subsampling():
    counts = np.array([1000, 3, 1])
    thresholds = keep_thresholds(counts, 0)
    assert thresholds.dtype == np.int64
    assert thresholds.tolist() == [DRAWS - 1] * 3


@pytest.mark.parametrize("subsample", [1e-5, 1e-3, 0.1, 1.0])
def test_thresholds_are_the_chances_to_keep(subsample):
    counts = np.array([900_000, 90_000, 9_000, 900, 90, 10])
    share = counts / counts.sum()
    expected = np.minimum(1, np.sqrt(subsample / share) + subsample / share)
    thresholds = keep_thresholds(counts, subsample)
    np.testing.assert_allclose((thresholds + 1) / DRAWS, expected, rtol=0, atol=2.0**-32)
    assert (np.diff(thresholds) >= 0).all()
    assert (thresholds[expected == 1] == DRAWS - 1).all()


def test_a_threshold_is_never_below_the_smallest_chance():
    thresholds = keep_thresholds(np.array([2**62, 1]), 1e-12)
    assert (thresholds >= 0).all()


def test_words_that_never_occur_do_not_change_the_thresholds_of_others():
    counts = np.array([900, 0, 90, 9, 0])
    thresholds = keep_thresholds(counts, 0.01)
    alone = keep_thresholds(counts[counts > 0], 0.01)
    assert thresholds[counts > 0].tolist() == alone.tolist()
    assert (thresholds >= 0).all()
    assert (thresholds < DRAWS).all()


@pytest.mark.parametrize("exponent", [0.75, 1.0, 0.0, -0.5, 16.0, -16.0])
def test_words_that_never_occur_are_never_noise(exponent):
    counts = np.array([0, 5000, 0, 40, 1])
    found = noise_probabilities(counts, exponent)
    weights = [float(count) ** exponent if count else 0.0 for count in counts]
    np.testing.assert_allclose(found, np.array(weights) / sum(weights), rtol=1e-12)
    assert found[0] == found[2] == 0
    table = rng.alias_table(found)
    drawn = picks(table.ctypes.data, 5, draws(3, 0, 100_000))
    assert set(np.unique(drawn)) <= {1, 3, 4}


@pytest.mark.parametrize("exponent", [0.75, 1.0, 0.0, -0.5, 16.0, -16.0])
def test_noise_is_the_power_of_the_counts(exponent):
    counts = np.array([10**6, 5000, 40, 40, 1])
    found = noise_probabilities(counts, exponent)
    weights = [float(count) ** exponent for count in counts]
    np.testing.assert_allclose(found, np.array(weights) / sum(weights), rtol=1e-12)


# Initial vectors.


@pytest.mark.parametrize("dim", [1, 3, 100])
def test_initial_vectors_are_uniform_in_their_range(dim):
    rows = 60_000 // dim
    matrix = np.full((rows, dim + 2), 9, np.float32)
    rng.fill_uniform(matrix, dim, 77)
    assert (matrix[:, dim:] == 9).all()
    scaled = matrix[:, :dim].astype(np.float64).ravel() * dim + 0.5
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    counts, _ = np.histogram(scaled, bins=20, range=(0, 1))
    assert abs(counts - scaled.size / 20).max() < 5 * math.sqrt(scaled.size / 20)
    expected = [(check_exercise.draw(77, i) >> 40) / 2**24 for i in range(scaled.size)]
    np.testing.assert_allclose(scaled, expected, rtol=0, atol=1e-7)
