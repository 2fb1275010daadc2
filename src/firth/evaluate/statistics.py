"""The statistics of benchmarks: rank correlation, and confidence intervals of correlations and shares."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

NORMAL_95 = 1.959963984540054
"""The 97.5% quantile of the normal distribution."""


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Spearman's ρ (-1 to 1): the correlation of the `ranks` of x and y; None if all of x or all of y are equal."""
    middle = (len(x) + 1) / 2
    a, b = ranks(x) - middle, ranks(y) - middle
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return max(-1.0, min(1.0, float(a @ b) / spread)) if spread > 0 else None


def spearman_interval(score: float, n: int) -> tuple[float | None, float | None]:
    """The 95% interval of the Spearman correlation ρ = `score` of n pairs; (None, None) if n < 4.

    It is tanh(atanh ρ ± 1.96 √((1 + ρ²/2) / (n - 3))) (Bonett and Wright, 2000).
    """
    if n < 4:
        return None, None
    if abs(score) == 1:
        return score, score
    reach = NORMAL_95 * math.sqrt((1 + score**2 / 2) / (n - 3))
    return math.tanh(math.atanh(score) - reach), math.tanh(math.atanh(score) + reach)


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95% interval of the share of `right` answers among n > 0 (Wilson, 1927)."""
    share, z2 = right / n, NORMAL_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach))


def ranks(values: Sequence[float]) -> npt.NDArray[np.float64]:
    """The rank of each value (n,), from 1 for the smallest. Equal values share the mean of their ranks."""
    _, place, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])
