"""The command about the lines of a text: documents."""

import argparse
import os
import sys
from typing import Any

from firth.app.options import Commands, add_json, add_settings, given, given_paths
from firth.app.printing import print_json
from firth.app.queries import add_query
from firth.errors import ConfigError
from firth.settings import DocumentOptions


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    summary = (
        "Make a vector of each line of a text; write the vectors, or print the lines nearest to some words or a line."
    )
    parser = add_query(commands, "documents", _documents, summary)
    parser.usage = "%(prog)s VECTORS TEXT [TEXT ...] [-o OUT] [--nearest WORDS | --like LINE] [options]"
    parser.add_argument(
        "text",
        metavar="TEXT",
        nargs="+",
        help="file, glob pattern, folder, or - for standard input; or a file that -o wrote",
    )
    parser.add_argument("-o", "--out", metavar="OUT", help="write the vectors to this .safetensors file")
    query = parser.add_mutually_exclusive_group()
    query.add_argument("--nearest", metavar="WORDS", help='print the lines nearest to this text, such as "some words"')
    query.add_argument("--like", type=int, metavar="LINE", help="print the lines nearest to this one, counted from 1")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="how many lines (default 10)")
    groups = add_settings(parser, DocumentOptions)
    add_json(groups["run"])


def _documents(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.vectors.storage import check_writable

    if options.out is None and options.nearest is None and options.like is None:
        raise ConfigError("give -o OUT to write the vectors, or --nearest WORDS or --like LINE to print nearest lines")
    for name, value in (("-k", options.k), ("--like", options.like)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} is {value}: expected 1 or more")
    out = None if options.out is None else check_writable(options.out)
    if out is not None and os.path.realpath(out) == os.path.realpath(options.vectors):
        raise ConfigError(f"-o {out} is the file of the word vectors, which would be lost: name another file")
    found = _found(options, loaded(options.vectors, options.json))
    nearest = _nearest(options, found)
    if out is not None:
        found.save(out)
    if options.json:
        result: dict[str, Any] = {"lines": len(found), "unknown": found.unknown, "dim": found.matrix.shape[1]}
        result |= {"tokens": int(found.tokens.sum()), "known": int(found.known.sum())}
        result |= {} if out is None else {"out": str(out)}
        if nearest is not None:
            result["nearest"] = [{"line": row + 1, "cosine": cosine} for row, cosine in nearest]
        return print_json(result)
    for row, cosine in nearest or ():
        print(f"{row + 1}\t{cosine:.4f}")
    if nearest is not None and not nearest:
        print("no other line has a vector that is not zero: there is nothing near", file=sys.stderr)
    if out is not None:
        quiet = hasattr(options, "quiet")
        Display(quiet).say(f"wrote {out}: {len(found):,} lines, dimension {found.matrix.shape[1]}")
    return 0


def _found(options: argparse.Namespace, vectors: Any) -> Any:
    """The documents of a text, or those in a file of documents."""
    from firth import Documents, documents
    from firth.vectors.storage import SUFFIX

    settings = given(options, DocumentOptions)
    stored = [text for text in options.text if text.endswith(SUFFIX)]
    if stored and len(options.text) > 1:
        raise ConfigError(f"{stored[0]} holds vectors and is no text: give it alone, or texts only")
    if not stored:
        return documents(vectors, given_paths(options.text), **settings)
    if more := settings.keys() - {"quiet"}:
        raise ConfigError(f"{options.text[0]} has its own settings: leave out --{min(more)}, or give the text instead")
    return Documents.load(options.text[0], vectors)


def _nearest(options: argparse.Namespace, found: Any) -> list[tuple[int, float]] | None:
    """The rows nearest to what is asked for, or None if nothing is."""
    from firth.vectors.documents import query_tokens

    if options.nearest is not None:
        near: list[tuple[int, float]] = found.nearest(query_tokens(options.nearest, found.options), options.k)
        return near
    if options.like is None:
        return None
    if options.like > len(found):
        raise ConfigError(f"--like is {options.like}: expected a line from 1 to {len(found):,}")
    near = found.nearest(options.like - 1, options.k)
    return near
