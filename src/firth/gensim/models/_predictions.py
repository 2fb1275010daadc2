"""What a model predicts: the words of a context, and how probable sentences are."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.gensim.models._reading import Key
from firth.sgd.huffman import huffman_paths

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

TOKENS_AT_ONCE = 4096
"""Tokens that are scored together, or those of one sentence, so that memory stays bounded."""


def output_words(vectors: Floats, outside: Floats, rows: Sequence[int], mean: bool) -> npt.NDArray[np.float32]:
    """(n,) float32: the softmax of u_o·h over all words o, h the mean or the sum of the vectors of a context.

    vectors, outside: (n, d). rows: the words of the context.
    """
    context = vectors[list(rows)].astype(np.float64)
    scores = outside @ (context.mean(axis=0) if mean else context.sum(axis=0))
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum(), np.float32)


class TreeScores:
    """Log probabilities of sentences under hierarchical softmax."""

    def __init__(
        self, vectors: Floats, nodes: Floats, counts: Ints, window: int, *, skipgram: bool, mean: bool
    ) -> None:
        """vectors: (n, d). nodes: (n - 1 or more, d), root first, of the tree of `counts` (n,)."""
        self._vectors, self._nodes, self._paths = vectors, nodes, huffman_paths(counts)
        self._window, self._skipgram, self._mean = window, skipgram, mean

    def of(self, sentences: Iterable[Iterable[Key]], ids: dict[Key, int]) -> Iterator[float]:
        """Yield the log probability of each sentence; words that are not in `ids` are left out of it.

        With skip-gram the sum of log P(w | o) over all words w and each other word o of the window, with CBOW that of
        log P(w | mean or sum of the window) over all words w with a window. 0 for a sentence of less than two words.
        """
        for batch in _batches([ids[word] for word in sentence if word in ids] for sentence in sentences):
            lengths = [len(tokens) for tokens in batch]
            tokens = np.fromiter(itertools.chain.from_iterable(batch), np.int64, sum(lengths))
            of_sentence = np.repeat(np.arange(len(batch)), lengths)
            scores = np.zeros(len(batch))
            for places, hidden in self._inputs(tokens, of_sentence):
                scores += np.bincount(of_sentence[places], self._logarithms(tokens[places], hidden), len(batch))
            yield from scores.tolist()

    def _inputs(self, tokens: Ints, of_sentence: Ints) -> Iterator[tuple[Ints, npt.NDArray[Any]]]:
        """Yield the places of tokens that are predicted, and what predicts each, (places, d)."""
        total = np.zeros((len(tokens), self._vectors.shape[1]))
        number = np.zeros(len(tokens), np.int64)
        for offset in range(1, min(self._window, len(tokens) - 1) + 1):
            first = np.flatnonzero(of_sentence[offset:] == of_sentence[:-offset])
            for places, others in ((first, first + offset), (first + offset, first)):
                rows = self._vectors[tokens[others]]
                if self._skipgram:
                    yield places, rows
                else:
                    total[places] += rows
                    number[places] += 1
        if not self._skipgram:
            places = np.flatnonzero(number)
            yield places, total[places] / (number[places, np.newaxis] if self._mean else 1)

    def _logarithms(self, words: Ints, hidden: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """(m,) log P(w | h): the sum of log σ((1 - 2 bit) u·h) over the path to each word w."""
        offsets, nodes, bits = self._paths
        begins, lengths = offsets[words], np.diff(offsets)[words]
        of_word = np.repeat(np.arange(len(words)), lengths)
        within = np.arange(len(of_word)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        branches = begins[of_word] + within
        scores = np.einsum("ij,ij->i", self._nodes[nodes[branches]].astype(np.float64), hidden[of_word])
        signs = 1.0 - 2.0 * bits[branches]
        return np.asarray(np.bincount(of_word, -np.logaddexp(0.0, -signs * scores), len(words)))


def _batches(sentences: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    """Yield lists of sentences of `TOKENS_AT_ONCE` tokens together, or more by one sentence."""
    batch: list[list[int]] = []
    size = 0
    for sentence in sentences:
        batch.append(sentence)
        size += len(sentence)
        if size >= TOKENS_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
