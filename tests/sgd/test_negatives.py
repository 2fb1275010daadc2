"""The negatives of a span, drawn in vectors, against draws one by one; the sets of rows that they make."""

import numpy as np
import pytest
from numba import njit

from firth.native import rng
from firth.native.arrays import aligned_rows
from firth.sgd import _negatives as negatives
from firth.sgd import _predict as predict
from firth.sgd._output_sets import COUNT, DISTINCT, ROWS
from firth.sgd.tables import Kernel, Tables
from firth.sgd.worker import Worker

FIRST, COUNTS = 5, (1, 2, 5, 16, 40)
NOISES = {
    "four words": np.array([0.4, 0.3, 0.2, 0.1]),
    "many words": np.full(5000, 1 / 5000),
    "one word": np.array([1.0, 0, 0, 0]),
}


@njit
def draw_for_span(table, noise_key, first, last, scratch):
    negatives.draw_for_span(table, noise_key, first, last, scratch)


@njit
def lay_out_sets(outside, table, first, last, scratch):
    negatives.lay_out_sets(outside, table, first, last, scratch)


@njit
def predict_span(center, outside, table, noise_key, window, first, last, count, scratch):
    predict.predict_span(center, outside, table, noise_key, window, first, last, count, scratch)


@njit
def pick(table, words, stream, counter):
    return rng.pick(table, words, rng.draw(stream, counter))


@njit
def stream_of(key, position):
    return np.int64(rng.draw(key, position))


def worker_of(noise, count, words, positions):
    """A worker that has tokens FIRST, FIRST + 1, ... of some words at some positions, and the matrix U."""
    n = len(noise)
    tables = Tables(16, np.zeros(n, np.int64), FIRST, True, "shared", noise=noise, negatives=count)
    outside = aligned_rows(n, 16)
    worker = Worker(Kernel(tables), aligned_rows(n, 16), outside)
    for name, values in (("words", words), ("positions", positions)):
        worker._arrays[name][FIRST : FIRST + len(words)] = values
    return worker, outside


def one_by_one(worker, key, word, position, count):
    """The negatives of a token as its stream gives them, None for one that cannot be drawn."""
    table, stream, counter, found = worker._kernel.predictor, stream_of(key, position), 0, []
    for _ in range(count):
        for _ in range(negatives.TRIES):
            negative = pick(table.noise, table.words, stream, counter)
            counter += 1
            if negative != word:
                break
        found.append(negative if negative != word else None)
    return found


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("count", COUNTS)
def test_negatives_of_a_span_are_those_drawn_one_by_one(count, noise):
    random, tokens, key = np.random.default_rng(count), 37, 12345
    words = random.integers(min(len(noise), 50), size=tokens)
    positions = np.cumsum(random.integers(1, 9, size=tokens))
    worker, outside = worker_of(noise, count, words, positions)
    table, scratch, last = worker._kernel.predictor, worker._scratch, FIRST + tokens
    draw_for_span(table, key, FIRST, last, scratch)
    lay_out_sets(worker._outside, table, FIRST, last, scratch)
    size = negatives.set_bytes(table) // 8
    sets = worker._arrays["sets"].view(np.int64)
    repeats = 0
    for token in range(FIRST, last):
        word, found = int(words[token - FIRST]), sets[size * token : size * (token + 1)]
        expected = one_by_one(worker, key, word, int(positions[token - FIRST]), count)
        rows = [word, *(negative for negative in expected if negative is not None)]
        assert found[COUNT] == len(rows)
        addresses = [outside.ctypes.data + 64 * row for row in rows]
        assert found[ROWS : ROWS + len(rows)].tolist() == addresses
        if found[DISTINCT]:
            assert len(set(rows)) == count + 1
        repeats += not found[DISTINCT]
    if len(noise) == 4 and count > 3:
        assert repeats == tokens
    if len(noise) == 5000 and count == 1:
        assert repeats < tokens / 2  # or the test above says nothing


@pytest.mark.parametrize("tokens", [0, 1, 2, 30])
def test_rows_of_outputs_fetched_past_the_end_of_a_span_are_rows(tokens):
    words = np.arange(tokens) % 4
    worker, outside = worker_of(NOISES["four words"], 3, words, np.arange(tokens))
    worker._arrays["sets"][:] = 255
    table, scratch, last = worker._kernel.predictor, worker._scratch, FIRST + tokens
    predict_span(worker._center, worker._outside, table, 1, FIRST, FIRST, last, last, scratch)
    size = negatives.set_bytes(table) // 8
    sets = worker._arrays["sets"].view(np.int64)[: size * (last + predict.AHEAD)].reshape(-1, size)
    fetched = sets[FIRST : last + predict.AHEAD, ROWS : ROWS + table.outputs]
    places = {outside.ctypes.data + 64 * row for row in range(4)}
    assert fetched.shape == (tokens + predict.AHEAD, 4)
    assert set(fetched.ravel().tolist()) <= places
