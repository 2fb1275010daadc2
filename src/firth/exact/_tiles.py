"""A tile of a matrix product, its sums kept in registers: what `dense` and `softmax` multiply with."""

import functools

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm
from firth.native.arrays import LANES
from firth.native.jit import compiled

_TILE = ir.FunctionType(ir.VoidType(), [llvm.I64] * 14)

MAX_ROWS = 6
MAX_VECTORS = 4
"""The largest tile: its 24 running sums and its operands fit the 32 registers of AVX-512."""


def _tile_columns(builder, rows, first, count, args):
    """Emit one run over the sum of `tile_product` for all rows and the vectors first..first + count of each."""
    outer, inner, a, a_row, a_step, a_outer, b, b_step, b_outer, start, start_row, c, c_row, ahead = args
    zero, one, line = (ir.Constant(llvm.I64, value) for value in (0, 1, 4 * LANES))
    columns = [ir.Constant(llvm.I64, 4 * LANES * (first + j)) for j in range(count)]
    a_rows = [builder.add(a, builder.mul(a_row, ir.Constant(llvm.I64, i))) for i in range(rows)]
    entry = builder.block
    panel, step, after_panel, done = (builder.append_basic_block(name) for name in ("panel", "step", "after", "done"))
    builder.branch(panel)

    builder.position_at_end(panel)
    panel_places = [builder.phi(llvm.I64) for _ in range(4)]  # o, and where A, B and the lines ahead are
    panel_sums = [builder.phi(llvm.VECTOR) for _ in range(rows * count)]
    builder.branch(step)

    builder.position_at_end(step)
    places = [builder.phi(llvm.I64) for _ in range(4)]  # t, and the same
    sums = [builder.phi(llvm.VECTOR) for _ in range(rows * count)]
    _, a_place, b_place, ahead_place = places
    llvm.prefetch(builder, ahead_place, to_write=0, cache=2)
    parts = [llvm.load(builder, builder.add(b_place, column)) for column in columns]
    new_sums = []
    for i in range(rows):
        factor = llvm.splat(builder, builder.load(llvm.pointer(builder, builder.add(a_rows[i], a_place), llvm.FLOAT)))
        new_sums += [llvm.multiply_add(builder, factor, part, sums[i * count + j]) for j, part in enumerate(parts)]
    new_places = [builder.add(*both) for both in zip(places, (one, a_step, b_step, line), strict=True)]
    before = [zero, *panel_places[1:], *panel_sums]
    for phi, old, new in zip([*places, *sums], before, [*new_places, *new_sums], strict=True):
        phi.add_incoming(old, panel)
        phi.add_incoming(new, step)
    builder.cbranch(builder.icmp_signed("<", new_places[0], inner), step, after_panel)

    builder.position_at_end(after_panel)
    o, a_panel, b_panel, _ = panel_places
    new_panel = [builder.add(*both) for both in ((o, one), (a_panel, a_outer), (b_panel, b_outer))]
    before = [zero, zero, b, ahead, *[llvm.constant(0.0)] * len(sums)]
    for phi, old, new in zip([*panel_places, *panel_sums], before, [*new_panel, new_places[3], *new_sums], strict=True):
        phi.add_incoming(old, entry)
        phi.add_incoming(new, after_panel)
    builder.cbranch(builder.icmp_signed("<", new_panel[0], outer), panel, done)

    builder.position_at_end(done)
    for i in range(rows):
        starts, targets = (
            builder.add(base, builder.mul(row, ir.Constant(llvm.I64, i)))
            for base, row in ((start, start_row), (c, c_row))
        )
        for j, column in enumerate(columns):
            old = llvm.load(builder, builder.add(starts, column))
            llvm.store(builder, builder.fadd(old, new_sums[i * count + j]), builder.add(targets, column))


def _tile_function(module, rows, vectors, wide):
    """The function of `tile_product`, built for one size of tile.

    Processors without 32 wide registers run over the sum once for each vector, so that the sums stay in registers.
    """
    name = f"firth.tile_product.{rows}.{vectors}"
    if name in module.globals:
        return module.globals[name]
    function, builder = llvm.new_function(module, name, _TILE.args)
    width = vectors if wide else 1
    for first in range(0, vectors, width):
        _tile_columns(builder, rows, first, width, function.args)
    builder.ret_void()
    return function


@intrinsic
def _store_tile_functions(typingctx, table):
    """Write the addresses of the functions of all tiles to the table at an address."""

    def codegen(context, builder, signature, args):
        wide = "+avx512f" in context.codegen().magic_tuple()[2]
        entries = llvm.pointer(builder, args[0], llvm.I64)
        for rows in range(1, MAX_ROWS + 1):
            for vectors in range(1, MAX_VECTORS + 1):
                function = _tile_function(builder.module, rows, vectors, wide)
                entry = builder.gep(entries, [ir.Constant(llvm.I64, _entry(rows, vectors))])
                builder.store(builder.ptrtoint(function, llvm.I64), entry)
        return context.get_dummy_value()

    return types.void(types.intp), codegen


def _entry(rows, vectors):
    return (rows - 1) * MAX_VECTORS + vectors - 1


@compiled
def _fill(table):
    _store_tile_functions(table)


@functools.cache
def tile_table() -> npt.NDArray[np.int64]:
    """The table (MAX_ROWS, MAX_VECTORS) that `tile_product` takes: where the compiled code of each tile is.

    So the tiles are compiled once, and not again in every function that multiplies.
    """
    table = np.empty((MAX_ROWS, MAX_VECTORS), np.int64)
    _fill(table.ctypes.data)
    return table


@intrinsic
def tile_product(
    typingctx,
    table,
    rows,
    vectors,
    outer,
    inner,
    a,
    a_row,
    a_step,
    a_outer,
    b,
    b_step,
    b_outer,
    start,
    start_row,
    c,
    c_row,
    ahead,
):
    """Write a tile of a matrix product, 1-6 rows of 1-4 vectors: C_ij = start_ij + Σ_o Σ_t A_i(o, t) · B_j(o, t).

    `table` is the address of `tile_table()`. A is floats, B, C and start are vectors of 16. Over o < outer and
    t < inner, both at least 1, the sum is taken in this order from zero, and then added to `start`. Addresses, all
    distances in bytes:

        A_i(o, t)   a + i · a_row + t · a_step + o · a_outer
        B_j(o, t)   b + 64 j      + t · b_step + o · b_outer
        start_ij    start + i · start_row + 64 j
        C_ij        c + i · c_row + 64 j

    With each term of the sum one more cache line from `ahead` on is fetched into the second cache.
    """

    def codegen(context, builder, signature, args):
        table, rows, vectors, *rest = args
        first = ir.Constant(llvm.I64, _entry(0, 0))
        entry = builder.add(builder.add(builder.mul(rows, ir.Constant(llvm.I64, MAX_VECTORS)), vectors), first)
        address = builder.load(builder.gep(llvm.pointer(builder, table, llvm.I64), [entry]))
        builder.call(llvm.pointer(builder, address, _TILE), rest)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 17), codegen
