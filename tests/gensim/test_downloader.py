"""Nothing is downloaded, and the error says where the data is."""

import pytest

from firth.errors import FirthError
from firth.gensim import downloader


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("glove-wiki-gigaword-100", r"glove\.6B\.zip.*load_word2vec_format\('glove\.6B\.100d\.txt', no_header=True\)"),
        ("word2vec-google-news-300", r"'GoogleNews-vectors-negative300\.bin\.gz', binary=True"),
        ("fasttext-wiki-news-subwords-300", r"load_word2vec_format\('wiki-news-300d-1M\.vec'\)"),
        ("text8", r"Text8Corpus\('text8'\)"),
        ("anything", r"firth\.load\('hf://OWNER/NAME'\)"),
    ],
)
def test_the_error_says_what_to_do(name, told):
    with pytest.raises(ValueError, match=told) as caught:
        downloader.load(name)
    assert isinstance(caught.value, FirthError)
    with pytest.raises(ValueError, match=told):
        downloader.info(name)


def test_there_is_no_list():
    with pytest.raises(ValueError, match="firth has no list"):
        downloader.info()
