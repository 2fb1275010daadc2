"""The approximate index: its answers against all cosines in float64, its recall, and files that it must refuse."""

import builtins
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from firth import ConfigError, FormatError, MissingExtraError, WordVectors
from firth.files.tensors import read_tensors, write_tensors
from firth.vectors import index as indexes
from firth.vectors.index import build_index, digest, index_path, open_index

pytest.importorskip("usearch")

pytestmark = pytest.mark.filterwarnings("ignore:the vector of")  # some rows are zero


def make_vectors(center):
    words = [f"w{i}" for i in range(len(center))]
    return WordVectors(words, np.zeros(len(words), np.int64), center, None, {}, [])


def clustered(n, d, seed=1):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(20, d))
    return (middles[rng.integers(0, 20, n)] + 0.6 * rng.normal(size=(n, d))).astype(np.float32)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(vectors, path of their file) with an index beside it; rows 7 and 11 are zero."""
    center = clustered(1500, 24)
    center[[7, 11]] = 0
    vectors = make_vectors(center)
    path = tmp_path_factory.mktemp("index") / "v.safetensors"
    vectors.save(path)
    build_index(vectors, path, threads=2)
    return vectors, path


@pytest.fixture
def copied(built, tmp_path):
    """The same, as a copy that may be spoilt."""
    vectors, path = built
    for source in (path, index_path(path)):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return vectors, tmp_path / path.name


def unit_rows(center):
    center = center.astype(np.float64)
    norms = np.linalg.norm(center, axis=1, keepdims=True)
    return center / np.where(norms == 0, 1, norms)


def true_neighbors(vectors, i, k):
    unit = unit_rows(vectors.center)
    cosines = unit @ unit[i]
    cosines[i] = -2
    return np.argsort(-cosines, kind="stable")[:k], cosines


def test_the_answers_are_near_ones_with_exact_cosines_in_order(built):
    vectors, path = built
    index = open_index(vectors, path)
    asked = np.arange(0, 1500, 13)
    queries = unit_rows(vectors.center)[asked]
    answers = list(index.search(queries, asked[:, None], 5))
    assert len(answers) == len(asked)
    hits = 0
    for i, (ids, cosines) in zip(asked, answers, strict=True):
        wanted, all_cosines = true_neighbors(vectors, i, 5)
        assert len(set(ids.tolist())) == 5
        np.testing.assert_allclose(cosines, all_cosines[ids], rtol=0, atol=1e-14)
        assert (np.diff(cosines) <= 0).all()
        hits += len(set(ids.tolist()) & set(wanted.tolist()))
    assert hits / (5 * len(asked)) > 0.97


def test_the_recall_is_that_of_a_full_search(built, monkeypatch):
    vectors, path = built
    index = open_index(vectors, path)
    filled = np.flatnonzero(np.linalg.norm(vectors.center, axis=1))
    asked = filled[np.unique(np.linspace(0, len(filled) - 1, 1000).round().astype(int))]
    answers = index.search(unit_rows(vectors.center)[asked], asked[:, None], 10)
    hits = sum(
        len(set(ids.tolist()) & set(true_neighbors(vectors, i, 10)[0].tolist()))
        for i, (ids, _) in zip(asked, answers, strict=True)
    )
    assert index.info.sample == len(asked) == 1000
    assert index.info.recall == pytest.approx(hits / 10_000, abs=5e-4)
    assert index.info.recall >= indexes.RECALL


def test_a_graph_with_few_links_is_told_from_a_good_one(tmp_path, monkeypatch):
    """Random rows are hard: with a narrow search the recall that is measured falls, and a wider search is chosen."""
    vectors = make_vectors(np.random.default_rng(3).normal(size=(3000, 64)).astype(np.float32))
    monkeypatch.setattr(indexes, "CONNECTIVITY", 3)
    monkeypatch.setattr(indexes, "EXPANSION_ADD", 4)
    monkeypatch.setattr(indexes, "EXPANSIONS", (16,))
    poor = build_index(vectors, tmp_path / "v.safetensors").info
    monkeypatch.setattr(indexes, "EXPANSIONS", (16, 1024))
    wide = build_index(vectors, tmp_path / "v.safetensors")
    better = wide.info
    assert poor.recall < 0.6
    assert better.recall > poor.recall + 0.2
    assert (poor.expansion, better.expansion) == (16, 1024)
    queries, excluded = unit_rows(vectors.center)[:200], [[]] * 200
    answers = open_index(vectors, tmp_path / "v.safetensors").search(queries, excluded, 10)
    for (own, _), (opened, _) in zip(wide.search(queries, excluded, 10), answers, strict=True):
        assert own.tolist() == opened.tolist()


def test_zero_rows_and_excluded_ids_are_no_answers(built):
    vectors, path = built
    index = open_index(vectors, path)
    assert index.info.rows == 1498
    query = unit_rows(vectors.center)[:1]
    ((ids, cosines),) = index.search(query, [[]], 1500)
    assert set(ids.tolist()) <= set(range(1500)) - {7, 11}
    assert len(ids) > 1400
    out = ids[:40].tolist()
    ((left, _),) = index.search(query, [out], 10)
    assert left.tolist() == ids[40:50].tolist()
    assert cosines[0] == pytest.approx(1)


def test_answers_do_not_depend_on_how_queries_are_cut_up(built, monkeypatch):
    vectors, path = built
    index = open_index(vectors, path)
    queries = unit_rows(vectors.center)[:50]
    excluded = [[i] if i % 2 else [] for i in range(50)]
    at_once = list(index.search(queries, excluded, 4))
    monkeypatch.setattr(indexes, "ROWS_AT_ONCE", 3)
    for (a, x), (b, y), one in zip(at_once, index.search(queries, excluded, 4), range(50), strict=True):
        assert a.tolist() == b.tolist()
        assert x.tolist() == y.tolist()
        ((c, z),) = index.search(queries[one : one + 1], excluded[one : one + 1], 4)
        assert (a.tolist(), x.tolist()) == (c.tolist(), z.tolist())


@pytest.mark.parametrize("center", [np.zeros((4, 3)), np.eye(3)[:1], np.eye(2), np.ones((3, 1))])
def test_tiny_vectors_have_an_index_too(tmp_path, center):
    vectors = make_vectors(center.astype(np.float32))
    path = tmp_path / "v.safetensors"
    built = build_index(vectors, path).info
    index = open_index(vectors, path)
    assert index.info == built
    rows = np.flatnonzero(np.abs(center).sum(axis=1))
    ((ids, _),) = index.search(np.ones((1, center.shape[1])) / center.shape[1] ** 0.5, [[0]], 10)
    assert ids.tolist() == [i for i in rows if i != 0]


def test_one_thread_gives_equal_bytes(tmp_path):
    vectors = make_vectors(clustered(800, 16))
    path = tmp_path / "v.safetensors"
    files = []
    for _ in range(2):
        build_index(vectors, path, threads=1)
        files.append(index_path(path).read_bytes())
    assert files[0] == files[1]


def test_progress_is_told(tmp_path):
    seen = []
    build_index(make_vectors(clustered(300, 8)), tmp_path / "v.safetensors", progress=lambda *told: seen.append(told))
    assert seen[0] == ("indexing", 0, 300)
    assert {("indexing", 300, 300), ("measuring", 300, 300)} <= set(seen)


def test_an_interrupted_build_leaves_the_old_index(copied):
    vectors, path = copied
    before = index_path(path).read_bytes()

    def stop(what, done, total):
        if what == "measuring":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(vectors, path, progress=stop)
    assert index_path(path).read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["v.firth-index", "v.safetensors"]


def test_other_vectors_make_an_index_stale(copied):
    vectors, path = copied
    center = vectors.center.copy()
    center[700, 3] = np.nextafter(center[700, 3], np.float32(9))
    with pytest.raises(FormatError, match=r"built of other vectors .*: firth index .*v\.safetensors"):
        open_index(make_vectors(center), path)
    with pytest.raises(FormatError, match="built of other vectors"):
        open_index(make_vectors(vectors.center[:-1]), path)
    swapped = vectors.center.copy()
    swapped[[1, 2]] = swapped[[2, 1]]
    with pytest.raises(FormatError, match="built of other vectors"):
        open_index(make_vectors(swapped), path)


def test_a_copy_with_other_times_is_no_other_index(copied):
    vectors, path = copied
    os.utime(path, (1, 1))
    os.utime(index_path(path), (2, 2))
    assert open_index(vectors, path).info.rows == 1498


def test_no_index_says_how_to_build_one(built, tmp_path):
    with pytest.raises(FormatError, match=r"no index of .*: build it: firth index .*w\.safetensors"):
        open_index(built[0], tmp_path / "w.safetensors")


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.99999])
def test_a_cut_file_is_refused(copied, share):
    vectors, path = copied
    file = index_path(path)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(FormatError, match="firth-index"):
        open_index(vectors, path)


def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing(copied):
    """In another process, which would die if usearch read damaged bytes."""
    path = copied[1]
    script = """
import sys
import numpy as np
import firth
from firth.vectors.index import index_path, open_index
path, seed = sys.argv[1], int(sys.argv[2])
vectors, file = firth.load(path), index_path(path)
data, rng = file.read_bytes(), np.random.default_rng(seed)
wanted = open_index(vectors, path).info
places = [*rng.integers(0, len(data), 60), *rng.integers(0, 1200, 60), *range(16)]
for place in places:
    spoilt = bytearray(data)
    spoilt[place] ^= 1 << int(rng.integers(8))
    file.write_bytes(spoilt)
    try:
        index = open_index(vectors, path)
    except firth.FormatError as error:
        assert "firth-index" in str(error)
        continue
    assert 0 <= place - data.index(b"sha256") < 6, place  # the name of the checksum: as in a file that has none
    list(index.search(np.ones((3, 24)) / 24**0.5, [[0]] * 3, 10))
print("done")
"""
    run = subprocess.run([sys.executable, "-c", script, str(path), "5"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "done"), run.stderr


def rewritten(path, change, tensors=None):
    """Write an index file again with a change to its metadata."""
    file = read_tensors(path)
    document = json.loads(file.metadata["index"])
    data = file.tensor("graph", "U8", 1).copy()
    change(document)
    write_tensors(path, tensors or {"graph": data}, {"index": json.dumps(document)})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", 2, "format 2: expected 1"),
        ("format", None, "format None"),
        ("rows", 10**30, "out of range"),
        ("rows", -1, "out of range"),
        ("rows", 1499, "not an index that usearch"),
        ("dim", "24", "dim is '24'"),
        ("dim", 25, "other vectors"),
        ("words", True, "words is True"),
        ("expansion", 10**9, "out of range"),
        ("expansion", 0, "out of range"),
        ("vectors", "00", "other vectors"),
        ("recall", "much", "recall is 'much'"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(copied, name, value, message):
    vectors, path = copied
    rewritten(index_path(path), lambda document: document.__setitem__(name, value))
    with pytest.raises(FormatError, match=message) as caught:
        open_index(vectors, path)
    assert "build it again: firth index" in str(caught.value)


def test_an_index_without_a_checksum_is_checked_by_its_digest(copied):
    vectors, path = copied
    file = index_path(path)
    data = file.read_bytes().replace(b'"sha256"', b'"oldone"', 1)
    file.write_bytes(data)
    assert open_index(vectors, path).info.rows == 1498
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(FormatError, match=r"the index is damaged: .*build it again: firth index"):
        open_index(vectors, path)


@pytest.mark.parametrize("metadata", [{}, {"index": "[]"}, {"index": "{"}, {"index": "[" * 100_000}, {"index": "3"}])
def test_a_foreign_safetensors_file_is_refused(copied, metadata):
    vectors, path = copied
    write_tensors(index_path(path), {"graph": np.zeros(100, np.uint8)}, metadata)
    with pytest.raises(FormatError, match="not that of an index"):
        open_index(vectors, path)
    write_tensors(index_path(path), {"center": np.zeros(100, np.float32)}, metadata)
    with pytest.raises(FormatError, match="no tensor 'graph'"):
        open_index(vectors, path)


@pytest.mark.parametrize("data", [b"", b"\0" * 2000, b"usearch" * 500, bytes(range(256)) * 8])
def test_bytes_that_are_no_graph_are_a_format_error(copied, data):
    vectors, path = copied
    array = np.frombuffer(data, np.uint8)
    rewritten(index_path(path), lambda document: document.update(graph=digest(array)), {"graph": array})
    with pytest.raises(FormatError, match="not an index that usearch"):
        open_index(vectors, path)


def test_vectors_that_are_not_finite_are_named_and_left_out(tmp_path):
    center = clustered(50, 4)
    center[9, 2] = np.nan
    with pytest.warns(UserWarning, match="'w9' is zero or not finite"):
        index = build_index(make_vectors(center), tmp_path / "v.safetensors")
    assert index.info.rows == 49
    ((ids, _),) = index.search(unit_rows(center[:1]), [[]], 49)
    assert 9 not in ids


def test_wrong_arguments_are_refused(built, tmp_path):
    vectors, path = built
    with pytest.raises(ConfigError, match="threads is 0"):
        build_index(vectors, tmp_path / "v.safetensors", threads=0)
    with pytest.raises(FormatError, match="does not exist"):
        build_index(vectors, tmp_path / "no" / "v.safetensors")
    with pytest.raises(ConfigError, match="k is 0"):
        next(open_index(vectors, path).search(unit_rows(vectors.center)[:1], [[]], 0))


def test_without_usearch_the_message_has_the_command(monkeypatch, built, tmp_path):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("usearch"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[index\]"'):
        build_index(built[0], tmp_path / "v.safetensors")
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[index\]"'):
        open_index(*built)


def test_a_digest_tells_numbers_type_and_shape_but_no_layout(monkeypatch):
    array = np.arange(24, dtype=np.float32).reshape(6, 4)
    same = [np.asfortranarray(array), np.repeat(array, 2, axis=0)[::2], array.astype(">f4")]
    assert {digest(other) for other in same} == {digest(array)}
    others = [array.reshape(4, 6), array.view(np.int32), array + 1, array[:5]]
    assert len({digest(array), *map(digest, others)}) == 5
    monkeypatch.setattr(indexes, "BLOCK_BYTES", 32)
    assert digest(array, 1) == digest(array, 3)
    assert digest(array) != digest(array[[2, 3, 0, 1, 4, 5]])
