"""The scores of vectors on each half of the evaluation sets: choose settings on one half, report on the other.

DIR holds wordsim353.tsv, men.tsv, simlex999.tsv and questions-words.txt. The rows of each are shuffled with a fixed
seed; every second one is in the first half, which chooses, the others are in the second, which reports. Analogies are
asked among the 30,000 most frequent words.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firth import WordVectors
from firth.evaluate import benchmarks

SIMILARITIES = {"wordsim353": "WordSim-353", "men": "MEN", "simlex999": "SimLex-999"}
NAMES = [*SIMILARITIES.values(), "analogies"]
CHOOSING, REPORTED = 0, 1
MOST_WORDS = 30_000


class Halves:
    """The evaluation sets of a folder, each in two halves."""

    def __init__(self, folder: Path) -> None:
        pairs = [benchmarks.read_similarities(folder / f"{name}.tsv") for name in SIMILARITIES]
        sections = benchmarks.read_analogies(folder / "questions-words.txt")
        self._pairs = [halved(rows) for rows in pairs]
        self._questions = halved([question for questions in sections.values() for question in questions])

    def scores(self, vectors: WordVectors) -> list[list[float]]:
        """The scores of NAMES, times 100, on both halves; NaN where too few words have vectors."""
        n = MOST_WORDS
        frequent = WordVectors(vectors.words[:n], vectors.counts[:n], vectors.center[:n], None, {}, [])
        found = []
        for half in (CHOOSING, REPORTED):
            results = [benchmarks.score_similarities(vectors, "", pairs[half]) for pairs in self._pairs]
            results.append(benchmarks.score_analogies(frequent, "", {"": self._questions[half]})[0])
            found.append([float("nan") if one.score is None else 100 * one.score for one in results])
        return found


def halved(rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The rows in two halves, the same in every run."""
    shuffled = random.Random(1).sample(rows, len(rows))
    return shuffled[::2], shuffled[1::2]
