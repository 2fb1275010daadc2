"""PV-DM by concatenation: the vectors of a document's tags and of its whole window, side by side, predict a token.

A window's places beyond the ends of its document have the padding's vector. Rows of U are as wide as all of these
together.
"""

from firth.native import simd
from firth.native.jit import compiled, inlined
from firth.sgd._documents import add_tags, document_at
from firth.sgd._inputs import lay_out_inputs, window_rows
from firth.sgd._output_sets import COUNT, DISTINCT, ROWS
from firth.sgd._predict import predict, predict_span
from firth.sgd._rows import LINE
from firth.sgd._step import step
from firth.sgd._tokens import SPAN, Kept, gather


@inlined
def place_rows(window, token, left, right, padding, inputs, scratch):
    """Write the addresses of the rows of all places of a window to `scratch.inputs`, after `inputs` that are there.

    The tokens that the window has are left..right; return how many inputs there are now.
    """
    for other in range(token - window, token + window + 1):
        if other != token:
            row = simd.load_int(scratch.entered, other) if left <= other < right else padding
            simd.store_int(scratch.inputs, inputs, row)
            inputs += 1
    return inputs


@inlined
def join_rows(inputs, row_bytes, wide, scratch):
    """Copy the rows of all inputs side by side to the row at `wide`."""
    for i in range(inputs):
        row = simd.load_int(scratch.inputs, i)
        for offset in range(0, row_bytes, LINE):
            simd.store(simd.load(row + offset), wide + offset)
        wide += row_bytes


@inlined
def _move_rows(inputs, row_bytes, wide, before, scratch):
    """Move the row of each input as far as its part of the row at `wide` is from that at `before`."""
    for i in range(inputs):
        row = simd.load_int(scratch.inputs, i)
        for offset in range(0, row_bytes, LINE):
            moved = simd.sub(simd.load(wide + offset), simd.load(before + offset))
            simd.store(simd.add(simd.load(row + offset), moved), row + offset)
        wide += row_bytes
        before += row_bytes


@compiled
def train_concatenated(
    stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, documents, padding
):
    """Train on positions start..stop (stop exclusive) of the corpus; return the number of predictions.

    The arguments are those of `_windows.train_windows`; center rows are `Rows`, windows are fixed, and every document
    has as many tags. padding: the address of a row.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, row_bytes, predictions = windows.size, center.row_bytes, 0
    wide, before = simd.load_int(scratch.hidden, 0), simd.load_int(scratch.hidden, 1)
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
            sentence, inputs = add_tags(documents, stream, sentence, token, 0, scratch)
            inputs = place_rows(window, token, left, right, padding, inputs, scratch)
            join_rows(inputs, row_bytes, wide, scratch)
            join_rows(inputs, row_bytes, before, scratch)
            outputs, distinct = simd.load_int(output_set, COUNT), simd.load_int(output_set, DISTINCT)
            lr, u_rows = epoch.lr + epoch.slope * simd.load_int(scratch.positions, token), output_set + 8 * ROWS
            step(
                table,
                1,
                outputs,
                scratch.hidden,
                u_rows,
                answers,
                distinct,
                outside.row_bytes,
                lr,
                scratch,
                ahead,
                fetched,
            )
            _move_rows(inputs, row_bytes, wide, before, scratch)
            predictions += 1
    return predictions
