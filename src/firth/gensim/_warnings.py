"""The warnings of the facade: names of gensim 3 that have new ones, and options without meaning here."""

import sys
import warnings


def renamed(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that `old` is called `new` since gensim 4."""
    warnings.warn(f"{old} is the name of gensim 3: use {new}", DeprecationWarning, stacklevel=stacklevel)


def without_meaning(options: dict[str, str], stacklevel: int = 3) -> None:
    """Warn once of all options that are accepted and do nothing: the name of each, and why."""
    if options:
        told = "; ".join(f"{name}: {why}" for name, why in options.items())
        warnings.warn(f"options without an effect in firth: {told}", UserWarning, stacklevel=stacklevel)


def callers_level() -> int:
    """The stacklevel at which a warning of the function that calls this is at the line of the program."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "firth":
        frame, level = frame.f_back, level + 1
    return level
