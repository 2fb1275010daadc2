"""Does to firth what can happen to a run, and checks that every promise of docs/reliability.md is kept.

    python benchmarks/faults.py [--quick] [--only KIND ...] [--seed N] [--json FILE] [--markdown]

The faults are kills, signals, damaged files, full and read-only disks, changed input, two runs at once, limits, and
missing folders. A fault is a kept promise or a broken one; a broken one is printed with what was read and how to repeat
it, and the exit status is 1. By default some 1,400 faults, in about eight minutes of two processors. The
corpora and models are small: where in its work a run is decides, not how long it works.

Disks are file systems in memory where this user may mount them (root); without that, writes fail by the limit on the
size of files, and operations by an error from Python's audit events, which is done in any case.
"""

import argparse
import contextlib
import dataclasses
import errno
import fcntl
import gzip
import hashlib
import importlib
import itertools
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import damage
import numpy as np
import trials
from trials import Ended, Place, Run

BASE = Path()
"""The folder of everything, set by `main`."""

PART = 1.0
"""The part of all trials that is done, set by `main`."""

QUICK = ("skip-gram", "softmax", "evaluated", "phrases", "cached", "deterministic", "to-text", "join")

LIBRARIES = (
    "LLVM ERROR: out of memory",
    "cannot allocate memory for thread-local data",
    "OpenBLAS error: Memory allocation",
    "OpenBLAS blas_thread_init",  # sends SIGINT to its own process
    "std::bad_alloc",
)
"""What libraries say that end the process where memory runs out: docs/reliability.md promises no more."""

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
LINES, WORDS, DIM = 6000, 800, 24
WHOLE_RUN = ("out", "checkpoint", "tmp", "cache")
KEPT = (r"out/v\.safetensors", r"checkpoint/checkpoint[\w-]*\.safetensors", r"cache/[^.].*")
"""What a run leaves."""


@dataclasses.dataclass(frozen=True)
class Variant:
    """A model to train. needs: the setting without which this version of firth has no such variant."""

    options: tuple[str, ...]
    threads: int = 1
    needs: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", tuple(self.options))


VARIANTS = {
    name: Variant(tuple(options.split()), threads, needs)
    for name, options, threads, needs in (
        ("skip-gram", "", 1, ""),
        ("per-pair", "--update per-pair", 1, ""),
        ("cbow", "--architecture cbow", 1, ""),
        ("cbow-sum", "--architecture cbow --cbow-sum", 1, ""),
        ("tree", "--loss hierarchical-softmax", 1, ""),
        ("cbow-tree", "--architecture cbow --loss hierarchical-softmax", 1, ""),
        ("both", "--loss negative-sampling+hierarchical-softmax", 1, ""),
        ("softmax", "--loss softmax --epochs 16", 2, ""),
        ("softmax-outside", "--loss softmax --max-vocab 300 --epochs 12", 2, ""),
        ("softmax-files", "--loss softmax --memory 0.001 --epochs 6", 2, ""),
        ("subwords", "--maxn 4 --bucket 2000", 1, ""),
        ("documents", "--documents", 1, ""),
        ("pv-dm", "--documents --architecture cbow", 1, ""),
        ("pv-dm-concatenated", "--documents --architecture cbow --concatenate", 1, ""),
        ("phrases", "--phrases 2 --phrase-threshold 5", 1, ""),
        ("continued", "--from {inputs}/old.safetensors", 1, ""),
        ("evaluated", "--evaluate {inputs}/pairs.tsv --patience 20", 1, ""),
        ("tokenized", "--tokenizer words --lower", 1, ""),
        ("compressed", "", 1, ""),
        ("deterministic", "--deterministic", 2, "deterministic"),
        ("deterministic-tree", "--deterministic --loss hierarchical-softmax", 2, "deterministic"),
        ("cached", "--cache {place}/cache", 1, "cache"),
    )
}

COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "to-text": ("convert {v} {out}/w.txt", ("w.txt",)),
    "to-binary": ("convert {v} {out}/w.bin", ("w.bin",)),
    "to-numpy": ("convert {v} {out}/w.npy", ("w.npy", "w.words.txt", "w.vocab", "w.txt")),
    "to-safetensors": ("convert {inputs}/v.txt {out}/w.safetensors", ("w.safetensors",)),
    "to-static": ("convert {v} {out}/w --to static", ()),
    "save-vocab": ("convert {v} {out}/w.txt --save-vocab {out}/w.vocab", ("w.txt", "w.vocab")),
    "join": (
        "phrases {corpus} -o {out}/joined.txt --save {out}/p.json --threshold 5",
        ("joined.txt", "p.json"),
    ),
    "embed": ("documents {v} {corpus} -o {out}/d.safetensors", ("d.safetensors",)),
    "infer": ("infer {inputs}/documents.safetensors {inputs}/few.txt -o {out}/i.npy --threads 1", ("i.npy",)),
    "transform": ("transform {v} -o {out}/t.safetensors --normalized --half", ("t.safetensors",)),
    "align": ("align {v} {inputs}/old.safetensors -o {out}/a.safetensors", ("a.safetensors",)),
    "clusters": ("clusters {v} -k 5 -o {out}/c.tsv", ("c.tsv",)),
    "graph": ("graph {v} --above 0.5 -o {out}/g.tsv", ("g.tsv",)),
    "evaluate": ("eval {v} {inputs}/pairs.tsv", ()),
    "evaluate-corpus": ("eval {inputs}/softmax.safetensors --against {corpus}", ()),
}
"""The other commands that write, with the names of their files."""


@dataclasses.dataclass
class Result:
    """A fault, what the user read, and the promises that it broke. stage: where in a run it came, if that is known."""

    kind: str
    what: str
    said: str
    broken: list[str]
    stage: str = ""
    repeat: str = ""


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of fault. trials: what makes its trials. fault, lost, do: its row of the table."""

    trials: Callable[[random.Random, float], Iterable[Callable[[random.Random], list[Result]]]]
    fault: str
    lost: str
    do: str


# A run of training, and what must hold after it


def command(text: str, place: Place) -> list[str]:
    """The words of a command with its files."""
    known = {"inputs": BASE / "inputs", "corpus": BASE / "inputs" / "corpus.txt", "place": place.root}
    known |= {"v": BASE / "inputs" / "skip-gram.safetensors", "out": place.out}
    return [word.format(**known) for word in text.split()]


def training(name: str, place: Place, corpus: Path | None = None, checkpoint: bool = True, seed: int = 1) -> list[str]:
    """The command that trains a variant."""
    variant, inputs = VARIANTS[name], BASE / "inputs"
    corpus = corpus or inputs / ("corpus.txt.gz" if name == "compressed" else "corpus.txt")
    line = ["train", str(corpus), "-o", str(place.out / "v.safetensors"), "--dim", str(DIM), "--seed", str(seed)]
    options = [one.format(inputs=inputs, place=place.root) for one in variant.options]
    if "--epochs" not in options:
        line += ["--epochs", "8"]
    line += ["--threads", str(variant.threads), *options]
    if checkpoint:
        line += ["--checkpoint", str(place.checkpoint), "--resume"]
        if has("checkpoint_seconds"):
            line += ["--checkpoint-seconds", "0.02"]
    return line


def has(setting: str) -> bool:
    """Whether this version of firth has a setting of that name."""
    from firth.declaring import declared
    from firth.settings import TrainOptions

    return setting in declared(TrainOptions)


def known_variants() -> list[str]:
    """The variants that this version has; for `--quick` those that compile little."""
    known = [name for name, variant in VARIANTS.items() if not variant.needs or has(variant.needs)]
    return [name for name in known if name in QUICK] if PART < 1 else known


def known_commands() -> list[str]:
    return [name for name in COMMANDS if PART >= 1 or name in QUICK]


def digest(path: Path) -> str | None:
    """The SHA-256 of a file, None where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def reference(name: str) -> dict[str, Any]:
    """What a variant or a command gives without faults, its time and its operations; found at the first call."""
    path = BASE / "references" / f"{name}.json"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_text(json.dumps(_of_command(name) if name in COMMANDS else _of_variant(name)))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def whole(place: Place, name: str, old: str | None, finished: bool) -> list[str]:
    """What is wrong with the file of a run: it is that of the whole run or, before the end, the one of before."""
    found = digest(place.out / "v.safetensors")
    allowed = {reference(name)["digest"]} if finished else {reference(name)["digest"], old}
    if found in allowed:
        return []
    return ["the output is missing" if found is None else "the output is neither the old file nor the whole new one"]


def goes_on(place: Place, name: str, corpus: Path | None = None, checkpoint: bool = True) -> list[str]:
    """What is wrong with the next run: it must end well, with the same bytes as if nothing had been, and no litter."""
    trials.grow_old(place)
    ended = Run(place, training(name, place, corpus, checkpoint)).end()
    broken = [f"the next run: {one}" for one in trials.wrong_words(ended, (0,))]
    if broken:
        return [*broken, f"the next run says: {place.plain(ended.said[-300:])!r}"]
    broken += [f"after the next run, {one}" for one in whole(place, name, None, finished=True)]
    return broken + [f"after the next run, {one}" for one in trials.leftovers(place, (*KEPT, r".*rescued.*"))]


def lost(ended: Ended, place: Place, name: str, checkpoint: bool) -> list[str]:
    """Whether a run that has trained to the end, but could not write its file, lost its vectors."""
    epochs = reference(name)["last"]
    if ended.status == 0 or checkpoint or epochs not in ended.said:
        return []
    wanted = reference(name)["digest"]
    saved = any(path.is_file() and digest(path) == wanted for path in place.files().values())
    return [] if saved else ["the trained vectors are lost"]


def with_old(place: Place, draw: random.Random) -> str | None:
    """Put an older file where the output goes, or not; return its digest."""
    if draw.random() < 0.5:
        return None
    shutil.copyfile(BASE / "inputs" / "old.safetensors", place.out / "v.safetensors")
    return digest(place.out / "v.safetensors")


@contextlib.contextmanager
def a_place() -> Iterator[Place]:
    place = Place(BASE / "places")
    try:
        yield place
    finally:
        place.remove()


def moment(run: Run, name: str, draw: random.Random) -> None:
    """Wait for a random moment of a run: some time after one of its lines.

    Half of the moments are spread over its time, half over what it says, so that short stages have their share.
    """
    marks = [0.0, *reference(name)["marks"], reference(name)["seconds"]]
    spans = [max(end - begin, 0.001) for begin, end in itertools.pairwise(marks)]
    line = draw.choices(range(len(spans)), spans if draw.random() < 0.5 else None)[0]
    run.wait(line, draw.random() * spans[line])


def stage(said: str) -> str:
    """Where in its work a run is that has said this."""
    if "read " not in said:
        return "reading"
    if "wrote " in said:
        return "after the end"
    lines = [line for line in said.splitlines() if line.startswith(("epoch ", "pass "))]
    if not lines:
        return "before the first epoch"
    done, _, epochs = lines[-1].split()[1].rstrip(":").partition("/")
    return "saving" if done == epochs else "training"


# The kinds of faults, each a generator of trials


def kills(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for name in known_variants():
        yield from [partial(_killed, name)] * max(1, round(8 * part))


def _killed(name: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        old, results = with_old(place, draw), []
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            run = Run(place, training(name, place))
            moment(run, name, draw)
            run.send(signal.SIGKILL)
            ended = run.end()
            broken = trials.wrong_words(ended, (0, 137)) + whole(place, name, old, ended.status == 0)
            results.append(Result("kill", f"SIGKILL, {name}", "", broken, stage(ended.said)))
        results[-1].broken += goes_on(place, name)
        return results


def kills_at_operations(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    names = [name for name in ("skip-gram", "softmax", "evaluated", "phrases", "cached") if name in known_variants()]
    for name in names:
        tries = max(1, round(20 * part))
        for number in range(tries):
            yield partial(_killed_at, name, number / tries, 1 / tries)
    for name in known_commands():
        tries = max(1, round(5 * part))
        for number in range(tries):
            yield partial(_command_killed, name, number / tries, 1 / tries)


def _killed_at(name: str, begin: float, size: float, draw: random.Random) -> list[Result]:
    with a_place() as place:
        old = with_old(place, draw)
        number = int(reference(name)["operations"] * (begin + size * draw.random()))
        before = trials.at_operation(place, WHOLE_RUN, number, trials.kill_self, once=True)
        ended = Run(place, training(name, place), before=before).end()
        broken = trials.wrong_words(ended, (0, 137)) + whole(place, name, old, ended.status == 0)
        what = f"SIGKILL before operation {number}, {name}"
        return [Result("operation", what, "", broken + goes_on(place, name), stage(ended.said))]


def _command_killed(name: str, begin: float, size: float, draw: random.Random) -> list[Result]:
    number = int(reference(name)["operations"] * (begin + size * draw.random()))
    return [_command_with(name, "operation", f"SIGKILL before operation {number}", number, None, (0, 137), draw)]


def _command_with(
    name: str, kind: str, what: str, number: int, error: int | None, statuses: Sequence[int], draw: random.Random
) -> Result:
    """Run a command whose operation of that number fails, and once more."""
    known = reference(name)["digests"]
    with a_place() as place:
        act = trials.kill_self if error is None else trials.refuse(error)
        before = trials.at_operation(place, ("out", "tmp"), number, act, once=draw.random() < 0.5)
        ended = Run(place, command(COMMANDS[name][0], place), before=before).end()
        broken = trials.wrong_words(ended, statuses)
        for file in COMMANDS[name][1]:
            if digest(place.out / file) not in (known[file], None):
                broken.append(f"{file} is written in part")
        trials.grow_old(place)
        again = Run(place, command(COMMANDS[name][0], place)).end()
        broken += [f"the next run: {one}" for one in trials.wrong_words(again, (0,))]
        if again.status == 0:
            broken += [
                f"after the next run, {file} differs" for file in known if digest(place.out / file) != known[file]
            ]
            broken += [f"after the next run, {one}" for one in trials.leftovers(place, [r"out/w/.*", *_out(known)])]
        return Result(kind, f"{what}, {name}", place.plain(ended.said), broken)


def _out(names: Iterable[str]) -> list[str]:
    return [f"out/{name}" for name in names]


def signals(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    names = known_variants()
    for number in (*SIGNALS, 0):
        for count in range(max(2, round(30 * part))):
            yield partial(_signalled, names[count % len(names)], number, draw.random() < 0.7)


def _signalled(name: str, number: int, checkpoint: bool, draw: random.Random) -> list[Result]:
    """Send a signal at a random moment, or, for 0, two SIGINT within 30 ms."""
    with a_place() as place:
        old = with_old(place, draw)
        run = Run(place, training(name, place, checkpoint=checkpoint))
        run.wait(0, 0.02)  # main has begun
        moment(run, name, draw)
        run.send(number or signal.SIGINT)
        if not number:
            run.wait(0, draw.random() * 0.03)
            run.send(signal.SIGINT)
        ended = run.end()
        what = signal.Signals(number).name if number else "two SIGINT"
        broken = trials.wrong_words(ended, (0, SIGNALS.get(number, 130)))
        broken += whole(place, name, old, ended.status == 0)
        broken += [f"at once after it, {one}" for one in trials.leftovers(place, (*KEPT, r".*/\.[\w.-]+\.lock"))]
        begun = [line for line in ended.said.splitlines() if line.startswith(("epoch ", "pass "))]
        if checkpoint and ended.status and begun and not any(place.checkpoint.glob("checkpoint*.safetensors")):
            broken.append("nothing was saved")
        broken += goes_on(place, name, checkpoint=checkpoint)
        last = ended.said.splitlines()[-2:]
        said = place.plain(" / ".join(last)) if ended.status else ""
        return [Result("signal", f"{what}, {name}", said, broken, stage(ended.said))]


def full_disks(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    names = known_variants()
    for count in range(max(2, round(40 * part))):
        yield partial(_full, draw.choice(names), ("out", "checkpoint", "tmp", "cache")[count % 4])
    for _ in range(max(2, round(40 * part))):
        yield partial(_file_limit, draw.choice(names))


def _full(name: str, folder: str, draw: random.Random) -> list[Result]:
    """A disk of random size for one of the folders."""
    with a_place() as place:
        size = int(draw.random() ** 2 * 2 * max(reference(name)["bytes"], 1 << 18))
        if not trials.mount(place.root / folder, size):
            return []
        old = with_old(place, draw) if folder != "out" else None
        return [_written(place, name, f"{folder} is a disk of {size:,} bytes, {name}", "full", old, draw, None, folder)]


def _file_limit(name: str, draw: random.Random) -> list[Result]:
    size = int(draw.random() ** 2 * reference(name)["bytes"])
    with a_place() as place:

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        old = with_old(place, draw)
        return [_written(place, name, f"no file above {size:,} bytes, {name}", "full", old, draw, limit, "")]


def _written(
    place: Place,
    name: str,
    what: str,
    kind: str,
    old: str | None,
    draw: random.Random,
    before: Callable[[], None] | None,
    folder: str,
    rescue: bool = True,
) -> Result:
    """Train where something cannot be written, then where it can."""
    checkpoint = folder == "checkpoint" or draw.random() < 0.5
    ended = Run(place, training(name, place, checkpoint=checkpoint), before=before).end()
    broken = trials.wrong_words(ended, (0, 1)) + whole(place, name, old, ended.status == 0)
    if rescue and folder == "out":  # else nothing at all may be written
        broken += lost(ended, place, name, checkpoint)
    if folder and os.path.ismount(place.root / folder):
        trials.remount(place.root / folder, "rw,size=64m")
    broken += goes_on(place, name, checkpoint=checkpoint)
    return Result(kind, what, place.plain(ended.said) if ended.status else "", broken, stage(ended.said))


def refusing_disks(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    names, tries = known_variants(), max(4, round(60 * part))
    for number in range(tries):
        yield partial(_refused, draw.choice(names), number / tries, 1 / tries)
    for name in known_commands():
        for _ in range(max(1, round(4 * part))):
            yield partial(_command_refused, name)


def _refused(name: str, begin: float, size: float, draw: random.Random) -> list[Result]:
    """One operation on files fails, or all from there on."""
    error, folder = draw.choice(list(trials.ERRORS)), draw.choice(("out", "checkpoint", "tmp"))
    with a_place() as place:
        old = with_old(place, draw)
        number = int(reference(name)["operations"] * (begin + size * draw.random()) / 3)
        once = draw.random() < 0.4
        before = trials.at_operation(place, (folder,), number, trials.refuse(error), once)
        what = f"{folder} is {trials.ERRORS[error]} from its operation {number} on{' once' * once}, {name}"
        return [_written(place, name, what, "refused", old, draw, before, folder)]


def _command_refused(name: str, draw: random.Random) -> list[Result]:
    error, number = draw.choice(list(trials.ERRORS)), draw.randrange(max(1, reference(name)["operations"]))
    what = f"the disk is {trials.ERRORS[error]} at operation {number}"
    return [_command_with(name, "refused", what, number, error, (0, 1), draw)]


def read_only(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for count in range(max(3, round(15 * part))):
        yield partial(_read_only, draw.choice(known_variants()), ("out", "checkpoint", "tmp")[count % 3])


def _read_only(name: str, folder: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        before = None
        if not (trials.mount(place.root / folder, 1 << 20) and trials.remount(place.root / folder, "ro")):
            before = trials.at_operation(place, (folder,), 0, trials.refuse(errno.EROFS), once=False)
        return [_written(place, name, f"{folder} is read-only, {name}", "read-only", None, draw, before, folder)]


def homes(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for home in (None, "/nonexistent", "/dev/null", "/proc", ""):
        for line in ("info {v}", "neighbors {v} w1 w2", "eval {v} {inputs}/pairs.tsv")[: 3 if part >= 1 else 1]:
            yield partial(_home, home, line)
    for line in ("{tmp}", "/nonexistent", "/proc")[: 3 if part >= 1 else 1]:
        yield partial(_temporary, line)
    for _ in range(max(1, round(8 * part))):
        yield _compile_cache


def _home(home: str | None, line: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        environment = {"HOME": home, "NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": home}
        ended = Run(place, command(line, place), fresh=True, environment=environment).end()
        broken = trials.wrong_words(ended, (0,)) + trials.leftovers(place, ())
        return [Result("home", f"HOME is {home}, {line}", place.plain(ended.said), broken)]


def _temporary(folder: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        ended = Run(place, training("skip-gram", place), fresh=True, environment={"TMPDIR": folder}).end()
        broken = trials.wrong_words(ended, (0, 1)) + whole(place, "skip-gram", None, ended.status == 0)
        said = place.plain(ended.said) if ended.status else ""
        return [Result("home", f"TMPDIR is {folder}", said, broken + goes_on(place, "skip-gram"))]


def _compile_cache(draw: random.Random) -> list[Result]:
    """Damage a file of compiled code."""
    with a_place() as place:
        compiled = place.cache / "compiled"
        shutil.copytree(os.environ["NUMBA_CACHE_DIR"], compiled)
        path = draw.choice(sorted(path for path in compiled.rglob("*") if path.is_file()))
        how, content = damage.damaged(path.read_bytes(), draw)
        path.write_bytes(content)
        ended = Run(
            place, training("skip-gram", place), fresh=True, environment={"NUMBA_CACHE_DIR": str(compiled)}
        ).end()
        broken = trials.wrong_words(ended, (0,)) + whole(place, "skip-gram", None, finished=True)
        return [Result("home", f"compiled code, {how}", "", broken)]


def inputs(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    changes, options = list(CHANGES), ["--dim 8", "--lr 0.01", "--window 2", "--seed 5", "--negatives 2", "--epochs 30"]
    for change in changes if part >= 1 else changes[:2]:
        for _ in range(max(1, round(8 * part))):
            yield partial(_input_changed, draw.choice([n for n in known_variants() if n != "compressed"]), change)
        for _ in range(max(1, round(3 * part))):
            yield partial(_input_changed_before_resuming, change)
    for option in options if part >= 1 else options[:1]:
        yield partial(_other_settings, option)


def _emptied(path: Path, draw: random.Random) -> None:
    os.truncate(path, 0)


def _cut(path: Path, draw: random.Random) -> None:
    os.truncate(path, draw.randrange(path.stat().st_size))


def _appended(path: Path, draw: random.Random) -> None:
    with path.open("ab") as file:
        file.write(b"w1 w2 w3 more\n" * draw.randrange(1, 5000))


def _overwritten(path: Path, draw: random.Random) -> None:
    with path.open("r+b") as file:
        file.seek(draw.randrange(path.stat().st_size))
        file.write(draw.randbytes(2000))


def _removed(path: Path, draw: random.Random) -> None:
    path.unlink()


CHANGES = {"emptied": _emptied, "cut": _cut, "appended": _appended, "overwritten": _overwritten, "removed": _removed}


def _input_changed(name: str, change: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        corpus = place.here / "corpus.txt"
        shutil.copyfile(BASE / "inputs" / "corpus.txt", corpus)
        run = Run(place, training(name, place, corpus, checkpoint=False))
        if draw.random() < 0.5:
            run.wait(0, draw.random() * reference(name)["marks"][0])
        else:
            moment(run, name, draw)
        read = "read " in run_text(run)
        CHANGES[change](corpus, draw)
        ended = run.end()
        broken = trials.wrong_words(ended, (0, 1))
        if read:
            broken += whole(place, name, None, finished=True)
        elif ended.status == 0:
            broken += _unreadable(place)
        broken += trials.leftovers(place, (*KEPT, r"here/corpus\.txt"))
        said = place.plain(ended.said) if ended.status else ""
        return [Result("input", f"{change}, {name}", said, broken, stage(ended.said))]


def run_text(run: Run) -> str:
    run.wait(0, 0)
    return run._text.decode(errors="replace")


def _unreadable(place: Place) -> list[str]:
    """What is wrong with vectors of a changed input: they must be a whole file of finite numbers."""
    import firth
    from firth.errors import FirthError

    try:
        vectors = firth.load(place.out / "v.safetensors")
    except FirthError as error:
        return [f"the output cannot be read: {error}"]
    return [] if np.isfinite(vectors.center).all() else ["the output holds numbers that are not finite"]


def _input_changed_before_resuming(change: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        corpus = place.here / "corpus.txt"
        shutil.copyfile(BASE / "inputs" / "corpus.txt", corpus)
        if not _stopped_halfway(place, corpus):
            return []
        CHANGES[change](corpus, draw)
        ended = Run(place, training("skip-gram", place, corpus)).end()
        broken = trials.wrong_words(ended, (1,))
        return [Result("input", f"{change} before resuming", place.plain(ended.said), broken)]


def _stopped_halfway(place: Place, corpus: Path | None = None) -> bool:
    """Whether a run stopped in its training, with a checkpoint."""
    run = Run(place, training("skip-gram", place, corpus))
    run.wait(5, 0)
    run.send(signal.SIGINT)
    return run.end().status == 130 and any(place.checkpoint.iterdir())


def _other_settings(option: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        if not _stopped_halfway(place):
            return []
        ended = Run(place, training("skip-gram", place) + option.split()).end()
        broken = trials.wrong_words(ended, (1,))
        setting = option.split()[0].lstrip("-").replace("-", "_")
        if setting not in ended.said:
            broken.append("the difference is not named")
        return [Result("input", f"resumed with {option}", place.plain(ended.said), broken)]


def folders(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for count in range(max(3, round(24 * part))):
        yield partial(_folder_removed, draw.choice(known_variants()), ("out", "checkpoint", "tmp")[count % 3])


def _folder_removed(name: str, folder: str, draw: random.Random) -> list[Result]:
    with a_place() as place:
        checkpoint = folder == "checkpoint" or draw.random() < 0.5
        run = Run(place, training(name, place, checkpoint=checkpoint))
        moment(run, name, draw)
        shutil.rmtree(place.root / folder, ignore_errors=True)
        ended = run.end()
        broken = trials.wrong_words(ended, (0, 1)) + ([] if folder != "out" else lost(ended, place, name, checkpoint))
        if folder != "out":
            broken += whole(place, name, None, ended.status == 0)
        (place.root / folder).mkdir(exist_ok=True)
        broken += goes_on(place, name, checkpoint=checkpoint)
        said = place.plain(ended.said) if ended.status else ""
        return [Result("folder", f"{folder} is removed, {name}", said, broken, stage(ended.said))]


def pairs(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for shared in ("output", "checkpoint", "cache"):
        if shared != "cache" or has("cache"):
            yield from [partial(_two, shared)] * max(2, round(12 * part))


def _two(shared: str, draw: random.Random) -> list[Result]:
    """Two runs at once that share a path: one ends well, the other does too or is refused."""
    name = "cached" if shared == "cache" else "skip-gram"
    with a_place() as place, a_place() as other:
        lines = [training(name, place, checkpoint=shared == "checkpoint") for _ in range(2)]
        if shared != "output":
            lines[1][lines[1].index("-o") + 1] = str(other.out / "v.safetensors")
        begun = []
        for line in lines:
            begun.append(Run(place, line))
            begun[0].wait(0, draw.random() * 0.03)  # both are still at work
        ended = [run.end() for run in begun]
        broken = [one for each in ended for one in trials.wrong_words(each, (0, 1))]
        refused = sorted(one.status for one in ended)
        if shared != "cache" and refused != [0, 1]:
            broken.append(f"exit statuses {refused}, not one run that is refused")
        elif refused[0] != 0:
            broken.append("both runs are refused")
        for each, where in zip(ended, (place, place if shared == "output" else other), strict=True):
            if each.status == 0:
                broken += whole(where, name, None, finished=True)
        broken += trials.leftovers(place, KEPT)
        said = next((place.plain(one.said) for one in ended if one.status == 1), "")
        return [Result("two", f"two runs, one {shared}", said, broken)]


def limits(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for count in range(max(3, round(40 * part))):
        yield partial(_limited, draw.choice(known_variants()), "address space", count % 2 == 0)
    for _ in range(max(2, round(20 * part))):
        yield partial(_limited, draw.choice(known_variants()), "open files", False)
    if os.geteuid() != 0 or _open_to_all(Path(os.__file__)):
        for _ in range(max(1, round(8 * part))):
            yield partial(_limited, draw.choice(known_variants()), "threads", False)


def _open_to_all(path: Path) -> bool:
    """Whether every user may read what is in the folders of a path, such as Python's own modules."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _limited(name: str, what: str, fresh: bool, draw: random.Random) -> list[Result]:
    with a_place() as place:
        most = 0
        if what == "address space":
            if fresh:
                most = int(1e8 * 1.05 ** draw.randrange(75))  # up to 4 GB
            else:
                used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
                most = used + draw.randrange(1 << 20, 400 << 20)
            limit, told = resource.RLIMIT_AS, f"{most / 1e6:,.0f} MB"
        elif what == "open files":
            most = draw.randrange(4, 40)
            limit, told = resource.RLIMIT_NOFILE, str(most)
        else:
            most, limit, told = draw.randrange(1, 4), resource.RLIMIT_NPROC, "few"
            for folder in (place.root, *place.root.iterdir()):
                os.chmod(folder, 0o777)

        def before() -> None:
            if what == "threads" and os.geteuid() == 0:  # root has no such limit
                os.setresuid(65534, 65534, 65534)
            resource.setrlimit(limit, (most, most))

        ended = Run(place, training(name, place), before=before, fresh=fresh).end()
        by_library = any(words in ended.said for words in LIBRARIES)
        broken = [] if by_library else trials.wrong_words(ended, (0, 1))
        broken += whole(place, name, None, ended.status == 0)
        for path in place.files().values():
            os.chmod(path, 0o777)
        said = place.plain(ended.said) if ended.status else ""
        broken += goes_on(place, name)
        return [Result("limit", f"{what} {told}{', a new process' * fresh}, {name}", said, broken, stage(ended.said))]


def streams(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    lines = ("info {v}", "neighbors {v} w1 w2 w3", "similarity {v} w1 w2", "graph {v} --above 0.1", "train", "--help")
    for line in lines if part >= 1 else lines[1:2]:
        for fault in STREAMS if part >= 1 else list(STREAMS)[:3]:
            yield partial(_stream, line, fault)


def _closed(descriptor: int) -> None:
    os.close(descriptor)


def _device_full(descriptor: int) -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), descriptor)


def _broken_pipe(descriptor: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, descriptor)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


STREAMS = {
    "standard output is closed": (partial(_closed, 1), (0,)),
    "standard output is full": (partial(_device_full, 1), (0, 1)),
    "standard output is a broken pipe": (partial(_broken_pipe, 1), (0,)),
    "standard error is closed": (partial(_closed, 2), (0,)),
    "standard error is full": (partial(_device_full, 2), (0,)),
    "standard error is a broken pipe": (partial(_broken_pipe, 2), (0,)),
    "standard input is closed": (partial(_closed, 0), (0,)),
}


def _stream(line: str, fault: str, draw: random.Random) -> list[Result]:
    act, statuses = STREAMS[fault]
    with a_place() as place:
        words = training("skip-gram", place, checkpoint=False) if line == "train" else command(line, place)
        ended = Run(place, words, before=act, fresh=True).end()
        broken = trials.wrong_words(ended, statuses)
        if line == "train":
            broken += whole(place, "skip-gram", None, finished=True)
        said = place.plain(ended.said) if ended.status else ""
        return [Result("stream", f"{fault}, {line}", said, broken)]


def damages(draw: random.Random, part: float) -> Iterator[Callable[[random.Random], list[Result]]]:
    for name in damage.CHECKPOINTS:
        for _ in range(4 if part >= 1 else 1):
            yield partial(_damaged, partial(damage.checkpoints, name), max(3, round(25 * part)))
    for name in damage.FILES:
        yield partial(_damaged, partial(damage.files, name), max(3, round(40 * part)))
    if has("cache"):
        yield partial(_damaged, damage.caches, max(3, round(40 * part)))
    yield partial(_damaged, damage.shrunk, max(3, round(12 * part)))


def _damaged(function: Callable[..., None], count: int, draw: random.Random) -> list[Result]:
    """Damage files, in one process while it lives: one that dies is a broken promise, and another goes on."""
    results: list[Result] = []
    while len(results) < count:
        done, seed = len(results), draw.randrange(2**31)
        with a_place() as place:
            work = partial(function, BASE / "inputs", place.here, count - done, random.Random(seed))
            ended = trials.in_child(place, work)
            for line in ended.said.splitlines():
                with contextlib.suppress(ValueError, TypeError):  # some other line, such as a warning
                    results.append(Result("damage", **json.loads(line)))
            if ended.status != 0 or len(results) == done:
                what = f"{getattr(function, 'func', function).__name__} {getattr(function, 'args', ())}"
                results.append(
                    Result("damage", what, place.plain(ended.said[-300:]), [f"the process ends with {ended.status}"])
                )
                if len(results) == done + 1 and ended.status == 71:
                    break  # not even begun
    return results


KINDS = {
    "kill": Kind(
        kills,
        "SIGKILL at a random moment, up to three times in one run",
        "work since the last checkpoint; without a checkpoint, the run",
        "run the same command again, with `--resume`",
    ),
    "operation": Kind(
        kills_at_operations,
        "SIGKILL before an operation on a file (open, rename, remove, new folder), of training and of other commands",
        "the same; a file is the old one or the whole new one",
        "run the same command again",
    ),
    "signal": Kind(
        signals,
        "SIGINT, SIGTERM, SIGHUP, or two SIGINT within 30 ms, at a random moment",
        "nothing with a checkpoint; without one, the run",
        "run the same command again, with `--resume`",
    ),
    "damage": Kind(
        damages,
        "flipped bits, zeroed blocks, cut and extended files: checkpoints, vectors, vocabularies, phrases, indexes, "
        "caches; mapped files that shrink",
        "at most what the damaged checkpoint had and the one before has not",
        "`firth verify` names the file: make it again; a run takes the checkpoint before by itself",
    ),
    "full": Kind(
        full_disks,
        "a full disk, at any byte, of the output, the checkpoint, the temporary files or the cache",
        "nothing once the training is done; before that, work since the last checkpoint",
        "make room and run the same command again, with `--resume`; or take the rescued file that the message names",
    ),
    "refused": Kind(
        refusing_disks,
        "an operation on a file that fails (full, read-only, broken, forbidden), once or from then on",
        "as with a full disk",
        "as with a full disk",
    ),
    "read-only": Kind(
        read_only,
        "a folder on a read-only disk",
        "nothing: it is noticed before the training",
        "name another folder",
    ),
    "home": Kind(
        homes,
        "no home folder, or one that cannot be written; no temporary folder; damaged compiled code",
        "the time to compile again",
        "set `NUMBA_CACHE_DIR` to a folder that can be written",
    ),
    "input": Kind(
        inputs,
        "input cut, emptied, extended, overwritten or removed, during a run or before it resumes; other settings",
        "nothing once it is read; a run that resumes with another text is refused",
        "resume with the text and the settings of the run, or begin anew in another folder",
    ),
    "folder": Kind(
        folders,
        "the folder of the output, the checkpoint or the temporary files is removed during a run",
        "what was in the folder",
        "make the folder and run the same command again; or take the rescued file that the message names",
    ),
    "two": Kind(
        pairs,
        "two runs at once with one output, one checkpoint folder or one cache",
        "nothing: the second is refused, or waits for the cache",
        "wait for the first, or name other paths",
    ),
    "limit": Kind(
        limits,
        "limits of memory (RLIMIT_AS), open files and threads",
        "work since the last checkpoint",
        "raise the limit, or lower `--dim`, `--max-vocab` or `--threads`",
    ),
    "stream": Kind(
        streams,
        "standard input, output or error closed, full, or a broken pipe",
        "what was to be printed; a trained file is written all the same",
        "send the output to another place",
    ),
}


# What all trials share: inputs and references


def make_inputs() -> None:
    """Write the corpora and the sets that all trials read."""
    draw, folder = random.Random(7), BASE / "inputs"
    words = [f"w{number}" for number in range(WORDS)]
    weights = [1 / (rank + 3) for rank in range(WORDS)]
    lines = [draw.choices(words, weights, k=draw.randint(5, 15)) for _ in range(LINES)]
    text = "".join(" ".join(line) + "\n" for line in lines)
    (folder / "corpus.txt").write_text(text)
    (folder / "few.txt").write_text("".join(f"{' '.join(line)}\n" for line in lines[:200]))
    (folder / "corpus.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (folder / "pairs.tsv").write_text(
        "".join(f"w{draw.randrange(40)}\tw{40 + number}\t{draw.random():.2f}\n" for number in range(60))
    )


def _of_variant(name: str) -> dict[str, Any]:
    with a_place() as place:
        _run_well(place, training(name, place, checkpoint=False))
        output = digest(place.out / "v.safetensors")
        shutil.copyfile(place.out / "v.safetensors", BASE / "inputs" / f"{name}.safetensors")
    with a_place() as place:
        lines = _run_well(place, training(name, place), trials.counting(place, WHOLE_RUN)).said.splitlines()
        if digest(place.out / "v.safetensors") != output:
            raise RuntimeError(f"{name}: a run with a checkpoint gives other bytes than one without")
        size = sum(path.stat().st_size for path in place.files().values() if path.is_file())
    with a_place() as place:
        timed = _run_well(place, training(name, place))
    return {
        "digest": output,
        "operations": int(lines[-1].split()[-1]),
        "seconds": timed.seconds,
        "marks": timed.marks,
        "bytes": size,
        "last": [line for line in lines if line.startswith(("epoch ", "pass "))][-1].partition(":")[0],
    }


def _of_command(name: str) -> dict[str, Any]:
    for variant in ("skip-gram", "documents", "softmax"):
        if f"{variant}.safetensors" in COMMANDS[name][0]:
            reference(variant)
    with a_place() as place:
        _run_well(place, command(COMMANDS[name][0], place))
    with a_place() as place:
        ended = _run_well(place, command(COMMANDS[name][0], place), trials.counting(place, ("out", "tmp")))
        digests = {file: digest(place.out / file) for file in COMMANDS[name][1]}
    return {"operations": int(ended.said.splitlines()[-1].split()[-1]), "digests": digests}


def _run_well(place: Place, line: Sequence[str], before: Callable[[], None] | None = None) -> Ended:
    ended = Run(place, line, before=before).end(trials.COMPILING_SECONDS)
    if ended.status != 0:
        raise RuntimeError(f"firth {' '.join(line)}: ends with {ended.status} without any fault: {ended.said}")
    return ended


# All together

TRIALS: list[tuple[str, int, Callable[[random.Random], list[Result]]]] = []
"""Kind, number within the kind, and what does it; made before the processes are, which share it."""


def choose(only: Sequence[str], seed: int) -> None:
    """Fill `TRIALS`. only: kinds, or KIND/NUMBER for one trial."""
    for name, kind in KINDS.items():
        numbers = {one.partition("/")[2] for one in only if one.partition("/")[0] == name}
        if only and not numbers:
            continue
        for number, trial in enumerate(kind.trials(random.Random(f"{seed} {name}"), PART)):
            if numbers <= {""} or str(number) in numbers:
                TRIALS.append((name, number, trial))


def attempt(place: int, seed: int) -> list[Result]:
    """The results of one trial."""
    kind, number, trial = TRIALS[place]
    try:
        results = trial(random.Random(f"{seed} {kind} {number}"))
    except Exception as error:  # of this program, not of firth
        results = [Result(kind, repr(trial), "", [f"the trial itself fails: {type(error).__name__}: {error}"])]
    for result in results:
        result.repeat = f"--only {kind}/{number} --seed {seed}"
    return results


def message(results: Iterable[Result]) -> str:
    """What users read most often of a kind: the last line, its numbers aside."""
    lines = Counter(result.said.splitlines()[-1] for result in results if result.said and not result.broken)
    return lines.most_common(1)[0][0].removeprefix("firth: error: ") if lines else "—"


def table(results: Sequence[Result]) -> Iterator[str]:
    """The lines of the table in Markdown."""
    yield "| fault | tried | kept | what is lost | what is read, for example | what to do |"
    yield "|---|---:|---:|---|---|---|"
    for name, kind in KINDS.items():
        if not (own := [result for result in results if result.kind == name]):
            continue
        kept = sum(not result.broken for result in own)
        read = message(own).replace("|", "\\|")
        read = read if read == "—" else f"`{read[:200]}`"
        yield f"| {kind.fault} | {len(own):,} | {kept:,} | {kind.lost} | {read} | {kind.do} |"
    kept = sum(not result.broken for result in results)
    yield f"| all | {len(results):,} | {kept:,} | | | |"


def counts(results: Sequence[Result]) -> Iterator[str]:
    """The kinds, with the number of faults and of kept promises."""
    for name in (*KINDS, "all"):
        if own := [result for result in results if name in (result.kind, "all")]:
            kept = sum(not result.broken for result in own)
            yield f"{name:12} {len(own):6,} tried {kept:6,} kept {len(own) - kept:6,} broken"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few of each kind")
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help=f"{', '.join(KINDS)}; or KIND/NUMBER")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/reliability.md")
    options = parser.parse_args()
    if unknown := {one.partition("/")[0] for one in options.only} - set(KINDS):
        parser.error(f"unknown kinds: {', '.join(sorted(unknown))}")
    global BASE, PART
    PART = 0.05 if options.quick else 1.0
    BASE = Path(tempfile.mkdtemp(prefix="faults-"))
    os.chmod(BASE, 0o755)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(BASE / "compiled"))
    begun = time.monotonic()
    try:
        results = _all(options.only, options.seed)
    finally:
        shutil.rmtree(BASE, ignore_errors=True)
    for result in results:
        for one in result.broken:
            print(
                f"BROKEN {result.kind}: {result.what} ({result.stage}): {one}\n  read: {result.said[-300:]!r}\n"
                f"  repeat: {result.repeat}",
                file=sys.stderr,
            )
    print("\n".join(table(results) if options.markdown else counts(results)))
    broken = sum(bool(result.broken) for result in results)
    stages = Counter(result.stage for result in results if result.stage)
    print(
        f"{len(results):,} faults in {time.monotonic() - begun:,.0f} s, {broken:,} broken promises; "
        f"stages: {', '.join(f'{name} {count}' for name, count in stages.most_common())}",
        file=sys.stderr,
    )
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(result) for result in results], indent=1))
    return 1 if broken else 0


def load_all() -> None:
    """Import all of firth and its compiled functions, which then no run has to."""
    import firth

    for folder in ("app", "corpus", "exact", "formats", "native", "run", "sgd", "vectors"):
        for module in sorted((Path(firth.__file__).parent / folder).glob("*.py")):
            importlib.import_module(f"firth.{folder}.{module.stem}")
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def _all(only: Sequence[str], seed: int) -> list[Result]:
    """Prepare everything, and do all trials, two at a time."""
    for name in ("inputs", "references", "places"):
        (BASE / name).mkdir()
        os.chmod(BASE / name, 0o777 if name == "places" else 0o755)
    make_inputs()
    load_all()
    choose(only, seed)
    results: list[Result] = []
    reference("skip-gram")
    inputs = BASE / "inputs"
    with a_place() as place:
        old = training("skip-gram", place, checkpoint=False, seed=9)
        _run_well(place, old)
        shutil.copyfile(place.out / "v.safetensors", inputs / "old.safetensors")
        _run_well(place, ["convert", str(inputs / "skip-gram.safetensors"), str(inputs / "v.txt")])
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(reference, known_variants(), chunksize=1)
        for done, own in enumerate(pool.imap_unordered(partial(attempt, seed=seed), range(len(TRIALS))), 1):
            results += own
            if done % 20 == 0 or done == len(TRIALS):
                broken = sum(bool(result.broken) for result in results)
                print(f"{done:,} of {len(TRIALS):,} trials, {broken:,} broken", file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
