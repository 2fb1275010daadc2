"""What the models share: options, vocabulary, training again and again, saving."""

import datetime
import itertools
import logging
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firth.corpus.encode import Corpus
from firth.corpus.subsampling import keep_probabilities
from firth.corpus.vocabulary import is_whole, nothing_left
from firth.files.paths import AnyPath
from firth.files.tensors import TensorFile
from firth.gensim._errors import ArgumentError, KindError, NothingToTrainError, NotReadyError
from firth.gensim._warnings import callers_level, renamed, without_meaning
from firth.gensim.models import _state
from firth.gensim.models._hooks import check_hooks
from firth.gensim.models._old_model_names import OldNames
from firth.gensim.models._options import (
    config_of,
    falling,
    new_names,
    settings_of,
    usual_values,
    warn_without_meaning,
    whole,
)
from firth.gensim.models._predictions import TreeScores, output_words
from firth.gensim.models._reading import Key, Text, read_text
from firth.gensim.models._training import run
from firth.gensim.models._vocabulary import Chosen, TrimRule, choose, pruned, report
from firth.gensim.models._weights import Floats, Weights, copy_rows, frozen_words
from firth.native.arrays import LANES
from firth.native.compiling import announcing
from firth.settings import TrainConfig
from firth.sgd.outputs import output_rows
from firth.sgd.trainer import SgdTrainer

logger = logging.getLogger(__name__)

WORD_BYTES = 500
TREE_BYTES = 200
"""The memory of a word in Python's lists and dicts, and of its path, about."""

Counts = npt.NDArray[np.int64]


class Model(OldNames):
    """A model of words, without a constructor: `Word2Vec` and `FastText` have theirs.

    wv: the vectors by word; `wv.vectors` is a view of the matrix that training changes. syn1neg: float32 (n, d), the
    output vectors of the words, with negative sampling. syn1: float32 (n, d), those of the tree's nodes, root first,
    with hierarchical softmax; the last row is not used. corpus_count, corpus_total_words: the sentences and words that
    the vocabulary was built from.
    """

    _firth_kind = ""
    wv: Any
    syn1neg: Floats
    syn1: Floats

    alpha: float
    min_alpha: float
    window: int
    min_count: int
    max_vocab_size: int | None
    max_final_vocab: int | None
    sample: float
    seed: int
    workers: int
    sg: int
    hs: int
    negative: int
    ns_exponent: float
    cbow_mean: int
    sorted_vocab: int
    shrink_windows: bool
    compute_loss: bool

    def _firth_set_defaults(self) -> None:
        """Set what no option sets."""
        self.corpus_count = self.corpus_total_words = self.train_count = 0
        self.total_train_time = self.running_training_loss = 0.0
        self.raw_vocab: dict[Key, int] = {}
        self.hashfxn: Callable[..., Any] = hash
        self.lifecycle_events: list[dict[str, Any]] | None = []
        self._firth_weights: Weights | None = None
        self._firth_text: Text | None = None
        self._firth_keeps_text = False
        self._firth_pending: Chosen | None = None

    def _firth_begin(
        self,
        sentences: Any,
        corpus_file: Any,
        trim_rule: TrimRule | None,
        callbacks: Iterable[Any],
        old_names: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        """Take over the options, and build and train the model if there is a corpus."""
        check_hooks(type(self))
        new_names(old_names, options)
        warn_without_meaning(options)
        usual_values(options)
        self._firth_set_defaults()
        vars(self).update(options)
        self.layer1_size, self.min_alpha_yet_reached = self.vector_size, float(self.alpha)
        self._firth_check_options()
        self.effective_min_count = self.min_count
        self.wv = self._firth_new_vectors()
        if sentences is not None or corpus_file is not None:
            self._firth_keeps_text = True  # so that what can be read once only is read once
            try:
                self.build_vocab(corpus_iterable=sentences, corpus_file=corpus_file, trim_rule=trim_rule)
                self.train(
                    corpus_iterable=sentences,
                    corpus_file=corpus_file,
                    total_examples=self.corpus_count,
                    total_words=self.corpus_total_words,
                    epochs=self.epochs,
                    start_alpha=self.alpha,
                    end_alpha=self.min_alpha,
                    compute_loss=self.compute_loss,
                    callbacks=callbacks,
                )
            finally:
                self._firth_keeps_text = False
                self._firth_drop_text()
        elif trim_rule is not None:
            logger.warning("trim_rule is used while a vocabulary is built, and not kept: give it to build_vocab()")
        self.add_lifecycle_event("created", params=str(self))

    def _firth_check_options(self) -> None:
        """Raise ArgumentError for options out of range."""
        self._firth_settings()
        for name, least in (("min_count", 0), ("max_final_vocab", 1), ("max_vocab_size", 1)):
            value = getattr(self, name)
            if (value is None and least) or (is_whole(value) and value >= least):
                continue
            raise ArgumentError(f"{name} is {value!r:.100}: expected a whole number, {least} or more")

    # What kinds of models differ in

    def _firth_new_vectors(self) -> Any:
        """Empty vectors."""
        raise NotImplementedError

    def _firth_settings(self) -> dict[str, Any]:
        """The settings of firth's that the options mean. Raises ArgumentError."""
        return settings_of(self)

    def _firth_read(self, corpus_iterable: Any, corpus_file: Any, progress_per: int) -> Text:
        """The text of a corpus."""
        return read_text(corpus_iterable, corpus_file, progress_per)

    def _firth_take_counts(self, text: Text) -> None:
        """Take what a text says beside its words, when the vocabulary is built."""

    def _firth_new_trainer(self, text: Text, corpus: Corpus, config: TrainConfig) -> SgdTrainer:
        """A trainer that works on the model's matrices."""
        outputs = output_rows(config.loss, len(corpus.vocab))
        return SgdTrainer(corpus, config, matrices=self._firth_matrices().of_trainer(outputs))

    def _firth_frozen(self) -> Counts | None:
        """Which words' vectors training leaves alone, (n,), 1 for such a word; None if none. Raises ArgumentError."""
        return frozen_words(self.wv.vectors_lockf, len(self.wv.index_to_key))

    def _firth_output_width(self) -> int:
        """How many vectors an output row is as long as."""
        return 1

    def _firth_input_rows(self, words: int) -> int:
        """How many input rows so many words need."""
        return words

    def _firth_inputs(self) -> list[Floats]:
        """The input rows, in order."""
        return [self.wv.vectors]

    def _firth_set_inputs(self, keys: Sequence[Key], counts: Counts, rows: Floats) -> None:
        """Let the vectors by word be those of these keys and input rows, without a copy."""
        self.wv.set_all(keys, rows, counts)

    def _firth_settle(self) -> None:
        """Let the arrays be views of matrices to train now, so that what holds one sees training change it."""
        if not len(self.wv.index_to_key):
            return
        there = self._firth_outputs()
        self._firth_matrices()
        for name in self._firth_outputs().keys() - there:
            delattr(self, name)

    def _firth_move_inputs(self, rows: Floats) -> None:
        """Let the vectors by word use these input rows, which are copies of theirs."""
        self.wv.vectors = rows

    def _firth_refresh(self) -> None:
        """Forget or compute anew what depends on the input rows, after training has changed them."""
        self.wv.norms = None

    def _firth_input_tensors(self) -> dict[str, npt.NDArray[Any]]:
        """What a saved file holds of the vectors by word."""
        return {"vectors": np.asarray(self.wv.vectors, np.float32)}

    def _firth_more_state(self) -> dict[str, Any]:
        """What a saved file says of the vectors by word, as plain values."""
        return {}

    def _firth_load_inputs(
        self,
        keys: list[Key],
        counts: Counts,
        file: TensorFile,
        more: dict[str, Any],
        matrix: Callable[[str, int], Floats],
    ) -> None:
        """Make the vectors by word from a saved file; `matrix` reads a checked one. Raises FormatError."""
        self.wv = self._firth_new_vectors()
        self.wv.set_all(keys, matrix("vectors", len(keys)), counts)

    # The vocabulary

    def build_vocab(
        self,
        corpus_iterable: Any = None,
        corpus_file: Any = None,
        update: bool = False,
        progress_per: int = 10000,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        **kwargs: Any,
    ) -> None:
        """Count the words of a corpus, choose those that stay and begin their vectors.

        corpus_iterable: an iterable of lists of words; one that can be read once only serves, but then training needs
        another. corpus_file: the path of a text, a sentence a line. update: add the words to those that the model has,
        which keep their vectors; counts add up. trim_rule: a function of a word, its count and min_count that returns
        utils.RULE_DEFAULT, RULE_DISCARD or RULE_KEEP. kwargs: for `prepare_vocab`.

        Raises SentencesError for what is no corpus, NothingToTrainError if no word stays.
        """
        check_hooks(type(self))
        corpus_iterable = _old_sentences(corpus_iterable, kwargs)
        if update and not len(self.wv.index_to_key):
            raise NotReadyError("there is no vocabulary to update: call build_vocab() without update first")
        words, sentences = self.scan_vocab(
            corpus_iterable=corpus_iterable, corpus_file=corpus_file, progress_per=progress_per, trim_rule=trim_rule
        )
        self.corpus_count, self.corpus_total_words = sentences, words
        told = self.prepare_vocab(update=update, keep_raw_vocab=keep_raw_vocab, trim_rule=trim_rule, **kwargs)
        self.estimate_memory(told["num_retained_words"])
        if not kwargs.get("dry_run"):
            self.prepare_weights(update=update)
        self.add_lifecycle_event("build_vocab", update=update, trim_rule=str(trim_rule))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Key, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Take the words and their counts from a dict; else as `build_vocab`.

        Raises KindError for what is no such dict, ArgumentError for counts that are no whole numbers from 0 up.
        """
        check_hooks(type(self))
        if update and not len(self.wv.index_to_key):
            raise NotReadyError("there is no vocabulary to update: call build_vocab_from_freq() without update first")
        self.raw_vocab = _counted(word_freq)
        self.corpus_count, self.corpus_total_words = corpus_count or 0, sum(self.raw_vocab.values())
        self.raw_vocab = pruned(self.raw_vocab, self.max_vocab_size, trim_rule)
        self.prepare_vocab(update=update, keep_raw_vocab=keep_raw_vocab, trim_rule=trim_rule)
        self.prepare_weights(update=update)

    def scan_vocab(
        self,
        corpus_iterable: Any = None,
        corpus_file: Any = None,
        progress_per: int = 10000,
        workers: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> tuple[int, int]:
        """Count the words of a corpus into `raw_vocab`, by first appearance; return how many words and sentences."""
        self._firth_drop_text()
        text = self._firth_read(corpus_iterable, corpus_file, progress_per)
        counted = dict(zip(text.keys, text.counts.tolist(), strict=True))
        self.raw_vocab = pruned(counted, self.max_vocab_size, trim_rule)
        self._firth_take_counts(text)
        if self._firth_keeps_text:
            self._firth_text = text
        else:
            text.close()
        logger.info(
            "collected %i word types from a corpus of %i raw words and %i sentences",
            *(len(self.raw_vocab), text.tokens, text.sentences),
        )
        return text.tokens, text.sentences

    def prepare_vocab(
        self,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Choose the words of `raw_vocab` that stay, and say what that leaves.

        min_count, sample: in place of the model's, which take these values. dry_run: change nothing.
        Raises NothingToTrainError if no word stays.
        """
        least = self.min_count if min_count is None else whole(min_count)
        share = self.sample if sample is None else sample
        chosen = choose(self.raw_vocab, least, self.max_final_vocab, trim_rule, bool(self.sorted_vocab))
        told = report(self.raw_vocab, chosen, share)
        msg = (
            f"effective_min_count={chosen.min_count} retains {len(chosen.keys)} unique words "
            f"of original {len(self.raw_vocab)}, drops {told['drop_unique']}"
        )
        if dry_run:
            logger.info(msg)
            return told
        if update:
            chosen = self._firth_joined(chosen)
        elif not chosen.keys:
            raise NothingToTrainError(_nothing_left(self.raw_vocab, chosen.min_count))
        self.min_count, self.sample, self.effective_min_count = least, share, chosen.min_count
        self._firth_pending = chosen
        if not keep_raw_vocab:
            self.raw_vocab = {}
        self.add_lifecycle_event("prepare_vocab", msg=msg)
        return told

    def _firth_joined(self, new: Chosen) -> Chosen:
        """The words of the model, with what a new count adds, and then the new words."""
        counts = dict(zip(self.wv.index_to_key, _state.counts_of(self.wv).tolist(), strict=True))
        for key in counts:
            counts[key] += self.raw_vocab.get(key, 0)
        for key, count in zip(new.keys, new.counts.tolist(), strict=True):
            counts.setdefault(key, count)
        if len(set(map(type, counts))) > 1:
            raise KindError("the new words and those of the model are not all strings, or all integers: give one kind")
        return Chosen(list(counts), np.array(list(counts.values()), np.int64), new.min_count)

    # The matrices

    def prepare_weights(self, update: bool = False) -> None:
        """Begin the vectors of the words that `prepare_vocab` chose; with `update` the model's words keep theirs.

        The nodes of the tree begin anew, as the tree is another one.
        """
        if self._firth_pending is None:
            raise NotReadyError("no words are chosen: call build_vocab() first")
        keys, counts, _ = self._firth_pending
        before, outputs = (self._firth_inputs(), self._firth_outputs()) if update else ([], {})
        others = self.wv.expandos if update else {}
        weights = self._firth_new_weights(len(keys))
        if before:
            self._firth_copy_inputs(weights.inputs, len(keys), before)
            if "syn1neg" in outputs:
                copy_rows(weights.outputs["syn1neg"], outputs["syn1neg"], "syn1neg")
        self._firth_use(weights)
        self._firth_set_inputs(keys, counts, weights.inputs)
        _state.keep_attributes(self.wv, others)
        self._firth_pending = None

    def init_weights(self) -> None:
        """Begin the vectors of all words anew."""
        keys, counts = self.wv.index_to_key, _state.counts_of(self.wv)
        self._firth_pending = Chosen(list(keys), counts, self.effective_min_count)
        self.prepare_weights()

    def update_weights(self) -> None:
        """Begin the vectors of the words that `prepare_vocab(update=True)` has added."""
        self.prepare_weights(update=True)

    def create_binary_tree(self) -> None:
        """Do nothing: training makes the Huffman tree from the counts of the words."""

    def make_cum_table(self, domain: int = 2**31 - 1) -> None:
        """Do nothing: training makes its table of negatives from the counts of the words."""

    def reset_from(self, other_model: "Model") -> None:
        """Take over the words and counts of another model, and begin the vectors anew."""
        keys = other_model.wv.index_to_key
        if not len(keys):
            raise NotReadyError("the other model has no vocabulary: call its build_vocab() first")
        self.corpus_count, self.corpus_total_words = other_model.corpus_count, other_model.corpus_total_words
        self.raw_vocab = other_model.raw_vocab
        self._firth_pending = Chosen(list(keys), _state.counts_of(other_model.wv).copy(), self.effective_min_count)
        self.prepare_weights()

    def _firth_new_weights(self, words: int) -> Weights:
        losses = {"negatives": bool(self.negative), "tree": bool(self.hs)}
        return Weights(self._firth_input_rows(words), words, self.vector_size, self.seed, **losses)

    def _firth_copy_inputs(self, rows: Floats, words: int, before: list[Floats]) -> None:
        """Copy earlier input rows into the first of those of `words` words."""
        copy_rows(rows, before[0], "wv.vectors")

    def _firth_outputs(self) -> dict[str, Floats]:
        """The output rows by name."""
        names = {"syn1neg": self.negative, "syn1": self.hs}
        return {name: getattr(self, name) for name, used in names.items() if used and hasattr(self, name)}

    def _firth_use(self, weights: Weights) -> None:
        """Let the output rows be those of these matrices."""
        self._firth_weights = weights
        for name in ("syn1neg", "syn1"):
            vars(self).pop(name, None)
        vars(self).update(weights.outputs)

    def _firth_matrices(self, weights: Any = None) -> Any:
        """The matrices to train, which the arrays of the model then are views of.

        They are `weights`, or those that the model has; where the arrays are others, these are copied, into new
        matrices if `weights` are not given.
        """
        words, inputs, outputs = len(self.wv.index_to_key), self._firth_inputs(), self._firth_outputs()
        held = weights or self._firth_weights
        if held is not None and held.holds(inputs, outputs):
            self._firth_weights = held
            return held
        weights = weights or self._firth_new_weights(words)
        self._firth_copy_inputs(weights.inputs, words, inputs)
        for name, rows in outputs.items():
            copy_rows(weights.outputs[name], rows, name)
        self._firth_use(weights)
        self._firth_move_inputs(weights.inputs)
        return weights

    # Training

    def train(
        self,
        corpus_iterable: Any = None,
        corpus_file: Any = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        word_count: int = 0,
        queue_factor: int = 2,
        report_delay: float = 1.0,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        **kwargs: Any,
    ) -> tuple[int, int]:
        """Train on from the vectors as they stand; return how many words were trained, on average, and how many read.

        The corpus is read once, whatever the epochs; an iterator that has not been used serves. The learning rate falls
        from `alpha` to `min_alpha` over this call, by position in the corpus: `total_examples` and `total_words` are
        not needed, and only compared. epochs, start_alpha, end_alpha: the model keeps them. callbacks: objects with
        on_train_begin, on_epoch_begin, on_epoch_end and on_train_end, each called with the model. report_delay: seconds
        between lines of the log.

        Raises NotReadyError without a vocabulary, ArgumentError for a learning rate below 0 and other options out of
        range, SentencesError for what is no corpus. Warns where nothing could be trained.
        """
        check_hooks(type(self))
        corpus_iterable = _old_sentences(corpus_iterable, kwargs)
        if kwargs:
            raise KindError(f"{next(iter(kwargs))!r:.100} is no option of train()")
        given = {"word_count": (word_count, 0), "queue_factor": (queue_factor, 2)}
        why = "firth counts the words, and threads share the corpus out themselves"
        without_meaning(
            {name: why for name, (value, usual) in given.items() if value != usual}, stacklevel=callers_level() + 1
        )
        if not len(self.wv.index_to_key):
            raise NotReadyError("there is no vocabulary yet: call build_vocab() first")
        self.epochs = self.epochs if epochs is None else epochs
        self.alpha = self.alpha if start_alpha is None else start_alpha
        self.min_alpha = self.min_alpha if end_alpha is None else end_alpha
        self.compute_loss, self.running_training_loss = bool(compute_loss), 0.0
        config = self._firth_run_config()
        text = self._firth_take_text() or self._firth_read(corpus_iterable, corpus_file, 10000)
        started = time.monotonic()
        try:
            _compare(total_examples, text.sentences, "sentences", "total_examples")
            _compare(total_words, text.tokens, "words", "total_words")
            with announcing(logger.warning):  # a first run compiles for seconds, and says so where nothing is set up
                trained = self._firth_train_on(text, config, callbacks, report_delay)
            read = text.tokens * config.epochs
        finally:
            text.close()
        self.train_count += 1
        self.min_alpha_yet_reached = min(self.min_alpha_yet_reached, float(config.min_lr))
        seconds = time.monotonic() - started
        msg = f"training on {read} raw words ({trained} effective words) took {seconds:.1f}s"
        self.add_lifecycle_event("train", msg=msg)
        return trained, read

    def _firth_run_config(self) -> TrainConfig:
        """The settings of a call of `train`; each call draws anew."""
        settings = self._firth_settings()
        settings["lr"], settings["min_lr"] = falling(settings["lr"], settings["min_lr"])
        if settings["lr"] > self.min_alpha_yet_reached:
            logger.info("alpha is higher than in earlier training: %g after %g", self.alpha, self.min_alpha_yet_reached)
        if self.train_count:
            from firth.native import rng

            settings["seed"] = int(rng.stream_key(settings["seed"], self.train_count, 3)) & (2**63 - 1)
        return config_of(settings)

    def _firth_train_on(self, text: Text, config: TrainConfig, callbacks: Iterable[Any], report_delay: float) -> int:
        """Train on a text; return how many words were trained, on average."""
        corpus = text.corpus(self.wv.index_to_key, _state.counts_of(self.wv))
        if corpus is None:
            _warn_of_nothing(text.tokens)
            return 0
        with corpus:
            frozen = self._firth_frozen()
            trainer = self._firth_new_trainer(text, corpus, config)
            trainer.frozen[0] = frozen
            run(self, trainer, callbacks, report_delay)
            kept = keep_probabilities(corpus.frequencies, config.subsample)
            return int((kept * corpus.vocab.counts).sum()) * config.epochs

    def _firth_take_text(self) -> Text | None:
        """The text that the constructor has read, once."""
        text, self._firth_text = self._firth_text, None
        return text

    def _firth_drop_text(self) -> None:
        if text := self._firth_take_text():
            text.close()

    def get_latest_training_loss(self) -> float:
        """The loss of the last call of `train` so far, if it computes it: the sum over all pairs, in nats.

        gensim's is a running sum in float32, which stands still from 2^27 on and depends on the number of workers; this
        one is exact.
        """
        return self.running_training_loss

    # Questions

    def predict_output_word(self, context_words_list: Iterable[Key], topn: int = 10) -> list[tuple[Key, float]] | None:
        """The `topn` most probable words in a context, [(word, probability), ...]; None if it has no known word.

        The softmax over all output vectors of the mean (with cbow_mean=0 the sum) of the context's vectors: the words
        of the window all count the same, also with skip-gram. Integers that are no words are indices. Raises
        NotReadyError without negative sampling.
        """
        if not self.negative:
            raise NotReadyError("predicted words need negative sampling: expected a model with negative above 0")
        if not hasattr(self, "syn1neg") or not len(self.wv.index_to_key):
            raise NotReadyError("there is nothing to predict from: call build_vocab() and train() first")
        rows = [self.wv.get_index(word) for word in context_words_list if self.wv.has_index_for(word)]
        if not rows:
            logger.warning("none of the words of the context is in the vocabulary")
            return None
        shares = output_words(self.wv.vectors, self.syn1neg, rows, bool(self.cbow_mean))
        best = np.argsort(-shares, kind="stable")[:topn]
        return [(self.wv.index_to_key[word], shares[word]) for word in best.tolist()]

    def score(
        self,
        sentences: Iterable[Iterable[Key]],
        total_sentences: int = 1000000,
        chunksize: int = 100,
        queue_factor: int = 2,
        report_delay: float = 1,
    ) -> npt.NDArray[np.float32]:
        """(sentences,) float32: the log probability of each sentence under hierarchical softmax.

        With skip-gram it is the sum of log P(w | o) over all words w and all other words o of w's whole window, with
        CBOW that of log P(w | window); words that the model lacks are left out. The model does not change.
        total_sentences: the most to score; the others are left out. Raises NotReadyError for other models than of hs=1
        and negative=0.
        """
        if not len(self.wv.index_to_key):
            raise NotReadyError("there is no vocabulary yet: call build_vocab() and train() first")
        if not self.hs or self.negative:
            raise NotReadyError("scores are of hierarchical softmax alone: expected a model of hs=1 and negative=0")
        scores = TreeScores(
            self.wv.vectors,
            self.syn1,
            _state.counts_of(self.wv),
            self.window,
            skipgram=bool(self.sg),
            mean=bool(self.cbow_mean),
        )
        first = itertools.islice(sentences, total_sentences)
        return np.fromiter(scores.of(first, self.wv.key_to_index), np.float32)

    def estimate_memory(self, vocab_size: int | None = None, report: dict[str, int] | None = None) -> dict[str, int]:
        """The memory that the model takes with `vocab_size` words, by part, in bytes, and "total"; about.

        report: parts to add to.
        """
        words = len(self.wv.index_to_key) if vocab_size is None else vocab_size
        row = 4 * -(-self.vector_size // LANES) * LANES
        parts = dict(report or {})
        parts["vocab"] = words * (WORD_BYTES + bool(self.hs) * TREE_BYTES)
        parts |= self._firth_memory_of_inputs(words, row)
        parts |= {"syn1": words * row * self._firth_output_width()} if self.hs else {}
        parts |= {"syn1neg": words * row * self._firth_output_width()} if self.negative else {}
        parts["total"] = sum(bytes_ for name, bytes_ in parts.items() if name != "total")
        logger.info("estimated memory for %i words: %i bytes", words, parts["total"])
        return parts

    def _firth_memory_of_inputs(self, words: int, row: int) -> dict[str, int]:
        return {"vectors": words * row}

    def init_sims(self, replace: bool = False) -> None:
        """Do nothing, as norms are computed when they are needed; with `replace` scale all vectors to length 1.

        gensim 4 has made this needless.
        """
        renamed("init_sims()", "wv.get_vector(word, norm=True), or wv.unit_normalize_all() to replace the vectors")
        if replace:
            self.wv.unit_normalize_all()

    def __str__(self) -> str:
        """The class, the number of words, the dimension and the learning rate."""
        kind, words = type(self).__name__, len(self.wv.index_to_key)
        return f"{kind}<vocab={words}, vector_size={self.vector_size}, alpha={self.alpha}>"

    # Files and processes

    def add_lifecycle_event(self, event_name: str, log_level: int = logging.INFO, **event: Any) -> None:
        """Add an entry to `lifecycle_events`, with its time; if that is None, do nothing."""
        if self.lifecycle_events is None:
            return
        event |= {
            "datetime": datetime.datetime.now().isoformat(),
            "python": sys.version,
            "platform": platform.platform(),
            "event": event_name,
        }
        self.lifecycle_events.append(event)
        logger.log(log_level, "%s lifecycle event %s", type(self).__name__, event)

    def save(
        self,
        fname: AnyPath,
        separately: Any = None,
        sep_limit: int = 10 * 1024**2,
        ignore: Iterable[str] = frozenset(),
        pickle_protocol: int = 4,
    ) -> None:
        """Write the model to one file, in firth's format: no pickle. `load` reads it.

        Attributes of your own are saved if they are numbers, text, arrays, or lists and dicts of such; tuples come back
        as lists. A warning names the others. The other parameters are of gensim's files, which are several pickles, and
        have no effect. Raises FormatError where the file cannot be written.
        """
        self.add_lifecycle_event("saving", fname=str(fname))
        _state.save(self, fname)

    @classmethod
    def load(cls, fname: AnyPath, mmap: str | None = None, rethrow: bool = False) -> Self:
        """The model that `save` wrote, of this class or one made of it. mmap: leave the matrices on disk, read-only.

        Raises FormatError for other files; for a pickle of gensim's it says how to convert it.
        """
        model: Self = _state.load(cls, fname, mmap)
        model.add_lifecycle_event("loaded", fname=str(fname))
        return model

    def __getstate__(self) -> dict[str, Any]:
        """The attributes as plain values and arrays."""
        state = {
            name: value
            for name, value in vars(self).items()
            if name not in ("_firth_weights", "_firth_text", "_firth_pending")
        }
        state["hashfxn"] = hash  # any other function may have no name to pickle
        for name in ("syn1neg", "syn1"):
            if name in state:
                state[name] = np.ascontiguousarray(state[name])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the attributes."""
        vars(self).update(state)
        self._firth_weights, self._firth_text, self._firth_pending = None, None, None
        self._firth_settle()

    def __copy__(self) -> Self:
        """A model of the same vectors: training one changes those of both."""
        model = object.__new__(type(self))
        vars(model).update(vars(self))
        return model


def _old_sentences(corpus_iterable: Any, options: dict[str, Any]) -> Any:
    """The sentences or documents, if they are given by the name that gensim 3 had for them."""
    for name in ("sentences", "documents"):
        if name in options:
            renamed(f"{name}=", "corpus_iterable=", stacklevel=callers_level() + 1)
            return options.pop(name)
    return corpus_iterable


def _counted(word_freq: Any) -> dict[Key, int]:
    """Words and counts, checked."""
    if not isinstance(word_freq, Mapping):
        raise KindError(f"word_freq is {word_freq!r:.100} ({type(word_freq).__name__}): expected a dict of counts")
    if not all(isinstance(key, str) for key in word_freq) and not all(map(is_whole, word_freq)):
        raise KindError("the words of word_freq are not all strings, or all integers: expected one kind")
    for key, count in word_freq.items():
        if not is_whole(whole(count)) or count < 0:
            raise ArgumentError(f"the count of {key!r:.100} is {count!r:.100}: expected a whole number from 0 up")
    return {key if isinstance(key, str) else int(key): int(count) for key, count in word_freq.items()}


def _nothing_left(raw: Mapping[Key, int], min_count: int) -> str:
    if not raw:
        return "there is no word to choose from: call build_vocab() with sentences"
    best = max(raw, key=lambda key: raw[key])
    if raw[best] >= min_count:
        return f"trim_rule discards all {len(raw):,} words: expected it to keep some"
    return str(nothing_left(str(best), raw[best], min_count))


def _compare(given: int | None, found: int, things: str, name: str) -> None:
    if given is not None and given != found:
        logger.warning(
            "%s is %s, but the corpus has %i %s; the learning rate goes by these", name, given, found, things
        )


def _warn_of_nothing(tokens: int) -> None:
    warnings.warn(
        f"nothing was trained: none of the {tokens:,} words of the sentences is in the vocabulary. Call build_vocab() "
        "on them, with update=True to keep the vectors",
        UserWarning,
        stacklevel=callers_level(),
    )
