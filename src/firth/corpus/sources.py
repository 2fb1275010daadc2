"""Sources (files, globs, folders, standard input, plain or compressed) -> blocks of valid UTF-8."""

import dataclasses
import glob
import itertools
import os
import re
import stat
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, BinaryIO

from firth.errors import CorpusError, MissingExtraError
from firth.settings import AS_IS, Reading

BLOCK = 1 << 19
MAX_TOKEN = 1 << 20

Progress = Callable[[int, int | None], None]

_BZ2_BLOCK, _BZ2_END = b"1AY&SY", b"\x17rE8P\x90"
_MAGIC: dict[str, tuple[bytes, ...]] = {
    "gz": (b"\x1f\x8b",),
    "bz2": tuple(b"BZh%d" % level + then for level in range(1, 10) for then in (_BZ2_BLOCK, _BZ2_END)),
    "xz": (b"\xfd7zXZ\0",),
    "zst": (b"\x28\xb5\x2f\xfd", *(bytes((byte,)) + b"\x2a\x4d\x18" for byte in range(0x50, 0x60))),
}
"""The first bytes of each kind of compressed stream, by the usual ending of its name.

bz2: with what follows the level, because plain text may begin with BZh; zst: a frame, or frames to skip.
"""
_MAGIC_SIZE = 10

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


def is_text_source(source: object) -> bool:
    """Whether `source` names text to read (a path or a list of paths), rather than being lists of tokens."""
    if isinstance(source, list | tuple):
        return len(source) > 0 and all(isinstance(item, str | os.PathLike) for item in source)
    return isinstance(source, str | os.PathLike)


def find_files(source: Any) -> list[str]:
    """The files that `source` names, in reading order; "-" is standard input.

    `source` is a file, a glob pattern, a folder (all regular files below it, sorted, but hidden ones and vectors
    files, .safetensors), "-", or a list of these. Raises CorpusError for one that names no file.
    """
    names = source if isinstance(source, list | tuple) else [source]
    return [path for name in names for path in _expand(os.fsdecode(os.fspath(name)))]


def _expand(name: str) -> list[str]:
    if name == "-":
        return [name]
    if os.path.isdir(name):
        return _files_below(name)
    if _exists(name):
        return [name]
    found = sorted(path for path in glob.glob(name, recursive=True) if not os.path.isdir(path))
    if not found:
        also = ", and as a pattern it matches none" if glob.has_magic(name) else ""
        raise CorpusError(
            f"no such file: {_shown(name)}{also}. A string is the path of a text to read; "
            "text in memory is given as an iterable of lists of tokens, such as [['a', 'line'], ['another']]"
        )
    return found


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except PermissionError:
        return True  # opening it will say so
    except (OSError, ValueError):
        return False
    return True


def _files_below(folder: str) -> list[str]:
    def refuse(error: OSError) -> None:
        raise CorpusError(f"cannot list the folder {_shown(error.filename)}: {error.strerror}") from error

    found = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        texts = (name for name in names if not name.startswith(".") and not name.endswith(".safetensors"))
        paths = [os.path.join(parent, name) for name in texts]
        found += [path for path in paths if os.path.isfile(path)]
    if not found:
        raise CorpusError(f"the folder {_shown(folder)} holds no text (hidden files and .safetensors are not read)")
    return sorted(found)


def _shown(path: str) -> str:
    """A file's name for a message, quoted if it would garble the terminal."""
    if path == "-":
        return "standard input"
    path = path if len(path) <= 300 else path[:300] + "..."
    return path if path.isprintable() and path else repr(path)


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
    block_size: int = BLOCK
    replaced: int = dataclasses.field(default=0, init=False)
    first_replaced: str = dataclasses.field(default="", init=False)
    _done: int = dataclasses.field(default=0, init=False)

    @property
    def name(self) -> str:
        """What is read, for a message."""
        more = len(self.files) - 1
        return _shown(self.files[0]) + (f" and {more:,} more file{'s' if more > 1 else ''}" if more else "")

    def blocks(self) -> Iterator[bytes]:
        """Yield valid UTF-8 of any length that begins and ends between tokens; the end of a file ends a line.

        Raises CorpusError for what cannot be read, is damaged, or is no text; MissingExtraError for zstd
        without its package.
        """
        total = _total_size(self.files)
        for path in self.files:
            offset = 0
            for block in _cut(_text_chunks(path, self._raw_chunks(path)), _shown(path), self.block_size):
                begin = 3 if offset == 0 and block.startswith(_UTF8_MARK) else 0
                yield self._clean(block[begin:], path, offset + begin)
                offset += len(block)
                if self.progress is not None:
                    self.progress(self._done, total)
            yield b"\n"

    def _raw_chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file as they are stored, and count them."""
        try:
            with _open(path) as file:
                while chunk := file.read(self.block_size):
                    self._done += len(chunk)
                    yield chunk
        except OSError as error:
            raise CorpusError(f"cannot read {_shown(path)}: {error.strerror or error}") from error

    def _clean(self, block: bytes, path: str, offset: int) -> bytes:
        """`block`, which begins at byte `offset` of `path`, as the valid UTF-8 to scan."""
        if not block.isascii():
            try:
                text = block.decode()
            except UnicodeDecodeError as error:
                where = f"{_shown(path)}, byte {offset + error.start:,}"
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
            if self.reading.lower:
                text = text.lower()
                block = text.encode()
        elif self.reading.lower:
            block = block.lower()
        if self.reading.tokenizer == "words":
            block = _only_words(block.decode()).encode()
        return block


def _total_size(files: list[str]) -> int | None:
    """The bytes stored in all files together, or None if one has no size to ask for."""
    total = 0
    for path in files:
        if path == "-":
            return None
        try:
            status = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total


def _open(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None or stream.closed:
            raise CorpusError("there is no standard input to read: give a file")
        return nullcontext(stream)
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        kind = "folder" if stat.S_ISDIR(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise CorpusError(f"cannot read {_shown(path)}: it is a {kind}; expected a file or a pipe")
    return open(path, "rb")


def _text_chunks(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The text of a file, expanded if it is compressed."""
    head, chunks = _peek(chunks, _MAGIC_SIZE)
    kind = next((kind for kind, magic in _MAGIC.items() if head.startswith(magic)), None)
    ending = path.rpartition(".")[2].lower()
    if kind is None and ending in _MAGIC:
        raise CorpusError(
            f"{_shown(path)} is named .{ending} but is not {ending}-compressed: rename it or compress it again"
        )
    if kind is not None:
        chunks = _expanded(path, kind, chunks)
    head, chunks = _peek(chunks, 4)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            raise CorpusError(
                f"{_shown(path)} begins with the byte-order mark of {encoding}; expected UTF-8: "
                f"convert it, for example with iconv -f {encoding} -t UTF-8"
            )
    return chunks


def _peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `size` bytes or more, if there are so many, and all of `chunks` again."""
    head = b""
    while len(head) < size and (chunk := next(chunks, b"")):
        head += chunk
    return head, itertools.chain((head,), chunks)


def _expanded(path: str, kind: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what the streams of one kind, one after the other in a file, expand to."""
    make, failures = _decompressor(path, kind)
    done = 0
    data = b""

    def broken(what: str) -> CorpusError:
        return CorpusError(f"{_shown(path)}: the {kind} stream {what} after {done:,} bytes of text: get the file again")

    while True:
        while len(data) < _MAGIC_SIZE and (more := next(chunks, b"")):
            data = (data + more).lstrip(b"\0")  # zeros may pad the end of a stream
        if not data:
            return
        if not data.startswith(_MAGIC[kind]):
            raise broken("is followed by something else")
        member = make()
        while not member.eof:
            if not data and member.needs_input:
                data = next(chunks, b"")
                if not data:
                    raise broken("is cut short")
            try:
                text = member.decompress(data, BLOCK)
            except failures as error:
                raise broken(f"is damaged ({error})") from error
            data = b""
            done += len(text)
            if text:
                yield text
        data = member.unused_data.lstrip(b"\0")


def _decompressor(path: str, kind: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """What makes a decompressor like bz2.BZ2Decompressor for one stream, and the errors it may raise."""
    if kind == "gz":
        return _Gzip, (zlib.error,)
    try:
        if kind == "bz2":
            import bz2

            return bz2.BZ2Decompressor, (OSError, ValueError)
        if kind == "xz":
            import lzma

            return lzma.LZMADecompressor, (lzma.LZMAError,)
    except ImportError as error:
        raise MissingExtraError(
            f"{_shown(path)} is {kind}-compressed, which this Python was built without: decompress it first"
        ) from error
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor, (zstd.ZstdError,)
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError(
            f'{_shown(path)} is zstd-compressed: reading it needs pip install "firth[zstd]"'
        ) from error
    return _Zstandard, (zstandard.ZstdError,)


class _Gzip:
    """zlib's decompressor of one gzip stream, with the interface of bz2.BZ2Decompressor."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Zstandard:
    """zstandard's decompressor of one frame, with the interface of bz2.BZ2Decompressor.

    A call has no limit to its output, so the input goes in by small pieces: 1 KiB makes 32 MiB at most.
    """

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._data = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._data

    @property
    def needs_input(self) -> bool:
        return not self._data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        data = self._data + data
        self._data = data[1024:]
        return self._frame.decompress(data[:1024])


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


@cache
def _no_part_of_words() -> re.Pattern[str]:
    r"""Matches what no word can hold, white space aside.

    `\w` is letters, numbers and the underscore; words can hold combining marks, joiners and apostrophes as
    well.
    """
    chars = map(chr, range(sys.maxunicode + 1))
    marks = "".join(char for char in chars if unicodedata.category(char)[0] == "M")
    return re.compile(rf"[^\w\s{marks}\u200c\u200d'\u2019]+")


_LEADING_MARKS = re.compile(r"[^\w\s'\u2019](?<![^\s'\u2019].)[^\w\s'\u2019]*", re.DOTALL)
_OUTER_APOSTROPHES = re.compile(r"['\u2019](?:(?!\w)|(?<![^\s'\u2019].))", re.DOTALL)


def _only_words(text: str) -> str:
    """`text` with spaces in place of all that is not part of a word.

    A word begins with a letter, number or underscore; combining marks and joiners go on it, apostrophes stand
    inside it. The patterns begin with what they replace, because `re` is quick at finding that.
    """
    text = _no_part_of_words().sub(" ", text)
    return _OUTER_APOSTROPHES.sub(" ", _LEADING_MARKS.sub(" ", text))
