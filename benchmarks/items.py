"""How well vectors of items recommend: firth's defaults beside `preset="items"`. Prints a Markdown table.

    python benchmarks/items.py DIR [--epochs N ...] [--seeds 1 2]

DIR holds groceries.txt.xz (shopping baskets) and wikispeedia.paths.txt.xz (clicks from article to article), a sequence
a line. A fifth of the sequences is held out. One item of each, drawn at random, is to be found among all items that are
not in the sequence, ordered by the cosine with the mean of the others' vectors (of length 1). The figure is the
percentage of sequences whose item is among the first ten. `most frequent` puts the items in the order of their counts.

One half of the held-out sequences chose the preset's settings; the figures are those of the other half.
"""

import argparse
import lzma
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from halves import REPORTED, halved

import firth
from firth.settings import PRESETS

FIRST = 10
SEQUENCES = ("groceries", "wikispeedia.paths")


def sequences(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """The sequences to train on, and those held out."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip()]
    shuffled = random.Random(2).sample(lines, len(lines))
    return shuffled[len(lines) // 5 :], shuffled[: len(lines) // 5]


def questions(held_out: Sequence[list[str]], known: set[str]) -> Iterator[tuple[list[str], str]]:
    """(the other items, the item to find) of each sequence that has two different ones with vectors."""
    draw = random.Random(3)
    for sequence in held_out:
        items = sorted(set(sequence) & known)
        if len(items) > 1:
            answer = draw.choice(items)
            yield [item for item in items if item != answer], answer


def hits(scores_of: Callable[[list[int]], Any], words: Sequence[str], asked: Sequence[tuple[list[str], str]]) -> float:
    """The percentage of answers among the first ten words by score, the given ones left out."""
    ids = {word: i for i, word in enumerate(words)}
    right = 0
    for given, answer in asked:
        rows = [ids[item] for item in given]
        scores = scores_of(rows)
        right += np.count_nonzero(np.delete(scores, rows) >= scores[ids[answer]]) <= FIRST
    return float(100 * right / len(asked))


def mean_cosines(unit: Any, rows: list[int]) -> Any:
    """The cosines of all vectors with the mean of some, times its length."""
    return unit @ unit[rows].mean(axis=0)


def scores(folder: Path, settings: dict[str, Any]) -> dict[str, list[float]]:
    """The figures of each data set on both halves."""
    found = {}
    for name in SEQUENCES:
        learned, held_out = sequences(folder / f"{name}.txt.xz")
        vectors = firth.train(learned, **settings)
        cosines = partial(mean_cosines, vectors.normalized().center)
        asked = halved(list(questions(held_out, set(vectors.words))))
        found[name] = [hits(cosines, vectors.words, half) for half in asked]
    return found


def most_frequent(folder: Path, name: str, min_count: int) -> list[float]:
    """The same figures of the items in the order of their counts."""
    learned, held_out = sequences(folder / f"{name}.txt.xz")
    counts = Counter(item for sequence in learned for item in sequence)
    words = [word for word, count in counts.items() if count >= min_count]
    order = np.array([counts[word] for word in words])
    asked = halved(list(questions(held_out, set(words))))
    return [hits(lambda rows: order, words, half) for half in asked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--epochs", type=int, nargs="*", default=[], help="also the defaults with so many epochs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    systems: dict[str, dict[str, Any]] = {"defaults": {}}
    systems |= {f"defaults, {epochs} epochs": {"epochs": epochs} for epochs in options.epochs}
    systems["items"] = PRESETS["items"]
    print(f"| settings | {' | '.join(SEQUENCES)} |\n|---|---|---|")
    frequent = [f"{most_frequent(options.folder, name, 5)[REPORTED]:.1f}" for name in SEQUENCES]
    print(f"| most frequent | {' | '.join(frequent)} |")
    for system, settings in systems.items():
        runs = [scores(options.folder, settings | {"seed": seed, "quiet": True}) for seed in options.seeds]
        means = [statistics.fmean(run[name][REPORTED] for run in runs) for name in SEQUENCES]
        print(f"| {system} | {' | '.join(f'{mean:.1f}' for mean in means)} |")


if __name__ == "__main__":
    main()
