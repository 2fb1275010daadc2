"""firth transform and firth align: the files they write, what they print, what they refuse."""

import json

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.vectors import transforms
from firth.vectors.alignment import align
from firth.vectors.container import WordVectors

N, D = 40, 6


def call(capsys, *arguments):
    """(status, standard output, standard error) of a command."""
    capsys.readouterr()
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def write(path, seed=0, d=D, words=None, outside=True):
    rng = np.random.default_rng(seed)
    center, more = (rng.normal(size=(N, d)).astype(np.float32) for _ in range(2))
    words = words or [f"w{i}" for i in range(N)]
    WordVectors(words, np.arange(N, 0, -1), center, more if outside else None, {"dim": d}, []).save(path)
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "v.safetensors")


def test_half_stores_float16(tmp_path, capsys):
    rows = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    WordVectors(list("abcd"), np.ones(4, int), rows, None, {}, []).save(tmp_path / "v.safetensors")
    out = tmp_path / "h.safetensors"
    assert main(["transform", str(tmp_path / "v.safetensors"), "-o", str(out), "--half"]) == 0
    np.testing.assert_array_equal(firth.load(out).center, rows.astype(np.float16).astype(np.float32))
    assert firth.load(out).config == {}


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (["--most-frequent", 9], [lambda v: transforms.most_frequent(v, 9)]),
        (["--plus-outside"], [transforms.plus_outside]),
        (["--centered"], [transforms.centered]),
        (["--without-top"], [transforms.without_top]),
        (["--without-top", 2], [lambda v: transforms.without_top(v, 2)]),
        (["--reduced", 3], [lambda v: transforms.reduced(v, 3)]),
        (["--normalized"], [transforms.normalized]),
        (
            ["--normalized", "--reduced", 3, "--without-top", "--centered", "--plus-outside", "--most-frequent", 9],
            [
                lambda v: transforms.most_frequent(v, 9),
                transforms.plus_outside,
                transforms.centered,
                transforms.without_top,
                lambda v: transforms.reduced(v, 3),
                transforms.normalized,
            ],
        ),
    ],
)
def test_transform_does_what_the_functions_do_in_one_order(capsys, file, options, steps):
    expected = firth.load(file)
    for step in steps:
        expected = step(expected)
    out_path = file.with_name("new.safetensors")
    status, out, err = call(capsys, "transform", file, "-o", out_path, *options)
    assert (status, out) == (0, "")
    assert err == f"wrote {out_path}: {len(expected)} words, dimension {expected.center.shape[1]}\n"
    found = firth.load(out_path)
    assert found.words == expected.words
    assert found.config == expected.config
    np.testing.assert_array_equal(found.center, expected.center)
    assert (found.outside is None) == (expected.outside is None)


def test_transform_may_replace_its_own_file_and_says_so_in_json(capsys, file):
    expected = transforms.centered(firth.load(file)).center.copy()
    status, out, err = call(capsys, "transform", file, "-o", file, "--centered", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {"out": str(file), "words": N, "dim": D, "transforms": [{"name": "centered"}]}
    np.testing.assert_array_equal(firth.load(file).center, expected)


def test_transform_refuses_what_it_cannot_do_and_writes_nothing(capsys, file, tmp_path):
    without = write(tmp_path / "w.safetensors", outside=False)
    for arguments, message in (
        ([file], "no transform is given: give at least one, such as --centered"),
        ([file, "--reduced", 7], "dim is 7: expected a whole number, 1 to 6"),
        ([file, "--without-top", 0], "components is 0: expected a whole number, 1 to 5"),
        ([file, "--most-frequent", 0], "n is 0: expected a whole number, 1 or more"),
        ([without, "--plus-outside"], "these vectors have no outside vectors to add"),
        ([file, "--normalized", "--plus-outside", "-o", tmp_path / "x.txt"], "a vectors file ends in .safetensors"),
    ):
        status, out, err = call(capsys, "transform", "-o", tmp_path / "new.safetensors", *arguments)
        assert (status, out) == (1, "")
        assert err.startswith("firth: error: ")
        assert message in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.safetensors", "w.safetensors"]


def test_align_writes_the_rotated_vectors_and_prints_what_moved(capsys, file):
    target = write(file.with_name("t.safetensors"), seed=1)
    out_path = file.with_name("new.safetensors")
    expected = align(firth.load(file), firth.load(target))
    status, out, err = call(capsys, "align", file, target, "-o", out_path)
    assert status == 0
    assert err == f"wrote {out_path}: 40 words, aligned by 40 anchors\n"
    assert out == "".join(f"{word}\t{cosine:.4f}\n" for word, cosine in expected.moved(20))
    found = firth.load(out_path)
    np.testing.assert_array_equal(found.center, expected.vectors.center)
    np.testing.assert_array_equal(found.outside, expected.vectors.outside)
    status, out, err = call(capsys, "align", file, target, "-o", out_path, "--json", "--moved", 2, "--among", 7)
    assert (status, err) == (0, "")
    words = [{"word": word, "cosine": cosine} for word, cosine in expected.moved(2, among=7)]
    noted = [{"name": "aligned", "anchors": 40}]
    document = {"out": str(out_path), "words": N, "dim": D, "transforms": noted, "anchors": 40, "moved": words}
    assert json.loads(out) == document
    _, out, _ = call(capsys, "align", file, target, "-o", out_path, "--min-count", 33)
    assert [line.split("\t")[0] for line in out.splitlines()] == [w for w, _ in expected.moved(min_count=33)]


def test_align_takes_a_dictionary(capsys, file):
    target = write(file.with_name("t.safetensors"), seed=1, words=[f"x{i}" for i in range(N)])
    pairs = file.with_name("pairs.txt")
    pairs.write_text("".join(f"w{i} x{i}\n" for i in range(0, N, 2)) + "unknown x1\n", encoding="utf-8")
    out_path = file.with_name("new.safetensors")
    status, out, err = call(capsys, "align", file, target, "-o", out_path, "--anchors", pairs)
    assert (status, out) == (0, "")
    assert "aligned by 20 anchors" in err
    expected = align(firth.load(file), firth.load(target), [(f"w{i}", f"x{i}") for i in range(0, N, 2)])
    np.testing.assert_array_equal(firth.load(out_path).center, expected.vectors.center)
    status, out, err = call(capsys, "align", file, target, "-o", out_path)
    assert (status, out) == (1, "")
    assert "have no word in common" in err


def test_align_refuses_what_it_cannot_do_and_writes_nothing(capsys, file, tmp_path):
    small, target = write(tmp_path / "s.safetensors", d=4), write(tmp_path / "t.safetensors", seed=1)
    for arguments, message in (
        ([file, small], "the source has dimension 6 and the target 4"),
        ([file, target, "--moved", 0], "k is 0: expected a whole number, 1 or more"),
        ([file, target, "--anchors", tmp_path / "none.txt"], "there is no such file"),
    ):
        status, out, err = call(capsys, "align", *arguments, "-o", tmp_path / "new.safetensors")
        assert (status, out) == (1, "")
        assert message in err
    assert not (tmp_path / "new.safetensors").exists()
