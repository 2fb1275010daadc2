"""Rows of `firth check` for inference: vectors of new documents against `walk`, where only theirs move."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from firth.check.exercise import Exercise, draw, walk
from firth.check.formulas import largest
from firth.reference import Array
from firth.settings import make_config
from firth.sgd.inference import Inference
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors

WORDS, DIM, WINDOW, EPOCHS, LR, MIN_LR = 30, 20, 3, 3, 0.2, 0.02
COUNTS = 1000 // np.arange(1, WORDS + 1)


def _inferred(combine: str, settings: dict[str, Any], rng: np.random.Generator) -> float:
    """The largest difference in the vectors of three documents, relative to the largest change."""
    vectors = _model(settings, rng)
    documents = [rng.integers(WORDS, size=size).tolist() for size in (1, 7, 40)]
    ids = np.array([word for document in documents for word in document], np.int32)
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    inference = Inference(vectors, make_config(vectors.config))
    begun, *found = (
        inference.infer(ids, offsets, epochs=epochs, lr=LR, min_lr=MIN_LR, seed=1, threads=2) for epochs in (0, EPOCHS)
    )
    expected = np.array(
        [_walked(document, row, combine, vectors) for document, row in zip(documents, begun, strict=True)]
    )
    return largest(found[0] - expected) / largest(expected - begun)


def _model(settings: dict[str, Any], rng: np.random.Generator) -> WordVectors:
    """Random vectors, as a run with these settings would make them."""
    config = make_config({"dim": DIM, "window": WINDOW, "subsample": 0, "documents": True} | settings)
    tree = config.loss == "hierarchical-softmax"
    width = 1 + 2 * WINDOW if config.concatenate else 1
    shapes = (WORDS, DIM), (WORDS - tree, width * DIM)
    center, outside = (rng.normal(scale=0.3, size=shape).astype(np.float32) for shape in shapes)
    learned = DocumentVectors(np.zeros((1, DIM), np.float32))
    parts: dict[str, Any] = {"nodes" if tree else "outside": outside}
    if config.concatenate:
        learned = dataclasses.replace(learned, outside=outside, padding=rng.normal(size=DIM).astype(np.float32))
        parts = {}
    words = [f"w{i}" for i in range(WORDS)]
    given = {"outside": None, **parts, "documents": learned}
    return WordVectors(words, COUNTS, center, config=config.as_dict(), history=[], **given)


def _walked(document: list[int], row: Any, combine: str, vectors: WordVectors) -> Array:
    """The vector of a document that begins as `row`, in plain Python: all else is put back after each token."""
    from firth.native import rng

    learned, config = vectors.documents, vectors.config
    assert learned is not None
    fall, tree = (MIN_LR - LR) / EPOCHS, vectors.nodes is not None
    outside: Any = learned.outside if config["concatenate"] else vectors.nodes if tree else vectors.outside
    exercise = Exercise(
        [document],
        vectors.center,
        outside,
        window=WINDOW,
        fixed_window=config["concatenate"],
        slope=fall / len(document),
        tree=COUNTS.tolist() if tree else None,
        tags=[[0]],
        combine=combine,
        padding=learned.padding,
    )
    own_key = int(rng.stream_key(1, 0, 2)) % 2**64
    for word in document:
        own_key = draw(own_key, word)
    moved = row[None].astype(np.float64)
    for passed in range(EPOCHS):
        keys = [draw(own_key, int(rng.stream_key(1, passed + 1, purpose)) % 2**64) for purpose in (1, 2)]
        for token in range(len(document)):
            one: Exercise = dataclasses.replace(
                exercise,
                documents=moved,
                lr=LR + fall * passed,
                token_key=keys[0],
                noise_key=keys[1],
                start=token,
                stop=token + 1,
            )
            moved = walk(one).documents[:1]
    return np.asarray(moved[0])


_UNIFORM = {"ns_exponent": 0}
_WIDE = {"architecture": "cbow", "concatenate": True} | _UNIFORM

INFERENCE: Mapping[str, Callable[[np.random.Generator], float]] = MappingProxyType(
    {
        "inference of PV-DBOW": partial(_inferred, "dbow", _UNIFORM),
        "inference of PV-DBOW, hierarchical softmax": partial(_inferred, "dbow", {"loss": "hierarchical-softmax"}),
        "inference of PV-DM": partial(_inferred, "mean", {"architecture": "cbow"} | _UNIFORM),
        "inference of PV-DM of concatenations": partial(_inferred, "concatenation", _WIDE),
    }
)
"""Name of a row -> function of a random generator that returns the deviation."""
