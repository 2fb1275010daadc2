"""Gives every reader files that are made to cost: memory, time, and the length of messages are measured.

    python benchmarks/hostile.py --megabytes 40

Each file is read in a process of its own, a fork of one that has imported what readers need. It may take `ROOM` bytes
and `TIMES` the size of the file above what the process had before, and, where reading succeeds, `ENTRY` bytes for each
word or entry that it returns, which is what Python takes for a string that can be looked up. A message may have
`LONGEST_MESSAGE` characters, of which `LONGEST_QUOTE` in a row may be the file's. Counted as faults: more than that,
any exception but a FirthError, and more than SECONDS. Linux only.
"""

import argparse
import contextlib
import gzip
import io
import itertools
import json
import lzma
import os
import re
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import firth
from firth.corpus.encode import build_corpus
from firth.corpus.tags import read_tags
from firth.errors import FirthError, FormatError
from firth.evaluate import reading as evaluation
from firth.files.tensors import write_tensors
from firth.formats.loading import load
from firth.formats.vocabulary import read_vocabulary, read_words
from firth.settings import Reading, TrainConfig
from firth.vectors.alignment import read_anchors
from firth.vectors.container import WordVectors
from firth.vectors.index import index_path, open_index

ROOM = 64 << 20
TIMES = 4
ENTRY = 400
SECONDS = 60
LONGEST_MESSAGE = 1000
LONGEST_QUOTE = 100


class Case(NamedTuple):
    """A file that is made to cost.

    name: reader and shape. ending: of the file. make: writes a file of about so many bytes. read: what reads it;
    it returns how many words or entries there are.
    """

    name: str
    ending: str
    make: Callable[[Path, int], None]
    read: Callable[[Path], int]


class Outcome(NamedTuple):
    """What reading a file took: bytes of the file and of memory, seconds, what was said, and the faults."""

    size: int
    memory: int
    seconds: float
    said: str
    faults: list[str]


def _filled(piece: bytes, size: int, begin: bytes = b"", end: bytes = b"") -> bytes:
    return begin + piece * (size // len(piece)) + end


def _tiny_words(size: int, after: bytes = b"\n") -> bytes:
    """Words of four letters, all different."""
    letters = b"abcdefghijklmnopqrstuvwxyz0123456789"
    words = (bytes(word) + after for word in itertools.product(letters, repeat=5))
    return b"".join(itertools.islice(words, size // (5 + len(after))))


TEXTS: dict[str, Callable[[int], bytes]] = {
    "one word": lambda size: b"a" * size,
    "one wide word": lambda size: "\U0001f600".encode() + b"a" * size,
    "numbers": lambda size: _filled(b"1 ", size, b"1 %d\n" % (size // 2)),
    "word and numbers": lambda size: _filled(b" 1", size, b"1 %d\na" % (size // 2), b"\n"),
    "objects": lambda size: _filled(b"{},", size, b"[", b"{}]"),
    "objects in lines": lambda size: _filled(b"{}\n", size),
    "lists": lambda size: _filled(b"[],", size, b"[", b"[]]"),
    "strings": lambda size: _filled(b'"ab",', size, b"[", b'"ab"]'),
    "list in a list": lambda size: _filled(b'"ab",', size, b"[[", b'"ab"]]'),
    "keys": lambda size: _tiny_words(size, b'":1,"').join((b'{"', b'a":1}')),
    "nested": lambda size: b"[" * size,
    "nested objects": lambda size: _filled(b'{"a":', size),
    "digits": lambda size: b"1" * size,
    "digits in a list": lambda size: b"[" + b"1" * size + b"]",
    "lines": lambda size: _filled(b"a\n", size),
    "line ends": lambda size: b"\n" * size,
    "returns": lambda size: b"\r" * size,
    "pairs": lambda size: _filled(b"a 1\n", size),
    "words": _tiny_words,
    "words and a count": lambda size: _tiny_words(size, b" 1\n"),
    "words and a wide one": lambda size: "\U0001f600 1\n".encode() + _tiny_words(size, b" 1\n"),
    "four words": lambda size: _tiny_words(size // 4, b" b c d\n"),
    "sections": lambda size: _tiny_words(size, b" b c d\n:"),
    "tabs": lambda size: b"\t" * size,
    "commas": lambda size: b"," * size,
    "columns": lambda size: _filled(b"a,", size // 2, b"", b"\n") + _filled(b"b,", size // 2),
    "rows of columns": lambda size: _filled(b"a,b,c,1\n", size),
    "quotation": lambda size: b'"' + b"a" * size,
    "quotations": lambda size: b'"' * size,
    "zeros": lambda size: b"\0" * size,
    "no UTF-8": lambda size: b"\xff" * size,
    "no UTF-8 in lines": lambda size: _filled(b"\xff\xfe 1\n", size),
    "marks": lambda size: b"a" + "\u0301".encode() * (size // 2),
    "spaces": lambda size: b" " * size,
    "colons": lambda size: _filled(b"a b : c\n", size),
}
"""What files of text may hold."""


def _entries(found: Any) -> int:
    if isinstance(found, WordVectors):
        return len(found.words)
    if isinstance(found, evaluation.Similarity):
        return 3 * len(found.pairs)
    if isinstance(found, evaluation.Analogies):
        return sum(map(len, found.sections.values()))
    if isinstance(found, evaluation.Categories):
        return len(found.words)
    if isinstance(found, evaluation.OddOneOut):
        return len(found.odd)
    return len(found)


def _corpus(**reading: Any) -> Callable[[Path], int]:
    def read(path: Path) -> int:
        with build_corpus(path, min_count=1, reading=Reading(**reading)) as corpus:
            return len(corpus.vocab)

    return read


def _tags(path: Path) -> int:
    text = path.with_name("corpus.txt")
    text.write_text("a b\n" * 3, encoding="utf-8")
    with build_corpus(text, min_count=1, reading=Reading(), numbered=True) as corpus:
        return read_tags(path, corpus).documents


def _vectors(path: Path) -> int:
    return _entries(load(path))


def _word2vec(path: Path) -> int:
    from firth.gensim.models import KeyedVectors

    return len(KeyedVectors.load_word2vec_format(path, binary=False).index_to_key)


def _similarities(path: Path) -> int:
    from firth.gensim.models import KeyedVectors

    vectors = KeyedVectors(2)
    vectors.add_vectors(["a", "b"], np.eye(2, dtype=np.float32))
    vectors.evaluate_word_pairs(path, delimiter=" ")
    vectors.evaluate_word_analogies(path)
    return 0


TEXT_READERS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "load .txt": (".txt", _vectors),
    "load .vec": (".vec", _vectors),
    "load .bin": (".bin", _vectors),
    "load .tsv": (".tsv", _vectors),
    "vocabulary": (".vocab", lambda path: len(read_vocabulary(path))),
    "words": (".words", lambda path: len(read_words("words", path))),
    "anchors": (".txt", lambda path: len(read_anchors(path))),
    "phrases": (".json", lambda path: len(firth.Phrases.load(path))),
    "evaluation": (".tsv", lambda path: _entries(evaluation.read(path))),
    "tags": (".tags", _tags),
    "corpus": (".txt", _corpus()),
    "corpus by words": (".txt", _corpus(tokenizer="words", lower=True)),
    "corpus by characters": (".txt", _corpus(tokenizer="chars")),
    "corpus .jsonl": (".jsonl", _corpus()),
    "corpus .json": (".json", _corpus()),
    "corpus .json column": (".json", _corpus(column="a")),
    "corpus .csv": (".csv", _corpus(column=1)),
    "corpus .tsv": (".tsv", _corpus(column=1)),
    "corpus column": (".txt", _corpus(column="a")),
    "gensim word2vec": (".txt", _word2vec),
    "gensim evaluation": (".txt", _similarities),
}


def _packed(kind: str, text: bytes) -> bytes:
    if kind == ".gz":
        return gzip.compress(text, 1)
    if kind == ".xz":
        return lzma.compress(text, preset=0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("plain.txt", text)
    return buffer.getvalue()


def text_cases() -> Iterator[Case]:
    """Every reader of text with every text."""
    for reader, (ending, read) in TEXT_READERS.items():
        for shape, text in TEXTS.items():

            def make(path: Path, size: int, text: Any = text) -> None:
                path.write_bytes(text(size))

            yield Case(f"{reader}: {shape}", ending, make, read)


def bomb_cases() -> Iterator[Case]:
    """Compressed files that become 1,000 times as large."""
    shapes = ("one word", "numbers", "word and numbers", "pairs", "line ends", "strings", "objects", "digits")
    readers = ("load .txt", "load .bin", "corpus", "corpus .json", "corpus .jsonl", "corpus .csv")
    for reader, shape, kind in itertools.product(readers, shapes, (".gz", ".zip")):
        ending, read = TEXT_READERS[reader]
        if kind == ".zip" and reader.startswith("corpus"):
            continue

        def make(path: Path, size: int, shape: str = shape, kind: str = kind) -> None:
            path.write_bytes(_packed(kind, TEXTS[shape](4 * size)))

        yield Case(f"{reader}{kind}: {shape}", ending + kind, make, read)


JSON_TEXTS = ("objects", "lists", "strings", "list in a list", "keys", "nested", "nested objects", "digits in a list")
"""What the metadata of files may be."""


def _tensors(path: Path, metadata: dict[str, str], **tensors: Any) -> None:
    write_tensors(path, {name: np.asarray(array) for name, array in tensors.items()}, metadata)


def _parts(words: list[str]) -> dict[str, Any]:
    text = b"".join(word.encode() for word in words)
    offsets = np.cumsum([0, *(len(word.encode()) for word in words)], dtype=np.int64)
    return {
        "counts": np.ones(len(words), np.int64),
        "word_offsets": offsets,
        "center": np.ones((len(words), 1), np.float32),
        "words": np.frombuffer(text, np.uint8),
    }


def _saved_model(kind: str) -> Callable[[Path], int]:
    def read(path: Path) -> int:
        import firth.gensim.models as models

        getattr(models, kind).load(str(path))
        return 0

    return read


def _saved_phrases(path: Path) -> int:
    from firth.gensim.models.phrases import Phrases

    return len(Phrases.load(str(path)).vocab)


def _checkpoint(path: Path) -> int:
    from firth.run.checkpoint import NAME, Checkpoint

    folder = path.with_name("checkpoint")
    folder.mkdir()
    os.rename(path, folder / NAME)
    Checkpoint(folder, True, TrainConfig())
    return 0


def _index(path: Path) -> int:
    vectors = WordVectors(["a"], np.ones(1, np.int64), np.ones((1, 2), np.float32), None, {}, [])
    os.rename(path, index_path(path))
    open_index(vectors, path)
    return 0


SAVED: dict[str, tuple[str, Callable[[Path], int]]] = {
    "vectors": ("firth", _vectors),
    "checkpoint": ("firth", _checkpoint),
    "documents": ("firth_documents", lambda path: len(firth.Documents.load(path))),
    "index": ("index", _index),
    "gensim Word2Vec": ("firth.gensim", _saved_model("Word2Vec")),
    "gensim KeyedVectors": ("firth.gensim", _saved_model("KeyedVectors")),
    "gensim Phrases": ("firth.gensim", _saved_phrases),
}
"""The key of their metadata, and what reads them."""


def saved_cases() -> Iterator[Case]:
    """firth's own files."""
    for name, (key, read) in SAVED.items():
        for shape in JSON_TEXTS:

            def whole(path: Path, size: int, key: str = key, shape: str = shape) -> None:
                _tensors(path, {key: TEXTS[shape](size).decode()}, **_parts(["a", "b"]))

            yield Case(f"{name}, metadata: {shape}", ".safetensors", whole, read)

            def inside(path: Path, size: int, key: str = key, shape: str = shape) -> None:
                document = '{"format":1,"version":1,"kind":"Word2Vec","config":{},"state":{},"history":'
                _tensors(path, {key: document + TEXTS[shape](size).decode() + "}"}, **_parts(["a"]))

            yield Case(f"{name}, history: {shape}", ".safetensors", inside, read)

            def state(path: Path, size: int, key: str = key, shape: str = shape, name: str = name) -> None:
                head = f'{{"version":1,"kind":"{name.rpartition(" ")[2]}","state":{{"keys":'
                _tensors(path, {key: head + TEXTS[shape](size).decode() + "}}"}, **_parts(["a"]))

            if name.startswith("gensim"):
                yield Case(f"{name}, state: {shape}", ".safetensors", state, read)

    def header(text: Callable[[int], bytes]) -> Callable[[Path, int], None]:
        def make(path: Path, size: int) -> None:
            found = text(size)
            path.write_bytes(len(found).to_bytes(8, "little") + found)

        return make

    def many_tensors(size: int) -> bytes:
        name = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"'
        return b'{"' + _tiny_words(size, b'":' + name) + b'a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'

    def many_metadata(size: int) -> bytes:
        return b'{"__metadata__":{"' + _tiny_words(size, b'":"","') + b'a":""}}'

    headers = {"many tensors": many_tensors, "many metadata": many_metadata, **{n: TEXTS[n] for n in JSON_TEXTS}}
    for shape, text in headers.items():
        for name in ("vectors", "index", "gensim Word2Vec"):
            yield Case(f"{name}, header: {shape}", ".safetensors", header(text), SAVED[name][1])

    document = '{"format":1,"config":{},"history":[]}'

    def one_word(path: Path, size: int) -> None:
        _tensors(path, {"firth": document}, **_parts(["a" * (size // 2), "b" * (size // 2)]))

    def wide_words(path: Path, size: int) -> None:
        _tensors(path, {"firth": document}, **_parts(["\U0001f600" + "a" * (size // 8 + i) for i in range(8)]))

    def no_utf8(path: Path, size: int) -> None:
        parts = _parts(["a" * size]) | {"words": np.full(size, 0xFF, np.uint8)}
        _tensors(path, {"firth": document}, **parts)

    def short_words(path: Path, size: int) -> None:
        _tensors(path, {"firth": document}, **_parts(_tiny_words(size // 4).decode().split()))

    def same_words(path: Path, size: int) -> None:
        _tensors(path, {"firth": document}, **_parts(["ab"] * (size // 22)))

    def no_offsets(path: Path, size: int) -> None:
        parts = _parts(["a"]) | {"word_offsets": np.zeros(size // 8, np.int64)}
        _tensors(path, {"firth": document}, **parts)

    for shape, make in {
        "one word": one_word,
        "wide words": wide_words,
        "no UTF-8": no_utf8,
        "short words": short_words,
        "same words": same_words,
        "no offsets": no_offsets,
    }.items():
        yield Case(f"vectors: {shape}", ".safetensors", make, _vectors)

    for shape in JSON_TEXTS:

        def names(path: Path, size: int, shape: str = shape) -> None:
            state = {"threshold": 1.0, "min_count": 1, "delimiter": "_", "scoring": "default", "connector_words": []}
            state |= {"max_vocab_size": 1, "corpus_word_count": 1}
            text = json.dumps({"version": 1, "kind": "Phrases", "state": state})
            array = np.frombuffer(TEXTS[shape](size), np.uint8)
            _tensors(path, {"firth.gensim": text}, names=array, numbers=np.ones(3, np.int64))

        yield Case(f"gensim Phrases, names: {shape}", ".safetensors", names, _saved_phrases)


def other_cases() -> Iterator[Case]:
    """Binary formats, tables, folders, and phrases that are right in part."""

    def binary(head: bytes, content: Callable[[int], bytes]) -> Callable[[Path, int], None]:
        return lambda path, size: _write(path, head + content(size))

    def long_words(size: int) -> bytes:
        return b"".join(b"a" * (size // 4) + b"%d " % i + b"\0" * 8 + b"\n" for i in range(4))

    def short_words(size: int) -> bytes:
        return _tiny_words(size, b" \0\0\0\0\n")

    yield Case("binary: no words", ".bin", binary(b"1000000000 1000000\n", lambda size: b"\0" * size), _vectors)
    yield Case("binary: one word", ".bin", binary(b"1 2\n", lambda size: b"a" * size), _vectors)
    yield Case("binary: no UTF-8", ".bin", binary(b"1 2\n", lambda size: b"\xff" * size + b" " + b"\0" * 8), _vectors)
    yield Case("binary: long words", ".bin", binary(b"4 2\n", long_words), _vectors)
    yield Case("binary: short words", ".bin", binary(b"1000000 1\n", short_words), _vectors)
    yield Case("binary: same words", ".bin", binary(b"9 1\n", lambda size: _filled(b"a \0\0\0\0", size)), _vectors)
    yield Case("binary: spaces", ".bin", binary(b"9 1\n", lambda size: b" " * size), _vectors)
    yield Case("binary: wide", ".bin", binary(b"2 1048576\n", lambda size: b"a " + b"\0" * size), _vectors)

    settings = struct.pack("<12i", 2, 5, 5, 1, 5, 1, 2, 2, 0, 0, 0, 100) + struct.pack("<d", 1e-4)
    magic = struct.pack("<2i", 793712314, 12) + settings

    def fasttext(path: Path, size: int, word: bytes) -> None:
        n = size // (len(word) + 18)
        words = b"".join(b"%d%s\0" % (i, word) + struct.pack("<qb", 1, 0) for i in range(n))
        matrix = struct.pack("<?2q", False, n, 2) + b"\0" * (8 * n)
        _write(path, magic + struct.pack("<3i2q", n, n, 0, n, -1) + words + 2 * matrix)

    yield Case("fasttext: words", ".bin", lambda path, size: fasttext(path, size // 2, b"abc"), _vectors)
    yield Case("fasttext: long words", ".bin", lambda path, size: fasttext(path, size, b"a" * 900_000), _vectors)
    yield Case("fasttext: no UTF-8", ".bin", lambda path, size: fasttext(path, size, b"\xff" * 900_000), _vectors)

    def numpy(path: Path, size: int, lines: Callable[[int], bytes], kind: bytes = b"<f4", rows: int = 0) -> None:
        text = lines(size // 2)
        n = rows or text.count(b"\n")
        header = b"{'descr': '%s', 'fortran_order': False, 'shape': (%d, 1), }\n" % (kind, n)
        _write(path, b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + b"\0" * (8 * n))
        path.with_suffix(".words.txt").write_bytes(text)

    for shape in ("words", "lines", "line ends", "no UTF-8 in lines"):
        yield Case(f"numpy: {shape}", ".npy", lambda path, size, s=shape: numpy(path, size, TEXTS[s]), _vectors)
    for shape in ("one word", "no UTF-8", "zeros"):
        yield Case(f"numpy: {shape}", ".npy", lambda path, size, s=shape: numpy(path, size, TEXTS[s], rows=1), _vectors)

    def projector(path: Path, size: int, shape: str) -> None:
        text = TEXTS[shape](size // 2)
        path.write_bytes(b"1\t2\n" * text.count(b"\n"))
        path.with_suffix(".metadata.tsv").write_bytes(text)

    for shape in ("words", "lines", "no UTF-8 in lines", "words and a count"):
        yield Case(f"projector: {shape}", ".tsv", lambda path, size, s=shape: projector(path, size, s), _vectors)

    def wide_row(path: Path, size: int) -> None:
        path.write_bytes(b"1\t" * (size // 2) + b"1\n")
        path.with_suffix(".metadata.tsv").write_bytes(b"a\n")

    yield Case("projector: wide", ".tsv", wide_row, _vectors)

    def static(path: Path, size: int, text: bytes) -> None:
        path.mkdir()
        write_tensors(path / "model.safetensors", {"embeddings": np.ones((3, 2), np.float32)}, {})
        (path / "tokenizer.json").write_bytes(text)

    for shape in JSON_TEXTS:
        yield Case(
            f"static: {shape}", ".static", lambda path, size, s=shape: static(path, size, TEXTS[s](size)), _vectors
        )
        for begin in (b'{"model":{"vocab":', b'{"added_tokens":'):
            end = b"}" * begin.count(b"{")

            def part(path: Path, size: int, s: str = shape, begin: bytes = begin, end: bytes = end) -> None:
                static(path, size, begin + TEXTS[s](size) + end)

            yield Case(f"static, {begin.decode()[-7:-2]}: {shape}", ".static", part, _vectors)

    phrase_head = (
        '{"firth phrases": {"format": 1, "score": "count", "threshold": 1.0, "min_count": 1, "delimiter": "_", '
        '"connectors": [], "most_passes": 1, "passes": '
    )
    for shape in JSON_TEXTS:
        for begin, end in (("", ""), ("[", "]"), ("[[", "]]")):

            def passes(path: Path, size: int, s: str = shape, begin: str = begin, end: str = end) -> None:
                path.write_bytes((phrase_head + begin).encode() + TEXTS[s](size) + end.encode() + b"}}")

            yield Case(f"phrases, passes {begin}: {shape}", ".json", passes, lambda path: len(firth.Phrases.load(path)))

    def true_phrases(path: Path, size: int) -> None:
        entries = (b'[["%s","b"],5,1.5]' % word for word in _tiny_words(size // 3).split())
        path.write_bytes((phrase_head + "[[").encode() + b",".join(entries) + b"]]}}")

    yield Case("phrases: true", ".json", true_phrases, lambda path: 2 * len(firth.Phrases.load(path)))

    def table(path: Path, size: int, words: Any, lists: Any, write: str, **more: Any) -> None:
        import pyarrow
        from pyarrow import feather, parquet

        columns = {"word": words(size)} if lists is None else {"word": words(size), "vector": lists(size)}
        found = pyarrow.table(columns)
        if write == "parquet":
            parquet.write_table(found, path, **more)
        else:
            feather.write_feather(found, path, **more)

    def same(size: int) -> Any:
        return np.full(size // 8, "a" * 1000, object)

    def zeros(size: int) -> Any:
        import pyarrow

        return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(np.zeros(size // 8 * 4, np.float32)), 4)

    tables = {".parquet": "parquet", ".arrow": "arrow"}
    for ending, write in tables.items():
        yield Case(
            f"load {write}: same words", ending, lambda path, size, w=write: table(path, size, same, zeros, w), _vectors
        )
        yield Case(
            f"load {write}: one word",
            ending,
            lambda path, size, w=write: table(path, size, lambda n: ["a" * n], lambda n: [[1.0, 2.0]], w),
            _vectors,
        )
        yield Case(
            f"load {write}: one vector",
            ending,
            lambda path, size, w=write: table(path, size, lambda n: ["a"], lambda n: [np.ones(n // 8)], w),
            _vectors,
        )
        yield Case(
            f"corpus {write}: same words",
            ending,
            lambda path, size, w=write: table(path, size, same, None, w),
            _corpus(column="word"),
        )
        yield Case(
            f"corpus {write}: one word",
            ending,
            lambda path, size, w=write: table(path, size, lambda n: ["a" * n], None, w),
            _corpus(column="word"),
        )
        yield Case(
            f"corpus {write}: one list",
            ending,
            lambda path, size, w=write: table(path, size, lambda n: [["a"] * (n // 8)], None, w),
            _corpus(column="word"),
        )


def _refuse(message: str) -> int:
    raise FormatError(message)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def cases() -> dict[str, Case]:
    """All cases by name."""
    every = itertools.chain(text_cases(), saved_cases(), other_cases(), bomb_cases())
    return {case.name: case for case in every}


def import_all() -> None:
    """Import what readers import when they are used, and load the compiled code: it counts for none of them."""
    for name in ("pyarrow.parquet", "pyarrow.feather", "pyarrow.compute", "zstandard", "usearch.index", "regex"):
        with contextlib.suppress(ImportError):
            __import__(name)
    for path in sorted(Path(firth.__file__).parent.rglob("*.py")):
        parts = path.relative_to(Path(firth.__file__).parent).with_suffix("").parts
        if parts[0] not in ("sklearn", "__main__", "check") and parts[-1] != "__init__":
            __import__(".".join(("firth", *parts)))
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("a.txt", "a b\n"), ("a.jsonl", '["a", "b"]\n'), ("b.jsonl", '"a b"\n')):
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8")
            _corpus()(path)


def outcome(case: Case, folder: Path, size: int) -> Outcome:
    """What reading a file of about `size` bytes takes, in a process of its own."""
    path = folder / f"hostile{case.ending}"
    case.make(path, size)
    files = [one for one in folder.rglob("*") if one.is_file()]
    true_size = sum(one.stat().st_size for one in files)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # a fork that ends without any cleaning up
        os.close(reader)
        report = json.dumps(_read(case, path, folder)).encode()
        os.write(writer, report[:60_000])
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        report = file.read()
    _, status = os.waitpid(child, 0)
    if status or not report:
        return Outcome(true_size, 0, 0.0, "", [f"the process ended with status {status}"])
    memory, seconds, said, entries, problem, quote = json.loads(report)
    faults = [problem] if problem else []
    allowed = ROOM + TIMES * true_size + ENTRY * entries
    if memory > allowed:
        faults.append(
            f"{memory / 1e6:,.0f} MB of {allowed / 1e6:,.0f} that a file of {true_size / 1e6:,.1f} MB may take"
        )
    if len(said) > LONGEST_MESSAGE:
        faults.append(f"a message of {len(said):,} characters")
    if quote > LONGEST_QUOTE + len(":,"):  # which may stand beside it
        faults.append(f"a message that quotes {quote:,} characters")
    return Outcome(true_size, memory, seconds, said, faults)


def _read(case: Case, path: Path, folder: Path) -> tuple[int, float, str, int, str, int]:
    """Read a file here: memory, seconds, the longest message, entries, what went wrong, the longest quote."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    signal.alarm(SECONDS)
    messages, entries, problem = [""], 0, ""
    before, begun = _status("VmRSS"), time.monotonic()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            entries = case.read(path)
    except FirthError as error:
        messages.append(str(error))
    except BaseException:
        problem = traceback.format_exc(limit=-3)[-1500:]
    messages += [str(one.message) for one in caught]
    messages = [message.replace(str(folder), "") for message in messages]
    longest = max(messages, key=len)
    # runs of what no text of firth's own has: one character again and again, or no space for long
    runs = (len(match[0]) for message in messages for match in re.finditer(r"(.{1,6}?)\1{5,}|\S{60,}", message))
    return _status("VmHWM") - before, time.monotonic() - begun, longest[:5000], entries, problem, max(runs, default=0)


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.partition(f"{name}:")[2].split()[0]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=40, help="size of each file (default 40)")
    parser.add_argument("--only", help="only cases whose name has this in it")
    parser.add_argument("--all", action="store_true", help="print every case")
    options = parser.parse_args()
    import_all()
    found, worst, longest = 0, 0.0, 0
    chosen = [case for name, case in cases().items() if options.only is None or options.only in name]
    for number, case in enumerate(chosen, 1):
        if sys.stderr.isatty():
            print(f"\r{number:,} of {len(chosen):,}", end="", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            one = outcome(case, Path(folder), int(options.megabytes * 1e6))
        worst = max(worst, one.memory / max(1, one.size))
        longest = max(longest, len(one.said))
        found += bool(one.faults)
        if options.all or one.faults:
            print(
                f"{case.name:45} {one.size / 1e6:7.1f} MB  {one.memory / 1e6:7.0f} MB  {one.seconds:5.1f} s", flush=True
            )
            if options.all:
                print(f"    {one.said[:300]}")
            for problem in one.faults:
                print(f"    {problem}")
    print(f"{len(chosen):,} files, {found} with faults; the longest message has {longest:,} characters")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
