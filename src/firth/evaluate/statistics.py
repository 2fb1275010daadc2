"""The statistics of benchmarks: correlations, purity, bootstrap intervals, paired tests.

The bootstrap draws the items anew, with replacement (Efron and Tibshirani, 1993). A resample of n items is the number
of times that each is drawn. Every interval starts from SEED, so it depends on its items alone.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from firth.vectors.directions import VALUES_AT_ONCE
from firth.vectors.rows import Progress, no_progress

Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.float64]

SEED = 1
RESAMPLES = 1000
"""Resamples of an interval of at most MOST_DRAWN / 1,000 items."""
PAIRED_RESAMPLES = 10_000
"""Resamples of a paired test of at most MOST_DRAWN / 10,000 items; its least p is 2 / 10,001."""
MOST_DRAWN = 10**8
"""The most items that all resamples of a correlation draw, unless that leaves fewer than FEWEST_RESAMPLES."""
FEWEST_RESAMPLES = 200
"""The fewest resamples, however many items there are."""
FEWEST = 4
"""The fewest items that get an interval."""

WHOLE = 500
"""The most falls on the rarer side of McNemar's test that are counted in whole numbers."""

Ends = tuple[float | None, float | None]
"""The ends of an interval, None where there is none."""

Measure = Callable[[Counts], Doubles]
"""From resamples (b, n) to the value (b,) that each has, NaN where it has none."""


def spearman(x: Sequence[float] | Doubles, y: Sequence[float] | Doubles) -> float | None:
    """Spearman's ρ (-1 to 1): Pearson's correlation of the `ranks` of x and y; None if all of x or of y are equal."""
    return pearson(ranks(x), ranks(y))


def pearson(x: Sequence[float] | Doubles, y: Sequence[float] | Doubles) -> float | None:
    """Pearson's r (-1 to 1) of x (n,) and y (n,); None if all of x or all of y are equal."""
    if not len(x):
        return None
    a, b = _centered(x), _centered(y)
    spread = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return max(-1.0, min(1.0, float((a * b).sum()) / spread)) if spread > 0 else None


def ranks(values: Sequence[float] | Doubles) -> Doubles:
    """The rank of each value (n,), from 1 for the smallest. Equal values share the mean of their ranks."""
    _, place, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])


def in_majority(clusters: Doubles, classes: Doubles) -> Doubles:
    """1 for each item (n,) whose class is the most frequent of its cluster, else 0; the mean of these is the purity.

    Of classes that are equally frequent in a cluster the least counts.
    """
    cells, cell, sizes = np.unique(np.stack([clusters, classes]), axis=1, return_inverse=True, return_counts=True)
    order = np.lexsort((cells[1], -sizes, cells[0]))
    best = np.zeros(len(sizes))
    best[order[np.unique(cells[0][order], return_index=True)[1]]] = 1
    return np.asarray(best[cell.ravel()])


# What resamples have.


def spearmans(x: Doubles, y: Doubles) -> Measure:
    """Spearman's ρ of each resample, the ranks being those within it."""
    x_ranks, y_ranks = _ranks_of(x), _ranks_of(y)

    def measure(counts: Counts) -> Doubles:
        middle = (counts.shape[1] + 1) / 2
        return _correlations(counts, x_ranks(counts) - middle, y_ranks(counts) - middle)

    return measure


def pearsons(x: Doubles, y: Doubles) -> Measure:
    """Pearson's r of each resample."""
    a, b = _centered(x), _centered(y)

    def measure(counts: Counts) -> Doubles:
        means = [(counts * values).sum(axis=1, keepdims=True) / counts.shape[1] for values in (a, b)]
        return _correlations(counts, a - means[0], b - means[1])

    return measure


def _ranks_of(values: Doubles) -> Callable[[Counts], Doubles]:
    """From resamples (b, n) to the ranks (b, n) of the values within each, ties averaged."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) > 0])
    group = np.empty(len(values), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(values)]))

    def ranked(counts: Counts) -> Doubles:
        sizes = np.add.reduceat(counts[:, order], starts, axis=1)
        return np.asarray((np.cumsum(sizes, axis=1) - (sizes - 1) / 2)[:, group])

    return ranked


def _correlations(counts: Counts, a: Doubles, b: Doubles) -> Doubles:
    """The correlations (b,) of values with mean 0, a and b (b, n), each as often as `counts` says."""
    weighted = counts * a
    product, square = (weighted * b).sum(axis=1), (weighted * a).sum(axis=1)
    spread = np.sqrt(square * (counts * b * b).sum(axis=1))
    tiny = 1e-12 * counts.shape[1]  # of values of which only rounding differs
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > tiny, np.clip(product / spread, -1.0, 1.0), np.nan)


def _centered(values: Sequence[float] | Doubles) -> Doubles:
    """Values less their mean, in units of the largest; zero if all are equal."""
    array = np.asarray(values, dtype=np.float64)
    if (array == array[0]).all():
        return np.zeros(len(array))
    array = array - array.mean()
    return np.asarray(array / np.abs(array).max())


# Intervals and tests.


def resamples(n: int, number: int) -> Iterator[Counts]:
    """Blocks (b, n) of `number` resamples of n items: how often each item is drawn, with replacement."""
    rng = np.random.default_rng(SEED)
    size = max(1, VALUES_AT_ONCE // 8 // n)
    for start in range(0, number, size):
        rows = min(size, number - start)
        drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def resamples_of(n: int, usual: int) -> int:
    """How many resamples of n items are drawn: as many as usual, or fewer of very many items."""
    return min(usual, max(FEWEST_RESAMPLES, MOST_DRAWN // n))


def measured(n: int, number: int, *measures: Measure, progress: Progress = no_progress) -> list[Doubles]:
    """The values (number,) of each measure in the same resamples of n items."""
    blocks, done = [], 0
    for counts in resamples(n, number):
        blocks.append([measure(counts) for measure in measures])
        done += len(counts)
        progress("resamples", done, number)
    return [np.concatenate(values) for values in zip(*blocks, strict=True)]


def percentile_interval(values: Doubles) -> Ends:
    """The 2.5% and the 97.5% percentile of the values that are no NaN; (None, None) if fewer than half are numbers."""
    values = values[~np.isnan(values)] if 2 * np.isnan(values).sum() < len(values) else values[:0]
    if not len(values):
        return None, None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def share_interval(right: int, n: int) -> Ends:
    """The bootstrap interval of the share of `right` answers among n: the number in a resample is binomial."""
    if n < FEWEST:
        return None, None
    drawn = np.random.default_rng(SEED).binomial(n, right / n, size=RESAMPLES)
    return percentile_interval(drawn / n)


def difference_interval(gained: int, lost: int, n: int) -> Ends:
    """The paired bootstrap interval of (gained - lost) / n: right only in the first, and only in the second, of n."""
    if n < FEWEST:
        return None, None
    shares = [gained / n, lost / n, (n - gained - lost) / n]
    drawn = np.random.default_rng(SEED).multinomial(n, shares, size=PAIRED_RESAMPLES)
    return percentile_interval((drawn[:, 0] - drawn[:, 1]) / n)


def bootstrap_p(differences: Doubles) -> float | None:
    """The two-sided p of no difference, from differences in resamples; None if fewer than half are numbers.

    Twice the share of resamples on the rarer side of 0, one being added to both numbers (Davison and Hinkley, 1997).
    """
    values = differences[~np.isnan(differences)]
    if 2 * len(values) <= len(differences):
        return None
    rarer = min(int((values <= 0).sum()), int((values >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (len(values) + 1))


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided exact p of McNemar's test: of a fair coin that falls `gained` times one way, `lost` the other.

    In whole numbers up to WHOLE falls on the rarer side, beyond that in float64, to a relative 1e-9.
    """
    n, k = gained + lost, min(gained, lost)
    return min(1.0, 2 * (_tail_in_whole_numbers(n, k) if k <= WHOLE else _tail(n, k)))


def _tail_in_whole_numbers(n: int, k: int) -> float:
    """The chance of at most k heads in n throws of a fair coin."""
    term, total = 1, 0
    for i in range(k + 1):
        total += term
        term = term * (n - i) // (i + 1)
    chance: float = total / 2**n
    return chance


def _tail(n: int, k: int) -> float:
    """The chance of at most k heads in n throws, k at most n / 2: that of k heads, times 1 + k / (n - k + 1) + ..."""
    total, term = 1.0, 1.0
    for i in range(k, 0, -1):
        term *= i / (n - i + 1)
        total += term
        if term < 1e-17 * total:
            break
    return _chance(n, k) * total


def _chance(n: int, k: int) -> float:
    """The chance of k heads in n throws, from Stirling's series; what is large cancels before it is rounded.

    As in Loader (2000), "Fast and accurate computation of binomial probabilities".
    """
    shift = (n - 2 * k) / n
    away = n / 2 * ((1 - shift) * math.log1p(-shift) + (1 + shift) * math.log1p(shift))
    rest = _beyond_stirling(n) - _beyond_stirling(k) - _beyond_stirling(n - k)
    return math.exp(rest - away) * math.sqrt(n / (2 * math.pi * k * (n - k)))


def _beyond_stirling(n: int) -> float:
    """log n! less Stirling's formula, to 1e-12 from n = 50."""
    return 1 / (12 * n) - 1 / (360 * n**3) + 1 / (1260 * n**5)


def holm(p: Sequence[float]) -> list[float]:
    """The p of each comparison, corrected for their number (Holm, 1979): at most 0.05 is a difference at 5%."""
    corrected, largest = [0.0] * len(p), 0.0
    for place, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        largest = max(largest, min(1.0, (len(p) - place) * p[i]))
        corrected[i] = largest
    return corrected
