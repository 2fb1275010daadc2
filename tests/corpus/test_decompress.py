import bz2
import gzip
import lzma
import random
import sys

import pytest

from firth.corpus.reader import BLOCK_SIZE, TextReader
from firth.errors import CorpusError, MissingExtraError
from firth.settings import Reading


def read(*files, block_size=BLOCK_SIZE, **reading) -> bytes:
    reader = TextReader([str(file) for file in files], Reading(**reading), block_size=block_size)
    return b"".join(block for file in reader.blocks_of_files() for block in [*file, b"\n"])


def zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})
    return pytest.importorskip("zstandard").ZstdCompressor(write_checksum=True).compress(data)


COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}
kinds = pytest.mark.parametrize("kind", COMPRESS)


@kinds
def test_compressed_text_is_known_by_its_content(tmp_path, kind):
    text = "".join(f"line {number} é\n" for number in range(5000)).encode()
    packed = COMPRESS[kind](text)
    (tmp_path / "any.name").write_bytes(packed)
    (tmp_path / "many").write_bytes(packed + COMPRESS[kind](b"") + packed + b"\0" * 8)
    assert read(tmp_path / "any.name") == text + b"\n"
    assert read(tmp_path / "many") == text * 2 + b"\n"
    assert read(tmp_path / "many", block_size=5) == text * 2 + b"\n"


@kinds
def test_cut_streams_are_refused_wherever_they_are_cut(tmp_path, kind):
    draw = random.Random(2)
    text = bytes(draw.choices(b"abcdefgh \n", k=300))
    packed = COMPRESS[kind](text)
    file = tmp_path / f"cut.{kind}"
    for size in range(len(packed)):
        file.write_bytes(packed[:size])
        with pytest.raises(CorpusError, match=rf"cut\.{kind}"):
            read(file)
    for size in range(1, len(packed)):
        file.write_bytes(packed + packed[:size])
        with pytest.raises(CorpusError, match=r"(cut short|something else) after [3-6]\d\d bytes of text"):
            read(file)


@kinds
def test_damaged_streams_do_not_pass(tmp_path, kind):
    text = bytes(random.Random(3).choices(b"abcdefgh \n", k=3000))
    packed = bytearray(COMPRESS[kind](text))
    packed[len(packed) // 2] ^= 0x55
    (tmp_path / "damaged").write_bytes(packed)
    with pytest.raises(CorpusError, match=r"damaged: the \w+ stream is (damaged \(.*\)|cut short) after [\d,]+ bytes"):
        read(tmp_path / "damaged")


@kinds
def test_something_behind_a_stream_is_refused(tmp_path, kind):
    (tmp_path / "two").write_bytes(COMPRESS[kind](b"text\n") + b"and some plain text")
    with pytest.raises(CorpusError, match="is followed by something else after 5 bytes of text"):
        read(tmp_path / "two")


@kinds
def test_false_names_are_refused(tmp_path, kind):
    (tmp_path / f"false.{kind}").write_bytes(b"this is plain text\n")
    with pytest.raises(CorpusError, match=rf"is named \.{kind} but is not {kind}-compressed: rename it"):
        read(tmp_path / f"false.{kind}")


def test_text_that_begins_like_bzip2_is_text(tmp_path):
    (tmp_path / "a").write_bytes(b"BZh9 is how it begins\n")
    assert read(tmp_path / "a") == b"BZh9 is how it begins\n\n"


def test_zstd_without_its_package(tmp_path, monkeypatch):
    if sys.version_info >= (3, 14):
        pytest.skip("Python brings it")
    (tmp_path / "a.zst").write_bytes(zstd(b"text"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[zstd\]"'):
        read(tmp_path / "a.zst")
