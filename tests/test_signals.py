"""Signals that end a run: held back, raised once, told apart."""

import os
import signal
import threading

import pytest

from firth import signals
from firth.signals import Ended, ending, held_back, raised_once, was_lost

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


@pytest.fixture(autouse=True)
def same_handlers():
    before = [signal.getsignal(number) for number in signals.ENDING]
    yield
    assert [signal.getsignal(number) for number in signals.ENDING] == before


def test_a_signal_that_is_held_back_raises_at_the_end():
    done = []

    def work():
        with held_back():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done


def test_a_signal_that_is_held_back_raises_where_it_is_delivered():
    with held_back() as held:
        held.deliver()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.deliver()


def test_a_signal_is_not_lost_where_the_work_fails():
    def fail():
        with held_back():
            signal.raise_signal(signal.SIGINT)
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_nothing_is_held_back_in_another_thread():
    found = []

    def work():
        with held_back() as held:
            held.deliver()
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_signals_in_a_row_raise_once():
    with raised_once():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def test_a_signal_after_a_while_raises_again(monkeypatch):
    monkeypatch.setattr(signals, "GRACE_SECONDS", 0.0)
    with raised_once():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)


def test_a_signal_after_one_that_was_lost_raises_at_once():
    with raised_once():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            was_lost()


def test_a_second_signal_while_the_first_is_answered_is_held_back_and_ignored():
    saved = []
    with raised_once():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with held_back():
            signal.raise_signal(signal.SIGINT)
            saved.append(1)
    assert saved


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_other_signals_end_the_process_and_are_told_apart(name):
    number = getattr(signal, name)
    with ending(), pytest.raises(Ended) as ended, held_back():
        signal.raise_signal(number)
    assert ended.value.number == number
    assert isinstance(ended.value, KeyboardInterrupt)


def test_a_signal_that_is_ignored_stays_ignored():
    """Such as SIGHUP after nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending(), held_back(), raised_once():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("work", [held_back, raised_once, ending])
def test_a_signal_while_handlers_are_set_again_leaves_none_of_another(monkeypatch, work):
    """The fixture compares the handlers."""
    set_handler, calls = signal.signal, []

    def run(at):
        def interrupted(number, handler):
            calls.append(number)
            if len(calls) == at:
                raise KeyboardInterrupt
            return set_handler(number, handler)

        with ending(), work():
            calls.clear()
            monkeypatch.setattr(signals.signal, "signal", interrupted)

    for at in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            run(at)
        monkeypatch.undo()
    assert not signals._under_way


def test_all_signals_that_were_held_back_reach_their_handlers():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))

    def work():
        with held_back():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)

    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
