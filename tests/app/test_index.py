"""firth index as a user meets it."""

import json

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.vectors.index import open_index

pytest.importorskip("usearch")


@pytest.fixture
def path(tmp_path):
    center = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    path = tmp_path / "v.safetensors"
    firth.WordVectors([f"w{i}" for i in range(300)], np.zeros(300, np.int64), center, None, {}, []).save(path)
    return path


def test_index_prints_what_it_built(path, capsys):
    assert main(["index", str(path), "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert "300 of 300, dimension 8" in out
    assert "mean of 300 words" in out
    assert err == ""
    assert open_index(firth.load(path), path).info.recall > 0.97


def test_json_is_one_document(path, capsys):
    assert main(["index", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    file = path.with_name("v.firth-index")
    assert (found["path"], found["bytes"]) == (str(file), file.stat().st_size)
    assert (found["words"], found["rows"], found["dim"], found["sample"]) == (300, 300, 8, 300)
    assert found["recall"] > 0.97
    assert found["seconds"] >= 0


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert main(["index", str(tmp_path / "v.safetensors")]) == 1
    assert "there is no such file" in capsys.readouterr().err
