"""The encoded corpus: text or lists of tokens, read exactly once, become word ids in files on disk."""

import dataclasses
import os
import shutil
import tempfile
import warnings
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from firth.errors import ConfigError, CorpusError, VocabularyError
from firth.phrases import FoundPhrase, Joining, PhraseSettings, join_phrases
from firth.text import Progress, TextReader, find_files, is_text_source
from firth.vocab import Vocabulary, nothing_left, rank_words

PIECE = 1 << 20  # ids

_WordsOf = Callable[[NDArray[np.int64]], list[str]]
_Encoded = tuple[_WordsOf, NDArray[np.int64]]  # the words of given numbers, and the count of each number


@dataclasses.dataclass(eq=False)
class Corpus:
    """A corpus as ids. It owns a temporary folder, which goes with it: `close` it, or use it in a `with`.

    ids: (tokens kept,) int32, word ids in reading order, mapped from disk.
    offsets: (sentences + 1,) int64, sentence i is ids[offsets[i] : offsets[i + 1]], and none is empty.
    vocab: the words kept. tokens: how many tokens were read, those of dropped words included.
    replaced: how many invalid UTF-8 sequences were read as U+FFFD.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    vocab: Vocabulary
    tokens: int
    replaced: int
    folder: dataclasses.InitVar[str]

    def __post_init__(self, folder: str) -> None:
        """Take care of `folder`."""
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of the arrays and remove the files."""
        self.ids = np.empty(0, np.int32)
        self.offsets = np.zeros(1, np.int64)
        self._remove()

    def __enter__(self) -> Self:
        """The corpus, to be closed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the corpus."""
        self.close()


def build_corpus(
    source: Any,
    *,
    min_count: int = 5,
    max_vocab: int | None = None,
    words: list[str] | None = None,
    lower: bool = False,
    tokenizer: str = "whitespace",
    errors: str = "replace",
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    phrases: PhraseSettings | None = None,
    joining: Joining | None = None,
) -> Corpus:
    """The corpus that `source` holds, read once and encoded on disk.

    `source` is the path of a text (a file, glob pattern, folder or "-"), a list of such paths, or any
    iterable of lists of tokens. Ids count the words that occur `min_count` times or more by falling count,
    ties by first appearance; of those, `max_vocab` are kept at most. Where `words` are given, they are the
    vocabulary, in their order and with their counts here, which may be 0; `min_count` and `max_vocab` then have
    no effect. The files go to a new folder inside `folder`, by default where the system keeps temporary files.
    `progress` is called with (bytes read, bytes in all or None), for lists of tokens with (sentences read, None).
    With `phrases`, phrases are found and joined first, just as if the text had been read with each as one token;
    `joining` is called with (ids done, ids in all) of each run over the corpus that this takes.

    Raises CorpusError for what cannot be read, is damaged, is no text or is empty, or if none of the given words
    occurs, VocabularyError if no word is frequent enough or a given one comes twice, ConfigError for
    tokenizer="words" with lists of tokens, MissingExtraError for zstd without its package. Warns if
    invalid UTF-8 was replaced.
    """
    given = None if words is None else _given(words)
    home = _make_folder(folder)
    try:
        text = _encode(source, home, min_count, lower, tokenizer, errors, progress, phrases, joining)
        corpus = _finish(home, text.words_of, text.counts, min_count, max_vocab, given, text.replaced)
        corpus.tokens = text.tokens
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return corpus


class Encoded(NamedTuple):
    """A corpus as numbers of first appearance in a file, no word dropped."""

    path: str  # of the file: int32 numbers, LINE_END after each line
    words_of: _WordsOf
    counts: NDArray[np.int64]  # of each number
    tokens: int  # read, before phrases were joined
    replaced: int  # invalid UTF-8 sequences
    passes: list[list[FoundPhrase]]  # the phrases of each pass


@contextmanager
def encoded(
    source: Any,
    *,
    min_count: int,
    lower: bool,
    tokenizer: str,
    errors: str,
    folder: str | os.PathLike[str] | None,
    progress: Progress | None,
    phrases: PhraseSettings,
    joining: Joining | None,
) -> Iterator[Encoded]:
    """The corpus that `source` holds with its phrases joined, for the time of a `with`; see `build_corpus`."""
    home = _make_folder(folder)
    try:
        yield _encode(source, home, min_count, lower, tokenizer, errors, progress, phrases, joining)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _encode(
    source: Any,
    home: str,
    min_count: int,
    lower: bool,
    tokenizer: str,
    errors: str,
    progress: Progress | None,
    phrases: PhraseSettings | None,
    joining: Joining | None,
) -> Encoded:
    replaced = 0
    if is_text_source(source):
        reader = TextReader(find_files(source), lower=lower, tokenizer=tokenizer, errors=errors, progress=progress)
        words_of, counts = _encode_text(reader, home)
        if replaced := reader.replaced:
            warnings.warn(
                f"replaced {replaced:,} invalid UTF-8 sequence{'s' if replaced > 1 else ''} by U+FFFD, the first at "
                f"{reader.first_replaced}: is the text in another encoding?",
                stacklevel=3,
            )
    elif tokenizer != "whitespace":
        raise ConfigError(
            f"tokenizer is {tokenizer!r}, but the corpus is no text: lists of tokens are taken as they are"
        )
    else:
        words_of, counts = _encode_lists(source, lower, home, progress)
    path, tokens = os.path.join(home, "ids"), int(counts.sum())
    passes: list[list[FoundPhrase]] = []
    if phrases is not None:
        with _on_disk(home):
            words_of, counts, passes = join_phrases(path, words_of, counts, phrases, min_count, progress=joining)
    return Encoded(path, words_of, counts, tokens, replaced, passes)


def _make_folder(folder: str | os.PathLike[str] | None) -> str:
    try:
        return os.path.abspath(tempfile.mkdtemp(prefix="firth-", dir=folder))
    except OSError as error:
        place = os.fspath(folder) if folder is not None else "the system's temporary folder"
        raise CorpusError(
            f"cannot put the encoded corpus in {place}: {error.strerror}. "
            "Choose a folder that can be written to (--tmp, or tmp= in Python)"
        ) from error


@contextmanager
def _on_disk(home: str) -> Iterator[None]:
    """Say what it means if a file in `home` cannot be written or read back."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"cannot write the encoded corpus in {home}: {error.strerror or error}. It takes about four "
            "bytes a token: free some space or choose a folder on another disk (--tmp, or tmp= in Python)"
        ) from error


def _write(file: BinaryIO, array: NDArray[Any]) -> None:
    """Write all of `array` to an unbuffered file."""
    rest = array.view(np.uint8).data
    while len(rest):
        rest = rest[file.write(rest) :]


def _encode_text(reader: TextReader, home: str) -> _Encoded:
    from firth.scan import Scanner

    scanner = Scanner()
    with _create(home, "ids") as file:
        for block in reader.blocks():
            for ids in scanner.scan(block):
                with _on_disk(home):
                    _write(file, ids)
    counts = scanner.counts()
    if not len(counts):
        raise CorpusError(f"the corpus is empty: there is no word in {reader.name}")
    return scanner.words, counts


class _Numbers(dict[str, int]):
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


def _encode_lists(source: Any, lower: bool, home: str, progress: Progress | None) -> _Encoded:
    from firth.scan import LINE_END, too_many_words

    numbers = _Numbers()
    counts = np.zeros(0, np.int64)
    ids = array("i")
    read = 0

    def flush() -> None:
        nonlocal counts, ids
        piece = np.array(ids, np.int32)
        ids = array("i")
        counts = np.pad(counts, (0, len(numbers) - len(counts)))
        counts += np.bincount(piece[piece >= 0], minlength=len(numbers))
        with _on_disk(home):
            _write(file, piece)
        if progress is not None:
            progress(read, None)

    with _create(home, "ids") as file:
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
            if len(ids) >= PIECE:
                flush()
        flush()
    if not len(counts):
        raise CorpusError(f"the corpus is empty: there is no token in its {read:,} sentences")
    names = list(numbers)
    return lambda kept: [names[number] for number in kept.tolist()], counts


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


def _create(home: str, name: str) -> BinaryIO:
    with _on_disk(home):
        return open(os.path.join(home, name), "wb", buffering=0)


def _given(words: list[str]) -> Vocabulary:
    """The vocabulary of given words, none counted yet."""
    vocab = Vocabulary(words, np.zeros(len(words), np.int64))
    if len(vocab.ids) < len(words):
        twice = next(word for place, word in enumerate(words) if vocab.ids[word] != place)
        raise VocabularyError(f"the word {twice[:100]!r} is given twice: expected every word once")
    return vocab


def _most_frequent(
    words_of: _WordsOf, counts: NDArray[np.int64], min_count: int, max_vocab: int | None
) -> tuple[Vocabulary, NDArray[np.int32]]:
    """The vocabulary of the words frequent enough, and the id in it of each number, or -1."""
    kept, numbers = rank_words(counts, min_count, max_vocab)
    if not len(kept):
        best = int(counts.argmax())
        raise nothing_left(words_of(np.array([best]))[0], int(counts[best]), min_count)
    return Vocabulary(words_of(kept), counts[kept]), numbers


def _counted(words_of: _WordsOf, counts: NDArray[np.int64], given: Vocabulary) -> tuple[Vocabulary, NDArray[np.int32]]:
    """The given vocabulary, now with the corpus's counts, and the id in it of each number, or -1."""
    numbers = np.empty(len(counts), np.int32)
    for start in range(0, len(counts), PIECE):
        piece = np.arange(start, min(start + PIECE, len(counts)))
        numbers[piece] = [given.ids.get(word, -1) for word in words_of(piece)]
    known = numbers >= 0
    if not known.any():
        best = words_of(np.array([counts.argmax()]))[0]
        raise CorpusError(
            f"none of the {counts.sum():,} tokens of the corpus is among the {len(given):,} given words, which begin "
            f"with {given.words[:3]!r:.100}; the most frequent token is {best[:100]!r}. Give a corpus in the language "
            "of the words, and read it as theirs was: lower-cased or not (--lower), divided alike (--tokenizer)"
        )
    given.counts[numbers[known]] = counts[known]
    return given, numbers


def _finish(
    home: str,
    words_of: _WordsOf,
    counts: NDArray[np.int64],
    min_count: int,
    max_vocab: int | None,
    given: Vocabulary | None,
    replaced: int,
) -> Corpus:
    """Drop the words not kept from the encoded files, renumber the others, and map the result into memory."""
    if given is None:
        vocab, numbers = _most_frequent(words_of, counts, min_count, max_vocab)
    else:
        vocab, numbers = _counted(words_of, counts, given)
    ids_path, offsets_path = os.path.join(home, "ids"), os.path.join(home, "offsets")
    with _on_disk(home):
        _renumber_files(ids_path, offsets_path, numbers)
        # Writable, as kernels expect arrays, and shared, because a private mapping may not exceed the memory.
        ids = np.memmap(ids_path, np.int32, "r+").view(np.ndarray)
        offsets = np.memmap(offsets_path, np.int64, "r+").view(np.ndarray)
    return Corpus(ids, offsets, vocab, int(counts.sum()), replaced, home)


def _renumber_files(ids_path: str, offsets_path: str, numbers: NDArray[np.int32]) -> None:
    from firth.scan import renumber

    offsets, kept = np.empty(PIECE, np.int64), np.zeros(2, np.int64)
    with (
        open(ids_path, "rb") as source,
        open(ids_path, "r+b", buffering=0) as target,  # never ahead of source
        open(offsets_path, "wb", buffering=0) as sink,
    ):
        _write(sink, kept[:1])
        while len(ids := np.fromfile(source, np.int32, PIECE)):
            filled, lines = renumber(ids, numbers, offsets, kept)
            _write(target, ids[:filled])
            _write(sink, offsets[:lines])
        target.truncate()
