"""The command that writes vectors in another format: convert."""

import argparse
import dataclasses

from firth.app.learning import QUIET
from firth.app.options import Commands, add_command, add_json
from firth.app.printing import print_json


def add_commands(commands: Commands) -> None:
    """Add the command to the command line."""
    from firth.formats.known import FORMATS

    parser = add_command(
        commands, "convert", _convert, "Convert a file of vectors, of any format that firth reads, to another format."
    )
    parser.add_argument("source", metavar="SRC", help="the file to read; its content tells the format")
    parser.add_argument("target", metavar="DST", help="the file to write; its ending means the format")
    writable = ", ".join(name for name, known in FORMATS.items() if known.write)
    parser.add_argument("--to", metavar="FORMAT", help=f"the format to write: {writable}")
    parser.add_argument("--words", metavar="FILE", help="convert only the words in this file")
    parser.add_argument("--first", type=int, metavar="N", help="convert only the first N words")
    parser.add_argument(
        "--errors", default="mend", metavar="NAME", help="mend what is wrong in a file and warn (default), or strict"
    )
    parser.add_argument("--space", metavar="TEXT", help="write this for white space inside words, such as _")
    parser.add_argument("--vocab", metavar="FILE", help='take the counts from this file of lines "word count"')
    parser.add_argument("--save-vocab", metavar="FILE", help='write the words and counts too, as lines "word count"')
    parser.add_argument("--quiet", action="store_true", help=QUIET)
    add_json(parser)


def _convert(options: argparse.Namespace) -> int:
    from firth.display import Display
    from firth.formats.convert import convert

    with Display(quiet=options.quiet or options.json) as display:
        done = convert(
            options.source,
            options.target,
            options.to,
            words=options.words,
            first=options.first,
            errors=options.errors,
            space=options.space,
            vocab=options.vocab,
            save_vocab=options.save_vocab,
            progress=display.opening,
        )
    if options.json:
        return print_json(dataclasses.asdict(done))
    written = done.target if done.beside is None else f"{done.target} and {done.beside}"
    display.say(
        f"read {done.words:,} words of dimension {done.dim} from {done.source} ({done.source_format}); "
        f"wrote {written} ({done.target_format}), {_shown(done.bytes)}"
    )
    return 0


def _shown(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e3:,.1f} kB"
