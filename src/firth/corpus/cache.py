"""Encoded texts that later runs take up: a folder with one file for each source and way of reading it.

An entry is a file of tensors: "counts" I64 (n,), of each word; "word_offsets" I64 (n + 1,) and "words" U8, the words in
UTF-8 one after another; "numbers" I32, those of `numbering.Encoded`. So it serves whatever vocabulary a run chooses.
The metadata has one key, "corpus": a JSON text with "format" (1), "source", the names and the way of reading, "files",
a digest of the names, sizes and times of all files, and what reading found.

The name of an entry tells the source and the way of reading: a text that has changed since takes the place of the old
one. All bytes of an entry are checked before it is used.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import stat
import unicodedata
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.joining import PhraseSettings, WordsOf
from firth.corpus.numbering import Encoded
from firth.corpus.origin import warn_of
from firth.corpus.reader import Progress, Say
from firth.corpus.sources import find_files, find_folders, is_text_source, may_be_lines, shown
from firth.corpus.spacing import Spacing
from firth.corpus.vocabulary import LINE_END, MOST_TOKENS
from firth.errors import ConfigError, CorpusError, FormatError
from firth.files.folders import TemporaryFolder, size_of
from firth.files.names import PART
from firth.files.owned_paths import locked
from firth.files.paths import AnyPath, as_path, refused, remove_part
from firth.files.tensors import TensorFile, read_tensors, write_tensors
from firth.settings import Reading

SUFFIX = ".firth-corpus"
KEY = "corpus"
VERSION = 1

ENCODING = 1
"""Raise it whenever the same text, read alike, is encoded into other numbers than before."""

AT_ONCE = 1 << 20
"""Words, or numbers, that are looked at together."""


class KeptCorpus:
    """The entry of one source and way of reading it, in a folder of such entries."""

    def __init__(
        self,
        folder: AnyPath,
        source: Any,
        reading: Reading,
        min_count: int,
        phrases: PhraseSettings | None,
        named: bool,
        say: Say,
    ) -> None:
        """Find what the entry is called; make the folder. The parameters are those of `build_corpus`.

        Raises ConfigError for a source that another run cannot find again, CorpusError where it names no file, and
        FormatError where the folder cannot be made.
        """
        self._folder, self._reading, self._say = as_path(folder), reading, say
        self._source = source
        self._files = _files_of(source, reading)
        names = [os.path.abspath(name) for name in map(os.fsdecode, source if _is_list(source) else [source])]
        self._described = json.dumps({"names": names} | _way(reading, min_count, phrases, named), sort_keys=True)
        stem = re.sub(r"\W", "_", os.path.basename(names[0]))[:10]
        digest = hashlib.sha256(self._described.encode("utf-8", "surrogateescape")).hexdigest()
        self.path = self._folder / f"{stem}-{digest[:16]}{SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(self._folder, "cannot be made a folder for encoded texts", error) from None
        parts = (*self._folder.glob(f".*{SUFFIX}.*{PART}"), *self._folder.glob(f".*{SUFFIX}.lock"))
        left = sum(map(remove_part, parts))
        if left:
            say(f"removed {size_of(left)} of encoded texts that killed runs left in {self._folder}")

    def read(self, progress: Progress | None) -> Encoded | None:
        """The encoded text, whose notes and warnings are told again; None if there is none of the files as they are.

        A damaged entry is named, and removed where that is allowed; one that cannot be read just now is named and left.
        `progress` is called with the bytes that are checked, and all.
        """
        if not self.path.exists():
            return None
        try:
            size = self.path.stat().st_size
            text, document = read_entry(self.path, progress)
        except (FormatError, OSError) as error:
            # an error of the system, or a folder of that name, says nothing about what a file holds
            if not isinstance(error, OSError) and not isinstance(error.__context__, OSError) and self.path.is_file():
                with contextlib.suppress(OSError):  # the folder may be read-only
                    self.path.unlink()
            self._say(f"{error}: it is not used, and the text is read anew")
            return None
        if document["source"] != self._described or document["files"] != self._files:
            self._say(f"the text has changed since it was encoded in {self.path}: it is read anew")
            return None
        warn_of(text.faults, stacklevel=3)
        for note in text.notes:
            self._say(note)
        self._say(f"takes the encoded corpus from {self.path}: {size_of(size)}")
        return text

    def write(self, text: Encoded, folder: TemporaryFolder) -> None:
        """Keep an encoded text, which was just read; `folder` takes files for the time of that.

        Says so where it is not kept: because the files have changed meanwhile, another run writes it, or the disk is
        full.
        """
        if _files_of(self._source, self._reading) != self._files:
            self._say("the text has changed while it was read, so it is not kept for later runs")
            return
        spelled, offsets = _spelled(text, folder)
        with folder.errors():
            numbers = np.memmap(text.path, np.int32, "r").view(np.ndarray)
        document = {
            "format": VERSION,
            "source": self._described,
            "files": self._files,
            "tokens": text.tokens,
            "replaced": text.replaced,
            "spacing": text.spacing,
            "notes": text.notes,
            "faults": text.faults,
        }
        tensors: dict[str, NDArray[Any]] = {
            "counts": text.counts,
            "word_offsets": offsets,
            "words": spelled,
            "numbers": numbers,
        }
        size = sum(tensor.nbytes for tensor in tensors.values())
        try:
            with locked(self.path, "is being written", "this run does not wait for it"):
                write_tensors(self.path, tensors, {KEY: json.dumps(document)})
            self._say(f"the encoded corpus is kept in {self.path}: {size_of(size)}")
        except FormatError as error:
            warnings.warn(f"the encoded corpus is not kept: {error}", stacklevel=4)


def read_entry(path: Path, progress: Progress | None = None) -> tuple[Encoded, dict[str, Any]]:
    """The encoded text in an entry, mapped, and its document; all bytes are read and checked.

    The phrases of its passes are not kept. Raises FormatError for a file that is damaged, or is none.
    """
    file = read_tensors(path)
    size = path.stat().st_size

    def told(part: float) -> None:
        if progress is not None:
            progress(round(part * size), size)

    file.check(told)
    document = _document(file)
    counts, offsets = file.tensor("counts", "I64", 1), file.tensor("word_offsets", "I64", 1)
    spelled, numbers = file.tensor("words", "U8", 1), file.tensor("numbers", "I32", 1)
    _check(file, len(counts) > 0 and len(offsets) == len(counts) + 1, "the words and their counts are not as many")
    _check(file, offsets[0] == 0 and offsets[-1] == len(spelled), "the offsets do not end with the words")
    _check(file, bool((offsets[1:] > offsets[:-1]).all()), "the offsets of the words do not rise")
    _check(file, _are_words(spelled, offsets), "a word is not UTF-8")
    _check_numbers(file, numbers, counts)
    spacing = None if document["spacing"] is None else Spacing(*document["spacing"])
    text = Encoded(
        str(path),
        numbers,
        _words_of(spelled, offsets),
        counts,
        document["tokens"],
        document["replaced"],
        [],
        spacing,
        document["notes"],
        document["faults"],
    )
    return text, document


def _check(file: TensorFile, right: bool, what: str) -> None:
    if not right:
        raise FormatError(f"{file.path}: no encoded text: {what}")


def _document(file: TensorFile) -> dict[str, Any]:
    """The JSON object in the metadata of an entry, its fields checked. Raises FormatError."""
    try:
        document = json.loads(file.metadata[KEY])
        version = document["format"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise FormatError(f"{file.path}: no encoded text: the metadata is not that of one") from None
    _check(file, version == VERSION, f"its format is {version!r:.20}, expected {VERSION}")
    kinds = {"source": str, "files": str, "tokens": int, "replaced": int, "notes": list, "faults": list}
    right = all(type(document.get(name)) is kind for name, kind in kinds.items())
    right = right and all(
        isinstance(line, str) and line.isprintable() for line in document["notes"] + document["faults"]
    )
    right = right and 0 < document["tokens"] <= MOST_TOKENS and document["replaced"] >= 0
    spacing = document.get("spacing")
    two = (
        isinstance(spacing, list)
        and len(spacing) == 2
        and all(type(one) is float and math.isfinite(one) for one in spacing)
    )
    _check(file, right and (spacing is None or two), "the metadata is not as firth writes it")
    return dict(document)


def _are_words(spelled: NDArray[np.uint8], offsets: NDArray[np.int64]) -> bool:
    """Whether the bytes between the offsets are words in UTF-8."""
    if ((spelled[offsets[:-1]] & 0xC0) == 0x80).any():  # the inside of a character
        return False
    try:
        for start in range(0, len(offsets) - 1, AT_ONCE):
            spelled[offsets[start] : offsets[min(start + AT_ONCE, len(offsets) - 1)]].tobytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_numbers(file: TensorFile, numbers: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    """Raise FormatError unless the numbers are those of the words, as often as counted, in whole lines."""
    from firth.corpus._scan import tally

    tallied = np.zeros(len(counts), np.int64)
    for start in range(0, len(numbers), AT_ONCE):
        _check(file, tally(numbers[start : start + AT_ONCE].copy(), tallied), "a number is not that of a word")
    _check(file, len(numbers) > 0 and numbers[-1] == LINE_END, "the last line has no end")
    _check(file, np.array_equal(tallied, counts), "the words are not there as often as counted")


def _words_of(spelled: NDArray[np.uint8], offsets: NDArray[np.int64]) -> WordsOf:
    """The words of given numbers."""

    def words_of(numbers: NDArray[np.int64]) -> list[str]:
        if not len(numbers):
            return []
        begins, ends = offsets[numbers], offsets[numbers + 1]
        first = begins.min()
        text = spelled[first : ends.max()].tobytes()
        pairs = zip((begins - first).tolist(), (ends - first).tolist(), strict=True)
        return [text[begin:end].decode() for begin, end in pairs]

    return words_of


def _spelled(text: Encoded, folder: TemporaryFolder) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The words of a text in UTF-8 one after another, and their offsets, in files: they may be many."""
    end = np.zeros(1, np.int64)
    with folder.errors(), open(folder.file("words"), "wb") as words, open(folder.file("word_offsets"), "wb") as offsets:
        offsets.write(end.data)
        for start in range(0, len(text.counts), AT_ONCE):
            numbers = np.arange(start, min(start + AT_ONCE, len(text.counts)))
            encoded = [word.encode() for word in text.words_of(numbers)]
            words.write(b"".join(encoded))
            ends = end + np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
            offsets.write(ends.data)
            end = ends[-1:]
    return folder.map("words", np.uint8), folder.map("word_offsets", np.int64)


def _way(reading: Reading, min_count: int, phrases: PhraseSettings | None, named: bool) -> dict[str, Any]:
    """All that the encoding of given files depends on, as plain values."""
    way: dict[str, Any] = {
        "format": VERSION,
        "encoding": ENCODING,
        "Unicode": unicodedata.unidata_version,
        "lower": reading.lower,
        "tokenizer": reading.tokenizer_name,
        "named": named,
        "column": reading.column,
        "errors": reading.errors,
    }
    if reading.tokenizer == "chars":
        with contextlib.suppress(metadata.PackageNotFoundError):  # which reading reports
            way["regex"] = metadata.version("regex")
    if phrases is not None:
        way["phrases"] = [phrases.passes, phrases.score, phrases.threshold, phrases.delimiter, min_count]
        way["connectors"] = sorted(phrases.connectors)
    return way


def _files_of(source: Any, reading: Reading) -> str:
    """A digest of the names, sizes and times of all files of a source. Raises ConfigError where that is not enough."""
    advice = "save the text in a file, or leave cache (--cache) out"
    if callable(reading.tokenizer):
        raise ConfigError(
            "cache keeps texts that are divided alike in the next run, and a function as tokenizer may change: leave "
            "one of them out"
        )
    lines = reading.tokenizer is not None and reading.column is None and may_be_lines(source)
    if lines or not is_text_source(source):
        raise ConfigError(f"cache finds a text by its files, and the corpus is in memory: {advice}")
    digest = hashlib.sha256()
    for folder in find_folders(source):
        digest.update(f"{os.path.abspath(folder)}\0".encode("utf-8", "surrogateescape"))
    for name in find_files(source):
        if name == "-" or not isinstance(name, str):
            raise ConfigError(f"cache finds a text by its files, and {shown(name)} is none: {advice}")
        try:
            found = os.stat(name)
        except OSError as error:
            raise CorpusError(f"cannot read {shown(name)}: {error.strerror or error}") from None
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"cache finds a text by its files, and {shown(name)} is a pipe or a device: {advice}")
        times = f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"  # the first one survives a copy
        one = f"{os.path.abspath(name)}\0{os.path.realpath(name)}\0{found.st_size} {times}\0"
        digest.update(one.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _is_list(source: Any) -> bool:
    return isinstance(source, list | tuple)
