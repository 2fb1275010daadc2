"""The words of a text that is read block by block: their numbers as they come, their counts, their spelling."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.vocabulary import MAX_WORDS, too_many_words


class Scanner:
    """The growing vocabulary of a text that is read block by block; call `end_file` where a file ends."""

    def __init__(self) -> None:
        """No word yet."""
        self._last = b""  # byte of the file so far
        self._state = np.zeros(4, np.int64)
        self._table = np.zeros((1 << 14, 2), np.uint64)
        self._counts = np.zeros(1 << 13, np.int64)
        self._starts = np.zeros((1 << 13) + 1, np.int64)
        self._arena = np.zeros(1 << 17, np.uint8)
        self._ids = np.empty(1 << 18, np.int32)
        self._room = np.empty(0, np.uint8)

    def scan(self, text: bytes) -> Iterator[NDArray[np.int32]]:
        """Yield the int32 ids of the tokens of `text` in pieces, LINE_END at each end of a line, blank ones included.

        `text` is valid UTF-8, and tokens do not go beyond it. Each piece is valid until the next is taken.
        Raises VocabularyError for more than MAX_WORDS distinct words.
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
            places = self._ids, self._table, self._counts, self._starts, self._arena
            filled = scan_block(block, size, self._state, *places)
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
        from firth.corpus._scan import PADDING, grow_table

        words, used = int(self._state[1]), int(self._state[2])
        if words == len(self._counts):
            if words >= MAX_WORDS:
                raise too_many_words()
            table = np.zeros((2 * len(self._table), 2), np.uint64)
            grow_table(self._table, table)
            self._table = table
            most = min(len(table) // 2, MAX_WORDS)
            self._counts = _longer(self._counts, most)
            self._starts = _longer(self._starts, most + 1)
        if used + size + PADDING > len(self._arena):
            self._arena = _longer(self._arena, 2 * len(self._arena) + size)

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurred (int64), by first appearance."""
        return self._counts[: self._state[1]]

    def words(self, ids: NDArray[np.int64]) -> list[str]:
        """The words of `ids`."""
        if not len(ids):
            return []
        begins, ends = self._starts[ids], self._starts[ids + 1]
        first = begins.min()
        text = self._arena[first : ends.max()].tobytes()
        begins, ends = (begins - first).tolist(), (ends - first).tolist()
        return [text[begin:end].decode() for begin, end in zip(begins, ends, strict=True)]


def _longer(array: NDArray[Any], length: int) -> NDArray[Any]:
    longer = np.zeros(length, array.dtype)
    longer[: len(array)] = array
    return longer
