"""The input rows of a window, one way for each kind of matrix V: in place, copied where frozen, or composed of n-grams.

Kept tokens enter the windows one after another. A row in place is looked up once, when its token enters, and its
address stays for all windows that reach it.
"""

from firth.native import simd
from firth.native.jit import chosen_by_type, inlined
from firth.sgd._composed import ComposedRows, compose, find_parts, take_apart
from firth.sgd._rows import FrozenRows, place, take
from firth.sgd._slots import Slots


@chosen_by_type
def lay_out_inputs(center, lowest, count, scratch):
    """Prepare for the windows of a span, which reach tokens lowest..count."""
    return _nothing_to_lay_out if center.instance_class is ComposedRows else _lay_out_rows


def _lay_out_rows(center, lowest, count, scratch):
    for token in range(lowest, count):
        simd.store_int(scratch.entered, token, place(center, simd.load_int(scratch.words, token)))


def _nothing_to_lay_out(center, lowest, count, scratch):
    pass


@chosen_by_type
def next_input(center, token, count, otherwise, scratch):
    """The row to fetch for a token that enters the windows soon; `otherwise` if there is none."""
    return _no_row if center.instance_class is ComposedRows else _laid_out_row


def _laid_out_row(center, token, count, otherwise, scratch):
    return simd.load_int(scratch.entered, token) if token < count else otherwise


def _no_row(center, token, count, otherwise, scratch):
    return otherwise


@chosen_by_type
def fetch_parts_too(center, token, count, ahead, ahead_count, scratch):
    """Add the rows that a token's vector is composed of to rows to fetch; return where they all are, and how many."""
    return _with_parts if center.instance_class is ComposedRows else _without_parts


def _with_parts(center, token, count, ahead, ahead_count, scratch):
    if token >= count:
        return ahead, ahead_count
    simd.copy_ints(ahead, ahead_count, scratch.ahead)
    parts = find_parts(center, simd.load_int(scratch.words, token), scratch.ahead + 8 * ahead_count)
    return scratch.ahead, ahead_count + parts


def _without_parts(center, token, count, ahead, ahead_count, scratch):
    return ahead, ahead_count


@chosen_by_type
def window_rows(center, window, token, left, right, lowest, count, entered, scratch):
    """Write the addresses of the rows of tokens left..right, but `token`, to `scratch.inputs`.

    Tokens lowest..count are in reach of windows, those before `entered` have entered them. Return how many have now.
    """
    if center.instance_class is FrozenRows:
        return _copied_rows
    if center.instance_class is Slots:
        return _laid_out_rows
    return _composed_rows if center.instance_class is ComposedRows else _rows_in_place


def _rows_in_place(center, window, token, left, right, lowest, count, entered, scratch):
    if center.hot > 0:
        while entered < count and entered <= token + window:
            simd.store_int(scratch.entered, entered, take(center, simd.load_int(scratch.words, entered), 0))
            entered += 1
    _copy_addresses(token, left, right, scratch)
    return entered


def _laid_out_rows(center, window, token, left, right, lowest, count, entered, scratch):
    _copy_addresses(token, left, right, scratch)
    return entered


def _copied_rows(center, window, token, left, right, lowest, count, entered, scratch):
    inputs = 0
    for other in range(left, right):
        if other != token:
            copy = scratch.input_copies + inputs * center.row_bytes
            simd.store_int(scratch.inputs, inputs, take(center, simd.load_int(scratch.words, other), copy))
            inputs += 1
    return entered


def _composed_rows(center, window, token, left, right, lowest, count, entered, scratch):
    while entered < count and entered <= token + window:
        simd.store_int(scratch.entered, entered, _enter(center, window, entered, lowest, scratch))
        entered += 1
    _copy_addresses(token, left, right, scratch)
    return entered


@inlined
def _copy_addresses(token, left, right, scratch):
    simd.copy_ints(scratch.entered + 8 * left, token - left, scratch.inputs)
    simd.copy_ints(scratch.entered + 8 * (token + 1), right - token - 1, scratch.inputs + 8 * (token - left))


@inlined
def _enter(center, window, token, lowest, scratch):
    """The address of the vector of a token that enters; it stays until 2 · window + 1 more have entered."""
    room = 2 * window + 1
    vector, base = _vector_of(token, room, center.row_bytes, scratch)
    if token - lowest >= room:
        take_apart(center, simd.load_int(scratch.words, token - room), vector, base, scratch)
    compose(center, simd.load_int(scratch.words, token), vector, base, scratch)
    return vector


@inlined
def _vector_of(token, room, row_bytes, scratch):
    """Where the vector of a composed token is while it stays, and what it was when it entered."""
    vector = scratch.vectors + token % room * row_bytes
    return vector, vector + room * row_bytes


@chosen_by_type
def leave_windows(center, window, lowest, entered, scratch):
    """Take apart the vectors of the last tokens that have entered, where they are composed."""
    return _take_all_apart if center.instance_class is ComposedRows else _nothing_to_leave


def _nothing_to_leave(center, window, lowest, entered, scratch):
    pass


def _take_all_apart(center, window, lowest, entered, scratch):
    room = 2 * window + 1
    for token in range(max(lowest, entered - room), entered):
        vector, base = _vector_of(token, room, center.row_bytes, scratch)
        take_apart(center, simd.load_int(scratch.words, token), vector, base, scratch)
