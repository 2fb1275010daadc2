"""JSON that may be hostile: what takes too much memory is refused before it is parsed, and values come one by one."""

import io
import json

import pytest

from firth.files.json_text import ROOM, SMALL, CostlyError, JsonStream, decode_shared, is_costly, loads, pieces_of

HOSTILE = {
    "objects": b"[" + b"{}," * 2_000_000 + b"{}]",
    "lists": b"[" + b"[]," * 2_000_000 + b"[]]",
    "strings": b"[" + b'"ab",' * 2_000_000 + b'"ab"]',
    "keys": b"{" + b",".join(b'"%d":1' % number for number in range(500_000)) + b"}",
}


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_many_small_values_are_refused(name, as_text):
    text = HOSTILE[name].decode() if as_text else HOSTILE[name]
    with pytest.raises(ValueError, match="too much memory"):
        loads(text)


def test_a_file_with_more_in_it_may_have_more_values():
    text = HOSTILE["keys"]
    assert is_costly(text)
    assert len(loads(text, size=100 << 20)) == 500_000


def test_a_long_history_is_read():
    history = [{"epoch": i, "loss": 2.3456789012345678, "lr": 0.0123456789, "pairs": 10**9} for i in range(400_000)]
    text = json.dumps(history)
    assert len(text) > 3 * SMALL
    assert loads(text) == history


def test_a_long_text_is_read():
    assert loads('["' + "a" * (2 * ROOM) + '"]')[0][:3] == "aaa"


def stream(text):
    return JsonStream(iter([text[i : i + 3] for i in range(0, len(text), 3)]))


def test_values_come_one_by_one():
    text = '{"a": 12345, "b": [1.5, "x\\"y", [2], {}] , "c": []}'
    parts = stream(text)
    found = {}
    for key in parts.members():
        found[key] = parts.value() if key == "a" else list(parts.values())
    assert found == json.loads(text)
    assert parts.following() == ""


WRONG = ["", "{", '{"a"', '{"a": 1', "{1: 2}", '{"a" 1}', "[1, 2}", "{" * 3, '{"a": 1 "b": 2}']


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_object_is_refused(text):
    parts = stream(text)
    with pytest.raises(ValueError, match=r"in place of|key|Expecting|Unterminated|delimiter"):
        dict((key, parts.value()) for key in parts.members())  # noqa: C402


def test_a_value_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="Unterminated"):
        list(JsonStream(iter(['["' + "a" * SMALL, "a" * SMALL, "a" * SMALL, '"]'])).values())


def test_pieces_keep_characters_whole():
    text = "naïve \U0001f600" * 20_000
    assert "".join(pieces_of(io.BytesIO(text.encode()).read)) == text


def test_keys_with_escapes_count_as_others_do():
    text = "{" + ",".join(f'"\\u0061{number:x}":1' for number in range(600_000)) + "}"
    assert is_costly(text)
    assert is_costly(text.encode())


def test_equal_values_are_shared():
    text = ' {"a": [' + '"ab", 1234, 1.5, null, [], {"b": "ab"}, ' * 3 + '"ab"]} more'
    value, end = decode_shared(text, 0)
    assert value == json.loads(text[:end])
    assert text[end:] == " more"
    assert len({id(one) for one in value["a"] if one == "ab"}) == 1
    for hostile in ("objects", "lists", "keys"):
        with pytest.raises(CostlyError):
            decode_shared(HOSTILE[hostile].decode(), 0)
    with pytest.raises(CostlyError):
        decode_shared("[" + ",".join(map(str, range(10**6))) + "]", 0)
