"""FastTextKeyedVectors: keys, character n-grams, and vectors for words never seen."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError
from firth.files.tensors import TensorFile
from firth.gensim._errors import ArgumentError, UnknownKeyError, UnsupportedError
from firth.gensim.models._keyed_vectors import KeyedVectors
from firth.gensim.models._lookup import Key, prep_vectors
from firth.gensim.models._rows import Array
from firth.gensim.models._storage import tensor, unpack, whole_of
from firth.vectors.container import WordVectors
from firth.vectors.directions import scaled
from firth.vectors.subwords import Floats, Subwords, mean_rows, ngram_rows, word_vectors


class FastTextKeyedVectors(KeyedVectors):
    """Keyed vectors of which each is the mean of the word's own row and those of its character n-grams.

    vectors: (n, d), these means, as `adjust_vectors` last computed them. vectors_vocab: (n, d), the words' own rows.
    vectors_ngrams: (bucket, d), the rows that n-grams share by their hashes, which are fastText's. min_n, max_n: the
    characters of an n-gram of "<word>"; without n-grams (max_n below min_n, or no bucket) a vector is the word's row.
    A word never seen has the mean of its n-grams' rows.
    """

    _takes_subwords = True
    _apart = KeyedVectors._apart | {
        *("min_n", "max_n", "bucket", "compatible_hash", "vectors_vocab", "vectors_ngrams", "_shared", "_buckets")
    }

    def __init__(
        self, vector_size: int, min_n: int, max_n: int, bucket: int, count: int = 0, dtype: Any = np.float32
    ) -> None:
        """No word yet, and n-grams whose rows are zero."""
        if np.dtype(dtype) != np.float32:
            raise ArgumentError(f"dtype is {dtype!r:.60}: expected float32, in which n-grams are added up")
        super().__init__(vector_size, count, dtype)
        self.min_n, self.max_n, self.bucket = int(min_n), int(max_n), int(bucket)
        self.compatible_hash = True
        self.vectors_vocab: Floats = np.zeros((count, vector_size), np.float32)
        self.vectors_ngrams: Floats = np.zeros((self.bucket if self._has_ngrams else 0, vector_size), np.float32)
        self.vectors_vocab_lockf = np.ones(1, np.float32)
        self.vectors_ngrams_lockf = np.ones(1, np.float32)
        self._shared: Floats | None = None
        self._buckets: list[npt.NDArray[np.uint32]] | None = None

    @property
    def _has_ngrams(self) -> bool:
        return self.bucket > 0 and 1 <= self.min_n <= self.max_n

    def set_all_subwords(self, keys: Sequence[str], rows: Floats, counts: npt.NDArray[np.int64]) -> None:
        """Take over the words and rows (n + bucket, d) of a model, first the words' own, then the n-grams'.

        `vectors_vocab` and `vectors_ngrams` are views of `rows`, which the model may go on changing; call
        `adjust_vectors` then. Raises ValueError for another shape.
        """
        self.set_all(keys, np.empty((len(keys), self.vector_size), np.float32), counts)
        if rows.shape != self._shape() or rows.dtype != np.float32:
            raise ArgumentError(f"the rows are {rows.dtype} of shape {rows.shape}: expected float32 {self._shape()}")
        self.share(rows)
        self.adjust_vectors()

    def share(self, rows: Floats) -> None:
        """Take rows (n + bucket, d) as they are."""
        n = len(self)
        self.vectors_vocab, self.vectors_ngrams = rows[:n], rows[n:]
        self._shared, self._buckets = rows, None

    def _shape(self) -> tuple[int, int]:
        return len(self) + (self.bucket if self._has_ngrams else 0), self.vector_size

    def init_post_load(self, fb_vectors: Floats) -> None:
        """Take the rows (n + bucket, d) of a model of fastText's for the keys that are there."""
        counts = self.expandos.get("count", np.zeros(len(self), np.int64))
        self.set_all_subwords(self.index_to_key, fb_vectors, counts)

    def adjust_vectors(self) -> None:
        """Compute `vectors` anew, in place if their shape is right: the means of the words' rows and n-grams."""
        n = len(self)
        if self.vectors.shape != (n, self.vector_size):
            self.vectors = np.empty((n, self.vector_size), np.float32)
        self.norms = None
        if not self._has_ngrams:
            self.vectors[...] = self.vectors_vocab
            return
        words = [str(key).encode(errors="surrogatepass") for key in self.index_to_key]
        begin = 0
        for means in word_vectors(words, Subwords(self.min_n, self.max_n, self.bucket, self._all_rows())):
            self.vectors[begin : begin + len(means)] = means
            begin += len(means)

    def _all_rows(self) -> Floats:
        """The words' rows and the n-grams', (n + bucket, d): the array that both are views of, or a copy."""
        shared, n = self._shared, len(self)
        if shared is not None and shared.shape == self._shape():
            places = shared[:n], shared[n:]
            held = self.vectors_vocab, self.vectors_ngrams
            if all(a.__array_interface__ == b.__array_interface__ for a, b in zip(places, held, strict=True)):
                return shared
        return np.concatenate([self.vectors_vocab, self.vectors_ngrams])

    # Looking up.

    def __contains__(self, word: Key) -> bool:
        """Whether a word has a vector: it is one of the keys, or has an n-gram."""
        return self.has_index_for(word) or (isinstance(word, str) and len(self._places(word)) > 0)

    def get_vector(self, word: Key, norm: bool = False) -> Array:
        """The vector (d,) of a word; of one never seen the mean of its n-grams' rows. Raises KeyError without any."""
        if self.has_index_for(word) or not isinstance(word, str):
            return super().get_vector(word, norm)
        places = self._places(word)
        if not len(places):
            if not self._has_ngrams:
                raise self._unknown(word)
            raise UnknownKeyError(
                f"Key {word!r:.100} not present among the {len(self):,} keys, and it has no n-gram of {self.min_n} to "
                f"{self.max_n} characters"
            )
        row = mean_rows(self.vectors_ngrams, np.array([0, len(places)]), places, self.vector_size)[0]
        return self._typed(scaled(row)) if norm else row

    def get_sentence_vector(self, sentence: Any) -> Array:
        """The mean (d,) of the words' vectors, each scaled to length 1; words without a vector are left out."""
        return self.get_mean_vector(sentence)

    def _places(self, word: str) -> npt.NDArray[np.int32]:
        """The rows of `vectors_ngrams` of a word's n-grams."""
        if not self._has_ngrams:
            return np.zeros(0, np.int32)
        return ngram_rows([word], self.min_n, self.max_n, self.bucket)[1][1:] - np.int32(1)

    @property
    def buckets_word(self) -> list[npt.NDArray[np.uint32]]:
        """For each key the rows of `vectors_ngrams` that its n-grams have."""
        if self._buckets is None or len(self._buckets) != len(self):
            self.recalc_char_ngram_buckets()
        assert self._buckets is not None
        return self._buckets

    def recalc_char_ngram_buckets(self) -> None:
        """Compute `buckets_word` anew."""
        self._buckets = [self._places(str(key)).astype(np.uint32) for key in self.index_to_key]

    # Changing.

    def _append(self, keys: list[Any], rows: Array) -> None:
        """Add new keys: their rows are their vectors, until `adjust_vectors` takes them for the words' own."""
        super()._append(keys, rows)
        if keys:
            self.vectors_vocab = np.concatenate([self.vectors_vocab, rows.astype(np.float32)])
            self._shared = self._buckets = None

    def resize_vectors(self, seed: int = 0) -> None:
        """Make the rows of words and n-grams as many as there are; new ones are random, from -1/d to 1/d."""
        buckets = self.bucket if self._has_ngrams else 0
        self.vectors_vocab = prep_vectors((len(self), self.vector_size), self.vectors_vocab, seed)
        ngrams = self.vectors_ngrams if self.vectors_ngrams.any() else None
        self.vectors_ngrams = prep_vectors((buckets, self.vector_size), ngrams, seed)
        self._shared = self._buckets = None
        self.allocate_vecattrs()
        self.adjust_vectors()

    def _reorder(self, order: npt.NDArray[np.int64]) -> None:
        super()._reorder(order)
        self.vectors_vocab = self.vectors_vocab[order]
        self._shared = self._buckets = None

    @classmethod
    def _plain(cls, vector_size: int, dtype: Any) -> Any:
        return KeyedVectors(vector_size, dtype=dtype)

    # Files.

    @classmethod
    def load_word2vec_format(cls, *args: Any, **kwargs: Any) -> Any:
        """Raise NotImplementedError: word2vec's files have no n-grams."""
        raise UnsupportedError(
            "word2vec's files have no n-grams: read them with KeyedVectors.load_word2vec_format, and a model of "
            "fastText's with load_facebook_vectors"
        )

    @classmethod
    def _from_words(cls, vectors: WordVectors, mapped: bool) -> Self:
        subwords = vectors.subwords
        if subwords is None:
            raise FormatError(f"{vectors.path}: vectors without n-grams: load them with KeyedVectors.load")
        made = cls.__new__(cls)
        FastTextKeyedVectors.__init__(made, vectors.center.shape[1], subwords.minn, subwords.maxn, 0)
        made.bucket = subwords.bucket
        made.set_all(vectors.words, vectors.center if mapped else vectors.center.copy(), vectors.counts.copy())
        made.share(subwords.rows if mapped else subwords.rows.copy())
        return made

    def _packed(self, prefix: str = "") -> tuple[dict[str, Array], dict[str, Any]]:
        tensors, state = super()._packed(prefix)
        tensors[f"{prefix}subwords"] = self._all_rows()
        return tensors, state | {"min_n": self.min_n, "max_n": self.max_n, "bucket": self.bucket}

    @classmethod
    def _restored(cls, file: TensorFile, state: dict[str, Any], mapped: bool = False, prefix: str = "") -> Self:
        size, min_n, max_n, bucket = (
            whole_of(file, state, name, low)
            for name, low in (("vector_size", 1), ("min_n", 0), ("max_n", 0), ("bucket", 0))
        )
        made = cls.__new__(cls)
        FastTextKeyedVectors.__init__(made, size, min_n, max_n, 0)
        made.bucket = bucket
        unpack(made, file, state, prefix, mapped)
        rows = tensor(file, f"{prefix}subwords", 2, mapped)
        if rows.shape != made._shape() or rows.dtype != np.float32:
            raise FormatError(
                f"{file.path}: the subwords are {rows.dtype} of shape {rows.shape}: expected {made._shape()}"
            )
        made.share(rows)
        return made

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_shared": None}
