"""Epochs, threads, schedule and progress: from an encoded corpus to two matrices of vectors.

Every draw and every learning rate is a function of the seed, the epoch and the position in the corpus. With one thread
a run is therefore fully determined; with several, threads see each other's steps at times that nobody fixes, and two
runs differ by about as much as two seeds do.
"""

import dataclasses
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import numpy.typing as npt

from firth import objective
from firth.config import TrainConfig, physical_memory
from firth.corpus import Corpus
from firth.errors import ConfigError, CorpusError, FirthError
from firth.vectors import WordVectors

CHUNK = 1 << 15
"""Tokens that a thread trains on before it looks up, with the default settings: some ten milliseconds."""

HOPELESS = 100.0
"""A mean loss so many times that of the start is divergence."""

HOT_ROWS = 32
"""Rows of the most frequent words that each of several threads keeps a copy of: few, as copies fill the cache."""

MERGE_BUDGET = 128
"""Uses of a hot row by all threads together between two merges; far above it the sum of their steps overshoots."""

LOOK_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run is: epochs count from 1, tokens are raw corpus tokens over all epochs, loss is in nats a pair."""

    epoch: int
    epochs: int
    tokens: int
    total_tokens: int
    loss: float | None  # None as long as there was no pair
    lr: float
    epoch_seconds: float | None  # what the epoch took, if it has just ended


@dataclasses.dataclass
class State:
    """Where a run stands: with the two matrices, all that is needed to go on."""

    position: int = 0  # tokens of the encoded corpus done in the epoch under way
    loss: float = 0.0  # nats, of the epoch under way
    pairs: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)


UNFINISHED = ("position", "loss", "pairs", "seconds")
"""What a snapshot keeps of the state, besides the history."""


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


class _Worker:
    """One thread's view of the matrices, its scratch room, and what it has done."""

    def __init__(self, matrices: list[npt.NDArray[np.float32]], config: TrainConfig) -> None:
        from firth.kernels import block, rows, skipgram

        threads = config.threads or 1
        period = MERGE_BUDGET // threads
        hot = min(HOT_ROWS, len(matrices[0])) if threads > 1 and period > 1 else 0
        (self.center, kept_center), (self.outside, kept_outside) = (
            rows.thread_rows(matrix, hot, period) for matrix in matrices
        )
        self.scratch, kept_scratch = block.new_scratch(
            2 * config.window,
            config.negatives + 1,
            self.center.row_bytes,
            skipgram.addresses_needed(config.window, config.negatives),
        )
        self._kept = [kept_center, kept_outside, kept_scratch]  # what the addresses point to
        self._loss = kept_scratch[block.Scratch._fields.index("loss")]
        self.done = (0.0, 0)  # loss and pairs of all spans finished

    def go_on_from(self, loss: float, pairs: int) -> None:
        """Count on from what was done before, in one sum wherever a run was interrupted."""
        self._loss[0] = loss
        self.done = (loss, pairs)

    def train_span(self, corpus: Corpus, start: int, stop: int, tables: Any, epoch: Any) -> None:
        """Train on a span and let the other threads see all of it."""
        from firth.kernels import block, rows, skipgram

        pairs = skipgram.train_span(
            corpus.ids, corpus.offsets, start, stop, tables, epoch, self.center, self.outside, self.scratch
        )
        block.fold(self.scratch)
        rows.merge(self.center)
        rows.merge(self.outside)
        self.done = (float(self._loss[0]), self.done[1] + pairs)

    def work(self, corpus: Corpus, spans: _Spans, tables: Any, epoch: Any) -> None:
        """Train on one span after another."""
        try:
            while span := spans.take():
                self.train_span(corpus, *span, tables, epoch)
        finally:
            spans.stop()


class Trainer:
    """A run of skip-gram with negative sampling over a corpus."""

    def __init__(self, corpus: Corpus, config: TrainConfig) -> None:
        """Allocate and initialise: V uniform in ±1/(2 dim), U zero. Raises ConfigError if memory cannot hold them."""
        from firth import rng
        from firth.kernels import rows, skipgram

        self.corpus, self.config, self.state = corpus, config, State()
        self.words = corpus.vocab.words
        words = len(corpus.vocab)
        _check_memory(words, config)
        self.center, self.outside = (rows.aligned_rows(words, config.dim) for _ in range(2))
        rng.fill_uniform(self.center, config.dim, rng.stream_key(config.seed, 0, 0))
        self._keep = objective.keep_thresholds(corpus.vocab.counts, config)
        self._noise = rng.alias_table(objective.noise_probabilities(corpus.vocab.counts, config))
        self._tables = skipgram.Tables(
            keep=self._keep.ctypes.data,
            noise=self._noise.ctypes.data,
            words=words,
            window=config.window,
            fixed_window=config.fixed_window,
            negatives=config.negatives if words > 1 else 0,
            shared=config.update == "shared",
        )
        work = config.window * (config.negatives + 1) * max(config.dim, 16) / (5 * 6 * 100)
        self._span = max(1, int(CHUNK / max(work, 1.0)))

    def run(self, on_progress: Callable[[Progress], None], seconds: float = math.inf) -> bool:
        """Train on, for so many seconds at most; return whether the run is finished.

        After an exception, KeyboardInterrupt included, `state` and the matrices stand where the threads stopped.
        Raises FirthError when the loss is no longer a finite number, CorpusError when the whole run had no pair.
        """
        on_progress(self._progress(self.state.position, None))
        self._compile()
        deadline = time.perf_counter() + seconds
        while len(self.state.history) < self.config.epochs:
            self._run_epoch(on_progress, deadline)
            if self.state.position < len(self.corpus.ids):
                return False
            self._end_epoch()
            entry = self.state.history[-1]
            on_progress(self._progress(0, entry["loss"], entry["seconds"]))
        if not any(entry["pairs"] for entry in self.state.history):
            raise CorpusError(
                "there was no pair of words to train on: no sentence had two words left after min_count and subsample; "
                "give longer sentences, lower min_count, or keep all tokens with subsample 0"
            )
        return True

    def vectors(self) -> WordVectors:
        """The vectors as they stand."""
        vocab, dim = self.corpus.vocab, self.config.dim
        center, outside = (np.ascontiguousarray(matrix[:, :dim]) for matrix in (self.center, self.outside))
        history = [dict(epoch) for epoch in self.state.history]
        return WordVectors(vocab.words, vocab.counts, center, outside, self.config.as_dict(), history)

    def snapshot(self) -> tuple[WordVectors, dict[str, Any], dict[str, npt.NDArray[np.float32]]]:
        """All that is needed to go on: the vectors, where the epoch under way stands, and no further arrays."""
        state = self.state
        return self.vectors(), {name: getattr(state, name) for name in UNFINISHED}, {}

    def restore(self, saved: WordVectors, unfinished: dict[str, Any], arrays: dict[str, Any]) -> bool:
        """Go on from a snapshot; return whether it is one of such a run."""
        dim, shape = self.config.dim, (len(self.words), self.config.dim)
        if saved.center.shape != shape or saved.outside is None or saved.outside.shape != shape or arrays:
            return False
        if not _is_state(unfinished, len(self.corpus.ids)):
            return False
        self.state = State(history=saved.history, **unfinished)
        self.center[:, :dim], self.outside[:, :dim] = saved.center, saved.outside
        return True

    def _compile(self) -> None:
        """Compile the kernels, or load them from numba's cache, so that no epoch's time includes it."""
        from firth.kernels import skipgram

        worker = _Worker([self.center, self.outside], self.config)
        worker.train_span(self.corpus, 0, 0, self._tables, skipgram.Epoch(0, 0, 0.0, 0.0))

    def _run_epoch(self, on_progress: Callable[[Progress], None], deadline: float) -> None:
        """Train to the end of the epoch, or until the deadline or an exception."""
        from firth import rng
        from firth.kernels import skipgram, stages

        state, end = self.state, len(self.corpus.ids)
        number = len(state.history) + 1
        lr, slope = self._lr(0), (self._lr(end) - self._lr(0)) / end
        keys = [rng.stream_key(self.config.seed, number, purpose) for purpose in (1, 2)]
        epoch = skipgram.Epoch(keys[0], keys[1], lr, slope)
        spans = _Spans(state.position, end, self._span)
        workers = [_Worker([self.center, self.outside], self.config) for _ in range(self.config.threads or 1)]
        workers[0].go_on_from(state.loss, state.pairs)
        start = time.perf_counter()
        with ThreadPoolExecutor(len(workers)) as pool:
            running: list[Future[None]] = []
            try:
                for worker in workers:
                    running.append(pool.submit(worker.work, self.corpus, spans, self._tables, epoch))
                while wait(running, LOOK_SECONDS).not_done:
                    loss, pairs = _total(workers)
                    self._check_loss(loss, pairs)
                    on_progress(self._progress(spans.position, loss / pairs if pairs else None))
                    if time.perf_counter() > deadline:
                        spans.stop()
            finally:
                spans.stop()
                stages.wait_for_all(running)
                state.seconds += time.perf_counter() - start
                state.position = spans.position
                state.loss, state.pairs = _total(workers)
        for future in running:
            future.result()
        self._check_loss(state.loss, state.pairs)

    def _end_epoch(self) -> None:
        state = self.state
        entry = {
            "epoch": len(state.history) + 1,
            "loss": state.loss / state.pairs if state.pairs else None,
            "pairs": state.pairs,
            "tokens": self.corpus.tokens,
            "seconds": state.seconds,
            "lr": self._lr(len(self.corpus.ids)),
        }
        self.state = State(history=[*state.history, entry])

    def _lr(self, position: int) -> float:
        """The learning rate at a position of the epoch under way; it falls in a straight line over the run."""
        done = (len(self.state.history) + position / len(self.corpus.ids)) / self.config.epochs
        return self.config.lr + (self.config.min_lr - self.config.lr) * done

    def _progress(self, position: int, loss: float | None, seconds: float | None = None) -> Progress:
        done = len(self.state.history) + position / len(self.corpus.ids)
        return Progress(
            epoch=math.ceil(done) if done else 1,
            epochs=self.config.epochs,
            tokens=round(done * self.corpus.tokens),
            total_tokens=self.config.epochs * self.corpus.tokens,
            loss=loss,
            lr=self._lr(position),
            epoch_seconds=seconds,
        )

    def _check_loss(self, loss: float, pairs: int) -> None:
        """Refuse to go on when the loss is not a number, or far above the start's: ln 2 for each output of a pair."""
        worst = HOPELESS * (self.config.negatives + 1) * math.log(2.0)
        if not loss <= worst * max(pairs, 1):
            raise FirthError(
                f"training diverged in epoch {len(self.state.history) + 1}: the loss is {loss / max(pairs, 1):.4g} "
                f"nats a pair; use a learning rate below {self.config.lr:g} (lr), or a smaller window"
            )


def _total(workers: list[_Worker]) -> tuple[float, int]:
    """The loss and the pairs of all workers' finished spans."""
    done = [worker.done for worker in workers]
    return sum(loss for loss, _ in done), sum(pairs for _, pairs in done)


def _is_state(unfinished: dict[str, object], tokens: int) -> bool:
    if unfinished.keys() != set(UNFINISHED):
        return False
    position, pairs = unfinished["position"], unfinished["pairs"]
    whole = type(position) is int and 0 <= position <= tokens and type(pairs) is int and pairs >= 0
    numbers = [unfinished["loss"], unfinished["seconds"]]
    return whole and all(type(number) is float and math.isfinite(number) for number in numbers)


def _check_memory(words: int, config: TrainConfig) -> None:
    """Refuse matrices that the machine cannot hold: two for training, their rows padded, and two for the result."""
    need = 4 * words * (2 * -(-config.dim // 16) * 16 + 2 * config.dim)
    have = physical_memory()
    if need > have:
        raise ConfigError(
            f"{words:,} words of dimension {config.dim} need {need / 1e9:.1f} GB and this machine has {have / 1e9:.1f} "
            "GB: lower dim, raise min_count or set max_vocab"
        )
