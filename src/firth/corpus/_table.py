"""Looking up slots in a hash table: open addressing over pairs (key, value) of uint64, 2^k of them; value 0 is free."""

import numpy as np
from numba import njit


@njit(inline="always")
def find_slot(table, slot, key):
    """The slot of a key, or the free one where it belongs, from its first slot on; one is free."""
    last = np.uint64(len(table) - 1)
    while table[slot, 1] != np.uint64(0) and table[slot, 0] != key:
        slot = (slot + np.uint64(1)) & last
    return slot


@njit(inline="always")
def free_slot(table, slot):
    """The free slot where a key belongs that is not in the table, from its first slot on; one is free."""
    last = np.uint64(len(table) - 1)
    while table[slot, 1] != np.uint64(0):
        slot = (slot + np.uint64(1)) & last
    return slot
