"""Open file objects as sources."""

import bz2
import contextlib
import gzip
import io
import lzma
import random
import tempfile
import urllib.request
import zipfile

import numpy as np
import pytest

import firth
from firth.corpus.encode import build_corpus
from firth.corpus.lines import read_lines
from firth.corpus.sources import is_text_source
from firth.corpus.vocabulary import LINE_END
from firth.errors import CorpusError, FirthError
from firth.settings import AS_IS, Reading

TEXT = "new york is big\n\nYork, ÉLAN \U0001f98a\r\nand new york\n"
TOKENS = [line.split() for line in TEXT.splitlines()]


def lines_of(source, reading=AS_IS):
    lines = read_lines(source, reading)
    ids = [number for piece in lines.pieces() for number in piece.tolist()]
    words = lines.words(np.arange(len(lines.counts())))
    found, line = [], []
    for number in ids:
        if number == LINE_END:
            found.append(line)
            line = []
        else:
            line.append(words[number])
    return found


class Drops(io.RawIOBase):
    """A raw file that gives three bytes at a time."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, room):
        return self._file.readinto(memoryview(room)[:3])


class OnlyRead:
    """The least that a file object can be."""

    def __init__(self, *chunks):
        self._chunks = list(chunks)

    def read(self, size=-1):
        chunk = self._chunks.pop(0)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_binary_files_are_read_as_files_are(tmp_path, encoding, pack):
    data = pack(TEXT.encode(encoding))
    path = tmp_path / "text"
    path.write_bytes(data)
    assert lines_of(io.BytesIO(data)) == TOKENS
    assert lines_of(Drops(data)) == TOKENS
    assert lines_of(OnlyRead(data[:5], bytearray(data[5:]), b"")) == TOKENS
    assert lines_of([io.BytesIO(data), path]) == TOKENS * 2
    for buffering in (0, -1):
        with open(path, "rb", buffering=buffering) as file:
            assert lines_of(file) == TOKENS
            assert not file.closed
    with urllib.request.urlopen(path.as_uri()) as response:
        assert lines_of(response) == TOKENS


def test_files_that_decompress_are_read(tmp_path):
    path = tmp_path / "text.gz"  # which the open file bears as its name
    path.write_bytes(gzip.compress(TEXT.encode()))
    with gzip.open(path) as file:
        assert lines_of(file) == TOKENS
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        assert lines_of(file) == TOKENS
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("member", TEXT)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        with archive.open("member") as file:
            assert lines_of(file) == TOKENS
        with pytest.raises(CorpusError, match=r"is an archive: give the files in it .* archive.open\(NAME\)"):
            lines_of(archive)


def test_text_files_are_text(tmp_path):
    path = tmp_path / "text"
    path.write_text(TEXT, encoding="cp1252", errors="replace", newline="")
    with open(path, encoding="cp1252", newline="") as file:
        assert lines_of(file) == [line.replace("\U0001f98a", "?").split() for line in TEXT.splitlines()]
        assert not file.closed
    assert lines_of(io.StringIO(TEXT, newline="")) == TOKENS
    assert lines_of(io.StringIO("\ufeff" + TEXT)) == TOKENS
    assert lines_of(io.StringIO("")) == []
    assert lines_of(io.StringIO("It's ÉLAN."), Reading(tokenizer="words", lower=True)) == [["it's", "élan"]]


def test_reading_begins_where_the_file_stands(tmp_path):
    binary, text = io.BytesIO(TEXT.encode()), io.StringIO(TEXT)
    for file in (binary, text):
        file.readline()
        assert lines_of(file) == TOKENS[1:]
        assert lines_of(file) == []


def test_messages_name_the_file(tmp_path):
    path = tmp_path / "bad"
    path.write_bytes(b"good words " * 9 + b"\xff\n")
    with open(path, "rb") as file, pytest.raises(CorpusError, match="bad, byte 99: invalid UTF-8"):
        lines_of(file, Reading(errors="strict"))
    with pytest.raises(CorpusError, match="the open BytesIO, byte 99: invalid UTF-8"):
        lines_of(io.BytesIO(path.read_bytes()), Reading(errors="strict"))
    with pytest.raises(CorpusError, match="the open BytesIO is a PNG image"):
        lines_of(io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(50)))
    with tempfile.TemporaryFile() as file:  # its name is a number
        file.write(b"\x89PNG\r\n\x1a\n" + bytes(50))
        file.seek(0)
        with pytest.raises(CorpusError, match="the open BufferedRandom is a PNG image"):
            lines_of(file)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"words and more \xff\n")
    with open(path, "rb") as closed:
        pass
    for source, message in [
        (closed, "is closed: open it again"),
        (OnlyRead(None), r"read\(\) of the open OnlyRead returns NoneType: expected text or bytes"),
        (OnlyRead(b"words ", "words"), "gives bytes and then str: expected one kind"),
        (OnlyRead("words ", b"words"), "gives str and then bytes: expected one kind"),
        (OnlyRead("words \udc80", ""), r"gives '\\udc80', a lone surrogate.*binary mode"),
        (OnlyRead(b"words ", RuntimeError("x" * 900)), r"cannot be read: RuntimeError: x{200}$"),
        (OnlyRead(b"\x1f\x8b", EOFError()), "cannot be read: EOFError"),
    ]:
        with pytest.raises(CorpusError, match=message):
            lines_of(source)
    for mode in ("w", "wb", "ab"):
        with open(tmp_path / "new", mode) as file, pytest.raises(CorpusError, match="is not open for reading"):
            lines_of(file)
    undecodable = pytest.raises(CorpusError, match=r"cannot be decoded as the utf-8 .*invalid start byte.*binary mode")
    with open(path, encoding="utf-8") as file, undecodable:
        lines_of(file)
    with gzip.open(path) as file, pytest.raises(CorpusError, match=r"cannot be read: BadGzipFile"):
        lines_of(file)


def test_which_sources_are_open_files():
    assert all(map(is_text_source, [io.BytesIO(), io.StringIO(), OnlyRead(), [io.BytesIO(), "a"], (io.StringIO(),)]))
    assert not any(map(is_text_source, [OnlyRead, io.BytesIO, [io.BytesIO(), ["a"]], np.zeros(3), {"read": 1}]))


def test_progress_counts_bytes():
    told = []
    with build_corpus(io.BytesIO(b"word " * 1000), min_count=1, progress=lambda *now: told.append(now)):
        assert told == [(5000, None)]


def test_all_that_takes_a_source_takes_an_open_file(tmp_path):
    text = b"salt pepper dish spoon plate\nwind rain storm cloud sky\n" * 200
    vectors = firth.train(io.BytesIO(text), dim=8, epochs=1, subsample=0, quiet=True, threads=1)
    path = tmp_path / "text"
    path.write_bytes(text)
    assert (firth.train(path, dim=8, epochs=1, subsample=0, quiet=True, threads=1).center == vectors.center).all()
    assert firth.Phrases(io.BytesIO(text)).found == firth.Phrases(path).found
    with firth.cooccurrences(io.BytesIO(text)) as ours, firth.cooccurrences(path) as theirs:
        assert (ours.data == theirs.data).all()
    documents = firth.documents(vectors, io.StringIO(text.decode()), quiet=True)
    assert (documents.matrix == firth.documents(vectors, path, quiet=True).matrix).all()
    assert len(documents.transform(io.BytesIO(text[:29]))) == 1
    with pytest.raises(FirthError, match="the corpus is empty: there is no word in the open BytesIO"):
        firth.train(io.BytesIO(b""), quiet=True)


def test_random_files_that_fail_anywhere_raise_errors_of_ours():
    draw = random.Random(5)
    for _ in range(300):
        pieces = [TEXT.encode(), gzip.compress(TEXT.encode()), TEXT, None, 5, OSError("gone"), ValueError("closed")]
        pieces += [b"", "", draw.randbytes(20), memoryview(b"words"), EOFError(), lzma.LZMAError()]
        with contextlib.suppress(FirthError):
            lines_of(OnlyRead(*draw.choices(pieces, k=draw.randrange(1, 5)), b""))


def test_an_open_table_is_asked_for_its_column(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,text\n1,salt pepper\n2,wind rain\n")
    for mode in ("r", "rb"):
        with open(path, mode) as file, pytest.raises(CorpusError, match="name the column to read"):
            lines_of(file)
        with open(path, mode) as file:
            assert lines_of(file, Reading(column="text")) == [["salt", "pepper"], ["wind", "rain"]]
    with open(tmp_path / "c.parquet", "wb+") as file, pytest.raises(CorpusError, match="give the path"):
        lines_of(file, Reading(column="text"))
