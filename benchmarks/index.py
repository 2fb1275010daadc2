"""Approximate neighbors against exact ones: time to build the index, recall and queries a second. Prints a table.

    python benchmarks/index.py [VECTORS ...] [--rows 100000 1000000] [--dim 100] [--queries 2000] [--seed 1]

VECTORS are files of trained vectors. For each number of rows there is a made-up mixture besides: a center for every
100 rows, the rows' numbers among the centers falling as in Zipf's law, coordinates whose variance falls as 1 / i, and
distances from the center that vary from row to row (gamma, shape 2). Recall depends on the data: trained vectors tell
more than the mixture.

Words are asked for in one batch, evenly spaced in the vocabulary, 10 neighbors each, and 50 of them one at a time, of
which the table has the median. Exact answers are compared with float64 NumPy on 20 of the words before anything is
timed. Recall counts the neighbors that are as near as the exact tenth.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import firth
from firth.vectors.index import build_index, index_path, open_index

K = 10


def mixture(rows: int, dim: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spectrum = 1 / np.sqrt(np.arange(1, dim + 1))
    middles = rng.normal(size=(max(2, rows // 100), dim)) * spectrum
    weights = 1 / np.arange(1, len(middles) + 1)
    found = np.empty((rows, dim), np.float32)
    for start in range(0, rows, 10_000):
        part = found[start : start + 10_000]
        own = rng.choice(len(middles), len(part), p=weights / weights.sum())
        spread = 0.35 * rng.gamma(2, size=(len(part), 1))
        part[:] = middles[own] + spread * rng.normal(size=part.shape) * spectrum
    return found


def check(vectors: firth.WordVectors, words: list[str], exact: list) -> None:
    """Stop if the exact answers are not those of float64 NumPy."""
    center = np.asarray(vectors.center, np.float64)
    center /= np.maximum(np.linalg.norm(center, axis=1), 1e-300)[:, None]
    ids = {word: i for i, word in enumerate(vectors.words)}
    for word, answers in list(zip(words, exact, strict=True))[:: max(1, len(words) // 20)]:
        cosines = center @ center[ids[word]]
        cosines[ids[word]] = -2
        wanted = np.sort(cosines)[: -K - 1 : -1]
        assert np.allclose([cosine for _, cosine in answers], wanted, rtol=0, atol=1e-9), word


def measure(name: str, path: Path, queries: int) -> str:
    vectors = firth.load(path)
    n, d = vectors.center.shape
    ids = np.unique(np.linspace(0, n - 1, queries).round().astype(int))
    words = [vectors.words[i] for i in ids]
    exact = vectors.neighbors(words, K)
    check(vectors, words, exact)
    begun = time.perf_counter()
    vectors.neighbors(words, K)
    exact_seconds = time.perf_counter() - begun

    begun = time.perf_counter()
    build_index(vectors, path)
    build_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    index = open_index(vectors, path)
    open_seconds = time.perf_counter() - begun
    rows = np.asarray(vectors[words], np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    answers = list(index.search(rows, ids[:, None], K))
    begun = time.perf_counter()
    for _ in index.search(rows, ids[:, None], K):
        pass
    seconds = time.perf_counter() - begun
    one_by_one = [
        1000 * statistics.median(seconds_of(vectors, word, approximate) for word in words[:50])
        for approximate in (False, True)
    ]
    hits = sum((found >= own[-1][1] - 1e-12).sum() for (_, found), own in zip(answers, exact, strict=True))
    size = index_path(path).stat().st_size / 1e6
    return (
        f"| {name} | {n:,} x {d} | {build_seconds:.1f} | {size:.0f} | {open_seconds:.2f} | {index.info.expansion} "
        f"| {hits / (K * len(words)):.4f} | {len(words) / exact_seconds:,.0f} | {len(words) / seconds:,.0f} "
        f"| {one_by_one[0]:.2f} | {one_by_one[1]:.2f} |"
    )


def seconds_of(vectors: firth.WordVectors, word: str, approximate: bool) -> float:
    """The seconds of one query."""
    begun = time.perf_counter()
    vectors.neighbors(word, K, approximate=approximate)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", nargs="*", type=Path)
    parser.add_argument("--rows", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        "| vectors | shape | build, s | MB | open, s | expansion | recall@10 | exact, queries/s | approximate "
        "| one exact, ms | one approximate, ms |"
    )
    print("|---" * 11 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for source in options.vectors:
            path = Path(folder) / "copy.safetensors"
            path.write_bytes(source.read_bytes())
            print(measure(source.name, path, options.queries), flush=True)
        for rows in options.rows:
            path = Path(folder) / "mixture.safetensors"
            words = [f"w{i}" for i in range(rows)]
            center = mixture(rows, options.dim, options.seed)
            firth.WordVectors(words, np.zeros(rows, np.int64), center, None, {}, []).save(path)
            print(measure("mixture", path, options.queries), flush=True)


if __name__ == "__main__":
    main()
