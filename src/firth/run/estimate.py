"""What a run of the exact softmax will take: said before it begins, with a warning if it is long."""

import math
import warnings

from firth.display import Display
from firth.exact.plan import bytes_needed, check_memory, estimate_seconds
from firth.settings import TrainConfig

LONG = 600.0
"""From this many seconds of training on, a warning says how to make the run shorter."""


def announce_work(words: int, config: TrainConfig, display: Display) -> None:
    """Say how much time and memory training will take, for a corpus of this many words; warn if it is long.

    Raises ConfigError if the machine has too little memory.
    """
    m = words
    n = min(config.max_vocab or m, m)
    check_memory(n, m, config)
    seconds = estimate_seconds(n, m, config)
    cost = f"{_duration(seconds)} and {bytes_needed(n, m, config) / 1e9:.1f} GB besides the counts"
    work = f"{config.epochs} passes over {n:,} center and {m:,} outside words, dimension {config.dim}"
    if seconds <= LONG:
        display.say(f"{work}: about {cost}")
        return
    advice = "lower epochs or dim"
    fewer = int(math.sqrt(n * m * LONG / 2 / seconds / 2)) // 1000 * 1000  # with twice as many outside words
    if 1000 <= fewer < n:
        advice = f"with --max-vocab {fewer} (max_vocab={fewer}) it would be about {_duration(LONG / 2)}"
    warnings.warn(f"{work}, will take about {cost}: {advice}", stacklevel=4)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{max(seconds, 1):.0f} s"
