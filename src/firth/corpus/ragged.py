"""The rows of tables that have not the fields they should have: counted, and warned of once."""

from collections.abc import Callable


class Ragged:
    """How many rows have fewer and more fields than the first, and where the first of them are."""

    def __init__(self) -> None:
        """None yet."""
        self._short, self._long = 0, 0
        self._first_short, self._first_long = "", ""

    def add(self, place: Callable[[], str], is_long: bool = False) -> None:
        """Note a row that lacks fields, or has more of them, of which `place` says where it is."""
        if is_long:
            self._first_long = self._first_long or place()
            self._long += 1
        else:
            self._first_short = self._first_short or place()
            self._short += 1

    @property
    def faults(self) -> list[str]:
        """A sentence for each kind that there is."""
        told = []
        for count, first, have, so in (
            (self._short, self._first_short, "fewer", "a cell that is missing is read as a blank line"),
            (self._long, self._first_long, "more", "is text cut where a comma, say, is not in quotation marks?"),
        ):
            if count:
                rows = "row has" if count == 1 else "rows have"
                told.append(f"{count:,} {rows} {have} fields than the first row, the first at {first}: {so}")
        return told
