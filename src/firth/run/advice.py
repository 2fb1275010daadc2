"""Warnings about runs that learn next to nothing, with the settings to change."""

import warnings

import numpy as np

from firth.corpus.encode import Corpus
from firth.corpus.left_out import percent
from firth.corpus.subsampling import keep_probabilities
from firth.errors import CorpusError
from firth.settings import TrainConfig
from firth.training import Trainer

FEW_KEPT = 0.2
"""If subsampling keeps a smaller share of the tokens than this, it is not meant for such a corpus.

Of a text in a natural language, 1e-5 leaves more with ten thousand words or more; 1e-3, the default, leaves less only
of a corpus of some thirty equally frequent words or fewer.
"""

ALONE = 0.9
"""If more than this share of the lines have a single token, lines are not sentences."""

FEW_PAIRS = 1000
"""A run over fewer pairs leaves the vectors about where they began."""

LINES_AT_ONCE = 1 << 20


class LearnsLittle(UserWarning):
    """A run may learn next to nothing from its corpus with its settings."""


def warn_of_corpus(corpus: Corpus, config: TrainConfig, stacklevel: int = 2) -> None:
    """Warn, before training, of lines with a single token and of a subsampling that leaves few tokens.

    Raises CorpusError if all lines have a single token: there is no pair. With documents, such a line has one: the
    document and the token.
    """
    lines = len(corpus.offsets) - 1
    alone = 0 if config.documents else _single_lines(corpus)
    advice = "divide lines into tokens (--tokenizer)"
    if config.column is not None:
        advice = f"{advice}, or name a column of texts or lists (--column), which is {config.column!r:.100} now"
    if alone == lines:
        raise CorpusError(
            f"there is no pair of words to train on: each of the {lines:,} lines has a single token that is kept; give "
            f"longer sentences, {advice}, lower min_count (--min-count), or raise max_vocab (--max-vocab)"
        )
    if alone > ALONE * lines:
        warnings.warn(
            f"{percent(alone / lines)} of the {lines:,} lines have a single token that is kept, and so no pairs: is "
            f"every line a sentence of several tokens? If not, {advice}; a lower min_count (--min-count) keeps more",
            LearnsLittle,
            stacklevel=stacklevel + 1,
        )
    kept = _kept(corpus, config)
    if kept < FEW_KEPT and config.loss != "softmax":  # whose counts are expected ones, however small
        warnings.warn(
            f"subsampling keeps {percent(kept)} of {len(corpus.ids):,} tokens: give subsample 0 (--subsample 0), as "
            "for items and other data with few different words",
            LearnsLittle,
            stacklevel=stacklevel + 1,
        )


def warn_of_result(trainer: Trainer, corpus: Corpus, stacklevel: int = 2) -> None:
    """Warn, after training from nothing, of a run that had few pairs or whose loss has not moved."""
    config, history = trainer.config, trainer.history
    pairs = sum(entry["pairs"] for entry in history)
    few = pairs < FEW_PAIRS and config.loss != "softmax"
    if not few and not trainer.has_stood_still:
        return
    advice = [f"more epochs (--epochs) than {config.epochs}"]
    if few:
        found = f"the run had {pairs:,} pair{'s'[: pairs != 1]} of words in all, too few to learn from"
        advice.insert(0, "more text")
    else:
        found = f"the loss, {history[-1]['loss']:.4f} nats a pair, has not moved from that of untrained vectors"
        advice.insert(0, f"a higher lr (--lr) than {config.lr:g}")
    kept = _kept(corpus, config)
    if kept < 0.5 and config.loss != "softmax":
        advice = [f"subsample 0 (--subsample 0), as {percent(kept)} of the tokens are kept now", *advice]
    warnings.warn(f"{found}: give {', or '.join(advice)}", LearnsLittle, stacklevel=stacklevel + 1)


def _kept(corpus: Corpus, config: TrainConfig) -> float:
    """The share of the tokens that subsampling is expected to keep."""
    keep = keep_probabilities(corpus.frequencies, config.subsample)
    return float(keep @ corpus.vocab.counts) / len(corpus.ids)


def _single_lines(corpus: Corpus) -> int:
    """How many lines have one token."""
    found = 0
    for start in range(0, len(corpus.offsets) - 1, LINES_AT_ONCE):
        found += int(np.count_nonzero(np.diff(corpus.offsets[start : start + LINES_AT_ONCE + 1]) == 1))
    return found
