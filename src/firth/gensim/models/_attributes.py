"""Attributes that programs set on models and vectors: those that files can hold, packed and, at load, checked."""

import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError
from firth.files.paths import AnyPath
from firth.files.tensors import DTYPES

Array = npt.NDArray[Any]

PLAIN = (str, int, float, bool, type(None))


def packed_attributes(thing: Any, apart: Collection[str]) -> tuple[dict[str, Array], dict[str, Any], dict[str, str]]:
    """The attributes of an object but those `apart`: arrays, plain values, and why each of the others is left out."""
    arrays: dict[str, Array] = {}
    values: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, value in vars(thing).items():
        if name in apart:
            continue
        if not _may_be_named(type(thing), name):
            left_out[name] = "no name of an attribute, or one of the class"
        elif is_tensor(value):
            arrays[name] = value
        elif _is_plain(value):
            values[name] = _plain(value)
        else:
            left_out[name] = f"a {type(value).__name__} is not saved"
    return arrays, values, left_out


def check_names(path: AnyPath, kind: type, names: Iterable[str], apart: Collection[str]) -> None:
    """Raise FormatError for a name that no attribute of a saved object of this class has."""
    for name in names:
        if name in apart or not _may_be_named(kind, name):
            raise FormatError(
                f"{path}: the attribute {name!r:.100} is none that a {kind.__name__:.100} has: expected its own"
            )


def set_plain(path: AnyPath, thing: Any, attributes: Mapping[str, Any]) -> None:
    """Set attributes whose names are checked. Raises FormatError for a value of another type than the usual one."""
    for name, value in attributes.items():
        if not _may_be(vars(thing).get(name), value):
            raise FormatError(f"{path}: the attribute {name} is {value!r:.100}: expected another type")
    vars(thing).update(attributes)


def _may_be_named(cls: type, name: str) -> bool:
    """Whether an object of a class may have an attribute of its own of this name, which is not what the class does."""
    if not name.isidentifier() or name.startswith("__"):
        return False
    found = inspect.getattr_static(cls, name, None)
    return not (callable(found) or isinstance(found, classmethod | staticmethod) or hasattr(type(found), "__set__"))


def is_tensor(value: Any) -> bool:
    """Whether it is an array of a type that files hold."""
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.newbyteorder("<") in DTYPES.values()


def comes_back(value: Any) -> bool:
    """Whether a plain value is the same, and of the same type, after it was written as JSON and read."""
    if type(value) is dict:
        return all(type(key) is str for key in value) and all(map(comes_back, value.values()))
    return all(map(comes_back, value)) if type(value) is list else type(value) in PLAIN


def _may_be(usual: Any, value: Any) -> bool:
    """Whether an attribute that is usually `usual` may have this value."""
    if isinstance(usual, int | float):
        return isinstance(value, int | float)
    return not isinstance(usual, list) or value is None or isinstance(value, list)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    scalar = isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim)
    return isinstance(value, PLAIN) or (scalar and value.dtype.kind in "iufb")


def _plain(value: Any) -> Any:
    """The same with NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_plain, value))
    return value.item() if isinstance(value, np.generic | np.ndarray) else value
