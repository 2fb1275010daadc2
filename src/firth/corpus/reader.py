"""Files -> blocks of valid UTF-8 that begin and end between tokens, which white space parts."""

import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from firth.corpus.columns import table_kind
from firth.corpus.decompress import COMPRESSED, expanded, peek
from firth.corpus.encodings import encoding_of, transcoded
from firth.corpus.json_cells import refuse_json
from firth.corpus.kinds import SNIFFED, NoTextError
from firth.corpus.opened import opened_chunks
from firth.corpus.origin import warn_of
from firth.corpus.sources import folder_of, open_source, shown, total_size
from firth.corpus.tokenizers import cuts_anywhere, divider
from firth.errors import CorpusError
from firth.settings import AS_IS, Reading

BLOCK_SIZE = 1 << 19
"""Bytes of text in a block, more or less."""

MAX_TOKEN = 1 << 20
"""The most bytes of one token."""

MAX_LINE = 1 << 26
"""The most bytes of one line that a function divides into tokens."""

FASTA = ("fa", "fasta", "faa", "fna", "ffn", "frn")
"""The usual endings of the names of FASTA files."""

_FASTA_MARK = re.compile(rb"(?:\s*[\r\n])?([>;])")
"""What FASTA begins with, maybe after blank lines."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes (or sentences) read, and with the bytes in all or None."""

LastCut = Callable[[bytes], int]
"""Where the last piece of some bytes ends that may be cut off, or 0."""

Say = Callable[[str], None]
"""Called with what a user should know of how a text was read."""

_UTF8_MARK = b"\xef\xbb\xbf"

_ASCII_SPACES = " \n\t\r\v\f\x1c\x1d\x1e\x1f"
_OTHER_SPACES = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACES = tuple(char.encode() for char in _ASCII_SPACES + _OTHER_SPACES)


@dataclasses.dataclass
class TextReader:
    """Files as one stream of blocks.

    files: paths, "-" for standard input, and open files; folders: what is no text below these is skipped. `replaced`
    counts the invalid UTF-8 sequences that were replaced so far, each by one U+FFFD; `first_replaced` says where the
    first one was. `notes` say what a user should know of how the files were read, once they were. `progress` is called
    with the bytes read as they are stored, and the bytes of all files or None.

    Where a function divides lines into tokens, blocks hold whole lines, which nothing has divided yet.
    """

    files: list[Any]
    reading: Reading = AS_IS
    progress: Progress | None = None
    block_size: int = BLOCK_SIZE
    folders: Sequence[str] = ()
    replaced: int = dataclasses.field(default=0, init=False)
    first_replaced: str = dataclasses.field(default="", init=False)
    notes: list[str] = dataclasses.field(default_factory=list, init=False)
    _encoding: str = dataclasses.field(default="UTF-8", init=False)  # of the first sequence that was replaced
    _nuls: int = dataclasses.field(default=0, init=False)
    _first_nul: str = dataclasses.field(default="", init=False)
    _recoded: dict[str, list[str]] = dataclasses.field(default_factory=dict, init=False)  # by encoding
    _skipped: dict[str, list[str]] = dataclasses.field(default_factory=dict, init=False)  # by folder
    _fasta: list[Any] = dataclasses.field(default_factory=list, init=False)
    _done: int = dataclasses.field(default=0, init=False)

    @property
    def name(self) -> str:
        """What is read, for a message."""
        return _and_more(self.files)

    def blocks_of_files(self) -> Iterator[Iterator[bytes]]:
        """Yield for each file blocks of valid UTF-8, of any length, that begin and end between tokens.

        Raises CorpusError for what cannot be read, is damaged, or is no text; MissingExtraError for zstd
        without its package.
        """
        total = total_size(self.files)
        for file in self.files:
            yield self._blocks_of(file, total)
        self._note_encodings()
        self._check_folders()
        if self._fasta:
            self.notes.append(f"reads {_and_more(self._fasta)} as FASTA: headers are left out, a sequence is a line")

    def texts(self, file: Any) -> Iterator[str]:
        """Yield the text of one of the files in pieces of any length, its tokens and lines cut anywhere."""
        for block in self._clean_blocks(file, total_size(self.files), _last_character):
            yield block.decode()
        self._note_encodings()

    def passing(self, path: str) -> Callable[[float], None]:
        """What tells `progress` the share that was read of a file that something else reads."""
        before, size, total = self._done, total_size([path]) or 0, total_size(self.files)

        def step(share: float) -> None:
            self._done = before + round(share * size)
            if self.progress is not None:
                self.progress(self._done, total)

        return step

    @property
    def faults(self) -> list[str]:
        """What was wrong: invalid UTF-8 that was replaced, and NULs."""
        told = []
        if self.replaced:
            advice = "is the file cut short, or damaged?"
            if self._encoding == "UTF-8":
                advice = "is the text in another encoding? Windows-1252, for example, is converted by "
                advice += "iconv -f CP1252 -t UTF-8"
            told.append(
                f"replaced {self.replaced:,} invalid {self._encoding} sequence{'s' if self.replaced > 1 else ''} by "
                f"U+FFFD, the first at {self.first_replaced}: {advice}"
            )
        if self._nuls:
            told.append(
                f"{self._nuls:,} NUL byte{'s stand' if self._nuls > 1 else ' stands'} inside words, the first at "
                f"{self._first_nul}: is this UTF-16 without a byte order mark, or no text?"
            )
        return told

    def warn(self, stacklevel: int) -> None:
        """Warn of the faults."""
        warn_of(self.faults, stacklevel + 1)

    @property
    def _last_cut(self) -> LastCut:
        """Where the tokenizer allows a cut."""
        if callable(self.reading.tokenizer):
            return _last_line_end
        return _last_character if cuts_anywhere(self.reading) else _last_space

    def _blocks_of(self, file: Any, total: int | None) -> Iterator[bytes]:
        """Yield the text of a file, divided into tokens."""
        divide = None
        for text in self._clean_blocks(file, total, self._last_cut):
            if divide is None:
                refuse_json(text, shown(file))
                divide = divider(self.reading, shown(file), self._is_fasta(file, text))
            yield from divide.divide(text)
        if divide is not None:
            yield from divide.end()

    def _clean_blocks(self, file: Any, total: int | None, last_cut: LastCut) -> Iterator[bytes]:
        """Yield the text of a file as valid UTF-8 without a byte order mark; nothing where a folder's file is none."""
        offset, before = 0, self._done
        try:
            chunks, name = self._text_chunks(file)
        except NoTextError as error:
            folder = folder_of(file, self.folders)
            if folder is None:
                raise
            self._done = before + os.path.getsize(file)
            self._skipped.setdefault(folder, []).append(f"{shown(file)} ({error.found})")
            return
        for block in _cut(chunks, name, self.block_size, last_cut):
            begin = 3 if offset == 0 and block.startswith(_UTF8_MARK) else 0
            if text := self._clean(block[begin:], name, offset + begin):
                yield text
            offset += len(block)
            if self.progress is not None:
                self.progress(self._done, total)

    def _is_fasta(self, file: Any, text: bytes) -> bool:
        """Whether a file is to be read as FASTA, from its first bytes. Raises CorpusError where it cannot be."""
        endings = shown(file).lower().split(".")[-2:]
        named = endings[-1] in FASTA or (endings[0] in FASTA and endings[-1] in COMPRESSED)
        begun = _FASTA_MARK.match(text)
        if callable(self.reading.tokenizer) or begun is None or (begun[1] == b";" and not named):
            return False
        if not cuts_anywhere(self.reading):
            if named:
                raise CorpusError(
                    f"{shown(file)} is FASTA, in which white space parts no words: give --tokenizer kmers:3 "
                    '(tokenizer="kmers:3"), for words of three letters that overlap, or --tokenizer chars'
                )
            return False
        if named or self.reading.tokenizer != "chars":
            self._fasta.append(file)
            return True
        return False

    def _text_chunks(self, file: Any) -> tuple[Iterator[bytes], str]:
        """The text of a file in UTF-8, and its name for messages. Raises NoTextError for other files."""
        name = shown(file)
        if folder_of(file, self.folders) is not None and table_kind(file):
            raise NoTextError(
                f"{name} is a table: give it by its name, and --column NAME", "a table: --column reads one"
            )
        is_text, chunks = (False, self._stored(file)) if isinstance(file, str) else opened_chunks(file, self.block_size)
        chunks = self._counted(chunks)
        if is_text:
            return chunks, name
        head, chunks = peek(expanded(file, chunks), SNIFFED)
        encoding = encoding_of(name, head)
        if encoding is None:
            return chunks, name
        told = "" if encoding.marked else ", which its bytes show, without a byte order mark"
        self._recoded.setdefault(encoding.name + told, []).append(name)
        return transcoded(chunks, encoding, partial(self._invalid, name, encoding.name)), f"{name} (made UTF-8)"

    def _stored(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file as they are stored."""
        try:
            with open_source(path) as file:
                while chunk := file.read(self.block_size):
                    yield chunk
        except OSError as error:
            raise CorpusError(f"cannot read {shown(path)}: {error.strerror or error}") from error

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._done += len(chunk)
            yield chunk

    def _note_encodings(self) -> None:
        for encoding, (first, *others) in self._recoded.items():
            more = f" and {len(others):,} more file{'s'[: len(others) != 1]} are" if others else " is"
            self.notes.append(f"{first}{more} {encoding}")
        self._recoded.clear()

    def _check_folders(self) -> None:
        """Note what was skipped in each folder. Raises CorpusError if that was all."""
        for folder, skipped in self._skipped.items():
            files = sum(folder_of(file, self.folders) == folder for file in self.files)
            if len(skipped) == files:
                raise CorpusError(
                    f"the folder {shown(folder)} holds no text: {files:,} other file{'s'[: files != 1]}, "
                    f"the first: {skipped[0]}"
                )
            self.notes.append(
                f"skipped {len(skipped):,} of {files:,} files in {shown(folder)} that {'are' if skipped[1:] else 'is'} "
                f"no text, the first: {skipped[0]}"
            )

    def _invalid(self, name: str, encoding: str, byte: int, count: int, reason: str = "") -> None:
        """Count sequences that are replaced, the first at a byte. Raises CorpusError with errors=strict."""
        where = f"{name}, byte {byte:,}"
        if self.reading.errors == "strict":
            raise CorpusError(
                f"{where}: invalid {encoding}{reason}. Convert the file to UTF-8, or read it with errors=replace"
            )
        if not self.replaced:
            self.first_replaced, self._encoding = where, encoding
        self.replaced += count

    def _clean(self, block: bytes, name: str, offset: int) -> bytes:
        """`block`, which begins at byte `offset` of a file, as the valid UTF-8 to scan."""
        if not block.isascii():
            try:
                text = block.decode()
            except UnicodeDecodeError as error:
                text = block.decode(errors="replace")
                count = text.count("\ufffd") - block.count("\ufffd".encode())
                self._invalid(name, "UTF-8", offset + error.start, count, f" ({error.reason})")
                block = text.encode()
        if b"\0" in block:
            if not self._nuls:
                self._first_nul = f"{name}, byte {offset + block.index(0):,}"
            self._nuls += block.count(0)
        return block


def _and_more(files: list[Any]) -> str:
    more = len(files) - 1
    return shown(files[0]) + (f" and {more:,} more file{'s' if more > 1 else ''}" if more else "")


def _cut(chunks: Iterator[bytes], name: str, size: int, last_cut: LastCut) -> Iterator[bytes]:
    """Yield the same bytes in blocks of `size` or more, cut where `last_cut` says.

    Raises CorpusError for a token of more than MAX_TOKEN bytes, or, where lines are cut, a line of more than MAX_LINE.
    """
    offset = new = 0
    parts: list[bytes] = []
    for chunk in itertools.chain(chunks, (None,)):
        if chunk is not None:
            parts.append(chunk)
            new += len(chunk)
            if new < size:
                continue
        block = b"".join(parts)
        end = len(block) if chunk is None else last_cut(block)
        if last_cut is _last_line_end and len(block) - end > MAX_LINE:
            raise CorpusError(
                f"{name}: a line of more than {MAX_LINE:,} bytes after byte {offset + end:,}: a function divides whole "
                "lines; expected shorter ones"
            )
        if last_cut is _last_space and len(block) > MAX_TOKEN:
            _check_tokens(block, name, offset)
        if end:
            yield block[:end]
        offset += end
        parts, new = [block[end:]], 0


def _last_space(block: bytes) -> int:
    """The end of the last white space in `block`, or 0; the last few thousand bytes are tried first."""
    for begin in (max(0, len(block) - 4096), 0):
        end = max((at + len(space) for space in _SPACES if (at := block.rfind(space, begin)) >= 0), default=0)
        if end:
            return end
    return 0


def _last_line_end(block: bytes) -> int:
    """The end of the last line in `block`, or 0."""
    return max(block.rfind(b"\n"), block.rfind(b"\r")) + 1


def _last_character(block: bytes) -> int:
    """The end of `block` without the beginning of a sequence of UTF-8 that may go on behind it."""
    for back, byte in enumerate(block[:-4:-1], 1):
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) - back if length > back else len(block)
        if byte < 0x80:
            break
    return len(block)


def _check_tokens(block: bytes, name: str, offset: int) -> None:
    for token in block.decode(errors="surrogateescape").split():
        if len(token) > MAX_TOKEN // 4 and len(token.encode(errors="surrogateescape")) > MAX_TOKEN:
            raise CorpusError(
                f"{name}: more than {MAX_TOKEN:,} bytes without white space after byte {offset:,}: "
                "is this text? Expected words that are separated by white space, or give --tokenizer chars or kmers:K "
                '(tokenizer="chars")'
            )
