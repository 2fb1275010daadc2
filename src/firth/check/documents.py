"""The kernel that adds up the vectors of documents, compared with NumPy."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from firth.check.formulas import largest
from firth.corpus.vocabulary import LINE_END


def _means(rng: np.random.Generator) -> float:
    """Documents of 0 to 39 tokens: known words, words made of n-grams, and some without a vector."""
    from firth.vectors._documents import add_tokens

    center, made = (rng.normal(size=(n, 20)).astype(np.float32) for n in (50, 10))
    both, rows = np.concatenate([center, made]).astype(np.float64), rng.permutation(np.arange(-20, 60))
    weights = rng.uniform(0.01, 1.0, len(rows))
    documents = [rng.integers(len(rows), size=size) for size in range(40)]
    ids = np.concatenate([np.append(document, LINE_END) for document in documents]).astype(np.int32)
    expected = np.zeros((len(documents), 20))
    for mean, document in zip(expected, documents, strict=True):
        known = document[rows[document] >= 0]
        mean[:] = weights[known] @ both[rows[known]] / max(1, len(known))

    means = np.empty((len(documents), 20), np.float32)
    known, tokens = np.empty((2, len(documents)), np.int64)
    add_tokens(ids, rows, weights, center, made, np.zeros(20), np.zeros(3, np.int64), means, known, tokens)
    return largest(means - expected) / largest(expected)


DOCUMENTS: Mapping[str, Callable[[np.random.Generator], float]] = MappingProxyType({"means of documents": _means})
"""Name of a row -> function of a random generator that returns the largest deviation, relative to the largest value."""
