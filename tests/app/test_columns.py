"""A column in every command and function that reads a corpus: the same lines as from plain text."""

import json

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.errors import CorpusError
from firth.evaluate.objective import score_corpus

TEXTS = [f"new york is word{n % 7} and word{n % 5} in new york" for n in range(60)] + [""]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"n": n, "text": text}) + "\n" for n, text in enumerate(TEXTS)))
    return str(path)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n")
    return str(path)


@pytest.fixture
def vectors(plain):
    return firth.train(plain, dim=8, epochs=1, subsample=0, threads=1, quiet=True)


def test_train(table, plain, vectors):
    for source in (table, [{"text": text} for text in TEXTS]):
        other = firth.train(source, column="text", dim=8, epochs=1, subsample=0, threads=1, quiet=True)
        assert other.words == vectors.words
        np.testing.assert_array_equal(other.center, vectors.center)
    with pytest.raises(CorpusError, match="name the column to read"):
        firth.train([{"text": "a"}], quiet=True)


def test_cooccurrences(table, plain):
    found, expected = (
        firth.cooccurrences(source, column=column, threads=1) for source, column in ((table, "text"), (plain, None))
    )
    assert found.words == expected.words
    np.testing.assert_array_equal(found.row_sums, expected.row_sums)


def test_phrases(table, plain, tmp_path):
    assert firth.Phrases(table, column="text", threshold=1).found == firth.Phrases(plain, threshold=1).found
    for source, more in ((table, ["--column", "text"]), (plain, [])):
        out = tmp_path / "out.txt"
        assert main(["phrases", source, "-o", str(out), "--threshold", "1", "--quiet", *more]) == 0
        lines = out.read_text().splitlines()
        assert "new_york" in lines[0]
    assert len(lines) == len(TEXTS)


@pytest.mark.parametrize("token", ["new york", "a\nb", "\u00a0", "x\u2028"])
def test_phrases_write_no_tokens_with_white_space(token, tmp_path, capsys):
    path, out = tmp_path / "a.jsonl", tmp_path / "out.txt"
    path.write_text(json.dumps({"items": ["c", token]}) + "\n" + json.dumps({"items": ["d"]}) + "\n")
    assert main(["phrases", str(path), "--column", "items", "--min-count", "1", "-o", str(out), "--quiet"]) == 1
    assert f"the token {token!r} holds white space" in capsys.readouterr().err
    assert main(["phrases", str(path), "--column", "items", "--min-count", "1", "-o", "-", "--quiet"]) == 1
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == [path]
    path.write_text(json.dumps({"items": ["c", "d"]}) + "\n" + json.dumps({"items": ["d"]}) + "\n")
    assert main(["phrases", str(path), "--column", "items", "--min-count", "1", "-o", str(out), "--quiet"]) == 0
    assert out.read_text() == "c d\nd\n"


def test_documents(table, plain, vectors, tmp_path):
    expected = firth.documents(vectors, plain, quiet=True)
    for source in (table, [{"text": text} for text in TEXTS]):
        found = firth.documents(vectors, source, column="text", quiet=True)
        np.testing.assert_array_equal(found.matrix, expected.matrix)
        assert found.options == expected.options
        np.testing.assert_array_equal(found.transform(source, column="text").matrix, expected.matrix)
        assert found.nearest(["new", "york"], 1) == expected.nearest(["new", "york"], 1)
    vectors.save(tmp_path / "v.safetensors")
    out = tmp_path / "d.safetensors"
    assert main(["documents", str(tmp_path / "v.safetensors"), table, "--column", "2", "-o", str(out), "--quiet"]) == 0
    np.testing.assert_array_equal(firth.Documents.load(out).matrix, expected.matrix)


def test_documents_divide_cells_as_the_training_did(tmp_path, plain):
    vectors = firth.train(plain, tokenizer="words", dim=8, epochs=1, subsample=0, threads=1, quiet=True)
    rows = [{"t": "new, york!", "l": ["new", "york"]}] * 3
    texts = firth.documents(vectors, rows, column="t", method="mean", quiet=True)
    lists = firth.documents(vectors, rows, column="l", method="mean", quiet=True)
    assert texts.known.tolist() == lists.known.tolist() == [2] * 3
    np.testing.assert_array_equal(texts.matrix, lists.matrix)


def test_eval_against(table, plain, vectors, tmp_path, capsys):
    expected = score_corpus(vectors, plain, threads=1, quiet=True)
    assert score_corpus(vectors, table, column="text", threads=1, quiet=True) == expected
    vectors.save(tmp_path / "v.safetensors")
    arguments = ["eval", str(tmp_path / "v.safetensors"), "--against", table, "--column", "text", "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)[0]["tokens"] == expected[0].tokens
