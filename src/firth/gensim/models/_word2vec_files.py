"""Keyed vectors in word2vec's files: read, merged and written."""

import codecs
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from firth.corpus.vocabulary import Vocabulary, is_whole
from firth.errors import FormatError
from firth.files.compressed import ENDINGS, compressing
from firth.files.folders import TemporaryFolder
from firth.files.paths import AnyPath, reading, refused, replacing
from firth.formats import word2vec_binary, word2vec_text
from firth.formats.detect import format_of
from firth.formats.request import Request, shown
from firth.formats.vocabulary import write_vocabulary
from firth.gensim._errors import ArgumentError, DecodingError
from firth.gensim._paths import readable, writable
from firth.gensim._saved import HOW_TO_CONVERT, is_pickle
from firth.gensim.models._lookup import Lookup
from firth.vectors.container import WordVectors

logger = logging.getLogger("firth.gensim.models.keyedvectors")

UTF8 = ("utf8", "utf-8")
TEXTS = ("word2vec-text", "glove")


class Word2VecFiles(Lookup):
    """Keyed vectors that word2vec's files hold."""

    @classmethod
    def load_word2vec_format(
        cls,
        fname: AnyPath,
        fvocab: AnyPath | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: Any = np.float32,
        no_header: bool = False,
    ) -> Self:
        """The vectors in a file of word2vec's or GloVe's, compressed or not; the key of the first has index 0.

        fvocab: a file of lines "word count"; without it the counts fall from n to 1. binary: whether it is word2vec's
        binary format. encoding, unicode_errors: how words are decoded; words that are not UTF-8 are kept with \\x.. for
        what is not, with a warning, if both have their defaults. limit: read only the first so many. datatype: a type
        of floats to keep the numbers, which are read as float32, in. no_header: has no effect: whether line 1 is a
        header is seen from the file.

        What is wrong in the file is left out or mended, with a warning. Raises FileNotFoundError, and FormatError for a
        file of another format.
        """
        if limit is not None and not (is_whole(limit) and limit >= 1):
            raise ArgumentError(f"limit is {limit!r:.60}: expected a whole number, 1 or more, or None for all")
        dtype = np.dtype(datatype)
        if dtype.kind != "f":
            raise ArgumentError(f"datatype is {datatype!r:.60}: expected a type of floats, such as numpy.float32")
        found = _read(fname, binary, Request(first=limit, decode=_decoder(fname, encoding, unicode_errors)))
        center = found.center
        center.flags.writeable = True  # nobody else has it
        n = len(found.words)
        counts = np.arange(n, 0, -1)
        if fvocab is not None:
            counts = _counts(fvocab, found.words, encoding, unicode_errors)
        made = cls(center.shape[1], dtype=dtype)
        made.set_all(found.words, center.astype(dtype, copy=False), counts)
        logger.info("loaded %s matrix of type %s from %s", center.shape, dtype, fname)
        return made

    def intersect_word2vec_format(
        self,
        fname: AnyPath,
        lockf: float = 0.0,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
    ) -> None:
        """Take the vectors of the keys that a file of word2vec's has too; other words of the file are left out.

        lockf: what updates of these vectors in training are multiplied by: 0 keeps them, 1 trains them like others.
        Other arguments are those of `load_word2vec_format`. Raises FormatError where no key is in the file, ValueError
        for vectors of another dimension.
        """
        wanted = frozenset(key for key in self.key_to_index if isinstance(key, str))
        found = _read(fname, binary, Request(words=wanted, decode=_decoder(fname, encoding, unicode_errors)))
        if found.center.shape[1] != self.vector_size:
            raise ArgumentError(
                f"{fname}: vectors of dimension {found.center.shape[1]}: expected {self.vector_size}, as those here"
            )
        rows = [self.key_to_index[word] for word in found.words]
        self._check_writable()
        if len(self.vectors_lockf) != len(self):
            self.vectors_lockf = np.full(len(self), self.vectors_lockf[0], np.float32)
        self.vectors[rows] = found.center
        self.vectors_lockf[rows] = lockf
        self.norms = None
        logger.info("merged %d vectors into %s matrix from %s", len(rows), self.vectors.shape, fname)

    def save_word2vec_format(
        self,
        fname: AnyPath,
        fvocab: AnyPath | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write the keys and vectors as word2vec does, compressed if the name ends so.

        fvocab: also write the keys and their `sort_attr` to this file; their counts if that is "". binary: in
        word2vec's binary format. total_vec: the number of vectors that the header tells, if more are appended later.
        write_header: False for GloVe's text. prefix: written before each key. append: write to the end of a file.
        sort_attr: the attribute by which the keys are sorted, the largest first; without it they stay in their order.

        Unless `append`, the file is written whole or not at all. Raises FormatError where it cannot be written, or
        where it cannot hold a key: one with white space in it (in text, spaces are written, with a warning).
        """
        self._check_vectors()
        keys = [f"{prefix}{key}" for key in self.index_to_key]
        rows: Any = np.asarray(self.vectors, np.float32)
        told = sort_attr or "count"
        values = self.expandos.get(told)
        if fvocab is not None and values is None:
            raise ArgumentError(f"fvocab is given, but the keys have no attribute {told!r:.60} to write into it")
        if sort_attr and values is not None:
            order = np.argsort(-values.astype(np.float64), kind="stable")
            if (order[1:] < order[:-1]).any():
                keys, rows, values = [keys[i] for i in order.tolist()], rows[order], values[order]
        path = writable(fname)
        _check_keys(path, keys, binary)
        n, vectors = len(keys), WordVectors(keys, np.zeros(len(keys), np.int64), rows, None, {}, [])
        header = b"%d %d\n" % (n if total_vec is None else total_vec, self.vector_size) if write_header else b""
        usual = not append and total_vec in (None, n)
        if usual and not binary:
            (word2vec_text.write if write_header else word2vec_text.write_glove)(vectors, path)
        elif usual and write_header and path.suffix.lower() not in ENDINGS:
            word2vec_binary.write(vectors, path)
        else:
            _write_with(header, vectors, path, binary, append)
        if fvocab is not None and values is not None:
            write_vocabulary(Vocabulary(keys, _whole_counts(told, values)), fvocab, checked=False)
        logger.info("stored %d vectors of dimension %d in %s", n, self.vector_size, fname)


def _read(fname: AnyPath, binary: bool, request: Request) -> WordVectors:
    """The vectors of a file in the format that was named. Raises FormatError for a file that has another."""
    path = readable(fname, "vectors of word2vec's")
    if is_pickle(path):
        raise FormatError(f"{path}: a pickle, as gensim saves, which firth never loads: {HOW_TO_CONVERT}")
    try:
        name = format_of(path).name
    except FormatError:
        name = ""  # the reader says more
    if name == "word2vec-binary" and not binary:
        raise FormatError(f"{path}: word2vec's binary format: expected text: give binary=True")
    if name in TEXTS and binary:
        raise FormatError(f"{path}: text: expected word2vec's binary format: leave binary=True out")
    if name and name not in (*TEXTS, "word2vec-binary"):
        raise FormatError(f"{path}: the format is {name}: expected word2vec's; firth.load reads it")
    return word2vec_binary.read(path, request) if binary else word2vec_text.read(path, request)


def _decoder(fname: AnyPath, encoding: str, errors: str) -> Callable[[bytes], str] | None:
    """What makes words of bytes; None for the defaults. Raises ArgumentError for names that Python does not know."""
    if encoding.lower() in UTF8 and errors == "strict":
        return None
    try:
        codecs.lookup(encoding)
        codecs.lookup_error(errors)
    except LookupError as error:
        raise ArgumentError(
            f"{error}: expected an encoding, and what is done about errors, that Python knows"
        ) from None

    def decode(raw: bytes) -> str:
        try:
            return raw.decode(encoding, errors)
        except UnicodeDecodeError:
            raise DecodingError(
                f"{fname}: the word {shown(raw)} is not {encoding}: give its encoding, or unicode_errors='replace'"
            ) from None

    return decode


def _counts(fvocab: AnyPath, words: list[str], encoding: str, errors: str) -> Any:
    """The counts (n,) of words in a file of lines "word count"; 0 for those that it does not have, with a warning."""
    counts: dict[str, int] = {}
    readable(fvocab, "lines of a word and its count")
    decode = _decoder(fvocab, encoding, errors) or (lambda raw: raw.decode(errors="backslashreplace"))
    with reading(fvocab, "words and counts") as file:
        for number, line in enumerate(file, 1):
            word, _, count = line.strip().rpartition(b" ")
            if not word or not count.isdigit() or len(count) > 18:
                raise FormatError(f"{fvocab}, line {number}: {shown(line)}: expected a word, a space and its count")
            counts[decode(word.strip())] = int(count)
    missing = [word for word in words if word not in counts]
    if missing:
        warnings.warn(
            f"{fvocab}: {len(missing):,} of {len(words):,} words are not in it, such as {shown(missing[0])}: their "
            "counts are 0",
            stacklevel=3,
        )
    return np.array([counts.get(word, 0) for word in words], np.int64)


def _check_keys(path: Path, keys: list[str], binary: bool) -> None:
    """Raise FormatError for a key that the file cannot hold; warn of spaces in text."""
    spaced = None
    for key in keys:
        if key and key.split() == [key]:
            continue
        if binary or not key or key.split(" ") != key.split() or not key.replace(" ", ""):
            raise FormatError(
                f"{path}: the key {shown(key)} cannot be written: expected text without white space (write _)"
            )
        spaced = spaced or key
    if spaced is not None:
        warnings.warn(
            f"{path}: {shown(spaced)} holds a space: firth reads such keys, most other readers do not", stacklevel=3
        )


def _whole_counts(name: str, values: Any) -> Any:
    if values.dtype.kind not in "iu" or (values < 0).any():
        raise ArgumentError(f"the attribute {name!r:.60} is {values.dtype}: expected counts, 0 or more")
    return values.astype(np.int64)


def _write_with(header: bytes, vectors: WordVectors, path: Path, binary: bool, append: bool) -> None:
    """Write vectors with another first line, or none, or to the end of a file."""
    with TemporaryFolder(None, "the vectors", "Free some space there") as folder:
        plain = Path(folder.file("vectors"))
        (word2vec_binary if binary else word2vec_text).write(vectors, plain)
        with plain.open("rb") as source, _appending(path) if append else replacing(path) as file:
            source.readline()
            with compressing(path, file) as out:
                out.write(header)
                shutil.copyfileobj(source, out)


@contextmanager
def _appending(path: Path) -> Iterator[BinaryIO]:
    """A file, open for writing at its end in a `with`; after an error it is as long as before."""
    try:
        with path.open("ab") as file:
            size = os.fstat(file.fileno()).st_size
            try:
                yield file
            except BaseException:
                file.truncate(size)
                raise
    except OSError as error:
        raise refused(path, "cannot be written", error) from None
