"""Skip-gram over a span of the corpus, the pairs of one predicted word sharing a set of outputs.

The words of a token's window are inputs (rows of V), and each predicts the token. Windows are symmetric, so these are
the pairs of "the center predicts each outside word"; grouped this way, all pairs of a window share one set of outputs
and one pass over the rows.
"""

from firth.native import simd
from firth.native.jit import compiled
from firth.sgd._inputs import leave_windows, window_rows
from firth.sgd._output_sets import COUNT, answers_of, rows_of
from firth.sgd._predict import predict_ahead, predict_first, set_of
from firth.sgd._step import step
from firth.sgd._tokens import SPAN, Kept, gather


@compiled
def train_shared(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of pairs.

    stream: a Stream. windows: Windows. predictor: Negatives or a Tree. table: address of the table of blocks. epoch: an
    Epoch. center, outside: the rows of V and U, changed in place. scratch: a Scratch, whose loss grows. Windows reach
    beyond start and stop within the sentence.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, row_bytes, pairs = windows.size, center.row_bytes, 0
    for span in range(start, stop, SPAN):
        lowest, first, last, count = gather(stream, span, min(span + SPAN, stop), windows, epoch, kept)
        predict_first(outside, predictor, epoch.noise_key, first, last, scratch)
        entered = lowest
        for token in range(first, last):
            left, right = simd.load_int(scratch.left, token), simd.load_int(scratch.right, token)
            entered = window_rows(center, window, token, left, right, lowest, count, entered, scratch)
            ahead, fetched = predict_ahead(
                center, outside, predictor, epoch.noise_key, window, token, last, count, scratch
            )
            inputs = right - left - 1
            if inputs > 0:
                pairs += inputs
                lr = epoch.lr + epoch.slope * simd.load_int(scratch.positions, token)
                output_set = set_of(predictor, token, scratch)
                outputs, u_rows = simd.load_int(output_set, COUNT), rows_of(output_set)
                answers = answers_of(output_set, predictor.outputs)
                step(table, inputs, outputs, scratch.inputs, u_rows, answers, row_bytes, lr, scratch, ahead, fetched)
        leave_windows(center, window, lowest, entered, scratch)
    return pairs
