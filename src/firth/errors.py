"""What can go wrong, by name. Every message says what was found, where, what was expected and what to do."""


class FirthError(Exception):
    """The parent of every error that firth raises on purpose."""


class CorpusError(FirthError):
    """The input cannot be read as a corpus, or holds nothing to train on."""


class VocabularyError(FirthError):
    """No word is left to train, or a vocabulary does not fit."""


class ConfigError(FirthError):
    """A setting is unknown or out of range."""


class FormatError(FirthError):
    """A file is not what its reader expects."""


class MissingExtraError(FirthError):
    """An optional package is needed; the message has the install command."""


class UnknownWordError(FirthError, KeyError):
    """A word is not in the vocabulary; the message names the nearest spellings."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes
