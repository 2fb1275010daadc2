"""Files -> blocks of valid UTF-8 that begin and end between tokens, which white space parts."""

import dataclasses
import itertools
import warnings
from collections.abc import Callable, Iterator

from firth.corpus.decompress import COMPRESSED, expanded, peek
from firth.corpus.sources import open_source, shown, total_size
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

Progress = Callable[[int, int | None], None]
"""Called with the bytes (or sentences) read, and with the bytes in all or None."""

Say = Callable[[str], None]
"""Called with what a user should know of how a text was read."""

_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UTF8_MARK = b"\xef\xbb\xbf"

_ASCII_SPACES = " \n\t\r\v\f\x1c\x1d\x1e\x1f"
_OTHER_SPACES = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACES = tuple(char.encode() for char in _ASCII_SPACES + _OTHER_SPACES)


@dataclasses.dataclass
class TextReader:
    """Files as one stream of blocks.

    `replaced` counts the invalid UTF-8 sequences that were replaced so far, each by one U+FFFD;
    `first_replaced` says where the first one was. `notes` says what a user should know of how the files were read, once
    they were. `progress` is called with the bytes read as they are stored, and the bytes of all files or None.

    Where a function divides lines into tokens, blocks hold whole lines, which nothing has divided yet.
    """

    files: list[str]
    reading: Reading = AS_IS
    progress: Progress | None = None
    block_size: int = BLOCK_SIZE
    replaced: int = dataclasses.field(default=0, init=False)
    first_replaced: str = dataclasses.field(default="", init=False)
    notes: list[str] = dataclasses.field(default_factory=list, init=False)
    _fasta: list[str] = dataclasses.field(default_factory=list, init=False)
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
        for path in self.files:
            yield self._blocks_of(path, total)
        if self._fasta:
            self.notes.append(f"reads {_and_more(self._fasta)} as FASTA: headers are left out, a sequence is a line")

    def warn_if_replaced(self, stacklevel: int) -> None:
        """Warn if invalid UTF-8 was replaced."""
        if self.replaced:
            warnings.warn(
                f"replaced {self.replaced:,} invalid UTF-8 sequence{'s' if self.replaced > 1 else ''} by U+FFFD, "
                f"the first at {self.first_replaced}: is the text in another encoding?",
                stacklevel=stacklevel + 1,
            )

    def _blocks_of(self, path: str, total: int | None) -> Iterator[bytes]:
        offset, divide = 0, None
        for block in _cut(_checked(path, expanded(path, self._raw_chunks(path))), shown(path), self):
            begin = 3 if offset == 0 and block.startswith(_UTF8_MARK) else 0
            text = self._clean(block[begin:], path, offset + begin)
            offset += len(block)
            if divide is None and text:
                divide = divider(self.reading, shown(path), self._is_fasta(path, text))
            if divide is not None:
                yield from divide.divide(text)
            if self.progress is not None:
                self.progress(self._done, total)
        if divide is not None:
            yield from divide.end()

    def _is_fasta(self, path: str, text: bytes) -> bool:
        """Whether a file is to be read as FASTA, from its first bytes. Raises CorpusError where it cannot be."""
        endings = path.lower().split(".")[-2:]
        named = endings[-1] in FASTA or (endings[0] in FASTA and endings[-1] in COMPRESSED)
        if callable(self.reading.tokenizer) or text[:1] not in ((b">", b";") if named else (b">",)):
            return False
        if not cuts_anywhere(self.reading):
            if named:
                raise CorpusError(
                    f"{shown(path)} is FASTA, in which white space parts no words: give --tokenizer kmers:3 "
                    '(tokenizer="kmers:3"), for words of three letters that overlap, or --tokenizer chars'
                )
            return False
        if named or self.reading.tokenizer != "chars":
            self._fasta.append(path)
            return True
        return False

    def _raw_chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file as they are stored, and count them."""
        try:
            with open_source(path) as file:
                while chunk := file.read(self.block_size):
                    self._done += len(chunk)
                    yield chunk
        except OSError as error:
            raise CorpusError(f"cannot read {shown(path)}: {error.strerror or error}") from error

    def _clean(self, block: bytes, path: str, offset: int) -> bytes:
        """`block`, which begins at byte `offset` of `path`, as the valid UTF-8 to scan."""
        if not block.isascii():
            try:
                text = block.decode()
            except UnicodeDecodeError as error:
                where = f"{shown(path)}, byte {offset + error.start:,}"
                if self.reading.errors == "strict":
                    raise CorpusError(
                        f"{where}: invalid UTF-8 ({error.reason}). Convert the file to UTF-8, "
                        "or read it with errors=replace"
                    ) from None
                text = block.decode(errors="replace")
                if not self.replaced:
                    self.first_replaced = where
                self.replaced += text.count("\ufffd") - block.count("\ufffd".encode())
                block = text.encode()
        return block


def _and_more(files: list[str]) -> str:
    more = len(files) - 1
    return shown(files[0]) + (f" and {more:,} more file{'s' if more > 1 else ''}" if more else "")


def _checked(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, which do not begin with the mark of another encoding."""
    head, chunks = peek(chunks, 4)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            raise CorpusError(
                f"{shown(path)} begins with the byte-order mark of {encoding}; expected UTF-8: "
                f"convert it, for example with iconv -f {encoding} -t UTF-8"
            )
    return chunks


def _cut(chunks: Iterator[bytes], name: str, reader: TextReader) -> Iterator[bytes]:
    """Yield the same bytes in blocks of the reader's size or more, cut where its tokenizer allows.

    Raises CorpusError for a token of more than MAX_TOKEN bytes, or, where lines are cut, a line of more than MAX_LINE.
    """
    in_lines = callable(reader.reading.tokenizer)
    last_cut = _last_line_end if in_lines else _last_character if cuts_anywhere(reader.reading) else _last_space
    offset = new = 0
    parts: list[bytes] = []
    for chunk in itertools.chain(chunks, (None,)):
        if chunk is not None:
            parts.append(chunk)
            new += len(chunk)
            if new < reader.block_size:
                continue
        block = b"".join(parts)
        end = len(block) if chunk is None else last_cut(block)
        if in_lines and len(block) - end > MAX_LINE:
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
