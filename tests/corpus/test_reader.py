import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from firth.corpus.reader import BLOCK_SIZE, MAX_TOKEN, TextReader
from firth.corpus.sources import find_files
from firth.errors import CorpusError
from firth.settings import Reading

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the corpora in ../shared/data")


def read(*files, progress=None, block_size=BLOCK_SIZE, **reading) -> bytes:
    reader = TextReader([str(file) for file in files], Reading(**reading), progress, block_size)
    return b"".join(block for file in reader.blocks_of_files() for block in [*file, b"\n"])


def lines(text: bytes) -> list[list[str]]:
    found = [line.split() for line in text.decode().replace("\r", "\n").split("\n")]
    return [line for line in found if line]


def oracle(*files) -> list[list[str]]:
    found = []
    for file in files:
        with open(file, encoding="utf-8-sig", errors="replace") as text:
            found += [line.split() for line in text]
    return [line for line in found if line]


@needs_data
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 19])
def test_nasty_files_read_as_python_reads_them(size):
    files = [file for file in sorted((DATA / "nasty").iterdir()) if file.suffix == ".txt"]
    assert len(files) > 10
    for file in files:
        assert lines(read(file, block_size=size)) == oracle(file), file
    assert lines(read(*files, block_size=size)) == oracle(*files)


def test_random_bytes_read_as_python_reads_them(tmp_path):
    draw = random.Random(1)
    file = tmp_path / "random"
    bits = [
        b" ",
        b"\n",
        b"\r",
        b"a",
        b"\xef\xbb\xbf",
        "é".encode(),
        "字".encode(),
        "\u2003".encode(),
        b"\xa0",
    ]
    bits += ["😀".encode(), b"\xe2", b"\x80", b"\xf0\x9f", b"\xff", b"\0", b"\x85", b"\x1c", b"\xed\xa0\x80"]
    for _ in range(400):
        data = b"x" + b"".join(draw.choices(bits, k=draw.randrange(60)))
        data = data[draw.randrange(2) :] + b" and enough text" * 20
        if len(data) < 3:
            continue  # Python's own reader loses a piece of a byte-order mark that is a whole file
        file.write_bytes(data)
        reader = TextReader([str(file)], block_size=draw.choice([1, 2, 3, 5, 8, 1000]))
        blocks = [block for file in reader.blocks_of_files() for block in [*file, b"\n"]]
        assert lines(b"".join(blocks)) == oracle(file), data
        assert [word for block in blocks for word in block.decode().split()] == [
            word for line in oracle(file) for word in line
        ], data
        assert reader.replaced == data.decode(errors="replace").count("\ufffd"), data


def test_replaced_sequences_are_counted_and_genuine_ones_are_not(tmp_path):
    (tmp_path / "a").write_bytes("\ufffd fine\n".encode())
    (tmp_path / "b").write_bytes(b"ok \xff \xed\xa0\x80\xef\xbf\xbd \xf0\x9f\n\xe2\x82")
    for size in range(1, 12):
        reader = TextReader([str(tmp_path / "a"), str(tmp_path / "b")], block_size=size)
        assert reader.replaced == 0
        [list(blocks) for blocks in reader.blocks_of_files()]
        assert reader.replaced == 6
        assert reader.first_replaced == f"{tmp_path / 'b'}, byte 3"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_strict_names_file_and_byte(tmp_path, mark):
    (tmp_path / "good").write_bytes(b"some good lines\n" * 5)
    bad = tmp_path / "bad"
    bad.write_bytes(mark + "é é é é\n".encode() * 10 + b"xy\xe9 z\n")
    for size in (1, 2, 3, 10, 64, 1000):
        with pytest.raises(CorpusError, match=f"bad, byte {122 + len(mark):,}: invalid UTF-8"):
            read(tmp_path / "good", bad, block_size=size, errors="strict")


def test_a_byte_order_mark_is_skipped_at_the_beginning_of_each_file(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + name.encode() + b" \xef\xbb\xbfx")
    for size in (1, 2, 100):
        assert lines(read(tmp_path / "a", tmp_path / "b", block_size=size)) == [
            ["a", "\ufeffx"],
            ["b", "\ufeffx"],
        ]


def test_a_file_ends_a_line_and_a_token(tmp_path):
    for name, text in (("a", "one two"), ("b", ""), ("c", "three\r"), ("d", "four")):
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in "abcd"]
    assert lines(read(*files)) == [["one", "two"], ["three"], ["four"]]


def test_a_very_long_token_is_refused_and_a_long_line_is_not(tmp_path):
    file = tmp_path / "long"
    for size in (1 << 16, 1 << 19):
        file.write_bytes(b"a " * 999 + b"x" * MAX_TOKEN + b" b")
        assert [len(word) for word in lines(read(file, block_size=size))[0][-2:]] == [MAX_TOKEN, 1]
        file.write_bytes(b"a " * 999 + b"x" * (MAX_TOKEN + 1) + b" b")
        with pytest.raises(CorpusError, match="more than 1,048,576 bytes without white space after byte"):
            read(file, block_size=size)
    file.write_text("字\u3000" * (MAX_TOKEN // 3), encoding="utf-8")
    assert lines(read(file)) == [["字"] * (MAX_TOKEN // 3)]


def test_lower_is_that_of_str(tmp_path):
    text = "ΟΔΟΣ ΣΑΣ. İstanbul ẞ ÉCOLE ASCII\n"
    (tmp_path / "a").write_text(text * 30 + "ONLY ASCII\n", encoding="utf-8")
    for size in (1, 5, 1000):
        assert lines(read(tmp_path / "a", lower=True, block_size=size)) == [text.lower().split()] * 30 + [
            ["only", "ascii"]
        ]


def test_what_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(CorpusError, match="holds no file"):
        find_files(tmp_path)
    with pytest.raises(CorpusError, match="is a device"):
        read(os.devnull)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"cannot read .*gone: No such file"):
        read(*find_files(tmp_path / "gone"))

    def refuse(*_args, **_settings):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a").write_text("text")
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(CorpusError, match=r"cannot read .*a: Permission denied"):
        read(tmp_path / "a")


def test_pipes_are_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(gzip.compress(b"through a pipe\n")))
    writer.start()
    assert read(pipe) == b"through a pipe\n\n"
    writer.join()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_standard_input(pack, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(pack(b"\xef\xbb\xbffrom standard input\n")))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read("-") == b"from standard input\n\n"
    assert not stdin.closed


def test_standard_input_that_comes_in_drops():
    code = "from firth.corpus.reader import TextReader; print(b''.join(*TextReader(['-']).blocks_of_files()))"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for byte in "drop by drop é\n".encode():
        process.stdin.write(bytes([byte]))
        process.stdin.flush()
    output, _ = process.communicate()
    assert output.strip() == repr("drop by drop é\n".encode()).encode()


def test_no_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CorpusError, match="no standard input"):
        read("-")


def test_progress_counts_the_bytes_on_disk(tmp_path):
    (tmp_path / "a").write_bytes(b"word " * 1000)
    (tmp_path / "b").write_bytes(gzip.compress(b"word " * 1000))
    total = 5000 + (tmp_path / "b").stat().st_size
    seen = []
    read(tmp_path / "a", tmp_path / "b", progress=lambda done, all_: seen.append((done, all_)), block_size=1000)
    assert {all_ for _, all_ in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == total
    assert len(seen) == 6  # 5,000 bytes in blocks of 1,000 and a last one


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1 << 19])
@pytest.mark.parametrize("text", ["aé字😀" * 3, "😀", "é", "", "\ufeffa"])
def test_the_text_of_a_table_is_cut_between_characters(text, size, tmp_path):
    (tmp_path / "a").write_text(text, encoding="utf-8")
    reader = TextReader([str(tmp_path / "a")], block_size=size)
    assert "".join(reader.texts(str(tmp_path / "a"))) == text.removeprefix("\ufeff")
    assert reader.replaced == 0


def test_nuls_inside_words_are_warned_of(tmp_path):
    (tmp_path / "a").write_bytes(b"fine\n" * 9 + b"a b\0c d\n")
    reader = TextReader([str(tmp_path / "a")])
    assert b"b\0c" in b"".join(block for file in reader.blocks_of_files() for block in file)
    with pytest.warns(UserWarning, match=r"1 NUL byte stands inside words, the first at .*a, byte 48: is this UTF-16"):
        reader.warn(1)
