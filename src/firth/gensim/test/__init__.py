"""gensim.test."""
