"""The table of the blocks that a step is made of.

A block is a function of its own for every number of rows, so that what it works on stays in registers. The functions
that a run needs are compiled by the `fill_*` functions of `_scores`, `_updates`, `_hidden` and `_sums`, which write
their addresses to a table; kernels call them by those addresses. So a block is compiled once, however many kernels use
it, and none that the run does not need.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm

MAX_INPUTS = 4
MAX_OUTPUTS = 16

SIZES = MAX_OUTPUTS + 1
"""Places of the table for one kind of block: one for each number of rows, from 0."""

SCORES = 0
"""Where the table's places for `pair_scores` begin: `SIZES` of them for each number of inputs, from 0."""

_KINDS = range(SIZES * (MAX_INPUTS + 1), SIZES * (MAX_INPUTS + 10), SIZES)

UPDATE, UPDATE_APART, *_OTHERS = _KINDS
WINDOW_SCORES, WINDOW_UPDATE, WINDOW_UPDATE_REPEATED, SUM, SUM_ALIKE, MOVE, MOVE_ALIKE = _OTHERS
"""Where the table's places for the other kinds begin."""

PLACES = _KINDS.stop
"""int64 numbers of the table."""


def filler(make):
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


def calling(begin, kinds, counted=0):
    """What the intrinsic that calls a kind of block returns: its signature and its code.

    Its first argument is the table, `kinds` are the types of the others: those that the function takes, and in place
    `counted` the number of rows that it is made for.
    """

    def codegen(context, builder, signature, args):
        table, *rest = args
        number = rest.pop(counted)
        call(builder, table, begin, number, rest)
        return context.get_dummy_value()

    return types.void(types.intp, *kinds), codegen


def call(builder, table, begin, number, args):
    """Emit the call of the function of a kind, whose places begin at `begin`, for a number of rows known only then."""
    place = builder.add(number, ir.Constant(llvm.I64, begin))
    address = builder.load(builder.gep(llvm.pointer(builder, table, llvm.I64), [place]))
    kind = ir.FunctionType(ir.VoidType(), [arg.type for arg in args])
    builder.call(builder.inttoptr(address, kind.as_pointer()), args)
