"""The command that puts words into clusters."""

import argparse

from firth.app.options import Commands, add_json, checked_output
from firth.app.printing import print_json
from firth.app.queries import add_query


def add_commands(commands: Commands) -> None:
    """Add the command to the command line."""
    parser = add_query(
        commands, "clusters", _clusters, "Put words into clusters (k-means); print the size and the name of each."
    )
    parser.add_argument("-k", type=int, default=100, metavar="N", help="how many clusters (default 100)")
    parser.add_argument("--most-frequent", type=int, metavar="N", help="only this many words, by count (default all)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="draws the first centers (default 1)")
    parser.add_argument("-o", "--output", metavar="FILE", help="also write a line a word: word, tab, cluster")
    add_json(parser)


def _clusters(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.files.paths import replacing
    from firth.vectors.clusters import clusters

    output = checked_output(options.output)
    with Display(quiet=options.json) as display:
        found = clusters(
            loaded(options.vectors, options.json),
            options.k,
            most_frequent=options.most_frequent,
            seed=options.seed,
            progress=lambda what, done, total: display.working(what, done, total, "steps"),
        )
        if not found.settled:
            display.say(f"words still moved after {found.steps} steps")
    if output is not None:
        with replacing(output) as file:
            for word, cluster in zip(found.vocabulary, found.labels.tolist(), strict=True):
                file.write(f"{word}\t{cluster}\n".encode())
    sizes = found.sizes.tolist()
    if options.json:
        return print_json([{"size": size, "words": found.words(cluster)} for cluster, size in enumerate(sizes)])
    for cluster, (size, name) in enumerate(zip(sizes, found.names, strict=True)):
        print(f"{cluster}\t{size}\t{name}")
    return 0
