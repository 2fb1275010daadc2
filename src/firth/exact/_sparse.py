"""Sparse counts in CSR form: products with dense matrices, the transpose, and weighted positive mutual information.

A matrix X (n, m) is `indptr` (n + 1,) int64, `indices` int32 and `data` float32: the entries of row c are those from
indptr[c] to indptr[c + 1]. Every result has the same bytes with any number of threads.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from firth.native import simd
from firth.native.jit import compiled, inlined
from firth.native.threads import Stage, run_stages

TASK_ENTRIES = 1 << 17
"""Entries of a task, more or less: some milliseconds."""

PIECE_ENTRIES = 1 << 21
"""Entries that are transposed between two chances for Ctrl-C: some ten milliseconds."""

_VECTOR = 4 * simd.LANES

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class Csr(NamedTuple):
    """A sparse matrix (n, m)."""

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]
    data: Floats
    columns: int


def expect(name: str, array: npt.NDArray[Any], dtype: type, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless an array is what a kernel takes it for."""
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        raise ValueError(f"{name} is {array.dtype} {array.shape}: expected contiguous {np.dtype(dtype).name} {shape}")


def expect_csr(x: Csr) -> None:
    """Raise ValueError unless every entry of a matrix is inside it."""
    expect("indptr", x.indptr, np.int64, (max(1, x.indptr.size),))
    expect("indices", x.indices, np.int32, (int(x.indptr[-1]),))
    expect("data", x.data, np.float32, x.indices.shape)
    if x.indptr[0] != 0 or (np.diff(x.indptr) < 0).any():
        raise ValueError("indptr does not rise from 0: expected where each row begins, and the end")
    if len(x.indices) and not 0 <= x.indices.min() <= x.indices.max() < x.columns:
        raise ValueError(f"indices are {x.indices.min()} to {x.indices.max()}: expected 0 to {x.columns - 1}")


def multiply(x: Csr, dense: Floats, out: Floats, threads: int, on_look: Callable[[], None] = lambda: None) -> None:
    """Write X B (n, stride) for a dense B (m, stride), rows as from `aligned_rows`; float32 sums in order of entries.

    Xᵀ B is the product of `transposed(x)`. `on_look` is that of `run_threads`.
    """
    expect_csr(x)
    stride = -(-dense.shape[-1] // simd.LANES) * simd.LANES
    expect("dense", dense, np.float32, (x.columns, stride))
    expect("out", out, np.float32, (len(x.indptr) - 1, stride))
    addresses = [array.ctypes.data for array in (*x[:3], dense, out)]
    _over_rows(x, threads, lambda first, last: _multiply_rows(*addresses, 4 * stride, first, last), on_look)


def transposed(x: Csr) -> Csr:
    """Xᵀ (m, n), with sorted columns."""
    expect_csr(x)
    n, total = len(x.indptr) - 1, int(x.indptr[-1])
    starts = np.zeros(x.columns + 1, np.int64)
    np.cumsum(np.bincount(x.indices, minlength=x.columns), out=starts[1:])
    indices, data, ends = np.empty(total, np.int32), np.empty(total, np.float32), starts.copy()
    addresses = [array.ctypes.data for array in (*x[:3], ends, indices, data)]
    for first, last in pairwise(_bounds(x, PIECE_ENTRIES)):
        _transpose(*addresses, first, last)
    return Csr(starts, indices, data, n)


def weighted_ppmi(x: Csr, row_sums: Doubles, column_sums: Doubles, threads: int) -> Csr:
    """√(p_c · p_o) · max(0, log(X[c, o] / (N · p_c · p_o))) for each entry of X.

    p_c and p_o are the sums given divided by N, the sum of `row_sums`.

    The result shares `indptr` and `indices` with X; entries that become zero stay.
    """
    expect_csr(x)
    expect("row_sums", row_sums, np.float64, (len(x.indptr) - 1,))
    expect("column_sums", column_sums, np.float64, (x.columns,))
    data, total = np.empty_like(x.data), float(row_sums.sum())
    addresses = [array.ctypes.data for array in (*x[:3], row_sums, column_sums, data)]
    _over_rows(x, threads, lambda first, last: _ppmi_rows(*addresses, total, first, last))
    return x._replace(data=data)


def _bounds(x: Csr, entries: int) -> list[int]:
    """Rows between which there are about so many entries, from 0 to the number of rows."""
    cuts = np.searchsorted(x.indptr, np.arange(0, x.indptr[-1], entries))
    bounds: list[int] = np.unique(np.concatenate([[0], cuts, [len(x.indptr) - 1]])).tolist()
    return bounds


def _over_rows(
    x: Csr, threads: int, task: Callable[[int, int], None], on_look: Callable[[], None] = lambda: None
) -> None:
    """Call `task(first, last)` for ranges of rows that have about as many entries each."""
    bounds = _bounds(x, TASK_ENTRIES)

    def run(number: int, thread: int) -> None:
        task(bounds[number], bounds[number + 1])

    run_stages([Stage(run, len(bounds) - 1)], threads, on_look)


@inlined
def _entry(indices, data, dense, row_bytes, i):
    """The factor of an entry in all lanes, and the address of its dense row."""
    return simd.splat(simd.load_float(data, i)), dense + np.int64(simd.load_int32(indices, i)) * row_bytes


@compiled
def _multiply_rows(indptr, indices, data, dense, out, row_bytes, first, last):
    zero = simd.splat(np.float32(0.0))
    wide = row_bytes - row_bytes % (4 * _VECTOR)
    for row in range(first, last):
        start, end = simd.load_int(indptr, row), simd.load_int(indptr, row + 1)
        to = out + row * row_bytes
        for offset in range(0, wide, 4 * _VECTOR):
            a, b, c, d = zero, zero, zero, zero
            for i in range(start, end):
                x, place = _entry(indices, data, dense + offset, row_bytes, i)
                a = simd.multiply_add(x, simd.load(place), a)
                b = simd.multiply_add(x, simd.load(place + _VECTOR), b)
                c = simd.multiply_add(x, simd.load(place + 2 * _VECTOR), c)
                d = simd.multiply_add(x, simd.load(place + 3 * _VECTOR), d)
            simd.store(a, to + offset)
            simd.store(b, to + offset + _VECTOR)
            simd.store(c, to + offset + 2 * _VECTOR)
            simd.store(d, to + offset + 3 * _VECTOR)
        for offset in range(wide, row_bytes, _VECTOR):
            a = zero
            for i in range(start, end):
                x, place = _entry(indices, data, dense + offset, row_bytes, i)
                a = simd.multiply_add(x, simd.load(place), a)
            simd.store(a, to + offset)


@compiled
def _transpose(indptr, indices, data, ends, to_indices, to_data, first, last):
    for row in range(first, last):
        for i in range(simd.load_int(indptr, row), simd.load_int(indptr, row + 1)):
            column = np.int64(simd.load_int32(indices, i))
            at = simd.load_int(ends, column)
            simd.store_int(ends, column, at + 1)
            simd.store_int32(to_indices, at, np.int32(row))
            simd.store_float(to_data, at, simd.load_float(data, i))


@compiled
def _ppmi_rows(indptr, indices, data, row_sums, column_sums, to, total, first, last):
    for row in range(first, last):
        row_sum = simd.load_double(row_sums, row)
        for i in range(simd.load_int(indptr, row), simd.load_int(indptr, row + 1)):
            expected = row_sum * simd.load_double(column_sums, np.int64(simd.load_int32(indices, i)))
            found = total * np.float64(simd.load_float(data, i))
            information = math.sqrt(expected) / total * math.log(found / expected) if found > expected else 0.0
            simd.store_float(to, i, np.float32(information))
