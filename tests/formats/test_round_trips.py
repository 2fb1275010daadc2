"""Hostile words through every format that is written: the same when read again, or refused by name, nothing written."""

import shutil

import numpy as np
import pytest

from firth.errors import FormatError
from firth.formats.convert import convert
from firth.formats.known import FORMATS, LONGEST_IN_FASTTEXT
from firth.formats.loading import load
from firth.vectors.container import WordVectors
from firth.vectors.subwords import Subwords, word_vectors

PLAIN = ["the", "naïve", "😀", "</s>", "1", "-2", "3.5", "1e5", "nan", "inf", "x" * 300]
WHITE = ["", " ", "a b", "a\tb", "a\nb", "a\rb", "a\x0bb", "\x0c", " lead", "trail ", "1 2", "5 5", "a\0b", "a\x1cb"]
WHITE += ["\u2028", "\x85", "a\xa0b", "\u3000"]
ODD = ["\x01", "\x1f", "\x1fa", "\x7f", "\ufeff", "\ufeffzz", "a\u200bb", "<s>", '"', "'", "\\", "\\x41", "#", "_"]
ODD += [
    "word",
    "count",
    "5",
    "{",
    "İ",
    "Σς",
    "ΑΣ",
    "PK",
    "PK\x03\x04",
    "PAR1",
    "ARROW1",
    "BZh91AY&SY",
    "<html",
    "%PDF-",
]
LONG = ["é" * (LONGEST_IN_FASTTEXT // 2), "x" * (LONGEST_IN_FASTTEXT + 1), "y" * 70_000]
WRITTEN = [name for name, known in FORMATS.items() if known.write]
EXTRAS = {"parquet": "pyarrow"}


@pytest.fixture(params=WRITTEN)
def known(request):
    """A format; what its readers and writers need is there."""
    if request.param in EXTRAS:
        pytest.importorskip(EXTRAS[request.param])
    return FORMATS[request.param]


def make(words, d, ngrams=False):
    rows = np.random.default_rng(3).normal(size=(len(words) + 13, d)).astype(np.float32)
    center, subwords = rows[: len(words)], None
    if ngrams:
        subwords = Subwords(2, 3, 13, rows)
        center = np.concatenate(list(word_vectors([word.encode() for word in words], subwords)))
    counts = np.arange(10 * len(words), 0, -10)
    return WordVectors(words, counts, center, None, {"dim": d}, [], subwords=subwords)


def there_and_back(tmp_path, known, vectors, space=None):
    """What is read of a file that holds the vectors. Raises FormatError where they are refused."""
    target = tmp_path / "written" / f"v{known.suffixes[0] if known.suffixes else ''}"
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir()
    vectors.save(tmp_path / "v.safetensors")
    try:
        convert(tmp_path / "v.safetensors", target, known.name, space=space)
    except FormatError:
        assert not list(target.parent.iterdir())
        raise
    return load(target, errors="strict")


def check(tmp_path, known, vectors, space=None):
    """The same is read again, but for white space."""
    read = there_and_back(tmp_path, known, vectors, space)
    words = [word if known.holds(word) else space.join(word.split()) for word in vectors.words]
    assert read.words == words
    if vectors.subwords is None:
        np.testing.assert_array_equal(read.center, vectors.center)
    else:
        np.testing.assert_allclose(read.center, vectors.center, rtol=1e-5, atol=1e-6)
    if known.counts:
        np.testing.assert_array_equal(read.counts, vectors.counts)


def fits(known, d):
    """Whether a format can hold vectors of a dimension: GloVe's text of one number a line is a vocabulary."""
    return known.name != "glove" or d > 1


@pytest.mark.parametrize("d", [1, pytest.param(2, marks=pytest.mark.slow), 5])
def test_all_words_that_a_format_can_hold_are_read_again(tmp_path, known, d):
    vectors = make([*PLAIN, *filter(known.holds, WHITE + ODD + LONG)], d)
    if fits(known, d):
        check(tmp_path, known, vectors)
    else:
        with pytest.raises(FormatError, match="lines of one number are a vocabulary"):
            there_and_back(tmp_path, known, vectors)


@pytest.mark.parametrize("d", [1, pytest.param(2, marks=pytest.mark.slow), 5])
def test_every_word_may_be_the_first(tmp_path, known, d):
    for word in filter(known.holds, [*PLAIN, *WHITE, *ODD, *(LONG if d == 2 else [])]):
        if fits(known, d):
            check(tmp_path, known, make([word, "a", "b"], d))


def test_the_other_words_are_refused_by_name_or_written_with_another_space(tmp_path, known):
    for word in WHITE + ODD + LONG:
        if known.holds(word):
            continue
        vectors = make(["left", word, "right"], 2)
        with pytest.raises(FormatError, match=r"the word .* cannot be written") as error:
            there_and_back(tmp_path, known, vectors)
        assert repr(word)[:20].rstrip("'") in str(error.value)
        if known.holds("_".join(word.split())):
            check(tmp_path, known, vectors, "_")


@pytest.mark.parametrize("d", [1, 5])
def test_words_with_n_grams_keep_their_vectors(tmp_path, d):
    known = FORMATS["fasttext"]
    words = [*PLAIN, *filter(known.holds, ODD + WHITE), "New York", "a\tc", "the\nend"]
    check(tmp_path, known, make(words, d, ngrams=True), "_")
