"""gensim.models.fasttext: FastText, and the models of Facebook's fastText."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.vocabulary import is_whole
from firth.declaring import SKIPGRAM
from firth.errors import FormatError
from firth.files.paths import AnyPath
from firth.files.tensors import TensorFile
from firth.formats.loading import load_as
from firth.gensim._errors import ArgumentError, NotReadyError
from firth.gensim._paths import readable, writable
from firth.gensim._warnings import callers_level, renamed, without_meaning
from firth.gensim.models import _state
from firth.gensim.models._options import checked
from firth.gensim.models._reading import Key
from firth.gensim.models._vocabulary import TrimRule
from firth.gensim.models._weights import Floats, copy_rows
from firth.gensim.models.keyedvectors import FastTextKeyedVectors
from firth.gensim.models.word2vec import Word2Vec
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords

__all__ = ["FastText", "FastTextKeyedVectors", "load_facebook_model", "load_facebook_vectors", "save_facebook_model"]

NGRAM_BYTES = 4
"""The memory of an n-gram's number."""

NGRAMS_OF_WORD = 20
"""The n-grams of a word, about."""

LOCKS = ("vectors_lockf", "vectors_vocab_lockf", "vectors_ngrams_lockf")


class FastText(Word2Vec):
    """Word vectors that are means of the vectors of character n-grams: also words never seen have some.

    min_n, max_n: the fewest and the most characters of an n-gram, from 1; with max_n below min_n, or bucket=0, there
    are none. bucket: how many vectors the n-grams share. `wv` has the words' own rows in `vectors_vocab` and those of
    the n-grams in `vectors_ngrams`; `wv.vectors` are the means, computed anew at the end of `train` and before each
    callback. All else is as in `Word2Vec`; word_ngrams has no effect, as in gensim.
    """

    _firth_kind = "FastText"
    min_n: int
    max_n: int
    bucket: int

    def __init__(
        self,
        sentences: Any = None,
        corpus_file: Any = None,
        sg: int = 0,
        hs: int = 0,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        word_ngrams: int = 1,
        sample: float = 1e-3,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[..., Any] = hash,
        epochs: int = 5,
        null_word: int = 0,
        min_n: int = 3,
        max_n: int = 6,
        sorted_vocab: int = 1,
        bucket: int = 2000000,
        trim_rule: TrimRule | None = None,
        batch_words: int = 10000,
        callbacks: Iterable[Any] = (),
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        **old_names: Any,
    ) -> None:
        options = {
            "sg": sg,
            "hs": hs,
            "vector_size": vector_size,
            "alpha": alpha,
            "window": window,
            "min_count": min_count,
            "max_vocab_size": max_vocab_size,
            "word_ngrams": word_ngrams,
            "sample": sample,
            "seed": seed,
            "workers": workers,
            "min_alpha": min_alpha,
            "negative": negative,
            "ns_exponent": ns_exponent,
            "cbow_mean": cbow_mean,
            "hashfxn": hashfxn,
            "epochs": epochs,
            "null_word": null_word,
            "min_n": 1 if min_n == 0 and max_n else min_n,
            "max_n": max_n,
            "sorted_vocab": sorted_vocab,
            "bucket": bucket,
            "batch_words": batch_words,
            "compute_loss": False,
            "comment": None,
            "max_final_vocab": max_final_vocab,
            "shrink_windows": shrink_windows,
        }
        self._firth_begin(sentences, corpus_file, trim_rule, callbacks, old_names, options)

    def _firth_new_vectors(self) -> Any:
        return FastTextKeyedVectors(self.vector_size, self.min_n, self.max_n, self._firth_buckets())

    def _firth_buckets(self) -> int:
        """How many rows the n-grams have."""
        return self.bucket if self._firth_has_ngrams() else 0

    def _firth_check_options(self) -> None:
        for name in ("min_n", "max_n", "bucket"):
            value = getattr(self, name)
            if not is_whole(value) or value < 0:
                raise ArgumentError(f"{name} is {value!r:.100}: expected a whole number, 0 or more")
        super()._firth_check_options()

    def _firth_has_ngrams(self) -> bool:
        return self.bucket > 0 and self.max_n >= max(self.min_n, 1)

    def _firth_settings(self) -> dict[str, Any]:
        settings = super()._firth_settings()
        names = {"min_n": "minn", "max_n": "maxn", "bucket": "bucket"} if self._firth_has_ngrams() else {}
        return settings | {firths: checked(name, firths, getattr(self, name)) for name, firths in names.items()}

    def _firth_input_rows(self, words: int) -> int:
        return words + self._firth_buckets()

    def _firth_inputs(self) -> list[Floats]:
        return [self.wv.vectors_vocab, self.wv.vectors_ngrams]

    def _firth_set_inputs(self, keys: Sequence[Key], counts: npt.NDArray[np.int64], rows: Floats) -> None:
        self.wv.set_all_subwords(keys, rows, counts)

    def _firth_move_inputs(self, rows: Floats) -> None:
        self.wv.share(rows)
        self.wv.adjust_vectors()

    def _firth_copy_inputs(self, rows: Floats, words: int, before: list[Floats]) -> None:
        copy_rows(rows[:words], before[0], "wv.vectors_vocab")
        copy_rows(rows[words:], before[1], "wv.vectors_ngrams")

    def _firth_refresh(self) -> None:
        self.wv.adjust_vectors()
        self.wv.norms = None

    def _firth_frozen(self) -> None:
        for name in LOCKS:
            if not np.all(np.asarray(getattr(self.wv, name, 1)) == 1):
                raise ArgumentError(f"wv.{name} is not 1 everywhere: vectors that are made of n-grams cannot be frozen")

    def _firth_input_tensors(self) -> dict[str, npt.NDArray[Any]]:
        return {"vectors_vocab": self.wv.vectors_vocab, "vectors_ngrams": self.wv.vectors_ngrams}

    def _firth_load_inputs(
        self,
        keys: list[Key],
        counts: npt.NDArray[np.int64],
        file: TensorFile,
        more: dict[str, Any],
        matrix: Callable[[str, int], Floats],
    ) -> None:
        self.wv = self._firth_new_vectors()
        self.wv.set_all(keys, np.empty((len(keys), self.vector_size), np.float32), counts)
        self.wv.vectors_vocab = matrix("vectors_vocab", len(keys))
        self.wv.vectors_ngrams = matrix("vectors_ngrams", self._firth_buckets())

    def _firth_memory_of_inputs(self, words: int, row: int) -> dict[str, int]:
        ngrams = {"syn0_ngrams": self._firth_buckets() * row, "buckets_word": words * NGRAMS_OF_WORD * NGRAM_BYTES}
        return {"syn0_vocab": words * row} | (ngrams if self._firth_has_ngrams() else {})

    @classmethod
    def load_fasttext_format(cls, model_file: AnyPath, encoding: str = "utf8") -> "FastText":
        """The old name of `load_facebook_model`."""
        renamed("load_fasttext_format", "load_facebook_model")
        return load_facebook_model(model_file, encoding)


def load_facebook_model(path: AnyPath, encoding: str = "utf-8") -> FastText:
    """The model in a .bin file of fastText's, to ask and to train further.

    Raises FormatError for other files, quantised ones among them.
    """
    found = _read(path, encoding)
    config, subwords = found.config, found.subwords
    tree = found.nodes is not None
    model = FastText(
        vector_size=found.center.shape[1],
        sg=int(config["architecture"] == SKIPGRAM),
        hs=int(tree),
        negative=0 if tree else config.get("negatives") or 5,
        window=max(1, config["window"]),
        epochs=max(1, config["epochs"]),
        min_count=max(0, config["min_count"]),
        sample=config["subsample"],
        min_n=1 if subwords is None else subwords.minn,
        max_n=0 if subwords is None else subwords.maxn,
        bucket=1 if subwords is None else subwords.bucket,
    )
    words, counts = len(found.words), np.array(found.counts)
    weights = model._firth_new_weights(words)
    weights.inputs[:] = found.center if subwords is None else subwords.rows
    if found.outside is not None:
        weights.outputs["syn1neg"][:] = found.outside
    elif found.nodes is not None:
        weights.outputs["syn1"][: words - 1] = found.nodes
    model._firth_use(weights)
    model._firth_set_inputs(list(found.words), counts, weights.inputs)
    model.corpus_total_words = int(counts.sum())
    model.add_lifecycle_event("load_fasttext_format", msg=f"loaded {words} words from {path}")
    return model


def load_facebook_vectors(path: AnyPath, encoding: str = "utf-8") -> FastTextKeyedVectors:
    """The vectors in a .bin file of fastText's, for questions. Raises as `load_facebook_model`."""
    found = _read(path, encoding)
    subwords = found.subwords
    ngrams = (1, 0, 0) if subwords is None else (subwords.minn, subwords.maxn, subwords.bucket)
    vectors = FastTextKeyedVectors(found.center.shape[1], *ngrams)
    rows = np.array(found.center if subwords is None else subwords.rows)
    vectors.set_all_subwords(list(found.words), rows, np.array(found.counts))
    return vectors


def save_facebook_model(
    model: FastText, path: AnyPath, encoding: str = "utf-8", lr_update_rate: int = 100, word_ngrams: int = 1
) -> None:
    """Write a model to a .bin file that fastText loads.

    encoding, lr_update_rate and word_ngrams have no effect: text is UTF-8, and firth has no such settings. Raises
    FormatError where the file cannot be written.
    """
    _refuse_encoding(encoding)
    given = {"lr_update_rate": lr_update_rate != 100, "word_ngrams": word_ngrams != 1}
    without_meaning(
        {name: "firth has no such setting" for name, other in given.items() if other}, stacklevel=callers_level() + 1
    )
    keys = model.wv.index_to_key
    if not len(keys):
        raise NotReadyError("the model has no words: call build_vocab() and train() first")
    from firth.formats.fasttext_writing import write

    subwords = None
    if model._firth_has_ngrams():
        rows = np.concatenate(model._firth_inputs())
        subwords = Subwords(model.min_n, model.max_n, model.bucket, rows)
    vectors = WordVectors(
        list(map(str, keys)),
        _state.counts_of(model.wv),
        np.ascontiguousarray(model.wv.vectors, np.float32),
        np.ascontiguousarray(model.syn1neg) if model.negative else None,
        model._firth_settings(),
        [],
        nodes=np.ascontiguousarray(model.syn1[:-1]) if model.hs and not model.negative else None,
        subwords=subwords,
    )
    write(vectors, writable(path))


def _read(path: AnyPath, encoding: str) -> WordVectors:
    _refuse_encoding(encoding)
    found = load_as(readable(path, "a .bin model of fastText's"))
    if found.format.name != "fasttext":
        raise FormatError(f"{path}: {found.format.name}: expected a .bin model of fastText's")
    return found.vectors


def _refuse_encoding(encoding: str) -> None:
    if encoding.lower().replace("-", "") != "utf8":
        raise ArgumentError(f"encoding is {encoding!r:.100}: expected 'utf-8', as fastText writes it")
