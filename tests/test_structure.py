"""The house: imports point one way, importing is light, and no file knows pickle."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "firth"

HOUSE = [
    *("errors", "compiled", "emit", "simd", "text", "scan", "bigrams", "vocab", "phrases", "corpus", "config"),
    *("reference", "rng", "kernels", "huffman", "subwords", "objective", "vectors", "fasttext", "formats", "vocabfile"),
    "phrasebook",
    *("trainer", "counts", "cooccurrence", "spectral", "gauge", "plan", "exact"),
    *("check", "check_kernels", "progress", "checkpoint", "run", "evaluate", "judge", "demo", "plot"),
    *("__init__", "cli", "__main__"),
]
"""A module imports only modules before its own; those of kernels also one another."""

METHODS = {("vectors", "formats")}
"""Imports against that order, allowed inside a function: `WordVectors.save` writes with `formats`."""

COMPILED = {"compiled", "scan", "bigrams", "emit", "simd", "rng", "kernels"}
"""The only ones that may import numba at the top; others import these inside the functions that need them."""

HEAVY = ["numba", "llvmlite", "scipy", "torch", "matplotlib", "ray", "pandas"]


def stage_of(path):
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def stages_imported(tree):
    """(stage, line) of every import of firth in a syntax tree."""
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
            stage = rest.partition(".")[0]
            if package == "firth":
                yield (stage if stage in HOUSE else "__init__"), node.lineno


def upward_imports(stage, source):
    """The imports in the text of a module that go against the order of the house, "from -> to, line n"."""
    tree = ast.parse(source)
    at_top = {node.lineno for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
    wrong = []
    for other, line in stages_imported(tree):
        inside = stage == other == "kernels"
        method = (stage, other) in METHODS and line not in at_top
        if not (HOUSE.index(other) < HOUSE.index(stage) or inside or method):
            wrong.append(f"{stage} -> {other}, line {line}")
    return wrong


def modules():
    return sorted(SOURCE.rglob("*.py"))


def test_there_are_modules_and_each_has_its_place_in_the_house():
    stages = {stage_of(path) for path in modules()}
    assert {"errors", "config", "reference", "vectors"} <= stages
    assert stages <= set(HOUSE), f"give {stages - set(HOUSE)} a place in HOUSE"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_to_earlier_modules_only(path):
    assert upward_imports(stage_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("stage", "source", "wrong"),
    [
        ("reference", "from firth.errors import FirthError", 0),
        ("reference", "from firth.kernels import skipgram", 1),
        ("reference", "import firth.cli", 1),
        ("reference", "from firth import trainer", 1),
        ("text", "from firth import train", 1),
        ("text", "def f():\n    from firth.vocab import Vocabulary", 1),
        ("kernels", "from firth.kernels import block", 0),
        ("vectors", "class A:\n    def save(self):\n        from firth.formats import save", 0),
        ("vectors", "from firth.formats import save", 1),
        ("cli", "from firth import train", 0),
        ("errors", "import numpy", 0),
    ],
)
def test_the_check_of_imports_notices(stage, source, wrong):
    assert len(upward_imports(stage, source)) == wrong


def test_the_kernels_and_the_reference_do_not_know_each_other():
    for path in modules():
        imported = {stage for stage, _ in stages_imported(ast.parse(path.read_text(encoding="utf-8")))}
        if stage_of(path) in COMPILED:
            assert "reference" not in imported, path
        if stage_of(path) == "reference":
            assert not imported & COMPILED


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
    light = {stage_of(path) for path in modules()} - COMPILED - {"__init__", "__main__"}
    assert heavy_after("\n".join(f"import firth.{stage}" for stage in sorted(light))) == []


def test_the_check_of_weight_notices():
    assert "numba" in heavy_after("import firth.simd")


def test_no_module_knows_pickle():
    for path in modules():
        assert "pickle" not in path.read_text(encoding="utf-8").lower(), path
