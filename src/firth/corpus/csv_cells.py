"""The cells of a column of csv, by Python's csv module, or tsv, line by line."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from firth.corpus.columns import Column, listed_names, number_of, place_of, question
from firth.corpus.ragged import Ragged
from firth.corpus.text_lines import whole_lines
from firth.errors import CorpusError

ENDINGS = {"csv": ",", "tsv": "\t"}

LARGEST_FIELD = 1 << 24
"""Characters of a field or a line; the csv module takes about 12 bytes of memory for each."""

_DOUBLED = 'in csv, quotation marks inside quoted text are doubled (""): mend the file, or convert it to JSON lines'

_QUOTED = re.compile('"((?:[^"]|"")*)"')
_TSV_FIELD = re.compile(r'(?:\A|\t)("(?:[^"]|"")*"|[^\t]*)(?=\t|\Z)')


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
        lines = chain((first,), lines)
        rows = self._tsv_rows(lines) if self._kind == "tsv" else self._csv_rows(lines, delimiter)
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
                if at == fields - 1 and any(row[fields:]):
                    raise CorpusError(
                        f"{self.place()}: {len(row):,} fields, and {fields:,} in the first row, of which the last is "
                        f"read: its text would be cut. Put text that holds {delimiter!r} in quotation marks"
                    )
                self._ragged.add(self.place, is_long=len(row) > fields)
            yield row[at] if at < len(row) else None

    def _csv_rows(self, lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
        """Yield the rows that are not empty."""
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        before = 0
        with _large_fields():
            while True:
                self._line = self._blank + before + 1
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    if self._ended:
                        raise CorpusError(
                            f"{self.place()}: a quotation mark opens a field that nothing closes; {_DOUBLED}"
                        ) from None
                    advice = f"; {_DOUBLED}" if "expected after" in str(error) else ""
                    raise CorpusError(f"{self.place()}: no row of csv ({error!s:.100}){advice}") from None
                if row is None:
                    return
                before = reader.line_num
                if row:
                    yield row

    def _tsv_rows(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Yield the rows that are not empty."""
        self._line, expected = self._blank, None
        for line in lines:
            self._line += 1
            if line := line.rstrip("\r\n"):
                fields = tsv_fields(line, expected)
                expected = expected or len(fields)
                yield fields

    def _lines(self) -> Iterator[str]:
        """Yield the lines, and an empty one at the end, which only an open field takes in."""
        for piece in whole_lines(self._texts, self._name, LARGEST_FIELD):
            if "\0" in piece:
                raise CorpusError(f"{self.place()}: a NUL byte in this line or later: is this text in UTF-8?")
            yield from io.StringIO(piece, newline="")
        self._ended = True
        yield "\n"


def tsv_fields(line: str, expected: int | None = None) -> list[str]:
    """The fields of a line of tsv, without its end; quotation marks count only around all of a field.

    expected: the number of fields of the header. A tab in quoted text parts no fields where there are more otherwise.
    """
    fields = line.split("\t")
    if '"' not in line:
        return fields
    if expected is not None and len(fields) > expected:
        quoted = _TSV_FIELD.findall(line)
        fields = quoted if len(quoted) == expected else fields
    return [found[1].replace('""', '"') if (found := _QUOTED.fullmatch(field)) else field for field in fields]


@contextmanager
def _large_fields() -> Iterator[None]:
    """Let Python's csv module read fields of up to `LARGEST_FIELD` characters, for the time of a `with`."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, LARGEST_FIELD))
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
                names = tsv_fields(line) if kind == "tsv" else next(csv.reader([line], delimiter=delimiter), [])
            except csv.Error:
                continue
            number = number_of(column)
            if str(column) in names or (number is not None and 1 <= number <= len(names)):
                return kind
    return None


def first_fields(line: str) -> str:
    """The fields of a line for a message, divided at tabs, commas or semicolons; empty without any of these."""
    delimiter = next((delimiter for delimiter in "\t,;" if delimiter in line), None)
    if delimiter is None:
        return ""
    try:
        return listed_names(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return listed_names(line.split(delimiter))
