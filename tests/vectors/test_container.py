"""Queries on word vectors: against a search written out here, and on vectors of known answers."""

import math
import os

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError, UnknownWordError
from firth.vectors.container import WordVectors, load
from firth.vectors.subwords import Subwords


def make(center, words=None, outside=None, counts=None):
    center = np.asarray(center, dtype=np.float32)
    n = len(center)
    words = words or [f"w{i}" for i in range(n)]
    counts = np.arange(n, 0, -1) if counts is None else np.asarray(counts)
    return WordVectors(words, counts, center, outside, {"dim": center.shape[1]}, [{"epoch": 1}])


@pytest.fixture
def royal():
    rows = {
        "man": [1, 0, 0, 1],
        "woman": [0, 1, 0, 1],
        "king": [1, 0, 1, 1],
        "queen": [0, 1, 1, 1],
        "pea": [0, 0, 0, -1],
    }
    return make(list(rows.values()), list(rows))


@pytest.fixture
def random():
    return make(np.random.default_rng(3).normal(size=(300, 7)))


def by_hand(vectors, query, excluded, k):
    """The k best words by float64 cosine, one word at a time."""
    rows = vectors.center.astype(np.float64)
    scores = [float(row @ query) / math.sqrt(float(row @ row)) / math.sqrt(float(query @ query)) for row in rows]
    order = sorted((-score, i) for i, score in enumerate(scores) if vectors.words[i] not in excluded)
    return [(vectors.words[i], pytest.approx(-score, abs=1e-12)) for score, i in order[:k]]


def test_lookup(royal):
    assert len(royal) == 5
    assert "king" in royal
    assert "King" not in royal
    assert 3 not in royal
    assert ["king"] not in royal
    assert royal.words == ["man", "woman", "king", "queen", "pea"]
    np.testing.assert_array_equal(royal.counts, [5, 4, 3, 2, 1])
    np.testing.assert_array_equal(royal["king"], [1, 0, 1, 1])
    np.testing.assert_array_equal(royal[["pea", "man"]], [[0, 0, 0, -1], [1, 0, 0, 1]])
    assert royal["king"].dtype == royal[["king"]].dtype == np.float32
    assert royal[[]].shape == (0, 4)


def test_the_arrays_cannot_be_changed_behind_the_queries_back(royal):
    for array in (royal.center, royal.counts, royal["king"], royal.norms):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    given = np.ones((2, 3), dtype=np.float32)
    make(given)
    given[0] = 2  # the caller's own array stays writable


def test_outside_words_and_bias():
    outside, bias = np.arange(10, dtype=np.float32).reshape(5, 2), np.arange(5, dtype=np.float32)
    words, more = ["a", "b", "c"], ["a", "b", "c", "d", "e"]
    parts = (words, np.ones(3, int), outside[:3], outside, {}, [])
    vectors = WordVectors(*parts, outside_words=more, bias=bias)
    assert (vectors.words, vectors.outside_words) == (words, more)
    np.testing.assert_array_equal(vectors.outside, outside)
    np.testing.assert_array_equal(vectors.bias, bias)
    for array in (vectors.outside, vectors.bias):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    outside[0] = bias[0] = 7  # the caller's own arrays stay writable
    assert len(vectors) == 3
    assert "d" not in vectors
    assert {word for word, _ in vectors.neighbors("a")} == {"b", "c"}
    with pytest.raises(UnknownWordError, match="'d' is not among the 3 words"):
        vectors["d"]


@pytest.mark.parametrize("outside", [np.ones((2, 3), np.float32), None])
def test_without_more_the_outside_words_are_the_words(outside):
    words = ["a", "b"]
    parts = (words, np.ones(2, int), np.ones((2, 3), np.float32), outside, {}, [])
    vectors = WordVectors(*parts)
    assert vectors.outside_words is words
    assert vectors.bias is None
    assert WordVectors(*parts, outside_words=["a", "b"]).outside_words is words


def test_similarity_by_hand(royal):
    assert royal.similarity("man", "woman") == pytest.approx(0.5, abs=1e-15)
    assert royal.similarity("king", "man") == pytest.approx(2 / math.sqrt(6), abs=1e-15)
    assert royal.similarity("man", "pea") == pytest.approx(-1 / math.sqrt(2), abs=1e-15)
    assert royal.similarity("king", "king") == 1
    assert type(royal.similarity("king", "man")) is float


def test_similarity_is_symmetric_and_equals_the_neighbours_cosine(random):
    for word, cosine in random.neighbors("w5", k=299):
        assert random.similarity("w5", word) == cosine == random.similarity(word, "w5")


def test_neighbors_agree_with_an_exhaustive_search(random):
    for word in ("w0", "w17", "w299"):
        found = random.neighbors(word, k=12)
        assert found == by_hand(random, random[word].astype(np.float64), {word}, 12)
        assert all(type(cosine) is float for _, cosine in found)


def test_neighbors_of_a_list_are_those_of_each_word_in_any_block(random, monkeypatch):
    words = ["w3", "w299", "w3", "w0"]
    one_by_one = [random.neighbors(word, k=5) for word in words]
    assert random.neighbors(words, k=5) == one_by_one
    for module in ("directions", "queries"):  # two queries a block, a hundred rows a block
        monkeypatch.setattr(f"firth.vectors.{module}.VALUES_AT_ONCE", 700)
    assert make(random.center).neighbors(words, k=5) == one_by_one
    assert random.neighbors([]) == []


def test_ties_are_in_the_order_of_the_vocabulary():
    rows = np.random.default_rng(1).normal(size=(1, 33)).repeat(200, axis=0)
    vectors = make(rows * 2.0 ** np.arange(-100, 100)[:, None])  # equal directions, unequal lengths
    assert [word for word, _ in vectors.neighbors("w150", k=4)] == ["w0", "w1", "w2", "w3"]
    assert [word for word, _ in vectors.neighbors("w1", k=199)] == [f"w{i}" for i in range(200) if i != 1]


def test_words_closer_together_than_float32_can_tell_are_ranked_by_float64():
    rng = np.random.default_rng(4)
    vectors = make(rng.normal(size=33) + 1e-5 * rng.normal(size=(300, 33)))
    expected = by_hand(vectors, vectors["w7"].astype(np.float64), {"w7"}, 20)
    assert [word for word, _ in vectors.neighbors("w7", k=20)] == [word for word, _ in expected]


def test_a_k_too_large_gives_what_there_is(royal):
    assert len(royal.neighbors("king", k=100)) == 4
    assert len(royal.analogy("man", "king", "woman", k=100)) == 2
    assert make([[1.0]]).neighbors("w0") == []


def test_analogy(royal):
    assert royal.analogy("man", "king", "woman")[0][0] == "queen"
    assert [word for word, _ in royal.analogy("man", "king", "woman", k=2)] == ["queen", "pea"]


def test_analogy_agrees_with_an_exhaustive_search(random):
    unit = random.center / np.linalg.norm(random.center.astype(np.float64), axis=1, keepdims=True)
    found = random.analogy("w4", "w9", "w8", k=6)
    assert found == by_hand(random, unit[9] - unit[4] + unit[8], {"w4", "w9", "w8"}, 6)


def test_analogy_with_repeated_words(random):
    unit = random.center / np.linalg.norm(random.center.astype(np.float64), axis=1, keepdims=True)
    assert random.analogy("w4", "w4", "w8", k=3) == by_hand(random, unit[8], {"w4", "w8"}, 3)
    assert len(random.analogy("w4", "w4", "w4", k=999)) == 299


def test_a_zero_vector_has_cosine_zero_and_no_neighbours():
    vectors = make([[0, 0], [1, 0], [-1, 0], [0, 0]])
    assert vectors.similarity("w0", "w1") == vectors.similarity("w0", "w0") == 0
    with pytest.warns(UserWarning, match="the vector of 'w0' and of 1 other word is zero or not finite"):
        assert vectors.neighbors("w1") == [("w2", -1)]
    assert vectors.neighbors("w2") == [("w1", -1)]  # warned once
    for ask in (lambda: vectors.neighbors("w0"), lambda: vectors.analogy("w1", "w1", "w0")):
        with pytest.raises(FormatError, match="the vector of 'w0' is zero: it has no direction, so nothing is near"):
            ask()


def test_extreme_lengths_neither_overflow_nor_vanish():
    vectors = make([[3e38, 3e38], [1e-44, 1e-44], [1e-44, -1e-44]])
    assert vectors.similarity("w0", "w1") == pytest.approx(1)
    assert vectors.neighbors("w0") == [("w1", pytest.approx(1)), ("w2", pytest.approx(0, abs=1e-12))]


def test_an_unknown_word_names_the_nearest_spellings(royal):
    for ask in (
        lambda: royal["quean"],
        lambda: royal[["king", "quean"]],
        lambda: royal.neighbors("quean"),
        lambda: royal.neighbors(["quean"]),
        lambda: royal.analogy("man", "king", "quean"),
        lambda: royal.similarity("man", "quean"),
    ):
        with pytest.raises(UnknownWordError, match=r"'quean' is not among the 5 words: .*'queen'"):
            ask()
    with pytest.raises(KeyError):
        royal["quean"]


@pytest.mark.parametrize("k", [0, -1, 2.0, "3", True, None])
def test_a_bad_k_is_refused(royal, k):
    if k is not None:
        with pytest.raises(ConfigError, match="expected a whole number, 1 or more"):
            royal.neighbors("king", k=k)
    with pytest.raises(ConfigError, match="expected a whole number, 1 or more"):
        royal.analogy("man", "king", "woman", k=k)


def test_a_word_that_is_no_string_is_refused(royal):
    with pytest.raises(ConfigError, match=r"the word is 3\.0: expected a string"):
        royal.neighbors([3.0])
    for wrong in (3.0, True, np.bool_(True), None, b"king"):
        with pytest.raises(ConfigError, match=f"the word is {wrong!r}: expected a string"):
            royal[wrong]
        assert wrong not in royal


# N-grams and nodes.

SPELT = ("cat", "dog", "sat", "cats", "tac")


@pytest.fixture
def spelt():
    """Words with n-grams of three characters; the vectors of "cats" and "tac" are made of theirs."""
    rows = np.random.default_rng(6).normal(size=(3 + 40, 5)).astype(np.float32)
    center = np.random.default_rng(7).normal(size=(3, 5)).astype(np.float32)
    return WordVectors(["cat", "dog", "sat"], np.ones(3, int), center, None, {}, [], subwords=Subwords(3, 3, 40, rows))


def test_words_never_seen_have_vectors_and_are_no_words(spelt):
    assert "cats" not in spelt
    assert len(spelt) == 3
    unseen = spelt.subwords.vector("cats")
    np.testing.assert_array_equal(spelt["cats"], unseen)
    np.testing.assert_array_equal(
        spelt["cat"], spelt.center[0]
    )  # not the mean of its rows: the center vectors are given
    np.testing.assert_array_equal(spelt[["sat", "cats", "cat"]], [spelt.center[2], unseen, spelt.center[0]])
    assert spelt[["cats"]].dtype == spelt["cats"].dtype == np.float32


def test_queries_take_words_never_seen(spelt):
    unit = {word: spelt[word].astype(np.float64) / np.linalg.norm(spelt[word].astype(np.float64)) for word in SPELT}
    cosine = pytest.approx(float(unit["cats"] @ unit["tac"]), abs=1e-7)
    assert spelt.similarity("cats", "tac") == spelt.similarity("tac", "cats") == cosine
    assert spelt.similarity("cats", "cats") == pytest.approx(1)
    for word in SPELT:
        assert spelt.neighbors(word) == by_hand(spelt, unit[word], {word}, 3)
    assert spelt.neighbors(list(SPELT), k=2) == [spelt.neighbors(word, k=2) for word in SPELT]
    query = unit["cats"] - unit["cat"] + unit["dog"]
    assert spelt.analogy("cat", "cats", "dog", k=3) == by_hand(spelt, query, {"cat", "dog"}, 3)
    query = unit["cats"] - unit["tac"] + unit["cats"]
    assert spelt.analogy("tac", "cats", "cats", k=3) == by_hand(spelt, query, set(), 3)


def test_a_word_without_ngrams_is_unknown(spelt):
    for ask in (lambda: spelt[""], lambda: spelt[["cat", ""]], lambda: spelt.neighbors(""), lambda: spelt["</s>"]):
        with pytest.raises(UnknownWordError, match="is not among the 3 words and has no n-gram of 3 to 3 characters"):
            ask()


def test_the_vector_of_a_word_never_seen_that_is_not_finite_is_named(spelt):
    broken = Subwords(3, 3, 40, np.full((43, 5), np.nan, np.float32))
    vectors = WordVectors(spelt.words, spelt.counts, spelt.center, None, {}, [], subwords=broken)
    with pytest.raises(FormatError, match="the vector of 'cats' holds a NaN"):
        vectors.similarity("cat", "cats")
    assert len(vectors.neighbors("cat")) == 2


def test_nodes_are_kept_in_place_of_outside_vectors():
    nodes = np.arange(4, dtype=np.float32).reshape(2, 2)
    vectors = WordVectors(["a", "b", "c"], np.ones(3, int), np.ones((3, 2), np.float32), None, {}, [], nodes=nodes)
    np.testing.assert_array_equal(vectors.nodes, nodes)
    assert vectors.outside is None
    assert vectors.subwords is None
    with pytest.raises(ValueError, match="read-only"):
        vectors.nodes[0] = 7
    nodes[0] = 7


MORE = {"outside": np.ones((5, 2), np.float32), "outside_words": ["a", "b", "c", "d", "e"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": ["a", "b", "a"]}, "the word 'a' comes twice"),
        ({"words": ["a", "b"]}, "2 words and 3 center vectors"),
        ({"words": ["a", "b", 3]}, "one of the words is 3"),
        ({"center": np.ones((3, 2))}, "center vectors are float64"),
        ({"center": np.ones(3, np.float32)}, r"shape \(3,\)"),
        ({"center": np.ones((3, 0), np.float32)}, "neither of them 0"),
        (
            {"words": [], "center": np.ones((0, 2), np.float32), "counts": np.ones(0, int)},
            "neither of them 0",
        ),
        ({"outside": np.ones((3, 3), np.float32)}, "outside vectors are float32 of shape"),
        ({"outside": np.ones((3, 2))}, r"outside vectors are float64 .* expected float32 of shape \(3, 2\)"),
        ({"outside": np.ones((2, 2), np.float32)}, r"of shape \(2, 2\): expected float32 of shape \(3, 2\)"),
        ({"outside": np.ones((5, 2), np.float32)}, r"of shape \(3, 2\), one a word of outside_words"),
        (
            {"nodes": np.ones((3, 2), np.float32)},
            r"nodes are float32 of shape \(3, 2\): expected .* \(2, 2\), one fewer",
        ),
        ({"nodes": np.ones((2, 2))}, "nodes are float64"),
        ({"subwords": Subwords(3, 6, 9, np.ones((11, 2), np.float32))}, r"rows are of shape \(11, 2\): .*\(12, 2\)"),
        ({"subwords": Subwords(3, 6, 9, np.ones((12, 3), np.float32))}, r"one for each of 3 words and 9 buckets"),
        (MORE | {"outside": np.ones((4, 2), np.float32)}, r"of shape \(4, 2\): expected float32 of shape \(5, 2\)"),
        (MORE | {"outside": np.ones((5, 3), np.float32)}, r"of shape \(5, 3\): expected float32 of shape \(5, 2\)"),
        (MORE | {"outside": None}, "5 outside words, but no outside vectors"),
        (MORE | {"outside_words": ["b", "a", "c", "d", "e"]}, "5 outside words do not begin with the 3 words"),
        (MORE | {"outside_words": ["a", "b"]}, "2 outside words do not begin with the 3 words"),
        (MORE | {"outside_words": ["a", "b", "c", "d", "b"]}, "the outside word 'b' comes twice"),
        (MORE | {"outside_words": ["a", "b", "c", "d", "d"]}, "the outside word 'd' comes twice"),
        (MORE | {"outside_words": ["a", "b", "c", "d", 5]}, "one of the outside words is 5"),
        (MORE | {"bias": np.ones(3, np.float32)}, r"bias is float32 of shape \(3,\): expected .* shape \(5,\)"),
        (MORE | {"bias": np.ones((5, 1), np.float32)}, r"bias is float32 of shape \(5, 1\)"),
        (MORE | {"bias": np.ones(5)}, "bias is float64"),
        ({"bias": np.ones(3, np.float32)}, "there is a bias, but no outside vectors"),
        ({"counts": np.ones(3)}, "counts are float64"),
        ({"counts": np.ones(2, int)}, r"shape \(2,\)"),
        ({"counts": np.array([1, -1, 0])}, "the count of 'b' is negative"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    parts = {"words": ["a", "b", "c"], "counts": np.ones(3, int), "center": np.ones((3, 2), np.float32)}
    parts |= {"outside": None, "config": {}, "history": []}
    WordVectors(**parts)
    WordVectors(**parts | MORE, bias=np.ones(5, np.float32))
    with pytest.raises(FormatError, match=message):
        WordVectors(**parts | change)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_named(value):
    vectors = make([[1, 2], [value, 1], [0, 1]])
    with pytest.warns(UserWarning, match="the vector of 'w1' is zero or not finite: such words are never an answer"):
        assert [word for word, _ in vectors.neighbors("w0")] == ["w2"]
    for ask in (lambda: vectors.neighbors("w1"), lambda: vectors.similarity("w0", "w1")):
        with pytest.raises(FormatError, match="the vector of 'w1' holds a NaN or an infinity"):
            ask()
    assert vectors.similarity("w0", "w2") == pytest.approx(2 / math.sqrt(5))


def test_save_and_load(royal, tmp_path):
    from firth.vectors.container import load

    royal.save(tmp_path / "royal.safetensors")
    again = load(tmp_path / "royal.safetensors")
    assert again.neighbors("king", k=3) == royal.neighbors("king", k=3)


# Integers.


@pytest.fixture
def numbered():
    words = ["42", "7", "-3", "1", "word", "0"]
    center = np.random.default_rng(3).standard_normal((6, 5)).astype(np.float32)
    return WordVectors(words, np.arange(6, 0, -1), center, None, {}, [])


@pytest.mark.parametrize("kind", [int, np.int64, np.int8])
def test_an_integer_stands_for_its_decimal_form(numbered, kind):
    a, b, c = kind(42), kind(7), kind(-3)
    assert (numbered[a] == numbered["42"]).all()
    assert (numbered[[a, "7"]] == numbered[["42", "7"]]).all()
    assert (numbered.id_of(b), a in numbered, kind(5) in numbered) == (1, True, False)
    assert numbered.similarity(a, b) == numbered.similarity("42", 7) == numbered.similarity("42", "7")
    assert numbered.similarity([a, b], c) == numbered.similarity(["42", "7"], "-3")
    assert numbered.similarities([(a, b), ("42", "7"), (7, "42")])[0] == numbered.similarity("42", "7")
    assert numbered.neighbors(a) == numbered.neighbors("42")
    assert numbered.neighbors([a, "word"]) == numbered.neighbors(["42", "word"])
    assert numbered.neighbors(positive=[a, (b, 0.5)], negative=[c]) == numbered.neighbors(
        positive=["42", ("7", 0.5)], negative=["-3"]
    )
    assert numbered.neighbors(a, within=[b, c, "word"]) == numbered.neighbors("42", within=["7", "-3", "word"])
    assert numbered.neighbors(a, within=np.array([7, -3])) == numbered.neighbors("42", within=["7", "-3"])
    for method in ("add", "mul"):
        assert numbered.analogy(a, b, c, 2, method) == numbered.analogy("42", "7", "-3", 2, method)
    assert numbered.analogies([(a, b, c)], 2) == numbered.analogies([("42", "7", "-3")], 2)
    assert str(numbered.odd_one_out([a, b, c])) == numbered.odd_one_out(["42", "7", "-3"])
    assert numbered.rank(a, b) == numbered.rank("42", "7")


def test_integers_that_are_no_words_are_named_like_words(numbered):
    with pytest.raises(UnknownWordError, match=r"^'43' is not among the 6 words"):
        numbered[43]
    with pytest.raises(ConfigError, match="the rank of 42 among its own neighbours"):
        numbered.rank(42, "42")
    with pytest.raises(ConfigError, match="within is 7: expected a list of words"):
        numbered.neighbors(42, within=7)
    with pytest.raises(ConfigError, match=r"positive is 42: expected a list, \[42\]"):
        numbered.neighbors(positive=42)
    with pytest.raises(ConfigError, match="a pair is 42: expected 2 words"):
        numbered.similarities([42])


def test_an_integer_of_too_many_digits_is_no_word(numbered):
    huge = 10**5000
    assert huge not in numbered
    for ask in (numbered.id_of, numbered.__getitem__, numbered.neighbors, lambda word: numbered.similarity(word, 1)):
        with pytest.raises(ConfigError, match="an integer of too many digits"):
            ask(huge)


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be cut there")
def test_queries_refuse_a_file_that_was_cut_short(tmp_path):
    path = tmp_path / "v.safetensors"
    rows = np.eye(3, dtype=np.float32)
    WordVectors(["a", "b", "c"], np.array([3, 2, 1]), rows, None, {}, []).save(path)
    vectors = load(path)
    assert len(vectors.neighbors("a")) == 2
    os.truncate(path, 64)
    for use in (vectors.neighbors, lambda word: vectors.similarity(word, "b"), lambda _: vectors.save(path)):
        with pytest.raises(FormatError, match="cut short"):
            use("a")
