"""gensim.test.utils: the small texts, files and temporary paths of the examples in gensim's documentation."""

import contextlib
import importlib.metadata
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import firth.errors
from firth.gensim._errors import ArgumentError

common_texts = [
    ["human", "interface", "computer"],
    ["survey", "user", "computer", "system", "response", "time"],
    ["eps", "user", "interface", "system"],
    ["system", "human", "system", "eps"],
    ["user", "response", "time"],
    ["trees"],
    ["graph", "trees"],
    ["graph", "minors", "trees"],
    ["graph", "minors", "survey"],
]
"""Titles of technical memoranda without their rare words: S. Deerwester et al., "Indexing by Latent Semantic Analysis",
Journal of the American Society for Information Science 41(6), 1990, table 2."""

_OURS = ("wordsim353.tsv", "questions-words.txt")
"""The files of firth's own that gensim's documentation names as well."""


def datapath(fname: str) -> str:
    """The path of a file of gensim's test data: firth's own for what it ships, else that of an installed gensim.

    Raises ArgumentError where neither has it.
    """
    if fname in _OURS:
        return str(Path(firth.errors.__file__).parent / "data" / fname)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        path = importlib.metadata.distribution("gensim").locate_file(f"gensim/test/test_data/{fname}")
        if os.path.exists(str(path)):
            return str(path)
    raise ArgumentError(
        f"{fname!r:.100} is a file of gensim's, which firth does not ship: it ships {' and '.join(_OURS)}, and finds "
        "the others where gensim is installed beside it; give the path of a file of your own"
    )


def get_tmpfile(suffix: str) -> str:
    """The path of a file of that name, which does not exist yet, in a new temporary folder."""
    return os.path.join(tempfile.mkdtemp(prefix="gensim-"), suffix)


@contextlib.contextmanager
def temporary_file(name: str = "") -> Iterator[str]:
    """The path of a file of that name in a temporary folder, which is removed at the end of the `with`."""
    with tempfile.TemporaryDirectory(prefix="gensim-") as folder:
        yield os.path.join(folder, name)
