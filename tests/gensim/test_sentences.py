"""Texts on disk as sentences, as gensim 4.4 reads them (each expected list was compared with it)."""

import bz2
import gzip
import io
import itertools
import lzma

import pytest

from firth.errors import CorpusError, FirthError
from firth.gensim.models.word2vec import BrownCorpus, LineSentence, PathLineSentences, Text8Corpus

TEXT = "a b c d e f g\n\n  \nh i\u00a0j\u2003k\x0bl\x0cm\x1cn\u0085o\u2028p q\r\nlast one"
LINES = [list("abcdefg"), list("hijklmnopq"), ["last", "one"]]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    return path


def test_a_line_is_a_sentence_and_blank_lines_are_none(text):
    sentences = LineSentence(text)
    assert list(sentences) == LINES
    assert list(sentences) == LINES, "each iteration begins anew"
    assert sentences.source == text


def test_long_lines_are_cut_as_asked(text):
    assert list(LineSentence(text, max_sentence_length=3))[:4] == [list("abc"), list("def"), ["g"], list("hij")]
    long = text.with_name("long.txt")
    long.write_text("w " * 10001)
    assert [len(sentence) for sentence in LineSentence(long)] == [10000, 1]
    assert [len(sentence) for sentence in LineSentence(long, max_sentence_length=None)] == [10001]


def test_the_limit_counts_lines(text):
    assert list(LineSentence(text, limit=1)) == LINES[:1]
    assert list(LineSentence(text, limit=3)) == LINES[:1], "blank ones as well"
    assert list(LineSentence(text, limit=0)) == []


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["text.txt.gz", "text"])
def test_compressed_files_are_known_by_their_content(text, compress, name):
    path = text.with_name(name if compress is gzip.compress else "other")
    path.write_bytes(compress(TEXT.encode()))
    assert list(LineSentence(str(path))) == LINES


def test_open_files_are_read_from_their_beginning_each_time(text):
    with open(text, "rb") as binary, open(text, encoding="utf-8") as decoded:
        for file in (binary, decoded, io.StringIO(TEXT), io.BytesIO(TEXT.encode())):
            sentences = LineSentence(file)
            assert list(sentences) == list(sentences) == LINES


def test_a_source_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(TypeError, match="expected a path or an open file") as caught:
        LineSentence(["a", "b"])
    assert isinstance(caught.value, FirthError)
    for reader in (LineSentence, Text8Corpus):
        with pytest.raises(FileNotFoundError, match="no such file") as caught:
            list(reader(tmp_path / "none.txt"))
        assert isinstance(caught.value, CorpusError)
        with pytest.raises(IsADirectoryError, match="is a folder") as caught:
            list(reader(tmp_path))
        assert isinstance(caught.value, CorpusError)

    class Pipe(io.StringIO):
        def seek(self, *place):
            raise io.UnsupportedOperation("not seekable")

    with pytest.raises(CorpusError, match=r"seek\(0\)"):
        list(LineSentence(Pipe("a b")))
    closed = io.StringIO("a")
    closed.close()
    with pytest.raises(CorpusError, match="closed"):
        list(LineSentence(closed))


@pytest.mark.parametrize("length", [0, -1, 2.5, "3", True])
def test_a_length_that_is_none_is_refused(text, length):
    with pytest.raises(ValueError, match="max_sentence_length"):
        LineSentence(text, max_sentence_length=length)
    with pytest.raises(ValueError, match="max_sentence_length"):
        Text8Corpus(text, max_sentence_length=length)


def test_invalid_utf8_is_replaced_with_a_warning(text):
    text.write_bytes(b"a \xff b\n")
    with pytest.warns(UserWarning, match="replaced 1 invalid UTF-8"):
        assert list(LineSentence(text)) == [["a", "\ufffd", "b"]]


def test_the_files_of_a_folder_come_by_name(tmp_path):
    (tmp_path / "b.txt").write_text("b one\n\ntwo\n")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"a one\ntwo\n"))
    (tmp_path / "inside").mkdir()
    sentences = PathLineSentences(tmp_path)
    assert list(sentences) == list(sentences) == [["a", "one"], ["two"], ["b", "one"], ["two"]]
    assert [path.rpartition("/")[2] for path in sentences.input_files] == ["a.gz", "b.txt"]
    assert list(PathLineSentences(tmp_path, limit=1)) == [["a", "one"], ["b", "one"]]
    assert list(PathLineSentences(str(tmp_path / "b.txt"), max_sentence_length=1))[:2] == [["b"], ["one"]]
    with pytest.raises(ValueError, match="no such file or folder"):
        PathLineSentences(tmp_path / "none")


def test_text8_is_cut_by_words_alone(tmp_path):
    path = tmp_path / "text8"
    path.write_text(" w0  w1 w2\tw3\nw4 w5 w6")
    words = [f"w{i}" for i in range(7)]
    assert list(Text8Corpus(path, 3)) == [words[:3], words[3:6], words[6:]]
    assert list(Text8Corpus(path, 7)) == list(Text8Corpus(path)) == [words]
    path.write_text("")
    assert list(Text8Corpus(path)) == []


def test_text8_keeps_words_whole_between_blocks(tmp_path):
    path = tmp_path / "text8"
    words = [f"w{i}" for i in range(200_000)]
    path.write_text(" ".join(words))
    assert list(itertools.chain.from_iterable(Text8Corpus(path, 999))) == words


def test_the_brown_corpus(tmp_path):
    (tmp_path / "ca01").write_text("\n\tThe/at Fulton/np-tl ``/`` no/at 1/2/cd x/ plain ./.\n\n./.\n\tIt/PPS 's/bez*\n")
    (tmp_path / "cb01").write_text("Second/od\n")
    (tmp_path / "inside").mkdir()
    assert list(BrownCorpus(tmp_path)) == [["the/at", "fulton/np", "no/at"], ["it/PP", "'s/be"], ["second/od"]]
    with pytest.raises(ValueError, match="no such folder"):
        BrownCorpus(tmp_path / "none")
