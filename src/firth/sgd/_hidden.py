"""The blocks of CBOW: the hidden vector of a window and its scores, and the move of all rows by them."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm
from firth.native.arrays import LANES
from firth.native.jit import compiled
from firth.sgd._blocks import WINDOW_SCORES, WINDOW_UPDATE, WINDOW_UPDATE_REPEATED, calling, filler


def _scores_function(module, outputs):
    """The function of `window_scores` for one number of outputs."""
    name, arguments = f"firth.window_scores.{outputs}", [llvm.I64] * 4 + [llvm.FLOAT] + [llvm.I64] * 2
    function, builder = llvm.new_function(module, name, arguments)
    inputs, x_rows, u_rows, row_bytes, weight, hidden, scores = function.args
    x_base, weight = llvm.pointer(builder, x_rows, llvm.I64), llvm.splat(builder, weight)
    u = llvm.row_addresses(builder, u_rows, outputs)

    def chunk(offset, *products):
        def add_input(i, total):
            x_part = llvm.load(builder, builder.add(builder.load(builder.gep(x_base, [i])), offset))
            return [builder.fadd(total, x_part)]

        (total,) = llvm.loop(builder, inputs, add_input, "input", carried=[llvm.constant(0.0)])
        h = builder.fmul(weight, total)
        llvm.store(builder, h, builder.add(hidden, offset))
        parts = (llvm.load(builder, builder.add(row, offset)) for row in u)
        return [llvm.multiply_add(builder, h, *pair) for pair in zip(parts, products, strict=True)]

    before = [llvm.constant(0.0)] * outputs
    products = llvm.loop(builder, row_bytes, chunk, "chunk", step=4 * LANES, carried=before)
    llvm.store(builder, llvm.sum_lanes(builder, products), scores)
    builder.ret_void()
    return function


def _update_function(module, outputs, repeated):
    """The function of `window_update` or `window_update_repeated` for one number of outputs."""
    name = f"firth.window_update{'_repeated' * repeated}.{outputs}"
    arguments = [llvm.I64] * 5 + [llvm.FLOAT] + [llvm.I64] * 3
    function, builder = llvm.new_function(module, name, arguments)
    inputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, ahead_count = function.args
    x_base, gain = llvm.pointer(builder, x_rows, llvm.I64), llvm.splat(builder, gain)
    u = llvm.row_addresses(builder, u_rows, outputs)
    base = llvm.pointer(builder, coefficients, llvm.FLOAT)
    numbers = [ir.Constant(llvm.I64, j) for j in range(outputs)]
    factors = [llvm.splat(builder, builder.load(builder.gep(base, [j]))) for j in numbers]

    def chunk(offset):
        llvm.fetch_ahead(builder, ahead, ahead_count, offset, usual=outputs + 1)
        h = llvm.load(builder, builder.add(hidden, offset))
        sums, places = [llvm.constant(0.0)] * 2, [builder.add(address, offset) for address in u]
        for j, (factor, place) in enumerate(zip(factors, places, strict=True)):
            u_part = llvm.load(builder, place)
            sums[j % 2] = llvm.multiply_add(builder, factor, u_part, sums[j % 2])
            if not repeated:
                llvm.store(builder, llvm.multiply_add(builder, factor, h, u_part), place)
        for factor, place in zip(factors, places if repeated else [], strict=repeated):
            llvm.store(builder, llvm.multiply_add(builder, factor, h, llvm.load(builder, place)), place)
        move = builder.fmul(gain, builder.fadd(*sums))

        def move_input(i):
            place = builder.add(builder.load(builder.gep(x_base, [i])), offset)
            llvm.store(builder, builder.fadd(llvm.load(builder, place), move), place)

        llvm.loop(builder, inputs, move_input, "input")

    llvm.loop(builder, row_bytes, chunk, "chunk", step=4 * LANES)
    builder.ret_void()
    return function


@filler
def _fill_windows(module, fewest, most):
    for outputs in range(fewest, most + 1):
        yield WINDOW_SCORES + outputs, _scores_function(module, outputs)
        yield WINDOW_UPDATE + outputs, _update_function(module, outputs, repeated=False)


@filler
def _fill_repeated(module, fewest, most):
    for outputs in range(fewest, most + 1):
        yield WINDOW_UPDATE_REPEATED + outputs, _update_function(module, outputs, repeated=True)


@compiled
def fill_windows(table, sizes):
    """Enter `window_scores` and `window_update` for a to b outputs: `sizes` are tuples of lengths a and b."""
    _fill_windows(table, sizes)


@compiled
def fill_windows_repeated(table, sizes):
    """Enter `window_update_repeated` for a to b outputs."""
    _fill_repeated(table, sizes)


@intrinsic
def window_scores(typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, weight, hidden, scores):
    """Write h = weight · Σ_i x_i to the row at `hidden`, and h·u_j of 1-16 outputs to `scores`, which takes 16 floats.

    `x_rows` and `u_rows` are addresses of arrays of row addresses.
    """

    return calling(WINDOW_SCORES, [*[types.intp] * 5, types.float32, *[types.intp] * 2], counted=1)


def _updating(begin):
    @intrinsic
    def window_update(
        typingctx, table, inputs, outputs, x_rows, u_rows, row_bytes, coefficients, gain, hidden, ahead, ahead_count
    ):
        """Add `c[j]` times the row at `hidden` to each of 1-16 outputs u_j, and gain · Σ_j c[j] u_j to each input row.

        c are the `coefficients`; the sum is of the old values. An input row that occurs twice is moved twice. Meanwhile
        the `ahead_count` rows whose addresses are at `ahead` are prefetched, a line with every vector.
        """

        return calling(begin, [*[types.intp] * 6, types.float32, *[types.intp] * 3], counted=1)

    return window_update


window_update, window_update_repeated = _updating(WINDOW_UPDATE), _updating(WINDOW_UPDATE_REPEATED)
"""`repeated`: an output row may occur twice, and is then moved twice too."""
