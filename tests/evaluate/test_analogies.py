"""Analogies against `WordVectors.analogy` and a search in plain Python."""

import numpy as np

from firth.evaluate import analogies
from firth.evaluate.answers import NO_VECTOR, RESTRICTED, Lookup
from firth.evaluate.reading import Analogies


def asked(*questions):
    return Analogies("set", {"": [(a, b, c, tuple(d)) for a, b, c, *d in questions]})


def test_right_wrong_and_left_out(capitals):
    benchmark = asked(
        ("Norway", "Oslo", "France", "Paris"),
        ("ghana", "accra", "japan", "tokyo"),
        ("norway", "Oslo", "france", "accra"),
        ("norway", "Oslo", "norway", "Oslo"),
        ("norway", "Oslo", "france", "oslo"),
        ("norway", "Oslo", "france", "lutetia", "paris"),
        ("norway", "Oslo", "france", "lutetia", "louvre"),
        ("atlantis", "Oslo", "france", "paris"),
    )
    answers = analogies.answer(Lookup(capitals), benchmark)
    assert answers.status.tolist() == [0, 0, 0, 0, NO_VECTOR, 0, NO_VECTOR, NO_VECTOR]
    np.testing.assert_array_equal(answers.values, [1, 1, 0, 0, np.nan, 1, np.nan, np.nan])
    # "lutetia" is not missed where "paris" will do
    assert answers.missing == [[], [], [], [], ["oslo"], [], ["lutetia", "louvre"], ["atlantis"]]


def test_the_restriction_leaves_out_questions_and_answers(capitals):
    lookup = Lookup(capitals, most_frequent=6)  # without accra and tokyo
    benchmark = asked(
        ("norway", "Oslo", "france", "paris"),
        ("ghana", "accra", "norway", "Oslo"),
        ("norway", "Oslo", "ghana", "accra"),
        ("norway", "Oslo", "ghana", "accra", "x"),
        ("norway", "x", "ghana", "accra"),
    )
    answers = analogies.answer(lookup, benchmark)
    assert answers.status.tolist() == [0, RESTRICTED, RESTRICTED, RESTRICTED, NO_VECTOR]
    assert answers.left_out == [[], ["accra"], ["accra"], ["accra"], ["accra"]]
    first = analogies.first_answers(capitals, np.array([[0, 4, 2]]), 6)
    assert first[0] < 6
    assert analogies.first_answers(capitals, np.array([[0, 4, 2]])).tolist() == [6]


def test_first_answers_are_those_of_the_query(make):
    rng = np.random.default_rng(2)
    vectors = make({f"w{i}": row for i, row in enumerate(rng.normal(size=(40, 3)))})
    questions = rng.integers(0, 40, size=(100, 3))
    found = analogies.first_answers(vectors, questions)
    expected = [int(vectors.analogy(*(f"w{i}" for i in row))[0][0][1:]) for row in questions]
    assert found.tolist() == expected
    unit = vectors.center / np.linalg.norm(vectors.center.astype(float), axis=1, keepdims=True)
    for (a, b, c), answer in zip(questions, found, strict=True):
        cosines = unit @ (unit[b] - unit[a] + unit[c])
        cosines[[a, b, c]] = -np.inf
        assert answer == cosines.argmax()


def test_where_no_word_is_left_there_is_no_answer(make):
    vectors = make({"a": [1, 0], "b": [0, 1], "c": [1, 1]})
    assert analogies.first_answers(vectors, np.array([[0, 1, 2]])).tolist() == [-1]
    for ignore_case in (False, True):
        lookup = Lookup(vectors, ignore_case=ignore_case)
        answers = analogies.answer(lookup, asked(("a", "b", "c", "a"), ("a", "b", "c", "c")))
        assert answers.values.tolist() == [0, 0]
    vectors = make({"a": [1, 0], "b": [0, 1], "c": [1, 1], "C": [1, 1]})
    answers = analogies.answer(Lookup(vectors, ignore_case=True), asked(("a", "b", "c", "C")))
    assert answers.values.tolist() == [0]


def test_with_ignore_case_other_spellings_are_the_same_word(make):
    """France and FRANCE are nearest to what is asked, but france was asked; PARIS is next and counts as paris."""
    rows = {"norway": [1, 0, 0], "OSLO": [1, 0, 0.4], "france": [0.2, 1, 0], "paris": [0.2, 1, 0.5]}
    rows |= {"FRANCE": [0.13, 1, 0.38], "France": [0.12, 1, 0.37], "PARIS": [0.15, 1, 0.3], "other": [0.2, 1, 0.2]}
    vectors = make(rows)
    question = asked(("Norway", "Oslo", "France", "Paris"), ("Norway", "Oslo", "France", "Other"))
    answers = analogies.answer(Lookup(vectors, ignore_case=True), question)
    assert vectors.words[analogies.first_answers(vectors, np.array([[0, 1, 2]]))[0]] in ("FRANCE", "France")
    assert answers.values.tolist() == [1, 0]
    exact = analogies.answer(Lookup(vectors), question)
    assert exact.status.tolist() == [NO_VECTOR, NO_VECTOR]
    assert exact.missing[0] == ["Oslo"]


def test_no_question_has_no_answer(capitals):
    answers = analogies.answer(Lookup(capitals), Analogies("set", {"": []}))
    assert (len(answers.status), len(answers.values)) == (0, 0)
