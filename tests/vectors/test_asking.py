"""Every way to ask word vectors, against float64 NumPy written out here."""

import unicodedata

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError, UnknownWordError
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords

N, D = 120, 5


def make(center, words=None, **more):
    center = np.asarray(center, np.float32)
    words = words or [f"w{i}" for i in range(len(center))]
    return WordVectors(words, np.ones(len(center), np.int64), center, None, {}, [], **more)


@pytest.fixture(scope="module")
def vectors():
    return make(np.random.default_rng(1).normal(size=(N, D)))


@pytest.fixture(scope="module")
def units(vectors):
    rows = vectors.center.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sorted_by_hand(units, query, excluded, k, among=None):
    scores = units @ (query / np.linalg.norm(query))
    among = range(len(units)) if among is None else among
    order = sorted((i for i in among if i not in excluded), key=lambda i: (-scores[i], i))[:k]
    return [(f"w{i}", pytest.approx(scores[i], abs=1e-12)) for i in order]


def test_neighbours_of_vectors(vectors, units):
    rng = np.random.default_rng(2)
    queries = rng.normal(size=(3, D))
    assert vectors.neighbors(queries[0], k=4) == sorted_by_hand(units, queries[0], (), 4)
    assert vectors.neighbors(queries.astype(np.float32), k=4) == [
        sorted_by_hand(units, query.astype(np.float32).astype(float), (), 4) for query in queries
    ]
    assert vectors.neighbors(vectors["w3"])[0] == ("w3", pytest.approx(1))
    assert vectors.neighbors(np.arange(D), k=1) == sorted_by_hand(units, np.arange(D), (), 1)


def test_neighbours_of_weighted_sums(vectors, units):
    given = np.array([1.0, 2, 3, 4, 5])
    query = units[3] + 0.5 * units[8] - 2 * units[9] - given / np.linalg.norm(given)
    found = vectors.neighbors(positive=["w3", ("w8", 0.5)], negative=[("w9", 2), given], k=6)
    assert found == sorted_by_hand(units, query, (3, 8, 9), 6)
    assert vectors.neighbors(negative=["w3"], k=2) == sorted_by_hand(units, -units[3], (3,), 2)
    assert vectors.neighbors(positive=[("w3", -1.0)], k=2) == sorted_by_hand(units, -units[3], (3,), 2)


def test_neighbours_among_some_words(vectors, units):
    within = ["w90", "w7", "w8", "w7", "w50"]
    assert vectors.neighbors("w7", within=within) == sorted_by_hand(units, units[7], (7,), 9, (90, 8, 50))
    assert vectors.neighbors("w1", None, within=within) == sorted_by_hand(units, units[1], (), 9, (90, 7, 8, 50))
    assert vectors.neighbors(["w7", "w1"], 2, within=within) == [
        sorted_by_hand(units, units[7], (7,), 2, (90, 8, 50)),
        sorted_by_hand(units, units[1], (), 2, (90, 7, 8, 50)),
    ]
    for most, asked in ((30, 7), (30, 90), (1, 0), (N + 5, 7)):
        expected = sorted_by_hand(units, units[asked], (asked,), 10, range(min(most, N)))
        assert vectors.neighbors(f"w{asked}", most_frequent=most) == expected


def test_neighbours_above_a_threshold(vectors, units):
    found = vectors.neighbors("w5", None, threshold=0.4)
    expected = [pair for pair in sorted_by_hand(units, units[5], (5,), N) if pair[1].expected >= 0.4]
    assert found == expected
    assert 3 < len(found) < N - 1
    assert vectors.neighbors("w5", 2, threshold=0.4) == expected[:2]
    assert vectors.neighbors("w5", threshold=1) == []


def test_all_neighbours(vectors, units):
    assert vectors.neighbors("w5", k=None) == sorted_by_hand(units, units[5], (5,), N)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "there is nothing to look for"),
        ({"word": "w1", "positive": ["w2"]}, "expected one or the other"),
        ({"positive": "w1"}, r"positive is 'w1': expected a list, \['w1'\]"),
        ({"positive": [("w1", "much")]}, "the weight of the vector of 'w1' is 'much': expected a number"),
        ({"positive": [("w1", float("nan"))]}, "is nan: expected a number"),
        ({"positive": ["w1"], "negative": ["w1"]}, "the sum of positive and negative is zero"),
        ({"word": "w1", "within": "w2"}, "within is 'w2': expected a list of words"),
        ({"word": "w1", "within": []}, "within has no word"),
        ({"word": "w1", "within": ["w2"], "most_frequent": 3}, "within and most_frequent are given"),
        ({"word": "w1", "most_frequent": 0}, "most_frequent is 0: expected a whole number, 1 or more"),
        ({"word": "w1", "threshold": 2}, "threshold is 2: expected a cosine, from -1 to 1"),
        ({"word": np.ones(D + 1)}, rf"a vector is float64 of shape \({D + 1},\): expected {D} numbers"),
        ({"word": np.array(["a"] * D)}, "a vector is <U1"),
    ],
)
def test_wrong_arguments_are_refused(vectors, arguments, message):
    with pytest.raises(ConfigError, match=message):
        vectors.neighbors(**arguments)


def test_vectors_without_direction_are_refused(vectors):
    with pytest.raises(FormatError, match="a vector that is given is zero"):
        vectors.neighbors(np.zeros(D))
    with pytest.raises(FormatError, match="a vector that is given holds a NaN"):
        vectors.neighbors(np.full(D, np.nan))
    with pytest.raises(UnknownWordError, match="'x' is not among"):
        vectors.neighbors("w1", within=["w2", "x"])


def test_analogies_by_both_methods(vectors, units):
    a, b, c = 4, 9, 8
    cosines = (1 + units @ units[[a, b, c]].T) / 2
    scores = cosines[:, 1] * cosines[:, 2] / (cosines[:, 0] + 0.001)
    for among, arguments in (
        (range(N), {}),
        (range(30), {"most_frequent": 30}),
        ((90, 9, 50, 3), {"within": ["w90", "w9", "w50", "w3"]}),
    ):
        order = sorted((i for i in among if i not in (a, b, c)), key=lambda i: (-scores[i], i))[:6]
        expected = [(f"w{i}", pytest.approx(scores[i], rel=1e-12)) for i in order]
        assert vectors.analogy("w4", "w9", "w8", 6, "mul", **arguments) == expected
        query = units[b] - units[a] + units[c]
        assert vectors.analogy("w4", "w9", "w8", 6, **arguments) == sorted_by_hand(units, query, (a, b, c), 6, among)
    with pytest.raises(ConfigError, match="method is 'sub': expected 'add' or 'mul'"):
        vectors.analogy("w4", "w9", "w8", method="sub")


def test_many_analogies_are_those_of_one_by_one(vectors):
    rng = np.random.default_rng(5)
    questions = [tuple(f"w{i}" for i in rng.integers(0, N, size=3)) for _ in range(100)]
    for arguments in ({}, {"most_frequent": 40}):
        one_by_one = [vectors.analogy(*question, k=3, **arguments) for question in questions]
        assert vectors.analogies(questions, k=3, **arguments) == one_by_one
        assert vectors.analogies(questions[:7], k=3, **arguments) == one_by_one[:7]
    assert vectors.analogies([]) == []


def test_thousands_of_neighbours_are_those_of_one_by_one(vectors):
    assert vectors.neighbors(vectors.words, 3) == [vectors.neighbors(word, 3) for word in vectors.words]


def test_similarity_of_pairs_and_groups(vectors, units):
    pairs = [("w1", "w2"), ("w3", "w3"), ("w2", "w9")]
    found = vectors.similarities(pairs)
    assert found.tolist() == [vectors.similarity(*pair) for pair in pairs]
    assert found[0] == pytest.approx(units[1] @ units[2])
    assert vectors.similarities([]).shape == (0,)
    one, two = units[[1, 2, 3]].mean(axis=0), units[[4, 5]].mean(axis=0)
    expected = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
    assert vectors.similarity(["w1", "w2", "w3"], ["w4", "w5"]) == pytest.approx(expected)
    assert vectors.similarity(["w1"], "w2") == pytest.approx(vectors.similarity("w1", "w2"), abs=1e-15)
    assert vectors.similarity("w1", vectors["w2"]) == vectors.similarity("w1", "w2")
    with pytest.raises(ConfigError, match="a group has no word"):
        vectors.similarity([], "w1")


def test_the_odd_one_out(vectors, units):
    assert make([[1, 0.1], [1, 0], [-1, 0.2], [1, -0.1]]).odd_one_out(["w0", "w1", "w2", "w3"]) == "w2"
    words = [3, 7, 20, 50, 90]
    mean = units[words].mean(axis=0)
    assert vectors.odd_one_out([f"w{i}" for i in words]) == f"w{min(words, key=lambda i: units[i] @ mean)}"
    for few in (["w1", "w2"], "w1"):
        with pytest.raises(ConfigError, match="expected a list of three or more"):
            vectors.odd_one_out(few)


def test_the_rank_is_the_place_among_the_neighbours(vectors):
    for word in ("w3", "w50"):
        order = [name for name, _ in vectors.neighbors(word, None)]
        assert [vectors.rank(name, word) for name in order] == list(range(1, N))
        assert vectors.rank("w9", vectors[word]) == vectors.rank("w9", word) + 1  # the vector's own word is first
    frequent = [name for name, _ in vectors.neighbors("w90", None, most_frequent=30)]
    assert [vectors.rank(name, "w90", most_frequent=30) for name in frequent] == list(range(1, 31))
    with pytest.raises(ConfigError, match="expected two words"):
        vectors.rank("w3", "w3")
    with pytest.raises(ConfigError, match="'w50' is not among the 30 most frequent words"):
        vectors.rank("w50", "w3", most_frequent=30)
    with pytest.raises(UnknownWordError, match="'x' is not among"):
        vectors.rank("x", "w3")


def test_the_rank_of_equal_words_is_in_the_order_of_the_vocabulary():
    vectors = make([[1, 0]] + [[1, 1]] * 5)
    assert [vectors.rank(f"w{i}", "w0") for i in range(1, 6)] == [1, 2, 3, 4, 5]


def test_a_word_is_found_in_either_normalisation():
    composed, decomposed = (unicodedata.normalize(form, "già") for form in ("NFC", "NFD"))
    assert composed != decomposed
    for there, asked in ((composed, decomposed), (decomposed, composed)):
        vectors = make(np.eye(3), [there, "b", "c"])
        assert asked in vectors
        np.testing.assert_array_equal(vectors[asked], [1, 0, 0])
        assert there not in {word for word, _ in vectors.neighbors(asked)}
        assert vectors.similarity(asked, there) == 1
        assert vectors.analogy("b", asked, "c", within=["b", there]) == []
    both = make(np.eye(3), [composed, decomposed, "c"])
    assert (both.id_of(composed), both.id_of(decomposed)) == (0, 1)
    with pytest.raises(UnknownWordError):
        both["gió"]


def test_words_never_seen_are_asked_but_no_answers():
    rows = np.random.default_rng(6).normal(size=(3 + 40, D)).astype(np.float32)
    vectors = make(
        np.random.default_rng(7).normal(size=(3, D)), ["cat", "dog", "sat"], subwords=Subwords(3, 3, 40, rows)
    )
    assert vectors.neighbors(positive=["cats"], k=3) == vectors.neighbors("cats", 3)
    assert vectors.similarities([("cats", "dog")])[0] == vectors.similarity("cats", "dog")
    assert vectors.rank("dog", "cats") == [word for word, _ in vectors.neighbors("cats")].index("dog") + 1
    assert vectors.odd_one_out(["cats", "dog", "sat"]) in ("cats", "dog", "sat")
    for ask in (lambda: vectors.neighbors("cat", within=["cats"]), lambda: vectors.rank("cats", "cat")):
        with pytest.raises(ConfigError, match="'cats' is not among the 3 words"):
            ask()


def test_approximate_neighbours_come_from_the_index_beside_the_file(tmp_path, vectors):
    pytest.importorskip("usearch")
    from firth.vectors.container import load
    from firth.vectors.index import build_index

    path = tmp_path / "v.safetensors"
    vectors.save(path)
    loaded = load(path)
    with pytest.raises(FormatError, match=r"there is no index of .*: build it: firth index"):
        loaded.neighbors("w1", approximate=True)
    build_index(loaded, path, threads=1)
    assert loaded.neighbors("w1", approximate=True) == loaded.neighbors("w1")  # so few words are all found
    assert loaded.neighbors(["w1", "w7"], 3, approximate=True) == loaded.neighbors(["w1", "w7"], 3)
    some = loaded.neighbors("w1", 20, threshold=0.5, approximate=True)
    assert some == loaded.neighbors("w1", 20, threshold=0.5)
    for arguments in ({"k": None}, {"within": ["w2"]}, {"most_frequent": 3}):
        with pytest.raises(ConfigError, match="an index finds k neighbours among all words"):
            loaded.neighbors("w1", approximate=True, **arguments)
    with pytest.raises(ConfigError, match="these vectors come from no file"):
        vectors.neighbors("w1", approximate=True)


def test_the_most_frequent_go_by_counts():
    rows = np.eye(4, dtype=np.float32)
    rows[:, 0] = 1
    vectors = WordVectors(["a", "b", "c", "d"], np.array([1, 9, 9, 5]), rows, None, {}, [])
    assert [word for word, _ in vectors.neighbors("a", most_frequent=3)] == ["b", "c", "d"]
    assert [word for word, _ in vectors.neighbors("b", most_frequent=2)] == ["c"]
    assert vectors.neighbors("b", most_frequent=3) == vectors.neighbors("b", within=["c", "d"])


def test_clusters_edges_and_graphs_are_those_of_their_modules():
    vectors = make([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
    assert vectors.clusters(2).labels.tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    assert [(a, b) for a, b, _ in vectors.edges(0.9)] == [("w0", "w1"), ("w2", "w3")]
    pytest.importorskip("scipy.sparse")
    assert vectors.graph(0.9).nnz == 4


def test_vectors_and_weights_of_any_size(vectors):
    query = np.random.default_rng(9).normal(size=D)
    expected = vectors.neighbors(query, 5)
    for size in (1e-300, 1e-200, 1e200, 1e300):
        found = vectors.neighbors(query * size, 5)
        assert [word for word, _ in found] == [word for word, _ in expected]
        assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in expected], abs=1e-12)
        assert vectors.similarity(query * size, "w1") == pytest.approx(vectors.similarity(query, "w1"), abs=1e-12)
        assert vectors.neighbors(positive=[("w1", size), ("w2", size)]) == vectors.neighbors(positive=["w1", "w2"])
    with pytest.raises(ConfigError, match="the sum of positive and negative is zero"):
        vectors.neighbors(positive=[("w1", 0.1), ("w1", 0.2)], negative=[("w1", 0.3)])


def test_the_first_may_be_the_odd_one():
    assert make([[-1, 0.2], [1, 0.1], [1, 0], [1, -0.1]]).odd_one_out(["w0", "w1", "w2", "w3"]) == "w0"


def test_within_in_any_order_keeps_the_order_of_the_vocabulary():
    vectors = make([[1, 0], [1, 1], [1, 1], [1, 1]])
    assert [word for word, _ in vectors.neighbors("w0", within=["w3", "w1", "w2"])] == ["w1", "w2", "w3"]


def test_items_of_a_wrong_length_or_type_are_refused(vectors):
    for ask, message in (
        (
            lambda: vectors.analogies([("w1", "w2", "w3", "w4")]),
            r"a question is \('w1', 'w2', 'w3', 'w4'\): expected 3 words",
        ),
        (lambda: vectors.similarities([("w1", "w2", "w3")]), "a pair is .*: expected 2 words"),
        (lambda: vectors.neighbors(5.0), "the word is 5.0: expected a word, a vector, or a list of words"),
        (lambda: vectors.neighbors(positive=None), "there is nothing to look for"),
        (lambda: vectors.neighbors("w1", within=[True]), "the word is True: expected a string"),
        (lambda: vectors.rank(True, "w1"), "the word is True: expected a string"),
        (lambda: vectors.neighbors(positive=[("w1",)]), "positive has .*: expected a word, a vector, or a pair"),
    ):
        with pytest.raises(ConfigError, match=message):
            ask()


@pytest.mark.filterwarnings("ignore:the vector of")
def test_a_word_without_direction_has_no_rank():
    vectors = make([[1, 0], [0, 1], [0, 0]])
    with pytest.raises(FormatError, match=r"the vector of 'w2' is zero or not finite: .* so it has no rank"):
        vectors.rank("w2", "w0")
    assert vectors.rank("w1", "w0") == 1
