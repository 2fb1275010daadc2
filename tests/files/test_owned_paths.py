"""Paths that one run at a time writes to."""

import os
import subprocess
import sys

import pytest

from firth.errors import FormatError
from firth.files import owned_paths
from firth.files.owned_paths import locked

pytest.importorskip("fcntl")

HOLD_AND_DIE = """
import os, sys
from firth.files.owned_paths import locked

with locked(sys.argv[1], "is being written", "wait"):
    os._exit(9)
"""


def test_the_second_run_is_refused_and_told_whose_the_lock_is(tmp_path):
    path = tmp_path / "v.safetensors"
    with locked(path, "is being written", "wait for it, or name another file"):
        assert os.listdir(tmp_path) == [".v.safetensors.lock"]
        with (
            pytest.raises(FormatError) as refused,
            locked(path, "is being written", "wait for it, or name another file"),
        ):
            pytest.fail("locked twice")
        expected = f"v.safetensors: is being written by another run (process {os.getpid()} on "
        assert expected in str(refused.value)
        assert str(refused.value).endswith("): wait for it, or name another file")
    assert os.listdir(tmp_path) == []
    with locked(path, "is being written", "wait"):
        pass


def test_a_lock_goes_with_its_process_and_what_it_leaves_with_the_next_lock(tmp_path):
    path = tmp_path / "v.safetensors"
    subprocess.run([sys.executable, "-c", HOLD_AND_DIE, str(path)], check=False, timeout=60)
    assert os.listdir(tmp_path) == [".v.safetensors.lock"]
    with locked(path, "is being written", "wait"):
        pass
    assert os.listdir(tmp_path) == []


def test_a_lock_that_its_holder_removes_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    path, removed = tmp_path / "a", []
    real = owned_paths.lock_now

    def removed_at_first(descriptor):
        if not removed:
            removed.append(os.unlink(tmp_path / ".a.lock"))
        return real(descriptor)

    monkeypatch.setattr(owned_paths, "lock_now", removed_at_first)
    with locked(path, "is being written", "wait"):
        assert os.listdir(tmp_path) == [".a.lock"]
        with pytest.raises(FormatError), locked(path, "is being written", "wait"):
            pytest.fail("locked twice")


def test_the_lock_of_a_link_is_that_of_its_target(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with (
        locked(tmp_path / "a", "is being written", "wait"),
        pytest.raises(FormatError),
        locked(tmp_path / "link", "is being written", "wait"),
    ):
        pytest.fail("locked twice")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FormatError, match="cannot be locked: No such file"), locked(tmp_path / "no" / "a", "", ""):
        pytest.fail("locked")


def test_the_text_of_a_foreign_lock_is_not_printed_raw(tmp_path):
    (tmp_path / ".a.lock").write_bytes(b"\x1b[31m" + b"x" * 10_000)
    assert owned_paths._holder(tmp_path / ".a.lock") == ""


def test_long_names_have_locks_of_their_own(tmp_path):
    name = "x" * 100
    with locked(tmp_path / f"{name}.txt", "", ""), locked(tmp_path / f"{name}.safetensors", "", ""):
        assert len(os.listdir(tmp_path)) == 2


def test_a_file_of_the_user_with_the_name_of_a_lock_stays(tmp_path):
    (tmp_path / ".a.lock").write_text("my notes")
    with (
        pytest.raises(FormatError, match=r"\.a\.lock: this name is for a lock of firth"),
        locked(tmp_path / "a", "", ""),
    ):
        pytest.fail("locked")
    assert (tmp_path / ".a.lock").read_text() == "my notes"


def test_a_lock_that_is_probed_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    answers, real = [False, False], owned_paths.lock_now
    monkeypatch.setattr(owned_paths, "lock_now", lambda descriptor: answers.pop() if answers else real(descriptor))
    with locked(tmp_path / "a", "", ""):
        assert answers == []


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A lock file that this user may read, and not write to, as one of another user."""
    lock, real = tmp_path / ".a.lock", os.open
    lock.write_text("process 1 on elsewhere")
    theirs = lock.stat()

    def opened(path, flags, *mode):
        if flags & os.O_RDWR and os.path.exists(path) and os.path.samestat(os.stat(path), theirs):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *mode)

    monkeypatch.setattr(owned_paths.os, "open", opened)
    return lock


def test_a_free_lock_of_another_user_is_replaced(tmp_path, foreign):
    with locked(tmp_path / "a", "", ""):
        assert foreign.read_text().startswith(f"process {os.getpid()} on ")
    assert os.listdir(tmp_path) == []


def test_a_lock_of_another_user_that_cannot_be_removed_is_named(tmp_path, foreign, monkeypatch):
    def refuse(path):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    expected = r"the lock .*\.a\.lock is another user's \(process 1 on elsewhere\): it may be removed"
    with pytest.raises(FormatError, match=expected), locked(tmp_path / "a", "", ""):
        pytest.fail("locked")
