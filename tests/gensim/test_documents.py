"""Documents with tags."""

import io
import pickle

import pytest

from firth.gensim.models.doc2vec import LabeledSentence, TaggedBrownCorpus, TaggedDocument, TaggedLineDocument


def test_a_tagged_document_is_a_pair():
    document = TaggedDocument(words=["a", "b"], tags=[7])
    assert document == (["a", "b"], [7])
    assert (document.words, document.tags) == (["a", "b"], [7])
    assert str(document) == "TaggedDocument<['a', 'b'], [7]>"
    assert repr(document) == "TaggedDocument(words=['a', 'b'], tags=[7])"
    assert type(pickle.loads(pickle.dumps(document))) is TaggedDocument
    assert document._replace(tags=[8]) == TaggedDocument(["a", "b"], [8])


def test_lines_are_documents_with_their_number_blank_ones_too(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b\n\nc\n")
    expected = [(["a", "b"], [0]), ([], [1]), (["c"], [2])]
    documents = TaggedLineDocument(path)
    assert list(documents) == list(documents) == expected
    assert list(TaggedLineDocument(io.BytesIO(b"a b\n\nc"))) == expected
    with pytest.raises(TypeError, match="expected a path"):
        TaggedLineDocument([["a"]])


def test_sentences_of_the_brown_corpus_are_tagged_by_file_and_line(tmp_path):
    path = tmp_path / "ca01"
    path.write_text("\n\tThe/at dog/nn\n\nIt/pps\n")
    assert list(TaggedBrownCorpus(tmp_path)) == [
        (["the/at", "dog/nn"], [f"{path}_SENT_1"]),
        (["it/pp"], [f"{path}_SENT_3"]),
    ]
    with pytest.raises(ValueError, match="no such folder"):
        TaggedBrownCorpus(path)


def test_the_old_name():
    with pytest.warns(DeprecationWarning, match="use TaggedDocument"):
        assert LabeledSentence(["a"], ["x"]) == TaggedDocument(["a"], ["x"])
