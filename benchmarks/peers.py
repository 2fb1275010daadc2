"""Train one system, firth or a peer, in a process of its own; the other benchmarks build on this file.

As a script it takes one job in JSON, runs in the interpreter that has the system, and prints one line of JSON:

    python benchmarks/peers.py '{"system": "gensim", "corpus": "corpus.txt", "dim": 100, "threads": 1, "epochs": 1}'

A job may also have `model` (one of MODELS; skipgram-ns), `lr` (default_lr), `seed` (1), `save` (no file) and
`end_to_end`. `firth` is firth's default way of training a model; skip-gram with negative sampling has two ways, with
names of their own.

`seconds` is training alone: after reading, counting and compiling, before saving. firth trains on ids that it has read
before; gensim and fastText read the text again in every epoch, and that belongs to their training. fastText's wheel
cannot read and train apart, so its seconds are those of the whole call less those of a call with no epoch. Nothing
here measures the quality of vectors. Only the standard library is imported at the top.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WINDOW, NEGATIVES, SUBSAMPLE, MIN_COUNT = 5, 5, 1e-3, 5
SUBWORDS = {"minn": 3, "maxn": 6, "bucket": 2_000_000}

MODELS: dict[str, dict[str, Any]] = {
    "skipgram-ns": {"architecture": "skipgram", "loss": "negative-sampling"},
    "cbow-ns": {"architecture": "cbow", "loss": "negative-sampling"},
    "skipgram-hs": {"architecture": "skipgram", "loss": "hierarchical-softmax"},
    "cbow-hs": {"architecture": "cbow", "loss": "hierarchical-softmax"},
    "skipgram-subwords": {"architecture": "skipgram", "loss": "negative-sampling", **SUBWORDS},
    "cbow-subwords": {"architecture": "cbow", "loss": "negative-sampling", **SUBWORDS},
}
"""What firth's settings are for each model."""

Job = dict[str, Any]


class PeerError(Exception):
    """A system could not be run; the message has its last line."""


def train_firth(job: Job) -> Job:
    import firth

    settings = dict(MODELS[job["model"]])
    if settings["loss"] == "negative-sampling":
        settings["negatives"] = NEGATIVES
    if job["system"] != "firth":
        settings["update"] = job["system"].removeprefix("firth-")
    vectors = firth.train(
        job["corpus"],
        **settings,
        dim=job["dim"],
        threads=job["threads"],
        epochs=job["epochs"],
        seed=job["seed"],
        window=WINDOW,
        subsample=SUBSAMPLE,
        min_count=MIN_COUNT,
        lr=job["lr"],
        quiet=True,
    )
    if job["save"]:
        vectors.save(job["save"])
    return {
        "version": firth.__version__,
        "seconds": sum(epoch["seconds"] for epoch in vectors.history),
        "tokens": sum(epoch["tokens"] for epoch in vectors.history),
        "losses": [epoch["loss"] for epoch in vectors.history],
    }


def train_gensim(job: Job) -> Job:
    import gensim
    from gensim.models import word2vec

    if word2vec.FAST_VERSION < 0:
        raise RuntimeError("gensim's compiled kernel is missing: it would run in plain Python")
    settings = MODELS[job["model"]]
    hierarchical = settings["loss"] == "hierarchical-softmax"
    model = word2vec.Word2Vec(
        sg=int(settings["architecture"] == "skipgram"),
        cbow_mean=1,
        hs=int(hierarchical),
        vector_size=job["dim"],
        workers=job["threads"],
        seed=job["seed"],
        window=WINDOW,
        negative=0 if hierarchical else NEGATIVES,
        sample=SUBSAMPLE,
        min_count=MIN_COUNT,
        alpha=job["lr"],
        min_alpha=1e-4,
    )
    model.build_vocab(corpus_file=job["corpus"])
    start = time.perf_counter()
    _, tokens = model.train(
        corpus_file=job["corpus"],
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=job["epochs"],
    )
    seconds = time.perf_counter() - start
    if job["save"]:
        model.wv.save_word2vec_format(job["save"], binary=True)
    return {"version": gensim.__version__, "seconds": seconds, "tokens": tokens}


def train_fasttext(job: Job) -> Job:
    from importlib import metadata

    import fasttext
    import numpy as np

    settings = MODELS[job["model"]]
    subwords = {name: settings.get(name, 0) for name in SUBWORDS}

    def call(epochs: int) -> tuple[Any, float]:
        start = time.perf_counter()
        model = fasttext.train_unsupervised(
            job["corpus"],
            model=settings["architecture"],
            loss={"negative-sampling": "ns", "hierarchical-softmax": "hs"}[settings["loss"]],
            dim=job["dim"],
            thread=job["threads"],
            epoch=epochs,
            ws=WINDOW,
            neg=NEGATIVES,
            t=SUBSAMPLE,
            minCount=MIN_COUNT,
            lr=job["lr"],
            **subwords,
            verbose=0,
        )
        return model, time.perf_counter() - start

    untrained = 0.0 if job["end_to_end"] else call(0)[1]
    model, seconds = call(job["epochs"])
    if job["save"]:
        words = model.get_words()
        with open(job["save"], "wb") as file:
            file.write(f"{len(words)} {job['dim']}\n".encode())
            for word in words:
                file.write(word.encode() + b" " + np.asarray(model.get_word_vector(word), np.float32).tobytes() + b"\n")
    version = next(metadata.version(name) for name in ("fasttext-wheel", "fasttext") if _installed(name))
    return {"version": version, "seconds": seconds - untrained}


def _installed(name: str) -> bool:
    from importlib import metadata

    return any(True for _ in metadata.distributions(name=name))


SYSTEMS = {
    "firth": train_firth,
    "firth-shared": train_firth,
    "firth-per-pair": train_firth,
    "gensim": train_gensim,
    "fasttext": train_fasttext,
}
DEFAULTS = {"model": "skipgram-ns", "lr": None, "seed": 1, "save": None, "end_to_end": False}
FAMILIES = ("firth", "gensim", "fasttext")
"""The systems, the ways of firth being one."""


def systems(family: str, model: str) -> tuple[str, ...]:
    """The names of the systems of a family that train a model; none where it is not compared."""
    if family == "firth" and model == "skipgram-ns":
        return ("firth-shared", "firth-per-pair")
    if family == "gensim" and MODELS[model].get("maxn"):
        return ()
    return (family,)


def default_lr(system: str, model: str) -> float:
    """0.025 wherever all systems take the same steps, else a system's own default.

    The steps differ in CBOW and with subwords: firth's follow the gradient of the mean, the peers' leave out the
    division by the number of vectors in it. gensim's default is 0.025, fastText's 0.05, firth's what TrainConfig says.
    """
    settings = MODELS[model]
    if settings["architecture"] == "skipgram" and not settings.get("maxn"):
        return 0.025
    if system.startswith("firth"):
        from firth.settings import TrainConfig

        return TrainConfig(**settings).lr
    return 0.025 if system == "gensim" else 0.05


def command(job: Job, pythons: dict[str, str]) -> list[str]:
    """The command line that runs a job, in the interpreter that `pythons` has for the system, or in this one."""
    return [pythons.get(job["system"], sys.executable), str(Path(__file__).resolve()), json.dumps(job)]


def run(job: Job, pythons: dict[str, str]) -> Job:
    """What a system reports of a job that ran in a process of its own. Raises PeerError."""
    try:
        done = subprocess.run(command(job, pythons), capture_output=True, text=True)
    except OSError as error:
        raise PeerError(f"{job['system']}: {error}") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}, no message"])[-1]
        raise PeerError(f"{job['system']}: {last}")
    result: Job = json.loads(done.stdout.splitlines()[-1])
    return result


def saved_name(system: str) -> str:
    """The name of the file that a system can save to."""
    return f"{system}.safetensors" if system.startswith("firth") else f"{system}.bin"


def load(path: Path) -> Any:
    """The vectors of a file that a system saved. Raises firth.FormatError for numbers that are not finite."""
    import firth
    from firth.formats.convert import convert

    if path.suffix != ".safetensors":
        convert(path, path.with_suffix(".safetensors"))
    return firth.load(path.with_suffix(".safetensors"))


def add_python_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="SYSTEM=PATH",
        help="the Python interpreter that has a peer installed; by default the one that runs this",
    )


def parse_pythons(parser: argparse.ArgumentParser, values: list[str]) -> dict[str, str]:
    """{system: interpreter} from SYSTEM=PATH options."""
    pythons = dict(value.partition("=")[::2] for value in values)
    for system, path in pythons.items():
        if system not in SYSTEMS or not os.access(path, os.X_OK):
            parser.error(f"--python {system}={path}: expected one of {', '.join(SYSTEMS)} and a program")
    return pythons


def parse_rates(parser: argparse.ArgumentParser, values: list[str]) -> dict[str, list[float]]:
    """{system: learning rates} from SYSTEM=RATE options, firth standing for all its ways."""
    rates: dict[str, list[float]] = {}
    for value in values:
        family, _, rate = value.partition("=")
        try:
            rates.setdefault(family, []).append(float(rate))
        except ValueError:
            family = ""
        if family not in FAMILIES:
            parser.error(f"--lr {value}: expected one of {', '.join(FAMILIES)}, = and a number")
    return rates


if __name__ == "__main__":
    asked = DEFAULTS | json.loads(sys.argv[1])
    if asked["lr"] is None:
        asked["lr"] = default_lr(asked["system"], asked["model"])
    print(json.dumps(asked | SYSTEMS[asked["system"]](asked)))
