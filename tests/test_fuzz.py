"""Damaged files of every kind: each is read or refused, as benchmarks/fuzz.py checks with many more."""

import importlib.util
from pathlib import Path

import pytest

from firth.errors import FormatError

spec = importlib.util.spec_from_file_location("fuzz", Path(__file__).parents[1] / "benchmarks" / "fuzz.py")
fuzzing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzzing)


@pytest.mark.parametrize("inputs", [30, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", fuzzing.kinds())
def test_a_damaged_file_is_read_or_refused(name, inputs, tmp_path):
    assert fuzzing.fuzz(fuzzing.kinds()[name], inputs, seed=inputs, folder=tmp_path) == []


@pytest.mark.parametrize("inputs", [100, pytest.param(3000, marks=pytest.mark.slow)])
def test_text_is_read_as_python_reads_it(inputs, tmp_path):
    assert fuzzing.oracle(inputs, seed=inputs, folder=tmp_path) == []


def test_the_oracle_finds_other_words(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzing, "expected_words", lambda data, least: (["other"], [1], [["other"]], [0]))
    assert "other words" in fuzzing.oracle(5, seed=1, folder=tmp_path)[0]


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (lambda path: path.read_text(encoding="utf-8"), "UnicodeDecodeError"),
        (lambda path: bytearray(fuzzing.ROOM * 2), "allocates"),
        (lambda path: path.stem == "mutated" and _refuse("x" * fuzzing.LONGEST_MESSAGE * 2), "a message of"),
        (lambda path: _refuse("no"), "the sound file is refused"),
    ],
)
def test_faults_are_found(read, found, tmp_path):
    def make(path):
        path.write_bytes("naïve\n".encode() * 10)

    faults = fuzzing.fuzz((".txt", make, read), 50, seed=1, folder=tmp_path)
    assert found in faults[0]


def _refuse(message):
    raise FormatError(message)
