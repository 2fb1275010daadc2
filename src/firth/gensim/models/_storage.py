"""Keyed vectors as arrays and plain values, for the files of `save`, also as part of a model."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError
from firth.files.tensors import DTYPES, TensorFile
from firth.gensim.models._attributes import check_names, comes_back, is_tensor, packed_attributes, set_plain
from firth.gensim.models._lookup import Lookup

Array = npt.NDArray[Any]

NAMES = {dtype: name for name, dtype in DTYPES.items()}
ATTRIBUTE = "attribute."
OWN = "own."
"""What the names of arrays begin with that are attributes of keys, and of the vectors as a whole."""


def packed(wv: Lookup, prefix: str = "") -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays, their names beginning with `prefix`, and the plain values that `unpack` makes the same vectors of.

    Raises ArgumentError where the vectors do not fit the keys.
    """
    wv._check_vectors()
    tensors: dict[str, Array] = {
        "vectors": _stored(wv.vectors),
        "vectors_lockf": np.asarray(wv.vectors_lockf, np.float32),
    }
    keys = wv.index_to_key
    state: dict[str, Any] = {"vector_size": int(wv.vector_size), "next_index": int(wv.next_index)}
    if all(type(key) is str for key in keys):
        encoded = [key.encode(errors="surrogatepass") for key in keys]
        tensors["keys"] = np.frombuffer(b"".join(encoded), np.uint8)
        tensors["key_offsets"] = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    else:
        state["keys"] = [int(key) if isinstance(key, np.integer) else key for key in keys]
    left_out, plain = left_out_of(wv), {}
    for name, values in wv.expandos.items():
        if name in left_out:
            continue
        if is_tensor(values):
            tensors[ATTRIBUTE + name] = values
        else:
            kind = values.dtype
            plain[name] = {"dtype": kind.str if kind.kind in "biuf" else "O", "values": values.tolist()}
    state["attributes"] = plain
    arrays, state["own"], _ = packed_attributes(wv, wv._apart)
    tensors |= {OWN + name: array for name, array in arrays.items()}
    return {prefix + name: array for name, array in tensors.items()}, state


def left_out_of(wv: Lookup) -> dict[str, str]:
    """The attributes of the vectors and of their keys that `packed` leaves out, and why."""
    left_out, n = packed_attributes(wv, wv._apart)[2], len(wv.index_to_key)
    for name, values in wv.expandos.items():
        if not isinstance(values, np.ndarray) or values.shape != (n,):
            left_out[name] = f"not an array of one value for each of {n} keys"
        elif not is_tensor(values):
            pairs = zip(wv.index_to_key, values.tolist(), strict=True)
            wrong = next(((key, value) for key, value in pairs if not comes_back(value)), None)
            if wrong is not None:
                key, value = wrong
                left_out[name] = (
                    f"of {key!r:.60} it is {value!r:.60}, a {type(value).__name__}, which a file cannot hold as it is"
                )
    return left_out


def unpack_attributes(wv: Lookup, file: TensorFile, values: Any, prefix: str, mapped: bool) -> None:
    """Set the attributes that a file has of vectors as a whole: plain values, and arrays whose names begin so.

    Raises FormatError for names and types that vectors do not have.
    """
    places = {name.removeprefix(prefix): name for name in file if name.startswith(prefix)}
    if not isinstance(values, dict):
        raise FormatError(f"{file.path}: the attributes of the vectors are not as `save` writes them")
    check_names(file.path, type(wv), (*values, *places), wv._apart)
    set_plain(file.path, wv, values)
    for name, place in places.items():
        setattr(wv, name, tensor(file, place, None, mapped))


def unpack(wv: Lookup, file: TensorFile, state: Mapping[str, Any], prefix: str = "", mapped: bool = False) -> None:
    """Fill keyed vectors with what `packed` made; the arrays are copies, or mapped from the file and read-only.

    Raises FormatError where the parts do not fit together.
    """
    vectors = tensor(file, prefix + "vectors", 2, mapped)
    keys = _keys(file, state, prefix)
    n = len(keys)
    size, first_free = state.get("vector_size"), state.get("next_index")
    if vectors.shape != (n, size) or vectors.dtype.kind != "f":
        raise FormatError(
            f"{file.path}: {n} keys and {vectors.dtype} vectors of shape {vectors.shape}: expected ({n}, {size!r:.30})"
        )
    lockf = tensor(file, prefix + "vectors_lockf", 1, False)
    if len(lockf) not in (1, n) or lockf.dtype != np.float32 or type(first_free) is not int or not 0 <= first_free <= n:
        raise FormatError(f"{file.path}: vectors_lockf or next_index does not fit {n} keys")
    wv.index_to_key, wv.vectors, wv.vectors_lockf = keys, vectors, lockf
    wv.key_to_index = {key: index for index, key in enumerate(keys) if key is not None}
    wv.next_index, wv.norms = first_free, None
    wv.expandos = {}
    for name in file:
        if name.startswith(prefix + ATTRIBUTE):
            wv.expandos[name.removeprefix(prefix + ATTRIBUTE)] = tensor(file, name, 1, False)
    wv.expandos |= _plain_attributes(file, state)
    unpack_attributes(wv, file, state.get("own", {}), prefix + OWN, mapped)
    wrong = next((name for name, values in wv.expandos.items() if values.shape != (n,)), None)
    if wrong is not None:
        raise FormatError(f"{file.path}: the attribute {wrong!r:.60} has no value for each of {n} keys")


def tensor(file: TensorFile, name: str, dimensions: int | None, mapped: bool) -> Array:
    """A tensor of any type that is known, a copy or mapped. Raises FormatError where there is none."""
    dtype = file.dtype(name)
    if dtype is not None and dtype not in DTYPES:
        raise FormatError(f"{file.path}: tensor {name!r:.60} is {dtype:.20}: expected one of {', '.join(DTYPES)}")
    found = file.tensor(name, dtype or "F32", dimensions)
    return found if mapped else found.astype(found.dtype.newbyteorder("="))


def whole_of(file: TensorFile, state: Mapping[str, Any], name: str, low: int) -> int:
    """A whole number of the state. Raises FormatError for anything else, or one below `low`."""
    value = state.get(name)
    if type(value) is not int or not low <= value < 2**31:
        raise FormatError(f"{file.path}: {name} is {value!r:.60}: expected a whole number, {low} or more")
    return value


def _stored(vectors: Array) -> Array:
    """Vectors of a type that files hold."""
    return vectors if vectors.dtype.newbyteorder("<") in NAMES else vectors.astype(np.float64)


def _keys(file: TensorFile, state: Mapping[str, Any], prefix: str) -> list[Any]:
    if "keys" in state:
        keys = state["keys"]
        good = isinstance(keys, list) and all(key is None or type(key) in (str, int) for key in keys)
        named = [key for key in keys if key is not None] if good else []
        if not good or len(set(named)) < len(named):
            raise FormatError(f"{file.path}: the keys are not distinct strings and integers")
        return list(keys)
    text, offsets = file.tensor(prefix + "keys", "U8", 1), file.tensor(prefix + "key_offsets", "I64", 1)
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(text) or (offsets[1:] < offsets[:-1]).any():
        raise FormatError(f"{file.path}: the offsets of the keys do not rise from 0 to {len(text)}")
    joined = text.tobytes()
    try:
        found = [joined[a:b].decode(errors="surrogatepass") for a, b in itertools.pairwise(offsets.tolist())]
    except UnicodeDecodeError as error:
        raise FormatError(f"{file.path}: a key is not UTF-8: {error.reason}") from None
    if len(set(found)) < len(found):
        raise FormatError(f"{file.path}: a key comes twice: expected every key once")
    return found


def _plain_attributes(file: TensorFile, state: Mapping[str, Any]) -> dict[str, Array]:
    """The attributes whose types tensors do not have."""
    found: dict[str, Array] = {}
    try:
        for name, stored in state.get("attributes", {}).items():
            values, dtype = stored["values"], np.dtype(stored["dtype"])
            if dtype.kind not in "biufO" or not isinstance(values, list):
                raise FormatError(f"{file.path}: the attribute {name!r:.60} is of type {dtype}: expected numbers or O")
            array = np.empty(len(values), dtype)
            for index, value in enumerate(values):
                array[index] = value
            found[name] = array
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise FormatError(f"{file.path}: the attributes of the keys are not as `save` writes them") from None
    return found
