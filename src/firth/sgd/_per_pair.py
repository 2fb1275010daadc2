"""Skip-gram over a span of the corpus, each pair with negatives and a step of its own."""

from firth.native import simd
from firth.native.jit import compiled
from firth.sgd._inputs import leave_windows, window_rows
from firth.sgd._negatives import draw_negatives
from firth.sgd._output_sets import COUNT, answers_of, rows_of, set_size
from firth.sgd._step import step
from firth.sgd._tokens import SPAN, Kept, gather


@compiled
def train_per_pair(stream, start, stop, windows, negatives, table, epoch, center, outside, scratch):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of pairs.

    The arguments are those of `_shared.train_shared`.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, row_bytes, pairs = windows.size, center.row_bytes, 0
    set_bytes, copy_bytes = 8 * set_size(negatives.outputs), negatives.outputs * outside.row_bytes
    for span in range(start, stop, SPAN):
        lowest, first, last, count = gather(stream, span, min(span + SPAN, stop), windows, epoch, kept)
        entered = lowest
        for token in range(first, last):
            left, right = simd.load_int(scratch.left, token), simd.load_int(scratch.right, token)
            entered = window_rows(center, window, token, left, right, lowest, count, entered, scratch)
            word, position = simd.load_int(scratch.words, token), simd.load_int(scratch.positions, token)
            lr, counter, inputs = epoch.lr + epoch.slope * position, 0, right - left - 1
            for i in range(-1, inputs):  # the negatives of a pair are drawn, and their rows fetched, a pair before
                turn, following = i % 2, (i + 1) % 2
                output_set, next_set = scratch.sets + turn * set_bytes, scratch.sets + following * set_bytes
                fetched = 0
                if i + 1 < max(inputs, 1):
                    copies = scratch.output_copies + following * copy_bytes
                    counter = draw_negatives(
                        outside, negatives, epoch.noise_key, word, position, counter, next_set, copies
                    )
                    fetched = simd.load_int(next_set, COUNT)
                if i >= 0:
                    outputs, u_rows, x_row = (
                        simd.load_int(output_set, COUNT),
                        rows_of(output_set),
                        scratch.inputs + 8 * i,
                    )
                    answers, ahead = answers_of(output_set, negatives.outputs), rows_of(next_set)
                    step(table, 1, outputs, x_row, u_rows, answers, row_bytes, lr, scratch, ahead, fetched)
            pairs += inputs
        leave_windows(center, window, lowest, entered, scratch)
    return pairs
