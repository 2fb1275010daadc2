"""Word vectors to ask questions of: similarity, neighbours, analogies, ranks."""

import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt

from firth.corpus.vocabulary import as_word
from firth.errors import ConfigError, FormatError, quoted
from firth.files.paths import AnyPath, as_path, check_mapped, naming
from firth.files.tensors import TensorFile, read_tensors
from firth.vectors import transforms
from firth.vectors.batches import Found
from firth.vectors.directions import Directions, Doubles, Ids, cosines, scaled
from firth.vectors.parts import StoredVectors, Word
from firth.vectors.queries import answers_by_addition, answers_by_multiplication, nearest, place_among
from firth.vectors.rows import most_frequent_ids, whole
from firth.vectors.storage import SUFFIX, unpack

if TYPE_CHECKING:
    from firth.vectors.clusters import Clusters
    from firth.vectors.index import Index

ROUNDING = 1e-12
"""A sum is zero if no number of it is above this share of what was added up."""

Scored = list[tuple[str, float]]
Query = Word | npt.NDArray[Any]
WordList = list[str] | list[int] | list[Word]
Weighted = Query | tuple[Query, float]


class WordVectors(StoredVectors):
    """Words and their vectors, to be asked.

    Every query takes words, and vectors of your own as arrays (d,). Neighbours and analogies look for the cosine;
    float64 decides between words that are close together, so answers are exact, and the same on every machine.
    `StoredVectors` lists the parts.
    """

    @cached_property
    def directions(self) -> Directions:
        """The center vectors as queries see them. Warns of those that have no direction."""
        directions = Directions(self.center, self.norms)
        missing = directions.missing
        if len(missing):
            first, more = self.words[missing[0]], len(missing) - 1
            also = f" and of {more:,} other word{'s' if more > 1 else ''}" if more else ""
            warnings.warn(
                f"the vector of {quoted(first)}{also} is zero or not finite: such words are never an answer",
                stacklevel=3,
            )
        return directions

    def similarity(self, a: Query | Sequence[Word], b: Query | Sequence[Word]) -> float:
        """The cosine of two words, vectors or groups of words, from -1 to 1; 0 if a vector is zero.

        A group is a list of words; it stands for the mean of their vectors, each scaled to length 1.
        Raises UnknownWordError.
        """
        return float(cosines(self._group(a), self._group(b)))

    def similarities(self, pairs: Sequence[tuple[Word, Word]]) -> Doubles:
        """The cosines (m,) of m pairs of words, each as `similarity` gives it. Raises UnknownWordError."""
        _check_length("pair", pairs, 2)
        pairs = [tuple(map(as_word, pair)) for pair in pairs]
        words = list(dict.fromkeys(word for pair in pairs for word in pair))
        places = {word: place for place, word in enumerate(words)}
        units = self._units(words)
        first, second = np.array([[places[word] for word in pair] for pair in pairs], np.int64).reshape(-1, 2).T
        return cosines(units[first], units[second])

    @overload
    def neighbors(
        self,
        word: Query | None = None,
        k: int | None = 10,
        *,
        positive: Sequence[Weighted] = (),
        negative: Sequence[Weighted] = (),
        within: Sequence[Word] | None = None,
        most_frequent: int | None = None,
        threshold: float | None = None,
        approximate: bool = False,
    ) -> Scored: ...
    @overload
    def neighbors(
        self,
        word: WordList,
        k: int | None = 10,
        *,
        within: Sequence[Word] | None = None,
        most_frequent: int | None = None,
        threshold: float | None = None,
        approximate: bool = False,
    ) -> list[Scored]: ...
    def neighbors(
        self,
        word: Query | WordList | None = None,
        k: int | None = 10,
        *,
        positive: Sequence[Weighted] = (),
        negative: Sequence[Weighted] = (),
        within: Sequence[Word] | None = None,
        most_frequent: int | None = None,
        threshold: float | None = None,
        approximate: bool = False,
    ) -> Scored | list[Scored]:
        """The k nearest other words, [(word, cosine), ...]; for several queries a list of such lists.

        word: a word or a vector (d,); a list of words or a matrix (q, d) asks for each. Or, in its place, positive and
        negative: words and vectors to add and to subtract, each scaled to length 1, a pair (word, weight) times its
        weight. k: how many, or None for all. within: the words among which to look, such as those to rank.
        most_frequent: look among this many words, by count. threshold: the least cosine. approximate: ask the index
        that `firth index` has built beside the file: quicker, the cosines exact, but a near word may be missed.

        By falling cosine, ties in the order of the vocabulary. The words asked for are no answers. Raises
        UnknownWordError, FormatError for a vector that is zero or not finite, and ConfigError for other arguments out
        of range.

        Example: vectors.neighbors(positive=["king", ("woman", 0.5)], negative=["man"], k=5)
        """
        if word is None:
            queries, asked = self._sum(positive or (), negative or ())
            single = True
        elif positive or negative:
            raise ConfigError("word and positive or negative are given: expected one or the other")
        elif not isinstance(as_word(word), str | np.ndarray | list | tuple):
            raise ConfigError(f"the word is {word!r:.100}: expected a word, a vector, or a list of words")
        else:
            single = isinstance(as_word(word), str) or (isinstance(word, np.ndarray) and word.ndim == 1)
            items: list[Query] = [word] if single else list(word)  # type: ignore[list-item, arg-type]
            queries, asked = self._queries(items), [[item] for item in items]
        k = None if k is None else whole("k", k, 1)
        least = -np.inf if threshold is None else _checked_threshold(threshold)
        if approximate:
            if k is None or within is not None or most_frequent is not None:
                raise ConfigError(
                    "an index finds k neighbours among all words: give k, and leave within and most_frequent out"
                )
            near = self._index.search(queries, [self._places(own, None) for own in asked], k)
            found = self._named(((ids[cosines >= least], cosines[cosines >= least]) for ids, cosines in near), None)
        else:
            directions, ids = self._among(within, most_frequent)
            excluded = [self._places(own, ids) for own in asked]
            found = self._named(nearest(directions, queries, excluded, k, least), ids)
        return next(found) if single else list(found)

    def analogy(
        self,
        a: Query,
        b: Query,
        c: Query,
        k: int = 1,
        method: Literal["add", "mul"] = "add",
        *,
        within: Sequence[Word] | None = None,
        most_frequent: int | None = None,
    ) -> Scored:
        """The k best answers to "a is to b as c is to ?", [(word, score), ...], none of them a, b or c.

        method "add": 3CosAdd (Mikolov et al., 2013), the words nearest to b - a + c, each scaled to length 1 before,
        with their cosines. "mul": 3CosMul (Levy and Goldberg, 2014), with its scores, 0 or more:
        cos(x, b) cos(x, c) / (cos(x, a) + 0.001), each cosine moved to 0..1. Other arguments, order and errors are
        those of `neighbors`.
        """
        if method not in ("add", "mul"):
            raise ConfigError(f"method is {quoted(method)}: expected 'add' or 'mul'")
        terms = self._queries([a, b, c])
        directions, ids = self._among(within, most_frequent)
        out, k = self._places([a, b, c], ids), whole("k", k, 1)
        if method == "mul":
            found = answers_by_multiplication(directions, terms, out, k)
        else:
            found = next(answers_by_addition(directions, terms, np.array([[0, 1, 2]]), [out], k))
        return next(self._named(iter([found]), ids))

    def analogies(
        self, questions: Sequence[tuple[Word, Word, Word]], k: int = 1, *, most_frequent: int | None = None
    ) -> list[Scored]:
        """What `analogy` answers to each of many questions (a, b, c) by 3CosAdd, at once."""
        _check_length("question", questions, 3)
        questions = [tuple(map(as_word, question)) for question in questions]
        words = list(dict.fromkeys(word for question in questions for word in question))
        places = {word: place for place, word in enumerate(words)}
        asked = np.array([[places[word] for word in question] for question in questions], np.int64).reshape(-1, 3)
        directions, ids = self._among(None, most_frequent)
        excluded = [self._places(question, ids) for question in questions]
        terms = self._queries(list(words))
        return list(self._named(answers_by_addition(directions, terms, asked, excluded, whole("k", k, 1)), ids))

    def odd_one_out(self, words: Sequence[Word]) -> Word:
        """The word that is least like the others: with the least cosine to the mean of all, each of length 1.

        words: three or more. Ties go to the first. Raises UnknownWordError, and ConfigError for fewer words.
        """
        if isinstance(as_word(words), str) or len(words) < 3:
            raise ConfigError(f"the words are {quoted(words)}: expected a list of three or more")
        units = self._queries(list(words))
        return words[int(cosines(units, scaled(units.mean(axis=0))).argmin())]

    def rank(self, word: Word, of: Query, *, most_frequent: int | None = None) -> int:
        """The place of `word` among the neighbours of a word or vector `of`: 1 for the nearest.

        Words with the same cosine come in the order of the vocabulary. Raises UnknownWordError for a word without a
        row, and ConfigError if both are the same word.
        """
        place = self.id_of(word)
        if place is None:
            self._row(word)  # raises for a word that has no vector at all
            raise ConfigError(f"{quoted(word)} is not among the {len(self):,} words, so it has no rank")
        other: Any = as_word(of)
        if isinstance(other, str) and self.id_of(other) == place:
            raise ConfigError(f"the rank of {quoted(word)} among its own neighbours is asked for: expected two words")
        directions, ids = self._among(None, most_frequent)
        row = place if ids is None else next(iter(np.flatnonzero(ids == place).tolist()), None)
        if row is None:
            raise ConfigError(
                f"{quoted(word)} is not among the {most_frequent:,} most frequent words, so it has no rank"
            )
        if row in directions.missing:
            raise FormatError(f"{_told(word)} is zero or not finite: it has no direction, so it has no rank")
        query = self._queries([of])[0]
        return place_among(directions, query, self._places([of], ids), row)

    def clusters(self, k: int, *, most_frequent: int | None = None, seed: int = 1) -> "Clusters":
        """The words in k clusters by the directions of their vectors; see `firth.vectors.clusters.clusters`."""
        from firth.vectors.clusters import clusters

        return clusters(self, k, most_frequent=most_frequent, seed=seed)

    def edges(self, threshold: float, *, most_frequent: int | None = None) -> Iterator[tuple[str, str, float]]:
        """Yield (word, word, cosine) of every pair of at least `threshold`; see `firth.vectors.graph.edges`."""
        from firth.vectors.graph import edges

        return edges(self, threshold, most_frequent=most_frequent)

    def graph(self, threshold: float, *, most_frequent: int | None = None, k: int | None = None) -> Any:
        """The same pairs as a symmetric scipy.sparse.csr_array (n, n); see `firth.vectors.graph.graph`."""
        from firth.vectors.graph import graph

        return graph(self, threshold, most_frequent=most_frequent, k=k)

    most_frequent = transforms.most_frequent
    plus_outside = transforms.plus_outside
    centered = transforms.centered
    without_top = transforms.without_top
    reduced = transforms.reduced
    normalized = transforms.normalized

    @cached_property
    def _index(self) -> "Index":
        from firth.vectors.index import open_index

        if self.path is None:
            raise ConfigError("these vectors come from no file, so no index is beside it: save them, and load the file")
        return open_index(self, self.path)

    def _units(self, words: Sequence[Query]) -> Doubles:
        """The vectors (m, d) of words, or vectors, in float64, scaled to length 1; a zero vector stays zero."""
        check_mapped(self.center, self.path)
        rows = np.empty((len(words), self.center.shape[1]))
        for place, word in enumerate(words):
            rows[place] = self._vector(word) if isinstance(word, np.ndarray) else self._row(word)
        broken = ~np.isfinite(rows).all(axis=1)
        if broken.any():
            raise FormatError(
                f"{_told(words[int(broken.argmax())])} holds a NaN or an infinity: expected finite numbers"
            )
        return scaled(rows)

    def _queries(self, words: Sequence[Query]) -> Doubles:
        """The same, none of which is zero."""
        units = self._units(words)
        zero = ~units.any(axis=1)
        if zero.any():
            raise FormatError(f"{_told(words[int(zero.argmax())])} is zero: it has no direction, so nothing is near it")
        return units

    def _vector(self, vector: npt.NDArray[Any]) -> npt.NDArray[Any]:
        d = self.center.shape[1]
        if vector.shape != (d,) or vector.dtype.kind not in "fiu":
            raise ConfigError(f"a vector is {vector.dtype} of shape {vector.shape}: expected {d} numbers")
        return vector

    def _group(self, words: Any) -> Doubles:
        """The vector (d,) of length 1 of a word, a vector, or a group."""
        words = as_word(words)
        if isinstance(words, str | np.ndarray):
            return np.asarray(self._units([words])[0])
        if not len(words):
            raise ConfigError("a group has no word: expected one or more")
        return scaled(self._units(list(words)).mean(axis=0))

    def _sum(self, positive: Sequence[Weighted], negative: Sequence[Weighted]) -> tuple[Doubles, list[list[Query]]]:
        """The weighted sum (1, d) of words and vectors, scaled to length 1, and what was added up."""
        items: list[Query] = []
        weights: list[float] = []
        for sign, group, name in ((1, positive, "positive"), (-1, negative, "negative")):
            if isinstance(as_word(group), str):
                raise ConfigError(f"{name} is {quoted(group)}: expected a list, [{quoted(group)}]")
            for item in group:
                if isinstance(item, tuple) and len(item) != 2:
                    raise ConfigError(f"{name} has {quoted(item)}: expected a word, a vector, or a pair (word, weight)")
                word, weight = item if isinstance(item, tuple) else (item, 1.0)
                if (
                    isinstance(weight, bool)
                    or not isinstance(weight, int | float | np.number)
                    or not np.isfinite(weight)
                ):
                    raise ConfigError(f"the weight of {_told(word)} is {quoted(weight)}: expected a number")
                items.append(word)
                weights.append(sign * float(weight))
        if not items:
            raise ConfigError("there is nothing to look for: give a word, a vector, or positive and negative ones")
        shares = np.array(weights) / (np.abs(weights).max() or 1.0)
        total = (shares[:, None] * self._queries(items)).sum(axis=0)
        if np.abs(total).max() <= ROUNDING * np.abs(shares).sum():
            raise ConfigError("the sum of positive and negative is zero: it has no direction, so nothing is near it")
        return scaled(total)[None], [items]

    def _among(self, within: Sequence[Word] | None, most_frequent: int | None) -> tuple[Directions, Ids | None]:
        """The rows to look among, and their ids, or None if they are the first rows."""
        if within is None:
            ids = most_frequent_ids(self.counts, most_frequent)
            if len(ids) == len(self):
                return self.directions, None
            first = ids[-1] == len(ids) - 1
            return self.directions.first(len(ids)) if first else self.directions.chosen(ids), ids
        if most_frequent is not None:
            raise ConfigError("within and most_frequent are given: expected one of them")
        if isinstance(as_word(within), str):
            raise ConfigError(f"within is {quoted(within)}: expected a list of words")
        places = {word: self.id_of(word) for word in map(as_word, within)}
        for word, place in places.items():
            if place is None:
                self._row(word)
                raise ConfigError(
                    f"within: {quoted(word)} is not among the {len(self):,} words: expected words with a row"
                )
        ids = np.unique(np.array(list(places.values()), np.int64))
        if not len(ids):
            raise ConfigError("within has no word: expected one or more")
        return self.directions.chosen(ids), ids

    def _places(self, words: Sequence[Query], ids: Ids | None) -> list[int]:
        """Where the words are among the rows `ids`, or, if that is None, among all."""
        spelled = (word for word in map(as_word, words) if isinstance(word, str))
        own = [place for word in spelled if (place := self.id_of(word)) is not None]
        return own if ids is None else np.flatnonzero(np.isin(ids, own)).tolist()

    def _named(self, found: Iterator[Found], ids: Ids | None) -> Iterator[Scored]:
        """Answers by words in place of rows."""
        for rows, scores in found:
            places = rows if ids is None else ids[rows]
            yield [(self.words[i], score) for i, score in zip(places.tolist(), scores.tolist(), strict=True)]


def load(path: AnyPath) -> WordVectors:
    """The vectors in a .safetensors file that firth wrote, memory-mapped: matrices are read when used.

    Raises FormatError, saying what was found and expected, for anything else. Non-finite numbers are found
    later, by the query that meets them. The checksum is not compared: `firth verify` does that.
    """
    path = as_path(path)
    if not path.name:
        raise FormatError(f"{path}: a folder: expected the name of a file that ends in {SUFFIX}")
    if path.suffix != SUFFIX:
        raise FormatError(
            f"{path}: a vectors file of firth ends in {SUFFIX}; for one of word2vec or fastText, run: "
            f"firth convert {path} {path.with_suffix(SUFFIX)}"
        )
    return from_file(read_tensors(path))


def from_file(file: TensorFile) -> WordVectors:
    """The vectors in an open file. Raises FormatError where it holds none, or none that fit together."""
    parts = unpack(file)
    with naming(file.path):
        vectors = WordVectors(**parts)
    vectors.path = file.path
    return vectors


def _check_length(kind: str, items: Sequence[Sequence[Word]], length: int) -> None:
    wrong = next((item for item in items if isinstance(as_word(item), str) or len(item) != length), None)
    if wrong is not None:
        raise ConfigError(f"a {kind} is {quoted(wrong)}: expected {length} words")


def _told(item: Query) -> str:
    return "a vector that is given" if isinstance(item, np.ndarray) else f"the vector of {quoted(item)}"


def _checked_threshold(threshold: float) -> float:
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number) or not -1 <= threshold <= 1:
        raise ConfigError(f"threshold is {quoted(threshold)}: expected a cosine, from -1 to 1")
    return float(threshold)
