"""Which words of a corpus stay: the vocabulary, and the id that each word gets."""

import warnings
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.joining import WordsOf
from firth.corpus.left_out import LeftOut, count_left_out
from firth.corpus.spacing import Spacing, advice_of
from firth.corpus.vocabulary import MAX_WORDS, Vocabulary, nothing_left, rank_words, too_many_words
from firth.errors import CorpusError, VocabularyError, quoted

WORDS_AT_ONCE = 1 << 16
"""Words that are strings at a time, of those that are only looked up, so that memory stays bounded."""


LINE_MARK = "</s>"
"""What word2vec.c counts at the end of every line, and writes first into its vocabularies."""


class Kept(NamedTuple):
    """Which words are kept: the parts of a `Corpus`, and the id of each number of the encoded text, or -1."""

    vocab: Vocabulary
    frequencies: NDArray[np.int64]
    totals: NDArray[np.int64]
    numbers: NDArray[np.int32]
    left_out: list[LeftOut]


Choice = Callable[[WordsOf, NDArray[np.int64], Spacing | None], Kept]
"""Chooses from the words of given numbers and the count of each number; the spacing is that of their text."""


def given_words(words: list[str]) -> Vocabulary:
    """The vocabulary of given words, none counted yet."""
    vocab = Vocabulary(words, np.zeros(len(words), np.int64))
    if len(vocab.ids) < len(words):
        twice = next(word for place, word in enumerate(words) if vocab.ids[word] != place)
        raise VocabularyError(f"the word {quoted(twice)} is given twice: expected every word once")
    return vocab


def count_given(words_of: WordsOf, counts: NDArray[np.int64], spacing: Spacing | None, given: Vocabulary) -> Kept:
    """The given vocabulary, now with the corpus's counts."""
    numbers = np.empty(len(counts), np.int32)
    for piece, words in _pieces(words_of, len(counts)):
        numbers[piece] = [given.ids.get(word, -1) for word in words]
    occurs = numbers >= 0
    if not occurs.any():
        raise _none_occurs(words_of, counts, spacing, given.words)
    given.counts[numbers[occurs]] = counts[occurs]
    return Kept(given, given.counts, given.counts, numbers, [])


def choose_words(
    words_of: WordsOf,
    counts: NDArray[np.int64],
    spacing: Spacing | None,
    min_count: int,
    max_vocab: int | None,
    vocab: Vocabulary | None,
    protected: frozenset[str],
    known: Vocabulary,
) -> Kept:
    """The words that `build_corpus` keeps, chosen among candidates: the known, those of `vocab`, those of the text."""
    names = list(dict.fromkeys([*known.words, *(vocab.words if vocab is not None else ())]))
    listed = dict(zip(names, range(len(names)), strict=True))
    places, found = _look_up(words_of, len(counts), listed, protected)
    marked = np.fromiter(found.values(), np.int64, len(found))
    enough = counts >= min_count if vocab is None else np.zeros(len(counts), bool)
    enough[marked] = True
    others = np.flatnonzero(enough & (places < 0))
    if len(listed) + len(others) > MAX_WORDS:
        raise too_many_words()
    places[others] = np.arange(len(listed), len(listed) + len(others))

    occurs = np.flatnonzero(places >= 0)
    candidates = places[occurs]
    occurrences = np.zeros(len(listed) + len(others), np.int64)
    occurrences[candidates] = counts[occurs]
    frequencies = occurrences.copy()
    if vocab is not None:
        frequencies[[listed[word] for word in vocab.words]] = vocab.counts
        mark = listed.get(LINE_MARK, -1) if LINE_MARK not in protected else -1
        if mark == len(known) and vocab.words[0] == LINE_MARK and not occurrences[mark]:
            frequencies[mark] = 0
            _warn_of_line_mark(int(vocab.counts[0]))
    totals = frequencies.copy()
    totals[: len(known)] += known.counts
    stays = np.zeros(len(totals), bool)
    stays[: len(known)] = True
    stays[places[marked]] = True
    stays[[listed[word] for word in protected if word in listed]] = True

    kept, ids = rank_words(totals, min_count, max_vocab, stays)
    if vocab is not None and not frequencies[kept].any():
        best = int(frequencies.argmax())
        raise nothing_left(names[best], int(frequencies[best]), min_count, given=True)
    if not len(kept):
        best = int(counts.argmax())
        raise nothing_left(words_of(np.array([best]))[0], int(counts[best]), min_count, advice=advice_of(spacing))
    more = iter(words_of(others[kept[kept >= len(listed)] - len(listed)]))
    words = [names[place] if place < len(listed) else next(more) for place in kept.tolist()]
    if not occurrences[kept].any():
        raise _none_occurs(words_of, counts, spacing, words)
    _warn_of_absent(protected - found.keys() - listed.keys(), len(protected))
    saved = Vocabulary(words, totals[kept])  # whose sum is checked
    rare, unlisted = counts < min_count, None if vocab is None else places < 0
    rare[occurs] = totals[candidates] < min_count
    numbers = places  # no longer needed
    numbers[occurs] = ids[candidates]
    left_out = count_left_out(counts, numbers < 0, rare, unlisted, min_count, len(kept))
    return Kept(Vocabulary(words, occurrences[kept]), frequencies[kept], saved.counts, numbers, left_out)


def _look_up(
    words_of: WordsOf, n: int, listed: dict[str, int], protected: frozenset[str]
) -> tuple[NDArray[np.int32], dict[str, int]]:
    """The place in `listed` of each number of a text, or -1, and the numbers of the protected words that occur."""
    places = np.full(n, -1, np.int32)
    found: dict[str, int] = {}
    if listed or protected:
        for piece, words in _pieces(words_of, n):
            places[piece] = [listed.get(word, -1) for word in words]
            found |= {word: number for word, number in zip(words, piece.tolist(), strict=True) if word in protected}
    return places, found


def _pieces(words_of: WordsOf, n: int) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """The numbers below n and their words, some at a time."""
    for start in range(0, n, WORDS_AT_ONCE):
        piece = np.arange(start, min(start + WORDS_AT_ONCE, n))
        yield piece, words_of(piece)


def _none_occurs(
    words_of: WordsOf, counts: NDArray[np.int64], spacing: Spacing | None, words: list[str]
) -> CorpusError:
    """The error for a corpus in which none of the words to keep occurs."""
    best = words_of(np.array([counts.argmax()]))[0]
    advice = advice_of(spacing) or (
        "Give a corpus in the language of the words, and read it as theirs was: lower-cased or not (--lower), divided "
        "alike (--tokenizer)"
    )
    return CorpusError(
        f"none of the {counts.sum():,} tokens of the corpus is among the {len(words):,} given words, which begin "
        f"with {words[:3]!r:.100}; the most frequent token is {quoted(best)}. {advice}"
    )


def _warn_of_line_mark(count: int) -> None:
    if count:
        warnings.warn(
            f"{LINE_MARK}, the first word of the given vocabulary with the count {count:,}, is left out: it is "
            "word2vec.c's mark for the end of a line, and no token of the corpus. keep_words (--keep-words) keeps it",
            stacklevel=5,
        )


def _warn_of_absent(absent: Collection[str], n: int) -> None:
    if absent:
        shown = ", ".join(repr(word[:100]) for word in sorted(absent)[:5]) + (", ..." if len(absent) > 5 else "")
        warnings.warn(
            f"{len(absent):,} of the {n:,} words to keep {'is' if len(absent) == 1 else 'are'} not in the corpus: "
            f"{shown}. Are they spelled as the corpus is read: lower-cased or not, divided alike?",
            stacklevel=5,
        )
