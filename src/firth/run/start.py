"""The vectors that a run starts from: the settings it inherits from them, and their words that stay as they are."""

import os
from typing import Any

from firth.corpus.vocabulary import Vocabulary
from firth.display import Display
from firth.errors import ConfigError, UnknownWordError, quoted
from firth.formats.vocabulary import read_words
from firth.settings import BY_KIND, CHOICES, TrainConfig
from firth.tokenizing import kept_tokenizer
from firth.vectors.container import WordVectors, load

INHERITED = (
    *("loss", "architecture", "update", "cbow_sum", "cbow_undivided", "window", "fixed_window"),
    *("negatives", "ns_exponent", "subsample", "minn", "maxn", "bucket"),
    *("documents", "documents_alone", "concatenate", "lower", "tokenizer"),
)
"""The settings that a run takes from the vectors it starts from, unless they are given."""

DOCUMENTS = ("documents", "documents_alone", "concatenate")
"""The settings among these that only runs with documents have."""


def load_start(from_: str | os.PathLike[str] | WordVectors | None) -> WordVectors | None:
    """The vectors to start from, if any; a path is loaded. Raises FormatError."""
    return from_ if from_ is None or isinstance(from_, WordVectors) else load(from_)


def inherited_settings(start: WordVectors | None, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that a run takes from the vectors it starts from, where `settings` are those given.

    If `settings` name another loss or architecture, or no subwords, settings that depend on these are not inherited.
    Those of subwords and of documents are not inherited either from vectors that have none any more, after a transform.
    """
    if start is None:
        return {}
    found = {name: start.config[name] for name in INHERITED if start.config.get(name) is not None}
    if any(found.get(name, CHOICES[name][0]) not in CHOICES[name] for name in ("loss", "architecture")):
        found = {name: value for name, value in found.items() if name not in (*BY_KIND, "loss", "architecture")}
    if any(name in settings and settings[name] != found.get(name) for name in ("loss", "architecture")):
        found = {name: value for name, value in found.items() if name not in BY_KIND}
    if settings.get("architecture", found.get("architecture")) != found.get("architecture"):
        found = {name: value for name, value in found.items() if name not in ("documents_alone", "concatenate")}
    if "tokenizer" in found:
        found["tokenizer"] = kept_tokenizer(found["tokenizer"])
    if start.subwords is None:
        found = {name: value for name, value in found.items() if name not in ("minn", "maxn", "bucket")}
    if start.documents is None or settings.get("documents") is False:
        found = {name: value for name, value in found.items() if name not in DOCUMENTS}
    if settings.get("maxn") == 0:
        found = {name: value for name, value in found.items() if name not in ("minn", "bucket")}
    return found | {"dim": start.center.shape[1]}


def frozen_words(start: WordVectors | None, freeze: Any) -> list[str]:
    """The words of `start` that training leaves as they are: "all", words, or a file of words.

    Raises ConfigError without `start`, UnknownWordError for a word that is not among those of `start`.
    """
    if freeze is None:
        return []
    if start is None:
        raise ConfigError("freeze names words of given vectors: give from_ (--from) too")
    if isinstance(freeze, str) and freeze == "all":
        return start.words
    words = list(dict.fromkeys(read_words("freeze", freeze)))
    known = Vocabulary(start.words, start.counts)
    for word in words:
        if word not in known.ids:
            near = ", ".join(map(repr, known.suggest(word)))
            hint = f"the nearest spellings are {near}" if near else "no word is spelt like it"
            raise UnknownWordError(f"freeze: {quoted(word)} is not among the {len(known):,} words of from_: {hint}")
    return words


def describe_start(start: WordVectors, vocab: Vocabulary, config: TrainConfig, frozen: int, display: Display) -> None:
    """Say how a run continues from vectors, of which `frozen` words stay as they are."""
    new = len(vocab) - len(start)
    seen = sum(count > 0 and word in start for word, count in zip(vocab.words, vocab.counts, strict=True))
    held = f" ({frozen:,} frozen)" if frozen else ""
    display.say(
        f"continuing from {len(start):,} words{held}: {seen:,} of them occur in this corpus, and {new:,} words "
        f"are new; the learning rate falls from {config.lr:g} to {config.min_lr:g}, epochs: {config.epochs}"
    )
    if start.config.get("phrases") and not config.phrases:
        display.say("those words include phrases: give phrases (--phrases) to look for phrases in this corpus too")
