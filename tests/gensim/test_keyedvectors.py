"""KeyedVectors beside gensim 4.4: what both answer, and the names that both have."""

import copy
import pickle

import numpy as np
import pytest

from firth.gensim.models import keyedvectors
from firth.gensim.models.keyedvectors import FastTextKeyedVectors, KeyedVectors

ROWS = np.array([[(5 * i * i + 3 * j + i * j) % 11 - 5 for j in range(4)] for i in range(7)], np.float32)

ANSWERS = [
    ('most_similar("w1", topn=3)', [("w3", 0.636285), ("w4", 0.439652), ("w6", 0.192232)]),
    ('most_similar(["w1", "w2"], ["w3"], topn=2)', [("w4", 0.081655), ("w5", -0.117928)]),
    (
        'most_similar(positive=[("w1", 2.0), "w2"], negative=[("w3", -0.5)], topn=2)',
        [("w4", 0.413905), ("w6", -0.299676)],
    ),
    ('most_similar("w1", topn=None)', [-0.20241, 1.0, -0.636285, 0.636285, 0.439652, -0.908108, 0.192232]),
    ('most_similar("w1", clip_start=2, clip_end=5)', [("w3", 0.636285), ("w4", 0.439652), ("w2", -0.636285)]),
    ('most_similar("w1", restrict_vocab=3)', [("w0", -0.20241), ("w2", -0.636285)]),
    ('most_similar([1, "w4"], topn=1)', [("w3", 0.466831)]),
    ("most_similar(positive=[np.array([1.0, 2.0, 0.0, -1.0])], topn=2)", [("w4", 0.719093), ("w1", 0.560449)]),
    ('most_similar(negative=["w3"], topn=1)', [("w2", 1.0)]),
    ('most_similar_cosmul(["w1", "w2"], ["w3"], topn=2)', [("w4", 0.525701), ("w6", 0.16429)]),
    ('similar_by_word("w1", 1)', [("w3", 0.636285)]),
    ("similar_by_vector(np.array([1.0, 2.0, 0.0, -1.0]), 1)", [("w4", 0.719093)]),
    ('similarity("w1", "w2")', -0.636285),
    ('distance("w1", "w2")', 1.636285),
    ('distances("w1", ["w2", "w3"])', [1.636285, 0.363715]),
    ('n_similarity(["w1", "w2"], ["w3", "w4"])', -0.216371),
    ("cosine_similarities(np.ones(4), np.eye(4)[:2])", [0.5, 0.5]),
    ('get_mean_vector(["w1", "w2"])', [0.324443, 0.230011, -0.050842, -0.145274]),
    (
        'get_mean_vector(["w1", "w2"], weights=[2, -1], pre_normalize=False, post_normalize=True)',
        [-0.268462, 0.671156, -0.60404, 0.335578],
    ),
    ('get_vector("w1", norm=True)', [0.0, 0.784465, -0.588348, 0.196116]),
    ('doesnt_match(["w1", "w2", "w3", "w4"])', "w2"),
    ('closer_than("w1", "w2")', ["w0", "w3", "w4", "w6"]),
    ('rank("w1", "w2")', 5),
    ('rank_by_centrality(["w1", "w2", "w3"])', [(1.0, "w1"), (0.636285, "w3"), (-0.636285, "w2")]),
    ('rank_by_centrality(["w1", "w2", "w3"], use_norm=False)', [(5.09902, "w1"), (3.922323, "w3"), (-3.922323, "w2")]),
    ('relative_cosine_similarity("w1", "w2", 3)', -0.501735),
    ('most_similar_to_given("w1", ["w2", "w3", "w4"])', "w3"),
]
"""What gensim 4.4.0 answers for vectors w0 to w6 of `ROWS`, to six decimals."""

NAMES = """
add_lifecycle_event add_vector add_vectors allocate_vecattrs closer_than cosine_similarities distance distances
doesnt_match evaluate_word_analogies evaluate_word_pairs fill_norms get_index get_mean_vector get_normed_vectors
get_vecattr get_vector has_index_for index2entity index2word init_sims intersect_word2vec_format load
load_word2vec_format log_accuracy log_evaluate_word_pairs most_similar most_similar_cosmul most_similar_to_given
n_similarity rank rank_by_centrality relative_cosine_similarity resize_vectors save save_word2vec_format set_vecattr
similar_by_key similar_by_vector similar_by_word similarity similarity_unseen_docs sort_by_descending_frequency
unit_normalize_all vectors_for_all vectors_norm vocab wmdistance word_vec words_closer_than
"""
"""The public names of gensim 4.4's KeyedVectors."""

OF_NGRAMS = "adjust_vectors get_sentence_vector init_post_load recalc_char_ngram_buckets"


@pytest.fixture
def wv():
    made = KeyedVectors(4)
    made.add_vectors([f"w{i}" for i in range(7)], ROWS)
    return made


def near(value):
    """What equals a value but for rounding; also in lists and tuples."""
    if isinstance(value, list | tuple):
        return type(value)(near(one) for one in value)
    return pytest.approx(value, abs=2e-6) if isinstance(value, float) else value


@pytest.mark.parametrize(("call", "answer"), ANSWERS)
def test_answers_are_gensims(wv, call, answer):
    found = eval(f"wv.{call}", {"wv": wv, "np": np})
    assert (found.tolist() if isinstance(found, np.ndarray) else found) == near(answer)


def test_types_are_gensims(wv):
    assert type(wv.most_similar("w1")[0]) is tuple
    assert type(wv.most_similar("w1")[0][1]) is float
    assert wv.most_similar("w1", topn=None).dtype == np.float32
    for value in (wv.similarity("w1", "w2"), wv.distance("w1", "w2"), wv.n_similarity(["w1"], ["w2"])):
        assert type(value) is np.float32
    assert wv["w1"].dtype == wv.distances("w1").dtype == wv.get_mean_vector(["w1"]).dtype == np.float32
    assert str(wv) == "KeyedVectors<vector_size=4, 7 keys>"


def test_every_public_name_is_there():
    assert [name for name in NAMES.split() if not hasattr(KeyedVectors, name)] == []
    assert [name for name in OF_NGRAMS.split() if not hasattr(FastTextKeyedVectors, name)] == []


def test_other_names_of_the_same():
    for name in ("Word2VecKeyedVectors", "EuclideanKeyedVectors", "Doc2VecKeyedVectors"):
        assert getattr(keyedvectors, name) is KeyedVectors
    assert keyedvectors.Vocab is keyedvectors.CompatVocab


def test_weak_vectors_depend_on_their_seed():
    one, same, other = (keyedvectors.pseudorandom_weak_vector(20, seed) for seed in ("a", "a", "b"))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert np.abs(one).max() <= 0.5 / 20


@pytest.mark.parametrize("copied", [lambda wv: pickle.loads(pickle.dumps(wv)), copy.deepcopy])
def test_copies_answer_alike_and_are_apart(wv, copied):
    wv.most_similar("w1")
    other = copied(wv)
    assert other.most_similar("w1") == wv.most_similar("w1")
    other.vectors[3] = 0
    np.testing.assert_array_equal(wv.vectors, ROWS)


def test_unseen_documents_are_for_doc2vec(wv):
    with pytest.raises(NotImplementedError, match="Doc2Vec"):
        wv.similarity_unseen_docs([], [])


def test_events_are_kept(wv):
    assert wv.lifecycle_events == []
    wv.add_lifecycle_event("counted", words=7)
    assert [(event["event"], event["words"]) for event in wv.lifecycle_events] == [("counted", 7)]
    wv.lifecycle_events = None
    wv.add_lifecycle_event("lost", log_level=False)
    assert wv.lifecycle_events is None
