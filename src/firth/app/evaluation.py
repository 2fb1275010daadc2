"""The commands that say how good something is: eval for vectors, check for the formulas and kernels."""

import argparse
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firth.app.options import Commands, add_command, add_json, add_setting, given, option_of
from firth.app.printing import print_json, print_rows
from firth.declaring import declared
from firth.errors import ConfigError
from firth.settings import PairSettings

if TYPE_CHECKING:
    from firth.display import Display

SUMMARY = (
    "Score vectors on benchmarks of similarity, analogies, categories and odd ones out, with 95% intervals; or compare "
    "two files of vectors on the items that both answer, with paired tests."
)

BIASES = {
    "own": "the vectors' own",
    "none": "none",
    "noise": "log probability of the word as a negative",
}
"""The biases of a corpus score, as shown to the user."""


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    parser = add_command(commands, "eval", _eval, SUMMARY)
    parser.add_argument("vectors", metavar="VECTORS", help="a .safetensors file that firth wrote")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="*",
        help="a second file of vectors, to compare them; and files of benchmarks as they are published (default: "
        "WordSim-353 and its halves, RG-65 and Google's analogies)",
    )
    parser.add_argument(
        "--kind",
        metavar="KIND",
        help="what the files are: similarity, analogy, categories or odd (default: recognised by their content; "
        "docs/queries.md)",
    )
    parser.add_argument(
        "--most-frequent",
        type=int,
        metavar="N",
        help="leave out items with a word that is not among the N most frequent, and look for answers among these",
    )
    parser.add_argument(
        "--ignore-case",
        action="store_true",
        help="compare words in upper case, as gensim does (default: as written, then in lower case)",
    )
    add_json(parser)
    group = parser.add_argument_group("evaluation against a corpus, instead of benchmarks")
    group.add_argument("--against", metavar="CORPUS", help="print the exact cross-entropy, KL and perplexity on a text")
    settings = declared(PairSettings)
    for name in ("window", "subsample"):
        add_setting(group, settings[name], f"{settings[name].setting.help} (default: that of the vectors' training)")
    for name in ("threads", "column", "tmp"):
        add_setting(group, settings[name])

    parser = add_command(
        commands,
        "check",
        _check,
        "Compare every formula with central differences, and every kernel with the reference.",
    )
    add_json(parser)


def _eval(options: argparse.Namespace) -> int:
    from firth.vectors.storage import SUFFIX

    paths = [options.vectors, *options.file]
    vectors = [path for path in paths if path.endswith(SUFFIX)] or paths[:1]
    files = [path for path in paths if path not in vectors]
    if len(vectors) > 2:
        raise ConfigError(f"there are {len(vectors)} files of vectors: expected one, or two to compare them")
    chosen = {"kind": options.kind, "ignore_case": options.ignore_case, "most_frequent": options.most_frequent}
    if options.against is not None:
        return _score_corpus(options, vectors, files, chosen)
    for name in given(options, PairSettings):
        raise ConfigError(f"{option_of(name)} goes with --against CORPUS: benchmarks have no {name}")
    if len(vectors) == 2:
        return _compare(vectors, files or None, chosen, options.json)
    return _evaluate(vectors[0], files or None, chosen, options.json)


UNITS = {"reading": "files", "questions": "questions", "groups": "groups", "parts": "parts", "resamples": "resamples"}


def _evaluate(path: str, files: list[str] | None, chosen: dict[str, Any], json: bool) -> int:
    from firth.app.opening import loaded
    from firth.app.scores import evaluation_lines
    from firth.display import Display
    from firth.evaluate import evaluate

    with Display(quiet=json) as display:
        evaluation = evaluate(loaded(path, json), files, **chosen, progress=_showing(display))
    if json:
        return print_json(dataclasses.asdict(evaluation))
    for line in evaluation_lines(evaluation):
        print(line)
    return 0


def _compare(paths: list[str], files: list[str] | None, chosen: dict[str, Any], json: bool) -> int:
    from firth.app.opening import loaded
    from firth.app.scores import comparison_lines
    from firth.display import Display
    from firth.evaluate import compare

    first, second = (loaded(path, json) for path in paths)
    with Display(quiet=json) as display:
        comparison = compare(first, second, files, **chosen, progress=_showing(display))
    if json:
        return print_json({"first": paths[0], "second": paths[1], **dataclasses.asdict(comparison)})
    for line in comparison_lines(comparison, *paths):
        print(line)
    return 0


def _showing(display: "Display") -> Callable[[str, int, int], None]:
    return lambda what, done, total: display.working(what, done, total, UNITS.get(what, "steps"))


def _score_corpus(options: argparse.Namespace, vectors: list[str], files: list[str], chosen: dict[str, Any]) -> int:
    from firth.app.opening import loaded
    from firth.evaluate.objective import score_corpus

    if len(vectors) > 1:
        raise ConfigError("--against CORPUS takes one file of vectors: evaluate the other in a run of its own")
    if files:
        raise ConfigError(f"--against CORPUS takes no benchmark: evaluate {files[0]} in a run of its own")
    for name, value in chosen.items():
        if value is not None and value is not False:
            raise ConfigError(f"{option_of(name)} goes with benchmarks: --against CORPUS has no {name}")
    scores = score_corpus(
        loaded(vectors[0], options.json),
        options.against,
        **given(options, PairSettings),
        quiet=options.json,
    )
    if options.json:
        return print_json([dataclasses.asdict(score) for score in scores])
    one = scores[0]
    rows = [
        ("pairs", f"{one.pairs:,.0f}"),
        ("tokens", f"{one.tokens:,}, of which {one.known:,} of words with vectors"),
        ("entropy of the corpus", f"{one.entropy:.4f} nats a pair: no model is below it"),
    ]
    for score in scores:
        rows += [
            ("bias", BIASES[score.bias]),
            ("  cross-entropy", f"{score.cross_entropy:.4f} nats a pair"),
            ("  KL divergence", f"{score.kl:.4f} nats a pair"),
            ("  perplexity", f"{score.perplexity:,.1f}"),
        ]
    return print_rows(rows)


def _check(options: argparse.Namespace) -> int:
    from firth.check.formulas import formula_rows
    from firth.check.kernels import kernel_rows
    from firth.display import Display

    with Display(quiet=False):
        rows = formula_rows() + kernel_rows()
    right = all(row["ok"] for row in rows)
    if options.json:
        print_json({"ok": right, "rows": rows})
    else:
        table = [("formula or kernel", "deviation", "allowed", "")]
        for row in rows:
            verdict = "ok" if row["ok"] else "WRONG"
            table.append((row["name"], f"{row['deviation']:.1e}", f"{row['tolerance']:.0e}", verdict))
        print_rows(table)
    return 0 if right else 1
