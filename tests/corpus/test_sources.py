import os
from pathlib import Path

import pytest

from firth.corpus.sources import find_files, is_text_source, may_be_lines
from firth.errors import CorpusError


def test_sources_are_found(tmp_path, monkeypatch):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    names = ["a.txt", "b/deep/x.txt", "b/y.txt", "c.txt", ".dot.txt", ".hidden/z.txt", "we[ir]d.txt"]
    for name in names:
        (tmp_path / name).write_text("word")
    monkeypatch.chdir(tmp_path)
    assert find_files("a.txt") == ["a.txt"]
    assert find_files(Path("b")) == [os.path.join("b", "deep", "x.txt"), os.path.join("b", "y.txt")]
    assert [os.path.relpath(file) for file in find_files(tmp_path)] == [
        os.path.normpath(name) for name in ["a.txt", "b/deep/x.txt", "b/y.txt", "c.txt", "we[ir]d.txt"]
    ]
    assert find_files("?.txt") == ["a.txt", "c.txt"]
    assert find_files("*") == ["a.txt", "c.txt", "we[ir]d.txt"]
    assert find_files("we[ir]d.txt") == ["we[ir]d.txt"]
    assert find_files(["c.txt", Path("a.txt"), "-", "?.txt"]) == ["c.txt", "a.txt", "-", "a.txt", "c.txt"]


@pytest.mark.parametrize(
    "name", ["absent", "no/such/*.txt", "the cat sat\non the mat", "", "x" * 5000, "a\0b", "what?"]
)
def test_a_string_that_is_no_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"^no such file: .*iterable of lists of tokens") as caught:
        find_files(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_which_sources_are_text():
    assert all(map(is_text_source, ["a", Path("a"), ["a"], ("a", Path("b"))]))
    assert not any(map(is_text_source, [[], [["a"]], ["a", ["b"]], b"a", 5, iter(["a"]), None]))


def test_a_name_with_nul_matches_nothing():
    assert may_be_lines(["a\0/*", "b c"])
    with pytest.raises(CorpusError, match="no such file"):
        find_files("a\0/*")
