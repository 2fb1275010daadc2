"""firth push and firth pull as a user meets them."""

import json
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth.app.cli import main


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "my.safetensors"
    center = np.eye(3, dtype=np.float32)
    firth.WordVectors(["a", "b", "c"], np.array([3, 2, 1]), center, None, {}, []).save(path)
    return path


def test_push_prints_the_address_alone_on_standard_output(hub, path):
    run = hub.firth("push", path, "ada/v", "--license", "cc0-1.0")
    assert run.stdout == f"{hub.endpoint}/ada/v\n"
    assert run.stderr.splitlines()[0] == "scoring on the bundled benchmarks"
    assert "uploading to" in run.stderr
    assert "license: cc0-1.0" in hub.repositories["ada/v"].files["README.md"].decode()


def test_quiet_shows_nothing_else(hub, path):
    assert hub.firth("push", path, "ada/v", "--quiet", "--no-scores").stderr == ""


def test_json_is_one_document(hub, path):
    run = hub.firth("push", path, "ada/v", "--private", "--json")
    sizes = {name: len(content) for name, content in hub.repositories["ada/v"].files.items()}
    assert json.loads(run.stdout) == {"address": f"{hub.endpoint}/ada/v", "files": sizes}
    assert run.stderr == ""
    assert hub.repositories["ada/v"].private


def test_a_missing_token_is_one_line(hub, path):
    run = hub.firth("push", path, "ada/v", token=None, status=1)
    assert run.stderr == "firth: error: there is no token for the Hub: log in with: hf auth login, or set HF_TOKEN\n"


def test_usage(capsys):
    with pytest.raises(SystemExit):
        main(["push", "--help"])
    assert "USER/NAME" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["pull", "ada/v"])
    assert caught.value.code == 2
    assert main(["pull", "ada", "-o", "v.safetensors"]) == 1
    assert "expected hf://USER/NAME" in capsys.readouterr().err


def test_queries_of_files_do_not_load_the_hub(path):
    code = f"""
import sys
from firth.app.cli import main
main(["neighbors", {str(path)!r}, "a"])
assert "huggingface_hub" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
