"""gensim.models.word2vec: texts on disk as sentences."""

from firth.gensim._sentences import MAX_WORDS_IN_BATCH, BrownCorpus, LineSentence, PathLineSentences, Text8Corpus

FAST_VERSION = CORPUSFILE_VERSION = 1
"""Not below 0, which means compiled, where programs ask."""

__all__ = [
    "CORPUSFILE_VERSION",
    "FAST_VERSION",
    "MAX_WORDS_IN_BATCH",
    "BrownCorpus",
    "LineSentence",
    "PathLineSentences",
    "Text8Corpus",
]
