"""gensim.downloader: firth downloads no data of gensim's; each name says where its data is to be had."""

from typing import Any, NoReturn

from firth.gensim._errors import ArgumentError

_PLACES = {
    "glove-wiki-gigaword": ("https://nlp.stanford.edu/data/glove.6B.zip", "glove.6B.{dim}d.txt"),
    "glove-twitter": ("https://nlp.stanford.edu/data/glove.twitter.27B.zip", "glove.twitter.27B.{dim}d.txt"),
    "fasttext-wiki-news-subwords": (
        "https://dl.fbaipublicfiles.com/fasttext/vectors-english/wiki-news-300d-1M.vec.zip",
        "wiki-news-300d-1M.vec",
    ),
    "word2vec-google-news": ("https://code.google.com/archive/p/word2vec", "GoogleNews-vectors-negative300.bin.gz"),
}
"""By the beginning of a name: where its authors publish the vectors, and the file of them."""


def load(name: str, return_path: bool = False) -> NoReturn:
    """Raise ArgumentError, which says how to get the vectors or the text of that name."""
    raise ArgumentError(f"firth downloads none of gensim's data, so not {name!r:.100}: {_advice(name)}")


def info(name: str | None = None, show_only_latest: bool = True, name_only: bool = False) -> NoReturn:
    """Raise ArgumentError: firth has no list of gensim's data."""
    about = "" if name is None else f": {_advice(name)}"
    raise ArgumentError(
        f"firth has no list of gensim's data, which https://github.com/piskvorky/gensim-data has{about}"
    )


def _advice(name: Any) -> str:
    begin, _, dim = str(name).rpartition("-")
    if begin in _PLACES:
        address, file = _PLACES[begin]
        return f"get {address}, unpack it, and read {_reading(file.format(dim=dim if dim.isdecimal() else 'N'))}"
    if name == "text8":
        return "get https://mattmahoney.net/dc/text8.zip, unpack it, and read Text8Corpus('text8')"
    return (
        "get the file from those who publish it, and read vectors with KeyedVectors.load_word2vec_format(path), any "
        "format or Hub repository with firth.load(path) or firth.load('hf://OWNER/NAME'), and a text with "
        "LineSentence(path)"
    )


def _reading(file: str) -> str:
    options = ", binary=True" if ".bin" in file else ", no_header=True" if file.startswith("glove") else ""
    return f"KeyedVectors.load_word2vec_format({file!r}{options})"
