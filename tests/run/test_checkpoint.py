"""Runs that are interrupted and resumed: with one thread they end in the very same vectors."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.corpus.encode import build_corpus
from firth.display import Display
from firth.files.names import part_of
from firth.files.tensors import write_tensors
from firth.run import checkpoint as checkpoint_module
from firth.run.checkpoint import Checkpoint, Pace, folder_of_one_run
from firth.settings import TrainConfig
from firth.sgd import trainer
from firth.sgd.trainer import SgdTrainer
from firth.vectors.storage import pack

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


def rewrite(vectors):
    """Write changed vectors back to their file, with the right checksum."""
    write_tensors(vectors.path, *pack(vectors.path, vectors.parts()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", 1e30),
        ("loss", float("nan")),
        ("position", -5),
        ("position", 10**9),
        ("position", 0.5),
        ("pairs", -1),
        ("loss", "x"),
        ("seconds", None),
    ],
)
def test_a_state_that_cannot_be_is_refused(tmp_path, name, value):
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    path = tmp_path / "checkpoint.safetensors"
    broken = firth.load(path)
    broken.config["unfinished"][name] = value
    rewrite(broken)
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
    broken.config, broken.path = right.config, right.path
    rewrite(broken)
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


# Damaged files.

NAMES = ("checkpoint.safetensors", "checkpoint-before.safetensors")


def flip(path, place):
    """Change a bit of a file, at a share of its length."""
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 4
    path.write_bytes(content)


@pytest.fixture
def saved(tmp_path):
    """A folder with the two checkpoints of a run of three epochs, after the third and after the second."""
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    config = TrainConfig(**SETTINGS)
    with build_corpus(sentences(), min_count=1) as corpus:
        run = SgdTrainer(corpus, config)
        for path in tmp_path.iterdir():
            path.unlink()
        checkpoint = Checkpoint(tmp_path, resume=False, config=config)
        run.run(lambda progress: None, on_epoch=lambda: bool(checkpoint.save(run)))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    assert [len(firth.load(tmp_path / name).history) for name in NAMES] == [3, 2]
    return tmp_path


def resumed(folder):
    return firth.train(sentences(), checkpoint=folder, resume=True, quiet=True, **SETTINGS)


@pytest.mark.parametrize("place", [0.0, 0.02, 0.3, 0.6, 1.0])
def test_a_flipped_bit_is_noticed_and_the_checkpoint_before_is_used(saved, place):
    whole = firth.train(sentences(), quiet=True, **SETTINGS)
    flip(saved / NAMES[0], place)
    with pytest.warns(UserWarning, match=r"checkpoint\.safetensors: .*; .*checkpoint-before\.safetensors, is used"):
        vectors = resumed(saved)
    assert vectors.center.tobytes() == whole.center.tobytes()
    assert vectors.outside.tobytes() == whole.outside.tobytes()
    assert [len(firth.load(saved / name).history) for name in NAMES] == [3, 2]  # the damaged one is not kept
    assert resumed(saved).center.tobytes() == whole.center.tobytes()


def test_a_checkpoint_that_is_cut_short_or_gone_has_one_before_it(saved):
    path = saved / NAMES[0]
    whole = path.read_bytes()
    for cut in (0, 1, 500, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.warns(UserWarning, match="is used"):
            assert len(resumed(saved).history) == 3
    path.unlink()
    assert len(resumed(saved).history) == 3


def test_two_damaged_checkpoints_are_named(saved):
    for name in NAMES:
        flip(saved / name, 0.5)
    with pytest.raises(
        firth.FormatError, match=r"damaged.*, as is the one before \(.*before.*damaged.*backup, or remove"
    ):
        resumed(saved)
    (saved / NAMES[1]).unlink()
    with pytest.raises(firth.FormatError, match=r"damaged.*, and there is no checkpoint before it: .*remove"):
        resumed(saved)


def test_a_checkpoint_without_checksum_is_refused(saved):
    (saved / NAMES[1]).unlink()
    path = saved / NAMES[0]
    path.write_bytes(path.read_bytes().replace(b'"sha256"', b'"sha257"', 1))
    with pytest.raises(firth.FormatError, match=r"no checksum in the file: expected one .* begin anew"):
        resumed(saved)


def test_one_of_the_two_checkpoints_is_whole_at_every_moment(saved, monkeypatch):
    """A process that dies at any call to the system leaves a run that can be resumed."""
    config, calls = TrainConfig(**SETTINGS), 0
    replace = os.replace
    with build_corpus(sentences(), min_count=1) as corpus:
        run = SgdTrainer(corpus, config)
        checkpoint = Checkpoint(saved, resume=True, config=config)
        assert checkpoint.restore(run)

        def watched(source, target):
            nonlocal calls
            replace(source, target)
            calls += 1
            again = Checkpoint(saved, resume=True, config=config)
            assert again.restore(SgdTrainer(corpus, config))

        monkeypatch.setattr(os, "replace", watched)
        checkpoint.save(run)
    assert calls == 2


def test_vectors_of_the_best_epochs_fit_both_checkpoints(saved):
    with build_corpus(sentences(), min_count=1) as corpus:
        config = TrainConfig(**SETTINGS)
        run = SgdTrainer(corpus, config)
        checkpoint = Checkpoint(saved / "new", resume=False, config=config)
        found = []

        def save():
            epoch = min(run.epochs_done, 2)
            checkpoint.save(run, (epoch, run.vectors()))
            found.append(sorted(path.name for path in (saved / "new").glob("*best*")))
            return False

        run.run(lambda progress: None, on_epoch=save)
    assert found == [[f"checkpoint-best-{epoch}.safetensors" for epoch in epochs] for epochs in ([1], [1, 2], [2])]


def test_damaged_vectors_of_the_best_epoch_are_named(tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"w{i}\tw{i + 1}\t{i * 7 % 5}\n" for i in range(1, 9)), encoding="utf-8")
    again = SETTINGS | {"evaluate": pairs, "patience": 9, "checkpoint": tmp_path / "run", "quiet": True}
    whole = firth.train(sentences(), **again)
    last, before = (firth.load(tmp_path / "run" / name).config["unfinished"]["best"] for name in NAMES)
    assert last != before
    flip(tmp_path / "run" / f"checkpoint-best-{last}.safetensors", 0.5)
    with pytest.warns(UserWarning, match=r"best-.*damaged.*; the checkpoint before it, checkpoint-before"):
        resumed = firth.train(sentences(), **again, resume=True)
    assert resumed.center.tobytes() == whole.center.tobytes()
    for best in (tmp_path / "run").glob("*best*"):
        best.write_bytes(b"cut")
    with pytest.raises(firth.FormatError, match=r"best-.*: resume without patience, or begin anew"):
        firth.train(sentences(), **again, resume=True)
    flip(tmp_path / "run" / NAMES[0], 0.5)
    with pytest.warns(UserWarning, match=r"checkpoint\.safetensors: .*damaged.*; the checkpoint before it"):
        firth.train(sentences(), **SETTINGS, checkpoint=tmp_path / "run", quiet=True, resume=True)  # without patience


@pytest.mark.parametrize("history", [[{}, {}], [{"epoch": 1, "loss": float("nan")}], "nine", "1e30"])
def test_a_history_that_no_run_wrote_is_refused(saved, history):
    (saved / NAMES[1]).unlink()
    broken = firth.load(saved / NAMES[0])
    rewrite(broken)
    assert len(resumed(saved).history) == 3
    (saved / NAMES[1]).unlink()
    if history == "1e30":
        broken.history[0]["loss"] = 1e30
    else:
        broken.history = (
            [entry | {"epoch": i} for i, entry in enumerate(broken.history * 3, 1)] if history == "nine" else history
        )
    rewrite(broken)
    with pytest.raises(firth.FormatError, match="no checkpoint of such a run"):
        resumed(saved)


# Other corpora.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: [*text, ["w0"]], r"another corpus: it has 12,000 tokens, and this one 12,001"),
        (lambda text: [text[0][:-1], [*text[1], text[0][-1]], *text[2:]], "the same words come in another order"),
        (lambda text: [[*text[0], *text[1]], *text[2:]], "it has 400 sentences, and this one 399"),
        (
            lambda text: [[f"{word}x" if word == "w3" else word for word in line] for line in text],
            r"word \d+ of it, .*'w3', and here 'w3x'",
        ),
        (lambda text: [[*text[0][:-1], "new"], *text[1:]], r"different words, and this one"),
    ],
)
def test_what_differs_in_another_corpus_is_named(saved, change, message):
    with pytest.raises(firth.ConfigError, match=message):
        firth.train(change(sentences()), checkpoint=saved, resume=True, quiet=True, **SETTINGS)


# When it is saved.


def test_runs_are_saved_every_so_many_seconds_and_at_the_end_of_epochs_where_that_takes_little(monkeypatch):
    now, run = [0.0], SimpleNamespace(epochs_done=0)
    monkeypatch.setattr("firth.run.checkpoint.time.monotonic", lambda: now[0])
    pace = Pace(300.0, run)
    assert not pace.is_due()
    run.epochs_done, now[0] = 1, 1.0
    assert pace.is_due()
    with pace.saving():
        now[0] += 2.0
    assert not pace.is_due()
    run.epochs_done, now[0] = 2, 3.0 + 99.0
    assert not pace.is_due()
    now[0] = 3.0 + 100.0
    assert pace.is_due()
    run.epochs_done, now[0] = 1, 3.0 + 299.0
    assert not pace.is_due()
    now[0] = 3.0 + 300.0
    assert pace.is_due()


def test_checkpoint_seconds_are_those_between_saves(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    save, saves = Checkpoint.save, []
    monkeypatch.setattr(Checkpoint, "save", lambda *arguments: saves.append(save(*arguments)))
    whole = firth.train(sentences(), quiet=True, **SETTINGS)
    vectors = firth.train(sentences(), checkpoint=tmp_path, checkpoint_seconds=0.001, quiet=True, **SETTINGS)
    assert len(saves) > 4
    assert vectors.center.tobytes() == whole.center.tobytes()
    assert "checkpoint_seconds" not in vectors.config
    for wrong in (0, -1.0, float("nan"), "x"):
        with pytest.raises(firth.ConfigError, match="checkpoint_seconds is"):
            firth.train(sentences(), checkpoint=tmp_path / "new", checkpoint_seconds=wrong, **SETTINGS)


# One run at a time, and what a killed one leaves.


def test_ctrl_c_again_and_again_does_not_drop_the_save(tmp_path, monkeypatch):
    """While threads stop, before the save and within it; the run then goes on to the same bytes."""
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    whole = firth.train(sentences(), quiet=True, **SETTINGS)
    total, write = trainer._total, checkpoint_module.write_tensors
    with monkeypatch.context() as broken:
        calls, stopping, written = [], [], []

        def again(*arguments):
            if stopping:
                signal.raise_signal(signal.SIGINT)

        def writing(*content):
            again()
            write(*content)
            written.extend(stopping)

        def training(display, progress):
            calls.append(1)
            if len(calls) == 4:
                stopping.append(1)
            again()

        broken.setattr(Display, "training", training)
        broken.setattr(Display, "say", again)
        broken.setattr(trainer, "_total", lambda workers: [again(), total(workers)][1])
        broken.setattr(checkpoint_module, "write_tensors", writing)
        with pytest.raises(KeyboardInterrupt):
            firth.train(sentences(), checkpoint=tmp_path, checkpoint_seconds=1e9, quiet=True, **SETTINGS)
    assert written == [1]
    assert resumed(tmp_path).center.tobytes() == whole.center.tobytes()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_run_in_the_folder_is_refused(tmp_path):
    with (
        folder_of_one_run(tmp_path),
        pytest.raises(firth.FormatError, match=rf"by another run \(process {os.getpid()} "),
    ):
        firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell whose files are")
def test_parts_of_a_killed_run_are_removed(tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("checkpoint.safetensors", "checkpoint-best-2.safetensors"):
        (folder / part_of(name)).write_bytes(bytes(150_000))
    (folder / ".mine.tmp").write_text("")
    firth.train(sentences(), checkpoint=folder, **SETTINGS)
    assert f"removed 300.0 kB that a run which was killed left beside {folder}" in capsys.readouterr().err
    assert sorted(path.name for path in folder.glob(".*")) == [".mine.tmp"]


@pytest.mark.skipif(os.name == "nt", reason="no signals between processes there")
def test_runs_that_are_killed_end_in_the_same_bytes(tmp_path):
    text, out, whole = tmp_path / "text.txt", tmp_path / "v.safetensors", tmp_path / "whole.safetensors"
    text.write_text("\n".join(map(" ".join, sentences(4000))), encoding="utf-8")
    firth.train(text, dim=12, min_count=1, subsample=0.0, epochs=4, threads=1, quiet=True).save(whole)
    command = [sys.executable, "-m", "firth", "train", str(text), "--threads", "1", "--min-count", "1", "--dim", "12"]
    command += ["--epochs", "4", "--subsample", "0", "-o", str(out), "--checkpoint", str(tmp_path / "run")]
    command += ["--checkpoint-seconds", "0.01", "--resume", "--tmp", str(tmp_path)]
    rng, kills = np.random.default_rng(0), 0
    for _ in range(3):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
            for line in run.stderr:
                if "the run begins" in line or "continuing" in line:
                    break
            time.sleep(rng.uniform(0.0, 0.2))
            run.kill()
            kills += run.wait() == -signal.SIGKILL
            run.stderr.read()
    assert kills
    subprocess.run(command, check=True, capture_output=True)
    assert out.read_bytes() == whole.read_bytes()
    assert not list((tmp_path / "run").glob(".*"))


# Signals, folders and runs that diverge.


def signalled(monkeypatch, number, before=lambda: None):
    """Let a signal come as the first epoch ends."""

    def training(display, progress):
        if progress.epoch_seconds is not None:
            before()
            signal.raise_signal(number)

    monkeypatch.setattr(Display, "training", training)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_signals_save_a_run_from_python_though_its_folder_is_gone(tmp_path, monkeypatch, number):
    folder = tmp_path / "run"

    def remove():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    signalled(monkeypatch, number, remove)
    with pytest.raises(KeyboardInterrupt):
        firth.train(sentences(), checkpoint=folder, quiet=True, **SETTINGS)
    assert len(firth.load(folder / NAMES[0]).history) == 1


def test_a_last_save_that_fails_is_a_warning_beside_the_signal(tmp_path, monkeypatch):
    def full(*_):
        raise firth.FormatError("no space left")

    signalled(monkeypatch, signal.SIGINT)
    monkeypatch.setattr(Checkpoint, "save", full)
    with pytest.warns(UserWarning, match="the run was not saved: no space left"), pytest.raises(KeyboardInterrupt):
        firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)


def test_a_signal_while_a_run_is_saved_saves_it_once(tmp_path, monkeypatch, capsys):
    saves, write = [], checkpoint_module.write_tensors

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        saves.append(write(*arguments))

    monkeypatch.setattr(checkpoint_module, "write_tensors", interrupted)
    with pytest.raises(KeyboardInterrupt):
        firth.train(sentences(), checkpoint=tmp_path, **SETTINGS)
    assert len(saves) == 1
    assert "the run is saved in" in capsys.readouterr().err


def test_no_file_is_mapped_that_a_save_replaces(tmp_path, monkeypatch):
    firth.train(sentences(), checkpoint=tmp_path, quiet=True, **SETTINGS)
    config = TrainConfig(**SETTINGS)
    saved = Checkpoint(tmp_path, resume=True, config=config)
    with build_corpus(sentences(), min_count=1) as corpus:
        run = SgdTrainer(corpus, config)
        assert saved.restore(run)
        monkeypatch.setattr(checkpoint_module, "write_tensors", lambda *_: held.append(saved._saved))
        held = []
        saved.save(run)
    assert held == [None]


def test_a_run_that_diverges_leaves_what_was_saved_before(tmp_path):
    settings = {"loss": "softmax", "lr": 10.0, "epochs": 8, "dim": 12, "min_count": 1, "quiet": True}
    with pytest.raises(firth.FirthError, match=r"diverged: .*a lower lr.*another folder for its checkpoint"):
        firth.train(sentences(), checkpoint=tmp_path, checkpoint_seconds=0.001, **settings)
    for path in tmp_path.glob("*.safetensors"):
        assert all(entry["loss"] < np.log(50) * 1.02 + 0.001 for entry in firth.load(path).history)


def test_a_run_without_a_pair_leaves_no_checkpoint(tmp_path):
    with (
        pytest.warns(UserWarning, match="subsampling keeps"),
        pytest.raises(firth.CorpusError, match="no pair of words"),
    ):
        firth.train(
            [["a", "b"]] * 3,
            checkpoint=tmp_path,
            checkpoint_seconds=0.001,
            quiet=True,
            **SETTINGS | {"subsample": 1e-12},
        )
    assert not list(tmp_path.glob("*.safetensors"))


def test_seconds_between_checkpoints_need_a_folder():
    with pytest.raises(firth.ConfigError, match="--checkpoint DIR"):
        firth.train(sentences(), checkpoint_seconds=10, quiet=True, **SETTINGS)
