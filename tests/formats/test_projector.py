"""Files for the Embedding Projector: bytes, there and back, faults, and damaged files."""

import os
import random

import numpy as np
import pytest

from firth.errors import FormatError
from firth.formats import projector
from firth.formats.known import FORMATS
from firth.formats.loading import load
from firth.formats.request import EVERYTHING, Request
from firth.vectors.container import WordVectors

WORDS = ["the", "\ufeff", "a b", "日本", "😀", "\0", " ", '"', "w" * 1000000]


def make(words=WORDS, d=3):
    center = np.random.default_rng(3).normal(size=(len(words), d)).astype(np.float32)
    return WordVectors(words, np.arange(len(words), 0, -1), center, None, {}, [])


def save(folder, vectors, metadata, names=("v.tsv", "v.metadata.tsv")):
    """A pair of files as others write it."""
    for name, content in zip(names, (vectors, metadata), strict=True):
        (folder / name).write_bytes(content)
    return folder / names[0]


@pytest.mark.parametrize("d", [1, 3])
def test_there_and_back(tmp_path, d):
    vectors = make(d=d)
    projector.write(vectors, tmp_path / "v.tsv")
    assert set(os.listdir(tmp_path)) == {"v.tsv", "v.metadata.tsv"}
    back = projector.read(tmp_path / "v.tsv", EVERYTHING)
    assert back.words == WORDS
    np.testing.assert_array_equal(back.center, vectors.center)
    np.testing.assert_array_equal(back.counts, vectors.counts)
    some = projector.read(tmp_path / "v.tsv", Request(words=frozenset(["日本", "w" * 1000000]), first=5))
    assert (some.words, some.counts.tolist()) == (["日本"], [6])
    np.testing.assert_array_equal(some.center, vectors.center[[3]])


def test_the_bytes_literally(tmp_path):
    center = np.array([[1, -0.5], [0.1, 1e-20]], np.float32)
    projector.write(WordVectors(["a", "é"], np.array([2, 1]), center, None, {}, []), tmp_path / "v.tsv")
    assert (tmp_path / "v.tsv").read_bytes() == b"1\t-0.5\n0.100000001\t9.99999968e-21\n"
    assert (tmp_path / "v.metadata.tsv").read_bytes() == "word\tcount\na\t2\né\t1\n".encode()


def test_numbers_are_those_of_python(tmp_path):
    """Also those that the kernel leaves to Python: they stand in the first, a middle and the last line."""
    doubtful = [[np.float32(np.nan), 1], [1.5, -0.0], [np.inf, 2], [-2, 3e-39], [1e9, 3.4e38]]
    center = np.array([*doubtful, doubtful[0]], np.float32)
    words = list("abcdef")
    projector.write(WordVectors(words, np.ones(6, np.int64), center, None, {}, []), tmp_path / "v.tsv")
    expected = "".join("\t".join(f"{number:.9g}" for number in row) + "\n" for row in center.tolist())
    assert (tmp_path / "v.tsv").read_text() == expected


def test_many_blocks_are_there_and_back(tmp_path, monkeypatch):
    monkeypatch.setattr(projector, "BYTES_AT_ONCE", 100)
    vectors = make([f"w{i}" for i in range(500)])
    projector.write(vectors, tmp_path / "v.tsv")
    back = projector.read(tmp_path / "v.tsv", Request(first=300))
    assert back.words == vectors.words[:300]
    np.testing.assert_array_equal(back.center, vectors.center[:300])


@pytest.mark.parametrize("word", ["", "a\n", "a\rb", "\u2028", "a\tb", "\x85"])
def test_words_with_tabs_and_line_breaks_cannot_be_held(word):
    assert not FORMATS["projector"].holds(word)


def test_half_a_character_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(FormatError, match="half a character"):
        projector.write(make(["fine", "\ud800"]), tmp_path / "v.tsv")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "names",
    [
        ("v.tsv", "v.metadata.tsv"),
        ("vectors.tsv", "metadata.tsv"),
        ("x_tensor.tsv", "x_metadata.tsv"),
        ("embeddings.tsv", "metadata.tsv"),
    ],
)
@pytest.mark.parametrize(
    ("metadata", "counts"),
    [
        (b"a\nb\n", [0, 0]),
        (b"a\r\nb", [0, 0]),
        (b"a\tx\nb\ty\n", [0, 0]),
        (b"id\tWord\tfreq\n7\ta\t3\n8\tb\t4\n", [3, 4]),
        (b"some\nother\n", None),
    ],
)
def test_files_of_others_are_read(tmp_path, names, metadata, counts):
    path = save(tmp_path, b"1\t2e0\r\n\n 3\t 4 \n\n", metadata, names)
    vectors = projector.read(path, EVERYTHING)
    assert vectors.words == (["a", "b"] if counts else ["some", "other"])
    assert vectors.counts.tolist() == (counts or [0, 0])
    assert vectors.center.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("vectors", "metadata", "words", "message"),
    [
        (
            b"1\t2\n3\n5\t6\n",
            b"a\nb\nc\n",
            ["a", "c"],
            "lines with another number of fields.*: 1. .* line 2: .*expected 2 numbers",
        ),
        (b"1\t2\n3\tx\n5\t6\n", b"a\nb\nc\n", ["a", "c"], "lines with another number of fields.*: 1. .* line 2: "),
        (b"1\t2\n3\t1_0\n5\t6\n", b"a\nb\nc\n", ["a", "c"], "lines with another number of fields.*: 1"),
        (b"1\t2\n3\tnan\n\n5\t1e39\n", b"a\nb\nc\n", ["a"], "vectors that are not finite.*: 2. .* row 2: .*'b'"),
        (b"1\n2\n3\n", b"a\nb\na\n", ["a", "b"], "words that come again, left out: 1. The first: row 3"),
        (b"1\n2\n", b"w\tcount\na\t1\n\t2\n", ["a"], "empty words, left out: 1. .* line 3 of v.metadata.tsv"),
        (
            b"1\n2\n",
            b"w\tcount\na\tx\nb\n",
            ["a", "b"],
            "counts that are no whole numbers.*: 2. .* line 2 of v.metadata.tsv",
        ),
        (b"1\n2\n", b"a\n\xff\n", ["a", "\\xff"], "words that are not UTF-8.*: 1"),
    ],
)
def test_faults_are_mended_or_refused(tmp_path, vectors, metadata, words, message):
    path = save(tmp_path, vectors, metadata)
    with pytest.warns(UserWarning, match=message):
        found = projector.read(path, EVERYTHING)
    assert found.words == words
    with pytest.raises(FormatError, match="without --errors strict it is mended"):
        projector.read(path, Request(strict=True))


@pytest.mark.parametrize(
    ("vectors", "metadata", "message"),
    [
        (b"", b"", "v.tsv: the file holds no word"),
        (b"x\ty\n", b"a\n", "v.tsv: the file holds no word"),
        (b"1\n2\n", b"a\n", "v.metadata.tsv: 1 words, and v.tsv has 2 lines of numbers: expected as many"),
        (b"1\n2\n", b"a\nb\nc\nd\n", "v.metadata.tsv: 4 words"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, vectors, metadata, message):
    with pytest.raises(FormatError, match=message):
        projector.read(save(tmp_path, vectors, metadata), EVERYTHING)


def test_vectors_without_words_are_refused(tmp_path):
    path = save(tmp_path, b"1\n", b"a\n", ("v.tsv", "w.tsv"))
    with pytest.raises(FormatError, match=r"there is no v.metadata.tsv beside it"):
        projector.read(path, EVERYTHING)


def test_none_of_the_wanted_words(tmp_path):
    with pytest.raises(FormatError, match="none of the 1 wanted words"):
        projector.read(save(tmp_path, b"1\n", b"a\n"), Request(words=frozenset(["b"])))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_give_a_clear_error_or_valid_vectors(tmp_path):
    projector.write(make(["a", "日本", "c"], d=2), tmp_path / "v.tsv")
    rng = random.Random(5)
    outcomes = set()
    for name in ("v.tsv", "v.metadata.tsv"):
        whole = (tmp_path / name).read_bytes()
        for _ in range(400):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                damaged[rng.randrange(len(damaged))] = rng.choice([0, 9, 10, 13, 57, 255, rng.randrange(256)])
            (tmp_path / name).write_bytes(damaged[: rng.choice([len(damaged)] * 3 + [rng.randrange(len(damaged))])])
            try:
                vectors = projector.read(tmp_path / "v.tsv", EVERYTHING)
                assert len(set(vectors.words)) == len(vectors)
                assert np.isfinite(vectors.center).all()
                outcomes.add(None)
            except FormatError:
                outcomes.add(FormatError)
        (tmp_path / name).write_bytes(whole)
    assert outcomes == {None, FormatError}


def test_lines_of_numbers_are_vectors_where_their_words_are_beside(tmp_path):
    path = save(tmp_path, b"0.5\t2\n3\t4\n", b"a\nb\n", ("v.txt", "v.metadata.tsv"))
    assert load(path).words == ["a", "b"]
    (tmp_path / "v.metadata.tsv").unlink()
    path.write_bytes(b"1\t2\t3\n3\t4\t5\n")
    assert load(path).words == ["1", "3"]
