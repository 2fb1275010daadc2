"""firth's own files of vectors, as a format among others."""

from pathlib import Path

from firth.files.tensors import read_tensors
from firth.formats.request import Request, selected
from firth.vectors.container import WordVectors, from_file


def read(path: Path, request: Request) -> WordVectors:
    """The vectors in a .safetensors file that firth wrote, memory-mapped. Raises FormatError."""
    return selected(from_file(read_tensors(path)), request)


def write(vectors: WordVectors, path: Path) -> None:
    """Write everything that the vectors have. Raises FormatError."""
    vectors.save(path)
