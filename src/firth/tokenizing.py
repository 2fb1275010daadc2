"""What may divide text into tokens: the names of tokenizers, checked, and those of functions."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from firth.errors import ConfigError

Tokenizer = str | Callable[[str], Iterable[str | int]]

LONGEST = 1024
"""The most characters of a k-mer."""

PLAIN = ("whitespace", "words", "chars")
_KMERS = re.compile(r"kmers:([1-9][0-9]{0,3})(?::([1-9][0-9]{0,3}))?")


def check_tokenizer(tokenizer: object) -> None:
    """Raise ConfigError for what is neither the name of a tokenizer, nor a function, nor None."""
    named = isinstance(tokenizer, str) and (tokenizer in PLAIN or kmers_of(tokenizer) is not None)
    if not (tokenizer is None or named or callable(tokenizer)):
        raise ConfigError(
            f"tokenizer is {tokenizer!r:.100}: expected {', '.join(PLAIN)}, kmers:K or kmers:K:STRIDE (K from 1 to "
            f"{LONGEST}, STRIDE from 1 to K), or in Python a function from a line to tokens"
        )


def kmers_of(tokenizer: object) -> tuple[int, int] | None:
    """K and the stride of kmers:K and kmers:K:STRIDE; None for any other tokenizer."""
    found = _KMERS.fullmatch(tokenizer) if isinstance(tokenizer, str) else None
    if found is None:
        return None
    size, stride = int(found[1]), int(found[2] or 1)
    return (size, stride) if stride <= size <= LONGEST else None


def tokenizer_name(tokenizer: Any) -> str:
    """What a vectors file keeps of a tokenizer: its name, or that of a function with its module: jieba.lcut."""
    if tokenizer is None:
        return PLAIN[0]
    if isinstance(tokenizer, str):
        return tokenizer
    if isinstance(tokenizer, LostTokenizer):
        return tokenizer.name
    named = tokenizer if hasattr(tokenizer, "__qualname__") else type(tokenizer)
    return f"{getattr(named, '__module__', None) or 'builtins'}.{named.__qualname__}"


class LostTokenizer:
    """Stands for the function that divided a text, where a file tells only its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<the function {self.name}>"

    def __call__(self, line: str) -> list[str]:
        """Raise ConfigError."""
        raise ConfigError(
            f"the vectors' text was divided into tokens by {self.name:.100}, a function, and a file keeps its name "
            "only: give it again in Python as tokenizer=, or give lists of tokens that it made"
        )


def kept_tokenizer(name: Any) -> Any:
    """The tokenizer of a name that a file keeps: the name itself, or what stands for a function."""
    known = not isinstance(name, str) or name in PLAIN or kmers_of(name) is not None
    return name if known else LostTokenizer(name)
