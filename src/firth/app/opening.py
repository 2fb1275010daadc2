"""What commands open: files of vectors, with progress on a terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firth.vectors.container import WordVectors


def loaded(path: str, quiet: bool) -> "WordVectors":
    """The vectors in a file of any format; the terminal shows how far reading is, unless `quiet`."""
    from firth import load
    from firth.display import Display

    with Display(quiet) as display:
        return load(path, progress=display.opening)
