"""Write docs/settings.md, the tables of settings, from their declarations: python docs/settings.py."""

from pathlib import Path

from firth.declaring import Declared, grouped
from firth.settings import GROUPS, PRESETS, TrainOptions

PAGE = Path(__file__).with_suffix(".md")

BEGINNING = """# Settings

These are the keywords of `firth.train` and the options of `firth train`. An option is the keyword with two hyphens in
front, and hyphens in place of underscores: `min_count=5` is `--min-count 5`. A keyword that is on or off is `True` or
`False` in Python; the option is given alone. A setting that a loss or an architecture does not have is refused.

This page is made by `python docs/settings.py` from the declarations in
[`firth/settings.py`](../src/firth/settings.py): change it there.
"""

PRESETS_BEGINNING = """## Presets

`--preset NAME`, in Python `preset="NAME"`, begins from the settings of a row; a setting that is given itself comes
first, and one that the loss or the architecture does not have is left out.
[The benchmarks](../benchmarks/README.md#presets) have what each gains over the defaults.

| preset | settings |
|---|---|
"""


def page() -> str:
    """The page as it must be."""
    parts = [BEGINNING]
    for group, ones in grouped(TrainOptions, GROUPS).items():
        parts.append(
            f"## {group.capitalize()}\n\n| setting | what it does | values | default | used |\n|---|---|---|---|---|\n"
        )
        parts.append("".join(f"| {' | '.join(row(one))} |\n" for one in ones))
    parts.append(presets())
    return "\n".join(parts).replace("|\n\n|", "|\n|")


def presets() -> str:
    """The settings of each preset."""
    rows = [
        f"| `{name}` | {', '.join(f'`{one}={value}`' for one, value in PRESETS[name].items())} |\n" for name in PRESETS
    ]
    return PRESETS_BEGINNING + "".join(rows)


def row(one: Declared) -> list[str]:
    """The cells of one setting."""
    used = one.applies_told(ticked) or ("always" if one.setting.option else "in Python")
    return [ticked(one.name), one.help_told(ticked), values(one), one.default_told(ticked), used]


def values(one: Declared) -> str:
    """The values that a setting may have."""
    if one.choices:
        return ", ".join(map(ticked, one.choices))
    if one.type is bool:
        return "on, off"
    if one.type is int and one.setting.high >= 2**31 - 1:
        return f"{one.setting.low} or more"
    return one.range() or one.setting.metavar or "a number"


def ticked(name: str) -> str:
    """A name as code."""
    return f"`{name}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
