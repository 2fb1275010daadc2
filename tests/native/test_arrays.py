"""Rows for compiled code are aligned, whole and zero."""

import pytest

from firth.native.arrays import aligned_rows


@pytest.mark.parametrize(("count", "dim", "stride"), [(3, 1, 16), (3, 16, 16), (5, 17, 32), (1, 100, 112)])
def test_rows_are_aligned_zeros_of_whole_vectors(count, dim, stride):
    matrix = aligned_rows(count, dim)
    assert matrix.shape == (count, stride)
    assert matrix.ctypes.data % 64 == 0
    assert matrix.flags.c_contiguous
    assert not matrix.any()
