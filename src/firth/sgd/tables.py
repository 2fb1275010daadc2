"""What a kernel needs for a whole run: tables of a vocabulary and settings, and the kernel that works on them."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.native.arrays import LANES
from firth.sgd.huffman import huffman_paths

SURE = 0.9
"""If no word has a larger share of the noise, negatives can always be drawn: 1,000 draws in a row that all give the
predicted word have a chance below 1e-45."""

Ints = npt.NDArray[np.int64]


def noise_probabilities(counts: Ints, ns_exponent: float) -> npt.NDArray[np.float64]:
    """(n,) float64: P(w) = count(w)^ns_exponent / Σ count^ns_exponent, from which negatives are drawn.

    A word with count 0 is never drawn, whatever the exponent; one count at least is not 0.
    """
    counted = counts > 0
    logarithms = np.full(len(counts), -np.inf)
    logarithms[counted] = ns_exponent * np.log(counts[counted].astype(np.float64))
    weights = np.exp(logarithms - logarithms.max())
    return np.asarray(weights / weights.sum())


def tree_paths(counts: Ints) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Where the path of each word begins, (n + 1,) int64, and the branches of all paths: twice the node, plus the bit.

    The tree is Huffman's of the counts (see `huffman`); a path goes from the root to the word. After the last one come
    15 zeros, so that 16 branches can be read from any.
    """
    offsets, nodes, bits = huffman_paths(counts)
    return offsets, np.append(2 * nodes + bits.astype(np.int32), np.zeros(15, np.int32))


@dataclasses.dataclass(frozen=True, eq=False)
class Tables:
    """What the kernels of all threads read, checked by nobody: the arrays must fit one another.

    dim: of the vectors. keep: (n,) int64, see `keep_thresholds`. window: the largest radius; fixed_window: whether
    every radius is that. noise: (n,) float64, what `negatives` are drawn from for each prediction; or tree: paths and
    branches, as from `tree_paths`, for hierarchical softmax. ngrams: offsets and rows of each word, as from
    `ngram_rows`, if words are made of n-grams. update: "shared" or "per-pair" for skip-gram; "mean", "sum" or
    "undivided" for CBOW (see `_windows.Hidden`).
    """

    dim: int
    keep: Ints
    window: int
    fixed_window: bool
    update: str
    noise: npt.NDArray[np.float64] | None = None
    negatives: int = 0
    tree: tuple[Ints, npt.NDArray[np.int32]] | None = None
    ngrams: tuple[Ints, npt.NDArray[np.int32]] | None = None

    @property
    def outputs(self) -> int:
        """The most rows that a prediction needs: a word and its negatives, or the longest path."""
        return self.negatives + 1 if self.tree is None else int(np.diff(self.tree[0]).max())

    @property
    def cbow(self) -> bool:
        """Whether a window predicts as one vector."""
        return self.update not in ("shared", "per-pair")


class Kernel:
    """The compiled kernel of some Tables: the function that trains on a span, and what it takes."""

    def __init__(self, tables: Tables) -> None:
        """Make the tables that kernels read, and compile the blocks they call, or load them from the cache."""
        from firth.native import rng
        from firth.sgd._negatives import Negatives
        from firth.sgd._paths import Tree
        from firth.sgd._tokens import Windows, most_kept
        from firth.sgd._windows import Hidden

        self.tables, outputs = tables, tables.outputs
        self.windows = Windows(tables.keep.ctypes.data, tables.window, tables.fixed_window)
        self.predictor: Negatives | Tree
        if tables.tree is not None:
            paths, branches = tables.tree
            self.predictor = Tree(paths.ctypes.data, branches.ctypes.data, outputs)
        else:
            assert tables.noise is not None
            self._alias = rng.alias_table(tables.noise)
            self.predictor = Negatives(
                self._alias.ctypes.data, len(tables.noise), tables.negatives, outputs, most_kept(tables.window)
            )
        self._blocks = _block_table(tables)
        self.ngrams = tables.ngrams
        if tables.ngrams is not None:
            begins, parts = tables.ngrams
            self.ngrams = begins, np.append(parts, np.zeros(15, np.int32))  # so that 16 can be read from any
        self._hidden = Hidden(tables.update != "sum", tables.update != "undivided") if tables.cbow else None

    @property
    def table(self) -> int:
        """The address of the table of blocks."""
        return self._blocks.ctypes.data

    @property
    def groups(self) -> bool:
        """Whether a step may have more outputs than a block takes."""
        return _in_groups(self.tables)

    def train(self, stream: Any, start: int, stop: int, epoch: Any, center: Any, outside: Any, scratch: Any) -> int:
        """Train on positions start..stop (stop exclusive) of the corpus; return the number of predictions."""
        from firth.sgd._per_pair import train_per_pair
        from firth.sgd._windows import train_windows

        run = stream, start, stop, self.windows, self.predictor, self.table, epoch, center, outside, scratch
        if self.tables.update == "per-pair":
            return int(train_per_pair(*run))
        return int(train_windows(*run, self._hidden))


def _in_groups(tables: Tables) -> bool:
    from firth.sgd._blocks import MAX_OUTPUTS

    return tables.outputs > MAX_OUTPUTS


def _block_table(tables: Tables) -> Ints:
    """The addresses of the blocks that a kernel of these tables calls, for all numbers of rows that it can meet."""
    from firth.sgd._blocks import MAX_INPUTS, MAX_OUTPUTS, PLACES
    from firth.sgd._hidden import fill_windows, fill_windows_repeated
    from firth.sgd._scores import fill_scores
    from firth.sgd._sums import fill_alike, fill_weighted
    from firth.sgd._updates import fill_updates, fill_updates_apart

    fewest, most = 1, MAX_OUTPUTS
    if tables.noise is not None and tables.noise.max() <= SURE and tables.outputs <= most:
        fewest = most = tables.outputs
    table = np.zeros(PLACES, np.int64)
    place, outputs = table.ctypes.data, (_lengths(fewest), _lengths(most))
    half = _lengths(tables.dim > LANES and 0 < tables.dim % LANES <= LANES // 2)
    groups = _in_groups(tables)
    if tables.cbow:
        fill_windows(place, outputs)
        if tables.tree is None:
            fill_windows_repeated(place, outputs)
    if groups or not tables.cbow:
        fill_scores(place, (_lengths(1 if tables.cbow or tables.update == "per-pair" else MAX_INPUTS), *outputs, half))
    if not tables.cbow:
        if tables.update != "per-pair":  # which takes no outputs for distinct
            fill_updates(place, (*outputs, half))
        if groups or tables.tree is None:
            fill_updates_apart(place, (*outputs, half))
    elif groups:
        fill_weighted(place, outputs)
    if tables.ngrams is not None or (tables.cbow and groups):
        fill_alike(place, (_lengths(1), _lengths(MAX_OUTPUTS)))
    return table


def _lengths(number: int) -> tuple[int, ...]:
    """A tuple of a length: as a part of its type the number is known when code is compiled."""
    return (0,) * number
