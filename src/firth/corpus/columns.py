"""Columns of tables: which files are tables by their names, which column is meant, and what is asked without one."""

import operator
import os
import reprlib
from collections.abc import Sequence
from typing import Any

from firth.errors import ConfigError, CorpusError

TABLES = {
    "jsonl": "JSON lines",
    "ndjson": "JSON lines",
    "json": "JSON",
    "csv": "csv",
    "tsv": "tsv",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "feather": "Arrow",
    "ipc": "Arrow",
}
"""The kind of a table by the ending of its file's name."""

COMPRESSED = ("gz", "bz2", "xz", "zst")

LARGEST_VALUE = 1 << 26
"""Characters of a JSON value, or a line of JSON."""

SHOWN = 150
"""Characters of the names of columns in a message, or a little more."""

Column = str | int


def table_kind(path: Any) -> str | None:
    """The kind of table that the name of a file, or of an open one, promises; also before an ending of compression."""
    name = path if isinstance(path, str) else getattr(path, "name", None)
    if not isinstance(name, str):
        return None
    name = os.path.basename(name).lower()
    stem, dot, ending = name.rpartition(".")
    if dot and ending in COMPRESSED:
        _, dot, ending = stem.rpartition(".")
    return TABLES.get(ending) if dot else None


def checked_column(column: Any) -> Column | None:
    """The column that is asked for. Raises ConfigError for what is neither a name nor a number."""
    if column is None or isinstance(column, str):
        return column
    try:
        number = operator.index(column)
    except TypeError:
        number = -1
    if isinstance(column, bool) or number < 0:
        raise ConfigError(f"column is {column!r:.100}: expected the name of a column, or its number from 1 on")
    return number


def place_of(column: Column, names: Sequence[Any], table: str) -> int:
    """The place (from 0) of a column among the names of a table: that of its name, else of its number (from 1).

    table: names it in messages. Raises CorpusError for an unknown column, and for a name that comes twice.
    """
    found = [place for place, name in enumerate(names) if name == column or str(name) == str(column)]
    if len(found) > 1:
        raise CorpusError(
            f"{table} has {len(found)} columns named {str(column)!r:.100}: rename them, so that one is meant"
        )
    if found:
        return found[0]
    number = number_of(column)
    if number is not None and 1 <= number <= len(names):
        return number - 1
    raise CorpusError(f"{table} has no column {str(column)!r:.100}: it has {listed(names)}")


def number_of(column: Column) -> int | None:
    """The whole number that a column is, or None."""
    if isinstance(column, int):
        return column
    return int(column) if column.isascii() and column.isdecimal() and len(column) < 10 else None


def question(table: str, names: Sequence[Any], more: str = "") -> CorpusError:
    """The error that asks for a column of a table: `table` is how its sentence begins."""
    found = f"{len(names):,} column{'s'[: len(names) != 1]}; column= in Python"
    return CorpusError(f"{table}: name the column to read with --column: {listed_names(names)} ({found}){more}")


def listed(names: Sequence[Any]) -> str:
    """How many columns there are, and the first names."""
    return f"{len(names):,} column{'s'[: len(names) != 1]}: {listed_names(names)}"


def listed_names(names: Sequence[Any]) -> str:
    """The first names of columns, for a message."""
    shown: list[str] = []
    for name in names:
        if sum(map(len, shown)) > SHOWN:
            break
        text = str(name)
        text = text if len(text) <= 40 else text[:40] + "..."
        shown.append(text if text.isprintable() and text and text == text.strip() else repr(text))
    more = ", ..." if len(shown) < len(names) else ""
    return ", ".join(shown) + more


def no_columns(column: Column, what: str) -> ConfigError:
    """The error about a column of what has none."""
    return ConfigError(f"column is {str(column)!r:.100}, but {what}: leave it out")


def told(value: object) -> str:
    """A value for a message, short and with its type."""
    return f"{reprlib.repr(value):.100} ({type(value).__name__})"
