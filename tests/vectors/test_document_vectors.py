"""Vectors of documents: looked up by tag, asked for the nearest, and checked when they are made."""

import numpy as np
import pytest

from firth.errors import ConfigError, FormatError, UnknownWordError
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors

M, D = 200, 5
ROWS = np.random.default_rng(0).normal(size=(M, D)).astype(np.float32)
NAMES = [f"doc{i}" for i in range(M)]
numbered, named = DocumentVectors(ROWS), DocumentVectors(ROWS, NAMES)


def test_length_rows_and_words_about_them():
    assert len(numbered) == len(named) == M
    assert repr(named) == "<DocumentVectors: 200 documents, dimension 5>"
    assert (numbered.rows, named.rows["doc7"]) == (range(M), 7)
    np.testing.assert_allclose(named.norms, np.linalg.norm(ROWS.astype(np.float64), axis=1), rtol=1e-15)


def test_vectors_are_found_by_tag():
    for tag in ("doc7", NAMES[7]):
        np.testing.assert_array_equal(named[tag], ROWS[7])
        assert tag in named
    for row in (7, np.int32(7)):
        np.testing.assert_array_equal(numbered[row], ROWS[7])
        assert row in numbered
    for absent in ("doc", "", 7, True, None, 2.5, "doc200"):
        assert absent not in named
    for absent in (-1, M, "7", True, None, 7.0):
        assert absent not in numbered


def test_an_integer_stands_for_its_decimal_form_where_tags_are_strings():
    documents = DocumentVectors(ROWS[:2], ["12", "x"])
    assert 12 in documents
    np.testing.assert_array_equal(documents[12], ROWS[0])
    np.testing.assert_array_equal(documents[np.int64(12)], ROWS[0])
    assert documents.nearest(12) == documents.nearest("12") == [("x", documents.similarity(12, "x"))]


def test_tags_are_found_in_either_normalisation():
    documents = DocumentVectors(ROWS[:2], ["caf\u00e9", "e\u0301"])
    np.testing.assert_array_equal(documents["cafe\u0301"], ROWS[0])
    np.testing.assert_array_equal(documents["\u00e9"], ROWS[1])


def test_an_unknown_tag_is_refused_with_the_nearest_spellings():
    with pytest.raises(UnknownWordError) as caught:
        named["doc7x"]
    assert str(caught.value).startswith("'doc7x' is not among the tags of the 200 documents: the nearest spellings are")
    assert "'doc7'" in str(caught.value)
    with pytest.raises(UnknownWordError, match="no tag is spelt like it"):
        named.nearest("zzz")
    with pytest.raises(UnknownWordError, match="200 is no document: expected a whole number from 0 to 199"):
        numbered.nearest(200)
    with pytest.raises(ConfigError, match="'doc7': these have no tags, expected a whole number from 0 to 199"):
        numbered["doc7"]
    with pytest.raises(ConfigError, match="the document is None: expected its tag"):
        named[None]


def test_similarity_is_the_cosine():
    a, b = ROWS[3].astype(np.float64), ROWS[9].astype(np.float64)
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    for found in (named.similarity("doc3", "doc9"), numbered.similarity(3, 9), numbered.similarity(3, ROWS[9])):
        assert found == pytest.approx(cosine, abs=1e-12)
    assert numbered.similarity(3, np.zeros(D)) == 0


@pytest.mark.parametrize("k", [1, 10, M - 1, M + 5])
def test_the_nearest_are_those_of_float64(k):
    units = ROWS.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    cosines = units @ units[7]
    order = [row for row in np.lexsort((np.arange(M), -cosines)).tolist() if row != 7][:k]
    assert [row for row, _ in numbered.nearest(7, k)] == order
    assert [tag for tag, _ in named.nearest("doc7", k)] == [f"doc{row}" for row in order]
    np.testing.assert_allclose([cosine for _, cosine in named.nearest("doc7", k)], cosines[order], atol=1e-12)
    assert numbered.nearest(ROWS[7], 1)[0][0] == 7  # a vector is no document


def test_equal_documents_come_in_their_order_and_zeros_never():
    rows = np.zeros((6, 3), np.float32)
    rows[[1, 3, 5]] = 1, 2, 3
    documents = DocumentVectors(rows)
    assert documents.nearest(3) == [(1, 1.0), (5, 1.0)]
    with pytest.raises(ConfigError, match="the query's vector is zero, which is near to nothing"):
        documents.nearest(0)


def test_wrong_queries_are_refused():
    for wrong, message in ((np.ones(4), r"float64 of shape \(4,\): expected 5 finite"), (np.full(D, np.nan), "finite")):
        with pytest.raises(ConfigError, match=message):
            named.nearest(wrong)
    for k in (0, True, 1.5, "3"):
        with pytest.raises(ConfigError, match=r"k is .*: expected a whole number"):
            named.nearest("doc1", k)


def test_vectors_that_are_not_finite_are_refused_by_their_tag():
    rows = ROWS.copy()
    rows[4, 2] = np.nan
    documents = DocumentVectors(rows, NAMES)
    for ask in (lambda: documents.nearest("doc1"), lambda: documents.similarity("doc1", "doc4")):
        with pytest.raises(FormatError, match="the vector of document 'doc4' holds a NaN or an infinity"):
            ask()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"matrix": ROWS[0]}, r"float32 of shape \(5,\): expected float32 of shape \(documents, dimension\)"),
        ({"matrix": ROWS.astype(np.float64)}, "are float64"),
        ({"matrix": ROWS[:0]}, "neither of them 0"),
        ({"names": NAMES[1:]}, "199 tags and 200 vectors of documents: expected as many of each"),
        ({"names": ["doc5", *NAMES[1:]]}, "the tag 'doc5' comes twice"),
        ({"names": [3, *NAMES[1:]]}, "one of the tags is 3: expected a string"),
        ({"outside": np.ones((3, 10), np.float32)}, "but not both"),
        ({"padding": np.ones(D, np.float32)}, "but not both"),
        ({"outside": np.ones((3, 10)), "padding": ROWS[0]}, "outside vectors: float64 of shape"),
        ({"outside": np.ones((3, 10), np.float32), "padding": np.ones(7, np.float32)}, r"padding is of shape \(7,\)"),
        ({"outside": np.ones((3, 10), np.float32), "padding": ROWS}, r"padding: float32 of shape \(200, 5\)"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(parts, message):
    with pytest.raises(FormatError, match=message):
        DocumentVectors(**{"matrix": ROWS, **parts})


@pytest.mark.parametrize("rows", [3, 2, 5])
def test_outside_vectors_are_of_words_of_nodes_or_of_both(rows):
    def make(rows, width):
        documents = DocumentVectors(ROWS, None, np.ones((rows, width), np.float32), ROWS[0])
        return WordVectors(["a", "b", "c"], np.ones(3, np.int64), ROWS[:3], None, {}, [], documents=documents)

    assert make(rows, 3 * D).documents.outside.shape == (rows, 3 * D)
    for wrong in ((rows, 3 * D + 1), (4, 3 * D)):
        with pytest.raises(FormatError, match="expected a multiple of 5 columns, and 3 rows for words, 2 for nodes"):
            make(*wrong)


def test_many_queries_are_answered_as_each():
    rng = np.random.default_rng(4)
    documents = DocumentVectors(rng.normal(size=(70, 5)).astype(np.float32), [f"d{i}" for i in range(70)])
    queries = rng.normal(size=(60, 5)).astype(np.float32)
    queries[7] = 0.0
    found = documents.nearest_of_each(queries, k=3)
    assert found[7] == []
    assert [near for row, near in enumerate(found) if row != 7] == [
        documents.nearest(query, k=3) for row, query in enumerate(queries) if row != 7
    ]
    assert documents.nearest_of_each(queries[:0]) == []


def test_the_arrays_cannot_be_written_to():
    matrix = np.ones((2, 3), np.float32)
    documents = DocumentVectors(matrix, None, np.ones((4, 6), np.float32), np.ones(3, np.float32))
    for array in (documents.matrix, documents.outside, documents.padding):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0.0
