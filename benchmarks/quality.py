"""How good firth's vectors are, beside gensim's with the same settings. Prints a Markdown table.

    python benchmarks/quality.py CORPUS --eval-dir DIR --out DIR [--seeds 1 2] [--epochs 5] [--dim 100] [--threads 1]
                                 [--python gensim=/path/to/python]

Each seed trains gensim, firth (shared negatives), firth (one set of negatives a pair) and firth with twice the
threads: skip-gram, window 5 (shrinking), 5 negatives, subsample 1e-3, min_count 5, learning rate 0.025. DIR of
--eval-dir holds wordsim353.tsv, men.tsv, simlex999.tsv and questions-words.txt. One piece of code, firth.evaluate,
scores all: Spearman's correlation with people's ratings, and the share of analogies answered (3CosAdd over the whole
vocabulary, questions with all four words in it), times 100. A mean over few seeds is not exact: the 95% intervals of
each score are in the JSON files. The seconds are of training alone and of single runs: benchmarks/speed.py measures.

Results and vectors stay in the folder --out, so that an interrupted run goes on where it was; a result is used
again only if corpus (by name and size) and settings are the same. Delete the folder after a change of the code.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import peers

from firth.evaluate import evaluate

BENCHMARKS = {"wordsim353": "WordSim-353", "men": "MEN", "simlex999": "SimLex-999", "questions-words": "analogies"}
FILES = ("wordsim353.tsv", "men.tsv", "simlex999.tsv", "questions-words.txt")


def measured(job: peers.Job, out: Path, eval_dir: Path, pythons: dict[str, str]) -> peers.Job:
    """What the system reports of the job and its scores, from the folder `out` or else from a run."""
    name = f"{job['system']}-dim{job['dim']}-epochs{job['epochs']}-threads{job['threads']}-seed{job['seed']}"
    result_path = out / f"{name}.json"
    if result_path.exists():
        result: peers.Job = json.loads(result_path.read_text())
        if all(result.get(key) == value for key, value in job.items()):
            talk(f"{name}: from {result_path}")
            return result
    vectors_path = out / name / peers.saved_name(job["system"])
    vectors_path.parent.mkdir(exist_ok=True)
    try:
        result = peers.run(job | {"save": str(vectors_path)}, pythons)
    except peers.PeerError as error:
        sys.exit(str(error))
    vectors = peers.load(vectors_path)
    result["words"], result["scores"] = len(vectors), {}
    for row in evaluate(vectors, [eval_dir / file for file in FILES]):
        if row.name in BENCHMARKS:
            interval = {"low": row.low, "high": row.high, "used": row.used, "total": row.total}
            result["scores"][row.name] = {"score": row.score} | interval
    unfinished = result_path.with_suffix(".part")
    unfinished.write_text(json.dumps(result, indent=1))
    unfinished.replace(result_path)
    talk(f"{name}: {cells(scores(result))}; {result['seconds']:.0f} s")
    return result


def scores(result: peers.Job) -> list[float]:
    """The four scores times 100; NaN where too few words have vectors."""
    values = [result["scores"][name]["score"] for name in BENCHMARKS]
    return [float("nan") if value is None else 100 * value for value in values]


def cells(values: list[float]) -> str:
    return " | ".join(f"{value:.1f}" for value in values)


def print_table(groups: dict[str, list[peers.Job]]) -> None:
    print(f"| system | seed | {' | '.join(BENCHMARKS.values())} | loss by epoch, nats a pair | training, s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, results in groups.items():
        for result in results:
            losses = " ".join(f"{loss:.4f}" for loss in result.get("losses", ())) or "–"
            print(f"| {name} | {result['seed']} | {cells(scores(result))} | {losses} | {result['seconds']:.0f} |")
    for name, results in groups.items():
        means = [statistics.fmean(column) for column in zip(*map(scores, results), strict=True)]
        seconds = statistics.fmean(result["seconds"] for result in results)
        print(f"| **{name}** | mean | {cells(means)} | | {seconds:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    peers.add_python_option(parser)
    options = parser.parse_args()
    pythons = peers.parse_pythons(parser, options.python)
    if not Path(options.corpus).is_file():
        parser.error(f"{options.corpus}: expected a plain text file")
    missing = [file for file in FILES if not (options.eval_dir / file).exists()]
    if missing:
        parser.error(f"--eval-dir {options.eval_dir}: has no {', '.join(missing)}")
    options.out.mkdir(parents=True, exist_ok=True)

    systems = [(system, options.threads) for system in ("gensim", "firth-shared", "firth-per-pair")]
    systems.append(("firth-shared", 2 * options.threads))
    settings = {"corpus": options.corpus, "corpus_bytes": os.path.getsize(options.corpus)}
    settings |= {"dim": options.dim, "epochs": options.epochs}
    groups: dict[str, list[peers.Job]] = {}
    for seed in options.seeds:
        for system, threads in systems:
            job = {"system": system, "threads": threads, "seed": seed} | settings
            result = measured(job, options.out, options.eval_dir, pythons)
            groups.setdefault(f"{system} {result['version']}, threads: {threads}", []).append(result)
    print_table(groups)
    first = next(iter(groups.values()))[0]
    used = [f"{BENCHMARKS[name]} {row['used']:,} of {row['total']:,}" for name, row in first["scores"].items()]
    print(f"\nDimension {options.dim}, {options.epochs} epochs, {first['words']:,} words; used: {', '.join(used)}.")


def talk(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
