"""Phrases: found and joined as plain dictionaries would, whatever the memory; the class, its file, the command."""

import io
import json
import math
import random
import sys
from collections import Counter

import numpy as np
import pytest

import firth
from firth import phrases as phrasebook
from firth.app.cli import main
from firth.corpus import _bigrams as bigrams
from firth.corpus import joining as phrases
from firth.corpus.encode import build_corpus
from firth.corpus.joining import PhraseSettings, join_phrases
from firth.corpus.vocabulary import LINE_END
from firth.errors import ConfigError, CorpusError, FirthError, FormatError, MissingExtraError
from firth.formats.vocabulary import read_words
from firth.phrases import Phrases, join_text

MOST_CONNECTORS = 3


# The oracle: lists of words, dictionaries, floats.


def candidates_from(words, i, connectors):
    """The end of the candidate that begins at i, or None."""
    if words[i] in connectors:
        return None
    for end in range(i + 1, min(len(words), i + 2 + MOST_CONNECTORS)):
        if words[end] not in connectors:
            return end
    return None


def oracle_pass(lines, score, threshold, min_count, delimiter, connectors):
    """(lines joined, {candidate: (count, score)}) of one pass."""
    single = Counter(word for line in lines for word in line)
    together = Counter()
    for line in lines:
        for i in range(len(line)):
            if (end := candidates_from(line, i, connectors)) is not None:
                together[tuple(line[i : end + 1])] += 1
    n = sum(single.values())
    found = {}
    for candidate, count in together.items():
        a, b = single[candidate[0]], single[candidate[-1]]
        if count < min_count or a < min_count or b < min_count:
            continue
        if score == "count":
            value = (count - min_count) * n / (a * b)
        else:
            value = math.log((count / n) / ((a / n) * (b / n))) / -math.log(count / n)
        if value > threshold:
            found[candidate] = count, value
    joined = []
    for line in lines:
        new, i = [], 0
        while i < len(line):
            end = candidates_from(line, i, connectors)
            if end is not None and tuple(line[i : end + 1]) in found:
                new.append(delimiter.join(line[i : end + 1]))
                i = end + 1
            else:
                new.append(line[i])
                i += 1
        joined.append(new)
    return joined, found


def oracle(lines, settings, min_count):
    passes = []
    for _ in range(settings.passes):
        lines, found = oracle_pass(
            lines, settings.score, settings.threshold, min_count, settings.delimiter, settings.connectors
        )
        if not found:
            break
        passes.append(found)
    return lines, passes


def joined_lists(tmp_path, lines, settings, min_count, **more):
    """(lines, counts by word, passes) of `join_phrases` on a file of ids."""
    numbers = {}
    for line in lines:
        for word in line:
            numbers.setdefault(word, len(numbers))
    counts = np.bincount([numbers[word] for line in lines for word in line], minlength=len(numbers))
    names = list(numbers)
    path = tmp_path / "ids"
    np.array([number for line in lines for number in [*map(numbers.get, line), LINE_END]], np.int32).tofile(path)
    result = join_phrases(path, lambda n: [names[i] for i in n.tolist()], counts, settings, min_count, **more)
    ids = np.fromfile(path, np.int32)
    words = result.words_of(np.arange(len(result.counts)))
    assert len(set(words)) == len(words)
    first = [number for number in dict.fromkeys(ids.tolist()) if number >= 0]
    assert first == list(range(len(words))), "not numbered by first appearance"
    lines, line = [], []
    for number in ids.tolist():
        if number == LINE_END:
            lines.append(line)
            line = []
        else:
            line.append(words[number])
    assert line == []
    return lines, dict(zip(words, result.counts.tolist(), strict=True)), result.passes


def random_lines(seed, kinds=12, lines=60):
    """Lines of few words, some of which seek one another's company, with words that hold the delimiter."""
    draw = random.Random(seed)
    words = [f"w{i}" for i in range(kinds)] + ["of", "the", "a_b", "w0_w1", "w1_of_w2", "x\0", "é"]
    made = []
    for _ in range(lines):
        line = []
        for _ in range(draw.randrange(12)):
            word = draw.choice(words)
            line.append(word)
            while draw.random() < 0.6:
                word = {"w0": "w1", "w1": "of", "of": "the", "the": "w2", "w2": "w3", "é": "x\0"}.get(word, "w0")
                line.append(word)
        made.append(line)
    return made


def check_against_oracle(tmp_path, lines, settings, min_count, **more):
    got, counts, passes = joined_lists(tmp_path, lines, settings, min_count, **more)
    expected, found = oracle(lines, settings, min_count)
    assert got == expected
    assert counts == Counter(word for line in expected for word in line)
    assert len(passes) == len(found)
    for one, right in zip(passes, found, strict=True):
        assert {phrase.words: phrase.count for phrase in one} == {words: count for words, (count, _) in right.items()}
        assert [phrase.score for phrase in one] == pytest.approx([right[phrase.words][1] for phrase in one], rel=1e-12)
        assert one == sorted(one, key=lambda phrase: (-phrase.score, -phrase.count))
    return passes


@pytest.mark.parametrize("piece", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("connectors", [(), ("of", "the"), ("of", "the", "w4", "w5", "rare")])
@pytest.mark.parametrize(("score", "threshold"), [("count", 0.0), ("count", 1.5), ("npmi", 0.2), ("npmi", -1.0)])
def test_random_corpora_are_joined_as_the_oracle_does(tmp_path, monkeypatch, score, threshold, connectors, piece):
    monkeypatch.setattr(phrases, "IDS_AT_ONCE", piece)
    most = 0
    for seed in range(6):
        settings = PhraseSettings(1 + seed % 3, score, threshold + 1e-7, "_", frozenset(connectors))
        passes = check_against_oracle(tmp_path, random_lines(seed), settings, 1 + seed)
        most = max([most, *(len(phrase.words) for found in passes for phrase in found)])
    assert most > 3 if connectors else most == 2


@pytest.mark.parametrize("min_count", [1, 2])
def test_the_result_does_not_depend_on_memory(tmp_path, monkeypatch, min_count):
    """2,000 words have some 20,000 different neighbours, a table of 256 slots has room for 128 and a batch."""
    draw = random.Random(3)
    lines = [[f"w{int(2000 * draw.random() ** 2)}" for _ in range(400)] for _ in range(60)]
    monkeypatch.setattr(phrases, "IDS_AT_ONCE", 5000)
    runs = []
    settings = PhraseSettings(passes=2, threshold=2.0)
    expected = joined_lists(tmp_path, lines, settings, min_count)
    check_against_oracle(tmp_path, lines, settings, min_count)
    monkeypatch.setattr(phrases, "FIRST_SLOTS", 512)
    for memory in (0, 1 << 14, 1 << 17, 1 << 30):
        told = []
        more = {"memory": memory, "progress": lambda done, total, told=told: told.append(done == total)}
        assert joined_lists(tmp_path, lines, settings, min_count, **more) == expected
        runs.append(sum(told))
    assert runs == sorted(runs, reverse=True)
    assert runs[0] > 100
    assert runs[-1] == 4


def test_words_too_frequent_for_any_phrase_change_nothing(tmp_path):
    """The most frequent words are left out where their best score is the threshold, and not where it is above."""
    lines = sentences("a b c\n" * 8 + "a a\nd e\nx\n" * 8 + "d of e y\n" * 8 + "y\n")
    counts = Counter(word for line in lines for word in line)
    n = sum(counts.values())
    for count in sorted(set(counts.values())):
        best = (count - 3) * n / count**2
        for threshold in (math.nextafter(best, 0), best, math.nextafter(best, math.inf)):
            settings = PhraseSettings(2, threshold=threshold, connectors=frozenset({"of"}))
            check_against_oracle(tmp_path, lines, settings, 3)
    stream = phrases._Stream("", np.array([24, 9, 8, 3, 2]), np.zeros(5, bool), PhraseSettings(threshold=3.0), 3, None)
    assert stream.words[stream._may_join()].tolist() == [1, 2]  # 21 · 46 / 24² < 3 < 6 · 46 / 9², and 0


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_the_last_pass_may_be_found_only(tmp_path, passes):
    lines = [line for seed in range(3) for line in random_lines(seed)]
    settings = PhraseSettings(passes, threshold=1.5, connectors=frozenset({"of", "the"}))
    whole = joined_lists(tmp_path, lines, settings, 3)
    assert len(whole[2]) == passes
    got, counts, found = joined_lists(tmp_path, lines, settings, 3, join_last=False)
    assert found == whole[2]
    before, _ = oracle(lines, PhraseSettings(max(1, passes - 1), threshold=1.5, connectors=settings.connectors), 3)
    assert got == (before if passes > 1 else lines)
    assert counts == Counter(word for line in got for word in line)


def test_dropping_leaves_every_other_key_where_it_is_found():
    draw = np.random.default_rng(1)
    for bits in (8, 9):
        slots = 1 << bits
        shift = np.uint64(64 - bits)
        for _ in range(50):
            table = np.zeros((slots, 2), np.uint64)
            keys = np.unique(draw.integers(0, 2**63, slots * 3 // 4).astype(np.uint64))
            bigrams.put(keys, np.arange(1, len(keys) + 1, dtype=np.uint64), table, shift)
            kept = bigrams.drop(table, shift, np.array([1, 1], np.uint64))
            left = dict(table[table[:, 1] > 0].tolist())
            assert len(left) == kept
            assert 0.3 * len(keys) < kept < 0.7 * len(keys)
            again = np.zeros_like(table)
            bigrams.move(table, again, shift)
            assert dict(again[again[:, 1] > 0].tolist()) == left
            ids = dict(zip(keys.tolist(), range(1, len(keys) + 1), strict=True))
            assert all(ids[key] == value for key, value in left.items())
            for key in left:  # reachable: no free slot between its own and where it is
                mixed = key * 0x9E3779B97F4A7C15 % 2**64
                mixed = (mixed ^ (mixed >> 32)) * 0x9E3779B97F4A7C15 % 2**64
                slot = mixed >> int(shift)
                while table[slot, 0] != key or table[slot, 1] == 0:
                    assert table[slot, 1] > 0
                    slot = (slot + 1) % slots


def sentences(text):
    return [line.split() for line in text.splitlines()]


def test_phrases_neither_overlap_nor_cross_lines(tmp_path):
    lines = sentences("a b a b a b a\nb\na\nb c\n" * 5)
    settings = PhraseSettings(threshold=0.1)
    got, _, _ = joined_lists(tmp_path, lines, settings, 2)
    assert got[:4] == [["a_b", "a_b", "a_b", "a"], ["b"], ["a"], ["b_c"]]


def test_connectors_stand_inside_phrases_only(tmp_path):
    text = "bank of america\nof america\nthe bank of\nx of the y\nx of of of y\nx of of of of y\n" * 5
    got, _, (found,) = joined_lists(
        tmp_path, sentences(text), PhraseSettings(threshold=0.0, connectors=frozenset({"of", "the"})), 2
    )
    assert [" ".join(line) for line in got[:6]] == [
        *("bank_of_america", "of america", "the bank of", "x_of_the_y", "x_of_of_of_y", "x of of of of y")
    ]
    assert {phrase.words for phrase in found} == {
        ("bank", "of", "america"),
        ("x", "of", "the", "y"),
        ("x", "of", "of", "of", "y"),
    }


def test_a_phrase_that_is_spelled_already_is_that_word(tmp_path):
    """Words with the same spelling are one word, whether joined or read, in one pass or in two."""
    lines = sentences("new york\nnew_york\n\nnew york city\n" * 5 + "new_york city\n")
    got, counts, passes = joined_lists(tmp_path, lines, PhraseSettings(2, threshold=0.5), 2)
    assert counts["new_york_city"] == 6
    assert counts["new_york"] == 10
    assert [phrase.words for phrase in passes[1]] == [("new_york", "city")]
    assert got[3] == ["new_york_city"]


def test_a_joined_word_can_be_a_connector_of_the_next_pass(tmp_path):
    """Whether or not some token spells it already, too rarely to be a connector before."""
    lines = sentences("a so to b\n" * 9 + "so to\n" * 41 + "a x\nb y\n")
    settings = PhraseSettings(2, threshold=2.0, connectors=frozenset({"so_to"}))
    _, _, passes = joined_lists(tmp_path, lines, settings, 2)
    assert [[phrase.words for phrase in found] for found in passes] == [[("so", "to")], [("a", "so_to", "b")]]
    check_against_oracle(tmp_path, lines, settings, 2)
    passes = check_against_oracle(tmp_path, [["so_to"], *lines], settings, 2)
    assert [phrase.words for phrase in passes[1]] == [("a", "so_to", "b")]


def test_scores_are_those_of_the_formulas(tmp_path):
    lines = sentences("a b\n" * 6 + "a x\n" * 2 + "y b\n" * 4)  # count(a) = 8, count(b) = 10, count(ab) = 6, N = 24
    ((by_count, *_),) = joined_lists(tmp_path, lines, PhraseSettings(threshold=0.0), 5)[2]
    assert (by_count.words, by_count.count, by_count.score) == (("a", "b"), 6, (6 - 5) * 24 / (8 * 10))
    ((by_npmi, *_),) = joined_lists(tmp_path, lines, PhraseSettings(score="npmi", threshold=0.0), 5)[2]
    assert by_npmi.score == pytest.approx(math.log(6 / 24 / (8 / 24 * 10 / 24)) / -math.log(6 / 24))


def test_too_many_combinations_are_refused(tmp_path):
    lines = [[f"w{i}" for i in range(3000)] + [f"c{i}" for i in range(20_000)]]
    with pytest.raises(ConfigError, match=r"3,000 words that occur 1 times and 20,000 connectors: .* Raise min_count"):
        joined_lists(tmp_path, lines, PhraseSettings(connectors=frozenset(lines[0][3000:])), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"passes": 0}, "passes is 0: expected a whole number from 1 to 10"),
        ({"passes": 11}, "passes is 11"),
        ({"passes": True}, "passes is True"),
        ({"passes": 1.0}, "passes is 1.0"),
        ({"score": "pmi"}, "score is 'pmi': expected 'count' or 'npmi'"),
        ({"score": ["count"]}, "score is"),
        ({"threshold": -1}, "threshold is -1: expected a number, 0 or more for score 'count'"),
        ({"threshold": math.nan}, "threshold is nan"),
        ({"threshold": math.inf}, "threshold is inf"),
        ({"threshold": True}, "threshold is True"),
        ({"threshold": "5"}, "threshold is '5'"),
        ({"threshold": 1.01, "score": "npmi"}, "threshold is 1.01: expected a number, from -1 to 1 for score 'npmi'"),
        ({"delimiter": ""}, "delimiter is ''"),
        ({"delimiter": "a b"}, "delimiter is 'a b': expected a text without white space"),
        ({"delimiter": "\u2003"}, "delimiter is"),
        ({"delimiter": "\ud800"}, "delimiter is"),
        ({"delimiter": 5}, "delimiter is 5"),
        ({"connectors": "of"}, "connectors is 'of': expected words"),
        ({"connectors": 3}, "connectors is 3"),
        ({"connectors": ["of", ""]}, "a connector is ''"),
        ({"connectors": [3]}, "a connector is 3"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError) as caught:
        PhraseSettings(**settings)
    assert message in str(caught.value)


def test_thresholds_have_defaults():
    assert (PhraseSettings().threshold, PhraseSettings(score="npmi").threshold) == (100.0, 0.5)
    assert PhraseSettings(threshold=3).threshold == 3.0


# In training


LINES = [line for seed in range(3) for line in random_lines(seed) if line]


@pytest.mark.filterwarnings("ignore:.*NUL bytes? stands? inside words")
@pytest.mark.parametrize("passes", [1, 3])
def test_a_corpus_with_phrases_is_that_of_the_joined_text(tmp_path, passes):
    """Ids, offsets and vocabulary are those of the text that the command writes; the tokens are those read."""
    settings = PhraseSettings(passes, threshold=1.5, connectors=frozenset({"of", "the"}))
    text, joined = tmp_path / "text", tmp_path / "joined"
    text.write_text("\n".join(map(" ".join, LINES)), encoding="utf-8")
    found, before, after = join_text(text, joined, settings, min_count=3)
    assert len(found) > 3
    right = [" ".join(line) for line in oracle(LINES, settings, 3)[0]]
    assert joined.read_text("utf-8").splitlines() == right
    assert (before, after) == (sum(map(len, LINES)), sum(len(line.split()) for line in right))
    with build_corpus(joined, min_count=3) as plain:
        for source in (text, LINES):
            with build_corpus(source, min_count=3, phrases=settings) as corpus:
                assert corpus.vocab.words == plain.vocab.words
                assert np.array_equal(corpus.vocab.counts, plain.vocab.counts)
                assert np.array_equal(corpus.ids, plain.ids)
                assert np.array_equal(corpus.offsets, plain.offsets)
                assert (corpus.tokens, plain.tokens) == (before, after)
        words = [*plain.vocab.words[3:6], "never"]
    with (
        build_corpus(joined, words=list(words)) as plain,
        build_corpus(text, min_count=3, words=list(words), phrases=settings) as corpus,
    ):
        assert np.array_equal(corpus.ids, plain.ids)
        assert np.array_equal(corpus.vocab.counts, plain.vocab.counts)


def test_a_corpus_without_phrases_stays_as_it_is():
    with (
        build_corpus(LINES, min_count=2) as plain,
        build_corpus(LINES, min_count=2, phrases=PhraseSettings(threshold=1e6)) as corpus,
    ):
        assert np.array_equal(corpus.ids, plain.ids)
        assert corpus.vocab.words == plain.vocab.words


def test_a_disk_that_is_full_is_one_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(phrases._Stream, "rewrite", full)
    with pytest.raises(CorpusError, match=r"cannot write the encoded corpus .*No space left"):
        Phrases(LINES, min_count=2, threshold=0.5, passes=2, tmp=tmp_path)
    assert list(tmp_path.iterdir()) == []


# The class


def learned(**settings):
    return Phrases(LINES, **({"min_count": 3, "threshold": 1.5, "connectors": ["of", "the"]} | settings))


@pytest.mark.filterwarnings("ignore:.*NUL bytes? stands? inside words")
@pytest.mark.parametrize("passes", [1, 2, 3])
def test_new_sentences_get_what_the_training_text_got(tmp_path, passes):
    phrases_ = learned(passes=passes)
    expected, _ = oracle(LINES, phrases_.settings, 3)
    assert [phrases_[line] for line in LINES] == expected
    assert list(phrases_.join(iter(LINES))) == expected
    assert phrases_[["of", "w0", "w1", "never", "w1"]] == ["of", "w0_w1", "never", "w1"]
    assert phrases_[[]] == []
    text = tmp_path / "text"
    text.write_text("\n".join(map(" ".join, LINES)), encoding="utf-8")
    same = Phrases([text], min_count=3, threshold=1.5, connectors={"of", "the"}, passes=passes)
    assert same.passes == phrases_.passes


def test_found_is_sorted_by_score_over_all_passes():
    phrases_ = learned(passes=3)
    assert len(phrases_.passes) == 3
    assert len(phrases_) == len(phrases_.found) == sum(map(len, phrases_.passes))
    scores = [score for _, _, score in phrases_.found]
    assert scores == sorted(scores, reverse=True)
    assert {name.count("_") for name, _, _ in phrases_.found} > {1, 2}


def test_lower_and_words_are_those_of_reading(tmp_path):
    (tmp_path / "text").write_text("New York, new YORK!\n" * 9 + "new\nyork\n", encoding="utf-8")
    found = Phrases(tmp_path / "text", lower=True, tokenizer="words", threshold=1.0).found
    assert [(name, count) for name, count, _ in found] == [("new_york", 18)]


@pytest.mark.parametrize(
    ("source", "settings", "error", "message"),
    [
        ("no such file", {}, CorpusError, "no such file"),
        ([], {}, CorpusError, "the corpus is empty"),
        ([["a"], "text"], {}, CorpusError, "sentence 1"),
        ([["a"]], {"min_count": 0}, ConfigError, "min_count is 0"),
        ([["a"]], {"tokenizer": "words"}, ConfigError, "no text"),
        ([["a"]], {"tokenizer": "letters"}, ConfigError, "tokenizer is 'letters'"),
        ([["a"]], {"errors": "ignore"}, ConfigError, "errors is 'ignore'"),
        ([["a"]], {"lower": 1}, ConfigError, "lower is 1"),
        ([["a"]], {"connectors": "no such file"}, FormatError, "there is no such file"),
        ([["a"]], {"connectors": 7}, ConfigError, "connectors is 7"),
        ([["a"]], {"tmp": "no/such/folder"}, CorpusError, "cannot write the encoded corpus in no/such/folder"),
    ],
)
def test_mistakes_are_told(source, settings, error, message):
    with pytest.raises(error) as caught:
        Phrases(source, **settings)
    assert message in str(caught.value)


def test_a_sentence_that_is_a_string_is_refused():
    with pytest.raises(ConfigError, match="the tokens are 'new york'"):
        learned()["new york"]


def test_connectors_from_a_file(tmp_path):
    (tmp_path / "connectors").write_text("of the\n\n  für\n", encoding="utf-8-sig")
    assert read_words("connectors", tmp_path / "connectors") == ["of", "the", "für"]
    (tmp_path / "connectors").write_bytes(b"of \xff")
    with pytest.raises(FormatError, match="byte 3"):
        read_words("connectors", str(tmp_path / "connectors"))


def test_saved_phrases_are_the_same_when_loaded(tmp_path):
    for settings in ({"passes": 3}, {"score": "npmi", "threshold": 0.25}, {"threshold": 1e9}, {"delimiter": "«é»"}):
        saved = learned(**settings)
        saved.save(tmp_path / "phrases.json")
        loaded = Phrases.load(str(tmp_path / "phrases.json"))
        assert (loaded.settings, loaded.min_count, loaded.passes) == (saved.settings, saved.min_count, saved.passes)
        assert [loaded[line] for line in LINES] == [saved[line] for line in LINES]
    assert [path.name for path in tmp_path.iterdir()] == ["phrases.json"]


def test_a_damaged_file_of_phrases_is_refused(tmp_path):
    path = tmp_path / "phrases.json"
    learned(passes=2).save(path)
    good = path.read_bytes()
    named = json.loads(good)
    path.write_text(json.dumps({"firth phrases": named["firth phrases"]}))
    assert Phrases.load(path).passes == learned(passes=2).passes  # as older files
    edited = json.dumps(named, indent=1).encode()
    draw = random.Random(0)
    for place in draw.sample(range(len(good) - 1), 300):
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << draw.randrange(8))]) + good[place + 1 :])
        with pytest.raises(FormatError):
            Phrases.load(path)
    for changed in (good.replace(b'"delimiter": "_"', b'"delimiter": "-"'), edited):
        path.write_bytes(changed)
        with pytest.raises(FormatError, match=r'is damaged, or it was edited.*remove "sha256" and its value'):
            Phrases.load(path)


def test_saving_where_nothing_can_be_is_an_error(tmp_path):
    with pytest.raises(FormatError, match="make it first"):
        learned().save(tmp_path / "no" / "phrases.json")


def nasty_documents():
    """(what it is, bytes) of files that are no phrases."""
    good = {
        "format": 1,
        "score": "count",
        "threshold": 1.0,
        "min_count": 5,
        "delimiter": "_",
        "connectors": ["of"],
        "most_passes": 1,
        "passes": [[[["a", "b"], 5, 2.5]]],
    }
    yield "empty", b""
    yield "no UTF-8", b"\xff\xfe"
    yield "deep", b"[" * 200_000
    yield "half", json.dumps({"firth phrases": good}).encode()[:-10]
    yield "another document", b'{"phrases": []}'
    yield "a list", b"[1, 2]"
    yield "a number of digits", b'{"firth phrases": ' + b"9" * 5000 + b"}"
    yield "no object", b'{"firth phrases": 5}'
    for name in good:
        yield f"no {name}", json.dumps({"firth phrases": {key: good[key] for key in good if key != name}}).encode()
    changes = {
        "format": [2, "1", None],
        "score": ["x", []],
        "threshold": [-1, "1", math.nan, math.inf, []],
        "min_count": [0, 1.5, True, 2**63],
        "delimiter": ["", " ", 5],
        "connectors": ["of", [5], [""], [["of"]], {}],
        "most_passes": [0, 11, 1e3, "1"],
        "passes": [5, [5], [[], []], {}],
    }
    for name, values in changes.items():
        for value in values:
            yield f"{name} {value!r}", json.dumps({"firth phrases": good | {name: value}}).encode()
    phrase = [["a", "b"], 5, 2.5]
    for row in (
        *(5, [], ["a", "b"], [["a"], 5, 2.5], [["a", 5], 5, 2.5], [["a", ""], 5, 2.5], [["a", "\ud800"], 5, 2.5]),
        *([["of", "b"], 5, 2.5], [["a", "of"], 5, 2.5], [["a", "x", "b"], 5, 2.5], [["a", "b"], 0, 2.5]),
        *([["a", "b"], True, 2.5], [["a", "b"], 5, math.nan], [["a", "b"], 5, "2"], [["a", "b"], 5.0, 2.5], {}),
    ):
        yield f"phrase {row!r}", json.dumps({"firth phrases": good | {"passes": [[phrase, row]]}}).encode()
    yield "twice", json.dumps({"firth phrases": good | {"passes": [[phrase, phrase]]}}).encode()


@pytest.mark.parametrize("content", [pytest.param(content, id=what) for what, content in nasty_documents()])
def test_hostile_files_are_refused_with_their_name(tmp_path, content):
    path = tmp_path / "phrases.json"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        Phrases.load(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_missing_file_and_a_huge_one_are_refused(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match="no such file"):
        Phrases.load(tmp_path / "missing.json")
    (tmp_path / "huge.json").write_bytes(b" " * 50)
    monkeypatch.setattr(phrasebook, "LARGEST_FILE", 49)
    with pytest.raises(FormatError, match="more than 49 bytes"):
        Phrases.load(tmp_path / "huge.json")


# The text and the command


@pytest.mark.parametrize("room", [1, 7, 1 << 20])
@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
def test_text_is_written_in_pieces_of_any_size(tmp_path, monkeypatch, room, piece):
    monkeypatch.setattr(phrasebook, "TEXT_AT_ONCE", room)
    monkeypatch.setattr(phrasebook, "IDS_AT_ONCE", piece)
    path = tmp_path / "text"
    path.write_bytes("\ufeff\r\n  a  longer-word é\u2003b\r\n\n\nb\rb".encode())
    out = io.BytesIO()
    join_text(path, out, PhraseSettings(threshold=1e9))
    assert out.getvalue() == "\na longer-word é b\n\n\nb\nb\n".encode()


def random_text(draw):
    """Bytes of a file: lines of few words or of white space, with all ends of lines, or with none at the end."""
    blank = ["", "", " ", "\t\x0b", "\x0c\x1c\x85\u2028", "\u3000"]
    words = ["new", "york", "of", "é", "new_york"]
    text = draw.choice(["", "\ufeff"])
    for _ in range(draw.choice([0, 1, 9, 60])):
        line = draw.choice(blank)
        if draw.random() < 0.6:
            line = draw.choice([" ", "  \u2003"]).join(draw.choices(words, k=draw.randint(1, 9))) + line
        text += line + draw.choice(["\n", "\r", "\r\n"])
    return (text + draw.choice(["", "york", " "])).encode()


@pytest.mark.parametrize("piece", [1, 5, 1 << 20])
def test_line_n_of_the_text_is_line_n_of_the_output(tmp_path, monkeypatch, piece):
    """In several files, whatever the lines; phrases are those of Python's lines without the blank ones."""
    monkeypatch.setattr(phrases, "IDS_AT_ONCE", piece)
    draw = random.Random(piece)
    joined = 0
    for trial in range(60):
        paths, right = [], []
        for number in range(draw.randint(1, 4)):
            path = tmp_path / f"{trial}-{number}"
            path.write_bytes(random_text(draw))
            paths.append(path)
            with open(path, encoding="utf-8-sig") as file:
                right += [line.split() for line in file]
        if not any(right):
            continue
        settings = PhraseSettings(draw.randint(1, 3), threshold=0.5, connectors=frozenset(draw.choice([[], ["of"]])))
        got = io.BytesIO()
        found, _, _ = join_text(paths, got, settings, min_count=draw.randint(1, 2))
        expected, _ = oracle(right, settings, found.min_count)
        assert got.getvalue().decode() == "".join(" ".join(line) + "\n" for line in expected)
        (tmp_path / "without").write_text("".join(" ".join(line) + "\n" for line in right if line), "utf-8")
        dense, _, _ = join_text(tmp_path / "without", io.BytesIO(), settings, min_count=found.min_count)
        assert dense.passes == found.passes
        joined += len(found)
    assert joined > 100


def test_thousands_of_blank_lines_stay_and_part_what_stands_around_them(capsysbinary, monkeypatch, tmp_path):
    (tmp_path / "text").write_text("\n" * 70_000 + "new york\n" * 9 + "new\n\nyork\n" * 9 + "\n" * 9 + " ", "utf-8")
    assert main(["phrases", str(tmp_path / "text"), "-o", "-", "--quiet", "--threshold", "0.4"]) == 0
    lines = [*[""] * 70_000, *["new_york"] * 9, *["new", "", "york"] * 9, *[""] * 10]
    assert capsysbinary.readouterr() == (("\n".join(lines) + "\n").encode(), b"")


def test_a_text_without_any_word_is_an_error(capsys, tmp_path):
    (tmp_path / "text").write_bytes(b"\n \r\n\n")
    status, _, err = call(capsys, tmp_path / "text", "-o", tmp_path / "out")
    assert (status, len(err.splitlines())) == (1, 1)
    assert "the corpus is empty" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("ending", "module"), [(".gz", "gzip"), (".BZ2", "bz2"), (".xz", "lzma"), (".zst", "zstandard")]
)
def test_the_output_is_compressed_by_its_ending(text, tmp_path, ending, module):
    opened = pytest.importorskip(module).open
    for name in ("plain.txt", f"a{ending}", f"b{ending}"):
        join_text(text, tmp_path / name, PhraseSettings(threshold=1.0))
    with opened(tmp_path / f"a{ending}", "rb") as file:
        assert file.read() == (tmp_path / "plain.txt").read_bytes()
    assert b"new_deal" in (tmp_path / "plain.txt").read_bytes()
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    with build_corpus(tmp_path / f"a{ending}") as corpus:
        assert "new_deal" in corpus.vocab.words


def test_what_compression_lacks_is_known_before_the_text_is_read(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(MissingExtraError, match=r"firth\[zstd\]"):
        join_text("no such text", tmp_path / "out.zst", PhraseSettings())
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_a_compressed_output_as_it_was(monkeypatch, text, tmp_path):
    def fail(*_):
        raise KeyboardInterrupt

    (tmp_path / "out.gz").write_bytes(b"as it was")
    monkeypatch.setattr(phrasebook, "_spell", fail)
    with pytest.raises(KeyboardInterrupt):
        join_text(text, tmp_path / "out.gz", PhraseSettings())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out.gz", b"as it was")]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("phrases") / "text.txt"
    path.write_text("in New York today\nthe bank of america\nin the bank\nnew deal york\n" * 20, encoding="utf-8")
    return path


def call(capsys, *arguments):
    """(status, standard output, standard error) of a command."""
    capsys.readouterr()
    try:
        status = main(["phrases", *map(str, arguments)])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_writes_the_text_and_its_messages_to_standard_error(capsys, text, tmp_path):
    (tmp_path / "connectors").write_text("of the in")
    out_path, saved = tmp_path / "out.txt", tmp_path / "phrases.json"
    options = ["--threshold", 1, "--connectors", tmp_path / "connectors", "--lower", "--save", saved]
    call(capsys, text, "-o", out_path, *options)  # the first run says that it compiles
    status, out, err = call(capsys, text, "-o", out_path, *options)
    assert (status, out) == (0, "")
    found = Phrases.load(saved)
    assert out_path.read_text().startswith("in new_york today\nthe bank_of_america\n")
    lines = sentences(text.read_text().lower())
    assert out_path.read_text() == "".join(" ".join(line) + "\n" for line in found.join(lines))
    assert (
        err.splitlines()[0] == f"read 280 tokens, wrote {len(out_path.read_text().split())}; found {len(found)} phrases"
    )
    assert err.splitlines()[1].startswith(f"the best: {found.found[0][0]} (")
    assert len(err.splitlines()) == 2


def test_the_command_writes_to_standard_output_or_prints_json(capsysbinary, text, tmp_path):
    assert main(["phrases", str(text), "-o", "-", "--quiet", "--threshold", "1e6"]) == 0
    out, err = capsysbinary.readouterr()
    assert (out, err) == (text.read_bytes(), b"")
    assert main(["phrases", str(text), "-o", str(tmp_path / "out"), "--quiet", "--json", "--threshold", "1"]) == 0
    out, err = capsysbinary.readouterr()
    document = json.loads(out)
    assert [(row["phrase"], row["count"], row["score"]) for row in document] == Phrases(text, threshold=1).found
    assert err == b""


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["TEXT", "-o", "-", "--json"], 1, "standard output takes"),
        (["TEXT", "-o", "no/such/folder/out"], 1, "does not exist"),
        (["TEXT", "-o", "OUT", "--save", "no/such/folder/out"], 1, "does not exist"),
        (["missing", "-o", "OUT"], 1, "no such file"),
        (["TEXT", "-o", "OUT", "--passes", "0"], 1, "passes is 0"),
        (["TEXT", "-o", "OUT", "--score", "pmi"], 1, "score is 'pmi'"),
        (["TEXT", "-o", "OUT", "--threshold", "nan"], 1, "threshold is nan"),
        (["TEXT", "-o", "OUT", "--delimiter", " "], 1, "delimiter is ' '"),
        (["TEXT", "-o", "OUT", "--min-count", "0"], 1, "min_count is 0"),
        (["TEXT", "-o", "OUT", "--tokenizer", "x"], 1, "tokenizer is 'x'"),
        (["TEXT", "-o", "OUT", "--connectors", "missing"], 1, "no such file"),
        (["TEXT"], 2, "--out"),
    ],
)
def test_mistakes_get_one_line_and_leave_the_output_alone(capsys, text, tmp_path, arguments, status, message):
    out = tmp_path / "out.txt"
    out.write_text("as it was")
    names = {"TEXT": text, "OUT": out}
    got, stdout, err = call(capsys, *[names.get(argument, argument) for argument in arguments])
    assert (got, stdout) == (status, "")
    assert message in err
    if status == 1:
        assert len(err.splitlines()) == 1
    assert out.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [out]


def test_the_output_may_be_the_input(capsys, text, tmp_path):
    same = tmp_path / "text.txt"
    same.write_bytes(text.read_bytes())
    assert call(capsys, same, "-o", same, "--threshold", 1, "--quiet") == (0, "", "")
    assert same.read_text().count("_") > 0


def test_invalid_utf8_is_a_warning(capsys, tmp_path):
    (tmp_path / "text").write_bytes(b"a \xff b\n")
    status, _, err = call(capsys, tmp_path / "text", "-o", tmp_path / "out")
    assert status == 0
    assert "replaced 1 invalid UTF-8 sequence by U+FFFD" in err
    assert (tmp_path / "out").read_text("utf-8") == "a \ufffd b\n"


def test_a_terminal_shows_bars_of_reading_and_of_phrases(capsys, monkeypatch, text, tmp_path):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, _, err = call(capsys, text, "-o", tmp_path / "out", "--threshold", 1)
    assert status == 0
    assert "reading:" in err
    assert "phrases:" in err
    assert err.splitlines()[-2].endswith(" phrases")


def test_phrases_are_exported():
    assert firth.Phrases is Phrases
    assert issubclass(FormatError, FirthError)


def test_phrases_with_very_many_connectors_are_loaded(tmp_path):
    connectors = frozenset(f"connector{number}" for number in range(80_000))
    saved = learned(connectors=connectors)
    saved.save(tmp_path / "phrases.json")
    assert Phrases.load(tmp_path / "phrases.json").settings.connectors == connectors
