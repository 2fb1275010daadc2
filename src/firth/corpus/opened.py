"""Open file objects as a source: read from where they stand to their end, and left open."""

from collections.abc import Iterator
from typing import Any

from firth.corpus.sources import shown
from firth.errors import CorpusError


def opened_chunks(file: Any, size: int) -> tuple[bool, Iterator[bytes]]:
    """Whether a file gives text rather than bytes, and its chunks of about `size` in bytes; text becomes UTF-8.

    Raises CorpusError, also while reading, for a file that is closed or not open for reading, and for whatever its
    `read` raises or returns that is neither text nor bytes.
    """
    _check_open(file)
    first = _read(file, size)
    return isinstance(first, str), _chunks(file, size, first)


def _check_open(file: Any) -> None:
    name = shown(file)
    if hasattr(file, "namelist") or hasattr(file, "getmembers"):
        raise CorpusError(f"{name} is an archive: give the files in it that are texts, such as archive.open(NAME)")
    try:
        closed, readable = getattr(file, "closed", False), getattr(file, "readable", None)
        if closed is True:
            raise CorpusError(f"{name} is closed: open it again, and read it before it is closed")
        if callable(readable) and readable() is False:
            raise CorpusError(f"{name} is not open for reading: open it with mode 'rb'")
    except ValueError as error:
        raise CorpusError(f"{name} cannot be read: {error!s:.200}") from error


def _chunks(file: Any, size: int, first: str | bytes) -> Iterator[bytes]:
    kind = str if isinstance(first, str) else bytes
    chunk = first
    while chunk:
        if not isinstance(chunk, kind):
            raise CorpusError(f"{shown(file)} gives {kind.__name__} and then {type(chunk).__name__}: expected one kind")
        yield chunk if isinstance(chunk, bytes) else _encoded(chunk, file)
        chunk = _read(file, size)


def _encoded(text: str, file: Any) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.end]
        raise CorpusError(
            f"{shown(file)} gives {found!r:.100}, a lone surrogate, which is no text: open it in binary mode ('rb')"
        ) from None


def _read(file: Any, size: int) -> str | bytes:
    """The next text or bytes of a file, none at its end."""
    name = shown(file)
    try:
        chunk = file.read(size)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name} cannot be decoded as the {error.encoding} that it is open with ({error.reason}): open it with "
            "the right encoding, or in binary mode ('rb')"
        ) from error
    except Exception as error:  # the file may be of any class
        raise CorpusError(f"{name} cannot be read: {type(error).__name__}: {error!s:.200}") from error
    if isinstance(chunk, bytearray | memoryview):
        chunk = bytes(chunk)
    if not isinstance(chunk, str | bytes):
        raise CorpusError(
            f"the read() of {name} returns {type(chunk).__name__}: expected text or bytes, with all that is asked for "
            "(no file that does not block)"
        )
    return chunk
