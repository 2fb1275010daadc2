"""Damaged files that firth itself wrote: a checkpoint is named and never believed, `firth verify` finds every other.

Many in one process, by calling the library. Each function says a line of JSON for each file: what was done to it, what
the user read, and the promises that were broken.
"""

import contextlib
import io
import json
import os
import random
import re
import shutil
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import firth
from firth.app.cli import main
from firth.errors import FirthError
from firth.formats.loading import load
from firth.formats.vocabulary import read_vocabulary

LONGEST_MESSAGE = 1000
SMALL = {"dim": 8, "epochs": 6, "min_count": 1, "threads": 1, "quiet": True}
CHECKPOINTS: dict[str, dict[str, Any]] = {
    "skip-gram": {},
    "tree": {"loss": "hierarchical-softmax", "architecture": "cbow"},
    "softmax": {"loss": "softmax"},
    "documents": {"documents": True},
    "subwords": {"maxn": 3, "bucket": 100},
    "evaluated": {"evaluate": True, "patience": 20},
}
FILES: dict[str, str] = {
    "vectors": "v.safetensors",
    "document-vectors": "v.safetensors",
    "subword-vectors": "v.safetensors",
    "documents": "d.safetensors",
    "index": "v.firth-index",
    "vocabulary": "v.vocab",
    "phrases": "p.json",
}
"""The kinds of files with a checksum, and the name of one."""

Say = Callable[[str], None]


def damaged(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """What was done to a file, and its content then, which is another."""
    while True:
        data, at = bytearray(content), draw.randrange(len(content))
        match draw.choice(("a bit flipped",) * 4 + ("a byte set", "zeros", "cut", "extended", "moved")):
            case "a bit flipped" as how:
                data[at] ^= 1 << draw.randrange(8)
            case "a byte set" as how:
                data[at] = draw.randrange(256)
            case "zeros" as how:
                size = min(draw.choice((16, 512, 4096)), len(data) - at)
                data[at : at + size] = bytes(size)
            case "cut" as how:
                del data[at:]
            case "extended" as how:
                data += draw.randbytes(draw.choice((1, 512, 4096)))
            case how:
                size = min(512, len(data) - at)
                data[at : at + size] = data[:size]
        if data != content:
            return f"{how} at {at:,} of {len(content):,}", bytes(data)


def _told(say: Say, what: str, said: str, broken: list[str]) -> None:
    say(json.dumps({"what": what, "said": said[-1200:], "broken": broken}))


@contextlib.contextmanager
def _read(messages: list[str], broken: list[str]) -> Iterator[None]:
    """Collect what a user reads, and note any error but firth's own as a broken promise."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except FirthError as error:
            messages.append(str(error))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            broken.append(f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {error!s:.100}")
    messages[:0] = [str(one.message) for one in caught]
    if any(len(one) > LONGEST_MESSAGE or "\n" in one for one in messages):
        broken.append("a long message, or one of several lines")


def _bytes(vectors: firth.WordVectors, folder: Path) -> bytes:
    path = folder / "result.safetensors"
    vectors.save(path)
    return path.read_bytes()


def checkpoints(name: str, inputs: Path, folder: Path, count: int, draw: random.Random, say: Say) -> None:
    """Damage one checkpoint, or both, and resume: the run is refused or ends with the same bytes.

    With one damaged, of two, it must go on from the other, and name the damaged one.
    """
    settings = SMALL | CHECKPOINTS[name]
    if "evaluate" in settings:
        settings["evaluate"] = inputs / "pairs.tsv"
    corpus, where = inputs / "few.txt", folder / "checkpoint"

    def stop(vectors: firth.WordVectors) -> None:
        if len(vectors.history) == 4:
            raise KeyboardInterrupt

    right = _bytes(firth.train(corpus, **settings), folder)
    settings["checkpoint_seconds"] = 0.001
    with contextlib.suppress(KeyboardInterrupt):
        firth.train(corpus, checkpoint=where, on_epoch=stop, **settings)
    saved = {path.name: path.read_bytes() for path in where.iterdir()}
    times = {path.name: path.stat().st_mtime_ns for path in where.iterdir()}
    runs = sorted(file for file in saved if "best" not in file)  # the others hold the best epoch
    latest = max(runs, key=lambda file: times[file])  # the other one is not even read while this is sound
    for _ in range(count):
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        for file, content in saved.items():
            (where / file).write_bytes(content)
            os.utime(where / file, ns=(times[file], times[file]))
        chosen = runs if draw.random() < 0.15 else [draw.choice(sorted(saved))]
        for file in chosen:
            how, content = damaged(saved[file], draw)
            (where / file).write_bytes(content)
            os.utime(where / file, ns=(times[file], times[file]))
        messages: list[str] = []
        broken: list[str] = []
        result = None
        with _read(messages, broken):
            result = _bytes(firth.train(corpus, checkpoint=where, resume=True, **settings), folder)
        other = len(runs) > 1 and chosen != runs and chosen[0] in runs
        if result is not None and result != right:
            broken.append("the run ends with other vectors")
        elif result is None and other and not broken:
            broken.append("refused, though the checkpoint before is sound")
        elif result is not None and chosen == runs:
            broken.append("believed, or begun anew without a word")
        elif not broken and latest in chosen and not any(latest in one for one in messages):
            broken.append(f"{latest} is not named")
        said = (messages or [""])[-1].replace(str(folder) + os.sep, "")
        _told(say, f"checkpoint of {name}, {' and '.join(chosen)}: {how}", said, broken)


def files(name: str, inputs: Path, folder: Path, count: int, draw: random.Random, say: Say) -> None:
    """Damage a file that is kept: reading it is safe, and `firth verify` finds the damage.

    Vocabularies and phrases are read as a whole, so reading them finds it too.
    """
    path = folder / FILES[name]
    _make(name, inputs, folder)
    content = path.read_bytes()
    if (status := _verify(path)[0]) != 0:
        _told(say, f"{name}, sound", "", [f"firth verify ends with {status}"])
    for _ in range(count):
        how, data = damaged(content, draw)
        path.write_bytes(data)
        messages: list[str] = []
        broken: list[str] = []
        believed = False
        with _read(messages, broken):
            _use(name, path)
            believed = True
        if name == "vocabulary" and how.startswith("cut") and data.endswith(b"\n"):
            continue  # behind a line: the text of another program, as docs/reliability.md says
        if believed and not messages and name in ("vocabulary", "phrases"):
            broken.append("read without a word")
        status, said = _verify(path)
        if status != 1:
            broken.append(f"firth verify ends with {status}")
        _told(say, f"{name}: {how}", (said or messages[-1:] or [""])[-1].replace(str(folder) + os.sep, ""), broken)


def _make(name: str, inputs: Path, folder: Path) -> None:
    corpus, vectors = inputs / "few.txt", folder / "v.safetensors"
    more: dict[str, Any] = {}
    if name == "document-vectors":
        more = {"documents": True}
    elif name == "subword-vectors":
        more = {"maxn": 3, "bucket": 100}
    match name:
        case "vocabulary":
            line = ["train", corpus, "-o", vectors, "--dim", 2, "--epochs", 1, "--save-vocab", folder / FILES[name]]
            main([*map(str, line), "--quiet"])
        case "phrases":
            firth.Phrases(corpus, min_count=2, threshold=1).save(folder / FILES[name])
        case _:
            trained = firth.train(corpus, **SMALL, **more)
            trained.save(vectors)
            if name == "documents":
                firth.documents(trained, corpus, quiet=True).save(folder / FILES[name])
            elif name == "index":
                with contextlib.redirect_stdout(io.StringIO()):
                    main(["index", str(vectors)])


def _use(name: str, path: Path) -> None:
    """Read a file, and ask for all that is in it."""
    match name:
        case "vocabulary":
            read_vocabulary(path)
        case "phrases":
            firth.Phrases.load(path)
        case "documents":
            firth.Documents.load(path)
        case "index":
            vectors = load(path.with_suffix(".safetensors"))
            vectors.neighbors("w1", approximate=True)
        case _:
            vectors = load(path)
            vectors.neighbors(vectors.words[0])


def _verify(path: Path) -> tuple[int, list[str]]:
    """The exit status of `firth verify`, and the lines it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            status = main(["verify", str(path)])
        except SystemExit as error:
            status = int(error.code or 0)
        except Exception as error:
            out.write(f"{type(error).__name__}: {error}")
            status = 71
    return status, out.getvalue().splitlines()[-1:]


def caches(inputs: Path, folder: Path, count: int, draw: random.Random, say: Say) -> None:
    """Damage a file of a cache, and train: with the same bytes, and a word about it."""
    corpus, where = inputs / "few.txt", folder / "cache"
    settings = SMALL | {"epochs": 1, "cache": where}
    right = _bytes(firth.train(corpus, **settings), folder)
    saved = {path: path.read_bytes() for path in where.rglob("*") if path.is_file() and path.stat().st_size}
    for _ in range(count):
        shutil.rmtree(where)
        for path, content in saved.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        path = draw.choice(sorted(saved))
        how, content = damaged(saved[path], draw)
        path.write_bytes(content)
        messages: list[str] = []
        broken: list[str] = []
        error = io.StringIO()
        with _read(messages, broken), contextlib.redirect_stderr(error):
            result = _bytes(firth.train(corpus, **settings | {"quiet": False}), folder)
            if result != right:
                broken.append("the run ends with other vectors")
        if path.name not in error.getvalue() + " ".join(messages) and where.name not in error.getvalue():
            broken.append("no word about the damage")
        said = re.sub(re.escape(str(folder)) + "/?", "", (messages or error.getvalue().splitlines() or [""])[0])
        _told(say, f"cache: {how}", said, broken)


def shrunk(inputs: Path, folder: Path, count: int, draw: random.Random, say: Say) -> None:
    """Cut a file of vectors short while it is open, and search it: an error, not the end of the process.

    A single look-up is not tried: it does not check the file, as docs/reliability.md says.
    """
    path = folder / "v.safetensors"
    firth.train(inputs / "few.txt", **SMALL | {"dim": 100, "epochs": 1}).save(path)
    content = path.read_bytes()
    asks: dict[str, Callable[[firth.WordVectors], object]] = {
        "neighbors": lambda vectors: vectors.neighbors(vectors.words[-1]),
        "analogy": lambda vectors: vectors.analogy(*vectors.words[-3:]),
        "save": lambda vectors: vectors.save(folder / "other.safetensors"),
    }
    for number in range(count):
        what = sorted(asks)[number % len(asks)]
        path.write_bytes(content)
        vectors = load(path)
        size = draw.choice((0, 100, len(content) // 2))
        os.truncate(path, size)
        messages: list[str] = []
        broken: list[str] = []
        with _read(messages, broken):
            asks[what](vectors)
            broken.append("answered from a file that has shrunk")
        _told(say, f"vectors cut to {size:,} bytes while open: {what}", "".join(messages[-1:]), broken)
