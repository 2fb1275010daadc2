"""firth graph as a user meets it."""

import json

import numpy as np
import pytest

import firth
from firth.app.cli import main

LINES = "a\tb\t1.0000\na\td\t0.8000\nb\td\t0.8000\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "v.safetensors"
    center = np.array([[1, 0], [2, 0], [-1, 0], [4, 3]], np.float32)
    firth.WordVectors(list("abcd"), np.array([4, 3, 2, 1]), center, None, {}, []).save(path)
    return path


def test_a_line_a_pair(path, capsys):
    assert main(["graph", str(path), "--above", "0.7"]) == 0
    assert capsys.readouterr() == (LINES, "")
    assert main(["graph", str(path), "--above", "0.7", "--most-frequent", "2"]) == 0
    assert capsys.readouterr().out == LINES[:11]


def test_to_a_file(path, capsys, tmp_path):
    assert main(["graph", str(path), "--above", "0.7", "-o", str(tmp_path / "g.tsv")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "wrote 3 pairs" in err
    assert (tmp_path / "g.tsv").read_text("utf-8") == LINES


def test_json_is_one_document(path, capsys):
    assert main(["graph", str(path), "--above", "0.9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"words": ["a", "b"], "cosine": 1.0}]


def test_an_error_leaves_no_file(path, capsys, tmp_path):
    assert main(["graph", str(path), "--above", "7", "-o", str(tmp_path / "g.tsv")]) == 1
    assert "threshold is 7.0" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["v.safetensors"]
    assert main(["graph", str(path), "--above", "0.7", "--json", "-o", "g"]) == 1
    assert "one of them" in capsys.readouterr().err
