"""gensim.models.doc2vec: documents with tags."""

from firth.gensim._documents import LabeledSentence, TaggedBrownCorpus, TaggedDocument, TaggedLineDocument

__all__ = ["LabeledSentence", "TaggedBrownCorpus", "TaggedDocument", "TaggedLineDocument"]
