"""A matrix as the shards of an interval see it: each shard works on copies of the rows it touches, merged at the end.

A shard copies a row to a slot of its own when it first takes it, so it sees the matrix as it was when the interval
began, and its own steps. When all shards are done, the changes of a row are merged in the order of the shards. Who does
the work of a shard, and when, changes no bit.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import uint64

from firth.native import rng, simd
from firth.native.arrays import LANES, aligned_rows
from firth.native.atomics import exchange, load_counter, store_counter
from firth.native.jit import compiled, inlined

LINE = 4 * LANES

BUCKETS = 16
"""Parts that a merge is done in, each by one thread: the rows whose numbers are alike modulo this."""


FREQUENT = 512
"""The first rows, which nearly every interval has more than one shard for: of these each always has a copy."""

MANY = 255
"""In place of a shard: there is more than one."""


class Slots(NamedTuple):
    """One matrix and the slots of one shard, or of all, where it is as those of the first: addresses."""

    shared: int  # (n, stride) float32, every row 64-byte aligned
    row_bytes: int
    copies: int  # (room, stride) float32
    room: int  # slots of a shard
    table: int  # (2^bits,) int64: slots by the hash of their row, row · 2^32 + slot + 1, or 0
    bits: int
    rows: int  # (room,) int64: the row of a slot
    links: int  # (room,) int64: another slot of the same bucket, counted from 1, or 0
    uses: int  # (room,) int64: how often the shard took the row
    heads: int  # (BUCKETS + 1,) int64: the last slot of each bucket, counted from 1, or 0; how many slots are taken
    chains: int  # (room,) int64: the slot of the next shard that took the same row, counted from 1 over all shards
    firsts: int  # (n,) int64: the slot of the first shard that took a row; 0 but while rows are merged
    owners: int  # (n,) int64: which shard alone takes a row in an interval, see `mark`; or MANY
    budget: int  # uses of a row in an interval, by all shards together, above which its changes are rather averaged


def make_slots(
    matrix: npt.NDArray[np.float32], shards: int, room: int, budget: int
) -> tuple[Slots, list[npt.NDArray[Any]]]:
    """The slots of all shards, `room` for each, and the arrays that they point to."""
    bits = max(int(2 * room - 1).bit_length(), 1)
    copies = aligned_rows(shards * room, matrix.shape[1])
    table, heads = np.zeros((shards, 1 << bits), np.int64), np.zeros((shards, BUCKETS + 1), np.int64)
    rows, links, chains, uses = np.zeros((4, shards, room), np.int64)
    firsts, owners = np.zeros(len(matrix), np.int64), np.full(len(matrix), MANY)
    arrays = [matrix, copies, table, rows, links, uses, heads, chains, firsts, owners]
    at, of_copies, of_table, *others = (array.ctypes.data for array in arrays)
    return Slots(at, 4 * matrix.shape[1], of_copies, room, of_table, bits, *others, budget), arrays


@inlined
def of_shard(slots, shard):
    """The slots of one shard, none of them taken, from those of all."""
    first, size = shard * slots.room, 8 << slots.bits
    one = Slots(
        slots.shared,
        slots.row_bytes,
        slots.copies + first * slots.row_bytes,
        slots.room,
        slots.table + shard * size,
        slots.bits,
        slots.rows + 8 * first,
        slots.links + 8 * first,
        slots.uses + 8 * first,
        slots.heads + 8 * (BUCKETS + 1) * shard,
        slots.chains,
        slots.firsts,
        slots.owners,
        slots.budget,
    )
    if simd.load_int(one.heads, BUCKETS) > 0:
        for i in range(1 << slots.bits):
            simd.store_int(one.table, i, 0)
        for i in range(BUCKETS + 1):
            simd.store_int(one.heads, i, 0)
    return one


@inlined
def mark(slots, row, interval, shard):
    """Note that a shard takes a row in an interval, counted from 1.

    Owners are interval · 2^8 + shard. When all shards have marked their rows, those of more than one have MANY.
    """
    if row < FREQUENT:
        return
    place = slots.owners + 8 * row
    found = load_counter(place)
    mine = (interval << 8) + shard
    if found >> 8 != interval:
        before = exchange(place, found, mine)
        if before == found:
            return
        found = before
    if found != mine and found & MANY != MANY:
        store_counter(place, found | MANY)


@inlined
def take_slot(slots, row):
    """The address of a row that no other shard takes, or of the shard's copy, made if there is none yet.

    There is an address for no row, -1, too.
    """
    if row < 0 or (row >= FREQUENT and simd.load_int(slots.owners, row) & MANY != MANY):
        return slots.shared + row * slots.row_bytes
    mask = (1 << slots.bits) - 1
    at = np.int64((uint64(row) * rng.GOLDEN) >> uint64(64 - slots.bits))
    found = simd.load_int(slots.table, at)
    while found != 0 and found >> 32 != row:
        at = (at + 1) & mask
        found = simd.load_int(slots.table, at)
    slot = (found & 0xFFFFFFFF) - 1
    if found == 0:
        slot = _new_slot(slots, row, at)
    simd.store_int(slots.uses, slot, simd.load_int(slots.uses, slot) + 1)
    return slots.copies + slot * slots.row_bytes


@inlined
def _new_slot(slots, row, at):
    """A slot with a copy of a row, which has place `at` in the table."""
    slot, bucket = simd.load_int(slots.heads, BUCKETS), row % BUCKETS
    simd.store_int(slots.heads, BUCKETS, slot + 1)
    simd.store_int(slots.table, at, (row << 32) + slot + 1)
    simd.store_int(slots.rows, slot, row)
    simd.store_int(slots.uses, slot, 0)
    simd.store_int(slots.links, slot, simd.load_int(slots.heads, bucket))
    simd.store_int(slots.heads, bucket, slot + 1)
    source, copy = slots.shared + row * slots.row_bytes, slots.copies + slot * slots.row_bytes
    for offset in range(0, slots.row_bytes, LINE):
        simd.store(simd.load(source + offset), copy + offset)
    return slot


@compiled
def merge_bucket(slots, shards, bucket, members):
    """Merge what all shards did to the rows of a bucket.

    slots: those of the first shard. members: address of `shards` int64, to work with.
    """
    for shard in range(shards - 1, -1, -1):
        slot = simd.load_int(slots.heads, (BUCKETS + 1) * shard + bucket)
        while slot > 0:
            at = shard * slots.room + slot - 1
            row = simd.load_int(slots.rows, at)
            copy, source = slots.copies + at * slots.row_bytes, slots.shared + row * slots.row_bytes
            for offset in range(0, slots.row_bytes, LINE):
                simd.prefetch(copy + offset)
                simd.prefetch(source + offset)
            simd.store_int(slots.chains, at, simd.load_int(slots.firsts, row))
            simd.store_int(slots.firsts, row, at + 1)
            slot = simd.load_int(slots.links, at)
    for shard in range(shards):
        slot = simd.load_int(slots.heads, (BUCKETS + 1) * shard + bucket)
        while slot > 0:
            at = shard * slots.room + slot - 1
            row = simd.load_int(slots.rows, at)
            if simd.load_int(slots.firsts, row) == at + 1:
                simd.store_int(slots.firsts, row, 0)
                _merge_row(slots, slots.shared + row * slots.row_bytes, at + 1, members)
            slot = simd.load_int(slots.links, at)


@inlined
def _merge_row(slots, row, slot, members):
    """Merge the copies of a row in the chain that begins with a slot."""
    count, uses = 0, 0
    while slot > 0:
        simd.store_int(members, count, slots.copies + (slot - 1) * slots.row_bytes)
        uses += simd.load_int(slots.uses, slot - 1)
        count += 1
        slot = simd.load_int(slots.chains, slot - 1)
    if count == 1:
        copy = simd.load_int(members, 0)
        for offset in range(0, slots.row_bytes, LINE):
            simd.store(simd.load(copy + offset), row + offset)
    else:
        _combine(slots.row_bytes, row, count, members, uses <= slots.budget)


@inlined
def _combine(row_bytes, row, count, members, root):
    """Add the changes d_i of a row, scaled by r = Σ‖d_i‖² / ‖Σ d_i‖², or by its root, where that is below 1.

    The step is the sum of changes that are orthogonal. Of k that are alike it is their mean, which never overshoots
    where none of them does; or, with the root, √k times that, as long as if they were orthogonal, which learns faster.
    """
    zero = simd.splat(np.float32(0.0))
    apart, together = zero, zero
    first = simd.load_int(members, 0)
    for offset in range(0, row_bytes, LINE):
        before = simd.load(row + offset)
        total = zero
        for i in range(count):
            change = simd.sub(simd.load(simd.load_int(members, i) + offset), before)
            apart = simd.multiply_add(change, change, apart)
            total = simd.add(total, change)
        together = simd.multiply_add(total, total, together)
        simd.store(total, first + offset)
    alone, joint = simd.sum_of(apart), simd.sum_of(together)
    ratio = alone / joint if alone < joint else np.float32(1.0)
    scale = simd.splat(np.float32(math.sqrt(ratio) if root else ratio))
    for offset in range(0, row_bytes, LINE):
        simd.store(simd.multiply_add(scale, simd.load(first + offset), simd.load(row + offset)), row + offset)
