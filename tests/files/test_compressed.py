"""Files that are compressed as they are written."""

import bz2
import gzip
import io
import lzma
import sys
from pathlib import Path

import pytest

from firth.errors import MissingExtraError
from firth.files.compressed import compressing

TEXT = b"some text, and some text\n" * 1000


def compressed(name):
    file = io.BytesIO()
    with compressing(Path(name), file) as stream:
        stream.write(TEXT[:10])
        stream.write(memoryview(TEXT)[10:])
    assert not file.closed
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "decompress"),
    [("a.txt.gz", gzip.decompress), ("a.BZ2", bz2.decompress), ("a.xz", lzma.decompress), ("gz.txt", bytes)],
)
def test_the_ending_says_how(name, decompress):
    assert decompress(compressed(name)) == TEXT
    assert (len(compressed(name)) == len(TEXT)) == (decompress is bytes)


def test_zstd():
    zstandard = pytest.importorskip("zstandard")
    assert zstandard.ZstdDecompressor().decompressobj().decompress(compressed("a.zst")) == TEXT


def test_neither_the_name_nor_the_time_is_in_it(monkeypatch):
    found = compressed("a.gz")
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert compressed("other.gz") == found


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has zstd itself")
def test_zstd_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r'a\.zst: writing zstd needs pip install "firth\[zstd\]"'):
        compressed("a.zst")
