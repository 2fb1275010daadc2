"""Names of gensim 3: one DeprecationWarning each, and what they gave."""

import numpy as np
import pytest

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


def test_entries_are_ordered_by_count():
    assert Vocab(count=1) < Vocab(count=2)
    assert max(Vocab(count=1), Vocab(count=3, index=7)).index == 7
    assert Vocab().count == 0
