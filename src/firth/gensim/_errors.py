"""Errors that are both firth's and of the kind that programs written for gensim catch."""

from firth.errors import ConfigError, FirthError, UnknownWordError


class ArgumentError(ConfigError, ValueError):
    """An argument has a value that it cannot have."""


class KindError(ConfigError, TypeError):
    """An argument is of a type that it cannot be."""


class NotReadyError(FirthError, RuntimeError):
    """Something else has to be done first, such as building the vocabulary."""


class UnknownKeyError(UnknownWordError, ValueError):
    """A key is not there; gensim raises KeyError in most places and ValueError in some."""


class AbsentError(FirthError, ModuleNotFoundError):
    """An import of something of gensim's that firth does not have."""


class AbsentNameError(FirthError, AttributeError):
    """Something of gensim's that firth does not have was asked of a module."""
