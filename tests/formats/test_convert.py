"""Conversion: the format by extension or by name, and nothing lost on the way to firth's own."""

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.formats.convert import convert
from firth.formats.known import FORMATS
from firth.formats.loading import load as load_any
from firth.vectors.container import WordVectors, load
from firth.vectors.document_vectors import DocumentVectors
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
        make(documents=DocumentVectors(np.ones((5, 4), np.float32), list("abcde"))),
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


def test_documents_that_a_format_cannot_hold_are_warned_of(path, tmp_path):
    make(documents=DocumentVectors(np.ones((5, 4), np.float32))).save(path)
    with pytest.warns(
        UserWarning, match=r"v\.txt: word2vec-text has no place for documents: the vectors of 5 are left"
    ):
        convert(path, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_bytes().startswith(b"3 4\nthe ")


def test_documents_stay_where_words_are_chosen(path, tmp_path):
    wide = np.arange(3 * 12, dtype=np.float32).reshape(3, 12)
    vectors = make(documents=DocumentVectors(wide[:, :4].copy(), ["a", "b", "c"], wide, wide[0, :4].copy()))
    vectors.save(path)
    convert(path, tmp_path / "copy.safetensors", words=[WORDS[2], WORDS[0]])
    found = load(tmp_path / "copy.safetensors").documents
    assert found.names == ["a", "b", "c"]
    np.testing.assert_array_equal(found.matrix, vectors.documents.matrix)
    np.testing.assert_array_equal(found.outside, wide[[0, 2]])


def test_a_folder_that_does_not_exist_is_named(path, tmp_path):
    make().save(path)
    with pytest.raises(FormatError, match=r"the folder .*absent does not exist: make it first"):
        convert(path, tmp_path / "absent" / "v.txt")


@pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if known.write])
def test_every_writer_tells_how_far_it_is(path, tmp_path, name):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    make().save(path)
    told = []
    target = tmp_path / ("v.safetensors" if name == "safetensors" else "written")
    convert(path, target, to=name, progress=lambda *what: told.append(what))
    assert told[-1] == ("writing", 3, 3)


@pytest.mark.parametrize(
    ("source", "target", "saved", "message"),
    [
        ("vectors.safetensors", "n.npy", "n.words.txt", r"n\.words\.txt is to hold the words: name another file"),
        ("vectors.safetensors", "n.tsv", "n.metadata.tsv", r"n\.metadata\.tsv is to hold the words: name another file"),
        ("vectors.safetensors", "n.npy", "n.npy", r"n\.npy is to hold the vectors: name another file"),
        ("vectors.safetensors", "n.npy", "vectors.safetensors", r"vectors\.safetensors is read: name another file"),
        ("vectors.safetensors", "n.npy", "wanted.txt", r"wanted\.txt is read: name another file"),
        ("vectors.safetensors", "n.npy", "counts.txt", r"counts\.txt is read: name another file"),
        ("m.npy", "n.npy", "m.words.txt", r"m\.words\.txt is read: name another file"),
        ("vectors.tsv", "n.npy", "metadata.tsv", r"metadata\.tsv is read: name another file"),
        ("folder", "n.npy", "folder/README.md", r"README\.md is read: name another file"),
        ("t.words.txt", "t.npy", None, r"t\.words\.txt is read, and is to hold the words of t\.npy"),
        (
            "vectors.safetensors",
            "wanted.npy",
            None,
            r"wanted\.words\.txt is read, and is to hold the words of wanted\.npy",
        ),
    ],
)
def test_no_file_is_lost_to_another(path, tmp_path, source, target, saved, message):
    make().save(path)
    for name in ("m.npy", "t.npy"):
        convert(path, tmp_path / name)
    convert(path, tmp_path / "vectors.tsv")
    (tmp_path / "vectors.metadata.tsv").rename(tmp_path / "metadata.tsv")
    convert(path, tmp_path / "folder", to="static")
    convert(path, tmp_path / "t.words.txt")
    (tmp_path / "t.npy").unlink()
    words = tmp_path / ("wanted.words.txt" if target == "wanted.npy" else "wanted.txt")
    words.write_text("the", encoding="utf-8")
    (tmp_path / "counts.txt").write_text("the 3\n", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path)

    def contents():
        return {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    before = contents()
    save_vocab = None if saved is None else tmp_path / "link" / saved
    source = path if source == "vectors.safetensors" else tmp_path / source
    with pytest.raises(ConfigError, match=message):
        convert(source, tmp_path / target, words=words, vocab=tmp_path / "counts.txt", save_vocab=save_vocab)
    assert contents() == before


@pytest.mark.parametrize("name", ["v.npy", "v.tsv"])
def test_a_pair_of_files_may_take_its_own_place(path, tmp_path, name):
    make().save(path)
    convert(path, tmp_path / name)
    convert(tmp_path / name, tmp_path / name, first=2)
    convert(tmp_path / name, path)
    assert load(path).words == WORDS[:2]


def test_words_that_a_vocabulary_cannot_hold_are_refused_before_anything_is_written(path, tmp_path):
    WordVectors(["the", " "], np.array([2, 1]), np.ones((2, 4), np.float32), None, {}, []).save(path)
    with pytest.raises(FormatError, match=r"counts\.txt: the word ' ' cannot be written"):
        convert(path, tmp_path / "v.npy", save_vocab=tmp_path / "counts.txt")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("word", "target", "space", "message"),
    [
        ("a b", "v.txt", None, r"'a b' cannot be written; give --space _ to write _ for white space in words$"),
        ("a b", "v.txt", "\t", r"'a b' cannot be written with '\\t' in it$"),
        ("a_b", "v.txt", "_", None),
        ("", "v.txt", None, r"'' cannot be written: it is empty$"),
        (" \t", "v.txt", "_", r"' \\t' cannot be written: it is white space alone$"),
        ("a\0 b", "v.txt", None, r"'a\\x00 b' cannot be written: it holds a NUL character$"),
        ("a\nb", "v.npy", None, r"'a\\nb' cannot be written; give --space _"),
        ("w" * 2_000_000, "v.bin", None, r"'w{80}'\.\.\. cannot be written: it has 2,000,000 bytes$"),
    ],
)
def test_what_is_wrong_with_a_word_is_said(path, tmp_path, word, target, space, message):
    center = np.ones((1, 4), np.float32)
    WordVectors([word], np.array([1]), center, None, {}, []).save(path)
    if message is None:
        convert(path, tmp_path / target, space=space)
        return
    with pytest.raises(FormatError, match=message):
        convert(path, tmp_path / target, to="fasttext" if target == "v.bin" else None, space=space)


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
