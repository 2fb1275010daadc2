import gc

import numpy as np
import pytest

from firth.corpus.lines import read_lines
from firth.corpus.vocabulary import LINE_END
from firth.settings import Reading


@pytest.fixture
def temporary(tmp_path):
    """A folder for temporary files; nothing may be left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []


@pytest.fixture
def lines_of():
    """A function from a source and settings of reading to its lines, each a list of words."""

    def read(source, progress=None, **reading):
        lines = read_lines(source, Reading(**reading), progress)
        found, line = [], []
        for piece in lines.pieces():
            words = lines.words(np.arange(len(lines.counts())))
            for number in piece.tolist():
                if number == LINE_END:
                    found.append(line)
                    line = []
                else:
                    line.append(words[number])
        lines.origin.warn(stacklevel=1)
        assert line == []
        return found

    return read


@pytest.fixture
def put(tmp_path):
    """A function that writes a file, of text or bytes, and gives its path."""

    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write
