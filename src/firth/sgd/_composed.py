"""Word vectors made of n-grams: a token's vector is put together when a window reaches it, and taken apart after.

The vector of a word is the mean of its rows: its own and those of its character n-grams. Windows work on the vector
of a token as on any row; when the last window has left it, what it moved by is added to each of its rows. So a word's
vector moves as far as that of a word without n-grams does: its m rows take the gradient of the mean, 1/m of the
vector's, at m times the learning rate.
"""

from typing import NamedTuple

import numpy as np

from firth.native import simd
from firth.native.jit import inlined
from firth.sgd._rows import LINE


class ComposedRows(NamedTuple):
    """The rows of words and n-grams as all threads see them, and those of each word: addresses."""

    shared: int  # (rows, stride) float32
    row_bytes: int
    begins: int  # (words + 1,) int64: where the rows of a word begin in `parts`
    parts: int  # int32: the rows whose mean is the word's vector


@inlined
def fetch_parts(center, word):
    """Prefetch the rows of a word."""
    for i in range(simd.load_int(center.begins, word), simd.load_int(center.begins, word + 1)):
        row = center.shared + np.int64(simd.load_int32(center.parts, i)) * center.row_bytes
        for offset in range(0, center.row_bytes, LINE):
            simd.prefetch(row + offset)


@inlined
def compose(center, word, vector, base):
    """Write the mean of the rows of a word to `vector` and `base`."""
    first, last = simd.load_int(center.begins, word), simd.load_int(center.begins, word + 1)
    share = simd.splat(np.float32(1.0 / (last - first)))
    for offset in range(0, center.row_bytes, LINE):
        total = simd.splat(np.float32(0.0))
        for i in range(first, last):
            row = center.shared + np.int64(simd.load_int32(center.parts, i)) * center.row_bytes
            total = simd.add(total, simd.load(row + offset))
        total = simd.multiply(total, share)
        simd.store(total, vector + offset)
        simd.store(total, base + offset)


@inlined
def take_apart(center, word, vector, base):
    """Add what a vector moved by to each row of its word."""
    first, last = simd.load_int(center.begins, word), simd.load_int(center.begins, word + 1)
    for offset in range(0, center.row_bytes, LINE):
        simd.store(simd.sub(simd.load(vector + offset), simd.load(base + offset)), base + offset)
    for i in range(first, last):
        row = center.shared + np.int64(simd.load_int32(center.parts, i)) * center.row_bytes
        for offset in range(0, center.row_bytes, LINE):
            simd.store(simd.add(simd.load(row + offset), simd.load(base + offset)), row + offset)
