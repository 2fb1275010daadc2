"""Compiled code on disk: loaded when it is right, made anew when it is damaged, and what is said where it cannot be."""

import json
import os
import pickle
import subprocess
import sys

import numba
import pytest

SETUP = """
import json, resource, warnings
from firth.native import jit
from firth.native.compiling import announcing
lines, caught = [], []
"""

USE = """
from firth.native import rng
with warnings.catch_warnings(record=True) as caught, announcing(lines.append):
    warnings.simplefilter("always")
    key = rng.stream_key(1, 2, 3)
    rng.alias_table(__import__("numpy").ones(2) / 2)
print(json.dumps({"key": int(key), "lines": lines, "warnings": [str(each.message) for each in caught]}))
"""


def python(code, folder, **variables):
    settings = {"NUMBA_CACHE_DIR": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | settings, capture_output=True, text=True, check=False
    )


def use(folder, before=""):
    """What a process says that calls two compiled functions: a key, announcements and warnings."""
    run = python(SETUP + before + USE, folder)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder and the announcements of a first process."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, use(folder)


def files(folder, kind):
    return [path for path in folder.rglob(f"*{kind}") if path.name.startswith("rng.stream_key")]


def test_the_first_process_compiles_and_says_so_once(first):
    _, said = first
    assert said["warnings"] == []
    assert len(said["lines"]) == 2
    assert said["lines"][0].startswith("compiling for this processor, once")
    assert said["lines"][1].startswith("compiled in ")


def test_the_next_process_loads_and_says_nothing(first):
    folder, said = first
    assert use(folder) == {"key": said["key"], "lines": [], "warnings": []}


def flip(content):
    """The same with one bit in the middle changed."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


FOREIGN = pickle.dumps(numba.__version__) + b"cfirth.native.rng\nNoSuchClass\n."

DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) * 2 // 3],
    "garbage": lambda content: b"\xff\x00garbage" * 50,
    "zeros": lambda content: bytes(len(content)),
    "flipped": flip,
    "foreign": lambda content: FOREIGN,
}


QUICK = ["cut", "flipped"]
SLOW = [name for name in (*DAMAGE, "folder", "gone") if name not in QUICK]
EVERY_DAMAGE = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


@pytest.mark.parametrize("damage", EVERY_DAMAGE)
@pytest.mark.parametrize("kind", [pytest.param(".nbi", marks=pytest.mark.slow), ".nbc"])
def test_a_damaged_file_is_made_anew(first, kind, damage):
    folder, said = first
    (path,) = files(folder, kind)
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(DAMAGE[damage](content))
    again = use(folder)
    assert again["key"] == said["key"]
    assert again["warnings"] == []
    if (kind, damage) != (".nbi", "flipped"):  # a bit that may not matter
        assert len(again["lines"]) == 2
    assert use(folder) == {"key": said["key"], "lines": [], "warnings": []}


def test_without_a_folder_one_warning_names_the_variable(first):
    folder, said = first
    found = use(folder, "jit._Places._locator_classes = ()\n")
    assert found["key"] == said["key"]
    assert len(found["lines"]) == 2
    (warning,) = found["warnings"]
    assert "cannot be kept" in warning
    assert "NUMBA_CACHE_DIR" in warning


def test_a_full_disk_is_one_warning(tmp_path, first):
    found = use(tmp_path, "resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))\n")
    assert found["key"] == first[1]["key"]
    (warning,) = found["warnings"]
    assert str(tmp_path) in warning
    assert "File too large" in warning
    assert "NUMBA_CACHE_DIR" in warning
    assert len(use(tmp_path)["lines"]) == 2
    assert use(tmp_path)["lines"] == []


def test_a_folder_that_was_filled_before_is_read_where_none_can_be_written_to(first):
    folder, said = first
    found = use(folder, "jit._Places._locator_classes = (jit._ReadOnlyFolder,)\n")
    assert found == {"key": said["key"], "lines": [], "warnings": []}


def test_a_folder_that_is_not_there_is_none(tmp_path):
    alone = "jit.InTreeCacheLocator.get_cache_path = lambda self: '/nowhere'\n"
    found = use(tmp_path / "none", alone + "jit._Places._locator_classes = (jit._ReadOnlyFolder,)\n")
    assert len(found["warnings"]) == 1


def test_all_files_are_known(first):
    folder, _ = first
    code = "from firth.native import rng, jit\nprint(len(jit.kept_files()), {p.suffix for p in jit.kept_files()})"
    assert python(code, folder).stdout.split(" ", 1)[0] == str(len([p for p in folder.rglob("*") if p.is_file()]))


def test_jit_that_is_disabled_is_refused_in_one_sentence(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a b c a b c")
    for arguments in (["train", str(text), "-o", str(tmp_path / "v.safetensors")], ["compile"], ["check"]):
        run = python(
            f"import sys\nfrom firth.app.cli import main\nsys.exit(main({arguments!r}))",
            tmp_path,
            NUMBA_DISABLE_JIT="1",
        )
        assert run.returncode == 1
        assert run.stdout == ""
        assert "firth: error: NUMBA_DISABLE_JIT is set" in run.stderr.splitlines()[-1]
        assert "Traceback" not in run.stderr
    assert python("import firth", tmp_path, NUMBA_DISABLE_JIT="1").returncode == 0


@pytest.mark.parametrize("quiet", [False, True])
def test_a_display_says_that_code_is_compiled_unless_quiet(tmp_path, quiet):
    code = f"from firth.display import Display\nwith Display({quiet}):\n    from firth.native import rng\n"
    run = python(code + "    rng.stream_key(1, 2, 3)", tmp_path)
    assert run.returncode == 0
    lines = run.stderr.splitlines()
    assert len(lines) == (0 if quiet else 2)
    assert quiet or lines[0].startswith("compiling for this processor, once")


def test_other_compiled_functions_are_none_of_firths(tmp_path):
    code = "import numba\nwith announcing(lines.append):\n    numba.njit(lambda x: x + 1)(1)\nprint(lines)"
    run = python(SETUP + code, tmp_path)
    assert run.stdout == "[]\n"


@pytest.mark.slow
def test_a_run_tells_the_time_before_its_first_epoch_ends(tmp_path):
    code = "import firth\nfirth.train([['a', 'b', 'c']] * 200, min_count=1, subsample=0, dim=16, threads=1, epochs=2)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    kinds = [line.split()[0] for line in done.stderr.splitlines()]
    assert kinds == ["compiling", "read", "compiled", "epoch", "epoch"], done.stderr


def test_an_interrupt_while_compiled_code_is_handed_over_is_an_interrupt(monkeypatch):
    def interrupted(self, sig, data):
        raise RuntimeError("no compiled object yet")

    from firth.native import jit

    monkeypatch.setattr(jit.FunctionCache, "save_overload", interrupted)
    with pytest.raises(KeyboardInterrupt):
        jit._Cache.save_overload(object.__new__(jit._Cache), None, None)


@pytest.mark.parametrize(("error", "raised"), [(MemoryError(), MemoryError), (OSError(12, "no memory"), MemoryError)])
def test_too_little_memory_leaves_the_files(monkeypatch, error, raised):
    def fail(self, sig, context):
        raise error

    from firth.native import jit

    removed = []
    monkeypatch.setattr(jit.FunctionCache, "load_overload", fail)
    monkeypatch.setattr(jit._Cache, "files", lambda self: removed)
    with pytest.raises(raised):
        jit._Cache.load_overload(object.__new__(jit._Cache), None, None)


def test_an_index_that_cannot_be_mended_is_one_warning(monkeypatch):
    def torn(self, sig, data):
        raise EOFError("Ran out of input")

    from firth.native import jit

    monkeypatch.setattr(jit, "_warned", False)
    monkeypatch.setattr(jit.FunctionCache, "save_overload", torn)
    cache = object.__new__(jit._Cache)
    monkeypatch.setattr(jit._Cache, "cache_path", "/cache/folder", raising=False)
    with pytest.warns(UserWarning, match=r"cannot be kept in /cache: its index is damaged \(Ran out of input\)"):
        cache.save_overload(None, None)
