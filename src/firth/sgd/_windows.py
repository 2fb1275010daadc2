"""The tokens of a span of the corpus that subsampling keeps, each with its window.

Every draw is a function of (key, position in the corpus), so neither the cut of the corpus into spans nor the number
of threads changes one.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit, uint64

from firth.native import rng, simd
from firth.native.jit import compiled

WINDOW_STEP, PAIR_STEP, MEAN_STEP, SUM_STEP, UNDIVIDED_STEP = range(5)
"""`Tables.update`: one step a window, one a pair (negatives of its own), or one for the window's mean or sum.

The last is the mean without the division in the gradient: what CBOW is elsewhere, kept to measure and test against.
"""


class Tables(NamedTuple):
    """What the objective fixes for a whole run; `window` and the others are plain numbers.

    Addresses are 0 where the objective has no such table.
    """

    keep: int  # address of (n,) int64: a token stays if 32 random bits are not above its word's entry
    words: int
    window: int
    fixed_window: bool
    update: int  # a step a window, a pair, ...: see above
    noise: int  # address of (n,) uint64: the alias table of the noise distribution
    negatives: int
    paths: int  # address of (n + 1,) int64: where the tree path of a word begins in `path_steps`
    path_steps: int  # address of int32: twice the node, plus the bit; 16 can be read from any
    outputs: int  # the most rows that a word's prediction needs: negatives + 1, or the longest path
    grams: int  # address of (n + 1,) int64: where the rows of a word begin in `gram_rows`
    gram_rows: int  # address of int32: the rows of V whose mean is the word's vector


def new_tables(arrays: dict[str, npt.NDArray[Any]], **numbers: int) -> Tables:
    """The Tables of arrays by name and of plain numbers by name; the arrays must outlive them."""
    addresses = ("keep", "noise", "paths", "path_steps", "grams", "gram_rows")
    return Tables(**{name: arrays[name].ctypes.data if name in arrays else 0 for name in addresses}, **numbers)


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
    """Fill `kept` for positions start..stop and return (lowest, first, last, count).

    Tokens first..last are the span's own; all tokens from `lowest` to `count` are in reach of their windows.
    """
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
    first, reached = count, lowest
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
    return reached, first, last, count
