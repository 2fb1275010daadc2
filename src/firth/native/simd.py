"""Vectors of 16 floats for compiled kernels: a numba type, its arithmetic, and numbers at addresses.

The address of an array is `array.ctypes.data`. Nothing here checks bounds: callers do.
"""

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from firth.native import llvm
from firth.native.arrays import LANES


class Float16(types.Type):
    """The numba type of 16 floats held in registers."""

    def __init__(self):
        super().__init__(name="Float16")


float16 = Float16()


@register_model(Float16)
class _Float16Model(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, llvm.VECTOR)


@intrinsic
def load(typingctx, address):
    """The 16 floats at an address."""
    return float16(types.intp), lambda context, builder, signature, args: llvm.load(builder, args[0])


@intrinsic
def store(typingctx, vector, address):
    """Write 16 floats to an address."""

    def codegen(context, builder, signature, args):
        llvm.store(builder, args[0], args[1])
        return context.get_dummy_value()

    return types.void(float16, types.intp), codegen


def _scalar_access(kind):
    """The functions that read and write entry i of an array of one kind of number, given its address."""

    @intrinsic
    def load_scalar(typingctx, table, i):
        def codegen(context, builder, signature, args):
            base = llvm.pointer(builder, args[0], context.get_value_type(kind))
            return builder.load(builder.gep(base, [args[1]]))

        return kind(types.intp, types.intp), codegen

    @intrinsic
    def store_scalar(typingctx, table, i, value):
        def codegen(context, builder, signature, args):
            base = llvm.pointer(builder, args[0], context.get_value_type(kind))
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
    return float16(float16, float16, float16), lambda context, builder, signature, args: llvm.multiply_add(
        builder, *args
    )


@intrinsic
def maximum(typingctx, a, b):
    """The larger of a and b, lane by lane."""

    def codegen(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return float16(float16, float16), codegen


@intrinsic
def any_above(typingctx, vector, scalar):
    """Whether one of 16 floats is above a number; NaN is not."""

    def codegen(context, builder, signature, args):
        above = builder.fcmp_ordered(">", args[0], llvm.splat(builder, args[1]))
        return builder.icmp_unsigned("!=", builder.bitcast(above, ir.IntType(llvm.LANES)), ir.IntType(llvm.LANES)(0))

    return types.boolean(float16, types.float32), codegen


@intrinsic
def splat(typingctx, scalar):
    """A float32 in all 16 lanes."""
    return float16(types.float32), lambda context, builder, signature, args: llvm.splat(builder, args[0])


@intrinsic
def select_bits(typingctx, bits, a, b):
    """A where the lane's bit of 16 is set, else b: two float32."""

    def codegen(context, builder, signature, args):
        bits, *numbers = args
        flags = builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), llvm.FLAGS)
        return builder.select(flags, *(llvm.splat(builder, number) for number in numbers))

    return float16(types.intp, types.float32, types.float32), codegen


@intrinsic
def sum_of(typingctx, vector):
    """The sum of 16 floats."""

    def codegen(context, builder, signature, args):
        return builder.extract_element(llvm.sum_lanes(builder, args), ir.Constant(llvm.I32, 0))

    return types.float32(float16), codegen


@intrinsic
def add_to_doubles(typingctx, vector, address):
    """Add 16 floats to the 16 doubles at an address."""

    def codegen(context, builder, signature, args):
        doubles = ir.VectorType(ir.DoubleType(), LANES)
        old = llvm.load(builder, args[1], doubles)
        llvm.store(builder, builder.fadd(old, builder.fpext(args[0], doubles)), args[1])
        return context.get_dummy_value()

    return types.void(float16, types.intp), codegen


@intrinsic
def store_addresses(typingctx, numbers, shift, base, row_bytes, addresses):
    """Write base + (number >> shift) · row_bytes, for the 16 int32 numbers at an address, to 16 int64 at another."""

    def codegen(context, builder, signature, args):
        numbers, shift, base, row_bytes, addresses = args
        shifts = llvm.splat(builder, builder.trunc(shift, llvm.I32))
        rows = builder.zext(builder.lshr(llvm.load(builder, numbers, llvm.INTS), shifts), llvm.LONGS)
        places = builder.add(builder.mul(rows, llvm.splat(builder, row_bytes)), llvm.splat(builder, base))
        llvm.store(builder, places, addresses)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), codegen


@intrinsic
def copy_ints(typingctx, source, count, target):
    """Copy `count` int64 from one address to another, 8 at a time and at least once: both need room for that."""

    def codegen(context, builder, signature, args):
        source, count, target = args
        eight = ir.VectorType(llvm.I64, 8)

        def copy(i):
            at = builder.shl(i, ir.Constant(llvm.I64, 3))
            llvm.store(builder, llvm.load(builder, builder.add(source, at), eight), builder.add(target, at))

        llvm.loop(builder, count, copy, "copy", step=8)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3), codegen


@intrinsic
def exp_of_minus_abs(typingctx, z):
    """exp(-|z|) to float32 rounding, but nowhere less than 2^-64."""
    return float16(float16), lambda context, builder, signature, args: llvm.exp_of_minus_abs(builder, args[0])


@intrinsic
def prefetch(typingctx, address):
    """Fetch the cache line of an address, to be written to."""

    def codegen(context, builder, signature, args):
        llvm.prefetch(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.intp), codegen
