"""gensim.models.keyedvectors: vectors by key, and questions to them."""

from typing import Any

from firth.gensim.models._keyed_vectors import KeyedVectors
from firth.gensim.models._lookup import prep_vectors
from firth.gensim.models._old_names import CompatVocab
from firth.gensim.models._rows import Array
from firth.gensim.models._subwords import FastTextKeyedVectors

__all__ = [
    "CompatVocab",
    "Doc2VecKeyedVectors",
    "EuclideanKeyedVectors",
    "FastTextKeyedVectors",
    "KeyedVectors",
    "Vocab",
    "Word2VecKeyedVectors",
    "load_word2vec_format",
    "prep_vectors",
    "pseudorandom_weak_vector",
]

Word2VecKeyedVectors = EuclideanKeyedVectors = Doc2VecKeyedVectors = KeyedVectors
Vocab = CompatVocab


def load_word2vec_format(*args: Any, **kwargs: Any) -> KeyedVectors:
    """The vectors in a file of word2vec's; see `KeyedVectors.load_word2vec_format`."""
    return KeyedVectors.load_word2vec_format(*args, **kwargs)


def pseudorandom_weak_vector(size: int, seed_string: str | None = None, hashfxn: Any = None) -> Array:
    """A random vector (size,) of numbers from -0.5/size to 0.5/size, the same for the same `seed_string`."""
    from zlib import crc32

    import numpy as np

    seed = None if seed_string is None else (hashfxn(seed_string) if hashfxn else crc32(seed_string.encode())) % 2**32
    return np.asarray((np.random.default_rng(seed).random(size, np.float32) - 0.5) / size)
