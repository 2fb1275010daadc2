"""Keyed vectors in word2vec's files: written, read, merged."""

import gzip

import numpy as np
import pytest

from firth.errors import FirthError, FormatError
from firth.gensim.models.keyedvectors import KeyedVectors, load_word2vec_format


@pytest.fixture
def wv():
    made = KeyedVectors(3)
    rows = np.random.default_rng(5).normal(size=(3, 3))
    made.add_vectors(["b", "ä", "a"], rows, extras={"count": np.array([2, 9, 5])})
    return made


@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz", "v.bin", "v.bin.gz"])
def test_what_is_written_is_read(wv, tmp_path, name):
    path, binary = tmp_path / name, ".bin" in name
    wv.save_word2vec_format(path, fvocab=tmp_path / "vocab", binary=binary)
    read = load_word2vec_format(str(path), binary=binary)
    assert read.index_to_key == ["ä", "a", "b"]  # the most frequent first
    np.testing.assert_array_equal(read.vectors, wv.vectors[[1, 2, 0]])
    assert read.expandos["count"].tolist() == [3, 2, 1]
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert (tmp_path / "vocab").read_text("utf8") == "ä 9\na 5\nb 2\n"
    counted = KeyedVectors.load_word2vec_format(path, fvocab=tmp_path / "vocab", binary=binary, limit=2)
    assert counted.expandos["count"].tolist() == [9, 5]
    read.vectors[0] = 0  # can be written to


def test_counts_are_written_in_the_order_of_the_keys(wv, tmp_path):
    wv.save_word2vec_format(tmp_path / "v.txt", fvocab=tmp_path / "vocab", sort_attr="")
    assert (tmp_path / "vocab").read_text("utf8") == "b 2\nä 9\na 5\n"
    with pytest.raises(FirthError, match="'age'"):
        wv.save_word2vec_format(tmp_path / "v.txt", fvocab=tmp_path / "vocab", sort_attr="age")


def test_headers_prefixes_and_ends_of_files(wv, tmp_path):
    path = tmp_path / "v.txt"
    wv.save_word2vec_format(path, prefix="*", total_vec=6, sort_attr="none")
    assert path.read_text("utf8").split("\n")[0] == "6 3"
    wv.save_word2vec_format(path, prefix="+", write_header=False, append=True)
    read = KeyedVectors.load_word2vec_format(path)
    assert read.index_to_key == ["*b", "*ä", "*a", "+ä", "+a", "+b"]
    np.testing.assert_array_equal(read["+b"], wv["b"])
    wv.save_word2vec_format(path, write_header=False)
    assert path.read_text("utf8").startswith("ä ")
    assert len(KeyedVectors.load_word2vec_format(path, no_header=True)) == 3
    wv.save_word2vec_format(tmp_path / "v.bin", binary=True, total_vec=6)
    assert (tmp_path / "v.bin").read_bytes().startswith(b"6 3\n\xc3\xa4 ")


def test_integer_keys_are_written_as_text(tmp_path):
    wv = KeyedVectors(2)
    wv.add_vectors([10, 20], np.eye(2))
    wv.save_word2vec_format(tmp_path / "v.txt")
    assert KeyedVectors.load_word2vec_format(tmp_path / "v.txt").index_to_key == ["10", "20"]


def test_keys_that_files_cannot_hold(wv, tmp_path):
    wv.add_vectors(["New York"], np.ones((1, 3)))
    with pytest.warns(UserWarning, match="'New York' holds a space"):
        wv.save_word2vec_format(tmp_path / "v.txt")
    assert "New York" in KeyedVectors.load_word2vec_format(tmp_path / "v.txt")
    for keys, binary in ((["New York"], True), (["a\nb"], False), ([""], False)):
        other = KeyedVectors(3)
        other.add_vectors(keys, np.ones((1, 3)))
        with pytest.raises(FormatError, match="cannot be written"):
            other.save_word2vec_format(tmp_path / "other", binary=binary)
    assert not (tmp_path / "other").exists()
    with pytest.raises(ValueError, match="no attribute 'age'"):
        wv.save_word2vec_format(tmp_path / "v.txt", fvocab=tmp_path / "vocab", sort_attr="age")


def test_encodings(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes("2 2\nsüß 1 2\nx 3 4\n".encode("latin1"))
    assert KeyedVectors.load_word2vec_format(path, encoding="latin1").index_to_key == ["süß", "x"]
    assert KeyedVectors.load_word2vec_format(path, unicode_errors="ignore").index_to_key == ["s", "x"]
    assert "s\ufffd\ufffd" in KeyedVectors.load_word2vec_format(path, unicode_errors="replace")
    with pytest.warns(UserWarning, match="not UTF-8"):
        assert KeyedVectors.load_word2vec_format(path).index_to_key == [r"s\xfc\xdf", "x"]
    with pytest.raises(ValueError, match="is not ascii"):
        KeyedVectors.load_word2vec_format(path, encoding="ascii")
    with pytest.raises(ValueError, match="unknown encoding"):
        KeyedVectors.load_word2vec_format(path, encoding="nonsense")
    numbers = np.array([1, 2], "<f4").tobytes()
    (tmp_path / "v.bin").write_bytes(b"1 2\ns\xfc\xdf " + numbers + b"\n")
    assert KeyedVectors.load_word2vec_format(tmp_path / "v.bin", None, True, "latin1").index_to_key == ["süß"]


def test_files_of_another_kind(wv, tmp_path):
    text, binary, pickled = tmp_path / "v.txt", tmp_path / "v.bin", tmp_path / "v.kv"
    wv.save_word2vec_format(text)
    wv.save_word2vec_format(binary, binary=True)
    pickled.write_bytes(b"\x80\x04cgensim")
    with pytest.raises(FormatError, match="give binary=True"):
        KeyedVectors.load_word2vec_format(binary)
    with pytest.raises(FormatError, match="leave binary=True out"):
        KeyedVectors.load_word2vec_format(text, binary=True)
    with pytest.raises(FormatError, match="save_word2vec_format"):
        KeyedVectors.load_word2vec_format(pickled)
    with pytest.raises(FileNotFoundError):
        KeyedVectors.load_word2vec_format(tmp_path / "none")
    with pytest.raises(ValueError, match="limit is 0"):
        KeyedVectors.load_word2vec_format(text, limit=0)
    with pytest.raises(ValueError, match="expected a type of floats"):
        KeyedVectors.load_word2vec_format(text, datatype=int)
    assert KeyedVectors.load_word2vec_format(text, datatype=np.float16).vectors.dtype == np.float16


def test_counts_from_a_file(wv, tmp_path):
    wv.save_word2vec_format(tmp_path / "v.txt")
    vocab = tmp_path / "vocab"
    vocab.write_text("a 7\nä 3\n", "utf8")
    with pytest.warns(UserWarning, match="1 of 3 words are not in it, such as 'b'"):
        read = KeyedVectors.load_word2vec_format(tmp_path / "v.txt", vocab)
    assert {key: read.get_vecattr(key, "count") for key in "abä"} == {"a": 7, "b": 0, "ä": 3}
    vocab.write_text("a seven\n")
    with pytest.raises(FormatError, match="line 1"):
        KeyedVectors.load_word2vec_format(tmp_path / "v.txt", vocab)


def test_vectors_of_a_file_take_the_place_of_those_here(wv, tmp_path):
    path, before = tmp_path / "v.txt.gz", wv.vectors.copy()
    with gzip.open(path, "wt") as file:
        file.write("2 3\nother 1 1 1\na 1 2 3\n")
    wv.intersect_word2vec_format(path)
    np.testing.assert_array_equal(wv.vectors, [before[0], before[1], [1, 2, 3]])
    assert wv.vectors_lockf.tolist() == [1, 1, 0]
    wv.intersect_word2vec_format(path, lockf=0.5)
    assert wv.vectors_lockf.tolist() == [1, 1, 0.5]
    path = tmp_path / "w.txt"
    path.write_text("1 2\na 1 2\n")
    with pytest.raises(ValueError, match="dimension 2: expected 3"):
        wv.intersect_word2vec_format(path)
    path.write_text("1 3\nz 1 2 3\n")
    with pytest.raises(FormatError, match="none of the 3 wanted words"):
        wv.intersect_word2vec_format(path)
