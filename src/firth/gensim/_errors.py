"""Errors that are both firth's and of the kind that programs written for gensim catch."""

from firth.errors import ConfigError, CorpusError, FirthError, UnknownWordError, VocabularyError


class ArgumentError(ConfigError, ValueError):
    """An argument has a value that it cannot have."""


class KindError(ConfigError, TypeError):
    """An argument is of a type that it cannot be."""


class NotReadyError(FirthError, RuntimeError):
    """Something else has to be done first, such as building the vocabulary."""


class UnknownKeyError(UnknownWordError, ValueError):
    """A key is not there; gensim raises KeyError in most places and ValueError in some."""


class SentencesError(CorpusError, TypeError):
    """The sentences are not what a model can read."""


class NothingToTrainError(VocabularyError, CorpusError, RuntimeError):
    """The sentences hold nothing, or no word of them is frequent enough."""


class HookError(FirthError, TypeError):
    """A subclass overrides an inner method of gensim's that firth never calls."""
