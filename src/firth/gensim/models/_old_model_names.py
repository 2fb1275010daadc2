"""The names that models had in gensim 3 and before: each works, with one warning that has the new one."""

import warnings
from collections.abc import Callable
from typing import Any

from firth.gensim._warnings import callers_level, renamed


def _asks_vectors(name: str) -> Callable[..., Any]:
    """A method of the model that is one of its vectors'."""

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        renamed(f"model.{name}", f"model.wv.{name}")
        return getattr(self.wv, name)(*arguments, **named)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The old name of `wv.{name}`."
    return method


def _vocab(model: Any) -> Any:
    """A mapping from words to objects with `count` and `index`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return model.wv.vocab


class OldName:
    """The old name of something; where a program sets an attribute of this name, it has that."""

    def __init__(self, new: str, value: Callable[[Any], Any]) -> None:
        self._new, self._value = new, value
        self.__doc__ = f"The old name of `{new}`."

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name."""
        self._name = name

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        """What has the new name, with a warning."""
        if model is None:
            return self
        renamed(f"model.{self._name}", self._new, stacklevel=callers_level() + 1)
        return self._value(model)


class SettableOldName(OldName):
    """The old name of an attribute; to set it sets that. Before there are vectors, it is an attribute of its own."""

    def __init__(self, new: str, holder: Callable[[Any], Any], attribute: str) -> None:
        super().__init__(new, lambda model: getattr(holder(model), attribute))
        self._holder, self._attribute = holder, attribute

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        """What has the new name, with a warning."""
        if model is not None and self._name in vars(model):
            return vars(model)[self._name]
        return super().__get__(model, owner)

    def __set__(self, model: Any, value: Any) -> None:
        """Set what has the new name, with a warning."""
        if "wv" not in vars(model):
            vars(model)[self._name] = value
            return
        renamed(f"model.{self._name}", self._new, stacklevel=callers_level() + 1)
        setattr(self._holder(model), self._attribute, value)


class OldNames:
    """What a model of gensim 3 had and one of gensim 4 has elsewhere."""

    wv: Any
    epochs: int
    vector_size: int

    size = OldName("model.vector_size", lambda model: model.vector_size)
    syn0norm = OldName("model.wv.get_normed_vectors()", lambda model: model.wv._normed_vectors())
    index2word = OldName("model.wv.index_to_key", lambda model: model.wv.index_to_key)
    vocab = OldName("model.wv.key_to_index", _vocab)
    trainables = OldName("the model itself", lambda model: model)
    vocabulary = OldName("the model itself", lambda model: model)
    iter = SettableOldName("model.epochs", lambda model: model, "epochs")
    syn0 = SettableOldName("model.wv.vectors", lambda model: model.wv, "vectors")
    syn0_lockf = SettableOldName("model.wv.vectors_lockf", lambda model: model.wv, "vectors_lockf")
    vectors_lockf = SettableOldName("model.wv.vectors_lockf", lambda model: model.wv, "vectors_lockf")

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
    save_word2vec_format = _asks_vectors("save_word2vec_format")
    intersect_word2vec_format = _asks_vectors("intersect_word2vec_format")

    def accuracy(self, *arguments: Any, **named: Any) -> Any:
        """The old name of `wv.evaluate_word_analogies`, for its sections alone."""
        renamed("model.accuracy", "model.wv.evaluate_word_analogies")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "accuracy is the name", DeprecationWarning)
            return self.wv.accuracy(*arguments, **named)

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
