"""Any vectors judged by the exact objective: the reference's figures, and those of training."""

import math
from collections import Counter
from itertools import chain

import numpy as np
import pytest

import firth
from firth import reference
from firth.errors import ConfigError, CorpusError, FormatError
from firth.evaluate.objective import score_corpus
from firth.exact import counting as cooccurrence
from firth.formats.convert import convert
from firth.vectors.alignment import align
from firth.vectors.container import WordVectors
from firth.vectors.transforms import centered, most_frequent, normalized, plus_outside


def sentences(seed=0, count=120):
    rng = np.random.default_rng(seed)
    return [[f"w{i}" for i in rng.zipf(1.4, 12) % 40] for _ in range(count)]


def train(text=None, **settings):
    return firth.train(text or sentences(), **{"dim": 5, "min_count": 1, "threads": 1, "quiet": True} | settings)


def counts_of(text, vectors, window, subsample):
    """X (n, m) by the reference, words without vectors being left out of the sentences."""
    total = Counter(chain(*text))
    counts = np.array([total[word] for word in vectors.outside_words])
    keep = reference.keep_probability(np.maximum(counts, 1), counts.sum(), subsample)
    ids = {word: i for i, word in enumerate(vectors.outside_words)}
    known = [[ids[word] for word in sentence if word in ids] for sentence in text]
    return reference.expected_pairs(known, keep, window)[: len(vectors)]


def expected(vectors, bias, counts):
    """Cross-entropy in nats a pair by the reference, the bias being one more dimension."""
    mix = vectors.config.get("mix", 0.0)
    center = vectors.center - mix * vectors.outside[: len(vectors)].astype(np.float64)
    center, outside = np.c_[center, np.ones(len(center))], np.c_[vectors.outside, bias]
    return reference.exact_objective(center, outside, counts)[0] / counts.sum()


def rebuilt(vectors, **changes):
    """The vectors with some parts changed."""
    names = ("words", "counts", "center", "outside", "config", "history", "outside_words", "bias")
    parts = {name: getattr(vectors, name) for name in names} | changes
    return WordVectors(**parts)


@pytest.fixture(scope="module")
def sampled():
    return train(epochs=10, subsample=0.05, window=3)


@pytest.fixture(scope="module")
def exact():
    return train(loss="softmax", max_vocab=15, epochs=4)


@pytest.mark.parametrize(
    "settings",
    [
        {"mix": 0},
        {"mix": 0.2},
        {"mix": 5, "fixed_window": True},
        {"max_vocab": 15},
        {"max_vocab": 15, "outside_vocab": 28, "window": 2, "subsample": 0.03, "mix": 0.2},
        {"max_vocab": 15, "outside_vocab": 15},
    ],
    ids=str,
)
def test_on_the_corpus_of_training_the_figures_are_the_last_of_its_history(tmp_path, settings):
    train(loss="softmax", epochs=4, **settings).save(tmp_path / "v.safetensors")
    vectors = firth.load(tmp_path / "v.safetensors")
    (found,) = score_corpus(vectors, sentences(), threads=2)
    last = vectors.history[-1]
    assert found.bias == "own"
    assert found.cross_entropy == pytest.approx(last["loss"], rel=1e-6)
    assert (found.pairs, found.entropy) == (last["pairs"], last["entropy"])
    assert found.kl == found.cross_entropy - found.entropy
    assert found.perplexity == pytest.approx(last["perplexity"], rel=1e-5)
    assert found.tokens == last["tokens"]
    outside = set(vectors.outside_words)
    assert found.known == sum(word in outside for word in chain(*sentences()))


@pytest.mark.parametrize("given", [{}, {"window": 5}, {"subsample": 0}, {"window": 1, "subsample": 0.01}], ids=str)
def test_vectors_of_negative_sampling_are_judged_with_two_biases(monkeypatch, sampled, given):
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    none, noise = score_corpus(sampled, sentences(), **given)
    counts = counts_of(sentences(), sampled, **{"window": 3, "subsample": 0.05} | given)
    assert (none.bias, noise.bias) == ("none", "noise")
    assert none.cross_entropy == pytest.approx(expected(sampled, np.zeros(len(sampled)), counts), rel=1e-5)
    logarithms = np.log(reference.noise_distribution(sampled.counts, 0.75))
    assert noise.cross_entropy == pytest.approx(expected(sampled, logarithms, counts), rel=1e-5)
    assert noise.cross_entropy < none.cross_entropy
    sums = counts.sum(axis=1)
    entropy = sums @ reference.entropy(counts / np.maximum(sums, 1e-300)[:, None]) / sums.sum()
    for found in (none, noise):
        assert found.pairs == pytest.approx(sums.sum(), rel=1e-6)
        assert found.entropy == pytest.approx(entropy, rel=1e-5)
        assert found.kl == found.cross_entropy - found.entropy > 0
        assert found.perplexity == pytest.approx(math.exp(found.cross_entropy), rel=1e-12)


@pytest.mark.parametrize("name", ["sampled", "exact"])
def test_another_text_is_judged_by_the_words_that_have_vectors(monkeypatch, request, name):
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    vectors = request.getfixturevalue(name)
    other = [[*sentence[:6], "unknown", *sentence[6:], "alien"] for sentence in sentences(seed=5, count=30)]
    found = score_corpus(vectors, other, subsample=0, window=4)[0]
    counts = counts_of(other, vectors, 4, 0)
    bias = np.zeros(len(vectors)) if vectors.bias is None else vectors.bias
    assert found.cross_entropy == pytest.approx(expected(vectors, bias, counts), rel=1e-5)
    assert found.tokens == 30 * 14
    assert found.known == sum(word in set(vectors.outside_words) for word in chain(*other)) <= 30 * 12


def test_a_text_is_read_as_that_of_training_was(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("Salt, pepper! Salt; dish.\n" * 30, encoding="utf-8")
    vectors = train(path, loss="softmax", lower=True, tokenizer="words", epochs=2)
    assert sorted(vectors.words) == ["dish", "pepper", "salt"]
    (found,) = score_corpus(vectors, path)
    assert found.known == found.tokens == 120
    assert found.cross_entropy == pytest.approx(vectors.history[-1]["loss"], rel=1e-6)


def test_threads_change_nothing(exact):
    assert score_corpus(exact, sentences(), threads=1) == score_corpus(exact, sentences(), threads=3)


def test_a_checkpoint_is_judged_without_the_mixture_that_it_does_not_have_yet(tmp_path):
    vectors = train(loss="softmax", epochs=3, mix=2.0, checkpoint=tmp_path)
    (found,) = score_corpus(firth.load(tmp_path / "checkpoint.safetensors"), sentences())
    assert found.cross_entropy == pytest.approx(vectors.history[-1]["loss"], rel=1e-6)


@pytest.mark.parametrize("factor", [1e5, 1e19])
def test_a_hopeless_model_is_refused(exact, factor):
    center, outside = (array * np.float32(factor) for array in (exact.center, exact.outside))
    with pytest.raises(FormatError, match="the scores of these vectors are too large"):
        score_corpus(rebuilt(exact, center=center, outside=outside), sentences())


def test_more_than_the_memory_is_refused(monkeypatch, exact):
    monkeypatch.setattr("firth.evaluate.objective.physical_memory", lambda: 1e3)
    with pytest.raises(ConfigError, match=r"needs 0\.0 GB and this machine has 0\.0 GB"):
        score_corpus(exact, sentences())


@pytest.mark.parametrize("exponent", [None, "0.75", math.nan, 1e300, 3])
def test_without_a_sensible_exponent_there_is_no_noise_to_judge_with(sampled, exponent):
    vectors = rebuilt(sampled, config=sampled.config | {"ns_exponent": exponent})
    assert [found.bias for found in score_corpus(vectors, sentences())] == ["none"]


def test_vectors_without_counts_have_no_noise_to_judge_with(sampled):
    vectors = rebuilt(sampled, counts=np.zeros(len(sampled), np.int64), config={})
    assert [found.bias for found in score_corpus(vectors, sentences())] == ["none"]


def test_vectors_without_outside_vectors_are_refused(tmp_path, sampled):
    sampled.save(tmp_path / "v.safetensors")
    convert(tmp_path / "v.safetensors", tmp_path / "v.txt")
    convert(tmp_path / "v.txt", tmp_path / "w.safetensors")
    with pytest.raises(FormatError, match="have no outside vectors"):
        score_corpus(firth.load(tmp_path / "w.safetensors"), sentences())


@pytest.mark.parametrize("transform", [centered, normalized, plus_outside])
def test_transformed_vectors_are_refused_where_they_are_no_model_any_more(exact, transform):
    with pytest.raises(FormatError, match=r"were transformed after training, .*: give the file as it was trained"):
        score_corpus(transform(exact), sentences())


@pytest.mark.parametrize("name", ["sampled", "exact"])
def test_a_rotated_model_is_the_same_model_and_one_of_fewer_words_is_judged_by_these(monkeypatch, request, name):
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    vectors = request.getfixturevalue(name)
    before = score_corpus(vectors, sentences())
    mirror = rebuilt(vectors, center=vectors.center[:, ::-1].copy())
    turned = align(vectors, mirror).vectors
    assert np.abs(turned.center - vectors.center).max() > 0.01
    for found, old in zip(score_corpus(turned, sentences()), before, strict=True):
        assert (found.bias, found.pairs) == (old.bias, old.pairs)
        assert found.cross_entropy == pytest.approx(old.cross_entropy, rel=1e-6)
    few = most_frequent(vectors, 9)
    found = score_corpus(few, sentences())[0]
    counts = counts_of(sentences(), few, few.config["window"], few.config["subsample"])
    bias = np.zeros(9) if few.bias is None else few.bias
    assert found.cross_entropy == pytest.approx(expected(few, bias, counts), rel=1e-5)
    assert found.known == sum(word in few.words for word in chain(*sentences()))


def test_vectors_of_hierarchical_softmax_are_refused():
    vectors = train(loss="hierarchical-softmax", epochs=1, subsample=0)
    with pytest.raises(FormatError, match=r"have nodes of a tree and no outside vectors, .*; train with loss"):
        score_corpus(vectors, sentences())


def test_vectors_of_cbow_are_refused():
    vectors = train(architecture="cbow", epochs=1, subsample=0)
    assert vectors.outside is not None
    with pytest.raises(FormatError, match=r"predict a word from the vectors of its whole window, .*skipgram"):
        score_corpus(vectors, sentences())


@pytest.mark.parametrize("name", ["center", "outside", "bias"])
@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_numbers_that_are_none_are_refused(exact, name, value):
    broken = getattr(exact, name).copy()
    broken[-1] = value
    with pytest.raises(FormatError, match="not finite"):
        score_corpus(rebuilt(exact, **{name: broken}), sentences())


@pytest.mark.parametrize("mix", ["0.2", None, [], math.nan, math.inf, -1, 17, 1e300, 10**400])
def test_a_mixture_that_no_run_can_have_is_refused(exact, mix):
    with pytest.raises(FormatError, match=r"setting mix is .*: expected a number from 0 to 16"):
        score_corpus(rebuilt(exact, config=exact.config | {"mix": mix}), sentences())


@pytest.mark.parametrize(("name", "value"), [("window", "5"), ("subsample", []), ("lower", 1), ("tokenizer", 3)])
def test_settings_that_no_run_can_have_are_refused(exact, name, value):
    with pytest.raises(ConfigError, match=f"{name} is "):
        score_corpus(rebuilt(exact, config=exact.config | {name: value}), sentences())


@pytest.mark.parametrize("given", [{"window": 0}, {"subsample": -1}, {"threads": 0}])
def test_wrong_arguments_are_refused(exact, given):
    with pytest.raises(ConfigError, match=f"{next(iter(given))} is "):
        score_corpus(exact, sentences(), **given)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ([["alien", "unknown"]], "none of the 2 tokens"),
        ([["w1", "unknown"], ["w0"]], "no pair of known words"),
        ([], "empty"),
    ],
)
def test_a_text_with_nothing_to_judge_by_is_refused(exact, text, message):
    with pytest.raises(CorpusError, match=message):
        score_corpus(exact, text)
