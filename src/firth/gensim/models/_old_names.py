"""The names that gensim 3 had: each works, with a DeprecationWarning that tells the new one."""

from collections.abc import Iterable, Iterator, Mapping
from functools import total_ordering
from typing import Any

import numpy as np

from firth.corpus.vocabulary import is_whole
from firth.gensim._errors import ArgumentError, KindError
from firth.gensim._warnings import renamed
from firth.gensim.models._lookup import Key, Lookup
from firth.gensim.models._queries import Queries
from firth.gensim.models._rows import Array


@total_ordering
class CompatVocab:
    """What gensim 3 kept of a word: its count, its index, and anything else by keyword; ordered by count."""

    def __init__(self, **kwargs: Any) -> None:
        self.count = 0
        vars(self).update(kwargs)

    def __lt__(self, other: Any) -> bool:
        return bool(self.count < other.count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompatVocab) and vars(self) == vars(other)

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}:{value!r}' for name, value in sorted(vars(self).items()))})"

    __repr__ = __str__


class OldVocabulary(Mapping[Any, CompatVocab]):
    """Keys and what is known of each, as `wv.vocab` had it: a view, made entry by entry when asked for.

    counts: the attributes that are 0 where they are not known. place: the name of the row in an entry.
    """

    def __init__(self, vectors: Lookup, counts: Iterable[str] = ("count",), place: str = "index") -> None:
        self._vectors, self._counts, self._place = vectors, counts, place

    def __getitem__(self, key: Key) -> CompatVocab:
        index = self._vectors.key_to_index[key]
        known = {
            name: values[index].item() if isinstance(values[index], np.generic) else values[index]
            for name, values in self._vectors.expandos.items()
        }
        return CompatVocab(**(dict.fromkeys(self._counts, 0) | known | {self._place: index}))

    def __setitem__(self, key: Key, entry: Any) -> None:
        raise KindError(
            f"an entry for {key!r:.60} cannot be set: add keys with add_vectors(keys, vectors, extras={{'count': "
            "counts}), or assign a whole dict to vocab"
        )

    def __delitem__(self, key: Key) -> None:
        raise KindError(f"the entry of {key!r:.60} cannot be deleted: take the keys to keep with vectors_for_all(keys)")

    def __iter__(self) -> Iterator[Any]:
        return iter(self._vectors.key_to_index)

    def __len__(self) -> int:
        return len(self._vectors.key_to_index)

    def __contains__(self, key: object) -> bool:
        return key in self._vectors.key_to_index


class OldNames(Queries):
    """Keyed vectors by the names of gensim 3."""

    @property
    def vocab(self) -> Mapping[Any, CompatVocab]:
        """A mapping of keys to objects with a count and an index."""
        renamed("vocab", "key_to_index, and get_vecattr(key, 'count') for counts")
        return OldVocabulary(self)

    @vocab.setter
    def vocab(self, entries: Mapping[Any, Any]) -> None:
        renamed("vocab", "add_vectors(keys, vectors, extras={'count': counts})")
        if not isinstance(entries, Mapping):
            raise KindError(f"vocab is {entries!r:.100}: expected a dict of keys and their entries")
        keys = list(entries)
        places: dict[Any, Any] = {key: getattr(entries[key], "index", None) for key in keys}
        if all(map(is_whole, places.values())):
            keys.sort(key=lambda key: places[key])
            wrong = next((key for row, key in enumerate(keys) if places[key] != row), None)
            if wrong is not None:
                raise ArgumentError(
                    f"the entry of {wrong!r:.60} has the index {places[wrong]}: expected those from 0 to "
                    f"{len(keys) - 1}, each once"
                )
        counts = (getattr(entries[key], "count", 0) for key in keys)
        self.index_to_key = keys
        self.key_to_index = {key: index for index, key in enumerate(keys)}
        self.expandos = {"count": np.array([count if is_whole(count) else 0 for count in counts], np.int64)}
        self.next_index, self.norms = len(keys), None

    @property
    def index2word(self) -> list[Any]:
        """The keys in the order of their rows."""
        renamed("index2word", "index_to_key")
        return self.index_to_key

    @index2word.setter
    def index2word(self, keys: list[Any]) -> None:
        renamed("index2word", "index_to_key")
        self._rename(keys)

    @property
    def index2entity(self) -> list[Any]:
        """The keys in the order of their rows."""
        renamed("index2entity", "index_to_key")
        return self.index_to_key

    @index2entity.setter
    def index2entity(self, keys: list[Any]) -> None:
        renamed("index2entity", "index_to_key")
        self._rename(keys)

    @property
    def syn0(self) -> Array:
        """The vectors (n, d)."""
        renamed("syn0", "vectors")
        return self.vectors

    @syn0.setter
    def syn0(self, vectors: Array) -> None:
        renamed("syn0", "vectors")
        self.vectors, self.norms = vectors, None

    @property
    def doctag_syn0(self) -> Array:
        """The vectors (n, d) of tags."""
        renamed("doctag_syn0", "vectors")
        return self.vectors

    @property
    def vectors_docs(self) -> Array:
        """The vectors (n, d) of tags."""
        renamed("vectors_docs", "vectors")
        return self.vectors

    @property
    def doctags(self) -> Mapping[Any, CompatVocab]:
        """A mapping of tags to objects with offset, the row, and doc_count and word_count."""
        renamed("doctags", "key_to_index, and get_vecattr(tag, 'doc_count') for counts")
        return OldVocabulary(self, ("doc_count", "word_count"), "offset")

    @property
    def count(self) -> int:
        """The number of tags."""
        renamed("count", "len()")
        return len(self)

    @property
    def max_rawint(self) -> int:
        """The largest tag that is an integer, -1 without one."""
        renamed("max_rawint", "index_to_key")
        return max((int(key) for key in self.index_to_key if is_whole(key)), default=-1)

    def index_to_doctag(self, i_index: int) -> Any:
        """The tag of a row."""
        renamed("index_to_doctag", "index_to_key[row]")
        if not is_whole(i_index) or not 0 <= i_index < len(self):
            raise ArgumentError(f"the row is {i_index!r:.60}: expected a whole number from 0 to {len(self) - 1}")
        return self.index_to_key[i_index]

    @property
    def offset2doctag(self) -> list[Any]:
        """The tags in the order of their rows."""
        renamed("offset2doctag", "index_to_key")
        return self.index_to_key

    @property
    def vectors_norm(self) -> Array:
        """The vectors (n, d), each scaled to length 1, read-only; what is assigned is not used."""
        renamed("vectors_norm", "get_normed_vectors()")
        return self._normed_vectors()

    @vectors_norm.setter
    def vectors_norm(self, vectors: Any) -> None:
        renamed("vectors_norm", "vectors alone: scaled vectors are computed from them")

    @property
    def syn0norm(self) -> Array:
        """The vectors (n, d), each scaled to length 1, read-only; what is assigned is not used."""
        renamed("syn0norm", "get_normed_vectors()")
        return self._normed_vectors()

    @syn0norm.setter
    def syn0norm(self, vectors: Any) -> None:
        renamed("syn0norm", "vectors alone: scaled vectors are computed from them")

    @property
    def doctag_syn0norm(self) -> Array:
        """The vectors (n, d) of tags, each scaled to length 1, read-only."""
        renamed("doctag_syn0norm", "get_normed_vectors()")
        return self._normed_vectors()

    @property
    def wv(self) -> "OldNames":
        """The vectors themselves."""
        renamed("wv of KeyedVectors", "the vectors themselves")
        return self

    def word_vec(self, word: Key, norm: bool = False, use_norm: bool = False) -> Array:
        """The vector of a key; see `get_vector`."""
        renamed("word_vec", "get_vector(key, norm=...)")
        return self.get_vector(word, norm=norm or use_norm)

    def words_closer_than(self, word1: Key, word2: Key) -> list[Any]:
        """The keys that are nearer to `word1` than `word2` is; see `closer_than`."""
        renamed("words_closer_than", "closer_than")
        return self.closer_than(word1, word2)

    def init_sims(self, replace: bool = False) -> None:
        """Compute `norms`, or, with `replace`, scale the vectors to length 1 in place."""
        renamed("init_sims", "unit_normalize_all()" if replace else "fill_norms()")
        if replace:
            self.unit_normalize_all()
        else:
            self.fill_norms()

    def add(self, entities: Any, weights: Any, replace: bool = False) -> None:
        """Add keys and their vectors; see `add_vectors`."""
        renamed("add", "add_vectors")
        self.add_vectors(entities, weights, replace=replace)

    def _normed_vectors(self) -> Array:
        """The vectors scaled to length 1, kept until they change, as programs of gensim 3 ask for them row by row."""
        directions, _ = self._among(slice(None))
        if self._normed is None or self._normed[0] is not directions:
            self._normed = directions, self.get_normed_vectors()
            self._normed[1].flags.writeable = False
        return self._normed[1]

    def _rename(self, keys: list[Any]) -> None:
        self.index_to_key = list(keys)
        self.key_to_index = {key: index for index, key in enumerate(self.index_to_key)}
        self.norms = None
