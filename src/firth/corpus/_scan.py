"""Bytes -> token ids and counts in one pass, and the renumbering of those ids.

The kernels see only arrays. Text is valid UTF-8; a token is a run of bytes other than ASCII white space (what
`str.split` splits at), after `blank_unicode_spaces` has turned every other white space character into spaces.
Ids count the distinct words by first appearance, and LINE_END stands between lines.

Eight bytes are looked at at a time. A word of up to seven bytes is its own key in the hash table (its bytes
below, its length in the top byte), so one comparison decides; a longer word has its hash as key, with the top
bit set, and its bytes are compared as well.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from firth.corpus._table import free_slot
from firth.corpus.vocabulary import LINE_END
from firth.native.jit import compiled

PADDING = 8  # bytes behind the end of a text that may be loaded along with its last ones

_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_LOW7 = np.uint64(0x7F7F7F7F7F7F7F7F)
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio
_LONG = np.uint64(1 << 63)


@intrinsic
def _load(typingctx: Any, array: Any, index: Any) -> Any:
    """array[index : index + 8] of bytes as one little-endian number; the caller keeps them inside."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, value=args[0])
        address = builder.gep(view.data, [args[1]])
        return builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(array, types.uint64), codegen


@intrinsic
def _trailing_zeros(typingctx: Any, number: Any) -> Any:
    """The number of zero bits below the lowest one bit; 64 for 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), codegen


@njit(inline="always")
def _spaces(word):
    """The top bit of each byte of `word` that is white space (9 to 13 or 28 to 32), and nothing else.

    byte + (128 - k) reaches the top bit where byte >= k; no sum of seven-bit bytes carries into the next one.
    """
    low = word & _LOW7
    controls = (low + _ONES * np.uint64(128 - 9)) ^ (low + _ONES * np.uint64(128 - 14))
    separators = (low + _ONES * np.uint64(128 - 28)) ^ (low + _ONES * np.uint64(128 - 33))
    return (controls | separators) & ~word & _HIGH


@njit(inline="always")
def _below(length):
    """The mask of the first `length` < 8 bytes of a loaded word."""
    return (np.uint64(1) << (length << np.uint64(3))) - np.uint64(1)


@njit(inline="always")
def _slot(key, shift):
    return ((key ^ (key >> np.uint64(32))) * _ODD) >> shift


@compiled
def _hash_long(block, start, length):
    """The key of a word of eight bytes or more."""
    step, value = np.uint64(8), length
    at, end = start, start + length
    while at + step <= end:
        value = (value ^ _load(block, at)) * _ODD
        value ^= value >> np.uint64(29)
        at += step
    value = (value ^ (_load(block, at) & _below(end - at))) * _ODD
    return (value ^ (value >> np.uint64(32))) | _LONG


@njit(inline="always")
def _short_key(loaded, length):
    """The key of a word of less than eight bytes, the first of those loaded."""
    return (loaded & _below(length)) | (length << np.uint64(56))


@compiled
def _same(block, start, arena, other, length):
    """Whether block[start : start + length] equals arena[other : other + length]."""
    step, done = np.uint64(8), np.uint64(0)
    while done + step <= length:
        if _load(block, start + done) != _load(arena, other + done):
            return False
        done += step
    return ((_load(block, start + done) ^ _load(arena, other + done)) & _below(length - done)) == np.uint64(0)


@njit(inline="always")
def _ends_return(block, pos):
    """Whether block[pos] is the second half of "\r\n"."""
    return block[pos] == 10 and pos > np.uint64(0) and block[pos - np.uint64(1)] == 13


@compiled
def scan_block(block, size, state, ids, table, counts, starts, arena):
    """Scan block[pos:size] until the text ends or `ids`, the table or the arena is full. Returns ids written.

    LINE_END is written at each end of a line: "\n", "\r" or "\r\n".

    block: uint8, with PADDING bytes or more behind `size`; they become spaces, where every token ends.
    state: int64 (pos, distinct words, arena bytes, whether the line has a token), read and written.
    ids: int32. table: uint64 (slots, 2), 2^k slots, (key, number + 1) or zeros; at most 3/4 full.
    counts: int64, one a word. starts: int64, one more; word i is arena[starts[i] : starts[i + 1]].
    arena: uint8, PADDING bytes of it never used by words.
    """
    one = np.uint64(1)
    end = np.uint64(max(0, min(size, len(block) - PADDING)))
    for i in range(end, np.uint64(len(block))):
        block[i] = 32
    room, filled = np.uint64(len(ids)), np.uint64(0)
    pos, words, used = np.uint64(state[0]), np.uint64(state[1]), np.uint64(state[2])
    in_line = state[3]
    slots, last = np.uint64(len(table)), np.uint64(len(table) - 1)
    shift = np.uint64(64) - _trailing_zeros(slots)
    most = min(slots - (slots >> np.uint64(2)), np.uint64(len(counts)), np.uint64(len(starts) - 1))
    arena_room = np.uint64(len(arena) - PADDING)

    full = False
    while pos < end and filled < room:
        loaded = _load(block, pos)
        length = _trailing_zeros(_spaces(loaded)) >> np.uint64(3)
        if length == np.uint64(0):
            byte = block[pos]
            if (byte == 10 or byte == 13) and (in_line != 0 or not _ends_return(block, pos)):
                ids[filled] = LINE_END
                filled += one
                in_line = 0
            pos += one
            continue
        if length < np.uint64(8):
            key = _short_key(loaded, length)
        else:
            while True:
                more = _trailing_zeros(_spaces(_load(block, pos + length))) >> np.uint64(3)
                length += more
                if more < np.uint64(8):
                    break
            key = _hash_long(block, pos, length)

        slot = _slot(key, shift)
        while True:
            number = table[slot, 1]
            if number == np.uint64(0):
                if words >= most or used + length > arena_room:
                    full = True
                    break
                for i in range(length):
                    arena[used + i] = block[pos + i]
                used += length
                words += one
                starts[words] = used
                table[slot, 0], table[slot, 1] = key, words
                number = words
                break
            if table[slot, 0] == key:
                if key < _LONG:
                    break
                other = np.uint64(starts[number - one])
                if np.uint64(starts[number]) - other == length and _same(block, pos, arena, other, length):
                    break
            slot = (slot + one) & last
        if full:
            break
        counts[number - one] += 1
        ids[filled] = np.int32(number - one)
        filled += one
        in_line = 1
        pos += length
        byte = block[pos]
        if byte != 10 and byte != 13:
            pos += one

    state[0], state[1], state[2], state[3] = pos, words, used, in_line
    return np.int64(filled)


@compiled
def enter_words(table, arena, starts, first, last):
    """Enter the words first..last (last exclusive), none of which is in it, into a table that has room for them."""
    one = np.uint64(1)
    shift = np.uint64(64) - _trailing_zeros(np.uint64(len(table)))
    for number in range(np.uint64(first), np.uint64(last)):
        start = np.uint64(starts[number])
        length = np.uint64(starts[number + one]) - start
        key = _short_key(_load(arena, start), length) if length < np.uint64(8) else _hash_long(arena, start, length)
        slot = free_slot(table, _slot(key, shift))
        table[slot, 0], table[slot, 1] = key, number + one


@compiled
def blank_unicode_spaces(block, size):
    """Make spaces of the white space beyond ASCII in block[:size], valid UTF-8 with PADDING behind it."""
    at = np.uint64(0)
    end = np.uint64(size)
    while at < end:
        if _load(block, at) & _HIGH == np.uint64(0):
            at += np.uint64(8)
            continue
        first = block[at]
        if first == 0xC2:  # U+0085, U+00A0
            second = block[at + np.uint64(1)]
            if second == 0x85 or second == 0xA0:
                block[at] = block[at + np.uint64(1)] = 32
        elif 0xE1 <= first <= 0xE3:
            second, third = block[at + np.uint64(1)], block[at + np.uint64(2)]
            if (
                (first == 0xE1 and second == 0x9A and third == 0x80)  # U+1680
                or (first == 0xE2 and second == 0x80 and third <= 0x8A)  # U+2000 to U+200A
                or (first == 0xE2 and second == 0x80 and (third == 0xA8 or third == 0xA9 or third == 0xAF))
                or (first == 0xE2 and second == 0x81 and third == 0x9F)  # U+205F
                or (first == 0xE3 and second == 0x80 and third == 0x80)  # U+3000
            ):
                block[at] = block[at + np.uint64(1)] = block[at + np.uint64(2)] = 32
        at += np.uint64(1)


@compiled
def renumber(ids, numbers, offsets, places, kept):
    """Replace `ids` in place by the kept words' new ids. Returns (ids kept, offsets written).

    ids: int32, the next piece of a corpus with LINE_END after each line. numbers: int32, the new id of each
    old one, or -1 for a word to drop. offsets: int64, at least len(ids), gets the number of ids kept up to
    the end of each line that has any. places: int64, as long, gets the number of each of these lines; none
    are written if it is empty. kept: int64 (ids kept before this piece, ids kept up to the last offset, lines
    before this piece), read and written.
    """
    one = np.uint64(1)
    filled = lines = np.uint64(0)
    before, marked, line = kept[0], kept[1], kept[2]
    numbered = len(places) > 0
    for i in range(np.uint64(len(ids))):
        old = ids[i]
        if old < 0:
            total = before + np.int64(filled)
            if total > marked:
                offsets[lines] = marked = total
                if numbered:
                    places[lines] = line
                lines += one
            line += 1
        else:
            new = numbers[np.uint64(old)]
            ids[filled] = new
            filled += np.uint64(new >= 0)
    kept[0], kept[1], kept[2] = before + np.int64(filled), marked, line
    return np.int64(filled), np.int64(lines)


@compiled
def tally(ids, counts):
    """Count numbers. Returns whether all of them are numbers of words or LINE_END.

    ids: int32. counts: int64, of each word so far, added to.
    """
    for i in range(np.uint64(len(ids))):
        number = ids[i]
        if number >= 0:
            if number >= len(counts):
                return False
            counts[np.uint64(number)] += 1
        elif number != LINE_END:
            return False
    return True
