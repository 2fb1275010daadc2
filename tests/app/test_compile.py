"""`firth compile` fills the cache: runs that follow compile nothing."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

RUNS = """
import sys
from numba.core import event
import firth
sentences = [[f"x{(i * j) % 9}" for j in range(9)] for i in range(20)]
common, cbow = dict(min_count=1, epochs=1, quiet=True), {"architecture": "cbow"}
with event.install_recorder("numba:compile") as compiled:
    for settings in (
        {}, {"dim": 40, "threads": 2}, {"dim": 300}, {"dim": 12, "negatives": 7}, {"update": "per-pair"}, {"maxn": 4},
        {"architecture": "cbow", "cbow_sum": True}, {"loss": "hierarchical-softmax"}, {"fixed_window": True},
        {"loss": "softmax", "window": 20, "threads": 2}, {"phrases": 1, "phrase_threshold": 0.1},
        {"cbow_undivided": True, **cbow}, {"loss": "negative-sampling+hierarchical-softmax", "dim": 40},
        {"architecture": "cbow", "loss": "hierarchical-softmax", "maxn": 3},
    ):
        vectors = firth.train(sentences, **common, **settings)
    for settings in (
        {"loss": "negative-sampling+hierarchical-softmax", "documents_alone": True}, {}, cbow,
        {"concatenate": True, **cbow},
    ):
        firth.infer(firth.train(sentences, documents=True, **common, **settings), sentences, quiet=True)
    firth.train(sentences, from_=firth.train(sentences, **common), freeze="all", **common)
    firth.train(sys.argv[1], lower=True, tokenizer="words", **common)
    vectors["never-seen"]
    firth.documents(vectors, sys.argv[1], components=0, quiet=True)
names = {each.data["dispatcher"].py_func.__qualname__ for _, each in compiled.buffer}
print(sorted(names))
"""

EVERYTHING = """
import importlib, pkgutil
import firth
from firth.native import jit
for module in pkgutil.walk_packages(firth.__path__, "firth."):
    if module.name.rpartition(".")[2].startswith("_") and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(sorted(cache._py_func.__qualname__ for cache in jit._caches if not cache.files()))
"""


def run(folder, *command):
    done = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The folder that a first `firth compile` has filled, and what it printed."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, run(folder, "-m", "firth", "compile", "--json")


def test_it_says_what_it_compiles_and_where_it_is(filled):
    folder, done = filled
    found = json.loads(done.stdout)
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert found["folder"] == str(folder)
    assert found["files"] == len(kept)
    assert found["bytes"] == sum(path.stat().st_size for path in kept)
    lines = done.stderr.splitlines()
    assert len(lines) == len(found["seconds"])
    assert lines[0].startswith(f"[1/{len(lines)}] text from files")
    assert any("cbow" in line and "subwords" in line for line in lines)


def test_runs_that_follow_compile_nothing(filled, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("One two, three\u2003one two four. " * 30, encoding="utf-8")
    assert run(filled[0], "-c", RUNS, str(text)).stdout == "[]\n"


def test_the_runs_compile_where_nothing_is_kept(tmp_path):
    code = "from numba.core import event\nfrom firth.native import rng\n"
    code += (
        "with event.install_recorder('numba:compile') as found:\n    rng.stream_key(1, 2, 3)\nprint(len(found.buffer))"
    )
    assert int(run(tmp_path, "-c", code).stdout) > 0


def test_every_compiled_function_is_kept_but_one_that_needs_a_gigabyte_of_phrases(filled):
    assert run(filled[0], "-c", EVERYTHING).stdout == "['drop']\n"


def test_the_text_it_prints(filled):
    done = run(filled[0], "-m", "firth", "compile")
    assert done.stdout.startswith(f"compiled code is in {filled[0]}: ")
    assert done.stdout.endswith(" MB\n")
