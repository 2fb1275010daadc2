"""gensim.models: Word2Vec, FastText, Doc2Vec, KeyedVectors and Phrases."""

from firth.gensim.models.fasttext import FastText
from firth.gensim.models.keyedvectors import KeyedVectors
from firth.gensim.models.word2vec import Word2Vec

__all__ = ["FastText", "KeyedVectors", "Word2Vec"]
