"""The matrices of a model as training takes them, and which of their rows it leaves alone."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.gensim._errors import ArgumentError
from firth.native.arrays import aligned_rows

Floats = npt.NDArray[np.float32]


class Weights:
    """Input and output rows, each (any, dim rounded up to 16), that training changes in place.

    inputs: (inputs, dim), a view. outputs: those by the names that models have for them, each (words, dim), views:
    "syn1neg", the words' own, with negative sampling; "syn1", those of the tree's nodes and one that is not used.
    """

    def __init__(self, inputs: int, words: int, dim: int, seed: int, *, negatives: bool, tree: bool) -> None:
        """Input rows uniform in ±1/dim, as gensim 4 begins and twice what word2vec.c does; output rows zero."""
        from firth.native import rng

        names = ("syn1neg",) * negatives + ("syn1",) * tree
        self._inputs, self._outputs = aligned_rows(inputs, dim), aligned_rows(words * len(names), dim)
        rng.fill_uniform(self._inputs, dim, rng.stream_key(seed, 0, 0))
        self._inputs *= 2.0
        self.inputs = self._inputs[:, :dim]
        # of two kinds the rows take turns, see `firth.sgd._both`
        self.outputs = {name: self._outputs[place :: len(names), :dim] for place, name in enumerate(names)}

    def holds(self, inputs: Sequence[Floats], outputs: Mapping[str, Floats]) -> bool:
        """Whether these input rows, one part below the other, and these output rows are the matrices themselves."""
        ends = list(itertools.accumulate(map(len, inputs)))
        parts = [self.inputs[end - len(part) : end] for part, end in zip(inputs, ends, strict=True)]
        return (
            ends[-1] == len(self.inputs)
            and all(map(_same, inputs, parts))
            and outputs.keys() == self.outputs.keys()
            and all(_same(rows, self.outputs[name]) for name, rows in outputs.items())
        )

    def of_trainer(self, outputs: int) -> tuple[Floats, Floats]:
        """The matrices as a trainer takes them, with this many output rows."""
        return self._inputs, self._outputs[:outputs]


def _same(one: Floats, other: Floats) -> bool:
    """Whether two matrices are the same memory."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return not one.size or (one.ctypes.data == other.ctypes.data and one.strides == other.strides)


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
            f"vectors_lockf holds {other!r:.40}: expected 0 (the vector stays) or 1 (it is trained); firth has no "
            "rates between them"
        )
    return None if factors.all() else np.broadcast_to(factors == 0, words).astype(np.int64)
