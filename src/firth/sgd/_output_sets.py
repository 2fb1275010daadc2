"""A set of outputs: the rows of U that the prediction of one word needs, and which of them are to be answered with yes.

A set is an array of int64, `set_size` of them: how many rows; how many of the first are not worth fetching ahead; the
rows' addresses, with room for a block more; and for each group of rows (see `_step`) the bits of those that are yes.
`outputs` is the most rows that a set of the run has, and fixes where its parts are.
"""

from numba.extending import register_jitable

from firth.native import simd
from firth.native.jit import inlined
from firth.sgd import _blocks as blocks

COUNT, NEAR, ROWS = range(3)
"""Where the parts of a set begin; `answers_place` says where the bits do."""


@register_jitable
def groups_of(outputs):
    """How many groups of at most MAX_OUTPUTS outputs there are."""
    return (outputs + blocks.MAX_OUTPUTS - 1) // blocks.MAX_OUTPUTS


@register_jitable
def answers_place(outputs):
    """The place in a set where the bits begin."""
    return ROWS + outputs + blocks.MAX_OUTPUTS


@register_jitable
def set_size(outputs):
    """The int64 numbers of a set."""
    return answers_place(outputs) + groups_of(outputs)


@inlined
def rows_of(output_set):
    """Where the addresses of a set's rows begin."""
    return output_set + 8 * ROWS


@inlined
def answers_of(output_set, outputs):
    """Where the bits of a set begin."""
    return output_set + 8 * answers_place(outputs)


@inlined
def finish(output_set, count, near):
    """Note how many rows a set has, and how many of the first are not worth fetching."""
    simd.store_int(output_set, COUNT, count)
    simd.store_int(output_set, NEAR, near)
