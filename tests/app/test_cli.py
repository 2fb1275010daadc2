"""The command line as a user meets it: what goes where, exit statuses, wrong input, pipes, Ctrl-C."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth import display as progress
from firth.app.cli import main, make_parser
from firth.declaring import declared
from firth.exact import plan, update
from firth.run import estimate
from firth.run import train as run
from firth.settings import CHOICES, TrainConfig, TrainOptions

SOFTMAX = ["--loss", "softmax"]
SHARED = Path(__file__).parents[3] / "shared" / "data"
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
    train += ["--subsample", "0", "--lr", "0.025", "--quiet"]
    assert main(train) == 0
    return path


@pytest.fixture(scope="module", autouse=True)
def ctrl_c_is_heard():
    """A shell starts what runs in the background deaf to Ctrl-C, and so would be the processes started here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
    status, out, err = call(capsys, "train", corpus, "-o", out_path, "--dim", 8, "--subsample", 0, "--json", "--quiet")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["words"] == 10
    assert list(document["history"][0]) == ["epoch", "loss", "pairs", "tokens", "seconds", "lr"]


SETTINGS = {
    "dim": 7,
    "window": 3,
    "epochs": 2,
    "min_count": 2,
    "max_vocab": 8,
    "subsample": 0.5,
    "lr": 0.05,
    "min_lr": 0.001,
    "phrases": 1,
    "phrase_score": "npmi",
    "phrase_threshold": 0.99,
    "delimiter": "+",
    "fixed_window": True,
    "lower": True,
    "tokenizer": "words",
    "errors": "strict",
    "threads": 2,
    "seed": 9,
}
SAMPLED = {"negatives": 2, "ns_exponent": 0.5}
SUBWORDS = {"minn": 2, "maxn": 4, "bucket": 300}
WORDS_ALONE = {"minn": 3, "maxn": 0, "bucket": 2_000_000}
LINES_ALONE = {"documents": False, "documents_alone": False, "concatenate": False, "deterministic": False}
SUBWORDS |= LINES_ALONE
DOCUMENTS = WORDS_ALONE | LINES_ALONE | {"documents": True}
SUM, UNDIVIDED = {"cbow_sum": True, "cbow_undivided": False}, {"cbow_sum": False, "cbow_undivided": True}
BOTH = "negative-sampling+hierarchical-softmax"
OF_ONE_KIND = {
    ("negative-sampling", "skipgram"): SAMPLED | SUBWORDS | {"update": "per-pair"},
    ("negative-sampling", "cbow"): SAMPLED | SUBWORDS | SUM,
    ("hierarchical-softmax", "skipgram"): SUBWORDS,
    ("hierarchical-softmax", "cbow"): SUBWORDS | UNDIVIDED,
    (BOTH, "skipgram"): SAMPLED | DOCUMENTS | {"documents_alone": True},
    (BOTH, "cbow"): SAMPLED | DOCUMENTS | UNDIVIDED | {"cbow_undivided": False, "concatenate": True},
    ("softmax", "skipgram"): {"outside_vocab": 9, "mix": 0.5} | WORDS_ALONE | LINES_ALONE | {"deterministic": True},
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind[0] == BOTH)) for kind in OF_ONE_KIND]
)
def test_every_setting_of_train_is_an_option_and_reaches_the_file(capsys, corpus, tmp_path, kind):
    given = {"loss": kind[0], "architecture": kind[1]} | SETTINGS | OF_ONE_KIND[kind]
    assert set(given) == set(TrainConfig(loss=kind[0], architecture=kind[1]).as_dict())
    options = []
    for name, value in given.items():
        if value is not False:
            options += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
    status, _, err = call(capsys, "train", corpus, "-o", tmp_path / "v.safetensors", "--quiet", *options)
    assert (status, err) == (0, "")
    vectors = firth.load(tmp_path / "v.safetensors")
    if kind[0] == "softmax":
        del given["threads"]  # which changes no byte of the vectors
    assert vectors.config == given
    assert "salt+pepper" in vectors


def test_every_argument_of_train_is_an_option_and_reaches_it(capsys, monkeypatch, tmp_path):
    """With these and no others; without them, train's own defaults."""
    seen = []

    def train(out, source, **arguments):
        assert out == tmp_path / "v.safetensors"
        assert not any(isinstance(path, str) for path in source)  # strings may be text
        seen.append((list(map(os.fspath, source)), arguments))
        return firth.WordVectors(["a"], np.array([3]), np.ones((1, 2), np.float32), None, {}, [])

    monkeypatch.setattr("firth.run.train.train_for", train)
    options = {"vocab": "counts.txt", "keep_words": "keep.txt", "connectors": "of.txt", "from_": "old.safetensors"}
    options |= {
        "preset": "items",
        "freeze": "all",
        "evaluate": "pairs.tsv",
        "patience": 3,
        "checkpoint": "run",
        "cache": "kept",
        "checkpoint_seconds": 7.5,
        "resume": True,
        "tmp": "t",
        "memory": 1.5,
        "tags": "tags.txt",
        "quiet": True,
    }
    assert set(options) == (set(declared(TrainOptions)) - set(declared(TrainConfig)) - {"on_epoch"}) | {"tmp"}
    out = tmp_path / "v.safetensors"
    line = ["train", "one.txt", "two.txt", "-o", out]
    for name, value in options.items():
        line += [f"--{name.rstrip('_').replace('_', '-')}"] + ([] if value is True else [value])
    for phrases, passes in (([], {}), (["--phrases"], {"phrases": 1}), (["--phrases", 3], {"phrases": 3})):
        assert call(capsys, *line, *phrases)[0] == 0
        assert seen.pop() == (["one.txt", "two.txt"], options | {"evaluate": ["pairs.tsv"]} | passes)
    assert call(capsys, "train", "one.txt", "-o", out, "--quiet", "--phrases", "-o", out)[0] == 0
    found = seen.pop()[1]
    assert found.pop("phrases") == 1
    assert found == {"quiet": True}


def test_a_vocabulary_is_saved_and_taken_again(capsys, corpus, tmp_path):
    out_path, counts = tmp_path / "v.safetensors", tmp_path / "counts.txt"
    train = ["train", corpus, "-o", out_path, "--dim", 4, "--quiet", "--threads", 1, "--seed", 3]
    assert call(capsys, *train, "--save-vocab", counts)[0] == 0
    first = firth.load(out_path)
    lines = [f"{word} {count}" for word, count in zip(first.words, first.counts, strict=True)]
    *written, checksum = counts.read_text(encoding="utf-8").splitlines()
    assert written == lines
    assert lines[0] == "salt 300"
    assert checksum.startswith("</firth-sha256:")
    assert call(capsys, *train, "--vocab", counts)[0] == 0
    second = firth.load(out_path)
    assert (second.words, second.counts.tolist()) == (first.words, first.counts.tolist())
    assert second.center.tobytes() == first.center.tobytes()
    counts.write_text("salt 9\nrain 7\nsky 7\nhail 3\n", encoding="utf-8")
    assert call(capsys, *train, "--vocab", counts, "--save-vocab", tmp_path / "again.txt")[0] == 0
    assert firth.load(out_path).words == ["salt", "rain", "sky"]
    assert (tmp_path / "again.txt").read_text(encoding="utf-8").startswith("salt 9\nrain 7\nsky 7\n</firth-sha256:")


def test_training_goes_on_from_a_file_with_frozen_and_kept_words(capsys, corpus, vectors_file, tmp_path):
    out_path, text = tmp_path / "new.safetensors", tmp_path / "new.txt"
    text.write_text("salt pepper nutmeg thyme\n" * 20 + "seldom salt\n", encoding="utf-8")
    for name, words in (("keep", "seldom"), ("freeze", "salt")):
        (tmp_path / f"{name}.txt").write_text(words + "\n", encoding="utf-8")
    train = ["train", text, "-o", out_path, "--from", vectors_file, "--threads", 1]
    status, out, err = call(
        capsys, *train, "--keep-words", tmp_path / "keep.txt", "--freeze", tmp_path / "freeze.txt", "--lr", 0.01
    )
    assert (status, out) == (0, "")
    assert err.splitlines()[1] == (
        "continuing from 10 words (1 frozen): 2 of them occur in this corpus, and 3 words are new; the learning rate "
        "falls from 0.01 to 0.0001, epochs: 5"
    )
    old, new = firth.load(vectors_file), firth.load(out_path)
    assert set(new.words) == {*old.words, "nutmeg", "thyme", "seldom"}
    assert (new.config["dim"], new.config["subsample"], new.config["epochs"]) == (16, 0, 5)
    for word in ("salt", "rain", "pepper"):
        assert (new[word].tobytes() == old[word].tobytes()) == (word != "pepper")
    assert call(capsys, *train, "--freeze", "all", "--quiet") == (0, "", "")
    assert firth.load(out_path)["pepper"].tobytes() == old["pepper"].tobytes()


@pytest.mark.parametrize(
    ("options", "parts", "words"),
    [
        ([], {"outside"}, "center, outside"),
        (
            ["--architecture", "cbow", "--maxn", 3, "--bucket", 1200],
            {"outside", "subwords"},
            "outside, 1,200 rows of n",
        ),
        (["--loss", "hierarchical-softmax"], {"nodes"}, "center, nodes of the tree"),
        (
            ["--loss", "hierarchical-softmax", "--architecture", "cbow", "--maxn", 3, "--bucket", 50],
            {"nodes", "subwords"},
            "center, nodes of the tree, 50 rows of n-grams",
        ),
    ],
)
def test_info_tells_what_a_file_holds(capsys, corpus, tmp_path, options, parts, words):
    out_path = tmp_path / "v.safetensors"
    train = ["train", corpus, "-o", out_path, "--dim", 4, "--subsample", 0, "--json", "--quiet"]
    status, out, err = call(capsys, *train, *options)
    assert (status, err) == (0, "")
    assert json.loads(out)["config"] == firth.load(out_path).config
    status, out, _ = call(capsys, "info", out_path, "--json")
    info = json.loads(out)
    assert status == 0
    assert {name for name in ("outside", "nodes", "subwords", "bias") if info[name]} == parts
    assert info["config"]["maxn"] == (3 if "subwords" in parts else 0)
    status, out, _ = call(capsys, "info", out_path)
    assert status == 0
    assert re.search(rf"^vectors +.*{words}", out, re.MULTILINE)
    status, out, err = call(capsys, "neighbors", out_path, "saltpepper", "-k", 2)
    assert status == (0 if "subwords" in parts else 1)
    assert len((out or err).splitlines()) == (2 if "subwords" in parts else 1)


def test_phrases_in_training_talk_of_what_they_do(capsys, monkeypatch, corpus, tmp_path):
    train = ["train", corpus, "-o", tmp_path / "v.safetensors", "--dim", 4, "--phrases", "--phrase-threshold", 0.5]
    status, out, err = call(capsys, *train, "--json")
    assert status == 0
    assert json.loads(out)["config"]["phrases"] == 1
    assert "read 3,000 tokens" in err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "phrases: " in call(capsys, *train)[2]


def test_softmax_talks_of_nats_and_perplexity(capsys, corpus, tmp_path):
    out_path = tmp_path / "v.safetensors"
    train = ["train", corpus, "-o", out_path, *SOFTMAX, "--dim", 4, "--epochs", 3, "--threads", 2]
    status, out, err = call(capsys, *train)
    assert (status, out) == (0, "")
    lines = err.splitlines()
    history = firth.load(out_path).history
    assert lines[0].startswith("read 3,000 tokens in ")
    assert re.fullmatch(
        r"3 passes over 10 center and 10 outside words, dimension 4: about \d+ s and 0.0 GB besides the counts",
        lines[1],
    )
    assert re.fullmatch(r"counted \d+ different pairs of words in \d+\.\d s", lines[2])
    assert len(lines) == 7
    for line, entry in zip(lines[3:6], history, strict=True):
        assert line.startswith(
            f"pass {entry['epoch']}/3: cross-entropy {entry['loss']:.4f} nats a pair, {entry['kl']:.4f} above the "
            f"corpus's own {entry['entropy']:.4f}, perplexity {entry['perplexity']:,.1f}, "
        )
    assert lines[6] == f"wrote {out_path}: 10 words, dimension 4"
    status, out, err = call(capsys, *train, "--json", "--quiet", "--max-vocab", 4)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert (document["words"], document["dim"]) == (4, 4)
    assert document["config"]["loss"] == "softmax"
    assert [entry["perplexity"] for entry in document["history"]] == [
        entry["perplexity"] for entry in firth.load(out_path).history
    ]
    _, out, _ = call(capsys, "info", out_path)
    assert "outside (8 words), bias" in out


def test_a_terminal_shows_bars_of_counting_and_training(capsys, monkeypatch, corpus, tmp_path):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, out, err = call(capsys, "train", corpus, "-o", tmp_path / "v.safetensors", *SOFTMAX, "--dim", 4)
    assert (status, out) == (0, "")
    assert "counting:" in err
    assert "training:" in err
    assert "flop/s" in err
    assert "pass 2/" in err
    assert err.splitlines()[-1].endswith("10 words, dimension 4")


def test_the_seconds_of_counting_are_of_nothing_else(capsys, monkeypatch, corpus, tmp_path):
    now, estimate_seconds, count_pairs = [0.0], estimate.estimate_seconds, run.count_pairs

    def taking(seconds, work):
        def slow(*arguments, **others):
            now[0] += seconds
            return work(*arguments, **others)

        return slow

    for module in (run, progress):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(estimate, "estimate_seconds", taking(1000, estimate_seconds))
    monkeypatch.setattr(run, "count_pairs", taking(3, count_pairs))
    status, _, err = call(capsys, "train", corpus, "-o", tmp_path / "v.safetensors", *SOFTMAX, "--dim", 4)
    assert status == 0
    assert re.search(r"^counted \d+ different pairs of words in 3\.0 s$", err, re.MULTILINE)


def test_stages_are_told_of(capsys, monkeypatch, corpus, tmp_path):
    monkeypatch.setattr(plan, "GROWN", 5)
    monkeypatch.setattr(plan, "SEED_WORDS", 5)
    status, _, err = call(capsys, "train", corpus, "-o", tmp_path / "v.safetensors", *SOFTMAX, "--dim", 4)
    assert status == 0
    assert len(re.findall(r"^the 5 most frequent words first: \d\.\d{4} nats a pair$", err, re.MULTILINE)) == 1


def test_long_training_is_warned_of_before_it_starts(capsys, monkeypatch, corpus, tmp_path):
    monkeypatch.setattr(estimate, "estimate_seconds", lambda n, m, config: 86_400.0)
    monkeypatch.setattr(estimate, "bytes_needed", lambda n, m, config: 2e9)
    train = ["train", corpus, "-o", tmp_path / "v.safetensors", *SOFTMAX, "--dim", 4, "--epochs", 3]
    status, _, err = call(capsys, *train)
    assert status == 0
    lines = [line for line in err.splitlines() if line.startswith("firth: warning: ")]
    assert len(lines) == 1
    assert "10 outside words, dimension 4, will take about 1440 minutes and 2.0 GB" in lines[0]
    assert lines[0].endswith("lower epochs or dim")
    assert err.index("will take about") < err.index("counted")


def test_more_than_the_memory_is_an_error_before_counting(capsys, monkeypatch, corpus, tmp_path):
    monkeypatch.setattr(plan, "physical_memory", lambda: 1e5)
    status, _, err = call(capsys, "train", corpus, "-o", tmp_path / "v.safetensors", *SOFTMAX, "--dim", 4000)
    assert status == 1
    assert "need 0.0 GB and this machine has 0.0 GB: set max_vocab" in err.splitlines()[-1]
    assert "counted" not in err


def test_a_learning_rate_that_leads_nowhere_is_one_line(capsys, monkeypatch, corpus, tmp_path):
    monkeypatch.setattr(update, "LONGEST_STEP", 1e4)
    train = ["train", corpus, "-o", tmp_path / "v.safetensors", *SOFTMAX, "--lr", 1000]
    status, _, err = call(capsys, *train)
    assert status == 1
    assert err.splitlines()[-1].startswith("firth: error: training diverged in pass ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("loss", CHOICES["loss"])
def test_eval_against_a_corpus(capsys, corpus, vectors_file, tmp_path, loss):
    path = vectors_file
    if loss == "softmax":
        path = tmp_path / "v.safetensors"
        assert call(capsys, "train", corpus, "-o", path, *SOFTMAX, "--dim", 3, "--quiet")[0] == 0
    status, out, err = call(capsys, "eval", path, "--against", corpus, "--json", "--threads", 2)
    assert (status, err) == (0, "")
    judgements = json.loads(out)
    assert [entry["bias"] for entry in judgements] == (["own"] if loss == "softmax" else ["none", "noise"])
    if loss == "softmax":
        last = firth.load(path).history[-1]
        assert judgements[0]["cross_entropy"] == pytest.approx(last["loss"], rel=1e-6)
        assert judgements[0]["perplexity"] == pytest.approx(last["perplexity"], rel=1e-5)
    status, out, err = call(capsys, "eval", path, "--against", corpus)
    assert (status, err) == (0, "")
    rows = [re.split(r"  +", line.strip(), maxsplit=1) for line in out.splitlines()]
    one = judgements[0]
    assert rows[:3] == [
        ["pairs", f"{one['pairs']:,.0f}"],
        ["tokens", "3,000, of which 3,000 of words with vectors"],
        ["entropy of the corpus", f"{one['entropy']:.4f} nats a pair: no model is below it"],
    ]
    assert len(rows) == 3 + 4 * len(judgements)
    for i, entry in enumerate(judgements):
        assert rows[3 + 4 * i][0] == "bias"
        assert rows[4 + 4 * i : 7 + 4 * i] == [
            ["cross-entropy", f"{entry['cross_entropy']:.4f} nats a pair"],
            ["KL divergence", f"{entry['kl']:.4f} nats a pair"],
            ["perplexity", f"{entry['perplexity']:,.1f}"],
        ]
    other = json.loads(call(capsys, "eval", path, "--against", corpus, "--json", "--window", 1, "--subsample", 0)[1])
    assert other[0]["pairs"] == 600 * 2 * 4


def test_a_terminal_shows_bars_of_reading_counting_and_scoring(capsys, monkeypatch, corpus, vectors_file):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, out, err = call(capsys, "eval", vectors_file, "--against", corpus)
    assert status == 0
    assert out.startswith("pairs ")
    assert list(dict.fromkeys(re.findall(r"(\w+): ", err))) == ["reading", "counting", "scoring"]
    assert call(capsys, "eval", vectors_file, "--against", corpus, "--json")[2] == ""


def test_eval_against_a_corpus_says_what_is_wrong_with_the_vectors(capsys, corpus, vectors_file, tmp_path):
    bare, broken = tmp_path / "bare.safetensors", tmp_path / "broken.safetensors"
    call(capsys, "convert", vectors_file, tmp_path / "v.txt")
    call(capsys, "convert", tmp_path / "v.txt", bare)
    status, out, err = call(capsys, "eval", bare, "--against", corpus)
    assert (status, out) == (1, "")
    assert err.startswith("firth: error: these vectors have no outside vectors")
    vectors = firth.load(vectors_file)
    vectors.config["mix"] = "0.2"
    vectors.save(broken)
    status, out, err = call(capsys, "eval", broken, "--against", corpus)
    assert (status, out) == (1, "")
    assert err == "firth: error: the vectors' setting mix is '0.2': expected a number from 0 to 16\n"


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
    (result,) = json.loads(out)["results"]
    assert (result["answered"], result["asked"], result["missing"]) == (4, 5, ["nowhere"])
    assert result["scores"][0]["value"] > 0.5
    status, out, _ = call(capsys, "eval", vectors_file)
    assert status == 0
    assert "wordsim353-rel" in out
    assert call(capsys, "convert", vectors_file, tmp_path / "v.txt")[0] == 0
    assert (tmp_path / "v.txt").read_text(encoding="utf-8").startswith("10 16\n")


def test_eval_passes_its_options_on(capsys, vectors_file, tmp_path):
    (tmp_path / "two").write_text("SALT salt\nrain wind\nsalt rain\nstorm wind\n")
    call_eval = ["eval", vectors_file, tmp_path / "two", "--json"]
    assert json.loads(call(capsys, *call_eval, "--kind", "analogy")[1])["results"][0]["kind"] == "analogy"
    found = json.loads(call(capsys, *call_eval, "--kind", "categories", "--most-frequent", "3", "--ignore-case")[1])
    assert (found["results"][0]["kind"], found["most_frequent"], found["ignore_case"]) == ("categories", 3, True)
    assert found["results"][0]["restricted"] > 0
    assert call(capsys, "eval", vectors_file, "--kind", "pairs")[0] == 1
    assert "no file" in call(capsys, "eval", vectors_file, "--kind", "odd")[2]


def test_eval_compares_two_files_of_vectors(capsys, vectors_file, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(vectors_file.read_bytes())
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("salt\tpepper\t9\nsalt\train\t1\npepper\tsky\t2\nwind\tstorm\t8\nsalt\tnowhere\t5\n")
    status, out, err = call(capsys, "eval", vectors_file, pairs, other)
    assert (status, err) == (0, "")
    assert "Holm's correction for 2 comparisons" in " ".join(out.split())
    document = json.loads(call(capsys, "eval", vectors_file, other, pairs, "--json")[1])
    assert (document["first"], document["second"]) == (str(vectors_file), str(other))
    assert [(one["measure"], one["difference"], one["items"]) for one in document["differences"]] == [
        ("spearman", 0, 4),
        ("pearson", 0, 4),
    ]
    assert "3 files of vectors: expected one, or two" in call(capsys, "eval", vectors_file, other, other)[2]
    assert "takes one file of vectors" in call(capsys, "eval", vectors_file, other, "--against", pairs)[2]
    assert "--kind goes with benchmarks" in call(capsys, "eval", other, "--against", pairs, "--kind", "odd")[2]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["train", "CORPUS"], 2, "-o/--out"),
        (["train", "CORPUS", "-o", "OUT", "--dims", "3"], 2, "unknown option --dims: did you mean --dim?"),
        (["trian"], 2, "trian"),
        ([], 2, "COMMAND"),
        (["train", "CORPUS", "-o", "OUT", "--dim", "0"], 1, "dim is 0"),
        (["train", "CORPUS", "-o", "OUT", "--threads", "0"], 1, "threads is 0"),
        (["train", "CORPUS", "-o", "OUT", "--loss", "hinge"], 1, "loss is 'hinge': expected 'negative-sampling', 's"),
        (["train", "CORPUS", "-o", "OUT", "--mix", "1"], 1, "mix is no setting of skipgram with loss 'neg"),
        (["train", "CORPUS", "-o", "OUT", "--memory", "2"], 1, "memory is a setting of loss 'softmax'; 'negative"),
        (
            ["train", "CORPUS", "-o", "OUT", *SOFTMAX, "--negatives", "5"],
            1,
            "negatives is no setting of skipgram with lo",
        ),
        (["train", "CORPUS", "-o", "OUT", *SOFTMAX, "--outside-vocab", "9"], 1, "outside_vocab is 9: expected max_v"),
        (["train", "CORPUS", "-o", "OUT", *SOFTMAX, "--max-vocab", "9", "--outside-vocab", "8"], 1, "max_vocab is 9"),
        (["train", "CORPUS", "-o", "OUT", *SOFTMAX, "--mix", "x"], 2, "--mix"),
        (["train", "CORPUS", "-o", "OUT", "--min-count", "1000000"], 1, "300"),
        (["train", "missing.txt", "-o", "OUT"], 1, "no such file: missing.txt"),
        (["train", "CORPUS", "-o", "no-folder/v.safetensors"], 1, "does not exist"),
        (["train", "CORPUS", "-o", "v.txt"], 1, ".safetensors"),
        (["train", "CORPUS", "-o", "OUT", "--resume"], 1, "--checkpoint"),
        (["train", "CORPUS", "-o", "OUT", "--architecture", "glove"], 1, "expected 'skipgram' or 'cbow'"),
        (["train", "CORPUS", "-o", "OUT", "--cbow-sum"], 1, "cbow_sum is no setting of skipgram with loss"),
        (["train", "CORPUS", "-o", "OUT", *SOFTMAX, "--architecture", "cbow"], 1, "for CBOW, choose negative-samp"),
        (["train", "CORPUS", "-o", "OUT", *SOFTMAX, "--maxn", "6"], 1, "loss 'softmax' knows no subwords"),
        (["train", "CORPUS", "-o", "OUT", "--maxn", "2"], 1, "maxn is 2, below minn, 3"),
        (["train", "CORPUS", "-o", "OUT", "--phrases", "11"], 1, "phrases is 11"),
        (
            ["train", "CORPUS", "-o", "OUT", "--phrases", "many"],
            2,
            "'many' is no whole number: write --phrases 1,",
        ),
        (["train", "CORPUS", "-o", "OUT", "--save-vocab", "OUT"], 1, "name another file for --save-vocab"),
        (["train", "CORPUS", "-o", "OUT", "--phrases", "1", "--delimiter", "a b"], 1, "delimiter is 'a b'"),
        (["train", "CORPUS", "-o", "OUT", "--connectors", "TYPO"], 1, "give phrases (--phrases) too"),
        (["train", "CORPUS", "-o", "OUT", "--phrases", "--connectors", "of.txt"], 1, "of.txt: there is no such file"),
        (["train", "CORPUS", "-o", "OUT", "--vocab", "counts.txt"], 1, "counts.txt: there is no such file"),
        (["train", "CORPUS", "-o", "OUT", "--vocab", "CORPUS"], 1, "corpus.txt, line 1: the count is"),
        (["train", "CORPUS", "-o", "OUT", "--keep-words", "keep.txt"], 1, "keep.txt: there is no such file"),
        (["train", "CORPUS", "-o", "OUT", "--save-vocab", "no-folder/v.txt"], 1, "does not exist"),
        (["train", "CORPUS", "-o", "OUT", "--from", "old.safetensors"], 1, "no such file"),
        (["train", "CORPUS", "-o", "OUT", "--from", "CORPUS"], 1, "safetensors"),
        (["train", "CORPUS", "-o", "OUT", "--from", "VECTORS", "--dim", "3"], 1, "dimension 16, not dim = 3"),
        (["train", "CORPUS", "-o", "OUT", "--from", "VECTORS", "--maxn", "4"], 1, "have no subwords"),
        (["train", "CORPUS", "-o", "OUT", "--from", "VECTORS", *SOFTMAX], 1, "(--loss negative-sampling)"),
        (["train", "CORPUS", "-o", "OUT", "--from", "VECTORS", "--freeze", "CORPUS", "--maxn", "3"], 1, "subwords"),
        (["train", "CORPUS", "-o", "OUT", "--from", "VECTORS", "--freeze", "TYPO"], 1, "are 'salt'"),
        (["train", "CORPUS", "-o", "OUT", "--freeze", "all"], 1, "give from_ (--from) too"),
        (["neighbors", "VECTORS", "sallt"], 1, "'salt'"),
        (["neighbors", "VECTORS", "salt", "-k", "0"], 1, "k is 0"),
        (["neighbors", "missing.safetensors", "salt"], 1, "no such file"),
        (["info", "CORPUS"], 1, "safetensors"),
        (["convert", "VECTORS", "v.xyz"], 1, "extension"),
        (["eval", "VECTORS", "missing.tsv"], 1, "missing.tsv"),
        (["eval", "VECTORS", "pairs.tsv", "--against", "CORPUS"], 1, "takes no benchmark: evaluate pairs.tsv in a run"),
        (["eval", "VECTORS", "--window", "5"], 1, "--window goes with --against CORPUS"),
        (["eval", "VECTORS", "--subsample", "0"], 1, "--subsample goes with --against CORPUS"),
        (["eval", "VECTORS", "--threads", "1"], 1, "--threads goes with --against CORPUS"),
        (["eval", "VECTORS", "--against", "missing.txt"], 1, "no such file: missing.txt"),
        (["eval", "VECTORS", "--against", "CORPUS", "--window", "0"], 1, "window is 0"),
        (["eval", "VECTORS", "--against"], 2, "--against"),
        (["eval", "CORPUS"], 1, "safetensors"),
        (["eval", "VECTORS", "--most-frequent", "0"], 1, "most_frequent is 0: expected a whole number, 1 or more"),
        (["eval", "VECTORS", "CORPUS"], 1, "line 1: 'salt pepper dish spoon plate': expected word, word, rating"),
    ],
)
def test_mistakes_get_one_line_and_their_status(
    capsys, corpus, vectors_file, tmp_path, monkeypatch, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    typo = corpus.with_name("typo.txt")
    typo.write_text("sallt\n", encoding="utf-8")
    names = {"CORPUS": corpus, "VECTORS": vectors_file, "OUT": tmp_path / "v.safetensors", "TYPO": typo}
    found, out, err = call(capsys, *(names.get(argument, argument) for argument in arguments))
    assert (found, out) == (status, "")
    assert message in err.splitlines()[-1]
    if status == 1:
        assert err.splitlines()[-1].startswith("firth: error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_output_is_found_before_training(capsys, corpus):
    _, _, err = call(capsys, "train", corpus, "-o", corpus.parent / "missing" / "v.safetensors")
    assert "read" not in err


@pytest.mark.slow
def test_check_prints_a_row_for_every_formula_and_kernel(capsys):
    from firth.check import formulas as check
    from firth.check import kernels as check_kernels

    status, out, _ = call(capsys, "check")
    assert status == 0
    assert len(out.splitlines()) == 1 + len(check.FORMULAS) + len(check_kernels.kernel_rows())
    assert "WRONG" not in out


@pytest.mark.parametrize("bad_rows", [(1, 0), (0, 1)], ids=["formula", "kernel"])
def test_check_fails_when_a_row_does(capsys, monkeypatch, bad_rows):
    right = {"name": "right", "deviation": 0.0, "tolerance": 1e-7, "ok": True}
    bad = {"name": "planted", "deviation": 1.0, "tolerance": 1e-7, "ok": False}
    formulas, kernels = ([right] + [bad] * count for count in bad_rows)
    monkeypatch.setattr("firth.check.formulas.formula_rows", lambda: formulas)
    monkeypatch.setattr("firth.check.kernels.kernel_rows", lambda: kernels)
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
    train = [*FIRTH, "train", "-", "-o", str(out_path), "--dim", "8", "--subsample", "0", "--quiet"]
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


@pytest.mark.parametrize(
    "closing", ["2>&-", pytest.param("2>/dev/full", marks=pytest.mark.slow), ">&-", "2>&1 | head -1"]
)
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
@pytest.mark.parametrize(
    ("name", "status", "said"),
    [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "ended by SIGTERM"), ("SIGHUP", 129, "ended by SIGHUP")],
)
def test_a_signal_ends_training_at_once_with_its_status_and_a_checkpoint(corpus, tmp_path, name, status, said):
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
        assert run.wait() == status
        assert time.monotonic() - start < 60  # not a speed: it must not go on for a million epochs
    assert err.splitlines()[-1] == f"firth: {said}"
    assert "Traceback" not in err
    assert "--resume" in err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # neither vectors nor the encoded corpus
    assert len(firth.load(folder / "checkpoint.safetensors").history) >= 1


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_in_exact_training_ends_at_once_with_130_and_a_checkpoint(corpus, tmp_path):
    out_path, folder = tmp_path / "v.safetensors", tmp_path / "run"
    train = [*FIRTH, "train", str(corpus), "-o", str(out_path), *SOFTMAX, "--dim", "2", "--checkpoint", str(folder)]
    train += ["--tmp", str(tmp_path), "--epochs", "1000000", "--min-lr", "1e-9", "--lr", "1e-3"]
    with subprocess.Popen(train, stderr=subprocess.PIPE, text=True) as running:
        for line in running.stderr:
            if line.startswith("pass 2/"):
                break
        start = time.monotonic()
        running.send_signal(signal.SIGINT)
        err = running.stderr.read()
        assert running.wait() == 130
        assert time.monotonic() - start < 60  # not a speed: it must not go on for a million passes
    assert err.splitlines()[-1] == "firth: interrupted"
    assert "Traceback" not in err
    assert "--resume" in err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # neither vectors nor the encoded corpus
    assert len(firth.load(folder / "checkpoint.safetensors").history) >= 1


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("delay", [0.1, 1.5])
def test_ctrl_c_while_code_is_compiled_ends_the_process(corpus, tmp_path, delay):
    train = [*FIRTH, "train", str(corpus), "-o", str(tmp_path / "v.safetensors"), "--tmp", str(tmp_path)]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    with subprocess.Popen(train, stderr=subprocess.PIPE, text=True, env=environment) as running:
        for line in running.stderr:
            if line.startswith("compiling"):
                break
        time.sleep(delay)
        running.send_signal(signal.SIGINT)
        err = running.stderr.read()
        assert running.wait() == 130
    assert err.splitlines()[-1] == "firth: interrupted"
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir() if path.name != "compiled"] == []


ASIDE = """
import signal, sys, threading, time
import firth
signal.signal(signal.SIGINT, signal.default_int_handler)
settings = {"min_count": 1, "threads": 2, "dim": 8, "epochs": 1_000_000, "tmp": sys.argv[1]}
run = {"checkpoint": sys.argv[1] + "/run"}
threading.Thread(target=lambda: firth.train([["a", "b", "c"] * 9] * 99, **settings, **run)).start()
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_training_in_a_thread_that_is_not_the_main_one(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ASIDE, tmp_path], stderr=subprocess.PIPE, text=True) as running:
        for line in running.stderr:
            if line.startswith("epoch 2/"):
                break
        running.send_signal(signal.SIGINT)
        err = running.stderr.read()
        running.wait()
    assert "the run is saved in" in err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_every_command_is_in_the_readme():
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    _, commands = make_parser()
    assert {"train", "demo", "check"} <= set(commands)
    for command in commands:
        assert f"firth {command}" in text


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [("KeyboardInterrupt", 130, "interrupted"), ("signals.Ended(15)", 143, "ended by SIGTERM")],
)
def test_a_signal_that_a_callback_drops_comes_again(raised, status, said):
    code = """
import ctypes, sys, time
from firth import signals
from firth.app import cli, queries

def interrupted():
    raise RAISED

def command(options):
    ctypes.CFUNCTYPE(None)(interrupted)()
    for _ in range(200):
        time.sleep(0.1)
    return 0

queries._info = command
sys.exit(cli.main(["info", "x.safetensors"]))
"""
    code = code.replace("RAISED", raised)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=25)
    assert (done.returncode, done.stderr) == (status, f"firth: {said}\n")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("x.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_too_little_memory_is_one_sentence(capsys, monkeypatch, vectors_file, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("firth.app.opening.loaded", fail)
    monkeypatch.setattr("firth.app.cli._drop_output", lambda: None)
    status, _, printed = call(capsys, "neighbors", vectors_file, "salt")
    assert (status, printed.count("\n")) == (1, 1)
    assert printed.startswith("firth: error: not enough memory: ")


def test_an_error_of_the_system_names_its_file(capsys, monkeypatch, vectors_file):
    def fail(*_, **__):
        raise OSError(28, "No space left on device", "/some/file")

    monkeypatch.setattr("firth.app.opening.loaded", fail)
    monkeypatch.setattr("firth.app.cli._drop_output", lambda: None)
    _, _, printed = call(capsys, "neighbors", vectors_file, "salt")
    assert "/some/file" in printed
    assert "standard output" not in printed


def fail_with(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("firth.app.opening.loaded", fail)


def test_a_broken_library_is_not_too_little_memory(capsys, monkeypatch, vectors_file):
    fail_with(monkeypatch, OSError("Could not find/load shared object file 'libllvmlite.so'"))
    status, _, printed = call(capsys, "neighbors", vectors_file, "salt")
    assert (status, printed.count("\n")) == (1, 1)
    assert "a package cannot be loaded (Could not find" in printed


def test_a_signal_that_numpy_turns_into_an_import_error_is_a_signal(capsys, monkeypatch, vectors_file):
    error = ImportError("IMPORTANT: PLEASE READ THIS")
    error.__context__ = KeyboardInterrupt()
    fail_with(monkeypatch, error)
    assert call(capsys, "neighbors", vectors_file, "salt") == (130, "", "firth: interrupted\n")

    def terminated(*_, **__):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        raise ImportError("IMPORTANT: PLEASE READ THIS")

    monkeypatch.setattr("firth.app.opening.loaded", terminated)
    assert call(capsys, "neighbors", vectors_file, "salt") == (143, "", "firth: ended by SIGTERM\n")


def test_an_error_within_another_program_leaves_its_output(monkeypatch, vectors_file):
    fail_with(monkeypatch, MemoryError())
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert main(["neighbors", str(vectors_file), "salt"]) == 1


def test_ctrl_c_at_any_moment_of_the_start_is_one_line():
    for found in ("make_parser", "import"):
        source = "import sys, signal\nfrom firth import __main__\n"
        if found == "import":
            source += (
                "import builtins\ndef loader(*_, **__):\n    raise KeyboardInterrupt\nbuiltins.__import__ = loader\n"
            )
        else:
            source += (
                "from firth.app import cli\ndef parser():\n    raise KeyboardInterrupt\ncli.make_parser = parser\n"
            )
        source += "sys.exit(__main__.main())"
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=25)
        assert (done.returncode, done.stderr) == (130, "firth: interrupted\n")
