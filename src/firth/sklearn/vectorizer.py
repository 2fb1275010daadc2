"""What the vectorizers share: how they read documents, train, are pickled, and answer scikit-learn."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from firth.run.train import train
from firth.sklearn.errors import ParameterError, value_errors
from firth.sklearn.texts import are_texts, documents_of
from firth.vectors.container import WordVectors
from firth.vectors.directions import Floats
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords

TRAINING = (
    *("loss", "architecture", "dim", "window", "min_count", "max_vocab", "epochs", "lr", "min_lr", "subsample"),
    *("negatives", "seed", "threads"),
)
"""The parameters of both classes that are settings of `firth.train`; None stands for its default."""

ELSEWHERE = {
    "quiet": "verbose=True shows progress",
    "documents": "the class decides",
    "preset": "give its settings",
    "phrases": "join the words of texts before, with firth.Phrases",
}
"""Settings of `firth.train` that cannot be among `settings`, and what to do."""

PARTS: dict[str, Any] = {"subwords": Subwords, "documents": DocumentVectors}
"""The parts of word vectors that have fields of their own."""


class Vectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Documents -> vectors. A class names its parameters, and says how it learns and how it makes vectors."""

    lower: bool
    tokenizer: Any
    settings: Mapping[str, Any] | None
    verbose: bool
    vectors_: WordVectors

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from documents; y is not used. Returns the vectorizer.

        X: an iterable of strings or of lists of tokens, such as a list, a pandas Series or a NumPy array (m,).

        Raises errors that are both firth's and a ValueError: for another X, for documents without a word that occurs
        min_count times, and for parameters out of range.
        """
        with value_errors():
            self._learn(documents_of(X))
        return self

    def transform(self, X: Any) -> Floats:
        """The vectors of documents, float32 (m, dim), row n of document n; zeros for one without known words.

        X: as for `fit`. Raises NotFittedError before `fit`, and a ValueError for another X.
        """
        check_is_fitted(self)
        with value_errors():
            return self._vectors_of(documents_of(X))

    def fit_transform(self, X: Any, y: Any = None) -> Floats:
        """Learn from documents and return their vectors: what `transform` gives after `fit`."""
        with value_errors():
            documents = documents_of(X)
            self._learn(documents)
            return self._vectors_of(documents)

    def _learn(self, documents: list[Any]) -> None:
        raise NotImplementedError

    def _vectors_of(self, documents: list[Any]) -> Floats:
        raise NotImplementedError

    @property
    def _n_features_out(self) -> int:
        """What scikit-learn asks to name the columns; there is none before `fit`."""
        return int(self.vectors_.center.shape[1])

    def _train(self, documents: list[Any], /, **more: Any) -> WordVectors:
        """Vectors trained on documents, with the parameters, `settings` and more settings of the class."""
        given = {name: value for name in TRAINING if (value := getattr(self, name)) is not None}
        others, reading = self._other_settings(), self._reading(documents)
        return train(iter(documents), quiet=not self.verbose, **given, **more, **others, **reading)

    def _other_settings(self) -> dict[str, Any]:
        """The checked `settings`."""
        if self.settings is None:
            return {}
        if not isinstance(self.settings, Mapping):
            raise ParameterError(
                f"settings is {self.settings!r:.100}: expected a dict of other settings of firth.train"
            )
        for name in self.settings:
            if name in self.get_params(deep=False):
                raise ParameterError(f"settings has {name!r}, which is a parameter: give {name}= in its place")
            if name in ELSEWHERE:
                raise ParameterError(f"settings has {name!r}: leave it out; {ELSEWHERE[name]}")
        return dict(self.settings)

    def _reading(self, documents: list[Any]) -> dict[str, Any]:
        """How documents are divided into tokens; lists of tokens are taken as they are."""
        if are_texts(documents):
            return {"lower": self.lower, "tokenizer": "whitespace" if self.tokenizer is None else self.tokenizer}
        return {"lower": False, "tokenizer": "whitespace"}

    def __getstate__(self) -> dict[str, Any]:
        """The parameters, and the parts of the word vectors as plain values and arrays."""
        state: dict[str, Any] = dict(super().__getstate__())
        if "vectors_" in state:
            parts: dict[str, Any] = dict(self.vectors_.parts())
            for name in PARTS:
                if parts[name] is not None:
                    parts[name] = fields_of(parts[name])
            state["vectors_"] = parts
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        if "vectors_" in state:
            parts = dict(state["vectors_"])
            for name, kind in PARTS.items():
                if parts[name] is not None:
                    parts[name] = kind(**parts[name])
            state = state | {"vectors_": WordVectors(**parts)}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        """That X is of strings, in one dimension, and the vectors are float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, as they are."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
