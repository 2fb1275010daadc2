"""Training with one result for any number of threads: intervals of the corpus, each cut into shards (`_intervals`)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from firth.settings import available_threads
from firth.sgd.tables import Kernel

Matrix = npt.NDArray[np.float32]

SHARDS = 8
"""Parts of an interval, and so the most threads that are of use: the result depends on this, not on threads."""

SHARD_TOKENS = 64
"""The most tokens of a shard: more see too little of one another, fewer are copied and merged too often."""

SHARD_ROWS = 8192
"""The most rows of U that a shard takes: it may need a copy of each."""


BUDGET = 128
"""Uses of a row in an interval from which on the shards' changes are averaged; one of V has about window + 1."""


class Reached(NamedTuple):
    """Where training stands in an epoch."""

    position: int
    loss: float  # nats
    pairs: int


class IntervalTraining:
    """Trains on stretches of the corpus in threads that share two matrices, which change in place."""

    def __init__(self, kernel: Kernel, center: Matrix, outside: Matrix, most: int) -> None:
        """Begin with the matrices V and U, rows as from `aligned_rows`; `most` tokens, about, are an interval."""
        from firth.sgd._intervals import PerPair
        from firth.sgd._slots import make_slots

        tables, self._kernel, self._row_bytes = kernel.tables, kernel, center.strides[0]
        per_pair = tables.update == "per-pair"
        rows = tables.outputs * (2 * tables.window if per_pair else 1)  # of a token, at most
        tokens = max(1, min(SHARD_TOKENS, most // SHARDS, SHARD_ROWS // rows))
        self.size = SHARDS * tokens
        self._center, kept_center = make_slots(
            center, SHARDS, min(len(center), tokens + 2 * tables.window + 1), max(1, BUDGET // (tables.window + 1))
        )
        self._outside, kept_outside = make_slots(outside, SHARDS, min(len(outside), tokens * rows), BUDGET)
        self._kept = kept_center, kept_outside  # what the addresses point to
        self._hidden: Any = PerPair(tables.window) if per_pair else kernel.hidden
        self.reached = Reached(0, 0.0, 0)

    def run(
        self,
        ids: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        begun: Reached,
        end: int,
        epoch: Any,
        threads: int,
        look: Callable[[Reached], bool],
    ) -> None:
        """Train from where an interval begins to the position `end`, and count on; `reached` is where training stands.

        ids, offsets: as in `Corpus`. epoch: an `_tokens.Epoch`. `look` is called about ten times a second; when it
        returns True, or raises, training stops at the end of an interval. So it does after KeyboardInterrupt.
        """
        from firth.native.atomics import yielding
        from firth.native.threads import run_threads
        from firth.sgd._intervals import FINISHED, LAST, PAIRS, STATE, STOPPED, Intervals

        state, loss = np.zeros(STATE, np.int64), np.array([begun.loss])
        losses, pairs = np.zeros(SHARDS), np.zeros(SHARDS, np.int64)
        state[LAST], state[PAIRS] = 2**62, begun.pairs
        of_state, of_loss, of_losses, of_pairs = (array.ctypes.data for array in (state, loss, losses, pairs))
        marked = self._kernel.tables.update != "per-pair"
        intervals = Intervals(
            begun.position,
            end,
            self.size,
            SHARDS,
            of_state,
            of_loss,
            of_losses,
            of_pairs,
            marked=marked,
            yielding=yielding(),
        )

        def reached() -> Reached:
            at = begun.position + self.size * int(state[FINISHED])
            return Reached(min(at, end), float(loss[0]), int(state[PAIRS]))

        def stop() -> None:
            state[STOPPED] = 1

        def look_on() -> None:
            if look(reached()):
                stop()

        try:
            run_threads(
                lambda _: self._work(intervals, ids, offsets, epoch),
                min(threads, available_threads(), SHARDS),  # more would wait for one another
                stop,
                look_on,
            )
        finally:
            self.reached = reached()

    def _work(self, intervals: Any, ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], epoch: Any) -> None:
        """What one thread does."""
        from firth.sgd._intervals import train_intervals
        from firth.sgd._scratch import scratch_arrays, scratch_of
        from firth.sgd._tokens import Stream

        kernel, tables, members = self._kernel, self._kernel.tables, np.empty(SHARDS, np.int64)
        per_pair = tables.update == "per-pair"
        arrays = scratch_arrays(
            tables.window, kernel.predictor, self._row_bytes, groups=kernel.groups, frozen=per_pair, parts=0, tags=0
        )
        stream = Stream(ids.ctypes.data, offsets.ctypes.data, len(offsets) - 1)
        of_kernel = kernel.windows, kernel.predictor, kernel.table
        matrices = self._center, self._outside
        work = members.ctypes.data, stream, *of_kernel, epoch, *matrices, scratch_of(arrays), self._hidden
        train_intervals(intervals, *work)
