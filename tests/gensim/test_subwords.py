"""FastTextKeyedVectors: means of rows, words never seen, files."""

import pickle

import numpy as np
import pytest

from firth.gensim.models.keyedvectors import FastTextKeyedVectors, KeyedVectors
from firth.vectors.subwords import ngram_rows

KEYS, BUCKET, D = ["computer", "human", "time"], 40, 5


@pytest.fixture
def rows():
    return np.random.default_rng(4).normal(size=(len(KEYS) + BUCKET, D)).astype(np.float32)


@pytest.fixture
def wv(rows):
    made = FastTextKeyedVectors(D, 3, 5, BUCKET)
    made.set_all_subwords(KEYS, rows, np.array([9, 8, 7]))
    return made


def mean(rows, word, own=None):
    """The mean of the rows of a word by hand."""
    places = ngram_rows([word], 3, 5, BUCKET)[1][1:] - 1 + len(KEYS)
    return rows[[*([own] if own is not None else []), *places]].astype(np.float64).mean(axis=0)


def test_vectors_are_means(wv, rows):
    for i, word in enumerate(KEYS):
        np.testing.assert_allclose(wv[word], mean(rows, word, i), rtol=1e-5)
    np.testing.assert_allclose(wv["computers"], mean(rows, "computers"), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(wv.get_vector("computers", norm=True)), 1, rtol=1e-6)
    assert wv.vectors_vocab.shape == (3, D)
    assert wv.vectors_ngrams.shape == (BUCKET, D)


def test_rows_are_shared_with_the_model(wv, rows):
    assert np.shares_memory(wv.vectors_ngrams, rows)
    held = wv.vectors
    rows *= 2
    wv.adjust_vectors()
    assert wv.vectors is held
    np.testing.assert_allclose(wv["time"], mean(rows, "time", 2), rtol=1e-5)
    wv.vectors_ngrams = np.zeros((BUCKET, D), np.float32)
    wv.adjust_vectors()
    count = len(wv.buckets_word[2])
    np.testing.assert_allclose(wv["time"], rows[2] / (1 + count), rtol=1e-5)


def test_what_is_in_them(wv):
    assert "time" in wv
    assert "timer" in wv
    assert not wv.has_index_for("timer")
    assert "" not in wv  # "<>" has no n-gram of three characters
    assert 1 in wv
    assert 7 not in wv
    with pytest.raises(KeyError, match="no n-gram of 3 to 5 characters"):
        wv[""]
    with pytest.raises(KeyError, match="not present"):
        wv.get_index("timer")


def test_queries_take_words_never_seen(wv):
    assert {key for key, _ in wv.most_similar("timer")} == set(KEYS)
    assert wv.similarity("timer", "time") == pytest.approx(
        wv["timer"] @ wv["time"] / np.linalg.norm(wv["timer"]) / np.linalg.norm(wv["time"]), rel=1e-5
    )
    np.testing.assert_array_equal(wv.get_sentence_vector(["timer", "time"]), wv.get_mean_vector(["timer", "time"]))


def test_buckets(wv):
    places = ngram_rows(["human"], 3, 5, BUCKET)[1][1:] - 1
    np.testing.assert_array_equal(wv.buckets_word[1], places)


def test_some_words_as_plain_vectors(wv):
    some = wv.vectors_for_all(["timer", "time"], copy_vecattrs=True)
    assert type(some) is KeyedVectors
    np.testing.assert_array_equal(some["timer"], wv["timer"])
    assert some.expandos["count"].tolist() == [0, 7]
    assert wv.vectors_for_all(["timer", "time"], allow_inference=False).index_to_key == ["time"]


@pytest.mark.parametrize("again", ["saved", "mapped", "pickled"])
def test_they_come_back(wv, tmp_path, again):
    if again == "pickled":
        read = pickle.loads(pickle.dumps(wv))
    else:
        wv.save(tmp_path / "v")
        read = KeyedVectors.load(tmp_path / "v", mmap="r" if again == "mapped" else None)
    assert type(read) is FastTextKeyedVectors
    for word in ("time", "timer"):
        np.testing.assert_array_equal(read[word], wv[word])
    assert read.get_vecattr("time", "count") == 7


def test_keys_that_are_added_and_sorted(wv):
    wv.add_vectors(["zebra"], np.ones((1, D)), extras={"count": [99]})
    np.testing.assert_array_equal(wv["zebra"], np.ones(D))
    wv.sort_by_descending_frequency()
    before = wv["time"].copy()
    assert wv.index_to_key == ["zebra", *KEYS]
    wv.adjust_vectors()
    np.testing.assert_allclose(wv["time"], before, rtol=1e-6)


def test_without_ngrams():
    wv = FastTextKeyedVectors(2, 3, 6, 0)
    wv.set_all_subwords(["a"], np.ones((1, 2), np.float32), np.array([1]))
    assert wv["a"].tolist() == [1, 1]
    assert "b" not in wv
    with pytest.raises(KeyError, match="not present"):
        wv["b"]


def test_rows_that_do_not_fit(wv, rows):
    with pytest.raises(ValueError, match=r"expected float32 \(43, 5\)"):
        wv.set_all_subwords(KEYS, rows[:-1], np.array([9, 8, 7]))
    with pytest.raises(NotImplementedError, match="no n-grams"):
        FastTextKeyedVectors.load_word2vec_format("v.txt")


def test_new_rows_are_random():
    wv = FastTextKeyedVectors(4, 3, 3, 6)
    wv.index_to_key, wv.key_to_index = ["abc"], {"abc": 0}
    wv.resize_vectors(seed=1)
    assert wv.vectors_ngrams.shape == (6, 4)
    assert wv.vectors_ngrams.any(axis=1).all()
    assert wv["abc"].any()
