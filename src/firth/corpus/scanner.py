"""The words of a text that is read block by block: their numbers as they come, their counts, their spelling.

A distinct word takes its text, 16 bytes for its count and its place, and 21 to 43 of the table it is looked up in: some
50 bytes beside the text, and never more than 75, that of growing arrays included. Half of that goes when all is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.vocabulary import MAX_WORDS, too_many_words
from firth.errors import VocabularyError
from firth.memory import free_memory

FIRST_SLOTS = 1 << 14

UNCHECKED = 1 << 26
"""Bytes that arrays grow by without a look at the memory that is left."""

WORDS_AT_ONCE = 1 << 20
"""Words entered or spelled between two chances for Ctrl-C."""


class Scanner:
    """The growing vocabulary of a text that is read block by block; call `end_file` where a file ends."""

    def __init__(self) -> None:
        """No word yet."""
        self._last = b""  # byte of the file so far
        self._state = np.zeros(4, np.int64)
        self._table = _free_table(FIRST_SLOTS)
        self._counts = np.zeros(_most_words(FIRST_SLOTS), np.int64)
        self._starts = np.zeros(len(self._counts) + 1, np.int64)
        self._arena = np.zeros(1 << 17, np.uint8)
        self._ids = np.empty(1 << 18, np.int32)
        self._room = np.empty(0, np.uint8)

    def scan(self, text: bytes) -> Iterator[NDArray[np.int32]]:
        """Yield the int32 ids of the tokens of `text` in pieces, LINE_END at each end of a line, blank ones included.

        `text` is valid UTF-8, and tokens do not go beyond it. Each piece is valid until the next is taken.
        Raises VocabularyError for more than MAX_WORDS distinct words, or more than memory has room for.
        """
        from firth.corpus._scan import PADDING, blank_unicode_spaces, scan_block

        size = len(text)
        if len(self._room) < size + PADDING:
            self._room = np.empty(size + PADDING, np.uint8)
        block = self._room[: size + PADDING]
        block[:size] = np.frombuffer(text, np.uint8)
        if not text.isascii():
            blank_unicode_spaces(block, size)
        self._state[0] = self._last == b"\r" and text.startswith(b"\n")  # one end of a line, in two texts
        self._last = text[-1:] or self._last
        while self._state[0] < size:
            filled = scan_block(  # no local name keeps an array that grows
                block, size, self._state, self._ids, self._table, self._counts, self._starts, self._arena
            )
            yield self._ids[:filled]
            if self._state[0] < size and filled < len(self._ids):
                self._grow(size)

    def end_file(self) -> Iterator[NDArray[np.int32]]:
        """Yield LINE_END if the last line of a file has not ended; what is scanned then is another file."""
        if self._last not in (b"", b"\n", b"\r"):
            yield from self.scan(b"\n")
        self._last = b""

    def _grow(self, size: int) -> None:
        """Make room for at least one more word of up to `size` bytes."""
        from firth.corpus._scan import PADDING

        words, used = int(self._state[1]), int(self._state[2])
        if words == len(self._counts):
            if words >= MAX_WORDS:
                raise too_many_words()
            slots = 2 * len(self._table)
            most = _most_words(slots)
            with _room_for(words, self._table.nbytes + 16 * (most - words)):
                self._grow_table(slots, words)
                self._counts = _longer(self._counts, most)
                self._starts = _longer(self._starts, most + 1)
        if used + size + PADDING > len(self._arena):
            with _room_for(words, 2 * len(self._arena) + size):
                self._arena = _longer(self._arena, 2 * len(self._arena) + size)

    def _grow_table(self, slots: int, words: int) -> None:
        """Look words up in a new table; the old one goes first, as the keys can be made from the words again."""
        from firth.corpus._scan import enter_words

        self._table = _free_table(0)
        self._table = _free_table(slots)
        for first in range(0, words, WORDS_AT_ONCE):
            enter_words(self._table, self._arena, self._starts, first, min(first + WORDS_AT_ONCE, words))

    def end(self) -> None:
        """Let go of what only scanning needs: no text comes any more."""
        self._table, self._ids, self._room = _free_table(0), np.empty(0, np.int32), np.empty(0, np.uint8)

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurred (int64), by first appearance."""
        return self._counts[: self._state[1]]

    def words(self, ids: NDArray[np.int64]) -> list[str]:
        """The words of `ids`."""
        text, words = self._arena.data, list[str]()
        for first in range(0, len(ids), WORDS_AT_ONCE):
            piece = ids[first : first + WORDS_AT_ONCE]
            begins, ends = self._starts[piece].tolist(), self._starts[piece + 1].tolist()
            words += [str(text[begin:end], "utf-8") for begin, end in zip(begins, ends, strict=True)]
        return words


@contextmanager
def _room_for(words: int, more: int) -> Iterator[None]:
    """Raise VocabularyError, before the `with` or in it, if memory has no room for so many more bytes."""
    try:
        if more > UNCHECKED and more > free_memory():
            raise MemoryError
        yield
    except MemoryError:
        raise VocabularyError(
            f"the corpus has {words:,} distinct words so far, and more take {more / 1e6:,.0f} MB of memory, where "
            f"{free_memory() / 1e6:,.0f} MB are free: does white space divide the text into words? If not, name "
            "another tokenizer (--tokenizer); else lower-case the words (--lower), give less text, or more memory"
        ) from None


def _free_table(slots: int) -> NDArray[np.uint64]:
    table = np.empty((slots, 2), np.uint64)  # not `zeros`: only `empty` asks for huge pages
    table.fill(0)
    return table


def _most_words(slots: int) -> int:
    """The most words in a table of so many slots."""
    return min(slots - slots // 4, MAX_WORDS)


def _longer(array: NDArray[Any], length: int) -> NDArray[Any]:
    longer = np.zeros(length, array.dtype)
    longer[: len(array)] = array
    return longer
