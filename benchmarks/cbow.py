"""CBOW with the gradient of its loss, and with the division by the window left out. Prints a Markdown table.

    python benchmarks/cbow.py CORPUS --eval-dir DIR [--rates 0.025 0.05 0.1 0.15] [--seeds 1 2] [--epochs 5] [--dim 100]

The hidden vector is the mean of a window's n vectors. Its gradient gives each of them 1/n; the undivided step, which is
that of other programs, gives each the whole. All else is the same: negative sampling, window 5 (shrinking), 5
negatives, subsample 1e-3, min_count 5, one thread. Scores are those of benchmarks/quality.py, from the same files.
Nothing here is timed.
"""

import argparse
import dataclasses
import statistics
import sys
from pathlib import Path

import quality

from firth.corpus.encode import Corpus, build_corpus
from firth.evaluate import evaluate
from firth.settings import make_config
from firth.sgd.tables import Kernel
from firth.sgd.trainer import SgdTrainer


def scores(corpus: Corpus, settings: dict[str, float], divided: bool, eval_dir: Path) -> list[float]:
    """The four scores times 100 and the loss of the last epoch."""
    trainer = SgdTrainer(corpus, make_config({"architecture": "cbow", "threads": 1} | settings))
    if not divided:
        trainer._kernel = Kernel(dataclasses.replace(trainer._kernel.tables, update="undivided"))
    trainer.run(lambda progress: None)
    results = evaluate(trainer.vectors(), [eval_dir / file for file in quality.FILES]).results
    rows = {row.benchmark: row.score.value for row in results if row.part == "whole"}
    found = [rows[name] for name in quality.BENCHMARKS]
    return [float("nan") if score is None else 100 * score for score in found] + [trainer.state.history[-1]["loss"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.025, 0.05, 0.1, 0.15])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--dim", type=int, default=100)
    options = parser.parse_args()
    print(f"| lr | step | {' | '.join(quality.BENCHMARKS.values())} | loss |\n|---|---|---|---|---|---|---|")
    with build_corpus(options.corpus) as corpus:
        for rate in options.rates:
            for divided in (True, False):
                name = "gradient" if divided else "undivided"
                runs = []
                for seed in options.seeds:
                    settings = {"lr": rate, "seed": seed, "epochs": options.epochs, "dim": options.dim}
                    runs.append(scores(corpus, settings, divided, options.eval_dir))
                    print(f"lr {rate:g}, {name}, seed {seed}: {runs[-1]}", file=sys.stderr, flush=True)
                *means, loss = [statistics.fmean(column) for column in zip(*runs, strict=True)]
                print(f"| {rate:g} | {name} | {quality.cells(means)} | {loss:.4f} |", flush=True)


if __name__ == "__main__":
    main()
