"""Names of gensim 3: one DeprecationWarning each, and what they gave."""

import numpy as np
import pytest

from firth.errors import FirthError
from firth.gensim.models.keyedvectors import KeyedVectors, Vocab


@pytest.fixture
def wv():
    made = KeyedVectors(2)
    made.add_vectors(["a", "b"], [[3, 4], [0, 2]], extras={"count": np.array([7, 5])})
    return made


@pytest.mark.parametrize(
    ("use", "new", "expected"),
    [
        (lambda wv: wv.index2word, "index_to_key", ["a", "b"]),
        (lambda wv: wv.index2entity, "index_to_key", ["a", "b"]),
        (lambda wv: wv.syn0, "vectors", [[3, 4], [0, 2]]),
        (lambda wv: wv.vectors_norm, "get_normed_vectors", [[0.6, 0.8], [0, 1]]),
        (lambda wv: wv.syn0norm, "get_normed_vectors", [[0.6, 0.8], [0, 1]]),
        (lambda wv: wv.word_vec("a", use_norm=True), "get_vector", [0.6, 0.8]),
        (lambda wv: wv.words_closer_than("a", "b"), "closer_than", []),
        (lambda wv: wv.wv.vectors, "themselves", [[3, 4], [0, 2]]),
        (lambda wv: [wv.init_sims(), wv.norms][1], "fill_norms", [5, 2]),
        (lambda wv: [wv.init_sims(replace=True), wv.vectors][1], "unit_normalize_all", [[0.6, 0.8], [0, 1]]),
        (lambda wv: [wv.add(["c"], [[1, 1]]), wv["c"]][1], "add_vectors", [1, 1]),
        (lambda wv: len(wv.vocab), "key_to_index", 2),
    ],
)
def test_each_works_and_names_the_new_one(wv, use, new, expected):
    with pytest.warns(DeprecationWarning, match=f"is the name of gensim 3: use .*{new}") as caught:
        found = use(wv)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    if isinstance(found, np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    else:
        assert found == expected


def test_vocab_has_counts_and_indices(wv):
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        vocab = wv.vocab
    assert list(vocab) == ["a", "b"]
    assert "a" in vocab
    assert "c" not in vocab
    assert 0 not in vocab
    assert (vocab["b"].count, vocab["b"].index) == (5, 1)
    assert sorted(vocab.items(), key=lambda item: item[1].count)[0][0] == "b"
    with pytest.raises(KeyError):
        vocab["c"]


def test_vectors_made_by_the_old_names():
    wv = KeyedVectors(2)
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        wv.vocab = {"x": Vocab(index=1, count=3), "y": Vocab(index=0, count=4)}
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        wv.syn0 = np.eye(2, dtype=np.float32)
    with pytest.warns(DeprecationWarning, match="gensim 3"):
        wv.index2word = ["y", "x"]
    assert wv["x"].tolist() == [0, 1]
    assert wv.get_vecattr("x", "count") == 3


def old(wv, name, *value):
    """Get or set a name of gensim 3, with its one warning."""
    with pytest.warns(DeprecationWarning, match="gensim 3") as caught:
        found = setattr(wv, name, *value) if value else getattr(wv, name)
    assert len(caught) == 1
    return found


def test_vectors_made_of_a_dict_of_vectors(tmp_path):
    rows = {"z": np.ones(2), "y": np.zeros(2), "x": np.array([0.0, 2])}
    for values in (list, np.asarray):
        wv = KeyedVectors(vector_size=2)
        old(wv, "vocab", {key: values(row) for key, row in rows.items()})
        wv.vectors = np.array(list(rows.values()))
        assert wv.index_to_key == ["z", "y", "x"]
        wv.save_word2vec_format(tmp_path / "v.txt")
        read = KeyedVectors.load_word2vec_format(tmp_path / "v.txt")
        assert {key: read[key].tolist() for key in read.index_to_key} == {
            key: row.tolist() for key, row in rows.items()
        }


def test_entries_of_a_vocabulary_that_cannot_be_changed(wv):
    vocab = old(wv, "vocab")
    with pytest.raises(TypeError, match="add_vectors") as caught:
        vocab["c"] = Vocab(index=2, count=1)
    assert isinstance(caught.value, FirthError)
    with pytest.raises(FirthError, match="vectors_for_all"):
        del vocab["a"]
    for wrong in ({"x": Vocab(index=1)}, {"x": Vocab(index=0), "y": Vocab(index=0)}, ["x"]):
        with pytest.raises(FirthError):
            old(wv, "vocab", wrong)
    assert wv.index_to_key == ["a", "b"]


def test_fewer_words_by_the_old_names(wv):
    kept, rows, normed = {}, [], []
    for row, key in enumerate(old(wv, "index2entity")):
        entry = old(wv, "vocab")[key]
        if key != "a":
            entry.index, kept[key] = len(kept), entry
            rows.append(wv.vectors[row])
            normed.append(old(wv, "vectors_norm")[row])
    old(wv, "vocab", kept)
    wv.vectors = np.array(rows)
    old(wv, "index2entity", list(kept))
    old(wv, "vectors_norm", np.array(normed))
    old(wv, "syn0norm", None)
    assert (wv.index_to_key, wv["b"].tolist(), wv.get_vecattr("b", "count")) == (["b"], [0, 2], 5)
    assert old(wv, "vectors_norm").tolist() == [[0, 1]]
    assert wv.most_similar(positive=[np.array([1.0, 1.0])])[0][0] == "b"


def test_scaled_vectors_are_kept_until_a_row_changes(wv):
    first = old(wv, "vectors_norm")
    assert old(wv, "syn0norm") is first
    wv.vectors[0] = [0, 1]
    assert old(wv, "vectors_norm").tolist() == [[0, 1], [0, 1]]
    wv.most_similar("a")
    assert wv.norms.tolist() == [1, 2]
    assert len(old(KeyedVectors(2), "vectors_norm")) == 0


def test_names_of_tags():
    dv = KeyedVectors(2)
    counts = {"doc_count": np.array([1, 2]), "word_count": np.array([7, 9])}
    dv.add_vectors([0, "b"], [[3, 4], [0, 2]], extras=counts)
    tags = old(dv, "doctags")
    assert (tags["b"].offset, tags["b"].doc_count, tags["b"].word_count) == (1, 2, 9)
    assert (old(dv, "count"), old(dv, "max_rawint")) == (2, 0)
    assert old(KeyedVectors(2), "max_rawint") == -1
    np.testing.assert_allclose(old(dv, "doctag_syn0norm"), [[0.6, 0.8], [0, 1]], rtol=1e-6)
    index_to_doctag = dv.index_to_doctag
    with pytest.warns(DeprecationWarning, match="index_to_key"):
        assert index_to_doctag(1) == "b"
    with pytest.warns(DeprecationWarning, match="gensim 3"), pytest.raises(FirthError, match="from 0 to 1"):
        index_to_doctag(2)


def test_entries_are_ordered_by_count():
    assert Vocab(count=1) < Vocab(count=2)
    assert max(Vocab(count=1), Vocab(count=3, index=7)).index == 7
    assert Vocab().count == 0
