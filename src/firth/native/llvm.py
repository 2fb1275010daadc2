"""LLVM code for vectors of 16 floats: the pieces that compiled blocks are built of.

LLVM maps such a vector to one AVX-512 register and splits it for narrower processors, so one source serves all of
them. Addresses are plain integers (`array.ctypes.data`); rows are whole numbers of 16 floats. Nothing here checks
bounds: callers do. Every function takes the builder of the code that it adds to.
"""

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from firth.native.arrays import LANES

I32, I64, FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
VECTOR = ir.VectorType(FLOAT, LANES)
INTS, LONGS = (ir.VectorType(kind, LANES) for kind in (I32, I64))
HALF = ir.VectorType(FLOAT, LANES // 2)
FLAGS = ir.VectorType(ir.IntType(1), LANES)


def constant(value, kind=VECTOR):
    """A number in all lanes."""
    return ir.Constant(kind, [float(np.float32(value))] * kind.count)


def pointer(builder, address, kind):
    """A pointer to an address, for a value of a kind."""
    return builder.inttoptr(address, kind.as_pointer())


def load(builder, address, kind=VECTOR):
    """The 16 numbers at an address."""
    vector = builder.load(pointer(builder, address, kind))
    vector.align = 4
    return vector


def store(builder, vector, address):
    """Write 16 numbers to an address."""
    builder.store(vector, pointer(builder, address, vector.type)).align = 4


def multiply_add(builder, a, b, c):
    """A · b + c, rounded once where the processor can."""
    kind = ir.FunctionType(a.type, [a.type] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{a.type.count}f32")
    return builder.call(function, [a, b, c])


def splat(builder, scalar, lanes=LANES):
    """A float or a whole number in all lanes."""
    none = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    one = builder.insert_element(none, scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


def widen(builder, half):
    """A vector whose first lanes are those of half a vector, and whose others are 0."""
    return builder.shuffle_vector(half, constant(0.0, HALF), ir.Constant(INTS, list(range(LANES))))


_POWER_OF_TWO = (
    1.0000000716552195,
    0.6931469670632642,
    0.24022119721166574,
    0.05550713274650634,
    0.00967554147984634,
    0.0013276472028500084,
)
"""Near-minimax polynomial of 2^f on [-1/2, 1/2], lowest degree first: relative error 7.5e-8."""


def _polynomial(builder, coefficients, x):
    """Pairs of terms first, then Horner's scheme in x²: fewer steps wait for one another than in Horner's alone."""
    terms = [constant(coefficient) for coefficient in coefficients]
    pairs = [multiply_add(builder, high, x, low) for low, high in zip(terms[::2], terms[1::2], strict=True)]
    square, value = builder.fmul(x, x), pairs[-1]
    for pair in pairs[-2::-1]:
        value = multiply_add(builder, value, square, pair)
    return value


def negate_where(builder, signs, vector):
    """A vector with the sign changed where `signs`, whole numbers that are -2^31 or 0, are not 0."""
    return builder.bitcast(builder.xor(builder.bitcast(vector, INTS), signs), VECTOR)


def exp_of_minus_abs(builder, z):
    """exp(-|z|) to float32 rounding, as 2^n · 2^f with n whole and |f| <= 1/2.

    It stays at 2^-64 from there on: a smaller one times a learning rate would be subnormal, which is very slow.
    """
    bits = builder.bitcast(z, INTS)
    minus = builder.bitcast(builder.or_(bits, ir.Constant(INTS, [-(2**31)] * LANES)), VECTOR)
    lowest = constant(-64.0 * np.log(2.0))
    minus = builder.select(builder.fcmp_ordered("<", minus, lowest), lowest, minus)
    to_base_2, shifter = constant(np.log2(np.e)), constant(12582912.0)
    shifted = multiply_add(builder, minus, to_base_2, shifter)  # 1.5 · 2^23 leaves a whole number in the low bits
    rest = multiply_add(builder, minus, to_base_2, builder.fsub(shifter, shifted))
    power = _polynomial(builder, _POWER_OF_TWO, rest)
    whole = builder.shl(builder.bitcast(shifted, INTS), ir.Constant(INTS, [23] * LANES))
    return builder.bitcast(builder.add(builder.bitcast(power, INTS), whole), VECTOR)


def prefetch(builder, address, to_write=1, cache=3):
    """Fetch a cache line into the cache of a level, 3 for the nearest, to be written to or read."""
    place = pointer(builder, address, ir.IntType(8))
    kind = ir.FunctionType(ir.VoidType(), [place.type, I32, I32, I32])
    function = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
    data = 1
    builder.call(function, [place, *(ir.Constant(I32, value) for value in (to_write, cache, data))])


def sum_lanes(builder, vectors):
    """One vector whose lane i is the sum of vectors[i], of 1-16: four rounds that fold pairs of neighbours."""
    vectors, lanes = list(vectors), np.arange(LANES)
    for width in (1, 2, 4, 8):
        upper = (lanes // width) % 2 == 1  # the lanes that hold the second vector of a pair
        kept, moved = ([int(lane) for lane in places + LANES * upper] for places in (lanes, lanes ^ width))
        alone = [int(lane) for lane in lanes ^ width]
        folded = []
        for at in range(0, len(vectors), 2):
            first = vectors[at]
            if at + 1 < len(vectors):
                parts = [
                    builder.shuffle_vector(first, vectors[at + 1], ir.Constant(INTS, mask)) for mask in (kept, moved)
                ]
            else:
                parts = [first, builder.shuffle_vector(first, first, ir.Constant(INTS, alone))]
            folded.append(builder.fadd(*parts))
        vectors = folded
    return vectors[0]


def row_addresses(builder, rows, count):
    """The `count` addresses in the array at an address."""
    base = pointer(builder, rows, I64)
    return [builder.load(builder.gep(base, [ir.Constant(I64, i)])) for i in range(count)]


def new_function(module, name, arguments):
    """A function of its own, with the builder of its code, that a module keeps to itself."""
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    return function, ir.IRBuilder(function.append_basic_block("entry"))


def loop(builder, end, body, name, step=1, carried=()):
    """Emit a loop over 0, step, 2 step, ... below `end`, at least once.

    `body` is called with the number and with the values carried from turn to turn, `carried` at first; it returns those
    for the next turn. The last ones are returned.
    """
    entry, first = builder.block, builder.append_basic_block(name)
    builder.branch(first)
    builder.position_at_end(first)
    i, *values = [builder.phi(kind) for kind in (I64, *(value.type for value in carried))]
    new_values = body(i, *values) or ()
    after = builder.add(i, ir.Constant(I64, step))
    pairs = zip([i, *values], [ir.Constant(I64, 0), *carried], [after, *new_values], strict=True)
    for phi, before, new in pairs:
        phi.add_incoming(before, entry)
        phi.add_incoming(new, builder.block)
    done = builder.append_basic_block(name + ".done")
    builder.cbranch(builder.icmp_signed("<", after, end), first, done)
    builder.position_at_end(done)
    return new_values


def chunks(builder, row_bytes, chunk, half):
    """Emit `chunk`, called with an offset and a type of vector, for all of a row; `half`: the last vector is a half."""
    if half:
        row_bytes = builder.sub(row_bytes, ir.Constant(I64, 4 * LANES))
    loop(builder, row_bytes, lambda offset: chunk(offset, VECTOR), "chunk", step=4 * LANES)
    if half:
        chunk(row_bytes, HALF)


def fetch_ahead(builder, ahead, count, offset, usual):
    """Emit the fetching of one cache line of each of `count` rows, of which there may be none.

    Where there are as many as usual there is no loop.
    """
    base = pointer(builder, ahead, I64)

    def fetch_row(i):
        prefetch(builder, builder.add(builder.load(builder.gep(base, [i])), offset))

    with builder.if_else(builder.icmp_signed("==", count, ir.Constant(I64, usual))) as (as_usual, otherwise):
        with as_usual:
            for i in range(usual):
                fetch_row(ir.Constant(I64, i))
        with otherwise, builder.if_then(builder.icmp_signed("<", ir.Constant(I64, 0), count)):
            loop(builder, count, fetch_row, "row")
