"""The matrices of a model of documents as training takes them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.declaring import BOTH
from firth.gensim._errors import ArgumentError
from firth.native.arrays import aligned_rows
from firth.sgd.outputs import outputs_of

Floats = npt.NDArray[np.float32]


class DocumentWeights:
    """Rows of words and of documents, output rows and the padding, which training changes in place.

    views: by name, "vectors" (words, dim), "documents" (documents, dim), "padding" (dim,) and, as the loss has them,
    "syn1neg" (words, dim) and "syn1" (words, dim), whose last row is not used. Where `width` vectors are concatenated,
    the last two are (words, width, dim).
    """

    def __init__(self, words: int, documents: int, width: int, dim: int, loss: str, seed: int) -> None:
        """Rows of words and documents uniform in ±1/dim, as gensim 4 has them, the others zero.

        That is twice what firth and word2vec.c begin with; concatenated vectors learn measurably sooner from there.
        """
        from firth.native import rng

        self._words, self._documents, self._padding = (aligned_rows(n, dim) for n in (words, documents, 1))
        rows = words * (2 if loss == BOTH else 1)
        self._outputs = aligned_rows(rows, dim if width == 1 else width * self._words.shape[1])
        for purpose, matrix in enumerate((self._words, self._documents)):
            rng.fill_uniform(matrix, dim, rng.stream_key(seed, 0, purpose))
            matrix *= 2.0
        self.views: dict[str, Floats] = {
            "vectors": self._words[:, :dim],
            "documents": self._documents[:, :dim],
            "padding": self._padding[0, :dim],
        }
        for name, view in zip(("syn1neg", "syn1"), outputs_of(self._outputs, loss, width, dim), strict=True):
            if view is not None:
                self.views[name] = view[:, 0] if width == 1 else view

    def holds(self, arrays: Mapping[str, Floats]) -> bool:
        """Whether these arrays are the views."""
        return arrays.keys() == self.views.keys() and all(_same(arrays[name], self.views[name]) for name in arrays)

    def copy(self, arrays: Mapping[str, Floats]) -> None:
        """Copy arrays into the first rows of the views of their names. Raises ArgumentError where they do not fit."""
        for name, source in arrays.items():
            target, rows = self.views[name], np.asarray(source)
            if rows.shape[1:] != target.shape[1:] or len(rows) > len(target) or rows.dtype.kind not in "fiu":
                shown = {"vectors": "wv.vectors", "documents": "dv.vectors"}.get(name, name)
                raise ArgumentError(
                    f"{shown} is {rows.dtype} of shape {rows.shape}: expected numbers of shape {target.shape}"
                )
            target[: len(rows)] = rows

    def of_trainer(self, outputs: int) -> tuple[Floats, Floats]:
        """The rows of words and this many output rows, as a trainer takes them."""
        return self._words, self._outputs[:outputs]

    def give(self, trainer: Any) -> None:
        """Let a trainer, or an inference, work on these matrices in place of its own."""
        trainer.center, trainer.outside = self.of_trainer(len(trainer.outside))
        trainer.documents, trainer.padding = self._documents, self._padding


def _same(one: Floats, other: Floats) -> bool:
    """Whether two arrays are the same numbers in the same place."""
    return one.__array_interface__ == other.__array_interface__
