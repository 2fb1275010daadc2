"""What predicts a token, drawn some tokens before its turn so that its rows can be fetched: negatives or a path."""

from firth.native import simd
from firth.native.jit import chosen_by_type, inlined
from firth.sgd._inputs import add_next_input
from firth.sgd._negatives import draw_negatives
from firth.sgd._output_sets import COUNT, NEAR, rows_of, set_size
from firth.sgd._paths import Tree, fetch_path, follow_path
from firth.sgd._scratch import SETS

AHEAD = SETS - 1
"""Tokens by which the outputs are drawn, and their rows fetched, before their turn."""


@chosen_by_type
def _predict(outside, predictor, noise_key, word, position, output_set, spare):
    """Fill a set of outputs for a word at a position of the corpus."""
    return _by_path if predictor.instance_class is Tree else _by_negatives


def _by_path(outside, predictor, noise_key, word, position, output_set, spare):
    follow_path(outside, predictor, word, output_set)


def _by_negatives(outside, predictor, noise_key, word, position, output_set, spare):
    draw_negatives(outside, predictor, noise_key, word, position, 0, output_set, spare)


@chosen_by_type
def _look_ahead(predictor, token, last, scratch):
    """Prefetch what the predictor itself reads for a token that comes soon."""
    return _look_for_path if predictor.instance_class is Tree else _nothing_to_look_for


def _look_for_path(predictor, token, last, scratch):
    fetch_path(predictor, scratch.words, token, last)


def _nothing_to_look_for(predictor, token, last, scratch):
    pass


@inlined
def set_of(predictor, token, scratch):
    """The set of outputs of a token, from the time it is filled until the token's turn is over."""
    return scratch.sets + 8 * (token % SETS * set_size(predictor.outputs))


@inlined
def predict_token(outside, predictor, noise_key, token, scratch):
    """Fill the set of outputs of a token."""
    word, position = simd.load_int(scratch.words, token), simd.load_int(scratch.positions, token)
    copies = scratch.output_copies + token % SETS * predictor.outputs * outside.row_bytes
    _predict(outside, predictor, noise_key, word, position, set_of(predictor, token, scratch), copies)


@inlined
def predict_first(outside, predictor, noise_key, first, last, scratch):
    """Fill the sets of the first tokens of a span."""
    for token in range(first, min(first + AHEAD, last)):
        predict_token(outside, predictor, noise_key, token, scratch)


@inlined
def predict_ahead(center, outside, predictor, noise_key, window, token, last, count, scratch):
    """Fill the set of a token to come; return the address of the addresses of rows to fetch for it, and how many."""
    following = token + AHEAD
    _look_ahead(predictor, following + AHEAD, last, scratch)
    if following >= last:
        return scratch.sets, 0
    predict_token(outside, predictor, noise_key, following, scratch)
    output_set = set_of(predictor, following, scratch)
    near = simd.load_int(output_set, NEAR)
    ahead, ahead_count = rows_of(output_set) + 8 * near, simd.load_int(output_set, COUNT) - near
    ahead_count = add_next_input(center, following + window + 1, count, ahead, ahead_count, scratch)
    return ahead, ahead_count
