"""Vocabularies from files and mappings, and into text files: a word and its count a line, as word2vec.c keeps them.

The last line of a file that firth wrote is a checksum in the form of a word that never occurs, so that other programs
leave it out: "</firth-sha256:", 64 hexadecimal digits and "> 0". It is the SHA-256 of all lines before it, each ending
in one "\\n", because programs that pass texts on change the ends of lines. A file whose last line has no end is
taken for one that was cut; one that was cut behind a line, before its checksum, reads as one of another program.
"""

import codecs
import hashlib
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firth.corpus.reader import MAX_TOKEN
from firth.corpus.vocabulary import MOST_TOKENS, Vocabulary, as_word
from firth.errors import ConfigError, FormatError, VocabularyError, quoted
from firth.files.paths import AnyPath, check_folder, naming, reading, replacing
from firth.vectors.container import load

LONGEST_LINE = MAX_TOKEN + 64
"""Bytes of a line."""

MARK = "firth-sha256:"
"""What no word may hold."""

CHECKSUM, AFTER = f"</{MARK}".encode(), b"> 0"
"""What the line of the checksum begins and ends with."""

DIGITS = 64

MOST_WRONG = 8
"""A line with so many wrong bytes is a damaged checksum still."""

EXPECTED = f"expected a whole number from 0 to {MOST_TOKENS}"


def read_vocabulary(source: Any) -> Vocabulary:
    """The words that `source` holds, in its order, each with its count: 0 or more.

    `source` is a mapping of words to counts, such as a collections.Counter; or the path of a vectors file of firth's
    (.safetensors) or of a text in UTF-8: in every line a word, spaces or tabs, and a whole number. The word is all
    that stands before the last white space. That is what `write_vocabulary` writes, and word2vec.c's -save-vocab,
    whose first line, </s>, is for its own mark at the end of every line: `build_corpus` leaves it out. A checksum in
    the last line is compared; files of others have none.

    Raises FormatError for anything else in a file, and says in which line; VocabularyError for a wrong mapping.
    """
    if isinstance(source, Mapping):
        return _from_mapping(source)
    if not isinstance(source, str | os.PathLike):
        raise VocabularyError(
            f"the vocabulary is {source!r:.100} ({type(source).__name__}): expected the path of a file, or words and "
            "their counts in a dict"
        )
    path = Path(source)
    if path.suffix == ".safetensors":
        vectors = load(path)
        return Vocabulary(vectors.words, np.array(vectors.counts))
    return _from_text(path)


def write_vocabulary(vocab: Vocabulary, path: AnyPath, checked: bool = True) -> None:
    """Write words and counts as text, whole or not at all; `read_vocabulary` reads the same ones back.

    checked: whether the last line is to be a checksum.
    Raises FormatError where the file cannot be written, and for a word that a line cannot hold: an empty one, or one
    with white space at an end or a line break inside, as only lists of tokens can have.
    """
    path = check_folder(path)
    check_words(vocab.words, path)
    checksum = hashlib.sha256()
    with replacing(path) as file:
        if vocab.words[0].startswith("\ufeff"):
            file.write(codecs.BOM_UTF8)  # the first is taken for a byte order mark
            checksum.update(codecs.BOM_UTF8)
        for word, count in zip(vocab.words, vocab.counts.tolist(), strict=True):
            line = b"%s %d\n" % (word.encode(), count)
            file.write(line)
            checksum.update(line)
        if checked:
            file.write(_checksum_line(checksum.hexdigest()))


def check_words(words: Iterable[str], path: AnyPath) -> None:
    """Raise FormatError, which names `path`, for a word that `write_vocabulary` refuses."""
    for word in words:
        encoded = _utf8(word)
        if not encoded or encoded != encoded.strip() or b"\n" in encoded or b"\r" in encoded:
            raise FormatError(
                f"{path}: the word {quoted(word)} cannot be written: expected text without white space at its ends "
                "and without line breaks"
            )
        if MARK in word:
            raise FormatError(f"{path}: the word {quoted(word)} cannot be written: {MARK} marks the checksum of a file")


def read_words(name: str, words: Any) -> list[str]:
    """The words given, or those in the text file at a path, parted by white space; in their order.

    `name` is what an error calls them. Raises FormatError for a file that cannot be read, ConfigError for what holds no
    words. None are no words.
    """
    if words is None:
        return []
    if not isinstance(words, str | os.PathLike):
        found = [] if isinstance(words, bytes) or not isinstance(words, Iterable) else list(map(as_word, words))
        if (not found and not isinstance(words, Iterable)) or not all(isinstance(word, str) for word in found):
            raise ConfigError(f"{name} is {words!r:.100}: expected words, or the path of a file of words")
        return found
    with reading(words, "words") as file:
        try:
            return file.read().decode("utf-8-sig").split()
        except UnicodeDecodeError as error:
            raise FormatError(f"{words}, byte {error.start}: {error.reason}: expected words in UTF-8") from None


def _utf8(word: str) -> bytes:
    """The bytes of a word, or none where it holds half a character."""
    try:
        return word.encode()
    except UnicodeEncodeError:
        return b""


def _from_mapping(mapping: Mapping[Any, Any]) -> Vocabulary:
    if not mapping:
        raise VocabularyError("the vocabulary is empty: expected words and their counts")
    counts = np.empty(len(mapping), np.int64)
    words = list(map(as_word, mapping))
    for place, (word, count) in enumerate(zip(words, mapping.values(), strict=True)):
        if not isinstance(word, str) or not _utf8(word):
            raise VocabularyError(f"a word of the vocabulary is {word!r:.100}: expected text, not empty")
        try:
            number = -1 if isinstance(count, bool) else operator.index(count)
        except TypeError:
            number = -1
        if not 0 <= number <= MOST_TOKENS:
            raise VocabularyError(f"the count of {quoted(word)} is {count!r:.100}: {EXPECTED}")
        counts[place] = number
    if len(set(words)) < len(words):
        twice = next(word for word in words if words.count(word) > 1)
        raise VocabularyError(f"the word {quoted(twice)} is given twice, as a string and as a number: expected it once")
    return Vocabulary([str.__str__(word) for word in words], counts)


def _checksum_line(digits: str) -> bytes:
    return b"%s%s%s\n" % (CHECKSUM, digits.encode(), AFTER)


def _is_like_checksum(line: bytes) -> bool:
    """Whether a line is a checksum, or was one before it was damaged."""
    if MARK.encode() in line:
        return True
    line = line.rstrip(b"\r\n")
    if len(line) != len(CHECKSUM) + DIGITS + len(AFTER):
        return False
    digits = line[len(CHECKSUM) : -len(AFTER)]
    around = zip(line[: len(CHECKSUM)] + line[-len(AFTER) :], CHECKSUM + AFTER, strict=True)
    return sum(a != b for a, b in around) + sum(byte not in b"0123456789abcdef" for byte in digits) <= MOST_WRONG


def has_checksum(path: AnyPath) -> bool:
    """Whether the last line of a file is a checksum. Raises FormatError where it cannot be read."""
    length = len(_checksum_line("0" * 64)) + 1  # with "\r\n"
    with reading(path, "words and counts") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - length))
        return CHECKSUM in file.read()


def _check(line: bytes, checksum: str, after: bytes, where: str) -> None:
    """Raise FormatError unless a line is the checksum of the lines before it and the last one."""
    if after or line.rstrip(b"\r\n") + b"\n" != _checksum_line(checksum):
        raise FormatError(
            f"{where}: the lines {'go on after' if after else 'before it are not those of'} the checksum that was "
            "written with them: the file is damaged, or it was edited; if you have edited it, delete this line"
        )


def _from_text(path: Path) -> Vocabulary:
    places: dict[str, int] = {}
    counts: list[int] = []
    checksum = hashlib.sha256()

    def where() -> str:
        return f"{path}, line {len(counts) + 1}"

    with reading(path, "words and counts") as file:
        while line := file.readline(LONGEST_LINE):
            if _is_like_checksum(line):
                _check(line, checksum.hexdigest(), file.readline(LONGEST_LINE), where())
                break
            checksum.update(line.rstrip(b"\r\n") + b"\n")
            if not counts:
                line = line.removeprefix(codecs.BOM_UTF8)
            if len(line) == LONGEST_LINE:
                raise FormatError(f"{where()}: more than {LONGEST_LINE:,} bytes: expected a word and its count")
            fields = line.rsplit(None, 1)
            if len(fields) != 2 or b"\r" in fields[0]:
                raise FormatError(f"{where()}: {quoted(line)}: expected a word, a space, its count and a line end")
            if not fields[1].isdigit() or len(fields[1]) > 19 or int(fields[1]) > MOST_TOKENS:
                raise FormatError(f"{where()}: the count is {quoted(fields[1])}: {EXPECTED}")
            try:
                word = fields[0].strip().decode()
            except UnicodeDecodeError:
                raise FormatError(f"{where()}: the word is {quoted(fields[0])}: expected UTF-8") from None
            if not line.endswith(b"\n"):
                raise FormatError(
                    f"{where()}: the last line has no end, so the file may be cut: if it is whole, add a line end"
                )
            first = places.setdefault(word, len(counts))
            if first < len(counts):
                raise FormatError(
                    f"{where()}: the word {quoted(word)} stands in line {first + 1} already: expected every word once"
                )
            counts.append(int(fields[1]))
    if not counts:
        raise FormatError(f"{path}: the file is empty: expected words and counts")
    with naming(path):
        return Vocabulary(list(places), np.array(counts, np.int64))
