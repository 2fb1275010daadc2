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
from firth.evaluate import Analogies, Similarity, evaluate, read

SIMILARITIES = {"wordsim353": "WordSim-353", "men": "MEN", "simlex999": "SimLex-999"}
NAMES = [*SIMILARITIES.values(), "analogies"]
CHOOSING, REPORTED = 0, 1
MOST_WORDS = 30_000


class Halves:
    """The evaluation sets of a folder, each in two halves."""

    def __init__(self, folder: Path) -> None:
        self._pairs = []
        for name in SIMILARITIES:
            rated = read(folder / f"{name}.tsv", "similarity")
            self._pairs.append(halved(list(zip(rated.pairs, rated.ratings, strict=True))))
        sections = read(folder / "questions-words.txt", "analogy").sections
        self._questions = halved([question for questions in sections.values() for question in questions])

    def scores(self, vectors: WordVectors) -> list[list[float]]:
        """The scores of NAMES, times 100, on both halves; NaN where too few words have vectors."""
        found = []
        for half in (CHOOSING, REPORTED):
            rated = [zip(*pairs[half], strict=True) for pairs in self._pairs]
            similarities = [Similarity("", list(pairs), list(ratings)) for pairs, ratings in rated]
            questions = Analogies("", {"": self._questions[half]})
            results = [*evaluate(vectors, similarities).results]
            results += evaluate(vectors, [questions], most_frequent=MOST_WORDS).results
            values = [one.score.value for one in results]
            found.append([float("nan") if value is None else 100 * value for value in values])
        return found


def halved(rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The rows in two halves, the same in every run."""
    shuffled = random.Random(1).sample(rows, len(rows))
    return shuffled[::2], shuffled[1::2]
