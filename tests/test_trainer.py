"""Training on made corpora whose right answer is known, its schedule and history, and what stops it."""

import dataclasses
import itertools
import math
import threading
import time

import numpy as np
import pytest

import firth
from firth import check_kernels, objective, reference, trainer
from firth.config import CHOICES, TrainConfig
from firth.corpus import build_corpus
from firth.errors import ConfigError, CorpusError, FirthError
from firth.kernels import span
from firth.subwords import ngram_rows
from firth.trainer import Trainer

UPDATES = CHOICES["update"]
EXACT = {"subsample": 0, "fixed_window": True, "min_count": 1, "threads": 1, "quiet": True}


def topics(sentences=400, length=12, seed=0):
    """Each sentence takes its words from one of two topics, a0..a7 or b0..b7."""
    rng = np.random.default_rng(seed)
    names = rng.choice(["a", "b"], size=sentences)
    return [[f"{name}{i}" for i in rng.integers(8, size=length)] for name in names]


def twins(sentences=4000, seed=0):
    """Words left0 and right0 never meet, but stand between the same neighbours, as do left1 and right1, and so on."""
    rng = np.random.default_rng(seed)
    choices = zip(rng.integers(6, size=sentences), rng.choice(["left", "right"], size=sentences), strict=True)
    return [[f"before{i}", f"{side}{i}", f"after{i}"] for i, side in choices]


def ignore(progress):
    pass


def same_bytes(a, b):
    return a.center.tobytes() == b.center.tobytes() and a.outside.tobytes() == b.outside.tobytes()


@pytest.fixture
def corpus(tmp_path):
    with build_corpus(topics(), min_count=1, folder=tmp_path) as corpus:
        yield corpus


def make_config(**settings):
    return TrainConfig(**({"dim": 8, "epochs": 2, "min_count": 1, "threads": 1} | settings))


# The right answer is known.


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("update", UPDATES)
def test_words_of_one_topic_are_neighbours(update, threads):
    vectors = firth.train(topics(), dim=10, epochs=10, lr=0.05, update=update, threads=threads, subsample=0, quiet=True)
    assert sorted(vectors.words) == [f"{topic}{i}" for topic in "ab" for i in range(8)]
    for word in vectors.words:
        assert {near[0] for near, _ in vectors.neighbors(word, k=7)} == {word[0]}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("update", UPDATES)
def test_words_that_share_contexts_are_nearest_neighbours(update, threads):
    settings = {"update": update, "threads": threads, "subsample": 0, "quiet": True}
    vectors = firth.train(twins(), dim=20, window=2, epochs=15, lr=0.05, **settings)
    for i in range(6):
        assert vectors.neighbors(f"left{i}", k=1)[0][0] == f"right{i}"
        assert vectors.neighbors(f"right{i}", k=1)[0][0] == f"left{i}"


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
    with build_corpus(topics(300), min_count=1, folder=tmp_path) as corpus:
        run = Trainer(corpus, config)
        run.run(ignore)
        words, counts, tokens = corpus.vocab.words, corpus.vocab.counts, len(corpus.ids)
        sentences = [corpus.ids[a:b].tolist() for a, b in itertools.pairwise(corpus.offsets)]
    assert tokens < min(run._span, span.SPAN)  # or subwords would be taken apart in between

    def key(epoch, purpose):
        return check_kernels.draw(check_kernels.draw(check_kernels.draw(7, 0), epoch), purpose)

    tree = config.loss == "hierarchical-softmax"
    n, dim = len(counts), config.dim
    rows = n + (config.bucket if config.maxn else 0)
    units = np.array([(check_kernels.draw(key(0, 0), i) >> 40) / 2**24 for i in range(rows * dim)])
    center = ((units - 0.5) / dim).reshape(rows, dim).astype(np.float32)
    step = (config.min_lr - 0.02) / (2 * tokens)
    exercise = check_kernels.Exercise(
        sentences,
        center,
        np.zeros((n - tree, dim), np.float32),
        window=3,
        fixed_window=False,
        keep=np.rint(reference.keep_probability(counts, counts.sum(), 0.05) * 2**32).astype(np.int64) - 1,
        noise=reference.noise_distribution(counts, 0.75),
        tree=counts.tolist() if tree else None,
        grams=ngram_rows(words, config.minn, config.maxn, config.bucket) if config.maxn else None,
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
        expected = check_kernels.walk(before)
        exercise = dataclasses.replace(exercise, center=expected.center, outside=expected.outside)
        assert run.state.history[epoch - 1]["pairs"] == expected.pairs
        assert run.state.history[epoch - 1]["loss"] == pytest.approx(expected.loss / expected.pairs, rel=1e-5)
    np.testing.assert_allclose(run.center[:, :dim], expected.center, rtol=0, atol=1e-4)
    np.testing.assert_allclose(run.outside[:, :dim], expected.outside, rtol=0, atol=1e-4)


# One seed, one answer.


@pytest.mark.parametrize("update", UPDATES)
def test_one_thread_gives_identical_bytes(update):
    settings = {"dim": 10, "epochs": 2, "update": update, "quiet": True, "threads": 1}
    first, second, other = (firth.train(topics(), seed=seed, **settings) for seed in (3, 3, 4))
    assert same_bytes(first, second)
    assert not same_bytes(first, other)
    for a, b in zip(first.history, second.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


@pytest.mark.parametrize("update", UPDATES)
def test_the_size_of_a_chunk_changes_nothing(monkeypatch, corpus, update):
    def trained(chunk):
        monkeypatch.setattr(trainer, "CHUNK", chunk)
        run = Trainer(corpus, make_config(update=update))
        assert run.run(ignore)
        return run

    whole = trained(1 << 15)
    for chunk in (7, 1000, len(corpus.ids)):
        cut = trained(chunk)
        assert same_bytes(cut, whole)
        for a, b in zip(cut.state.history, whole.state.history, strict=True):
            assert a["pairs"] == b["pairs"]
            assert a["loss"] == pytest.approx(b["loss"], rel=1e-6)


@pytest.mark.parametrize("update", UPDATES)
def test_two_threads_reach_about_the_loss_of_one(monkeypatch, update):
    monkeypatch.setattr(trainer, "CHUNK", 256)
    settings = {"dim": 10, "epochs": 4, "update": update, "fixed_window": True, "subsample": 0, "quiet": True}
    one, two = (firth.train(topics(2000), threads=threads, **settings) for threads in (1, 2))
    for a, b in zip(one.history, two.history, strict=True):
        assert a["pairs"] == b["pairs"]
        assert a["loss"] == pytest.approx(b["loss"], rel=0.1)
    assert a["loss"] == pytest.approx(b["loss"], rel=0.02)


def test_many_more_threads_than_chunks_train_every_token_once(corpus):
    run = Trainer(corpus, make_config(threads=5, subsample=0, fixed_window=True))
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


def test_one_word_trains_without_negatives():
    vectors = firth.train([["a"] * 50], dim=4, epochs=2, **EXACT)
    assert vectors.words == ["a"]
    assert vectors.history[-1]["pairs"] == count_pairs([["a"] * 50], 5)
    assert 0 < vectors.history[-1]["loss"] < vectors.history[0]["loss"] < math.log(2)


def test_progress_runs_from_the_first_epoch_to_the_last(monkeypatch, corpus):
    monkeypatch.setattr(trainer, "CHUNK", 100)
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 1e-4)
    seen = []
    run = Trainer(corpus, make_config(epochs=3, lr=0.04, min_lr=0.01))
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
        ({"negative": 5}, "did you mean 'negatives'?"),
        ({"threads": 0}, "threads is 0: expected a whole number from 1"),
        ({"dim": 0}, "dim is 0: expected a whole number from 1"),
        ({"dim": 2.5}, "dim is 2.5"),
        ({"epochs": -1}, "epochs is -1"),
        ({"window": True}, "window is True"),
        ({"min_lr": 0.1, "lr": 0.05}, "min_lr is 0.1, above lr, 0.05"),
        ({"lr": math.nan}, "lr is nan"),
        ({"subsample": -1}, "subsample is -1"),
        ({"update": "other"}, "update is 'other': expected 'shared' or 'per-pair'"),
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
    if loss in CHOICES["loss"] and architecture in CHOICES["architecture"]:
        assert firth.train(topics(), **EXACT, **settings).config["loss"] == loss
    else:
        with pytest.raises(ConfigError, match="expected"):
            firth.train(topics(), **EXACT, **settings)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("update", UPDATES)
def test_divergence_is_an_error_that_says_what_to_do(update, threads):
    with pytest.raises(FirthError, match=r"training diverged in epoch 1: .* use a learning rate below 1000 \(lr\)"):
        firth.train(topics(), dim=8, lr=1000, update=update, threads=threads, subsample=0, quiet=True)


@pytest.mark.parametrize("update", UPDATES)
def test_a_corpus_without_a_pair_is_refused(update):
    with pytest.raises(CorpusError, match="no pair of words") as error:
        firth.train([["a"], ["b"], ["a"]] * 10, dim=4, update=update, **EXACT)
    assert "give longer sentences" in str(error.value)


def test_matrices_that_do_not_fit_the_memory_are_refused(monkeypatch, corpus):
    monkeypatch.setattr(trainer, "physical_memory", lambda: 1e6)
    with pytest.raises(ConfigError, match="lower dim, raise min_count or set max_vocab"):
        Trainer(corpus, make_config(dim=8192))


# What stops a run, and how it goes on.


@pytest.fixture
def stopped(monkeypatch):
    """Set when a run is told to stop; until then its threads wait at token 640, to be caught in the middle."""
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 0.001)
    event, train_span, stop = threading.Event(), trainer._Worker.train_span, trainer._Spans.stop

    def train_and_wait(worker, corpus, start, *rest):
        if start >= 640:
            event.wait(timeout=60)
        train_span(worker, corpus, start, *rest)

    def stop_and_tell(spans):
        stop(spans)
        event.set()

    monkeypatch.setattr(trainer._Worker, "train_span", train_and_wait)
    monkeypatch.setattr(trainer._Spans, "stop", stop_and_tell)
    return event


@pytest.fixture
def uninterrupted(corpus):
    run = Trainer(corpus, make_config())
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
    run = Trainer(corpus, make_config())
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

    run = Trainer(corpus, make_config())
    for epochs in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            run.run(at_the_end)
        assert (len(run.state.history), run.state.position) == (epochs, 0)
    assert run.run(ignore)
    assert_went_on_as_if_uninterrupted(run, uninterrupted)


def test_an_interruption_stops_all_threads(stopped, corpus):
    run = Trainer(corpus, make_config(threads=3, fixed_window=True, subsample=0))
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run.run(interrupt_in(1, stopped))
    assert threading.active_count() == before
    assert 0 < run.state.position <= 640 + 3 * 64
    assert run.state.position % 64 == 0
    assert run.run(ignore)
    assert [epoch["pairs"] for epoch in run.state.history] == [count_pairs(topics(), 5)] * 2


def test_a_run_of_no_seconds_stops_and_goes_on(uninterrupted, stopped, corpus):
    run = Trainer(corpus, make_config())
    stops = []
    while not run.run(ignore, seconds=0):
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
    run = Trainer(corpus, make_config(threads=2))
    train_span = trainer._Worker.train_span

    def breaks(worker, corpus, start, *rest):
        if start == 320:
            raise RuntimeError("broken")
        train_span(worker, corpus, start, *rest)

    monkeypatch.setattr(trainer._Worker, "train_span", breaks)
    with pytest.raises(RuntimeError, match="broken"):
        run.run(ignore)
    assert run.state.position <= 704


def test_vectors_are_a_copy(corpus):
    run = Trainer(corpus, make_config())
    before = run.vectors()
    assert not before.outside.any()
    assert before.history == []
    run.run(ignore)
    assert not before.outside.any()
    assert before.history == []


def test_keep_thresholds_reach_the_kernel(corpus):
    """A subsample that keeps a tenth of the tokens leaves about a hundredth of the pairs of a wide window."""
    settings = {"window": 20, "fixed_window": True, "epochs": 1}
    whole, part = (Trainer(corpus, make_config(subsample=t, **settings)) for t in (0, 5e-4))
    for run in (whole, part):
        run.run(ignore)
    keep = (objective.keep_thresholds(corpus.vocab.counts, part.config) + 1) / 2**32
    expected = np.mean(keep) ** 2
    assert part.state.history[0]["pairs"] / whole.state.history[0]["pairs"] == pytest.approx(expected, rel=0.15)


def test_a_span_that_takes_longer_than_a_look_is_no_divergence(monkeypatch):
    """The loss of a span counts when its pairs do, not while the kernel adds it up."""
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 0.005)
    train_span = trainer._Worker.train_span

    def slow(worker, corpus, start, stop, *rest):
        if stop > start:
            worker._loss[0] += 1e9
            time.sleep(0.05)
            worker._loss[0] -= 1e9
        train_span(worker, corpus, start, stop, *rest)

    monkeypatch.setattr(trainer._Worker, "train_span", slow)
    vectors = firth.train([["salt", "pepper"]] * 50, dim=4, min_count=1, subsample=0, epochs=2, threads=2, quiet=True)
    assert vectors.history[-1]["pairs"] == 100
