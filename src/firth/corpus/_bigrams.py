"""Counting and joining of neighbouring words in a stream of ids, compiled.

A stream is pieces of int32 ids with LINE_END after each line; `kinds` says what each id is: the place of a word that a
phrase may begin or end with (0 and above), a connector (CONNECTOR - its place), or neither (OTHER). A candidate is two
words of the first kind with nothing or up to MOST_CONNECTORS connectors between them, in one line. Its key is a number
in mixed radix: (first word, connectors, last word).

A table (`_table`) has a slot for each key. What a key's first slot and its part are comes from one mix of its bits, the
slot from the upper end and the part from the lower.
"""

import numpy as np
from numba import njit

from firth.corpus._table import find_slot, free_slot
from firth.native import simd
from firth.native.jit import compiled

OTHER = -1
CONNECTOR = -2
MOST_CONNECTORS = 3
BATCH = 64
"""Keys whose slots are fetched into the cache together."""

LEAST_SLOTS = 4 * BATCH

_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_NONE = np.uint64(0)


@njit(inline="always")
def _mixed(key):
    """A one-to-one mix of the bits of a key."""
    mixed = key * _ODD
    return (mixed ^ (mixed >> _HALF)) * _ODD


@compiled
def count_piece(ids, kinds, sizes, part, state, table, shift, used):
    """Count the candidates that end in `ids`, until all are counted or the table is too full for another batch.

    sizes: uint64 (words, connectors + 1, combinations of connectors). part: uint64 (mask, value): keys with other bits
    under the mask are passed over. state: int64 (place of the first word or -1, connectors after it, their number in
    mixed radix), read and written. table: uint64 (2^(64 - shift), 2), used in `used[0]` slots, at most 3/4 of all.
    Returns how many ids were taken.
    """
    keys, slots = np.empty(BATCH, np.uint64), np.empty(BATCH, np.uint64)
    words, radix, runs = sizes[0], sizes[1], sizes[2]
    mask, value = part[0], part[1]
    most = len(table) // 4 * 3 - BATCH
    address = table.ctypes.data
    first, length, run = state[0], state[1], np.uint64(state[2])
    end, at = len(ids), 0
    filled = used[0]
    while at < end and filled <= most:
        batch = 0
        while batch < BATCH and at < end:
            number = ids[at]
            at += 1
            kind = OTHER if number < 0 else kinds[number]
            if kind >= 0:
                if first >= 0:
                    key = (np.uint64(first) * runs + run) * words + np.uint64(kind)
                    mixed = _mixed(key)
                    if mixed & mask == value:
                        slot = mixed >> shift
                        simd.prefetch(address + np.int64(slot) * 16)
                        keys[batch], slots[batch] = key, slot
                        batch += 1
                first, length, run = np.int64(kind), 0, _NONE
            elif kind == OTHER or length == MOST_CONNECTORS:
                first = -1
            else:
                length += 1
                run = run * radix + np.uint64(CONNECTOR - kind + 1)
        for i in range(batch):
            key = keys[i]
            slot = find_slot(table, slots[i], key)
            filled += table[slot, 1] == _NONE
            table[slot, 0] = key
            table[slot, 1] += _ONE
    state[0], state[1], state[2] = first, length, np.int64(run)
    used[0] = filled
    return at


@compiled
def put(keys, values, table, shift):
    """Enter distinct keys with their values, not 0, into a table that has room for them."""
    for i in range(len(keys)):
        slot = free_slot(table, _mixed(keys[i]) >> shift)
        table[slot, 0], table[slot, 1] = keys[i], values[i]


@compiled
def move(old, table, shift):
    """Enter all of one table into another that has room for it."""
    for i in range(len(old)):
        if old[i, 1] != _NONE:
            slot = free_slot(table, _mixed(old[i, 0]) >> shift)
            table[slot, 0], table[slot, 1] = old[i, 0], old[i, 1]


@compiled
def drop(table, shift, part):
    """Take out the keys that are not of a part, uint64 (mask, value). Returns how many stay.

    The slots are gone through from behind a free one, so that each key, put in again, finds all keys before its own
    slot in their places.
    """
    last = np.uint64(len(table) - 1)
    free = free_slot(table, _NONE)
    kept = 0
    for step in range(_ONE, last + _ONE):
        at = (free + step) & last
        key, value = table[at, 0], table[at, 1]
        if value == _NONE:
            continue
        table[at, 1] = _NONE
        mixed = _mixed(key)
        if mixed & part[0] == part[1]:
            slot = free_slot(table, mixed >> shift)
            table[slot, 0], table[slot, 1] = key, value
            kept += 1
    return kept


@compiled
def frequent(table, least):
    """The keys with a value of `least` or more, uint64, and their values, int64."""
    count = 0
    for i in range(len(table)):
        count += table[i, 1] >= least
    keys, values = np.empty(count, np.uint64), np.empty(count, np.int64)
    count = 0
    for i in range(len(table)):
        if table[i, 1] >= least:
            keys[count], values[count] = table[i, 0], np.int64(table[i, 1])
            count += 1
    return keys, values


@compiled
def join_piece(ids, kinds, sizes, table, shift, state, out, filled):
    """Copy `ids` to `out` with candidates of the table joined, from left to right. Returns (ids settled, ids in out).

    kinds, sizes: as in `count_piece`. table: the number of each joined candidate, plus 1. state: int64 (place of the
    first word or -1, connectors after it, their number in mixed radix, where in `out` the first word is), read and
    written. out: int32, begins with `filled` ids that are not settled yet, has room for `ids` after them. What is not
    settled, a word and its connectors, may still become part of a phrase.
    """
    words, radix, runs = sizes[0], sizes[1], sizes[2]
    first, length, run, place = state[0], state[1], np.uint64(state[2]), state[3]
    for at in range(len(ids)):
        number = ids[at]
        kind = OTHER if number < 0 else kinds[number]
        if kind >= 0:
            joined = _NONE
            if first >= 0:
                key = (np.uint64(first) * runs + run) * words + np.uint64(kind)
                joined = table[find_slot(table, _mixed(key) >> shift, key), 1]
            if joined != _NONE:
                filled, number, first = place, np.int32(joined - _ONE), -1
            else:
                first, length, run, place = np.int64(kind), 0, _NONE, filled
        elif kind == OTHER or length == MOST_CONNECTORS:
            first = -1
        else:
            length += 1
            run = run * radix + np.uint64(CONNECTOR - kind + 1)
        out[filled] = number
        filled += 1
    settled = place if first >= 0 else filled
    state[0], state[1], state[2], state[3] = first, length, np.int64(run), place - settled
    return settled, filled


@compiled
def renumber_by_appearance(ids, numbers, order, counts, words):
    """Replace `ids` in place by numbers of first appearance, of which there are `words` so far. Returns how many now.

    numbers: int32, the new number of each id, plus 1, or 0. order: int32, the id of each new number. counts: int64, how
    often each new number occurred. All three have room for every id.
    """
    for at in range(len(ids)):
        old = ids[at]
        if old >= 0:
            new = numbers[old]
            if new == 0:
                order[words] = old
                words += 1
                numbers[old] = new = np.int32(words)
            counts[new - 1] += 1
            ids[at] = new - 1
    return words


@compiled
def spell_piece(ids, starts, letters, in_line, out):
    """Write the words of `ids` to `out`, a space between them, a line end at the end of a line.

    starts: int64; word i with a space before it is letters[starts[i] : starts[i + 1]], uint8. in_line: whether the line
    has a word already. out: uint8. Returns (ids taken, bytes written, in_line); not all are taken if `out` is full.
    """
    filled = 0
    for at in range(len(ids)):
        number = ids[at]
        if number < 0:
            if filled == len(out):
                return at, filled, in_line
            out[filled] = 10
            filled += 1
            in_line = False
        else:
            begin, end = starts[number], starts[number + 1]
            if not in_line:
                begin += 1
            if filled + end - begin > len(out):
                return at, filled, in_line
            for i in range(end - begin):
                out[filled + i] = letters[begin + i]
            filled += end - begin
            in_line = True
    return len(ids), filled, in_line
