"""The blocks that a step is made of: coefficients of pairs, weighted sums of rows, moves of rows.

A block is a function of its own for every number of rows, so that what it works on stays in registers. The functions
that a run needs are compiled by the `fill_*` functions, which write their addresses to a table; kernels call them by
those addresses. So a block is compiled once, however many kernels use it, and none that the run does not need.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

from firth.native import llvm
from firth.native.arrays import LANES
from firth.native.jit import compiled

MAX_INPUTS = 4
MAX_OUTPUTS = 16
MAX_PAIRS = 24
"""The largest tile of `pair_coefficients`: its 24 running sums and its operands fit the 32 registers of AVX-512."""

PAD = -1e30
"""A z whose loss and gradient are zero: it fills the last vector of a tile."""


def _sigmoid_coefficients(builder, scores, valid, yes, minus_lr, sums):
    """Coefficients and new running sums for a vector of scores of which the first `valid` lanes count.

    The sign of a pair is -1 where its bit of `yes`, 16 bits, is set, else +1. With z = sign · score a term of the loss
    is log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) and its derivative σ(z): no score is too large for it. The sums are
    Σ max(z, 0) and Π (1 + e^-|z|), so that no logarithm is taken here.
    """
    padding = ir.Constant(llvm.VECTOR, [0.0] * valid + [PAD] * (LANES - valid))
    bits = builder.bitcast(yes, llvm.FLAGS)
    sign = builder.select(bits, llvm.constant(-1.0), llvm.constant(1.0))
    z = llvm.multiply_add(builder, sign, scores, padding)
    small = llvm.exp_of_minus_abs(builder, z)
    factor = builder.fadd(llvm.constant(1.0), small)
    below = builder.fcmp_ordered("<", z, llvm.constant(0.0))
    sigmoid = builder.fmul(builder.select(below, small, llvm.constant(1.0)), llvm.reciprocal_of_1_to_2(builder, factor))
    coefficients = builder.fmul(builder.fmul(sign, minus_lr), sigmoid)
    positive_parts = builder.fadd(sums[0], builder.select(below, llvm.constant(0.0), z))
    return coefficients, (positive_parts, builder.fmul(sums[1], factor))


@register_jitable
def tile_inputs(outputs):
    """The most inputs of a tile with `outputs` outputs."""
    return min(MAX_INPUTS, MAX_PAIRS // outputs)


def _store_coefficients(builder, products, yes, coefficients, sums, lr):
    """Emit the coefficients of all products, whose bits of `yes` are in order, and add their losses to the sums."""
    minus_lr = llvm.splat(builder, builder.fneg(lr))
    places = [sums, builder.add(sums, ir.Constant(llvm.I64, 4 * LANES))]
    running = [llvm.load(builder, place) for place in places]
    for first in range(0, len(products), LANES):
        part = products[first : first + LANES]
        bits = builder.trunc(builder.lshr(yes, ir.Constant(llvm.I64, first)), ir.IntType(LANES))
        part_coefficients, running = _sigmoid_coefficients(
            builder, llvm.sum_lanes(builder, part), len(part), bits, minus_lr, running
        )
        llvm.store(builder, part_coefficients, builder.add(coefficients, ir.Constant(llvm.I64, 4 * first)))
    for total, place in zip(running, places, strict=True):
        llvm.store(builder, total, place)


def _pair_function(module, inputs, outputs):
    """The function of `pair_coefficients` for one size of tile."""
    name = f"firth.pair_coefficients.{inputs}.{outputs}"
    function, builder = llvm.new_function(module, name, [llvm.I64] * 6 + [llvm.FLOAT])
    x_rows, u_rows, row_bytes, yes, coefficients, sums, lr = function.args
    x = llvm.row_addresses(builder, x_rows, inputs)
    u = llvm.row_addresses(builder, u_rows, outputs)
    entry, loop, done = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.branch(loop)

    builder.position_at_end(loop)
    offset = builder.phi(llvm.I64)
    offset.add_incoming(ir.Constant(llvm.I64, 0), entry)
    products = [builder.phi(llvm.VECTOR) for _ in range(inputs * outputs)]
    x_parts = [llvm.load(builder, builder.add(row, offset)) for row in x]
    new_products = [None] * len(products)
    for j in range(outputs):
        u_part = llvm.load(builder, builder.add(u[j], offset))
        for i in range(inputs):
            at = i * outputs + j
            new_products[at] = llvm.multiply_add(builder, x_parts[i], u_part, products[at])
    after = builder.add(offset, ir.Constant(llvm.I64, 4 * LANES))
    offset.add_incoming(after, loop)
    for product, new in zip(products, new_products, strict=True):
        product.add_incoming(llvm.constant(0.0), entry)
        product.add_incoming(new, loop)
    builder.cbranch(builder.icmp_signed("<", after, row_bytes), loop, done)

    builder.position_at_end(done)
    of_all = builder.mul(yes, ir.Constant(llvm.I64, sum(1 << i * outputs for i in range(inputs))))
    _store_coefficients(builder, new_products, of_all, coefficients, sums, lr)
    builder.ret_void()
    return function


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
    return _rows_function(module, count, "move_rows", _emit_move, 6, alike)


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


def _emit_move(builder, factors, places, offset, by, ahead, ahead_count):
    """Emit one vector of a move; a single factor is that of all places."""
    llvm.fetch_ahead(builder, ahead, ahead_count, offset)
    move = llvm.load(builder, builder.add(by, offset))
    if len(factors) == 1:
        move = builder.fmul(factors[0], move)
        for place in places:
            llvm.store(builder, builder.fadd(llvm.load(builder, place), move), place)
    else:
        for factor, place in zip(factors, places, strict=True):
            llvm.store(builder, llvm.multiply_add(builder, factor, move, llvm.load(builder, place)), place)


def _rank_function(module, outputs, apart):
    """The function of `rank_update` or `rank_update_apart` for one number of outputs."""
    name = f"firth.rank_update{'_apart' * apart}.{outputs}"
    function, builder = llvm.new_function(module, name, [llvm.I64] * (9 if apart else 7))
    n, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count = function.args[:7]
    x_targets, u_targets = function.args[7:] if apart else (x_rows, u_rows)
    zero, one = ir.Constant(llvm.I64, 0), ir.Constant(llvm.I64, 1)
    u = llvm.row_addresses(builder, u_rows, outputs)
    u_new = llvm.row_addresses(builder, u_targets, outputs) if apart else u
    x_base, x_target_base = llvm.pointer(builder, x_rows, llvm.I64), llvm.pointer(builder, x_targets, llvm.I64)
    entry = builder.block
    chunk, inner, after, done = (builder.append_basic_block(name) for name in ("chunk", "input", "after", "done"))
    builder.branch(chunk)

    builder.position_at_end(chunk)
    offset = builder.phi(llvm.I64)
    offset.add_incoming(zero, entry)
    llvm.fetch_ahead(builder, ahead, ahead_count, offset)
    ready = builder.block
    u_parts = [llvm.load(builder, builder.add(address, offset)) for address in u]
    builder.branch(inner)

    builder.position_at_end(inner)
    i = builder.phi(llvm.I64)
    i.add_incoming(zero, ready)
    coefficient_place = builder.phi(llvm.I64)
    coefficient_place.add_incoming(coefficients, ready)
    deltas = [builder.phi(llvm.VECTOR) for _ in range(outputs)]
    x_place = builder.add(builder.load(builder.gep(x_base, [i])), offset)
    x_old = llvm.load(builder, x_place)
    target = x_place
    x_new = x_old
    if apart:
        target = builder.add(builder.load(builder.gep(x_target_base, [i])), offset)
        x_new = llvm.load(builder, target)
    coefficient_base = llvm.pointer(builder, coefficient_place, llvm.FLOAT)
    new_deltas = []
    for j in range(outputs):
        coefficient = llvm.splat(builder, builder.load(builder.gep(coefficient_base, [ir.Constant(llvm.I64, j)])))
        x_new = llvm.multiply_add(builder, coefficient, u_parts[j], x_new)
        new_deltas.append(llvm.multiply_add(builder, coefficient, x_old, deltas[j]))
    llvm.store(builder, x_new, target)
    next_i = builder.add(i, one)
    i.add_incoming(next_i, inner)
    coefficient_place.add_incoming(builder.add(coefficient_place, ir.Constant(llvm.I64, 4 * outputs)), inner)
    for delta, new in zip(deltas, new_deltas, strict=True):
        delta.add_incoming(llvm.constant(0.0), ready)
        delta.add_incoming(new, inner)
    builder.cbranch(builder.icmp_signed("<", next_i, n), inner, after)

    builder.position_at_end(after)
    for row, delta in zip(u_new, new_deltas, strict=True):
        place = builder.add(row, offset)
        llvm.store(
            builder, builder.fadd(llvm.load(builder, place), delta), place
        )  # loaded again: a row may occur twice
    next_offset = builder.add(offset, ir.Constant(llvm.I64, 4 * LANES))
    offset.add_incoming(next_offset, after)
    builder.cbranch(builder.icmp_signed("<", next_offset, row_bytes), chunk, done)
    builder.position_at_end(done)
    builder.ret_void()
    return function


# The table of the functions' addresses.

SIZES = MAX_OUTPUTS + 1
"""Places of the table for one kind of block: one for each number of rows, from 0."""

PAIRS = 0
"""Where the table's places for `pair_coefficients` begin: `SIZES` of them for each number of inputs, from 0."""

RANK, RANK_APART, SUM, SUM_ALIKE, MOVE, MOVE_ALIKE = range(SIZES * (MAX_INPUTS + 1), SIZES * (MAX_INPUTS + 7), SIZES)
"""Where the table's places for the other kinds begin."""

PLACES = SIZES * (MAX_INPUTS + 7)
"""int64 numbers of the table."""


def _filler(make):
    """An intrinsic that compiles functions and writes their addresses to the table.

    `make(module, *sizes)` yields (place, function). The sizes are the lengths of tuples: as parts of types they are
    known when code is made.
    """

    @intrinsic
    def fill(typingctx, table, sizes):
        def codegen(context, builder, signature, args):
            base = llvm.pointer(builder, args[0], llvm.I64)
            for place, function in make(builder.module, *map(len, signature.args[1].types)):
                address = builder.ptrtoint(function, llvm.I64)
                builder.store(address, builder.gep(base, [ir.Constant(llvm.I64, place)]))
            return context.get_dummy_value()

        return types.void(types.intp, sizes), codegen

    return fill


@_filler
def _fill_pairs(module, inputs, fewest, most):
    for outputs in range(fewest, most + 1):
        for count in range(1, min(inputs, tile_inputs(outputs)) + 1):
            yield PAIRS + count * SIZES + outputs, _pair_function(module, count, outputs)


@_filler
def _fill_rank(module, fewest, most):
    for outputs in range(fewest, most + 1):
        yield RANK + outputs, _rank_function(module, outputs, apart=False)


@_filler
def _fill_rank_apart(module, fewest, most):
    for outputs in range(fewest, most + 1):
        yield RANK_APART + outputs, _rank_function(module, outputs, apart=True)


@_filler
def _fill_alike(module, fewest, most):
    for count in range(fewest, most + 1):
        yield SUM_ALIKE + count, _sum_function(module, count, alike=True)
        yield MOVE_ALIKE + count, _move_function(module, count, alike=True)


@_filler
def _fill_weighted(module, fewest, most):
    for count in range(fewest, most + 1):
        yield SUM + count, _sum_function(module, count, alike=False)
        yield MOVE + count, _move_function(module, count, alike=False)


@compiled
def fill_pairs(table, sizes):
    """Enter `pair_coefficients` for 1 to n inputs and a to b outputs: `sizes` are tuples of lengths n, a and b."""
    _fill_pairs(table, sizes)


@compiled
def fill_rank(table, sizes):
    """Enter `rank_update` for a to b outputs: `sizes` are tuples of lengths a and b, as in the next three."""
    _fill_rank(table, sizes)


@compiled
def fill_rank_apart(table, sizes):
    """Enter `rank_update_apart` for a to b outputs."""
    _fill_rank_apart(table, sizes)


@compiled
def fill_alike(table, sizes):
    """Enter `sum_rows_alike` and `move_rows_alike` for a to b rows."""
    _fill_alike(table, sizes)


@compiled
def fill_weighted(table, sizes):
    """Enter `sum_rows` and `move_rows` for a to b rows."""
    _fill_weighted(table, sizes)


# The calls.


def _call(builder, table, place, args):
    """Emit the call of the function whose address is in the table at a place, a number of LLVM's."""
    address = builder.load(builder.gep(llvm.pointer(builder, table, llvm.I64), [place]))
    kind = ir.FunctionType(ir.VoidType(), [arg.type for arg in args])
    builder.call(builder.inttoptr(address, kind.as_pointer()), args)


def _place(builder, begin, number):
    return builder.add(number, ir.Constant(llvm.I64, begin))


@intrinsic
def pair_coefficients(typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, yes, coefficients, sums, lr):
    """Store `coefficients[i * outputs + j] = -lr · sign · σ(sign · x_i·u_j)` for all inputs and outputs of a tile.

    A tile has 1-16 outputs and up to `tile_inputs` inputs. `sign` is -1 where bit j of `yes` is set, as for a pair from
    the corpus, and +1 elsewhere, as for a negative. `x_rows` and `u_rows` are addresses of arrays of row addresses;
    `coefficients` needs room for 15 floats more. The 16 + 16 floats at `sums` take up Σ max(z, 0) and Π (1 + e^-|z|),
    z = sign · x_i·u_j: the pairs' loss is the first plus the logarithm of the second.
    """

    def codegen(context, builder, signature, args):
        table, inputs, outputs, *rest = args
        row = builder.mul(inputs, ir.Constant(llvm.I64, SIZES))
        _call(builder, table, _place(builder, PAIRS, builder.add(row, outputs)), rest)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 9, types.float32), codegen


@intrinsic
def rank_update(typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count):
    """Add `Σ_j c[i, j] u_j` to each input row x_i and `Σ_i c[i, j] x_i` to each of 1-16 output rows u_j.

    c are the `coefficients`. The products take the old values of distinct rows. An output row that occurs twice gets
    both sums; an input row that occurs twice is moved twice in turn, so the second product sees what the first one did.
    Meanwhile the `ahead_count` rows whose addresses are at `ahead` are prefetched, a line with every vector.
    """

    def codegen(context, builder, signature, args):
        table, inputs, outputs, *rest = args
        _call(builder, table, _place(builder, RANK, outputs), [inputs, *rest])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 9), codegen


@intrinsic
def rank_update_apart(
    typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_targets, u_targets
):
    """`rank_update` that reads x_i and u_j from one place and adds to rows in another."""

    def codegen(context, builder, signature, args):
        table, inputs, outputs, *rest = args
        _call(builder, table, _place(builder, RANK_APART, outputs), [inputs, *rest])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 11), codegen


def _summing(begin):
    @intrinsic
    def sum_rows(typingctx, table, count, rows, weights, row_bytes, start, target):
        """Write the row at `start` plus `Σ_j weights[j] row_j` of 1-16 rows to the row at `target`."""

        def codegen(context, builder, signature, args):
            table, count, *rest = args
            _call(builder, table, _place(builder, begin, count), rest)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 7), codegen

    return sum_rows


def _moving(begin):
    @intrinsic
    def move_rows(typingctx, table, count, rows, weights, row_bytes, by, ahead, ahead_count):
        """Add `weights[j]` times the row at `by` to each of 1-16 rows; one that occurs twice is moved twice.

        Meanwhile the `ahead_count` rows whose addresses are at `ahead` are prefetched, a line with every vector.
        """

        def codegen(context, builder, signature, args):
            table, count, *rest = args
            _call(builder, table, _place(builder, begin, count), rest)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 8), codegen

    return move_rows


sum_rows, sum_rows_alike = _summing(SUM), _summing(SUM_ALIKE)
move_rows, move_rows_alike = _moving(MOVE), _moving(MOVE_ALIKE)
"""`alike`: `weights[0]` is the weight of every row."""


@intrinsic
def path_rows(typingctx, path, base, row_bytes, rows):
    """Write base + (branch >> 1) · row_bytes for the 16 int32 branches at `path` to the 16 int64 at `rows`.

    Returns 16 bits, the first branch's lowest: set where the branch is even.
    """

    def codegen(context, builder, signature, args):
        path, base, row_bytes, rows = args
        branches = llvm.load(builder, path, llvm.INTS)
        nodes = builder.zext(builder.lshr(branches, ir.Constant(llvm.INTS, [1] * LANES)), llvm.LONGS)
        places = builder.add(builder.mul(nodes, llvm.splat(builder, row_bytes)), llvm.splat(builder, base))
        llvm.store(builder, places, rows)
        odd = builder.bitcast(builder.trunc(branches, llvm.FLAGS), ir.IntType(LANES))
        return builder.zext(builder.not_(odd), llvm.I64)

    return types.int64(*[types.intp] * 4), codegen
