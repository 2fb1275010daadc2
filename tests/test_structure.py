"""The house: folders are stages and imports point one way, importing is light, and no file knows pickle."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import firth

SOURCE = Path(__file__).parents[1] / "src" / "firth"

STAGES = [
    *(
        "errors",
        "declaring",
        "names",
        "signals",
        "tokenizing",
        "memory",
        "settings",
        "reference",
        "native",
        "files",
        "corpus",
        "vectors",
        "training",
        "display",
        "formats",
    ),
    *("sgd", "exact", "phrases", "evaluate", "run", "check", "gensim", "sklearn", "app", "__init__", "__main__"),
]
"""Folders and single files of the package: each imports its own modules and those of stages before it, no others."""

FACADES = {"gensim", "sklearn", "__init__", "__main__"}
"""Nothing imports these; `app` alone asks `firth` itself for its public names."""

HEAVY = ["numba", "llvmlite", "scipy", "torch", "matplotlib", "ray", "pandas", "usearch", "huggingface_hub", "sklearn"]

LOADING = {"sklearn", "__main__"}
"""What cannot be light: classes of scikit-learn's, and the program."""


def module_of(path):
    """The dotted name of a file, without `firth`."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def modules():
    return {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


def stage_of(module):
    return module.partition(".")[0]


def imported(tree, known):
    """(module, line, whether at the top) of every import of firth in a syntax tree; "" stands for firth itself."""
    top = set(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import: write the whole name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "firth":
                while rest and rest not in known:
                    rest = rest.rpartition(".")[0]
                yield rest, node.lineno, node in top


def wrong_imports(module, source, known):
    """The imports in the text of a module that go against the order of the house, "from -> to, line n"."""
    stage, wrong = stage_of(module), []
    for other, line, _ in imported(ast.parse(source), known):
        target = stage_of(other) or "__init__"
        allowed = target == stage or (STAGES.index(target) < STAGES.index(stage) and target not in FACADES)
        if not (allowed or (target == "__init__" and stage in ("app", "__main__"))):
            wrong.append(f"{module} -> {other or 'firth'}, line {line}")
    return wrong


def circle(imports):
    """The modules of a circle of imports, from a dict of the modules that each imports; empty if there is none."""
    done, under_way = set(), []

    def visit(module):
        if module in under_way:
            return under_way[under_way.index(module) :]
        if module in done:
            return []
        under_way.append(module)
        for other in imports.get(module, ()):
            if found := visit(other):
                return found
        done.add(under_way.pop())
        return []

    return next((found for module in imports if (found := visit(module))), [])


def numba_at_top(source):
    """Whether a module imports numba or llvmlite when it is imported."""
    for node in ast.parse(source).body:
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(name.partition(".")[0] in ("numba", "llvmlite") for name in names):
            return True
    return False


def is_compiled(module):
    """Whether a module may import numba at its top: those of `native`, and those whose names begin with `_`."""
    leaf = module.rpartition(".")[2]
    return stage_of(module) == "native" or (leaf.startswith("_") and not leaf.startswith("__"))


def test_every_stage_has_its_place():
    stages = {stage_of(module) or "__init__" for module in modules()}
    assert {"errors", "settings", "reference", "sgd", "exact", "app"} <= stages
    assert stages <= set(STAGES), f"give {stages - set(STAGES)} a place in STAGES"


@pytest.mark.parametrize(("module", "path"), modules().items(), ids=lambda value: str(value) or "firth")
def test_imports_point_to_earlier_stages_only(module, path):
    assert wrong_imports(module or "__init__", path.read_text("utf-8"), modules()) == []


def test_there_is_no_circle():
    known = modules()
    imports = {
        module: {other for other, _, _ in imported(ast.parse(path.read_text("utf-8")), known) if other}
        for module, path in known.items()
    }
    assert circle(imports) == []


@pytest.mark.parametrize(("module", "path"), modules().items(), ids=lambda value: str(value) or "firth")
def test_only_compiled_modules_import_numba_at_their_top(module, path):
    assert is_compiled(module) or not numba_at_top(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("reference", "from firth.errors import FirthError", 0),
        ("reference", "from firth.sgd import _span", 1),
        ("reference", "import firth.app.cli", 1),
        ("corpus.sources", "from firth import train", 1),
        ("corpus.sources", "def f():\n    from firth.vectors.container import WordVectors", 1),
        ("corpus.sources", "from firth.corpus.vocabulary import Vocabulary", 0),
        ("app.cli", "from firth import train", 0),
        ("app.cli", "from firth.gensim import Word2Vec", 1),
        ("errors", "import numpy", 0),
    ],
)
def test_the_check_of_imports_notices(module, source, wrong):
    known = {*modules(), "gensim"}
    assert len(wrong_imports(module, source, known)) == wrong


def test_the_check_of_circles_notices():
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"b"}})) == {"b", "c"}


def test_the_check_of_compilers_notices():
    assert numba_at_top("from numba import njit")
    assert not numba_at_top("def f():\n    from numba import njit")
    assert is_compiled("sgd._span")
    assert not is_compiled("sgd.trainer")
    assert not is_compiled("sgd.__init__")


def test_the_compiled_code_and_the_reference_do_not_know_each_other():
    known = modules()
    for module, path in known.items():
        others = {other for other, _, _ in imported(ast.parse(path.read_text("utf-8")), known)}
        if is_compiled(module):
            assert "reference" not in others, module
        if module == "reference":
            assert not any(map(is_compiled, others))


def heavy_after(statement):
    """The heavy packages that a fresh interpreter has loaded after `statement`."""
    loaded = f"[name for name in {HEAVY!r} if name in sys.modules]"
    code = f"import json, sys\n{statement}\nprint(json.dumps({loaded}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_import_firth_is_light():
    assert heavy_after("import firth") == []


def test_no_module_but_the_compiled_ones_loads_numba_when_imported():
    light = [module for module in modules() if module and not is_compiled(module) and stage_of(module) not in LOADING]
    assert heavy_after("\n".join(f"import firth.{module}" for module in light)) == []


def test_the_check_of_weight_notices():
    assert "numba" in heavy_after("import firth.native.simd")


def test_queries_do_without_the_reading_of_texts():
    code = "import firth, firth.app.opening; from firth import load; import firth.display, firth.formats.request, sys"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}; print('firth.vectors.container' in sys.modules, 'firth.corpus.reader' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False"]


def knows_pickle(source):
    """Whether a module imports pickle or what stands on it, or lets NumPy use it."""
    for node in ast.walk(ast.parse(source)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(name.partition(".")[0] in ("pickle", "_pickle", "marshal", "shelve", "dill") for name in names):
            return True
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True):
            return True
    return False


def test_no_module_knows_pickle():
    for module, path in modules().items():
        assert not knows_pickle(path.read_text(encoding="utf-8")), module


def test_the_check_of_pickle_notices():
    assert knows_pickle("def f():\n    import pickle")
    assert knows_pickle("from pickle import loads")
    assert knows_pickle("np.load(path, allow_pickle=True)")
    assert not knows_pickle("np.load(path, allow_pickle=False)")


def test_submodules_are_found_by_their_names():
    code = "import firth; firth.errors.FormatError; firth.evaluate.evaluate; firth.settings.GROUPS"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'firth' has no attribute 'nonsense'"):
        firth.nonsense  # noqa: B018
