"""The command about new documents prints and writes what `firth.infer` returns."""

import json

import numpy as np
import pytest

import firth
from firth.app.cli import main

LINES = ["salt dish", "", "unheard", "wind rain"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    text = [["salt", "pepper", "dish"], ["wind", "rain", "storm"]] * 50
    tags = [["food", n] if n % 2 == 0 else "weather" for n in range(100)]
    settings = {"dim": 8, "min_count": 1, "subsample": 0, "epochs": 5, "threads": 1, "quiet": True}
    firth.train(text, documents=True, tags=tags, **settings).save(path)
    return path


@pytest.fixture
def new(tmp_path):
    (tmp_path / "new.txt").write_text("".join(line + "\n" for line in LINES))
    return tmp_path / "new.txt"


def test_the_nearest_documents_of_each_line_are_printed(path, new, capsys):
    vectors = firth.load(path)
    rows = firth.infer(vectors, new, epochs=40, quiet=True)
    assert main(["infer", str(path), str(new), "--nearest", "-k", "2", "--epochs", "40"]) == 0
    near = [(line, pair) for line in (1, 4) for pair in vectors.documents.nearest(rows[line - 1], 2)]
    assert capsys.readouterr().out == "".join(f"{line}\t{tag}\t{cosine:.4f}\n" for line, (tag, cosine) in near)
    assert main(["infer", str(path), str(new), "--nearest", "-k", "2", "--epochs", "40", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lines"], found["dim"]) == (4, 8)
    assert [one["line"] for one in found["nearest"]] == [1, 2, 3, 4]
    assert found["nearest"][1]["documents"] == []
    pairs = [(one["document"], one["cosine"]) for one in found["nearest"][3]["documents"]]
    assert pairs == vectors.documents.nearest(rows[3], 2)


def test_the_vectors_are_written(path, new, capsys):
    out = new.with_name("new.npy")
    assert main(["infer", str(path), str(new), "-o", str(out)]) == 0
    rows = firth.infer(firth.load(path), new, quiet=True)
    np.testing.assert_array_equal(np.load(out, allow_pickle=False), rows)
    assert f"wrote {out}: 4 lines, dimension 8" in capsys.readouterr().err
    assert main(["infer", str(path), str(new), "-o", str(out), "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out) == {"lines": 4, "dim": 8, "out": str(out)}


def test_wrong_use_is_told_before_anything_is_read(path, new, capsys):
    for more, message in (
        ([], "give -o OUT to write the vectors, or --nearest"),
        (["-o", "new.txt"], "new.txt: a matrix of NumPy ends in .npy"),
        (["-o", str(new.parent / "none" / "a.npy")], "does not exist: make it first"),
        (["--nearest", "-k", "0"], "-k is 0: expected 1 or more"),
    ):
        assert main(["infer", "missing.safetensors", str(new), *more]) == 1
        assert message in capsys.readouterr().err


def test_vectors_without_documents_are_refused(new, tmp_path, capsys):
    firth.train([["a", "b"]] * 600, dim=4, min_count=1, subsample=0, quiet=True).save(tmp_path / "v.safetensors")
    assert main(["infer", str(tmp_path / "v.safetensors"), str(new), "--nearest"]) == 1
    assert "documents" in capsys.readouterr().err
