"""A model on disk and between processes: arrays and plain values, no code."""

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath
from firth.files.tensors import DTYPES, TensorFile
from firth.gensim._errors import KindError
from firth.gensim._saved import load_state, save_state
from firth.gensim._warnings import callers_level
from firth.gensim.models._attributes import check_names, is_tensor, packed_attributes, set_plain
from firth.gensim.models._storage import left_out_of, unpack_attributes

PASSING = frozenset(
    {"wv", "dv", "hashfxn", "raw_vocab", "syn1neg", "syn1", "padding"}
    | {
        "_firth_weights",
        "_firth_text",
        "_firth_keeps_text",
        "_firth_pending",
        "_firth_pending_tags",
        "_firth_inference",
    }
)
"""The attributes that are saved in a way of their own, or not at all."""

FLAGS = (
    *("sg", "hs", "cbow_mean", "sorted_vocab", "shrink_windows", "compute_loss"),
    *("min_alpha_yet_reached", "effective_min_count"),
)
"""Numbers that a model needs and that no check of its options looks at."""

ARRAY = "attribute."
OF_VECTORS = "wv."
OF_KEYS = "vecattr."
"""What the names of arrays begin with that are attributes of the user's: of the model, its vectors, and the keys."""


def save(model: Any, path: AnyPath) -> None:
    """Write a model to one file, whole or not at all. Warns of attributes that such a file cannot hold.

    Raises ArgumentError where the vectors do not fit the words.
    """
    model.wv._check_vectors()
    tensors: dict[str, npt.NDArray[Any]] = {"count": counts_of(model.wv), **model._firth_input_tensors()}
    for name in ("syn1neg", "syn1"):
        if hasattr(model, name):
            tensors[name] = np.asarray(getattr(model, name), np.float32)
    lockf = np.asarray(model.wv.vectors_lockf, np.float32)
    arrays, attributes, left_out = packed_attributes(model, PASSING)
    tensors |= {ARRAY + name: array for name, array in arrays.items()}
    arrays, of_vectors, of_vectors_left_out = packed_attributes(model.wv, model.wv._apart)
    tensors |= {OF_VECTORS + name: array for name, array in arrays.items()}
    left_out |= {f"wv.{name}": why for name, why in of_vectors_left_out.items()}
    if lockf.shape not in ((1,), (len(model.wv.index_to_key),)):
        left_out["wv.vectors_lockf"] = f"it is of shape {lockf.shape}, not one a word"
    elif (lockf != 1).any():
        tensors["vectors_lockf"] = lockf
    if hasattr(model, "dv"):
        left_out |= {f"dv.{name}": why for name, why in left_out_of(model.dv).items()}
    for name, values in model.wv.expandos.items():
        if name != "count" and is_tensor(values):
            tensors[OF_KEYS + name] = values
        elif name != "count":
            left_out[f"wv, {name:.60}"] = "values of this type are not saved"
    if left_out:
        told = "; ".join(f"{name:.60}: {why}" for name, why in left_out.items())
        warnings.warn(f"attributes that are not saved: {told}", UserWarning, stacklevel=callers_level())
    state = {
        "keys": model.wv.index_to_key,
        "attributes": attributes,
        "attributes of wv": of_vectors,
        "more": model._firth_more_state(),
    }
    if model.raw_vocab:
        state["raw_vocab"] = list(map(list, model.raw_vocab.items()))
    save_state(path, model._firth_kind, tensors, state)


def load(cls: Any, path: AnyPath, mmap: str | None) -> Any:
    """The model in a file that `save` wrote. Raises FormatError for other files, and for models of another class."""
    kind, state, file = load_state(path, bool(mmap))
    if kind != cls._firth_kind:
        importlib.import_module("firth.gensim.models.fasttext")  # makes a kind of Word2Vec
    made = next((one for one in _with_subclasses(cls) if one._firth_kind == kind), None)
    if made is None:
        raise FormatError(f"{path}: a saved {kind:.100}: load it with {kind:.100}.load")
    attributes, more = state.get("attributes"), state.get("more")
    keys = _checked_keys(path, state.get("keys"))
    if not isinstance(attributes, dict) or not isinstance(more, dict):
        raise FormatError(f"{path}: the state of this {kind} has no attributes: is the file from another version?")
    arrays = {name.removeprefix(ARRAY): name for name in file if name.startswith(ARRAY)}
    check_names(path, made, (*attributes, *arrays), PASSING)
    model = made.__new__(made)
    model._firth_set_defaults()
    set_plain(path, model, attributes)
    vars(model).update({name: _tensor(file, place, mmap) for name, place in arrays.items()})
    try:
        model._firth_check_options()
        for name in FLAGS:
            if not isinstance(getattr(model, name), int | float | None):
                raise KindError(f"{name} is {getattr(model, name)!r:.100}: expected a number")
        dim = model._firth_settings()["dim"]
    except (ConfigError, AttributeError, TypeError) as error:
        raise FormatError(f"{path}: the settings of this {kind} are none: {error!s:.200}") from None
    counts = file.tensor("count", "I64", 1)
    if len(counts) != len(keys) or (counts < 0).any():
        raise FormatError(f"{path}: {len(counts)} counts for {len(keys)} words: expected one each, none below 0")
    model._firth_load_inputs(keys, np.array(counts), file, more, lambda name, rows: matrix(file, name, rows, dim))
    if "vectors_lockf" in file:
        lockf = np.array(file.tensor("vectors_lockf", "F32", 1))
        if len(lockf) not in (1, len(keys)):
            raise FormatError(f"{path}: vectors_lockf is of shape {lockf.shape}: expected one a word, {len(keys)}")
        model.wv.vectors_lockf = lockf
    unpack_attributes(model.wv, file, state.get("attributes of wv", {}), OF_VECTORS, bool(mmap))
    for name in file:
        if name.startswith(OF_KEYS):
            values = _tensor(file, name, mmap)
            if len(values.shape) != 1 or len(values) != len(keys):
                raise FormatError(f"{path}: {name!r:.100} is of shape {values.shape}: expected one a word, {len(keys)}")
            model.wv.expandos[name.removeprefix(OF_KEYS)] = values
    for name in ("syn1neg", "syn1"):
        if name in file:
            setattr(model, name, matrix(file, name, len(keys), dim, model._firth_output_width()))
    model.raw_vocab = _checked_counts(path, state.get("raw_vocab", []))
    if mmap:
        model._firth_refresh()
    else:
        model._firth_settle()
    return model


def matrix(file: TensorFile, name: str, rows: int, dim: int, width: int = 1) -> npt.NDArray[np.float32]:
    """A matrix of a file, mapped.

    Raises FormatError for another shape than (rows, dim), or (rows, width, dim) where `width` vectors are a row.
    """
    expected = (rows, dim) if width == 1 else (rows, width, dim)
    found = file.tensor(name, "F32", len(expected))
    if found.shape != expected:
        raise FormatError(f"{file.path}: {name} is of shape {found.shape}: expected {expected}")
    return found


def keep_attributes(vectors: Any, others: dict[str, npt.NDArray[Any]]) -> None:
    """Give keys the attributes that the first of them had, but for those that they have already; 0 for the others."""
    vectors.expandos = {**others, **vectors.expandos}
    vectors.allocate_vecattrs()


def counts_of(vectors: Any) -> npt.NDArray[np.int64]:
    """(n,) int64: the counts of the keys, 0 where there are none."""
    counts = vectors.expandos.get("count")
    if counts is None or len(counts) != len(vectors.index_to_key):
        return np.zeros(len(vectors.index_to_key), np.int64)
    return np.asarray(counts, np.int64)


def _with_subclasses(cls: Any) -> Iterator[Any]:
    """Yield a class and those made of it, the nearest first."""
    level = [cls]
    while level:
        yield from level
        level = [one for above in level for one in above.__subclasses__()]


def _checked_counts(path: AnyPath, pairs: Any) -> dict[Any, int]:
    """Words and their counts."""
    try:
        counts = dict(pairs)
    except (TypeError, ValueError):
        counts = {None: None}
    if not all(isinstance(key, str | int) and type(count) is int and count >= 0 for key, count in counts.items()):
        raise FormatError(f"{path}: raw_vocab has no words with counts: expected some, none below 0")
    return counts


def _checked_keys(path: AnyPath, keys: Any) -> list[Any]:
    kinds = set(map(type, keys)) if isinstance(keys, list) else {list}
    if not kinds <= {str} and not kinds <= {int}:
        raise FormatError(f"{path}: the words are not all strings, or all integers: expected one kind")
    if len(set(keys)) < len(keys):
        raise FormatError(f"{path}: a word comes twice: expected every word once")
    return list(keys)


def _tensor(file: TensorFile, name: str, mmap: str | None) -> npt.NDArray[Any]:
    dtype = file.dtype(name)
    if dtype not in DTYPES:
        raise FormatError(f"{file.path}: {name!r:.100} is of type {dtype!r:.20}: expected one of {', '.join(DTYPES)}")
    found = file.tensor(name, dtype)
    return found if mmap else np.array(found)
