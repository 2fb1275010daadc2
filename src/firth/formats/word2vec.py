"""word2vec's files, text and binary: words and their center vectors, nothing else.

Line 1 has the number of words and the dimension. In text each further line has a word and its numbers; in binary a word
and a space come before the bytes of its numbers, float32 and little-endian, and then a line end, which may be missing.
"""

from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.files.paths import mapped, naming, reading, replacing
from firth.vectors.container import WordVectors
from firth.vectors.storage import encoded_words

FLOAT32 = np.dtype("<f4")
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def read_text(path: Path) -> WordVectors:
    """The vectors of a text file; counts are 0. Raises FormatError with the line where it is not as it should be."""
    with reading(path, "vectors") as file:
        n, d = _read_sizes(path, file.readline(4096), 2)
        center = np.empty((n, d), dtype=np.float32)
        words: dict[str, None] = {}
        for i in range(n):
            where = f"{path}, line {i + 2}"
            fields = file.readline().rsplit(None, d)
            if len(fields) != d + 1:
                raise FormatError(f"{where}: {len(fields)} fields: expected a word and {d} numbers")
            try:
                word, row = fields[0].decode(), [float(field) for field in fields[1:]]
            except ValueError as error:
                raise FormatError(f"{where}: {error}: expected a word in UTF-8 and {d} numbers") from None
            if word in words:
                raise FormatError(f"{where}: the word {word!r} comes twice: expected every word once")
            if not all(abs(number) <= LARGEST_FLOAT32 for number in row):
                raise FormatError(f"{where}: the vector of {word!r} is not finite: expected float32 numbers")
            words[word] = None
            center[i] = row
        if file.read(4096).strip():
            raise FormatError(f"{path}, line {n + 2}: more text: expected an end after the {n} words of line 1")
    return WordVectors(list(words), np.zeros(n, dtype=np.int64), center, None, {}, [])


def read_binary(path: Path) -> WordVectors:
    """The vectors of a binary file; counts are 0. Raises FormatError with the byte where it is not as it should be."""
    mapping = mapped(path, "vectors")
    at = mapping.find(b"\n", 0, 4096) + 1
    n, d = _read_sizes(path, mapping[:at], 4)
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
        return WordVectors(words, np.zeros(n, dtype=np.int64), center, None, {}, [])


def _read_sizes(path: Path, line: bytes, least_bytes: int) -> tuple[int, int]:
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


def write_text(vectors: WordVectors, path: Path) -> None:
    """Write words and center vectors as text. Raises FormatError for a word with white space."""
    row_format = b" %.9g" * vectors.center.shape[1] + b"\n"
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for word, row in zip(_unspaced(vectors, path), vectors.center, strict=True):
            file.write(word + row_format % tuple(row))


def write_binary(vectors: WordVectors, path: Path) -> None:
    """Write words and center vectors in binary. Raises FormatError for a word with white space."""
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for word, row in zip(_unspaced(vectors, path), vectors.center, strict=True):
            file.write(word + b" " + row.astype(FLOAT32).tobytes() + b"\n")


def _unspaced(vectors: WordVectors, path: Path) -> list[bytes]:
    encoded = encoded_words(path, vectors.words)
    for word in encoded:
        if len(word.split()) != 1 or word.split()[0] != word:
            raise FormatError(f"{path}: the word {word.decode()!r} cannot be written: word2vec's files take no spaces")
    return encoded
