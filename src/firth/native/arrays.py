"""Matrices as compiled code takes them: whole vectors of 16 floats a row, on cache lines of their own."""

from typing import Any

import numpy as np
import numpy.typing as npt

ROWS_AT_ONCE = 1 << 14

LANES = 16
"""The floats of a vector: one AVX-512 register."""


HUGE_PAGE = (1 << 21) // 4
"""The floats of a huge page, where the system gives them."""


def aligned_rows(count: int, dim: int) -> npt.NDArray[np.float32]:
    """A float32 matrix of zeros (count, dim rounded up to 16) whose rows are 64-byte aligned.

    A large one begins with a huge page, as the rows that are used most come first.
    """
    stride = -(-dim // LANES) * LANES
    size = count * stride
    unit = HUGE_PAGE if size >= HUGE_PAGE else LANES
    memory = np.empty(size + unit, np.float32)  # not `zeros`: only `empty` asks for huge pages
    start = -memory.ctypes.data // 4 % unit
    rows = memory[start : start + size]
    rows.fill(0.0)
    return rows.reshape(count, stride)


def aligned_copy(matrix: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A copy of a matrix (n, dim) as `aligned_rows` makes one: the columns from `dim` on are zeros."""
    copy = aligned_rows(*matrix.shape)
    copy[:, : matrix.shape[1]] = matrix
    return copy


def compacted(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The rows (n, dim) of a wider matrix, one right behind the other in the same memory, which they overwrite."""
    n, dim = rows.shape
    numbers = np.lib.stride_tricks.as_strided(rows, (n * dim,), rows.strides[1:])
    for begin in range(0, n, ROWS_AT_ONCE):
        block = rows[begin : begin + ROWS_AT_ONCE].copy()
        numbers[begin * dim : begin * dim + block.size] = block.ravel()
    return numbers.reshape(n, dim)
