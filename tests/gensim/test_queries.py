"""Questions to keyed vectors, beside sums in float64 NumPy."""

import numpy as np
import pytest

from firth.errors import MissingExtraError
from firth.gensim.models.keyedvectors import KeyedVectors

N, D = 60, 8


@pytest.fixture
def wv():
    made = KeyedVectors(D)
    made.add_vectors([f"w{i}" for i in range(N)], np.random.default_rng(3).normal(size=(N, D)))
    return made


def units(wv):
    rows = wv.vectors.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def best(wv, scores, out, topn, among=None):
    """The keys with the largest scores, and these."""
    among = range(N) if among is None else among
    order = sorted((i for i in among if i not in out), key=lambda i: -scores[i])[:topn]
    return [(wv.index_to_key[i], pytest.approx(scores[i], abs=1e-12)) for i in order]


def test_sums(wv):
    unit = units(wv)
    own = np.arange(D, dtype=np.float32)
    query = 2 * unit[1] + unit[2] - 0.5 * unit[3] - unit[4] + own
    scores = unit @ (query / np.linalg.norm(query))
    found = wv.most_similar([("w1", 2.0), 2, own], [["w3", -0.5], "w4"], topn=5)
    assert found == best(wv, scores, {1, 2, 3, 4}, 5)


def test_parts_of_the_vocabulary(wv):
    scores = units(wv) @ units(wv)[1]
    assert wv.most_similar("w1", topn=4, clip_start=5, clip_end=20) == best(wv, scores, {1}, 4, range(5, 20))
    assert wv.most_similar("w1", topn=4, clip_start=5, restrict_vocab=9) == best(wv, scores, {1}, 4, range(9))
    assert wv.most_similar("w1", topn=9, clip_start=-3) == best(wv, scores, {1}, 9, range(N - 3, N))
    assert wv.most_similar("w1", topn=None, clip_start=50).shape == (N - 50,)
    assert wv.most_similar("w1", topn=0) == []


def test_a_list_of_lists_is_many_questions(wv):
    found = wv.most_similar([["w1", "w2"], ["w3"]], [["w5"], None], topn=3)
    assert found == [wv.most_similar(["w1", "w2"], ["w5"], topn=3), wv.most_similar("w3", topn=3)]
    assert [len(one) for one in wv.most_similar([["w1"], ["w2", "w3"]], topn=None)] == [N, N]
    with pytest.raises(ValueError, match="as many"):
        wv.most_similar([["w1"], ["w2"]], [["w3"]])
    many = wv.most_similar([[f"w{i}"] for i in range(N)], topn=2)  # goes through the compiled selection
    assert many == [wv.most_similar(f"w{i}", topn=2) for i in range(N)]


@pytest.mark.parametrize("change", [lambda rows: rows.__setitem__(7, 0.3 * rows[9]), lambda rows: rows.sort(axis=0)])
def test_rows_that_change_in_place_are_noticed(wv, change):
    wv.most_similar("w9")
    change(wv.vectors)
    scores = units(wv) @ units(wv)[9]
    assert wv.most_similar("w9", topn=5) == best(wv, scores, {9}, 5)
    np.testing.assert_allclose(wv.most_similar("w9", topn=None), scores, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_types(wv, dtype):
    other = KeyedVectors(D, dtype=dtype)
    other.add_vectors(wv.index_to_key, wv.vectors)
    assert other["w1"].dtype == other.get_vector("w1", norm=True).dtype == dtype
    assert [key for key, _ in other.most_similar("w1", topn=3)] == [key for key, _ in wv.most_similar("w1", topn=3)]


def test_an_indexer_answers_in_place_of_the_search(wv):
    class Indexer:
        def most_similar(self, vector, topn):
            return vector, topn

    vector, topn = wv.most_similar("w1", topn=4, indexer=Indexer())
    np.testing.assert_allclose(vector, units(wv)[1], atol=1e-7)
    assert (vector.dtype, topn) == (np.float32, 4)


def test_multiplication(wv):
    moved = (1 + units(wv) @ units(wv).T) / 2
    scores = moved[1] * moved[2] / (moved[3] + 1e-6)
    assert wv.most_similar_cosmul(["w1", 2], ["w3"], topn=5) == best(wv, scores, {1, 2, 3}, 5)
    assert wv.most_similar_cosmul(["w1", 2], ["w3"], 5, restrict_vocab=20) == best(wv, scores, {1, 2, 3}, 5, range(20))
    np.testing.assert_allclose(wv.most_similar_cosmul(["w1", "w2"], "w3", topn=None), scores, rtol=1e-4)
    own = wv.most_similar_cosmul(positive=[5 * wv["w1"]], topn=1)
    assert own == [("w1", pytest.approx(1, abs=1e-5))]
    with pytest.raises(ValueError, match="no input"):
        wv.most_similar_cosmul(negative=["w1"])
    with pytest.raises(TypeError, match="no weights"):
        wv.most_similar_cosmul([("w1", 2.0)])


def test_ranks(wv):
    scores = units(wv) @ units(wv)[1]
    closer = [f"w{i}" for i in range(N) if i != 1 and scores[i] > scores[2]]
    assert wv.closer_than("w1", "w2") == closer
    assert wv.rank("w1", "w2") == len(closer) + 1
    assert wv.rank("w1", "w1") == 1
    wv.vectors[5] = 2 * wv.vectors[2]  # as near as w2, so not nearer
    assert "w5" not in wv.closer_than("w1", "w2")


def test_who_does_not_match(wv):
    wv.vectors[:3] = [[1, 0.1] + [0] * 6, [1, 0] + [0] * 6, [-1, 1] + [0] * 6]
    assert wv.doesnt_match(["w0", "w1", "w2"]) == "w2"
    assert wv.doesnt_match(["w7", "w8"]) == "w7"  # two are alike
    with pytest.raises(TypeError, match="expected a list"):
        wv.doesnt_match("w0 w1 w2")
    with pytest.raises(ValueError, match="empty list"):
        wv.doesnt_match([])


def test_words_that_are_left_out_are_logged(wv, caplog):
    assert len(wv.rank_by_centrality(["w0", "pear", "w1"])) == 2
    assert "'pear'" in caplog.text


def test_groups(wv):
    with pytest.raises(ZeroDivisionError):
        wv.n_similarity([], ["w1"])
    with pytest.raises(ValueError, match="empty"):
        wv.n_similarity(["w1"], [])
    with pytest.warns(UserWarning, match="mean is zero"):
        assert wv.n_similarity(["w1"], ["pear"]) == 0
    with pytest.raises(TypeError, match="expected a list"):
        wv.n_similarity("w1", ["w2"])


def test_distances(wv):
    scores = units(wv) @ units(wv)[1]
    np.testing.assert_allclose(wv.distances("w1"), 1 - scores, atol=1e-6)
    np.testing.assert_allclose(wv.distances(3 * wv["w1"], ["w4", 2]), 1 - scores[[4, 2]], atol=1e-6)
    with pytest.raises(KeyError):
        wv.distances("w1", ["pear"])


def test_rows_without_a_direction(wv):
    wv.vectors[4], wv.vectors[5] = 0, np.nan
    with pytest.warns(UserWarning, match="2 vectors, such as that of 'w4', are zero or not finite"):
        found = wv.most_similar("w1", topn=N)
    assert {key for key, _ in found}.isdisjoint({"w4", "w5"})
    assert wv.distances("w1")[4] == 1
    with pytest.warns(UserWarning, match="no direction"):
        assert {score for _, score in wv.most_similar("w4", topn=3)} == {0}
    with pytest.raises(ValueError, match="not finite"):
        wv.most_similar("w5")


def test_lengths_beyond_squares():
    wv = KeyedVectors(2, dtype=np.float64)
    wv.add_vectors(["a", "b", "c", "zero"], [[1e-160, 0], [1e160, 1e160], [3, 0], [0, 0]])
    assert wv.similarity("a", "b") == wv.similarity("c", "b") == pytest.approx(np.sqrt(0.5), rel=1e-6)
    assert wv.similarity("a", "c") == 1
    assert wv.similarity("a", "zero") == 0
    assert wv.distance("a", "b") == pytest.approx(1 - np.sqrt(0.5), rel=1e-6)


def test_a_sum_that_is_zero_warns(wv):
    with pytest.warns(UserWarning, match="no direction"):
        assert not wv.most_similar(["w1"], ["w1"], topn=None).any()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, ValueError),
        ({"positive": []}, ValueError),
        ({"positive": "pear"}, KeyError),
        ({"positive": ["w1", 99]}, KeyError),
        ({"positive": 1.5}, TypeError),
        ({"positive": [None]}, TypeError),
        ({"positive": [("w1", "w2")]}, ValueError),
        ({"positive": [np.ones(D + 1)]}, ValueError),
        ({"positive": "w1", "topn": 2.0}, TypeError),
        ({"positive": "w1", "restrict_vocab": -3}, ValueError),
        ({"positive": "w1", "restrict_vocab": 2.5}, TypeError),
        ({"positive": "w1", "clip_start": "a"}, TypeError),
    ],
)
def test_what_is_refused(wv, arguments, kind):
    with pytest.raises(kind):
        wv.most_similar(**arguments)


def test_empty_vectors_have_no_answer():
    wv = KeyedVectors(3)
    assert wv.similar_by_vector(np.ones(3)) == []
    with pytest.raises(KeyError, match="no key"):
        wv.most_similar("a")


def test_relative_similarity(wv):
    top = sum(score for _, score in wv.most_similar("w1", topn=7))
    assert wv.relative_cosine_similarity("w1", "w2", 7) == pytest.approx(wv.similarity("w1", "w2") / top, rel=1e-6)
    with pytest.raises(ValueError, match="keys_list is empty"):
        wv.most_similar_to_given("w1", [])


def test_word_movers_distance(wv):
    pytest.importorskip("ot", reason="needs the package POT")
    assert wv.wmdistance(["w1", "w1", "pear"], ["w2"]) == pytest.approx(np.linalg.norm(units(wv)[1] - units(wv)[2]))
    raw = np.linalg.norm(wv.vectors[1] - wv.vectors[2])
    assert wv.wmdistance(["w1"], ["w2"], norm=False) == pytest.approx(raw, rel=1e-6)
    # half of each document lies in the same place
    assert wv.wmdistance(["w1", "w3"], ["w3", "w2"]) <= np.linalg.norm(units(wv)[1] - units(wv)[2]) / 2 + 1e-9
    assert wv.wmdistance(["w1", "w2"], ["w2", "w1"]) == pytest.approx(0, abs=1e-9)
    with pytest.warns(UserWarning, match="infinite"):
        assert wv.wmdistance(["pear"], ["w1"]) == float("inf")


def test_word_movers_distance_without_its_package(wv, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ot", None)
    with pytest.raises(ImportError, match=r"firth\[pot\]"):
        wv.wmdistance(["w1"], ["w2"])
    with pytest.raises(MissingExtraError):
        wv.wmdistance(["w1"], ["w2"])


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.int64])
def test_rows_of_few_bits_that_change_in_place_are_noticed(dtype):
    rng = np.random.default_rng(4)
    wv = KeyedVectors(4, dtype=dtype)
    wv.add_vectors(list("abcdefgh"), rng.integers(-9, 10, (8, 4)))
    for index in range(1, 8):
        for column in range(4):
            wv.most_similar("a")
            old = wv.vectors[index, column]
            wv.vectors[index, column] = old + 1 if dtype != np.float16 else np.nextafter(old, dtype(100))
            fresh = KeyedVectors(4, dtype=dtype)
            fresh.add_vectors(list("abcdefgh"), wv.vectors.copy())
            assert wv.most_similar("a", topn=None).tolist() == fresh.most_similar("a", topn=None).tolist()


def test_a_query_fills_the_lengths(wv):
    wv.norms = None
    key = wv.index_to_key[0]
    wv.most_similar(key)
    np.testing.assert_allclose(wv.norms, np.linalg.norm(wv.vectors, axis=1), rtol=1e-6)
    wv.vectors[1] *= 2
    wv.most_similar(key)
    np.testing.assert_allclose(wv.norms, np.linalg.norm(wv.vectors, axis=1), rtol=1e-6)
