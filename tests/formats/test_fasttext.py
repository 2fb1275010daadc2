"""fastText's models: a file written here byte for byte, damaged ones, and, where fastText is, its own answers."""

import json
import os
import re
import struct
import subprocess
import warnings

import numpy as np
import pytest

from firth import reference
from firth.errors import FirthError, FormatError
from firth.files import paths, tensors
from firth.formats import convert as conversion
from firth.formats.convert import convert
from firth.formats.loading import load as load_any
from firth.vectors.container import load
from firth.vectors.subwords import ngram_rows

WORDS = ["</s>", "the", "naïve", "日本"]
DIM, BUCKET = 3, 7
HS, NS, SOFTMAX = 1, 2, 3
CBOW, SKIPGRAM, SUPERVISED = 1, 2, 3


def model_bytes(
    *,
    version=12,
    loss=NS,
    model=SKIPGRAM,
    minn=3,
    maxn=6,
    bucket=BUCKET,
    words=WORDS,
    labels=(),
    pruned=-1,
    quantised=(False, False),
    seed=0,
    counts=None,
    matrices=None,
):
    """A model as fastText lays it out, and its two matrices."""
    rng = np.random.default_rng(seed)
    outputs = len(labels) if model == SUPERVISED else len(words)
    if matrices is None:
        matrices = [rng.normal(size=(rows, DIM)).astype("<f4") for rows in (len(words) + bucket, outputs)]
    counts = counts or range(100, 0, -1)
    # dim, window, epochs, min_count, negatives, word n-grams, loss, model, bucket, minn, maxn, updates of the rate
    raw = struct.pack("<2i", 793712314, version)
    raw += struct.pack("<12id", matrices[0].shape[1], 4, 9, 2, 6, 1, loss, model, bucket, minn, maxn, 100, 0.125)
    raw += struct.pack("<3iqq", len(words) + len(labels), len(words), len(labels), 1000, pruned)
    for i, word in enumerate([*words, *labels]):
        encoded = word if isinstance(word, bytes) else word.encode()
        raw += encoded + b"\0" + struct.pack("<qb", counts[i], i >= len(words))
    for flag, matrix in zip(quantised, matrices, strict=True):
        raw += struct.pack("<?qq", flag, *matrix.shape) + matrix.tobytes()
    return raw, matrices


def converted(tmp_path, raw, name="model.bin"):
    (tmp_path / name).write_bytes(raw)
    convert(tmp_path / name, tmp_path / "v.safetensors")
    assert set(os.listdir(tmp_path)) == {name, "v.safetensors"}
    return load(tmp_path / "v.safetensors")


def means(rows, words=WORDS, minn=3, maxn=6, bucket=BUCKET):
    offsets, ids = ngram_rows(words, minn, maxn, bucket)
    parts = np.split(ids, offsets[1:-1])
    return np.array([rows[part].astype(np.float64).mean(axis=0) for part in parts]).astype(np.float32)


@pytest.mark.parametrize("model", [SKIPGRAM, CBOW])
def test_a_model_is_read(tmp_path, model):
    raw, (rows, output) = model_bytes(model=model)
    vectors = converted(tmp_path, raw)
    assert vectors.words == WORDS
    assert vectors.counts.tolist() == [100, 99, 98, 97]
    np.testing.assert_array_equal(vectors.center, means(rows))
    np.testing.assert_array_equal(vectors.center[0], rows[0])  # the end of a line has no n-grams
    np.testing.assert_array_equal(vectors.subwords.rows, rows)
    np.testing.assert_array_equal(vectors.outside, output)
    assert (vectors.subwords.minn, vectors.subwords.maxn, vectors.subwords.bucket) == (3, 6, 7)
    assert vectors.nodes is None
    assert vectors.history == []
    assert vectors.config == {
        **{"loss": "negative-sampling", "architecture": "cbow" if model == CBOW else "skipgram"},
        **{"dim": 3, "window": 4, "epochs": 9, "min_count": 2, "negatives": 6, "ns_exponent": 0.5},
        **{"subsample": 0.125, "minn": 3, "maxn": 6, "bucket": 7},
    }
    ids = ngram_rows(["日本語"], 3, 6, BUCKET)[1][1:] + (len(WORDS) - 1)
    expected = rows[ids].astype(np.float64).mean(axis=0).astype(np.float32)
    np.testing.assert_array_equal(vectors["日本語"], expected)


def test_the_bytes_are_the_formats_own():
    """The first bytes and the length of the file, written out."""
    raw, _ = model_bytes(words=["a"], minn=2, maxn=3, bucket=1)
    numbers = "ba164f2f 0c000000 03000000 04000000 09000000 02000000 06000000 01000000 02000000 02000000 01000000"
    numbers += (
        "02000000 03000000 64000000 000000000000c03f 01000000 01000000 00000000 e803000000000000 ffffffffffffffff"
    )
    assert raw.startswith(bytes.fromhex(numbers) + b"a\0" + bytes.fromhex("6400000000000000 00 00 0200000000000000"))
    assert len(raw) == 64 + 28 + 2 + 9 + 2 * 17 + 4 * (6 + 3)


@pytest.mark.parametrize(("minn", "maxn", "least"), [(0, 2, 1), (0, 0, None), (5, 4, None), (-1, -1, None)])
def test_least_lengths_as_fasttext_takes_them(tmp_path, minn, maxn, least):
    """None at all is no n-gram, and from 0 is from 1."""
    raw, (rows, output) = model_bytes(minn=minn, maxn=maxn)
    vectors = converted(tmp_path, raw)
    np.testing.assert_array_equal(vectors.outside, output)
    if least is None:
        assert vectors.subwords is None
        assert vectors.config["maxn"] == 0
        assert not {"minn", "bucket"} & set(vectors.config)
        np.testing.assert_array_equal(vectors.center, rows[: len(WORDS)])
    else:
        assert (vectors.subwords.minn, vectors.subwords.maxn) == (1, 2)
        np.testing.assert_array_equal(vectors.center, means(rows, minn=1, maxn=2))


def test_without_buckets(tmp_path):
    raw, (rows, _) = model_bytes(minn=0, maxn=0, bucket=0)
    vectors = converted(tmp_path, raw)
    np.testing.assert_array_equal(vectors.center, rows)


def test_of_a_supervised_model_words_and_ngrams_are_read(tmp_path):
    for loss in (NS, SOFTMAX, HS):
        raw, (rows, _) = model_bytes(model=SUPERVISED, loss=loss, labels=["__label__a", "__label__b"])
        with pytest.warns(UserWarning, match=r"model.bin: a supervised model: its 2 labels and .* are left out"):
            vectors = converted(tmp_path, raw)
        assert vectors.words == WORDS
        assert vectors.outside is None
        assert vectors.config["architecture"] == "supervised"
        assert vectors.config["word_ngrams"] == 1
        np.testing.assert_array_equal(vectors.center, means(rows))


def test_labels_in_an_unsupervised_model_are_no_words(tmp_path):
    raw, (rows, _) = model_bytes(labels=["__label__a"])
    vectors = converted(tmp_path, raw)
    assert vectors.words == WORDS
    np.testing.assert_array_equal(vectors.center, means(rows))


def test_supervised_models_of_version_11_have_no_ngrams(tmp_path):
    raw, (rows, _) = model_bytes(version=11, model=SUPERVISED, labels=["__label__a"])
    with pytest.warns(UserWarning, match="a supervised model"):
        vectors = converted(tmp_path, raw)
    assert vectors.subwords is None
    np.testing.assert_array_equal(vectors.center, rows[: len(WORDS)])
    raw, (rows, _) = model_bytes(version=11)
    np.testing.assert_array_equal(converted(tmp_path, raw).center, means(rows))


@pytest.mark.parametrize("model", [SKIPGRAM, CBOW])
def test_the_nodes_of_hierarchical_softmax_are_read(tmp_path, model):
    raw, (rows, output) = model_bytes(loss=HS, model=model, counts=[4, 2, 1, 1])
    vectors = converted(tmp_path, raw)
    # 1+1 is row 0, and with the word of 2 row 1; that with the word of 4 is row 2, the root; row 3 is not used
    np.testing.assert_array_equal(vectors.nodes, output[[2, 1, 0]])
    assert reference.huffman(vectors.counts)[3] == ((0, 1, 2), (1, 1, 1))
    assert vectors.outside is None
    assert vectors.config["loss"] == "hierarchical-softmax"
    np.testing.assert_array_equal(vectors.center, means(rows))


def test_the_tree_of_one_word_has_no_nodes(tmp_path):
    raw, _ = model_bytes(loss=HS, words=["a"])
    assert converted(tmp_path, raw).nodes.shape == (0, DIM)


def test_nodes_of_counts_that_do_not_fall_are_left_out(tmp_path):
    raw, (rows, _) = model_bytes(loss=HS, counts=[9, 7, 8, 2])
    with pytest.warns(UserWarning, match=r"model.bin: the nodes of the Huffman tree are left out: the words do not"):
        vectors = converted(tmp_path, raw)
    assert vectors.nodes is None
    assert vectors.outside is None
    np.testing.assert_array_equal(vectors.center, means(rows))


def test_words_that_are_not_utf8_keep_their_vectors(tmp_path):
    raw, (rows, _) = model_bytes(words=["ok", b"\xe6\x97", "also"])
    with pytest.warns(
        UserWarning, match=re.escape(r"words that are not UTF-8, kept with \x.. for what is not: 1. The first: word 2")
    ):
        vectors = converted(tmp_path, raw)
    assert vectors.words == ["ok", r"\xe6\x97", "also"]
    with pytest.raises(FormatError, match=r"word 2: b'.xe6.x97' is not UTF-8; without --errors strict it is mended"):
        load_any(tmp_path / "model.bin", errors="strict")
    np.testing.assert_array_equal(vectors.center[[0, 2]], means(rows, ["ok", "x", "also"])[[0, 2]])


def test_words_that_come_again_keep_their_rows(tmp_path):
    raw, (rows, _) = model_bytes(words=["a", "b", "a", b"\xff", r"\xff"])
    with pytest.warns(
        UserWarning,
        match=r"words that come again, kept .*: 2; words that .* UTF-8.*: 1. The first: word 3: b'a' com",
    ):
        vectors = converted(tmp_path, raw)
    assert vectors.words == ["a", "b", r"\x61", r"\xff", r"\x5c\x78\x66\x66"]
    np.testing.assert_array_equal(vectors.subwords.rows, rows)


def test_none_of_the_wanted_words_names_the_file(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(model_bytes()[0])
    with pytest.raises(FormatError, match=r"model\.bin: none of the 1 wanted words is in the file"):
        load_any(path, words=["absent"])


def test_the_first_bytes_name_the_format(tmp_path):
    raw, (rows, _) = model_bytes()
    for name in ("model", "model.ftz", "model.bin", "model.txt"):
        (tmp_path / name).write_bytes(raw)
        convert(tmp_path / name, tmp_path / "v.safetensors")
        np.testing.assert_array_equal(load(tmp_path / "v.safetensors").center, means(rows))
        with pytest.raises(FormatError, match=f"word2vec or fastText, run: firth convert .*{name} .*model.safetensors"):
            load(tmp_path / name)


def test_conversion_to_word2vecs_formats_says_that_ngrams_are_lost(tmp_path):
    raw, (rows, _) = model_bytes()
    (tmp_path / "model.bin").write_bytes(raw)
    convert(tmp_path / "model.bin", tmp_path / "v.safetensors")
    for source in ("model.bin", "v.safetensors"):
        with pytest.warns(
            UserWarning, match="word2vec-text has no place for n-grams: words never seen have no vectors"
        ):
            convert(tmp_path / source, tmp_path / "v.txt")
        convert(tmp_path / "v.txt", tmp_path / "back.safetensors")
        np.testing.assert_array_equal(load(tmp_path / "back.safetensors").center, means(rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 13}, ": fastText's format 13: expected 11 or 12"),
        ({"version": 10}, ": fastText's format 10"),
        ({"pruned": 5}, ", byte 64: a pruned model, which lacks n-grams: convert the .bin it was made from"),
        ({"pruned": 0}, ", byte 64: a pruned model"),
        ({"quantised": (True, False)}, ", byte 1..: the input matrix is quantised: convert the .bin"),
        ({"quantised": (False, True)}, ", byte 3..: the output matrix is quantised"),
        ({"loss": 5}, ", byte 8: the settings .* are none of fastText's"),
        ({"model": 0}, ", byte 8: the settings .* are none of fastText's"),
        ({"maxn": 65}, ", byte 8: n-grams of up to 65 characters in 7 buckets: expected 1 to 64, and 1 or more"),
        ({"bucket": 0}, ", byte 8: n-grams of up to 6 characters in 0 buckets"),
        ({"words": []}, ", byte 64: 0 words, 0 labels and 0 in all do not fit"),
        ({"words": ["a", "b", "a", "a"]}, ", word 4: b'a' comes again: expected every word once"),
    ],
)
def test_models_that_cannot_be_read_are_refused(tmp_path, change, message):
    raw, _ = model_bytes(**change)
    (tmp_path / "model.bin").write_bytes(raw)
    with pytest.raises(FormatError, match=f"model.bin{message}"):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")
    assert os.listdir(tmp_path) == ["model.bin"]


SIZES, FIRST = 64, 64 + 28


@pytest.mark.parametrize(
    ("at", "layout", "value", "message"),
    [
        (8, "<i", 0, "none of fastText's"),
        (40, "<i", -1, "none of fastText's"),
        (56, "<d", float("nan"), "none of fastText's"),
        (SIZES, "<i", 5, "do not fit"),
        (SIZES, "<3i", (2**31 - 1, 2**31 - 1, 0), "byte 64: 2147483647 words, 0 labels .* do not fit"),
        (SIZES, "<3i", (4, 5, -1), "do not fit"),
        (SIZES, "<3i", (4, 3, 1), "entry 3 is of kind 0: expected 3 words"),
        (FIRST + 5, "<q", -1, "the count of '</s>' is negative"),
        (FIRST + 13, "<b", 1, "byte 92: entry 0 is of kind 1: expected 4 words"),
        (FIRST + 13, "<b", 2, "entry 0 is of kind 2"),
    ],
)
def test_damaged_sizes_and_entries_are_refused(tmp_path, at, layout, value, message):
    raw = bytearray(model_bytes()[0])
    struct.pack_into(layout, raw, at, *(value if isinstance(value, tuple) else (value,)))
    (tmp_path / "model.bin").write_bytes(raw)
    with pytest.raises(FormatError, match=f"model.bin.*{message}"):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")


@pytest.mark.parametrize("matrix", [0, 1])
@pytest.mark.parametrize("shape", [(11, 4), (12, 3), (-1, 3), (2**62, 3), (11, 2**61)])
def test_matrices_of_other_shapes_are_refused(tmp_path, matrix, shape):
    raw, matrices = model_bytes()
    headers = [struct.pack("<?qq", False, *array.shape) for array in matrices]
    raw = raw.replace(headers[matrix], struct.pack("<?qq", False, *shape))
    (tmp_path / "model.bin").write_bytes(raw)
    name = ("input", "output")[matrix]
    with pytest.raises(FormatError, match=rf"the {name} matrix is of shape \({shape[0]}, {shape[1]}\): expected \("):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")


def test_a_word_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("firth.formats.fasttext.MAX_TOKEN", 3)
    (tmp_path / "model.bin").write_bytes(model_bytes()[0])
    with pytest.raises(FormatError, match=r"model.bin, byte 92: no end of the word within 3 bytes"):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")


@pytest.mark.parametrize("maxn", [0, 6])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_named(tmp_path, monkeypatch, maxn, value):
    monkeypatch.setattr("firth.vectors.subwords.BLOCK_BYTES", 6)
    monkeypatch.setattr(tensors, "BYTES_AT_ONCE", 24)
    raw, (rows, _) = model_bytes(maxn=maxn)
    raw = raw.replace(rows[2, 1].tobytes(), np.float32(value).tobytes())
    (tmp_path / "model.bin").write_bytes(raw)
    with pytest.raises(FormatError, match=r"model.bin: the vector of 'naïve' is not finite"):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")
    assert os.listdir(tmp_path) == ["model.bin"]


def test_more_bytes_are_refused(tmp_path):
    (tmp_path / "model.bin").write_bytes(model_bytes()[0] + b"\0")
    with pytest.raises(FormatError, match=r"more bytes: expected an end after the output matrix"):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    (tmp_path / "model.bin").write_bytes(model_bytes()[0])
    monkeypatch.setattr(conversion, "check_writable", lambda path: None)
    monkeypatch.setattr(paths.tempfile, "TemporaryFile", full)
    with pytest.raises(FormatError, match="cannot be written to: No space left on device; make room"):
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")


def outcome(tmp_path, raw):
    (tmp_path / "model.bin").write_bytes(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            convert(tmp_path / "model.bin", tmp_path / "v.safetensors")
        vectors = load(tmp_path / "v.safetensors")
        vectors.neighbors(vectors.words[0])
        if vectors.subwords is not None:
            vectors.subwords.vector("日本語" * 3)
    except FirthError as error:
        return type(error)
    return None


KINDS = [{}, {"loss": HS}, {"model": SUPERVISED, "labels": ["__label__a"]}]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_truncation_is_refused(tmp_path, kind):
    raw, _ = model_bytes(**kind)
    for length in range(len(raw)):
        assert outcome(tmp_path, raw[:length]) is FormatError, length


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_flipped_bytes_give_a_clear_error_or_valid_vectors(tmp_path, kind):
    raw, _ = model_bytes(**kind)
    rng = np.random.default_rng(5)
    outcomes = set()
    for at in range(len(raw)):
        flipped = bytearray(raw)
        flipped[at] ^= int(rng.integers(1, 256))
        outcomes.add(outcome(tmp_path, flipped))
    assert outcomes == {None, FormatError}


# fastText itself, where FIRTH_FASTTEXT_PYTHON names an interpreter that has it.

PEER = """
import json, sys, fasttext
settings = json.loads(sys.argv[1])
train = fasttext.train_supervised if settings.pop("supervised") else fasttext.train_unsupervised
model = train(sys.argv[2], thread=1, verbose=0, **settings)
model.save_model(sys.argv[3])
words = model.get_words()
unseen = [a + b for a in words[:40] for b in words[40:80] if a + b not in words and "</s>" not in (a, b)][:100]
rows = {word: model.get_word_vector(word).tolist() for word in words + unseen}
json.dump({"words": words, "unseen": unseen, "rows": rows}, open(sys.argv[4], "w"))
"""


def ask_fasttext(script, *arguments):
    """Run a script where fastText is."""
    python = os.environ.get("FIRTH_FASTTEXT_PYTHON")
    if python is None:
        pytest.skip("FIRTH_FASTTEXT_PYTHON names no interpreter that has fastText")
    subprocess.run([python, "-c", script, *arguments], check=True, capture_output=True)


LETTERS = "abcdeéñßжщяκλक़ि日本語한국𝒳👩"


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "skipgram", "loss": "ns", "minn": 3, "maxn": 6, "bucket": 5000},
        {"model": "cbow", "loss": "hs", "minn": 1, "maxn": 4, "bucket": 777},
        {"model": "skipgram", "loss": "softmax", "minn": 2, "maxn": 2, "bucket": 100},
        {"model": "skipgram", "loss": "ns", "minn": 0, "maxn": 0},
        {"model": "cbow", "loss": "ns", "minn": 2, "maxn": 5, "bucket": 300, "wordNgrams": 2},
        {"supervised": True},
        {"supervised": True, "minn": 2, "maxn": 4, "bucket": 500, "wordNgrams": 2, "loss": "hs"},
    ],
    ids=str,
)
def test_vectors_are_fasttexts_own(tmp_path, settings):
    rng = np.random.default_rng(8)
    words = ["".join(rng.choice(list(LETTERS), size=rng.integers(1, 9))) for _ in range(300)]
    lines = [" ".join(rng.choice(words, size=12)) for _ in range(400)]
    supervised = settings.get("supervised", False)
    labels = ["__label__a ", "__label__b "] if supervised else ["", ""]
    text = "".join(f"{labels[i % 2]}{line}\n" for i, line in enumerate(lines))
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    shared = {"supervised": False, "dim": 13, "epoch": 2, "minCount": 1, "lr": 0.3}
    paths = [str(tmp_path / name) for name in ("text.txt", "model.bin", "answers.json")]
    ask_fasttext(PEER, json.dumps(shared | settings), *paths)
    answers = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of labels: other tests have it
        convert(tmp_path / "model.bin", tmp_path / "v.safetensors")
    vectors = load(tmp_path / "v.safetensors")
    assert vectors.words == answers["words"]
    assert len(answers["unseen"]) == 100
    asked = answers["words"] + answers["unseen"] * (vectors.subwords is not None)
    expected = np.array([answers["rows"][word] for word in asked], dtype=np.float32)
    np.testing.assert_allclose(vectors[asked], expected, rtol=1e-5, atol=2e-7 * np.abs(expected).max())
    assert np.abs(expected).max() > 0.05
    assert (vectors.subwords is not None) == (settings.get("maxn", 0) > 0)
    assert (vectors.outside is None) == (supervised or settings["loss"] == "hs")
    assert (vectors.nodes is not None) == (not supervised and settings["loss"] == "hs")


TRAIN = """
import sys, fasttext
settings = {"loss": "hs", "thread": 1, "verbose": 0, "minCount": 1, "ws": 1, "dim": 12, "epoch": 30, "lr": 0.2}
model = fasttext.train_unsupervised(sys.argv[1], maxn=0, bucket=0, **settings)
model.save_model(sys.argv[2])
"""

PREDICT = """
import json, sys, fasttext
model = fasttext.load_model(sys.argv[1])
answers = [model.f.predict(word + "\\n", -1, 0.0, "strict") for word in json.loads(sys.argv[2])]
json.dump([{label: chance for chance, label in answer} for answer in answers], open(sys.argv[3], "w"))
"""


def test_a_tree_is_fasttexts_own(tmp_path):
    """fastText gives probabilities of labels only: it is asked for those of labels that have the words' counts."""
    rng = np.random.default_rng(3)
    lines = [f"a{i} b{i}" for i in rng.zipf(1.3, 3000) % 60]  # many words of equal counts
    (tmp_path / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ask_fasttext(TRAIN, str(tmp_path / "text.txt"), str(tmp_path / "model.bin"))
    convert(tmp_path / "model.bin", tmp_path / "v.safetensors")
    vectors = load(tmp_path / "v.safetensors")
    n, counts = len(vectors), vectors.counts.tolist()
    assert "</s>" in vectors.words
    assert len(set(counts)) < n - 10
    paths = reference.huffman(counts)

    output = np.frombuffer((tmp_path / "model.bin").read_bytes()[-vectors.center.nbytes :], "<f4").reshape(n, -1)
    labels = [f"__label__{i}" for i in range(n)]
    asked = {
        **{"words": [f"x{i}" for i in range(n)], "labels": labels, "counts": counts * 2},
        **{"matrices": [vectors.center, output], "maxn": 0, "bucket": 0},
    }
    (tmp_path / "labels.bin").write_bytes(model_bytes(model=SUPERVISED, loss=HS, **asked)[0])
    words = list(range(0, n, 5))
    names = json.dumps([asked["words"][word] for word in words])
    ask_fasttext(PREDICT, str(tmp_path / "labels.bin"), names, str(tmp_path / "answers.json"))
    for word, answer in zip(words, json.loads((tmp_path / "answers.json").read_text()), strict=True):
        found = reference.hierarchical_probabilities(vectors.center[word], vectors.nodes, paths)
        expected = [answer.get(label, 0.0) for label in labels]  # below 1e-5 it answers nothing
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=5e-5)  # it adds 1e-5 to each factor
    assert found.max() > 0.05

    ids = {word: i for i, word in enumerate(vectors.words)}
    centers, outsides = zip(*((ids[word] for word in line.split()) for line in lines[:300]), strict=True)
    of_pairs, of_strangers = (
        np.mean([reference.hierarchical_softmax(vectors.center[c], o, vectors.nodes, paths)[0] for c, o in pairs])
        for pairs in (zip(centers, outsides, strict=True), zip(centers, rng.permutation(outsides), strict=True))
    )
    assert of_pairs < 0.4 * of_strangers
