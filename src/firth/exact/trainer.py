"""The trainer of the exact softmax: passes over co-occurrence counts, each followed by one step of V, U and b.

The objective is J = -Σ_{c,o} X[c, o] log ŷ_c[o] with ŷ_c = softmax(U v_c + b). A pass (`_softmax`) computes J and its
gradients for all pairs of the corpus at once, by matrix products; a step (`update`) moves the vectors.
"""

import copy
import dataclasses
import math
import signal
import threading
import time
from collections.abc import Callable
from functools import cached_property
from types import FrameType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firth.corpus.encode import Corpus
from firth.errors import CorpusError, FirthError
from firth.exact.cooccurrences import Cooccurrences, conditional_entropy
from firth.exact.gauge import fix_gauge
from firth.exact.plan import STAGE_EPOCHS, STAGE_RATE, Sizes, plan_stages, run_flop
from firth.exact.start import starting_vectors
from firth.exact.update import gradient_divisors, inverse_moment, make_steps, move_rows
from firth.settings import TrainConfig
from firth.training import (
    PartProgress,
    PassProgress,
    Progress,
    Snapshot,
    State,
    all_finite,
    fingerprint,
    ignore,
    never,
    row_not_finite,
)
from firth.vectors.container import WordVectors

Floats = npt.NDArray[np.float32]

MOMENTUM = (0.3, 0.7)
"""At the first pass and at the last; in between it rises in a straight line."""

NOISE = 1e-3
"""Size of the random numbers added to the starting vectors: a direction that is zero in both matrices never moves."""

STANDSTILL = 1e-7
"""The run ends after a step that lowers the loss by less than this, in nats a pair."""

LEFT = 0.01
"""A loss that is above the corpus's own entropy by less, in nats a pair, has no way to fall."""

LARGEST_LOSS = 700.0
"""In nats a pair: training does not recover from more, and the perplexity of more is not a finite number."""


@dataclasses.dataclass
class ExactState(State):
    """Where a run stands: together with the matrices and their velocities, all that is needed to continue it."""

    steps: int = 0  # that are done; the figures of the last one may not be in the history yet
    scale: float = 1.0  # of the learning rates: halved when the loss rises
    loss: float | None = None  # in nats a pair, when last computed; None before the first pass

    @classmethod
    def of(cls, snapshot: Snapshot, epochs: int) -> Self | None:
        """The state in a snapshot of a run of this many epochs; None if it cannot be one."""
        unfinished, history = snapshot.unfinished, snapshot.vectors.history
        if unfinished.keys() != cls().unfinished().keys():
            return None
        steps = unfinished["steps"]
        if type(steps) is not int or not len(history) <= steps <= min(len(history) + 1, epochs):
            return None
        numbers = [unfinished["scale"], unfinished["seconds"], *(epoch.get("loss") for epoch in history)]
        if steps > 0 or unfinished["loss"] is not None:
            numbers.append(unfinished["loss"])
        return cls(history=history, **unfinished) if all_finite(numbers) else None


class ExactTrainer:
    """A run of exact softmax over the co-occurrence counts of a corpus."""

    def __init__(
        self, corpus: Corpus, counts: Cooccurrences, config: TrainConfig, stages: list[Sizes] | None = None
    ) -> None:
        """Allocate the matrices. `stages`: numbers of center and outside words, rising to those of `counts`.

        The stages are by default those of `plan_stages`. Raises CorpusError if there is no pair.
        """
        from firth.native.arrays import aligned_rows

        self.corpus, self.counts, self.config, self.state = corpus, counts, config, ExactState()
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

    def run(
        self,
        on_progress: Callable[[Progress], None],
        seconds: float = math.inf,
        on_epoch: Callable[[], bool] = never,
    ) -> bool:
        """Train to the end, or for about `seconds`; return whether the run is finished. `on_epoch` may end it sooner.

        After an exception, KeyboardInterrupt included, `state` and the matrices are those between two steps. Raises
        FirthError when training diverges.
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
            self.check_finite()
            new = state.steps > len(state.history)
            _uninterrupted(self._record, float(row_loss.sum()) / self.pairs)
            on_progress(self._progress(1.0, state.history[-1]["seconds"] if new else None))
            if (state.history and on_epoch()) or finished or self._at_standstill():
                return True
            begun = time.perf_counter()
            self._make_steps(*gradients, lambda: show(n))
            _uninterrupted(self._update, *gradients)
            state.seconds += time.perf_counter() - begun
            if time.perf_counter() > deadline:
                return False

    def _start(self, on_progress: Callable[[Progress], None]) -> None:
        """Compute the starting vectors: from a run over fewer words (the stage before), or with `starting_vectors`."""
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

            def show(progress: Progress) -> None:
                if isinstance(progress, PassProgress):
                    progress = dataclasses.replace(progress, last_stage=False, total_flop=self.total_flop)
                on_progress(progress)

            before.run(show)
            self.center[:fewer], self.outside[:words] = before.center, before.outside
            self.bias[words:] += (before.bias - self.bias[:words]).mean()
            self.bias[:words] = before.bias
        else:
            rng.fill_uniform(self.center, dim, rng.stream_key(config.seed, 0, 0))
            self.center *= 2 * NOISE * dim

            def look(share: float) -> None:
                on_progress(PartProgress("starting vectors", share))

            center, outside = starting_vectors(self.counts, dim, config.seed, config.threads or 1, look)
            self.center[:, :dim] += center
            self.outside[:, :dim] = outside

    @property
    def started(self) -> bool:
        """Whether a snapshot holds any work: not before the first pass, as a run that resumes there starts anew."""
        return self.state.loss is not None

    @property
    def epochs_done(self) -> int:
        """How many passes are finished."""
        return len(self.state.history)

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry for each finished pass."""
        return self.state.history

    @property
    def has_stood_still(self) -> bool:
        """Whether no pass has changed the loss, and the corpus has more to tell than the starting vectors know."""
        first, last = self.history[0], self.history[-1]
        return first is not last and abs(first["loss"] - last["loss"]) < STANDSTILL and last["kl"] > LEFT

    @cached_property
    def untrained_loss(self) -> float:
        """The entropy of the shares of the outside words among all pairs: what the bias alone can tell."""
        shares = self.counts.column_sums / self.pairs
        return float(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum())

    @property
    def chance_loss(self) -> float:
        """ln m for m outside words."""
        return math.log(self.counts.shape[1])

    def check_finite(self) -> None:
        """Raise FirthError if a vector holds a NaN or an infinity."""
        for name, matrix in {"center": self.center, "outside": self.outside, "bias": self.bias[:, None]}.items():
            row = row_not_finite(matrix)
            if row is not None:
                raise self._diverged(f"row {row} of the {name} vectors holds a NaN or an infinity")

    @cached_property
    def fingerprint(self) -> int:
        """A checksum of the corpus."""
        return fingerprint(self.corpus)

    def snapshot(self) -> Snapshot:
        """The run as it stands: the matrices in the basis of training, the state, and the velocities."""
        dim = self.config.dim
        vectors = self._word_vectors(self.center[:, :dim], self.outside[:, :dim], self.bias)
        velocities = {
            "center": self.velocity_center[:, :dim],
            "outside": self.velocity_outside[:, :dim],
            "bias": self.velocity_bias,
        }
        return Snapshot(vectors, self.state.unfinished(), velocities)

    def restore(self, snapshot: Snapshot) -> bool:
        """Continue from a snapshot of such a run; return False, and change nothing, if this is not one."""
        saved, arrays = snapshot.vectors, snapshot.arrays
        (n, m), dim = self.counts.shape, self.config.dim
        shapes = {"center": (n, dim), "outside": (m, dim), "bias": (m,)}
        for name, shape in shapes.items():
            for array in (getattr(saved, name), arrays.get(name)):
                if array is None or array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                    return False
        state = ExactState.of(snapshot, self.config.epochs)
        if state is None:
            return False
        self.state = state
        self.center[:, :dim], self.outside[:, :dim], self.bias[:] = saved.center, saved.outside, saved.bias
        self.velocity_center[:, :dim], self.velocity_outside[:, :dim] = arrays["center"], arrays["outside"]
        self.velocity_bias[:] = arrays["bias"]
        return True

    def vectors(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The vectors as they stand, in the basis of `fix_gauge`, with `mix` · U added to the center vectors V."""

        def look(share: float) -> None:
            on_progress(PartProgress("principal axes", share))

        dim = self.config.dim
        center, outside, bias = fix_gauge(
            self.center[:, :dim], self.outside[:, :dim], self.bias, self.config.threads or 1, look
        )
        return self._word_vectors(center + np.float32(self.config.mix) * outside[: len(center)], outside, bias)

    def release(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The same vectors, with the memory of the velocities given back first: the last method that is called."""
        self.velocity_center = self.velocity_outside = np.empty((0, 0), np.float32)
        return self.vectors(on_progress)

    def _word_vectors(self, center: Floats, outside: Floats, bias: Floats) -> WordVectors:
        vocab, m = self.corpus.vocab, len(outside)
        return WordVectors(
            self.words,
            self.corpus.totals[: len(self.words)],
            np.ascontiguousarray(center),
            np.ascontiguousarray(outside),
            self.config.as_dict(),
            copy.deepcopy(self.history),
            outside_words=vocab.words[:m],
            bias=bias.copy(),
        )

    def _record(self, loss: float) -> None:
        """Write the loss after a step to the history; if it rose, clear the velocities and halve the learning rate."""
        state = self.state
        if not loss < LARGEST_LOSS:  # true for a NaN
            raise self._diverged(f"the loss is {loss:g} nats a pair")
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
        """Whether the last step lowered the loss by less than STANDSTILL."""
        losses = [epoch["loss"] for epoch in self.state.history[-2:]]
        return len(losses) == 2 and 0 <= losses[0] - losses[1] < STANDSTILL

    def _make_steps(
        self, grad_center: Floats, grad_outside: Floats, grad_bias: Floats, on_look: Callable[[], None]
    ) -> None:
        """Make the gradients steps. Raises FirthError where there is no step."""
        lr, dim, threads = np.float32(self._lr(self.state.steps)), self.config.dim, self.config.threads or 1
        row_sums, column_sums = self.counts.row_sums, self.counts.column_sums
        try:
            of_center = inverse_moment(self.center, row_sums, dim, threads, centered=False, on_look=on_look)
            of_outside = inverse_moment(self.outside, column_sums, dim, threads, centered=True, on_look=on_look)
        except ValueError as error:  # squares that float32 does not hold
            raise self._diverged(f"there is no step from these vectors ({error})") from None
        make_steps(grad_center, row_sums, of_outside, lr, threads, on_look)
        make_steps(grad_outside, column_sums, of_center, lr, threads, on_look)
        rates: Floats = (lr / gradient_divisors(column_sums)).astype(np.float32)
        grad_bias *= rates

    def _update(self, of_center: Floats, of_outside: Floats, of_bias: Floats) -> None:
        """Move the matrices and the bias by one step."""
        momentum = np.float32(MOMENTUM[0] + (MOMENTUM[1] - MOMENTUM[0]) * self._done(self.state.steps))
        move_rows(self.center, self.velocity_center, of_center, momentum)
        move_rows(self.outside, self.velocity_outside, of_outside, momentum)
        self.velocity_bias *= momentum
        self.velocity_bias -= of_bias
        self.bias += self.velocity_bias
        self.state.steps += 1

    def _diverged(self, found: str) -> FirthError:
        return FirthError(
            f"training diverged in pass {self.state.steps} over {len(self.words):,} words: {found}; use a lower "
            f"learning rate (lr) than {self.config.lr:g}, or a smaller max_vocab"
        )

    def _done(self, step: int) -> float:
        return step / max(1, self.config.epochs - 1)

    def _lr(self, step: int) -> float:
        """The learning rate of a step; it falls in a straight line over the run."""
        return self.state.scale * (self.config.lr + (self.config.min_lr - self.config.lr) * self._done(step))

    def _progress(self, done: float, seconds: float | None = None) -> PassProgress:
        """How far the run is, when this share of the pass under way is done."""
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


def _uninterrupted(work: Callable[..., None], *arguments: Any) -> None:
    """Call `work`; a Ctrl-C or SIGTERM that comes meanwhile takes effect when it has returned."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread handles signals
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
