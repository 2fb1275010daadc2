"""The decorators of compiled functions, and the folder on disk that keeps what was compiled.

numba keeps compiled code until the file of that one function changes, but a kernel here is made of functions of
several files; so the stamp of its cache is made from all of them. numba itself tells processors, its own versions and
Python's apart.
"""

import errno
import hashlib
import os
import time
import warnings
from contextlib import suppress
from glob import escape
from pathlib import Path

from numba import config, njit
from numba.core import event
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    InTreeCacheLocator,
    NullCache,
    UserProvidedCacheLocator,
)
from numba.extending import overload

from firth.errors import ConfigError
from firth.native.compiling import compilation_begins, compilation_ended
from firth.native.threads import call_aside

if config.DISABLE_JIT:
    raise ConfigError("NUMBA_DISABLE_JIT is set, and firth's kernels run only when compiled: unset it")

_PACKAGE = Path(__file__).parents[1]
_SOURCES = sorted([*_PACKAGE.glob("native/*.py"), *_PACKAGE.glob("*/_[!_]*.py")])
STAMP = hashlib.sha256(b"\0".join(path.read_bytes() for path in _SOURCES)).hexdigest()

_DIGEST = hashlib.sha256().digest_size

_caches = []  # of all compiled functions

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
        dispatcher._cache = _Cache(function)
    except RuntimeError:  # there is no folder
        dispatcher._cache = _NoCache()
    else:
        _caches.append(dispatcher._cache)
    compile_for = dispatcher._compile_for_args
    dispatcher._compile_for_args = lambda *args: call_aside(lambda: compile_for(*args))  # LLVM does not hear Ctrl-C
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


def kept_files() -> list[Path]:
    """The files that hold the compiled code of the modules loaded so far."""
    return sorted(path for cache in _caches for path in cache.files())


class _ReadOnlyFolder(InTreeCacheLocator):
    """A folder that was filled before, as in a container image, and cannot be written to now."""

    @classmethod
    def from_function(cls, py_func, py_file):
        kinds = [UserProvidedCacheLocator] if config.CACHE_DIR else []
        locators = (kind(py_func, py_file) for kind in [*kinds, InTreeCacheLocator])
        return next((locator for locator in locators if os.path.isdir(locator.get_cache_path())), None)


class _Places(CompileResultCacheImpl):
    _locator_classes = (*CompileResultCacheImpl._locator_classes, _ReadOnlyFolder)


class _Files(IndexDataCacheFile):
    """numba's files with a digest at the end: code with one wrong byte would end the process without a word."""

    def _dump(self, obj):
        data = super()._dump(obj)
        return data + hashlib.sha256(data).digest()

    def _load_data(self, name):
        path = Path(self._data_path(name))
        data = b"" if path.is_dir() else path.read_bytes()
        if hashlib.sha256(data[:-_DIGEST]).digest() != data[-_DIGEST:]:
            raise ValueError(f"{path} is damaged")
        return super()._load_data(name)


class _Cache(FunctionCache):
    """numba's cache of a function; damaged files are made anew, and a full disk does not end a run."""

    _impl_class = _Places

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, STAMP)

    def files(self):
        return list(Path(self.cache_path).glob(escape(self._impl.filename_base) + ".*"))

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except MemoryError:
            raise
        except Exception as error:  # cut, empty, garbage, gone, a folder, or naming what this version does not have
            if getattr(error, "errno", None) == errno.ENOMEM:
                raise MemoryError from None
            if isinstance(error, OSError) and not isinstance(error, IsADirectoryError | FileNotFoundError):
                return None  # the files may be right, and the next process can read them
            for path in self.files():
                with suppress(OSError):
                    path.rmdir() if path.is_dir() else path.unlink()
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except RuntimeError:  # Ctrl-C came while LLVM handed over what it compiled, and ctypes dropped it
            raise KeyboardInterrupt from None
        except MemoryError:
            raise
        except Exception as error:  # an OSError, or that of an index which is damaged and cannot be removed
            reason = getattr(error, "strerror", None) or f"its index is damaged ({error!s:.100})"
            _warn(f"compiled code cannot be kept in {os.path.dirname(self.cache_path)}: {reason}")


class _NoCache(NullCache):
    def load_overload(self, sig, target_context):
        _warn("compiled code cannot be kept: neither firth's own folder nor your home folder can be written to")


_warned = False


def _warn(problem):
    global _warned
    if not _warned:
        _warned = True
        advice = "set NUMBA_CACHE_DIR to a folder that can be written to and has space"
        warnings.warn(f"{problem}. Every process compiles it again, which takes seconds: {advice}", stacklevel=2)


class _Compilations(event.Listener):
    """Reports when functions of firth are compiled, those that they are made of included."""

    def __init__(self):
        self._depth, self._begun = 0, None

    def on_start(self, event):
        self._depth += 1
        if self._depth == 1:
            function = event.data["dispatcher"].py_func
            self._begun = time.perf_counter() if getattr(function, "__module__", "").startswith("firth.") else None
            if self._begun:
                compilation_begins()

    def on_end(self, event):
        self._depth -= 1
        if self._depth == 0 and self._begun:
            compilation_ended(time.perf_counter() - self._begun)


event.register("numba:compile", _Compilations())
