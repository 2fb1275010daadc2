"""gensim.models: Word2Vec, FastText, Doc2Vec, KeyedVectors and Phrases."""
