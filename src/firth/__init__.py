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
from firth.exact.cooccurrences import Cooccurrences
from firth.exact.counting import cooccurrences
from firth.phrases import Phrases
from firth.run.documents import documents
from firth.run.train import train
from firth.vectors.container import WordVectors, load
from firth.vectors.documents import Documents

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "Cooccurrences",
    "CorpusError",
    "Documents",
    "FirthError",
    "FormatError",
    "MissingExtraError",
    "Phrases",
    "UnknownWordError",
    "VocabularyError",
    "WordVectors",
    "cooccurrences",
    "documents",
    "load",
    "reference",
    "train",
]
