"""Lists of tokens -> numbers: each token's place by first appearance."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.frames import is_table
from firth.corpus.reader import Progress
from firth.corpus.vocabulary import LINE_END, as_word, is_whole, too_many_words
from firth.errors import CorpusError

IDS_AT_ONCE = 1 << 20
"""Numbers that are kept in memory before they are given out."""


Where = Callable[[int], str]
"""Says, for a message, which list is meant, by its number from 0."""


class Numbers(dict[str, int]):
    """The number of each token, a new one for a token not seen before. No key is an integer, which True would equal."""

    def __missing__(self, token: Any) -> int:
        if not isinstance(token, str) or _fault(token):
            raise ValueError("no token")  # `_words` says why
        number = self[str.__str__(token)] = len(self)
        return number


class _IntegerNumbers(dict[int, int]):
    """The number of each integer, that of its decimal form; look up nothing that is no int, such as True."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def __missing__(self, token: int) -> int:
        number = self[token] = self._numbers[str(token)]
        return number


def _fault(token: object) -> str:
    """What is wrong with a token, or an empty string."""
    if is_whole(token):
        try:
            str(token)
        except ValueError:
            return "is an integer of too many digits; expected a str or a shorter integer"
        return ""
    if not isinstance(token, str):
        return f"is {token!r:.100} ({type(token).__name__}); expected a str or an integer"
    if not token:
        return "is an empty string; leave it out"
    try:
        token.encode()
    except UnicodeEncodeError:
        return f"is {token!r:.100}, with a lone surrogate, which is no text; decode the text as UTF-8"
    return ""


def in_sentences(number: int) -> str:
    """Which list of tokens is meant, where these are given."""
    return f"sentence {number} (counted from 0)"


def number_lists(
    sentences: Iterable[Any], lower: bool, numbers: Numbers, progress: Progress | None, where: Where = in_sentences
) -> Iterator[NDArray[np.int32]]:
    """Yield the numbers of lists of tokens in pieces, LINE_END after each list; `numbers` gets the new tokens.

    Raises CorpusError for what is no iterable of lists of tokens; it says `where`.
    """
    ids, read, integers = array("i"), 0, _IntegerNumbers(numbers)
    for sentence in sentences:
        tokens, begin = _tokens(sentence, read, where), len(ids)
        try:
            try:
                ids.extend(_numbers_of(tokens, lower, numbers, integers))
            except (TypeError, ValueError):
                del ids[begin:]
                ids.extend(_numbers_of(_words(tokens, read, where), lower, numbers, integers))
        except OverflowError:
            raise too_many_words() from None
        ids.append(LINE_END)
        read += 1
        if len(ids) >= IDS_AT_ONCE:
            piece, ids = np.array(ids, np.int32), array("i")
            yield piece
            if progress is not None:
                progress(read, None)
    yield np.array(ids, np.int32)
    if progress is not None:
        progress(read, None)


def _numbers_of(tokens: Sequence[Any], lower: bool, numbers: Numbers, integers: _IntegerNumbers) -> Iterator[int]:
    """The numbers of tokens that are all strings or all integers. Raises TypeError or ValueError for any others."""
    if tokens and not isinstance(tokens[0], str):
        if not all(kind is int or issubclass(kind, np.integer) for kind in set(map(type, tokens))):
            raise TypeError("not all are integers")
        return map(integers.__getitem__, map(int, tokens))
    return map(numbers.__getitem__, map(str.lower, tokens) if lower else tokens)


def _words(tokens: Sequence[Any], read: int, where: Where) -> list[str]:
    """The tokens as strings. Raises CorpusError for one that is neither text nor an integer."""
    for place, token in enumerate(tokens):
        if fault := _fault(token):
            raise CorpusError(f"token {place} of {where(read)} {fault}")
    return [str.__str__(as_word(token)) for token in tokens]


def count_piece(piece: NDArray[np.int32], counts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The counts (n,) of all numbers, from those before a piece."""
    counts = np.pad(counts, (0, n - len(counts)))
    counts += np.bincount(piece[piece >= 0], minlength=n)
    return counts


def sentences_of(source: Any) -> Iterator[Any]:
    """The sentences of a source in memory. Raises CorpusError for what is no iterable of them."""
    if isinstance(source, bytes | bytearray | set | frozenset) or not isinstance(source, Iterable):
        raise CorpusError(
            f"the corpus is {source!r:.100} ({type(source).__name__}); "
            "expected the path of a text or an iterable of lists of tokens"
        )
    return iter(source)


def _tokens(sentence: Any, place: int, where: Where) -> Sequence[Any]:
    if type(sentence) is list or type(sentence) is tuple:
        return sentence
    if is_table(sentence):
        raise CorpusError(
            f"{where(place)} is a {type(sentence).__name__}, a table or row with columns, not a list of tokens: give "
            "one table and column=, or lists of tokens"
        )
    if isinstance(sentence, list | tuple):
        return sentence
    if isinstance(sentence, np.ndarray) and sentence.ndim:
        return list(sentence.tolist())
    refused = (str, bytes, bytearray, set, frozenset, Mapping, np.ndarray)
    if isinstance(sentence, refused) or not isinstance(sentence, Iterable):
        advice = ", or name a tokenizer to read lines of text (tokenizer='whitespace')"
        raise CorpusError(
            f"{where(place)} is {sentence!r:.100} ({type(sentence).__name__}); expected a list of tokens, such as the "
            f"split() of a string{advice if isinstance(sentence, str) and where is in_sentences else ''}"
        )
    return list(sentence)
