"""Two files of vectors on the same benchmarks: which differences are real."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from firth.evaluate.answers import Answers, Lookup
from firth.evaluate.checking import check_vectors
from firth.evaluate.reading import Benchmark, Categories
from firth.evaluate.scores import answer, benchmarks, parts
from firth.evaluate.statistics import (
    FEWEST,
    PAIRED_RESAMPLES,
    SEED,
    Measure,
    bootstrap_p,
    difference_interval,
    holm,
    in_majority,
    mcnemar,
    measured,
    pearson,
    pearsons,
    percentile_interval,
    resamples_of,
    spearman,
    spearmans,
)
from firth.files.paths import AnyPath
from firth.vectors.container import WordVectors
from firth.vectors.directions import Doubles
from firth.vectors.rows import Progress, no_progress

LEVEL = 0.05
"""A difference is real if its corrected p is at most this."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """One measure of two files of vectors on the items of a benchmark, or a part of it, that both answer.

    benchmark, kind, part, section, measure: as of `Result` and `Score`. asked: the items; answered_first,
    answered_second: by each; items: by both. test: "mcnemar" (exact) for accuracy and purity, "bootstrap" (paired) for
    correlations. first, second: the values of the measure on the items that both answer. difference: first less second,
    and low, high: its 95% interval. only_first, only_second: items that one alone has right, for accuracy and purity.
    p: two-sided, of no difference. p_holm: corrected for the number of comparisons. real: whether p_holm is at most
    0.05. resamples: of its interval, fewer than usual for very many items. None where there is none, as of too few
    items.
    """

    benchmark: str
    kind: str
    part: str
    section: str
    measure: str
    asked: int
    answered_first: int
    answered_second: int
    items: int
    test: str
    first: float | None = None
    second: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    only_first: int | None = None
    only_second: int | None = None
    p: float | None = None
    p_holm: float | None = None
    real: bool | None = None
    resamples: int | None = None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The differences of two files of vectors, and the rules by which they were found.

    comparisons: how many differences have a p, which Holm's correction counts. level: of `Difference.real`.
    words_first, words_second: the numbers of words. ignore_case, most_frequent: as given. counted_first,
    counted_second: whether each has counts. resamples, seed: of the paired bootstrap; for correlations of very many
    items `Difference.resamples` is less.
    """

    differences: tuple[Difference, ...]
    comparisons: int
    words_first: int
    words_second: int
    ignore_case: bool
    most_frequent: int | None
    counted_first: bool
    counted_second: bool
    level: float = LEVEL
    resamples: int = PAIRED_RESAMPLES
    seed: int = SEED


def compare(
    first: WordVectors,
    second: WordVectors,
    files: Sequence[AnyPath | Benchmark] | None = None,
    *,
    kind: str | None = None,
    ignore_case: bool = False,
    most_frequent: int | None = None,
    progress: Progress = no_progress,
) -> Comparison:
    """The differences of two files of vectors on the items that both answer, with paired tests.

    Options and errors are those of `evaluate`. Intervals are 95% percentile intervals of the difference in 10,000
    paired resamples of the items, seed 1; of correlations of more than 10,000 pairs fewer, 100,000,000 / pairs or 200
    if that is more. p is exact for right and wrong answers, and for words in and not in the most frequent class of
    their cluster (McNemar, 1947); for correlations it is that of the resamples. Holm's correction (1979) counts every
    row that has a p.

        [one for one in compare(old, new).differences if one.real]
    """
    check_vectors("first", first)
    check_vectors("second", second)
    lookups = [Lookup(vectors, ignore_case=ignore_case, most_frequent=most_frequent) for vectors in (first, second)]
    rows: list[Difference] = []
    for benchmark in benchmarks(files, kind, progress):
        a, b = (answer(lookup, benchmark, progress) for lookup in lookups)
        if isinstance(benchmark, Categories):
            a, b = _on_the_same_words(lookups, benchmark, a, b, progress)
        compared = list(parts(benchmark))
        for done, (part, section, items) in enumerate(compared):
            progress("parts", done, len(compared))
            place = (benchmark.name, benchmark.kind, part, section)
            rows += _differences(place, a.part(items), b.part(items), progress)
    tested = [i for i, row in enumerate(rows) if row.p is not None]
    corrected = holm([rows[i].p or 0.0 for i in tested])
    for i, p in zip(tested, corrected, strict=True):
        rows[i] = dataclasses.replace(rows[i], p_holm=p, real=p <= LEVEL)
    counted = bool(first.counts.any()), bool(second.counts.any())
    return Comparison(tuple(rows), len(tested), len(first), len(second), ignore_case, most_frequent, *counted)


def _on_the_same_words(
    lookups: Sequence[Lookup], benchmark: Categories, a: Answers, b: Answers, progress: Progress
) -> tuple[Answers, Answers]:
    """The answers, the words that both answer being put into clusters anew without the others."""
    both = np.flatnonzero(a.answered & b.answered)
    same = Categories(
        benchmark.name, [benchmark.words[i] for i in both], [benchmark.classes[i] for i in both], benchmark.note
    )
    found = []
    for lookup, answers in zip(lookups, (a, b), strict=True):
        values = answers.values.copy()
        values[both] = answer(lookup, same, progress).values if len(both) else []
        found.append(dataclasses.replace(answers, values=values))
    return found[0], found[1]


def _differences(place: tuple[str, str, str, str], a: Answers, b: Answers, progress: Progress) -> list[Difference]:
    both = a.answered & b.answered
    numbers = (len(both), int(a.answered.sum()), int(b.answered.sum()), int(both.sum()))
    x, y, gold = a.values[both], b.values[both], a.gold[both]
    if a.kind == "similarity":
        measures = (("spearman", spearman, spearmans), ("pearson", pearson, pearsons))
        return [
            _bootstrapped(
                Difference(*place, name, *numbers, "bootstrap", one(x, gold), one(y, gold)),
                many(x, gold),
                many(y, gold),
                progress,
            )
            for name, one, many in measures
        ]
    if a.kind == "categories":
        right = in_majority(x, gold), in_majority(y, gold)
        return [_counted(Difference(*place, "purity", *numbers, "mcnemar"), *right)]
    return [_counted(Difference(*place, "accuracy", *numbers, "mcnemar"), x, y)]


def _bootstrapped(row: Difference, x: Measure, y: Measure, progress: Progress) -> Difference:
    """The row with the difference in the same resamples of both."""
    if row.first is None or row.second is None or row.items < FEWEST:
        return row
    number = resamples_of(row.items, PAIRED_RESAMPLES)
    first, second = measured(row.items, number, x, y, progress=progress)
    low, high = percentile_interval(first - second)
    p = bootstrap_p(first - second)
    return dataclasses.replace(row, difference=row.first - row.second, low=low, high=high, p=p, resamples=number)


def _counted(row: Difference, x: Doubles, y: Doubles) -> Difference:
    """The row with the difference of right answers, x and y being 1 or 0."""
    gained, lost = int((x > y).sum()), int((x < y).sum())
    row = dataclasses.replace(row, only_first=gained, only_second=lost)
    if not row.items:
        return row
    low, high = difference_interval(gained, lost, row.items)
    return dataclasses.replace(
        row,
        first=float(x.mean()),
        second=float(y.mean()),
        difference=(gained - lost) / row.items,
        low=low,
        high=high,
        p=mcnemar(gained, lost),
        resamples=None if row.items < FEWEST else PAIRED_RESAMPLES,
    )
