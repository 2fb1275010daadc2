"""The matrix that kernels take as U: the outside vectors of words, the nodes of a tree, or both, row by row in turn."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.declaring import BOTH, TREE

Matrix = npt.NDArray[np.float32]


class Outputs(NamedTuple):
    """Views of a matrix: the rows of words (n, width, dim), those of nodes (n - 1, width, dim), where it has them.

    width: how many vectors a row is as long as; 1 unless vectors are concatenated.
    """

    words: Matrix | None
    nodes: Matrix | None

    def given(self) -> list[Matrix]:
        """The views that there are."""
        return [view for view in self if view is not None]

    def fill(self, rows: Matrix) -> None:
        """Copy rows, those of words and then those of nodes, each (width · dim,)."""
        begin = 0
        for view in self.given():
            view[:] = rows[begin : begin + len(view)].reshape(view.shape)
            begin += len(view)


def output_rows(loss: str, words: int) -> int:
    """How many rows the matrix has for a number of words."""
    return {TREE: words - 1, BOTH: 2 * words - 1}.get(loss, words)


def outputs_of(matrix: Matrix, loss: str, width: int, dim: int) -> Outputs:
    """What a matrix with padded rows holds; see `_both` for the order of both."""
    views = matrix.reshape(len(matrix), width, -1)[:, :, :dim]
    if loss == TREE:
        return Outputs(None, views)
    return Outputs(views[::2], views[1::2]) if loss == BOTH else Outputs(views, None)
