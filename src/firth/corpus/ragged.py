"""The rows of tables that have not the fields they should have: counted, and warned of once."""

import warnings
from collections.abc import Callable


class Ragged:
    """How many rows have not the fields of the first, and where the first of them is."""

    def __init__(self) -> None:
        """None yet."""
        self._count, self._first = 0, ""

    def add(self, place: Callable[[], str]) -> None:
        """Note a row, of which `place` says where it is."""
        self._first = self._first or place()
        self._count += 1

    def warn(self, stacklevel: int) -> None:
        """Warn of all in one warning."""
        if self._count:
            have = "row has" if self._count == 1 else "rows have"
            warnings.warn(
                f"{self._count:,} {have} other fields than the first row, the first at {self._first}: "
                "a cell that is missing is read as a blank line",
                stacklevel=stacklevel + 1,
            )
