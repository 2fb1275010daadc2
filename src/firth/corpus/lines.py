"""The lines of a text, or lists of tokens, as numbers of first appearance, blank lines included."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.numbering import Numbers, check_tokenizer, number_lists
from firth.corpus.reader import Progress, TextReader
from firth.corpus.scanner import Scanner
from firth.corpus.sources import find_files, is_text_source
from firth.corpus.words import only_words
from firth.settings import Reading


class TextLines:
    """The lines of text files. They end with "\\n", "\\r", "\\r\\n" or the file, as in Python's text files.

    name: what is read, for a message.
    """

    def __init__(self, reader: TextReader) -> None:
        self._reader, self._scanner = reader, Scanner(blank_lines=True)
        self.name = reader.name

    def __len__(self) -> int:
        """The number of distinct words so far."""
        return len(self._scanner.counts())

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. A piece is valid until the next is taken.

        Raises what `TextReader.blocks` and `Scanner.scan` raise; warns at the end if invalid UTF-8 was replaced.
        """
        for blocks in self._reader.blocks_of_files():
            for block in blocks:
                yield from self._scanner.scan(block)
            yield from self._scanner.end_file()
        self._reader.warn_if_replaced(stacklevel=2)

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """The words of numbers."""
        return self._scanner.words(numbers)

    def words_from(self, first: int) -> list[str]:
        """The words of the numbers from `first` on."""
        return self._scanner.words(np.arange(first, len(self)))


class ListLines:
    """Lists of tokens; each is a line.

    name: what is read, for a message.
    """

    name = "the lists of tokens"

    def __init__(self, source: Any, lower: bool, progress: Progress | None) -> None:
        self._source, self._lower, self._progress = source, lower, progress
        self._numbers = Numbers()
        self._names: list[str] = []

    def __len__(self) -> int:
        """The number of distinct words so far."""
        return len(self._numbers)

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. Raises CorpusError for what are no such lists."""
        return number_lists(self._source, self._lower, self._numbers, self._progress)

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """The words of numbers."""
        self._names += islice(self._numbers, len(self._names), None)
        return [self._names[number] for number in numbers.tolist()]

    def words_from(self, first: int) -> list[str]:
        """The words of the numbers from `first` on."""
        self._names += islice(self._numbers, len(self._names), None)
        return self._names[first:]


def read_lines(source: Any, reading: Reading, progress: Progress | None = None) -> TextLines | ListLines:
    """The lines that a source holds, to be read once; `source` and `progress` as `build_corpus` takes them.

    Raises CorpusError for a source that names no file, ConfigError for tokenizer="words" with lists of tokens.
    """
    if is_text_source(source):
        return TextLines(TextReader(find_files(source), reading, progress))
    check_tokenizer(reading)
    return ListLines(source, reading.lower, progress)


def tokens_of(text: str, reading: Reading) -> list[str]:
    """The tokens of a text in memory, as reading them from a file would give."""
    text = text.lower() if reading.lower else text
    return (only_words(text) if reading.tokenizer == "words" else text).split()
