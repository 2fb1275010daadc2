"""Documents with their tags, and texts on disk as such: the classes that gensim.models.doc2vec has for them."""

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from firth.corpus.sources import is_open_file
from firth.files.paths import AnyPath
from firth.gensim._errors import ArgumentError, KindError
from firth.gensim._sentences import brown_lines, text_lines
from firth.gensim._warnings import renamed


class TaggedDocument(NamedTuple):
    """The words of a document and its tags: strings or integers, most often one number of its own."""

    words: Any
    tags: Any

    def __str__(self) -> str:
        return f"{type(self).__name__}<{self.words}, {self.tags}>"


class TaggedLineDocument:
    """Documents from a file: each line is one, white space parts its words, and its tag is its number, from 0.

    source: a path, or an open file whose `seek(0)` works. gzip, bzip2, xz and zstd are known by their content. A blank
    line is a document without words.
    """

    def __init__(self, source: Any) -> None:
        if not (isinstance(source, str | os.PathLike) or is_open_file(source)):
            raise KindError(f"source is {source!r:.100} ({type(source).__name__}): expected a path or an open file")
        self.source = source

    def __iter__(self) -> Iterator[TaggedDocument]:
        """Yield the documents, from the beginning of the file."""
        for number, line in enumerate(text_lines(self.source)):
            yield TaggedDocument(line.split(), [number])


class TaggedBrownCorpus:
    """The sentences of the Brown corpus, as `BrownCorpus` reads it, as documents tagged FILE_SENT_LINE."""

    def __init__(self, dirname: AnyPath) -> None:
        self.dirname = os.fspath(dirname)
        if not os.path.isdir(self.dirname):
            raise ArgumentError(f"dirname is {self.dirname!r:.100}: there is no such folder")

    def __iter__(self) -> Iterator[TaggedDocument]:
        """Yield the documents, file by file in the order of their names."""
        for path, number, words in brown_lines(self.dirname):
            yield TaggedDocument(words, [f"{path}_SENT_{number}"])


def LabeledSentence(words: Any, tags: Iterable[Any]) -> TaggedDocument:
    """A TaggedDocument, by the name that gensim 3 had for it."""
    renamed("LabeledSentence", "TaggedDocument")
    return TaggedDocument(words, tags)
