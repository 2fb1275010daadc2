"""What a training step is made of: the steps of scores, weighted sums of rows, and the moving of rows.

Each is built anew for every number of rows, so that what it works on stays in registers.
"""

from functools import partial

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

from firth.native import llvm
from firth.native.arrays import LANES

MAX_INPUTS = 4
MAX_OUTPUTS = 16
MAX_PAIRS = 24
"""The largest tile of `pair_steps`: its 24 running sums and its operands fit the 32 registers of AVX-512."""

PAD = -1e30
"""A z whose loss and gradient are zero: it fills the last vector of a tile."""


def _sigmoid_steps(builder, scores, valid, yes, minus_lr, sums):
    """Steps and new running sums for a vector of scores of which the first `valid` lanes count.

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
    steps = builder.fmul(builder.fmul(sign, minus_lr), sigmoid)
    positive_parts = builder.fadd(sums[0], builder.select(below, llvm.constant(0.0), z))
    return steps, (positive_parts, builder.fmul(sums[1], factor))


@register_jitable
def tile_inputs(outputs):
    """The most inputs of a tile with so many outputs."""
    return min(MAX_INPUTS, MAX_PAIRS // outputs)


def _store_steps(builder, products, yes, steps, sums, lr):
    """Emit the steps of all products, pair by pair the bits of `yes`, and add the pairs' terms to the sums."""
    minus_lr = llvm.splat(builder, builder.fneg(lr))
    places = [sums, builder.add(sums, ir.Constant(llvm.I64, 4 * LANES))]
    running = [llvm.load(builder, place) for place in places]
    for first in range(0, len(products), LANES):
        part = products[first : first + LANES]
        bits = builder.trunc(builder.lshr(yes, ir.Constant(llvm.I64, first)), ir.IntType(LANES))
        part_steps, running = _sigmoid_steps(builder, llvm.sum_lanes(builder, part), len(part), bits, minus_lr, running)
        llvm.store(builder, part_steps, builder.add(steps, ir.Constant(llvm.I64, 4 * first)))
    for total, place in zip(running, places, strict=True):
        llvm.store(builder, total, place)


def _pair_steps_function(module, inputs, outputs):
    """The function of `pair_steps`, built for one size of tile."""
    name = f"firth.pair_steps.{inputs}.{outputs}"
    if name in module.globals:
        return module.globals[name]
    function, builder = llvm.new_function(module, name, [llvm.I64] * 6 + [llvm.FLOAT])
    x_rows, u_rows, row_bytes, yes, steps, sums, lr = function.args
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
    _store_steps(builder, new_products, of_all, steps, sums, lr)
    builder.ret_void()
    return function


@intrinsic
def pair_steps(typingctx, inputs, outputs, x_rows, u_rows, row_bytes, yes, steps, sums, lr):
    """Store `steps[i * outputs + j] = -lr · sign · σ(sign · x_i·u_j)` for 1-16 outputs and up to `tile_inputs` inputs.

    `sign` is -1 where bit j of `yes` is set, as for a pair from the corpus, and +1 elsewhere, as for a negative.
    `x_rows` and `u_rows` are addresses of arrays of row addresses; `steps` needs room for 15 floats more. The 16 + 16
    floats at `sums` take up Σ max(z, 0) and Π (1 + e^-|z|), z = sign · x_i·u_j: the pairs' loss is the first plus the
    logarithm of the second.
    """

    def codegen(context, builder, signature, args):
        n, m, *rest = args
        end = builder.append_basic_block("pair_steps.end")
        case = builder.add(builder.mul(n, ir.Constant(llvm.I64, MAX_OUTPUTS + 1)), m)
        switch = builder.switch(case, end)
        for j in range(1, MAX_OUTPUTS + 1):
            for i in range(1, tile_inputs(j) + 1):
                block = builder.append_basic_block(f"pair_steps.{i}.{j}")
                switch.add_case(ir.Constant(llvm.I64, i * (MAX_OUTPUTS + 1) + j), block)
                with builder.goto_block(block):
                    builder.call(_pair_steps_function(builder.module, i, j), rest)
                    builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 8, types.float32), codegen


def _call_for_rows(builder, args, name, emit_chunk, alike):
    """Emit the call of the function for so many rows that does `emit_chunk` with each vector of them.

    The first `args` are how many rows, the addresses of their addresses and of their weights, and their size in bytes.
    With `alike` all have the first weight.
    """
    name = f"firth.{name}{'_alike' * alike}"

    def make(module, count):
        if f"{name}.{count}" in module.globals:
            return module.globals[f"{name}.{count}"]
        function, builder = llvm.new_function(module, f"{name}.{count}", [llvm.I64] * len(args[1:]))
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

    llvm.call_by_number(builder, args[0], MAX_OUTPUTS, make, args[1:], name)


def _emit_sum(builder, factors, places, offset, start, target):
    """One factor is that of all places."""
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


def _summing(alike):
    @intrinsic
    def sum_rows(typingctx, count, rows, weights, row_bytes, start, target):
        """Write the row at `start` plus `Σ_j weights[j] row_j` of 1-16 rows to the row at `target`."""

        def codegen(context, builder, signature, args):
            _call_for_rows(builder, args, "sum_rows", _emit_sum, alike)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 6), codegen

    return sum_rows


def _emit_move(builder, factors, places, offset, by, ahead, ahead_count):
    """One factor is that of all places."""
    llvm.fetch_ahead(builder, ahead, ahead_count, offset)
    step = llvm.load(builder, builder.add(by, offset))
    if len(factors) == 1:
        step = builder.fmul(factors[0], step)
        for place in places:
            llvm.store(builder, builder.fadd(llvm.load(builder, place), step), place)
    else:
        for factor, place in zip(factors, places, strict=True):
            llvm.store(builder, llvm.multiply_add(builder, factor, step, llvm.load(builder, place)), place)


def _moving(alike):
    @intrinsic
    def move_rows(typingctx, count, rows, weights, row_bytes, by, ahead, ahead_count):
        """Add `weights[j]` times the row at `by` to each of 1-16 rows; one that occurs twice is moved twice.

        On the way the `ahead_count` rows whose addresses are at `ahead` are fetched into the cache, a little with each
        part of the rows.
        """

        def codegen(context, builder, signature, args):
            _call_for_rows(builder, args, "move_rows", _emit_move, alike)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 7), codegen

    return move_rows


sum_rows, sum_rows_alike = _summing(False), _summing(True)
move_rows, move_rows_alike = _moving(False), _moving(True)
"""`alike`: `weights[0]` is the weight of every row, and is not read for each."""


def _rank_update_function(module, outputs, apart):
    """The function of `rank_update` or `rank_update_apart`, built for one number of outputs."""
    name = f"firth.rank_update{'_apart' * apart}.{outputs}"
    if name in module.globals:
        return module.globals[name]
    function, builder = llvm.new_function(module, name, [llvm.I64] * (9 if apart else 7))
    n, x_rows, u_rows, row_bytes, steps, ahead, ahead_count = function.args[:7]
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
    step_place = builder.phi(llvm.I64)
    step_place.add_incoming(steps, ready)
    deltas = [builder.phi(llvm.VECTOR) for _ in range(outputs)]
    x_place = builder.add(builder.load(builder.gep(x_base, [i])), offset)
    x_old = llvm.load(builder, x_place)
    target = x_place
    x_new = x_old
    if apart:
        target = builder.add(builder.load(builder.gep(x_target_base, [i])), offset)
        x_new = llvm.load(builder, target)
    step_base = llvm.pointer(builder, step_place, llvm.FLOAT)
    new_deltas = []
    for j in range(outputs):
        step = llvm.splat(builder, builder.load(builder.gep(step_base, [ir.Constant(llvm.I64, j)])))
        x_new = llvm.multiply_add(builder, step, u_parts[j], x_new)
        new_deltas.append(llvm.multiply_add(builder, step, x_old, deltas[j]))
    llvm.store(builder, x_new, target)
    next_i = builder.add(i, one)
    i.add_incoming(next_i, inner)
    step_place.add_incoming(builder.add(step_place, ir.Constant(llvm.I64, 4 * outputs)), inner)
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


def _call_rank_update(builder, inputs, outputs, *rest, apart):
    make = partial(_rank_update_function, apart=apart)
    llvm.call_by_number(builder, outputs, MAX_OUTPUTS, make, [inputs, *rest], "rank_update")


@intrinsic
def rank_update(typingctx, inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count):
    """Add `Σ_j steps[i, j] u_j` to each input row x_i and `Σ_i steps[i, j] x_i` to each of 1-16 output rows u_j.

    The products take the old values of distinct rows. An output row that occurs twice gets both sums; an input row
    that occurs twice is moved twice in turn, so the second product sees what the first one did. On the way the
    `ahead_count` rows whose addresses are at `ahead` are fetched into the cache, a little with each part of the rows.
    """

    def codegen(context, builder, signature, args):
        _call_rank_update(builder, *args, apart=False)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 8), codegen


@intrinsic
def rank_update_apart(
    typingctx, inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count, x_targets, u_targets
):
    """`rank_update` that reads x_i and u_j from one place and adds to rows in another."""

    def codegen(context, builder, signature, args):
        _call_rank_update(builder, *args, apart=True)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 10), codegen


@intrinsic
def path_rows(typingctx, path, base, row_bytes, rows):
    """Write base + (step >> 1) · row_bytes for the 16 int32 steps at `path` to the 16 int64 at `rows`.

    Returns 16 bits, the first step's lowest: set where the step is even.
    """

    def codegen(context, builder, signature, args):
        path, base, row_bytes, rows = args
        steps = llvm.load(builder, path, llvm.INTS)
        nodes = builder.zext(builder.lshr(steps, ir.Constant(llvm.INTS, [1] * LANES)), llvm.LONGS)
        places = builder.add(builder.mul(nodes, llvm.splat(builder, row_bytes)), llvm.splat(builder, base))
        llvm.store(builder, places, rows)
        odd = builder.bitcast(builder.trunc(steps, llvm.FLAGS), ir.IntType(LANES))
        return builder.zext(builder.not_(odd), llvm.I64)

    return types.int64(*[types.intp] * 4), codegen
