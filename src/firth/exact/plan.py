"""The plan of a run of the exact softmax: its stages, and the operations, seconds and memory that it takes."""

import math
import time

import numpy as np

from firth.errors import ConfigError
from firth.exact.start import OVERSAMPLING
from firth.memory import physical_memory
from firth.settings import TrainConfig

Sizes = tuple[int, int]

SVD_SECONDS = 2e-8
"""Measured time of one of the nine singular value decompositions of a run, divided by its size cubed."""

START_BYTES = 20.0
"""Memory that the computation of the starting vectors takes for each entry of the counts."""

TRIAL = (768, 8192)
"""Center and outside words of the pass that measures the speed of this machine."""

TRIAL_DIM = 300
"""With more dimensions, the trial has fewer center words."""

LEAST_ROWS = 96
"""The least number of center words of the trial: a task for each of two threads."""

GROWN = 10_000
"""A run over more center words than this has stages, each over twice the words of the one before."""

SEED_WORDS = 5_000
"""The most center words of the first of several stages."""

STAGE_EPOCHS = 6
"""Passes of each stage but the last."""

STAGE_RATE = 4 / 3
"""The learning rates of each stage but the last, times those of the last."""


def plan_stages(n: int, m: int) -> list[Sizes]:
    """The numbers of center and of outside words of each stage of a run, rising to n and m."""
    stages = [(n, m)]
    while n > GROWN or (len(stages) > 1 and n > SEED_WORDS):
        n, m = n // 2, m // 2
        stages.insert(0, (n, m))
    return stages


def bytes_needed(n: int, m: int, config: TrainConfig) -> float:
    """The bytes of memory that a run over n center and m outside words takes besides the counts."""
    from firth.exact._softmax import scratch_bytes

    matrices = 4.0 * (n + m) * (3 * (config.dim + 16) + 2 * (config.dim + OVERSAMPLING))
    return matrices + scratch_bytes(n, m, config.dim, config.threads or 1)


def check_memory(n: int, m: int, config: TrainConfig) -> None:
    """Raise ConfigError if the machine's memory cannot hold a run over n center and m outside words."""
    need, have = bytes_needed(n, m, config), physical_memory()
    if need > have:
        raise ConfigError(
            f"{n:,} center words and {m:,} outside words of dimension {config.dim} need {need / 1e9:.1f} GB and this "
            f"machine has {have / 1e9:.1f} GB: set max_vocab, or lower it, or raise min_count"
        )


def check_start_memory(entries: int) -> None:
    """Raise ConfigError if the machine cannot hold what the starting vectors take for this many entries of counts."""
    need, have = START_BYTES * entries, physical_memory()
    if need > have:
        raise ConfigError(
            f"the start from {entries:,} counts needs up to {need / 1e9:.1f} GB and this machine has "
            f"{have / 1e9:.1f} GB: lower max_vocab (--max-vocab)"
        )


def estimate_seconds(n: int, m: int, config: TrainConfig) -> float:
    """About how many seconds a run takes after counting, from a short trial on this machine."""
    from firth.exact._softmax import SoftmaxPass
    from firth.native.arrays import aligned_rows

    dim = config.dim
    rows, words = min(n, max(LEAST_ROWS, TRIAL[0] * TRIAL_DIM // max(dim, TRIAL_DIM))), min(m, TRIAL[1])
    no_counts = np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    kernel = SoftmaxPass(*no_counts, rows, words, dim, config.threads or 1)
    center, outside, bias = aligned_rows(rows, dim), aligned_rows(words, dim), np.zeros(words, np.float32)
    gradients, row_loss = (center.copy(), outside.copy(), bias.copy()), np.empty(rows)
    seconds = math.inf
    for _ in range(3):
        begun = time.perf_counter()
        kernel.run(center, outside, bias, *gradients, row_loss)
        seconds = min(seconds, time.perf_counter() - begun)
    passes = seconds * run_flop(plan_stages(n, m), config) / (6.0 * rows * words * dim)
    return passes + 9 * SVD_SECONDS * (dim + OVERSAMPLING) ** 3


def run_flop(stages: list[Sizes], config: TrainConfig) -> float:
    """Floating point operations of the matrix products in all passes of all stages; one for the loss alone is 1/3."""
    *before, last = [6.0 * n * m * config.dim for n, m in stages]
    return sum(before) * (STAGE_EPOCHS + 1 / 3) + last * (config.epochs + 1 / 3)
