"""The tokens of a span of the corpus that subsampling keeps, each with its window.

Every draw is a function of (key, position in the corpus), so neither the cut of the corpus into spans nor the number
of threads changes one.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64

from firth.native import rng, simd
from firth.native.jit import compiled, inlined

SPAN = 1024
"""Tokens gathered at a time: their words, windows and rows' addresses stay in the nearest caches."""


class Stream(NamedTuple):
    """The encoded corpus, as addresses."""

    ids: int  # int32
    offsets: int  # (sentences + 1,) int64: sentence i is ids[offsets[i] : offsets[i + 1]]
    sentences: int


class Windows(NamedTuple):
    """How a run draws tokens and windows."""

    keep: int  # address of (n,) int64: a token stays if 32 random bits are not above its word's entry
    size: int  # the largest radius of a window
    fixed: bool  # whether every radius is the largest


class Epoch(NamedTuple):
    """The random keys and the learning rate of one epoch: at position p it is lr + slope · p."""

    token_key: int
    noise_key: int
    lr: float
    slope: float


class Kept(NamedTuple):
    """The kept tokens of a span with the neighbours that their windows reach: addresses of int64 arrays."""

    words: int
    positions: int  # in the corpus
    left: int  # inclusive: the first token of the window
    right: int  # exclusive


def most_kept(window: int) -> int:
    """The most tokens that `gather` fills in."""
    return SPAN + 2 * window + 1


@inlined
def sentence_at(stream, position):
    """The sentence that a position of the corpus is in."""
    low, high = 0, stream.sentences
    while high - low > 1:
        middle = (low + high) >> 1
        if simd.load_int(stream.offsets, middle) <= position:
            low = middle
        else:
            high = middle
    return low


@inlined
def _is_kept(windows, word, bits):
    return np.int64(rng.high(bits)) <= simd.load_int(windows.keep, word)


@compiled
def gather(stream, start, stop, windows, epoch, kept):
    """Fill `kept` for positions start..stop and return (lowest, first, last, count).

    Tokens first..last are the span's own; all tokens from `lowest` to `count` are in reach of their windows.
    """
    window = windows.size
    sentence = sentence_at(stream, start)
    begin = simd.load_int(stream.offsets, sentence)
    lowest = first = count = window
    position = start - 1
    while position >= begin and lowest > 0:
        word = np.int64(simd.load_int32(stream.ids, position))
        if _is_kept(windows, word, rng.draw(epoch.token_key, position)):
            lowest -= 1
            simd.store_int(kept.words, lowest, word)
        position -= 1
    reached, last = lowest, first
    position = start
    while position < stop:
        end = simd.load_int(stream.offsets, sentence + 1)
        own = count
        for at in range(position, min(end, stop)):
            word = np.int64(simd.load_int32(stream.ids, at))
            bits = rng.draw(epoch.token_key, at)
            reach = window if windows.fixed else 1 + np.int64((rng.low(bits) * uint64(window)) >> uint64(32))
            simd.store_int(kept.words, count, word)
            simd.store_int(kept.positions, count, at)
            simd.store_int(kept.right, count, reach)
            count += np.int64(_is_kept(windows, word, bits))
        last = count
        position = min(end, stop)
        if position < end:
            ahead = position
            while ahead < end and count < last + window:
                word = np.int64(simd.load_int32(stream.ids, ahead))
                if _is_kept(windows, word, rng.draw(epoch.token_key, ahead)):
                    simd.store_int(kept.words, count, word)
                    count += 1
                ahead += 1
        for token in range(own, last):
            reach = simd.load_int(kept.right, token)
            simd.store_int(kept.left, token, max(lowest, token - reach))
            simd.store_int(kept.right, token, min(count, token + reach + 1))
        lowest = count
        sentence += 1
    return reached, first, last, count
