"""What the vocabulary of a corpus leaves out, counted word by word, and what is said about it."""

import random
from collections import Counter
from itertools import product

import numpy as np
import pytest

from firth.corpus.encode import build_corpus
from firth.corpus.joining import PhraseSettings
from firth.corpus.left_out import LeftOut, percent, warn_if_most_is_left_out
from firth.corpus.vocabulary import Vocabulary


def left_out(source, **settings):
    """(words, tokens) by setting."""
    with build_corpus(source, **settings) as corpus:
        of = sum(map(len, source))
        assert [one.of for one in corpus.left_out] == [of] * len(corpus.left_out)
        return {one.setting: (one.words, one.tokens) for one in corpus.left_out}, corpus.vocab.words


@pytest.mark.filterwarnings("ignore:.* words to keep")
def test_each_word_that_is_left_out_is_counted_once_under_what_left_it_out():
    draw = random.Random(1)
    sentences = [[f"w{int(30 * draw.random() ** 2)}" for _ in range(9)] for _ in range(30)]
    counts = Counter(word for sentence in sentences for word in sentence)
    given = {f"w{number}": draw.randrange(9) for number in range(0, 40, 3)}
    seen = set()
    for min_count, max_vocab, vocab, keep in product([1, 2, 5], [None, 3, 6], [None, given], [(), ("w29", "w1")]):
        source = None if vocab is None else Vocabulary(list(vocab), np.array(list(vocab.values())))
        got, kept = left_out(sentences, min_count=min_count, max_vocab=max_vocab, vocab=source, keep_words=keep)
        expected = {}
        for word, count in counts.items():
            if word in kept:
                continue
            setting = "max_vocab"
            if vocab is not None and word not in vocab:
                setting = "vocab"
            elif (count if vocab is None else vocab[word]) < min_count:
                setting = "min_count"
            words, tokens = expected.get(setting, (0, 0))
            expected[setting] = words + 1, tokens + count
        assert got == expected
        seen |= set(expected)
    assert seen == {"vocab", "min_count", "max_vocab"}


def test_phrases_are_one_token_each():
    with build_corpus([["new", "york"]] * 9 + [["x", "y"]], phrases=PhraseSettings(threshold=0.1)) as corpus:
        assert corpus.vocab.words == ["new_york"]
        assert corpus.left_out == [LeftOut("min_count", "that occur fewer than 5 times", 2, 2, 11)]


def test_nothing_left_out_is_nothing_said():
    assert left_out([["a", "b", "a"]], min_count=1)[0] == {}
    with build_corpus([["a", "b"]], words=["b"]) as corpus:
        assert corpus.left_out == []


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({}, ["left out 2 words that occur fewer than 5 times: 4 tokens, 25% of all; min_count (--min-count)"]),
        ({"min_count": 2}, ["left out 1 word that occurs once: 1 token, 6.2% of all; min_count (--min-count)"]),
        (
            {"min_count": 1, "max_vocab": 1},
            ["left out 3 words so that 1 remains: 9 tokens, 56% of all; max_vocab (--max-vocab)"],
        ),
        (
            {"min_count": 2, "vocab": Vocabulary(["a", "c"], np.array([5, 1]))},
            [
                "left out 2 words that the given vocabulary lacks: 6 tokens, 38% of all; vocab (--vocab)",
                "left out 1 word with a count below 2 in the given vocabulary: 3 tokens, 19% of all; "
                "min_count (--min-count)",
            ],
        ),
    ],
)
def test_the_line_names_the_setting(settings, lines):
    with build_corpus([["a"] * 7 + ["b"] * 5 + ["c"] * 3 + ["d"]], **settings) as corpus:
        assert [str(one) for one in corpus.left_out] == lines


@pytest.mark.parametrize(
    ("share", "shown"), [(1, "100%"), (0.1, "10%"), (0.0234, "2.3%"), (0.0999, "10%"), (0.00001234, "0.0012%")]
)
def test_shares(share, shown):
    assert percent(share) == shown


def test_more_than_half_of_the_tokens_is_a_warning():
    half, more = (LeftOut("min_count", "that occur once", 9, tokens, 18) for tokens in (9, 10))
    warn_if_most_is_left_out([half, LeftOut("max_vocab", "so that 1 remains", 9, 17, 18)], 1)
    with pytest.warns(
        UserWarning, match=r"^left out 9 words .*: 10 tokens, 56% .*give a lower min_count \(--min-count"
    ):
        warn_if_most_is_left_out([more], 1)
