"""Threads: what interrupts them is raised when all have ended."""

import threading

import pytest

from firth.errors import ConfigError
from firth.native import threads
from firth.native.threads import run_threads


def test_an_interrupt_while_threads_end_is_not_lost(monkeypatch):
    real, calls = threads.wait, []

    def interrupted(running, timeout=None):
        calls.append(timeout)
        if calls.count(None) == 1 and timeout is None:
            raise KeyboardInterrupt
        return real(running, timeout)

    monkeypatch.setattr(threads, "wait", interrupted)
    done = []
    with pytest.raises(KeyboardInterrupt):
        threads.run_threads(done.append, 2, lambda: None)
    assert sorted(done) == [0, 1]
    assert calls.count(None) == 2  # all threads are waited for nevertheless


def test_threads_that_cannot_be_started_are_an_error_that_names_the_limit(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(ConfigError, match=r"thread 1 of 2 cannot be started .*--threads"):
        run_threads(lambda thread: None, 2, lambda: None)
