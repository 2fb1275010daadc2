"""Which words of a corpus its vocabulary leaves out, and how many tokens go with them."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LeftOut(NamedTuple):
    """Words of a corpus that one setting leaves out."""

    setting: str  # "min_count", "max_vocab" or "vocab"
    why: str  # what the words have in common, for a message
    words: int
    tokens: int  # of these words
    of: int  # tokens of the corpus, a joined phrase being one

    def __str__(self) -> str:
        """One line that says what is left out, and by which setting."""
        option = "--" + self.setting.replace("_", "-")
        return (
            f"left out {self.words:,} word{'s'[: self.words != 1]} {self.why}: {self.tokens:,} "
            f"token{'s'[: self.tokens != 1]}, {percent(self.tokens / self.of)} of all; {self.setting} ({option})"
        )

    @property
    def is_most(self) -> bool:
        """Whether min_count leaves out more than half of the tokens."""
        return self.setting == "min_count" and 2 * self.tokens > self.of


def count_left_out(
    counts: NDArray[np.int64],
    dropped: NDArray[np.bool_],
    rare: NDArray[np.bool_],
    unlisted: NDArray[np.bool_] | None,
    min_count: int,
    kept: int,
) -> list[LeftOut]:
    """What each setting leaves out of the words of a text, if it leaves out any.

    counts, dropped: of all words how often they occur, and whether the vocabulary of `kept` words lacks them. rare:
    whether their frequency is below `min_count`. unlisted: whether a given vocabulary lacks them; None without one.
    """
    if unlisted is None:
        unlisted = np.zeros(len(counts), bool)
        few = f"that {{occur}} fewer than {min_count:,} times" if min_count > 2 else "that {occur} once"
    else:
        few = f"with a count below {min_count:,} in the given vocabulary"
    parts = [
        ("vocab", "that the given vocabulary lacks", unlisted),
        ("min_count", few, rare & ~unlisted),
        ("max_vocab", f"so that {kept:,} remain{'s'[: kept == 1]}", ~rare & ~unlisted),
    ]
    found, of = [], int(counts.sum())
    for setting, why, part in parts:
        gone = dropped & part
        if gone.any():
            words = int(gone.sum())
            why = why.format(occur="occurs" if words == 1 else "occur")
            found.append(LeftOut(setting, why, words, int(counts.sum(where=gone)), of))
    return found


def percent(share: float) -> str:
    """A share in per cent, for a message."""
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.2g}%"


def warn_if_most_is_left_out(left_out: list[LeftOut], stacklevel: int) -> None:
    """Warn if min_count leaves out more than half of the tokens."""
    for one in left_out:
        if one.is_most:
            warnings.warn(
                f"{one}. More than half of the corpus is gone: give a lower min_count (--min-count 1 keeps all words), "
                "or, where the words are not those of the language, another tokenizer (--tokenizer)",
                stacklevel=stacklevel + 1,
            )
