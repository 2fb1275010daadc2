"""csv and tsv by column: quotes, line ends, headers, rows that are too short, and what cannot be read."""

import contextlib
import csv
import gzip
import io
import random

import pytest

from firth.corpus import csv_cells
from firth.errors import ConfigError, CorpusError, FirthError

TABLE = 'n,items\r\n0,"new ""york"",\r\nis big"\r\n\r\n1,é\r\n2,\r\n'
ITEMS = [["new", '"york",', "is", "big"], ["é"], []]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_column_by_name(end, mark, put, lines_of):
    text = mark + TABLE.replace("\r\n", end)
    assert lines_of(put("a.csv", text), column="items") == ITEMS
    assert lines_of(put("a.csv.gz", gzip.compress(text.encode())), column="items") == ITEMS
    assert lines_of(put("b.csv", text.rstrip()), column="items") == ITEMS


def test_a_column_by_number_reads_all_rows(put, lines_of):
    path = put("a.csv", TABLE)
    assert lines_of(path, column="2") == lines_of(path, column=2) == [["items"], *ITEMS]
    assert lines_of(put("b.csv", "1,2\nx,y\n"), column=2) == [["y"]]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.tsv", 'a\tb\nx, y\t1\n"z\tw"\t2\n', [["x,", "y"], ["z", "w"]]),
        ("a.csv", "a;b\nx, y;1\n", [["x,", "y"]]),
        ("a.csv", "a,b;c\nx;y,1\n", [["x;y"]]),
        ("a.csv", 'a\nx\n\n""\ny\n', [["x"], [], ["y"]]),
        ("a.csv", "\n\na,b\nx,1\n", [["x"]]),
        ("a.csv", "a,b\n", []),
    ],
)
def test_delimiters_and_blank_rows(name, text, lines, put, lines_of):
    assert lines_of(put(name, text), column="a") == lines


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ('"hello he said', ['"hello', "he", "said"]),
        ('bar baz"', ["bar", 'baz"']),
        ('"one" and "two"', ['"one"', "and", '"two"']),
        ('"one ""two"""', ["one", '"two"']),
        ('""', []),
        ('"', ['"']),
        ('\\"x\\"', ['\\"x\\"']),
    ],
)
def test_a_quotation_mark_in_tsv_is_one_unless_it_quotes_all_of_a_field(cell, words, put, lines_of):
    rows = [["t", "n", "u"], [cell, "1", cell], ["foo", '"', "bar"]]
    path = put("a.tsv", "\n".join(map("\t".join, rows)))
    assert lines_of(path, column="t") == [words, ["foo"]]
    assert lines_of(path, column="u") == [words, ["bar"]]
    assert lines_of(put("b.txt", path.read_bytes()), column="u") == [words, ["bar"]]


def test_tabs_in_quoted_fields_of_tsv():
    fields = csv_cells.tsv_fields
    assert fields('"a\tb"\t""\t1') == ['"a', 'b"', "", "1"]
    assert fields('"a\tb"\t""\t1', 3) == ["a\tb", "", "1"]
    assert fields('"a\tb"\t""\t1', 4) == fields('"a\tb"\t""\t1', 2) == ['"a', 'b"', "", "1"]
    assert fields('1\t"\t"\tPUNCT', 4) == ["1", '"', '"', "PUNCT"]
    assert fields('\t"a\t"\t', 3) == ["", "a\t", ""]
    assert fields('"', 1) == ['"']


def test_the_question_lists_the_columns(put, lines_of):
    message = r"a.csv is a table \(csv\): name the column to read with --column: n, items \(2 columns; .*standard input"
    with pytest.raises(CorpusError, match=message):
        lines_of(put("a.csv", TABLE))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv is empty: expected rows"),
        ("\n\n", "a.csv is empty: expected rows"),
        ("b,c\n", "a.csv, line 1, has no column 'a': it has 2 columns: b, c"),
        ("a,a\nx,y\n", "a.csv, line 1, has 2 columns named 'a'"),
        ('a,b\nx,1\n\n"y,2\nz,3\n', "a.csv, line 4: a quotation mark opens a field that nothing closes"),
        ('a,b\nx,1\n"y,2\nz,3\n1,"w\n', r"line 3: no row of csv .*doubled .*: mend the file, or convert it to JSON"),
        ('a,b\n"he said \\\\"hi\\\\"",1\n', r"line 2: no row of csv .*doubled"),
        ("a,b\nx,1\nx\0,1\n", "a.csv, line 1: a NUL byte in this line or later"),
    ],
)
def test_what_is_wrong_names_the_line(text, message, put, lines_of):
    with pytest.raises(CorpusError, match=message):
        lines_of(put("a.csv", text), column="a")


def test_rows_with_fewer_and_with_more_fields_are_warned_of_once(put, lines_of):
    path = put("a.csv", 'n,a,b\n1,"x\ny",z\n2\n3,z,w,v\n4\n')
    with pytest.warns(UserWarning, match="fields than the first row") as caught:
        assert lines_of(path, column="a") == [["x", "y"], [], ["z"], []]
    short, long = (str(warning.message) for warning in caught)
    assert f"2 rows have fewer fields than the first row, the first at {path}, line 4: a cell" in short
    assert f"1 row has more fields than the first row, the first at {path}, line 5: is text cut where" in long


def test_the_text_of_the_last_column_is_not_cut(put, lines_of):
    for name, text, delimiter in [
        ("a.csv", "id,text\n1,hello\n2,hello, world again\n", "','"),
        ("a.csv", "id;text\n1;hello\n2;hello; world again\n", "';'"),
        ("a.tsv", "id\ttext\n1\thello\n2\thello\tworld\n", r"'\\t'"),
    ]:
        with pytest.raises(CorpusError, match=rf"line 3: 3 fields, and 2 in the first .* cut.* holds {delimiter}"):
            lines_of(put(name, text), column="text")
    with pytest.warns(UserWarning, match="2 rows have more fields"):
        assert lines_of(put("b.csv", "id,text\n1,hello,\n2,x,\n"), column="text") == [["hello"], ["x"]]


def test_large_fields_are_read_up_to_a_bound(put, lines_of, monkeypatch):
    before = csv.field_size_limit()
    path = put("a.csv", "a,b\n" + "x " * 100_000 + ",1\n")
    assert len(lines_of(path, column="a")[0]) == 100_000
    monkeypatch.setattr(csv_cells, "LARGEST_FIELD", before)
    with pytest.raises(CorpusError, match=r"a.csv, line 2: no row of csv .field larger than field limit"):
        lines_of(path, column="a")
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_line_of_16_million_characters_is_the_longest(name, put, lines_of):
    text = "a\n" + "x" * (1 << 20)
    assert csv_cells.LARGEST_FIELD == 1 << 24
    with pytest.raises(CorpusError, match="more than 16,777,216 characters in one line, after line 1"):
        lines_of(put(name, text + " x" * (1 << 23)), column="a")
    if name == "a.csv":
        with pytest.raises(CorpusError, match=r"line 2: no row of csv .field larger"):
            lines_of(put(name, 'a\n"' + ("x " * 999 + "\n") * 9000 + '"\n'), column="a")


def test_invalid_utf8_is_replaced_or_refused(put, lines_of):
    path = put("a.csv", b"a,b\ncaf\xe9,1\n")
    with pytest.warns(UserWarning, match=r"replaced 1 invalid UTF-8 .* at .*a.csv, byte 7:"):
        assert lines_of(path, column="a") == [["caf\ufffd"]]
    with pytest.raises(CorpusError, match=r"a.csv, byte 7: invalid UTF-8"):
        lines_of(path, column="a", errors="strict")


@pytest.mark.parametrize("seed", range(5))
def test_it_reads_what_pythons_csv_reads(seed, put, lines_of, monkeypatch):
    draw = random.Random(seed)
    cells = ["".join(draw.choices('a",é\n\r \t;', k=draw.randrange(6))) for _ in range(100)]
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("n", "cell"), *enumerate(cells)])
    text = file.getvalue()
    assert lines_of(put("a.csv", text), column="cell") == [cell.split() for cell in cells]
    cuts = sorted(draw.choices(range(len(text)), k=200))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if begin < end]
    monkeypatch.setattr("firth.corpus.reader.TextReader.texts", lambda self, path: iter(pieces))
    assert lines_of(put("a.csv", text), column="cell") == [cell.split() for cell in cells]


def test_tables_of_other_names_are_known_by_their_first_line(put, lines_of):
    assert lines_of(put("a.txt", "n\ta, b\n1\tx\n"), column="a, b") == [["x"]]
    assert lines_of(put("b.txt", "n,a\n1,x y\n"), column="a") == [["x", "y"]]
    assert lines_of(put("c.txt", '\n{"a": "x y"}\n'), column="a") == [["x", "y"]]
    assert lines_of(put("d.txt", '[{"a": "x y"},\n{"a": "z"}]'), column="a") == [["x", "y"], ["z"]]
    for text in ("plain text or more\n", "", "word\n", "{brace b\n"):
        with pytest.raises(ConfigError, match=r"column is 'a', but .*e.txt is plain text"):
            lines_of(put("e.txt", text), column="a")


@pytest.mark.parametrize("header", ["id,text\n", "id;text", "id\ttext\n", '\n"id","text"\n'])
def test_a_mistyped_column_of_a_table_of_another_name(header, put, lines_of):
    with pytest.raises(ConfigError, match=r"e.txt: no column 'txet' among id, text \(by its first line\)") as caught:
        lines_of(put("e.txt", header), column="txet")
    assert "leave it out" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"no column 'name' among 0, 1, .*, \.\.\. \(by") as caught:
        lines_of(put("e.txt", "0,1," + "x" * 500_000 + ",".join(map(str, range(500)))), column="name")
    assert len(str(caught.value)) < 700


def test_mutated_files_give_lines_or_errors(put, lines_of, recwarn):
    draw = random.Random(5)
    for _ in range(300):
        data = bytearray(TABLE.encode() * 3)
        for _ in range(draw.choice((1, 1, 3))):
            at = draw.randrange(len(data))
            match draw.randrange(4):
                case 0:
                    data[at] = draw.choice((0, 10, 13, 34, 44, 255))
                case 1:
                    del data[at : at + draw.randrange(1, 20)]
                case 2:
                    data[at:at] = data[at : at + 15]
                case 3:
                    data = data[: at + 1]
        for column in ("items", "1", None):
            with contextlib.suppress(FirthError):
                lines_of(put("a.csv", bytes(data)), column=column)
