"""Tables of words and vectors: Parquet files, written and read, and Arrow files (Feather's too), read.

A file that is written has the columns word (string), count (int64) and vector (fixed_size_list<float>), in row groups
of bounded size. Needs pyarrow.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firth.errors import FormatError, MissingExtraError, quoted
from firth.files.paths import reading, replacing
from firth.formats.matrices import COUNT_NAMES, WHOLE_NAMES, WORD_NAMES, GrowingRows, count_of, decoded, vectors_of
from firth.formats.request import Faults, Request, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import encoded_words

BYTES_AT_ONCE = 2**24
"""What a row group, or a batch that is read, holds of vectors and words, about."""

BATCH = 4096
"""The rows of a batch that is read where the length of their lists is not known."""

VECTOR_NAMES = ("vector", "vectors", "embedding", "embeddings")

MOST_EXPANSION = 100
"""How many times as large as its file a table may become, past `ALLOWED` bytes."""

ALLOWED = 2**26


class _Columns(NamedTuple):
    """The names of the columns that are read."""

    word: str
    vector: str
    counts: str | None


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a Parquet file, and counts where it has them.

    The words are in the column that `WORD_NAMES` names, or else in the first of text; whole numbers are words by their
    decimal form. The vectors are in the column that `VECTOR_NAMES` names, or else in the only one of lists of floats.
    Raises FormatError for other tables and MissingExtraError without pyarrow.
    """
    pa = _pyarrow()
    from pyarrow import parquet

    with reading(path, "a table") as file, _refusing(pa, path, "a whole Parquet file"):
        table = parquet.ParquetFile(file)
        columns = _columns(pa, path, table.schema_arrow)
        size = getattr(table.schema_arrow.field(columns.vector).type, "list_size", 0)
        at_once = max(1, BYTES_AT_ONCE // (4 * size)) if size > 0 else BATCH
        names = [name for name in columns if name is not None]
        batches = table.iter_batches(min(at_once, BYTES_AT_ONCE // 256), columns=names)
        rows = _rows(pa, path, columns, batches, table.metadata.num_rows, request)
    return rows.vectors(path, request)


def read_arrow(path: Path, request: Request) -> WordVectors:
    """The vectors of an Arrow file or stream, as `read` takes them from a Parquet file."""
    pa = _pyarrow()
    with reading(path, "a table") as file, _refusing(pa, path, "a whole Arrow file"):
        if file.read(6) == b"ARROW1":
            table = pa.ipc.open_file(file)
            batches = _whole(table.get_batch(i) for i in range(table.num_record_batches))
        else:
            file.seek(0)
            table = pa.ipc.open_stream(file)
            batches = _whole(table)
        rows = _rows(pa, path, _columns(pa, path, table.schema), batches, 0, request)
    return rows.vectors(path, request)


def _whole(batches: Iterable[Any]) -> Iterator[Any]:
    """The same batches, whose buffers are what an Arrow file says of them."""
    for batch in batches:
        batch.validate(full=True)
        yield batch


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write words, counts and center vectors. Raises FormatError, and MissingExtraError without pyarrow."""
    pa = _pyarrow()
    from pyarrow import parquet

    encoded = encoded_words(path, vectors.words)
    d = vectors.center.shape[1]
    schema = pa.schema([("word", pa.string()), ("count", pa.int64()), ("vector", pa.list_(pa.float32(), d))])
    with replacing(path) as file, parquet.ParquetWriter(file, schema, use_dictionary=False) as writer:
        for rows in _row_groups(encoded, d):
            values = np.ascontiguousarray(vectors.center[rows], np.float32).reshape(-1)
            columns = [
                pa.array(encoded[rows], pa.binary()).cast(pa.string()),
                pa.array(np.ascontiguousarray(vectors.counts[rows])),
                pa.FixedSizeListArray.from_arrays(pa.array(values), d),
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            progress("writing", rows.stop, len(encoded))


def _row_groups(words: list[bytes], dim: int) -> Iterator[slice]:
    begin = size = 0
    for end, word in enumerate(words, 1):
        size += len(word) + 4 * dim + 8
        if size >= BYTES_AT_ONCE or end == len(words):
            yield slice(begin, end)
            begin, size = end, 0


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError as error:
        raise MissingExtraError('Parquet and Arrow files need pyarrow: pip install "firth[parquet]"') from error
    return pyarrow


@contextlib.contextmanager
def _refusing(pa: Any, path: Path, expected: str) -> Iterator[None]:
    """Turn pyarrow's errors in the `with` into a FormatError that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise FormatError(f"{path}: {quoted(str(error))}: expected {expected}") from None


def _columns(pa: Any, path: Path, schema: Any) -> _Columns:
    """The columns to read. Raises FormatError where the table does not say."""
    types = pa.types
    lists = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")

    def holds_text(kind: Any) -> bool:
        kind = kind.value_type if types.is_dictionary(kind) else kind
        return any(getattr(types, name)(kind) for name in ("is_string", "is_large_string", "is_string_view"))

    names = schema.names
    if len(set(names)) < len(names):
        raise FormatError(f"{path}: two columns have the same name, of {_listed(names)}: expected names that differ")
    kinds = dict(zip(names, schema.types, strict=True))
    of_text = [name for name in names if holds_text(kinds[name])]
    whole = [name for name in names if types.is_integer(kinds[name])]
    of_lists = [
        name
        for name in names
        if any(getattr(types, test)(kinds[name]) for test in lists) and types.is_floating(kinds[name].value_type)
    ]
    word = _named(WORD_NAMES, of_text + whole) or next(iter(of_text), None)
    vector = _named(VECTOR_NAMES, of_lists) or (of_lists[0] if len(of_lists) == 1 else None)
    if word is None or vector is None:
        what = "the words" if word is None else "the vectors"
        wanted = "text, named word" if word is None else "lists of floats of one length, named vector"
        raise FormatError(
            f"{path}: which of the columns {_listed(names)} holds {what}? Expected one of {wanted}: rename it, or keep "
            "one alone"
        )
    floating = [name for name in names if types.is_floating(kinds[name])]  # as pandas writes counts with a null
    count = _named(COUNT_NAMES, [name for name in whole if name != word]) or _named(WHOLE_NAMES, floating)
    return _Columns(word, vector, count)


def _named(wanted: tuple[str, ...], names: list[str]) -> str | None:
    """The first of the wanted names, in any case, that a column has."""
    return next((name for want in wanted for name in names if name.lower() == want), None)


def _listed(names: list[str]) -> str:
    first = ", ".join(shown(name[:20]) for name in names[:8])
    return first + (f" and {len(names) - 8} more" if len(names) > 8 else "")


class _Rows:
    """The rows of a table that are wanted and have a word and a vector of one length."""

    def __init__(self, path: Path, strict: bool) -> None:
        self.faults = Faults(path, strict)
        self.words: list[str] = []
        self.counts: list[int] = []
        self.numbers: list[int] = []  # of the row in the table, from 1
        self.matrix: GrowingRows | None = None

    def add(self, words: list[str | None], lists: Any, counts: list[Any], numbers: list[int]) -> None:
        """Add rows; `lists` is an Arrow array of their vectors."""
        from pyarrow import array, compute

        lengths = np.array(compute.fill_null(compute.list_value_length(lists), -1).to_pylist(), np.int64)
        if self.matrix is None and (lengths > 0).any():
            values, often = np.unique(lengths[lengths > 0], return_counts=True)
            self.matrix = GrowingRows(int(values[often.argmax()]))
        dim = self.matrix.dim if self.matrix is not None else 0
        fits = (lengths == dim) & (lengths > 0)
        for i in np.flatnonzero(~fits).tolist():
            found = "no vector" if lengths[i] < 0 else f"a vector of {lengths[i]:,} numbers"
            kind = "rows without a vector, or with one of another length, left out"
            self.faults.add(f"row {numbers[i]}", f"{found}: expected {dim or 'one or more'} numbers", kind)
        if self.matrix is None or not fits.any():
            return
        kept = np.flatnonzero(fits).tolist()
        flat = lists.filter(array(fits)).flatten().to_numpy(zero_copy_only=False)
        self.matrix.add(flat.reshape(len(kept), dim))
        self.words += [str(words[i]) for i in kept]
        self.numbers += [numbers[i] for i in kept]
        self.counts += [count_of(counts[i], self.faults, f"row {numbers[i]}") for i in kept]

    def vectors(self, path: Path, request: Request) -> WordVectors:
        """Their word vectors. Raises FormatError where there are none."""
        matrix = (self.matrix or GrowingRows(1)).matrix()
        counts = np.array(self.counts, np.int64)
        return vectors_of(path, self.words, matrix, request, self.faults, lambda i: f"row {self.numbers[i]}", counts)


def _rows(pa: Any, path: Path, columns: _Columns, batches: Iterable[Any], total: int, request: Request) -> _Rows:
    """What is wanted of the rows in batches."""
    rows = _Rows(path, request.strict)
    begin = size = 0
    allowed = ALLOWED + MOST_EXPANSION * path.stat().st_size
    for batch in batches:
        if request.first is not None:
            if begin >= request.first:
                break
            batch = batch[: request.first - begin]
        request.progress("reading", begin, max(total, begin))
        size += batch.nbytes
        if size > allowed:
            raise FormatError(
                f"{path}: the table is more than {MOST_EXPANSION} times as large as its file, which may be a trap: "
                "write it anew, less compressed"
            )
        words = _words(pa, batch.column(columns.word), begin, rows.faults)
        wanted = [i for i, word in enumerate(words) if word is not None and request.wants(word)]
        ids = pa.array(wanted, pa.int64())
        lists = batch.column(columns.vector).take(ids)
        counts = [0] * len(wanted) if columns.counts is None else batch.column(columns.counts).take(ids).to_pylist()
        rows.add([words[i] for i in wanted], lists, counts, [begin + i + 1 for i in wanted])
        begin += len(batch)
    return rows


def _words(pa: Any, column: Any, begin: int, faults: Faults) -> list[str | None]:
    """The words of a column, None for what is null."""
    try:
        found = column.to_pylist()
    except UnicodeDecodeError:
        found = (column.dictionary_decode() if pa.types.is_dictionary(column.type) else column).cast(pa.large_binary())
        found = found.to_pylist()
    words: list[str | None] = []
    for i, word in enumerate(found, begin + 1):
        if word is None:
            faults.add(f"row {i}", "no word", "rows without a word, left out")
        words.append(
            decoded(word, faults, f"row {i}") if isinstance(word, bytes) else word if word is None else str(word)
        )
    return words
