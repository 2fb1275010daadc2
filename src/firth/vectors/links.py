"""The bytes of a usearch graph, checked before usearch reads them, because it follows every number in them unchecked.

They are, little-endian: u32 rows and u32 bytes a row; the rows; a head of 64 bytes, with "usearch", the version, the
kinds of numbers, the counts and the dimension; five u64: rows, connectivity, connectivity of the lowest layer, highest
layer, first node; for each node i16, its highest layer; and for each node u64 key, i16 highest layer, and for each of
its layers from the lowest u32 links and as many u32 nodes as links have room. (As usearch 2.26 writes them.)
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError

Bytes = npt.NDArray[np.uint8]

HEAD, NUMBERS = 64, 40
"""The bytes of the head, and of the five numbers after it."""

VERSION = slice(15, 21)
"""Where an empty graph has the version, in which graphs may differ."""

COUNTS = (("<u4", 0), ("<u8", 25), ("<u8", 8 + HEAD))
"""The types and places of the number of rows in an empty graph."""

NODES_AT_ONCE = 2**15


def check_links(data: Bytes, empty: Bytes, rows: int, words: int) -> None:
    """Raise FormatError unless `data` are a whole graph of `rows` nodes, all links of which lead to nodes.

    empty: the bytes of an empty graph with the same settings. words: every key must be below.
    """
    start = 8 + rows * _number(empty, "<u4", 4)
    if len(data) < start + HEAD + NUMBERS + 2 * rows:
        raise FormatError("the bytes are too few for so many rows")
    _check_head(np.concatenate([data[:8], data[start : start + HEAD + NUMBERS]]), empty, rows)
    if rows:
        _Nodes(data, start + HEAD, rows).check(words)


def _check_head(found: Bytes, empty: Bytes, rows: int) -> None:
    """Compare all of it but the version, the highest layer and the first node with that of an empty graph."""
    expected = empty.copy()
    for dtype, place in COUNTS:
        number = np.frombuffer(np.array([rows], dtype).tobytes(), np.uint8)
        expected[place : place + len(number)] = number
    same = found == expected
    same[VERSION] = same[-16:] = True
    if not same.all():
        raise FormatError("the head is not that of such a graph")


class _Nodes:
    """The nodes of a graph: where each begins, its layers and its links."""

    def __init__(self, data: Bytes, numbers: int, rows: int) -> None:
        """Keep the parts; numbers: where the five numbers begin."""
        self._data, self._rows = data, rows
        self._rooms = [_number(data, "<u8", numbers + place) for place in (16, 8)]  # lowest layer, those above
        self._top, self._first = _number(data, "<u8", numbers + 24), _number(data, "<u8", numbers + 32)
        begin = numbers + NUMBERS
        self._layers = self._view("<i2")[begin : begin + 2 * rows : 2].astype(np.int64)
        sizes = 14 + 4 * self._rooms[0] + self._layers * (4 + 4 * self._rooms[1])
        self._places = begin + 2 * rows + np.cumsum(sizes) - sizes
        self._end = int(self._places[-1] + sizes[-1])

    def check(self, words: int) -> None:
        if self._layers.min() < 0 or self._end != len(self._data):
            raise FormatError("the layers of the nodes do not fit the number of bytes")
        if self._first >= self._rows or not self._top == self._layers[self._first] == self._layers.max():
            raise FormatError("the first node is not in the highest layer")
        if (self._view("<i2")[self._places + 8] != self._layers).any():
            raise FormatError("a node has other layers than the list says")
        if (self._view("<u8")[self._places] >= words).any():
            raise FormatError("a node is of a row that the vectors lack")
        for layer in range(self._top + 1):
            nodes = np.flatnonzero(self._layers >= layer)
            for begin in range(0, len(nodes), NODES_AT_ONCE):
                self._check_layer(nodes[begin : begin + NODES_AT_ONCE], layer)

    def _check_layer(self, nodes: npt.NDArray[np.int64], layer: int) -> None:
        room = self._rooms[layer > 0]
        begin = self._places[nodes] + 10
        if layer:
            begin += 4 + 4 * self._rooms[0] + (layer - 1) * (4 + 4 * room)
        links = self._view("<u4")[begin]
        others = self._view("<u4")[begin[:, None] + 4 * np.arange(1, room + 1)]
        others = np.where(np.arange(room) < links[:, None], others, self._first)  # beyond its links is nothing
        if (links > room).any() or (others >= self._rows).any() or (self._layers[others] < layer).any():
            raise FormatError("a link leads to no node of its layer")

    def _view(self, dtype: str) -> npt.NDArray[Any]:
        """The number of this type that begins at each byte."""
        size = np.dtype(dtype).itemsize
        return np.ndarray((len(self._data) - size + 1,), dtype, self._data.data, 0, (1,))


def _number(data: Bytes, dtype: str, place: int) -> int:
    return int(np.frombuffer(data[place : place + np.dtype(dtype).itemsize].tobytes(), dtype)[0])
