"""What is said of the time that exact training will take, and the advice where that is long."""

import warnings

import pytest

from firth.display import Display
from firth.run import estimate
from firth.settings import TrainConfig


def announced(monkeypatch, seconds, words=50_000, **settings):
    monkeypatch.setattr(estimate, "estimate_seconds", lambda n, m, config: seconds)
    monkeypatch.setattr(estimate, "bytes_needed", lambda n, m, config: 2e9)
    monkeypatch.setattr(estimate, "check_memory", lambda n, m, config: None)
    estimate.announce_work(words, TrainConfig(loss="softmax", **settings), Display(False))


@pytest.mark.parametrize(("seconds", "told"), [(0.2, "1 s"), (89.0, "89 s"), (90.0, "2 minutes"), (600, "10 minutes")])
def test_a_short_run_is_announced(capsys, monkeypatch, seconds, told):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        announced(monkeypatch, seconds, words=300, max_vocab=100, dim=4, epochs=3)
    line = f"3 passes over 100 center and 300 outside words, dimension 4: about {told} and 2.0 GB besides the counts"
    assert capsys.readouterr().err.splitlines() == [line]


def test_a_large_vocabulary_is_advised_to_be_smaller(monkeypatch):
    with pytest.warns(UserWarning, match=r"with --max-vocab 7000 \(max_vocab=7000\) it would be about 5 minutes$"):
        announced(monkeypatch, 6000.0)


def test_where_fewer_words_are_no_help_epochs_and_dim_are(monkeypatch):
    with pytest.warns(UserWarning, match="will take about 1440 minutes and 2.0 GB .*: lower epochs or dim"):
        announced(monkeypatch, 86_400.0, words=900)
