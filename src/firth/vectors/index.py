"""An approximate index of the center rows: a graph of near rows (HNSW), kept in a file beside the vectors.

usearch builds and walks the graph (Malkov and Yashunin 2016). It holds the rows that are neither zero nor broken,
scaled to length 1 in half precision. What it finds is scored again with the vectors' own rows in float64, so the
cosines are exact; only which rows are found is approximate.

The file is a safetensors file with one tensor, "graph" U8, usearch's own bytes. The metadata has one key, "index": a
JSON text with the fields of `IndexInfo` but the path, and with "format" (1), "vectors", the digest of the center rows,
and "graph", that of the tensor. The first and the checksum of the file, or in older files both digests, are checked
whenever an index is opened: times and sizes of files would not tell for sure. usearch trusts its bytes, so `links`
checks that they are a graph whose links stay within it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.declaring import declared
from firth.errors import FormatError, MissingExtraError
from firth.files.json_text import loads
from firth.files.paths import AnyPath, as_path, check_folder, check_mapped
from firth.files.tensors import read_tensors, write_tensors
from firth.native.threads import run_threads
from firth.settings import PairSettings, available_threads
from firth.vectors.directions import Doubles, Floats, Ids, cosines, scaled
from firth.vectors.links import check_links
from firth.vectors.rows import Progress, Vectors, lengths, no_progress, unit, whole

SUFFIX = ".firth-index"
VERSION = 1

CONNECTIVITY = 16
"""Links a row has in each layer of the graph, twice as many in the lowest."""

EXPANSION_ADD = 128
"""Rows that stay in view while a row finds its place in the graph."""

EXPANSIONS = (64, 128, 256, 512, 1024)
"""Rows that may stay in view during a search: an index keeps the first one that reaches `RECALL`, or else the last."""

RECALL = 0.95
SAMPLE = 1000
"""How many words the recall is measured on."""
K = 10
"""How many neighbors of each are looked for when the recall is measured."""

ROWS_AT_ONCE = 2000
"""Rows added, or queries answered, between two chances for Ctrl-C: some tens of milliseconds."""

VALUES_AT_ONCE = 2**22
"""The most numbers that one block of a search holds."""

BLOCK_BYTES = 2**24
"""What one thread digests at a time. It decides about the digests of all indexes: keep it."""


@dataclasses.dataclass(frozen=True)
class IndexInfo:
    """What an index is.

    path: its file. words, dim: the shape of the vectors. rows: how many are in the graph, all but those of zeros.
    recall: the share of the true 10 nearest words that it finds, the mean over `sample` words evenly spaced in the
    vocabulary; None where the graph has fewer than two rows. expansion: how wide a search looks. usearch: the version
    that built it.
    """

    path: str
    words: int
    dim: int
    rows: int
    recall: float | None
    sample: int
    expansion: int
    usearch: str


class Index:
    """An open index; see `build_index` and `open_index`. `info` says what it is."""

    def __init__(self, center: Floats, graph: Any, info: IndexInfo, data: npt.NDArray[np.uint8] | None = None) -> None:
        """Keep the parts; `data` are the bytes that `graph` reads, which must live as long."""
        self.info = info
        self._center, self._graph, self._data = center, graph, data
        self._threads = available_threads()

    def search(
        self, queries: Doubles, excluded: Sequence[Sequence[int]] | Ids, k: int
    ) -> Iterator[tuple[Ids, Doubles]]:
        """Yield for each query the ids of k rows near it and their cosines, best first; ties by rising id.

        queries: (q, d), of length 1. excluded: for each query the ids that are no answers. k: 1 or more.
        The cosines are exact, as those of an exact search. A nearer row may be missing, and where many rows are
        equal there may be fewer than k; rows of zeros are never found. Raises ConfigError for a wrong k.
        """
        k = min(whole("k", k, 1), max(1, self.info.rows))
        if self._data is not None:
            check_mapped(self._data, Path(self.info.path))
        most = max(map(len, excluded), default=0)
        count = min(2 * k + 10 + most, max(1, self.info.rows))
        at_once = max(1, min(ROWS_AT_ONCE, VALUES_AT_ONCE // (count * max(self.info.dim, most))))
        for start in range(0, len(queries), at_once):
            block = queries[start : start + at_once]
            ids = self._candidates(block, count)
            out = _padded(excluded[start : start + at_once], most)
            missing = (ids < 0) | (ids[:, :, None] == out[:, None, :]).any(axis=2)
            found = np.where(missing, -np.inf, self._cosines(ids, block))
            best = np.lexsort((ids, -found))[:, :k]
            left = np.minimum(k, count - missing.sum(axis=1)).tolist()
            for own, values, order, few in zip(ids, found, best, left, strict=True):
                yield own[order[:few]], values[order[:few]]

    def _cosines(self, ids: Ids, queries: Doubles) -> Doubles:
        """The cosines (q, count) of rows with the query of their line."""
        return cosines(scaled(self._center[ids]), queries[:, None])

    def _candidates(self, queries: Doubles, count: int) -> Ids:
        """The ids (q, count) of rows near each query, in no order; -1 where there are fewer."""
        ids = np.full((len(queries), count), -1)
        if self.info.rows:
            narrow = queries.astype(np.float32)
            matches = _aside(lambda: self._graph.search(narrow, count, threads=self._threads))
            keys = np.asarray(matches.keys).reshape(len(queries), -1)
            counts = getattr(matches, "counts", [keys.shape[1]])  # one query has no counts
            for own, found, few in zip(ids, keys, counts, strict=True):
                own[:few] = found[:few]
        return ids


def index_path(path: AnyPath) -> Path:
    """Where the index of a vectors file is: beside it, v.firth-index for v.safetensors."""
    return as_path(path).with_suffix(SUFFIX)


def build_index(
    vectors: Vectors, path: AnyPath, *, threads: int | None = None, progress: Progress = no_progress
) -> Index:
    """A new index of the center rows, written beside the vectors file at `path`; an old one is replaced at the end.

    vectors: those in the file. threads: None means all processors. progress: called with what is done and how far.
    The recall is measured and kept in `Index.info`. Memory: about 2.5 times the size of the index file, which is
    about 2 d + 150 bytes a row. Two runs give indexes that differ a little, unless threads is 1, because threads add
    rows in any order.

    Raises FormatError for a file that cannot be written, before the work begins; ConfigError for wrong threads;
    MissingExtraError without usearch.
    """
    threads = declared(PairSettings)["threads"].checked(threads) or available_threads()
    target = check_folder(index_path(path))
    graph = _new_graph(vectors.center.shape[1])
    norms = lengths(vectors)
    filled = np.flatnonzero(norms)
    _add_rows(graph, vectors.center, norms, filled, threads, progress)
    index = Index(vectors.center, graph, _info(target, vectors, len(filled)))
    _measure_recall(index, norms, filled, progress)
    _write(target, index, threads)
    return index


def open_index(vectors: Vectors, path: AnyPath) -> Index:
    """The index beside the vectors file at `path`, mapped from disk. `vectors` are those in the file.

    Raises FormatError where there is none, it is damaged, or it was built of other rows than the vectors'; each
    says how to build it. All bytes of the index and of the rows are read for that. MissingExtraError without usearch.
    """
    place = index_path(path)
    advice = f"build it again: firth index {path}"
    if not place.exists():
        raise FormatError(f"{place}: there is no index of {path}: build it: firth index {path}")
    try:
        file = read_tensors(place)
        if file.checksum is not None:
            file.check()
        data = file.tensor("graph", "U8", 1)
        document = _document(place, file.metadata)
    except FormatError as error:
        raise FormatError(f"{error}; {advice}") from None
    info = IndexInfo(path=str(place), **{name: document[name] for name in _FIELDS})
    if vectors.center.shape != (info.words, info.dim) or document["vectors"] != digest(vectors.center):
        raise FormatError(f"{place}: the index was built of other vectors than those in {path}; {advice}")
    if file.checksum is None and document["graph"] != digest(data):
        raise FormatError(f"{place}: the index is damaged: its bytes are not those that were written; {advice}")
    graph = _new_graph(info.dim)
    try:
        _view(graph, data, info)
    except FormatError as error:
        raise FormatError(f"{place}: not an index that usearch {info.usearch} wrote: {error}; {advice}") from None
    return Index(vectors.center, graph, info, data)


_FIELDS: dict[str, Any] = {
    "words": int,
    "dim": int,
    "rows": int,
    "recall": (float, NoneType),
    "sample": int,
    "expansion": int,
    "usearch": str,
}


def digest(array: npt.NDArray[Any], threads: int | None = None) -> str:
    """A digest (BLAKE2b, hexadecimal) of the numbers of an array, their type and their shape, whatever its layout.

    Blocks of 16 MB are digested in threads, and their digests are digested again.
    """
    plain = array.dtype.newbyteorder("<")
    at_once = max(1, BLOCK_BYTES // max(1, array[:1].nbytes))

    def of_block(start: int) -> bytes:
        rows = np.ascontiguousarray(array[start : start + at_once], plain)
        return hashlib.blake2b(rows.reshape(-1).view(np.uint8).data).digest()

    whole_digest = hashlib.blake2b(f"{plain.str} {array.shape}".encode())
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        for one in pool.map(of_block, range(0, len(array), at_once)):
            whole_digest.update(one)
    return whole_digest.hexdigest()


def _new_graph(dim: int) -> Any:
    """An empty graph. Raises MissingExtraError without usearch."""
    try:
        from usearch.index import Index as Graph
    except ImportError as error:
        raise MissingExtraError('an approximate index needs usearch: pip install "firth[index]"') from error
    return Graph(
        ndim=dim,
        metric="ip",
        dtype="f16",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        expansion_search=EXPANSIONS[0],
        enable_key_lookups=False,
    )


def _info(target: Path, vectors: Vectors, rows: int) -> IndexInfo:
    """What is known of an index before its recall is measured."""
    import usearch

    n, d = vectors.center.shape
    return IndexInfo(str(target), n, d, rows, None, 0, EXPANSIONS[-1], usearch.__version__)


def _add_rows(graph: Any, center: Floats, norms: Doubles, filled: Ids, threads: int, progress: Progress) -> None:
    for start in range(0, len(filled), ROWS_AT_ONCE):
        progress("indexing", start, len(filled))
        ids = filled[start : start + ROWS_AT_ONCE]
        rows = unit(center[ids], norms[ids]).astype(np.float32)
        _aside(partial(graph.add, ids, rows, threads=threads))
    progress("indexing", len(filled), len(filled))


def _aside(work: Callable[[], Any]) -> Any:
    """What `work` returns, called in another thread: in the main one, usearch makes Ctrl-C an error of its own."""
    found = []
    run_threads(lambda _: found.append(work()), 1, lambda: None)
    return found[0]


def _measure_recall(index: Index, norms: Doubles, filled: Ids, progress: Progress) -> None:
    """Let the index search as widely as `RECALL` needs, and note the recall that this gives."""
    if len(filled) < 2:
        return
    asked = filled[np.unique(np.linspace(0, len(filled) - 1, SAMPLE).round().astype(np.int64))]
    queries = unit(index._center[asked], norms[asked])
    k = min(K, len(filled) - 1)
    least = _least_scores(index._center, norms, filled, asked, k, progress)
    doubt = (index.info.dim + 8) * 2.0**-23  # of a float32 product of two rows of length 1
    for expansion in EXPANSIONS:
        index._graph.expansion_search = expansion
        found = index.search(queries, asked[:, None], k)
        hits = sum(int((cosines >= low - doubt).sum()) for (_, cosines), low in zip(found, least, strict=True))
        recall = hits / (k * len(asked))
        index.info = dataclasses.replace(index.info, recall=recall, sample=len(asked), expansion=expansion)
        if recall >= RECALL:
            return


def _least_scores(center: Floats, norms: Doubles, filled: Ids, asked: Ids, k: int, progress: Progress) -> Floats:
    """The k-th best cosine of each asked row with the other rows in the graph, in float32."""
    queries = unit(center[asked], norms[asked]).astype(np.float32)
    best = np.full((len(asked), k), -np.inf, np.float32)
    at_once = max(1, VALUES_AT_ONCE // max(len(asked), center.shape[1]))
    for start in range(0, len(filled), at_once):
        progress("measuring", start, len(filled))
        ids = filled[start : start + at_once]
        scores = queries @ unit(center[ids], norms[ids]).astype(np.float32).T
        scores[asked[:, None] == ids] = -np.inf
        both = np.concatenate([best, scores], axis=1)
        best = np.partition(both, both.shape[1] - k, axis=1)[:, -k:]
    progress("measuring", len(filled), len(filled))
    return np.asarray(best.min(axis=1))


def _write(target: Path, index: Index, threads: int) -> None:
    data = np.frombuffer(index._graph.save(), np.uint8)
    document = {name: getattr(index.info, name) for name in _FIELDS}
    document |= {"format": VERSION, "vectors": digest(index._center, threads), "graph": digest(data, threads)}
    write_tensors(target, {"graph": data}, {"index": json.dumps(document, sort_keys=True)})


def _document(place: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object in the metadata of an index, its fields checked. Raises FormatError."""
    try:
        document: dict[str, Any] = loads(metadata["index"])
        version = document["format"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise FormatError(f"{place}: the metadata is not that of an index of firth") from None
    if version != VERSION:
        raise FormatError(f"{place}: an index of format {version!r:.20}: expected {VERSION}")
    kinds = _FIELDS | {"format": int, "vectors": str, "graph": str}
    if set(document) != set(kinds):
        raise FormatError(f"{place}: the metadata is not that of an index of firth")
    for name, kind in kinds.items():
        value = document[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise FormatError(f"{place}: the metadata's {name} is {value!r:.80}: expected another type")
    if not 0 <= document["rows"] <= document["words"] or not 0 < document["expansion"] <= EXPANSIONS[-1]:
        raise FormatError(f"{place}: the metadata's rows or expansion are out of range")
    return document


def _view(graph: Any, data: npt.NDArray[np.uint8], info: IndexInfo) -> None:
    """Let the graph read its bytes. Raises FormatError where they are no graph, or another one."""
    check_links(data, np.frombuffer(graph.save(), np.uint8), info.rows, info.words)
    try:
        graph.view(data.data)
    except (RuntimeError, ValueError) as error:
        raise FormatError(f"usearch cannot read the index: {error}") from None
    graph.expansion_search = info.expansion


def _padded(lists: Sequence[Sequence[int]] | Ids, most: int) -> Ids:
    """Lists of ids as one array (q, most), with -2, which is no id, where a list is shorter."""
    padded = np.full((len(lists), most), -2)
    for row, own in zip(padded, lists, strict=True):
        row[: len(own)] = own
    return padded
