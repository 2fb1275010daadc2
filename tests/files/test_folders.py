"""Temporary folders: made when needed, removed with their owner, and errors that say where and why."""

import gc
import os

import numpy as np
import pytest

from firth.errors import CorpusError
from firth.files.folders import TemporaryFolder


def folder_in(parent):
    return TemporaryFolder(parent, "the numbers", "Free some space.")


def fill(folder):
    with open(folder.file("numbers"), "wb") as file:
        file.write(np.arange(4, dtype=np.int32).data)


def test_a_folder_is_made_with_its_first_file_and_removed_at_the_end(tmp_path):
    with folder_in(tmp_path) as folder:
        assert os.listdir(tmp_path) == []
        fill(folder)
        assert len(os.listdir(tmp_path)) == 1
        numbers = folder.map("numbers", np.int32)
        assert numbers.tolist() == [0, 1, 2, 3]
        numbers[0] = 7
        assert folder.map("numbers", np.int32)[0] == 7
    assert os.listdir(tmp_path) == []


def test_a_folder_goes_when_nothing_refers_to_it(tmp_path):
    folder = folder_in(tmp_path)
    fill(folder)
    assert len(os.listdir(tmp_path)) == 1
    del folder
    gc.collect()
    assert os.listdir(tmp_path) == []


def test_a_folder_given_away_is_its_new_owner_s(tmp_path):
    with folder_in(tmp_path) as folder:
        fill(folder)
        owner = folder.give()
    assert len(os.listdir(tmp_path)) == 1
    assert owner.map("numbers", np.int32).tolist() == [0, 1, 2, 3]
    owner.remove()
    owner.remove()
    assert os.listdir(tmp_path) == []


def test_a_folder_without_files_can_be_given_and_removed(tmp_path):
    with folder_in(tmp_path) as folder:
        folder.give().remove()
    assert os.listdir(tmp_path) == []


def test_a_removed_folder_can_be_filled_again(tmp_path):
    with folder_in(tmp_path) as folder:
        fill(folder)
        folder.remove()
        fill(folder)
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []


def test_an_error_says_what_and_where_and_what_to_do(tmp_path):
    absent = tmp_path / "absent"
    message = f"cannot write the numbers in {absent}: No such file or directory. Free some space."
    with pytest.raises(CorpusError) as caught:
        folder_in(absent).file("numbers")
    assert str(caught.value) == message
    with folder_in(tmp_path) as folder:
        home = os.path.dirname(folder.file("numbers"))

        def write():
            with folder.errors():
                raise OSError(28, "No space left on device")

        with pytest.raises(CorpusError) as caught:
            write()
    assert str(caught.value) == f"cannot write the numbers in {home}: No space left on device. Free some space."


def test_the_system_s_folder_is_named(monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("firth.files.folders.tempfile.mkdtemp", refuse)
    with pytest.raises(CorpusError, match="cannot write the numbers in the system's temporary folder: Permission"):
        folder_in(None).file("numbers")
