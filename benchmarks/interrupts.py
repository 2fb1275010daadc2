"""How long firth takes to end after Ctrl-C, stage by stage: `python benchmarks/interrupts.py [TIMES]`.

Each run of the command line is sent SIGINT at a random moment of a stage. The table has, for each stage, how many runs
there were, the median and the longest time from the signal to the end of the process, and what was wrong: another exit
status than 130, a traceback, or files left in the temporary folder.
"""

import dataclasses
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

WORDS, SENTENCES, LENGTH = 20_000, 100_000, 20
"""Of the corpus: 2 million tokens by Zipf's law, 12 MB."""

HANG = 60.0
"""A run that has not ended so many seconds after the signal is killed, and said to hang."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage: it begins with a line that matches `begins`, or with the process, and lasts about `seconds`."""

    name: str
    options: tuple[str, ...]
    begins: str | None
    seconds: float
    compiled: bool = True  # before, so that nothing is compiled in the stage


SOFTMAX = ("--loss", "softmax", "--max-vocab", "2000", "--epochs", "2", "--subsample", "0")

STAGES = (
    Stage("compiling", ("--dim", "17"), "^compiling", 5.0, compiled=False),
    Stage("compiling, exact softmax", SOFTMAX, "^compiling", 8.0, compiled=False),
    Stage("reading", ("--dim", "16"), None, 2.0),
    Stage("training", ("--dim", "100"), "^read ", 2.0),
    Stage("counting pairs", (*SOFTMAX, "--dim", "16", "--window", "1000"), "passes over", 3.0),
    Stage("starting vectors", (*SOFTMAX, "--dim", "1500"), "^counted", 10.0),
    Stage("passes", (*SOFTMAX, "--dim", "300", "--epochs", "50"), "^pass 1/", 2.0),
    Stage("steps, dimension 2000", (*SOFTMAX, "--dim", "2000", "--max-vocab", "300"), "^pass 1/", 4.0),
    Stage("saving", ("--dim", "400", "--epochs", "1"), "^epoch 1/1", 0.4),
)


@dataclasses.dataclass
class Ended:
    """How one run ended: seconds after the signal, None if it was over before; and what was wrong."""

    seconds: float | None
    wrong: str


def write_corpus(path: Path) -> None:
    """Write a text by Zipf's law."""
    draw = random.Random(1)
    weights = [1 / rank for rank in range(1, WORDS + 1)]
    words = [f"w{i}" for i in range(WORDS)]
    with open(path, "w", encoding="ascii") as file:
        for _ in range(SENTENCES):
            file.write(" ".join(draw.choices(words, weights, k=LENGTH)) + "\n")


def interrupt(stage: Stage, corpus: Path, folder: Path, cache: Path, delay: float) -> Ended:
    """Run `stage` and send SIGINT `delay` seconds after it begins."""
    folder.mkdir()
    command = [sys.executable, "-c", PROGRAM, "train", str(corpus), "-o", str(folder / "v.safetensors")]
    command += ["--tmp", str(folder), *stage.options]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as run:
        lines: list[str] = []
        begun = threading.Event()

        def read() -> None:
            for line in run.stderr:
                lines.append(line)
                if stage.begins is not None and re.search(stage.begins, line):
                    begun.set()
            begun.set()

        reader = threading.Thread(target=read)
        reader.start()
        if stage.begins is not None:
            begun.wait()
        time.sleep(delay)
        sent = time.perf_counter()
        over = run.poll() is not None
        if not over:
            run.send_signal(signal.SIGINT)
        try:
            run.wait(HANG)
        except subprocess.TimeoutExpired:
            run.kill()
            return Ended(HANG, "hangs")
        finally:
            reader.join()
    seconds = time.perf_counter() - sent
    if over or run.returncode == 0:
        return Ended(None, "")
    left = [path.name for path in folder.iterdir() if path.name != "v.safetensors"]
    wrong = [f"status {run.returncode}"] * (run.returncode != 130) + [f"left {left}"] * bool(left)
    wrong += ["a traceback"] * any(line.startswith("Traceback") for line in lines)
    return Ended(seconds, ", ".join(wrong))


PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
from firth.app.cli import main
sys.exit(main())
"""


def measure(times: int, seed: int = 1) -> list[tuple[str, list[Ended]]]:
    """Interrupt each stage so many times at random moments."""
    draw, results = random.Random(seed), []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        corpus, cache = home / "corpus.txt", Path(os.environ.get("NUMBA_CACHE_DIR", home / "compiled"))
        write_corpus(corpus)
        for stage in STAGES:
            ended = []
            for number in range(times):
                name = f"{stage.name}-{number}"
                of_this = cache if stage.compiled else home / f"compiled-{name}"
                delay = draw.uniform(0.0 if stage.begins else 1.0, stage.seconds)
                ended.append(interrupt(stage, corpus, home / name, of_this, delay))
            results.append((stage.name, ended))
            print(row(stage.name, ended), flush=True)
    return results


def row(name: str, ended: list[Ended]) -> str:
    """A row of the table."""
    seconds = [one.seconds for one in ended if one.seconds is not None]
    wrong = "; ".join(sorted({one.wrong for one in ended if one.wrong})) or "-"
    if not seconds:
        return f"| {name} | 0 | | | {wrong} |"
    return f"| {name} | {len(seconds)} | {statistics.median(seconds):.2f} s | {max(seconds):.2f} s | {wrong} |"


if __name__ == "__main__":
    print("| stage | interrupted | median | longest | wrong |")
    print("|---|--:|--:|--:|---|")
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
