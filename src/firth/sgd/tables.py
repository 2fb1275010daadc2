"""What a kernel needs for a whole run: tables of a vocabulary and settings, and the kernel that works on them."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.subsampling import keep_thresholds
from firth.corpus.tags import Tags
from firth.declaring import BOTH, TREE
from firth.native.arrays import LANES
from firth.settings import TrainConfig
from firth.sgd.huffman import huffman_paths
from firth.vectors.subwords import ngram_rows

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
    every radius is that. noise: (n,) float64, what `negatives` are drawn from for each prediction; tree: paths and
    branches, as from `tree_paths`, for hierarchical softmax; or both. ngrams: offsets and rows of each word, as from
    `ngram_rows`, if words are made of n-grams. update: "shared" or "per-pair" for skip-gram; "mean", "sum" or
    "undivided" for CBOW (see `_windows.Hidden`); "concatenated" for PV-DM of that kind. tags: of the documents, if they
    have vectors; alone: whether these alone predict, without windows.
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
    tags: Tags | None = None
    alone: bool = False

    @property
    def outputs(self) -> int:
        """The most rows that a prediction needs: a word and its negatives, or the longest path, or all of these."""
        path = 0 if self.tree is None else int(np.diff(self.tree[0]).max())
        return path + (0 if self.noise is None else self.negatives + 1)

    @property
    def cbow(self) -> bool:
        """Whether a window predicts as one vector."""
        return self.update in ("mean", "sum", "undivided")

    @property
    def most_tags(self) -> int:
        """The most tags of a document; 0 where there are no documents."""
        return 0 if self.tags is None else int(np.diff(self.tags.begins).max())

    @property
    def width(self) -> int:
        """How many vectors the rows of U are as long as: those that are concatenated, or one."""
        return self.most_tags + 2 * self.window if self.update == "concatenated" else 1


def make_tables(words: list[str], frequencies: Ints, totals: Ints, config: TrainConfig, tags: Tags | None) -> Tables:
    """The tables of a run over words with these counts, as those of a `Corpus`.

    tags: of the corpus's sentences, where documents have vectors.
    """
    update: str = config.update
    if config.architecture == "cbow":
        update = "sum" if config.cbow_sum else "undivided" if config.cbow_undivided else "mean"
    if config.concatenate:
        update = "concatenated"
    tables = Tables(
        dim=config.dim,
        keep=keep_thresholds(frequencies, config.subsample),
        window=1 if config.documents_alone else config.window,  # nobody looks at the windows of documents alone
        fixed_window=config.fixed_window or config.concatenate,
        update=update or "shared",
        ngrams=ngram_rows(words, config.minn, config.maxn, config.bucket) if config.maxn else None,
        tags=tags,
        alone=config.documents_alone,
    )
    if config.loss in (TREE, BOTH):
        tables = dataclasses.replace(tables, tree=tree_paths(totals))  # the counts that are saved
    if config.loss == TREE:
        return tables
    negatives = config.negatives if len(words) > 1 else 0
    return dataclasses.replace(tables, noise=noise_probabilities(frequencies, config.ns_exponent), negatives=negatives)


class Kernel:
    """The compiled kernel of some Tables: the function that trains on a span, and what it takes."""

    def __init__(self, tables: Tables, *, inferring: bool = False) -> None:
        """Make the tables that kernels read, and compile the blocks they call, or load them from the cache.

        inferring: whether they are those of `_inference`.
        """
        from firth.native import rng
        from firth.sgd._both import Both
        from firth.sgd._negatives import Negatives
        from firth.sgd._paths import Tree
        from firth.sgd._tokens import Windows, most_kept
        from firth.sgd._windows import Hidden

        self.tables, outputs = tables, tables.outputs
        self.windows = Windows(tables.keep.ctypes.data, tables.window, tables.fixed_window)
        self.predictor: Negatives | Tree | Both
        paths: Any = () if tables.tree is None else tuple(array.ctypes.data for array in tables.tree)
        if tables.noise is None:
            paths_at, branches_at = paths
            self.predictor = Tree(paths_at, branches_at, outputs)
        else:
            self._alias = rng.alias_table(tables.noise)
            drawn = self._alias.ctypes.data, len(tables.noise), tables.negatives, outputs, most_kept(tables.window)
            self.predictor = Both(*drawn, *paths) if paths else Negatives(*drawn)
        self._blocks = _inference_blocks(tables) if inferring else _block_table(tables)
        self.ngrams = tables.ngrams
        if tables.ngrams is not None:
            begins, parts = tables.ngrams
            self.ngrams = begins, np.append(parts, np.zeros(15, np.int32))  # so that 16 can be read from any
        self.hidden = Hidden(tables.update != "sum", tables.update != "undivided") if tables.cbow else None

    @property
    def table(self) -> int:
        """The address of the table of blocks."""
        return self._blocks.ctypes.data

    @property
    def groups(self) -> bool:
        """Whether a step may have more outputs than a block takes."""
        return _in_groups(self.tables)

    def documents_of(self, rows: npt.NDArray[np.float32] | None) -> Any:
        """The tags of documents, with the rows of their vectors, as kernels take them; None where there are none."""
        from firth.sgd._documents import Documents

        tags = self.tables.tags
        if tags is None or rows is None:
            return None
        begins, of_tags = tags.begins.ctypes.data, tags.rows.ctypes.data
        return Documents(begins, of_tags, rows.ctypes.data, rows.strides[0], self.tables.alone)

    def train(
        self,
        stream: Any,
        start: int,
        stop: int,
        epoch: Any,
        center: Any,
        outside: Any,
        scratch: Any,
        documents: Any = None,
        padding: int = 0,
    ) -> int:
        """Train on positions start..stop (stop exclusive) of the corpus; return the number of predictions.

        documents: as from `documents_of`. padding: for concatenation, the address of the padding's row.
        """
        from firth.sgd._concatenated import train_concatenated
        from firth.sgd._per_pair import train_per_pair
        from firth.sgd._windows import train_windows

        run = stream, start, stop, self.windows, self.predictor, self.table, epoch, center, outside, scratch
        if self.tables.update == "per-pair":
            return int(train_per_pair(*run))
        if self.tables.update == "concatenated":
            return int(train_concatenated(*run, documents, padding))
        return int(train_windows(*run, self.hidden, documents))


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
    surely_drawn = tables.noise is not None and tables.noise.max() <= SURE
    if surely_drawn and tables.tree is None and tables.outputs <= most:
        fewest = most = tables.outputs
    table = np.zeros(PLACES, np.int64)
    place, outputs = table.ctypes.data, (_lengths(fewest), _lengths(most))
    half, groups = _half(tables), _in_groups(tables)
    if tables.cbow:
        fill_windows(place, outputs)
        if tables.noise is not None:
            fill_windows_repeated(place, outputs)
    if groups or not tables.cbow:
        single = tables.cbow or tables.update != "shared" or (tables.alone and tables.most_tags == 1)
        fill_scores(place, (_lengths(1 if single else MAX_INPUTS), *outputs, half))
    if not tables.cbow:
        if tables.update != "per-pair":  # which takes no outputs for distinct
            fill_updates(place, (*outputs, half))
        if groups or tables.noise is not None:
            fill_updates_apart(place, (*outputs, half))
    elif groups:
        fill_weighted(place, outputs)
    if tables.ngrams is not None or (tables.cbow and groups):
        fill_alike(place, (_lengths(1), _lengths(MAX_OUTPUTS)))
    return table


def _inference_blocks(tables: Tables) -> Ints:
    """The addresses of the blocks of `_inference`."""
    from firth.sgd._blocks import MAX_OUTPUTS, PLACES
    from firth.sgd._scores import fill_scores
    from firth.sgd._sums import fill_alike, fill_weighted

    table = np.zeros(PLACES, np.int64)
    place, all_sizes = table.ctypes.data, (_lengths(1), _lengths(MAX_OUTPUTS))
    fill_scores(place, (_lengths(1), *all_sizes, _half(tables)))
    fill_weighted(place, all_sizes)
    fill_alike(place, all_sizes)
    return table


def _half(tables: Tables) -> tuple[int, ...]:
    """A tuple of length 1 if of the last vector of a row only the first half counts."""
    last = tables.dim % LANES if tables.width == 1 else 0
    return _lengths(tables.dim > LANES and 0 < last <= LANES // 2)


def _lengths(number: int) -> tuple[int, ...]:
    """A tuple of a length: as a part of its type the number is known when code is compiled."""
    return (0,) * number
