"""`save` and `load` of keyed vectors."""

import json

import numpy as np
import pytest

import firth
from firth.errors import FormatError
from firth.files.tensors import read_tensors, write_tensors
from firth.gensim.models.keyedvectors import FastTextKeyedVectors, KeyedVectors
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords


def made(keys, dtype=np.float32):
    wv = KeyedVectors(3, dtype=dtype)
    wv.add_vectors(keys, np.random.default_rng(2).normal(size=(len(keys), 3)), extras={"count": range(len(keys))})
    return wv


@pytest.mark.parametrize("keys", [["a", "ä b\n", "\ud800", ""], [5, 3], [1, "1", -2], []])
def test_everything_comes_back(tmp_path, keys):
    wv = made(keys, np.float64)
    wv.set_vecattr(keys[0], "note", "x") if keys else None
    wv.allocate_vecattrs(["flag", "small"], [bool, np.uint32])
    wv.save(tmp_path / "v")
    read = KeyedVectors.load(str(tmp_path / "v"))
    assert read.index_to_key == keys
    assert read.key_to_index == wv.key_to_index
    np.testing.assert_array_equal(read.vectors, wv.vectors)
    assert read.vectors.dtype == np.float64
    assert {name: (array.dtype, array.tolist()) for name, array in read.expandos.items()} == {
        name: (array.dtype, array.tolist()) for name, array in wv.expandos.items()
    }
    read.vectors[:] = 0


def test_free_rows_and_locks_come_back(tmp_path):
    wv = KeyedVectors(2, count=3)
    wv.add_vector("a", [1, 2])
    wv.vectors_lockf = np.array([0, 1, 1], np.float32)
    wv.save(tmp_path / "v")
    read = KeyedVectors.load(tmp_path / "v")
    assert read.index_to_key == ["a", None, None]
    assert read.add_vector("b", [3, 4]) == 1
    assert read.vectors_lockf.tolist() == [0, 1, 1]


def test_vectors_that_do_not_fit_the_keys_are_not_saved(tmp_path):
    wv = made(["a", "b"])
    wv.vectors = np.ones((3, 3))
    with pytest.raises(ValueError, match="there are 2 keys"):
        wv.save(tmp_path / "v")
    assert not (tmp_path / "v").exists()


def test_mapped_vectors_cannot_be_written_to(tmp_path):
    made(["a", "b"]).save(tmp_path / "v")
    with pytest.raises(ValueError, match="read-only"):
        KeyedVectors.load(tmp_path / "v", mmap="r").vectors[0] = 0


class Named(KeyedVectors):
    """Vectors with a name, which `load` does not know when it makes them."""

    def __init__(self, name, vector_size):
        super().__init__(vector_size)
        self.name = name


class NamedWords(FastTextKeyedVectors):
    """The same with n-grams."""

    def __init__(self, name):
        super().__init__(3, 2, 3, 5)
        self.name = name


@pytest.mark.parametrize("wv", [Named("n", 3), NamedWords("n")])
def test_attributes_of_ones_own_come_back(tmp_path, wv):
    wv.add_vectors(["a", "b"], np.ones((2, 3)))
    wv.note, wv.table = {"by": ["me", 1, None]}, np.arange(4).reshape(2, 2)
    wv.add_lifecycle_event("made", words=2)
    wv.save(tmp_path / "v")
    read = KeyedVectors.load(tmp_path / "v")
    assert type(read) is type(wv)
    assert (read.name, read.note, read.lifecycle_events) == (wv.name, wv.note, wv.lifecycle_events)
    np.testing.assert_array_equal(read.table, wv.table)
    read.table[0] = 7
    assert read.most_similar("a") == wv.most_similar("a")


def test_a_subclass_reads_vectors_of_firth(tmp_path):
    path = tmp_path / "v.safetensors"
    WordVectors(["a"], np.array([3]), np.ones((1, 3), np.float32), None, {}, []).save(path)
    assert Named.load(path)["a"].tolist() == [1, 1, 1]


def test_what_a_file_cannot_hold_is_left_out_with_one_warning(tmp_path):
    wv = made(["a", "b"])
    wv.note, wv.opened = 1, {1, 2}
    wv.set_vecattr("a", "set", {1, 2})
    wv.set_vecattr("b", "pair", (1, 2))
    wv.set_vecattr("b", "numbered", {1: 2})
    wv.set_vecattr("b", "deep", [{"a": (1,)}])
    wv.set_vecattr("b", "listed", [{"a": 1.5}])
    wv.expandos["short"] = np.zeros(1)
    with pytest.warns(UserWarning, match="opened: a set is not saved; ") as caught:
        wv.save(tmp_path / "v")
    assert len(caught) == 1
    for told in ("set: of 'a' it is {1, 2}, a set", "pair: of 'b' it is (1, 2), a tuple", "numbered", "deep", "short"):
        assert told in str(caught[0].message)
    read = KeyedVectors.load(tmp_path / "v")
    assert read.note == 1
    assert not hasattr(read, "opened")
    assert set(read.expandos) == {"count", "listed"}
    assert read.get_vecattr("b", "listed") == [{"a": 1.5}]


def test_strings_of_keys_come_back(tmp_path):
    wv = made(["a", "b"])
    wv.expandos["kind"] = np.array(["x", "yz"])
    wv.save(tmp_path / "v")
    assert KeyedVectors.load(tmp_path / "v").expandos["kind"].tolist() == ["x", "yz"]


def test_options_of_pickles_are_warned_of_once(tmp_path):
    with pytest.warns(UserWarning, match="separately.*; pickle_protocol") as caught:
        made(["a"]).save(tmp_path / "v", separately=["vectors"], pickle_protocol=4)
    assert len(caught) == 1
    with pytest.raises(TypeError, match="expected the path"):
        made(["a"]).save(tmp_path / "v", nonsense=1)
    with pytest.raises(TypeError, match="expected the path"):
        made(["a"]).save(None)


def test_vectors_of_firth(tmp_path):
    counts, rows = np.array([3, 2]), np.arange(6, dtype=np.float32).reshape(2, 3)
    path = tmp_path / "v.safetensors"
    WordVectors(["a", "b"], counts, rows, None, {}, []).save(path)
    read = KeyedVectors.load(path)
    assert (read.index_to_key, read.expandos["count"].tolist()) == (["a", "b"], [3, 2])
    read.vectors[0] = 0
    with pytest.raises(FormatError, match="without n-grams"):
        FastTextKeyedVectors.load(path)


def test_vectors_of_firth_with_ngrams(tmp_path):
    path = tmp_path / "v.safetensors"
    subwords = Subwords(2, 3, 10, np.random.default_rng(1).normal(size=(12, 3)).astype(np.float32))
    vectors = WordVectors(["ab", "cd"], np.array([3, 2]), np.ones((2, 3), np.float32), None, {}, [], subwords=subwords)
    vectors.save(path)
    read = KeyedVectors.load(path)
    assert type(read) is FastTextKeyedVectors
    np.testing.assert_array_equal(read["abcd"], firth.load(path)["abcd"])
    np.testing.assert_array_equal(read["ab"], [1, 1, 1])


def test_files_that_are_none(tmp_path):
    path = tmp_path / "v"
    with pytest.raises(FileNotFoundError):
        KeyedVectors.load(path)
    path.write_bytes(b"\x80\x04\x95cgensim.models.keyedvectors\nKeyedVectors")
    with pytest.raises(FormatError, match="save_word2vec_format"):
        KeyedVectors.load(path)
    path.write_text("2 3\na 1 2 3\n")
    with pytest.raises(FormatError, match="safetensors"):
        KeyedVectors.load(path)


def changed(path, tensors=None, kind="KeyedVectors", **state):
    """Write a file of two keys again with other tensors and another state."""
    made(["a", "b"]).save(path)
    file = read_tensors(path)
    document = json.loads(file.metadata["firth.gensim"])
    document["kind"] = kind
    document["state"] |= state
    all_tensors = {name: file.tensor(name, file.dtype(name)) for name in file} | (tensors or {})
    write_tensors(path, all_tensors, {"firth.gensim": json.dumps(document)})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Word2Vec"},
        {"kind": "Lookup"},
        {"vector_size": 4},
        {"vector_size": -1},
        {"vector_size": "3"},
        {"next_index": 9},
        {"next_index": None},
        {"keys": ["a", "a"]},
        {"keys": ["a"]},
        {"keys": "ab"},
        {"keys": ["a", [1]]},
        {"attributes": {"x": {"dtype": "O", "values": [1]}}},
        {"attributes": {"x": {"dtype": "M8[s]", "values": [1, 2]}}},
        {"attributes": {"x": {"dtype": "i8", "values": [1, "b"]}}},
        {"attributes": {"x": {"dtype": "i1", "values": [1, 2**40]}}},
        {"attributes": {"x": 5}},
        {"attributes": [1]},
        {"own": [1]},
        {"own": {"__class__": 1}},
        {"own": {"most_similar": 1}},
        {"own": {"_rows": 1}},
        {"own": {"lifecycle_events": 1}},
        {"tensors": {"own.vectors": np.zeros(2, np.float32)}},
        {"tensors": {"vectors": np.zeros((2, 3), np.int64)}},
        {"tensors": {"vectors": np.zeros(6, np.float32)}},
        {"tensors": {"vectors_lockf": np.zeros(3, np.float32)}},
        {"tensors": {"vectors_lockf": np.zeros(2, np.float64)}},
        {"tensors": {"keys": np.array([0xFF, 0x61], np.uint8)}},
        {"tensors": {"keys": np.array([0x61, 0x61], np.uint8)}},
        {"tensors": {"key_offsets": np.array([0, 5, 2])}},
        {"tensors": {"key_offsets": np.array([], np.int64)}},
        {"tensors": {"attribute.count": np.zeros(3, np.int64)}},
        {"kind": "FastTextKeyedVectors"},
        {"kind": "FastTextKeyedVectors", "min_n": 3, "max_n": 6, "bucket": 2**30},
        {"kind": "FastTextKeyedVectors", "min_n": 3, "max_n": 6, "bucket": -1},
        {
            "kind": "FastTextKeyedVectors",
            "min_n": 3,
            "max_n": 6,
            "bucket": 2**30,
            "tensors": {"subwords": np.zeros((2, 3), np.float32)},
        },
    ],
)
def test_files_that_do_not_fit_together(tmp_path, change):
    changed(tmp_path / "v", **change)
    with pytest.raises(FormatError, match=str(tmp_path / "v")):
        KeyedVectors.load(tmp_path / "v")


def test_a_long_header_is_no_pickle(tmp_path):
    path = tmp_path / "kv"
    path.write_bytes(b"\x80\x02" + bytes(6) + b'{"')
    with pytest.raises(FormatError, match="not a whole safetensors file"):
        KeyedVectors.load(path)
    path.write_bytes(b"\x80\x02c" + bytes(6) + b'{"')
    with pytest.raises(FormatError, match="a pickle"):
        KeyedVectors.load(path)


def test_damage_is_found_where_everything_is_read(tmp_path):
    path, wv = tmp_path / "kv", KeyedVectors(2)
    wv.add_vectors(["a", "b"], [[1, 2], [3, 4]])
    wv.save(path)
    data = bytearray(path.read_bytes())
    place = data.index(wv.vectors.tobytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="the file is damaged"):
        KeyedVectors.load(path)
    assert KeyedVectors.load(path, mmap="r").vectors[0, 0] != wv.vectors[0, 0]
