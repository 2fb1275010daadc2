"""The lines of a run on standard error: one for each epoch or pass that ends, none when quiet."""

import dataclasses
import logging
import sys

import pytest

import firth
from firth import display as display_module
from firth.display import Display
from firth.training import EpochProgress, PartProgress, PassProgress

EPOCH = EpochProgress(epoch=2, epochs=4, tokens=2_000_000, total_tokens=4_000_000, loss=1.5, lr=0.02, epoch_seconds=0.5)
PASS = PassProgress(
    words=80, last_stage=True, epoch=3, epochs=6, flop=1e9, total_flop=4e9, loss=2.0, floor=1.25, epoch_seconds=0.125
)


def lines(capsys, progress, quiet=False):
    with Display(quiet) as display:
        display.training(progress)
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (EPOCH, "epoch 2/4: loss 1.5000 nats a pair, 2.00 million tokens/s"),
        (dataclasses.replace(EPOCH, loss=None), "epoch 2/4: no pairs, 2.00 million tokens/s"),
        (
            PASS,
            "pass 3/6: cross-entropy 2.0000 nats a pair, 0.7500 above the corpus's own 1.2500, perplexity 7.4, 0.12 s",
        ),
        (
            dataclasses.replace(PASS, last_stage=False, epoch=6),
            "the 80 most frequent words first: 2.0000 nats a pair",
        ),
    ],
)
def test_an_epoch_that_ends_is_a_line(capsys, progress, line):
    assert lines(capsys, progress) == [line]
    assert lines(capsys, progress, quiet=True) == []


@pytest.mark.parametrize(
    "progress",
    [
        dataclasses.replace(EPOCH, epoch_seconds=None),
        dataclasses.replace(PASS, epoch_seconds=None),
        dataclasses.replace(PASS, last_stage=False),
    ],
)
def test_what_has_not_ended_is_no_line(capsys, progress):
    assert lines(capsys, progress) == []


SENTENCES = [["a", "b", "c"] * 5] * 99


@pytest.fixture
def times(monkeypatch):
    """A clock that shows what it is set to."""
    now = [0.0]
    monkeypatch.setattr(display_module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, "firth")
    return lambda: [record.message for record in caplog.records if record.name == "firth"]


@pytest.mark.parametrize("quiet", [False, True])
def test_lines_are_logged_and_quiet_is_for_standard_error_alone(capsys, logged, quiet):
    firth.train(SENTENCES, dim=4, epochs=2, threads=1, quiet=quiet, subsample=0)
    assert [line[:9] for line in logged() if "compil" not in line] == ["read 1,48", "epoch 1/2", "epoch 2/2"]
    assert capsys.readouterr().err.splitlines() == ([] if quiet else logged())


def test_a_program_that_logs_to_standard_error_has_each_line_once(capsys):
    handler, logger = logging.StreamHandler(sys.stderr), logging.getLogger("firth")
    logger.addHandler(handler)
    try:
        Display(quiet=False).say("at warning level")
        logger.setLevel(logging.INFO)
        Display(quiet=False).say("logged")
        Display(quiet=True).say("quiet")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert capsys.readouterr().err.splitlines() == ["at warning level", "logged", "quiet"]


def test_without_logging_nothing_comes_twice(capfd):
    Display(quiet=False).say("once")
    assert capfd.readouterr().err == "once\n"


def test_off_a_terminal_a_line_a_minute_says_how_far(capsys, times):
    with Display(quiet=False) as display:
        for second in range(0, 181, 20):
            times[0] = float(second)
            display.reading(second * 10**6, 400 * 10**6)
        times[0] = 250.0
        display.reading(10**6, None)
        times[0] = 310.0
        display.training(PartProgress("starting vectors", 0.5))
    assert capsys.readouterr().err.splitlines() == [
        "reading: 15%, 1.00M B/s, 05:40 left",
        "reading: 30%, 1.00M B/s, 04:40 left",
        "reading: 45%, 1.00M B/s, 03:40 left",
        "reading: 1.00M sentences, 4.00k sentences/s",
        "starting vectors: 50%",
    ]


def test_a_line_that_is_said_puts_off_the_next_one(capsys, times):
    with Display(quiet=False) as display:
        times[0] = 59.0
        display.say("something")
        times[0] = 100.0
        display.counting(1, 2)
    assert capsys.readouterr().err == "something\n"


def test_on_a_terminal_the_line_is_for_the_log(capsys, times, logged, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Display(quiet=False) as display:
        times[0] = 61.0
        display.counting(1, 2)
    assert logged() == ["counting: 50%"]
    assert "counting: 50%, " not in capsys.readouterr().err


class Rich(logging.Handler):
    """One that prints by itself."""

    def emit(self, record):
        print(record.getMessage(), file=sys.stderr)


@pytest.mark.parametrize(("handler", "expected"), [(Rich(), ["once"]), (logging.NullHandler(), ["once"])])
def test_a_handler_of_another_kind_prints_the_lines(capsys, monkeypatch, handler, expected):
    logger = logging.getLogger("firth")
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.manager._clear_cache()
    Display(quiet=False).say("once")
    logger.manager._clear_cache()
    assert capsys.readouterr().err.splitlines() == expected
