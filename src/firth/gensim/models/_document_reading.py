"""Documents with tags, or a file of documents, as a model reads them: the words into a text, the tags beside it."""

import logging
import os
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.columns import table_kind
from firth.corpus.encode import Corpus
from firth.corpus.tags import Tags
from firth.corpus.vocabulary import LINE_END, MAX_WORDS, is_whole
from firth.gensim._documents import TaggedLineDocument
from firth.gensim._errors import ArgumentError, NothingToTrainError, SentencesError
from firth.gensim._warnings import callers_level, renamed
from firth.gensim.models._reading import NUMBERS_AT_ONCE, USED_UP, Text, check_sentences, read_text
from firth.memory import physical_memory
from firth.native.arrays import LANES

logger = logging.getLogger(__name__)

Tag = str | int

TagCounts = tuple[list[Tag], dict[str, npt.NDArray[np.int64]]]
"""Tags, and numbers (tags,) of each: "doc_count", its documents, and "word_count", their words."""

HOW_TO_TAG = "TaggedDocument(['some', 'words'], [0]): its words, and its tags, most often one number"

KEY_BYTES = 120
"""The memory of a tag in Python's lists and dicts, about."""


class TagsRead:
    """The tags of documents: distinct ones by first appearance, and which of them each document has."""

    def __init__(self) -> None:
        """No document yet."""
        self._numbers: dict[Tag, int] = {}
        self._rows, self._begins = array("i"), array("q", [0])

    def add(self, tags: Iterable[Any]) -> None:
        """Add the tags of the next document. Raises SentencesError for what are none."""
        for tag in tags:
            if not isinstance(tag, str) and not is_whole(tag):
                raise SentencesError(
                    f"document {self.documents} (counted from 0) has the tag {tag!r:.100} ({type(tag).__name__}): "
                    "expected strings or integers; str() of it serves"
                )
            known = str(tag) if isinstance(tag, str) else int(tag)
            if isinstance(known, int) and known < 0:
                raise SentencesError(
                    f"document {self.documents} (counted from 0) has the tag {known}: integers are rows of the "
                    "vectors: expected them from 0 up"
                )
            self._rows.append(self._numbers.setdefault(known, len(self._numbers)))
        self._begins.append(len(self._rows))

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return len(self._begins) - 1

    @property
    def names(self) -> list[Tag]:
        """The distinct tags by first appearance."""
        return list(self._numbers)

    @property
    def untagged(self) -> int:
        """How many documents have no tag."""
        return int((np.diff(self.begins) == 0).sum())

    @property
    def begins(self) -> npt.NDArray[np.int64]:
        """(documents + 1,): document i has the tags rows[begins[i] : begins[i + 1]]."""
        return np.frombuffer(self._begins, np.int64)

    @property
    def rows(self) -> npt.NDArray[np.int32]:
        """The tags of all documents, by their places in `names`."""
        return np.frombuffer(self._rows, np.int32)


class DocumentText(Text):
    """A text whose sentences are documents. tags: theirs; None where they are the numbers of the lines."""

    def __init__(self, text: Text, tags: TagsRead | None) -> None:
        super().__init__(text._encoded, text._folder, text.keys, text.sentences)
        self.tags = tags

    def corpus(self, keys: list[Any], counts: npt.NDArray[np.int64], lines: bool = True) -> Corpus | None:
        """As that of any text, with the numbers of its lines."""
        return super().corpus(keys, counts, lines=lines)

    def tag_counts(self) -> TagCounts:
        """The distinct tags, with the documents and the words of each; to be asked before the text is a corpus."""
        lengths = _line_lengths(self._encoded.path)
        if self.tags is None:
            return list(range(len(lengths))), {"doc_count": np.ones(len(lengths), np.int64), "word_count": lengths}
        names, rows = self.tags.names, self.tags.rows
        words = np.repeat(lengths, np.diff(self.tags.begins))
        counts = np.bincount(rows, minlength=len(names)), np.bincount(rows, words, len(names)).astype(np.int64)
        return names, dict(zip(("doc_count", "word_count"), counts, strict=True))

    def tags_of(self, corpus: Corpus, vectors: Any) -> Tags:
        """The tags of the sentences of a corpus as rows of `vectors`. Raises ArgumentError for a tag without a row."""
        assert corpus.lines is not None
        begins, rows = self._places(vectors)
        lengths = np.diff(begins)
        chosen = np.zeros(len(lengths), bool)
        chosen[corpus.lines] = True
        own = lengths[corpus.lines]
        kept = np.ascontiguousarray(rows[np.repeat(chosen, lengths)], np.int32)
        return Tags(np.concatenate([[0], np.cumsum(own)]).astype(np.int64), kept, len(vectors.index_to_key))

    def _places(self, vectors: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where the tags of each document begin, and the rows of all tags."""
        if self.tags is None:
            documents = self.sentences
            if documents > len(vectors.index_to_key):
                raise _unknown(len(vectors.index_to_key))
            return np.arange(documents + 1), np.arange(documents)
        names = self.tags.names
        places = np.fromiter((vectors.get_index(name, -1) for name in names), np.int64, len(names))
        if (places < 0).any():
            raise _unknown(names[int(places.argmin())])
        return self.tags.begins, places[self.tags.rows]


def read_documents(corpus_iterable: Any, corpus_file: Any, progress_per: int) -> DocumentText:
    """The text of an iterable of documents with `words` and `tags`, or of a file of which each line is a document.

    Raises KindError unless one of both is given, SentencesError for what are no documents, NothingToTrainError where
    there is no word.
    """
    if type(corpus_iterable) is TaggedLineDocument and corpus_file is None:
        source = corpus_iterable.source
        if isinstance(source, str | os.PathLike) and os.path.isfile(source) and not table_kind(os.fsdecode(source)):
            corpus_iterable, corpus_file = None, source
    if corpus_iterable is None or corpus_file is not None:
        return DocumentText(read_text(corpus_iterable, corpus_file, progress_per, blank=True), None)
    check_sentences(corpus_iterable)
    words = _Words(corpus_iterable)
    try:
        text = read_text(words, None, progress_per)
    except NothingToTrainError:
        if not words.tags.documents and iter(corpus_iterable) is corpus_iterable:
            raise NothingToTrainError(USED_UP.replace("LineSentence", "TaggedLineDocument")) from None
        if words.tags.untagged:
            raise NothingToTrainError(f"no document that has words has a tag: expected such as {HOW_TO_TAG}") from None
        raise
    untagged = words.tags.untagged
    if untagged:
        warnings.warn(
            f"{untagged:,} of {text.sentences:,} documents have no tag and are left out: expected one or more "
            "each, most often its number",
            UserWarning,
            stacklevel=callers_level(),
        )
    return DocumentText(text, words.tags)


def keys_of(before: list[Tag], tags: Iterable[Tag], dim: int) -> list[Tag]:
    """The keys of the rows of a model's documents: those it has, and then the new tags.

    At first integers are rows themselves: there is one for each from 0 to the largest; strings follow, by first
    appearance. Raises ArgumentError where memory is too small for so many rows.
    """
    known = set(before)
    new = [tag for tag in tags if tag not in known]
    whole = [tag for tag in new if isinstance(tag, int)]
    if whole and not any(isinstance(tag, str) for tag in before):
        largest = max(whole)
        _check_rows(largest, dim)
        if largest >= len(before) + len(whole):
            logger.warning(
                "the largest integer tag is %i, of %i tags: there are rows that no document has", largest, len(new)
            )
        return [*range(max(largest + 1, len(before))), *(tag for tag in new if isinstance(tag, str))]
    return [*before, *new]


def _check_rows(largest: int, dim: int) -> None:
    need, have = (largest + 1) * (4 * -(-dim // LANES) * LANES + KEY_BYTES), physical_memory()
    if need > have or largest >= MAX_WORDS:
        raise ArgumentError(
            f"the largest integer tag is {largest}, and integers are rows of the vectors: {largest + 1} of them need "
            f"{need / 1e9:.1f} GB, and this machine has {have / 1e9:.1f} GB. Number the documents from 0, or give "
            "strings: str() of each tag"
        )


class _Words:
    """The words of documents on their way to be read, while their tags are taken down."""

    def __init__(self, documents: Iterable[Any]) -> None:
        self._documents, self._old = documents, False
        self.tags = TagsRead()

    def __iter__(self) -> Iterator[Any]:
        """Yield the words of each document."""
        for document in self._documents:
            words, given = self._parts(document)
            tags = list(given)
            self.tags.add(tags)
            yield words if tags else ()  # one document more, as errors and total_examples count

    def _parts(self, document: Any) -> tuple[Any, Iterable[Any]]:
        """The words and the tags of a document. Raises SentencesError where it has none."""
        where = f"document {self.tags.documents} (counted from 0)"
        tags = getattr(document, "tags", None)
        if tags is None and hasattr(document, "labels"):
            tags = document.labels
            if not self._old:
                self._old = True
                renamed("document.labels", "document.tags", stacklevel=callers_level())
        if tags is None or not hasattr(document, "words"):
            raise SentencesError(
                f"{where} is {document!r:.100} ({type(document).__name__}): expected documents such as {HOW_TO_TAG}"
            )
        if isinstance(tags, str | bytes) or is_whole(tags):
            raise SentencesError(
                f"{where} has {tags!r:.100} for its tags: expected a list, such as [{tags!r:.100}]; gensim takes each "
                "letter of a string for a tag"
            )
        if isinstance(tags, Mapping) or not isinstance(tags, Iterable):
            raise SentencesError(f"{where} has {tags!r:.100} for its tags: expected a list of strings or integers")
        return document.words, tags


def _unknown(tag: Tag) -> ArgumentError:
    return ArgumentError(
        f"the tag {tag!r:.100} is none of the model's: call build_vocab() with these documents first, with update=True "
        "to keep the vectors, or infer_vector() for the vectors of new documents"
    )


def _line_lengths(path: str) -> npt.NDArray[np.int64]:
    """The words of each line of a file of numbers."""
    numbers = np.memmap(path, np.int32, "r")
    ends = [
        start + np.flatnonzero(numbers[start : start + NUMBERS_AT_ONCE] == LINE_END)
        for start in range(0, len(numbers), NUMBERS_AT_ONCE)
    ]
    return np.asarray(np.diff(np.concatenate(ends), prepend=-1) - 1, np.int64)
