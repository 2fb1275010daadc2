"""Vectors of documents: against SIF written out in float64 from the paper's formula, and its queries and files."""

import io
import json
import math
import random
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.corpus import lines as corpus_lines
from firth.corpus.reader import TextReader
from firth.corpus.vocabulary import LINE_END
from firth.errors import ConfigError, CorpusError, FormatError, UnknownWordError
from firth.files.tensors import read_tensors, write_tensors
from firth.settings import DocumentOptions
from firth.vectors import documents as module
from firth.vectors.container import WordVectors, load
from firth.vectors.documents import Documents, make_documents, principal_components, query_tokens, remove
from firth.vectors.subwords import Subwords

WORDS = [f"w{number}" for number in range(40)]
DIM = 7


def make_vectors(seed=3, counts=None, config=None, subwords=None, center=None):
    rng = np.random.default_rng(seed)
    if center is None:
        center = (rng.normal(size=(len(WORDS), DIM)) + 0.3).astype(np.float32)
    counts = 1000 // np.arange(1, len(WORDS) + 1) if counts is None else np.asarray(counts, np.int64)
    return WordVectors(WORDS, counts, center, None, config or {}, [], subwords=subwords)


def made(vectors, source, progress=None, **settings):
    return make_documents(vectors, source, DocumentOptions(**settings), progress)


def random_lines(seed, lines=60):
    """Lines of 0 to 11 tokens; every sixth word or so is unknown."""
    draw = random.Random(seed)
    words = [*WORDS, *(f"unknown{number}" for number in range(8))]
    return [draw.choices(words, k=draw.randrange(12)) for _ in range(lines)]


def means_by_hand(vectors, lines, weight):
    """1/k Σ weight(w) v_w over the k known tokens of each line, one token at a time."""
    means = np.zeros((len(lines), vectors.center.shape[1]))
    for mean, line in zip(means, lines, strict=True):
        known = [word for word in line if word in vectors]
        for word in known:
            mean += weight(word) * vectors[word].astype(np.float64) / len(known)
    return means


def sif_by_hand(vectors, lines, a, components=1):
    total = sum(vectors.counts.tolist())
    share = {word: count / total for word, count in zip(vectors.words, vectors.counts.tolist(), strict=True)}
    means = means_by_hand(vectors, lines, lambda word: a / (a + share[word]))
    axes = np.linalg.svd(means)[2][:components]
    return means - means @ axes.T @ axes


def same(found, expected):
    return np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("a", [1e-4, 1e-3, 0.5])
@pytest.mark.parametrize("components", [0, 1, 3])
def test_sif_is_the_formula(a, components):
    vectors, lines = make_vectors(), random_lines(1)
    found = made(vectors, lines, a=a, components=components)
    assert found.matrix.dtype == np.float32
    assert same(found.matrix, sif_by_hand(vectors, lines, a, components))
    assert found.known.tolist() == [sum(word in vectors for word in line) for line in lines]
    assert found.tokens.tolist() == list(map(len, lines))
    assert found.common.shape == (components, DIM)


def test_the_oracle_would_notice_a_weight_that_is_left_out():
    vectors, lines = make_vectors(), random_lines(1)
    assert not same(made(vectors, lines).matrix, sif_by_hand(vectors, lines, 1e-2))
    assert not same(made(vectors, lines, method="mean").matrix, sif_by_hand(vectors, lines, 1e-3))


def test_the_plain_mean():
    vectors, lines = make_vectors(), random_lines(2)
    found = made(vectors, lines, method="mean")
    assert same(found.matrix, means_by_hand(vectors, lines, lambda word: 1.0))
    assert found.common.shape == (0, DIM)


def test_documents_without_known_words_are_zero_and_counted():
    found = made(make_vectors(), [["w1"], [], ["unknown"], ["w2", "w3", "unknown"], []])
    assert found.matrix.any(axis=1).tolist() == [True, False, False, True, False]
    assert (found.known.tolist(), found.tokens.tolist()) == ([1, 0, 0, 2, 0], [1, 0, 1, 3, 0])
    assert (len(found), found.unknown) == (5, 3)
    assert repr(found) == f"<Documents: 5 lines, 3 without known words, dimension {DIM}>"


def equal(one, other):
    """Whether documents have the same bytes."""
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("matrix", "known", "tokens", "common")
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_source_gives_the_same_documents(tmp_path, monkeypatch, end):
    vectors, lines = make_vectors(), random_lines(3)
    right = made(vectors, lines)
    text = end.join(map(" ".join, [*lines, [""]]))
    for number, part in enumerate((lines[:25], lines[25:])):  # the last line of a file may end with the file
        (tmp_path / f"{number}.txt").write_bytes(end.join(map(" ".join, part)).encode() + b" ")
    (tmp_path / "whole").write_bytes(text.encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    paths = [tmp_path / "0.txt", str(tmp_path / "1.txt")]
    for source in (tmp_path / "whole", paths, str(tmp_path / "*.txt"), iter(lines), map(tuple, lines), "-"):
        assert equal(made(vectors, source), right)


def test_blocks_play_no_part(tmp_path, monkeypatch):
    vectors, lines = make_vectors(), [*random_lines(4), WORDS * 9]
    path = tmp_path / "text"
    path.write_text("\n".join(map(" ".join, lines)), encoding="utf-8")
    right = made(vectors, path)
    assert right.tokens[-1] == 360
    for size in (1, 2, 7, 100):
        monkeypatch.setattr(corpus_lines, "TextReader", partial(TextReader, block_size=size))
        assert equal(made(vectors, path), right)
    monkeypatch.setattr(module, "VALUES_AT_ONCE", 20 * DIM)
    found = made(vectors, path)
    assert np.abs(found.matrix - right.matrix).max() < 1e-6  # the sums of second moments are cut otherwise


def test_a_document_may_be_longer_than_what_is_scanned_at_a_time():
    vectors = make_vectors()
    for source in ([["w1"] * 1_500_000 + ["w2"] * 500_000, ["w3"]],):
        found = made(vectors, source, method="mean")
        expected = 0.75 * vectors["w1"].astype(np.float64) + 0.25 * vectors["w2"]
        assert np.abs(found.matrix[0] - expected).max() < 1e-6
        assert found.tokens.tolist() == [2_000_000, 1]


def test_room_for_documents_grows():
    vectors, lines = make_vectors(), [[WORDS[number % 40]] for number in range(5000)]
    found = made(vectors, lines, method="mean")
    assert np.array_equal(found.matrix, vectors.center[np.arange(5000) % 40])


@pytest.mark.parametrize("room", [1, 2, 1000])
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_the_kernel_is_the_walk_over_tokens(room, step):
    from firth.vectors._documents import add_tokens

    rng = np.random.default_rng(room)
    center, made_rows = (rng.normal(size=(n, DIM)).astype(np.float32) for n in (6, 3))
    rows, weights = np.array([3, -1, 8, 0, 6, -2, 5]), rng.uniform(size=7)
    lines = [rng.integers(7, size=size).tolist() for size in (0, 5, 1, 0, 30, 2)]
    ids = np.array([number for line in lines for number in (*line, LINE_END)], np.int32)
    both = np.concatenate([center, made_rows]).astype(np.float64)

    total, state, found = np.zeros(DIM), np.zeros(3, np.int64), []
    means, known, tokens = np.empty((room, DIM), np.float32), *np.empty((2, room), np.int64)
    done = 0
    while done < len(ids):
        piece = ids[done : done + step]
        taken = add_tokens(piece, rows, weights, center, made_rows, total, state, means, known, tokens)
        done += taken
        if taken < len(piece) or done == len(ids):
            found += zip(means[: state[0]].copy(), known[: state[0]].tolist(), tokens[: state[0]].tolist(), strict=True)
            state[0] = 0
    assert len(found) == len(lines)
    for (mean, with_vector, in_all), line in zip(found, lines, strict=True):
        vectors = [weights[number] * both[rows[number]] for number in line if rows[number] >= 0]
        assert (with_vector, in_all) == (len(vectors), len(line))
        assert np.abs(mean - sum(vectors, np.zeros(DIM)) / max(1, len(vectors))).max() < 1e-6


def test_the_row_of_firth_check_notices(monkeypatch):
    from firth.check.documents import DOCUMENTS
    from firth.check.kernels import KERNEL_TOLERANCE
    from firth.vectors import _documents as kernels

    right = kernels.add_tokens
    check = DOCUMENTS["means of documents"]
    assert check(np.random.default_rng(1)) < KERNEL_TOLERANCE
    monkeypatch.setattr(kernels, "add_tokens", lambda *x: right(*x[:2], x[2] * 1.00002, *x[3:]))
    assert check(np.random.default_rng(1)) > KERNEL_TOLERANCE


# Settings.


def test_text_is_read_as_the_training_text_was(tmp_path):
    path = tmp_path / "text"
    path.write_text("W1, w2!\nw3\n")
    config = {"lower": True, "tokenizer": "words", "errors": "strict"}
    assert made(make_vectors(config=config), path).known.tolist() == [2, 1]
    assert made(make_vectors(config=config), path, lower=False, components=0).known.tolist() == [1, 1]
    assert made(make_vectors(config=config), path, tokenizer="whitespace", components=0).known.tolist() == [0, 1]
    assert made(make_vectors(), path, method="mean").known.tolist() == [0, 1]
    lists = made(make_vectors(config=config), [["W1", "w2!"], ["w3"]], method="mean")
    assert lists.known.tolist() == [1, 1]  # lists are taken as they are, but for `lower`
    path.write_bytes(b"w1\xff\nw2\nw3\n")
    with pytest.raises(CorpusError, match="invalid UTF-8"):
        made(make_vectors(config=config), path)


def test_a_query_in_one_string_is_read_like_the_documents():
    options = DocumentOptions(lower=True, tokenizer="words", errors="strict")
    assert query_tokens("It's W1, w2!", options) == ["it's", "w1", "w2"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "max"}, "method is 'max': expected 'sif' or 'mean'"),
        ({"a": 0}, "a is 0: expected a number, from 1e-12"),
        ({"components": -1}, "components is -1: expected a whole number"),
        ({"components": DIM}, "fewer than the dimension of the vectors, 7"),
        ({"method": "mean", "a": 0.1}, "a is a setting of method 'sif'"),
        ({"method": "mean", "components": 0}, "components is a setting of method 'sif'"),
        ({"tokenizer": "words"}, "lists of tokens are taken as they are"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        made(make_vectors(), [["w1"], ["w2"]], **settings)


def test_sif_needs_counts():
    vectors = make_vectors(counts=np.zeros(40))
    with pytest.raises(ConfigError, match=r"these vectors have none .* method='mean'"):
        made(vectors, [["w1"], ["w2"]])
    assert made(vectors, [["w1"], ["w2"]], method="mean").known.tolist() == [1, 1]


def test_texts_that_leave_nothing_are_refused():
    vectors = make_vectors()
    with pytest.raises(CorpusError, match="lines with known words: 1; components to remove from them: 1"):
        made(vectors, [["w1"], []])
    with pytest.raises(CorpusError, match=r"no token has a vector \(tokens: 2, lines: 1\)"):
        made(vectors, [["one", "two"]], method="mean")
    with pytest.raises(CorpusError, match="tokens: 0, lines: 0"):
        made(vectors, iter([]))


def test_progress_is_told(tmp_path):
    path, told = tmp_path / "text", []
    path.write_text("w1\nw2\n")
    made(make_vectors(), path, lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)


# Common components.


def test_components_are_the_singular_vectors_with_one_sign():
    matrix = (np.random.default_rng(5).normal(size=(50, 6)) * [5, 4, 3, 2, 1, 0.5]).astype(np.float32)
    found = principal_components(matrix, 4)
    right = np.linalg.svd(matrix.astype(np.float64))[2][:4]
    right *= np.sign(np.take_along_axis(right, np.abs(right).argmax(axis=1)[:, None], 1))
    assert found.dtype == np.float32
    assert np.abs(found - right).max() < 1e-6
    assert np.array_equal(principal_components(-matrix, 4), found)


def test_there_are_no_more_components_than_directions():
    row = np.array([[3, 4, 0]], np.float32)
    assert np.abs(principal_components(np.repeat(row, 5, axis=0), 2) - [[0.6, 0.8, 0]]).max() < 1e-7


def test_what_is_rounding_is_zero():
    matrix = np.random.default_rng(2).normal(size=(40, 1)).astype(np.float32) * np.float32([[0.3, -0.7, 0.1, 0.2]])
    remove(matrix, principal_components(matrix, 1))
    assert not matrix.any()


def test_new_texts_lose_the_components_of_the_first(tmp_path):
    vectors, lines, told = make_vectors(), random_lines(6), []
    first = made(vectors, lines)
    again = first.transform(lines)
    assert equal(again, first)
    assert same(first.transform([lines[2]]).matrix, first.matrix[2:3].astype(np.float64))
    path = tmp_path / "text"
    path.write_text("w1 w1\n\nnever seen\n")
    found = first.transform(path, lambda *now: told.append(now))
    axis, total = first.common[0].astype(np.float64), vectors.counts.sum()
    expected = 1e-3 / (1e-3 + vectors.counts[1] / total) * vectors["w1"].astype(np.float64)
    assert same(found.matrix[0], expected - (expected @ axis) * axis)
    assert not found.matrix[1:].any()
    assert (found.known.tolist(), found.tokens.tolist()) == ([2, 0, 0], [2, 0, 2])
    assert told[-1] == (18, 18)


# Queries.


def nearest_by_hand(found, query, excluded, k):
    rows, query = found.matrix.astype(np.float64), np.asarray(query, np.float64)
    scores = []
    for number, row in enumerate(rows):
        if row.any() and number != excluded:
            scores.append((-float(row @ query) / math.sqrt(float(row @ row) * float(query @ query)), number))
    return [(number, pytest.approx(-score, abs=1e-12)) for score, number in sorted(scores)[:k]]


@pytest.mark.parametrize("k", [1, 10, 1000])
@pytest.mark.parametrize("at_once", [DIM, 9 * DIM, 1 << 20])
def test_nearest_against_a_search_by_hand(monkeypatch, k, at_once):
    found = made(make_vectors(), random_lines(7))
    monkeypatch.setattr(module, "VALUES_AT_ONCE", at_once)
    for row in np.flatnonzero(found.known)[:20]:
        assert found.nearest(row, k) == nearest_by_hand(found, found.matrix[row], row, k)
    query = np.random.default_rng(1).normal(size=DIM)
    assert found.nearest(query, k) == nearest_by_hand(found, query, -1, k)
    text = found.transform([["w3", "w9"]]).matrix[0]
    assert found.nearest(["w3", "w9"], k) == nearest_by_hand(found, text, -1, k)


def test_equal_documents_come_in_their_order(monkeypatch):
    found = made(make_vectors(), [["w1"], ["w2"], ["w1"], ["w1", "w1"], ["w1"]], method="mean")
    for at_once in (DIM, 1 << 20):
        monkeypatch.setattr(module, "VALUES_AT_ONCE", at_once)
        assert found.nearest(0, 3) == [(row, pytest.approx(1, abs=1e-12)) for row in (2, 3, 4)]
        assert [row for row, _ in found.nearest(2, 3)] == [0, 3, 4]


def test_similarity_is_the_cosine():
    found = made(make_vectors(), random_lines(8))
    for i, j in np.flatnonzero(found.known)[[[0, 1], [2, 2], [5, 3]]].tolist():
        a, b = found.matrix[[i, j]].astype(np.float64)
        assert found.similarity(i, j) == pytest.approx(float(a @ b) / math.sqrt(float(a @ a) * float(b @ b)), abs=1e-12)
    empty = int(np.flatnonzero(found.known == 0)[0])
    assert found.similarity(empty, i) == 0.0


@pytest.mark.parametrize(
    ("query", "k", "error", "message"),
    [
        ("w1 w2", 1, ConfigError, "the split"),
        (3, 0, ConfigError, "k is 0"),
        (3, True, ConfigError, "k is True"),
        (-1, 1, ConfigError, "the document is -1: expected a whole number from 0 to 3"),
        (4, 1, ConfigError, "the document is 4"),
        (True, 1, ConfigError, "the document is True"),
        (1, 1, ConfigError, "vector is zero"),
        (np.zeros(DIM), 1, ConfigError, "vector is zero"),
        (np.zeros(3), 1, ConfigError, r"shape \(3,\): expected finite numbers of shape \(7,\)"),
        (np.full(DIM, np.inf), 1, ConfigError, "expected finite numbers"),
        (["no", "word"], 1, UnknownWordError, "none of the 2 tokens"),
        ([], 1, UnknownWordError, "none of the 0 tokens"),
        ([3.0], 1, CorpusError, "token 0 of sentence 0"),
    ],
)
def test_wrong_queries_are_refused(query, k, error, message):
    found = made(make_vectors(), [["w1"], [], ["w2"], ["w3"]])
    with pytest.raises(error, match=message):
        found.nearest(query, k)


def test_a_similarity_of_no_document_is_refused():
    with pytest.raises(ConfigError, match="the document is 9"):
        made(make_vectors(), [["w1"], ["w2"]]).similarity(0, 9)


# Files.


@pytest.fixture
def saved(tmp_path):
    vectors = make_vectors(config={"lower": True})
    found, path = made(vectors, random_lines(9), a=0.01, components=2), tmp_path / "documents.safetensors"
    found.save(path)
    return vectors, found, path


def test_a_file_gives_the_same_documents(saved):
    vectors, found, path = saved
    again = Documents.load(path, vectors)
    assert equal(again, found)
    assert again.options == found.options
    assert again.nearest(["W3", "w9"]) == found.nearest(["W3", "w9"])
    assert equal(again.transform([["w5"]]), found.transform([["w5"]]))
    before = path.read_bytes()
    again.save(path)
    assert path.read_bytes() == before


def test_without_word_vectors_only_texts_cannot_be_asked_for(saved):
    _, found, path = saved
    again = Documents.load(path)
    row = int(np.flatnonzero(found.known)[0])
    assert again.nearest(row) == found.nearest(row)
    with pytest.raises(ConfigError, match=r"Documents.load\(path, vectors\)"):
        again.nearest(["w1"])


def test_other_word_vectors_are_refused(saved):
    _, _, path = saved
    with pytest.raises(FormatError, match="give the same vectors"):
        Documents.load(path, make_vectors(counts=np.ones(40)))


def rewritten(path, options=None, metadata=None, **changes):
    """The file with other tensors, options or metadata."""
    file = read_tensors(path)
    kinds = {"documents": "F32", "common": "F32", "known": "I64", "tokens": "I64"}
    tensors = {name: np.array(file.tensor(name, kind)) for name, kind in kinds.items()}
    document = json.loads(file.metadata["firth-documents"])
    document["options"] |= options or {}
    tensors = {name: array for name, array in (tensors | changes).items() if array is not None}
    write_tensors(path, tensors, {"firth-documents": json.dumps(document)} if metadata is None else metadata)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"known": np.zeros(3, np.int64)}, r"60 documents of dimension 7, and counts of shapes \(3,\)"),
        ({"known": np.full(60, -1)}, "fewer tokens than known"),
        ({"known": np.full(60, 10**6)}, "fewer tokens than known"),
        ({"tokens": None}, "no tensor 'tokens'"),
        ({"documents": np.zeros(60, np.float32)}, "expected F32 with 2 dimensions"),
        ({"documents": np.zeros((60, 0), np.float32)}, "dimension 0"),
        ({"documents": np.zeros((60, 9), np.float32)}, "common components are of shape"),
        ({"common": np.full((1, DIM), np.nan, np.float32)}, "expected finite"),
        ({"common": np.zeros((8, DIM), np.float32)}, r"shape \(8, 7\)"),
        ({"options": {"method": "max"}}, "method is 'max'"),
        ({"options": {"lower": None}}, "the options are"),
        ({"options": {"more": 1}}, "the options are"),
        ({"options": {"a": "much"}}, "a is 'much'"),
        ({"metadata": {}}, "no documents"),
        ({"metadata": {"firth-documents": "{"}}, "no documents"),
        ({"metadata": {"firth-documents": "[]"}}, "no format number"),
        ({"metadata": {"firth-documents": '{"format": 2}'}}, "format 2; this firth reads 1"),
        ({"metadata": {"firth-documents": '{"format": 1}'}}, "the options are None"),
        ({"metadata": {"firth-documents": '{"format": 1, "vectors": 5}'}}, "give the same vectors"),
    ],
)
def test_files_that_are_not_as_they_should_be_are_refused(saved, changes, message):
    vectors, _, path = saved
    rewritten(path, **changes)
    with pytest.raises(FormatError, match=message) as raised:
        Documents.load(path, vectors)
    assert str(path) in str(raised.value)


def test_numbers_that_are_not_finite_are_found_by_the_query(saved):
    _, found, path = saved
    matrix = found.matrix.copy()
    matrix[3, 2] = np.inf
    rewritten(path, documents=matrix)
    with pytest.raises(FormatError, match="document 3 holds a NaN or an infinity"):
        Documents.load(path).nearest(0)


def test_files_of_words_and_of_documents_are_told_apart(saved, tmp_path):
    vectors, _, path = saved
    vectors.save(tmp_path / "words.safetensors")
    with pytest.raises(FormatError, match="no documents"):
        Documents.load(tmp_path / "words.safetensors")
    with pytest.raises(FormatError, match="without firth's metadata"):
        load(path)
    with pytest.raises(FormatError, match=r"ends in \.safetensors"):
        Documents.load(path).save(tmp_path / "documents.bin")


# Subwords: see also test_means.py.


def test_words_never_seen_have_the_vectors_of_their_ngrams():
    rows = np.random.default_rng(4).normal(size=(40 + 90, DIM)).astype(np.float32)
    vectors = make_vectors(subwords=Subwords(3, 5, 90, rows))
    lines = [["w1", "never"], ["seen", "never", "seen"], ["w2"], []]
    found = made(vectors, lines, components=0)
    total = vectors.counts.sum()
    for row, line in zip(found.matrix, lines, strict=True):
        expected = np.zeros(DIM)
        for word in line:  # `vectors[word]` is that of the n-grams
            weight = 1e-3 / (1e-3 + vectors.counts[int(word[1:])] / total) if word in vectors else 1.0
            expected += weight * vectors[word].astype(np.float64) / len(line)
        assert np.abs(row - expected).max() < 1e-6
    assert found.known.tolist() == found.tokens.tolist() == [2, 3, 1, 0]


def test_a_word_without_direction_has_no_vector():
    center = np.eye(len(WORDS), DIM, dtype=np.float32) + 1
    center[1, 0] = np.nan
    vectors = make_vectors(center=center)
    lines = [[WORDS[0], WORDS[1]], [WORDS[2]], [WORDS[1]]]
    with pytest.warns(UserWarning, match=f"the vector of {WORDS[1]!r} is zero or not finite"):
        found = made(vectors, lines, method="mean")
    assert found.known.tolist() == [1, 1, 0]
    np.testing.assert_array_equal(found.matrix[0], center[0])


def test_lines_that_are_all_alike_are_refused():
    with pytest.raises(CorpusError, match=r"so alike that nothing is left .* fewer components"):
        made(make_vectors(), [[WORDS[0], WORDS[3]]] * 4)


def test_more_lines_than_memory_takes_are_refused(monkeypatch):
    monkeypatch.setattr("firth.vectors.means.physical_memory", lambda: 100_000.0)
    with pytest.raises(ConfigError, match=r"the vectors of more than [\d,]+ lines take .* give fewer lines"):
        made(make_vectors(), [[WORDS[0]], [WORDS[1]]] * 2000)


def test_strings_in_memory_are_read_as_the_training_was():
    lines = ["Salt, pepper; dish!", "wind and rain"] * 40
    vectors = firth.train(lines, tokenizer="words", lower=True, min_count=1, dim=4, subsample=0, quiet=True)
    for texts in (lines[:2], iter(lines[:2])):
        assert firth.documents(vectors, texts, method="mean", quiet=True).known.tolist() == [3, 3]
    documents = firth.documents(vectors, lines, method="mean", quiet=True)
    assert documents.transform(["PEPPER, wind"] * 2).known.tolist() == [2, 2]
