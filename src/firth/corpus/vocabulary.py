"""The words of a corpus, by default the most frequent first."""

import dataclasses
import difflib
import unicodedata
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import ConfigError, VocabularyError, quoted

MOST_TOKENS = 2**61
"""What the counts of a vocabulary may add up to: counts of two of them can be added in 64 bits, and then checked."""


MAX_WORDS = 2**31 - 1
"""The most distinct words that can be numbered."""

LINE_END = -1
"""What stands after each line in a file of numbers."""


@dataclasses.dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words and how often each occurs; the id of a word is its place.

    words: n distinct strings. counts: (n,) int64, falling unless the words were given. Raises VocabularyError if
    they add up to more than `MOST_TOKENS`.
    """

    words: list[str]
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check the sum."""
        if (total := float(self.counts.sum(dtype=np.float64))) > MOST_TOKENS:
            raise VocabularyError(f"the counts add up to {total:.4g}: expected {MOST_TOKENS:.4g} at most")

    def __len__(self) -> int:
        """The number of words."""
        return len(self.words)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each word."""
        return dict(zip(self.words, range(len(self.words)), strict=True))

    def id_of(self, word: str) -> int | None:
        """The id of a word, in either Unicode normalisation, or None."""
        found = self.ids.get(word)
        if found is None and not word.isascii():
            composed, decomposed = unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)
            found = self.ids.get(composed, self.ids.get(decomposed))
        return found

    def suggest(self, word: str, n: int = 3) -> list[str]:
        """Up to `n` words that are spelled most like `word`: other cases of its letters, then by `difflib`.

        Compared are words that begin with one of the first two letters of `word` and are at most two letters
        longer or shorter, and of these the first 20,000.
        """
        cases = (word.lower(), word.capitalize(), word.upper(), word.casefold(), word.title())
        found = [case for case in dict.fromkeys(cases) if case in self.ids and case != word]
        first = tuple(set(word[:2].lower() + word[:2].upper())) or ("",)
        shortest, longest = len(word) - 2, len(word) + 2
        near = (w for w in self.words if shortest <= len(w) <= longest and w.startswith(first))
        spelled = difflib.get_close_matches(word, list(islice(near, 20_000)), n + len(found) + 1)
        return [*found, *(w for w in spelled if w not in found and w != word)][:n]


def as_word(token: Any) -> Any:
    """The word that an integer stands for, its decimal form; anything else as it is.

    Raises ConfigError for an integer of too many digits.
    """
    if not is_whole(token):
        return token
    try:
        return str(int(token))
    except ValueError:
        raise ConfigError("an integer of too many digits: expected a word, or a shorter integer") from None


def is_whole(token: object) -> bool:
    """Whether a token is an integer, which no truth value is."""
    return isinstance(token, int | np.integer) and not isinstance(token, bool)


def rank_words(
    counts: NDArray[np.int64], min_count: int, max_vocab: int | None, protected: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Which words to keep, the most frequent first, and the new id of every word.

    counts: (n,) int64, in the order that decides between equal counts. protected: (n,) bool, the words to keep
    whatever their counts. Returns the old ids of the kept words (k,) and for each old id the new one, or -1 (n,).
    Besides the protected words those are kept that occur `min_count` times, of these the most frequent, as many as
    there are places left of `max_vocab`.
    """
    kept = np.flatnonzero(protected | (counts >= min_count))
    kept = kept[np.argsort(-counts[kept], kind="stable")]
    if max_vocab is not None:
        others = ~protected[kept]
        places = max_vocab - int(protected.sum())
        kept = kept[~others | (np.cumsum(others) <= places)]
    numbers = np.full(len(counts), -1, np.int32)
    numbers[kept] = np.arange(len(kept), dtype=np.int32)
    return kept, numbers


def nothing_left(word: str, count: int, min_count: int, given: bool = False, advice: str = "") -> VocabularyError:
    """The error for a corpus, or for a vocabulary that was given, whose most frequent word, `word`, is too rare.

    `advice`, if there is any, is better than that to give more text.
    """
    if count == 0:
        return VocabularyError(
            "every word of the vocabulary that was given has the count 0 (word2vec's vectors files hold no counts): "
            "give a vocabulary with counts, or none"
        )
    times = "once" if count == 1 else f"{count:,} times"
    where, more = (" by the counts that were given", "the counts of more") if given else ("", "more")
    return VocabularyError(
        f"no word occurs {min_count:,} times{where}: the most frequent, {quoted(word)}, occurs {times}. "
        + (advice or f"Give {more} text, or a min_count of {count:,} or less")
    )


def too_many_words() -> VocabularyError:
    """The error for more than MAX_WORDS distinct words."""
    return VocabularyError(
        f"the corpus has more than {MAX_WORDS:,} distinct words, the most that can be numbered: "
        "does white space divide it into words?"
    )
