"""Pieces of text that end with a line."""

from itertools import pairwise

import pytest

from firth.corpus.text_lines import whole_lines
from firth.errors import CorpusError


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pieces_end_with_lines(size):
    text = "a\r\nbc\rd\n\n\r\r\nlong line\u2028of text"
    pieces = list(whole_lines((text[at : at + size] for at in range(0, len(text), size)), "x", 100))
    assert "".join(pieces) == text
    assert all(piece.endswith(("\n", "\r")) for piece in pieces[:-1])
    assert not any(first.endswith("\r") and second.startswith("\n") for first, second in pairwise(pieces))


def test_long_lines_are_refused():
    with pytest.raises(CorpusError, match="x: more than 10 characters in one line, after line 2"):
        list(whole_lines(["a\nb\n", "c" * 8, "c" * 8], "x", 10))
