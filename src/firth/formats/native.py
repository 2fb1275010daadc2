"""Readers and writers of vectors files: firth's own .safetensors, word2vec's text and binary; fastText's .bin is read.

A file of firth's is plain safetensors: "center" F32 (n, d); "counts" I64 (n,); "words" U8, the UTF-8 bytes of
all words one after another; "word_offsets" I64 (n + 1,), where each begins and the last ends. Where known,
"outside" F32 (m, d) and "bias" F32 (m,); where m > n, "more_words" U8 and "more_word_offsets" I64 (m - n + 1,),
the outside words after the first n, likewise. "nodes" F32 (n - 1, d) are the inner nodes of hierarchical softmax;
"subwords" F32 (n + bucket, d) the words' own rows and those of n-grams. The metadata has one key, "firth": a JSON text
with "format" (1), "config", "history" and, for subwords, "subwords": {"minn", "maxn", "bucket"}. The bytes are a
function of the vectors alone. word2vec's files hold words and center vectors and nothing else.
"""

import contextlib
import errno
import itertools
import json
import math
import mmap
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from firth.errors import ConfigError, FirthError, FormatError
from firth.formats import fasttext
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords, word_vectors

AnyPath = str | os.PathLike[str]

VERSION = 1
STATE = "state."
"""What the names of the tensors begin with that only a run needs."""

PIECE = 2**26
"""The bytes of a matrix that are handled at once."""

LARGEST = float(np.finfo(np.float32).max)
DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8"), "U8": np.dtype("u1")}
FORMATS = {
    ".safetensors": "safetensors",
    ".txt": "word2vec-text",
    ".vec": "word2vec-text",
    ".bin": "word2vec-binary",
}
"""File name extension -> format."""


def load(path: AnyPath) -> WordVectors:
    """The vectors in a .safetensors file that firth wrote, memory-mapped: matrices are read when used.

    Raises FormatError, saying what was found and expected, for anything else. Non-finite numbers are found
    later, by the query that meets them.
    """
    path = _path(path)
    if path.suffix != ".safetensors":
        hint = "a vectors file of firth ends in .safetensors"
        if found := _format(path):
            hint += f"; for {found}, run: firth convert {path} {path.with_suffix('.safetensors')}"
        raise FormatError(f"{path}: {hint}")
    return _read_safetensors(path)


def save(vectors: WordVectors, path: AnyPath, state: dict[str, npt.NDArray[np.float32]] | None = None) -> None:
    """Write `vectors` to one .safetensors file, whole or not at all: an old file is replaced at the end.

    `state` are float32 arrays by name that a run needs to go on; `load` passes over them, `load_state` reads them.
    Raises FormatError where the file cannot be written.
    """
    path = check_writable(path)
    encoded = _encoded(vectors.words, path)
    more = _encoded(vectors.outside_words[len(encoded) :], path)
    tensors: dict[str, tuple[str, npt.NDArray[Any]]] = {
        "counts": ("I64", vectors.counts),
        "word_offsets": ("I64", np.cumsum([0, *map(len, encoded)])),
    }
    if more:
        tensors["more_word_offsets"] = ("I64", np.cumsum([0, *map(len, more)]))
    tensors["center"] = ("F32", vectors.center)
    if vectors.outside is not None:
        tensors["outside"] = ("F32", vectors.outside)
    if vectors.bias is not None:
        tensors["bias"] = ("F32", vectors.bias)
    if vectors.nodes is not None:
        tensors["nodes"] = ("F32", vectors.nodes)
    if vectors.subwords is not None:
        tensors["subwords"] = ("F32", vectors.subwords.rows)
    tensors["words"] = ("U8", np.frombuffer(b"".join(encoded), dtype=np.uint8))
    if more:
        tensors["more_words"] = ("U8", np.frombuffer(b"".join(more), dtype=np.uint8))
    tensors |= {STATE + name: ("F32", array) for name, array in (state or {}).items()}
    parts: dict[str, Any] = {"format": VERSION, "config": vectors.config, "history": vectors.history}
    if vectors.subwords is not None:
        parts["subwords"] = {name: getattr(vectors.subwords, name) for name in ("minn", "maxn", "bucket")}
    try:
        metadata = json.dumps(parts, sort_keys=True, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: config and history do not fit into JSON: {error}") from None
    header: dict[str, Any] = {"__metadata__": {"firth": metadata}}
    end = 0
    for name, (dtype, array) in tensors.items():
        begin, end = end, end + array.size * DTYPES[dtype].itemsize
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for dtype, array in tensors.values():
            for piece in _pieces(array):
                file.write(np.ascontiguousarray(piece, dtype=DTYPES[dtype]).reshape(-1).view(np.uint8).data)


def load_state(path: AnyPath) -> dict[str, npt.NDArray[np.float32]]:
    """The arrays that `save` was given as `state`, by name. Raises FormatError if there is no whole file."""
    try:
        with safe_open(path, framework="np") as file:
            names = [name for name in file.keys() if name.startswith(STATE)]  # noqa: SIM118
            for name in names:
                if (dtype := file.get_slice(name).get_dtype()) != "F32":
                    raise FormatError(f"{path}: tensor {name!r} is {dtype}: expected F32")
            return {name.removeprefix(STATE): file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a whole safetensors file: {error}") from None


def check_writable(path: AnyPath) -> Path:
    """`path`, where vectors can be saved to it; nothing is changed or left behind.

    Raises FormatError if it does not end in .safetensors, is a folder, or if its folder is missing or refuses
    files.
    """
    path = _path(path)
    if path.suffix != ".safetensors":
        raise FormatError(f"{path}: a vectors file ends in .safetensors: name it {path.name}.safetensors")
    check_folder(path)
    return path


def convert(src: AnyPath, dst: AnyPath, to: str | None = None) -> None:
    """Write the vectors of file `src` to file `dst`, the formats by extension or, for `dst`, by name in `to`.

    The formats are "safetensors" (.safetensors), "word2vec-text" (.txt, .vec) and "word2vec-binary" (.bin). fastText's
    models are read too, known by their first bytes: words, counts, vectors, n-grams, outside vectors or nodes, and
    settings. word2vec's formats lose all but the words and their vectors, with a warning where those are n-grams; read
    from them, counts are 0. Memory holds the words, and a matrix only where one is read from word2vec's formats.

    Raises FormatError, and ConfigError for an unknown `to`.
    """
    src, dst = _path(src), _path(dst)
    readers: dict[str, Callable[[Path], WordVectors]] = {
        "safetensors": _read_safetensors,
        "word2vec-text": _read_text,
        "word2vec-binary": _read_binary,
        "fasttext": lambda path: _read_fasttext(path, Path(os.path.realpath(dst)).parent),
    }
    writers = {"safetensors": save, "word2vec-text": _write_text, "word2vec-binary": _write_binary}
    if to is not None and to not in writers:
        raise ConfigError(f"to is {to!r}: expected {' or '.join(map(repr, writers))}")
    found, wanted = _known(src, _format(src)), to or _known(dst, FORMATS.get(dst.suffix))
    check_folder(dst)
    vectors = readers[found](src)
    if vectors.subwords is not None and wanted != "safetensors":
        warnings.warn(f"{dst}: {wanted} has no place for n-grams: words never seen have no vectors there", stacklevel=2)
    writers[wanted](vectors, dst)


def _format(path: Path) -> str | None:
    """The name of a file's format: fastText's by the first bytes, others by the extension; None for neither."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(fasttext.MAGIC)) == fasttext.MAGIC:
                    return "fasttext"
    except OSError:  # its reader says what is wrong
        pass
    return FORMATS.get(path.suffix)


def _known(path: Path, name: str | None) -> str:
    if name is None:
        raise FormatError(f"{path}: the extension names no format: expected {', '.join(FORMATS)}")
    return name


# safetensors


def _read_safetensors(path: Path) -> WordVectors:
    mapping = _mapped(path)
    try:
        with safe_open(path, framework="np"):
            pass
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path}: not a whole safetensors file: {error}") from None
    start = 8 + int.from_bytes(mapping[:8], "little")
    header = json.loads(mapping[8:start])  # safe_open has parsed the same bytes
    parts = _read_metadata(path, header)

    def tensor(name: str, dtype: str, dimensions: int) -> npt.NDArray[Any]:
        expected = f"expected {dtype} with {dimensions} dimension{'s'[: dimensions - 1]}"
        if name not in header:
            raise FormatError(f"{path}: no tensor {name!r}: {expected}")
        shape, (begin, end) = header[name]["shape"], header[name]["data_offsets"]
        if header[name]["dtype"] != dtype or len(shape) != dimensions:
            raise FormatError(f"{path}: tensor {name!r} is {header[name]['dtype']} of shape {shape}: {expected}")
        if end - begin != math.prod(shape) * DTYPES[dtype].itemsize or start + end > len(mapping):
            raise FormatError(f"{path}: tensor {name!r} lies at bytes {begin} to {end}: expected shape {shape}")
        return np.ndarray(shape, DTYPES[dtype], mapping, start + begin)

    words = _decoded(path, "word", tensor("words", "U8", 1), tensor("word_offsets", "I64", 1))
    outside_words = words
    if "more_words" in header:
        offsets = tensor("more_word_offsets", "I64", 1)
        outside_words = words + _decoded(path, "more word", tensor("more_words", "U8", 1), offsets)
    subwords = None
    if parts.get("subwords") is not None:
        subwords = _subwords(path, parts["subwords"], tensor("subwords", "F32", 2))
    elif "subwords" in header:
        raise FormatError(f"{path}: there is a tensor 'subwords', but the metadata has no minn, maxn and bucket for it")
    return _vectors(
        path,
        words,
        tensor("counts", "I64", 1),
        tensor("center", "F32", 2),
        tensor("outside", "F32", 2) if "outside" in header else None,
        parts["config"],
        parts["history"],
        outside_words=outside_words,
        bias=tensor("bias", "F32", 1) if "bias" in header else None,
        nodes=tensor("nodes", "F32", 2) if "nodes" in header else None,
        subwords=subwords,
    )


def _subwords(path: Path, settings: Any, rows: npt.NDArray[np.float32]) -> Subwords:
    if not isinstance(settings, dict) or set(settings) != {"minn", "maxn", "bucket"}:
        raise FormatError(f"{path}: the metadata's subwords are {settings!r:.200}: expected minn, maxn and bucket")
    try:
        return Subwords(rows=rows, **settings)
    except FirthError as error:
        raise FormatError(f"{path}: {error}") from None


def _read_metadata(path: Path, header: dict[str, Any]) -> dict[str, Any]:
    """The parts of firth's metadata; format, config and history are checked."""
    text = header.get("__metadata__", {}).get("firth")
    if text is None:
        raise FormatError(f"{path}: a safetensors file without firth's metadata: expected one that firth wrote")
    try:
        parts: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: the metadata is not JSON: {error}") from None
    version = parts.get("format") if isinstance(parts, dict) else None
    if type(version) is not int:
        raise FormatError(f"{path}: the metadata has no format number: expected an object with format {VERSION}")
    if version != VERSION:
        raise FormatError(f"{path}: format {version}; this firth reads {VERSION}: pip install --upgrade firth")
    config, history = parts.get("config"), parts.get("history")
    if not isinstance(config, dict):
        raise FormatError(f"{path}: the metadata's config is no object: expected the settings by name")
    if not isinstance(history, list) or not all(isinstance(epoch, dict) for epoch in history):
        raise FormatError(f"{path}: the metadata's history is no list of objects: expected one an epoch")
    return dict(parts)


def _decoded(path: Path, kind: str, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[str]:
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(text) or (offsets[1:] < offsets[:-1]).any():
        raise FormatError(f"{path}: the {kind} offsets do not rise from 0 to {len(text)}, the bytes of all {kind}s")
    whole, bounds = text.tobytes(), offsets.tolist()
    words = []
    for begin, end in itertools.pairwise(bounds):
        try:
            words.append(whole[begin:end].decode())
        except UnicodeDecodeError:
            raise FormatError(f"{path}: {kind} {len(words)} is {whole[begin:end]!r}: expected UTF-8") from None
    return words


# fastText's models


def _read_fasttext(path: Path, folder: Path) -> WordVectors:
    """The vectors of a model; what they take beyond its own file is kept in a nameless one in `folder`."""
    model = fasttext.read_model(path, _mapped(path))
    n, d = len(model.words), model.rows.shape[1]
    words = [word.decode(errors="backslashreplace") for word in model.words]
    broken = [shown for shown, word in zip(words, model.words, strict=True) if shown.encode() != word]
    if broken:
        warnings.warn(
            f"{path}: {len(broken):,} words are not UTF-8, such as {broken[0]!r}, and have \\x.. for what is not",
            stacklevel=3,
        )
    subwords, center = None, model.rows[:n]
    if model.ngrams is None:
        for _ in _finite(path, words, _pieces(center)):
            pass
    else:
        subwords = _subwords(path, dict(zip(("minn", "maxn", "bucket"), model.ngrams, strict=True)), model.rows)
        center = _on_disk(_finite(path, words, word_vectors(model.words, subwords)), (n, d), folder)
    matrices = {"nodes": model.nodes, "subwords": subwords}
    return _vectors(path, words, model.counts, center, model.outside, model.config, [], **matrices)


def _finite(
    path: Path, words: list[str], blocks: Iterable[npt.NDArray[np.float32]]
) -> Iterator[npt.NDArray[np.float32]]:
    """The same blocks of vectors, all numbers of which are finite."""
    begin = 0
    for block in blocks:
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            raise FormatError(f"{path}: the vector of {words[begin + int(finite.argmin())]!r} is not finite")
        begin += len(block)
        yield block


def _on_disk(
    blocks: Iterable[npt.NDArray[np.float32]], shape: tuple[int, int], folder: Path
) -> npt.NDArray[np.float32]:
    """A matrix given block by block, memory-mapped from a file that goes when it is no longer used."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for block in blocks:
                file.write(block.data)
            file.flush()
            return np.ndarray(shape, np.float32, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        _refuse(folder, "cannot be written to", error)


# word2vec's text and binary


def _read_text(path: Path) -> WordVectors:
    with reading(path, "vectors") as file:
        n, d = _read_sizes(path, file.readline(4096), 2)
        center = np.empty((n, d), dtype=np.float32)
        words: dict[str, None] = {}
        for i in range(n):
            where = f"{path}, line {i + 2}"
            fields = file.readline().rsplit(None, d)
            if len(fields) != d + 1:
                raise FormatError(f"{where}: {len(fields)} fields: expected a word and {d} numbers")
            try:
                word, row = fields[0].decode(), [float(field) for field in fields[1:]]
            except ValueError as error:
                raise FormatError(f"{where}: {error}: expected a word in UTF-8 and {d} numbers") from None
            if word in words:
                raise FormatError(f"{where}: the word {word!r} comes twice: expected every word once")
            if not all(abs(number) <= LARGEST for number in row):
                raise FormatError(f"{where}: the vector of {word!r} is not finite: expected float32 numbers")
            words[word] = None
            center[i] = row
        if file.read(4096).strip():
            raise FormatError(f"{path}, line {n + 2}: more text: expected an end after the {n} words of line 1")
    return _vectors(path, list(words), np.zeros(n, dtype=np.int64), center, None, {}, [])


def _read_binary(path: Path) -> WordVectors:
    mapping = _mapped(path)
    at = mapping.find(b"\n", 0, 4096) + 1
    n, d = _read_sizes(path, mapping[:at], 4)
    center = np.empty((n, d), dtype=np.float32)
    words = []
    for i in range(n):
        space = mapping.find(b" ", at)
        word = mapping[at:space].lstrip(b"\n") if space >= 0 else b""
        at, begin = space + 1 + 4 * d, at
        if not word or at > len(mapping):
            raise FormatError(f"{path}, byte {begin}: expected word {i + 1} of {n}, a space and {4 * d} bytes")
        center[i] = np.ndarray(d, DTYPES["F32"], mapping, space + 1)
        try:
            words.append(word.decode())
        except UnicodeDecodeError:
            raise FormatError(f"{path}, byte {begin}: the word is {word!r}: expected UTF-8") from None
        if not np.isfinite(center[i]).all():
            raise FormatError(f"{path}, byte {begin}: the vector of {words[-1]!r} is not finite")
    if mapping[at : at + 4096].strip():
        raise FormatError(f"{path}, byte {at}: more bytes: expected an end after the {n} words of line 1")
    return _vectors(path, words, np.zeros(n, dtype=np.int64), center, None, {}, [])


def _read_sizes(path: Path, line: bytes, least_bytes: int) -> tuple[int, int]:
    """The words and the dimension that line 1 promises, where the file is long enough to keep the promise."""
    try:
        n, d = map(int, line.split())
    except ValueError:
        n = d = 0
    if n < 1 or d < 1:
        raise FormatError(f"{path}, line 1: {line[:60]!r}: expected two numbers, the words and the dimension")
    if n * d * least_bytes > path.stat().st_size:
        raise FormatError(f"{path}, line 1: {n} words of dimension {d}: the file is too short for them")
    return n, d


def _write_text(vectors: WordVectors, path: Path) -> None:
    row_format = b" %.9g" * vectors.center.shape[1] + b"\n"
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for word, row in zip(_unspaced(vectors, path), vectors.center, strict=True):
            file.write(word + row_format % tuple(row))


def _write_binary(vectors: WordVectors, path: Path) -> None:
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors.center.shape)
        for word, row in zip(_unspaced(vectors, path), vectors.center, strict=True):
            file.write(word + b" " + row.astype(DTYPES["F32"]).tobytes() + b"\n")


def _unspaced(vectors: WordVectors, path: Path) -> list[bytes]:
    encoded = _encoded(vectors.words, path)
    for word in encoded:
        if len(word.split()) != 1 or word.split()[0] != word:
            raise FormatError(f"{path}: the word {word.decode()!r} cannot be written: word2vec's files take no spaces")
    return encoded


# files


def _path(path: AnyPath) -> Path:
    path = Path(path)
    if "\0" in str(path):
        raise FormatError(f"{str(path)!r}: a path cannot hold a NUL character")
    return path


def _refuse(path: Path, what: str, error: OSError) -> NoReturn:
    advice = "give a path that this user may use"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "make room or give a path on another disk"
    raise FormatError(f"{path}: {what}: {error.strerror or error}; {advice}") from None


@contextlib.contextmanager
def reading(path: AnyPath, what: str) -> Iterator[BinaryIO]:
    """A regular file, opened to be read; `what` is what it should hold. Raises FormatError."""
    path = _path(path)
    try:
        if not path.exists():
            raise FormatError(f"{path}: there is no such file")
        if not path.is_file():
            raise FormatError(f"{path}: not a regular file: expected a file of {what}")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        _refuse(path, "cannot be read", error)


def _mapped(path: Path) -> mmap.mmap:
    with reading(path, "vectors") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise FormatError(f"{path}: the file is empty: expected vectors") from None


def check_folder(path: AnyPath) -> Path:
    """`path`, where a file can be written to it; nothing is changed or left behind. Raises FormatError."""
    path = _path(path)
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            raise FormatError(f"{path}: a folder or a device: expected the name of a file")
        if not target.parent.is_dir():
            raise FormatError(f"{path}: the folder {target.parent} does not exist: make it first")
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        _refuse(path, "cannot be written", error)
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when all is written, and leaves nothing behind otherwise."""
    target = Path(os.path.realpath(path))
    owner = f"{os.getpid()}-{threading.get_native_id()}"
    temporary = target.with_name(f".{target.name[:40]}.{owner}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        _refuse(path, "cannot be written", error)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _encoded(words: list[str], path: Path) -> list[bytes]:
    try:
        return [word.encode() for word in words]
    except UnicodeEncodeError as error:
        raise FormatError(f"{path}: the word {error.object!r} has no UTF-8: it holds half a character") from None


def _pieces(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """The rows of an array, a few at a time."""
    rows = max(1, PIECE // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is neither a number nor text, list or dict")


def _vectors(path: Path, *parts: Any, **more: Any) -> WordVectors:
    try:
        return WordVectors(*parts, **more)
    except FirthError as error:
        raise FormatError(f"{path}: {error}") from None
