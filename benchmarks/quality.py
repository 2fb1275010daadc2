"""How good firth's vectors are, beside the peers' with the same settings. Prints a Markdown table.

    python benchmarks/quality.py CORPUS --eval-dir DIR --out DIR [--models skipgram-ns] [--systems gensim firth]
                                 [--lr SYSTEM=RATE ...] [--seeds 1 2] [--epochs 5] [--dim 100] [--threads 1]
                                 [--python gensim=/path/to/python]

Each seed trains each model with each system and with firth on twice the threads too: window 5 (shrinking), 5 negatives
(or hierarchical softmax), subsample 1e-3, min_count 5, n-grams of 3 to 6 characters in 2 million buckets where words
have subwords. With negative sampling and skip-gram, firth is two systems: negatives shared by the pairs of a window,
and one set a pair. Every --lr is a row of its own; without one the rate is that of peers.default_lr. gensim's subwords
are not compared. fastText's wheel takes no seed and runs once, whatever --seeds says.

DIR of --eval-dir holds wordsim353.tsv, men.tsv, simlex999.tsv and questions-words.txt. One piece of code,
firth.evaluate, scores all: Spearman's correlation with people's ratings, and the share of analogies answered (3CosAdd
over the whole vocabulary, questions with all four words in it), times 100. A mean over few seeds is not exact: the 95%
intervals of each score are in the JSON files. The seconds are of training alone and of single runs: benchmarks/speed.py
measures.

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
    name = f"{job['system']}-{job['model']}-lr{job['lr']:g}-dim{job['dim']}-epochs{job['epochs']}"
    name += f"-threads{job['threads']}-seed{job['seed']}"
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
    for row in evaluate(vectors, [eval_dir / file for file in FILES]).results:
        if row.part == "whole":
            interval = {"low": row.score.low, "high": row.score.high, "used": row.answered, "total": row.asked}
            result["scores"][row.benchmark] = {"score": row.score.value} | interval
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
    head = "model | system | version | lr | threads | seed"
    print(f"| {head} | {' | '.join(BENCHMARKS.values())} | loss by epoch, nats a pair | training, s |")
    print("|---" * 12 + "|")
    for name, results in groups.items():
        for result in results:
            losses = " ".join(f"{loss:.4f}" for loss in result.get("losses", ())) or "–"
            seed = "–" if result["system"] == "fasttext" else result["seed"]
            print(f"| {name} | {seed} | {cells(scores(result))} | {losses} | {result['seconds']:.0f} |")
    for name, results in groups.items():
        means = [statistics.fmean(column) for column in zip(*map(scores, results), strict=True)]
        seconds = statistics.fmean(result["seconds"] for result in results)
        print(f"| {name} | mean | {cells(means)} | | {seconds:.0f} |")


def rows(options: argparse.Namespace, rates: dict[str, list[float]]) -> list[peers.Job]:
    """What differs from row to row of the table, except the seed."""
    found = []
    for model in options.models:
        for family in options.systems:
            systems = [(system, options.threads) for system in peers.systems(family, model)]
            if family == "firth":
                systems.append((systems[0][0], 2 * options.threads))
            for system, threads in systems:
                for lr in rates.get(family) or [peers.default_lr(system, model)]:
                    found.append({"model": model, "system": system, "lr": lr, "threads": threads})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["skipgram-ns"], choices=peers.MODELS)
    parser.add_argument("--systems", nargs="+", default=["gensim", "firth"], choices=peers.FAMILIES)
    parser.add_argument("--lr", action="append", default=[], metavar="SYSTEM=RATE", help="may be given several times")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    peers.add_python_option(parser)
    options = parser.parse_args()
    pythons = peers.parse_pythons(parser, options.python)
    rates = peers.parse_rates(parser, options.lr)
    if not Path(options.corpus).is_file():
        parser.error(f"{options.corpus}: expected a plain text file")
    missing = [file for file in FILES if not (options.eval_dir / file).exists()]
    if missing:
        parser.error(f"--eval-dir {options.eval_dir}: has no {', '.join(missing)}")
    options.out.mkdir(parents=True, exist_ok=True)

    settings = {"corpus": options.corpus, "corpus_bytes": os.path.getsize(options.corpus)}
    settings |= {"dim": options.dim, "epochs": options.epochs}
    groups: dict[str, list[peers.Job]] = {}
    for seed in options.seeds:
        for row in rows(options, rates):
            if row["system"] == "fasttext" and seed != options.seeds[0]:
                continue  # the wheel takes no seed: the same vectors again
            result = measured(row | {"seed": seed} | settings, options.out, options.eval_dir, pythons)
            group = (result[key] for key in ("model", "system", "version", "lr", "threads"))
            groups.setdefault(" | ".join(map(str, group)), []).append(result)
    if not groups:
        parser.error("none of these systems trains any of these models")
    print_table(groups)
    first = next(iter(groups.values()))[0]
    used = [f"{BENCHMARKS[name]} {row['used']:,} of {row['total']:,}" for name, row in first["scores"].items()]
    print(f"\nDimension {options.dim}, {options.epochs} epochs, {first['words']:,} words; used: {', '.join(used)}.")


def talk(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
