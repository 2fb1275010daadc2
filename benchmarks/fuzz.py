"""Damages files of every kind that firth reads, and checks that each is read or refused, never anything else.

    python benchmarks/fuzz.py --inputs 1000000 --seed 1 --jobs 2

Vectors are read twice: with faults mended, and strictly. Counted as faults: any exception but a FirthError; a reader
that takes more than SECONDS; one that allocates more than the size of the file justifies (as tracemalloc sees it, so
without what Arrow and mapped files take; each MEASURED-th file, because that is slow); a message of more than
LONGEST_MESSAGE characters. Whether what is read is right is for the tests of each format, but for corpora: "oracle" is
text of random bytes, whose words, ids and lines must be those of Python's own `decode` and `split`. A faulty input is
kept under --keep.
"""

import argparse
import bz2
import contextlib
import gzip
import hashlib
import io
import itertools
import json
import lzma
import multiprocessing
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import firth
from firth.app.cli import main as command_line
from firth.corpus.encode import build_corpus
from firth.corpus.tags import read_tags
from firth.errors import FirthError
from firth.evaluate import reading as evaluation
from firth.formats.known import FORMATS
from firth.formats.loading import load
from firth.formats.vocabulary import read_vocabulary, read_words
from firth.settings import Reading
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords

SECONDS = 10
ROOM = 64 << 20
"""Bytes that any reader may allocate, of buffers and tables."""
TIMES = 4
"""Bytes that a reader may allocate for each byte of a file."""
MEASURED = 10
LONGEST_MESSAGE = 1000

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

    def joined(path: Path) -> None:
        firth.Phrases(path, min_count=1, threshold=0.1)

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
    yield "csv-lists", (".csv", csv, read("2"))
    yield "tsv", (".tsv", lambda path: path.write_text("id\ttext\n1\tnew york\n" * 20), read("text"))
    yield "text-bz2", (".bz2", lambda path: path.write_bytes(bz2.compress(b"salt pepper\n" * 50)), read(None))
    yield "text-xz", (".xz", lambda path: path.write_bytes(lzma.compress(b"salt pepper\n" * 50)), read(None))
    yield "phrases-of-text", (".txt", text, joined)
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

    def tags(path: Path) -> None:
        path.write_text("first second\n日本\nfirst\nfirst\tthird\n" * 10, encoding="utf-8")

    def tagged(path: Path) -> None:
        with build_corpus([["a"], ["b"], ["a"], ["b"]] * 10, min_count=1, lines=True) as corpus:
            read_tags(path, corpus)

    def words(path: Path) -> None:
        path.write_text("of the\nnaïve 日本\n", encoding="utf-8")

    def categories(path: Path) -> None:
        path.write_text("a\tfruit\nb\tfruit\nc\tcolor\nd\tcolor\n", encoding="utf-8")

    def index(path: Path) -> None:
        saved = path.with_name("indexed.safetensors")
        vectors([f"w{number}" for number in range(40)]).save(saved)
        with contextlib.redirect_stdout(io.StringIO()):
            command_line(["index", str(saved)])
        shutil.copyfile(saved.with_suffix(".firth-index"), path)

    def approximate(path: Path) -> None:
        saved = path.with_name("indexed.safetensors")
        shutil.copyfile(path, saved.with_suffix(".firth-index"))
        load(saved).neighbors("w1", approximate=True)

    with contextlib.suppress(ImportError):
        import usearch  # noqa: F401

        yield "index", (".firth-index", index, approximate)
        yield "index-signed", (".firth-index", index, lambda path: (sign(path), approximate(path)))
    yield "tags", (".txt", tags, tagged)
    yield "words", (".txt", words, lambda path: read_words("keep_words", path))
    yield "categories", (".tsv", categories, evaluation.read)
    yield "document-vectors", (".safetensors", document_vectors, read_twice)
    yield "vocabulary", (".vocab", vocabulary, read_vocabulary)
    yield "phrases", (".json", phrases, firth.Phrases.load)
    yield "documents", (".safetensors", documents, firth.Documents.load)
    yield "similarities", (".tsv", similarities, evaluation.read)
    yield "analogies", (".txt", analogies, evaluation.read)


def _checkpoint_kinds() -> Iterator[tuple[str, Kind]]:
    """Checkpoints as they were damaged, and with a right checksum, as somebody who means harm writes them."""
    sentences = [["a", "b", "日本"], ["b", "c"]] * 5

    def train(folder: Path, loss: str, **more: Any) -> None:
        small: dict[str, Any] = {"dim": 2, "epochs": 3, "min_count": 1, "subsample": 0, "threads": 1, "quiet": True}
        firth.train(sentences, checkpoint=folder, loss=loss, **small, **more)

    def make(path: Path, loss: str) -> None:
        def stop(vectors: WordVectors) -> None:
            if len(vectors.history) == 2:
                raise KeyboardInterrupt

        folder = path.with_name("checkpoint")
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(KeyboardInterrupt):
            train(folder, loss, on_epoch=stop)
        shutil.copyfile(folder / "checkpoint.safetensors", path)

    def read(path: Path, loss: str, signed: bool) -> None:
        folder = path.with_name("checkpoint")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(path, folder / "checkpoint.safetensors")
        if signed:
            sign(folder / "checkpoint.safetensors")
        train(folder, loss, resume=True)

    for name, loss in (("sgd", "negative-sampling"), ("tree", "hierarchical-softmax"), ("softmax", "softmax")):
        for signed in (False, True):
            reader = partial(read, loss=loss, signed=signed)
            yield f"checkpoint-{name}{'-signed' * signed}", (".safetensors", partial(make, loss=loss), reader)


def _gensim_kinds() -> Iterator[tuple[str, Kind]]:
    """What the classes of `firth.gensim` save."""
    from firth.gensim.models import Doc2Vec, FastText, KeyedVectors, Phrases, Word2Vec
    from firth.gensim.models.doc2vec import TaggedDocument

    sentences = [["a", "b", "日本"], ["b", "c"]] * 5
    small: dict[str, Any] = {"vector_size": 2, "min_count": 1, "workers": 1, "epochs": 1, "sample": 0}
    makers: dict[str, tuple[Any, Callable[[], Any]]] = {
        "word2vec": (Word2Vec, lambda: Word2Vec(sentences, **small)),
        "fasttext": (FastText, lambda: FastText(sentences, bucket=20, **small)),
        "doc2vec": (Doc2Vec, lambda: Doc2Vec([TaggedDocument(one, ["t"]) for one in sentences], **small)),
        "keyedvectors": (KeyedVectors, lambda: Word2Vec(sentences, **small).wv),
        "phrases": (Phrases, lambda: Phrases(sentences, min_count=1, threshold=0.1)),
    }
    for name, (kind, new) in makers.items():

        def make(path: Path, new: Callable[[], Any] = new) -> None:
            new().save(str(path))

        def read(path: Path, kind: Any = kind) -> None:
            kind.load(str(path))

        def read_signed(path: Path, kind: Any = kind) -> None:
            sign(path)
            kind.load(str(path))

        yield f"gensim-{name}", (".model", make, read)
        yield f"gensim-{name}-signed", (".model", make, read_signed)


def sign(path: Path) -> None:
    """Write the right checksum into a file of tensors, where it has a place for one."""
    data = bytearray(path.read_bytes())
    if found := re.search(rb'"sha256": ?"([0-9a-f]{64})"', data[:10_000]):
        begin, end = found.span(1)
        data[begin:end] = b"0" * 64
        data[begin:end] = hashlib.sha256(data).hexdigest().encode()
        path.write_bytes(data)


def kinds() -> dict[str, Kind]:
    """All kinds of files, by name."""
    return dict(
        (
            *_vectors_kinds(),
            *_folder_kinds(),
            *_corpus_kinds(),
            *_other_kinds(),
            *_checkpoint_kinds(),
            *_gensim_kinds(),
        )
    )


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


def fault(read: Callable[[Path], Any], path: Path, measured: bool = True) -> str:
    """What is wrong with how a file is read, or an empty string. measured: whether its memory is looked at."""
    size, peak = path.stat().st_size, 0
    messages: list[str] = []
    if measured:
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
        if measured:
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
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(sound)  # what is made once, such as tables and compiled code, is no file's
        except FirthError as error:
            return [f"the sound file is refused: {error}"]
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
        if problem := fault(read, path, number % MEASURED == 0):
            faults.append(f"input {number}: {problem}")
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{len(faults)}-{path.name}").write_bytes(path.read_bytes())
    return faults


SPACES = (" ", "  ", "\t", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0", "\u2003", "\u2028", "\u3000")
"""What divides words; "\x85", "\u2028" and the like are no ends of lines."""
LINE_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\r\n")
ODD = (
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\x80\x80",
    b"\0",
    b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
)
"""Invalid UTF-8 of all sorts, and a NUL."""
PACKERS: tuple[Callable[[bytes], bytes], ...] = (bytes, bytes, bytes, gzip.compress, bz2.compress, lzma.compress)


class Pieces:
    """An open file that gives a few bytes at a time, so that blocks end anywhere."""

    def __init__(self, content: bytes, draw: random.Random) -> None:
        self._content, self._draw, self._at = content, draw, 0

    def read(self, size: int = -1) -> bytes:
        begin, self._at = self._at, self._at + self._draw.choice((1, 2, 3, 7, 50, 1000))
        return self._content[begin : self._at]


def random_text(draw: random.Random) -> bytes:
    """Text as nobody writes it: words of all lengths and scripts, odd spaces and ends of lines, some invalid bytes."""
    stems = ("a", "naïve", "日本", "\U0001f600", "the", "e\u0301")
    words = [draw.choice(stems) + str(draw.randrange(9)) for _ in range(6)]
    words += ["x" * draw.choice((6, 7, 8, 9, 15, 16, 17, 300)), "".join(map(chr, draw.choices(range(33, 0x2FF), k=5)))]
    if draw.random() < 0.02:
        words.append("y" * draw.choice((5000, 70_000)))
    parts = []
    for _ in range(draw.choice((1, 3, 30, 300))):
        parts += [draw.choice(words), draw.choice(SPACES if draw.random() < 0.8 else LINE_ENDS)]
    data = "".join(parts).encode()
    for _ in range(draw.choice((0, 0, 1, 3))):
        at = draw.randrange(len(data) + 1)
        data = data[:at] + draw.choice(ODD) + data[at:]
    return data


def expected_words(data: bytes, min_count: int) -> tuple[list[str], list[int], list[list[str]], list[int]]:
    """The words by falling count, their counts, the lines that have any of them, and the numbers of these lines."""
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = [line.split() for line in re.split("\r\n|\r|\n", text)]
    counts = Counter(word for line in lines for word in line)  # by first appearance
    words = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: -counts[word])
    kept = set(words)
    sentences = [[word for word in line if word in kept] for line in lines]
    numbers = [number for number, line in enumerate(sentences) if line]
    return words, [counts[word] for word in words], [line for line in sentences if line], numbers


def oracle(inputs: int, seed: int, folder: Path, keep: Path | None = None) -> list[str]:
    """The faults found with so many texts that firth reads otherwise than Python does."""
    draw, faults, refused = random.Random(seed), [], 0
    for number in range(inputs):
        data, min_count = random_text(draw), draw.choice((1, 1, 2))
        words, counts, sentences, lines = expected_words(data, min_count)
        source: Any = Pieces(data, draw)
        if draw.random() < 0.6:
            source = folder / "text"
            source.write_bytes(draw.choice(PACKERS)(data))
        problem = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                corpus = build_corpus(source, min_count=min_count, lines=True)
        except FirthError:
            refused += bool(words)
            continue
        except Exception:
            problem = traceback.format_exc()
        else:
            with corpus:
                found = [corpus.vocab.words[word] for word in corpus.ids]
                cuts = corpus.offsets.tolist()
                cut = [found[begin:end] for begin, end in itertools.pairwise(cuts)]
                if corpus.vocab.words != words or corpus.vocab.counts.tolist() != counts:
                    problem = "other words or counts"
                elif cut != sentences:
                    problem = "other sentences"
                elif corpus.lines is None or corpus.lines.tolist() != lines:
                    problem = "other numbers of lines"
        if problem:
            faults.append(f"text {number}: {problem}: {data[:200]!r}")
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{len(faults)}.txt").write_bytes(data)
    if refused > max(5, inputs // 5):
        faults.append(f"{refused} of {inputs} texts are refused")
    return faults


def _work(name: str, each: int, seed: int, keep: Path | None) -> tuple[str, list[str], float]:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as text:
        folder, keep = Path(text), keep and keep / name
        if name == "oracle":
            return name, oracle(each, seed, folder, keep), time.monotonic() - begun
        return name, fuzz(kinds()[name], each, seed, folder, keep), time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200_000, help="in all (default 200,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="only these")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep faulty inputs here")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (default 1)")
    options = parser.parse_args()
    known = [name for name in (*kinds(), "oracle") if options.kinds is None or name in options.kinds]
    found, each, begun = 0, options.inputs // len(known), time.monotonic()
    work = partial(_work, each=each, seed=options.seed, keep=options.keep)
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for name, faults, seconds in pool.imap_unordered(work, known):
            found += len(faults)
            print(f"{name:26} {each:8,} inputs, {len(faults):4} faults, {seconds:6.1f} s", flush=True)
            for problem in faults[:3]:
                print(problem, file=sys.stderr)
    print(f"{each * len(known):,} inputs, {found} faults, {time.monotonic() - begun:,.0f} s, {options.jobs} processes")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
