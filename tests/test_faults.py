"""Faults that a run meets: a few of each kind, as benchmarks/faults.py does many, and that it finds broken promises."""

import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fcntl")  # its trials need processes as POSIX has them

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


trials, damage = load("trials"), load("damage")


def ended(status, said, hung=False):
    return trials.Ended(status, said, 1.0, [], hung)


@pytest.mark.slow
def test_promises_are_kept():
    command = [sys.executable, "-W", "ignore", BENCHMARKS / "faults.py", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]


@pytest.mark.parametrize(
    ("status", "said", "found"),
    [
        (1, "firth: error: no room\n", None),
        (130, "epoch 1/2\nfirth: interrupted\n", None),
        (0, "", None),
        (139, "", "exit status 139"),
        (1, "Traceback (most recent call last):\nfirth: error: no room\n", "says Traceback"),
        (1, "OSError\n", "no sentence at the end"),
        (1, "firth: error: one\nfirth: error: two\n", "more than one error"),
        (1, f"firth: error: {'x' * 2000}\n", "a line of"),
    ],
)
def test_wrong_words_are_found(status, said, found):
    broken = trials.wrong_words(ended(status, said), (0, 1, 130))
    assert broken == [] if found is None else any(one.startswith(found) for one in broken)


def test_a_run_that_hangs_is_found():
    assert trials.wrong_words(ended(137, "", hung=True), (137,))[0].startswith("hangs")


def test_litter_is_found(tmp_path):
    place = trials.Place(tmp_path)
    (place.out / "v.safetensors").write_bytes(b"x")
    assert trials.leftovers(place, [r"out/v\.safetensors"]) == []
    (place.tmp / "firth-1").mkdir()
    assert trials.leftovers(place, [r"out/v\.safetensors"]) == ["litter: tmp/firth-1"]


def test_damage_is_never_none():
    draw = random.Random(1)
    for _ in range(300):
        assert damage.damaged(b"aaaaaaaaaa\0\0\0\0", draw)[1] != b"aaaaaaaaaa\0\0\0\0"


def test_operations_are_counted_and_refused(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import errno, trials\n"
        "from pathlib import Path\n"
        "place = trials.Place(Path(sys.argv[2]))\n"
        "trials.at_operation(place, ['out'], 1, trials.refuse(errno.ENOSPC), once=True)()\n"
        "for name in 'abc':\n"
        "    try:\n"
        "        (place.out / name).write_bytes(b'')\n"
        "    except OSError as error:\n"
        "        print(name, error.errno == errno.ENOSPC)\n"
    )
    command = [sys.executable, "-c", script, BENCHMARKS, tmp_path]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "b True\n"
