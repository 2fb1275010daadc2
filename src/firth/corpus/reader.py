"""Files -> blocks of valid UTF-8 that begin and end between tokens."""

import dataclasses
import itertools
import warnings
from collections.abc import Callable, Iterator

from firth.corpus.decompress import expanded, peek
from firth.corpus.json_cells import refuse_objects
from firth.corpus.sources import open_source, shown, total_size
from firth.corpus.words import only_words
from firth.errors import CorpusError
from firth.settings import AS_IS, Reading

BLOCK_SIZE = 1 << 19
"""Bytes of text in a block, more or less."""

MAX_TOKEN = 1 << 20
"""The most bytes of one token."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes (or sentences) read, and with the bytes in all or None."""

Cut = Callable[[Iterator[bytes], str, int], Iterator[bytes]]
"""What cuts the bytes of a file, whose name follows, into blocks of some size."""

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
    `first_replaced` says where the first one was. `progress` is called with the bytes read as they are
    stored, and the bytes of all files or None.
    """

    files: list[str]
    reading: Reading = AS_IS
    progress: Progress | None = None
    block_size: int = BLOCK_SIZE
    replaced: int = dataclasses.field(default=0, init=False)
    first_replaced: str = dataclasses.field(default="", init=False)
    _done: int = dataclasses.field(default=0, init=False)

    @property
    def name(self) -> str:
        """What is read, for a message."""
        more = len(self.files) - 1
        return shown(self.files[0]) + (f" and {more:,} more file{'s' if more > 1 else ''}" if more else "")

    def blocks_of_files(self) -> Iterator[Iterator[bytes]]:
        """Yield for each file blocks of valid UTF-8, of any length, that begin and end between tokens.

        Raises CorpusError for what cannot be read, is damaged, or is no text; MissingExtraError for zstd
        without its package.
        """
        total = total_size(self.files)
        for path in self.files:
            yield self._blocks_of(path, total, _cut)

    def texts(self, path: str) -> Iterator[str]:
        """Yield the text of one of the files in pieces of any length, its tokens and lines cut anywhere."""
        for block in self._blocks_of(path, total_size(self.files), _cut_between_characters):
            yield block.decode()

    def passing(self, path: str) -> Callable[[float], None]:
        """What tells `progress` the share that was read of a file that something else reads."""
        before, size, total = self._done, total_size([path]) or 0, total_size(self.files)

        def step(share: float) -> None:
            self._done = before + round(share * size)
            if self.progress is not None:
                self.progress(self._done, total)

        return step

    def warn_if_replaced(self, stacklevel: int) -> None:
        """Warn if invalid UTF-8 was replaced."""
        if self.replaced:
            warnings.warn(
                f"replaced {self.replaced:,} invalid UTF-8 sequence{'s' if self.replaced > 1 else ''} by U+FFFD, "
                f"the first at {self.first_replaced}: is the text in another encoding?",
                stacklevel=stacklevel + 1,
            )

    @property
    def _changes(self) -> bool:
        """Whether valid text is changed."""
        return self.reading.lower or self.reading.tokenizer not in (None, "whitespace")

    def _blocks_of(self, path: str, total: int | None, cut: Cut) -> Iterator[bytes]:
        offset = 0
        for block in cut(_checked(path, expanded(path, self._raw_chunks(path))), shown(path), self.block_size):
            begin = 3 if offset == 0 and block.startswith(_UTF8_MARK) else 0
            if cut is _cut and offset == 0:
                refuse_objects(block, shown(path))
            yield self._clean(block[begin:], path, offset + begin)
            offset += len(block)
            if self.progress is not None:
                self.progress(self._done, total)

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
        return cleaned(block.decode(), self.reading).encode() if self._changes else block


def cleaned(text: str, reading: Reading) -> str:
    """A text in lower case and divided by white space, as the reading asks."""
    text = text.lower() if reading.lower else text
    return only_words(text) if reading.tokenizer == "words" else text


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


def _cut(chunks: Iterator[bytes], name: str, size: int) -> Iterator[bytes]:
    """Yield the same bytes in blocks of `size` or more that are cut behind white space.

    Raises CorpusError for a token of more than MAX_TOKEN bytes.
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
        end = len(block) if chunk is None else _last_space(block)
        if len(block) > MAX_TOKEN:
            _check_tokens(block, name, offset)
        if end:
            yield block[:end]
        offset += end
        parts, new = [block[end:]], 0


def _cut_between_characters(chunks: Iterator[bytes], name: str, size: int) -> Iterator[bytes]:
    """Yield the same bytes in blocks of any size; none of them ends inside a character of UTF-8."""
    rest = b""
    for chunk in chunks:
        block = rest + chunk
        end = len(block)
        for back in range(1, min(4, end + 1)):
            lead = block[-back]
            if lead >= 0xC0:
                end -= back if 2 + (lead >= 0xE0) + (lead >= 0xF0) > back else 0
            if lead >= 0xC0 or lead < 0x80:
                break
        rest = block[end:]
        if end:
            yield block[:end]
    if rest:
        yield rest


def _last_space(block: bytes) -> int:
    """The end of the last white space in `block`, or 0; the last few thousand bytes are tried first."""
    for begin in (max(0, len(block) - 4096), 0):
        end = max((at + len(space) for space in _SPACES if (at := block.rfind(space, begin)) >= 0), default=0)
        if end:
            return end
    return 0


def _check_tokens(block: bytes, name: str, offset: int) -> None:
    for token in block.decode(errors="surrogateescape").split():
        if len(token) > MAX_TOKEN // 4 and len(token.encode(errors="surrogateescape")) > MAX_TOKEN:
            raise CorpusError(
                f"{name}: more than {MAX_TOKEN:,} bytes without white space after byte {offset:,}: "
                "is this text? Expected words that are separated by white space"
            )
