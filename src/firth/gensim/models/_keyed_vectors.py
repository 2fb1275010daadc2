"""KeyedVectors: all that keyed vectors do, and the files of `save`."""

import datetime
import logging
import os
import platform
import sys
from typing import Any, Self

from firth.errors import FormatError
from firth.files.paths import AnyPath
from firth.files.tensors import TensorFile, read_tensors
from firth.gensim._errors import KindError, UnsupportedError
from firth.gensim._paths import readable
from firth.gensim._saved import KEY, is_pickle, load_state, save_state
from firth.gensim._warnings import without_meaning
from firth.gensim.models._evaluation import Evaluation
from firth.gensim.models._old_names import OldNames
from firth.gensim.models._storage import Array, left_out_of, packed, unpack, whole_of
from firth.gensim.models._word2vec_files import Word2VecFiles
from firth.vectors.container import WordVectors, from_file

logger = logging.getLogger("firth.gensim.models.keyedvectors")

SAVED_WHOLE = {
    "separately": "one file holds everything",
    "sep_limit": "one file holds everything",
    "ignore": "only what the vectors are made of is saved",
    "pickle_protocol": "no pickle is written",
    "compress": "the file is mapped, so it is not compressed",
}
"""The options of gensim's `save`, and why they do nothing here."""


class KeyedVectors(Evaluation, OldNames, Word2VecFiles):
    """Keys, such as words, with a vector each, to look up and to ask; see `Lookup` for the attributes.

    Example: wv = KeyedVectors(2); wv.add_vectors(["a", "b"], [[1, 0], [1, 1]]); wv.most_similar("a")
    """

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the vectors to one file, whole or not at all: save(path). It is a safetensors file, no pickle.

        Attributes of your own are saved where they are plain values or arrays. Others are left out with a warning, and
        so are attributes of keys that would come back as other values, such as tuples. gensim's other arguments are
        accepted and have no effect, with a warning. Raises FormatError where the file cannot be written.
        """
        options = dict(zip(("fname_or_handle", *SAVED_WHOLE), args, strict=False)) | kwargs
        path = options.pop("fname_or_handle", options.pop("fname", None))
        unknown = sorted(set(options) - set(SAVED_WHOLE))
        if not isinstance(path, str | os.PathLike) or unknown:
            found = f"unknown arguments {unknown!r:.100}" if unknown else f"the path is {path!r:.100}"
            raise KindError(f"save: {found}: expected the path of a file")
        without_meaning({name: SAVED_WHOLE[name] for name in options} | left_out_of(self))
        save_state(path, type(self).__name__, *self._packed())
        logger.info("saved %s to %s", self, path)

    @classmethod
    def load(cls, fname: AnyPath, mmap: str | None = None) -> Any:
        """The vectors that `save` wrote, of the class that was saved, or those in a .safetensors file of firth's.

        mmap: "r" maps the vectors from the file, read-only; otherwise they are read into memory, and checked. Raises
        FileNotFoundError, and FormatError for other files: gensim's own are pickles, and the message tells the way to
        convert them.
        """
        path, mapped = readable(fname, "a file that `save` wrote"), mmap is not None and mmap.startswith("r")
        if not is_pickle(path):
            file = read_tensors(path)
            if KEY not in file.metadata and "firth" in file.metadata:
                if not mapped and file.checksum is not None:
                    file.check()
                return cls._of_firth(from_file(file), mapped)
        kind, state, file = load_state(path, mapped)
        known = {one.__name__: one for one in _kinds(KeyedVectors)}
        if kind not in known:
            raise FormatError(f"{path}: holds a {kind:.60}: load it with {kind:.60}.load, its vectors are .wv there")
        made = known[kind]._restored(file, state, mapped)
        logger.info("loaded %s from %s", made, path)
        return made

    @classmethod
    def _of_firth(cls, vectors: WordVectors, mapped: bool) -> "KeyedVectors":
        """The same vectors with keys: with n-grams, if `vectors` has some, of the class that has a place for them."""
        kind = cls
        if vectors.subwords is not None:
            kind = next((one for one in _kinds(KeyedVectors) if one._takes_subwords), cls)
        return kind._from_words(vectors, mapped)

    _takes_subwords = False

    @classmethod
    def _from_words(cls, vectors: WordVectors, mapped: bool) -> Self:
        made = cls.__new__(cls)
        KeyedVectors.__init__(made, vectors.center.shape[1])
        made.set_all(vectors.words, vectors.center if mapped else vectors.center.copy(), vectors.counts.copy())
        return made

    def _packed(self, prefix: str = "") -> tuple[dict[str, Array], dict[str, Any]]:
        """The arrays, their names beginning with `prefix`, and the plain values that `_restored` makes the same of."""
        return packed(self, prefix)

    @classmethod
    def _restored(cls, file: TensorFile, state: dict[str, Any], mapped: bool = False, prefix: str = "") -> Self:
        """The vectors that `_packed` made a file of, copied, or mapped and read-only. Raises FormatError."""
        made = cls.__new__(cls)  # one made from it may ask for other arguments; what it has set is in the file
        KeyedVectors.__init__(made, whole_of(file, state, "vector_size", 1))
        unpack(made, file, state, prefix, mapped)
        return made

    def add_lifecycle_event(self, event_name: str, log_level: int | bool = logging.INFO, **event: Any) -> None:
        """Append an event to `lifecycle_events`, unless that is None, and log it; log_level False does not log."""
        event |= {
            "datetime": datetime.datetime.now().isoformat(),
            "python": sys.version,
            "platform": platform.platform(),
            "event": event_name,
        }
        if self.lifecycle_events is not None:
            self.lifecycle_events = [*self.lifecycle_events, event]
        if log_level:
            logger.log(int(log_level), "%s lifecycle event %s", type(self).__name__, event)

    def similarity_unseen_docs(self, *args: Any, **kwargs: Any) -> Any:
        """Raise NotImplementedError: Doc2Vec has this method."""
        raise UnsupportedError("similarity_unseen_docs is a method of Doc2Vec models: call it there")


def _kinds(kind: type[KeyedVectors]) -> list[type[KeyedVectors]]:
    """A class and those made from it."""
    return [kind, *(one for direct in kind.__subclasses__() for one in _kinds(direct))]
