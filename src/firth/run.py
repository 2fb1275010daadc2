"""One run, from a source of text or token lists to word vectors: reading, training, checkpoints, progress."""

import os
import warnings
from typing import Any

from firth.checkpoint import Checkpoint
from firth.config import make_config
from firth.corpus import build_corpus
from firth.errors import ConfigError, FormatError
from firth.progress import Display
from firth.trainer import Trainer
from firth.vectors import WordVectors

CHECKPOINT_SECONDS = 300.0


def train(
    source: Any,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    tmp: str | os.PathLike[str] | None = None,
    quiet: bool = False,
    **settings: Any,
) -> WordVectors:
    """The word vectors that skip-gram with negative sampling learns from a corpus.

    `source` is a path to read, never text itself: a file (plain, gz, bz2, xz or zst), a glob pattern, a folder or "-"
    for standard input; or a list of such paths; or any iterable of lists of tokens, which is read once.

    `settings`, with their defaults: dim=100, window=5, negatives=5, epochs=5, min_count=5, max_vocab=None,
    subsample=1e-3, ns_exponent=0.75, lr=0.025, min_lr=1e-4, fixed_window=False, update="shared" (one set of negatives
    for all pairs of a window; or "per-pair"), lower=False, tokenizer="whitespace" (or "words"), errors="replace" (or
    "strict", for invalid UTF-8), threads=None (all processors), seed=1, loss="negative-sampling",
    architecture="skipgram".

    `checkpoint` is a folder in which the run is saved every five minutes, when it is interrupted and at its end;
    `resume` goes on from there, if there is anything. `tmp` is a folder for the encoded corpus (4 bytes a token),
    by default the system's. `quiet` says nothing on standard error.

    The objective of a pair (c, o) is -log σ(u_o·v_c) - Σ_k log σ(-u_k·v_c) (Mikolov et al., 2013); losses in the
    result's history are means of it, in nats, over all pairs of an epoch. With threads=1 equal arguments give equal
    vectors, byte for byte.

    Raises ConfigError, CorpusError, VocabularyError, FormatError (checkpoint), MissingExtraError (zst), and FirthError
    when training diverges.
    """
    config = make_config(settings, others=("checkpoint", "resume", "tmp", "quiet"))
    if resume and checkpoint is None:
        raise ConfigError("resume needs the folder of the checkpoint: give checkpoint (--checkpoint DIR) too")
    saved = None if checkpoint is None else Checkpoint(checkpoint, resume, config)
    with (
        Display(quiet) as display,
        build_corpus(
            source,
            min_count=config.min_count,
            max_vocab=config.max_vocab,
            lower=config.lower,
            tokenizer=config.tokenizer,
            errors=config.errors,
            folder=tmp,
            progress=display.reading,
        ) as corpus,
    ):
        display.read(corpus.tokens, len(corpus.vocab))
        trainer = Trainer(corpus, config)
        if saved is None:
            trainer.run(display.training)
            return trainer.vectors()
        if saved.restore(trainer):
            display.say(f"going on from the checkpoint, {len(trainer.state.history)} of {config.epochs} epochs done")
        elif resume:
            display.say(f"no checkpoint in {checkpoint} yet: the run begins")
        try:
            while not trainer.run(display.training, CHECKPOINT_SECONDS):
                _save_or_warn(saved, trainer)
        except KeyboardInterrupt:
            saved.save(trainer)
            display.say(f"the run is saved in {saved.path}: go on with --resume")
            raise
        _save_or_warn(saved, trainer)
        return trainer.vectors()


def _save_or_warn(checkpoint: Checkpoint, trainer: Trainer) -> None:
    """Save a checkpoint; a full disk must not end a run that is worth more."""
    try:
        checkpoint.save(trainer)
    except FormatError as error:
        warnings.warn(f"the checkpoint was not saved: {error}", stacklevel=3)
