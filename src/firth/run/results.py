"""The vectors of a run on their way to disk: room for them before training, and another place if theirs fails."""

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from firth.corpus.encode import Corpus
from firth.corpus.tags import Tags
from firth.errors import FormatError
from firth.files.folders import size_of
from firth.files.owned_paths import locked
from firth.files.paths import AnyPath, refused, remove_parts
from firth.settings import TrainConfig
from firth.sgd.outputs import output_rows
from firth.signals import held_back
from firth.vectors.container import WordVectors
from firth.vectors.storage import SUFFIX

CHECKPOINTS = 3
"""Checkpoints that are on disk at once, or best epochs: the last two, and the one that is being written."""

EXACT_STATE = 3
"""What a checkpoint of the exact softmax holds, in terms of its matrices: these, velocities and gradients."""


def result_bytes(corpus: Corpus, config: TrainConfig, tags: Tags | None) -> int:
    """About the bytes of a file of the vectors that a run over a corpus ends with."""
    m = len(corpus.vocab)
    n = min(config.max_vocab or m, m) if config.loss == "softmax" else m
    text = sum(len(word.encode(errors="replace")) + 8 for word in corpus.vocab.words)
    return 4 * _numbers(n, m, config, tags) + text + 16 * n


def _numbers(n: int, m: int, config: TrainConfig, tags: Tags | None) -> int:
    """How many numbers the matrices have."""
    width, documents = 1, 0 if tags is None else tags.documents
    if config.concatenate and tags is not None:
        width = 2 * config.window + int(np.diff(tags.begins).max())
    rows = n + width * output_rows(config.loss, m) + documents
    if config.maxn:
        rows += n + config.bucket
    return rows * config.dim + (m if config.loss == "softmax" else 0)


def check_room(
    corpus: Corpus,
    config: TrainConfig,
    tags: Tags | None,
    out: AnyPath | None,
    checkpoint: AnyPath | None,
    patience: bool = False,
) -> None:
    """Raise FormatError if a disk has no room for what a run writes: its vectors in `out`, and its checkpoints.

    patience: whether the vectors of the best epoch are beside the checkpoints.
    """
    result = result_bytes(corpus, config, tags)
    needs: list[tuple[Path, int, str]] = []
    if out is not None:
        needs.append((Path(os.path.realpath(out)).parent, result, f"the vectors in {out}"))
    if checkpoint is not None:
        each = result * (EXACT_STATE if config.loss == "softmax" else 1)
        if patience:
            each += result
        needs.append(
            (Path(checkpoint), max(0, CHECKPOINTS * each - _old(checkpoint)), f"the checkpoints in {checkpoint}")
        )
    disks: dict[int, list[tuple[Path, int, str]]] = {}
    for need in needs:
        try:
            disks.setdefault(os.stat(need[0]).st_dev, []).append(need)
        except OSError as error:
            raise refused(need[0], "cannot be written", error) from None
    for wanted in disks.values():
        _check_disk(wanted[0][0], sum(need for _, need, _ in wanted), " and ".join(what for *_, what in wanted))


def _old(checkpoint: AnyPath) -> int:
    """The bytes of the checkpoints that are there already."""
    size = 0
    for file in Path(checkpoint).glob(f"checkpoint*{SUFFIX}"):
        with contextlib.suppress(OSError):
            size += file.stat().st_size
    return size


def _check_disk(folder: Path, need: int, what: str) -> None:
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return
    if disk.total and need > disk.free:
        raise FormatError(
            f"there is no room for {what}: {need / 1e9:.2f} GB are needed, and {disk.free / 1e9:.2f} GB are free: make "
            "room, give a path on another disk, or train fewer words (--min-count, --max-vocab) or a lower --dim"
        )


def removed_litter(size: int, beside: AnyPath) -> str:
    """The line that says what was removed of a run that was killed."""
    return f"removed {size_of(size)} that a run which was killed left beside {os.fspath(beside)}"


@contextlib.contextmanager
def output_of_one_run(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Lock an output for the time of a `with`, and remove what a run that was killed left beside it.

    Raises FormatError where another run is to write it.
    """
    with locked(path, "the file is to be written", "wait until it is done, or name another file"):
        removed = remove_parts(path)
        if removed:
            say(removed_litter(removed, path))
        yield


def save_somewhere(vectors: WordVectors, out: Path, checkpoint: AnyPath | None, say: Callable[[str], None]) -> None:
    """Save vectors in `out`; where that fails, in the first of some other folders that takes them.

    These are that of the checkpoint, the current, the home and the system's temporary folder. Signals that end the run
    do so afterwards. Raises FormatError where `out` cannot be written, which says where the vectors are.
    """
    with held_back():
        try:
            vectors.save(out)
        except FormatError as error:
            say(f"{error}; saving in another folder")
            raise _rescued(vectors, out, checkpoint, error) from None


def _rescued(vectors: WordVectors, out: Path, checkpoint: AnyPath | None, failed: FormatError) -> FormatError:
    """The error that says where the vectors are saved in place of `out`."""
    for folder in _other_folders(checkpoint):
        path = _free(folder, f"{out.stem[:60]}-rescued-{os.getpid()}")
        try:
            vectors.save(path)
        except FormatError:
            continue
        return FormatError(f"{failed}. The vectors are in {path} instead: move them where they belong")
    kept = "and they are lost"
    if checkpoint is not None:
        kept = f"but the checkpoint in {os.fspath(checkpoint)} holds them: make room, and run the same with --resume"
    return FormatError(f"{failed}. No other folder takes the vectors either, {kept}")


def _free(folder: Path, stem: str) -> Path:
    """A path in a folder where nothing is: in containers, an earlier run may have had the same number."""
    numbers = itertools.count(2)
    path = folder / f"{stem}{SUFFIX}"
    while os.path.lexists(path):
        path = folder / f"{stem}-{next(numbers)}{SUFFIX}"
    return path


def _other_folders(checkpoint: AnyPath | None) -> list[Path]:
    """Folders that may take vectors, in the order in which they are tried."""
    found = [] if checkpoint is None else [Path(checkpoint)]
    makers: list[Callable[[], Path]] = [Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())]
    for make in makers:
        try:
            found.append(make())
        except (OSError, RuntimeError):  # the current folder is gone, there is no home, or no folder takes files
            continue
    return found
