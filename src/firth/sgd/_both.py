"""Both losses at once: a word is predicted by the nodes of its path, then by its own row of U and those of negatives.

U and the nodes lie in one matrix, as a step takes the rows of one: that of word w in row 2 w, node j in row 2 j + 1. So
the first rows are those that are used most.
"""

from typing import NamedTuple

import numpy as np

from firth.native import simd
from firth.native.jit import inlined
from firth.sgd._negatives import LEFT_OUT
from firth.sgd._output_sets import COUNT, DISTINCT, ROWS, groups_of
from firth.sgd._paths import answers_of
from firth.sgd._rows import take


class Both(NamedTuple):
    """What negatives are drawn from, and the paths of all words; see `Negatives` and `Tree`."""

    noise: int
    words: int
    count: int
    outputs: int  # the longest path, and K + 1
    room: int
    paths: int
    branches: int


@inlined
def follow_both(outside, both, token, output_set, scratch):
    """Fill the set with the nodes on the path of a token's word, the word and its negatives, and the answers."""
    word, rows = simd.load_int(scratch.words, token), output_set + 8 * ROWS
    begin = simd.load_int(both.paths, word)
    nodes = simd.load_int(both.paths, word + 1) - begin
    for i in range(nodes):
        node = np.int64(simd.load_int32(both.branches, begin + i)) >> 1
        simd.store_int(rows, i, take(outside, 2 * node + 1, 0))
    simd.store_int(rows, nodes, take(outside, 2 * word, 0))
    count = nodes + 1
    for j in range(both.count):
        negative = np.int64(simd.load_int32(scratch.drawn, j * both.room + token))
        if negative != LEFT_OUT:
            simd.store_int(rows, count, take(outside, 2 * negative, 0))
            count += 1
    answers, groups, first = answers_of(both, output_set), groups_of(count), 0
    for group in range(groups):
        size, yes = (count - first) // (groups - group), 0
        for i in range(size):
            at = first + i
            is_yes = at == nodes
            if at < nodes:
                is_yes = simd.load_int32(both.branches, begin + at) & 1 == 0
            yes |= np.int64(is_yes) << i
        simd.store_int(answers, group, yes)
        first += size
    simd.store_int(output_set, COUNT, count)
    simd.store_int(output_set, DISTINCT, np.int64(simd.load_int32(scratch.repeats, token) == 0))
