"""Which words stay, against a choice made word by word."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from firth.corpus import selection
from firth.corpus.encode import build_corpus
from firth.corpus.vocabulary import Vocabulary
from firth.errors import CorpusError, FirthError, VocabularyError
from firth.settings import Reading

LISTS = [
    ["b", "a", "rare", "c"],
    [],
    ["only", "once"],
    ["c", "b", "d", "é"],
    ["d", "é", "a", "b"],
    ["rare", "e"],
    ["e"],
]


def sentences(corpus) -> list[list[str]]:
    pairs = zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)
    return [[corpus.vocab.words[number] for number in corpus.ids[start:end]] for start, end in pairs]


def held(corpus):
    assert corpus.offsets[0] == 0
    assert corpus.offsets[-1] == len(corpus.ids)
    return sentences(corpus), corpus.vocab.words, corpus.vocab.counts.tolist(), corpus.tokens


@pytest.mark.parametrize("piece", [1, 2, 5, 1 << 20])
@pytest.mark.parametrize("given", [["e", "no such", "a", "b", "é"], ["rare"], ["c", "d", "", "a b"]])
def test_given_words_are_the_vocabulary(tmp_path, temporary, monkeypatch, given, piece):
    monkeypatch.setattr(selection, "WORDS_AT_ONCE", piece)
    (tmp_path / "text").write_text("\n".join(map(" ".join, LISTS)), encoding="utf-8")
    kept = [[token for token in tokens if token in given] for tokens in LISTS]
    counts = Counter(token for tokens in kept for token in tokens)
    tokens = sum(map(len, LISTS))
    expected = [tokens for tokens in kept if tokens], given, [counts[word] for word in given], tokens
    for source in (tmp_path / "text", LISTS, (iter(tokens) for tokens in LISTS)):
        with build_corpus(source, words=given, max_vocab=1, reading=Reading(tmp=temporary)) as corpus:
            assert held(corpus) == expected
            assert corpus.vocab.counts.dtype == np.int64


def test_given_words_are_compared_with_lower_cased_tokens(temporary):
    with build_corpus(
        [["The", "the", "É"]], words=["é", "The", "the"], reading=Reading(lower=True, tmp=temporary)
    ) as corpus:
        assert corpus.ids.tolist() == [2, 2, 0]
        assert corpus.vocab.counts.tolist() == [1, 0, 2]


@pytest.mark.parametrize(("given", "begin"), [(["the", "of", "x" * 999], r"\['the', 'of', 'xx"), ([], r"\[\]")])
def test_a_corpus_without_any_of_the_given_words_is_refused(tmp_path, temporary, given, begin):
    (tmp_path / "text").write_text("A The The\n" * 1000)
    message = rf"none of the 3,000 tokens .* the {len(given)} given words, which begin with {begin}.*; "
    message += r"the most frequent token is 'The'\. Give .* lower-cased or not \(--lower\), .*--tokenizer"
    for source in (tmp_path / "text", [["A", "The", "The"]] * 1000):
        with pytest.raises(CorpusError, match=message) as caught:
            build_corpus(source, words=given, reading=Reading(tmp=temporary))
        assert len(str(caught.value)) < 500


def test_a_word_given_twice_is_found_before_reading(temporary):
    with pytest.raises(VocabularyError, match="the word 'b' is given twice"):
        build_corpus("no such file", words=["a", "b", "c", "b"], reading=Reading(tmp=temporary))


def by_hand(lists, min_count, max_vocab, vocab, keep_words, known):
    """What `build_corpus` says that it keeps, word by word: (words, counts, frequencies, totals)."""
    counts = Counter(token for tokens in lists for token in tokens)
    frequency = {word: (vocab or {}).get(word, counts[word]) for word in [*known, *(vocab or {}), *counts]}
    total = {word: frequency[word] + known.get(word, 0) for word in frequency}
    ranked = sorted(frequency, key=lambda word: -total[word])  # sorted and dict keep the order of equal ones
    safe = {word for word in ranked if word in known or word in keep_words}
    others = [word for word in ranked if word not in safe and frequency[word] >= min_count]
    others = [word for word in others if vocab is None or word in vocab]
    if max_vocab is not None:
        others = others[: max(0, max_vocab - len(safe))]
    words = [word for word in ranked if word in safe or word in others]
    return words, [counts[word] for word in words], [frequency[word] for word in words], [total[word] for word in words]


def kept(corpus):
    arrays = corpus.vocab.counts, corpus.frequencies, corpus.totals
    assert all(array.dtype == np.int64 for array in arrays)
    return corpus.vocab.words, *(array.tolist() for array in arrays)


def vocabulary(counts):
    return None if counts is None else Vocabulary(list(counts), np.array(list(counts.values()), np.int64))


@pytest.mark.filterwarnings("ignore:.* words to keep")
@pytest.mark.parametrize("piece", [3, 1 << 20])
@pytest.mark.parametrize("min_count", [1, 2, 4])
@pytest.mark.parametrize("max_vocab", [None, 1, 6])
@pytest.mark.parametrize("vocab", [None, {"e": 3, "absent": 3, "a": 4, "rare": 1, "b": 4, "c": 0, "zero": 0}])
@pytest.mark.parametrize("keep_words", [[], ["once", "rare"], {"é", "a", "zero", "old", "c"}])
@pytest.mark.parametrize("known", [{}, {"e": 1, "old": 0, "a": 0, "older": 7, "d": 1}])
def test_which_words_are_kept(tmp_path, temporary, monkeypatch, piece, min_count, max_vocab, vocab, keep_words, known):
    monkeypatch.setattr(selection, "WORDS_AT_ONCE", piece)
    (tmp_path / "text").write_text("\n".join(map(" ".join, LISTS)), encoding="utf-8")
    expected = by_hand(LISTS, min_count, max_vocab, vocab, keep_words, known)
    lines = [[token for token in tokens if token in expected[0]] for tokens in LISTS]
    settings = {
        "min_count": min_count,
        "max_vocab": max_vocab,
        "keep_words": keep_words,
        "reading": Reading(tmp=temporary),
    }
    given = {"vocab": vocabulary(vocab), "known": vocabulary(known)}
    for source in (tmp_path / "text", LISTS):
        if not (any(expected[1]) and any(expected[2])):
            with pytest.raises(FirthError):
                build_corpus(source, **settings, **given)
            continue
        with build_corpus(source, **settings, **given) as corpus:
            assert kept(corpus) == expected
            assert sentences(corpus) == [tokens for tokens in lines if tokens]
            assert corpus.tokens == sum(map(len, LISTS))


def test_given_frequencies_are_those_of_subsampling_and_the_text_gives_the_ids(temporary):
    vocab = vocabulary({"the": 70, "cat": 5, "sat": 5, "hat": 1, "mat": 9})
    with build_corpus([["cat", "dog", "cat", "mat", "hat"]], vocab=vocab, reading=Reading(tmp=temporary)) as corpus:
        assert kept(corpus) == (["the", "mat", "cat", "sat"], [0, 1, 2, 0], [70, 9, 5, 5], [70, 9, 5, 5])
        assert corpus.ids.tolist() == [2, 2, 1]
        assert corpus.tokens == 5


MARKED = {"</s>": 900, "a": 5, "b": 7}


def test_the_mark_of_line_ends_of_word2vec_c_is_left_out_of_a_vocabulary(temporary):
    settings = {"reading": Reading(tmp=temporary)}
    with pytest.warns(
        UserWarning, match="^</s>, the first word .* count 900, is left out: it is word2vec.c's mark"
    ) as w:
        corpus = build_corpus([["a", "b", "c"]], vocab=vocabulary(MARKED), **settings)
    assert (len(w), Path(w[0].filename)) == (1, Path(__file__))
    with corpus:
        assert kept(corpus) == (["b", "a"], [1, 1], [7, 5], [7, 5])
    with pytest.warns(UserWarning, match="is left out"), pytest.raises(VocabularyError, match="'b', occurs 7 times"):
        build_corpus([["a", "b"]], vocab=vocabulary(MARKED), min_count=8, **settings)
    build_corpus([["a"]], vocab=vocabulary({"</s>": 0, "a": 5}), **settings).close()


@pytest.mark.parametrize(
    ("token", "vocab", "more"),
    [
        ("</s>", MARKED, {}),  # it is a token
        ("a", MARKED, {"keep_words": ["</s>"]}),
        ("a", MARKED, {"known": {"</s>": 3}}),
        ("a", {"a": 5, "</s>": 900}, {}),  # word2vec.c writes it first
    ],
)
def test_a_word_that_is_spelled_like_the_mark_stays(temporary, token, vocab, more):
    more = {name: vocabulary(value) if name == "known" else value for name, value in more.items()}
    with build_corpus([["a", token]], vocab=vocabulary(vocab), reading=Reading(tmp=temporary), **more) as corpus:
        assert corpus.frequencies[corpus.vocab.ids["</s>"]] == 900


def test_new_text_adds_to_the_counts_of_known_words(temporary):
    known = vocabulary({"the": 70, "cat": 5, "gone": 5})
    lists = [["cat"] * 2 + ["dog"] * 7 + ["the"] + ["new"] * 5 + ["rare"] * 4]
    with build_corpus(lists, known=known, reading=Reading(tmp=temporary)) as corpus:
        words = ["the", "cat", "dog", "gone", "new"]
        assert kept(corpus) == (words, [1, 2, 7, 0, 5], [1, 2, 7, 0, 5], [71, 7, 7, 5, 5])
    with build_corpus(lists, known=known, max_vocab=4, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.vocab.words == ["the", "cat", "dog", "gone"]
    with build_corpus(lists, known=known, max_vocab=1, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.vocab.words == ["the", "cat", "gone"]
    assert known.counts.tolist() == [70, 5, 5]


def test_without_anything_given_frequencies_and_totals_are_the_counts(temporary):
    with build_corpus([["a", "b", "a"]], min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert kept(corpus) == (["a", "b"], [2, 1], [2, 1], [2, 1])
    with build_corpus([["a", "b", "a"]], words=["b", "c"], reading=Reading(tmp=temporary)) as corpus:
        assert kept(corpus) == (["b", "c"], [1, 0], [1, 0], [1, 0])


def test_words_to_keep_that_are_nowhere_are_named_in_one_warning(temporary):
    absent = [f"no{number}" for number in range(9)]
    settings, lowered = {"min_count": 2, "reading": Reading(tmp=temporary)}, Reading(lower=True, tmp=temporary)
    with pytest.warns(
        UserWarning, match=r"^9 of the 11 words to keep are not .*: 'no0', .* 'no4', \.\.\.\. A"
    ) as caught:
        corpus = build_corpus([["a", "a", "b"]], keep_words={"b", "a", *absent}, **settings)
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)
    with corpus:
        assert kept(corpus)[:2] == (["a", "b"], [2, 1])
    with pytest.warns(UserWarning, match=r"1 of the 1 words to keep is not in the corpus: 'The'\. .*lower-cased"):
        build_corpus([["The", "the"]], keep_words=["The"], **settings | {"reading": lowered}).close()
    known, vocab = vocabulary({"old": 1}), vocabulary({"a": 9, "given": 0})
    build_corpus([["a"]], keep_words=["old", "given"], known=known, vocab=vocab, **settings).close()


def test_the_choice_does_not_depend_on_the_order_of_a_set():
    code = (
        "import sys; from firth.corpus.encode import build_corpus; words = [f'w{i}' for i in range(300)];"
        "print(build_corpus([words], min_count=2, keep_words=set(words[::2])).vocab.words)"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, **seed}).stdout
        for seed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    assert runs == {f"{[f'w{i}' for i in range(0, 300, 2)]}\n".encode()}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"vocab": {"x": 9, "y": 8}}, CorpusError, r"none of the 3 tokens .* among the 2 given words, .*\['x', 'y'\]"),
        ({"known": {"x": 9}}, CorpusError, r"none of the 3 tokens .* 1 given words, .*; the most .* is 'b'"),
        ({"known": {"x": 9}, "vocab": {"y": 9}}, CorpusError, "none of the 3 tokens .* 2 given words"),
        ({"vocab": {"b": 4, "a": 1}}, VocabularyError, "no word occurs 5 times by the counts .*'b', occurs 4 times"),
        ({"vocab": {"b": 0, "a": 0}}, VocabularyError, "every word of the vocabulary that was given has the count 0"),
        ({"vocab": {"b": 3, "a": 0}, "keep_words": ["a"]}, VocabularyError, "no word occurs 5 times by the counts"),
        ({"keep_words": []}, VocabularyError, "no word occurs 5 times: the most frequent, 'b', occurs 2 times"),
    ],
)
def test_nothing_to_train_on_is_an_error(temporary, given, error, message):
    given = {name: value if name == "keep_words" else vocabulary(value) for name, value in given.items()}
    with pytest.raises(error, match=message):
        build_corpus([["a", "b", "b"]], reading=Reading(tmp=temporary), **given)


def test_totals_that_are_too_large_are_refused(temporary):
    known, vocab = vocabulary({"a": 2**61}), vocabulary({"a": 2**61})
    with pytest.raises(VocabularyError, match=r"the counts add up to 4\.612e\+18"):
        build_corpus([["a"]], known=known, vocab=vocab, reading=Reading(tmp=temporary))


def test_ties_keep_the_order_of_appearance(temporary):
    words = [f"w{number * 7919 % 1000}" for number in range(1000)]
    with build_corpus([words, words[::-1]], min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.vocab.words == words


def test_nothing_left_names_the_largest_count(tmp_path, temporary):
    (tmp_path / "text").write_text("a b c b\n")
    for source in (tmp_path / "text", [["a", "b", "c", "b"]]):
        with pytest.raises(VocabularyError, match=r"no word occurs 5 times: the most frequent, 'b', occurs 2 times"):
            build_corpus(source, reading=Reading(tmp=temporary))


@pytest.mark.parametrize("listed", [False, True])
def test_only_words_that_stay_become_strings(monkeypatch, listed):
    """Of those that are looked up in a list, some at a time."""
    monkeypatch.setattr(selection, "WORDS_AT_ONCE", 100)
    asked = []

    def words_of(numbers):
        asked.append(len(numbers))
        return [f"w{number}" for number in numbers.tolist()]

    counts = np.ones(5000, np.int64)
    counts[[7, 4999]] = 9
    none = Vocabulary([], np.zeros(0, np.int64))
    kept = selection.choose_words(
        words_of, counts, None, 5, None, None, frozenset({"w3"}) if listed else frozenset(), none
    )
    assert kept.vocab.words == ["w7", "w4999", *["w3"][: int(listed)]]
    assert kept.numbers.dtype == np.int32
    assert max(asked) <= 100
    assert sum(asked) == len(kept.vocab) + (5000 if listed else 0)
