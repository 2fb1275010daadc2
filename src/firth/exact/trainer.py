"""The exact softmax objective on co-occurrence counts: passes of preconditioned gradient steps, and what they report.

J = -Σ_{c,o} X[c, o] log ŷ_c[o] with ŷ_c = softmax(U v_c + b). A pass computes J and its gradients for all pairs of the
corpus at once, by matrix products, and moves V, U and b. The gradient of a row, divided by the row's number of pairs,
is multiplied by the inverse of one d x d matrix: the second moment of the other matrix's rows, weighted by their share
of all pairs, which stands for the curvature of every row.
"""

import dataclasses
import math
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.encode import Corpus
from firth.errors import CorpusError, FirthError
from firth.exact import start as spectral
from firth.exact.cooccurrences import Cooccurrences, conditional_entropy
from firth.exact.gauge import fix_gauge
from firth.exact.plan import STAGE_EPOCHS, STAGE_RATE, Sizes, plan_stages, run_flop
from firth.settings import TrainConfig
from firth.vectors.container import WordVectors

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MOMENTUM = (0.3, 0.7)
"""At the first pass and at the last; in between it rises in a straight line."""

DAMPING = (0.03, 0.02)
"""Added to the diagonal of a second moment: this share of its mean, and this much."""

FEWEST_PAIRS = 0.1
"""A row's gradient is divided by its pairs, or by the smaller of 1 and this share of the mean, if it has fewer."""

LONGEST_STEP = 2.0
"""The length to which the step of a row is cut."""

NOISE = 1e-3
"""Size of the random numbers added to the start, so that no direction without a start stays at zero."""

STANDSTILL = 1e-7
"""A pass after which the loss has fallen by less, in nats a pair, is the last."""

HOPELESS = 700.0
"""A loss, in nats a pair, from which nothing leads back; of more, perplexity is no number."""

ROWS = 1 << 14
"""Rows that are moved at once, so that temporary arrays stay small."""


@dataclasses.dataclass(frozen=True)
class PassProgress:
    """How far a run is; figures are None before they are known.

    words: center words of the stage under way. epoch: its passes done, from 1 in the report of each that has just
    ended. flop, total_flop: floating point operations of the matrix products of the whole run. loss: cross-entropy, in
    nats a pair, of the vectors after the pass; floor: the corpus's own conditional entropy.
    """

    words: int
    last_stage: bool
    epoch: int
    epochs: int
    flop: float
    total_flop: float
    loss: float | None
    floor: float
    epoch_seconds: float | None  # what the pass took, if it has just ended


UNFINISHED = ("steps", "scale", "loss", "seconds")
"""What a snapshot keeps of the state, besides the history."""


@dataclasses.dataclass
class State:
    """Where a run stands: with the matrices and their velocities, all that is needed to go on."""

    steps: int = 0  # taken, the last one perhaps not in the history yet
    scale: float = 1.0  # of the learning rates: halved when the loss rises
    loss: float | None = None  # nats a pair, when last computed
    seconds: float = 0.0  # of the pass under way
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)


class ExactTrainer:
    """A run of exact softmax over the co-occurrence counts of a corpus."""

    def __init__(
        self, corpus: Corpus, counts: Cooccurrences, config: TrainConfig, stages: list[Sizes] | None = None
    ) -> None:
        """Allocate the matrices; `stages` are the sizes up to the counts' own, by default those of `plan_stages`."""
        from firth.native.arrays import aligned_rows

        self.corpus, self.counts, self.config, self.state = corpus, counts, config, State()
        n, m = counts.shape
        self.words = corpus.vocab.words[:n]
        self.pairs = float(counts.row_sums.sum())
        if not self.pairs:
            raise CorpusError(
                "there is no pair of words to train on: no sentence has two words left after min_count and max_vocab; "
                "give longer sentences, or raise max_vocab"
            )
        self.floor = conditional_entropy(counts)
        self.center, self.outside, self.velocity_center, self.velocity_outside = (
            aligned_rows(rows, config.dim) for rows in (n, m, n, m)
        )
        self.bias, self.velocity_bias = np.zeros(m, np.float32), np.zeros(m, np.float32)
        self._stages = plan_stages(n, m) if stages is None else stages
        self.total_flop = run_flop(self._stages, config)

    def run(self, on_progress: Callable[[PassProgress], None], seconds: float = math.inf) -> bool:
        """Train on, for so many seconds at most; return whether the run is finished.

        After an exception, KeyboardInterrupt included, `state` and the matrices can go on from where they are. Raises
        FirthError when the loss is no longer a finite number.
        """
        from firth.exact._softmax import SoftmaxPass
        from firth.native.arrays import aligned_rows

        state, (n, m), dim = self.state, self.counts.shape, self.config.dim
        deadline = time.perf_counter() + seconds
        if state.loss is None:
            self._start(on_progress)
        kernel = SoftmaxPass(
            self.counts.indptr, self.counts.indices, self.counts.data, n, m, dim, self.config.threads or 1
        )
        gradients = aligned_rows(n, dim), aligned_rows(m, dim), np.empty(m, np.float32)
        row_loss = np.empty(n)
        while True:
            finished = state.steps == self.config.epochs
            begun = time.perf_counter()

            def show(rows: int) -> None:
                on_progress(self._progress(rows / n))

            try:
                if finished:
                    kernel.loss(self.center, self.outside, self.bias, row_loss, show)
                else:
                    kernel.run(self.center, self.outside, self.bias, *gradients, row_loss, show)
            finally:
                state.seconds += time.perf_counter() - begun
            new = state.steps > len(state.history)
            _whole(self._record, float(row_loss.sum()) / self.pairs)
            on_progress(self._progress(1.0, state.history[-1]["seconds"] if new else None))
            if finished or self._at_standstill():
                return True
            begun = time.perf_counter()
            _whole(self._step, *gradients)
            state.seconds += time.perf_counter() - begun
            if time.perf_counter() > deadline:
                return False

    def _start(self, on_progress: Callable[[PassProgress], None]) -> None:
        """Put the matrices where the passes start: the stage before, or `spectral.start`."""
        from firth.native import rng

        config, dim = self.config, self.config.dim
        sums = self.counts.column_sums
        seen = np.maximum(sums, sums[sums > 0].min())
        self.bias[:] = np.log(seen / self.pairs)
        counts = self.counts.leading(*self._stages[-2]) if len(self._stages) > 1 else None
        if counts is not None and len(counts.data):  # frequent words may have pairs with rare ones only
            fewer, words = counts.shape
            stage = dataclasses.replace(config, epochs=STAGE_EPOCHS)
            before = ExactTrainer(self.corpus, counts, stage, self._stages[:-1])
            before.state.scale = STAGE_RATE

            def show(progress: PassProgress) -> None:
                on_progress(dataclasses.replace(progress, last_stage=False, total_flop=self.total_flop))

            before.run(show)
            self.center[:fewer], self.outside[:words] = before.center, before.outside
            self.bias[words:] += (before.bias - self.bias[:words]).mean()
            self.bias[:words] = before.bias
        else:
            rng.fill_uniform(self.center, dim, rng.stream_key(config.seed, 0, 0))
            self.center *= 2 * NOISE * dim
            center, outside = spectral.start(self.counts, dim, config.seed, config.threads or 1)
            self.center[:, :dim] += center
            self.outside[:, :dim] = outside

    def snapshot(self) -> tuple[WordVectors, dict[str, Any], dict[str, Floats]]:
        """All that is needed to go on: the matrices as they are, where the run stands, and the velocities."""
        state, dim = self.state, self.config.dim
        vectors = self._word_vectors(self.center[:, :dim], self.outside[:, :dim], self.bias)
        velocities = {
            "center": self.velocity_center[:, :dim],
            "outside": self.velocity_outside[:, :dim],
            "bias": self.velocity_bias,
        }
        return vectors, {name: getattr(state, name) for name in UNFINISHED}, velocities

    def restore(self, saved: WordVectors, unfinished: dict[str, Any], arrays: dict[str, Any]) -> bool:
        """Go on from a snapshot; return whether it is one of such a run."""
        (n, m), dim = self.counts.shape, self.config.dim
        shapes = {"center": (n, dim), "outside": (m, dim), "bias": (m,)}
        for name, shape in shapes.items():
            for array in (getattr(saved, name), arrays.get(name)):
                if array is None or array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                    return False
        if not _is_state(unfinished, saved.history, self.config.epochs):
            return False
        self.state = State(history=saved.history, **unfinished)
        self.center[:, :dim], self.outside[:, :dim], self.bias[:] = saved.center, saved.outside, saved.bias
        self.velocity_center[:, :dim], self.velocity_outside[:, :dim] = arrays["center"], arrays["outside"]
        self.velocity_bias[:] = arrays["bias"]
        return True

    def vectors(self) -> WordVectors:
        """The vectors as they stand, in their gauge; `mix` times the outside vectors are added to the center's."""
        dim = self.config.dim
        center, outside, bias = fix_gauge(
            self.center[:, :dim], self.outside[:, :dim], self.bias, self.config.threads or 1
        )
        return self._word_vectors(center + np.float32(self.config.mix) * outside[: len(center)], outside, bias)

    def _word_vectors(self, center: Floats, outside: Floats, bias: Floats) -> WordVectors:
        vocab, m = self.corpus.vocab, len(outside)
        return WordVectors(
            self.words,
            self.corpus.totals[: len(self.words)],
            np.ascontiguousarray(center),
            np.ascontiguousarray(outside),
            self.config.as_dict(),
            [dict(epoch) for epoch in self.state.history],
            outside_words=vocab.words[:m],
            bias=bias.copy(),
        )

    def _record(self, loss: float) -> None:
        """Note the loss after a step; if it rose, forget the velocities and halve the learning rate."""
        state = self.state
        if not loss < HOPELESS:  # a NaN is not
            raise FirthError(
                f"training diverged in pass {state.steps} over {len(self.words):,} words: the loss is {loss:g} nats a "
                "pair; use a lower learning rate (lr), or a smaller max_vocab"
            )
        if state.steps > len(state.history):
            state.history.append(
                {
                    "epoch": state.steps,
                    "loss": loss,
                    "pairs": self.pairs,
                    "tokens": self.corpus.tokens,
                    "seconds": state.seconds,
                    "lr": self._lr(state.steps - 1),
                    "entropy": self.floor,
                    "kl": loss - self.floor,
                    "perplexity": math.exp(loss),
                }
            )
            state.seconds = 0.0
            if state.loss is not None and loss > state.loss:
                state.scale /= 2
                for velocity in (self.velocity_center, self.velocity_outside, self.velocity_bias):
                    velocity[:] = 0
        state.loss = loss

    def _at_standstill(self) -> bool:
        """Whether the loss hardly fell with the last step."""
        losses = [epoch["loss"] for epoch in self.state.history[-2:]]
        return len(losses) == 2 and 0 <= losses[0] - losses[1] < STANDSTILL

    def _step(self, grad_center: Floats, grad_outside: Floats, grad_bias: Floats) -> None:
        lr = np.float32(self._lr(self.state.steps))
        momentum = np.float32(MOMENTUM[0] + (MOMENTUM[1] - MOMENTUM[0]) * self._done(self.state.steps))
        dim, threads = self.config.dim, self.config.threads or 1
        row_sums, column_sums = self.counts.row_sums, self.counts.column_sums
        of_center = _inverse_moment(self.center, row_sums, dim, threads, centered=False)
        of_outside = _inverse_moment(self.outside, column_sums, dim, threads, centered=True)
        _move(self.center, self.velocity_center, grad_center, row_sums, of_outside, lr, momentum, threads)
        _move(self.outside, self.velocity_outside, grad_outside, column_sums, of_center, lr, momentum, threads)
        self.velocity_bias *= momentum
        rates: Floats = (lr / _divisors(column_sums)).astype(np.float32)
        self.velocity_bias -= rates * grad_bias
        self.bias += self.velocity_bias
        self.state.steps += 1

    def _done(self, step: int) -> float:
        return step / max(1, self.config.epochs - 1)

    def _lr(self, step: int) -> float:
        """The learning rate of a step; it falls in a straight line over the run."""
        return self.state.scale * (self.config.lr + (self.config.min_lr - self.config.lr) * self._done(step))

    def _progress(self, done: float, seconds: float | None = None) -> PassProgress:
        """How far the run is, with this share of the pass under way."""
        state, config, (n, m) = self.state, self.config, self.counts.shape
        passes = state.steps + done * (1 / 3 if state.steps == config.epochs else 1)
        return PassProgress(
            words=n,
            last_stage=True,
            epoch=state.steps,
            epochs=config.epochs,
            flop=self.total_flop - 6 * n * m * config.dim * (config.epochs + 1 / 3 - passes),
            total_flop=self.total_flop,
            loss=state.loss,
            floor=self.floor,
            epoch_seconds=seconds,
        )


def _whole(work: Callable[..., None], *arguments: Any) -> None:
    """Do `work` to its end; a Ctrl-C meanwhile counts when it is done."""
    if threading.current_thread() is not threading.main_thread():  # which alone meets signals
        work(*arguments)
        return
    caught: list[tuple[int, FrameType | None]] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda *event: caught.append(event))
    try:
        work(*arguments)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for event in caught:
        handler = handlers[signal.Signals(event[0])]
        if callable(handler):
            handler(*event)


def _is_state(unfinished: dict[str, Any], history: list[dict[str, Any]], epochs: int) -> bool:
    if unfinished.keys() != set(UNFINISHED):
        return False
    steps, recorded = unfinished["steps"], len(history)
    if type(steps) is not int or not recorded <= steps <= min(recorded + 1, epochs):
        return False
    numbers = [unfinished["scale"], unfinished["seconds"], *(epoch.get("loss") for epoch in history)]
    if steps > 0 or unfinished["loss"] is not None:
        numbers.append(unfinished["loss"])
    return all(type(number) is float and math.isfinite(number) for number in numbers)


def _inverse_moment(rows: Floats, weights: Doubles, dim: int, threads: int, centered: bool) -> Floats:
    """The inverse of the damped second moment of rows (n, stride), weighted; of their covariance if `centered`."""
    from firth.exact import _dense as dense

    shares = (weights / weights.sum()).astype(np.float32)
    moment = np.ascontiguousarray(dense.gram_matrix(rows, rows, threads, shares)[:dim, :dim])
    if centered:
        mean = np.einsum("i,ij->j", shares, rows[:, :dim], dtype=np.float64)
        moment -= np.outer(mean, mean)
    relative, absolute = DAMPING
    moment += np.eye(dim) * (relative * np.trace(moment) / dim + absolute)
    inverse = np.zeros((rows.shape[1], rows.shape[1]), np.float32)
    inverse[:dim, :dim] = dense.inverse(moment)
    return inverse


def _divisors(pairs: Doubles) -> Doubles:
    """What the gradients of rows are divided by: their pairs, but for rows with hardly any."""
    return np.maximum(pairs, min(1.0, FEWEST_PAIRS * float(pairs.mean())))


def _move(
    matrix: Floats,
    velocity: Floats,
    gradient: Floats,
    pairs: Doubles,
    inverse: Floats,
    lr: np.float32,
    momentum: np.float32,
    threads: int,
) -> None:
    """Move rows by a preconditioned step, with momentum."""
    from firth.exact import _dense as dense

    divisors = _divisors(pairs).astype(np.float32)[:, None]
    for first in range(0, len(matrix), ROWS):
        some = slice(first, first + ROWS)
        means = gradient[some] / divisors[some]
        step = np.empty_like(means)
        dense.multiply(means, inverse, step, threads)
        lengths = np.sqrt((step * step).sum(axis=1, keepdims=True))
        step *= lr * np.minimum(1, LONGEST_STEP / np.maximum(lengths, 1e-9))
        velocity[some] *= momentum
        velocity[some] -= step
        matrix[some] += velocity[some]
