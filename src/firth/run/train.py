"""`firth.train`: one run, from a source of text or token lists to word vectors."""

import os
import time
import warnings
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any

from firth.corpus.encode import Corpus, build_corpus
from firth.corpus.joining import PhraseSettings
from firth.corpus.left_out import warn_if_most_is_left_out
from firth.corpus.tags import Tags, read_tags
from firth.corpus.vocabulary import Vocabulary
from firth.declaring import declared, init_keywords_of, keywords_of, listed
from firth.display import Display
from firth.errors import ConfigError, FirthError, FormatError
from firth.exact.counting import MEMORY, count_pairs, memory_bytes
from firth.exact.plan import check_start_memory
from firth.exact.trainer import ExactTrainer
from firth.formats.vocabulary import read_vocabulary, read_words
from firth.run.advice import above_chance, check_not_diverged, check_result, warn_of_corpus
from firth.run.after_epoch import AfterEpoch
from firth.run.checkpoint import Checkpoint, Pace, folder_of_one_run
from firth.run.estimate import announce_work
from firth.run.results import check_room, removed_litter
from firth.run.start import describe_start, frozen_words, inherited_settings, load_start
from firth.settings import GROUPS, TrainConfig, TrainOptions, make_config, preset_settings
from firth.sgd.start import check_start
from firth.sgd.trainer import SgdTrainer
from firth.signals import ending, held_back, raised_once
from firth.training import Trainer
from firth.vectors.container import WordVectors

SHOWN_SECONDS = 1.0
"""A save that takes longer is shown."""


@keywords_of(TrainOptions)
def train(source: Any, **options: Any) -> WordVectors:
    """The word vectors that skip-gram or CBOW learns from a corpus.

    `source` is a path to read, never text itself: a file (plain, gz, bz2, xz or zst), a glob pattern, a folder or "-"
    for standard input; or an open file, which is read to its end; or a list of these; or any iterable of lists of
    tokens, which is read once. Tokens are strings or integers, which are words by their decimal form. Where `tokenizer`
    is given, an iterable of strings, or a list of two or more of which the first is no path, is read as lines of text.
    With `column`, the source is a table: a file of JSON, csv, tsv, Parquet or Arrow, a frame of pandas or polars, a
    table of Arrow, a dataset, or an iterable of dicts; each cell, a text or a list of tokens, is a line. A Series of
    these is a column itself.

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

    With documents, the vectors have `documents`, those of the lines of the source or, with `tags`, of their tags:
    PV-DBOW with skipgram, PV-DM with cbow (Le and Mikolov, 2014; docs/documents.md has the formulas). Blank lines count
    too; of a line without words that are kept nothing is learned.

    With from_, all its words stay, and new ones join them; its settings are the defaults, except epochs, lr, min_lr,
    min_count, max_vocab, errors, threads and seed. Counts are added up. The documents are those of this run alone.

    The same arguments give the same vectors, byte for byte: always with softmax, otherwise with one thread, or
    with deterministic. The `history` of the vectors has one entry an epoch.

    With evaluate, each entry of `history` has "scores": one for each file, by its name without the suffix. `on_epoch`
    gets the vectors as they are after the epoch, with their history so far, and stops the run by returning True; a
    callback that returns nothing changes no byte of the result. A run that resumes at the end of an epoch calls it for
    that epoch again. The learning rate follows the planned epochs, so a run that stops early ends with a higher rate
    than min_lr. With patience, "best" marks the entry of the epoch that the vectors are of.

    Raises ConfigError, CorpusError, VocabularyError, UnknownWordError (freeze), FormatError (files given, and a
    checkpoint that is damaged or in use or has no room), MissingExtraError (zst), and FirthError when training
    diverges. With a checkpoint, SIGTERM and SIGHUP save the run as Ctrl-C does, and raise a KeyboardInterrupt too,
    where the process has no handlers of its own for them and this is its main thread.
    Warns of a corpus most of which is left out, of a run with few pairs, and of a loss that has not moved.

    Example: vectors = firth.train("corpus.txt", dim=200, window=10)
    """
    return train_for(None, source, **options)


train.__doc__ = f"{train.__doc__}\n{listed(TrainOptions, GROUPS)}"


@init_keywords_of(TrainOptions)
def train_for(
    out: str | os.PathLike[str] | None,
    source: Any,
    *,
    preset: str | None,
    vocab: Any,
    keep_words: Any,
    connectors: Any,
    from_: str | os.PathLike[str] | WordVectors | None,
    freeze: Any,
    evaluate: Any,
    patience: int | None,
    on_epoch: Callable[[WordVectors], object] | None,
    checkpoint: str | os.PathLike[str] | None,
    checkpoint_seconds: float,
    cache: str | os.PathLike[str] | None,
    resume: bool,
    memory: float | None,
    tags: Any,
    quiet: bool,
    **settings: Any,
) -> WordVectors:
    """What `train` gives, for a caller who is to save it in `out`: room for that is looked at before training.

    Raises FormatError where there is none.
    """
    start = load_start(from_)
    inherited = inherited_settings(start, settings)
    chosen = preset_settings(preset, inherited | settings)
    config = make_config(inherited | chosen | settings)
    if connectors is not None and not config.phrases:
        raise ConfigError("connectors are words inside phrases: give phrases (--phrases) too")
    protected, inside = read_words("keep_words", keep_words), frozenset(read_words("connectors", connectors))
    frozen = frozen_words(start, freeze)
    _check_together(config, memory, protected, start, frozen, tags)
    if start is not None:
        check_start(start, config)
    room = MEMORY if memory is None else memory_bytes(memory)
    after = AfterEpoch(evaluate, patience, on_epoch)
    seconds = declared(TrainOptions)["checkpoint_seconds"].checked(checkpoint_seconds)
    if checkpoint is None and seconds != declared(TrainOptions)["checkpoint_seconds"].default:
        raise ConfigError("checkpoint_seconds is of checkpoints: give the folder for them (--checkpoint DIR) too")
    if resume and checkpoint is None:
        raise ConfigError("resume needs the folder of the checkpoint: give checkpoint (--checkpoint DIR) too")
    with ExitStack() as stack:
        display = stack.enter_context(Display(quiet))
        saved = None if checkpoint is None else _open_checkpoint(stack, checkpoint, resume, config, display)
        if preset is not None:
            used = (f"{name} {value}" for name, value in chosen.items() if name not in settings)
            display.say(f"preset {preset}: {', '.join(used) or 'all its settings are given'}")
        corpus = stack.enter_context(
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
                say=display.say,
                named=start is None or "tokenizer" in settings,
                lines=config.documents,
                cache=cache,
            )
        )
        display.read(corpus.tokens, len(corpus.vocab))
        tagged = read_tags(tags, corpus, display.reading) if config.documents else None
        if tagged is not None:
            different = None if tagged.names is None else tagged.documents
            display.read_tags(corpus.line_count, len(corpus.offsets) - 1, different)
        for words in corpus.left_out:
            if not words.is_most:  # which is a warning
                display.say(str(words))
        warn_if_most_is_left_out(corpus.left_out, stacklevel=3)
        warn_of_corpus(corpus, config, stacklevel=3)
        check_room(corpus, config, tagged, out, checkpoint, patience is not None)
        trainer: Trainer
        if config.loss == "softmax":
            trainer = _exact_trainer(stack, corpus, config, room, display)
        else:
            trainer = _sgd_trainer(corpus, config, start, frozen, tagged, display)
        if not config.maxn:  # subwords give vectors to words that the corpus lacks
            after.check_words(trainer)
        _run(trainer, after, saved, start, resume, seconds, display)
        still = trainer.has_stood_still
        vectors = after.result(trainer, display)
        check_result(trainer, corpus, vectors, start, frozen, still, stacklevel=3)
        return vectors


def _open_checkpoint(
    stack: ExitStack, folder: str | os.PathLike[str], resume: bool, config: TrainConfig, display: Display
) -> Checkpoint:
    """The checkpoint in a folder, which is locked until `stack` ends."""
    removed = stack.enter_context(folder_of_one_run(folder))
    if removed:
        display.say(removed_litter(removed, folder))

    def told(part: float) -> None:
        display.working("checking", round(100 * part), 100, "%")

    return Checkpoint(folder, resume, config, told)


def _sgd_trainer(
    corpus: Corpus,
    config: TrainConfig,
    start: WordVectors | None,
    frozen: Collection[str],
    tags: Tags | None,
    display: Display,
) -> SgdTrainer:
    """The trainer of negative sampling and of hierarchical softmax."""
    trainer = SgdTrainer(corpus, config, start, frozen, tags)
    if start is not None:
        describe_start(start, corpus.vocab, config, len(frozen), display)
    return trainer


def _exact_trainer(stack: ExitStack, corpus: Corpus, config: TrainConfig, room: int, display: Display) -> ExactTrainer:
    """The trainer of the exact softmax, which needs counts of pairs; `stack` closes them."""
    announce_work(len(corpus.vocab), config, display)
    begun = time.monotonic()
    counts = stack.enter_context(
        count_pairs(corpus, config, centers=config.max_vocab, memory=room, folder=config.tmp, progress=display.counting)
    )
    display.counted(len(counts.data), time.monotonic() - begun)
    check_start_memory(len(counts.data))
    return ExactTrainer(corpus, counts, config)


def _run(
    trainer: Trainer,
    after: AfterEpoch,
    saved: Checkpoint | None,
    start: WordVectors | None,
    resume: bool,
    seconds: float,
    display: Display,
) -> None:
    """Train to the end, from the checkpoint if there is one, and save checkpoints on the way if there is a folder."""
    epochs = trainer.config.epochs

    def on_epoch() -> bool:
        return after.epoch(trainer, display)

    if saved is None:
        trainer.run(display.training, on_epoch=on_epoch)
        check_not_diverged(trainer, start, _last_epoch(trainer, after), None)
    else:
        if saved.restore(trainer):
            after.restore(trainer, saved.kept)
            display.say(f"continuing from the checkpoint: {trainer.epochs_done} of {epochs} epochs are done")
        elif resume:
            display.say(f"no checkpoint in {saved.path.parent} yet: the run begins")
        with ending(), raised_once():
            _run_and_save(trainer, after, saved, start, on_epoch, seconds, display)
    if trainer.epochs_done < epochs and not after.stopped:
        display.say(f"the loss no longer falls: done after {trainer.epochs_done} of {epochs} passes")


def _run_and_save(
    trainer: Trainer,
    after: AfterEpoch,
    saved: Checkpoint,
    start: WordVectors | None,
    on_epoch: Callable[[], bool],
    seconds: float,
    display: Display,
) -> None:
    """Train to the end, and save the run on the way, at its end and where a signal ends it.

    A run that has diverged, or has no pair so far, is saved only where a signal ends it: the last checkpoint is of more
    use.
    """
    pace, said = Pace(seconds, trainer), False
    saves = saved.saves  # that there were when training went on
    try:
        while not trainer.run(display.training, pace.is_due, on_epoch):
            with pace.saving():
                found = above_chance(trainer, start, trainer.epochs_done) if trainer.history else None
                if found is not None and not said:
                    display.say(f"{found}: the checkpoint stays as it is until the loss is lower")
                said = found is not None
                if found is None and _may_have_pairs(trainer):
                    _save_or_warn(saved, trainer, after, display)
            saves = saved.saves
        check_not_diverged(trainer, start, _last_epoch(trainer, after), saved.path.parent)
        _save_or_warn(saved, trainer, after, display)
    except KeyboardInterrupt:
        with held_back():
            if saved.saves == saves:
                display.say("saving the run")
                try:
                    saved.save(trainer, after.kept(trainer), _shown_if_long(display))
                except FirthError as error:  # the exit status is still that of the signal
                    warnings.warn(f"the run was not saved: {error}", stacklevel=5)
            if saved.saves > saves:
                missing = "" if trainer.started else ", without its starting vectors, which are computed again"
                display.say(f"the run is saved in {saved.path}{missing}: continue it with --resume")
        raise


def _last_epoch(trainer: Trainer, after: AfterEpoch) -> int:
    """The epoch that the vectors of a finished run are of."""
    kept = after.kept(trainer)
    return trainer.epochs_done if kept is None else kept[0]


def _may_have_pairs(trainer: Trainer) -> bool:
    """Whether the epochs that are done, if any, had pairs: a run without is refused at its end."""
    return not trainer.history or any(entry["pairs"] for entry in trainer.history)


def _save_or_warn(checkpoint: Checkpoint, trainer: Trainer, after: AfterEpoch, display: Display) -> None:
    """Save a checkpoint, or warn: a full disk must not end a run."""
    try:
        checkpoint.save(trainer, after.kept(trainer), _shown_if_long(display))
    except FormatError as error:
        warnings.warn(f"the checkpoint was not saved: {error}", stacklevel=6)


def _shown_if_long(display: Display) -> Callable[[float], None]:
    """What shows how much of a checkpoint is written, once that has taken a second."""
    begun = time.monotonic()

    def told(part: float) -> None:
        if time.monotonic() - begun > SHOWN_SECONDS:
            display.working("saving", round(100 * part), 100, "%")

    return told


def _check_together(
    config: TrainConfig,
    memory: float | None,
    keep_words: list[str],
    start: WordVectors | None,
    frozen: list[str],
    tags: Any,
) -> None:
    """Raise ConfigError for arguments that the settings have no use for."""
    if tags is not None and not config.documents:
        raise ConfigError("tags are a setting of document vectors: give documents (--documents) too")
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
