"""Magic bytes: what is told from text, and that text which looks like it at first is text."""

import bz2
import gzip
import io
import lzma
import pickle
import random
import sqlite3
import struct
import sys
import tarfile
import wave
import zipfile

import numpy as np
import pytest

from firth.corpus.kinds import SNIFFED, kind_of
from firth.corpus.reader import TextReader
from firth.errors import CorpusError, FirthError


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "some text in a member " * 20)
    return file.getvalue()


def tarred(form):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        member = tarfile.TarInfo("member.txt")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"words"))
    return file.getvalue()


def written(write):
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def sound():
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(100))
    return file.getvalue()


def database(folder):
    path = folder / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("create table t (x)")
    connection.commit()
    connection.close()
    return path.read_bytes()


VECTOR = np.random.default_rng(1).normal(size=(2, 20)).astype("<f4")
ROWS = [" ".join([word, *(f"{value:.5f}" for value in row)]) for word, row in zip(("the", "of"), VECTOR, strict=True)]

FILES = {
    "a zip archive": zipped("a.txt"),
    "a Word document": zipped("[Content_Types].xml", "word/document.xml"),
    "an Excel workbook": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "an EPUB book": zipped("mimetype").replace(b"mimetype", b"mimetypeapplication/epub+zip", 1),
    "a PyTorch file": zipped("model/data.pkl"),
    "NumPy arrays": written(lambda file: np.savez(file, a=np.arange(100))),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(range(200)),
    "a rar archive": b"Rar!\x1a\x07\x01\0" + bytes(range(200)),
    "a tar archive": tarred(tarfile.USTAR_FORMAT),
    "a tar archive, GNU": tarred(tarfile.GNU_FORMAT),
    "a tar archive, pax": tarred(tarfile.PAX_FORMAT),
    "a file compressed with lz4": b"\x04\x22\x4d\x18\x64\x40\xa7" + bytes(range(200)),
    "a file compressed more than once": gzip.compress(gzip.compress(b"text\n")),
    "a file compressed more than once, by xz and bz2": lzma.compress(bz2.compress(b"text\n")),
    "a Parquet file": b"PAR1\x15\x04\x15\x10\x15\x14" + bytes(200) + b"PAR1",
    "an Arrow file": b"ARROW1\0\0\xff\xff\xff\xff\xa8\0\0\0\x10\0\0\0" + bytes(200),
    "a Feather file": b"FEA1\0\0\0\0" + bytes(200),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(200),
    "a NumPy array": written(lambda file: np.save(file, np.arange(100))),
    "a safetensors file": struct.pack("<q", 80) + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' + bytes(40),
    "a model of fastText": struct.pack("<ii12id", 793712314, 12, *range(12), 1e-4) + bytes(200),
    "a file of vectors (word2vec's text": "\n".join(["2 20", *ROWS, ""]).encode(),
    "a file of vectors (word2vec's text format), with a mark": "\n".join(["\ufeff2 20", *ROWS, ""]).encode(),
    "a file of vectors (word2vec's binary": b"2 20\n"
    + b"".join(word + b" " + row.tobytes() + b"\n" for word, row in zip((b"the", b"of"), VECTOR, strict=True)),
    "a file of vectors (GloVe's": "\n".join([*ROWS, ""]).encode(),
    **{
        f"a Python pickle, protocol {number}": pickle.dumps({"text": ["a", "b"]}, protocol=number)
        for number in (2, 3, 4, 5)
    },
    **{f"a Python pickle, class {number}": pickle.dumps(io.BytesIO, protocol=number) for number in (2, 3, 4, 5)},
    "a PDF document": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "an old Office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200),
    "an RTF document": rb"{\rtf1\ansi{\fonttbl\f0\fswiss Helvetica;}\f0\pard some text\par}",
    "a PNG image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100),
    "a JPEG image": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(100),
    "a GIF image": b"GIF89a" + struct.pack("<HHBBB", 640, 480, 0xF7, 0, 0) + bytes(100),
    "a TIFF image": b"II*\0\x08\0\0\0" + bytes(100),
    "a TIFF image, big-endian": b"MM\0*\0\0\0\x08" + bytes(100),
    "a WebP image": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(100),
    "a BMP image": b"BM" + struct.pack("<IHHI", 1234, 0, 0, 54) + bytes(100),
    "a sound file": sound(),
    "a sound file, ogg": b"OggS\0\2" + bytes(100),
    "an MP3 file": b"ID3\x04\0\0\0\0\x10\0TIT2" + bytes(100),
    "an MP3 file, without tags": b"\xff\xfb\x90\x64" + bytes(100),
    "an MP4 file": b"\0\0\0\x20ftypisom" + bytes(100),
    "a video": b"\x1aE\xdf\xa3\x01\0\0\0" + bytes(100),
    "a program or library (ELF)": b"\x7fELF\2\1\1\0" + bytes(100),
    "a program or library (Mach-O)": b"\xcf\xfa\xed\xfe\x07\0\0\x01" + bytes(100),
    "a program or library (Mach-O), universal": b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(100),
    "a Java class": b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(100),
    "a Windows program": b"MZ\x90\0\3" + bytes(55) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0",
    "a WebAssembly program": b"\0asm\1\0\0\0" + bytes(100),
}
"""By what is found, or what that begins with."""


@pytest.mark.parametrize("found", FILES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_other_files_are_refused_by_name(tmp_path, found, pack):
    path = tmp_path / "file"
    path.write_bytes(pack(FILES[found]))
    if pack is not bytes and found.startswith("a file compressed more"):
        found = "a file compressed more than once"
    for size in (7, 1 << 19):
        with pytest.raises(CorpusError) as caught:
            read(path, size)
        assert f"{path} is {found.split(',')[0]}" in str(caught.value)
        assert len(str(caught.value)) < 300 + len(str(path))


def test_a_database_is_refused(tmp_path):
    assert kind_of(database(tmp_path)).found == "an SQLite database"


def test_what_to_do_is_said():
    advice = {found: kind_of(content).advice for found, content in FILES.items() if kind_of(content)}
    assert "unzip FILE" in advice["a zip archive"]
    assert "tar xf FILE" in advice["a tar archive"]
    assert "pdftotext FILE" in advice["a PDF document"]
    assert "--column NAME" in advice["a Parquet file"]
    assert "firth neighbors" in advice["a safetensors file"]
    assert "never loaded" in advice["a Python pickle, protocol 4"]


def read(path, size=1 << 19):
    reader = TextReader([str(path)], block_size=size)
    return b"".join(block for blocks in reader.blocks_of_files() for block in blocks)


PROSE = [
    "The quick brown fox jumps over the lazy dog.",
    "Быстрая коричневая лиса прыгает через ленивую собаку.",
    "Η γρήγορη καφέ αλεπού πηδάει πάνω από το σκυλί.",
    "敏捷的棕色狐狸跳过了懒狗。",
    "素早い茶色の狐がのろまな犬を飛び越える。",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.",
    "השועל החום המהיר קופץ מעל הכלב העצלן.",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।",
    "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "Nhanh như chớp, con cáo nâu nhảy qua con chó lười.",
    "Ταχύς ἀλώπηξ ὑπὲρ τὸν κύνα πηδᾷ",
    "ღია ყავისფერი მელა ახტება ზარმაც ძაღლს",
    "ቀልጣፋው ቡናማ ቀበሮ ሰነፉን ውሻ ዘለለ",
    "😀😃😄 emoji 🦊🐕",
    "\ufeffwith a byte order mark",
]
BEGINNINGS = [
    "BM is a company",
    "BM",
    "MZ wrote to him",
    "MZ",
    "PK",
    "PK and PK\x03",
    "Parks",
    "II* is a note",
    "II*",
    "MM* too",
    "GIF89a is a format of images",
    "GIF",
    "GIF87a",
    "%PDF",
    "%PDF-1.4 is what a document begins with",
    "%PDF-1.4\nwithout any object\n",
    "Rar!",
    "7z",
    "PAR1 is magic\n",
    "PAR1\n",
    "ARROW1 flew",
    "ORC\n",
    "ORC army",
    "Obj 1",
    "SQLite format 3 is described",
    "RIFF raff WEB",
    "ID3 v2 tags",
    "ID3",
    "OggS",
    "fLaC",
    "8BPS",
    "LZIP",
    "BZh9 is how it begins",
    "FEA1",
    "{\\rtf is a format}",
    "!<arch>\n",
    "GGUF",
    "MThd",
    "FORM of AIF",
    "(\u00b5/",
    "12 5\nsome more words follow here\n",
    "3 2\n1 2 3\n4 5 6 7\n",
    "1 1\n0 0\n",
    "2 20\n",
    "2 20",
    "10 3\nab 0.5 x 0.1\n",
    "0.5 0.25 0.5 0.75 0.1\n0.5 0.25 0.5 0.75 0.2\n",
    "a 1 2 3 4 5\nb 1 2 3 4 5\n",
    "ustar\x1c00" * 40,
    "\n",
    " ",
    "",
]


@pytest.mark.parametrize("text", PROSE + BEGINNINGS, ids=repr)
def test_text_is_text(tmp_path, text):
    path = tmp_path / "text"
    for content in (text, text + "\n" + "and more of it, in words\n" * 20):
        path.write_text(content, encoding="utf-8", newline="")
        assert kind_of(content.encode()[:SNIFFED]) is None
        assert read(path).decode() == content.removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1251", "gb18030", "shift-jis"])
def test_text_in_any_encoding_is_no_kind_of_file(encoding):
    for text in PROSE:
        try:
            encoded = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        for begin in range(len(text)):
            assert kind_of(text[begin:].encode(encoding)) is None
        for size in range(1, min(17, len(encoded))):
            assert kind_of(encoded[:size]) is None


@pytest.mark.parametrize("found", FILES)
@pytest.mark.filterwarnings("ignore:replaced")
def test_mutated_files_are_refused_or_read_and_nothing_else(tmp_path, found):
    """Some hundred changes of each file: what comes out is text, or a FirthError."""
    draw = random.Random(found)
    path = tmp_path / "file"
    content, longest = FILES[found], 0
    for _ in range(100):
        mutated = bytearray(content)
        for _ in range(draw.choice([1, 1, 2, 5, 20])):
            place = min(int(draw.expovariate(1 / 30)), len(mutated) - 1)
            change = draw.randrange(4)
            if change == 0:
                mutated[place] = draw.randrange(256)
            elif change == 1:
                del mutated[place : place + draw.randrange(1, 9)]
            elif change == 2:
                mutated[place:place] = draw.randbytes(draw.randrange(1, 9))
            else:
                del mutated[max(1, len(mutated) - draw.randrange(50)) :]
            mutated = mutated or bytearray(b"a")
        pack = draw.choice([bytes, bytes, gzip.compress])
        path.write_bytes(pack(mutated))
        try:
            read(path, draw.choice([1, 7, 1000])).decode()
        except FirthError as error:
            longest = max(longest, len(str(error)))
    assert longest < 500 + len(str(path))


@pytest.mark.skipif(sys.platform == "win32", reason="no such file")
def test_this_python_is_a_program():
    with open(sys.executable, "rb") as file:
        assert kind_of(file.read(SNIFFED)).found.startswith("a program")
