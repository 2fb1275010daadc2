"""What `firth verify` does: read a file whole, compare its checksum, and look whether what it holds makes sense."""

import dataclasses
import os
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.cache import KEY as CORPUS
from firth.corpus.cache import SUFFIX as CORPUS_SUFFIX
from firth.corpus.cache import read_entry
from firth.errors import FormatError
from firth.files.paths import AnyPath, as_path, reading
from firth.files.tensors import CHECKSUM, TensorFile, read_tensors, row_blocks
from firth.formats.detect import is_safetensors
from firth.formats.loading import load_as
from firth.formats.request import Request
from firth.formats.static import MODEL, NESTED, is_static
from firth.formats.vocabulary import has_checksum, read_vocabulary
from firth.phrases import Phrases
from firth.vectors.container import WordVectors, from_file
from firth.vectors.directions import lengths_of
from firth.vectors.documents import METADATA as DOCUMENTS
from firth.vectors.documents import Documents
from firth.vectors.index import SUFFIX as INDEX_SUFFIX
from firth.vectors.index import open_index
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import SUFFIX

FILES = (SUFFIX, INDEX_SUFFIX, CORPUS_SUFFIX)
"""The endings of the files that are looked for in a folder."""

FLOATS = ("F64", "F32", "F16")

CLOSE = 1e-9
"""How much a length may differ from that of its row, as a share of it: processors add up in other orders."""

ROWS_AT_ONCE = 1 << 16

HEAD = 1 << 16
"""Bytes at the beginning of a text that tell what it holds."""

_COUNTED = re.compile(rb"\S.*[ \t]+[0-9]+[ \t]*\r?")
"""A line of a vocabulary."""


@dataclasses.dataclass(frozen=True)
class Verified:
    """A file that is as it should be.

    path: where it is. kind: what it is. found: what it holds. checksum: whether it has one, which is then right.
    """

    path: str
    kind: str
    found: str
    checksum: bool

    def __str__(self) -> str:
        """All of that, in a line."""
        checksum = "checksum right" if self.checksum else "no checksum: only what it holds was looked at"
        return f"{self.path}: {self.kind}, {self.found}, {checksum}"


def files_of(path: AnyPath) -> list[Path]:
    """The files to verify at a path: itself, or those in a folder that firth writes with a checksum.

    Raises FormatError for a folder without any.
    """
    path = as_path(path)
    if not path.is_dir() or is_static(path):
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in FILES and file.is_file())
    if not found:
        raise FormatError(f"{path}: a folder without files to verify: expected some that end in {', '.join(FILES)}")
    return found


def verify(path: AnyPath, progress: Progress = no_progress) -> Verified:
    """What the file at `path` is, which firth reads, and holds; all of it is read and checked.

    progress: called with what is done, how far it is and how far it goes. Raises FormatError where it is damaged or is
    nothing that firth reads, MissingExtraError where a package is needed for it.
    """
    path = as_path(path)
    if path.is_dir():
        return _verify_static(path, progress)
    with reading(path, "something that firth wrote") as file:
        head = file.read(HEAD)
    if is_safetensors(head[:16]):
        return _verify_tensors(path, progress)
    if head.lstrip().startswith(b"{") and (b'"firth phrases"' in head or b'"%s"' % CHECKSUM.encode() in head[:40]):
        phrases = Phrases.load(path)
        return Verified(str(path), "phrases", f"{len(phrases):,} phrases", b'"%s"' % CHECKSUM.encode() in head[:40])
    if has_checksum(path) or _is_vocabulary(head):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                vocab = read_vocabulary(Path(os.path.abspath(path)))
            except UserWarning as cut:
                raise FormatError(str(cut)) from None
        found = f"{len(vocab):,} words, {int(vocab.counts.sum()):,} tokens"
        return Verified(str(path), "vocabulary", found, has_checksum(path))
    loaded = load_as(path, Request(strict=True, progress=progress))
    for name in ("center", "outside"):
        matrix = getattr(loaded.vectors, name)
        if matrix is not None:
            _check_finite(path, name, matrix, progress)
    return Verified(str(path), f"vectors ({loaded.format.name})", _size(loaded.vectors), False)


def _verify_tensors(path: Path, progress: Progress) -> Verified:
    file = read_tensors(path)
    size = path.stat().st_size

    def told(done: int, total: int | None) -> None:
        progress("reading", done, total or size)

    if CORPUS in file.metadata:
        text, _ = read_entry(path, told)
        found = f"{text.tokens:,} tokens, {len(text.counts):,} words, all numbers those of words"
        return Verified(str(path), "encoded corpus", found, True)
    if file.checksum is not None:
        file.check(lambda part: told(round(part * size), size))
    _check_tensors(file, progress)
    return Verified(str(path), *_what(file), file.checksum is not None)


def _what(file: TensorFile) -> tuple[str, str]:
    """What a file of tensors is and what it holds, checked beyond its numbers. Raises FormatError."""
    path = file.path
    if "index" in file.metadata:
        return "index", _of_index(path)
    if DOCUMENTS in file.metadata:
        return "document vectors", f"{len(Documents.load(path)):,} documents, all numbers finite"
    if "firth.gensim" in file.metadata:
        return "model of firth.gensim", f"{len(list(file)):,} arrays, all numbers finite"
    vectors = from_file(file)
    if "norms" in file:
        _check_norms(path, vectors.center, file.tensor("norms", "F64", 1))
    kind = "vectors" if vectors.config.get("unfinished") is None else "checkpoint"
    return kind, f"{_size(vectors)}, all numbers finite"


def _of_index(path: Path) -> str:
    """What an index is found to be, with the vectors that it was built of where they are beside it."""
    vectors = path.with_suffix(SUFFIX)
    if not vectors.exists():
        return f"not compared with vectors: {vectors.name} is not beside it"
    info = open_index(from_file(read_tensors(vectors)), vectors).info
    return f"{info.rows:,} rows, built of {vectors.name}"


def _verify_static(path: Path, progress: Progress) -> Verified:
    tensors = read_tensors(next(file for file in (path / MODEL, path / NESTED / MODEL) if file.is_file()))
    if tensors.checksum is not None:
        tensors.check()
    _check_tensors(tensors, progress)
    vectors = load_as(path, Request(strict=True, progress=progress)).vectors
    found = f"{_size(vectors)}, all numbers finite"
    return Verified(str(path), "static embeddings", found, tensors.checksum is not None)


def _check_tensors(file: TensorFile, progress: Progress) -> None:
    """Raise FormatError for numbers that are not finite."""
    names = [name for name in file if file.dtype(name) in FLOATS]
    for name in names:
        _check_finite(file.path, name, file.tensor(name, str(file.dtype(name))), progress)


def _check_finite(path: Path, name: str, array: npt.NDArray[Any], progress: Progress) -> None:
    array = np.atleast_1d(array)
    first = 0
    for rows in row_blocks(array):
        progress(f"checking {name}", first, len(array))
        if not np.isfinite(rows).all():
            row = first + int((~np.isfinite(rows)).reshape(len(rows), -1).any(axis=1).argmax())
            raise FormatError(f"{path}: row {row} of {name} holds a NaN or an infinity: expected finite numbers")
        first += len(rows)


def _check_norms(path: Path, center: npt.NDArray[Any], norms: npt.NDArray[Any]) -> None:
    """Raise FormatError for a stored length that is not that of its row; a loader looks at some of them only."""
    for start in range(0, len(norms), ROWS_AT_ONCE):
        stored, found = norms[start : start + ROWS_AT_ONCE], lengths_of(center[start : start + ROWS_AT_ONCE])
        wrong = ~(np.abs(stored - found) <= CLOSE * found)
        if wrong.any():
            row = int(wrong.argmax())
            raise FormatError(
                f"{path}: the length of row {start + row} is stored as {stored[row]:.6g}, and is {found[row]:.6g}"
            )


def _is_vocabulary(head: bytes) -> bool:
    """Whether a text begins with lines of a word and a whole number, as no vectors do."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:20]
    lines = lines[: max(1, len(lines) - 1)]
    plain = sum(len(line.split()) == 2 for line in lines)  # a few words may hold spaces
    return all(map(_COUNTED.fullmatch, lines)) and 2 * plain > len(lines)


def _size(vectors: WordVectors) -> str:
    return f"{len(vectors):,} words x {vectors.center.shape[1]:,}"
