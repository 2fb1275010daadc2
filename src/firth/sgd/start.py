"""Which vectors skip-gram and CBOW can start from."""

import numpy as np
import numpy.typing as npt

from firth.corpus.tags import Tags
from firth.errors import ConfigError, FormatError
from firth.settings import TrainConfig
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors

ROWS = 1 << 14
"""How many rows are searched for a NaN at a time, so that temporary arrays stay small."""


def check_start(start: WordVectors, config: TrainConfig) -> None:
    """Check that a run with these settings can start from the vectors `start`.

    Raises ConfigError if their dimension or subwords differ from the settings, FormatError if they hold a NaN or an
    infinity.
    """
    if start.center.shape[1] != config.dim:
        raise ConfigError(f"the vectors to start from have dimension {start.center.shape[1]}, not dim = {config.dim}")
    known, wanted = start.subwords, (config.minn, config.maxn, config.bucket)
    if config.maxn and (known is None or (known.minn, known.maxn, known.bucket) != wanted):
        have = "no subwords" if known is None else f"minn, maxn, bucket = {known.minn}, {known.maxn}, {known.bucket}"
        raise ConfigError(f"the vectors to start from have {have}, and the settings are {wanted}: use theirs")
    rows = start.subwords.rows if start.subwords is not None else start.center
    given = {"center": rows, "outside": start.outside, "nodes": start.nodes}
    if start.documents is not None:
        given["document"] = start.documents.matrix
    for name, matrix in ((name, matrix) for name, matrix in given.items() if matrix is not None):
        for first in range(0, len(matrix), ROWS):
            if not np.isfinite(matrix[first : first + ROWS]).all():
                raise FormatError(
                    f"the {name} vectors to start from hold a NaN or an infinity: expected finite numbers"
                )


def document_rows(tags: Tags, start: DocumentVectors) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The rows of the tags that `start` has too, and their rows there."""
    if tags.names is None and start.names is None:
        both = np.arange(min(tags.documents, len(start)))
        return both, both
    names = range(tags.documents) if tags.names is None else tags.names
    there = {str(name): row for row, name in enumerate(range(len(start)) if start.names is None else start.names)}
    found = [(row, there[str(name)]) for row, name in enumerate(names) if str(name) in there]
    mine, others = np.array(found, np.int64).reshape(-1, 2).T
    return mine, others
