"""firth learns vectors for words, and for anything else that comes in sequences, from your own data."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from firth.formats.loading import load
    from firth.phrases import Phrases
    from firth.run.documents import documents
    from firth.run.infer import infer
    from firth.run.sharing import push
    from firth.run.train import train
    from firth.vectors.alignment import align
    from firth.vectors.container import WordVectors
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
    "align",
    "cooccurrences",
    "documents",
    "infer",
    "load",
    "push",
    "reference",
    "train",
]

_PLACES = {
    "Cooccurrences": "exact.cooccurrences",
    "cooccurrences": "exact.counting",
    "Phrases": "phrases",
    "train": "run.train",
    "WordVectors": "vectors.container",
    "align": "vectors.alignment",
    "Documents": "vectors.documents",
    "documents": "run.documents",
    "infer": "run.infer",
    "load": "formats.loading",
    "push": "run.sharing",
}
"""Where each public name is that is not an error; each is imported at its first use, so that queries start at once."""


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__ or name == "reference":
        try:
            return import_module(f"firth.{name}")
        except ModuleNotFoundError:
            raise AttributeError(f"module 'firth' has no attribute {name!r}") from None
    value = getattr(import_module(f"firth.{_PLACES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
