"""Conversion: the format by extension or by name, and nothing lost on the way to firth's own."""

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.formats.convert import convert
from firth.formats.loading import load as load_any
from firth.vectors.container import WordVectors, load
from firth.vectors.subwords import Subwords, word_vectors

WORDS = ["the", "naïve", "日本"]


def make(outside_words=WORDS, **more):
    rng = np.random.default_rng(4)
    center, outside = (rng.normal(size=(n, 4)).astype(np.float32) for n in (3, len(outside_words)))
    parts = (WORDS, np.array([3, 2, 1]), center, None if "nodes" in more else outside, {"dim": 4}, [{"epoch": 1}])
    return WordVectors(*parts, outside_words=outside_words, **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors.safetensors"


@pytest.mark.parametrize(
    "vectors",
    [
        make([*WORDS, "più", ""], bias=np.arange(5, dtype=np.float32)),
        make(nodes=np.ones((2, 4), np.float32), subwords=Subwords(2, 5, 11, np.ones((3 + 11, 4), np.float32))),
    ],
)
def test_conversion_to_firths_own_format_keeps_everything(path, tmp_path, vectors):
    vectors.save(path)
    convert(path, tmp_path / "copy.safetensors")
    assert (tmp_path / "copy.safetensors").read_bytes() == path.read_bytes()


def test_the_format_can_be_named(path, tmp_path):
    make().save(path)
    convert(path, tmp_path / "plain", to="word2vec-text")
    assert (tmp_path / "plain").read_bytes().startswith(b"3 4\nthe ")
    with pytest.raises(ConfigError, match="to is 'pickle': expected 'safetensors' or"):
        convert(path, tmp_path / "plain", to="pickle")
    with pytest.raises(FormatError, match=r"the extension names no format: expected \.safetensors, \.txt"):
        convert(path, tmp_path / "plain.xyz")
    convert(tmp_path / "plain", path)  # the content tells the format
    assert load(path).words == WORDS


def test_n_grams_that_a_format_cannot_hold_are_warned_of(path, tmp_path):
    make(subwords=Subwords(2, 5, 11, np.ones((3 + 11, 4), np.float32))).save(path)
    with pytest.warns(UserWarning, match=r"v\.txt: word2vec-text has no place for n-grams"):
        convert(path, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_bytes().startswith(b"3 4\nthe ")


def test_a_folder_that_does_not_exist_is_named(path, tmp_path):
    make().save(path)
    with pytest.raises(FormatError, match=r"the folder .*absent does not exist: make it first"):
        convert(path, tmp_path / "absent" / "v.txt")


def test_words_in_another_spelling_keep_their_vectors_where_n_grams_are(path, tmp_path):
    words = ["the", "New York", "in\tfact", "a_b"]
    rows = np.random.default_rng(3).normal(size=(4 + 11, 4)).astype(np.float32)
    subwords = Subwords(2, 5, 11, rows)
    center = np.concatenate(list(word_vectors([word.encode() for word in words], subwords)))
    WordVectors(words, np.array([4, 3, 2, 1]), center, None, {"dim": 4}, [], subwords=subwords).save(path)
    convert(path, tmp_path / "v.bin", "fasttext", space="_")
    read = load_any(tmp_path / "v.bin")
    assert read.words == ["the", "New_York", "in_fact", "a_b"]
    np.testing.assert_allclose(read.center, center, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(read.subwords.rows[[0, *range(3, 15)]], rows[[0, *range(3, 15)]])
