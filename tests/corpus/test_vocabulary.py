import numpy as np
import pytest

from firth.corpus.vocabulary import Vocabulary, nothing_left, rank_words
from firth.errors import VocabularyError


def make(*words: str) -> Vocabulary:
    return Vocabulary(list(words), np.arange(len(words), 0, -1))


def test_ids_are_places():
    vocab = make("the", "of", "and")
    assert vocab.ids == {"the": 0, "of": 1, "and": 2}
    assert len(vocab) == 3


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("kiing", "king"),
        ("ikng", "king"),
        ("kings", "king"),
        ("PARIS", "Paris"),
        ("paris", "Paris"),
        ("QUEEN", "queen"),
        ("strasse", "Strasse"),
        ("naïv", "naïve"),
    ],
)
def test_the_nearest_spelling_comes_first(word, first):
    vocab = make("the", "king", "Paris", "queen", "Strasse", "naïve", "pairs", "kin", "zebra", "par")
    assert vocab.suggest(word)[0] == first


def test_suggestions_are_few_other_words_of_the_vocabulary():
    vocab = make("king", "kings", "kink", "kind", "ring")
    assert len(vocab.suggest("king", 2)) == 2
    assert set(vocab.suggest("king", 9)) == {"kings", "kink", "kind"}
    assert vocab.suggest("xylophone") == []
    assert vocab.suggest("") == []


def test_given_words_may_be_in_any_order_and_not_occur():
    vocab = Vocabulary(["rare", "king", "The"], np.array([0, 2, 9]))
    assert vocab.ids == {"rare": 0, "king": 1, "The": 2}
    assert vocab.suggest("the") == ["The"]
    assert vocab.suggest("rar") == ["rare"]


def ranked(counts, min_count, max_vocab, protected=()):
    kept, numbers = rank_words(np.array(counts), min_count, max_vocab, np.isin(np.arange(len(counts)), protected))
    assert [numbers[place] for place in kept] == list(range(len(kept)))
    assert (numbers == -1).sum() == len(counts) - len(kept)
    assert numbers.dtype == np.int32
    return kept.tolist()


def test_ranks_fall_with_the_count_and_ties_keep_their_order():
    counts = [2, 5, 1, 5, 2, 9]
    assert ranked(counts, 2, None) == [5, 1, 3, 0, 4]
    assert ranked(counts, 2, 2) == [5, 1]
    assert ranked(counts, 10, None) == []


def test_protected_words_stay_and_take_places():
    counts = [2, 5, 0, 5, 2, 9]
    assert ranked(counts, 5, None, [2, 4]) == [5, 1, 3, 4, 2]
    assert ranked(counts, 2, 3, [2]) == [5, 1, 2]
    assert ranked(counts, 2, 3, [3]) == [5, 1, 3]
    assert ranked(counts, 2, 1, [0, 2]) == [0, 2]
    assert ranked(counts, 2, 2, [0, 2]) == [0, 2]


def test_counts_that_do_not_fit_together_are_refused():
    Vocabulary(["a", "b"], np.array([2**60, 2**60]))
    with pytest.raises(VocabularyError, match=r"the counts add up to 1\.845e\+19: expected 2\.306e\+18 at most"):
        Vocabulary(["a", "b", "c"], np.array([2**63 - 1, 2**63 - 1, 0]))


def test_the_error_for_nothing_left_names_the_largest_count():
    assert "'cat', occurs once" in str(nothing_left("cat", 1, 5))
    assert "'cat', occurs 1,234 times. Give more text, or a min_count of 1,234 or less" in str(
        nothing_left("cat", 1234, 5000)
    )
    message = "no word occurs 5 times by the counts that were given: the most frequent, 'cat', occurs once. Give the "
    assert message in str(nothing_left("cat", 1, 5, given=True))
    assert "every word of the vocabulary that was given has the count 0" in str(nothing_left("cat", 0, 5, given=True))
