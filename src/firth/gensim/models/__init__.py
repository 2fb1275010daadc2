"""gensim.models: Word2Vec, FastText, Doc2Vec, KeyedVectors and Phrases."""

from typing import TYPE_CHECKING

from firth.gensim._importing import first_use

if TYPE_CHECKING:
    from firth.gensim.models import callbacks, doc2vec, fasttext, keyedvectors, phrases, word2vec
    from firth.gensim.models.doc2vec import Doc2Vec
    from firth.gensim.models.fasttext import FastText
    from firth.gensim.models.keyedvectors import KeyedVectors
    from firth.gensim.models.phrases import FrozenPhrases, Phrases
    from firth.gensim.models.word2vec import Word2Vec

__all__ = [
    "Doc2Vec",
    "FastText",
    "FrozenPhrases",
    "KeyedVectors",
    "Phrases",
    "Word2Vec",
    "callbacks",
    "doc2vec",
    "fasttext",
    "keyedvectors",
    "phrases",
    "word2vec",
]

_CLASSES = {
    "Doc2Vec": "doc2vec",
    "FastText": "fasttext",
    "FrozenPhrases": "phrases",
    "KeyedVectors": "keyedvectors",
    "Phrases": "phrases",
    "Word2Vec": "word2vec",
}
__getattr__, __dir__ = first_use(__name__, _CLASSES, {*__all__} - {*_CLASSES})
