"""Text or lists of tokens -> a file of numbers: each word's place by first appearance, no word dropped."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.joining import FoundPhrase, Joining, PhraseSettings, WordsOf, join_phrases
from firth.corpus.reader import Progress, TextReader
from firth.corpus.scanner import Scanner
from firth.corpus.sources import find_files, is_text_source
from firth.corpus.vocabulary import LINE_END, too_many_words
from firth.errors import ConfigError, CorpusError
from firth.files.folders import TemporaryFolder
from firth.settings import Reading

IDS_AT_ONCE = 1 << 20
"""Numbers of lists of tokens that are kept in memory before they are written."""

_Numbered = tuple[WordsOf, NDArray[np.int64]]  # the words of given numbers, and the count of each number


class Encoded(NamedTuple):
    """A corpus as numbers of first appearance in a file, no word dropped."""

    path: str  # of the file: int32 numbers, LINE_END after each line
    words_of: WordsOf
    counts: NDArray[np.int64]  # of each number
    tokens: int  # read, before phrases were joined
    replaced: int  # invalid UTF-8 sequences
    passes: list[list[FoundPhrase]]  # the phrases of each pass


def encode_source(
    source: Any,
    reading: Reading,
    folder: TemporaryFolder,
    min_count: int,
    progress: Progress | None,
    phrases: PhraseSettings | None,
    joining: Joining | None,
    join_last: bool = True,
) -> Encoded:
    """The words of a source as numbers in a file of `folder`; see `build_corpus` for the parameters and errors.

    Without `join_last` the phrases of the last pass are found, but not joined.
    """
    replaced = 0
    if is_text_source(source):
        reader = TextReader(find_files(source), reading, progress)
        words_of, counts = _number_text(reader, folder)
        replaced = reader.replaced
        reader.warn_if_replaced(stacklevel=3)
    else:
        check_tokenizer(reading)
        words_of, counts = _number_lists(source, reading.lower, folder, progress)
    path, tokens = folder.file("ids"), int(counts.sum())
    passes: list[list[FoundPhrase]] = []
    if phrases is not None:
        with folder.errors():
            words_of, counts, passes = join_phrases(
                path, words_of, counts, phrases, min_count, join_last=join_last, progress=joining
            )
    return Encoded(path, words_of, counts, tokens, replaced, passes)


def _number_text(reader: TextReader, folder: TemporaryFolder) -> _Numbered:
    scanner = Scanner()
    with _create(folder, "ids") as file:
        for block in reader.blocks():
            for ids in scanner.scan(block):
                with folder.errors():
                    write_all(file, ids)
    counts = scanner.counts()
    if not len(counts):
        raise CorpusError(f"the corpus is empty: there is no word in {reader.name}")
    return scanner.words, counts


def check_tokenizer(reading: Reading) -> None:
    """Raise ConfigError unless lists of tokens can be read so."""
    if reading.tokenizer != "whitespace":
        raise ConfigError(
            f"tokenizer is {reading.tokenizer!r}, but the corpus is no text: lists of tokens are taken as they are"
        )


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


def _number_lists(source: Any, lower: bool, folder: TemporaryFolder, progress: Progress | None) -> _Numbered:
    numbers, counts, read = Numbers(), np.zeros(0, np.int64), 0
    with _create(folder, "ids") as file:
        for piece in number_lists(source, lower, numbers, progress):
            counts = np.pad(counts, (0, len(numbers) - len(counts)))
            counts += np.bincount(piece[piece >= 0], minlength=len(numbers))
            read += int((piece == LINE_END).sum())
            with folder.errors():
                write_all(file, piece)
    if not len(counts):
        raise CorpusError(f"the corpus is empty: there is no token in its {read:,} sentences")
    names = list(numbers)
    return lambda kept: [names[number] for number in kept.tolist()], counts


def number_lists(source: Any, lower: bool, numbers: Numbers, progress: Progress | None) -> Iterator[NDArray[np.int32]]:
    """Yield the numbers of lists of tokens in pieces, LINE_END after each list; `numbers` gets the new tokens.

    Raises CorpusError for what is no iterable of lists of tokens.
    """
    ids, read = array("i"), 0
    for sentence in _sentences(source):
        tokens = _tokens(sentence, read)
        try:
            if lower:
                tokens = list(map(str.lower, tokens))
            ids.extend(map(numbers.__getitem__, tokens))
        except (TypeError, ValueError):
            faults = ((place, fault) for place, token in enumerate(tokens) if (fault := _fault(token)))
            place, fault = next(faults, (0, "cannot be looked up"))
            raise CorpusError(f"token {place} of sentence {read} (both counted from 0) {fault}") from None
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


def _sentences(source: Any) -> Iterator[Any]:
    if isinstance(source, bytes | bytearray | set | frozenset) or not isinstance(source, Iterable):
        raise CorpusError(
            f"the corpus is {source!r:.100} ({type(source).__name__}); "
            "expected the path of a text or an iterable of lists of tokens"
        )
    return iter(source)


def _tokens(sentence: Any, place: int) -> Sequence[Any]:
    if isinstance(sentence, str | bytes | bytearray | set | frozenset) or not isinstance(sentence, Iterable):
        raise CorpusError(
            f"sentence {place} (counted from 0) is {sentence!r:.100} ({type(sentence).__name__}); "
            "expected a list of tokens, such as the split() of a string"
        )
    return sentence if isinstance(sentence, list | tuple) else list(sentence)


def _create(folder: TemporaryFolder, name: str) -> BinaryIO:
    with folder.errors():
        return open(folder.file(name), "wb", buffering=0)


def write_all(file: BinaryIO, array: NDArray[Any]) -> None:
    """Write all of `array` to an unbuffered file."""
    rest = array.view(np.uint8).data
    while len(rest):
        rest = rest[file.write(rest) :]
