"""Temporary folders: each has one owner, and goes with it."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firth.errors import CorpusError
from firth.files.paths import AnyPath


class TemporaryFolder:
    """A new folder inside `parent`, made when its first file is.

    It is removed at the end of a `with`, by `remove`, or when its object is no longer in use, whatever comes first.

    parent: a folder, or None for the system's temporary folder. what: names the content in messages. advice: a sentence
    for the user where the folder cannot be written.
    """

    def __init__(self, parent: AnyPath | None, what: str, advice: str) -> None:
        self._parent, self._what, self._advice = parent, what, advice
        self._path = ""
        self._finalizer: weakref.finalize[Any, TemporaryFolder] | None = None

    def file(self, name: str) -> str:
        """The path of a file in the folder, which is made if there is none yet. Raises CorpusError."""
        if not self._path:
            with self.errors():
                self._own(os.path.abspath(tempfile.mkdtemp(prefix="firth-", dir=self._parent)))
        return os.path.join(self._path, name)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn an OSError in the `with` into a CorpusError that says what could not be written, where and why."""
        try:
            yield
        except OSError as error:
            place = self._path or self._parent or "the system's temporary folder"
            raise CorpusError(
                f"cannot write {self._what} in {os.fspath(place)}: {error.strerror or error}. {self._advice}"
            ) from error

    def map(self, name: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """A file as an array of one dimension.

        The array is writable, as kernels expect, and shared with the file, because a private copy may not exceed the
        memory.
        """
        with self.errors():
            return np.memmap(self.file(name), dtype, "r+").view(np.ndarray)

    def give(self) -> "TemporaryFolder":
        """A new owner of the same folder; this object then has none."""
        owner = TemporaryFolder(self._parent, self._what, self._advice)
        if self._finalizer is not None and self._finalizer.detach():
            owner._own(self._path)
        self._path = ""
        return owner

    def remove(self) -> None:
        """Remove the folder and all that is in it, if there is one."""
        if self._finalizer is not None:
            self._finalizer()
        self._path = ""

    def __enter__(self) -> Self:
        """The folder, to be removed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder."""
        self.remove()

    def _own(self, path: str) -> None:
        self._path = path
        self._finalizer = weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)
