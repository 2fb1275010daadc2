"""Options made from the declared settings, and what an unknown option means."""

import argparse
import dataclasses
import os
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from firth.declaring import Declared, declared, grouped
from firth.errors import FormatError, quoted
from firth.names import meaning
from firth.settings import GROUPS

METAVARS = {int: "N", float: "X"}

Commands = Any  # what argparse's add_subparsers returns has no public name


class _HelpFormatter(argparse.HelpFormatter):
    """Help that does not break a name such as negative-sampling at its hyphen."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def add_command(
    commands: Commands, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """The parser of a new command, which calls `function` with the parsed options for the exit status."""
    shown = summary.replace("%", "%%")
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=shown, description=summary, allow_abbrev=False, formatter_class=_HelpFormatter
    )
    parser.set_defaults(command=function)
    return parser


def add_settings(parser: argparse.ArgumentParser, settings: type) -> dict[str, argparse._ArgumentGroup]:
    """Add an option for each setting of a class that is one, under their headings; return the groups by heading."""
    groups = {}
    for heading, ones in grouped(settings, GROUPS).items():
        groups[heading] = parser.add_argument_group(heading)
        for one in ones:
            if one.setting.option:
                add_setting(groups[heading], one)
    return groups


def add_setting(group: argparse._ActionsContainer, one: Declared, told: str | None = None) -> None:
    """Add the option of one setting; options that are not given are no part of the result.

    `told` takes the place of the declared help.
    """
    told = (told or one.told(option_of)).replace("%", "%%")
    if one.type is bool:
        group.add_argument(
            option_of(one.name), dest=one.name, action="store_true", default=argparse.SUPPRESS, help=told
        )
        return
    bare = one.setting.bare
    kind: Any = number_or_bare(bare, option_of(one.name)) if bare else one.type if one.type in METAVARS else str
    group.add_argument(
        option_of(one.name),
        dest=one.name,
        type=kind,
        action="append" if one.setting.repeated else "store",
        nargs="?" if bare else None,
        const=bare,
        default=argparse.SUPPRESS,
        metavar=one.setting.metavar or METAVARS.get(one.type, "NAME"),
        help=told,
    )


def given(options: argparse.Namespace, settings: type) -> dict[str, Any]:
    """The settings of a class that the command line gives."""
    return {name: getattr(options, name) for name in declared(settings) if hasattr(options, name)}


def option_of(setting: str) -> str:
    """The option of a setting."""
    return "--" + setting.rstrip("_").replace("_", "-")


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def checked_output(path: str | None) -> Path | None:
    """The file of lines to write, if there is one. Raises FormatError where it cannot be or is named as vectors are."""
    from firth.files.paths import check_folder

    if path is not None and path.endswith(".safetensors"):
        raise FormatError(f"{path}: the name of a vectors file, and lines of text are written: name it {path}.tsv")
    return None if path is None else check_folder(path)


@dataclasses.dataclass(frozen=True)
class GivenPath:
    """A path as the command line gives it: never text, as a string in a list may be in Python."""

    text: str

    def __fspath__(self) -> str:
        """The path."""
        return self.text


def given_paths(texts: Sequence[str]) -> list[GivenPath]:
    """The texts to read that the command line names."""
    return [GivenPath(text) for text in texts]


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the texts to read."""
    parser.add_argument("input", metavar="INPUT", nargs="+", help="file, glob pattern, folder, or - for standard input")


def typed(text: str) -> str:
    """A word as the user typed it, in UTF-8, also where Python takes the command line for ASCII (LC_ALL=C)."""
    try:
        return os.fsencode(text).decode()
    except UnicodeDecodeError:
        return text


def number_or_bare(bare: int, option: str) -> Callable[[str], int]:
    """What reads the number of an option that may be given without one: what follows it may be the text to read."""

    def number(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{quoted(text)} is no whole number: write {option} {bare}, or put {option} last"
            ) from None

    return number


def unknown_option(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> str | None:
    """The first option among the arguments of a command that it does not have, with what is meant, or None."""
    spellings = parser._option_string_actions
    known = {action.dest: max(action.option_strings, key=len) for action in spellings.values()}
    for argument in arguments:
        name = argument.partition("=")[0]
        if name == "--":
            return None
        if not _is_option(argument) or name in spellings:
            continue
        if argument[:2] in spellings and not argument.startswith("--") and name != "-output":
            continue  # a value follows the letter at once, as in -k5
        meant = meaning(name, list(known), known.__getitem__)
        return f"unknown option {name}: {meant or f'see {parser.prog} --help'}"
    return None


def _is_option(argument: str) -> bool:
    """Whether argparse takes an argument for an option: it begins with a hyphen and is no number."""
    if not argument.startswith("-") or argument == "-" or " " in argument:
        return False
    try:
        float(argument)
    except ValueError:
        return True
    return False
