"""gensim.test: what the examples of gensim's documentation import."""

from firth.gensim._importing import first_use

__getattr__, __dir__ = first_use(__name__, modules=("utils",))
