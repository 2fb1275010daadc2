"""Text and lists of tokens become numbers: what is refused, warned of and told on the way."""

import errno
import json
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from firth.corpus import numbering, tokens
from firth.corpus.encode import build_corpus
from firth.errors import ConfigError, CorpusError
from firth.settings import Reading


def test_lower_joins_counts(tmp_path, temporary):
    (tmp_path / "text").write_text("The the THE É é\n", encoding="utf-8")
    for source in (tmp_path / "text", [["The", "the", "THE", "É", "é"]]):
        with build_corpus(source, min_count=1, reading=Reading(lower=True, tmp=temporary)) as corpus:
            assert (corpus.vocab.words, corpus.vocab.counts.tolist()) == (["the", "é"], [3, 2])


def test_invalid_utf8_is_counted_in_one_warning(tmp_path, temporary):
    (tmp_path / "a").write_bytes(b"fine\n")
    (tmp_path / "b").write_bytes(b"caf\xe9 \xff\xfe\n" * 3)
    files = [tmp_path / "a", tmp_path / "b"]
    with pytest.warns(UserWarning, match=r"replaced 9 invalid UTF-8 .* at .*b, byte 3:") as caught:
        corpus = build_corpus(files, min_count=1, reading=Reading(tmp=temporary))
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)
    assert corpus.replaced == 9
    corpus.close()
    with pytest.raises(CorpusError, match=r"b, byte 3: invalid UTF-8"):
        build_corpus(files, min_count=1, reading=Reading(errors="strict", tmp=temporary))


def test_a_generator_is_read_once(temporary):
    read = []

    def lists():
        for number in range(10):
            read.append(number)
            yield ["word", str(number)]

    with build_corpus(lists(), min_count=2, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.tokens == 20
    assert read == list(range(10))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "is empty"),
        (iter([]), "is empty: there is no token in its 0 sentences"),
        ([[], []], "is empty: there is no token in its 2 sentences"),
        (b"bytes", r"the corpus is b'bytes' \(bytes\); expected the path of a text or an iterable"),
        (None, r"the corpus is None \(NoneType\)"),
        (5, r"the corpus is 5 \(int\)"),
        ("the cat sat", "no such file: the cat sat.*iterable of lists of tokens"),
        (["the", "cat"], "no such file: the.*iterable of lists of tokens"),
        (iter(["the cat", "sat"]), r"sentence 0 .* is 'the cat' \(str\); expected a list of tokens"),
        ([["a"], "the cat"], "sentence 1 .* is 'the cat'"),
        ([["a"], b"the cat"], "sentence 1 .* is b'the cat'"),
        ([["a"], 7], "sentence 1 .* is 7"),
        ([["a"], ["b", 7.0]], r"token 1 of sentence 1 .* is 7.0 \(float\); expected a str or an integer"),
        ([["a"], ["b", ["c"]]], r"token 1 of sentence 1 .* is \['c'\] \(list\)"),
        ({("a", "b")}, r"the corpus is \{.*\(set\); expected"),
        ([["a"], {"b"}], r"sentence 1 .*\(set\); expected"),
        ([["a", None]], "token 1 of sentence 0 .* is None"),
        ([["a", b"b"]], r"token 1 of sentence 0 .* \(bytes\)"),
        ([["a", "b", ""]], "token 2 of sentence 0 .* is an empty string"),
        ([["a\ud800"]], r"token 0 of sentence 0 .* lone surrogate"),
        ({"a": 1}, r"the corpus is a mapping \(dict\)"),
        ([["a"], {"b": 1}], r"sentence 1 .* is \{'b': 1\} \(dict\)"),
        ([{"b": 1}], r"row 0 of the corpus is a mapping \(dict\): name the column .*: b \(1 column;"),
    ],
)
def test_bad_sources(source, message, temporary, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=message):
        build_corpus(source, min_count=1, reading=Reading(tmp=temporary))


@pytest.mark.parametrize("token", [7.0, True, np.float32(1), None, b"b", ["b"], "", "\ud800"])
def test_bad_tokens_to_lower(token, temporary):
    with pytest.raises(CorpusError, match=r"token 1 of sentence 2 "):
        build_corpus([["a"], [], ["a", token]], min_count=1, reading=Reading(lower=True, tmp=temporary))


def words_and_counts(source, temporary, **reading):
    with build_corpus(source, min_count=1, reading=Reading(tmp=temporary, **reading)) as corpus:
        return dict(zip(corpus.vocab.words, corpus.vocab.counts.tolist(), strict=True))


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(
    "source",
    [
        [[42, 7], [7, -3], [7]],
        [np.array([42, 7]), np.array([7, -3], np.int8), np.array([7], np.uint64)],
        [*np.array([[42, 7], [7, -3]]).tolist(), (7,)],
        [list(np.array([42, 7], np.int32)), ["7", -3], [np.uint8(7)]],
        [["42", 7], [7, "-3"], ["7"]],
        json.loads("[[42, 7], [7, -3], [7]]"),
        [[42, "7"], deque([7, np.int16(-3)]), [7]],
    ],
    ids=str,
)
def test_integers_are_words_by_their_decimal_form(source, lower, temporary):
    assert words_and_counts(source, temporary, lower=lower) == {"7": 3, "42": 1, "-3": 1}


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("seen", [[1, 0], ["1", "0"], ["1", 0], [np.int64(1), 0]])
@pytest.mark.parametrize("token", [True, False, 1.0, np.bool_(True), np.float64(1), None, b"1", 1j, 10**5000], ids=type)
def test_what_equals_an_integer_is_none(seen, token, lower, temporary):
    for sentence in ([token], [1, token], ["1", token], [token, 1]):
        place = next(i for i, one in enumerate(sentence) if one is token)
        with pytest.raises(CorpusError, match=f"token {place} of sentence 1 .* is .*; expected a str or a"):
            build_corpus([seen, sentence], min_count=1, reading=Reading(lower=lower, tmp=temporary))


def test_arrays_of_other_numbers_are_refused(temporary):
    for sentence in (np.array([1.0]), np.array([True]), np.array([[1]]), np.array([None])):
        with pytest.raises(CorpusError, match=r"token 0 of sentence 0 .* is "):
            build_corpus([sentence], min_count=1, reading=Reading(tmp=temporary))
    with pytest.raises(CorpusError, match=r"sentence 0 \(counted from 0\) is array\(1\).*expected a list of tokens"):
        build_corpus([np.array(1)], min_count=1, reading=Reading(tmp=temporary))


def test_a_sentence_that_is_read_again_counts_once(temporary):
    assert words_and_counts([["a", "b", 3, "a"], [3, "a"]], temporary) == {"a": 3, "3": 2, "b": 1}


def test_lists_have_no_tokenizer(temporary):
    with pytest.raises(ConfigError, match="tokenizer is 'words'"):
        build_corpus([["a"]], reading=Reading(tokenizer="words", tmp=temporary))


def test_errors_of_the_source_itself_pass_and_leave_nothing(temporary):
    def lists():
        yield ["a"]
        raise OSError("the user's own")

    with pytest.raises(OSError, match="the user's own"):
        build_corpus(lists(), min_count=1, reading=Reading(tmp=temporary))


@pytest.mark.parametrize("source", ["text", "lists"])
def test_a_full_disk(source, tmp_path, temporary, monkeypatch):
    (tmp_path / "text").write_text("some words\n")

    def full(file, array):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(numbering, "write_all", full)
    with pytest.raises(CorpusError, match=r"cannot write the encoded corpus in .*No space left.*another disk"):
        build_corpus(tmp_path / "text" if source == "text" else [["a"]], min_count=1, reading=Reading(tmp=temporary))


def test_progress_of_lists_counts_sentences(temporary, monkeypatch):
    monkeypatch.setattr(tokens, "IDS_AT_ONCE", 4)
    seen = []
    build_corpus(
        [["a", "b"]] * 5, min_count=1, reading=Reading(tmp=temporary), progress=lambda *step: seen.append(step)
    ).close()
    assert seen == [(2, None), (4, None), (5, None)]
