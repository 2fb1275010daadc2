"""Warnings about runs that learn next to nothing and errors of those that do worse, with the settings to change."""

import os
import warnings
from collections.abc import Collection

import numpy as np

from firth.corpus.encode import Corpus
from firth.corpus.left_out import percent
from firth.corpus.subsampling import keep_probabilities
from firth.errors import CorpusError, FirthError, quoted
from firth.settings import TrainConfig
from firth.training import Trainer
from firth.vectors.container import WordVectors

FEW_KEPT = 0.2
"""If subsampling keeps a smaller share of the tokens than this, it is not meant for such a corpus.

Of a text in a natural language, 1e-5 leaves more with ten thousand words or more; 1e-3, the default, leaves less only
of a corpus of some thirty equally frequent words or fewer.
"""

ALONE = 0.9
"""If more than this share of the lines have a single token, lines are not sentences."""

FEW_PAIRS = 1000
"""A run over fewer pairs leaves the vectors about where they began."""

WORSE, ROUNDING = 1.02, 1e-3
"""A loss is above another one if it is above this many times that, and this many nats: means of few pairs vary."""

COMPARED = 1000
"""So many of the most frequent words are compared with those that a run began with."""

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


def above_chance(trainer: Trainer, start: WordVectors | None, epoch: int) -> str | None:
    """What is wrong, in words, with a run whose loss in an epoch is above that of equal probabilities; else None.

    A run that began with such vectors, `start`, has not diverged, nor has one over few pairs.
    """
    history = trainer.history
    loss, first = history[epoch - 1]["loss"], history[0]["loss"]
    few = trainer.config.loss != "softmax" and sum(entry["pairs"] for entry in history) < FEW_PAIRS
    if few or loss is None or loss <= trainer.chance_loss * WORSE + ROUNDING:
        return None
    if start is not None and (first is None or loss <= first * WORSE + ROUNDING):
        return None
    return _above(trainer, loss)


def check_not_diverged(
    trainer: Trainer, start: WordVectors | None, epoch: int, checkpoint: str | os.PathLike[str] | None
) -> None:
    """Raise FirthError if a run that ends with the vectors of an epoch has diverged; `checkpoint`: its folder, if any.

    A checkpoint is refused with another learning rate, so the error says where to save that run.
    """
    found = above_chance(trainer, start, epoch)
    if found is None:
        return
    advice = f"a lower lr (--lr) than {trainer.config.lr:g}"
    if trainer.config.loss != "softmax":
        advice += ", or a smaller window (--window)"
    if checkpoint is not None:
        advice += f", and another folder for its checkpoint (--checkpoint) than {quoted(str(checkpoint))}, or remove it"
    raise FirthError(f"training diverged: {found}; give {advice}")


def check_result(
    trainer: Trainer,
    corpus: Corpus,
    vectors: WordVectors,
    start: WordVectors | None,
    frozen: Collection[str],
    still: bool,
    stacklevel: int = 2,
) -> None:
    """Warn, after training, of a run that had few pairs, that has not moved, or that is worse than when it began.

    A run that has diverged is none of these: `check_not_diverged` comes first.

    vectors: the result; start: the vectors that the run began with, if any; frozen: their words that stay;
    still: whether the trainer had stood still before it released the vectors.
    """
    config = trainer.config
    first = trainer.history[0]["loss"]
    loss = next((entry for entry in vectors.history if entry.get("best")), vectors.history[-1])["loss"]
    pairs = sum(entry["pairs"] for entry in trainer.history)
    more, kept = f"more epochs (--epochs) than {config.epochs}", _kept(corpus, config)
    few = pairs < FEW_PAIRS and config.loss != "softmax"
    risen = first is not None and loss is not None and loss > first * WORSE + ROUNDING
    lower = f"a lower lr (--lr) than {config.lr:g}"
    if few:
        if start is not None:
            return
        found = f"the run had {pairs:,} pair{'s'[: pairs != 1]} of words in all, too few to learn from"
        advice = ["more text", more]
    elif loss is not None and loss > trainer.chance_loss * WORSE + ROUNDING:
        found = _above(trainer, loss)
        advice = [lower, "a smaller window (--window)"]
    elif risen:
        found, advice = f"{_nats(loss)}, has risen from {first:.4f} in the first epoch", [lower]
    elif start is None and loss is not None and loss > trainer.untrained_loss * WORSE + ROUNDING:
        found, advice = f"{_nats(loss)}, is above that of untrained vectors, {trainer.untrained_loss:.4f}", [lower]
    elif start is None and still:
        found = f"{_nats(loss)}, has not moved from that of untrained vectors"
        advice = [f"a higher lr (--lr) than {config.lr:g}", more]
    elif start is not None and not config.documents_alone and _same_vectors(vectors, start, frozen):
        found = "the vectors have not moved from those that the run began with"
        advice = [f"a higher lr (--lr) than {config.lr:g}", more]
    else:
        return
    if kept < 0.5 and config.loss != "softmax" and lower not in advice:
        advice = [f"subsample 0 (--subsample 0), as {percent(kept)} of the tokens are kept now", *advice]
    warnings.warn(f"{found}: give {', or '.join(advice)}", LearnsLittle, stacklevel=stacklevel + 1)


def _above(trainer: Trainer, loss: float) -> str:
    return f"{_nats(loss)}, is above that of equal probabilities, {trainer.chance_loss:.4f}"


def _nats(loss: float | None) -> str:
    return f"the loss, {loss or 0.0:.4f} nats a pair"


def _same_vectors(vectors: WordVectors, start: WordVectors, frozen: Collection[str]) -> bool:
    """Whether frequent words that both have, and that were to move, have the vectors that they began with."""
    stay = frozenset(frozen)
    ids = {word: i for i, word in enumerate(vectors.words[:COMPARED]) if word not in stay}
    both = [(ids[word], i) for i, word in enumerate(start.words) if word in ids]
    if not both:
        return False
    here, there = np.array(both).T
    return np.array_equal(vectors.center[here], start.center[there])


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
