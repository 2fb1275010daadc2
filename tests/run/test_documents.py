"""`firth.documents`: its keywords, and what it says."""

import inspect

import numpy as np
import pytest

import firth
from firth.settings import DocumentOptions
from firth.vectors.documents import make_documents


@pytest.fixture(scope="module")
def vectors():
    center = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    return firth.WordVectors(["a", "b", "c"], np.array([5, 3, 2]), center, None, {"lower": True}, [])


def test_it_makes_documents_and_says_what_it_read(capsys, vectors):
    found = firth.documents(vectors, [["A", "b"], ["c", "new"], [], ["new"]], method="mean")
    out, err = capsys.readouterr()
    assert out == ""
    first, second = [line for line in err.splitlines() if "compil" not in line]
    assert first.startswith("read 4 lines and 5 tokens in ")
    assert first.endswith(" s: 60.0% of the tokens have a vector")
    assert second == "2 lines have no known word: the vector is zero"
    right = make_documents(vectors, [["A", "b"], ["c", "new"], [], ["new"]], DocumentOptions(method="mean"))
    assert found.matrix.tobytes() == right.matrix.tobytes()


def test_one_line_is_said_as_one(capsys, vectors):
    firth.documents(vectors, [["a"]], method="mean")
    assert "read 1 line and 1 tokens" in capsys.readouterr().err


def test_quiet_says_nothing(capsys, vectors):
    firth.documents(vectors, [["a"], []], method="mean", quiet=True)
    assert capsys.readouterr() == ("", "")


def test_unknown_keywords_are_answered_with_the_right_ones(vectors):
    with pytest.raises(firth.ConfigError, match="unknown setting 'methods': did you mean 'method'"):
        firth.documents(vectors, [["a"]], methods="mean")
    with pytest.raises(firth.ConfigError, match="unknown setting 'tmp'"):
        firth.documents(vectors, [["a"]], tmp=".")


def test_the_keywords_are_the_declared_ones():
    names = ["vectors", "source", "method", "a", "components", "lower", "tokenizer", "column", "errors", "quiet"]
    assert list(inspect.signature(firth.documents).parameters) == names
    assert "components: for sif" in firth.documents.__doc__
