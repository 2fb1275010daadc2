"""firth learns vectors for words, and for anything else that comes in sequences, from your own data."""

from firth import reference
from firth.errors import (
    ConfigError,
    CorpusError,
    FirthError,
    FormatError,
    MissingExtraError,
    UnknownWordError,
    VocabularyError,
)
from firth.formats import load
from firth.run import train
from firth.vectors import WordVectors

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "CorpusError",
    "FirthError",
    "FormatError",
    "MissingExtraError",
    "UnknownWordError",
    "VocabularyError",
    "WordVectors",
    "load",
    "reference",
    "train",
]
