"""What divides text into tokens: blocks of a text -> the same with white space between tokens, lines as they were.

Whitespace and words need blocks that are cut behind white space. The others take blocks that are cut anywhere between
characters, and keep what may go on in the next block. A function takes lines, see `lines.tokenized_lines`.
"""

import functools
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firth.corpus.words import only_words
from firth.errors import CorpusError, MissingExtraError
from firth.settings import Reading
from firth.tokenizing import kmers_of

LONGEST_CHARACTER = 1 << 20
"""The most code points of one character as readers see them."""

BYTES_AT_ONCE = 1 << 20
"""About how many letters of k-mers are made at a time."""

TEXT_AT_ONCE = 1 << 14
"""Code points that are divided into characters at a time."""

LAST_SPACE = 0x3000
"""The white space with the largest code point."""

ALONE = re.compile(
    "[\\x00-\\u02ff\\u0370-\\u0482\\u048a-\\u0590\\u2010-\\u2027\\u2030-\\u205e\\u3000-\\u3029\\u3041-\\u3096\\u309b-\\u30ff"
    "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uff01-\\uff9d]*"
)
"""Matches text of characters of one code point each, if its lines end with "\\n"; there is more such text."""

Part = Callable[[str, bool], tuple[bytes, str]]
"""Divides a text: what is sure, and the rest, which may go on; nothing may go on where the text is the last."""


class Divider(Protocol):
    """Divides a text that comes in blocks of UTF-8."""

    def divide(self, block: bytes) -> Iterator[bytes]:
        """Yield the text up to the end of the block, or nearly."""

    def end(self) -> Iterator[bytes]:
        """Yield what is left at the end of the text. Another may follow."""


def cuts_anywhere(reading: Reading) -> bool:
    """Whether text may be cut between any two characters."""
    return reading.tokenizer == "chars" or kmers_of(reading.tokenizer) is not None


def divider(reading: Reading, name: str, fasta: bool = False) -> Divider:
    """What divides the text called `name`, of which FASTA becomes a line a sequence. Raises MissingExtraError."""
    if not cuts_anywhere(reading):
        return WholeTokens(reading)
    kmers = kmers_of(reading.tokenizer)
    part = functools.partial(_characters, name=name) if kmers is None else functools.partial(_kmers, *kmers)
    if kmers is None:
        _clusters()
    at_once = TEXT_AT_ONCE if kmers is None else BYTES_AT_ONCE // (kmers[0] + 1)
    return Pieces(part, at_once, reading.lower, Fasta() if fasta else None)


class WholeTokens:
    """White space, or words: blocks begin and end between tokens."""

    def __init__(self, reading: Reading) -> None:
        self._lower, self._words = reading.lower, reading.tokenizer == "words"

    def divide(self, block: bytes) -> Iterator[bytes]:
        """Yield the block in lower case and without what is no word, as the reading asks."""
        if self._lower or self._words:
            text = block.decode()
            text = text.lower() if self._lower else text
            block = (only_words(text) if self._words else text).encode()
        yield block

    def end(self) -> Iterator[bytes]:
        """Nothing is left."""
        return iter(())


class Pieces:
    """Blocks are cut anywhere between characters.

    A character is lower-cased by itself: a capital sigma never becomes the one that ends a word.
    """

    def __init__(self, part: Part, at_once: int, lower: bool, fasta: "Fasta | None") -> None:
        self._part, self._at_once, self._lower, self._fasta = part, at_once, lower, fasta
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)
        self._rest = ""
        self._in_line = False

    def divide(self, block: bytes) -> Iterator[bytes]:
        """Yield the tokens that no later block can change."""
        yield from self._take(block.decode(), last=False)

    def end(self) -> Iterator[bytes]:
        """Yield the last tokens."""
        yield from self._take("", last=True)
        yield self._part(self._rest, True)[0]
        if self._in_line:
            yield b" "  # a line that does not end is one, even if no token came of it
        self._rest, self._in_line = "", False
        self._line_ends.reset()

    def _take(self, text: str, last: bool) -> Iterator[bytes]:
        text = self._line_ends.decode(text, final=last)
        if self._fasta is not None:
            text = self._fasta.sequences(text, last)
        if self._lower:
            text = text.replace("Σ", "σ").lower()
        if text:
            self._in_line = not text.endswith("\n")
        for start in range(0, len(text), self._at_once):
            divided, self._rest = self._part(self._rest + text[start : start + self._at_once], False)
            yield divided


class Fasta:
    """FASTA that comes in pieces -> a line for each sequence, without headers (lines after `>` and `;`) and spaces."""

    def __init__(self) -> None:
        self._at_start, self._in_header = True, False
        self._begun, self._filled = False, False  # a sequence, by its header or its first letter; by a letter

    def sequences(self, text: str, last: bool) -> str:
        """The sequences up to the end of the piece, whose lines end with "\\n"; the last is ended at the end."""
        found: list[str] = []
        for number, line in enumerate(text.split("\n")):
            self._at_start |= number > 0
            if not line:
                continue
            if self._at_start:
                self._at_start, self._in_header = False, line[0] in ">;"
                if self._in_header:
                    self._end(found, line[0])
            if not self._in_header and (letters := "".join(line.split())):
                found.append(letters)
                self._begun = self._filled = True
        if last and self._begun:
            found.append("\n")
        return "".join(found)

    def _end(self, found: list[str], mark: str) -> None:
        """End a sequence where a header begins; a comment after a header ends none."""
        if self._filled or (self._begun and mark == ">"):
            found.append("\n")
            self._begun = self._filled = False
        self._begun |= mark == ">"


def _characters(text: str, last: bool, name: str) -> tuple[bytes, str]:
    """Extended grapheme clusters (Unicode Standard Annex 29)."""
    clusters: Sequence[str] = text if ALONE.fullmatch(text) else _clusters()(text)
    rest = "" if last else clusters[-1]
    if len(rest) > LONGEST_CHARACTER:
        raise CorpusError(
            f"{name}: a character with more than {LONGEST_CHARACTER:,} marks on it, which begins with {rest[:10]!r}: "
            "is this text?"
        )
    divided = " ".join(clusters if last else clusters[:-1])
    return (divided if divided.endswith("\n") or not divided else divided + " ").encode(), rest


@functools.cache
def _clusters() -> Callable[[str], list[str]]:
    try:
        import regex
    except ImportError as error:
        raise MissingExtraError('tokenizer chars needs the package regex: pip install "firth[chars]"') from error
    found: Callable[[str], list[str]] = regex.compile(r"\X").findall
    return found


def _kmers(size: int, stride: int, text: str, last: bool) -> tuple[bytes, str]:
    """The k-mers of every run of characters without white space; the rest begins with the next one of the last run."""
    ascii = text.isascii()
    code, kind = ("ascii", np.uint8) if ascii else ("utf-32-le", np.uint32)
    chars: NDArray[Any] = np.frombuffer((text + " ").encode(code), kind)
    spaces = _space_table()[chars if ascii else np.minimum(chars, LAST_SPACE + 1)]
    edges = np.flatnonzero(np.diff(spaces, prepend=True))
    begins, ends = edges[::2], edges[1::2]
    counts = np.maximum((ends - begins - size) // stride + 1, 0)
    n = int(counts.sum())
    starts = np.repeat(begins - stride * (np.cumsum(counts) - counts), counts) + stride * np.arange(n)
    found: NDArray[Any] = np.empty(0, kind)
    if n:
        # Each k-mer with the character behind it, as one item: quicker to fetch than its characters.
        item, places = f"V{(size + 1) * chars.itemsize}", len(chars) - size
        kmers = np.ndarray(places, item, chars, strides=(chars.itemsize,))[starts].view(kind).reshape(n, size + 1)
        kmers[:, size] = ord(" ")
        found = kmers.ravel()
    line_ends = np.flatnonzero(chars == ord("\n"))
    if len(line_ends):
        found = np.insert(found, np.searchsorted(starts, line_ends) * (size + 1), ord("\n"))
    divided = found.tobytes() if ascii else found.tobytes().decode(code).encode()
    goes_on = len(ends) and ends[-1] == len(text) and not last
    return divided, text[begins[-1] + stride * counts[-1] :] if goes_on else ""


@functools.cache
def _space_table() -> NDArray[np.bool_]:
    """Whether a character is white space, by its code point; the last entry stands for all above LAST_SPACE."""
    return np.array([chr(code).isspace() for code in range(LAST_SPACE + 2)])
