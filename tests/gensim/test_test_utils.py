"""What the examples of gensim's documentation import."""

import importlib.metadata
import os

import pytest

from firth.evaluate.reading import DATA
from firth.gensim.test import utils


def test_the_common_texts():
    assert sum(map(len, utils.common_texts)) == 29
    assert len({word for text in utils.common_texts for word in text}) == 12


def test_files_that_firth_ships():
    assert utils.datapath("wordsim353.tsv") == str(DATA / "wordsim353.tsv")
    assert os.path.isfile(utils.datapath("questions-words.txt"))


def test_files_of_an_installed_gensim(tmp_path, monkeypatch):
    class Installed:
        def locate_file(self, path):
            return tmp_path / path

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed())
    path = tmp_path / "gensim" / "test" / "test_data" / "lee_background.cor"
    with pytest.raises(ValueError, match=r"'lee_background\.cor' is a file of gensim's"):
        utils.datapath("lee_background.cor")
    path.parent.mkdir(parents=True)
    path.write_text("a")
    assert utils.datapath("lee_background.cor") == str(path)


def test_without_gensim_other_files_are_refused(monkeypatch):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", none)
    with pytest.raises(ValueError, match="does not ship"):
        utils.datapath("lee_background.cor")


def test_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = utils.get_tmpfile("model")
    assert path.endswith("model")
    assert path != utils.get_tmpfile("model")
    assert os.path.isdir(os.path.dirname(path))
    assert not os.path.exists(path)
    with utils.temporary_file("text.txt") as path:
        with open(path, "w") as file:
            file.write("a")
        assert os.path.exists(path)
    assert not os.path.exists(os.path.dirname(path))
