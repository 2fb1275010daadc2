"""Files for the Embedding Projector (projector.tensorflow.org): NAME.tsv and NAME.metadata.tsv beside it.

The first has numbers with tabs between them, one line a word and no header; the second a header line, "word" and
"count", and one line a word. A file of one column has no header, by the projector's rule. Blank lines count as none.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError
from firth.files.paths import reading, replacing
from firth.formats.matrices import (
    COUNT_NAMES,
    WORD_NAMES,
    GrowingRows,
    count_of,
    decoded,
    lines_beside,
    vectors_of,
)
from firth.formats.request import EMPTY, Faults, Request, check_found, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, blocks, no_progress
from firth.vectors.storage import encoded_words

BYTES_AT_ONCE = 2**22


def words_path(path: Path) -> Path:
    """The file of words that is written beside one of vectors."""
    return path.with_suffix(".metadata.tsv")


def words_beside(path: Path) -> Path | None:
    """The file of words beside one of numbers, or None."""
    renamed = re.sub("(vectors?|tensors?|embeddings?)", "metadata", path.name)
    for beside in (words_path(path), path.with_name(renamed)):
        if beside != path and os.path.exists(beside):
            return beside
    return None


def read(path: Path, request: Request) -> WordVectors:
    """The vectors in a file of numbers, and the words and counts beside it; without a column "count" counts are 0.

    The words are also looked for where others have them: beside vectors.tsv in metadata.tsv, beside x_tensor.tsv in
    x_metadata.tsv. Raises FormatError where there are not as many of both.
    """
    faults = Faults(path, request.strict)
    beside = words_beside(path)
    if beside is None:
        name = words_path(path).name
        raise FormatError(f"{path}: there is no {name} beside it: expected its words there, one a line")
    with reading(path, "vectors") as file:
        rows = sum(1 for line in file if line.strip())
    words, counts = _words(path, beside, rows, request, faults)
    numbers, matrix = _rows(path, rows, words, request, faults)

    def place(row: int) -> str:
        return f"row {numbers[row] + 1}"

    chosen = [words[number] for number in numbers]
    return vectors_of(path, chosen, matrix, request, faults, place, counts[numbers])


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write the center vectors as text, and words and counts beside them. Raises FormatError."""
    encoded = encoded_words(path, vectors.words)
    n, d = vectors.center.shape
    with replacing(path) as file, replacing(words_path(path)) as metadata:
        for rows in blocks(n, d):
            file.writelines(_lines(np.require(vectors.center[rows], np.float32, ["C", "A"])))
            progress("writing", rows.stop, n)
        metadata.write(b"word\tcount\n")
        metadata.writelines(b"%s\t%d\n" % pair for pair in zip(encoded, vectors.counts.tolist(), strict=True))


def _lines(rows: npt.NDArray[np.float32]) -> list[bytes | memoryview]:
    """The lines of rows: the numbers as `format_rows` writes them after empty words, with tabs for its spaces."""
    from firth.formats import _numbers as numbers

    n, d = rows.shape
    out, ends = np.empty(n * (numbers.WIDEST * d + 1), np.uint8), np.empty(n, np.int64)
    numbers.format_rows(np.zeros(1, np.uint8), np.zeros(n + 1, np.int64), rows, 0, n, out, ends)
    there = ends >= 0
    ends = np.maximum.accumulate(np.maximum(ends, 0))
    text = np.delete(out[: ends[-1]], np.concatenate(([0], ends))[:-1][there])  # without the space that begins a line
    np.putmask(text, text == ord(" "), ord("\t"))
    ends -= np.cumsum(there)
    line = b"\t".join([b"%.9g"] * d) + b"\n"
    texts: list[bytes | memoryview] = []
    begin = 0
    for i in np.flatnonzero(~there).tolist():  # Python writes these
        texts += [text[begin : ends[i]].data, line % tuple(rows[i].tolist())]
        begin = ends[i]
    return [*texts, text[begin:].data]


def _words(
    path: Path, beside: Path, rows: int, request: Request, faults: Faults
) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """Of each row its word, None where it is not wanted, and its count."""
    lines = [(number, line) for number, line in enumerate(lines_beside(beside, "words"), 1) if line.strip()]
    at, column = 0, None
    if len(lines) == rows + 1:
        names = [name.decode("latin-1").strip().lower() for name in lines[0][1].split(b"\t")]
        at = next((names.index(name) for name in WORD_NAMES if name in names), 0)
        column = next((names.index(name) for name in COUNT_NAMES if name in names), None)
        lines = lines[1:]
    if len(lines) != rows:
        raise FormatError(
            f"{beside}: {len(lines):,} words, and {path.name} has {rows:,} lines of numbers: expected as many"
        )
    words: list[str | None] = []
    counts = np.zeros(rows, np.int64)
    for i, (number, line) in enumerate(lines if request.first is None else lines[: request.first]):
        place, fields = f"line {number} of {beside.name}", line.split(b"\t")
        word = decoded(fields[at], faults, place) if at < len(fields) else ""
        if not word:
            faults.add(place, f"{shown(line)} has no word", EMPTY)
        words.append(word if word and request.wants(word) else None)
        if column is not None and words[-1] is not None:
            counts[i] = count_of(fields[column] if column < len(fields) else b"", faults, place)
    return words, counts


def _rows(
    path: Path, rows: int, words: list[str | None], request: Request, faults: Faults
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The numbers of the rows that have a word and as many numbers as the first line, and their matrix."""
    kept: list[int] = []
    matrix: GrowingRows | None = None
    dim = 0
    for begin, lines in _blocks(path):
        request.progress("reading", begin, rows)
        dim = dim or lines[0][1].count(b"\t") + 1
        wanted = [(begin + i, *line) for i, line in enumerate(lines) if begin + i < len(words)]
        wanted = [line for line in wanted if words[line[0]] is not None]
        if not wanted:
            continue
        matrix = matrix or GrowingRows(dim)
        block = _parsed([line for _, _, line in wanted], dim)
        if block is not None:
            kept += [row for row, _, _ in wanted]
            matrix.add(block)
            continue
        for row, number, line in wanted:
            one = _parsed([line], dim)
            if one is None:
                found = f"{shown(line)}: expected {dim} numbers with tabs between them"
                faults.add(f"line {number}", found, "lines with another number of fields than the first, left out")
                continue
            kept.append(row)
            matrix.add(one)
        if begin + len(lines) >= len(words):
            break
    if matrix is None:
        check_found(path, 0, request)
        matrix = GrowingRows(1)
    return np.array(kept, np.int64), matrix.matrix()


def _blocks(path: Path) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
    """The number of the first row, and lines with their numbers; blank ones are left out."""
    begin = number = 0
    with reading(path, "vectors") as file:
        while raw := file.readlines(BYTES_AT_ONCE):
            lines = [(i, line) for i, line in enumerate(raw, number + 1) if line.strip()]
            if lines:
                yield begin, lines
            begin, number = begin + len(lines), number + len(raw)


def _parsed(lines: list[bytes], dim: int) -> npt.NDArray[Any] | None:
    """The numbers (lines, dim), or None where a line does not hold `dim` numbers."""
    if any(line.count(b"\t") != dim - 1 or b"_" in line for line in lines):  # Python's floats take an underscore
        return None
    fields = b"\t".join(lines).split(b"\t")
    try:
        return np.array([float(field) for field in fields]).reshape(len(lines), dim)
    except ValueError:
        return None
