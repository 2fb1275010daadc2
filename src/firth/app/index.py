"""The command that builds an index of vectors for approximate neighbors."""

import argparse
import dataclasses
import os
import time

from firth.app.options import Commands, add_json, add_setting
from firth.app.printing import print_json, print_rows
from firth.app.queries import add_query
from firth.declaring import declared
from firth.settings import PairSettings


def add_commands(commands: Commands) -> None:
    """Add the command to the command line."""
    parser = add_query(commands, "index", _index, "Build an index beside the vectors, for fast approximate neighbors.")
    add_setting(parser, declared(PairSettings)["threads"])
    add_json(parser)


def _index(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.vectors.index import build_index

    begun = time.perf_counter()
    with Display(quiet=options.json) as display:
        info = build_index(
            loaded(options.vectors, options.json),
            options.vectors,
            threads=getattr(options, "threads", None),
            progress=display.working,
        ).info
    size, seconds = os.path.getsize(info.path), time.perf_counter() - begun
    if options.json:
        return print_json(dataclasses.asdict(info) | {"bytes": size, "seconds": round(seconds, 3)})
    recall = "not measured" if info.recall is None else f"{info.recall:.4f}, the mean of {info.sample:,} words"
    return print_rows(
        [
            ("file", info.path),
            ("words", f"{info.rows:,} of {info.words:,}, dimension {info.dim}"),
            ("size", f"{size / 1e6:,.1f} MB"),
            ("recall of 10 neighbors", recall),
            ("seconds", f"{seconds:.1f}"),
        ]
    )
