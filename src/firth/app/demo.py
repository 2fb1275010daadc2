"""`firth demo`: train on the bundled sample, then show what the vectors know."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from firth.app.printing import print_rows
from firth.display import Display
from firth.evaluate.benchmarks import DATA, read_analogies, read_similarities, score_analogies, score_similarities
from firth.run.train import train
from firth.vectors.container import WordVectors
from firth.vectors.storage import check_writable

INDENT = "  "

SAMPLE = DATA / "sample.txt.xz"

DEMO_SETTINGS: dict[str, Any] = {
    "dim": 100,
    "window": 10,
    "negatives": 10,
    "epochs": 15,
    "min_count": 5,
    "subsample": 1e-4,
    "seed": 1,
}
"""Chosen for the sample: two million words need more epochs than the defaults."""

WORDS = ["france", "ship", "horse", "war", "music", "winter", "blue"]
ANALOGIES = [
    ("athens", "greece", "rome"),
    ("moscow", "russia", "beijing"),
    ("japan", "tokyo", "finland"),
    ("austria", "austrian", "france"),
    ("king", "queen", "father"),
    ("horse", "horses", "child"),
]


def demo(out: str | os.PathLike[str] = ".", *, quiet: bool = False) -> WordVectors:
    """The vectors learned from the bundled sample, also written to vectors.safetensors in the folder `out`.

    Raises FormatError, before training, if they cannot be written there.
    """
    path = check_writable(Path(out) / "vectors.safetensors")
    vectors = train(SAMPLE, quiet=quiet, **DEMO_SETTINGS)
    vectors.save(path)
    Display(quiet).say(f"wrote {path}")
    return vectors


def demo_results(vectors: WordVectors) -> dict[str, Any]:
    """What the demo shows of its vectors, as plain data: neighbors, analogies (A is to B as C is to answer), scores."""
    asked = [(question, vectors.analogy(*question)[0]) for question in ANALOGIES]
    questions = read_analogies(DATA / "questions-words.txt")
    capitals = {name: part for name, part in questions.items() if name.startswith("capital")}
    scores = [
        score_similarities(vectors, "WordSim-353", read_similarities(DATA / "wordsim353.tsv")),
        score_analogies(vectors, "capitals", capitals)[0],
    ]
    return {
        "words": len(vectors),
        "dim": vectors.center.shape[1],
        "epochs": len(vectors.history),
        "tokens": vectors.history[-1]["tokens"],
        "seconds": sum(epoch["seconds"] for epoch in vectors.history),
        "neighbors": dict(zip(WORDS, vectors.neighbors(WORDS, k=5), strict=True)),
        "analogies": [
            {"a": a, "b": b, "c": c, "answer": answer, "cosine": cosine} for (a, b, c), (answer, cosine) in asked
        ],
        "scores": [dataclasses.asdict(score) for score in scores],
    }


def print_results(results: dict[str, Any]) -> None:
    """Print what `demo_results` found."""
    print(
        f"{results['words']:,} words, dimension {results['dim']}: "
        f"{results['epochs']} epochs over {results['tokens']:,} tokens in {results['seconds']:.1f} s"
    )
    print("\nnearest words")
    print_rows([[word, ", ".join(other for other, _ in near)] for word, near in results["neighbors"].items()], INDENT)
    print("\nanalogies, with the cosine of the last word, which is the answer")
    print_rows(
        [
            [f"{one['a']} : {one['b']} = {one['c']} : {one['answer']}", f"{one['cosine']:.2f}"]
            for one in results["analogies"]
        ],
        INDENT,
    )
    similarity, capitals = results["scores"]
    print("\nscores, with their 95% intervals")
    print_rows(
        [
            [
                "WordSim-353, Spearman",
                "{score:.2f} ({low:.2f} to {high:.2f})".format(**similarity),
                "{used:,} of {total:,} pairs".format(**similarity),
            ],
            [
                "Google's capitals, right",
                "{score:.0%} ({low:.0%} to {high:.0%})".format(**capitals),
                "{used:,} of {total:,} questions".format(**capitals),
            ],
        ],
        INDENT,
    )
