"""One thread's part in training by steps: its view of the matrices, its scratch, and what it has done."""

from typing import Any

import numpy as np
import numpy.typing as npt

from firth.sgd.tables import Kernel

Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.int64]


class Worker:
    """Trains on spans of the corpus in one thread."""

    def __init__(
        self,
        kernel: Kernel,
        center: Matrix,
        outside: Matrix,
        *,
        hot: tuple[int, int] = (0, 0),
        periods: tuple[int, int] = (1, 1),
        frozen: tuple[Mask | None, Mask | None] = (None, None),
        documents: Matrix | None = None,
        padding: Matrix | None = None,
    ) -> None:
        """Begin with the matrices V and U, rows as from `aligned_rows`, which change in place.

        Of each matrix: `hot`, how many of its first rows the thread keeps a copy of; `periods`, after how many uses it
        merges one (see `_rows`); `frozen`, (n,) int64, 1 for a word whose row stays as it is. documents: the rows of
        the documents' tags; padding: one row, where vectors are concatenated.
        """
        from firth.sgd._composed import ComposedRows
        from firth.sgd._rows import thread_rows
        from firth.sgd._scratch import scratch_arrays, scratch_of

        row_bytes, parts = center.strides[0], 0
        self._documents, self._padding = kernel.documents_of(documents), 0 if padding is None else padding.ctypes.data
        self._kernel = kernel
        self._outside, kept_outside = thread_rows(outside, hot[1], periods[1], frozen[1])
        if kernel.ngrams is not None:
            begins, of_words = (array.ctypes.data for array in kernel.ngrams)
            self._center: Any = ComposedRows(center.ctypes.data, row_bytes, begins, of_words, kernel.table)
            kept_center, parts = [center], int(np.diff(kernel.ngrams[0]).max())
        else:
            self._center, kept_center = thread_rows(center, hot[0], periods[0], frozen[0])
        self._arrays = scratch_arrays(
            kernel.tables.window,
            kernel.predictor,
            row_bytes * kernel.tables.width,
            groups=kernel.groups,
            frozen=any(mask is not None for mask in frozen),
            parts=parts,
            tags=kernel.tables.most_tags,
        )
        self._scratch = scratch_of(self._arrays)
        self._kept = kept_center, kept_outside, documents, padding  # what the addresses point to
        self.done = (0.0, 0)  # loss in nats and predictions of all spans finished

    def go_on_from(self, loss: float, pairs: int) -> None:
        """Count on from what was done before, in one sum wherever a run was interrupted."""
        self._arrays["loss"][0] = loss
        self.done = (loss, pairs)

    def train_span(
        self, ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], start: int, stop: int, epoch: Any
    ) -> None:
        """Train on positions start..stop (stop exclusive) and let the other threads see all of it.

        ids, offsets: as in `Corpus`. epoch: an `_tokens.Epoch`.
        """
        from firth.sgd._rows import merge
        from firth.sgd._step import fold
        from firth.sgd._tokens import Stream

        stream = Stream(ids.ctypes.data, offsets.ctypes.data, len(offsets) - 1)
        run = stream, start, stop, epoch, self._center, self._outside, self._scratch
        pairs = self._kernel.train(*run, self._documents, self._padding)
        fold(self._scratch)
        for rows in (self._center, self._outside):
            if getattr(rows, "hot", 0):
                merge(rows)
        self.done = (float(self._arrays["loss"][0]), self.done[1] + pairs)
