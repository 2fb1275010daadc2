"""Hierarchical softmax: a word is predicted by the nodes from the root to it, yes where the path takes bit 0."""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

from firth.native import llvm, simd
from firth.native.arrays import LANES
from firth.native.jit import chosen_by_type, inlined
from firth.sgd._blocks import MAX_OUTPUTS
from firth.sgd._output_sets import COUNT, DISTINCT, ROWS, groups_of
from firth.sgd._rows import take
from firth.sgd._slots import Slots

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


@intrinsic
def _even_bits(typingctx, path):
    """16 bits, the lowest for the first of the 16 int32 branches at an address: set where the branch is even."""

    def codegen(context, builder, signature, args):
        odd = builder.trunc(llvm.load(builder, args[0], llvm.INTS), llvm.FLAGS)
        return builder.zext(builder.not_(builder.bitcast(odd, ir.IntType(LANES))), llvm.I64)

    return types.int64(types.intp), codegen


@inlined
def answers_of(tree, output_set):
    """Where the bits of a set's answers begin, after 16 places more than it has rows."""
    return output_set + 8 * (ROWS + tree.outputs + MAX_OUTPUTS)


@register_jitable
def set_bytes(tree):
    """The bytes of a set."""
    return 8 * (ROWS + tree.outputs + MAX_OUTPUTS + groups_of(tree.outputs))


@chosen_by_type
def _lay_out_nodes(outside, path, count, rows):
    """Write the addresses of the rows of the first `count` nodes of a path."""
    return _copy_nodes if outside.instance_class is Slots else _nodes_in_place


def _nodes_in_place(outside, path, count, rows):
    simd.store_addresses(path, 1, outside.shared, outside.row_bytes, rows)


def _copy_nodes(outside, path, count, rows):
    for i in range(count):
        simd.store_int(rows, i, take(outside, np.int64(simd.load_int32(path, i)) >> 1, 0))


@chosen_by_type
def _take_nodes(outside, tree, begin, count, rows):
    """Write the addresses of the private rows of a path that begins at a branch, where a thread has some."""
    return _no_private_nodes if outside.instance_class is Slots else _take_private_nodes


def _no_private_nodes(outside, tree, begin, count, rows):
    pass


def _take_private_nodes(outside, tree, begin, count, rows):
    if outside.hot > 0:
        for i in range(count):
            node = np.int64(simd.load_int32(tree.branches, begin + i)) >> 1
            if node >= outside.hot:  # a path goes from nodes of low numbers to higher ones
                break
            simd.store_int(rows, i, take(outside, node, 0))


@inlined
def follow_path(outside, tree, word, output_set):
    """Fill the set with the nodes on the path of a word, and the answers with their bits."""
    begin = simd.load_int(tree.paths, word)
    count = simd.load_int(tree.paths, word + 1) - begin
    all_rows, answers = output_set + 8 * ROWS, answers_of(tree, output_set)
    groups, first = groups_of(count), 0
    for group in range(groups):
        size = count - first
        if group + 1 < groups:  # a division takes long, and most paths are one group
            size //= groups - group
        path = tree.branches + 4 * (begin + first)
        _lay_out_nodes(outside, path, size, all_rows + 8 * first)
        simd.store_int(answers, group, _even_bits(path) & ((1 << size) - 1))
        first += size
    _take_nodes(outside, tree, begin, count, all_rows)
    simd.store_int(output_set, COUNT, count)
    simd.store_int(output_set, DISTINCT, 1)
