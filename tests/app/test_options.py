"""Options made from settings, and unknown options."""

import argparse

import pytest

from firth.app.cli import main, make_parser
from firth.app.options import add_settings, given, option_of, unknown_option
from firth.declaring import declared, grouped
from firth.settings import GROUPS, PhraseOptions, TrainOptions


def parser_of(settings):
    parser = argparse.ArgumentParser(prog="firth some")
    add_settings(parser, settings)
    return parser


@pytest.mark.parametrize("settings", [TrainOptions, PhraseOptions])
def test_every_setting_is_an_option_and_only_those_given_count(settings):
    parser = parser_of(settings)
    assert given(parser.parse_args([]), settings) == {}
    for name, one in declared(settings).items():
        if not one.setting.option:
            assert name == "on_epoch"
            assert "on_epoch" not in parser.format_help().replace("-", "_")
            continue
        value = one.choices[-1] if one.choices else {bool: True, int: 3, float: 0.5}.get(one.type, "text")
        line = [option_of(name)] + ([] if value is True else [str(value)])
        expected = [value] if one.setting.repeated else value
        assert given(parser.parse_args(line), settings) == {name: expected}


def test_a_bare_option_has_its_number():
    parser = parser_of(TrainOptions)
    assert given(parser.parse_args(["--phrases"]), TrainOptions) == {"phrases": 1}
    assert given(parser.parse_args(["--phrases", "2"]), TrainOptions) == {"phrases": 2}


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--min_count", "did you mean --min-count?"),
        ("--minCount", "did you mean --min-count?"),
        ("-minCount", "did you mean --min-count?"),
        ("--size", "firth calls it --dim"),
        ("-size", "firth calls it --dim"),
        ("--size=9", "firth calls it --dim"),
        ("--vector-size", "firth calls it --dim"),
        ("--vector_size", "firth calls it --dim"),
        ("-iter", "firth calls it --epochs"),
        ("--workers", "firth calls it --threads"),
        ("-t", "firth calls it --subsample"),
        ("-lr", "did you mean --lr?"),
        ("-output", "did you mean --out?"),
        ("--sg", "give --architecture: 'skipgram' for sg=1, 'cbow' for sg=0"),
        ("-input", "give the source as the first argument"),
        ("-wordNgrams", "firth has no word n-grams: --phrases joins words into phrases, --maxn adds character n-grams"),
        ("--widnow", "did you mean --window?"),
        ("--paint", "see firth train --help"),
    ],
)
def test_an_unknown_option_is_one_line_that_names_the_one_meant(capsys, tmp_path, option, meant):
    before_source = ["train", option, "3", "corpus.txt", "-o", str(tmp_path / "v.safetensors")]
    for line in (before_source, ["train", "corpus.txt", option]):
        assert main(line) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err == f"firth: error: unknown option {option.partition('=')[0]}: {meant}\n"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("train", ["a", "-oout.safetensors", "--lr", "-0.1", "--dim=3"]),
        ("train", ["-", "-o", "-", "--", "--size"]),
        ("train", ["- a name", "-h"]),
        ("neighbors", ["v", "word", "-k5"]),
    ],
)
def test_what_argparse_takes_is_not_unknown(command, line):
    assert unknown_option(make_parser()[1][command], line) is None


@pytest.mark.parametrize("columns", [80, 100])
def test_help_is_whole(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < columns
    headings = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["positional arguments", "options", *grouped(TrainOptions, GROUPS)]
    text = " ".join(" ".join(lines).split())
    for one in declared(TrainOptions).values():
        assert not one.setting.option or " ".join(one.told(option_of).split()) in text
