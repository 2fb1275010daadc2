"""The commands that say how good something is: eval for vectors, check for the formulas and kernels."""

import argparse
import dataclasses

from firth.app.options import Commands, add_command, add_json, add_setting, given, option_of
from firth.app.printing import print_json, print_rows
from firth.app.queries import add_query
from firth.declaring import declared
from firth.errors import ConfigError
from firth.settings import PairSettings

BIASES = {
    "own": "the vectors' own",
    "none": "none",
    "noise": "log probability of the word as a negative",
}
"""The biases of a corpus score, as shown to the user."""


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    parser = add_query(
        commands, "eval", _eval, "Score vectors on similarity and analogy benchmarks, with 95% intervals."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="*",
        help=".tsv: word, word, score; else questions-words format (default: bundled)",
    )
    add_json(parser)
    group = parser.add_argument_group("evaluation against a corpus, instead of benchmarks")
    group.add_argument("--against", metavar="CORPUS", help="print the exact cross-entropy, KL and perplexity on a text")
    settings = declared(PairSettings)
    for name in ("window", "subsample"):
        add_setting(group, settings[name], f"{settings[name].setting.help} (default: that of the vectors' training)")
    for name in ("threads", "tmp"):
        add_setting(group, settings[name])

    parser = add_command(
        commands,
        "check",
        _check,
        "Compare every formula with central differences, and every kernel with the reference.",
    )
    add_json(parser)


def _eval(options: argparse.Namespace) -> int:
    from firth import load
    from firth.evaluate.benchmarks import evaluate

    if options.against is not None:
        return _score_corpus(options)
    for name in given(options, PairSettings):
        raise ConfigError(f"{option_of(name)} goes with --against CORPUS: benchmarks have no {name}")
    results = evaluate(load(options.vectors), options.file or None)
    if options.json:
        return print_json([dataclasses.asdict(result) for result in results])
    rows = [("benchmark", "score", "95% interval", "used", "of")]
    for result in results:
        numbers = ("-", "-")
        if result.score is not None:
            interval = "-"
            if result.low is not None and result.high is not None:
                interval = f"{100 * result.low:.1f} to {100 * result.high:.1f}"
            numbers = (f"{100 * result.score:.1f}", interval)
        rows.append((result.name, *numbers, str(result.used), str(result.total)))
    return print_rows(rows)


def _score_corpus(options: argparse.Namespace) -> int:
    from firth import load
    from firth.evaluate.objective import score_corpus

    if options.file:
        raise ConfigError(f"--against CORPUS takes no benchmark: evaluate {options.file[0]} in a run of its own")
    scores = score_corpus(
        load(options.vectors),
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
