"""firth clusters as a user meets it."""

import json
import sys

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.vectors import clusters as module


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    center = np.repeat(np.eye(3), [5, 3, 2], axis=0) + 0.05 * rng.normal(size=(10, 3))
    path = tmp_path / "v.safetensors"
    words = [f"w{i}" for i in range(10)]
    firth.WordVectors(words, np.zeros(10, np.int64), center.astype(np.float32), None, {}, []).save(path)
    return path


def test_a_line_a_cluster(path, capsys):
    assert main(["clusters", str(path), "-k", "3"]) == 0
    out, err = capsys.readouterr()
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[:2] for line in lines] == [["0", "5"], ["1", "3"], ["2", "2"]]
    assert set(lines[1][2].split(", ")) == {"w5", "w6", "w7"}
    assert len(lines[0][2].split(", ")) == 3
    assert err == ""


def test_json_is_one_document(path, capsys):
    assert main(["clusters", str(path), "-k", "2", "--most-frequent", "8", "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["size"] for one in found] == [5, 3]
    assert set(found[0]["words"]) == {f"w{i}" for i in range(5)}


def test_a_file_with_a_line_a_word(path, capsys, tmp_path):
    out = tmp_path / "clusters.tsv"
    assert main(["clusters", str(path), "-k", "3", "-o", str(out)]) == 0
    labels = [0] * 5 + [1] * 3 + [2] * 2
    assert out.read_text("utf-8") == "".join(f"w{i}\t{label}\n" for i, label in enumerate(labels))


def test_a_terminal_shows_bars(path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["clusters", str(path), "-k", "3"]) == 0
    err = capsys.readouterr().err
    assert "first centers:" in err
    assert "clusters:" in err
    assert "steps/s" in err


def test_words_that_still_move_are_told(path, capsys, monkeypatch):
    monkeypatch.setattr(module, "STEPS", 1)
    assert main(["clusters", str(path), "-k", "3"]) == 0
    assert "words still moved after 1 steps" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_found_first(path, capsys, tmp_path):
    assert main(["clusters", str(path), "-k", "3", "-o", str(tmp_path / "no" / "file")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "does not exist" in err
