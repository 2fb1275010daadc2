"""The cells of a column of csv or tsv, by Python's csv module."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from firth.corpus.columns import LARGEST_VALUE, Column, number_of, place_of, question
from firth.corpus.ragged import Ragged
from firth.corpus.text_lines import whole_lines
from firth.errors import CorpusError

ENDINGS = {"csv": ",", "tsv": "\t"}


class CsvCells:
    """The cells of a column by the header's name; or, where the header has no such name, by number, without a header.

    texts: the file in pieces. name: names it in messages. kind: csv, or tsv. Rows without any character are left out.
    """

    def __init__(self, texts: Iterator[str], name: str, kind: str, column: Column | None, ragged: Ragged) -> None:
        self._texts, self._name, self._kind, self._column, self._ragged = texts, name, kind, column, ragged
        self._line = 1  # on which the row at hand begins
        self._blank = 0  # lines before the first row
        self._ended = False

    def place(self) -> str:
        """Where the row at hand begins."""
        return f"{self._name}, line {self._line:,}"

    def __iter__(self) -> Iterator[str | None]:
        """Yield the cells; None for one that is missing.

        Raises CorpusError for what cannot be divided into fields, and for a column that is not there.
        """
        lines, first = self._lines(), ""
        for first in lines:
            if first.strip("\r\n"):
                break
            self._blank += 1
        delimiter = ENDINGS[self._kind]
        if delimiter == "," and "," not in first and ";" in first:
            delimiter = ";"
        rows = self._rows(csv.reader(chain((first,), lines), delimiter=delimiter))
        header = next(rows, None)
        if header is None:
            raise CorpusError(f"{self._name} is empty: expected rows ({self._kind})")
        if self._column is None:
            raise question(
                f"{self._name} is a table ({self._kind})",
                header,
                "; to read it as plain text, rename it, or give it through standard input",
            )
        at = place_of(self._column, header, f"{self._name}, line {self._line:,},")
        named = header[at] == str(self._column)
        fields = len(header)
        for row in rows if named else chain((header,), rows):
            if len(row) != fields:
                self._ragged.add(self.place)
            yield row[at] if at < len(row) else None

    def _rows(self, reader: Iterator[list[str]]) -> Iterator[list[str]]:
        """Yield the rows that are not empty."""
        before = reader.line_num  # type: ignore[attr-defined]
        with _large_fields():
            while True:
                self._line = self._blank + before + 1
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    raise CorpusError(f"{self.place()}: no row of {self._kind} ({error!s:.100})") from None
                if self._ended and row:
                    raise CorpusError(f"{self.place()}: a quotation mark opens a field that nothing closes")
                if row is None:
                    return
                before = reader.line_num  # type: ignore[attr-defined]
                if row:
                    yield row

    def _lines(self) -> Iterator[str]:
        """Yield the lines, and an empty one at the end, which only an open field takes in."""
        for piece in whole_lines(self._texts, self._name):
            if "\0" in piece:
                raise CorpusError(f"{self.place()}: a NUL byte in this line or later: is this text in UTF-8?")
            yield from io.StringIO(piece, newline="")
        self._ended = True
        yield "\n"


@contextmanager
def _large_fields() -> Iterator[None]:
    """Let Python's csv module read fields of up to `LARGEST_VALUE` characters, for the time of a `with`."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, LARGEST_VALUE))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def header_kind(line: str, column: Column) -> str | None:
    """The kind of table, tsv or csv, that a line is the header of, or the first row of for a column by number."""
    for kind, delimiters in (("tsv", "\t"), ("csv", ",;")):
        for delimiter in delimiters:
            if delimiter not in line:
                continue
            try:
                names = next(csv.reader([line], delimiter=delimiter), [])
            except csv.Error:
                continue
            number = number_of(column)
            if str(column) in names or (number is not None and 1 <= number <= len(names)):
                return kind
    return None
