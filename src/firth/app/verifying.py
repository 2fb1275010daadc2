"""The command that checks files: verify."""

import argparse
import dataclasses
import sys
from typing import Any

from firth.app.options import Commands, add_command, add_json
from firth.app.printing import print_json
from firth.errors import FirthError


def add_commands(commands: Commands) -> None:
    """Add the command to the command line."""
    summary = "Check files whole: their checksums, and what they hold; exit with 1 if one is damaged."
    parser = add_command(commands, "verify", _verify, summary)
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="vectors of any format, a checkpoint, index, encoded corpus, vocabulary, phrases; or a folder of these",
    )
    add_json(parser)


def _verify(options: argparse.Namespace) -> int:
    from firth.display import Display
    from firth.run.verify import files_of, verify

    found: list[dict[str, Any]] = []
    files: list[tuple[Any, FirthError | None]] = []
    for path in options.files:
        try:
            files += [(file, None) for file in files_of(path)]
        except FirthError as error:
            files.append((path, error))
    for file, fault in files:
        try:
            if fault is not None:
                raise fault
            with Display(options.json) as display:
                verified = verify(file, display.opening)
        except FirthError as error:
            found.append({"path": str(file), "good": False, "error": str(error)})
        else:
            found.append({"good": True} | dataclasses.asdict(verified))
        if not options.json:
            print(verified if found[-1]["good"] else found[-1]["error"], flush=True)
    if options.json:
        print_json(found)
    bad = [one["path"] for one in found if not one["good"]]
    if bad:
        of = f"{len(bad):,} of {len(found):,} file{'s'[: len(found) != 1]}"
        print(f"firth: error: {of} not as expected: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0
