"""Hierarchical softmax: a word is predicted by the nodes from the root to it, yes where the path takes bit 0."""

from typing import NamedTuple

import numpy as np

from firth.native import simd
from firth.native.jit import inlined
from firth.sgd import _blocks as blocks
from firth.sgd._output_sets import answers_of, finish, groups_of, rows_of
from firth.sgd._rows import take

NEAR = 5
"""The first nodes of a path, which are in the cache anyway."""

PATHS_AHEAD = 4
"""How many tokens before its path the kernel prefetches where the path of a word begins."""


class Tree(NamedTuple):
    """The paths of all words."""

    paths: int  # address of (words + 1,) int64: where the path of a word begins in `branches`
    branches: int  # address of int32: twice the node, plus the bit; 16 can be read from any
    outputs: int  # the most rows of a set: the longest path


@inlined
def fetch_path(tree, words, token, last):
    """Prefetch the path of a token that comes soon, and where the path of one some tokens later begins."""
    if token + PATHS_AHEAD < last:
        simd.prefetch(tree.paths + 8 * simd.load_int(words, token + PATHS_AHEAD))
    if token < last:
        begin = tree.branches + 4 * simd.load_int(tree.paths, simd.load_int(words, token))
        simd.prefetch(begin)
        simd.prefetch(begin + 64)


@inlined
def follow_path(outside, tree, word, output_set):
    """Fill the set with the nodes on the path of a word."""
    begin = simd.load_int(tree.paths, word)
    count = simd.load_int(tree.paths, word + 1) - begin
    all_rows, answers = rows_of(output_set), answers_of(output_set, tree.outputs)
    groups, first = groups_of(count), 0
    for group in range(groups):
        size = (count - first) // (groups - group)
        path = tree.branches + 4 * (begin + first)
        yes = blocks.path_rows(path, outside.shared, outside.row_bytes, all_rows + 8 * first)
        simd.store_int(answers, group, yes & ((1 << size) - 1))
        first += size
    if outside.hot > 0:
        for i in range(count):
            node = np.int64(simd.load_int32(tree.branches, begin + i)) >> 1
            if node >= outside.hot:  # a path goes from nodes of low numbers to higher ones
                break
            simd.store_int(all_rows, i, take(outside, node, 0))
    finish(output_set, count, min(count, NEAR))
