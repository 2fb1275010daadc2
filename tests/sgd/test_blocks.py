"""The blocks that steps are made of, each number of rows against NumPy."""

from itertools import product

import numpy as np
import pytest
from numba import njit

from firth import reference
from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.sgd import _blocks as blocks


def whole_table():
    """The table of all blocks, for all numbers of rows."""
    table, some = np.zeros(blocks.PLACES, np.int64), ((0,), (0,) * blocks.MAX_OUTPUTS)
    blocks.fill_pairs(table.ctypes.data, ((0,) * blocks.MAX_INPUTS, *some))
    for fill in (blocks.fill_rank, blocks.fill_rank_apart, blocks.fill_alike, blocks.fill_weighted):
        fill(table.ctypes.data, some)
    return table


_TABLE = whole_table()
TABLE = _TABLE.ctypes.data


def test_the_table_is_filled_for_the_numbers_asked_for_and_no_others():
    table = np.zeros(blocks.PLACES, np.int64)
    blocks.fill_pairs(table.ctypes.data, ((0,) * 2, (0,) * 5, (0,) * 6))
    blocks.fill_rank(table.ctypes.data, ((0,) * 6, (0,) * 6))
    pairs = [blocks.PAIRS + inputs * blocks.SIZES + outputs for inputs in (1, 2) for outputs in (5, 6)]
    assert np.flatnonzero(table).tolist() == [*pairs, blocks.RANK + 6]
    whole = np.flatnonzero(_TABLE)
    tiles = sum(blocks.tile_inputs(outputs) for outputs in range(1, blocks.MAX_OUTPUTS + 1))
    assert len(whole) == len(set(_TABLE[whole].tolist())) == tiles + 6 * blocks.MAX_OUTPUTS


@njit
def pair_coefficients(table, inputs, outputs, x_rows, u_rows, row_bytes, yes, coefficients, sums, lr):
    blocks.pair_coefficients(table, inputs, outputs, x_rows, u_rows, row_bytes, yes, coefficients, sums, np.float32(lr))


@njit
def rank_update(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count):
    blocks.rank_update(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count)


@njit
def rank_update_apart(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_to, u_to):
    blocks.rank_update_apart(
        table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_to, u_to
    )


@njit
def sum_rows(table, alike, count, rows, weights, row_bytes, start, target):
    if alike:
        blocks.sum_rows_alike(table, count, rows, weights, row_bytes, start, target)
    else:
        blocks.sum_rows(table, count, rows, weights, row_bytes, start, target)


@njit
def move_rows(table, alike, count, rows, weights, row_bytes, by, ahead, ahead_count):
    if alike:
        blocks.move_rows_alike(table, count, rows, weights, row_bytes, by, ahead, ahead_count)
    else:
        blocks.move_rows(table, count, rows, weights, row_bytes, by, ahead, ahead_count)


@njit
def path_rows(path, base, row_bytes, rows):
    return blocks.path_rows(path, base, row_bytes, rows)


@njit
def copy_ints(source, count, target):
    simd.copy_ints(source, count, target)


def row_addresses(matrix, order):
    return np.array([matrix.ctypes.data + matrix.strides[0] * row for row in order], np.int64)


def random_rows(rng, count, dim, scale=1.0):
    matrix = aligned_rows(count, dim)
    matrix[:] = rng.normal(scale=scale, size=matrix.shape)
    return matrix


def check_coefficients(x, u, answers, coefficients, sums, before):
    """Steps of inputs x (n, d) with outputs u (m, d), and of `sums` how they grew; bit j of `answers` is yes."""
    sign = np.where(answers >> np.arange(len(u)) & 1, -1, 1)
    z = sign * (x.astype(np.float64) @ u.T.astype(np.float64))
    np.testing.assert_allclose(
        coefficients[: z.size].reshape(z.shape), -0.25 * sign * reference.sigmoid(z), rtol=2e-5, atol=1e-7
    )
    assert (coefficients[z.size + 15 :] == 99).all()
    assert sums[0].sum() == pytest.approx(before[0].sum() + np.maximum(z, 0).sum(), rel=1e-5)
    logarithms = [np.log(part[1].astype(np.float64)).sum() for part in (before, sums)]
    assert logarithms[1] == pytest.approx(logarithms[0] + np.log1p(np.exp(-abs(z))).sum(), rel=1e-5)


@pytest.mark.parametrize("pattern", [0, 1, 0b0110010111010110])
def test_the_coefficients_of_every_tile(pattern):
    for outputs in range(1, blocks.MAX_OUTPUTS + 1):
        for inputs, dim in product(range(1, blocks.tile_inputs(outputs) + 1), (16, 112)):
            rng = np.random.default_rng(outputs)
            x, u = random_rows(rng, 5, dim), random_rows(rng, 17, dim, scale=4 / dim**0.5)
            x_order, u_order = rng.permutation(5)[:inputs], rng.integers(17, size=outputs)
            x_rows, u_rows = row_addresses(x, x_order), row_addresses(u, u_order)
            answers = pattern % 2**outputs
            coefficients = np.full(inputs * outputs + 15 + 8, 99, np.float32)
            before = np.stack([np.full(16, 3, np.float32), np.full(16, 2, np.float32)])
            sums = before.copy()
            places = [array.ctypes.data for array in (x_rows, u_rows, coefficients, sums)]
            pair_coefficients(TABLE, inputs, outputs, *places[:2], 4 * dim, answers, *places[2:], 0.25)
            check_coefficients(x[x_order], u[u_order], answers, coefficients, sums, before)


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
        move_rows(TABLE, *args, by, rows_.ctypes.data, count)
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
    even = path_rows(path.ctypes.data, 2**45, 448, found.ctypes.data)
    assert found[:16].tolist() == [2**45 + 448 * int(node) for node in nodes]
    assert found[16] == -1
    assert [even >> i & 1 for i in range(16)] == (1 - bits).tolist()
    assert even >> 16 == 0


@pytest.mark.parametrize("count", [0, 1, 10, 16, 17, 40])
def test_copies_of_whole_numbers(count):
    source, target = np.arange(100) * 2**40, np.full(100, -1)
    copy_ints(source.ctypes.data, count, target.ctypes.data)
    assert (target[:count] == source[:count]).all()
    assert (target[max(count + 15, 16) :] == -1).all()


@pytest.mark.parametrize("apart", [False, True])
def test_the_update_of_every_number_of_rows(apart):
    for outputs, inputs, dim in product(range(1, blocks.MAX_OUTPUTS + 1), (1, 2, 3, 4, 5, 10), (16, 48)):
        rng = np.random.default_rng(inputs)
        x, u = random_rows(rng, 12, dim), random_rows(rng, 12, dim)
        x_order, u_order = rng.permutation(12)[:inputs], rng.integers(12, size=outputs)
        x_rows, u_rows = row_addresses(x, x_order), row_addresses(u, u_order)
        coefficients = rng.normal(size=(inputs, outputs)).astype(np.float32)
        expected_x, expected_u = x.astype(np.float64), u.astype(np.float64)
        change_x, change_u = coefficients @ expected_u[u_order], coefficients.T @ expected_x[x_order]
        args = [inputs, outputs, x_rows.ctypes.data, u_rows.ctypes.data, 4 * dim, coefficients.ctypes.data]
        args += [u_rows.ctypes.data, outputs]
        found_x, found_u = x, u
        if apart:
            found_x, found_u = random_rows(rng, 12, dim), random_rows(rng, 12, dim)
            before = x.tobytes(), u.tobytes()
            expected_x, expected_u = found_x.astype(np.float64), found_u.astype(np.float64)
            targets = row_addresses(found_x, x_order), row_addresses(found_u, u_order)
            rank_update_apart(TABLE, *args, *(rows_.ctypes.data for rows_ in targets))
            assert before == (x.tobytes(), u.tobytes())
        else:
            rank_update(TABLE, *args)
        np.add.at(expected_x, x_order, change_x)
        np.add.at(expected_u, u_order, change_u)
        np.testing.assert_allclose(found_x, expected_x, rtol=0, atol=2e-5)
        np.testing.assert_allclose(found_u, expected_u, rtol=0, atol=2e-5)


def test_a_repeated_input_row_is_moved_twice_in_turn():
    x, u = aligned_rows(1, 16), aligned_rows(1, 16)
    x[:], u[:] = 1, 8
    x_rows, u_rows, coefficients = row_addresses(x, [0, 0]), row_addresses(u, [0]), np.array([0.5, 0.25], np.float32)
    rank_update(TABLE, 2, 1, x_rows.ctypes.data, u_rows.ctypes.data, 64, coefficients.ctypes.data, 0, 0)
    assert (x == 1 + 0.5 * 8 + 0.25 * 8).all()
    assert (u == 8 + 0.5 * 1 + 0.25 * (1 + 0.5 * 8)).all()
