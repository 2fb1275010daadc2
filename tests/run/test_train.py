"""What a run begins with besides its text: given vectors, frozen words, vocabularies, words to keep, phrases."""

import hashlib
import io
import re
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.corpus.joining import PhraseSettings
from firth.errors import ConfigError, CorpusError, FormatError, UnknownWordError, VocabularyError
from firth.formats.convert import convert
from firth.phrases import join_text
from firth.settings import PRESETS
from firth.sgd import trainer
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords
from firth.vectors.transforms import centered, most_frequent, normalized, plus_outside, reduced

TREE, CBOW = {"loss": "hierarchical-softmax"}, {"architecture": "cbow"}
SUBWORDS = {"minn": 2, "maxn": 3, "bucket": 100}
QUIET = {"min_count": 1, "threads": 1, "quiet": True}
KINDS = {"skip-gram": {}, "per-pair": {"update": "per-pair"}, "cbow": CBOW, "tree": TREE, "cbow-tree": CBOW | TREE}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def text(words, sentences=200, seed=0):
    """Sentences of ten of these words."""
    rng = np.random.default_rng(seed)
    return [rng.choice(words, size=10).tolist() for _ in range(sentences)]


OLD_WORDS, NEW_WORDS = [f"old{i}" for i in range(8)], [f"new{i}" for i in range(4)]
SHARED_WORDS = OLD_WORDS[:5]


def old_vectors(**settings):
    return firth.train(text(OLD_WORDS), **QUIET | {"dim": 8, "epochs": 3, "subsample": 0, "seed": 5} | settings)


def new_text():
    """New words among five of the old ones; old5, old6 and old7 do not occur."""
    return text(SHARED_WORDS + NEW_WORDS, seed=1)


def row(vectors, word, of="center"):
    return getattr(vectors, of)[vectors.words.index(word)]


def unread():
    raise AssertionError("the corpus was read")
    yield


def expect_same(a, b):
    """The same words, counts and numbers, bit for bit."""
    assert a.words == b.words
    assert a.counts.tolist() == b.counts.tolist()
    for name in ("center", "outside", "nodes"):
        first, second = getattr(a, name), getattr(b, name)
        assert (first is None) == (second is None)
        assert first is None or first.tobytes() == second.tobytes()


# Going on from vectors.


@every_kind
@pytest.mark.filterwarnings("ignore:the vectors have not moved")
def test_known_words_start_from_their_vectors_and_new_ones_join(kind):
    old = old_vectors(**kind)
    still = firth.train(new_text(), from_=old, epochs=1, lr=1e-7, min_lr=0, **QUIET)
    assert set(still.words) == {*OLD_WORDS, *NEW_WORDS}
    for word in OLD_WORDS:
        np.testing.assert_allclose(row(still, word), row(old, word), rtol=0, atol=1e-4)
        if "loss" not in kind:
            np.testing.assert_allclose(row(still, word, "outside"), row(old, word, "outside"), rtol=0, atol=1e-4)
    for word in NEW_WORDS:
        assert np.abs(row(still, word)).max() <= 1 / 16 + 1e-4  # uniform in ±1/(2 dim)
    moved = firth.train(new_text(), from_=old, epochs=5, lr=0.05, **QUIET)
    for word in SHARED_WORDS:
        assert np.abs(row(moved, word) - row(old, word)).max() > 1e-2
    for word in NEW_WORDS:
        assert np.abs(row(moved, word) - row(still, word)).max() > 1e-2


def test_new_words_learn_beside_old_ones():
    """Two topics of old words, each with a new word in the new text."""
    topics = {"a": [f"a{i}" for i in range(6)], "b": [f"b{i}" for i in range(6)]}
    before = [sentence for words in topics.values() for sentence in text(words)]
    after = [sentence for name, words in topics.items() for sentence in text([*words, f"{name}new"], seed=2)]
    settings = QUIET | {"epochs": 10, "lr": 0.05}
    old = firth.train(before, dim=10, subsample=0, **settings)
    vectors = firth.train(after, from_=old, **settings, freeze="all")
    for name in "ab":
        assert {near[0] for near, _ in vectors.neighbors(f"{name}new", k=6)} == {name}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", [{}, {"update": "per-pair"}], ids=["shared", "per-pair"])
def test_words_absent_from_the_new_text_keep_their_vectors_bit_for_bit(monkeypatch, kind, threads):
    """They are neither centers nor outside words, and no negatives, as their counts in the new text are 0."""
    monkeypatch.setattr(trainer, "CHUNK", 64)
    old = old_vectors(**kind)
    vectors = firth.train(new_text(), from_=old, **QUIET | {"threads": threads})
    for word in OLD_WORDS:
        for of in ("center", "outside"):
            same = row(vectors, word, of).tobytes() == row(old, word, of).tobytes()
            assert same == (word not in SHARED_WORDS)


def test_subwords_start_from_their_rows():
    old = old_vectors(**SUBWORDS)
    still = firth.train(new_text(), from_=old, epochs=1, lr=1e-9, min_lr=0, **QUIET)
    buckets, before = still.subwords.rows[len(still) :], old.subwords.rows[len(old) :]
    np.testing.assert_allclose(buckets, before, rtol=0, atol=1e-5)
    for word in OLD_WORDS:
        own = still.subwords.rows[still.words.index(word)]
        np.testing.assert_allclose(own, old.subwords.rows[old.words.index(word)], rtol=0, atol=1e-5)
        np.testing.assert_allclose(row(still, word), row(old, word), rtol=0, atol=1e-5)
    assert np.abs(firth.train(new_text(), from_=old, **QUIET).subwords.rows[len(still) :] - before).max() > 1e-3


def test_counts_are_those_of_both_texts():
    old = old_vectors()
    vectors = firth.train(new_text(), from_=old, epochs=1, **QUIET)
    both = Counter(word for sentence in text(OLD_WORDS) + new_text() for word in sentence)
    assert dict(zip(vectors.words, vectors.counts.tolist(), strict=True)) == both
    assert vectors.counts.tolist() == sorted(both.values(), reverse=True)


def test_settings_are_inherited_but_for_the_schedule_and_the_vocabulary():
    given = {"architecture": "cbow", "cbow_sum": True, "window": 3, "fixed_window": True, "negatives": 2}
    given |= {"ns_exponent": 0.5, "subsample": 0.01, "minn": 2, "maxn": 3, "bucket": 50, "dim": 7, "lower": True}
    own = {"phrases": 1, "phrase_score": "npmi", "phrase_threshold": 0.99, "delimiter": "+"}
    own |= {"epochs": 2, "lr": 0.04, "min_lr": 0.01, "min_count": 2, "max_vocab": 50, "seed": 9, "errors": "strict"}
    old = firth.train(text(OLD_WORDS), **QUIET | given | own)
    config = firth.train(new_text(), from_=old, threads=2, quiet=True).config
    assert {name: config[name] for name in given} == given
    fresh = firth.train(new_text(), **given, threads=2, quiet=True).config
    assert {name: config[name] for name in own} == {name: fresh[name] for name in own}
    assert all(config[name] != own[name] for name in own)
    assert firth.train(new_text(), from_=old, **QUIET | {"window": 4}).config["window"] == 4


def test_the_tokenizer_is_inherited(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("Salt, pepper!\n" * 100, encoding="utf-8")
    old = firth.train(path, dim=4, tokenizer="words", lower=True, subsample=0, **QUIET)
    assert firth.train(path, from_=old, **QUIET).words == old.words == ["salt", "pepper"]


@pytest.mark.filterwarnings("ignore:subsampling keeps", "ignore:the run had")
@pytest.mark.parametrize(
    ("before", "after"),
    [({}, TREE), (TREE, {}), ({}, CBOW), (CBOW | {"cbow_sum": True}, {"architecture": "skipgram"}), (CBOW, TREE)],
)
def test_another_loss_or_architecture_has_its_own_defaults(before, after):
    """What belongs to the old one, as its negatives, is not inherited; the rest is, and the vectors are."""
    old = old_vectors(window=3, **before)
    chosen = {"loss": "negative-sampling"} | after if "loss" in before else after
    vectors = firth.train(new_text(), from_=old, **QUIET | chosen | {"epochs": 1, "lr": 1e-7, "min_lr": 0})
    wanted = firth.train(new_text(), **QUIET | before | chosen | {"cbow_sum": None}, epochs=1, lr=1e-7, min_lr=0)
    assert vectors.config == wanted.config | {"window": 3, "dim": 8}
    np.testing.assert_allclose(row(vectors, "old7"), row(old, "old7"), rtol=0, atol=1e-4)


def test_from_takes_a_path_or_vectors(tmp_path):
    old = old_vectors()
    old.save(tmp_path / "old.safetensors")
    of_vectors = firth.train(new_text(), from_=old, **QUIET)
    expect_same(firth.train(new_text(), from_=tmp_path / "old.safetensors", **QUIET), of_vectors)
    expect_same(firth.train(new_text(), from_=str(tmp_path / "old.safetensors"), **QUIET), of_vectors)
    with pytest.raises(FormatError, match="no such file"):
        firth.train(unread(), from_=tmp_path / "none.safetensors", **QUIET)


@pytest.mark.parametrize("freeze", [(), "all"])
@pytest.mark.parametrize("kind", [{}, CBOW, TREE], ids=["skip-gram", "cbow", "tree"])
def test_vectors_of_word2vec_s_text_have_neither_counts_nor_outside_vectors_nor_settings(tmp_path, kind, freeze):
    lines = [f"{word} {' '.join(str(i + place / 8) for place in range(4))}" for i, word in enumerate(OLD_WORDS)]
    (tmp_path / "old.txt").write_text(f"{len(lines)} 4\n" + "\n".join(lines) + "\n", encoding="utf-8")
    convert(tmp_path / "old.txt", tmp_path / "old.safetensors")
    old = firth.load(tmp_path / "old.safetensors")
    assert (old.outside, old.config, old.counts.any()) == (None, {}, False)
    settings = QUIET | kind | {"subsample": 0, "epochs": 1, "lr": 0.01}
    vectors = firth.train(new_text(), from_=tmp_path / "old.safetensors", freeze=freeze, **settings)
    assert vectors.config["dim"] == 4
    counts = Counter(word for sentence in new_text() for word in sentence)
    assert dict(zip(vectors.words, vectors.counts.tolist(), strict=True)) == dict.fromkeys(OLD_WORDS, 0) | counts
    for word in OLD_WORDS:
        same = row(vectors, word).tobytes() == row(old, word).tobytes()
        assert same == (freeze == "all" or word not in SHARED_WORDS)
    if "loss" not in kind:  # there were none to hold
        assert all(row(vectors, word, "outside").any() == (word in counts) for word in OLD_WORDS)


@pytest.mark.parametrize("kind", [TREE, TREE | CBOW], ids=["skip-gram", "cbow"])
@pytest.mark.filterwarnings("ignore:the vectors have not moved")
def test_nodes_go_on_where_the_tree_stays_and_begin_anew_where_not(kind):
    old = old_vectors(**kind)
    settings = QUIET | {"epochs": 1, "lr": 1e-9, "min_lr": 0}
    same = firth.train(text(OLD_WORDS), from_=old, **settings)
    np.testing.assert_allclose(same.nodes, old.nodes, rtol=0, atol=1e-4)
    assert np.abs(old.nodes).max() > 0.01
    longer = firth.train([[old.words[0]] * 9999], from_=old, **settings)
    assert longer.words == old.words
    new = firth.train(new_text(), from_=old, **settings)
    assert new.nodes.shape == (11, 8)
    for other in (longer, new):
        assert np.abs(other.nodes).max() < 1e-4


def test_saved_nodes_are_those_of_the_tree_of_saved_counts():
    """The loss of the first pairs, with nodes of 0, is ln 2 a branch: so its mean tells which tree it was."""
    from firth.reference import huffman

    old = firth.train([["a", "b"]] * 40 + [["b", "c"]] * 3, dim=4, **QUIET | TREE, subsample=0, epochs=20)
    new = [["c", "d"]] * 10
    vectors = firth.train(new, from_=old, **QUIET | {"epochs": 1, "lr": 1e-9, "min_lr": 0})
    lengths = {word: len(path[0]) for word, path in zip(vectors.words, huffman(vectors.counts), strict=True)}
    assert lengths == {"b": 1, "a": 2, "c": 3, "d": 3}
    assert vectors.history[0]["loss"] == pytest.approx(3 * np.log(2), rel=1e-5)


@pytest.mark.parametrize(
    ("before", "settings", "message"),
    [
        ({}, {"dim": 9}, r"start from have dimension 8, not dim = 9"),
        ({}, {"maxn": 3}, r"start from have no subwords, and the settings are \(3, 3, 2000000\): use theirs"),
        (SUBWORDS, {"bucket": 99}, r"have minn, maxn, bucket = 2, 3, 100, and the settings are \(2, 3, 99\): use"),
        (SUBWORDS, {"maxn": 4}, r"have minn, maxn, bucket = 2, 3, 100, and the settings are \(2, 4, 100\): use"),
        ({}, {"loss": "softmax"}, r"starts from the counts of the corpus, not from vectors: choose loss='negative-sam"),
        ({}, {"freeze": ["old0"], "maxn": 3}, "words made of subwords share their rows and cannot be frozen"),
        (SUBWORDS, {"freeze": "all"}, "words made of subwords share their rows and cannot be frozen"),
        (TREE, {"negatives": 5}, "negatives is no setting of skipgram with loss 'hierarchical-softmax'"),
    ],
)
def test_settings_that_do_not_fit_the_vectors_are_refused(before, settings, message):
    old = old_vectors(**before)
    with pytest.raises(ConfigError, match=message):
        firth.train(new_text(), from_=old, **QUIET | settings)


def test_a_new_text_without_a_known_or_frequent_word_is_refused():
    with pytest.raises(CorpusError, match="none of the 100 tokens of the corpus is among the 8 given words"):
        firth.train(text([f"x{i}" for i in range(50)], sentences=10), from_=old_vectors(), quiet=True, min_count=50)


def test_softmax_vectors_are_begun_with_by_another_loss():
    old = firth.train(text(OLD_WORDS), loss="softmax", dim=4, **QUIET)
    with pytest.raises(ConfigError, match="not from vectors"):
        firth.train(unread(), from_=old, quiet=True)
    with pytest.warns(UserWarning, match="subsampling keeps 10% of 2,000 tokens"):
        vectors = firth.train(new_text(), from_=old, loss="negative-sampling", **QUIET | {"lr": 1e-7, "min_lr": 0})
    assert vectors.config["subsample"] == 1e-3
    np.testing.assert_allclose(row(vectors, "old1"), row(old, "old1"), rtol=0, atol=1e-4)


@pytest.mark.filterwarnings("ignore:the vectors have not moved")
def test_transformed_vectors_are_begun_with_as_far_as_they_go():
    old = old_vectors(**SUBWORDS)
    for changed, subwords in ((centered(old), True), (normalized(old), False), (plus_outside(old), False)):
        assert changed.outside is None
        vectors = firth.train(new_text(), from_=changed, **QUIET | {"epochs": 1, "lr": 1e-9, "min_lr": 0})
        assert (vectors.subwords is not None) == subwords == (vectors.config["maxn"] > 0)
        assert "transforms" not in vectors.config
        np.testing.assert_allclose(row(vectors, "old1"), row(changed, "old1"), rtol=0, atol=1e-5)
    few = most_frequent(old_vectors(), 3)
    vectors = firth.train(new_text(), from_=few, **QUIET | {"epochs": 1, "lr": 1e-9, "min_lr": 0})
    for of in ("center", "outside"):
        np.testing.assert_allclose(row(vectors, few.words[2], of), row(few, few.words[2], of), rtol=0, atol=1e-5)
    small = reduced(old_vectors(), 5)
    assert firth.train(new_text(), from_=small, **QUIET).center.shape[1] == 5


# Frozen words.


@pytest.mark.parametrize("threads", [1, 2])
@every_kind
def test_frozen_words_stay_bit_for_bit(monkeypatch, kind, threads):
    monkeypatch.setattr(trainer, "CHUNK", 64)
    old = old_vectors(**kind)
    settings = QUIET | {"threads": threads, "lr": 0.05}
    frozen = ["old3", "old0", "old0"]
    vectors = firth.train(new_text(), from_=old, freeze=frozen, **settings)
    for word in SHARED_WORDS:
        for of in ("center",) if "loss" in kind else ("center", "outside"):
            same = row(vectors, word, of).tobytes() == row(old, word, of).tobytes()
            assert same == (word in frozen)
    free = firth.train(new_text(), from_=old, **settings)
    for word in ("old1", "new0"):
        assert np.abs(row(vectors, word) - row(free, word)).max() > 1e-3


def test_freeze_takes_words_or_a_file_or_all(tmp_path):
    old = old_vectors()
    path = tmp_path / "words.txt"
    path.write_text("old3 old0\nold3\n", encoding="utf-8")
    by_list = firth.train(new_text(), from_=old, freeze=["old3", "old0"], **QUIET)
    expect_same(firth.train(new_text(), from_=old, freeze=path, **QUIET), by_list)
    expect_same(firth.train(new_text(), from_=old, freeze=(word for word in ("old0", "old3")), **QUIET), by_list)
    every = firth.train(new_text(), from_=old, freeze=OLD_WORDS, **QUIET)
    expect_same(firth.train(new_text(), from_=old, freeze="all", **QUIET), every)
    assert row(every, "old1").tobytes() == row(old, "old1").tobytes() != row(by_list, "old1").tobytes()


@pytest.mark.parametrize("before", [{}, SUBWORDS], ids=["words", "subwords"])
def test_an_unknown_word_to_freeze_is_refused_with_the_nearest(before):
    old = old_vectors(**before)
    with pytest.raises(UnknownWordError, match=r"'lod0' is not among the 8 words .* nearest spellings are 'old0'"):
        firth.train(unread(), from_=old, freeze=["old1", "lod0"], quiet=True, maxn=0)


def test_freeze_needs_vectors_and_words():
    with pytest.raises(ConfigError, match=r"freeze names words of given vectors: give from_ \(--from\) too"):
        firth.train(unread(), freeze="all", quiet=True)
    with pytest.raises(ConfigError, match="freeze is 3: expected words, or the path of a file of words"):
        firth.train(unread(), from_=old_vectors(), freeze=3, quiet=True)


# What is said.


def test_a_run_from_vectors_says_what_it_will_do(capsys):
    old = old_vectors()
    settings = {"from_": old, "min_count": 1, "threads": 1, "lr": 0.04, "min_lr": 0.02, "epochs": 2}
    firth.train(new_text(), **settings)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == (
        "continuing from 8 words: 5 of them occur in this corpus, and 4 words are new; the learning rate falls from "
        "0.04 to 0.02, epochs: 2"
    )
    firth.train(new_text(), freeze=["old0", "old7", "old0"], **settings)
    assert (
        "continuing from 8 words (2 frozen): 5 of them occur in this corpus, and 4 words are new"
        in capsys.readouterr().err
    )
    firth.train(new_text(), vocab={"old0": 3, "new0": 2, "nowhere": 1, "neither": 1}, **settings)
    assert "continuing from 8 words: 5 of them occur in this corpus, and 3 words are new" in capsys.readouterr().err


# Presets.


@pytest.mark.filterwarnings("ignore:subsampling keeps", "ignore:the run had")
def test_a_preset_gives_the_settings_that_are_not_given(capsys):
    config = firth.train(new_text(), preset="items", epochs=2, dim=4, min_count=1, threads=1).config
    assert config == firth.train(new_text(), **PRESETS["items"] | QUIET | {"epochs": 2, "dim": 4}).config
    assert capsys.readouterr().err.splitlines()[0] == (
        "preset items: window 10, fixed_window True, update per-pair, ns_exponent -0.5"
    )
    with pytest.raises(ConfigError, match="preset is 'item': expected 'similarity', 'analogies' or 'items'"):
        firth.train(unread(), preset="item")


def test_a_preset_comes_before_what_is_inherited():
    old = old_vectors(ns_exponent=0.5, window=3)
    config = firth.train(new_text(), from_=old, preset="items", **QUIET | {"epochs": 1}).config
    assert (config["window"], config["ns_exponent"], config["epochs"]) == (10, -0.5, 1)
    config = firth.train(new_text(), from_=old_vectors(**TREE), preset="items", **QUIET | {"epochs": 1}).config
    assert (config["loss"], config["fixed_window"]) == ("hierarchical-softmax", True)


# Vocabularies and words to keep.


def test_vocab_is_taken_as_a_dict_a_file_or_from_vectors(tmp_path):
    counts = {"old2": 900, "old0": 50, "old1": 50, "old7": 4, "absent": 30}
    settings = {"dim": 4, "epochs": 1, "threads": 1, "quiet": True, "subsample": 0}
    by_dict = firth.train(text(OLD_WORDS), vocab=counts, **settings)
    assert (by_dict.words, by_dict.counts.tolist()) == (["old2", "old0", "old1", "absent"], [900, 50, 50, 30])
    assert row(by_dict, "absent", "outside").any()  # it is drawn as a negative, by its count
    path = tmp_path / "words.txt"
    path.write_text("".join(f"{word} {count}\n" for word, count in counts.items()), encoding="utf-8")
    by_dict.save(tmp_path / "v.safetensors")
    for given in (path, str(path), tmp_path / "v.safetensors", Counter(counts)):
        expect_same(firth.train(text(OLD_WORDS), vocab=given, **settings), by_dict)
    assert firth.train(text(OLD_WORDS), **settings).counts.tolist() != [900, 50, 50, 30]


def test_vocab_decides_over_subsampling():
    """Given a count that is nearly all of the text, a word is dropped nearly always; by its count here it stays."""
    sentences = [["rare", "salt"], ["rare", "pepper"]] * 500
    settings = QUIET | {"dim": 4, "epochs": 1, "window": 1}
    counted = firth.train(sentences, **settings | {"subsample": 0.5})
    assert counted.history[0]["pairs"] == 2000
    given = {"rare": 10**9, "salt": 10**6, "pepper": 10**6}
    with pytest.warns(UserWarning, match="the run had 40 pairs"):
        told = firth.train(sentences, vocab=given, **settings | {"subsample": 1e-3})
    assert told.history[0]["pairs"] == 40


@pytest.mark.filterwarnings("ignore:the run had")
def test_words_to_keep_survive_min_count(tmp_path):
    sentences = [["a", "b", "seldom", "a", "b"], ["a", "b", "once"]] + [["a", "b", "c"]] * 9
    settings = {"dim": 4, "epochs": 1, "threads": 1, "quiet": True, "subsample": 0}
    kept = firth.train(sentences, keep_words=["once", "seldom"], **settings)
    assert (kept.words, kept.counts.tolist()) == (["a", "b", "c", "seldom", "once"], [12, 12, 9, 1, 1])
    path = tmp_path / "keep.txt"
    path.write_text("once\nseldom\n", encoding="utf-8")
    expect_same(firth.train(sentences, keep_words=path, **settings), kept)
    assert firth.train(sentences, **settings).words == ["a", "b", "c"]
    assert firth.train(sentences, keep_words=["once"], max_vocab=2, **settings).words == ["a", "once"]
    with pytest.warns(UserWarning, match="1 of the 2 words to keep is not in the corpus: 'never'"):
        firth.train(sentences, keep_words=["once", "never"], **settings)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"vocab": {}}, VocabularyError, "the vocabulary is empty"),
        ({"vocab": {"a": -1}}, VocabularyError, "the count of 'a' is -1"),
        ({"vocab": ["a", "b"]}, VocabularyError, "expected the path of a file, or words and their counts in a dict"),
        ({"vocab": "none.txt"}, FormatError, "none.txt: there is no such file"),
        ({"keep_words": "none.txt"}, FormatError, "none.txt: there is no such file"),
        ({"keep_words": 3}, ConfigError, "keep_words is 3: expected words, or the path of a file of words"),
        ({"connectors": ["of"]}, ConfigError, r"connectors are words inside phrases: give phrases \(--phrases\) too"),
        ({"connectors": 5, "phrases": 1}, ConfigError, "connectors is 5: expected words, or the path"),
        ({"connectors": [5.0], "phrases": 1}, ConfigError, r"connectors is \[5\.0\]: expected words, or the path"),
    ],
)
def test_what_is_no_vocabulary_is_refused_before_reading(monkeypatch, tmp_path, given, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        firth.train(unread(), quiet=True, **given)


# Phrases.


def letters():
    """Text in which "new york" and "bank of america" stand together, among much else."""
    rng = np.random.default_rng(3)
    lines = []
    for _ in range(400):
        words = [f"w{i}" for i in rng.integers(40, size=8)]
        words[rng.integers(8)] = rng.choice(["new york", "bank of america", "of"])
        lines.append(" ".join(words))
    return lines


@pytest.mark.parametrize(
    "kind", [{}, {"phrase_score": "npmi", "phrases": 2}, CBOW | TREE | SUBWORDS | {"delimiter": "~"}]
)
def test_phrases_in_training_are_those_that_are_joined_before(tmp_path, kind):
    path, joined = tmp_path / "text.txt", tmp_path / "joined.txt"
    path.write_text("\n".join(letters()), encoding="utf-8")
    settings = {"phrases": 1, "phrase_threshold": 10.0} | kind
    if "phrase_score" in kind:
        settings["phrase_threshold"] = 0.5
    phrase_settings = PhraseSettings(
        settings["phrases"],
        settings.get("phrase_score", "count"),
        settings["phrase_threshold"],
        settings.get("delimiter", "_"),
        frozenset(["of"]),
    )
    join_text(path, joined, phrase_settings)
    train = {"dim": 8, "epochs": 2, "threads": 1, "quiet": True}
    inside = firth.train(path, connectors=["of"], **train | settings)
    before = firth.train(joined, **train | {name: kind[name] for name in kind if name in (*CBOW, *TREE, *SUBWORDS)})
    expect_same(inside, before)
    mark = settings.get("delimiter", "_")
    assert {f"new{mark}york", f"bank{mark}of{mark}america", "of"} <= set(inside.words)
    assert inside.history[0]["loss"] == before.history[0]["loss"]
    (tmp_path / "of.txt").write_text("of\n", encoding="utf-8")
    expect_same(firth.train(path, connectors=tmp_path / "of.txt", **train | settings), inside)
    assert f"bank{mark}of{mark}america" not in firth.train(path, **train | settings | {"phrases": 1}).words


def test_phrases_read_a_text_once(monkeypatch, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(letters()), encoding="utf-8")
    settings = {"dim": 8, "epochs": 2, "phrases": 2, "phrase_threshold": 10, "connectors": ["of"], "threads": 1}
    expected = firth.train(path, **settings, quiet=True)
    expect_same(firth.train((line.split() for line in letters()), **settings, quiet=True), expected)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join(letters()).encode())))
    expect_same(firth.train("-", **settings, quiet=True), expected)


def test_tokens_of_a_run_with_phrases_are_those_read(capsys):
    settings = {"dim": 4, "epochs": 1, "threads": 1, "subsample": 0}
    vectors = firth.train([line.split() for line in letters()], phrases=1, phrase_threshold=10, **settings)
    read = sum(len(line.split()) for line in letters())
    assert re.search(rf"^read {read:,} tokens", capsys.readouterr().err)
    assert (
        vectors.history[0]["tokens"]
        == read
        == 400 * 8 + sum(line.count("new") + 2 * line.count("bank") for line in letters())
    )


# What is refused or said before the corpus is read.


@pytest.mark.parametrize("settings", [{"dim": 9}, {"maxn": 6}])
def test_vectors_that_do_not_fit_are_refused_before_reading(settings):
    with pytest.raises(ConfigError, match="the vectors to start from have"):
        firth.train(unread(), from_=old_vectors(), quiet=True, **settings)


@pytest.mark.parametrize(("kind", "name"), [({}, "center"), ({}, "outside"), (TREE, "nodes"), (SUBWORDS, "subwords")])
def test_a_nan_in_the_vectors_to_start_from_is_named(kind, name):
    parts = old_vectors(**kind).parts()
    ngrams = parts["subwords"]
    broken = np.array(ngrams.rows if name == "subwords" else parts[name])
    broken[-1, -1] = np.nan
    parts[name] = Subwords(ngrams.minn, ngrams.maxn, ngrams.bucket, broken) if name == "subwords" else broken
    old = WordVectors(**parts)
    shown = "center" if name == "subwords" else name
    with pytest.raises(firth.FormatError, match=f"the {shown} vectors to start from hold a NaN"):
        firth.train(unread(), from_=old, quiet=True)


def test_words_that_might_not_be_centers_cannot_be_kept():
    with pytest.raises(ConfigError, match="might be outside words only"):
        firth.train(unread(), loss="softmax", max_vocab=4, keep_words=["old7"], quiet=True)


def test_going_on_without_phrases_is_said(capsys):
    joined = [["old", "town", "x"], ["y", "old", "town"], ["x", "y", "z"]] * 50
    settings = {"min_count": 1, "threads": 1, "dim": 4, "subsample": 0, "epochs": 5}
    old = firth.train(joined, phrases=1, phrase_threshold=0.5, quiet=True, **settings)
    assert "old_town" in old
    firth.train(joined, from_=old, **settings)
    assert "those words include phrases: give phrases (--phrases)" in capsys.readouterr().err
    firth.train(joined, from_=old, phrases=1, phrase_threshold=0.5, **settings)
    assert "include phrases" not in capsys.readouterr().err


# Equal runs, equal files.


def file_of_run(path, **settings):
    """The checksum of the file that a run gives."""
    vectors = firth.train(text(OLD_WORDS), **QUIET | {"dim": 8, "epochs": 3, "subsample": 0, "seed": 5} | settings)
    assert all(entry["seconds"] > 0 for entry in vectors.history)
    vectors.save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", [*KINDS.values(), SUBWORDS], ids=[*KINDS, "subwords"])
def test_equal_runs_with_one_thread_give_equal_files(tmp_path, kind):
    one, other, another = (file_of_run(tmp_path / "v.safetensors", **kind, seed=seed) for seed in (5, 5, 6))
    assert one == other != another


def test_the_exact_softmax_gives_equal_files_with_any_number_of_threads(tmp_path):
    settings = {"loss": "softmax", "subsample": 0}
    found = [file_of_run(tmp_path / "v.safetensors", **settings, threads=threads) for threads in (1, 1, 2)]
    assert len(set(found)) == 1
    assert found[0] != file_of_run(tmp_path / "v.safetensors", **settings, window=3)


# Documents.

FOOD, WEATHER = ["salt", "pepper", "dish", "spoon"], ["wind", "rain", "storm", "cloud"]
DOCUMENTS = QUIET | {"documents": True, "dim": 8, "epochs": 10, "subsample": 0, "lr": 0.05}


def about(parts=60, seed=0):
    """Documents about food and weather in turn, each third line blank, and the tag of each."""
    rng = np.random.default_rng(seed)
    lines, tags = [], []
    for part in range(parts):
        lines += [rng.choice(FOOD, 12).tolist(), rng.choice(WEATHER, 12).tolist(), []]
        tags += [["food", f"f{part}"], ["weather"], "blank"]
    return lines, tags


def test_every_line_has_a_vector_and_documents_about_the_same_are_near():
    lines, _ = about()
    vectors = firth.train(lines, **DOCUMENTS)
    assert vectors.config["documents"] is True
    assert vectors.documents.matrix.shape == (len(lines), 8)
    assert vectors.documents.names is None
    for row in (0, 1, 30):
        near = [other for other, _ in vectors.documents.nearest(row, 10)]
        assert sum(other % 3 == row % 3 for other in near) >= 9


def test_tags_take_the_place_of_lines(tmp_path):
    lines, tags = about()
    text, file = tmp_path / "text", tmp_path / "tags"
    text.write_text("".join(" ".join(line) + "\n" for line in lines))
    file.write_text("".join((tag if isinstance(tag, str) else " ".join(tag)) + "\n" for tag in tags))
    vectors = firth.train(lines, tags=tags, **DOCUMENTS)
    assert vectors.documents.names[:5] == ["food", "f0", "weather", "blank", "f1"]
    assert len(vectors.documents) == 3 + 60
    assert vectors.documents.nearest(vectors["rain"], 1)[0][0] == "weather"
    again = firth.train(text, tags=file, **DOCUMENTS)
    assert again.documents.names == vectors.documents.names
    assert again.documents.matrix.tobytes() == vectors.documents.matrix.tobytes()
    expect_same(again, vectors)


def test_tags_and_documents_are_told(capsys):
    lines, tags = about(30)
    firth.train(lines, tags=tags, **DOCUMENTS | {"quiet": False, "epochs": 1})
    told = capsys.readouterr().err.splitlines()
    assert "90 documents, with 33 different tags" in told
    assert "30 of them have no word of the vocabulary: nothing is learned of their vectors" in told
    firth.train(lines, **DOCUMENTS | {"quiet": False, "epochs": 1})
    assert "90 documents" in capsys.readouterr().err.splitlines()


def test_tags_need_documents_and_an_entry_a_line():
    lines, tags = about(3)
    with pytest.raises(
        ConfigError, match=r"tags are a setting of document vectors: give documents \(--documents\) too"
    ):
        firth.train(unread(), tags=tags, **QUIET)
    with pytest.raises(CorpusError, match="entries: 8; lines of the corpus: 9"):
        firth.train(lines, tags=tags[1:], **DOCUMENTS)


def test_a_document_of_one_word_has_a_pair():
    vectors = firth.train([["salt"], ["rain"]] * 500, **DOCUMENTS | {"epochs": 3})
    assert vectors.history[-1]["pairs"] == 1000
    assert vectors.similarity("salt", "rain") < 1


def test_documents_are_inherited_where_the_vectors_have_them():
    lines, tags = about(20)
    old = firth.train(lines, tags=tags, documents_alone=True, **DOCUMENTS)
    on = firth.train(lines, from_=old, tags=tags, epochs=1, lr=1e-7, min_lr=0, **QUIET)
    assert on.config["documents_alone"] is True
    np.testing.assert_allclose(on.documents["food"], old.documents["food"], atol=1e-4)
    plain = most_frequent(plus_outside(old), 8)
    assert plain.documents is None
    assert firth.train(lines, from_=plain, epochs=1, subsample=0, **QUIET).documents is None
    alone = firth.train(lines, from_=old, documents=False, epochs=1, subsample=0, **QUIET)
    assert (alone.documents, alone.config["documents_alone"]) == (None, False)
    cbow = firth.train(lines, from_=old, architecture="cbow", epochs=1, subsample=0, **QUIET)
    assert (cbow.config["documents"], cbow.config["documents_alone"]) == (True, False)


def test_vectors_of_before_deterministic_was_a_setting_are_begun_with():
    old = old_vectors()
    del old.config["deterministic"]
    assert "new0" in firth.train(new_text(), from_=old, epochs=1, **QUIET)
