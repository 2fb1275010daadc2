"""Skip-gram with negative sampling over a span of the corpus.

For each kept token the words of its window are inputs (rows of V) and the token itself, with K negatives, outputs
(rows of U). Windows are symmetric, so these are the same pairs as "the center predicts each outside word"; grouped
this way all pairs of a window can share one set of negatives and one pass over the rows.

Every draw is a function of (key, position in the corpus), so neither the cut of the corpus into spans nor the number
of threads changes one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, uint64

from firth import rng, simd
from firth.compiled import compiled
from firth.kernels import block
from firth.kernels.rows import place, take

SPAN = 4096
"""Tokens gathered at a time: their words, windows and rows' addresses stay in the nearest caches."""

AHEAD = 2
"""Tokens by which the outputs are drawn, and their rows fetched, before their turn."""

TRIES = 1000
"""Draws for one negative before it is left out: only noise with nearly all its mass on one word needs so many."""


class Tables(NamedTuple):
    """What the objective fixes for a whole run; `window` and the others are plain numbers."""

    keep: int  # address of (n,) int64: a token stays if 32 random bits are not above its word's entry
    noise: int  # address of (n,) uint64: the alias table of the noise distribution
    words: int
    window: int
    fixed_window: bool
    negatives: int
    shared: bool  # one set of negatives for all pairs of a window, else one for each pair


class Epoch(NamedTuple):
    """The random keys and the learning rate of one epoch: at position p it is lr + slope · p."""

    token_key: int
    noise_key: int
    lr: float
    slope: float


class Kept(NamedTuple):
    """The kept tokens of a span with the neighbours that their windows reach."""

    words: np.ndarray  # int64
    positions: np.ndarray  # int64, in the corpus
    left: np.ndarray  # int64, inclusive: the first token of the window
    right: np.ndarray  # int64, exclusive


@compiled
def new_kept(room):
    """Room for so many kept tokens."""
    return Kept(np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64))


@njit(inline="always")
def is_kept(tables, epoch, word, position):
    """Whether subsampling keeps the token at a position."""
    return np.int64(rng.high(rng.draw(epoch.token_key, position))) <= simd.load_int(tables.keep, word)


@compiled
def gather(ids, offsets, start, stop, tables, epoch, kept):
    """Fill `kept` for positions start..stop and return (first, last, count): tokens first..last are the span's own."""
    window = tables.window
    sentence = np.searchsorted(offsets, start, side="right") - 1
    begin = offsets[sentence]
    count = window
    position = start - 1
    lowest = window
    while position >= begin and lowest > 0:
        word = ids[position]
        if is_kept(tables, epoch, word, position):
            lowest -= 1
            kept.words[lowest] = word
        position -= 1
    first = count
    position = start
    while position < stop:
        end = offsets[sentence + 1]
        own = count
        for position in range(position, min(end, stop)):  # noqa: B020
            word = np.int64(ids[position])
            bits = rng.draw(epoch.token_key, position)
            kept.words[count] = word
            kept.positions[count] = position
            reach = window if tables.fixed_window else 1 + np.int64((rng.low(bits) * uint64(window)) >> uint64(32))
            kept.right[count] = reach
            count += np.int64(np.int64(rng.high(bits)) <= simd.load_int(tables.keep, word))
        last = count
        position = min(end, stop)
        if position < end:
            ahead = position
            while ahead < end and count < last + window:
                word = ids[ahead]
                if is_kept(tables, epoch, word, ahead):
                    kept.words[count] = word
                    count += 1
                ahead += 1
        for token in range(own, last):
            reach = kept.right[token]
            kept.left[token] = max(lowest, token - reach)
            kept.right[token] = min(count, token + reach + 1)
        lowest = count
        sentence += 1
    return first, last, count


@njit(inline="always")
def draw_outputs(outside, tables, epoch, word, position, counter, outputs):
    """Fill `outputs`: how many rows, then the addresses of the predicted word's row and of its negatives' rows.

    Draws come from the stream of the token's position, from `counter` on; return the next counter.
    """
    stream = rng.draw(epoch.noise_key, position)
    simd.store_int(outputs, 1, take(outside, word))
    count = 1
    for _ in range(tables.negatives):
        for _ in range(TRIES):
            negative = rng.pick(tables.noise, tables.words, rng.draw(stream, counter))
            counter += 1
            if negative != word:
                count += 1
                simd.store_int(outputs, count, take(outside, negative))
                break
    simd.store_int(outputs, 0, count)
    return counter


def addresses_needed(window: int, negatives: int) -> int:
    """The addresses `train_span` keeps: a window's inputs and, AHEAD + 1 times, a token's outputs and one input."""
    return 2 * window + (AHEAD + 1) * (negatives + 3)


@compiled
def train_span(ids, offsets, start, stop, tables, epoch, center, outside, scratch):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of pairs.

    ids int32 and offsets int64 as in `Corpus`; `center`, `outside`: the Rows of V and U, changed in place; `scratch`:
    for steps of 2 · window inputs and negatives + 1 outputs, with `addresses_needed`; its loss grows. The windows of
    the span's tokens reach beyond start and stop within the sentence.
    """
    window, row_bytes = tables.window, center.row_bytes
    kept = new_kept(SPAN + 2 * window + 1)
    words, positions, lefts, rights = kept
    inputs, sets, set_bytes = scratch.rows, scratch.rows + 16 * window, 8 * (tables.negatives + 3)
    pairs = 0
    for span in range(start, stop, SPAN):
        first, last, count = gather(ids, offsets, span, min(span + SPAN, stop), tables, epoch, kept)
        if tables.shared:
            for token in range(first, min(first + AHEAD, last)):
                at = sets + token % (AHEAD + 1) * set_bytes
                draw_outputs(outside, tables, epoch, words[token], positions[token], 0, at)
        for token in range(first, last):
            n = 0
            for other in range(lefts[token], rights[token]):
                if other != token:
                    simd.store_int(inputs, n, take(center, words[other]))
                    n += 1
            pairs += n
            word, position = words[token], positions[token]
            lr = epoch.lr + epoch.slope * position
            if tables.shared:
                at = sets + token % (AHEAD + 1) * set_bytes
                ahead = sets + (token + AHEAD) % (AHEAD + 1) * set_bytes
                ahead_count = 0
                if token + AHEAD < last:
                    following = token + AHEAD
                    draw_outputs(outside, tables, epoch, words[following], positions[following], 0, ahead)
                    ahead_count = simd.load_int(ahead, 0)
                    if following + window + 1 < count:
                        ahead_count += 1
                        simd.store_int(ahead, ahead_count, place(center, words[following + window + 1]))
                if n > 0:
                    outputs = simd.load_int(at, 0)
                    block.step(n, outputs, inputs, at + 8, row_bytes, lr, scratch, ahead + 8, ahead_count)
            else:
                counter = draw_outputs(outside, tables, epoch, word, position, 0, sets)
                for i in range(n):
                    at, ahead = sets + i % 2 * set_bytes, sets + (i + 1) % 2 * set_bytes
                    ahead_count = 0
                    if i + 1 < n:
                        counter = draw_outputs(outside, tables, epoch, word, position, counter, ahead)
                        ahead_count = simd.load_int(ahead, 0)
                    outputs, x_row = simd.load_int(at, 0), inputs + 8 * i
                    block.step(1, outputs, x_row, at + 8, row_bytes, lr, scratch, ahead + 8, ahead_count)
    return pairs
