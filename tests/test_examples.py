"""The examples do what their pages say, in numbers."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from firth import reference

EXAMPLES = Path(__file__).parents[1] / "examples"
SST = Path(__file__).parents[2] / "shared" / "data" / "sst" / "datasetSentences.txt.xz"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def worked():
    return load("worked")


@pytest.fixture(scope="module")
def sst():
    return load("sst")


@pytest.fixture(scope="module")
def outcome(worked):
    return worked.main()


ROOM, LITTLE = 12, 2


@pytest.mark.parametrize("dim", [ROOM, LITTLE])
def test_batch_gradient_descent_and_the_exact_trainer_reach_the_same_optimum(outcome, dim):
    batch, exact = (outcome[0][dim][name] for name in ("batch gradient descent", "exact trainer"))
    assert exact[0] == pytest.approx(batch[0], abs=3e-6)
    np.testing.assert_allclose(exact[2], batch[2], atol=1e-3)


def test_with_room_enough_that_optimum_is_the_floor(outcome):
    for name in ("batch gradient descent", "exact trainer"):
        assert abs(outcome[0][ROOM][name][1]) < 3e-6


def test_with_two_dimensions_it_is_not_and_another_start_finds_the_same(worked, outcome):
    _, gap, model = outcome[0][LITTLE]["batch gradient descent"]
    assert 0.005 < gap < 0.02
    sentences = worked.corpus()
    words = sorted({word for sentence in sentences for word in sentence})
    counts = np.zeros((len(words), len(words)))
    np.add.at(counts, tuple(np.transpose(worked.pairs_of(sentences, words))), 1)
    other = worked.measure(worked.batch_gradient_descent(counts, LITTLE, seed=2), counts)
    np.testing.assert_allclose(other[2], model, atol=1e-9)


def test_negative_sampling_has_another_optimum(outcome):
    results, own = outcome
    for name in ("negative sampling, SGD", "negative sampling, optimum"):
        assert results[ROOM][name][1] > 0.03
        assert np.abs(results[ROOM][name][2] - results[ROOM]["batch gradient descent"][2]).max() > 0.03
    assert own["optimum"] < own[ROOM] < own["optimum"] + 0.01
    assert own[LITTLE] > own["optimum"] + 0.1
    assert results[ROOM]["negative sampling + log M"][1] < results[ROOM]["negative sampling, SGD"][1] / 4


def test_expected_negatives_are_what_is_drawn(worked):
    counts, noise = np.array([[3.0, 1, 0], [1, 0, 2], [0, 2, 5]]), np.array([0.5, 0.3, 0.2])
    rng = np.random.default_rng(1)
    drawn, rounds = np.zeros((3, 3)), 1000
    for center, outside in itertools.product(range(3), repeat=2):
        total = int(counts[center, outside]) * rounds * worked.NEGATIVES
        if total:
            stream = iter(rng.choice(3, size=6 * total, p=noise).tolist()).__next__
            drawn[center] += np.bincount(reference.sample_negatives(outside, stream, total), minlength=3)
    expected = worked.expected_negatives(counts, noise)
    np.testing.assert_allclose(drawn / rounds, expected, rtol=0.03)
    assert expected.sum() == pytest.approx(worked.NEGATIVES * counts.sum())


def test_log_of_pairs_by_negatives_is_where_negative_sampling_is_least(worked):
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 9, size=(4, 4)).astype(float)
    drawn = worked.expected_negatives(counts, np.array([0.4, 0.3, 0.2, 0.1]))
    best = np.log(counts / drawn)
    slope = reference.central_difference(lambda z: worked.negative_sampling_loss(z, counts, drawn), best)
    assert np.abs(slope).max() < 1e-9
    np.testing.assert_allclose(reference.softmax(best + np.log(drawn)), counts / counts.sum(axis=1, keepdims=True))


def test_every_word_of_the_assignments_lists_has_a_colour(sst):
    coloured = {word for _, words in sst.GROUPS.values() for word in words.split()}
    assert [len(words.split()) for words in sst.PICTURES.values()] == [25, 24]
    assert {word for words in sst.PICTURES.values() for word in words.split()} == coloured


def test_the_treebank_is_read_with_its_header(sst, tmp_path):
    path = tmp_path / "datasetSentences.txt"
    path.write_text("sentence_index\tsentence\n1\tThe Rock is n't\x85 here\n2\tAnother\n", encoding="utf-8")
    assert sst.sentences(path) == [["the", "rock", "is", "n't", "here"], ["another"]]
    path.write_text("1\tThe Rock\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"line 1: expected 'sentence_index<TAB>sentence'"):
        sst.sentences(path)


@pytest.mark.parametrize("loss", ["negative-sampling", "softmax"])
def test_the_assignments_experiment(sst, tmp_path, loss):
    if not SST.exists():
        pytest.skip("needs the treebank, in ../shared/data/sst")
    pytest.importorskip("matplotlib", reason="the picture is drawn with matplotlib")
    words = {word for listed in sst.PICTURES.values() for word in listed.split()}
    corpus = [sentence for sentence in sst.sentences(SST) if words & set(sentence)][:1500]
    seen = {word for sentence in corpus for word in sentence}
    corpus.append(sorted(words - seen))
    vectors = sst.train(corpus, loss, epochs=3, quiet=True)
    assert vectors.center.shape[1] == 10
    assert vectors.history[-1]["loss"] < vectors.history[0]["loss"]
    target = tmp_path / "sst.png"
    sst.draw(vectors, target)
    assert target.read_bytes()[:4] == b"\x89PNG"
    assert 10_000 < target.stat().st_size < 200_000
