"""Vectors in text: a line for each word, the word and then its numbers.

word2vec's text and fastText's .vec begin with a header, the number of words and the dimension; GloVe's text does not.
Spaces or tabs stand between the fields. A word may hold some itself: the last d fields of a line are its numbers.
"""

import re
from collections import Counter
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.corpus.decompress import MAGIC_SIZE, first_chunks
from firth.corpus.reader import MAX_TOKEN
from firth.errors import FormatError
from firth.files.compressed import compressing
from firth.files.paths import replacing
from firth.formats.opening import byte_chunks, is_compressed, kind_of
from firth.formats.request import (
    EMPTY,
    NOT_FINITE,
    NOT_UTF8,
    REPEATED,
    SHOWN,
    WRONG_NUMBER,
    Faults,
    Request,
    check_found,
    shown,
)
from firth.formats.text_rows import CHUNK, TASK, Batch, Lines, new_rows, parse
from firth.native.threads import Stage, run_stages
from firth.settings import available_threads
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import encoded_words

LOOKED_AT = 100
"""The lines at the beginning that tell the dimension."""

WIDEST = 32
"""The most bytes that a number takes in a line of reasonable length."""

DIMENSION = 1 << 20
"""The largest dimension of lines of reasonable length, where no header tells one."""

COMPRESSED_DIMENSION = 1 << 16
"""The largest dimension that the header of a compressed file may tell, if the file has fewer bytes."""

TOO_LONG = "lines that are too long, left out"
RETURN = "words with a carriage return, left out"
NO_NUMBER = "lines with a field that is no number, left out"
FEW = "lines with too few fields, left out"
"""Kinds of faults of text, and what is done about them."""

_MARK = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t\r]*(?:\n|$)")
_HEADER_SIZE = 256
_FIELD = re.compile(rb"[^ \t\r\n]+")


class _Header(NamedTuple):
    """What line 1 says."""

    words: int
    dim: int


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a text file, with or without a header, compressed or not; counts are 0.

    What cannot be read of it is left out with a warning, or refused if `request.strict`. If `request.words` are all
    found, the rest of the file is not read unless `strict`; other words may come twice unnoticed.

    Raises FormatError with the line where the file is not as it should be; MissingExtraError for zstd without its
    package.
    """
    return _Reader(path, request).read()


class _Reader:
    """One reading of one file."""

    def __init__(self, path: Path, request: Request) -> None:
        self._path, self._request, self._faults = path, request, Faults(path, request.strict)
        self._plain, self._size = not is_compressed(path), path.stat().st_size
        chunks = byte_chunks(path, CHUNK, partial(request.progress, "reading"))
        text = b"".join(first_chunks(chunks, _HEADER_SIZE))
        self._head = text.removeprefix(_MARK)
        self._chunks = chain((self._head,), chunks)

        self._line = self._lines = 0  # the lines before the batch; those that are neither blank nor the header
        self._words: dict[str, int] = {}  # with their rows
        most = [len(request.words)] if request.words is not None else []
        self._most = min([*most, request.first] if request.first is not None else most, default=None)
        self._others: set[str] | None = None if request.words is None or request.first is None else set()
        self._center: npt.NDArray[np.float32] = np.empty((0, 0), np.float32)

    def read(self) -> WordVectors:
        """All that is wanted of the file."""
        if not self._head:
            raise FormatError(f"{self._path}: the file is empty: expected vectors")
        if b"\n" not in self._head and b"\r" in self._head.rstrip():
            raise FormatError(
                f"{self._path}: the lines end in a carriage return alone: expected a line feed, with or without one "
                "before it: put line feeds in their place"
            )
        header = self._promised()
        lines = Lines(self._chunks, _longest(header.dim if header else DIMENSION))
        blocks = iter(lines)
        opening = [next(blocks)]
        if header and opening[0][0].find(b"\n") + 1 == len(opening[0][0]):  # the header alone
            opening += [block for block in (next(blocks, None),) if block]
        header, dim = self._dimension(header, opening)
        lines.limit = _longest(dim)
        self._reserve(header, dim)
        if header:
            opening[0] = (opening[0][0].partition(b"\n")[2], False)
            self._line = 1
        for text, too_long in chain(opening, blocks):
            if too_long:
                self._line, self._lines = self._line + 1, self._lines + 1
                found = f"{_shown(text)} begins a line of more than {lines.limit:,} bytes"
                self._faults.add(f"line {self._line}", found, TOO_LONG)
            elif not all(map(self._take, parse(text, dim, self._room))):
                return self._result()
        if header and header.words != self._lines:
            found = f"{header.words:,} words; the lines that follow are {self._lines:,}"
            self._faults.add("line 1", found, WRONG_NUMBER)
        return self._result()

    def _promised(self) -> _Header | None:
        """What line 1 says, if it is two whole numbers. Raises FormatError for a dimension beyond the file's size."""
        match = _HEADER.match(self._head)
        if not match:
            return None
        header = _Header(*map(int, match.groups()))
        if header.dim > (self._size // 2 if self._plain else max(self._size, COMPRESSED_DIMENSION)):
            raise FormatError(
                f"{self._path}, line 1: {header.words} words of dimension {header.dim}: the file is too short for one: "
                "expected two numbers, the words and the dimension, and then the words"
            )
        return header

    def _dimension(self, header: _Header | None, opening: list[tuple[bytes, bool]]) -> tuple[_Header | None, int]:
        """The header, or None if line 1 is a word's, and the dimension, as the first lines have it.

        Raises FormatError where these lines are no vectors.
        """
        numbers = [count for block in opening for count in _numbers_of(*block)][: LOOKED_AT + bool(header)]
        counts = [count for count in numbers[bool(header) :] if count >= 0]
        common, _ = max(Counter(counts).items(), key=lambda item: item[::-1], default=(0, 0))
        if not header:
            if common > 1:
                return None, common
            line = _shown(self._head.partition(b"\n")[0].rstrip())
            if common:
                raise FormatError(
                    f"{self._path}, line 1: {line}: one number, as in most lines: expected vectors; words and their "
                    "counts are a vocabulary"
                )
            raise FormatError(
                f"{self._path}, line 1: {line}: expected two numbers, the words and "
                "the dimension, or a word and its numbers, as the lines that follow; most have none"
            )
        if header.dim and (not counts or common == header.dim):
            return header, header.dim
        if common == 1:
            return None, 1
        if header.dim and header.dim in counts:  # words may end in numbers, and lines be cut
            as_often = counts.count(header.dim) == counts.count(common)
            if common < header.dim or as_often or min(counts) == header.dim:
                return header, header.dim
        where = next((place for place, count in enumerate(numbers[1:], 2) if count == common), 2)
        raise FormatError(
            f"{self._path}, line {where}: {common} numbers at the end, as most lines have: expected a word and "
            f"{header.dim} numbers, as line 1 says: correct line 1, or delete it"
        )

    def _reserve(self, header: _Header | None, dim: int) -> None:
        """Memory for the words of the header, as far as the file can hold them and they are wanted."""
        rows = header.words if header and header.words * dim * 2 <= self._size else 0
        self._center = np.empty((rows if self._most is None else min(rows, self._most), dim), np.float32)

    def _take(self, batch: Batch) -> bool:
        """Keep what is wanted of some lines. Returns whether more is wanted."""
        from firth.formats._numbers import BLANK, OK

        request, words, others = self._request, self._words, self._others
        first, some_only = len(words), self._most is not None
        slots: list[int] = []
        wanted = True
        there = np.flatnonzero(batch.kinds != BLANK)
        kinds, spans, own = (array[there].tolist() for array in (batch.kinds, batch.words, batch.slots))
        for i, kind, span, slot in zip(there.tolist(), kinds, spans, own, strict=True):
            self._lines += 1
            word = self._word(batch, i, span) if kind == OK else self._mended(batch, i, kind, span)
            if word is None:
                continue
            if word in words or (others is not None and word in others):
                if not self._faults.again(REPEATED):
                    self._fault(i, f"{shown(word)} comes again", REPEATED)
                continue
            if not some_only or request.wants(word):
                words[word] = first + len(slots)
                slots.append(slot)
            elif others is not None:
                others.add(word)
            if some_only and not self._more():
                wanted = False
                break
        self._line += len(batch.kinds)
        self._keep(first, batch.rows, slots)
        return wanted

    def _more(self) -> bool:
        """Whether words are still wanted after those that were found."""
        request, found = self._request, len(self._words)
        if request.first is not None and found + len(self._others or ()) >= request.first:
            return False
        return request.words is None or request.strict or found < len(request.words)

    def _word(self, batch: Batch, i: int, span: list[int]) -> str | None:
        """The word of a line, or None if it is too long or has a carriage return."""
        begin, end = span
        raw = batch.text[begin:end]
        if end - begin > MAX_TOKEN:
            self._fault(i, f"{_shown(raw)} begins a word of {end - begin:,} bytes", TOO_LONG)
            return None
        if b"\r" in raw:
            if not self._faults.again(RETURN):
                self._fault(i, f"{_shown(raw)} has a carriage return inside", RETURN)
            return None
        if self._request.decode is not None:
            return self._request.decode(raw)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            if not self._faults.again(NOT_UTF8):
                self._fault(i, f"{_shown(raw)} is not UTF-8", NOT_UTF8)
            return raw.decode(errors="backslashreplace")

    def _mended(self, batch: Batch, i: int, kind: int, span: list[int]) -> str | None:
        """The word of a line that is not as it should be, or None if that leaves it out."""
        from firth.formats import _numbers as numbers

        dim = batch.rows.shape[1]
        begin, end = batch.starts[i], batch.ends[i]
        if kind == numbers.UNSURE:
            row = batch.rows[batch.slots[i]]
            for j, field in enumerate(_FIELD.finditer(batch.text, span[1], end)):
                if np.isnan(row[j]):
                    row[j] = _rounded(field[0])
            if np.isfinite(row).all():
                return self._word(batch, i, span)
            kind = numbers.NOT_FINITE
        mended = {numbers.NOT_FINITE: NOT_FINITE, numbers.NO_NUMBER: NO_NUMBER, numbers.EMPTY: EMPTY}.get(kind, FEW)
        if self._faults.again(mended):
            return None
        if kind == numbers.NOT_FINITE:
            found = f"the vector of {_shown(batch.text[span[0] : span[1]])} is not finite in float32"
        elif kind == numbers.NO_NUMBER:
            odd = _FIELD.match(batch.text, batch.faults[i])
            found = f"{_shown(odd[0] if odd else b'')}: expected a number"
        elif kind == numbers.EMPTY:
            found = f"{dim} numbers without a word before them"
        else:
            fields = sum(1 for _ in _FIELD.finditer(batch.text, begin, end))
            found = f"{fields} fields: expected a word and {dim} numbers"
        self._fault(i, found, mended)
        return None

    def _fault(self, i: int, found: str, mended: str) -> None:
        self._faults.add(f"line {self._line + i + 1}", found, mended)

    def _room(self, count: int, dim: int) -> npt.NDArray[np.float32]:
        """Rows to fill: where all are wanted, those of the matrix that come next."""
        if self._most is not None:
            return new_rows(count, dim)
        first = len(self._words)
        self._grow(first + count)
        return self._center[first : first + count]

    def _keep(self, first: int, rows: npt.NDArray[np.float32], slots: list[int]) -> None:
        """Let the rows of `slots`, which rise, follow the `first` ones of the matrix."""
        end = first + len(slots)
        if self._most is None and len(slots) == len(rows):  # they are there
            return
        self._grow(end)
        self._center[first:end] = rows[slots]

    def _grow(self, rows: int) -> None:
        """Make the matrix large enough for so many rows, and for some more, so that it does not grow often."""
        if rows > len(self._center):
            grown = len(self._center) + len(self._center) // 4
            grown = max(rows, grown if self._most is None else min(grown, self._most))
            self._center.resize((grown, self._center.shape[1]), refcheck=False)

    def _result(self) -> WordVectors:
        n = len(self._words)
        check_found(self._path, n, self._request)
        self._faults.warn(stacklevel=6)
        self._center.resize((n, self._center.shape[1]), refcheck=False)
        return WordVectors(list(self._words), np.zeros(n, np.int64), self._center, None, {}, [])


def _longest(dim: int) -> int:
    """The most bytes of a line of `dim` numbers, within reason."""
    return MAX_TOKEN + WIDEST * max(dim, 1)


def _numbers_of(text: bytes, too_long: bool) -> list[int]:
    """For each of the first lines of a block, how many numbers its end has, -1 for a blank one."""
    from firth.formats import _numbers as numbers

    if too_long:
        return [0]
    view, ends = np.frombuffer(text, np.uint8), np.empty(LOOKED_AT + 1, np.int64)
    ends = ends[: numbers.find_line_ends(view, 0, ends)]
    starts = [0, *(ends[:-1] + 1).tolist()]
    return [numbers.count_numbers(view, start, end) for start, end in zip(starts, ends.tolist(), strict=False)]


def _shown(text: bytes) -> str:
    return shown(text[: 8 * SHOWN].decode(errors="backslashreplace"))


def _rounded(field: bytes) -> np.float32:
    """The number in text as NumPy rounds it."""
    with np.errstate(over="ignore"):
        return np.float64(float(field)).astype(np.float32)


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write words and center vectors as word2vec's text, compressed if `path` ends so. Raises FormatError.

    Every number has nine digits, which tell all float32 apart.
    """
    _write(vectors, path, b"%d %d\n" % vectors.center.shape, progress)


def write_glove(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write words and center vectors as GloVe's text, which has no header; see `write`.

    Raises FormatError also for vectors of dimension 1, which would be read as a vocabulary.
    """
    if vectors.center.shape[1] == 1:
        raise FormatError(f"{path}: glove has no header, and lines of one number are a vocabulary: write word2vec-text")
    head = vectors.words[0][:MAGIC_SIZE].encode(errors="surrogatepass")
    marked = head.startswith(_MARK) or kind_of(head) is not None  # or readers take it for a mark or for compression
    _write(vectors, path, _MARK if marked else b"", progress)


def _write(vectors: WordVectors, path: Path, header: bytes, progress: Progress) -> None:
    """Write the header and the lines of all words; while some are written, the next are made."""
    lines = _Written(vectors, path)
    threads = available_threads()
    with replacing(path) as plain, compressing(path, plain) as file:
        ready: list[bytes | memoryview] = [header]
        for begin in range(0, len(lines.tasks), 4 * threads):
            tasks = lines.tasks[begin : begin + 4 * threads]
            texts: list[list[bytes | memoryview]] = [[] for _ in tasks]

            def work(number: int, thread: int, ready=ready, tasks=tasks, texts=texts) -> None:  # type: ignore[no-untyped-def]
                if number == 0:
                    for text in ready:
                        file.write(text)
                else:
                    texts[number - 1] = lines.of(*tasks[number - 1])

            run_stages([Stage(work, 1 + len(tasks))], min(threads, 1 + len(tasks)))
            ready = list(chain.from_iterable(texts))
            progress("writing", tasks[-1][1], len(vectors))
        for text in ready:
            file.write(text)


class _Written:
    """Words and their numbers as lines of text.

    tasks: ranges of words, first and last (exclusive), whose lines take `TASK` bytes or so.
    """

    def __init__(self, vectors: WordVectors, path: Path) -> None:
        from firth.formats import _numbers as numbers

        n, dim = vectors.center.shape
        self._numbers, self._words = numbers, encoded_words(path, vectors.words)
        self._rows = np.require(vectors.center, np.float32, ["C", "A"])
        self._letters = np.frombuffer(b"".join(self._words) or b" ", np.uint8)
        self._starts = np.zeros(n + 1, np.int64)
        np.cumsum([len(word) for word in self._words], out=self._starts[1:])
        self._room = self._starts + np.arange(n + 1) * (numbers.WIDEST * dim + 1)  # the most bytes before each line
        self._row_format = b" %.9g" * dim + b"\n"
        bounds = np.searchsorted(self._room, np.arange(0, self._room[-1], TASK))
        self.tasks = list(pairwise(np.unique(np.concatenate((bounds, [0, n]))).tolist()))
        self.of(0, 0)  # compiled here, where Ctrl-C is heard

    def of(self, first: int, last: int) -> list[bytes | memoryview]:
        """The lines first..last (last exclusive)."""
        out = np.empty(int(self._room[last] - self._room[first]), np.uint8)
        ends = np.empty(last - first, np.int64)
        self._numbers.format_rows(self._letters, self._starts, self._rows, first, last, out, ends)
        texts: list[bytes | memoryview] = []
        begin = end = 0
        for i, after in enumerate(ends.tolist()):
            if after >= 0:
                end = after
            else:  # Python writes this line
                line = self._words[first + i] + self._row_format % tuple(self._rows[first + i])
                texts += [out[begin:end].data, line]
                begin = end
        return [*texts, out[begin:end].data]
