"""Files that are made to cost: benchmarks/hostile.py measures all; here some small ones of each kind of reader."""

import importlib.util
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[1] / "benchmarks" / "hostile.py")
hostile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hostile)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

CASES = [
    *("phrases: objects", "phrases, passes [[: objects", "phrases, passes [: lists", "vectors, metadata: objects"),
    *("vectors, history: objects", "vectors, header: many tensors", "vectors: no UTF-8", "vectors: one word"),
    *("corpus .jsonl: objects", "corpus .jsonl: lists", "static, vocab: objects", "gensim Phrases, names: objects"),
    *("corpus .json: strings", "corpus .jsonl: strings", "corpus .jsonl: list in a list", "corpus .jsonl: keys"),
    *("documents, metadata: lists", "binary: no UTF-8", "evaluation: lines"),
]


@pytest.fixture(scope="module", autouse=True)
def _imported():
    hostile.import_all()


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_takes_no_more_than_it_may(name, tmp_path):
    found = hostile.outcome(hostile.cases()[name], tmp_path, 6_000_000)
    assert found.faults == []


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (lambda path: len([{} for _ in range(3_000_000)]) * 0, "may take"),
        (lambda path: hostile._refuse("x " * 1000), "a message of"),
        (lambda path: hostile._refuse("\\xff" * 50), "quotes"),
        (lambda path: 1 // 0, "ZeroDivisionError"),
    ],
)
def test_faults_are_found(read, fault, tmp_path):
    case = hostile.Case("a fault", ".txt", lambda path, size: hostile._write(path, b"a" * size), read)
    assert fault in hostile.outcome(case, tmp_path, 1000).faults[0]
