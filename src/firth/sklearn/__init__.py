"""Transformers for scikit-learn that turn documents into vectors. They need the extra `sklearn`."""

from firth.errors import MissingExtraError

try:
    from firth.sklearn.doc2vec import Doc2VecVectorizer
    from firth.sklearn.word2vec import Word2VecVectorizer
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    raise MissingExtraError('firth.sklearn needs the package scikit-learn: pip install "firth[sklearn]"') from error

__all__ = ["Doc2VecVectorizer", "Word2VecVectorizer"]
