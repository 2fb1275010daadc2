"""Weighted sums of rows, and moves of rows by another one."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm
from firth.native.arrays import LANES
from firth.native.jit import compiled
from firth.sgd._blocks import MOVE, MOVE_ALIKE, SUM, SUM_ALIKE, calling, filler


def _rows_function(module, count, name, emit_chunk, arguments, alike):
    """The function that does `emit_chunk` with each vector of `count` rows.

    It takes the addresses of the rows' addresses and of their weights, the bytes of a row, and what `emit_chunk` takes.
    With `alike` every row has the first weight.
    """
    name = f"firth.{name}{'_alike' * alike}.{count}"
    function, builder = llvm.new_function(module, name, [llvm.I64] * arguments)
    rows, weights, row_bytes, *rest = function.args
    addresses = llvm.row_addresses(builder, rows, count)
    base = llvm.pointer(builder, weights, llvm.FLOAT)
    numbers = [ir.Constant(llvm.I64, j) for j in range(1 if alike else count)]
    factors = [llvm.splat(builder, builder.load(builder.gep(base, [j]))) for j in numbers]

    def chunk(offset):
        places = [builder.add(address, offset) for address in addresses]
        emit_chunk(builder, factors, places, offset, *rest)

    llvm.loop(builder, row_bytes, chunk, "chunk", step=4 * LANES)
    builder.ret_void()
    return function


def _sum_function(module, count, alike):
    return _rows_function(module, count, "sum_rows", _emit_sum, 5, alike)


def _move_function(module, count, alike):
    return _rows_function(module, count, "move_rows", _emit_move, 4, alike)


def _emit_sum(builder, factors, places, offset, start, target):
    """Emit one vector of a weighted sum; a single factor is that of all places."""
    before, parts = llvm.load(builder, builder.add(start, offset)), [llvm.load(builder, place) for place in places]
    if len(factors) == 1:
        total = parts[0]
        for part in parts[1:]:
            total = builder.fadd(total, part)
        total = llvm.multiply_add(builder, factors[0], total, before)
    else:
        sums = [before, llvm.constant(0.0)]
        for j, (factor, part) in enumerate(zip(factors, parts, strict=True)):
            sums[j % 2] = llvm.multiply_add(builder, factor, part, sums[j % 2])
        total = builder.fadd(*sums)
    llvm.store(builder, total, builder.add(target, offset))


def _emit_move(builder, factors, places, offset, by):
    """Emit one vector of a move; a single factor is that of all places."""
    move = llvm.load(builder, builder.add(by, offset))
    if len(factors) == 1:
        move = builder.fmul(factors[0], move)
        for place in places:
            llvm.store(builder, builder.fadd(llvm.load(builder, place), move), place)
    else:
        for factor, place in zip(factors, places, strict=True):
            llvm.store(builder, llvm.multiply_add(builder, factor, move, llvm.load(builder, place)), place)


@filler
def _fill_alike(module, fewest, most):
    for count in range(fewest, most + 1):
        yield SUM_ALIKE + count, _sum_function(module, count, alike=True)
        yield MOVE_ALIKE + count, _move_function(module, count, alike=True)


@filler
def _fill_weighted(module, fewest, most):
    for count in range(fewest, most + 1):
        yield SUM + count, _sum_function(module, count, alike=False)
        yield MOVE + count, _move_function(module, count, alike=False)


@compiled
def fill_alike(table, sizes):
    """Enter `sum_rows_alike` and `move_rows_alike` for a to b rows: `sizes` are tuples of lengths a and b."""
    _fill_alike(table, sizes)


@compiled
def fill_weighted(table, sizes):
    """Enter `sum_rows` and `move_rows` for a to b rows."""
    _fill_weighted(table, sizes)


def _summing(begin):
    @intrinsic
    def sum_rows(typingctx, table, count, rows, weights, row_bytes, start, target):
        """Write the row at `start` plus `Σ_j weights[j] row_j` of 1-16 rows to the row at `target`."""

        return calling(begin, [types.intp] * 6)

    return sum_rows


def _moving(begin):
    @intrinsic
    def move_rows(typingctx, table, count, rows, weights, row_bytes, by):
        """Add `weights[j]` times the row at `by` to each of 1-16 rows; one that occurs twice is moved twice."""

        return calling(begin, [types.intp] * 5)

    return move_rows


sum_rows, sum_rows_alike = _summing(SUM), _summing(SUM_ALIKE)
move_rows, move_rows_alike = _moving(MOVE), _moving(MOVE_ALIKE)
"""`alike`: `weights[0]` is the weight of every row."""
