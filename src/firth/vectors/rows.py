"""What work on all rows shares: the parts of word vectors that it reads, blocks, lengths, checked numbers."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError, quoted
from firth.vectors.directions import Directions, Doubles, Floats, Ids

Progress = Callable[[str, int, int], None]
"""Called with what is done, how far it is and how far it goes."""

VALUES_AT_ONCE = 2**20
"""The most numbers that a block of rows holds: 8 MB in float64."""


class Vectors(Protocol):
    """What is read of word vectors: n words, their counts and their center rows (n, d)."""

    @property
    def words(self) -> list[str]:
        """The n words."""

    @property
    def counts(self) -> Ids:
        """Their counts (n,), zeros where the source has none."""

    @property
    def center(self) -> Floats:
        """Their rows (n, d)."""

    @property
    def directions(self) -> Directions:
        """The rows as directions."""


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


def blocks(rows: int, dim: int) -> Iterator[slice]:
    """Slices of at most `VALUES_AT_ONCE` numbers, or of one row, that cover rows of `dim` numbers in order."""
    at_once = max(1, VALUES_AT_ONCE // dim)
    for start in range(0, rows, at_once):
        yield slice(start, min(start + at_once, rows))


def lengths(vectors: Vectors) -> Doubles:
    """The lengths (n,) of the center rows; 0 for those without a direction, which are zero or not finite."""
    found = vectors.directions.lengths.copy()
    found[vectors.directions.missing] = 0.0
    return found


def unit(rows: Floats, lengths: Doubles) -> Doubles:
    """Rows (..., d) of known lengths (...) in float64, scaled to length 1; zeros where the length is 0."""
    there = (lengths > 0)[..., None]
    rows = np.where(there, rows.astype(np.float64, order="C"), 0.0)
    return np.asarray(rows / np.where(there, lengths[..., None], 1.0))


def most_frequent_ids(counts: Ids, most_frequent: int | None) -> Ids:
    """The ids of the most frequent words, rising; None means all. Of equal counts the first in the vocabulary."""
    n = len(counts)
    keep = n if most_frequent is None else min(n, whole("most_frequent", most_frequent, 1))
    if keep == n or (counts[:-1] >= counts[1:]).all():
        return np.arange(keep)
    return np.sort(np.argsort(-counts, kind="stable")[:keep])


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` as an int. Raises ConfigError if it is no whole number from `low` to `high`, both inclusive."""
    good = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not good or value < low or (high is not None and value > high):
        upper = "or more" if high is None else f"to {high:,}"
        raise ConfigError(f"{name} is {quoted(value)}: expected a whole number, {low} {upper}")
    return int(value)


def readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
