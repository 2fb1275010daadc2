"""The protocol of trainers: every trainer stops, saves, continues and refuses in the same way."""

import copy
import math

import numpy as np
import pytest

from firth import training
from firth.corpus.encode import build_corpus
from firth.errors import FirthError
from firth.exact.counting import count_pairs
from firth.exact.trainer import ExactTrainer
from firth.run.checkpoint import Checkpoint
from firth.settings import TrainConfig
from firth.sgd.trainer import SgdTrainer
from firth.training import Snapshot, all_finite, fingerprint, row_not_finite

SETTINGS = {"dim": 6, "epochs": 3, "min_count": 1, "threads": 1, "seed": 2}
KINDS = ["negative-sampling", "hierarchical-softmax", "softmax"]


def sentences(seed=0):
    rng = np.random.default_rng(seed)
    return [[f"w{i}" for i in rng.zipf(1.5, 20) % 30] for _ in range(60)]


def ignore(progress):
    pass


@pytest.fixture(params=KINDS)
def new_trainer(request):
    """A function that gives a new trainer of one and the same run."""
    config = TrainConfig(loss=request.param, **SETTINGS)
    with build_corpus(sentences(), min_count=1) as corpus:
        if request.param != "softmax":
            yield lambda: SgdTrainer(corpus, config)
        else:
            with count_pairs(corpus, config) as counts:
                yield lambda: ExactTrainer(corpus, counts, config)


def kept(snapshot):
    """A snapshot as a file gives it back: the trainer it is of may run on."""
    arrays = {name: array.copy() for name, array in snapshot.arrays.items()}
    matrices = {name: snapshot.parts[name] for name in ("center", "outside", "nodes", "bias")}
    matrices = {name: None if matrix is None else matrix.copy() for name, matrix in matrices.items()}
    history = copy.deepcopy(snapshot.parts["history"])
    return Snapshot({**snapshot.parts, **matrices, "history": history}, dict(snapshot.unfinished), arrays)


def same(a, b):
    parts = [(getattr(a, name), getattr(b, name)) for name in ("center", "outside", "nodes", "bias")]
    return all(x is y is None or x.tobytes() == y.tobytes() for x, y in parts)


def interrupt_after_first_epoch(trainer):
    def on_progress(progress):
        if progress.epoch_seconds is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.run(on_progress)


def whole(new_trainer):
    trainer = new_trainer()
    assert trainer.run(ignore)
    return trainer.vectors()


def test_an_interrupted_run_continues_to_the_same_vectors(new_trainer):
    trainer = new_trainer()
    assert trainer.epochs_done == 0
    interrupt_after_first_epoch(trainer)
    assert trainer.started
    assert trainer.epochs_done == 1
    assert trainer.run(ignore)
    assert trainer.epochs_done == 3
    assert same(trainer.vectors(), whole(new_trainer))


def test_a_snapshot_continues_to_the_same_vectors(new_trainer):
    first, second = new_trainer(), new_trainer()
    interrupt_after_first_epoch(first)
    assert second.restore(kept(first.snapshot()))
    assert second.epochs_done == first.epochs_done
    assert first.run(ignore)
    assert second.run(ignore)
    assert same(first.vectors(), second.vectors())
    assert same(first.vectors(), whole(new_trainer))


@pytest.mark.parametrize(
    "change",
    [
        lambda snapshot: snapshot.unfinished.pop("seconds"),
        lambda snapshot: snapshot.unfinished.update(more=1),
        lambda snapshot: snapshot.unfinished.update(seconds="1"),
        lambda snapshot: snapshot.unfinished.update(seconds=float("nan")),
        lambda snapshot: snapshot.arrays.update(center=np.zeros((1, 6), np.float32)),
        lambda snapshot: snapshot.parts.update(center=snapshot.parts["center"][:-1]),
        lambda snapshot: snapshot.parts.update(outside=None, nodes=None),
        lambda snapshot: snapshot.parts["center"].fill(np.nan),
        lambda snapshot: snapshot.parts["center"].fill(1e30),
        lambda snapshot: snapshot.unfinished.update(loss=1e30),
        lambda snapshot: snapshot.parts.update(history=[{}]),
        lambda snapshot: snapshot.parts.update(history=snapshot.parts["history"] * 4),
        lambda snapshot: snapshot.parts.update(
            history=[snapshot.parts["history"][0] | {"epoch": i} for i in range(1, 10)]
        ),
        *(
            lambda snapshot, name=name, value=value: snapshot.parts["history"][0].update({name: value})
            for name in ("epoch", "loss", "pairs", "tokens", "seconds", "lr")
            for value in (math.nan, 1e30, None, "1", -1, 10**400, True)
        ),
        lambda snapshot: snapshot.parts["history"][0].update(more=1),
        lambda snapshot: snapshot.parts["history"][0].pop("lr"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused_and_changes_nothing(new_trainer, change):
    trainer = new_trainer()
    interrupt_after_first_epoch(trainer)
    snapshot = kept(trainer.snapshot())
    change(snapshot)
    fresh = new_trainer()
    assert not fresh.restore(snapshot)
    assert fresh.epochs_done == 0
    assert fresh.run(ignore)
    assert same(fresh.vectors(), whole(new_trainer))


def test_progress_names_the_epoch_that_ended(new_trainer):
    seen = []
    new_trainer().run(seen.append)
    ended = [progress for progress in seen if progress.epoch_seconds is not None]
    assert [(progress.epoch, progress.epochs) for progress in ended] == [(1, 3), (2, 3), (3, 3)]
    assert all(isinstance(progress.loss, float) for progress in ended)


def test_vectors_are_copies(new_trainer):
    trainer = new_trainer()
    interrupt_after_first_epoch(trainer)
    before = trainer.vectors()
    copy = before.center.copy()
    trainer.run(ignore)
    assert before.center.tobytes() == copy.tobytes() != trainer.vectors().center.tobytes()


def test_an_exact_run_has_not_started_before_its_first_pass():
    with build_corpus(sentences(), min_count=1) as corpus:
        config = TrainConfig(loss="softmax", **SETTINGS)
        with count_pairs(corpus, config) as counts:
            trainer = ExactTrainer(corpus, counts, config)
            assert not trainer.started
            trainer.run(ignore, pause=lambda: True)
            assert trainer.started
        assert SgdTrainer(corpus, TrainConfig(**SETTINGS)).started


def fingerprint_of(text, **others):
    with build_corpus(text, min_count=1) as corpus:
        return fingerprint(corpus, **others)


def test_the_fingerprint_tells_corpora_apart():
    text = [["a", "b", "a"], ["b", "c", "a"]]
    known = fingerprint_of(text)
    assert known == fingerprint_of([list(sentence) for sentence in text])
    others = {
        "crc_words": [["a", "b", "a"], ["b", "d", "a"]],
        "crc_text": [["a", "b", "a"], ["c", "b", "a"]],
        "crc_counts": [["a", "b", "b"], ["c", "a", "a"], ["a"]],
        "sentences": [["a", "b", "a", "b", "c", "a"]],
        "tokens": [["a", "b", "a"], ["b", "c", "a", "b"]],
        "words": [["a", "b", "a"], ["b", "c", "d"]],
    }
    for name, other in others.items():
        assert fingerprint_of(other)[name] != known[name]
    assert fingerprint_of([["a", "b", "a", "b"], ["c", "a"]]) != known  # the same tokens in other sentences
    more = fingerprint_of(text, frozen=[np.array([1, 0, 0])])
    assert known == {name: value for name, value in more.items() if name != "crc_frozen"}
    assert more != fingerprint_of(text, frozen=[np.array([0, 0, 1])])


def test_the_fingerprint_of_a_large_array_is_that_of_all_its_parts(monkeypatch):
    known = fingerprint_of(sentences())
    monkeypatch.setattr("firth.training.CHECKSUM_PIECE", 7)
    assert fingerprint_of(sentences()) == known


@pytest.mark.parametrize(
    ("numbers", "right"),
    [([], True), ([0.0, -1.5], True), ([1], False), ([1.0, None], False), ([float("inf")], False), ([True], False)],
)
def test_all_finite_takes_floats_only(numbers, right):
    assert all_finite(numbers) == right


@pytest.mark.parametrize("place", ["center", "outside"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_row_that_is_not_finite_ends_the_run_and_is_not_saved(new_trainer, place, value, tmp_path):
    """Also a row that no pair meets any more, of which the loss knows nothing."""
    trainer = new_trainer()
    saved = Checkpoint(tmp_path, False, trainer.config)
    assert trainer.run(ignore)
    saved.save(trainer)
    before = saved.path.read_bytes()
    getattr(trainer, place)[-1, 1] = value
    with pytest.raises(FirthError, match=f"diverged .* of the {place} vectors.* holds a NaN or an infinity; use"):
        saved.save(trainer)
    assert saved.path.read_bytes() == before
    with pytest.raises(FirthError, match="training diverged"):
        trainer.run(ignore)


def test_the_search_for_a_row_that_is_not_finite(monkeypatch):
    monkeypatch.setattr(training, "NUMBERS_AT_ONCE", 30)
    matrix = np.full((40, 10), 3e38, np.float32)  # whose squares are not finite
    assert row_not_finite(matrix) is None
    assert row_not_finite(matrix[:0]) is None
    for row in (0, 2, 3, 39):
        bad = matrix.copy()
        bad[row, 9] = -np.inf
        assert row_not_finite(bad) == row


def test_a_perplexity_may_be_of_any_finite_size():
    """exp(loss): above 2**63 from 43.7 nats on, from which a run may recover."""
    names = ("epoch", "loss", "pairs", "tokens", "seconds", "lr", "perplexity")
    entry = {"epoch": 1, "loss": 100.0, "pairs": 9.0, "tokens": 9, "seconds": 0.1, "lr": 1.0}
    assert training.is_history([entry | {"perplexity": math.exp(100.0)}], names, 700.0)
    for wrong in (math.inf, math.nan, "x", None):
        assert not training.is_history([entry | {"perplexity": wrong}], names, 700.0)
