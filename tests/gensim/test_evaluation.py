"""Scores on files of word pairs and analogies."""

import numpy as np
import pytest

from firth.gensim.models._significance import beta_share, correlations
from firth.gensim.models.keyedvectors import KeyedVectors


@pytest.fixture
def wv():
    """Words of the form letter and number: w0 to w7, whose vectors are gensim's in the recorded scores."""
    made = KeyedVectors(4)
    made.add_vectors([f"w{i}" for i in range(8)], np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32))
    return made


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("# comment\nw1\tw2\t1.5\nW0\tw1\t3\nw2\tw0\t9\nzz\tw1\t3\n")
    return path


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(": s1\nw0 w1 w2 w3\nw3 w2 w1 w0\n: gram2\nw0 w2 w4 w1\nzz w1 w2 w3\nw0 W2 w4 w5\n")
    return path


def test_pairs_score_as_in_gensim(wv, pairs):
    pearson, spearman, left_out = wv.evaluate_word_pairs(pairs)
    assert tuple(pearson) == pytest.approx((-0.31543940, 0.79569620), abs=1e-7)
    assert tuple(spearman) == pytest.approx((0.5, 0.66666667), abs=1e-7)
    assert left_out == 25.0
    pearson, spearman, left_out = wv.evaluate_word_pairs(str(pairs), dummy4unknown=True)
    assert tuple(pearson) == pytest.approx((-0.29997128, 0.70002872), abs=1e-7)
    assert (spearman.statistic, spearman.pvalue) == pytest.approx((0.31622777, 0.68377223), abs=1e-7)
    assert left_out == 25.0


def test_pairs_that_cannot_be_scored(wv, pairs, tmp_path):
    with pytest.raises(ValueError, match="1 pairs with two known words, 3 without"):
        wv.evaluate_word_pairs(pairs, restrict_vocab=2)
    with pytest.raises(ValueError, match="0 pairs with two known words, 4 without"):
        wv.evaluate_word_pairs(pairs, case_insensitive=False, restrict_vocab=2)
    with pytest.raises(FileNotFoundError):
        wv.evaluate_word_pairs(tmp_path / "none")
    with pairs.open("a") as file:
        file.write("broken line\n")
    with pytest.warns(UserWarning, match=r"1 lines .* the first is line 6"):
        wv.evaluate_word_pairs(pairs)
    pairs.write_bytes("w1\tw2\t1\nw\xe4\tw2\t2\nw3\tw2\t3".encode("latin1"))
    with pytest.raises(ValueError, match="expected text in utf8"):
        wv.evaluate_word_pairs(pairs)
    assert wv.evaluate_word_pairs(pairs, encoding="latin1")[2] == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("options", "score", "right", "wrong"),
    [
        ({}, 0.25, 1, 3),
        ({"dummy4unknown": True}, 0.2, 1, 4),
        ({"case_insensitive": False}, 1 / 3, 1, 2),
        ({"restrict_vocab": 3}, 0, 0, 0),
        ({"similarity_function": "most_similar_cosmul"}, 0.25, 1, 3),
    ],
)
def test_analogies_score_as_in_gensim(wv, questions, options, score, right, wrong):
    found, sections = wv.evaluate_word_analogies(questions, **options)
    assert found == pytest.approx(score)
    assert [section["section"] for section in sections] == ["s1", "gram2", "Total accuracy"]
    assert (len(sections[-1]["correct"]), len(sections[-1]["incorrect"])) == (right, wrong)
    if not options:
        assert sections[0] == {
            "section": "s1",
            "correct": [("W0", "W1", "W2", "W3")],
            "incorrect": [("W3", "W2", "W1", "W0")],
        }


def test_of_words_in_several_cases_the_first_counts(questions):
    wv = KeyedVectors(2)
    wv.add_vectors(["a", "b", "c", "D", "d", 7], [[1, 0], [0, 1], [1, 0.1], [0.1, 1], [0.1, 0.9], [0, 1]])
    questions.write_text(": x\na b c d\n")
    assert wv.evaluate_word_analogies(questions)[0] == 1
    assert wv.evaluate_word_analogies(questions, case_insensitive=False)[0] == 0  # D is nearer than d


def test_analogies_that_cannot_be_scored(wv, questions):
    with pytest.raises(ValueError, match="similarity_function is 'nope'"):
        wv.evaluate_word_analogies(questions, similarity_function="nope")
    questions.write_text("w0 w1 w2 w3\n")
    with pytest.raises(ValueError, match="expected a section before it"):
        wv.evaluate_word_analogies(questions)
    questions.write_text(": x\nw0 w1 w2\nw0 w1 w2 w3\n")
    with pytest.warns(UserWarning, match="1 lines are not four words"):
        wv.evaluate_word_analogies(questions)


def test_accuracy_is_the_old_name(wv, questions):
    with pytest.warns(DeprecationWarning, match="evaluate_word_analogies"):
        assert wv.accuracy(questions) == wv.evaluate_word_analogies(questions)[1]


def test_correlations_are_scipys():
    stats = pytest.importorskip("scipy.stats", reason="needs scipy")
    rng = np.random.default_rng(1)
    for n in (3, 4, 10, 353, 3000):
        x = rng.normal(size=n)
        y = np.round(x + rng.normal(size=n), 1)
        pearson, spearman = correlations(x, y)
        assert tuple(pearson) == pytest.approx(tuple(stats.pearsonr(x, y)), rel=1e-9, abs=1e-300)
        assert tuple(spearman) == pytest.approx(tuple(stats.spearmanr(x, y)), rel=1e-9, abs=1e-300)


def test_correlations_at_the_edges():
    assert correlations([1, 2], [3, 5])[0] == (1, 1)
    assert np.isnan(correlations([1, 1, 1], [1, 2, 3])[0]).all()
    assert correlations([1, 2, 3], [1, 2, 3])[0] == (1, 0)
    # I_x(a, 1) = x^a, and I_x(a, b) + I_(1 - x)(b, a) = 1
    assert beta_share(3.5, 1, 0.3) == pytest.approx(0.3**3.5, rel=1e-13)
    assert beta_share(2, 7, 0.1) + beta_share(7, 2, 0.9) == pytest.approx(1, rel=1e-13)
