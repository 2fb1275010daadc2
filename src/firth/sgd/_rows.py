"""A matrix as one thread sees it: the rows of frequent words as a private copy, all others in place.

Several threads that write the same row make the processors pass its cache lines to and fro, so each thread works on a
copy of the first (most frequent) rows and merges a row after every `period` uses: shared += copy - base, then
copy = base = shared. Merging often is what keeps the sum of the threads' steps from overshooting.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.native.jit import chosen_by_type, compiled, inlined
from firth.sgd._slots import LINE, Slots, take_slot


class Rows(NamedTuple):
    """One matrix as one thread sees it, all addresses; no hot row means that all are used in place."""

    shared: int  # (n, stride) float32, every row 64-byte aligned
    private: int  # (hot, stride) float32
    base: int  # (hot, stride) float32: what `private` was at its last merge
    uses: int  # (hot,) int64: how often `take` gave the row since its last merge
    hot: int
    row_bytes: int
    period: int  # uses, as counted by `take`, between two merges of a row


FrozenRows = NamedTuple("FrozenRows", [*Rows.__annotations__.items(), ("frozen", int)])
"""`Rows` of which some stay as they are. frozen: address of (n,) int64, 1 for such a row."""

AnyRows = Rows | FrozenRows


def thread_rows(
    matrix: npt.NDArray[np.float32], hot: int, period: int, frozen: npt.NDArray[np.int64] | None = None
) -> tuple[AnyRows, list[npt.NDArray[Any]]]:
    """The rows of a thread that keeps `hot` private rows of a matrix, and the arrays that they point to."""
    private, base = (aligned_rows(hot, matrix.shape[1]) for _ in range(2))
    private[:] = base[:] = matrix[:hot]
    arrays = [matrix, private, base, np.zeros(hot, np.int64)]
    parts = *[array.ctypes.data for array in arrays], hot, 4 * matrix.shape[1], period
    if frozen is None:
        return Rows(*parts), arrays
    return FrozenRows(*parts, frozen.ctypes.data), [*arrays, frozen]


@inlined
def _merge_row(rows, at):
    """Add what the thread did to the private row at a byte offset to the shared row, and begin anew from there."""
    for offset in range(at, at + rows.row_bytes, LINE):
        change = simd.sub(simd.load(rows.private + offset), simd.load(rows.base + offset))
        merged = simd.add(simd.load(rows.shared + offset), change)
        simd.store(merged, rows.shared + offset)
        simd.store(merged, rows.private + offset)
        simd.store(merged, rows.base + offset)


@inlined
def _refresh_row(rows, at):
    """Take over the shared row."""
    for offset in range(at, at + rows.row_bytes, LINE):
        row = simd.load(rows.shared + offset)
        simd.store(row, rows.private + offset)
        simd.store(row, rows.base + offset)


@compiled
def merge(rows):
    """Merge every private row that was used since its last merge, refresh the others."""
    for word in range(rows.hot):
        if simd.load_int(rows.uses, word) > 0:
            _merge_row(rows, word * rows.row_bytes)
            simd.store_int(rows.uses, word, 0)
        else:
            _refresh_row(rows, word * rows.row_bytes)


@chosen_by_type
def take(rows, word, spare):
    """The address of a word's row for one step, merged first when its turn has come.

    A frozen row is copied to `spare`, for the step to move that.
    """
    if rows.instance_class is Slots:
        return _take_slot
    return _take_or_copy if rows.instance_class is FrozenRows else _take


@chosen_by_type
def place(rows, word):
    """The address of a word's row for a whole span: where all threads see it, or the shard's copy."""
    return _slot if rows.instance_class is Slots else _shared_row


def _shared_row(rows, word):
    return rows.shared + word * rows.row_bytes


def _slot(rows, word):
    return take_slot(rows, word)


def _take_slot(rows, word, spare):
    return take_slot(rows, word)


@inlined
def _take_in_place(rows, word):
    at = word * rows.row_bytes
    if word >= rows.hot:
        return rows.shared + at
    uses = simd.load_int(rows.uses, word) + 1
    if uses > rows.period:
        _merge_row(rows, at)
        uses = 1
    simd.store_int(rows.uses, word, uses)
    return rows.private + at


def _take(rows, word, spare):
    return _take_in_place(rows, word)


def _take_or_copy(rows, word, spare):
    if simd.load_int(rows.frozen, word) == 0:
        return _take_in_place(rows, word)
    at = rows.shared + word * rows.row_bytes
    for offset in range(0, rows.row_bytes, LINE):
        simd.store(simd.load(at + offset), spare + offset)
    return spare
