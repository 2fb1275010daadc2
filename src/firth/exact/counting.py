"""Counting the expected co-occurrences of a corpus: the pairs of one epoch, weighted by windows and by subsampling.

The places of the corpus are sorted by word; then each center word's row is counted by one thread, from walks to both
sides of its occurrences (`_pairs`). So there is no table of pairs and nothing to merge, and the result has the
same bytes with any number of threads.
"""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.corpus.encode import Corpus, build_corpus
from firth.corpus.left_out import warn_if_most_is_left_out
from firth.corpus.subsampling import keep_probabilities
from firth.declaring import declared, keywords_of
from firth.display import Display
from firth.errors import ConfigError
from firth.exact.cooccurrences import Cooccurrences
from firth.files.folders import TemporaryFolder
from firth.settings import MEMORY_GB, CountOptions, PairSettings, TrainConfig, make_config

GIGABYTE = 10**9

MEMORY = int(MEMORY_GB * GIGABYTE)
"""Bytes that counting takes by default, more or less."""

CUTOFF = 1e-5
"""Two tokens are no pair if they share a window with a chance below this when both are kept.

At window 5 and subsample 1e-4, on 17 million tokens of Wikipedia, it leaves out 3e-8 of the sum of all counts and 0.2%
of the entries (against a cutoff of 1e-6).
"""

TASK = 1 << 16
"""Occurrences whose rows a thread takes at a time, more or less: some milliseconds."""

QUOTA = 1 << 18
"""Steps of walks after which a thread looks whether to stop, even within one row: some milliseconds."""

CAPACITY = 1 << 18
"""Entries that a thread gathers before it hands them on, or one row, if that has more."""

STRETCH = 1 << 22
"""Tokens prepared between two chances for Ctrl-C: some ten milliseconds."""

LARGEST_INT32 = 2**31 - 1
"""Places in the corpus are int32 as long as none is above this."""

_Entries = tuple[NDArray[np.int32], NDArray[np.float32]]  # columns and values


@keywords_of(CountOptions)
def cooccurrences(source: Any, *, centers: int | None, memory: float, **settings: Any) -> Cooccurrences:
    """How often each word is expected to be a center with each other one outside, in one epoch of training.

    `source` and `settings` are those of `firth.train`: window, fixed_window, subsample, min_count, max_vocab, lower,
    tokenizer, errors, threads and tmp.
    Rows are the `centers` most frequent words, by default all, and columns all words. `memory` is about how many GB
    the counting may take, the result included; what does not fit goes to a new folder in `tmp`, by default the
    system's, where the encoded corpus (4 bytes a token) is too.

    What is counted, and what memory it takes: see `count_pairs`. Raises ConfigError, CorpusError, VocabularyError,
    MissingExtraError (zst). Warns if min_count leaves out more than half of the tokens.
    """
    used = declared(PairSettings)
    for name in settings:
        if name in declared(TrainConfig) and name not in used:
            raise ConfigError(f"{name} does not change which pairs there are; the settings are {', '.join(used)}")
    config = make_config(settings, CountOptions)
    room = memory_bytes(memory)
    _check_limits(centers, room)
    with build_corpus(
        source,
        reading=config,
        min_count=config.min_count,
        max_vocab=config.max_vocab,
        say=Display(quiet=False).say,
    ) as corpus:
        warn_if_most_is_left_out(corpus.left_out, stacklevel=2)
        return count_pairs(corpus, config, centers=centers, memory=room, folder=config.tmp)


def memory_bytes(memory: Any) -> int:
    """The bytes of a number of GB that a user gave. Raises ConfigError unless it is above 0."""
    if isinstance(memory, bool) or not isinstance(memory, int | float) or not 0 < memory < 1e9:
        raise ConfigError(f"memory is {memory!r:.100}: expected a number of GB above 0")
    return max(1, int(memory * GIGABYTE))


def count_pairs(
    corpus: Corpus,
    config: TrainConfig,
    *,
    centers: int | None = None,
    memory: int = MEMORY,
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Cooccurrences:
    """X[c, o] of a corpus: the expected number of pairs of one epoch, over all draws of subsampling and of radii.

    Only `window`, `fixed_window`, `subsample` and `threads` of `config` matter. With k(w) the chance that a token of w
    is kept, the tokens at p < q of a sentence add k(p) k(q) Σ_j P(j tokens between them are kept) w(j + 1) to both
    (c, o) and (o, c), where w(j) = (W - j + 1) / W for 1 <= j <= W = `window`, or 1 where windows are fixed. Pairs of
    tokens are left out from where that sum, the chance of kept ones to share a window, falls below 1e-5.

    Rows are the first `centers` words of the vocabulary, at most, by default all; columns are all of them. `memory`, in
    bytes: a quarter is for a copy of the corpus (4 bytes a token and a sentence), three eighths for sorted places
    (4 bytes a token, or 8 above two billion), three eighths for the result (8 bytes an entry). A copy or a result that
    needs more is kept in files in a new folder in `folder`; more places are sorted in several passes, each over some
    words, one at least. Beyond the budget each thread needs 12 bytes for each word, and 16 for each of 2^18 entries, or
    for each word if there are more.

    `progress` is called with the tokens of center words done and in all. Raises ConfigError for a wrong number and
    CorpusError if the files cannot be written.
    """
    _check_limits(centers, memory)
    counts, m = corpus.vocab.counts, len(corpus.vocab)
    n = m if centers is None else min(int(centers), m)
    total, lengths = int(counts[:n].sum()), np.zeros(n, np.int64)
    with _new_folder(folder) as scratch, _new_folder(folder) as home:
        if progress is not None:
            progress(0, total)
        plan = _Plan(_separated(corpus, memory // 4, scratch), corpus, config, lengths)
        output = _Output(memory // 4, home)
        for first, last in _passes(counts[:n], memory * 3 // 8 // plan.place.itemsize):
            before = int(counts[:first].sum())

            def report(done: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, total)

            plan.count(first, last, output, memory // 8, report)
        indices, data = output.arrays()
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        return Cooccurrences(indptr, indices, data, (n, m), list(corpus.vocab.words), counts.copy(), home.give())


def _check_limits(centers: Any, memory: Any) -> None:
    for name, value in (("memory", memory), ("centers", 1 if centers is None else centers)):
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
            raise ConfigError(f"{name} is {value!r:.100}: expected a whole number, 1 or more")


def _new_folder(parent: str | os.PathLike[str] | None) -> TemporaryFolder:
    advice = "Free some space, choose a folder on another disk (tmp), or let more of it be in memory (memory)"
    return TemporaryFolder(parent, "what counting pairs needs", advice)


def _separated(corpus: Corpus, memory: int, folder: TemporaryFolder) -> NDArray[np.int32]:
    """The ids of the corpus with the number of words, which is no id, before, between and after the sentences.

    It is mapped from a file if it needs more than so much memory.
    """
    from firth.exact import _pairs as pairs

    ids, offsets, mark = corpus.ids, corpus.offsets, len(corpus.vocab)

    def place(position: int) -> int:
        return position + int(np.searchsorted(offsets, position))

    def write(start: int, stop: int, stream: NDArray[np.int32]) -> None:
        sentence = int(np.searchsorted(offsets, start))
        pairs.separate(ids.ctypes.data, offsets.ctypes.data, sentence, start, stop, mark, stream.ctypes.data)

    stretches = [(start, min(start + STRETCH, len(ids))) for start in range(0, len(ids), STRETCH)]
    if 4 * (len(ids) + len(offsets)) <= memory:
        stream = np.empty(len(ids) + len(offsets), np.int32)
        for start, stop in stretches:
            write(start, stop, stream[place(start) : place(stop)])
        stream[-1] = mark
        return stream
    with folder.errors(), open(folder.file("stream"), "wb") as file:
        for start, stop in stretches:
            piece = np.empty(place(stop) - place(start), np.int32)
            write(start, stop, piece)
            file.write(piece.data)
        file.write(np.array([mark], np.int32).data)
    return folder.map("stream", np.int32)


def _passes(counts: NDArray[np.int64], room: int) -> Iterator[tuple[int, int]]:
    """Ranges of words that occur no more than `room` times in all, or of one word."""
    ends, first = np.cumsum(counts), 0
    while first < len(counts):
        before = ends[first] - counts[first]
        last = max(first + 1, int(np.searchsorted(ends, before + room, side="right")))
        yield first, last
        first = last


class _Output:
    """Entries in order: in memory up to a limit, then in files."""

    def __init__(self, memory: int, folder: TemporaryFolder) -> None:
        self._room, self._folder, self._spilled = memory // 8, folder, False
        self._indices, self._data, self._filled = np.empty(0, np.int32), np.empty(0, np.float32), 0

    def append(self, entries: _Entries) -> None:
        """Add entries at the end."""
        end = self._filled + len(entries[0])
        if end > self._room:
            self._spill(entries)
            return
        if end > len(self._data):
            self._resize(max(end, min(len(self._data) * 5 // 4, self._room)))
        self._indices[self._filled : end], self._data[self._filled : end] = entries
        self._filled = end

    def arrays(self) -> _Entries:
        """The columns and the values of all entries; nothing can be added any more."""
        if self._spilled:
            self._spill((np.empty(0, np.int32), np.empty(0, np.float32)))
            return self._folder.map("indices", np.int32), self._folder.map("data", np.float32)
        self._resize(self._filled)
        return self._indices, self._data

    def _resize(self, size: int) -> None:
        """Make room, which moves no bytes where the system moves pages instead."""
        self._indices.resize(size, refcheck=False)
        self._data.resize(size, refcheck=False)

    def _spill(self, entries: _Entries) -> None:
        """Write what is kept and these entries to the files."""
        for name, kept, more in zip(("indices", "data"), (self._indices, self._data), entries, strict=True):
            with self._folder.errors(), open(self._folder.file(name), "ab") as file:
                file.write(kept[: self._filled].data)
                file.write(more.data)
        self._filled, self._spilled = 0, True


def _size(entries: _Entries) -> int:
    return entries[0].nbytes + entries[1].nbytes


class _Tasks:
    """Hands out ranges of rows and brings their entries to the output in the order of the rows."""

    def __init__(self, bounds: list[int], output: _Output, memory: int) -> None:
        self._bounds, self._output, self._memory = bounds, output, memory
        self._taken = self._written = 0
        self._early: dict[int, list[_Entries]] = {}  # of tasks finished before an earlier one
        self._bytes = 0
        self._changed = threading.Condition()
        self.stopped = False
        self.done = 0  # occurrences

    def take(self) -> tuple[int, int, int] | None:
        """The number of the next task and its first and last row, when there is memory for it; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or self._bytes <= self._memory)
            number = self._taken
            if self.stopped or number + 1 == len(self._bounds):
                return None
            self._taken += 1
            return number, self._bounds[number], self._bounds[number + 1]

    def finish(self, number: int, found: list[_Entries]) -> None:
        """Take the entries of a task."""
        with self._changed:
            self._early[number] = found
            self._bytes += sum(map(_size, found))
            while self._written in self._early:
                for entries in self._early.pop(self._written):
                    self._output.append(entries)
                    self._bytes -= _size(entries)
                self._written += 1
            self._changed.notify_all()

    def add(self, occurrences: int) -> None:
        """Add to the occurrences done."""
        with self._changed:
            self.done += occurrences

    def stop(self) -> None:
        """Hand out no more, and let threads stop in the middle of a task."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()


class _Plan:
    """What all passes share: the corpus and the tables of the kernel."""

    def __init__(
        self, stream: NDArray[np.int32], corpus: Corpus, config: TrainConfig, lengths: NDArray[np.int64]
    ) -> None:
        from firth.exact import _pairs as pairs

        self._stream, self._lengths, self._counts = stream, lengths, corpus.vocab.counts
        self._window, self._threads = config.window, config.threads or 1
        self._unit = 1.0 if config.fixed_window else float(config.window)
        self._keep = keep_probabilities(corpus.frequencies, config.subsample)
        self._drop = (1.0 - self._keep).astype(np.float32)  # not float32 keep: what it leaves to 1 may be tiny
        self._begin = pairs.begin_walk(config.window, config.fixed_window)
        kept = float(self._keep @ self._counts) / max(1, self._counts.sum())
        self._quota = max(1, int(QUOTA * kept / (config.window * pairs.vectors(config.window))))
        self.place = np.dtype(np.int32 if len(stream) - 1 <= LARGEST_INT32 else np.int64)

    def count(self, first: int, last: int, output: _Output, memory: int, on_look: Callable[[int], None]) -> None:
        """Count the rows first..last (last exclusive) and append their entries to the output.

        `on_look` is called with the occurrences done.
        """
        from firth.exact import _pairs as pairs
        from firth.native.threads import run_threads

        starts = np.concatenate([[0], np.cumsum(self._counts[first:last])])
        positions, ends, wide = np.empty(starts[-1], self.place), starts[:-1].copy(), self.place.itemsize == 8
        stream = self._stream.ctypes.data
        for begin in range(0, len(self._stream), STRETCH):
            on_look(0)
            end = min(begin + STRETCH, len(self._stream))
            pairs.sort_positions(stream, begin, end, first, last, ends.ctypes.data, positions.ctypes.data, wide)
        inputs = pairs.PairInputs(
            stream=stream,
            positions=positions.ctypes.data,
            wide=wide,
            count=len(positions),
            starts=starts.ctypes.data,
            first=first,
            keep=self._keep.ctypes.data,
            drop=self._drop.ctypes.data,
            begin=self._begin.ctypes.data,
            columns=len(self._keep),
            window=self._window,
            unit=self._unit,
            cutoff=CUTOFF * self._unit,
            lengths=self._lengths.ctypes.data,
        )
        cuts = np.searchsorted(starts, np.arange(0, starts[-1], TASK))
        bounds = np.unique(np.concatenate([[0], cuts, [last - first]])) + first
        tasks = _Tasks(bounds.tolist(), output, memory)

        def work(thread: int) -> None:
            scratch, arrays = pairs.new_scratch(inputs.columns, inputs.window, CAPACITY)
            cursor, indices, data = arrays["cursor"], arrays["indices"], arrays["data"]
            while task := tasks.take():
                number, row, end = task
                found: list[_Entries] = []
                cursor[:] = row, starts[row - first], 0
                while cursor[0] < end:
                    if tasks.stopped:
                        return
                    before = int(cursor[1])
                    filled = pairs.count_rows(inputs, scratch, end, self._quota)
                    found.append((indices[:filled].copy(), data[:filled].copy()))
                    tasks.add(int(cursor[1]) - before)
                tasks.finish(number, found)

        scratch, arrays = pairs.new_scratch(inputs.columns, inputs.window, 0)
        pairs.count_rows(inputs, scratch, 0, 0)  # compiled here, where Ctrl-C is heard
        del scratch, arrays
        run_threads(work, self._threads, tasks.stop, lambda: on_look(tasks.done))
        on_look(tasks.done)
