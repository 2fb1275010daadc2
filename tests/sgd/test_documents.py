"""The kernels of document vectors, and inference, against the walk in plain Python."""

import dataclasses

import numpy as np
import pytest

from firth import reference
from firth.check import exercise as check_exercise
from firth.check import inference as check_inference
from firth.check.exercise import Exercise, deviation, walk
from firth.check.kernels import train
from firth.corpus.encode import build_corpus
from firth.corpus.tags import Tags, numbered
from firth.errors import ConfigError
from firth.settings import TrainConfig
from firth.sgd._tokens import SPAN
from firth.sgd.inference import Inference
from firth.sgd.trainer import SgdTrainer

ROUNDING = 2e-5
KINDS = ("dbow", "dbow with words", "mean", "sum", "undivided", "concatenation")
LOSSES = ("negatives", *(pytest.param(loss, marks=pytest.mark.slow) for loss in ("tree", "both")))
every_kind = pytest.mark.parametrize("combine", KINDS)


def exercise_of(combine, loss="negatives", dim=9, window=2, tags=1, seed=0, sentences=None, **settings):
    """Documents of 1 to 9 words out of 12, each with as many of five tags."""
    rng, n = np.random.default_rng(seed), 12
    counts = 500 // np.arange(1, n + 1)
    sentences = sentences or [rng.choice(n, size, p=counts / counts.sum()).tolist() for size in range(1, 10)]
    rows = {"negatives": n, "tree": n - 1, "both": 2 * n - 1}[loss]
    width = tags + 2 * window if combine == "concatenation" else 1
    center, documents, outside = (
        rng.normal(scale=dim**-0.5, size=size).astype(np.float32) for size in ((n, dim), (5, dim), (rows, width * dim))
    )
    settings = {"lr": 0.05, "slope": -1e-4, "noise": reference.noise_distribution(counts, 0.75)} | settings
    return Exercise(
        sentences,
        center,
        outside,
        window=window,
        fixed_window=combine == "concatenation",
        tree=None if loss == "negatives" else counts.tolist(),
        both=loss == "both",
        documents=documents,
        tags=[rng.permutation(5)[:tags].tolist() for _ in sentences],
        padding=rng.normal(size=dim).astype(np.float32),
        combine=combine,
        **settings,
    )


def assert_same(exercise, tolerance=ROUNDING, **threads):
    found = train(exercise, **threads)
    assert deviation(exercise, walk(exercise), found) < tolerance
    return found


@every_kind
@pytest.mark.parametrize("loss", LOSSES)
def test_a_span_is_the_walk(combine, loss):
    for tags, dim in ((1, 9), (3, 20)):
        assert_same(exercise_of(combine, loss, dim, tags=tags, seed=tags))


@pytest.mark.slow
@every_kind
def test_a_span_is_the_walk_for_many_negatives_and_subsampling(combine):
    keep = (np.linspace(0.3, 1.0, 12) * (2**32 - 1)).astype(np.int64)
    assert_same(exercise_of(combine, negatives=20, keep=keep, tags=2))


@every_kind
def test_private_rows_of_words_leave_those_of_documents_in_place(combine):
    assert_same(exercise_of(combine, tags=2), hot=4, period=3)


@every_kind
def test_the_cut_into_spans_changes_no_byte(combine):
    rng = np.random.default_rng(3)
    sentences = [rng.integers(12, size=size).tolist() for size in (3, SPAN + 40, 1, 7, 2)]
    exercise = exercise_of(combine, sentences=sentences, lr=0.01, slope=0.0)
    whole, found = train(exercise), None
    for start, stop in ((0, 1), (1, 4), (4, SPAN - 1), (SPAN - 1, SPAN + 43), (SPAN + 43, None)):
        if found is not None:
            parts = {"center": found.center, "outside": found.outside}
            parts |= {"documents": found.documents[:-1], "padding": found.documents[-1]}
            exercise = dataclasses.replace(exercise, **parts)
        found = train(dataclasses.replace(exercise, start=start, stop=stop))
    for name in ("center", "outside", "documents"):
        assert getattr(found, name).tobytes() == getattr(whole, name).tobytes()


def test_documents_alone_leave_the_words():
    exercise = exercise_of("dbow")
    assert train(exercise).center.tobytes() == exercise.center.tobytes()
    assert train(exercise_of("dbow with words")).center.tobytes() != exercise.center.tobytes()


def test_only_concatenation_moves_the_padding():
    for combine in KINDS:
        exercise = exercise_of(combine)
        moved = not np.array_equal(train(exercise).documents[-1], exercise.padding)
        assert moved == (combine == "concatenation")


# Planted bugs: the walk must notice each.


@every_kind
def test_the_walk_notices_the_tag_of_another_document(combine):
    exercise = exercise_of(combine)
    other = dataclasses.replace(exercise, tags=[*exercise.tags[1:], exercise.tags[0]])
    assert deviation(exercise, walk(other), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize("combine", KINDS[:-1])  # not those whose rows of U are as wide as all tags
def test_the_walk_notices_a_tag_left_out(combine):
    exercise = exercise_of(combine, tags=2)
    other = dataclasses.replace(exercise, tags=[tags[:1] for tags in exercise.tags])
    assert deviation(exercise, walk(other), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize(("here", "there"), [("mean", "sum"), ("mean", "undivided"), ("dbow", "dbow with words")])
def test_the_walk_notices_another_kind(here, there):
    exercise = exercise_of(here)
    assert deviation(exercise, walk(dataclasses.replace(exercise, combine=there)), train(exercise)) > 100 * ROUNDING


def test_the_walk_notices_words_in_the_wrong_places(monkeypatch):
    exercise = exercise_of("concatenation")
    right = check_exercise._move_documents

    def turned(exercise, window, *rest):
        return right(exercise, {-place: word for place, word in window.items()}, *rest)

    monkeypatch.setattr(check_exercise, "_move_documents", turned)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


# The trainer.

TOPICS = 3


@pytest.fixture(scope="module")
def documents():
    """60 documents of one topic each, and the topics."""
    rng = np.random.default_rng(5)
    topics = np.arange(60) % TOPICS
    return [[f"t{topic}w{word}" for word in rng.integers(8, size=40)] for topic in topics], topics


SETTINGS = {
    "dbow": {"documents_alone": True},
    "dbow with words": {},
    "dm": {"architecture": "cbow"},
    "concatenation": {"architecture": "cbow", "concatenate": True, "epochs": 30},
    "tree": {"documents_alone": True, "loss": "hierarchical-softmax"},
}
every_setting = pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, id=name, marks=[pytest.mark.slow] * (name == "tree")) for name, kind in SETTINGS.items()],
)


def trainer_of(texts, tags=None, **settings):
    config = TrainConfig(
        **{"dim": 16, "epochs": 12, "min_count": 1, "subsample": 0, "threads": 1, "documents": True} | settings
    )
    with build_corpus(texts, min_count=1) as corpus:
        tags = numbered(np.arange(len(texts)), len(texts)) if tags is None else tags
        trainer = SgdTrainer(corpus, config, tags=tags)
        trainer.run(lambda progress: None)
        return trainer


def same_topic(found, known, topics, own):
    """The share of rows whose nearest other row is of their topic."""
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (found, known)]
    cosines = units[0] @ units[1].T
    if own:
        np.fill_diagonal(cosines, -1)
    return (topics[cosines.argmax(axis=1)] == topics[: len(found)]).mean()


@every_setting
def test_documents_of_one_topic_are_neighbours_also_inferred_ones(documents, kind):
    texts, topics = documents
    trainer = trainer_of(texts, **kind)
    vectors = trainer.vectors()
    assert same_topic(vectors.documents.matrix, vectors.documents.matrix, topics, own=True) > 0.9
    inference = Inference(vectors, trainer.config)
    ids = np.array([vectors.ids[word] for text in texts[:12] for word in text], np.int32)
    offsets = np.arange(0, 13 * 40, 40)
    found = inference.infer(ids, offsets, epochs=20, lr=trainer.config.lr, min_lr=1e-4, seed=3)
    assert same_topic(found, vectors.documents.matrix, topics, own=False) > 0.9
    alone = inference.infer(ids[80:120], offsets[:2], epochs=20, lr=trainer.config.lr, min_lr=1e-4, seed=3, threads=2)
    assert alone.tobytes() == found[2:3].tobytes()
    other = inference.infer(ids[80:120], offsets[:2], epochs=20, lr=trainer.config.lr, min_lr=1e-4, seed=4)
    assert other.tobytes() != alone.tobytes()


@every_setting
def test_a_snapshot_restores_documents(documents, kind):
    texts, _ = documents
    trainer, other = trainer_of(texts, **kind), trainer_of(texts, **kind | {"seed": 2})
    assert other.restore(trainer.snapshot())
    one, two = (each.vectors() for each in (trainer, other))
    assert one.documents.matrix.tobytes() == two.documents.matrix.tobytes()
    assert one.center.tobytes() == two.center.tobytes()
    if kind.get("concatenate"):
        assert one.documents.outside.tobytes() == two.documents.outside.tobytes()
        assert one.documents.padding.tobytes() == two.documents.padding.tobytes()
    fewer = trainer_of(texts[:30], **kind | {"epochs": 1})
    assert not fewer.restore(trainer.snapshot())


@every_setting
def test_a_run_starts_from_documents_that_its_start_has(documents, kind):
    texts, _ = documents
    count = len(texts)
    names = [f"d{number}" for number in range(count)]
    tags = Tags(np.arange(count + 1), np.arange(count, dtype=np.int32), count, names)
    start = trainer_of(texts, tags, **kind).vectors()
    turned = Tags(tags.begins, tags.rows, count, names[::-1])
    config = TrainConfig(dim=16, min_count=1, documents=True, subsample=0, **{"epochs": 1} | kind)
    with build_corpus(texts, min_count=1) as corpus:
        begun = SgdTrainer(corpus, config, start, tags=turned).vectors()
    assert begun.documents.matrix.tobytes() == start.documents.matrix[::-1].tobytes()
    if kind.get("concatenate"):
        assert begun.documents.outside.tobytes() == start.documents.outside.tobytes()
        assert begun.documents.padding.tobytes() == start.documents.padding.tobytes()
    assert begun.center.tobytes() == start.center.tobytes()


def test_several_tags_share_what_their_documents_say(documents):
    texts, topics = documents
    rows = np.array([[number, len(texts) + topic] for number, topic in enumerate(topics)], np.int32).ravel()
    tags = Tags(np.arange(0, len(rows) + 1, 2), rows, len(texts) + TOPICS)
    matrix = trainer_of(texts, tags).vectors().documents.matrix
    of_topics = matrix[len(texts) :] / np.linalg.norm(matrix[len(texts) :], axis=1, keepdims=True)
    assert ((matrix[: len(texts)] @ of_topics.T).argmax(axis=1) == topics).mean() > 0.9


def test_tags_without_a_word_are_zero_and_their_names_count(documents):
    texts, _ = documents
    tags = Tags(np.arange(4), np.array([0, 2, 3], np.int32), 5, list("abcde"))
    trainer = trainer_of(texts[:3], tags)
    assert trainer.vectors().documents.matrix.any(axis=1).tolist() == [True, False, True, True, False]
    assert trainer_of(texts[:3], tags).fingerprint == trainer.fingerprint
    assert trainer_of(texts[:3], tags._replace(names=list("abcdf"))).fingerprint != trainer.fingerprint


def test_words_cannot_be_frozen_beside_documents(documents):
    texts, _ = documents
    start = trainer_of(texts).vectors()
    config = TrainConfig(dim=16, min_count=1, documents=True)
    with build_corpus(texts, min_count=1) as corpus, pytest.raises(ConfigError, match="frozen beside documents"):
        SgdTrainer(corpus, config, start, start.words[:1], numbered(np.arange(len(texts)), len(texts)))


@pytest.mark.parametrize("name", check_inference.INFERENCE)
def test_inference_is_the_walk(name):
    for seed in (1, 2):
        assert check_inference.INFERENCE[name](np.random.default_rng(seed)) < ROUNDING


def test_inference_notices_another_model(monkeypatch):
    model = check_inference._model

    def others(settings, rng):
        vectors = model(settings, rng)
        vectors.config = vectors.config | {"cbow_undivided": True}
        return vectors

    monkeypatch.setattr(check_inference, "_model", others)
    assert check_inference.INFERENCE["inference of PV-DM"](np.random.default_rng(1)) > 100 * ROUNDING


def test_inference_needs_documents():
    with build_corpus([["a", "b"]] * 20, min_count=1) as corpus:
        config = TrainConfig(dim=4, min_count=1, epochs=1, threads=1, subsample=0)
        trainer = SgdTrainer(corpus, config)
        trainer.run(lambda progress: None)
    with pytest.raises(ConfigError, match="trained without documents"):
        Inference(trainer.vectors(), config)


@pytest.mark.parametrize("loss", ["negative-sampling", "negative-sampling+hierarchical-softmax"])
def test_a_run_of_concatenation_with_new_words_keeps_what_it_knows(documents, loss):
    texts, _ = documents
    kind = {"architecture": "cbow", "concatenate": True, "loss": loss, "epochs": 1}
    start = trainer_of(texts, **kind).vectors()
    more = [*texts, ["new", "words"] * 20]
    with build_corpus(more, min_count=1) as corpus:
        tags = numbered(np.arange(len(more)), len(more))
        config = TrainConfig(dim=16, min_count=1, documents=True, subsample=0, **kind)
        begun = SgdTrainer(corpus, config, start, tags=tags).vectors()
        there = [start.ids[word] for word in begun.words if word in start]
        here = [begun.ids[word] for word in begun.words if word in start]
        assert begun.documents.outside[here].tobytes() == start.documents.outside[there].tobytes()
        assert start.documents.outside[there].any()
        assert not begun.documents.outside[[begun.ids["new"], begun.ids["words"]]].any()
        assert begun.documents.padding.tobytes() == start.documents.padding.tobytes()
        wider = dataclasses.replace(config, window=3)
        with pytest.raises(ConfigError, match="put 11 vectors side by side, and this run 7"):
            SgdTrainer(corpus, wider, start, tags=tags)


def test_documents_begin_apart_from_each_other_and_from_those_of_training(documents):
    """A start that all share would stay in all results, and that of document 0 would make it everyone's neighbour."""
    texts, _ = documents
    trainer = trainer_of(texts, documents_alone=True)
    vectors = trainer.vectors()
    ids = np.array([vectors.ids[word] for text in texts for word in text], np.int32)
    offsets = np.arange(0, 40 * len(texts) + 1, 40)
    begun = Inference(vectors, trainer.config).infer(ids, offsets, epochs=0, lr=0.1, min_lr=0.1, seed=1)
    config = TrainConfig(dim=16, min_count=1, documents=True, subsample=0)
    with build_corpus(texts, min_count=1) as corpus:
        start = SgdTrainer(corpus, config, tags=numbered(np.arange(60), 60)).documents[:, :16]
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (begun, start)]
    assert np.abs(units[0] @ units[1].T).max() < 0.95
    assert np.abs(units[0] @ units[0].T - np.eye(60)).max() < 0.95
    assert np.abs(begun).max() <= 0.5 / 16
    assert np.abs(begun).max() > 0.45 / 16
