"""Reading a text file: firth against two passes of plain Python. Prints a Markdown table.

    python benchmarks/reading.py FILE [--min-count 5] [--rounds 5]

Both end with the ids of the kept words in reading order, where sentences end, the words and their counts;
these are compared before anything is timed. FILE is read once before that, so that the disk plays no part.
"""

import argparse
import statistics
import time
from array import array
from collections import Counter

import numpy as np

from firth.corpus.encode import build_corpus


def two_passes(path: str, min_count: int) -> tuple[array, array, list[str], list[int]]:
    counts: Counter[str] = Counter()
    with open(path, encoding="utf-8-sig", errors="replace") as text:
        for line in text:
            counts.update(line.split())
    kept = [(word, count) for word, count in counts.most_common() if count >= min_count]
    numbers = {word: number for number, (word, _) in enumerate(kept)}
    ids, offsets = array("i"), array("q", [0])
    with open(path, encoding="utf-8-sig", errors="replace") as text:
        for line in text:
            ids.extend([numbers[word] for word in line.split() if word in numbers])
            if len(ids) > offsets[-1]:
                offsets.append(len(ids))
    return ids, offsets, list(numbers), [count for _, count in kept]


def timed(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def firth(path: str, min_count: int) -> None:
    build_corpus(path, min_count=min_count).close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    path, min_count = options.file, options.min_count
    if options.rounds < 3:
        parser.error("--rounds: expected 3 or more")

    ids, offsets, words, counts = two_passes(path, min_count)
    with build_corpus(path, min_count=min_count) as corpus:
        assert corpus.vocab.words == words, "the words differ"
        assert corpus.vocab.counts.tolist() == counts, "the counts differ"
        assert np.array_equal(corpus.ids, np.array(ids, np.int32)), "the ids differ"
        assert np.array_equal(corpus.offsets, np.array(offsets, np.int64)), "the sentences differ"
        tokens = corpus.tokens
    del ids, offsets, words, counts

    seconds: dict[str, list[float]] = {"firth": [], "two passes of Python": []}
    for _ in range(options.rounds):
        for name, function in zip(seconds, (firth, two_passes), strict=True):
            seconds[name].append(timed(function, path, min_count))
    medians = {name: statistics.median(times) for name, times in seconds.items()}

    print(f"{tokens:,} tokens, one thread, medians of {options.rounds} interleaved runs\n")
    print("| reader | seconds | million tokens/s | firth is faster by |")
    print("|---|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.2f} | {tokens / median / 1e6:.1f} | {median / medians['firth']:.1f} |")


if __name__ == "__main__":
    main()
