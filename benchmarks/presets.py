"""What the presets for text gain over the defaults. Prints a Markdown table.

    python benchmarks/presets.py CORPUS --eval-dir DIR [--presets similarity analogies] [--seeds 1 2] [--threads 1]

Scores are those of benchmarks/halves.py: one half of each evaluation set chose the settings, the figures are those of
the other, means over the seeds. `similarity` is the mean of WordSim-353, MEN and SimLex-999. The seconds are of
training. benchmarks/items.py measures `items`.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

from halves import NAMES, REPORTED, Halves

import firth
from firth.settings import PRESETS


def measured(corpus: str, halves: Halves, settings: dict[str, Any]) -> list[float]:
    """The scores that are reported, their mean without analogies, and the seconds of training."""
    vectors = firth.train(corpus, quiet=True, **settings)
    *similarities, analogies = halves.scores(vectors)[REPORTED]
    seconds = sum(epoch["seconds"] for epoch in vectors.history)
    return [*similarities, analogies, statistics.fmean(similarities), seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--presets", nargs="+", default=["similarity", "analogies"], choices=PRESETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    halves = Halves(options.eval_dir)
    print(f"| settings | {' | '.join(NAMES)} | similarity | training, s |\n{'|---' * (3 + len(NAMES))}|")
    for preset in (None, *options.presets):
        settings = {"preset": preset, "threads": options.threads}
        runs = [measured(options.corpus, halves, settings | {"seed": seed}) for seed in options.seeds]
        *scores, seconds = [statistics.fmean(column) for column in zip(*runs, strict=True)]
        cells = " | ".join(f"{score:.1f}" for score in scores)
        print(f"| {preset or 'defaults'} | {cells} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
