"""The checkpoint of a run: saved while it is under way, and continued from exactly.

A checkpoint is a vectors file with arrays of its own. Its config has one more entry, "unfinished": where the run
stands, and under "corpus" the fingerprint of what it is trained on. Two are kept, the last and the one before. A file
is trusted once its checksum is that of its bytes; where the last one is damaged, the one before takes its place.

A run with patience also keeps the vectors of its best epoch, in a vectors file that is named after the epoch, for each
of the two. So the files of a checkpoint fit together at any time: that of the best epoch is written first, and those
that neither needs are removed last.
"""

import contextlib
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy.typing as npt

from firth.errors import ConfigError, FormatError, quoted
from firth.files.owned_paths import locked
from firth.files.paths import refused, remove_parts
from firth.files.tensors import DTYPES, TensorFile, nothing_told, read_tensors, write_tensors
from firth.settings import TrainConfig
from firth.signals import held_back
from firth.training import Snapshot, Trainer
from firth.vectors.container import WordVectors, from_file
from firth.vectors.storage import Parts, check_writable, pack, unpack

NAME = "checkpoint.safetensors"
BEFORE = "checkpoint-before.safetensors"
"""The checkpoint before the last."""
KEPT = "checkpoint-best-{}.safetensors"
"""The file of the best epoch, by its number."""
MAY_DIFFER = "threads"

STATE = "state."
"""The names of a snapshot's own arrays begin with this in the file."""

LEAST_REST = 50.0
"""At the ends of epochs nothing is saved before this many times the seconds of the last save are over: at most 2%."""

Told = Callable[[float], None]


class Checkpoint:
    """The checkpoint of one run, in a folder of its own.

    saves: how many times the run was saved.
    """

    def __init__(
        self, folder: str | os.PathLike[str], resume: bool, config: TrainConfig, told: Told = nothing_told
    ) -> None:
        """Make the folder, or read the checkpoint in it; `told` is called with the part that is read, up to 1.

        Raises ConfigError if there is a checkpoint and `resume` is false, or if it was made with other settings;
        FormatError if none can be read, or the folder cannot be written. Warns of one that is damaged.
        """
        self.path, self._before = make_folder(folder) / NAME, Path(folder) / BEFORE
        check_writable(self.path)
        self._saved: Parts | None = None
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._from = self.path  # where `_saved` is from
        self._last_is_good = True  # whether the last checkpoint, if there is one, may become the one before
        self._kept: WordVectors | None = None  # the vectors of the best epoch that are on disk
        self.saves = 0
        self._best = [0, 0]  # the best epochs, as the last checkpoint and the one before have them; 0 is none
        there = [path for path in (self.path, self._before) if path.exists()]
        if not there:
            return
        if not resume:
            raise ConfigError(
                f"{there[0]} holds a run already: resume it (--resume), or remove the folder, or name another one"
            )
        file = self._first_whole(there, told)
        self._from, self._saved = file.path, unpack(file)
        for name in file:
            if name.startswith(STATE):
                self._arrays[name.removeprefix(STATE)] = file.tensor(name, self._dtype(file, name))
        if not isinstance(self._saved["config"].get("unfinished"), dict):
            raise self._no_checkpoint()
        for name, value in config.as_dict().items():
            found = self._saved["config"].get(name)
            if name != MAY_DIFFER and found != value:
                raise ConfigError(
                    f"{self._from} was made with {name} = {quoted(found)}, not {quoted(value)}: resume with the "
                    "settings of the run, or begin anew in another folder"
                )

    def restore(self, trainer: Trainer) -> bool:
        """Continue from the checkpoint; return whether there is one.

        Raises ConfigError if it was made with another corpus, FormatError if it holds no state of such a run.
        """
        if self._saved is None:
            return False
        unfinished = dict(self._saved["config"]["unfinished"])
        saved = unfinished.pop("corpus", None)
        unfinished.pop("best", None)
        if not isinstance(saved, dict):
            raise self._no_checkpoint()
        if saved != trainer.fingerprint:
            difference = _difference(saved, self._saved, trainer)
            raise ConfigError(
                f"{self._from} {difference}: resume with the text and the arguments of the run, unchanged"
            )
        if not trainer.restore(Snapshot(self._saved, unfinished, self._arrays)):
            raise self._no_checkpoint()
        self._arrays = {}
        return True

    def kept(self, epoch: int) -> WordVectors:
        """The vectors of the best epoch. Raises ConfigError if there are none, FormatError if another run has them."""
        path = self._path_of(epoch)
        if not path.exists():
            raise ConfigError(
                f"{path} is missing: it holds the vectors of the best epoch so far; resume without patience, or begin "
                "anew in another folder"
            )
        try:
            file = read_tensors(path)
            file.check()
        except FormatError as error:
            raise FormatError(
                f"{error}; it holds the vectors of the best epoch so far: resume without patience, or begin anew in "
                "another folder"
            ) from None
        vectors, saved = from_file(file), self._saved
        if saved is None or len(vectors.history) != epoch or not _fit(vectors.parts(), saved):
            raise FormatError(
                f"{path} does not hold the vectors of epoch {epoch} of the run in {self._from}: begin anew"
            )
        self._kept = vectors
        self._best = [epoch, epoch]
        return vectors

    def save(self, trainer: Trainer, kept: tuple[int, WordVectors] | None = None, told: Told = nothing_told) -> None:
        """Save the run as it stands, with the best epoch and its vectors, if it keeps them.

        The last checkpoint becomes the one before. A folder that was removed is made again. `told` is called with the
        part that is written, up to 1.
        Raises FormatError if it cannot be written, FirthError if a vector is not finite: the checkpoints then stay.
        Signals that end the run do so afterwards.
        """
        trainer.check_finite()
        with held_back():
            make_folder(self.path.parent)
            self._saved = None  # a file that is mapped cannot be replaced on Windows
            if kept is not None and kept[1] is not self._kept:
                path = self._path_of(kept[0])
                write_tensors(path, *pack(path, kept[1].parts()))
                self._kept = kept[1]
            snapshot = trainer.snapshot()
            best = 0 if kept is None else kept[0]
            unfinished = snapshot.unfinished | {"corpus": trainer.fingerprint, "best": best}
            parts: Parts = {**snapshot.parts, "config": snapshot.parts["config"] | {"unfinished": unfinished}}
            tensors, metadata = pack(self.path, parts)
            tensors |= {STATE + name: array for name, array in snapshot.arrays.items()}
            write_tensors(self.path, tensors, metadata, told, self._before if self._last_is_good else None)
            self._best = [best, self._best[0] if self._last_is_good else self._best[1]]
            self._last_is_good = True
            self.saves += 1
            if kept is not None:
                self._remove_all_but(self._best)

    def _first_whole(self, paths: list[Path], told: Told) -> TensorFile:
        """The first of the files that is as it was written, with that of its best epoch. Warns of those that are not.

        If none has that, it is the first without: a run without patience does not need it.
        """
        damaged: list[str] = []
        alone: TensorFile | None = None
        for path in paths:
            try:
                file = read_tensors(path)
                file.check(told)
                alone = alone or file
                self._check_best(file)
            except FormatError as error:
                damaged.append(str(error))
                continue
            if damaged:
                self._last_is_good = False
                warnings.warn(f"{damaged[0]}; the checkpoint before it, {path.name}, is used", stacklevel=6)
            return file
        if alone is not None:
            self._last_is_good = alone.path == self.path
            if not self._last_is_good:
                warnings.warn(f"{damaged[0]}; the checkpoint before it, {alone.path.name}, is used", stacklevel=6)
            return alone
        others = f" ({damaged[1]})" if len(damaged) > 1 else ""
        missing = ", and there is no checkpoint before it" if len(damaged) == 1 else ", as is the one before"
        raise FormatError(
            f"{damaged[0]}{missing}{others}: get them back from a backup, or remove {self.path.parent} and begin anew"
        )

    def _check_best(self, file: TensorFile) -> None:
        """Raise FormatError unless the vectors of the best epoch of a checkpoint, if it has one, are whole."""
        unfinished = unpack(file)["config"].get("unfinished")
        best = unfinished.get("best") if isinstance(unfinished, dict) else None
        if type(best) is int and best > 0:
            read_tensors(self._path_of(best)).check()

    def _dtype(self, file: TensorFile, name: str) -> str:
        dtype = file.dtype(name)
        if dtype not in DTYPES:
            raise self._no_checkpoint()
        return str(dtype)

    def _remove_all_but(self, epochs: list[int]) -> None:
        """Remove the vectors of other best epochs."""
        needed = {KEPT.format(epoch) for epoch in epochs}
        for path in self.path.parent.glob(KEPT.format("*")):
            if path.name not in needed and re.fullmatch(KEPT.format(r"\d+"), path.name):
                with contextlib.suppress(OSError):  # a file too many does no harm
                    path.unlink(missing_ok=True)

    def _path_of(self, epoch: int) -> Path:
        return self.path.with_name(KEPT.format(epoch))

    def _no_checkpoint(self) -> FormatError:
        return FormatError(
            f"{self._from} holds no checkpoint of such a run: remove {self.path.parent}, or name another "
            "folder for the checkpoint"
        )


class Pace:
    """When to save: every so many seconds, and at the end of an epoch if saving takes little of the run."""

    def __init__(self, seconds: float, trainer: Trainer) -> None:
        self._seconds, self._trainer = seconds, trainer
        self._epochs, self._cost, self._last = trainer.epochs_done, 0.0, time.monotonic()

    def is_due(self) -> bool:
        """Whether the run is to be saved now."""
        rest = time.monotonic() - self._last
        return rest >= self._seconds or (self._trainer.epochs_done > self._epochs and rest >= LEAST_REST * self._cost)

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Measure a save, which is done in the `with`."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._last = time.monotonic()
            self._cost, self._epochs = self._last - begun, self._trainer.epochs_done


@contextlib.contextmanager
def folder_of_one_run(folder: str | os.PathLike[str]) -> Iterator[int]:
    """Make a folder for checkpoints, and lock it for the time of a `with`.

    Yields the bytes of files that a run which was killed was about to write, and which are removed now. Raises
    FormatError if the folder cannot be made, or another run saves in it.
    """
    path = make_folder(folder) / NAME
    with locked(path, "the checkpoint is used", "wait until it is done, or name another folder (--checkpoint)"):
        parts = path.parent.glob(f".{KEPT.format('*')}.*")
        names = {NAME, *(f"{part.name[1:].partition('.')[0]}.safetensors" for part in parts)}
        yield sum(remove_parts(path.with_name(name)) for name in names)


def make_folder(folder: str | os.PathLike[str]) -> Path:
    """A folder, made if there is none. Raises FormatError."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(path, "cannot be made a folder for checkpoints", error) from None
    return path


def _difference(saved: dict[str, Any], parts: Parts, trainer: Trainer) -> str:
    """In what the corpus of a checkpoint is another than that of a run, as what follows the name of the file."""
    here = trainer.fingerprint
    for name, what in (("tokens", "tokens"), ("words", "different words"), ("sentences", "sentences")):
        if saved.get(name) != here[name]:
            return (
                f"was made with another corpus: it has {_number(saved.get(name))} {what}, and this one {here[name]:,}"
            )
    if saved.get("crc_words") != here["crc_words"]:
        pairs = enumerate(zip(parts["words"], trainer.words, strict=False), 1)
        place, (there, word) = next(((place, pair) for place, pair in pairs if pair[0] != pair[1]), (0, ("", "")))
        where = (
            f"word {place:,} of it, by frequency, is {there!r:.80}, and here {word!r:.80}"
            if place
            else "the rarest words"
        )
        return f"was made with another corpus, of other words: {where}"
    if saved.get("crc_counts") != here["crc_counts"]:
        return "was made with another corpus: its words have other counts"
    if saved.get("kept") != here["kept"] or saved.get("crc_text") != here["crc_text"]:
        return "was made with another corpus: the same words come in another order"
    for name, what in (("crc_tags", "other tags"), ("crc_frozen", "other frozen words")):
        if saved.get(name) != here.get(name):
            return f"was made with {what}"
    return "was made with another corpus"


def _number(value: Any) -> str:
    return f"{value:,}" if type(value) is int and abs(value) < 2**63 else "an unknown number of"


def _fit(parts: Parts, others: Parts) -> bool:
    """Whether two vectors are of one run: the same words, and matrices of the same shapes."""
    return _shapes(parts) == _shapes(others)


def _shapes(parts: Parts) -> list[object]:
    rows = None if parts["subwords"] is None else parts["subwords"].rows
    documents = None if parts["documents"] is None else parts["documents"].matrix
    matrices = (parts["center"], parts["outside"], parts["nodes"], parts["bias"], rows, documents)
    return [parts["words"], *(None if matrix is None else matrix.shape for matrix in matrices)]
