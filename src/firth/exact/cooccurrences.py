"""Expected co-occurrence counts as a sparse matrix: their form, their sums, their entropy, and the files they own."""

import dataclasses
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from firth.errors import MissingExtraError
from firth.files.folders import TemporaryFolder

PART = 1 << 22
"""About how many entries are summed or copied at a time, so that temporary arrays stay small."""

LOGARITHMS = 1 << 20
"""How many logarithms are taken at a time."""


@dataclasses.dataclass(eq=False)
class Cooccurrences:
    """X[c, o], the expected number of pairs (center c, outside o) in one epoch, as a sparse matrix by rows (CSR).

    Row c has the entries indptr[c] to indptr[c + 1], exclusive, of `indices` (columns, rising) and `data` (values).
    indptr: (n + 1,) int64. indices: (entries,) int32. data: (entries,) float32, all above 0. shape: (n, m); row c and
    column c belong to the same word. words: the m words. counts: (m,) int64, how often each occurs in the corpus.

    The entries may be in temporary files: call `close`, or use the object in a `with`, to remove them.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]
    shape: tuple[int, int]
    words: list[str]
    counts: NDArray[np.int64]
    folder: TemporaryFolder | None = dataclasses.field(default=None, repr=False)

    def tocsr(self) -> Any:
        """The matrix as a scipy.sparse.csr_array with sorted columns. It shares memory with this one if SciPy allows.

        Raises MissingExtraError without SciPy.
        """
        try:
            from scipy.sparse import csr_array
        except ImportError as error:
            raise MissingExtraError("a csr_array needs SciPy: pip install 'firth[scipy]'") from error
        matrix = csr_array((self.data, self.indices, self.indptr), shape=self.shape)
        matrix.has_sorted_indices = True
        return matrix

    @cached_property
    def row_sums(self) -> NDArray[np.float64]:
        """N_c = Σ_o X[c, o], (n,) float64; computed on first use."""
        sums = np.zeros(self.shape[0])
        for rows, entries in self._parts():
            row = np.repeat(np.arange(rows.stop - rows.start), np.diff(self.indptr[rows.start : rows.stop + 1]))
            sums[rows] = np.bincount(row, self.data[entries], rows.stop - rows.start)
        return sums

    @cached_property
    def column_sums(self) -> NDArray[np.float64]:
        """Σ_c X[c, o], (m,) float64; computed on first use."""
        sums = np.zeros(self.shape[1])
        for _, entries in self._parts():
            sums += np.bincount(self.indices[entries], self.data[entries], self.shape[1])
        return sums

    def leading(self, n: int, m: int) -> "Cooccurrences":
        """The counts of the first n center and the first m outside words."""
        indptr = np.zeros(n + 1, np.int64)
        for rows, entries in self._parts(n):
            inside = np.concatenate([[0], np.cumsum(self.indices[entries] < m)])
            indptr[rows.start + 1 : rows.stop + 1] = np.diff(
                inside[self.indptr[rows.start : rows.stop + 1] - entries.start]
            )
        indptr = np.cumsum(indptr)
        indices, data = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        for rows, entries in self._parts(n):
            kept, to = self.indices[entries] < m, slice(indptr[rows.start], indptr[rows.stop])
            indices[to], data[to] = self.indices[entries][kept], self.data[entries][kept]
        return Cooccurrences(indptr, indices, data, (n, m), self.words[:m], self.counts[:m])

    def _parts(self, n: int | None = None) -> Iterator[tuple[slice, slice]]:
        """Ranges of rows, together the first n (by default all), and of their entries: about PART entries each."""
        n = self.shape[0] if n is None else n
        cuts = np.searchsorted(self.indptr[: n + 1], np.arange(0, self.indptr[n], PART))
        for first, last in pairwise(np.unique([0, *cuts, n]).tolist()):
            yield slice(first, last), slice(int(self.indptr[first]), int(self.indptr[last]))

    def close(self) -> None:
        """Drop the entries and remove the files."""
        self.indptr = np.zeros(self.shape[0] + 1, np.int64)
        self.indices, self.data = np.empty(0, np.int32), np.empty(0, np.float32)
        for name in ("row_sums", "column_sums"):
            vars(self).pop(name, None)
        if self.folder is not None:
            self.folder.remove()

    def __enter__(self) -> Self:
        """The counts; the end of the `with` closes them."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the counts."""
        self.close()


def conditional_entropy(counts: Cooccurrences) -> float:
    """H(p) of p(o|c) = X[c, o] / N_c, weighted by N_c, in nats a pair: the least possible cross-entropy."""
    sums = counts.row_sums
    of_rows = float((sums * np.log(np.where(sums > 0, sums, 1.0))).sum())
    of_entries = 0.0
    for first in range(0, len(counts.data), LOGARITHMS):
        x = counts.data[first : first + LOGARITHMS].astype(np.float64)  # all above 0
        of_entries += float((x * np.log(x)).sum())
    return (of_rows - of_entries) / float(sums.sum())
