"""The warnings of the facade: names of gensim 3 that have new ones, and options without meaning here."""

import warnings


def renamed(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that `old` is called `new` since gensim 4."""
    warnings.warn(f"{old} is the name of gensim 3: use {new}", DeprecationWarning, stacklevel=stacklevel)


def without_meaning(options: dict[str, str], stacklevel: int = 3) -> None:
    """Warn once of all options that are accepted and do nothing: the name of each, and why."""
    if options:
        told = "; ".join(f"{name}: {why}" for name, why in options.items())
        warnings.warn(f"options without an effect in firth: {told}", UserWarning, stacklevel=stacklevel)
