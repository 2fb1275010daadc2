"""gensim.models.doc2vec: documents with tags."""

from firth.gensim._documents import LabeledSentence, TaggedBrownCorpus, TaggedDocument, TaggedLineDocument

FAST_VERSION = CORPUSFILE_VERSION = 1
"""Not below 0, which means compiled, where programs ask."""

__all__ = [
    "CORPUSFILE_VERSION",
    "FAST_VERSION",
    "LabeledSentence",
    "TaggedBrownCorpus",
    "TaggedDocument",
    "TaggedLineDocument",
]
