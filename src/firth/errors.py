"""What can go wrong, by name. Every message says what was found, where, what was expected and what to do."""

QUOTED = 100
"""The most characters of what a user or a file gives that a message repeats, the quotation marks included."""


def quoted(value: object) -> str:
    """A value for a message: as Python writes it, cut to `QUOTED` characters; what is long is cut before."""
    if isinstance(value, str | bytes | bytearray | list | tuple):
        value = value[:QUOTED]
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 3]}..."


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
