"""The decorator of compiled functions: numba's `njit` with a cache on disk that notices every change.

numba keeps compiled code until the file of that one function changes, but a kernel here is made of functions of
several files; so the stamp of its cache is made from all of them.
"""

import hashlib
from pathlib import Path

from numba import njit

_PACKAGE = Path(__file__).parents[1]
_SOURCES = sorted([*_PACKAGE.glob("native/*.py"), *_PACKAGE.glob("*/_[!_]*.py")])
STAMP = hashlib.sha256(b"\0".join(path.read_bytes() for path in _SOURCES)).hexdigest()


inlined = njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""A part of compiled functions, for them alone: LLVM inlines it, which takes less time than numba's inline="always"."""


def compiled(function):
    """`function` compiled at its first call and kept on disk; it runs without Python's global lock."""
    dispatcher = njit(nogil=True, no_cfunc_wrapper=True)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no folder to keep it in that can be written to: compiled anew in every process
        return dispatcher
    dispatcher._cache._cache_file._source_stamp = STAMP
    return dispatcher
