"""Extreme settings train, or are refused; what takes long says so, and Ctrl-C ends it."""

import os
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import firth
from firth.errors import ConfigError, FirthError
from firth.sgd import trainer as sgd

SENTENCES = [[f"w{(7 * i + j * j) % 40}" for j in range(12)] for i in range(60)]
SMALL = {"min_count": 1, "threads": 1, "dim": 16, "epochs": 1, "quiet": True, "subsample": 0}

KINDS = {
    "skipgram": {},
    "cbow": {"architecture": "cbow"},
    "tree": {"loss": "hierarchical-softmax"},
    "softmax": {"loss": "softmax"},
}

EXTREMES = [
    {"window": 1024},
    {"window": 1024, "fixed_window": True},
    {"dim": 1},
    {"lr": 1e3, "min_lr": 0.0},
    {"lr": 1e3, "min_lr": 1e3, "epochs": 5},
    {"lr": 1e-30, "min_lr": 0.0},
    {"lr": 0.0, "min_lr": 0.0},
    {"subsample": 1e-12},
    {"subsample": 1.0},
    {"subsample": 1e300},
    {"min_count": 2**62},
    {"max_vocab": 1},
    {"threads": 1024},
    {"seed": 2**63 - 1},
    {"phrases": 10, "phrase_threshold": 1e-30},
]

ALONE = [
    ("skipgram", {"dim": 8192}),
    ("cbow", {"dim": 8192, "cbow_sum": True, "lr": 1e3}),
    ("skipgram", {"negatives": 1024}),
    ("skipgram", {"ns_exponent": 16.0}),
    ("skipgram", {"ns_exponent": -16.0}),
    ("skipgram", {"maxn": 64, "minn": 64, "bucket": 1}),
    ("skipgram", {"maxn": 64, "minn": 1, "bucket": 1000}),
    ("softmax", {"mix": 16.0}),
    ("softmax", {"memory": 1e-9}),
    ("softmax", {"memory": 1e8}),
    ("softmax", {"max_vocab": 1, "outside_vocab": 2**31 - 1}),
    ("softmax", {"max_vocab": 1, "outside_vocab": 1}),
]


@pytest.mark.parametrize("settings", EXTREMES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_extreme_settings_train_or_are_refused(kind, settings):
    train_or_refuse(kind, settings)


@pytest.mark.parametrize(("kind", "settings"), ALONE, ids=str)
def test_extreme_settings_of_one_kind_train_or_are_refused(kind, settings):
    train_or_refuse(kind, settings)


def train_or_refuse(kind, settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            vectors = firth.train(SENTENCES, **SMALL | KINDS[kind] | settings)
        except FirthError:
            return
    assert np.isfinite(vectors.center).all()
    assert vectors.outside is None or np.isfinite(vectors.outside).all()


def test_more_buckets_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(sgd, "physical_memory", lambda: 16e9)
    with pytest.raises(ConfigError, match=r"need .* GB and this machine has 16\.0 GB: lower dim, or bucket"):
        firth.train(SENTENCES, **SMALL, maxn=6, bucket=2**30)


PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
from firth import display
from firth.app.cli import main
display.SECONDS_BETWEEN_LINES = 0.5
sys.exit(main())
"""


def run_until(tmp_path, line, *options):
    """The standard error of a run of the command line that is interrupted some time after a line."""
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(map(" ".join, SENTENCES)))
    command = [sys.executable, "-c", PROGRAM, "train", str(corpus), "-o", str(tmp_path / "v.safetensors")]
    command += ["--tmp", str(tmp_path), "--min-count", "1", "--threads", "1", "--subsample", "0", *options]
    found = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        for one in run.stderr:
            found.append(one)
            if line in one:
                break
        threading.Timer(0.5, run.send_signal, (signal.SIGINT,)).start()
        hang = threading.Timer(60, run.kill)  # not a speed: it must not go on for minutes
        hang.start()
        found += list(run.stderr)
        run.wait()
        hang.cancel()
    assert run.returncode == 130, "".join(found)
    assert found[-1] == "firth: interrupted\n"
    assert not any(one.startswith("Traceback") for one in found)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]
    return found


pytestmark = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("epoch 2/1000000", ["--epochs", "1000000"]),
        ("starting vectors: ", ["--loss", "softmax", "--dim", "8192"]),
        ("starting vectors: ", ["--loss", "softmax", "--dim", "3000"]),
        (
            "training: ",
            [
                "--dim",
                "8192",
                "--window",
                "1024",
                "--negatives",
                "1024",
                "--epochs",
                "1000",
                "--lr",
                "1e-6",
                "--min-lr",
                "0",
            ],
        ),
    ],
    ids=str,
)
def test_what_takes_long_says_so_and_can_be_interrupted(tmp_path, line, options):
    run_until(tmp_path, line, *options)


def test_the_principal_axes_of_many_dimensions_are_told_of(tmp_path):
    lines = run_until(tmp_path, "principal axes: ", "--loss", "softmax", "--dim", "450", "--epochs", "1")
    assert any(line.startswith("pass 1/1") for line in lines)
