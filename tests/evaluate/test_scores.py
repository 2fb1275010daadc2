"""Scores of all kinds against plain formulas, with what was left out, and why."""

import dataclasses
import json
import time

import numpy as np
import pytest
from scipy import stats

from firth.errors import ConfigError, FormatError
from firth.evaluate import Analogies, Categories, OddOneOut, Similarity, evaluate, read, statistics
from firth.evaluate.reading import BUNDLED


def by_part(evaluation):
    return {(one.benchmark, one.part, one.section): one for one in evaluation.results}


def test_similarity_has_both_correlations_with_their_intervals(make):
    rng = np.random.default_rng(1)
    rows = {f"w{i}": row for i, row in enumerate(rng.normal(size=(30, 4)).astype(np.float32))}
    pairs = [tuple(f"w{i}" for i in rng.integers(0, 32, size=2)) for _ in range(90)]
    ratings = [float(rating) for rating in rng.integers(0, 10, size=90)]
    (result,) = evaluate(make(rows), [Similarity("set", pairs, ratings, "a note")]).results

    known = [i for i, pair in enumerate(pairs) if all(word in rows for word in pair)]
    assert len(known) < 90
    cosines = []
    for a, b in (pairs[i] for i in known):
        u, v = rows[a].astype(float), rows[b].astype(float)
        cosines.append(u @ v / np.sqrt((u @ u) * (v @ v)))
    gold = [ratings[i] for i in known]
    assert (result.benchmark, result.kind, result.part, result.section) == ("set", "similarity", "whole", "")
    assert (result.asked, result.answered, result.no_vector, result.restricted) == (90, len(known), 90 - len(known), 0)
    assert set(result.missing) == {"w30", "w31"}
    assert result.note == "a note"
    assert [score.measure for score in result.scores] == ["spearman", "pearson"]
    assert result.score is result.scores[0]
    assert result.scores[0].value == pytest.approx(stats.spearmanr(cosines, gold).statistic, abs=1e-12)
    assert result.scores[1].value == pytest.approx(stats.pearsonr(cosines, gold).statistic, abs=1e-12)
    measures = (statistics.spearmans, statistics.pearsons)
    for score, measure in zip(result.scores, measures, strict=True):
        resampled = statistics.measured(len(known), 1000, measure(np.array(cosines), np.array(gold)))
        expected = statistics.percentile_interval(resampled[0])
        assert (score.low, score.high) == pytest.approx(expected, abs=1e-9)
        assert score.of_all is None


def test_similarities_without_any_pair_or_spread_have_no_score(make):
    vectors = make({"a": [1, 0], "b": [0, 1]})
    (result,) = evaluate(vectors, [Similarity("set", [("x", "y")], [1.0])]).results
    assert [dataclasses.astuple(score)[1:] for score in result.scores] == [(None,) * 5] * 2
    (result,) = evaluate(vectors, [Similarity("set", [("a", "b")] * 9, [1.0] * 9)]).results
    assert (result.answered, result.score.value, result.score.low) == (9, None, None)


def test_analogies_by_section_with_semantic_and_syntactic_totals(capitals):
    right, wrong = ("norway", "Oslo", "france", ("paris",)), ("norway", "Oslo", "france", ("accra",))
    unknown = ("a", "b", "c", ("d",))
    sections = {
        "capitals": [right, right, wrong],
        "others": [unknown],
        "gram1-x": [right, wrong, unknown],
        "grammar": [wrong],
        "empty": [],
    }
    results = by_part(evaluate(capitals, [Analogies("set", sections)]))
    assert list(results) == [
        ("set", "whole", ""),
        ("set", "semantic", ""),
        ("set", "syntactic", ""),
        *(("set", "section", name) for name in sections),
    ]
    figures = {key[1:]: (one.score.value, one.score.of_all, one.answered, one.asked) for key, one in results.items()}
    assert figures == {
        ("whole", ""): (3 / 6, 3 / 8, 6, 8),
        ("semantic", ""): (2 / 3, 2 / 4, 3, 4),
        ("syntactic", ""): (1 / 3, 1 / 4, 3, 4),
        ("section", "capitals"): (2 / 3, 2 / 3, 3, 3),
        ("section", "others"): (None, 0, 0, 1),
        ("section", "gram1-x"): (1 / 2, 1 / 3, 2, 3),
        ("section", "grammar"): (0, 0, 1, 1),
        ("section", "empty"): (None, None, 0, 0),
    }
    whole = results["set", "whole", ""]
    assert (whole.score.low, whole.score.high) == statistics.share_interval(3, 6)
    assert whole.missing == ("a", "b", "c", "d")
    assert results["set", "section", "capitals"].score.low is None  # of 3 questions


def test_very_many_sections_take_no_longer_each(capitals):
    question = ("norway", "Oslo", "x", ("paris",))
    start = time.perf_counter()
    results = evaluate(capitals, [Analogies("set", {f"s{i}": [question] for i in range(40_000)})]).results
    assert (len(results), results[-1].asked, results[-1].section) == (40_001, 1, "s39999")
    assert time.perf_counter() - start < 15  # some 2 s; 25 s if each section looks at every question


def test_sections_of_one_kind_have_no_totals_and_no_sections_no_parts(capitals):
    question = [("norway", "Oslo", "france", ("paris",))]
    assert [one.part for one in evaluate(capitals, [Analogies("set", {"": question})]).results] == ["whole"]
    results = evaluate(capitals, [Analogies("set", {"gram1": question, "gram2": question})]).results
    assert [one.part for one in results] == ["whole", "section", "section"]


def test_categories_and_odd_ones(make):
    vectors = make({"owl": [9, 1], "hen": [1, 0.1], "bat": [1, 0.05], "fig": [0, 1], "kiwi": [0.1, 5]})
    words, classes = ["owl", "hen", "bat", "fig", "kiwi", "x"], ["bird", "bird", "mammal", "fruit", "fruit", "fruit"]
    birds = ["bird" if name == "mammal" else name for name in classes]
    odd = OddOneOut("odd", [("owl", "hen", "bat"), ("fig", "owl", "hen"), ("fig", "x")], ["fig", "bat", "owl"])
    pure, exact, third = evaluate(
        vectors, [Categories("a", words, birds), Categories("b", words, classes), odd]
    ).results
    assert (pure.score.measure, pure.score.value, pure.score.of_all) == ("purity", 1, pytest.approx(5 / 6))
    assert (pure.score.low, pure.score.high, pure.answered, pure.asked) == (1, 1, 5, 6)
    assert exact.score.value >= 0.8
    assert (third.score.measure, third.score.value, third.score.of_all) == ("accuracy", 1 / 2, 1 / 3)
    assert (third.asked, third.answered, third.missing) == (3, 2, ("x",))


def test_the_interval_of_a_purity_is_that_of_its_share(make):
    rng = np.random.default_rng(5)
    words = [f"w{i}" for i in range(120)]
    vectors = make(dict(zip(words, rng.normal(size=(120, 8)), strict=True)))
    classes = [str(i) for i in rng.integers(0, 20, size=120)]
    (result,) = evaluate(vectors, [Categories("noise", words, classes)]).results
    score = result.score
    assert score.low < score.value < score.high
    assert (score.low, score.high) == statistics.share_interval(round(score.value * 120), 120)


def test_the_restriction_is_told_from_words_without_a_vector(capitals):
    pairs = [("norway", "france"), ("norway", "tokyo"), ("norway", "x"), ("x", "tokyo")]
    (result,) = evaluate(capitals, [Similarity("set", pairs, [1.0, 2, 3, 4])], most_frequent=6).results
    assert (result.asked, result.answered, result.no_vector, result.restricted) == (4, 1, 2, 1)
    assert (result.missing, result.left_out) == (("x",), ("tokyo",))


def test_ignore_case_reaches_the_words(make):
    vectors = make({"Paris": [1, 0], "paris": [0, 1], "b": [1, 0.1], "c": [1, 2]})
    pairs = Similarity("set", [("paris", "b"), ("B", "C"), ("paris", "c"), ("c", "c")], [4.0, 3.0, 2.0, 1.0])
    as_written = evaluate(vectors, [pairs]).results[0].score.value
    folded = evaluate(vectors, [pairs], ignore_case=True).results[0].score.value
    cosines = {
        False: [0.1, 1.2 / np.sqrt(1.01 * 5), 2 / np.sqrt(5), 1],
        True: [1 / np.sqrt(1.01), 0, 1 / np.sqrt(5), 1],
    }
    cosines[True][1] = cosines[False][1]
    cosines[False][0] = 0.1 / np.sqrt(1.01)
    assert as_written == pytest.approx(stats.spearmanr(cosines[False], pairs.ratings).statistic)
    assert folded == pytest.approx(stats.spearmanr(cosines[True], pairs.ratings).statistic)
    assert as_written != folded


def test_the_bundled_sets_are_evaluated_without_a_file(make):
    words = sorted({word for pair in read(BUNDLED[3]).pairs for word in pair})
    evaluation = evaluate(make(dict(zip(words, np.random.default_rng(0).normal(size=(len(words), 5)), strict=True))))
    wholes = {one.benchmark: one for one in evaluation.results if one.part == "whole"}
    assert list(wholes) == ["wordsim353", "wordsim353-sim", "wordsim353-rel", "rg-65", "questions-words"]
    assert (wholes["rg-65"].answered, wholes["rg-65"].asked) == (65, 65)
    parts = [one for one in evaluation.results if one.benchmark == "questions-words"]
    assert [one.part for one in parts] == ["whole", "semantic", "syntactic", *["section"] * 14]
    assert [one.asked for one in parts[:3]] == [19544, 8869, 10675]
    assert (evaluation.words, evaluation.ignore_case, evaluation.most_frequent) == (len(words), False, None)
    assert (evaluation.resamples, evaluation.seed) == (1000, 1)


def test_very_many_pairs_have_fewer_resamples(make, monkeypatch):
    rng = np.random.default_rng(3)
    vectors = make({f"w{i}": row for i, row in enumerate(rng.normal(size=(300, 4)))})
    monkeypatch.setattr(statistics, "MOST_DRAWN", 100_000)
    pairs = [(f"w{i}", f"w{i + 1}") for i in range(250)]
    few, many = (Similarity("x", pairs[:n], list(range(n))) for n in (100, 250))
    assert [one.score.resamples for one in evaluate(vectors, [few, many]).results] == [1000, 400]
    assert [statistics.resamples_of(n, 1000) for n in (4, 99, 101, 10**9)] == [1000, 1000, 990, 200]
    values = statistics.measured(250, 400, statistics.spearmans(*[np.arange(250.0)] * 2))
    assert len(values[0]) == 400


def test_usual_benchmarks_have_the_usual_resamples():
    assert statistics.resamples_of(100_000, statistics.RESAMPLES) == 1000
    assert statistics.resamples_of(10_000, statistics.PAIRED_RESAMPLES) == 10_000
    assert statistics.resamples_of(100_000, statistics.PAIRED_RESAMPLES) == 1000


def test_progress_is_told_of_every_kind_of_work(capitals):
    question = ("norway", "Oslo", "france", ("paris",))
    files = [
        Similarity(
            "a", [("norway", "Oslo"), ("france", "paris"), ("ghana", "japan"), ("ghana", "tokyo")], [4, 3, 2, 1]
        ),
        Analogies("b", {"s": [question] * 3, "t": [question]}),
        Categories("c", capitals.words, ["x", "y"] * 4),
        OddOneOut("d", [("norway", "france")] * 2, ["tokyo"] * 2),
    ]
    seen = []
    told = evaluate(capitals, files, progress=lambda *step: seen.append(step))
    assert told == evaluate(capitals, files)
    assert {what for what, _, _ in seen} == {
        *("reading", "questions", "groups", "first centers", "clusters", "parts", "resamples")
    }
    assert [step for step in seen if step[0] == "questions"] == [("questions", i, 4) for i in range(4)]
    assert ("resamples", 1000, 1000) in seen
    assert all(0 <= done <= total for _, done, total in seen)


def test_a_result_does_not_depend_on_the_other_files_and_is_plain_data(capitals, tmp_path):
    (tmp_path / "pairs.txt").write_text(
        "norway oslo 1\nfrance japan 2\nnorway ghana 3\njapan norway 5\nghana japan 4\n"
    )
    (tmp_path / "groups.txt").write_text("norway france : tokyo\n")
    alone = evaluate(capitals, [tmp_path / "pairs.txt"]).results
    both = evaluate(capitals, [str(tmp_path / "groups.txt"), tmp_path / "pairs.txt"])
    assert both.results[1:] == alone
    document = json.loads(json.dumps(dataclasses.asdict(both)))
    assert document["results"][1]["scores"][0]["measure"] == "spearman"


def test_wrong_files_kinds_and_vectors_are_refused(capitals, make, tmp_path):
    assert evaluate(capitals, []).results == ()
    with pytest.raises(ConfigError, match=r"files is 'mine\.tsv': expected a list of paths"):
        evaluate(capitals, "mine.tsv")
    with pytest.raises(ConfigError, match="files is 5: expected a list of paths"):
        evaluate(capitals, 5)
    with pytest.raises(ConfigError, match=r"vectors is 'v\.safetensors': expected word vectors, as firth\.load"):
        evaluate("v.safetensors")
    with pytest.raises(ConfigError, match="a benchmark is 7: expected a path, or what read returns"):
        evaluate(capitals, [7])
    with pytest.raises(ConfigError, match="kind is 'odd', but there is no file"):
        evaluate(capitals, kind="odd")
    (tmp_path / "a.txt").write_text("a b c d\n")
    with pytest.raises(FormatError, match="word, word, rating"):
        evaluate(capitals, [tmp_path / "a.txt"], kind="similarity")
    broken = make({"a": [np.nan, 1], "b": [1, 1]})
    with pytest.warns(UserWarning, match="the vector of 'a' is zero or not finite"):
        (result,) = evaluate(broken, [Similarity("set", [("b", "a")], [1.0])]).results
    assert (result.no_vector, result.missing) == (1, ("a",))


@pytest.mark.parametrize(
    ("benchmark", "message"),
    [
        (Similarity("x", [("a", "b")], [1.0, 2.0]), "1 pairs and 2 ratings: expected as many of both"),
        (Similarity("x", [("a", "b", "c")], [1.0]), r"a pair is \('a', 'b', 'c'\): expected two words"),
        (Similarity("x", [("a", "b")], [np.nan]), "a rating is nan: expected a finite number"),
        (Similarity("x", ["ab"], [1.0]), "a pair is 'ab': expected two words"),
        (Similarity("x", [("a", "b")], ["1"]), "a rating is '1': expected a finite number"),
        (Similarity("x", [("a", 3)], [1.0]), "a word is 3: expected a string"),
        (Analogies("x", {"": [("a", "b", "c", ())]}), "a question is .*: expected three words and a tuple of one"),
        (Analogies("x", {"": [("a", "b", "c", "d")]}), "a question is .*: expected three words and a tuple of one"),
        (Analogies("x", {"": [("a", "b", ("d",))]}), "a question is .*: expected three words and a tuple of one"),
        (Categories("x", ["a"], []), "1 words and 0 classes: expected as many of both"),
        (OddOneOut("x", [("a", "b")], []), "1 groups and 0 odd: expected as many of both"),
        (OddOneOut("x", [("a",)], ["b"]), r"a group is \('a',\): expected two words or more"),
    ],
)
def test_a_benchmark_whose_parts_do_not_fit_together_is_refused(capitals, benchmark, message):
    with pytest.raises(ConfigError, match="benchmark 'x': " + message):
        evaluate(capitals, [benchmark])
