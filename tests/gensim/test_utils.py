"""Tokens, text, rules for words and corpora made of others; expected values are gensim 4.4's."""

import numpy as np
import pytest

from firth.gensim import utils
from firth.gensim._sentences import LineSentence

TEXT = "Hello World's 3D a_b foo2bar x_1 _lead Straße 日本 ABCDEFGHIJKLMNOPQRST I"


def test_tokens_are_runs_of_letters():
    tokens = [
        "Hello",
        "World",
        "s",
        "D",
        "a_b",
        "foo",
        "bar",
        "x_",
        "_lead",
        "Straße",
        "日本",
        "ABCDEFGHIJKLMNOPQRST",
        "I",
    ]
    assert list(utils.tokenize(TEXT)) == list(utils.simple_tokenize(TEXT)) == tokens
    for lower in ({"lower": True}, {"lowercase": True}, {"to_lower": True}):
        assert list(utils.tokenize(TEXT, **lower)) == [token.lower() for token in tokens]
    assert list(utils.tokenize("été 1", deacc=True)) == ["ete"]
    assert list(utils.tokenize(b"\xe9t\xe9", encoding="latin-1")) == ["été"]


def test_simple_preprocess():
    assert utils.simple_preprocess(TEXT) == ["hello", "world", "a_b", "foo", "bar", "x_", "straße", "日本"]
    assert utils.simple_preprocess("Été", deacc=True) == ["ete"]
    assert utils.simple_preprocess("a bb ccc", min_len=1, max_len=2) == ["a", "bb"]
    assert utils.simple_preprocess(b"caf\xc3\xa9 \xff") == ["café"]
    with pytest.raises(TypeError, match="expected str or bytes"):
        utils.simple_preprocess(["a"])


def test_deaccent():
    assert utils.deaccent("Šéf chomutovských ø") == "Sef chomutovskych ø"
    assert utils.deaccent(b"\xc3\xa9") == "e"


def test_text_as_str_and_bytes():
    assert utils.to_unicode(b"\xc3\xa9") == utils.any2unicode("é") == "é"
    assert utils.to_unicode(b"\xe9", encoding="latin1") == "é"
    assert utils.to_utf8("é") == utils.any2utf8(b"\xe9", encoding="latin1") == b"\xc3\xa9"
    with pytest.raises(UnicodeDecodeError):
        utils.to_unicode(b"\xff")
    with pytest.raises(TypeError, match="expected str or bytes"):
        utils.to_unicode(5)


@pytest.mark.parametrize(
    ("count", "rule", "kept"),
    [
        (3, None, False),
        (5, None, True),
        (3, utils.RULE_KEEP, True),
        (9, utils.RULE_DISCARD, False),
        (9, utils.RULE_DEFAULT, True),
        (3, utils.RULE_DEFAULT, False),
    ],
)
def test_rules_for_words(count, rule, kept):
    trim_rule = None if rule is None else lambda word, count, min_count: rule
    assert utils.keep_vocab_item("word", count, 5, trim_rule) is kept


def test_pruning():
    vocab = {"a": 1, "b": 2, "c": 3, "d": 1}
    assert utils.prune_vocab(vocab, 2) == 2
    assert vocab == {"b": 2, "c": 3}
    vocab = {"a": 1, "b": 3, "c": 3, "d": 3}
    utils.trim_vocab_by_freq(vocab, 2)
    assert vocab == {"b": 3, "c": 3, "d": 3}
    utils.trim_vocab_by_freq(vocab, 9)
    assert len(vocab) == 3


def test_sentences_are_written_and_read(tmp_path):
    path = tmp_path / "text.txt"
    utils.save_as_line_sentence([["a", "b"], ["ć"]], path)
    assert path.read_bytes() == "a b\nć\n".encode()
    assert list(LineSentence(path)) == [["a", "b"], ["ć"]]
    with pytest.raises(TypeError, match="expected a list of words"):
        utils.save_as_line_sentence(["a b"], path)
    assert path.exists()


def test_what_a_corpus_is():
    assert utils.is_corpus([[(1, 1.0)]]) == (True, [[(1, 1.0)]])
    assert utils.is_corpus([[]]) == (True, [[]])
    for other in ([], ["a"], [["a", "b"]], 5, ["ab"], [["ab"]]):
        assert utils.is_corpus(other) == (False, other)
    right, again = utils.is_corpus(iter([[(1, 1.0)], [(2, 1)]]))
    assert right
    assert list(again) == [[(1, 1.0)], [(2, 1)]]


def test_corpora_made_of_others():
    corpus = [[1], [2], [3]]
    assert list(utils.RepeatCorpusNTimes(corpus[:2], 2)) == [[1], [2], [1], [2]]
    assert list(utils.RepeatCorpus(corpus[:2], 5)) == [[1], [2], [1], [2], [1]]
    clipped = utils.ClippedCorpus(corpus, 2)
    assert list(clipped) == list(clipped) == [[1], [2]]
    assert len(clipped) == 2
    assert len(utils.ClippedCorpus(corpus)) == 3


def test_lists():
    assert list(utils.grouper(range(5), 2)) == list(utils.chunkize(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(utils.chunkize(iter("abc"), 2, maxsize=0)) == [["a", "b"], ["c"]]
    (chunk,) = utils.grouper([[1, 2], [3]], 2, as_numpy=True)
    assert [(item.tolist(), item.dtype) for item in chunk] == [([1, 2], np.float32), ([3], np.float32)]
    ((item,),) = utils.chunkize_serial([[1]], 1, True, int)
    assert item.dtype == int
    with pytest.raises(ValueError, match="chunksize is 0"):
        list(utils.chunkize([1], 0))
    assert utils.flatten([[1], [2, ["ab"]]]) == [1, 2, "ab"]


def test_a_method_for_the_class_alone():
    with pytest.raises(AttributeError):
        utils.call_on_class_only("anything")
