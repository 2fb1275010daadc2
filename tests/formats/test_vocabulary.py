import hashlib
import os
import tracemalloc
from collections import Counter, OrderedDict

import numpy as np
import pytest

from firth.corpus.reader import MAX_TOKEN
from firth.corpus.vocabulary import MOST_TOKENS, Vocabulary
from firth.errors import FormatError, VocabularyError
from firth.formats.vocabulary import has_checksum, read_vocabulary, write_vocabulary
from firth.vectors.container import WordVectors


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vocab.txt"


def parts(vocab):
    assert vocab.counts.dtype == np.int64
    return vocab.words, vocab.counts.tolist()


READ = {
    "as word2vec.c writes it": (b"</s> 0\nthe 12\nof 7\n", ["</s>", "the", "of"], [0, 12, 7]),
    "in any order": (b"a 1\nb 2\nc 0\n", ["a", "b", "c"], [1, 2, 0]),
    "with tabs and more": (b"a\t1\nb \t 2 \n c 3\n", ["a", "b", "c"], [1, 2, 3]),
    "with CRLF": (b"a 1\r\nb 2\r\n", ["a", "b"], [1, 2]),
    "with a byte order mark": (b"\xef\xbb\xbfa 1\n\xef\xbb\xbfb 2\n", ["a", "\ufeffb"], [1, 2]),
    "with spaces inside": (b"New York 4\na  b 2\n", ["New York", "a  b"], [4, 2]),
    "in other scripts": ("naïve 3\n词 2\nक्षि 1\n".encode(), ["naïve", "词", "क्षि"], [3, 2, 1]),
    "numbers as words": (b"7 7\n-1 2\n", ["7", "-1"], [7, 2]),
    "with Unicode spaces": ("a\u00a0 3\n\u2028 2\n".encode(), ["a\u00a0", "\u2028"], [3, 2]),
    "with a NUL": (b"a\0b 3\n", ["a\0b"], [3]),
    "with the largest count": (b"a %d\n" % MOST_TOKENS, ["a"], [MOST_TOKENS]),
}


@pytest.mark.parametrize("text", READ)
def test_a_text_is_read(path, text):
    data, words, counts = READ[text]
    path.write_bytes(data)
    assert parts(read_vocabulary(path)) == (words, counts)
    assert parts(read_vocabulary(str(path))) == (words, counts)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"vocab\.txt: the file is empty: expected words and counts"),
        (b"\xef\xbb\xbf", r"line 1: b'': expected a word"),
        (b"a 1\n\nb 2\n", r"line 2: b'\\n': expected a word"),
        (b"a 1\nword\n", r"line 2: b'word\\n': expected a word"),
        (b"a 1\n 3\n", r"line 2: b' 3\\n': expected a word"),
        (b"a 1\rb 2\r", r"line 1: b'a 1\\rb 2\\r': expected a word"),
        (b"12 the\n", r"line 1: the count is b'the': expected a whole number from 0 to 2305843009213693952"),
        (b"a 1\nb -3\n", r"line 2: the count is b'-3': expected a whole number from 0"),
        (b"a +3\n", "the count is"),
        (b"a 3.0\n", "the count is"),
        (b"a 1_000\n", "the count is"),
        (b"a 1,000\n", "the count is"),
        (b"a 1e3\n", "the count is"),
        (b"a nan\n", "the count is"),
        ("a ٣\n".encode(), "the count is"),
        ("a ²\n".encode(), "the count is"),
        (b"a 3\0\n", "the count is"),
        (b"a %d\n" % (MOST_TOKENS + 1), "line 1: the count is b'2305843009213693953'"),
        (b"a " + b"9" * 5000 + b"\n", "line 1: the count is b'9999"),
        (b"a %d\nb 1000\n" % MOST_TOKENS, r"vocab\.txt: the counts add up to"),
        (b"a 1\nb 2\na 3\n", "line 3: the word 'a' stands in line 1 already: expected every word once"),
        (b"a 1\ncaf\xe9 2\n", r"line 2: the word is b'caf\\xe9': expected UTF-8"),
        (b"a 1\n\xed\xa0\x80 2\n", r"line 2: the word is b'\\xed\\xa0\\x80': expected UTF-8"),
        ("a 1\n".encode("utf-16"), r"line 1: "),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", r"line 1: "),
        (bytes(range(256)) * 50, r"line 1: "),
    ],
)
def test_what_is_no_vocabulary_is_refused_with_its_line(path, data, message):
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        read_vocabulary(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < len(str(path)) + 300


def test_random_bytes_are_a_vocabulary_or_a_format_error(path):
    rng = np.random.default_rng(5)
    read = 0
    for _ in range(600):
        path.write_bytes(bytes(rng.choice(np.frombuffer(b"ab\xc3\xa9 \t\n\r\x000123456789", np.uint8), 12)) + b"\n")
        try:
            vocab = read_vocabulary(path)
        except FormatError:
            continue
        read += 1
        assert len(set(vocab.words)) == len(vocab)
        assert (vocab.counts >= 0).all()
        write_vocabulary(vocab, path)
        assert parts(read_vocabulary(path)) == parts(vocab)
    assert 10 < read < 550


def test_a_line_without_end_is_not_read_into_memory(path):
    with path.open("wb") as file:
        file.write(b"a 1\n")
        file.truncate(1 << 28)
    tracemalloc.start()
    with pytest.raises(FormatError, match="line 2: more than 1,048,640 bytes"):
        read_vocabulary(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_paths_that_cannot_be_read(tmp_path):
    with pytest.raises(FormatError, match="absent: there is no such file"):
        read_vocabulary(tmp_path / "absent")
    with pytest.raises(FormatError, match="not a regular file: expected a file of words and counts"):
        read_vocabulary(tmp_path)
    with pytest.raises(FormatError, match="NUL"):
        read_vocabulary("a\0b")


@pytest.mark.parametrize("kind", [dict, Counter, OrderedDict])
def test_a_mapping_is_read_in_its_order(kind):
    found = read_vocabulary(kind({"b": 1, "New York": np.int32(0), np.str_("a"): MOST_TOKENS - 1}))
    assert parts(found) == (["b", "New York", "a"], [1, 0, MOST_TOKENS - 1])
    assert {type(word) for word in found.words} == {str}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "the vocabulary is empty"),
        ({"a": -1}, "the count of 'a' is -1: expected a whole number from 0 to"),
        ({"a": MOST_TOKENS + 1}, "the count of 'a' is"),
        ({"a": 10**400}, "the count of 'a' is"),
        ({"a": 1.0}, r"the count of 'a' is 1\.0"),
        ({"a": True}, "the count of 'a' is True"),
        ({"a": "3"}, "the count of 'a' is '3'"),
        ({"a": None}, "the count of 'a' is None"),
        ({"a": MOST_TOKENS, "b": 1000}, "the counts add up to"),
        ({3.0: 3}, r"a word of the vocabulary is 3\.0: expected text"),
        ({b"a": 3}, "a word of the vocabulary is b'a'"),
        ({"": 3}, "a word of the vocabulary is '': expected text, not empty"),
        ({"\ud800": 3}, "a word of the vocabulary is '.ud800'"),
        ([("a", 3)], r"the vocabulary is \[\('a', 3\)\] \(list\): expected the path of a file, or"),
        (None, r"the vocabulary is None"),
        (b"vocab.txt", r"the vocabulary is b'vocab.txt'"),
    ],
)
def test_what_is_no_mapping_of_words_to_counts_is_refused(mapping, message):
    with pytest.raises(VocabularyError, match=message) as caught:
        read_vocabulary(mapping)
    assert len(str(caught.value)) < 300


def test_the_vocabulary_of_a_vectors_file_is_read(tmp_path):
    center = np.ones((3, 2), np.float32)
    counts = np.array([9, 0, 4])
    WordVectors(["a", "b", "c"], counts, center, None, {}, []).save(tmp_path / "old.safetensors")
    found = read_vocabulary(tmp_path / "old.safetensors")
    assert parts(found) == (["a", "b", "c"], [9, 0, 4])
    assert found.counts.flags.owndata
    (tmp_path / "old.safetensors").write_bytes(b"a 1\n")
    with pytest.raises(FormatError, match="not a whole safetensors file"):
        read_vocabulary(tmp_path / "old.safetensors")


WORDS = ["a", "New York", "naïve", "\u2028x\u2028", "a\0", "\ufeff", "\x85", "\x1f", "3", "</s>", "a\tb", "\U0001f600"]


@pytest.mark.parametrize("first", range(len(WORDS)))
def test_what_is_written_reads_back(path, first):
    words = WORDS[first:] + WORDS[:first]
    vocab = Vocabulary(words, np.arange(len(words))[::-1] ** 9)
    write_vocabulary(vocab, path)
    assert parts(read_vocabulary(path)) == parts(vocab)
    assert [file.name for file in path.parent.iterdir()] == ["vocab.txt"]


def test_the_text_is_word2vecs(path):
    write_vocabulary(Vocabulary(["the", "of", "é"], np.array([12, 7, 0])), path)
    lines = "the 12\nof 7\né 0\n".encode()
    assert path.read_bytes() == lines + b"</firth-sha256:%s> 0\n" % hashlib.sha256(lines).hexdigest().encode()
    assert has_checksum(path)
    write_vocabulary(Vocabulary(["the", "of", "é"], np.array([12, 7, 0])), path, checked=False)
    assert path.read_bytes() == lines
    assert not has_checksum(path)


@pytest.mark.parametrize("word", ["", " a", "a ", "\n", "a\nb", "a\rb", "\ta", "a\x0b", "\ud800"])
def test_a_word_that_no_line_can_hold_leaves_the_old_file(path, word):
    path.write_text("old 1\n")
    with pytest.raises(FormatError, match="cannot be written: expected text without white space at its ends"):
        write_vocabulary(Vocabulary(["fine", word], np.array([2, 1])), path)
    assert path.read_text() == "old 1\n"
    assert [file.name for file in path.parent.iterdir()] == ["vocab.txt"]


def test_a_failure_leaves_the_old_file(path, monkeypatch):
    path.write_text("old 1\n")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FormatError, match="No space left"):
        write_vocabulary(Vocabulary(["a"], np.array([2])), path)
    assert path.read_text() == "old 1\n"
    assert [file.name for file in path.parent.iterdir()] == ["vocab.txt"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match="does not exist: make it first"):
        write_vocabulary(Vocabulary(["a"], np.array([2])), tmp_path / "absent" / "vocab.txt")


def test_the_longest_token_of_a_text_fits_into_a_line(path):
    vocab = Vocabulary(["x" * MAX_TOKEN, "y"], np.array([MOST_TOKENS - 1, 1]))
    write_vocabulary(vocab, path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert parts(read_vocabulary(path)) == parts(vocab)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"of 7", b"of 8", "line 4: the lines before it are not those of the checksum"),
        (b"of 7\n", b"", "line 3: the lines before it are not those of the checksum"),
        (b"of 7", b"if 7", "the file is damaged, or it was edited; if you have edited it, delete this line"),
        (b"256:", b"256:0", "line 4: the lines before it are not those of the checksum"),
        (b"> 0\n", b"> 1\n", "line 4: the lines before it are not those of the checksum"),
        (b"> 0\n", b"> 0\nmore 3\n", "line 4: the lines go on after the checksum"),
    ],
)
def test_a_file_that_is_damaged_or_edited_is_refused(path, old, new, message):
    write_vocabulary(Vocabulary(["the", "of", "a"], np.array([12, 7, 1])), path)
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    with pytest.raises(FormatError, match=message):
        read_vocabulary(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b"sha256" not in line))
    read_vocabulary(path)


def test_the_ends_of_lines_may_change(path):
    vocab = Vocabulary(["the", "of"], np.array([12, 7]))
    write_vocabulary(vocab, path)
    data = path.read_bytes()
    for changed in (data.replace(b"\n", b"\r\n"), data.rstrip(b"\n")):
        path.write_bytes(changed)
        assert parts(read_vocabulary(path)) == parts(vocab)
        assert has_checksum(path)


def test_a_last_line_without_an_end_is_read_with_a_warning(path):
    path.write_bytes(b"a 1\nb 2")
    with pytest.warns(UserWarning, match="line 2: the last line has no end: was the file cut"):
        assert parts(read_vocabulary(path)) == (["a", "b"], [1, 2])


def test_every_cut_but_one_behind_a_line_and_every_flip_is_found(path):
    write_vocabulary(Vocabulary(["the", "of", "a"], np.array([12, 70, 1])), path)
    data = path.read_bytes()
    for length in range(len(data) - 1):
        path.write_bytes(data[:length])
        if data[:length].endswith(b"\n"):
            assert not has_checksum(path)
        else:
            with pytest.raises((FormatError, UserWarning)):
                read_vocabulary(path)
    for place in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(FormatError):
            read_vocabulary(path)


def test_a_word_that_looks_like_a_checksum_is_refused(path):
    with pytest.raises(FormatError, match="marks the checksum of a file"):
        write_vocabulary(Vocabulary(["a", "</firth-sha256:x"], np.array([2, 1])), path)
    write_vocabulary(Vocabulary(["f" * 64, "0" * 80], np.array([2, 1])), path)
    assert read_vocabulary(path).words == ["f" * 64, "0" * 80]
