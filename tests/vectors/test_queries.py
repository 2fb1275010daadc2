"""The nearest rows and the answers of analogies, few and many at once, against float64 and a full sort."""

import numpy as np
import pytest

from firth.vectors import batches, directions, queries
from firth.vectors.directions import Directions, lengths_of
from firth.vectors.queries import answers_by_addition, answers_by_multiplication, nearest, place_among, three_cos_mul

N, D = 400, 6


@pytest.fixture
def rows():
    """Rows of which eleven have the same direction, some are nearly so, one is zero and one is not finite."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(N, D)).astype(np.float32)
    rows[20:30] = rows[7] * np.float32(2) ** np.arange(-5, 5)[:, None]
    rows[40:50] = rows[8] + 1e-6 * rng.normal(size=(10, D))
    rows[60:70] *= np.float32(10) ** rng.integers(-25, 25, (10, 1))
    rows[33] = 0
    rows[34, 2] = np.nan
    return rows


def units(rows):
    return rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)


def sorted_by_hand(scores, out, k, least=-np.inf):
    """The ids of the k largest scores that are finite, of at least `least`, and not `out`; ties by rising id."""
    there = [i for i in range(len(scores)) if np.isfinite(scores[i]) and i not in out and scores[i] >= least]
    return sorted(there, key=lambda i: (-scores[i], i))[:k]


def assert_same(found, true, out, k, least=-np.inf):
    """The scores are right, they fall, equal ones go by rising id, and no better row was left out."""
    ids, scores = found
    np.testing.assert_allclose(scores, true[ids], rtol=0, atol=1e-14)
    expected = sorted_by_hand(true, out, k, least)
    np.testing.assert_allclose(true[ids], true[expected], rtol=0, atol=1e-14)
    assert list(zip(-scores, ids, strict=True)) == sorted(zip(-scores, ids, strict=True))
    assert not set(ids.tolist()) & set(out)


def small_blocks(monkeypatch):
    monkeypatch.setattr(queries, "VALUES_AT_ONCE", 700)
    monkeypatch.setattr(directions, "VALUES_AT_ONCE", 50)
    for name, value in (
        ("VALUES_AT_ONCE", 3000),
        ("QUERIES_AT_ONCE", 17),
        ("QUESTIONS_AT_ONCE", 23),
        ("ROWS_AT_ONCE", 70),
    ):
        monkeypatch.setattr(batches, name, value)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("at_once", [queries.COMPILED_FROM, 1, 10**9], ids=["as is", "compiled", "not compiled"])
@pytest.mark.parametrize("k", [1, 3, 60, None])
def test_the_nearest_are_those_of_a_full_sort(rows, monkeypatch, k, at_once):
    monkeypatch.setattr(queries, "COMPILED_FROM", at_once)
    rng = np.random.default_rng(2)
    asked = units(np.concatenate([rng.normal(size=(60, D)), rows[[7, 8, 25, 44, 65]]]))
    excluded = rng.integers(0, N, size=(len(asked), 3))
    excluded[-5:, 0] = [7, 8, 25, 44, 65]
    true = units(rows) @ asked.T
    answers = []
    for cut in (lambda: None, lambda: small_blocks(monkeypatch)):
        cut()
        found = list(nearest(Directions(rows, lengths_of(rows)), asked, excluded, k))
        assert len(found) == len(asked)
        for query, out, one in zip(true.T, excluded, found, strict=True):
            assert_same(one, query, out, N if k is None else k)
        answers.append([(ids.tolist(), scores.tolist()) for ids, scores in found])
    assert answers[0] == answers[1]
    same = np.array([7, *range(20, 30)])
    first = [i for i in answers[0][-5][0] if i in same]
    assert first == sorted(first)  # equal directions in the order of the rows


@pytest.mark.parametrize("queries_at_once", [1, 60])
def test_answers_below_the_threshold_are_left_out(rows, queries_at_once):
    asked = units(np.random.default_rng(3).normal(size=(queries_at_once, D)))
    true = units(np.nan_to_num(rows, nan=1.0) + (rows == 0).all(axis=1, keepdims=True)) @ asked.T
    true[[33, 34]] = np.nan
    for k in (5, None):
        for query, (ids, scores) in zip(
            true.T, nearest(Directions(rows, lengths_of(rows)), asked, [[]] * len(asked), k, 0.7), strict=True
        ):
            assert (scores >= 0.7).all()
            assert len(ids) == min(k or N, (query >= 0.7).sum())


@pytest.mark.parametrize("compiled_from", [1, 10**9])
def test_among_equal_rows_the_first_ones_are_found(monkeypatch, compiled_from):
    monkeypatch.setattr(queries, "COMPILED_FROM", compiled_from)
    rows = np.ones((100, 3), np.float32)
    asked = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    for ids, scores in nearest(Directions(rows, lengths_of(rows)), asked, [[0], [2, 3]], 4):
        assert ids.tolist() in ([1, 2, 3, 4], [0, 1, 4, 5])
        assert len(set(scores.tolist())) == 1


def test_no_answer_is_left():
    center = np.eye(2, dtype=np.float32)
    ((ids, values),) = nearest(Directions(center, np.ones(2)), np.eye(2)[:1], [[0, 1]], 5)
    assert (ids.tolist(), values.tolist()) == ([], [])


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("compiled_from", [1, 10**9])
@pytest.mark.parametrize("k", [1, 7])
def test_answers_by_addition(rows, monkeypatch, k, compiled_from):
    monkeypatch.setattr(queries, "COMPILED_FROM", compiled_from)
    rng = np.random.default_rng(4)
    terms = units(rng.normal(size=(30, D)))
    terms[3] = units(rows)[7]
    questions = rng.integers(0, 30, size=(50, 3))
    questions[0] = 3, 3, 3
    questions[1] = 1, 1, 3
    excluded = rng.integers(0, N, size=(50, 3))
    answers = []
    for cut in (lambda: None, lambda: small_blocks(monkeypatch)):
        cut()
        found = list(answers_by_addition(Directions(rows, lengths_of(rows)), terms, questions, excluded, k))
        for (a, b, c), out, one in zip(questions, excluded, found, strict=True):
            query = terms[b] - terms[a] + terms[c]
            assert_same(one, units(rows) @ query / np.linalg.norm(query), out, k)
        answers.append([(ids.tolist(), scores.tolist()) for ids, scores in found])
    assert answers[0] == answers[1]


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("k", [1, 7, N])
def test_answers_by_multiplication(rows, k):
    rng = np.random.default_rng(5)
    for terms in units(rng.normal(size=(30, D))).reshape(10, 3, D):
        terms[0] = -units(rows)[90]  # a cosine of -1: the quotient is largest there
        out = rng.integers(0, N, size=3).tolist()
        a, b, c = (1 + units(rows) @ terms.T).T / 2
        true = b * c / (a + 0.001)
        ids, scores = answers_by_multiplication(Directions(rows, lengths_of(rows)), terms, out, k)
        np.testing.assert_allclose(scores, true[ids], rtol=1e-9)
        np.testing.assert_allclose(true[ids], true[sorted_by_hand(true, out, k)], rtol=1e-9)


def test_three_cos_mul_by_hand():
    assert three_cos_mul(np.array(0.0), np.array(1.0), np.array(0.0)) == pytest.approx(0.5 / 0.501)
    assert three_cos_mul(np.array(-1.0), np.array(1.0), np.array(1.0)) == pytest.approx(1000)


@pytest.mark.parametrize("seed", range(4))
def test_many_queries_among_rows_closer_than_float32_can_tell(seed):
    """More near rows than a batch keeps to spare: where it cannot be sure, it asks again."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.normal(size=(1, D)) + 1e-7 * rng.normal(size=(300, D)), rng.normal(size=(100, D))])
    rows = rows.astype(np.float32)[rng.permutation(400)]
    rows[-1] = [np.inf, *[0] * (D - 1)]
    found = Directions(rows, lengths_of(rows))
    terms = units(rows[:60])
    alone = [next(nearest(found, term[None], [[i]], 3)) for i, term in enumerate(terms)]
    assert len(terms) >= queries.COMPILED_FROM
    for (ids, scores), (own, values) in zip(nearest(found, terms, [[i] for i in range(60)], 3), alone, strict=True):
        assert (ids.tolist(), scores.tolist()) == (own.tolist(), values.tolist())
    questions = rng.integers(0, 60, size=(80, 3))
    for question, (ids, scores) in zip(
        questions, answers_by_addition(found, terms, questions, questions, 2), strict=True
    ):
        own, values = next(answers_by_addition(found, terms, question[None], question[None], 2))
        assert (ids.tolist(), scores.tolist()) == (own.tolist(), values.tolist())


def test_few_rows_have_a_direction():
    rows = np.zeros((100, 4), np.float32)
    rows[0], rows[1], rows[-1] = [1, 0, 0, 0], [1, 1, 0, 0], [np.inf, 0, 0, 0]
    found = Directions(rows, lengths_of(rows))
    for ids, _ in nearest(found, np.eye(4)[[0] * 60], [[0]] * 60, 2):
        assert ids.tolist() == [1]


def test_multiplication_decides_between_near_rows_in_float64():
    rng = np.random.default_rng(8)
    rows = (rng.normal(size=(1, D)) + 2e-7 * rng.normal(size=(3000, D))).astype(np.float32)
    terms = units(rng.normal(size=(3, D)))
    a, b, c = (1 + units(rows) @ terms.T).T / 2
    true = b * c / (a + 0.001)
    ids, _ = answers_by_multiplication(Directions(rows, lengths_of(rows)), terms, [], 5)
    np.testing.assert_allclose(true[ids], np.sort(true)[::-1][:5], rtol=1e-13)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_the_place_of_a_row_is_that_of_a_full_sort(rows):
    found = Directions(rows, lengths_of(rows))
    for query in units(np.concatenate([np.random.default_rng(3).normal(size=(3, D)), rows[[7, 8]]])):
        ((ids, _),) = nearest(found, query[None], [[5, 9]], None)
        assert [place_among(found, query, [5, 9], row) for row in ids] == list(range(1, len(ids) + 1))


def test_many_questions_whose_sums_are_short():
    """b - a + c has the length √2 - 1, and three hundred rows have nearly its direction."""
    rng = np.random.default_rng(5)
    b, c = np.linalg.qr(rng.normal(size=(D, 2)))[0].T
    terms = np.array([(b + c) / np.sqrt(2), b, c])
    rows = np.concatenate([terms[:1] + 1e-7 * rng.normal(size=(300, D)), rng.normal(size=(100, D))]).astype(np.float32)
    rows = rows[rng.permutation(400)]
    found = Directions(rows, lengths_of(rows))
    question = np.array([[0, 1, 2]])
    ids, scores = next(answers_by_addition(found, terms, question, [[]], 3))
    for own, values in answers_by_addition(found, terms, question.repeat(60, axis=0), [[]] * 60, 3):
        assert (own.tolist(), values.tolist()) == (ids.tolist(), scores.tolist())
