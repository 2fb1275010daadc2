"""The blocks that steps are made of, each number of rows against NumPy."""

from itertools import product

import numpy as np
import pytest
from numba import njit

from firth import reference
from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.sgd import _blocks as blocks
from firth.sgd import _hidden, _paths, _scores, _sums, _updates

HALVES = pytest.mark.parametrize(("dim", "half"), [(16, 0), (112, 0), (32, 1), (112, 1)])
"""Dimensions of rows; with `half` the last 8 numbers of each are zeros."""


def whole_table(half):
    """The table of all blocks, for all numbers of rows."""
    table, some = np.zeros(blocks.PLACES, np.int64), ((0,), (0,) * blocks.MAX_OUTPUTS)
    _scores.fill_scores(table.ctypes.data, ((0,) * blocks.MAX_INPUTS, *some, (0,) * half))
    for fill in (_updates.fill_updates, _updates.fill_updates_apart):
        fill(table.ctypes.data, (*some, (0,) * half))
    for fill in (_hidden.fill_windows, _hidden.fill_windows_repeated, _sums.fill_alike, _sums.fill_weighted):
        fill(table.ctypes.data, some)
    return table


_TABLES = [whole_table(half) for half in (0, 1)]
TABLES = [table.ctypes.data for table in _TABLES]
TABLE = TABLES[0]


def test_the_table_is_filled_for_the_numbers_asked_for_and_no_others():
    table = np.zeros(blocks.PLACES, np.int64)
    _scores.fill_scores(table.ctypes.data, ((0,) * 2, (0,) * 5, (0,) * 6, ()))
    _updates.fill_updates(table.ctypes.data, ((0,) * 6, (0,) * 6, ()))
    pairs = [blocks.SCORES + inputs * blocks.SIZES + outputs for inputs in (1, 2) for outputs in (5, 6)]
    assert np.flatnonzero(table).tolist() == [*pairs, blocks.UPDATE + 6]
    tiles = sum(_scores.tile_inputs(outputs) for outputs in range(1, blocks.MAX_OUTPUTS + 1))
    for whole in _TABLES:
        places = np.flatnonzero(whole)
        assert len(places) == len(set(whole[places].tolist())) == tiles + 9 * blocks.MAX_OUTPUTS


def test_tiles_are_as_large_as_registers_allow():
    for outputs in range(1, blocks.MAX_OUTPUTS + 1):
        assert _scores.tile_inputs(outputs) == min(blocks.MAX_INPUTS, _scores.MAX_PAIRS // outputs)


@njit
def pair_scores(table, inputs, outputs, x_rows, u_rows, row_bytes, scores):
    _scores.pair_scores(table, inputs, outputs, x_rows, u_rows, row_bytes, scores)


@njit
def pair_coefficients(pairs, scores, signs, sums, lr, coefficients):
    _scores.pair_coefficients(pairs, scores, signs, sums, np.float32(lr), coefficients)


@njit
def window_scores(table, inputs, outputs, x_rows, u_rows, row_bytes, weight, hidden, scores):
    weight = np.float32(weight)
    _hidden.window_scores(table, inputs, outputs, x_rows, u_rows, row_bytes, weight, hidden, scores)


@njit
def window_update(
    table, repeated, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, count
):
    gain = np.float32(gain)
    if repeated:
        _hidden.window_update_repeated(
            table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, count
        )
    else:
        _hidden.window_update(
            table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, count
        )


@njit
def rank_update(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count):
    _updates.rank_update(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count)


@njit
def rank_update_apart(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_to, u_to):
    _updates.rank_update_apart(
        table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_to, u_to
    )


@njit
def sum_rows(table, alike, count, rows, weights, row_bytes, start, target):
    if alike:
        _sums.sum_rows_alike(table, count, rows, weights, row_bytes, start, target)
    else:
        _sums.sum_rows(table, count, rows, weights, row_bytes, start, target)


@njit
def move_rows(table, alike, count, rows, weights, row_bytes, by):
    if alike:
        _sums.move_rows_alike(table, count, rows, weights, row_bytes, by)
    else:
        _sums.move_rows(table, count, rows, weights, row_bytes, by)


@njit
def store_addresses(numbers, shift, base, row_bytes, addresses):
    simd.store_addresses(numbers, shift, base, row_bytes, addresses)


@njit
def even_bits(path):
    return _paths._even_bits(path)


@njit
def copy_ints(source, count, target):
    simd.copy_ints(source, count, target)


def row_addresses(matrix, order):
    return np.array([matrix.ctypes.data + matrix.strides[0] * row for row in order], np.int64)


def random_rows(rng, count, dim, scale=1.0, half=0):
    matrix = aligned_rows(count, dim)
    matrix[:] = rng.normal(scale=scale, size=matrix.shape)
    matrix[:, dim - 8 * half :] = 0
    return matrix


@HALVES
def test_the_scores_of_every_tile(dim, half):
    for outputs in range(1, blocks.MAX_OUTPUTS + 1):
        for inputs in range(1, _scores.tile_inputs(outputs) + 1):
            rng = np.random.default_rng(outputs)
            x, u = random_rows(rng, 5, dim, half=half), random_rows(rng, 17, dim, half=half)
            x_order, u_order = rng.permutation(5)[:inputs], rng.integers(17, size=outputs)
            x_rows, u_rows = row_addresses(x, x_order), row_addresses(u, u_order)
            scores = np.full(_scores.TILE + 8, 99, np.float32)
            places = [array.ctypes.data for array in (x_rows, u_rows)]
            pair_scores(TABLES[half], inputs, outputs, *places, 4 * dim, scores.ctypes.data)
            found = scores[: inputs * outputs].reshape(inputs, outputs)
            expected = x[x_order].astype(np.float64) @ u[u_order].T.astype(np.float64)
            np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * dim**0.5)
            assert (scores[_scores.TILE :] == 99).all()


@pytest.mark.parametrize("pairs", [1, 6, 15, 16, 17, 24, 28])
@pytest.mark.parametrize("scale", [0.1, 3, 40, 1000])
def test_the_coefficients_and_the_loss_of_scores(pairs, scale):
    rng = np.random.default_rng(pairs)
    scores, yes = np.full(48, np.nan, np.float32), rng.integers(2, size=48)
    scores[:pairs] = rng.normal(scale=scale, size=pairs)
    signs = np.where(yes, -(2**31), 0).astype(np.int32)
    coefficients = np.full(48, 99, np.float32)
    before = np.stack([np.full(16, 3, np.float32), np.full(16, 2, np.float32)])
    sums = before.copy()
    places = [array.ctypes.data for array in (scores, signs, sums)]
    pair_coefficients(pairs, *places, 0.25, coefficients.ctypes.data)
    sign = np.where(yes, -1, 1)[:pairs]
    z = sign * scores[:pairs].astype(np.float64)
    expected = -0.25 * sign * np.maximum(reference.sigmoid(z), 2.0**-64)
    np.testing.assert_allclose(coefficients[:pairs], expected, rtol=1e-6 * max(1, min(scale, 45)))
    assert (coefficients[-(-pairs // 16) * 16 :] == 99).all()
    assert sums[0].sum() == pytest.approx(before[0].sum() + np.maximum(z, 0).sum(), rel=1e-5)
    logarithms = [np.log(part[1].astype(np.float64)).sum() for part in (before, sums)]
    assert logarithms[1] == pytest.approx(logarithms[0] + np.log1p(np.exp(-abs(z))).sum(), rel=1e-5)


@pytest.mark.parametrize("repeated", [False, True])
def test_the_step_of_a_hidden_vector_for_every_number_of_rows(repeated):
    for outputs, inputs, dim in product(range(1, blocks.MAX_OUTPUTS + 1), (1, 2, 5, 30), (16, 48)):
        rng = np.random.default_rng(inputs)
        x, u = random_rows(rng, 12, dim), random_rows(rng, 17, dim)
        x_order = rng.integers(12, size=inputs)
        u_order = rng.integers(17, size=outputs) if repeated else rng.permutation(17)[:outputs]
        x_rows, u_rows, hidden = row_addresses(x, x_order), row_addresses(u, u_order), aligned_rows(1, dim)
        expected_x, expected_u = x.astype(np.float64), u.astype(np.float64)
        h, scores = 0.5 * expected_x[x_order].sum(0), np.empty(16, np.float32)
        coefficients = rng.normal(size=outputs).astype(np.float32)
        rows_ = x_rows.ctypes.data, u_rows.ctypes.data
        place = hidden.ctypes.data
        window_scores(TABLE, inputs, outputs, *rows_, 4 * dim, 0.5, place, scores.ctypes.data)
        np.testing.assert_allclose(hidden[0], h, rtol=0, atol=1e-5)
        np.testing.assert_allclose(scores[:outputs], expected_u[u_order] @ h, rtol=0, atol=2e-4)
        move = 0.25 * coefficients @ expected_u[u_order]
        np.add.at(expected_x, x_order, move)
        np.add.at(expected_u, u_order, np.outer(coefficients, h))
        args = [*rows_, 4 * dim, coefficients.ctypes.data, 0.25, place, rows_[1], outputs]
        window_update(TABLE, repeated, inputs, outputs, *args)
        np.testing.assert_allclose(x, expected_x, rtol=0, atol=1e-4)
        np.testing.assert_allclose(u, expected_u, rtol=0, atol=1e-4)


@pytest.mark.parametrize("alike", [False, True])
def test_sums_and_moves_of_every_number_of_rows(alike):
    for count, dim in product(range(1, blocks.MAX_OUTPUTS + 1), (16, 112)):
        rng = np.random.default_rng(count)
        matrix, others = random_rows(rng, 9, dim), random_rows(rng, 3, dim)
        order = rng.integers(9, size=count)
        weights = rng.normal(size=1 if alike else count).astype(np.float32)
        expected, target = matrix.astype(np.float64), others.astype(np.float64)
        factors = np.broadcast_to(weights.astype(np.float64), count)
        target[1] = target[0] + factors @ expected[order]
        np.add.at(expected, order, np.outer(factors, target[2]))
        rows_ = row_addresses(matrix, order)
        start, end, by = row_addresses(others, range(3))
        args = [alike, count, rows_.ctypes.data, weights.ctypes.data, 4 * dim]
        sum_rows(TABLE, *args, start, end)
        move_rows(TABLE, *args, by)
        np.testing.assert_allclose(others, target, rtol=0, atol=2e-5)
        np.testing.assert_allclose(matrix, expected, rtol=0, atol=2e-5)


def test_a_sum_can_go_on_where_it_is():
    matrix, total = random_rows(np.random.default_rng(1), 2, 32), aligned_rows(1, 32)
    rows_, weights, place = row_addresses(matrix, [0, 1]), np.array([0.5, 2], np.float32), total.ctypes.data
    for _ in range(2):
        sum_rows(TABLE, False, 2, rows_.ctypes.data, weights.ctypes.data, 128, place, place)
    np.testing.assert_allclose(total[0], matrix[0] + 4 * matrix[1], rtol=0, atol=1e-5)


def test_the_rows_and_answers_of_a_path():
    nodes = np.array([0, 1, 2, 5, 76_000, 2**30 - 1, *range(7, 17)])
    bits = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1])
    path, found = (2 * nodes + bits).astype(np.int32), np.full(17, -1)
    store_addresses(path.ctypes.data, 1, 2**45, 448, found.ctypes.data)
    even = even_bits(path.ctypes.data)
    assert found[:16].tolist() == [2**45 + 448 * int(node) for node in nodes]
    assert found[16] == -1
    assert [even >> i & 1 for i in range(16)] == (1 - bits).tolist()
    assert even >> 16 == 0


@pytest.mark.parametrize("count", [0, 1, 10, 16, 17, 40])
def test_copies_of_whole_numbers(count):
    source, target = np.arange(100) * 2**40, np.full(100, -1)
    copy_ints(source.ctypes.data, count, target.ctypes.data)
    assert (target[:count] == source[:count]).all()
    assert (target[max(count + 7, 8) :] == -1).all()


@pytest.mark.parametrize("way", ["in place", "apart", "repeated"])
@HALVES
def test_the_update_of_every_number_of_rows(way, dim, half):
    for outputs, inputs in product(range(1, blocks.MAX_OUTPUTS + 1), (1, 2, 3, 4, 5, 10)):
        rng = np.random.default_rng(inputs)
        x, u = random_rows(rng, 12, dim, half=half), random_rows(rng, 17, dim, half=half)
        x_order = rng.permutation(12)[:inputs]
        u_order = rng.permutation(17)[:outputs] if way == "in place" else rng.integers(17, size=outputs)
        x_rows, u_rows = row_addresses(x, x_order), row_addresses(u, u_order)
        coefficients = rng.normal(size=(inputs, outputs)).astype(np.float32)
        expected_x, expected_u = x.astype(np.float64), u.astype(np.float64)
        change_x, change_u = coefficients @ expected_u[u_order], coefficients.T @ expected_x[x_order]
        args = [inputs, outputs, x_rows.ctypes.data, u_rows.ctypes.data, 4 * dim, coefficients.ctypes.data]
        args += [u_rows.ctypes.data, outputs]
        found_x, found_u = x, u
        if way == "in place":
            rank_update(TABLES[half], *args)
        elif way == "repeated":
            rank_update_apart(TABLES[half], *args, *args[2:4])
        else:
            found_x, found_u = random_rows(rng, 12, dim, half=half), random_rows(rng, 17, dim, half=half)
            before = x.tobytes(), u.tobytes()
            expected_x, expected_u = found_x.astype(np.float64), found_u.astype(np.float64)
            targets = row_addresses(found_x, x_order), row_addresses(found_u, u_order)
            rank_update_apart(TABLES[half], *args, *(rows_.ctypes.data for rows_ in targets))
            assert before == (x.tobytes(), u.tobytes())
        np.add.at(expected_x, x_order, change_x)
        np.add.at(expected_u, u_order, change_u)
        np.testing.assert_allclose(found_x, expected_x, rtol=0, atol=3e-5)
        np.testing.assert_allclose(found_u, expected_u, rtol=0, atol=3e-5)


def test_only_the_update_that_believes_outputs_distinct_loses_one_of_two_sums():
    found = []
    for apart in (False, True):
        x, u = aligned_rows(1, 16), aligned_rows(1, 16)
        x[:], u[:] = 1, 8
        x_rows, u_rows, coefficients = (
            row_addresses(x, [0]),
            row_addresses(u, [0, 0]),
            np.array([0.5, 0.25], np.float32),
        )
        rows_ = x_rows.ctypes.data, u_rows.ctypes.data
        args = [TABLE, 1, 2, *rows_, 64, coefficients.ctypes.data, 0, 0]
        if apart:
            rank_update_apart(*args, *rows_)
        else:
            rank_update(*args)
        found.append(u[0, 0])
    assert found == [8 + 0.25, 8 + 0.5 + 0.25]


def test_a_repeated_input_row_is_moved_twice_in_turn():
    x, u = aligned_rows(1, 16), aligned_rows(1, 16)
    x[:], u[:] = 1, 8
    x_rows, u_rows, coefficients = row_addresses(x, [0, 0]), row_addresses(u, [0]), np.array([0.5, 0.25], np.float32)
    rank_update(TABLE, 2, 1, x_rows.ctypes.data, u_rows.ctypes.data, 64, coefficients.ctypes.data, 0, 0)
    assert (x == 1 + 0.5 * 8 + 0.25 * 8).all()
    assert (u == 8 + 0.5 * 1 + 0.25 * (1 + 0.5 * 8)).all()
