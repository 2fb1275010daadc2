"""Rows for compiled code are aligned, whole and zero."""

import numpy as np
import pytest

from firth.native import arrays
from firth.native.arrays import aligned_rows, compacted


@pytest.mark.parametrize(("count", "dim", "stride"), [(3, 1, 16), (3, 16, 16), (5, 17, 32), (1, 100, 112)])
def test_rows_are_aligned_zeros_of_whole_vectors(count, dim, stride):
    matrix = aligned_rows(count, dim)
    assert matrix.shape == (count, stride)
    assert matrix.ctypes.data % 64 == 0
    assert matrix.flags.c_contiguous
    assert not matrix.any()


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("dim", [1, 15, 16, 17, 32])
def test_rows_move_together_in_their_own_memory(monkeypatch, dim, step):
    monkeypatch.setattr(arrays, "ROWS_AT_ONCE", 3)
    matrix = aligned_rows(11, dim)
    matrix[:] = np.arange(matrix.size).reshape(matrix.shape)
    rows = matrix[::step, :dim]
    expected = rows.copy()
    found = compacted(rows)
    assert found.flags.c_contiguous
    assert found.ctypes.data == matrix.ctypes.data
    np.testing.assert_array_equal(found, expected)
