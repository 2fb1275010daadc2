"""Vectors in files of other formats: writing and reading them, beside gensim.

    python benchmarks/formats.py --out DIR [--words 400000] [--dim 300] [--rounds 3] [--gensim peers/bin/python]

The vectors are random. What is written is read back first and must be the same. gensim reads the file that firth wrote.
Each round writes and reads once, with all processors; the files are in the page cache. The table has medians.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import firth
from firth.formats.known import FORMATS

GENSIM = """
import sys, time
from gensim.models import KeyedVectors

begun = time.perf_counter()
vectors = KeyedVectors.load_word2vec_format(sys.argv[1], binary=sys.argv[2] == "word2vec-binary")
print(time.perf_counter() - begun)
begun = time.perf_counter()
vectors.save_word2vec_format(sys.argv[3], binary=sys.argv[2] == "word2vec-binary")
print(time.perf_counter() - begun)
"""

FILES = {"word2vec-text": "vectors.txt", "word2vec-binary": "vectors.bin"}
"""The formats that are timed, and their files."""


def make(n: int, dim: int) -> firth.WordVectors:
    """n words with random vectors."""
    center = np.random.default_rng(1).normal(scale=0.3, size=(n, dim)).astype(np.float32)
    return firth.WordVectors([f"word{i}" for i in range(n)], np.zeros(n, np.int64), center, None, {"dim": dim}, [])


def seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def check(vectors: firth.WordVectors, path: Path) -> None:
    """Stop unless the file holds the same words and vectors."""
    read = firth.load(path)
    if read.words != vectors.words or not np.array_equal(read.center, vectors.center):
        raise SystemExit(f"{path}: what was read is not what was written")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gensim", metavar="PYTHON", help="an interpreter that has gensim")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    vectors = make(options.words, options.dim)

    rows: dict[str, list[float]] = {}
    sizes: dict[str, float] = {}
    for name, file in FILES.items():
        path, write = options.out / file, FORMATS[name].writer()
        write(vectors, path)
        check(vectors, path)
        sizes[name] = path.stat().st_size / 1e6
        for number in range(options.rounds):
            row = {
                "firth writes": seconds(lambda write=write, path=path: write(vectors, path)),
                "firth reads": seconds(lambda path=path: firth.load(path)),
                "the same bytes copied from the page cache": seconds(lambda path=path: np.fromfile(path, np.uint8)),
            }
            if options.gensim:
                command = [options.gensim, "-c", GENSIM, str(path), name, str(path) + ".gensim"]
                run = subprocess.run(command, check=True, capture_output=True, text=True)
                row["gensim reads"], row["gensim writes"] = map(float, run.stdout.split())
            for what, value in row.items():
                rows.setdefault(f"{name}, {what}", []).append(value)
            print(f"{name}: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)

    print(f"{options.words:,} words, dimension {options.dim}; medians of {options.rounds} rounds\n")
    print("| | MB | s, median | min–max | MB/s |\n|---|---|---|---|---|")
    for what, values in rows.items():
        size, median = sizes[what.partition(",")[0]], statistics.median(values)
        print(f"| {what} | {size:,.0f} | {median:.2f} | {min(values):.2f}–{max(values):.2f} | {size / median:,.0f} |")


if __name__ == "__main__":
    main()
