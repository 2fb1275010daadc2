"""Matrices as compiled code takes them: whole vectors of 16 floats a row, on cache lines of their own."""

from typing import Any

import numpy as np
import numpy.typing as npt

LANES = 16
"""The floats of a vector: one AVX-512 register."""


def aligned_rows(count: int, dim: int) -> npt.NDArray[np.float32]:
    """A float32 matrix of zeros (count, dim rounded up to 16) whose rows are 64-byte aligned."""
    stride = -(-dim // LANES) * LANES
    memory = np.empty(count * stride + LANES, np.float32)  # not `zeros`: only `empty` asks for huge pages
    memory.fill(0.0)
    start = -memory.ctypes.data // 4 % LANES
    return memory[start : start + count * stride].reshape(count, stride)


def aligned_copy(matrix: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A copy of a matrix (n, dim) as `aligned_rows` makes one: the columns from `dim` on are zeros."""
    copy = aligned_rows(*matrix.shape)
    copy[:, : matrix.shape[1]] = matrix
    return copy
