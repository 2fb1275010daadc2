"""`firth documents` as a user meets it."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.app.cli import main

TEXT = "salt pepper\n\nwind rain\nSalt wind rain\nunknown\n"


@pytest.fixture
def files(tmp_path):
    """The files of word vectors, of a text, and one to write."""
    rows = {"salt": [1, 0, 0], "pepper": [1, 0.5, 0], "wind": [0, 0, 1], "rain": [0, 0.5, 1]}
    center = np.array(list(rows.values()), np.float32)
    vectors = firth.WordVectors(list(rows), np.array([4, 3, 2, 1]), center, None, {"lower": True}, [])
    vectors.save(tmp_path / "v.safetensors")
    (tmp_path / "text").write_text(TEXT, encoding="utf-8")
    return tmp_path / "v.safetensors", tmp_path / "text", tmp_path / "documents.safetensors"


def call(capsys, *arguments):
    """(status, standard output, standard error) of the command."""
    capsys.readouterr()
    try:
        status = main(["documents", *map(str, arguments)])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def test_it_writes_documents(capsys, files):
    vectors, text, out_file = files
    status, out, err = call(capsys, vectors, text, "-o", out_file, "--a", 0.01)
    assert (status, out) == (0, "")
    assert "read 5 lines and 8 tokens" in err
    assert err.endswith(f"wrote {out_file}: 5 lines, dimension 3\n")
    right = firth.documents(firth.load(vectors), text, a=0.01, quiet=True)
    found = firth.Documents.load(out_file)
    assert found.matrix.tobytes() == right.matrix.tobytes()
    assert found.options.a == 0.01


def test_it_prints_the_nearest_lines(capsys, files):
    vectors, text, _ = files
    found = firth.documents(firth.load(vectors), text, method="mean", quiet=True)
    status, out, _ = call(capsys, vectors, text, "--method", "mean", "--nearest", "Rain nothing", "-k", 2)
    assert status == 0
    expected = found.nearest(["rain"], 2)
    assert [row for row, _ in expected] == [2, 3]
    assert out == "".join(f"{row + 1}\t{cosine:.4f}\n" for row, cosine in expected)
    status, out, _ = call(capsys, vectors, text, "--method", "mean", "--like", 1)
    assert out == "".join(f"{row + 1}\t{cosine:.4f}\n" for row, cosine in found.nearest(0))
    assert len(out.splitlines()) == 2


def test_json_is_one_document(capsys, files):
    vectors, text, out_file = files
    options = ["--method", "mean", "--like", 1, "-k", 1, "-o", out_file, "--json", "--quiet"]
    status, out, err = call(capsys, vectors, text, *options)
    assert (status, err) == (0, "")
    row, cosine = firth.Documents.load(out_file).nearest(0, 1)[0]
    assert json.loads(out) == {
        "lines": 5,
        "unknown": 2,
        "dim": 3,
        "tokens": 8,
        "known": 7,
        "out": str(out_file),
        "nearest": [{"line": row + 1, "cosine": cosine}],
    }


def test_what_was_written_can_be_asked(capsys, files):
    vectors, text, out_file = files
    _, right, _ = call(capsys, vectors, text, "-o", out_file, "--nearest", "Salt")
    assert right
    assert call(capsys, vectors, out_file, "--nearest", "Salt") == (0, right, "")
    status, _, err = call(capsys, vectors, out_file, "--nearest", "Salt", "--a", 0.1)
    assert (status, err) == (
        1,
        f"firth: error: {out_file} has its own settings: leave out --a, or give the text instead\n",
    )


def test_it_reads_standard_input(capsys, monkeypatch, files):
    vectors, text, _ = files
    right = call(capsys, vectors, text, "--like", 3)[1]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
    assert call(capsys, vectors, "-", "--like", 3)[1] == right != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give -o OUT to write the vectors, or --nearest WORDS or --like LINE"),
        (["--like", 0], "--like is 0: expected 1 or more"),
        (["--like", 6], "--like is 6: expected a line from 1 to 5"),
        (["--like", 2], "the query's vector is zero"),
        (["--nearest", "nothing"], "none of the 1 tokens of the query has a vector"),
        (["--nearest", "salt", "-k", 0], "-k is 0: expected 1 or more"),
        (["-o", "documents.txt"], "ends in .safetensors"),
    ],
)
def test_errors_are_one_line(capsys, files, arguments, message):
    status, out, err = call(capsys, files[0], files[1], *arguments, "--quiet")
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert message in err


def test_two_queries_at_once_are_wrong_usage(capsys, files):
    status, _, err = call(capsys, files[0], files[1], "--like", 1, "--nearest", "salt")
    assert status == 2
    assert "not allowed with" in err


def test_the_word_vectors_are_not_overwritten(capsys, files):
    vectors, text, _ = files
    before = vectors.read_bytes()
    status, _, err = call(capsys, vectors, text, "-o", vectors.parent / "." / vectors.name)
    assert (status, vectors.read_bytes() == before) == (1, True)
    assert "is the file of the word vectors, which would be lost" in err


def test_a_vectors_file_among_texts_is_refused(capsys, files):
    vectors, text, _ = files
    status, _, err = call(capsys, vectors, text, vectors, "--nearest", "salt")
    assert status == 1
    assert "holds vectors and is no text: give it alone, or texts only" in err


def test_it_says_when_nothing_is_near(capsys, files):
    vectors, text, _ = files
    text.write_text("salt\nunknown\n")
    status, out, err = call(capsys, vectors, text, "--like", 1, "--method", "mean")
    assert (status, out) == (0, "")
    assert "there is nothing near" in err
