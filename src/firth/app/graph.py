"""The command that writes a graph of similar words as a list of its edges."""

import argparse

from firth.app.options import Commands, add_json, checked_output
from firth.app.printing import print_json_items
from firth.app.queries import add_query


def add_commands(commands: Commands) -> None:
    """Add the command to the command line."""
    parser = add_query(commands, "graph", _graph, "Print all pairs of similar words: word, tab, word, tab, cosine.")
    parser.add_argument("--above", type=float, required=True, metavar="X", help="the least cosine, above 0, up to 1")
    parser.add_argument("--most-frequent", type=int, metavar="N", help="only this many words, by count (default all)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write them to a file")
    add_json(parser)


def _graph(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.errors import ConfigError
    from firth.files.paths import replacing
    from firth.vectors.graph import edges

    if options.json and options.output is not None:
        raise ConfigError("--json prints the pairs, -o writes them as lines: give one of them")
    output = checked_output(options.output)
    vectors = loaded(options.vectors, options.json)
    with Display(quiet=options.json) as display:
        found = edges(vectors, options.above, most_frequent=options.most_frequent, progress=display.working)
        if options.json:
            return print_json_items({"words": [a, b], "cosine": cosine} for a, b, cosine in found)
        lines = (f"{a}\t{b}\t{cosine:.4f}" for a, b, cosine in found)
        if output is None:
            for line in lines:
                print(line)
            return 0
        pairs = 0
        with replacing(output) as file:
            for line in lines:
                file.write(f"{line}\n".encode())
                pairs += 1
        display.say(f"wrote {pairs:,} pairs to {output}")
    return 0
