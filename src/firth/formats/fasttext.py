"""The reader of fastText's models, the .bin files that it writes unquantised.

A file holds, in little-endian order: a magic number and the version; twelve int32 settings and a double; the
dictionary, words before labels; a flag and the input matrix, the words' rows and then the n-grams'; a flag and the
output matrix, one row a word or, where the model is supervised, one a label. Of hierarchical softmax these rows are the
nodes of the Huffman tree of the counts in the order of their making, and one that is not used.
"""

import mmap
import struct
import warnings
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from firth.corpus.reader import MAX_TOKEN
from firth.errors import FormatError
from firth.files.paths import naming
from firth.files.tensors import row_blocks
from firth.formats.opening import mapped_content, on_disk
from firth.formats.request import NOT_UTF8, Faults, Request, selected, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress
from firth.vectors.storage import checked_subwords
from firth.vectors.subwords import LONGEST, word_vectors

Floats = npt.NDArray[np.float32]

_LOSSES = {1: "hierarchical-softmax", 2: "negative-sampling", 3: "softmax", 4: "one-vs-all"}
_ARCHITECTURES = {1: "cbow", 2: "skipgram", 3: "supervised"}

_NS_EXPONENT = 0.5
"""Of fastText's negatives; no setting of its own."""


class Model(NamedTuple):
    """What a file holds; the matrices are memory-mapped, and aligned only by chance."""

    words: list[bytes]
    counts: npt.NDArray[np.int64]  # (n,)
    rows: Floats  # (n + bucket, d): the words' own, then those of the n-grams
    ngrams: tuple[int, int, int] | None  # minn, maxn, bucket
    outside: Floats | None  # (n, d)
    nodes: Floats | None  # (n - 1, d), of hierarchical softmax, as `reference.huffman` numbers them
    config: dict[str, Any]  # the settings by firth's names


def read_model(path: Path, data: mmap.mmap) -> Model:
    """The model in the content of a file, which begins with fastText's number.

    Raises FormatError for other versions, quantised or pruned models, and wherever the file is not as it says. Warns of
    what is left out: labels and all that belongs to them, and nodes of hierarchical softmax where counts do not fall.
    """
    reader = _Reader(path, data)
    version = reader.numbers("<4xi", "the version")[0]
    if version not in (11, 12):
        raise FormatError(
            f"{path}: fastText's format {version}: expected 11 or 12; load it with the fastText that wrote it and "
            "export its vectors to .vec"
        )
    settings = reader.numbers("<12i", "the settings")
    dim, window, epochs, min_count, negatives, word_ngrams, loss, model, bucket, minn, maxn, _ = settings
    (subsample,) = reader.numbers("<d", "the subsampling threshold")
    if loss not in _LOSSES or model not in _ARCHITECTURES or dim < 1 or bucket < 0 or not 0 <= subsample < np.inf:
        reader.refuse(8, f"the settings {(*settings, subsample)} are none of fastText's")
    supervised = _ARCHITECTURES[model] == "supervised"
    if version == 11 and supervised:  # its bucket is there for word n-grams only
        maxn = 0
    minn = max(minn, 1)
    ngrams = (minn, maxn, bucket) if minn <= maxn else None
    if ngrams and (maxn > LONGEST or bucket == 0):
        reader.refuse(
            8, f"n-grams of up to {maxn} characters in {bucket} buckets: expected 1 to {LONGEST}, and 1 or more"
        )
    words, counts, labels = _read_dictionary(reader)
    rows = _read_matrix(reader, "input", len(words) + bucket, dim)
    output = _read_matrix(reader, "output", labels if supervised else len(words), dim)
    if reader.at != len(data):
        reader.refuse(reader.at, "more bytes: expected an end after the output matrix")

    config: dict[str, Any] = {"loss": _LOSSES[loss], "architecture": _ARCHITECTURES[model], "dim": dim}
    config |= {"window": window, "epochs": epochs, "min_count": min_count, "subsample": subsample}
    if _LOSSES[loss] == "negative-sampling":
        config |= {"negatives": negatives, "ns_exponent": _NS_EXPONENT}
    config |= dict(zip(("minn", "maxn", "bucket"), ngrams, strict=True)) if ngrams else {"maxn": 0}
    outside = nodes = left_out = None
    if supervised:
        config |= {"word_ngrams": word_ngrams}
        left_out = f"a supervised model: its {labels} labels and any n-grams of words are left out"
    elif _LOSSES[loss] != "hierarchical-softmax":
        outside = output
    elif (counts[1:] <= counts[:-1]).all():
        nodes = output[: len(words) - 1][::-1]
    else:  # fastText, which sorts its words, makes a tree of such counts that is not Huffman's
        left_out = "the nodes of the Huffman tree are left out: the words do not stand by falling count"
    if left_out:
        warnings.warn(f"{path}: {left_out}", stacklevel=2)
    return Model(words, counts, rows, ngrams, outside, nodes, config)


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a model, compressed or not, mapped from disk.

    What is compressed is expanded into a nameless file in the system's temporary folder, and so are the vectors that
    are means of n-grams. Words that are not UTF-8 have \\x.. for what is not, and words that come again \\x.. for all
    their bytes, which is warned of, or refused if `request.strict`.

    Raises FormatError and warns as `read_model` does, also for vectors that are not finite.
    """
    model = read_model(path, mapped_content(path, partial(request.progress, "reading")))
    words = _distinct_words(path, model.words, request.strict)
    subwords, center = None, model.rows[: len(words)]
    if model.ngrams is None:
        for _ in _finite(path, words, row_blocks(center)):
            pass
    else:
        subwords = checked_subwords(path, dict(zip(("minn", "maxn", "bucket"), model.ngrams, strict=True)), model.rows)
        blocks = _finite(path, words, word_vectors(model.words, subwords))
        mapping = on_disk(_told(blocks, len(words), request.progress), path)
        center = np.ndarray(center.shape, np.float32, mapping)
    with naming(path):
        vectors = WordVectors(
            words, model.counts, center, model.outside, model.config, [], nodes=model.nodes, subwords=subwords
        )
    return selected(path, vectors, request)


def _distinct_words(path: Path, encoded: list[bytes], strict: bool) -> list[str]:
    """The words as text, every one once: each has a row of its own, so that none can be left out."""
    faults = Faults(path, strict)
    words: dict[str, None] = {}
    for i, part in enumerate(encoded):
        word = part.decode(errors="backslashreplace")
        if word.encode() != part:
            faults.add(f"word {i + 1}", f"{shown(part)} is not UTF-8", NOT_UTF8)
        if word in words:
            faults.add(
                f"word {i + 1}",
                f"{shown(part)} comes again",
                r"words that come again, kept with \x.. for all their bytes",
            )
            word = "".join(f"\\x{byte:02x}" for byte in part)
        if word in words:
            raise FormatError(f"{path}, word {i + 1}: {shown(part)} comes again: expected every word once")
        words[word] = None
    faults.warn()
    return list(words)


def _finite(path: Path, words: list[str], blocks: Iterable[Floats]) -> Iterator[Floats]:
    """The same blocks of vectors, all numbers of which are finite."""
    begin = 0
    for block in blocks:
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            raise FormatError(f"{path}: the vector of {shown(words[begin + int(finite.argmin())])} is not finite")
        begin += len(block)
        yield block


def _told(blocks: Iterable[Floats], n: int, progress: Progress) -> Iterator[Any]:
    """The bytes of the same blocks; `progress` learns how many of n vectors have been made."""
    done = 0
    for block in blocks:
        yield block.data
        done += len(block)
        progress("adding up n-grams", done, n)


class _Reader:
    """A place in a file, and what can be read there."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.at = path, data, 0

    def refuse(self, at: int, what: str) -> NoReturn:
        raise FormatError(f"{self.path}, byte {at}: {what}")

    def numbers(self, layout: str, what: str) -> tuple[Any, ...]:
        begin, self.at = self.at, self.at + struct.calcsize(layout)
        if self.at > len(self.data):
            self.refuse(begin, f"the file ends in {what}: get it again")
        return struct.unpack_from(layout, self.data, begin)


def _read_dictionary(reader: _Reader) -> tuple[list[bytes], npt.NDArray[np.int64], int]:
    """The words in UTF-8, their counts, and the number of labels."""
    begin, left = reader.at, len(reader.data) - reader.at
    size, n, labels, _, pruned = reader.numbers("<3i2q", "the sizes of the dictionary")
    if pruned >= 0:
        reader.refuse(begin, "a pruned model, which lacks n-grams: convert the .bin it was made from")
    if n < 1 or labels < 0 or size != n + labels or 10 * size > left:
        reader.refuse(begin, f"{n} words, {labels} labels and {size} in all do not fit {left} bytes or one another")
    words: list[bytes] = []
    counts = np.empty(n, np.int64)
    for i in range(size):
        begin = reader.at
        end = reader.data.find(b"\0", begin, begin + MAX_TOKEN + 1)
        if end < 0:
            reader.refuse(begin, f"no end of the word within {MAX_TOKEN:,} bytes")
        reader.at = end + 1
        count, kind = reader.numbers("<qb", "the dictionary")
        if kind != (i >= n):
            reader.refuse(begin, f"entry {i} is of kind {kind}: expected {n} words (0), then {labels} labels (1)")
        if i < n:
            words.append(reader.data[begin:end])
            counts[i] = count
    return words, counts, labels


def _read_matrix(reader: _Reader, name: str, rows: int, dim: int) -> Floats:
    begin = reader.at
    quantised, *shape = reader.numbers("<?2q", f"the {name} matrix")
    if quantised:
        reader.refuse(begin, f"the {name} matrix is quantised: convert the .bin that the model was made from")
    if shape != [rows, dim]:
        reader.refuse(begin, f"the {name} matrix is of shape {tuple(shape)}: expected {(rows, dim)}")
    at = reader.at
    reader.at += 4 * rows * dim
    if reader.at > len(reader.data):
        reader.refuse(begin, f"the file ends in the {name} matrix: get it again")
    return np.ndarray((rows, dim), "<f4", reader.data, at)
