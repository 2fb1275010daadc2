"""Products of tall float32 matrices.

Every sum is taken in an order that depends on the shapes alone, so results have the same bytes with any number of
threads, and whatever else the processor does. That is why NumPy's products are not used: the bytes of theirs depend on
the number of threads of the library below it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.exact import _tiles as tiles
from firth.exact._sparse import Doubles, Floats, expect
from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.native.jit import compiled
from firth.native.threads import Stage, run_stages

BLOCK = 48
"""Rows of a product that are made while a few columns of the right matrix stay in the cache."""

TASK_ROWS = 20 * BLOCK

GRAM_BLOCK = 128
"""Rows whose products are summed in float32 before they are added to float64 sums."""

GRAM_PARTS = 16
"""The most parts that the rows of a Gram matrix are cut into."""

_VECTOR = 4 * simd.LANES
_TILE = tiles.MAX_VECTORS * _VECTOR
_ZEROS = aligned_rows(1, _TILE // 4)


def multiply(a: Floats, b: Floats, out: Floats, threads: int, on_look: Callable[[], None] = lambda: None) -> None:
    """Write A B (n, stride) to `out`, for A (n, k and padding) and B (k, stride), rows as from `aligned_rows`.

    Each entry is a float32 sum in order of k. What the padding of A holds does not matter. `on_look` is that of
    `run_threads`.
    """
    k, stride = _expect_rows("b", b)
    _expect_rows("a", a)
    if not 1 <= k <= a.shape[1]:
        raise ValueError(f"a has {a.shape[1]} columns and b {k} rows: expected a row of b for 1 or more columns of a")
    expect("out", out, np.float32, (len(a), stride))
    if np.may_share_memory(out, a) or np.may_share_memory(out, b):
        raise ValueError("out shares memory with a or b: expected a matrix of its own")
    addresses = _addresses(tiles.tile_table(), a, b, out, _ZEROS)
    sizes = k, 4 * a.shape[1], 4 * stride

    def task(number: int, thread: int) -> Iterator[None]:
        end = min((number + 1) * TASK_ROWS, len(a))
        for first in range(number * TASK_ROWS, end, BLOCK):
            yield
            _multiply_rows(*addresses, *sizes, first, min(first + BLOCK, end))

    _run(task, -(-len(a) // TASK_ROWS), threads, on_look)


def gram_matrix(
    a: Floats, b: Floats, threads: int, weights: Floats | None = None, on_look: Callable[[], None] = lambda: None
) -> Doubles:
    """Aᵀ B = Σ_r w_r a_r b_rᵀ (row floats of A, of B), for A and B of n rows as from `aligned_rows`; w is 1 if None.

    Products of 128 rows are summed in float32, those sums in float64. `on_look` is that of `run_threads`.
    """
    n, columns = _expect_rows("a", a)
    _expect_rows("b", b)
    expect("b", b, np.float32, (n, b.shape[1]))
    if weights is not None:
        expect("weights", weights, np.float32, (n,))
    blocks = -(-n // GRAM_BLOCK)
    part_rows = GRAM_BLOCK * max(1, -(-blocks // GRAM_PARTS))
    parts = np.zeros((-(-n // part_rows), columns, b.shape[1]))
    scaled = [aligned_rows(GRAM_BLOCK if weights is not None else 0, columns) for _ in range(threads)]
    tile_scratch = [aligned_rows(tiles.MAX_ROWS, _TILE // 4) for _ in range(threads)]
    addresses = _addresses(tiles.tile_table(), a, b, _ZEROS)
    sizes = 4 * columns, 4 * b.shape[1]

    def task(number: int, thread: int) -> Iterator[None]:
        scratch = tile_scratch[thread].ctypes.data, scaled[thread].ctypes.data
        factors = 0 if weights is None else weights.ctypes.data
        end = min((number + 1) * part_rows, n)
        for first in range(number * part_rows, end, GRAM_BLOCK):
            yield
            rows = first, min(first + GRAM_BLOCK, end)
            _gram_rows(*addresses, factors, *sizes, *scratch, parts[number].ctypes.data, *rows)

    _run(task, len(parts), threads, on_look)
    total = np.zeros((columns, b.shape[1]))
    for part in parts:
        total += part
    return total


def _expect_rows(name: str, matrix: Floats) -> tuple[int, int]:
    """The shape of a matrix as from `aligned_rows`."""
    if matrix.ndim != 2 or matrix.shape[1] % simd.LANES:
        raise ValueError(f"{name} is of shape {matrix.shape}: expected rows of a multiple of {simd.LANES} floats")
    expect(name, matrix, np.float32, matrix.shape)
    return matrix.shape


def _addresses(*arrays: npt.NDArray[Any]) -> list[int]:
    return [array.ctypes.data for array in arrays]


def _run(task: Callable[[int, int], Iterator[None]], count: int, threads: int, on_look: Callable[[], None]) -> None:
    """Do the tasks; a single one in the calling thread."""
    if count == 1:
        for _ in task(0, 0):
            on_look()
    else:
        run_stages([Stage(task, count)], threads, on_look)


@compiled
def _multiply_rows(tile_table, a, b, out, zeros, k, a_bytes, row_bytes, first, last):
    vectors = row_bytes // _VECTOR
    groups = (vectors + tiles.MAX_VECTORS - 1) // tiles.MAX_VECTORS
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        done = 0
        for group in range(groups):
            size = (vectors - done) // (groups - group)
            for row in range(start, end, tiles.MAX_ROWS):
                count = min(tiles.MAX_ROWS, end - row)
                from_row, to = a + row * a_bytes, out + row * row_bytes + done * _VECTOR
                tiles.tile_product(
                    *(tile_table, count, size, 1, k, from_row, a_bytes, 4, 0, b + done * _VECTOR, row_bytes, 0),
                    *(zeros, 0, to, row_bytes, from_row + BLOCK * a_bytes),
                )
            done += size


@compiled
def _gram_rows(tile_table, a, b, zeros, weights, a_bytes, b_bytes, tile, scaled, total, first, last):
    """Add Σ_r w_r a_r b_rᵀ over the rows first..last to the doubles at `total`."""
    columns, vectors = a_bytes // 4, b_bytes // _VECTOR
    groups = (vectors + tiles.MAX_VECTORS - 1) // tiles.MAX_VECTORS
    for start in range(first, last, GRAM_BLOCK):
        rows = min(GRAM_BLOCK, last - start)
        of_a, of_b = a + start * a_bytes, b + start * b_bytes
        if weights != 0:
            for row in range(rows):
                weight = simd.splat(simd.load_float(weights, start + row))
                for offset in range(row * a_bytes, (row + 1) * a_bytes, _VECTOR):
                    simd.store(simd.multiply(simd.load(of_a + offset), weight), scaled + offset)
            of_a = scaled
        ahead = of_b + GRAM_BLOCK * b_bytes
        done = 0
        for group in range(groups):
            size = (vectors - done) // (groups - group)
            for column in range(0, columns, tiles.MAX_ROWS):
                count = min(tiles.MAX_ROWS, columns - column)
                tiles.tile_product(
                    *(tile_table, count, size, 1, rows, of_a + 4 * column, 4, a_bytes, 0),
                    *(of_b + done * _VECTOR, b_bytes, 0, zeros, 0, tile, _TILE, ahead),
                )
                for i in range(count):
                    to = total + 2 * ((column + i) * b_bytes + done * _VECTOR)
                    for j in range(size):
                        simd.add_to_doubles(simd.load(tile + i * _TILE + j * _VECTOR), to + 2 * j * _VECTOR)
            done += size
