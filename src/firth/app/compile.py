"""What `firth compile` does: small runs of every kind, so that all compiled code is in the cache."""

import dataclasses
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from firth.declaring import BOTH, CBOW, NEGATIVE_SAMPLING, SKIPGRAM, TREE
from firth.files.folders import TemporaryFolder
from firth.run.advice import LearnsLittle

SENTENCES = [[f"w{(7 * i + j * j) % 40}" for j in range(12)] for i in range(60)]
"""A corpus in memory: 40 words."""

DEEP = [[f"w{word}"] * max(2, round(1.62**word)) for word in range(20)]
"""A corpus in memory whose Huffman tree has paths of more nodes than a block takes."""

MOST_NEGATIVES = 16
"""With more the code is the same as with these: they are worked on in groups."""

DIMS = 16, 24
"""The blocks of steps differ where half a vector of 16 floats is enough at the end of a row."""

RARE = 40_000
"""Different words of a text, so many that the tables of words and of pairs grow."""


@dataclasses.dataclass(frozen=True)
class Compiled:
    """What `compile_all` did: the folder of the compiled code, its files and bytes, and seconds by kind of run."""

    folder: str
    files: int
    bytes: int
    seconds: dict[str, float]


def compile_all() -> Compiled:
    """Compile all kernels for this processor, and say on standard error what is under way.

    Raises ConfigError if NUMBA_DISABLE_JIT is set. Warns if the compiled code cannot be kept.
    """
    seconds: dict[str, float] = {}
    advice = "Free some space there, or name another folder in the environment variable TMPDIR"
    with TemporaryFolder(None, "the files of small runs", advice) as folder:
        runs = list(_runs(Path(folder.file("text")).parent))
        for number, (name, run) in enumerate(runs, 1):
            print(f"[{number}/{len(runs)}] {name} ...", file=sys.stderr, flush=True)
            begun = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LearnsLittle)
                run()
            seconds[name] = round(time.perf_counter() - begun, 3)
    from firth.native.jit import kept_files

    files = kept_files()
    place = os.path.commonpath([file.parent for file in files]) if files else ""
    return Compiled(place, len(files), sum(file.stat().st_size for file in files), seconds)


def _train(source: Any = SENTENCES, dims: Iterable[int] = DIMS, **settings: Any) -> Any:
    """The vectors of the last of `dims`."""
    from firth import train

    settings = {"epochs": 1, "min_count": 1, "threads": 2, **settings, "quiet": True}
    return [train(source, dim=dim, **settings) for dim in dims][-1]


def _runs(folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The name of each small run, and the run."""
    yield "text from files", partial(_read_text, folder)
    for architecture in (SKIPGRAM, CBOW):
        for loss in (NEGATIVE_SAMPLING, TREE, BOTH):
            kind: dict[str, Any] = {"architecture": architecture, "loss": loss}
            pairs = architecture == SKIPGRAM and loss == NEGATIVE_SAMPLING
            for update in ({"update": "shared"}, {"update": "per-pair"}) if pairs else ({},):
                yield from _kinds_of(kind | update)
            yield from _kinds_of_documents(kind)
    yield f"1 to {MOST_NEGATIVES} negatives", _train_with_all_negatives
    yield "softmax", partial(_train, loss="softmax", epochs=2)
    yield "phrases", partial(_join, folder)
    yield "vectors in text", partial(_convert, folder)
    yield "queries and documents", partial(_query, folder)
    yield "many queries at once", _query_many


def _kinds_of(settings: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The runs of one loss, architecture and update: with words or subwords, with few outputs or in groups."""
    for more, ending in (({}, ""), (_in_groups(settings), ", in groups")):
        name = ", ".join(settings.values()) + ending
        yield name, partial(_train, **settings, **more)
        yield f"{name}, subwords", partial(_train, **settings, **more, maxn=3, bucket=1000)
        yield f"{name}, deterministic", partial(_train, **settings, **more, deterministic=True)
        if settings["loss"] != BOTH:
            yield f"{name}, frozen words", partial(_go_on, settings | more)


def _kinds_of_documents(settings: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The runs of one loss and architecture that learn vectors of documents."""
    option = "documents_alone" if settings["architecture"] == SKIPGRAM else "concatenate"
    for more, ending in (({}, ""), (_in_groups(settings), ", in groups")):
        for chosen in (False, True):
            name = (
                ", ".join(settings.values()) + f", documents{' ' + option.replace('_', ' ') if chosen else ''}{ending}"
            )
            yield name, partial(_learn_documents, **settings, **more, **{option: chosen})


def _in_groups(settings: dict[str, Any]) -> dict[str, Any]:
    """What makes steps have more outputs than a block takes."""
    return {"negatives": MOST_NEGATIVES} if settings["loss"] == NEGATIVE_SAMPLING else {"source": DEEP}


def _learn_documents(**settings: Any) -> None:
    from firth import infer

    infer(_train(documents=True, **settings), SENTENCES[:3], quiet=True)


def _train_with_all_negatives() -> None:
    """The blocks of steps are compiled anew for each number of negatives."""
    for negatives in range(1, MOST_NEGATIVES):
        _train(negatives=negatives)
        _train(negatives=negatives, architecture="cbow")


def _text(folder: Path) -> Path:
    """A text of many words, with spaces that are not ASCII."""
    path = folder / "text.txt"
    if not path.exists():
        line = "rare{} a b a-word-of-more-than-sixteen-letters".format
        lines = (" ".join(line(10 * i + j) for j in range(10)) for i in range(RARE // 10))
        path.write_text("\n".join(["a\u00a0b\u2003c", *lines, "A B c d"]), encoding="utf-8")
    return path


def _read_text(folder: Path) -> None:
    more: dict[str, Any] = {"lower": True, "tokenizer": "words"}
    for reading in ({}, more):
        _train(_text(folder), max_vocab=30, **reading)
    for _ in range(2):  # the second time, what was kept is checked
        _train(_text(folder), max_vocab=30, cache=folder / "cache", dims=DIMS[:1])


def _join(folder: Path) -> None:
    from firth.corpus.joining import PhraseSettings
    from firth.phrases import join_text

    _train(_text(folder), phrases=2, phrase_threshold=1e-3, max_vocab=30)
    join_text(_text(folder), folder / "joined.txt", PhraseSettings(score="npmi"), min_count=1)


def _go_on(settings: dict[str, Any]) -> None:
    """Go on from vectors of which some words are frozen."""
    _train(from_=_train(**settings), dims=DIMS[-1:], freeze=["w0", "w1"])


def _query(folder: Path) -> None:
    """Ask for the vectors of words never seen, alone and in documents, of vectors in memory and of a file."""
    from firth import documents, load

    vectors, path = _train(maxn=3, bucket=1000), folder / "vectors.safetensors"
    vectors.save(path)
    for each in (vectors, load(path)):
        each["never-seen"]
        each.neighbors("never-seen", 1)
        documents(each, _text(folder), quiet=True)


def _convert(folder: Path) -> None:
    """Write vectors as text and read them."""
    from firth.formats.convert import convert

    path = folder / "to-convert.safetensors"
    _train().save(path)
    convert(path, path.with_suffix(".txt"))
    convert(path.with_suffix(".txt"), path)


def _query_many() -> None:
    """Ask so much at once that the compiled selection is used."""
    words = ["w0", "w1", "w2"] * 50
    vectors = _train()
    vectors.neighbors(words, 1)
    vectors.analogies([("w0", "w1", "w2")] * 50)
