"""Bytes of graphs that usearch wrote pass; any number in them that leads astray is refused."""

import struct
import subprocess
import sys

import numpy as np
import pytest

from firth import FormatError
from firth.vectors import links
from firth.vectors.links import check_links

usearch = pytest.importorskip("usearch.index")

N, D = 1500, 6
NODES = 8 + 2 * D * N + 64 + 40 + 2 * N
"""Where the nodes begin; before them are the rows, the head, five numbers and the layer of each node."""


def new_graph(**settings):
    settings = {"connectivity": 16, "dtype": "f16", "metric": "ip", **settings}
    return usearch.Index(ndim=D, expansion_add=64, enable_key_lookups=False, **settings)


def saved(graph):
    return np.frombuffer(graph.save(), np.uint8).copy()


@pytest.fixture(scope="module")
def graph():
    graph = new_graph()
    rows = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
    graph.add(np.arange(N), rows, threads=2)
    return saved(graph)


def layers_of(graph):
    return graph[NODES - 2 * N : NODES].view("<i2")


def place_of(graph, node):
    """Where a node begins, by walking over those before."""
    place = NODES
    for layer in layers_of(graph)[:node].tolist():
        place += 8 + 2 + (4 + 4 * 32) + layer * (4 + 4 * 16)
    return place


def refused(graph, place, dtype, value, message, rows=N):
    """Write a number into a copy, and check that this is noticed."""
    spoilt = graph.copy()
    written = struct.pack(dtype, value)
    assert spoilt[place : place + len(written)].tobytes() != written
    spoilt[place : place + len(written)] = np.frombuffer(written, np.uint8)
    with pytest.raises(FormatError, match=message):
        check_links(spoilt, saved(new_graph()), rows, N)


def test_whole_graphs_pass(graph):
    assert layers_of(graph).max() >= 1
    check_links(graph, saved(new_graph()), N, N)
    check_links(saved(new_graph()), saved(new_graph()), 0, N)
    one = new_graph()
    one.add(np.array([4]), np.ones((1, D), np.float32))
    check_links(saved(one), saved(new_graph()), 1, 5)


def test_the_version_may_be_another(graph):
    spoilt = graph.copy()
    spoilt[8 + 2 * D * N + 7 + 2] += 1
    check_links(spoilt, saved(new_graph()), N, N)


@pytest.mark.parametrize("other", [{"connectivity": 8}, {"dtype": "f32"}, {"metric": "l2sq"}])
def test_other_settings_are_refused(graph, other):
    with pytest.raises(FormatError, match=r"the head|too few"):
        check_links(graph, saved(new_graph(**other)), N, N)


def test_other_sizes_are_refused(graph):
    for rows in (N - 1, N + 1, 0, 10**9):
        with pytest.raises(FormatError, match=r"the head|too few"):
            check_links(graph, saved(new_graph()), rows, N)
    for data in (graph[:-1], np.append(graph, graph[:1]), graph[:NODES]):
        with pytest.raises(FormatError, match="do not fit the number of bytes"):
            check_links(data, saved(new_graph()), N, N)
    for size in (0, 3, 50, NODES - 1):
        with pytest.raises(FormatError, match="too few"):
            check_links(graph[:size], saved(new_graph()), N, N)


def test_keys_beyond_the_words_are_refused(graph):
    refused(graph, place_of(graph, 700), "<Q", N, "a row that the vectors lack")
    refused(graph, place_of(graph, 0), "<Q", 2**64 - 1, "a row that the vectors lack")


def test_links_that_lead_astray_are_refused(graph):
    for node in (0, 700, N - 1):
        place = place_of(graph, node) + 10
        refused(graph, place, "<I", 33, "no node of its layer")
        refused(graph, place, "<I", 2**32 - 1, "no node of its layer")
        refused(graph, place + 4, "<I", N, "no node of its layer")
        refused(graph, place + 4, "<I", 2**32 - 1, "no node of its layer")


def test_links_of_upper_layers_are_checked_too(graph):
    node = int(np.flatnonzero(layers_of(graph) >= 1)[3])
    low = int(np.flatnonzero(layers_of(graph) == 0)[5])
    place = place_of(graph, node) + 10 + 4 + 4 * 32
    assert graph[place : place + 4].view("<u4")[0] >= 1
    refused(graph, place, "<I", 17, "no node of its layer")
    refused(graph, place + 4, "<I", N, "no node of its layer")
    refused(graph, place + 4, "<I", low, "no node of its layer")


def test_layers_that_do_not_fit_are_refused(graph):
    low = int(np.flatnonzero(layers_of(graph) == 0)[5])
    refused(graph, NODES - 2 * N + 2 * low, "<h", 1, "do not fit")
    refused(graph, NODES - 2 * N + 2 * low, "<h", -1, "do not fit")
    refused(graph, place_of(graph, low) + 8, "<h", 1, "other layers")
    numbers = NODES - 2 * N - 40
    top = int(layers_of(graph).max())
    refused(graph, numbers + 24, "<Q", top + 1, "first node")
    refused(graph, numbers + 24, "<Q", 2**64 - 1, "first node")
    refused(graph, numbers + 32, "<Q", low, "first node")
    refused(graph, numbers + 32, "<Q", N, "first node")
    refused(graph, numbers + 16, "<Q", 64, "the head")
    one_below = int(np.flatnonzero(layers_of(graph) == top - 1)[0])
    lower = graph.copy()
    lower[numbers + 24 : numbers + 40] = np.array([top - 1, one_below], "<u8").view(np.uint8)
    with pytest.raises(FormatError, match="first node"):
        check_links(lower, saved(new_graph()), N, N)


def test_layers_below_the_lowest_are_refused_whatever_their_sum(graph):
    spoilt = graph.copy()
    one, other = np.flatnonzero(layers_of(graph) == 0)[[5, 9]]
    layers_of(spoilt)[[one, other]] = -1, 1
    with pytest.raises(FormatError, match="do not fit"):
        check_links(spoilt, saved(new_graph()), N, N)


def test_all_nodes_are_checked_however_many_at_once(graph, monkeypatch):
    monkeypatch.setattr(links, "NODES_AT_ONCE", 100)
    check_links(graph, saved(new_graph()), N, N)
    for node in (99, 100, N - 1):
        refused(graph, place_of(graph, node) + 14, "<I", N, "no node of its layer")


def test_what_passes_never_harms_usearch(graph, tmp_path):
    """In another process: any bytes are changed, and what is not refused is searched."""
    (tmp_path / "graph").write_bytes(graph.tobytes())
    script = f"""
import sys
import numpy as np
from usearch.index import Index
from firth import FormatError
from firth.vectors.links import check_links
def new():
    return Index(ndim={D}, metric="ip", dtype="f16", connectivity=16, expansion_search=64, enable_key_lookups=False)
whole = np.fromfile(sys.argv[1], np.uint8)
empty = np.frombuffer(new().save(), np.uint8)
rng = np.random.default_rng(1)
queries = rng.normal(size=(50, {D})).astype(np.float32)
refused = searched = 0
for _ in range(400):
    data = whole.copy()
    start = int(rng.choice([0, {NODES - 2 * N - 104}, {NODES - 2 * N}, {NODES}]))
    at = rng.integers(start, len(data), int(rng.integers(1, 4)))
    data[at] = rng.integers(0, 256, len(at))
    try:
        check_links(data, empty, {N}, {N})
    except FormatError:
        refused += 1
        continue
    graph = new()
    graph.view(data.data)
    graph.search(queries, 30)
    searched += 1
print(refused > 50 and searched > 50)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "graph")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "True"), run.stderr
