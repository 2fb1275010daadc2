"""JSON of files that may be hostile: what it would take in memory is known before it is parsed, or it comes in pieces.

A text of three bytes, `{},`, becomes an object of 72; so 85 MB would take 2 GB.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from json import scanner
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

SMALL = 1 << 20
"""Bytes, or characters, whose objects fit into memory whatever they are: they take 30 times as much at most."""

ROOM, TIMES = 1 << 25, 4
"""The objects of a text may take this many bytes, and so many for each byte of its file: a history takes 3.6."""

OBJECT, LIST, KEY, NEW_KEY, STRING, ITEM = 120, 88, 24, 150, 50, 28
"""Bytes that CPython takes, about: for an object and a list, each key, each that is new, each string, each item."""

SHARED, NEW_VALUE = 9, 250
"""Bytes for each item where equal strings and numbers are one, and for each of these that is new."""

MANY_KEYS = 10_000

MOST_MEMBERS = 100

NEAR_END = 16
"""A number that ends so near the end of a piece may go on."""

PIECE = 1 << 16
"""The bytes of a text that are looked at together where it comes in pieces."""

_SPACE = re.compile(r"[ \t\n\r]*")
_KEY = r'"((?:[^"\\]|\\.){0,100})"\s*:'
_KEY_OF_BYTES, _KEY_OF_TEXT = re.compile(_KEY.encode()), re.compile(_KEY)
_decode = json.JSONDecoder().raw_decode


class CostlyError(ValueError):
    """A text has so many values that they would take too much memory."""

    def __init__(self) -> None:
        super().__init__("it has so many small values that they would take too much memory")


def loads(text: str | bytes, size: int = 0) -> Any:
    """What a JSON text holds.

    size: the bytes of the file or files that it is from, where these have more than the text.
    Raises ValueError or RecursionError for what is no JSON, and CostlyError for what would take too much memory.
    """
    if is_costly(text, size):
        raise CostlyError
    return json.loads(text)


def is_costly(text: str | bytes, size: int = 0) -> bool:
    """Whether the objects of a JSON text would take more memory than `ROOM` and `TIMES` the size of its file."""
    if len(text) <= SMALL:
        return False
    count = _counter(text)
    keys, allowed = count('":'), ROOM + TIMES * max(size, len(text))
    strings = max(0, count('"') // 2 - keys)
    least = OBJECT * count("{") + LIST * count("[") + KEY * keys + STRING * strings + ITEM * count(",")
    return least > allowed or (least + NEW_KEY * keys > allowed and _has_many_keys(text))


def decode_shared(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at a place, behind white space, and where it ends; equal strings and numbers are one.

    So a list of a million words takes little more than its text. It is several times as slow as `json`.
    Raises ValueError or RecursionError for what is no JSON, CostlyError for what would take too much memory even so.
    """
    count, allowed = text.count, ROOM + TIMES * len(text)
    keys = count('":')
    least = OBJECT * count("{") + LIST * count("[") + KEY * keys + SHARED * count(",")
    if least > allowed or (least + NEW_KEY * keys > allowed and _has_many_keys(text)):
        raise CostlyError
    most = (allowed - least) // NEW_VALUE
    strings: dict[str, str] = {}
    numbers: dict[str, Any] = {}

    def string_of(text: str, end: int, strict: bool = True) -> tuple[str, int]:
        value, end = scanstring(text, end, strict)
        if value not in strings and len(strings) + len(numbers) >= most:
            raise CostlyError
        return strings.setdefault(value, value), end

    def number_of(kind: Callable[[str], Any]) -> Callable[[str], Any]:
        def number(digits: str) -> Any:
            if digits not in numbers and len(strings) + len(numbers) >= most:
                raise CostlyError
            return numbers[digits] if digits in numbers else numbers.setdefault(digits, kind(digits))

        return number

    shared: Any = json.JSONDecoder(parse_int=number_of(int), parse_float=number_of(float))
    shared.parse_string = string_of
    shared.scan_once = scanner.py_make_scanner(shared)  # type: ignore[attr-defined]
    found: tuple[Any, int] = shared.raw_decode(text, _SPACE.match(text, at).end())  # type: ignore[union-attr]
    return found


def _counter(text: str | bytes) -> Any:
    """What counts a mark in a text."""
    return text.count if isinstance(text, str) else lambda mark: text.count(mark.encode())


def _has_many_keys(text: str | bytes) -> bool:
    """Whether the keys of the objects are more than a few that come again and again, which Python keeps once."""
    seen: set[Any] = set()
    found = _KEY_OF_TEXT.finditer(text) if isinstance(text, str) else _KEY_OF_BYTES.finditer(text)
    for match in found:
        seen.add(match[1])
        if len(seen) > MANY_KEYS:
            return True
    return False


def pieces_of(read: Callable[[int], bytes]) -> Iterator[str]:
    """A text in UTF-8, piece by piece, of what `read` gives. Raises UnicodeDecodeError."""
    return codecs.iterdecode(iter(partial(read, PIECE), b""), "utf-8")


class JsonStream:
    """A JSON text in pieces, of which arrays are taken value by value; all errors are ValueError or RecursionError."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._buffer, self._at = "", 0

    def values(self) -> Iterator[Any]:
        """Yield the values of the array that begins here, each of at most `SMALL` characters."""
        for _ in self.items():
            yield self.value()

    def items(self) -> Iterator[None]:
        """Yield before each value of the array that begins here; the caller takes the value."""
        self.take("[")
        if self.following() != "]":
            yield
            while self.following() == ",":
                self.take(",")
                yield
        self.take("]")

    def members(self) -> Iterator[str]:
        """Yield the keys of the object that begins here, `MOST_MEMBERS` at most; the caller takes the value of each."""
        self.take("{")
        for _ in range(MOST_MEMBERS if self.following() != "}" else 0):
            key = self.value()
            if not isinstance(key, str):
                raise ValueError(f"a key of type {type(key).__name__}")
            self.take(":")
            yield key
            if self.following() != ",":
                break
            self.take(",")
        self.take("}")

    def value(self) -> Any:
        """The value that begins here, of at most `SMALL` characters."""
        self.following()
        while True:
            try:
                value, end = _decode(self._buffer, self._at)
            except json.JSONDecodeError:
                if len(self._buffer) - self._at > SMALL or not self._more():
                    raise
            else:
                if end < len(self._buffer) - NEAR_END or not self._more():  # a number may go on
                    self._at = end
                    return value

    def take(self, mark: str) -> None:
        """Go past a mark that must be here."""
        found = self.following()
        if found != mark:
            raise ValueError(f"{found!r} in place of {mark!r}")
        self._at += 1

    def following(self) -> str:
        """The next character that is no white space, or "" at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Drop what was taken and add a piece; whether there was one."""
        piece = next(self._pieces, "")
        if piece:
            self._buffer, self._at = self._buffer[self._at :] + piece, 0
        return bool(piece)
