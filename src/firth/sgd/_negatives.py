"""Negative sampling: a word is predicted by its own row of U, yes, and by the rows of K negatives, no."""

from typing import NamedTuple

from firth.native import rng, simd
from firth.native.jit import inlined
from firth.sgd._output_sets import answers_of, finish, groups_of, rows_of
from firth.sgd._rows import take

TRIES = 1000
"""Draws for one negative before it is left out: only noise with nearly all its mass on one word needs so many."""


class Negatives(NamedTuple):
    """What negatives are drawn from."""

    noise: int  # address of (words,) uint64: the alias table of the noise distribution
    words: int
    count: int  # K
    outputs: int  # K + 1: the most rows of a set


@inlined
def draw_negatives(outside, negatives, noise_key, word, position, counter, output_set, spare):
    """Fill the set with the word and its negatives.

    Draws come from the stream of the token's position, from `counter` on; return the next counter. `spare` has room for
    copies of the rows, see `_rows.take`.
    """
    stream, rows = rng.draw(noise_key, position), rows_of(output_set)
    simd.store_int(rows, 0, take(outside, word, spare))
    count = 1
    for _ in range(negatives.count):
        for _ in range(TRIES):
            negative = rng.pick(negatives.noise, negatives.words, rng.draw(stream, counter))
            counter += 1
            if negative != word:
                simd.store_int(rows, count, take(outside, negative, spare + count * outside.row_bytes))
                count += 1
                break
    finish(output_set, count, 0)
    answers = answers_of(output_set, negatives.outputs)
    for group in range(groups_of(count)):
        simd.store_int(answers, group, 1 if group == 0 else 0)
    return counter
