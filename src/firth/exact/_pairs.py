"""Expected co-occurrence counts, row by row: walks to both sides of every occurrence of a center word.

`count_rows` walks from every occurrence of a center word to both sides, a word at a time. A walk carries what decides
how likely a window reaches so far. With k the chance that a token is kept, f_j the chance that exactly j of the tokens
passed were kept, j < W, and w(j) the chance that a window has a radius of j or more, the next word, if it is kept, is
inside with the chance G = Σ_j f_j w(j + 1). Passing a word turns f_j into (1 - k) f_j + k f_(j-1), and so it does to
the sums P_i = f_0 + ... + f_i and Q_i = P_0 + ... + P_i. Hence a walk carries P where windows are fixed (w = 1) and Q
where radii are uniform (w(j) = (W - j + 1) / W), and reads G off its last entry: P_(W-1), or Q_(W-1) / W. That entry
comes first, and all are in one vector of 16 floats as long as W <= 16. No term is negative, so that no digits cancel.

A row is summed in float64, in the order of the corpus, by one thread: its bytes depend on nothing else.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.native import llvm, simd
from firth.native.jit import compiled, inlined

SPECK = np.float32(2.0**-64)
"""Added at every step, so that no chance becomes subnormal."""

AHEAD = 16
"""Occurrences by which the corpus is fetched before their turn."""

REACH = 10
"""Tokens to each side that are fetched: what most walks see."""

_VECTOR = 4 * simd.LANES


@intrinsic
def _first(typingctx, vector):
    """The first of 16 floats."""

    def codegen(context, builder, signature, args):
        return builder.extract_element(args[0], ir.Constant(llvm.I32, 0))

    return types.float32(simd.float16), codegen


@intrinsic
def _moved(typingctx, vector):
    """16 floats moved by one, the second to the place of the first, with 0 at the end."""

    def codegen(context, builder, signature, args):
        zeros = ir.Constant(args[0].type, [0.0] * simd.LANES)
        lanes = ir.Constant(ir.VectorType(llvm.I32, simd.LANES), list(range(1, simd.LANES + 1)))
        return builder.shuffle_vector(args[0], zeros, lanes)

    return simd.float16(simd.float16), codegen


@intrinsic
def _prefetch(typingctx, address):
    """Fetch the cache line of an address, to be read."""

    def codegen(context, builder, signature, args):
        llvm.prefetch(builder, args[0], to_write=0)
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@intrinsic
def _lowest_bit(typingctx, bits):
    """The place of the lowest bit that is set, of those of an int64 that is not 0."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


class PairInputs(NamedTuple):
    """What all threads read, as addresses and numbers."""

    stream: int  # int32: the corpus with the number `columns` before, between and after the sentences
    positions: int  # int32, or int64 where `wide`: places in the stream of the words counted, word by word
    wide: bool
    count: int  # of positions
    starts: int  # (words + 1,) int64: the positions of word `first` + i begin at entry i
    first: int
    keep: int  # (columns,) float64: the chance that a token is kept
    drop: int  # (columns,) float32: 1 - keep
    begin: int  # a walk's chances at its start, from `begin_walk`
    columns: int
    window: int
    unit: float  # what a chance of 1 is in a walk
    cutoff: float  # a walk ends when its first entry is below this
    lengths: int  # (rows,) int64: to be filled, the entries of each row


class RowScratch(NamedTuple):
    """What a thread alone reads and writes, as addresses and numbers; `new_scratch` makes it."""

    sums: int  # (columns,) float64: the row under way
    touched: int  # (columns + 1,) int32: the columns that are not 0
    marks: int  # int64: a bit a column
    groups: int  # int64: a bit for 64 columns
    walk: int  # float32: the chances of a walk too wide for a vector
    cursor: int  # (3,) int64: the row under way, its next position, its columns touched so far
    indices: int  # (capacity,) int32: the columns of rows finished
    data: int  # (capacity,) float32
    capacity: int


def begin_walk(window: int, fixed_window: bool) -> npt.NDArray[np.float32]:
    """The chances of a walk that has passed nothing, last entry first; zeros fill up the vectors and one entry more."""
    chances = np.ones(window) if fixed_window else np.arange(window, 0, -1)
    return np.pad(chances.astype(np.float32), (0, vectors(window) * simd.LANES + 1 - window))


def vectors(window: int) -> int:
    """How many vectors hold the chances of a walk."""
    return -(-window // simd.LANES)


def new_scratch(columns: int, window: int, capacity: int) -> tuple[RowScratch, dict[str, npt.NDArray[Any]]]:
    """Scratch for one thread with space for `capacity` entries, and the arrays that its addresses point to."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "sums": np.zeros(columns),
        "touched": np.empty(columns + 1, np.int32),
        "marks": np.zeros((columns >> 6) + 1, np.int64),
        "groups": np.zeros((columns >> 12) + 1, np.int64),
        "walk": np.zeros(vectors(window) * simd.LANES + 1, np.float32),
        "cursor": np.zeros(3, np.int64),
        "indices": np.empty(max(capacity, columns), np.int32),
        "data": np.empty(max(capacity, columns), np.float32),
    }
    addresses = {name: array.ctypes.data for name, array in arrays.items()}
    return RowScratch(**addresses, capacity=max(capacity, columns)), arrays


@compiled
def separate(ids, offsets, sentence, start, stop, mark, stream):
    """Fill `stream` with the ids at start..stop (stop exclusive) and `mark` before the first of each sentence.

    Addresses: ids, int32, and offsets, int64, as in `Corpus`; `stream`, int32, has an entry for each of the ids and for
    each sentence that begins there, of which `sentence` is the first.
    """
    at = 0
    for position in range(start, stop):
        if position == simd.load_int(offsets, sentence):
            simd.store_int32(stream, at, np.int32(mark))
            at += 1
            sentence += 1
        simd.store_int32(stream, at, simd.load_int32(ids, position))
        at += 1


@compiled
def sort_positions(stream, begin, end, first, last, ends, positions, wide):
    """Append the places begin..end of the stream (end exclusive) to the positions of their words, first..last.

    Addresses: `stream` and `positions` as in `PairInputs`; `ends`, (last - first,) int64: where the next position of
    each word goes; it moves on.
    """
    for place in range(begin, end):
        word = np.int64(simd.load_int32(stream, place))
        if first <= word < last:
            at = simd.load_int(ends, word - first)
            simd.store_int(ends, word - first, at + 1)
            if wide:
                simd.store_int(positions, at, place)
            else:
                simd.store_int32(positions, at, np.int32(place))


@inlined
def _position(inputs, i):
    return simd.load_int(inputs.positions, i) if inputs.wide else np.int64(simd.load_int32(inputs.positions, i))


@inlined
def _word(inputs, place):
    return np.int64(simd.load_int32(inputs.stream, place))


@inlined
def _goes_on(inputs, word, chance):
    return (word < inputs.columns) & (chance >= np.float32(inputs.cutoff))


@inlined
def _add(scratch, word, chance, touched):
    """Add a chance to the row; return how many columns are touched."""
    bits = simd.load_int(scratch.sums, word)
    simd.store_double(scratch.sums, word, simd.load_double(scratch.sums, word) + np.float64(chance))
    simd.store_int32(scratch.touched, touched, np.int32(word))
    return touched + np.int64(bits == 0)


@inlined
def _mix(drop, chances, following):
    """The chances after a word is passed, from those before and the same moved by one."""
    keep = simd.splat(np.float32(1.0) - drop)
    return simd.multiply_add(chances, simd.splat(drop), simd.multiply_add(following, keep, simd.splat(SPECK)))


@inlined
def _pass(inputs, word, chances):
    return _mix(simd.load_float(inputs.drop, word), chances, _moved(chances))


@inlined
def _walk(inputs, scratch, place, touched):
    """Add the pairs of the occurrence at a place, W <= 16; return how many columns are touched.

    It goes to both sides in turn, as long as neither walk has ended: a step need not wait for the one before.
    """
    right, left = place + 1, place - 1
    to_right = simd.load(inputs.begin)
    to_left = to_right
    after, before = _word(inputs, right), _word(inputs, left)
    on_right, on_left = after < inputs.columns, before < inputs.columns
    while on_right & on_left:
        touched = _add(scratch, after, _first(to_right), touched)
        touched = _add(scratch, before, _first(to_left), touched)
        to_right, to_left = _pass(inputs, after, to_right), _pass(inputs, before, to_left)
        right += 1
        left -= 1
        after, before = _word(inputs, right), _word(inputs, left)
        on_right = _goes_on(inputs, after, _first(to_right))
        on_left = _goes_on(inputs, before, _first(to_left))
    while on_right:
        touched = _add(scratch, after, _first(to_right), touched)
        to_right = _pass(inputs, after, to_right)
        right += 1
        after = _word(inputs, right)
        on_right = _goes_on(inputs, after, _first(to_right))
    while on_left:
        touched = _add(scratch, before, _first(to_left), touched)
        to_left = _pass(inputs, before, to_left)
        left -= 1
        before = _word(inputs, left)
        on_left = _goes_on(inputs, before, _first(to_left))
    return touched


@inlined
def _walk_wide(inputs, scratch, place, touched):
    """The same for windows of any width: the chances are in memory, and the sides come one after the other."""
    for direction in (1, -1):
        for at in range(0, 4 * inputs.window, _VECTOR):
            simd.store(simd.load(inputs.begin + at), scratch.walk + at)
        there = place + direction
        word = _word(inputs, there)
        while _goes_on(inputs, word, simd.load_float(scratch.walk, 0)):
            touched = _add(scratch, word, simd.load_float(scratch.walk, 0), touched)
            drop = simd.load_float(inputs.drop, word)
            for at in range(scratch.walk, scratch.walk + 4 * inputs.window, _VECTOR):
                simd.store(_mix(drop, simd.load(at), simd.load(at + 4)), at)
            there += direction
            word = _word(inputs, there)
    return touched


@inlined
def _emit(inputs, scratch, row, touched, filled):
    """Append the row's entries by rising column to those finished and clear it; return how many there are now."""
    for i in range(touched):
        column = np.int64(simd.load_int32(scratch.touched, i))
        group = column >> 6
        bits = simd.load_int(scratch.marks, group)
        simd.store_int(scratch.marks, group, bits | (1 << (column & 63)))
        if bits == 0:
            simd.store_int(scratch.groups, group >> 6, simd.load_int(scratch.groups, group >> 6) | (1 << (group & 63)))
    scale = simd.load_double(inputs.keep, row) / inputs.unit
    for i in range((inputs.columns >> 12) + 1):
        groups = simd.load_int(scratch.groups, i)
        simd.store_int(scratch.groups, i, 0)
        while groups:
            group = 64 * i + _lowest_bit(groups)
            groups &= groups - 1
            bits = simd.load_int(scratch.marks, group)
            simd.store_int(scratch.marks, group, 0)
            while bits:
                column = 64 * group + _lowest_bit(bits)
                bits &= bits - 1
                value = scale * simd.load_double(inputs.keep, column) * simd.load_double(scratch.sums, column)
                simd.store_double(scratch.sums, column, 0.0)
                simd.store_int32(scratch.indices, filled, np.int32(column))
                simd.store_float(scratch.data, filled, np.float32(value))
                filled += 1
    return filled


@compiled
def count_rows(inputs, scratch, last, quota):
    """Count from the cursor on, up to row `last` (exclusive); return how many entries were written from 0 on.

    It returns earlier after `quota` occurrences, more or less, or when a row's entries do not fit. The next call goes
    on from the cursor.
    """
    row, position, touched = (
        simd.load_int(scratch.cursor, 0),
        simd.load_int(scratch.cursor, 1),
        simd.load_int(scratch.cursor, 2),
    )
    filled, stop = 0, position + quota
    while row < last:
        end = simd.load_int(inputs.starts, row + 1 - inputs.first)
        pause = min(end, stop)
        while position < pause:
            ahead = inputs.stream + 4 * _position(inputs, min(position + AHEAD, inputs.count - 1))
            _prefetch(ahead - 4 * REACH)
            _prefetch(ahead + 4 * REACH)
            if inputs.window <= simd.LANES:
                touched = _walk(inputs, scratch, _position(inputs, position), touched)
            else:
                touched = _walk_wide(inputs, scratch, _position(inputs, position), touched)
            position += 1
        if position < end or filled + touched > scratch.capacity:
            break
        filled = _emit(inputs, scratch, row, touched, filled)
        simd.store_int(inputs.lengths, row, touched)
        row, touched = row + 1, 0
    simd.store_int(scratch.cursor, 0, row)
    simd.store_int(scratch.cursor, 1, position)
    simd.store_int(scratch.cursor, 2, touched)
    return filled
