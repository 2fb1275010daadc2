"""What a model's options mean in firth's settings, and which have no meaning here."""

import secrets
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from firth.declaring import BOTH, CBOW, NEGATIVE_SAMPLING, SKIPGRAM, TREE, declared
from firth.errors import ConfigError
from firth.gensim._errors import ArgumentError, KindError
from firth.gensim._warnings import callers_level, renamed, without_meaning
from firth.settings import TrainConfig, available_threads

NAMES = {
    "vector_size": "dim",
    "window": "window",
    "sample": "subsample",
    "seed": "seed",
    "alpha": "lr",
    "min_alpha": "min_lr",
    "epochs": "epochs",
}
"""The options that are settings of firth's by another name."""

OF_NEGATIVES = {"negative": "negatives", "ns_exponent": "ns_exponent"}

OLD_NAMES = {"size": "vector_size", "iter": "epochs"}
"""Options that gensim 3 called otherwise."""

WHOLE = {"vector_size", "window", "min_count", "max_vocab_size", "max_final_vocab", "seed", "workers", "negative"} | {
    *("epochs", "min_n", "max_n", "bucket", "dm_tag_count"),
}
"""The options that are whole numbers; 5.0 is one, too."""

WITHOUT_MEANING = {
    "hashfxn": "vectors begin with draws from the seed",
    "batch_words": "threads share the corpus out themselves",
    "null_word": "no window needs a word to fill it",
    "word_ngrams": "gensim has 1 only, too",
}
"""The options that do nothing here, and why."""


def new_names(given: dict[str, Any], current: dict[str, Any]) -> None:
    """Move the options of `given`, by names of gensim 3, to `current`; warn of each. Raises KindError for others."""
    for old, value in given.items():
        if old not in OLD_NAMES:
            raise KindError(f"{old!r:.100} is no option of this model")
        renamed(old, OLD_NAMES[old], stacklevel=callers_level() + 1)
        current[OLD_NAMES[old]] = value


def whole(value: Any) -> Any:
    """The integer that a number such as 5.0 is; anything else as it is."""
    return int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else value


def usual_values(options: dict[str, Any]) -> None:
    """Put values that gensim takes in the way that firth has them; a seed of None is drawn and kept."""
    for name in WHOLE & options.keys():
        options[name] = whole(options[name])
    for name in ("sample", "negative", "min_count"):
        value = options[name]
        if (value is None and name == "sample") or (isinstance(value, int | float) and value < 0):
            options[name] = 0
    if options["seed"] is None:
        options["seed"] = secrets.randbits(31)
    options["max_vocab_size"] = options["max_vocab_size"] or None


def warn_without_meaning(given: Mapping[str, Any]) -> None:
    """Warn once of all options in `given` that have no meaning and are not at their defaults."""
    usual = {"hashfxn": hash, "batch_words": 10000, "null_word": 0, "word_ngrams": 1}
    others = [name for name, value in given.items() if name in usual and value != usual[name]]
    without_meaning({name: WITHOUT_MEANING[name] for name in others}, stacklevel=callers_level() + 1)


def settings_of(model: Any) -> dict[str, Any]:
    """The settings of firth's that a model's attributes mean. Raises ArgumentError for values out of range."""
    if not model.hs and not model.negative:
        raise ArgumentError(
            "hs is 0 and negative is 0, so there is nothing to learn from: expected negative=5, say, or hs=1"
        )
    cbow = not model.sg
    loss = NEGATIVE_SAMPLING if not model.hs else BOTH if model.negative else TREE
    found: dict[str, Any] = {"loss": loss, "architecture": CBOW if cbow else SKIPGRAM, "min_count": 1}
    names = NAMES | (OF_NEGATIVES if model.negative else {})
    found |= {firths: checked(name, firths, getattr(model, name)) for name, firths in names.items()}
    found["fixed_window"] = not model.shrink_windows
    found["threads"] = threads(model.workers)
    if cbow:
        found["cbow_sum"], found["cbow_undivided"] = not model.cbow_mean, bool(model.cbow_mean)
    return found


def config_of(settings: dict[str, Any]) -> TrainConfig:
    """The settings of a run. Raises ArgumentError for those that do not go together."""
    try:
        return TrainConfig(**settings)
    except ConfigError as error:
        raise ArgumentError(str(error)) from None


def checked(name: str, firths: str, value: Any) -> Any:
    """The value of the option `name`, which firth calls `firths`. Raises ArgumentError."""
    try:
        return declared(TrainConfig)[firths].checked(value)
    except ConfigError as error:
        raise ArgumentError(f"{name}{str(error).removeprefix(firths)}") from None


def threads(workers: Any) -> int:
    """How many threads train: `workers`, but no more than there are processors. Raises ArgumentError."""
    whole: int = checked("workers", "threads", workers)
    return min(whole, available_threads())


def falling(alpha: float, min_alpha: float) -> tuple[float, float]:
    """The learning rates at the start and at the end; with a warning both the least where `alpha` is below it."""
    if min_alpha <= alpha:
        return alpha, min_alpha
    warnings.warn(
        f"alpha is {alpha:g}, below min_alpha, {min_alpha:g}: the learning rate is {min_alpha:g} throughout. One call "
        "of train() with all epochs lowers it by itself",
        UserWarning,
        stacklevel=callers_level(),
    )
    return min_alpha, min_alpha
