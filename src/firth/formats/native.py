"""firth's own files of vectors, as a format among others."""

from functools import partial
from pathlib import Path

from firth.files.paths import reading
from firth.files.tensors import TensorFile, read_tensors
from firth.formats.detect import is_safetensors
from firth.formats.request import Request, selected
from firth.vectors.container import WordVectors, from_file
from firth.vectors.rows import Progress, no_progress


def read(path: Path, request: Request) -> WordVectors:
    """The vectors in a .safetensors file that firth wrote, memory-mapped; if it is compressed, from a temporary file.

    Raises FormatError.
    """
    with reading(path, "vectors") as file:
        compressed = not is_safetensors(file.read(16))
    return selected(path, from_file(_expanded(path, request) if compressed else read_tensors(path)), request)


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write everything that the vectors have. Raises FormatError."""
    vectors.save(path, progress=progress)


def _expanded(path: Path, request: Request) -> TensorFile:
    from firth.formats.opening import temporary_content

    with temporary_content(path, partial(request.progress, "reading")) as at:
        return read_tensors(path, at)
