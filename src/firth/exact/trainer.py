"""The trainer of the exact softmax: passes over co-occurrence counts, each followed by one step of V, U and b.

The objective is J = -Σ_{c,o} X[c, o] log ŷ_c[o] with ŷ_c = softmax(U v_c + b). A pass (`_softmax`) computes J and its
gradients for all pairs of the corpus at once, by matrix products; a step (`update`) moves the vectors.
"""

import copy
import dataclasses
import math
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

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
from firth.signals import held_back
from firth.training import (
    PartProgress,
    PassProgress,
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
from firth.vectors.storage import Parts

if TYPE_CHECKING:
    from firth.exact._softmax import SoftmaxPass

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


ENTRY = ("epoch", "loss", "pairs", "tokens", "seconds", "lr", "entropy", "kl", "perplexity")
"""What the history has of each pass."""


class _Paused(Exception):
    """The run is to pause within a pass."""


@dataclasses.dataclass
class ExactState(State):
    """Where a run stands: together with the matrices and their velocities, all that is needed to continue it."""

    begun: bool = False  # whether the matrices hold the starting vectors
    steps: int = 0  # that are done; the figures of the last one may not be in the history yet
    scale: float = 1.0  # of the learning rates: halved when the loss rises
    loss: float | None = None  # in nats a pair, when last computed; None before the first pass

    @classmethod
    def of(cls, snapshot: Snapshot, epochs: int) -> Self | None:
        """The state in a snapshot of a run of this many epochs; None if it cannot be one."""
        unfinished, history = snapshot.unfinished, snapshot.parts["history"]
        if unfinished.keys() != cls().unfinished().keys() or not is_history(history, ENTRY, LARGEST_LOSS):
            return None
        begun, steps, loss = (unfinished[name] for name in ("begun", "steps", "loss"))
        if type(steps) is not int or not len(history) <= steps <= min(len(history) + 1, epochs):
            return None
        if type(begun) is not bool or (steps > 0 and loss is None) or (loss is not None and not begun):
            return None
        numbers = [unfinished["scale"], unfinished["seconds"], 0.0 if loss is None else loss]
        if not all_finite(numbers) or abs(numbers[-1]) > LARGEST_LOSS:
            return None
        return cls(history=history, **unfinished)


@dataclasses.dataclass
class _Work:
    """What passes work with. gradients: of V, U and b. row_loss: (n,) float64, the loss of each center row."""

    kernel: "SoftmaxPass"
    gradients: tuple[Floats, Floats, Floats]
    row_loss: npt.NDArray[np.float64]


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
        self._before: ExactTrainer | None = None  # the run over fewer words that is under way
        self._work: _Work | None = None
        self.total_flop = run_flop(self._stages, config)

    def run(
        self,
        on_progress: Callable[[Progress], None],
        pause: Callable[[], bool] = never,
        on_epoch: Callable[[], bool] = never,
    ) -> bool:
        """Train to the end, or until `pause`; return whether the run is finished. `on_epoch` may end it sooner.

        After an exception, KeyboardInterrupt included, `state` and the matrices are those between two steps, and what
        the pass under way has done is kept. Raises FirthError when training diverges.
        """
        state, n = self.state, self.counts.shape[0]
        if not state.begun and not self._start(on_progress, pause):
            return False
        work = self._allocated()

        while True:
            finished = state.steps == self.config.epochs
            if not (finished or self._at_standstill()) or state.steps > len(state.history):
                first, begun = self._rows_done(work), time.perf_counter()

                def show(rows: int, first: int = first) -> None:
                    on_progress(self._progress(rows / n))
                    if first < self._rows_done(work) < n and pause():
                        raise _Paused

                try:
                    self._pass(work, show)
                except _Paused:
                    return False
                finally:
                    state.seconds += time.perf_counter() - begun
                self.check_finite()
                new = state.steps > len(state.history)
                with held_back():
                    self._record(float(work.row_loss.sum()) / self.pairs)
                on_progress(self._progress(1.0, state.history[-1]["seconds"] if new else None))
            if (state.history and on_epoch()) or finished or self._at_standstill():
                self.check_finite()
                self._work = None
                return True
            begun = time.perf_counter()
            work.kernel.begin()  # steps take the place of the gradients: if that is interrupted, the pass is repeated
            self._make_steps(*work.gradients, lambda: on_progress(self._progress(1.0)))
            with held_back():
                self._update(*work.gradients)
            state.seconds += time.perf_counter() - begun
            if pause():
                return False

    def _allocated(self) -> _Work:
        """What passes work with, allocated when there is none."""
        from firth.exact._softmax import SoftmaxPass
        from firth.native.arrays import aligned_rows

        if self._work is None:
            (n, m), dim, counts = self.counts.shape, self.config.dim, self.counts
            kernel = SoftmaxPass(counts.indptr, counts.indices, counts.data, n, m, dim, self.config.threads or 1)
            self._work = _Work(
                kernel, (aligned_rows(n, dim), aligned_rows(m, dim), np.empty(m, np.float32)), np.empty(n)
            )
        return self._work

    def _rows_done(self, work: _Work) -> int:
        """How many rows of the pass under way are done: the last pass has no gradients."""
        return work.kernel.rows_scored if self.state.steps == self.config.epochs else work.kernel.rows_added

    def _pass(self, work: _Work, show: Callable[[int], None]) -> None:
        """Go on with the pass under way, or begin one."""
        matrices = self.center, self.outside, self.bias
        if self.state.steps == self.config.epochs:
            work.kernel.loss(*matrices, work.row_loss, show, go_on=True)
        else:
            work.kernel.run(*matrices, *work.gradients, work.row_loss, show, go_on=True)

    def _start(self, on_progress: Callable[[Progress], None], pause: Callable[[], bool]) -> bool:
        """Compute the starting vectors; return False if `pause` says so before they are there.

        They are those of a run over fewer words (the stage before), or of `starting_vectors`.
        """
        from firth.native import rng

        config, dim = self.config, self.config.dim
        if self._before is None:
            self._before = self._stage_before()
        if self._before is not None:

            def show(progress: Progress) -> None:
                if isinstance(progress, PassProgress):
                    progress = dataclasses.replace(progress, last_stage=False, total_flop=self.total_flop)
                on_progress(progress)

            if not self._before.run(show, pause):
                return False
            with held_back():
                self._begin_with(self._before)
            return True
        self._set_bias()

        def look(share: float) -> None:
            on_progress(PartProgress("starting vectors", share))

        center, outside = starting_vectors(self.counts, dim, config.seed, config.threads or 1, look)
        with held_back():
            rng.fill_uniform(self.center, dim, rng.stream_key(config.seed, 0, 0))
            self.center *= 2 * NOISE * dim
            self.center[:, :dim] += center
            self.outside[:, :dim] = outside
            self.state.begun = True
        return True

    def _stage_before(self) -> "ExactTrainer | None":
        """A new run over the words of the stage before, if there is one and these words have pairs."""
        if len(self._stages) == 1:
            return None
        counts = self.counts.leading(*self._stages[-2])
        if not len(counts.data):  # frequent words may have pairs with rare ones only
            return None
        before = ExactTrainer(
            self.corpus, counts, dataclasses.replace(self.config, epochs=STAGE_EPOCHS), self._stages[:-1]
        )
        before.state.scale = STAGE_RATE
        return before

    def _begin_with(self, before: "ExactTrainer") -> None:
        """Take the vectors of the stage before, which is over."""
        fewer, words = before.counts.shape
        self._set_bias()
        self.center[:fewer], self.outside[:words] = before.center, before.outside
        self.bias[words:] += (before.bias - self.bias[:words]).mean()
        self.bias[:words] = before.bias
        self.state.begun, self._before = True, None

    def _set_bias(self) -> None:
        """Let the bias say how frequent the words are."""
        sums = self.counts.column_sums
        self.bias[:] = np.log(np.maximum(sums, sums[sums > 0].min()) / self.pairs)

    @property
    def started(self) -> bool:
        """Whether a snapshot holds any work: not before there are starting vectors, of the first stage at least."""
        return self.state.begun or (self._before is not None and self._before.started)

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
    def fingerprint(self) -> dict[str, int]:
        """That of the corpus."""
        return fingerprint(self.corpus)

    def snapshot(self) -> Snapshot:
        """The run as it stands: matrices in the basis of training, the state, velocities and what the pass has done.

        While a stage over fewer words is under way, it is that of the stage.
        """
        if not self.state.begun and self._before is not None:
            before = self._before.snapshot()
            return dataclasses.replace(before, parts={**before.parts, "config": self.config.as_dict()})
        dim = self.config.dim
        arrays = {
            "center": self.velocity_center[:, :dim],
            "outside": self.velocity_outside[:, :dim],
            "bias": self.velocity_bias,
        }
        under_way = self._pass_under_way()
        rows = len(under_way.get("row_loss", ()))
        parts = self._parts(self.center[:, :dim], self.outside[:, :dim], self.bias)
        unfinished = self.state.unfinished() | {"stage": len(self._stages), "rows": rows}
        return Snapshot(parts, unfinished, arrays | under_way)

    def _pass_under_way(self) -> dict[str, npt.NDArray[Any]]:
        """What the pass under way has done, by name: nothing before its first rows are complete."""
        work = self._work
        rows = 0 if work is None else self._rows_done(work)
        if work is None or not rows:
            return {}
        done: dict[str, npt.NDArray[Any]] = {"row_loss": work.row_loss[:rows]}
        if self.state.steps < self.config.epochs:
            done["gradient_center"] = work.gradients[0][:rows, : self.config.dim]
            done |= {"gradient_outside": work.kernel.sums, "added": work.kernel.added}
        return done

    def restore(self, snapshot: Snapshot) -> bool:
        """Continue from a snapshot of such a run; return False, and change nothing, if this is not one."""
        unfinished = dict(snapshot.unfinished)
        stage, rows = unfinished.pop("stage", None), unfinished.pop("rows", None)
        if type(stage) is int and 1 <= stage < len(self._stages):
            before = self._stage_before()
            if before is None or not before.restore(snapshot):
                return False
            self._before = before
            return True
        state = ExactState.of(dataclasses.replace(snapshot, unfinished=unfinished), self.config.epochs)
        if stage != len(self._stages) or type(rows) is not int or state is None or not self._is_possible(state):
            return False
        saved, arrays = snapshot.parts, snapshot.arrays
        (n, m), dim = self.counts.shape, self.config.dim
        shapes = {"center": (n, dim), "outside": (m, dim), "bias": (m,)}
        for name, shape in shapes.items():
            for array in (saved[name], arrays.get(name)):  # type: ignore[literal-required]
                if array is None or array.shape != shape or array.dtype != np.float32 or not all_moderate(array):
                    return False
        under_way = {name: array for name, array in arrays.items() if name not in shapes}
        if not self._go_on_with(under_way, rows, state.steps == self.config.epochs):
            return False
        self.state = state
        self.center[:, :dim], self.outside[:, :dim], self.bias[:] = (saved[name] for name in shapes)  # type: ignore[literal-required]
        self.velocity_center[:, :dim], self.velocity_outside[:, :dim] = arrays["center"], arrays["outside"]
        self.velocity_bias[:] = arrays["bias"]
        return True

    def _is_possible(self, state: ExactState) -> bool:
        """Whether the figures of a state are those of a run like this one."""
        known = {"pairs": self.pairs, "tokens": self.corpus.tokens}
        return all(entry[name] == value for entry in state.history for name, value in known.items())

    def _go_on_with(self, arrays: dict[str, npt.NDArray[Any]], rows: int, is_last: bool) -> bool:
        """Take up a pass of which a snapshot has this many rows; return False if the arrays are not those of one."""
        from firth.exact._softmax import GROUP

        n, dim = self.counts.shape[0], self.config.dim
        self._work = None
        if not rows:
            return not arrays
        work = self._allocated()
        expected: dict[str, tuple[tuple[int, ...], Any]] = {"row_loss": ((rows,), np.float64)}
        if not is_last:
            expected["gradient_center"] = (rows, dim), np.float32
            expected |= {"gradient_outside": (work.kernel.sums.shape, np.float32)}
            expected |= {"added": (work.kernel.added.shape, np.int64)}
        fits = {name: (array.shape, array.dtype) for name, array in arrays.items()} == expected
        if not fits or not all(np.isfinite(array).all() for array in arrays.values()):
            self._work = None
            return False
        added = arrays.get("added", np.array([rows]))
        if added.min() != rows or not 0 < rows <= added.max() <= n or (added[added < n] % GROUP).any():
            self._work = None
            return False
        work.row_loss[:rows] = arrays["row_loss"]
        work.kernel.go_on_from(rows)
        if not is_last:
            work.gradients[0][:rows, :dim] = arrays["gradient_center"]
            work.kernel.sums[:], work.kernel.added[:] = arrays["gradient_outside"], added
        return True

    def vectors(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The vectors as they stand, in the basis of `fix_gauge`, with `mix` · U added to the center vectors V."""

        def look(share: float) -> None:
            on_progress(PartProgress("principal axes", share))

        dim = self.config.dim
        center, outside, bias = fix_gauge(
            self.center[:, :dim], self.outside[:, :dim], self.bias, self.config.threads or 1, look
        )
        mixed = center + np.float32(self.config.mix) * outside[: len(center)]
        parts = self._parts(np.ascontiguousarray(mixed), np.ascontiguousarray(outside), bias.copy())
        parts["history"] = copy.deepcopy(self.history)
        return WordVectors(**parts)

    def release(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The same vectors, with the memory of the velocities given back first: the last method that is called."""
        self.velocity_center = self.velocity_outside = np.empty((0, 0), np.float32)
        return self.vectors(on_progress)

    def _parts(self, center: Floats, outside: Floats, bias: Floats) -> Parts:
        """The parts of vectors with these matrices."""
        return {
            "words": self.words,
            "counts": self.corpus.totals[: len(self.words)],
            "center": center,
            "outside": outside,
            "config": self.config.as_dict(),
            "history": self.history,
            "outside_words": self.corpus.vocab.words[: len(outside)],
            "bias": bias,
            "nodes": None,
            "subwords": None,
            "norms": None,
            "documents": None,
        }

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
