"""Damages files of every kind that firth reads, and checks that each is read or refused, never anything else.

    python benchmarks/fuzz.py --inputs 200000 --seed 1

Vectors are read twice: with faults mended, and strictly. Counted as faults: any exception but a FirthError; a reader
that takes more than SECONDS; one that allocates more than the size of the file justifies (as tracemalloc sees it, so
without what Arrow and mapped files take); a message of more than LONGEST_MESSAGE characters. Whether what is read is
right is for the tests of each format. A faulty input is kept under --keep.
"""

import argparse
import contextlib
import gzip
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import firth
from firth.corpus.encode import build_corpus
from firth.errors import FirthError
from firth.evaluate import reading as evaluation
from firth.formats.known import FORMATS
from firth.formats.loading import load
from firth.formats.vocabulary import read_vocabulary
from firth.settings import Reading
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords

SECONDS = 10
ROOM = 32 << 20
"""Bytes that any reader may allocate, of buffers and tables."""
TIMES = 100
"""Bytes that a reader may allocate for each byte of a file."""
LONGEST_MESSAGE = 1500

WORDS = ["the", "naïve", "日本", "a b", "\U0001f600", "</s>", "x" * 300]

Kind = tuple[str, Callable[[Path], None], Callable[[Path], Any]]
"""The ending of a file, what makes a sound one, and what reads it."""


def vectors(words: list[str], subwords: bool = False) -> WordVectors:
    """Vectors of words, the same ones each time."""
    rng, n = np.random.default_rng(1), len(words)
    rows = rng.normal(size=(n + 13, 5)).astype(np.float32)
    counts = np.arange(10 * n, 0, -10)
    more = Subwords(2, 4, 13, rows) if subwords else None
    return WordVectors(words, counts, rows[:n], rows[:n] + 1, {"dim": 5}, [{"epoch": 1, "loss": 2.5}], subwords=more)


def read_twice(path: Path) -> None:
    """Read vectors, mended and then strictly; both may refuse."""
    with contextlib.suppress(FirthError):
        load(path, errors="strict")
    load(path)


def _vectors_kinds() -> Iterator[tuple[str, Kind]]:
    for name, known in FORMATS.items():
        if not known.write:
            continue
        words = [word for word in WORDS if known.holds(word)]
        if (ending := known.suffixes[0] if known.suffixes else "") == "":
            continue  # a folder

        def make(path: Path, known: Any = known, words: list[str] = words) -> None:
            known.writer()(vectors(words, known.ngrams), path)

        yield name, (ending, make, read_twice)
    plain = FORMATS["word2vec-text"]
    for name, ending, compress in (("gz", ".txt.gz", gzip.compress), ("zip", ".zip", _zipped)):

        def make_compressed(path: Path, compress: Any = compress) -> None:
            text = path.with_name("plain.txt")
            plain.writer()(vectors(["a", "b", "c"]), text)
            path.write_bytes(compress(text.read_bytes()))

        yield name, (ending, make_compressed, read_twice)


def _folder_kinds() -> Iterator[tuple[str, Kind]]:
    """A folder of static embeddings, of which one file is damaged."""
    for name in ("model.safetensors", "tokenizer.json"):

        def make(path: Path, name: str = name) -> None:
            folder = path.with_name("folder")
            FORMATS["static"].writer()(vectors(["a", "b", "日本"]), folder)
            shutil.copyfile(folder / name, path)

        def read(path: Path, name: str = name) -> Any:
            folder = path.with_name("folder")
            shutil.copyfile(path, folder / name)
            return read_twice(folder)

        yield f"static-{name.partition('.')[0]}", (Path(name).suffix, make, read)


def _zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("plain.txt", content)
    return buffer.getvalue()


def _corpus_kinds() -> Iterator[tuple[str, Kind]]:
    rows = [{"items": ["milk", "bread", "日本"], "text": "new york \U0001f600"}, {"items": [1, 2], "text": None}] * 20

    def read(column: str | None, **more: Any) -> Callable[[Path], Any]:
        def build(path: Path) -> Any:
            with build_corpus(path, min_count=1, reading=Reading(column=column, **more)) as corpus:
                return corpus.tokens

        return build

    def json_lines(path: Path) -> None:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def document(path: Path) -> None:
        path.write_text(json.dumps([row["items"] for row in rows]), encoding="utf-8")

    def csv(path: Path) -> None:
        path.write_text('id,text\n1,"new york, ""big"""\n2,wind\n' * 20, encoding="utf-8")

    def table(path: Path) -> None:
        import pyarrow
        from pyarrow import feather, parquet

        columns = pyarrow.table({"text": [row["text"] for row in rows], "items": [["milk", "bread"]] * len(rows)})
        write = parquet.write_table if path.suffix == ".parquet" else feather.write_feather
        write(columns, path)

    def text(path: Path) -> None:
        path.write_text("salt pepper naïve 日本\n\nwind rain\r\n" * 20, encoding="utf-8")

    def utf16(path: Path) -> None:
        path.write_bytes("salt pepper naïve 日本\nwind rain\n".encode("utf-16") * 20)

    def compressed(path: Path) -> None:
        path.write_bytes(gzip.compress(("salt pepper naïve 日本\n" * 50).encode()))

    def fasta(path: Path) -> None:
        path.write_text(">a header\nMKVLAAGM\nKVLA\n>another\nMKMKMK\n" * 10, encoding="ascii")

    yield "json-lines", (".jsonl", json_lines, read("text"))
    yield "json-lists", (".jsonl", json_lines, read("items"))
    yield "json-document", (".json", document, read(None))
    yield "csv", (".csv", csv, read("text"))
    yield "parquet-table", (".parquet", table, read("text"))
    yield "arrow-table", (".arrow", table, read("items"))
    yield "text", (".txt", text, read(None, tokenizer="words", lower=True))
    yield "utf-16", (".txt", utf16, read(None))
    yield "text-gz", (".txt.gz", compressed, read(None))
    yield "fasta", (".fasta", fasta, read(None, tokenizer="kmers:3"))


def _other_kinds() -> Iterator[tuple[str, Kind]]:
    def vocabulary(path: Path) -> None:
        path.write_text("the 100\nnaïve 50\na b 3\n", encoding="utf-8")

    def phrases(path: Path) -> None:
        firth.Phrases([["new", "york"], ["los", "angeles"]] * 20, threshold=1, connectors=["of"]).save(path)

    def documents(path: Path) -> None:
        firth.documents(vectors(["a", "b", "c"]), [["a", "b"], ["c"], []], quiet=True).save(path)

    def similarities(path: Path) -> None:
        path.write_text("# a set\na\tb\t3.5\nb\tc\t1e-1\na c 2\n", encoding="utf-8")

    def analogies(path: Path) -> None:
        path.write_text(": capitals\na b c a\nb c a b\n", encoding="utf-8")

    def document_vectors(path: Path) -> None:
        words = vectors(["a", "b", "c"])
        rows = words.center
        documents = DocumentVectors(rows[:2], ["first", "日本"], np.tile(rows, 3), rows[2])
        WordVectors(**{**words.parts(), "outside": None, "documents": documents}).save(path)

    yield "document-vectors", (".safetensors", document_vectors, read_twice)
    yield "vocabulary", (".vocab", vocabulary, read_vocabulary)
    yield "phrases", (".json", phrases, firth.Phrases.load)
    yield "documents", (".safetensors", documents, firth.Documents.load)
    yield "similarities", (".tsv", similarities, evaluation.read)
    yield "analogies", (".txt", analogies, evaluation.read)


def kinds() -> dict[str, Kind]:
    """All kinds of files, by name."""
    return dict((*_vectors_kinds(), *_folder_kinds(), *_corpus_kinds(), *_other_kinds()))


def mutated(content: bytes, draw: random.Random) -> bytes:
    """A file with some damage: bits, bytes, numbers, lines, its end."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(data) + 1)
        size = min(draw.choice((1, 1, 2, 4, 8, 60, 1000)), len(data) - at)
        match draw.randrange(9):
            case 0 if at < len(data):
                data[at] ^= 1 << draw.randrange(8)
            case 1 if at < len(data):
                data[at] = draw.choice(b'\0\n\r \t,"{}[]:-.0123456789\xff\x80\x7f\xef')
            case 2:
                del data[at : at + size]
            case 3:
                data[at:at] = bytes(data[at : at + size]) * draw.choice((1, 2, 50))
            case 4:
                del data[at:]
            case 5:
                data[at:at] = draw.randbytes(size)
            case 6:
                huge = draw.choice((2**63 - 1, 2**31 - 1, 2**32, -1, 10**9, 0))
                data[at : at + 8] = huge.to_bytes(8, "little", signed=huge < 0)
            case 7:
                data[at : at + size] = draw.choice(
                    (b"99999999999", b"-1", b"nan", b"1e999", b"\xed\xa0\x80", b"null", b"[[[[", b"0")
                )
            case 8:
                lines = bytes(data).split(b"\n")
                draw.shuffle(lines)
                data = bytearray(b"\n".join(lines))
    return bytes(data)


class Overtime(BaseException):
    """A reader takes too long."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise Overtime when the `with` takes longer, where the system can."""

    def over(number: int, frame: Any) -> None:
        raise Overtime(f"more than {seconds} s")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fault(read: Callable[[Path], Any], path: Path) -> str:
    """What is wrong with how a file is read, or an empty string."""
    size = path.stat().st_size
    messages: list[str] = []
    tracemalloc.start()
    try:
        with warnings.catch_warnings(record=True) as caught, limited(SECONDS):
            warnings.simplefilter("always")
            read(path)
    except FirthError as error:
        messages.append(str(error))
    except (Exception, Overtime):
        return traceback.format_exc()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if peak > ROOM + TIMES * size:
        return f"allocates {peak:,} bytes for a file of {size:,}"
    messages += [str(one.message) for one in caught]
    longest = max(map(len, messages), default=0) - len(str(path))
    return f"a message of {longest:,} characters: {messages[0][:300]}" if longest > LONGEST_MESSAGE else ""


def fuzz(kind: Kind, inputs: int, seed: int, folder: Path, keep: Path | None = None) -> list[str]:
    """The faults found with so many inputs of a kind."""
    ending, make, read = kind
    sound = folder / f"sound{ending}"
    make(sound)
    fault(read, sound)  # what is made once, such as tables and compiled code, is no file's
    if problem := fault(read, sound):
        return [f"the sound file: {problem}"]
    beside = {path: path.read_bytes() for path in folder.glob("sound*") if path != sound}  # such as a file of words
    content, draw, faults = sound.read_bytes(), random.Random(seed), []
    path = folder / f"mutated{ending}"
    for number in range(inputs):
        changed = draw.randrange(len(beside) + 1)
        path.write_bytes(content if changed else mutated(content, draw))
        for place, (other, text) in enumerate(beside.items(), 1):
            (folder / other.name.replace("sound", "mutated")).write_bytes(
                mutated(text, draw) if place == changed else text
            )
        if problem := fault(read, path):
            faults.append(f"input {number}: {problem}")
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{len(faults)}-{path.name}").write_bytes(path.read_bytes())
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200_000, help="in all (default 200,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="only these")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep faulty inputs here")
    options = parser.parse_args()
    known = {name: kind for name, kind in kinds().items() if options.kinds is None or name in options.kinds}
    found = 0
    for name, kind in known.items():
        begun, each = time.monotonic(), options.inputs // len(known)
        with tempfile.TemporaryDirectory() as folder:
            faults = fuzz(kind, each, options.seed, Path(folder), options.keep and options.keep / name)
        found += len(faults)
        print(f"{name:16} {each:8,} inputs, {len(faults):4} faults, {time.monotonic() - begun:6.1f} s", flush=True)
        for problem in faults[:3]:
            print(problem, file=sys.stderr)
    print(f"{found} faults, {os.cpu_count()} processors")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
