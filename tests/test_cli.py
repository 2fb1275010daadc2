"""The command line as a user meets it: what goes where, exit statuses, wrong input, pipes, Ctrl-C."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import firth
from firth.cli import _parser, main

SHARED = Path(__file__).parents[2] / "shared" / "data"
FIRTH = [sys.executable, "-m", "firth"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("salt pepper dish spoon plate\nwind rain storm cloud sky\n" * 300, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def vectors_file(corpus):
    path = corpus.with_name("v.safetensors")
    train = ["train", str(corpus), "-o", str(path), "--dim", "16", "--epochs", "30", "--threads", "1"]
    train += ["--subsample", "0", "--quiet"]
    assert main(train) == 0
    return path


def call(capsys, *arguments):
    """(status, standard output, standard error) of a command."""
    capsys.readouterr()
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def test_train_writes_the_file_and_talks_on_standard_error_only(capsys, corpus, tmp_path):
    out_path = tmp_path / "v.safetensors"
    status, out, err = call(capsys, "train", corpus, "-o", out_path, "--dim", 8, "--epochs", 2, "--threads", 1)
    assert (status, out) == (0, "")
    assert "read 3,000 tokens" in err
    assert "epoch 2/2: loss" in err
    assert "\r" not in err  # no bar: this is no terminal
    assert firth.load(out_path).config["epochs"] == 2


def test_train_json_is_one_document(capsys, corpus, tmp_path):
    out_path = tmp_path / "v.safetensors"
    status, out, err = call(capsys, "train", corpus, "-o", out_path, "--dim", 8, "--json", "--quiet")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["words"] == 10
    assert list(document["history"][0]) == ["epoch", "loss", "pairs", "tokens", "seconds", "lr"]


def test_every_setting_of_train_is_an_option_and_reaches_the_file(capsys, corpus, tmp_path):
    given = {
        "loss": "negative-sampling",
        "architecture": "skipgram",
        "update": "per-pair",
        "dim": 7,
        "window": 3,
        "negatives": 2,
        "epochs": 2,
        "min_count": 2,
        "max_vocab": 9,
        "subsample": 0.5,
        "ns_exponent": 0.5,
        "lr": 0.05,
        "min_lr": 0.001,
        "fixed_window": True,
        "lower": True,
        "tokenizer": "words",
        "errors": "strict",
        "threads": 2,
        "seed": 9,
    }
    options = []
    for name, value in given.items():
        options += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
    status, _, err = call(capsys, "train", corpus, "-o", tmp_path / "v.safetensors", "--quiet", *options)
    assert (status, err) == (0, "")
    assert firth.load(tmp_path / "v.safetensors").config == given


def test_queries(capsys, vectors_file):
    status, out, _ = call(capsys, "neighbors", vectors_file, "salt", "-k", 4)
    assert status == 0
    assert len(out.splitlines()) == 4
    assert out.split("\t")[0] in {"pepper", "dish", "spoon", "plate"}
    _, out, _ = call(capsys, "neighbors", vectors_file, "salt", "rain", "-k", 2, "--json")
    assert [len(entry["neighbors"]) for entry in json.loads(out)] == [2, 2]
    _, out, _ = call(capsys, "similarity", vectors_file, "salt", "pepper")
    assert float(out) == round(firth.load(vectors_file).similarity("salt", "pepper"), 4)
    _, out, _ = call(capsys, "analogy", vectors_file, "salt", "pepper", "wind", "--json")
    assert json.loads(out)[0]["word"] in {"rain", "storm", "cloud", "sky"}
    _, out, _ = call(capsys, "info", vectors_file)
    assert "dim " in out
    _, out, _ = call(capsys, "info", vectors_file, "--json")
    assert json.loads(out)["config"]["dim"] == 16


def test_eval_and_convert(capsys, vectors_file, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("salt\tpepper\t9\nsalt\train\t1\npepper\tsky\t2\nwind\tstorm\t8\nsalt\tnowhere\t5\n")
    _, out, _ = call(capsys, "eval", vectors_file, pairs, "--json")
    (result,) = json.loads(out)
    assert (result["used"], result["total"]) == (4, 5)
    assert result["score"] > 0.5
    status, out, _ = call(capsys, "eval", vectors_file)
    assert status == 0
    assert "wordsim353" in out
    assert call(capsys, "convert", vectors_file, tmp_path / "v.txt")[0] == 0
    assert (tmp_path / "v.txt").read_text(encoding="utf-8").startswith("10 16\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["train", "CORPUS"], 2, "-o/--out"),
        (["train", "CORPUS", "-o", "OUT", "--dims", "3"], 2, "--dims"),
        (["trian"], 2, "trian"),
        ([], 2, "COMMAND"),
        (["train", "CORPUS", "-o", "OUT", "--dim", "0"], 1, "dim is 0"),
        (["train", "CORPUS", "-o", "OUT", "--threads", "0"], 1, "threads is 0"),
        (["train", "CORPUS", "-o", "OUT", "--loss", "softmax"], 1, "loss is 'softmax'"),
        (["train", "CORPUS", "-o", "OUT", "--min-count", "1000000"], 1, "300"),
        (["train", "missing.txt", "-o", "OUT"], 1, "no such file: missing.txt"),
        (["train", "CORPUS", "-o", "no-folder/v.safetensors"], 1, "does not exist"),
        (["train", "CORPUS", "-o", "v.txt"], 1, ".safetensors"),
        (["train", "CORPUS", "-o", "OUT", "--resume"], 1, "--checkpoint"),
        (["neighbors", "VECTORS", "sallt"], 1, "'salt'"),
        (["neighbors", "VECTORS", "salt", "-k", "0"], 1, "k is 0"),
        (["neighbors", "missing.safetensors", "salt"], 1, "no such file"),
        (["info", "CORPUS"], 1, "safetensors"),
        (["convert", "VECTORS", "v.xyz"], 1, "extension"),
        (["eval", "VECTORS", "missing.tsv"], 1, "missing.tsv"),
    ],
)
def test_mistakes_get_one_line_and_their_status(
    capsys, corpus, vectors_file, tmp_path, monkeypatch, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    names = {"CORPUS": corpus, "VECTORS": vectors_file, "OUT": tmp_path / "v.safetensors"}
    found, out, err = call(capsys, *(names.get(argument, argument) for argument in arguments))
    assert (found, out) == (status, "")
    assert message in err.splitlines()[-1]
    if status == 1:
        assert err.splitlines()[-1].startswith("firth: error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_output_is_found_before_training(capsys, corpus):
    _, _, err = call(capsys, "train", corpus, "-o", corpus.parent / "missing" / "v.safetensors")
    assert "read" not in err


def test_check_prints_a_row_for_every_formula_and_kernel(capsys):
    from firth import check

    status, out, _ = call(capsys, "check")
    assert status == 0
    assert len(out.splitlines()) == 1 + len(check.FORMULAS) + len(check.kernel_rows())
    assert "WRONG" not in out


def test_check_fails_when_a_row_does(capsys, monkeypatch):
    from firth import check

    bad = {"name": "planted", "deviation": 1.0, "tolerance": 1e-7, "ok": False}
    monkeypatch.setattr(check, "formula_rows", lambda: [bad])
    status, out, _ = call(capsys, "check")
    assert status == 1
    assert "WRONG" in out


@pytest.mark.parametrize("path", sorted(SHARED.glob("nasty/*")) or [None], ids=lambda path: path.name if path else "-")
def test_nasty_files_give_vectors_or_one_clear_line(capsys, tmp_path, path):
    if path is None:
        pytest.skip("shared/data/nasty is not on this machine")
    out_path = tmp_path / "v.safetensors"
    arguments = ["train", path, "-o", out_path, "--min-count", 1, "--subsample", 0, "--dim", 8, "--threads", 2]
    status, _, err = call(capsys, *arguments)
    assert status in (0, 1)
    assert out_path.exists() == (status == 0)
    assert (err.splitlines()[-1].startswith("firth: error: ")) == (status == 1)


def test_invalid_utf8_is_a_warning_or_an_error(capsys, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9 noir\n" * 20)
    status, _, err = call(capsys, "train", path, "-o", tmp_path / "v.safetensors", "--subsample", 0, "--dim", 8)
    assert status == 0
    assert "firth: warning: replaced 20 invalid" in err
    status, _, err = call(capsys, "train", path, "-o", tmp_path / "v.safetensors", "--errors", "strict")
    assert status == 1
    assert "latin.txt, byte 3" in err


def test_standard_input_and_a_closed_pipe(corpus, vectors_file, tmp_path):
    out_path = tmp_path / "v.safetensors"
    train = [*FIRTH, "train", "-", "-o", str(out_path), "--dim", "8", "--quiet"]
    run = subprocess.run(train, input=corpus.read_bytes(), capture_output=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    words = ["salt", "rain"] * 20_000
    with subprocess.Popen(
        [*FIRTH, "neighbors", str(vectors_file), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as query:
        assert query.stdout.readline().startswith(b"salt\t")
        query.stdout.close()
        assert query.stderr.read() == b""
        assert query.wait() == 0


@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full", ">&-", "2>&1 | head -1"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a POSIX shell and /dev/full")
def test_nobody_listening_does_not_stop_the_work(corpus, tmp_path, closing):
    out_path = tmp_path / "v.safetensors"
    train = f"{sys.executable} -m firth train {corpus} -o {out_path} --dim 8 --epochs 3"
    run = subprocess.run(f"{train} {closing}", shell=True, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "Traceback" not in run.stdout + run.stderr
    assert len(firth.load(out_path).history) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_one_line(vectors_file):
    query = f"{sys.executable} -m firth neighbors {vectors_file} salt > /dev/full"
    run = subprocess.run(query, shell=True, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("firth: error: cannot write to standard output")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ctrl_c_ends_at_once_with_130_and_a_checkpoint(corpus, tmp_path, name):
    out_path, folder = tmp_path / "v.safetensors", tmp_path / "run"
    train = [*FIRTH, "train", str(corpus), "-o", str(out_path), "--epochs", "1000000", "--checkpoint", str(folder)]
    train += ["--tmp", str(tmp_path)]
    with subprocess.Popen(train, stderr=subprocess.PIPE, text=True) as run:
        for line in run.stderr:
            if line.startswith("epoch 2/"):
                break
        start = time.monotonic()
        run.send_signal(getattr(signal, name))
        err = run.stderr.read()
        assert run.wait() == 130
        assert time.monotonic() - start < 60  # not a speed: it must not go on for a million epochs
    assert err.splitlines()[-1] == "firth: interrupted"
    assert "Traceback" not in err
    assert "--resume" in err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # neither vectors nor the encoded corpus
    assert len(firth.load(folder / "checkpoint.safetensors").history) >= 1


def test_every_command_is_in_the_readme():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (commands,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert {"train", "demo", "check"} <= set(commands.choices)
    for command in commands.choices:
        assert f"firth {command}" in text
