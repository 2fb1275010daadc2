"""Text in blocks of whole lines, and the words and numbers of these lines, read by threads."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from firth.native.threads import Stage, run_stages
from firth.settings import available_threads

CHUNK = 1 << 22
"""The bytes of text that are read at once."""

LINES_AT_ONCE = 1 << 16
"""The most lines that are read at once."""

TASK = 1 << 20
"""The bytes of text that a thread reads or writes at once: some milliseconds."""

BEGINNING = 100
"""The bytes that are kept of a line that is too long."""


class Lines:
    """A stream of text as blocks of whole lines, each of which ends in a newline.

    limit: the most bytes of a line, about; it may change between two blocks.
    """

    def __init__(self, chunks: Iterable[bytes], limit: int) -> None:
        self._chunks, self.limit = chunks, limit

    def __iter__(self) -> Iterator[tuple[bytes, bool]]:
        """Yield (whole lines, False), or (the beginning of a line, True) for one that is too long and not held."""
        begun: list[bytes] = []
        held, skipping = 0, False
        for chunk in chain(_gathered(self._chunks), (b"\n",)):
            if skipping:
                begin = chunk.find(b"\n") + 1
                if not begin:
                    continue
                chunk, skipping = chunk[begin:], False
            end = chunk.rfind(b"\n") + 1
            if end:
                yield b"".join((*begun, memoryview(chunk)[:end])), False
                begun, held = [], 0
            if end < len(chunk):
                begun.append(chunk[end:])
                held += len(chunk) - end
            if held > self.limit:
                yield begun[0][:BEGINNING], True
                begun, held, skipping = [], 0, True


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, small ones joined to `CHUNK` bytes or more."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


class Batch(NamedTuple):
    """Lines that were read.

    text: whole lines. starts, ends: where each is in them, int64 (lines,), without its newline. kinds: int8, what each
    is, of those in `_numbers`. words: int64 (lines, 2), where its word is. slots: int64, its row, -1 for none. rows:
    float32 (some, d). faults: int64, where its field is that is no number.
    """

    text: bytes
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int8]
    words: npt.NDArray[np.int64]
    slots: npt.NDArray[np.int64]
    rows: npt.NDArray[np.float32]
    faults: npt.NDArray[np.int64]


def new_rows(count: int, dim: int) -> npt.NDArray[np.float32]:
    """Rows to fill."""
    return np.empty((count, dim), np.float32)


def parse(
    text: bytes, dim: int, make_rows: Callable[[int, int], npt.NDArray[np.float32]] = new_rows
) -> Iterator[Batch]:
    """Yield the words and numbers of whole lines, `LINES_AT_ONCE` at most at a time.

    make_rows: gives float32 (count, dim) to fill, for the lines of one batch.
    """
    from firth.formats import _numbers as numbers

    view, at = np.frombuffer(text, np.uint8), 0
    room = np.empty(LINES_AT_ONCE, np.int64)
    while count := numbers.find_line_ends(view, at, room):
        ends = room[:count].copy()
        starts = np.concatenate(([at], ends[:-1] + 1))
        long_enough = ends - starts >= 2 * dim
        slots = np.where(long_enough, np.cumsum(long_enough) - 1, -1)
        rows = make_rows(int(long_enough.sum()), dim)
        words, faults = np.zeros((count, 2), np.int64), np.zeros(count, np.int64)
        kinds = np.empty(count, np.int8)
        cuts = np.searchsorted(ends, np.arange(at, ends[-1], TASK))
        bounds = np.unique(np.concatenate((cuts, [0, count]))).tolist()
        lines = (view, starts, ends, slots)
        numbers.parse_lines(*lines, 0, 0, rows, words, kinds, faults)  # compiled here, where Ctrl-C is heard

        def task(number: int, thread: int, lines=lines, bounds=bounds, found=(rows, words, kinds, faults)) -> None:  # type: ignore[no-untyped-def]
            numbers.parse_lines(*lines, bounds[number], bounds[number + 1], *found)

        run_stages([Stage(task, len(bounds) - 1)], min(available_threads(), len(bounds) - 1))
        yield Batch(text, starts, ends, kinds, words, slots, rows, faults)
        at = int(ends[-1]) + 1
