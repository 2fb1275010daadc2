"""firth learns vectors for words, and for anything else that comes in sequences, from your own data."""

from firth import reference
from firth.cooccurrence import cooccurrences
from firth.counts import Cooccurrences
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
from firth.phrasebook import Phrases
from firth.run import train
from firth.vectors import WordVectors

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "Cooccurrences",
    "CorpusError",
    "FirthError",
    "FormatError",
    "MissingExtraError",
    "Phrases",
    "UnknownWordError",
    "VocabularyError",
    "WordVectors",
    "cooccurrences",
    "load",
    "reference",
    "train",
]
