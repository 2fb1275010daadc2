"""The decorators of compiled functions: numba's `njit` with a cache on disk that notices every change.

numba keeps compiled code until the file of that one function changes, but a kernel here is made of functions of
several files; so the stamp of its cache is made from all of them.
"""

import hashlib
from pathlib import Path

from numba import njit
from numba.extending import overload

_PACKAGE = Path(__file__).parents[1]
_SOURCES = sorted([*_PACKAGE.glob("native/*.py"), *_PACKAGE.glob("*/_[!_]*.py")])
STAMP = hashlib.sha256(b"\0".join(path.read_bytes() for path in _SOURCES)).hexdigest()

_INLINED = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
}
"""LLVM puts the function into its callers; numba's own inlining types it anew at every call, which is far slower."""


def compiled(function):
    """`function` compiled at its first call and kept on disk; it runs without Python's global lock."""
    dispatcher = njit(nogil=True, no_cfunc_wrapper=True, error_model="numpy")(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no folder to keep it in that can be written to: compiled anew in every process
        return dispatcher
    dispatcher._cache._cache_file._source_stamp = STAMP
    return dispatcher


def inlined(function):
    """`function` for compiled functions to call, quick to compile; Python cannot call it."""
    return njit(**_INLINED)(function)


def chosen_by_type(choose):
    """A function for compiled functions to call that is another one for other types of arguments.

    `choose` takes numba's types of the arguments and returns a function of the same arguments.
    """

    def chosen(*arguments):
        raise TypeError(f"{choose.__name__} is for compiled functions only")

    overload(chosen, jit_options=_INLINED)(choose)
    return chosen
