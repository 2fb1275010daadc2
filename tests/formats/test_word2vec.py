"""word2vec's files, text and binary: literal bytes, there and back, errors that name the line or the byte."""

import os

import numpy as np
import pytest

from firth.errors import FormatError
from firth.formats.convert import convert
from firth.vectors.container import WordVectors, load

WORDS = ["the", "naïve", "日本", "of", "Ünï", "x"]


def make(words=WORDS, d=4, more=()):
    rng = np.random.default_rng(3)
    center, outside = (rng.normal(size=(n, d)).astype(np.float32) for n in (len(words), len(words) + len(more)))
    counts = np.arange(len(words), 0, -1) * 10
    return WordVectors(words, counts, center, outside, {"dim": d}, [{"epoch": 1}], outside_words=[*words, *more])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors.safetensors"


@pytest.mark.parametrize("more", [(), ("più", "z")])
@pytest.mark.parametrize("extension", ["txt", "vec", "bin"])
def test_conversion_there_and_back_keeps_words_and_vectors(path, tmp_path, extension, more):
    vectors = make(more=more)
    vectors.save(path)
    convert(path, tmp_path / f"v.{extension}")
    convert(tmp_path / f"v.{extension}", tmp_path / "back.safetensors")
    back = load(tmp_path / "back.safetensors")
    assert back.words == back.outside_words == WORDS
    np.testing.assert_array_equal(back.center, vectors.center)
    assert not back.counts.any()
    assert (back.outside, back.nodes, back.subwords, back.config, back.history) == (None, None, None, {}, [])


def test_the_text_format_literally(path, tmp_path):
    center = np.array([[1, -0.5], [0.1, 1e-20]], dtype=np.float32)
    WordVectors(["a", "é"], np.array([2, 1]), center, None, {}, []).save(path)
    convert(path, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_bytes() == "2 2\na 1 -0.5\né 0.100000001 9.99999968e-21\n".encode()


def test_binary_without_line_ends_and_text_with_spare_spaces_are_read(tmp_path):
    (tmp_path / "v.bin").write_bytes(b"2 1\na \0\0\x80?b \x20\x20\x20\x20")
    (tmp_path / "v.txt").write_bytes(b"2 1\r\na 1 \r\nb  7.5e-1  \n\n")
    for name in ("v.bin", "v.txt"):
        convert(tmp_path / name, tmp_path / "v.safetensors")
        assert load(tmp_path / "v.safetensors").words == ["a", "b"]
    assert load(tmp_path / "v.safetensors").center.tolist() == [[1], [0.75]]


@pytest.mark.parametrize("word", ["", "a b", "a\n", "\ta"])
def test_words_that_word2vecs_formats_cannot_hold_are_refused(path, tmp_path, word):
    make(words=["fine", word]).save(path)
    for name in ("v.txt", "v.bin"):
        with pytest.raises(
            FormatError, match=r"v\.(txt|bin): the word .* cannot be written; give --space _ to write _"
        ):
            convert(path, tmp_path / name)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"king 0.5 0.25\n", "line 1: .*expected two numbers, the words and the dimension"),
        (b"0 3\n", "line 1: .*expected two numbers"),
        (b"9999999999 300\na 1\n", "line 1: 9999999999 words of dimension 300: the file is too short"),
        (b"2 2\na 1 2\nb 3\n     ", "line 3: 2 fields: expected a word and 2 numbers"),
        (b"2 2\na 1 2\n           ", "line 3: 0 fields"),
        (b"2 2\na 1 2\nb 3 x\n", "line 3: could not convert string to float"),
        (b"2 2\na 1 2\n\xff 3 4\n", "line 3: .*expected a word in UTF-8"),
        (b"2 2\na 1 2\na 3 4\n", "line 3: the word 'a' comes twice"),
        (b"2 2\na 1 2\nb 1 nan\n", "line 3: the vector of 'b' is not finite"),
        (b"2 2\na 1 2\nb 1 1e39\n", "line 3: the vector of 'b' is not finite"),
        (b"2 2\na 1 2\nb 3 4\nc 5 6\n", "line 4: more text: expected an end after the 2 words"),
    ],
)
def test_bad_text_is_named_by_its_line(tmp_path, content, message):
    (tmp_path / "v.txt").write_bytes(content)
    with pytest.raises(FormatError, match=f"v.txt, {message}"):
        convert(tmp_path / "v.txt", tmp_path / "v.safetensors")
    assert os.listdir(tmp_path) == ["v.txt"]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_damaged_word2vec_files_give_a_clear_error_or_valid_vectors(path, tmp_path, name):
    make(words=["a", "日本"], d=2).save(path)
    convert(path, tmp_path / name)
    raw = (tmp_path / name).read_bytes()
    damaged = [raw[:at] for at in range(len(raw) - 1)]
    damaged += [raw[:at] + bytes([byte]) + raw[at + 1 :] for at in range(len(raw)) for byte in (0, 10, 32, 57, 255)]
    outcomes = set()
    for content in damaged:
        (tmp_path / name).write_bytes(content)
        try:
            convert(tmp_path / name, path)
            load(path).neighbors(load(path).words[0])
            outcomes.add(None)
        except FormatError:
            outcomes.add(FormatError)
    assert outcomes == {None, FormatError}
