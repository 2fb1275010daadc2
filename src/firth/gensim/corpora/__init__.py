"""gensim.corpora: importable, for programs that import it beside what they use; firth has none of its names."""

from firth.gensim._importing import first_use

__getattr__, __dir__ = first_use(__name__)
