"""The tables of `firth eval`: what they say, at most 100 columns wide."""

import dataclasses

import numpy as np
import pytest

from firth.app.cli import main
from firth.app.scores import comparison_lines, evaluation_lines, table
from firth.evaluate import Analogies, Categories, Similarity, compare, evaluate
from firth.vectors.container import WordVectors


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(3)
    center = rng.normal(size=(3000, 8)).astype(np.float32)
    return WordVectors([f"w{i}" for i in range(3000)], np.ones(3000, np.int64), center, None, {}, [])


@pytest.fixture(scope="module")
def benchmarks():
    rng = np.random.default_rng(4)
    drawn = rng.integers(0, 4000, size=(12000, 4))
    questions = [(f"w{a}", f"w{b}", f"w{c}", (f"w{d}",)) for a, b, c, d in drawn]
    pairs = [(a, b) for a, b, _, _ in questions[:2000]]
    sections = {"": questions[:3], "gram6-nationality-adjective": questions[3:11000], "family": questions[11000:]}
    classes = ["one", "two", "three", "four"]
    return [
        Similarity(
            "a-name-that-is-much-longer-than-the-table-is-wide-so-that-it-is-cut", pairs, list(range(2000)), "note"
        ),
        Analogies("questions-words", sections),
        Categories("words", [f"w{i}" for i in range(40)], classes * 10),
    ]


@pytest.mark.parametrize("most_frequent", [None, 1500])
def test_no_line_is_wider_than_100_columns(vectors, benchmarks, most_frequent):
    lines = evaluation_lines(evaluate(vectors, benchmarks, most_frequent=most_frequent))
    lines += comparison_lines(
        compare(vectors, vectors, benchmarks, most_frequent=most_frequent), "/tmp/first/" * 12, "second.safetensors"
    )
    assert max(map(len, lines)) <= 100
    assert max(map(len, lines[:6])) > 80


def test_the_rules_and_what_was_left_out_are_in_the_footers(vectors, benchmarks):
    text = "\n".join(evaluation_lines(evaluate(vectors, benchmarks, most_frequent=1500)))
    shown = " ".join(text.split())
    assert "Words are looked up as written, then in lower case." in shown
    assert "Restricted to the 1,500 most frequent of the 3,000 words: items with another word are left out" in shown
    assert "Intervals: 95%, percentiles of 1,000 bootstrap resamples of the answered items, seed 1." in shown
    assert "Rare: others left out by the restriction." in shown
    assert "(no section)" in shown
    assert "is-cut: note." in shown
    assert "more words." in shown
    shown = " ".join(evaluation_lines(evaluate(vectors, benchmarks[2:], ignore_case=True)))
    assert "Case is ignored: words are compared in upper case" in shown
    assert "Answers are found among all of the 3,000 words." in shown
    assert "the intervals keep both" in shown
    assert "Rare" not in shown


def test_cells_are_times_100_and_a_hyphen_where_there_is_none():
    center = np.array([[1, 0], [1, 1], [0, 1], [-1, 1]], dtype=np.float32)
    four = WordVectors(["a", "b", "c", "d"], np.ones(4, np.int64), center, None, {}, [])
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("a", "x")]
    lines = evaluation_lines(evaluate(four, [Similarity("set", pairs, [9.0, 5.0, 1.0, 2.0])]))
    assert lines[0].split() == [
        "benchmark",
        "measure",
        "score",
        "95%",
        "interval",
        *["asked", "answered", "unknown", "of", "all"],
    ]
    assert lines[1].split() == ["set", "spearman", "100.0", "-", "4", "3", "1", "-"]
    assert lines[2].split() == ["pearson", "100.0", "-", "-"]
    assert "set: no vector for x." in lines


def test_a_difference_is_shown_with_its_sign_and_whether_it_is_real(vectors):
    pairs = [(f"w{i}", f"w{i + 1}") for i in range(60)]
    shuffled = WordVectors(vectors.words, vectors.counts, np.roll(vectors.center, 7, axis=0), None, {}, [])
    ratings = [vectors.similarity(*pair) for pair in pairs]
    comparison = compare(vectors, shuffled, [Similarity("set", pairs, ratings)])
    lines = comparison_lines(comparison, "one", "two")
    first = lines[1].split()
    assert (first[:2], first[2], first[4][0], first[-1], first[-2]) == (
        ["set", "spearman"],
        "100.0",
        "+",
        "real",
        "0.0004",
    )
    assert "First: one, 3,000 words. Second: two, 3,000 words." in lines
    assert "set: of 60 items the first answers 60, the second 60, both 60." in lines
    one = dataclasses.replace(comparison.differences[0], p_holm=1e-9, real=False)
    assert "<0.0001" in comparison_lines(dataclasses.replace(comparison, differences=(one,)), "a", "b")[1]


def test_a_long_first_cell_is_cut():
    lines = table([["x" * 200, "ab", "1"], ["y", "c", "22"]], left=2)
    assert [len(line) for line in lines] == [100, 100]
    assert lines[0].startswith("xxx")
    assert "x…  ab   1" in lines[0]


def test_a_restriction_to_0_words_does_not_go_with_a_corpus(capsys):
    assert main(["eval", "v.safetensors", "--against", "corpus.txt", "--most-frequent", "0"]) == 1
    assert "--most-frequent goes with benchmarks" in capsys.readouterr().err


def rules(lines):
    return " ".join(" ".join(lines).split())


def test_a_restriction_that_leaves_out_no_word_and_one_without_counts_are_told(vectors, benchmarks):
    shown = rules(evaluation_lines(evaluate(vectors, benchmarks[2:], most_frequent=3000)))
    assert "Answers are found among all of the 3,000 words: the restriction to 3,000 leaves out none." in shown
    uncounted = WordVectors(vectors.words, np.zeros(3000, np.int64), vectors.center, None, {}, [])
    told = "have no counts: their first 2,999 words are taken for the most frequent."
    assert f"The vectors {told}" in rules(evaluation_lines(evaluate(uncounted, benchmarks[2:], most_frequent=2999)))
    for chosen in (None, 3000):
        assert "no counts" not in rules(evaluation_lines(evaluate(uncounted, benchmarks[2:], most_frequent=chosen)))
    assert "no counts" not in rules(evaluation_lines(evaluate(vectors, benchmarks[2:], most_frequent=2999)))
    shown = rules(comparison_lines(compare(vectors, uncounted, benchmarks[2:], most_frequent=2999), "a", "b"))
    assert f"The second vectors {told}" in shown
    assert "The first vectors have no" not in shown
    assert "correction for 1 comparison." in shown


def test_fewer_resamples_are_told(vectors, benchmarks, monkeypatch):
    monkeypatch.setattr("firth.evaluate.statistics.MOST_DRAWN", 1_000_000)
    told = " resamples, because it has very many items."
    evaluation = evaluate(vectors, benchmarks[:1])
    number = 1_000_000 // evaluation.results[0].answered
    assert 500 < number < 1000
    assert f"is-cut: {number}{told}" in rules(evaluation_lines(evaluation))
    assert f"is-cut: {number}{told}" in rules(comparison_lines(compare(vectors, vectors, benchmarks[:1]), "a", "b"))
    assert told not in rules(evaluation_lines(evaluate(vectors, benchmarks[2:])))


@pytest.mark.parametrize("other", [[], ["two.safetensors"]])
def test_a_terminal_sees_how_far_an_evaluation_is(vectors, tmp_path, capsys, monkeypatch, other):
    monkeypatch.chdir(tmp_path)
    for name in ("one.safetensors", "two.safetensors"):
        vectors.save(name)
    (tmp_path / "odd.txt").write_text("w1 w2 w3: w4\n" * 20)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["eval", "one.safetensors", *other, "odd.txt"]) == 0
    assert "groups" in capsys.readouterr().err
    assert main(["eval", "one.safetensors", *other, "odd.txt", "--json"]) == 0
    assert capsys.readouterr().err == ""
