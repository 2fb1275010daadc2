"""Runs that are interrupted and resumed: with one thread they end in the very same vectors."""

import signal

import numpy as np
import pytest

import firth
from firth import trainer
from firth.checkpoint import Checkpoint
from firth.config import TrainConfig
from firth.corpus import build_corpus
from firth.trainer import Trainer

SETTINGS = {"dim": 12, "min_count": 1, "subsample": 0.0, "epochs": 3, "threads": 1, "seed": 4}


def sentences(count=400):
    rng = np.random.default_rng(0)
    return [[f"w{i}" for i in rng.zipf(1.5, 30) % 50] for _ in range(count)]


def interrupted_after(calls):
    """A progress callback that interrupts the process, as Ctrl-C does, at its n-th call."""
    left = [calls]

    def on_progress(progress):
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGINT)

    return on_progress


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_a_restored_run_ends_in_the_same_bytes(tmp_path, monkeypatch, calls):
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 1e-4)
    config = TrainConfig(**SETTINGS)
    with build_corpus(sentences(), min_count=1) as corpus:
        whole = Trainer(corpus, config)
        assert whole.run(lambda progress: None)
        broken = Trainer(corpus, config)
        with pytest.raises(KeyboardInterrupt):
            broken.run(interrupted_after(calls))
        Checkpoint(tmp_path, resume=False, config=config).save(broken)
        resumed = Trainer(corpus, config)
        assert Checkpoint(tmp_path, resume=True, config=config).restore(resumed)
        assert resumed.state == broken.state
        assert resumed.run(lambda progress: None)
    assert resumed.center.tobytes() == whole.center.tobytes()
    assert resumed.outside.tobytes() == whole.outside.tobytes()
    for a, b in zip(resumed.state.history, whole.state.history, strict=True):
        assert (a["loss"], a["pairs"]) == (b["loss"], b["pairs"])


def test_train_keeps_a_checkpoint_that_is_a_vectors_file(tmp_path):
    vectors = firth.train(sentences(), checkpoint=tmp_path / "run", quiet=True, **SETTINGS)
    saved = firth.load(tmp_path / "run" / "checkpoint.safetensors")
    assert saved.words == vectors.words
    assert saved.center.tobytes() == vectors.center.tobytes()
    again = firth.train(sentences(), checkpoint=tmp_path / "run", resume=True, quiet=True, **SETTINGS)
    assert again.center.tobytes() == vectors.center.tobytes()
    assert again.history == vectors.history


def test_resume_without_a_checkpoint_begins_anew(tmp_path):
    vectors = firth.train(sentences(), checkpoint=tmp_path / "new", resume=True, quiet=True, **SETTINGS)
    assert len(vectors.history) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 13}, "dim = 12, not 13"),
        ({"epochs": 4}, "epochs = 3, not 4"),
        ({"seed": 5}, "seed"),
        ({"resume": False}, "holds a run already"),
    ],
)
def test_another_run_s_checkpoint_is_refused(tmp_path, changes, message):
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    with pytest.raises(firth.ConfigError, match=message):
        firth.train(sentences(), **{"checkpoint": tmp_path, "resume": True, "quiet": True} | SETTINGS | changes)


def test_another_corpus_is_refused(tmp_path):
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    with pytest.raises(firth.ConfigError, match="another corpus"):
        firth.train(sentences(401), checkpoint=tmp_path, resume=True, quiet=True, **SETTINGS)


def test_vectors_that_are_no_checkpoint_are_refused(tmp_path):
    vectors = firth.train(sentences(), quiet=True, **SETTINGS)
    vectors.save(tmp_path / "checkpoint.safetensors")
    with pytest.raises(firth.FormatError, match="no checkpoint"):
        firth.train(sentences(), checkpoint=tmp_path, resume=True, quiet=True, **SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("position", -5), ("position", 10**9), ("position", 0.5), ("pairs", -1), ("loss", "x"), ("seconds", None)],
)
def test_a_state_that_cannot_be_is_refused(tmp_path, name, value):
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    path = tmp_path / "checkpoint.safetensors"
    broken = firth.load(path)
    broken.config["unfinished"][name] = value
    broken.save(path)
    with pytest.raises(firth.FormatError, match="no checkpoint"):
        firth.train(sentences(), checkpoint=tmp_path, resume=True, quiet=True, **SETTINGS)


def test_the_same_words_in_another_order_are_another_corpus(tmp_path):
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    with pytest.raises(firth.ConfigError, match="another corpus"):
        firth.train(
            [sentence[::-1] for sentence in sentences()], checkpoint=tmp_path, resume=True, quiet=True, **SETTINGS
        )


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(tmp_path, monkeypatch):
    def full(checkpoint, trainer):
        raise firth.FormatError("no space left")

    monkeypatch.setattr(Checkpoint, "save", full)
    with pytest.warns(UserWarning, match="not saved: no space left"):
        vectors = firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    assert len(vectors.history) == 3


def test_resume_needs_a_folder():
    with pytest.raises(firth.ConfigError, match="--checkpoint"):
        firth.train(sentences(), resume=True, quiet=True, **SETTINGS)


def test_a_folder_that_cannot_be_made_is_refused_before_reading(tmp_path):
    (tmp_path / "file").write_text("")

    def unread():
        raise AssertionError("the corpus was read")
        yield

    with pytest.raises(firth.FormatError, match="folder for checkpoints"):
        firth.train(unread(), checkpoint=tmp_path / "file" / "run", quiet=True, **SETTINGS)
