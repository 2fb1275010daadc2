"""The cells of JSON: of each object the value under a key, or the values themselves; one a line, or one array of all.

Lines are parsed one by one; an array of any size is parsed value by value over a buffer. A value of so many small ones
that they would take too much memory is parsed so that equal words are one object.
"""

import io
import json
import re
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from firth.corpus.columns import LARGEST_VALUE, Column, no_columns, place_of, question, told
from firth.corpus.ragged import Ragged
from firth.corpus.text_lines import whole_lines
from firth.errors import CorpusError, quoted
from firth.files.json_text import CostlyError, decode_shared, is_costly, loads

_SPACE = re.compile(r"[ \t\n\r]*")
_ROWS_FOLLOW = re.compile(r"\s*\[\s*[\[{]")
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_OBJECT = re.compile(rf'\[?\s*\{{\s*({_STRING})\s*:\s*(?:["\d{{\[-]|true|false|null)')
_LISTS = re.compile(rf'\[\s*(?:{_STRING}\s*,\s*["\[]|\[\s*(?:{_STRING}|-?\d+)\s*(?:,\s*["\d-]|\]\s*,\s*\[))')
"""How objects begin, also in an array, and how an array of strings or of lists does, where its line goes on."""

_LINE_ENDS = ("\n", "\r\n", "")
_NEAR_END = 16
"""What is cut within a word, number or escape is reported at most so many characters before the end."""

_DECODER: Any = json.JSONDecoder()  # its scan_once has no declared type
_decode = _DECODER.raw_decode


class JsonCells:
    """The cells of a column, or the values themselves without one: lists of tokens or texts.

    texts: the file in pieces. name: names it in messages. document: whether an array of plain values that is all of
    the file is taken for many values, rather than for one.
    """

    def __init__(
        self, texts: Iterator[str], name: str, column: Column | None, ragged: Ragged, document: bool = True
    ) -> None:
        self._texts, self._name, self._column, self._ragged = texts, name, column, ragged
        self._document = document
        self._line = 0  # before the value or buffer at hand
        self._buffer, self._at = "", 0
        self._is_costly = False  # whether the value at hand is

    def place(self) -> str:
        """Where the value at hand is."""
        return f"{self._name}, line {self._line + self._buffer.count(chr(10), 0, self._at) + bool(self._buffer):,}"

    def __iter__(self) -> Iterator[Any]:
        """Yield the cells. Raises CorpusError for what is no JSON, and for a column that is not there."""
        values = self._of_array() if self._holds_array() else self._of_lines()
        nulls, first = 0, None
        for first in values:
            if first is not None:
                break
            nulls += 1
        values = chain(repeat(None, nulls), (first,) * (first is not None), values)
        if isinstance(first, dict):
            return self._column_of(list(first), values)
        if self._column is not None and first is not None:
            raise no_columns(self._column, f"{self.place()} holds {told(first)}, no object with columns")
        return self._plain(values)

    def _column_of(self, names: list[str], rows: Iterator[Any]) -> Iterator[Any]:
        if self._column is None:
            raise question(f"{self._name} holds JSON {'objects' if self._buffer else 'lines'}", names)
        key = names[place_of(self._column, names, f"{self.place()},")]
        for row in rows:
            if isinstance(row, dict):
                if key not in row:
                    self._ragged.add(self.place)
                yield row.get(key)
            elif row is None:
                yield None
            else:
                raise CorpusError(f"{self.place()} is {told(row)}; the first value is an object: expected objects only")

    def _plain(self, values: Iterator[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, dict):
                raise CorpusError(f"{self.place()} is an object, and the first value is not: expected one kind only")
            yield value

    def _holds_array(self) -> bool:
        """Whether the file is one array of many values, by its beginning."""
        head = ""
        while not head and (text := next(self._texts, "")):
            head = text.lstrip()
            self._line += text.count("\n", 0, len(text) - len(head))
        if not head.startswith("["):
            self._texts = chain((head,), self._texts)
            return False
        while not (first := head[1:].lstrip()) and (more := next(self._texts, "")):
            rest = more.lstrip()
            self._line += head.count("\n") + more.count("\n", 0, len(more) - len(rest))
            head = "[" + rest
        if first.startswith(("[", "{")):
            self._texts = chain((head,), self._texts)
            return True
        parts, size = [head], len(head)
        while "\n" not in parts[-1] and size < LARGEST_VALUE and (more := next(self._texts, "")):
            parts.append(more)
            size += len(more)
        line, end, rest = "".join(parts).partition("\n")
        while not rest.strip() and size < LARGEST_VALUE and (more := next(self._texts, "")):
            parts.append(more)
            size += len(more)
            rest = more
        self._texts = chain(parts, self._texts)
        if not end and size >= LARGEST_VALUE:
            return self._document
        return not _is_whole(line) or (self._document and not rest.strip())

    def _of_lines(self) -> Iterator[Any]:
        """Yield the value of each line that is not blank."""
        scan = _DECODER.scan_once  # json.loads without its calls in Python
        for block in whole_lines(self._texts, self._name, LARGEST_VALUE):
            is_line = "\r" not in block and block.find("\n", 0, -1) < 0  # a StringIO takes 4 bytes for each character
            for line in (block,) if is_line else io.StringIO(block, newline=""):
                self._line += 1
                if is_costly(line):
                    yield self._shared(line)
                    continue
                try:
                    value, end = scan(line, 0)
                except (StopIteration, ValueError, RecursionError):
                    end = 0
                if end == 0 or line[end:] not in _LINE_ENDS:
                    if not line.strip():
                        continue
                    value = self._parsed(line)
                yield value

    def _shared(self, line: str) -> Any:
        """The value of a line of very many."""
        try:
            value, end = decode_shared(line, 0)
            if line[end:].strip():
                raise json.JSONDecodeError("Extra data", line, end)
        except (ValueError, RecursionError) as error:
            raise self._wrong(error) from None
        return value

    def _parsed(self, line: str) -> Any:
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._wrong(error) from None

    def _of_array(self) -> Iterator[Any]:
        """Yield the values of one array, which may be longer than memory."""
        self._at = self._buffer.find("[") + 1
        while not self._at and self._more():
            self._at = self._buffer.find("[") + 1
        if self._next() == "]":
            self._check_end()
            return
        while True:
            yield self._value()
            mark = self._next()
            if mark == "]":
                self._check_end()
                return
            if mark != ",":
                raise CorpusError(f"{self.place()}: expected a comma or the end of the array, and found {quoted(mark)}")
            self._at += 1
            self._next()

    def _value(self) -> Any:
        """The value that begins at the place."""
        while True:
            try:
                value, end = (decode_shared if self._is_costly else _decode)(self._buffer, self._at)
            except json.JSONDecodeError as error:
                cut = error.pos > len(self._buffer) - _NEAR_END or error.msg.startswith("Unterminated string")
                if not cut or not self._more():
                    self._at = min(error.pos, len(self._buffer))
                    raise self._wrong(error) from None
            except (ValueError, RecursionError) as error:
                raise self._wrong(error) from None
            else:
                if end < len(self._buffer) - _NEAR_END or not self._more():  # a number may go on
                    self._at = end
                    return value

    def _next(self) -> str:
        """The next character that is no white space, where the place is then; empty at the end of the file."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _check_end(self) -> None:
        self._at += 1
        if self._next():
            raise CorpusError(
                f"{self.place()}: more text after the end of the array; expected one array, or JSON lines"
            )

    def _more(self) -> bool:
        """Drop what was read and take about as much again as is left; whether there was more.

        Raises CorpusError for a value that is too large.
        """
        rest = self._buffer[self._at :]
        self._is_costly = is_costly(rest)
        if len(rest) > LARGEST_VALUE:
            raise CorpusError(f"{self.place()}: a value of more than {LARGEST_VALUE:,} characters, or one that is cut")
        parts, size = [rest], 0
        while size <= len(rest) and (text := next(self._texts, "")):
            parts.append(text)
            size += len(text)
        if not size:
            return False
        self._line += self._buffer.count("\n", 0, self._at)
        self._buffer, self._at = "".join(parts), 0
        return True

    def _wrong(self, error: Exception) -> CorpusError:
        if isinstance(error, CostlyError):
            return CorpusError(
                f"{self.place()}: a value of so many small ones that they would take too much memory: divide it into "
                "several, one a line"
            )
        if isinstance(error, RecursionError):
            reason = "it is nested too deep"
        elif isinstance(error, json.JSONDecodeError):
            reason = f"{error.msg}, column {error.colno:,}" if not self._buffer else error.msg
        else:
            reason = "a number is too long"
        return CorpusError(f"{self.place()} is no JSON ({reason}); expected one value a line, or one array of values")


def refuse_json(block: bytes, name: str) -> None:
    """Raise CorpusError if a plain text, of which `block` begins, begins as JSON does.

    Its first line is an object or an array, or the beginning of one that goes on behind the line or the block. An array
    of one line counts if it is not empty, and if the next line is one too.
    """
    block = block.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not block.startswith((b"{", b"[")):
        return
    text = block.decode(errors="replace")
    line, end, rest = text.partition("\n")
    try:
        found = loads(line)
    except json.JSONDecodeError as error:
        if end and error.pos < len(line.rstrip()):
            return
        found = None
    except (ValueError, RecursionError):
        return
    if isinstance(found, list):
        second, whole, _ = rest.lstrip().partition("\n")
        if not found or (second and not (is_json(second) if whole else second.startswith("["))):
            return
    first = found[0] if isinstance(found, list) else found
    if isinstance(first, dict):
        raise question(f"{name} begins with a JSON object", list(first))
    if found is None and (key := _OBJECT.match(text)):
        raise CorpusError(
            f"{name} begins with a JSON object: name the column to read with --column, such as {key[1]:.100} (column= "
            "in Python)"
        )
    if found is not None or _LISTS.match(text):
        raise CorpusError(
            f"{name} begins with a JSON array: give it as a file with the ending .json, or .jsonl where each line is a "
            "list of tokens, to read it as such"
        )


def _is_whole(line: str) -> bool:
    """Whether a line is JSON; one that is costly to parse is judged by its end."""
    if is_costly(line):
        return line.rstrip().endswith(("]", "}"))
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def is_json(line: str) -> bool:
    """Whether the first line of a file with columns is that of JSON."""
    line = line.strip()
    return bool(_ROWS_FOLLOW.match(line)) or line in ("[", "{") or (line[:1] in ("[", "{") and _is_whole(line))
