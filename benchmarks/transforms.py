"""What the transforms of firth.vectors.transforms do to the scores of word vectors. Prints a Markdown table.

    python benchmarks/transforms.py CORPUS --eval-dir DIR [--seeds 1 2] [--dim 100] [--epochs 5] [--threads 1]

Trains skip-gram with negative sampling for each seed, with the defaults but for what is given, and scores the vectors
as trained and after each transform; `align` rotates each seed's vectors onto those of the seed before. DIR holds the
files of BENCHMARKS. One column a set: Spearman's correlation with people's ratings, or the share of analogies answered
(3CosAdd over all words), times 100; means over the seeds. The row below them is by how much the seeds differ, as a
measure of chance. All rows use the same pairs and questions but that of fewer words, which has no mean therefore.

Two seeds have learned from the same text, so no word changed its meaning. The second table is how far words move all
the same, when one seed is aligned with the other: the cosines of the words that are most frequent.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import firth
from firth import WordVectors
from firth.evaluate import evaluate
from firth.vectors import transforms
from firth.vectors.alignment import align

BENCHMARKS = {
    "wordsim353.tsv": "WordSim-353",
    "wordsim353-sim.tsv": "WS similarity",
    "wordsim353-rel.tsv": "WS relatedness",
    "men.tsv": "MEN",
    "simlex999.tsv": "SimLex-999",
    "rg-65.tsv": "RG-65",
    "rw.tsv": "Rare words",
    "questions-words.txt": "analogies",
}
MOST_WORDS = 10_000


def scores(vectors: WordVectors, folder: Path) -> list[tuple[float, int]]:
    """(score times 100, pairs or questions used) of each benchmark."""
    whole = [row for row in evaluate(vectors, [folder / file for file in BENCHMARKS]).results if row.part == "whole"]
    return [(float("nan") if row.score.value is None else 100 * row.score.value, row.answered) for row in whole]


def halves(vectors: WordVectors) -> WordVectors:
    """The vectors rounded to float16."""
    rounded = vectors.center.astype(np.float16).astype(np.float32)
    return WordVectors(**{**vectors.parts(), "center": rounded, "norms": None})


def rows(dim: int, other: WordVectors) -> dict[str, Callable[[WordVectors], WordVectors]]:
    """The transforms by what the table calls them; `other` is what is aligned with."""
    t = transforms
    found: dict[str, Callable[[WordVectors], WordVectors]] = {
        "as trained": lambda v: v,
        "`plus_outside()`": t.plus_outside,
        "`centered()`": t.centered,
    }
    for components in sorted({max(1, round(dim / 100)), 2, 3, 5}):
        found[f"`without_top({components})`"] = lambda v, n=components: t.without_top(v, n)
    found["`plus_outside()`, `without_top(1)`"] = lambda v: t.without_top(t.plus_outside(v), 1)
    found["`plus_outside()`, `without_top(3)`"] = lambda v: t.without_top(t.plus_outside(v), 3)
    for smaller in (3 * dim // 4, dim // 2, dim // 4):
        found[f"`reduced({smaller})`"] = lambda v, n=smaller: t.reduced(v, n)
    found["`normalized()`"] = t.normalized
    found["`align(other)`"] = lambda v: align(v, other).vectors
    found["float16"] = halves
    found[f"`most_frequent({MOST_WORDS})`"] = lambda v: t.most_frequent(v, MOST_WORDS)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    missing = [file for file in BENCHMARKS if not (options.eval_dir / file).exists()]
    if missing:
        parser.error(f"--eval-dir {options.eval_dir}: has no {', '.join(missing)}")
    settings = {"dim": options.dim, "epochs": options.epochs, "threads": options.threads, "quiet": True}
    trained = [firth.train(options.corpus, seed=seed, **settings) for seed in options.seeds]
    found: dict[str, list[list[tuple[float, int]]]] = {}
    for i, vectors in enumerate(trained):
        for name, transform in rows(options.dim, trained[i - 1]).items():
            found.setdefault(name, []).append(scores(transform(vectors), options.eval_dir))
            print(f"seed {options.seeds[i]}, {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    print_scores(found)
    print(f"\nDimension {options.dim}, {options.epochs} epochs, {len(trained[0]):,} words.\n")
    print_movement(trained[-1], trained[0])


def print_scores(found: dict[str, list[list[tuple[float, int]]]]) -> None:
    print(f"| transform | {' | '.join(BENCHMARKS.values())} | mean |\n{'|---' * (len(BENCHMARKS) + 2)}|")
    used = [n for _, n in found["as trained"][0]]
    for name, runs in found.items():
        means = [statistics.fmean(score for score, _ in column) for column in zip(*runs, strict=True)]
        mean = f"{statistics.fmean(means):.1f}" if [n for _, n in runs[0]] == used else "–"
        print(f"| {name} | {cells(means)} | {mean} |")
    columns = [[score for score, _ in column] for column in zip(*found["as trained"], strict=True)]
    print(f"| between seeds, as trained | {cells([max(column) - min(column) for column in columns])} | – |")
    for name in ("as trained", f"`most_frequent({MOST_WORDS})`"):
        numbers = zip(BENCHMARKS.values(), found[name][0], strict=True)
        print(f"\nUsed, {name}: {', '.join(f'{benchmark} {n:,}' for benchmark, (_, n) in numbers)}.")


def print_movement(vectors: WordVectors, other: WordVectors) -> None:
    """How far words move between two seeds, by their frequency."""
    alignment = align(vectors, other)
    print("| words | 1% below | median | 1% above |\n|---|---|---|---|")
    for among in (1_000, 10_000, len(vectors)):
        cosines = [cosine for _, cosine in alignment.moved(among, among=among)]
        print(f"| the {among:,} most frequent | {cells(np.quantile(cosines, [0.01, 0.5, 0.99]).tolist(), 2)} |")


def cells(values: list[float], digits: int = 1) -> str:
    return " | ".join(f"{value:.{digits}f}" for value in values)


if __name__ == "__main__":
    main()
