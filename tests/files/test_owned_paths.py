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
