"""One gradient step of input rows, or of one hidden vector made of them, against shared output rows.

For inputs x_1..x_n and outputs u_1..u_m, of which some are to be answered with yes (the word to predict, the nodes
where its path takes bit 0) and the others with no (negatives, the nodes where it takes bit 1), the loss is

    Σ_i [ -Σ_yes log σ(u_j·x_i) - Σ_no log σ(-u_j·x_i) ]

and every row moves by -lr times its gradient, all gradients taken at the old values. With z = -u_j·x_i for a yes and
z = u_j·x_i for a no, a term is log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) and its derivative σ(z): exact for any score.
So a row moves by the sum of the rows it meets, each times a coefficient, ∓lr σ(z). Sets of more than MAX_OUTPUTS
outputs are worked on in groups of that many at most.
"""

import math

import numpy as np

from firth.native import simd
from firth.native.arrays import LANES
from firth.native.jit import chosen_by_type, compiled, inlined
from firth.sgd._blocks import MAX_OUTPUTS
from firth.sgd._hidden import window_scores, window_update, window_update_repeated
from firth.sgd._output_sets import groups_of
from firth.sgd._scores import TILE, pair_coefficients, pair_scores, tile_inputs
from firth.sgd._scratch import GroupScratch
from firth.sgd._sums import move_rows, move_rows_alike, sum_rows, sum_rows_alike
from firth.sgd._updates import rank_update, rank_update_apart

FOLD_AFTER = 96
"""Factors 1 + e^-|z| <= 2 that are multiplied before a logarithm is taken; 2^127 is the limit of float32."""


@compiled
def fold(scratch):
    """Move the running sums into the loss; eight lanes' factors multiplied in float64 stay below 2^(8 · FOLD_AFTER)."""
    loss = simd.load_double(scratch.loss, 0)
    for first in range(0, LANES, 8):
        product = 1.0
        for lane in range(first, first + 8):
            loss += np.float64(simd.load_float(scratch.sums, lane))
            product *= np.float64(simd.load_float(scratch.sums, LANES + lane))
            simd.store_float(scratch.sums, lane, np.float32(0.0))
            simd.store_float(scratch.sums, LANES + lane, np.float32(1.0))
        loss += math.log(product)
    simd.store_double(scratch.loss, 0, loss)
    simd.store_int(scratch.factors, 0, 0)


@inlined
def _spread_signs(outputs, yes, scratch):
    """Write the signs of a tile's pairs: -1 for outputs that are to be answered with yes, whose bits are set in `yes`.

    They are there already where all tokens have the same.
    """
    if simd.load_int(scratch.spread, 0) != outputs or simd.load_int(scratch.spread, 1) != yes:
        of_outputs, signs = simd.select_bits(yes, np.float32(-0.0), np.float32(0.0)), scratch.signs
        for _ in range(tile_inputs(outputs)):
            simd.store(of_outputs, signs)
            signs += 4 * outputs
        simd.store_int(scratch.spread, 0, outputs)
        simd.store_int(scratch.spread, 1, yes)


@inlined
def _find_coefficients(table, inputs, outputs, x_rows, u_rows, row_bytes, yes, coefficients, lr, scratch):
    """Store the coefficients of all inputs and 1 to MAX_OUTPUTS outputs, and add their losses to the running sums."""
    _spread_signs(outputs, yes, scratch)
    width, scores, first = tile_inputs(outputs), scratch.scores, 0
    while first < inputs:
        size = min(inputs - first, width)
        pair_scores(table, size, outputs, x_rows + 8 * first, u_rows, row_bytes, scores)
        scores += 4 * TILE
        first += size
    scores, first = scratch.scores, 0
    while first < inputs:
        size = min(inputs - first, width)
        _count_factors(TILE // LANES, scratch)
        at = coefficients + 4 * first * outputs
        pair_coefficients(size * outputs, scores, scratch.signs, scratch.sums, np.float32(lr), at)
        scores += 4 * TILE
        first += size


@inlined
def _count_factors(factors, scratch):
    """Fold if some factors more could make the running product too large."""
    if simd.load_int(scratch.factors, 0) + factors > FOLD_AFTER:
        fold(scratch)
    simd.store_int(scratch.factors, 0, simd.load_int(scratch.factors, 0) + factors)


@inlined
def find_coefficients_in_groups(table, inputs, outputs, x_rows, u_rows, answers, row_bytes, lr, scratch):
    """Store the coefficients of all inputs and any number of outputs, those of one group of outputs after another."""
    groups, first = groups_of(outputs), 0
    for group in range(groups):
        size, yes = (outputs - first) // (groups - group), simd.load_int(answers, group)
        at = scratch.coefficients + 4 * first * inputs
        _find_coefficients(table, inputs, size, x_rows, u_rows + 8 * first, row_bytes, yes, at, lr, scratch)
        first += size


@chosen_by_type
def step(table, inputs, outputs, x_rows, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, ahead_count):
    """Move all rows by one step of size lr and add to the loss.

    `table`: of the blocks. `x_rows`, `u_rows`: addresses of arrays of row addresses; rows are whole numbers of 16
    floats. `answers`: address of an array that has for each group of outputs the bits of those that are to be answered
    with yes. `distinct`: 0 if an output may occur twice. `ahead`: address of the addresses of `ahead_count` rows that
    will be needed soon.
    """
    return _step_in_groups if scratch.instance_class is GroupScratch else _step


def _step(table, inputs, outputs, x_rows, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, ahead_count):
    coefficients, yes = scratch.coefficients, simd.load_int(answers, 0)
    _find_coefficients(table, inputs, outputs, x_rows, u_rows, row_bytes, yes, coefficients, lr, scratch)
    if distinct != 0:
        rank_update(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count)
    else:
        rank_update_apart(
            table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_rows, u_rows
        )


_step_of_one_group = inlined(_step)


def _step_in_groups(
    table, inputs, outputs, x_rows, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, ahead_count
):
    if outputs <= MAX_OUTPUTS:
        _step_of_one_group(
            table, inputs, outputs, x_rows, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, ahead_count
        )
    else:
        find_coefficients_in_groups(table, inputs, outputs, x_rows, u_rows, answers, row_bytes, lr, scratch)
        _update_in_groups(table, inputs, outputs, x_rows, u_rows, distinct, row_bytes, scratch, ahead, ahead_count)


@inlined
def _copy_rows(count, rows, row_bytes, copies, places):
    """Copy rows one after another to `copies` and write the addresses of the copies to `places`."""
    for i in range(count):
        row = simd.load_int(rows, i)
        simd.store_int(places, i, copies)
        for offset in range(0, row_bytes, 4 * LANES):
            simd.store(simd.load(row + offset), copies + offset)
        copies += row_bytes
    return copies


@compiled
def _update_in_groups(table, inputs, outputs, x_rows, u_rows, distinct, row_bytes, scratch, ahead, ahead_count):
    """`rank_update` for more than one group of outputs, so that no group sees another's step.

    It reads copies of the inputs, and of the outputs too where two groups may have the same.
    """
    x_copies, u_places = scratch.row_copies, scratch.row_copies + 8 * inputs
    end = _copy_rows(inputs, x_rows, row_bytes, u_places + 8 * outputs, x_copies)
    if distinct != 0:
        u_places = u_rows
    else:
        _copy_rows(outputs, u_rows, row_bytes, end, u_places)
    groups, first = groups_of(outputs), 0
    for group in range(groups):
        size = (outputs - first) // (groups - group)
        at = scratch.coefficients + 4 * first * inputs
        u_from, u_to = u_places + 8 * first, u_rows + 8 * first
        rank_update_apart(table, inputs, size, x_copies, u_from, row_bytes, at, ahead, ahead_count, x_rows, u_to)
        ahead_count = 0
        first += size


@chosen_by_type
def step_of_hidden(
    table, inputs, outputs, u_rows, answers, distinct, weight, gain, row_bytes, lr, scratch, ahead, ahead_count
):
    """`step` for the one hidden vector h = weight · Σ_i x_i of the rows whose addresses are at `scratch.inputs`.

    Each input moves by gain · the step of h, which is the gradient for gain = weight.
    """
    return _step_of_hidden_in_groups if scratch.instance_class is GroupScratch else _step_of_hidden


def _step_of_hidden(
    table, inputs, outputs, u_rows, answers, distinct, weight, gain, row_bytes, lr, scratch, ahead, ahead_count
):
    hidden, coefficients = simd.load_int(scratch.hidden, 0), scratch.coefficients
    weight, gain = np.float32(weight), np.float32(gain)
    window_scores(table, inputs, outputs, scratch.inputs, u_rows, row_bytes, weight, hidden, scratch.scores)
    _spread_signs(outputs, simd.load_int(answers, 0), scratch)
    _count_factors(1, scratch)
    pair_coefficients(outputs, scratch.scores, scratch.signs, scratch.sums, np.float32(lr), coefficients)
    x_rows = scratch.inputs
    if distinct != 0:
        window_update(table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, ahead_count)
    else:
        window_update_repeated(
            table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, ahead_count
        )


_step_of_few = inlined(_step_of_hidden)


def _step_of_hidden_in_groups(
    table, inputs, outputs, u_rows, answers, distinct, weight, gain, row_bytes, lr, scratch, ahead, ahead_count
):
    if outputs <= MAX_OUTPUTS:
        _step_of_few(
            table, inputs, outputs, u_rows, answers, distinct, weight, gain, row_bytes, lr, scratch, ahead, ahead_count
        )
    else:
        _step_of_many(table, inputs, outputs, u_rows, answers, weight, gain, row_bytes, lr, scratch)


@compiled
def _step_of_many(table, inputs, outputs, u_rows, answers, weight, gain, row_bytes, lr, scratch):
    """`step_of_hidden` for any number of outputs: first all sums, so that none sees another group's step."""
    hidden, moved = simd.load_int(scratch.hidden, 0), simd.load_int(scratch.hidden, 1)
    zeros = simd.load_int(scratch.hidden, 2)
    x_rows = scratch.inputs
    simd.store_float(scratch.weight, 0, np.float32(weight))
    before = zeros
    for first in range(0, inputs, MAX_OUTPUTS):
        size = min(inputs - first, MAX_OUTPUTS)
        sum_rows_alike(table, size, x_rows + 8 * first, scratch.weight, row_bytes, before, hidden)
        before = hidden
    find_coefficients_in_groups(table, 1, outputs, scratch.hidden, u_rows, answers, row_bytes, lr, scratch)
    before = zeros
    for first in range(0, outputs, MAX_OUTPUTS):
        size, at = min(outputs - first, MAX_OUTPUTS), scratch.coefficients + 4 * first
        sum_rows(table, size, u_rows + 8 * first, at, row_bytes, before, moved)
        before = moved
    for first in range(0, outputs, MAX_OUTPUTS):
        size, at = min(outputs - first, MAX_OUTPUTS), scratch.coefficients + 4 * first
        move_rows(table, size, u_rows + 8 * first, at, row_bytes, hidden)
    simd.store_float(scratch.weight, 0, np.float32(gain))
    for first in range(0, inputs, MAX_OUTPUTS):
        size = min(inputs - first, MAX_OUTPUTS)
        move_rows_alike(table, size, x_rows + 8 * first, scratch.weight, row_bytes, moved)
