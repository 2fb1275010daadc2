"""gensim.matutils: lengths, cosines and order of vectors, dense or as lists of (place, value)."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.gensim._errors import ArgumentError

_NORMS = ("l1", "l2", "unique")

SparseVector = Iterable[tuple[int, float]]


def unitvec(vec: Any, norm: str = "l2", return_norm: bool = False) -> Any:
    """A vector divided by its length; with return_norm, that and the length.

    vec: an array of any shape, a SciPy sparse matrix, or a list of (place, value); the result is of the same kind, and
    whole numbers become floats. norm: "l2", "l1", or "unique", the number of values that are not 0. A vector of
    zeros stays as it is, with length 1. Raises ArgumentError for another norm or another kind of vector.
    """
    if norm not in _NORMS:
        raise ArgumentError(f"norm is {norm!r:.100}: expected {', '.join(map(repr, _NORMS))}")
    if isinstance(vec, list | tuple) and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in vec):
        length = _length(np.array([value for _, value in vec], float), norm)
        unit: Any = [(place, value / length) for place, value in vec]
    elif isinstance(vec, np.ndarray):
        length = _length(vec, norm)
        unit = vec / vec.dtype.type(length) if np.issubdtype(vec.dtype, np.floating) else vec / length
    elif hasattr(vec, "tocsr"):
        length = _length(vec.tocsr().data, norm)
        unit = vec / length
    else:
        raise ArgumentError(f"the vector is {vec!r:.100} ({type(vec).__name__}): expected an array or a list of pairs")
    return (unit, length) if return_norm else unit


def _length(values: npt.NDArray[Any], norm: str) -> float:
    """The length of a vector, and 1 for one of zeros."""
    if norm == "unique":
        return float(np.count_nonzero(values)) or 1.0
    values = np.abs(values.astype(float).ravel())
    return float(values.sum() if norm == "l1" else math.hypot(*values)) or 1.0


def veclen(vec: SparseVector) -> float:
    """The Euclidean length of a vector of (place, value)."""
    return math.hypot(*(value for _, value in vec))


def cossim(vec1: SparseVector | Mapping[int, float], vec2: SparseVector | Mapping[int, float]) -> float:
    """The cosine of two vectors of (place, value), from -1 to 1; 0 where one is empty or of zeros."""
    first, second = dict(vec1), dict(vec2)
    lengths = veclen(first.items()) * veclen(second.items())
    return sum(value * second.get(place, 0.0) for place, value in first.items()) / lengths if lengths else 0.0


def argsort(x: npt.ArrayLike, topn: int | None = None, reverse: bool = False) -> npt.NDArray[np.intp]:
    """The places of the `topn` smallest values by rising value; with reverse, of the greatest by falling value."""
    values = np.asarray(x)
    topn = values.size if topn is None else min(topn, values.size)
    if topn <= 0:
        return np.empty(0, np.intp)
    if reverse:
        values = -values
    if topn == values.size:
        return np.argsort(values)
    chosen = np.argpartition(values, topn - 1)[:topn]
    return chosen[np.argsort(values[chosen])]
