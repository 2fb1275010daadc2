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


class FastTextKeyedVectors(KeyedVectors):
    """Vectors by key that are means of the vectors of character n-grams."""

    def __init__(self, vector_size: int, min_n: int, max_n: int, bucket: int) -> None:
        super().__init__(vector_size)
        self.min_n, self.max_n, self.bucket = min_n, max_n, bucket
        self.vectors_vocab = self.vectors
        self.vectors_ngrams = np.zeros((bucket, vector_size), np.float32)

    def set_all_subwords(
        self, keys: Sequence[Any], rows: npt.NDArray[np.float32], counts: npt.NDArray[np.int64]
    ) -> None:
        """Take over keys, counts and the matrix (n + bucket, dim) of a model, which may go on changing it in place."""
        self.set_all(keys, rows[: len(keys)], counts)
        self.vectors_vocab, self.vectors_ngrams = rows[: len(keys)], rows[len(keys) :]
        self.adjust_vectors()

    def adjust_vectors(self) -> None:
        """Compute the vectors anew from the words' own rows and those of their n-grams."""
        from firth.vectors.subwords import mean_rows, ngram_rows

        if not self.bucket:
            self.vectors = self.vectors_vocab
            return
        words = list(map(str, self.index_to_key))
        rows = np.concatenate([self.vectors_vocab, self.vectors_ngrams])
        self.vectors = mean_rows(rows, *ngram_rows(words, self.min_n, self.max_n, self.bucket), self.vector_size)
