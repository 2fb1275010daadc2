"""Finding and joining phrases: firth beside gensim's Phrases. Prints a Markdown table.

    python benchmarks/phrases.py wiki.txt --python gensim=peers/bin/python [--score count] [--rounds 3]

Both learn from the text (min_count 5, one pass, firth's default threshold) and then, in a run from text to text, write
it with the phrases joined. Nothing is printed unless the two texts are equal, byte for byte. gensim's count score has
the number of its words and pairs where firth's has that of tokens, so its threshold is scaled by their ratio. Each run
is a process of its own, timed after imports and compiling. Both use one thread, so CPU seconds are given beside those
of the clock: on a machine with other work they vary less. No line may be longer than gensim reads, 10,000 tokens.
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

MIN_COUNT = 5
THRESHOLDS = {"count": 100.0, "npmi": 0.5}
CLOCKS = (time.perf_counter, time.process_time)

Job = dict[str, Any]


def now() -> list[float]:
    return [clock() for clock in CLOCKS]


def since(start: list[float]) -> list[float]:
    return [end - begin for begin, end in zip(start, now(), strict=True)]


def run_firth(job: Job) -> Job:
    from firth import Phrases
    from firth.corpus.joining import PhraseSettings
    from firth.phrases import join_text

    settings = PhraseSettings(score=job["score"], threshold=job["threshold"])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "text").write_text("new york\n" * 10 + "new\nyork\n" * 99)
        join_text(Path(folder) / "text", Path(folder) / "out", PhraseSettings(threshold=0.0))  # compiles
    start = now()
    phrases = Phrases(job["corpus"], min_count=MIN_COUNT, score=job["score"], threshold=job["threshold"])
    learning = since(start)
    start = now()
    _, tokens, _ = join_text(job["corpus"], job["out"], settings, min_count=MIN_COUNT)
    return {"tokens": tokens, "phrases": len(phrases), "learning": learning, "text to text": since(start)}


def run_gensim(job: Job) -> Job:
    from gensim.models.phrases import Phrases
    from gensim.models.word2vec import LineSentence

    start = now()
    scoring = {"count": "default", "npmi": "npmi"}[job["score"]]
    phrases = Phrases(LineSentence(job["corpus"]), min_count=MIN_COUNT, scoring=scoring, threshold=job["threshold"])
    learning = since(start)
    if job["score"] == "count":
        phrases.threshold *= len(phrases.vocab) / phrases.corpus_word_count
    frozen = phrases.freeze()
    with open(job["out"], "w", encoding="utf-8") as out:
        out.writelines(" ".join(tokens) + "\n" for tokens in frozen[LineSentence(job["corpus"])])
    whole = since(start)
    found = len(frozen.phrasegrams)
    return {"tokens": phrases.corpus_word_count, "phrases": found, "learning": learning, "text to text": whole}


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


def same(a: Path, b: Path) -> bool:
    with a.open("rb") as one, b.open("rb") as other:
        while (block := one.read(1 << 20)) == other.read(1 << 20):
            if not block:
                return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--score", choices=THRESHOLDS, default="count")
    parser.add_argument("--rounds", type=int, default=3)
    add_python_option(parser)
    options = parser.parse_args()
    pythons = parse_pythons(parser, options.python)
    if options.rounds < 3:
        parser.error("--rounds: expected 3 or more")

    results: dict[str, list[Job]] = {name: [] for name in SYSTEMS}
    with tempfile.TemporaryDirectory() as folder:
        outs = {name: Path(folder) / name for name in SYSTEMS}
        job = {"corpus": options.corpus, "score": options.score, "threshold": THRESHOLDS[options.score]}
        for number in range(options.rounds):
            for name in SYSTEMS:
                results[name].append(run(job | {"system": name, "out": str(outs[name])}, pythons))
            if number == 0 and not same(*outs.values()):
                raise SystemExit("firth and gensim have written different texts")

    tokens, found = results["firth"][0]["tokens"], results["firth"][0]["phrases"]
    print(f"{tokens:,} tokens, score {options.score}: {found:,} phrases, equal texts; one thread, ", end="")
    print(f"medians of {options.rounds} interleaved runs\n")
    print("| | seconds | CPU seconds | million tokens / CPU s | ÷ gensim, CPU s | min–max |")
    print("|---|---|---|---|---|---|")
    for work in ("learning", "text to text"):
        rounds = {name: [result[work] for result in results[name]] for name in SYSTEMS}
        for name, times in rounds.items():
            wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
            ratios = [peer[1] / own[1] for own, peer in zip(times, rounds["gensim"], strict=True)]
            print(f"| {work}: {name} | {wall:.2f} | {cpu:.2f} | {tokens / cpu / 1e6:.2f} ", end="")
            print(f"| {statistics.median(ratios):.1f} | {min(ratios):.1f}–{max(ratios):.1f} |")


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        asked = json.loads(sys.argv[1])
        print(json.dumps(SYSTEMS[asked["system"]](asked)))
    else:
        main()
