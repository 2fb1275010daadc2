"""gensim.scripts."""

from firth.gensim._importing import first_use

__getattr__, __dir__ = first_use(__name__, modules=("glove2word2vec",))
