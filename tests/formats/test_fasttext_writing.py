"""fastText's models as written: literal bytes, there and back, and, where fastText is, its own answers."""

import json
import os
import struct
import subprocess

import numpy as np
import pytest

from firth.errors import FormatError
from firth.formats import fasttext, fasttext_writing
from firth.formats.convert import convert
from firth.formats.loading import load
from firth.formats.request import EVERYTHING
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords, word_vectors

WORDS = ["</s>", "the", "naïve", "日本", "🦊"]
HS, NS, SOFTMAX = 1, 2, 3
CBOW, SKIPGRAM = 1, 2


def make(words=WORDS, d=3, bucket=7, minn=2, maxn=4, counts=None, config=None, **more):
    """Vectors with n-grams, and means of their rows as center vectors; without n-grams if `bucket` is 0."""
    rng = np.random.default_rng(7)
    center, subwords = rng.normal(size=(len(words), d)).astype(np.float32), None
    if bucket:
        subwords = Subwords(minn, maxn, bucket, rng.normal(size=(len(words) + bucket, d)).astype(np.float32))
        center = np.concatenate(list(word_vectors([word.encode() for word in words], subwords)))
    counts = np.array(counts or range(len(words), 0, -1))
    outside = None if "nodes" in more else rng.normal(size=(len(words), d)).astype(np.float32)
    return WordVectors(
        words, counts, center, **({"outside": outside} | more), config=config or {}, history=[], subwords=subwords
    )


def back(tmp_path, vectors):
    fasttext_writing.write(vectors, tmp_path / "model.bin")
    return fasttext.read(tmp_path / "model.bin", EVERYTHING)


def test_the_bytes_are_the_formats_own(tmp_path):
    config = {"window": 4, "epochs": 9, "min_count": 2, "negatives": 6, "subsample": 0.125, "architecture": "cbow"}
    rows = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    parts = [["a"], np.array([100]), np.array([[2, 3]], np.float32), np.array([[7, 8]], np.float32), config, []]
    fasttext_writing.write(WordVectors(*parts, subwords=Subwords(2, 3, 2, rows)), tmp_path / "m.bin")
    numbers = "ba164f2f 0c000000 02000000 04000000 09000000 02000000 06000000 01000000 02000000 01000000 02000000"
    numbers += (
        " 02000000 03000000 64000000 000000000000c03f 01000000 01000000 00000000 6400000000000000 ffffffffffffffff"
    )
    raw = bytes.fromhex(numbers) + b"a\0" + bytes.fromhex("6400000000000000 00")
    raw += struct.pack("<?2q6f", False, 3, 2, 1, 2, 3, 4, 5, 6) + struct.pack("<?2q2f", False, 1, 2, 7, 8)
    assert (tmp_path / "m.bin").read_bytes() == raw


@pytest.mark.parametrize(("architecture", "loss"), [("skipgram", "negative-sampling"), ("cbow", "softmax")])
def test_vectors_with_ngrams_there_and_back(tmp_path, monkeypatch, architecture, loss):
    monkeypatch.setattr("firth.files.tensors.BYTES_AT_ONCE", 24)
    vectors = make(config={"architecture": architecture, "loss": loss, "window": 8})
    found = back(tmp_path, vectors)
    assert found.words == vectors.words
    for name in ("counts", "center", "outside"):
        np.testing.assert_array_equal(getattr(found, name), getattr(vectors, name))
    np.testing.assert_array_equal(found.subwords.rows, vectors.subwords.rows)
    assert (found.subwords.minn, found.subwords.maxn, found.subwords.bucket) == (2, 4, 7)
    assert (found.config["architecture"], found.config["loss"], found.config["window"]) == (architecture, loss, 8)
    np.testing.assert_array_equal(found["unseen"], vectors["unseen"])


def test_vectors_without_ngrams_and_without_outside_vectors(tmp_path, monkeypatch):
    monkeypatch.setattr(fasttext_writing, "ZEROS_AT_ONCE", 2)
    vectors = make(bucket=0, outside=None)
    found = back(tmp_path, vectors)
    assert found.subwords is None
    np.testing.assert_array_equal(found.center, vectors.center)
    assert not found.outside.any()


def test_of_more_outside_words_those_of_the_words_are_kept(tmp_path):
    more = np.ones((7, 3), np.float32)
    found = back(tmp_path, make(outside=more, outside_words=[*WORDS, "x", "y"]))
    np.testing.assert_array_equal(found.outside, more[:5])


def test_the_nodes_of_a_tree_there_and_back(tmp_path):
    nodes = np.arange(12, dtype=np.float32).reshape(4, 3)
    found = back(tmp_path, make(nodes=nodes, outside=None, config={"loss": "hierarchical-softmax"}))
    np.testing.assert_array_equal(found.nodes, nodes)
    assert found.config["loss"] == "hierarchical-softmax"
    vectors = make(nodes=nodes, outside=None, counts=[1, 2, 3, 4, 5])
    with pytest.warns(
        UserWarning, match=r"model\.bin: the nodes of the Huffman tree are left out: the words do not stand"
    ):
        found = back(tmp_path, vectors)
    assert found.nodes is None
    assert found.config["loss"] == "negative-sampling"


@pytest.mark.parametrize(
    "config",
    [
        {"window": "wide", "epochs": -1, "negatives": 2**40, "min_count": True, "subsample": "x", "loss": ["x"]},
        {"architecture": "supervised", "loss": "one-vs-all", "subsample": float("nan"), "window": None},
    ],
)
def test_settings_that_fasttext_does_not_know_become_its_defaults(tmp_path, config):
    found = back(tmp_path, make(config=config)).config
    assert found["loss"], found["architecture"] == ("negative-sampling", "skipgram")
    names = ("window", "epochs", "negatives", "min_count", "subsample")
    assert [found[name] for name in names] == [5, 5, 5, 5, 1e-4]


def test_bin_is_fasttexts_for_vectors_with_ngrams_and_word2vecs_for_others(tmp_path):
    make().save(tmp_path / "v.safetensors")
    make(bucket=0).save(tmp_path / "plain.safetensors")
    assert convert(tmp_path / "v.safetensors", tmp_path / "v.bin").target_format == "fasttext"
    assert convert(tmp_path / "plain.safetensors", tmp_path / "p.bin").target_format == "word2vec-binary"
    assert convert(tmp_path / "plain.safetensors", tmp_path / "p.bin", "fasttext").target_format == "fasttext"
    assert load(tmp_path / "p.bin").counts.tolist() == [5, 4, 3, 2, 1]
    with pytest.warns(UserWarning, match="word2vec-binary has no place for n-grams"):
        convert(tmp_path / "v.safetensors", tmp_path / "v.bin", "word2vec-binary")


@pytest.mark.parametrize("word", ["", "a b", "a\tb", "a\n", "a\0b", "x" * (2**20 + 1)])
def test_words_that_a_model_cannot_hold_are_refused_before_anything_is_written(tmp_path, word):
    make(words=["fine", word]).save(tmp_path / "v.safetensors")
    with pytest.raises(FormatError, match=r"v\.bin: the word .* cannot be written"):
        convert(tmp_path / "v.safetensors", tmp_path / "v.bin")
    assert os.listdir(tmp_path) == ["v.safetensors"]


def test_the_longest_word_there_and_back(tmp_path):
    words = ["x" * 2**20, "no\u00a0break"]
    assert back(tmp_path, make(words=words, maxn=2)).words == words


# fastText itself, where FIRTH_FASTTEXT_PYTHON names an interpreter that has it.

PEER = """
import json, sys, fasttext
model = fasttext.load_model(sys.argv[1])
rows = {word: model.get_word_vector(word).tolist() for word in json.loads(sys.argv[2])}
output = model.get_output_matrix().tolist()
answers = {"words": model.get_words(), "rows": rows, "output": output, "dim": model.get_dimension()}
json.dump(answers, open(sys.argv[3], "w"))
"""


@pytest.mark.parametrize(
    "kind",
    [
        {"minn": 2, "maxn": 5, "bucket": 1000},
        {"minn": 1, "maxn": 3, "bucket": 5, "config": {"loss": "softmax", "architecture": "cbow"}},
        {"minn": 3, "maxn": 6, "bucket": 50, "nodes": np.ones((9, 3), np.float32), "outside": None},
        {"bucket": 0},
        {"bucket": 0, "outside": None},
        {"bucket": 20, "counts": [0] * 10},
        {"bucket": 0, "counts": [0] * 10, "nodes": np.ones((9, 3), np.float32), "outside": None},
    ],
    ids=str,
)
def test_fasttext_gives_the_same_vectors(tmp_path, kind):
    python = os.environ.get("FIRTH_FASTTEXT_PYTHON")
    if python is None:
        pytest.skip("FIRTH_FASTTEXT_PYTHON names no interpreter that has fastText")
    kind = {"counts": [9, 9, 8, 7, 7, 7, 3, 2, 1, 1]} | kind
    words = [*WORDS, "king", "कि", "kingdom", "a-b", "𝒳"]
    vectors = make(words=words, **kind)
    fasttext_writing.write(vectors, tmp_path / "m.bin")
    unseen = ["kings", "日本語", "never", "🦊🦊", "naïveté"] if vectors.subwords else []
    arguments = [tmp_path / "m.bin", json.dumps(words + unseen), tmp_path / "answers.json"]
    subprocess.run([python, "-c", PEER, *map(str, arguments)], check=True, capture_output=True)
    answers = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    assert answers["words"] == words
    assert answers["dim"] == 3
    found = np.array([answers["rows"][word] for word in words + unseen], np.float32)
    np.testing.assert_allclose(found, vectors[words + unseen], rtol=1e-5, atol=1e-6)
    expected = np.zeros((10, 3)) if vectors.outside is None else vectors.outside
    if vectors.nodes is not None:
        expected = np.concatenate([vectors.nodes[::-1], np.zeros((1, 3))])
    np.testing.assert_array_equal(np.array(answers["output"], np.float32), expected)
