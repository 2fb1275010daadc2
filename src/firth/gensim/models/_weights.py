"""The matrices of a model as training takes them, and which of their rows it leaves alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.gensim._errors import ArgumentError
from firth.native.arrays import aligned_rows

Floats = npt.NDArray[np.float32]


class Weights:
    """Input and output rows, each (any, dim rounded up to 16), that training changes in place.

    outputs: first the words' own (negative sampling), then those of the tree's nodes and one that is not used.
    """

    def __init__(self, inputs: int, outputs: int, dim: int, seed: int) -> None:
        """Input rows uniform in ±1/(2 dim), output rows zero."""
        from firth.native import rng

        self.dim = dim
        self._inputs, self._outputs = aligned_rows(inputs, dim), aligned_rows(outputs, dim)
        rng.fill_uniform(self._inputs, dim, rng.stream_key(seed, 0, 0))

    @property
    def inputs(self) -> Floats:
        """(inputs, dim), a view."""
        return self._inputs[:, : self.dim]

    @property
    def outputs(self) -> Floats:
        """(outputs, dim), a view."""
        return self._outputs[:, : self.dim]

    def holds(self, inputs: Sequence[Floats], outputs: Sequence[Floats]) -> bool:
        """Whether these arrays, one below the other, are the matrices themselves."""
        return _is_stack(self.inputs, inputs) and _is_stack(self.outputs, outputs)

    def give(self, trainer: Any) -> None:
        """Let a trainer work on these matrices in place of its own."""
        trainer.center, trainer.outside = self._inputs, self._outputs[: len(trainer.outside)]


def _is_stack(matrix: Floats, parts: Sequence[Floats]) -> bool:
    at, left = matrix.ctypes.data, len(matrix)
    for part in parts:
        if part.dtype != matrix.dtype or part.shape[1:] != matrix.shape[1:]:
            return False
        if part.ctypes.data != at or (len(part) > 1 and part.strides != matrix.strides):
            return False
        at += len(part) * matrix.strides[0]
        left -= len(part)
    return left == 0


def copy_rows(target: Floats, source: Any, name: str) -> None:
    """Copy rows into the first of a matrix; the rest stay. Raises ArgumentError where they do not fit."""
    rows = np.asarray(source)
    if rows.ndim != 2 or rows.shape[1] != target.shape[1] or len(rows) > len(target) or rows.dtype.kind not in "fiu":
        raise ArgumentError(f"{name} is {rows.dtype} of shape {rows.shape}: expected numbers of shape {target.shape}")
    target[: len(rows)] = rows


def frozen_words(lockf: Any, words: int) -> npt.NDArray[np.int64] | None:
    """(words,) int64, 1 for each word whose vector stays as it is; None if all are trained.

    lockf: 0 or 1 for each word, or one number for all. Raises ArgumentError for others.
    """
    if lockf is None:
        return None
    factors = np.asarray(lockf).reshape(-1)
    if len(factors) not in (1, words):
        raise ArgumentError(f"vectors_lockf has {len(factors):,} numbers: expected one for each of {words:,} words")
    if not np.isin(factors, (0, 1)).all():
        other = factors[~np.isin(factors, (0, 1))][0]
        raise ArgumentError(
            f"vectors_lockf holds {other!r:.40}: expected 0 (the vector stays) or 1 (it is trained); firth has no rates "
            "between them"
        )
    return None if factors.all() else np.broadcast_to(factors == 0, words).astype(np.int64)
