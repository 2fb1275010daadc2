"""Parquet and Arrow files by column: types, batches, what is damaged, and progress."""

import contextlib
import gzip
import io
import random
import struct
import sys
from pathlib import Path

import pytest

from firth.corpus import arrow_cells
from firth.errors import CorpusError, FirthError, MissingExtraError

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

TEXTS, LISTS = ["new york\nis big", None, "é"], [["a", "b c"], None, []]
SPLIT = [["new", "york", "is", "big"], [], ["é"]]


def table(times=1):
    columns = {
        "t": pa.array(TEXTS * times),
        "large": pa.array(TEXTS * times, pa.large_string()),
        "dictionary": pa.array(TEXTS * times).dictionary_encode(),
        "l": pa.array(LISTS * times),
        "large lists": pa.array(LISTS * times, pa.large_list(pa.string())),
        "null": pa.nulls(3 * times),
        "n": pa.array([1, 2, 3] * times),
        "a.b": pa.array(TEXTS * times),
    }
    return pa.table(columns)


def write_stream(rows, path):
    with pa.ipc.new_stream(path, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=2)


WRITE = {
    "a.parquet": lambda rows, path: parquet.write_table(rows, path, row_group_size=2),
    "b.parquet": lambda rows, path: parquet.write_table(rows, path, compression="zstd", use_dictionary=False),
    "a.feather": lambda rows, path: feather.write_feather(rows, path, compression="uncompressed"),
    "b.feather": lambda rows, path: feather.write_feather(rows, path, compression="lz4"),
    "a.arrow": write_stream,
}


@pytest.fixture(params=WRITE)
def path(request, tmp_path):
    path = str(tmp_path / request.param)
    WRITE[request.param](table(), path)
    return path


def test_columns_of_text_and_lists(path, lines_of):
    for column in ("t", "large", "dictionary", 1, "a.b", "8"):
        assert lines_of(path, column=column) == SPLIT
    for column in ("l", "large lists"):
        assert lines_of(path, column=column) == [["a", "b c"], [], []]
    assert lines_of(path, column="null") == [[], [], []]


def test_other_columns_and_none(path, lines_of):
    for column, message in [
        ("n", "column 'n' holds int64: expected text, or lists of strings or integers"),
        ("x", "has no column 'x': it has 8 columns: t, large"),
        (None, r"is a table .*: name the column to read with --column: t, large, .* \(8 columns;"),
    ]:
        with pytest.raises(CorpusError, match=message):
            lines_of(path, column=column)


def test_rows_come_some_at_a_time(tmp_path, lines_of, monkeypatch):
    monkeypatch.setattr(arrow_cells, "ROWS_AT_ONCE", 7)
    for name, write in WRITE.items():
        write(table(20), str(tmp_path / name))
        seen = []
        assert lines_of(tmp_path / name, lambda *step, seen=seen: seen.append(step), column="t") == SPLIT * 20
        size = (tmp_path / name).stat().st_size
        assert seen == sorted(seen)
        assert {total for _, total in seen} == {size}
        assert seen[-1][0] == size


def test_without_pyarrow(path, lines_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[parquet\]"'):
        lines_of(path, column="t")


@pytest.mark.parametrize("ending", ["parquet", "feather", "arrow", "ipc"])
@pytest.mark.parametrize("data", [b"", b"PAR1", b"ARROW1\0\0", b"FEA1", b"some text\n" * 50])
def test_what_is_no_such_file(ending, data, put, lines_of):
    with pytest.raises(CorpusError, match=rf"a.{ending} is no \w+ or is damaged"):
        lines_of(put(f"a.{ending}", data), column="t")


def test_what_cannot_be_read(put, tmp_path, lines_of):
    with pytest.raises(CorpusError, match=r"Parquet is not read from a compressed file: decompress it first"):
        lines_of(put("a.parquet.gz", b""), column="t")
    (tmp_path / "b.parquet").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"cannot read .*b.parquet"):
        lines_of(tmp_path / "b.parquet", column="t")


def test_files_of_other_names(path, put, tmp_path, lines_of, monkeypatch):
    data = Path(path).read_bytes()
    seen = []
    assert lines_of(put("other", data), lambda *step: seen.append(step), column="t") == SPLIT
    assert seen[-1] == (len(data), len(data))
    message = r"holds an? (Parquet|Arrow) file, which is read from files by their paths only"
    with pytest.raises(CorpusError, match=message):
        lines_of(io.BytesIO(data), column="t")
    with pytest.raises(CorpusError, match=message):
        lines_of(put("other.gz", gzip.compress(data)), column="t")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(CorpusError, match=rf"standard input {message}"):
        lines_of("-", column="t")


def test_equal_names_by_number(tmp_path, lines_of):
    rows = pa.table([["x"], ["y"], ["z"], ["w"]], names=["a", "b", "a", "a"])
    for name in WRITE:
        if "feather" not in name:
            WRITE[name](rows, str(tmp_path / name))
            assert [lines_of(tmp_path / name, column=k) for k in (1, 2, 3, 4)] == [[["x"]], [["y"]], [["z"]], [["w"]]]


def test_wrong_offsets_are_noticed(tmp_path, put, lines_of):
    write_stream(pa.table({"t": ["aa", "bb"]}), str(tmp_path / "a.arrow"))
    data = (tmp_path / "a.arrow").read_bytes()
    wrong = data.replace(struct.pack("<3i", 0, 2, 4), struct.pack("<3i", 0, 2, 6))
    assert wrong != data
    with pytest.raises(CorpusError, match=r"b.arrow is no Arrow or is damaged"):
        lines_of(put("b.arrow", wrong), column="t")


@pytest.mark.parametrize("name", WRITE)
def test_mutated_files_give_lines_or_errors(name, tmp_path, put, lines_of, recwarn):
    draw = random.Random(5)
    WRITE[name](table(5).select(["t", "l"]), str(tmp_path / "whole"))
    whole = (tmp_path / "whole").read_bytes()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(draw.choice((1, 1, 3))):
            at = draw.randrange(len(data))
            match draw.randrange(4):
                case 0 | 1:
                    data[at] = draw.randrange(256)
                case 2:
                    del data[at : at + draw.randrange(1, 20)]
                case 3:
                    data = data[: at + 1]
        for column in ("t", "l"):
            with contextlib.suppress(FirthError):
                lines_of(put(name, bytes(data)), column=column)
