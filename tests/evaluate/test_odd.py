"""Odd ones out, against the mean cosines in plain Python."""

import numpy as np

from firth.evaluate.answers import NO_VECTOR, RESTRICTED, Lookup
from firth.evaluate.odd import answer
from firth.evaluate.reading import OddOneOut


def test_the_word_with_the_least_mean_cosine_is_the_answer(make):
    rng = np.random.default_rng(5)
    rows = {f"w{i}": row for i, row in enumerate(rng.normal(size=(20, 4)).astype(np.float32))}
    groups = [tuple(f"w{i}" for i in rng.choice(20, size=int(size), replace=False)) for size in rng.integers(3, 8, 60)]
    answers = answer(Lookup(make(rows)), OddOneOut("set", [group[:-1] for group in groups], [g[-1] for g in groups]))
    for group, right in zip(groups, answers.values, strict=True):
        means = []
        for word in group:
            u = rows[word].astype(float)
            others = [rows[other].astype(float) for other in group if other != word]
            means.append(np.mean([u @ v / np.linalg.norm(u) / np.linalg.norm(v) for v in others]))
        assert right == (group[int(np.argmin(means))] == group[-1])
    assert 0 < answers.values.sum() < 60


def test_items_with_a_word_without_a_vector_are_left_out_and_ties_are_wrong(make):
    vectors = make({"a": [1, 0], "b": [1, 0], "c": [1, 0], "far": [-1, 0], "rare": [0, 1]})
    benchmark = OddOneOut(
        "set", [("A", "b"), ("a", "b"), ("a", "x"), ("a", "rare"), ("a", "b")], ["far", "c", "far", "b", "x"]
    )
    answers = answer(Lookup(vectors, most_frequent=4), benchmark)
    assert answers.status.tolist() == [0, 0, NO_VECTOR, RESTRICTED, NO_VECTOR]
    np.testing.assert_array_equal(answers.values, [1, 0, np.nan, np.nan, np.nan])
    assert (answers.missing[2], answers.left_out[3]) == (["x"], ["rare"])
