"""NumPy's files: bytes, there and back, hostile headers and damaged files."""

import io
import os
import random

import numpy as np
import pytest

from firth.errors import FormatError
from firth.formats import numpy_files
from firth.formats.known import FORMATS
from firth.formats.request import EVERYTHING, Request
from firth.vectors.container import WordVectors

WORDS = ["the", "\ufeff", "a b\tc", "日本", "😀", "\0", " ", "w" * 1000000]


def make(words=WORDS, d=3):
    center = np.random.default_rng(3).normal(size=(len(words), d)).astype(np.float32)
    return WordVectors(words, np.arange(len(words), 0, -1), center, None, {}, [])


def save(folder, array, words):
    """A pair of files as others write it."""
    np.save(folder / "v.npy", array)
    (folder / "v.words.txt").write_bytes(words)
    return folder / "v.npy"


@pytest.mark.parametrize("words", [WORDS, WORDS[1:]])
def test_there_and_back(tmp_path, words):
    vectors = make(words)
    numpy_files.write(vectors, tmp_path / "v.npy")
    assert set(os.listdir(tmp_path)) == {"v.npy", "v.words.txt"}
    back = numpy_files.read(tmp_path / "v.npy", EVERYTHING)
    assert back.words == words
    np.testing.assert_array_equal(back.center, vectors.center)
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy", allow_pickle=False), vectors.center)
    assert not back.counts.any()
    some = numpy_files.read(tmp_path / "v.npy", Request(words=frozenset(["日本", "w" * 1000000]), first=5))
    assert some.words == ["日本"]


def test_the_bytes_are_those_of_numpy(tmp_path):
    vectors = make(["a", "é"])
    numpy_files.write(vectors, tmp_path / "v.npy")
    expected = io.BytesIO()
    np.save(expected, vectors.center)
    assert (tmp_path / "v.npy").read_bytes() == expected.getvalue()
    assert (tmp_path / "v.words.txt").read_bytes() == "a\né\n".encode()


@pytest.mark.parametrize("word", ["", "a\n", "a\rb", "\u2028", "a\x1cb", "\x85"])
def test_words_with_line_breaks_cannot_be_held(word):
    assert not FORMATS["numpy"].holds(word)


def test_half_a_character_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(FormatError, match="half a character"):
        numpy_files.write(make(["fine", "\ud800"]), tmp_path / "v.npy")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_other_types_orders_and_versions_are_read(tmp_path, dtype, order, version):
    array = np.array([[1, 2.5, -3], [0.125, 5, 6]], dtype, order=order)
    path = save(tmp_path, array, b"\xef\xbb\xbfa\r\nb")
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version)
    vectors = numpy_files.read(path, EVERYTHING)
    assert vectors.words == ["a", "b"]
    assert vectors.center.dtype == np.float32
    np.testing.assert_array_equal(vectors.center, array.astype(np.float32))


def test_float32_stays_on_disk(tmp_path):
    vectors = numpy_files.read(save(tmp_path, np.eye(2, dtype=np.float32), b"a\nb\n"), EVERYTHING)
    assert not vectors.center.base.flags.owndata


@pytest.mark.parametrize(
    ("rows", "lines", "words", "message"),
    [
        ([1, 2, 3], b"a\nb\na\n", ["a", "b"], "words that come again, left out: 1. The first: line 3 of v.words.txt"),
        ([1, 2, 3], b"a\n\nc\n", ["a", "c"], "empty words, left out: 1. The first: line 2 of v.words.txt"),
        (
            [1, 2],
            b"a\nb\xff\n",
            ["a", "b\\xff"],
            r"words that are not UTF-8.*: 1. .*line 2 of v.words.txt: .*b'b\\xff'",
        ),
        ([1, np.nan], b"a\nb\n", ["a"], "vectors that are not finite, left out: 1. The first: line 2 .*'b'"),
        ([1, 1e39], b"a\nb\n", ["a"], "vectors that are not finite.*: 1"),
    ],
)
def test_faults_are_mended_or_refused(tmp_path, rows, lines, words, message):
    path = save(tmp_path, np.array(rows, np.float64)[:, None], lines)
    with pytest.warns(UserWarning, match=message):
        vectors = numpy_files.read(path, EVERYTHING)
    assert vectors.words == words
    assert set(vectors.center.ravel().tolist()) <= set(rows)
    with pytest.raises(FormatError, match="without --errors strict it is mended"):
        numpy_files.read(path, Request(strict=True))


def test_bytes_after_the_matrix_are_left_out(tmp_path):
    path = save(tmp_path, np.eye(2, dtype=np.float32), b"a\nb\n")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.warns(UserWarning, match="bytes after the matrix, left out: 4. The first: byte 144"):
        assert numpy_files.read(path, EVERYTHING).words == ["a", "b"]


@pytest.mark.parametrize("lines", [b"", b"a\n", b"a\nb\nc\n", b"a\nb\n\n"])
def test_another_number_of_words_is_refused(tmp_path, lines):
    path = save(tmp_path, np.eye(2, dtype=np.float32), lines)
    with pytest.raises(FormatError, match=r"v.words.txt: \d lines, and the matrix in v.npy has 2 rows"):
        numpy_files.read(path, EVERYTHING)


def test_a_matrix_without_words_is_refused(tmp_path):
    path = save(tmp_path, np.eye(2, dtype=np.float32), b"")
    (tmp_path / "v.words.txt").unlink()
    with pytest.raises(FormatError, match=r"there is no v.words.txt beside it"):
        numpy_files.read(path, EVERYTHING)


def header(fields):
    return b"\x93NUMPY\1\0" + len(fields).to_bytes(2, "little") + fields


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x93NUMPY", "expected a .npy file of format 1, 2 or 3"),
        (b"PK\3\4" * 9, "expected a .npy file"),
        (b"\x93NUMPY\4\0\0\0", "expected a .npy file of format 1, 2 or 3"),
        (b"\x93NUMPY\1\0\xff\xff{", "a header of 65,535 bytes"),
        (header(b"{}"), "expected descr, fortran_order and shape"),
        (header(b"(" * 9000), "expected descr, fortran_order and shape"),
        (header(b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }"), "an array of '|O'"),
        (header(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1)}"), "Python objects least of all"),
        (header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1), }    "), "an array of '<i4'"),
        (
            header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }    "),
            r"an array of '<f4' and shape \(1,\)",
        ),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }    "), "with two dimensions"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 1), }    "), "expected descr"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1), }    "), "0 rows of 1 numbers"),
        (
            header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }    "),
            "1 rows of 2 numbers: .* the 0 bytes",
        ),
        (
            header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000)}    "),
            "4,000,000,000 rows",
        ),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (%s, 1)}" % (b"9" * 5000)), "two dimensions"),
    ],
)
def test_hostile_headers_are_refused(tmp_path, content, message):
    path = save(tmp_path, np.eye(1), b"a\n")
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        numpy_files.read(path, EVERYTHING)
    assert len(str(caught.value)) < 500


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_give_a_clear_error_or_valid_vectors(tmp_path):
    numpy_files.write(make(["a", "日本", "c"], d=2), tmp_path / "v.npy")
    rng = random.Random(5)
    outcomes = set()
    for name in ("v.npy", "v.words.txt"):
        whole = (tmp_path / name).read_bytes()
        for _ in range(400):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                damaged[rng.randrange(len(damaged))] = rng.choice([0, 10, 39, 57, 255, rng.randrange(256)])
            (tmp_path / name).write_bytes(damaged[: rng.choice([len(damaged)] * 3 + [rng.randrange(len(damaged))])])
            try:
                vectors = numpy_files.read(tmp_path / "v.npy", EVERYTHING)
                assert len(set(vectors.words)) == len(vectors)
                assert np.isfinite(vectors.center).all()
                outcomes.add(None)
            except FormatError:
                outcomes.add(FormatError)
        (tmp_path / name).write_bytes(whole)
    assert outcomes == {None, FormatError}
