"""Where lines come from: how a message calls it, and what reading it found."""

import warnings
from collections.abc import Iterable
from typing import Protocol


class Origin(Protocol):
    """What is read, line by line."""

    @property
    def name(self) -> str:
        """What it is, for a message."""

    @property
    def replaced(self) -> int:
        """How many invalid UTF-8 sequences were replaced so far."""

    @property
    def notes(self) -> list[str]:
        """What a user should know of how it was read, when all is."""

    @property
    def faults(self) -> list[str]:
        """What was wrong in it, when all is read: a sentence for each kind."""

    def warn(self, stacklevel: int) -> None:
        """Warn of what was wrong in it, when all is read."""


def warn_of(faults: Iterable[str], stacklevel: int) -> None:
    """Warn of each fault."""
    for fault in faults:
        warnings.warn(fault, stacklevel=stacklevel + 1)


class InMemory:
    """Lists of tokens, or texts, in memory: there is nothing to decode."""

    replaced = 0

    def __init__(self, name: str) -> None:
        self.name = name
        self.notes: list[str] = []
        self.faults: list[str] = []

    def warn(self, stacklevel: int) -> None:
        """Do nothing."""
