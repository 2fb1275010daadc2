"""Columns of several files, of standard input, and beside plain text."""

import gzip
import io
import json

import pytest

from firth.errors import ConfigError, CorpusError


def test_files_of_many_kinds_follow_each_other(put, lines_of):
    files = [
        put("a.csv", "n,t\n1,a b\n"),
        put("b.jsonl.gz", gzip.compress(b'{"t": "c"}\n{"t": null}')),
        put("c.tsv", "t\tn\nd\t1\n"),
        put("d.txt", "t,n\ne,1\n"),
    ]
    seen = []
    assert lines_of(files, lambda *step: seen.append(step), column="t") == [["a", "b"], ["c"], [], ["d"], ["e"]]
    size = sum(file.stat().st_size for file in files)
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)
    with pytest.raises(CorpusError, match=r"b.jsonl.gz, line 1: the cell is \['x'\]"):
        lines_of([files[0], put("b.jsonl.gz", gzip.compress(b'{"t": ["x"]}'))], column="t")


def test_tables_and_plain_text_do_not_mix(put, lines_of):
    text = put("a.txt", "plain text\n")
    with pytest.raises(CorpusError, match=r"b.csv is a table \(csv\): name the column"):
        lines_of([text, put("b.csv", "a,b\n")])
    with pytest.raises(CorpusError, match=r"c.jsonl holds one text or list of tokens a line.*a.txt is plain text"):
        lines_of([text, put("c.jsonl", '["a"]\n')])
    with pytest.raises(ConfigError, match=r"column is 'a', but .*a.txt is plain text"):
        lines_of([text, put("b.csv", "a,b\n")], column="a")


@pytest.mark.parametrize(
    ("text", "column", "lines"),
    [
        ('{"t": "a b"}\n{"t": "c"}\n', "t", [["a", "b"], ["c"]]),
        ('[{"t": ["a b"]}, {"t": ["c"]}]', "t", [["a b"], ["c"]]),
        ("n\tt\n1\ta b\n", "t", [["a", "b"]]),
        ("n,t\n1,a b\n", "t", [["a", "b"]]),
        ("n,t\n1,a b\n", "2", [["t"], ["a", "b"]]),
        ("n,t\n1,a b\n", None, [["n,t"], ["1,a", "b"]]),
    ],
)
def test_standard_input(text, column, lines, lines_of, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert lines_of("-", column=column) == lines


def test_json_from_standard_input_is_asked_about(lines_of, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"t": "a", "n": 1}\n')))
    with pytest.raises(CorpusError, match=r"standard input begins with a JSON object: .*: t, n \(2 columns"):
        lines_of("-")


def test_lower_and_tokenizer_apply_to_cells(put, lines_of):
    path = put("a.jsonl", json.dumps({"t": "The, CAT!", "l": ["The CAT"]}))
    assert lines_of(path, column="t", lower=True, tokenizer="words") == [["the", "cat"]]
    assert lines_of(path, column="l", lower=True) == [["the cat"]]
    with pytest.raises(ConfigError, match=r"tokenizer is 'words', but .*a.jsonl holds lists of tokens"):
        lines_of(path, column="l", tokenizer="words")


def test_large_files_are_streamed(put, lines_of):
    rows = [{"n": n, "t": f"word{n % 100} " * 10} for n in range(20_000)]
    expected = [row["t"].split() for row in rows]
    assert lines_of(put("a.jsonl", "\n".join(map(json.dumps, rows))), column="t") == expected
    assert lines_of(put("a.json", json.dumps(rows)), column="t") == expected
