"""Questions to keyed vectors: what is near, how near, and what does not belong.

Neighbours, ranks and outliers are decided in float64, whatever the type of the vectors.
"""

import logging
import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.gensim._errors import ArgumentError, EmptyError, KindError, MissingPackageError
from firth.gensim.models._lookup import Key, Lookup
from firth.gensim.models._rows import Array
from firth.vectors.directions import Directions, Doubles, Ids, cosines, scaled
from firth.vectors.queries import nearest

logger = logging.getLogger("firth.gensim.models.keyedvectors")

COSMUL_EPSILON = 1e-6
"""What gensim's 3CosMul adds to the denominator."""

ROUNDING = 1e-12
"""A sum is zero if no number of it is above this share of what was added up."""

DECIMALS = 12
"""Of products that are compared, so that rounding does not decide between equal ones."""

Scored = list[tuple[Any, float]]


class Queries(Lookup):
    """Keyed vectors to be asked."""

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
    ) -> Any:
        """The topn keys nearest to a weighted sum, [(key, cosine), ...], without those that are asked about.

        positive, negative: a key, a vector (d,), or a list of keys, vectors and pairs (key or vector, weight); the
        weights are 1 and -1 by default. Keys count with their vectors scaled to length 1, vectors of your own as they
        are. A list of lists as `positive`, with `negative` None or a list of as many lists, asks several questions at
        once and returns a list of answers.

        topn: how many; None returns the cosines of all rows, float32. clip_start, clip_end: look among these rows;
        restrict_vocab: among the first so many. indexer: an object whose most_similar(vector, topn) answers in place of
        the exact search. Rows that are zero or not finite are never an answer.

        Raises KeyError for a key without a vector, ValueError and TypeError for other arguments.
        """
        if _is_batch(positive):
            if indexer is not None:
                raise ArgumentError("an indexer answers one question at a time: leave the list of lists out")
            negatives = [None] * len(positive) if negative is None else list(negative)
            if isinstance(negative, str) or len(negatives) != len(positive):
                raise ArgumentError(
                    f"positive has {len(positive)} lists and negative {len(negatives)}: expected as many, or None"
                )
            asked = [self._sum(*pair) for pair in zip(positive, negatives, strict=True)]
            return self._answers(asked, topn, self._clipped(clip_start, clip_end, restrict_vocab))
        query, own = self._sum(positive, negative)
        topn = _checked_topn(topn)
        if indexer is not None and topn is not None:
            return indexer.most_similar(query.astype(np.float32), topn)
        return self._answers([(query, own)], topn, self._clipped(clip_start, clip_end, restrict_vocab))[0]

    def similar_by_word(self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """The topn keys nearest to a key; see `most_similar`."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_key(self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """The topn keys nearest to a key; see `most_similar`."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(self, vector: Any, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """The topn keys nearest to a vector (d,); see `most_similar`."""
        one = vector if isinstance(vector, str | int | np.integer) else np.asarray(vector)
        return self.most_similar(positive=[one], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self, positive: Any = None, negative: Any = None, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """The topn best keys by 3CosMul (Levy and Goldberg, 2014), [(key, score), ...], without those asked about.

        The score is Π (1 + cos(x, p)) / 2 over the positive keys, divided by Π (1 + cos(x, n)) / 2 over the negative
        ones plus 0.000001. topn None returns the scores of all rows, float64. Unlike in gensim, restrict_vocab counts,
        integers are rows, and vectors of your own are scaled to length 1 too. Raises as `most_similar`.
        """
        groups = [_items("positive", positive), _items("negative", negative)]
        if not groups[0]:
            raise ArgumentError("cannot compute similarity with no input: expected one positive key or more")
        for item in groups[0] + groups[1]:
            if isinstance(item, tuple | list):
                raise KindError(f"an item is {item!r:.100}: 3CosMul has no weights: expected a key or a vector")
        topn = _checked_topn(topn)
        terms = [self._direction(item) for item in groups[0] + groups[1]]
        own = self._own(groups[0] + groups[1])
        directions, first = self._among(self._clipped(0, None, restrict_vocab))
        if topn is None:
            return _cosmul([_cosines_of(directions, term) for term in terms], len(groups[0]))
        if topn < 1 or not len(directions):
            return []
        return self._named(*best_products(directions, terms, len(groups[0]), [i - first for i in own], topn), first)

    def similarity(self, w1: Key, w2: Key) -> np.float32:
        """The cosine of two keys, from -1 to 1; 0 if a vector is zero. Raises KeyError."""
        return np.float32(_cosine(self.get_vector(w1), self.get_vector(w2)))

    def distance(self, w1: Key, w2: Key) -> np.float32:
        """1 minus the cosine of two keys. Raises KeyError."""
        return np.float32(1 - _cosine(self.get_vector(w1), self.get_vector(w2)))

    def n_similarity(self, ws1: Any, ws2: Any) -> np.float32:
        """The cosine of the sums of two lists of keys; keys without a vector are left out.

        Raises ValueError (and ZeroDivisionError) for an empty list. Warns where no key of a list has a vector; the
        result is then 0.
        """
        groups = self._listed("ws1", ws1), self._listed("ws2", ws2)
        if not all(groups):
            raise EmptyError("at least one of the two lists is empty: expected one key or more in each")
        means = [self.get_mean_vector(group, pre_normalize=False).astype(np.float64) for group in groups]
        return np.float32(cosines(scaled(means[0]), scaled(means[1])))

    def distances(self, word_or_vector: Any, other_words: Iterable[Key] | None = ()) -> npt.NDArray[np.float32]:
        """1 minus the cosine (m,) of a key or vector with each of m other keys; without them with all n rows.

        A vector that is zero is at distance 1 from all. Raises KeyError.
        """
        query = self._direction(word_or_vector)
        others = list(other_words) if other_words is not None else []
        if not others:
            return np.asarray(1 - _cosines_of(self._among(slice(None))[0], query), np.float32)
        rows = np.array([self.get_vector(word) for word in others])
        return np.asarray(1 - cosines(scaled(rows), query), np.float32)

    @staticmethod
    def cosine_similarities(vector_1: Any, vectors_all: Any) -> Array:
        """The cosines (m,) of a vector (d,) with the rows (m, d) of a matrix; 0 if one is zero."""
        vector_1, vectors_all = np.asarray(vector_1), np.asarray(vectors_all)
        kind = np.result_type(vector_1, vectors_all, np.float16)
        return np.asarray(cosines(scaled(vectors_all), scaled(vector_1)), kind)

    def doesnt_match(self, words: Any) -> Any:
        """The key that is least like the others: with the least cosine to the mean of all, each scaled to length 1.

        Keys without a vector are left out, with a line in the log. Ties go to the first. Raises ValueError if no key is
        left, and TypeError for a string in place of a list.
        """
        used, values = self._likeness(words, True)
        return used[int(np.round(values, DECIMALS).argmin())]

    def rank_by_centrality(self, words: Any, use_norm: bool = True) -> list[tuple[np.float32, Any]]:
        """The keys by their likeness to the mean of all, [(value, key), ...], the likest first.

        The value is the product of the key's vector, scaled to length 1 if `use_norm`, and of the mean scaled to length
        1. Keys without a vector are left out, with a line in the log. Raises ValueError if none is left.
        """
        used, values = self._likeness(words, use_norm)
        order = np.argsort(-values, kind="stable")
        return [(np.float32(values[i]), used[i]) for i in order.tolist()]

    def closer_than(self, key1: Key, key2: Key) -> list[Any]:
        """The keys that are nearer to `key1` than `key2` is, in the order of the vocabulary. Raises KeyError."""
        return [self.index_to_key[i] for i in self._closer(key1, key2).tolist()]

    def rank(self, key1: Key, key2: Key) -> int:
        """The place of `key2` among the neighbours of `key1`, 1 for the nearest. Raises KeyError."""
        return len(self._closer(key1, key2)) + 1

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Any:
        """The key of a list that is nearest to `key1`. Raises ValueError for an empty list, KeyError."""
        if not len(self._listed("keys_list", keys_list)):
            raise ArgumentError("keys_list is empty: expected one key or more")
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """The cosine of two keys, divided by the sum of the cosines of `wa` with its topn nearest keys.

        Leeuwenberg et al. (2016), equation 1: synonyms have more than 0.1 with topn 10.
        """
        total = float(sum(value for _, value in self.similar_by_word(wa, topn)))
        if total == 0:
            raise ArgumentError(f"the cosines of {wa!r:.60} with its {topn} nearest keys add up to 0")
        return _cosine(self.get_vector(wa), self.get_vector(wb)) / total

    def wmdistance(self, document1: Any, document2: Any, norm: bool = True) -> float:
        """The Word Mover's Distance (Kusner et al., 2015) of two lists of words; infinite where one has no vector.

        norm: scale the vectors to length 1 before. Needs `pip install "firth[pot]"`; raises ImportError without.
        """
        try:
            import ot
        except ImportError:
            raise MissingPackageError('wmdistance needs the package POT: pip install "firth[pot]"') from None
        first, second = (
            [word for word in self._listed(name, document) if word in self]
            for name, document in (("document1", document1), ("document2", document2))
        )
        if not first or not second:
            warnings.warn("a document has no word with a vector, so the distance is infinite", stacklevel=2)
            return float("inf")
        words = list(dict.fromkeys([*first, *second]))
        places = {word: place for place, word in enumerate(words)}
        shares = [
            np.bincount([places[word] for word in document], minlength=len(words)) for document in (first, second)
        ]
        rows = np.array([self._term(word, norm) for word in words])
        squares = (rows * rows).sum(axis=1)
        costs = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0))
        np.fill_diagonal(costs, 0)
        return float(ot.emd2(shares[0] / len(first), shares[1] / len(second), costs))

    # What queries are made of.

    def _likeness(self, words: Any, unit: bool) -> tuple[list[Any], Doubles]:
        """The words that have a vector, and the product of each with their mean scaled to length 1."""
        words = self._listed("words", words)
        used = [word for word in words if word in self]
        if len(used) < len(words):
            ignored = [word for word in words if word not in self]
            logger.warning("vectors for words %s are not present in the model, ignoring these words", ignored)
        if not used:
            raise ArgumentError("cannot select a word from an empty list: none of the words has a vector")
        rows = np.array([self._term(word, unit) for word in used])
        return used, rows @ scaled(rows.mean(axis=0))

    def _sum(self, positive: Any, negative: Any) -> tuple[Doubles, list[int]]:
        """The weighted sum (d,) of keys and vectors, scaled to length 1, and the rows of the keys.

        A sum that is zero stays zero, with a warning.
        """
        items, weights = [], []
        for name, given, usual in (("positive", positive, 1.0), ("negative", negative, -1.0)):
            for item in _items(name, given):
                one, weight = item if isinstance(item, tuple | list) else (item, usual)
                items.append(one)
                weights.append(float(weight))
        if not items:
            raise ArgumentError("cannot compute mean with no input: expected one positive or negative key or more")
        rows = np.array([self._term(item, True) for item in items])
        terms = np.array(weights)[:, None] * rows
        total = terms.sum(axis=0)
        if not np.isfinite(total).all():
            raise ArgumentError("a vector or a weight is not finite: expected finite numbers")
        if np.abs(total).max(initial=0) <= ROUNDING * np.abs(terms).max(initial=0):
            warnings.warn(
                "the sum of what is asked about is zero: it has no direction, so no key is near it", stacklevel=4
            )
            total[:] = 0
        return scaled(total), self._own(items)

    def _own(self, items: Sequence[Any]) -> list[int]:
        """The rows of keys that have one."""
        places = (self.get_index(item, -1) for item in items if not isinstance(item, np.ndarray))
        return [place for place in places if place >= 0]

    def _direction(self, item: Any) -> Doubles:
        """A key or a vector (d,) in float64, scaled to length 1."""
        return scaled(self._term(item if isinstance(item, str | int | np.integer) else np.asarray(item), True))

    def _clipped(self, start: int, end: int | None, restrict_vocab: int | None) -> slice:
        """The rows to look among; `restrict_vocab` comes before the others."""
        if restrict_vocab:
            if isinstance(restrict_vocab, bool) or not isinstance(restrict_vocab, int | np.integer):
                raise KindError(f"restrict_vocab is {restrict_vocab!r:.100}: expected a whole number, or None")
            if restrict_vocab < 0:
                raise ArgumentError(f"restrict_vocab is {restrict_vocab}: expected 1 or more, or None for all")
            return slice(0, min(int(restrict_vocab), len(self.vectors)))
        try:
            return slice(*slice(start, end or None).indices(len(self.vectors))[:2])
        except TypeError:
            raise KindError(f"clip_start is {start!r:.60}, clip_end {end!r:.60}: expected whole numbers") from None

    def _among(self, part: slice) -> tuple[Directions, int]:
        """Some rows as directions, and the number of the first. Warns of rows without one, when rows have changed."""
        self._check_vectors()
        if not len(self.vectors):
            return Directions(np.zeros((0, self.vector_size), np.float32), np.zeros(0)), 0
        directions, changed = self._rows.of(self.vectors)
        if changed or self.norms is None:
            self.norms = directions.lengths.astype(np.float32)
        if changed:
            missing = [i for i in directions.missing.tolist() if self.index_to_key[i] is not None]
            if missing:
                warnings.warn(
                    f"{len(missing):,} vectors, such as that of {self.index_to_key[missing[0]]!r:.60}, are zero or not "
                    "finite: such keys are never an answer",
                    stacklevel=5,
                )
        begin, end, _ = part.indices(len(self.vectors))
        if end - begin == len(directions):
            return directions, 0
        return Directions(directions.rows[begin:end], directions.lengths[begin:end]), begin

    def _answers(self, asked: Sequence[tuple[Doubles, list[int]]], topn: int | None, part: slice) -> list[Any]:
        """What is nearest to each query (d,) among some rows, without its own rows."""
        topn = _checked_topn(topn)
        directions, first = self._among(part)
        queries = np.array([query for query, _ in asked]).reshape(-1, self.vector_size)
        if topn is None:
            return [np.asarray(_cosines_of(directions, query), np.float32) for query in queries]
        if topn < 1 or not len(directions):
            return [[] for _ in asked]
        excluded = [[i - first for i in own if 0 <= i - first < len(directions)] for _, own in asked]
        found = nearest(directions, queries, excluded, topn)
        return [self._named(ids, scores, first) for ids, scores in found]

    def _named(self, ids: Ids, scores: Doubles, first: int) -> Scored:
        keys = self.index_to_key
        return [(keys[first + i], score) for i, score in zip(ids.tolist(), scores.tolist(), strict=True)]

    def _closer(self, key1: Key, key2: Key) -> Ids:
        """The rows, but that of key1, whose cosine with key1 is above that of key2."""
        own, other = self.get_index(key1), self.get_index(key2)
        query = scaled(self.vectors[own])
        directions, _ = self._among(slice(None))
        limit = float(cosines(scaled(self.vectors[other]), query))
        scores = directions.scores(query[None])[0]
        scores[[own, other]] = -np.inf
        closer = scores > limit + directions.doubt
        unsure = np.flatnonzero(np.abs(scores - limit) <= directions.doubt)
        closer[unsure] = directions.cosines(unsure, query) > limit
        return np.flatnonzero(closer)


def _is_batch(positive: Any) -> bool:
    """Whether these are several questions: a list of lists, none of them a pair of a key and its weight."""
    return (
        isinstance(positive, list | tuple)
        and len(positive) > 0
        and all(isinstance(one, list) and not (len(one) == 2 and _is_number(one[1])) for one in positive)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _items(name: str, given: Any) -> list[Any]:
    """What is asked about as a list of keys, vectors and pairs with a weight."""
    if given is None:
        return []
    if isinstance(given, str | int | np.integer) or (isinstance(given, np.ndarray) and given.ndim == 1):
        items = [given] if not (isinstance(given, np.ndarray) and given.dtype.kind in "UO") else given.tolist()
    elif isinstance(given, bytes) or not isinstance(given, Iterable):
        raise KindError(f"{name} is {given!r:.100}: expected a key, a vector or a list of them")
    elif isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], float):
        items = [given]
    else:
        items = list(given)
    for item in items:
        if isinstance(item, tuple | list):
            if len(item) != 2 or not _is_number(item[1]):
                raise ArgumentError(f"{name} has {item!r:.100}: expected a key, a vector or a pair (key, weight)")
        elif not isinstance(item, str | int | np.integer | np.ndarray):
            raise KindError(f"{name} has {item!r:.100}: expected a key, a vector or a pair (key, weight)")
    return items


def _cosine(a: Array, b: Array) -> float:
    """The cosine of two vectors (d,); 0 if one is zero."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(over="ignore", under="ignore"):
        squares = float(a @ a), float(b @ b)
    if min(squares) < 1e-100 or max(squares) > 1e100:  # the product of the lengths may overflow or vanish
        return float(cosines(scaled(a), scaled(b)))
    return max(-1.0, min(1.0, float(a @ b) / math.sqrt(squares[0] * squares[1])))


def _checked_topn(topn: Any) -> int | None:
    if topn is not None and not isinstance(topn, int | np.integer):
        raise KindError(f"topn is {topn!r:.100}: expected a whole number, or None for all similarities")
    return None if topn is None else int(topn)


def _cosines_of(directions: Directions, query: Doubles) -> npt.NDArray[Any]:
    """The cosines (n,) of all rows with a query (d,) of length 1 or 0, within float32; 0 for rows without direction."""
    if not len(directions):
        return np.zeros(0, np.float32)
    scores = directions.scores(query[None])[0]
    return np.where(np.isfinite(scores), np.clip(scores, -1, 1), np.float32(0))


def _cosmul(terms: Sequence[npt.NDArray[Any]], positives: int) -> Doubles:
    """The scores of 3CosMul from the cosines with the terms, first the positive ones."""
    parts = [(1 + np.asarray(term, np.float64)) / 2 for term in terms]
    over = np.prod(parts[:positives], axis=0)
    under = np.prod(parts[positives:], axis=0) if parts[positives:] else 1.0
    return np.asarray(over / (under + COSMUL_EPSILON))


def best_products(
    directions: Directions, terms: Sequence[Doubles], positives: int, excluded: Sequence[int], k: int
) -> tuple[Ids, Doubles]:
    """The k best rows by 3CosMul and their scores: float32 finds the candidates, float64 decides."""
    scores = directions.scores(np.array(terms))
    scores[:, [i for i in excluded if 0 <= i < len(directions)]] = -np.inf
    there = np.flatnonzero(np.isfinite(scores[0]))
    found, doubt = scores[:, there].astype(np.float64), directions.doubt
    sign = np.where(np.arange(len(terms)) < positives, doubt, -doubt)[:, None]
    most = _cosmul(list(np.clip(found + sign, -1, 1)), positives)
    fewest = _cosmul(list(np.clip(found - sign, -1, 1)), positives)
    floor = np.partition(fewest, len(fewest) - k)[len(fewest) - k] if k < len(fewest) else -np.inf
    candidates = there[most >= floor]
    exact = _cosmul([directions.cosines(candidates, term) for term in terms], positives)
    order = np.lexsort((candidates, -exact))[:k]
    return candidates[order], exact[order]
