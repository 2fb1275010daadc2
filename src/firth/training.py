"""What a trainer is: the protocol that every trainer keeps, the progress it reports and the snapshots it can resume."""

import dataclasses
import json
import math
import zlib
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from firth.files.tensors import row_blocks
from firth.settings import TrainConfig
from firth.vectors.container import WordVectors
from firth.vectors.storage import Parts

if TYPE_CHECKING:
    from firth.corpus.encode import Corpus

LARGEST = 1e15
"""No number of a matrix that is trained is as large: the score of two rows of such numbers would be hardly finite."""

ROUNDING = 1e-3
"""By how much a loss may be below zero, which it is by rounding only."""

CHECKSUM_PIECE = 1 << 22
"""How many numbers of an array are added to a fingerprint at a time: a corpus may be larger than memory."""


NUMBERS_AT_ONCE = 1 << 20
"""How many numbers of a matrix are searched for a NaN at a time."""


@dataclasses.dataclass(frozen=True)
class EpochProgress:
    """How far a run of stochastic steps is.

    epoch: the epoch under way or just ended, from 1. tokens, total_tokens: tokens of the raw corpus, over all epochs.
    loss: mean of the epoch so far in nats a pair, None while there is no pair. lr: the learning rate now.
    epoch_seconds: how long the epoch took, None unless it has just ended.
    """

    epoch: int
    epochs: int
    tokens: int
    total_tokens: int
    loss: float | None
    lr: float
    epoch_seconds: float | None


@dataclasses.dataclass(frozen=True)
class PassProgress:
    """How far a run of exact passes is.

    words: center words of the stage under way. last_stage: whether that is all of them. epoch: passes done in this
    stage; 1 in the report of the first that ends. flop, total_flop: floating point operations of the matrix products,
    over the whole run. loss: cross-entropy of the vectors after the last pass in nats a pair, None before the first.
    floor: conditional entropy of the corpus, in nats a pair. epoch_seconds: how long the pass took, None unless it has
    just ended.
    """

    words: int
    last_stage: bool
    epoch: int
    epochs: int
    flop: float
    total_flop: float
    loss: float | None
    floor: float
    epoch_seconds: float | None


@dataclasses.dataclass(frozen=True)
class PartProgress:
    """How far a part of a run is that is neither an epoch nor a pass: its name, and the share that is done, about.

    loss and epoch_seconds: None, as no epoch is under way.
    """

    part: str
    share: float
    loss: None = None
    epoch_seconds: None = None


Progress = EpochProgress | PassProgress | PartProgress


def ignore(progress: Progress) -> None:
    """Do nothing with the progress of a run."""


def never() -> bool:
    """False: the run is not to stop."""
    return False


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Everything that a trainer of the same corpus and settings needs to continue a run.

    parts: those of vectors, the matrices and the history. unfinished: where the epoch under way stands, as plain JSON
    values. arrays: further arrays by name. The arrays may share memory with the trainer, and need not be contiguous:
    save them before it runs on.
    """

    parts: Parts
    unfinished: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]] = dataclasses.field(default_factory=dict)


class Trainer(Protocol):
    """A run of training that can be stopped, saved and continued.

    words: those that get vectors. config: the settings. After an exception in `run`, KeyboardInterrupt included, all
    methods may be called, and `run` continues the run.
    """

    words: list[str]
    config: TrainConfig

    @property
    def started(self) -> bool:
        """Whether a snapshot holds any work: False while the starting vectors are still being computed."""

    @property
    def epochs_done(self) -> int:
        """How many epochs are finished."""

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry for each finished epoch: the trainer's own, which may be added to."""

    @property
    def has_stood_still(self) -> bool:
        """Whether the loss of the last epoch is about that of untrained vectors."""

    @property
    def untrained_loss(self) -> float:
        """The loss of untrained vectors, in nats a pair, about."""

    @property
    def chance_loss(self) -> float:
        """The loss of equal probabilities, in nats a pair, and at least that of untrained vectors."""

    @property
    def fingerprint(self) -> dict[str, int]:
        """What `fingerprint` says of the corpus and of all else, besides the settings, that the result depends on."""

    def run(
        self,
        on_progress: Callable[[Progress], None],
        pause: Callable[[], bool] = never,
        on_epoch: Callable[[], bool] = never,
    ) -> bool:
        """Train to the end, or until `pause` says so; return whether the run is finished.

        `on_progress` is called in the calling thread several times a second, and whenever an epoch ends; so is `pause`.
        Some work is done between two pauses. `on_epoch` is called wherever the run stands at the end of an epoch, also
        where it continues from there; it returns whether the run is to end. Raises FirthError when training
        diverges.
        """

    def check_finite(self) -> None:
        """Raise FirthError if a vector holds a NaN or an infinity: it must not be saved."""

    def snapshot(self) -> Snapshot:
        """The run as it stands."""

    def restore(self, snapshot: Snapshot) -> bool:
        """Continue from a snapshot of such a run; return False, and change nothing, if this is not one."""

    def vectors(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The vectors as a user gets them. The matrices are copies."""

    def release(self, on_progress: Callable[[Progress], None] = ignore) -> WordVectors:
        """The same vectors, in the memory that training took: no other method may be called any more."""


@dataclasses.dataclass
class State:
    """Where a run stands, besides its matrices. Each trainer adds fields of its own, all of them JSON values."""

    seconds: float = 0.0  # that the epoch under way has taken
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)  # one entry for each epoch done

    def unfinished(self) -> dict[str, Any]:
        """The state by name, without the history, which goes with the vectors."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "history"}


def all_finite(numbers: Iterable[object]) -> bool:
    """Whether all values are floats, and neither a NaN nor an infinity."""
    return all(type(number) is float and math.isfinite(number) for number in numbers)


def row_not_finite(matrix: npt.NDArray[np.float32]) -> int | None:
    """The first row of a matrix, C-contiguous, that holds a NaN or an infinity; None if all are finite."""
    rows = max(1, NUMBERS_AT_ONCE // max(1, matrix.shape[1]))
    for first in range(0, len(matrix), rows):
        block = matrix[first : first + rows]
        if math.isfinite(float(np.vdot(block, block))):  # as fast as memory is read
            continue
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():  # else only the squares are too large
            return first + int(finite.argmin())
    return None


def all_moderate(*arrays: npt.NDArray[Any]) -> bool:
    """Whether all numbers of some arrays are finite, and small enough for those of a run."""
    return all(bool(np.abs(rows).max() < LARGEST) for array in arrays for rows in row_blocks(array) if rows.size)


def is_history(history: Any, names: Collection[str], most: float) -> bool:
    """Whether a history is one that a trainer wrote, with these names in each entry and no loss of more than `most`.

    An entry without pairs has no loss. What runs beside the trainer may add "scores".
    """
    return isinstance(history, list) and all(
        isinstance(entry, dict)
        and entry.keys() - {"scores"} == set(names)
        and entry["epoch"] == number
        and _is_loss(entry["loss"], entry["pairs"], most)
        and all(_is_number(entry[name]) for name in names if name not in ("loss", "perplexity"))
        and all_finite([entry.get("perplexity", 0.0)])  # exp(loss): of any size
        and all(entry[name] >= 0 for name in ("tokens", "seconds", "lr"))
        for number, entry in enumerate(history, 1)
    )


def _is_loss(loss: Any, pairs: Any, most: float) -> bool:
    if not _is_number(pairs) or pairs <= 0:
        return loss is None and pairs == 0
    return _is_number(loss) and -ROUNDING <= loss <= most


def _is_number(value: Any) -> bool:
    """Whether a value of JSON is a number in the range of a run's."""
    return type(value) in (int, float) and abs(value) < 2**63  # false for a NaN


def fingerprint(corpus: "Corpus", **others: Iterable[npt.NDArray[Any]]) -> dict[str, int]:
    """What tells a corpus from others: numbers of tokens, words and sentences, and a CRC-32 of each part.

    others: further groups of arrays, each of which gets a CRC-32 under its name.
    """
    words = zlib.crc32(json.dumps(corpus.vocab.words).encode())
    return {
        "tokens": corpus.tokens,
        "words": len(corpus.vocab),
        "kept": len(corpus.ids),
        "sentences": len(corpus.offsets) - 1,
        "crc_words": words,
        "crc_counts": _checksum([corpus.frequencies, corpus.totals]),
        "crc_text": _checksum([corpus.ids, corpus.offsets]),
        **{f"crc_{name}": _checksum(arrays) for name, arrays in others.items()},
    }


def _checksum(arrays: Iterable[npt.NDArray[Any]]) -> int:
    value = 0
    for array in arrays:
        for start in range(0, len(array), CHECKSUM_PIECE):
            value = zlib.crc32(array[start : start + CHECKSUM_PIECE].data, value)
    return value
