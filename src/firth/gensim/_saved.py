"""What `save` writes and `load` reads: one safetensors file of a model's arrays and of its state in JSON, no pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from firth.errors import FormatError
from firth.files.json_text import loads
from firth.files.paths import AnyPath
from firth.files.tensors import TensorFile, read_tensors, write_tensors
from firth.formats.detect import is_safetensors
from firth.gensim._paths import readable, writable

KEY = "firth.gensim"
VERSION = 1

HOW_TO_CONVERT = (
    'with gensim installed, run: python -c "from gensim.models import KeyedVectors, Word2Vec; '
    "m = Word2Vec.load('OLD'); m.wv.save_word2vec_format('new.bin', binary=True)\" (KeyedVectors.load for vectors "
    "alone), then read it here with KeyedVectors.load_word2vec_format('new.bin', binary=True)"
)


def save_state(path: AnyPath, kind: str, tensors: Mapping[str, npt.NDArray[Any]], state: Mapping[str, Any]) -> None:
    """Write a file of arrays and a state of plain JSON values; `kind` names the class that it is of.

    Raises FormatError where it cannot be written, or the state is not plain; NoFileError without a folder for it.
    """
    try:
        text = json.dumps({"version": VERSION, "kind": kind, "state": state}, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}: the state of this {kind} cannot be saved: {error}") from None
    write_tensors(writable(path), tensors, {KEY: text})


def load_state(path: AnyPath, mapped: bool = False) -> tuple[str, dict[str, Any], TensorFile]:
    """The kind, the state and the open file of arrays that `save_state` wrote.

    mapped: whether the arrays are to be mapped; if they are read into memory, the checksum of the file is compared.
    Raises NoFileError where nothing is there, FormatError for other and for damaged files.
    """
    path = readable(path, "a file that `save` wrote")
    if is_pickle(path):
        raise FormatError(f"{path}: a pickle, as gensim saves, which firth never loads: {HOW_TO_CONVERT}")
    file = read_tensors(path)
    try:
        document = loads(file.metadata[KEY], file.size)
        version, kind, state = document["version"], document["kind"], document["state"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise FormatError(f"{path}: not a file that a model of firth.gensim saved: expected one") from None
    if not mapped and file.checksum is not None:
        file.check()
    if version != VERSION or not isinstance(kind, str) or not isinstance(state, dict):
        raise FormatError(f"{path}: version {version!r:.100} of {kind!r:.100}: this firth reads version {VERSION}")
    return kind, state, file


def is_pickle(path: Path) -> bool:
    """Whether a file begins as pickles of protocols 2 to 5 do, and is no safetensors file with a header as long."""
    try:
        with open(path, "rb") as file:
            first = file.read(16)
    except OSError:
        return False
    return not is_safetensors(first) and first[:1] == b"\x80" and first[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
