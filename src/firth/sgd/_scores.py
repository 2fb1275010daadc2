"""Scores of pairs of rows, and what a step does with each pair: its coefficient and its loss."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

from firth.native import llvm
from firth.native.arrays import LANES
from firth.native.jit import compiled
from firth.sgd._blocks import SCORES, SIZES, call, filler

MAX_PAIRS = 28
"""The largest tile of `pair_scores`: its 28 running sums and its operands fit the 32 registers of AVX-512."""

TILE = -(-MAX_PAIRS // LANES) * LANES
"""The floats that the scores of a tile take: whole vectors, each written at once and read at once."""

PAD = -1e30
"""A z whose loss and gradient are zero: it fills the last vector of scores."""


@register_jitable
def tile_inputs(outputs):
    """The most inputs of a tile with `outputs` outputs: up to MAX_INPUTS, if there are MAX_PAIRS pairs at most."""
    return 4 if outputs <= 7 else 3 if outputs <= 9 else 2 if outputs <= 14 else 1


def _scores_function(module, inputs, outputs, half):
    """The function of `pair_scores` for one size of tile."""
    function, builder = llvm.new_function(module, f"firth.pair_scores.{inputs}.{outputs}", [llvm.I64] * 4)
    x_rows, u_rows, row_bytes, scores = function.args
    x = llvm.row_addresses(builder, x_rows, inputs)
    u = llvm.row_addresses(builder, u_rows, outputs)

    def multiply(offset, kind, combine):
        """Combine the parts of every pair, in an order that loads each output's once, just before its use."""
        x_parts, results = [llvm.load(builder, builder.add(row, offset), kind) for row in x], {}
        for j, row in enumerate(u):
            u_part = llvm.load(builder, builder.add(row, offset), kind)
            for i, x_part in enumerate(x_parts):
                at = i * outputs + j
                results[at] = combine(at, x_part, u_part)
        return [results[at] for at in range(inputs * outputs)]

    def chunk(offset, *sums):
        return multiply(offset, llvm.VECTOR, lambda at, a, b: llvm.multiply_add(builder, a, b, sums[at]))

    products = [llvm.constant(0.0)] * (inputs * outputs)
    if half:
        row_bytes = builder.sub(row_bytes, ir.Constant(llvm.I64, 4 * LANES))
        products = multiply(row_bytes, llvm.HALF, lambda at, a, b: llvm.widen(builder, builder.fmul(a, b)))
    products = llvm.loop(builder, row_bytes, chunk, "chunk", step=4 * LANES, carried=products)
    for first in range(0, len(products), LANES):
        total = llvm.sum_lanes(builder, products[first : first + LANES])
        llvm.store(builder, total, builder.add(scores, ir.Constant(llvm.I64, 4 * first)))
    builder.ret_void()
    return function


@filler
def _fill_scores(module, inputs, fewest, most, half):
    for outputs in range(fewest, most + 1):
        for count in range(1, min(inputs, tile_inputs(outputs)) + 1):
            yield SCORES + count * SIZES + outputs, _scores_function(module, count, outputs, half)


@compiled
def fill_scores(table, sizes):
    """Enter `pair_scores` for 1 to n inputs and a to b outputs: `sizes` are tuples of lengths n, a, b and `half`.

    `half`: 1 if of the last vector of a row only the first half counts.
    """
    _fill_scores(table, sizes)


@intrinsic
def pair_scores(typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, scores):
    """Store `scores[i * outputs + j] = x_i·u_j` for all inputs and outputs of a tile.

    A tile has 1-16 outputs and up to `tile_inputs` inputs. `x_rows` and `u_rows` are addresses of arrays of row
    addresses; `scores` has room for TILE floats.
    """

    def codegen(context, builder, signature, args):
        table, inputs, outputs, *rest = args
        number = builder.add(builder.mul(inputs, ir.Constant(llvm.I64, SIZES)), outputs)
        call(builder, table, SCORES, number, rest)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 7), codegen


@intrinsic
def pair_coefficients(typingctx, pairs, scores, signs, sums, lr, coefficients):
    """Store `-lr · sign · σ(sign · score)` of each of at least one pair.

    The sign is -1 for a pair from the corpus and +1 for a negative. `signs` has an int32 for each pair: -2^31 where the
    sign is -1, else 0. Scores, signs and coefficients are read and written 16 at a time.

    With z = sign · score, the loss of a pair is log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), and its derivative is σ(z):
    no score is too large. The 16 + 16 floats at `sums` take up Σ max(z, 0) and Π (1 + e^-|z|). The loss of all pairs is
    the first plus the logarithm of the second, so that no logarithm is taken here.
    """

    def codegen(context, builder, signature, args):
        pairs, scores, signs, sums, lr, coefficients = args
        minus_lr = llvm.splat(builder, builder.fneg(lr))
        places = [sums, builder.add(sums, ir.Constant(llvm.I64, 4 * LANES))]
        lanes, one = ir.Constant(llvm.INTS, list(range(LANES))), llvm.constant(1.0)

        def vector(first, positive_parts, product):
            at = builder.shl(first, ir.Constant(llvm.I64, 2))
            sign = llvm.load(builder, builder.add(signs, at), llvm.INTS)
            count = builder.trunc(builder.sub(pairs, first), llvm.I32)
            valid = builder.icmp_signed("<", lanes, llvm.splat(builder, count))
            score = llvm.load(builder, builder.add(scores, at))
            z = builder.select(valid, llvm.negate_where(builder, sign, score), llvm.constant(PAD))
            small = llvm.exp_of_minus_abs(builder, z)
            below = builder.fcmp_ordered("<", z, llvm.constant(0.0))
            factor = builder.fadd(one, small)
            sigmoid = builder.fdiv(builder.select(below, small, one), factor)
            coefficient = builder.fmul(llvm.negate_where(builder, sign, minus_lr), sigmoid)
            llvm.store(builder, coefficient, builder.add(coefficients, at))
            positive = builder.select(below, llvm.constant(0.0), z)
            return builder.fadd(positive_parts, positive), builder.fmul(product, factor)

        before = [llvm.load(builder, place) for place in places]
        for total, place in zip(llvm.loop(builder, pairs, vector, "vector", LANES, before), places, strict=True):
            llvm.store(builder, total, place)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4, types.float32, types.intp), codegen
