"""What the exact softmax costs and what it brings. Prints Markdown tables.

    python benchmarks/exact.py CORPUS --eval-dir DIR [--vocab 5000 10000 30000] [--quality-vocab 10000 20000]
                               [--dim 100] [--seeds 1 2] [--threads N] [--runs 3] [--tables counting passes ...]
                               [--out DIR] [--json FILE]

counting     Tokens a second of counting expected pairs of words, window 5, for three thresholds of subsampling.
passes       A gradient pass beside the product of two large matrices by NumPy, and whole runs, part by part.
textbook     Pairs a second of the loss and the gradients of one pair at a time in NumPy, beside those of a pass.
objective    Cross-entropy of exact training and of firth's negative sampling of the same shape, after the same time.
quality      Similarity and analogy scores of both after the same time; semantic and syntactic analogies (the sections
             named gram...) also separately.
determinism  Whether the vectors are the same bytes with 1, 2 and 3 threads, and with 1 and 2 of BLAS.

CORPUS is a plain text file. Settings that are not named are firth's defaults. Before anything is timed the formulas and
kernels of firth are checked against the reference; counts are checked against a walk in plain Python over the beginning
of CORPUS, a pass and the textbook's gradients against the float64 reference. A wrong answer ends the program with exit
status 1. Compiled code has run before the clock starts. All but counting runs in processes of its own, whose BLAS has
the number of threads of the row; to see one thread give --threads 1.

objective and quality: exact training comes first; negative sampling gets the fewest epochs, five at least, that take as
long. Wall seconds go from the file of text to the file of vectors. Vectors and seconds stay in the folder --out, so
that an interrupted run goes on where it was; they are used again only if corpus (by name and size) and settings are the
same. Delete the folder after a change of the code.
"""

import argparse
import dataclasses
import hashlib
import json
import math
import multiprocessing
import os
import random
import shlex
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from quality import BENCHMARKS, FILES
from speed import check_firth, machine, talk

import firth
from firth import reference
from firth.corpus.encode import Corpus, build_corpus
from firth.evaluate import Analogies, Similarity, evaluate, read
from firth.evaluate.objective import score_corpus
from firth.exact.cooccurrences import Cooccurrences
from firth.exact.counting import CUTOFF, count_pairs
from firth.exact.plan import check_memory, estimate_seconds
from firth.exact.trainer import ExactTrainer
from firth.settings import TrainConfig, available_threads

TABLES = ("counting", "passes", "textbook", "objective", "quality", "determinism")
WINDOW = 5
COUNTED = ((30_000, 30_000), (10_000, 20_000))
"""Center and outside words of the counting table."""
SUBSAMPLES = (0.0, 1e-3, 1e-4)
CHECK_TOKENS = 5000
CHECK_ROWS = 192
PEAK_SIZE = 4096
TEXTBOOK_PAIRS = 20
"""Pairs that the textbook's gradients are checked with."""
TEXTBOOK_SECONDS = 2.0
LEAST_EPOCHS, MANY_EPOCHS = 5, 20
JUDGED = {"window": WINDOW, "subsample": 1e-4}
SCORES = BENCHMARKS | {"semantic": "semantic", "syntactic": "syntactic"}
HELD_OUT_SEED = 7
SAME_BYTES, SAME_BYTES_BLAS = (1, 2, 3), (1, 2)
"""Numbers of threads, of firth and of the BLAS of NumPy."""

Row = dict[str, Any]


def in_process(function: Callable[[Row], Row], job: Row, threads: int) -> Row:
    """What a function of this file makes of a job in a fresh process whose BLAS has `threads` threads."""
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, job).result()


def warm_up(**settings: Any) -> None:
    """Load all compiled code that a run needs, by a small one."""
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "words.txt")
        path.write_text("".join(f"{' '.join(str(draw.randrange(500)) for _ in range(20))}\n" for _ in range(1000)))
        vectors = firth.train(str(path), epochs=2, dim=16, max_vocab=200, quiet=True, **settings)
        vectors.save(Path(folder, "vectors.safetensors"))


# counting


def expected_pairs(corpus: Corpus, subsample: float) -> np.ndarray:
    """X of a small corpus, walked through in plain Python by the formula of `count_pairs`."""
    counts = corpus.vocab.counts
    keep = reference.keep_probability(counts, int(counts.sum()), subsample)
    pairs = np.zeros((len(counts), len(counts)))
    for start, stop in pairwise(corpus.offsets.tolist()):
        sentence = corpus.ids[start:stop].tolist()
        for p, c in enumerate(sentence):
            between = [1.0] + [0.0] * (WINDOW - 1)  # by the number of tokens kept between the two, its chance
            for o in sentence[p + 1 :]:
                together = sum(chance * (WINDOW - j) / WINDOW for j, chance in enumerate(between))
                if together < CUTOFF:
                    break
                pairs[c, o] += keep[c] * keep[o] * together
                pairs[o, c] += keep[c] * keep[o] * together
                more = [0.0, *(chance * keep[o] for chance in between[:-1])]
                between = [chance * (1 - keep[o]) + other for chance, other in zip(between, more, strict=True)]
    return pairs


def check_counts(corpus_path: str) -> None:
    """Exit with status 1 unless the counts of the beginning of a corpus are right."""
    sentences: list[list[str]] = []
    with open(corpus_path, encoding="utf-8", errors="replace") as text:
        for line in text:
            sentences.append(line.split()[:CHECK_TOKENS])
            if sum(map(len, sentences)) >= CHECK_TOKENS:
                break
    with build_corpus(sentences, min_count=1) as corpus:
        for subsample in SUBSAMPLES:
            truth = expected_pairs(corpus, subsample)
            for centers in (len(truth), len(truth) // 2):
                config = TrainConfig(window=WINDOW, subsample=subsample, threads=2)
                with count_pairs(corpus, config, centers=centers) as counts:
                    if not np.allclose(dense(counts), truth[:centers], rtol=1e-5, atol=CUTOFF):
                        sys.exit(f"counts are wrong with subsample {subsample:g} and {centers} centers")
        talk(f"counts of {len(corpus.ids):,} tokens are as expected")


def dense(counts: Cooccurrences, rows: np.ndarray | None = None) -> np.ndarray:
    """Some rows, by default all, as a float64 matrix."""
    rows = np.arange(counts.shape[0]) if rows is None else rows
    matrix = np.zeros((len(rows), counts.shape[1]))
    for at, row in enumerate(rows):
        entries = slice(counts.indptr[row], counts.indptr[row + 1])
        matrix[at, counts.indices[entries]] = counts.data[entries]
    return matrix


def measure_counting(options: argparse.Namespace) -> list[Row]:
    """The interleaved runs of the counting table."""
    check_counts(options.corpus)
    rows, sums = [], {}
    with ExitStack() as stack:
        corpora = [stack.enter_context(build_corpus(options.corpus, max_vocab=m)) for _, m in COUNTED]
        for number in range(options.runs):
            for (centers, _), corpus in zip(COUNTED, corpora, strict=True):
                for subsample in SUBSAMPLES:
                    for threads in sorted({1, options.threads}):
                        config = TrainConfig(window=WINDOW, subsample=subsample, threads=threads)
                        begun = time.perf_counter()
                        with count_pairs(corpus, config, centers=centers) as counts:
                            seconds = time.perf_counter() - begun
                            checksum = zlib.crc32(counts.data, zlib.crc32(counts.indices))
                            row = {"round": number, "shape": counts.shape, "entries": len(counts.data)}
                        row |= {"subsample": subsample, "threads": threads, "seconds": seconds}
                        rows.append(row | {"tokens": corpus.tokens})
                        if sums.setdefault((centers, subsample), checksum) != checksum:
                            sys.exit(f"two runs gave different counts: {row}")
            talk(f"counting: round {number + 1} of {options.runs} done")
    return rows


def print_counting(rows: list[Row], options: argparse.Namespace) -> None:
    print(f"{rows[0]['tokens']:,} tokens, window {WINDOW}; medians of {options.runs} interleaved runs\n")
    header("center × outside words", "subsample", "entries", "threads", "seconds", "million tokens/s", "min–max")
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault((row["shape"], row["subsample"], row["threads"]), []).append(row)
    for ((n, m), subsample, threads), runs in groups.items():
        rates = [run["tokens"] / run["seconds"] / 1e6 for run in runs]
        seconds = statistics.median(run["seconds"] for run in runs)
        line(
            *(f"{n:,} × {m:,}", f"{subsample:g}", f"{runs[0]['entries']:,}", threads, f"{seconds:.2f}"),
            *(f"{statistics.median(rates):.1f}", f"{min(rates):.1f}–{max(rates):.1f}"),
        )


# passes and textbook


def matmul_rate(runs: int) -> float:
    """The median GFLOP/s of NumPy's product of two float32 matrices of 4096 x 4096."""
    a, b = np.random.default_rng(1).standard_normal((2, PEAK_SIZE, PEAK_SIZE), np.float32)
    out = np.empty_like(a)
    seconds = []
    for _ in range(1 + runs):
        begun = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - begun)
    return 2e-9 * PEAK_SIZE**3 / statistics.median(seconds[1:])


def whole_run(job: Row) -> Row:
    """What `firth.train` does for loss="softmax", step by step with its seconds; then a pass and the textbook alone."""
    config = TrainConfig(
        loss="softmax", max_vocab=job["vocab"], dim=job["dim"], threads=job["threads"], seed=job["seed"]
    )
    warm_up(loss="softmax", threads=config.threads)
    result = job | {"matmul_before": matmul_rate(job["runs"])}
    laps = [time.perf_counter()]
    with tempfile.TemporaryDirectory() as folder, build_corpus(job["corpus"], max_vocab=2 * job["vocab"]) as corpus:
        laps.append(time.perf_counter())
        m = len(corpus.vocab)
        sizes = min(job["vocab"], m), m
        check_memory(*sizes, config)
        estimate_seconds(*sizes, config)
        laps.append(time.perf_counter())
        with count_pairs(corpus, config, centers=job["vocab"]) as counts:
            laps.append(time.perf_counter())
            trainer = ExactTrainer(corpus, counts, config)
            trainer.run(lambda progress: None)
            laps.append(time.perf_counter())
            vectors = trainer.vectors()
            vectors.save(Path(folder, "vectors.safetensors"))
            laps.append(time.perf_counter())
            reading, estimate, counting, training, saving = (b - a for a, b in pairwise(laps))
            passes = sum(epoch["seconds"] for epoch in vectors.history)
            result |= {"shape": counts.shape, "pairs": trainer.pairs, "entries": len(counts.data)}
            result |= {"reading": reading, "counting": counting, "start": training - passes, "passes": passes}
            result |= {"rest": estimate + saving, "wall": laps[-1] - laps[0], "history": vectors.history}
            result |= time_pass(trainer, job["runs"]) | time_textbook(trainer, job["runs"])
    return result | {"matmul_after": matmul_rate(job["runs"])}


def time_pass(trainer: ExactTrainer, runs: int) -> Row:
    """Seconds of gradient passes with the vectors of a finished run, after a check of some of its rows."""
    from firth.exact._softmax import SoftmaxPass
    from firth.native.arrays import aligned_rows

    counts, (n, m), dim = trainer.counts, trainer.counts.shape, trainer.config.dim
    threads = trainer.config.threads or 1

    def new_pass(indptr: Any, indices: Any, data: Any, rows: int) -> tuple[SoftmaxPass, tuple[Any, ...], Any]:
        gradients = aligned_rows(rows, dim), aligned_rows(m, dim), np.empty(m, np.float32)
        return SoftmaxPass(indptr, indices, data, rows, m, dim, threads), gradients, np.empty(rows)

    some = np.unique(np.linspace(0, n - 1, CHECK_ROWS).astype(int))
    entries = np.concatenate([np.arange(counts.indptr[row], counts.indptr[row + 1]) for row in some])
    lengths = np.diff(counts.indptr)[some]
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    kernel, gradients, row_loss = new_pass(indptr, counts.indices[entries], counts.data[entries], len(some))
    center = aligned_rows(len(some), dim)
    center[:] = trainer.center[some]
    kernel.run(center, trainer.outside, trainer.bias, *gradients, row_loss)
    ones, bias = np.ones((len(some), 1)), trainer.bias[:, None]
    with_bias = np.hstack([center[:, :dim], ones]), np.hstack([trainer.outside[:, :dim], bias])
    loss, of_center, of_outside = reference.exact_objective(*with_bias, dense(counts, some))
    for name, mine, truth in (
        ("loss", row_loss.sum(), loss),
        ("gradient of center vectors", gradients[0][:, :dim], of_center[:, :dim]),
        ("gradient of outside vectors", gradients[1][:, :dim], of_outside[:, :dim]),
        ("gradient of the bias", gradients[2], of_outside[:, dim]),
    ):
        check_close(f"{name} of a pass", mine, truth)

    kernel, gradients, all_losses = new_pass(counts.indptr, counts.indices, counts.data, n)
    seconds = []
    for _ in range(1 + runs):
        begun = time.perf_counter()
        kernel.run(trainer.center, trainer.outside, trainer.bias, *gradients, all_losses)
        seconds.append(time.perf_counter() - begun)
    check_close("loss of rows in the whole pass", all_losses[some], row_loss)
    check_close("gradient of rows in the whole pass", gradients[0][some, :dim], of_center[:, :dim])
    return {"pass_seconds": seconds[1:]}


def check_close(name: str, mine: Any, truth: Any) -> None:
    """Exit with status 1 unless the distance of two arrays is at most 1e-5 of the length of the true one."""
    distance = float(np.linalg.norm(mine - truth) / np.linalg.norm(truth))
    if not distance <= 1e-5:
        sys.exit(f"{name} is wrong: off by {distance:.1e} of its length, nothing is printed")


def textbook(v: np.ndarray, o: int, u: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss, grad_center (d,) and grad_outside (m, d) of one pair, as the formulas have them."""
    scores = u @ v
    exponentials = np.exp(scores - scores.max())
    error = exponentials / exponentials.sum()
    loss = -np.log(error[o])
    error[o] -= 1
    return loss, u.T @ error, np.outer(error, v)


def time_textbook(trainer: ExactTrainer, runs: int) -> Row:
    """Pairs a second of `textbook` in float32, drawn from all pairs of words."""
    dim = trainer.config.dim
    center, outside = (np.ascontiguousarray(rows[:, :dim]) for rows in (trainer.center, trainer.outside))
    draw = random.Random(1)
    for _ in range(TEXTBOOK_PAIRS):
        v, o = center[draw.randrange(len(center))], draw.randrange(len(outside))
        names = ("loss", "gradient of the center vector", "gradient of the outside vectors")
        for name, mine, truth in zip(
            names, textbook(v, o, outside), reference.naive_softmax(v, o, outside), strict=True
        ):
            check_close(f"{name} of the textbook", mine, truth)
    rates = []
    for _ in range(runs):
        pairs, begun = 0, time.perf_counter()
        while time.perf_counter() < begun + TEXTBOOK_SECONDS:
            textbook(center[draw.randrange(len(center))], draw.randrange(len(outside)), outside)
            pairs += 1
        rates.append(pairs / (time.perf_counter() - begun))
    return {"textbook_rates": rates}


def measure_runs(options: argparse.Namespace) -> list[Row]:
    """One whole run for each vocabulary."""
    rows = []
    for vocab in options.vocab:
        job = {"corpus": options.corpus, "vocab": vocab, "dim": options.dim, "threads": options.threads}
        row = in_process(whole_run, job | {"seed": options.seeds[0], "runs": options.runs}, options.threads)
        rows.append(row)
        talk(f"passes: {vocab:,} words in {row['wall']:.1f} s, {statistics.median(row['pass_seconds']):.3f} s a pass")
    return rows


def print_passes(rows: list[Row], options: argparse.Namespace) -> None:
    print(
        f"Dimension {options.dim}, threads: {options.threads}. A gradient pass, everything in it, median of "
        f"{options.runs}; its GFLOP/s are those of its three matrix products, 6 · center words · outside words · "
        f"{options.dim} operations. np.matmul: the product of two float32 matrices of {PEAK_SIZE} × {PEAK_SIZE}, same "
        "process and threads, before and after everything else; the share is that of the faster.\n"
    )
    names = ("center × outside words", "entries", "seconds a pass", "min–max", "GFLOP/s", "np.matmul, GFLOP/s", "share")
    header(*names)
    for row in rows:
        (n, m), seconds = row["shape"], statistics.median(row["pass_seconds"])
        rate, peaks = 6e-9 * n * m * row["dim"] / seconds, (row["matmul_before"], row["matmul_after"])
        spread = f"{min(row['pass_seconds']):.3f}–{max(row['pass_seconds']):.3f}"
        cells = (f"{n:,} × {m:,}", f"{row['entries']:,}", f"{seconds:.3f}", spread, f"{rate:.0f}")
        line(*cells, f"{peaks[0]:.0f}, {peaks[1]:.0f}", f"{rate / max(peaks):.0%}")
    print(
        "\nWhole runs with the defaults, in seconds from the file of text to the file of vectors, one run each. Start: "
        "the decomposition, and where words grow in stages the earlier stages. Passes: with their steps and the last "
        "look at the loss. Rest: the estimate of the time, the gauge, saving. Nats a pair.\n"
    )
    parts = ("reading", "counting", "start", "passes", "rest", "wall")
    names = ("center × outside words", "reading", "counting", "start", "passes", "rest", "in all", "number of passes")
    header(*names, "cross-entropy", "entropy", "KL", "perplexity")
    for row in rows:
        (n, m), last = row["shape"], row["history"][-1]
        line(
            *(f"{n:,} × {m:,}", *(f"{row[part]:.1f}" for part in parts), len(row["history"])),
            *(f"{last[name]:.4f}" for name in ("loss", "entropy", "kl")),
            f"{last['perplexity']:,.0f}",
        )


def print_textbook(rows: list[Row], options: argparse.Namespace) -> None:
    print(
        f"Dimension {options.dim}, threads: {options.threads}, float32. Textbook: loss and both gradients of one pair "
        f"at a time in NumPy, not even added up; median of {options.runs} times {TEXTBOOK_SECONDS:g} s. A pass: the "
        "expected pairs of an epoch over the seconds of a gradient pass.\n"
    )
    header("center × outside words", "pairs of an epoch", "textbook, pairs/s", "a pass, pairs/s", "times")
    for row in rows:
        n, m = row["shape"]
        slow = statistics.median(row["textbook_rates"])
        fast = row["pairs"] / statistics.median(row["pass_seconds"])
        line(f"{n:,} × {m:,}", f"{row['pairs']:,.0f}", f"{slow:,.0f}", f"{fast:.3g}", f"{fast / slow:,.0f}")


# objective and quality


def train_and_save(job: Row) -> Row:
    """The seconds of a run, from the file of text to the file of vectors, and of its training alone."""
    settings = job["settings"]
    warm_up(loss=settings["loss"], threads=settings["threads"])
    begun = time.perf_counter()
    vectors = firth.train(job["corpus"], quiet=True, **settings)
    vectors.save(job["save"])
    wall = time.perf_counter() - begun
    return {"wall": wall, "seconds": sum(epoch["seconds"] for epoch in vectors.history), "history": vectors.history}


class Trainer:
    """Trains with the settings asked for, or finds that it has been done."""

    def __init__(self, options: argparse.Namespace, out: Path) -> None:
        self._corpus, self._out = options.corpus, out
        self._common = {"dim": options.dim, "threads": options.threads}

    def __call__(self, **settings: Any) -> Row:
        """What `train_and_save` reports, `settings` and `save`, the path of the vectors."""
        settings |= self._common
        name = "-".join(f"{key}-{value}" for key, value in sorted(settings.items()))
        job = {"corpus": self._corpus, "corpus_bytes": os.path.getsize(self._corpus), "settings": settings}
        job["save"] = str(self._out / f"{name}.safetensors")
        path = self._out / f"{name}.json"
        if path.exists() and Path(job["save"]).exists():
            result: Row = json.loads(path.read_text())
            if all(result.get(key) == value for key, value in job.items()):
                talk(f"{name}: from {path}")
                return result
        path.unlink(missing_ok=True)
        result = job | in_process(train_and_save, job, settings["threads"])
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(result, indent=1))
        unfinished.replace(path)
        talk(f"{name}: {result['wall']:.1f} s, {result['seconds']:.1f} s of them training")
        return result

    def same_time(self, wall: float, seeds: list[int], **settings: Any) -> list[Row]:
        """Runs of negative sampling with the fewest epochs, five at least, that take so long with the first seed."""
        settings["loss"] = "negative-sampling"
        one = self(epochs=1, seed=seeds[0], **settings)
        epochs = max(LEAST_EPOCHS, math.ceil((wall - one["wall"]) / one["seconds"]) + 1)
        while (short := wall - self(epochs=epochs, seed=seeds[0], **settings)["wall"]) > 0:
            epochs += math.ceil(short / one["seconds"])
        return [self(epochs=epochs, seed=seed, **settings) for seed in seeds]


def measure_objective(options: argparse.Namespace, train: Trainer) -> list[Row]:
    """The runs of the objective table and how they are judged."""
    rows = []
    for vocab in options.vocab:
        exact = [train(loss="softmax", max_vocab=vocab, outside_vocab=vocab, seed=seed) for seed in options.seeds]
        wall = max(run["wall"] for run in exact)
        sampled = train.same_time(wall, options.seeds, max_vocab=vocab, subsample=JUDGED["subsample"])
        for system, runs in (("exact", exact), ("negative sampling", sampled)):
            judged = []
            for run in runs:
                vectors = firth.load(run["save"])
                judged.append(score_corpus(vectors, options.corpus, threads=options.threads, quiet=True, **JUDGED))
                talk(f"objective: {system}, {vocab:,} words: {judged[-1][0].cross_entropy:.4f} nats a pair")
            for same_bias in zip(*judged, strict=True):
                row = {"vocab": len(vectors), "system": system, "bias": same_bias[0].bias, "epochs": epochs(runs)}
                row |= {"pairs": same_bias[0].pairs, "entropy": same_bias[0].entropy}
                row |= {"walls": [run["wall"] for run in runs]}
                rows.append(row | {"cross_entropies": [judgement.cross_entropy for judgement in same_bias]})
        floors = {(row["pairs"], row["entropy"]) for row in rows if row["vocab"] == len(vectors)}
        if len(floors) > 1:
            sys.exit(f"the systems were judged on different pairs: {floors}")
    return rows


def epochs(runs: list[Row]) -> int:
    """How many epochs, or passes, the longest of some runs took."""
    return max(len(run["history"]) for run in runs)


def print_objective(rows: list[Row], options: argparse.Namespace) -> None:
    print(
        f"Dimension {options.dim}, threads: {options.threads}, means of seeds {listed(options.seeds)}. All as many "
        "outside as center words, so that all predict the same words (the exact default, twice as many, would not "
        f"compare). Trained and judged with window {WINDOW} and subsample {JUDGED['subsample']:g}, by `firth eval "
        "--against`: exactly, over all expected pairs; nats a pair. Bias of the scores: `own`, trained; `none`; "
        "`noise`, the logarithm of the distribution of negatives, with which negative sampling estimates the softmax.\n"
    )
    header(
        *("words", "system", "epochs", "wall, s", "bias", "cross-entropy", "between seeds"),
        *("entropy", "KL", "perplexity"),
    )
    for row in rows:
        values, floor = row["cross_entropies"], row["entropy"]
        mean = statistics.fmean(values)
        perplexity = f"{statistics.fmean(map(math.exp, values)):,.0f}"
        line(
            *(f"{row['vocab']:,}", row["system"], row["epochs"], f"{statistics.fmean(row['walls']):.1f}", row["bias"]),
            *(f"{mean:.4f}", f"{max(values) - min(values):.4f}", f"{floor:.4f}", f"{mean - floor:.4f}", perplexity),
        )


def measure_quality(options: argparse.Namespace, train: Trainer) -> list[Row]:
    """The runs of the quality table and their scores."""
    files, rows = [options.eval_dir / file for file in FILES], []
    for vocab in options.quality_vocab:
        exact = [train(loss="softmax", max_vocab=vocab, seed=seed) for seed in options.seeds]
        wall = max(run["wall"] for run in exact)
        groups = {"exact": exact}
        for subsample in (1e-3, 1e-4):
            name = f"negative sampling, subsample {subsample:g}"
            groups[name] = train.same_time(wall, options.seeds, max_vocab=vocab, subsample=subsample)
        many = {"loss": "negative-sampling", "max_vocab": vocab, "subsample": 1e-4, "epochs": MANY_EPOCHS}
        groups[f"{name}, {MANY_EPOCHS} epochs"] = [train(seed=seed, **many) for seed in options.seeds]
        for system, runs in groups.items():
            row: Row = {"system": system, "epochs": epochs(runs), "walls": [run["wall"] for run in runs]}
            row |= {"scores": {}, "held_out": {}}
            for run in runs:
                vectors = firth.load(run["save"])
                row["vocab"] = len(vectors)
                for items, benchmarks in (("scores", files), ("held_out", held_out(files))):
                    for result in evaluate(vectors, benchmarks).results:
                        name = result.benchmark if result.part == "whole" else result.part
                        if name in SCORES:
                            score = {"score": result.score.value, "low": result.score.low, "high": result.score.high}
                            score |= {"used": result.answered, "total": result.asked}
                            row[items].setdefault(name, []).append(score)
            rows.append(row)
            talk(f"quality: {row['vocab']:,} words, {system}: {' | '.join(scores(row['scores']))}")
    return rows


def held_out(files: list[Path]) -> list[Similarity | Analogies]:
    """The half of every benchmark's items, a fixed random one, that no setting was chosen by."""
    found = []
    for path in files:
        benchmark = read(path)
        if isinstance(benchmark, Similarity):
            pairs, ratings = half(benchmark.pairs), half(benchmark.ratings)
            found.append(dataclasses.replace(benchmark, pairs=pairs, ratings=ratings))
        else:
            sections = {name: half(questions) for name, questions in benchmark.sections.items()}
            found.append(dataclasses.replace(benchmark, sections=sections))
    return found


def half(items: list[Any]) -> list[Any]:
    order = np.random.default_rng(HELD_OUT_SEED).permutation(len(items))
    return [items[i] for i in sorted(order[1::2])]


def scores(found_by_name: dict[str, list[Row]]) -> list[str]:
    """The mean scores over the seeds and of their intervals, times 100."""
    cells = []
    for name in SCORES:
        found = [score for score in found_by_name[name] if score["low"] is not None]
        means = [100 * statistics.fmean(score[key] for score in found) for key in ("score", "low", "high") if found]
        cells.append(f"{means[0]:.1f} ({means[1]:.1f} to {means[2]:.1f})" if found else "–")
    return cells


def print_quality(rows: list[Row], options: argparse.Namespace) -> None:
    print(
        f"Dimension {options.dim}, threads: {options.threads}, means of seeds {listed(options.seeds)}; in brackets the "
        "95% interval of one run, likewise. Negative sampling with as many epochs as take as long as exact training "
        f"(at least {LEAST_EPOCHS}), and with {MANY_EPOCHS}, whatever the time. Words are center words; exact training "
        "has its default of twice as many outside words.\n"
    )
    for items in ("scores", "held_out"):
        if items == "held_out":
            print("\nThe half of each benchmark's items that no setting was chosen by:\n")
        header("words", "system", "epochs", "wall, s", *SCORES.values())
        for row in rows:
            wall = f"{statistics.fmean(row['walls']):.1f}"
            line(f"{row['vocab']:,}", row["system"], row["epochs"], wall, *scores(row[items]))
    print()
    for vocab, row in {row["vocab"]: row for row in rows}.items():
        used = [f"{SCORES[name]} {of[0]['used']:,} of {of[0]['total']:,}" for name, of in row["scores"].items()]
        print(f"Used at {vocab:,} words: {', '.join(used)}.")


# determinism


def hash_of_run(job: Row) -> Row:
    """The SHA-256 of all that a run of exact training computes."""
    settings = {"loss": "softmax", "max_vocab": job["vocab"], "dim": job["dim"], "seed": job["seed"]}
    vectors = firth.train(job["corpus"], threads=job["threads"], quiet=True, **settings)
    digest = hashlib.sha256()
    for matrix in (vectors.center, vectors.outside, vectors.bias):
        digest.update(np.ascontiguousarray(matrix))
    return job | {"sha256": digest.hexdigest()}


def measure_determinism(options: argparse.Namespace) -> list[Row]:
    """Hashes for numbers of threads of firth and of BLAS, at the smallest vocabulary."""
    job = {"corpus": options.corpus, "vocab": min(options.vocab), "dim": options.dim, "seed": options.seeds[0]}
    rows = []
    for blas in SAME_BYTES_BLAS:
        for threads in SAME_BYTES:
            rows.append(in_process(hash_of_run, job | {"threads": threads}, blas) | {"blas": blas})
            talk(f"determinism: threads {threads}, of BLAS {blas}: {rows[-1]['sha256']}")
    return rows


def print_determinism(rows: list[Row], options: argparse.Namespace) -> None:
    hashes = list(dict.fromkeys(row["sha256"] for row in rows))
    settings = f"{rows[0]['vocab']:,} words, dimension {options.dim}, seed {options.seeds[0]}"
    if len(hashes) == 1:
        print(
            f"{settings}: center and outside vectors and bias are the same bytes with {listed(SAME_BYTES)} threads, "
            f"each with {listed(SAME_BYTES_BLAS)} of BLAS. SHA-256: {hashes[0]}"
        )
        return
    print(f"{settings}: center and outside vectors and bias are NOT the same bytes.\n")
    header("threads", "threads of BLAS", "SHA-256")
    for row in rows:
        line(row["threads"], row["blas"], row["sha256"])


# all


def header(*names: str) -> None:
    line(*names)
    print("|" + "---|" * len(names))


def line(*cells: Any) -> None:
    print("|", " | ".join(map(str, cells)), "|")


def listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--eval-dir", type=Path, help="for the table quality: the folder of the benchmark files")
    parser.add_argument("--vocab", type=int, nargs="+", default=[5_000, 10_000, 30_000])
    parser.add_argument("--quality-vocab", type=int, nargs="+", default=[10_000, 20_000])
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--threads", type=int, default=available_threads())
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--out", type=Path, help="keep the vectors of objective and quality in this folder")
    parser.add_argument("--json", type=Path, help="write the raw numbers to this file, after every table")
    options = parser.parse_args()
    if not Path(options.corpus).is_file():
        parser.error(f"{options.corpus}: expected a plain text file")
    if "quality" in options.tables:
        if options.eval_dir is None:
            parser.error("the table quality needs --eval-dir")
        missing = [file for file in FILES if not (options.eval_dir / file).exists()]
        if missing:
            parser.error(f"--eval-dir {options.eval_dir}: has no {', '.join(missing)}")
    return options


def main() -> None:
    options = parse()
    load_before = os.getloadavg()
    check_firth()
    raw: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        train = Trainer(options, out)
        measure: dict[str, Callable[[], list[Row]]] = {
            "counting": lambda: measure_counting(options),
            "passes": lambda: measure_runs(options),
            "textbook": lambda: raw.get("passes") or measure_runs(options),
            "objective": lambda: measure_objective(options, train),
            "quality": lambda: measure_quality(options, train),
            "determinism": lambda: measure_determinism(options),
        }
        show = {
            "counting": print_counting,
            "passes": print_passes,
            "textbook": print_textbook,
            "objective": print_objective,
            "quality": print_quality,
            "determinism": print_determinism,
        }
        for table in TABLES:
            if table in options.tables:
                raw[table] = measure[table]()
                if options.json:
                    options.json.write_text(json.dumps(raw, indent=1))
                print(f"## {table.capitalize()}\n")
                show[table](raw[table], options)
                print(flush=True)
    print(f"{machine(load_before)}\n\n    {shlex.join(['python', *sys.argv])}")


if __name__ == "__main__":
    main()
