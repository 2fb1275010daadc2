"""The cells of a column of Parquet and Arrow files, and of Arrow's arrays, by pyarrow."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from firth.corpus.columns import Column, place_of, question
from firth.corpus.sources import shown
from firth.errors import CorpusError, MissingExtraError

ROWS_AT_ONCE = 1 << 12
"""Rows that are made Python's values together."""

Step = Callable[[float], None]
"""Called with the share of a file that is read."""


class ArrowCells:
    """The cells of a column of a Parquet or Arrow file, read batch by batch.

    step: called with the share of the rows that was read, where their number is known.
    """

    def __init__(self, path: str, kind: str, column: Column | None, step: Step) -> None:
        self._path, self._kind, self._column, self._step = path, kind, column, step
        self._row = 0

    def place(self) -> str:
        """Where the cell at hand is."""
        return f"{shown(self._path)}, row {self._row:,}"

    def __iter__(self) -> Iterator[Any]:
        """Yield the cells.

        Raises CorpusError for a file that is not what its name says or is damaged, and for a column that is not there
        or holds neither text nor lists; MissingExtraError without pyarrow.
        """
        try:
            import pyarrow
        except ImportError as error:
            raise MissingExtraError(
                f'{shown(self._path)} is read by pyarrow, which is not there: pip install "firth[parquet]"'
            ) from error
        if not os.path.isfile(self._path):
            raise CorpusError(f"cannot read {shown(self._path)}: {self._kind} is read from files only")
        batches = self._parquet() if self._kind == "Parquet" else self._arrow()
        failures = (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError, KeyError, IndexError)
        while True:
            try:
                cells = next(batches, None)
            except failures as error:
                reason = " ".join(str(error).split())
                raise CorpusError(f"{shown(self._path)} is no {self._kind} or is damaged ({reason:.150})") from None
            if cells is None:
                self._step(1.0)
                return
            for cell in cells:
                self._row += 1
                yield cell

    def _parquet(self) -> Iterator[list[Any]]:
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(self._path, pre_buffer=False, buffer_size=1 << 20) as file:
            schema = file.schema_arrow
            place = self._place(schema)
            name = schema.names[place]
            before = schema.names[:place].count(name)  # all columns of the name are read
            rows, done = max(file.metadata.num_rows, 1), 0
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=[name], use_threads=False):
                yield from lists_of(batch.column(batch.schema.get_all_field_indices(name)[before]))
                done += len(batch)
                self._step(min(done / rows, 1.0))

    def _arrow(self) -> Iterator[list[Any]]:
        import pyarrow

        with pyarrow.memory_map(self._path) as source:
            if source.read(6) == b"ARROW1":
                file = pyarrow.ipc.open_file(source)
                only = pyarrow.ipc.IpcReadOptions(included_fields=[self._place(file.schema)], use_threads=False)
                file = pyarrow.ipc.open_file(source, options=only)
                for number in range(file.num_record_batches):
                    yield from _checked(file.get_batch(number))
                    self._step((number + 1) / file.num_record_batches)
                return
            source.seek(0)
            place = self._place(pyarrow.ipc.open_stream(source).schema)
            source.seek(0)
            only = pyarrow.ipc.IpcReadOptions(included_fields=[place], use_threads=False)
            for batch in pyarrow.ipc.open_stream(source, options=only):
                yield from _checked(batch)
                self._step(min(source.tell() / max(source.size(), 1), 1.0))

    def _place(self, schema: Any) -> int:
        """The place of the column. Raises CorpusError for one that is not there or holds what is no corpus."""
        name = shown(self._path)
        if self._column is None:
            raise question(f"{name} is a table ({self._kind})", schema.names)
        place = place_of(self._column, schema.names, name)
        check_type(schema.field(place).type, f"{name}: column {schema.names[place]!r:.100}")
        return place


def _checked(batch: Any) -> Iterator[list[Any]]:
    """Yield the cells of a batch with one column, which comes from a file as it is: its numbers may be wrong."""
    batch.validate(full=True)
    yield from lists_of(batch.column(0))


def lists_of(array: Any) -> Iterator[list[Any]]:
    """Yield the values of an Arrow array as Python's, some rows at a time."""
    for start in range(0, len(array), ROWS_AT_ONCE):
        yield array.slice(start, ROWS_AT_ONCE).to_pylist()


def check_type(kind: Any, what: str) -> None:
    """Raise CorpusError for a type of Arrow that is neither text nor lists of strings or integers.

    what: how the sentence of the message begins.
    """
    from pyarrow import types

    def is_text(kind: Any) -> bool:
        if types.is_dictionary(kind):
            kind = kind.value_type
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))

    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view, types.is_large_list_view)
    is_list = any(test(kind) for test in lists)
    inner = kind.value_type if is_list else None
    if types.is_null(kind) or is_text(kind) or (is_list and (is_text(inner) or types.is_integer(inner))):
        return
    raise CorpusError(f"{what} holds {kind!s:.100}: expected text, or lists of strings or integers")
