"""The vectors that training with documents learns: one for each tag of a document."""

import dataclasses
from functools import cached_property

from firth.errors import FormatError
from firth.vectors.directions import Floats


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DocumentVectors:
    """Vectors of m tags of documents: paragraph vectors (Le and Mikolov, 2014).

    matrix: float32 (m, d), one row for each tag. names: the m tags, or None where they are the numbers of the lines,
    from 0. Where training concatenates the vectors of a window, outside: float32 (k, w d), the outside vectors of n
    words, then the nodes of the tree, as the loss has them, for w vectors side by side, first those of the tags; and
    padding: float32 (d,), what stands in the places of a window beyond a document's ends.

    Raises FormatError where the parts do not fit together.
    """

    matrix: Floats
    names: list[str] | None = None
    outside: Floats | None = None
    padding: Floats | None = None

    def __post_init__(self) -> None:
        if self.names is not None and len(self.names) != len(self.matrix):
            tags, rows = len(self.names), len(self.matrix)
            raise FormatError(f"there are {tags} tags and {rows} vectors of documents: expected as many of each")

    def __len__(self) -> int:
        """The number of tags."""
        return len(self.matrix)

    @cached_property
    def rows(self) -> dict[str, int] | range:
        """The row of each tag."""
        return range(len(self)) if self.names is None else {name: row for row, name in enumerate(self.names)}
