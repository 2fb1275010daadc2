"""Character n-grams of words: vectors for words never seen.

Every n-gram of "<word>" with minn to maxn characters has a row of a matrix, by its hash: the words' own rows come
first, then `bucket` rows that the n-grams share. A word's vector is the mean of its own row and those of its n-grams
(Bojanowski et al., 2017). N-grams, hash and rows are fastText's, so that its models can be read.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError, UnknownWordError, quoted

Floats = npt.NDArray[np.float32]

LINE_END_WORD = "</s>"
"""fastText's word for the end of a line; it has no n-grams."""

LONGEST = 64
"""The most characters that an n-gram may have."""

MOST_ROWS = 2**31 - 1

BLOCK_BYTES = 2**16
"""The text of words whose n-grams are looked up at once, so that memory stays bounded."""


@dataclasses.dataclass(frozen=True, eq=False)
class Subwords:
    """Vectors of words never seen, from their character n-grams.

    minn, maxn: the fewest and the most characters of an n-gram; bucket: how many rows the n-grams share; rows: float32
    (n + bucket, d), first the n words' own rows, then the n-grams'. Raises ConfigError where they do not fit together.
    """

    minn: int
    maxn: int
    bucket: int
    rows: Floats

    def __post_init__(self) -> None:
        check_ngrams(self.minn, self.maxn, self.bucket, 0)
        rows = np.asarray(self.rows).view()
        if rows.dtype != np.float32 or rows.ndim != 2 or not self.bucket < len(rows) <= MOST_ROWS:
            raise ConfigError(
                f"the subwords' rows are {rows.dtype} of shape {rows.shape}: expected float32 of shape "
                f"(words + {self.bucket}, dimension)"
            )
        rows.flags.writeable = False
        object.__setattr__(self, "rows", rows)
        for name in ("minn", "maxn", "bucket"):
            object.__setattr__(self, name, int(getattr(self, name)))

    @property
    def words(self) -> int:
        """The number n of words, which have rows of their own."""
        return len(self.rows) - self.bucket

    def vector(self, word: str) -> Floats:
        """The vector (d,) of a word never seen: the mean of its n-grams' rows. Raises UnknownWordError for none."""
        rows = _rows(_encoded([word]), self.minn, self.maxn, self.bucket, 0, self.words)[1][1:]
        if not len(rows):
            found = f"{quoted(word)} is not among the {self.words:,} words and has no n-gram"
            raise UnknownWordError(f"{found} of {self.minn} to {self.maxn} characters")
        return np.asarray(mean_rows(self.rows, np.array([0, len(rows)]), rows, self.rows.shape[1])[0])


def ngram_rows(
    words: list[str], minn: int, maxn: int, bucket: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The rows of n words: offsets (n + 1,) and rows (total,), those of word i being rows[offsets[i] : offsets[i + 1]].

    First the word's own, i, then n + hash % bucket for every n-gram of "<word>" with minn to maxn characters (Unicode's
    code points), by begin and then by length; an n-gram that occurs twice is there twice. "<" and ">" alone are none,
    and "</s>" has its own row only. The hash is 32-bit FNV-1a over the n-gram's UTF-8, each byte sign-extended to
    32 bits.

    Raises ConfigError for settings out of range, and where n + bucket exceeds 2^31 - 1.
    """
    check_ngrams(minn, maxn, bucket, len(words))
    return _rows(_encoded(words), int(minn), int(maxn), int(bucket), 0, len(words))


def mean_rows(matrix: Floats, offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.int32], dim: int) -> Floats:
    """The vectors (n, dim) of n words: of each the mean of its rows of `matrix`, summed in float64.

    matrix: float32 (any, dim or more), quickest when contiguous; offsets, rows: as `ngram_rows` returns them, every row
    one of the matrix.
    """
    from firth.vectors import _ngrams as ngrams

    means = np.empty((len(offsets) - 1, dim), np.float32)
    ngrams.mean_rows(matrix, offsets, rows, means)
    return means


def word_vectors(words: list[bytes], subwords: Subwords) -> Iterator[Floats]:
    """The vectors of all words, given in UTF-8, block by block, (words of the block, d)."""
    for begin, end in _text_blocks(words):
        parts = _rows(words[begin:end], subwords.minn, subwords.maxn, subwords.bucket, begin, subwords.words)
        yield mean_rows(subwords.rows, *parts, subwords.rows.shape[1])


def unseen_vectors(words: list[bytes], subwords: Subwords) -> Iterator[tuple[Floats, npt.NDArray[np.bool_]]]:
    """Yield, block by block, the vectors (words of the block, d) of words never seen, given in UTF-8, as `vector` does.

    With them, bool (words of the block,): whether a word has an n-gram; the vectors of the others are zeros.
    """
    for begin, end in _text_blocks(words):
        parts = subwords.minn, subwords.maxn, subwords.bucket, 0, subwords.words
        offsets, rows = _rows(words[begin:end], *parts)
        rows = np.delete(rows, offsets[:-1])  # the words' own
        offsets -= np.arange(len(offsets))
        yield mean_rows(subwords.rows, offsets, rows, subwords.rows.shape[1]), np.diff(offsets) > 0


def _text_blocks(words: list[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where blocks of BLOCK_BYTES of text or one word begin and end."""
    begin = size = 0
    for end, word in enumerate(words, 1):
        size += len(word) + 2
        if size >= BLOCK_BYTES or end == len(words):
            yield begin, end
            begin, size = end, 0


def check_ngrams(minn: Any, maxn: Any, bucket: Any, words: int) -> None:
    """Raise ConfigError unless these are settings of n-grams for a vocabulary of `words` words."""
    for name, value, low, high in (
        ("minn", minn, 1, LONGEST),
        ("maxn", maxn, 1, LONGEST),
        ("bucket", bucket, 1, MOST_ROWS),
    ):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
            raise ConfigError(f"{name} is {quoted(value)}: expected a whole number from {low} to {high}")
    if minn > maxn:
        raise ConfigError(f"minn is {minn}, above maxn, {maxn}: lower minn too")
    if words + bucket > MOST_ROWS:
        raise ConfigError(f"{words:,} words and {bucket:,} buckets are more than {MOST_ROWS:,} rows: lower bucket")


def _encoded(words: list[str]) -> list[bytes]:
    return [word.encode(errors="surrogatepass") for word in words]


def _rows(
    words: list[bytes], minn: int, maxn: int, bucket: int, first_row: int, buckets_at: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Offsets and rows of words, the first of which has the row `first_row`; the n-grams' begin at `buckets_at`."""
    from firth.vectors import _ngrams as ngrams

    lengths = np.fromiter(map(len, words), np.int64, len(words))
    starts = np.concatenate([[0], np.cumsum(lengths + 2)])
    text = np.frombuffer(b"<" + b"><".join(words) + b">", np.uint8)
    whole = np.zeros(len(words), np.bool_)
    line_end = LINE_END_WORD.encode()
    for word in np.flatnonzero(lengths == len(line_end)):
        whole[word] = words[word] == line_end
    offsets = np.empty(len(words) + 1, np.int64)
    ngrams.count_rows(text, starts, whole, minn, maxn, offsets)
    rows = np.empty(offsets[-1], np.int32)
    ngrams.fill_rows(text, starts, whole, minn, maxn, bucket, first_row, buckets_at, offsets, rows)
    return offsets, rows
