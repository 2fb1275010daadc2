"""What is said, and refused, before a corpus is encoded on disk."""

import gzip
from types import SimpleNamespace

import pytest

from firth.corpus import room
from firth.corpus.encode import build_corpus
from firth.errors import CorpusError
from firth.settings import Reading

LINE = "seven words that stand in a line\n"
NEED = 4 * 7 + 12
"""The bytes of a line once it is encoded: its tokens, its end, and where that is."""


@pytest.fixture
def disk(monkeypatch):
    """A disk whose free bytes a test sets, and files that all count as large."""
    made = SimpleNamespace(free=1e12, asked=[])

    def usage(folder):
        made.asked.append(folder)
        return SimpleNamespace(free=made.free)

    monkeypatch.setattr("shutil.disk_usage", usage)
    monkeypatch.setattr(room, "SMALL", 0)
    return made


def built(source, tmp, **reading):
    said = []
    with build_corpus(source, min_count=1, reading=Reading(tmp=tmp, **reading), say=said.append) as corpus:
        return said, corpus.ids.nbytes


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(LINE * 100_000)
    return path


def test_a_corpus_that_cannot_fit_is_refused_before_it_is_written(disk, text, temporary):
    disk.free = 100_000 * NEED / 2 * 0.9
    message = r"text.txt: the encoded corpus takes about 0.0 GB in .*, where 0.0 GB are free: free some space, .*--tmp"
    with pytest.raises(CorpusError, match=message):
        built(text, temporary)
    assert list(temporary.iterdir()) == []
    assert disk.asked == [str(temporary)]


def test_a_corpus_that_may_not_fit_warns(disk, text, temporary):
    disk.free = 100_000 * NEED * 0.95
    with pytest.warns(UserWarning, match="so it may not fit: free some space"):
        assert built(text, temporary)[0] == []


def test_what_takes_more_than_half_of_the_space_is_said(disk, text, temporary):
    disk.free = 100_000 * NEED * 1.9
    [said] = built(text, temporary)[0]
    assert "the encoded corpus takes about" in said
    disk.free = 100_000 * NEED * 2.1
    assert built(text, temporary)[0] == []


def test_more_than_a_gigabyte_is_said(disk, text, temporary, monkeypatch):
    monkeypatch.setattr(room, "TOLD", 100_000 * NEED * 0.95)
    assert len(built(text, temporary)[0]) == 1


@pytest.mark.parametrize("kind", ["gz", "utf-16", "chars", "kmers"])
def test_the_estimate_is_of_what_is_read(disk, tmp_path, temporary, kind):
    """Compressed, in another encoding, divided otherwise: within a third of the truth."""
    content = "".join(f"{number} {LINE}" for number in range(100_000))
    path, settings = tmp_path / ("text.gz" if kind == "gz" else "text.txt"), {}
    data = content.encode("utf-16" if kind == "utf-16" else "utf-8")
    path.write_bytes(gzip.compress(data) if kind == "gz" else data)
    if kind in ("chars", "kmers"):
        settings["tokenizer"] = "kmers:3:2" if kind == "kmers" else kind
        pytest.importorskip("regex")
    estimate = path.stat().st_size * room._bytes_for_each(str(path), Reading(**settings))
    truth = built(path, temporary, **settings)[1] + 12 * 100_000
    assert truth * 2 / 3 < estimate < truth * 3 / 2


def test_small_files_pipes_lists_and_functions_are_not_looked_at(disk, text, temporary, monkeypatch):
    disk.free = 0
    built([["a", "b"]], temporary)
    built(text, temporary, tokenizer=str.split)
    with open(text, "rb") as file:
        built(file, temporary)
    monkeypatch.setattr(room, "SMALL", 1 << 24)
    built(text, temporary)
    assert disk.asked == []


def test_a_text_that_cannot_be_read_is_refused_by_its_reader(disk, tmp_path, temporary):
    disk.free = 0
    path = tmp_path / "text.gz"
    path.write_text(LINE)
    with pytest.raises(CorpusError, match="is not gz-compressed"):
        built(path, temporary)
