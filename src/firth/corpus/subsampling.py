"""Which tokens of frequent words stay: the table that subsampling draws against."""

import numpy as np
import numpy.typing as npt

DRAWS = 2**32


def keep_thresholds(counts: npt.NDArray[np.int64], subsample: float) -> npt.NDArray[np.int64]:
    """(n,) int64: a token of word w stays if 32 random bits, read as a whole number, are not above entry w.

    A token stays with probability min(1, sqrt(t/f) + t/f), f the word's share of all tokens and t = `subsample`; 0
    keeps all; a word without tokens has any. Source: word2vec.c; Mikolov et al. (2013) state sqrt(t/f).
    """
    if subsample == 0:
        return np.full(len(counts), DRAWS - 1, np.int64)
    ratio = subsample * counts.sum(dtype=np.float64) / np.maximum(counts, 1)
    keep = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return np.asarray(np.rint(keep * DRAWS).astype(np.int64) - 1)


def keep_probabilities(counts: npt.NDArray[np.int64], subsample: float) -> npt.NDArray[np.float64]:
    """(n,) float64: the chance that a token of each word stays by the draws of `keep_thresholds`."""
    return (keep_thresholds(counts, subsample) + 1) / DRAWS
