"""The commands that ask a vectors file: each prints what the method of the same name answers."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors

WORDS = ["man", "woman", "king", "queen", "pea", "time:2", "-"]


@pytest.fixture
def path(tmp_path):
    rows = np.random.default_rng(1).normal(size=(len(WORDS), 4)).astype(np.float32)
    path = tmp_path / "v.safetensors"
    WordVectors(WORDS, np.ones(len(WORDS), int), rows, None, {}, []).save(path)
    return str(path)


@pytest.fixture
def ask(path, capsys, monkeypatch):
    def ask(command, *arguments, given="", status=0):
        given = given if isinstance(given, bytes) else given.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert main([command, path, *map(str, arguments)]) == status
        captured = capsys.readouterr()
        return captured.out if status == 0 else captured.err

    return ask


def lines(pairs):
    return "".join(f"{word}\t{score:.4f}\n" for word, score in pairs)


def test_neighbours_of_words_and_of_sums(ask, path):
    vectors = firth.load(path)
    assert ask("neighbors", "king", "-k", 3) == lines(vectors.neighbors("king", 3))
    assert ask("neighbors", "-k", 3, "king") == lines(vectors.neighbors("king", 3))
    assert ask("neighbors", "king", "woman", "--minus", "man") == lines(
        vectors.neighbors(positive=["king", "woman"], negative=["man"])
    )
    assert ask("neighbors", "king:0.5", "queen", "--sum", "-k", 2) == lines(
        vectors.neighbors(positive=[("king", 0.5), "queen"], k=2)
    )
    assert ask("neighbors", "king:-1", "time:2", "--sum") == lines(
        vectors.neighbors(positive=[("king", -1), "time:2"])  # a word of the vocabulary stays whole
    )
    found = json.loads(ask("neighbors", "king", "queen", "--sum", "--json"))
    assert [(one["word"], one["cosine"]) for one in found] == vectors.neighbors(positive=["king", "queen"])
    assert "'kingg:x' is not among" in ask("neighbors", "kingg:x", "--sum", status=1)


@pytest.fixture(params=[None, ["a tag", "b", "12", "-x"]])
def documents(request, path):
    rows = np.random.default_rng(2).normal(size=(4, 4)).astype(np.float32)
    documents = DocumentVectors(rows, request.param)
    WordVectors(**firth.load(path).parts() | {"documents": documents}).save(path)
    return documents


def test_documents_near_a_document(ask, documents):
    for row, tag in enumerate(documents.names or range(4)):
        near = documents.nearest(tag)
        assert ask("neighbors", f"--document={tag}") == lines(near)
        assert ask("neighbors", f"--document={tag}", "-k", 2) == lines(near[:2])
        found = json.loads(ask("neighbors", f"--document={tag}", "--json"))
        assert found["document"] == tag
        assert [(one["document"], one["cosine"]) for one in found["neighbors"]] == near
        assert len(near) == 3
        assert row not in [other for other, _ in near]
    for absent in ("4", "nope", "9" * 5000):
        assert ask("neighbors", "--document", absent, status=1).startswith("firth: error: ")


def test_info_says_how_many_documents_there_are(ask, documents):
    expected = "4, from 'a tag' to '-x'" if documents.names else "4, from 0 to 3"
    assert f"documents              {expected}\n" in ask("info")
    assert json.loads(ask("info", "--json"))["documents"] == 4


def test_documents_are_asked_for_alone_and_where_there_are_some(ask):
    assert json.loads(ask("info", "--json"))["documents"] == 0
    assert "\ndocuments" not in ask("info")
    assert "has no vectors of documents: firth train --documents makes them" in ask(
        "neighbors", "--document=1", status=1
    )
    assert "there is nothing to look for: give words, or --document TAG" in ask("neighbors", status=1)
    for more, name in ((["king"], "words"), (["--sum"], "--sum"), (["--most-frequent", "3"], "--most-frequent")):
        told = ask("neighbors", "--document=1", *more, status=1)
        assert f"--document asks for documents, which have no use for {name}: leave it out" in told


def test_where_to_look(ask, path):
    vectors = firth.load(path)
    among = ["queen", "pea", "man"]
    assert ask("neighbors", "king", "--within", *among) == lines(vectors.neighbors("king", within=among))
    assert ask("neighbors", "king", "--most-frequent", 2) == lines(vectors.neighbors("king", most_frequent=2))
    assert ask("neighbors", "king", "--threshold", 0.1) == lines(vectors.neighbors("king", threshold=0.1))


def test_words_from_standard_input(ask, path):
    vectors = firth.load(path)
    expected = "".join(
        f"{word}\t{near}\t{cosine:.4f}\n" for word in ("king", "-") for near, cosine in vectors.neighbors(word)
    )
    assert ask("neighbors", "-", given="king\r\n\n - \n") == expected
    assert json.loads(ask("neighbors", "-", "--json", given="")) == []


def test_standard_input_is_checked_before_anything_is_answered(ask, path, monkeypatch):
    expected = lines_of_each(firth.load(path), ["king", "pea"])
    assert ask("neighbors", "-", given=b"\xef\xbb\xbfking\npea\n") == expected
    assert "standard input, line 3: 'kingg' is not among" in ask("neighbors", "-", given="king\n\nkingg\n", status=1)
    assert "standard input, byte 5: invalid UTF-8" in ask("neighbors", "-", given=b"king\n\xff\n", status=1)
    monkeypatch.setattr("firth.app.queries.sys", SimpleNamespace(stdin=None))
    assert "there is no standard input to read" in ask("neighbors", "-", status=1)


def lines_of_each(vectors, words):
    return "".join(f"{word}\t{near}\t{cosine:.4f}\n" for word in words for near, cosine in vectors.neighbors(word))


def test_more_words_than_are_asked_at_once(ask, path, monkeypatch):
    monkeypatch.setattr("firth.app.queries.WORDS_AT_ONCE", 2)
    words = ["king", "pea", "man", "king", "queen"]
    assert ask("neighbors", "-", given="\n".join(words)) == lines_of_each(firth.load(path), words)
    found = json.loads(ask("neighbors", *words, "--json"))
    assert [one["word"] for one in found] == words


def test_within_ranks_all_words_given(ask, tmp_path):
    words = [f"w{i}" for i in range(15)]
    rows = np.random.default_rng(2).normal(size=(15, 3)).astype(np.float32)
    WordVectors(words, np.ones(15, int), rows, None, {}, []).save(tmp_path / "v.safetensors")
    assert len(ask("neighbors", "w0", "--within", *words[1:]).splitlines()) == 14
    assert len(ask("neighbors", "w0", "--within", *words[1:], "-k", 3).splitlines()) == 3
    assert len(ask("neighbors", "w0").splitlines()) == 10


def test_lines_are_not_written_over_vectors(ask, path):
    before = Path(path).read_bytes()
    for command in (("clusters", "-k", 2), ("graph", "--above", 0.5)):
        assert "the name of a vectors file" in ask(*command, "-o", path, status=1)
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("method", ["add", "mul"])
def test_analogies_by_either_method(ask, path, method):
    expected = firth.load(path).analogy("man", "king", "woman", 2, method)
    asked = ("analogy", "man", "king", "woman", "-k", 2, "--method", method)
    assert ask(*asked) == lines(expected)
    name = {"add": "cosine", "mul": "score"}[method]
    assert json.loads(ask(*asked, "--json")) == [{"word": word, name: score} for word, score in expected]


def test_similarity_of_pairs_and_groups(ask, path):
    vectors = firth.load(path)
    assert ask("similarity", "man", "pea") == f"{vectors.similarity('man', 'pea'):.4f}\n"
    groups = ["man", "pea"], ["king"]
    assert ask("similarity", "man", "pea", "--with", "king") == f"{vectors.similarity(*groups):.4f}\n"
    found = json.loads(ask("similarity", "man", "pea", "--with", "king", "--json"))
    assert found == {"groups": list(groups), "cosine": vectors.similarity(*groups)}
    assert (
        ask("similarity", "-", given="man pea\nking\tking\n")
        == f"man\tpea\t{vectors.similarity('man', 'pea'):.4f}\nking\tking\t1.0000\n"
    )
    assert "expected two words a line" in ask("similarity", "-", given="man\n", status=1)
    assert "the words are a b c: expected two, or two groups" in ask("similarity", "a", "b", "c", status=1)


def test_the_odd_one_and_the_rank(ask, path):
    vectors = firth.load(path)
    odd = vectors.odd_one_out(["man", "king", "pea"])
    assert ask("odd", "man", "king", "pea") == f"{odd}\n"
    assert json.loads(ask("odd", "man", "king", "pea", "--json")) == {"words": ["man", "king", "pea"], "odd": odd}
    assert "expected a list of three or more" in ask("odd", "man", "king", status=1)
    assert ask("rank", "pea", "king") == f"{vectors.rank('pea', 'king')}\n"
    assert json.loads(ask("rank", "pea", "king", "--json"))["rank"] == vectors.rank("pea", "king")
    assert ask("rank", "man", "king", "--most-frequent", 1) == "1\n"


def test_a_word_is_found_where_the_command_line_is_ascii(tmp_path):
    path = tmp_path / "v.safetensors"
    WordVectors(["déjà", "là"], np.array([2, 1]), np.eye(2, dtype=np.float32), None, {}, []).save(path)
    done = subprocess.run(
        [sys.executable, "-m", "firth", "neighbors", str(path), "déjà", "--json"],
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)[0]["word"] == "déjà"


def test_a_document_is_not_begun_for_an_unknown_word(tmp_path, capsys):
    path = tmp_path / "v.safetensors"
    WordVectors(["a", "b"], np.array([2, 1]), np.eye(2, dtype=np.float32), None, {}, []).save(path)
    assert main(["neighbors", str(path), "c", "--json"]) == 1
    assert capsys.readouterr().out == ""
