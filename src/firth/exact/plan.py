"""What a run of exact training will do and take: its stages, operations, seconds and memory."""

import math
import time

import numpy as np

from firth.errors import ConfigError
from firth.exact import start as spectral
from firth.settings import TrainConfig, physical_memory

Sizes = tuple[int, int]

SVD_SECONDS = 2e-8
"""Of one of the nine singular value decompositions of a run, divided by its size cubed: measured, about."""

TRIAL = (768, 8192)
"""Rows and columns of the pass that speed is measured with."""

GROWN = 10_000
"""More center words are trained in stages, each on twice the words of the one before."""

SEED_WORDS = 5_000
"""The most center words of the first of several stages."""

STAGE_EPOCHS = 6
"""Passes of each stage but the last."""

STAGE_RATE = 4 / 3
"""The learning rates of each stage but the last, times those of the last."""


def plan_stages(n: int, m: int) -> list[Sizes]:
    """The center and outside words of each stage of a run, rising to n and m."""
    stages = [(n, m)]
    while n > GROWN or (len(stages) > 1 and n > SEED_WORDS):
        n, m = n // 2, m // 2
        stages.insert(0, (n, m))
    return stages


def check_limits(n: int, m: int, config: TrainConfig) -> tuple[float, float]:
    """The seconds that a run will take after counting, about, from a short trial, and the bytes besides the counts.

    Raises ConfigError if the memory that it needs, besides the counts, is more than the machine has.
    """
    from firth.exact._softmax import SoftmaxPass, scratch_bytes
    from firth.native.arrays import aligned_rows

    threads, dim = config.threads or 1, config.dim
    need = 4.0 * (n + m) * (3 * (dim + 16) + 2 * (dim + spectral.OVERSAMPLING)) + scratch_bytes(n, m, dim, threads)
    have = physical_memory()
    if need > have:
        raise ConfigError(
            f"{n:,} center words and {m:,} outside words of dimension {dim} need {need / 1e9:.1f} GB and this machine "
            f"has {have / 1e9:.1f} GB: set max_vocab, or lower it, or raise min_count"
        )
    rows, words = min(n, TRIAL[0]), min(m, TRIAL[1])
    nothing = np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    kernel = SoftmaxPass(*nothing, rows, words, dim, threads)
    center, outside, bias = aligned_rows(rows, dim), aligned_rows(words, dim), np.zeros(words, np.float32)
    gradients, row_loss = (center.copy(), outside.copy(), bias.copy()), np.empty(rows)
    seconds = math.inf
    for _ in range(3):
        begun = time.perf_counter()
        kernel.run(center, outside, bias, *gradients, row_loss)
        seconds = min(seconds, time.perf_counter() - begun)
    passes = seconds * run_flop(plan_stages(n, m), config) / (6.0 * rows * words * dim)
    return passes + 9 * SVD_SECONDS * (dim + spectral.OVERSAMPLING) ** 3, need


def run_flop(stages: list[Sizes], config: TrainConfig) -> float:
    """The floating point operations of the matrix products of a run's passes, all stages together."""
    *before, last = [6.0 * n * m * config.dim for n, m in stages]
    return sum(before) * (STAGE_EPOCHS + 1 / 3) + last * (config.epochs + 1 / 3)
