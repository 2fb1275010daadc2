"""Slots of a hash table, against a dict."""

import numpy as np
import pytest

from firth.corpus._table import find_slot, free_slot


@pytest.mark.parametrize("find", [find_slot, lambda table, slot, key: free_slot(table, slot)])
def test_keys_of_few_first_slots_all_find_their_places(find):
    table, places = np.zeros((16, 2), np.uint64), {}
    for key in range(1, 16):
        slot = find(table, np.uint64(key % 3 + 13), np.uint64(key))
        assert table[slot, 1] == 0
        table[slot] = key, key + 1
        places[key] = slot
    assert len(set(places.values())) == 15
    for key, place in places.items():
        assert find_slot(table, np.uint64(key % 3 + 13), np.uint64(key)) == place
    (free,) = np.flatnonzero(table[:, 1] == 0)
    assert find_slot(table, np.uint64(14), np.uint64(99)) == free_slot(table, np.uint64(14)) == free


def test_a_key_whose_slot_was_freed_is_not_found():
    table = np.zeros((4, 2), np.uint64)
    table[1] = 7, 0
    table[2] = 7, 1
    assert find_slot(table, np.uint64(1), np.uint64(7)) == 1
    assert find_slot(table, np.uint64(2), np.uint64(7)) == 2
