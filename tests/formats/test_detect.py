"""Formats by content, then by name; what is no file of vectors is called what it is."""

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.formats.convert import convert
from firth.formats.detect import HEAD, format_of, formats_to_write
from firth.formats.known import FORMATS
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords, word_vectors

WORDS = ["the", "naïve", "日本"]


def write(path, name, d=4):
    """A file of a format, whatever the ending of its name."""
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(3 + 5, d)).astype(np.float32)
    subwords = Subwords(2, 3, 5, rows)
    center = np.concatenate(list(word_vectors([word.encode() for word in WORDS], subwords)))
    vectors = WordVectors(WORDS, np.zeros(3, np.int64), center, None, {}, [])
    vectors.save(path.with_name("source.safetensors"))
    convert(path.with_name("source.safetensors"), path.with_name("target"), name)
    path.with_name("target").rename(path)
    return path


def packed(kind, content):
    if kind == "zip":
        return None
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind](content)


@pytest.mark.parametrize("kind", ["", "gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("name", ["v", "v.txt", "v.bin", "v.safetensors", "v.gz", "v.xyz", "v.zip"])
@pytest.mark.parametrize("known", ["word2vec-text", "word2vec-binary", "fasttext"])
def test_the_content_tells_whatever_the_name(tmp_path, known, name, kind):
    path = write(tmp_path / name, known)
    content = path.read_bytes()
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.dat", content)
    elif kind:
        path.write_bytes(packed(kind, content))
    assert format_of(path).name == known


def test_firths_own_files_are_known_by_their_first_bytes(tmp_path):
    vectors = WordVectors(["a"], np.zeros(1, np.int64), np.ones((1, 2), np.float32), None, {}, [])
    vectors.save(tmp_path / "v.safetensors")
    (tmp_path / "v.safetensors").rename(tmp_path / "v.txt")
    assert format_of(tmp_path / "v.txt").name == "safetensors"
    (tmp_path / "v.txt").write_bytes(gzip.compress((tmp_path / "v.txt").read_bytes()))
    assert format_of(tmp_path / "v.txt").name == "safetensors"


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"2 3\na 1 2 3\nb 1 2 3\n", "word2vec-text"),
        (b"\xef\xbb\xbf2 3\r\na 1 2 3\r\n", "word2vec-text"),
        (b"2 3\na b c 1e-5 -2. +.3E7\n", "word2vec-text"),  # a word with spaces
        (b"2 3\n 1 2 3\n", "word2vec-text"),  # an empty word
        (b"2 3\n\xe6\x97 1 2 nan\n", "word2vec-text"),  # a word that is not UTF-8
        (b"2 3\na 1 2\n", "word2vec-text"),  # a number too few
        (b"2 3\na 1 x 3\n", "word2vec-text"),
        (b"2 3\n", "word2vec-text"),
        (b"1 20000\nword " + b"0.25 " * 20000, "word2vec-text"),  # a row longer than what is looked at
        (b"1 20000\nword " + b"0.25 " * 20000 + b"\n", "word2vec-text"),
        (b"2 3\n\x1fa 1.5 2 3\nb 4 5 6\n", "word2vec-text"),
        (b"2 3\na\x01b c 1 2 3\nb 4 5\n", "word2vec-text"),
        (b"1 20000\n\x01 " + b"0.25 " * 20000 + b"\n", "word2vec-text"),
        (b"1 2\n" + b"x" * HEAD + b" 1 2\n", "word2vec-text"),
        (b"1 2\n" + b"x" * HEAD + b" \0\0\x80?\0\0\x80?\n", "word2vec-binary"),
        (b"1 2\n" + b"x" * (HEAD - 10) + b" \x01\0\x80?\0\0\x80?\n", "word2vec-binary"),
        (b"1 2\n" + b"x" * (3 * HEAD) + b" \0\0\x80?\0\0\x80?\n", "word2vec-binary"),
        (b"2 1\n1 \n\xb8#?\n5 \x01\x02\x03?\n", "word2vec-binary"),  # the first number begins as a line end does
        (b"1 3\n1 3 \n\xbf\x84DU\xbf\xa0\xd72\xbf\n", "word2vec-binary"),
        (b"1 1\n2.5 \xee+\r8\n", "word2vec-binary"),
        (b"2 1\na \0\0\x80?\nb \0\0\x80?", "word2vec-binary"),
        (b"1 2\na " + np.array([1.5, -2], "<f4").tobytes(), "word2vec-binary"),
        (b"1 2\n \xf0\xcb\xae\xbd\xa0\xf2\xd2=", "word2vec-binary"),
    ],
)
@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_after_a_header_the_first_row_tells_text_from_binary(tmp_path, content, known, name):
    if content == b"2 3\n" and name == "v.bin":
        known = "word2vec-binary"  # there is no row
    (tmp_path / name).write_bytes(content)
    assert format_of(tmp_path / name).name == known


def test_binary_files_of_all_dimensions_are_no_text(tmp_path):
    rng = np.random.default_rng(3)
    for d in (1, 2, 3, 10, 300):
        for scale in (1e-3, 1, 50):
            row = (rng.normal(size=d) * scale).astype("<f4").tobytes()
            (tmp_path / "v.txt").write_bytes(b"9 %d\nword " % d + row + b"\nmore " + row)
            assert format_of(tmp_path / "v.txt").name == "word2vec-binary"


@pytest.mark.parametrize(
    "content",
    [
        *(b"the 0.1 0.2\nof 1 2\n", b"a\t1\t2\r\n", b". . . -1.5 nan", b"# a comment\nthe 1 2\n"),
        *(b"PAR1 1 2\n", b"<html 1 2\nb 3 4\n", b"%PDF-1.7 0.5 2\n", b"\x7fELF 1 2\n", b"ARROW1 1 2\na\x01 1 2\n"),
    ],
)
@pytest.mark.parametrize("name", ["v", "v.txt", "v.bin", "v.xyz"])
def test_text_that_ends_in_numbers_needs_no_header(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    assert format_of(tmp_path / name).module == "word2vec_text"


def test_the_name_tells_where_the_content_does_not(tmp_path):
    for name, known in (("v.safetensors", "safetensors"), ("v.bin", "word2vec-binary"), ("v.VEC", "word2vec-text")):
        (tmp_path / name).write_bytes(b"\x00\x01\x02\x03")
        assert format_of(tmp_path / name).name == known
    (tmp_path / "v.xyz").write_bytes(b"\x00\x01\x02\x03" + bytes(1000))
    message = r"v\.xyz: the file begins with b'.x00.x01.x02.x03(.x00){16}' and its name tells no format: expected vec"
    with pytest.raises(FormatError, match=message):
        format_of(tmp_path / "v.xyz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04\x95" + bytes(30), "pickled Python objects, which firth never loads.*save_word2vec_format"),
        (b"\x80\x02}q\x00", "pickled Python objects"),
        (b"<!DOCTYPE html>\n<html>", "a web page, .*: the download failed; get the file again"),
        (b"\n <HTML><body>404</body>", "a web page"),
        (b"<?xml version='1.0'?><Error><Code>NoSuchKey", "a web page"),
        (b"%PDF-1.7\n", "a PDF document: expected vectors"),
        (b"\x7fELF\x02\x01", r"a program \(ELF\): expected vectors"),
        (b"name".ljust(257, b"\0") + b"ustar\x0000", "a tar archive: unpack it"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive: unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n", "run git lfs pull"),
        (b"", "the file is empty: expected vectors"),
        (b"salt pepper dish\nspoon plate\n", "a text that begins with 'salt pepper dish': expected a file of vectors"),
        (b"x" * 5000, r"begins with 'x{80}'\.\.\.: expected a file of vectors, such as \.safetensors"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", ["v.bin", "v.txt", "v"])
def test_what_holds_no_vectors_is_called_what_it_is(tmp_path, content, message, name, compressed):
    (tmp_path / name).write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(FormatError, match=message) as error:
        format_of(tmp_path / name)
    assert len(str(error.value)) < 400 + len(str(tmp_path))


def test_folders_and_missing_files_are_named(tmp_path):
    with pytest.raises(FormatError, match=r"a folder: expected a file of vectors, or a folder with model\.safetensors"):
        format_of(tmp_path)
    with pytest.raises(FormatError, match="there is no such file"):
        format_of(tmp_path / "absent.txt")
    with pytest.raises(FormatError, match=r"cannot be read|no such file"):
        format_of(tmp_path / ("x" * 5000))


def test_the_name_of_a_target_may_mean_several_formats(tmp_path):
    assert [known.name for known in formats_to_write(tmp_path / "v.bin")] == ["word2vec-binary", "fasttext"]
    assert [known.name for known in formats_to_write(tmp_path / "v.vec.gz")] == ["word2vec-text"]
    assert [known.name for known in formats_to_write(tmp_path / "v.xyz", "fasttext")] == ["fasttext"]
    with pytest.raises(FormatError, match=r"the extension names no format: expected \.safetensors, \.txt"):
        formats_to_write(tmp_path / "v.xyz")
    with pytest.raises(ConfigError, match=r"to is 'pickle': expected 'safetensors' or"):
        formats_to_write(tmp_path / "v.xyz", "pickle")
    for name, to in (("v.bin.gz", None), ("v.vec.zip", None), ("v.gz", "fasttext")):
        with pytest.raises(FormatError, match=r"is not written compressed: leave \.(gz|zip) out of the name"):
            formats_to_write(tmp_path / name, to)


def test_every_format_has_its_functions():
    for known in FORMATS.values():
        assert callable(known.reader())
        assert not known.write or callable(known.writer())


def test_a_cut_character_at_the_end_of_what_is_looked_at_is_still_text(tmp_path):
    content = b"1 2\n" + "日".encode() * HEAD
    for shift in range(3):
        (tmp_path / "v.bin").write_bytes(content[:4] + b"x" * shift + content[4:])
        assert format_of(tmp_path / "v.bin").name == "word2vec-text"


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_what_is_compressed_twice_is_called_so(tmp_path, kind):
    content = gzip.compress(b"2 2\na 1 2\nb 3 4\n")
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "v.txt", "w") as archive:
            archive.writestr("v.txt.gz", content)
    else:
        (tmp_path / "v.txt").write_bytes(gzip.compress(content))
    with pytest.raises(FormatError, match=r"v\.txt: compressed twice: inside is gz again: unpack it once"):
        format_of(tmp_path / "v.txt")
