"""Word vectors made of n-grams: a token's vector is put together when a window reaches it, and taken apart after.

The vector of a word is the mean of its rows: its own and those of its character n-grams. Windows work on the vector
of a token as on any row; when the last window has left it, what it moved by is added to each of its rows. So a word's
vector moves as far as that of a word without n-grams does: its m rows take the gradient of the mean, 1/m of the
vector's, at m times the learning rate.
"""

from typing import NamedTuple

import numpy as np

from firth.native import simd
from firth.native.arrays import LANES
from firth.native.jit import inlined
from firth.sgd._blocks import MAX_OUTPUTS
from firth.sgd._rows import LINE
from firth.sgd._sums import move_rows_alike, sum_rows_alike


class ComposedRows(NamedTuple):
    """The rows of words and n-grams as all threads see them, and those of each word: addresses."""

    shared: int  # (rows, stride) float32
    row_bytes: int
    begins: int  # (words + 1,) int64: where the rows of a word begin in `parts`
    parts: int  # int32: the rows whose mean is the word's vector; 16 can be read from any
    table: int  # of the blocks


@inlined
def find_parts(center, word, addresses):
    """Write the addresses of a word's rows, 16 at a time; return how many they are."""
    first, last = simd.load_int(center.begins, word), simd.load_int(center.begins, word + 1)
    for part in range(0, last - first, LANES):
        numbers = center.parts + 4 * (first + part)
        simd.store_addresses(numbers, 0, center.shared, center.row_bytes, addresses + 8 * part)
    return last - first


@inlined
def compose(center, word, vector, base, scratch):
    """Write the mean of the rows of a word to `vector` and `base`."""
    count, before = find_parts(center, word, scratch.parts), simd.load_int(scratch.hidden, 2)
    simd.store_float(scratch.weight, 0, np.float32(1.0 / count))
    for part in range(0, count, MAX_OUTPUTS):
        size, rows = min(count - part, MAX_OUTPUTS), scratch.parts + 8 * part
        sum_rows_alike(center.table, size, rows, scratch.weight, center.row_bytes, before, vector)
        before = vector
    for offset in range(0, center.row_bytes, LINE):
        simd.store(simd.load(vector + offset), base + offset)


@inlined
def take_apart(center, word, vector, base, scratch):
    """Add what a vector moved by to each row of its word."""
    for offset in range(0, center.row_bytes, LINE):
        simd.store(simd.sub(simd.load(vector + offset), simd.load(base + offset)), base + offset)
    count = find_parts(center, word, scratch.parts)
    simd.store_float(scratch.weight, 0, np.float32(1.0))
    for part in range(0, count, MAX_OUTPUTS):
        size, rows = min(count - part, MAX_OUTPUTS), scratch.parts + 8 * part
        move_rows_alike(center.table, size, rows, scratch.weight, center.row_bytes, base)
