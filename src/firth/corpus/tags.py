"""The tags of documents: which rows of the document vectors belong to each sentence of a corpus."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.encode import Corpus
from firth.corpus.frames import is_table
from firth.corpus.lines import Lines, ListLines, TextLines
from firth.corpus.origin import InMemory
from firth.corpus.reader import Progress, TextReader
from firth.corpus.sources import is_open_file
from firth.corpus.vocabulary import LINE_END, MAX_WORDS
from firth.errors import ConfigError, CorpusError


class Tags(NamedTuple):
    """The tags of the sentences of a `Corpus`, each sentence a document.

    begins: (sentences + 1,) int64, sentence i has the tags rows[begins[i] : begins[i + 1]]. rows: (k,) int32, from 0 to
    documents - 1. names: the tags of these rows, or None where they are numbers.
    """

    begins: NDArray[np.int64]
    rows: NDArray[np.int32]
    documents: int
    names: list[str] | None = None


def read_tags(source: Any, corpus: Corpus, progress: Progress | None = None) -> Tags:
    """The tags of the documents of a corpus that has the numbers of its lines.

    `source` is None: the tags are these numbers. Or a file, open or by its path, whose line n has the tags of document
    n between white space. Or an iterable with an entry for each document: a tag, which is a string or an integer, or a
    list of tags; an integer stands for its decimal form. There are as many entries as lines, blank ones included. The
    entry of a line without words that are kept may be empty. Rows go by the first appearance of their tags. `progress`
    is called as `build_corpus` calls it.

    Raises CorpusError for another number of entries, for a document without a tag, for what is no tag and for a file
    that cannot be read; ConfigError for a source that is neither.
    """
    assert corpus.lines is not None
    if source is None:
        if corpus.line_count > MAX_WORDS:
            raise CorpusError(f"the corpus has {corpus.line_count:,} lines: expected {MAX_WORDS:,} documents at most")
        return numbered(corpus.lines, corpus.line_count)
    entries = _entries(source, progress)
    numbers = np.concatenate([np.empty(0, np.int32), *(piece.copy() for piece in entries.pieces())])
    entries.origin.warn(stacklevel=3)
    is_end = numbers == LINE_END
    found = int(np.count_nonzero(is_end))
    if found != corpus.line_count:
        raise CorpusError(
            f"{entries.origin.name}: entries: {found:,}; lines of the corpus: {corpus.line_count:,}: expected an entry "
            "for each line, blank lines included"
        )
    ends = np.flatnonzero(is_end) - np.arange(found)  # of the tags of each line, among all tags
    lengths = np.diff(ends, prepend=0)
    of_documents = lengths[corpus.lines]
    if not of_documents.all():
        line = int(corpus.lines[int(of_documents.argmin())])
        raise CorpusError(
            f"{entries.origin.name}: document {line}, line {line + 1} of the corpus, has no tag: expected one or more"
        )
    is_document = np.zeros(found, bool)
    is_document[corpus.lines] = True
    rows = numbers[~is_end][np.repeat(is_document, lengths)]
    begins = np.concatenate([[0], np.cumsum(of_documents)])
    names = entries.words(np.arange(len(entries.counts())))
    return Tags(begins, rows, len(names), names)


def numbered(lines: NDArray[np.int64], documents: int) -> Tags:
    """The numbers of lines as tags: `lines` (sentences,) are those of a corpus, out of `documents` of the source."""
    return Tags(np.arange(len(lines) + 1, dtype=np.int64), lines.astype(np.int32), documents)


def _entries(source: Any, progress: Progress | None) -> Lines:
    """The entries of documents as lines of numbers, a number for each tag."""
    if isinstance(source, str | os.PathLike) or is_open_file(source):
        return TextLines(TextReader([source if is_open_file(source) else os.fsdecode(source)], progress=progress))
    refused = (bytes, bytearray, set, frozenset, Mapping)
    if isinstance(source, refused) or is_table(source) or not isinstance(source, Iterable):
        raise ConfigError(
            f"tags is {source!r:.100} ({type(source).__name__}): expected the path of a file, or an iterable with a "
            "tag, or a list of tags, for each document"
        )
    several = (list, tuple, np.ndarray)
    entries = (entry if isinstance(entry, several) else [entry] for entry in source)
    return ListLines(entries, False, progress, InMemory("tags"), _of_document)


def _of_document(number: int) -> str:
    return f"the tags of document {number} (counted from 0)"
