"""Phrases learned from a corpus, to be joined in lists of tokens, in text files, and to be kept in a file."""

import hashlib
import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from firth.corpus.encode import encoded
from firth.corpus.joining import FoundPhrase, Joining, PhraseSettings
from firth.corpus.numbering import Encoded
from firth.corpus.reader import Progress, Say
from firth.corpus.sources import is_text_source
from firth.corpus.vocabulary import as_word
from firth.declaring import declared, init_keywords_of, listed
from firth.display import Display
from firth.errors import QUOTED, ConfigError, CorpusError, FormatError, quoted
from firth.files.compressed import compressing
from firth.files.json_text import JsonStream, pieces_of
from firth.files.paths import AnyPath, check_folder, reading, replacing
from firth.files.tensors import BYTES_AT_ONCE, CHECKSUM, NO_CHECKSUM
from firth.formats.vocabulary import read_words
from firth.names import check_names
from firth.settings import AS_IS, GROUPS, MOST_PASSES, PhraseOptions, Reading

VERSION = 1
LARGEST_FILE = 1 << 30
"""Bytes of a file of phrases."""

START = rb'\s*\{\s*"sha256":\s*"([0-9a-f]{64})"'
"""How a file begins that has a checksum."""

LONGEST_START = 1 << 10
"""Bytes at the beginning of a file in which its checksum is looked for."""

TEXT_AT_ONCE = 1 << 22
"""Bytes of joined text that are written at a time, or one word if that has more."""

IDS_AT_ONCE = 1 << 20
"""Ids, or words, that are spelled together."""


class Phrases:
    """Phrases learned from a corpus, and what joins them.

    `source` is what `firth.train` takes: a path, a list of paths, any iterable of lists of tokens, or a table
    with `column`, read once.
    The keywords are listed below; see `PhraseSettings` for what makes a phrase.

    settings: the PhraseSettings. min_count: as given. passes: the FoundPhrases of each pass, by falling score.

    Raises what `firth.train` raises for the source and for settings.
    """

    @init_keywords_of(PhraseOptions)
    def __init__(self, source: Any, **given: Any) -> None:
        check_names(given, list(declared(PhraseOptions)))
        options = PhraseOptions(**given)
        settings = phrase_settings(options)
        with _encoded(
            source, settings, options.min_count, options, join_last=False, say=Display(quiet=False).say
        ) as text:
            self._take(settings, options.min_count, text.passes)

    def _take(self, settings: PhraseSettings, min_count: int, passes: list[list[FoundPhrase]]) -> None:
        self.settings, self.min_count, self.passes = settings, min_count, passes
        name = settings.delimiter.join
        self._names = [{phrase.words: name(phrase.words) for phrase in found} for found in passes]

    @property
    def found(self) -> list[tuple[str, int, float]]:
        """(phrase, count, score) of all passes, by falling score; the count is that of when it was found."""
        name = self.settings.delimiter.join
        rows = [(name(phrase.words), phrase.count, phrase.score) for found in self.passes for phrase in found]
        return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))

    def __len__(self) -> int:
        """How many phrases there are."""
        return sum(map(len, self.passes))

    def __getitem__(self, tokens: Iterable[str]) -> list[str]:
        """A sentence with its phrases joined, as they were in the corpus that they are learned from.

        The tokens are taken as they are: lower-case them first if the corpus was.
        """
        if isinstance(tokens, str | bytes):
            raise ConfigError(f"the tokens are {tokens!r:.100}: expected a list of words, such as the split() of it")
        sentence = [as_word(token) for token in tokens]
        for names in self._names:
            sentence = self._join_once(sentence, names)
        return sentence

    def join(self, sentences: Iterable[Iterable[str]]) -> Iterator[list[str]]:
        """Yield each sentence with its phrases joined."""
        for tokens in sentences:
            yield self[tokens]

    def _join_once(self, tokens: list[str], names: dict[tuple[str, ...], str]) -> list[str]:
        connectors = self.settings.connectors
        joined: list[str] = []
        start: int | None = None  # where in `joined` the word is that a phrase may begin with
        for token in tokens:
            if token not in connectors:
                name = None if start is None else names.get((*joined[start:], token))
                if name is not None:
                    joined[start:] = [name]
                    start = None
                    continue
                start = len(joined)
            joined.append(token)
        return joined

    def save(self, path: AnyPath) -> None:
        """Write the phrases to one JSON file, whole or not at all. Raises FormatError where it cannot be written."""
        path = check_folder(path)
        document = {
            "format": VERSION,
            "score": self.settings.score,
            "threshold": self.settings.threshold,
            "min_count": self.min_count,
            "delimiter": self.settings.delimiter,
            "connectors": sorted(self.settings.connectors),
            "most_passes": self.settings.passes,
            "passes": [[[list(phrase.words), phrase.count, phrase.score] for phrase in found] for found in self.passes],
        }
        named = {CHECKSUM: NO_CHECKSUM, "firth phrases": document}
        text = json.dumps(named, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        checksum = hashlib.sha256(text).hexdigest()
        with replacing(path) as file:
            file.write(text.replace(NO_CHECKSUM.encode(), checksum.encode(), 1))

    @classmethod
    def load(cls, path: AnyPath) -> Self:
        """The phrases that `save` wrote to a file. Raises FormatError for anything else."""
        with reading(path, "phrases") as file:
            if os.fstat(file.fileno()).st_size > LARGEST_FILE:
                raise FormatError(
                    f"{path}: more than {LARGEST_FILE:,} bytes: expected a file of phrases that firth wrote"
                )
            _check(path, file)
            try:
                document = _document(Path(path), JsonStream(pieces_of(file.read)))
            except (ValueError, KeyError, RecursionError) as error:
                reason = f"{type(error).__name__}: {error}"
                raise FormatError(f"{path}: not a file of phrases that firth wrote ({reason:.100})") from None
        phrases = cls.__new__(cls)
        phrases._take(*_parse(Path(path), document))
        return phrases


Phrases.__doc__ = f"{Phrases.__doc__}\n{listed(PhraseOptions, GROUPS)}"


def _check(path: AnyPath, file: BinaryIO) -> None:
    """Raise FormatError unless a file has the checksum that it begins with; older files have none."""
    start = file.read(LONGEST_START)
    begins = re.match(START, start)
    if begins is not None:
        checksum = hashlib.sha256(start.replace(begins[1], NO_CHECKSUM.encode(), 1))
        while block := file.read(BYTES_AT_ONCE):
            checksum.update(block)
        if checksum.hexdigest() != begins[1].decode():
            raise FormatError(
                f"{path}: the bytes do not have the checksum that was written with them: the file is damaged, or it "
                f'was edited; if you have edited it, remove "{CHECKSUM}" and its value'
            )
    elif f'"{CHECKSUM}"'.encode() in start:
        raise FormatError(f"{path}: the checksum is damaged: expected 64 hexadecimal digits")
    file.seek(0)


def _document(path: Path, text: JsonStream) -> dict[str, Any]:
    """What a file holds, unchecked but for its phrases, which are made one by one: a file may have millions."""
    document: dict[str, Any] = {}
    for outer in text.members():
        if outer == CHECKSUM:
            text.value()
            continue
        if outer != "firth phrases":
            raise KeyError(outer[:QUOTED])
        for name in text.members():
            if name == "passes":
                document[name] = _passes(path, text)
            else:
                document[name] = list(text.values()) if name == "connectors" else text.value()
    if not document or text.following():
        raise ValueError("no phrases, or more text after them")
    return document


def _passes(path: Path, text: JsonStream) -> list[list[FoundPhrase]]:
    """The phrases of each pass, whose connectors are unchecked."""
    passes: list[list[FoundPhrase]] = []
    for _ in text.items():
        if len(passes) == MOST_PASSES:
            raise FormatError(f"{path}: passes: expected up to {MOST_PASSES} lists of phrases")
        passes.append([_parse_phrase(path, row) for row in text.values()])
    return passes


def _parse(path: Path, document: Any) -> tuple[PhraseSettings, int, list[list[FoundPhrase]]]:
    """The settings, min_count and phrases of a document, checked."""

    def expect(right: bool, what: str) -> None:
        if not right:
            raise FormatError(f"{path}: {what}")

    version = document.get("format")
    expect(version == VERSION, f"format {version!r:.100}; this firth reads {VERSION}: pip install --upgrade firth")
    connectors, min_count, passes = (document.get(name) for name in ("connectors", "min_count", "passes"))
    expect(type(document.get("threshold")) is float, "the threshold is no number with a point")
    expect(isinstance(connectors, list), "the connectors are no list: expected words")
    expect(type(min_count) is int and 1 <= min_count <= 2**62, f"min_count is {min_count!r:.100}: expected 1 or more")
    try:
        settings = PhraseSettings(
            document.get("most_passes"),
            document.get("score"),
            document.get("threshold"),
            document.get("delimiter"),
            connectors,
        )
    except (ConfigError, TypeError) as error:
        raise FormatError(f"{path}: {error}") from None
    found: list[list[FoundPhrase]] = [] if passes is None else passes
    right = passes is not None and len(found) <= settings.passes
    expect(right, f"passes: expected up to {settings.passes} lists of phrases")
    for phrases in found:
        for phrase in phrases:
            if not _is_placed(phrase.words, settings):
                raise _no_phrase(path, phrase)
        expect(len({phrase.words for phrase in phrases}) == len(phrases), "a phrase comes twice: expected it once")
    return settings, min_count, found


def _is_placed(words: tuple[str, ...], settings: PhraseSettings) -> bool:
    """Whether the words between the first and the last are connectors, and these are none."""
    is_connector = [word in settings.connectors for word in words]
    return not is_connector[0] and not is_connector[-1] and all(is_connector[1:-1])


def _parse_phrase(path: Path, row: Any) -> FoundPhrase:
    if isinstance(row, list) and len(row) == 3:
        words, count, score = row
        if isinstance(words, list) and len(words) >= 2 and all(isinstance(word, str) and word for word in words):
            numbers = type(count) is int and 1 <= count <= 2**62 and type(score) is float and math.isfinite(score)
            if numbers and not any("\ud800" <= letter <= "\udfff" for letter in "".join(words)):
                return FoundPhrase(tuple(words), count, score)
    raise _no_phrase(path, row)


def _no_phrase(path: Path, row: Any) -> FormatError:
    return FormatError(
        f"{path}: {quoted(row)} is no phrase: expected [[first word, connectors, last word], count, score]"
    )


def phrase_settings(options: PhraseOptions) -> PhraseSettings:
    """What makes a phrase. Raises FormatError for a file of connectors that cannot be read."""
    connectors = frozenset(read_words("connectors", options.connectors))
    return PhraseSettings(options.passes, options.score, options.threshold, options.delimiter, connectors)


def _encoded(
    source: Any,
    settings: PhraseSettings,
    min_count: int,
    reading: Reading,
    progress: Progress | None = None,
    joining: Joining | None = None,
    join_last: bool = True,
    say: Say | None = None,
) -> AbstractContextManager[Encoded]:
    """The encoded corpus, to be used in a `with`."""
    return encoded(
        source,
        reading=reading,
        min_count=min_count,
        progress=progress,
        phrases=settings,
        joining=joining,
        join_last=join_last,
        say=say,
    )


def join_text(
    source: Any,
    out: AnyPath | BinaryIO,
    settings: PhraseSettings,
    *,
    reading: Reading = AS_IS,
    min_count: int = 5,
    progress: Progress | None = None,
    joining: Joining | None = None,
    say: Say | None = None,
) -> tuple[Phrases, int, int]:
    """Write a text with its phrases joined: line n of it is line n of the source, also where that is blank.

    The words of a line are parted by one space. Returns the phrases and the number of tokens before and after. `out` is
    the path of a file, written whole or not at all and compressed if its name ends like that (.gz, .bz2, .xz, .zst), or
    a binary file. `say` is called with each thing that a user should know of how the text was read. Raises what
    `Phrases` raises, FormatError where `out` cannot be written, and MissingExtraError where it cannot be compressed.
    """
    if not is_text_source(source):
        raise ConfigError(f"the source is {source!r:.100}: expected the path of a text")
    if isinstance(out, str | os.PathLike):
        out = check_folder(out)
        with compressing(out, io.BytesIO()):
            pass  # what is missing for it is better known before the text is read
    with _encoded(source, settings, min_count, reading, progress, joining, say=say) as text:
        with _writing(out) if isinstance(out, Path) else nullcontext(out) as file:
            _spell(text, file)
        phrases = Phrases.__new__(Phrases)
        phrases._take(settings, min_count, text.passes)
        return phrases, text.tokens, int(text.counts.sum())


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """A new file at a path, compressed by its ending."""
    with replacing(path) as file, compressing(path, file) as stream:
        yield stream


def _spell(text: Encoded, file: BinaryIO) -> None:
    """Write an encoded corpus as text."""
    from firth.corpus._bigrams import spell_piece

    starts, letters = _letters(text)
    out = np.empty(max(TEXT_AT_ONCE, int(np.diff(starts).max())), np.uint8)
    in_line = False
    with open(text.path, "rb") as source:
        while len(ids := np.fromfile(source, np.int32, IDS_AT_ONCE)):
            while len(ids):
                taken, filled, in_line = spell_piece(ids, starts, letters, in_line, out)
                file.write(out[:filled].data)
                ids = ids[taken:]


def _letters(text: Encoded) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The words one after another in UTF-8, a space before each, and where each begins and the last ends.

    Raises CorpusError for a word that holds white space.
    """
    starts, parts = [np.zeros(1, np.int64)], []
    for start in range(0, len(text.counts), IDS_AT_ONCE):
        words = text.words_of(np.arange(start, min(start + IDS_AT_ONCE, len(text.counts))))
        if " ".join(words).split() != words:
            word = next(word for word in words if word.split() != [word])
            raise CorpusError(
                f"the token {word!r:.100} holds white space, which a word in a line of text cannot hold: join such "
                "tokens with firth.Phrases in Python"
            )
        spelled = [word.encode() for word in words]
        parts.append(b" " + b" ".join(spelled))
        lengths = np.fromiter(map(len, spelled), np.int64, len(spelled))
        starts.append(starts[-1][-1] + np.cumsum(lengths + 1))
    return np.concatenate(starts), np.frombuffer(b"".join(parts), np.uint8)
