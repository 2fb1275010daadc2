"""The command about new documents: infer."""

import argparse
from collections.abc import Iterator
from typing import Any

from firth.app.options import Commands, add_json, add_settings, given, given_paths
from firth.app.printing import print_json
from firth.app.queries import NEIGHBORS, add_query
from firth.errors import ConfigError, FormatError
from firth.settings import InferOptions


def add_commands(commands: Commands) -> None:
    """Add the command to the command line."""
    summary = (
        "Infer a vector of each line of a new text, by vectors that were trained with documents; write the vectors, or "
        "print the documents of training nearest to each line."
    )
    parser = add_query(commands, "infer", _infer, summary)
    parser.usage = "%(prog)s VECTORS TEXT [TEXT ...] [-o OUT] [--nearest] [options]"
    parser.add_argument("text", metavar="TEXT", nargs="+", help="file, glob pattern, folder, or - for standard input")
    parser.add_argument("-o", "--out", metavar="OUT", help="write the vectors to this .npy file, row n for line n")
    parser.add_argument("--nearest", action="store_true", help="print the nearest documents of training of each line")
    parser.add_argument("-k", type=int, default=NEIGHBORS, metavar="N", help=f"how many (default {NEIGHBORS})")
    groups = add_settings(parser, InferOptions)
    add_json(groups["run"])


def _infer(options: argparse.Namespace) -> int:
    from firth import infer
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.files.paths import check_folder

    if options.out is None and not options.nearest:
        raise ConfigError("give -o OUT to write the vectors, or --nearest to print the nearest documents of each line")
    if options.k < 1:
        raise ConfigError(f"-k is {options.k}: expected 1 or more")
    if options.out is not None and not options.out.endswith(".npy"):
        raise FormatError(f"{options.out}: a matrix of NumPy ends in .npy: name it {options.out}.npy")
    out = None if options.out is None else check_folder(options.out)
    vectors = loaded(options.vectors, options.json)
    found = infer(vectors, given_paths(options.text), **given(options, InferOptions))
    if out is not None:
        _write(found, out)
        Display(hasattr(options, "quiet")).say(f"wrote {out}: {len(found):,} lines, dimension {found.shape[1]}")
    near = _nearest(vectors.documents, found, options.k) if options.nearest else iter(())
    if options.json:
        result: dict[str, Any] = {"lines": len(found), "dim": found.shape[1]}
        result |= {} if out is None else {"out": str(out)}
        if options.nearest:
            named = ({"line": line, "documents": [_named(*pair) for pair in row]} for line, row in near)
            result["nearest"] = list(named)
        return print_json(result)
    for line, row in near:
        for tag, cosine in row:
            print(f"{line}\t{tag}\t{cosine:.4f}")
    return 0


def _named(tag: Any, cosine: float) -> dict[str, Any]:
    return {"document": tag, "cosine": cosine}


def _nearest(documents: Any, found: Any, k: int) -> Iterator[tuple[int, list[tuple[Any, float]]]]:
    """Each line, counted from 1, with the documents nearest to its vector; none for a line without known words."""
    for line, vector in enumerate(found, 1):
        yield line, documents.nearest(vector, k) if vector.any() else []


def _write(matrix: Any, out: Any) -> None:
    import numpy as np

    from firth.files.paths import replacing

    with replacing(out) as file:
        np.lib.format.write_array(file, matrix, allow_pickle=False)
