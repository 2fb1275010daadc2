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
from numba import njit, types
from numba.extending import intrinsic

from firth.native import simd
from firth.native.jit import compiled

SPECK = np.float32(2.0**-64)
"""Added at every step, so that no chance becomes subnormal."""

AHEAD = 16
"""Occurrences by which the corpus is fetched before their turn."""

REACH = 10
"""Tokens to each side that are fetched: what most walks see."""

_VECTOR = 4 * simd.LANES

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


@intrinsic
def _first(typingctx, vector):
    """The first of 16 floats."""

    def codegen(context, builder, signature, args):
        return builder.extract_element(args[0], ir.Constant(_I32, 0))

    return types.float32(simd.float16), codegen


@intrinsic
def _moved(typingctx, vector):
    """16 floats moved by one, the second to the place of the first, with 0 at the end."""

    def codegen(context, builder, signature, args):
        zeros = ir.Constant(args[0].type, [0.0] * simd.LANES)
        lanes = ir.Constant(ir.VectorType(_I32, simd.LANES), list(range(1, simd.LANES + 1)))
        return builder.shuffle_vector(args[0], zeros, lanes)

    return simd.float16(simd.float16), codegen


@intrinsic
def _prefetch(typingctx, address):
    """Ask for the cache line of an address."""

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], _I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, _I32, _I32, _I32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
        to_read, nearest_cache, data = (ir.Constant(_I32, value) for value in (0, 3, 1))
        builder.call(function, [pointer, to_read, nearest_cache, data])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@intrinsic
def _lowest_bit(typingctx, bits):
    """The place of the lowest bit that is set, of those of an int64 that is not 0."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


class Tables(NamedTuple):
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


class Room(NamedTuple):
    """A thread's own, as addresses and numbers; `new_room` makes it."""

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


def new_room(columns: int, window: int, capacity: int) -> tuple[Room, dict[str, npt.NDArray[Any]]]:
    """A thread's room with space for so many entries, and the arrays that its addresses point to."""
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
    return Room(**addresses, capacity=max(capacity, columns)), arrays


@compiled
def separate(ids, offsets, start, stop, mark, stream):
    """Fill `stream` with the ids at start..stop (stop exclusive) and `mark` before the first of each sentence.

    ids and offsets as in `Corpus`. `stream` has an entry for each of the ids and for each sentence that begins there.
    """
    sentence = np.searchsorted(offsets, start)
    at = 0
    for position in range(start, stop):
        if position == offsets[sentence]:
            stream[at] = mark
            at += 1
            sentence += 1
        stream[at] = ids[position]
        at += 1


@compiled
def sort_positions(stream, begin, end, first, last, ends, positions):
    """Append the places begin..end of the stream (end exclusive) to the positions of their words, first..last.

    `ends`, (last - first,) int64: where the next position of each word goes; it moves on.
    """
    for place in range(begin, end):
        word = np.int64(stream[place])
        if first <= word < last:
            at = ends[word - first]
            ends[word - first] = at + 1
            positions[at] = place


@njit(inline="always")
def _position(tables, i):
    return simd.load_int(tables.positions, i) if tables.wide else np.int64(simd.load_int32(tables.positions, i))


@njit(inline="always")
def _word(tables, place):
    return np.int64(simd.load_int32(tables.stream, place))


@njit(inline="always")
def _goes_on(tables, word, chance):
    return (word < tables.columns) & (chance >= np.float32(tables.cutoff))


@njit(inline="always")
def _add(room, word, chance, touched):
    """Add a chance to the row; return how many columns are touched."""
    bits = simd.load_int(room.sums, word)
    simd.store_double(room.sums, word, simd.load_double(room.sums, word) + np.float64(chance))
    simd.store_int32(room.touched, touched, np.int32(word))
    return touched + np.int64(bits == 0)


@njit(inline="always")
def _mix(drop, chances, following):
    """The chances after a word is passed, from those before and the same moved by one."""
    keep = simd.splat(np.float32(1.0) - drop)
    return simd.multiply_add(chances, simd.splat(drop), simd.multiply_add(following, keep, simd.splat(SPECK)))


@njit(inline="always")
def _pass(tables, word, chances):
    return _mix(simd.load_float(tables.drop, word), chances, _moved(chances))


@njit(inline="always")
def _walk(tables, room, place, touched):
    """Add the pairs of the occurrence at a place, W <= 16; return how many columns are touched.

    It goes to both sides in turn, as long as neither walk has ended: a step need not wait for the one before.
    """
    right, left = place + 1, place - 1
    to_right = simd.load(tables.begin)
    to_left = to_right
    after, before = _word(tables, right), _word(tables, left)
    on_right, on_left = after < tables.columns, before < tables.columns
    while on_right & on_left:
        touched = _add(room, after, _first(to_right), touched)
        touched = _add(room, before, _first(to_left), touched)
        to_right, to_left = _pass(tables, after, to_right), _pass(tables, before, to_left)
        right += 1
        left -= 1
        after, before = _word(tables, right), _word(tables, left)
        on_right = _goes_on(tables, after, _first(to_right))
        on_left = _goes_on(tables, before, _first(to_left))
    while on_right:
        touched = _add(room, after, _first(to_right), touched)
        to_right = _pass(tables, after, to_right)
        right += 1
        after = _word(tables, right)
        on_right = _goes_on(tables, after, _first(to_right))
    while on_left:
        touched = _add(room, before, _first(to_left), touched)
        to_left = _pass(tables, before, to_left)
        left -= 1
        before = _word(tables, left)
        on_left = _goes_on(tables, before, _first(to_left))
    return touched


@njit(inline="always")
def _walk_wide(tables, room, place, touched):
    """The same for windows of any width: the chances are in memory, and the sides come one after the other."""
    for direction in (1, -1):
        for at in range(0, 4 * tables.window, _VECTOR):
            simd.store(simd.load(tables.begin + at), room.walk + at)
        there = place + direction
        word = _word(tables, there)
        while _goes_on(tables, word, simd.load_float(room.walk, 0)):
            touched = _add(room, word, simd.load_float(room.walk, 0), touched)
            drop = simd.load_float(tables.drop, word)
            for at in range(room.walk, room.walk + 4 * tables.window, _VECTOR):
                simd.store(_mix(drop, simd.load(at), simd.load(at + 4)), at)
            there += direction
            word = _word(tables, there)
    return touched


@njit(inline="always")
def _emit(tables, room, row, touched, filled):
    """Append the row's entries by rising column to those finished and clear it; return how many there are now."""
    for i in range(touched):
        column = np.int64(simd.load_int32(room.touched, i))
        group = column >> 6
        bits = simd.load_int(room.marks, group)
        simd.store_int(room.marks, group, bits | (1 << (column & 63)))
        if bits == 0:
            simd.store_int(room.groups, group >> 6, simd.load_int(room.groups, group >> 6) | (1 << (group & 63)))
    scale = simd.load_double(tables.keep, row) / tables.unit
    for i in range((tables.columns >> 12) + 1):
        groups = simd.load_int(room.groups, i)
        simd.store_int(room.groups, i, 0)
        while groups:
            group = 64 * i + _lowest_bit(groups)
            groups &= groups - 1
            bits = simd.load_int(room.marks, group)
            simd.store_int(room.marks, group, 0)
            while bits:
                column = 64 * group + _lowest_bit(bits)
                bits &= bits - 1
                value = scale * simd.load_double(tables.keep, column) * simd.load_double(room.sums, column)
                simd.store_double(room.sums, column, 0.0)
                simd.store_int32(room.indices, filled, np.int32(column))
                simd.store_float(room.data, filled, np.float32(value))
                filled += 1
    return filled


@compiled
def count_rows(tables, room, last, quota):
    """Count from the cursor on, up to row `last` (exclusive); return how many entries were written from 0 on.

    It returns earlier after `quota` occurrences, more or less, or when a row's entries find no room. The next call goes
    on from the cursor.
    """
    row, position, touched = simd.load_int(room.cursor, 0), simd.load_int(room.cursor, 1), simd.load_int(room.cursor, 2)
    filled, stop = 0, position + quota
    while row < last:
        end = simd.load_int(tables.starts, row + 1 - tables.first)
        pause = min(end, stop)
        while position < pause:
            ahead = tables.stream + 4 * _position(tables, min(position + AHEAD, tables.count - 1))
            _prefetch(ahead - 4 * REACH)
            _prefetch(ahead + 4 * REACH)
            if tables.window <= simd.LANES:
                touched = _walk(tables, room, _position(tables, position), touched)
            else:
                touched = _walk_wide(tables, room, _position(tables, position), touched)
            position += 1
        if position < end or filled + touched > room.capacity:
            break
        filled = _emit(tables, room, row, touched, filled)
        simd.store_int(tables.lengths, row, touched)
        row, touched = row + 1, 0
    simd.store_int(room.cursor, 0, row)
    simd.store_int(room.cursor, 1, position)
    simd.store_int(room.cursor, 2, touched)
    return filled
