"""GloVe files with the header of word2vec."""

import pytest

from firth.errors import FormatError
from firth.formats.loading import load
from firth.gensim.scripts.glove2word2vec import glove2word2vec


def test_the_header_is_written(tmp_path):
    glove, word2vec = tmp_path / "glove.txt", tmp_path / "word2vec.txt"
    glove.write_text("a 1 2 3\nb 4 5 6.5\n")
    assert glove2word2vec(glove, word2vec) == (2, 3)
    assert word2vec.read_text().startswith("2 3\n")
    assert load(word2vec)["b"].tolist() == [4, 5, 6.5]
    with pytest.raises(FormatError, match="no such file"):
        glove2word2vec(tmp_path / "none.txt", word2vec)
