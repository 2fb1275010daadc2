"""The lines of a source as numbers of first appearance, blank lines included."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firth.corpus.reader import Progress, TextReader
from firth.corpus.scanner import Scanner
from firth.corpus.sources import find_files, is_text_source, may_be_lines
from firth.corpus.strings import StringReader, one_line
from firth.corpus.tokens import Numbers, Where, as_word, count_piece, in_sentences, number_lists, sentences_of
from firth.declaring import declared
from firth.errors import ConfigError, CorpusError
from firth.settings import Reading
from firth.tokenizing import Tokenizer, check_tokenizer, kept_tokenizer

LINE_ENDS = re.compile("\r\n|\n|\r")


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
        """What a user should know of how the text was read, once it was."""

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
        """What a user should know of how the text was read, once it was."""
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

    def __init__(
        self,
        sentences: Iterator[Any],
        lower: bool,
        progress: Progress | None,
        name: str = "the lists of tokens",
        where: Where = in_sentences,
    ) -> None:
        self._sentences, self._lower, self._progress, self.name = sentences, lower, progress, name
        self._where = where
        self._numbers = Numbers()
        self._names: list[str] = []
        self._counts = np.zeros(0, np.int64)

    @property
    def replaced(self) -> int:
        """How many invalid UTF-8 sequences were replaced so far: tokens in memory hold none."""
        return 0

    @property
    def notes(self) -> list[str]:
        """What a user should know of how the lists were read: nothing."""
        return []

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. Raises CorpusError for what are no such lists."""
        for piece in number_lists(self._sentences, self._lower, self._numbers, self._progress, self._where):
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


class TokenizedLines(ListLines):
    """The lines of text, each divided into tokens by a function."""

    def __init__(self, blocks: Blocks, reading: Reading) -> None:
        def where(number: int) -> str:
            return f"what the tokenizer made of line {number + 1:,} of {blocks.name}"

        super().__init__(_tokenized(blocks, reading), False, None, blocks.name, where)
        self._blocks = blocks

    @property
    def replaced(self) -> int:
        """How many invalid UTF-8 sequences were replaced so far."""
        return self._blocks.replaced

    @property
    def notes(self) -> list[str]:
        """What a user should know of how the text was read, once it was."""
        return self._blocks.notes

    def warn_if_replaced(self, stacklevel: int) -> None:
        """Warn if invalid UTF-8 was replaced."""
        self._blocks.warn_if_replaced(stacklevel + 1)


def _tokenized(blocks: Blocks, reading: Reading) -> Iterator[Iterable[Any]]:
    """Yield what a function makes of each line; an empty line has no tokens."""
    tokenizer: Any = reading.tokenizer
    for file in blocks.blocks_of_files():
        for line in _whole_lines(file):
            yield tokenizer(line.lower() if reading.lower else line) if line else ()


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[str]:
    """The lines of blocks that are cut behind line ends, without these."""
    returned = False
    for block in blocks:
        text = block.decode()
        lines = LINE_ENDS.split(text[returned and text.startswith("\n") :])
        returned = text.endswith("\r") or (returned and not text)
        yield from lines if lines[-1] else lines[:-1]


Lines = TextLines | ListLines


def read_lines(source: Any, reading: Reading, progress: Progress | None = None) -> Lines:
    """The lines that a source holds, to be read once; `source` and `progress` as `build_corpus` takes them.

    Raises CorpusError for a source that names no file, ConfigError for a tokenizer with lists of tokens,
    MissingExtraError for a tokenizer without its package.
    """
    if reading.tokenizer is not None and may_be_lines(source):
        strings = StringReader(iter(source), f"the {len(source):,} strings", reading, progress)
        strings.notes.append(f"reads {len(source):,} strings as lines of text")
        return _text_lines(strings, reading)
    if is_text_source(source):
        return _text_lines(TextReader(find_files(source), reading, progress), reading)
    return _lines_in_memory(sentences_of(source), reading, progress)


def _text_lines(blocks: Blocks, reading: Reading) -> Lines:
    return TokenizedLines(blocks, reading) if callable(reading.tokenizer) else TextLines(blocks)


def _lines_in_memory(sentences: Iterator[Any], reading: Reading, progress: Progress | None) -> Lines:
    """Lines of text where a tokenizer is named and the first is a text; lists of tokens otherwise."""
    first = list(islice(sentences, 1))
    sentences = chain(first, sentences)
    if reading.tokenizer is not None and isinstance(first[0] if first else None, str):
        return _text_lines(StringReader(_strings(sentences), "the lines of text", reading, progress), reading)
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


def reading_again(source: Any, kept: dict[str, Any], named: Tokenizer | None = None) -> Reading:
    """How to read a source with the settings of a text before, of which `kept` may have some.

    In memory, only a tokenizer that is named now divides text: lists of tokens need none.
    """
    on_disk = is_text_source(source) and not may_be_lines(source)
    again = kept_tokenizer(kept.get("tokenizer"))
    check_tokenizer(again)
    tokenizer = again if on_disk and named is None else named
    known = {name: kept[name] for name in declared(Reading) if kept.get(name) is not None}
    return Reading(**(known | {"tokenizer": tokenizer}))


def tokens_of(text: str, reading: Reading) -> list[str]:
    """The tokens of a text in memory, as reading them from a file would give."""
    line = one_line(text)
    if callable(reading.tokenizer):
        return list(map(as_word, reading.tokenizer(line.lower() if reading.lower else line)))
    [blocks] = StringReader(iter([line]), "the text", reading, None).blocks_of_files()
    return b"".join(blocks).decode().split()
