"""firth convert: formats by content and by name, a choice of words, counts, and what it prints."""

import gzip
import json

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords, word_vectors

WORDS = ["the", "new york", "naïve", "日本", "of"]


def call(capsys, *arguments):
    """(status, standard output, standard error) of a command."""
    capsys.readouterr()
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def file(tmp_path):
    center = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    WordVectors(WORDS, np.array([50, 40, 30, 20, 10]), center, None, {}, []).save(tmp_path / "v.safetensors")
    return tmp_path / "v.safetensors"


def test_it_says_what_it_read_and_wrote(capsys, file, tmp_path):
    out = tmp_path / "v.bin"
    status, printed, err = call(capsys, "convert", file, out, "--space", "_")
    assert (status, printed) == (0, "")
    assert err == f"read 5 words of dimension 4 from {file} (safetensors); wrote {out} (word2vec-binary), 0.1 kB\n"
    assert firth.load(out).words == ["the", "new_york", *WORDS[2:]]
    assert call(capsys, "convert", file, out, "--space", "_", "--quiet") == (0, "", "")
    status, printed, err = call(capsys, "convert", out, tmp_path / "w.safetensors", "--json")
    assert (status, err) == (0, "")
    assert json.loads(printed) == {
        **{"source": str(out), "source_format": "word2vec-binary"},
        **{"target": str(tmp_path / "w.safetensors"), "target_format": "safetensors"},
        **{"beside": None},
        **{"words": 5, "dim": 4, "bytes": (tmp_path / "w.safetensors").stat().st_size},
    }


@pytest.mark.parametrize(("name", "other"), [("w.npy", "w.words.txt"), ("w.tsv", "w.metadata.tsv")])
def test_it_names_both_files(capsys, file, tmp_path, name, other):
    status, _, err = call(capsys, "convert", file, tmp_path / name)
    size = sum((tmp_path / one).stat().st_size for one in (name, other))
    assert status == 0
    assert f"; wrote {tmp_path / name} and {tmp_path / other} (" in err
    done = json.loads(call(capsys, "convert", file, tmp_path / name, "--json")[1])
    assert (done["beside"], done["bytes"]) == (str(tmp_path / other), size)


def test_words_that_a_format_cannot_hold_are_named(capsys, file, tmp_path):
    status, _, err = call(capsys, "convert", file, tmp_path / "v.bin")
    assert status == 1
    assert "the word 'new york' cannot be written; give --space _ to write _ for white space in words" in err
    assert not (tmp_path / "v.bin").exists()


def test_a_choice_of_words(capsys, file, tmp_path):
    (tmp_path / "words.txt").write_text("of the absent\n", encoding="utf-8")
    choice = ("--words", tmp_path / "words.txt")
    for source in (file, tmp_path / "v.bin"):
        if source != file:
            assert call(capsys, "convert", file, source, "--space", "_")[0] == 0
        assert call(capsys, "convert", source, tmp_path / "w.safetensors", *choice)[0] == 0
        assert firth.load(tmp_path / "w.safetensors").words == ["the", "of"]
        assert call(capsys, "convert", source, tmp_path / "w.safetensors", *choice, "--first", 3)[0] == 0
        assert firth.load(tmp_path / "w.safetensors").words == ["the"]
        status, _, err = call(capsys, "convert", source, tmp_path / "w.safetensors", "--first", 0)
        assert (status, err.splitlines()[-1]) == (1, "firth: error: first is 0: expected a whole number, 1 or more")
    (tmp_path / "words.txt").write_text("absent\n", encoding="utf-8")
    status, _, err = call(capsys, "convert", file, tmp_path / "w.safetensors", *choice)
    assert (status, "none of the 1 wanted words is in the file" in err) == (1, True)


def test_faults_are_mended_or_refused(capsys, tmp_path):
    (tmp_path / "v.bin").write_bytes(b"3 1\na \0\0\0\0\nb \0\0\0\0\n")
    status, _, err = call(capsys, "convert", tmp_path / "v.bin", tmp_path / "w.safetensors")
    assert status == 0
    assert err.startswith(f"firth: warning: {tmp_path / 'v.bin'}: wrong numbers of words in line 1, not used: 1.")
    status, _, err = call(capsys, "convert", tmp_path / "v.bin", tmp_path / "w.safetensors", "--errors", "strict")
    assert (status, "line 1: 3 words of dimension 1: the file holds 2" in err) == (1, True)
    status, _, err = call(capsys, "convert", tmp_path / "v.bin", tmp_path / "w.safetensors", "--errors", "ignore")
    assert (status, err) == (1, "firth: error: errors is 'ignore': expected 'mend' or 'strict'\n")


def test_counts_come_and_go_as_a_vocabulary(capsys, file, tmp_path):
    out, counts, back = tmp_path / "v.bin", tmp_path / "counts.txt", tmp_path / "back.safetensors"
    assert call(capsys, "convert", file, out, "--space", "_", "--save-vocab", counts)[0] == 0
    *lines, checksum = counts.read_text(encoding="utf-8").splitlines()
    assert lines == ["the 50", "new_york 40", "naïve 30", "日本 20", "of 10"]
    assert checksum.startswith("</firth-sha256:")
    assert call(capsys, "convert", out, back, "--vocab", counts)[0] == 0
    assert firth.load(back).counts.tolist() == [50, 40, 30, 20, 10]
    assert firth.load(out).counts.tolist() == [0] * 5
    assert firth.load(out, vocab=dict.fromkeys(firth.load(out).words, 7)).counts.tolist() == [7] * 5
    counts.write_text("the 5\nof 3\nother 9\n", encoding="utf-8")
    status, _, err = call(capsys, "convert", out, back, "--vocab", counts)
    assert status == 0
    assert "3 of 5 words are not in the vocabulary, such as 'new_york': their counts are 0" in err
    assert firth.load(back).counts.tolist() == [5, 0, 0, 0, 3]
    status, _, err = call(capsys, "convert", file, out, "--space", "_", "--save-vocab", out)
    assert (status, "name another file for save_vocab (--save-vocab)" in err) == (1, True)


def test_a_file_may_take_its_own_place(capsys, tmp_path):
    rows = np.random.default_rng(1).normal(size=(2 + 3, 4)).astype(np.float32)
    subwords = Subwords(2, 3, 3, rows)
    center = np.concatenate(list(word_vectors([b"ab", b"cd"], subwords)))
    path = tmp_path / "v.safetensors"
    WordVectors(["ab", "cd"], np.array([2, 1]), center, center, {}, [], subwords=subwords).save(path)
    before = path.read_bytes()
    assert call(capsys, "convert", path, path)[0] == 0
    assert path.read_bytes() == before
    model = tmp_path / "v.bin"
    assert call(capsys, "convert", path, model)[0] == 0
    before = model.read_bytes()
    assert call(capsys, "convert", model, model)[0] == 0
    assert model.read_bytes() == before
    link = tmp_path / "link.bin"
    link.symlink_to(model)
    assert call(capsys, "convert", model, link, "--first", 1)[0] == 0
    assert firth.load(model).words == ["ab"]
    np.testing.assert_array_equal(firth.load(model).center, center[:1])


def test_queries_take_every_format(capsys, file, tmp_path):
    assert call(capsys, "convert", file, tmp_path / "v.bin", "--space", "_")[0] == 0
    (tmp_path / "v.vec.gz").write_bytes(gzip.compress((tmp_path / "v.bin").read_bytes()))
    answers = call(capsys, "neighbors", file, "the")
    for name in ("v.bin", "v.vec.gz"):
        assert call(capsys, "neighbors", tmp_path / name, "the") == (0, answers[1].replace("new york", "new_york"), "")
        assert json.loads(call(capsys, "info", tmp_path / name, "--json")[1])["words"] == 5
    transform = ["transform", tmp_path / "v.bin", "-o", tmp_path / "w.safetensors", "--normalized"]
    assert call(capsys, *transform)[0] == 0


@pytest.mark.parametrize("command", [["neighbors", "TEXT", "the"], ["info", "TEXT"], ["eval", "TEXT"]])
def test_a_text_is_no_file_of_vectors(capsys, tmp_path, command):
    (tmp_path / "text.txt").write_text("salt pepper\n", encoding="utf-8")
    path = tmp_path / "text.txt"
    status, out, err = call(capsys, *(path if part == "TEXT" else part for part in command))
    assert (status, out) == (1, "")
    assert err.startswith(f"firth: error: {path}: a text that begins with 'salt pepper': expected a file of vectors")


def test_progress_is_shown_on_a_terminal(capsys, file, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("firth.display.Display._show", lambda self, what, done, total, unit: shown.append((what, unit)))
    assert call(capsys, "convert", file, tmp_path / "v.bin", "--space", "_")[0] == 0
    assert call(capsys, "neighbors", tmp_path / "v.bin", "the")[0] == 0
    assert shown == [("writing", "words"), ("reading", "B")]
