"""The commands that share vectors on the Hugging Face Hub: push and pull."""

import argparse

from firth.app.options import Commands, add_command, add_json
from firth.app.printing import print_json
from firth.app.queries import add_query

QUIET = "show no progress"


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    parser = add_query(
        commands, "push", _push, "Upload a vectors file and its model card to the Hugging Face Hub; print the address."
    )
    parser.add_argument("repository", metavar="USER/NAME", help="the repository, made if there is none")
    parser.add_argument(
        "--license", metavar="NAME", help="the Hub's name of a licence: mit, apache-2.0, cc-by-4.0, ..."
    )
    parser.add_argument("--private", action="store_true", help="make the repository a private one")
    parser.add_argument("--no-scores", action="store_true", help="put no scores on bundled benchmarks on the card")
    parser.add_argument("--quiet", action="store_true", help=QUIET)
    add_json(parser)

    parser = add_command(commands, "pull", _pull, "Download vectors from the Hugging Face Hub into a file.")
    parser.add_argument(
        "address", metavar="USER/NAME", help="the repository; with @REVISION or /FILE after it, that one of its"
    )
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help="the .safetensors file to write")
    parser.add_argument("--quiet", action="store_true", help=QUIET)
    add_json(parser)


def _push(options: argparse.Namespace) -> int:
    from firth import push

    pushed = push(
        options.vectors,
        options.repository,
        license=options.license,
        private=options.private,
        scores=not options.no_scores,
        quiet=options.quiet or options.json,
    )
    if options.json:
        return print_json({"address": pushed.address, "files": pushed.files})
    print(pushed.address)
    return 0


def _pull(options: argparse.Namespace) -> int:
    from firth.display import Display
    from firth.run.sharing import pull

    quiet = options.quiet or options.json
    vectors = pull(options.address, options.out, quiet=quiet)
    n, d = vectors.center.shape
    if options.json:
        return print_json({"out": options.out, "words": n, "dim": d})
    Display(quiet).say(f"wrote {options.out}: {n:,} words, dimension {d}")
    return 0
