"""Counters that compiled code in several threads shares, and the wait for one of them.

A counter is an int64 at an address. What a thread wrote before it counts is seen by all that have seen the count.
"""

import ctypes
import os

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm
from firth.native.jit import inlined

SPINS = 500
"""Looks at a counter before the processor is offered to other threads at each: some microseconds."""


def yielding() -> int:
    """The address of the system's function that offers the processor to other threads."""
    function = ctypes.WinDLL("kernel32").SwitchToThread if os.name == "nt" else ctypes.CDLL(None).sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0


@intrinsic
def add_to_counter(typingctx, address, number):
    """Add a number to a counter; return what it was before."""

    def codegen(context, builder, signature, args):
        return builder.atomic_rmw("add", llvm.pointer(builder, args[0], llvm.I64), args[1], "seq_cst")

    return types.int64(types.intp, types.int64), codegen


@intrinsic
def load_counter(typingctx, address):
    """The number at a counter."""

    def codegen(context, builder, signature, args):
        return builder.load_atomic(llvm.pointer(builder, args[0], llvm.I64), "seq_cst", 8)

    return types.int64(types.intp), codegen


@intrinsic
def exchange(typingctx, address, expected, number):
    """Put a number at a counter that is as expected; return what it was before."""

    def codegen(context, builder, signature, args):
        place = llvm.pointer(builder, args[0], llvm.I64)
        return builder.extract_value(builder.cmpxchg(place, args[1], args[2], "seq_cst"), 0)

    return types.int64(types.intp, types.int64, types.int64), codegen


@intrinsic
def store_counter(typingctx, address, number):
    """Set a counter."""

    def codegen(context, builder, signature, args):
        builder.store_atomic(args[1], llvm.pointer(builder, args[0], llvm.I64), "monotonic", 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.int64), codegen


@intrinsic
def _call(typingctx, function):
    """Call the C function without arguments at an address."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(llvm.I32, [])
        builder.call(llvm.pointer(builder, args[0], kind), [])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@inlined
def wait_for(counter, least, yielding):
    """Wait until a counter is `least` or more. yielding: as from the function of that name."""
    spins = 0
    while load_counter(counter) < least:
        spins += 1
        if spins > SPINS:
            _call(yielding)
