"""The compiled Huffman tree against the reference, and against what makes a tree Huffman's."""

from functools import cache

import numpy as np
import pytest

from firth import reference
from firth.errors import VocabularyError
from firth.sgd.huffman import HuffmanPaths, huffman_paths


def as_list(paths):
    """The paths in the form of `reference.huffman`."""
    ends = zip(paths.offsets[:-1].tolist(), paths.offsets[1:].tolist(), strict=True)
    return [(tuple(paths.nodes[a:b].tolist()), tuple(paths.bits[a:b].tolist())) for a, b in ends]


def as_paths(words):
    """The inverse of `as_list`."""
    offsets = np.cumsum([0, *(len(nodes) for nodes, _ in words)])
    nodes, bits = ([part for word in words for part in word[i]] for i in (0, 1))
    return HuffmanPaths(offsets, np.array(nodes, np.int32), np.array(bits, np.uint8))


@cache
def least_cost(counts):
    """The least Σ count · length of any binary tree over a few leaves: every order of joining them is tried."""
    if len(counts) == 1:
        return 0
    pairs = [(i, j) for i in range(len(counts)) for j in range(i)]
    rest = {(i, j): [c for k, c in enumerate(counts) if k not in (i, j)] for i, j in pairs}
    return min(
        counts[i] + counts[j] + least_cost(tuple(sorted([*rest[i, j], counts[i] + counts[j]]))) for i, j in pairs
    )


def faults(paths, counts):
    """What keeps paths from being those of a tree of least cost, its nodes numbered by falling count."""
    words, wrong = as_list(paths), []
    lengths = np.diff(paths.offsets)
    if len(words) > 1 and (2.0**-lengths).sum() != 1:
        wrong.append("Kraft's sum is not 1")
    branches = {}  # (node, bit) -> where it leads
    for word, (nodes, bits) in enumerate(words):
        for place, branch in enumerate(zip(nodes, bits, strict=True)):
            leads = ("node", nodes[place + 1]) if place + 1 < len(nodes) else ("word", word)
            if branches.setdefault(branch, leads) != leads:
                wrong.append(f"branch {branch} leads to two places")
    if len(set(branches.values())) != 2 * len(words) - 2:
        wrong.append("a node or a word is not reached, or twice")
    below = np.zeros(len(words), np.int64)
    for (nodes, _), count in zip(words, counts, strict=True):
        below[list(nodes)] += count
    if (np.diff(below[: len(words) - 1]) > 0).any():
        wrong.append("counts of nodes rise")
    if len(words) < 8 and int(lengths @ counts) != least_cost(tuple(sorted(counts))):
        wrong.append("not of least cost")
    return wrong


def cases():
    """Many lists of counts, with ties and zeros."""
    rng = np.random.default_rng(4)
    for _ in range(400):
        yield rng.integers(0, rng.integers(1, 40), size=rng.integers(1, 60)).tolist()
    yield from ([0] * 17, [5] * 16, [1] * 31, list(range(50)), list(range(50, 0, -1)))
    yield (10_000 // np.arange(1, 3000)).tolist()


def test_the_tree_is_that_of_the_reference():
    for counts in cases():
        assert as_list(huffman_paths(counts)) == reference.huffman(counts), counts


def test_the_tree_is_whole_and_its_nodes_are_in_order():
    for counts in cases():
        assert faults(huffman_paths(counts), counts) == [], counts


def test_no_tree_costs_less():
    rng = np.random.default_rng(5)
    for n in (1, 2, 3, 4, 5, 6, 7):
        for most in (2, 5, 100):
            counts = rng.integers(0, most, size=n).tolist()
            assert faults(huffman_paths(counts), counts) == []


COUNTS = [9, 5, 5, 3, 1, 0]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda words: [*words[:2], (words[2][0], (0, 0, 1)), *words[3:]], "leads to two places"),
        (lambda words: [*words[:3], (words[3][0][:-1], words[3][1][:-1]), *words[4:]], "Kraft"),
        (lambda words: [words[i] for i in (4, 1, 2, 3, 0, 5)], "least cost"),
        (lambda words: [(tuple(4 - j for j in nodes), bits) for nodes, bits in words], "counts of nodes rise"),
        (lambda words: [words[0], *words[:1], *words[2:]], "not reached"),
    ],
)
def test_the_check_of_a_tree_notices(spoil, fault):
    words = reference.huffman(COUNTS)
    assert faults(as_paths(words), COUNTS) == []
    assert fault in " ".join(faults(as_paths(spoil(words)), COUNTS))


def test_fibonacci_counts_give_the_deepest_tree():
    counts = [1, 1]
    while sum(counts) + counts[-1] + counts[-2] < 2**62:
        counts.append(counts[-1] + counts[-2])
    paths = huffman_paths(counts)
    assert len(counts) > 80
    assert np.diff(paths.offsets).max() == len(counts) - 1
    assert as_list(paths) == reference.huffman(counts)


def test_the_tables_are_what_kernels_take():
    for counts in ([5], [2, 1], np.array([3, 4, 5], np.uint64), np.array([3, 4, 5], np.int32)[::-1]):
        paths = huffman_paths(counts)
        assert [array.dtype for array in paths] == [np.int64, np.int32, np.uint8]
        assert all(array.flags.c_contiguous for array in paths)
        assert len(paths.offsets) == len(counts) + 1
        assert paths.offsets[-1] == len(paths.nodes) == len(paths.bits)


@pytest.mark.parametrize("bad", [[], [1, -1], [1.0, 2.0], [True], [[1, 2]], 3, ["a"]])
def test_counts_that_are_none_are_refused(bad):
    with pytest.raises(VocabularyError, match=r"counts are .*: expected at least one, all of them whole numbers"):
        huffman_paths(bad)


@pytest.mark.parametrize("bad", [[2**62], [2**61, 2**61], np.full(9, 2**63 - 1), np.full(4, 2**64 - 1, np.uint64)])
def test_counts_whose_sum_does_not_fit_are_refused(bad):
    with pytest.raises(VocabularyError, match=r"the counts add up to .* tokens: expected less than 4\.61e\+18"):
        huffman_paths(bad)
