"""What predicts a word: the rows of U that its step needs, and which of them are to be answered with yes.

With negative sampling these are the word's own row, yes, and the rows of K negatives, no. With hierarchical softmax
they are the inner nodes on the way from the root of the tree to the word, yes where the way takes bit 0.

A set of outputs is an array of int64, `set_size` of them: how many rows; how many of the first are not worth fetching
ahead; the rows' addresses, with room for a block more; and for each group of rows (see `block`) the bits of those that
are yes.
"""

import numpy as np
from numba import njit
from numba.extending import register_jitable

from firth.native import rng, simd
from firth.sgd import _unrolled as unrolled
from firth.sgd._block import groups_of
from firth.sgd._rows import take

TRIES = 1000
"""Draws for one negative before it is left out: only noise with nearly all its mass on one word needs so many."""

NEAR = 5
"""The first so many nodes of a path are in the cache anyway."""

PATHS_APART = 4
"""So many tokens before its path a word's place in the table of paths is fetched."""

ROWS = 2
"""The place in a set where the rows begin."""


@register_jitable
def answers_place(outputs):
    """The place in a set of at most so many outputs where the bits begin."""
    return ROWS + outputs + unrolled.MAX_OUTPUTS


@register_jitable
def set_size(outputs):
    """The int64 numbers of a set of at most so many outputs."""
    return answers_place(outputs) + groups_of(outputs)


@njit(inline="always")
def draw_negatives(outside, tables, epoch, word, position, counter, outputs, spare):
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
                row = take(outside, negative, spare + count * outside.row_bytes)
                simd.store_int(outputs, ROWS + count, row)
                count += 1
                break
    simd.store_int(outputs, 0, count)
    for group in range(groups_of(count)):
        simd.store_int(outputs, answers_place(tables.outputs) + group, 1 if group == 0 else 0)
    return counter


@njit(inline="always")
def fetch_path(tables, words, token, last):
    """Fetch the path of a token that comes soon, and where the path of one some tokens later begins."""
    if token + PATHS_APART < last:
        simd.prefetch(tables.paths + 8 * simd.load_int(words, token + PATHS_APART))
    if token < last:
        begin = tables.path_steps + 4 * simd.load_int(tables.paths, simd.load_int(words, token))
        simd.prefetch(begin)
        simd.prefetch(begin + 64)


@njit(inline="always")
def follow_path(outside, tables, word, outputs):
    """Fill the set at `outputs` with the nodes on the path of a word; nodes never stay as they are."""
    begin = simd.load_int(tables.paths, word)
    count = simd.load_int(tables.paths, word + 1) - begin
    groups, first = groups_of(count), 0
    for group in range(groups):
        size = (count - first) // (groups - group)
        path, rows = tables.path_steps + 4 * (begin + first), outputs + 8 * (ROWS + first)
        yes = unrolled.path_rows(path, outside.shared, outside.row_bytes, rows) & ((1 << size) - 1)
        simd.store_int(outputs, answers_place(tables.outputs) + group, yes)
        first += size
    if outside.hot > 0:
        for i in range(count):
            node = np.int64(simd.load_int32(tables.path_steps, begin + i)) >> 1
            if node >= outside.hot:  # a path goes from nodes of low numbers to higher ones
                break
            simd.store_int(outputs, ROWS + i, take(outside, node, 0))
    simd.store_int(outputs, 0, count)
    simd.store_int(outputs, 1, min(count, NEAR))
