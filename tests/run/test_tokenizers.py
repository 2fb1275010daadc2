"""Runs on text that a tokenizer divides, and on integers: what a file keeps, and what goes on from it."""

import json

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.errors import ConfigError, CorpusError, VocabularyError
from firth.evaluate.objective import score_corpus

QUIET = {"min_count": 1, "threads": 1, "quiet": True, "dim": 4, "epochs": 1, "subsample": 0}
LINES = ["the cat sat on the mat", "the dog sat on the cat", "a cat and a dog"] * 20


def halves(line):
    """The words of a line, each in two parts."""
    return [part for word in line.split() for part in (word[:2], word[2:]) if part]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES))
    return path


@pytest.fixture
def saved(path, tmp_path):
    """A file of vectors whose text a function divided."""
    firth.train(path, tokenizer=halves, **QUIET).save(tmp_path / "v.safetensors")
    return tmp_path / "v.safetensors"


def expect_same(a, b):
    assert a.words == b.words
    assert (a.counts == b.counts).all()
    assert (a.center == b.center).all()


@pytest.mark.parametrize("tokenizer", ["words", "chars", "kmers:2", halves])
def test_a_file_an_iterable_and_a_list_of_strings_give_the_same(path, tokenizer, capsys):
    if tokenizer == "chars":
        pytest.importorskip("regex")
    first = firth.train(path, tokenizer=tokenizer, **QUIET)
    expect_same(first, firth.train(iter(LINES), tokenizer=tokenizer, **QUIET))
    expect_same(first, firth.train(LINES, tokenizer=tokenizer, **QUIET | {"quiet": False}))
    assert "reads 60 strings as lines of text\n" in capsys.readouterr().err


def test_a_function_is_known_by_its_name(saved):
    assert firth.load(saved).config["tokenizer"].endswith("test_tokenizers.halves")


def test_vectors_of_a_function_need_it_again_for_text(saved, path):
    vectors, again = firth.load(saved), r"test_tokenizers\.halves, a function.* give it again in Python as tokenizer="
    for ask in (
        lambda: firth.documents(vectors, path, quiet=True),
        lambda: firth.train(path, from_=vectors, **QUIET),
        lambda: score_corpus(vectors, path, quiet=True),
    ):
        with pytest.raises(ConfigError, match=again):
            ask()
    found = firth.documents(vectors, path, tokenizer=halves, quiet=True)
    assert (found.known == found.tokens).all()
    further = firth.train(path, from_=vectors, tokenizer=halves, **QUIET)
    assert further.counts.tolist() == (2 * vectors.counts).tolist()
    [score, _] = score_corpus(vectors, path, tokenizer=halves, quiet=True)
    assert score.known == score.tokens == vectors.counts.sum()


def test_the_command_line_says_so(saved, path, capsys):
    assert main(["eval", str(saved), "--against", str(path)]) == 1
    assert "a function, and a file keeps its name only" in capsys.readouterr().err
    assert main(["documents", str(saved), str(path), "--like", "1"]) == 1
    assert "a function, and a file keeps its name only" in capsys.readouterr().err
    assert main(["documents", str(saved), str(path), "--like", "1", "--tokenizer", "kmers:2"]) == 0


def test_lists_of_tokens_need_no_tokenizer_again(saved):
    vectors, lists = firth.load(saved), [halves(line) for line in LINES]
    found = firth.documents(vectors, lists, quiet=True)
    assert (found.known == found.tokens).all()
    further = firth.train(lists, from_=vectors, **QUIET)
    assert further.config["tokenizer"] == vectors.config["tokenizer"]
    expect_same(further, firth.train(iter(LINES), from_=vectors, tokenizer=halves, **QUIET))
    assert score_corpus(vectors, lists, quiet=True)[0].known == vectors.counts.sum()


def test_documents_keep_the_function_in_memory_and_its_name_in_a_file(saved, path, tmp_path):
    vectors = firth.load(saved)
    found = firth.documents(vectors, path, tokenizer=halves, quiet=True)
    assert (found.transform(path).tokens == found.tokens).all()
    found.save(tmp_path / "d.safetensors")
    again = firth.Documents.load(tmp_path / "d.safetensors", vectors)
    assert again.nearest(["ca", "t"], 3) == found.nearest(["ca", "t"], 3)
    with pytest.raises(ConfigError, match="give it again"):
        again.transform(path)


def test_documents_of_vectors_of_kmers_are_read_alike(tmp_path, capsys):
    (tmp_path / "a.fasta").write_text(">one\nACGTACGT\nACGT\n>two\nTTTTACGT\n>three\nAC\n")
    options = ["--tokenizer", "kmers:3", "--min-count", "1", "--dim", "4", "--threads", "1"]
    assert main(["train", str(tmp_path / "a.fasta"), "-o", str(tmp_path / "v.safetensors"), *options]) == 0
    told = f"reads {tmp_path / 'a.fasta'} as FASTA: headers are left out, a sequence is a line"
    assert capsys.readouterr().err.count(told) == 1
    found = firth.documents(firth.load(tmp_path / "v.safetensors"), tmp_path / "a.fasta", method="mean")
    assert found.tokens.tolist() == [10, 6, 0]
    assert capsys.readouterr().err.count(told) == 1


def test_the_command_line_takes_no_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in (["train"], ["phrases"]):
        assert main([*command, "the cat", "sat", "-o", "x.safetensors", "--tokenizer", "words"]) == 1
        assert "no such file: the cat" in capsys.readouterr().err


def test_a_text_without_spaces_names_the_tokenizer(tmp_path, capsys):
    (tmp_path / "zh").write_text("今天天气很好\n我们去公园散步\n", encoding="utf-8")
    assert main(["train", str(tmp_path / "zh"), "-o", str(tmp_path / "v.safetensors")]) == 1
    assert "give --tokenizer chars, or kmers:3 for sequences" in capsys.readouterr().err
    (tmp_path / "p.fasta").write_text(">x\nMKV\n")
    with pytest.raises(CorpusError, match=r"give --tokenizer kmers:3 \(tokenizer=\"kmers:3\"\)"):
        firth.train(tmp_path / "p.fasta", **QUIET)


# Integers.

WALKS = [[int(node) for node in walk] for walk in np.random.default_rng(1).integers(0, 9, (200, 10))]


def test_integers_train_as_their_decimal_forms():
    vectors = firth.train(WALKS, **QUIET)
    assert set(vectors.words) == set("012345678")
    expect_same(vectors, firth.train([list(map(str, walk)) for walk in WALKS], **QUIET))
    expect_same(vectors, firth.train(np.array(WALKS), **QUIET))
    expect_same(vectors, firth.train(json.loads(json.dumps(WALKS)), **QUIET))
    assert vectors.neighbors(5, k=2) == vectors.neighbors("5", k=2)


def test_integers_name_words_in_settings():
    rare = [*WALKS, [42, 0], [43, 0]]
    kept = firth.train(rare, keep_words=[42, "43", np.int64(0)], **QUIET | {"min_count": 5})
    assert {"42", "43"} <= set(kept.words)
    given = firth.train(WALKS, vocab={0: 7, np.int8(1): 6, "2": 5}, **QUIET)
    assert (given.words, given.counts.tolist()) == (["0", "1", "2"], [7, 6, 5])
    frozen = firth.train(WALKS, from_=kept, freeze=[42, 0], **QUIET)
    assert (frozen[42] == kept[42]).all()
    assert (frozen[[0]] == kept[["0"]]).all()
    assert (frozen[1] != kept[1]).any()
    with pytest.raises(VocabularyError, match="the word '1' is given twice, as a string and as a number"):
        firth.train(WALKS, vocab={1: 7, "1": 6}, **QUIET)
    for wrong in ([True], [1.0], [None]):
        with pytest.raises(ConfigError, match=r"keep_words is .*: expected words"):
            firth.train(WALKS, keep_words=wrong, **QUIET)


def test_phrases_of_integers():
    phrases = firth.Phrases([[1, 2, 3], [1, 2, 4], [1, 2, 5], [6, 7]] * 5, threshold=0)
    assert phrases[[1, 2, 9]] == phrases[np.array([1, 2, 9])] == phrases[["1", 2, "9"]] == ["1_2", "9"]


def test_the_tokens_of_a_function_are_not_made_lower_case_again(tmp_path):
    def tagged(line):
        return [f"{word}_NOUN" for word in line.split()]

    lines = ["The Cat sat", "the dog SAT"] * 40
    vectors = firth.train(lines, tokenizer=tagged, lower=True, min_count=1, dim=4, subsample=0, quiet=True)
    vectors.save(tmp_path / "v.safetensors")
    kept = firth.load(tmp_path / "v.safetensors")
    lists = [tagged(line.lower()) for line in lines]
    assert "cat_NOUN" in kept
    assert sorted(firth.train(lists, from_=kept, quiet=True).words) == sorted(kept.words)
    assert firth.documents(kept, lists, quiet=True).known.tolist() == [3] * 80
    documents = firth.documents(kept, lines, tokenizer=tagged, quiet=True)
    assert documents.nearest(["cat_NOUN"])
