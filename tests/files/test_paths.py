"""Files at paths: what cannot be read or written is named before, and a file is replaced whole or not at all."""

import errno
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.files import paths
from firth.files.locks import held
from firth.files.names import HOST, lock_text, part_of
from firth.files.paths import as_path, check_folder, check_mapped, mapped, naming, reading, replacing


def write(path, text=b"new"):
    with replacing(path) as file:
        file.write(text)


def test_a_file_is_read_and_mapped(tmp_path):
    (tmp_path / "file").write_bytes(b"some bytes")
    with reading(str(tmp_path / "file"), "bytes") as file:
        assert file.read() == b"some bytes"
    with mapped(tmp_path / "file", "bytes") as mapping:
        assert mapping[5:] == b"bytes"
        with pytest.raises(TypeError, match=r"read-?only"):
            mapping[0] = 0


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    for name, message in [
        ("missing", "missing: there is no such file"),
        ("folder", "folder: not a regular file: expected a file of words"),
        ("empty", "empty: the file is empty: expected words"),
        ("a\0b", "a path cannot hold a NUL character"),
        ("x" * 300, "cannot be read: File name too long; give a path that this user may use"),
    ]:
        with pytest.raises(FormatError, match=message):
            mapped(tmp_path / name, "words")


def test_a_system_error_while_reading_is_named(tmp_path):
    (tmp_path / "file").touch()

    def read():
        with reading(tmp_path / "file", "words"):
            raise OSError(5, "Input/output error")

    with pytest.raises(FormatError, match="file: cannot be read: Input/output error; give a path"):
        read()


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_a_write_that_fails_in_the_middle_leaves_nothing(tmp_path, error):
    def write_part():
        with replacing(tmp_path / "file") as file:
            file.write(b"part")
            raise error

    with pytest.raises(FormatError if isinstance(error, OSError) else type(error)) as caught:
        write_part()
    if isinstance(error, OSError):
        assert str(caught.value).endswith("No space left on device; make room or give a path on another disk")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path, target = tmp_path / "link", tmp_path / "elsewhere" / "real"
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    write(path)
    assert path.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="no such locks")
def test_parts_of_killed_processes_are_removed_and_those_of_living_ones_stay(tmp_path):
    (tmp_path / part_of("file")).write_text("left over")
    held_part, other = part_of("file"), part_of("other")
    (tmp_path / other).write_text("of another file")
    with (tmp_path / held_part).open("xb") as file, held(file.fileno()):
        assert paths.remove_parts(tmp_path / "file") == len("left over")
        write(tmp_path / "file")
    assert set(os.listdir(tmp_path)) == {held_part, other, "file"}


def test_files_of_the_user_are_no_parts(tmp_path):
    elsewhere = part_of("v").replace(HOST, "0" * 8)
    names = {".v.draft.tmp", ".v.1-2.tmp", part_of("v.x"), part_of("v")[:-4] + ".txt", elsewhere, ".v.lock"}
    for name in names:
        (tmp_path / name).write_text("a user's own")
        assert name.startswith(".v.x.") or paths.remove_part(tmp_path / name) == 0
    assert paths.remove_parts(tmp_path / "v") == 0
    write(tmp_path / "v")
    assert set(os.listdir(tmp_path)) == names | {"v"}


@pytest.mark.skipif(os.name == "nt", reason="no such locks")
def test_a_lock_of_this_host_that_is_free_is_removed(tmp_path):
    for text, removed in (("", True), (lock_text(), True), ("process 1 on elsewhere", False), ("my notes", False)):
        (tmp_path / ".a.lock").write_text(text)
        paths.remove_part(tmp_path / ".a.lock")
        assert (tmp_path / ".a.lock").exists() is not removed


def test_a_part_that_is_removed_before_it_is_held_is_made_anew(tmp_path, monkeypatch):
    real, removed = paths.held, []

    def remove_first(descriptor):
        if not removed:
            removed.extend(paths.remove_part(part) for part in list(tmp_path.iterdir()))
        return real(descriptor)

    monkeypatch.setattr(paths, "held", remove_first)
    write(tmp_path / "file")
    assert removed == [0]
    assert os.listdir(tmp_path) == ["file"]


def save_often(path):
    for _ in range(300):
        write(path)


def test_many_writers_in_one_folder_do_not_hinder_each_other(tmp_path):
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(save_often, tmp_path / name) for name in ("a", "a", "b")]:
            done.result()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_want_of_memory_is_told_as_such():
    error = OSError(errno.ENOMEM, "Cannot allocate memory")
    expected = "cannot be read: Cannot allocate memory; give it more memory, or end other programs"
    assert str(paths.refused(Path("a"), "cannot be read", error)) == f"a: {expected}"


def test_two_writers_at_once_do_not_take_each_other_s_part(tmp_path):
    with paths.replacing(tmp_path / "file") as first:
        first.write(b"first")
        other = threading.Thread(target=write, args=[tmp_path / "file"])
        other.start()
        other.join()
        assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["file"]


def test_the_folder_is_synced_after_the_rename(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(paths, "sync_folder", lambda folder: done.append((folder, os.listdir(folder))))
    write(tmp_path / "file")
    assert done == [(tmp_path, ["file"])]


def test_a_target_is_checked_and_not_changed(tmp_path):
    path = tmp_path / "file"
    assert check_folder(str(path)) == path
    assert os.listdir(tmp_path) == []
    path.write_bytes(b"precious")
    assert check_folder(path) == path
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/file", "the folder .*missing does not exist: make it first"),
        ("folder", "a folder or a device: expected the name of a file"),
        ("a\0b", "NUL"),
        ("x" * 300, "cannot be written: File name too long"),
    ],
)
def test_a_target_that_cannot_be_written_is_named(tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormatError, match=message):
        check_folder(tmp_path / name)


def test_a_path_in_an_error_about_content():
    def check():
        with naming(as_path("words.txt")):
            raise ConfigError("minn is 0")

    with pytest.raises(FormatError, match=r"^words\.txt: minn is 0$"):
        check()


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be cut there")
def test_a_mapped_file_that_was_cut_is_noticed(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(bytes(8000))
    array = np.ndarray((1000,), np.float64, mapped(path, "numbers"))[10:]
    check_mapped(array, path)
    os.truncate(path, 4000)
    with pytest.raises(FormatError, match="was cut short since it was opened"):
        check_mapped(array, path)
    check_mapped(np.zeros(3), None)
