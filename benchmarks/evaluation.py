"""Evaluation: firth beside gensim, on the same vectors and the same files. Prints a Markdown table.

    python benchmarks/evaluation.py VECTORS.safetensors --eval-dir DIR --python gensim=peers/bin/python [--rounds 3]
        [--most-frequent 300000]

DIR holds wordsim353.tsv, men.tsv, simlex999.tsv, rg-65.tsv and questions-words.txt. Both ignore case and leave out
words beyond the most frequent. gensim's evaluate_word_pairs and evaluate_word_analogies are compared with
firth.evaluate, which also makes intervals: the figures must be equal to 1e-6, the numbers of items exactly, or the
script ends with status 1. gensim computes cosines in float32, so that two of nearly equal size may change places.
Each run is a process of its own, timed after imports and after the vectors are read.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from peers import PeerError, add_python_option, parse_pythons

PAIRS = ("wordsim353.tsv", "men.tsv", "simlex999.tsv", "rg-65.tsv")
ANALOGIES = "questions-words.txt"
CLOSE = 1e-6

Job = dict[str, Any]
Figures = dict[str, list[float]]


def run_firth(job: Job) -> Job:
    import firth
    from firth.evaluate import evaluate

    vectors = firth.load(job["vectors"])
    rules = {"ignore_case": True, "most_frequent": job["most_frequent"]}
    figures: Figures = {}
    seconds = {}
    for file in (*PAIRS, ANALOGIES):
        start = time.perf_counter()
        results = evaluate(vectors, [Path(job["folder"], file)], **rules).results
        seconds[file] = time.perf_counter() - start
        for result in results:
            name = f"{result.benchmark}: {result.section}" if result.part == "section" else result.benchmark
            if result.part in ("whole", "section"):
                figures[name] = [result.answered, *(score.value or 0.0 for score in result.scores)]
    return {"figures": figures, "seconds": seconds}


def run_gensim(job: Job) -> Job:
    from gensim.models import KeyedVectors

    vectors = KeyedVectors.load_word2vec_format(job["word2vec"], binary=True)
    rules = {"case_insensitive": True, "restrict_vocab": job["most_frequent"]}
    figures: Figures = {}
    seconds = {}
    for file in PAIRS:
        path = Path(job["folder"], file)
        start = time.perf_counter()
        pearson, spearman, missing = vectors.evaluate_word_pairs(str(path), **rules)
        seconds[file] = time.perf_counter() - start
        asked = len(path.read_text("utf-8").splitlines())
        answered = round(asked * (1 - missing / 100))
        figures[path.stem] = [answered, float(spearman[0]), float(pearson[0])]
    path = Path(job["folder"], ANALOGIES)
    start = time.perf_counter()
    score, sections = vectors.evaluate_word_analogies(str(path), **rules)
    seconds[ANALOGIES] = time.perf_counter() - start
    for section in sections:
        right, asked = len(section["correct"]), len(section["correct"]) + len(section["incorrect"])
        whole = section["section"] == "Total accuracy"
        name = path.stem if whole else f"{path.stem}: {section['section']}"
        figures[name] = [asked, score if whole else right / asked if asked else 0.0]
    return {"figures": figures, "seconds": seconds}


SYSTEMS = {"firth": run_firth, "gensim": run_gensim}


def run(job: Job, pythons: dict[str, str]) -> Job:
    """What a system reports of a job that ran in a process of its own. Raises PeerError."""
    command = [pythons.get(job["system"], sys.executable), str(Path(__file__).resolve()), json.dumps(job)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise PeerError(f"{job['system']}: {last}")
    result: Job = json.loads(done.stdout.splitlines()[-1])
    return result


def differences(one: Figures, other: Figures) -> list[str]:
    """What is not equal, a sentence for each."""
    wrong = [f"only one has {name}" for name in one.keys() ^ other.keys()]
    for name in one.keys() & other.keys():
        far = max(abs(a - b) for a, b in zip(one[name], other[name], strict=True))
        if one[name][0] != other[name][0] or far > CLOSE:
            wrong.append(f"{name}: firth {one[name]}, gensim {other[name]}")
    return sorted(wrong)


def main() -> None:
    from firth.formats.convert import convert

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors")
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--most-frequent", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    add_python_option(parser)
    options = parser.parse_args()
    pythons = parse_pythons(parser, options.python)

    runs: dict[str, list[Job]] = {name: [] for name in SYSTEMS}
    with tempfile.TemporaryDirectory() as folder:
        word2vec = Path(folder, "vectors.bin")
        convert(options.vectors, word2vec)
        job = {"vectors": options.vectors, "word2vec": str(word2vec), "folder": str(options.eval_dir)}
        job["most_frequent"] = options.most_frequent
        for _ in range(options.rounds):
            for name in SYSTEMS:
                runs[name].append(run(job | {"system": name}, pythons))
    figures = {name: results[0]["figures"] for name, results in runs.items()}
    if wrong := differences(figures["firth"], figures["gensim"]):
        sys.exit("\n".join(["the figures differ, no time is printed:", *wrong]))

    print(f"{len(figures['firth'])} figures equal to {CLOSE:g}. Medians of {options.rounds} interleaved runs.\n")
    print("| file | firth, s | gensim, s | gensim / firth |")
    print("|---|---|---|---|")
    for file in (*PAIRS, ANALOGIES):
        firth, gensim = (statistics.median(run["seconds"][file] for run in runs[name]) for name in SYSTEMS)
        print(f"| {file} | {firth:.3f} | {gensim:.3f} | {gensim / firth:.1f} |")


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        asked = json.loads(sys.argv[1])
        print(json.dumps(SYSTEMS[asked["system"]](asked)))
    else:
        main()
