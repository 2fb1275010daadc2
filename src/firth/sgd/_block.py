"""One gradient step of input rows, or of one hidden vector made of them, against shared output rows.

For inputs x_1..x_n and outputs u_1..u_m, of which some are to be answered with yes (the word to predict, the nodes
where its path takes bit 0) and the others with no (negatives, the nodes where it takes bit 1), the loss is

    Σ_i [ -Σ_yes log σ(u_j·x_i) - Σ_no log σ(-u_j·x_i) ]

and every row moves by -lr times its gradient, all gradients taken at the old values. With z = -u_j·x_i for a yes and
z = u_j·x_i for a no, a term is log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) and its derivative σ(z): exact for any score.
Outputs are worked on in groups of at most MAX_OUTPUTS.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.extending import register_jitable

from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.native.jit import compiled
from firth.sgd import _unrolled as unrolled

FOLD_AFTER = 96
"""So many factors 1 + e^-|z| <= 2 are multiplied before a logarithm is taken; 2^127 is the limit of float32."""


@register_jitable
def groups_of(outputs):
    """How many groups of at most MAX_OUTPUTS outputs there are."""
    return (outputs + unrolled.MAX_OUTPUTS - 1) // unrolled.MAX_OUTPUTS


class Scratch(NamedTuple):
    """Addresses of what a thread reuses from step to step. (Arrays would be counted in and out at every call.)"""

    steps: int  # float32: inputs · outputs + 16
    sums: int  # (2, 16) float32: Σ max(z, 0) and Π (1 + e^-|z|), lane by lane, since the last fold
    factors: int  # int64: how many factors a lane of the product has
    loss: int  # float64: nats, up to the last fold
    rows: int  # int64: room for the addresses of rows
    entered: int  # int64: the addresses of the vectors of a span's tokens
    copies: int  # int64 and float32: addresses and a copy of every row, for more than one group of outputs
    hidden: int  # int64: the addresses of the hidden vector of a window, of what its inputs move by, and of zeros
    weight: int  # float32: of each input
    spare: int  # float32: rows for copies of frozen ones
    vectors: int  # float32: twice as many rows as a window has tokens, for vectors made of subwords


def new_scratch(
    inputs: int, outputs: int, row_bytes: int, addresses: int, tokens: int, spare: int = 0, vectors: int = 0
) -> tuple[Scratch, list[npt.NDArray[Any]]]:
    """A Scratch for steps of at most so many rows, with room for so many addresses, and the arrays that it points to.

    The arrays must outlive it.
    """
    sums = np.zeros((2, simd.LANES), np.float32)
    sums[1] = 1.0
    hidden = aligned_rows(3, row_bytes // 4)
    arrays = [
        np.empty(inputs * outputs + simd.LANES, np.float32),
        sums,
        np.zeros(1, np.int64),
        np.zeros(1, np.float64),
        np.empty(addresses, np.int64),
        np.empty(tokens, np.int64),
        np.empty((inputs + outputs) * (8 + row_bytes), np.uint8),
        np.array([row.ctypes.data for row in hidden]),
        np.empty(1, np.float32),
        np.empty(spare * row_bytes, np.uint8),
        np.empty(vectors * row_bytes, np.uint8),
    ]
    return Scratch(*[array.ctypes.data for array in arrays]), [*arrays, hidden]


@compiled
def fold(scratch):
    """Move the running sums into the loss; eight lanes' factors multiplied in float64 stay below 2^(8 · FOLD_AFTER)."""
    loss = simd.load_double(scratch.loss, 0)
    for first in range(0, simd.LANES, 8):
        product = 1.0
        for lane in range(first, first + 8):
            loss += np.float64(simd.load_float(scratch.sums, lane))
            product *= np.float64(simd.load_float(scratch.sums, simd.LANES + lane))
            simd.store_float(scratch.sums, lane, np.float32(0.0))
            simd.store_float(scratch.sums, simd.LANES + lane, np.float32(1.0))
        loss += math.log(product)
    simd.store_double(scratch.loss, 0, loss)
    simd.store_int(scratch.factors, 0, 0)


@njit(inline="always")
def count_factors(pairs, scratch):
    """Fold if so many pairs more could make the running product too large."""
    factors = (pairs + simd.LANES - 1) // simd.LANES
    if simd.load_int(scratch.factors, 0) + factors > FOLD_AFTER:
        fold(scratch)
    simd.store_int(scratch.factors, 0, simd.load_int(scratch.factors, 0) + factors)


@njit(inline="always")
def steps_of_group(inputs, outputs, x_rows, u_rows, row_bytes, yes, steps, lr, scratch):
    """Store the steps of all inputs and 1 to MAX_OUTPUTS outputs, in balanced tiles."""
    width = unrolled.tile_inputs(outputs)
    tiles = (inputs + width - 1) // width
    first = 0
    for tile in range(tiles):
        size = (inputs - first) // (tiles - tile)
        count_factors(size * outputs, scratch)
        at = steps + 4 * first * outputs
        tile_rows = x_rows + 8 * first
        unrolled.pair_steps(size, outputs, tile_rows, u_rows, row_bytes, yes, at, scratch.sums, np.float32(lr))
        first += size


@njit(inline="always")
def copy_rows(count, rows, row_bytes, copies, places):
    """Copy rows one after another to `copies` and write the addresses of the copies to `places`."""
    for i in range(count):
        row = simd.load_int(rows, i)
        simd.store_int(places, i, copies)
        for offset in range(0, row_bytes, 4 * simd.LANES):
            simd.store(simd.load(row + offset), copies + offset)
        copies += row_bytes
    return copies


@njit(inline="always")
def note_steps(inputs, outputs, x_rows, u_rows, yes, row_bytes, lr, scratch):
    """Leave the steps of all inputs and outputs at `scratch.steps`, for each group of outputs in turn."""
    groups, first = groups_of(outputs), 0
    for group in range(groups):
        size = (outputs - first) // (groups - group)
        steps, of_group = scratch.steps + 4 * first * inputs, simd.load_int(yes, group)
        steps_of_group(inputs, size, x_rows, u_rows + 8 * first, row_bytes, of_group, steps, lr, scratch)
        first += size


@njit(inline="always")
def step(inputs, outputs, x_rows, u_rows, yes, row_bytes, lr, scratch, ahead, ahead_count):
    """Move all rows by one step of size lr and add to the loss.

    `x_rows`, `u_rows`: addresses of arrays of row addresses; rows are whole numbers of 16 floats. `yes`: address of an
    array that has for each group of outputs the bits of those that are to be answered with yes. `ahead`: address of
    the addresses of `ahead_count` rows that will be needed soon.
    """
    note_steps(inputs, outputs, x_rows, u_rows, yes, row_bytes, lr, scratch)
    if groups_of(outputs) == 1:
        unrolled.rank_update(inputs, outputs, x_rows, u_rows, row_bytes, scratch.steps, ahead, ahead_count)
    else:
        update_in_groups(inputs, outputs, x_rows, u_rows, row_bytes, scratch, ahead, ahead_count)


@compiled
def update_in_groups(inputs, outputs, x_rows, u_rows, row_bytes, scratch, ahead, ahead_count):
    """`unrolled.rank_update` for more than one group of outputs: from copies, so that no group sees another's step."""
    x_copies, u_copies = scratch.copies, scratch.copies + 8 * inputs
    end = copy_rows(inputs, x_rows, row_bytes, u_copies + 8 * outputs, x_copies)
    copy_rows(outputs, u_rows, row_bytes, end, u_copies)
    groups, first = groups_of(outputs), 0
    for group in range(groups):
        size = (outputs - first) // (groups - group)
        steps = scratch.steps + 4 * first * inputs
        u_from, u_to = u_copies + 8 * first, u_rows + 8 * first
        unrolled.rank_update_apart(inputs, size, x_copies, u_from, row_bytes, steps, ahead, ahead_count, x_rows, u_to)
        ahead_count = 0
        first += size


@njit(inline="always")
def hidden_rows(scratch):
    """The addresses of the hidden vector, of what its inputs move by, and of zeros."""
    return simd.load_int(scratch.hidden, 0), simd.load_int(scratch.hidden, 1), simd.load_int(scratch.hidden, 2)


@njit(inline="always")
def step_of_hidden(inputs, outputs, x_rows, u_rows, yes, weight, gain, row_bytes, lr, scratch, ahead, ahead_count):
    """`step` for the one hidden vector h = weight · Σ_i x_i.

    Each input moves by gain · the step of h, which is the gradient for gain = weight.
    """
    hidden, moved, zeros = hidden_rows(scratch)
    weight, gain, lr = np.float32(weight), np.float32(gain), np.float32(lr)
    if inputs <= unrolled.MAX_OUTPUTS and outputs <= unrolled.MAX_OUTPUTS:
        simd.store_float(scratch.weight, 0, weight)
        unrolled.sum_rows_alike(inputs, x_rows, scratch.weight, row_bytes, zeros, hidden)
        steps, answers = scratch.steps, simd.load_int(yes, 0)
        count_factors(outputs, scratch)
        unrolled.pair_steps(1, outputs, scratch.hidden, u_rows, row_bytes, answers, steps, scratch.sums, lr)
        unrolled.sum_rows(outputs, u_rows, steps, row_bytes, zeros, moved)
        unrolled.move_rows(outputs, u_rows, steps, row_bytes, hidden, ahead, ahead_count)
        simd.store_float(scratch.weight, 0, gain)
        unrolled.move_rows_alike(inputs, x_rows, scratch.weight, row_bytes, moved, ahead, 0)
    else:
        step_of_hidden_in_groups(inputs, outputs, x_rows, u_rows, yes, weight, gain, row_bytes, lr, scratch)


@compiled
def step_of_hidden_in_groups(inputs, outputs, x_rows, u_rows, yes, weight, gain, row_bytes, lr, scratch):
    """`step_of_hidden` for any numbers of rows: first all sums, so that none sees another group's step."""
    hidden, moved, zeros = hidden_rows(scratch)
    simd.store_float(scratch.weight, 0, weight)
    before = zeros
    for first in range(0, inputs, unrolled.MAX_OUTPUTS):
        size = min(inputs - first, unrolled.MAX_OUTPUTS)
        unrolled.sum_rows_alike(size, x_rows + 8 * first, scratch.weight, row_bytes, before, hidden)
        before = hidden
    note_steps(1, outputs, scratch.hidden, u_rows, yes, row_bytes, lr, scratch)
    before = zeros
    for first in range(0, outputs, unrolled.MAX_OUTPUTS):
        size, steps = min(outputs - first, unrolled.MAX_OUTPUTS), scratch.steps + 4 * first
        unrolled.sum_rows(size, u_rows + 8 * first, steps, row_bytes, before, moved)
        before = moved
    for first in range(0, outputs, unrolled.MAX_OUTPUTS):
        size, steps = min(outputs - first, unrolled.MAX_OUTPUTS), scratch.steps + 4 * first
        unrolled.move_rows(size, u_rows + 8 * first, steps, row_bytes, hidden, 0, 0)
    simd.store_float(scratch.weight, 0, gain)
    for first in range(0, inputs, unrolled.MAX_OUTPUTS):
        size = min(inputs - first, unrolled.MAX_OUTPUTS)
        unrolled.move_rows_alike(size, x_rows + 8 * first, scratch.weight, row_bytes, moved, 0, 0)
