"""JSON lines and arrays: cells, lists and texts; what is no JSON names its line."""

import contextlib
import json
import random

import pytest

from firth.corpus import json_cells
from firth.corpus.ragged import Ragged
from firth.errors import ConfigError, CorpusError, FirthError

ROWS = [{"t": "new york\nis big", "l": ["a", "b c"]}, {"t": None, "l": None}, {"t": "é", "l": []}]
TEXTS, LISTS = [["new", "york", "is", "big"], [], ["é"]], [["a", "b c"], [], []]


@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "json"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", " \n"])
def test_lines(ending, end, put, lines_of):
    path = put(f"a.{ending}", end.join(map(json.dumps, ROWS)))
    assert lines_of(path, column="t") == TEXTS
    assert lines_of(path, column="1") == TEXTS
    assert lines_of(path, column="l") == LISTS


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_an_array_of_rows(indent, put, lines_of):
    path = put("a.json", json.dumps(ROWS, indent=indent))
    assert lines_of(path, column="t") == TEXTS
    assert lines_of(path, column="l") == LISTS


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.json", '[["a", "b c"], [], ["d"]]', [["a", "b c"], [], ["d"]]),
        ("a.jsonl", '[["a", "b c"], [], ["d"]]', [["a", "b c"], [], ["d"]]),
        ("a.json", '["a b", "c"]', [["a", "b"], ["c"]]),
        ("a.json", '[\n"a b",\n\n"c"\n]\n', [["a", "b"], ["c"]]),
        ("a.jsonl", '["a b", "c"]', [["a b", "c"]]),
        ("a.json", '["a b"]\n["c"]', [["a b"], ["c"]]),
        ("a.json", '[]\n["c"]\n', [[], ["c"]]),
        ("a.jsonl", '\n\nnull\n"a b"\nnull\n"c"', [[], ["a", "b"], [], ["c"]]),
        ("a.jsonl", "null\nnull\n", [[], []]),
        ("a.json", "[[]]", [[]]),
        ("a.json", "[]", []),
        ("a.json", "", []),
        ("a.json", " \n ", []),
        ("a.json", '[ null , ["a"]\t]\n\n', [[], ["a"]]),
    ],
)
def test_values_without_a_column(name, text, lines, put, lines_of):
    assert lines_of(put(name, text)) == lines
    assert lines_of(put(name, "\ufeff" + text)) == lines


@pytest.mark.parametrize(
    ("name", "text", "column", "message"),
    [
        ("a.jsonl", '{"a": 1, "b": "x"}', None, r"a.jsonl holds JSON lines: .* --column: a, b \(2 columns; column="),
        ("a.json", '[{"a": 1}]', None, r"a.json holds JSON objects: name the column .*: a \(1 column;"),
        ("a.jsonl", '{"a": "x"}', "b", "a.jsonl, line 1, has no column 'b': it has 1 column: a"),
        ("a.jsonl", '{"a": 5}', "a", r"a.jsonl, line 1: the cell is 5 \(int\); expected text or a list"),
        ("a.jsonl", '{"a": {"b": 1}}', "a", r"line 1: the cell is \{'b': 1\} \(dict\)"),
        ("a.jsonl", '{"a": "x"}\n\n{"a": ["x"]}', "a", r"line 3: the cell is \['x'\] .*; the first is text"),
        ("a.jsonl", '{"a": ["x"]}\n{"a": "x"}', "a", "line 2: the cell is 'x' .*; the first is a list"),
        ("a.jsonl", '{"a": ["x", 1.5]}', "a", "token 1 of .*a.jsonl, line 1 is 1.5"),
        ("a.jsonl", '{"a": "x"}\n["a"]', "a", r"a.jsonl, line 2 is \['a'\] \(list\); the first value is an object"),
        ("a.jsonl", '"x"\n{"a": 1}', None, "a.jsonl, line 2 is an object, and the first value is not"),
        ("a.jsonl", '{"a": "x"}\n{"a" "x"}', "a", "a.jsonl, line 2 is no JSON"),
        ("a.jsonl", '{"a": "x"} {"a": "y"}', "a", "a.jsonl, line 1 is no JSON .Extra data, column 12"),
        ("a.jsonl", '{"a": "x\n"}', "a", "a.jsonl, line 1 is no JSON"),
        ("a.jsonl", '{"a": ' + "9" * 5000 + "}", "a", "line 1 is no JSON .a number is too long"),
        ("a.jsonl", '{"a": ' + "[" * 100_000, "a", "line 1 is no JSON .it is nested too deep"),
        ("a.jsonl", '{"a": [' + "[" * 900 + "]" * 900 + "]}", "a", r"token 0 of .*line 1 is \[\[.* \(list\)"),
        ("a.jsonl", '{"a": "ok"}\n{"a": "\\ud800"}', "a", r"'\\ud800' in text 1 .* lone surrogate"),
        ("a.jsonl", '{"a": ["\\ud800"]}', "a", "token 0 of .*line 1 is .* lone surrogate"),
        ("a.json", '{\n"a": 1}', "a", "a.json, line 1 is no JSON"),
        ("a.json", '[{"a": "x"},\n{"a": "y",}\n]', "a", "a.json, line 2 is no JSON"),
        ("a.json", '[["a"] ["b"]]', None, "line 1: expected a comma or the end of the array, and found '\\['"),
        ("a.json", '[["a"]]\n\n7', None, "line 3: more text after the end of the array"),
        ("a.json", '[["a"],\n["b"', None, "line 2 is no JSON"),
        ("a.json", '[["a"],\n', None, "line 2 is no JSON"),
        ("a.json", "[", None, "line 1 is no JSON"),
        ("a.json", '[["a"],\n["b\n"]]', None, "line 2 is no JSON .Invalid control character"),
    ],
)
def test_what_is_wrong_names_the_line(name, text, column, message, put, lines_of):
    with pytest.raises(CorpusError, match=message) as caught:
        lines_of(put(name, text), column=column)
    assert len(str(caught.value)) < 500


def test_lists_have_no_columns(put, lines_of):
    with pytest.raises(ConfigError, match=r"column is 'a', but .*a.jsonl, line 1 holds \['x'\] .*no object"):
        lines_of(put("a.jsonl", '["x"]'), column="a")


def test_the_last_of_equal_keys_counts_and_nan_is_nothing(put, lines_of):
    assert lines_of(put("a.jsonl", '{"a": "x", "a": "y"}\n{"a": NaN}'), column="a") == [["y"], []]


def test_missing_keys_are_blank_lines_in_one_warning(put, lines_of):
    path = put("a.jsonl", '{"a": "x"}\n{"b": "y"}\n{"c": 1}\n')
    with pytest.warns(
        UserWarning, match=r"2 rows have fewer fields than the first row, the first at .*line 2:"
    ) as found:
        assert lines_of(path, column="a") == [["x"], [], []]
    assert len(found) == 1


def test_invalid_utf8_is_replaced_or_refused(put, lines_of):
    path = put("a.jsonl", b'{"a": "caf\xe9 x"}\n')
    with pytest.warns(UserWarning, match=r"replaced 1 invalid UTF-8 .* at .*a.jsonl, byte 10:"):
        assert lines_of(path, column="a") == [["caf\ufffd", "x"]]
    with pytest.raises(CorpusError, match=r"a.jsonl, byte 10: invalid UTF-8"):
        lines_of(path, column="a", errors="strict")


def test_large_values_are_refused(put, lines_of, monkeypatch):
    monkeypatch.setattr(json_cells, "LARGEST_VALUE", 1000)
    monkeypatch.setattr("firth.corpus.reader.TextReader.texts", lambda self, path: iter(pieces))
    for text, message in [
        ('null\n["%s"]', "more than 1,000 characters in one line"),
        ('[["b"],\n["%s"]]', "line 2: a value"),
    ]:
        whole = text % ("a" * 5000)
        pieces = [whole[at : at + 100] for at in range(0, len(whole), 100)]
        with pytest.raises(CorpusError, match=message):
            lines_of(put("a.jsonl", ""))


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_any_length_give_the_same(seed, put, lines_of, monkeypatch):
    draw = random.Random(seed)
    rows = [{"t": draw.choice(['é\n"\\', "x y", None]), "n": draw.random() * 10**seed} for _ in range(50)]
    for name, text in [("a.json", json.dumps(rows)), ("b.jsonl", "\r\n".join(map(json.dumps, rows)))]:
        path = put(name, text)
        expected = [(row["t"] or "").split() for row in rows]
        assert lines_of(path, column="t") == expected
        cuts = sorted(draw.choices(range(len(text)), k=200))
        pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if begin < end]
        with monkeypatch.context() as patch:
            patch.setattr("firth.corpus.reader.TextReader.texts", lambda self, path, pieces=pieces: iter(pieces))
            assert lines_of(path, column="t") == expected


def test_a_number_may_go_on_in_the_next_piece():
    cells = json_cells.JsonCells(iter(["[[1], 12", "34, nul", "l]"]), "x", None, Ragged())
    assert list(cells) == [[1], 1234, None]


def test_an_object_in_plain_text_is_asked_about(put, lines_of):
    for text in ('{"items": ["a"], "n": 1}\nmore', '\n{"items": 1}'):
        with pytest.raises(CorpusError, match=r"a.txt begins with a JSON object: name the column .*: items"):
            lines_of(put("a.txt", text))
    assert lines_of(put("b.txt", '{ braces } are words\n{"a"\n')) == [["{", "braces", "}", "are", "words"], ['{"a"']]


@pytest.mark.parametrize(
    "text",
    [
        '[{"text": "a b c", "n": 1}, {"text": "a b d", "n": 2}]',
        '[\n  {\n    "text": "a",\n    "n": 2\n  }\n]',
        '[{"text": "a"},\n{"text": "b"}]',
        '{\n "text": "a",\n "n": 1\n}',
        '{"text": "a",\n "n": 1}',
    ],
)
def test_objects_in_plain_text_are_asked_about_however_they_are_written(text, put, lines_of):
    with pytest.raises(CorpusError, match=r"a.txt begins with a JSON object: name the column .*text"):
        lines_of(put("a.txt", "\ufeff\n" + text))


def test_a_first_line_of_json_may_be_longer_than_a_block(put, lines_of):
    words = "word " * 150_000
    for text in (f'{{"text": "{words}", "n": 1}}\n', f'[{{"text": "{words}"}}]', f'[\n{{"n": 1, "text": "{words}"}}]'):
        with pytest.raises(CorpusError, match=r"a.txt begins with a JSON object: name the column .*(text|n)"):
            lines_of(put("a.txt", text))
    with pytest.raises(CorpusError, match=r"a.txt begins with a JSON array"):
        lines_of(put("a.txt", json.dumps(words.split())))


@pytest.mark.parametrize(
    "text",
    [
        '["a","b"]\n["c"]\n',
        '["a"]\n\n["b", "c"]',
        '["a b", "c"]',
        "[1, 2, 3]\n[4]\n",
        '[["a", "b"], ["c"]]',
        '[["a"],\n ["b"]]',
        "[[1, 2],\n[3, 4]]",
        '[\n "a b",\n "c"\n]',
    ],
)
def test_arrays_in_plain_text_are_refused(text, put, lines_of):
    with pytest.raises(CorpusError, match=r"a.txt begins with a JSON array: .* the ending .json, or .jsonl"):
        lines_of(put("a.txt", text))


@pytest.mark.parametrize(
    "text",
    [
        "[1] Smith, 2001\n[2] Jones",
        "[1]\nSmith",
        "[]\n[x]\n",
        "[[wiki link]] and more",
        "[[1]] and more",
        '["Hello," he said]',
        '["a", "b"] are words\n',
        "[",
        "[\nnote\n]",
        "{\nbraces\n}",
        '{"a": 1} is an object\n',
        '{"quoted" words}\n',
        '{"to be": that}',
        "{",
    ],
)
def test_text_that_begins_with_a_bracket_is_text(text, put, lines_of):
    assert lines_of(put("a.txt", text)) == [line.split() for line in text.splitlines()]


def test_white_space_after_the_bracket_of_an_array(put, lines_of):
    space = " \n" * 600_000
    assert lines_of(put("a.json", f'[{space}"a b",{space}"c"]')) == [["a", "b"], ["c"]]
    assert lines_of(put("a.json", f'["a b"]{space}["c"]')) == [["a b"], ["c"]]
    for text in ("[{space}7.5e]", "[[1],{space}7.5e]", "[1]{space}7.5e"):
        with pytest.raises(CorpusError, match="line 600,001"):
            lines_of(put("a.json", text.replace("{space}", space)))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt"])
def test_mutated_files_give_lines_or_errors(name, put, lines_of, recwarn):
    draw = random.Random(5)
    whole = json.dumps(ROWS * 3) if name == "a.json" else "\n".join(map(json.dumps, ROWS * 3))
    for _ in range(150):
        data = bytearray(whole.encode())
        for _ in range(draw.choice((1, 1, 3))):
            at = draw.randrange(len(data))
            match draw.randrange(4):
                case 0:
                    data[at] = draw.randrange(256)
                case 1:
                    del data[at : at + draw.randrange(1, 20)]
                case 2:
                    data[at:at] = data[at : at + 15]
                case 3:
                    data = data[: at + 1]
        for column in ("t", "l", None):
            with contextlib.suppress(FirthError):
                lines_of(put(name, bytes(data)), column=column)


TOKENS = [f"w{number % 300}" for number in range(700_000)]
LONG, SHORT = json.dumps(TOKENS), '["a", "b"]'


@pytest.mark.parametrize(
    ("name", "text", "column", "lengths"),
    [
        ("a.jsonl", LONG, None, [700_000]),
        ("a.jsonl", f"{LONG}\n{SHORT}", None, [700_000, 2]),
        ("a.json", f"{SHORT}\n {LONG} ", None, [2, 700_000]),
        ("a.json", f'[{{"text": {LONG}}}]', "text", [700_000]),
    ],
)
def test_a_list_of_very_many_tokens_is_one_sentence(name, text, column, lengths, put, lines_of):
    assert [len(line) for line in lines_of(put(name, text), column=column)] == lengths
