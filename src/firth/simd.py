"""Vectors of 16 floats for compiled kernels: a numba type, its arithmetic, and two blocks built from it.

LLVM maps a `Float16` to one AVX-512 register and splits it for narrower processors, so one source serves all of
them. Addresses are plain integers (`array.ctypes.data`); rows are whole numbers of 16 floats. Nothing here checks
bounds: callers do.
"""

from functools import partial

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, register_jitable, register_model

LANES = 16
MAX_INPUTS = 4
MAX_OUTPUTS = 16
MAX_PAIRS = 24
"""The largest tile of `pair_steps`: its 24 running sums and its operands fit the 32 registers of AVX-512."""

MAX_ROWS = 6
MAX_VECTORS = 4
"""The largest tile of `tile_product`, chosen likewise."""

_I32, _I64, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_INTS = ir.VectorType(_I32, LANES)


class Float16(types.Type):
    """The numba type of 16 floats held in registers."""

    def __init__(self):
        super().__init__(name="Float16")


float16 = Float16()


@register_model(Float16)
class _Float16Model(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _VECTOR)


def _constant(value):
    return ir.Constant(_VECTOR, [float(np.float32(value))] * LANES)


def _pointer(builder, address, kind):
    return builder.inttoptr(address, kind.as_pointer())


def _load(builder, address):
    vector = builder.load(_pointer(builder, address, _VECTOR))
    vector.align = 4
    return vector


def _store(builder, vector, address):
    builder.store(vector, _pointer(builder, address, _VECTOR)).align = 4


def _fma(builder, a, b, c):
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
    return builder.call(function, [a, b, c])


def _splat(builder, scalar):
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, one, ir.Constant(_INTS, [0] * LANES))


@intrinsic
def load(typingctx, address):
    """The 16 floats at an address."""
    return float16(types.intp), lambda context, builder, signature, args: _load(builder, args[0])


@intrinsic
def store(typingctx, vector, address):
    """Write 16 floats to an address."""

    def codegen(context, builder, signature, args):
        _store(builder, args[0], args[1])
        return context.get_dummy_value()

    return types.void(float16, types.intp), codegen


def _scalar_access(kind):
    """The functions that read and write entry i of an array of one kind of number, given its address."""

    @intrinsic
    def load_scalar(typingctx, table, i):
        def codegen(context, builder, signature, args):
            base = _pointer(builder, args[0], context.get_value_type(kind))
            return builder.load(builder.gep(base, [args[1]]))

        return kind(types.intp, types.intp), codegen

    @intrinsic
    def store_scalar(typingctx, table, i, value):
        def codegen(context, builder, signature, args):
            base = _pointer(builder, args[0], context.get_value_type(kind))
            builder.store(args[2], builder.gep(base, [args[1]]))
            return context.get_dummy_value()

        return types.void(types.intp, types.intp, kind), codegen

    return load_scalar, store_scalar


load_int, store_int = _scalar_access(types.int64)
load_int32, store_int32 = _scalar_access(types.int32)
load_float, store_float = _scalar_access(types.float32)
load_double, store_double = _scalar_access(types.float64)


@intrinsic
def add(typingctx, a, b):
    """A + b."""
    return float16(float16, float16), lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def sub(typingctx, a, b):
    """A - b."""
    return float16(float16, float16), lambda context, builder, signature, args: builder.fsub(*args)


@intrinsic
def multiply(typingctx, a, b):
    """A · b."""
    return float16(float16, float16), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def multiply_add(typingctx, a, b, c):
    """A · b + c, rounded once where the processor can."""
    return float16(float16, float16, float16), lambda context, builder, signature, args: _fma(builder, *args)


@intrinsic
def maximum(typingctx, a, b):
    """The larger of a and b, lane by lane."""

    def codegen(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return float16(float16, float16), codegen


@intrinsic
def splat(typingctx, scalar):
    """A float32 in all 16 lanes."""
    return float16(types.float32), lambda context, builder, signature, args: _splat(builder, args[0])


@intrinsic
def add_to_doubles(typingctx, vector, address):
    """Add 16 floats to the 16 doubles at an address."""

    def codegen(context, builder, signature, args):
        doubles = ir.VectorType(ir.DoubleType(), LANES)
        place = _pointer(builder, args[1], doubles)
        old = builder.load(place)
        old.align = 8
        builder.store(builder.fadd(old, builder.fpext(args[0], doubles)), place).align = 8
        return context.get_dummy_value()

    return types.void(float16, types.intp), codegen


_POWER_OF_TWO = (
    1.0000000716552195,
    0.6931469670632642,
    0.24022119721166574,
    0.05550713274650634,
    0.00967554147984634,
    0.0013276472028500084,
)
"""Near-minimax polynomial of 2^f on [-1/2, 1/2], lowest degree first: relative error 7.5e-8."""


_RECIPROCAL = (70 / 33, -16 / 11, 32 / 99)
"""Minimax quadratic of 1/x on [1, 2], lowest degree first: relative error 1/99, squared by each Newton step."""


def _polynomial(builder, coefficients, x):
    value = _constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = _fma(builder, value, x, _constant(coefficient))
    return value


def _exp_of_minus_abs(builder, z):
    """exp(-|z|) to float32 rounding, as 2^n · 2^f with n whole and |f| <= 1/2.

    It stays at 2^-64 from there on: a smaller one times a learning rate would be subnormal, which is very slow.
    """
    bits = builder.bitcast(z, _INTS)
    minus = builder.bitcast(builder.or_(bits, ir.Constant(_INTS, [-(2**31)] * LANES)), _VECTOR)
    exponent = builder.fmul(minus, _constant(1.4426950408889634))
    lowest = _constant(-64.0)
    exponent = builder.select(builder.fcmp_ordered("<", exponent, lowest), lowest, exponent)
    shifter = _constant(12582912.0)  # 1.5 · 2^23: adding it rounds to a whole number kept in the low bits
    shifted = builder.fadd(exponent, shifter)
    power = _polynomial(builder, _POWER_OF_TWO, builder.fsub(exponent, builder.fsub(shifted, shifter)))
    whole = builder.shl(builder.bitcast(shifted, _INTS), ir.Constant(_INTS, [23] * LANES))
    return builder.bitcast(builder.add(builder.bitcast(power, _INTS), whole), _VECTOR)


@intrinsic
def exp_of_minus_abs(typingctx, z):
    """exp(-|z|) to float32 rounding, but nowhere less than 2^-64."""
    return float16(float16), lambda context, builder, signature, args: _exp_of_minus_abs(builder, args[0])


def _reciprocal_of_1_to_2(builder, x):
    """1/x for 1 <= x <= 2 to float32 rounding, without a division: a division of 16 floats takes 16 cycles."""
    value = _polynomial(builder, _RECIPROCAL, x)
    for _ in range(2):
        value = builder.fmul(value, _fma(builder, builder.fneg(x), value, _constant(2.0)))
    return value


def _prefetch(builder, address, to_write=1, cache=3):
    pointer = _pointer(builder, address, ir.IntType(8))
    kind = ir.FunctionType(ir.VoidType(), [pointer.type, _I32, _I32, _I32])
    function = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
    data = 1
    builder.call(function, [pointer, *(ir.Constant(_I32, value) for value in (to_write, cache, data))])


@intrinsic
def prefetch(typingctx, address):
    """Fetch the cache line of an address, to be written to."""

    def codegen(context, builder, signature, args):
        _prefetch(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


def _sum_lanes(builder, vectors):
    """One vector whose lane i is the sum of vectors[i]: four rounds that fold pairs, halving the width each time."""
    vectors = list(vectors) + [None] * (LANES - len(vectors))
    lanes = np.arange(LANES)
    for width in (8, 4, 2, 1):
        upper = (lanes // width) % 2 == 1  # the lanes that hold the second vector of a pair
        kept = [int(lane + LANES * second) for lane, second in zip(lanes, upper, strict=True)]
        moved = [int((lane ^ width) + LANES * second) for lane, second in zip(lanes, upper, strict=True)]
        half = len(vectors) // 2
        folded = []
        for first, second in zip(vectors[:half], vectors[half:], strict=True):
            if first is None:
                folded.append(None)
                continue
            second = _constant(0.0) if second is None else second
            parts = [builder.shuffle_vector(first, second, ir.Constant(_INTS, mask)) for mask in (kept, moved)]
            folded.append(builder.fadd(*parts))
        vectors = folded
    return vectors[0]


def _row_addresses(builder, rows, count):
    base = _pointer(builder, rows, _I64)
    return [builder.load(builder.gep(base, [ir.Constant(_I64, i)])) for i in range(count)]


def _new_function(module, name, arguments):
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    return function, ir.IRBuilder(function.append_basic_block("entry"))


PAD = -1e30
"""A z whose loss and gradient are zero: it fills the last vector of a tile."""


def _sigmoid_steps(builder, scores, valid, yes, minus_lr, sums):
    """Steps and new running sums for a vector of scores of which the first `valid` lanes count.

    The sign of a pair is -1 where its bit of `yes`, 16 bits, is set, else +1. With z = sign · score a term of the loss
    is log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) and its derivative σ(z): no score is too large for it. The sums are
    Σ max(z, 0) and Π (1 + e^-|z|), so that no logarithm is taken here.
    """
    padding = ir.Constant(_VECTOR, [0.0] * valid + [PAD] * (LANES - valid))
    bits = builder.bitcast(yes, ir.VectorType(ir.IntType(1), LANES))
    sign = builder.select(bits, _constant(-1.0), _constant(1.0))
    z = _fma(builder, sign, scores, padding)
    small = _exp_of_minus_abs(builder, z)
    factor = builder.fadd(_constant(1.0), small)
    below = builder.fcmp_ordered("<", z, _constant(0.0))
    sigmoid = builder.fmul(builder.select(below, small, _constant(1.0)), _reciprocal_of_1_to_2(builder, factor))
    steps = builder.fmul(builder.fmul(sign, minus_lr), sigmoid)
    positive_parts = builder.fadd(sums[0], builder.select(below, _constant(0.0), z))
    return steps, (positive_parts, builder.fmul(sums[1], factor))


@register_jitable
def tile_inputs(outputs):
    """The most inputs of a tile with so many outputs."""
    return min(MAX_INPUTS, MAX_PAIRS // outputs)


def _store_steps(builder, products, yes, steps, sums, lr):
    """Emit the steps of all products, pair by pair the bits of `yes`, and add the pairs' terms to the sums."""
    minus_lr = _splat(builder, builder.fneg(lr))
    places = [sums, builder.add(sums, ir.Constant(_I64, 4 * LANES))]
    running = [_load(builder, place) for place in places]
    for first in range(0, len(products), LANES):
        part = products[first : first + LANES]
        bits = builder.trunc(builder.lshr(yes, ir.Constant(_I64, first)), ir.IntType(LANES))
        part_steps, running = _sigmoid_steps(builder, _sum_lanes(builder, part), len(part), bits, minus_lr, running)
        _store(builder, part_steps, builder.add(steps, ir.Constant(_I64, 4 * first)))
    for total, place in zip(running, places, strict=True):
        _store(builder, total, place)


def _pair_steps_function(module, inputs, outputs):
    """The function of `pair_steps`, built for one size of tile."""
    name = f"firth.pair_steps.{inputs}.{outputs}"
    if name in module.globals:
        return module.globals[name]
    function, builder = _new_function(module, name, [_I64] * 6 + [_FLOAT])
    x_rows, u_rows, row_bytes, yes, steps, sums, lr = function.args
    x = _row_addresses(builder, x_rows, inputs)
    u = _row_addresses(builder, u_rows, outputs)
    entry, loop, done = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.branch(loop)

    builder.position_at_end(loop)
    offset = builder.phi(_I64)
    offset.add_incoming(ir.Constant(_I64, 0), entry)
    products = [builder.phi(_VECTOR) for _ in range(inputs * outputs)]
    x_parts = [_load(builder, builder.add(row, offset)) for row in x]
    new_products = [None] * len(products)
    for j in range(outputs):
        u_part = _load(builder, builder.add(u[j], offset))
        for i in range(inputs):
            at = i * outputs + j
            new_products[at] = _fma(builder, x_parts[i], u_part, products[at])
    after = builder.add(offset, ir.Constant(_I64, 4 * LANES))
    offset.add_incoming(after, loop)
    for product, new in zip(products, new_products, strict=True):
        product.add_incoming(_constant(0.0), entry)
        product.add_incoming(new, loop)
    builder.cbranch(builder.icmp_signed("<", after, row_bytes), loop, done)

    builder.position_at_end(done)
    of_all = builder.mul(yes, ir.Constant(_I64, sum(1 << i * outputs for i in range(inputs))))
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
        case = builder.add(builder.mul(n, ir.Constant(_I64, MAX_OUTPUTS + 1)), m)
        switch = builder.switch(case, end)
        for j in range(1, MAX_OUTPUTS + 1):
            for i in range(1, tile_inputs(j) + 1):
                block = builder.append_basic_block(f"pair_steps.{i}.{j}")
                switch.add_case(ir.Constant(_I64, i * (MAX_OUTPUTS + 1) + j), block)
                with builder.goto_block(block):
                    builder.call(_pair_steps_function(builder.module, i, j), rest)
                    builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 8, types.float32), codegen


def _loop(builder, count, body, name):
    """Emit a loop over i from 0 to below `count`, at least once, in a function; `body` is called with i."""
    entry, loop = builder.block, builder.append_basic_block(name)
    builder.branch(loop)
    builder.position_at_end(loop)
    i = builder.phi(_I64)
    i.add_incoming(ir.Constant(_I64, 0), entry)
    body(i)
    after = builder.add(i, ir.Constant(_I64, 1))
    i.add_incoming(after, builder.block)
    done = builder.append_basic_block(name + ".done")
    builder.cbranch(builder.icmp_signed("<", after, count), loop, done)
    builder.position_at_end(done)


def _fetch_ahead(builder, ahead, count, offset):
    """Emit the fetching of one cache line of each of `count` rows, of which there may be none."""
    fetch, ready = builder.append_basic_block("fetch"), builder.append_basic_block("ready")
    builder.cbranch(builder.icmp_signed("<", ir.Constant(_I64, 0), count), fetch, ready)
    builder.position_at_end(fetch)
    base = _pointer(builder, ahead, _I64)
    _loop(
        builder, count, lambda i: _prefetch(builder, builder.add(builder.load(builder.gep(base, [i])), offset)), "row"
    )
    builder.branch(ready)
    builder.position_at_end(ready)


def _hidden_steps_function(module, outputs):
    """The function of `hidden_steps`, built for one number of outputs."""
    name = f"firth.hidden_steps.{outputs}"
    if name in module.globals:
        return module.globals[name]
    function, builder = _new_function(module, name, [_I64, _I64, _FLOAT] + [_I64] * 6 + [_FLOAT])
    n, x_rows, weight, hidden, u_rows, row_bytes, yes, steps, sums, lr = function.args
    u = _row_addresses(builder, u_rows, outputs)
    x_base, share = _pointer(builder, x_rows, _I64), _splat(builder, weight)
    entry, chunk = builder.block, builder.append_basic_block("chunk")
    builder.branch(chunk)

    builder.position_at_end(chunk)
    offset = builder.phi(_I64)
    offset.add_incoming(ir.Constant(_I64, 0), entry)
    products = [builder.phi(_VECTOR) for _ in range(outputs)]
    inner, after_inner = builder.append_basic_block("input"), builder.append_basic_block("after")
    builder.branch(inner)
    builder.position_at_end(inner)
    i, total = builder.phi(_I64), builder.phi(_VECTOR)
    i.add_incoming(ir.Constant(_I64, 0), chunk)
    total.add_incoming(_constant(0.0), chunk)
    part = _load(builder, builder.add(builder.load(builder.gep(x_base, [i])), offset))
    new_total, next_i = builder.fadd(total, part), builder.add(i, ir.Constant(_I64, 1))
    i.add_incoming(next_i, inner)
    total.add_incoming(new_total, inner)
    builder.cbranch(builder.icmp_signed("<", next_i, n), inner, after_inner)
    builder.position_at_end(after_inner)
    h = builder.fmul(new_total, share)
    _store(builder, h, builder.add(hidden, offset))
    new = [
        _fma(builder, h, _load(builder, builder.add(row, offset)), product)
        for row, product in zip(u, products, strict=True)
    ]
    after = builder.add(offset, ir.Constant(_I64, 4 * LANES))
    offset.add_incoming(after, after_inner)
    for product, value in zip(products, new, strict=True):
        product.add_incoming(_constant(0.0), entry)
        product.add_incoming(value, after_inner)
    done = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", after, row_bytes), chunk, done)
    builder.position_at_end(done)
    _store_steps(builder, new, yes, steps, sums, lr)
    builder.ret_void()
    return function


def _by_outputs(builder, outputs, make, args, name):
    """Emit the call of the function made for the number of outputs."""
    end = builder.append_basic_block(f"{name}.end")
    switch = builder.switch(outputs, end)
    for j in range(1, MAX_OUTPUTS + 1):
        block = builder.append_basic_block(f"{name}.{j}")
        switch.add_case(ir.Constant(_I64, j), block)
        with builder.goto_block(block):
            builder.call(make(builder.module, j), args)
            builder.branch(end)
    builder.position_at_end(end)


@intrinsic
def hidden_steps(typingctx, inputs, outputs, x_rows, weight, hidden, u_rows, row_bytes, yes, steps, sums, lr):
    """Write h = weight · Σ_i x_i to the row at `hidden` and store the steps of h with 1-16 outputs as `pair_steps`."""

    def codegen(context, builder, signature, args):
        n, m, *rest = args
        _by_outputs(builder, m, _hidden_steps_function, [n, *rest], "hidden_steps")
        return context.get_dummy_value()

    kinds = [types.intp] * 3 + [types.float32] + [types.intp] * 6 + [types.float32]
    return types.void(*kinds), codegen


def _hidden_update_function(module, outputs):
    """The function of `hidden_update`, built for one number of outputs."""
    name = f"firth.hidden_update.{outputs}"
    if name in module.globals:
        return module.globals[name]
    function, builder = _new_function(module, name, [_I64, _I64, _FLOAT] + [_I64] * 6)
    n, x_rows, gain, hidden, u_rows, row_bytes, steps, ahead, ahead_count = function.args
    u = _row_addresses(builder, u_rows, outputs)
    x_base, step_base = _pointer(builder, x_rows, _I64), _pointer(builder, steps, _FLOAT)
    factor = _splat(builder, gain)
    step = [_splat(builder, builder.load(builder.gep(step_base, [ir.Constant(_I64, j)]))) for j in range(outputs)]
    entry = builder.block
    chunk, done = builder.append_basic_block("chunk"), builder.append_basic_block("done")
    builder.branch(chunk)

    builder.position_at_end(chunk)
    offset = builder.phi(_I64)
    offset.add_incoming(ir.Constant(_I64, 0), entry)
    _fetch_ahead(builder, ahead, ahead_count, offset)
    h = _load(builder, builder.add(hidden, offset))
    places = [builder.add(address, offset) for address in u]
    parts = [_load(builder, place) for place in places]
    chains = [_constant(0.0), _constant(0.0)]
    for j, part in enumerate(parts):
        chains[j % 2] = _fma(builder, step[j], part, chains[j % 2])
    for j, (part, place) in enumerate(zip(parts, places, strict=True)):
        _store(builder, _fma(builder, step[j], h, part), place)
    moved = builder.fmul(builder.fadd(*chains), factor)

    def move(i):
        place = builder.add(builder.load(builder.gep(x_base, [i])), offset)
        _store(builder, builder.fadd(_load(builder, place), moved), place)

    _loop(builder, n, move, "input")
    after = builder.add(offset, ir.Constant(_I64, 4 * LANES))
    offset.add_incoming(after, builder.block)
    builder.cbranch(builder.icmp_signed("<", after, row_bytes), chunk, done)
    builder.position_at_end(done)
    builder.ret_void()
    return function


@intrinsic
def hidden_update(typingctx, inputs, outputs, x_rows, gain, hidden, u_rows, row_bytes, steps, ahead, ahead_count):
    """Add `gain · Σ_j steps[j] u_j` to every input row, and `steps[j] h` to each of 1-16 output rows u_j.

    h is the row at `hidden`, and no two outputs are the same row. All products take the old values; an input row that
    occurs twice is moved twice. On the way the `ahead_count` rows whose addresses are at `ahead` are fetched into the
    cache, a little with each part of the rows.
    """

    def codegen(context, builder, signature, args):
        n, m, *rest = args
        _by_outputs(builder, m, _hidden_update_function, [n, *rest], "hidden_update")
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3, types.float32, *[types.intp] * 6), codegen


def _rank_update_function(module, outputs, apart):
    """The function of `rank_update` or `rank_update_apart`, built for one number of outputs."""
    name = f"firth.rank_update{'_apart' * apart}.{outputs}"
    if name in module.globals:
        return module.globals[name]
    function, builder = _new_function(module, name, [_I64] * (9 if apart else 7))
    n, x_rows, u_rows, row_bytes, steps, ahead, ahead_count = function.args[:7]
    x_targets, u_targets = function.args[7:] if apart else (x_rows, u_rows)
    zero, one = ir.Constant(_I64, 0), ir.Constant(_I64, 1)
    u = _row_addresses(builder, u_rows, outputs)
    u_new = _row_addresses(builder, u_targets, outputs) if apart else u
    x_base, x_target_base = _pointer(builder, x_rows, _I64), _pointer(builder, x_targets, _I64)
    entry = builder.block
    chunk, inner, after, done = (builder.append_basic_block(name) for name in ("chunk", "input", "after", "done"))
    builder.branch(chunk)

    builder.position_at_end(chunk)
    offset = builder.phi(_I64)
    offset.add_incoming(zero, entry)
    _fetch_ahead(builder, ahead, ahead_count, offset)
    ready = builder.block
    u_parts = [_load(builder, builder.add(address, offset)) for address in u]
    builder.branch(inner)

    builder.position_at_end(inner)
    i = builder.phi(_I64)
    i.add_incoming(zero, ready)
    step_place = builder.phi(_I64)
    step_place.add_incoming(steps, ready)
    deltas = [builder.phi(_VECTOR) for _ in range(outputs)]
    x_place = builder.add(builder.load(builder.gep(x_base, [i])), offset)
    x_old = _load(builder, x_place)
    target = x_place
    x_new = x_old
    if apart:
        target = builder.add(builder.load(builder.gep(x_target_base, [i])), offset)
        x_new = _load(builder, target)
    step_base = _pointer(builder, step_place, _FLOAT)
    new_deltas = []
    for j in range(outputs):
        step = _splat(builder, builder.load(builder.gep(step_base, [ir.Constant(_I64, j)])))
        x_new = _fma(builder, step, u_parts[j], x_new)
        new_deltas.append(_fma(builder, step, x_old, deltas[j]))
    _store(builder, x_new, target)
    next_i = builder.add(i, one)
    i.add_incoming(next_i, inner)
    step_place.add_incoming(builder.add(step_place, ir.Constant(_I64, 4 * outputs)), inner)
    for delta, new in zip(deltas, new_deltas, strict=True):
        delta.add_incoming(_constant(0.0), ready)
        delta.add_incoming(new, inner)
    builder.cbranch(builder.icmp_signed("<", next_i, n), inner, after)

    builder.position_at_end(after)
    for row, delta in zip(u_new, new_deltas, strict=True):
        place = builder.add(row, offset)
        _store(builder, builder.fadd(_load(builder, place), delta), place)  # loaded again: a row may occur twice
    next_offset = builder.add(offset, ir.Constant(_I64, 4 * LANES))
    offset.add_incoming(next_offset, after)
    builder.cbranch(builder.icmp_signed("<", next_offset, row_bytes), chunk, done)
    builder.position_at_end(done)
    builder.ret_void()
    return function


@intrinsic
def rank_update(typingctx, inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count):
    """Add `Σ_j steps[i, j] u_j` to each input row x_i and `Σ_i steps[i, j] x_i` to each of 1-16 output rows u_j.

    The products take the old values of distinct rows. An output row that occurs twice gets both sums; an input row
    that occurs twice is moved twice in turn, so the second product sees what the first one did. On the way the
    `ahead_count` rows whose addresses are at `ahead` are fetched into the cache, a little with each part of the rows.
    """

    def codegen(context, builder, signature, args):
        n, m, *rest = args
        _by_outputs(builder, m, partial(_rank_update_function, apart=False), [n, *rest], "update")
        return context.get_dummy_value()

    return types.void(*[types.intp] * 8), codegen


@intrinsic
def rank_update_apart(
    typingctx, inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count, x_targets, u_targets
):
    """`rank_update` that reads x_i and u_j from one place and adds to rows in another."""

    def codegen(context, builder, signature, args):
        n, m, *rest = args
        _by_outputs(builder, m, partial(_rank_update_function, apart=True), [n, *rest], "update")
        return context.get_dummy_value()

    return types.void(*[types.intp] * 10), codegen


def _tile_columns(builder, rows, first, count, args):
    """Emit one run over the sum of `tile_product` for all rows and the vectors first..first + count of each."""
    outer, inner, a, a_row, a_step, a_outer, b, b_step, b_outer, start, start_row, c, c_row, ahead = args
    zero, one, line = (ir.Constant(_I64, value) for value in (0, 1, 4 * LANES))
    columns = [ir.Constant(_I64, 4 * LANES * (first + j)) for j in range(count)]
    a_rows = [builder.add(a, builder.mul(a_row, ir.Constant(_I64, i))) for i in range(rows)]
    entry = builder.block
    panel, step, after_panel, done = (builder.append_basic_block(name) for name in ("panel", "step", "after", "done"))
    builder.branch(panel)

    builder.position_at_end(panel)
    panel_places = [builder.phi(_I64) for _ in range(4)]  # o, and where A, B and the lines ahead are
    panel_sums = [builder.phi(_VECTOR) for _ in range(rows * count)]
    builder.branch(step)

    builder.position_at_end(step)
    places = [builder.phi(_I64) for _ in range(4)]  # t, and the same
    sums = [builder.phi(_VECTOR) for _ in range(rows * count)]
    _, a_place, b_place, ahead_place = places
    _prefetch(builder, ahead_place, to_write=0, cache=2)
    parts = [_load(builder, builder.add(b_place, column)) for column in columns]
    new_sums = []
    for i in range(rows):
        factor = _splat(builder, builder.load(_pointer(builder, builder.add(a_rows[i], a_place), _FLOAT)))
        new_sums += [_fma(builder, factor, part, sums[i * count + j]) for j, part in enumerate(parts)]
    new_places = [builder.add(*both) for both in zip(places, (one, a_step, b_step, line), strict=True)]
    before = [zero, *panel_places[1:], *panel_sums]
    for phi, old, new in zip([*places, *sums], before, [*new_places, *new_sums], strict=True):
        phi.add_incoming(old, panel)
        phi.add_incoming(new, step)
    builder.cbranch(builder.icmp_signed("<", new_places[0], inner), step, after_panel)

    builder.position_at_end(after_panel)
    o, a_panel, b_panel, _ = panel_places
    new_panel = [builder.add(*both) for both in ((o, one), (a_panel, a_outer), (b_panel, b_outer))]
    before = [zero, zero, b, ahead, *[_constant(0.0)] * len(sums)]
    for phi, old, new in zip([*panel_places, *panel_sums], before, [*new_panel, new_places[3], *new_sums], strict=True):
        phi.add_incoming(old, entry)
        phi.add_incoming(new, after_panel)
    builder.cbranch(builder.icmp_signed("<", new_panel[0], outer), panel, done)

    builder.position_at_end(done)
    for i in range(rows):
        starts, targets = (
            builder.add(base, builder.mul(row, ir.Constant(_I64, i))) for base, row in ((start, start_row), (c, c_row))
        )
        for j, column in enumerate(columns):
            old = _load(builder, builder.add(starts, column))
            _store(builder, builder.fadd(old, new_sums[i * count + j]), builder.add(targets, column))


def _tile_function(module, rows, vectors, wide):
    """The function of `tile_product`, built for one size of tile.

    Processors without 32 wide registers run over the sum once for each vector, so that the sums stay in registers.
    """
    name = f"firth.tile_product.{rows}.{vectors}"
    if name in module.globals:
        return module.globals[name]
    function, builder = _new_function(module, name, [_I64] * 14)
    width = vectors if wide else 1
    for first in range(0, vectors, width):
        _tile_columns(builder, rows, first, width, function.args)
    builder.ret_void()
    return function


@intrinsic
def tile_product(
    typingctx,
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

    A is floats, B, C and start are vectors of 16. Over o < outer and t < inner, both at least 1, the sum is taken in
    this order from zero, and then added to `start`. Addresses, all distances in bytes:

        A_i(o, t)   a + i · a_row + t · a_step + o · a_outer
        B_j(o, t)   b + 64 j      + t · b_step + o · b_outer
        start_ij    start + i · start_row + 64 j
        C_ij        c + i · c_row + 64 j

    With each term of the sum one more cache line from `ahead` on is fetched into the second cache.
    """

    def codegen(context, builder, signature, args):
        n, m, *rest = args
        wide = "+avx512f" in context.codegen().magic_tuple()[2]
        end = builder.append_basic_block("tile_product.end")
        case = builder.add(builder.mul(n, ir.Constant(_I64, MAX_VECTORS)), m)
        switch = builder.switch(case, end)
        for i in range(1, MAX_ROWS + 1):
            for j in range(1, MAX_VECTORS + 1):
                block = builder.append_basic_block(f"tile_product.{i}.{j}")
                switch.add_case(ir.Constant(_I64, i * MAX_VECTORS + j), block)
                with builder.goto_block(block):
                    builder.call(_tile_function(builder.module, i, j, wide), rest)
                    builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 16), codegen
