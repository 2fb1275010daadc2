"""Vectors files: equal vectors give equal bytes, a failed save leaves the old file, errors name bad files."""

import json
import os
import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from firth.errors import FirthError, FormatError
from firth.files import paths
from firth.files.tensors import read_tensors, write_tensors
from firth.vectors.container import WordVectors, from_file, load
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.storage import check_writable, pack
from firth.vectors.subwords import Subwords

WORDS = ["the", "naïve", "日本", "of", "Ünï", "x"]


def make(seed=0, words=WORDS, outside=True, d=4):
    rng = np.random.default_rng(seed)
    center, other = rng.normal(size=(2, len(words), d)).astype(np.float32)
    counts = np.arange(len(words), 0, -1) * 10
    config = {"dim": d, "lr": 0.025, "loss": "negative-sampling", "max_vocab": None}
    return WordVectors(words, counts, center, other if outside else None, config, [{"epoch": 1, "loss": 2.5}])


def make_more():
    """Vectors with a bias and with outside words beyond their words."""
    few = make()
    outside = np.random.default_rng(9).normal(size=(9, 4)).astype(np.float32)
    parts = (WORDS, few.counts, few.center, outside, few.config, few.history)
    return WordVectors(*parts, outside_words=[*WORDS, "più", "", "z"], bias=outside[:, 0] * 3)


def make_spelt():
    """Vectors with the rows of n-grams, and with nodes in place of outside vectors."""
    few = make()
    rows, nodes = (np.random.default_rng(8).normal(size=(count, 4)).astype(np.float32) for count in (6 + 11, 5))
    parts = (WORDS, few.counts, few.center, None, few.config, few.history)
    return WordVectors(*parts, nodes=nodes, subwords=Subwords(2, 5, 11, rows))


def make_documents(names=("first", "", "日本"), outside=True):
    """Vectors with those of documents, and outside vectors of the documents alone or of words."""
    few, rng = make(), np.random.default_rng(7)
    rows, wide = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 4), (6 + 5, 3 * 4)))
    names = None if names is None else list(names)
    documents = DocumentVectors(rows, names, wide, rows[1] * 2) if outside else DocumentVectors(rows, names)
    parts = (WORDS, few.counts, few.center, None if outside else few.outside, few.config, few.history)
    return WordVectors(*parts, documents=documents)


def same(a, b):
    assert a.words == b.words
    assert a.outside_words == b.outside_words
    np.testing.assert_array_equal(a.center, b.center)
    assert (a.subwords is None) == (b.subwords is None)
    rows = []
    assert (a.documents is None) == (b.documents is None)
    if a.documents is not None:
        assert a.documents.names == b.documents.names
        rows += [(getattr(a.documents, name), getattr(b.documents, name)) for name in ("matrix", "outside", "padding")]
    if a.subwords is not None:
        first, second = a.subwords, b.subwords
        assert (first.minn, first.maxn, first.bucket) == (second.minn, second.maxn, second.bucket)
        rows.append((first.rows, second.rows))
    for left, right in ((a.outside, b.outside), (a.bias, b.bias), (a.nodes, b.nodes), *rows):
        assert (left is None) == (right is None)
        if left is not None:
            np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(a.counts, b.counts)
    assert (a.config, a.history) == (b.config, b.history)


def metadata_of(path):
    with safe_open(path, framework="np") as file:
        return file.metadata()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors.safetensors"


@pytest.mark.parametrize("outside", [True, False])
def test_what_is_saved_is_loaded(path, outside):
    vectors = make(outside=outside)
    vectors.save(str(path))
    same(load(path), vectors)
    assert os.listdir(path.parent) == [path.name]


def test_one_word_even_an_empty_one(path):
    vectors = make(words=[""], d=1)
    vectors.save(path)
    same(load(path), vectors)


def test_the_safetensors_library_reads_the_file(path):
    vectors = make()
    vectors.save(path)
    tensors = load_file(path)
    assert sorted(tensors) == ["center", "counts", "norms", "outside", "word_offsets", "words"]
    np.testing.assert_array_equal(tensors["center"], vectors.center)
    assert tensors["words"].tobytes().decode() == "".join(WORDS)
    assert tensors["word_offsets"].tolist() == [0, 3, 9, 15, 17, 22, 23]


def test_more_outside_words_and_the_bias_are_saved(path):
    vectors = make_more()
    vectors.save(path)
    same(load(path), vectors)
    tensors = load_file(path)
    assert sorted(tensors) == [
        *("bias", "center", "counts", "more_word_offsets", "more_words", "norms", "outside", "word_offsets", "words")
    ]
    np.testing.assert_array_equal(tensors["bias"], vectors.bias)
    assert tensors["words"].tobytes().decode() == "".join(WORDS)
    assert tensors["more_words"].tobytes().decode() == "piùz"
    assert tensors["more_word_offsets"].tolist() == [0, 4, 4, 5]
    for matrix in (load(path).center, load(path).outside, load(path).bias):
        assert matrix.flags.aligned


def test_a_bias_needs_no_more_words(path):
    few = make()
    parts = (WORDS, few.counts, few.center, few.outside, few.config, few.history)
    vectors = WordVectors(*parts, bias=np.arange(6, dtype=np.float32))
    vectors.save(path)
    same(load(path), vectors)
    assert (again := load(path)).outside_words is again.words
    assert sorted(load_file(path)) == ["bias", "center", "counts", "norms", "outside", "word_offsets", "words"]


def test_the_norms_are_kept_and_older_files_have_none(path):
    vectors = make()
    vectors.save(path)
    true = np.linalg.norm(vectors.center.astype(np.float64), axis=1)
    np.testing.assert_allclose(load_file(path)["norms"], true, rtol=1e-15)
    save_file({name: array for name, array in load_file(path).items() if name != "norms"}, path, metadata_of(path))
    np.testing.assert_array_equal(load(path).norms, vectors.norms)


def test_norms_that_are_not_those_of_the_vectors_are_refused(path):
    make().save(path)
    for change, message in (
        (lambda norms: norms * 1.001, "the norms are not the lengths of the center vectors"),
        (lambda norms: norms[:-1], r"the norms are float64 of shape \(5,\): expected float64 of shape \(6,\)"),
        (lambda norms: norms.astype(np.float32), "tensor 'norms' is F32"),
    ):
        tensors = load_file(path)
        other = path.with_name("other.safetensors")
        save_file(tensors | {"norms": change(tensors["norms"])}, other, metadata_of(path))
        with pytest.raises(FormatError, match=message):
            load(other)


@pytest.mark.parametrize("made", ["make", "make_spelt", "make_documents"])
def test_halves_are_rounded_and_loaded_as_float32(path, made):
    vectors = globals()[made]()
    vectors.save(path, half=True)
    again, tensors = load(path), load_file(path)
    assert tensors["center"].dtype == np.float16
    assert again.center.dtype == again.norms.astype(np.float32).dtype == np.float32
    np.testing.assert_array_equal(again.center, vectors.center.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(again.norms, np.linalg.norm(again.center.astype(np.float64), axis=1), rtol=1e-15)
    for name in ("outside", "nodes"):
        if getattr(vectors, name) is not None:
            np.testing.assert_array_equal(getattr(again, name), getattr(vectors, name).astype(np.float16))
    if vectors.subwords is not None:
        np.testing.assert_array_equal(again.subwords.rows, vectors.subwords.rows.astype(np.float16))
    if vectors.documents is not None:
        for name in ("matrix", "outside"):
            rows = getattr(vectors.documents, name).astype(np.float16)
            np.testing.assert_array_equal(getattr(again.documents, name), rows)
        np.testing.assert_array_equal(again.documents.padding, vectors.documents.padding)
    again.save(path.with_name("again.safetensors"), half=True)
    assert path.with_name("again.safetensors").read_bytes() == path.read_bytes()


def test_numbers_too_large_for_halves_are_refused(path):
    center = np.ones((6, 4), np.float32)
    center[3, 1] = 7e4
    vectors = WordVectors(WORDS, np.ones(6, int), center, None, {}, [])
    with pytest.raises(FormatError, match="row 3 of center holds 70000, and float16 ends at 65,504"):
        vectors.save(path, half=True)
    assert not path.exists()


def test_vectors_too_small_for_halves_are_refused(path):
    center = np.ones((6, 4), np.float32)
    center[2] = 1e-30
    center[4] = 0
    vectors = WordVectors(WORDS, np.ones(6, int), center, None, {}, [])
    with pytest.raises(FormatError, match=r"row 2 of center is so small \(1e-30 at most\) that float16 makes it zero"):
        vectors.save(path, half=True)


def test_ngrams_and_nodes_are_saved(path):
    vectors = make_spelt()
    vectors.save(path)
    same(load(path), vectors)
    np.testing.assert_array_equal(load(path)["unseen"], vectors["unseen"])
    tensors = load_file(path)
    assert sorted(tensors) == ["center", "counts", "nodes", "norms", "subwords", "word_offsets", "words"]
    np.testing.assert_array_equal(tensors["nodes"], vectors.nodes)
    np.testing.assert_array_equal(tensors["subwords"], vectors.subwords.rows)
    with safe_open(path, framework="np") as file:
        parts = json.loads(file.metadata()["firth"])
    assert parts["format"] == 1
    assert parts["subwords"] == {"minn": 2, "maxn": 5, "bucket": 11}


@pytest.mark.parametrize("names", [None, ("first", "", "日本")])
@pytest.mark.parametrize("outside", [True, False])
def test_documents_are_saved(path, names, outside):
    vectors = make_documents(names, outside)
    vectors.save(path)
    same(load(path), vectors)
    tensors = load_file(path)
    expected = {"documents"} | ({"document_tags", "document_tag_offsets"} if names else set())
    expected |= {"document_outside", "document_padding"} if outside else set()
    assert {name for name in tensors if name.startswith("document")} == expected
    np.testing.assert_array_equal(tensors["documents"], vectors.documents.matrix)
    if names:
        assert tensors["document_tags"].tobytes().decode() == "first日本"
        assert tensors["document_tag_offsets"].tolist() == [0, 5, 5, 11]
    for matrix in (load(path).documents.matrix, load(path).documents.outside):
        assert matrix is None or matrix.flags.aligned


def test_outside_vectors_and_nodes_are_saved_side_by_side(path):
    few = make()
    vectors = WordVectors(WORDS, few.counts, few.center, few.outside, {}, [], nodes=few.center[:5] + 1)
    vectors.save(path)
    same(load(path), vectors)
    assert "nodes" in load_file(path)


def test_a_tag_without_utf8_is_not_saved(path):
    with pytest.raises(FormatError, match="the tag 'a\\\\ud800' has no UTF-8"):
        make_documents(["a", "a\ud800", "b"]).save(path)


def test_documents_too_small_for_halves_are_refused(path):
    few = make()
    documents = DocumentVectors(np.full((2, 4), 1e-30, np.float32))
    vectors = WordVectors(WORDS, few.counts, few.center, None, {}, [], documents=documents)
    with pytest.raises(FormatError, match="row 0 of documents is so small"):
        vectors.save(path, half=True)


def test_one_word_has_no_nodes_but_a_tree(path):
    vectors = WordVectors(
        ["a"], np.ones(1, int), np.ones((1, 3), np.float32), None, {}, [], nodes=np.ones((0, 3), "f4")
    )
    vectors.save(path)
    same(load(path), vectors)


def test_loading_maps_memory_and_is_read_only(path):
    make_spelt().save(path)
    vectors = load(path)
    for matrix in (vectors.center, vectors.nodes, vectors.subwords.rows):
        base = matrix
        while isinstance(base, np.ndarray):
            base = base.base
        assert type(base).__name__ == "mmap"
        assert matrix.flags.aligned
        with pytest.raises(ValueError, match="read-only"):
            matrix[0, 0] = 1


def test_equal_vectors_give_equal_bytes(path, tmp_path):
    vectors = make()
    vectors.save(path)
    config = dict(reversed(vectors.config.items()))
    other = WordVectors(list(WORDS), vectors.counts.copy(), vectors.center[:], vectors.outside, config, vectors.history)
    other.save(tmp_path / "other.safetensors")
    load(path).save(tmp_path / "again.safetensors")
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 1


def test_arrays_that_are_not_contiguous_are_saved_by_value(path):
    wide = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    vectors = WordVectors(WORDS, np.arange(12)[::2], wide[:, ::2], np.asfortranarray(wide[:, 1::2]), {}, [])
    vectors.save(path)
    same(load(path), vectors)


def test_numpy_numbers_in_config_and_history_become_plain(path):
    vectors = make()
    vectors.history.append({"epoch": np.int64(2), "loss": np.float64(2.25)})
    vectors.save(path)
    assert load(path).history[1] == {"epoch": 2, "loss": 2.25}
    vectors.config["callback"] = print
    with pytest.raises(FormatError, match="config and history do not fit into JSON"):
        vectors.save(path)


@pytest.mark.parametrize("loss", ["negative-sampling", "softmax"])
def test_what_differs_between_equal_runs_is_not_saved(path, loss):
    vectors = make()
    vectors.config |= {"loss": loss, "threads": 3}
    vectors.history[0]["seconds"] = 0.125
    vectors.save(path)
    again = load(path)
    assert again.history == [{"epoch": 1, "loss": 2.5}]
    assert again.config.get("threads") == (None if loss == "softmax" else 3)
    assert vectors.history[0]["seconds"] == 0.125
    assert vectors.config["threads"] == 3


def test_a_run_that_goes_on_keeps_all(path):
    vectors = make()
    vectors.config |= {"loss": "softmax", "threads": 3}
    vectors.history[0]["seconds"] = 0.125
    tensors, metadata = pack(path, vectors.parts())
    write_tensors(path, tensors | {"state.x": np.arange(3, dtype=np.float32)}, metadata)
    same(load(path), vectors)
    file = read_tensors(path)
    same(from_file(file), vectors)
    assert file.tensor("state.x", "F32").tolist() == [0, 1, 2]


# Saving whole or not at all.


def test_saving_over_a_loaded_file_keeps_the_loaded_vectors(path):
    old = make(seed=1)
    old.save(path)
    mapped = load(path)
    make(seed=2).save(path)
    np.testing.assert_array_equal(mapped.center, old.center)
    same(load(path), make(seed=2))
    mapped.save(path)
    same(load(path), old)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(path, monkeypatch, error, at):
    make(seed=1).save(path)

    def fail(*_):
        raise error

    monkeypatch.setattr(os, at, fail)
    expected = FormatError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected) as caught:
        make(seed=2).save(path)
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert str(caught.value) == (
            f"{path}: cannot be written: No space left on device; make room or give a path on another disk"
        )
    same(load(path), make(seed=1))
    assert os.listdir(path.parent) == [path.name]


def test_check_writable_changes_nothing(path):
    assert check_writable(path) == path
    assert os.listdir(path.parent) == []
    path.write_bytes(b"precious")
    check_writable(str(path))
    assert path.read_bytes() == b"precious"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vectors.bin", "ends in .safetensors"),
        ("vectors", "name it vectors.safetensors"),
        ("", "ends in .safetensors"),
        ("missing/vectors.safetensors", "the folder .*missing does not exist: make it first"),
        ("file/vectors.safetensors", "does not exist|Not a directory"),
        ("folder.safetensors", "expected the name of a file"),
        ("a\0b.safetensors", "NUL"),
        ("x" * 300 + ".safetensors", "cannot be written: File name too long"),
    ],
)
def test_a_path_that_cannot_be_saved_to_is_found_out_before(tmp_path, name, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.safetensors").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FormatError, match=message):
        check_writable(tmp_path / name)
    with pytest.raises(FormatError, match=message):
        make().save(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_refuses_files_is_found_out_before(path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(paths.tempfile, "TemporaryFile", refuse)  # root may write everywhere
    with pytest.raises(FormatError, match="Permission denied; give a path that this user may use"):
        check_writable(path)


# Bad files.


def written(path, change=lambda header, metadata: None, data=lambda data: data, vectors=None):
    """Save vectors, then let `change` edit the header and the metadata of the file and `data` its data."""
    (vectors or make()).save(path)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    metadata = json.loads(header["__metadata__"]["firth"])
    text = change(header, metadata)
    if header.get("__metadata__"):
        header["__metadata__"]["firth"] = json.dumps(metadata) if text is None else text
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data(raw[8 + length :]))
    return path


def test_the_editor_of_these_tests_writes_valid_files(path):
    same(load(written(path)), make())
    same(load(written(path, vectors=make_more())), make_more())
    same(load(written(path, vectors=make_spelt())), make_spelt())
    same(load(written(path, vectors=make_documents())), make_documents())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, m: h.pop("__metadata__") and None, "without firth's metadata"),
        (lambda h, m: "{", "metadata is not JSON"),
        (lambda h, m: "[" * 100_000, "metadata is not JSON"),
        (lambda h, m: "[]", "no format number"),
        (lambda h, m: m.update(format="1"), "no format number"),
        (lambda h, m: m.update(format=2), "format 2; this firth reads 1: pip install --upgrade firth"),
        (lambda h, m: m.update(config=[]), "config is no object"),
        (lambda h, m: m.pop("config") and None, "config is no object"),
        (lambda h, m: m.update(history={}), "history is no list of objects"),
        (lambda h, m: m.update(history=[3]), "history is no list of objects"),
        (lambda h, m: h.update(middle=h.pop("center")), "no tensor 'center': expected F32 with 2 dimensions"),
        (lambda h, m: h.update(other=h.pop("counts")), "no tensor 'counts'"),
        (lambda h, m: h["center"].update(dtype="I32"), "tensor 'center' is I32 of shape .*: expected F32"),
        (
            lambda h, m: h["center"].update(shape=[24]),
            "'center' is F32 of shape .24.: expected F32 with 2 dim",
        ),
        (lambda h, m: h["center"].update(shape=[4, 6]), "6 words and 4 center vectors"),
        (lambda h, m: h["outside"].update(shape=[4, 6]), "outside vectors are .*expected float32 of shape"),
        (lambda h, m: h["center"].update(shape=[6, 5]), "not a whole safetensors file"),
        (lambda h, m: h["center"].update(data_offsets=[0, 96]), "not a whole safetensors file"),
        (lambda h, m: h["words"].update(dtype="I8"), "tensor 'words' is I8"),
    ],
)
def test_a_wrong_header_is_refused(path, change, message):
    with pytest.raises(FormatError, match=message) as caught:
        load(written(path, change))
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, m: h.update(x=h.pop("more_word_offsets")), "no tensor 'more_word_offsets': expected I64"),
        (lambda h, m: h.update(x=h.pop("more_words")), r"outside vectors are .*\(9, 4\): expected .*\(6, 4\)"),
        (lambda h, m: h.update(x=h.pop("outside")), "9 outside words, but no outside vectors"),
        (lambda h, m: h["more_words"].update(dtype="I8"), "'more_words' is I8 .*: expected U8"),
        (lambda h, m: h["more_words"].update(shape=[1, 5]), "'more_words' is U8 of shape .*: expected U8 with 1"),
        (lambda h, m: h["more_word_offsets"].update(dtype="F64"), "'more_word_offsets' is F64"),
        (lambda h, m: h["bias"].update(dtype="I32"), "'bias' is I32 of shape .9.: expected F32 with 1 dimension"),
        (lambda h, m: h["bias"].update(shape=[3, 3]), "'bias' is F32 of shape .3, 3.: expected F32 with 1 dimension"),
        (lambda h, m: h["bias"].update(shape=[10]), "not a whole safetensors file"),
        (lambda h, m: h["outside"].update(shape=[4, 9]), r"outside vectors are .*\(4, 9\): expected .*\(9, 4\)"),
        (lambda h, m: h["outside"].update(shape=[12, 3]), r"outside vectors are .*\(12, 3\): expected .*\(9, 4\)"),
    ],
)
def test_a_wrong_header_of_more_words_is_refused(path, change, message):
    with pytest.raises(FormatError, match=message) as caught:
        load(written(path, change, vectors=make_more()))
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, m: h.update(x=h.pop("subwords")), "no tensor 'subwords': expected F32 with 2 dimensions"),
        (lambda h, m: m.pop("subwords") and None, "tensor 'subwords', but the metadata has no minn, maxn and bucket"),
        (lambda h, m: m.update(subwords=[2, 5, 11]), r"subwords are \[2, 5, 11\]: expected minn, maxn and bucket"),
        (lambda h, m: m["subwords"].pop("minn") and None, "subwords are .*: expected minn, maxn and bucket"),
        (lambda h, m: m["subwords"].update(rows=3), "subwords are .*: expected minn, maxn and bucket"),
        (lambda h, m: m["subwords"].update(minn=0), "minn is 0: expected a whole number"),
        (lambda h, m: m["subwords"].update(minn=2.0), "minn is 2.0: expected a whole number"),
        (lambda h, m: m["subwords"].update(maxn=10**30), "maxn is 1000000000000000000000000000000: expected"),
        (lambda h, m: m["subwords"].update(minn=6), "minn is 6, above maxn, 5"),
        (lambda h, m: m["subwords"].update(bucket=10), r"rows are of shape \(17, 4\): expected \(16, 4\)"),
        (lambda h, m: m["subwords"].update(bucket=17), r"rows are float32 of shape \(17, 4\): expected .*words \+ 17"),
        (lambda h, m: m["subwords"].update(bucket=2**31), "bucket is 2147483648"),
        (lambda h, m: h["subwords"].update(shape=[34, 2]), r"rows are of shape \(34, 2\): expected \(17, 4\)"),
        (lambda h, m: h["subwords"].update(dtype="I32"), "'subwords' is I32"),
        (lambda h, m: h["nodes"].update(shape=[4, 5]), r"nodes are .*\(4, 5\): expected .*\(5, 4\)"),
        (lambda h, m: h["nodes"].update(shape=[20]), "'nodes' is F32 of shape .20.: expected F32 with 2 dimensions"),
        (lambda h, m: h["nodes"].update(dtype="I32"), "'nodes' is I32"),
        (lambda h, m: h["nodes"].update(shape=[2**61, 4]), "not a whole safetensors file"),
    ],
)
def test_a_wrong_header_of_ngrams_or_nodes_is_refused(path, change, message):
    with pytest.raises(FormatError, match=message) as caught:
        load(written(path, change, vectors=make_spelt()))
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, m: h["documents"].update(dtype="I32"), "'documents' is I32 of shape .*: expected F32 with 2 dim"),
        (lambda h, m: h["documents"].update(shape=[12]), "'documents' is F32 of shape .12.: expected F32 with 2 dim"),
        (
            lambda h, m: h["documents"].update(shape=[4, 3]),
            "3 tags and 4 vectors of documents: expected as many of each",
        ),
        (lambda h, m: h.update(x=h.pop("document_tags")), "no tensor 'document_tags': expected U8"),
        (lambda h, m: h.update(x=h.pop("document_tag_offsets")), "no tensor 'document_tag_offsets': expected I64"),
        (lambda h, m: h["document_tags"].update(dtype="I8"), "tensor 'document_tags' is I8"),
        (lambda h, m: h.update(x=h.pop("document_padding")), "outside vectors or a padding, but not both"),
        (lambda h, m: h.update(x=h.pop("document_outside")), "outside vectors or a padding, but not both"),
        (lambda h, m: h["document_padding"].update(shape=[2, 2]), "'document_padding' is F32 of shape .2, 2."),
        (lambda h, m: h["document_outside"].update(shape=[12, 11]), r"shape \(12, 11\): expected a multiple of 4"),
        (lambda h, m: h["document_outside"].update(shape=[33, 4]), r"shape \(33, 4\): expected a multiple of 4 .* 6 "),
    ],
)
def test_a_wrong_header_of_documents_is_refused(path, change, message):
    with pytest.raises(FormatError, match=message) as caught:
        load(written(path, change, vectors=make_documents()))
    assert str(caught.value).startswith(f"{path}: ")


def test_documents_of_another_dimension_are_refused(path):
    def change(header, _):
        header["documents"].update(shape=[6, 2])
        header.update(x=header.pop("document_tags"), y=header.pop("document_tag_offsets"))

    with pytest.raises(FormatError, match=r"document vectors are of shape \(6, 2\): expected \(documents, 4\)"):
        load(written(path, change, vectors=make_documents(outside=False)))


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, 1, "the tag offsets do not rise from 0 to 11, the bytes of all tags"),
        (1, -(2**63), "the tag offsets do not rise"),
        (3, 2**62, "the tag offsets do not rise"),
        (2, 6, r"tag 1 is b'\\xe6': expected UTF-8"),
        (2, 0, "the tag offsets do not rise"),
    ],
)
def test_wrong_data_of_tags_is_refused(path, at, value, message):
    at, patch = MORE_OFFSETS + 8 * at, struct.pack("<q", value)
    with pytest.raises(FormatError, match=message):
        load(written(path, data=lambda data: data[:at] + patch + data[at + 8 :], vectors=make_documents()))


def test_a_tag_that_comes_twice_is_refused(path):
    vectors = make_documents(["ab", "cb", "x"], outside=False)
    vectors.save(path)
    path.write_bytes(path.read_bytes().replace(b"abcb", b"abab"))
    with pytest.raises(FormatError, match="the tag 'ab' comes twice"):
        load(path)


def test_a_bias_without_outside_vectors_is_refused(path):
    few = make()
    biased = WordVectors(WORDS, few.counts, few.center, few.outside, {}, [], bias=np.ones(6, np.float32))
    with pytest.raises(FormatError, match="there is a bias, but no outside vectors"):
        load(written(path, lambda h, m: h.update(x=h.pop("outside")), vectors=biased))
    with pytest.raises(FormatError, match=r"bias is float32 of shape \(6,\): expected float32 of shape \(9,\)"):
        load(written(path, swap_bias, vectors=make_more()))


def swap_bias(header, _):
    """Let the bias be of the six words only, and its other three numbers be a tensor nobody asks for."""
    begin, end = header["bias"]["data_offsets"]
    header["bias"].update(shape=[6], data_offsets=[begin, begin + 24])
    header["rest"] = {"dtype": "F32", "shape": [3], "data_offsets": [begin + 24, end]}


OFFSETS = 6 * 8  # counts come first


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, -1, "the count of 'the' is negative"),
        (OFFSETS, 1, "offsets do not rise from 0 to 23"),
        (OFFSETS + 8, 10, "offsets do not rise"),
        (OFFSETS + 8, -(2**63), "offsets do not rise"),
        (OFFSETS + 5 * 8, 2**62, "offsets do not rise"),
        (OFFSETS + 6 * 8, 22, "offsets do not rise"),
        (OFFSETS + 1 * 8, 6, r"word 0 is b'thena\\xc3': expected UTF-8"),
    ],
)
def test_wrong_data_is_refused(path, at, value, message):
    patch = struct.pack("<q", value)
    with pytest.raises(FormatError, match=message):
        load(written(path, data=lambda data: data[:at] + patch + data[at + 8 :]))


MORE_OFFSETS = OFFSETS + 7 * 8


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, 1, "the more word offsets do not rise from 0 to 5, the bytes of all more words"),
        (1, 6, "more word offsets do not rise"),
        (1, -(2**63), "more word offsets do not rise"),
        (3, 4, "more word offsets do not rise"),
        (3, 2**62, "more word offsets do not rise"),
        (1, 3, r"more word 0 is b'pi\\xc3': expected UTF-8"),
    ],
)
def test_wrong_data_of_more_words_is_refused(path, at, value, message):
    at, patch = MORE_OFFSETS + 8 * at, struct.pack("<q", value)
    with pytest.raises(FormatError, match=message):
        load(written(path, data=lambda data: data[:at] + patch + data[at + 8 :], vectors=make_more()))


@pytest.mark.parametrize(("text", "word"), [("piùx", "x"), ("pppp\0", "p")])
def test_a_more_word_that_comes_twice_is_refused(path, text, word):
    """Once with a word of the vocabulary, once with another of the more words."""
    bounds = struct.pack("<4q", 0, 4, 4, 5) if word == "x" else struct.pack("<4q", 0, 1, 2, 5)
    old = struct.pack("<4q", 0, 4, 4, 5), "piùz".encode()
    edit = lambda data: data.replace(old[0], bounds).replace(old[1], text.encode())  # noqa: E731
    with pytest.raises(FormatError, match=f"the outside word '{word}' comes twice"):
        load(written(path, data=edit, vectors=make_more()))


def test_a_word_that_comes_twice_is_refused(path):
    make(words=["ab", "cb"]).save(path)
    path.write_bytes(path.read_bytes().replace(b"abcb", b"abab"))
    with pytest.raises(FormatError, match="the word 'ab' comes twice"):
        load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"abc", "not a whole safetensors file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a whole safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "not a whole safetensors file"),
        (struct.pack("<Q", 2) + b"{}", "without firth's metadata"),
        (struct.pack("<Q", 4) + b"null", "not a whole safetensors file"),
    ],
)
def test_a_file_that_is_no_vectors_file_is_refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_another_programs_safetensors_file_is_refused(path):
    save_file({"weight": np.ones((2, 2), np.float32)}, path)
    with pytest.raises(FormatError, match="without firth's metadata"):
        load(path)


def test_what_is_no_file_of_that_name_is_refused(tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    for name, message in [
        ("missing.safetensors", "there is no such file"),
        ("folder.safetensors", "not a regular file"),
        ("v.bin", r"for one of word2vec or fastText, run: firth convert .*v.bin .*v.safetensors"),
        ("v.pkl", "ends in .safetensors"),
        ("a\0.safetensors", "NUL"),
    ]:
        with pytest.raises(FormatError, match=message):
            load(tmp_path / name)


def outcome(path):
    try:
        vectors = load(path)
        vectors.neighbors(vectors.words[0])
        vectors.center.tobytes()
    except FirthError as error:
        return type(error)
    return None


@pytest.mark.parametrize("vectors", [make(), make_more(), make_spelt(), make_documents()])
def test_every_truncation_is_refused(path, vectors):
    vectors.save(path)
    raw = path.read_bytes()
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        assert outcome(path) is FormatError, length


@pytest.mark.parametrize("vectors", [make(), make_more(), make_spelt(), make_documents()])
def test_flipped_bytes_give_a_clear_error_or_valid_vectors(path, vectors):
    vectors.save(path)
    raw = path.read_bytes()
    rng = np.random.default_rng(5)
    outcomes = set()
    for at in range(len(raw)):
        flipped = bytearray(raw)
        flipped[at] ^= int(rng.integers(1, 256))
        path.write_bytes(flipped)
        outcomes.add(outcome(path))
    assert outcomes == {None, FormatError}


def test_half_a_character_is_refused(path):
    with pytest.raises(FormatError, match="it holds half a character"):
        make(words=["fine", "\ud800"]).save(path)
