"""Benchmarks of word vectors: files of word similarities and analogies, read and scored with 95% intervals.

Words are looked up as written, then in lower case. Pairs and questions with a word that has no vector are left out;
each result has the number of items used and their total.
"""

import dataclasses
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError, FormatError
from firth.evaluate.statistics import spearman, spearman_interval, wilson_interval
from firth.vectors.container import WordVectors
from firth.vectors.directions import scaled
from firth.vectors.queries import answers_by_addition

AnyPath = str | os.PathLike[str]
Pair = tuple[str, str, float]
Question = tuple[str, str, str, str]

DATA = Path(__file__).parents[1] / "data"
BUNDLED = (DATA / "wordsim353.tsv", DATA / "rg-65.tsv", DATA / "questions-words.txt")


@dataclasses.dataclass(frozen=True)
class Result:
    """The score of one benchmark, or of one section of it.

    name: of the file, and of the section. kind: "similarity" or "analogy". score: for similarity, the Spearman
    correlation with people's ratings (-1 to 1); for analogy, the share of right answers (0 to 1). low, high: its 95%
    interval. used: the number of items whose words all have vectors, of `total`. score, low and high are None where
    too few items are used.
    """

    name: str
    kind: str
    score: float | None
    low: float | None
    high: float | None
    used: int
    total: int


def evaluate(vectors: WordVectors, files: Sequence[AnyPath] | None = None) -> list[Result]:
    """Score vectors on benchmark files, by default the bundled ones: WordSim-353, RG-65 and Google's analogies.

    files: paths. A file whose name ends in .tsv holds similarities (`read_similarities`), any other holds analogies
    (`read_analogies`). Similarities give one result; analogies give one for all questions, then one for each section.
    Raises FormatError for a file that cannot be read, ConfigError for one path instead of a list.
    """
    if isinstance(files, str | os.PathLike):
        raise ConfigError(f"files is {os.fspath(files)!r}: expected a list of paths")
    results = []
    for path in map(Path, BUNDLED if files is None else files):
        if path.suffix == ".tsv":
            results.append(score_similarities(vectors, path.stem, read_similarities(path)))
        else:
            results += score_analogies(vectors, path.stem, read_analogies(path))
    return results


def read_similarities(path: AnyPath) -> list[Pair]:
    """The (word, word, rating) of each line "word<TAB>word<TAB>rating" of a UTF-8 file.

    Raises FormatError, which names the file and the line.
    """
    pairs = []
    for where, line in _lines(path):
        fields = line.split("\t")
        try:
            first, second, score = fields[0].strip(), fields[1].strip(), float(fields[2])
            if len(fields) != 3 or not (first and second and math.isfinite(score)):
                raise ValueError
        except (ValueError, IndexError):
            raise FormatError(f"{where}: {line[:80]!r}: expected word, tab, word, tab, number") from None
        pairs.append((first, second, score))
    if not pairs:
        raise FormatError(f"{path}: no line: expected word, tab, word, tab, number on each")
    return pairs


def read_analogies(path: AnyPath) -> dict[str, list[Question]]:
    """The questions of each section of a UTF-8 file in the format of questions-words.txt, in order.

    A line ": name" begins a section. Any other line "a b c d" is a question: a is to b as c is to d.
    Raises FormatError, which names the file and the line.
    """
    sections: dict[str, list[Question]] = {}
    section = None
    for where, line in _lines(path):
        fields = line.split()
        if fields[0].startswith(":"):
            section = sections.setdefault(line.strip()[1:].strip(), [])
        elif section is None:
            raise FormatError(f"{where}: {line[:80]!r}: expected ': name of a section' before the first question")
        elif len(fields) != 4:
            raise FormatError(f"{where}: {line[:80]!r}: expected four words or ': name of a section'")
        else:
            section.append((fields[0], fields[1], fields[2], fields[3]))
    if not any(sections.values()):
        raise FormatError(f"{path}: no question: expected sections of lines of four words")
    return sections


def score_similarities(vectors: WordVectors, name: str, pairs: Sequence[Pair]) -> Result:
    """The Spearman correlation of the cosines of `pairs` with their ratings, with its `spearman_interval`."""
    cosines, ratings = [], []
    for first, second, rating in pairs:
        a, b = _known(vectors, first), _known(vectors, second)
        if a is not None and b is not None:
            cosines.append(vectors.similarity(a, b))
            ratings.append(rating)
    score = spearman(cosines, ratings)
    low, high = (None, None) if score is None else spearman_interval(score, len(cosines))
    return Result(name, "similarity", score, low, high, len(cosines), len(pairs))


def score_analogies(vectors: WordVectors, name: str, sections: dict[str, list[Question]]) -> list[Result]:
    """The share of questions whose fourth word is the first answer: of all questions, then of each section.

    The answer is found by 3CosAdd, as in `WordVectors.analogy`: among all words except the first three. The intervals
    are those of Wilson (1927).
    """
    ids = {word: i for i, word in enumerate(vectors.words)}
    results, rights = [], []
    for section, questions in sections.items():
        known = [[_known(vectors, word) for word in question] for question in questions]
        asked = [[ids[word] for word in question if word is not None] for question in known if None not in question]
        right = _answered(vectors, np.array(asked, dtype=np.int64).reshape(-1, 4))
        rights.append(right)
        results.append(_share(f"{name}: {section}", right, len(questions)))
    return [_share(name, np.concatenate(rights), sum(map(len, sections.values()))), *results]


def _answered(vectors: WordVectors, asked: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each row (a, b, c, d) of word ids whether d is the first answer to "a is to b as c is to ?"."""
    words, places = np.unique(asked[:, :3], return_inverse=True)
    terms = scaled(vectors.center[words])
    answers = answers_by_addition(vectors.directions, terms, places.reshape(-1, 3), asked[:, :3], 1)
    return np.array([d in ids for d, (ids, _) in zip(asked[:, 3], answers, strict=True)], np.bool_)


def _share(name: str, right: npt.NDArray[np.bool_], total: int) -> Result:
    if not len(right):
        return Result(name, "analogy", None, None, None, 0, total)
    low, high = wilson_interval(int(right.sum()), len(right))
    return Result(name, "analogy", float(right.mean()), low, high, len(right), total)


def _known(vectors: WordVectors, word: str) -> str | None:
    return next((form for form in (word, word.lower()) if form in vectors), None)


def _lines(path: AnyPath) -> Iterator[tuple[str, str]]:
    """("file, line n", line) of every line that is not blank."""
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                where = f"{path}, line {number}"
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
                except UnicodeDecodeError:
                    raise FormatError(f"{where}: {line[:80]!r}: expected UTF-8") from None
                if text.strip():
                    yield where, text
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror}; expected a benchmark file") from None
