"""Sentences, or a file of them, as a model reads them: once, into numbers on disk for vocabulary and training."""

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.columns import table_kind
from firth.corpus.encode import Corpus, corpus_of, new_folder
from firth.corpus.frames import is_table
from firth.corpus.numbering import Encoded, encode_source
from firth.corpus.selection import Kept
from firth.corpus.vocabulary import LINE_END, Vocabulary, is_whole
from firth.errors import CorpusError, quoted
from firth.files.folders import TemporaryFolder
from firth.gensim._errors import KindError, NothingToTrainError, SentencesError
from firth.gensim._paths import check_text
from firth.gensim._sentences import MAX_WORDS_IN_BATCH, LineSentence, PathLineSentences
from firth.gensim._warnings import callers_level
from firth.settings import AS_IS

logger = logging.getLogger(__name__)

Key = str | int
"""A word, or an integer where all tokens are integers."""

NUMBERS_AT_ONCE = 1 << 22
"""Numbers of a file that are looked at together, so that memory stays bounded."""

STRINGS = {str}

STRINGS_INSTEAD = "; for other words, such as the nodes of a graph, give str() of each"

USED_UP = (
    "the sentences are used up: an iterator gives them once, and something has read them before. Give a list, or an "
    "object whose __iter__ begins anew each time, such as LineSentence(path)"
)


class Text:
    """A text that has been read, as numbers in a file; `close` it, or make it a corpus.

    keys: the words by first appearance. counts: (n,) int64. sentences: how many there were, those without a word
    included. tokens: how many words there were in all.
    """

    def __init__(self, encoded: Encoded, folder: TemporaryFolder, keys: list[Key], sentences: int) -> None:
        self._encoded, self._folder = encoded, folder
        self.keys, self.counts, self.tokens, self.sentences = keys, encoded.counts, encoded.tokens, sentences

    def corpus(self, keys: list[Key], counts: npt.NDArray[np.int64], lines: bool = False) -> Corpus | None:
        """The corpus of the words `keys`, whose ids are their places; None if none of them occurs.

        counts: (n,) int64, those that subsampling, noise and tree go by; the text's, if all are 0. lines: whether the
        corpus is to have the numbers of its lines, those of the sentences. It can be made once.
        """
        places = {key: place for place, key in enumerate(keys)}
        numbers = np.fromiter((places.get(key, -1) for key in self.keys), np.int32, len(self.keys))
        here = numbers >= 0
        if not here.any():
            return None
        occurrences = np.zeros(len(keys), np.int64)
        occurrences[numbers[here]] = self.counts[here]
        vocab = Vocabulary(list(map(str, keys)), occurrences)
        used = counts if counts.any() else occurrences
        return corpus_of(self._encoded, self._folder, lambda *_: Kept(vocab, used, used, numbers, []), lines)

    def close(self) -> None:
        """Remove the file."""
        self._folder.remove()


def read_text(corpus_iterable: Any, corpus_file: Any, progress_per: int, blank: bool = False) -> Text:
    """The text of an iterable of lists of tokens or of a file, one of which is None.

    blank: whether the blank lines of a file count among the sentences.
    Raises KindError unless one is given, SentencesError for what is no such iterable and for files that cannot be read
    (NoTextError where there is none), NothingToTrainError where there is no token. Logs every `progress_per` sentences.
    """
    if (corpus_iterable is None) == (corpus_file is None):
        both = "both are given" if corpus_file is not None else "there is neither"
        raise KindError(f"expected one of corpus_iterable (sentences) and corpus_file: {both}")
    folder = new_folder(AS_IS, logger.info)
    try:
        paths = _paths(corpus_iterable, corpus_file)
        if paths is not None:
            return _read_files(paths, folder, blank)
        if corpus_file is not None:
            corpus_iterable = LineSentence(corpus_file, None)
        elif _cuts_by_default(corpus_iterable):
            corpus_iterable = copy(corpus_iterable)
            corpus_iterable.max_sentence_length = None
        return _read_lists(corpus_iterable, folder, progress_per)
    except BaseException:
        folder.remove()
        raise


def check_sentences(sentences: Any) -> None:
    """Raise SentencesError for what cannot be an iterable of sentences, and KindError for a path."""
    if isinstance(sentences, str | os.PathLike):
        raise SentencesError(
            f"the sentences are {os.fspath(sentences)!r:.100}, one string: expected lists of words, such as "
            "[['a', 'sentence'], ['another']]; the path of a file is given as corpus_file="
        )
    if isinstance(sentences, bytes | Mapping | set | frozenset) or not isinstance(sentences, Iterable):
        raise SentencesError(
            f"the sentences are {sentences!r:.100} ({type(sentences).__name__}): expected an iterable of lists of words"
        )
    if is_table(sentences):
        raise SentencesError(f"the sentences are a {type(sentences).__name__}, a table: expected one column of lists")


def _paths(corpus_iterable: Any, corpus_file: Any) -> list[str] | None:
    """The files that the compiled reader reads; None where sentences have to be asked for one by one."""
    if corpus_file is not None:
        if not isinstance(corpus_file, str | os.PathLike):
            raise KindError(f"corpus_file is {quoted(corpus_file)}: expected the path of a file, a sentence a line")
        paths: list[Any] = [corpus_file]
    elif type(corpus_iterable) is LineSentence and isinstance(corpus_iterable.source, str | os.PathLike):
        paths = [corpus_iterable.source]
    elif type(corpus_iterable) is PathLineSentences:
        paths = corpus_iterable.input_files
    else:
        return None
    whole = corpus_file is not None or (
        corpus_iterable.limit is None
        and (corpus_iterable.max_sentence_length is None or _cuts_by_default(corpus_iterable))
    )
    names = [os.path.abspath(os.fsdecode(os.fspath(path))) for path in paths]
    for name in names:
        check_text(name)
    return names if whole and names and not any(map(table_kind, names)) else None


def _cuts_by_default(sentences: Any) -> bool:
    """Whether these are lines that nobody asked to cut: a model keeps them whole."""
    return type(sentences) in (LineSentence, PathLineSentences) and sentences.max_sentence_length == MAX_WORDS_IN_BATCH


def _read_files(paths: list[str], folder: TemporaryFolder, blank: bool) -> Text:
    """The text of files; `blank`: whether blank lines count among the sentences."""

    def progress(done: int, total: int | None) -> None:
        logger.info("PROGRESS: read %i of %s bytes", done, "unknown" if total is None else total)

    try:
        encoded = encode_source(paths, AS_IS, folder, 1, progress, None, None)
    except CorpusError as error:
        raise SentencesError(str(error)) from None
    keys: list[Key] = list(encoded.words_of(np.arange(len(encoded.counts))))
    return Text(encoded, folder, keys, _count_lines(encoded.path, blank))


def _count_lines(path: str, blank: bool) -> int:
    """The lines of a file of numbers, with or without the blank ones."""
    numbers, lines, before = np.memmap(path, np.int32, "r"), 0, True
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        ends = numbers[start : start + NUMBERS_AT_ONCE] == LINE_END
        again = ends[1:] & ends[:-1]
        lines += int(ends.sum()) - (0 if blank else int(again.sum()) + int(ends[0] and before))
        before = bool(ends[-1])
    return lines


def _read_lists(sentences: Any, folder: TemporaryFolder, progress_per: int) -> Text:
    """The text of an iterable of lists of tokens."""
    check_sentences(sentences)
    lists = _Lists(sentences, progress_per)
    try:
        encoded = encode_source(iter(lists), AS_IS, folder, 1, None, None, None)
    except SentencesError:
        raise
    except CorpusError as error:
        if not lists.tokens:
            raise NothingToTrainError(_nothing(sentences, lists.sentences)) from None
        told = str(error)
        raise SentencesError(told + STRINGS_INSTEAD * told.endswith("expected a str or an integer")) from None
    lists.warn()
    words = encoded.words_of(np.arange(len(encoded.counts)))
    keys: list[Key] = list(map(int, words)) if lists.whole else list(words)
    return Text(encoded, folder, keys, lists.sentences)


def _nothing(sentences: Any, read: int) -> str:
    if not read and iter(sentences) is sentences:
        return USED_UP
    return f"the corpus is empty: there is no word in its {read:,} sentences"


class _Lists:
    """Lists of tokens on their way to be encoded: checked and counted."""

    def __init__(self, sentences: Iterable[Any], progress_per: int) -> None:
        self._source, self._progress_per = sentences, max(1, progress_per)
        self._kinds: set[type] = set()
        self.sentences = self.tokens = self._empty = 0

    def __iter__(self) -> Iterator[list[Any] | tuple[Any, ...]]:
        """Yield the sentences, without empty strings."""
        for sentence in self._source:
            if not self.sentences % self._progress_per:
                logger.info("PROGRESS: at sentence #%i, processed %i words", self.sentences, self.tokens)
            tokens = sentence if type(sentence) is list or type(sentence) is tuple else self._listed(sentence)
            kinds = set(map(type, tokens))
            if kinds == STRINGS and "" in tokens:
                self._empty += tokens.count("")
                tokens = [token for token in tokens if token]
            self._kinds |= kinds
            self.sentences += 1
            self.tokens += len(tokens)
            yield tokens
        if self.whole and any(issubclass(kind, str) for kind in self._kinds):
            raise SentencesError(f"the sentences mix strings and integers: expected words of one kind{STRINGS_INSTEAD}")

    @property
    def whole(self) -> bool:
        """Whether there are integers among the tokens."""
        return any(issubclass(kind, int | np.integer) and kind is not bool for kind in self._kinds)

    def warn(self) -> None:
        """Warn of what was left out."""
        if self._empty:
            warnings.warn(
                f"{self._empty:,} empty strings among the words are left out", UserWarning, stacklevel=callers_level()
            )

    def _listed(self, sentence: Any) -> list[Any]:
        where = f"sentence {self.sentences} (counted from 0)"
        if isinstance(sentence, str):
            raise SentencesError(
                f"{where} is {sentence!r:.100}, one string, which would be read letter by letter: expected a list of "
                "words, such as its split(); for letters, list() of it"
            )
        if isinstance(sentence, np.ndarray) and sentence.ndim == 1:
            return list(sentence.tolist())
        refused = isinstance(sentence, bytes | bytearray | set | frozenset | Mapping | np.ndarray) or is_whole(sentence)
        if refused or not isinstance(sentence, Iterable):
            kind = type(sentence).__name__
            raise SentencesError(f"{where} is {sentence!r:.100} ({kind}): expected a list of words")
        return list(sentence)
