"""word2vec's text files: line 1 has the number of words and the dimension, each further line a word and its numbers."""

from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.files.paths import reading, replacing
from firth.formats.request import Request, selected
from firth.formats.word2vec_binary import read_sizes
from firth.vectors.container import WordVectors
from firth.vectors.storage import encoded_words

LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of a text file; counts are 0. Raises FormatError with the line where it is not as it should be."""
    with reading(path, "vectors") as file:
        n, d = read_sizes(path, file.readline(4096), 2)
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
    vectors = WordVectors(list(words), np.zeros(n, dtype=np.int64), center, None, {}, [])
    return selected(vectors, request)


def write(vectors: WordVectors, path: Path) -> None:
    """Write words and center vectors as text. Raises FormatError."""
    row_format = b" %.9g" * vectors.center.shape[1] + b"\n"
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for word, row in zip(encoded_words(path, vectors.words), vectors.center, strict=True):
            file.write(word + row_format % tuple(row))
