"""Transforms against NumPy in float64 on the whole matrix, and what becomes of all else that vectors hold."""

import copy
import tracemalloc

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.vectors import transforms
from firth.vectors.container import WordVectors, load
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords
from firth.vectors.transforms import (
    centered,
    most_frequent,
    normalized,
    plus_outside,
    reduced,
    without_top,
)

N, M, D = 60, 65, 7

ALL = {
    "most_frequent": lambda v: most_frequent(v, 10),
    "plus_outside": plus_outside,
    "centered": centered,
    "without_top": without_top,
    "reduced": lambda v: reduced(v, 3),
    "normalized": normalized,
}


def random(n, d, seed=0):
    """Rows with a mean and with directions of different spreads, so that components are well apart."""
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return ((rng.normal(size=(n, d)) * np.linspace(3, 0.3, d) + rng.normal(size=d)) @ turned).astype(np.float32)


def make(n=N, d=D, *, center=None, counts=None, **parts):
    center = random(n, d) if center is None else np.asarray(center, np.float32)
    words = [f"w{i}" for i in range(len(center))]
    counts = np.random.default_rng(1).integers(1, 9, len(center)) if counts is None else np.asarray(counts)
    return WordVectors(words, counts, center, parts.pop("outside", None), {"dim": d}, [{"epoch": 1}], **parts)


def of_a_model():
    """Vectors with more outside words than words, and a bias."""
    more = [f"w{i}" for i in range(M)]
    bias = np.random.default_rng(3).normal(size=M).astype(np.float32)
    return make(outside=random(M, D, seed=2), outside_words=more, bias=bias)


def of_ngrams():
    """Vectors of words that are means of rows."""
    rows = random(N + 40, D, seed=4)
    subwords = Subwords(2, 3, 40, rows)
    words = [f"w{i}" for i in range(N)]
    center = np.array([np.mean(rows[[i, *ngram_ids(word)]], axis=0) for i, word in enumerate(words)], np.float32)
    return make(center=center, subwords=subwords)


def ngram_ids(word, minn=2, maxn=3, bucket=40, words=N):
    """The rows of a word's n-grams, by FNV-1a."""
    text, found = f"<{word}>", []
    for begin in range(len(text)):
        for n in range(minn, maxn + 1):
            if begin + n <= len(text):
                value = 2166136261
                for byte in text[begin : begin + n].encode():
                    value = ((value ^ byte) * 16777619) % 2**32
                found.append(words + value % bucket)
    return found


def doubles(vectors):
    return vectors.center.astype(np.float64)


def components(rows):
    """(mean, principal components in columns), by the singular value decomposition of the whole matrix."""
    mean = rows.mean(axis=0)
    vectors = np.linalg.svd(rows - mean, full_matrices=True)[2].T
    for column in vectors.T:
        if column[np.abs(column).argmax()] < 0:
            column *= -1
    return mean, vectors


def close(found, expected, atol=2e-6):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def test_plus_outside_is_the_sum_of_both_vectors_of_a_word():
    vectors = of_a_model()
    close(plus_outside(vectors).center, doubles(vectors) + vectors.outside[:N].astype(np.float64))


def test_centered_vectors_have_mean_zero():
    vectors = make()
    close(centered(vectors).center, doubles(vectors) - doubles(vectors).mean(axis=0))
    assert np.abs(doubles(centered(vectors)).mean(axis=0)).max() < 1e-7
    assert np.abs(doubles(vectors).mean(axis=0)).max() > 0.1


@pytest.mark.parametrize("name", ["centered", "without_top", "reduced"])
def test_a_zero_row_is_a_vector_like_any_other(name):
    center = random(N, D)
    center[5] = 0
    vectors = make(center=center)
    mean, top = components(doubles(vectors))
    moved = {"centered": -mean, "without_top": -mean + mean @ top[:, 0] * top[:, 0], "reduced": -mean @ top[:, :3]}
    close(ALL[name](vectors).center[5], moved[name])


@pytest.mark.parametrize("count", [1, 2, 6])
def test_without_top_leaves_nothing_along_the_top_components(count):
    vectors = make()
    mean, top = components(doubles(vectors))
    top = top[:, :count]
    expected = (doubles(vectors) - mean) @ (np.eye(D) - top @ top.T)
    found = without_top(vectors, count)
    close(found.center, expected)
    assert np.abs(doubles(found) @ top).max() < 1e-6
    assert found.config["transforms"] == [{"name": "without_top", "components": count}]


@pytest.mark.parametrize(("dim", "count"), [(2, 1), (100, 1), (149, 1), (151, 2), (300, 3)])
def test_without_top_removes_a_component_for_each_hundred_dimensions(dim, count):
    vectors = make(5, dim)
    assert without_top(vectors).config["transforms"][0]["components"] == count
    np.testing.assert_array_equal(without_top(vectors).center, without_top(vectors, count).center)


@pytest.mark.parametrize("dim", [1, 3, D])
def test_reduced_vectors_are_the_places_along_the_top_components(dim):
    vectors = make()
    mean, top = components(doubles(vectors))
    found = reduced(vectors, dim).center
    close(found, (doubles(vectors) - mean) @ top[:, :dim])
    assert (np.diff(found.astype(np.float64).var(axis=0)) < 0).all()


def test_reduced_to_all_dimensions_are_the_centered_vectors_rotated():
    vectors = make()
    rows, moved = doubles(centered(vectors)), doubles(reduced(vectors, D))
    np.testing.assert_allclose(moved @ moved.T, rows @ rows.T, rtol=0, atol=1e-4)


def test_reduced_vectors_of_fewer_words_than_dimensions():
    vectors = make(3, 6)
    found = reduced(vectors, 5).center
    close(np.abs(found[:, 2:]), np.zeros((3, 3)), atol=1e-5)  # three points span two dimensions
    rows = doubles(centered(vectors))
    np.testing.assert_allclose(doubles(reduced(vectors, 5)) @ found.T, rows @ rows.T, rtol=0, atol=1e-4)


def test_normalized_vectors_have_length_one_and_zero_rows_stay():
    center = random(N, D)
    center[5], center[6] = 0, 1e-30
    vectors = make(center=center)
    found = normalized(vectors)
    lengths = np.sqrt((doubles(vectors) ** 2).sum(axis=1, keepdims=True))
    close(found.center, doubles(vectors) / np.where(lengths > 0, lengths, 1), atol=1e-7)
    assert not found.center[5].any()
    assert found.similarity("w1", "w2") == pytest.approx(vectors.similarity("w1", "w2"), abs=1e-7)


def test_the_most_frequent_keep_their_order_and_ties_go_to_the_first():
    vectors = make(center=np.arange(12).reshape(6, 2), counts=[3, 9, 3, 1, 3, 8])
    for n, words in ((1, ["w1"]), (3, ["w0", "w1", "w5"]), (4, ["w0", "w1", "w2", "w5"])):
        found = most_frequent(vectors, n)
        assert found.words == words
        ids = [int(word[1:]) for word in words]
        np.testing.assert_array_equal(found.center, vectors.center[ids])
        np.testing.assert_array_equal(found.counts, vectors.counts[ids])
    for n in (6, 7, 10**9):
        assert most_frequent(vectors, n).words == vectors.words
    assert most_frequent(make(counts=np.zeros(N, np.int64)), 3).words == ["w0", "w1", "w2"]


def test_the_most_frequent_are_the_model_of_these_words():
    vectors = of_a_model()
    found = most_frequent(vectors, 10)
    ids = [vectors.words.index(word) for word in found.words]
    assert found.outside_words is found.words
    np.testing.assert_array_equal(found.outside, vectors.outside[ids])
    np.testing.assert_array_equal(found.bias, vectors.bias[ids])


def test_words_that_were_cut_are_made_of_their_ngrams():
    vectors = of_ngrams()
    found = most_frequent(vectors, 10)
    cut = next(word for word in vectors.words if word not in found.words)
    rows = vectors.subwords.rows.astype(np.float64)
    close(found[cut], rows[ngram_ids(cut)].mean(axis=0))
    kept = found.words[3]
    np.testing.assert_array_equal(found.subwords.rows[3], vectors.subwords.rows[vectors.words.index(kept)])


@pytest.mark.parametrize("name", ["centered", "without_top", "reduced"])
def test_words_remain_the_means_of_their_rows(name):
    vectors = of_ngrams()
    found = ALL[name](vectors)
    rows = found.subwords.rows.astype(np.float64)
    assert np.abs(rows).max() > 0.1
    for i, word in enumerate(found.words):
        close(found.center[i], rows[[i, *ngram_ids(word)]].mean(axis=0), atol=1e-5)
    close(found["never-seen"], rows[ngram_ids("never-seen")].mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_what_remains_and_what_is_dropped(name, tmp_path):
    vectors = of_a_model()
    before = copy.deepcopy(vectors.parts())
    found = ALL[name](vectors)
    assert type(found) is WordVectors
    for part, value in vectors.parts().items():
        np.testing.assert_equal(value, before[part])
    keeps_the_model = name == "most_frequent"
    assert (found.outside is not None) == (found.bias is not None) == keeps_the_model
    assert found.outside_words is found.words
    assert found.history == vectors.history
    if not keeps_the_model:
        assert found.words == vectors.words
        np.testing.assert_array_equal(found.counts, vectors.counts)
    noted = found.config["transforms"]
    assert [entry["name"] for entry in noted] == [name]
    assert found.config == {"dim": D, "transforms": noted}
    again = normalized(found)
    assert again.config["transforms"] == [*noted, {"name": "normalized"}]
    again.save(tmp_path / "v.safetensors")
    assert load(tmp_path / "v.safetensors").config == again.config
    nodes = make(nodes=random(N - 1, D, seed=5))
    if name != "plus_outside":
        assert ALL[name](nodes).nodes is None
        assert (ALL[name](of_ngrams()).subwords is None) == (name == "normalized")


@pytest.mark.parametrize("name", ALL)
def test_documents_are_changed_as_words_are(name):
    """Documents with the vectors of words stay those of the words."""
    tags = [f"tag{i}" for i in range(10)]
    documents = DocumentVectors(random(N, D)[5:15].copy(), tags)
    vectors = make(outside=random(N, D, seed=2), counts=np.arange(N, 0, -1), documents=documents)
    found = ALL[name](vectors).documents
    if name == "plus_outside":
        assert found is None
        return
    assert found.names == tags
    expected = vectors.center if name == "most_frequent" else ALL[name](vectors).center
    np.testing.assert_array_equal(found.matrix, expected[5:15])
    broken = documents.matrix.copy()
    broken[3, 1] = np.nan
    if name != "most_frequent":
        with pytest.raises(FormatError, match="vector of 'tag3' holds a NaN"):
            ALL[name](make(documents=DocumentVectors(broken, tags), outside=random(N, D)))
        with pytest.raises(FormatError, match="vector of 3 holds a NaN"):
            ALL[name](make(documents=DocumentVectors(broken), outside=random(N, D)))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("rows", [N, N - 1, 2 * N - 1])
def test_outside_vectors_of_concatenated_windows_are_those_of_the_words_that_stay(name, rows):
    outside, padding = random(3 * rows, D, seed=7).reshape(rows, 3 * D), random(1, D)[0]
    vectors = make(counts=np.arange(N), documents=DocumentVectors(random(4, D), None, outside, padding))
    if name == "plus_outside":
        return
    found = ALL[name](vectors).documents
    if name != "most_frequent" or rows < N:
        assert (found.outside, found.padding) == (None, None)
    else:
        np.testing.assert_array_equal(found.outside, outside[N - 10 : N])
        np.testing.assert_array_equal(found.padding, padding)


@pytest.mark.parametrize("at_once", [1, 3 * D, 50 * D])
@pytest.mark.parametrize("name", ALL)
def test_the_size_of_blocks_changes_nothing(monkeypatch, name, at_once):
    expected = ALL[name](of_a_model()).center
    monkeypatch.setattr(transforms, "VALUES_AT_ONCE", at_once)
    close(ALL[name](of_a_model()).center, expected, atol=1e-6)


@pytest.mark.parametrize("name", [*ALL][1:])
def test_memory_holds_the_result_and_a_few_blocks(monkeypatch, name):
    monkeypatch.setattr(transforms, "VALUES_AT_ONCE", 2**14)
    n, d = 40_000, 32
    vectors = make(n, d, outside=random(n, d, seed=6))
    ALL[name](vectors)  # compiles
    tracemalloc.start()
    found = ALL[name](vectors)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    words = 200 * n  # the dictionary of a new WordVectors
    assert peak < found.center.nbytes + words + 16 * 8 * 2**14


@pytest.mark.parametrize("name", [*ALL][1:])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_is_refused_by_its_word(name, value):
    center = random(N, D)
    center[17, 3] = value
    vectors = make(center=center, outside=random(N, D))
    with pytest.raises(FormatError, match="the vector of 'w17' holds a NaN or an infinity: expected finite numbers"):
        ALL[name](vectors)


def test_outside_rows_and_rows_of_ngrams_that_are_not_finite_are_refused():
    outside = random(N, D)
    outside[4, 0] = np.nan
    with pytest.raises(FormatError, match="the vector of 'w4' holds a NaN"):
        plus_outside(make(outside=outside))
    vectors = of_ngrams()
    rows = vectors.subwords.rows.copy()
    rows[N + 31, 2] = np.inf
    broken = WordVectors(**vectors.parts() | {"subwords": Subwords(2, 3, 40, rows)})
    with pytest.raises(FormatError, match="the vector of n-gram bucket 31 holds a NaN"):
        centered(broken)


def test_results_beyond_float32_are_refused():
    large = np.full((3, 2), 3e38)
    with pytest.raises(FormatError, match="the new vector of 'w0' is beyond float32: expected numbers below"):
        plus_outside(make(center=large, outside=large.astype(np.float32)))


@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, None, "2", D + 1])
def test_numbers_out_of_range_are_refused(wrong):
    vectors = make()
    with pytest.raises(ConfigError, match=rf"dim is {wrong!r}: expected a whole number, 1 to {D}"):
        reduced(vectors, wrong)
    if wrong is not None:
        with pytest.raises(ConfigError, match=rf"components is {wrong!r}: expected a whole number, 1 to {D - 1}"):
            without_top(vectors, wrong)
    if wrong != D + 1:
        with pytest.raises(ConfigError, match=rf"n is {wrong!r}: expected a whole number, 1 or more"):
            most_frequent(vectors, wrong)


def test_without_top_needs_two_dimensions():
    with pytest.raises(ConfigError, match="components is 1: the vectors have one dimension, and nothing would remain"):
        without_top(make(5, 1))


def test_plus_outside_needs_outside_vectors():
    with pytest.raises(FormatError, match="these vectors have no outside vectors to add"):
        plus_outside(make())


def test_transforms_that_are_no_list_are_refused():
    vectors = make()
    vectors.config["transforms"] = "centered"
    with pytest.raises(FormatError, match="the vectors' transforms are 'centered': expected a list"):
        centered(vectors)


def test_documents_of_which_nothing_is_learned_stay_zero():
    matrix = random(5, D, seed=3)
    matrix[2] = 0.0
    changed = centered(make(documents=DocumentVectors(matrix))).documents
    assert not changed.matrix[2].any()
    assert changed.matrix[[0, 1, 3, 4]].all()
