"""Make a corpus of any size whose words follow a Zipf law: the same bytes for the same seed.

    python benchmarks/zipf.py corpus.txt [--tokens 1000000000] [--types 1000000] [--seed 1]

The rank of each token is floor(exp(u ln(types + 1))), u uniform in [0, 1): the share of rank r is
ln((r + 1) / r) / ln(types + 1), about 1 / (r ln types). A word is its rank, letters in place of digits; a line has 20.
A billion tokens of a million types take 4.5 GB and some two minutes.
"""

import argparse
import math
import sys

import numpy as np

LETTERS = np.frombuffer(b"etaoinshrd", np.uint8)
TOKENS_AT_ONCE = 20 << 16
LINE = 20


def spelled(ranks: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The words of ranks, (n, width) uint8 aligned to the right, and their lengths (n,)."""
    powers = 10 ** np.arange(width, dtype=np.int64)[::-1]
    letters = LETTERS[ranks[:, None] // powers % 10]
    return letters, np.searchsorted(powers[::-1], ranks, side="right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--tokens", type=int, default=1_000_000_000)
    parser.add_argument("--types", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    width = len(str(options.types))
    letters, lengths = spelled(np.arange(options.types + 1), width)
    words = np.concatenate([letters, np.full((options.types + 1, 1), ord(" "), np.uint8)], axis=1)
    there = np.arange(width + 1) >= (width - lengths)[:, None]
    random = np.random.default_rng(options.seed)
    with open(options.out, "wb") as file:
        for begin in range(0, options.tokens, TOKENS_AT_ONCE):
            n = min(TOKENS_AT_ONCE, options.tokens - begin)
            ranks = np.exp(random.random(n) * math.log(options.types + 1)).astype(np.int64)
            text = words[ranks]
            text[LINE - 1 :: LINE, -1] = text[-1, -1] = ord("\n")
            file.write(text[there[ranks]].data)
            print(f"\r{begin + n:,} tokens", end="", file=sys.stderr)
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
