"""Quality and speed of deterministic training beside the default: a table in Markdown.

    python benchmarks/deterministic.py corpus.txt wordsim353.tsv men.tsv simlex999.tsv questions-words.txt

Runs with more threads than processors are marked: deterministic training starts no more than there are processors.
"""

import argparse
import hashlib

import firth
from firth.settings import available_threads


def digest(vectors):
    """A few hexadecimal digits of a digest of both matrices."""
    return hashlib.sha256(vectors.center.tobytes() + vectors.outside.tobytes()).hexdigest()[:8]


def show(cells):
    """Print a row of the table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("files", nargs="*", help="similarities and analogies")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 8, 16])
    parser.add_argument("--architecture", default="skipgram")
    parser.add_argument("--loss", default="negative-sampling")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    kind = {"architecture": options.architecture, "loss": options.loss, "epochs": options.epochs, "quiet": True}
    kind["evaluate"] = options.files or None
    firth.train(
        [["a", "b"] * 100] * 20, **kind | {"evaluate": None, "epochs": 1, "deterministic": True, "subsample": 0}
    )
    is_first = True
    for threads in options.threads:
        for deterministic in (False, True):
            vectors = firth.train(options.corpus, threads=threads, deterministic=deterministic, **kind)
            scores = vectors.history[-1].get("scores", {})
            speed = max(epoch["tokens"] / epoch["seconds"] for epoch in vectors.history) / 1e6
            name = ("deterministic" if deterministic else "default") + ("*" if threads > available_threads() else "")
            row = [f"{threads}", name, f"{speed:.2f}", f"{vectors.history[-1]['loss']:.3f}"]
            if is_first:
                heading = ["threads", "training", "million tokens/s", "loss", *scores, "digest"]
                show(heading)
                show(["---"] * len(heading))
                is_first = False
            show([*row, *(f"{100 * score:.1f}" for score in scores.values()), digest(vectors)])
    print(f"\n*: more threads than the {available_threads()} processors.")


if __name__ == "__main__":
    main()
