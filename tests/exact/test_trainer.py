"""The exact softmax trainer: its figures by the reference, its form, its bytes, and what stops it."""

import dataclasses
import itertools
import math
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import firth
from firth import reference
from firth.corpus.encode import build_corpus
from firth.errors import ConfigError, CorpusError, FirthError, FormatError
from firth.exact import counting as cooccurrence
from firth.exact import plan, update
from firth.exact import trainer as exact
from firth.exact.counting import count_pairs
from firth.exact.trainer import ExactTrainer
from firth.files.tensors import read_tensors, write_tensors
from firth.run import train as train_module
from firth.run.checkpoint import STATE, Checkpoint
from firth.settings import TrainConfig
from firth.training import PartProgress, PassProgress
from firth.vectors.container import from_file
from firth.vectors.storage import pack

SAMPLE = Path(firth.__file__).parent / "data" / "sample.txt.xz"
SETTINGS = {"loss": "softmax", "dim": 6, "min_count": 1, "threads": 1}
NAIVE = {"fixed_window": True, "subsample": 0}


def zipf(words=60, sentences=150, length=12, seed=0):
    """Sentences of words with Zipf's counts, half of each sentence's words from one of some topics."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, words + 1)
    drawn = rng.choice(words, size=(sentences, length), p=weights / weights.sum())
    of_topic = (drawn // 10 * 10 + rng.integers(10, size=(sentences, 1))) % words
    ids = np.where(rng.random(drawn.shape) < 0.5, of_topic, drawn)
    return [[f"w{i}" for i in row] for row in ids]


def train(sentences, **settings):
    return firth.train(sentences, **SETTINGS | {"quiet": True} | settings)


def ignore(progress):
    pass


def known_ids(sentences, words):
    """The sentences as ids of the given words, others left out."""
    ids = {word: i for i, word in enumerate(words)}
    return [[ids[word] for word in sentence if word in ids] for sentence in sentences]


def expected_counts(sentences, vectors):
    """X (n, m) by the reference."""
    total = Counter(itertools.chain(*sentences))
    counts = np.array([total[word] for word in vectors.outside_words])
    keep = reference.keep_probability(counts, counts.sum(), vectors.config["subsample"])
    ids = known_ids(sentences, vectors.outside_words)
    window = vectors.config["window"]
    return reference.expected_pairs(ids, keep, window, vectors.config["fixed_window"])[: len(vectors)]


def model(vectors):
    """V and U in float64 as the objective knows them: without the mixture, the bias being one more dimension."""
    outside = vectors.outside.astype(np.float64)
    center = vectors.center - vectors.config["mix"] * outside[: len(vectors)]
    return np.c_[center, np.ones(len(center))], np.c_[outside, vectors.bias]


def same_bytes(a, b):
    arrays = ("center", "outside", "bias")
    return all(getattr(a, name).tobytes() == getattr(b, name).tobytes() for name in arrays)


def losses(vectors):
    return [entry["loss"] for entry in vectors.history]


def without_seconds(history):
    return [{**entry, "seconds": 0} for entry in history]


# The figures.


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mix": 0},
        {"mix": 2.5, "window": 1},
        {"fixed_window": True, "window": 3, "subsample": 0},
        {"subsample": 0.05, "dim": 100},
        {"max_vocab": 20, "subsample": 0.01},
        {"max_vocab": 20, "outside_vocab": 20},
        {"max_vocab": 20, "outside_vocab": 33, "threads": 3},
        {"max_vocab": 1000},
    ],
    ids=str,
)
def test_figures_are_those_of_the_reference(monkeypatch, settings):
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    vectors = train(zipf(), epochs=4, **settings)
    n, m = len(vectors), len(vectors.outside_words)
    assert (n, m) == {1000: (60, 60), 20: (20, settings.get("outside_vocab", 40))}.get(
        settings.get("max_vocab"), (60, 60)
    )
    counts = expected_counts(zipf(), vectors)
    pairs, sums = counts.sum(), counts.sum(axis=1)
    entry = vectors.history[-1]
    assert entry["pairs"] == pytest.approx(pairs, rel=1e-6)
    assert entry["loss"] == pytest.approx(reference.exact_objective(*model(vectors), counts)[0] / pairs, rel=1e-5)
    entropy = sums @ reference.entropy(counts / sums[:, None]) / pairs
    center, outside = model(vectors)
    kl = sums @ reference.kl_divergence(counts / sums[:, None], reference.softmax(center @ outside.T)) / pairs
    assert entry["entropy"] == pytest.approx(entropy, rel=1e-5)
    assert entry["kl"] == pytest.approx(kl, abs=1e-5 * entropy)
    assert entry["perplexity"] == pytest.approx(math.exp(entry["loss"]), rel=1e-12)
    for entry in vectors.history:
        assert entry["kl"] == entry["loss"] - entry["entropy"] > 0


def test_the_loss_is_the_mean_of_the_naive_softmax_over_all_pairs():
    sentences = zipf(words=15, sentences=20, length=8)
    vectors = train(sentences, window=2, epochs=3, **NAIVE)
    total, pairs = 0.0, 0
    for ids in known_ids(sentences, vectors.words):
        mean, _, _ = reference.corpus_objective(ids, 2, *model(vectors), reference.naive_softmax)
        total += len(ids) * mean
        pairs += sum(len(reference.window_ids(ids, position, 2)) for position in range(len(ids)))
    assert vectors.history[-1]["pairs"] == pairs
    assert vectors.history[-1]["loss"] == pytest.approx(total / pairs, rel=1e-5)


def test_history_has_one_entry_a_pass():
    vectors = train(zipf(), epochs=5, lr=0.3, min_lr=0.1)
    keys = ["epoch", "loss", "pairs", "tokens", "seconds", "lr", "entropy", "kl", "perplexity"]
    assert [list(entry) for entry in vectors.history] == [keys] * 5
    assert [entry["epoch"] for entry in vectors.history] == [1, 2, 3, 4, 5]
    assert {entry["tokens"] for entry in vectors.history} == {150 * 12}
    assert [entry["lr"] for entry in vectors.history] == pytest.approx([0.3, 0.25, 0.2, 0.15, 0.1])
    assert all(entry["seconds"] > 0 for entry in vectors.history)


def test_with_as_many_dimensions_as_words_the_loss_nears_the_entropy():
    sentences = zipf(words=12, sentences=200)
    few, many = (train(sentences, dim=dim, epochs=60, **NAIVE) for dim in (2, 16))
    assert few.history[-1]["kl"] > 0.02
    assert many.history[0]["kl"] > 10 * many.history[-1]["kl"]
    assert 0 <= many.history[-1]["kl"] < 1e-3


def test_the_bias_alone_learns_how_frequent_words_are():
    """With words in no order at all, P(outside | center) is nearly the share of the outside word."""
    rng = np.random.default_rng(0)
    sentences = [[f"w{i}" for i in rng.choice(4, size=30, p=[0.4, 0.3, 0.2, 0.1])] for _ in range(300)]
    vectors = train(sentences, dim=1, epochs=10, **NAIVE)
    shares = expected_counts(sentences, vectors).sum(axis=0)
    np.testing.assert_allclose(np.exp(vectors.bias), shares / shares.sum(), rtol=0.02)


# The form.


def test_the_gauge_is_fixed_and_mix_adds_the_outside_vectors():
    plain, mixed = (train(zipf(), max_vocab=20, epochs=3, mix=mix) for mix in (0, 0.7))
    assert plain.outside.tobytes() == mixed.outside.tobytes()
    assert plain.bias.tobytes() == mixed.bias.tobytes()
    np.testing.assert_allclose(mixed.center, plain.center + 0.7 * plain.outside[:20], atol=1e-6)
    np.testing.assert_allclose(plain.center.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(plain.outside.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(plain.center.T @ plain.center, plain.outside.T @ plain.outside, atol=1e-4)
    assert np.exp(plain.bias.astype(float)).sum() == pytest.approx(1, rel=1e-5)


def test_the_result_is_saved_and_loaded_whole(tmp_path):
    vectors = train(zipf(), max_vocab=20, epochs=2)
    vectors.save(tmp_path / "v.safetensors")
    again = firth.load(tmp_path / "v.safetensors")
    assert same_bytes(vectors, again)
    assert again.words == vectors.words
    assert again.outside_words == vectors.outside_words
    assert again.words == again.outside_words[:20]
    assert again.config == {name: value for name, value in vectors.config.items() if name != "threads"}
    assert without_seconds(again.history) == without_seconds(vectors.history)
    assert not any("seconds" in entry for entry in again.history)


# One seed, one answer.


@pytest.mark.parametrize("dim", [37, 200])
def test_bytes_are_the_same_with_any_number_of_threads(dim):
    sentences = zipf(words=700, sentences=600, length=20)
    one, *others = (train(sentences, dim=dim, epochs=2, threads=threads) for threads in (1, 2, 3))
    for other in others:
        assert same_bytes(one, other)
        assert without_seconds(one.history) == without_seconds(other.history)


def test_another_seed_is_another_start_that_leads_to_about_the_same_loss():
    one, other = (train(zipf(words=200), dim=10, seed=seed) for seed in (1, 2))
    assert not same_bytes(one, other)
    assert one.history[-1]["loss"] == pytest.approx(other.history[-1]["loss"], rel=0.01)


OTHER_BLAS = """
import sys
sys.path.insert(0, sys.argv[1])
import test_trainer as test_exact
vectors = test_exact.train(test_exact.zipf(words=300, sentences=300), dim=60, epochs=4)
vectors.save(sys.argv[2])
"""


def test_threads_of_the_matrix_library_change_nothing(tmp_path):
    found = []
    for threads in ("1", "2"):
        path = tmp_path / f"{threads}.safetensors"
        names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        command = [sys.executable, "-c", OTHER_BLAS, os.path.dirname(__file__), str(path)]
        run = subprocess.run(
            command, env=os.environ | dict.fromkeys(names, threads), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        found.append(firth.load(path))
    assert same_bytes(*found)
    assert losses(found[0]) == losses(found[1])


# The way down.


def test_on_real_text_the_loss_falls_with_every_pass():
    vectors = train(SAMPLE, max_vocab=1000, dim=40, threads=2, min_count=5)
    falls = -np.diff(losses(vectors))
    assert len(falls) == TrainConfig(loss="softmax").epochs - 1
    assert (falls > 0).all()
    assert losses(vectors)[0] - losses(vectors)[-1] > 0.08
    assert vectors.history[-1]["kl"] < 0.3


def test_a_rise_halves_the_step_and_forgets_the_velocities(monkeypatch):
    with build_corpus(zipf(), min_count=1) as corpus:
        config = TrainConfig(**SETTINGS | {"lr": 6, "min_lr": 6, "epochs": 12})
        run = ExactTrainer(corpus, count_pairs(corpus, config), config)
        seen = []

        def look(progress):
            if progress.epoch_seconds is not None:
                moving = any(v.any() for v in (run.velocity_center, run.velocity_outside, run.velocity_bias))
                seen.append((progress.loss, moving))

        assert run.run(look)
    found = [loss for loss, _ in seen]
    rates = [entry["lr"] for entry in run.state.history]
    rises = [i for i in range(1, len(found)) if found[i] > found[i - 1]]
    assert rises
    assert len(rises) < 8
    for i in range(1, len(found)):
        assert seen[i][1] == (i not in rises)
        assert i + 1 == len(found) or rates[i + 1] == rates[i] / (2 if i in rises else 1)
    assert found[-1] < found[0]


def test_a_corpus_that_subsampling_leaves_hardly_a_pair_of_is_learnt_as_well():
    """All counts are those without subsampling times one number, so that the mean loss of a pair is the same."""
    thinned, whole = (train([["a", "b"]], dim=3, subsample=subsample, min_count=1) for subsample in (1e-4, 0))
    assert thinned.history[0]["pairs"] < 1e-3 * whole.history[0]["pairs"]
    np.testing.assert_allclose(losses(thinned), losses(whole), rtol=1e-4)


@pytest.mark.parametrize("lr", [1000, 200])
@pytest.mark.parametrize("grown", [10_000, 20])
def test_divergence_is_an_error_that_says_what_to_do(monkeypatch, lr, grown):
    monkeypatch.setattr(plan, "GROWN", grown)
    monkeypatch.setattr(update, "LONGEST_STEP", 1e4)
    message = r"training diverged in pass \d+ over \d+ words: .* use a lower learning rate \(lr\)"
    with pytest.raises(FirthError, match=message):
        train(zipf(), lr=lr)


@pytest.mark.parametrize("lr", [3, 30, 1000])
def test_whatever_the_learning_rate_there_are_finite_vectors_or_an_error(lr):
    try:
        vectors = train(zipf(), lr=lr, min_lr=lr)
    except FirthError:
        return
    for array in (vectors.center, vectors.outside, vectors.bias, losses(vectors)):
        assert np.isfinite(array).all()


def test_a_standstill_is_the_end():
    vectors = train([["a", "b"] * 20] * 5, dim=3, epochs=5000, **NAIVE)
    assert 2 < len(vectors.history) < 5000
    falls = -np.diff(losses(vectors))
    assert (falls[:-1] >= exact.STANDSTILL).sum() >= len(falls) - 1 - (falls[:-1] < 0).sum()
    assert 0 <= falls[-1] < exact.STANDSTILL


def test_a_standstill_is_told_of(capsys):
    for epochs in (2, 5000):
        vectors = train([["a", "b"] * 20] * 5, dim=3, epochs=epochs, quiet=False, **NAIVE)
        passes = len(vectors.history)
        line = f"the loss no longer falls: done after {passes} of {epochs} passes"
        assert (capsys.readouterr().err.splitlines()[-1] == line) == (passes < epochs) == (epochs == 5000)


# Stages.


@pytest.fixture
def stages(monkeypatch):
    """60 words are trained after 30, and these after 15."""
    monkeypatch.setattr(plan, "GROWN", 20)
    monkeypatch.setattr(plan, "SEED_WORDS", 20)


def test_stages_lead_about_as_low_and_to_the_same_bytes_every_time(stages):
    grown, again = (train(zipf(), threads=threads) for threads in (1, 2))
    assert same_bytes(grown, again)
    plan.GROWN = 10_000
    at_once = train(zipf())
    assert not same_bytes(grown, at_once)
    assert grown.history[-1]["loss"] == pytest.approx(at_once.history[-1]["loss"], rel=0.01)
    assert len(grown.history) == len(at_once.history)


def test_frequent_words_with_no_pairs_among_them_are_no_stage(stages):
    """Users and the items they took: most of all a user, or an item, and never two of a kind together."""
    rng = np.random.default_rng(0)
    users = [f"user{i}" for i in range(30)]
    sentences = [[user, f"item{rng.integers(60)}"] for user in users * 40]
    vectors = train(sentences, max_vocab=60, **NAIVE)
    assert set(vectors.words[:30]) == set(users)
    assert len(vectors.history) == TrainConfig(loss="softmax").epochs
    assert vectors.history[-1]["loss"] < vectors.history[0]["loss"]


@pytest.mark.parametrize(("lr", "min_lr"), [(0.3, 0.15), (0.6, 0.06), (1000, 0.1)])
def test_stages_take_their_learning_rates_from_those_given(monkeypatch, stages, lr, min_lr):
    """Even where those of the stages are above what may be given."""
    rates = {}

    def look(trainer, *gradients):
        rates.setdefault(len(trainer.words), []).append(trainer._lr(trainer.state.steps))
        trainer.state.steps += 1

    monkeypatch.setattr(exact, "STANDSTILL", -1)
    monkeypatch.setattr(ExactTrainer, "_update", look)
    train(zipf(), lr=lr, min_lr=min_lr, epochs=3)
    assert list(rates) == [15, 30, 60]
    assert rates[60] == pytest.approx(np.linspace(lr, min_lr, 3))
    for words in (15, 30):
        assert rates[words] == pytest.approx(np.linspace(lr, min_lr, 6) * 4 / 3)


@pytest.mark.parametrize("grow", [False, True])
def test_progress_runs_from_nothing_to_all_operations(request, grow):
    if grow:
        request.getfixturevalue("stages")
    seen = []
    with build_corpus(zipf(), min_count=1) as corpus:
        config = TrainConfig(**SETTINGS | {"epochs": 3})
        run = ExactTrainer(corpus, count_pairs(corpus, config, centers=50), config)
        assert run.run(seen.append)
    shares = [progress.share for progress in seen if isinstance(progress, PartProgress)]
    assert shares == sorted(shares)
    assert 0.5 < shares[-1] <= 1.0
    seen = [progress for progress in seen if isinstance(progress, PassProgress)]
    flop = [progress.flop for progress in seen]
    assert flop == sorted(flop)
    assert flop[0] > 0
    assert flop[-1] == pytest.approx(run.total_flop, rel=1e-9)
    assert {progress.total_flop for progress in seen} == {run.total_flop}
    last = [progress for progress in seen if progress.last_stage]
    assert (len(last) < len(seen)) == grow
    assert {progress.words for progress in last} == {50}
    ends = [progress for progress in last if progress.epoch_seconds is not None]
    assert [progress.epoch for progress in ends] == [1, 2, 3]
    assert [progress.loss for progress in ends] == [entry["loss"] for entry in run.state.history]
    assert [progress.epoch_seconds for progress in ends] == [entry["seconds"] for entry in run.state.history]
    passes = run.total_flop if not grow else plan.run_flop([(50, 60)], config)
    assert passes == 6 * 50 * 60 * 6 * (3 + 1 / 3)


# Interrupted, and gone on.


def interrupted_after(calls):
    """A progress callback that interrupts the process, as Ctrl-C does, at its n-th call."""
    left = [calls]

    def on_progress(progress):
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGINT)

    return on_progress


def calls_of(run):
    count = itertools.count()
    run.run(lambda progress: next(count))
    return next(count)


def assert_same_end(whole, resumed):
    for name in ("center", "outside", "bias", "velocity_center", "velocity_outside", "velocity_bias"):
        assert getattr(whole, name).tobytes() == getattr(resumed, name).tobytes()
    assert without_seconds(whole.state.history) == without_seconds(resumed.state.history)


@pytest.fixture
def new_run():
    """A function that gives a new trainer of one and the same run."""
    with build_corpus(zipf(), min_count=1) as corpus:
        config = TrainConfig(**SETTINGS | {"epochs": 4, "lr": 2.0})
        counts = count_pairs(corpus, config, centers=40)
        yield lambda: ExactTrainer(corpus, counts, config)


@pytest.mark.parametrize("grow", [False, True])
def test_a_run_interrupted_anywhere_ends_in_the_same_bytes(tmp_path, request, new_run, grow):
    if grow:
        request.getfixturevalue("stages")
    whole = new_run()
    calls = calls_of(whole)
    assert calls >= 9
    for call in range(1, calls + 1):
        broken, folder = new_run(), tmp_path / str(call)
        with pytest.raises(KeyboardInterrupt):
            broken.run(interrupted_after(call))
        Checkpoint(folder, resume=False, config=broken.config).save(broken)
        resumed = new_run()
        assert Checkpoint(folder, resume=True, config=broken.config).restore(resumed)
        assert resumed.state == broken.state
        for run in (broken, resumed):
            assert run.run(ignore)
            assert_same_end(whole, run)


@pytest.fixture
def looking(monkeypatch):
    """Passes are looked at after every task, and not when a clock says so."""

    def one_by_one(stages, threads, on_look):
        for stage in stages:
            for number in range(stage.tasks):
                stage.task(number, number % threads)
                on_look()

    monkeypatch.setattr("firth.exact._softmax.run_stages", one_by_one)


@pytest.mark.usefixtures("looking")
def test_a_run_saved_wherever_it_can_pause_ends_in_the_same_bytes(tmp_path, monkeypatch):
    """Within passes and in the stages over fewer words too, each time by a new trainer with other threads."""
    monkeypatch.setattr(plan, "GROWN", 500)
    monkeypatch.setattr(plan, "SEED_WORDS", 500)
    config = TrainConfig(**SETTINGS | {"epochs": 2, "dim": 20})
    stages, within, rounds = set(), 0, 0
    with build_corpus(zipf(words=1500, sentences=2000), min_count=1) as corpus:
        counts = count_pairs(corpus, config)
        whole = ExactTrainer(corpus, counts, config)
        assert whole.run(ignore)
        assert [n for n, _ in whole._stages] == [360, 720, 1440]
        trainer = ExactTrainer(corpus, counts, config)
        while not trainer.run(ignore, lambda: True):
            rounds += 1
            folder = tmp_path / str(rounds)
            Checkpoint(folder, resume=False, config=config).save(trainer)
            unfinished = firth.load(folder / "checkpoint.safetensors").config["unfinished"]
            stages.add(unfinished["stage"])
            within += unfinished["rows"] > 0
            trainer = ExactTrainer(corpus, counts, dataclasses.replace(config, threads=[1, 2, 9][rounds % 3]))
            assert Checkpoint(folder, resume=True, config=config).restore(trainer)
            assert trainer.snapshot().unfinished == {name: unfinished[name] for name in trainer.snapshot().unfinished}
    assert stages == {1, 2, 3}
    assert within > 5
    assert rounds < 1000
    assert_same_end(whole, trainer)


def test_a_run_interrupted_before_its_first_pass_ends_in_the_same_bytes(tmp_path, monkeypatch, new_run):
    whole, broken, resumed = new_run(), new_run(), new_run()
    assert whole.run(ignore)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(exact, "starting_vectors", interrupted)
        with pytest.raises(KeyboardInterrupt):
            broken.run(ignore)
    Checkpoint(tmp_path, resume=False, config=broken.config).save(broken)
    assert Checkpoint(tmp_path, resume=True, config=broken.config).restore(resumed)
    for run in (broken, resumed):
        assert run.run(ignore)
        assert_same_end(whole, run)


@pytest.mark.parametrize("name", ["_update", "_record"])
def test_an_interrupt_leaves_no_step_half_done(monkeypatch, new_run, name):
    whole = new_run()
    assert whole.run(ignore)
    for number in (1, 3):
        broken, count, work = new_run(), itertools.count(1), getattr(ExactTrainer, name)

        def interrupted(trainer, *arguments, count=count, number=number, work=work):
            if next(count) == number:
                os.kill(os.getpid(), signal.SIGINT)
            work(trainer, *arguments)

        monkeypatch.setattr(ExactTrainer, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            broken.run(ignore)
        monkeypatch.setattr(ExactTrainer, name, work)
        assert broken.run(ignore)
        assert_same_end(whole, broken)


def test_a_run_goes_on_though_a_pass_takes_longer_than_the_time_it_has(new_run):
    whole, cut = new_run(), new_run()
    assert whole.run(ignore)
    rounds = 1
    while not cut.run(ignore, pause=lambda: True):
        rounds += 1
        assert rounds <= 5
    assert rounds == 5
    assert_same_end(whole, cut)


@pytest.fixture
def within_a_pass(tmp_path, looking):
    """The settings of a run of which there is a checkpoint within its second pass, and its sentences."""
    sentences = zipf(words=1500, sentences=2000)
    config = TrainConfig(**SETTINGS | {"epochs": 3})
    with build_corpus(sentences, min_count=1) as corpus, count_pairs(corpus, config) as counts:
        trainer = ExactTrainer(corpus, counts, config)
        assert not trainer.run(ignore, lambda: trainer.state.steps == 1 and trainer._work.kernel.rows_added > 0)
        Checkpoint(tmp_path, resume=False, config=config).save(trainer)
    return sentences, {"epochs": 3, "checkpoint": tmp_path, "resume": True}


@pytest.mark.parametrize(
    "change",
    [
        None,
        lambda broken, arrays: broken.config["unfinished"].update(rows=0),
        lambda broken, arrays: broken.config["unfinished"].update(rows=384 * 3),
        lambda broken, arrays: broken.config["unfinished"].update(steps=3),
        lambda broken, arrays: arrays["added"].fill(0),
        lambda broken, arrays: arrays["added"].__setitem__(-1, 1501),
        lambda broken, arrays: arrays["added"].__setitem__(-1, 400),
        lambda broken, arrays: arrays.update(added=arrays["added"][1:]),
        lambda broken, arrays: arrays.pop("added"),
        lambda broken, arrays: arrays.update(more=arrays["added"]),
        lambda broken, arrays: arrays["row_loss"].__setitem__(3, np.nan),
        lambda broken, arrays: arrays.update(row_loss=arrays["row_loss"].astype("f")),
        lambda broken, arrays: arrays["gradient_center"].__setitem__((0, 0), np.inf),
        lambda broken, arrays: arrays.update(gradient_outside=arrays["gradient_outside"][1:]),
    ],
)
def test_a_pass_that_cannot_be_under_way_is_refused(within_a_pass, change):
    sentences, settings = within_a_pass
    if change is None:  # it is the changes that are refused
        assert len(train(sentences, **settings).history) == 3
        return
    tamper(settings["checkpoint"] / "checkpoint.safetensors", change)
    with pytest.raises(FormatError, match="no checkpoint of such a run"):
        train(sentences, **settings)


@pytest.mark.parametrize("epochs", [3, 2000])
def test_a_finished_run_is_finished_when_resumed(tmp_path, epochs):
    """Also one that ended at a standstill."""
    sentences, settings = [["a", "b"] * 20] * 5, NAIVE | {"epochs": epochs, "checkpoint": tmp_path}
    vectors = train(sentences, **settings)
    saved = firth.load(tmp_path / "checkpoint.safetensors")
    assert saved.history == vectors.history
    again = train(sentences, resume=True, **settings)
    assert same_bytes(vectors, again)
    assert again.history == vectors.history


@pytest.mark.parametrize("changes", [{"dim": 7}, {"epochs": 9}, {"mix": 0.5}, {"lr": 0.2}, {"loss": None}])
def test_another_run_s_checkpoint_is_refused(tmp_path, changes):
    train(zipf(), epochs=2, checkpoint=tmp_path)
    changes = {"loss": "negative-sampling"} if "loss" in changes else changes
    with pytest.raises(ConfigError, match=f"was made with {next(iter(changes))} = "):
        train(zipf(), **{"epochs": 2} | changes, checkpoint=tmp_path, resume=True)


def test_another_corpus_s_checkpoint_is_refused(tmp_path):
    train(zipf(), epochs=2, max_vocab=20, checkpoint=tmp_path)
    outside = firth.load(tmp_path / "checkpoint.safetensors").outside_words[-1]
    renamed = [[f"x{word}" if word == outside else word for word in sentence] for sentence in zipf()]
    for other in (zipf(seed=1), renamed):
        with pytest.raises(ConfigError, match="another corpus"):
            train(other, epochs=2, max_vocab=20, checkpoint=tmp_path, resume=True)


def test_threads_may_differ_from_the_checkpoint_s(tmp_path):
    vectors = train(zipf(), epochs=2, checkpoint=tmp_path)
    again = train(zipf(), epochs=2, checkpoint=tmp_path, resume=True, threads=2)
    assert same_bytes(vectors, again)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("steps", value) for value in (-1, 1, 4, 10**400, 2.0, True, None, "2")),
        *(("scale", value) for value in (math.nan, math.inf, 10**400, None, "1", [])),
        *(("loss", value) for value in (math.nan, None, "", [], {}, False, 10**400)),
        *(("seconds", value) for value in (-math.inf, None, [1.0])),
    ],
)
def test_a_state_that_cannot_be_is_refused(tmp_path, name, value):
    settings = {"epochs": 3, "checkpoint": tmp_path}
    train(zipf(), **settings)
    path = tmp_path / "checkpoint.safetensors"
    assert firth.load(path).config["unfinished"]["steps"] == 3
    tamper(path, lambda broken, arrays: broken.config["unfinished"].update({name: value}))
    with pytest.raises(FormatError, match="no checkpoint"):
        train(zipf(), resume=True, **settings)


def tamper(path, change):
    """Rewrite a checkpoint after `change(vectors, arrays)`."""
    file = read_tensors(path)
    vectors, names = from_file(file), [name for name in file if name.startswith(STATE)]
    arrays = {name.removeprefix(STATE): file.tensor(name, file.dtype(name)).copy() for name in names}
    change(vectors, arrays)
    tensors, metadata = pack(path, vectors.parts())
    write_tensors(path, tensors | {STATE + name: array for name, array in arrays.items()}, metadata)


def test_a_checkpoint_of_before_the_last_figures_is_one(tmp_path):
    settings = {"epochs": 3, "checkpoint": tmp_path}
    vectors = train(zipf(), **settings)
    tamper(tmp_path / "checkpoint.safetensors", lambda broken, arrays: broken.history.pop())  # it is found again
    again = train(zipf(), resume=True, **settings)
    assert same_bytes(vectors, again)
    assert losses(vectors) == losses(again)


def test_numbers_of_another_type_are_no_velocities(tmp_path):
    settings, path = {"epochs": 3, "checkpoint": tmp_path}, tmp_path / "checkpoint.safetensors"
    train(zipf(), **settings)
    tamper(path, lambda broken, arrays: arrays.update(bias=arrays["bias"].view(np.int32)))
    with pytest.raises(FormatError, match="no checkpoint"):
        train(zipf(), resume=True, **settings)


@pytest.mark.parametrize(
    "change",
    [
        lambda broken, arrays: arrays.pop("center"),
        lambda broken, arrays: arrays.clear(),
        lambda broken, arrays: arrays.update(outside=arrays["outside"][:-1]),
        lambda broken, arrays: arrays.update(bias=arrays["bias"][:, None]),
        lambda broken, arrays: arrays.update(center=arrays["center"] * np.float32(np.nan)),
        lambda broken, arrays: arrays["bias"].__setitem__(3, np.inf),
        lambda broken, arrays: broken.config["unfinished"].pop("scale"),
        lambda broken, arrays: broken.config["unfinished"].update(more=1),
        lambda broken, arrays: broken.config.update(unfinished=3),
        lambda broken, arrays: broken.history.pop(),
        lambda broken, arrays: broken.history.extend([dict(broken.history[0])] * 3),
        lambda broken, arrays: broken.history[0].pop("loss"),
        lambda broken, arrays: broken.history[1].update(loss="x"),
        lambda broken, arrays: [broken.history[1].update(tokens=1), broken.history.append(broken.history[-1])],
        lambda broken, arrays: broken.config["unfinished"].update(stage=2),
        lambda broken, arrays: broken.config["unfinished"].update(stage=0),
        lambda broken, arrays: broken.config["unfinished"].update(rows=384),
        lambda broken, arrays: broken.config["unfinished"].update(begun=False),
        lambda broken, arrays: arrays.update(row_loss=np.zeros(60)),
        lambda broken, arrays: arrays["outside"].fill(1e30),
        lambda broken, arrays: setattr(broken, "bias", None),
        lambda broken, arrays: setattr(broken, "outside", broken.outside * np.float32(np.inf)),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply")
def test_a_checkpoint_with_parts_that_do_not_fit_is_refused(tmp_path, change):
    settings = {"epochs": 3, "checkpoint": tmp_path}
    train(zipf(), **settings)
    tamper(tmp_path / "checkpoint.safetensors", lambda broken, arrays: [change(broken, arrays), broken.history.pop()])
    with pytest.raises(FormatError, match="no checkpoint"):
        train(zipf(), resume=True, **settings)


# Corpora with hardly anything in them.


@pytest.mark.parametrize("dim", [1, 5])
@pytest.mark.parametrize(
    ("sentences", "settings"),
    [
        ([["a"] * 10], {}),
        ([["a", "b"]], {}),
        ([["a", "b"] * 9, ["alone"], ["alone"]], {}),
        ([["a", "b"], ["c"], ["d", "d"]], {"window": 1}),
        ([["a", "b", "c", "d"]] * 3, {"max_vocab": 1}),
        ([["a", "b", "c", "d"]] * 3, {"max_vocab": 2, "outside_vocab": 99}),
        ([["a", "b"], ["c", "d"], ["e", "f"]], {"max_vocab": 99}),
    ],
)
def test_little_is_enough(sentences, settings, dim):
    vectors = train(sentences, dim=dim, epochs=30, **NAIVE, **settings)
    for array in (vectors.center, vectors.outside, vectors.bias, losses(vectors)):
        assert np.isfinite(array).all()
    counts = expected_counts(sentences, vectors)
    entry = vectors.history[-1]
    right = reference.exact_objective(*model(vectors), counts)[0] / counts.sum()
    assert entry["loss"] == pytest.approx(right, rel=1e-5, abs=1e-6)
    assert entry["kl"] >= -1e-6


@pytest.mark.parametrize("sentences", [[["a"], ["b"], ["a"]], [["a", "rare"], ["a", "few"]] * 3])
def test_a_corpus_without_a_pair_is_refused(sentences):
    with pytest.raises(CorpusError, match=r"no pair of words .* give longer sentences, .* or raise max_vocab"):
        train(sentences, max_vocab=1, outside_vocab=1, **NAIVE)


# What a run needs.


def test_what_does_not_fit_the_memory_is_refused_before_counting(monkeypatch):
    monkeypatch.setattr(plan, "physical_memory", lambda: 1e6)
    monkeypatch.setattr(train_module, "count_pairs", None)
    with pytest.raises(
        ConfigError, match=r"60 center words .* dimension 5000 need 0\.\d+ GB .* has 0\.0 GB: set max_v"
    ):
        train(zipf(), dim=5000)


def test_memory_is_for_counting_and_two_gigabytes_unless_given(monkeypatch):
    given, count = [], train_module.count_pairs

    def look(*arguments, memory, **others):
        given.append(memory)
        return count(*arguments, memory=memory, **others)

    monkeypatch.setattr(train_module, "count_pairs", look)
    for memory in ({}, {"memory": None}, {"memory": 0.5}):
        train(zipf(), epochs=1, **memory)
    assert given == [2_000_000_000, 2_000_000_000, 500_000_000]
    with pytest.raises(ConfigError, match=r"memory is a setting of loss 'softmax'; 'negative-sampling' has none"):
        train(zipf(), loss="negative-sampling", memory=2.0)
