"""Names of parts and locks: each of one path, and of this host."""

import os

import pytest

from firth.files import names
from firth.files.names import OLD, is_lock_text, is_part, lock_of, lock_text, part_of


def test_a_name_tells_whose_part_it_is():
    part = part_of("v.txt")
    assert part != part_of("v.txt")
    assert is_part(part)
    assert is_part(part, "v.txt")
    assert not is_part(part, "v")
    assert not is_part(part, "v.txt", OLD)
    assert is_part(part_of("v.txt", OLD), "v.txt", OLD)


@pytest.mark.parametrize("letter", ["x", "ö", "\udcff"])
def test_long_names_are_cut_and_stay_apart(letter):
    first, second = letter * 125 + "1", letter * 125 + "2"
    assert lock_of(first) != lock_of(second)
    assert is_part(part_of(first), first)
    assert not is_part(part_of(first), second)
    assert len(os.fsencode(part_of(first))) <= 143


def test_a_part_of_another_host_is_none(monkeypatch):
    part = part_of("v")
    monkeypatch.setattr(names, "_OWNER", names._OWNER.replace(names.HOST, "0" * 8))
    assert not is_part(part, "v")


def test_what_a_lock_holds():
    assert is_lock_text(b"")
    assert is_lock_text(lock_text().encode(), here=True)
    assert is_lock_text(b"process 7 on elsewhere")
    assert not is_lock_text(b"process 7 on elsewhere", here=True)
    assert not is_lock_text(b"my notes")
    assert not is_lock_text(lock_text().encode() + b"\nmy notes")
