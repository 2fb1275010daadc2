"""Room for results before training, and results that are rescued after it."""

import os
import re
import tempfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import firth
from firth.corpus.encode import build_corpus
from firth.corpus.tags import read_tags
from firth.errors import FormatError
from firth.files.names import part_of
from firth.run import results
from firth.run.results import check_room, output_of_one_run, result_bytes, save_somewhere
from firth.run.train import train_for
from firth.settings import TrainConfig

SETTINGS = {"dim": 20, "min_count": 1, "subsample": 0.0, "epochs": 1, "threads": 1}
KINDS = [
    {},
    {"loss": "hierarchical-softmax"},
    {"loss": "negative-sampling+hierarchical-softmax", "architecture": "cbow"},
    {"minn": 1, "maxn": 3, "bucket": 3000},
    {"loss": "softmax"},
    {"loss": "softmax", "max_vocab": 100},
    {"documents": True},
    {"documents": True, "architecture": "cbow", "concatenate": True, "window": 3},
]

Disk = namedtuple("Disk", "total used free")


def sentences(count=300):
    rng = np.random.default_rng(0)
    return [[f"wörd{i}" for i in rng.integers(0, 400, 20)] for _ in range(count)]


def ignore(line):
    pass


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    center = rng.standard_normal((3, 4)).astype(np.float32)
    return firth.WordVectors(["a", "b", "c"], np.ones(3, np.int64), center, None, {}, [])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_size_of_a_result_is_foretold(tmp_path, kind):
    path, settings = tmp_path / "v.safetensors", SETTINGS | kind
    firth.train(sentences(), quiet=True, **settings).save(path)
    config = TrainConfig(**settings)
    kept = 200 if config.max_vocab else None
    with build_corpus(sentences(), min_count=1, max_vocab=kept, lines=config.documents) as corpus:
        tags = read_tags(None, corpus) if config.documents else None
        assert path.stat().st_size == pytest.approx(result_bytes(corpus, config, tags), rel=0.03, abs=2500)


def test_a_disk_without_room_is_refused_before_training(tmp_path, monkeypatch):
    out, folder = tmp_path / "v.safetensors", tmp_path / "run"
    settings = SETTINGS | {"quiet": True}
    need = 4 * 2 * 400 * 20
    for free, checkpoint, message in (
        (need - 1, None, rf"no room for the vectors in {out}: 0\.00 GB are needed, and 0\.00 GB are free: make room"),
        (4 * need - 1, folder, rf"no room for the vectors in {out} and the checkpoints in {folder}"),
    ):
        monkeypatch.setattr("shutil.disk_usage", lambda path, free=free: Disk(10**9, 0, free))
        monkeypatch.setattr("firth.run.train._run", lambda *arguments: pytest.fail("training began"))
        with pytest.raises(FormatError, match=message):
            train_for(out, sentences(), checkpoint=checkpoint, **settings)
    assert not out.exists()


def test_what_is_there_already_makes_room_for_a_checkpoint(tmp_path, monkeypatch):
    config = TrainConfig(**SETTINGS)
    with build_corpus(sentences(), min_count=1) as corpus:
        size = result_bytes(corpus, config, None)
        monkeypatch.setattr("shutil.disk_usage", lambda path: Disk(10**9, 0, size + 1))
        with pytest.raises(FormatError, match="no room for the checkpoints"):
            check_room(corpus, config, None, None, tmp_path)
        for name in ("checkpoint", "checkpoint-before"):
            (tmp_path / f"{name}.safetensors").write_bytes(bytes(size))
        check_room(corpus, config, None, None, tmp_path)
        monkeypatch.setattr("shutil.disk_usage", lambda path: Disk(10**9, 0, 4 * size - 1))
        check_room(corpus, config, None, None, tmp_path)
        with pytest.raises(FormatError, match="no room for the checkpoints"):
            check_room(corpus, config, None, None, tmp_path, patience=True)
        with pytest.raises(FormatError, match="gone: cannot be written: No such file"):
            check_room(corpus, config, None, tmp_path / "gone" / "v.safetensors", None)


def test_a_disk_that_does_not_say_how_much_is_free_refuses_nothing(tmp_path, monkeypatch):
    with build_corpus(sentences(), min_count=1) as corpus:
        monkeypatch.setattr("shutil.disk_usage", lambda path: Disk(0, 0, 0))
        check_room(corpus, TrainConfig(**SETTINGS), None, None, tmp_path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The folders to which vectors are rescued, in order, which are all writable."""
    found = [tmp_path / name for name in ("run", "here", "home", "system")]
    for folder in found:
        folder.mkdir()
    monkeypatch.chdir(found[1])
    monkeypatch.setenv("HOME", str(found[2]))
    monkeypatch.setattr(tempfile, "tempdir", str(found[3]))
    return found


def test_vectors_are_saved_where_they_should_be(tmp_path, vectors):
    save_somewhere(vectors, tmp_path / "v.safetensors", None, ignore)
    assert firth.load(tmp_path / "v.safetensors").words == ["a", "b", "c"]


@pytest.mark.skipif(os.name == "nt", reason="Path.home goes by other variables there")
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_vectors_are_rescued_to_the_first_folder_that_takes_them(tmp_path, vectors, folders, place, monkeypatch):
    said, save = [], type(vectors).save

    def full(vectors, path):
        if path.parent in folders[:place]:
            raise FormatError(f"{path}: cannot be written: No space left on device")
        save(vectors, path)

    monkeypatch.setattr(type(vectors), "save", full)
    name = f"v-rescued-{os.getpid()}.safetensors"
    expected = rf"folder .*gone does not exist.*The vectors are in {re.escape(str(folders[place] / name))} instead"
    with pytest.raises(FormatError, match=expected):
        save_somewhere(vectors, tmp_path / "gone" / "v.safetensors", folders[0], said.append)
    assert firth.load(folders[place] / name).center.tobytes() == vectors.center.tobytes()
    assert "saving in another folder" in said[0]


def test_an_earlier_rescue_is_not_overwritten(tmp_path, vectors, folders):
    for number in ("", "-2", "-3"):
        name = f"v-rescued-{os.getpid()}{number}.safetensors"
        with pytest.raises(FormatError, match=re.escape(str(folders[0] / name))):
            save_somewhere(vectors, tmp_path / "gone" / "v.safetensors", folders[0], ignore)
    assert len(os.listdir(folders[0])) == 3


def test_where_no_folder_takes_the_vectors_the_checkpoint_is_named(tmp_path, vectors, folders, monkeypatch):
    monkeypatch.setattr(results, "_other_folders", lambda checkpoint: [tmp_path / "also-gone"])
    out = tmp_path / "gone" / "v.safetensors"
    with pytest.raises(FormatError, match=r"No other folder takes the vectors either, but the checkpoint in run holds"):
        save_somewhere(vectors, out, "run", ignore)
    with pytest.raises(FormatError, match=r"No other folder takes the vectors either, and they are lost"):
        save_somewhere(vectors, out, None, ignore)


def test_folders_that_are_gone_are_passed_over(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Path(tempfile.gettempdir()) in results._other_folders(None)


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell whose files are")
def test_an_output_belongs_to_one_run_and_what_a_killed_one_left_is_removed(tmp_path):
    out, said = tmp_path / "v.safetensors", []
    part = tmp_path / part_of("v.safetensors")
    part.write_bytes(bytes(2_000_000))
    with output_of_one_run(out, said.append):
        refused = pytest.raises(FormatError, match=r"the file is to be written by another run \(process \d+ ")
        with refused, output_of_one_run(out, said.append):
            pytest.fail("two runs have one output")
    assert said == [f"removed 2.0 MB that a run which was killed left beside {out}"]
    assert list(tmp_path.iterdir()) == []
