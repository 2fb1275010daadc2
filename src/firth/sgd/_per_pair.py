"""Skip-gram over a span of the corpus, each pair with negatives and a step of its own."""

from firth.native import rng, simd
from firth.native.jit import compiled
from firth.sgd._inputs import lay_out_inputs, leave_windows, window_rows
from firth.sgd._negatives import draw_one_by_one, set_bytes, take_rows
from firth.sgd._output_sets import COUNT, ROWS
from firth.sgd._step import step
from firth.sgd._tokens import SPAN, Kept, gather


@compiled
def train_per_pair(stream, start, stop, windows, negatives, table, epoch, center, outside, scratch):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of pairs.

    The arguments are those of `_windows.train_windows`.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, row_bytes, pairs = windows.size, center.row_bytes, 0
    size, copy_bytes, drawn = set_bytes(negatives), negatives.outputs * outside.row_bytes, scratch.drawn
    for span in range(start, stop, SPAN):
        lowest, first, last, count = gather(stream, span, min(span + SPAN, stop), windows, epoch, kept)
        lay_out_inputs(center, lowest, count, scratch)
        entered = lowest
        for token in range(first, last):
            left, right = simd.load_int(scratch.left, token), simd.load_int(scratch.right, token)
            entered = window_rows(center, window, token, left, right, lowest, count, entered, scratch)
            word, position = simd.load_int(scratch.words, token), simd.load_int(scratch.positions, token)
            lr, counter, inputs = epoch.lr + epoch.slope * position, 0, right - left - 1
            stream_of_token = rng.draw(epoch.noise_key, position)
            for i in range(-1, inputs):  # the negatives of a pair are drawn, and their rows fetched, a pair before
                turn, following = i % 2, (i + 1) % 2
                output_set, next_set = scratch.sets + turn * size, scratch.sets + following * size
                fetched = 0
                if i + 1 < max(inputs, 1):
                    counter = draw_one_by_one(negatives, stream_of_token, word, counter, drawn, 1)
                    copies = scratch.output_copies + following * copy_bytes
                    take_rows(outside, negatives, word, drawn, 1, next_set, copies)
                    fetched = simd.load_int(next_set, COUNT)
                if i >= 0:
                    outputs, x_row, u_rows = (
                        simd.load_int(output_set, COUNT),
                        scratch.inputs + 8 * i,
                        output_set + 8 * ROWS,
                    )
                    ahead, answers = next_set + 8 * ROWS, scratch.first_only
                    step(table, 1, outputs, x_row, u_rows, answers, 0, row_bytes, lr, scratch, ahead, fetched)
            pairs += inputs
        leave_windows(center, window, lowest, entered, scratch)
    return pairs
