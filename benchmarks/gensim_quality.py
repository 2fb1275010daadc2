"""Each model class of firth.gensim beside gensim's: quality and time at equal settings. Prints Markdown tables.

    python benchmarks/gensim_quality.py --data DIR [--with gensim firth] [--models NAME ...] [--tokens N]
                                        [--runs 3] [--workers 1] [--small] [--json FILE] [--python gensim=PATH]

DIR holds wiki.txt.xz (a paragraph a line, tokens separated by spaces), public.raw.txt.xz (books, a paragraph a line)
and the folder eval. Every setting that MODELS does not name has gensim's default. Run r has seed r: the tables show the
means of the scores and the medians of the seconds, runs of the two libraries taking turns. Each run is a process of its
own that trains on a few sentences first, which compiles what these need. The trees of a large vocabulary need more: for
them run twice and take the second run, which finds all compiled code in the cache. `seconds` is the whole constructor:
counting, preparing, training on sentences that lie in memory as lists of words.

Word vectors train on wiki.txt.xz (the first N tokens with --tokens) and answer WordSim-353, MEN, SimLex-999 (Spearman's
correlation) and Google's analogies (3CosAdd, questions with all four words in the vocabulary), all times 100.

Document vectors train on passages of at least 150 words out of the books: the beginning of public.raw.txt.xz, cut into
blocks of as many lines each, and the same number of passages from every block. One passage in eight is held out and
gets an inferred vector. `block` is how often a logistic regression on the vectors of the other passages tells which
block it is from. `half` is how often the nearest of all inferred first halves, by cosine, is a passage's own, given the
inferred second half; `half@10` the same among the ten nearest. `inferred/s` counts passages and halves. Chance is one
in the number of blocks, or of passages held out.
"""

import argparse
import importlib
import json
import lzma
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

Job = dict[str, Any]

MODELS: dict[str, tuple[str, Job]] = {
    "Word2Vec": ("Word2Vec", {}),
    "Word2Vec sg=1": ("Word2Vec", {"sg": 1}),
    "Word2Vec hs=1 negative=0": ("Word2Vec", {"hs": 1, "negative": 0}),
    "Word2Vec sg=1 hs=1 negative=0": ("Word2Vec", {"sg": 1, "hs": 1, "negative": 0}),
    "Word2Vec hs=1": ("Word2Vec", {"hs": 1}),
    "Word2Vec sg=1 hs=1": ("Word2Vec", {"sg": 1, "hs": 1}),
    "FastText": ("FastText", {}),
    "FastText sg=1": ("FastText", {"sg": 1}),
    "Doc2Vec": ("Doc2Vec", {}),
    "Doc2Vec dm_mean=0": ("Doc2Vec", {"dm_mean": 0}),
    "Doc2Vec dm_concat=1": ("Doc2Vec", {"dm_concat": 1}),
    "Doc2Vec dm=0": ("Doc2Vec", {"dm": 0}),
    "Doc2Vec dm=0 dbow_words=1": ("Doc2Vec", {"dm": 0, "dbow_words": 1}),
    "Doc2Vec dm=0 hs=1 negative=0": ("Doc2Vec", {"dm": 0, "hs": 1, "negative": 0}),
}
"""The class, and the settings that differ from gensim's defaults."""

EVALUATION = ("wordsim353.tsv", "men.tsv", "simlex999.tsv", "questions-words.txt")
WORD_COLUMNS = ("WordSim-353", "MEN", "SimLex-999", "analogies")
DOCUMENT_COLUMNS = ("block", "half", "half@10")
LINES = 100_000  # of public.raw.txt.xz: prose and verse; the facts of the Factbook come later
WORDS = 150
HELD_OUT = 8
WARM_UP = 300  # sentences


# One run, in a process of its own.


def run(job: Job) -> Job:
    """The seconds of one run; the vectors go to the file that the job names."""
    models = importlib.import_module("gensim.models" if job["with"] == "gensim" else "firth.gensim.models")
    name, settings = MODELS[job["model"]]
    settings = settings | {"workers": job["workers"], "seed": job["seed"]}
    build = getattr(models, name)
    train = documents(job["input"], models) if name == "Doc2Vec" else sentences(job["input"])
    warm = build(train[:WARM_UP], **settings)
    if name == "Doc2Vec":
        warm.infer_vector(train[0].words)
    start = time.perf_counter()
    model = build(train, **settings)
    result = {"seconds": time.perf_counter() - start}
    if name != "Doc2Vec":
        model.wv.save_word2vec_format(job["save"], binary=True)
        return result
    asked = json.loads(Path(job["input"]).read_text())["held_out"]
    halves = [half for words, _ in asked for half in (words[: len(words) // 2], words[len(words) // 2 :])]
    start = time.perf_counter()
    inferred = [model.infer_vector(words) for words in [words for words, _ in asked] + halves]
    result["inferred_a_second"] = len(inferred) / (time.perf_counter() - start)
    np.savez(job["save"], trained=model.dv.vectors, inferred=inferred)
    return result


def sentences(path: str) -> list[list[str]]:
    with open(path, encoding="utf-8") as file:
        return [line.split() for line in file]


def documents(path: str, models: Any) -> list[Any]:
    tagged = models.doc2vec.TaggedDocument
    return [tagged(words, [i]) for i, (words, _) in enumerate(json.loads(Path(path).read_text())["train"])]


# What runs it and scores the vectors.


def write_sentences(folder: Path, path: Path, tokens: int | None) -> int:
    """The number of tokens written: the first lines of wiki.txt.xz."""
    written = 0
    with lzma.open(folder / "wiki.txt.xz", "rt", encoding="utf-8") as lines, open(path, "w", encoding="utf-8") as out:
        for line in lines:
            if tokens and written >= tokens:
                break
            out.write(line)
            written += len(line.split())
    return written


def write_documents(folder: Path, path: Path, blocks: int, each: int) -> Job:
    """Passages as [words, block], those to train on and those held out; also in a file."""
    found: dict[str, list[tuple[list[str], int]]] = {"train": [], "held_out": []}
    with lzma.open(folder / "public.raw.txt.xz", "rt", encoding="utf-8") as lines:
        prose = [line for line, _ in zip(lines, range(LINES), strict=False)]
    size = LINES // blocks
    for block in range(blocks):
        all_passages = list(passages(prose[block * size : (block + 1) * size]))
        if len(all_passages) < each:
            raise SystemExit(f"block {block} of the books has {len(all_passages)} passages, expected {each} or more")
        for i in range(each):
            words = all_passages[i * len(all_passages) // each]
            found["held_out" if i % HELD_OUT == 0 else "train"].append((words, block))
    path.write_text(json.dumps(found))
    return found


def passages(lines: list[str]) -> Iterator[list[str]]:
    """Lines joined until they have WORDS words."""
    words: list[str] = []
    for line in lines:
        words += re.findall(r"\w+", line.lower())
        if len(words) >= WORDS:
            yield words[: 2 * WORDS]
            words = []


def word_scores(path: Path, folder: Path) -> list[float]:
    import firth
    from firth.evaluate import evaluate
    from firth.formats.convert import convert

    convert(path, path.with_suffix(".safetensors"))
    rows = evaluate(
        firth.load(path.with_suffix(".safetensors")), [folder / "eval" / name for name in EVALUATION]
    ).results
    values = [row.score.value for row in rows if row.part == "whole"]
    return [float("nan") if value is None else 100 * value for value in values]


def document_scores(path: Path, found: Job) -> list[float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    vectors = np.load(path)
    asked = len(found["held_out"])
    labels = {name: [block for _, block in found[name]] for name in found}
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    classifier.fit(unit(vectors["trained"]), labels["train"])
    block = classifier.score(unit(vectors["inferred"][:asked]), labels["held_out"])
    first, second = unit(vectors["inferred"][asked::2]), unit(vectors["inferred"][asked + 1 :: 2])
    cosines = second @ first.T
    better = (cosines > np.diagonal(cosines)[:, None]).sum(axis=1)
    return [100 * float(score) for score in (block, np.mean(better == 0), np.mean(better < 10))]


def unit(vectors: Any) -> Any:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def table(runs: list[Job], columns: tuple[str, ...]) -> None:
    documents = columns is DOCUMENT_COLUMNS
    head = ["model", "library", *columns, "seconds", "÷ gensim", *(["inferred/s"] if documents else [])]
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for model in dict.fromkeys(run["model"] for run in runs):
        seconds = {}
        for library in ("gensim", "firth"):
            mine = [run for run in runs if (run["model"], run["with"]) == (model, library)]
            if not mine:
                continue
            failed = [run["error"] for run in mine if "error" in run]
            if failed:
                print(f"| {model} | {library} | {failed[0]} |{' |' * (len(head) - 3)}")
                continue
            seconds[library] = [run["seconds"] for run in mine]
            scores = [statistics.fmean(column) for column in zip(*(run["scores"] for run in mine), strict=True)]
            row = [model, library, *(f"{score:.1f}" for score in scores), f"{statistics.median(seconds[library]):.1f}"]
            ratios = [a / b for a, b in zip(seconds.get("gensim", ()), seconds[library], strict=False)]
            row.append(f"{statistics.median(ratios):.1f}" if ratios else "–")
            if documents:
                row.append(f"{statistics.median(run['inferred_a_second'] for run in mine):,.0f}")
            print(f"| {' | '.join(row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--with", dest="libraries", nargs="+", default=["gensim", "firth"], choices=["gensim", "firth"])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS, metavar="NAME")
    parser.add_argument("--tokens", type=int, help="train on the first N tokens of wiki.txt.xz only")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="1,000,000 tokens, 1,024 passages, one run")
    parser.add_argument("--json", type=Path, help="write the raw numbers to this file, after every run")
    parser.add_argument(
        "--python", action="append", default=[], metavar="LIBRARY=PATH", help="an interpreter that has it"
    )
    options = parser.parse_args()
    if options.small:
        options.tokens, options.runs = options.tokens or 1_000_000, 1
    blocks, each = (16, 64) if options.small else (64, 128)
    pythons = dict(value.partition("=")[::2] for value in options.python)
    word_models = [model for model in options.models if MODELS[model][0] != "Doc2Vec"]
    document_models = [model for model in options.models if MODELS[model][0] == "Doc2Vec"]

    runs: list[Job] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokens = write_sentences(options.data, folder / "sentences.txt", options.tokens) if word_models else 0
        found = write_documents(options.data, folder / "documents.json", blocks, each) if document_models else {}
        for seed in range(1, options.runs + 1):
            for model in options.models:
                for library in options.libraries:
                    job = {"with": library, "model": model, "workers": options.workers, "seed": seed}
                    runs.append(job | scored(job, folder, options.data, found, pythons.get(library, sys.executable)))
                    print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
                    if options.json:
                        options.json.write_text(json.dumps(runs, indent=1))
    if word_models:
        print(f"{tokens:,} tokens, workers: {options.workers}, runs: {options.runs}\n")
        table([run for run in runs if run["model"] in word_models], WORD_COLUMNS)
    if document_models:
        words = sum(len(words) for words, _ in found["train"])
        train, held_out = len(found["train"]), len(found["held_out"])
        print(f"\n{train:,} passages, {words:,} words, {blocks} blocks; {held_out:,} held out\n")
        table([run for run in runs if run["model"] in document_models], DOCUMENT_COLUMNS)


def scored(job: Job, folder: Path, data: Path, found: Job, python: str) -> Job:
    """What a run reports and its scores, or its error."""
    documents = MODELS[job["model"]][0] == "Doc2Vec"
    save = folder / ("vectors.npz" if documents else "vectors.bin")
    job = job | {"input": str(folder / ("documents.json" if documents else "sentences.txt")), "save": str(save)}
    done = subprocess.run([python, __file__, "--job", json.dumps(job)], capture_output=True, text=True)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]}
    result: Job = json.loads(done.stdout.splitlines()[-1])
    return result | {"scores": document_scores(save, found) if documents else word_scores(save, data)}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        print(json.dumps(run(json.loads(sys.argv[2]))))
    else:
        main()
