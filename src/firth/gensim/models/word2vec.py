"""gensim.models.word2vec: texts on disk as sentences."""

from firth.gensim._sentences import BrownCorpus, LineSentence, PathLineSentences, Text8Corpus

__all__ = ["BrownCorpus", "LineSentence", "PathLineSentences", "Text8Corpus"]
