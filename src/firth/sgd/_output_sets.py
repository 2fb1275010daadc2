"""A set of outputs: the rows of U that the prediction of one word needs, and the rows to fetch with them.

A set is an array of int64: how many rows; whether they are distinct; the rows' addresses, and after them that of a row
of V that is needed soon. `outputs` is the most rows that a set of the run has.
"""

from numba.extending import register_jitable

from firth.sgd._blocks import MAX_OUTPUTS

COUNT, DISTINCT, ROWS = range(3)
"""Where the parts of a set begin."""


@register_jitable
def groups_of(outputs):
    """How many groups of at most MAX_OUTPUTS outputs there are."""
    return (outputs + MAX_OUTPUTS - 1) // MAX_OUTPUTS
