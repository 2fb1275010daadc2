"""Keys and their vectors: looked up, added, replaced, sorted; and what else is known of each key."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from firth.corpus.vocabulary import Vocabulary, is_whole
from firth.gensim._errors import ArgumentError, KindError, UnknownKeyError
from firth.gensim.models._rows import Array, Rows
from firth.vectors.directions import Directions, Doubles, lengths_of, scaled
from firth.vectors.rows import blocks

Key = Any
"""A string or an integer."""

ONE_KEY = (str, int, np.integer)

SPELLED_AT_MOST = 200_000
"""The keys among which an error looks for the nearest spellings."""


class MissingKeyError(UnknownKeyError):
    """A key is not there. The nearest spellings are sought when the message is read: many programs never read it."""

    def __init__(self, key: Key, keys: list[Any]) -> None:
        super().__init__(key)
        self._keys = keys

    def __str__(self) -> str:
        key, n = self.args[0], len(self._keys)
        found = f"Key {key!r:.100} not present among the {n:,} keys"
        words = [word for word in self._keys[:SPELLED_AT_MOST] if isinstance(word, str)]
        if not n:
            return f"Key {key!r:.100} not present: there is no key yet"
        if not isinstance(key, str) or not words:
            return f"{found}: expected one of them, or an index from 0 to {n - 1}"
        near = ", ".join(
            f"{word!r:.60}" for word in Vocabulary(words, np.zeros(len(words), np.int64)).suggest(key[:100])
        )
        return f"{found}: " + (f"the nearest spellings are {near}" if near else "no key is spelt like it")

    def __reduce__(self) -> tuple[Any, ...]:
        return UnknownKeyError, (str(self),)


class Lookup:
    """Keys, their vectors, and attributes of the keys.

    vectors: (n, vector_size), which programs may change in place; queries notice. index_to_key: the n keys;
    key_to_index: their places. expandos: an array (n,) for each attribute, such as "count". norms: the lengths (n,) of
    the vectors as `fill_norms` found them, or None. vectors_lockf: what updates in training are multiplied by, (n,) or,
    where all are equal, (1,). lifecycle_events: what `add_lifecycle_event` told, or None for not to keep it.
    """

    _apart: ClassVar[frozenset[str]] = frozenset(
        {"vector_size", "index_to_key", "key_to_index", "next_index", "vectors", "expandos", "norms", "vectors_lockf"}
        | {"mapfile_path", "_rows", "_normed"}
    )
    """The attributes that are saved in a way of their own, or not at all."""

    def __init__(self, vector_size: int, count: int = 0, dtype: Any = np.float32, mapfile_path: Any = None) -> None:
        """Make room for `count` vectors, which `add_vector` fills; their keys are None until then."""
        self.vector_size = vector_size
        self.index_to_key: list[Any] = [None] * count
        self.key_to_index: dict[Any, int] = {}
        self.next_index = 0
        self.vectors: Array = np.zeros((count, vector_size), dtype)
        self.expandos: dict[str, Array] = {}
        self.norms: Array | None = None
        self.vectors_lockf: npt.NDArray[np.float32] = np.ones(1, np.float32)
        self.mapfile_path = mapfile_path
        self.lifecycle_events: list[dict[str, Any]] | None = []
        self._rows = Rows()
        self._normed: tuple[Directions, Array] | None = None

    def set_all(self, keys: Sequence[Any], vectors: Array, counts: npt.NDArray[np.int64]) -> None:
        """Take over the keys and vectors of a model, which may go on changing the array `vectors` in place."""
        self.index_to_key = list(keys)
        self.key_to_index = {key: index for index, key in enumerate(self.index_to_key)}
        self.next_index = len(self.index_to_key)
        self.vectors, self.expandos, self.norms = vectors, {"count": counts}, None

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_rows", "_normed")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._rows, self._normed = Rows(), None

    # Looking up.

    def __len__(self) -> int:
        """The number of keys."""
        return len(self.index_to_key)

    def __contains__(self, key: Key) -> bool:
        """Whether there is a vector for a key, or a row of that number."""
        return self.has_index_for(key)

    def has_index_for(self, key: Key) -> bool:
        """Whether a key has a row of its own."""
        return bool(self.get_index(key, -1) >= 0)

    def get_index(self, key: Key, default: Any = None) -> Any:
        """The row of a key; an integer that is no key is a row itself.

        For a key that is not there `default`, and UnknownKeyError if that is None.
        """
        try:
            index = self.key_to_index.get(key)
        except TypeError:
            raise KindError(f"the key is {key!r:.100}: expected a string or an integer") from None
        if index is not None:
            return index
        if isinstance(key, int | np.integer) and 0 <= key < len(self.index_to_key):
            return int(key)
        if default is not None:
            return default
        raise self._unknown(key)

    def __getitem__(self, key_or_keys: Any) -> Array:
        """The vector (d,) of a key, read-only, or those (m, d) of m keys, a copy. Raises UnknownKeyError."""
        if isinstance(key_or_keys, ONE_KEY):
            return self.get_vector(key_or_keys)
        if isinstance(key_or_keys, slice) or not isinstance(key_or_keys, Iterable):
            raise KindError(f"the key is {key_or_keys!r:.100}: expected a key or a list of keys; see also .vectors")
        rows = [self.get_vector(key) for key in key_or_keys]
        return np.array(rows, self.vectors.dtype).reshape(-1, self.vector_size)

    def get_vector(self, key: Key, norm: bool = False) -> Array:
        """The vector (d,) of a key, read-only; with `norm` scaled to length 1. Raises UnknownKeyError."""
        index = self.get_index(key)
        self._check_vectors()
        row = self.vectors[index]
        if norm:
            return self._typed(scaled(row))
        row.flags.writeable = False
        return np.asarray(row)

    def get_mean_vector(
        self,
        keys: Any,
        weights: Any = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Array:
        """The weighted mean (d,) of keys and of vectors of your own: Σ weight · vector / Σ |weight|.

        keys: a list of keys and arrays (d,); arrays are never scaled. weights: one a key, 1 by default. pre_normalize:
        scale the keys' vectors to length 1 before. post_normalize: scale the mean to length 1. ignore_missing: leave
        out keys that are not there, with a warning where no key is left (the mean is then zero).

        Raises ValueError for no key or a wrong number of weights, TypeError for a string in place of a list, and
        UnknownKeyError.
        """
        keys = self._listed("keys", keys)
        if not keys:
            raise ArgumentError("cannot compute mean with no input: expected one key or more")
        weights = np.ones(len(keys)) if weights is None else np.asarray(weights, np.float64)
        if weights.shape != (len(keys),):
            raise ArgumentError(
                f"there are {len(keys)} keys and weights of shape {weights.shape}: expected one weight a key"
            )
        if ignore_missing:
            there = [isinstance(key, np.ndarray) or key in self for key in keys]
            keys = [key for key, found in zip(keys, there, strict=True) if found]
            weights = weights[there]
        if not keys:
            warnings.warn("no key has a vector, so the mean is zero", stacklevel=2)
            return np.zeros(self.vector_size, self.vectors.dtype)
        return self._typed(self._mean(keys, weights, pre_normalize, post_normalize))

    def _mean(self, keys: Sequence[Any], weights: Doubles, unit: bool, unit_mean: bool = False) -> Doubles:
        """The weighted mean (d,) of keys and arrays, in float64."""
        rows = np.array([self._term(key, unit) for key in keys])
        total = float(np.abs(weights).sum())
        mean = (weights[:, None] * rows).sum(axis=0) / (total if total > 0 else 1.0)
        return np.asarray(scaled(mean) if unit_mean else mean)

    def _term(self, key: Any, unit: bool) -> Doubles:
        """The vector (d,) of a key in float64, scaled to length 1 if `unit`; an array as it is."""
        if not isinstance(key, np.ndarray):
            row = self.get_vector(key).astype(np.float64)
            return scaled(row) if unit else row
        if key.shape != (self.vector_size,) or key.dtype.kind not in "fiu":
            raise ArgumentError(
                f"a vector is {key.dtype} of shape {key.shape}: expected numbers of shape ({self.vector_size},)"
            )
        return key.astype(np.float64)

    @property
    def _dtype(self) -> Any:
        return self.vectors.dtype if self.vectors.dtype.kind == "f" else np.dtype(np.float32)

    def _typed(self, row: Doubles) -> Array:
        return np.asarray(row, self._dtype)

    def _listed(self, name: str, keys: Any) -> list[Any]:
        """Some keys as a list. Raises KindError for a string, whose letters nobody means, and for what is no list."""
        if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
            raise KindError(f"{name} is {keys!r:.100}: expected a list of keys")
        return list(keys)

    def _unknown(self, key: Key) -> UnknownKeyError:
        return MissingKeyError(key, self.index_to_key)

    def _check_vectors(self) -> None:
        """Raise ArgumentError where `vectors`, which programs may assign, are not numbers (n, vector_size)."""
        if not isinstance(self.vectors, np.ndarray):
            self.vectors = self._numbers("vectors", self.vectors, np.float32)
        shape = len(self.index_to_key), self.vector_size
        if self.vectors.shape != shape or self.vectors.dtype.kind not in "fiub":
            raise ArgumentError(
                f"vectors is {self.vectors.dtype} of shape {self.vectors.shape}, and there are {shape[0]} keys and "
                f"vector_size is {shape[1]}: expected numbers of shape {shape}; set index_to_key, key_to_index and "
                "vector_size to fit, or begin with new KeyedVectors and add_vectors()"
            )

    def _check_writable(self) -> None:
        """Raise ArgumentError where `vectors` cannot be changed in place."""
        if not self.vectors.flags.writeable:
            raise ArgumentError(
                "the vectors are read-only, as load(mmap='r') makes them: load without mmap to change them"
            )

    @staticmethod
    def _numbers(name: str, values: Any, dtype: Any) -> Array:
        """Numbers as an array of a type. Raises ArgumentError for what are none, or lists that differ in length."""
        try:
            array = values if isinstance(values, np.ndarray) else np.array(list(values))
            if array.dtype.kind not in "fiubO":
                raise TypeError(f"of type {array.dtype}")
            return array.astype(dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise ArgumentError(f"{name}: {error!s:.150}: expected numbers in rows of one length") from None

    # Adding and replacing.

    def add_vector(self, key: Key, vector: Any) -> int:
        """Add a key and its vector, in a free row if there is one, and return its index.

        A key that is there keeps its vector, with a warning. Adding many keys one by one copies all vectors each time:
        `add_vectors` adds them at once.
        """
        self._check_keys([key])
        if key in self.key_to_index:
            warnings.warn(
                f"the key {key!r:.100} is there already and keeps its vector: to replace it, write wv[key] = vector",
                stacklevel=2,
            )
            return self.key_to_index[key]
        row = self._checked([key], self._numbers("vector", vector, self.vectors.dtype)[None])[0]
        index = self.next_index
        while index < len(self) and self.index_to_key[index] is not None:
            index += 1
        if index == len(self):
            warnings.warn(
                "adding vectors one at a time copies all of them each time: add them at once with add_vectors, or make "
                "room with KeyedVectors(vector_size, count)",
                stacklevel=2,
            )
            self._append([key], row[None])
        else:
            self._check_writable()
            self.vectors[index] = row
            self.index_to_key[index], self.key_to_index[key] = key, index
            self.norms = None
        self.next_index = index + 1
        self.allocate_vecattrs()
        return index

    def add_vectors(
        self, keys: Any, weights: Any, extras: Mapping[str, Any] | None = None, replace: bool = False
    ) -> None:
        """Add keys and their vectors at the end; a key that is there keeps its vector, unless `replace`.

        keys: m of them, or one. weights: their vectors (m, d). extras: arrays (m,) of attributes by name. Raises
        ValueError, with nothing changed, where these do not fit together.
        """
        self._check_vectors()
        one = isinstance(keys, ONE_KEY)
        keys = [keys] if one else self._listed("keys", keys)
        self._check_keys(keys)
        rows = self._numbers("weights", weights, self.vectors.dtype)
        rows = self._checked(keys, rows.reshape(1, -1) if one else rows)
        values_of = {name: self._extra(name, values, len(keys)) for name, values in (extras or {}).items()}
        new = list(dict.fromkeys(key for key in keys if key not in self.key_to_index))
        added = set(new)
        last = dict(zip(keys, range(len(keys)), strict=True))
        first = dict(zip(reversed(keys), reversed(range(len(keys))), strict=True))
        chosen = last if replace else first
        if replace and len(keys) and not new:
            self._check_writable()
        self._append(new, rows[[chosen[key] for key in new]])
        written = [key for key in chosen if replace or key in added]
        targets = np.array([self.key_to_index[key] for key in written], np.int64)
        sources = np.array([chosen[key] for key in written], np.int64)
        if replace and len(targets):
            self.vectors[targets] = rows[sources]
        self.norms = None
        self.allocate_vecattrs()
        self.allocate_vecattrs(list(values_of), [values.dtype for values in values_of.values()])
        for name, values in values_of.items():
            self.expandos[name][targets] = values[sources]

    def __setitem__(self, keys: Any, weights: Any) -> None:
        """Add keys and their vectors, or replace the vectors of keys that are there: `add_vectors` with `replace`."""
        self.add_vectors(keys, weights, replace=True)

    def _checked(self, keys: list[Any], rows: Array) -> Array:
        """Rows (m, d) for keys. Raises ArgumentError where they are not."""
        if rows.shape != (len(keys), self.vector_size) and not (not keys and not rows.size):
            raise ArgumentError(
                f"there are {len(keys)} keys and vectors of shape {rows.shape}: "
                f"expected ({len(keys)}, {self.vector_size})"
            )
        return rows.reshape(-1, self.vector_size)

    def _check_keys(self, keys: list[Any]) -> None:
        for key in keys:
            if not isinstance(key, ONE_KEY):
                raise KindError(f"a key is {key!r:.100}: expected a string or an integer")

    def _extra(self, name: str, values: Any, n: int) -> Array:
        """The values (n,) of an attribute of new keys. Raises ArgumentError for another shape, KindError for a type."""
        try:
            array = np.asarray(values)
        except ValueError:
            raise ArgumentError(f"extras[{name!r:.60}] has lists that differ in length: expected {n} values") from None
        if array.shape != (n,):
            raise ArgumentError(
                f"extras[{name!r:.60}] is of shape {array.shape}: expected one value for each of {n} keys"
            )
        self._check_type(name, _held_as(array.dtype))
        return array

    def _append(self, keys: list[Any], rows: Array) -> None:
        """Add new keys and their rows at the end."""
        if keys:
            self.vectors = np.concatenate([self.vectors, rows])
            self.key_to_index.update(zip(keys, range(len(self), len(self) + len(keys)), strict=True))
            self.index_to_key.extend(keys)

    def vectors_for_all(self, keys: Iterable[Any], allow_inference: bool = True, copy_vecattrs: bool = False) -> Any:
        """New KeyedVectors of some keys, each once, in their order; keys without a vector are left out.

        allow_inference: also make vectors for words never seen, where there are n-grams. copy_vecattrs: take the
        attributes of the keys along, 0 for words never seen.
        """
        there = self.__contains__ if allow_inference else self.has_index_for
        kept = [key for key in dict.fromkeys(keys) if there(key)]
        made = self._plain(self.vector_size, dtype=self.vectors.dtype)
        made.add_vectors(kept, np.array([self.get_vector(key) for key in kept]).reshape(-1, self.vector_size))
        if copy_vecattrs:
            places = np.array([self.get_index(key, -1) for key in kept], np.int64)
            for name, values in self.expandos.items():
                made.expandos[name] = np.zeros(len(kept), values.dtype)
                made.expandos[name][places >= 0] = values[places[places >= 0]]
        return made

    @classmethod
    def _plain(cls, vector_size: int, dtype: Any) -> Self:
        """Empty vectors of the kind that `vectors_for_all` makes."""
        return cls(vector_size, dtype=dtype)

    def resize_vectors(self, seed: int = 0) -> None:
        """Make `vectors` as long as `index_to_key`; new rows are random, from -1/d to 1/d."""
        self.vectors = prep_vectors((len(self.index_to_key), self.vector_size), self.vectors, seed)
        self.norms = None
        self.allocate_vecattrs()

    def sort_by_descending_frequency(self) -> None:
        """Put the keys in the order of their counts, the most frequent first; of equal counts the first stays first."""
        if "count" not in self.expandos:
            return  # as gensim
        order = np.argsort(-self.expandos["count"].astype(np.float64), kind="stable")
        self._reorder(order)

    def _reorder(self, order: npt.NDArray[np.int64]) -> None:
        self.index_to_key = [self.index_to_key[index] for index in order.tolist()]
        self.key_to_index = {key: index for index, key in enumerate(self.index_to_key)}
        if len(self.vectors) == len(order):
            self.vectors = self.vectors[order]
        if len(self.vectors_lockf) == len(order):
            self.vectors_lockf = self.vectors_lockf[order]
        self.expandos = {name: values[order] for name, values in self.expandos.items()}
        self.norms = None

    # Attributes of keys.

    def allocate_vecattrs(self, attrs: Sequence[str] | None = None, types: Sequence[Any] | None = None) -> None:
        """Make arrays for attributes, as long as `index_to_key`, new values being 0; without arguments for those there.

        Raises TypeError for an attribute that has another type already.
        """
        if attrs is None:
            attrs, types = list(self.expandos), [values.dtype for values in self.expandos.values()]
        n = len(self.index_to_key)
        for name, kind in zip(attrs, types or [], strict=True):
            dtype = _held_as(np.dtype(kind))
            held = self.expandos.get(name)
            if held is None:
                self.expandos[name] = np.zeros(n, dtype)
                continue
            self._check_type(name, dtype)
            if len(held) != n:
                self.expandos[name] = np.concatenate([held[:n], np.zeros(max(0, n - len(held)), held.dtype)])

    def _check_type(self, name: str, dtype: Any) -> None:
        """Raise KindError where an attribute is there and cannot hold values of a type."""
        held = self.expandos.get(name)
        if held is not None and not np.can_cast(dtype, held.dtype, "safe") and dtype != held.dtype:
            raise KindError(
                f"the attribute {name!r:.60} is of type {held.dtype}, which cannot hold {dtype}: "
                "expected the type of the first value that was set"
            )

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Set an attribute of a key; the first value of an attribute decides its type. Raises TypeError for others."""
        index, held = self.get_index(key), self.expandos.get(attr)
        if held is not None and held.dtype.kind in "iu" and is_whole(val):
            kind, val = held.dtype, int(val)
        else:
            kind = np.asarray(val).dtype if np.isscalar(val) else np.dtype(object)
        self.allocate_vecattrs([attr], [kind])
        try:
            self.expandos[attr][index] = val
        except OverflowError:
            raise ArgumentError(
                f"the attribute {attr!r:.60} of {key!r:.60} is {val!r:.60}: too large for {self.expandos[attr].dtype}"
            ) from None

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """An attribute of a key, such as "count". Raises UnknownKeyError for either."""
        index = self.get_index(key)
        if attr not in self.expandos:
            raise UnknownKeyError(f"no attribute {attr!r:.60}: there are {sorted(self.expandos)!r:.100}")
        return self.expandos[attr][index]

    # Lengths.

    def fill_norms(self, force: bool = False) -> None:
        """Set `norms` to the lengths (n,) of the vectors as they are now; `force` is not needed for that.

        Queries do not use `norms`: they notice by themselves that vectors have changed.
        """
        self.norms = lengths_of(self.vectors).astype(np.float32) if len(self.vectors) else np.zeros(0, np.float32)

    def get_normed_vectors(self) -> Array:
        """The vectors (n, d), each scaled to length 1, a copy; zero vectors stay zero."""
        normed = np.array(self.vectors, self._dtype)
        _scale(normed)
        return normed

    def unit_normalize_all(self) -> None:
        """Scale the vectors to length 1 in place; zero vectors stay zero."""
        self._check_writable()
        _scale(self.vectors)
        self.norms = np.ones(len(self.vectors), np.float32)


def _held_as(dtype: Any) -> Any:
    """The type of the array of an attribute whose values are of this one."""
    return dtype if dtype.kind in "biuf" else np.dtype(object)


def _scale(rows: Array) -> None:
    """Scale rows (n, d) to length 1 in place; zero rows stay zero."""
    for block in blocks(len(rows), max(1, rows.shape[1])):
        rows[block] = scaled(rows[block])


def prep_vectors(
    target_shape: tuple[int, int], prior_vectors: Array | None = None, seed: int = 0, dtype: Any = np.float32
) -> Array:
    """An array (n, d): first the rows of `prior_vectors`, then random ones from -1/d to 1/d."""
    prior = np.zeros((0, target_shape[1]), dtype) if prior_vectors is None else prior_vectors
    if prior.shape == target_shape:
        return prior
    kind: Any = np.float64 if np.dtype(dtype) == np.float64 else np.float32
    rows = np.random.default_rng(seed).random(target_shape, dtype=kind)
    rows = ((rows * 2 - 1) / target_shape[1]).astype(dtype)
    rows[: len(prior)] = prior[: target_shape[0]]
    return np.asarray(rows)
