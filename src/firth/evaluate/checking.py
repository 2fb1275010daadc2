"""What is given to evaluate and compare from Python: vectors, and benchmarks that were not read from a file."""

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from firth.errors import ConfigError, quoted
from firth.evaluate.reading import Analogies, Benchmark, Categories, OddOneOut, Similarity
from firth.vectors.container import WordVectors


def check_vectors(name: str, vectors: Any) -> None:
    """Raise ConfigError for what are no word vectors."""
    if not isinstance(vectors, WordVectors):
        raise ConfigError(f"{name} is {vectors!r:.100}: expected word vectors, as firth.load and firth.train return")


def listed(files: Any) -> list[Any]:
    """Paths and benchmarks as a list. Raises ConfigError for one path, and for what is no list."""
    if isinstance(files, str | os.PathLike) or not isinstance(files, Iterable):
        shown = os.fspath(files) if isinstance(files, os.PathLike) else files
        raise ConfigError(f"files is {shown!r:.100}: expected a list of paths")
    return list(files)


def check(benchmark: Any) -> None:
    """Raise ConfigError for what is no benchmark, or one whose parts do not fit together."""
    match benchmark:
        case Similarity():
            _check_similarity(benchmark)
        case Analogies():
            _check_analogies(benchmark)
        case Categories():
            _same_length(benchmark, "words", benchmark.words, "classes", benchmark.classes)
            _check_words(benchmark, [benchmark.words, benchmark.classes])
        case OddOneOut():
            _check_odd(benchmark)
        case _:
            raise ConfigError(f"a benchmark is {benchmark!r:.100}: expected a path, or what read returns")


def _check_similarity(benchmark: Similarity) -> None:
    _same_length(benchmark, "pairs", benchmark.pairs, "ratings", benchmark.ratings)
    for pair in benchmark.pairs:
        if not _is_row(pair) or len(pair) != 2:
            _refuse(benchmark, f"a pair is {pair!r:.100}", "two words")
    _check_words(benchmark, benchmark.pairs)
    for rating in benchmark.ratings:
        if not isinstance(rating, int | float | np.number) or not math.isfinite(rating):
            _refuse(benchmark, f"a rating is {rating!r:.100}", "a finite number; leave the pair out")


def _check_analogies(benchmark: Analogies) -> None:
    for questions in benchmark.sections.values():
        for question in questions:
            if not _is_row(question) or len(question) != 4 or not _is_row(question[3]) or not question[3]:
                _refuse(benchmark, f"a question is {question!r:.100}", "three words and a tuple of one answer or more")
            _check_words(benchmark, [question[:3], question[3]])


def _check_odd(benchmark: OddOneOut) -> None:
    _same_length(benchmark, "groups", benchmark.groups, "odd", benchmark.odd)
    for group in benchmark.groups:
        if not _is_row(group) or len(group) < 2:
            _refuse(benchmark, f"a group is {group!r:.100}", "two words or more that belong together")
    _check_words(benchmark, [*benchmark.groups, benchmark.odd])


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple | list)


def _same_length(benchmark: Benchmark, first: str, ones: Sequence[Any], second: str, others: Sequence[Any]) -> None:
    if len(ones) != len(others):
        _refuse(benchmark, f"{len(ones):,} {first} and {len(others):,} {second}", "as many of both")


def _check_words(benchmark: Benchmark, rows: Iterable[Iterable[Any]]) -> None:
    for row in rows:
        for word in row:
            if not isinstance(word, str):
                _refuse(benchmark, f"a word is {word!r:.100}", "a string")


def _refuse(benchmark: Benchmark, found: str, expected: str) -> None:
    raise ConfigError(f"benchmark {quoted(benchmark.name)}: {found}: expected {expected}")
