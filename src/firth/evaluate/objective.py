"""How well vectors predict a corpus: the exact softmax objective of any vectors, on any text."""

import dataclasses
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.encode import build_corpus
from firth.display import Display
from firth.errors import ConfigError, CorpusError, FormatError
from firth.exact.cooccurrences import Cooccurrences, conditional_entropy
from firth.exact.counting import count_pairs
from firth.exact.trainer import LARGEST_LOSS
from firth.memory import physical_memory
from firth.settings import TrainConfig, available_threads
from firth.tokenizing import Tokenizer, kept_tokenizer
from firth.vectors.container import WordVectors

Floats = npt.NDArray[np.float32]

READING = ("window", "fixed_window", "lower", "tokenizer", "errors")
"""The settings of the vectors' training with which the corpus is read."""


@dataclasses.dataclass(frozen=True)
class CorpusScore:
    """How well a model of P(outside word | center word) predicts a corpus, in nats a pair.

    bias: which bias the scores have: "own", that of the vectors; "none"; or "noise", the logarithms of the
    probabilities of the words as negatives. With "noise" the softmax of vectors from negative sampling is the
    distribution that they estimate (Levy and Goldberg, 2014).
    pairs: the expected number of pairs of an epoch.
    cross_entropy: of the model on the corpus; it is the sum of entropy and kl.
    entropy: the conditional entropy of the corpus, the least cross-entropy that a model can have.
    kl: the divergence of the model from the corpus.
    perplexity: exp(cross_entropy).
    tokens: of the corpus. known: how many of these are among the outside words of the vectors.
    """

    bias: str
    pairs: float
    cross_entropy: float
    entropy: float
    kl: float
    perplexity: float
    tokens: int
    known: int


def score_corpus(
    vectors: WordVectors,
    source: Any,
    *,
    window: int | None = None,
    subsample: float | None = None,
    threads: int | None = None,
    column: str | int | None = None,
    tmp: str | os.PathLike[str] | None = None,
    tokenizer: Tokenizer | None = None,
    quiet: bool = False,
) -> list[CorpusScore]:
    """The exact softmax objective of `vectors` on a corpus, for each bias that they can have (see `CorpusScore`).

    The model is q(o|c) = softmax over all outside words o of u_o·v_c + b_o. Vectors with a bias get one score; vectors
    without one get "none" and, where counts and ns_exponent are known, "noise". Tokens of words without vectors are
    left out. Compare the scores of two files only for the same window and subsample.

    source: a path, an open file, a list of these, an iterable of lists of tokens, or a table with `column`, as for
    `firth.train`; read with the settings of the vectors' training. window, subsample: by default those of the vectors'
    training. threads: by default all processors. tmp: a folder for temporary files. tokenizer: by default that of the
    vectors' training; it must be given where that was a function. quiet: show no progress on standard error.

    Raises ConfigError and CorpusError as `firth.train`, MissingExtraError (zst), and FormatError for vectors without
    outside vectors, of CBOW, or with numbers that are not finite.
    """
    _check_vectors(vectors)
    settings = {name: vectors.config[name] for name in (*READING, "subsample") if name in vectors.config}
    _check_memory(vectors, threads)
    settings["tokenizer"] = kept_tokenizer(settings.get("tokenizer"))
    given: dict[str, Any] = {"window": window, "subsample": subsample, "threads": threads, "column": column}
    given |= {"tmp": tmp, "tokenizer": tokenizer}
    config = TrainConfig(**(settings | {name: value for name, value in given.items() if value is not None}))
    with (
        Display(quiet) as display,
        build_corpus(
            source,
            reading=config,
            words=vectors.outside_words,
            progress=display.reading,
            say=display.say,
            named=tokenizer is not None,
        ) as corpus,
    ):
        n, known = len(vectors), len(corpus.ids)
        with count_pairs(corpus, config, centers=n, folder=tmp, progress=display.counting) as counts:
            pairs = float(counts.row_sums.sum())
            if not pairs:
                raise CorpusError("the corpus has no pair of known words: no sentence has two of them")
            entropy, scores, biases = conditional_entropy(counts), [], _biases(vectors)
            for number, (name, bias) in enumerate(biases):

                def show(rows: int, before: int = n * number) -> None:
                    display.scoring(before + rows, n * len(biases))

                loss = _loss(vectors, bias, counts, config.threads or 1, show) / pairs
                if not loss < LARGEST_LOSS:  # true for a NaN
                    raise FormatError(
                        f"the scores of these vectors are too large: a cross-entropy of {loss:g} nats a pair; expected "
                        f"less than {LARGEST_LOSS:g}"
                    )
                scores.append(
                    CorpusScore(name, pairs, loss, entropy, loss - entropy, math.exp(loss), corpus.tokens, known)
                )
            return scores


def _check_vectors(vectors: WordVectors) -> None:
    """Raise FormatError for vectors that are not a softmax model of one word given another."""
    if vectors.nodes is not None and vectors.outside is None:
        raise FormatError(
            "these vectors are of hierarchical softmax: they have nodes of a tree and no outside vectors, so there is "
            "no softmax to score; train with loss negative-sampling or softmax"
        )
    if vectors.outside is None and vectors.config.get("transforms"):
        raise FormatError(
            "these vectors were transformed after training, and no outside vectors belong to the new ones: give the "
            "file as it was trained"
        )
    if vectors.outside is None:
        raise FormatError(
            "these vectors have no outside vectors, which the objective needs: give a file that firth wrote"
        )
    if vectors.config.get("architecture") == "cbow":
        raise FormatError(
            "these vectors are of CBOW: their outside vectors predict a word from the vectors of its whole window, and "
            "the objective predicts from one word; train with architecture skipgram"
        )
    if not all(
        np.isfinite(array).all() for array in (vectors.center, vectors.outside, vectors.bias) if array is not None
    ):
        raise FormatError("these vectors have numbers that are not finite: expected finite ones")


def _check_memory(vectors: WordVectors, threads: int | None) -> None:
    from firth.exact._softmax import scratch_bytes

    n, m, dim = len(vectors), len(vectors.outside_words), vectors.center.shape[1]
    need = 4.0 * (n + m) * (dim + 16) + scratch_bytes(n, m, dim, threads or available_threads())
    have = physical_memory()
    if need > have:
        raise ConfigError(
            f"scoring {n:,} center and {m:,} outside words of dimension {dim} needs {need / 1e9:.1f} GB and this "
            f"machine has {have / 1e9:.1f} GB: give fewer threads, or vectors of a smaller vocabulary"
        )


def _biases(vectors: WordVectors) -> list[tuple[str, Floats]]:
    """The biases that vectors are scored with, each with its name."""
    if vectors.bias is not None:
        return [("own", vectors.bias)]
    biases = [("none", np.zeros(len(vectors.outside_words), np.float32))]
    exponent = vectors.config.get("ns_exponent")
    known = len(vectors.counts) == len(vectors.outside_words) and vectors.counts.all()
    if known and isinstance(exponent, float) and abs(exponent) <= 16:
        biases.append(("noise", (exponent * np.log(vectors.counts)).astype(np.float32)))
    return biases


def _loss(
    vectors: WordVectors, bias: Floats, counts: Cooccurrences, threads: int, progress: Callable[[int], None]
) -> float:
    """The loss in nats, summed over all pairs. The center vectors are used without the `mix` of outside vectors."""
    from firth.exact._softmax import SoftmaxPass
    from firth.native.arrays import aligned_rows

    (n, m), dim = counts.shape, vectors.center.shape[1]
    center, outside = aligned_rows(n, dim), aligned_rows(m, dim)
    outside[:, :dim] = vectors.outside
    mix = 0.0 if "unfinished" in vectors.config else vectors.config.get("mix", 0.0)
    if not isinstance(mix, int | float) or not 0 <= mix <= 16:
        raise FormatError(f"the vectors' setting mix is {mix!r:.100}: expected a number from 0 to 16")
    with np.errstate(over="ignore", invalid="ignore"):  # the loss will not be finite, and is checked
        center[:, :dim] = vectors.center - np.float32(mix) * outside[:n, :dim]
    row_loss = np.empty(n)
    kernel = SoftmaxPass(counts.indptr, counts.indices, counts.data, n, m, dim, threads)
    kernel.loss(center, outside, np.ascontiguousarray(bias), row_loss, progress)
    return float(row_loss.sum())
