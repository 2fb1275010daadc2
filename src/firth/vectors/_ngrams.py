"""The character n-grams of words, hashed to rows, and the means of a word's rows.

Text here is all words in brackets one after another, "<of><the>", in UTF-8; word i is text[starts[i] : starts[i + 1]].
A character begins at every byte that does not continue one. `minn` and `maxn` count characters, both inclusive.
"""

import numpy as np
from numba import njit

from firth.native.jit import compiled

_OFFSET_BASIS = np.uint32(2166136261)
_PRIME = np.uint32(16777619)


@njit(inline="always")
def _continues(byte):
    """Whether a byte of UTF-8 continues a character."""
    return byte & 0xC0 == 0x80


@njit(inline="always")
def _hashed(value, byte):
    """One step of 32-bit FNV-1a, as fastText takes it: the byte is sign-extended to 32 bits before the exclusive or."""
    return np.uint32((value ^ np.uint32(np.int8(byte))) * _PRIME)


@compiled
def count_rows(text, starts, whole, minn, maxn, offsets):
    """Fill offsets (words + 1,): how many rows the words before each have, 1 for itself and 1 an n-gram.

    whole: bool (words,), whether a word has no n-grams.
    """
    offsets[0] = 0
    for word in range(len(starts) - 1):
        rows = 1
        if not whole[word]:
            characters = 0
            for at in range(starts[word], starts[word + 1]):
                characters += not _continues(text[at])
            for n in range(minn, min(maxn, characters) + 1):
                rows += characters - n + 1
            if minn == 1:
                rows -= 2  # "<" and ">"
        offsets[word + 1] = offsets[word] + rows


@compiled
def fill_rows(text, starts, whole, minn, maxn, bucket, first_row, buckets_at, offsets, rows):
    """Fill rows (total,): of word i at offsets[i] its own, first_row + i, then buckets_at + hash % bucket an n-gram.

    The n-grams come by their begin, then by their length. `whole`, `offsets`: as `count_rows` takes and fills them.
    """
    for word in range(len(starts) - 1):
        filled = offsets[word]
        rows[filled] = first_row + word
        filled += 1
        if whole[word]:
            continue
        begin, end = starts[word], starts[word + 1]
        for first in range(begin, end):
            if _continues(text[first]):
                continue
            value, at, n = _OFFSET_BASIS, first, 0
            while at < end and n < maxn:
                value = _hashed(value, text[at])
                at += 1
                while at < end and _continues(text[at]):
                    value = _hashed(value, text[at])
                    at += 1
                n += 1
                if n >= minn and not (n == 1 and (first == begin or at == end)):
                    rows[filled] = buckets_at + np.int64(value) % bucket
                    filled += 1


@compiled
def mean_rows(matrix, offsets, rows, means):
    """Fill means (words, d): of word i the mean of the matrix's rows[offsets[i] : offsets[i + 1]], summed in float64.

    matrix: float32 (any, d or more). A word without rows gets zeros.
    """
    d = means.shape[1]
    total = np.empty(d, np.float64)
    for word in range(len(offsets) - 1):
        total[:] = 0.0
        for at in range(offsets[word], offsets[word + 1]):
            row = rows[at]
            for i in range(d):
                total[i] += matrix[row, i]
        count = max(1, offsets[word + 1] - offsets[word])
        for i in range(d):
            means[word, i] = total[i] / count
