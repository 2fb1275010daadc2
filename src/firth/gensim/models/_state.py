"""A model on disk and between processes: arrays and plain values, no code."""

import importlib
import inspect
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

PLAIN = (str, int, float, bool, type(None))

ARRAY = "attribute."
OF_KEYS = "vecattr."
"""What the names of arrays begin with that are attributes of the user's: of the model, and of the keys."""


def save(model: Any, path: AnyPath) -> None:
    """Write a model to one file, whole or not at all. Warns of attributes that such a file cannot hold."""
    tensors: dict[str, npt.NDArray[Any]] = {"count": counts_of(model.wv), **model._firth_input_tensors()}
    for name in ("syn1neg", "syn1"):
        if hasattr(model, name):
            tensors[name] = getattr(model, name)
    attributes: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, value in vars(model).items():
        if name in PASSING:
            continue
        if not _may_be_named(type(model), name):
            left_out[name] = "no name of an attribute, or one of the class"
        elif _is_tensor(value):
            tensors[ARRAY + name] = value
        elif _is_plain(value):
            attributes[name] = _plain(value)
        else:
            left_out[name] = f"a {type(value).__name__}"
    for name, values in model.wv.expandos.items():
        if name != "count" and _is_tensor(values):
            tensors[OF_KEYS + name] = values
        elif name != "count":
            left_out[f"wv.expandos[{name!r:.60}]"] = f"values of type {values.dtype}"
    if left_out:
        told = "; ".join(f"{name:.60}: {why}" for name, why in left_out.items())
        warnings.warn(f"attributes that are not saved: {told}", UserWarning, stacklevel=callers_level())
    state = {"keys": model.wv.index_to_key, "attributes": attributes, "more": model._firth_more_state()}
    if model.raw_vocab:
        state["raw_vocab"] = list(map(list, model.raw_vocab.items()))
    save_state(path, model._firth_kind, tensors, state)


def load(cls: Any, path: AnyPath, mmap: str | None) -> Any:
    """The model in a file that `save` wrote. Raises FormatError for other files, and for models of another class."""
    kind, state, file = load_state(path)
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
    for name in (*attributes, *arrays):
        if name in PASSING or not _may_be_named(made, name):
            raise FormatError(f"{path}: the attribute {name!r:.100} is none that a {kind} has: expected its own")
    model = made.__new__(made)
    model._firth_set_defaults()
    for name, value in attributes.items():
        if not _may_be(vars(model).get(name), value):
            raise FormatError(f"{path}: the attribute {name} is {value!r:.100}: expected another type")
    vars(model).update(attributes)
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


def _may_be_named(cls: type, name: str) -> bool:
    """Whether an object of a class may have an attribute of its own of this name, which is not what the class does."""
    if not name.isidentifier() or name.startswith("__"):
        return False
    found = inspect.getattr_static(cls, name, None)
    return not (callable(found) or isinstance(found, classmethod | staticmethod) or hasattr(type(found), "__set__"))


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


def _may_be(usual: Any, value: Any) -> bool:
    """Whether an attribute that is usually `usual` may have this value."""
    if isinstance(usual, int | float):
        return isinstance(value, int | float)
    return not isinstance(usual, list) or value is None or isinstance(value, list)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.newbyteorder("<") in DTYPES.values()


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    scalar = isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim)
    return isinstance(value, PLAIN) or (scalar and value.dtype.kind in "iufb")


def _plain(value: Any) -> Any:
    """The same with NumPy's numbers as Python's, and lists in place of tuples."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_plain, value))
    return value.item() if isinstance(value, np.generic | np.ndarray) else value
