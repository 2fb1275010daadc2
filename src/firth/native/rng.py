"""Random draws as functions of a key and a position (splitmix64), and draws from a table of probabilities.

A draw depends on nothing but its key and position, so it is the same whatever the order or the thread it is made in.
Source of the generator: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014); of the
table: Vose, "A linear algorithm for generating random numbers with a given distribution" (1991).
"""

import numpy as np
from numba import uint64

from firth.native import simd
from firth.native.jit import compiled, inlined

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT_27, _SHIFT_30, _SHIFT_31, _SHIFT_32 = (np.uint64(bits) for bits in (27, 30, 31, 32))


@inlined
def mix(state):
    """64 well-mixed bits of a 64-bit state."""
    state = (state ^ (state >> _SHIFT_30)) * _MIX_1
    state = (state ^ (state >> _SHIFT_27)) * _MIX_2
    return state ^ (state >> _SHIFT_31)


@inlined
def draw(key, position):
    """The 64 random bits of a position in the stream of a key."""
    return mix(uint64(key) + uint64(position) * GOLDEN)


@inlined
def high(bits):
    """The upper 32 of 64 bits."""
    return bits >> _SHIFT_32


@inlined
def low(bits):
    """The lower 32 of 64 bits."""
    return bits & _LOW


@inlined
def pick(table, words, bits):
    """A word id from the alias table at an address and 64 random bits."""
    column = np.int64((high(bits) * uint64(words)) >> _SHIFT_32)
    entry = uint64(simd.load_int(table, column))
    return column if low(bits) <= high(entry) else np.int64(low(entry))


@compiled
def alias_table(probabilities):
    """The alias table of a distribution, (n,) uint64: upper half the chance to stay in a column, lower its other word.

    A column is kept with probability (upper half + 1) / 2^32, so probabilities are exact to 2^-32 of a column.
    """
    n = probabilities.shape[0]
    share = probabilities * n
    table = np.empty(n, np.uint64)
    waiting = np.empty(n, np.int64)  # small columns from the left, large ones from the right
    small, large = 0, n
    for word in range(n):
        if share[word] < 1.0:
            waiting[small] = word
            small += 1
        else:
            large -= 1
            waiting[large] = word
    while small > 0 and large < n:
        small -= 1
        word, other = waiting[small], waiting[large]
        chance = np.uint64(max(share[word] * 4294967296.0 - 1.0, 0.0))
        table[word] = (chance << _SHIFT_32) | np.uint64(other)
        share[other] -= 1.0 - share[word]
        if share[other] < 1.0:
            large += 1
            waiting[small] = other
            small += 1
    for i in range(small):
        table[waiting[i]] = (_LOW << _SHIFT_32) | np.uint64(waiting[i])
    for i in range(large, n):
        table[waiting[i]] = (_LOW << _SHIFT_32) | np.uint64(waiting[i])
    return table


@compiled
def stream_key(seed, epoch, purpose):
    """The int64 key of the draws for one purpose in one epoch of a run."""
    return np.int64(draw(draw(draw(seed, 0), epoch), purpose))


@inlined
def small(bits, dim):
    """A number uniform in [-1/2, 1/2) / dim."""
    return np.float32((np.float64(bits >> np.uint64(40)) / 16777216.0 - 0.5) / dim)


@compiled
def fill_uniform(matrix, dim, key):
    """Fill the first `dim` columns with draws uniform in [-1/2, 1/2) / dim, entry (i, j) from position i · dim + j."""
    for i in range(matrix.shape[0]):
        for j in range(dim):
            matrix[i, j] = small(draw(key, i * dim + j), dim)
