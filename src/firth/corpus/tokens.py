"""Lists of tokens -> numbers: each token's place by first appearance."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.reader import Progress
from firth.corpus.vocabulary import LINE_END, too_many_words
from firth.errors import CorpusError

IDS_AT_ONCE = 1 << 20
"""Numbers that are kept in memory before they are given out."""


class Numbers(dict[str, int]):
    """The number of each token, a new one for a token not seen before."""

    def __missing__(self, token: Any) -> int:
        if fault := _fault(token):
            raise ValueError(fault)
        number = self[str.__str__(token)] = len(self)
        return number


def _fault(token: object) -> str:
    """What is wrong with a token, or an empty string."""
    if not isinstance(token, str):
        return f"is {token!r:.100} ({type(token).__name__}); expected a str"
    if not token:
        return "is an empty string; leave it out"
    try:
        token.encode()
    except UnicodeEncodeError:
        return f"is {token!r:.100}, with a lone surrogate, which is no text; decode the text as UTF-8"
    return ""


def number_lists(
    sentences: Iterable[Any],
    lower: bool,
    numbers: Numbers,
    progress: Progress | None,
    where: Callable[[], str] | None = None,
) -> Iterator[NDArray[np.int32]]:
    """Yield the numbers of lists of tokens in pieces, LINE_END after each list; `numbers` gets the new tokens.

    where: says where the list at hand is, instead of its number. Raises CorpusError for what is no iterable of lists of
    tokens.
    """
    ids, read = array("i"), 0
    for sentence in sentences:
        tokens = _tokens(sentence, read)
        try:
            if lower:
                tokens = list(map(str.lower, tokens))
            ids.extend(map(numbers.__getitem__, tokens))
        except (TypeError, ValueError):
            faults = ((place, fault) for place, token in enumerate(tokens) if (fault := _fault(token)))
            place, fault = next(faults, (0, "cannot be looked up"))
            sentence = f"sentence {read} (both counted from 0)" if where is None else where()
            raise CorpusError(f"token {place} of {sentence} {fault}") from None
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


def _tokens(sentence: Any, place: int) -> Sequence[Any]:
    if isinstance(sentence, list | tuple):
        return sentence
    refused = (str, bytes, bytearray, set, frozenset, Mapping)
    if isinstance(sentence, refused) or not isinstance(sentence, Iterable):
        raise CorpusError(
            f"sentence {place} (counted from 0) is {sentence!r:.100} ({type(sentence).__name__}); "
            "expected a list of tokens, such as the split() of a string"
        )
    return list(sentence)
