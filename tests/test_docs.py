"""The documentation: its links lead where they say, its rows of `firth check` exist, its code runs."""

import inspect
import re
import runpy
from pathlib import Path

import pytest

import firth
from firth.check import formulas as check
from firth.settings import PRESETS

ROOT = Path(__file__).parents[1]
DERIVATION = ROOT / "docs" / "derivation.md"
PAGES = sorted(page for folder in (".", "docs", "examples", "benchmarks") for page in (ROOT / folder).glob("*.md"))
RUN = [
    DERIVATION,
    ROOT / "docs" / "assignment.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("queries", "corpora", "documents", "formats")),
]

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ROWS = re.compile(r"`firth check`, rows? ((?:`[^`]+`(?:,\s>?\s?)?)+)")


def name_of(page):
    return str(page.relative_to(ROOT))


def slug(heading):
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def wrong_links(text, page):
    """What is wrong with the links of a page to files, headings and lines: a sentence for each."""
    wrong = []
    for label, target in LINK.findall(FENCE.sub("", text)):
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            wrong.append(f"{target}: no such file")
        elif re.fullmatch(r"L\d+", anchor):
            function = re.search(r"(\w+)(\(.*\))?`$", label)[1]
            start = f"def {function}("
            lines = [i for i, line in enumerate(file.read_text("utf-8").splitlines(), 1) if line.startswith(start)]
            if f"L{lines[0] if lines else None}" != anchor:
                wrong.append(f"{target}: {function} is on line {lines}")
        elif anchor:
            source = text if file == page else file.read_text("utf-8")
            if anchor not in {slug(heading) for heading in re.findall(r"^#+ (.*)$", source, re.MULTILINE)}:
                wrong.append(f"{target}: no such heading")
    return wrong


def rows_named(text):
    return [row for found in ROWS.findall(text) for row in re.findall(r"`([^`]+)`", found)]


def wrong_math(text):
    """Formulas in a form that GitHub's Markdown may spoil, or that cannot be parsed: a sentence for each."""
    wrong = []
    formulas = [body for kind, body in FENCE.findall(text) if kind == "math"]
    for line in FENCE.sub("", text).splitlines():
        inline = re.findall(r"\$`([^`]*)`\$", line)
        formulas += inline
        if "$" in re.sub(r"\$`[^`]*`\$|`[^`]*`", "", line):
            wrong.append(f"not a whole $`...`$ in one line: {line}")
        if line.startswith("|") and any("|" in formula for formula in inline):
            wrong.append(f"a bar in a table's formula parts the cell: {line}")
    for formula in formulas:
        bare = re.sub(r"\\[{}]", "", formula)
        if bare.count("{") != bare.count("}") or formula.count("\\left") != formula.count("\\right"):
            wrong.append(f"braces do not match: {formula}")
        if sorted(re.findall(r"\\begin({\w+})", formula)) != sorted(re.findall(r"\\end({\w+})", formula)):
            wrong.append(f"begin and end do not match: {formula}")
        if "\\operatorname" in formula or "<" in formula or ">" in formula:
            wrong.append(f"GitHub does not render this: {formula}")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_headings_and_functions(page):
    assert wrong_links(page.read_text("utf-8"), page) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a](how-it-works.md), [b](#the-one)\n# The *one*", 0),
        ("[a](how-it-works.txt)", 1),
        ("[a](#another)\n# The one", 1),
        ("[`sigmoid`](../src/firth/reference.py#L1)", 1),
        ("[`no_such_function`](../src/firth/reference.py#L1)", 1),
    ],
)
def test_the_check_of_links_notices(text, wrong):
    assert len(wrong_links(text, DERIVATION)) == wrong


def test_the_derivation_names_every_formula_of_firth_check_and_no_other():
    assert set(rows_named(DERIVATION.read_text("utf-8"))) == set(check.FORMULAS)


def test_the_derivation_links_the_function_of_every_section():
    text = DERIVATION.read_text("utf-8")
    assert text.count("`firth check`, row") == len(re.findall(r"^> Proof: ", text, re.MULTILINE))
    assert text.count("> Proof: ") > 8
    for proof in re.finditer(r"^> Proof: ", text, re.MULTILINE):
        assert "reference.py#L" in text[: proof.start()].splitlines()[-1]


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_formulas_are_written_as_the_site_renders_them(page):
    assert wrong_math(page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    ["$x_1$", "$$x$$", "$`a", "$`\\frac{1}{2`$", "| $`|x|`$ |", "$`a < b`$", "```math\n\\begin{aligned} x\n```"],
)
def test_the_check_of_formulas_notices(text):
    assert len(wrong_math(text)) == 1


def test_the_page_of_settings_is_what_the_declarations_say():
    script = runpy.run_path(str(ROOT / "docs" / "settings.py"))
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert text == script["page"](), "docs/settings.md is old: write it again with python docs/settings.py"
    tables, _, presets = text.partition("\n## Presets\n")
    assert [name for name in PRESETS if f"| `{name}` |" in presets] == list(PRESETS)
    rows = [line.split(" | ") for line in tables.splitlines() if line.startswith("| `")]
    assert {row[0].strip("|` ") for row in rows} == set(inspect.signature(firth.train).parameters) - {"source"}
    assert all(len(row) == 5 for row in rows)


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_code_of_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [code for language, code in FENCE.findall(page.read_text("utf-8")) if language == "python"]
    assert blocks
    names = {}
    for code in blocks:
        exec(compile(code, str(page), "exec"), names)
