"""Folders: what is no text in them is skipped and counted."""

import dataclasses
import gzip

import pytest

import firth
from firth.app.cli import main
from firth.corpus.encode import build_corpus
from firth.corpus.lines import read_lines
from firth.errors import CorpusError
from firth.settings import AS_IS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(5000)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("one two three\n")
    (folder / "deep" / "b.txt").write_bytes(gzip.compress(b"four five\n"))
    (folder / "empty.txt").write_bytes(b"")
    return folder


def read(source):
    told = []
    lines = read_lines(source, AS_IS, lambda *now: told.append(now))
    count = sum(int((piece >= 0).sum()) for piece in lines.pieces())
    return count, lines.origin.notes, told


def test_what_is_no_text_is_skipped_and_counted(folder):
    assert read(folder)[:2] == (5, [])
    (folder / "x.png").write_bytes(PNG)
    (folder / "z.csv").write_text("name,text\n1,words\n")
    (folder / "z.jsonl.gz").write_bytes(gzip.compress(b'{"text": "words"}\n'))
    (folder / "deep" / "koi8").write_bytes("привет, как дела\n".encode("koi8-r"))
    (folder / "z.vec").write_text("1 2\nword 0.5 0.25\n")
    count, notes, told = read(folder)
    assert count == 5
    assert notes == [
        f"skipped 5 of 8 files in {folder} that are no text, the first: {folder / 'deep' / 'koi8'} (not in UTF-8)"
    ]
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert {all_ for _, all_ in told} == {total}
    assert all(done <= total for done, _ in told)
    (folder / "zz.txt").write_text("the last words\n")
    assert read(folder)[2][-1] == (total + 15, total + 15)


def test_what_is_no_table_is_counted_where_a_column_is_read(folder):
    (folder / "z.csv").write_text("name,text\n1,words\n")
    (folder / "deep" / "z.jsonl").write_text('{"text": "words"}\n')
    reading = dataclasses.replace(AS_IS, column="text")
    lines = read_lines([folder], reading)
    assert sum(int((piece >= 0).sum()) for piece in lines.pieces()) == 2
    assert lines.origin.notes == [
        f"skipped 3 of 5 files in {folder} that are no tables by their names, the first: {folder / 'a.txt'}"
    ]
    lines = read_lines(folder / "deep", reading)
    assert lines.origin.notes == [
        f"skipped 1 of 2 files in {folder / 'deep'} that is no table by its name, "
        f"the first: {folder / 'deep' / 'b.txt'}"
    ]
    assert read_lines([folder / "z.csv"], reading).origin.notes == []


def test_one_skipped_file(folder):
    (folder / "x.png").write_bytes(PNG)
    assert read(f"{folder}/")[1] == [
        f"skipped 1 of 4 files in {folder}/ that is no text, the first: {folder / 'x.png'} (a PNG image)"
    ]


def test_a_file_that_is_named_is_refused(folder):
    (folder / "x.png").write_bytes(PNG)
    for source in (folder / "x.png", folder / "*.png", [folder / "a.txt", folder / "x.png"], folder / "*.*"):
        with pytest.raises(CorpusError, match=r"x\.png is a PNG image, no text"):
            read(str(source) if "*" in str(source) else source)


def test_a_folder_without_any_text(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no file \(hidden ones are not read\)"):
        read(tmp_path)
    (tmp_path / "x.png").write_bytes(PNG)
    with pytest.raises(CorpusError, match=r"holds no text: 1 other file, the first: .*x\.png \(a PNG image\)"):
        read(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"PAR1\x15")
    with pytest.raises(CorpusError, match=r"no text: 2 other files, the first: .*a\.parquet \(a table: --column reads"):
        read(tmp_path)


def test_damaged_text_in_a_folder_is_an_error(folder):
    (folder / "c.gz").write_bytes(gzip.compress(b"words " * 100)[:30])
    with pytest.raises(CorpusError, match=r"c\.gz: the gz stream is cut short"):
        read(folder)


def test_encodings_are_noted_once(folder):
    for name in "xyz":
        (folder / f"{name}.txt").write_text("words\n", encoding="utf-16")
    assert read(folder)[1] == [f"{folder / 'x.txt'} and 2 more files are UTF-16"]
    told: list[str] = []
    with build_corpus(folder, min_count=1, say=told.append):
        assert told == [f"{folder / 'x.txt'} and 2 more files are UTF-16"]


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_commands_say_what_was_skipped(folder, tmp_path, capsys, quiet):
    (folder / "a.txt").write_text("salt pepper dish spoon plate\n" * 200)
    vectors = tmp_path / "v.safetensors"
    out = ["-o", str(tmp_path / "out.txt")]
    assert main(["train", str(folder / "a.txt"), "-o", str(vectors), "--epochs", "1", "--quiet"]) == 0
    (folder / "x.png").write_bytes(PNG)
    commands = [
        ["train", str(folder), "-o", str(vectors), "--epochs", "1", *quiet],
        ["phrases", str(folder), *out, *quiet],
        ["documents", str(vectors), str(folder), "-o", str(tmp_path / "d.safetensors"), "--method", "mean", *quiet],
        ["eval", str(vectors), "--against", str(folder), *(["--json"] if quiet else [])],
    ]
    for command in commands:
        capsys.readouterr()
        assert main(command) == 0
        found = capsys.readouterr().err
        assert (f"skipped 1 of 4 files in {folder} that is no text" in found) == (not quiet), command


def test_functions_say_what_was_skipped(folder, capsys):
    (folder / "a.txt").write_text("salt pepper dish spoon plate\n" * 200)
    (folder / "x.png").write_bytes(PNG)
    firth.Phrases(folder)
    assert "skipped 1 of 4 files" in capsys.readouterr().err
    firth.cooccurrences(folder).close()
    assert "skipped 1 of 4 files" in capsys.readouterr().err
