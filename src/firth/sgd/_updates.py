"""Updates: the move of input and output rows by each other, all by the old values, times the coefficients of pairs."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm
from firth.native.jit import compiled
from firth.sgd._blocks import UPDATE, UPDATE_APART, calling, filler


def _update_function(module, outputs, apart, half):
    """The function of `rank_update` or `rank_update_apart` for one number of outputs."""
    name = f"firth.rank_update{'_apart' * apart}.{outputs}"
    function, builder = llvm.new_function(module, name, [llvm.I64] * (9 if apart else 7))
    inputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count = function.args[:7]
    x_targets, u_targets = function.args[7:] if apart else (x_rows, u_rows)
    u = llvm.row_addresses(builder, u_rows, outputs)
    u_new = llvm.row_addresses(builder, u_targets, outputs) if apart else u
    x_base, x_target_base = llvm.pointer(builder, x_rows, llvm.I64), llvm.pointer(builder, x_targets, llvm.I64)

    def chunk(offset, kind):
        llvm.fetch_ahead(builder, ahead, ahead_count, offset, usual=outputs + 1)
        u_parts = [llvm.load(builder, builder.add(address, offset), kind) for address in u]
        before = [llvm.constant(0.0, kind)] * outputs if apart else u_parts

        def move_input(i, place, *sums):
            x_place = builder.add(builder.load(builder.gep(x_base, [i])), offset)
            x_old = llvm.load(builder, x_place, kind)
            target, x_new = x_place, x_old
            if apart:
                target = builder.add(builder.load(builder.gep(x_target_base, [i])), offset)
                x_new = llvm.load(builder, target, kind)
            base, sums = llvm.pointer(builder, place, llvm.FLOAT), list(sums)
            for j in range(outputs):
                number = builder.load(builder.gep(base, [ir.Constant(llvm.I64, j)]))
                coefficient = llvm.splat(builder, number, kind.count)
                x_new = llvm.multiply_add(builder, coefficient, u_parts[j], x_new)
                sums[j] = llvm.multiply_add(builder, coefficient, x_old, sums[j])
            llvm.store(builder, x_new, target)
            return builder.add(place, ir.Constant(llvm.I64, 4 * outputs)), *sums

        _, *sums = llvm.loop(builder, inputs, move_input, "input", carried=[coefficients, *before])
        for row, total in zip(u_new, sums, strict=True):
            place = builder.add(row, offset)
            if apart:  # loaded now, as a row may occur twice
                total = builder.fadd(llvm.load(builder, place, kind), total)
            llvm.store(builder, total, place)

    llvm.chunks(builder, row_bytes, chunk, half)
    builder.ret_void()
    return function


@filler
def _fill_updates(module, fewest, most, half):
    for outputs in range(fewest, most + 1):
        yield UPDATE + outputs, _update_function(module, outputs, apart=False, half=half)


@filler
def _fill_updates_apart(module, fewest, most, half):
    for outputs in range(fewest, most + 1):
        yield UPDATE_APART + outputs, _update_function(module, outputs, apart=True, half=half)


@compiled
def fill_updates(table, sizes):
    """Enter `rank_update` for a to b outputs: `sizes` are tuples of lengths a, b and `half`.

    `half`: 1 if of the last vector of a row only the first half counts.
    """
    _fill_updates(table, sizes)


@compiled
def fill_updates_apart(table, sizes):
    """Enter `rank_update_apart` for a to b outputs: `sizes` as in `fill_updates`."""
    _fill_updates_apart(table, sizes)


@intrinsic
def rank_update(typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count):
    """Add `Σ_j c[i, j] u_j` to each input row x_i and `Σ_i c[i, j] x_i` to each of 1-16 output rows u_j.

    c are the `coefficients`. The products take the old values of distinct rows. No output row may occur twice; an input
    row that does is moved twice in turn, so the second product sees what the first one did. Meanwhile the `ahead_count`
    rows whose addresses are at `ahead` are prefetched, a line with every vector.
    """

    return calling(UPDATE, [types.intp] * 8, counted=1)


@intrinsic
def rank_update_apart(
    typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, ahead, ahead_count, x_targets, u_targets
):
    """`rank_update` that reads x_i and u_j from one place and adds to rows in another, which may be the same.

    An output row that occurs twice gets both sums.
    """

    return calling(UPDATE_APART, [types.intp] * 10, counted=1)
