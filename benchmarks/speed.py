"""How fast firth trains, side by side with gensim and fastText. Prints a Markdown table.

    python benchmarks/speed.py CORPUS [--models skipgram-ns] [--dims 100 300] [--threads 1 2] [--runs 3] [--epochs 1]
                               [--tokens N] [--peers gensim fasttext] [--python gensim=/path/to/python]
                               [--end-to-end] [--json FILE]

Window 5 (shrinking), 5 negatives (or hierarchical softmax), subsample 1e-3, min_count 5, n-grams of 3 to 6 characters
in 2 million buckets where words have subwords, learning rates of peers.default_lr. CORPUS is a plain text file; with
--tokens all systems get its first lines only, as many as have N tokens. gensim's subwords are not compared. The figure
is raw tokens a second: the whitespace-separated tokens of the file times the epochs, the same for all, over the seconds
of training alone (benchmarks/peers.py says what that is for each system). With --end-to-end it is the wall time of a
whole process instead: start, read, count, train (5 epochs unless --epochs says otherwise), save.

Before anything is timed the formulas and kernels of firth are checked against the reference, and every system trains
on the beginning of CORPUS, which also warms it up; each run's vectors are checked again afterwards. Wrong vectors end
the program with exit status 1; a peer that cannot be run is left out with the reason. This does not compare quality
(benchmarks/quality.py does): the check only tells vectors from noise.
"""

import argparse
import itertools
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

from firth import FirthError
from firth.check import formulas as check
from firth.check import kernels as check_kernels
from firth.evaluate import evaluate
from firth.evaluate.reading import BUNDLED

CHECK_TOKENS, CHECK_EPOCHS = 2_000_000, 4
JUDGED_TOKENS = 6_000_000
"""Vectors from this many tokens must agree with people's ratings; fewer do not suffice to learn them."""
FLOOR = 0.1
"""Below the 95% interval of Spearman's correlation with the ratings of WordSim-353."""
OVERLAP = 10_000
"""Tokens beyond its part that a thread may train on in an epoch: gensim's go on to the end of a batch."""


def check_firth() -> None:
    """Exit with status 1 unless every formula and every kernel agrees with the reference."""
    rows = [*check.formula_rows(), *check_kernels.kernel_rows()]
    wrong = [row["name"] for row in rows if not row["ok"]]
    if wrong:
        sys.exit(f"firth is wrong, nothing is timed: {', '.join(wrong)}")
    talk(f"firth check: {len(rows)} rows ok")


def check_vectors(path: Path, tokens: int) -> str:
    """What was found. Exits with status 1 unless vectors learned from `tokens` tokens make sense."""
    try:
        vectors = peers.load(path)
        wordsim = evaluate(vectors, BUNDLED[:1]).results[0]
    except FirthError as error:
        sys.exit(f"{path.stem} is wrong: {error}")
    if not (np.isfinite(vectors.norms) & (vectors.norms > 0)).all():
        sys.exit(f"{path.stem} is wrong: some vectors are zero or not finite")
    score = -1.0 if wordsim.score.low is None else wordsim.score.low
    if tokens >= JUDGED_TOKENS and score < FLOOR:
        sys.exit(f"{path.stem} is wrong: {wordsim.score.value} is not surely above {FLOOR}")
    shown = "none" if wordsim.score.value is None else f"{wordsim.score.value:.2f} on {wordsim.answered} pairs"
    return f"{len(vectors):,} words, finite and not zero, WordSim-353 {shown}"


def beginning(corpus: str, path: Path, enough: float) -> int:
    """Write the first lines of a corpus, as many as have enough tokens, to a file; their tokens."""
    taken = 0
    with open(corpus, "rb") as text, open(path, "wb") as part:
        for line in text:
            if taken >= enough:
                break
            part.write(line)
            taken += len(line.split())
    return taken


def count_tokens(corpus: str) -> int:
    with open(corpus, "rb") as text:
        return sum(len(line.split()) for line in text)


def check_systems(
    model: str, part: Path, taken: int, options: argparse.Namespace, pythons: dict[str, str], folder: str
) -> list[str]:
    """The systems that run and learn a model from a part of the corpus of `taken` tokens."""
    firth = peers.systems("firth", model)
    systems = []
    for system in [*(firth[:1] if options.end_to_end else firth), *options.peers]:
        if system not in firth and not peers.systems(system, model):
            continue
        path = Path(folder, peers.saved_name(system))
        job = {"system": system, "model": model, "corpus": str(part), "save": str(path), "dim": options.dims[0]}
        try:
            result = peers.run(job | {"epochs": CHECK_EPOCHS, "threads": max(options.threads)}, pythons)
        except peers.PeerError as error:
            if system in firth:
                sys.exit(f"{model}, {error}")
            talk(f"{model}, left out: {error}")
            continue
        systems.append(system)
        found = check_vectors(path, taken * CHECK_EPOCHS)
        talk(f"{model}, {system} {result['version']}, {taken:,} tokens, {CHECK_EPOCHS} epochs: {found}")
    return systems


def timed(job: peers.Job, options: argparse.Namespace, pythons: dict[str, str], tokens: int) -> peers.Job:
    """One run and its seconds. Exits with status 1 if it failed or did something else than asked."""
    path = Path(job["save"])
    path.unlink(missing_ok=True)
    start = time.perf_counter()
    if options.end_to_end and job["system"].startswith("firth"):
        command = [sys.executable, "-m", "firth", "train", job["corpus"], "-o", job["save"], "--quiet"]
        for name in ("dim", "epochs", "threads", "lr"):
            command += [f"--{name}", str(job[name])]
        for name, value in peers.MODELS[job["model"]].items():
            command += [f"--{name}", str(value)]
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
    parser.add_argument("--models", nargs="+", default=["skipgram-ns"], choices=peers.MODELS)
    parser.add_argument("--dims", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--tokens", type=int, help="train on the first N tokens of the corpus only")
    parser.add_argument("--peers", nargs="*", default=["gensim", "fasttext"], choices=["gensim", "fasttext"])
    parser.add_argument("--end-to-end", action="store_true")
    parser.add_argument("--json", type=Path, help="write the raw numbers to this file, after every run")
    peers.add_python_option(parser)
    options = parser.parse_args()
    pythons = peers.parse_pythons(parser, options.python)
    if not Path(options.corpus).is_file():
        parser.error(f"{options.corpus}: expected a plain text file")
    if options.tokens is not None and options.tokens < 1:
        parser.error(f"--tokens {options.tokens}: expected at least 1")
    epochs = options.epochs or (5 if options.end_to_end else 1)

    load_before = os.getloadavg()
    check_firth()
    runs: list[peers.Job] = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus
        if options.tokens:
            corpus = str(Path(folder, "corpus.txt"))
            beginning(options.corpus, Path(corpus), options.tokens)
        tokens = count_tokens(corpus)
        part = Path(folder, "beginning.txt")
        taken = beginning(corpus, part, CHECK_TOKENS)
        systems = {model: check_systems(model, part, taken, options, pythons, folder) for model in options.models}
        for number, model in itertools.product(range(options.runs), options.models):
            for dim, threads, system in itertools.product(options.dims, options.threads, systems[model]):
                save = str(Path(folder, peers.saved_name(system)))
                job = {"system": system, "model": model, "lr": peers.default_lr(system, model), "corpus": corpus}
                job |= {"dim": dim, "threads": threads, "epochs": epochs, "save": save}
                job["end_to_end"] = options.end_to_end
                runs.append({"round": number} | timed(job, options, pythons, tokens * epochs))
                rate = runs[-1]["tokens_per_second"]
                talk(f"round {number + 1}: {model}, {system}, dim {dim}, threads {threads}: {rate:,.0f} tokens/s")
                if options.json:
                    options.json.write_text(json.dumps(runs, indent=1))
    what = "a whole process: start, read, count, train, save" if options.end_to_end else "training only"
    print(f"{tokens:,} tokens, epochs: {epochs}; {what}; medians of {options.runs} interleaved runs\n")
    print_table(runs, options)
    print(f"\n{machine(load_before)}\n\n    {shlex.join(['python', *sys.argv])}")


def print_table(runs: list[peers.Job], options: argparse.Namespace) -> None:
    def of(model: str, system: str, dim: int, threads: int) -> list[peers.Job]:
        """The runs of a row of the table, in the order of the rounds."""
        key = {"model": model, "system": system, "dim": dim, "threads": threads}
        return [run for run in runs if key.items() <= run.items()]

    def ratio(mine: list[peers.Job], other: list[peers.Job]) -> str:
        """The median of the ratios of runs in the same round."""
        pairs = zip(mine, other, strict=True)
        rates = [a["tokens_per_second"] / b["tokens_per_second"] for a, b in pairs] if other else []
        return f"{statistics.median(rates):.2f}" if rates else "–"

    least = min(options.threads)
    present = [peer for peer in options.peers if any(run["system"] == peer for run in runs)]
    head = ["model", "system", "version", "lr", "dim", "threads", "seconds", "tokens/s", "min–max"]
    head += [f"÷ {peer}" for peer in present] + [f"÷ {least} thread" + "s" * (least > 1)]
    print("|", " | ".join(head), "|")
    print("|---" * len(head) + "|")
    for model, dim, threads in itertools.product(options.models, options.dims, options.threads):
        for system in dict.fromkeys(run["system"] for run in runs if run["model"] == model):
            row = of(model, system, dim, threads)
            rates = [run["tokens_per_second"] for run in row]
            cells = [model, system, row[0]["version"], row[0]["lr"], dim, threads]
            cells += [f"{statistics.median(run['seconds'] for run in row):.2f}"]
            cells += [f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f}–{max(rates):,.0f}"]
            cells += [ratio(row, of(model, peer, dim, threads)) for peer in present]
            print("|", " | ".join(map(str, [*cells, ratio(row, of(model, system, dim, least))])), "|")


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
