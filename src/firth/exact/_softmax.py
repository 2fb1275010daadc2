"""One pass of the exact softmax objective over sparse counts: loss and gradients by fused matrix products.

With V (n, d) center rows, U (m, d) outside rows, b (m,) a bias, X (n, m) counts and N_c = Σ_o X[c, o]:

    z_c = U v_c + b;  ŷ_c = softmax(z_c);  loss of row c = -Σ_o X[c, o] log ŷ_c[o];  E_c = N_c ŷ_c - X_c
    ∂/∂v_c = Uᵀ E_c;  ∂/∂U = Σ_c E_c v_cᵀ;  ∂/∂b = Σ_c E_c

Center rows are taken in groups. The forward tasks of a group, one a block of its rows, make z, the row's loss, E and
the gradient of V; they keep E divided by N_c / Σ_o e^(z_o - max z), which the rows of V are multiplied by instead.
Then its backward tasks, one a few panels of outside words, add the group's part to the gradients of U and b. So every
sum is taken in an order that depends on n, m and d alone: the result has the same bytes with any number of threads.

A pass that an exception ends can go on, as `added` says how far the sums are: the groups that some panels have not got
yet pass through their forward tasks again, which leave the same numbers.

A probability below 2^-64 of the row's largest counts as 2^-64 of it. Rows without counts have loss and gradients zero.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.exact import _tiles as tiles
from firth.exact._sparse import Csr, expect, expect_csr
from firth.native import simd
from firth.native.arrays import aligned_rows
from firth.native.jit import compiled, inlined
from firth.native.threads import Stage, run_stages

NO_WORD = -1e30
"""The score of a place after the last word, of probability zero."""

PANEL = tiles.MAX_VECTORS * simd.LANES
"""Outside words of a panel: z, the packed copy of U and its gradient are kept panel by panel."""

BLOCK = 48
"""Center rows of a forward task."""

GROUP = 384
"""Center rows whose products are summed in a gradient of U before they are added to it."""

BACKWARD_PANELS = 8
"""Panels of a backward task."""

_VECTOR = 4 * simd.LANES
_PANEL = 4 * PANEL
_SCRATCH_BYTES = BLOCK * (4 * simd.LANES + 8 * simd.LANES + 8)


class Pass(NamedTuple):
    """Sizes, and addresses of what a pass reads and writes; float32 where nothing else is said."""

    tile_table: int  # of `tiles.tile_table`
    words: int  # m
    dim: int
    panels: int
    center: int  # (n, row floats)
    outside: int  # (m, row floats)
    row_bytes: int
    bias: int  # (m,)
    packed: int  # (panels, dim, PANEL): U, word by word
    packed_bias: int  # (panels, PANEL)
    indptr: int  # (n + 1,) int64
    indices: int  # int32
    data: int
    row_loss: int  # (n,) float64
    grad_center: int  # (n, row floats), or 0 for the loss alone
    grad_outside: int  # (m, row floats)
    grad_bias: int  # (m,)
    packed_grad: int  # (panels, dim + 1, PANEL): of U and then of b, word by word
    scaled_bytes: int  # of a row of `scaled`


class Slab(NamedTuple):
    """Addresses of what the forward tasks of a group leave for its backward tasks."""

    errors: int  # (blocks, panels, BLOCK, PANEL): z, then E / factor
    scaled: int  # (rows, dim + 1 and padding): factor · v_c, then the factor N_c / Σ_o e^(z_o - max z)


class BlockScratch(NamedTuple):
    """Addresses of what a thread reuses from block to block."""

    maxima: int  # (BLOCK, 16): max z in all lanes
    sums: int  # (BLOCK, 16) float64: Σ_o e^(z_o - max z), lane by lane
    factors: int  # (BLOCK,) float64: N_c, then the factor


@compiled
def pack(p, first, last):
    """Copy U and b of the panels first..last into panels; words beyond the last get a bias that no softmax notices."""
    for panel in range(first, last):
        for lane in range(PANEL):
            word = panel * PANEL + lane
            inside = word < p.words
            bias = simd.load_float(p.bias, word) if inside else np.float32(NO_WORD)
            simd.store_float(p.packed_bias, word, bias)
            for k in range(p.dim):
                value = simd.load_float(p.outside + word * p.row_bytes, k) if inside else np.float32(0.0)
                simd.store_float(p.packed, (panel * p.dim + k) * PANEL + lane, value)


@compiled
def unpack(p, first, last):
    """Copy the gradients of U and b of the panels first..last to where they belong."""
    for panel in range(first, last):
        base = panel * (p.dim + 1) * PANEL
        for lane in range(min(PANEL, p.words - panel * PANEL)):
            word = panel * PANEL + lane
            for k in range(p.dim):
                value = simd.load_float(p.packed_grad, base + k * PANEL + lane)
                simd.store_float(p.grad_outside + word * p.row_bytes, k, value)
            for k in range(p.dim, p.row_bytes // 4):
                simd.store_float(p.grad_outside + word * p.row_bytes, k, np.float32(0.0))
            simd.store_float(p.grad_bias, word, simd.load_float(p.packed_grad, base + p.dim * PANEL + lane))


@inlined
def scores(p, center, rows, errors, maxima):
    """Write z of a block of rows, and the largest of each row to all 16 lanes of its maximum."""
    for row in range(rows):
        simd.store(simd.splat(np.float32(-np.inf)), maxima + row * _VECTOR)
    for panel in range(p.panels):
        z = errors + panel * BLOCK * _PANEL
        u = p.packed + panel * p.dim * _PANEL
        b = p.packed_bias + panel * _PANEL
        for row in range(0, rows, tiles.MAX_ROWS):
            v, to = center + row * p.row_bytes, z + row * _PANEL
            size = min(tiles.MAX_ROWS, rows - row)
            ahead = u + p.dim * (_PANEL + row // tiles.MAX_ROWS * _VECTOR)
            tiles.tile_product(
                *(p.tile_table, size, tiles.MAX_VECTORS, 1, p.dim, v, p.row_bytes, 4, 0),
                *(u, _PANEL, 0, b, 0, to, _PANEL, ahead),
            )
        for row in range(rows):
            largest = simd.load(maxima + row * _VECTOR)
            for offset in range(0, _PANEL, _VECTOR):
                largest = simd.maximum(simd.load(z + row * _PANEL + offset), largest)
            simd.store(largest, maxima + row * _VECTOR)
    for row in range(rows):
        maximum = simd.load_float(maxima + row * _VECTOR, 0)
        for lane in range(1, simd.LANES):
            maximum = max(maximum, simd.load_float(maxima + row * _VECTOR, lane))
        simd.store(simd.splat(maximum), maxima + row * _VECTOR)


@inlined
def exponentials(p, rows, errors, maxima, sums):
    """Replace z by e^(z - max z), and write the sums of each row lane by lane."""
    for i in range(rows * simd.LANES):
        simd.store_double(sums, i, 0.0)
    for panel in range(p.panels):
        for row in range(rows):
            z = errors + (panel * BLOCK + row) * _PANEL
            largest = simd.load(maxima + row * _VECTOR)
            total = simd.splat(np.float32(0.0))
            for offset in range(0, _PANEL, _VECTOR):
                e = simd.exp_of_minus_abs(simd.sub(simd.load(z + offset), largest))
                simd.store(e, z + offset)
                total = simd.add(total, e)
            simd.add_to_doubles(total, sums + row * 8 * simd.LANES)


@inlined
def gradient_of_rows(p, rows, errors, grad):
    """Write E / factor times U to the rows of a gradient of V."""
    for offset in range(0, rows * p.row_bytes, _VECTOR):
        simd.store(simd.splat(np.float32(0.0)), grad + offset)
    vectors = p.row_bytes // _VECTOR
    groups = (vectors + tiles.MAX_VECTORS - 1) // tiles.MAX_VECTORS
    for panel in range(p.panels):
        words = min(PANEL, p.words - panel * PANEL)
        ahead = p.outside + (panel + 1) * PANEL * p.row_bytes
        first = 0
        for group in range(groups):
            size = (vectors - first) // (groups - group)
            u = p.outside + panel * PANEL * p.row_bytes + first * _VECTOR
            for row in range(0, rows, tiles.MAX_ROWS):
                e = errors + (panel * BLOCK + row) * _PANEL
                to = grad + row * p.row_bytes + first * _VECTOR
                count = min(tiles.MAX_ROWS, rows - row)
                tiles.tile_product(
                    *(p.tile_table, count, size, 1, words, e, _PANEL, 4, 0),
                    *(u, p.row_bytes, 0, to, p.row_bytes, to, p.row_bytes, ahead),
                )
                ahead += words * _VECTOR
            first += size


@inlined
def place(word):
    """Where the entry of an outside word is in a row of a block, in floats."""
    return (word // PANEL) * (BLOCK * PANEL) + word % PANEL


@inlined
def observed_scores(p, first, rows, errors, totals):
    """Write Σ_o X[c, o] z_o to the loss of each row, and N_c."""
    for row in range(rows):
        z, score, total = errors + row * _PANEL, 0.0, 0.0
        for i in range(simd.load_int(p.indptr, first + row), simd.load_int(p.indptr, first + row + 1)):
            count = np.float64(simd.load_float(p.data, i))
            score += count * np.float64(simd.load_float(z, place(simd.load_int32(p.indices, i))))
            total += count
        simd.store_double(p.row_loss, first + row, score)
        simd.store_double(totals, row, total)


@inlined
def losses(p, first, rows, scratch):
    """Write the loss of each row, N_c log Σ_o e^z_o - Σ_o X[c, o] z_o, and its factor."""
    for row in range(rows):
        total = 0.0
        for lane in range(simd.LANES):
            total += simd.load_double(scratch.sums, row * simd.LANES + lane)
        log_sum = np.float64(simd.load_float(scratch.maxima + row * _VECTOR, 0)) + math.log(total)
        count = simd.load_double(scratch.factors, row)
        simd.store_double(p.row_loss, first + row, count * log_sum - simd.load_double(p.row_loss, first + row))
        simd.store_double(scratch.factors, row, count / total)


@inlined
def subtract_counts(p, first, rows, errors, factors):
    """Subtract X / factor from the exponentials, which gives E / factor."""
    for row in range(rows):
        factor = simd.load_double(factors, row)
        if factor == 0.0:
            continue
        e = errors + row * _PANEL
        for i in range(simd.load_int(p.indptr, first + row), simd.load_int(p.indptr, first + row + 1)):
            at = place(simd.load_int32(p.indices, i))
            part = np.float64(simd.load_float(p.data, i)) / factor
            simd.store_float(e, at, simd.load_float(e, at) - np.float32(part))


@inlined
def scale(vectors, row_bytes, factor, to):
    """Write a row times a factor."""
    factors = simd.splat(np.float32(factor))
    for offset in range(0, row_bytes, _VECTOR):
        simd.store(simd.multiply(simd.load(vectors + offset), factors), to + offset)


@compiled
def forward(p, slab, first, rows, at, scratch):
    """The losses of a block of rows from `first` on, `at` in its group, and unless `grad_center` is 0 E and ∂/∂V."""
    errors = slab.errors + (at // BLOCK) * p.panels * BLOCK * _PANEL
    center, grad = p.center + first * p.row_bytes, p.grad_center + first * p.row_bytes
    scores(p, center, rows, errors, scratch.maxima)
    observed_scores(p, first, rows, errors, scratch.factors)
    exponentials(p, rows, errors, scratch.maxima, scratch.sums)
    losses(p, first, rows, scratch)
    if p.grad_center == 0:
        return
    subtract_counts(p, first, rows, errors, scratch.factors)
    gradient_of_rows(p, rows, errors, grad)
    for row in range(rows):
        factor = simd.load_double(scratch.factors, row)
        offset, to = row * p.row_bytes, slab.scaled + (at + row) * p.scaled_bytes
        scale(center + offset, p.row_bytes, factor, to)
        simd.store_float(to, p.dim, np.float32(factor))
        scale(grad + offset, p.row_bytes, factor, grad + offset)


@compiled
def backward(p, slab, rows, first, last):
    """Add what a group of rows gives to the gradients of U and b of the panels first..last."""
    whole, rest = rows // BLOCK, rows % BLOCK
    block_bytes = p.panels * BLOCK * _PANEL
    for panel in range(first, last):
        for k in range(0, p.dim + 1, tiles.MAX_ROWS):
            size = min(tiles.MAX_ROWS, p.dim + 1 - k)
            f = slab.scaled + 4 * k
            e = slab.errors + panel * BLOCK * _PANEL
            to = p.packed_grad + (panel * (p.dim + 1) + k) * _PANEL
            ahead = e + (k // tiles.MAX_ROWS % max(whole, 1)) * block_bytes + BLOCK * _PANEL
            if whole > 0:
                tiles.tile_product(
                    *(p.tile_table, size, tiles.MAX_VECTORS, whole, BLOCK),
                    *(f, 4, p.scaled_bytes, BLOCK * p.scaled_bytes),
                    *(e, _PANEL, block_bytes, to, _PANEL, to, _PANEL, ahead),
                )
            if rest > 0:
                f += whole * BLOCK * p.scaled_bytes
                e += whole * block_bytes
                tiles.tile_product(
                    *(p.tile_table, size, tiles.MAX_VECTORS, 1, rest, f, 4, p.scaled_bytes, 0),
                    *(e, _PANEL, 0, to, _PANEL, to, _PANEL, ahead),
                )


def _panels(words: int) -> int:
    return -(-words // PANEL)


def _padded(dim: int) -> int:
    return -(-dim // simd.LANES) * simd.LANES


def _group_rows(threads: int) -> int:
    """Center rows of a group of tasks: enough blocks to keep all threads at work."""
    return GROUP * -(-threads // (GROUP // BLOCK))


def scratch_bytes(n: int, m: int, dim: int, threads: int) -> int:
    """The bytes that a `SoftmaxPass` of this size allocates."""
    rows = 2 * min(_group_rows(threads), -(-n // BLOCK) * BLOCK)
    panels = _panels(m)
    return 4 * (rows * (panels * PANEL + _padded(dim + 1)) + panels * PANEL * (2 * dim + 2)) + threads * _SCRATCH_BYTES


Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class SoftmaxPass:
    """Passes over counts X (n, m) in CSR form: `indptr` (n + 1,) int64, `indices` int32, `data` float32.

    added: int64, for every BACKWARD_PANELS panels the rows of V whose part is in the gradients of U and b. sums:
    float32, these gradients so far, panel by panel.
    """

    def __init__(
        self,
        indptr: npt.NDArray[np.int64],
        indices: npt.NDArray[np.int32],
        data: Floats,
        n: int,
        m: int,
        dim: int,
        threads: int,
    ) -> None:
        """Allocate `scratch_bytes`; the three arrays are kept and must not change."""
        expect("indptr", indptr, np.int64, (n + 1,))
        expect_csr(Csr(indptr, indices, data, m))
        self._kept = indptr, indices, data
        self._shape, self._threads = (n, m, dim), threads
        panels = _panels(m)
        self._rows = _group_rows(threads)
        blocks = min(self._rows // BLOCK, -(-n // BLOCK))
        self._slabs = [
            (aligned_rows(blocks * panels * BLOCK, PANEL), aligned_rows(blocks * BLOCK, dim + 1)) for _ in range(2)
        ]
        self._packed, self._packed_bias = aligned_rows(panels * dim, PANEL), aligned_rows(panels, PANEL)
        self.sums = aligned_rows(panels * (dim + 1), PANEL)
        self.added = np.zeros(-(-panels // BACKWARD_PANELS), np.int64)
        self._scored = np.zeros(-(-n // BLOCK), np.bool_)  # the blocks whose losses are there
        self._scratch_memory = [aligned_rows(1, _SCRATCH_BYTES // 4) for _ in range(threads)]
        sums, factors = BLOCK * _VECTOR, 3 * BLOCK * _VECTOR
        bases = [memory.ctypes.data for memory in self._scratch_memory]
        self._scratch = [BlockScratch(base, base + sums, base + factors) for base in bases]

    def run(
        self,
        center: Floats,
        outside: Floats,
        bias: Floats,
        grad_center: Floats,
        grad_outside: Floats,
        grad_bias: Floats,
        row_loss: Doubles,
        progress: Callable[[int], None] = lambda rows: None,
        go_on: bool = False,
    ) -> None:
        """Write the gradients of V (n, stride), U (m, stride) and b (m,), and the loss of each center row (n,) in nats.

        Matrices are as from `aligned_rows`, with padding that is zero. `progress` is called some ten times a second
        with the number of rows done. After KeyboardInterrupt, raised in 0.2 s, or another exception of `progress`, the
        results are not complete; `go_on` with the same arguments completes them.
        """
        if not go_on:
            self.begin()
        self._run(center, outside, bias, (grad_center, grad_outside, grad_bias), row_loss, progress, self.rows_added)

    def loss(
        self,
        center: Floats,
        outside: Floats,
        bias: Floats,
        row_loss: Doubles,
        progress: Callable[[int], None] = lambda rows: None,
        go_on: bool = False,
    ) -> None:
        """Write the loss of each center row, byte for byte as `run` does, by one matrix product instead of three."""
        if not go_on:
            self.begin()
        self._run(center, outside, bias, None, row_loss, progress, self.rows_scored)

    def begin(self) -> None:
        """Forget a pass that is not complete."""
        self.added[:] = 0
        self.sums[:] = 0.0
        self._scored[:] = False

    @property
    def rows_added(self) -> int:
        """How many rows of a pass with gradients are done, from the first on: a multiple of GROUP, or n."""
        return int(self.added.min())

    @property
    def rows_scored(self) -> int:
        """How many rows have their loss, from the first on: a multiple of GROUP, or n."""
        if self._scored.all():
            return self._shape[0]
        return int(self._scored.argmin()) * BLOCK // GROUP * GROUP

    def go_on_from(self, rows: int) -> None:
        """Take the losses of the first rows as done, a multiple of GROUP of them or n."""
        self._scored[: -(-rows // BLOCK)] = True

    def _run(
        self,
        center: Floats,
        outside: Floats,
        bias: Floats,
        gradients: tuple[Floats, Floats, Floats] | None,
        row_loss: Doubles,
        progress: Callable[[int], None],
        first: int,
    ) -> None:
        n, m, dim = self._shape
        stride = _padded(dim)
        shapes = (n, stride), (m, stride), (m,)
        for name, array, shape in zip(("center", "outside", "bias"), (center, outside, bias), shapes, strict=True):
            expect(name, array, np.float32, shape)
        for name, array, shape in zip(("center", "outside", "bias"), gradients or (), shapes, strict=False):
            expect(f"gradient of {name}", array, np.float32, shape)
        expect("row_loss", row_loss, np.float64, (n,))
        addresses = [array.ctypes.data for array in gradients] if gradients else [0, 0, 0]
        p = Pass(
            tile_table=tiles.tile_table().ctypes.data,
            words=m,
            dim=dim,
            panels=_panels(m),
            center=center.ctypes.data,
            outside=outside.ctypes.data,
            row_bytes=4 * stride,
            bias=bias.ctypes.data,
            packed=self._packed.ctypes.data,
            packed_bias=self._packed_bias.ctypes.data,
            indptr=self._kept[0].ctypes.data,
            indices=self._kept[1].ctypes.data,
            data=self._kept[2].ctypes.data,
            row_loss=row_loss.ctypes.data,
            grad_center=addresses[0],
            grad_outside=addresses[1],
            grad_bias=addresses[2],
            packed_grad=self.sums.ctypes.data,
            scaled_bytes=4 * _padded(dim + 1),
        )
        done = [0] * self._threads
        run_stages(self._stages(p, done, first), self._threads, lambda: progress(first + sum(done)))
        progress(n)

    def _stages(self, p: Pass, done: list[int], first: int) -> list[Stage]:
        """Pack; the forward tasks of each group, and after those of the next one its backward tasks; unpack."""
        n = self._shape[0]
        slabs = [Slab(*[array.ctypes.data for array in slab]) for slab in self._slabs]
        starts = range(first, n, self._rows)
        result = [_over_panels(pack, p)]
        forwards: list[int] = []
        backwards: list[int] = []
        for group in range(len(starts) + 1):
            if group < len(starts):
                free = backwards[group - 2 : group - 1] if p.grad_center else forwards[group - 2 : group - 1]
                forwards.append(len(result))
                result.append(
                    self._forward(p, slabs[group % 2], starts[group], done, tuple(free if group > 1 else [0]))
                )
            if group > 0 and p.grad_center:
                after = (forwards[group - 1], *backwards[group - 2 : group - 1])
                backwards.append(len(result))
                result.append(self._backward(p, slabs[(group - 1) % 2], starts[group - 1], after))
        if p.grad_center:
            result.append(_over_panels(unpack, p, tuple(backwards[-1:])))
        return result

    def _forward(self, p: Pass, slab: Slab, start: int, done: list[int], after: tuple[int, ...]) -> Stage:
        rows = min(self._rows, self._shape[0] - start)

        def task(number: int, thread: int) -> None:
            at = number * BLOCK
            size = min(BLOCK, rows - at)
            forward(p, slab, start + at, size, at, self._scratch[thread])
            self._scored[(start + at) // BLOCK] = True
            done[thread] += size

        return Stage(task, -(-rows // BLOCK), after)

    def _backward(self, p: Pass, slab: Slab, start: int, after: tuple[int, ...]) -> Stage:
        rows = min(self._rows, self._shape[0] - start)

        def task(number: int, thread: int) -> None:
            first = number * BACKWARD_PANELS
            for at in range(max(0, int(self.added[number]) - start), rows, GROUP):
                part = Slab(slab.errors + at * p.panels * _PANEL, slab.scaled + at * p.scaled_bytes)
                size = min(GROUP, rows - at)
                backward(p, part, size, first, min(first + BACKWARD_PANELS, p.panels))
                self.added[number] = start + at + size

        return Stage(task, -(-p.panels // BACKWARD_PANELS), after)


def _over_panels(kernel: Callable[..., None], p: Pass, after: tuple[int, ...] = ()) -> Stage:
    def task(number: int, thread: int) -> None:
        first = number * BACKWARD_PANELS
        kernel(p, first, min(first + BACKWARD_PANELS, p.panels))

    return Stage(task, -(-p.panels // BACKWARD_PANELS), after)
