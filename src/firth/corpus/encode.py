"""The encoded corpus: text or lists of tokens, read exactly once, become word ids in files on disk."""

import dataclasses
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from firth.corpus.cache import KeptCorpus
from firth.corpus.joining import Joining, PhraseSettings
from firth.corpus.left_out import LeftOut
from firth.corpus.numbering import Encoded, encode_source, write_all
from firth.corpus.reader import Progress, Say
from firth.corpus.selection import Choice, choose_words, count_given, given_words
from firth.corpus.vocabulary import Vocabulary
from firth.files.folders import TemporaryFolder, say_nothing
from firth.files.paths import AnyPath
from firth.settings import AS_IS, Reading

IDS_AT_ONCE = 1 << 20
"""Ids that are renumbered together."""


@dataclasses.dataclass(eq=False)
class Corpus:
    """A corpus as ids. It owns a temporary folder, which is removed with it: `close` it, or use it in a `with`.

    ids: (tokens kept,) int32, word ids in reading order, mapped from disk.
    offsets: (sentences + 1,) int64, sentence i is ids[offsets[i] : offsets[i + 1]], and none is empty.
    vocab: the n words kept, with their counts in the corpus, which may be 0 for words that were given.
    frequencies: (n,) int64, the counts that subsampling and noise go by: the corpus's, or those that were given.
    totals: (n,) int64, the counts to save with vectors: the frequencies, plus the earlier counts of known words.
    tokens: how many tokens were read, those of dropped words included.
    replaced: how many invalid UTF-8 sequences were read as U+FFFD.
    left_out: the words that min_count, max_vocab and a given vocabulary leave out, of each that leaves out any.
    lines: (sentences,) int64, the line of the source that each sentence is, from 0, mapped from disk; or None. Blank
    lines count, and lines whose words are all dropped are no sentences. line_count: how many lines were read, if there
    are `lines`.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    vocab: Vocabulary
    frequencies: NDArray[np.int64]
    totals: NDArray[np.int64]
    tokens: int
    replaced: int
    folder: TemporaryFolder = dataclasses.field(repr=False)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    lines: NDArray[np.int64] | None = None
    line_count: int = 0

    def close(self) -> None:
        """Let go of the arrays and remove the files."""
        self.ids = np.empty(0, np.int32)
        self.offsets = np.zeros(1, np.int64)
        self.lines = None
        self.folder.remove()

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
    say: Say | None = None,
    named: bool = True,
    lines: bool = False,
    cache: AnyPath | None = None,
) -> Corpus:
    """The corpus that `source` holds, read once and encoded on disk.

    `source` is the path of a text (a file, glob pattern, folder or "-"), an open file, a list of these, any iterable of
    lists of tokens or, where a tokenizer is named, of strings, or a table (`reading.column`). The files go to a new
    folder inside `reading.tmp`. `progress` is called with (bytes read, bytes in all or None), for lists of tokens with
    (sentences read, None). `say` is called with each thing that a user should know of how the text was read, such as
    that it is FASTA. `named`: see `read_lines`.

    With `phrases`, phrases are found and joined first, just as if the text had been read with each as one token;
    `joining` is called with (ids done, ids in all) of each run over the corpus that this takes.

    A word's frequency is its count here, or that in `vocab`, and a word that `vocab` lacks is then dropped. The words
    of `known` (those of vectors to start from) are kept, whether or not they occur; so are `keep_words`, if they occur
    or are in `vocab`, with the count here where `vocab` lacks them. Of all other words those with a frequency of
    `min_count` or more are kept, the most frequent first, until there are `max_vocab` words; known and kept words
    count among them, and are never left out. word2vec.c's mark for the end of a line, "</s>", is no word of `vocab`
    where it is the first and no token of the corpus. Ids go by falling total, that is the frequency plus the count in
    `known`; equal ones by the order of `known`, then that of `vocab`, then by first appearance.

    Where `words` are given, they are the vocabulary, in their order and with their counts here, which may be 0; the
    settings of the paragraph above then have no effect.

    `cache`: a folder that keeps the numbered text for later runs, see `corpus.cache`.

    With `lines`, the corpus has the numbers of its lines: from 0, blank lines and those of several files counted on.

    Raises CorpusError for what cannot be read, is damaged, is no text or is empty, or if none of the words to keep
    occurs, VocabularyError if no word is frequent enough, one of `words` comes twice or counts are too large,
    ConfigError for tokenizer="words" with lists of tokens, MissingExtraError for zstd or characters without their
    packages. Warns if invalid UTF-8 was replaced, if white space hardly divides a text, if some of `keep_words` are
    nowhere, or if "</s>" is left out.
    """
    choose: Choice
    if words is not None:
        choose = partial(count_given, given=given_words(words))
    else:
        choose = partial(
            choose_words,
            min_count=min_count,
            max_vocab=max_vocab,
            vocab=vocab,
            protected=frozenset(keep_words),
            known=known or Vocabulary([], np.zeros(0, np.int64)),
        )
    kept = None if cache is None else KeptCorpus(cache, source, reading, min_count, phrases, named, say or say_nothing)
    with new_folder(reading, say) as folder:
        text = None if kept is None else kept.read(progress)
        if text is None:
            text = encode_source(source, reading, folder, min_count, progress, phrases, joining, say=say, named=named)
            if kept is not None:
                kept.write(text, folder)
        return corpus_of(text, folder, choose, lines)


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
    say: Say | None = None,
) -> Iterator[Encoded]:
    """The corpus that `source` holds with its phrases joined, for the time of a `with`; see `build_corpus`.

    Without `join_last` those of the last pass are found, but not joined.
    """
    with new_folder(reading, say) as folder:
        yield encode_source(source, reading, folder, min_count, progress, phrases, joining, join_last, say)


def new_folder(reading: Reading, say: Say | None = None) -> TemporaryFolder:
    """A folder for an encoded corpus, made when its first file is; `say` is told what killed runs left beside it."""
    advice = (
        "It takes about four bytes a token: free some space or choose a folder on another disk that you may write to "
        "(--tmp, or tmp= in Python)"
    )
    return TemporaryFolder(reading.tmp, "the encoded corpus", advice, say or say_nothing)


def corpus_of(text: Encoded, folder: TemporaryFolder, choose: Choice, lines: bool = False) -> Corpus:
    """The corpus of the words that `choose` keeps: they are renumbered in the encoded file in `folder`, which it takes.

    With `lines`, it has the numbers of its lines. Raises what `choose` raises.
    """
    kept = choose(text.words_of, text.counts, text.spacing)
    if text.spacing is not None:
        text.spacing.warn_if_long(stacklevel=3)
    with folder.errors():
        places_path = folder.file("lines") if lines else None
        count = _renumber_files(text, folder.file("ids"), folder.file("offsets"), places_path, kept.numbers)
    ids, offsets = folder.map("ids", np.int32), folder.map("offsets", np.int64)
    parts = (kept.vocab, kept.frequencies, kept.totals, text.tokens, text.replaced)
    if not lines:
        return Corpus(ids, offsets, *parts, folder.give(), kept.left_out)
    places = folder.map("lines", np.int64)
    return Corpus(ids, offsets, *parts, folder.give(), kept.left_out, places, count)


def _renumber_files(
    text: Encoded, ids_path: str, offsets_path: str, places_path: str | None, numbers: NDArray[np.int32]
) -> int:
    """Renumber the ids, in place if they are in a file, and write where the sentences end and, if asked, their lines.

    Returns the number of lines.
    """
    from firth.corpus._scan import renumber

    offsets, kept = np.empty(IDS_AT_ONCE, np.int64), np.zeros(3, np.int64)
    places = np.empty(0 if places_path is None else IDS_AT_ONCE, np.int64)
    with (
        open(ids_path, "wb" if text.numbers is not None else "r+b", buffering=0) as target,
        open(offsets_path, "wb", buffering=0) as sink,
        nullcontext() if places_path is None else open(places_path, "wb", buffering=0) as places_sink,
    ):
        write_all(sink, kept[:1])
        for ids in _pieces(text):  # what is written is never ahead of what is read
            filled, lines = renumber(ids, numbers, offsets, places, kept)
            write_all(target, ids[:filled])
            write_all(sink, offsets[:lines])
            if places_sink is not None:
                write_all(places_sink, places[:lines])
        target.truncate()
    return int(kept[2])


def _pieces(text: Encoded) -> Iterator[NDArray[np.int32]]:
    """Yield copies of the numbers of an encoded text, some at a time."""
    if text.numbers is not None:
        for start in range(0, len(text.numbers), IDS_AT_ONCE):
            yield text.numbers[start : start + IDS_AT_ONCE].copy()
        return
    with open(text.path, "rb") as source:
        while len(ids := np.fromfile(source, np.int32, IDS_AT_ONCE)):
            yield ids
