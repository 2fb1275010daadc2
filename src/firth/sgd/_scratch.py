"""What a thread reuses from step to step, so that kernels allocate nothing.

numba frees an array after its last use by name, so an address taken inside a kernel would dangle, and it counts arrays
in and out of every call. Hence all arrays are made here, outside kernels, which see their addresses alone.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from firth.native.arrays import LANES, aligned_rows
from firth.sgd._both import Both
from firth.sgd._negatives import Negatives
from firth.sgd._output_sets import groups_of
from firth.sgd._paths import Tree
from firth.sgd._predict import bytes_of_sets
from firth.sgd._scores import TILE
from firth.sgd._tokens import most_kept


class Scratch(NamedTuple):
    """Addresses of what a thread reuses."""

    scores: int  # float32: TILE for each input
    coefficients: int  # float32: inputs · outputs + 16
    signs: int  # int32: of the pairs of a tile, see `_scores.pair_coefficients`
    spread: int  # (2,) int64: for how many outputs, and which bits of their answers, the signs are
    sums: int  # (2, 16) float32: Σ max(z, 0) and Π (1 + e^-|z|), lane by lane, since the last fold
    factors: int  # int64: how many factors a lane of the product has
    loss: int  # float64: nats, up to the last fold
    inputs: int  # int64: addresses of the rows of a window
    sets: int  # int64: sets of outputs, see `_predict`
    first_only: int  # int64: the answers of a set whose first output alone is to be answered with yes
    drawn: int  # int32: negatives, see `_negatives.draw_for_span`; so are the next three
    repeats: int  # int32
    streams: int  # int64
    bits: int  # int64
    words: int  # int64: of each kept token of a span its word; likewise the next three, see `_tokens.Kept`
    positions: int
    left: int
    right: int
    entered: int  # int64: of each kept token of a span the address of its vector
    hidden: int  # int64: addresses of the hidden vector of a window, of what its inputs move by, and of zeros
    weight: int  # float32: of each input
    input_copies: int  # float32: copies of the frozen rows of a window
    output_copies: int  # float32: copies of the frozen rows of two sets
    vectors: int  # float32: vectors of tokens composed of n-grams, twice what windows reach at a time
    parts: int  # int64: addresses of the rows that a vector is composed of
    ahead: int  # int64: addresses of rows to fetch
    ends: int  # (2,) int64: the offsets of a document that is a stream of its own


GroupScratch = NamedTuple("GroupScratch", [*Scratch.__annotations__.items(), ("row_copies", int)])
"""`Scratch` for steps with more than MAX_OUTPUTS outputs, which are worked on in groups.

row_copies: address of int64 and float32, the addresses and a copy of every row of a step.
"""

AnyScratch = Scratch | GroupScratch


def scratch_arrays(
    window: int,
    predictor: Negatives | Tree | Both,
    row_bytes: int,
    *,
    groups: bool,
    frozen: bool,
    parts: int,
    tags: int,
) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a Scratch by name: for windows of a radius and the sets of outputs of a predictor.

    `groups`: whether there may be more outputs than a block takes. `frozen`: whether rows of either matrix stay as they
    are. `parts`: the most rows that a vector is composed of, 0 if none is. `tags`: the most tags of a document. The
    rows that `hidden` points to are "hidden rows".
    """
    inputs, outputs, tokens = 2 * window + tags, predictor.outputs, most_kept(window)
    draws = predictor.count * tokens if not isinstance(predictor, Tree) else 0
    sums = np.zeros((2, LANES), np.float32)
    sums[1] = 1.0
    hidden_rows = aligned_rows(3, row_bytes // 4)
    arrays: dict[str, npt.NDArray[Any]] = {
        "scores": np.zeros(inputs * TILE, np.float32),
        "coefficients": np.empty(inputs * outputs + LANES, np.float32),
        "signs": np.zeros(TILE + LANES, np.int32),
        "spread": np.zeros(2, np.int64),
        "sums": sums,
        "factors": np.zeros(1, np.int64),
        "loss": np.zeros(1, np.float64),
        "inputs": np.empty(inputs + LANES, np.int64),
        "sets": np.empty(bytes_of_sets(predictor) + 8 * LANES, np.uint8),
        "first_only": (np.arange(groups_of(outputs)) == 0).astype(np.int64),
        "drawn": np.empty(draws, np.int32),
        "repeats": np.empty(tokens, np.int32),
        "hidden": np.array([row.ctypes.data for row in hidden_rows]),
        "weight": np.empty(1, np.float32),
        "input_copies": np.empty(inputs * row_bytes if frozen else 0, np.uint8),
        "output_copies": np.empty(2 * outputs * row_bytes if frozen else 0, np.uint8),
        "vectors": np.empty(2 * (inputs + 1) * row_bytes if parts else 0, np.uint8),
        "parts": np.empty(parts + LANES, np.int64),
        "ahead": np.empty(outputs + 1 + parts + LANES if parts else 0, np.int64),
        "ends": np.zeros(2, np.int64),
        "hidden rows": hidden_rows,
    }
    arrays |= {name: np.empty(tokens, np.int64) for name in ("words", "positions", "left", "right", "streams", "bits")}
    arrays["entered"] = np.empty(tokens + LANES, np.int64)
    if groups:
        arrays["row_copies"] = np.empty((inputs + outputs) * (8 + row_bytes), np.uint8)
    return arrays


def scratch_of(arrays: dict[str, npt.NDArray[Any]]) -> AnyScratch:
    """The Scratch of arrays from `scratch_arrays`, which must outlive it."""
    kind = GroupScratch if "row_copies" in arrays else Scratch
    return kind(**{name: arrays[name].ctypes.data for name in kind._fields})
