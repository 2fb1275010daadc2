"""The commands that make new vectors files from trained ones: transform and align."""

import argparse
from typing import Any

from firth.app.options import Commands, add_command, add_json, number_or_bare
from firth.app.printing import print_json
from firth.app.queries import add_query
from firth.errors import ConfigError

OUT = "the .safetensors file to write"


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    summary = "Write new vectors made from trained ones. What is asked for is done in the order of the list below."
    parser = add_query(commands, "transform", _transform, summary)
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help=OUT)
    parser.add_argument("--most-frequent", type=int, metavar="N", help="keep the N words of the highest counts")
    parser.add_argument("--plus-outside", action="store_true", help="add each word's outside vector to its vector")
    parser.add_argument("--centered", action="store_true", help="subtract the mean of all vectors")
    parser.add_argument(
        "--without-top",
        type=number_or_bare(1, "--without-top"),
        nargs="?",
        const=True,
        metavar="N",
        help="all-but-the-top: subtract the mean and remove the N top principal components (default: dim / 100)",
    )
    parser.add_argument("--reduced", type=int, metavar="DIM", help="keep DIM dimensions, by principal components")
    parser.add_argument("--normalized", action="store_true", help="scale every vector to length 1")
    parser.add_argument("--half", action="store_true", help="store the numbers as float16: half the size")
    add_json(parser)

    parser = add_command(
        commands,
        "align",
        _align,
        "Rotate vectors onto others; print the words that moved most, with their cosines.",
    )
    parser.add_argument("source", metavar="SOURCE", help="the .safetensors file to rotate")
    parser.add_argument("target", metavar="TARGET", help="the .safetensors file to rotate it onto")
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help=OUT)
    parser.add_argument(
        "--anchors",
        metavar="FILE",
        help="align by these: in a line a word of SOURCE and one of TARGET, or one of both (default: all shared words)",
    )
    parser.add_argument("--moved", type=int, default=20, metavar="N", help="how many words to print (default 20)")
    parser.add_argument(
        "--min-count", type=int, default=0, metavar="N", help="print only words that occur N times in both"
    )
    parser.add_argument("--among", type=int, metavar="N", help="print only words among the N most frequent of both")
    add_json(parser)


def _transform(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.vectors import transforms
    from firth.vectors.storage import check_writable

    steps: list[tuple[Any, ...]] = []  # each a transform and its settings
    if options.most_frequent is not None:
        steps.append((transforms.most_frequent, options.most_frequent))
    if options.plus_outside:
        steps.append((transforms.plus_outside,))
    if options.centered:
        steps.append((transforms.centered,))
    if options.without_top is not None:
        steps.append((transforms.without_top, None if options.without_top is True else options.without_top))
    if options.reduced is not None:
        steps.append((transforms.reduced, options.reduced))
    if options.normalized:
        steps.append((transforms.normalized,))
    if not steps and not options.half:
        raise ConfigError("no transform is given: give at least one, such as --centered; see firth transform --help")
    out = check_writable(options.out)
    vectors = loaded(options.vectors, options.json)
    with Display(quiet=options.json) as display:
        for step, *settings in steps:
            more = {} if step is transforms.most_frequent else {"progress": display.working}
            vectors = step(vectors, *settings, **more)
    vectors.save(out, half=options.half)
    if options.json:
        return print_json(_written(options.out, vectors))
    Display(quiet=False).say(f"wrote {out}: {len(vectors):,} words, dimension {vectors.center.shape[1]}")
    return 0


def _align(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded
    from firth.display import Display
    from firth.vectors.alignment import align, read_anchors
    from firth.vectors.storage import check_writable

    out = check_writable(options.out)
    anchors = None if options.anchors is None else read_anchors(options.anchors)
    with Display(quiet=options.json) as display:
        alignment = align(
            loaded(options.source, options.json),
            loaded(options.target, options.json),
            anchors,
            progress=display.working,
        )
    moved = alignment.moved(options.moved, min_count=options.min_count, among=options.among)
    alignment.vectors.save(out)
    if options.json:
        words = [{"word": word, "cosine": cosine} for word, cosine in moved]
        return print_json(_written(options.out, alignment.vectors) | {"anchors": alignment.anchors, "moved": words})
    Display(quiet=False).say(f"wrote {out}: {len(alignment.vectors):,} words, aligned by {alignment.anchors:,} anchors")
    for word, cosine in moved:
        print(f"{word}\t{cosine:.4f}")
    return 0


def _written(out: str, vectors: Any) -> dict[str, Any]:
    """What --json says of a file written."""
    transforms = vectors.config.get("transforms", [])
    return {"out": out, "words": len(vectors), "dim": vectors.center.shape[1], "transforms": transforms}
