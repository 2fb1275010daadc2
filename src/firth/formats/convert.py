"""Vectors files from one format to another."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath, as_path, check_folder
from firth.formats.detect import format_named
from firth.formats.known import FORMATS, Format
from firth.formats.loading import make_request, read
from firth.formats.request import shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress


def convert(
    src: AnyPath,
    dst: AnyPath,
    to: str | None = None,
    *,
    words: Any = None,
    first: int | None = None,
    errors: str = "mend",
    space: str | None = None,
    progress: Progress = no_progress,
) -> None:
    """Write the vectors of file `src` to file `dst`, in the format that the ending of `dst` means, or that `to` names.

    docs/formats.md lists the formats and what each has a place for; what it has none for is lost, with a warning where
    that is n-grams. words, first, errors: as for `firth.load`. space: what takes the place of white space inside words
    that the format cannot hold; without it such words are refused before anything is written.

    Raises FormatError, and ConfigError for an unknown `to`.
    """
    src, dst = as_path(src), as_path(dst)
    wanted = _format_to_write(dst, to)
    check_folder(dst)
    vectors = read(src, make_request(words, first, errors, progress))
    if vectors.subwords is not None and not wanted.ngrams:
        warnings.warn(
            f"{dst}: {wanted.name} has no place for n-grams: words never seen have no vectors there", stacklevel=2
        )
    wanted.writer()(holdable(vectors, wanted.holds, space, dst), dst)


def _format_to_write(dst: Path, to: str | None) -> Format:
    writable = [name for name, known in FORMATS.items() if known.write]
    if to is not None and to not in writable:
        raise ConfigError(f"to is {to!r}: expected {' or '.join(map(repr, writable))}")
    return format_named(dst) if to is None else FORMATS[to]


def holdable(vectors: WordVectors, holds: Callable[[str], bool], space: str | None, dst: Path) -> WordVectors:
    """The same vectors, with `space` in place of white space in words that a format cannot hold.

    Raises FormatError, which names `dst`, for a word that it cannot hold even then, and where two words become one.
    """
    words, seen = [], set(vectors.words)
    for word in vectors.words:
        if not holds(word):
            new = word if space is None else space.join(word.split())
            if not holds(new) or new in seen:
                again = f", nor as {shown(new)}, which is another word" if new in seen and new != word else ""
                advice = "" if space is not None else "; give --space _ to write _ for white space in words"
                raise FormatError(f"{dst}: the word {shown(word)} cannot be written{again}{advice}")
            seen.add(new)
            word = new
        words.append(word)
    if words == vectors.words:
        return vectors
    more = vectors.outside_words[len(words) :]
    return WordVectors(**(vectors.parts() | {"words": words, "outside_words": [*words, *more]}))
