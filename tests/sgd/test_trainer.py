"""Training on made corpora whose right answer is known, its schedule and history, and what stops it."""

import dataclasses
import itertools
import math
import threading
import time

import numpy as np
import pytest

import firth
from firth import reference
from firth.check import exercise as check_exercise
from firth.corpus.encode import build_corpus
from firth.corpus.subsampling import keep_thresholds
from firth.declaring import BOTH
from firth.errors import ConfigError, CorpusError, FirthError, VocabularyError
from firth.settings import CHOICES, Reading, TrainConfig
from firth.sgd import trainer
from firth.sgd._tokens import SPAN
from firth.sgd.trainer import SgdTrainer
from firth.sgd.worker import Worker
from firth.vectors.subwords import ngram_rows

pytestmark = pytest.mark.filterwarnings("ignore:subsampling keeps", "ignore:the run had", "ignore:the loss, ")
"""Little text says what is right, and learning rates near 0 keep vectors where they are; tests/run has the warnings."""

UPDATES = CHOICES["update"]
TREE = {"loss": "hierarchical-softmax"}
CBOW = {"architecture": "cbow"}
WHOLE_WORDS = {
    "shared": {},
    "per-pair": {"update": "per-pair"},
    "tree": TREE,
    "cbow": CBOW,
    "cbow-sum": CBOW | {"cbow_sum": True},
    "cbow-tree": CBOW | TREE,
    "cbow-sum-tree": CBOW | TREE | {"cbow_sum": True},
}
SUBWORDS = {"minn": 2, "maxn": 3, "bucket": 200}
KINDS = WHOLE_WORDS | {f"{name}-subwords": kind | SUBWORDS for name, kind in WHOLE_WORDS.items()}
"""All kinds of training by sampling or by a tree: the settings of each."""

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
EXACT = {"subsample": 0, "fixed_window": True, "min_count": 1, "threads": 1, "quiet": True}


def topics(sentences=400, length=12, seed=0, words=8):
    """Each sentence takes its words from one of two topics, a0.. or b0.. up to the number of words of each."""
    rng = np.random.default_rng(seed)
    names = rng.choice(["a", "b"], size=sentences)
    return [[f"{name}{i}" for i in rng.integers(words, size=length)] for name in names]


def twins(sentences=4000, seed=0):
    """Words left0 and right0 never meet, but stand between the same neighbours, as do left1 and right1, and so on."""
    rng = np.random.default_rng(seed)
    choices = zip(rng.integers(6, size=sentences), rng.choice(["left", "right"], size=sentences), strict=True)
    return [[f"before{i}", f"{side}{i}", f"after{i}"] for i, side in choices]


def disguised(sentences):
    """The sentences with six random letters for each word, whose n-grams give nothing away; and the words of these."""
    rng, names = np.random.default_rng(1), {}
    for word in sorted({word for sentence in sentences for word in sentence}):
        names[word] = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), size=6))
    assert len(set(names.values())) == len(names)
    return [[names[word] for word in sentence] for sentence in sentences], {name: word for word, name in names.items()}


def ignore(progress):
    pass


def parts(vectors):
    """All the numbers that a run has learned, in bytes."""
    of_subwords = vectors.subwords.rows if vectors.subwords is not None else None
    arrays = (vectors.center, vectors.outside, vectors.nodes, of_subwords)
    return [array.tobytes() for array in arrays if array is not None]


def same_bytes(a, b):
    """Whether two runs, or the vectors of two, are the same."""
    if isinstance(a, SgdTrainer):
        return a.center.tobytes() == b.center.tobytes() and a.outside.tobytes() == b.outside.tobytes()
    return parts(a) == parts(b)


@pytest.fixture
def corpus(tmp_path):
    with build_corpus(topics(), min_count=1, reading=Reading(tmp=tmp_path)) as corpus:
        yield corpus


def make_config(**settings):
    return TrainConfig(**({"dim": 8, "epochs": 2, "min_count": 1, "threads": 1} | settings))


# The right answer is known.


@pytest.mark.parametrize("threads", [1, 2])
@every_kind
def test_words_of_one_topic_are_neighbours(monkeypatch, kind, threads):
    monkeypatch.setattr(trainer, "CHUNK", 256)
    text, meaning = disguised(topics())
    settings = {"dim": 10, "epochs": 10, "lr": 0.025, "threads": threads, "subsample": 0, "quiet": True}
    vectors = firth.train(text, **settings | kind)
    assert sorted(map(meaning.get, vectors.words)) == [f"{topic}{i}" for topic in "ab" for i in range(8)]
    for word in vectors.words:
        assert {meaning[near][0] for near, _ in vectors.neighbors(word, k=7)} == {meaning[word][0]}
    losses = [epoch["loss"] for epoch in vectors.history]
    assert losses[-1] < losses[0] - 0.05


@pytest.mark.parametrize("threads", [1, 2])
@every_kind
def test_words_that_share_contexts_are_nearest_neighbours(monkeypatch, kind, threads):
    monkeypatch.setattr(trainer, "CHUNK", 256)
    text, meaning = disguised(twins())
    names = {word: name for name, word in meaning.items()}
    settings = {"dim": 20, "window": 2, "epochs": 15, "lr": 0.05, "threads": threads, "subsample": 0, "quiet": True}
    vectors = firth.train(text, **settings | kind)
    for i in range(6):
        left, right = names[f"left{i}"], names[f"right{i}"]
        assert vectors.neighbors(left, k=1)[0][0] == right
        assert vectors.neighbors(right, k=1)[0][0] == left


@pytest.mark.parametrize("kind", [{}, TREE, CBOW, CBOW | TREE], ids=["shared", "tree", "cbow", "cbow-tree"])
def test_words_never_seen_are_near_those_that_share_their_n_grams(kind):
    """All words of a topic end alike; the vector of a new word with that ending is of the topic."""
    endings = {"a": "olum", "b": "etix"}
    text = [[f"{'bcdfghjk'[int(word[1])]}{endings[word[0]]}" for word in sentence] for sentence in topics()]
    settings = {"dim": 10, "epochs": 10, "lr": 0.05, "minn": 3, "maxn": 4, "bucket": 5000}
    vectors = firth.train(text, **EXACT | settings | kind)
    for ending in endings.values():
        for new in (f"z{ending}", f"xy{ending}"):
            assert new not in vectors
            assert {near[1:] for near, _ in vectors.neighbors(new, k=8)} == {ending}
    settings = {name: value for name, value in settings.items() if name not in SUBWORDS}
    with pytest.raises(firth.UnknownWordError):
        firth.train(text, **EXACT | settings | kind)["zolum"]


@every_kind
def test_the_first_loss_is_ln_2_an_output(kind):
    """All scores are 0 at the start: a pair is a yes and `negatives` noes, or the branches on the path of its word."""
    text = [["a"] * 8, ["b", "a"] * 3, ["c", "a", "d"], ["c", "b"]]
    settings = {"dim": 4, "epochs": 1, "lr": 1e-9, "min_lr": 0, "negatives": 3, "window": 2}
    if "loss" in kind:  # a: 12, b: 4, c: 2, d: 1
        outputs, _ = {"a": 1, "b": 2, "c": 3, "d": 3}, settings.pop("negatives")
    else:
        outputs = dict.fromkeys("abcd", 4)
    total = pairs = 0
    for sentence in text:
        for place, word in enumerate(sentence):
            around = len(sentence[max(0, place - 2) : place + 3]) - 1
            uses = 1 if "architecture" in kind else around
            total, pairs = total + uses * outputs[word], pairs + uses
    (epoch,) = firth.train(text, **EXACT | settings | kind).history
    assert epoch["pairs"] == pairs
    assert epoch["loss"] == pytest.approx(total / pairs * math.log(2), rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "walked"),
    [
        ({"update": "shared"}, {}),
        ({"update": "per-pair"}, {"shared": False}),
        ({"architecture": "cbow"}, {"cbow": "mean"}),
        ({"architecture": "cbow", "cbow_sum": True}, {"cbow": "sum"}),
        ({"loss": "hierarchical-softmax"}, {}),
        ({"loss": "hierarchical-softmax", "architecture": "cbow"}, {"cbow": "mean"}),
        ({"minn": 2, "maxn": 3, "bucket": 50}, {}),
        ({"minn": 2, "maxn": 3, "bucket": 50, "architecture": "cbow"}, {"cbow": "mean"}),
        ({"minn": 2, "maxn": 3, "bucket": 50, "loss": "hierarchical-softmax"}, {}),
    ],
)
def test_a_run_is_the_walk_in_plain_python(tmp_path, settings, walked):
    """Initial vectors, keys, tables and schedule of two epochs, from nothing but the settings."""
    config = make_config(**{"subsample": 0.05, "window": 3, "lr": 0.02, "seed": 7} | settings)
    with build_corpus(topics(80), min_count=1, reading=Reading(tmp=tmp_path)) as corpus:
        run = SgdTrainer(corpus, config)
        run.run(ignore)
        words, counts, tokens = corpus.vocab.words, corpus.vocab.counts, len(corpus.ids)
        sentences = [corpus.ids[a:b].tolist() for a, b in itertools.pairwise(corpus.offsets)]
    assert tokens < min(run._span, SPAN)  # or subwords would be taken apart in between

    def key(epoch, purpose):
        return check_exercise.draw(check_exercise.draw(check_exercise.draw(7, 0), epoch), purpose)

    tree = config.loss == "hierarchical-softmax"
    n, dim = len(counts), config.dim
    rows = n + (config.bucket if config.maxn else 0)
    units = np.array([(check_exercise.draw(key(0, 0), i) >> 40) / 2**24 for i in range(rows * dim)])
    center = ((units - 0.5) / dim).reshape(rows, dim).astype(np.float32)
    step = (config.min_lr - 0.02) / (2 * tokens)
    exercise = check_exercise.Exercise(
        sentences,
        center,
        np.zeros((n - tree, dim), np.float32),
        window=3,
        fixed_window=False,
        keep=np.rint(reference.keep_probability(counts, counts.sum(), 0.05) * 2**32).astype(np.int64) - 1,
        noise=reference.noise_distribution(counts, 0.75),
        tree=counts.tolist() if tree else None,
        ngrams=ngram_rows(words, config.minn, config.maxn, config.bucket) if config.maxn else None,
        **walked,
    )
    for epoch in (1, 2):
        before = dataclasses.replace(
            exercise,
            token_key=key(epoch, 1),
            noise_key=key(epoch, 2),
            lr=0.02 + step * tokens * (epoch - 1),
            slope=step,
        )
        expected = check_exercise.walk(before)
        exercise = dataclasses.replace(exercise, center=expected.center, outside=expected.outside)
        assert run.state.history[epoch - 1]["pairs"] == expected.pairs
        assert run.state.history[epoch - 1]["loss"] == pytest.approx(expected.loss / expected.pairs, rel=1e-5)
    np.testing.assert_allclose(run.center[:, :dim], expected.center, rtol=0, atol=1e-4)
    np.testing.assert_allclose(run.outside[:, :dim], expected.outside, rtol=0, atol=1e-4)


# One seed, one answer.


@every_kind
def test_one_thread_gives_identical_bytes(kind):
    settings = {"dim": 10, "epochs": 2, "quiet": True, "threads": 1} | kind
    first, second, other = (firth.train(topics(), seed=seed, **settings) for seed in (3, 3, 4))
    assert same_bytes(first, second)
    assert not same_bytes(first, other)
    for a, b in zip(first.history, second.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def trained_in_chunks(monkeypatch, corpus, chunk, kind):
    monkeypatch.setattr(trainer, "CHUNK", chunk)
    run = SgdTrainer(corpus, make_config(**kind))
    assert run.run(ignore)
    return run


@pytest.mark.parametrize("kind", WHOLE_WORDS.values(), ids=WHOLE_WORDS)
def test_the_size_of_a_chunk_changes_nothing(monkeypatch, corpus, kind):
    whole = trained_in_chunks(monkeypatch, corpus, 1 << 15, kind)
    for chunk in (7, 1000, len(corpus.ids)):
        cut = trained_in_chunks(monkeypatch, corpus, chunk, kind)
        assert same_bytes(cut, whole)
        for a, b in zip(cut.state.history, whole.state.history, strict=True):
            assert a["pairs"] == b["pairs"]
            assert a["loss"] == pytest.approx(b["loss"], rel=1e-6)


@pytest.mark.parametrize("kind", [SUBWORDS, SUBWORDS | CBOW | TREE], ids=["skip-gram", "cbow-tree"])
def test_words_of_subwords_are_taken_apart_at_the_end_of_a_chunk(monkeypatch, corpus, kind):
    """So a chunk matters, as the order of steps does; the same tokens and draws lead to about the same loss."""
    whole = trained_in_chunks(monkeypatch, corpus, 1 << 15, kind)
    cut = trained_in_chunks(monkeypatch, corpus, 100, kind)
    for a, b in zip(cut.state.history, whole.state.history, strict=True):
        assert a["pairs"] == b["pairs"]
        assert a["loss"] == pytest.approx(b["loss"], rel=0.01)


@every_kind
def test_two_threads_reach_about_the_loss_of_one(monkeypatch, kind):
    """200 words: where 16 or so share n-grams, both threads step on the same rows all the time, and overshoot."""
    monkeypatch.setattr(trainer, "CHUNK", 256)
    text, _ = disguised(topics(2000, words=100))
    settings = {"dim": 10, "epochs": 4, "fixed_window": True, "subsample": 0, "quiet": True} | kind
    one, two = (firth.train(text, threads=threads, **settings) for threads in (1, 2))
    for a, b in zip(one.history, two.history, strict=True):
        assert a["pairs"] == b["pairs"]
        assert a["loss"] == pytest.approx(b["loss"], rel=0.05)
    assert a["loss"] == pytest.approx(b["loss"], rel=0.01)


def test_many_more_threads_than_chunks_train_every_token_once(corpus):
    run = SgdTrainer(corpus, make_config(threads=5, subsample=0, fixed_window=True))
    assert run.run(ignore)
    assert [epoch["pairs"] for epoch in run.state.history] == [count_pairs(topics(), 5)] * 2


# History.


def count_pairs(sentences, window):
    return sum(0 < abs(t - s) <= window for words in sentences for t in range(len(words)) for s in range(len(words)))


def test_history_has_one_entry_an_epoch():
    vectors = firth.train(topics(), dim=10, epochs=4, lr=0.04, min_lr=0.01, **EXACT)
    assert [list(entry) for entry in vectors.history] == [["epoch", "loss", "pairs", "tokens", "seconds", "lr"]] * 4
    assert [entry["epoch"] for entry in vectors.history] == [1, 2, 3, 4]
    assert [entry["pairs"] for entry in vectors.history] == [count_pairs(topics(), 5)] * 4
    assert [entry["tokens"] for entry in vectors.history] == [400 * 12] * 4
    assert [entry["lr"] for entry in vectors.history] == pytest.approx([0.0325, 0.025, 0.0175, 0.01])
    assert all(entry["seconds"] > 0 for entry in vectors.history)
    losses = [entry["loss"] for entry in vectors.history]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] + 0.1
    assert losses[0] < 6 * math.log(2) + 0.1


@pytest.mark.parametrize("kind", [CBOW, CBOW | TREE, CBOW | SUBWORDS], ids=["sampling", "tree", "subwords"])
def test_the_pairs_of_cbow_are_its_windows(kind):
    """A word alone in its sentence has no window; nor have those whose neighbours are all rare, or out of reach."""
    text = [["a", "b", "c"]] * 5 + [["a"]] * 7 + [["b", "rare", "c"]] + [["a", "rarer"]] + [["c", "a", "a", "c"]]
    for window in (1, 5):
        settings = {"dim": 4, "epochs": 2, "window": window, "fixed_window": False} | kind
        vectors = firth.train(text, **EXACT | {"min_count": 5} | settings)
        assert vectors.words == ["a", "c", "b"]
        assert [epoch["pairs"] for epoch in vectors.history] == [5 * 3 + 2 + 4] * 2
        assert [epoch["tokens"] for epoch in vectors.history] == [5 * 3 + 7 + 3 + 2 + 4] * 2


def test_tokens_are_raw_and_pairs_are_of_kept_words():
    """Sentences close up over a rare word, so its neighbours are neighbours of each other."""
    sentences = [["a", f"rare{i}", "b", "c"] for i in range(20)] + [["a"], ["rare"]]
    vectors = firth.train(sentences, dim=4, window=1, epochs=1, **EXACT | {"min_count": 5})
    (entry,) = vectors.history
    assert vectors.words == ["a", "b", "c"]
    assert vectors.counts.tolist() == [21, 20, 20]
    assert entry["tokens"] == 82
    assert entry["pairs"] == count_pairs([["a", "b", "c"]] * 20, 1) == 80


def test_max_vocab_keeps_the_most_frequent_words():
    sentences = [["a", "b", "c", "d", "e", "f"]] * 3 + [["d", "f", "f", "b"]] * 5
    vectors = firth.train(sentences, dim=4, epochs=1, max_vocab=3, **EXACT)
    assert vectors.words == ["f", "b", "d"]
    assert vectors.counts.tolist() == [13, 8, 8]
    assert vectors.center.shape == vectors.outside.shape == (3, 4)
    assert vectors.history[0]["pairs"] == count_pairs([["b", "d", "f"]] * 3 + [["d", "f", "f", "b"]] * 5, 5)


def test_the_result_carries_its_settings_and_finite_vectors():
    vectors = firth.train(topics(), dim=17, epochs=1, threads=2, window=3, quiet=True)
    assert vectors.config["dim"] == 17
    assert vectors.config["threads"] == 2
    assert vectors.config == TrainConfig(dim=17, epochs=1, threads=2, window=3).as_dict()
    for matrix in (vectors.center, vectors.outside):
        assert matrix.shape == (16, 17)
        assert matrix.dtype == np.float32
        assert np.isfinite(matrix).all()
        assert matrix.any(axis=1).all()


@every_kind
def test_what_a_run_learned_is_saved_and_loaded(tmp_path, kind):
    vectors = firth.train(topics(), **EXACT | {"dim": 7, "epochs": 1} | kind)
    assert (vectors.outside is None) == ("loss" in kind)
    if "loss" in kind:
        assert vectors.nodes.shape == (15, 7)
        assert vectors.nodes.any(axis=1).all()
    else:
        assert vectors.nodes is None
        assert vectors.outside.shape == (16, 7)
        assert vectors.outside.any(axis=1).all()
    assert (vectors.subwords is not None) == ("maxn" in kind)
    if "maxn" in kind:
        rows, (offsets, of_words) = vectors.subwords.rows, ngram_rows(vectors.words, 2, 3, 200)
        assert rows.shape == (16 + 200, 7)
        means = [rows[of_words[a:b]].astype(np.float64).mean(axis=0) for a, b in itertools.pairwise(offsets)]
        np.testing.assert_allclose(vectors.center, means, rtol=0, atol=1e-6)
    vectors.save(tmp_path / "v.safetensors")
    loaded = firth.load(tmp_path / "v.safetensors")
    assert same_bytes(loaded, vectors)
    assert (loaded.words, loaded.config) == (vectors.words, vectors.config)
    without_seconds = [{name: entry[name] for name in entry if name != "seconds"} for entry in vectors.history]
    assert loaded.history == without_seconds
    if "maxn" in kind:
        assert loaded["never"].tobytes() == vectors["never"].tobytes()
        assert np.isfinite(loaded["never"]).all()


@pytest.mark.parametrize("kind", [TREE, TREE | CBOW, TREE | SUBWORDS], ids=["skip-gram", "cbow", "subwords"])
def test_the_tree_of_one_word_is_refused(kind):
    with pytest.raises(VocabularyError, match="needs a tree of two words and 'a' is the only one: give more text, or"):
        firth.train([["a"] * 50], dim=4, epochs=2, **EXACT | kind)
    assert len(firth.train([["a", "b"] * 50], dim=4, epochs=1, **EXACT | kind).nodes) == 1


def test_one_word_trains_without_negatives():
    vectors = firth.train([["a"] * 50], dim=4, epochs=2, **EXACT)
    assert vectors.words == ["a"]
    assert vectors.history[-1]["pairs"] == count_pairs([["a"] * 50], 5)
    assert 0 < vectors.history[-1]["loss"] < vectors.history[0]["loss"] < math.log(2)


def test_progress_runs_from_the_first_epoch_to_the_last(monkeypatch, corpus):
    monkeypatch.setattr(trainer, "CHUNK", 100)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    seen = []
    run = SgdTrainer(corpus, make_config(epochs=3, lr=0.04, min_lr=0.01))
    run.run(seen.append)
    ends = [progress for progress in seen if progress.epoch_seconds is not None]
    assert [progress.epoch for progress in ends] == [1, 2, 3]
    assert [progress.tokens for progress in ends] == [4800, 9600, 14400]
    assert [progress.loss for progress in ends] == [entry["loss"] for entry in run.state.history]
    assert [progress.lr for progress in ends] == pytest.approx([0.03, 0.02, 0.01])
    assert [progress.tokens for progress in seen] == sorted(progress.tokens for progress in seen)
    assert {(progress.epochs, progress.total_tokens) for progress in seen} == {(3, 14400)}
    assert all(1 <= progress.epoch <= 3 for progress in seen)


# What is refused.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"windw": 5}, "unknown setting 'windw': did you mean 'window'?"),
        ({"negative": 5}, "firth calls it 'negatives'"),
        ({"threads": 0}, "threads is 0: expected a whole number from 1"),
        ({"dim": 0}, "dim is 0: expected a whole number from 1"),
        ({"dim": 2.5}, "dim is 2.5"),
        ({"epochs": -1}, "epochs is -1"),
        ({"window": True}, "window is True"),
        ({"min_lr": 0.1, "lr": 0.05}, "min_lr is 0.1, above lr, 0.05"),
        ({"lr": math.nan}, "lr is nan"),
        ({"subsample": -1}, "subsample is -1"),
        ({"update": "other"}, "update is 'other': expected 'shared' or 'per-pair'"),
        ({"architecture": "cbow", "update": "shared"}, "update is no setting of cbow with loss 'negative-sampling'"),
        (TREE | {"negatives": 5}, "negatives is no setting of skipgram with loss 'hierarchical-softmax'"),
        ({"keep_word": ["a"]}, "unknown setting 'keep_word': did you mean 'keep_words'?"),
        ({"maxn": 2}, "maxn is 2, below minn, 3"),
        ({"phrases": 1, "phrase_threshold": -1}, "threshold is -1.0: expected a number, 0 or more for score 'count'"),
        ({"phrases": 1, "delimiter": " "}, "delimiter is ' ': expected a text without white space"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_read(settings, message):
    def never():
        raise AssertionError("the corpus was read")
        yield

    with pytest.raises(ConfigError) as error:
        firth.train(never(), quiet=True, **settings)
    assert message in str(error.value)


@pytest.mark.parametrize("architecture", ["skipgram", "cbow", "nonsense"])
@pytest.mark.parametrize("loss", ["negative-sampling", "softmax", "hierarchical-softmax", "nonsense"])
def test_a_loss_and_architecture_trains_or_is_refused(loss, architecture):
    settings = {"loss": loss, "architecture": architecture, "dim": 4, "epochs": 1}
    if (loss, architecture) != ("softmax", "cbow") and "nonsense" not in (loss, architecture):
        config = firth.train(topics(), **EXACT, **settings).config
        assert (config["loss"], config["architecture"]) == (loss, architecture)
    else:
        with pytest.raises(ConfigError, match=r"expected|for CBOW, choose negative-sampling or hierarchical-softmax"):
            firth.train(topics(), **EXACT, **settings)


@pytest.mark.parametrize("threads", [1, 2])
@every_kind
def test_divergence_is_an_error_that_says_what_to_do(kind, threads):
    with pytest.raises(FirthError, match=r"training diverged in epoch 1: .* use a learning rate below 1000 \(lr\)"):
        firth.train(topics(), dim=8, lr=1000, threads=threads, subsample=0, quiet=True, **kind)


@every_kind
def test_a_loss_far_above_that_of_the_start_is_divergence(monkeypatch, kind):
    """Five negatives and a yes, or a path of one branch, at ln 2 each; the kernels' steps are next to nothing."""
    settings = EXACT | {"dim": 4, "lr": 1e-9, "min_lr": 0, "epochs": 1} | kind
    monkeypatch.setattr(trainer, "HOPELESS", 1.01)
    assert firth.train([["a", "b"] * 9], **settings)
    monkeypatch.setattr(trainer, "HOPELESS", 0.99)
    with pytest.raises(FirthError, match="training diverged in epoch 1"):
        firth.train([["a", "b"] * 9], **settings)


@every_kind
def test_a_corpus_without_a_pair_is_refused(kind):
    with pytest.raises(CorpusError, match="no pair of words") as error:
        firth.train([["a"], ["b"], ["a"]] * 10, dim=4, **EXACT | kind)
    assert "give longer sentences" in str(error.value)


@pytest.mark.parametrize("dim", [8, 16])
@pytest.mark.parametrize(
    "kind", [{}, TREE, CBOW | SUBWORDS, {"loss": BOTH}], ids=["skip-gram", "tree", "n-grams", "both"]
)
def test_the_result_takes_the_memory_of_training(corpus, kind, dim):
    run = SgdTrainer(corpus, make_config(dim=dim, **kind))
    run.run(ignore)
    seen, center = run.vectors(), run.center
    given = run.snapshot().parts
    assert not np.shares_memory(seen.center, center)
    assert run.config.maxn or np.shares_memory(given["center"], center)
    matrices = [run.center, run.outside]
    result = run.release()
    for name in ("center", "outside", "nodes"):
        before, after = getattr(seen, name), getattr(result, name)
        assert (before is None) == (after is None)
        if after is not None:
            np.testing.assert_array_equal(after, before)
            assert after.flags.c_contiguous
            copied = (name == "center" and run.config.maxn) or (name == "nodes" and result.outside is not None)
            assert copied or any(np.shares_memory(after, matrix) for matrix in matrices)
    if run.config.maxn:
        np.testing.assert_array_equal(result.subwords.rows, seen.subwords.rows)
        assert np.shares_memory(result.subwords.rows, center)


def test_matrices_that_do_not_fit_the_memory_are_refused(monkeypatch, corpus):
    monkeypatch.setattr(trainer, "physical_memory", lambda: 1e6)
    with pytest.raises(ConfigError, match="lower dim, raise min_count or set max_vocab"):
        SgdTrainer(corpus, make_config(dim=8192))


def test_the_rows_of_n_grams_take_memory_too(monkeypatch, corpus):
    """A row of an n-gram takes 64 bytes, as do those of 16 words, which are there three times."""
    monkeypatch.setattr(trainer, "physical_memory", lambda: 1e6)
    assert SgdTrainer(corpus, make_config(dim=16, maxn=3, bucket=15500))
    for kind in ({}, TREE):
        with pytest.raises(ConfigError, match=r"16 words of dimension 16 need .* lower dim, or bucket, raise min"):
            SgdTrainer(corpus, make_config(dim=16, maxn=3, bucket=15700, **kind))


# What stops a run, and how it goes on.


@pytest.fixture
def stopped(monkeypatch):
    """Set when a run is told to stop; until then its threads wait at token 640, to be caught in the middle."""
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 0.001)
    event, train_span, stop = threading.Event(), Worker.train_span, trainer._Spans.stop

    def train_and_wait(worker, ids, offsets, start, *rest):
        if start >= 640:
            event.wait(timeout=60)
        train_span(worker, ids, offsets, start, *rest)

    def stop_and_tell(spans):
        stop(spans)
        event.set()

    monkeypatch.setattr(Worker, "train_span", train_and_wait)
    monkeypatch.setattr(trainer._Spans, "stop", stop_and_tell)
    return event


@pytest.fixture
def uninterrupted(corpus):
    run = SgdTrainer(corpus, make_config())
    assert run.run(ignore)
    return run


def assert_went_on_as_if_uninterrupted(run, uninterrupted):
    assert same_bytes(run, uninterrupted)
    assert len(run.state.history) == 2
    for a, b in zip(run.state.history, uninterrupted.state.history, strict=True):
        assert {**a, "seconds": 0, "loss": 0} == {**b, "seconds": 0, "loss": 0}
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-6)


def interrupt_in(epoch, stopped):
    def on_progress(progress):
        if progress.epoch_seconds is not None:
            stopped.clear()
        elif progress.tokens > 4800 * (epoch - 1):
            raise KeyboardInterrupt

    if epoch > 1:
        stopped.set()
    return on_progress


@pytest.mark.parametrize("epoch", [1, 2])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(uninterrupted, stopped, corpus, epoch):
    run = SgdTrainer(corpus, make_config())
    with pytest.raises(KeyboardInterrupt):
        run.run(interrupt_in(epoch, stopped))
    assert 0 < run.state.position <= 704
    assert run.state.position % 64 == 0
    assert len(run.state.history) == epoch - 1
    assert 0 < run.state.loss / run.state.pairs < 6 * math.log(2) + 1
    assert run.state.seconds > 0
    assert np.isfinite(run.vectors().center).all()
    assert run.run(ignore)
    assert_went_on_as_if_uninterrupted(run, uninterrupted)


def test_an_interruption_between_epochs_loses_nothing(uninterrupted, corpus):
    def at_the_end(progress):
        if progress.epoch_seconds is not None:
            raise KeyboardInterrupt

    run = SgdTrainer(corpus, make_config())
    for epochs in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            run.run(at_the_end)
        assert (len(run.state.history), run.state.position) == (epochs, 0)
    assert run.run(ignore)
    assert_went_on_as_if_uninterrupted(run, uninterrupted)


def test_an_interruption_stops_all_threads(stopped, corpus):
    run = SgdTrainer(corpus, make_config(threads=3, fixed_window=True, subsample=0))
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run.run(interrupt_in(1, stopped))
    assert threading.active_count() == before
    assert 0 < run.state.position <= 640 + 3 * 64
    assert run.state.position % 64 == 0
    assert run.run(ignore)
    assert [epoch["pairs"] for epoch in run.state.history] == [count_pairs(topics(), 5)] * 2


def test_a_run_of_no_seconds_stops_and_goes_on(uninterrupted, stopped, corpus):
    run = SgdTrainer(corpus, make_config())
    stops = []
    while not run.run(ignore, pause=lambda: True):
        stops.append((len(run.state.history), run.state.position))
    assert stops[0][0] == 0
    assert stops[0][1] <= 704
    assert stops == sorted(stops)
    assert all(position % 64 == 0 for _, position in stops)
    assert_went_on_as_if_uninterrupted(run, uninterrupted)


def test_a_finished_run_does_nothing_more(uninterrupted):
    before = uninterrupted.vectors()
    assert uninterrupted.run(ignore)
    assert same_bytes(before, uninterrupted.vectors())
    assert len(uninterrupted.state.history) == 2


def test_an_error_in_a_thread_is_raised_and_stops_the_others(monkeypatch, stopped, corpus):
    run = SgdTrainer(corpus, make_config(threads=2))
    train_span = Worker.train_span

    def breaks(worker, ids, offsets, start, *rest):
        if start == 320:
            raise RuntimeError("broken")
        train_span(worker, ids, offsets, start, *rest)

    monkeypatch.setattr(Worker, "train_span", breaks)
    with pytest.raises(RuntimeError, match="broken"):
        run.run(ignore)
    assert run.state.position <= 704


def test_vectors_are_a_copy(corpus):
    run = SgdTrainer(corpus, make_config())
    before = run.vectors()
    assert not before.outside.any()
    assert before.history == []
    run.run(ignore)
    assert not before.outside.any()
    assert before.history == []


def test_keep_thresholds_reach_the_kernel(corpus):
    """A subsample that keeps a tenth of the tokens leaves about a hundredth of the pairs of a wide window."""
    settings = {"window": 20, "fixed_window": True, "epochs": 1}
    whole, part = (SgdTrainer(corpus, make_config(subsample=t, **settings)) for t in (0, 5e-4))
    for run in (whole, part):
        run.run(ignore)
    keep = (keep_thresholds(corpus.vocab.counts, part.config.subsample) + 1) / 2**32
    expected = np.mean(keep) ** 2
    assert part.state.history[0]["pairs"] / whole.state.history[0]["pairs"] == pytest.approx(expected, rel=0.15)


def test_a_span_that_takes_longer_than_a_look_is_no_divergence(monkeypatch):
    """The loss of a span counts when its pairs do, not while the kernel adds it up."""
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 0.005)
    train_span = Worker.train_span

    def slow(worker, ids, offsets, start, stop, *rest):
        if stop > start:
            worker._arrays["loss"][0] += 1e9
            time.sleep(0.05)
            worker._arrays["loss"][0] -= 1e9
        train_span(worker, ids, offsets, start, stop, *rest)

    monkeypatch.setattr(Worker, "train_span", slow)
    vectors = firth.train([["salt", "pepper"]] * 50, dim=4, min_count=1, subsample=0, epochs=2, threads=2, quiet=True)
    assert vectors.history[-1]["pairs"] == 100


def test_given_matrices_are_trained_in_place():
    config = TrainConfig(dim=8, min_count=1, threads=1, epochs=1)
    with build_corpus(topics(), min_count=1) as corpus:
        own, first = SgdTrainer(corpus, config), SgdTrainer(corpus, config)
        matrices = first.center, first.outside
        given = SgdTrainer(corpus, config, matrices=matrices)
        assert given.center is matrices[0]
        own.run(ignore)
        given.run(ignore)
    for mine, trained in zip(matrices, (own.center, own.outside), strict=True):
        assert np.array_equal(mine, trained)
    assert np.array_equal(given.vectors().outside, own.vectors().outside)


def test_the_slots_of_deterministic_training_count_as_memory(monkeypatch):
    """8 shards may copy 8,192 rows of U each, of 16 numbers here, and each row of V and U takes 16 bytes."""
    matrices, copies = 2 * 10_000 * 16 * 4, 8 * 8192 * 16 * 4 + 2 * 10_000 * 16
    for deterministic, need in ((False, matrices), (True, matrices + copies)):
        config = TrainConfig(dim=16, deterministic=deterministic)
        monkeypatch.setattr(trainer, "physical_memory", lambda need=need: need)
        trainer._check_memory(10_000, 10_000, 10_000, config)
        monkeypatch.setattr(trainer, "physical_memory", lambda need=need: need - 1)
        with pytest.raises(ConfigError, match="10,000 words of dimension 16 need"):
            trainer._check_memory(10_000, 10_000, 10_000, config)
