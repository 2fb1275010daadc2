"""What checkpoints cost: memory while one is written, and time, for matrices of a given size.

    python benchmarks/checkpoints.py --words 200000 --dim 100 --folder /some/disk

Each row is a process of its own: a trainer with a vocabulary of that many words, which is saved three times. Memory is
the peak of resident memory, before the first save and after it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

KINDS: dict[str, dict[str, Any]] = {
    "skip-gram": {},
    "subwords": {"minn": 3, "maxn": 5, "bucket": 100_000},
    "PV-DM, concatenated": {"architecture": "cbow", "documents": True, "concatenate": True, "window": 2},
    "exact softmax": {"loss": "softmax"},
}


def peak_bytes() -> int:
    """The most memory that this process has had."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def measure(kind: str, words: int, dim: int, folder: str) -> dict[str, float]:
    """Peaks of memory in bytes, seconds of a save and bytes of the file."""
    from firth.corpus.encode import build_corpus
    from firth.corpus.tags import read_tags
    from firth.exact.counting import count_pairs
    from firth.exact.trainer import ExactTrainer
    from firth.run.checkpoint import Checkpoint
    from firth.settings import TrainConfig
    from firth.sgd.trainer import SgdTrainer

    config = TrainConfig(**{"dim": dim, "min_count": 1, "threads": 1, "epochs": 1} | KINDS[kind])
    sentences = ([f"word{i}", f"word{(i * 7 + 1) % words}"] for i in range(words))
    with build_corpus(sentences, min_count=1, lines=config.documents) as corpus:
        trainer: Any
        if config.loss == "softmax":
            trainer = ExactTrainer(corpus, count_pairs(corpus, config), config)
        else:
            tags = read_tags(None, corpus) if config.documents else None
            trainer = SgdTrainer(corpus, config, tags=tags)
        checkpoint, before = Checkpoint(folder, resume=False, config=config), peak_bytes()
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            checkpoint.save(trainer)
            seconds.append(time.perf_counter() - begun)
        size = checkpoint.path.stat().st_size
        return {"before": before, "after": peak_bytes(), "seconds": sorted(seconds)[1], "size": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--every", type=float, default=300.0, help="seconds between two saves")
    parser.add_argument("--folder", help="where the checkpoints are written (default: the system's temporary folder)")
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.words, options.dim, options.folder)))
        return
    print(f"{options.words:,} words, dimension {options.dim}, a save every {options.every:g} s\n")
    print("| model | file | memory before | peak with a save | more | a save | of the run |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for kind in KINDS:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            command = [sys.executable, __file__, "--words", str(options.words), "--dim", str(options.dim)]
            command += ["--folder", str(Path(folder)), "--one", kind]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(run.stdout)
        megabytes = [found[name] / 1e6 for name in ("size", "before", "after")]
        more, share = megabytes[2] - megabytes[1], found["seconds"] / options.every
        cells = [kind, *(f"{number:,.0f} MB" for number in (*megabytes, more))]
        print(f"| {' | '.join(cells)} | {found['seconds']:.2f} s | {share:.2%} |", flush=True)


if __name__ == "__main__":
    main()
