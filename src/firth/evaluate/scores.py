"""The scores of word vectors on benchmarks, with 95% intervals and with what was left out, and why."""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from firth.errors import ConfigError
from firth.evaluate import analogies, categories, odd, similarity
from firth.evaluate.answers import NO_VECTOR, RESTRICTED, Answers, Lookup
from firth.evaluate.checking import check, check_vectors, listed
from firth.evaluate.reading import BUNDLED, Analogies, Benchmark, Categories, OddOneOut, Similarity, read
from firth.evaluate.statistics import (
    FEWEST,
    RESAMPLES,
    SEED,
    Measure,
    in_majority,
    measured,
    pearson,
    pearsons,
    percentile_interval,
    resamples_of,
    share_interval,
    spearman,
    spearmans,
)
from firth.files.paths import AnyPath
from firth.vectors.container import WordVectors
from firth.vectors.directions import Doubles, Ids
from firth.vectors.rows import Progress, no_progress

SYNTACTIC = "gram"
"""How the names of syntactic sections begin, as in Google's set."""


@dataclasses.dataclass(frozen=True)
class Score:
    """One measure of the items that are answered.

    measure: "spearman" or "pearson" (-1 to 1), "accuracy" or "purity" (0 to 1). value: None where there is none, as of
    items with equal ratings. low, high: its 95% interval, None of fewer than 4 items. of_all: the share of all items,
    those left out being wrong; None for correlations and of no item. resamples: of its interval, fewer than usual for
    very many items; None where there is no interval.
    """

    measure: str
    value: float | None
    low: float | None
    high: float | None
    of_all: float | None
    resamples: int | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """The scores of a benchmark, or of a part of it.

    benchmark: its name. kind: "similarity", "analogy", "categories" or "odd". part: "whole", "semantic", "syntactic" or
    "section"; section: its name, else empty. scores: the first is the usual one. asked, answered: numbers of items.
    no_vector: items left out because a word has no vector; restricted: other items left out because a word is not
    among the most frequent. missing: the words without a vector, left_out: those that the restriction leaves out, each
    once, in the order of the file. note: how the file was read, where there was a choice.
    """

    benchmark: str
    kind: str
    part: str
    section: str
    scores: tuple[Score, ...]
    asked: int
    answered: int
    no_vector: int
    restricted: int
    missing: tuple[str, ...]
    left_out: tuple[str, ...]
    note: str

    @property
    def score(self) -> Score:
        """The usual score of this kind of benchmark: Spearman's correlation, accuracy or purity."""
        return self.scores[0]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The results of some vectors, and the rules by which they were found.

    words: the number of words of the vectors. ignore_case, most_frequent: as given. counted: whether the vectors have
    counts; without any their order says which words are the most frequent. resamples, seed: of the intervals; for
    correlations of very many items `Score.resamples` is less.
    """

    results: tuple[Result, ...]
    words: int
    ignore_case: bool
    most_frequent: int | None
    counted: bool
    resamples: int = RESAMPLES
    seed: int = SEED


def evaluate(
    vectors: WordVectors,
    files: Sequence[AnyPath | Benchmark] | None = None,
    *,
    kind: str | None = None,
    ignore_case: bool = False,
    most_frequent: int | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """The scores of vectors on benchmarks, by default the bundled ones.

    These are WordSim-353, its pairs of similar and of related words, RG-65 and Google's analogies.

    files: paths, or benchmarks that `read` returned. kind: of the files, "similarity", "analogy", "categories" or
    "odd"; by default recognised by their content (see `read`). ignore_case: compare words in upper case, the first word
    of the vocabulary counting, as gensim's case_insensitive does; by default words are looked up as written, then in
    lower case. most_frequent: N leaves out items with a word that is not among the N most frequent, and answers are
    found among these; words without counts are taken in their order. progress: called with what is done, how much of
    it and of how much.

    Similarity: Spearman's and Pearson's correlation of cosines with people's ratings. Analogies: the share of right
    answers by 3CosAdd, the first three words being no answers; of all, of semantic and syntactic sections (those whose
    names begin with "gram") where there are both, and of each section. Categories: the purity of as many k-means
    clusters as there are classes. Odd one out: the share of right answers.

    Intervals are 95% percentile bootstrap intervals over the answered items: 1,000 resamples, seed 1; of correlations
    of more than 100,000 pairs fewer, 100,000,000 / pairs or 200 if that is more. The clusters of categories, and the
    most frequent class of each, stay as they are.

    Raises FormatError for a file that cannot be read, and ConfigError for a wrong option, one path instead of a list,
    and a benchmark whose parts do not fit together or of which a rating is not finite.

        evaluate(vectors, ["simlex.txt"]).results[0].score.value
    """
    check_vectors("vectors", vectors)
    lookup = Lookup(vectors, ignore_case=ignore_case, most_frequent=most_frequent)
    results: list[Result] = []
    for benchmark in benchmarks(files, kind, progress):
        answers = answer(lookup, benchmark, progress)
        scored = list(parts(benchmark))
        for done, (part, section, items) in enumerate(scored):
            progress("parts", done, len(scored))
            results.append(_result(benchmark, part, section, answers.part(items), progress))
    return Evaluation(tuple(results), len(vectors), ignore_case, most_frequent, bool(vectors.counts.any()))


def benchmarks(
    files: Sequence[AnyPath | Benchmark] | None, kind: str | None, progress: Progress = no_progress
) -> list[Benchmark]:
    """The benchmarks in files, by default the bundled ones, checked."""
    if files is None and kind is not None:
        raise ConfigError(f"kind is {kind!r}, but there is no file: the kinds of the bundled benchmarks are known")
    found: list[Any] = list(BUNDLED) if files is None else listed(files)
    for one in found:
        if not isinstance(one, str | os.PathLike):
            check(one)
    for i, one in enumerate(found):
        progress("reading", i, len(found))
        found[i] = read(one, kind) if isinstance(one, str | os.PathLike) else one
    return found


def answer(lookup: Lookup, benchmark: Benchmark, progress: Progress = no_progress) -> Answers:
    """What vectors answer to the items of a benchmark."""
    match benchmark:
        case Similarity():
            return similarity.answer(lookup, benchmark)
        case Analogies():
            return analogies.answer(lookup, benchmark, progress)
        case Categories():
            return categories.answer(lookup, benchmark, progress)
        case OddOneOut():
            return odd.answer(lookup, benchmark, progress)


def parts(benchmark: Benchmark) -> Iterator[tuple[str, str, Ids]]:
    """(part, section, items) of what is scored: the whole, then its semantic and syntactic sections, then each."""
    if not isinstance(benchmark, Analogies):
        n = len(benchmark.ratings) if isinstance(benchmark, Similarity) else _items(benchmark)
        yield "whole", "", np.arange(n)
        return
    names = list(benchmark.sections)
    sizes = [len(questions) for questions in benchmark.sections.values()]
    of = np.repeat(np.arange(len(names)), sizes)
    yield "whole", "", np.arange(len(of))
    syntactic = np.array([name.startswith(SYNTACTIC) for name in names])
    if syntactic.any() and not syntactic.all():
        yield "semantic", "", np.flatnonzero(~syntactic[of])
        yield "syntactic", "", np.flatnonzero(syntactic[of])
    if names != [""]:
        for name, size, end in zip(names, sizes, itertools.accumulate(sizes), strict=True):
            yield "section", name, np.arange(end - size, end)


def _items(benchmark: Categories | OddOneOut) -> int:
    return len(benchmark.words if isinstance(benchmark, Categories) else benchmark.odd)


def _result(benchmark: Benchmark, part: str, section: str, answers: Answers, progress: Progress) -> Result:
    answered = answers.answered
    return Result(
        benchmark.name,
        benchmark.kind,
        part,
        section,
        scores(benchmark.kind, answers, progress),
        len(answered),
        int(answered.sum()),
        int((answers.status == NO_VECTOR).sum()),
        int((answers.status == RESTRICTED).sum()),
        _distinct(answers.missing),
        _distinct(answers.left_out),
        benchmark.note,
    )


def _distinct(words: list[list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for ones in words for word in ones))


def scores(kind: str, answers: Answers, progress: Progress = no_progress) -> tuple[Score, ...]:
    """The scores of the answers, the usual one first."""
    answered, asked = answers.answered, len(answers.status)
    values, gold = answers.values[answered], answers.gold[answered]
    if kind == "similarity":
        return _correlations(values, gold, progress)
    n, measure = len(values), "purity" if kind == "categories" else "accuracy"
    if not n:
        return (Score(measure, None, None, None, 0.0 if asked else None),)
    right = int((in_majority(values, gold) if kind == "categories" else values).sum())
    number = None if n < FEWEST else RESAMPLES
    return (Score(measure, right / n, *share_interval(right, n), right / asked, number),)


def _correlations(values: Doubles, gold: Doubles, progress: Progress) -> tuple[Score, ...]:
    found = {"spearman": spearman(values, gold), "pearson": pearson(values, gold)}
    if len(values) < FEWEST or None in found.values():
        return tuple(Score(name, value, None, None, None) for name, value in found.items())
    measures: list[Measure] = [spearmans(values, gold), pearsons(values, gold)]
    number = resamples_of(len(values), RESAMPLES)
    intervals = map(percentile_interval, measured(len(values), number, *measures, progress=progress))
    return tuple(
        Score(name, value, *ends, None, number) for (name, value), ends in zip(found.items(), intervals, strict=True)
    )
