"""word2vec's binary files: literal bytes, chunks of every size, and faults that are mended or refused."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from firth.errors import FormatError
from firth.formats import word2vec_binary
from firth.formats.loading import load
from firth.formats.request import EVERYTHING, Request
from firth.vectors.container import WordVectors


def rows(*words, d=2, end=b"\n"):
    """Rows of a file: word i has the numbers i, i + 0.5, ..."""
    numbers = ((np.arange(d) / 2 + i).astype("<f4").tobytes() for i in range(len(words)))
    return b"".join(word + b" " + row + end for word, row in zip(words, numbers, strict=True))


def read(tmp_path, content, request=EVERYTHING):
    (tmp_path / "v.bin").write_bytes(content)
    return word2vec_binary.read(tmp_path / "v.bin", request)


def test_the_format_literally(tmp_path):
    path = tmp_path / "v.bin"
    word2vec_binary.write(
        WordVectors(["a", "é"], np.array([2, 1]), np.array([[1], [2]], np.float32), None, {}, []), path
    )
    assert path.read_bytes() == b"2 1\na \0\0\x80?\n\xc3\xa9 \0\0\0@\n"
    vectors = word2vec_binary.read(path, EVERYTHING)
    assert vectors.words == ["a", "é"]
    assert vectors.center.tolist() == [[1], [2]]
    assert vectors.counts.tolist() == [0, 0]


@pytest.mark.parametrize("end", [b"\n", b"", b"\n\n"])
@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 19])
def test_rows_are_read_whatever_the_chunks_and_line_ends(tmp_path, monkeypatch, chunk, end):
    monkeypatch.setattr(word2vec_binary, "CHUNK", chunk)
    words = [f"wörd{'x' * (i % 13)}{i}" for i in range(100)]
    for d in (1, 3, 200):
        content = rows(*(word.encode() for word in words), d=d, end=end)
        vectors = read(tmp_path, b"100 %d\r\n" % d + content)
        assert vectors.words == words
        np.testing.assert_array_equal(vectors.center, np.arange(100)[:, None] + np.arange(d)[None] / 2)


def test_numbers_that_look_like_spaces_and_line_ends_are_numbers(tmp_path):
    vectors = read(tmp_path, b"3 1\na \x20\x20\x20\x20\nb \n\n\n\nc \n \n ")
    assert vectors.words == ["a", "b", "c"]
    assert vectors.center.tobytes() == b"\x20\x20\x20\x20\n\n\n\n\n \n "


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"3 2\n" + rows(b"a", b"b"), ["a", "b"], r"line 1: 3 words of dimension 2: the file holds 2$"),
        (
            b"1 2\n" + rows(b"a", b"b"),
            ["a", "b"],
            r"wrong numbers of words in line 1, not used: 1. The first: line 1",
        ),
        (b"99999999999 2\n" + rows(b"a"), ["a"], "the file holds 1"),
        (b"2 2\n" + rows(b"a", b"b", b"c")[:-6], ["a", "b"], r"byte 26: b'c .*': expected a word, a space and 8 bytes"),
        (
            b"3 2\n" + rows(b"a", b"b", b"c")[:-6],
            ["a", "b"],
            r"rows that are cut short, left out: 1; wrong numbers of words",
        ),
        (
            b"3 2\n" + rows(b"a", b"b", b"a"),
            ["a", "b"],
            r"words that come again.*: 1. .*byte 26: the word 'a' comes again",
        ),
        (b"3 2\n" + rows(b"a", b"", b"c"), ["a", "c"], "empty words, left out: 1.*byte 15: a word is empty"),
        (
            b"2 2\n" + rows(b"a\xff", b"b"),
            ["a\\xff", "b"],
            r"words that are not UTF-8.*: 1. .*byte 4: the word b'a.xff' is not",
        ),
        (
            b"2 2\n" + rows(b"a", b"b").replace(b"\0\0\x80?", b"\0\0\xc0\x7f"),
            ["a"],
            "byte 17: the vector of 'b' is not fin",
        ),
        (
            b"2 2\n" + rows(b"a", b"b").replace(b"\0\0\x80?", b"\0\0\x80\xff"),
            ["a"],
            "vectors that are not finite, left out",
        ),
    ],
)
def test_faults_are_mended_with_one_warning_or_refused(tmp_path, content, words, message):
    with pytest.warns(UserWarning, match=message) as caught:
        vectors = read(tmp_path, content)
    assert len(caught) == 1
    assert vectors.words == words
    assert vectors.center[0].tolist() == [0, 0.5]
    with pytest.raises(FormatError, match=r"v\.bin, (line|byte) .*; without --errors strict it is mended"):
        read(tmp_path, content, Request(strict=True))


def test_large_finite_numbers_are_no_fault(tmp_path):
    largest = np.full((3, 2), np.finfo(np.float32).max)
    vectors = WordVectors(["a", "b", "c"], np.zeros(3, np.int64), largest.astype(np.float32), None, {}, [])
    word2vec_binary.write(vectors, tmp_path / "v.bin")
    assert word2vec_binary.read(tmp_path / "v.bin", EVERYTHING).words == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1 1", r", line 1: b'1 1': expected two numbers, the words and the dimension, 1 to 1,048,576"),
        (b"x 1\n", r", line 1: b'x 1': expected two numbers"),
        (b"0 1\n", r", line 1: b'0 1': expected two numbers"),
        (b"1 0\n", r", line 1: b'1 0': expected two numbers"),
        (b"1 9999999\na " + bytes(100), r", line 1: b'1 9999999': expected two numbers"),
        (b"1 " + b"9" * 300 + b"\n", r", line 1: b'1 9{78}'\.\.\.: expected two numbers"),
        (b"99 9\na 1234", r": the file holds no word with its vector"),
        (b"1 1\n", r": the file holds no word with its vector"),
        (b"1 1\na \0\0\xc0\x7f", r": the file holds no word with its vector"),
    ],
)
def test_files_without_a_word_are_refused(tmp_path, content, message):
    with pytest.raises(FormatError, match=f"v.bin{message}"):
        read(tmp_path, content)


def test_the_words_asked_for(tmp_path):
    content = b"5 2\n" + rows(b"a", b"b", b"c", b"d", b"e")
    vectors = read(tmp_path, content, Request(words=frozenset(["d", "b", "z"])))
    assert vectors.words == ["b", "d"]
    assert vectors.center[:, 0].tolist() == [1, 3]
    assert read(tmp_path, content[:-30], Request(first=2)).words == ["a", "b"]  # what comes later is not looked at
    assert read(tmp_path, content, Request(first=3, words=frozenset("dc"))).words == ["c"]
    assert read(tmp_path, content, Request(first=9)).words == list("abcde")
    with pytest.raises(FormatError, match="none of the 1 wanted words is in the file"):
        read(tmp_path, content, Request(words=frozenset(["z"])))


def test_progress_is_told_in_bytes(tmp_path):
    told = []
    content = b"2 2\n" + rows(b"a", b"b")
    read(tmp_path, content, Request(progress=lambda *what: told.append(what)))
    assert told[-1] == ("reading", len(content), len(content))


def test_a_word_may_be_long_but_not_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(word2vec_binary, "CHUNK", 100)
    long = b"x" * 5000
    assert read(tmp_path, b"1 2\n" + rows(long)).words == [long.decode()]
    monkeypatch.setattr(word2vec_binary, "LONGEST_WORD", 1000)
    with pytest.warns(UserWarning, match="rows that are cut short"):
        assert read(tmp_path, b"1 2\n" + rows(b"a", b"x" * 50_000)).words == ["a"]


def test_memory_follows_the_file_and_not_its_header(tmp_path, monkeypatch):
    """The matrix has room for the rows that the file can hold, whatever it promises."""
    sizes = []
    empty = np.empty
    monkeypatch.setattr(word2vec_binary.np, "empty", lambda shape, dtype: sizes.append(shape) or empty(shape, dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read(tmp_path, b"999999999999 2\n" + rows(b"a", b"b"))
        read(tmp_path, b"999999999999 1000000\n" + rows(b"a", d=1_000_000))
    assert sizes == [(len(rows(b"a", b"b")) // 10 + 2, 2), (2, 1_000_000)]


def test_damaged_files_give_a_clear_error_or_valid_vectors(tmp_path):
    raw = b"2 2\n" + rows(b"a", "日本".encode())
    damaged = [raw[:at] for at in range(len(raw) - 1)]
    damaged += [raw[:at] + bytes([byte]) + raw[at + 1 :] for at in range(len(raw)) for byte in (0, 10, 32, 57, 255)]
    outcomes = set()
    for content in damaged:
        (tmp_path / "v.bin").write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                vectors = load(tmp_path / "v.bin")
                assert np.isfinite(vectors.center).all()
                outcomes.add(None)
            except FormatError:
                outcomes.add(FormatError)
    assert outcomes == {None, FormatError}


def test_a_written_file_is_whole_or_not_there(tmp_path):
    vectors = WordVectors(["a", "\ud800"], np.zeros(2, np.int64), np.ones((2, 1), np.float32), None, {}, [])
    with pytest.raises(FormatError, match="has no UTF-8"):
        word2vec_binary.write(vectors, Path(tmp_path / "v.bin"))
    assert os.listdir(tmp_path) == []
