import io
import json
import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

from firth.corpus.cache import SUFFIX, read_entry
from firth.corpus.encode import build_corpus
from firth.corpus.joining import PhraseSettings
from firth.errors import ConfigError, CorpusError, FormatError
from firth.files import paths
from firth.files.owned_paths import locked
from firth.files.tensors import read_tensors, write_tensors
from firth.settings import Reading

TEXT = "new york is a city\n\nnew york is été\nin new york\n" * 9


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def read(source, cache, said=None, **settings):
    """All that a corpus holds."""
    say = None if said is None else said.append
    with build_corpus(source, **({"min_count": 1} | settings), cache=cache, say=say) as corpus:
        lines = None if corpus.lines is None else corpus.lines.tolist()
        parts = (corpus.ids, corpus.offsets, corpus.vocab.counts, corpus.frequencies, corpus.totals)
        plain = [corpus.vocab.words, corpus.tokens, corpus.replaced, str(corpus.left_out), lines, corpus.line_count]
        return [part.tolist() for part in parts] + plain


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"min_count": 10},
        {"max_vocab": 2, "lines": True},
        {"words": ["york", "x", "new"]},
        {"vocab": None, "keep_words": ["été"], "min_count": 20},
        {"reading": Reading(lower=True, tokenizer="words")},
        {"reading": Reading(tokenizer="kmers:2")},
        {"phrases": PhraseSettings(threshold=0.01), "min_count": 3},
    ],
)
def test_the_second_run_gets_the_same_corpus_and_reads_nothing(text, tmp_path, monkeypatch, settings):
    cache, said = tmp_path / "in" / "cache", []
    plain = read(text, None, **settings)
    assert read(text, cache, said, **settings) == plain
    [name] = entries(cache)
    assert said == [f"the encoded corpus is kept in {cache / name}: {said[0].rpartition(': ')[2]}"]
    monkeypatch.setattr("firth.corpus.encode.encode_source", None)
    assert read(text, cache, said, **settings) == plain
    assert said[1].startswith(f"takes the encoded corpus from {cache / name}: ")
    assert entries(cache) == [name]


def test_an_entry_serves_every_choice_of_words(text, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    choices = [{"min_count": 10}, {"max_vocab": 2}, {"lines": True}, {"words": ["new"]}]
    plain = [read(text, None, **choice) for choice in choices]
    read(text, cache)
    monkeypatch.setattr("firth.corpus.encode.encode_source", None)
    assert [read(text, cache, **choice) for choice in choices] == plain


def test_other_ways_of_reading_have_entries_of_their_own(text, tmp_path):
    cache = tmp_path / "cache"
    ways = [
        {},
        {"reading": Reading(lower=True)},
        {"reading": Reading(tokenizer="words")},
        {"reading": Reading(errors="strict")},
        {"named": False},
        {"phrases": PhraseSettings(threshold=0.01)},
        {"phrases": PhraseSettings(threshold=0.01), "min_count": 2},
        {"phrases": PhraseSettings(threshold=0.01, connectors=frozenset({"is"}))},
    ]
    for number, way in enumerate(ways, 1):
        read(text, cache, **way)
        assert len(entries(cache)) == number


def test_a_text_that_has_changed_takes_the_place_of_the_old_one(text, tmp_path):
    cache, said = tmp_path / "cache", []
    read(text, cache)
    before = entries(cache)
    os.utime(text, ns=(0, 5))
    assert read(text, cache, said) == read(text, None)
    assert said[0].startswith("the text has changed since it was encoded in ")
    text.write_text("other words now", encoding="utf-8")
    assert read(text, cache) == read(text, None)
    assert entries(cache) == before


def test_folders_and_patterns_are_found_by_all_their_files(tmp_path, monkeypatch):
    (tmp_path / "texts").mkdir()
    for name in "ab":
        (tmp_path / "texts" / name).write_text(f"{name} word " * 5)
    monkeypatch.chdir(tmp_path)
    for source in ("texts", "texts/*", ["texts/a", "texts/b"]):
        said = []
        plain = read(source, None)
        read(source, "cache")
        assert read(source, tmp_path / "cache", said) == plain
        assert "takes the encoded corpus" in said[0]
    assert len(entries(tmp_path / "cache")) == 3
    (tmp_path / "texts" / "c").write_text("another")
    assert "another" in read("texts", "cache")[5]


def test_notes_and_warnings_are_told_again(tmp_path):
    path, cache = tmp_path / "a.fasta", tmp_path / "cache"
    path.write_bytes(b">head\nACGTACGT\nAC\xffGT\n")
    reading, told = Reading(tokenizer="kmers:3"), []
    for _ in range(2):
        said = []
        with pytest.warns(UserWarning, match="replaced 1 invalid UTF-8 sequence") as warned:
            read(path, cache, said, reading=reading)
        told.append(([str(one.message) for one in warned], [line for line in said if "FASTA" in line]))
    assert told[0] == told[1]
    assert len(told[0][1]) == 1


def test_the_spacing_of_a_kept_text_is_warned_of(tmp_path):
    path = tmp_path / "text"
    path.write_text(("x" * 60 + "\n") * 9)
    for _ in range(2):
        with pytest.warns(UserWarning, match="a token has 60 characters on average"):
            read(path, tmp_path / "cache")


@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
def test_a_damaged_entry_is_named_and_made_anew(text, tmp_path, place):
    cache = tmp_path / "cache"
    plain = read(text, cache)
    [path] = cache.iterdir()
    good = path.read_bytes()
    for bad in (good[: int(place * len(good))], flipped(good, int(place * len(good)))):
        path.write_bytes(bad)
        said = []
        assert read(text, cache, said) == plain
        assert said[0].startswith(f"{path}: ")
        assert said[0].endswith(": it is not used, and the text is read anew")
        assert path.read_bytes() == good


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_the_bytes_of_an_entry_depend_on_the_text_alone(text, tmp_path):
    read(text, tmp_path / "one")
    read(text, tmp_path / "other", min_count=3)
    [one], [other] = (list((tmp_path / name).iterdir()) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numbers": [0, 1, 9, -1]}, "a number is not that of a word"),
        ({"numbers": [0, 1, -2, -1]}, "a number is not that of a word"),
        ({"numbers": [0, 1, -1, 1]}, "the last line has no end"),
        ({"numbers": [0, 0, -1, -1]}, "not there as often as counted"),
        ({"numbers": []}, "the last line has no end"),
        ({"word_offsets": [0, 1]}, "not as many"),
        ({"word_offsets": [0, 1, 4]}, "do not end with the words"),
        ({"word_offsets": [0, 3, 3]}, "do not rise"),
        ({"word_offsets": [0, 2, 3]}, "not UTF-8"),
        ({"words": [255, 65, 66]}, "not UTF-8"),
        ({"document": []}, "the metadata is not that"),
        ({"document": {"format": 2}}, "its format is 2, expected 1"),
        ({"document": {"format": 1}}, "not as firth writes it"),
        ({"notes": [1]}, "not as firth writes it"),
        ({"spacing": [1.0]}, "not as firth writes it"),
        ({"tokens": True}, "not as firth writes it"),
    ],
)
def test_a_forged_entry_is_refused(tmp_path, change, message):
    document = {"format": 1, "source": "", "files": "", "tokens": 2, "replaced": 0}
    document |= {"spacing": None, "notes": [], "faults": []}
    tensors = {
        "counts": np.array([1, 1], np.int64),
        "word_offsets": np.array([0, 1, 3], np.int64),
        "words": np.frombuffer("aé".encode(), np.uint8),
        "numbers": np.array([0, -1, 1, -1], np.int32),
    }
    path = tmp_path / f"a{SUFFIX}"
    write_tensors(path, tensors, {"corpus": json.dumps(document)})
    assert read_entry(path)[0].words_of(np.array([1, 0])) == ["é", "a"]
    for name, value in change.items():
        if name in tensors:
            tensors[name] = np.array(value, tensors[name].dtype)
        elif name == "document":
            document = value
        else:
            document[name] = value
    write_tensors(path, tensors, {"corpus": json.dumps(document)})
    with pytest.raises(FormatError, match=message) as error:
        read_entry(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        ("-", {}, "standard input is none: save the text in a file"),
        ([["a", "b"]], {}, "the corpus is in memory"),
        (["a line", "another"], {"reading": Reading(tokenizer="words")}, "the corpus is in memory"),
        (io.BytesIO(b"a b"), {}, "the open BytesIO is none"),
        ("text.txt", {"reading": Reading(tokenizer=str.split)}, "a function as tokenizer may change"),
        ("pipe", {}, "pipe is a pipe or a device"),
    ],
)
def test_what_cannot_be_found_again_is_refused(text, tmp_path, monkeypatch, source, settings, message):
    monkeypatch.chdir(tmp_path)
    if source == "pipe":
        pytest.importorskip("fcntl")
        os.mkfifo("pipe")
    with pytest.raises(ConfigError, match=message):
        read(source, "cache", **settings)
    assert not (tmp_path / "cache").exists()


def test_a_text_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        read(tmp_path / "absent", tmp_path / "cache")
    (tmp_path / "file").touch()
    (tmp_path / "text").write_text("a")
    with pytest.raises(FormatError, match="cannot be made a folder"):
        read(tmp_path / "text", tmp_path / "file" / "cache")


def test_a_text_that_changes_while_it_is_read_is_not_kept(text, tmp_path, monkeypatch):
    from firth.corpus import encode

    real, said = encode.encode_source, []

    def changing(*parameters, **more):
        found = real(*parameters, **more)
        os.utime(text, ns=(0, 5))
        return found

    monkeypatch.setattr(encode, "encode_source", changing)
    read(text, tmp_path / "cache", said)
    assert said == ["the text has changed while it was read, so it is not kept for later runs"]
    assert entries(tmp_path / "cache") == []


def test_a_full_disk_is_a_warning(text, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    plain = read(text, None)
    monkeypatch.setattr(paths.os, "fsync", full)
    with pytest.warns(UserWarning, match="the encoded corpus is not kept: .*No space left.*make room"):
        assert read(text, tmp_path / "cache") == plain
    assert entries(tmp_path / "cache") == []


def test_of_two_runs_one_keeps_the_text(text, tmp_path):
    read(text, tmp_path / "cache")
    [path] = (tmp_path / "cache").iterdir()
    path.unlink()
    plain = read(text, None)
    with (
        locked(path, "is being written", ""),
        pytest.warns(UserWarning, match="not kept: .* is being written by another run .*: this run does not wait"),
    ):
        assert read(text, tmp_path / "cache") == plain
    assert entries(tmp_path / "cache") == []
    with warnings.catch_warnings():
        assert read(text, tmp_path / "cache") == plain
    assert entries(tmp_path / "cache") == [path.name]


DIE = """
import os, sys
from firth.corpus.encode import build_corpus
from firth.files import paths

paths.os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
build_corpus(sys.argv[1], min_count=1, cache=sys.argv[2])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_a_killed_run_leaves_nothing_for_the_run_after_the_next(text, tmp_path):
    cache, said = tmp_path / "cache", []
    done = subprocess.run(
        [sys.executable, "-c", DIE, str(text), str(cache)], env=os.environ | {"TMPDIR": str(tmp_path)}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert any(name.endswith(".tmp") for name in entries(cache))
    reading = Reading(tmp=tmp_path)
    (tmp_path / "other").write_text("of the same cache")
    read(tmp_path / "other", cache, said, reading=reading)
    assert said[0].startswith("removed ")
    assert said[0].endswith(f" of encoded texts that killed runs left in {cache}")
    assert said[1].startswith("removed 1 temporary folder, ")
    assert [name for name in entries(cache) if not name.endswith(SUFFIX)] == []
    assert sorted(os.listdir(tmp_path)) == ["cache", "other", "text.txt"]


def test_progress_is_told_while_an_entry_is_checked(text, tmp_path):
    told = []
    read(text, tmp_path / "cache")
    with build_corpus(text, min_count=1, cache=tmp_path / "cache", progress=lambda *now: told.append(now)):
        pass
    [path] = (tmp_path / "cache").iterdir()
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert "corpus" in read_tensors(path).metadata


def test_two_words_that_have_changed_places_are_found_by_the_checksum(text, tmp_path):
    read(text, tmp_path / "cache")
    [path] = (tmp_path / "cache").iterdir()
    data = path.read_bytes()
    first, second = (np.array(numbers, np.int32).tobytes() for numbers in ([0, 1, 2], [1, 0, 2]))
    path.write_bytes(data.replace(first, second, 1))
    assert path.read_bytes() != data
    with pytest.raises(FormatError, match="the file is damaged"):
        read_entry(path)


def test_a_replacement_of_the_same_size_and_time_is_noticed(text, tmp_path):
    plain = read(text, tmp_path / "cache")
    before = text.stat()
    other = tmp_path / "other.txt"
    other.write_bytes(text.read_bytes().replace(b"york", b"cork"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(text)
    said = []
    assert read(text, tmp_path / "cache", said) != plain
    assert "the text has changed since it was encoded" in said[0]


def test_an_entry_that_cannot_be_read_just_now_is_left(text, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    plain = read(text, cache)
    [path] = cache.iterdir()
    removed = []

    def refuse(path, progress):
        try:
            raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise FormatError(f"{path}: {error.strerror}") from None

    monkeypatch.setattr("firth.corpus.cache.read_entry", refuse)
    monkeypatch.setattr("pathlib.Path.unlink", lambda path, missing_ok=False: removed.append(path))
    said = []
    assert read(text, cache, said) == plain
    assert said[0] == f"{path}: Permission denied: it is not used, and the text is read anew"
    assert path not in removed


def test_an_entry_that_is_a_folder_does_not_end_the_run(text, tmp_path):
    cache = tmp_path / "cache"
    plain = read(text, cache)
    [path] = cache.iterdir()
    path.unlink()
    path.mkdir()
    said = []
    with pytest.warns(UserWarning, match="the encoded corpus is not kept"):
        assert read(text, cache, said) == plain
    assert said[0].endswith("it is not used, and the text is read anew")
