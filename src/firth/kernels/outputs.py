"""What predicts a word: the rows of U that its step needs, and which of them are to be answered with yes.

With negative sampling these are the word's own row, yes, and the rows of K negatives, no. With hierarchical softmax
they are the inner nodes on the way from the root of the tree to the word, yes where the way takes bit 0.

A set of outputs is an array of int64, `set_size` of them: how many rows; how many of the first are not worth fetching
ahead; whether a row occurs twice; the rows' addresses; a free place; and for each group of rows (see `block`) the bits
of those that are yes.
"""

import numpy as np
from numba import njit

from firth import rng, simd
from firth.kernels.block import groups_of
from firth.kernels.rows import take
from firth.kernels.windows import WINDOW_STEP

TRIES = 1000
"""Draws for one negative before it is left out: only noise with nearly all its mass on one word needs so many."""

NEAR = 1024
"""So many nodes from the root on are in the cache anyway."""

MANY = 32
"""With more negatives than that some may be taken to be the same, and are not compared."""

PATHS_APART = 4
"""So many tokens before its path a word's place in the table of paths is fetched."""

REPEATED, ROWS = 2, 3
"""Places in a set: whether a row occurs twice, and where the rows begin."""


def set_size(outputs: int) -> int:
    """The int64 numbers of a set of at most so many outputs."""
    return ROWS + outputs + 1 + -(-outputs // simd.MAX_OUTPUTS)


@njit(inline="always")
def draw_negatives(outside, tables, epoch, word, position, counter, outputs, spare):
    """Fill the set at `outputs` with the word and its negatives.

    Draws come from the stream of the token's position, from `counter` on; return the next counter.
    """
    stream = rng.draw(epoch.noise_key, position)
    simd.store_int(outputs, 1, 0)
    simd.store_int(outputs, ROWS, take(outside, word, spare))
    count, repeated = 1, 0
    for _ in range(tables.negatives):
        for _ in range(TRIES):
            negative = rng.pick(tables.noise, tables.words, rng.draw(stream, counter))
            counter += 1
            if negative != word:
                row = take(outside, negative, spare + count * outside.row_bytes)
                if tables.update != WINDOW_STEP and count <= MANY:
                    for i in range(1, count):
                        repeated |= simd.load_int(outputs, ROWS + i) == row
                simd.store_int(outputs, ROWS + count, row)
                count += 1
                break
    simd.store_int(outputs, 0, count)
    simd.store_int(outputs, REPEATED, np.int64(repeated or count > MANY))
    for group in range(groups_of(count)):
        simd.store_int(outputs, ROWS + tables.outputs + 1 + group, 1 if group == 0 else 0)
    return counter


@njit(inline="always")
def fetch_path(tables, words, token, last):
    """Fetch the path of a token that comes soon, and where the path of one some tokens later begins."""
    if token + PATHS_APART < last:
        simd.prefetch(tables.paths + 8 * words[token + PATHS_APART])
    if token < last:
        begin = tables.path_steps + 4 * simd.load_int(tables.paths, words[token])
        simd.prefetch(begin)
        simd.prefetch(begin + 64)


@njit(inline="always")
def follow_path(outside, tables, word, outputs):
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
        simd.store_int(outputs, ROWS + tables.outputs + 1 + group, yes)
        first += size
    simd.store_int(outputs, 0, count)
    simd.store_int(outputs, 1, near)
    simd.store_int(outputs, REPEATED, 0)
