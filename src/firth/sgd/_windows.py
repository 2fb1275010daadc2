"""Training on a span of the corpus: each token is predicted by the words of its window.

Skip-gram: the words of a token's window are inputs (rows of V), and each predicts the token. Windows are symmetric, so
these are the pairs of "the center predicts each outside word"; grouped this way, all pairs of a window share one set of
outputs and one pass over the rows. CBOW: the mean of the window's vectors, or their sum, predicts the token. The
vectors of a document (PV-DBOW and PV-DM) are further inputs of its windows.
"""

from typing import NamedTuple

from numba import types

from firth.native import simd
from firth.native.jit import chosen_by_type, compiled
from firth.sgd._documents import add_tags, document_at
from firth.sgd._inputs import fetch_parts_too, lay_out_inputs, leave_windows, window_rows
from firth.sgd._output_sets import COUNT, DISTINCT, ROWS
from firth.sgd._predict import predict, predict_span
from firth.sgd._step import step, step_of_hidden
from firth.sgd._tokens import SPAN, Kept, gather


class Hidden(NamedTuple):
    """What the hidden vector of CBOW is, and how its step goes to the inputs.

    A mean whose step is not divided is no gradient. It is what CBOW is in other programs, and is there to be measured.
    """

    mean: bool  # or the sum
    divided: bool  # whether an input of a mean takes its share of the step, or all of it


@compiled
def train_windows(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, hidden, documents):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of predictions.

    stream: a Stream. windows: Windows. predictor: Negatives, a Tree or Both. table: address of the table of blocks.
    epoch: an Epoch. center, outside: the rows of V and U, changed in place. scratch: a Scratch, whose loss grows.
    hidden: a Hidden for CBOW, None for skip-gram. documents: Documents, or None. Windows reach beyond start and stop
    within the sentence.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, predictions = windows.size, 0
    for span in range(start, stop, SPAN):
        lowest, first, last, count = gather(stream, span, min(span + SPAN, stop), windows, epoch, kept)
        lay_out_inputs(center, lowest, count, scratch)
        predict_span(center, outside, predictor, epoch.noise_key, window, first, last, count, scratch)
        entered, sentence = lowest, document_at(documents, stream, span)
        for token in range(first, last):
            left, right = simd.load_int(scratch.left, token), simd.load_int(scratch.right, token)
            entered = window_rows(center, window, token, left, right, lowest, count, entered, scratch)
            output_set, answers, ahead, fetched = predict(
                center, outside, predictor, window, token, last, count, scratch
            )
            ahead, fetched = fetch_parts_too(center, token + window + 2, count, ahead, fetched, scratch)
            sentence, inputs = add_tags(documents, stream, sentence, token, right - left - 1, scratch)
            if inputs > 0:
                outputs, distinct = simd.load_int(output_set, COUNT), simd.load_int(output_set, DISTINCT)
                lr = epoch.lr + epoch.slope * simd.load_int(scratch.positions, token)
                predictions += _step(
                    hidden,
                    table,
                    inputs,
                    outputs,
                    output_set + 8 * ROWS,
                    answers,
                    distinct,
                    center.row_bytes,
                    lr,
                    scratch,
                    ahead,
                    fetched,
                )
        leave_windows(center, window, lowest, entered, scratch)
    return predictions


@chosen_by_type
def _step(hidden, table, inputs, outputs, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, fetched):
    """Take the step of a token and return how many predictions it is of."""
    return _step_of_pairs if isinstance(hidden, types.NoneType) else _step_of_window


def _step_of_pairs(hidden, table, inputs, outputs, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, fetched):
    x_rows = scratch.inputs
    step(table, inputs, outputs, x_rows, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, fetched)
    return inputs


def _step_of_window(hidden, table, inputs, outputs, u_rows, answers, distinct, row_bytes, lr, scratch, ahead, fetched):
    weight = 1.0 / inputs if hidden.mean else 1.0
    gain = weight if hidden.divided else 1.0
    step_of_hidden(
        table, inputs, outputs, u_rows, answers, distinct, weight, gain, row_bytes, lr, scratch, ahead, fetched
    )
    return 1
