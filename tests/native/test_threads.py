"""Threads: what interrupts them is raised when all have ended."""

import pytest

from firth.native import threads


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
