"""Vectors in text: literal bytes, there and back, files as people download them, and errors that name the line."""

import bz2
import contextlib
import gzip
import lzma
import tracemalloc
import warnings

import numpy as np
import pytest

from firth.corpus.reader import MAX_TOKEN
from firth.errors import FormatError
from firth.formats import text_rows, word2vec_text
from firth.formats.convert import convert
from firth.formats.loading import load
from firth.formats.request import EVERYTHING, Request
from firth.vectors.container import WordVectors

WORDS = ["the", "naïve", "日本", "of", "Ünï", "𐍈"]


def make(words=WORDS, d=4):
    center = np.random.default_rng(3).normal(size=(len(words), d)).astype(np.float32)
    return WordVectors(list(words), np.zeros(len(words), np.int64), center, None, {}, [])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "v.txt"


@pytest.fixture
def small_pieces(monkeypatch):
    """Read a few bytes at once, so that every line is cut somewhere."""
    for module in (text_rows, word2vec_text):
        monkeypatch.setattr(module, "CHUNK", 7)
        monkeypatch.setattr(module, "TASK", 5)
    monkeypatch.setattr(text_rows, "LINES_AT_ONCE", 2)


def contents(path, **more):
    """The words with their rows, as a dict, and the warning or None."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vectors = load(path, **more)
    assert len(caught) <= 1
    assert not vectors.counts.any()
    assert vectors.center.dtype == np.float32
    found = dict(zip(vectors.words, vectors.center.tolist(), strict=True))
    assert list(found) == vectors.words
    return found, str(caught[0].message) if caught else None


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.txt.gz", "v.vec.bz2", "v.txt.xz"])
@pytest.mark.parametrize(("form", "d"), [("word2vec-text", 1), ("word2vec-text", 4), ("glove", 4)])
def test_what_is_written_is_read_again(tmp_path, name, form, d):
    vectors = make(d=d)
    vectors.save(tmp_path / "v.safetensors")
    convert(tmp_path / "v.safetensors", tmp_path / name, to=form)
    assert contents(tmp_path / name) == (dict(zip(vectors.words, vectors.center.tolist(), strict=True)), None)


def test_many_words_of_all_lengths_are_written_and_read_in_pieces(path, small_pieces):
    rng = np.random.default_rng(4)
    words = [f"{i}" + "é" * int(n) for i, n in enumerate(rng.integers(0, 9, 200))]
    bits = rng.integers(0, 2**32, (200, 3), dtype=np.uint64).astype(np.uint32)
    center = np.nan_to_num(bits.view(np.float32), nan=9.466362484999991e-07, posinf=1, neginf=1)
    vectors = WordVectors(words, np.zeros(200, np.int64), center, None, {}, [])
    word2vec_text.write(vectors, path)
    rows = [f"{word} " + " ".join(f"{x:.9g}" for x in row) for word, row in zip(words, center.tolist(), strict=True)]
    assert path.read_text(encoding="utf-8") == "200 3\n" + "\n".join(rows) + "\n"
    read = word2vec_text.read(path, EVERYTHING)
    assert read.words == words
    np.testing.assert_array_equal(read.center, center)


def test_numbers_that_python_writes_stand_in_their_places(path):
    center = np.ones((6, 2), np.float32)
    center[[0, 2, 3, 5], [0, 1, 0, 1]] = np.nan, np.inf, -np.inf, 9.466362484999991e-07
    word2vec_text.write(WordVectors(list("abcdef"), np.zeros(6, np.int64), center, None, {}, []), path)
    assert path.read_text() == "6 2\na nan 1\nb 1 1\nc 1 inf\nd -inf 1\ne 1 1\nf 1 9.46636248e-07\n"


def test_the_format_literally(tmp_path):
    center = np.array([[1, -0.5], [0.1, 1e-20]], dtype=np.float32)
    WordVectors(["a", "é"], np.array([2, 1]), center, None, {}, []).save(tmp_path / "v.safetensors")
    convert(tmp_path / "v.safetensors", tmp_path / "v.txt")
    lines = "a 1 -0.5\né 0.100000001 9.99999968e-21\n"
    assert (tmp_path / "v.txt").read_bytes() == f"2 2\n{lines}".encode()
    convert(tmp_path / "v.safetensors", tmp_path / "g.txt", to="glove")
    assert (tmp_path / "g.txt").read_bytes() == lines.encode()


def test_lines_of_one_number_need_a_header(path):
    with pytest.raises(FormatError, match="lines of one number are a vocabulary"):
        word2vec_text.write_glove(make(d=1), path)
    path.write_bytes(b"the 100\nof 50\n")
    with pytest.raises(FormatError, match=r"line 1: 'the 100': one number, as in most lines: .* are a vocabulary"):
        load(path)


AB = {"a": [1.0, 2.0], "b": [3.0, -4.5]}


@pytest.mark.parametrize(
    "content",
    [
        b"2 2\na 1 2\nb 3 -4.5\n",
        b"\xef\xbb\xbf2 2\na 1 2\nb 3 -4.5\n",
        b"2 2\r\na 1 2\r\nb 3 -4.5\r\n",
        b"2 2 \na 1 2 \nb 3 -4.5\t\n",
        b"2\t2\na\t1\t2\nb\t3\t-4.5\n",
        b" 2  2\n a   1 \t2\n  b 3     -4.5",
        b"2 2\na 1 2\n\nb 3 -4.5\n\n  \n\t\r\n",
        b"2 2\na 1e0 0.2E+1\nb +3.0 -45e-1",
        b"a 1 2\nb 3 -4.5\n",
        b"\xef\xbb\xbfa 1 2\r\nb 3 -4.5",
        b"\n\na 1 2\n\nb 3 -4.5",
    ],
)
def test_spare_bytes_that_lose_nothing_are_read_without_a_word(path, small_pieces, content):
    path.write_bytes(content)
    assert contents(path, errors="strict") == (AB, None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"3 2\n. . . 1 2\nat name@domain.com 3 -4.5\nx 0 0\n", [". . .", "at name@domain.com", "x"]),
        (b". 1 2\n. . . 1 2\nat  name@domain.com 3 -4.5\n", [".", ". . .", "at  name@domain.com"]),
        (b"1 0.1 0.2\n2 0.3 0.4\nnan 1 2\n", ["1", "2", "nan"]),
        (b"2 2\n1 3 4\n2 5 6\n", ["1", "2"]),
        (b"a\xc2\xa0b 1 2\nc\x00 1 2\n\xe3\x80\x80 1 2\n", ["a\xa0b", "c\0", "\u3000"]),
        (b"5 3\n6 4\n7 2\n", ["5", "6", "7"]),
        (b"2 3\n. . . 1 2 3\n1 2 4 5 6\n", [". . .", "1 2"]),
        (b"3 3\n2 . 1 2 3\n1 2 4 5 6\n3 4 5 6 7\n", ["2 .", "1 2", "3 4"]),
        (b"2 1\n\x1fa 1\nb 2\n", ["\x1fa", "b"]),
        (b"4 1\n1 2\n2 3\n3 4\n5 6\n", ["1", "2", "3", "5"]),
    ],
)
def test_the_last_numbers_of_a_line_are_its_vector_and_the_rest_its_word(path, content, expected):
    path.write_bytes(content)
    found, warning = contents(path, errors="strict")
    assert (list(found), warning) == (expected, None)


@pytest.mark.parametrize(
    ("content", "expected", "message"),
    [
        (b"3 2\na 1 2\nb 3 -4.5\n", AB, "wrong numbers of words in line 1.*: 1. .*line 1: 3 words; the lines .* are 2"),
        (b"1 2\na 1 2\nb 3 -4.5\n", AB, "line 1: 1 words; the lines that follow are 2"),
        (b"3 2\na 1 2\n 7 8\nb 3 -4.5\n", AB, "empty words, left out: 1.*line 3: 2 numbers without a word"),
        (b"3 2\na 1 2\n  7 8\nb 3 -4.5\n", AB, "empty words, left out: 1.*line 3: "),
        (b"3 2\na 1 2\na 7 8\nb 3 -4.5\n", AB, "words that come again, left out: 1.*line 3: 'a' comes again"),
        (b"a 1 2\na 7 8\na 9 9\nb 3 -4.5\n", AB, "words that come again, left out: 2.*line 2: 'a'"),
        (
            b"2 2\na 1 2\n\xff\xc3 3 4\n",
            {"a": [1, 2], r"\xff\xc3": [3, 4]},
            r"words that are not UTF-8.*: 1. .*line 3: .*xff",
        ),
        (
            b"3 2\na 1 2\nc 3\nb 3 -4.5\n",
            AB,
            "lines with too few fields, left out: 1.*line 3: 2 fields: expected a word and 2",
        ),
        (b"3 2\na 1 2\n7 3\nb 3 -4.5\n", AB, "lines with too few fields, left out: 1.*line 3: 2 fields"),
        (b"3 2\na 1 2\nc\nb 3 -4.5\n", AB, "line 3: 1 fields"),
        (
            b"3 2\na 1 2\nc 3 x\nb 3 -4.5\n",
            AB,
            "lines with a field that is no number, left out: 1.*line 3: 'x': expected a num",
        ),
        (b"3 2\na 1 2\nc 3x 4\nb 3 -4.5\n", AB, "line 3: '3x'"),
        (
            b"3 2\na 1 2\nc 1 nan\nb 3 -4.5\n",
            AB,
            "vectors that are not finite, left out: 1.*line 3: the vector of 'c' is not finite",
        ),
        (b"3 2\na 1 2\nc -Inf 1\nb 3 -4.5\n", AB, "line 3: the vector of 'c' is not finite"),
        (b"3 2\na 1 2\nc 1 1e39\nb 3 -4.5\n", AB, "line 3: the vector of 'c' is not finite"),
        (b"3 2\na 1 2\nc 1 3.40282356779733661637539e38\nb 3 -4.5", AB, "line 3: the vector of 'c' is not finite"),
        (
            b"4 2\na 1 2\nc\rd 3 4\nb 3 -4.5\ne\r 3 4\n",
            AB,
            r"words with a carriage return, left out: 2\. .*line 3: 'c\\rd' has a carriage return inside",
        ),
        (
            b"6 2\na 1 2\nc 1 nan\n\xff 7 8\nd nan 1\nb 3 -4.5\nx\n\xfe 7 8\ny\nz 1 x\nz 1 y\n 1 2\n 3 4\n",
            AB | {r"\xff": [7, 8], r"\xfe": [7, 8]},
            r"finite, left out: 2; words that are not UTF-8.*: 2; .*few fields, left out: 2; .*no number, left out: 2; "
            r"empty words, left out: 2; wrong numbers .*: 1\. The first: line 3: the vector of 'c' is not finite",
        ),
        (
            b"a 1 2\nb 3 -4.5\nx\ny 1 2 z\n\n",
            AB,
            "lines with too few fields, left out: 1; .* no number.*: 1. .*line 3: 1 fields",
        ),
    ],
)
def test_what_is_wrong_is_mended_with_one_warning_or_refused(path, small_pieces, content, expected, message):
    path.write_bytes(content)
    found, warning = contents(path)
    assert found == expected
    with pytest.raises(AssertionError, match=f"v.txt: .*{message}"):
        raise AssertionError(warning)
    with pytest.raises(FormatError, match=r"v\.txt, line .*; without --errors strict it is mended"):
        load(path, errors="strict")


def test_the_warning_points_to_who_asked(tmp_path, path):
    path.write_bytes(b"3 2\na 1 2\n")
    for call in (lambda: load(path), lambda: convert(path, tmp_path / "v.safetensors")):
        with pytest.warns(UserWarning, match="wrong number") as caught:
            call()
        assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": the file is empty"),
        (b"\n", ": a text that begins with '': expected a file of vectors"),
        (
            b"call me\nIshmael in 1984\nsome years ago\n",
            ", line 1: 'call me': expected two numbers, the words and the dim",
        ),
        (b"a,1,2\nb,3,4\n", ": a text that begins with 'a,1,2': expected a file of vectors"),
        ("a 1\nb 2\n".encode("utf-16"), ", line 1: .*: expected two numbers"),
        (b"\x80" * 100_000 + b"\n", ", line 1: '[\\\\x80]{40,100}'\\.\\.\\.: expected two numbers"),
        (b"0 3\n", ", line 1: 0 words of dimension 3: the file is too short"),
        (b"0 2\n", ": the file holds no word with its vector"),
        (b"3 0\na\nb\n", ", line 2: 0 numbers at the end.*: expected a word and 0 numbers"),
        (b"9999999999 300\na 1\n", ", line 1: 9999999999 words of dimension 300: the file is too short"),
        (b"1 99999999999999999\na 1\n", ", line 1: .*: the file is too short for one: expected two numbers, the words"),
        (
            b"2 3\na 1 2\nb 3 4\n",
            ", line 2: 2 numbers .*: expected a word and 3 numbers, as line 1 says: correct line 1",
        ),
        (b"2 2\na 1 2 3\nb 3 4 5\n", ", line 2: 3 numbers .*: expected a word and 2 numbers, as line 1 says"),
        (b"2 2\nx\na b\nc d e\n", ", line 2: 0 numbers"),
        (b"2 3\ra 1 2 3\rb 4 5 6\r", ": the lines end in a carriage return alone: expected a line feed"),
        (b"a 1 2 3\rb 4 5 6", ": the lines end in a carriage return alone: expected a line feed"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused(path, content, message):
    path.write_bytes(content)
    for errors in ("mend", "strict"):
        with pytest.raises(FormatError, match=f"v.txt{message}"):
            load(path, errors=errors)


def test_a_file_without_one_good_vector_is_refused(path):
    for content in (b"1 2\na nan 2\n", b"2 2\n\n", b" 1 2\n"):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="the file holds no word with its vector"):
            load(path)


@pytest.mark.parametrize("threads", [1, 3])
def test_lines_and_rows_do_not_depend_on_threads_and_pieces(path, monkeypatch, threads):
    vectors = make([f"w{i}" for i in range(1000)], 5)
    word2vec_text.write(vectors, path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[400] = lines[400].replace(b"w399 ", b"w1 ")
    lines[700] = b"x y\n"
    path.write_bytes(b"".join(lines))
    monkeypatch.setattr(text_rows, "available_threads", lambda: threads)
    whole = contents(path)
    assert "line 401: 'w1' comes again" in whole[1]
    assert len(whole[0]) == 998
    for module in (text_rows, word2vec_text):
        monkeypatch.setattr(module, "CHUNK", 5000)
        monkeypatch.setattr(module, "TASK", 300)
    monkeypatch.setattr(text_rows, "LINES_AT_ONCE", 64)
    assert contents(path) == whole


CONTENT = b"6 1\na 1\nb 2\nb 2.5\nc x\nd 4\ne 5\n"


@pytest.mark.parametrize(
    ("words", "first", "expected"),
    [
        (None, 1, "a"),
        (None, 2, "ab"),
        (None, 3, "abd"),
        (None, 9, "abde"),
        ("bdx", None, "bd"),
        ("bdx", 2, "b"),
        ("bdx", 3, "bd"),
        ("e", 9, "e"),
    ],
)
def test_only_some_words_are_kept(path, small_pieces, words, first, expected):
    path.write_bytes(CONTENT)
    found, _ = contents(path, words=None if words is None else list(words), first=first)
    assert "".join(found) == expected
    assert all(row == [" ab de".index(word)] for word, row in found.items())


def test_reading_ends_where_nothing_more_is_wanted(path):
    path.write_bytes(b"9 1\na 1\nb 2\nc x\n")
    for more in ({"first": 2}, {"words": ["a"]}, {"words": ["b", "a"]}, {"first": 2, "errors": "strict"}):
        assert contents(path, **more)[1] is None
    assert contents(path, first=3)[1]
    with pytest.raises(FormatError, match="line 4: 'x'"):
        load(path, words=["a"], errors="strict")
    with pytest.raises(FormatError, match="none of the 1 wanted words is in the file"):
        load(path, words=["z"])


def test_memory_is_that_of_the_wanted_words(path, monkeypatch):
    for module in (text_rows, word2vec_text):
        monkeypatch.setattr(module, "CHUNK", 1 << 16)
    word2vec_text.write(make([f"w{i}" for i in range(8000)], 100), path)
    load(path, first=1)  # compiled
    for more in ({"first": 10}, {"words": ["w7", "w7999"]}):
        tracemalloc.start()
        load(path, **more)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8000 * 100 * 4 / 2


def test_progress_is_told_to_the_end(path, small_pieces):
    path.write_bytes(b"2 2\na 1 2\nb 3 -4.5\n")
    told = []
    word2vec_text.read(path, Request(progress=lambda *what: told.append(what)))
    assert told[-1] == ("reading", 19, 19)
    assert len(told) == 3
    told.clear()
    word2vec_text.write(make(), path, lambda *what: told.append(what))
    assert told[-1] == ("writing", 6, 6)


def test_lines_that_are_too_long_are_left_out_and_not_held(path, monkeypatch):
    monkeypatch.setattr(word2vec_text, "MAX_TOKEN", 1000)
    for module in (text_rows, word2vec_text):
        monkeypatch.setattr(module, "CHUNK", 2000)
    path.write_bytes(b"4 2\na 1 2\n" + b"x" * 1001 + b" 1 2\n" + b"y" * 1_000_000 + b" 1 2\nb 3 -4.5\n")
    tracemalloc.start()
    found, warning = contents(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == AB
    assert "lines that are too long, left out: 2" in warning
    assert "line 3: 'xxx" in warning
    assert len(warning) < 400
    assert peak < 800_000
    with pytest.raises(FormatError, match=r"line 3: 'x+'\.\.\. begins a word of 1,001 bytes"):
        load(path, errors="strict")
    path.write_bytes(b"x" * 100_000_000)
    with pytest.raises(FormatError, match=r"the file holds no word|line 1: "):
        load(path)


def test_a_word_of_a_megabyte_is_read(path):
    word = "é" * 2**19
    path.write_text(f"{word} 1 2\n", encoding="utf-8")
    assert contents(path, errors="strict") == ({word: [1, 2]}, None)


@pytest.mark.parametrize(
    "content",
    [
        b"1000000000 300\n" + b"a" + b" 1" * 300 + b"\n",
        b"1000000000 1\na 1\n",
        b"1 2000000\na" + b" 1" * 2_000_000 + b"\n",
        b"a" + b" 1" * 2_000_000 + b"\n",
        b"1 1\n" + b"\n" * 2_000_000,
        b"1 300\n" + b"a\n" * 500_000,
        b"1 300\n" + b" 1" * 500_000,
    ],
)
def test_a_file_takes_no_more_memory_than_its_size_justifies(path, content):
    path.write_bytes(b"a 1 2\n")
    load(path)  # compiled
    path.write_bytes(content)
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(FormatError):
            load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * len(content) + 6_000_000


def test_compressed_files_are_read_whatever_their_names(tmp_path):
    text = b"2 2\na 1 2\nb 3 -4.5\n"
    for name, data in {
        "v.txt": gzip.compress(text),
        "v.vec.bz2": bz2.compress(text),
        "v.vec.xz": lzma.compress(text),
    }.items():
        (tmp_path / name).write_bytes(data)
        assert contents(tmp_path / name, errors="strict") == (AB, None)


def test_a_compressed_file_may_hold_more_than_its_size(tmp_path):
    (tmp_path / "v.txt.gz").write_bytes(gzip.compress(b"1 5000\na" + b" 0" * 5000 + b"\n"))
    assert contents(tmp_path / "v.txt.gz", errors="strict") == ({"a": [0.0] * 5000}, None)
    (tmp_path / "v.txt.gz").write_bytes(gzip.compress(b"1 5000000\na" + b" 0" * 5000 + b"\n"))
    with pytest.raises(FormatError, match="line 1: 1 words of dimension 5000000: the file is too short"):
        load(tmp_path / "v.txt.gz")


def test_damaged_compression_is_a_format_error_and_a_wrong_name_is_none(tmp_path):
    data = gzip.compress(b"2 2\na 1 2\nb 3 -4.5\n" * 100)
    (tmp_path / "v.txt.gz").write_bytes(data[:-9])
    with pytest.raises(FormatError, match=r"v\.txt\.gz: the gz stream is cut short"):
        load(tmp_path / "v.txt.gz")
    (tmp_path / "v.txt.gz").write_bytes(b"2 2\na 1 2\nb 3 -4.5\n")
    assert contents(tmp_path / "v.txt.gz") == (AB, None)  # the content tells, not the name


@pytest.mark.parametrize("word", ["", "a b", "a\n", "\ta", "x" * (MAX_TOKEN + 1)])
def test_words_that_the_format_cannot_hold_are_refused_before_anything_is_written(tmp_path, word):
    make(words=["fine", word]).save(tmp_path / "v.safetensors")
    for form in ("word2vec-text", "glove"):
        with pytest.raises(FormatError, match="cannot be written"):
            convert(tmp_path / "v.safetensors", tmp_path / "v.txt", to=form)
    assert [file.name for file in tmp_path.iterdir()] == ["v.safetensors"]


@pytest.mark.parametrize("header", [b"2 2\n", b""])
def test_damaged_files_give_a_clear_error_or_valid_vectors(path, header):
    raw = header + "a 1.5 -2\n日本 3e-5 4\n".encode()
    damaged = [raw[:at] for at in range(len(raw) - 1)]
    damaged += [raw[:at] + bytes([byte]) + raw[at + 1 :] for at in range(len(raw)) for byte in (0, 10, 32, 57, 255)]
    outcomes = set()
    for content in damaged:
        path.write_bytes(content)
        try:
            found, warning = contents(path)
        except FormatError:
            outcomes.add(FormatError)
        else:
            assert np.isfinite(list(found.values())).all()
            outcomes.add(warning is None)
    assert outcomes == {True, False, FormatError}


def test_zstd_is_written_and_read(tmp_path):
    pytest.importorskip("zstandard")
    word2vec_text.write(make(), tmp_path / "v.txt.zst")
    assert (tmp_path / "v.txt.zst").read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert list(contents(tmp_path / "v.txt.zst")[0]) == WORDS


@pytest.mark.parametrize("word", ["\ufeff", "\ufeffthe", "\ufeff\ufeff", "BZh91AY&SY", "PK\x03\x04", "PAR1", "<html"])
def test_a_first_word_of_gloves_text_may_look_like_another_file(path, word):
    vectors = make([word, "of"])
    word2vec_text.write_glove(vectors, path)
    assert contents(path, errors="strict") == (dict(zip(vectors.words, vectors.center.tolist(), strict=True)), None)


def test_only_the_first_fault_of_a_kind_is_described(path, monkeypatch):
    described = []
    monkeypatch.setattr(word2vec_text, "shown", lambda content: described.append(content) or "it")
    path.write_bytes(b"a 1 2\n" + b"a 1 2\nb\xff 1 2\nc\rd 1 2\ne 1 x\nf nan 1\n" * 1000)
    assert "words that come again, left out: 1,999" in contents(path)[1]
    assert len(described) == 5
