"""Character n-grams: against an enumeration written out here, and against hashes and rows computed once by hand."""

import itertools

import numpy as np
import pytest

from firth.errors import ConfigError, UnknownWordError
from firth.vectors import subwords as module
from firth.vectors.subwords import LONGEST, Subwords, mean_rows, ngram_rows, unseen_vectors, word_vectors

WORDS = [
    *("the", "a", "", "<", ">", "</s>", "<s>", "naïve", "日本語", "Straße", "привет", "कि", "👩‍👩‍👧", "𝒳", "e\u0301"),
    *("supercalifragilisticexpialidocious", "a<b", "/s"),
]
"""Scripts of one, two, three and four bytes a character, combining marks, brackets, and the end of a line."""


def fnv(text):
    """FNV-1a in 32 bits by the definition, in Python's own numbers, with bytes from 128 on taken as negative."""
    value = 2166136261
    for byte in text.encode():
        signed = byte - 256 if byte > 127 else byte
        value = (value ^ (signed % 2**32)) * 16777619 % 2**32
    return value


def ngrams(word, minn, maxn):
    """The n-grams of a word as Python's strings count characters."""
    text = f"<{word}>"
    if word == "</s>":
        return []
    places = [(begin, n) for begin in range(len(text)) for n in range(minn, maxn + 1) if begin + n <= len(text)]
    return [text[begin : begin + n] for begin, n in places if n > 1 or 0 < begin < len(text) - 1]


def by_hand(words, minn, maxn, bucket):
    n = len(words)
    return [[i, *(n + fnv(gram) % bucket for gram in ngrams(word, minn, maxn))] for i, word in enumerate(words)]


def lists(offsets, rows):
    return [rows[begin:end].tolist() for begin, end in itertools.pairwise(offsets)]


@pytest.mark.parametrize(("minn", "maxn"), [(3, 6), (1, 1), (1, 4), (2, 2), (5, 9), (1, LONGEST)])
@pytest.mark.parametrize("bucket", [1, 7, 1000, 2_000_000, 2**31 - 1 - len(WORDS)])
def test_rows_are_those_of_the_definition(minn, maxn, bucket):
    offsets, rows = ngram_rows(WORDS, minn, maxn, bucket)
    assert (offsets.dtype, rows.dtype) == (np.int64, np.int32)
    assert lists(offsets, rows) == by_hand(WORDS, minn, maxn, bucket)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<th", 0x6082492F),
        ("the>", 0x95226B86),
        ("日", 0xBF8A57FD),
        ("ï", 0x3EFA6BE7),
        ("<привет>", 0x2C984BCD),
    ],
)
def test_hashes_literally(text, value):
    """Oracle and kernel could share a slip; these are fastText's."""
    assert fnv(text) == value


def test_ngrams_are_of_characters_and_leave_out_the_lone_brackets():
    assert ngrams("é日", 1, 3) == ["<é", "<é日", "é", "é日", "é日>", "日", "日>"]
    offsets, rows = ngram_rows(["é日"], 1, 3, 10**6)
    assert rows[1:].tolist() == [1 + fnv(gram) % 10**6 for gram in ["<é", "<é日", "é", "é日", "é日>", "日", "日>"]]
    assert offsets.tolist() == [0, 8]


def test_no_words_have_no_rows():
    offsets, rows = ngram_rows([], 3, 6, 10)
    assert (offsets.tolist(), len(rows)) == ([0], 0)


def test_half_a_character_has_rows_too():
    offsets, _ = ngram_rows(["\ud800"], 3, 6, 10)
    assert offsets.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 6, 10), f"minn is 0: expected a whole number from 1 to {LONGEST}"),
        ((3, LONGEST + 1, 10), f"maxn is {LONGEST + 1}: expected"),
        ((3.0, 6, 10), "minn is 3.0"),
        ((True, 6, 10), "minn is True"),
        ((3, 2, 10), "minn is 3, above maxn, 2: lower minn too"),
        ((3, 6, 0), "bucket is 0: expected a whole number from 1"),
        ((3, 6, 2**31), "bucket is 2147483648: expected"),
        ((3, 6, 2**31 - 2), "2 words and 2,147,483,646 buckets are more than 2,147,483,647 rows: lower bucket"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ngram_rows(["a", "b"], *settings)


@pytest.fixture
def matrix():
    return np.random.default_rng(2).normal(size=(len(WORDS) + 50, 5)).astype(np.float32)


def test_means_of_rows(matrix):
    offsets, rows = ngram_rows(WORDS, 3, 6, 50)
    expected = [matrix[ids].astype(np.float64).mean(axis=0) for ids in by_hand(WORDS, 3, 6, 50)]
    means = mean_rows(matrix, offsets, rows, 5)
    assert means.dtype == np.float32
    np.testing.assert_array_equal(means, np.array(expected).astype(np.float32))
    padded = np.pad(matrix, [(0, 0), (0, 11)])
    np.testing.assert_array_equal(mean_rows(padded, offsets, rows, 5), means)
    np.testing.assert_array_equal(mean_rows(padded[:, :5], offsets, rows, 5), means)


def test_vectors_of_words_come_the_same_in_any_blocks(matrix, monkeypatch):
    subwords = Subwords(3, 6, 50, matrix)
    encoded = [word.encode() for word in WORDS]
    whole = list(word_vectors(encoded, subwords))
    assert len(whole) == 1
    np.testing.assert_array_equal(whole[0], mean_rows(matrix, *ngram_rows(WORDS, 3, 6, 50), 5))
    monkeypatch.setattr("firth.vectors.subwords.BLOCK_BYTES", 10)
    parts = list(word_vectors(encoded, subwords))
    assert len(parts) > 5
    np.testing.assert_array_equal(np.concatenate(parts), whole[0])


def test_a_word_never_seen_has_the_mean_of_its_ngrams(matrix):
    subwords = Subwords(2, 4, 50, matrix)
    assert subwords.words == len(WORDS)
    for word in ("unseen", "日本", "ï"):
        ids = [len(WORDS) + fnv(gram) % 50 for gram in ngrams(word, 2, 4)]
        expected = matrix[ids].astype(np.float64).mean(axis=0).astype(np.float32)
        np.testing.assert_array_equal(subwords.vector(word), expected)


@pytest.mark.parametrize(("word", "minn"), [("</s>", 3), ("a", 4), ("", 3), ("日本", 5)])
def test_a_word_without_ngrams_is_unknown(matrix, word, minn):
    message = f"{word!r} is not among the {len(WORDS)} words and has no n-gram of {minn} to 6 characters"
    with pytest.raises(UnknownWordError, match=message):
        Subwords(minn, 6, 50, matrix).vector(word)


def test_the_rows_are_a_read_only_view(matrix):
    subwords = Subwords(3, 6, 50, matrix)
    with pytest.raises(ValueError, match="read-only"):
        subwords.rows[0, 0] = 1
    matrix[0, 0] = 7  # the caller's own array stays writable
    assert subwords.rows[0, 0] == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minn": 0}, "minn is 0"),
        ({"bucket": "50"}, "bucket is '50'"),
        ({"rows": np.ones((60, 2))}, r"rows are float64 of shape \(60, 2\): expected float32 of shape \(words \+ 50"),
        ({"rows": np.ones(60, np.float32)}, r"of shape \(60,\)"),
        ({"rows": np.ones((50, 2), np.float32)}, r"of shape \(50, 2\)"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change, message):
    parts = {"minn": 3, "maxn": 6, "bucket": 50, "rows": np.ones((60, 2), np.float32)}
    Subwords(**parts)
    with pytest.raises(ConfigError, match=message):
        Subwords(**parts | change)


@pytest.mark.parametrize("block", [1, 20, 2**16])
def test_words_never_seen_block_by_block(monkeypatch, matrix, block):
    monkeypatch.setattr(module, "BLOCK_BYTES", block)
    subwords, words = Subwords(4, 6, 50, matrix), ["never", "a", "seen", "日本", "no", "brackets"]
    blocks = list(unseen_vectors([word.encode() for word in words], subwords))
    assert (len(blocks) > 1) == (block < 100)
    found, has_ngrams = map(np.concatenate, zip(*blocks, strict=True))
    assert has_ngrams.tolist() == [True, False, True, True, True, True]
    for word, vector, has in zip(words, found, has_ngrams, strict=True):
        np.testing.assert_array_equal(vector, subwords.vector(word) if has else np.zeros(5, np.float32))
