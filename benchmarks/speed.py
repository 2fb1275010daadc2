"""How fast firth trains, side by side with gensim and fastText. Prints a Markdown table.

    python benchmarks/speed.py CORPUS [--dims 100 300] [--threads 1 2] [--runs 3] [--epochs 1]
                               [--peers gensim fasttext] [--python gensim=/path/to/python]
                               [--end-to-end] [--json FILE]

Skip-gram, window 5 (shrinking), 5 negatives, subsample 1e-3, min_count 5, learning rate 0.025. CORPUS is a plain text
file. The figure is raw tokens a second: the whitespace-separated tokens of the file times the epochs, the same for
all, over the seconds of training alone (benchmarks/peers.py says what that is for each system). With --end-to-end it is
the wall time of a whole process instead: start, read, count, train (5 epochs unless --epochs says otherwise), save.

Before anything is timed the formulas and kernels of firth are checked against the reference, and every system trains
on the beginning of CORPUS, which also warms it up; each run's vectors are checked again afterwards. Wrong vectors end
the program with exit status 1; a peer that cannot be run is left out with the reason. This does not compare quality
(benchmarks/quality.py does): the check only tells vectors from noise.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import peers

from firth import FirthError, check, check_kernels
from firth.evaluate import BUNDLED, evaluate

FIRTH = ("firth-shared", "firth-per-pair")
CHECK_TOKENS, CHECK_EPOCHS = 2_000_000, 4
JUDGED_TOKENS = 6_000_000
"""After so many tokens vectors must agree with people's ratings; fewer do not suffice to learn them."""
FLOOR = 0.1
"""Below the 95% interval of Spearman's correlation with the ratings of WordSim-353."""
OVERLAP = 10_000
"""So many tokens may a thread train on in an epoch beyond its part: gensim's go on to the end of a batch."""


def check_firth() -> None:
    """Exit with status 1 unless every formula and every kernel agrees with the reference."""
    rows = [*check.formula_rows(), *check_kernels.kernel_rows()]
    wrong = [row["name"] for row in rows if not row["ok"]]
    if wrong:
        sys.exit(f"firth is wrong, nothing is timed: {', '.join(wrong)}")
    talk(f"firth check: {len(rows)} rows ok")


def check_vectors(path: Path, tokens: int) -> str:
    """What was found. Exits with status 1 unless vectors learned from so many tokens make sense."""
    try:
        vectors = peers.load(path)
        lengths = np.linalg.norm(vectors.unit, axis=1)
        wordsim = evaluate(vectors, BUNDLED[:1])[0]
    except FirthError as error:
        sys.exit(f"{path.stem} is wrong: {error}")
    if not (lengths > 0).all():
        sys.exit(f"{path.stem} is wrong: {(lengths == 0).sum()} vectors are zero")
    score = -1.0 if wordsim.low is None else wordsim.low
    if tokens >= JUDGED_TOKENS and score < FLOOR:
        sys.exit(f"{path.stem} is wrong: {wordsim} is not surely above {FLOOR}")
    shown = "none" if wordsim.score is None else f"{wordsim.score:.2f} on {wordsim.used} pairs"
    return f"{len(vectors):,} words, finite and not zero, WordSim-353 {shown}"


def beginning(corpus: str, folder: str) -> tuple[str, int, int]:
    """The path of the first lines of a corpus and their number of tokens; the tokens of the whole corpus."""
    path, tokens, taken = Path(folder, "beginning.txt"), 0, 0
    with open(corpus, "rb") as text, open(path, "wb") as part:
        for line in text:
            if tokens < CHECK_TOKENS:
                part.write(line)
                taken += len(line.split())
            tokens += len(line.split())
    return str(path), taken, tokens


def check_systems(options: argparse.Namespace, pythons: dict[str, str], folder: str) -> tuple[list[str], int]:
    """The systems that run and learn, and the tokens of the corpus."""
    part, taken, tokens = beginning(options.corpus, folder)
    systems = []
    for system in [*(FIRTH[:1] if options.end_to_end else FIRTH), *options.peers]:
        path = Path(folder, peers.saved_name(system))
        job = {"system": system, "corpus": part, "save": str(path), "dim": options.dims[0]}
        try:
            result = peers.run(job | {"epochs": CHECK_EPOCHS, "threads": max(options.threads)}, pythons)
        except peers.PeerError as error:
            if system in FIRTH:
                sys.exit(str(error))
            talk(f"left out: {error}")
            continue
        systems.append(system)
        found = check_vectors(path, taken * CHECK_EPOCHS)
        talk(f"{system} {result['version']}, {taken:,} tokens, {CHECK_EPOCHS} epochs: {found}")
    return systems, tokens


def timed(job: peers.Job, options: argparse.Namespace, pythons: dict[str, str], tokens: int) -> peers.Job:
    """One run and its seconds. Exits with status 1 if it failed or did something else than asked."""
    path = Path(job["save"])
    path.unlink(missing_ok=True)
    start = time.perf_counter()
    if options.end_to_end and job["system"] in FIRTH:
        command = [sys.executable, "-m", "firth", "train", job["corpus"], "-o", job["save"], "--quiet"]
        for name in ("dim", "epochs", "threads"):
            command += [f"--{name}", str(job[name])]
        if subprocess.run(command).returncode:
            sys.exit(f"failed: {shlex.join(command)}")
        result = job | {"version": metadata.version("firth")}
    else:
        try:
            result = peers.run(job, pythons)
        except peers.PeerError as error:
            sys.exit(str(error))
    if options.end_to_end:
        result["seconds"] = time.perf_counter() - start
    elif abs(result.get("tokens", tokens) - tokens) > OVERLAP * job["threads"] * job["epochs"]:
        sys.exit(
            f"{job['system']} trained on {result['tokens']:,} tokens, expected {tokens:,}: its speed means nothing"
        )
    check_vectors(path, tokens)
    return result | {"tokens_per_second": tokens / result["seconds"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--dims", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--peers", nargs="*", default=["gensim", "fasttext"], choices=["gensim", "fasttext"])
    parser.add_argument("--end-to-end", action="store_true")
    parser.add_argument("--json", type=Path, help="write the raw numbers to this file, after every run")
    peers.add_python_option(parser)
    options = parser.parse_args()
    pythons = peers.parse_pythons(parser, options.python)
    if not Path(options.corpus).is_file():
        parser.error(f"{options.corpus}: expected a plain text file")
    epochs = options.epochs or (5 if options.end_to_end else 1)

    load_before = os.getloadavg()
    check_firth()
    runs: list[peers.Job] = []
    with tempfile.TemporaryDirectory() as folder:
        systems, tokens = check_systems(options, pythons, folder)
        for number in range(options.runs):
            for dim in options.dims:
                for threads in options.threads:
                    for system in systems:
                        save = str(Path(folder, peers.saved_name(system)))
                        job = {"system": system, "corpus": options.corpus, "dim": dim, "threads": threads}
                        job |= {"epochs": epochs, "save": save, "end_to_end": options.end_to_end}
                        runs.append({"round": number} | timed(job, options, pythons, tokens * epochs))
                        rate = runs[-1]["tokens_per_second"]
                        talk(f"round {number + 1}: {system}, dim {dim}, threads {threads}: {rate:,.0f} tokens/s")
                        if options.json:
                            options.json.write_text(json.dumps(runs, indent=1))
    what = "a whole process: start, read, count, train, save" if options.end_to_end else "training only"
    print(f"{tokens:,} tokens, epochs: {epochs}; {what}; medians of {options.runs} interleaved runs\n")
    print_table(runs, options)
    print(f"\n{machine(load_before)}\n\n    {shlex.join(['python', *sys.argv])}")


def print_table(runs: list[peers.Job], options: argparse.Namespace) -> None:
    def rounds(system: str, dim: int, threads: int) -> list[float]:
        key = (system, dim, threads)
        return [run["tokens_per_second"] for run in runs if (run["system"], run["dim"], run["threads"]) == key]

    def ratio(mine: list[float], other: list[float]) -> str:
        """The median of the ratios of runs in the same round."""
        return f"{statistics.median(a / b for a, b in zip(mine, other, strict=True)):.2f}" if other else "–"

    least = min(options.threads)
    base = f"{least} thread" + "s" * (least > 1)
    print(f"| system | version | dim | threads | seconds | tokens/s | min–max | ÷ gensim | ÷ {base} |")
    print("|---|---|---|---|---|---|---|---|---|")
    versions = {run["system"]: run["version"] for run in runs}
    for dim in options.dims:
        for threads in options.threads:
            for system, version in versions.items():
                rates = rounds(system, dim, threads)
                key = (system, dim, threads)
                times = [run["seconds"] for run in runs if (run["system"], run["dim"], run["threads"]) == key]
                cells = [system, version, dim, threads, f"{statistics.median(times):.2f}"]
                cells += [f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f}–{max(rates):,.0f}"]
                cells += [ratio(rates, rounds("gensim", dim, threads)), ratio(rates, rounds(system, dim, least))]
                print("|", " | ".join(map(str, cells)), "|")


def machine(load_before: tuple[float, float, float]) -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("firth", "numpy", "numba"))
    loads = f"{load_before[0]:.2f} before, {os.getloadavg()[0]:.2f} after"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {model}, {os.cpu_count()} cores; {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; load average {loads}"
    )


def talk(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
