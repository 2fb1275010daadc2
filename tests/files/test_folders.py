"""Temporary folders: made when needed, removed with their owner, and errors that say where and why."""

import errno
import gc
import os
import subprocess
import sys

import numpy as np
import pytest

from firth.errors import CorpusError
from firth.files import folders
from firth.files.folders import NEW_OWNER, OWNER, TemporaryFolder, remove_abandoned, size_of

GONE = f"firth-{2**31 - 1}-{'a' * 8}"
"""The folder of a process that is not there."""


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
        assert os.listdir(os.path.dirname(folder.file("numbers"))) == [OWNER]
        assert numbers.tolist() == [7, 1, 2, 3]
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


MAKE_AND_DIE = """
import os, sys
from firth.files.folders import TemporaryFolder

folder = TemporaryFolder(sys.argv[1], "the numbers", "Free some space.")
with open(folder.file("numbers"), "wb") as file:
    file.write(bytes(1000))
os._exit(9)
"""


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(tmp_path):
    (tmp_path / "firth-notes").mkdir()
    (tmp_path / "firth.txt").write_text("a user's own")
    with folder_in(tmp_path) as folder:
        fill(folder)
        subprocess.run([sys.executable, "-c", MAKE_AND_DIE, str(tmp_path)], check=False, timeout=60)
        assert len(os.listdir(tmp_path)) == 4
        found, size = remove_abandoned(tmp_path)
        assert found == 1
        assert 1000 <= size < 1100
        assert remove_abandoned(tmp_path) == (0, 0)
        assert os.path.exists(folder.file("numbers"))
    assert sorted(os.listdir(tmp_path)) == ["firth-notes", "firth.txt"]


def test_a_folder_given_away_still_has_an_owner(tmp_path):
    with folder_in(tmp_path) as folder:
        fill(folder)
        owner = folder.give()
    assert remove_abandoned(tmp_path) == (0, 0)
    assert os.path.exists(owner.file("numbers"))
    owner.remove()
    assert os.listdir(tmp_path) == []


def test_a_folder_whose_process_was_killed_in_the_making_is_removed_later(tmp_path, monkeypatch):
    for folder in (GONE, GONE.replace("a", "b")):
        (tmp_path / folder).mkdir()
    (tmp_path / GONE / NEW_OWNER).touch()
    assert remove_abandoned(tmp_path) == (0, 0)
    monkeypatch.setattr(folders, "OWNED_SECONDS", -1.0)
    assert remove_abandoned(tmp_path) == (2, 0)
    assert os.listdir(tmp_path) == []


def test_folders_of_the_user_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "OWNED_SECONDS", -1.0)
    for folder, file, text in (
        ("firth-2024-results", OWNER, ""),
        ("firth-1-study", None, ""),
        (GONE, OWNER, ""),
        (GONE.replace("a", "b"), OWNER, f"firth temporary folder of process {2**31 - 1} on another-host\n"),
        (GONE.replace("a", "c"), NEW_OWNER, "my notes"),
        (GONE.replace("a", "d"), "thesis.txt", "my notes"),
        (f"firth-{os.getppid()}-{'a' * 8}", None, ""),
    ):
        (tmp_path / folder).mkdir()
        if file:
            (tmp_path / folder / file).write_text(text)
    before = sorted(tmp_path.rglob("*"))
    assert remove_abandoned(tmp_path) == (0, 0)
    assert sorted(tmp_path.rglob("*")) == before


def test_want_of_memory_is_told_as_such(tmp_path):
    with pytest.raises(MemoryError), folder_in(tmp_path) as folder, folder.errors():
        raise OSError(errno.ENOMEM, "Cannot allocate memory")


def test_no_link_is_followed_out_of_the_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / OWNER).touch()
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere" / OWNER).write_bytes(folders._owner(2**31 - 1))
    (tmp_path / "in" / GONE).symlink_to(tmp_path / "elsewhere")
    assert remove_abandoned(tmp_path / "in") == (0, 0)
    assert (tmp_path / "elsewhere" / OWNER).exists()


def test_nothing_to_remove_where_there_is_no_folder(tmp_path):
    assert remove_abandoned(tmp_path / "missing") == (0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_the_next_folder_removes_and_tells_what_killed_processes_left(tmp_path):
    (tmp_path / GONE).mkdir()
    (tmp_path / GONE / OWNER).write_bytes(folders._owner(2**31 - 1))
    (tmp_path / GONE / "numbers").write_bytes(bytes(1_500_000))
    said = []
    made = [TemporaryFolder(tmp_path, "the numbers", "Free some space.", said.append) for _ in range(2)]
    for folder in made:
        folder.file("a")
    assert said == [f"removed 1 temporary folder, 1.5 MB, that killed runs left in {tmp_path}"]
    assert not (tmp_path / GONE).exists()
    assert len(os.listdir(tmp_path)) == 2
    for folder in made:
        folder.remove()


def test_an_empty_folder_of_another_name_stays(tmp_path):
    (tmp_path / "firth-notes").mkdir()
    os.utime(tmp_path / "firth-notes", (0, 0))
    assert remove_abandoned(tmp_path) == (0, 0)


def test_sizes_are_told_in_units():
    assert [size_of(count) for count in (0, 999, 1000, 4_240_000_000)] == ["0 bytes", "999 bytes", "1.0 kB", "4.2 GB"]
