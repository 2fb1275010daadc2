"""What X may be, and the messages about everything else."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from firth.errors import ConfigError, CorpusError, FirthError, FormatError, VocabularyError
from firth.sklearn.errors import DocumentsError, ParameterError, WordsError, value_errors
from firth.sklearn.texts import are_texts, documents_of

TEXTS = ["one text", "another"]


@pytest.mark.parametrize(
    "x", [TEXTS, tuple(TEXTS), iter(TEXTS), (text for text in TEXTS), np.array(TEXTS), np.array(TEXTS, object)]
)
def test_texts_come_in_any_sequence(x):
    documents = documents_of(x)
    assert documents == TEXTS
    assert are_texts(documents)


def test_lists_of_tokens_come_in_any_sequence():
    tokens = [["one", "text"], ("another",), [], np.array(["third"])]
    assert documents_of(tokens) == tokens
    assert not are_texts(documents_of(iter(tokens)))
    assert documents_of([]) == []
    assert not are_texts([])


def test_a_column_of_a_frame_is_a_sequence():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    assert documents_of(pandas.Series(TEXTS, index=[5, 3])) == TEXTS
    assert documents_of(polars.Series(TEXTS)) == TEXTS


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("one text", r"^Iterable over raw text documents expected, string object received: give a list, \[text\]"),
        (b"one text", "^X is a bytes: expected an iterable of strings or of lists of tokens$"),
        (None, "^X is a NoneType: expected"),
        (7, "^X is a int: expected"),
        ({"a": "text"}, "^X is a dict: expected"),
        ({"a text"}, "^X is a set: expected"),
        (np.array([TEXTS]), r"^X is a ndarray of shape \(1, 2\): expected documents in one dimension"),
        (np.array("a text"), r"^X is a ndarray of shape \(\): expected documents in one dimension"),
        (["text", None], r"^document 1 \(counted from 0\) is None \(NoneType\): expected strings only, or lists of"),
        ([float("nan"), "text"], r"^document 0 \(counted from 0\) is nan \(float\): expected"),
        (["text", ["token"]], r"^document 1 \(counted from 0\) is \['token'\] \(list\): expected"),
        ([["token"], "text"], r"^document 1 \(counted from 0\) is 'text' \(str\): expected"),
        ([b"text"], r"^document 0 .* \(bytes\): expected .* and decode bytes$"),
        ([{"text": "a"}], r"^document 0 .* \(dict\): expected"),
        ([1, 2], r"^document 0 .* is 1 \(int\): expected"),
    ],
)
def test_anything_else_is_refused(x, message):
    with pytest.raises(ValueError, match=message) as found:
        documents_of(x)
    assert isinstance(found.value, CorpusError)
    assert len(str(found.value)) < 300


def test_frames_and_sparse_matrices_are_refused():
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    for x in (pandas.DataFrame({"text": TEXTS}), sparse.csr_array(np.eye(2)), sparse.csr_matrix(np.eye(2))):
        with pytest.raises(ValueError, match=rf"^X is a {type(x).__name__} of shape \(2, "):
            documents_of(x)


@pytest.mark.parametrize(
    ("raised", "found"),
    [(CorpusError, DocumentsError), (VocabularyError, WordsError), (ConfigError, ParameterError)],
)
def test_errors_are_of_both_kinds(raised, found):
    with pytest.raises(found, match=r"^why$") as error, value_errors():
        raise raised("why")
    assert isinstance(error.value, raised)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("raised", [FirthError, FormatError, KeyError, DocumentsError])
def test_other_errors_stay_what_they_are(raised):
    with pytest.raises(raised) as error, value_errors():
        raise raised("why")
    assert type(error.value) is raised
