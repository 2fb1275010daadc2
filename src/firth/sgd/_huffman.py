"""The Huffman tree: of least total code length, by two queues."""

import numpy as np

from firth.native.jit import compiled


@compiled
def join(counts, leaf_parents, leaf_bits, node_parents, node_bits):
    """The parent and the bit of each of the n leaves and n - 1 nodes; `counts` (n,) int64 rises, equals in their order.

    Nodes are numbered as they are made. Their counts never fall, so the smallest of all that is left is the next leaf
    or the next node; of equals the node.
    """
    n = len(counts)
    sums = np.empty(n - 1, np.int64)
    leaf, node = 0, 0
    for made in range(n - 1):
        total = np.int64(0)
        for bit in (1, 0):
            if leaf < n and (node == made or counts[leaf] < sums[node]):
                total += counts[leaf]
                leaf_parents[leaf], leaf_bits[leaf] = made, bit
                leaf += 1
            else:
                total += sums[node]
                node_parents[node], node_bits[node] = made, bit
                node += 1
        sums[made] = total


@compiled
def measure(leaf_parents, node_parents, lengths):
    """The length of the path of each leaf, into `lengths` (n,) int64."""
    nodes = len(node_parents)
    depths = np.zeros(nodes, np.int64)
    for node in range(nodes - 2, -1, -1):
        depths[node] = depths[node_parents[node]] + 1
    for leaf in range(len(lengths)):
        lengths[leaf] = depths[leaf_parents[leaf]] + 1


@compiled
def write(leaf_parents, leaf_bits, node_parents, node_bits, ends, lengths, nodes, bits):
    """The path of each leaf from the root, nodes numbered from the root, into the places that end at its `ends`."""
    root = len(node_parents) - 1
    for leaf in range(len(ends)):
        at = ends[leaf] - 1
        node = leaf_parents[leaf]
        nodes[at], bits[at] = root - node, leaf_bits[leaf]
        for step in range(1, lengths[leaf]):
            nodes[at - step], bits[at - step] = root - node_parents[node], node_bits[node]
            node = node_parents[node]
