"""Texts on disk as sentences, one after another: the classes that gensim.models.word2vec has for them."""

import itertools
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from firth.corpus.reader import TextReader
from firth.corpus.sources import is_open_file, shown
from firth.corpus.text_lines import whole_lines
from firth.errors import CorpusError, quoted
from firth.files.paths import AnyPath
from firth.gensim._errors import ArgumentError, KindError
from firth.gensim._paths import check_text

LINE_ENDS = re.compile("\r\n|\n|\r")

MAX_WORDS_IN_BATCH = 10000
"""Words of a sentence, by default, before the rest of its line becomes the next one."""


class LineSentence:
    """Sentences from a file: each line is one, and white space parts its words.

    source: a path, or an open file whose `seek(0)` works, of text or bytes. gzip, bzip2, xz and zstd are known by their
    content. A line of more than `max_sentence_length` words becomes several sentences, as in gensim, so that windows do
    not cross these cuts; None keeps every line whole. A model keeps them whole for the default of 10,000 as well: only
    another number cuts what it learns from. limit: how many lines to read; None reads all. Blank lines give no
    sentence.

    Bytes that are no UTF-8 are replaced, with a warning. Raises CorpusError while it reads where that cannot be done:
    NoTextError (also a FileNotFoundError) where there is no such file.
    """

    def __init__(self, source: Any, max_sentence_length: int | None = MAX_WORDS_IN_BATCH, limit: int | None = None):
        if not (isinstance(source, str | os.PathLike) or is_open_file(source)):
            raise KindError(f"source is {source!r:.100} ({type(source).__name__}): expected a path or an open file")
        self.source, self.limit = source, limit
        self.max_sentence_length = checked_length(max_sentence_length)

    def __iter__(self) -> Iterator[list[str]]:
        """Yield lists of words, from the beginning of the file."""
        for line in itertools.islice(text_lines(self.source), self.limit):
            yield from pieces(line.split(), self.max_sentence_length)


class PathLineSentences:
    """Sentences from all files of a folder, in the order of their names, each as `LineSentence` reads it.

    source: the folder, or one file. limit: how many lines to read of each file. Folders inside are not read.
    """

    def __init__(self, source: AnyPath, max_sentence_length: int | None = MAX_WORDS_IN_BATCH, limit: int | None = None):
        self.source, self.limit = os.fspath(source), limit
        self.max_sentence_length = checked_length(max_sentence_length)
        if os.path.isfile(self.source):
            self.input_files = [self.source]
        elif os.path.isdir(self.source):
            self.source = os.path.join(self.source, "")
            paths = (self.source + name for name in sorted(os.listdir(self.source)))
            self.input_files = [path for path in paths if os.path.isfile(path)]
        else:
            raise ArgumentError(f"source is {quoted(self.source)}: there is no such file or folder")

    def __iter__(self) -> Iterator[list[str]]:
        """Yield lists of words, from the beginning of the first file."""
        for path in self.input_files:
            yield from LineSentence(path, self.max_sentence_length, self.limit)


class Text8Corpus:
    """Sentences of `max_sentence_length` words from a file such as text8, whose line ends mean nothing.

    Windows do not cross the cuts. fname: a path; compressed files are known by their content.
    """

    def __init__(self, fname: AnyPath, max_sentence_length: int = MAX_WORDS_IN_BATCH):
        if not isinstance(fname, str | os.PathLike):
            raise KindError(f"fname is {fname!r:.100} ({type(fname).__name__}): expected the path of a text")
        length = checked_length(max_sentence_length)
        if length is None:
            raise KindError("max_sentence_length is None: expected the number of words of a sentence")
        self.fname, self.max_sentence_length = fname, length

    @property
    def source(self) -> AnyPath:
        """The file."""
        return self.fname

    def __iter__(self) -> Iterator[list[str]]:
        """Yield lists of words, from the beginning of the file."""
        words: list[str] = []
        for part in _words_of(_texts(self.fname)):
            words += part
            whole = len(words) - len(words) % self.max_sentence_length
            yield from pieces(words[:whole], self.max_sentence_length)
            del words[:whole]
        if words:
            yield words


class BrownCorpus:
    """Sentences from the files of the Brown corpus as NLTK's data has them: a sentence a line, its words as word/tag.

    A word comes as "fulton/np": in lower case, with the first two letters of its tag. Tokens without a tag of letters,
    such as punctuation, are left out. dirname: the folder.
    """

    def __init__(self, dirname: AnyPath):
        self.dirname = os.fspath(dirname)
        if not os.path.isdir(self.dirname):
            raise ArgumentError(f"dirname is {quoted(self.dirname)}: there is no such folder")

    def __iter__(self) -> Iterator[list[str]]:
        """Yield lists of words, file by file in the order of their names."""
        for _, _, words in brown_lines(self.dirname):
            yield words


def brown_lines(folder: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield for each sentence of the Brown corpus the path of its file, its line, from 0, and its words."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            continue
        for number, line in enumerate(text_lines(path)):
            pairs = [token.split("/") for token in line.split()]
            words = [f"{pair[0].lower()}/{pair[1][:2]}" for pair in pairs if len(pair) == 2 and pair[1][:2].isalpha()]
            if words:
                yield path, number, words


def text_lines(source: Any) -> Iterator[str]:
    """Yield the lines of a path or an open file, from its beginning, which end with "\\n", "\\r" or "\\r\\n"."""
    for text in whole_lines(_texts(source), shown(source), sys.maxsize):
        lines = LINE_ENDS.split(text)
        if not lines[-1]:
            lines.pop()
        yield from lines


def pieces(words: list[str], length: int | None) -> Iterator[list[str]]:
    """Yield the words in lists of `length` or fewer; all together for None; no empty list."""
    step = length or max(1, len(words))
    for start in range(0, len(words), step):
        yield words[start : start + step]


def checked_length(length: Any) -> int | None:
    """The most words of a sentence, or None. Raises ArgumentError."""
    if length is not None and (type(length) is not int or length < 1):
        raise ArgumentError(f"max_sentence_length is {length!r:.100}: expected a whole number, 1 or more, or None")
    return length


def _texts(source: Any) -> Iterator[str]:
    """Yield the text of a file in pieces, cut anywhere. Warns of invalid UTF-8 at the end."""
    if is_open_file(source):
        _rewind(source)
    else:
        source = os.path.abspath(os.fsdecode(os.fspath(source)))
        check_text(source)
    reader = TextReader([source])
    yield from reader.texts(source)
    reader.warn(stacklevel=2)


def _rewind(file: Any) -> None:
    """Go to the beginning of an open file. Raises CorpusError."""
    try:
        file.seek(0)
    except (AttributeError, OSError, ValueError) as error:
        raise CorpusError(
            f"{shown(file)} cannot be read from its beginning ({error!s:.100}): expected an open file that takes "
            "seek(0); give the path instead"
        ) from None


def _words_of(texts: Iterator[str]) -> Iterator[list[str]]:
    """Yield the words of text that is cut anywhere."""
    rest = ""
    for text in texts:
        words = (rest + text).split()
        rest = words.pop() if words and not text[-1].isspace() else ""
        yield words
    yield rest.split()
