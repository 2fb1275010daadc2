import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from firth.errors import FormatError
from firth.files.names import HOST, OLD, part_of
from firth.files.new_folders import replacing_folder

STOPPED = """
import os, sys
from pathlib import Path
from firth.files import new_folders

real = os.rename

def rename(source, target):
    real(source, target)
    if str(target).endswith(sys.argv[2]):
        os.kill(os.getpid(), 9)

new_folders.os.rename = rename
with new_folders.replacing_folder(sys.argv[1], ("a",), ()) as folder:
    (folder / "a").write_text("new")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), 9)
"""


def write(path, text):
    with replacing_folder(path, ("a",), ()) as folder:
        (folder / "a").write_text(text)


def killed(path, moment):
    done = subprocess.run([sys.executable, "-c", STOPPED, str(path), moment], check=False)
    assert done.returncode == -9


def test_a_folder_is_replaced_whole(tmp_path):
    write(tmp_path / "folder", "first")
    with pytest.raises(ZeroDivisionError), replacing_folder(tmp_path / "folder", ("a",), ()):
        raise ZeroDivisionError
    assert (tmp_path / "folder" / "a").read_text() == "first"
    write(tmp_path / "folder", "third")
    assert (tmp_path / "folder" / "a").read_text() == "third"
    assert os.listdir(tmp_path) == ["folder"]
    with pytest.raises(FormatError, match="other files"), replacing_folder(tmp_path, ("a",), ()):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
@pytest.mark.parametrize("moment", ["writing", ".old", "folder"])
def test_what_a_killed_process_left_goes_with_the_next(tmp_path, moment):
    write(tmp_path / "folder", "first")
    killed(tmp_path / "folder", moment)
    assert len(os.listdir(tmp_path)) == 2
    write(tmp_path / "folder", "third")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_a_folder_that_had_lost_its_name_gets_it_back(tmp_path):
    write(tmp_path / "folder", "first")
    killed(tmp_path / "folder", ".old")
    assert not (tmp_path / "folder").exists()
    with pytest.raises(ZeroDivisionError), replacing_folder(tmp_path / "folder", ("a",), ()):
        raise ZeroDivisionError
    assert (tmp_path / "folder" / "a").read_text() == "first"
    assert os.listdir(tmp_path) == ["folder"]


def test_folders_of_others_stay(tmp_path):
    names = {".folder.mine.tmp", ".folder.1-1.old", part_of("folder3", OLD), part_of("folder").replace(HOST, "0" * 8)}
    for name in names:
        (tmp_path / name).mkdir()
    with (
        replacing_folder(tmp_path / "folder", ("a",), ()) as outer,
        replacing_folder(tmp_path / "folder2", ("a",), ()) as other,
    ):
        (outer / "a").touch()
        (other / "a").touch()
    assert set(os.listdir(tmp_path)) == names | {"folder", "folder2"}


def test_many_writers_of_one_folder_do_not_hinder_each_other(tmp_path):
    def save_often():
        for _ in range(150):
            write(tmp_path / "folder", "whole")

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(save_often) for _ in range(3)]:
            done.result()
    assert (tmp_path / "folder" / "a").read_text() == "whole"
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_two_writers_leave_each_other_alone(tmp_path):
    with replacing_folder(tmp_path / "folder", ("a",), ()) as folder:
        (folder / "a").write_text("outer")
        child = (
            "import sys; from firth.files.new_folders import replacing_folder\n"
            "with replacing_folder(sys.argv[1], ('a',), ()) as folder: (folder / 'a').write_text('inner')"
        )
        subprocess.run([sys.executable, "-c", child, str(tmp_path / "folder")], check=True)
        assert (folder / "a").read_text() == "outer"
    assert (tmp_path / "folder" / "a").read_text() == "outer"
    assert os.listdir(tmp_path) == ["folder"]
