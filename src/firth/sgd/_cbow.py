"""CBOW over a span of the corpus: the mean of a window's vectors, or their sum, predicts the token in the middle."""

from typing import NamedTuple

from firth.native import simd
from firth.native.jit import compiled
from firth.sgd._inputs import leave_windows, window_rows
from firth.sgd._output_sets import COUNT, answers_of, rows_of
from firth.sgd._predict import predict_ahead, predict_first, set_of
from firth.sgd._step import step_of_hidden
from firth.sgd._tokens import SPAN, Kept, gather


class Hidden(NamedTuple):
    """What the hidden vector is, and how its step goes to the inputs.

    A mean whose step is not divided is no gradient. It is what CBOW is in other programs, and is there to be measured.
    """

    mean: bool  # or the sum
    divided: bool  # whether an input of a mean takes its share of the step, or all of it


@compiled
def train_cbow(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, hidden):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of predictions.

    hidden: a Hidden. The other arguments are those of `_shared.train_shared`.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, row_bytes, predictions = windows.size, center.row_bytes, 0
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
                predictions += 1
                weight = 1.0 / inputs if hidden.mean else 1.0
                gain = weight if hidden.divided else 1.0
                lr = epoch.lr + epoch.slope * simd.load_int(scratch.positions, token)
                output_set = set_of(predictor, token, scratch)
                outputs, u_rows = simd.load_int(output_set, COUNT), rows_of(output_set)
                answers, x_rows = answers_of(output_set, predictor.outputs), scratch.inputs
                step_of_hidden(
                    table,
                    inputs,
                    outputs,
                    x_rows,
                    u_rows,
                    answers,
                    weight,
                    gain,
                    row_bytes,
                    lr,
                    scratch,
                    ahead,
                    fetched,
                )
        leave_windows(center, window, lowest, entered, scratch)
    return predictions
