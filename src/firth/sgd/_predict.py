"""What predicts a token: its word and negatives, or the path to its word in a tree, or both.

Rows are fetched some tokens before their turn. Negatives are drawn for a whole span; paths, which are long, are
followed when their rows are to be fetched.
"""

from firth.native import simd
from firth.native.jit import chosen_by_type, inlined
from firth.sgd._both import Both, follow_both
from firth.sgd._inputs import next_input
from firth.sgd._negatives import Negatives, draw_for_span, lay_out_sets, take_rows
from firth.sgd._negatives import set_bytes as bytes_of_negatives
from firth.sgd._output_sets import COUNT, ROWS
from firth.sgd._paths import NEAR, Tree, answers_of, fetch_path, follow_path
from firth.sgd._paths import set_bytes as bytes_of_path
from firth.sgd._rows import FrozenRows
from firth.sgd._slots import Slots

AHEAD = 2
"""Tokens by which rows are fetched before their turn."""

SETS = AHEAD + 1
"""Sets of nodes that are ready at a time: that of a token, and those of the next ones."""


def bytes_of_sets(predictor: Negatives | Tree | Both) -> int:
    """The bytes of all sets of outputs that are kept at a time."""
    if not isinstance(predictor, Negatives):
        return SETS * bytes_of_path(predictor)
    return (predictor.room + AHEAD) * bytes_of_negatives(predictor)


@chosen_by_type
def predict_span(center, outside, predictor, noise_key, window, first, last, count, scratch):
    """Prepare for tokens first..last, when tokens up to `count` are in reach of their windows."""
    if predictor.instance_class is Both:
        return _draw_and_follow_first
    return _follow_first if predictor.instance_class is Tree else _draw


@chosen_by_type
def predict(center, outside, predictor, window, token, last, count, scratch):
    """Turn to a token: the address of its set of outputs, that of its answers, those of rows to fetch, how many."""
    return _by_negatives if predictor.instance_class is Negatives else _by_path


def _draw(center, outside, predictor, noise_key, window, first, last, count, scratch):
    draw_for_span(predictor, noise_key, first, last, scratch)
    lay_out_sets(outside, predictor, first, last, scratch)
    size = bytes_of_negatives(predictor)
    for token in range(first, last):
        row = next_input(center, token + window + 1, count, outside.shared, scratch)
        simd.store_int(scratch.sets + token * size, ROWS + predictor.outputs, row)
    for token in range(last, last + AHEAD):
        for j in range(predictor.outputs + 1):
            simd.store_int(scratch.sets + token * size, ROWS + j, outside.shared)


def _by_negatives(center, outside, predictor, window, token, last, count, scratch):
    size = bytes_of_negatives(predictor)
    output_set = scratch.sets + token * size
    _take_rows(outside, predictor, token, output_set, scratch)
    return output_set, scratch.first_only, output_set + AHEAD * size + 8 * ROWS, predictor.outputs + 1


@chosen_by_type
def _take_rows(outside, negatives, token, output_set, scratch):
    """Put copies of rows into the set of a token, where it needs some."""
    if outside.instance_class is Slots:
        return _take_none
    return _take_all if outside.instance_class is FrozenRows else _take_private


def _take_none(outside, negatives, token, output_set, scratch):
    pass


def _take_private(outside, negatives, token, output_set, scratch):
    if outside.hot > 0:
        _take_some(outside, negatives, token, output_set, scratch)


def _take_all(outside, negatives, token, output_set, scratch):
    word, drawn = simd.load_int(scratch.words, token), scratch.drawn + 4 * token
    take_rows(outside, negatives, word, drawn, negatives.room, output_set, scratch.output_copies)


_take_some = inlined(_take_all)


def _follow_first(center, outside, predictor, noise_key, window, first, last, count, scratch):
    for token in range(first, min(first + AHEAD, last)):
        _follow(center, outside, predictor, window, token, count, scratch)


_follow_first_too = inlined(_follow_first)


def _draw_and_follow_first(center, outside, predictor, noise_key, window, first, last, count, scratch):
    draw_for_span(predictor, noise_key, first, last, scratch)
    _follow_first_too(center, outside, predictor, noise_key, window, first, last, count, scratch)


def _by_path(center, outside, predictor, window, token, last, count, scratch):
    following, ahead, fetched = token + AHEAD, scratch.sets, 0
    fetch_path(predictor, scratch.words, following + AHEAD, last)
    if following < last:
        _follow(center, outside, predictor, window, following, count, scratch)
        next_set = _set_of_path(predictor, following, scratch)
        nodes = simd.load_int(next_set, COUNT)
        near = min(nodes, NEAR)
        ahead, fetched = next_set + 8 * (ROWS + near), nodes - near + 1
    output_set = _set_of_path(predictor, token, scratch)
    return output_set, answers_of(predictor, output_set), ahead, fetched


@inlined
def _set_of_path(tree, token, scratch):
    """The set of a token, from the time it is filled until the token's turn is over."""
    return scratch.sets + token % SETS * bytes_of_path(tree)


@inlined
def _follow(center, outside, tree, window, token, count, scratch):
    """Fill the set of a token, and put the row that enters the windows after it behind its rows."""
    output_set = _set_of_path(tree, token, scratch)
    _fill_set(outside, tree, token, output_set, scratch)
    row = next_input(center, token + window + 1, count, outside.shared, scratch)
    simd.store_int(output_set, ROWS + simd.load_int(output_set, COUNT), row)


@chosen_by_type
def _fill_set(outside, predictor, token, output_set, scratch):
    """Fill a set with the rows of a token's path, or of its path, word and negatives."""
    return _fill_with_both if predictor.instance_class is Both else _fill_with_path


def _fill_with_both(outside, predictor, token, output_set, scratch):
    follow_both(outside, predictor, token, output_set, scratch)


def _fill_with_path(outside, predictor, token, output_set, scratch):
    follow_path(outside, predictor, simd.load_int(scratch.words, token), output_set)
