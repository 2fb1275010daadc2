"""Keys and vectors: looked up, added, replaced, sorted."""

import pickle

import numpy as np
import pytest

from firth.errors import FirthError, UnknownWordError
from firth.gensim.models.keyedvectors import KeyedVectors, prep_vectors


@pytest.fixture
def wv():
    made = KeyedVectors(3)
    made.add_vectors(["king", "queen", "apple"], np.arange(9.0).reshape(3, 3), extras={"count": np.array([5, 9, 9])})
    return made


def test_keys_and_indices_find_the_same(wv):
    for key in ("queen", 1, np.int64(1)):
        np.testing.assert_array_equal(wv[key], [3, 4, 5])
        assert key in wv
        assert wv.get_index(key) == 1
    np.testing.assert_array_equal(wv[["apple", 0]], [[6, 7, 8], [0, 1, 2]])
    assert wv[[]].shape == (0, 3)
    assert len(wv) == 3
    assert None not in wv


def test_integer_keys_come_before_indices():
    wv = KeyedVectors(2)
    wv.add_vectors([1, 0], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(wv[0], [3, 4])


def test_what_is_looked_up_cannot_be_written_to(wv):
    with pytest.raises(ValueError, match="read-only"):
        wv["king"][0] = 1
    wv.vectors[0, 0] = 7
    assert wv["king"][0] == 7


@pytest.mark.parametrize("key", ["quen", 3, -1])
def test_a_key_that_is_not_there(wv, key):
    for kind in (KeyError, ValueError, UnknownWordError):
        with pytest.raises(kind, match="not present among the 3 keys"):
            wv[key]
    assert key not in wv
    assert wv.get_index(key, 7) == 7


def test_the_message_names_the_nearest_keys(wv):
    with pytest.raises(KeyError, match="nearest spellings are 'queen'") as caught:
        wv.get_vector("quen")
    assert "queen" in str(pickle.loads(pickle.dumps(caught.value)))


@pytest.mark.parametrize("key", [slice(0, 2), None, 1.5])
def test_what_is_no_key_is_refused(wv, key):
    with pytest.raises(TypeError, match="expected a key or a list"):
        wv[key]


def test_means(wv):
    units = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(wv.get_mean_vector(["king", "apple"]), (units[0] + units[2]) / 2, rtol=1e-6)
    weighted = wv.get_mean_vector(["king", np.ones(3)], weights=[1, -3], pre_normalize=False, post_normalize=True)
    mean = wv.vectors[0] - 3 * np.ones(3)
    np.testing.assert_allclose(weighted, mean / np.linalg.norm(mean), rtol=1e-6)
    np.testing.assert_allclose(wv.get_mean_vector(["king", "pear"], [2, 5], pre_normalize=False), wv["king"], rtol=1e-6)


def test_means_of_nothing(wv):
    with pytest.raises(ValueError, match="no input"):
        wv.get_mean_vector([])
    with pytest.raises(ValueError, match="2 keys and weights"):
        wv.get_mean_vector(["king", "apple"], weights=[1])
    with pytest.raises(TypeError, match="expected a list"):
        wv.get_mean_vector("king")
    with pytest.raises(KeyError):
        wv.get_mean_vector(["king", "pear"], ignore_missing=False)
    with pytest.warns(UserWarning, match="mean is zero"):
        assert not wv.get_mean_vector(["pear"]).any()


def test_added_keys_keep_their_old_vectors_unless_replaced(wv):
    wv.add_vectors(["pear", "king", "pear"], [[1, 1, 1], [2, 2, 2], [3, 3, 3]])
    np.testing.assert_array_equal(wv[["pear", "king"]], [[1, 1, 1], [0, 1, 2]])
    wv.add_vectors(["pear", "king", "pear"], [[1, 1, 1], [2, 2, 2], [3, 3, 3]], replace=True)
    np.testing.assert_array_equal(wv[["pear", "king"]], [[3, 3, 3], [2, 2, 2]])
    wv["king"] = [4, 4, 4]
    wv[["queen", "plum"]] = [[5, 5, 5], [6, 6, 6]]
    np.testing.assert_array_equal(wv[["king", "queen", "plum"]], [[4] * 3, [5] * 3, [6] * 3])
    assert wv.index_to_key == ["king", "queen", "apple", "pear", "plum"]
    assert wv.expandos["count"].tolist() == [5, 9, 9, 0, 0]


def test_extras_follow_their_keys(wv):
    wv.add_vectors(["pear", "king"], np.ones((2, 3)), extras={"count": [7, 1], "weight": [0.5, 1.5]})
    assert wv.expandos["count"].tolist() == [5, 9, 9, 7]
    assert wv.expandos["weight"].tolist() == [0, 0, 0, 0.5]
    wv.add_vectors(["king"], np.ones((1, 3)), extras={"count": [1]}, replace=True)
    assert wv.get_vecattr("king", "count") == 1


@pytest.mark.parametrize(
    ("keys", "weights", "extras"),
    [
        (["a", "b"], np.ones((1, 3)), None),
        (["a"], np.ones((1, 4)), None),
        (["a"], np.ones((1, 3)), {"count": [1, 2]}),
        ([1.5], np.ones((1, 3)), None),
    ],
)
def test_what_does_not_fit_changes_nothing(wv, keys, weights, extras):
    with pytest.raises(FirthError):
        wv.add_vectors(keys, weights, extras)
    assert wv.index_to_key == ["king", "queen", "apple"]
    assert wv.vectors.shape == (3, 3)


def test_single_vectors_fill_the_room_that_was_made():
    wv = KeyedVectors(2, count=2)
    assert wv.index_to_key == [None, None]
    assert "a" not in wv
    assert [wv.add_vector("a", [1, 2]), wv.add_vector("b", [3, 4])] == [0, 1]
    with pytest.warns(UserWarning, match="one at a time"):
        assert wv.add_vector("c", [5, 6]) == 2
    with pytest.warns(UserWarning, match="keeps its vector"):
        assert wv.add_vector("a", [9, 9]) == 0
    np.testing.assert_array_equal(wv.vectors, [[1, 2], [3, 4], [5, 6]])


def test_attributes(wv):
    wv.set_vecattr("king", "weight", 1.5)
    wv.set_vecattr("king", "note", "x")
    wv.set_vecattr("queen", "count", np.int32(4))
    assert wv.expandos["weight"].tolist() == [1.5, 0, 0]
    assert wv.get_vecattr("king", "note") == "x"
    assert wv.get_vecattr("queen", "count") == 4
    for value in ("x", 1.5):
        with pytest.raises(TypeError, match="cannot hold"):
            wv.set_vecattr("king", "count", value)
    with pytest.raises(ValueError, match="too large"):
        wv.set_vecattr("king", "count", 2**70)
    with pytest.raises(KeyError, match=r"'age'.*'count'"):
        wv.get_vecattr("king", "age")
    wv.allocate_vecattrs(["sample_int"], [np.uint32])
    assert wv.expandos["sample_int"].dtype == np.uint32


def test_sorting_is_stable_and_takes_all_along(wv):
    wv.vectors_lockf = np.array([1, 2, 3], np.float32)
    wv.sort_by_descending_frequency()
    assert wv.index_to_key == ["queen", "apple", "king"]
    assert wv.key_to_index == {"queen": 0, "apple": 1, "king": 2}
    assert wv.expandos["count"].tolist() == [9, 9, 5]
    assert wv.vectors_lockf.tolist() == [2, 3, 1]
    np.testing.assert_array_equal(wv["apple"], [6, 7, 8])


def test_some_keys_as_vectors_of_their_own(wv):
    some = wv.vectors_for_all(["apple", "pear", "king", "apple"], copy_vecattrs=True)
    assert some.index_to_key == ["apple", "king"]
    assert some.expandos["count"].tolist() == [9, 5]
    np.testing.assert_array_equal(some.vectors, [[6, 7, 8], [0, 1, 2]])
    assert wv.vectors_for_all(["king"]).expandos == {}
    assert len(wv.vectors_for_all([])) == 0


def test_new_rows_are_random_and_small(wv):
    wv.index_to_key.append("pear")
    wv.key_to_index["pear"] = 3
    wv.resize_vectors(seed=3)
    np.testing.assert_array_equal(wv.vectors[:3], np.arange(9).reshape(3, 3))
    assert 0 < np.abs(wv["pear"]).max() <= 1 / 3
    assert len(wv.expandos["count"]) == 4
    # the numbers that gensim 4.4 draws too
    np.testing.assert_allclose(prep_vectors((1, 4))[0], [0.1753121, 0.06848082, 0.00556824, -0.11510667], atol=1e-7)


def test_lengths(wv):
    lengths = np.linalg.norm(wv.vectors, axis=1)
    wv.fill_norms()
    np.testing.assert_allclose(wv.norms, lengths, rtol=1e-6)
    np.testing.assert_allclose(wv.get_normed_vectors(), wv.vectors / lengths[:, None], rtol=1e-6)
    wv.vectors[1] *= 2
    wv.fill_norms()
    np.testing.assert_allclose(wv.norms[1], 2 * lengths[1], rtol=1e-6)
    wv.vectors[0] = 0
    wv.unit_normalize_all()
    np.testing.assert_allclose(np.linalg.norm(wv.vectors, axis=1), [0, 1, 1], rtol=1e-6)


def test_taking_over_shares_the_array():
    rows, wv = np.ones((2, 3), np.float32), KeyedVectors(3)
    wv.set_all(["a", "b"], rows, np.array([2, 1]))
    rows[0] = 5
    np.testing.assert_array_equal(wv["a"], [5, 5, 5])
    assert wv.get_vecattr("b", "count") == 1


@pytest.mark.parametrize(
    ("keys", "weights", "extras"),
    [
        ("a", ["x", "y", "z"], None),
        ("a", [1, [2, 3], 4], None),
        ("a", None, None),
        ("a", 1.0, None),
        (["a", "king"], [[1, 2, 3], [4, 5]], None),
        (["a"], [[1, 2, 1j]], None),
        (["a"], np.ones((1, 3)), {"count": ["many"]}),
        (["a"], np.ones((1, 3)), {"count": [1.5]}),
        (["a"], np.ones((1, 3)), {"age": [[1, 2]]}),
        (["a", "king"], np.ones((2, 3)), {"age": [[1, 2], [3]]}),
        ([["a"]], np.ones((1, 3)), None),
        (None, np.ones((1, 3)), None),
    ],
)
def test_an_error_leaves_all_as_it_was(wv, keys, weights, extras):
    before = wv.vectors.copy()
    with pytest.raises(FirthError) as caught:
        wv.add_vectors(keys, weights, extras, replace=True)
    assert isinstance(caught.value, ValueError | TypeError)
    assert wv.index_to_key == ["king", "queen", "apple"]
    assert len(wv.key_to_index) == 3
    assert {name: values.tolist() for name, values in wv.expandos.items()} == {"count": [5, 9, 9]}
    np.testing.assert_array_equal(wv.vectors, before)


@pytest.mark.parametrize(("key", "vector"), [("a", ["x", "y", "z"]), ("a", [1, 2]), ("a", 1), (["a"], [1, 2, 3])])
def test_a_vector_that_is_none_takes_no_room(key, vector):
    wv = KeyedVectors(3, count=1)
    with pytest.raises(FirthError):
        wv.add_vector(key, vector)
    assert (wv.index_to_key, wv.key_to_index, wv.next_index) == ([None], {}, 0)


@pytest.mark.parametrize("vectors", [np.ones((2, 3)), np.ones((4, 3)), np.ones((3, 2)), np.ones(3), [["x"] * 3] * 3])
def test_vectors_that_do_not_fit_the_keys(wv, vectors):
    wv.vectors = vectors
    for use in (lambda: wv["king"], lambda: wv[["king", "apple"]], lambda: wv.most_similar(positive=[np.ones(3)])):
        with pytest.raises(ValueError, match="expected numbers") as caught:
            use()
        assert isinstance(caught.value, FirthError)


def test_a_list_of_rows_is_taken_for_vectors(wv):
    wv.vectors = [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert wv.most_similar("queen", topn=1)[0][0] == "apple"
    assert wv["apple"].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        lambda wv: wv.__setitem__("king", [1, 2, 3]),
        lambda wv: wv.unit_normalize_all(),
        lambda wv: [wv.__setattr__("index_to_key", [None, "b", "c"]), wv.add_vector("new", [1, 2, 3])],
    ],
)
def test_read_only_vectors_say_how_to_change_them(wv, change):
    wv.vectors.flags.writeable = False
    with pytest.raises(ValueError, match="load without mmap") as caught:
        change(wv)
    assert isinstance(caught.value, FirthError)
    assert "new" not in wv.key_to_index


def test_read_only_vectors_take_new_keys(wv):
    wv.vectors.flags.writeable = False
    wv[["king", "pear"]] = np.ones((2, 3))
    assert wv[["king", "pear"]].tolist() == [[1, 1, 1], [1, 1, 1]]
