"""Every kernel compared with `reference` or NumPy: those of training by exercises, others as in `OTHERS`."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from firth import reference
from firth.check.documents import DOCUMENTS
from firth.check.exact import EXACT
from firth.check.exercise import LOW_BITS, Exercise, Floats, Trained, deviation, walk, with_subwords, with_tree
from firth.check.inference import INFERENCE
from firth.corpus.tags import Tags
from firth.declaring import BOTH, NEGATIVE_SAMPLING, TREE
from firth.native.arrays import aligned_copy, aligned_rows
from firth.sgd.outputs import outputs_of
from firth.sgd.tables import Kernel, Tables, tree_paths
from firth.sgd.worker import Worker

KERNEL_TOLERANCE = 5e-6
"""The largest relative deviation that passes: about three times what float32 rounding causes."""

OTHERS: Mapping[str, Callable[[np.random.Generator], float]] = MappingProxyType({**EXACT, **DOCUMENTS, **INFERENCE})
"""Name of a row -> function of a random generator that returns the deviation."""


def train(exercise: Exercise, hot: int = 0, period: int = 1) -> Trained:
    """The exercise done by the compiled kernel, in float32, with `hot` private rows merged after `period` uses."""
    from firth.sgd._tokens import Epoch

    dim, mask = exercise.center.shape[1], None
    if exercise.frozen:
        mask = np.zeros(exercise.words, np.int64)
        mask[list(exercise.frozen)] = 1
    tables = Tables(
        dim=dim,
        keep=exercise.thresholds(),
        window=exercise.window,
        fixed_window=exercise.fixed_window,
        update=exercise.cbow or ("shared" if exercise.shared else "per-pair"),
        ngrams=exercise.ngrams,
    )
    if exercise.tree is None or exercise.both:
        tables = dataclasses.replace(tables, noise=exercise.noise_shares(), negatives=exercise.negatives)
    if exercise.tree is not None:
        tables = dataclasses.replace(tables, tree=tree_paths(np.asarray(exercise.tree, np.int64)))
    if exercise.combine:
        tables = dataclasses.replace(tables, **_of_documents(exercise))
    center, of_documents = aligned_copy(exercise.center), exercise.of_documents
    documents, padding = aligned_copy(of_documents[:-1]), aligned_copy(of_documents[-1:])
    loss_of = BOTH if exercise.both else NEGATIVE_SAMPLING if exercise.tree is None else TREE
    stride = center.shape[1] if tables.width > 1 else dim
    outside = aligned_rows(len(exercise.outside), tables.width * stride)
    outputs = outputs_of(outside, loss_of, tables.width, dim)
    outputs.fill(exercise.outside)
    masks = mask, mask if exercise.tree is None else None
    worker = Worker(
        Kernel(tables),
        center,
        outside,
        hot=(hot, hot),
        periods=(period, period),
        frozen=masks,
        documents=documents if exercise.combine else None,
        padding=padding,
    )
    ids = exercise.ids()
    stop = len(ids) if exercise.stop is None else exercise.stop
    epoch = Epoch(exercise.token_key, exercise.noise_key, exercise.lr, exercise.slope)
    worker.train_span(ids, exercise.offsets(), exercise.start, stop, epoch)
    loss, pairs = worker.done
    moved = np.concatenate([view.reshape(len(view), -1) for view in outputs.given()])
    return Trained(center[:, :dim], moved, loss, int(pairs), np.concatenate([documents, padding])[:, :dim])


def _of_documents(exercise: Exercise) -> dict[str, Any]:
    """What the tables of a run with documents have besides those of other runs."""
    begins = np.cumsum([0, *map(len, exercise.tags)], dtype=np.int64)
    rows = np.array([tag for tags in exercise.tags for tag in tags], np.int32)
    update = {"concatenation": "concatenated", "dbow": "shared", "dbow with words": "shared"}
    return {
        "tags": Tags(begins, rows, len(exercise.of_documents) - 1),
        "update": update.get(exercise.combine, exercise.combine),
        "alone": exercise.combine == "dbow",
    }


def kernel_rows(seed: int = 1) -> list[dict[str, Any]]:
    """One dict for each row of `KERNELS` and `OTHERS`: name, deviation, tolerance, ok. The inputs depend on `seed`."""
    rows = []
    for name in (*KERNELS, *OTHERS):
        rng = np.random.default_rng(seed)
        if name in KERNELS:
            exercise = KERNELS[name](rng)
            found = deviation(exercise, walk(exercise), train(exercise))
        else:
            found = OTHERS[name](rng)
        ok = found <= KERNEL_TOLERANCE  # a NaN fails
        rows.append({"name": name, "deviation": found, "tolerance": KERNEL_TOLERANCE, "ok": ok})
    return rows


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
    """The token in the middle has a path of `nodes` nodes, in the deepest tree: that of Fibonacci's numbers."""
    exercise = make(rng, **settings)
    fibonacci = [1, 1]
    while len(fibonacci) < exercise.words:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    word = exercise.sentences[0][5]  # the most frequent word has a path of one node, the next of two, ...
    return with_tree(exercise, np.roll(fibonacci[::-1], word - (nodes - 1)).tolist())


def _some_frozen(rng: np.random.Generator, **settings: Any) -> Exercise:
    """Every other word is frozen, in windows and among the words to predict."""
    return _one_token(rng, frozen=range(0, 40, 2), **settings)


def _few_negatives(rng: np.random.Generator, **settings: Any) -> Exercise:
    """All negatives are one of two words."""
    return _one_token(rng, noise=np.repeat([0.5, 0.0], [2, 38]), **settings)


def _losses(rng: np.random.Generator) -> Exercise:
    """The learning rate is 0, so that only the loss can deviate: 1,970 pairs with scores of about ±20."""
    return Exercise([rng.integers(40, size=200).tolist()], *_vectors32(40, rng, scale=2.0), lr=0.0)


def _saturated(score: float, rng: np.random.Generator, **settings: Any) -> Exercise:
    """Every score is close to plus or minus `score`. For CBOW all words have one sign: so the mean is as large."""
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


def _with_both(rng: np.random.Generator, make: Callable[..., Exercise], **settings: Any) -> Exercise:
    """The sum of both losses, with the same trees."""
    exercise = make(rng, **settings)
    assert exercise.tree is not None
    nodes = rng.normal(scale=0.2, size=(exercise.words - 1, exercise.center.shape[1])).astype(np.float32)
    words = np.concatenate([exercise.outside, nodes[: exercise.words - len(exercise.outside)]])
    return dataclasses.replace(exercise, both=True, outside=np.concatenate([words, nodes]))


def _with_documents(
    rng: np.random.Generator, combine: str, make: Callable[..., Exercise] = _one_token, tags: int = 1, **settings: Any
) -> Exercise:
    """The exercise with documents, each of its sentences with as many tags out of seven."""
    exercise = make(rng, **settings)
    dim, of_sentences = exercise.center.shape[1], [rng.permutation(7)[:tags].tolist() for _ in exercise.sentences]
    documents = rng.normal(scale=0.2, size=(7, dim)).astype(np.float32)
    outside = exercise.outside
    if combine == "concatenation":
        shape = len(outside), (tags + 2 * exercise.window) * dim
        outside = rng.normal(scale=0.1, size=shape).astype(np.float32)
    fixed = exercise.fixed_window or combine == "concatenation"
    return dataclasses.replace(
        exercise, combine=combine, tags=of_sentences, documents=documents, outside=outside, fixed_window=fixed
    )


def _epoch(rng: np.random.Generator, **settings: Any) -> Exercise:
    """Sentences of many lengths, subsampled, with shrinking windows and a falling learning rate."""
    n = 30
    counts = 1000 // np.arange(1, n + 1)
    noise = reference.noise_distribution(counts, 0.75)
    sentences = [rng.choice(n, size, p=counts / counts.sum()).tolist() for size in range(1, 21)]
    keep = np.rint(reference.keep_probability(counts, int(counts.sum()), 0.02) * LOW_BITS).astype(np.int64)
    vectors = _vectors32(n, rng)
    return Exercise(
        sentences, *vectors, fixed_window=False, lr=0.1, slope=-0.09 / 210, keep=keep, noise=noise, **settings
    )


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
        "both losses, path of 6": partial(_with_both, make=partial(_path, 6)),
        "both losses, path of 25": partial(_with_both, make=partial(_path, 25)),
        "both losses of CBOW, path of 6": partial(_with_both, make=partial(_path, 6), cbow="mean"),
        "CBOW undivided step, 6 outputs": partial(_one_token, cbow="undivided"),
        "PV-DBOW, 6 outputs": partial(_with_documents, combine="dbow"),
        "PV-DBOW, 21 outputs, two tags": partial(_with_documents, combine="dbow", negatives=20, tags=2),
        "PV-DBOW with words, 6 outputs": partial(_with_documents, combine="dbow with words", tags=2),
        "PV-DBOW, path of 25": partial(_with_documents, combine="dbow", make=partial(_path, 25)),
        "PV-DM mean step, 6 outputs": partial(_with_documents, combine="mean"),
        "PV-DM mean step, path of 6": partial(_with_documents, combine="mean", make=partial(_path, 6)),
        "PV-DM sum step, two tags": partial(_with_documents, combine="sum", tags=2),
        "PV-DM undivided step, 6 outputs": partial(_with_documents, combine="undivided"),
        "PV-DM concatenation step, 6 outputs": partial(_with_documents, combine="concatenation"),
        "PV-DM concatenation step, path of 25": partial(
            _with_documents, combine="concatenation", make=partial(_path, 25), tags=2
        ),
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
        "small epoch, both losses": partial(_with_both, make=partial(_hierarchical, make=_epoch)),
        "small epoch, both losses of CBOW": partial(_with_both, make=partial(_hierarchical, make=_epoch), cbow="mean"),
        "small epoch, PV-DBOW": partial(_with_documents, combine="dbow", make=_epoch),
        "small epoch, PV-DBOW with words": partial(_with_documents, combine="dbow with words", make=_epoch, tags=2),
        "small epoch, PV-DM mean": partial(_with_documents, combine="mean", make=_epoch),
        "small epoch, PV-DM concatenation": partial(_with_documents, combine="concatenation", make=_epoch, tags=2),
        "small epoch, PV-DM concatenation, hierarchical softmax": partial(
            _with_documents, combine="concatenation", make=partial(_hierarchical, make=_epoch)
        ),
        "small epoch, PV-DBOW, both losses": partial(
            _with_documents, combine="dbow", make=partial(_with_both, make=partial(_hierarchical, make=_epoch))
        ),
        "small epoch, frozen words": partial(_epoch, frozen=range(0, 30, 3)),
        "small epoch, frozen words, per-pair": partial(_epoch, frozen=range(0, 30, 3), shared=False),
        "small epoch, frozen words, CBOW mean": partial(_epoch, frozen=range(0, 30, 3), cbow="mean"),
    }
)
"""Name of a row -> function of a random generator that returns the exercise."""
