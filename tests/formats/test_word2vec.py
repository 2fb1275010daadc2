"""word2vec's binary files: literal bytes, there and back, errors that name the byte."""

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
@pytest.mark.parametrize("extension", ["bin"])
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


def test_the_binary_format_literally(path, tmp_path):
    WordVectors(["a", "é"], np.array([2, 1]), np.array([[1], [2]], np.float32), None, {}, []).save(path)
    convert(path, tmp_path / "v.bin")
    assert (tmp_path / "v.bin").read_bytes() == b"2 1\na \0\0\x80?\n\xc3\xa9 \0\0\0@\n"


def test_binary_without_line_ends_is_read(tmp_path):
    (tmp_path / "v.bin").write_bytes(b"2 1\na \0\0\x80?b \x20\x20\x20\x20")
    convert(tmp_path / "v.bin", tmp_path / "v.safetensors")
    assert load(tmp_path / "v.safetensors").words == ["a", "b"]


@pytest.mark.parametrize("word", ["", "a b", "a\n", "\ta"])
def test_words_that_word2vecs_formats_cannot_hold_are_refused(path, tmp_path, word):
    make(words=["fine", word]).save(path)
    with pytest.raises(FormatError, match="cannot be written"):
        convert(path, tmp_path / "v.bin")
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": the file is empty"),
        (b"1 1", ", line 1: b'': expected two numbers"),
        (b"99 9\na 1234", ", line 1: 99 words of dimension 9: the file is too short"),
        (b"2 1\na \0\0\0\0\nb \0\0", ", byte 10: expected word 2 of 2, a space and 4 bytes"),
        (b"2 1\na \0\0\0\0\nbbbbbbbbb", ", byte 10: expected word 2 of 2"),
        (b"1 1\n\xff \0\0\0\0\n", ", byte 4: the word is b'.xff': expected UTF-8"),
        (b"1 1\na \0\0\xc0\x7f\n", ", byte 4: the vector of 'a' is not finite"),
        (b"1 1\na \0\0\0\0\nb \0\0\0\0", ", byte 10: more bytes"),
        (b"2 1\na \0\0\0\0\na \0\0\0\0", ": the word 'a' comes twice"),
    ],
)
def test_bad_binary_is_named_by_its_byte(tmp_path, content, message):
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(FormatError, match=f"v.bin{message}"):
        convert(tmp_path / "v.bin", tmp_path / "v.safetensors")
    assert os.listdir(tmp_path) == ["v.bin"]


@pytest.mark.parametrize("name", ["v.bin"])
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
