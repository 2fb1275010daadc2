"""Runs that are interrupted and resumed: with one thread they end in the very same vectors."""

import signal

import numpy as np
import pytest

import firth
from firth.corpus.encode import build_corpus
from firth.display import Display
from firth.run.checkpoint import Checkpoint
from firth.settings import TrainConfig
from firth.sgd import trainer
from firth.sgd.trainer import SgdTrainer

TREE, CBOW = {"loss": "hierarchical-softmax"}, {"architecture": "cbow"}
SUBWORDS = {"minn": 1, "maxn": 3, "bucket": 60}
KINDS = {
    "shared": {},
    "per-pair": {"update": "per-pair"},
    "tree": TREE,
    "cbow": CBOW,
    "cbow-sum-tree": CBOW | TREE | {"cbow_sum": True},
    "subwords": SUBWORDS,
    "tree-subwords": TREE | SUBWORDS,
    "cbow-subwords": CBOW | SUBWORDS,
    "cbow-tree-subwords": CBOW | TREE | SUBWORDS,
}
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


@pytest.mark.parametrize("calls", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_restored_run_ends_in_the_same_bytes(tmp_path, monkeypatch, calls, kind):
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    config = TrainConfig(**SETTINGS | kind)
    with build_corpus(sentences(), min_count=1) as corpus:
        whole = SgdTrainer(corpus, config)
        assert whole.run(lambda progress: None)
        broken = SgdTrainer(corpus, config)
        with pytest.raises(KeyboardInterrupt):
            broken.run(interrupted_after(calls))
        Checkpoint(tmp_path, resume=False, config=config).save(broken)
        resumed = SgdTrainer(corpus, config)
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


@pytest.mark.parametrize("kind", [{}, {"architecture": "cbow"}, SUBWORDS, TREE])
def test_a_run_from_given_vectors_is_resumed_with_its_frozen_words(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    old = firth.train(sentences(50), quiet=True, **SETTINGS | kind)
    new = [[f"{word}x" if word > "w3" else word for word in sentence] for sentence in sentences(100)]
    again = {"from_": old, "quiet": True, "threads": 1, "min_count": 1, "epochs": 3, "seed": 2}
    if "maxn" not in kind:
        again["freeze"] = ["w1", "w2"]
    whole = firth.train(new, **again)
    with monkeypatch.context() as broken:
        broken.setattr(Display, "training", lambda display, progress: interrupt(progress))
        interrupt = interrupted_after(3)
        with pytest.raises(KeyboardInterrupt):
            firth.train(new, **again, checkpoint=tmp_path)
    saved = firth.load(tmp_path / "checkpoint.safetensors")
    assert len(saved.history) < 3
    resumed = firth.train(new, **again, checkpoint=tmp_path, resume=True)
    assert resumed.center.tobytes() == whole.center.tobytes() != saved.center.tobytes()
    last, expected = (vectors.nodes if "loss" in kind else vectors.outside for vectors in (resumed, whole))
    assert last.tobytes() == expected.tobytes()
    for word in again.get("freeze", ()):
        assert resumed[word].tobytes() == old[word].tobytes()
    assert resumed.counts.tolist() == whole.counts.tolist()


def test_a_run_with_other_frozen_words_is_not_resumed(tmp_path):
    again = {"from_": firth.train(sentences(50), quiet=True, **SETTINGS), "checkpoint": tmp_path, "quiet": True}
    again |= {"min_count": 1, "epochs": 1}
    firth.train(sentences(100), **again, freeze=["w1", "w2"])
    for freeze in (["w1"], ["w1", "w3"], None):
        with pytest.raises(firth.ConfigError, match="was made with other frozen words: resume with the text"):
            firth.train(sentences(100), **again, resume=True, freeze=freeze)
    assert firth.train(sentences(100), **again, resume=True, freeze=["w2", "w1"])


def test_resume_without_a_checkpoint_begins_anew(tmp_path):
    vectors = firth.train(sentences(), checkpoint=tmp_path / "new", resume=True, quiet=True, **SETTINGS)
    assert len(vectors.history) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 13}, "dim = 12, not 13"),
        ({"epochs": 4}, "epochs = 3, not 4"),
        ({"seed": 5}, "seed"),
        ({"architecture": "cbow"}, "architecture = 'skipgram', not 'cbow'"),
        ({"loss": "hierarchical-softmax"}, "loss = 'negative-sampling', not 'hierarchical-softmax'"),
        ({"maxn": 3}, "maxn = 0, not 3"),
        ({"keep_words": ["w0"], "max_vocab": None, "vocab": {"w0": 9, "w1": 9}}, "another corpus"),
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
    def full(checkpoint, trainer, kept, told):
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


@pytest.mark.parametrize(("kind", "wrong"), [(TREE, {}), ({}, TREE), (SUBWORDS, {}), ({}, SUBWORDS)])
def test_a_checkpoint_without_the_arrays_of_its_settings_is_refused(tmp_path, kind, wrong):
    """The settings of one run with the vectors of another: no nodes for a tree, or no rows for subwords."""
    for settings, folder in ((kind, tmp_path / "right"), (wrong, tmp_path / "wrong")):
        firth.train(sentences(), checkpoint=folder, quiet=True, **SETTINGS | settings)
    right, broken = (firth.load(tmp_path / name / "checkpoint.safetensors") for name in ("right", "wrong"))
    broken.config = right.config
    broken.save(tmp_path / "right" / "checkpoint.safetensors")
    with pytest.raises(firth.FormatError, match="no checkpoint"):
        firth.train(sentences(), checkpoint=tmp_path / "right", resume=True, quiet=True, **SETTINGS | kind)


def test_a_run_with_documents_is_resumed_with_its_tags_alone(tmp_path, monkeypatch):
    tags = [f"t{i % 30}" for i in range(100)]
    more = {"documents": True, "quiet": True, "checkpoint": tmp_path}
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    whole = firth.train(sentences(100), tags=tags, **SETTINGS | more | {"checkpoint": None})
    with monkeypatch.context() as broken:
        interrupt = interrupted_after(3)
        broken.setattr(Display, "training", lambda display, progress: interrupt(progress))
        with pytest.raises(KeyboardInterrupt):
            firth.train(sentences(100), tags=tags, **SETTINGS | more)
    with pytest.raises(firth.ConfigError, match="was made with other tags"):
        firth.train(sentences(100), tags=["t0", *tags[:-1]], **SETTINGS | more, resume=True)
    resumed = firth.train(sentences(100), tags=tags, **SETTINGS | more, resume=True)
    assert resumed.documents.names == whole.documents.names == tags[:30]
    assert resumed.documents.matrix.tobytes() == whole.documents.matrix.tobytes()
