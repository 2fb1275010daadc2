"""JSON on standard output, which is valid in every locale."""

import json
import os
import subprocess
import sys

import pytest

import firth

WORDS = ["là", "trường_học", "学", "\U0001f98a", "plain", 'quo"te', "naïve"]


@pytest.fixture(scope="module")
def vectors_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    firth.train([WORDS] * 50, dim=4, epochs=1, threads=1, quiet=True, subsample=0).save(path)
    return path


@pytest.mark.parametrize("encoding", [None, "ascii", "latin-1", "cp1252", "utf-8", "utf-16"])
@pytest.mark.parametrize("query", [["là"], ["\U0001f98a", "naïve"]])
def test_json_is_valid_in_every_locale(vectors_file, encoding, query):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))
    }
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    if encoding is not None:
        environment["PYTHONIOENCODING"] = encoding
    command = [sys.executable, "-m", "firth", "neighbors", str(vectors_file), "-", "--json"]
    text = "\n".join(query) + "\n"
    run = subprocess.run(command, input=text.encode(), capture_output=True, env=environment)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.decode("utf-16" if encoding == "utf-16" else "utf-8"))
    assert [entry["word"] for entry in found] == query
    assert {entry["word"] for entry in found[0]["neighbors"]} == set(WORDS) - {query[0]}
    assert (b"\\u" in run.stdout) == (encoding != "utf-8") or encoding == "utf-16"


def test_json_keeps_words_as_they_are_in_utf8(vectors_file, capsys):
    from firth.app.cli import main

    assert main(["odd", str(vectors_file), *WORDS[:3], "--json"]) == 0
    assert "trường_học" in capsys.readouterr().out
