"""Lines as numbers: against Python's own text files and `str.split`, over blocks of any size."""

import random
from pathlib import Path

import numpy as np
import pytest

from firth.corpus.lines import TextLines, read_lines, tokens_of
from firth.corpus.reader import TextReader
from firth.corpus.vocabulary import LINE_END
from firth.errors import ConfigError, CorpusError
from firth.settings import AS_IS, Reading

NASTY = Path(__file__).parents[3] / "shared" / "data" / "nasty"


def spelled(lines):
    """The tokens of each line, looked up when all is read."""
    ids = [number for piece in lines.pieces() for number in piece.tolist()]
    words = lines.words(np.arange(len(lines.counts())))
    found, line = [], []
    for number in ids:
        if number == LINE_END:
            found.append(line)
            line = []
        else:
            line.append(words[number])
    assert line == []
    return found


def as_python_reads(*paths):
    found = []
    for path in paths:
        with open(path, encoding="utf-8-sig", errors="replace") as text:
            found += [line.split() for line in text]
    return found


TEXTS = [
    b"",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\n\r",
    b"\r\n\r\n",
    b"\r\r\n\n",
    b" ",
    b"a",
    b"a\n",
    b"a\r\n",
    b"a\r",
    b"a b\n\n \nc",
    b"\n \r \n\r\n a\r\n\r\n  b \n",
    "\ufeffa\n\n".encode(),
    "\ufeff".encode(),
    "a\x85b\u2028c\vd\fe\x1cf\n".encode(),
]


@pytest.mark.parametrize("size", [1, 2, 3, 1 << 19])
@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_lines_are_those_that_python_reads(tmp_path, text, size):
    path = tmp_path / "text"
    path.write_bytes(text)
    assert spelled(TextLines(TextReader([str(path)], AS_IS, None, size))) == as_python_reads(path)


@pytest.mark.parametrize("size", [1, 2, 5, 64, 1 << 19])
def test_random_lines_of_several_files(tmp_path, size):
    draw = random.Random(size)
    parts = ["\n", "\r", "\r\n", "\n\n", " ", "a", "bb", "é", "字", "\u2003", "a-word-of-more-than-eight-bytes"]
    for _ in range(60):
        paths = [tmp_path / str(number) for number in range(3)]
        for path in paths:
            path.write_bytes("".join(draw.choices(parts, k=draw.randrange(25))).encode())
        found = spelled(TextLines(TextReader(list(map(str, paths)), AS_IS, None, size)))
        assert found == as_python_reads(*paths)


@pytest.mark.skipif(not NASTY.is_dir(), reason="needs the corpora in ../shared/data")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 19])
@pytest.mark.filterwarnings("ignore:replaced")
def test_lines_of_nasty_files(size):
    files = [str(file) for file in sorted(NASTY.iterdir()) if file.suffix == ".txt"]
    assert len(files) > 10
    for file in files:
        assert spelled(TextLines(TextReader([file], AS_IS, None, size))) == as_python_reads(file), file
    assert spelled(TextLines(TextReader(files, AS_IS, None, size))) == as_python_reads(*files)


def test_the_settings_of_reading_are_those_of_training(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("It's ÉLAN, \xff\n\n...\n".encode("latin-1").replace(b"\xc9", "É".encode()))
    lines = read_lines(path, Reading(lower=True, tokenizer="words"))
    found = spelled(lines)
    with pytest.warns(UserWarning, match="replaced 1 invalid UTF-8 sequence"):
        lines.origin.warn(1)
    assert found == [["it's", "élan"], [], []]
    with pytest.raises(CorpusError, match="invalid UTF-8"):
        spelled(read_lines(path, Reading(errors="strict")))


def test_new_words_are_told_as_they_come(tmp_path):
    path = tmp_path / "text"
    path.write_text("a b\nb c\n")
    for source in (path, [["a", "b"], ["b", "c"]]):
        lines = read_lines(source, AS_IS)
        assert len(lines.counts()) == 0
        list(lines.pieces())
        assert lines.counts().tolist() == [1, 2, 1]
        assert lines.words(np.arange(3)) == ["a", "b", "c"]
        assert lines.words(np.array([2, 0])) == ["c", "a"]


def test_lists_are_lines():
    told = []
    lines = read_lines(([["A", "b"], [], ("a",)]), Reading(lower=True), lambda *told_now: told.append(told_now))
    assert spelled(lines) == [["a", "b"], [], ["a"]]
    assert told == [(3, None)]
    assert spelled(read_lines(iter([]), AS_IS)) == []


def test_what_are_no_lists_of_tokens_is_refused():
    with pytest.raises(CorpusError, match="sentence 1"):
        spelled(read_lines([["a"], "b c"], AS_IS))
    with pytest.raises(ConfigError, match="tokenizer is 'words'"):
        read_lines([["a"]], Reading(tokenizer="words"))
    with pytest.raises(CorpusError, match="no such file"):
        read_lines("absent", AS_IS)


def test_text_in_memory_has_the_tokens_of_a_file(tmp_path):
    text = "It's ÉLAN,\u2003so to say."
    path = tmp_path / "text"
    path.write_text(text, encoding="utf-8")
    for reading in (AS_IS, Reading(lower=True), Reading(tokenizer="words"), Reading(lower=True, tokenizer="words")):
        assert [tokens_of(text, reading)] == spelled(read_lines(path, reading))


def test_half_a_character_in_memory_is_no_text():
    for reading in (AS_IS, Reading(tokenizer="kmers:1")):
        with pytest.raises(CorpusError, match="lone surrogate"):
            tokens_of("a\ud800", reading)
