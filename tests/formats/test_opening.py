"""Compressed files of vectors: the same content from every kind, damage refused, memory bounded."""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import random
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from firth.errors import FirthError, FormatError
from firth.formats import opening
from firth.formats.convert import convert
from firth.formats.loading import load
from firth.formats.opening import byte_chunks, first_bytes, is_compressed, mapped_content
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords, word_vectors

WORDS = ["the", "naïve", "日本"]
CONTENT = bytes(range(256)) * 500


def zipped(content, method=zipfile.ZIP_DEFLATED, names=("v.bin",)):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


def zstd(content):
    return pytest.importorskip("zstandard").ZstdCompressor().compress(content)


PACKERS = {"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd, "zip": zipped}


def make(**more):
    rows = np.random.default_rng(3).normal(size=(3 + 5, 4)).astype(np.float32)
    subwords = Subwords(2, 3, 5, rows)
    center = np.concatenate(list(word_vectors([word.encode() for word in WORDS], subwords)))
    return WordVectors(WORDS, np.array([3, 2, 1]), center, center, {}, [], subwords=subwords)


@pytest.mark.parametrize("kind", PACKERS)
def test_the_content_is_the_same(tmp_path, kind):
    path = tmp_path / "v"
    path.write_bytes(PACKERS[kind](CONTENT))
    told = []
    for size in (100, 1 << 24):
        assert b"".join(byte_chunks(path, size, lambda *what: told.append(what))) == CONTENT
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert max(map(len, byte_chunks(path, 100))) <= (1 << 19)
    assert first_bytes(path, 300) == CONTENT[:300]
    assert is_compressed(path) == (kind != "plain")
    assert mapped_content(path)[:] == CONTENT


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("known", ["safetensors", "fasttext", "word2vec-binary"])
def test_formats_are_read_from_compressed_files(tmp_path, kind, known):
    vectors = make()
    vectors.save(tmp_path / "v.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of n-grams that are lost
        convert(tmp_path / "v.safetensors", tmp_path / "plain.safetensors", known)
    (tmp_path / "packed").write_bytes(PACKERS[kind]((tmp_path / "plain.safetensors").read_bytes()))
    (tmp_path / "plain.safetensors").unlink()
    found = load(tmp_path / "packed")
    assert found.words == WORDS
    np.testing.assert_array_equal(found.center, vectors.center)
    assert (found.subwords is None) == (known == "word2vec-binary")
    assert found.path == tmp_path / "packed"


def test_no_temporary_file_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(opening.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    make().save(tmp_path / "v.safetensors")
    content = (tmp_path / "v.safetensors").read_bytes()
    (tmp_path / "v.gz").write_bytes(gzip.compress(content))
    assert load(tmp_path / "v.gz").words == WORDS
    (tmp_path / "v.gz").write_bytes(gzip.compress(content[:-5]))
    with pytest.raises(FormatError, match=r"v\.gz: not a whole safetensors file"):
        load(tmp_path / "v.gz")
    (tmp_path / "v.gz").write_bytes(gzip.compress(content)[:-5])
    with pytest.raises(FormatError, match="the gz stream is cut short"):
        load(tmp_path / "v.gz")
    assert os.listdir(tmp_path / "temporary") == []


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst", "zip"])
def test_cut_streams_are_refused(tmp_path, kind):
    whole = PACKERS[kind](CONTENT)
    for length in (len(whole) - 1, len(whole) - 10, len(whole) // 2, 20):
        (tmp_path / "v.vec").write_bytes(whole[:length])
        with pytest.raises(
            FormatError, match=r"v\.vec: the (.* stream is|zip archive is damaged).*: get the file again"
        ):
            list(byte_chunks(tmp_path / "v.vec"))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst", "zip"])
def test_damaged_streams_give_firths_errors_or_bytes(tmp_path, kind):
    chance = random.Random(5)
    whole = PACKERS[kind](CONTENT[:3000])
    path = tmp_path / "v"
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 127, 255, chance.randrange(256)))
        path.write_bytes(damaged)
        with contextlib.suppress(FirthError):
            for _ in byte_chunks(path):
                pass


@pytest.mark.parametrize("names", [("a.txt", "b.txt"), tuple(f"glove.6B.{i}.txt" for i in range(50)), (), ("folder/",)])
def test_archives_of_other_than_one_file_are_refused(tmp_path, names):
    (tmp_path / "v.zip").write_bytes(zipped(b"", names=names))
    count = sum(not name.endswith("/") for name in names)
    with pytest.raises(FormatError, match=rf"a zip archive of {count} files \(.*\): expected one; unzip it") as error:
        list(byte_chunks(tmp_path / "v.zip"))
    assert len(str(error.value)) < 300 + len(str(tmp_path))


def test_names_of_members_are_quoted(tmp_path):
    (tmp_path / "v.zip").write_bytes(zipped(b"", names=("a\x1b[31m", "b\n")))
    with pytest.raises(FormatError, match="a zip archive of 2 files") as error:
        list(byte_chunks(tmp_path / "v.zip"))
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("outer", "inner"), [("gz", "gz"), ("gz", "bz2"), ("zip", "xz"), ("xz", "zip"), ("bz2", "zst")]
)
def test_what_is_compressed_twice_is_refused(tmp_path, outer, inner):
    (tmp_path / "v.txt").write_bytes(PACKERS[outer](PACKERS[inner](b"1 2\na 1 2\n")))
    with pytest.raises(FormatError, match=r"v\.txt: compressed twice: inside is .* again: unpack it once"):
        load(tmp_path / "v.txt")


def test_folders_and_what_macos_adds_are_no_members(tmp_path):
    (tmp_path / "v.zip").write_bytes(zipped(b"abc", names=("data/", "data/v.txt", "__MACOSX/data/._v.txt")))
    assert b"".join(byte_chunks(tmp_path / "v.zip")) == b"abc"


def test_encrypted_members_and_other_methods_are_refused(tmp_path):
    content = bytearray(zipped(CONTENT))
    for at in (6, content.rindex(b"PK\x01\x02") + 8):
        content[at] |= 1
    (tmp_path / "v.zip").write_bytes(content)
    with pytest.raises(FormatError, match="an encrypted zip archive: unzip it"):
        list(byte_chunks(tmp_path / "v.zip"))
    (tmp_path / "v.zip").write_bytes(zipped(CONTENT, zipfile.ZIP_LZMA))
    with pytest.raises(FormatError, match="a zip archive of method 14: expected deflate; unzip it"):
        list(byte_chunks(tmp_path / "v.zip"))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_memory_stays_small_whatever_a_stream_expands_to(tmp_path, kind):
    """400 MB of zeros, and of rows of the same word, of which the first is kept."""
    row = b"word " + bytes(4 * 4000) + b"\n"
    path = tmp_path / "v"
    path.write_bytes(PACKERS[kind](b"99999999 4000\n" + row * 5000))
    tracemalloc.start()
    try:
        assert sum(map(len, byte_chunks(path))) > 80e6
        with pytest.warns(UserWarning, match="words that come again.*: 4,999"):
            assert load(path).words == ["word"]
        assert tracemalloc.get_traced_memory()[1] < 120e6
    finally:
        tracemalloc.stop()
