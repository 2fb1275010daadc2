"""The lines of a run on standard error: one for each epoch or pass that ends, none when quiet."""

import dataclasses

import pytest

from firth.display import Display
from firth.training import EpochProgress, PassProgress

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
