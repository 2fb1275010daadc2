"""Columns of files: JSON, csv, tsv, Parquet and Arrow -> cells."""

import os
from collections.abc import Iterator
from itertools import chain
from typing import Any, Protocol

from firth.corpus.arrow_cells import ArrowCells
from firth.corpus.columns import COMPRESSED, LARGEST_VALUE, Column, no_columns, table_kind
from firth.corpus.csv_cells import CsvCells, first_fields, header_kind
from firth.corpus.json_cells import JsonCells, is_json
from firth.corpus.kinds import NoTextError, kind_of
from firth.corpus.origin import warn_of
from firth.corpus.ragged import Ragged
from firth.corpus.reader import Progress, TextReader
from firth.corpus.sources import shown
from firth.errors import ConfigError, CorpusError
from firth.settings import Reading

BINARY = ("Parquet", "Arrow")
BINARY_FOUND = {"a Parquet file": "Parquet", "an Arrow file": "Arrow"}
"""The kinds of tables by what their first bytes say; see `kinds`."""

MAGIC = 64
"""Bytes that say whether a file is one of these."""


class Table(Protocol):
    """The column of one file."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the cells."""

    def place(self) -> str:
        """Where the cell at hand is."""


class FileCells:
    """The cells of a column of files, one file after the other.

    Without a column the files are JSON with texts or lists, or a question for the column is raised. `progress` is
    called with the bytes read as they are stored, and the bytes of all files or None.
    """

    def __init__(self, files: list[Any], column: Column | None, reading: Reading, progress: Progress | None) -> None:
        self._files, self._column = files, column
        self._reader = TextReader(files, Reading(errors=reading.errors), progress)
        self._ragged = Ragged()
        self._table: Table | None = None

    @property
    def name(self) -> str:
        """What is read, for a message."""
        return self._reader.name

    @property
    def replaced(self) -> int:
        """How many invalid UTF-8 sequences were replaced so far."""
        return self._reader.replaced

    @property
    def notes(self) -> list[str]:
        """What else a user may want to know, when all is read."""
        return self._reader.notes

    def values(self) -> Iterator[Any]:
        """Yield the cells as they are; raises what the readers of the files raise."""
        for path in self._files:
            self._table = self._open(path)
            yield from self._table

    def place(self) -> str:
        """Where the cell that was given last is."""
        return self.name if self._table is None else self._table.place()

    @property
    def faults(self) -> list[str]:
        """What was wrong: invalid UTF-8 that was replaced, and rows with other fields than the first."""
        return self._reader.faults + self._ragged.faults

    def warn(self, stacklevel: int) -> None:
        """Warn of the faults."""
        warn_of(self.faults, stacklevel + 1)

    def _open(self, path: Any) -> Table:
        kind, name = table_kind(path), shown(path)
        if kind is None and self._column is not None:
            kind = _binary_kind(path)
        if kind in BINARY:
            if not isinstance(path, str):
                raise CorpusError(f"{name}: {kind} is read from files by their paths only: give the path")
            if path.lower().rpartition(".")[2] in COMPRESSED:
                raise CorpusError(f"{name}: {kind} is not read from a compressed file: decompress it first")
            return ArrowCells(path, str(kind), self._column, self._reader.passing(path))
        texts = self._reader.texts(path)
        if kind is None and self._column is not None:
            try:
                kind, texts = _kind_by_content(texts, self._column, name)
            except NoTextError as error:
                if error.found not in BINARY_FOUND:
                    raise
                raise CorpusError(
                    f"{name} holds {error.found}, which is read from files by their paths only, and not compressed: "
                    "write it to a file and give the path of that"
                ) from None
        if kind in ("JSON", "JSON lines"):
            return JsonCells(texts, name, self._column, self._ragged, document=kind == "JSON")
        return CsvCells(texts, name, str(kind), self._column, self._ragged)


def _binary_kind(path: Any) -> str | None:
    """Parquet or Arrow, if the first bytes of a file that has a path say so."""
    if not isinstance(path, str) or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            kind = kind_of(file.read(MAGIC))
    except OSError:
        return None  # reading it as text will say so
    return None if kind is None else BINARY_FOUND.get(kind.found)


def _kind_by_content(texts: Iterator[str], column: Column, name: str) -> tuple[str, Iterator[str]]:
    """The kind of table by the first line that is not blank, and the same texts. Raises ConfigError for plain text."""
    parts: list[str] = []
    size, begun = 0, False
    while size < LARGEST_VALUE and (text := next(texts, "")):
        parts.append(text)
        size += len(text)
        text = text if begun else text.lstrip()
        begun = begun or bool(text)
        if "\n" in text:
            break
    head = "".join(parts)
    line = head.lstrip("\ufeff \r\n").partition("\n")[0].rstrip("\r")
    kind = "JSON" if is_json(line) else header_kind(line, column)
    if kind is None:
        if fields := first_fields(line):
            raise ConfigError(
                f"{name}: no column {str(column)!r:.100} among {fields} (by its first line); expected JSON, csv or tsv "
                "with that column"
            )
        raise no_columns(
            column, f"{name} is plain text: its first line is no JSON and no header of csv or tsv with that name"
        )
    return kind, chain((head,), texts)
