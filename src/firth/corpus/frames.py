"""Columns of tables in memory: frames, Arrow's tables, datasets and rows of mappings -> cells.

The libraries are recognised by the names of the types, and never imported.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from firth.corpus.arrow_cells import check_type, lists_of
from firth.corpus.columns import Column, listed, no_columns, place_of, question, told
from firth.corpus.origin import InMemory
from firth.errors import CorpusError

ROWS_AT_ONCE = 1 << 10
"""Rows that are made Python's values together."""

LIBRARIES = {"pandas", "polars", "pyarrow", "datasets"}


class MemoryCells(InMemory):
    """The cells of a column in memory."""

    def __init__(self, cells: Iterable[Any], name: str) -> None:
        """The cells, and what is read, for a message."""
        super().__init__(name)
        self._cells, self._row = cells, 0

    def values(self) -> Iterator[Any]:
        """Yield the cells as they are."""
        for cell in self._cells:
            yield cell
            self._row += 1

    def place(self) -> str:
        """Where the cell that was given last is."""
        return f"row {self._row:,} (counted from 0) of {self.name}"


def memory_cells(source: Any, column: Column | None) -> MemoryCells | None:
    """The cells of a frame, table, dataset or column in memory; None for anything else.

    Raises CorpusError for what needs a column, has none of the name, or is none of these but a mapping; ConfigError for
    a column of a column.
    """
    read = _reader_of(source)
    if read is not None:
        return read(source, column)
    if isinstance(source, Mapping):
        raise CorpusError(
            f"the corpus is a mapping ({type(source).__name__}) with the keys {told(list(source))}; expected the path "
            "of a text, an iterable of lists of tokens, or a table and its column"
        )
    return None


Read = Callable[[Any, Column | None], MemoryCells]


def _reader_of(source: Any) -> Read | None:
    """What reads an object of one of the libraries, by the names of its classes; None for any other."""
    for kind in type(source).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in LIBRARIES and (read := READERS.get((library, kind.__name__))) is not None:
            return read
    return None


def is_table(value: object) -> bool:
    """Whether a value is a table of one of the libraries, which has columns, or a named tuple: no list of tokens."""
    return _reader_of(value) in TABLE_READERS or (isinstance(value, tuple) and hasattr(value, "_fields"))


def _pandas_frame(frame: Any, column: Column | None) -> MemoryCells:
    place = _place("a pandas DataFrame", list(frame.columns), column)
    return _pandas_series(frame.iloc[:, place], None, _column(frame.columns[place]))


def _pandas_series(series: Any, column: Column | None, name: str = "the pandas Series") -> MemoryCells:
    _refuse(column, "a pandas Series is a column already")
    starts = range(0, len(series), ROWS_AT_ONCE)
    return MemoryCells(_flat(series.iloc[at : at + ROWS_AT_ONCE].tolist() for at in starts), name)


def _polars_frame(frame: Any, column: Column | None) -> MemoryCells:
    place = _place("a polars DataFrame", frame.columns, column)
    return _polars_series(frame.to_series(place), None, _column(frame.columns[place]))


def _polars_series(series: Any, column: Column | None, name: str = "the polars Series") -> MemoryCells:
    _refuse(column, "a polars Series is a column already")
    starts = range(0, len(series), ROWS_AT_ONCE)
    return MemoryCells(_flat(series.slice(at, ROWS_AT_ONCE).to_list() for at in starts), name)


def _polars_lazy(frame: Any, column: Column | None) -> MemoryCells:
    raise CorpusError("the corpus is a polars LazyFrame, which holds no rows yet: give its .collect()")


def _arrow_table(table: Any, column: Column | None) -> MemoryCells:
    place = _place("an Arrow table", table.schema.names, column)
    return _arrow_array(table.column(place), None, _column(table.schema.names[place]))


def _arrow_batches(reader: Any, column: Column | None) -> MemoryCells:
    place = _place("an Arrow reader", reader.schema.names, column)
    name = _column(reader.schema.names[place])
    check_type(reader.schema.field(place).type, name)
    return MemoryCells(_flat(cells for batch in reader for cells in lists_of(batch.column(place))), name)


def _arrow_array(array: Any, column: Column | None, name: str = "the Arrow array") -> MemoryCells:
    _refuse(column, "an Arrow array is a column already")
    check_type(array.type, name)
    return MemoryCells(_flat(lists_of(array)), name)


def _dataset(dataset: Any, column: Column | None) -> MemoryCells:
    names = dataset.column_names
    if names is None:  # of a stream they are known only when it is read
        return mapping_cells(iter(dataset), column, "the dataset")
    name = names[_place("a dataset", names, column)]
    batches = dataset.select_columns([name]).with_format(None).iter(batch_size=ROWS_AT_ONCE)
    return MemoryCells(_flat(batch[name] for batch in batches), _column(name))


def _dataset_dict(splits: Any, column: Column | None) -> MemoryCells:
    example = next(iter(splits), "train")
    raise CorpusError(
        f"the corpus is a {type(splits).__name__} of {listed(list(splits)).replace('column', 'split')}: give one of "
        f"its splits, such as [{example!r:.100}]"
    )


def _dataset_column(cells: Any, column: Column | None) -> MemoryCells:
    _refuse(column, "a dataset's Column is a column already")
    if not hasattr(cells, "__len__"):
        return MemoryCells(cells, "the dataset's column")
    starts = range(0, len(cells), ROWS_AT_ONCE)
    return MemoryCells(_flat(cells[at : at + ROWS_AT_ONCE] for at in starts), "the dataset's column")


READERS: dict[tuple[str, str], Read] = {
    ("pandas", "DataFrame"): _pandas_frame,
    ("pandas", "Series"): _pandas_series,
    ("polars", "DataFrame"): _polars_frame,
    ("polars", "Series"): _polars_series,
    ("polars", "LazyFrame"): _polars_lazy,
    ("pyarrow", "Table"): _arrow_table,
    ("pyarrow", "RecordBatch"): _arrow_table,
    ("pyarrow", "RecordBatchReader"): _arrow_batches,
    ("pyarrow", "ChunkedArray"): _arrow_array,
    ("pyarrow", "Array"): _arrow_array,
    ("datasets", "Dataset"): _dataset,
    ("datasets", "IterableDataset"): _dataset,
    ("datasets", "DatasetDict"): _dataset_dict,
    ("datasets", "IterableDatasetDict"): _dataset_dict,
    ("datasets", "Column"): _dataset_column,
    ("datasets", "IterableColumn"): _dataset_column,
}
"""What reads each type."""


TABLE_READERS = {_pandas_frame, _polars_frame, _polars_lazy, _arrow_table, _arrow_batches, _dataset, _dataset_dict}
"""What reads what has columns."""


def mapping_cells(rows: Iterator[Any], column: Column | None, name: str = "the rows") -> MemoryCells:
    """The values of mappings, such as dicts, under the key that is the column; the first row says which keys there are.

    Raises CorpusError, also while reading, for a row that is no mapping or lacks the key.
    """
    first = next(rows, None)
    if first is None:
        return MemoryCells((), name)
    names = list(first)
    if column is None:
        raise question(f"row 0 of the corpus is a mapping ({type(first).__name__})", names)
    key = names[place_of(column, names, "row 0 (counted from 0)")]
    return MemoryCells(_values(chain((first,), rows), key), _column(key))


def _values(rows: Iterator[Any], key: Any) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise CorpusError(
                f"row {number:,} (counted from 0) is {told(row)}; the first is a mapping: expected mappings only"
            )
        try:
            yield row[key]
        except KeyError:
            raise CorpusError(
                f"row {number:,} (counted from 0) has no {str(key)!r:.100}: it has {listed(list(row))}"
            ) from None


def _place(what: str, names: list[Any], column: Column | None) -> int:
    if column is None:
        raise question(f"the corpus is {what}", names)
    return place_of(column, names, what)


def _refuse(column: Column | None, why: str) -> None:
    if column is not None:
        raise no_columns(column, why)


def _column(name: Any) -> str:
    return f"column {str(name)!r:.100}"


def _flat(batches: Iterator[Any]) -> Iterator[Any]:
    return chain.from_iterable(batches)
