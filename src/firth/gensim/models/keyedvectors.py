"""gensim.models.keyedvectors: vectors by key, and questions to them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class KeyedVectors:
    """Vectors by key."""

    def __init__(self, vector_size: int, count: int = 0, dtype: Any = np.float32, mapfile_path: Any = None) -> None:
        self.vector_size = vector_size
        self.index_to_key: list[Any] = []
        self.key_to_index: dict[Any, int] = {}
        self.vectors = np.zeros((count, vector_size), dtype)
        self.expandos: dict[str, npt.NDArray[Any]] = {}
        self.norms: npt.NDArray[np.float32] | None = None

    def set_all(self, keys: Sequence[Any], vectors: npt.NDArray[np.float32], counts: npt.NDArray[np.int64]) -> None:
        """Take over the keys and vectors of a model, which may go on changing the array `vectors` in place."""
        self.index_to_key = list(keys)
        self.key_to_index = {key: index for index, key in enumerate(self.index_to_key)}
        self.vectors, self.expandos, self.norms = vectors, {"count": counts}, None
