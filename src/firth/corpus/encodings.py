"""Which encoding text is in: UTF-8, or UTF-16 and UTF-32, which become UTF-8; other text and other bytes are refused.

The first `SNIFFED` bytes decide, however the rest is read.
"""

import codecs
import sys
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.kinds import SNIFFED, NoTextError, kind_of

LEAST = 10
"""Fewer wrong characters than this do not make a file something other than text."""

MOST_WRONG = 0.25
"""The largest share of wrong characters, those of white space aside, that text has."""

MOST_NULS = 0.01
"""The largest share of NULs that text has."""

NULS, LEAST_NULS, LOW, LOW_SHARE, UNUSED = 3, 0.01, 0x20, 0.8, 0.02
"""Of UTF-16 without a mark; see `_without_mark`."""

_UNMARKED = "UTF-16 without a byte order mark, convert it with iconv -f UTF-16LE -t UTF-8, or UTF-16BE"

_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\v\f\r\x1c\x1d\x1e\x1f") + b"\x7f"
_OTHERS = bytes(byte for byte in range(256) if byte not in _CONTROLS)
_NO_CHARACTERS = {"Cc", "Cn", "Co", "Cs"}


class Encoding(NamedTuple):
    """An encoding in units of 2 or 4 bytes.

    name: for messages. units: NumPy's type of one. marked: whether the text says so in a byte order mark.
    """

    name: str
    units: str
    marked: bool


_MARKS = {
    b"\xff\xfe\0\0": Encoding("UTF-32", "<u4", True),
    b"\0\0\xfe\xff": Encoding("UTF-32", ">u4", True),
    b"\xff\xfe": Encoding("UTF-16", "<u2", True),
    b"\xfe\xff": Encoding("UTF-16", ">u2", True),
}


def encoding_of(name: str, head: bytes) -> Encoding | None:
    """The encoding of a text that begins with `head`, the first `SNIFFED` bytes or more, or None for UTF-8.

    Raises NoTextError for what is no text: it begins as some other kind of file does (`kind_of`); or at least `LEAST`
    of its characters, and more than `MOST_WRONG` of those that are not white space, are invalid or are control
    characters; or at least `LEAST` and more than `MOST_NULS` of all are NUL.
    """
    head = head[:SNIFFED]
    kind = kind_of(head)
    if kind is not None:
        raise NoTextError(f"{name} is {kind.found}, no text: {kind.advice}", kind.found)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            wrong, characters = _wrong_units(head, encoding)
            _check(name, wrong, 0, characters, f" as the {encoding.name} that its byte order mark promises")
            return encoding
    unmarked = _without_mark(head) if b"\0" in head else None
    if unmarked is None:
        _check_utf8(name, head)
    return unmarked


def _check_utf8(name: str, head: bytes) -> None:
    controls = len(head.translate(None, _OTHERS))
    decoder = codecs.getincrementaldecoder("utf-8")  # leaves a cut character at the end alone
    try:
        text = decoder().decode(head)
        invalid = 0
    except UnicodeDecodeError:
        text = decoder("replace").decode(head)
        invalid = text.count("\ufffd") - head.count("\ufffd".encode())
    if not invalid and not controls:
        return
    _check(name, invalid, controls, len("".join(text.split())), " as UTF-8")
    nuls = head.count(0)
    if nuls >= LEAST and nuls > MOST_NULS * len(text):
        raise NoTextError(
            f"{name}: there are {nuls:,} NULs in the first {len(head):,} bytes, and text has none. If it is "
            f"{_UNMARKED}; if NULs divide it, make them line ends (tr '\\0' '\\n')",
            "with NULs",
        )


def _check(name: str, invalid: int, controls: int, characters: int, how: str) -> None:
    """Raise NoTextError if too many of the characters are wrong."""
    wrong = invalid + controls
    if wrong < LEAST or wrong <= MOST_WRONG * characters:
        return
    share, most = f"{100 * wrong / characters:.0f}% of the first characters", f"{100 * MOST_WRONG:.0f}%"
    if controls > invalid / 4:
        raise NoTextError(
            f"{name}: {share} are invalid{how} or control characters, more than {most}: it is a binary file; expected "
            f"text. If it is {_UNMARKED}",
            "binary",
        )
    raise NoTextError(
        f"{name}: {share} are invalid{how}, more than {most}: is it in another encoding? Convert it with iconv -f "
        "ENCODING -t UTF-8; ENCODING may be CP1251, KOI8-R, SHIFT_JIS, GB18030, BIG5 or UTF-16LE",
        "not in UTF-8",
    )


def _without_mark(head: bytes) -> Encoding | None:
    """UTF-16 if `head` is that without a mark, in all likelihood.

    One byte of nearly every pair is then the number of a script, below 0x20, and that of some, such as spaces, is 0:
    `LOW_SHARE` and `LEAST_NULS` of the pairs are so, and at most `UNUSED` of the characters are control characters,
    unassigned or invalid.
    """
    pairs = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2)
    nuls = (pairs == 0).sum(axis=0)
    high = int(nuls[1] > nuls[0])
    if nuls[high] < max(NULS, LEAST_NULS * len(pairs)) or (pairs[:, high] < LOW).mean() < LOW_SHARE:
        return None
    encoding = Encoding("UTF-16", "<u2" if high else ">u2", False)
    wrong, _ = _wrong_units(head, encoding)
    return encoding if wrong <= UNUSED * len(pairs) else None


def _wrong_units(head: bytes, encoding: Encoding) -> tuple[int, int]:
    """How many characters are invalid, unassigned or control characters, and how many there are without white space."""
    width = int(encoding.units[2])
    units = np.frombuffer(head[: len(head) // width * width], encoding.units)
    if encoding.name == "UTF-16" and len(units) and _is_high(units[-1:])[0]:
        units = units[:-1]
    text, _ = _decode(units)
    characters = "".join(text.split())
    wrong = sum(char == "\ufffd" or unicodedata.category(char) in _NO_CHARACTERS for char in characters)
    return wrong, len(characters)


def transcoded(chunks: Iterator[bytes], encoding: Encoding, found: Callable[[int, int], None]) -> Iterator[bytes]:
    """Yield the same text in UTF-8, each invalid unit as U+FFFD.

    found: called with the first byte, counted from 0, of an invalid unit, and the number of them; what it raises ends
    the reading.
    """
    width, offset, rest = int(encoding.units[2]), 0, b""
    for chunk in chain(chunks, (None,)):
        data = rest + (chunk or b"")
        units = np.frombuffer(data[: len(data) // width * width], encoding.units)
        if chunk is not None and width == 2 and len(units) and _is_high(units[-1:])[0]:
            units = units[:-1]  # the other half of the pair is still to come
        text, invalid = _decode(units)
        if invalid.any():
            found(offset + width * int(invalid.argmax()), int(invalid.sum()))
        yield text.encode()
        offset += units.nbytes
        rest = data[units.nbytes :]
    if rest:
        found(offset, 1)
        yield "\ufffd".encode()


def _decode(units: NDArray[Any]) -> tuple[str, NDArray[np.bool_]]:
    """The text of units (n,), uint16 or uint32 of any byte order, and which of them are invalid; these are U+FFFD."""
    width = units.itemsize
    units = units.astype(f"u{width}")  # a copy, in the byte order of this machine
    if width == 4:
        invalid = (units > sys.maxunicode) | ((units >= 0xD800) & (units < 0xE000))
    else:
        high, low = _is_high(units), (units & 0xFC00) == 0xDC00
        paired = high[:-1] & low[1:]
        invalid = high | low
        invalid[:-1] &= ~paired
        invalid[1:] &= ~paired
    units[invalid] = 0xFFFD
    return units.tobytes().decode(f"utf-{8 * width}-{'le' if sys.byteorder == 'little' else 'be'}"), invalid


def _is_high(units: NDArray[Any]) -> NDArray[np.bool_]:
    """Which units of UTF-16 are the first half of a pair."""
    return np.asarray((units & 0xFC00) == 0xD800)
