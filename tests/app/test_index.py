"""firth index as a user meets it."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.vectors.index import open_index

pytest.importorskip("usearch")


@pytest.fixture
def path(tmp_path):
    center = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    path = tmp_path / "v.safetensors"
    firth.WordVectors([f"w{i}" for i in range(300)], np.zeros(300, np.int64), center, None, {}, []).save(path)
    return path


def test_index_prints_what_it_built(path, capsys):
    assert main(["index", str(path), "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert "300 of 300, dimension 8" in out
    assert "mean of 300 words" in out
    assert err == ""
    assert open_index(firth.load(path), path).info.recall > 0.97


def test_json_is_one_document(path, capsys):
    assert main(["index", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    file = path.with_name("v.firth-index")
    assert (found["path"], found["bytes"]) == (str(file), file.stat().st_size)
    assert (found["words"], found["rows"], found["dim"], found["sample"]) == (300, 300, 8, 300)
    assert found["recall"] > 0.97
    assert found["seconds"] >= 0


def test_a_terminal_shows_bars(path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["index", str(path)]) == 0
    assert list(dict.fromkeys(re.findall(r"(\w+): ", capsys.readouterr().err))) == ["indexing", "measuring"]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("call", ["add", "search"])
def test_ctrl_c_while_usearch_is_at_work_ends_with_130(path, tmp_path, call):
    script = f"""
import os, signal, sys, threading
import numpy as np
import usearch.index
from firth.app.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
plain = usearch.index.Index.{call}
def add(self, ids, rows, threads):
    more = np.random.default_rng(0).normal(size=(10_000, 8)).astype(np.float32)
    interrupt.start()
    return plain(self, np.arange(len(more)), more, threads=1)
def search(self, queries, count, threads):
    interrupt.start()
    return plain(self, np.tile(queries, (100, 1)), count, threads=1)
interrupt = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
usearch.index.Index.{call} = {call}
sys.exit(main(["index", {str(path)!r}]))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (130, "firth: interrupted\n")
    assert [file.name for file in tmp_path.iterdir()] == ["v.safetensors"]


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert main(["index", str(tmp_path / "v.safetensors")]) == 1
    assert "there is no such file" in capsys.readouterr().err
