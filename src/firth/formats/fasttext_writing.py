"""The writer of fastText's models: .bin files of version 12, as `firth.formats.fasttext` reads them."""

import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.files.paths import replacing
from firth.files.tensors import row_blocks
from firth.formats.detect import FASTTEXT
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import encoded_words

Floats = npt.NDArray[np.float32]

VERSION = 12

UPDATE_RATE = 100
"""fastText's default of the words between two updates of its learning rate, which firth has no setting for."""

THRESHOLD = 1e-4
"""fastText's default of the subsampling threshold."""

NOT_PRUNED = -1

ZEROS_AT_ONCE = 1024

_TREE = 1
_LOSSES = {"negative-sampling": 2, "softmax": 3}
_ARCHITECTURES = {"cbow": 1, "skipgram": 2}


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write words, counts, center vectors with their n-grams, and outside vectors or the nodes of the Huffman tree.

    Vectors without n-grams make a model without any. Where there are neither outside vectors nor nodes, the output
    matrix is zero: the model answers for words, but cannot be trained on. Settings that the vectors do not have are
    fastText's defaults. Warns of nodes that fastText would take for others, where counts do not fall, and leaves them
    out. Raises FormatError where the file cannot be written.
    """
    words = encoded_words(path, vectors.words)
    counts = vectors.counts.tolist()
    rows = vectors.center if vectors.subwords is None else vectors.subwords.rows
    with replacing(path) as file:
        file.write(FASTTEXT + struct.pack("<i12id", VERSION, *_settings(vectors)))
        file.write(struct.pack("<3i2q", len(words), len(words), 0, sum(counts), NOT_PRUNED))
        for word, count in zip(words, counts, strict=True):
            file.write(word + struct.pack("<xqb", count, 0))
        n, done = len(words), 0
        for shape, blocks in (
            (rows.shape, row_blocks(rows)),
            (vectors.center.shape, _output(vectors, path)),
        ):
            file.write(struct.pack("<?2q", False, *shape))
            for block in blocks:
                file.write(np.ascontiguousarray(block, "<f4").reshape(-1).view(np.uint8).data)
                done += len(block)
                progress("writing", done * n // (len(rows) + n), n)


def _settings(vectors: WordVectors) -> tuple[Any, ...]:
    """The twelve numbers and the subsampling threshold that a model begins with."""
    config, subwords = vectors.config, vectors.subwords
    tree = vectors.nodes is not None and _falls(vectors.counts)
    loss = _TREE if tree else _LOSSES.get(_name(config, "loss"), _LOSSES["negative-sampling"])
    architecture = _ARCHITECTURES.get(_name(config, "architecture"), _ARCHITECTURES["skipgram"])
    window, epochs, min_count, negatives = (
        _whole(config, name) for name in ("window", "epochs", "min_count", "negatives")
    )
    ngrams = (0, 0, 0) if subwords is None else (subwords.bucket, subwords.minn, subwords.maxn)
    threshold = config.get("subsample")
    if not isinstance(threshold, int | float) or not 0 <= threshold < 1:
        threshold = THRESHOLD
    dim, word_ngrams = vectors.center.shape[1], 1
    numbers = dim, window, epochs, min_count, negatives, word_ngrams, loss, architecture, *ngrams, UPDATE_RATE
    return (*numbers, threshold)


def _name(config: dict[str, Any], setting: str) -> str:
    return str(config.get(setting))


def _whole(config: dict[str, Any], setting: str) -> int:
    """A setting that is a whole number, or 5, which is fastText's default of all that are asked for."""
    value = config.get(setting)
    return value if type(value) is int and 0 <= value < 2**31 else 5


def _falls(counts: npt.NDArray[np.int64]) -> bool:
    """Whether counts stand in falling order, as fastText has them: it makes another tree of others."""
    return bool((counts[1:] <= counts[:-1]).all())


def _output(vectors: WordVectors, path: Path) -> Iterator[Floats]:
    """The rows of the output matrix, block by block."""
    n, d = vectors.center.shape
    if vectors.outside is not None:
        yield from row_blocks(vectors.outside[:n])
        return
    left = n
    if vectors.nodes is not None:
        if _falls(vectors.counts):
            yield from row_blocks(vectors.nodes[::-1])
            left = 1
        else:
            warnings.warn(
                f"{path}: the nodes of the Huffman tree are left out: the words do not stand by falling count",
                stacklevel=3,
            )
    zeros = np.zeros((min(left, ZEROS_AT_ONCE), d), np.float32)
    for begin in range(0, left, ZEROS_AT_ONCE):
        yield zeros[: left - begin]
