"""`firth demo`: train on the bundled sample, then show what the vectors know."""

import os
from pathlib import Path
from typing import Any

from firth.app.printing import print_rows
from firth.display import Display
from firth.evaluate import Analogies, Result, evaluate, read
from firth.evaluate.reading import DATA
from firth.run.results import output_of_one_run, save_somewhere
from firth.run.train import train_for
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
    path, display = check_writable(Path(out) / "vectors.safetensors"), Display(quiet)
    with output_of_one_run(path, display.say):
        vectors = train_for(path, SAMPLE, quiet=quiet, **DEMO_SETTINGS)
        save_somewhere(vectors, path, None, display.say)
    display.say(f"wrote {path}")
    return vectors


def demo_results(vectors: WordVectors) -> dict[str, Any]:
    """What the demo shows of its vectors, as plain data: neighbors, analogies (A is to B as C is to answer), scores."""
    asked = [(question, vectors.analogy(*question)[0]) for question in ANALOGIES]
    questions = read(DATA / "questions-words.txt")
    assert isinstance(questions, Analogies)
    capitals = {name: part for name, part in questions.sections.items() if name.startswith("capital")}
    results = evaluate(vectors, [DATA / "wordsim353.tsv", Analogies("capitals", capitals)]).results
    scores = [_score(next(one for one in results if one.benchmark == name)) for name in ("wordsim353", "capitals")]
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
        "scores": scores,
    }


def _score(result: Result) -> dict[str, Any]:
    """The usual score of a benchmark, as plain data."""
    score = result.score
    shown = {"name": result.benchmark, "score": score.value, "low": score.low, "high": score.high}
    return shown | {"answered": result.answered, "asked": result.asked}


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
                "{answered:,} of {asked:,} pairs".format(**similarity),
            ],
            [
                "Google's capitals, right",
                "{score:.0%} ({low:.0%} to {high:.0%})".format(**capitals),
                "{answered:,} of {asked:,} questions".format(**capitals),
            ],
        ],
        INDENT,
    )
