"""An exercise for a training kernel, and its solution in plain Python with the functions of `reference`."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from firth import reference
from firth.check.formulas import largest
from firth.reference import Array

Floats = npt.NDArray[np.float32]

LOW_BITS = 2**32 - 1
_MASK = 2**64 - 1


@dataclasses.dataclass(frozen=True)
class Exercise:
    """A span of a small corpus to train on, by a kernel and by `walk`.

    sentences: lists of word ids. center, outside: (n, d) float32, the vectors before training. The learning rate at a
    position of the corpus is lr + slope · position. keep: (n,) int64, as from `keep_thresholds`; None keeps all tokens.
    noise: (n,), the distribution of the negatives; None is uniform. start, stop: the span, stop exclusive; None is the
    end of the corpus.

    cbow: how the vectors of a window are combined, "mean" or "sum"; "undivided" is the mean with the gradient of the
    sum, which is wrong. tree: (n,) counts for hierarchical softmax; outside then has n - 1 rows. both: whether
    negatives are drawn beside a tree; outside then has the rows of n words, then n - 1 nodes. ngrams: offsets and rows
    of words made of subwords, as from `subwords.ngram_rows`; center then has all rows, and `walk` adds all changes of
    words to their rows at the end, as a kernel does at the end of a span. frozen: words that training does not move;
    not with subwords.

    documents: (m, d) float32, the vectors of m tags; tags: those of each sentence. combine: how documents predict:
    "dbow" alone, "dbow with words" or, as PV-DM, "mean", "sum" or "concatenation", where outside is as wide as all
    vectors side by side. The places of a window beyond a sentence then have the vector `padding`, by default zeros.
    """

    sentences: Sequence[Sequence[int]]
    center: Floats
    outside: Floats
    window: int = 5
    fixed_window: bool = True
    negatives: int = 5
    shared: bool = True
    lr: float = 0.5
    slope: float = 0.0
    keep: npt.NDArray[np.int64] | None = None
    noise: npt.NDArray[np.float64] | None = None
    start: int = 0
    stop: int | None = None
    token_key: int = 11
    noise_key: int = 22
    cbow: str | None = None
    tree: Sequence[int] | None = None
    ngrams: tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]] | None = None
    frozen: Sequence[int] = ()
    both: bool = False
    documents: Floats | None = None
    tags: Sequence[Sequence[int]] = ()
    padding: Floats | None = None
    combine: str = ""  # "undivided" is the mean with the gradient of the sum

    @property
    def of_documents(self) -> Floats:
        """The vectors of documents before training, and the padding's (m + 1, d)."""
        dim = self.center.shape[1]
        known = np.zeros((0, dim), np.float32) if self.documents is None else self.documents
        padding = np.zeros(dim, known.dtype) if self.padding is None else self.padding
        return np.concatenate([known, padding[None]])

    @property
    def words(self) -> int:
        """The number of words n."""
        return len(self.center) if self.ngrams is None else len(self.ngrams[0]) - 1

    def ids(self) -> npt.NDArray[np.int32]:
        """The word ids of all sentences (tokens,)."""
        return np.array([word for sentence in self.sentences for word in sentence], np.int32)

    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each sentence begins, and the end (sentences + 1,)."""
        return np.cumsum([0, *map(len, self.sentences)], dtype=np.int64)

    def thresholds(self) -> npt.NDArray[np.int64]:
        """`keep` (n,)."""
        return np.full(self.words, LOW_BITS, np.int64) if self.keep is None else self.keep

    def noise_shares(self) -> npt.NDArray[np.float64]:
        """The distribution of the negatives (n,)."""
        return np.full(self.words, 1 / self.words) if self.noise is None else self.noise

    def noise_table(self) -> npt.NDArray[np.uint64]:
        """The alias table of the negatives (n,)."""
        from firth.native import rng

        return np.asarray(rng.alias_table(self.noise_shares()))


@dataclasses.dataclass(frozen=True)
class Trained:
    """The result of an exercise: the vectors after training, the loss in nats and the number of pairs.

    documents: those of documents and of the padding (m + 1, d).
    """

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]
    loss: float
    pairs: int
    documents: npt.NDArray[Any]


def walk(exercise: Exercise) -> Trained:
    """Train on the exercise token by token in plain Python, with the functions of `reference`, in float64."""
    centers, outsides = exercise.center.astype(np.float64), exercise.outside.astype(np.float64)
    tokens = kept_tokens(exercise)
    paths = None if exercise.tree is None else reference.huffman(exercise.tree)
    table = [] if paths is not None and not exercise.both else [int(entry) for entry in exercise.noise_table()]
    documents = exercise.of_documents.astype(np.float64)
    vectors = _Composed(exercise, tokens, centers) if exercise.ngrams is not None else None
    loss, pairs = 0.0, 0
    for at, (position, word, near, sentence) in enumerate(tokens):
        if vectors is not None:
            vectors.reach(at)
        if not exercise.start <= position < (exercise.stop or np.inf):
            continue
        inputs = centers if vectors is None else vectors.rows
        ids = near if vectors is not None else [tokens[other][1] for other in near]
        lr = exercise.lr + exercise.slope * position
        draws = _draws(exercise.noise_key, position)
        groups = [ids] if exercise.shared or exercise.cbow or paths else [[one] for one in ids]
        for group in groups:
            pair_loss, answers = _pair_loss(exercise, word, paths, table, draws)
            if exercise.combine:
                window = dict(zip((other - at for other in near), ids, strict=True))
                all_tags = exercise.tags[sentence]
                vectors_of = centers, documents, outsides
                loss += _move_documents(exercise, window, all_tags, word, pair_loss, answers, vectors_of, lr)
                pairs += len(all_tags) + ("words" in exercise.combine) * len(ids) if "dbow" in exercise.combine else 1
                continue
            loss += _move(exercise, group, word, pair_loss, answers, inputs, outsides, lr)
            pairs += bool(ids) if exercise.cbow else len(group)
    if vectors is not None:
        vectors.leave(len(tokens))
    return Trained(centers, outsides, loss, pairs, documents)


def _pair_loss(
    exercise: Exercise, word: int, paths: Any, table: Sequence[int], draws: Iterator[int]
) -> tuple[reference.PairLoss, list[tuple[int, int]]]:
    """The loss of a prediction of a word, and the rows of U, each with 1 for a right answer or 0."""
    first, answers = len(paths) if exercise.both else 0, []
    if paths is not None:
        nodes, bits = paths[word]
        answers = [(first + node, 1 - bit) for node, bit in zip(nodes, bits, strict=True)]
        if not exercise.both:
            return partial(reference.hierarchical_softmax, paths=paths), answers
    negatives = _negatives(table, word, exercise.negatives, draws)
    answers += [(word, 1), *((negative, 0) for negative in negatives)]
    if exercise.both:
        return partial(reference.both_losses, negatives=negatives, paths=paths), answers
    return partial(reference.negative_sampling, negatives=negatives), answers


def kept_tokens(exercise: Exercise) -> list[tuple[int, int, list[int], int]]:
    """(position, word, window, sentence) of each token that is kept; the window is indices into this list."""
    thresholds, position = exercise.thresholds(), 0
    found: list[tuple[int, int, list[int], int]] = []
    for number, sentence in enumerate(exercise.sentences):
        kept = []
        for word in sentence:
            bits = draw(exercise.token_key, position)
            reach = exercise.window if exercise.fixed_window else 1 + ((bits & LOW_BITS) * exercise.window >> 32)
            if bits >> 32 <= thresholds[word]:
                kept.append((position, word, reach))
            position += 1
        places = range(len(found), len(found) + len(kept))
        for at, (place, word, reach) in enumerate(kept):
            found.append((place, word, reference.window_ids(places, at, reach), number))
    return found


class _Composed:
    """The vectors of tokens made of subwords: computed as a window reaches a token, added to its rows as it leaves."""

    def __init__(self, exercise: Exercise, tokens: list[tuple[int, int, list[int], int]], centers: Array) -> None:
        assert exercise.ngrams is not None
        offsets, rows = exercise.ngrams
        self.rows = np.zeros((len(tokens), centers.shape[1]))
        self._begun, self._centers, self._window = self.rows.copy(), centers, exercise.window
        self._parts = [rows[offsets[word] : offsets[word + 1]].tolist() for _, word, _, _ in tokens]
        self._reached = self._left = 0

    def reach(self, at: int) -> None:
        """Compute the vectors of the tokens in the window of the token at this index."""
        while self._reached < min(at + self._window + 1, len(self.rows)):
            self.leave(self._reached - 2 * self._window)
            vector = reference.subword_vector(self._parts[self._reached], self._centers)
            self.rows[self._reached] = self._begun[self._reached] = vector
            self._reached += 1

    def leave(self, end: int) -> None:
        """Add the changes of the tokens before this index to their rows.

        The gradient of a mean gives each of its m rows 1/m, and the learning rate of subwords is m times as high.
        """
        while self._left < end:
            moved = self.rows[self._left] - self._begun[self._left]
            np.add.at(self._centers, self._parts[self._left], moved)
            self._left += 1


def draw(key: int, position: int) -> int:
    """64 random bits: output `position` of splitmix64 (Steele, Lea and Flood 2014) started from `key`."""
    state = (key + position * 0x9E3779B97F4A7C15) & _MASK
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
    return state ^ state >> 31


def with_tree(exercise: Exercise, counts: Sequence[int]) -> Exercise:
    """The exercise with hierarchical softmax, for n counts; the first n - 1 outside vectors become the nodes."""
    return dataclasses.replace(exercise, tree=counts, outside=exercise.outside[: len(counts) - 1])


def with_subwords(exercise: Exercise, rng: np.random.Generator, bucket: int = 20) -> Exercise:
    """The exercise with words made of subwords. Their names differ in length, share n-grams, and some repeat one.

    The rows are new vectors, about as long as the old ones.
    """
    from firth.vectors.subwords import ngram_rows

    n, dim = exercise.center.shape
    rows = rng.normal(scale=exercise.center.std(), size=(n + bucket, dim)).astype(np.float32)
    ngrams = ngram_rows([f"{word:o}{'ab' * (word % 4)}" for word in range(n)], 2, 4, bucket)
    return dataclasses.replace(exercise, ngrams=ngrams, center=rows)


def deviation(exercise: Exercise, expected: Trained, found: Trained) -> float:
    """The largest difference between two results of an exercise, relative to what the exercise changes.

    For each matrix, the largest difference of an entry is divided by the largest change of an entry; the difference of
    the losses is divided by the loss. Infinite if the numbers of pairs differ.
    """
    if expected.pairs != found.pairs:
        return np.inf
    center = largest(found.center - expected.center) / (largest(expected.center - exercise.center) or 1.0)
    outside = largest(found.outside - expected.outside) / (largest(expected.outside - exercise.outside) or 1.0)
    documents = largest(found.documents - expected.documents)
    documents /= largest(expected.documents - exercise.of_documents) or 1.0
    loss = abs(found.loss - expected.loss) / (expected.loss or 1.0)
    return float(np.max([center, outside, documents, loss]))


def _draws(key: int, position: int) -> Iterator[int]:
    stream, counter = draw(key, position), 0
    while True:
        yield draw(stream, counter)
        counter += 1


def _negatives(table: Sequence[int], word: int, count: int, draws: Iterator[int]) -> list[int]:
    """`count` negatives. Each is drawn again while it is the predicted word, and left out after `TRIES` draws."""
    from firth.sgd._negatives import TRIES

    negatives = []
    for _ in range(count):
        for _ in range(TRIES):
            bits = next(draws)
            column = (bits >> 32) * len(table) >> 32
            negative = column if bits & LOW_BITS <= table[column] >> 32 else table[column] & LOW_BITS
            if negative != word:
                negatives.append(negative)
                break
    return negatives


def _move(
    exercise: Exercise,
    ids: list[int],
    word: int,
    pair_loss: reference.PairLoss,
    answers: list[tuple[int, int]],
    inputs: Array,
    outsides: Array,
    lr: float,
) -> float:
    """Change the vectors by one update in which `ids`, or their mean, predict `word`; return its loss.

    The reference computes every gradient at the old vectors; so does the kernel, but for `_move_in_turn`. answers: the
    rows of U, each with 1 for a right answer or 0.
    """
    if exercise.cbow:
        mean = exercise.cbow != "sum"
        loss, grad_inputs, grad_outsides = reference.cbow(word, ids, inputs, outsides, pair_loss, mean=mean)
        grad_inputs *= max(1, len(ids)) if exercise.cbow == "undivided" else 1
    else:
        loss, grad_inputs, grad_outsides = 0.0, np.zeros_like(inputs), np.zeros_like(outsides)
        for one in ids:
            pair, grad_input, of_outsides = pair_loss(inputs[one], word, outsides)
            loss += pair
            grad_inputs[one] += grad_input
            grad_outsides += of_outsides
        moving = [one for one in ids if one not in exercise.frozen]
        _move_in_turn(moving, word, pair_loss, answers, inputs, outsides, grad_outsides, lr)
    held = list(exercise.frozen)
    grad_inputs[held] = 0.0
    if exercise.tree is None:
        grad_outsides[held] = 0.0
    inputs -= lr * grad_inputs
    outsides -= lr * grad_outsides
    return loss


def _move_in_turn(
    ids: Sequence[int],
    word: int,
    pair_loss: reference.PairLoss,
    answers: list[tuple[int, int]],
    inputs: Array,
    outsides: Array,
    grad_outsides: Array,
    lr: float,
) -> None:
    """Change the gradient of U as the kernel does where an input of a window occurs twice.

    It then moves twice in turn, if the outputs fit into one group (see `_updates.rank_update`), and the second time the
    outputs move along its new vector.
    """
    from firth.sgd._blocks import MAX_OUTPUTS

    repeated = {one: times for one, times in Counter(ids).items() if times > 1}
    for one, times in repeated.items() if len(answers) <= MAX_OUTPUTS else ():
        _, grad_input, _ = pair_loss(inputs[one], word, outsides)
        for row, yes in answers:
            score = outsides[row] @ inputs[one]
            slope = -reference.sigmoid(-score) if yes else reference.sigmoid(score)
            grad_outsides[row] -= lr * times * (times - 1) / 2 * slope * grad_input


def _move_documents(
    exercise: Exercise,
    window: dict[int, int],
    tags: Sequence[int],
    word: int,
    pair_loss: reference.PairLoss,
    answers: list[tuple[int, int]],
    vectors: tuple[Array, Array, Array],
    lr: float,
) -> float:
    """Change V, the vectors of documents and U by one update in a document with these tags; return its loss.

    window: the words of the window by their places, from -window to window.
    """
    centers, documents, outsides = vectors
    ids, n = list(window.values()), len(centers)
    if "dbow" in exercise.combine:
        ids = ids if "words" in exercise.combine else []
        loss, *grads = reference.pv_dbow(word, ids, tags, *vectors, pair_loss)
        for idxs, inputs in ((ids, centers), (tags, documents)):
            _move_in_turn(idxs, word, pair_loss, answers, inputs, outsides, grads[2], lr)
    elif exercise.combine == "concatenation":
        reach = range(-exercise.window, exercise.window + 1)
        ids = [window.get(place, n) for place in reach if place != 0]
        padded = np.concatenate([centers, documents[-1:]])
        parts = padded, documents, outsides
        loss, *grads = reference.pv_dm(word, ids, tags, *parts, pair_loss, combine="concatenation")
        grads[1][-1] += grads[0][n]
        grads[0] = grads[0][:n]
    else:
        mean = exercise.combine != "sum"
        loss, *grads = reference.pv_dm(word, ids, tags, *vectors, pair_loss, combine="mean" if mean else "sum")
        for grad in grads[:2]:
            grad *= len(ids) + len(tags) if exercise.combine == "undivided" else 1
    for matrix, grad in zip(vectors, grads, strict=True):
        matrix -= lr * grad
    return loss
