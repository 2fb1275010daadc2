"""The lines of a source as numbers of first appearance, blank lines included."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firth.corpus.cells import Cells, divided
from firth.corpus.columns import Column, checked_column, no_columns, table_kind
from firth.corpus.frames import mapping_cells, memory_cells
from firth.corpus.origin import InMemory, Origin
from firth.corpus.reader import Progress, TextReader
from firth.corpus.scanner import Scanner
from firth.corpus.sources import find_files, find_folders, folder_of, is_text_source, may_be_lines, shown
from firth.corpus.strings import StringReader, one_line
from firth.corpus.table_files import FileCells
from firth.corpus.tokens import Numbers, Where, count_piece, in_sentences, number_lists, sentences_of
from firth.corpus.vocabulary import LINE_END, as_word
from firth.errors import ConfigError, CorpusError, quoted
from firth.settings import Reading

LINE_ENDS = re.compile("\r\n|\n|\r")


class Blocks(Origin, Protocol):
    """What text is read from, block by block."""

    def blocks_of_files(self) -> Iterator[Iterator[bytes]]:
        """Yield for each file blocks of valid UTF-8 that begin and end between tokens."""


class TextLines:
    """The lines of text. They end with "\\n", "\\r", "\\r\\n" or the file, as in Python's text files.

    origin: what the text comes from, if not the blocks themselves.
    """

    def __init__(self, blocks: Blocks, origin: Origin | None = None) -> None:
        self._blocks, self._scanner = blocks, Scanner()
        self.origin: Origin = blocks if origin is None else origin

    def nothing(self) -> str:
        """What the message says about lines without any word."""
        return f"there is no word in {self.origin.name}"

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. A piece is valid until the next is taken.

        Raises what reading the text and `Scanner.scan` raise.
        """
        for blocks in self._blocks.blocks_of_files():
            for block in blocks:
                yield from self._scanner.scan(block)
            yield from self._scanner.end_file()
        self._scanner.end()

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurred so far, by number."""
        return self._scanner.counts()

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """The words of numbers."""
        return self._scanner.words(numbers)


class ListLines:
    """Lists of tokens; each is a line.

    origin: what they come from. where: says which list is meant, by its number.
    """

    def __init__(
        self,
        sentences: Iterator[Any],
        lower: bool,
        progress: Progress | None,
        origin: Origin,
        where: Where = in_sentences,
    ) -> None:
        self._sentences, self._lower, self._progress = sentences, lower, progress
        self.origin, self._where = origin, where
        self._numbers, self._read = Numbers(), 0
        self._names: list[str] = []
        self._counts = np.zeros(0, np.int64)

    def nothing(self) -> str:
        """What the message says about lines without any token."""
        if self._where is in_sentences:
            return f"there is no token in its {self._read:,} sentences"
        return f"there is no token in {self.origin.name}, in {self._read:,} lines"

    def pieces(self) -> Iterator[NDArray[np.int32]]:
        """Yield the numbers in pieces, LINE_END after each line. Raises CorpusError for what are no such lists."""
        for piece in number_lists(self._sentences, self._lower, self._numbers, self._progress, self._where):
            self._read += int((piece == LINE_END).sum())
            self._counts = count_piece(piece, self._counts, len(self._numbers))
            yield piece

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurred so far, by number."""
        return self._counts

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """The words of numbers."""
        self._names += islice(self._numbers, len(self._names), None)
        return [self._names[number] for number in numbers.tolist()]


def tokenized_lines(blocks: Blocks, origin: Origin, reading: Reading) -> ListLines:
    """The lines of text, each divided into tokens by a function."""

    def where(number: int) -> str:
        return f"what the tokenizer made of line {number + 1:,} of {origin.name}"

    return ListLines(_tokenized(blocks, reading), False, None, origin, where)


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


def read_lines(source: Any, reading: Reading, progress: Progress | None = None, named: bool = True) -> Lines:
    """The lines that a source holds, to be read once; `source` and `progress` as `build_corpus` takes them.

    named: whether the tokenizer is named for this source, rather than taken over from vectors: then lists of tokens,
    which it does not divide, are refused.

    Raises CorpusError for a source that names no file, a table without a column or without that column, and a mapping;
    ConfigError for a tokenizer with lists of tokens, and for a column of what has none.
    """
    column = checked_column(reading.column)
    if (cells := memory_cells(source, column)) is not None:
        return _lines_of_cells(cells, reading, progress, named)
    if reading.tokenizer is not None and column is None and may_be_lines(source):
        strings = StringReader(iter(source), f"the {len(source):,} strings", reading, progress)
        strings.notes.append(f"reads {len(source):,} strings as lines of text")
        return _text_lines(strings, reading)
    if not is_text_source(source):
        return _lines_in_memory(sentences_of(source), column, reading, progress, named)
    files, folders = find_files(source), find_folders(source)
    if column is not None:  # what is no table below a folder is left out, as what is no text is without a column
        tables = [file for file in files if table_kind(file) or folder_of(file, folders) is None] or files
        of_files = FileCells(tables, column, reading, progress)
        of_files.notes.extend(_no_tables(files, tables, folders))
        return _lines_of_cells(of_files, reading, None, named)
    kinds = [None if folder_of(file, folders) is not None else table_kind(file) for file in files]
    if not any(kinds):
        return _text_lines(TextReader(files, reading, progress, folders=folders), reading)
    if not all(kinds):
        _refuse_mixture(files, kinds, reading)
    return _lines_of_cells(FileCells(files, column, reading, progress), reading, None, named)


def _no_tables(files: list[Any], tables: list[Any], folders: list[str]) -> Iterator[str]:
    """Yield what was left out of the files below each folder."""
    kept = {file for file in tables if isinstance(file, str)}
    for folder in folders:
        below = [file for file in files if folder_of(file, folders) == folder]
        skipped = [file for file in below if file not in kept]
        if skipped:
            are = "are no tables by their names" if skipped[1:] else "is no table by its name"
            yield (
                f"skipped {len(skipped):,} of {len(below):,} files in {shown(folder)} that {are}, "
                f"the first: {shown(skipped[0])}"
            )


def _text_lines(blocks: Blocks, reading: Reading, origin: Origin | None = None) -> Lines:
    if callable(reading.tokenizer):
        return tokenized_lines(blocks, blocks if origin is None else origin, reading)
    return TextLines(blocks, origin)


def _refuse_mixture(files: list[str], kinds: list[str | None], reading: Reading) -> None:
    """Raise the question for a column of the first table, or an error about lists of tokens beside text."""
    table = files[next(place for place, kind in enumerate(kinds) if kind)]
    divided(FileCells([table], None, reading, None))
    raise CorpusError(
        f"{shown(table)} holds one text or list of tokens a line, in JSON, and {shown(files[kinds.index(None)])} is "
        "plain text: read them in runs of their own"
    )


def _lines_of_cells(cells: Cells, reading: Reading, progress: Progress | None, named: bool) -> Lines:
    """The cells of a column as lines."""
    is_text, lines = divided(cells)
    if is_text:
        return _text_lines(StringReader(lines, cells.name, reading, progress), reading, cells)
    if named:
        _refuse_tokenizer(reading, f"{cells.name} holds lists of tokens, which")
    return ListLines(lines, _lowers_tokens(reading), progress, cells, lambda number: cells.place())


def _lines_in_memory(
    sentences: Iterator[Any], column: Column | None, reading: Reading, progress: Progress | None, named: bool
) -> Lines:
    """Lines of text where a tokenizer is named and the first is a text; values of mappings; else lists of tokens."""
    first = list(islice(sentences, 1))
    sentences = chain(first, sentences)
    if first and isinstance(first[0], Mapping):
        return _lines_of_cells(mapping_cells(sentences, column), reading, progress, named)
    if column is not None:
        raise no_columns(column, "the corpus is no table: it holds neither rows with names nor files")
    if reading.tokenizer is not None and isinstance(first[0] if first else None, str):
        return _text_lines(StringReader(_strings(sentences), "the lines of text", reading, progress), reading)
    if named:
        _refuse_tokenizer(reading, "the corpus is no text: lists of tokens")
    return ListLines(sentences, _lowers_tokens(reading), progress, InMemory("the lists of tokens"))


def _lowers_tokens(reading: Reading) -> bool:
    """Whether tokens are made lower-case; a function gets the line in lower case, and its tokens stay as they are."""
    return reading.lower and not callable(reading.tokenizer)


def _refuse_tokenizer(reading: Reading, what: str) -> None:
    if reading.tokenizer not in (None, "whitespace"):
        raise ConfigError(f"tokenizer is {quoted(reading.tokenizer_name)}, but {what} are taken as they are")


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
    line = one_line(text)
    if callable(reading.tokenizer):
        return list(map(as_word, reading.tokenizer(line.lower() if reading.lower else line)))
    [blocks] = StringReader(iter([line]), "the text", reading, None).blocks_of_files()
    return b"".join(blocks).decode().split()
