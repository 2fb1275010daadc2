"""gensim's names for firth: a program that imports them from here runs unchanged.

`from firth.gensim import Word2Vec`, or before anything imports gensim:

    import sys
    import firth.gensim

    sys.modules["gensim"] = firth.gensim
"""

from typing import TYPE_CHECKING

from firth.gensim._importing import first_use, install

if TYPE_CHECKING:
    from firth.gensim import corpora, downloader, matutils, models, scripts, similarities, test, utils
    from firth.gensim.models import Doc2Vec, FastText, FrozenPhrases, KeyedVectors, Phrases, Word2Vec

__version__ = "4.4.0"
"""The version of gensim whose names these are."""

__all__ = [
    "Doc2Vec",
    "FastText",
    "FrozenPhrases",
    "KeyedVectors",
    "Phrases",
    "Word2Vec",
    "corpora",
    "downloader",
    "matutils",
    "models",
    "scripts",
    "similarities",
    "test",
    "utils",
]

install()
_CLASSES = ("Doc2Vec", "FastText", "FrozenPhrases", "KeyedVectors", "Phrases", "Word2Vec")
__getattr__, __dir__ = first_use(__name__, dict.fromkeys(_CLASSES, "models"), {*__all__} - {*_CLASSES})
