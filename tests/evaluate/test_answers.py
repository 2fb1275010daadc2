"""Words looked up by the rules for case and frequency, and items left out for a reason."""

import numpy as np
import pytest

from firth.errors import ConfigError
from firth.evaluate.answers import ANSWERED, NO_VECTOR, RESTRICTED, Answers, Lookup, gather, statuses, unit_rows

ROWS = {"the": [1, 0], "Paris": [0, 2], "paris": [3, 4], "OSLO": [-1, 0], "Oslo": [1, 1]}


def test_a_word_is_looked_up_as_written_then_in_lower_case(make):
    lookup = Lookup(make(ROWS))
    assert lookup.find(["the", "THE", "Paris", "PARIS", "oslo", "Oslo", "atlantis"]).tolist() == [0, 0, 1, 2, -1, 4, -1]


def test_with_ignore_case_the_first_word_of_the_vocabulary_counts(make):
    lookup = Lookup(make(ROWS), ignore_case=True)
    assert lookup.find(["THE", "PARIS", "paris", "oslo", "atlantis"]).tolist() == [0, 1, 1, 3, -1]
    assert lookup.variants([0, 1, 2, 3, 4]).tolist() == [0, 1, 1, 3, 3]


def test_words_beyond_the_most_frequent_are_restricted(make):
    lookup = Lookup(make(ROWS), most_frequent=2)
    assert lookup.limit == 2
    assert lookup.find(["The", "Paris", "paris", "Oslo", "x"]).tolist() == [0, 1, RESTRICTED, RESTRICTED, NO_VECTOR]
    # as written it is restricted away, in lower case it is not
    assert Lookup(make({"paris": [1, 0], "Paris": [0, 1]}), most_frequent=1).find(["Paris"]).tolist() == [0]
    assert Lookup(make(ROWS), most_frequent=99).limit == 5


def test_words_in_another_order_are_put_in_that_of_their_counts(make):
    lookup = Lookup(make(ROWS, [5, 1, 7, 5, 0]), most_frequent=3)
    assert lookup.vectors.words == ["paris", "the", "OSLO", "Paris", "Oslo"]
    assert lookup.vectors.center.tolist() == [[3, 4], [1, 0], [-1, 0], [0, 2], [1, 1]]
    falling = make(ROWS, [5, 4, 4, 1, 0])
    assert Lookup(falling, most_frequent=3).vectors is falling


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "3"])
def test_most_frequent_is_a_whole_number(make, wrong):
    with pytest.raises(ConfigError, match=f"most_frequent is {wrong!r}: expected a whole number, 1 or more"):
        Lookup(make(ROWS), most_frequent=wrong)


def test_a_word_without_a_vector_comes_before_one_that_is_restricted():
    ids = np.array([[0, 1], [NO_VECTOR, 1], [RESTRICTED, 1], [RESTRICTED, NO_VECTOR]])
    assert statuses(ids).tolist() == [ANSWERED, NO_VECTOR, RESTRICTED, NO_VECTOR]


def test_the_words_that_items_lack(make):
    ids, missing, left_out = gather(
        Lookup(make(ROWS), most_frequent=2), [("the", "x", "paris"), ("Paris",), ("y", "x")]
    )
    assert [row.tolist() for row in ids] == [[0, -1, -2], [1], [-1, -1]]
    assert (missing, left_out) == ([["x"], [], ["y", "x"]], [["paris"], [], []])


def test_rows_are_scaled(make):
    found = unit_rows(make(ROWS), np.array([2, 3]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [-1, 0]], rtol=1e-15)


@pytest.mark.parametrize("bad", [[np.nan, 0], [np.inf, 1], [0, 0]])
def test_a_word_without_direction_has_no_vector(make, bad):
    vectors = make({"a": [1, 0], "bad": bad, "Bad": [1, 1]})
    with pytest.warns(UserWarning, match="the vector of 'bad' is zero or not finite"):
        assert Lookup(vectors).find(["a", "bad", "Bad"]).tolist() == [0, NO_VECTOR, 2]
    assert Lookup(vectors, ignore_case=True).find(["bad"]).tolist() == [2]


def test_a_part_of_answers():
    answers = Answers(
        "odd", np.array([0, -1, 0]), np.array([1.0, np.nan, 0]), np.ones(3), [[], ["x"], []], [[], [], []]
    )
    part = answers.part(np.array([1, 2]))
    assert (part.answered.tolist(), part.missing) == ([False, True], [["x"], []])
