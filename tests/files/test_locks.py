"""Locks: one holder at a time, free with the process, never a reason to refuse where there are none."""

import errno
import os

import pytest

from firth.files import locks
from firth.files.locks import abandoned, has_name, held, lock_now

pytest.importorskip("fcntl")


def is_abandoned(path):
    with abandoned(path) as descriptor:
        return descriptor is not None


def test_a_file_is_locked_by_one_at_a_time(tmp_path):
    with (tmp_path / "a").open("wb") as first, (tmp_path / "a").open("rb") as second:
        assert lock_now(first.fileno())
        assert not lock_now(second.fileno())
        first.close()
        assert lock_now(second.fileno())


def test_a_held_file_is_not_abandoned_until_the_end_also_when_closed_and_renamed(tmp_path):
    with (tmp_path / "a").open("wb") as file, held(file.fileno()):
        file.close()
        os.rename(tmp_path / "a", tmp_path / "b")
        assert not is_abandoned(tmp_path / "b")
    assert is_abandoned(tmp_path / "b")


def test_what_is_not_there_or_a_link_is_not_abandoned(tmp_path):
    assert not is_abandoned(tmp_path / "a")
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert is_abandoned(tmp_path / "a")
    assert not is_abandoned(tmp_path / "link")


def test_a_file_system_without_locks_refuses_nobody_and_abandons_nothing(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    with (tmp_path / "a").open("wb") as file:
        assert lock_now(file.fileno())
        assert not is_abandoned(tmp_path / "a")


def test_who_takes_over_what_is_being_removed_finds_its_name_gone(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        with abandoned(tmp_path / "a") as descriptor:
            assert descriptor is not None
            assert not is_abandoned(tmp_path / "a")
            os.unlink(tmp_path / "a")
        with held(file.fileno()):
            assert not has_name(tmp_path / "a", file.fileno())
        (tmp_path / "a").touch()
        assert not has_name(tmp_path / "a", file.fileno())
