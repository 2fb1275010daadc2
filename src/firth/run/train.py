"""`firth.train`: one run, from a source of text or token lists to word vectors."""

import os
import time
import warnings
from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

from firth.corpus.encode import Corpus, build_corpus
from firth.corpus.joining import PhraseSettings
from firth.corpus.vocabulary import Vocabulary
from firth.errors import ConfigError, FormatError
from firth.exact.counting import MEMORY, count_pairs, memory_bytes
from firth.exact.plan import check_start_memory
from firth.exact.trainer import ExactTrainer
from firth.formats.vocabulary import read_vocabulary, read_words
from firth.run.checkpoint import Checkpoint
from firth.run.display import Display
from firth.run.estimate import announce_work
from firth.run.start import describe_start, frozen_words, inherited_settings, load_start
from firth.settings import Reading, TrainConfig, make_config
from firth.sgd.start import check_start
from firth.sgd.trainer import SgdTrainer
from firth.training import Trainer
from firth.vectors.container import WordVectors

CHECKPOINT_SECONDS = 300.0

OTHERS = ("vocab", "keep_words", "connectors", "from_", "freeze", "checkpoint", "resume", "tmp", "memory", "quiet")
"""What `train` takes besides the settings."""


def train(
    source: Any,
    *,
    vocab: Any = None,
    keep_words: Any = None,
    connectors: Any = None,
    from_: str | os.PathLike[str] | WordVectors | None = None,
    freeze: Any = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    tmp: str | os.PathLike[str] | None = None,
    memory: float | None = None,
    quiet: bool = False,
    **settings: Any,
) -> WordVectors:
    """The word vectors that skip-gram or CBOW learns from a corpus.

    `source` is a path to read, never text itself: a file (plain, gz, bz2, xz or zst), a glob pattern, a folder or "-"
    for standard input; or a list of such paths; or any iterable of lists of tokens, which is read once.

    `settings`, with their defaults: loss="negative-sampling" (or "hierarchical-softmax", "softmax"),
    architecture="skipgram" (or "cbow", not with softmax), dim=100, window=5, fixed_window=False, min_count=5,
    max_vocab=None (all), lower=False, tokenizer="whitespace" (or "words"), errors="replace" (or "strict", for invalid
    UTF-8), threads=None (all processors), seed=1. A setting that a loss or architecture does not have is refused.

    Negative sampling: negatives=5, epochs=5, subsample=1e-3, ns_exponent=0.75, lr=0.025, min_lr=1e-4, update="shared"
    (one set of negatives for all pairs of a window; or "per-pair"; skip-gram only). The objective of a pair (c, o) is
    -log σ(u_o·v_c) - Σ_k log σ(-u_k·v_c) (Mikolov et al., 2013).

    Hierarchical softmax: epochs=5, subsample=1e-3, lr=0.025, min_lr=1e-4. The probability of a word is the product of
    the branches on its path in the Huffman tree of the counts (Morin and Bengio, 2005). The result has `nodes` in place
    of `outside`. With one thread, this and negative sampling give equal vectors for equal arguments, byte for byte.

    CBOW: the mean of the window's vectors predicts the word; cbow_sum=False (with True it is their sum), lr=0.15 for
    negative sampling, lr=0.1 for hierarchical softmax, lr=0.025 for the sum. The step is the gradient:
    of a mean, each of its k words takes 1/k.

    Subwords, not with softmax: maxn=0 (none; 6 is usual), minn=3, bucket=2_000_000; skip-gram with negative sampling
    then has lr=0.05. A word's vector is the mean of its own row and those of its character n-grams, minn to maxn long
    and hashed to `bucket` rows (Bojanowski et al., 2017); every query then takes words never seen. Memory and file hold
    dim * bucket * 4 bytes for them.

    Softmax: epochs=12, subsample=1e-4, lr=0.3, min_lr=0.15, outside_vocab=None (twice max_vocab), mix=0.25. The
    objective of a pair is -log softmax(U v_c + b)[o], computed exactly for all pairs at once from their expected
    counts; after counting, time grows with the vocabulary and not with the corpus. The result has the `bias` b, and
    `outside_words` where they are more than the center words; `mix` times the outside vectors are added to the center
    vectors. Counting takes `memory` GB at most, by default 2, about, and what does not fit goes to `tmp`; the start of
    training takes up to 20 bytes more for each entry of the counts. Equal arguments give equal vectors, byte for byte,
    with any number of threads.

    Phrases: phrases=0, so many passes that join words into phrases before anything else is counted (see `Phrases`);
    phrase_score="count" (or "npmi"), phrase_threshold=None (100 for count, 0.5 for npmi), delimiter="_". `connectors`,
    words or a file of words, are those that stand inside phrases only.

    The vocabulary: `vocab` is a dict of words and counts, a file of lines "word count" or a vectors file, and takes the
    place of the corpus's counts. `keep_words`, words or a file of words, stay whatever min_count says.

    `from_` are vectors, or their file, to go on from. Their words all stay, with their vectors, and new ones join them.
    Their settings are the defaults, as far as the loss and the architecture are theirs, but not epochs, lr, min_lr,
    min_count, max_vocab, errors, threads and seed: the learning rate falls anew from lr to min_lr over this corpus. Not
    with softmax. The counts of the result are those of `from_` and of this corpus together, and so is the tree of
    hierarchical softmax: its nodes go on where it stays the same, and begin anew where not. `freeze`, "all", words or a
    file of words, are words of `from_` whose vectors do not move; not with subwords.

    The result's `history` has one entry an epoch, with the mean loss in nats over all pairs (CBOW: over all windows);
    softmax's, of the vectors after each pass, comes with the corpus's conditional `entropy`, which is its floor, the
    distance `kl` to it and `perplexity`.

    `checkpoint` is a folder in which the run is saved every five minutes, when it is interrupted and at its end;
    `resume` goes on from there, if there is anything. `tmp` is a folder for the encoded corpus (4 bytes a token),
    by default the system's. `quiet` says nothing on standard error.

    Raises ConfigError, CorpusError, VocabularyError, UnknownWordError (freeze), FormatError (files given and the
    checkpoint), MissingExtraError (zst), and FirthError when training diverges.
    """
    start = load_start(from_)
    config = make_config(inherited_settings(start, settings) | settings, others=OTHERS)
    if connectors is not None and not config.phrases:
        raise ConfigError("connectors are words inside phrases: give phrases (--phrases) too")
    protected, inside = read_words("keep_words", keep_words), frozenset(read_words("connectors", connectors))
    frozen = frozen_words(start, freeze)
    _check_together(config, memory, protected, start, frozen)
    if start is not None:
        check_start(start, config)
    room = MEMORY if memory is None else memory_bytes(memory)
    if resume and checkpoint is None:
        raise ConfigError("resume needs the folder of the checkpoint: give checkpoint (--checkpoint DIR) too")
    saved = None if checkpoint is None else Checkpoint(checkpoint, resume, config)
    with ExitStack() as stack:
        display = stack.enter_context(Display(quiet))
        corpus = stack.enter_context(
            build_corpus(
                source,
                reading=Reading(config.lower, config.tokenizer, config.errors, tmp),
                min_count=config.min_count,
                max_vocab=_kept_words(config),
                vocab=None if vocab is None else read_vocabulary(vocab),
                keep_words=protected,
                known=None if start is None else Vocabulary(start.words, start.counts),
                phrases=_phrase_settings(config, inside),
                progress=display.reading,
                joining=display.joining,
            )
        )
        display.read(corpus.tokens, len(corpus.vocab))
        trainer: Trainer
        if config.loss == "softmax":
            trainer = _exact_trainer(stack, corpus, config, room, tmp, display)
        else:
            trainer = _sgd_trainer(corpus, config, start, frozen, display)
        _run(trainer, saved, resume, config.epochs, display)
        return trainer.vectors()


def _sgd_trainer(
    corpus: Corpus, config: TrainConfig, start: WordVectors | None, frozen: Collection[str], display: Display
) -> SgdTrainer:
    """The trainer of negative sampling and of hierarchical softmax."""
    trainer = SgdTrainer(corpus, config, start, frozen)
    if start is not None:
        describe_start(start, corpus.vocab, config, len(frozen), display)
    return trainer


def _exact_trainer(
    stack: ExitStack,
    corpus: Corpus,
    config: TrainConfig,
    room: int,
    tmp: str | os.PathLike[str] | None,
    display: Display,
) -> ExactTrainer:
    """The trainer of the exact softmax, which needs counts of pairs; `stack` closes them."""
    announce_work(len(corpus.vocab), config, display)
    begun = time.monotonic()
    counts = stack.enter_context(
        count_pairs(corpus, config, centers=config.max_vocab, memory=room, folder=tmp, progress=display.counting)
    )
    display.counted(len(counts.data), time.monotonic() - begun)
    check_start_memory(len(counts.data))
    return ExactTrainer(corpus, counts, config)


def _run(trainer: Trainer, saved: Checkpoint | None, resume: bool, epochs: int, display: Display) -> None:
    """Train to the end, from the checkpoint if there is one, and save checkpoints on the way if there is a folder."""
    if saved is None:
        trainer.run(display.training)
    else:
        if saved.restore(trainer):
            display.say(f"continuing from the checkpoint: {trainer.epochs_done} of {epochs} epochs are done")
        elif resume:
            display.say(f"no checkpoint in {saved.path.parent} yet: the run begins")
        try:
            while not trainer.run(display.training, CHECKPOINT_SECONDS):
                _save_or_warn(saved, trainer)
        except KeyboardInterrupt:
            saved.save(trainer)
            missing = "" if trainer.started else ", without its starting vectors, which are computed again"
            display.say(f"the run is saved in {saved.path}{missing}: continue it with --resume")
            raise
        _save_or_warn(saved, trainer)
    if trainer.epochs_done < epochs:
        display.say(f"the loss no longer falls: done after {trainer.epochs_done} of {epochs} passes")


def _save_or_warn(checkpoint: Checkpoint, trainer: Trainer) -> None:
    """Save a checkpoint, or warn: a full disk must not end a run."""
    try:
        checkpoint.save(trainer)
    except FormatError as error:
        warnings.warn(f"the checkpoint was not saved: {error}", stacklevel=4)


def _check_together(
    config: TrainConfig,
    memory: float | None,
    keep_words: list[str],
    start: WordVectors | None,
    frozen: list[str],
) -> None:
    """Raise ConfigError for arguments that the settings have no use for."""
    if memory is not None and config.loss != "softmax":
        raise ConfigError(f"memory is a setting of loss 'softmax'; {config.loss!r} has none: leave it out")
    if start is not None and config.loss == "softmax":
        raise ConfigError(
            "loss 'softmax' starts from the counts of the corpus, not from vectors: choose loss='negative-sampling' "
            "(--loss negative-sampling), or leave from_ (--from) out"
        )
    if keep_words and config.loss == "softmax" and config.max_vocab is not None:
        raise ConfigError(
            "with loss 'softmax' and max_vocab, words that are kept might be outside words only: leave keep_words "
            "(--keep-words) or max_vocab (--max-vocab) out"
        )
    if frozen and config.maxn:
        raise ConfigError(
            "words made of subwords share their rows and cannot be frozen: leave freeze out, or go on without subwords "
            "(maxn=0, --maxn 0)"
        )


def _phrase_settings(config: TrainConfig, connectors: frozenset[str]) -> PhraseSettings | None:
    if not config.phrases:
        return None
    return PhraseSettings(config.phrases, config.phrase_score, config.phrase_threshold, config.delimiter, connectors)


def _kept_words(config: TrainConfig) -> int | None:
    """The number of words that the corpus keeps: for softmax the outside words, the first of which are center words."""
    if config.loss == "softmax" and config.max_vocab is not None:
        return config.outside_vocab or 2 * config.max_vocab
    return config.max_vocab
