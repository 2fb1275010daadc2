"""The checkpoint of a run: saved while it is under way, and continued from exactly.

A checkpoint is a vectors file with arrays of its own. Its config has one more entry, "unfinished": where the run
stands, and under "corpus" the fingerprint of what it is trained on.

A run with patience also keeps the vectors of its best epoch, in a vectors file that is named after the epoch. So the
two files of a checkpoint fit together at any time: the second is written first, and the one before is removed last.
"""

import contextlib
import os
from pathlib import Path

from firth.errors import ConfigError, FormatError, quoted
from firth.files.tensors import read_tensors, write_tensors
from firth.settings import TrainConfig
from firth.training import Snapshot, Trainer
from firth.vectors.container import WordVectors, from_file, load
from firth.vectors.storage import check_writable, pack

NAME = "checkpoint.safetensors"
KEPT = "checkpoint-best-{}.safetensors"
"""The file of the best epoch, by its number."""
MAY_DIFFER = "threads"

STATE = "state."
"""The names of a snapshot's own arrays begin with this in the file."""


class Checkpoint:
    """The checkpoint of one run, in a folder of its own."""

    def __init__(self, folder: str | os.PathLike[str], resume: bool, config: TrainConfig) -> None:
        """Make the folder, or read the checkpoint in it.

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
        self._kept: WordVectors | None = None  # the vectors of the best epoch that are on disk
        self._kept_epochs: set[int] = set()  # whose vectors are on disk
        if not self.path.exists():
            return
        if not resume:
            raise ConfigError(
                f"{self.path} holds a run already: resume it (--resume), or remove the file, or name another folder"
            )
        file = read_tensors(self.path)
        self._saved = from_file(file)
        self._arrays = {name.removeprefix(STATE): file.tensor(name, "F32") for name in file if name.startswith(STATE)}
        if not isinstance(self._saved.config.get("unfinished"), dict):
            raise self._no_checkpoint()
        for name, value in config.as_dict().items():
            found = self._saved.config.get(name)
            if name != MAY_DIFFER and found != value:
                raise ConfigError(
                    f"{self.path} was made with {name} = {quoted(found)}, not {quoted(value)}: resume with the "
                    "settings of the run"
                )

    def restore(self, trainer: Trainer) -> bool:
        """Continue from the checkpoint; return whether there is one.

        Raises ConfigError if it was made with another corpus, FormatError if it holds no state of a run.
        """
        if self._saved is None:
            return False
        unfinished = dict(self._saved.config["unfinished"])
        if unfinished.pop("corpus", None) != trainer.fingerprint:
            raise ConfigError(
                f"{self.path} was made with another corpus, other tags or other frozen words: resume with the text "
                "of the run, unchanged, and with its arguments"
            )
        if not trainer.restore(Snapshot(self._saved, unfinished, self._arrays)):
            raise self._no_checkpoint()
        return True

    def kept(self, epoch: int) -> WordVectors:
        """The vectors of the best epoch. Raises ConfigError if there are none, FormatError if another run has them."""
        path = self._path_of(epoch)
        if not path.exists():
            raise ConfigError(
                f"{path} is missing: it holds the vectors of the best epoch so far; resume without patience, or begin "
                "anew in another folder"
            )
        vectors, saved = load(path), self._saved
        if saved is None or len(vectors.history) != epoch or _shapes(vectors) != _shapes(saved):
            raise FormatError(
                f"{path} does not hold the vectors of epoch {epoch} of the run in {self.path}: begin anew"
            )
        self._kept = vectors
        self._kept_epochs.add(epoch)
        return vectors

    def save(self, trainer: Trainer, kept: tuple[int, WordVectors] | None = None) -> None:
        """Replace the checkpoint by one of the run as it stands, with the best epoch and its vectors, if it keeps them.

        Raises FormatError if it cannot be written, FirthError if a vector is not finite: the checkpoint then stays.
        """
        trainer.check_finite()
        if kept is not None and kept[1] is not self._kept:
            path = self._path_of(kept[0])
            write_tensors(path, *pack(path, kept[1].parts()))
            self._kept = kept[1]
            self._kept_epochs.add(kept[0])
        snapshot = trainer.snapshot()
        snapshot.vectors.config["unfinished"] = snapshot.unfinished | {"corpus": trainer.fingerprint}
        tensors, metadata = pack(self.path, snapshot.vectors.parts())
        tensors |= {STATE + name: array for name, array in snapshot.arrays.items()}
        write_tensors(self.path, tensors, metadata)
        if kept is not None:
            self._remove_all_but(kept[0])

    def _remove_all_but(self, epoch: int) -> None:
        """Remove the vectors of earlier best epochs."""
        for earlier in self._kept_epochs - {epoch}:
            with contextlib.suppress(OSError):  # a file too many does no harm
                self._path_of(earlier).unlink(missing_ok=True)
        self._kept_epochs = {epoch}

    def _path_of(self, epoch: int) -> Path:
        return self.path.with_name(KEPT.format(epoch))

    def _no_checkpoint(self) -> FormatError:
        return FormatError(
            f"{self.path} holds no checkpoint of a run: remove the file, or name another folder for the checkpoint"
        )


def _shapes(vectors: WordVectors) -> list[object]:
    """What two stages of one run have in common: the words, and the shapes of the matrices."""
    rows = None if vectors.subwords is None else vectors.subwords.rows
    documents = None if vectors.documents is None else vectors.documents.matrix
    matrices = (vectors.center, vectors.outside, vectors.nodes, vectors.bias, rows, documents)
    return [vectors.words, *(None if matrix is None else matrix.shape for matrix in matrices)]
