"""The tags of documents: which rows of the document vectors belong to each sentence of a corpus."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Tags(NamedTuple):
    """The tags of the sentences of a `Corpus`, each sentence a document.

    begins: (sentences + 1,) int64, sentence i has the tags rows[begins[i] : begins[i + 1]]. rows: (k,) int32, from 0 to
    documents - 1. names: the tags of these rows, or None where they are numbers.
    """

    begins: NDArray[np.int64]
    rows: NDArray[np.int32]
    documents: int
    names: list[str] | None = None


def numbered(lines: NDArray[np.int64], documents: int) -> Tags:
    """The numbers of lines as tags: `lines` (sentences,) are those of a corpus, out of `documents` of the source."""
    return Tags(np.arange(len(lines) + 1, dtype=np.int64), lines.astype(np.int32), documents)
