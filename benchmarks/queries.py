"""Queries on many vectors: the first answer, one query, a thousand at once, beside the machine's limits and gensim.

    python benchmarks/queries.py --out DIR [--words 400000] [--dim 300] [--rounds 5] [--gensim peers/bin/python]

The vectors are random mixtures of a thousand directions, of unequal lengths; DIR holds their file and gensim's. Answers
are compared with a plain float64 search first, and with gensim's up to ties. Everything is timed in turn, round by
round, and the table has medians. "Read once" goes through the bytes of the matrix with all processors. "Bare product"
is the float32 matrix product of the thousand queries with the matrix, in the same blocks, with nothing selected.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

import firth
from firth.settings import available_threads
from firth.vectors.batches import ROWS_AT_ONCE

QUERIES, CHECKED, K = 1000, 50, 10

GENSIM = """
import json, sys, time
import numpy as np
from gensim.models import KeyedVectors

folder, asked = sys.argv[1], json.loads(sys.argv[2])
vectors = KeyedVectors.load(folder + "/vectors.kv", mmap="r")
print(json.dumps([vectors.most_similar(word, topn=10) for word in asked]), flush=True)
for line in sys.stdin:
    words = json.loads(line)
    begun = time.perf_counter()
    for word in words:
        vectors.most_similar(word, topn=10)
    print((time.perf_counter() - begun) / len(words), flush=True)
"""

MAKE_GENSIM = """
import sys
import numpy as np
from gensim.models import KeyedVectors

folder = sys.argv[1]
matrix = np.load(folder + "/matrix.npy")
vectors = KeyedVectors(matrix.shape[1])
vectors.add_vectors(open(folder + "/words.txt", encoding="utf-8").read().split("\\n"), matrix)
vectors.fill_norms()
vectors.save(folder + "/vectors.kv")
"""


def make(path: Path, n: int, dim: int) -> None:
    """Write vectors of n words, unless they are there."""
    if path.exists():
        return
    rng = np.random.default_rng(1)
    topics = rng.normal(size=(1000, dim)).astype(np.float32)
    center = topics[rng.integers(0, 1000, n)] + rng.normal(size=(n, dim)).astype(np.float32)
    center *= rng.lognormal(0, 0.5, (n, 1)).astype(np.float32)
    words = [f"{''.join(chr(97 + int(d)) for d in str(i))}{i}" for i in range(n)]
    firth.WordVectors(words, np.arange(n, 0, -1), center, None, {"dim": dim}, []).save(path)


def check(vectors: firth.WordVectors, words: list[str]) -> None:
    """Stop unless the answers, asked one by one and at once, are those of a float64 search up to ties."""
    unit = vectors.center / np.linalg.norm(vectors.center.astype(np.float64), axis=1, keepdims=True)
    for word, at_once in zip(words, vectors.neighbors(words * 2, K), strict=False):
        own = vectors.words.index(word)
        cosines = unit @ unit[own]
        cosines[own] = -2
        best = np.sort(cosines)[::-1][:K]
        found = vectors.neighbors(word, K)
        if found != at_once or not np.allclose([cosine for _, cosine in found], best, rtol=0, atol=1e-12):
            raise SystemExit(f"wrong neighbours of {word}: {found}, {at_once}")


def check_gensim(vectors: firth.WordVectors, words: list[str], answers: list[list[list[object]]]) -> None:
    """Stop unless gensim's answers are the same words up to ties of float32."""
    for word, theirs in zip(words, answers, strict=True):
        ours = vectors.neighbors(word, K)
        for (mine, cosine), (other, score) in zip(ours, theirs, strict=True):
            if abs(cosine - score) > 1e-5 or (mine != other and abs(vectors.similarity(word, other) - cosine) > 1e-5):
                raise SystemExit(f"gensim answers otherwise for {word}: {ours}, {theirs}")


def seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def run_quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def read_once(matrix: np.ndarray) -> Callable[[], object]:
    """A call that reads the matrix once with all processors."""
    parts = np.array_split(matrix.reshape(-1)[: matrix.size // 2 * 2].view(np.int64), available_threads())
    pool = ThreadPoolExecutor(len(parts))
    return lambda: list(pool.map(np.bitwise_or.reduce, parts))


def bare_product(vectors: firth.WordVectors, words: list[str]) -> Callable[[], object]:
    queries = vectors[words]
    center = vectors.center

    def call() -> None:
        for begin in range(0, len(center), ROWS_AT_ONCE):
            queries @ center[begin : begin + ROWS_AT_ONCE].T

    return call


def cold_start(path: Path, word: str) -> tuple[float, float]:
    """The seconds of a whole `firth neighbors`, and its memory in MB beyond the vectors file."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "firth", "neighbors", str(path), word]
    taken = seconds(partial(run_quietly, command))
    most = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True).stdout
    return taken, int(most) * 1024 / 1e6 - os.path.getsize(path) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gensim", metavar="PYTHON", help="an interpreter that has gensim")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "vectors.safetensors"
    make(path, options.words, options.dim)
    vectors = firth.load(path)
    words = [vectors.words[i] for i in np.random.default_rng(2).integers(0, len(vectors), QUERIES)]
    check(vectors, words[:CHECKED])

    rows: dict[str, list[float]] = {}
    peer = None
    if options.gensim:
        if not (options.out / "vectors.kv").exists():
            np.save(options.out / "matrix.npy", vectors.center)
            (options.out / "words.txt").write_text("\n".join(vectors.words), encoding="utf-8")
            subprocess.run([options.gensim, "-c", MAKE_GENSIM, str(options.out)], check=True)
        peer = subprocess.Popen(
            [options.gensim, "-c", GENSIM, str(options.out), json.dumps(words[:CHECKED])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        check_gensim(vectors, words[:CHECKED], json.loads(peer.stdout.readline()))

    read, product = read_once(vectors.center), bare_product(vectors, words)
    for number in range(options.rounds):
        taken, memory = cold_start(path, words[number])
        one = words[number * 20 : number * 20 + 20]
        row = {
            "first answer, whole program, s": taken,
            "memory beyond the file, MB": memory,
            "read once, ms": 1000 * statistics.median(seconds(read) for _ in range(9)),
            "one query, ms": 1000 * statistics.median(seconds(lambda w=w: vectors.neighbors(w, K)) for w in one),
            "bare product of 1,000, s": seconds(product),
            "1,000 queries at once, s": seconds(lambda: vectors.neighbors(words, K)),
        }
        if peer:
            peer.stdin.write(json.dumps(one) + "\n")
            peer.stdin.flush()
            row["gensim, one query, ms"] = 1000 * float(peer.stdout.readline())
            start = [options.gensim, "-c", GENSIM, str(options.out), json.dumps(words[:1])]
            row["gensim, first answer, whole program, s"] = seconds(partial(run_quietly, start))
        for name, value in row.items():
            rows.setdefault(name, []).append(value)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    if peer:
        peer.stdin.close()
        peer.wait()

    print(f"{len(vectors):,} words, dimension {options.dim}; medians of {options.rounds} rounds\n")
    print("| | median | min–max |\n|---|---|---|")
    for name, values in rows.items():
        print(f"| {name} | {statistics.median(values):.3g} | {min(values):.3g}–{max(values):.3g} |")
    ratios = {
        "one query ÷ read once": ("one query, ms", "read once, ms"),
        "1,000 at once ÷ bare product": ("1,000 queries at once, s", "bare product of 1,000, s"),
        "gensim's query ÷ one of 1,000 at once": ("gensim, one query, ms", "1,000 queries at once, s"),
        "gensim's query ÷ one query": ("gensim, one query, ms", "one query, ms"),
    }
    for name, (above, below) in ratios.items():
        if above in rows:
            values = [a / b for a, b in zip(rows[above], rows[below], strict=True)]
            print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f}–{max(values):.2f} |")


if __name__ == "__main__":
    main()
