"""gensim.models.phrases: words that stand side by side more often than chance has it, joined into one."""

import itertools
import logging
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, Self

import numpy as np

from firth.errors import FormatError
from firth.files.paths import AnyPath, naming
from firth.gensim._errors import ArgumentError, KindError, NotReadyError
from firth.gensim._phrase_files import read_phrases, write_phrases
from firth.gensim._warnings import renamed, without_meaning
from firth.gensim.utils import prune_vocab
from firth.vectors.rows import whole

logger = logging.getLogger(__name__)

ENGLISH_CONNECTOR_WORDS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without"]
)

Scorer = Callable[..., float]

SCORED_BY = ["worda_count", "wordb_count", "bigram_count", "len_vocab", "min_count", "corpus_word_count"]
"""The names of a scoring function's parameters."""


def original_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """(bigram_count - min_count) / (worda_count · wordb_count) · len_vocab, after Mikolov et al. (2013)."""
    if not worda_count or not wordb_count:
        return -math.inf
    return (bigram_count - min_count) / worda_count / wordb_count * len_vocab


def npmi_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Ln(p(ab) / (p(a) p(b))) / -ln p(ab), p = count / corpus_word_count, from -1 to 1 (Bouma, 2009).

    -inf where bigram_count is below min_count.
    """
    if not worda_count or not wordb_count or not bigram_count or bigram_count < min_count:
        return -math.inf
    if bigram_count >= corpus_word_count:
        return 1.0  # the limit: the two words stand side by side, and nothing else does
    both = bigram_count / corpus_word_count
    return math.log(both / (worda_count / corpus_word_count) / (wordb_count / corpus_word_count)) / -math.log(both)


def _lost(**counts: float) -> float:
    """In the place of a scoring function of the program's own, which no file holds."""
    raise NotReadyError("these phrases come from a file, which does not hold their scoring function")


_SCORERS: dict[str, Scorer] = {"default": original_scorer, "npmi": npmi_scorer}
_KNOWN = tuple(_SCORERS.values())
_STRINGS = {str}
_SETTINGS = ("min_count", "threshold", "delimiter", "scoring", "connector_words")
_READ = "corpus_word_count"


class _Joining:
    """What joins the phrases of sentences; a child scores candidates."""

    delimiter: str
    connector_words: frozenset[str]
    min_count: float
    threshold: float
    scoring: Scorer

    def _scoring_name(self) -> str | None:
        return next((name for name, scorer in _SCORERS.items() if scorer is self.scoring), None)

    def _settings(self) -> dict[str, Any]:
        """What a file keeps of them, beside the phrases."""
        return {
            "min_count": self.min_count,
            "threshold": self.threshold,
            "delimiter": self.delimiter,
            "scoring": self._scoring_name(),
            "connector_words": sorted(self.connector_words),
        }

    def score_candidate(self, word_a: str, word_b: str, in_between: Sequence[str]) -> tuple[str | None, float | None]:
        """The phrase of two words with connector words between them, and its score; (None, None) if it is none."""
        raise NotImplementedError

    def analyze_sentence(self, sentence: Iterable[str]) -> Iterator[tuple[str, float | None]]:
        """Yield the tokens of a sentence with its phrases joined: (phrase, score), and (word, None) for other words.

        Of two phrases that overlap the first one is joined.
        """
        start: str | None = None
        between: list[str] = []
        for word in sentence:
            if not isinstance(word, str):
                raise KindError(f"a word is {word!r:.100} ({type(word).__name__}): expected a str")
            if word in self.connector_words:
                if start is None:
                    yield word, None
                else:
                    between.append(word)
                continue
            if start is not None:
                phrase, score = self.score_candidate(start, word, between)
                if phrase is not None:
                    yield phrase, score
                    start, between = None, []
                    continue
                yield start, None
                for connector in between:
                    yield connector, None
            start, between = word, []
        if start is not None:
            yield start, None
            for connector in between:
                yield connector, None

    def __getitem__(self, sentence: Iterable[Any]) -> "list[str] | PhrasedCorpus":
        """A sentence with its phrases joined, or, for an iterable of sentences, one that joins them as it is read.

        Raises KindError for a string, or for what is neither.
        """
        single, sentence = _is_single(sentence)
        if single:
            return [token for token, _ in self.analyze_sentence(sentence)]
        return PhrasedCorpus(self, sentence)

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """The different phrases that occur in sentences, and their scores."""
        found: dict[str, float] = {}
        for sentence in _checked(sentences):
            found.update((token, score) for token, score in self.analyze_sentence(sentence) if score is not None)
        return found


class PhrasedCorpus:
    """The sentences of a corpus with their phrases joined as they are read; read again if the corpus can be."""

    def __init__(self, obj: _Joining, corpus: Iterable[Any]) -> None:
        self.obj, self.corpus = obj, corpus
        self._begun = False

    def __iter__(self) -> Iterator[list[str]]:
        """Yield lists of words. Raises ArgumentError where the corpus is an iterator and was read before."""
        if self._begun and iter(self.corpus) is self.corpus:
            raise ArgumentError(
                "the sentences come from an iterator, which gives them once, and they are read again: give a list of "
                "sentences, or an object whose __iter__ begins anew"
            )
        self._begun = True
        for sentence in _checked(self.corpus):
            yield [token for token, _ in self.obj.analyze_sentence(sentence)]

    def __len__(self) -> int:
        """The number of sentences, where the corpus has one."""
        return len(self.corpus)  # type: ignore[arg-type]


class Phrases(_Joining):
    """Phrases counted in sentences; `add_vocab` counts more of them.

    sentences: an iterable of lists of words, read once; None counts nothing yet. min_count, threshold: a pair of words
    is a phrase if its score is above `threshold`; the scores know `min_count`. max_vocab_size: the most words and pairs
    that are kept; where there are more the rarest are dropped, with a warning, so that counts become too small.
    delimiter: what is put between the words of a phrase. progress_per: sentences between two lines of the log. scoring:
    "default" for `original_scorer`, "npmi" for `npmi_scorer`, or a function that takes the six numbers by their names.
    connector_words: words like "of" that no phrase begins or ends with, and that may stand inside one.

    vocab: how often each word and each candidate, joined by `delimiter`, was counted. corpus_word_count: words read.

    Counts, scores and phrases are gensim's, but `export_phrases` and `freeze` also know the phrases of words that hold
    the delimiter, so those of phrases. Raises ArgumentError and KindError for values out of range, for strings in the
    place of sentences, and for words that are no strings.
    """

    def __init__(
        self,
        sentences: Iterable[Iterable[str]] | None = None,
        min_count: float = 5,
        threshold: float = 10.0,
        max_vocab_size: float = 40000000,
        delimiter: str | bytes = "_",
        progress_per: int = 10000,
        scoring: str | Scorer = "default",
        connector_words: Iterable[str] = frozenset(),
        common_terms: Iterable[str] | None = None,
    ) -> None:
        if common_terms is not None:
            renamed("common_terms", "connector_words")
            connector_words = common_terms
        if isinstance(delimiter, bytes):
            renamed("a delimiter of bytes", "a str")
            delimiter = delimiter.decode()
        if not isinstance(delimiter, str) or not delimiter:
            raise ArgumentError(f"delimiter is {delimiter!r:.100}: expected a str such as '_'")
        self.min_count = _number("min_count", min_count)
        self.threshold = _number("threshold", threshold)
        if self.min_count <= 0:
            raise ArgumentError(f"min_count is {min_count!r:.100}: expected more than 0")
        self.scoring = _scorer(scoring)
        if self.scoring is original_scorer and self.threshold <= 0:
            raise ArgumentError(f"threshold is {threshold!r:.100}: expected more than 0 for the default scoring")
        if self.scoring is npmi_scorer and not -1 <= self.threshold <= 1:
            raise ArgumentError(f"threshold is {threshold!r:.100}: expected -1 to 1 for the scoring 'npmi'")
        if _number("max_vocab_size", max_vocab_size) != int(max_vocab_size) or max_vocab_size < 1:
            raise ArgumentError(f"max_vocab_size is {max_vocab_size!r:.100}: expected a whole number, 1 or more")
        self.connector_words = _words(connector_words)
        self.delimiter, self.max_vocab_size, self.progress_per = delimiter, int(max_vocab_size), progress_per
        self.vocab: dict[str, int] = {}
        self.corpus_word_count = 0
        if sentences is not None:
            self.add_vocab(sentences)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.vocab)} vocab, min_count={self.min_count}, threshold={self.threshold}, "
            f"max_vocab_size={self.max_vocab_size}>"
        )

    def add_vocab(self, sentences: Iterable[Iterable[str]]) -> None:
        """Count the words and candidates of more sentences. Raises as the constructor does."""
        every, least = max(1, int(self.progress_per)), 1
        for number, sentence in enumerate(_checked(sentences)):
            if number % every == 0:
                logger.info(
                    "sentence #%i: %i words, %i in the vocabulary", number, self.corpus_word_count, len(self.vocab)
                )
            words = list(sentence)
            if not _STRINGS.issuperset(map(type, words)) and not all(isinstance(word, str) for word in words):
                fault = next(word for word in words if not isinstance(word, str))
                kind = type(fault).__name__
                raise KindError(
                    f"sentence {number} (counted from 0) has {fault!r:.100} ({kind}): expected words, as str"
                )
            self._count(words)
            self.corpus_word_count += len(words)
            if len(self.vocab) > self.max_vocab_size:
                prune_vocab(self.vocab, least)
                least += 1
        logger.info("counted %i words, %i in the vocabulary", self.corpus_word_count, len(self.vocab))
        if least > 2:
            warnings.warn(
                f"there were more than max_vocab_size={self.max_vocab_size:,} words and pairs: those counted fewer "
                f"than {least - 1} times were dropped on the way, so counts are too small: give a larger "
                "max_vocab_size",
                UserWarning,
                stacklevel=2,
            )

    def _count(self, words: list[str]) -> None:
        vocab, find, between, connectors = self.vocab, self.vocab.get, self.delimiter, self.connector_words
        candidate: str | None = None  # a word and the connectors behind it
        for word in words:
            if word not in connectors:
                vocab[word] = find(word, 0) + 1
                if candidate is not None:
                    name = f"{candidate}{between}{word}"
                    vocab[name] = find(name, 0) + 1
                candidate = word
            elif candidate is not None:
                candidate = f"{candidate}{between}{word}"

    def score_candidate(self, word_a: str, word_b: str, in_between: Sequence[str]) -> tuple[str | None, float | None]:
        """The phrase of two words with connector words between them, and its score; (None, None) if it is none."""
        phrase = self.delimiter.join((word_a, *in_between, word_b))
        count = self.vocab.get(phrase)
        if count is None or not self._may_be_phrase(count):
            return None, None
        score = self._score(word_a, word_b, count)
        return (phrase, score) if score is not None and score > self.threshold else (None, None)

    def _may_be_phrase(self, count: int) -> bool:
        """Whether a candidate of this count may have a score above the threshold; most have not, as they are rare."""
        return count >= self.min_count or self.threshold < 0 or self.scoring not in _KNOWN

    def _score(self, word_a: str, word_b: str, count: int) -> float | None:
        """The score of a candidate of this count, or None for no phrase, as where a word of it was not counted."""
        count_a, count_b = self.vocab.get(word_a), self.vocab.get(word_b)
        if not (count_a and count_b):
            return None
        return self.scoring(
            worda_count=count_a,
            wordb_count=count_b,
            bigram_count=count,
            len_vocab=len(self.vocab),
            min_count=self.min_count,
            corpus_word_count=self.corpus_word_count,
        )

    def export_phrases(self) -> dict[str, float]:
        """All phrases that were counted, and their scores.

        Where words hold the delimiter, so that a name can be read as several candidates, it has the highest score.
        """
        found: dict[str, float] = {}
        for name, count in self.vocab.items():
            if not self._may_be_phrase(count):
                continue
            parts = name.split(self.delimiter)
            scores = (self._score(first, last, count) for first, last in self._candidates(parts))
            best = max((score for score in scores if score is not None), default=-math.inf)
            if best > self.threshold:
                found[name] = best
        return found

    def _candidates(self, parts: list[str]) -> Iterator[tuple[str, str]]:
        """Yield the first and the last word of every candidate that may be joined to these parts."""
        join = self.delimiter.join
        for end in range(1, len(parts)):
            for begin in range(end, len(parts)):
                yield join(parts[:end]), join(parts[begin:])
                if parts[begin] not in self.connector_words:
                    break

    def freeze(self) -> "FrozenPhrases":
        """The phrases alone: smaller and faster; no more can be counted."""
        return FrozenPhrases(self)

    def save(
        self,
        fname: AnyPath,
        separately: Any = None,
        sep_limit: int | None = None,
        ignore: Any = None,
        pickle_protocol: int | None = None,
    ) -> None:
        """Write one safetensors file. Raises FormatError, also for a scoring function of the program's own."""
        _no_options(separately=separately, sep_limit=sep_limit, ignore=ignore, pickle_protocol=pickle_protocol)
        if self._scoring_name() is None:
            raise FormatError(
                f"{fname}: the scoring of these phrases is a function of your own, which no file can hold: save "
                "freeze() of them, or make them anew with scoring='default' or 'npmi'"
            )
        counts = np.fromiter(self.vocab.values(), np.int64, len(self.vocab))
        state = {"max_vocab_size": self.max_vocab_size, _READ: self.corpus_word_count}
        write_phrases(fname, "Phrases", self.vocab, counts, self._settings() | state)

    @classmethod
    def load(cls, fname: AnyPath, mmap: Any = None) -> Any:
        """The phrases that `save` wrote, frozen or not; mmap has no effect. Raises FormatError for other files."""
        return _load(cls, fname)

    @classmethod
    def _restored(cls, fname: AnyPath, names: list[str], counts: list[int], state: dict[str, Any]) -> Self:
        with naming(Path(fname)):
            words = whole(_READ, state.pop(_READ), 0)
            phrases = cls(**state)
        phrases.corpus_word_count = words
        phrases.vocab = dict(zip(names, counts, strict=True))
        return phrases


class FrozenPhrases(_Joining):
    """The phrases of a `Phrases`, without what is needed to count more.

    phrasegrams: their scores. Programs of gensim 3 call this class Phraser.
    """

    def __init__(self, phrases_model: Phrases) -> None:
        if not isinstance(phrases_model, Phrases):
            raise KindError(f"phrases_model is {phrases_model!r:.100}: expected a Phrases")
        self.threshold, self.min_count = phrases_model.threshold, phrases_model.min_count
        self.delimiter, self.scoring = phrases_model.delimiter, phrases_model.scoring
        self.connector_words = phrases_model.connector_words
        self.phrasegrams = phrases_model.export_phrases()

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.phrasegrams)} phrases, min_count={self.min_count}, "
            f"threshold={self.threshold}>"
        )

    def score_candidate(self, word_a: str, word_b: str, in_between: Sequence[str]) -> tuple[str | None, float | None]:
        """The phrase of two words with connector words between them, and its score; (None, None) if it is none."""
        phrase = self.delimiter.join((word_a, *in_between, word_b))
        score = self.phrasegrams.get(phrase)
        return (None, None) if score is None else (phrase, score)

    def save(
        self,
        fname: AnyPath,
        separately: Any = None,
        sep_limit: int | None = None,
        ignore: Any = None,
        pickle_protocol: int | None = None,
    ) -> None:
        """Write one safetensors file. Raises FormatError."""
        _no_options(separately=separately, sep_limit=sep_limit, ignore=ignore, pickle_protocol=pickle_protocol)
        scores = np.fromiter(self.phrasegrams.values(), np.float64, len(self.phrasegrams))
        write_phrases(fname, "FrozenPhrases", self.phrasegrams, scores, self._settings())

    @classmethod
    def load(cls, fname: AnyPath, mmap: Any = None) -> Any:
        """The phrases that `save` wrote, frozen or not; mmap has no effect. Raises FormatError for other files."""
        return _load(cls, fname)

    @classmethod
    def _restored(cls, fname: AnyPath, names: list[str], scores: list[float], state: dict[str, Any]) -> Self:
        with naming(Path(fname)):
            phrases = cls(Phrases(**state | {"scoring": state["scoring"] or _lost}))
        phrases.phrasegrams = dict(zip(names, scores, strict=True))
        return phrases


Phraser = FrozenPhrases

_FILES = {"Phrases": ("I64", (*_SETTINGS, "max_vocab_size", _READ)), "FrozenPhrases": ("F64", _SETTINGS)}


def _load(asked: type[_Joining], fname: AnyPath) -> Phrases | FrozenPhrases:
    """The phrases of a file: of the class that was asked, or else of the one that was saved."""
    kind, names, numbers, state = read_phrases(fname, _FILES)
    saved: type[Phrases | FrozenPhrases] = Phrases if kind == "Phrases" else FrozenPhrases
    return (asked if issubclass(asked, saved) else saved)._restored(fname, names, numbers, state)


def _is_single(sentence: Any) -> tuple[bool, Iterable[Any]]:
    """Whether the first item is a word rather than a sentence, and all items again. Raises KindError."""
    if isinstance(sentence, str | bytes) or not isinstance(sentence, Iterable):
        raise KindError(
            f"the sentence is {sentence!r:.100} ({type(sentence).__name__}): expected a list of words, such as the "
            "split() of a string, or an iterable of such lists"
        )
    items = iter(sentence)
    first = list(itertools.islice(items, 1))
    again = itertools.chain(first, items) if items is sentence else sentence
    return not first or isinstance(first[0], str), again


def _checked(sentences: Any) -> Iterator[Iterable[str]]:
    """Yield the sentences. Raises KindError for what is no iterable of lists of words."""
    if isinstance(sentences, str | bytes) or not isinstance(sentences, Iterable):
        raise KindError(
            f"the sentences are {sentences!r:.100} ({type(sentences).__name__}): expected an iterable of lists of "
            "words; for a text on disk, LineSentence(path)"
        )
    for number, sentence in enumerate(sentences):
        if isinstance(sentence, str | bytes) or not isinstance(sentence, Iterable):
            raise KindError(
                f"sentence {number} (counted from 0) is {sentence!r:.100} ({type(sentence).__name__}): expected a list "
                "of words, such as the split() of a string"
            )
        yield sentence


def _number(name: str, value: Any) -> float:
    """A finite number as it is. Raises KindError and ArgumentError."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise KindError(f"{name} is {value!r:.100} ({type(value).__name__}): expected a number")
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise ArgumentError(f"{name} is {value!s:.100}: expected a finite number")
    return value.item() if isinstance(value, np.number) else value


def _words(connectors: Any) -> frozenset[str]:
    """Connector words. Raises KindError for what is no iterable of str."""
    if not isinstance(connectors, str | bytes) and isinstance(connectors, Iterable):
        words = list(connectors)
        if all(isinstance(word, str) for word in words):
            return frozenset(words)
    raise KindError(f"connector_words is {connectors!r:.100}: expected words, such as {{'of', 'the'}}")


def _scorer(scoring: str | Scorer) -> Scorer:
    """The function that scores. Raises ArgumentError, and KindError for what is neither a name nor a function."""
    if isinstance(scoring, str):
        if scoring not in _SCORERS:
            raise ArgumentError(f"scoring is {scoring!r:.100}: expected 'default', 'npmi' or a function")
        return _SCORERS[scoring]
    if not callable(scoring):
        raise KindError(f"scoring is {scoring!r:.100}: expected 'default', 'npmi' or a function")
    try:
        parameters = signature(scoring).parameters
    except (TypeError, ValueError):
        return scoring  # a function that does not tell
    missing = [name for name in SCORED_BY if name not in parameters]
    if missing and not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        raise ArgumentError(f"the scoring function does not take {', '.join(missing)}: it is called with these names")
    return scoring


def _no_options(**options: Any) -> None:
    """Warn of options of gensim's files, which are pickles."""
    without_meaning({name: "it is one file, and no pickle" for name, value in options.items() if value is not None}, 4)
