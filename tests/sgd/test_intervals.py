"""Deterministic training: the same bytes for any number of threads, wherever a run is interrupted; and it learns."""

import numpy as np
import pytest

import firth
from firth.corpus.encode import build_corpus
from firth.errors import ConfigError, FirthError
from firth.settings import Reading, TrainConfig
from firth.sgd import intervals
from firth.sgd.trainer import SgdTrainer

pytestmark = pytest.mark.filterwarnings("ignore:subsampling keeps", "ignore:the run had", "ignore:the loss, ")

TREE = {"loss": "hierarchical-softmax"}
BOTH = {"loss": "negative-sampling+hierarchical-softmax"}
CBOW = {"architecture": "cbow"}
PER_PAIR = {"update": "per-pair"}
KINDS = {"shared": {}, "tree": TREE}
MORE_KINDS = {
    "per-pair": PER_PAIR,
    "cbow": CBOW,
    "both": BOTH,
    "cbow-tree": CBOW | TREE,
    "cbow-both": CBOW | BOTH,
    "groups": {"negatives": 20},
}
every_kind = pytest.mark.parametrize(
    "kind",
    [
        *(pytest.param(kind, id=name) for name, kind in KINDS.items()),
        *(pytest.param(kind, id=name, marks=pytest.mark.slow) for name, kind in MORE_KINDS.items()),
    ],
)


def text(sentences=300, words=300, seed=0):
    """Sentences, each of one of five topics, of words by Zipf's law.

    There are frequent words, which all shards have, and rare ones, which one alone has.
    """
    rng = np.random.default_rng(seed)
    odds = 1 / np.arange(1, words + 1)
    draws = [rng.choice(words, size=30, p=odds / odds.sum()) for _ in range(sentences)]
    return [[f"w{5 * i + number % 5}" for i in drawn] for number, drawn in enumerate(draws)]


@pytest.fixture(autouse=True)
def _many_processors(monkeypatch):
    """Let as many threads run as a test asks for."""
    monkeypatch.setattr(intervals, "available_threads", lambda: 64)


@pytest.fixture
def corpus(tmp_path):
    with build_corpus(text(), min_count=1, reading=Reading(tmp=tmp_path)) as corpus:
        yield corpus


def make_config(**settings):
    standard = {"dim": 16, "epochs": 2, "min_count": 1, "threads": 1, "deterministic": True, "subsample": 0.01}
    return TrainConfig(**(standard | settings))


def ignore(progress):
    pass


def result(trainer):
    """All that a run has learned, and its history without seconds."""
    history = [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in trainer.history]
    return trainer.center.tobytes(), trainer.outside.tobytes(), history


def trained(corpus, **settings):
    trainer = SgdTrainer(corpus, make_config(**settings))
    trainer.run(ignore)
    return result(trainer)


@every_kind
def test_any_number_of_threads_gives_the_same_bytes(corpus, kind):
    expected = trained(corpus, **kind)
    for threads in (2, 3, 5, 8):
        assert trained(corpus, threads=threads, **kind) == expected


@every_kind
def test_the_loss_falls(corpus, kind):
    *_, history = trained(corpus, epochs=5, **kind)
    assert history[-1]["loss"] < 0.99 * history[0]["loss"]


def test_pairs_are_those_of_a_run_that_is_not_deterministic(corpus):
    *_, history = trained(corpus, threads=2)
    *_, others = trained(corpus, deterministic=False)
    assert [epoch["pairs"] for epoch in history] == [epoch["pairs"] for epoch in others]


def test_one_shard_at_a_time_is_plain_training(monkeypatch, corpus):
    monkeypatch.setattr(intervals, "SHARDS", 1)
    center, outside, history = trained(corpus)
    others = trained(corpus, deterministic=False)
    assert (center, outside) == others[:2]
    for epoch, other in zip(history, others[2], strict=True):
        assert epoch["pairs"] == other["pairs"]
        assert epoch["loss"] == pytest.approx(other["loss"], rel=1e-6)


def test_marks_change_nothing(monkeypatch, corpus):
    from firth.sgd import _slots

    expected = trained(corpus)
    make = _slots.make_slots

    def copied_always(*arguments):
        slots, arrays = make(*arguments)
        unmarked = np.full(len(arrays[0]), (1 << 40) + _slots.MANY)  # of an interval that never comes
        return slots._replace(owners=unmarked.ctypes.data), [*arrays, unmarked]

    monkeypatch.setattr(_slots, "make_slots", copied_always)
    assert trained(corpus) == expected


class Interrupted(Exception):
    pass


@every_kind
def test_a_run_that_was_interrupted_ends_with_the_same_bytes(corpus, kind):
    expected, stops = trained(corpus, **kind), []
    trainer = SgdTrainer(corpus, make_config(threads=2, **kind))
    for threads in (3, 1, 2):
        trainer.run(ignore, pause=lambda: True)  # to the first look
        stops.append((len(trainer.history), trainer.state.position))
        snapshot = trainer.snapshot()
        trainer = SgdTrainer(corpus, make_config(threads=threads, **kind))
        assert trainer.restore(snapshot)
    trainer.run(ignore)
    assert result(trainer) == expected


def test_training_stops_between_two_intervals(monkeypatch, corpus):
    expected, positions = trained(corpus), set()
    monkeypatch.setattr(intervals.IntervalTraining, "run", stopping(intervals.IntervalTraining.run, positions))
    trainer = SgdTrainer(corpus, make_config(threads=2))
    while not trainer.run(ignore, pause=lambda: True):
        pass
    assert result(trainer) == expected
    assert len(positions) > 4
    assert all(position % trainer._intervals.size == 0 for position in positions if position < len(corpus.ids))


def stopping(run, positions):
    """`run`, told to stop as soon as it begins, so that it does one interval."""

    def run_one(self, ids, offsets, begun, end, epoch, threads, look):
        at = min(begun.position + self.size, end)
        run(self, ids, offsets, begun, at, epoch, threads, look)
        positions.add(self.reached.position)

    return run_one


def test_an_error_in_between_leaves_whole_intervals(corpus):
    expected = trained(corpus)
    trainer = SgdTrainer(corpus, make_config(threads=2))

    def interrupt(progress):
        raise Interrupted

    trainer._compile()
    with pytest.raises(Interrupted):
        trainer.run(interrupt)
    trainer.run(ignore)
    assert result(trainer) == expected


def test_files_of_runs_with_other_threads_are_equal(tmp_path):
    for threads in (1, 3):
        vectors = firth.train(text(), dim=8, epochs=1, threads=threads, deterministic=True, quiet=True)
        vectors.save(tmp_path / f"{threads}.safetensors")
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "3.safetensors").read_bytes()


def test_a_checkpoint_is_resumed_with_other_threads(tmp_path):
    settings = {"dim": 8, "epochs": 3, "deterministic": True, "quiet": True}
    whole = firth.train(text(), threads=2, **settings)

    def stop(vectors):
        raise Interrupted

    with pytest.raises(Interrupted):
        firth.train(text(), threads=3, checkpoint=tmp_path, on_epoch=stop, **settings)
    resumed = firth.train(text(), threads=1, checkpoint=tmp_path, resume=True, **settings)
    assert resumed.center.tobytes() == whole.center.tobytes()
    assert resumed.outside.tobytes() == whole.outside.tobytes()


def test_frequent_words_do_not_overshoot(tmp_path):
    """Two words are all of each interval: the sum of the shards' changes would go far beyond where each goes."""
    sentences = [["a", "b"] * 20] * 400
    with build_corpus(sentences, min_count=1, reading=Reading(tmp=tmp_path)) as corpus:
        center, outside, history = trained(corpus, subsample=0, lr=0.05)
    assert all(np.isfinite(np.frombuffer(rows, np.float32)).all() for rows in (center, outside))
    assert history[-1]["loss"] < history[0]["loss"]


def test_divergence_is_an_error(corpus):
    with pytest.raises(FirthError, match="diverged"):
        trained(corpus, lr=1000.0, threads=2)


@pytest.mark.parametrize(("settings", "meant"), [({"maxn": 3}, "subwords"), ({"documents": True}, "document vectors")])
def test_what_is_not_deterministic_is_refused(settings, meant):
    with pytest.raises(ConfigError, match=f"deterministic training knows no {meant}"):
        TrainConfig(deterministic=True, **settings)


def test_frozen_words_are_refused(corpus):
    trainer = SgdTrainer(corpus, make_config(deterministic=False))
    trainer.run(ignore)
    with pytest.raises(ConfigError, match="frozen"):
        SgdTrainer(corpus, make_config(), trainer.vectors(), ["w1"])


def test_softmax_is_deterministic_already():
    assert TrainConfig(loss="softmax", deterministic=True).deterministic
