"""Errors that are both firth's and of the kind that programs written for gensim catch."""

from firth.errors import (
    ConfigError,
    CorpusError,
    FirthError,
    FormatError,
    MissingExtraError,
    UnknownWordError,
    VocabularyError,
)


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


class EmptyError(ArgumentError, ZeroDivisionError):
    """A list of keys is empty; gensim raises ZeroDivisionError in some places and ValueError in others."""


class UnsupportedError(FirthError, NotImplementedError):
    """A method that is not for this class."""


class NoFileError(FormatError, FileNotFoundError):
    """There is no such file, or no folder to write it in."""

    __str__ = Exception.__str__


class FolderError(FormatError, IsADirectoryError):
    """A folder is in the place of a file."""


class DecodingError(FormatError, ValueError):
    """A word of a file is not text in the encoding that was given."""


class MissingPackageError(MissingExtraError, ImportError):
    """An optional package is needed; the message has the install command."""


class SentencesError(CorpusError, TypeError):
    """The sentences are not what a model can read."""


class NoTextError(SentencesError, FileNotFoundError):
    """There is no such text to read sentences from."""


class TextFolderError(SentencesError, IsADirectoryError):
    """A folder is in the place of a text to read sentences from."""


class NothingToTrainError(VocabularyError, CorpusError, RuntimeError):
    """The sentences hold nothing, or no word of them is frequent enough."""


class HookError(FirthError, TypeError):
    """A subclass overrides an inner method of gensim's that firth never calls."""
