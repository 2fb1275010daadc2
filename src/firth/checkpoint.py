"""Saving a run under way, and going on from there exactly: a checkpoint is an ordinary vectors file.

Its settings have one more entry, "unfinished": where the epoch under way stands.
"""

import dataclasses
import os
from pathlib import Path

from firth.errors import ConfigError, FormatError
from firth.formats import check_writable, load, save
from firth.trainer import State, Trainer

NAME = "checkpoint.safetensors"
MAY_DIFFER = {"threads", "unfinished"}


class Checkpoint:
    """The checkpoint of one run in a folder of its own."""

    def __init__(self, folder: str | os.PathLike[str], resume: bool) -> None:
        """Make the folder. Raises ConfigError if it holds a checkpoint and `resume` is false, FormatError if it cannot
        be written.
        """
        self.path, self._resume = Path(folder) / NAME, resume
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{folder}: cannot be made a folder for checkpoints: {error.strerror}") from None
        check_writable(self.path)
        if self.path.exists() and not resume:
            raise ConfigError(
                f"{self.path} holds a run already: resume it (--resume), or remove the file, or name another folder"
            )

    def restore(self, trainer: Trainer) -> bool:
        """Put a run where its checkpoint stands; return whether there was one.

        Raises ConfigError if it belongs to another corpus or other settings.
        """
        if not self._resume or not self.path.exists():
            return False
        saved = load(self.path)
        unfinished, settings = saved.config.get("unfinished"), trainer.config.as_dict()
        if not isinstance(unfinished, dict) or saved.outside is None:
            raise FormatError(f"{self.path}: these are vectors, but no checkpoint of a run")
        for name, value in settings.items():
            if name not in MAY_DIFFER and saved.config.get(name) != value:
                raise ConfigError(
                    f"{self.path} was made with {name} = {saved.config.get(name)!r}, not {value!r}: "
                    "resume with the settings of the run"
                )
        vocab = trainer.corpus.vocab
        if saved.words != vocab.words or (saved.counts != vocab.counts).any():
            raise ConfigError(f"{self.path} was made with another corpus: its words or their counts differ")
        try:
            trainer.state = State(history=saved.history, **unfinished)
        except TypeError:
            raise FormatError(f"{self.path}: these are vectors, but no checkpoint of a run") from None
        trainer.center[:, : trainer.config.dim] = saved.center
        trainer.outside[:, : trainer.config.dim] = saved.outside
        return True

    def save(self, trainer: Trainer) -> None:
        """Replace the checkpoint by one of this moment."""
        vectors = trainer.vectors()
        state = {field.name: getattr(trainer.state, field.name) for field in dataclasses.fields(State)}
        del state["history"]
        vectors.config["unfinished"] = state
        save(vectors, self.path)
