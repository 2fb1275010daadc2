"""Negative sampling: a word is predicted by its own row of U, yes, and by the rows of K negatives, no.

Draws of a token come from the stream of its position, one after another; a draw of the word itself is made again. All
draws of a span are made at once, which keeps a processor busier than drawing for one token after another.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64
from numba.extending import register_jitable

from firth.native import rng, simd
from firth.native.jit import compiled, inlined
from firth.sgd._output_sets import COUNT, DISTINCT, ROWS
from firth.sgd._rows import place, take

TRIES = 1000
"""Draws for one negative before it is left out: only noise with nearly all its mass on one word needs so many."""

LEFT_OUT = -1
"""What stands in the place of a negative that is left out."""


class Negatives(NamedTuple):
    """What negatives are drawn from."""

    noise: int  # address of (words,) uint64: the alias table of the noise distribution
    words: int
    count: int  # K
    outputs: int  # K + 1: the most rows of a set
    room: int  # the most tokens of a span and its windows, see `_tokens.most_kept`


@inlined
def draw_one_by_one(negatives, stream, word, counter, drawn, stride):
    """Draw K negatives of a word from a stream, from `counter` on; return the next counter.

    The int32 number j · stride from `drawn` on becomes the j-th negative, or LEFT_OUT.
    """
    for j in range(negatives.count):
        found = LEFT_OUT
        for _ in range(TRIES):
            negative = rng.pick(negatives.noise, negatives.words, rng.draw(stream, counter))
            counter += 1
            if negative != word:
                found = negative
                break
        simd.store_int32(drawn, j * stride, np.int32(found))
    return counter


@compiled
def draw_for_span(negatives, noise_key, first, last, scratch):
    """Draw the negatives of tokens first..last: the j-th of a token is `scratch.drawn[j * room + token]`.

    `scratch.repeats` is 0 for the tokens whose negatives were all distinct, and not the token's word, at once; its
    lowest bit is set where negatives had to be drawn one by one. Each of the short loops is one that LLVM works on in
    whole vectors, but for the look into the alias table.
    """
    words, streams, bits, repeats, room = scratch.words, scratch.streams, scratch.bits, scratch.repeats, negatives.room
    for token in range(first, last):
        simd.store_int(streams, token, np.int64(rng.draw(noise_key, simd.load_int(scratch.positions, token))))
        simd.store_int32(repeats, token, np.int32(0))
    for j in range(negatives.count):
        drawn = scratch.drawn + 4 * j * room
        for token in range(first, last):
            simd.store_int(bits, token, np.int64(rng.draw(simd.load_int(streams, token), j)))
        for token in range(first, last):
            negative = rng.pick(negatives.noise, negatives.words, uint64(simd.load_int(bits, token)))
            simd.store_int32(drawn, token, np.int32(negative))
        for token in range(first, last):
            own = simd.load_int32(drawn, token) == np.int32(simd.load_int(words, token))
            simd.store_int32(repeats, token, simd.load_int32(repeats, token) | np.int32(own))
        for earlier in range(scratch.drawn, drawn, 4 * room):
            for token in range(first, last):
                alike = simd.load_int32(drawn, token) == simd.load_int32(earlier, token)
                simd.store_int32(repeats, token, simd.load_int32(repeats, token) | np.int32(2 * alike))
    for token in range(first, last):
        if simd.load_int32(repeats, token) & 1:
            stream, word = simd.load_int(streams, token), simd.load_int(words, token)
            draw_one_by_one(negatives, stream, word, 0, scratch.drawn + 4 * token, room)


@inlined
def take_rows(outside, negatives, word, drawn, stride, output_set, spare):
    """Fill the set with the rows of a word and its negatives, drawn at a stride, each as `_rows.take` gives it."""
    rows = output_set + 8 * ROWS
    simd.store_int(rows, 0, take(outside, word, spare))
    count = 1
    for j in range(negatives.count):
        negative = np.int64(simd.load_int32(drawn, j * stride))
        if negative != LEFT_OUT:
            simd.store_int(rows, count, take(outside, negative, spare + count * outside.row_bytes))
            count += 1
    simd.store_int(output_set, COUNT, count)


@register_jitable
def set_bytes(negatives):
    """The bytes of a set."""
    return 8 * (ROWS + negatives.outputs + 1)


@inlined
def lay_out_sets(outside, negatives, first, last, scratch):
    """Fill the sets of tokens first..last with the rows where they stay for a span."""
    size = set_bytes(negatives)
    for token in range(first, last):
        output_set, repeats = scratch.sets + token * size, simd.load_int32(scratch.repeats, token)
        row = place(outside, simd.load_int(scratch.words, token))
        simd.store_int(output_set, COUNT, negatives.outputs)
        simd.store_int(output_set, DISTINCT, np.int64(repeats == 0))
        simd.store_int(output_set, ROWS, row)
        drawn = scratch.drawn + 4 * token
        for j in range(ROWS + 1, ROWS + negatives.outputs):
            row = place(outside, np.int64(simd.load_int32(drawn, 0)))
            simd.store_int(output_set, j, row)
            drawn += 4 * negatives.room
    for token in range(first, last):
        if simd.load_int32(scratch.repeats, token) & 1:
            _close_gaps(negatives, token, scratch)


@inlined
def _close_gaps(negatives, token, scratch):
    """Move the rows of a token's set together where negatives are left out."""
    output_set = scratch.sets + token * set_bytes(negatives)
    rows, count = output_set + 8 * ROWS, 1
    for j in range(negatives.count):
        simd.store_int(rows, count, simd.load_int(rows, j + 1))
        count += simd.load_int32(scratch.drawn, j * negatives.room + token) != LEFT_OUT
    simd.store_int(output_set, COUNT, count)
