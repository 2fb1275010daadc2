"""The vectors of documents as further inputs of the windows: those of the tags of the document that a token is in."""

from typing import NamedTuple

import numpy as np
from numba import types

from firth.native import simd
from firth.native.jit import chosen_by_type
from firth.sgd._tokens import sentence_at


class Documents(NamedTuple):
    """The tags of all sentences and their rows: addresses."""

    begins: int  # (sentences + 1,) int64: where the tags of a sentence begin in `tags`
    tags: int  # int32: rows
    rows: int  # (tags, stride) float32
    row_bytes: int
    alone: bool  # whether the words of windows are no inputs


@chosen_by_type
def document_at(documents, stream, position):
    """The sentence that a position of the corpus is in, where there are documents."""
    return _no_document if isinstance(documents, types.NoneType) else _document_at


def _no_document(documents, stream, position):
    return 0


def _document_at(documents, stream, position):
    return sentence_at(stream, position)


@chosen_by_type
def add_tags(documents, stream, sentence, token, inputs, scratch):
    """Add the rows of a token's tags to the inputs of its window; return the token's sentence and how many they are.

    `sentence`: that of a token before.
    """
    return _no_tags if isinstance(documents, types.NoneType) else _add_tags


def _no_tags(documents, stream, sentence, token, inputs, scratch):
    return sentence, inputs


def _add_tags(documents, stream, sentence, token, inputs, scratch):
    position = simd.load_int(scratch.positions, token)
    while simd.load_int(stream.offsets, sentence + 1) <= position:
        sentence += 1
    count = 0 if documents.alone else inputs
    for i in range(simd.load_int(documents.begins, sentence), simd.load_int(documents.begins, sentence + 1)):
        row = np.int64(simd.load_int32(documents.tags, i))
        simd.store_int(scratch.inputs, count, documents.rows + row * documents.row_bytes)
        count += 1
    return sentence, count
