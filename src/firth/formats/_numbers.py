"""Numbers in text: lines of a word and d numbers -> rows of float32, and rows -> "%.9g".

Both directions are exact: a number read is the float32 nearest to the float64 nearest to its decimal digits, as NumPy
has it, and a number written has the digits of Python's "%.9g". Where float64 does not decide, the kernels say so, and
Python decides: it happens once in tens of millions of numbers.
"""

import numpy as np
import numpy.typing as npt

from firth.native.jit import compiled, inlined

OK, BLANK, FEW, EMPTY, NO_NUMBER, NOT_FINITE, UNSURE = range(7)
"""What a line is: a word with its vector; no text; too few fields for a word and d numbers; numbers without a word; or
with a field that is no number, with one that is not finite in float32, with one that Python has to decide."""

WIDEST = 16
"""The most bytes of a number that is written, the space before it included: " -1.00000001e-38"."""

Bytes = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]

_SPACE, _TAB, _RETURN, _NEWLINE = 32, 9, 13, 10
_PLUS, _MINUS, _POINT, _ZERO, _E = 43, 45, 46, 48, 101
_STRETCH = 256
_DIGITS = 19  # that fit in 64 bits
_LARGEST_EXPONENT = 40  # a positive whole number times a larger power of ten exceeds float32
_LEAST_EXPONENT = -66  # 19 digits times a lower power of ten are nearer to 0 than to the least float32
_POWERS = np.array([float(f"1e{i}") for i in range(-_LEAST_EXPONENT + 1)])  # of ten; up to 22 they are exact
_EXACT_POWER = 22
_EXACT_WHOLE = np.uint64(1 << 53)
_ERROR = 2.0**-50  # relative; three roundings and the cut after 19 digits make 2^-51 at most, and float64's own 2^-53

_REAL, _ODD, _UNDECIDED = range(3)


@inlined
def _is_space(byte):
    return byte in (_SPACE, _TAB)


@inlined
def _digit(byte):
    """The value of a decimal digit; 10 or more for other bytes."""
    return np.uint64(np.uint8(byte - np.uint8(_ZERO)))


@compiled
def _first_digits(text, at):
    """The first 19 significant digits from text[at] on, the power of ten they are to be multiplied by, and if that is
    all but zeros."""
    whole, kept, exponent, after_point, all_of_it = np.uint64(0), 0, 0, 0, True
    while True:
        digit = _digit(text[at])
        if digit < np.uint64(10):
            if kept < _DIGITS:
                whole = whole * np.uint64(10) + digit
                kept += whole != np.uint64(0)
                exponent -= after_point
            else:
                all_of_it &= digit == np.uint64(0)
                exponent += 1 - after_point
        elif text[at] == _POINT and after_point == 0:
            after_point = 1
        else:
            return whole, exponent, all_of_it
        at += 1


@inlined
def _same_letters(text, at, name):
    """Whether `name`, in small letters, is at text[at] in any case; the text ends in another byte."""
    same = 0
    while same < len(name) and text[at + same] | 32 == name[same]:
        same += 1
    return same == len(name)


_INF, _INFINITY, _NAN = (np.frombuffer(name, np.uint8) for name in (b"inf", b"infinity", b"nan"))


@compiled
def _named(text, at):
    """The end of "inf", "infinity" or "nan" at text[at]; `at` if there is none of them."""
    if _same_letters(text, at, _INFINITY):
        return at + 8
    if _same_letters(text, at, _INF) or _same_letters(text, at, _NAN):
        return at + 3
    return at


@inlined
def _whole_number(text, whole, at):
    """`whole` with the digits from text[at] on behind its own, modulo 2^64, and where they end."""
    place = np.uint64(at)  # numba looks whether signed ones are negative
    while True:
        digit = _digit(text[place])
        if digit >= np.uint64(10):
            return whole, np.int64(place)
        whole = whole * np.uint64(10) + digit
        place += np.uint64(1)


@inlined
def _number(text, at):
    """(kind, float32, the end) of the number at text[at]; _ODD, 0 and `at` if there is none."""
    begin, negative = at, text[at] == _MINUS
    if negative or text[at] == _PLUS:
        at += 1
    first, exponent = at, 0
    whole, after = _whole_number(text, np.uint64(0), at)
    digits, at = after - at, after
    if text[at] == _POINT:
        whole, after = _whole_number(text, whole, at + 1)
        exponent = at + 1 - after
        digits, at = digits - exponent, after
    if digits == 0:
        at = _named(text, first)
        return (_REAL, np.float32(np.inf), at) if at > first else (_ODD, np.float32(0), begin)
    all_of_it = True
    if digits > _DIGITS:
        whole, exponent, all_of_it = _first_digits(text, first)
    if text[at] | 32 == _E:
        at += 1
        down = text[at] == _MINUS
        if down or text[at] == _PLUS:
            at += 1
        power, power_begin = 0, at
        while True:
            digit = _digit(text[at])
            if digit >= np.uint64(10):
                break
            if power < 1 << 40:
                power = power * 10 + np.int64(digit)
            at += 1
        if at == power_begin:
            return _ODD, np.float32(0), begin
        exponent += -power if down else power

    kind, value = _REAL, np.float32(0)
    if whole == np.uint64(0) or exponent < _LEAST_EXPONENT:
        pass
    elif exponent > _LARGEST_EXPONENT:
        value = np.float32(np.inf)
    else:
        power_of_ten = _POWERS[abs(exponent)]
        near = np.float64(whole) / power_of_ten if exponent < 0 else np.float64(whole) * power_of_ten
        value = np.float32(near)
        if not (all_of_it and whole <= _EXACT_WHOLE and abs(exponent) <= _EXACT_POWER):
            lower, value = np.float32(near * (1 - _ERROR)), np.float32(near * (1 + _ERROR))
            if lower != value:
                kind = _UNDECIDED
    return kind, -value if negative else value, at


@compiled
def find_line_ends(text, at, ends):
    """The number of line ends from text[at] on that are put into `ends`, as long as it has room."""
    found, size = 0, len(text)
    while at < size and found < len(ends):
        stretch = min(at + _STRETCH, size)
        there = False
        for i in range(np.uint64(at), np.uint64(stretch)):  # without a branch: many bytes at once
            there |= text[i] == _NEWLINE
        if there:
            for i in range(at, stretch):
                if text[i] == _NEWLINE:
                    ends[found] = i
                    found += 1
                    if found == len(ends):
                        break
        at = stretch
    return found


@compiled
def count_numbers(text, begin, end):
    """How many numbers the last fields of a line are, but one less than its fields at most; -1 for a blank line."""
    numbers, fields, at = 0, 0, begin
    while end > begin and (_is_space(text[end - 1]) or text[end - 1] == _RETURN):
        end -= 1
    while True:
        while at < end and _is_space(text[at]):
            at += 1
        if at >= end:
            return min(numbers, fields - 1)
        kind, _, after = _number(text, at)
        if kind != _ODD and (after == end or _is_space(text[after])):
            numbers += 1
        else:
            numbers, after = 0, at
            while after < end and not _is_space(text[after]):
                after += 1
        fields += 1
        at = after


@compiled
def parse_lines(text, starts, ends, slots, first, last, rows, words, kinds, faults):
    """Read the lines first..last (last exclusive).

    text: uint8; line i is text[starts[i] : ends[i]], with a newline at ends[i]. slots: the row that line i may fill, or
    -1 if it is too short for d numbers. rows: float32 (some, d), NaN where Python has to decide.
    words: (lines, 2), begin and end of each word. kinds: int8 (lines,). faults: where the field is that is no number.
    """
    d = rows.shape[1]
    for i in range(first, last):
        begin, end = starts[i], ends[i]
        while begin < end and (_is_space(text[end - 1]) or text[end - 1] == _RETURN):
            end -= 1
        while begin < end and _is_space(text[begin]):
            begin += 1
        slot = slots[i]
        if begin == end or slot < 0:
            kinds[i] = BLANK if begin == end else FEW
            continue
        at = begin
        while at < end and not _is_space(text[at]):
            at += 1
        words[i, 0], words[i, 1] = begin, at
        from_behind = False
        while True:
            kind, fields = OK, 0
            while fields < d:
                while at < end and _is_space(text[at]):
                    at += 1
                if at == end:
                    break
                what, value, after = _number(text, at)
                if what == _ODD or not (after == end or _is_space(text[after])):
                    break
                if what == _UNDECIDED:
                    value = np.float32(np.nan)
                    kind = UNSURE if kind == OK else kind
                elif not np.isfinite(value):
                    kind = NOT_FINITE
                rows[slot, fields] = value
                fields += 1
                at = after
            if from_behind:
                break
            if fields == d:
                while at < end and _is_space(text[at]):
                    at += 1
                if at == end:
                    break
            # the word has spaces, or something is wrong: the numbers are the last d fields
            from_behind = True
            at, found = end, 0
            while found < d and at > begin:
                while at > begin and _is_space(text[at - 1]):
                    at -= 1
                while at > begin and not _is_space(text[at - 1]):
                    at -= 1
                found += 1
            if found < d:
                kind = FEW
                break
            word_end = at
            while word_end > begin and _is_space(text[word_end - 1]):
                word_end -= 1
            words[i, 0], words[i, 1] = begin, word_end
        if kind != FEW and from_behind:
            if words[i, 1] == begin:
                kind = EMPTY if fields == d and begin > starts[i] else FEW
            elif fields < d:
                kind = NO_NUMBER
                faults[i] = at
        kinds[i] = kind


@inlined
def _put_digits(out, at, number, count):
    """Write the last `count` digits of a whole number."""
    for i in range(count):
        tens = number // np.uint32(10)
        out[at + count - 1 - i] = np.uint8(number - tens * np.uint32(10)) + np.uint8(_ZERO)
        number = tens


_WIDTH = 9  # digits of "%.9g", which tell all float32 apart
_LEAST, _MOST = 10.0 ** (_WIDTH - 1), 10.0**_WIDTH
_EXACT_SCALE = 12  # 24 bits of a float32 times 5^12 fit in 53
_DOUBT = 1e-6  # of nine digits before the point; the roundings make 4e-7 at most


@inlined
def _put_number(out, at, number):
    """The end of " %.9g" of a float32, written at out[at]; `at` if the last digit is not certain."""
    begin, value = at, np.float64(number)
    out[at] = _SPACE
    at += 1
    if np.float64(value).view(np.int64) < 0:
        out[at] = _MINUS
        at += 1
        value = -value
    if value == 0:
        out[at] = _ZERO
        return at + 1
    if not value <= 3.5e38:
        return begin
    twos = (np.float64(value).view(np.int64) >> 52) - 1023
    power = (twos * 78913) >> 18  # times log10(2): the power of ten of the first digit, or one less
    scale = _WIDTH - 1 - power
    while True:
        scaled = value * _POWERS[scale] if scale >= 0 else value / _POWERS[-scale]
        if scaled < _MOST:
            break
        power += 1
        scale -= 1
    digits = np.uint32(scaled)
    rest = scaled - np.float64(digits)
    if not 0 <= scale <= _EXACT_SCALE and abs(rest - 0.5) < _DOUBT:
        return begin
    if rest > 0.5 or (rest == 0.5 and digits & np.uint32(1)):
        digits += np.uint32(1)
        if digits == np.uint32(_MOST):
            digits = np.uint32(_LEAST)
            power += 1
    kept = _WIDTH
    while digits % np.uint32(10) == np.uint32(0):
        digits //= np.uint32(10)
        kept -= 1

    if -4 <= power < _WIDTH:
        if power < 0:  # 0.00ddd
            out[at], out[at + 1] = _ZERO, _POINT
            for i in range(-power - 1):
                out[at + 2 + i] = _ZERO
            _put_digits(out, at + 1 - power, digits, kept)
            return at + 1 - power + kept
        if kept <= power + 1:  # ddd00
            _put_digits(out, at, digits, kept)
            for i in range(kept, power + 1):
                out[at + i] = _ZERO
            return at + power + 1
        _put_digits(out, at + 1, digits, kept)  # dd.ddd: the point takes its place among the digits
        for i in range(power + 1):
            out[at + i] = out[at + i + 1]
        out[at + power + 1] = _POINT
        return at + kept + 1
    _put_digits(out, at + 1, digits, kept)  # d.ddde-09
    out[at] = out[at + 1]
    at += 1
    if kept > 1:
        out[at] = _POINT
        at += kept
    out[at], out[at + 1] = _E, _MINUS if power < 0 else _PLUS
    _put_digits(out, at + 2, np.uint32(abs(power)), 2)
    return at + 4


@compiled
def format_rows(letters, starts, rows, first, last, out, ends):
    """Write the words and the numbers of the rows first..last (last exclusive), each on a line, into `out`.

    letters: uint8; word i is letters[starts[i] : starts[i + 1]]. rows: float32 (n, d). ends: int64 (last - first,), the
    end of each line in `out`; negative, and the line is not there, where Python has to write the numbers.
    """
    at = 0
    for i in range(first, last):
        begin = at
        for j in range(starts[i], starts[i + 1]):
            out[at] = letters[j]
            at += 1
        for j in range(rows.shape[1]):
            after = _put_number(out, at, rows[i, j])
            if after == at:
                break
            at = after
        else:
            out[at] = _NEWLINE
            at += 1
            ends[i - first] = at
            continue
        at = begin
        ends[i - first] = -1
