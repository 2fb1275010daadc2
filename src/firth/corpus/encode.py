"""The encoded corpus: text or lists of tokens, read exactly once, become word ids in files on disk."""

import dataclasses
import os
import shutil
import tempfile
import warnings
import weakref
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from firth.corpus.joining import FoundPhrase, Joining, PhraseSettings, join_phrases
from firth.corpus.sources import Progress, TextReader, find_files, is_text_source
from firth.corpus.vocabulary import Vocabulary, nothing_left, rank_words
from firth.errors import ConfigError, CorpusError, VocabularyError
from firth.settings import AS_IS, Reading

PIECE = 1 << 20  # ids

_WordsOf = Callable[[NDArray[np.int64]], list[str]]
_Encoded = tuple[_WordsOf, NDArray[np.int64]]  # the words of given numbers, and the count of each number


@dataclasses.dataclass(eq=False)
class Corpus:
    """A corpus as ids. It owns a temporary folder, which goes with it: `close` it, or use it in a `with`.

    ids: (tokens kept,) int32, word ids in reading order, mapped from disk.
    offsets: (sentences + 1,) int64, sentence i is ids[offsets[i] : offsets[i + 1]], and none is empty.
    vocab: the n words kept, with their counts in the corpus, which may be 0 for words that were given.
    frequencies: (n,) int64, the counts that subsampling and noise go by: the corpus's, or those that were given.
    totals: (n,) int64, the counts to save with vectors: the frequencies, plus the earlier counts of known words.
    tokens: how many tokens were read, those of dropped words included.
    replaced: how many invalid UTF-8 sequences were read as U+FFFD.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    vocab: Vocabulary
    frequencies: NDArray[np.int64]
    totals: NDArray[np.int64]
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


class _Kept(NamedTuple):
    """Which words are kept: the parts of a `Corpus`, and the id of each number of the encoded text, or -1."""

    vocab: Vocabulary
    frequencies: NDArray[np.int64]
    totals: NDArray[np.int64]
    numbers: NDArray[np.int32]


_Choice = Callable[[_WordsOf, NDArray[np.int64]], _Kept]


def build_corpus(
    source: Any,
    *,
    reading: Reading = AS_IS,
    min_count: int = 5,
    max_vocab: int | None = None,
    vocab: Vocabulary | None = None,
    keep_words: Collection[str] = (),
    known: Vocabulary | None = None,
    words: list[str] | None = None,
    progress: Progress | None = None,
    phrases: PhraseSettings | None = None,
    joining: Joining | None = None,
) -> Corpus:
    """The corpus that `source` holds, read once and encoded on disk.

    `source` is the path of a text (a file, glob pattern, folder or "-"), a list of such paths, or any
    iterable of lists of tokens. The files go to a new folder inside `reading.tmp`. `progress` is called with (bytes
    read, bytes in all or None), for lists of tokens with (sentences read, None).

    With `phrases`, phrases are found and joined first, just as if the text had been read with each as one token;
    `joining` is called with (ids done, ids in all) of each run over the corpus that this takes.

    A word's frequency is its count here, or that in `vocab`, and a word that `vocab` lacks is then dropped. The words
    of `known` (those of vectors to start from) are kept, whether or not they occur; so are `keep_words`, if they occur
    or are in `vocab`, with the count here where `vocab` lacks them. Of all other words those with a frequency of
    `min_count` or more are kept, the most frequent first, until there are `max_vocab` words; known and kept words
    count among them, and are never left out. Ids go by falling total, that is the frequency plus the count in `known`;
    equal ones by the order of `known`, then that of `vocab`, then by first appearance.

    Where `words` are given, they are the vocabulary, in their order and with their counts here, which may be 0; the
    settings of the paragraph above then have no effect.

    Raises CorpusError for what cannot be read, is damaged, is no text or is empty, or if none of the words to keep
    occurs, VocabularyError if no word is frequent enough, one of `words` comes twice or counts are too large,
    ConfigError for tokenizer="words" with lists of tokens, MissingExtraError for zstd without its package. Warns if
    invalid UTF-8 was replaced, or if some of `keep_words` are nowhere.
    """
    choose: _Choice
    if words is not None:
        choose = partial(_counted, given=_given(words))
    else:
        choose = partial(
            _chosen,
            min_count=min_count,
            max_vocab=max_vocab,
            vocab=vocab,
            protected=frozenset(keep_words),
            known=known or Vocabulary([], np.zeros(0, np.int64)),
        )
    home = _make_folder(reading.tmp)
    try:
        text = _encode(source, reading, home, min_count, progress, phrases, joining)
        corpus = _finish(home, text.words_of, text.counts, choose, text.replaced)
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
    reading: Reading,
    min_count: int,
    progress: Progress | None,
    phrases: PhraseSettings,
    joining: Joining | None,
    join_last: bool = True,
) -> Iterator[Encoded]:
    """The corpus that `source` holds with its phrases joined, for the time of a `with`; see `build_corpus`.

    Without `join_last` those of the last pass are found, but not joined.
    """
    home = _make_folder(reading.tmp)
    try:
        yield _encode(source, reading, home, min_count, progress, phrases, joining, join_last)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _encode(
    source: Any,
    reading: Reading,
    home: str,
    min_count: int,
    progress: Progress | None,
    phrases: PhraseSettings | None,
    joining: Joining | None,
    join_last: bool = True,
) -> Encoded:
    replaced = 0
    if is_text_source(source):
        reader = TextReader(find_files(source), reading, progress)
        words_of, counts = _encode_text(reader, home)
        if replaced := reader.replaced:
            warnings.warn(
                f"replaced {replaced:,} invalid UTF-8 sequence{'s' if replaced > 1 else ''} by U+FFFD, the first at "
                f"{reader.first_replaced}: is the text in another encoding?",
                stacklevel=3,
            )
    elif reading.tokenizer != "whitespace":
        raise ConfigError(
            f"tokenizer is {reading.tokenizer!r}, but the corpus is no text: lists of tokens are taken as they are"
        )
    else:
        words_of, counts = _encode_lists(source, reading.lower, home, progress)
    path, tokens = os.path.join(home, "ids"), int(counts.sum())
    passes: list[list[FoundPhrase]] = []
    if phrases is not None:
        with _on_disk(home):
            words_of, counts, passes = join_phrases(
                path, words_of, counts, phrases, min_count, join_last=join_last, progress=joining
            )
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
    from firth.corpus._scan import Scanner

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
    from firth.corpus._scan import LINE_END, too_many_words

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


def _counted(words_of: _WordsOf, counts: NDArray[np.int64], given: Vocabulary) -> _Kept:
    """The given vocabulary, now with the corpus's counts."""
    numbers = np.empty(len(counts), np.int32)
    for piece, words in _pieces(words_of, len(counts)):
        numbers[piece] = [given.ids.get(word, -1) for word in words]
    occurs = numbers >= 0
    if not occurs.any():
        raise _none_occurs(words_of, counts, given.words)
    given.counts[numbers[occurs]] = counts[occurs]
    return _Kept(given, given.counts, given.counts, numbers)


def _chosen(
    words_of: _WordsOf,
    counts: NDArray[np.int64],
    min_count: int,
    max_vocab: int | None,
    vocab: Vocabulary | None,
    protected: frozenset[str],
    known: Vocabulary,
) -> _Kept:
    """The words that `build_corpus` keeps, chosen among candidates: the known, those of `vocab`, those of the text."""
    names = list(dict.fromkeys([*known.words, *(vocab.words if vocab is not None else ())]))
    listed = dict(zip(names, range(len(names)), strict=True))
    places, found = _look_up(words_of, len(counts), listed, protected)
    marked = np.zeros(len(counts), bool)
    marked[list(found.values())] = True
    enough = counts >= min_count if vocab is None else np.zeros(len(counts), bool)
    others = np.flatnonzero((places < 0) & (marked | enough))
    places[others] = np.arange(len(listed), len(listed) + len(others))

    occurrences = np.zeros(len(listed) + len(others), np.int64)
    occurrences[places[places >= 0]] = counts[places >= 0]
    frequencies = occurrences.copy()
    if vocab is not None:
        frequencies[[listed[word] for word in vocab.words]] = vocab.counts
    totals = frequencies.copy()
    totals[: len(known)] += known.counts
    stays = np.zeros(len(totals), bool)
    stays[: len(known)] = True
    stays[places[marked]] = True
    stays[[listed[word] for word in protected if word in listed]] = True

    kept, ids = rank_words(totals, min_count, max_vocab, stays)
    if vocab is not None and not frequencies[kept].any():
        best = int(vocab.counts.argmax())
        raise nothing_left(vocab.words[best], int(vocab.counts[best]), min_count, given=True)
    if not len(kept):
        best = int(counts.argmax())
        raise nothing_left(words_of(np.array([best]))[0], int(counts[best]), min_count)
    more = iter(words_of(others[kept[kept >= len(listed)] - len(listed)]))
    words = [names[place] if place < len(listed) else next(more) for place in kept.tolist()]
    if not occurrences[kept].any():
        raise _none_occurs(words_of, counts, words)
    _warn_of_absent(protected - found.keys() - listed.keys(), len(protected))
    numbers = np.where(places >= 0, ids[places], np.int32(-1))
    saved = Vocabulary(words, totals[kept])  # whose sum is checked
    return _Kept(Vocabulary(words, occurrences[kept]), frequencies[kept], saved.counts, numbers)


def _look_up(
    words_of: _WordsOf, n: int, listed: dict[str, int], protected: frozenset[str]
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """The place in `listed` of each number of a text, or -1, and the numbers of the protected words that occur."""
    places = np.full(n, -1, np.int64)
    found: dict[str, int] = {}
    if listed or protected:
        for piece, words in _pieces(words_of, n):
            places[piece] = [listed.get(word, -1) for word in words]
            found |= {word: number for word, number in zip(words, piece.tolist(), strict=True) if word in protected}
    return places, found


def _pieces(words_of: _WordsOf, n: int) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """The numbers below n and their words, some at a time."""
    for start in range(0, n, PIECE):
        piece = np.arange(start, min(start + PIECE, n))
        yield piece, words_of(piece)


def _none_occurs(words_of: _WordsOf, counts: NDArray[np.int64], words: list[str]) -> CorpusError:
    """The error for a corpus in which none of the words to keep occurs."""
    best = words_of(np.array([counts.argmax()]))[0]
    return CorpusError(
        f"none of the {counts.sum():,} tokens of the corpus is among the {len(words):,} given words, which begin "
        f"with {words[:3]!r:.100}; the most frequent token is {best[:100]!r}. Give a corpus in the language "
        "of the words, and read it as theirs was: lower-cased or not (--lower), divided alike (--tokenizer)"
    )


def _warn_of_absent(absent: Collection[str], n: int) -> None:
    if absent:
        shown = ", ".join(repr(word[:100]) for word in sorted(absent)[:5]) + (", ..." if len(absent) > 5 else "")
        warnings.warn(
            f"{len(absent):,} of the {n:,} words to keep {'is' if len(absent) == 1 else 'are'} not in the corpus: "
            f"{shown}. Are they spelled as the corpus is read: lower-cased or not, divided alike?",
            stacklevel=5,
        )


def _finish(home: str, words_of: _WordsOf, counts: NDArray[np.int64], choose: _Choice, replaced: int) -> Corpus:
    """Drop the words not kept from the encoded files, renumber the others, and map the result into memory."""
    kept = choose(words_of, counts)
    ids_path, offsets_path = os.path.join(home, "ids"), os.path.join(home, "offsets")
    with _on_disk(home):
        _renumber_files(ids_path, offsets_path, kept.numbers)
        # Writable, as kernels expect arrays, and shared, because a private mapping may not exceed the memory.
        ids = np.memmap(ids_path, np.int32, "r+").view(np.ndarray)
        offsets = np.memmap(offsets_path, np.int64, "r+").view(np.ndarray)
    return Corpus(ids, offsets, kept.vocab, kept.frequencies, kept.totals, int(counts.sum()), replaced, home)


def _renumber_files(ids_path: str, offsets_path: str, numbers: NDArray[np.int32]) -> None:
    from firth.corpus._scan import renumber

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
