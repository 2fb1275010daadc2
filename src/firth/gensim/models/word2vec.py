"""gensim.models.word2vec: Word2Vec, and the classes that read texts for it."""

from collections.abc import Callable, Iterable
from typing import Any

from firth.gensim._sentences import MAX_WORDS_IN_BATCH, BrownCorpus, LineSentence, PathLineSentences, Text8Corpus
from firth.gensim.models._model import Model
from firth.gensim.models._vocabulary import TrimRule
from firth.gensim.models.keyedvectors import KeyedVectors

FAST_VERSION = CORPUSFILE_VERSION = 1
"""Not below 0, which means compiled, where programs ask."""

__all__ = [
    "CORPUSFILE_VERSION",
    "FAST_VERSION",
    "MAX_WORDS_IN_BATCH",
    "BrownCorpus",
    "KeyedVectors",
    "LineSentence",
    "PathLineSentences",
    "Text8Corpus",
    "Word2Vec",
]


class Word2Vec(Model):
    """Word vectors by CBOW or skip-gram, with gensim's names.

    sentences: an iterable of lists of words, strings or integers; or corpus_file: the path of a text, a sentence a
    line, words between white space. With one of them the model is built and trained at once, and reads it once; else
    call `build_vocab` and `train`. sg: skip-gram, else CBOW. hs, negative: hierarchical softmax, and the negatives of a
    set; both at once minimize the sum. cbow_mean: the mean of the window's vectors predicts, else their sum.
    shrink_windows: draw the size of each window from 1 to `window`. max_final_vocab: raise min_count until no more
    words than this stay. max_vocab_size: keep this many of the most frequent words. sorted_vocab: the most frequent
    words first, else all by first appearance. workers: threads, as many as there are processors at most; with one the
    same options give the same vectors. size, iter: names that gensim 3 had.

    hashfxn, null_word and batch_words have no effect.

    Raises ArgumentError (a ValueError) for options out of range, SentencesError (a TypeError) for what is no corpus,
    NothingToTrainError (a RuntimeError) if no word stays.

    Example: model = Word2Vec([["a", "sentence"], ["another", "sentence"]], min_count=1); model.wv["sentence"]
    """

    _firth_kind = "Word2Vec"

    def __init__(
        self,
        sentences: Any = None,
        corpus_file: Any = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 1e-3,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[..., Any] = hash,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = 10000,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        comment: str | None = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        **old_names: Any,
    ) -> None:
        options = {
            "vector_size": vector_size,
            "alpha": alpha,
            "window": window,
            "min_count": min_count,
            "max_vocab_size": max_vocab_size,
            "sample": sample,
            "seed": seed,
            "workers": workers,
            "min_alpha": min_alpha,
            "sg": sg,
            "hs": hs,
            "negative": negative,
            "ns_exponent": ns_exponent,
            "cbow_mean": cbow_mean,
            "hashfxn": hashfxn,
            "epochs": epochs,
            "null_word": null_word,
            "sorted_vocab": sorted_vocab,
            "batch_words": batch_words,
            "compute_loss": compute_loss,
            "comment": comment,
            "max_final_vocab": max_final_vocab,
            "shrink_windows": shrink_windows,
        }
        self._firth_begin(sentences, corpus_file, trim_rule, callbacks, old_names, options)

    def _firth_new_vectors(self) -> Any:
        return KeyedVectors(self.vector_size)
