"""Alignment against NumPy in float64, on vectors whose rotation and whose moved words are known."""

import itertools

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError
from firth.vectors import alignment, transforms
from firth.vectors.alignment import align, read_anchors
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords
from firth.vectors.transforms import without_top

N, D = 80, 6


def orthogonal(d=D, seed=9):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def random(n=N, d=D, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def make(center, words=None, counts=None, **parts):
    center = np.asarray(center, np.float32)
    words = words or [f"w{i}" for i in range(len(center))]
    counts = np.arange(len(center), 0, -1) if counts is None else np.asarray(counts)
    return WordVectors(words, counts, center, parts.pop("outside", None), {"dim": 6}, [{"epoch": 1}], **parts)


def unit(rows):
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def turned(center, seed=9):
    return (center.astype(np.float64) @ orthogonal(center.shape[1], seed)).astype(np.float32)


def test_a_rotated_copy_is_turned_back():
    source = make(random())
    target = make(turned(source.center))
    found = align(source, target)
    assert found.anchors == N
    assert found.target is target
    np.testing.assert_allclose(found.rotation, orthogonal(), rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.vectors.center, target.center, rtol=0, atol=1e-6)
    assert [cosine for _, cosine in found.moved(N)] == pytest.approx([1.0] * N, abs=1e-6)
    assert max(cosine for _, cosine in found.moved(N)) <= 1.0


@pytest.mark.parametrize("at_once", [1, 100, 2**21])
def test_the_rotation_is_that_of_the_singular_value_decomposition(monkeypatch, at_once):
    monkeypatch.setattr(alignment, "VALUES_AT_ONCE", at_once)
    monkeypatch.setattr(transforms, "VALUES_AT_ONCE", at_once)
    source, target = make(7 * random()), make(random(seed=1) + random())
    left, _, right = np.linalg.svd(unit(source.center).T @ unit(target.center))
    found = align(source, target)
    np.testing.assert_allclose(found.rotation, left @ right, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.vectors.center, source.center.astype(float) @ left @ right, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.rotation.T @ found.rotation, np.eye(D), rtol=0, atol=1e-13)


def test_no_other_rotation_is_nearer():
    source, target = make(random()), make(random(seed=1) + random())
    found = align(source, target)

    def distance(rotation):
        return ((unit(source.center) @ rotation - unit(target.center)) ** 2).sum()

    assert all(distance(found.rotation) < distance(orthogonal(seed=seed)) for seed in range(200))
    rng = np.random.default_rng(0)
    for _ in range(200):
        near = np.linalg.qr(found.rotation + 1e-3 * rng.normal(size=(D, D)))[0]
        near *= np.sign((near * found.rotation).sum(axis=0))
        assert distance(found.rotation) < distance(near)


def test_a_rotation_keeps_lengths_cosines_and_the_model():
    more = [f"w{i}" for i in range(N + 5)]
    bias = random(N + 5, 1)[:, 0].copy()
    source = make(3 * random(), outside=random(N + 5, seed=2), outside_words=more, bias=bias)
    found = align(source, make(random(seed=1))).vectors
    assert np.abs(found.center - source.center).max() > 0.5
    for rows, before in ((found.center, source.center), (found.outside, source.outside)):
        a, b = rows.astype(np.float64), before.astype(np.float64)
        np.testing.assert_allclose(a @ a.T, b @ b.T, rtol=0, atol=1e-4)
    scores = found.center.astype(np.float64) @ found.outside.T.astype(np.float64)
    np.testing.assert_allclose(scores, source.center.astype(float) @ source.outside.T.astype(float), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(found.bias, bias)
    assert (found.words, found.outside_words, found.history) == (source.words, more, source.history)
    np.testing.assert_array_equal(found.counts, source.counts)
    assert found.config == {"dim": 6, "transforms": [{"name": "aligned", "anchors": N}]}


def test_nodes_and_subwords_are_turned_along():
    subwords = Subwords(2, 3, 30, random(N + 30, seed=3))
    source = make(random(), nodes=random(N - 1, seed=2), subwords=subwords)
    found = align(source, make(random(seed=1)))
    np.testing.assert_allclose(found.vectors.nodes, source.nodes @ found.rotation, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.vectors["unseen"], source["unseen"] @ found.rotation, rtol=0, atol=1e-5)
    assert np.abs(found.vectors["unseen"] - source["unseen"]).max() > 0.1


@pytest.mark.parametrize("concatenated", [False, True])
def test_documents_are_turned_along(concatenated):
    documents = DocumentVectors(random(9, seed=4), [f"d{i}" for i in range(9)])
    if concatenated:
        outside, padding = random(3 * N, seed=5).reshape(N, 3 * D), random(1, seed=6)[0]
        documents = DocumentVectors(documents.matrix, documents.names, outside, padding)
    found = align(make(random(), documents=documents), make(random(seed=1)))
    now, turn = found.vectors.documents, lambda rows: rows @ found.rotation
    assert now.names == documents.names
    np.testing.assert_allclose(now.matrix, turn(documents.matrix), rtol=0, atol=1e-5)
    assert np.abs(now.matrix - documents.matrix).max() > 0.1
    if concatenated:
        np.testing.assert_allclose(now.padding, turn(padding), rtol=0, atol=1e-5)
        for vector in range(3):
            part = slice(vector * D, vector * D + D)
            np.testing.assert_allclose(now.outside[:, part], turn(outside[:, part]), rtol=0, atol=1e-5)


def test_the_words_that_were_moved_come_first():
    source = make(random())
    center = turned(source.center)
    moved = {"w5": 1.0, "w40": 0.5, "w11": 0.25}
    for word, share in moved.items():
        center[source.words.index(word)] *= 1 - 2 * share  # to the other side, to the origin, and half as far
        center[source.words.index(word)] += share * random(1, seed=int(word[1:]))[0]
    found = align(source, make(center)).moved(4)
    by_hand = align(source, make(center)).vectors.center
    cosines = (unit(by_hand) * unit(center)).sum(axis=1)
    order = np.argsort(cosines, kind="stable")[:4]
    assert found == [(f"w{i}", pytest.approx(cosines[i], abs=1e-12)) for i in order]
    assert {word for word, _ in found[:3]} == set(moved)
    assert found[3][1] > 0.95


def test_only_words_of_both_sets_move():
    source = make(random(), counts=np.arange(N, 0, -1))
    order = np.random.default_rng(4).permutation(N)[:50]
    target = make(turned(source.center)[order], words=[f"w{i}" for i in order], counts=np.arange(50, 0, -1))
    found = align(source, target)
    assert found.anchors == 50
    assert {word for word, _ in found.moved(N)} == {f"w{i}" for i in order}
    kept = {f"w{i}" for place, i in enumerate(order) if N - i >= 30 and 50 - place >= 30}
    assert {word for word, _ in found.moved(N, min_count=30)} == kept
    assert 0 < len(kept) < 30
    kept = {f"w{i}" for i in order[:20] if i < 20}
    assert {word for word, _ in found.moved(N, among=20)} == kept
    assert 0 < len(kept) < 20
    assert found.moved(N, min_count=N + 1) == []


def test_ties_come_in_the_order_of_the_source_and_a_zero_row_has_cosine_zero():
    center = random()
    center[[7, 3, 30]] = center[3]
    source, target = make(center), turned(center)
    target[[7, 3, 30]] = -target[3]
    target[50] = 0
    found = align(source, make(target))
    assert [word for word, _ in found.moved(3)] == ["w3", "w7", "w30"]
    assert len({cosine for _, cosine in found.moved(3)}) == 1
    assert found.moved(4)[3] == ("w50", 0.0)
    assert [word for word, _ in found.moved(2)] == ["w3", "w7"]


@pytest.mark.parametrize("pairs", [list, tuple])
def test_two_languages_are_aligned_by_a_dictionary(pairs):
    source = make(random(), words=[f"hund{i}" for i in range(N)])
    target = make(turned(source.center)[::-1], words=[f"dog{i}" for i in reversed(range(N))])
    dictionary = [pairs((f"hund{i}", f"dog{i}")) for i in range(0, N, 4)]
    unknown = [pairs(("hund0", "cat")), pairs(("katze", "dog0"))]
    found = align(source, target, itertools.chain(dictionary, unknown))
    assert found.anchors == N / 4
    for i in (1, 2, 3, 79):
        row = found.vectors[f"hund{i}"]
        assert target.words[int((unit(target.center) @ row).argmax())] == f"dog{i}"
    assert found.moved() == []


def test_anchors_may_be_words_of_both():
    source, target = make(random()), make(random(seed=1))
    words = [f"w{i}" for i in range(12)]
    found = align(source, target, [*words, "unknown"])
    assert found.anchors == 12
    left, _, right = np.linalg.svd(unit(source.center[:12]).T @ unit(target.center[:12]))
    np.testing.assert_allclose(found.rotation, left @ right, rtol=0, atol=1e-12)


def test_vectors_without_a_direction_are_aligned_too():
    flat = random()
    flat[:, 2] = 0
    for source in (make(flat), without_top(make(random()), 2)):
        target = make(turned(source.center))
        found = align(source, target)
        np.testing.assert_allclose(found.rotation.T @ found.rotation, np.eye(D), rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.vectors.center, target.center, rtol=0, atol=1e-6)


def test_different_dimensions_are_refused():
    with pytest.raises(FormatError, match=r"source has dimension 6 and the target 4: .* firth transform --reduced 4"):
        align(make(random()), make(random(d=4)))


def test_no_word_in_common_is_refused():
    with pytest.raises(FormatError, match="have no word in common, from 'a0' to 'w0': give anchors"):
        align(make(random(), words=[f"a{i}" for i in range(N)]), make(random()))


def test_fewer_anchors_than_dimensions_are_refused():
    source, target = make(random()), make(random(seed=1))
    with pytest.raises(FormatError, match="5 anchors with vectors in both sets do not fix a rotation in 6 dimensions"):
        align(source, target, [f"w{i}" for i in range(5)] + ["unknown"])
    few = make(random(3))
    with pytest.raises(FormatError, match="3 shared words do not fix a rotation in 6 dimensions: expected 6 or more"):
        align(few, few)


@pytest.mark.parametrize("anchors", ["w1", b"w1", 3])
def test_anchors_that_are_no_list_are_refused(anchors):
    with pytest.raises(ConfigError, match="expected a list of words, or of pairs of words"):
        align(make(random()), make(random()), anchors)


@pytest.mark.parametrize("anchor", [3.0, ("a",), ("a", "b", "c"), ("a", 1.0), ("a", True), None])
def test_what_is_no_anchor_is_refused(anchor):
    with pytest.raises(ConfigError, match=r"an anchor is .*: expected a word, or a pair of words"):
        align(make(random()), make(random()), [anchor])


@pytest.mark.parametrize("broken", ["source", "target"])
def test_a_row_that_is_not_finite_is_refused_by_its_word(broken):
    both = {"source": random(), "target": random(seed=1)}
    both[broken][33, 1] = np.nan
    with pytest.raises(FormatError, match="the vector of 'w33' holds a NaN or an infinity"):
        align(make(both["source"]), make(both["target"]))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "3"])
def test_numbers_out_of_range_are_refused(wrong):
    found = align(make(random()), make(random(seed=1)))
    with pytest.raises(ConfigError, match=f"k is {wrong!r}: expected a whole number, 1 or more"):
        found.moved(wrong)
    with pytest.raises(ConfigError, match=f"among is {wrong!r}: expected a whole number, 1 or more"):
        found.moved(among=wrong)
    if wrong != 0:
        with pytest.raises(ConfigError, match=f"min_count is {wrong!r}: expected a whole number, 0 or more"):
            found.moved(min_count=wrong)


def test_anchors_are_read_from_a_file(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_bytes("\ufeffhund dog\r\n\nkatze\tcat\n  Köln  \n".encode())
    assert read_anchors(path) == [("hund", "dog"), ("katze", "cat"), ("Köln", "Köln")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hund dog\neins one two\n", r"pairs.txt, line 2: b'eins one two\\n' has 3 words: expected one or two"),
        (b"hund dog\n\xff\n", r"pairs.txt, line 2: b'\\xff\\n': expected UTF-8"),
        (b"a b\n" + b"x" * 2**17, r"pairs.txt, line 2: 65,536 bytes or more: expected one or two words"),
        (b"\n \n", "pairs.txt: no anchors: expected in every line"),
        (b"", "pairs.txt: no anchors: expected in every line"),
    ],
)
def test_a_file_that_holds_no_anchors_is_refused(tmp_path, content, message):
    path = tmp_path / "pairs.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_anchors(path)


def test_a_missing_file_of_anchors_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"none.txt: there is no such file"):
        read_anchors(tmp_path / "none.txt")
