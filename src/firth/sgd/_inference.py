"""Vectors of new documents: the steps of training that move a document's vector alone, while V and U stay as they are.

Draws are functions of the words of a document and of places in it, and so is its first vector: it depends on no other
document, and unlike documents have nothing in common.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64

from firth.native import rng, simd
from firth.native.jit import compiled, inlined
from firth.sgd._blocks import MAX_OUTPUTS
from firth.sgd._concatenated import join_rows, place_rows
from firth.sgd._inputs import lay_out_inputs, window_rows
from firth.sgd._output_sets import COUNT, ROWS
from firth.sgd._predict import predict, predict_span
from firth.sgd._rows import LINE
from firth.sgd._step import find_coefficients_in_groups
from firth.sgd._sums import move_rows_alike, sum_rows, sum_rows_alike
from firth.sgd._tokens import SPAN, Epoch, Kept, Stream, gather

ALONE, COMBINED, CONCATENATED = range(3)
"""What predicts a token: the document's vector, a mean or sum of it and those of the window, or all side by side."""


class Schedule(NamedTuple):
    """The passes over each document."""

    keys: int  # address of (epochs, 2) int64: the keys of tokens and of negatives
    first_key: int  # of the first vectors
    epochs: int
    lr: float
    min_lr: float


class Model(NamedTuple):
    """How a document's vector predicts."""

    kind: int
    mean: bool  # of COMBINED: the mean, or the sum
    divided: bool  # of a mean: whether the document takes its share of the step, or all of it
    padding: int  # of CONCATENATED: the address of a row
    dim: int


@inlined
def _find_move(table, outputs, u_rows, answers, row_bytes, lr, scratch):
    """Write to the second hidden row what the step of the vector at `scratch.hidden` is."""
    hidden, moved, before = scratch.hidden, simd.load_int(scratch.hidden, 1), simd.load_int(scratch.hidden, 2)
    find_coefficients_in_groups(table, 1, outputs, hidden, u_rows, answers, row_bytes, lr, scratch)
    for first in range(0, outputs, MAX_OUTPUTS):
        size, at = min(outputs - first, MAX_OUTPUTS), scratch.coefficients + 4 * first
        sum_rows(table, size, u_rows + 8 * first, at, row_bytes, before, moved)
        before = moved


@inlined
def _find_hidden(model, table, window, token, left, right, document, row_bytes, scratch):
    """Write what predicts a token to the first hidden row; return the gain of the document's step.

    The addresses of the window's rows are at `scratch.inputs`.
    """
    hidden, before, inputs = simd.load_int(scratch.hidden, 0), simd.load_int(scratch.hidden, 2), right - left - 1
    if model.kind == CONCATENATED:
        simd.store_int(scratch.inputs, 0, document)
        inputs = place_rows(window, token, left, right, model.padding, 1, scratch)
        join_rows(inputs, row_bytes, hidden, scratch)
        return 1.0
    if model.kind == ALONE:
        inputs = 0
    simd.store_int(scratch.inputs, inputs, document)
    inputs += 1
    weight = 1.0 / inputs if model.mean else 1.0
    simd.store_float(scratch.weight, 0, np.float32(weight))
    for first in range(0, inputs, MAX_OUTPUTS):
        size = min(inputs - first, MAX_OUTPUTS)
        sum_rows_alike(table, size, scratch.inputs + 8 * first, scratch.weight, row_bytes, before, hidden)
        before = hidden
    return weight if model.divided else 1.0


@inlined
def _fetch(rows, count, row_bytes):
    """Prefetch the rows whose addresses are at `rows`, which the next tokens need."""
    for i in range(count):
        row = simd.load_int(rows, i)
        for offset in range(0, row_bytes, LINE):
            simd.prefetch(row + offset)


@inlined
def _own_key(key, stream):
    """The key of a document, the sentence of a stream, made of its words."""
    key = uint64(key)
    for position in range(simd.load_int(stream.offsets, 1)):
        key = rng.draw(key, np.int64(simd.load_int32(stream.ids, position)))
    return key


@compiled
def infer(
    stream, first_document, last_document, windows, predictor, table, schedule, center, outside, model, rows, scratch
):
    """Move the vectors of documents first..last (last exclusive), the sentences of a stream.

    rows: the address of the row of document 0, zeros as long as those of `center`. scratch: of this thread; its loss
    grows.
    """
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    window, row_bytes = windows.size, center.row_bytes
    for number in range(first_document, last_document):
        begin, end = simd.load_int(stream.offsets, number), simd.load_int(stream.offsets, number + 1)
        length, document = end - begin, rows + number * row_bytes
        simd.store_int(scratch.ends, 0, 0)
        simd.store_int(scratch.ends, 1, length)
        own = Stream(stream.ids + 4 * begin, scratch.ends, 1)
        own_key = _own_key(schedule.first_key, own)
        for i in range(model.dim):
            simd.store_float(document, i, rng.small(rng.draw(own_key, i), model.dim))
        for passed in range(schedule.epochs):
            fall = (schedule.min_lr - schedule.lr) / schedule.epochs
            token_key = np.int64(rng.draw(own_key, simd.load_int(schedule.keys, 2 * passed)))
            noise_key = np.int64(rng.draw(own_key, simd.load_int(schedule.keys, 2 * passed + 1)))
            epoch = Epoch(token_key, noise_key, schedule.lr + fall * passed, fall / length)
            for span in range(0, length, SPAN):
                lowest, first, last, count = gather(own, span, min(span + SPAN, length), windows, epoch, kept)
                lay_out_inputs(center, lowest, count, scratch)
                predict_span(center, outside, predictor, epoch.noise_key, window, first, last, count, scratch)
                entered = lowest
                for token in range(first, last):
                    left, right = simd.load_int(scratch.left, token), simd.load_int(scratch.right, token)
                    entered = window_rows(center, window, token, left, right, lowest, count, entered, scratch)
                    output_set, answers, ahead, fetched = predict(
                        center, outside, predictor, window, token, last, count, scratch
                    )
                    _fetch(ahead, fetched, outside.row_bytes)
                    gain = _find_hidden(model, table, window, token, left, right, document, row_bytes, scratch)
                    outputs, u_rows = simd.load_int(output_set, COUNT), output_set + 8 * ROWS
                    lr = epoch.lr + epoch.slope * simd.load_int(scratch.positions, token)
                    _find_move(table, outputs, u_rows, answers, outside.row_bytes, lr, scratch)
                    simd.store_float(scratch.weight, 0, np.float32(gain))
                    simd.store_int(scratch.inputs, 0, document)
                    moved = simd.load_int(scratch.hidden, 1)
                    move_rows_alike(table, 1, scratch.inputs, scratch.weight, row_bytes, moved)
