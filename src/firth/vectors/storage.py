"""What firth's vectors file holds: the parts of word vectors as tensors and metadata of a safetensors file.

Always there: "center" F32 (n, d); "counts" I64 (n,); "words" U8, the UTF-8 bytes of all words one after another;
"word_offsets" I64 (n + 1,), where each word begins and the last one ends. Where the vectors have them: "outside" F32
(m, d) and "bias" F32 (m,); where m > n, "more_words" U8 and "more_word_offsets" I64 (m - n + 1,), the outside words
after the first n, likewise; "nodes" F32 (n - 1, d), the inner nodes of hierarchical softmax; "subwords" F32
(n + bucket, d), the words' own rows and those of n-grams; "norms" F64 (n,), the lengths of the center vectors, which
older files lack; "documents" F32 (m, d), the vectors of m tags of documents; where the tags are no numbers,
"document_tags" U8 and "document_tag_offsets" I64 (m + 1,), likewise; "document_outside" F32 (k, w d) and
"document_padding" F32 (d,). Matrices may be F16 in place of F32. The metadata has one key, "firth": a JSON text with
"format" (1), "config", "history" and, for subwords, "subwords": {"minn", "maxn", "bucket"}. Other tensors are left
alone.
"""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError, quoted
from firth.files.json_text import loads
from firth.files.paths import AnyPath, as_path, check_folder, naming
from firth.files.tensors import TensorFile
from firth.vectors.directions import lengths_of
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords

SUFFIX = ".safetensors"
VERSION = 1
NGRAM_SETTINGS = ("minn", "maxn", "bucket")
MATRICES = ("center", "outside", "nodes", "subwords", "documents", "document_outside")

WORDS_AT_ONCE, MOST_AT_ONCE = 1 << 16, 1 << 22
"""Words that are cut out of one text, and the most bytes of that text."""

Floats = npt.NDArray[np.float32]


class Parts(TypedDict):
    """What word vectors are made of: the arguments of `WordVectors`, by name."""

    words: list[str]
    counts: npt.NDArray[np.int64]
    center: Floats
    outside: Floats | None
    config: dict[str, Any]
    history: list[dict[str, Any]]
    outside_words: list[str]
    bias: Floats | None
    nodes: Floats | None
    subwords: Subwords | None
    norms: npt.NDArray[np.float64] | None
    documents: DocumentVectors | None


def check_writable(path: AnyPath) -> Path:
    """`path` as a Path, if vectors can be saved there; changes nothing.

    Raises FormatError if it does not end in .safetensors, is a folder, or if its folder is missing or refuses
    files.
    """
    path = as_path(path)
    if path.suffix != SUFFIX:
        raise FormatError(f"{path}: a vectors file ends in {SUFFIX}: name it {path.name}{SUFFIX}")
    return check_folder(path)


def reproducible(parts: Parts) -> Parts:
    """The parts without what differs between equal runs: the seconds of each epoch, and threads that change nothing.

    The vectors of the exact softmax and of deterministic runs do not depend on the number of threads, others do.
    """
    history = [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in parts["history"]]
    config = dict(parts["config"])
    if config.get("loss") == "softmax" or config.get("deterministic"):
        config.pop("threads", None)
    return {**parts, "config": config, "history": history}


def pack(path: Path, parts: Parts, half: bool = False) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The tensors and the metadata of a vectors file, for `write_tensors`; with `half` the matrices are float16.

    Raises FormatError, which names `path`, for words without UTF-8, for a config or history that JSON cannot hold and
    for numbers too large for float16.
    """
    words, subwords, documents = parts["words"], parts["subwords"], parts["documents"]
    encoded = encoded_words(path, words)
    more = encoded_words(path, parts["outside_words"][len(words) :])
    tags = encoded_words(path, documents.names, "tag") if documents is not None and documents.names is not None else []
    tensors: dict[str, npt.NDArray[Any] | None] = {
        "counts": parts["counts"],
        "word_offsets": _offsets(encoded),
        "more_word_offsets": _offsets(more) if more else None,
        "document_tag_offsets": _offsets(tags) if tags else None,
        "norms": parts["norms"],
        "center": parts["center"],
        "outside": parts["outside"],
        "bias": parts["bias"],
        "nodes": parts["nodes"],
        "subwords": subwords.rows if subwords is not None else None,
        "documents": documents.matrix if documents is not None else None,
        "document_outside": documents.outside if documents is not None else None,
        "document_padding": documents.padding if documents is not None else None,
        "words": _joined(encoded),
        "more_words": _joined(more) if more else None,
        "document_tags": _joined(tags) if tags else None,
    }
    if half:
        matrices = {name: tensors[name] for name in MATRICES}
        tensors |= {name: _rounded(path, name, rows) for name, rows in matrices.items() if rows is not None}
        tensors["norms"] = lengths_of(parts["center"].astype(np.float16))
    document: dict[str, Any] = {"format": VERSION, "config": parts["config"], "history": parts["history"]}
    if subwords is not None:
        document["subwords"] = {name: getattr(subwords, name) for name in NGRAM_SETTINGS}
    try:
        text = json.dumps(document, sort_keys=True, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: config and history do not fit into JSON: {error}") from None
    return {name: array for name, array in tensors.items() if array is not None}, {"firth": text}


def unpack(file: TensorFile) -> Parts:
    """The parts in a vectors file, the matrices mapped from disk. Raises FormatError where it is not as it should be.

    Non-finite numbers are found later, by the query that meets them.
    """
    document = _document(file.path, file.metadata, file.size)
    words = _decoded(file, "words", "word_offsets", "word")
    outside_words = words
    if "more_words" in file:
        outside_words = words + _decoded(file, "more_words", "more_word_offsets", "more word")
    subwords = None
    if document.get("subwords") is not None:
        subwords = checked_subwords(file.path, document["subwords"], _matrix(file, "subwords"))
    elif "subwords" in file:
        raise FormatError(
            f"{file.path}: there is a tensor 'subwords', but the metadata has no minn, maxn and bucket for it"
        )
    return {
        "words": words,
        "counts": file.tensor("counts", "I64", 1),
        "center": _matrix(file, "center"),
        "outside": _matrix(file, "outside") if "outside" in file else None,
        "config": document["config"],
        "history": document["history"],
        "outside_words": outside_words,
        "bias": file.tensor("bias", "F32", 1) if "bias" in file else None,
        "nodes": _matrix(file, "nodes") if "nodes" in file else None,
        "subwords": subwords,
        "norms": file.tensor("norms", "F64", 1) if "norms" in file else None,
        "documents": _unpacked_documents(file) if "documents" in file else None,
    }


def encoded_words(path: Path, words: list[str], kind: str = "word") -> list[bytes]:
    """The words in UTF-8. Raises FormatError, which names `path`, for one that has none."""
    try:
        return [word.encode() for word in words]
    except UnicodeEncodeError as error:
        raise FormatError(
            f"{path}: the {kind} {quoted(error.object)} has no UTF-8: it holds half a character"
        ) from None


def checked_subwords(path: Path, settings: Any, rows: Floats) -> Subwords:
    """The n-grams of a file, from their settings and rows. Raises FormatError where these do not fit together."""
    if not isinstance(settings, dict) or set(settings) != set(NGRAM_SETTINGS):
        raise FormatError(f"{path}: the metadata's subwords are {quoted(settings)}: expected minn, maxn and bucket")
    with naming(path):
        return Subwords(rows=rows, **settings)


def _unpacked_documents(file: TensorFile) -> DocumentVectors:
    """The vectors of documents in a file. Raises FormatError where the parts do not fit together."""
    is_named = "document_tags" in file or "document_tag_offsets" in file
    names = _decoded(file, "document_tags", "document_tag_offsets", "tag") if is_named else None
    outside = _matrix(file, "document_outside") if "document_outside" in file else None
    padding = file.tensor("document_padding", "F32", 1) if "document_padding" in file else None
    with naming(file.path):
        return DocumentVectors(_matrix(file, "documents"), names, outside, padding)


def _document(path: Path, metadata: Mapping[str, str], size: int) -> dict[str, Any]:
    """The JSON object in the metadata; its format, config and history are checked."""
    text = metadata.get("firth")
    if text is None:
        raise FormatError(f"{path}: a safetensors file without firth's metadata: expected one that firth wrote")
    try:
        document: Any = loads(text, size)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: the metadata is not JSON: {error}") from None
    version = document.get("format") if isinstance(document, dict) else None
    if type(version) is not int:
        raise FormatError(f"{path}: the metadata has no format number: expected an object with format {VERSION}")
    if version != VERSION:
        raise FormatError(f"{path}: format {quoted(version)}; this firth reads {VERSION}: pip install --upgrade firth")
    config, history = document.get("config"), document.get("history")
    if not isinstance(config, dict):
        raise FormatError(f"{path}: the metadata's config is no object: expected the settings by name")
    if not isinstance(history, list) or not all(isinstance(epoch, dict) for epoch in history):
        raise FormatError(f"{path}: the metadata's history is no list of objects: expected one an epoch")
    return dict(document)


def _decoded(file: TensorFile, text_name: str, offsets_name: str, kind: str) -> list[str]:
    """The words of two tensors, their text and their offsets."""
    text, offsets = file.tensor(text_name, "U8", 1), file.tensor(offsets_name, "I64", 1)
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(text) or (offsets[1:] < offsets[:-1]).any():
        raise FormatError(
            f"{file.path}: the {kind} offsets do not rise from 0 to {len(text)}, the bytes of all {kind}s"
        )
    words: list[str] = []
    for first in range(0, len(offsets) - 1, WORDS_AT_ONCE):
        bounds = offsets[first : first + WORDS_AT_ONCE + 1]
        begin, end = int(bounds[0]), int(bounds[-1])
        if end - begin > MOST_AT_ONCE:  # some are long, and need not be cut out of a copy
            pairs = enumerate(itertools.pairwise(bounds.tolist()), first)
            words += [_word(file, text[a:b].tobytes(), number, kind) for number, (a, b) in pairs]
        else:
            words += _divided(file, text[begin:end], bounds - begin, first, kind)
    return words


def _divided(
    file: TensorFile, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], first: int, kind: str
) -> list[str]:
    """The words of a text, of which the first has a number."""
    whole = text.tobytes()
    continues = (text & 0xC0) == 0x80  # the bytes that do not begin a character
    try:
        characters = whole.decode()
        cut = continues[offsets[offsets < len(text)]].any()
    except UnicodeDecodeError:
        cut = True
    if cut:
        pairs = enumerate(itertools.pairwise(offsets.tolist()), first)
        return [_word(file, whole[begin:end], number, kind) for number, (begin, end) in pairs]
    places = offsets - np.concatenate([[0], np.cumsum(continues)])[offsets]
    return [characters[begin:end] for begin, end in itertools.pairwise(places.tolist())]


def _word(file: TensorFile, raw: bytes, number: int, kind: str) -> str:
    """One word. Raises FormatError where it is not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise FormatError(f"{file.path}: {kind} {number} is {quoted(raw)}: expected UTF-8") from None


def _matrix(file: TensorFile, name: str) -> Floats:
    """A matrix of float32, mapped from disk; one of float16 is made float32 in memory."""
    if file.dtype(name) != "F16":
        return file.tensor(name, "F32", 2)
    stored = file.tensor(name, "F16", 2)
    matrix = np.empty(stored.shape, np.float32)
    np.copyto(matrix, stored)
    return matrix


def _rounded(path: Path, name: str, matrix: npt.NDArray[Any]) -> npt.NDArray[np.float16]:
    """A matrix in float16. Raises FormatError for a number that is too large for it, or a vector that is too small."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = matrix.astype(np.float16)
    too_large = np.isinf(rounded) & np.isfinite(matrix)
    if too_large.any():
        row, column = np.argwhere(too_large)[0]
        raise FormatError(
            f"{path}: row {row} of {name} holds {matrix[row, column]:.6g}, and float16 ends at 65,504: "
            "save it without half (--half)"
        )
    if name in ("center", "documents"):
        lost = matrix.any(axis=1) & ~rounded.any(axis=1)
        if lost.any():
            row = int(lost.argmax())
            raise FormatError(
                f"{path}: row {row} of {name} is so small ({np.abs(matrix[row]).max():.2g} at most) that float16 makes "
                "it zero: scale the vectors to length 1 first (--normalized), or save it without half (--half)"
            )
    return rounded


def _offsets(words: list[bytes]) -> npt.NDArray[np.int64]:
    return np.cumsum([0, *map(len, words)], dtype=np.int64)


def _joined(words: list[bytes]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(words), dtype=np.uint8)


def _plain(value: object) -> object:
    """A number of NumPy's as one of Python's, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{quoted(value)} is neither a number nor text, list or dict")
