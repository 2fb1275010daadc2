"""The command line: parse, make one call, print. Data goes to standard output, talk and progress to standard error."""

import argparse
import contextlib
import dataclasses
import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any, TextIO

from firth import __version__
from firth.errors import ConfigError, FirthError
from firth.settings import BY_LOSS, CBOW, CHOICES, TrainConfig, defaults

BASE = CHOICES["loss"][0]

BIASES = {
    "own": "the vectors' own",
    "none": "none",
    "noise": "log probability of the word as a negative",
}
"""What the biases of a judgement are called."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, 1 for a FirthError, 2 for wrong usage, 130 after Ctrl-C."""
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            status: int = options.command(options)
        sys.stdout.flush()
        return status
    except FirthError as error:
        print(f"firth: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("firth: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _drop_output()
        return 0
    except OSError as error:  # firth's own files have errors of their own
        _drop_output()
        print(f"firth: error: cannot write to standard output: {error.strerror or error}", file=sys.stderr)
        return 1


def _usable(stream: TextIO | None) -> TextIO:
    """A stream that can be written to: a closed one takes nothing, a narrow encoding does not stop the output."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _drop_output() -> None:
    """Let what is still to be written to standard output go nowhere, without another error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    with contextlib.suppress(OSError):
        print(f"firth: warning: {message}", file=sys.stderr)


def _print_json(document: Any) -> int:
    print(json.dumps(document, ensure_ascii=False, indent=2))
    return 0


def _print_rows(rows: Sequence[Sequence[str]]) -> int:
    """Print rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _train(options: argparse.Namespace) -> int:
    from firth import train
    from firth.corpus.vocabulary import Vocabulary
    from firth.formats.native import check_folder, check_writable
    from firth.formats.vocabulary import write_vocabulary
    from firth.run.display import Display

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of a batch job is a Ctrl-C: save, clean up
    out = check_writable(options.out)
    if options.save_vocab is not None:
        check_folder(options.save_vocab)
        if os.path.realpath(options.save_vocab) == os.path.realpath(out):
            raise ConfigError(f"{out} is to hold the vectors: name another file for --save-vocab")
    names = [field.name for field in dataclasses.fields(TrainConfig)]
    settings = {name: getattr(options, name) for name in names if hasattr(options, name)}
    vectors = train(
        options.input,
        vocab=options.vocab,
        keep_words=options.keep_words,
        connectors=options.connectors,
        from_=options.from_,
        freeze=options.freeze,
        checkpoint=options.checkpoint,
        resume=options.resume,
        tmp=options.tmp,
        memory=options.memory,
        quiet=options.quiet,
        **settings,
    )
    vectors.save(out)
    if options.save_vocab is not None:
        write_vocabulary(Vocabulary(vectors.words, vectors.counts), options.save_vocab)
    if options.json:
        return _print_json(
            {
                "out": str(out),
                "words": len(vectors),
                "dim": vectors.center.shape[1],
                "config": vectors.config,
                "history": vectors.history,
            }
        )
    Display(options.quiet).say(f"wrote {out}: {len(vectors):,} words, dimension {vectors.center.shape[1]}")
    return 0


def _phrases(options: argparse.Namespace) -> int:
    from firth.corpus.joining import PhraseSettings
    from firth.formats.native import check_folder
    from firth.formats.vocabulary import read_words
    from firth.phrases import join_text
    from firth.run.display import Display

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.out == "-" and options.json:
        raise ConfigError("standard output takes the text (-o -) or the phrases (--json), not both")
    connectors = frozenset(read_words("connectors", options.connectors if options.connectors is not None else ()))
    settings = PhraseSettings(options.passes, options.score, options.threshold, options.delimiter, connectors)
    if options.save is not None:
        check_folder(options.save)
    with Display(options.quiet) as display:
        phrases, before, after = join_text(
            options.input,
            sys.stdout.buffer if options.out == "-" else options.out,
            settings,
            min_count=options.min_count,
            lower=options.lower,
            tokenizer=options.tokenizer,
            errors=options.errors,
            tmp=options.tmp,
            progress=display.reading,
            joining=display.joining,
        )
    found = phrases.found
    display.say(f"read {before:,} tokens, wrote {after:,}; found {len(found):,} phrases")
    if found:
        display.say("the best: " + ", ".join(f"{phrase} ({score:.4g})" for phrase, _, score in found[:5]))
    if options.save is not None:
        phrases.save(options.save)
    if options.json:
        return _print_json([{"phrase": phrase, "count": count, "score": score} for phrase, count, score in found])
    return 0


def _demo(options: argparse.Namespace) -> int:
    from firth.app.demo import demo, demo_results, print_results

    vectors = demo(options.out, quiet=options.quiet)
    results = demo_results(vectors)
    if options.json:
        return _print_json(results)
    print_results(results)
    return 0


def _neighbors(options: argparse.Namespace) -> int:
    from firth import load

    found = load(options.vectors).neighbors(options.word, options.k)
    if options.json:
        return _print_json(
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
        return _print_json([{"word": word, "cosine": cosine} for word, cosine in answers])
    for word, cosine in answers:
        print(f"{word}\t{cosine:.4f}")
    return 0


def _similarity(options: argparse.Namespace) -> int:
    from firth import load

    cosine = load(options.vectors).similarity(options.a, options.b)
    if options.json:
        return _print_json({"words": [options.a, options.b], "cosine": cosine})
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
        return _print_json(info)
    rows = [
        ("file", options.vectors),
        ("words", f"{len(vectors):,}, from {vectors.words[0]!r} to {vectors.words[-1]!r}"),
        ("dimension", str(vectors.center.shape[1])),
        ("vectors", ", ".join(["center", *_outside_parts(vectors)])),
        ("tokens of these words", f"{info['tokens']:,}"),
    ]
    rows += [(name, str(value)) for name, value in vectors.config.items()]
    for epoch in vectors.history:
        parts = (
            f"{name} {value:.5g}" if isinstance(value, float) else f"{name} {value}" for name, value in epoch.items()
        )
        rows.append(("history", ", ".join(parts)))
    return _print_rows(rows)


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


def _eval(options: argparse.Namespace) -> int:
    from firth import load
    from firth.evaluate.benchmarks import evaluate

    if options.against is not None:
        return _judge(options)
    for name in ("window", "subsample", "threads", "tmp"):
        if getattr(options, name) is not None:
            raise ConfigError(f"--{name} goes with --against CORPUS: benchmarks have no {name}")
    results = evaluate(load(options.vectors), options.file or None)
    if options.json:
        return _print_json([dataclasses.asdict(result) for result in results])
    rows = [("benchmark", "score", "95% interval", "used", "of")]
    for result in results:
        numbers = ("-", "-")
        if result.score is not None:
            interval = "-"
            if result.low is not None and result.high is not None:
                interval = f"{100 * result.low:.1f} to {100 * result.high:.1f}"
            numbers = (f"{100 * result.score:.1f}", interval)
        rows.append((result.name, *numbers, str(result.used), str(result.total)))
    return _print_rows(rows)


def _judge(options: argparse.Namespace) -> int:
    from firth import load
    from firth.evaluate.objective import judge

    if options.file:
        raise ConfigError(f"--against CORPUS takes no benchmark: evaluate {options.file[0]} in a run of its own")
    judgements = judge(
        load(options.vectors),
        options.against,
        window=options.window,
        subsample=options.subsample,
        threads=options.threads,
        tmp=options.tmp,
        quiet=options.json,
    )
    if options.json:
        return _print_json([dataclasses.asdict(judgement) for judgement in judgements])
    one = judgements[0]
    rows = [
        ("pairs", f"{one.pairs:,.0f}"),
        ("tokens", f"{one.tokens:,}, of which {one.known:,} of words with vectors"),
        ("entropy of the corpus", f"{one.entropy:.4f} nats a pair: no model is below it"),
    ]
    for judgement in judgements:
        rows += [
            ("bias", BIASES[judgement.bias]),
            ("  cross-entropy", f"{judgement.cross_entropy:.4f} nats a pair"),
            ("  KL divergence", f"{judgement.kl:.4f} nats a pair"),
            ("  perplexity", f"{judgement.perplexity:,.1f}"),
        ]
    return _print_rows(rows)


def _convert(options: argparse.Namespace) -> int:
    from firth.formats.native import convert

    convert(options.source, options.target, options.to)
    return 0


def _compile(options: argparse.Namespace) -> int:
    from firth.app.compile import compile_all

    compiled = compile_all()
    if options.json:
        return _print_json(dataclasses.asdict(compiled))
    print(f"compiled code is in {compiled.folder}: {compiled.files} files, {compiled.bytes / 1e6:.1f} MB")
    return 0


def _check(options: argparse.Namespace) -> int:
    from firth.check.formulas import formula_rows
    from firth.check.kernels import kernel_rows
    from firth.run.display import Display

    with Display(quiet=False):
        rows = formula_rows() + kernel_rows()
    right = all(row["ok"] for row in rows)
    if options.json:
        _print_json({"ok": right, "rows": rows})
    else:
        table = [("formula or kernel", "deviation", "allowed", "")]
        for row in rows:
            verdict = "ok" if row["ok"] else "WRONG"
            table.append((row["name"], f"{row['deviation']:.1e}", f"{row['tolerance']:.0e}", verdict))
        _print_rows(table)
    return 0 if right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="firth", description="Word vectors from your own data.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"firth {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Any, summary: str) -> argparse.ArgumentParser:
        shown = summary.replace("%", "%%")
        sub = commands.add_parser(name, help=shown, description=summary, allow_abbrev=False)
        sub.set_defaults(command=function)
        return sub

    def query(name: str, function: Any, summary: str) -> argparse.ArgumentParser:
        sub = command(name, function, summary)
        sub.add_argument("vectors", metavar="VECTORS", help="a .safetensors file that firth wrote")
        return sub

    sub = command("demo", _demo, "Train on the bundled sample; print neighbours, analogies and a score.")
    sub.add_argument("--out", metavar="DIR", default=".", help="write DIR/vectors.safetensors (default: here)")
    sub.add_argument("--quiet", action="store_true", help="no talk and no progress on standard error")
    _add_json(sub)

    _add_train_options(command("train", _train, "Train word vectors on text."))

    _add_phrases_options(command("phrases", _phrases, "Write a text with its phrases joined: new york -> new_york."))

    sub = query("neighbors", _neighbors, "Print the nearest words of each word, with their cosines.")
    sub.add_argument("word", metavar="WORD", nargs="+")
    sub.add_argument("-k", type=int, default=10, help="how many (default 10)")
    _add_json(sub)

    sub = query("analogy", _analogy, "A is to B as C is to ?")
    for name in ("a", "b", "c"):
        sub.add_argument(name, metavar=name.upper())
    sub.add_argument("-k", type=int, default=1, help="how many answers (default 1)")
    _add_json(sub)

    sub = query("similarity", _similarity, "Print the cosine of two words.")
    sub.add_argument("a", metavar="WORD")
    sub.add_argument("b", metavar="WORD")
    _add_json(sub)

    sub = query("info", _info, "Print what a vectors file holds, its settings and its history.")
    _add_json(sub)

    sub = query("eval", _eval, "Score vectors on similarity and analogy benchmarks, with 95% intervals.")
    sub.add_argument(
        "file",
        metavar="FILE",
        nargs="*",
        help=".tsv: word, word, score; else questions-words format (default: bundled)",
    )
    sub.add_argument(
        "--against", metavar="CORPUS", help="instead: cross-entropy, entropy, KL and perplexity on a text, exactly"
    )
    sub.add_argument("--window", type=int, help="with --against (default: that of the vectors' training)")
    sub.add_argument("--subsample", type=float, help="with --against (default: that of the vectors' training)")
    sub.add_argument("--threads", type=int, help="with --against (default: all processors)")
    sub.add_argument("--tmp", metavar="DIR", help="with --against: folder for the encoded corpus, 4 bytes a token")
    _add_json(sub)

    sub = command(
        "convert",
        _convert,
        "Convert a vectors file: .safetensors, .txt or .vec (word2vec), .bin (word2vec; reads fastText's).",
    )
    sub.add_argument("source", metavar="SRC")
    sub.add_argument("target", metavar="DST")
    sub.add_argument("--to", metavar="FORMAT", help="safetensors, word2vec-text or word2vec-binary")

    _add_json(command("compile", _compile, "Compile everything for this processor now, for images and clusters."))

    sub = command(
        "check", _check, "Check every formula against central differences, every kernel against the reference."
    )
    _add_json(sub)
    return parser


def _add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _default(name: str) -> str:
    """The default of a setting, or those of the losses and architectures that have it."""
    kinds = {loss: defaults(loss, "skipgram") for loss in BY_LOSS}
    kinds |= {f"cbow with {loss}": defaults(loss, "cbow") for loss in CBOW}
    having = {kind: found[name] for kind, found in kinds.items() if name in found}
    if not having:
        return f"default {getattr(TrainConfig(threads=1), name)}"
    base = having.pop(BASE, None)
    others = [f"{kind} {value}" for kind, value in having.items() if value != base]
    if base is None:
        return "default " + ", ".join(others)
    return ", ".join([f"default {base}", *others])


def _passes(text: str) -> int:
    """A number of passes; what follows a bare option may be the text to read."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of passes: write --phrases 1, or put --phrases last"
        ) from None


def _add_phrases_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="INPUT", nargs="+", help="file, glob pattern, folder, or - for standard input")
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help="the text to write, or - for stdout")
    parser.add_argument("--min-count", type=int, default=5, metavar="INT", help="leave out rarer phrases (default 5)")
    parser.add_argument("--score", default="count", metavar="NAME", help="count (word2phrase's) or npmi; default count")
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="FLOAT",
        help="join what scores more (default: count 100, npmi 0.5)",
    )
    parser.add_argument(
        "--passes", type=int, default=1, metavar="INT", help="1 to 10; each joins what the one before left (default 1)"
    )
    parser.add_argument("--delimiter", default="_", metavar="TEXT", help="what stands between joined words (default _)")
    parser.add_argument(
        "--connectors", metavar="FILE", help="words such as of and the: inside phrases only (bank_of_america)"
    )
    parser.add_argument("--lower", action="store_true", help="lower-case the text (Unicode)")
    parser.add_argument("--tokenizer", default="whitespace", metavar="NAME", help="whitespace (default) or words")
    parser.add_argument("--errors", default="replace", metavar="NAME", help="invalid UTF-8: replace or stop (strict)")
    parser.add_argument("--tmp", metavar="DIR", help="folder for the encoded corpus, 4 bytes a token")
    parser.add_argument("--save", metavar="FILE", help="write the phrases there too, for firth.Phrases.load")
    parser.add_argument("--quiet", action="store_true", help="no talk and no progress on standard error")
    _add_json(parser)


def _add_train_options(parser: argparse.ArgumentParser) -> None:
    def setting(option: str, kind: Any, text: str) -> None:
        name = option.removeprefix("--").replace("-", "_")
        optional(option, kind, kind.__name__.upper(), f"{text} ({_default(name)})")

    def choice(option: str, text: str) -> None:
        name = option.removeprefix("--").replace("-", "_")
        optional(option, str, "NAME", f"{text}: {' or '.join(CHOICES[name])} (default {CHOICES[name][0]})")

    def optional(option: str, kind: Any, shown: str, text: str) -> None:
        group.add_argument(option, type=kind, default=argparse.SUPPRESS, metavar=shown, help=text)

    def flag(option: str, text: str) -> None:
        group.add_argument(option, action="store_true", default=argparse.SUPPRESS, help=text)

    parser.usage = "%(prog)s INPUT [INPUT ...] -o OUT [options]"
    parser.add_argument("input", metavar="INPUT", nargs="+", help="file, glob pattern, folder, or - for standard input")
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help="the .safetensors file to write")

    group = parser.add_argument_group("model")
    choice("--architecture", "a word predicts each word of its window, or the window the word")
    flag("--cbow-sum", "CBOW: the sum of the window's vectors, not their mean")
    setting("--dim", int, "dimension of the vectors")
    setting("--window", int, "words on each side of a center")
    flag("--fixed-window", "use the whole window at every token, not a random part of it")
    setting("--maxn", int, "subwords: longest character n-gram; 6 is usual, 0 is none")
    setting("--minn", int, "subwords: shortest character n-gram")
    setting("--bucket", int, "subwords: rows that the n-grams share")

    group = parser.add_argument_group("objective")
    choice("--loss", "objective")
    setting("--epochs", int, "passes over the corpus")
    setting("--lr", float, "learning rate at the start; 0.05 for skip-gram with --maxn, 0.025 with --cbow-sum")
    setting("--min-lr", float, "learning rate at the end")
    setting("--subsample", float, "share of the corpus from which a word's tokens are dropped; 0 keeps all")
    setting("--negatives", int, "negative sampling: how many negatives")
    setting("--ns-exponent", float, "negative sampling: negatives are drawn by count to this power")
    choice("--update", "negative sampling, skip-gram: negatives for all pairs of a window, or drawn for each")
    setting("--mix", float, "so much of the outside vectors is added to the center vectors")
    optional("--outside-vocab", int, "INT", "softmax: outside words, the first being centers (default twice max-vocab)")
    group.add_argument(
        "--memory", type=float, metavar="GB", help="softmax: what counting pairs may take, the rest on disk (default 2)"
    )

    group = parser.add_argument_group("vocabulary")
    setting("--min-count", int, "leave out rarer words")
    optional("--max-vocab", int, "INT", "keep the most frequent (default all)")
    group.add_argument("--keep-words", metavar="FILE", help="words that stay whatever --min-count says")
    group.add_argument(
        "--vocab", metavar="FILE", help='words and counts to go by: lines "word count", or a .safetensors file'
    )
    group.add_argument("--save-vocab", metavar="FILE", help='write the words and counts as lines "word count"')

    group = parser.add_argument_group("text")
    flag("--lower", "lower-case the text (Unicode)")
    choice("--tokenizer", "tokens by white space, or words without punctuation")
    choice("--errors", "invalid UTF-8: replace and warn, or stop")

    group = parser.add_argument_group("phrases")
    group.add_argument(
        "--phrases",
        type=_passes,
        nargs="?",
        const=1,
        default=argparse.SUPPRESS,
        metavar="PASSES",
        help="join phrases first, new york -> new_york; two passes join up to four words (default none, 1 if bare)",
    )
    choice("--phrase-score", "score of a phrase")
    optional("--phrase-threshold", float, "FLOAT", "join what scores more (default: count 100, npmi 0.5)")
    setting("--delimiter", str, "what stands between joined words")
    group.add_argument("--connectors", metavar="FILE", help="words such as of and the: inside phrases only")

    group = parser.add_argument_group("starting vectors")
    group.add_argument(
        "--from",
        dest="from_",
        metavar="VECTORS",
        help="go on from these: their words and settings, the learning rate anew from --lr to --min-lr",
    )
    group.add_argument("--freeze", metavar="FILE", help="words of --from whose vectors do not move, or all")

    group = parser.add_argument_group("run")
    optional("--threads", int, "INT", "threads (default: all processors)")
    setting("--seed", int, "seed of all random draws")
    group.add_argument("--tmp", metavar="DIR", help="folder for the encoded corpus, 4 bytes a token")
    group.add_argument("--checkpoint", metavar="DIR", help="save the run there every five minutes and on Ctrl-C")
    group.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    group.add_argument("--quiet", action="store_true", help="no talk and no progress on standard error")
    _add_json(group)
