"""Training over a span of the corpus: skip-gram and CBOW, with negative sampling or hierarchical softmax.

For each kept token the words of its window are inputs (rows of V), and what predicts the token itself is its outputs
(rows of U, see `outputs`). Skip-gram: every input predicts the token; windows are symmetric, so these are the same
pairs as "the center predicts each outside word", and grouped this way all pairs of a window can share one set of
outputs and one pass over the rows. CBOW: the mean, or the sum, of the inputs predicts the token.
"""

from typing import Any

import numpy.typing as npt
from numba import njit

from firth.native import simd
from firth.native.jit import compiled
from firth.sgd import _block as block
from firth.sgd import _grams as grams
from firth.sgd import _outputs as outputs
from firth.sgd import _windows as windows
from firth.sgd._rows import place, take
from firth.sgd._windows import PAIR_STEP, SUM_STEP, UNDIVIDED_STEP, WINDOW_STEP, gather, new_kept

SPAN = 4096
"""Tokens gathered at a time: their words, windows and rows' addresses stay in the nearest caches."""

AHEAD = 2
"""Tokens by which the outputs are drawn, and their rows fetched, before their turn."""


def new_scratch(tables: windows.Tables, row_bytes: int, frozen: bool) -> tuple[block.Scratch, list[npt.NDArray[Any]]]:
    """The Scratch of a thread, and the arrays that it points to, which must outlive it.

    `frozen` tells whether there are rows that stay as they are.
    """
    inputs = 2 * tables.window
    return block.new_scratch(
        inputs,
        tables.outputs,
        row_bytes,
        addresses=inputs + simd.LANES + (AHEAD + 1) * outputs.set_size(tables.outputs),
        tokens=SPAN + inputs + 1 + simd.LANES,
        spare=inputs + (AHEAD + 1) * tables.outputs if frozen else 0,
        vectors=2 * (inputs + 1) if tables.grams else 0,
    )


@njit(inline="always")
def predict(outside, tables, epoch, word, position, at, spare):
    """Fill the set of outputs at an address for a token."""
    if tables.paths != 0:
        outputs.follow_path(outside, tables, word, at)
    else:
        outputs.draw_negatives(outside, tables, epoch, word, position, 0, at, spare)


@njit(inline="always")
def enter(tables, center, words, token, lowest, count, scratch):
    """The address of the vector of a token that comes into the windows; those with n-grams stay for 2 · window + 1."""
    if token + AHEAD < count:
        grams.fetch(tables, simd.load_int(words, token + AHEAD), center)
    room = 2 * tables.window + 1
    vector, base = vector_of(token, room, center.row_bytes, scratch)
    if token - lowest >= room:
        grams.take_apart(tables, simd.load_int(words, token - room), center, vector, base)
    grams.compose(tables, simd.load_int(words, token), center, vector, base)
    return vector


@njit(inline="always")
def vector_of(token, room, row_bytes, scratch):
    """Where the vector of a token made of n-grams is while it stays, and what it was when it came."""
    vector = scratch.vectors + token % room * row_bytes
    return vector, vector + room * row_bytes


@njit(inline="always")
def copy_window(center, words, left, token, right, scratch):
    """Note the rows of a window, copies of those that stay as they are, and return how many there are."""
    n = 0
    for other in range(left, right):
        if other != token:
            simd.store_int(
                scratch.rows, n, take(center, simd.load_int(words, other), scratch.spare + n * center.row_bytes)
            )
            n += 1
    return n


@compiled
def train_span(ids, offsets, start, stop, tables, epoch, center, outside, scratch):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of predictions.

    ids int32 and offsets int64 as in `Corpus`; `center`, `outside`: the Rows of V and U, changed in place; `scratch`:
    as from `new_scratch`; its loss grows. The windows of the span's tokens reach beyond start and stop within the
    sentence.
    """
    window, row_bytes = tables.window, center.row_bytes
    kept = new_kept(SPAN + 2 * window + 1)  # used in every round, so that it stays where `words_at` points
    words, positions, lefts, rights = kept
    words_at, rows = words.ctypes.data, scratch.entered
    copied = center.frozen != 0 and tables.grams == 0
    inputs, sets = scratch.rows, scratch.rows + 8 * (2 * window + simd.LANES)
    yes, set_bytes = 8 * outputs.answers_place(tables.outputs), 8 * outputs.set_size(tables.outputs)
    spare, spare_bytes = scratch.spare + 2 * window * row_bytes, tables.outputs * row_bytes
    room, pairs = 2 * window + 1, 0
    for span in range(start, stop, SPAN):
        lowest, first, last, count = gather(ids, offsets, span, min(span + SPAN, stop), tables, epoch, kept)
        entered = lowest
        if tables.update != PAIR_STEP:
            for token in range(first, min(first + AHEAD, last)):
                turn = token % (AHEAD + 1)
                at, copies = sets + turn * set_bytes, spare + turn * spare_bytes
                predict(outside, tables, epoch, words[token], positions[token], at, copies)
        for token in range(first, last):
            left, right = lefts[token], rights[token]
            if copied:
                n = copy_window(center, words_at, left, token, right, scratch)
            else:
                while entered < count and entered <= token + window:
                    if tables.grams != 0:
                        row = enter(tables, center, words_at, entered, lowest, count, scratch)
                    else:
                        row = take(center, words[entered], 0)
                    simd.store_int(rows, entered, row)
                    entered += 1
                n = right - left - 1
                simd.copy_ints(rows + 8 * left, token - left, inputs)
                simd.copy_ints(rows + 8 * (token + 1), right - token - 1, inputs + 8 * (token - left))
            word, position = words[token], positions[token]
            lr = epoch.lr + epoch.slope * position
            if tables.update != PAIR_STEP:
                at = sets + token % (AHEAD + 1) * set_bytes
                ahead, ahead_count = sets, 0
                following = token + AHEAD
                if tables.paths != 0:
                    outputs.fetch_path(tables, words_at, following + AHEAD, last)
                if following < last:
                    turn = following % (AHEAD + 1)
                    next_set, copies = sets + turn * set_bytes, spare + turn * spare_bytes
                    predict(outside, tables, epoch, words[following], positions[following], next_set, copies)
                    near, all_rows = simd.load_int(next_set, 1), simd.load_int(next_set, 0)
                    ahead, ahead_count = next_set + 8 * (outputs.ROWS + near), all_rows - near
                    if following + window + 1 < count and tables.grams == 0:
                        simd.store_int(ahead, ahead_count, place(center, words[following + window + 1]))
                        ahead_count += 1
                if n > 0:
                    m, u_rows = simd.load_int(at, 0), at + 8 * outputs.ROWS
                    if tables.update == WINDOW_STEP:
                        pairs += n
                        block.step(n, m, inputs, u_rows, at + yes, row_bytes, lr, scratch, ahead, ahead_count)
                    else:
                        pairs += 1
                        weight = 1.0 if tables.update == SUM_STEP else 1.0 / n
                        gain = 1.0 if tables.update == UNDIVIDED_STEP else weight
                        block.step_of_hidden(
                            n, m, inputs, u_rows, at + yes, weight, gain, row_bytes, lr, scratch, ahead, ahead_count
                        )
            else:
                pairs += n
                counter = outputs.draw_negatives(outside, tables, epoch, word, position, 0, sets, spare)
                for i in range(n):
                    at, next_set = sets + i % 2 * set_bytes, sets + (i + 1) % 2 * set_bytes
                    ahead_count = 0
                    if i + 1 < n:
                        copies = spare + (i + 1) % 2 * spare_bytes
                        counter = outputs.draw_negatives(
                            outside, tables, epoch, word, position, counter, next_set, copies
                        )
                        ahead_count = simd.load_int(next_set, 0)
                    m, u_rows, x_row = simd.load_int(at, 0), at + 8 * outputs.ROWS, inputs + 8 * i
                    ahead = next_set + 8 * outputs.ROWS
                    block.step(1, m, x_row, u_rows, at + yes, row_bytes, lr, scratch, ahead, ahead_count)
        if tables.grams != 0:
            for token in range(max(lowest, entered - room), entered):
                vector, base = vector_of(token, room, row_bytes, scratch)
                grams.take_apart(tables, words[token], center, vector, base)
    return pairs
