"""A source -> a file of numbers: each word's place by first appearance, no word dropped."""

from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.joining import FoundPhrase, Joining, PhraseSettings, WordsOf, join_phrases
from firth.corpus.lines import TextLines, read_lines
from firth.corpus.reader import Progress, Say
from firth.corpus.room import check_disk
from firth.corpus.spacing import Spacing, measure
from firth.errors import CorpusError
from firth.files.folders import TemporaryFolder
from firth.settings import Reading


class Encoded(NamedTuple):
    """A corpus as numbers of first appearance in a file, no word dropped and no line left out."""

    path: str  # of the file: int32 numbers, LINE_END after each line
    numbers: NDArray[np.int32] | None  # the same, mapped, where the file is still to be written
    words_of: WordsOf
    counts: NDArray[np.int64]  # of each number
    tokens: int  # read, before phrases were joined
    replaced: int  # invalid UTF-8 sequences
    passes: list[list[FoundPhrase]]  # the phrases of each pass
    spacing: Spacing | None  # of a text that white space divides
    notes: list[str]  # what a user was told of how it was read
    faults: list[str]  # what a user was warned of


def encode_source(
    source: Any,
    reading: Reading,
    folder: TemporaryFolder,
    min_count: int,
    progress: Progress | None,
    phrases: PhraseSettings | None,
    joining: Joining | None,
    join_last: bool = True,
    say: Say | None = None,
    named: bool = True,
) -> Encoded:
    """The words of a source as numbers in a file of `folder`; see `build_corpus` for the parameters and errors.

    Without `join_last` the phrases of the last pass are found, but not joined.
    """
    lines = read_lines(source, reading, progress, named)
    check_disk(lines.origin, reading, say)
    path = folder.file("ids")
    with _create(folder, path) as file:
        for piece in lines.pieces():
            with folder.errors():
                write_all(file, piece)
    lines.origin.warn(stacklevel=3)
    if say is not None:
        for note in lines.origin.notes:
            say(note)
    counts: NDArray[np.int64] = lines.counts()
    if not len(counts):
        raise CorpusError(f"the corpus is empty: {lines.nothing()}")
    words_of: WordsOf = lines.words
    tokens = int(counts.sum())
    at_spaces = isinstance(lines, TextLines) and reading.tokenizer in (None, "whitespace", "words")
    spacing = measure(words_of, counts) if at_spaces else None
    passes: list[list[FoundPhrase]] = []
    if phrases is not None:
        with folder.errors():
            words_of, counts, passes = join_phrases(
                path, words_of, counts, phrases, min_count, join_last=join_last, progress=joining
            )
    return Encoded(
        path,
        None,
        words_of,
        counts,
        tokens,
        lines.origin.replaced,
        passes,
        spacing,
        lines.origin.notes,
        lines.origin.faults,
    )


def _create(folder: TemporaryFolder, path: str) -> BinaryIO:
    with folder.errors():
        return open(path, "wb", buffering=0)


def write_all(file: BinaryIO, array: NDArray[Any]) -> None:
    """Write all of `array` to an unbuffered file."""
    rest = array.view(np.uint8).data
    while len(rest):
        rest = rest[file.write(rest) :]
