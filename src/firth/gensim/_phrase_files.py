"""The files of phrases: their names and a number of each, and settings."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError, quoted
from firth.files.json_text import JsonStream, pieces_of
from firth.files.paths import AnyPath
from firth.gensim._saved import load_state, save_state


def write_phrases(
    path: AnyPath, kind: str, names: Iterable[str], numbers: npt.NDArray[Any], state: dict[str, Any]
) -> None:
    """Write a file of phrases, with a number for each. Raises FormatError."""
    text = json.dumps(list(names)).encode()
    save_state(path, kind, {"names": np.frombuffer(text, np.uint8), "numbers": numbers}, state)


def read_phrases(
    path: AnyPath, kinds: Mapping[str, tuple[str, Sequence[str]]]
) -> tuple[str, list[str], list[Any], dict[str, Any]]:
    """The kind, the names, the number of each, and the state that `write_phrases` wrote. Raises FormatError.

    kinds: of each that may be read, the type of its numbers, as safetensors names it, and the names of its state's
    values, which are not checked.
    """
    kind, state, file = load_state(path)
    if kind not in kinds:
        raise FormatError(
            f"{path}: a file of {kind:.100}: load it with {kind:.100}.load; expected {' or '.join(kinds)}"
        )
    dtype, known = kinds[kind]
    if set(state) != set(known):
        raise FormatError(f"{path}: the state has {quoted(sorted(state))}: expected {', '.join(known)}")
    numbers = file.tensor("numbers", dtype, 1)
    try:
        text = io.BytesIO(file.tensor("names", "U8", 1).data)
        names = list(islice(JsonStream(pieces_of(text.read)).values(), len(numbers) + 1))
    except (ValueError, RecursionError):
        names = None
    if names is None or not all(isinstance(name, str) for name in names) or len(names) != len(numbers):
        raise FormatError(f"{path}: the names are no list of {len(numbers):,} texts: is the file damaged?")
    if not (np.isfinite(numbers).all() if dtype == "F64" else (numbers > 0).all()):
        raise FormatError(f"{path}: a count below 1 or a score that is no number: is the file damaged?")
    return kind, names, numbers.tolist(), state
