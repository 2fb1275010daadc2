"""The proof that ships, of the kernels: each against the steps of `reference`, walked in plain Python or in NumPy."""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from firth import reference
from firth.check.formulas import largest
from firth.corpus.encode import build_corpus
from firth.exact.counting import count_pairs
from firth.native.arrays import aligned_rows
from firth.reference import Array
from firth.settings import TrainConfig
from firth.sgd.tables import Kernel, Tables, tree_paths
from firth.sgd.worker import Worker

Floats = npt.NDArray[np.float32]

KERNEL_TOLERANCE = 5e-6
"""The largest relative deviation that passes: some three times what float32 rounding leaves."""

_MASK = 2**64 - 1
_LOW = 2**32 - 1


@dataclasses.dataclass(frozen=True)
class Exercise:
    """A span of a small corpus to train on, for a kernel and for the plain Python walk that it is compared with.

    sentences: lists of word ids. center, outside: (n, d) float32, the vectors before. lr + slope · position is the
    learning rate. keep: (n,) int64 as from `keep_thresholds`, None keeps all tokens. noise: (n,), the
    distribution of the negatives, None is uniform. start, stop: the span, stop exclusive, None is the end.

    cbow: what a window's words become, "mean" or "sum"; "undivided" is the mean with the sum's gradient, and wrong.
    tree: (n,) counts for hierarchical softmax; outside then has n - 1 rows. grams: offsets and rows of words made of
    subwords, as from `subwords.ngram_rows`; center then has all rows, and the walk is that of one span (see
    `sgd._composed`): it takes all vectors apart at the end. frozen: words whose vectors stay; none of subwords.
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
    grams: tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]] | None = None
    frozen: Sequence[int] = ()

    @property
    def words(self) -> int:
        """The number of words n."""
        return len(self.center) if self.grams is None else len(self.grams[0]) - 1

    def ids(self) -> npt.NDArray[np.int32]:
        """The word ids of all sentences (tokens,)."""
        return np.array([word for sentence in self.sentences for word in sentence], np.int32)

    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each sentence begins, and the end (sentences + 1,)."""
        return np.cumsum([0, *map(len, self.sentences)], dtype=np.int64)

    def thresholds(self) -> npt.NDArray[np.int64]:
        """`keep` (n,)."""
        return np.full(self.words, _LOW, np.int64) if self.keep is None else self.keep

    def noise_shares(self) -> npt.NDArray[np.float64]:
        """The distribution of the negatives (n,)."""
        return np.full(self.words, 1 / self.words) if self.noise is None else self.noise

    def noise_table(self) -> npt.NDArray[np.uint64]:
        """The alias table of the negatives (n,)."""
        from firth.native import rng

        return np.asarray(rng.alias_table(self.noise_shares()))


@dataclasses.dataclass(frozen=True)
class Trained:
    """What an exercise leads to: the vectors after, both (n, d), the loss in nats and the number of pairs."""

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]
    loss: float
    pairs: int


def train(exercise: Exercise, hot: int = 0, period: int = 1) -> Trained:
    """The exercise done by the compiled kernel, in float32, with `hot` private rows merged after `period` uses."""
    from firth.sgd._tokens import Epoch

    dim, mask = exercise.center.shape[1], None
    if exercise.frozen:
        mask = np.zeros(exercise.words, np.int64)
        mask[list(exercise.frozen)] = 1
    tables = Tables(
        keep=exercise.thresholds(),
        window=exercise.window,
        fixed_window=exercise.fixed_window,
        update=exercise.cbow or ("shared" if exercise.shared else "per-pair"),
        ngrams=exercise.grams,
    )
    if exercise.tree is None:
        tables = dataclasses.replace(tables, noise=exercise.noise_shares(), negatives=exercise.negatives)
    else:
        tables = dataclasses.replace(tables, tree=tree_paths(np.asarray(exercise.tree, np.int64)))
    center, outside = _padded(exercise.center), _padded(exercise.outside)
    masks = mask, mask if exercise.tree is None else None
    worker = Worker(Kernel(tables), center, outside, hot=(hot, hot), periods=(period, period), frozen=masks)
    ids = exercise.ids()
    stop = len(ids) if exercise.stop is None else exercise.stop
    epoch = Epoch(exercise.token_key, exercise.noise_key, exercise.lr, exercise.slope)
    worker.train_span(ids, exercise.offsets(), exercise.start, stop, epoch)
    loss, pairs = worker.done
    return Trained(center[:, :dim], outside[:, :dim], loss, int(pairs))


def walk(exercise: Exercise) -> Trained:
    """The exercise done token by token in plain Python with the steps of `reference`, in float64."""
    centers, outsides = exercise.center.astype(np.float64), exercise.outside.astype(np.float64)
    tokens = kept_tokens(exercise)
    paths = None if exercise.tree is None else reference.huffman(exercise.tree)
    table = [] if paths is not None else [int(entry) for entry in exercise.noise_table()]
    vectors = _Composed(exercise, tokens, centers) if exercise.grams is not None else None
    loss, pairs = 0.0, 0
    for at, (position, word, near) in enumerate(tokens):
        if vectors is not None:
            vectors.reach(at)
        if not exercise.start <= position < (exercise.stop or np.inf):
            continue
        inputs = centers if vectors is None else vectors.rows
        ids = near if vectors is not None else [tokens[other][1] for other in near]
        lr = exercise.lr + exercise.slope * position
        draws = _draws(exercise.noise_key, position)
        groups = [ids] if exercise.shared or exercise.cbow or paths else [[one] for one in ids]
        pairs += bool(ids) if exercise.cbow else len(ids)
        for group in groups:
            if paths is not None:
                pair_loss: reference.PairLoss = partial(reference.hierarchical_softmax, paths=paths)
                nodes, bits = paths[word]
                answers = [*zip(nodes, [1 - bit for bit in bits], strict=True)]
            else:
                negatives = _negatives(table, word, exercise.negatives, draws)
                pair_loss = partial(reference.negative_sampling, negatives=negatives)
                answers = [(word, 1), *((negative, 0) for negative in negatives)]
            loss += _move(exercise, group, word, pair_loss, answers, inputs, outsides, lr)
    if vectors is not None:
        vectors.leave(len(tokens))
    return Trained(centers, outsides, loss, pairs)


def kept_tokens(exercise: Exercise) -> list[tuple[int, int, list[int]]]:
    """(position in the corpus, word, the places in this list of its window) of each token that is kept."""
    thresholds, position = exercise.thresholds(), 0
    found: list[tuple[int, int, list[int]]] = []
    for sentence in exercise.sentences:
        kept = []
        for word in sentence:
            bits = draw(exercise.token_key, position)
            reach = exercise.window if exercise.fixed_window else 1 + ((bits & _LOW) * exercise.window >> 32)
            if bits >> 32 <= thresholds[word]:
                kept.append((position, word, reach))
            position += 1
        places = range(len(found), len(found) + len(kept))
        for at, (place, word, reach) in enumerate(kept):
            found.append((place, word, reference.window_ids(places, at, reach)))
    return found


class _Composed:
    """The vectors of tokens made of subwords: put together when a window reaches them, taken apart when it has left."""

    def __init__(self, exercise: Exercise, tokens: list[tuple[int, int, list[int]]], centers: Array) -> None:
        assert exercise.grams is not None
        offsets, rows = exercise.grams
        self.rows = np.zeros((len(tokens), centers.shape[1]))
        self._begun, self._centers, self._window = self.rows.copy(), centers, exercise.window
        self._parts = [rows[offsets[word] : offsets[word + 1]].tolist() for _, word, _ in tokens]
        self._reached = self._left = 0

    def reach(self, at: int) -> None:
        """Be ready for the window of the token at a place."""
        while self._reached < min(at + self._window + 1, len(self.rows)):
            self.leave(self._reached - 2 * self._window)
            vector = reference.subword_vector(self._parts[self._reached], self._centers)
            self.rows[self._reached] = self._begun[self._reached] = vector
            self._reached += 1

    def leave(self, end: int) -> None:
        """Take apart the tokens before a place: m rows take the gradient of their mean, 1/m, at m times the rate."""
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
    """The exercise with the hierarchical softmax of n counts; the first n - 1 outside vectors become the nodes'."""
    return dataclasses.replace(exercise, tree=counts, outside=exercise.outside[: len(counts) - 1])


def with_subwords(exercise: Exercise, rng: np.random.Generator, bucket: int = 20) -> Exercise:
    """The exercise with words made of subwords, of names that differ in length, share n-grams and repeat some.

    The rows are new vectors of the size of the old ones.
    """
    from firth.vectors.subwords import ngram_rows

    n, dim = exercise.center.shape
    rows = rng.normal(scale=exercise.center.std(), size=(n + bucket, dim)).astype(np.float32)
    grams = ngram_rows([f"{word:o}{'ab' * (word % 4)}" for word in range(n)], 2, 4, bucket)
    return dataclasses.replace(exercise, grams=grams, center=rows)


def deviation(exercise: Exercise, expected: Trained, found: Trained) -> float:
    """The largest difference of two results of an exercise, relative to what the exercise changes.

    The largest of: for either matrix the largest difference of an entry, divided by the largest change of an entry; and
    the difference of the losses, divided by the loss. Infinite if the pairs differ in number.
    """
    if expected.pairs != found.pairs:
        return np.inf
    center = largest(found.center - expected.center) / (largest(expected.center - exercise.center) or 1.0)
    outside = largest(found.outside - expected.outside) / (largest(expected.outside - exercise.outside) or 1.0)
    loss = abs(found.loss - expected.loss) / (expected.loss or 1.0)
    return float(np.max([center, outside, loss]))


def kernel_rows(seed: int = 1) -> list[dict[str, Any]]:
    """One dict a kernel, in the order of `KERNELS` and `EXACT`: name, deviation, tolerance, ok; inputs from `seed`."""
    rows = []
    for name in (*KERNELS, *EXACT):
        rng = np.random.default_rng(seed)
        if name in KERNELS:
            exercise = KERNELS[name](rng)
            found = deviation(exercise, walk(exercise), train(exercise))
        else:
            found = EXACT[name](rng)
        ok = found <= KERNEL_TOLERANCE  # a NaN fails
        rows.append({"name": name, "deviation": found, "tolerance": KERNEL_TOLERANCE, "ok": ok})
    return rows


def _draws(key: int, position: int) -> Iterator[int]:
    stream, counter = draw(key, position), 0
    while True:
        yield draw(stream, counter)
        counter += 1


def _negatives(table: Sequence[int], word: int, count: int, draws: Iterator[int]) -> list[int]:
    """`count` negatives, each drawn again while it is the predicted word, and left out after so many tries."""
    from firth.sgd._negatives import TRIES

    negatives = []
    for _ in range(count):
        for _ in range(TRIES):
            bits = next(draws)
            column = (bits >> 32) * len(table) >> 32
            negative = column if bits & _LOW <= table[column] >> 32 else table[column] & _LOW
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
    """Move by one step in which `ids`, or their mean, predict a word; return its loss.

    The reference takes every gradient at the old vectors. So does the kernel, but for a word that occurs twice in the
    window of a step with one group of outputs: it is moved twice in turn (see `_blocks.rank_update`), and the second
    time the outputs move along its new vector. `answers` are the rows of U and whether each is a yes.
    """
    from firth.sgd import _blocks

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
        repeated = {one: times for one, times in Counter(ids).items() if times > 1 and one not in exercise.frozen}
        for one, times in repeated.items() if len(answers) <= _blocks.MAX_OUTPUTS else ():
            _, grad_input, _ = pair_loss(inputs[one], word, outsides)
            for row, yes in answers:
                score = outsides[row] @ inputs[one]
                slope = -reference.sigmoid(-score) if yes else reference.sigmoid(score)
                grad_outsides[row] -= lr * times * (times - 1) / 2 * slope * grad_input
    held = list(exercise.frozen)
    grad_inputs[held] = 0.0
    if exercise.tree is None:
        grad_outsides[held] = 0.0
    inputs -= lr * grad_inputs
    outsides -= lr * grad_outsides
    return loss


def _vectors32(n: int, rng: np.random.Generator, scale: float = 0.2) -> tuple[Floats, Floats]:
    center, outside = (rng.normal(scale=scale, size=(n, 20)).astype(np.float32) for _ in range(2))
    return center, outside


def _one_token(rng: np.random.Generator, **settings: Any) -> Exercise:
    """The token in the middle of eleven different words."""
    n = 40
    sentence = rng.permutation(n)[:11].tolist()
    return Exercise([sentence], *_vectors32(n, rng), start=5, stop=6, **settings)


def _repeated_words(rng: np.random.Generator, **settings: Any) -> Exercise:
    """The window has two words, one of them seven times, the other three times."""
    exercise = _one_token(rng, **settings)
    first, second = exercise.sentences[0][:2]
    window = rng.permutation([first] * 7 + [second] * 3).tolist()
    return dataclasses.replace(exercise, sentences=[[*window[:5], exercise.sentences[0][5], *window[5:]]])


def _path(
    nodes: int, rng: np.random.Generator, make: Callable[..., Exercise] = _one_token, **settings: Any
) -> Exercise:
    """The token in the middle has a path of so many nodes, in the deepest of trees: the counts are Fibonacci's."""
    exercise = make(rng, **settings)
    fibonacci = [1, 1]
    while len(fibonacci) < exercise.words:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    word = exercise.sentences[0][5]  # the most frequent word has a path of one node, the next of two, ...
    return with_tree(exercise, np.roll(fibonacci[::-1], word - (nodes - 1)).tolist())


def _some_frozen(rng: np.random.Generator, **settings: Any) -> Exercise:
    """Every other word of a window, and every other word that predicts, stays as it is."""
    return _one_token(rng, frozen=range(0, 40, 2), **settings)


def _few_negatives(rng: np.random.Generator, **settings: Any) -> Exercise:
    """All negatives are one of two words."""
    return _one_token(rng, noise=np.repeat([0.5, 0.0], [2, 38]), **settings)


def _losses(rng: np.random.Generator) -> Exercise:
    """Nothing moves, so that only the loss can deviate: 1,970 pairs with scores of some ±20."""
    return Exercise([rng.integers(40, size=200).tolist()], *_vectors32(40, rng, scale=2.0), lr=0.0)


def _saturated(score: float, rng: np.random.Generator, **settings: Any) -> Exercise:
    """Every score close to plus or minus `score`; all words of one sign for CBOW, or their mean would be near 0."""
    exercise = _one_token(rng, **settings)
    for vectors in (exercise.center, exercise.outside):
        vectors *= 0.1
        vectors[:, 0] = rng.choice([-1.0, 1.0], len(vectors)) * score**0.5
    if exercise.cbow:
        exercise.center[:, 0] = score**0.5
    return exercise


def _of_subwords(rng: np.random.Generator, make: Callable[..., Exercise] = _one_token, **settings: Any) -> Exercise:
    return with_subwords(make(rng, **settings), rng)


def _hierarchical(rng: np.random.Generator, make: Callable[..., Exercise], **settings: Any) -> Exercise:
    """With the tree of a vocabulary whose counts fall as 1 / rank."""
    exercise = make(rng, **settings)
    return with_tree(exercise, [1000 // rank for rank in range(1, exercise.words + 1)])


def _epoch(rng: np.random.Generator, **settings: Any) -> Exercise:
    """Sentences of many lengths, subsampled, with shrinking windows and a falling learning rate."""
    n = 30
    counts = 1000 // np.arange(1, n + 1)
    noise = reference.noise_distribution(counts, 0.75)
    sentences = [rng.choice(n, size, p=counts / counts.sum()).tolist() for size in range(1, 21)]
    keep = np.rint(reference.keep_probability(counts, int(counts.sum()), 0.02) * _LOW).astype(np.int64)
    vectors = _vectors32(n, rng)
    return Exercise(
        sentences, *vectors, fixed_window=False, lr=0.1, slope=-0.09 / 210, keep=keep, noise=noise, **settings
    )


def _relative(found: npt.NDArray[Any], expected: Array) -> float:
    return largest(found - expected) / (largest(expected) or 1.0)


def _expected_counts(rng: np.random.Generator, **settings: Any) -> float:
    """Counts of sentences of many lengths, for the half of the words that is more frequent as centers."""
    n, sentences = 15, [(rng.zipf(1.3, size) % 30).astype(str).tolist() for size in range(1, 21)]
    config = TrainConfig(threads=2, **settings)
    with build_corpus(sentences, min_count=1) as corpus, count_pairs(corpus, config, centers=n) as counts:
        found = np.zeros(counts.shape)
        found[np.repeat(np.arange(n), np.diff(counts.indptr)), counts.indices] = counts.data
        keep = reference.keep_probability(corpus.vocab.counts, len(corpus.ids), config.subsample)
        ids = [corpus.ids[a:b].tolist() for a, b in itertools.pairwise(corpus.offsets)]
        return _relative(found, reference.expected_pairs(ids, keep, config.window, config.fixed_window)[:n])


def _counts(rng: np.random.Generator) -> Floats:
    """Counts X (50, 150), most of them 0."""
    return (rng.gamma(1.0, 3.0, size=(50, 150)) * (rng.random((50, 150)) < 0.3)).astype(np.float32)


def _sparse(counts: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Floats]:
    """A matrix as indptr, indices and data by rows."""
    rows, columns = np.nonzero(counts)
    indptr = np.searchsorted(rows, np.arange(len(counts) + 1))
    return indptr.astype(np.int64), columns.astype(np.int32), counts[rows, columns]


def _padded(matrix: Floats) -> Floats:
    """A copy as kernels take it."""

    copy = aligned_rows(*matrix.shape)
    copy[:, : matrix.shape[1]] = matrix
    return copy


def _softmax_pass(rng: np.random.Generator, score: float = 0.0) -> float:
    """Loss and gradients of a pass, where scores are of the order of 1, or whole numbers near plus or minus `score`."""
    from firth.exact._softmax import SoftmaxPass

    counts = _counts(rng)
    (n, m), dim = counts.shape, 20
    center, outside, bias = (
        rng.normal(scale=0.5, size=shape).astype(np.float32) for shape in ((n, dim), (m, dim), (m,))
    )
    if score:
        signs = rng.choice([-1.0, 1.0], n + m)
        center[:, 0], outside[:], bias[:] = signs[:n], 0, 0
        outside[:, 0] = signs[n:] * np.rint(score * rng.uniform(0.9, 1.1, size=m))
    row_loss, grad_bias = np.empty(n), np.empty(m, np.float32)
    rows_center, rows_outside = _padded(center), _padded(outside)
    grad_center, grad_outside = np.empty_like(rows_center), np.empty_like(rows_outside)
    work = SoftmaxPass(*_sparse(counts), n, m, dim, 2)
    work.run(rows_center, rows_outside, bias, grad_center, grad_outside, grad_bias, row_loss)
    loss, of_center, of_outside = reference.exact_objective(
        np.c_[center, np.ones(n)], np.c_[outside, bias], counts.astype(np.float64)
    )
    parts = [abs(row_loss.sum() - loss) / loss, _relative(grad_center[:, :dim], of_center[:, :dim])]
    parts += [_relative(grad_outside[:, :dim], of_outside[:, :dim]), _relative(grad_bias, of_outside[:, dim])]
    return float(np.max(parts))


def _ppmi(rng: np.random.Generator) -> float:
    """The PPMI matrix M of counts, M B and Mᵀ A."""
    from firth.exact import _sparse as sparse

    counts = _counts(rng)
    (n, m), right = counts.shape, counts.astype(np.float64)
    of_rows, of_columns = right.sum(axis=1), right.sum(axis=0)
    right = np.log(np.maximum(right * right.sum() / np.outer(of_rows, of_columns), 1.0))
    found = sparse.ppmi(sparse.Csr(*_sparse(counts), m), of_rows, of_columns, 2)
    a, b = (rng.normal(size=(rows, 20)).astype(np.float32) for rows in (n, m))
    of_b, of_a = _padded(np.zeros_like(a)), _padded(np.zeros_like(b))
    sparse.multiply(found, _padded(b), of_b, 2)
    sparse.multiply(sparse.transposed(found), _padded(a), of_a, 2)
    parts = [_relative(found.data, right[counts > 0]), _relative(of_b[:, :20], right @ b)]
    return float(np.max([*parts, _relative(of_a[:, :20], right.T @ a)]))


KERNELS: Mapping[str, Callable[[np.random.Generator], Exercise]] = MappingProxyType(
    {
        "window-shared step, 6 outputs": _one_token,
        "window-shared step, 10 outputs": partial(_one_token, negatives=9),
        "window-shared step, 21 outputs": partial(_one_token, negatives=20),
        "window-shared step, repeated negatives": _few_negatives,
        "window-shared step, 21 outputs, repeated": partial(_few_negatives, negatives=20),
        "window-shared step, scores of ±30": partial(_saturated, 30.0),
        "window-shared step, scores of ±1000": partial(_saturated, 1000.0),
        "per-pair steps of one window": partial(_one_token, shared=False),
        "per-pair steps, 21 outputs": partial(_one_token, shared=False, negatives=20),
        "per-pair steps, repeated negatives": partial(_few_negatives, shared=False),
        "per-pair steps, scores of ±30": partial(_saturated, 30.0, shared=False),
        "per-pair steps, scores of ±1000": partial(_saturated, 1000.0, shared=False),
        "CBOW mean step, 6 outputs": partial(_one_token, cbow="mean"),
        "CBOW mean step, 10 outputs": partial(_one_token, cbow="mean", negatives=9),
        "CBOW mean step, 21 outputs": partial(_one_token, cbow="mean", negatives=20),
        "CBOW mean step, repeated words": partial(_repeated_words, cbow="mean"),
        "CBOW mean step, repeated negatives": partial(_few_negatives, cbow="mean"),
        "CBOW mean step, scores of ±30": partial(_saturated, 30.0, cbow="mean"),
        "CBOW mean step, scores of ±1000": partial(_saturated, 1000.0, cbow="mean"),
        "CBOW sum step, 6 outputs": partial(_one_token, cbow="sum"),
        "CBOW sum step, 21 outputs": partial(_one_token, cbow="sum", negatives=20),
        "hierarchical softmax step, path of 6": partial(_path, 6),
        "hierarchical softmax step, path of 25": partial(_path, 25),
        "hierarchical softmax step, scores of ±30": partial(_path, 6, make=partial(_saturated, 30.0)),
        "hierarchical softmax step, scores of ±1000": partial(_path, 6, make=partial(_saturated, 1000.0)),
        "hierarchical softmax of CBOW, path of 6": partial(_path, 6, cbow="mean"),
        "hierarchical softmax of CBOW, path of 25": partial(_path, 25, cbow="mean"),
        "hierarchical softmax of CBOW, scores of ±1000": partial(
            _path, 6, make=partial(_saturated, 1000.0), cbow="mean"
        ),
        "subwords, window-shared step": _of_subwords,
        "subwords, per-pair steps": partial(_of_subwords, shared=False),
        "subwords, CBOW mean step": partial(_of_subwords, cbow="mean"),
        "subwords, hierarchical softmax step": partial(_of_subwords, make=partial(_path, 6)),
        "subwords, hierarchical softmax of CBOW": partial(_of_subwords, make=partial(_path, 6), cbow="mean"),
        "frozen words, window-shared step": _some_frozen,
        "frozen words, per-pair steps": partial(_some_frozen, shared=False),
        "frozen words, CBOW mean step": partial(_some_frozen, cbow="mean"),
        "frozen words, hierarchical softmax step": partial(_path, 6, make=_some_frozen),
        "loss of 1,970 pairs": _losses,
        "small epoch, window-shared": _epoch,
        "small epoch, per-pair": partial(_epoch, shared=False),
        "small epoch, CBOW mean": partial(_epoch, cbow="mean"),
        "small epoch, CBOW sum": partial(_epoch, cbow="sum"),
        "small epoch, hierarchical softmax": partial(_hierarchical, make=_epoch),
        "small epoch, hierarchical softmax of CBOW": partial(_hierarchical, make=_epoch, cbow="mean"),
        "small epoch, subwords": partial(_of_subwords, make=_epoch),
        "small epoch, subwords, per-pair": partial(_of_subwords, make=_epoch, shared=False),
        "small epoch, subwords, CBOW mean": partial(_of_subwords, make=_epoch, cbow="mean"),
        "small epoch, subwords, hierarchical softmax": partial(_of_subwords, make=partial(_hierarchical, make=_epoch)),
        "small epoch, frozen words": partial(_epoch, frozen=range(0, 30, 3)),
        "small epoch, frozen words, per-pair": partial(_epoch, frozen=range(0, 30, 3), shared=False),
        "small epoch, frozen words, CBOW mean": partial(_epoch, frozen=range(0, 30, 3), cbow="mean"),
    }
)
"""Name -> function of a random generator that returns the exercise to be done by the kernel; in order of display."""

EXACT: Mapping[str, Callable[[np.random.Generator], float]] = MappingProxyType(
    {
        "expected counts, subsampled": partial(_expected_counts, subsample=0.02),
        "expected counts, windows of 20": partial(_expected_counts, subsample=0.02, window=20),
        "expected counts, whole windows": partial(_expected_counts, subsample=0.0, fixed_window=True),
        "positive mutual information, products": _ppmi,
        "exact softmax pass": _softmax_pass,
        "exact softmax pass, scores of ±30": partial(_softmax_pass, score=30.0),
        "exact softmax pass, scores of ±1000": partial(_softmax_pass, score=1000.0),
    }
)
"""Name -> function of a random generator that returns the largest deviation of what exact training is made of, relative
to the largest value; in order of display."""
