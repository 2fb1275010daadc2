"""word2vec's binary files: a line of text with the number of words and the dimension, then words and their numbers.

A word and a space come before the bytes of its numbers, float32 and little-endian, and then a line end, which may be
missing.
"""

from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.files.paths import mapped, naming, replacing
from firth.formats.request import Request, selected
from firth.vectors.container import WordVectors
from firth.vectors.storage import encoded_words

FLOAT32 = np.dtype("<f4")


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a binary file; counts are 0. Raises FormatError with the byte where it is not as it should be."""
    mapping = mapped(path, "vectors")
    at = mapping.find(b"\n", 0, 4096) + 1
    n, d = read_sizes(path, mapping[:at], 4)
    center = np.empty((n, d), dtype=np.float32)
    words = []
    for i in range(n):
        space = mapping.find(b" ", at)
        word = mapping[at:space].lstrip(b"\n") if space >= 0 else b""
        at, begin = space + 1 + 4 * d, at
        if not word or at > len(mapping):
            raise FormatError(f"{path}, byte {begin}: expected word {i + 1} of {n}, a space and {4 * d} bytes")
        center[i] = np.ndarray(d, FLOAT32, mapping, space + 1)
        try:
            words.append(word.decode())
        except UnicodeDecodeError:
            raise FormatError(f"{path}, byte {begin}: the word is {word!r}: expected UTF-8") from None
        if not np.isfinite(center[i]).all():
            raise FormatError(f"{path}, byte {begin}: the vector of {words[-1]!r} is not finite")
    if mapping[at : at + 4096].strip():
        raise FormatError(f"{path}, byte {at}: more bytes: expected an end after the {n} words of line 1")
    with naming(path):
        vectors = WordVectors(words, np.zeros(n, dtype=np.int64), center, None, {}, [])
    return selected(vectors, request)


def read_sizes(path: Path, line: bytes, least_bytes: int) -> tuple[int, int]:
    """The words and the dimension that line 1 promises, where the file is long enough to keep the promise."""
    try:
        n, d = map(int, line.split())
    except ValueError:
        n = d = 0
    if n < 1 or d < 1:
        raise FormatError(f"{path}, line 1: {line[:60]!r}: expected two numbers, the words and the dimension")
    if n * d * least_bytes > path.stat().st_size:
        raise FormatError(f"{path}, line 1: {n} words of dimension {d}: the file is too short for them")
    return n, d


def write(vectors: WordVectors, path: Path) -> None:
    """Write words and center vectors in binary. Raises FormatError."""
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for word, row in zip(encoded_words(path, vectors.words), vectors.center, strict=True):
            file.write(word + b" " + row.astype(FLOAT32).tobytes() + b"\n")
