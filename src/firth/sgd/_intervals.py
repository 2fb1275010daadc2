"""Training interval by interval of the corpus, each cut into shards whose changes are merged at its end.

Threads take the tasks of all intervals in turn, round after round. A round merges what the shards of the interval
before did, bucket by bucket, and marks the rows that each shard of its own interval is going to take; when this is
done, it trains on these. Rows of one shard alone are changed in place, of others each shard has a copy. Where
intervals, shards and buckets begin, and the order of what is added up, depend on no thread, so neither does any bit of
the result.
"""

from typing import NamedTuple

import numpy as np
from numba import types

from firth.native import simd
from firth.native.atomics import add_to_counter, load_counter, wait_for
from firth.native.jit import chosen_by_type, compiled
from firth.sgd._both import Both
from firth.sgd._negatives import LEFT_OUT, draw_for_span
from firth.sgd._paths import Tree
from firth.sgd._per_pair import train_per_pair
from firth.sgd._slots import BUCKETS, mark, merge_bucket, of_shard
from firth.sgd._step import fold
from firth.sgd._tokens import Kept, gather
from firth.sgd._windows import train_windows

TAKEN, DONE, STOPPED, LAST, FINISHED, PAIRS = range(0, 48, 8)
"""Places of the numbers of `Intervals.state`, each on a cache line of its own."""

STATE = 48


class Intervals(NamedTuple):
    """A stretch of the corpus, how it is cut, and what threads tell one another: addresses where nothing else is said.

    state: int64 at the places above. TAKEN, how many tasks threads have taken; DONE, how many they have finished;
    STOPPED, whether they are to stop, LAST, the number of intervals after which they do; FINISHED, how many intervals
    are; PAIRS, the predictions in these.
    """

    begin: int  # positions in the corpus, not addresses, like the next two; an interval begins at `begin`
    end: int  # exclusive
    size: int  # tokens of an interval: a multiple of `shards`
    shards: int  # of an interval
    state: int
    loss: int  # float64: nats in the finished intervals
    losses: int  # (shards,) float64
    pairs: int  # (shards,) int64
    marked: bool  # whether rows of one shard alone are changed in place
    yielding: int  # see `atomics`


class PerPair(NamedTuple):
    """In place of a `Hidden` or None: each pair takes a step of its own."""

    window: int


@chosen_by_type
def _train(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, hidden):
    """Train on a shard; return the number of predictions."""
    is_per_pair = isinstance(hidden, types.BaseNamedTuple) and hidden.instance_class is PerPair
    return _train_pairs if is_per_pair else _train_windows


def _train_pairs(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, hidden):
    return train_per_pair(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch)


def _train_windows(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, hidden):
    return train_windows(stream, start, stop, windows, predictor, table, epoch, center, outside, scratch, hidden, None)


@compiled
def _mark_shard(interval, shard, start, stop, stream, windows, predictor, epoch, center, outside, scratch):
    """Mark the rows that a shard is going to take."""
    kept = Kept(scratch.words, scratch.positions, scratch.left, scratch.right)
    lowest, first, last, count = gather(stream, start, stop, windows, epoch, kept)
    for token in range(lowest, count):
        mark(center, simd.load_int(scratch.words, token), interval, shard)
    _mark_outputs(outside, predictor, epoch.noise_key, first, last, scratch, interval, shard)


@chosen_by_type
def _mark_outputs(outside, predictor, noise_key, first, last, scratch, interval, shard):
    """Mark the rows of U that tokens first..last are predicted by."""
    if predictor.instance_class is Both:
        return _mark_both
    return _mark_paths if predictor.instance_class is Tree else _mark_negatives


def _mark_negatives(outside, predictor, noise_key, first, last, scratch, interval, shard):
    draw_for_span(predictor, noise_key, first, last, scratch)
    for token in range(first, last):
        mark(outside, simd.load_int(scratch.words, token), interval, shard)
        for j in range(predictor.count):
            negative = np.int64(simd.load_int32(scratch.drawn, j * predictor.room + token))
            if negative != LEFT_OUT:
                mark(outside, negative, interval, shard)


def _mark_paths(outside, predictor, noise_key, first, last, scratch, interval, shard):
    for token in range(first, last):
        word = simd.load_int(scratch.words, token)
        for at in range(simd.load_int(predictor.paths, word), simd.load_int(predictor.paths, word + 1)):
            mark(outside, np.int64(simd.load_int32(predictor.branches, at)) >> 1, interval, shard)


def _mark_both(outside, predictor, noise_key, first, last, scratch, interval, shard):
    draw_for_span(predictor, noise_key, first, last, scratch)
    for token in range(first, last):
        word = simd.load_int(scratch.words, token)
        mark(outside, 2 * word, interval, shard)
        for j in range(predictor.count):
            negative = np.int64(simd.load_int32(scratch.drawn, j * predictor.room + token))
            if negative != LEFT_OUT:
                mark(outside, 2 * negative, interval, shard)
        for at in range(simd.load_int(predictor.paths, word), simd.load_int(predictor.paths, word + 1)):
            node = np.int64(simd.load_int32(predictor.branches, at)) >> 1
            mark(outside, 2 * node + 1, interval, shard)


@compiled
def train_intervals(intervals, members, stream, windows, predictor, table, epoch, center, outside, scratch, hidden):
    """Do tasks until all intervals are finished or the threads are to stop, which they do at the end of an interval.

    members: address of `shards` int64, to work with. center, outside: the Slots of the first shard. hidden: a Hidden,
    None or PerPair. The other arguments are those of `_windows.train_windows`. At most as many threads as shards may
    call this at once.
    """
    state, shards, size = intervals.state, intervals.shards, intervals.size // intervals.shards
    before = BUCKETS + shards  # tasks of a round that come before training
    while True:
        task = add_to_counter(state + 8 * TAKEN, 1)
        interval, part = task // (before + shards), task % (before + shards)
        begun = interval * (before + shards)
        wait_for(state + 8 * DONE, begun if part < before else begun + before, intervals.yielding)
        shard = part - BUCKETS if part < before else part - before
        first = min(intervals.begin + interval * intervals.size + shard * size, intervals.end)
        stop = min(first + size, intervals.end)
        if part < BUCKETS:
            if interval > 0:
                if part == 0:
                    _finish(intervals, interval)
                merge_bucket(center, shards, part, members)
                merge_bucket(outside, shards, part, members)
        elif part < before:
            if intervals.marked and first < stop:
                _mark_shard(
                    interval + 1,
                    shard,
                    first,
                    stop,
                    stream,
                    windows,
                    predictor,
                    epoch,
                    center,
                    outside,
                    scratch,
                )
        elif interval >= load_counter(state + 8 * LAST):
            return
        else:
            mine, others = of_shard(center, shard), of_shard(outside, shard)
            simd.store_double(scratch.loss, 0, 0.0)
            pairs = 0
            if first < stop:
                pairs = _train(
                    stream,
                    first,
                    stop,
                    windows,
                    predictor,
                    table,
                    epoch,
                    mine,
                    others,
                    scratch,
                    hidden,
                )
                fold(scratch)
            simd.store_double(intervals.losses, shard, simd.load_double(scratch.loss, 0))
            simd.store_int(intervals.pairs, shard, pairs)
        add_to_counter(state + 8 * DONE, 1)


@compiled
def _finish(intervals, finished):
    """Add up what the last interval came to, and decide whether there is another."""
    pairs, loss = simd.load_int(intervals.state, PAIRS), simd.load_double(intervals.loss, 0)
    for shard in range(intervals.shards):
        pairs += simd.load_int(intervals.pairs, shard)
        loss += simd.load_double(intervals.losses, shard)
    simd.store_int(intervals.state, PAIRS, pairs)
    simd.store_double(intervals.loss, 0, loss)
    simd.store_int(intervals.state, FINISHED, finished)
    reached = intervals.begin + finished * intervals.size
    if reached >= intervals.end or load_counter(intervals.state + 8 * STOPPED) != 0:
        simd.store_int(intervals.state, LAST, finished)
