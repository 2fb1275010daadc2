"""Every setting, once: name, type, default, range, where it applies, and a sentence of help.

The checks and their messages, the command line and its help, docs/settings.md, the keywords that editors and type
checkers know, and the suggestions for unknown keywords all come from the classes here.
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from firth.declaring import (
    BASE,
    BOTH,
    CBOW,
    NEGATIVE_SAMPLING,
    SKIPGRAM,
    SOFTMAX,
    TREE,
    VARIES,
    When,
    declared,
    grouped,
    setting,
)
from firth.errors import ConfigError
from firth.names import check_names
from firth.tokenizing import Tokenizer, check_tokenizer, tokenizer_name

AnyPath = str | os.PathLike[str]

MOST_PASSES = 10
THRESHOLDS = {"count": 100.0, "npmi": 0.5}
"""The scores of phrases, and the default threshold of each."""

MEMORY_GB = 2.0
"""The default memory for counting pairs."""

LEAST_SUBSAMPLE = 1e-12
"""With less, hardly a token of a corpus would stay."""

GROUPS = (
    *("model", "pairs of words", "training", "negative sampling", "vocabulary", "text", "subwords", "phrases"),
    "document vectors",
    *("exact softmax", "starting vectors", "after each epoch", "documents", "run"),
)
"""The headings of the settings, in the order of the help."""

PHRASES = ("phrases", 1)
SUBWORDS = ("maxn", 6)
DOCUMENTS = ("documents", True)

PRESETS: dict[str, dict[str, Any]] = {
    "similarity": {"subsample": 1e-4, "epochs": 10},
    "analogies": {"window": 10, "subsample": 1e-4, "epochs": 20, "negatives": 10},
    "items": {"window": 10, "fixed_window": True, "update": "per-pair", "ns_exponent": -0.5, "epochs": 100},
}
"""The settings of each preset, measured in benchmarks/README.md; what a run sets itself comes first."""

Preset = Literal["similarity", "analogies", "items"]
Score = Literal["count", "npmi"]
Words = AnyPath | Iterable[str | int] | None
Errors = Literal["replace", "strict"]

# What the reading of a corpus and that of documents share.
LOWER: dict[str, Any] = {"group": "text", "help": "lower-case the text (Unicode)"}
TOKENIZER: dict[str, Any] = {
    "group": "text",
    "help": "what divides text into tokens: whitespace; words, without punctuation; chars, those that a reader sees; "
    "kmers:K or kmers:K:STRIDE, all runs of K characters (in Python also a function from a line to tokens)",
    "metavar": "NAME",
}
COLUMN: dict[str, Any] = {
    "group": "text",
    "help": "column of JSON, csv, tsv, Parquet or Arrow to read, by name or by number, 1 the first",
    "metavar": "NAME",
}
ERRORS: dict[str, Any] = {"group": "text", "help": "invalid UTF-8: replace it and warn, or stop with an error"}
OF_VECTORS = "that of the vectors' training"
QUIET: dict[str, Any] = {"group": "run", "help": "print no messages and no progress"}

# What keywords of `firth.train` and of `firth.Phrases` share.
SCORE: dict[str, Any] = {"group": "phrases", "help": "score of a phrase", "needs": PHRASES}
THRESHOLD: dict[str, Any] = {
    "group": "phrases",
    "help": "join two words that score more than this",
    "shown": ", ".join(f"{threshold:g} for {score}" for score, threshold in THRESHOLDS.items()),
    "needs": PHRASES,
}
DELIMITER: dict[str, Any] = {
    "group": "phrases",
    "help": "text between joined words",
    "needs": PHRASES,
    "metavar": "TEXT",
}
CONNECTORS: dict[str, Any] = {
    "group": "phrases",
    "help": "file of words (in Python also a list) that stand only inside phrases, such as of in bank_of_america",
    "needs": PHRASES,
    "metavar": "FILE",
}


class Checked:
    """What a class of settings is made of that checks the values when they are made."""

    def __post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        """Check each setting that is not left open, and make numbers plain ones."""
        settings: Any = type(self)
        for name, one in declared(settings).items():
            value = getattr(self, name)
            if value is not VARIES or one.default is not VARIES:
                object.__setattr__(self, name, one.checked(value))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading(Checked):
    """How text is read.

    Raises ConfigError for a value of the wrong type or out of range.
    """

    lower: bool = setting(False, **LOWER)
    tokenizer: Tokenizer | None = setting(None, **TOKENIZER, shown="whitespace")
    column: str | int | None = setting(None, **COLUMN, recorded=False)
    errors: Errors = setting("replace", **ERRORS)
    tmp: AnyPath | None = setting(
        None,
        "run",
        "folder for temporary files; the encoded corpus takes 4 bytes a token",
        shown="the system's",
        recorded=False,
        metavar="DIR",
    )

    def _check(self) -> None:
        super()._check()
        check_tokenizer(self.tokenizer)

    @property
    def tokenizer_name(self) -> str:
        """What divides text, as a vectors file keeps it."""
        return tokenizer_name(self.tokenizer)


AS_IS = Reading()
"""Text divided at white space, and nothing else done to it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhraseOptions(Reading):
    """The keywords of `firth.Phrases`, and the options of `firth phrases`."""

    min_count: int = setting(5, "phrases", "leave out phrases that occur fewer times than this", low=1, high=2**62)
    threshold: float | None = setting(None, **THRESHOLD)
    score: Score = setting("count", **SCORE)
    passes: int = setting(
        1, "phrases", "passes over the text; each joins what the one before left", low=1, high=MOST_PASSES
    )
    delimiter: str = setting("_", **DELIMITER)
    connectors: Words = setting(None, **CONNECTORS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairSettings(Reading):
    """The settings that decide which pairs of words a corpus has."""

    window: int = setting(5, "pairs of words", "words on each side of a center word", low=1, high=1024)
    fixed_window: bool = setting(
        False, "pairs of words", "use the whole window at every word; without it, its size is drawn from 1 to {window}"
    )
    subsample: float = setting(
        VARIES,
        "pairs of words",
        "drop some tokens of words that make up more than this share of the corpus; 0 keeps all",
        low=0,
        defaults=(When(1e-3, NEGATIVE_SAMPLING), When(1e-4, SOFTMAX), When(1e-3, TREE), When(1e-3, BOTH)),
    )
    min_count: int = setting(5, "vocabulary", "leave out words that occur fewer times than this", low=1, high=2**62)
    max_vocab: int | None = setting(
        None, "vocabulary", "keep this many of the most frequent words", low=1, high=2**31 - 1, shown="all words"
    )
    threads: int | None = setting(None, "run", "number of threads", low=1, high=1024, shown="all processors")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountOptions(PairSettings):
    """The keywords of `firth.cooccurrences`."""

    centers: int | None = setting(
        None, "pairs of words", "count rows of this many words only", low=1, high=2**31 - 1, shown="all"
    )
    memory: float = setting(MEMORY_GB, "run", "GB of memory that counting may take, about; the rest goes to {tmp}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig(PairSettings):
    """The settings of one training run, checked when they are made; no `threads` means all processors.

    A setting that the loss or the architecture does not have is None and cannot be given; some defaults depend on
    them (`defaults`).
    Raises ConfigError for a value of the wrong type or out of range.
    """

    loss: Literal["negative-sampling", "softmax", "hierarchical-softmax", "negative-sampling+hierarchical-softmax"] = (
        setting("negative-sampling", "model", "objective to minimize; the last is the sum of both")
    )
    architecture: Literal["skipgram", "cbow"] = setting(
        "skipgram", "model", "predict each word of a window from its center word, or the center word from its window"
    )
    cbow_sum: bool = setting(
        VARIES,
        "model",
        "predict from the sum of the window's vectors, not from their mean",
        defaults=(When(False, architecture=CBOW),),
    )
    cbow_undivided: bool = setting(
        VARIES,
        "model",
        "move each vector of a window by the whole step, not its share, as word2vec.c and gensim do: not the gradient",
        defaults=(When(False, architecture=CBOW),),
    )
    dim: int = setting(100, "model", "length of a vector", low=1, high=8192)
    epochs: int = setting(
        VARIES,
        "training",
        "passes over the corpus",
        low=1,
        high=1_000_000,
        defaults=(When(5, NEGATIVE_SAMPLING), When(12, SOFTMAX), When(5, TREE), When(5, BOTH)),
    )
    lr: float = setting(
        VARIES,
        "training",
        "learning rate at the start",
        low=0,
        high=1e3,
        defaults=(
            When(0.3, SOFTMAX),
            # The gradient of a mean gives each of n words 1/n: its rates are higher. A sum, a tree and shared
            # negatives add up the steps of a window, which overshoot sooner the more there are.
            When(0.025, architecture=CBOW, cbow_sum=True),
            When(0.025, architecture=CBOW, cbow_undivided=True),
            When(0.15, NEGATIVE_SAMPLING, CBOW),
            When(0.1, TREE, CBOW),
            When(0.1, BOTH, CBOW),
            When(0.025, TREE),
            When(0.025, BOTH),
            When(0.025, wide=True),
            When(0.05),
        ),
    )
    min_lr: float = setting(
        VARIES,
        "training",
        "learning rate at the end",
        low=0,
        high=1e3,
        defaults=(When(1e-4, NEGATIVE_SAMPLING), When(0.15, SOFTMAX), When(1e-4, TREE), When(1e-4, BOTH)),
    )
    seed: int = setting(1, "training", "seed of all random draws", low=0, high=2**63 - 1)
    negatives: int = setting(
        VARIES,
        "negative sampling",
        "number of negative words in a set",
        low=1,
        high=1024,
        defaults=(When(5, NEGATIVE_SAMPLING), When(5, BOTH)),
    )
    ns_exponent: float = setting(
        VARIES,
        "negative sampling",
        "draw negatives in proportion to a word's count to this power",
        low=-16,
        high=16,
        defaults=(When(0.75, NEGATIVE_SAMPLING), When(0.75, BOTH)),
    )
    update: Literal["shared", "per-pair"] = setting(
        VARIES,
        "negative sampling",
        "draw one set of negatives for all pairs of a window, or one for each pair",
        defaults=(When("shared", NEGATIVE_SAMPLING, SKIPGRAM),),
    )
    outside_vocab: int | None = setting(
        VARIES,
        "exact softmax",
        "number of outside words, of which the first are center words; needs {max_vocab}",
        low=1,
        high=2**31 - 1,
        defaults=(When(None, SOFTMAX),),
        shown="twice {max_vocab}",
    )
    mix: float = setting(
        VARIES,
        "exact softmax",
        "add the outside vectors, times this, to the center vectors",
        low=0,
        high=16,
        defaults=(When(0.25, SOFTMAX),),
    )
    maxn: int = setting(
        0, "subwords", "length of the longest character n-gram; 6 is usual, 0 means no subwords", low=0, high=64
    )
    minn: int = setting(3, "subwords", "length of the shortest character n-gram", low=1, high=64, needs=SUBWORDS)
    bucket: int = setting(
        2_000_000, "subwords", "number of vectors that the n-grams share", low=1, high=2**30, needs=SUBWORDS
    )
    documents: bool = setting(
        False,
        "document vectors",
        "learn a vector of each line, a document, too: PV-DBOW with skipgram, PV-DM with cbow (Le and Mikolov, 2014)",
    )
    documents_alone: bool = setting(
        False,
        "document vectors",
        "with skipgram: predict words from documents alone, not from their windows too; the vectors of words then stay "
        "as they begin",
        needs=DOCUMENTS,
    )
    concatenate: bool = setting(
        False,
        "document vectors",
        "with cbow: predict from the vectors of the document and of the whole window side by side, not from their mean",
        needs=DOCUMENTS,
    )
    phrases: int = setting(
        0,
        "phrases",
        "passes that join words into phrases before training, new york -> new_york; two join up to four words",
        low=0,
        high=MOST_PASSES,
        metavar="PASSES",
        bare=1,
    )
    phrase_score: Score = setting("count", **SCORE)
    phrase_threshold: float | None = setting(None, **THRESHOLD)
    delimiter: str = setting("_", **DELIMITER)

    deterministic: bool = setting(
        False,
        "run",
        "the same vectors, byte for byte, for any number of threads, at a third of the speed; softmax is so anyway",
    )

    def __post_init__(self) -> None:
        known = declared(TrainConfig)
        # The defaults and the other settings depend on these.
        for name in ("loss", "architecture", "window", "fixed_window"):
            known[name].checked(getattr(self, name))
        if self.loss == SOFTMAX and self.architecture == CBOW:
            raise ConfigError(
                "loss 'softmax' is computed from counts of pairs, which a window's mean has not: for CBOW, choose "
                "negative-sampling or hierarchical-softmax"
            )
        self._fill_in()
        self._check()
        self._check_together()

    @property
    def wide(self) -> bool:
        """Whether the steps of so many words are taken together that their sum may overshoot."""
        return self.window * (2 if self.fixed_window else 1) > 10 and self.update != "per-pair"

    def _fill_in(self) -> None:
        """Give the settings left open their defaults; refuse those of another loss or architecture."""
        if self.threads is None:
            object.__setattr__(self, "threads", available_threads())
        given = {name: getattr(self, name) for name in BASE}
        for name, one in declared(TrainConfig).items():
            if one.setting.defaults and getattr(self, name) is None:
                object.__setattr__(self, name, one.default_beside(given))
            elif not one.applies(given):
                raise ConfigError(f"{name} is no setting of {self._kind()}: leave it out")

    def _check_together(self) -> None:
        """Check what settings allow each other."""
        if self.outside_vocab is not None and self.outside_vocab < (self.max_vocab or self.outside_vocab + 1):
            raise ConfigError(
                f"outside_vocab is {self.outside_vocab}: expected max_vocab and at least as much (max_vocab is "
                f"{self.max_vocab}); without it, all words are both center and outside words"
            )
        if self.min_lr > self.lr:
            raise ConfigError(f"min_lr is {self.min_lr:g}, above lr, {self.lr:g}: lower min_lr too")
        if 0 < self.subsample < LEAST_SUBSAMPLE:
            raise ConfigError(f"subsample is {self.subsample:g}: expected 0 (keep all) or {LEAST_SUBSAMPLE:g} and more")
        if 0 < self.maxn < self.minn:
            raise ConfigError(f"maxn is {self.maxn}, below minn, {self.minn}: expected as much, or 0 (no subwords)")
        for name, one in declared(TrainConfig).items():
            needed, example = one.setting.needs or ("", None)
            if needed and not getattr(self, needed) and getattr(self, name) != one.default:
                raise ConfigError(
                    f"{name} is a setting of {one.setting.group}: give {needed} too, as in {needed}={example} "
                    f"(--{needed} {example})"
                )
        if self.maxn and self.loss == SOFTMAX:
            raise ConfigError("loss 'softmax' knows no subwords: leave maxn out, or choose negative-sampling")
        if self.cbow_sum and self.cbow_undivided:
            raise ConfigError(
                "cbow_sum and cbow_undivided are given: the step of a sum is whole anyway, so leave one out"
            )
        if self.documents:
            self._check_documents()
        if self.deterministic and self.loss != SOFTMAX:
            for name, meaning in (("maxn", "subwords"), ("documents", "document vectors")):
                if getattr(self, name):
                    raise ConfigError(
                        f"deterministic training knows no {meaning} ({name}): leave one of the two out, or give "
                        "threads=1 (--threads 1) in place of deterministic"
                    )

    def _check_documents(self) -> None:
        """Check what document vectors go together with."""
        if self.loss == SOFTMAX:
            raise ConfigError("loss 'softmax' knows no documents: leave documents out, or choose negative-sampling")
        if self.maxn:
            raise ConfigError("documents and subwords (maxn) are given: expected one of them")
        if self.update == "per-pair":
            raise ConfigError(
                "documents need the update 'shared', not 'per-pair': give update='shared' (--update shared)"
            )
        if self.architecture == CBOW and self.documents_alone:
            raise ConfigError("PV-DM predicts from words too: leave documents_alone out, or choose skipgram")
        if self.architecture == SKIPGRAM and self.concatenate:
            raise ConfigError("skip-gram has no window to concatenate: choose cbow (--architecture cbow) too")
        for name in ("cbow_sum", "cbow_undivided"):
            if self.concatenate and getattr(self, name):
                raise ConfigError(f"concatenate and {name} are given: expected one of them")

    def _kind(self) -> str:
        return f"{self.architecture} with loss {self.loss!r}"

    def as_dict(self) -> dict[str, Any]:
        """The settings that a vectors file keeps, in the order of the help, without those of other losses."""
        kind = {"loss": self.loss, "architecture": self.architecture}
        known = [one for ones in grouped(TrainConfig, GROUPS).values() for one in ones]
        kept = {one.name: getattr(self, one.name) for one in known if one.setting.recorded and one.applies(kind)}
        return kept | {"tokenizer": self.tokenizer_name}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainOptions(TrainConfig):
    """The keywords of `firth.train`, and the options of `firth train`: the settings of a run and what it works with."""

    preset: Preset | None = setting(
        None, "model", "settings measured to serve a purpose; settings that are given themselves come first"
    )
    vocab: AnyPath | Mapping[str, int] | Mapping[int, int] | None = setting(
        None,
        "vocabulary",
        'words and counts to use in place of those of the corpus: lines "word count" or a vectors file '
        "(in Python also a dict)",
        metavar="FILE",
    )
    keep_words: Words = setting(
        None,
        "vocabulary",
        "file of words (in Python also a list) that stay even if they occur fewer than {min_count} times",
        metavar="FILE",
    )
    connectors: Words = setting(None, **CONNECTORS)
    memory: float | None = setting(
        None,
        "exact softmax",
        "GB of memory that counting pairs may take, about; the rest goes to files in {tmp}",
        defaults=(When(None, SOFTMAX),),
        shown=f"{MEMORY_GB:g}",
        metavar="GB",
    )
    tags: AnyPath | Iterable[Any] | None = setting(
        None,
        "document vectors",
        "file whose line n has the tags of document n, between white space (in Python also an iterable of tags, or of "
        "lists of tags): the vectors of documents are those of their tags",
        shown="the numbers of the lines, from 0",
        needs=DOCUMENTS,
        metavar="FILE",
    )
    from_: Any = setting(
        None,
        "starting vectors",
        "vectors file (in Python also vectors) to continue from, with its words and most of its settings",
        metavar="VECTORS",
    )
    freeze: Words = setting(
        None,
        "starting vectors",
        "all, or a file of words (in Python also a list): these words of {from_} keep their vectors unchanged",
        needs=("from_", "VECTORS"),
        metavar="FILE",
    )
    evaluate: AnyPath | Iterable[AnyPath] | None = setting(
        None,
        "after each epoch",
        "file of similarities or analogies, as for firth eval, to score the vectors on; the scores go into the "
        "history; give it again for more files (in Python a list)",
        metavar="FILE",
        repeated=True,
    )
    patience: int | None = setting(
        None,
        "after each epoch",
        "stop when the score (on the first file) has not risen for this many epochs; the result is the vectors of the "
        "best epoch, of which memory holds a copy",
        low=1,
        high=1_000_000,
        needs=("evaluate", "FILE"),
    )
    on_epoch: Callable[[Any], object] | None = setting(
        None,
        "after each epoch",
        "function to call with the vectors; the run stops if it returns True",
        metavar="a function",
        option=False,
    )
    checkpoint: AnyPath | None = setting(
        None, "run", "save the run in this folder on the way, at its end and on Ctrl-C", metavar="DIR"
    )
    checkpoint_seconds: float = setting(
        300.0,
        "run",
        "seconds between two saves; the end of an epoch is saved too, unless that would take more than 2% of the time",
        low=1e-3,
        high=1e9,
        recorded=False,
        needs=("checkpoint", "DIR"),
    )
    cache: AnyPath | None = setting(
        None,
        "run",
        "keep the encoded corpus in this folder, for later runs on the same files; it takes 4 bytes a token",
        metavar="DIR",
    )
    resume: bool = setting(False, "run", "continue from the checkpoint, if there is one", needs=("checkpoint", "DIR"))
    quiet: bool = setting(False, **QUIET)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DocumentOptions(Checked):
    """The keywords of `firth.documents`, and the options of `firth documents`.

    Raises ConfigError for a value of the wrong type or out of range.
    """

    method: Literal["sif", "mean"] = setting(
        "sif", "documents", "smooth inverse frequency (Arora et al., 2017), or the plain mean of the words' vectors"
    )
    a: float = setting(
        1e-3, "documents", "for sif: a word with share p of the tokens has the weight a / (a + p)", low=1e-12, high=1e12
    )
    components: int = setting(
        1, "documents", "for sif: how many principal components of all documents are removed", low=0, high=8192
    )
    lower: bool | None = setting(None, **LOWER, shown=OF_VECTORS)
    tokenizer: Tokenizer | None = setting(None, **TOKENIZER, shown=OF_VECTORS)
    column: str | int | None = setting(None, **COLUMN, recorded=False)
    errors: Errors | None = setting(None, **ERRORS, shown=OF_VECTORS)
    quiet: bool = setting(False, **QUIET)

    def __post_init__(self) -> None:
        self._check()
        known = declared(DocumentOptions)
        for name in ("a", "components"):
            if self.method == "mean" and getattr(self, name) != known[name].default:
                raise ConfigError(f"{name} is a setting of method 'sif': leave it out, or choose 'sif'")

    def _check(self) -> None:
        super()._check()
        check_tokenizer(self.tokenizer)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InferOptions(Checked):
    """The keywords of `firth.infer`.

    Raises ConfigError for a value of the wrong type or out of range.
    """

    epochs: int | None = setting(
        None, "training", "passes over each document", low=1, high=1_000_000, shown="that of training"
    )
    lr: float | None = setting(
        None, "training", "learning rate at the start", low=0, high=1e3, shown="that of training"
    )
    min_lr: float | None = setting(
        None, "training", "learning rate at the end", low=0, high=1e3, shown="that of training"
    )
    seed: int = setting(1, "training", "seed of all random draws", low=0, high=2**63 - 1)
    lower: bool | None = setting(None, **LOWER, shown=OF_VECTORS)
    tokenizer: Tokenizer | None = setting(None, **TOKENIZER, shown=OF_VECTORS)
    column: str | int | None = setting(None, **COLUMN, recorded=False)
    errors: Errors | None = setting(None, **ERRORS, shown=OF_VECTORS)
    threads: int | None = setting(None, "run", "number of threads", low=1, high=1024, shown="all processors")
    quiet: bool = setting(False, **QUIET)

    def _check(self) -> None:
        super()._check()
        check_tokenizer(self.tokenizer)


CHOICES = {name: one.choices for name, one in declared(TrainConfig).items() if one.choices}
"""The values that each setting of names may take, the default first."""

BY_KIND = frozenset(name for name, one in declared(TrainConfig).items() if one.setting.defaults)
"""The settings that not all losses and architectures have, or whose defaults depend on them."""


def defaults(loss: str, architecture: str) -> dict[str, Any]:
    """The settings of `BY_KIND` that the loss and the architecture have, with their defaults."""
    kind = BASE | {"loss": loss, "architecture": architecture}
    known = {name: one for name, one in declared(TrainConfig).items() if name in BY_KIND and one.applies(kind)}
    return {name: one.default_beside(kind) for name, one in known.items()}


def preset_settings(preset: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a preset that runs with the loss and the architecture in `settings` have.

    Raises ConfigError for an unknown preset.
    """
    if declared(TrainOptions)["preset"].checked(preset) is None:
        return {}
    kind, known = BASE | settings, declared(TrainConfig)
    return {name: value for name, value in PRESETS[str(preset)].items() if known[name].applies(kind)}


def make_config(settings: Mapping[str, Any], known: type = TrainOptions) -> TrainConfig:
    """A checked TrainConfig from keywords.

    Raises ConfigError for an unknown one; the message names the setting of the class `known` that it means.
    """
    check_names(settings, list(declared(known)))
    return TrainConfig(**settings)


def available_threads() -> int:
    """The number of processors this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity to ask for
        return os.cpu_count() or 1
