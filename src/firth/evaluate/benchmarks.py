"""Benchmarks of word vectors: word similarity and analogies, each score with its 95% interval.

Words are looked up as written and then lower-cased. Pairs and questions with a word that has no vector are
left out; `used` and `total` say how many.
"""

import dataclasses
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError, FormatError
from firth.vectors.container import WordVectors
from firth.vectors.queries import nearest, scaled, three_cos_add

AnyPath = str | os.PathLike[str]
Pair = tuple[str, str, float]
Question = tuple[str, str, str, str]

DATA = Path(__file__).parents[1] / "data"
BUNDLED = (DATA / "wordsim353.tsv", DATA / "rg-65.tsv", DATA / "questions-words.txt")

NORMAL_95 = 1.959963984540054
"""The 97.5% point of the normal distribution."""

QUESTIONS_AT_ONCE = 2**13
"""Analogies whose query vectors are in memory together."""


@dataclasses.dataclass(frozen=True)
class Result:
    """One row of an evaluation.

    kind: "similarity", score the Spearman correlation with people's ratings (-1 to 1), or "analogy", score
    the share of right answers (0 to 1). low, high: the 95% interval. used: the items whose words all have
    vectors, of `total`. score is None where too few items are left to have one, low and high likewise.
    """

    name: str
    kind: str
    score: float | None
    low: float | None
    high: float | None
    used: int
    total: int


def evaluate(vectors: WordVectors, files: Sequence[AnyPath] | None = None) -> list[Result]:
    """The results on benchmark files, or on the bundled ones: WordSim-353, RG-65 and Google's analogies.

    A file that ends in .tsv holds similarities (`read_similarities`), any other analogies (`read_analogies`),
    which give one result for all questions and then one for each section. Raises FormatError.
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
    """The lines "word1<TAB>word2<TAB>score" of a UTF-8 file. Raises FormatError with file and line."""
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
    """The questions of each section of a UTF-8 file of the form of questions-words.txt, in order.

    ": name" begins a section, any other line is one question, "a b c d": a is to b as c is to d. Raises
    FormatError with file and line.
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
    """Spearman's correlation of the cosines of `pairs` with their ratings.

    The interval is Fisher's z with the variance (1 + ρ²/2) / (n - 3) of Bonett and Wright (2000).
    """
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
    """The share of questions whose fourth word is the first answer, in all and by section.

    3CosAdd over the whole vocabulary but the three words asked with, as `WordVectors.analogy`. The intervals
    are Wilson's (1927).
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


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Spearman's ρ, the correlation of the ranks, equal values sharing their mean rank; None if undefined."""
    middle = (len(x) + 1) / 2
    a, b = _ranks(x) - middle, _ranks(y) - middle
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return max(-1.0, min(1.0, float(a @ b) / spread)) if spread > 0 else None


def spearman_interval(score: float, n: int) -> tuple[float | None, float | None]:
    """The 95% interval of the ρ of n pairs: tanh(atanh ρ ± 1.96 √((1 + ρ²/2) / (n - 3))); None if n < 4."""
    if n < 4:
        return None, None
    if abs(score) == 1:
        return score, score
    reach = NORMAL_95 * math.sqrt((1 + score**2 / 2) / (n - 3))
    return math.tanh(math.atanh(score) - reach), math.tanh(math.atanh(score) + reach)


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share of `right` among n > 0."""
    share, z2 = right / n, NORMAL_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach))


def _answered(vectors: WordVectors, asked: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each row (a, b, c, d) of word ids whether d is the first answer to "a is to b as c is to ?"."""
    unit, right = vectors.unit, np.zeros(len(asked), dtype=np.bool_)
    for start in range(0, len(asked), QUESTIONS_AT_ONCE):
        block = asked[start : start + QUESTIONS_AT_ONCE]
        queries = three_cos_add(*(scaled(vectors.center[words]) for words in block[:, :3].T))
        answers = nearest(vectors.center, unit, queries, block[:, :3], 1)
        right[start : start + QUESTIONS_AT_ONCE] = [d in ids for d, (ids, _) in zip(block[:, 3], answers, strict=True)]
    return right


def _share(name: str, right: npt.NDArray[np.bool_], total: int) -> Result:
    if not len(right):
        return Result(name, "analogy", None, None, None, 0, total)
    low, high = wilson_interval(int(right.sum()), len(right))
    return Result(name, "analogy", float(right.mean()), low, high, len(right), total)


def _known(vectors: WordVectors, word: str) -> str | None:
    return next((form for form in (word, word.lower()) if form in vectors), None)


def _ranks(values: Sequence[float]) -> npt.NDArray[np.float64]:
    _, place, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])


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
