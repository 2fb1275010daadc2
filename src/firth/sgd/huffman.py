"""The Huffman tree of a vocabulary, as the tables that training walks."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.errors import VocabularyError

MOST_TOKENS = 2**62


class HuffmanPaths(NamedTuple):
    """The path of word w from the root: `nodes[offsets[w]:offsets[w + 1]]`, with the bit of the branch taken at each.

    offsets: (n + 1,) int64. nodes: (total,) int32, from 0, the root, to n - 2. bits: (total,) uint8. The probability
    of w is the product of σ((1 - 2 · bit) u_node·h) over its path.
    """

    offsets: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int32]
    bits: npt.NDArray[np.uint8]


def huffman_paths(counts: npt.ArrayLike) -> HuffmanPaths:
    """The paths of all n words in the tree of `reference.huffman`, equal counts decided as there.

    `counts` (n,) are whole numbers from 0 up, of which there is at least one; a word alone has an empty path. It takes
    some 50 bytes a word, and 5 for each node of each path, which is a small multiple of log2(n) long. Raises
    VocabularyError for anything else, and for counts of 2^62 tokens or more in all.
    """
    from firth.sgd import _huffman as tree

    array = np.asarray(counts)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "iu" or array.min() < 0:
        raise VocabularyError(f"counts are {counts!r}: expected at least one, all of them whole numbers from 0 up")
    if (tokens := array.sum(dtype=np.float64)) >= MOST_TOKENS:
        raise VocabularyError(f"the counts add up to {tokens:.3g} tokens: expected less than {MOST_TOKENS:.3g}")
    n = len(array)
    if n == 1:
        return HuffmanPaths(np.zeros(2, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8))
    order = n - 1 - np.argsort(array[::-1], kind="stable")  # the word of each leaf: counts rise, later words first
    leaf_parents, node_parents = np.empty(n, np.int32), np.empty(n - 1, np.int32)
    leaf_bits, node_bits = np.empty(n, np.uint8), np.empty(n - 1, np.uint8)
    tree.join(array[order].astype(np.int64), leaf_parents, leaf_bits, node_parents, node_bits)
    leaf_lengths, lengths = np.empty(n, np.int64), np.empty(n, np.int64)
    tree.measure(leaf_parents, node_parents, leaf_lengths)
    lengths[order] = leaf_lengths
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    nodes, bits = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.uint8)
    tree.write(leaf_parents, leaf_bits, node_parents, node_bits, offsets[order + 1], leaf_lengths, nodes, bits)
    return HuffmanPaths(offsets, nodes, bits)
