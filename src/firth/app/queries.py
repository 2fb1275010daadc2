"""The commands that ask a vectors file: neighbors, analogy, similarity, info; and convert."""

import argparse
from collections.abc import Callable
from typing import Any

from firth.app.options import Commands, add_command, add_json
from firth.app.printing import print_json, print_rows


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    parser = add_query(commands, "neighbors", _neighbors, "Print the nearest words of each word, with their cosines.")
    parser.add_argument("word", metavar="WORD", nargs="+")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="how many (default 10)")
    add_json(parser)

    parser = add_query(commands, "analogy", _analogy, "A is to B as C is to ?")
    for name in ("a", "b", "c"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("-k", type=int, default=1, metavar="N", help="how many answers (default 1)")
    add_json(parser)

    parser = add_query(commands, "similarity", _similarity, "Print the cosine of two words.")
    parser.add_argument("a", metavar="WORD")
    parser.add_argument("b", metavar="WORD")
    add_json(parser)

    parser = add_query(commands, "info", _info, "Print what a vectors file holds, its settings and its history.")
    add_json(parser)

    parser = add_command(
        commands,
        "convert",
        _convert,
        "Convert a vectors file: .safetensors, .txt or .vec (word2vec), .bin (word2vec; reads fastText's).",
    )
    parser.add_argument("source", metavar="SRC")
    parser.add_argument("target", metavar="DST")
    parser.add_argument("--to", metavar="FORMAT", help="safetensors, word2vec-text or word2vec-binary")


def add_query(
    commands: Commands, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """The parser of a new command about a vectors file."""
    parser = add_command(commands, name, function, summary)
    parser.add_argument("vectors", metavar="VECTORS", help="a .safetensors file that firth wrote")
    return parser


def _neighbors(options: argparse.Namespace) -> int:
    from firth import load

    found = load(options.vectors).neighbors(options.word, options.k)
    if options.json:
        return print_json(
            [
                {"word": word, "neighbors": [{"word": near, "cosine": cosine} for near, cosine in row]}
                for word, row in zip(options.word, found, strict=True)
            ]
        )
    for word, row in zip(options.word, found, strict=True):
        for near, cosine in row:
            print(f"{word}\t{near}\t{cosine:.4f}" if len(options.word) > 1 else f"{near}\t{cosine:.4f}")
    return 0


def _analogy(options: argparse.Namespace) -> int:
    from firth import load

    answers = load(options.vectors).analogy(options.a, options.b, options.c, options.k)
    if options.json:
        return print_json([{"word": word, "cosine": cosine} for word, cosine in answers])
    for word, cosine in answers:
        print(f"{word}\t{cosine:.4f}")
    return 0


def _similarity(options: argparse.Namespace) -> int:
    from firth import load

    cosine = load(options.vectors).similarity(options.a, options.b)
    if options.json:
        return print_json({"words": [options.a, options.b], "cosine": cosine})
    print(f"{cosine:.4f}")
    return 0


def _info(options: argparse.Namespace) -> int:
    from firth import load

    vectors = load(options.vectors)
    info = {
        "file": options.vectors,
        "words": len(vectors),
        "dim": vectors.center.shape[1],
        "outside": vectors.outside is not None,
        "outside_words": len(vectors.outside_words) if vectors.outside is not None else 0,
        "nodes": vectors.nodes is not None,
        "subwords": vectors.subwords is not None,
        "bias": vectors.bias is not None,
        "tokens": int(vectors.counts.sum()),
        "config": vectors.config,
        "history": vectors.history,
    }
    if options.json:
        return print_json(info)
    rows = [
        ("file", options.vectors),
        ("words", f"{len(vectors):,}, from {vectors.words[0]!r} to {vectors.words[-1]!r}"),
        ("dimension", str(vectors.center.shape[1])),
        ("vectors", ", ".join(["center", *_outside_parts(vectors)])),
        ("tokens of these words", f"{info['tokens']:,}"),
    ]
    rows += [(name, str(value)) for name, value in vectors.config.items()]
    rows += [("history", _figures(epoch)) for epoch in vectors.history]
    return print_rows(rows)


def _figures(epoch: dict[str, Any]) -> str:
    """An entry of the history in words, its scores one by one."""
    figures = dict(epoch)
    if isinstance(figures.get("scores"), dict):
        figures |= {f"score on {name}": score for name, score in figures.pop("scores").items()}
    shown = (
        f"{name} {value:.5g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()
    )
    return ", ".join(shown)


def _outside_parts(vectors: Any) -> list[str]:
    """What a file holds besides center vectors, in words."""
    parts = []
    if vectors.outside is not None:
        more = "" if vectors.outside_words is vectors.words else f" ({len(vectors.outside_words):,} words)"
        parts.append("outside" + more)
    if vectors.bias is not None:
        parts.append("bias")
    if vectors.nodes is not None:
        parts.append("nodes of the tree")
    if vectors.subwords is not None:
        parts.append(f"{vectors.subwords.bucket:,} rows of n-grams")
    return parts


def _convert(options: argparse.Namespace) -> int:
    from firth.formats.convert import convert

    convert(options.source, options.target, options.to)
    return 0
