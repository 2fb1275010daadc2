"""One run, from a source of text or token lists to word vectors: reading, training, checkpoints, progress."""

import math
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

from firth.corpus.encode import Corpus, build_corpus
from firth.corpus.joining import PhraseSettings
from firth.corpus.vocabulary import Vocabulary
from firth.declaring import keywords_of, listed
from firth.errors import ConfigError, FormatError, UnknownWordError
from firth.exact.counting import MEMORY, count_pairs, memory_bytes
from firth.exact.plan import check_limits
from firth.exact.trainer import ExactTrainer
from firth.formats.native import load
from firth.formats.vocabulary import read_vocabulary, read_words
from firth.run.checkpoint import Checkpoint
from firth.run.display import Display
from firth.settings import BY_KIND, CHOICES, GROUPS, TrainConfig, TrainOptions, make_config, physical_memory
from firth.sgd.trainer import Trainer, check_start
from firth.vectors.container import WordVectors

CHECKPOINT_SECONDS = 300.0

INHERITED = (
    *("loss", "architecture", "update", "cbow_sum", "window", "fixed_window", "negatives", "ns_exponent", "subsample"),
    *("minn", "maxn", "bucket", "lower", "tokenizer"),
)
"""The settings of given vectors that training goes on with unless told otherwise."""

PATIENCE = 600.0
"""Seconds of exact training from which on a warning says how to have less."""


@keywords_of(TrainOptions)
def train(
    source: Any,
    *,
    vocab: Any,
    keep_words: Any,
    connectors: Any,
    from_: str | os.PathLike[str] | WordVectors | None,
    freeze: Any,
    checkpoint: str | os.PathLike[str] | None,
    resume: bool,
    memory: float | None,
    quiet: bool,
    **settings: Any,
) -> WordVectors:
    """The word vectors that skip-gram or CBOW learns from a corpus.

    `source` is a path to read, never text itself: a file (plain, gz, bz2, xz or zst), a glob pattern, a folder or "-"
    for standard input; or a list of such paths; or any iterable of lists of tokens, which is read once.

    The keywords are listed below; docs/settings.md has them in a table, with the range of each. A setting that the loss
    or the architecture does not have is refused. What is minimized, for each pair of a center word c and an outside
    word o:

    - negative-sampling: -log σ(u_o·v_c) - Σ_k log σ(-u_k·v_c) (Mikolov et al., 2013).
    - hierarchical-softmax: -log of the product of the branches on the path to o in the Huffman tree of the counts
      (Morin and Bengio, 2005). The vectors have `nodes` in place of `outside`.
    - softmax: -log softmax(U v_c + b)[o], exactly, for all pairs at once from their expected counts. The vectors have
      the `bias` b, and `outside_words` where these are more than the center words. Not with cbow, subwords or from_.

    With cbow, the mean (or the sum) of the window's vectors takes the place of v_c and predicts the center word. With
    subwords, a word's vector is the mean of its own row and those of its character n-grams (Bojanowski et al., 2017);
    queries then also take words that the corpus lacks, and n-grams take dim * bucket * 4 bytes of memory and of file.

    With from_, all its words stay, and new ones join them; its settings are the defaults, except epochs, lr, min_lr,
    min_count, max_vocab, errors, threads and seed. Counts are added up.

    The same arguments give the same vectors, byte for byte: always with softmax, otherwise with one thread. The
    `history` of the vectors has one entry an epoch.

    Raises ConfigError, CorpusError, VocabularyError, UnknownWordError (freeze), FormatError (files given and the
    checkpoint), MissingExtraError (zst), and FirthError when training diverges.

    Example: vectors = firth.train("corpus.txt", dim=200, window=10)
    """
    start = None if from_ is None else from_ if isinstance(from_, WordVectors) else load(from_)
    config = make_config(settings if start is None else _inherited(start, settings) | settings)
    if connectors is not None and not config.phrases:
        raise ConfigError("connectors are words inside phrases: give phrases (--phrases) too")
    protected, inside = read_words("keep_words", keep_words), frozenset(read_words("connectors", connectors))
    frozen = _frozen(start, freeze)
    _check_together(config, memory, protected, start, frozen)
    if start is not None:
        check_start(start, config)
    room = MEMORY if memory is None else memory_bytes(memory)
    if resume and checkpoint is None:
        raise ConfigError("resume needs the folder of the checkpoint: give checkpoint (--checkpoint DIR) too")
    saved = None if checkpoint is None else Checkpoint(checkpoint, resume, config)
    with (
        Display(quiet) as display,
        build_corpus(
            source,
            reading=config,
            min_count=config.min_count,
            max_vocab=_kept_words(config),
            vocab=None if vocab is None else read_vocabulary(vocab),
            keep_words=protected,
            known=None if start is None else Vocabulary(start.words, start.counts),
            phrases=_phrase_settings(config, inside),
            progress=display.reading,
            joining=display.joining,
        ) as corpus,
    ):
        display.read(corpus.tokens, len(corpus.vocab))
        if config.loss != "softmax":
            trainer = Trainer(corpus, config, start, frozen)
            if start is not None:
                display.say(_going_on(start, corpus, config, len(frozen)))
                if start.config.get("phrases") and not config.phrases:
                    display.say("those words include phrases: give phrases (--phrases) to look for phrases here too")
            return _finish(trainer, lambda seconds: trainer.run(display.training, seconds), saved, resume, display)
        _estimate(corpus, config, display)
        begun = time.monotonic()
        with count_pairs(
            corpus, config, centers=config.max_vocab, memory=room, folder=config.tmp, progress=display.counting
        ) as counts:
            display.counted(len(counts.data), time.monotonic() - begun)
            if (start_bytes := 20.0 * len(counts.data)) > (have := physical_memory()):
                raise ConfigError(
                    f"the start from {len(counts.data):,} counts needs up to {start_bytes / 1e9:.1f} GB and this "
                    f"machine has {have / 1e9:.1f} GB: lower max_vocab (--max-vocab)"
                )
            exact = ExactTrainer(corpus, counts, config)
            vectors = _finish(exact, lambda seconds: exact.run(display.passing, seconds), saved, resume, display)
            if (done := len(vectors.history)) < config.epochs:
                display.say(f"the loss no longer falls: done after {done} of {config.epochs} passes")
            return vectors


train.__doc__ = f"{train.__doc__}\n{listed(TrainOptions, GROUPS)}"


def _inherited(start: WordVectors, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run that goes on from vectors, as far as they are theirs.

    Where `settings` choose another loss or architecture, or no subwords, those that depend on it are not.
    """
    found = {name: start.config[name] for name in INHERITED if start.config.get(name) is not None}
    if any(found.get(name, CHOICES[name][0]) not in CHOICES[name] for name in ("loss", "architecture")):
        found = {name: value for name, value in found.items() if name not in (*BY_KIND, "loss", "architecture")}
    if any(name in settings and settings[name] != found.get(name) for name in ("loss", "architecture")):
        found = {name: value for name, value in found.items() if name not in BY_KIND}
    if settings.get("maxn") == 0:
        found = {name: value for name, value in found.items() if name not in ("minn", "bucket")}
    return found | {"dim": start.center.shape[1]}


def _check_together(
    config: TrainConfig,
    memory: float | None,
    keep_words: list[str],
    start: WordVectors | None,
    frozen: list[str],
) -> None:
    """Refuse arguments that have no effect with the settings."""
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


def _frozen(start: WordVectors | None, freeze: Any) -> list[str]:
    """The words of `start` to be frozen. Raises UnknownWordError for others."""
    if freeze is None:
        return []
    if start is None:
        raise ConfigError("freeze names words of given vectors: give from_ (--from) too")
    if isinstance(freeze, str) and freeze == "all":
        return start.words
    words = list(dict.fromkeys(read_words("freeze", freeze)))
    known = Vocabulary(start.words, start.counts)
    for word in words:
        if word not in known.ids:
            near = ", ".join(map(repr, known.suggest(word)))
            hint = f"the nearest spellings are {near}" if near else "no word is spelt like it"
            raise UnknownWordError(f"freeze: {word!r} is not among the {len(known):,} words of from_: {hint}")
    return words


def _phrase_settings(config: TrainConfig, connectors: frozenset[str]) -> PhraseSettings | None:
    if not config.phrases:
        return None
    return PhraseSettings(config.phrases, config.phrase_score, config.phrase_threshold, config.delimiter, connectors)


def _going_on(start: WordVectors, corpus: Corpus, config: TrainConfig, frozen: int) -> str:
    """What a run that starts from vectors will do."""
    new = len(corpus.vocab) - len(start)
    seen = sum(count > 0 and word in start for word, count in zip(corpus.vocab.words, corpus.vocab.counts, strict=True))
    held = f", {frozen:,} of them frozen" if frozen else ""
    return (
        f"going on from {len(start):,} words{held}, {seen:,} of which occur here, with {new:,} new ones; the learning "
        f"rate falls from {config.lr:g} to {config.min_lr:g} over this corpus, epochs: {config.epochs}"
    )


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
