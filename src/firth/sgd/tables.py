"""What an objective needs to know of a vocabulary, as plain tables."""

import numpy as np
import numpy.typing as npt

from firth.settings import TrainConfig


def noise_probabilities(counts: npt.NDArray[np.int64], config: TrainConfig) -> npt.NDArray[np.float64]:
    """(n,) float64: P(w) = count(w)^ns_exponent / Σ count^ns_exponent, from which negatives are drawn.

    A word with count 0 is never drawn, whatever the exponent; one count at least is not 0.
    """
    counted = counts > 0
    logarithms = np.full(len(counts), -np.inf)
    logarithms[counted] = config.ns_exponent * np.log(counts[counted].astype(np.float64))
    weights = np.exp(logarithms - logarithms.max())
    return np.asarray(weights / weights.sum())


def tree_paths(counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Where the path of each word begins, (n + 1,) int64, and the steps of all paths: twice the node, plus the bit.

    The tree is Huffman's of the counts (see `huffman`); a path goes from the root to the word. After the last one come
    15 zeros, so that 16 steps can be read from any.
    """
    from firth.sgd.huffman import huffman_paths

    offsets, nodes, bits = huffman_paths(counts)
    return offsets, np.append(2 * nodes + bits.astype(np.int32), np.zeros(15, np.int32))
