"""Phrases: words that stand side by side more often than chance has it, joined into one in an encoded corpus."""

import dataclasses
import os
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.corpus.vocabulary import MAX_WORDS, too_many_words
from firth.errors import ConfigError, quoted
from firth.settings import MOST_PASSES, THRESHOLDS

LARGEST_THRESHOLD = 1e300

IDS_AT_ONCE = 1 << 20
"""Ids worked on between two chances for Ctrl-C: some ten milliseconds."""

SLOTS_AT_ONCE = 1 << 20
"""Slots of the table scored at a time."""

MEMORY = 1 << 30
"""Bytes that the table of candidates may take by default, that of its growth included."""

FIRST_SLOTS = 1 << 16

_ENTRY = 16  # bytes

WordsOf = Callable[[NDArray[np.int64]], list[str]]
"""The words of given numbers."""

Joining = Callable[[int, int], None]
"""Told of ids done and ids in all; starts over with every run over the corpus."""


@dataclasses.dataclass(frozen=True)
class PhraseSettings:
    """What makes a phrase, checked when it is made; no `threshold` means that of the score, 100 or 0.5.

    A pass joins two words a and b that stand side by side at least min_count times and whose score is above
    `threshold`; a phrase that one pass has made is a word to the next. N is the number of tokens of the corpus.

    score="count": (count(ab) - min_count) · N / (count(a) · count(b)), as in word2phrase.c, the program of Mikolov et
    al. (2013); the paper has the same without N. score="npmi": ln(p(ab) / (p(a) p(b))) / -ln p(ab), p = count / N,
    from -1 to 1 (Bouma, 2009).

    `connectors` are words like "of" that no phrase begins or ends with; up to three of them between two other words
    (bank of america) belong to the candidate, whose score is of the outer words and of the count of the whole.

    Raises ConfigError for a value of the wrong type or out of range.
    """

    passes: int = 1
    score: str = "count"
    threshold: float | None = None
    delimiter: str = "_"
    connectors: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if type(self.passes) is not int or not 1 <= self.passes <= MOST_PASSES:
            raise ConfigError(f"passes is {quoted(self.passes)}: expected a whole number from 1 to {MOST_PASSES}")
        if not isinstance(self.score, str) or self.score not in THRESHOLDS:
            raise ConfigError(f"score is {quoted(self.score)}: expected {' or '.join(map(repr, THRESHOLDS))}")
        if self.threshold is None:
            object.__setattr__(self, "threshold", THRESHOLDS[self.score])
        least, most = (0.0, LARGEST_THRESHOLD) if self.score == "count" else (-1.0, 1.0)
        value = self.threshold
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            bound = "0 or more" if self.score == "count" else "from -1 to 1"
            raise ConfigError(f"threshold is {value!r:.100}: expected a number, {bound} for score {quoted(self.score)}")
        object.__setattr__(self, "threshold", float(value))
        if not _is_word(self.delimiter):
            raise ConfigError(f"delimiter is {self.delimiter!r:.100}: expected a text without white space, such as '_'")
        if isinstance(self.connectors, str | bytes) or not isinstance(self.connectors, Iterable):
            raise ConfigError(f"connectors is {self.connectors!r:.100}: expected words, such as {{'of', 'the'}}")
        object.__setattr__(self, "connectors", frozenset(self.connectors))
        for word in self.connectors:
            if not isinstance(word, str) or not word:
                raise ConfigError(f"a connector is {word!r:.100}: expected a word")


def _is_word(text: object) -> bool:
    """Whether `text` is one word of a text file."""
    if not isinstance(text, str) or text.split() != [text]:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclasses.dataclass(frozen=True, slots=True)
class FoundPhrase:
    """A phrase that a pass has found."""

    words: tuple[str, ...]  # as the pass saw them: the first, the connectors, the last
    count: int  # how often they stood there
    score: float


class Joined(NamedTuple):
    """An encoded corpus whose phrases are joined: what its numbers are, and what was found."""

    words_of: WordsOf
    counts: NDArray[np.int64]
    passes: list[list[FoundPhrase]]  # of each pass by falling score; no pass after one without any


def join_phrases(
    ids_path: str | os.PathLike[str],
    words_of: WordsOf,
    counts: NDArray[np.int64],
    settings: PhraseSettings,
    min_count: int,
    *,
    join_last: bool = True,
    memory: int = MEMORY,
    progress: Joining | None = None,
) -> Joined:
    """Find the phrases of an encoded corpus and join them in its file.

    The file at `ids_path` holds int32 numbers by first appearance with LINE_END after each line, `words_of` gives their
    words and `counts` (n,) how often each occurs. The file is rewritten in place with the numbers that reading the
    joined text would give; so are the words and counts returned. A word that some token spells and that a phrase is
    joined to as well ("new_york") is one word. Phrases do not overlap and do not cross lines; where two could be
    joined, the first is, from left to right. Without `join_last` the phrases of the last pass are found but not joined:
    the file, words and counts are then those that this pass has seen.

    Counts are exact, and the result does not depend on `memory`, the bytes that the table of candidates may take (at
    least 4 KiB): what does not fit is counted in further runs over the file. Besides it memory grows with the distinct
    words (some 50 bytes each) and with the phrases found.

    Raises ConfigError for more frequent words and connectors than can be told apart, OSError for the file.
    """
    given = len(counts)
    connectors: set[int] = set()  # those frequent enough to matter
    if settings.connectors:
        frequent = np.flatnonzero(counts >= min_count)
        connectors.update(_find_words(words_of, frequent, settings.connectors.__contains__).values())
    spelled: dict[str, int] | None = None  # the words that hold the delimiter, looked for when phrases are joined
    names: list[str] = []  # of what no token spells
    origins = np.arange(given)  # of each number: the number it had at first, or given + its place in `names`

    def words_now(numbers: NDArray[np.int64]) -> list[str]:
        wanted = origins[numbers]
        made = wanted >= given
        words = np.empty(len(wanted), object)
        words[~made] = words_of(wanted[~made])
        words[made] = [names[place] for place in (wanted[made] - given).tolist()]
        found: list[str] = words.tolist()
        return found

    passes: list[list[FoundPhrase]] = []
    for left in reversed(range(settings.passes)):
        is_connector = np.isin(origins, np.array(sorted(connectors), np.int64))
        stream = _Stream(ids_path, counts, is_connector, settings, min_count, progress)
        keys, values = _candidates(stream, memory)
        if not len(keys):
            break
        scores = _scores(stream, keys, values)
        best = np.lexsort((keys, -values, -scores))
        keys, values, scores = keys[best], values[best], scores[best]
        found = _spell(stream, keys, words_now)
        passes.append([FoundPhrase(*row) for row in zip(found, values.tolist(), scores.tolist(), strict=True)])
        if not left and not join_last:
            break
        if spelled is None:
            spelled = _find_words(words_of, np.arange(given), lambda word: settings.delimiter in word)
        made = np.empty(len(found), np.int64)
        for place, words in enumerate(found):
            name = settings.delimiter.join(words)
            made[place] = spelled.setdefault(name, given + len(names))
            if made[place] == given + len(names):
                names.append(name)
            if name in settings.connectors:
                connectors.add(int(made[place]))
        if given + len(names) > MAX_WORDS:
            raise too_many_words()
        counts, origins = stream.rewrite(keys, made, origins, given + len(names))
    return Joined(words_now if passes else words_of, counts, passes)


def _find_words(words_of: WordsOf, numbers: NDArray[np.int64], wanted: Callable[[str], bool]) -> dict[str, int]:
    """The numbers of the wanted words among those of `numbers`."""
    found: dict[str, int] = {}
    for start in range(0, len(numbers), IDS_AT_ONCE):
        piece = numbers[start : start + IDS_AT_ONCE]
        found |= {word: number for word, number in zip(words_of(piece), piece.tolist(), strict=True) if wanted(word)}
    return found


class _Stream:
    """The file of ids as one pass sees it."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        counts: NDArray[np.int64],
        is_connector: NDArray[np.bool_],
        settings: PhraseSettings,
        min_count: int,
        progress: Joining | None,
    ) -> None:
        from firth.corpus._bigrams import CONNECTOR, MOST_CONNECTORS, OTHER

        self._path, self._progress, self.settings, self.min_count = path, progress, settings, min_count
        assert settings.threshold is not None  # filled in
        self.counts, self.tokens, self.threshold = counts, int(counts.sum()), settings.threshold
        self.words = np.flatnonzero((counts >= min_count) & ~is_connector)  # that a phrase may begin or end with
        self.connectors = np.flatnonzero((counts >= min_count) & is_connector)
        self._kinds = np.full(len(counts), OTHER, np.int32)
        self._kinds[self.words] = np.where(self._may_join(), np.arange(len(self.words)), OTHER)
        self._kinds[self.connectors] = CONNECTOR - np.arange(len(self.connectors))
        radix = len(self.connectors) + 1
        if len(self.words) ** 2 * radix**MOST_CONNECTORS > 2**64:
            raise ConfigError(
                f"{len(self.words):,} words that occur {min_count:,} times and {len(self.connectors):,} connectors: "
                "their combinations are more than 2^64. Raise min_count or give fewer connectors"
            )
        self._sizes = np.array([len(self.words), radix, radix**MOST_CONNECTORS], np.uint64)

    def _may_join(self) -> NDArray[np.bool_]:
        """Which words can be in a phrase at all.

        A candidate stands there no more often than either of its words; so the count score of any with a word of count
        c is at most (c - min_count) · N / c². In English that spares the most frequent words, with 40 % of candidates.
        """
        if self.settings.score != "count":
            return np.ones(len(self.words), bool)
        counts = self.counts[self.words].astype(np.float64)
        most = (counts - self.min_count) * self.tokens / counts**2
        possible: NDArray[np.bool_] = most * (1 + 1e-9) > self.threshold  # a margin beyond the rounding of scores
        return possible

    def parts_of(
        self, keys: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], list[NDArray[np.int64]], NDArray[np.int64]]:
        """The numbers of the first words of candidates, of their connectors in turn or -1, and of the last words."""
        words, radix, runs = self._sizes
        rest, last = keys // words, (keys % words).astype(np.int64)
        first, run = (rest // runs).astype(np.int64), rest % runs
        numbers = np.append(self.connectors, -1)  # digit 0 means none
        between = []
        while (run > 0).any():
            between.append(numbers[(run % radix).astype(np.int64) - 1])
            run //= radix
        return self.words[first], between[::-1], self.words[last]

    def count(self, memory: int, chosen: Callable[[NDArray[Any]], None]) -> None:
        """Count all candidates; `chosen` is called with tables that hold each of them in one."""
        from firth.corpus._bigrams import LEAST_SLOTS, count_piece, drop, move

        most = LEAST_SLOTS
        while 3 * most * _ENTRY <= memory:  # twice as many slots, and the old ones while they are moved
            most *= 2
        table = _free_table(min(FIRST_SLOTS, most))
        waiting = [np.zeros(2, np.uint64)]  # the parts, by mask and value of the bits of a mixed key
        while waiting:
            part = waiting.pop()
            table[:] = 0
            state, used = np.array([-1, 0, 0]), np.zeros(1, np.int64)
            with open(self._path, "rb") as file:
                for ids in self._pieces(file):
                    done = 0
                    while True:
                        shift = _shift(table)
                        done += count_piece(ids[done:], self._kinds, self._sizes, part, state, table, shift, used)
                        if done == len(ids):
                            break
                        if len(table) < most:
                            old, table = table, _free_table(2 * len(table))
                            move(old, table, _shift(table))
                            del old
                        else:
                            bit = part[0] + np.uint64(1)
                            waiting.append(part + bit)
                            part = part + np.array([bit, 0], np.uint64)
                            used[0] = drop(table, shift, part)
            chosen(table)

    def rewrite(
        self, keys: NDArray[np.uint64], made: NDArray[np.int64], origins: NDArray[np.int64], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Join the candidates `keys`, each to the word of origin `made`; return the new counts and origins.

        `origins` are those of this pass's numbers; there are `n` at most.
        """
        from firth.corpus._bigrams import join_piece, put, renumber_by_appearance

        number_of = np.full(n, -1, np.int64)
        number_of[origins] = np.arange(len(origins))
        new = np.unique(made[number_of[made] < 0])
        number_of[new] = np.arange(len(origins), len(origins) + len(new))
        origins = np.concatenate([origins, new])
        table = _free_table(1 << (2 * len(keys)).bit_length())
        shift = _shift(table)
        put(keys, (number_of[made] + 1).astype(np.uint64), table, shift)

        numbers, order = np.zeros(len(origins), np.int32), np.empty(len(origins), np.int32)
        counts, words = np.zeros(len(origins), np.int64), 0
        state, out, waiting = np.array([-1, 0, 0, 0]), np.empty(IDS_AT_ONCE + 8, np.int32), 0
        with open(self._path, "rb") as source, open(self._path, "r+b") as target:  # never ahead of source
            for ids in self._pieces(source):
                settled, filled = join_piece(ids, self._kinds, self._sizes, table, shift, state, out, waiting)
                words = renumber_by_appearance(out[:settled], numbers, order, counts, words)
                target.write(out[:settled].data)
                waiting = filled - settled
                out[:waiting] = out[settled:filled].copy()
            words = renumber_by_appearance(out[:waiting], numbers, order, counts, words)
            target.write(out[:waiting].data)
            target.truncate()
        return counts[:words].copy(), origins[order[:words]]

    def _pieces(self, file: BinaryIO) -> Any:
        """Yield the ids of a file in pieces."""
        total, done = os.fstat(file.fileno()).st_size // 4, 0
        while len(ids := np.fromfile(file, np.int32, IDS_AT_ONCE)):
            yield ids
            done += len(ids)
            if self._progress is not None:
                self._progress(done, total)


def _free_table(slots: int) -> NDArray[np.uint64]:
    table = np.empty((slots, 2), np.uint64)  # not `zeros`: only `empty` asks for huge pages
    table.fill(0)
    return table


def _shift(table: NDArray[Any]) -> np.uint64:
    """How far a mixed key is shifted to be a slot of a table."""
    return np.uint64(65 - len(table).bit_length())


def _candidates(stream: _Stream, memory: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The keys of the phrases of a pass, and how often each stands there, in no order."""
    from firth.corpus._bigrams import frequent

    chosen: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def choose(table: NDArray[Any]) -> None:
        for start in range(0, len(table), SLOTS_AT_ONCE):
            keys, values = frequent(table[start : start + SLOTS_AT_ONCE], np.uint64(stream.min_count))
            good = _scores(stream, keys, values) > stream.threshold
            chosen.append((keys[good], values[good]))

    stream.count(memory, choose)
    return np.concatenate([keys for keys, _ in chosen]), np.concatenate([values for _, values in chosen])


def _scores(stream: _Stream, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> NDArray[np.float64]:
    """The scores of candidates that stand there so often; see PhraseSettings."""
    first, _, last = stream.parts_of(keys)
    a, b = stream.counts[first].astype(np.float64), stream.counts[last].astype(np.float64)
    n = float(stream.tokens)
    if stream.settings.score == "count":
        return (values - stream.min_count) * n / (a * b)
    return np.log(values * n / (a * b)) / -np.log(values / n)


def _spell(stream: _Stream, keys: NDArray[np.uint64], words_of: WordsOf) -> list[tuple[str, ...]]:
    """The words of candidates."""
    first, between, last = stream.parts_of(keys)
    columns = [words_of(first)]
    for numbers in between:
        words = np.full(len(numbers), None, object)
        words[numbers >= 0] = words_of(numbers[numbers >= 0])
        columns.append(words.tolist())
    columns.append(words_of(last))
    return [tuple(word for word in row if word is not None) for row in zip(*columns, strict=True)]
