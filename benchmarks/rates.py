"""Which learning rate serves which model, corpus size and number of epochs. Prints Markdown tables.

    python benchmarks/rates.py CORPUS --eval-dir DIR --out DIR [--models skipgram-ns] [--tokens 1000000 all sample]
                               [--epochs 3 5 10 20] [--rates 0.025 0.05 0.075 0.1] [--threads 1] [--seeds 1 2]
                               [--system firth] [--python gensim=/path/to/python]

Trains each model with each rate on the first lines of CORPUS that have so many tokens, on all of it, or on the sample
that firth brings along. All else is benchmarks/quality.py's: dimension 100, window 5 (shrinking), 5 negatives,
subsample 1e-3, min_count 5. The figure is the mean of four scores, 0 for a run that diverges: Spearman's correlation
times 100 with the ratings of WordSim-353, MEN and SimLex-999, and the percentage of analogies answered among the 30,000
most frequent words. benchmarks/halves.py divides each set in two: one half chooses the rate of a row, the other gives
the figures.

Results are kept in the folder --out, one line of JSON each, so that an interrupted run goes on where it was. Delete the
folder after a change of the code.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import peers
from halves import CHOOSING, NAMES, REPORTED, Halves
from speed import beginning

from firth import FirthError
from firth.app.demo import SAMPLE
from firth.corpus.encode import Corpus, build_corpus
from firth.settings import make_config
from firth.sgd.trainer import SgdTrainer

KEYS = ("system", "model", "tokens", "epochs", "lr", "threads", "seed")
"""What a result is found again by, with the name of the corpus."""


class Results:
    """The results in a folder, by their jobs; a new one is added to the file at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "rates.jsonl"
        lines = self._path.read_text("utf-8").splitlines() if self._path.exists() else []
        self._found = {self._key(job): job for job in map(json.loads, lines)}

    def get(self, job: peers.Job) -> peers.Job | None:
        return self._found.get(self._key(job))

    def add(self, job: peers.Job) -> None:
        self._found[self._key(job)] = job
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(job) + "\n")

    def _key(self, job: peers.Job) -> tuple[object, ...]:
        return tuple(job[key] for key in (*KEYS, "corpus"))


@contextlib.contextmanager
def text_of(corpus: str, tokens: str, folder: str) -> Iterator[tuple[Path, Corpus]]:
    """The text that `tokens` names, as a file and encoded."""
    path = SAMPLE if tokens == "sample" else Path(corpus)
    if tokens.isdigit():
        path = Path(folder, f"{tokens}.txt")
        beginning(corpus, path, int(tokens))
    with build_corpus(path) as encoded:
        yield path, encoded


def measured(job: peers.Job, text: Path, corpus: Corpus, halves: Halves, pythons: dict[str, str]) -> peers.Job:
    """The job with the scores of both halves and the seconds of training."""
    if job["system"] == "firth":
        names = ("epochs", "lr", "threads", "seed")
        trainer = SgdTrainer(corpus, make_config(peers.MODELS[job["model"]] | {name: job[name] for name in names}))
        try:
            trainer.run(lambda progress: None)
        except FirthError:  # it diverged
            return job | {"seconds": None, "scores": [[0.0] * len(NAMES)] * 2}
        vectors = trainer.vectors()
        seconds = sum(epoch["seconds"] for epoch in vectors.history)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, peers.saved_name(job["system"]))
            seconds = peers.run(job | {"corpus": str(text), "dim": 100, "save": str(path)}, pythons)["seconds"]
            vectors = peers.load(path)
    return job | {"seconds": round(seconds, 1), "scores": halves.scores(vectors)}


def mean(results: list[peers.Job], half: int) -> float:
    """The mean over seeds and scores of one half."""
    return statistics.fmean(score for result in results for score in result["scores"][half])


def print_tables(rows: dict[tuple[object, ...], dict[float, list[peers.Job]]], rates: list[float]) -> None:
    print("The mean of the four scores on the half that reports; bold, the rate that the other half chooses.\n")
    print(f"| model | tokens | epochs | threads | {' | '.join(f'{rate:g}' for rate in rates)} |")
    print("|---" * (4 + len(rates)) + "|")
    best = {row: max(of_row, key=lambda rate: mean(of_row[rate], CHOOSING)) for row, of_row in rows.items()}
    for row, of_row in rows.items():
        cells = {rate: f"{mean(results, REPORTED):.1f}" for rate, results in of_row.items()}
        cells[best[row]] = f"**{cells[best[row]]}**"
        print(f"| {' | '.join(map(str, row))} | {' | '.join(cells.get(rate, '') for rate in rates)} |")
    print(f"\n| model | tokens | epochs | threads | lr | {' | '.join(NAMES)} |")
    print("|---" * (5 + len(NAMES)) + "|")
    for row, of_row in rows.items():
        for rate in sorted({min(of_row), best[row]}):
            columns = zip(*(result["scores"][REPORTED] for result in of_row[rate]), strict=True)
            scores = " | ".join(f"{statistics.fmean(column):.1f}" for column in columns)
            print(f"| {' | '.join(map(str, row))} | {rate:g} | {scores} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["skipgram-ns"], choices=peers.MODELS)
    parser.add_argument("--tokens", nargs="+", default=["1000000", "all", "sample"], help="a number, all or sample")
    parser.add_argument("--epochs", type=int, nargs="+", default=[3, 5, 10, 20])
    parser.add_argument("--rates", type=float, nargs="+", default=[0.025, 0.05, 0.075, 0.1])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--system", default="firth", choices=["firth", "gensim", "fasttext"])
    peers.add_python_option(parser)
    options = parser.parse_args()
    pythons = peers.parse_pythons(parser, options.python)

    halves, results = Halves(options.eval_dir), Results(options.out)
    rows: dict[tuple[object, ...], dict[float, list[peers.Job]]] = {}
    asked = itertools.product(options.models, options.epochs, options.threads, options.rates, options.seeds)
    jobs = list(asked)
    for tokens in options.tokens:
        with tempfile.TemporaryDirectory() as folder, text_of(options.corpus, tokens, folder) as (text, corpus):
            for model, epochs, threads, lr, seed in jobs:
                values = (options.system, model, tokens, epochs, lr, threads, seed)
                job = dict(zip(KEYS, values, strict=True)) | {"corpus": Path(options.corpus).name}
                result = results.get(job)
                if result is None:
                    result = measured(job, text, corpus, halves, pythons)
                    results.add(result)
                    print(f"{values}: {mean([result], REPORTED):.1f}", file=sys.stderr, flush=True)
                rows.setdefault((model, tokens, epochs, threads), {}).setdefault(lr, []).append(result)
    print_tables(rows, options.rates)


if __name__ == "__main__":
    main()
