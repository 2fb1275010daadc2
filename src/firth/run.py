"""One run, from a source of text or token lists to word vectors: reading, training, checkpoints, progress."""

import math
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

from firth.checkpoint import Checkpoint
from firth.config import TrainConfig, make_config, physical_memory
from firth.cooccurrence import MEMORY, count_pairs, memory_bytes
from firth.corpus import Corpus, build_corpus
from firth.errors import ConfigError, FormatError
from firth.exact import ExactTrainer
from firth.plan import check_limits
from firth.progress import Display
from firth.trainer import Trainer
from firth.vectors import WordVectors

CHECKPOINT_SECONDS = 300.0

PATIENCE = 600.0
"""Seconds of exact training from which on a warning says how to have less."""


def train(
    source: Any,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    tmp: str | os.PathLike[str] | None = None,
    memory: float | None = None,
    quiet: bool = False,
    **settings: Any,
) -> WordVectors:
    """The word vectors that skip-gram learns from a corpus, by negative sampling or by the exact softmax.

    `source` is a path to read, never text itself: a file (plain, gz, bz2, xz or zst), a glob pattern, a folder or "-"
    for standard input; or a list of such paths; or any iterable of lists of tokens, which is read once.

    `settings`, with their defaults: loss="negative-sampling" (or "softmax"), architecture="skipgram", dim=100,
    window=5, min_count=5, max_vocab=None, fixed_window=False, lower=False, tokenizer="whitespace" (or "words"),
    errors="replace" (or "strict", for invalid UTF-8), threads=None (all processors), seed=1.

    Negative sampling: negatives=5, epochs=5, subsample=1e-3, ns_exponent=0.75, lr=0.025, min_lr=1e-4, update="shared"
    (one set of negatives for all pairs of a window; or "per-pair"). The objective of a pair (c, o) is
    -log σ(u_o·v_c) - Σ_k log σ(-u_k·v_c) (Mikolov et al., 2013). With threads=1 equal arguments give equal vectors,
    byte for byte.

    Softmax: epochs=12, subsample=1e-4, lr=0.3, min_lr=0.15, outside_vocab=None (twice max_vocab), mix=0.25. The
    objective of a pair is -log softmax(U v_c + b)[o], computed exactly for all pairs at once from their expected
    counts; after counting, time grows with the vocabulary and not with the corpus. The result has the `bias` b, and
    `outside_words` where they are more than the center words; `mix` times the outside vectors are added to the center
    vectors. Counting takes `memory` GB at most, by default 2, about, and what does not fit goes to `tmp`; the start of
    training takes up to 20 bytes more for each entry of the counts. Equal arguments give equal vectors, byte for byte,
    with any number of threads.

    Losses in the result's history are means over all pairs, in nats; softmax's, of the vectors after each pass, come
    with the corpus's conditional `entropy`, which is their floor, the distance `kl` to it and `perplexity`.

    `checkpoint` is a folder in which the run is saved every five minutes, when it is interrupted and at its end;
    `resume` goes on from there, if there is anything. `tmp` is a folder for the encoded corpus (4 bytes a token),
    by default the system's. `quiet` says nothing on standard error.

    Raises ConfigError, CorpusError, VocabularyError, FormatError (checkpoint), MissingExtraError (zst), and FirthError
    when training diverges.
    """
    config = make_config(settings, others=("checkpoint", "resume", "tmp", "memory", "quiet"))
    if memory is not None and config.loss != "softmax":
        raise ConfigError(f"memory is a setting of loss 'softmax'; {config.loss!r} has none: leave it out")
    room = MEMORY if memory is None else memory_bytes(memory)
    if resume and checkpoint is None:
        raise ConfigError("resume needs the folder of the checkpoint: give checkpoint (--checkpoint DIR) too")
    saved = None if checkpoint is None else Checkpoint(checkpoint, resume, config)
    with (
        Display(quiet) as display,
        build_corpus(
            source,
            min_count=config.min_count,
            max_vocab=_kept_words(config),
            lower=config.lower,
            tokenizer=config.tokenizer,
            errors=config.errors,
            folder=tmp,
            progress=display.reading,
        ) as corpus,
    ):
        display.read(corpus.tokens, len(corpus.vocab))
        if config.loss != "softmax":
            trainer = Trainer(corpus, config)
            return _finish(trainer, lambda seconds: trainer.run(display.training, seconds), saved, resume, display)
        _estimate(corpus, config, display)
        begun = time.monotonic()
        with count_pairs(
            corpus, config, centers=config.max_vocab, memory=room, folder=tmp, progress=display.counting
        ) as counts:
            display.counted(len(counts.data), time.monotonic() - begun)
            if (start := 20.0 * len(counts.data)) > (have := physical_memory()):
                raise ConfigError(
                    f"the start from {len(counts.data):,} counts needs up to {start / 1e9:.1f} GB and this machine has "
                    f"{have / 1e9:.1f} GB: lower max_vocab (--max-vocab)"
                )
            exact = ExactTrainer(corpus, counts, config)
            vectors = _finish(exact, lambda seconds: exact.run(display.passing, seconds), saved, resume, display)
            if (done := len(vectors.history)) < config.epochs:
                display.say(f"the loss no longer falls: done after {done} of {config.epochs} passes")
            return vectors


def _kept_words(config: TrainConfig) -> int | None:
    """How many words the corpus is to keep: for softmax the outside words, of which the first are center words."""
    if config.loss == "softmax" and config.max_vocab is not None:
        return config.outside_vocab or 2 * config.max_vocab
    return config.max_vocab


def _finish(
    trainer: Trainer | ExactTrainer,
    run: Callable[[float], bool],
    saved: Checkpoint | None,
    resume: bool,
    display: Display,
) -> WordVectors:
    """Train to the end, from a checkpoint if there is one, and with checkpoints if wanted."""
    if saved is None:
        run(math.inf)
        return trainer.vectors()
    if saved.restore(trainer):
        done, epochs = len(trainer.state.history), trainer.config.epochs
        display.say(f"going on from the checkpoint, {done} of {epochs} epochs done")
    elif resume:
        display.say(f"no checkpoint in {saved.path.parent} yet: the run begins")
    try:
        while not run(CHECKPOINT_SECONDS):
            _save_or_warn(saved, trainer)
    except KeyboardInterrupt:
        saved.save(trainer)
        begun = "" if trainer.state.loss is not None else ", but for its start, which is made again"
        display.say(f"the run is saved in {saved.path}{begun}: go on with --resume")
        raise
    _save_or_warn(saved, trainer)
    return trainer.vectors()


def _estimate(corpus: Corpus, config: TrainConfig, display: Display) -> None:
    """Say how long exact training will take, about; warn where that is long."""
    m = len(corpus.vocab)
    n = min(config.max_vocab or m, m)
    seconds, need = check_limits(n, m, config)
    cost = f"{_duration(seconds)} and {need / 1e9:.1f} GB besides the counts"
    work = f"{config.epochs} passes over {n:,} center and {m:,} outside words, dimension {config.dim}"
    if seconds <= PATIENCE:
        display.say(f"{work}: about {cost}")
        return
    fewer = int(math.sqrt(n * m * PATIENCE / 2 / seconds / 2)) // 1000 * 1000  # with twice as many outside
    if not 1000 <= fewer < n:
        warnings.warn(f"{work}, will take about {cost}: lower epochs or dim", stacklevel=3)
        return
    warnings.warn(
        f"{work}, will take about {cost}: with --max-vocab {fewer} (max_vocab={fewer}) it would be about "
        f"{_duration(PATIENCE / 2)}",
        stacklevel=3,
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{max(seconds, 1):.0f} s"


def _save_or_warn(checkpoint: Checkpoint, trainer: Trainer | ExactTrainer) -> None:
    """Save a checkpoint; a full disk must not end a run that is worth more."""
    try:
        checkpoint.save(trainer)
    except FormatError as error:
        warnings.warn(f"the checkpoint was not saved: {error}", stacklevel=4)
