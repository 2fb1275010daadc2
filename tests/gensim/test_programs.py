"""Public programs that use gensim run with firth.gensim in its place: small inputs, known right answers."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
spec = importlib.util.spec_from_file_location("clients", BENCHMARKS / "clients.py")
clients = importlib.util.module_from_spec(spec)
spec.loader.exec_module(clients)

pytestmark = pytest.mark.slow

LEAST = {
    "node2vec karate": 0.8,
    "node2vec cora": 0.9,
    "karateclub Role2Vec": 0.6,
    "karateclub Graph2Vec": 0.55,
    "karateclub GL2Vec": 0.5,
    "nlpaug": 1.0,
    "mol2vec": 0.5,
    "spec2vec": 0.24,
    "geniml": 0.9,
}
"""The quality that each program must reach; 0.9 unless it is here."""

CASES = [(program, model) for program in clients.PROGRAMS for model in clients.MODELS.get(program, (None,))]


def installed(package):
    """Skip the test unless a program is installed, and gensim beside it: node2vec asks for gensim's version."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: see benchmarks/programs.txt")
    if importlib.util.find_spec("gensim") is None:
        pytest.skip("gensim is not installed: see benchmarks/programs.txt")


def run(code, *arguments):
    """What a fresh interpreter prints."""
    environment = os.environ | {"PYTHONWARNINGS": "default"}
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(("program", "model"), CASES, ids=[" ".join(filter(None, case)) for case in CASES])
def test_a_program_runs_with_firth_in_gensims_place(program, model):
    installed(program)
    if program == "geniml":
        pytest.importorskip("torch")
    job = {"program": program, "model": model, "with": "firth", "data": None}
    code = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    # the first entry of sys.path, which clients.py removes, is the current folder here
    found = json.loads(run(code, str(BENCHMARKS / "clients.py"), json.dumps(job)).stdout.splitlines()[-1])
    assert found["quality"] >= LEAST.get(" ".join(filter(None, (program, model))), 0.9), found


ALIAS = "import sys, firth.gensim; sys.modules['gensim'] = firth.gensim; "


def test_a_deep_import_gives_the_same_classes():
    run(
        ALIAS
        + """
import gensim.models.word2vec, gensim.models.keyedvectors, gensim.models.fasttext, gensim.models.doc2vec
import gensim.models.phrases, gensim.models.callbacks, gensim.utils, gensim.models, firth.gensim.models.word2vec
from gensim.models import Word2Vec
assert Word2Vec is gensim.models.word2vec.Word2Vec is firth.gensim.models.word2vec.Word2Vec
assert gensim.models.KeyedVectors is gensim.models.keyedvectors.KeyedVectors
assert isinstance(Word2Vec([["a", "b"]] * 9, min_count=1).wv, gensim.models.KeyedVectors)
assert isinstance(gensim.__version__, str)
"""
    )


def test_nothing_of_gensim_itself_is_loaded():
    installed("node2vec")
    run(
        ALIAS
        + """
import node2vec, gensim, gensim.models
own = [n for n, m in sys.modules.items() if n.partition('.')[0] == 'gensim' and 'firth' not in (m.__file__ or '')]
assert not own, own
"""
    )
