"""Benchmarks: scores against literal values, against `analogy`, on vectors of known answers; files that are wrong."""

import re

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.evaluate import benchmarks as ev
from firth.evaluate.statistics import wilson_interval
from firth.vectors.container import WordVectors


def make(rows):
    center = np.array(list(rows.values()), dtype=np.float32)
    return WordVectors(list(rows), np.ones(len(rows), np.int64), center, None, {}, [])


@pytest.fixture
def capitals():
    """Countries in a plane, and their capitals, all moved by one vector; "Oslo" alone is capitalised."""
    places = {"norway": [1, 0], "france": [0.2, 1], "ghana": [-1, 0.5], "japan": [-0.3, -1]}
    rows = {country: [*place, 0] for country, place in places.items()}
    rows |= {city: [*places[country], 0.4] for city, country in [("Oslo", "norway"), ("paris", "france")]}
    rows |= {city: [*places[country], 0.4] for city, country in [("accra", "ghana"), ("tokyo", "japan")]}
    return make(rows)


# Scores.


def test_similarities_use_the_pairs_that_have_vectors_as_written_then_lower_cased(capitals):
    pairs = [
        ("Norway", "Oslo", 9.0),  # norway, Oslo: cosine 1 / √1.16
        ("norway", "ghana", 2.0),
        ("Japan", "japan", 10.0),
        ("France", "japan", 1.0),
        ("norway", "oslo", 0.0),  # no vector: "Oslo" is not tried for "oslo"
        ("norway", "atlantis", 9.5),
    ]
    result = ev.score_similarities(capitals, "set", pairs)
    assert (result.name, result.kind, result.used, result.total) == ("set", "similarity", 4, 6)
    # cosines .93, -.89, 1, -.99 rank 3, 2, 4, 1; so do the ratings
    assert (result.score, result.low, result.high) == (1, 1, 1)


def test_similarities_without_any_pair_have_no_score(capitals):
    result = ev.score_similarities(capitals, "set", [("a", "b", 1.0)])
    assert (result.score, result.low, result.high, result.used, result.total) == (None, None, None, 0, 1)


def test_analogies_by_section(capitals):
    sections = {
        "right": [("Norway", "Oslo", "France", "Paris"), ("ghana", "accra", "japan", "tokyo")],
        "wrong": [
            ("norway", "Oslo", "france", "accra"),
            ("norway", "Oslo", "france", "oslo"),
            ("a", "b", "c", "d"),
        ],
        "own words": [("norway", "Oslo", "norway", "Oslo")],
        "unknown": [("a", "b", "c", "d")],
    }
    results = {result.name: result for result in ev.score_analogies(capitals, "set", sections)}
    assert list(results) == ["set", "set: right", "set: wrong", "set: own words", "set: unknown"]
    assert {name: (r.score, r.used, r.total) for name, r in results.items()} == {
        "set": (0.5, 4, 7),
        "set: right": (1.0, 2, 2),
        "set: wrong": (0.0, 1, 3),
        "set: own words": (0.0, 1, 1),
        "set: unknown": (None, 0, 1),
    }
    assert (results["set"].low, results["set"].high) == wilson_interval(2, 4)
    assert results["set: unknown"].low is results["set: unknown"].high is None
    assert {result.kind for result in results.values()} == {"analogy"}


def test_analogies_agree_with_the_query_in_blocks_of_any_size(monkeypatch):
    rng = np.random.default_rng(2)
    vectors = make({f"w{i}": row for i, row in enumerate(rng.normal(size=(40, 3)))})
    asked = [tuple(f"w{i}" for i in rng.integers(0, 40, size=3)) for _ in range(100)]
    questions = [(a, b, c, vectors.analogy(a, b, c)[0][0]) for a, b, c in asked]
    wrong = [(a, b, c, vectors.analogy(a, b, c, k=2)[1][0]) for a, b, c in asked]
    for block in (1000, 7, 1):
        monkeypatch.setattr("firth.vectors.batches.QUESTIONS_AT_ONCE", block)
        results = ev.score_analogies(vectors, "set", {"right": questions, "wrong": wrong})
        assert [result.score for result in results] == [0.5, 1, 0]


# Files.


def test_the_bundled_sets_are_read_whole():
    assert [path.name for path in ev.BUNDLED] == ["wordsim353.tsv", "rg-65.tsv", "questions-words.txt"]
    wordsim, rg = ev.read_similarities(ev.BUNDLED[0]), ev.read_similarities(ev.BUNDLED[1])
    assert (len(wordsim), len(rg)) == (353, 65)
    assert wordsim[0] == ("love", "sex", 6.77)
    assert rg[0] == ("gem", "jewel", 3.94)
    sections = ev.read_analogies(ev.BUNDLED[2])
    assert len(sections) == 14
    assert sum(map(len, sections.values())) == 19544
    assert len(sections["capital-common-countries"]) == 506
    assert sections["family"][0] == ("boy", "girl", "brother", "sister")


def test_the_bundled_sets_are_what_is_evaluated_without_a_file():
    words = sorted({word for pair in ev.read_similarities(ev.BUNDLED[1]) for word in pair[:2]})
    vectors = make(dict(zip(words, np.random.default_rng(0).normal(size=(len(words), 5)), strict=True)))
    results = ev.evaluate(vectors)
    assert [result.name for result in results[:4]] == [
        "wordsim353",
        "rg-65",
        "questions-words",
        "questions-words: capital-common-countries",
    ]
    assert len(results) == 3 + 14
    assert (results[1].used, results[1].total) == (65, 65)
    assert results[2].total == 19544


def test_own_files_go_by_their_extension(capitals, tmp_path):
    (tmp_path / "mine.tsv").write_bytes(b"\xef\xbb\xbfnorway\tOslo\t3\r\n\r\nfrance\tjapan\t1\r\n")
    (tmp_path / "mine.txt").write_text(": cities\nnorway Oslo france paris\n\n:more\nghana  accra japan\ttokyo\n")
    results = ev.evaluate(capitals, [str(tmp_path / "mine.tsv"), tmp_path / "mine.txt"])
    assert [result.name for result in results] == ["mine", "mine", "mine: cities", "mine: more"]
    assert [result.score for result in results] == [1, 1, 1, 1]
    assert ev.evaluate(capitals, []) == []
    with pytest.raises(ConfigError, match="expected a list of paths"):
        ev.evaluate(capitals, "mine.tsv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"x\ty\t1\nx y 2\n", "line 2: 'x y 2': expected word, tab, word, tab, number"),
        ("a.tsv", b"word1\tword2\tscore\n", "line 1: .*expected word, tab"),
        ("a.tsv", b"x\ty\tnan\n", "line 1: .*expected word, tab"),
        ("a.tsv", b"x\ty\t1\t2\n", "line 1: .*expected word, tab"),
        ("a.tsv", b"\ty\t1\n", "line 1: .*expected word, tab"),
        ("a.tsv", b"x\ty\t1\n\xff\ty\t2\n", r"line 2: b'\\xff.*expected UTF-8"),
        ("a.txt", b": s\na b c\n", "line 2: 'a b c': expected four words"),
        ("a.txt", b"a b c d\n", "line 1: 'a b c d': expected ': name of a section'"),
    ],
)
def test_a_bad_line_is_named(tmp_path, capitals, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=f"{re.escape(str(tmp_path / name))}, {message}"):
        ev.evaluate(capitals, [tmp_path / name])


def test_a_file_without_items_or_that_cannot_be_read_is_refused(tmp_path, capitals):
    for name, message in [("a.tsv", "no line"), ("a.txt", "no question")]:
        (tmp_path / name).write_text("\n")
        with pytest.raises(FormatError, match=message):
            ev.evaluate(capitals, [tmp_path / name])
    for name in ("missing.tsv", "missing.txt", "."):
        with pytest.raises(FormatError, match="cannot be read: "):
            ev.evaluate(capitals, [tmp_path / name])
