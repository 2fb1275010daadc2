"""Every setting of a training run: its default, its check, and the sentence a wrong value gets."""

import dataclasses
import difflib
import math
import os
from typing import Any

from firth.errors import ConfigError

MOST_PASSES = 10
THRESHOLDS = {"count": 100.0, "npmi": 0.5}
"""The scores of phrases, and from where on each makes a phrase unless told otherwise."""

CHOICES = {
    "loss": ("negative-sampling", "softmax", "hierarchical-softmax"),
    "architecture": ("skipgram", "cbow"),
    "update": ("shared", "per-pair"),
    "tokenizer": ("whitespace", "words"),
    "errors": ("replace", "strict"),
    "phrase_score": tuple(THRESHOLDS),
}
"""The values that each setting of names may take, the default first."""

LEAST_SUBSAMPLE = 1e-12
"""With less, hardly a token of a corpus would stay."""

BY_LOSS: dict[str, dict[str, Any]] = {
    "negative-sampling": {
        "epochs": 5,
        "subsample": 1e-3,
        "lr": 0.025,
        "min_lr": 1e-4,
        "update": "shared",
        "negatives": 5,
        "ns_exponent": 0.75,
    },
    "softmax": {
        "epochs": 12,
        "subsample": 1e-4,
        "lr": 0.3,
        "min_lr": 0.15,
        "outside_vocab": None,
        "mix": 0.25,
    },
    "hierarchical-softmax": {
        "epochs": 5,
        "subsample": 1e-3,
        "lr": 0.025,
        "min_lr": 1e-4,
    },
}
"""The defaults of skip-gram that differ from loss to loss, and the settings that only one has."""

CBOW: dict[str, dict[str, Any]] = {
    "negative-sampling": {"lr": 0.15, "cbow_sum": False},
    "hierarchical-softmax": {"lr": 0.1, "cbow_sum": False},
}
"""Where CBOW differs from loss to loss, besides having no `update`: there is one prediction a window.

Its rates are higher than those of skip-gram because the gradient of the mean gives a word of n only 1/n.
"""


SUBWORDS_LR = 0.05
"""The learning rate of skip-gram with subwords and negative sampling; fastText's default too."""


def defaults(loss: str, architecture: str) -> dict[str, Any]:
    """The settings that the loss and the architecture have, with their defaults; without those that all have."""
    found = dict(BY_LOSS[loss])
    if architecture == "cbow":
        found = {name: value for name, value in found.items() if name != "update"} | CBOW[loss]
    return found


@dataclasses.dataclass(frozen=True)
class Reading:
    """How text is read, and the folder for the encoded corpus (None: the system's for temporary files)."""

    lower: bool = False
    tokenizer: str = "whitespace"
    errors: str = "replace"
    tmp: str | os.PathLike[str] | None = None


AS_IS = Reading()
"""Text divided at white space, and nothing else done to it."""

_SOME: Any = None
"""The default of a setting that `defaults` knows, and that not all losses and architectures have."""

BY_KIND = frozenset(BY_LOSS["negative-sampling"]) | frozenset(BY_LOSS["softmax"]) | {"cbow_sum"}
"""The settings that not all losses and architectures have, or whose defaults depend on them."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The settings of one training run, checked when they are made; no `threads` means all processors.

    A setting that the loss or the architecture does not have is None and cannot be given; some defaults depend on them
    (`defaults`).
    Raises ConfigError for a value of the wrong type or out of range.
    """

    loss: str = "negative-sampling"
    architecture: str = "skipgram"
    update: str = _SOME
    cbow_sum: bool = _SOME
    dim: int = 100
    window: int = 5
    negatives: int = _SOME
    epochs: int = _SOME
    min_count: int = 5
    max_vocab: int | None = None
    outside_vocab: int | None = _SOME
    subsample: float = _SOME
    ns_exponent: float = _SOME
    lr: float = _SOME
    min_lr: float = _SOME
    mix: float = _SOME
    minn: int = 3
    maxn: int = 0
    bucket: int = 2_000_000
    phrases: int = 0
    phrase_score: str = "count"
    phrase_threshold: float | None = None
    delimiter: str = "_"
    fixed_window: bool = False
    lower: bool = False
    tokenizer: str = "whitespace"
    errors: str = "replace"
    threads: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        self._check_choice("loss")
        self._check_choice("architecture")
        if self.loss == "softmax" and self.architecture == "cbow":
            raise ConfigError(
                "loss 'softmax' is computed from counts of pairs, which a window's mean has not: for CBOW, choose "
                "negative-sampling or hierarchical-softmax"
            )
        self._fill_in()
        for name in CHOICES:
            if self._has(name):
                self._check_choice(name)
        whole = {"dim": (1, 8192), "window": (1, 1024), "negatives": (1, 1024), "epochs": (1, 1_000_000)}
        whole |= {"min_count": (1, 2**62), "seed": (0, 2**63 - 1), "threads": (1, 1024)}
        whole |= {"max_vocab": (1, 2**31 - 1), "outside_vocab": (1, 2**31 - 1)}
        whole |= {"minn": (1, 64), "maxn": (0, 64), "bucket": (1, 2**30), "phrases": (0, MOST_PASSES)}
        for name, (low, high) in whole.items():
            if self._has(name) and not (name.endswith("_vocab") and getattr(self, name) is None):
                self._check_int(name, low, high)
        if self.outside_vocab is not None and self.outside_vocab < (self.max_vocab or self.outside_vocab + 1):
            raise ConfigError(
                f"outside_vocab is {self.outside_vocab}: expected max_vocab and at least as much (max_vocab is "
                f"{self.max_vocab}); without it, all words are both center and outside words"
            )
        for name, low_, high_ in (
            ("subsample", 0.0, math.inf),
            ("ns_exponent", -16.0, 16.0),
            ("lr", 0.0, 1e3),
            ("min_lr", 0.0, 1e3),
            ("mix", 0.0, 16.0),
        ):
            if self._has(name):
                self._check_float(name, low_, high_)
        if self.min_lr > self.lr:
            raise ConfigError(f"min_lr is {self.min_lr:g}, above lr, {self.lr:g}: lower min_lr too")
        if 0 < self.subsample < LEAST_SUBSAMPLE:
            raise ConfigError(f"subsample is {self.subsample:g}: expected 0 (keep all) or {LEAST_SUBSAMPLE:g} and more")
        if 0 < self.maxn < self.minn:
            raise ConfigError(f"maxn is {self.maxn}, below minn, {self.minn}: expected as much, or 0 (no subwords)")
        if not self.maxn and (self.minn, self.bucket) != (TrainConfig.minn, TrainConfig.bucket):
            raise ConfigError("minn and bucket are settings of subwords: give maxn too, as in maxn=6 (--maxn 6)")
        phrase = ("phrase_score", "phrase_threshold", "delimiter")
        if not self.phrases and any(getattr(self, name) != getattr(TrainConfig, name) for name in phrase):
            raise ConfigError(f"{', '.join(phrase)} are settings of phrases: give phrases too, as in phrases=1")
        if self.maxn and self.loss == "softmax":
            raise ConfigError("loss 'softmax' knows no subwords: leave maxn out, or choose negative-sampling")
        for name in ("fixed_window", "lower", "cbow_sum"):
            if self._has(name) and type(getattr(self, name)) is not bool:
                raise ConfigError(f"{name} is {getattr(self, name)!r}: expected True or False")

    def _fill_in(self) -> None:
        """Give the settings left open their defaults; refuse those of another loss."""
        if self.threads is None:
            object.__setattr__(self, "threads", available_threads())
        known = defaults(self.loss, self.architecture)
        if self.architecture == "cbow" and self.cbow_sum is True:  # each word of a sum moves as far as in skip-gram
            known = known | {"lr": BY_LOSS[self.loss]["lr"]}
        if self.architecture == "skipgram" and self.loss == "negative-sampling" and self.maxn:
            known = known | {"lr": SUBWORDS_LR}
        for name in BY_KIND:
            if name in known:
                if getattr(self, name) is None:
                    object.__setattr__(self, name, known[name])
            elif getattr(self, name) is not None:
                raise ConfigError(f"{name} is no setting of {self._kind()}: leave it out")

    def _kind(self) -> str:
        return f"{self.architecture} with loss {self.loss!r}"

    def _has(self, name: str) -> bool:
        """Whether the loss and the architecture have a setting."""
        return name not in BY_KIND or name in defaults(self.loss, self.architecture)

    def _check_choice(self, name: str) -> None:
        value, choices = getattr(self, name), CHOICES[name]
        if value not in choices:
            raise ConfigError(f"{name} is {value!r}: expected {' or '.join(map(repr, choices))}")

    def _check_int(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        try:
            whole = value.__index__()
        except (AttributeError, TypeError):
            whole = None
        if whole is None or isinstance(value, bool) or not low <= whole <= high:
            raise ConfigError(f"{name} is {value!r}: expected a whole number from {low} to {high}")
        object.__setattr__(self, name, whole)

    def _check_float(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        try:
            number = math.nan if isinstance(value, bool | str) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not (low <= number <= high and math.isfinite(number)):
            bound = f"from {low:g} to {high:g}" if high < math.inf else f"{low:g} or more"
            raise ConfigError(f"{name} is {value!r}: expected a number, {bound}")
        object.__setattr__(self, name, number)

    def as_dict(self) -> dict[str, Any]:
        """The settings that the loss has as a plain dict, in the order of their definition."""
        return {name: value for name, value in dataclasses.asdict(self).items() if self._has(name)}


def make_config(settings: dict[str, Any], others: tuple[str, ...] = ()) -> TrainConfig:
    """A checked TrainConfig from keywords.

    Raises ConfigError for an unknown one; it names the nearest setting or the nearest of `others`, which the caller
    takes as well.
    """
    known = [field.name for field in dataclasses.fields(TrainConfig)]
    for name in settings:
        if name not in known:
            names = [*known, *others]
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(names)}"
            raise ConfigError(f"unknown setting {name!r}: {hint}")
    return TrainConfig(**settings)


def available_threads() -> int:
    """The number of processors this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity to ask for
        return os.cpu_count() or 1


def physical_memory() -> float:
    """The bytes of memory that the machine has; infinite where that is not known."""
    try:
        memory = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return math.inf
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            return min(memory, float(file.read()))
    except (OSError, ValueError):  # no container, or "max": no limit
        return memory
