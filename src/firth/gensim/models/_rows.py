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
        self._held: tuple[Array, Array, Directions] | None = None

    def of(self, array: Array) -> tuple[Directions, bool]:
        """The rows (n, d), n at least 1, in float32 as directions, and whether they have changed since the last use."""
        probe = np.random.default_rng(1).standard_normal((array.shape[1],))
        exact = array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            marks = exact @ probe.astype(exact.dtype)
            if self._held is not None:
                last, last_marks, directions = self._held
                if last is array and np.array_equal(marks, last_marks, equal_nan=True):
                    return directions, False
            rows = np.asarray(exact, np.float32)
            directions = Directions(rows, lengths_of(rows))
        self._held = array, marks, directions
        return directions, True
