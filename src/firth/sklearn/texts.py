"""The documents that X holds: texts, or lists of tokens."""

from collections.abc import Iterable, Mapping
from typing import Any

from firth.sklearn.errors import DocumentsError

UNORDERED = (bytes, bytearray, set, frozenset, Mapping)
"""What Python can iterate over, and what is no sequence of texts or tokens."""


def documents_of(x: Any) -> list[Any]:
    """The documents of any iterable of strings, or of lists of tokens. Raises DocumentsError for anything else."""
    if isinstance(x, str):
        raise DocumentsError(
            "Iterable over raw text documents expected, string object received: give a list, [text], for one document"
        )
    shape = getattr(x, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        raise DocumentsError(
            f"X is a {type(x).__name__} of shape {shape}: expected documents in one dimension, such as a list or one "
            'column, df["text"] or X[:, 0]; a ColumnTransformer gives one where the column is named without a list'
        )
    if isinstance(x, UNORDERED) or not isinstance(x, Iterable):
        raise DocumentsError(f"X is a {type(x).__name__}: expected an iterable of strings or of lists of tokens")
    documents = list(x)
    texts = are_texts(documents)
    for place, document in enumerate(documents):
        if isinstance(document, str) != texts or isinstance(document, UNORDERED) or not isinstance(document, Iterable):
            raise DocumentsError(
                f"document {place:,} (counted from 0) is {document!r:.100} ({type(document).__name__}): expected "
                "strings only, or lists of tokens only; give '' or [] where there is none, and decode bytes"
            )
    return documents


def are_texts(documents: list[Any]) -> bool:
    """Whether documents are texts rather than lists of tokens: the first decides."""
    return bool(documents) and isinstance(documents[0], str)
