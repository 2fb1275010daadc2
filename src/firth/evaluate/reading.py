"""Files of benchmarks in the forms in which they are published: recognised by their content, and read.

A line that begins with # or ; is a comment, blank lines count for nothing but in groups of odd ones out. Fields are
divided by tabs, semicolons or commas if every line has them, else by spaces. The text is UTF-8, with or without a byte
order mark, and lines may end in LF, CRLF or CR.
"""

import contextlib
import csv
import dataclasses
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median_high
from typing import NoReturn

from firth.errors import ConfigError, FormatError, quoted
from firth.files.paths import AnyPath, as_path, reading

KINDS = ("similarity", "analogy", "categories", "odd")

DATA = Path(__file__).parents[1] / "data"
BUNDLED = tuple(
    DATA / name
    for name in ("wordsim353.tsv", "wordsim353-sim.tsv", "wordsim353-rel.tsv", "rg-65.tsv", "questions-words.txt")
)

LARGEST = 2**23
"""The most bytes of a file of a benchmark."""

MOST_LINES = 2**17
"""The most lines of a file, blank ones and comments included."""

LONGEST = 2**20
"""The most characters of a line."""

MOST_FIELDS = 2**19
"""The most fields of all lines together, short ones filled up."""

LINE_END = re.compile(r"\r\n?|\n")

MOST_ANSWERS = 2**20
"""The most questions that pairs of words may make, times the most alternatives that a pair has."""

Question = tuple[str, str, str, tuple[str, ...]]
"""a is to b as c is to one of the answers."""


@dataclasses.dataclass(frozen=True)
class Similarity:
    """Pairs of words with people's ratings. note: which columns the ratings are, where there is a choice."""

    name: str
    pairs: list[tuple[str, str]]
    ratings: list[float]
    note: str = ""
    kind: str = "similarity"


@dataclasses.dataclass(frozen=True)
class Analogies:
    """Questions by the name of their section; the name is empty in a file without sections."""

    name: str
    sections: dict[str, list[Question]]
    note: str = ""
    kind: str = "analogy"


@dataclasses.dataclass(frozen=True)
class Categories:
    """Words with the class of each."""

    name: str
    words: list[str]
    classes: list[str]
    note: str = ""
    kind: str = "categories"


@dataclasses.dataclass(frozen=True)
class OddOneOut:
    """Groups of words that belong together, with the word that does not belong to each."""

    name: str
    groups: list[tuple[str, ...]]
    odd: list[str]
    note: str = ""
    kind: str = "odd"


Benchmark = Similarity | Analogies | Categories | OddOneOut


def read(path: AnyPath, kind: str | None = None) -> Benchmark:
    """The benchmark in a file.

    kind: one of KINDS; by default it is recognised by the content:

    similarity: word, word, rating. Columns before the rating that repeat a few values, such as parts of speech, and a
    first column that counts the lines are left out. Of several columns of numbers the rating is the one that a header
    names so (mean, average, score, rating, similarity, SimLex999), else the mean of columns that a header numbers
    (1, 2, rater 3); without a header the first if it is always between the least and the greatest of the
    others (a mean before its raters, as in rw.txt), else the mean of all.
    analogy: four words a line, in sections if lines ": name" begin them (Google's questions-words.txt); or a pair of
    words a line, the second one with alternatives divided by / (BATS): every pair is asked with every other pair.
    categories: word, class.
    odd: words, colon, odd word: "apple banana lemon : book"; or the words of a group one a line, a blank line, and its
    odd words one a line, each of which is an item (the form of the 8-8-8 set, Camacho-Collados and Navigli, 2016).

    Two words a line are categories where the second has at most half as many values as there are lines and none of
    them has a /. If all words end in a part of speech, as in sun-n or sun_N, it is taken off.

    Raises FormatError, which names the file, the line and what was expected, and ConfigError for an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise ConfigError(f"kind is {kind!r}: expected one of {', '.join(KINDS)}")
    path = as_path(path)
    file = _File(path, _lines(path))
    return READERS[kind or _recognised(file)](file)


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    fields: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _File:
    path: Path
    blocks: list[list[_Line]]
    """The lines that are no comments, cut at blank lines."""

    @property
    def lines(self) -> list[_Line]:
        return [line for block in self.blocks for line in block]

    def refuse(self, line: _Line, expected: str) -> NoReturn:
        raise FormatError(f"{self.path}, line {line.number}: {quoted(line.text)}: expected {expected}")

    def bound(self, line: _Line, fields: int) -> None:
        """Refuse more than MOST_FIELDS fields, at the line with which there are so many."""
        if fields > MOST_FIELDS:
            self.refuse(line, f"a benchmark of at most {MOST_FIELDS:,} fields; here are more")


def _lines(path: Path) -> list[list[_Line]]:
    with reading(path, "a benchmark") as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise FormatError(f"{path}: more than {LARGEST:,} bytes: expected a benchmark, which is smaller")
        data = file.read()
    if data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n") > MOST_LINES:
        raise FormatError(f"{path}: more than {MOST_LINES:,} lines: expected a benchmark, which has fewer")
    blocks: list[list[_Line]] = [[]]
    for number, line in enumerate(LINE_END.split(_text(path, data)), 1):
        if not line.strip():
            if blocks[-1]:
                blocks.append([])
        elif not line.lstrip().startswith(("#", ";")):
            if len(line) > LONGEST:
                raise FormatError(f"{path}, line {number}: {quoted(line)}: expected at most {LONGEST:,} characters")
            blocks[-1].append(_Line(number, line.strip(" ")))
    if not blocks[-1]:
        blocks.pop()
    if not blocks:
        raise FormatError(f"{path}: no line but blank ones and comments: expected {EXPECTED}")
    return blocks


PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}
"""How compressed files begin."""


def _text(path: Path, data: bytes) -> str:
    """The bytes as text. Raises FormatError for bytes that are no UTF-8."""
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        for start, name in PACKED.items():
            if data.startswith(start):
                raise FormatError(f"{path}: compressed ({name}): expected text; decompress it first") from None
        before = re.split(rb"\r\n?|\n", data[: error.start])
        shown = (before[-1] + re.split(rb"[\r\n]", data[error.start : error.start + 80])[0])[:80]
        raise FormatError(
            f"{path}, line {len(before)}: {quoted(shown)}: expected UTF-8; save the file as UTF-8"
        ) from None


# Fields.

DELIMITERS = "\t;,"

ODD_LINE = re.compile(r"(.*[^\s:])\s*:\s+(\S.*)")


def _delimiter(lines: Sequence[_Line]) -> str | None:
    """What divides the fields of all lines; None stands for spaces."""
    return next((mark for mark in DELIMITERS if all(mark in line.text for line in lines)), None)


def _split(text: str, delimiter: str | None) -> list[str]:
    if delimiter in (";", ",") and '"' in text:
        with contextlib.suppress(csv.Error):  # of a field that is longer than csv takes
            quoted = csv.reader([text], delimiter=str(delimiter), skipinitialspace=True)
            return [field.strip() for field in next(quoted)]
    return [field.strip() for field in text.split(delimiter)]


def _table(file: _File, lines: Sequence[_Line]) -> tuple[list[_Line], str | None]:
    """The lines with their fields, without empty ones at the end, and the delimiter."""
    delimiter = _delimiter(lines)
    rows, total = [], 0
    for line in lines:
        fields = _split(line.text, delimiter)
        total += len(fields)
        file.bound(line, total)
        while fields and not fields[-1]:
            fields.pop()
        rows.append(_Line(line.number, line.text, fields))
    return rows, delimiter


def _width(rows: Sequence[_Line]) -> int:
    """How many fields most rows have; the first of equals."""
    return Counter(len(row.fields) for row in rows).most_common(1)[0][0]


def _number(text: str, delimiter: str | None) -> float | None:
    """The finite number that a field is, or None; tabs and semicolons leave the comma to decimals."""
    if delimiter in (";", "\t"):
        text = text.replace(",", ".", 1)
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _numeric_columns(rows: Sequence[_Line], delimiter: str | None) -> list[int]:
    """The columns that at least half of the rows have, and of which at least half of the cells are numbers."""
    found = []
    for column in range(median_high(len(row.fields) for row in rows)):
        cells = [row.fields[column] for row in rows if len(row.fields) > column and row.fields[column]]
        numbers = sum(_number(cell, delimiter) is not None for cell in cells)
        if len(rows) <= 2 * len(cells) <= 4 * numbers:
            found.append(column)
    return found


HEADER_WORD = re.compile(
    r"(word|term|item|concept|noun)[ _-]?\d?|w\d|class|category|label|cluster|group|target", re.IGNORECASE
)
"""What a first line calls columns of words."""


def _without_header(rows: list[_Line]) -> list[_Line]:
    """The rows of words without a first one that names the columns."""
    names = rows[0].fields
    is_header = len(rows) > 1 and len(set(names)) == len(names) and all(map(HEADER_WORD.fullmatch, names))
    return rows[1:] if is_header else rows


TAG = re.compile(r"(.+)[-_][nvjarNVJAR]")


def _untagged(words: list[str]) -> tuple[list[str], str]:
    """The words without a part of speech, if all end in one as in sun-n; and what was done."""
    found = [TAG.fullmatch(word) for word in words]
    if not all(found):
        return words, ""
    return [match[1] for match in found if match], "parts of speech taken off the words, as in sun-n"


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


# Kinds.

EXPECTED = (
    "word, word, rating (similarity), four words (analogy), a pair of words (analogy), word, class (categories) or "
    "words, colon, odd word (odd)"
)


def _recognised(file: _File) -> str:
    """The kind of a benchmark."""
    lines = file.lines
    if any(line.text.startswith(":") for line in lines):
        return "analogy"
    if all(ODD_LINE.fullmatch(line.text) for line in lines):
        return "odd"
    rows, delimiter = _table(file, lines)
    width = _width(rows)
    if width == 1 and len(file.blocks) > 1:
        return "odd"
    if width == 2:
        seconds = [row.fields[-1] for row in _without_header(rows) if row.fields]
        if 2 * len(set(seconds)) <= len(seconds) and not any("/" in second for second in seconds):
            return "categories"
        if not _numeric_columns(rows, delimiter):
            return "analogy"
    if any(column >= 2 for column in _numeric_columns(rows, delimiter)):
        return "similarity"
    if width == 4:
        return "analogy"
    return file.refuse(lines[0], f"{EXPECTED}; name the kind if it is one of them")


# Similarity.

NAMED = ("mean", "average", "avg", "score", "rating", "similarity", "relatedness", "simlex999", "human", "gold")
"""What a column of ratings is called; the first name that one has counts."""

RATER = re.compile(r"[a-z]*[ _.#-]*\d+", re.IGNORECASE)


def _similarity(file: _File) -> Similarity:
    rows, delimiter = _table(file, file.lines)
    rows = _filled(file, rows, delimiter)
    numeric = _numeric_columns(rows, delimiter)
    header: list[str] | None = None
    if len(rows) > 1 and _is_header(rows[0].fields, numeric, delimiter):
        header, rows = rows[0].fields, rows[1:]
    words, scores = _columns(file, rows, numeric)
    chosen, note = _rating_columns(file, header, rows, scores, delimiter)
    ratings = [_rating(file, row, chosen, delimiter) for row in rows]
    flat, tags = _untagged([_word(file, row, column) for row in rows for column in words])
    return Similarity(file.path.stem, list(zip(flat[::2], flat[1::2], strict=True)), ratings, _joined(note, tags))


LIKE_NUMBER = re.compile(r"[+-]|\.?\d|(nan|inf|infinity)$", re.IGNORECASE)
"""How a cell begins that is a number, or was meant to be one."""


def _is_header(names: Sequence[str], numeric: Sequence[int], delimiter: str | None) -> bool:
    """Whether the first fields are names: one of a column of numbers is no number, or raters are numbered.

    w1, w2 and a number may be two words and their rating; w1, w2, 1, 2, 3 are names. A cell that was meant to be a
    number, such as 8.l or nan, is no name.
    """
    words = sum(HEADER_WORD.fullmatch(name) is not None for name in names)
    return any(names[column] and not LIKE_NUMBER.match(names[column]) for column in numeric) or (
        words >= 2 and len(numeric) > 1
    )


def _filled(file: _File, rows: list[_Line], delimiter: str | None) -> list[_Line]:
    """The rows with as many fields as the first; where spaces do not divide them, cells at the end may be empty."""
    width = len(rows[0].fields)
    file.bound(rows[0], width * len(rows))
    for row in rows:
        if len(row.fields) > width or (delimiter is None and len(row.fields) < width):
            file.refuse(row, f"{width} fields, as in line {rows[0].number}: word, word, rating")
    return [_Line(row.number, row.text, row.fields + [""] * (width - len(row.fields))) for row in rows]


def _columns(file: _File, rows: Sequence[_Line], numeric: Sequence[int]) -> tuple[list[int], list[int]]:
    """The two columns of words, and the columns of numbers after them."""
    columns = list(range(len(rows[0].fields)))
    if 0 in numeric and len(columns) > 3 and _counts_lines([row.fields[0] for row in rows]):
        columns = columns[1:]
    texts = [column for column in columns if column not in numeric and column < max(numeric, default=0)]
    words = [] if texts else columns[:2]  # words may all be numbers
    if len(texts) >= 2:
        values = {column: len({row.fields[column] for row in rows}) for column in texts}
        words = sorted(sorted(texts, key=lambda column: -values[column])[:2])
    scores = [column for column in numeric if column > max(words, default=0)]
    if len(words) < 2 or not scores:
        file.refuse(rows[0], "word, word, rating")
    return words, scores


def _counts_lines(cells: Sequence[str]) -> bool:
    """Whether the cells are 0, 1, 2 ... or 1, 2, 3 ..."""
    return any(cells == [str(number + start) for number in range(len(cells))] for start in (0, 1))


def _rating_columns(
    file: _File, header: list[str] | None, rows: Sequence[_Line], scores: list[int], delimiter: str | None
) -> tuple[list[int], str]:
    """The columns whose mean is the rating, and which they are, in words."""
    if len(scores) == 1:
        return scores, f"ratings: column {header[scores[0]]!r}" if header else ""
    every = f"ratings: mean of {len(scores)} columns"
    if header is None:
        first, *others = scores
        if all(_between(row, first, others, delimiter) for row in rows):
            return [first], "ratings: the first of the columns of numbers, which is between the others"
        if delimiter == "," and len(scores) == 2 and all(_is_whole(row.fields[i]) for row in rows for i in scores):
            file.refuse(
                rows[0],
                "word, word, rating, but two whole numbers may also be one with a decimal comma: name the columns in a "
                "first line (word1,word2,1,2), or divide the fields by tabs or semicolons",
            )
        return scores, every
    names = {column: header[column].lower() for column in scores}
    named = [column for name in NAMED for column in scores if name == names[column]]
    named += [column for name in NAMED for column in scores if name in names[column]]
    if named:
        return named[:1], f"ratings: column {header[named[0]]!r}"
    if all(RATER.fullmatch(header[column]) for column in scores):
        return scores, every
    shown = ", ".join(repr(header[column]) for column in scores)
    raise FormatError(
        f"{file.path}: the columns {shown} are numbers: expected one with a name such as 'mean' or 'score', or raters "
        "with numbers as names; name the column of the ratings so in the first line"
    )


def _is_whole(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d*", cell) is not None


def _between(row: _Line, first: int, others: Sequence[int], delimiter: str | None) -> bool:
    value = _number(row.fields[first], delimiter)
    rest = [number for column in others if (number := _number(row.fields[column], delimiter)) is not None]
    return value is not None and bool(rest) and min(rest) <= value <= max(rest)


def _rating(file: _File, row: _Line, columns: Sequence[int], delimiter: str | None) -> float:
    """The mean of the numbers in some columns; cells may be empty if there are several."""
    cells = [row.fields[column] for column in columns if row.fields[column] or len(columns) == 1]
    numbers = [_number(cell, delimiter) for cell in cells]
    found = [number for number in numbers if number is not None]
    if not found or len(found) < len(numbers):
        place = f"column {columns[0] + 1}" if len(columns) == 1 else f"columns {columns[0] + 1} to {columns[-1] + 1}"
        file.refuse(row, f"word, word, rating, with a number in {place}")
    return math.fsum(found) / len(found)


def _word(file: _File, row: _Line, column: int) -> str:
    if not row.fields[column]:
        file.refuse(row, f"a word in column {column + 1}")
    return row.fields[column]


# Analogies.


def _analogies(file: _File) -> Analogies:
    items = [line for line in file.lines if not line.text.startswith(":")]
    if not items:
        raise FormatError(f"{file.path}: sections without a question: expected lines of four words")
    rows, _ = _table(file, items)
    if _width(rows) == 2:
        return _relations(file, rows)
    fields = {row.number: row for row in _without_header(rows)}
    sections: dict[str, list[Question]] = {}
    section = sections.setdefault("", [])
    for line in file.lines:
        if line.text.startswith(":"):
            section = sections.setdefault(line.text[1:].strip(), [])
        elif line.number in fields:
            words = fields[line.number].fields
            if len(words) != 4 or not all(words):
                file.refuse(line, "four words, or ': name of a section'")
            section.append((words[0], words[1], words[2], (words[3],)))
    if not sections[""]:
        del sections[""]
    return Analogies(file.path.stem, sections)


def _relations(file: _File, rows: list[_Line]) -> Analogies:
    """The questions of pairs of words: of each pair with every other pair of its section."""
    fields = {row.number: row for row in _without_header(rows)}
    pairs: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    section, widest, questions = "", 0, 0
    for line in file.lines:
        if line.text.startswith(":"):
            section = line.text[1:].strip()
        if line.number not in fields:
            continue
        row = fields[line.number]
        answers = tuple(filter(None, map(str.strip, row.fields[-1].split("/"))))
        if len(row.fields) != 2 or not row.fields[0] or not answers:
            file.refuse(row, "a pair of words, the second with alternatives divided by /")
        ones = pairs.setdefault(section, [])
        ones.append((row.fields[0], answers))
        widest, questions = max(widest, len(answers)), questions + 2 * len(ones) - 1
        if widest * questions > MOST_ANSWERS:
            raise FormatError(
                f"{file.path}: {len(rows):,} pairs of words with up to {widest:,} alternatives: expected fewer, "
                "because every pair is asked with every other; if the second words are classes, name the kind "
                "categories"
            )
    sections = {
        name: [(a, b[0], c, answers) for a, b in ones for c, answers in ones if (a, b) != (c, answers)]
        for name, ones in pairs.items()
    }
    if not any(sections.values()):
        file.refuse(rows[0], "two pairs of words or more, one a line")
    return Analogies(file.path.stem, sections, "every pair is asked with every other pair")


# Categories and odd ones.


def _categories(file: _File) -> Categories:
    rows = _without_header(_table(file, file.lines)[0])
    for row in rows:
        if len(row.fields) != 2 or not all(row.fields):
            file.refuse(row, "word, class")
    words, note = _untagged([row.fields[0] for row in rows])
    return Categories(file.path.stem, words, [row.fields[1] for row in rows], note)


def _odd(file: _File) -> OddOneOut:
    lines = file.lines
    if any(ODD_LINE.fullmatch(line.text) for line in lines):
        return _odd_lines(file)
    if len(file.blocks) % 2:
        file.refuse(
            lines[0],
            "words, colon, odd word on every line; or the words of a group one a line, a blank line, and its odd words "
            f"one a line, but there are {len(file.blocks)} blocks of lines",
        )
    groups, odd = [], []
    for group, outliers in zip(file.blocks[::2], file.blocks[1::2], strict=True):
        words = tuple(line.text for line in group)
        if len(words) < 2:
            file.refuse(group[0], "two words or more that belong together, one a line, before the odd words")
        for line in outliers:
            groups.append(words)
            odd.append(line.text)
    return OddOneOut(file.path.stem, groups, odd)


def _odd_lines(file: _File) -> OddOneOut:
    """One item a line; the odd word may also be among the words before the colon."""
    groups, odd, total = [], [], 0
    for line in file.lines:
        match = ODD_LINE.fullmatch(line.text)
        words = [word for word in re.split(r"[\s,;]+", match[1]) if word] if match else []
        total += len(words)
        file.bound(line, total)
        group = tuple(word for word in words if match and word != match[2])
        if match is None or len(group) < 2 or re.search(r"[\s,;]", match[2]):
            file.refuse(line, "two words or more that belong together, colon, odd word")
        groups.append(group)
        odd.append(match[2])
    return OddOneOut(file.path.stem, groups, odd)


READERS: dict[str, Callable[[_File], Benchmark]] = {
    "similarity": _similarity,
    "analogy": _analogies,
    "categories": _categories,
    "odd": _odd,
}
