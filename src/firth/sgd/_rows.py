"""A matrix as one thread sees it: the rows of frequent words as a private copy, all others in place.

Several threads that write the same row make the processors pass its cache lines to and fro, so each thread works on a
copy of the first (most frequent) rows and merges a row after every `period` uses: shared += copy - base, then
copy = base = shared. Merging often is what keeps the sum of the threads' steps from overshooting.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.native.jit import compiled


class Rows(NamedTuple):
    """One matrix as one thread sees it, all addresses; no hot row means that all are used in place."""

    shared: int  # (n, stride) float32, every row 64-byte aligned
    private: int  # (hot, stride) float32
    base: int  # (hot, stride) float32: what `private` was at its last merge
    uses: int  # (hot,) int64: how often `take` gave the row since its last merge
    hot: int
    row_bytes: int
    period: int  # uses, as counted by `take`, between two merges of a row
    frozen: int  # (n,) int64: 1 for a row that stays as it is; 0 if there is none


def thread_rows(
    matrix: npt.NDArray[np.float32], hot: int, period: int, frozen: npt.NDArray[np.int64] | None = None
) -> tuple[Rows, list[npt.NDArray[Any]]]:
    """The Rows of a thread that keeps `hot` private rows of a matrix, and the arrays that they point to."""
    private, base = (aligned_rows(hot, matrix.shape[1]) for _ in range(2))
    private[:] = base[:] = matrix[:hot]
    arrays = [matrix, private, base, np.zeros(hot, np.int64)]
    held = 0
    if frozen is not None:
        arrays.append(frozen)
        held = frozen.ctypes.data
    return Rows(*[array.ctypes.data for array in arrays[:4]], hot, 4 * matrix.shape[1], period, held), arrays


@njit(inline="always")
def merge_row(rows, at):
    """Add what the thread did to the private row at a byte offset to the shared row, and begin anew from there."""
    for offset in range(at, at + rows.row_bytes, 4 * simd.LANES):
        change = simd.sub(simd.load(rows.private + offset), simd.load(rows.base + offset))
        merged = simd.add(simd.load(rows.shared + offset), change)
        simd.store(merged, rows.shared + offset)
        simd.store(merged, rows.private + offset)
        simd.store(merged, rows.base + offset)


@njit(inline="always")
def refresh_row(rows, at):
    """Take over the shared row."""
    for offset in range(at, at + rows.row_bytes, 4 * simd.LANES):
        row = simd.load(rows.shared + offset)
        simd.store(row, rows.private + offset)
        simd.store(row, rows.base + offset)


@compiled
def merge(rows):
    """Merge every private row that was used since its last merge, refresh the others."""
    for word in range(rows.hot):
        if simd.load_int(rows.uses, word) > 0:
            merge_row(rows, word * rows.row_bytes)
            simd.store_int(rows.uses, word, 0)
        else:
            refresh_row(rows, word * rows.row_bytes)


@njit(inline="always")
def take(rows, word, spare):
    """The address of a word's row for one block, merged first when its turn has come.

    A frozen row is copied to `spare`, for the block to move that.
    """
    at = word * rows.row_bytes
    if rows.frozen != 0 and simd.load_int(rows.frozen, word) != 0:
        for offset in range(0, rows.row_bytes, 4 * simd.LANES):
            simd.store(simd.load(rows.shared + at + offset), spare + offset)
        return spare
    if word >= rows.hot:
        return rows.shared + at
    uses = simd.load_int(rows.uses, word) + 1
    if uses > rows.period:
        merge_row(rows, at)
        uses = 1
    simd.store_int(rows.uses, word, uses)
    return rows.private + at


@njit(inline="always")
def place(rows, word):
    """The address of a word's row, for prefetching."""
    return word * rows.row_bytes + (rows.private if word < rows.hot else rows.shared)
