"""Vectors of documents: tokens a second on one thread, from the file to the vectors. Prints a Markdown table.

    OPENBLAS_NUM_THREADS=1 python benchmarks/documents.py CORPUS [--dim 100] [--min-count 5] [--rounds 5]

The word vectors are random numbers, one for each word of the corpus that occurs `--min-count` times; speed does not
depend on them. The vectors of the first lines are compared with plain float64 NumPy before anything is timed. CORPUS is
read once before that, so that the disk plays no part. One thread: the environment variable keeps NumPy to it.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable

import numpy as np

import firth
from firth.corpus.encode import build_corpus
from firth.corpus.lines import read_lines
from firth.settings import AS_IS, DocumentOptions
from firth.vectors.documents import make_documents
from firth.vectors.means import GrowingMeans, WeightedVectors, WordTable

CHECKED = 1000
"""Lines that are compared with NumPy."""


def random_vectors(path: str, dim: int, min_count: int) -> firth.WordVectors:
    with build_corpus(path, min_count=min_count) as corpus:
        words, counts = corpus.vocab.words, corpus.vocab.counts
    center = np.random.default_rng(1).normal(size=(len(words), dim)).astype(np.float32)
    return firth.WordVectors(words, counts, center, None, {}, [])


def check(path: str, vectors: firth.WordVectors, found: firth.Documents, a: float) -> None:
    """Stop unless the first documents are what the formula gives, the component being that of `found`."""
    total, axis = vectors.counts.sum(), found.common[0].astype(np.float64)
    row_of = {word: row for row, word in enumerate(vectors.words)}
    with open(path, encoding="utf-8-sig", errors="replace") as text:
        for row, line in enumerate(itertools.islice(text, CHECKED)):
            ids = [row_of[word] for word in line.split() if word in row_of]
            weights = a / (a + vectors.counts[ids] / total)
            expected = weights @ vectors.center[ids].astype(np.float64) / max(1, len(ids))
            expected -= (expected @ axis) * axis
            assert np.allclose(found.matrix[row], expected, rtol=1e-5, atol=1e-6), f"line {row} differs"


def read_only(path: str) -> None:
    for _ in read_lines(path, AS_IS).pieces():
        pass


def kernel_alone(path: str, vectors: firth.WordVectors, lines: int) -> Callable[[], None]:
    """The kernel over the numbers of the whole corpus in memory, with room for all documents."""
    from firth.vectors._documents import add_tokens

    numbered = read_lines(path, AS_IS)
    ids = np.concatenate([piece.copy() for piece in numbered.pieces()])
    table = WordTable(WeightedVectors(vectors, np.ones(len(vectors))), numbered)
    table.extend()
    room = GrowingMeans(vectors.center.shape[1])
    room.cut(lines)

    def run() -> None:
        total, state = np.zeros(vectors.center.shape[1]), np.zeros(3, np.int64)
        places = total, state, room.matrix, room.known, room.tokens
        done = add_tokens(ids, table.rows, table.weights, vectors.center, table.made, *places)
        assert done == len(ids)

    return run


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    vectors = random_vectors(options.corpus, options.dim, options.min_count)
    found = firth.documents(vectors, options.corpus, quiet=True)
    check(options.corpus, vectors, found, 1e-3)
    tokens, known, lines = int(found.tokens.sum()), int(found.known.sum()), len(found)

    def whole(**settings: str) -> Callable[[], object]:
        return lambda: make_documents(vectors, options.corpus, DocumentOptions(**settings))

    parts = {
        "from the file, SIF": whole(),
        "from the file, plain mean": whole(method="mean"),
        "reading the lines alone": lambda: read_only(options.corpus),
        "the kernel alone": kernel_alone(options.corpus, vectors, lines),
    }
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(options.rounds):
        for name, function in parts.items():
            seconds[name].append(timed(function))

    print(
        f"{tokens:,} tokens in {lines:,} lines, {100 * known / tokens:.1f}% with a vector; {len(vectors):,} words, "
        f"dimension {options.dim}; medians of {options.rounds} interleaved runs\n"
    )
    print("| | seconds | million tokens/s |")
    print("|---|---|---|")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {tokens / median / 1e6:.1f} |")


if __name__ == "__main__":
    main()
