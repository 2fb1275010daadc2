"""Tables of words and vectors in Parquet and Arrow files: there and back, those of others, faults, damaged files."""

import os
import random
import sys

import numpy as np
import pytest

from firth.errors import FormatError, MissingExtraError
from firth.formats import parquet
from firth.formats.request import EVERYTHING, Request
from firth.vectors.container import WordVectors

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

WORDS = ["the", "", "a b\tc\r\n", "日本", "😀", "\0", "\ufeff", "w" * 1000000]


def make(words=WORDS, d=3):
    center = np.random.default_rng(3).normal(size=(len(words), d)).astype(np.float32)
    return WordVectors(words, np.arange(len(words), 0, -1), center, None, {}, [])


def save(folder, columns, **settings):
    """A file as others write it."""
    pq.write_table(pa.table(columns), folder / "v.parquet", **settings)
    return folder / "v.parquet"


ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
LISTS = pa.array(ROWS, pa.list_(pa.float32()))


@pytest.mark.parametrize("at_once", [2**24, 64, 1])
def test_there_and_back(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(parquet, "BYTES_AT_ONCE", max(at_once, 256))
    vectors = make()
    parquet.write(vectors, tmp_path / "v.parquet")
    assert os.listdir(tmp_path) == ["v.parquet"]
    back = parquet.read(tmp_path / "v.parquet", EVERYTHING)
    assert back.words == WORDS
    np.testing.assert_array_equal(back.center, vectors.center)
    np.testing.assert_array_equal(back.counts, vectors.counts)
    some = parquet.read(tmp_path / "v.parquet", Request(words=frozenset(["日本", "w" * 1000000]), first=5))
    assert (some.words, some.counts.tolist()) == (["日本"], [5])
    np.testing.assert_array_equal(some.center, vectors.center[[3]])


def test_row_groups_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "BYTES_AT_ONCE", 1000)
    vectors = make([f"w{i}" for i in range(500)])
    parquet.write(vectors, tmp_path / "v.parquet")
    assert 10 < pq.ParquetFile(tmp_path / "v.parquet").num_row_groups < 15
    back = parquet.read(tmp_path / "v.parquet", Request(first=300))
    assert back.words == vectors.words[:300]
    np.testing.assert_array_equal(back.center, vectors.center[:300])


def test_the_schema(tmp_path):
    parquet.write(make(), tmp_path / "v.parquet")
    schema = pq.read_schema(tmp_path / "v.parquet")
    assert schema.names == ["word", "count", "vector"]
    assert schema.types == [pa.string(), pa.int64(), pa.list_(pa.float32(), 3)]


def test_pandas_and_polars_read_it(tmp_path):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    vectors = make()
    parquet.write(vectors, tmp_path / "v.parquet")
    for frame in (pandas.read_parquet(tmp_path / "v.parquet"), polars.read_parquet(tmp_path / "v.parquet")):
        assert list(frame["word"]) == WORDS
        assert list(frame["count"]) == vectors.counts.tolist()
        np.testing.assert_array_equal(np.array([list(row) for row in frame["vector"]], np.float32), vectors.center)


def test_frames_of_pandas_and_polars_are_read(tmp_path):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    columns = {"token": ["a", "b", "c"], "embedding": ROWS, "freq": [3, 2, 1]}
    pandas.DataFrame(columns).set_index("token").to_parquet(tmp_path / "pandas.parquet")
    polars.DataFrame(columns).write_parquet(tmp_path / "polars.parquet")
    polars.DataFrame(columns).write_ipc(tmp_path / "polars.arrow")
    pandas.DataFrame(columns).to_feather(tmp_path / "pandas.feather")
    for path in tmp_path.iterdir():
        vectors = (parquet.read if path.suffix == ".parquet" else parquet.read_arrow)(path, EVERYTHING)
        assert (vectors.words, vectors.counts.tolist()) == (["a", "b", "c"], [3, 2, 1])
        assert vectors.center.tolist() == ROWS


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float32()),
        pa.list_(pa.float64()),
        pa.list_(pa.float16()),
        pa.large_list(pa.float32()),
        pa.list_(pa.float64(), 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("words", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_types_of_others_are_read(tmp_path, kind, words):
    numbers = np.array(ROWS, np.float16) if "half" in str(kind) else ROWS
    columns = {"x": pa.array(["a", "b", "c"]).cast(words), "numbers": pa.array(list(numbers), kind)}
    vectors = parquet.read(save(tmp_path, columns), EVERYTHING)
    assert vectors.words == ["a", "b", "c"]
    assert vectors.center.tolist() == ROWS
    assert not vectors.counts.any()


def test_the_right_columns_are_taken(tmp_path):
    other = pa.array([[0.0]] * 3)
    columns = {"note": ["x", "y", "z"], "Word": ["a", "b", "c"], "ids": [[1], [2], [3]], "more": other, "Vector": LISTS}
    vectors = parquet.read(save(tmp_path, columns), EVERYTHING)
    assert vectors.words == ["a", "b", "c"]
    assert vectors.center.tolist() == ROWS


def test_whole_numbers_are_words(tmp_path):
    path = save(tmp_path, {"id": pa.array([7, -8, 9], pa.int32()), "count": [1, 2, 3], "vector": LISTS})
    vectors = parquet.read(path, EVERYTHING)
    assert (vectors.words, vectors.counts.tolist()) == (["7", "-8", "9"], [1, 2, 3])


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.float16()], ids=str)
def test_counts_may_be_of_a_floating_type(tmp_path, kind):
    columns = {"word": ["a", "b", "c"], "Count": pa.array(np.array([3, 0, 1], np.float16)).cast(kind), "vector": LISTS}
    assert parquet.read(save(tmp_path, columns), Request(strict=True)).counts.tolist() == [3, 0, 1]
    assert not parquet.read(
        save(tmp_path, {"freq" if n == "Count" else n: c for n, c in columns.items()}), EVERYTHING
    ).counts.any()


def test_messages_hold_no_control_characters(tmp_path):
    path = save(tmp_path, {"\x1b[31m": ["a", "b", "c"], "b\nc": ["a", "b", "c"]})
    with pytest.raises(FormatError, match="which of the columns") as error:
        parquet.read(path, EVERYTHING)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"word": ["a", "b", "c"]}, "which of the columns 'word' holds the vectors"),
        ({"vector": LISTS}, "which of the columns 'vector' holds the words"),
        ({"n": [1, 2, 3], "vector": LISTS}, "which of the columns 'n', 'vector' holds the words"),
        ({"word": ["a", "b", "c"], "p": LISTS, "q": LISTS}, "which of the columns 'word', 'p', 'q' holds the vectors"),
        ({"word": ["a", "b", "c"], "vector": [[1], [2], [3]]}, "holds the vectors"),
        ({"word": ["a", "b", "c"], "vector": [[[1.0]]] * 3}, "holds the vectors"),
        ({"word": ["a", "b", "c"], "vector": ["1 2"] * 3}, "holds the vectors"),
        ({"word": [], "vector": pa.array([], LISTS.type)}, "holds the words"),
        ({"word": pa.array([], pa.string()), "vector": pa.array([], LISTS.type)}, "the file holds no word"),
        ({f"c{i}": [1] for i in range(20)}, "and 12 more"),
    ],
)
def test_tables_that_do_not_say_are_refused(tmp_path, columns, message):
    with pytest.raises(FormatError, match=message):
        parquet.read(save(tmp_path, columns), EVERYTHING)


def test_two_columns_of_one_name_are_refused(tmp_path):
    pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, names=["word", "word"]), tmp_path / "v.parquet")
    with pytest.raises(FormatError, match="two columns have the same name"):
        parquet.read(tmp_path / "v.parquet", EVERYTHING)


@pytest.mark.parametrize(
    ("words", "rows", "counts", "kept", "message"),
    [
        (["a", None, "c"], ROWS, [1, 2, 3], ["a", "c"], "rows without a word, left out: 1. The first: row 2"),
        (["a", "b", "a"], ROWS, [1, 2, 3], ["a", "b"], "words that come again, left out: 1. The first: row 3: .*'a'"),
        (
            ["a", "b", "c"],
            [ROWS[0], None, ROWS[1]],
            [1, 2, 3],
            ["a", "c"],
            "rows without a vector.*: 1.* row 2: no vector",
        ),
        (["a", "b", "c"], [[1], [2, 3], [4, 5]], [1, 2, 3], ["b", "c"], "row 1: a vector of 1 numbers: expected 2"),
        (["a", "b", "c"], [[], [2, 3], [4, 5]], [1, 2, 3], ["b", "c"], "row 1: a vector of 0 numbers: expected 2"),
        (
            ["a", "b", "c"],
            [[None, 1], [2, 3], [4, 5]],
            [1, 2, 3],
            ["b", "c"],
            "vectors that are not finite.*: 1. .* row 1: ",
        ),
        (["a", "b", "c"], [[np.inf, 1], [1e39, 3], [4, 5]], [1, 2, 3], ["c"], "vectors that are not finite.*: 2"),
        (
            ["a", "b", "c"],
            ROWS,
            [-1, None, 3],
            ["a", "b", "c"],
            "counts that are no whole numbers.*: 2. .* row 1: .*'-1'",
        ),
        (
            ["a", "b", "c"],
            ROWS,
            [3.0, None, 0.5],
            ["a", "b", "c"],
            "counts that are no whole numbers.*: 2. .* row 2: .*'None'",
        ),
    ],
)
def test_faults_are_mended_or_refused(tmp_path, words, rows, counts, kept, message):
    path = save(tmp_path, {"word": words, "vector": pa.array(rows, pa.list_(pa.float64())), "count": counts})
    with pytest.warns(UserWarning, match=message):
        vectors = parquet.read(path, EVERYTHING)
    assert vectors.words == kept
    with pytest.raises(FormatError, match="without --errors strict it is mended"):
        parquet.read(path, Request(strict=True))


def test_words_without_utf8_are_mended(tmp_path):
    words = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"c"]).buffers())
    path = save(tmp_path, {"word": words, "vector": LISTS})
    with pytest.raises(FormatError, match=r"row 2: the word b'\\xff' is not UTF-8"):
        parquet.read(path, Request(strict=True))
    with pytest.warns(UserWarning, match="words that are not UTF-8.*: 1"):
        assert parquet.read(path, EVERYTHING).words == ["a", "\\xff", "c"]


def test_half_a_character_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(FormatError, match="half a character"):
        parquet.write(make(["fine", "\ud800"]), tmp_path / "v.parquet")
    assert os.listdir(tmp_path) == []


def test_a_table_much_larger_than_its_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ALLOWED", 2**20)
    rows = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(2**22, np.float32)), 256)
    path = save(tmp_path, {"word": [str(i) for i in range(len(rows))], "vector": rows}, compression="zstd")
    assert path.stat().st_size < 2**17
    with pytest.raises(FormatError, match="more than 100 times as large as its file"):
        parquet.read(path, EVERYTHING)


def test_without_pyarrow_the_install_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (lambda: parquet.read(tmp_path / "v", EVERYTHING), lambda: parquet.write(make(), tmp_path / "v")):
        with pytest.raises(MissingExtraError, match=r'pip install "firth\[parquet\]"'):
            call()


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" * 9, b"PK\3\4" * 9, b"ARROW1", b"ARROW1\0\0" * 9, b"\xff" * 99]
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "v").write_bytes(content)
    for reader in (parquet.read, parquet.read_arrow):
        with pytest.raises(FormatError, match=r"v: .*expected a whole"):
            reader(tmp_path / "v", EVERYTHING)


@pytest.mark.parametrize("kind", ["parquet", "file", "stream"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_give_a_clear_error_or_valid_vectors(tmp_path, kind):
    path = tmp_path / "v"
    parquet.write(make(["a", "日本", "c"], d=2), path)
    if kind != "parquet":
        table = pq.read_table(path)
        with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(path, table.schema) as writer:
            writer.write_table(table)
    reader = parquet.read if kind == "parquet" else parquet.read_arrow
    whole, rng, outcomes = path.read_bytes(), random.Random(5), set()
    assert reader(path, EVERYTHING).words == ["a", "日本", "c"]
    for _ in range(600):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 127, 255, rng.randrange(256)])
        path.write_bytes(damaged[: rng.choice([len(damaged)] * 3 + [rng.randrange(len(damaged))])])
        try:
            vectors = reader(path, EVERYTHING)
            assert len(set(vectors.words)) == len(vectors)
            assert np.isfinite(vectors.center).all()
            outcomes.add(None)
        except FormatError:
            outcomes.add(FormatError)
    assert outcomes == {None, FormatError}
