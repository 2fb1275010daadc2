"""Errors that are both firth's and a ValueError, which scikit-learn's programs and searches expect."""

from collections.abc import Iterator
from contextlib import contextmanager

from firth.errors import ConfigError, CorpusError, FirthError, VocabularyError


class DocumentsError(CorpusError, ValueError):
    """X is no sequence of documents, or holds nothing to learn from."""


class WordsError(VocabularyError, ValueError):
    """No word of the documents is left to train."""


class ParameterError(ConfigError, ValueError):
    """A parameter has a value that it cannot have."""


BOTH = {CorpusError: DocumentsError, VocabularyError: WordsError, ConfigError: ParameterError}
"""The errors of firth that have a counterpart here."""


@contextmanager
def value_errors() -> Iterator[None]:
    """Inside it, firth's errors about documents, words and settings are a ValueError too."""
    try:
        yield
    except FirthError as error:
        kind = BOTH.get(type(error))
        if kind is None:
            raise
        raise kind(*error.args) from error
