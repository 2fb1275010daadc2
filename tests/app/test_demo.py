"""The demo: its sample, its answers after a shortened run, and what it prints."""

import json
import lzma

import pytest

import firth
from firth.app import demo as demo_module
from firth.app.demo import ANALOGIES, DEMO_SETTINGS, SAMPLE, WORDS, demo, demo_results, print_results

ANSWERS = ["italy", "china", "helsinki", "french", "mother", "children"]


@pytest.fixture(scope="module")
def vectors():
    return firth.train(SAMPLE, quiet=True, **DEMO_SETTINGS | {"epochs": 6, "threads": 1})


@pytest.fixture(scope="module")
def results(vectors):
    return demo_results(vectors)


def test_the_sample_is_small_and_holds_lines_of_lower_cased_words():
    assert SAMPLE.stat().st_size <= 3_000_000
    text = lzma.decompress(SAMPLE.read_bytes()).decode("ascii")
    lines = text.split("\n")
    assert lines.pop() == ""
    assert sum(len(line.split(" ")) for line in lines) == 1_979_378
    assert all(" " in line for line in lines)
    assert set(text) == set("abcdefghijklmnopqrstuvwxyz' \n")


def test_the_sample_is_shuffled():
    lines = lzma.decompress(SAMPLE.read_bytes()).decode("ascii").split("\n")
    half = len(lines) // 2
    first, second = (sum(line.startswith("france ") for line in part) for part in (lines[:half], lines[half:]))
    assert first > 20
    assert second > 20


def test_most_analogies_come_out_right(results):
    assert [(one["a"], one["b"], one["c"]) for one in results["analogies"]] == ANALOGIES
    right = [one["answer"] == answer for one, answer in zip(results["analogies"], ANSWERS, strict=True)]
    assert sum(right) >= 4, results["analogies"]


def test_neighbors_and_scores_make_sense(results):
    near = {word: [other for other, _ in found] for word, found in results["neighbors"].items()}
    assert list(near) == WORDS
    assert {"germany", "italy", "spain", "belgium", "netherlands", "switzerland"} & set(near["france"])
    assert {"summer", "season", "cold", "frost", "snow", "rains"} & set(near["winter"])
    similarity, capitals = results["scores"]
    assert similarity["score"] > 0.35
    assert (similarity["answered"], similarity["asked"]) == (266, 353)
    assert capitals["score"] > 0.15
    assert (capitals["answered"], capitals["asked"]) == (4723, 5030)


def test_the_results_are_plain_data(results):
    again = json.loads(json.dumps(results))
    assert again["scores"] == results["scores"]
    assert again["neighbors"]["france"] == [list(pair) for pair in results["neighbors"]["france"]]


def test_what_is_printed_is_what_was_found(results, capsys):
    print_results(results)
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert printed.err == ""
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    for one in results["analogies"]:
        found = f"{one['a']} : {one['b']} = {one['c']} : {one['answer']}"
        assert sum(line.strip().startswith(found) and line.endswith(f"{one['cosine']:.2f}") for line in lines) == 1
    for word, near in results["neighbors"].items():
        assert [word, *(other for other, _ in near)] in [line.replace(",", "").split() for line in lines]
    assert f"{results['scores'][0]['score']:.2f}" in printed.out


def test_demo_trains_on_the_sample_and_writes_the_vectors(tmp_path, vectors, monkeypatch, capsys):
    asked = []

    def train(out, source, **settings):
        assert out == tmp_path / "vectors.safetensors"
        asked.append((source, settings))
        return vectors

    monkeypatch.setattr(demo_module, "train_for", train)
    assert demo(tmp_path) is vectors
    assert asked == [(SAMPLE, {"quiet": False, **DEMO_SETTINGS})]
    assert firth.load(tmp_path / "vectors.safetensors").words == vectors.words
    printed = capsys.readouterr()
    assert printed.out == ""
    assert str(tmp_path / "vectors.safetensors") in printed.err
    demo(tmp_path, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_missing_folder_is_found_out_before_training(tmp_path, monkeypatch):
    def train(*source, **settings):
        raise AssertionError("training has begun")

    monkeypatch.setattr(demo_module, "train_for", train)
    with pytest.raises(firth.FormatError, match="nowhere"):
        demo(tmp_path / "nowhere")
