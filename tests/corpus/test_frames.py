"""Columns in memory: frames, Arrow's tables, datasets and rows of mappings."""

import csv
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth.errors import ConfigError, CorpusError

TEXTS, LISTS = ["new york\nis big", None, "é"], [["a", "b c"], None, []]
SPLIT, LISTED = [["new", "york", "is", "big"], [], ["é"]], [["a", "b c"], [], []]
TABLE = {"n": [1, 2, 3], "t": TEXTS, "l": LISTS}
ROWS = [{"n": 1, "t": TEXTS[0], "l": LISTS[0]}, {"n": 2, "t": None, "l": None}, {"n": 3, "t": "é", "l": []}]


def frames():
    """What makes a table of each kind."""
    yield "rows", lambda: ROWS
    yield "rows once", lambda: iter(ROWS)
    yield "pandas", lambda: pytest.importorskip("pandas").DataFrame(TABLE, index=[5, 5, 2])
    yield "polars", lambda: pytest.importorskip("polars").DataFrame(TABLE)
    yield "table", lambda: pytest.importorskip("pyarrow").table(TABLE)
    yield "batch", lambda: pytest.importorskip("pyarrow").table(TABLE).to_batches()[0]
    yield "reader", lambda: pytest.importorskip("pyarrow").table(TABLE).to_reader()
    yield "dataset", lambda: pytest.importorskip("datasets").Dataset.from_dict(TABLE)
    yield "Arrow dataset", lambda: pytest.importorskip("datasets").Dataset.from_dict(TABLE).with_format("arrow")
    yield "stream", lambda: pytest.importorskip("datasets").Dataset.from_dict(TABLE).to_iterable_dataset()
    yield "rows of a stream", lambda: pytest.importorskip("datasets").IterableDataset.from_generator(lambda: iter(ROWS))


@pytest.mark.parametrize("make", [make for _, make in frames()], ids=[name for name, _ in frames()])
def test_tables(make, lines_of):
    assert lines_of(make(), column="t") == SPLIT
    assert lines_of(make(), column="2") == lines_of(make(), column=2) == SPLIT
    assert lines_of(make(), column="l") == LISTED
    assert lines_of(make(), column="t", lower=True, tokenizer="words") == SPLIT
    with pytest.raises(CorpusError, match=r"name the column to read with --column: n, t, l \(3 columns; column="):
        lines_of(make())
    with pytest.raises(CorpusError, match="has no column 'x': it has 3 columns: n, t, l"):
        lines_of(make(), column="x")
    with pytest.raises(CorpusError, match=r"column 'n'.*int"):
        lines_of(make(), column="n")
    with pytest.raises(ConfigError, match="tokenizer is 'words', but column 'l' holds lists of tokens"):
        lines_of(make(), column="l", tokenizer="words")


def columns():
    """What makes a column of each kind from values."""
    yield "pandas", lambda values: pytest.importorskip("pandas").Series(values, dtype=object)
    yield "polars", lambda values: pytest.importorskip("polars").Series(values)
    yield "array", lambda values: pytest.importorskip("pyarrow").array(values)
    yield "chunks", lambda values: pytest.importorskip("pyarrow").table({"c": values})["c"]
    yield "dataset", lambda values: pytest.importorskip("datasets").Dataset.from_dict({"c": values})["c"]
    yield (
        "stream",
        lambda values: pytest.importorskip("datasets").Dataset.from_dict({"c": values}).to_iterable_dataset()["c"],
    )


@pytest.mark.parametrize("make", [make for _, make in columns()], ids=[name for name, _ in columns()])
def test_columns_need_neither_name_nor_tokenizer(make, lines_of):
    assert lines_of(make(TEXTS)) == SPLIT
    assert lines_of(make(LISTS)) == LISTED
    assert lines_of(make(["a", "b"] * 2000)) == [["a"], ["b"]] * 2000
    assert lines_of(make([None, None, "a"])) == [[], [], ["a"]]
    with pytest.raises(ConfigError, match=r"column is 't', but .* is a column already"):
        lines_of(make(TEXTS), column="t")


def test_what_pandas_has_for_nothing(lines_of):
    pandas = pytest.importorskip("pandas")
    nothing = [None, float("nan"), np.float32("nan"), pandas.NA, pandas.NaT]
    assert lines_of(pandas.Series([*nothing, "a"], dtype=object)) == [[]] * 5 + [["a"]]
    assert lines_of(pandas.Series(["a", None], dtype="string")) == [["a"], []]
    assert lines_of(pandas.Series(["a", None], dtype="category")) == [["a"], []]
    frame = pandas.DataFrame({0: ["x"], "1": ["y"], "z": ["w"]})
    assert [lines_of(frame, column=column) for column in (0, "0", 1, 3)] == [[["x"]], [["x"]], [["y"]], [["w"]]]
    assert lines_of(pandas.DataFrame({"l": [np.array(["a", "b"]), None]}), column="l") == [["a", "b"], []]


def test_subclasses_are_recognised(lines_of):
    pandas = pytest.importorskip("pandas")
    frame = type("GeoDataFrame", (pandas.DataFrame,), {})(TABLE)
    assert lines_of(frame, column="t") == SPLIT


def test_frames_of_other_shapes(lines_of):
    polars = pytest.importorskip("polars")
    with pytest.raises(CorpusError, match=r"polars LazyFrame, .* give its .collect\(\)"):
        lines_of(polars.DataFrame(TABLE).lazy(), column="t")


def test_splits_are_to_be_chosen(lines_of):
    datasets = pytest.importorskip("datasets")
    split = datasets.Dataset.from_dict(TABLE)
    for splits in (
        datasets.DatasetDict(train=split, test=split),
        datasets.IterableDatasetDict(train=split.to_iterable_dataset()),
    ):
        with pytest.raises(
            CorpusError, match=r"Dict of \d splits?: train.*: give one of its splits, such as \['train'\]"
        ):
            lines_of(splits, column="t")


def test_rows_that_differ_are_named(lines_of):
    for rows, message in [
        ([{"t": "a"}, {"n": 1}], "row 1 .counted from 0. has no 't': it has 1 column: n"),
        ([{"t": "a"}, ["a"]], r"row 1 .counted from 0. is \['a'\] .list.; the first is a mapping"),
        ([{"t": "a"}, {"t": ["b"]}], r"row 1 .counted from 0. of column 't': the cell is \['b'\]"),
        ([{"t": ["a"]}, {"t": ["b", None]}], "token 1 of row 1 .counted from 0. of column 't' is None"),
        ([["a"], {"t": "b"}], "sentence 1 .counted from 0. is"),
        ({"t": ["a"]}, r"the corpus is a mapping \(dict\) with the keys \['t'\]"),
    ]:
        with pytest.raises(CorpusError, match=message):
            lines_of(rows, column="t" if isinstance(rows, list) and isinstance(rows[0], dict) else None)


def test_lists_of_tokens_have_no_columns(lines_of):
    for rows in ([["a"]], iter([["a"]]), []):
        with pytest.raises(ConfigError, match="column is 't', but the corpus is no table"):
            lines_of(rows, column="t")


def test_the_rows_of_a_csv_reader(put, lines_of):
    with open(put("a.csv", "n,t\n1,a b\n2\n"), newline="") as file:
        assert lines_of(csv.DictReader(file), column="t") == [["a", "b"], []]


def test_progress_counts_rows(lines_of):
    seen = []
    lines_of([{"t": "a"}] * 3, lambda *step: seen.append(step), column="t")
    assert seen == [(3, None)]


def test_no_library_is_imported():
    code = (
        "import sys\nfrom firth.corpus.frames import memory_cells\nmemory_cells([['a']], None)\n"
        "assert not {'pandas', 'polars', 'pyarrow', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_table_or_a_row_with_names_is_no_list_of_tokens():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": [1], "text": ["a b"]})
    for rows in ([frame, frame], list(frame.itertuples(index=False))):
        with pytest.raises(CorpusError, match="a table or row with columns, not a list of tokens"):
            firth.Phrases(rows)
    assert firth.Phrases([pandas.Series(["a", "b"])] * 9, threshold=0.1).found[0][0] == "a_b"
