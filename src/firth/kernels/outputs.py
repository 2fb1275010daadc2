"""What predicts a word: the rows of U that its step needs, and which of them are to be answered with yes.

With negative sampling these are the word's own row, yes, and the rows of K negatives, no. With hierarchical softmax they
are the inner nodes on the way from the root of the tree to the word, yes where the way takes bit 0.

A set of outputs is an array of int64, `set_size` of them: how many rows; how many of the first are not worth fetching
ahead; the rows' addresses; a free place; and the address of the signs of each group of rows (see `block.sign_table`).
"""

import numpy as np
from numba import njit

from firth import rng, simd
from firth.kernels.block import SIGNS_BYTES
from firth.kernels.rows import take

TRIES = 1000
"""Draws for one negative before it is left out: only noise with nearly all its mass on one word needs so many."""

NEAR = 512
"""So many nodes from the root on are in the cache anyway."""

ROWS = 2
"""Where the rows begin in a set."""


def set_size(outputs: int) -> int:
    """The int64 numbers of a set of at most so many outputs."""
    return ROWS + outputs + 1 + -(-outputs // simd.MAX_OUTPUTS)


@njit(inline="always")
def groups_of(count):
    """How many groups of at most MAX_OUTPUTS rows there are."""
    return (count + simd.MAX_OUTPUTS - 1) // simd.MAX_OUTPUTS


@njit(inline="always")
def signs_of(signs, count, yes):
    """The address of the signs of a group of `count` rows, bit j of `yes` telling whether row j is one."""
    return signs + ((1 << count) - 2 + yes) * SIGNS_BYTES


@njit(inline="always")
def draw_negatives(outside, tables, epoch, word, position, counter, outputs, signs, spare):
    """Fill the set at `outputs` with the word and its negatives.

    Draws come from the stream of the token's position, from `counter` on; return the next counter.
    """
    stream = rng.draw(epoch.noise_key, position)
    simd.store_int(outputs, 1, 0)
    simd.store_int(outputs, ROWS, take(outside, word, spare))
    count = 1
    for _ in range(tables.negatives):
        for _ in range(TRIES):
            negative = rng.pick(tables.noise, tables.words, rng.draw(stream, counter))
            counter += 1
            if negative != word:
                simd.store_int(outputs, ROWS + count, take(outside, negative, spare + count * outside.row_bytes))
                count += 1
                break
    simd.store_int(outputs, 0, count)
    groups, first = groups_of(count), 0
    for group in range(groups):
        size = (count - first) // (groups - group)
        yes = 1 if group == 0 else 0
        simd.store_int(outputs, ROWS + tables.outputs + 1 + group, signs_of(signs, size, yes))
        first += size
    return counter


@njit(inline="always")
def follow_path(outside, tables, word, outputs, signs):
    """Fill the set at `outputs` with the nodes on the path of a word."""
    begin = simd.load_int(tables.paths, word)
    count = simd.load_int(tables.paths, word + 1) - begin
    groups, first, near = groups_of(count), 0, 0
    for group in range(groups):
        size = (count - first) // (groups - group)
        yes = 0
        for i in range(size):
            step = np.int64(simd.load_int32(tables.path_steps, begin + first + i))
            node = step >> 1
            near += node < NEAR
            yes |= (1 - (step & 1)) << i
            simd.store_int(outputs, ROWS + first + i, take(outside, node, 0))
        simd.store_int(outputs, ROWS + tables.outputs + 1 + group, signs_of(signs, size, yes))
        first += size
    simd.store_int(outputs, 0, count)
    simd.store_int(outputs, 1, near)
