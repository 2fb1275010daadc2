"""The memory of a run by stage, each run in a process of its own. Prints a Markdown table. Linux only.

    python benchmarks/memory.py words [100000 1000000] [--dim 100]    memory of each word that is kept
    python benchmarks/memory.py distinct [50000000]                   memory of each distinct word while counting
    python benchmarks/memory.py corpus FILE [--limit GB]              memory against the corpus, speed of each tenth

`words`: a text of so many words, each of which occurs twice and is kept. `distinct`: a text of so many random words
of 12 to 16 letters, of which 100,000 occur twice and are kept. `corpus`: one epoch over FILE (see zipf.py) with a
vocabulary of 100,000 words; --limit is RLIMIT_DATA, which bounds what is not page cache.

Anonymous memory (RssAnon) is what the process holds; file pages (RssFile) are the mapped ids, which the system takes
back when it needs memory, and the libraries. Both are looked at every 10 ms, and the highest of each stage counts,
less that of the stage "start", in which everything is loaded and compiled.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

SETTINGS = {"epochs": 1, "quiet": True}
TWICE = 100_000
FIELDS = ("RssAnon", "RssFile", "VmRSS")


def now(pid: int) -> dict[str, int]:
    """The bytes of memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    known = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name: 1024 * int(known[name].split()[0]) for name in FIELDS}


def stages_of(job: dict) -> tuple[dict[str, dict[str, int]], dict]:
    """The highest memory of each stage of a job in a new process, and what it reports."""
    command = [sys.executable, __file__, "child", json.dumps(job)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peaks: dict[str, dict[str, int]] = {}
    told: dict = {"stage": "start", "seconds": {}}

    def listen() -> None:
        begun = time.perf_counter()
        for line in process.stdout:
            message = json.loads(line)
            if "stage" in message:
                told["seconds"][told["stage"]] = time.perf_counter() - begun
                begun = time.perf_counter()
            told.update(message)

    listener = threading.Thread(target=listen)
    listener.start()
    while process.poll() is None:
        stage = told["stage"]
        with contextlib.suppress(OSError, KeyError):  # it has ended
            found = now(process.pid)
            peak = peaks.setdefault(stage, dict.fromkeys(FIELDS, 0))
            peaks[stage] = {name: max(peak[name], found[name]) for name in FIELDS}
        time.sleep(0.01)
    listener.join()
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    return peaks, told


def child(job: dict) -> None:
    """Run a job, and report each stage as it begins."""
    import firth
    import firth.corpus.encode as encode
    import firth.run.train as training
    from firth.display import Display
    from firth.run.after_epoch import AfterEpoch

    def staged(owner, name: str, stage: str) -> None:
        own = getattr(owner, name)

        def method(*values, **named):
            report(stage=stage)
            return own(*values, **named)

        setattr(owner, name, method)

    small = [[f"w{i % 50}" for i in range(j, j + 20)] for j in range(50)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.txt")
        path.write_text("\n".join(" ".join(line) for line in small), encoding="ascii")
        firth.train(path, dim=job["settings"].get("dim", 100), epochs=1, quiet=True).save(Path(folder, "v.safetensors"))
        staged(encode, "corpus_of", "choosing words")
        staged(training, "_sgd_trainer", "tables and matrices")
        staged(training, "_run", "training")
        staged(AfterEpoch, "result", "result")
        ticks: list[tuple[float, int]] = []
        Display.training = lambda self, progress: ticks.append((time.perf_counter(), progress.tokens))
        if job.get("limit"):
            resource.setrlimit(resource.RLIMIT_DATA, (int(job["limit"] * 1e9),) * 2)
        time.sleep(0.1)
        report(stage="reading")
        if job["train"]:
            vectors = firth.train(job["path"], **job["settings"])
            report(stage="saving", words=len(vectors))
            vectors.save(Path(folder, "v.safetensors"))
        else:
            with encode.build_corpus(job["path"], min_count=2) as corpus:
                report(words=len(corpus.vocab), tokens=corpus.tokens)
        if ticks:
            report(tenths=tenths(ticks), tokens=ticks[-1][1])


def tenths(ticks: list[tuple[float, int]]) -> list[float]:
    """The tokens a second in each tenth of an epoch."""
    times, tokens = np.array(ticks).T
    edges = np.interp(np.linspace(0, tokens[-1], 11), tokens, times)
    return (tokens[-1] / 10 / np.diff(edges)).tolist()


def report(**message) -> None:
    print(json.dumps(message), flush=True)


def write_words(path: str, n: int) -> None:
    """A text of n words, each twice, 20 a line."""
    order = np.random.default_rng(1).permutation(np.repeat(np.arange(n, dtype=np.int64), 2))
    digits = (order[:, None] // 10 ** np.arange(8)[::-1] % 10 + ord("0")).astype(np.uint8)
    ends = np.full((len(order), 1), ord(" "), np.uint8)
    ends[19::20] = ends[-1] = ord("\n")
    np.concatenate([digits, ends], axis=1).tofile(path)


def write_distinct(path: str, n: int) -> None:
    """A text of n words of 12 to 16 random letters, 20 a line, of which `TWICE` occur twice."""
    random = np.random.default_rng(1)
    with open(path, "wb") as file:
        for begin in range(0, n, 1 << 20):
            rows = min(1 << 20, n - begin)
            text = random.integers(ord("a"), ord("z") + 1, (rows, 17), np.uint8)
            text[:, 0] = ord(" ")
            text[::20, 0] = ord("\n")
            there = np.arange(17) < random.integers(13, 18, rows)[:, None]
            file.write(text[there].data)
            if not begin:
                file.write(text[:TWICE][there[:TWICE]].data)


def print_stages(peaks: dict[str, dict[str, int]], seconds: dict[str, float], words: int) -> None:
    start = peaks["start"]
    print("| stage | seconds | anonymous, MB | file pages, MB | both, bytes a word |")
    print("|---|---|---|---|---|")
    for stage, peak in peaks.items():
        anonymous, file = (peak[name] - start[name] for name in ("RssAnon", "RssFile"))
        if stage == "start":
            print(f"| start | {seconds['start']:.1f} | {peak['RssAnon'] / 1e6:.0f} | {peak['RssFile'] / 1e6:.0f} | |")
            continue
        shown = f"{seconds[stage]:.1f}" if stage in seconds else ""
        print(f"| {stage} | {shown} | {anonymous / 1e6:+.0f} | {file / 1e6:+.0f} | {(anonymous + file) / words:.0f} |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["words", "distinct", "corpus", "child"])
    parser.add_argument("values", nargs="*")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--limit", type=float)
    parser.add_argument("--tmp", help="folder for the texts and the encoded corpora")
    options = parser.parse_args()
    if options.what == "child":
        child(json.loads(options.values[0]))
        return
    settings = SETTINGS | {"dim": options.dim, "tmp": options.tmp}
    if options.what == "corpus":
        [path] = options.values
        job = {"path": path, "train": True, "limit": options.limit, "settings": settings | {"max_vocab": 100_000}}
        peaks, told = stages_of(job)
        print(f"{told['tokens']:,} tokens, {os.path.getsize(path) / 1e9:.2f} GB, {told['words']:,} words kept\n")
        print_stages(peaks, told["seconds"], told["words"])
        print("million tokens a second, by tenth of the epoch: " + ", ".join(f"{t / 1e6:.2f}" for t in told["tenths"]))
        return
    for n in map(int, options.values or (["50000000"] if options.what == "distinct" else ["100000", "1000000"])):
        with tempfile.NamedTemporaryFile(suffix=".txt", dir=options.tmp) as file:
            train = options.what == "words"
            (write_words if train else write_distinct)(file.name, n)
            job = {"path": file.name, "train": train, "settings": settings | {"min_count": 1}}
            peaks, told = stages_of(job)
            print(f"{n:,} distinct words, {told['words']:,} kept; {os.path.getsize(file.name) / 1e6:,.0f} MB of text\n")
            print_stages(peaks, told["seconds"], n)


if __name__ == "__main__":
    main()
