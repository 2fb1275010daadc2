"""Saving a run under way, and going on from there exactly: a checkpoint is an ordinary vectors file.

Its settings have one more entry, "unfinished": where the run stands, and a checksum of the corpus.
"""

import os
import zlib
from pathlib import Path
from typing import Any

import numpy.typing as npt

from firth.errors import ConfigError, FormatError
from firth.exact.trainer import ExactTrainer
from firth.files.tensors import read_tensors, write_tensors
from firth.settings import TrainConfig
from firth.sgd.trainer import Trainer
from firth.vectors.container import WordVectors, from_file
from firth.vectors.storage import check_writable, pack

NAME = "checkpoint.safetensors"
MAY_DIFFER = "threads"

STATE = "state."
"""What the names of the tensors begin with that only a run needs."""

PIECE = 1 << 22


class Checkpoint:
    """The checkpoint of one run in a folder of its own."""

    def __init__(self, folder: str | os.PathLike[str], resume: bool, config: TrainConfig) -> None:
        """Make the folder, or read what is in it to resume.

        Raises ConfigError if there is a checkpoint and `resume` is false, or if it was made with other settings;
        FormatError if it cannot be read, or the folder cannot be written.
        """
        self.path = Path(folder) / NAME
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{folder}: cannot be made a folder for checkpoints: {error.strerror}") from None
        check_writable(self.path)
        self._saved: WordVectors | None = None
        if not self.path.exists():
            return
        if not resume:
            raise ConfigError(
                f"{self.path} holds a run already: resume it (--resume), or remove the file, or name another folder"
            )
        file = read_tensors(self.path)
        self._saved = from_file(file)
        self._state = {name.removeprefix(STATE): file.tensor(name, "F32") for name in file if name.startswith(STATE)}
        if not isinstance(self._saved.config.get("unfinished"), dict):
            raise self._no_checkpoint()
        for name, value in config.as_dict().items():
            found = self._saved.config.get(name)
            if name != MAY_DIFFER and found != value:
                raise ConfigError(
                    f"{self.path} was made with {name} = {found!r}, not {value!r}: resume with the settings of the run"
                )

    def restore(self, trainer: Trainer | ExactTrainer) -> bool:
        """Put a run where its checkpoint stands; return whether there was one.

        Raises ConfigError if it was made with another corpus, FormatError if it holds no state of a run.
        """
        saved = self._saved
        if saved is None:
            return False
        unfinished = dict(saved.config["unfinished"])
        corpus = trainer.corpus
        if unfinished.pop("corpus", None) != _checksum(trainer) or saved.outside_words != corpus.vocab.words:
            raise ConfigError(
                f"{self.path} was made with another corpus, or with other frozen words: resume with the text "
                "of the run, unchanged, and with its arguments"
            )
        if not trainer.restore(saved, unfinished, self._state):
            raise self._no_checkpoint()
        return True

    def save(self, trainer: Trainer | ExactTrainer) -> None:
        """Replace the checkpoint by one of this moment. Raises FormatError if it cannot be written."""
        vectors, unfinished, state = trainer.snapshot()
        vectors.config["unfinished"] = unfinished | {"corpus": _checksum(trainer)}
        tensors, metadata = pack(self.path, vectors.parts())
        write_tensors(self.path, tensors | {STATE + name: array for name, array in state.items()}, metadata)

    def _no_checkpoint(self) -> FormatError:
        return FormatError(f"{self.path}: these are vectors, but no checkpoint of a run")


def _checksum(trainer: Trainer | ExactTrainer) -> int:
    """A checksum of all words' ids and frequencies, of where sentences end and of the words that are frozen."""
    value, corpus = 0, trainer.corpus
    arrays: list[npt.NDArray[Any]] = [corpus.ids, corpus.offsets, corpus.frequencies, corpus.totals]
    if isinstance(trainer, Trainer):
        arrays += [mask for mask in trainer.frozen if mask is not None]
    for array in arrays:
        for start in range(0, len(array), PIECE):
            value = zlib.crc32(array[start : start + PIECE].data, value)
    return value
