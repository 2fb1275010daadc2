"""The names that models had in gensim 3 and before: each works, with one warning that has the new one."""

import warnings
from collections.abc import Callable
from typing import Any

from firth.gensim._warnings import renamed


def _asks_vectors(name: str) -> Callable[..., Any]:
    """A method of the model that is one of its vectors'."""

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        renamed(f"model.{name}", f"model.wv.{name}")
        return getattr(self.wv, name)(*arguments, **named)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The old name of `wv.{name}`."
    return method


class OldNames:
    """What a model of gensim 3 had and one of gensim 4 has elsewhere."""

    wv: Any
    epochs: int
    vector_size: int

    @property
    def iter(self) -> int:
        """The old name of `epochs`."""
        renamed("model.iter", "model.epochs")
        return self.epochs

    @iter.setter
    def iter(self, epochs: int) -> None:
        renamed("model.iter", "model.epochs")
        self.epochs = epochs

    @property
    def size(self) -> int:
        """The old name of `vector_size`."""
        renamed("model.size", "model.vector_size")
        return self.vector_size

    @property
    def syn0(self) -> Any:
        """The old name of `wv.vectors`."""
        renamed("model.syn0", "model.wv.vectors")
        return self.wv.vectors

    @syn0.setter
    def syn0(self, vectors: Any) -> None:
        renamed("model.syn0", "model.wv.vectors")
        self.wv.vectors = vectors

    @property
    def syn0norm(self) -> Any:
        """The old name of `wv.get_normed_vectors()`."""
        renamed("model.syn0norm", "model.wv.get_normed_vectors()")
        return self.wv._normed_vectors()

    @property
    def syn0_lockf(self) -> Any:
        """The old name of `wv.vectors_lockf`."""
        renamed("model.syn0_lockf", "model.wv.vectors_lockf")
        return self.wv.vectors_lockf

    @syn0_lockf.setter
    def syn0_lockf(self, lockf: Any) -> None:
        renamed("model.syn0_lockf", "model.wv.vectors_lockf")
        self.wv.vectors_lockf = lockf

    @property
    def index2word(self) -> list[Any]:
        """The old name of `wv.index_to_key`."""
        renamed("model.index2word", "model.wv.index_to_key")
        found: list[Any] = self.wv.index_to_key
        return found

    @property
    def vocab(self) -> Any:
        """The old name of `wv.key_to_index`: a mapping from words to objects with `count` and `index`."""
        renamed("model.vocab", "model.wv.key_to_index")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return self.wv.vocab

    @property
    def trainables(self) -> Any:
        """The model, which has what `trainables` had."""
        renamed("model.trainables", "the model itself")
        return self

    @property
    def vocabulary(self) -> Any:
        """The model, which has what `vocabulary` had."""
        renamed("model.vocabulary", "the model itself")
        return self

    def __getitem__(self, keys: Any) -> Any:
        """The old name of `wv[keys]`."""
        renamed("model[word]", "model.wv[word]")
        return self.wv[keys]

    def __contains__(self, key: Any) -> bool:
        """The old name of `key in wv`."""
        renamed("word in model", "word in model.wv")
        return key in self.wv

    __iter__ = None  # of a model there is no sequence; without this, Python would ask for model[0], model[1], ...

    most_similar = _asks_vectors("most_similar")
    most_similar_cosmul = _asks_vectors("most_similar_cosmul")
    similar_by_word = _asks_vectors("similar_by_word")
    similar_by_vector = _asks_vectors("similar_by_vector")
    similarity = _asks_vectors("similarity")
    n_similarity = _asks_vectors("n_similarity")
    distance = _asks_vectors("distance")
    wmdistance = _asks_vectors("wmdistance")
    doesnt_match = _asks_vectors("doesnt_match")
    evaluate_word_pairs = _asks_vectors("evaluate_word_pairs")
    accuracy = _asks_vectors("accuracy")
    save_word2vec_format = _asks_vectors("save_word2vec_format")
    intersect_word2vec_format = _asks_vectors("intersect_word2vec_format")

    @classmethod
    def load_word2vec_format(cls, *arguments: Any, **named: Any) -> Any:
        """The old name of `KeyedVectors.load_word2vec_format`, whose vectors these are: no model to train."""
        from firth.gensim.models import keyedvectors

        renamed(f"{cls.__name__}.load_word2vec_format", "KeyedVectors.load_word2vec_format")
        vectors: Any = keyedvectors.KeyedVectors
        return vectors.load_word2vec_format(*arguments, **named)

    def delete_temporary_training_data(self, *_: Any, **__: Any) -> None:
        """Do nothing: a model keeps no such data."""
        renamed("delete_temporary_training_data", "model.wv.save to keep the vectors alone")
