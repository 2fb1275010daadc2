"""The rows of an array that programs may change in place, as directions that are never out of date."""

from typing import Any

import numpy as np
import numpy.typing as npt

from firth.vectors.directions import Directions, lengths_of

Array = npt.NDArray[Any]


class Rows:
    """The directions of an array's rows, kept until the array or a row of it changes.

    Every use projects all rows on one fixed random vector, which costs what one query costs, and compares the
    projections with the last ones. A row that has changed has another projection, but for changes of the size of
    float32's rounding.
    """

    def __init__(self) -> None:
        self._array: Array | None = None
        self._marks: Array | None = None
        self._directions: Directions | None = None

    def of(self, array: Array) -> tuple[Directions, bool]:
        """The rows (n, d), n at least 1, in float32 as directions, and whether they have changed since the last use."""
        probe = np.random.default_rng(1).standard_normal((array.shape[1],)).astype(array.dtype)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            marks = array @ probe
            known = array is self._array and self._marks is not None
            if not known or not np.array_equal(marks, self._marks, equal_nan=True):  # type: ignore[arg-type]
                rows = np.asarray(array, np.float32)
                self._directions = Directions(rows, lengths_of(rows))
                self._array, self._marks = array, marks
                known = False
        assert self._directions is not None
        return self._directions, not known
