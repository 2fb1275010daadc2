"""Phrases; the counts, scores and phrases expected here are those of gensim 4.4 for the same sentences."""

import math
import pickle
import warnings

import numpy as np
import pytest

from firth.errors import FirthError, FormatError
from firth.gensim._saved import save_state
from firth.gensim.models.phrases import (
    ENGLISH_CONNECTOR_WORDS,
    FrozenPhrases,
    Phraser,
    Phrases,
    npmi_scorer,
    original_scorer,
)

SENTENCES = [
    ["new", "york", "of", "a"],
    ["the", "bank", "of", "america", "is", "in", "new", "york"],
    ["bank", "of", "the", "of", "america"],
    ["of", "bank"],
    [],
    ["new_york", "x", "of"],
    ["a", "b", "a", "b"],
]


def test_words_and_pairs_are_counted():
    phrases = Phrases(SENTENCES)
    assert phrases.corpus_word_count == 26
    assert len(phrases.vocab) == 27
    assert {name: phrases.vocab[name] for name in ("of", "new", "new_york", "b_a")} == {
        "of": 6,
        "new": 2,
        "new_york": 3,  # twice as a pair, once as a word
        "b_a": 1,
    }
    assert str(phrases) == "Phrases<27 vocab, min_count=5, threshold=10.0, max_vocab_size=40000000>"
    assert phrases.export_phrases() == {}


def test_the_counts_are_a_plain_dict():
    phrases = Phrases(SENTENCES, max_vocab_size=1e6)
    assert type(phrases.vocab) is dict
    with pytest.raises(KeyError):
        phrases.vocab["zzz"]
    assert type(phrases.max_vocab_size) is int


def test_phrases_and_scores_are_gensims():
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1)
    found = {"new_york": 13.5, "bank_of": 1.5, "of_america": 2.25, "a_b": 4.5}
    assert phrases.export_phrases() == pytest.approx(found)
    assert phrases.find_phrases(SENTENCES) == pytest.approx(found)
    joined = [
        ["new_york", "of", "a"],
        ["the", "bank_of", "america", "is", "in", "new_york"],
        ["bank_of", "the", "of_america"],
        ["of", "bank"],
        [],
        ["new_york", "x", "of"],
        ["a_b", "a_b"],
    ]
    assert [phrases[sentence] for sentence in SENTENCES] == joined
    frozen = phrases.freeze()
    assert frozen.phrasegrams == pytest.approx(found)
    assert [frozen[sentence] for sentence in SENTENCES] == joined
    assert str(frozen) == "FrozenPhrases<4 phrases, min_count=1, threshold=0.1>"
    assert list(frozen.analyze_sentence(["new", "york", "zz"])) == [("new_york", 13.5), ("zz", None)]
    assert phrases.score_candidate("new", "york", []) == ("new_york", 13.5)
    assert phrases.score_candidate("new", "zz", []) == frozen.score_candidate("new", "zz", []) == (None, None)
    assert phrases[["zz", "new"]] == ["zz", "new"]
    assert "zz" not in phrases.vocab, "asking for a word does not add it"


def test_connector_words_are_inside_phrases_only():
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1, scoring="npmi", connector_words=["of"])
    assert len(phrases.vocab) == 22
    assert "of" not in phrases.vocab
    assert phrases.export_phrases()["bank_of_america"] == pytest.approx(0.4500594293881413)
    assert phrases[["of", "bank", "of", "america", "of"]] == ["of", "bank_of_america", "of"]
    phrases = Phrases(connector_words=["of", "the"], min_count=1, threshold=0.01)
    phrases.add_vocab([["of", "a", "of", "the", "b", "of"], ["the", "of"], ["a", "of", "the", "b"]])
    assert phrases.vocab == {"a": 2, "b": 2, "a_of_the_b": 2}
    assert phrases[["of", "a", "of", "the", "b", "of"]] == ["of", "a_of_the_b", "of"]
    assert phrases[["a", "of", "of", "c", "of"]] == ["a", "of", "of", "c", "of"]
    assert len(ENGLISH_CONNECTOR_WORDS) == 15


def test_phrases_of_phrases_are_exported():
    """gensim takes the name of a phrase of phrases apart in the wrong place, and loses it."""
    sentences = [["new", "york", "times"]] * 10 + [["los", "angeles", "times"]] * 8
    sentences += [["new", "car"], ["york", "minster"], *[["times", "x"]] * 3]
    pairs = Phrases(sentences, min_count=1, threshold=1)
    triples = Phrases(pairs[sentences], min_count=1, threshold=0.1)
    found = triples.find_phrases(pairs[sentences])
    assert set(found) == {"new_york_times", "los_angeles_times", "times_x"}
    exported = triples.export_phrases()
    assert {name: exported[name] for name in found} == pytest.approx(found)
    assert triples.freeze()[pairs[["los", "angeles", "times"]]] == ["los_angeles_times"]


def test_a_corpus_is_joined_as_it_is_read_and_can_be_read_again():
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1)
    joined = phrases[SENTENCES]
    assert list(joined) == list(joined) == [phrases[sentence] for sentence in SENTENCES]
    assert len(joined) == len(SENTENCES)
    assert list(phrases[[[], ["new", "york"]]]) == [[], ["new_york"]]
    once = phrases[iter(SENTENCES)]
    assert list(once) == list(joined)
    with pytest.raises(ValueError, match="gives them once"):
        list(once)
    assert phrases[iter(["new", "york"])] == phrases[("new", "york")] == ["new_york"]
    assert phrases[[]] == []


@pytest.mark.parametrize("bad", ["new york", b"x", 5, None])
def test_what_is_no_sentence_is_refused(bad):
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1)
    with pytest.raises(TypeError, match="expected a list of words"):
        phrases[bad]
    with pytest.raises(TypeError, match="expected an iterable of lists of words"):
        Phrases(5 if bad is None else bad)


@pytest.mark.parametrize("bad", [["a string", "b"], [None], [[1, 2]], [["a"], ["b", b"c"]]])
def test_what_is_no_sentence_of_words_is_refused(bad):
    with pytest.raises(TypeError, match="expected") as caught:
        Phrases(bad)
    assert isinstance(caught.value, FirthError)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"min_count": 0}, ValueError),
        ({"min_count": None}, TypeError),
        ({"min_count": math.nan}, ValueError),
        ({"threshold": 0}, ValueError),
        ({"threshold": 10**400}, ValueError),
        ({"scoring": "npmi"}, ValueError),
        ({"scoring": "foo"}, ValueError),
        ({"scoring": 5}, TypeError),
        ({"scoring": lambda a, b: 1}, ValueError),
        ({"delimiter": ""}, ValueError),
        ({"max_vocab_size": 0}, ValueError),
        ({"max_vocab_size": 2.5}, ValueError),
        ({"max_vocab_size": math.inf}, ValueError),
        ({"max_vocab_size": None}, TypeError),
        ({"connector_words": "of"}, TypeError),
        ({"connector_words": [1]}, TypeError),
    ],
)
def test_values_out_of_range_are_refused(given, error):
    with pytest.raises(error, match=next(iter(given))) as caught:
        Phrases(**given)
    assert isinstance(caught.value, FirthError)


def test_the_names_of_gensim_3():
    assert Phraser is FrozenPhrases
    with pytest.warns(DeprecationWarning, match="delimiter of bytes"):
        assert Phrases(delimiter=b"+").delimiter == "+"
    with pytest.warns(DeprecationWarning, match="use connector_words"):
        assert Phrases(common_terms=["of"]).connector_words == {"of"}
    assert Phraser(Phrases(SENTENCES, 1, 0.1))[["new", "york"]] == ["new_york"]
    with pytest.raises(TypeError, match="expected a Phrases"):
        FrozenPhrases(5)


def test_the_scores():
    assert original_scorer(5, 5, 5, 10, 1, 100) == pytest.approx((5 - 1) * 10 / 25)
    assert npmi_scorer(4, 5, 3, 10, 1, 100) == pytest.approx(math.log(0.03 / (0.04 * 0.05)) / -math.log(0.03))
    assert npmi_scorer(5, 5, 2, 10, 3, 100) == -math.inf
    assert npmi_scorer(5, 5, 5, 10, 1, 5) == 1.0, "where gensim divides by zero"
    assert original_scorer(0, 5, 0, 10, 1, 100) == npmi_scorer(5, 0, 1, 10, 1, 100) == -math.inf


def test_a_scoring_function_of_ones_own():
    def scorer(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
        called.append((worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count))
        return 1.0

    called = []
    phrases = Phrases([["a", "b", "c"], ["a", "b"], ["c", "d"]], min_count=100, threshold=0.5, scoring=scorer)
    assert phrases[["a", "b", "d", "zz", "a", "d", "c"]] == ["a_b", "d", "zz", "a", "d", "c"]
    assert called == [(2, 2, 2, 7, 100, 7)], "pairs that were not counted have no score"
    assert Phrases([["a", "b"]], threshold=1.0, scoring=scorer)[["a", "b"]] == ["a", "b"], "above, not at"


def test_a_full_vocabulary_is_pruned_with_a_warning():
    sentences = [["a", "b"], ["a", "c"], ["d", "a"], ["a", "b"], ["e"], ["f"], ["a", "b"]]
    for size, left in ((3, {"a": 5}), (4, {"a": 5, "b": 1, "a_b": 1})):
        with pytest.warns(UserWarning, match=f"more than max_vocab_size={size}"):
            assert Phrases(sentences, max_vocab_size=size).vocab == left
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Phrases(sentences, max_vocab_size=13)


def test_phrases_are_saved_and_loaded(tmp_path):
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1, scoring="npmi", connector_words=["of"], delimiter="+")
    phrases.save(tmp_path / "phrases")
    again = Phrases.load(str(tmp_path / "phrases"))
    assert {**vars(again)} == {**vars(phrases)}
    again.add_vocab([["new", "york"]])
    assert again.vocab["new+york"] == 3
    frozen = phrases.freeze()
    frozen.save(tmp_path / "frozen")
    assert vars(Phraser.load(tmp_path / "frozen")) == vars(frozen)
    with pytest.warns(UserWarning, match="pickle_protocol"):
        frozen.save(tmp_path / "frozen", pickle_protocol=2)


def test_loading_gives_the_class_that_was_saved(tmp_path):
    class Mine(Phrases):
        pass

    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1)
    phrases.save(tmp_path / "phrases")
    phrases.freeze().save(tmp_path / "frozen")
    for asked in (Phrases, Phraser):
        assert type(asked.load(tmp_path / "frozen")) is FrozenPhrases
        assert type(asked.load(tmp_path / "phrases")) is Phrases
    assert type(Mine.load(tmp_path / "phrases")) is Mine
    assert type(Mine.load(tmp_path / "frozen")) is FrozenPhrases
    save_state(tmp_path / "other", "Word2Vec", {}, {})
    with pytest.raises(FormatError, match=r"load it with Word2Vec\.load"):
        Phrases.load(tmp_path / "other")


def test_a_function_of_ones_own_is_not_saved(tmp_path):
    phrases = Phrases([["a", "b"]] * 3, min_count=1, threshold=0.5, scoring=lambda **counts: 70.0)
    with pytest.raises(FormatError, match=r"freeze\(\)"):
        phrases.save(tmp_path / "phrases")
    phrases.freeze().save(tmp_path / "frozen")
    assert FrozenPhrases.load(tmp_path / "frozen")[["a", "b"]] == ["a_b"]


def test_they_can_be_pickled():
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.1)
    for one in (phrases, phrases.freeze()):
        assert vars(pickle.loads(pickle.dumps(one))) == vars(one)


GOOD = {
    "min_count": 1,
    "threshold": 0.1,
    "delimiter": "_",
    "scoring": "default",
    "connector_words": [],
    "max_vocab_size": 10,
    "corpus_word_count": 5,
}


@pytest.mark.parametrize(
    ("state", "names", "numbers"),
    [
        ({"min_count": "1"}, b'["a"]', [1]),
        ({"threshold": math.nan}, b'["a"]', [1]),
        ({"scoring": None}, b'["a"]', [1]),
        ({"scoring": ["npmi"]}, b'["a"]', [1]),
        ({"connector_words": [["a"]]}, b'["a"]', [1]),
        ({"connector_words": 5}, b'["a"]', [1]),
        ({"delimiter": 5}, b'["a"]', [1]),
        ({"corpus_word_count": -1}, b'["a"]', [1]),
        ({"more": 1}, b'["a"]', [1]),
        ({}, b'["a", "b"]', [1]),
        ({}, b'["a"', [1]),
        ({}, b"[" * 100000, [1]),
        ({}, b"[1]", [1]),
        ({}, b'["a"]', [0]),
        ({}, b'["a"]', [[1]]),
    ],
)
def test_damaged_files_are_refused(tmp_path, state, names, numbers):
    path = tmp_path / "phrases"
    tensors = {"names": np.frombuffer(names, np.uint8), "numbers": np.array(numbers, np.int64)}
    save_state(path, "Phrases", tensors, GOOD)
    save_state(path, "Phrases", tensors, GOOD | state)
    with pytest.raises(FormatError, match=str(path)):
        Phrases.load(path)


def test_pickles_are_refused(tmp_path):
    path = tmp_path / "old"
    path.write_bytes(pickle.dumps({"a": 1}, 4))
    with pytest.raises(FormatError, match="pickle"):
        Phrases.load(path)
