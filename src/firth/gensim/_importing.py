"""How this package is imported: names at their first use, under the name `gensim`, and an error for what it has not.

After `sys.modules["gensim"] = firth.gensim`, `import gensim.models.word2vec` gives the same module objects as
`import firth.gensim.models.word2vec`, so that no class exists twice.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import FrameType, ModuleType
from typing import Any

from firth.gensim._errors import AbsentError, AbsentNameError

PACKAGE = "firth.gensim"


def first_use(
    module: str, names: Mapping[str, str] = {}, modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package whose names are imported when they are first asked for.

    module: its name. names: of each class or function the module below it that has it. modules: below it.
    """

    def get(name: str) -> Any:
        if name in names:
            value = getattr(importlib.import_module(f"{module}.{names[name]}"), name)
            setattr(sys.modules[module], name, value)
            return value
        if name in modules:
            return importlib.import_module(f"{module}.{name}")
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise AbsentNameError(absent(f"{module}.{name}"))

    def known() -> list[str]:
        return sorted({*vars(sys.modules[module]), *names, *modules})

    return get, known


def absent(name: str) -> str:
    """What to say of a name of this package that is not there."""
    return (
        f"{name:.200} does not exist: of gensim's names firth has those that learn and query vectors of words, "
        f"documents and phrases (see docs/from-gensim.md). If gensim{name.removeprefix(PACKAGE):.200} is one of "
        'gensim\'s, install gensim and run that part of the program without sys.modules["gensim"] = firth.gensim'
    )


class _Same(importlib.abc.Loader):
    """Gives `gensim.x` the module that `firth.gensim.x` is."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = importlib.import_module(f"firth.{module.__name__}")


class _Alias(importlib.abc.MetaPathFinder):
    """Finds the modules of `gensim` while that is this package."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.startswith("gensim.") and sys.modules.get("gensim") is sys.modules.get(PACKAGE):
            if importlib.machinery.PathFinder.find_spec(f"firth.{name}", path) is not None:
                return importlib.machinery.ModuleSpec(name, _Same())
            _refuse(f"firth.{name}")
        return None


class _Absent(importlib.abc.MetaPathFinder):
    """Refuses the modules of this package that no other finder has found, and so the names that are not there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.startswith(f"{PACKAGE}."):
            _refuse(name)
        return None


def _refuse(name: str) -> None:
    """Raise AbsentError for a module that is to be imported, and not for one that `importlib.util.find_spec` seeks."""
    if name.rpartition(".")[2].startswith("__") or _is_sought():
        return
    raise AbsentError(absent(name))  # its `name` is None, or `from package import name` would swallow it


def _is_sought() -> bool:
    """Whether `importlib.util.find_spec` asks, to which None means that there is no such module."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in (__name__, importlib._bootstrap.__name__):
        frame = frame.f_back
    return frame is not None and frame.f_code is importlib.util.find_spec.__code__


def install() -> None:
    """Add the two finders, the first and the last of all, if they are not there."""
    if not any(isinstance(finder, _Alias) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Alias())
        sys.meta_path.append(_Absent())
