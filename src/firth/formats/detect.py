"""Which format a file has: by its content first, then by its name."""

from pathlib import Path

from firth.errors import FormatError
from firth.files.compressed import ENDINGS
from firth.formats import fasttext
from firth.formats.known import FORMATS, Format


def format_of(path: Path) -> Format:
    """The format of a file to read. Raises FormatError where neither content nor name tells."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(fasttext.MAGIC)) == fasttext.MAGIC:
                    return FORMATS["fasttext"]
    except OSError:  # its reader says what is wrong
        pass
    return format_named(path)


def format_named(path: Path) -> Format:
    """The format that the ending of a name means. Raises FormatError where it means none."""
    packed = path.suffix in ENDINGS
    suffix = Path(path.stem).suffix if packed else path.suffix
    for known in FORMATS.values():
        if suffix in known.suffixes and (known.compressed or not packed):
            return known
    suffixes = dict.fromkeys(suffix for known in FORMATS.values() for suffix in known.suffixes)
    raise FormatError(f"{path}: the extension names no format: expected {', '.join(suffixes)}")
