"""Columns by name and number, and files that are tables by their names."""

import numpy as np
import pytest

from firth.corpus.columns import checked_column, listed, place_of, question, table_kind
from firth.errors import ConfigError, CorpusError


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.jsonl", "JSON lines"),
        ("folder.csv/A.NDJSON.GZ", "JSON lines"),
        ("a.json.zst", "JSON"),
        ("a.csv.bz2", "csv"),
        ("a.tsv.xz", "tsv"),
        ("a.parquet", "Parquet"),
        ("a.feather", "Arrow"),
        ("a.ipc", "Arrow"),
        ("a.txt", None),
        ("a.csv.txt", None),
        ("folder.csv/a", None),
        ("csv", None),
        ("csv.gz", None),
        ("-", None),
        (None, None),
    ],
)
def test_tables_are_known_by_their_endings(path, kind):
    assert table_kind(path) == kind


@pytest.mark.parametrize(
    ("column", "place"), [("b", 1), ("1", 2), ("2", 1), (2, 1), (1, 2), (np.int64(4), 3), ("4", 3), (7, 3)]
)
def test_a_name_comes_before_a_number(column, place):
    assert place_of(checked_column(column), ["a", "b", "1", 7], "the table") == place


@pytest.mark.parametrize("column", ["c", "0", 0, "5", 5, "", "²", "9" * 5000, "-1"])
def test_unknown_columns_list_those_there_are(column):
    with pytest.raises(CorpusError, match=r"the table has no column .*: it has 3 columns: a, b, '\\n'") as caught:
        place_of(column, ["a", "b", "\n"], "the table")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("column", [True, 1.5, -1, b"a", ["a"]])
def test_what_is_no_column(column):
    with pytest.raises(ConfigError, match=r"column is .*: expected the name of a column, or its number"):
        checked_column(column)


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(CorpusError, match="2 columns named 'a'"):
        place_of("a", ["a", "b", "a"], "the table")
    assert place_of("b", ["a", "b", "a"], "the table") == 1


def test_long_lists_are_cut():
    assert listed(["a"]) == "1 column: a"
    assert listed(["a", " b", "c ", "d e", ""]) == "5 columns: a, ' b', 'c ', d e, ''"
    names = [f"{number}" + "x" * 500 for number in range(10_000)]
    assert listed(names).startswith("10,000 columns: 0xxx")
    assert len(listed(names)) < 300
    assert len(str(question("a table", names))) < 400
