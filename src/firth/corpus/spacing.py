"""Whether white space divides a text into its words: measured on the tokens that it gives."""

import re
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.joining import WordsOf

MOST_WORDS = 1 << 16
"""The distinct words that are measured, the first of the text."""

LONG, VERY_LONG = 20.0, 50.0
"""Characters a token, on average, from which on white space is scarce, and from which on a user is warned."""

LONG_UNSPACED = 3.0
"""The same where most tokens are in a script that is written without spaces."""

_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan; Burmese; Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # Kana, Han
)

ADVICE = "give --tokenizer chars, or kmers:3 for sequences, or in Python a function from a line to tokens (tokenizer=)"


class Spacing(NamedTuple):
    """Of the tokens of a text: the characters of one on average, the share in scripts without spaces."""

    length: float
    unspaced: float

    @property
    def scarce(self) -> bool:
        """Whether the text has hardly any white space."""
        return self.length > (LONG_UNSPACED if self.unspaced > 0.5 else LONG)

    def warn_if_long(self, stacklevel: int) -> None:
        """Warn if tokens are so long that they are no words."""
        if self.length > VERY_LONG:
            warnings.warn(
                f"a token has {self.length:,.0f} characters on average, so the words may be whole sentences: {ADVICE}",
                stacklevel=stacklevel + 1,
            )


def advice_of(spacing: Spacing | None) -> str:
    """What to do about a text with hardly any white space; an empty string for any other."""
    return f"The text has hardly any white space: {ADVICE}" if spacing is not None and spacing.scarce else ""


def measure(words_of: WordsOf, counts: NDArray[np.int64]) -> Spacing:
    """The spacing of a text with at least one token."""
    counts = counts[:MOST_WORDS]
    words = words_of(np.arange(len(counts)))
    lengths = np.fromiter(map(len, words), np.float64, len(words))
    unspaced = np.fromiter((_UNSPACED.search(word) is not None for word in words), np.float64, len(words))
    return Spacing(float(np.average(lengths, weights=counts)), float(np.average(unspaced, weights=counts)))
