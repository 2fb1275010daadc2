"""Files and folders that are not there, or not what they have to be: errors of firth's that are also the system's."""

import pytest

from firth.errors import CorpusError, FormatError
from firth.gensim import utils
from firth.gensim.models import Doc2Vec, FastText, KeyedVectors, Phrases, Word2Vec
from firth.gensim.models.doc2vec import TaggedLineDocument
from firth.gensim.models.fasttext import load_facebook_model, save_facebook_model
from firth.gensim.models.phrases import Phraser
from firth.gensim.models.word2vec import LineSentence
from firth.gensim.scripts.glove2word2vec import glove2word2vec

LOADS = [
    Word2Vec.load,
    FastText.load,
    Doc2Vec.load,
    KeyedVectors.load,
    KeyedVectors.load_word2vec_format,
    Phrases.load,
    Phraser.load,
    load_facebook_model,
    lambda path: glove2word2vec(path, "unused"),
    lambda path: KeyedVectors(2).evaluate_word_pairs(path),
]


@pytest.mark.parametrize("load", LOADS)
def test_what_is_loaded_is_a_file(tmp_path, load):
    with pytest.raises(FileNotFoundError, match="no such file") as caught:
        load(tmp_path / "none")
    assert isinstance(caught.value, FormatError)
    with pytest.raises(IsADirectoryError, match="a folder: expected") as caught:
        load(tmp_path)
    assert isinstance(caught.value, FormatError)


def test_what_is_saved_has_a_folder(tmp_path):
    model = FastText(vector_size=4, min_count=1, bucket=10)
    model.build_vocab([["a", "b"]])
    saves = [
        model.save,
        model.wv.save,
        model.wv.save_word2vec_format,
        Phrases().save,
        Phrases().freeze().save,
        lambda path: save_facebook_model(model, path),
        lambda path: utils.save_as_line_sentence([["a"]], path),
    ]
    for save in saves:
        with pytest.raises(FileNotFoundError, match=r"the folder .* does not exist") as caught:
            save(tmp_path / "none" / "file")
        assert isinstance(caught.value, FormatError)
        with pytest.raises(IsADirectoryError, match="expected the name of a file") as caught:
            save(tmp_path)
        assert isinstance(caught.value, FormatError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda path: Word2Vec(LineSentence(path)),
        lambda path: Word2Vec(LineSentence(path, limit=1)),
        lambda path: Word2Vec(corpus_file=path),
        lambda path: Doc2Vec(corpus_file=path),
        lambda path: Doc2Vec(TaggedLineDocument(path)),
        lambda path: Phrases(LineSentence(path)),
    ],
)
def test_what_is_read_is_a_text(tmp_path, read):
    with pytest.raises(FileNotFoundError, match="no such file") as caught:
        read(tmp_path / "none")
    assert isinstance(caught.value, CorpusError)
    assert isinstance(caught.value, TypeError), "as gensim has it for corpus_file"
    with pytest.raises(IsADirectoryError, match="is a folder") as caught:
        read(tmp_path)
    assert isinstance(caught.value, CorpusError)
