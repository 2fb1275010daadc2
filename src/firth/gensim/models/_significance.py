"""Correlations with their two-sided p values, as programs know them from SciPy."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from firth.evaluate.statistics import pearson, spearman

MOST_TERMS = 10_000
TINY = 1e-300


class Correlation(NamedTuple):
    """A correlation from -1 to 1, and the chance of one as far from 0 or farther if there is none; or NaN."""

    statistic: float
    pvalue: float

    @property
    def correlation(self) -> float:
        """The same as `statistic`, SciPy's name for it."""
        return self.statistic


def correlations(x: Sequence[float], y: Sequence[float]) -> tuple[Correlation, Correlation]:
    """Pearson's r and Spearman's ρ of x (n,) and y (n,), n at least 2, each with its p value.

    p is that of Student's t with n - 2 degrees of freedom, exact for Pearson's r of normal data; with n = 2 it is 1.
    """
    r, rho = pearson(x, y), spearman(x, y)
    return _with_p(r, len(x)), _with_p(rho, len(x))


def _with_p(r: float | None, n: int) -> Correlation:
    if r is None:
        return Correlation(math.nan, math.nan)
    return Correlation(r, 1.0 if n == 2 else beta_share((n - 2) / 2, 0.5, 1 - r * r))


def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), to about 1e-14.

    Its continued fraction (Abramowitz and Stegun, 26.5.8), from the side where it converges quickly.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # Lentz's method: the fraction as a product of ratios of what is above to what is below.
    above, below = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = below
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            below = 1 / ((1 + term * below) or TINY)
            above = (1 + term / above) or TINY
            value *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return math.exp(log_front) * value / a
