"""Epochs, threads, schedule and progress: from an encoded corpus to two matrices of vectors.

Every draw and every learning rate is a function of the seed, the epoch and the position in the corpus. With one thread
a run is therefore fully determined; with several, threads see each other's steps at times that nobody fixes, and two
runs differ by about as much as two seeds do. `intervals` fixes these times.
"""

import copy
import dataclasses
import json
import math
import threading
import time
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firth.corpus.encode import Corpus
from firth.corpus.subsampling import keep_probabilities
from firth.corpus.tags import Tags
from firth.declaring import BOTH, TREE
from firth.errors import ConfigError, CorpusError, FirthError, VocabularyError, quoted
from firth.memory import physical_memory
from firth.native.arrays import aligned_rows
from firth.settings import TrainConfig
from firth.sgd.intervals import SHARD_ROWS, SHARDS, IntervalTraining, Reached
from firth.sgd.outputs import Matrix, Outputs, output_rows, outputs_of
from firth.sgd.start import check_start, document_rows
from firth.sgd.tables import Ints, Kernel, Tables, make_tables, tree_paths
from firth.sgd.worker import Worker
from firth.signals import held_back
from firth.training import (
    EpochProgress,
    Progress,
    Snapshot,
    State,
    all_finite,
    all_moderate,
    fingerprint,
    ignore,
    is_history,
    never,
    row_not_finite,
)
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.storage import Parts
from firth.vectors.subwords import Subwords, mean_rows

CHUNK = 1 << 15
"""Tokens that a thread trains on before it looks up, with the default settings: some ten milliseconds."""

HOPELESS = 100.0
"""A mean loss this many times that of the start is divergence."""

STANDSTILL = 1e-3
"""A loss this close to that of untrained vectors, in proportion, has not moved."""

ROWS_A_PAIR = 8
"""Training on a pair takes longer than looking for a NaN in this many rows, so that the search costs little."""

HOT_ROWS = 32
"""Rows of the most frequent words that each of several threads keeps a copy of: few, as copies fill the cache."""

SLOT_BYTES = 16
"""What deterministic training keeps for each row of a matrix."""

MERGE_BUDGET = 128
"""Uses of a hot row by all threads together between two merges; far above it the sum of their steps overshoots."""


@dataclasses.dataclass
class SgdState(State):
    """Where a run stands: together with the two matrices, all that is needed to continue it."""

    position: int = 0  # tokens of the encoded corpus done in the epoch under way
    loss: float = 0.0  # of the epoch under way, in nats
    pairs: int = 0  # of the epoch under way

    @classmethod
    def of(cls, snapshot: Snapshot, tokens: int) -> Self | None:
        """The state in a snapshot of a run over a corpus of this many encoded tokens; None if it cannot be one."""
        unfinished = snapshot.unfinished
        if unfinished.keys() != cls().unfinished().keys():
            return None
        position, pairs = unfinished["position"], unfinished["pairs"]
        whole = type(position) is int and 0 <= position <= tokens and type(pairs) is int and 0 <= pairs < 2**63
        if not whole or not all_finite([unfinished["loss"], unfinished["seconds"]]):
            return None
        return cls(history=snapshot.parts["history"], **unfinished)


class _Spans:
    """Hands out the corpus to threads, span after span, until the end or until it is told to stop."""

    def __init__(self, start: int, end: int, size: int) -> None:
        self.position, self._end, self._size = start, end, size
        self._lock, self._stopped = threading.Lock(), False

    def take(self) -> tuple[int, int] | None:
        with self._lock:
            start = self.position
            if self._stopped or start >= self._end:
                return None
            self.position = min(start + self._size, self._end)
            return start, self.position

    def stop(self) -> None:
        self._stopped = True


class SgdTrainer:
    """A run of skip-gram or CBOW over a corpus, with negative sampling or hierarchical softmax."""

    def __init__(
        self,
        corpus: Corpus,
        config: TrainConfig,
        start: WordVectors | None = None,
        frozen: Collection[str] = (),
        tags: Tags | None = None,
        matrices: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None,
    ) -> None:
        """Allocate the matrices: V uniform in ±1/(2 dim), U zero; words of `start` begin with the vectors they have.

        Training does not move the vectors of `frozen` words of `start`. tags: those of the corpus's sentences, where
        documents have vectors. These begin as V does, or as `start` has them; a tag without any word has zeros.
        matrices: V and U as they are to be trained on, in place, in the form of `aligned_rows`; there is no `start`
        then. Raises ConfigError if the machine's memory is too small, `start` does not fit the settings or words cannot
        be frozen, VocabularyError for a tree of one word.
        """
        from firth.native import rng

        self.corpus, self.config, self.state = corpus, config, SgdState()
        self.words, self._pairs_unchecked = corpus.vocab.words, 0
        words, bucket = len(corpus.vocab), config.bucket if config.maxn else 0
        if config.loss in (TREE, BOTH) and words == 1:
            raise VocabularyError(
                f"hierarchical softmax needs a tree of two words and {quoted(self.words[0])} is the only one: give "
                "more text, or lower min_count"
            )
        if frozen and (config.documents or config.loss == BOTH):
            raise ConfigError(
                "words cannot be frozen beside documents, or with the sum of both losses: leave freeze out"
            )
        if frozen and config.deterministic:
            raise ConfigError("words cannot be frozen where training is deterministic: leave one of the two out")
        if config.concatenate and tags is not None:
            _check_tags(tags, corpus.lines)
        tables, self.tags = make_tables(self.words, corpus.frequencies, corpus.totals, config, tags), tags
        outputs, documents = output_rows(config.loss, words), 0 if tags is None else tags.documents
        _check_memory(words + bucket + documents, outputs * tables.width, words, config)
        self.documents = aligned_rows(documents, config.dim)
        self.padding = aligned_rows(1, config.dim)  # of windows whose vectors are concatenated
        if matrices is None:
            stride = self.padding.shape[1]
            self.center = aligned_rows(words + bucket, config.dim)
            self.outside = aligned_rows(outputs, config.dim if tables.width == 1 else tables.width * stride)
            rng.fill_uniform(self.center, config.dim, rng.stream_key(config.seed, 0, 0))
        else:
            self.center, self.outside = matrices
        self._outputs = outputs_of(self.outside, config.loss, tables.width, config.dim)
        rng.fill_uniform(self.documents, config.dim, rng.stream_key(config.seed, 0, 1))
        if tags is not None:
            self.documents[np.setdiff1d(np.arange(documents), tags.rows)] = 0.0  # no document is left of these tags
        self._kernel = Kernel(tables)
        self._span = max(1, int(CHUNK / max(_work(self._kernel.tables, config), 1.0)))
        self.frozen: list[npt.NDArray[np.int64] | None] = [None, None]
        if start is not None:
            self._begin_with(start, frozen)

    def _begin_with(self, start: WordVectors, frozen: Collection[str]) -> None:
        """Copy the vectors of the words that `start` has, and freeze some of them."""
        dim, words = self.config.dim, len(self.words)
        check_start(start, self.config)
        ids = {word: i for i, word in enumerate(start.words)}
        here = np.array([i for i, word in enumerate(self.words) if word in ids], np.int64)
        there = np.array([ids[self.words[i]] for i in here], np.int64)
        if self.config.maxn:
            assert start.subwords is not None
            self.center[here, :dim] = start.subwords.rows[there]
            self.center[words:, :dim] = start.subwords.rows[len(start) :]
        else:
            self.center[here, :dim] = start.center[there]
        words_out, nodes_out = self._outputs
        if self.config.concatenate:
            self._begin_concatenated(start, here, there)
        else:
            if nodes_out is not None and start.nodes is not None and self._has_tree_of(start):
                nodes_out[:, 0] = start.nodes
            if words_out is not None and start.outside is not None:
                words_out[here, 0] = start.outside[there]
        if self.tags is not None and start.documents is not None:
            mine, others = document_rows(self.tags, start.documents)
            self.documents[mine, :dim] = start.documents.matrix[others]
        if frozen:
            held = set(frozen)
            mask = np.array([word in held and word in ids for word in self.words], np.int64)
            self.frozen[0] = mask
            if words_out is not None and start.outside is not None:
                self.frozen[1] = mask

    def _begin_concatenated(self, start: WordVectors, here: Ints, there: Ints) -> None:
        """Copy the outside vectors of concatenated windows: of the words that `start` has, and of the same tree.

        Raises ConfigError where its windows or its documents' tags are of another number.
        """
        learned, (words, nodes) = start.documents, self._outputs
        if learned is None or learned.outside is None or learned.padding is None:
            return
        _, width, dim = self._outputs.given()[0].shape
        if learned.outside.shape[1] != width * dim:
            raise ConfigError(
                f"the vectors to start from put {learned.outside.shape[1] // dim} vectors side by side, and this run "
                f"{width}: give their window, and documents of as many tags"
            )
        self.padding[0, :dim] = learned.padding
        begin = 0 if words is None else len(start)
        if words is not None and len(learned.outside) >= begin:
            words[here] = learned.outside[there].reshape(-1, width, dim)
        if nodes is not None and self._has_tree_of(start) and len(learned.outside) == begin + len(nodes):
            nodes[:] = learned.outside[begin:].reshape(nodes.shape)

    def _has_tree_of(self, start: WordVectors) -> bool:
        """Whether vectors have the same words as this run, in the same Huffman tree."""
        here, (paths, branches) = self._kernel.tables.tree, tree_paths(start.counts)
        same = here is not None and np.array_equal(here[0], paths) and np.array_equal(here[1], branches)
        return start.words == self.words and same

    def run(
        self,
        on_progress: Callable[[EpochProgress], None],
        pause: Callable[[], bool] = never,
        on_epoch: Callable[[], bool] = never,
    ) -> bool:
        """Train to the end, or until `pause`; return whether the run is finished. `on_epoch` may end it sooner.

        After an exception, KeyboardInterrupt included, `state` and the matrices stand where the threads stopped.
        Raises FirthError when training diverges, CorpusError when the whole run had no pair.
        """
        on_progress(self._progress(self.state.position, None))
        self._compile()
        while not (self._at_end_of_epoch and on_epoch()) and len(self.state.history) < self.config.epochs:
            self._run_epoch(on_progress, pause)
            if self.state.position < len(self.corpus.ids):
                return False
            self._end_epoch()
            entry = self.state.history[-1]
            on_progress(self._progress(0, entry["loss"], entry["seconds"]))
            if len(self.state.history) < self.config.epochs and pause():
                return False
        self.check_finite()
        if not any(entry["pairs"] for entry in self.state.history):
            raise CorpusError(
                "there was no pair of words to train on: no sentence had two words left after min_count and subsample; "
                "give longer sentences, lower min_count, or keep all tokens with subsample 0"
            )
        return True

    @property
    def _at_end_of_epoch(self) -> bool:
        return bool(self.state.history) and self.state.position == 0

    @property
    def started(self) -> bool:
        """Whether a snapshot holds any work: always, as a new trainer has its starting vectors already."""
        return True

    @property
    def epochs_done(self) -> int:
        """How many epochs are finished."""
        return len(self.state.history)

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry for each finished epoch."""
        return self.state.history

    @property
    def has_stood_still(self) -> bool:
        """Whether the loss of the last epoch is that of untrained vectors, up to a thousandth.

        That is ln 2 for each output of a pair. How many outputs a tree has depends on the pairs that were drawn; there
        no score may be far enough from 0 to make more of a difference than a thousandth.
        """
        if self.config.loss in (TREE, BOTH):
            return _longest_row(self.center) * _longest_row(self.outside) < 2 * math.log(2.0) * STANDSTILL
        loss, untrained = self.history[-1]["loss"], self.untrained_loss
        return loss is not None and abs(loss - untrained) < STANDSTILL * untrained

    @cached_property
    def untrained_loss(self) -> float:
        """ln 2 for each output of a pair: the negatives and the word, or the nodes of a path, on an average."""
        tables, outputs = self._kernel.tables, 0.0
        if tables.noise is not None:
            outputs = 1.0 + tables.negatives
        return (outputs + self._mean_path) * math.log(2.0)

    @cached_property
    def chance_loss(self) -> float:
        """That of untrained vectors; the words of a tree may be more probable in it than equal ones, though."""
        tree = self._mean_path * math.log(2.0)
        return self.untrained_loss - tree + (max(tree, math.log(len(self.words))) if tree else 0.0)

    @cached_property
    def _mean_path(self) -> float:
        """How many nodes the path of a word has, over the tokens that subsampling keeps; 0 without a tree."""
        tree = self._kernel.tables.tree
        if tree is None:
            return 0.0
        kept = self.corpus.vocab.counts * keep_probabilities(self.corpus.frequencies, self.config.subsample)
        return float(kept @ np.diff(tree[0]) / kept.sum()) if kept.any() else 0.0

    @cached_property
    def fingerprint(self) -> dict[str, int]:
        """That of the corpus, of the tags of its documents and of the frozen words."""
        tags: list[npt.NDArray[Any]] = []
        if self.tags is not None:
            names = json.dumps(self.tags.names).encode()
            tags = [self.tags.begins, self.tags.rows, np.frombuffer(names, np.uint8)]
        return fingerprint(self.corpus, tags=tags, frozen=[mask for mask in self.frozen if mask is not None])

    def vectors(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The vectors as they stand, copied."""
        return self._word_vectors(np.copy)

    def release(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The vectors as they stand, in the memory of the matrices: no other method may be called any more."""
        from firth.native.arrays import compacted

        vectors = self._word_vectors(compacted)
        self.center = self.outside = self.documents = np.empty((0, 0), np.float32)
        self._outputs = Outputs(None, None)
        return vectors

    def _word_vectors(self, taken: Callable[[Matrix], Matrix]) -> WordVectors:
        """The vectors as they stand; `taken` makes of the rows of a matrix those of the result."""
        parts = self._parts(taken)
        parts["documents"] = self._document_vectors(taken)
        parts["history"] = copy.deepcopy(self.history)
        return WordVectors(**parts)

    def _document_vectors(self, taken: Callable[[Matrix], Matrix]) -> DocumentVectors | None:
        """The vectors of documents as they stand, where there are any."""
        if self.tags is None:
            return None
        dim, names = self.config.dim, self.tags.names
        matrix, outside, padding = taken(self.documents[:, :dim]), None, None
        if self.config.concatenate:
            outside = np.concatenate([view.reshape(len(view), -1) for view in self._outputs.given()])
            padding = self.padding[0, :dim].copy()
        return DocumentVectors(matrix, names, outside, padding)

    def _parts(self, taken: Callable[[Matrix], Matrix]) -> Parts:
        """The parts of the vectors but documents; `taken` makes of the rows of a matrix what is kept of them."""
        config, dim = self.config, self.config.dim
        outside = nodes = subwords = None
        if not config.concatenate:
            words_out, nodes_out = (None if view is None else view[:, 0] for view in self._outputs)
            if nodes_out is not None:
                nodes = taken(nodes_out if words_out is None else nodes_out.copy())  # between the rows of words
            outside = None if words_out is None else taken(words_out)
        if config.maxn:
            assert self._kernel.tables.ngrams is not None
            center = mean_rows(self.center, *self._kernel.tables.ngrams, dim)
            subwords = Subwords(config.minn, config.maxn, config.bucket, taken(self.center[:, :dim]))
        else:
            center = taken(self.center[:, :dim])
        return {
            "words": self.words,
            "counts": self.corpus.totals,
            "center": center,
            "outside": outside,
            "config": config.as_dict(),
            "history": self.history,
            "outside_words": self.words,
            "bias": None,
            "nodes": nodes,
            "subwords": subwords,
            "norms": None,
            "documents": None,
        }

    def snapshot(self) -> Snapshot:
        """The run as it stands: the vectors, and where the epoch under way stands.

        Where vectors are concatenated, what predicts from them is among the arrays, word by word and node by node.
        """
        parts, arrays, dim = self._parts(lambda rows: rows), {}, self.config.dim
        if self.tags is not None:
            parts["documents"] = DocumentVectors(self.documents[:, :dim], self.tags.names)
        if self.config.concatenate:
            arrays = self._concatenated()
        return Snapshot(parts, self.state.unfinished(), arrays)

    def _concatenated(self) -> dict[str, Matrix]:
        """Views of what predicts from concatenated vectors, by name."""
        views = {name: view for name, view in self._outputs._asdict().items() if view is not None}
        return {"padding": self.padding[0, : self.config.dim], **views}

    def restore(self, snapshot: Snapshot) -> bool:
        """Continue from a snapshot of such a run; return False, and change nothing, if this is not one."""
        saved, arrays, dim = snapshot.parts, snapshot.arrays, self.config.dim
        state = SgdState.of(snapshot, len(self.corpus.ids))
        if state is None or not self._has_shapes_of(saved) or not self._is_possible(state):
            return False
        own = self._concatenated() if self.config.concatenate else {}
        found, expected = (
            {name: (array.shape, array.dtype) for name, array in group.items()} for group in (arrays, own)
        )
        if found != expected:
            return False
        rows, learned = saved["center"] if saved["subwords"] is None else saved["subwords"].rows, saved["documents"]
        matrices = [rows, saved["outside"], saved["nodes"], None if learned is None else learned.matrix]
        if not all_moderate(*(matrix for matrix in matrices if matrix is not None), *arrays.values()):
            return False
        self.state = state
        self.center[:, :dim] = rows
        if learned is not None:
            self.documents[:, :dim] = learned.matrix
        for name, array in own.items():
            array[:] = arrays[name]
        if not self.config.concatenate:
            for view, matrix in zip(self._outputs, (saved["outside"], saved["nodes"]), strict=True):
                if view is not None:
                    view[:, 0] = matrix
        return True

    def _is_possible(self, state: SgdState) -> bool:
        """Whether the figures of a state are those of a run like this one."""
        names, worst = ("epoch", "loss", "pairs", "tokens", "seconds", "lr"), self._worst_loss
        return (
            len(state.history) <= self.config.epochs
            and is_history(state.history, names, worst)
            and all(entry["tokens"] == self.corpus.tokens for entry in state.history)
            and abs(state.loss) <= worst * state.pairs
            and (state.position > 0 or state.pairs == 0)
        )

    def _has_shapes_of(self, saved: Parts) -> bool:
        """Whether vectors have the parts of this run, each in its shape."""
        dim, learned, subwords = self.config.dim, saved["documents"], saved["subwords"]
        words, nodes = (None if self.config.concatenate or view is None else (len(view), dim) for view in self._outputs)
        expected: list[tuple[int, ...] | None] = [(len(self.center), dim), words, nodes]
        found: list[Any] = [saved["center"] if subwords is None else subwords.rows, saved["outside"], saved["nodes"]]
        if self.tags is not None:
            expected.append((len(self.documents), dim))
            found.append(None if learned is None else learned.matrix)
        return expected == [None if array is None else array.shape for array in found]

    def _compile(self) -> None:
        """Compile the kernel, or load it from the cache, so that no epoch's time includes it."""
        from firth.sgd._tokens import Epoch

        corpus, nothing = self.corpus, Epoch(0, 0, 0.0, 0.0)
        if self.config.deterministic:
            self._intervals.run(corpus.ids, corpus.offsets, Reached(0, 0.0, 0), 0, nothing, 1, lambda _: False)
        else:
            self._new_worker().train_span(corpus.ids, corpus.offsets, 0, 0, nothing)

    @cached_property
    def _intervals(self) -> IntervalTraining:
        """What trains where one result is wanted for any number of threads."""
        return IntervalTraining(self._kernel, self.center, self.outside, self._span)

    def _new_worker(self) -> Worker:
        """A worker of one of the run's threads.

        A row of V is looked up once for about window + 1 windows, but in each of them where rows are frozen.
        """
        threads = self.config.threads or 1
        period = MERGE_BUDGET // threads
        hot = HOT_ROWS if threads > 1 and period > 1 else 0
        tokens = period if self.frozen[0] is not None else max(1, period // (self.config.window + 1))
        return Worker(
            self._kernel,
            self.center,
            self.outside,
            hot=(min(hot, len(self.center)), min(hot, len(self.outside))),
            periods=(tokens, period),
            frozen=(self.frozen[0], self.frozen[1]),
            documents=self.documents,
            padding=self.padding,
        )

    def _run_epoch(self, on_progress: Callable[[EpochProgress], None], pause: Callable[[], bool]) -> None:
        """Train to the end of the epoch, or until `pause` or an exception.

        Signals that end the run do so where threads are looked at: the state and the matrices belong together then.
        """
        from firth.native import rng
        from firth.native.threads import run_threads
        from firth.sgd._tokens import Epoch

        state, end = self.state, len(self.corpus.ids)
        number = len(state.history) + 1
        lr, slope = self._lr(0), (self._lr(end) - self._lr(0)) / end
        keys = [rng.stream_key(self.config.seed, number, purpose) for purpose in (1, 2)]
        epoch = Epoch(keys[0], keys[1], lr, slope)
        if self.config.deterministic:
            self._run_intervals(epoch, on_progress, pause)
            return
        spans = _Spans(state.position, end, self._span)
        workers = [self._new_worker() for _ in range(self.config.threads or 1)]
        workers[0].go_on_from(state.loss, state.pairs)
        start = time.perf_counter()

        def work(thread: int) -> None:
            while span := spans.take():
                workers[thread].train_span(self.corpus.ids, self.corpus.offsets, *span, epoch)

        def look() -> None:
            held.deliver()
            loss, pairs = _total(workers)
            self._check_loss(loss, pairs)
            on_progress(self._progress(spans.position, loss / pairs if pairs else None))
            if pause():
                spans.stop()

        with held_back() as held:
            try:
                run_threads(work, len(workers), spans.stop, look)
            finally:
                state.seconds += time.perf_counter() - start
                state.position = spans.position
                state.loss, state.pairs = _total(workers)
        self._check_loss(state.loss, state.pairs)

    def check_finite(self) -> None:
        """Raise FirthError if a vector holds a NaN or an infinity."""
        parts = {"center": self.center, "outside": self.outside, "document": self.documents, "padding": self.padding}
        for name, matrix in parts.items():
            row = row_not_finite(matrix)
            if row is not None:
                of_word = f" of {self.words[row]!r:.100}" if name == "center" and row < len(self.words) else ""
                raise self._diverged(f"row {row} of the {name} vectors{of_word} holds a NaN or an infinity")
        self._pairs_unchecked = 0

    def _run_intervals(
        self, epoch: Any, on_progress: Callable[[EpochProgress], None], pause: Callable[[], bool]
    ) -> None:
        """`_run_epoch` with one result for any number of threads."""
        state, training = self.state, self._intervals
        training.reached = begun = Reached(state.position, state.loss, state.pairs)

        def look(reached: Reached) -> bool:
            held.deliver()
            self._check_loss(reached.loss, reached.pairs)
            on_progress(self._progress(reached.position, reached.loss / reached.pairs if reached.pairs else None))
            return pause()

        corpus, start = self.corpus, time.perf_counter()
        with held_back() as held:
            try:
                training.run(corpus.ids, corpus.offsets, begun, len(corpus.ids), epoch, self.config.threads or 1, look)
            finally:
                state.seconds += time.perf_counter() - start
                state.position, state.loss, state.pairs = training.reached
        self._check_loss(state.loss, state.pairs)

    def _end_epoch(self) -> None:
        state = self.state
        self._pairs_unchecked += state.pairs
        if self._pairs_unchecked >= (len(self.center) + len(self.outside) + len(self.documents)) // ROWS_A_PAIR:
            self.check_finite()
        entry = {
            "epoch": len(state.history) + 1,
            "loss": state.loss / state.pairs if state.pairs else None,
            "pairs": state.pairs,
            "tokens": self.corpus.tokens,
            "seconds": state.seconds,
            "lr": self._lr(len(self.corpus.ids)),
        }
        self.state = SgdState(history=[*state.history, entry])

    def _lr(self, position: int) -> float:
        """The learning rate at a position of the epoch under way; it falls in a straight line over the run."""
        done = (len(self.state.history) + position / len(self.corpus.ids)) / self.config.epochs
        return self.config.lr + (self.config.min_lr - self.config.lr) * done

    def _progress(self, position: int, loss: float | None, seconds: float | None = None) -> EpochProgress:
        done = len(self.state.history) + position / len(self.corpus.ids)
        return EpochProgress(
            epoch=math.ceil(done) if done else 1,
            epochs=self.config.epochs,
            tokens=round(done * self.corpus.tokens),
            total_tokens=self.config.epochs * self.corpus.tokens,
            loss=loss,
            lr=self._lr(position),
            epoch_seconds=seconds,
        )

    @property
    def _worst_loss(self) -> float:
        """Far above the loss of the start, which is ln 2 for each output of a pair."""
        return HOPELESS * self._kernel.tables.outputs * math.log(2.0)

    def _check_loss(self, loss: float, pairs: int) -> None:
        """Raise FirthError if the loss is a NaN or far above that of the start."""
        if not loss <= self._worst_loss * max(pairs, 1):
            raise self._diverged(f"the loss is {loss / max(pairs, 1):.4g} nats a pair")

    def _diverged(self, found: str) -> FirthError:
        epoch = min(len(self.state.history) + 1, self.config.epochs)
        return FirthError(
            f"training diverged in epoch {epoch}: {found}; use a learning rate below {self.config.lr:g} (lr), or a "
            "smaller window"
        )


def _check_tags(tags: Tags, lines: Ints | None) -> None:
    """Raise CorpusError unless all documents have as many tags; `lines` are those that they are from."""
    counts = np.diff(tags.begins)
    other = np.flatnonzero(counts != counts[0])
    if len(other):
        first, line = (int(other[0]) if lines is None else int(lines[other[0]])), counts[other[0]]
        raise CorpusError(
            f"document {first} (counted from 0) has {line} tags, and the first one {counts[0]}: with concatenate, all "
            "documents need as many"
        )


def _longest_row(matrix: npt.NDArray[np.float32]) -> float:
    """The largest length of a row."""
    return math.sqrt(float(np.einsum("ij,ij->i", matrix, matrix).max()))


def _total(workers: list[Worker]) -> tuple[float, int]:
    """The loss and the pairs of all workers' finished spans."""
    done = [worker.done for worker in workers]
    return sum(loss for loss, _ in done), sum(pairs for _, pairs in done)


def _work(tables: Tables, config: TrainConfig) -> float:
    """How much more a token costs than with the default settings, about."""
    inputs = 0.2 if tables.alone else (config.window + tables.most_tags) / 5
    outputs = tables.outputs / 6
    work = (inputs + outputs) / 4 if tables.cbow else inputs * outputs
    return float((work + 4 * (tables.ngrams is not None)) * max(config.dim, 16) / 100)


def _check_memory(center: int, outside: int, words: int, config: TrainConfig) -> None:
    """Raise ConfigError if memory cannot hold two matrices to train, with padded rows, and the means of subwords.

    Deterministic training also has slots: some numbers for each row, and the rows of U that its shards copy.
    """
    row = 4 * -(-config.dim // 16) * 16
    need = row * (center + outside) + 4 * (words * config.dim if config.maxn else 0)
    if config.deterministic:
        need += SLOT_BYTES * (center + outside) + row * SHARDS * min(outside, SHARD_ROWS)
    have = physical_memory()
    if need > have:
        subwords = ", or bucket" if config.maxn else ""
        raise ConfigError(
            f"{words:,} words of dimension {config.dim} need {need / 1e9:.1f} GB and this machine has {have / 1e9:.1f} "
            f"GB: lower dim{subwords}, raise min_count or set max_vocab"
        )
