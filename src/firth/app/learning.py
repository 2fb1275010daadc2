"""The commands that learn from text: demo, train, phrases; and compile, for what they run."""

import argparse
import contextlib
import dataclasses
import os
import sys

from firth.app.options import Commands, add_command, add_json, add_settings, add_source, given, given_paths
from firth.app.printing import print_json
from firth.errors import ConfigError
from firth.settings import PhraseOptions, TrainOptions

QUIET = "print no messages and no progress"


def add_commands(commands: Commands) -> None:
    """Add the commands to the command line."""
    parser = add_command(commands, "demo", _demo, "Train on the bundled sample; print neighbours and scores.")
    parser.add_argument("--out", metavar="DIR", default=".", help="write DIR/vectors.safetensors (default: here)")
    parser.add_argument("--quiet", action="store_true", help=QUIET)
    add_json(parser)

    parser = add_command(commands, "train", _train, "Train word vectors on text.")
    parser.usage = "%(prog)s INPUT [INPUT ...] -o OUT [options]"
    add_source(parser)
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help="the .safetensors file to write")
    groups = add_settings(parser, TrainOptions)
    groups["vocabulary"].add_argument(
        "--save-vocab", metavar="FILE", help='write the words and counts as lines "word count"'
    )
    add_json(groups["run"])

    parser = add_command(commands, "phrases", _phrases, "Write a text with its phrases joined: new york -> new_york.")
    parser.usage = "%(prog)s INPUT [INPUT ...] -o OUT [options]"
    add_source(parser)
    where = "the text to write, compressed if OUT ends in .gz, .bz2, .xz or .zst; or - for standard output"
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help=where)
    groups = add_settings(parser, PhraseOptions)
    groups["phrases"].add_argument(
        "--save", metavar="FILE", help="also write the phrases to this file, for firth.Phrases.load"
    )
    groups["run"].add_argument("--quiet", action="store_true", help=QUIET)
    add_json(groups["run"])

    summary = "Compile everything for this processor now, for images and clusters."
    add_json(add_command(commands, "compile", _compile, summary))


def _compile(options: argparse.Namespace) -> int:
    from firth.app.compile import compile_all

    compiled = compile_all()
    if options.json:
        return print_json(dataclasses.asdict(compiled))
    print(f"compiled code is in {compiled.folder}: {compiled.files} files, {compiled.bytes / 1e6:.1f} MB")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from firth.app.demo import demo, demo_results, print_results

    vectors = demo(options.out, quiet=options.quiet)
    results = demo_results(vectors)
    if options.json:
        return print_json(results)
    print_results(results)
    return 0


def _train(options: argparse.Namespace) -> int:
    from firth.corpus.vocabulary import Vocabulary
    from firth.display import Display
    from firth.files.paths import check_folder
    from firth.formats.vocabulary import write_vocabulary
    from firth.run.results import output_of_one_run, save_somewhere
    from firth.run.train import train_for
    from firth.vectors.storage import check_writable

    out, chosen = check_writable(options.out), given(options, TrainOptions)
    outputs = [out]
    if options.save_vocab is not None:
        outputs.append(check_folder(options.save_vocab))
        if os.path.realpath(options.save_vocab) == os.path.realpath(out):
            raise ConfigError(f"{out} is to hold the vectors: name another file for --save-vocab")
    display = Display(hasattr(options, "quiet"))
    with contextlib.ExitStack() as stack:
        for output in outputs:
            stack.enter_context(output_of_one_run(output, display.say))
        vectors = train_for(out, given_paths(options.input), **chosen)
        save_somewhere(vectors, out, chosen.get("checkpoint"), display.say)
        if options.save_vocab is not None:
            write_vocabulary(Vocabulary(vectors.words, vectors.counts), options.save_vocab)
    if options.json:
        return print_json(
            {
                "out": str(out),
                "words": len(vectors),
                "dim": vectors.center.shape[1],
                "documents": 0 if vectors.documents is None else len(vectors.documents),
                "config": vectors.config,
                "history": vectors.history,
            }
        )
    documents = "" if vectors.documents is None else f", {len(vectors.documents):,} documents"
    dim = vectors.center.shape[1]
    display.say(f"wrote {out}: {len(vectors):,} words{documents}, dimension {dim}")
    return 0


def _phrases(options: argparse.Namespace) -> int:
    from firth.display import Display
    from firth.files.paths import check_folder
    from firth.phrases import join_text, phrase_settings

    if options.out == "-" and options.json:
        raise ConfigError("standard output takes the text (-o -) or the phrases (--json), not both")
    chosen = PhraseOptions(**given(options, PhraseOptions))
    settings = phrase_settings(chosen)
    if options.save is not None:
        check_folder(options.save)
    with Display(options.quiet) as display:
        phrases, before, after = join_text(
            given_paths(options.input),
            sys.stdout.buffer if options.out == "-" else options.out,
            settings,
            reading=chosen,
            min_count=chosen.min_count,
            progress=display.reading,
            joining=display.joining,
            say=display.say,
        )
    found = phrases.found
    display.say(f"read {before:,} tokens, wrote {after:,}; found {len(found):,} phrases")
    if found:
        display.say("the best: " + ", ".join(f"{phrase} ({score:.4g})" for phrase, _, score in found[:5]))
    if options.save is not None:
        phrases.save(options.save)
    if options.json:
        return print_json([{"phrase": phrase, "count": count, "score": score} for phrase, count, score in found])
    return 0
