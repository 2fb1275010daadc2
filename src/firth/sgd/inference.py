"""Vectors of new documents under a trained model, whose own matrices stay as they are."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.tags import Tags
from firth.errors import ConfigError
from firth.native.arrays import aligned_copy, aligned_rows
from firth.settings import TrainConfig
from firth.sgd.outputs import Outputs, output_rows, outputs_of
from firth.sgd.start import check_start
from firth.sgd.tables import Kernel, make_tables
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors

Floats = npt.NDArray[np.float32]

DOCUMENTS_AT_ONCE = 16
"""Documents that a thread takes at a time."""

WITHOUT_THREADS = 1 << 15
"""Steps, words times epochs, that are not worth a thread's start: some ten milliseconds, in which Ctrl-C waits."""

LACK = (
    "these vectors lack the outside vectors or nodes that inference needs, as after a transform: take them as training "
    "left them"
)

ONE_TAG = Tags(np.array([0, 1], np.int64), np.zeros(1, np.int32), 1)


class Inference:
    """A trained model that gives new documents vectors: by the steps of training, but only theirs move."""

    def __init__(self, vectors: WordVectors, config: TrainConfig) -> None:
        """Take the matrices of `vectors`, which a run with these settings has trained.

        Raises ConfigError for vectors without documents, or without the matrices that inference needs, and FormatError
        for numbers that are not finite.
        """
        check_start(vectors, config)
        learned, dim = _learned(vectors), config.dim
        tables = make_tables(vectors.words, vectors.counts, vectors.counts, config, ONE_TAG)
        alone = config.architecture == "skipgram"
        if alone:
            tables = dataclasses.replace(tables, window=1)  # nobody looks at it
        self._dim, self._kernel, self._config = dim, Kernel(tables, inferring=True), config
        self._spare: list[tuple[Any, Any]] = []
        self.center = aligned_rows(0, dim) if alone else aligned_copy(vectors.center)
        stride = -(-dim // 16) * 16
        rows = output_rows(config.loss, len(vectors))
        self.outside = aligned_rows(rows, dim if tables.width == 1 else tables.width * stride)
        self.padding = aligned_rows(1, dim)
        views = outputs_of(self.outside, config.loss, tables.width, dim)
        if config.concatenate:
            _fill_concatenated(learned, views, self.padding)
        else:
            for view, matrix in zip(views, (vectors.outside, vectors.nodes), strict=True):
                if view is not None:
                    if matrix is None:
                        raise ConfigError(LACK)
                    view[:, 0] = matrix

    def infer(
        self,
        ids: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        *,
        epochs: int,
        lr: float,
        min_lr: float,
        seed: int,
        threads: int = 1,
        on_look: Callable[[int], None] = lambda done: None,
    ) -> Floats:
        """The vectors (m, d) of m documents, document i of the words ids[offsets[i] : offsets[i + 1]].

        A vector depends on its own document and on the arguments alone: neither on other documents nor on the threads.
        One without words stays as vectors begin. `on_look` is called now and then with how many are done.
        """
        from firth.native import rng
        from firth.native.threads import Stage, run_stages
        from firth.sgd._inference import Model, Schedule, infer
        from firth.sgd._rows import thread_rows
        from firth.sgd._tokens import Stream

        kernel, count = self._kernel, len(offsets) - 1
        rows = aligned_rows(count, self._dim)
        keys = np.array(
            [[rng.stream_key(seed, epoch, purpose) for purpose in (1, 2)] for epoch in range(1, epochs + 1)]
        )
        (center, kept_center), (outside, kept_outside) = (thread_rows(m, 0, 1) for m in (self.center, self.outside))
        model = Model(*self._kind(), self.padding.ctypes.data, self._dim)
        stream = Stream(ids.ctypes.data, offsets.ctypes.data, count)
        schedule = Schedule(keys.ctypes.data, rng.stream_key(seed, 0, 2), epochs, lr, min_lr)
        small = count <= DOCUMENTS_AT_ONCE and len(ids) * epochs <= WITHOUT_THREADS
        scratches = [self._take_scratch() for _ in range(1 if small else threads)]
        done = [0]

        def task(number: int, thread: int) -> None:
            begin = number * DOCUMENTS_AT_ONCE
            end = min(begin + DOCUMENTS_AT_ONCE, count)
            run = kernel.windows, kernel.predictor, kernel.table, schedule, center, outside, model, rows.ctypes.data
            infer(stream, begin, end, *run, scratches[thread][0])
            done[0] += end - begin

        if small:
            task(0, 0)
        else:
            run_stages([Stage(task, -(-count // DOCUMENTS_AT_ONCE))], threads, lambda: on_look(done[0]))
        del kept_center, kept_outside
        self._spare += scratches
        return np.ascontiguousarray(rows[:, : self._dim])

    def _take_scratch(self) -> tuple[Any, Any]:
        """What a thread reuses, and the arrays that it points to: one that a call before has left, or a new one."""
        from firth.sgd._scratch import scratch_arrays, scratch_of

        try:
            return self._spare.pop()
        except IndexError:
            kernel, row_bytes = self._kernel, self.outside.strides[0]
            whole = {"groups": False, "frozen": False}
            arrays = scratch_arrays(kernel.tables.window, kernel.predictor, row_bytes, **whole, parts=0, tags=1)
            return scratch_of(arrays), arrays

    def _kind(self) -> tuple[int, bool, bool]:
        from firth.sgd._inference import ALONE, COMBINED, CONCATENATED

        config = self._config
        if config.concatenate:
            return CONCATENATED, False, True
        if config.architecture == "skipgram":
            return ALONE, False, True
        return COMBINED, not config.cbow_sum, not config.cbow_undivided


def _learned(vectors: WordVectors) -> DocumentVectors:
    if vectors.documents is None:
        raise ConfigError(
            "these vectors were trained without documents, so they cannot infer any: train with documents=True "
            "(--documents), or take the means of words with firth.documents"
        )
    return vectors.documents


def _fill_concatenated(learned: DocumentVectors, views: Outputs, padding: Floats) -> None:
    """Copy the outside vectors of concatenated windows. Raises ConfigError where documents had several tags."""
    if learned.outside is None or learned.padding is None or len(learned.outside) != sum(map(len, views.given())):
        raise ConfigError(LACK)
    _, width, dim = views.given()[0].shape
    if learned.outside.shape[1] != width * dim:
        raise ConfigError(
            f"training put {learned.outside.shape[1] // dim} vectors side by side, and one document with a window are "
            f"{width}: only documents of one tag can be inferred"
        )
    padding[0, :dim] = learned.padding
    views.fill(learned.outside)
