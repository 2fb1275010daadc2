"""The commands that ask a vectors file: neighbors, analogy, similarity, odd, rank, info."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from firth.app.options import Commands, add_command, add_json, typed
from firth.app.printing import print_json, print_json_items, print_rows
from firth.errors import ConfigError, UnknownWordError, quoted

WORDS_AT_ONCE = 1000
ANSWERS_AT_ONCE = 1_000_000

NEIGHBORS = 10

STDIN = "-"
"""In place of words: read them from standard input."""


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    summary = "Print the nearest words of each word, or the nearest documents of a document, with their cosines."
    parser = add_query(commands, "neighbors", _neighbors, summary)
    parser.usage = "%(prog)s VECTORS (WORD [WORD ...] | --document TAG) [options]"
    told = "words, or - to read one a line from standard input"
    words = parser.add_argument("word", metavar="WORD", type=typed, nargs="+", default=[], help=told)
    words.required = False  # with "*" in place of "+" they could not come after options
    parser.add_argument(
        "--document",
        metavar="TAG",
        type=typed,
        help="print the documents nearest to this one, in place of words: its tag, or the number of its line, from 0, "
        "where training had no tags",
    )
    parser.add_argument(
        "-k", type=int, metavar="N", help=f"how many (default {NEIGHBORS}; with --within, all of these)"
    )
    group = parser.add_argument_group("one query of several words")
    group.add_argument("--sum", action="store_true", help="ask once, for the sum of the words; WORD:2.5 has a weight")
    group.add_argument(
        "--minus", metavar="WORD", type=typed, nargs="+", default=[], help="words to subtract from the sum"
    )
    _add_among(parser)
    parser.add_argument("--threshold", type=float, metavar="X", help="the least cosine")
    parser.add_argument("--approximate", action="store_true", help="ask the index that firth index has built")
    add_json(parser)

    parser = add_query(commands, "analogy", _analogy, "A is to B as C is to ?")
    for name in ("a", "b", "c"):
        parser.add_argument(name, metavar=name.upper(), type=typed)
    parser.add_argument("-k", type=int, default=1, metavar="N", help="how many (default 1)")
    parser.add_argument("--method", default="add", metavar="NAME", help="add (3CosAdd, default) or mul (3CosMul)")
    _add_among(parser)
    add_json(parser)

    parser = add_query(commands, "similarity", _similarity, "Print the cosine of two words, or of two groups of words.")
    parser.add_argument(
        "word", metavar="WORD", type=typed, nargs="+", help="two words, or - to read two a line from standard input"
    )
    parser.add_argument(
        "--with", dest="group", metavar="WORD", type=typed, nargs="+", help="compare the group WORD... with this one"
    )
    add_json(parser)

    parser = add_query(commands, "odd", _odd, "Print the word that is least like the others.")
    parser.add_argument("word", metavar="WORD", type=typed, nargs="+")
    add_json(parser)

    parser = add_query(
        commands, "rank", _rank, "Print the place of a word among the neighbours of another, 1 the nearest."
    )
    parser.add_argument("word", metavar="WORD", type=typed)
    parser.add_argument("of", metavar="OF", type=typed)
    parser.add_argument("--most-frequent", type=int, metavar="N", help="count among the N most frequent words only")
    add_json(parser)

    parser = add_query(commands, "info", _info, "Print what a vectors file holds, its settings and its history.")
    add_json(parser)


def add_query(
    commands: Commands, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """The parser of a new command about a vectors file."""
    parser = add_command(commands, name, function, summary)
    parser.add_argument("vectors", metavar="VECTORS", help="a file of vectors, in any format that firth reads")
    return parser


def _add_among(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where to look")
    group.add_argument("--within", metavar="WORD", type=typed, nargs="+", help="look among these words only")
    group.add_argument("--most-frequent", type=int, metavar="N", help="look among the N most frequent words only")


def _among(options: argparse.Namespace) -> dict[str, Any]:
    return {"within": options.within, "most_frequent": options.most_frequent}


def _neighbors(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded

    _check_asked(options)
    vectors = loaded(options.vectors, options.json)
    if options.document is not None:
        return _print_documents(vectors, options)
    k = NEIGHBORS if options.k is None and options.within is None else options.k
    more = {"k": k, "threshold": options.threshold, "approximate": options.approximate, **_among(options)}
    if options.sum or options.minus:
        positive, negative = ([_weighted(vectors, word) for word in words] for words in (options.word, options.minus))
        return _print_scored(vectors.neighbors(positive=positive, negative=negative, **more), options.json, "cosine")
    words = _words(vectors) if options.word == [STDIN] else options.word
    found = _found(vectors, words, more)
    if options.json:
        return print_json_items(
            {"word": word, "neighbors": [{"word": near, "cosine": cosine} for near, cosine in row]}
            for word, row in found
        )
    for word, row in found:
        for near, cosine in row:
            print(f"{word}\t{near}\t{cosine:.4f}" if len(words) > 1 else f"{near}\t{cosine:.4f}")
    return 0


def _check_asked(options: argparse.Namespace) -> None:
    """Raise ConfigError unless words are asked for, or a document alone."""
    if options.document is None and not options.word:
        raise ConfigError("there is nothing to look for: give words, or --document TAG")
    words = ("word", "sum", "minus", "within", "most_frequent", "threshold", "approximate")
    given = [name for name in words if getattr(options, name) not in (None, False, [])]
    if options.document is not None and given:
        name = "words" if given[0] == "word" else f"--{given[0].replace('_', '-')}"
        raise ConfigError(f"--document asks for documents, which have no use for {name}: leave it out")


def _print_documents(vectors: Any, options: argparse.Namespace) -> int:
    """Print the documents nearest to a document."""
    documents, tag = vectors.documents, options.document
    if documents is None:
        raise ConfigError(f"{options.vectors} has no vectors of documents: firth train --documents makes them")
    if documents.names is None and tag.isdecimal():
        tag = int(tag) if len(tag) < 20 else len(documents)  # which none is
    near = documents.nearest(tag, NEIGHBORS if options.k is None else options.k)
    if options.json:
        found = [{"document": other, "cosine": cosine} for other, cosine in near]
        return print_json({"document": tag, "neighbors": found})
    for other, cosine in near:
        print(f"{other}\t{cosine:.4f}")
    return 0


def _found(vectors: Any, words: list[str], more: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """Each word with its neighbours, some hundreds of words at a time, so that memory is bounded."""
    at_once = max(1, min(WORDS_AT_ONCE, ANSWERS_AT_ONCE // max(1, more["k"] or len(vectors))))
    for begin in range(0, len(words), at_once):
        block = words[begin : begin + at_once]
        yield from zip(block, vectors.neighbors(block, **more), strict=True)


def _weighted(vectors: Any, text: str) -> str | tuple[str, float]:
    """A word, or a word and its weight where the text is word:weight and no word itself."""
    word, _, weight = text.rpartition(":")
    try:
        return text if text in vectors or not word else (word, float(weight))
    except ValueError:
        return text


def _words(vectors: Any) -> list[str]:
    """The words of standard input. Raises UnknownWordError, which names the line, before anything is answered."""
    lines = _lines()
    for number, word in lines:
        if word not in vectors:
            try:
                vectors[word]
            except UnknownWordError as error:
                raise UnknownWordError(f"standard input, line {number}: {error}") from None
    return [word for _, word in lines]


def _lines() -> list[tuple[int, str]]:
    """The number and the text of every line of standard input that is not blank, which is read to its end."""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise ConfigError("there is no standard input to read: give words, or pipe them in")
    try:
        text = stream.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"standard input, byte {error.start:,}: invalid UTF-8: expected words in UTF-8") from None
    return [(number, word) for number, line in enumerate(text.splitlines(), 1) if (word := line.strip())]


def _analogy(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded

    terms = options.a, options.b, options.c
    answers = loaded(options.vectors, options.json).analogy(*terms, options.k, options.method, **_among(options))
    return _print_scored(answers, options.json, "score" if options.method == "mul" else "cosine")


def _print_scored(answers: Sequence[tuple[str, float]], as_json: bool, name: str) -> int:
    if as_json:
        return print_json([{"word": word, name: score} for word, score in answers])
    for word, score in answers:
        print(f"{word}\t{score:.4f}")
    return 0


def _similarity(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded

    vectors = loaded(options.vectors, options.json)
    if options.group is not None:
        cosine = vectors.similarity(options.word, options.group)
        return _print_cosine(cosine, {"groups": [options.word, options.group]}, options.json)
    if options.word == [STDIN]:
        return _similarities(vectors, options.json)
    if len(options.word) != 2:
        words = " ".join(options.word)
        raise ConfigError(f"the words are {words}: expected two, or two groups, WORD... --with WORD...")
    return _print_cosine(vectors.similarity(*options.word), {"words": options.word}, options.json)


def _print_cosine(cosine: float, asked: dict[str, Any], as_json: bool) -> int:
    if as_json:
        return print_json({**asked, "cosine": cosine})
    print(f"{cosine:.4f}")
    return 0


def _similarities(vectors: Any, as_json: bool) -> int:
    pairs = []
    for number, line in _lines():
        pairs.append(tuple(line.split()))
        if len(pairs[-1]) != 2:
            raise ConfigError(f"standard input, line {number}: {quoted(line)}: expected two words a line")
    cosines = vectors.similarities(pairs).tolist()
    if as_json:
        return print_json([{"words": pair, "cosine": cosine} for pair, cosine in zip(pairs, cosines, strict=True)])
    for (a, b), cosine in zip(pairs, cosines, strict=True):
        print(f"{a}\t{b}\t{cosine:.4f}")
    return 0


def _odd(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded

    word = loaded(options.vectors, options.json).odd_one_out(options.word)
    if options.json:
        return print_json({"words": options.word, "odd": word})
    print(word)
    return 0


def _rank(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded

    rank = loaded(options.vectors, options.json).rank(options.word, options.of, most_frequent=options.most_frequent)
    if options.json:
        return print_json({"word": options.word, "of": options.of, "rank": rank})
    print(rank)
    return 0


def _info(options: argparse.Namespace) -> int:
    from firth.app.opening import loaded

    vectors = loaded(options.vectors, options.json)
    info = {
        "file": options.vectors,
        "words": len(vectors),
        "dim": vectors.center.shape[1],
        "outside": vectors.outside is not None,
        "outside_words": len(vectors.outside_words) if vectors.outside is not None else 0,
        "nodes": vectors.nodes is not None,
        "subwords": vectors.subwords is not None,
        "documents": 0 if vectors.documents is None else len(vectors.documents),
        "bias": vectors.bias is not None,
        "tokens": int(vectors.counts.sum()),
        "config": vectors.config,
        "history": vectors.history,
    }
    if options.json:
        return print_json(info)
    rows = [
        ("file", options.vectors),
        ("words", f"{len(vectors):,}, from {quoted(vectors.words[0])} to {quoted(vectors.words[-1])}"),
        ("dimension", str(vectors.center.shape[1])),
        ("vectors", ", ".join(["center", *_outside_parts(vectors)])),
        ("tokens of these words", f"{info['tokens']:,}"),
    ]
    if vectors.documents is not None:
        tags = vectors.documents.names or range(len(vectors.documents))
        rows.insert(2, ("documents", f"{len(tags):,}, from {tags[0]!r:.100} to {tags[-1]!r:.100}"))
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
    if vectors.documents is not None and vectors.documents.outside is not None:
        parts.append("outside of windows side by side")
    return parts
