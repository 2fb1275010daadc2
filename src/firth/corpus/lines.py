"""The lines of a source as numbers of first appearance, blank lines included."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firth.corpus.reader import Progress, TextReader, cleaned
from firth.corpus.scanner import Scanner
from firth.corpus.sources import find_files, find_folders, is_text_source
from firth.corpus.strings import StringReader
from firth.corpus.tokens import Numbers, count_piece, number_lists, sentences_of
from firth.errors import ConfigError, CorpusError
from firth.settings import Reading


class Blocks(Protocol):
    """What text is read from, block by block."""

    @property
    def name(self) -> str:
        """What is read, for a message."""

    @property
    def replaced(self) -> int:
        """How many invalid UTF-8 sequences were replaced so far."""

    @property
    def notes(self) -> list[str]:
        """What else a user may want to know, when all is read."""

    def blocks_of_files(self) -> Iterator[Iterator[bytes]]:
        """Yield for each file blocks of valid UTF-8 that begin and end between tokens."""

    def warn_if_replaced(self, stacklevel: int) -> None:
        """Warn if invalid UTF-8 was replaced."""


class TextLines:
    """The lines of text. They end with "\\n", "\\r", "\\r\\n" or the file, as in Python's text files.

    name: what is read, for a message.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks, self._scanner = blocks, Scanner()
        self.name = blocks.name

    @property
    def replaced(self) -> int:
        """How many invalid UTF-8 sequences were replaced so far."""
        return self._blocks.replaced

    @property
    def notes(self) -> list[str]:
        """What else a user may want to know, when all is read."""
        return self._blocks.notes

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. A piece is valid until the next is taken.

        Raises what reading the text and `Scanner.scan` raise.
        """
        for blocks in self._blocks.blocks_of_files():
            for block in blocks:
                yield from self._scanner.scan(block)
            yield from self._scanner.end_file()

    def warn_if_replaced(self, stacklevel: int) -> None:
        """Warn if invalid UTF-8 was replaced."""
        self._blocks.warn_if_replaced(stacklevel + 1)

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurred so far, by number."""
        return self._scanner.counts()

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """The words of numbers."""
        return self._scanner.words(numbers)


class ListLines:
    """Lists of tokens; each is a line.

    name: what is read, for a message.
    """

    replaced = 0

    def __init__(
        self, sentences: Iterator[Any], lower: bool, progress: Progress | None, name: str = "the lists of tokens"
    ) -> None:
        self._sentences, self._lower, self._progress, self.name = sentences, lower, progress, name
        self._numbers = Numbers()
        self.notes: list[str] = []
        self._names: list[str] = []
        self._counts = np.zeros(0, np.int64)

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. Raises CorpusError for what are no such lists."""
        for piece in number_lists(self._sentences, self._lower, self._numbers, self._progress):
            self._counts = count_piece(piece, self._counts, len(self._numbers))
            yield piece

    def warn_if_replaced(self, stacklevel: int) -> None:
        """Do nothing: tokens in memory hold no invalid UTF-8."""

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurred so far, by number."""
        return self._counts

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """The words of numbers."""
        self._names += islice(self._numbers, len(self._names), None)
        return [self._names[number] for number in numbers.tolist()]


Lines = TextLines | ListLines


def read_lines(source: Any, reading: Reading, progress: Progress | None = None) -> Lines:
    """The lines that a source holds, to be read once; `source` and `progress` as `build_corpus` takes them.

    Raises CorpusError for a source that names no file, ConfigError for a tokenizer with lists of tokens.
    """
    if is_text_source(source):
        return TextLines(TextReader(find_files(source), reading, progress, folders=find_folders(source)))
    return _lines_in_memory(sentences_of(source), reading, progress)


def _lines_in_memory(sentences: Iterator[Any], reading: Reading, progress: Progress | None) -> Lines:
    """Lines of text where a tokenizer is named and the first is a text; lists of tokens otherwise."""
    first = list(islice(sentences, 1))
    sentences = chain(first, sentences)
    if reading.tokenizer is not None and isinstance(first[0] if first else None, str):
        return TextLines(StringReader(_strings(sentences), "the lines of text", reading, progress))
    if reading.tokenizer not in (None, "whitespace"):
        raise ConfigError(
            f"tokenizer is {reading.tokenizer_name!r}, but the corpus is no text: lists of tokens are taken as they are"
        )
    return ListLines(sentences, reading.lower, progress)


def _strings(lines: Iterable[Any]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if not isinstance(line, str):
            raise CorpusError(
                f"line {number} (counted from 0) is {line!r:.100} ({type(line).__name__}); the first is text: expected "
                "text only, or lists of tokens only"
            )
        yield line


def tokens_of(text: str, reading: Reading) -> list[str]:
    """The tokens of a text in memory, as reading them from a file would give."""
    return cleaned(text, reading).split()
