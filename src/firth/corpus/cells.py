"""What the cells of a column are: texts, or lists of tokens; that is decided by the first that is not null."""

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any, Protocol

import numpy as np

from firth.corpus.columns import told
from firth.corpus.origin import Origin
from firth.errors import CorpusError

NULLS = {"NAType", "NaTType"}
"""The types of what stands for nothing in pandas, by name."""


class Cells(Origin, Protocol):
    """The cells of one column, to be read once."""

    def values(self) -> Iterator[Any]:
        """Yield the cells as they are."""

    def place(self) -> str:
        """Where the cell that was given last is, for a message."""


def divided(cells: Cells) -> tuple[bool, Iterator[Any]]:
    """Whether the cells hold text, and all of them: texts, "" for null; or else lists of tokens, () for null.

    Raises CorpusError, also while reading, for a cell that is neither or not of the kind of the first.
    """
    values = cells.values()
    nulls, first = 0, None
    for first in values:
        if not is_null(first):
            break
        nulls, first = nulls + 1, None
    head: list[Any] = [] if first is None else [first]
    values = chain(repeat(None, nulls), head, values)
    if first is None or isinstance(first, str):
        return True, _texts(values, cells)
    if _as_list(first) is None:
        raise CorpusError(f"{cells.place()}: the cell is {told(first)}; expected text or a list of tokens")
    return False, _lists(values, cells)


def is_null(cell: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, or what pandas has for them."""
    if isinstance(cell, float | np.floating):
        return bool(cell != cell)
    return cell is None or type(cell).__name__ in NULLS


def _texts(values: Iterator[Any], cells: Cells) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif is_null(value):
            yield ""
        else:
            raise CorpusError(f"{cells.place()}: the cell is {told(value)}; the first is text: expected text only")


def _lists(values: Iterator[Any], cells: Cells) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield value
        elif (tokens := _as_list(value)) is not None:
            yield tokens
        elif is_null(value):
            yield ()
        else:
            raise CorpusError(
                f"{cells.place()}: the cell is {told(value)}; the first is a list of tokens: expected such lists only"
            )


def _as_list(value: Any) -> list[Any] | tuple[Any, ...] | None:
    """A list of tokens as Python's; None for what is none."""
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, np.ndarray) or type(value).__name__ == "Series":
        tokens = value.tolist() if hasattr(value, "tolist") else value.to_list()
        return tokens if isinstance(tokens, list) else None
    return None
