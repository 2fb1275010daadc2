"""What a run does after each epoch: scores, a callback, early stopping; and that a resumed run does the same."""

import itertools
import json
import re
import signal
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.display import Display
from firth.errors import ConfigError, FormatError
from firth.files.tensors import write_tensors
from firth.run import after_epoch, checkpoint
from firth.run import train as run
from firth.sgd import trainer
from firth.vectors.storage import pack

SETTINGS = {"dim": 8, "min_count": 1, "subsample": 0.0, "epochs": 6, "threads": 1, "seed": 3}
QUIET = SETTINGS | {"quiet": True}
KINDS = {
    "skip-gram": {},
    "tree": {"loss": "hierarchical-softmax"},
    "cbow-subwords": {"architecture": "cbow", "minn": 1, "maxn": 3, "bucket": 60},
    "softmax": {"loss": "softmax"},
}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def sentences(count=200):
    rng = np.random.default_rng(0)
    return [[f"w{i}" for i in rng.zipf(1.5, 30) % 50] for _ in range(count)]


def matrices(vectors):
    found = {name: getattr(vectors, name) for name in ("center", "outside", "nodes", "bias")}
    found["rows"] = None if vectors.subwords is None else vectors.subwords.rows
    return {name: matrix.tobytes() for name, matrix in found.items() if matrix is not None}


def numbers(history):
    """The history without the seconds, which are measured."""
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in history]


@pytest.fixture
def pairs(tmp_path):
    """Similarities of words of the corpus."""
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"w{i}\tw{i + 1}\t{i * 7 % 5}\n" for i in range(1, 9)), encoding="utf-8")
    return path


@pytest.fixture
def scripted(monkeypatch):
    """Set the score after each epoch; the number of epochs is that of the history."""
    script = {}

    def score(vectors, files):
        (file,) = files
        epoch = len(vectors.history)
        value = 0.5 if epoch == 0 else script[file.name][epoch - 1]
        return SimpleNamespace(results=[SimpleNamespace(score=SimpleNamespace(value=value))])

    monkeypatch.setattr(after_epoch, "read", lambda path: SimpleNamespace(name=str(path)))
    monkeypatch.setattr(after_epoch, "score_on", score)
    return script


# The callback.


@every_kind
def test_a_callback_sees_each_epoch_and_changes_no_byte(tmp_path, kind):
    seen = []
    plain = firth.train(sentences(), **QUIET | kind)
    vectors = firth.train(sentences(), on_epoch=seen.append, **QUIET | kind)
    for name, one in (("plain", plain), ("seen", vectors)):
        one.save(tmp_path / f"{name}.safetensors")
    assert (tmp_path / "plain.safetensors").read_bytes() == (tmp_path / "seen.safetensors").read_bytes()
    assert [len(one.history) for one in seen] == [1, 2, 3, 4, 5, 6]
    assert numbers(seen[2].history) == numbers(vectors.history[:3])
    assert matrices(seen[-1]) == matrices(vectors)
    assert all(matrices(a) != matrices(b) for a, b in itertools.pairwise(seen))


@every_kind
def test_what_a_callback_does_to_its_vectors_reaches_nothing(kind):
    def spoil(vectors):
        vectors.history[0]["loss"] = -1.0
        vectors.history.clear()
        vectors.config.clear()

    vectors = firth.train(sentences(), on_epoch=spoil, **QUIET | kind)
    plain = firth.train(sentences(), **QUIET | kind)
    assert numbers(vectors.history) == numbers(plain.history)
    assert vectors.config == plain.config


@every_kind
def test_true_stops_the_run_after_the_epoch(capsys, kind):
    seen = []

    def on_epoch(vectors):
        seen.append(vectors)
        return len(vectors.history) == 3

    vectors = firth.train(sentences(), on_epoch=on_epoch, **SETTINGS | kind)
    assert len(seen) == len(vectors.history) == 3
    assert matrices(vectors) == matrices(seen[-1])
    assert vectors.config["epochs"] == 6
    said = capsys.readouterr().err
    assert "on_epoch stopped the run after epoch 3 of 6" in said
    assert "no longer falls" not in said


@pytest.mark.parametrize("answer", [np.bool_(True), True])
def test_numpy_s_true_is_true(answer):
    assert len(firth.train(sentences(), on_epoch=lambda vectors: answer, **QUIET).history) == 1


@pytest.mark.parametrize("answer", [1, 0.5, "stop"])
def test_an_answer_that_is_neither_true_nor_false_is_refused(answer):
    with pytest.raises(ConfigError, match=r"on_epoch returned .*expected True to stop"):
        firth.train(sentences(), on_epoch=lambda vectors: answer, **QUIET)


def test_the_rate_of_a_stopped_run_is_that_of_the_planned_epochs():
    stopped = firth.train(sentences(), on_epoch=lambda vectors: len(vectors.history) == 2, **QUIET)
    whole = firth.train(sentences(), **QUIET)
    assert numbers(stopped.history) == numbers(whole.history[:2])


# Scores.


def test_evaluate_that_is_no_path_is_refused():
    with pytest.raises(ConfigError, match="evaluate is 5: expected a path or a list of paths"):
        firth.train(sentences(), evaluate=5, **QUIET)


@every_kind
def test_scores_of_each_epoch_are_in_the_history_and_shown(capsys, pairs, kind):
    seen = []
    vectors = firth.train(sentences(), evaluate=pairs, on_epoch=seen.append, **SETTINGS | kind)
    said = capsys.readouterr().err.splitlines()
    plain = firth.train(sentences(), **QUIET | kind)
    assert matrices(vectors) == matrices(plain)
    for epoch, one in enumerate(seen, 1):
        expected = spearman_of(one, pairs)
        assert vectors.history[epoch - 1]["scores"] == {"pairs": pytest.approx(expected, abs=1e-12)}
        assert one.history[-1]["scores"] == vectors.history[epoch - 1]["scores"]
        assert f"after epoch {epoch}: pairs {100 * expected:z.1f}" in said
    assert len({entry["scores"]["pairs"] for entry in vectors.history}) > 1


def spearman_of(vectors, path):
    """The rank correlation of cosines and ratings, from the formula."""
    cosines, ratings = [], []
    for line in path.read_text("utf-8").splitlines():
        a, b, rating = line.split("\t")
        u, v = vectors[a].astype(np.float64), vectors[b].astype(np.float64)
        cosines.append(float(u @ v / np.sqrt((u @ u) * (v @ v))))
        ratings.append(float(rating))
    first, second = (
        [sum(y < x for y in values) + (sum(y == x for y in values) + 1) / 2 for x in values]
        for values in (cosines, ratings)
    )
    return float(np.corrcoef(first, second)[0, 1])


def test_several_files_have_a_score_each(tmp_path, pairs):
    other = tmp_path / "other.tsv"
    other.write_text("w1\tw2\t1\nw3\tw4\t2\nw2\tw5\t3\n", encoding="utf-8")
    vectors = firth.train(sentences(), evaluate=[other, str(pairs)], **QUIET)
    assert [list(entry["scores"]) for entry in vectors.history] == [["other", "pairs"]] * 6


def unread():
    raise AssertionError("the corpus was read")
    yield


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"evaluate": "missing.tsv"}, FormatError, "missing.tsv"),
        ({"evaluate": []}, ConfigError, "expected a path or a list of paths"),
        ({"evaluate": [3]}, ConfigError, "expected a path or a list of paths"),
        ({"patience": 2}, ConfigError, "give evaluate"),
        ({"patience": 0, "evaluate": "missing.tsv"}, ConfigError, "patience is 0: expected a whole number"),
        ({"on_epoch": 3}, ConfigError, "on_epoch is 3: expected a function"),
    ],
)
def test_mistakes_are_found_before_reading(settings, error, message):
    with pytest.raises(error, match=message):
        firth.train(unread(), **QUIET | settings)


def test_two_files_of_one_name_are_refused(tmp_path, pairs):
    (tmp_path / "more").mkdir()
    same = tmp_path / "more" / "pairs.tsv"
    same.write_bytes(pairs.read_bytes())
    with pytest.raises(ConfigError, match="two files are named pairs"):
        firth.train(unread(), evaluate=[pairs, same], **QUIET)


@pytest.mark.parametrize("kind", [{}, {"loss": "softmax"}])
def test_a_file_whose_words_the_corpus_lacks_is_refused_before_training(tmp_path, monkeypatch, kind):
    other = tmp_path / "other.tsv"
    other.write_text("cat\tdog\t1\nsun\tsea\t2\n", encoding="utf-8")
    monkeypatch.setattr(run, "_run", lambda *arguments: pytest.fail("training began"))
    with pytest.raises(ConfigError, match=r"other has no score: too few of its words"):
        firth.train(sentences(), evaluate=other, **QUIET | kind)


# Early stopping.


@every_kind
@pytest.mark.parametrize(
    ("scores", "patience", "best", "end"),
    [
        ([0.1, 0.5, 0.4, 0.5, 0.9, 0.9], 2, 2, 4),  # an equal score is no rise
        ([0.1, 0.5, 0.4, 0.5, 0.9, 0.2], 3, 5, 6),
        ([0.5, 0.4, 0.9, 0.9, 0.9, 0.9], 1, 1, 2),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 1, 6, 6),
        ([-0.1, -0.2, 0.3, 0.4, 0.5, 0.6], 1, 1, 2),
    ],
)
def test_patience_ends_with_the_best_epoch(capsys, scripted, kind, scores, patience, best, end):
    scripted["a.tsv"], scripted["b.tsv"] = scores, scores[::-1]
    seen = []
    again = {"evaluate": ["a.tsv", "b.tsv"], "patience": patience, "on_epoch": seen.append}
    vectors = firth.train(sentences(), **again, **SETTINGS | kind)
    assert matrices(vectors) == matrices(seen[best - 1])
    assert [entry["scores"]["a.tsv"] for entry in vectors.history] == scores[:end]
    assert [entry.get("best", False) for entry in vectors.history] == [epoch == best for epoch in range(1, end + 1)]
    score = f"{100 * scores[best - 1]:.1f} on a.tsv"
    said = f"the vectors are those of epoch {best} of 6: best score {score}"
    if end < 6:
        said = f"stopped after epoch {end} of 6: best score {score} after epoch {best}"
    assert capsys.readouterr().err.splitlines()[-1] == said


def test_a_callback_may_stop_a_run_with_patience(scripted):
    scripted["a.tsv"] = [0.1, 0.9, 0.8, 0.7, 0.6, 0.5]
    seen = []

    def on_epoch(vectors):
        seen.append(vectors)
        return len(seen) == 3

    vectors = firth.train(sentences(), evaluate="a.tsv", patience=5, on_epoch=on_epoch, **QUIET)
    assert matrices(vectors) == matrices(seen[1])
    assert len(vectors.history) == 3


@every_kind
def test_what_a_callback_does_to_its_vectors_does_not_reach_those_of_the_best_epoch(tmp_path, scripted, kind):
    def spoil(vectors):
        vectors.history[-1]["scores"]["a.tsv"] = -1.0
        vectors.history.clear()
        vectors.config.clear()

    scripted["a.tsv"] = [0.1, 0.9, 0.8, 0.7, 0.6, 0.5]
    again = {"evaluate": "a.tsv", "patience": 2} | QUIET | kind
    plain = firth.train(sentences(), **again)
    vectors = firth.train(sentences(), on_epoch=spoil, checkpoint=tmp_path, **again)
    assert numbers(vectors.history) == numbers(plain.history)
    assert vectors.config == plain.config
    assert matrices(firth.load(tmp_path / "checkpoint-best-2.safetensors")) == matrices(plain)
    resumed = firth.train(sentences(), on_epoch=spoil, checkpoint=tmp_path, resume=True, **again)
    assert matrices(resumed) == matrices(plain)


def test_patience_on_a_score_that_is_not_there_is_refused(scripted):
    scripted["a.tsv"] = [None] * 6
    assert len(firth.train(sentences(), evaluate="a.tsv", **QUIET).history) == 6
    with pytest.raises(ConfigError, match=r"a\.tsv has no score after epoch 1"):
        firth.train(sentences(), evaluate="a.tsv", patience=1, **QUIET)


# Resuming.


@every_kind
@pytest.mark.parametrize("moment", ["training", "scoring", "scored", "callback"])
@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5, 6])
def test_a_resumed_run_with_patience_ends_in_the_same_bytes(tmp_path, monkeypatch, scripted, kind, moment, stop):
    """Ctrl-C in the first, second, ... epoch, or when it has ended: in scoring, with its scores, in the callback."""
    monkeypatch.setattr(trainer, "CHUNK", 64)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    scripted["a.tsv"] = [0.1, 0.5, 0.7, 0.6, 0.6, 0.6]
    again = {"evaluate": "a.tsv", "patience": 2} | QUIET | kind
    firth.train(sentences(), **again).save(tmp_path / "whole.safetensors")
    again["checkpoint"] = tmp_path / "run"
    with monkeypatch.context() as broken:
        broke = interrupted(broken, moment, stop, lambda: firth.train(sentences(), **again))
    assert broke == (stop <= 5)
    firth.train(sentences(), **again, resume=True).save(tmp_path / "resumed.safetensors")
    assert (tmp_path / "resumed.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    kept = {path.name for path in (tmp_path / "run").glob("*best*")}
    assert "checkpoint-best-3.safetensors" in kept
    assert len(kept) <= 2


def interrupted(broken, moment, stop, work):
    """Whether `work` was interrupted at a moment of an epoch that it comes to."""
    watch, keep, score = after_epoch.AfterEpoch, after_epoch.AfterEpoch._keep, after_epoch.score_on

    def ctrl_c(epoch):
        if epoch == stop:
            signal.raise_signal(signal.SIGINT)

    def training(display, progress):
        if progress.loss is not None:  # within the epoch, or at its end if it is over sooner
            ctrl_c(progress.epoch)

    def scoring(vectors, paths):
        ctrl_c(len(vectors.history))
        return score(vectors, paths)

    def keeping(after, trainer, vectors):
        if vectors is not None:
            ctrl_c(trainer.epochs_done)
        keep(after, trainer, vectors)

    match moment:
        case "training":
            broken.setattr(Display, "training", training)
        case "scoring":
            broken.setattr(after_epoch, "score_on", scoring)
        case "scored":
            broken.setattr(watch, "_keep", keeping)
        case "callback":
            broken.setattr(watch, "_wants_to_stop", lambda after, vectors: ctrl_c(len(vectors.history)))
    try:
        work()
    except KeyboardInterrupt:
        return True
    return False


class Crash(BaseException):
    """What ends a process without a chance to save."""


@pytest.mark.parametrize("after_write", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("stop", range(1, 10))
@pytest.mark.parametrize("kind", [KINDS["skip-gram"], KINDS["softmax"]], ids=["skip-gram", "softmax"])
def test_a_run_that_crashed_between_two_files_is_resumed(tmp_path, monkeypatch, scripted, kind, stop, after_write):
    """The best epoch's vectors and the checkpoint fit together, whichever write was the last."""
    monkeypatch.setattr(trainer, "CHUNK", 1024)
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    scripted["a.tsv"] = [0.1, 0.5, 0.4, 0.7, 0.6, 0.6]
    again = {"evaluate": "a.tsv", "patience": 2} | QUIET | kind
    firth.train(sentences(), **again).save(tmp_path / "whole.safetensors")
    again |= {"checkpoint": tmp_path / "run", "checkpoint_seconds": 1e-3}
    write, written = checkpoint.write_tensors, []

    def crash(path, *content):
        written.append(path)
        if len(written) < stop or after_write:
            write(path, *content)
        if len(written) == stop:
            raise Crash

    crashed = False
    with monkeypatch.context() as broken:
        broken.setattr(checkpoint, "write_tensors", crash)
        try:
            firth.train(sentences(), **again)
        except Crash:
            crashed = True
    assert crashed == (len(written) == stop)
    assert crashed or "loss" not in kind  # how often a run of steps is saved depends on the time
    firth.train(sentences(), **again, resume=True).save(tmp_path / "resumed.safetensors")
    assert (tmp_path / "resumed.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_a_full_disk_leaves_a_checkpoint_that_fits(tmp_path, monkeypatch, scripted):
    """The best epoch's vectors cannot be written: the checkpoint before stays, with the vectors that it needs."""
    scripted["a.tsv"] = [0.1, 0.5, 0.4, 0.7, 0.6, 0.6]
    again = {"evaluate": "a.tsv", "patience": 3, "checkpoint": tmp_path / "run"} | QUIET
    write = checkpoint.write_tensors

    def full(path, *content):
        if "best-4" in path.name:
            raise FormatError("no space left")
        write(path, *content)

    def ctrl_c(vectors):
        if len(vectors.history) == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        firth.train(sentences(), on_epoch=ctrl_c, **again)
    with monkeypatch.context() as broken:
        broken.setattr(checkpoint, "write_tensors", full)
        with pytest.warns(UserWarning, match="not saved: no space left"):
            vectors = firth.train(sentences(), **again, resume=True)
    assert [path.name for path in (tmp_path / "run").glob("*best*")] == ["checkpoint-best-2.safetensors"]
    assert matrices(firth.train(sentences(), **again, resume=True)) == matrices(vectors)
    assert "checkpoint-best-4.safetensors" in [path.name for path in (tmp_path / "run").glob("*best*")]


def test_vectors_that_could_not_be_written_are_written_with_the_next_checkpoint(tmp_path, monkeypatch, scripted):
    """An exact run, which is saved after every pass here: the first time that epoch 2 is written, the disk is full."""
    scripted["a.tsv"] = [0.1, 0.5, 0.4, 0.3, 0.2, 0.1]
    again = {"evaluate": "a.tsv", "patience": 3, "checkpoint": tmp_path} | QUIET | KINDS["softmax"]
    again["checkpoint_seconds"] = 1e-3
    write, refused = checkpoint.write_tensors, []

    def full_once(path, *content):
        if "best-2" in path.name and not refused:
            refused.append(path)
            raise FormatError("no space left")
        write(path, *content)

    monkeypatch.setattr(checkpoint, "write_tensors", full_once)
    with pytest.warns(UserWarning, match="not saved: no space left"):
        vectors = firth.train(sentences(), **again)
    assert refused
    assert matrices(firth.train(sentences(), **again, resume=True)) == matrices(vectors)


def test_best_vectors_that_are_missing_or_of_another_run_are_refused(tmp_path, scripted):
    scripted["a.tsv"] = [0.1, 0.5, 0.4, 0.3, 0.2, 0.1]
    again = {"evaluate": "a.tsv", "patience": 2, "checkpoint": tmp_path} | QUIET
    firth.train(sentences(), **again)
    path = tmp_path / "checkpoint-best-2.safetensors"
    for other in (
        firth.train(sentences(), **QUIET | {"epochs": 1}),
        firth.train(sentences(), **QUIET | {"dim": 9, "epochs": 2}),
    ):
        other.save(path)
        with pytest.raises(FormatError, match="does not hold the vectors of epoch 2"):
            firth.train(sentences(), **again, resume=True)
    path.unlink()
    (tmp_path / "checkpoint-before.safetensors").unlink()  # of an earlier epoch, which needs no such file
    with pytest.raises(ConfigError, match=r"checkpoint-best-2\.safetensors is missing.*resume without patience"):
        firth.train(sentences(), **again, resume=True)
    del again["patience"]
    assert len(firth.train(sentences(), **again, resume=True).history) == 6


def test_more_patience_continues_a_run_that_stopped(tmp_path, scripted):
    scripted["a.tsv"] = [0.1, 0.5, 0.4, 0.9, 0.2, 0.1]
    again = {"evaluate": "a.tsv", "checkpoint": tmp_path} | QUIET
    assert len(firth.train(sentences(), patience=1, **again).history) == 3
    longer = firth.train(sentences(), patience=2, resume=True, **again)
    whole = firth.train(sentences(), evaluate="a.tsv", patience=2, **QUIET)
    assert matrices(longer) == matrices(whole)
    assert numbers(longer.history) == numbers(whole.history)


def test_scores_that_no_run_writes_are_no_scores(tmp_path, scripted):
    scripted["a.tsv"] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    firth.train(sentences(), evaluate="a.tsv", checkpoint=tmp_path, **QUIET)
    saved = firth.load(tmp_path / "checkpoint.safetensors")
    for entry, scores in zip(saved.history, [None, [], {"a.tsv": "9"}, {"a.tsv": True}, {}, 3], strict=True):
        entry["scores"] = scores
    write_tensors(saved.path, *pack(saved.path, saved.parts()))
    vectors = firth.train(sentences(), evaluate="a.tsv", patience=1, checkpoint=tmp_path, resume=True, **QUIET)
    assert [entry.get("best") for entry in vectors.history] == [None] * 5 + [True]


# The command line.


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(map(" ".join, sentences())), encoding="utf-8")
    return path


def test_the_command_line_takes_several_files(capsys, tmp_path, text, pairs):
    more = tmp_path / "more.tsv"
    more.write_bytes(pairs.read_bytes())
    line = [
        "train",
        str(text),
        "-o",
        str(tmp_path / "v.safetensors"),
        "--evaluate",
        str(pairs),
        "--evaluate",
        str(more),
    ]
    assert main([*line, "--dim", "8", "--min-count", "1", "--epochs", "1", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["history"][0]["scores"]) == ["pairs", "more"]


def test_the_command_line_scores_and_stops(capsys, tmp_path, text, pairs):
    out = tmp_path / "v.safetensors"
    line = ["train", str(text), "-o", str(out), "--evaluate", str(pairs), "--patience", "1", "--json"]
    line += ["--dim", "8", "--min-count", "1", "--epochs", "40", "--threads", "1", "--seed", "3"]
    assert main(line) == 0
    said, err = capsys.readouterr()
    history = json.loads(said)["history"]
    scores = [entry["scores"]["pairs"] for entry in history]
    best = scores.index(max(scores))
    assert [entry.get("best", False) for entry in history] == [i == best for i in range(len(scores))]
    assert best == len(scores) - 2
    shown = f"best score {100 * scores[best]:.1f} on pairs after epoch {best + 1}"
    assert f"stopped after epoch {len(scores)} of 40: {shown}" in err
    assert spearman_of(firth.load(out), pairs) == pytest.approx(scores[best], abs=1e-12)
    assert main(["info", str(out)]) == 0
    best_line = re.search(r"^history +best True.*", capsys.readouterr().out, re.MULTILINE)[0]
    assert f", score on pairs {scores[best]:.5g}" in best_line
