"""gensim.models.doc2vec: Doc2Vec, and documents with tags."""

import dataclasses
import itertools
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.encode import Corpus
from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath
from firth.files.tensors import TensorFile
from firth.gensim._documents import LabeledSentence, TaggedBrownCorpus, TaggedDocument, TaggedLineDocument
from firth.gensim._errors import ArgumentError, KindError, NotReadyError, UnsupportedError
from firth.gensim._warnings import callers_level, renamed, without_meaning
from firth.gensim.models import _state
from firth.gensim.models._document_reading import KEY_BYTES, DocumentText, Tag, TagCounts, keys_of, read_documents
from firth.gensim.models._document_weights import DocumentWeights
from firth.gensim.models._model import Model
from firth.gensim.models._old_model_names import OldName
from firth.gensim.models._options import checked, config_of, falling, settings_of
from firth.gensim.models._reading import Key, Text
from firth.gensim.models._storage import packed, unpack
from firth.gensim.models._vocabulary import TrimRule
from firth.gensim.models._weights import Floats
from firth.gensim.models.keyedvectors import KeyedVectors
from firth.settings import TrainConfig
from firth.sgd.inference import Inference
from firth.sgd.outputs import output_rows
from firth.sgd.trainer import SgdTrainer
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors

Ints = npt.NDArray[np.int64]

FAST_VERSION = CORPUSFILE_VERSION = 1
"""Not below 0, which means compiled, where programs ask."""

__all__ = [
    "CORPUSFILE_VERSION",
    "FAST_VERSION",
    "Doc2Vec",
    "LabeledSentence",
    "TaggedBrownCorpus",
    "TaggedDocument",
    "TaggedLineDocument",
]

logger = logging.getLogger(__name__)

WORD_OPTIONS: dict[str, Any] = {
    "alpha": 0.025,
    "min_count": 5,
    "max_vocab_size": None,
    "sample": 1e-3,
    "seed": 1,
    "workers": 3,
    "min_alpha": 0.0001,
    "hs": 0,
    "negative": 5,
    "ns_exponent": 0.75,
    "cbow_mean": 1,
    "hashfxn": hash,
    "null_word": 0,
    "sorted_vocab": 1,
    "batch_words": 10000,
    "compute_loss": False,
    "max_final_vocab": None,
}
"""The options that Word2Vec has too and Doc2Vec takes by name, with their defaults."""

VECTORS_OF_TAGS = {
    "dv": "build_vocab() makes the vectors of tags; to set them, assign model.dv.vectors after it",
    "dv_mapfile": "the vectors of tags are in memory",
    "docvecs": "build_vocab() makes the vectors of tags; to set them, assign model.dv.vectors after it",
    "docvecs_mapfile": "the vectors of tags are in memory",
}
"""The options that do nothing here, and why."""


class Doc2Vec(Model):
    """Vectors of documents, or of what else their tags name, by PV-DM or PV-DBOW, with gensim's names.

    documents: an iterable of `TaggedDocument`s; or corpus_file: the path of a text, a document a line, whose tag is the
    number of its line, from 0. With one of them the model is built and trained at once, and reads it once; else call
    `build_vocab` and `train`. dm: 1 is PV-DM, which predicts each word from its window and the tags of its document; 0
    is PV-DBOW, which predicts words from tags alone, and with dbow_words=1 trains word vectors by skip-gram too;
    without it they stay as they begin. dm_mean: 0 predicts from the sum of the vectors, else from their mean.
    dm_concat: predict from the vectors side by side, `dm_tag_count` of tags and 2 window of words. window=0: documents
    alone predict, one tag at a time. The other options are those of Word2Vec, by name.

    dv: the vectors by tag, `KeyedVectors`. Tags are strings or integers. Integers are rows of `dv.vectors`, and there
    is one for each from 0 to the largest; strings follow. Once a model has strings, the tags that
    `build_vocab(update=True)` adds, integers too, take the rows after the last. dv, dv_mapfile: no effect.

    Le and Mikolov (2014), "Distributed representations of sentences and documents".

    Raises ArgumentError (a ValueError) for options out of range, SentencesError (a TypeError) for what are no
    documents, NothingToTrainError (a RuntimeError) if no word stays.

    Example: model = Doc2Vec([TaggedDocument(["some", "words"], [0])], min_count=1); model.dv[0]
    """

    _firth_kind = "Doc2Vec"

    dv: Any
    comment: str | None
    dbow_words: int
    dm_concat: int
    dm_tag_count: int
    vector_size: int
    padding: Floats
    _firth_weights: Any

    def __init__(
        self,
        documents: Any = None,
        corpus_file: Any = None,
        vector_size: int = 100,
        dm_mean: int | None = None,
        dm: int = 1,
        dbow_words: int = 0,
        dm_concat: int = 0,
        dm_tag_count: int = 1,
        dv: Any = None,
        dv_mapfile: Any = None,
        comment: str | None = None,
        trim_rule: TrimRule | None = None,
        callbacks: Iterable[Any] = (),
        window: int = 5,
        epochs: int = 10,
        shrink_windows: bool = True,
        **kwargs: Any,
    ) -> None:
        if "sg" in kwargs:
            raise KindError("sg is no option of Doc2Vec: dm=0 is PV-DBOW, dm=1 is PV-DM")
        given = {"dv": dv, "dv_mapfile": dv_mapfile}
        given |= {name: kwargs.pop(name) for name in ("docvecs", "docvecs_mapfile") if name in kwargs}
        idle = {name: VECTORS_OF_TAGS[name] for name, value in given.items() if value is not None}
        without_meaning(idle, stacklevel=callers_level() + 1)
        options = WORD_OPTIONS | {name: kwargs.pop(name) for name in WORD_OPTIONS if name in kwargs}
        options |= {
            "vector_size": vector_size,
            "window": window,
            "epochs": epochs,
            "shrink_windows": shrink_windows,
            "comment": comment,
            "sg": int(not dm),
            "dbow_words": int(bool(dbow_words)),
            "dm_concat": int(bool(dm_concat)),
            "dm_tag_count": dm_tag_count,
        }
        if dm_mean is not None:
            options["cbow_mean"] = dm_mean
        self._firth_begin(documents, corpus_file, trim_rule, callbacks, kwargs, options)

    @property
    def dm(self) -> bool:
        """Whether it is PV-DM."""
        return not self.sg

    @property
    def dbow(self) -> bool:
        """Whether it is PV-DBOW."""
        return bool(self.sg)

    docvecs = OldName("model.dv", lambda model: model.dv)

    # What the models of documents have of their own

    def _firth_set_defaults(self) -> None:
        super()._firth_set_defaults()
        self._firth_pending_tags: TagCounts | None = None
        self._firth_inference: tuple[Any, ...] | None = None

    def _firth_new_vectors(self) -> Any:
        """Empty vectors of words; those of tags begin empty, too."""
        self.dv = KeyedVectors(self.vector_size)
        return KeyedVectors(self.vector_size)

    def _firth_check_options(self) -> None:
        if type(self.dm_tag_count) is not int or self.dm_tag_count < 1:
            raise ArgumentError(f"dm_tag_count is {self.dm_tag_count!r:.100}: expected a whole number, 1 or more")
        if self._firth_concatenates and not self.window:
            raise ArgumentError("dm_concat=1 with window=0 has no window to concatenate: leave dm_concat out")
        super()._firth_check_options()
        self.layer1_size = self.vector_size * self._firth_output_width()

    @property
    def _firth_concatenates(self) -> bool:
        return bool(self.dm_concat) and not self.sg

    @property
    def _firth_alone(self) -> bool:
        """Whether documents alone predict words."""
        return not self.window or bool(self.sg and not self.dbow_words)

    def _firth_output_width(self) -> int:
        return self.dm_tag_count + 2 * self.window if self._firth_concatenates else 1

    def _firth_settings(self) -> dict[str, Any]:
        alone = self._firth_alone
        instead = {"sg": 1, "window": 1} if alone else {"cbow_mean": 1} if self._firth_concatenates else {}
        found = settings_of(SimpleNamespace(**(vars(self) | instead))) | {"documents": True}
        if alone:
            if self.window:
                checked("window", "window", self.window)
            return found | {"documents_alone": True}
        return found | {"concatenate": True, "cbow_undivided": False} if self._firth_concatenates else found

    def _firth_read(self, corpus_iterable: Any, corpus_file: Any, progress_per: int) -> DocumentText:
        return read_documents(corpus_iterable, corpus_file, progress_per)

    def _firth_take_counts(self, text: Text) -> None:
        assert isinstance(text, DocumentText)
        self._firth_pending_tags = text.tag_counts()

    def prepare_weights(self, update: bool = False) -> None:
        """Begin the vectors of the words and tags that were chosen; with `update` the model's own keep theirs."""
        if self._firth_pending is None:
            raise NotReadyError("no words are chosen: call build_vocab() first")
        keys, counts, _ = self._firth_pending
        tags, tag_counts = self._firth_joined_tags(update)
        of_words, of_tags = self.wv.expandos, self.dv.expandos
        before = self._firth_arrays() if update else {}
        before.pop("syn1", None)  # the tree is another one
        weights = self._firth_new_document_weights(len(keys), len(tags))
        weights.copy(before)
        self.wv.set_all(keys, weights.views["vectors"], counts)
        self.dv.set_all(tags, weights.views["documents"], np.zeros(0, np.int64))
        self.dv.expandos = tag_counts
        if update:
            _state.keep_attributes(self.wv, of_words)
            _state.keep_attributes(self.dv, of_tags)
        self._firth_take(weights)
        self._firth_pending = self._firth_pending_tags = None

    def _firth_joined_tags(self, update: bool) -> tuple[list[Tag], dict[str, Ints]]:
        """The tags of all rows and their counts: those that were read, with `update` after those of the model."""
        if self._firth_pending_tags is None:
            return self.dv.index_to_key, self.dv.expandos
        names, counts = self._firth_pending_tags
        keys = keys_of(self.dv.index_to_key if update else [], names, self.vector_size)
        rows = {key: row for row, key in enumerate(keys)}
        places = np.fromiter((rows[name] for name in names), np.int64, len(names))
        found = {name: np.zeros(len(keys), np.int64) for name in counts}
        for name, values in found.items():
            if update and name in self.dv.expandos:
                values[: len(self.dv)] = self.dv.expandos[name]
            values[places] += counts[name]
        return keys, found

    def reset_from(self, other_model: Any) -> None:
        """Take over the words, the tags and their counts of another model, and begin the vectors anew."""
        dv = other_model.dv
        self._firth_pending_tags = list(dv.index_to_key), {name: values.copy() for name, values in dv.expandos.items()}
        super().reset_from(other_model)

    def _firth_new_document_weights(self, words: int, documents: int) -> DocumentWeights:
        loss = self._firth_settings()["loss"]
        return DocumentWeights(words, documents, self._firth_output_width(), self.vector_size, loss, self.seed)

    def _firth_arrays(self) -> dict[str, Floats]:
        """The arrays that are trained, by their names among the views of the weights."""
        found = {"vectors": self.wv.vectors, "documents": self.dv.vectors, **self._firth_outputs()}
        return found | ({"padding": self.padding} if hasattr(self, "padding") else {})

    def _firth_take(self, weights: DocumentWeights) -> None:
        """Let the arrays of the model be views of these matrices."""
        self._firth_weights, views = weights, weights.views
        for name in ("syn1neg", "syn1", "padding"):
            vars(self).pop(name, None)
            if name in views:
                setattr(self, name, views[name])
        self.wv.vectors, self.dv.vectors = views["vectors"], views["documents"]

    def _firth_matrices(self, weights: Any = None) -> Any:
        arrays, held = self._firth_arrays(), weights or self._firth_weights
        if held is None or not held.holds(arrays):
            words, tags = len(self.wv.index_to_key), len(self.dv.index_to_key)
            held = weights or self._firth_new_document_weights(words, tags)
            held.copy(arrays)
            self._firth_take(held)
        self._firth_weights = held
        return held

    def _firth_new_trainer(self, text: Text, corpus: Corpus, config: TrainConfig) -> SgdTrainer:
        assert isinstance(text, DocumentText)
        tags = text.tags_of(corpus, self.dv)
        if self._firth_concatenates:
            self._firth_check_tag_counts(np.diff(tags.begins))
        without = text.sentences - len(corpus.offsets) + 1 - (text.tags.untagged if text.tags is not None else 0)
        if without:
            warnings.warn(
                f"{without:,} of {text.sentences:,} documents have no word of the vocabulary: the vectors of tags that "
                "no other document has stay as they begin",
                UserWarning,
                stacklevel=callers_level() + 1,
            )
        weights, outputs = self._firth_matrices(), output_rows(config.loss, len(corpus.vocab))
        trainer = SgdTrainer(corpus, config, tags=tags, matrices=weights.of_trainer(outputs))
        weights.give(trainer)
        return trainer

    def _firth_frozen(self) -> npt.NDArray[np.int64] | None:
        if not np.all(np.equal(self.dv.vectors_lockf, 1)):
            raise ArgumentError("dv.vectors_lockf is not 1 for all: the vectors of tags cannot be frozen")
        if self._firth_concatenates and not np.all(np.equal(self.wv.vectors_lockf, 1)):
            raise ArgumentError("wv.vectors_lockf is not 1 for all: with dm_concat=1 no vector can be frozen")
        return super()._firth_frozen()

    def _firth_check_tag_counts(self, counts: npt.NDArray[np.int64]) -> None:
        wrong = counts != self.dm_tag_count
        if wrong.any():
            raise ArgumentError(
                f"a document has {counts[wrong][0]} tags and dm_tag_count is {self.dm_tag_count}: with dm_concat=1 all "
                "documents need as many (gensim leaves the others out)"
            )

    def _firth_refresh(self) -> None:
        super()._firth_refresh()
        self.dv.norms = None

    # New documents

    def infer_vector(
        self,
        doc_words: Any,
        alpha: float | None = None,
        min_alpha: float | None = None,
        epochs: int | None = None,
        **old_names: Any,
    ) -> Floats:
        """The vector (dim,) of a new document, a list of words; or those (m, dim) of a list of m such lists.

        It begins at random and moves by the steps of training, while the model stays as it is. The same words, options
        and seed give the same vector, whatever is inferred beside or before. alpha, min_alpha, epochs: those of the
        model by default, epochs also for 0. steps: what gensim 3 called epochs.

        Words that the model lacks are left out; where none is left the vector is the one it begins with, with a
        warning. Raises KindError for a string, NotReadyError for a model without vectors.
        """
        for name, value in old_names.items():
            if name != "steps":
                raise KindError(f"{name!r:.100} is no option of infer_vector()")
            renamed("steps=", "epochs=")
            epochs = value
        several = isinstance(doc_words, list | tuple) and bool(doc_words) and all(map(_is_listed, doc_words))
        documents = doc_words if several else [doc_words]
        if hasattr(doc_words, "words"):
            raise KindError("doc_words is a document with tags: expected its words")
        rows = self._firth_infer(list(map(self._firth_known, documents)), alpha, min_alpha, epochs)
        return rows if several else rows[0]

    def _firth_known(self, words: Any) -> list[int]:
        """The numbers of the words of a document that the model has. Raises KindError for what is no list of words."""
        if isinstance(words, str | bytes | Mapping) or not isinstance(words, Iterable):
            raise KindError(
                f"doc_words is {words!r:.100} ({type(words).__name__}): expected a list of words, such as its split()"
            )
        ids = self.wv.key_to_index
        try:
            return [ids[word] for word in words if word in ids]
        except TypeError:
            raise KindError(f"doc_words is {words!r:.100}: expected a list of words") from None

    def _firth_infer(
        self, documents: Sequence[list[int]], alpha: float | None, min_alpha: float | None, epochs: int | None
    ) -> Floats:
        if not len(self.wv.index_to_key):
            raise NotReadyError("there are no vectors yet: call build_vocab() and train() first")
        empty = sum(not document for document in documents)
        if empty:
            warnings.warn(
                f"{empty:,} of {len(documents):,} documents have no word of the vocabulary: their vectors are the one "
                "that inference begins with",
                UserWarning,
                stacklevel=callers_level() + 1,
            )
        lr = checked("alpha", "lr", self.alpha if alpha is None else alpha)
        least = checked("min_alpha", "min_lr", self.min_alpha if min_alpha is None else min_alpha)
        lr, least = falling(lr, least)
        passes = checked("epochs", "epochs", epochs or self.epochs)
        inference, threads = self._firth_inference_now()
        offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
        ids = np.fromiter(itertools.chain.from_iterable(documents), np.int32, int(offsets[-1]))
        return inference.infer(
            ids, offsets, epochs=passes, lr=lr, min_lr=least, seed=self.seed, threads=min(threads, len(documents))
        )

    def _firth_inference_now(self) -> tuple[Inference, int]:
        """What infers on the model's matrices as they stand, made once for the words and options; and the threads."""
        weights, counts = self._firth_matrices(), self.wv.expandos.get("count")
        options = [vars(self)[name] for name in _OF_INFERENCE]
        made = self._firth_inference
        if made is None or made[0] is not weights or made[1] is not counts or made[2] != options:
            config = config_of(self._firth_settings() | {"lr": 1.0, "min_lr": 0.0})
            try:
                inference = Inference(self._firth_word_vectors(config), config)
            except ConfigError as error:
                raise ArgumentError(f"documents cannot be inferred: {error}") from None
            weights.give(inference)
            made = self._firth_inference = weights, counts, options, inference, config.threads or 1
        return made[3], made[4]

    def _firth_word_vectors(self, config: TrainConfig) -> WordVectors:
        """The model as firth's vectors, without copies where that can be."""
        syn1neg, syn1 = getattr(self, "syn1neg", None), getattr(self, "syn1", None)
        nodes = None if syn1 is None else syn1[:-1]
        documents = DocumentVectors(self.dv.vectors)
        if self._firth_concatenates:
            parts = [part.reshape(len(part), -1) for part in (syn1neg, nodes) if part is not None]
            documents = dataclasses.replace(documents, outside=np.concatenate(parts), padding=self.padding)
            syn1neg = nodes = None
        words, counts = list(map(str, self.wv.index_to_key)), _state.counts_of(self.wv)
        return WordVectors(words, counts, self.wv.vectors, syn1neg, {}, [], nodes=nodes, documents=documents)

    def similarity_unseen_docs(
        self,
        doc_words1: Any,
        doc_words2: Any,
        alpha: float | None = None,
        min_alpha: float | None = None,
        epochs: int | None = None,
    ) -> float:
        """The cosine of the vectors of two new documents, lists of words; see `infer_vector`."""
        first, second = self._firth_infer(
            [self._firth_known(doc_words1), self._firth_known(doc_words2)], alpha, min_alpha, epochs
        )
        lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
        return float(first @ second) / lengths if lengths else 0.0

    # Questions

    def __getitem__(self, tag: Any) -> Any:
        """The vector (dim,) of a word or else of a tag, or those (m, dim) of m of them."""
        if isinstance(tag, str | int | np.integer):
            return self.wv[tag] if tag in self.wv.key_to_index else self.dv[tag]
        return np.array([self[one] for one in tag]).reshape(-1, self.vector_size)

    def predict_output_word(self, context_words_list: Iterable[Key], topn: int = 10) -> Any:
        """As Word2Vec's, from words without a document; not where vectors are concatenated (UnsupportedError)."""
        if self._firth_concatenates:
            raise UnsupportedError("predict_output_word has no whole window, which concatenated vectors predict from")
        return super().predict_output_word(context_words_list, topn)

    def estimated_lookup_memory(self) -> int:
        """The memory that looking up tags takes, about, in bytes."""
        return len(self.dv.index_to_key) * KEY_BYTES

    def _firth_memory_of_inputs(self, words: int, row: int) -> dict[str, int]:
        tags = len(self._firth_pending_tags[0] if self._firth_pending_tags else self.dv.index_to_key)
        return {"doctag_lookup": tags * KEY_BYTES, "doctag_syn0": tags * row, "vectors": words * row}

    def init_sims(self, replace: bool = False) -> None:
        """Do nothing, as norms are computed when needed; with `replace` scale the vectors of tags to length 1."""
        renamed("init_sims()", "dv.get_vector(tag, norm=True), or dv.unit_normalize_all() to replace the vectors")
        if replace:
            self.dv.unit_normalize_all()

    def __str__(self) -> str:
        """The class and the options that matter most, as gensim shortens them."""
        kind = "dbow+w" if self.sg and self.dbow_words else "dbow" if self.sg else ""
        kind = kind or ("dm/c" if self.dm_concat else "dm/m" if self.cbow_mean else "dm/s")
        parts = [f'"{self.comment}"'] if self.comment else []
        parts += [kind, f"d{self.vector_size}"]
        parts += [f"n{self.negative}"] if self.negative else []
        parts += ["hs"] if self.hs else []
        parts += [f"w{self.window}"] if not self.sg or self.dbow_words else []
        parts += [f"mc{self.min_count}"] if self.min_count > 1 else []
        parts += [f"s{self.sample:g}"] if self.sample > 0 else []
        parts += [f"t{self.workers}"] if self.workers > 1 else []
        return f"{type(self).__name__}<{','.join(parts)}>"

    # Files and processes

    def save_word2vec_format(
        self,
        fname: AnyPath,
        doctag_vec: bool = False,
        word_vec: bool = True,
        prefix: str = "*dt_",
        fvocab: AnyPath | None = None,
        binary: bool = False,
    ) -> None:
        """Write vectors in word2vec's format: those of words (word_vec), of tags (doctag_vec), or words and then tags.

        prefix: goes before each tag, so that none is taken for a word. fvocab, binary: as for
        `KeyedVectors.save_word2vec_format`.
        """
        if not (doctag_vec or word_vec):
            raise ArgumentError("doctag_vec and word_vec are False: expected one of them, or both")
        both = KeyedVectors(self.vector_size)
        chosen = [(self.wv, "", "count")] * bool(word_vec) + [(self.dv, prefix, "doc_count")] * bool(doctag_vec)
        keys = [f"{before}{key}" for vectors, before, _ in chosen for key in vectors.index_to_key]
        counts = [vectors.expandos.get(name, np.zeros(len(vectors), np.int64)) for vectors, _, name in chosen]
        both.set_all(keys, np.concatenate([vectors.vectors for vectors, _, _ in chosen]), np.concatenate(counts))
        both.save_word2vec_format(fname, fvocab=fvocab, binary=binary, sort_attr="")

    def _firth_input_tensors(self) -> dict[str, npt.NDArray[Any]]:
        padding = {"padding": self.padding} if hasattr(self, "padding") else {}
        return {**super()._firth_input_tensors(), **padding, **packed(self.dv, "dv.")[0]}

    def _firth_more_state(self) -> dict[str, Any]:
        return {"dv": packed(self.dv, "dv.")[1]}

    def _firth_load_inputs(
        self,
        keys: list[Key],
        counts: npt.NDArray[np.int64],
        file: TensorFile,
        more: dict[str, Any],
        matrix: Callable[[str, int], Floats],
    ) -> None:
        super()._firth_load_inputs(keys, counts, file, more, matrix)
        state = more.get("dv")
        if not isinstance(state, dict) or state.get("vector_size") != self.vector_size:
            raise FormatError(f"{file.path}: there are no vectors of tags that fit this model: expected some")
        unpack(self.dv, file, state, "dv.", mapped=True)
        if "padding" in file:
            self.padding = np.array(file.tensor("padding", "F32", 1))
            if self.padding.shape != (self.vector_size,):
                raise FormatError(
                    f"{file.path}: padding is of shape {self.padding.shape}: expected ({self.vector_size},)"
                )

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "padding" in state:
            state["padding"] = np.ascontiguousarray(state["padding"])
        return {name: value for name, value in state.items() if name not in ("_firth_inference", "_firth_pending_tags")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._firth_inference, self._firth_pending_tags = None, None


_OF_INFERENCE = (
    *("sg", "hs", "negative", "ns_exponent", "sample", "window", "shrink_windows", "cbow_mean", "workers"),
    *("dbow_words", "dm_concat", "dm_tag_count", "vector_size"),
)
"""The options that inference goes by."""


def _is_listed(words: Any) -> bool:
    """Whether an element of a list is a document and no word."""
    return isinstance(words, list | tuple)
