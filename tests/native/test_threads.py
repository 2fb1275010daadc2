"""Threads: what interrupts them is raised when all have ended."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from firth.errors import ConfigError
from firth.native import threads


class Interrupted(threads._Crew):
    """Threads of which the first waiting for those at work is interrupted."""

    waits = 0

    def wait_for_all(self, seconds):
        return False

    def _wait(self, condition, seconds):
        self.waits += 1
        if self.waits == 1:
            raise KeyboardInterrupt
        return super()._wait(condition, seconds)


def test_an_interrupt_while_threads_end_is_not_lost(monkeypatch):
    monkeypatch.setattr(threads, "_Crew", Interrupted)
    stopped, done = threading.Event(), []

    def work(thread):
        stopped.wait(10)
        time.sleep(0.3)
        done.append(thread)

    with pytest.raises(KeyboardInterrupt):  # that of the threads' end, in place of the other error
        threads.run_threads(work, 2, stopped.set, lambda: 1 / 0)
    assert sorted(done) == [0, 1]  # all threads are waited for nevertheless


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_while_threads_are_at_work_waits_for_them():
    """Not so by `Thread.join`, which in Python 3.11 takes a thread for ended that Ctrl-C comes in."""
    done, before = [], signal.signal(signal.SIGINT, signal.default_int_handler)
    stopped = threading.Event()

    def work(thread):
        stopped.wait(10)
        time.sleep(0.3)
        done.append(thread)

    try:
        for delay in (0.05, 0.1, 0.15):
            stopped.clear()
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)).start()
            with pytest.raises(KeyboardInterrupt):
                threads.run_threads(work, 2, stopped.set)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(done) == [0, 0, 0, 1, 1, 1]


def test_a_call_aside_returns_and_raises():
    assert threads.call_aside(lambda: threading.current_thread() is threading.main_thread()) is False
    with pytest.raises(ZeroDivisionError):
        threads.call_aside(lambda: 1 / 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_leaves_a_call_aside_to_itself():
    end, over, before = threading.Event(), threading.Event(), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            threads.call_aside(lambda: (end.wait(30), over.set()))
        assert not over.is_set()
    finally:
        end.set()
        signal.signal(signal.SIGINT, before)
    assert over.wait(10)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_at_any_moment_of_many_short_runs_does_not_hang():

    def run_for_ever():
        while True:
            threads.run_threads(lambda thread: None, 2, lambda: None)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for number in range(60):
            threading.Timer(0.01 + number / 3000, os.kill, (os.getpid(), signal.SIGINT)).start()
            with pytest.raises(KeyboardInterrupt):
                run_for_ever()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_task_in_pieces_ends_where_it_yields():
    begun = []

    def task(number, thread):
        for piece in range(1000):
            yield
            begun.append(piece)
            time.sleep(0.01)

    def look():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        threads.run_stages([threads.Stage(task, 1)], 1, look)
    assert 0 < len(begun) < 900


def test_all_pieces_of_all_tasks_are_done():
    done = []

    def task(number, thread):
        for piece in range(3):
            yield
            done.append((number, piece))

    threads.run_stages([threads.Stage(task, 5), threads.Stage(lambda *_: done.append("end"), 1, (0,))], 2)
    assert sorted(done[:-1]) == [(number, piece) for number in range(5) for piece in range(3)]
    assert done[-1] == "end"


def test_what_a_thread_raises_is_raised_when_all_have_ended():
    stopped = threading.Event()

    def work(thread):
        if thread == 1:
            raise ValueError("of one")
        assert stopped.wait(10)

    with pytest.raises(ValueError, match="of one"):
        threads.run_threads(work, 3, stopped.set)


def test_a_system_without_more_threads_is_named(monkeypatch):
    def refused(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads.threading.Thread, "start", refused)
    with pytest.raises(ConfigError, match=r"thread 1 cannot be started \(can't start new thread\): lower threads"):
        threads.run_threads(lambda thread: None, 1024, lambda: None)


ASIDE = """
import signal, os, sys, threading, time
from firth.native.threads import run_threads

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it

def train():
    try:
        run_threads(lambda thread: stop.wait(60), 2, stop.set, lambda: looked.set())
    except KeyboardInterrupt:
        print("saved", flush=True)
        raise SystemExit

stop, looked = threading.Event(), threading.Event()
thread = threading.Thread(target=train, daemon=DAEMON)
thread.start()
looked.wait()
END
"""


def run_aside(daemon, end):
    program = ASIDE.replace("DAEMON", str(daemon)).replace("END", end)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_ends_work_in_a_thread_that_is_not_the_main_one():
    ended = run_aside(False, "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start(); time.sleep(60)")
    assert ended.stdout == "saved\n"
    assert "KeyboardInterrupt" in ended.stderr


def test_a_daemon_does_not_hold_the_end_of_the_program():
    assert run_aside(True, "print('end')").stdout == "end\n"


def test_work_goes_on_when_the_main_thread_has_nothing_more_to_do():
    ended = run_aside(False, "threading.Timer(0.5, stop.set).start()")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_an_interrupt_while_threads_are_stopped_waits_for_them():
    calls, stopped, done = [], threading.Event(), []

    def stop():
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        stopped.set()

    def work(thread):
        stopped.wait(10)
        time.sleep(0.3)
        done.append(thread)

    with pytest.raises(KeyboardInterrupt):
        threads.run_threads(work, 2, stop, lambda: 1 / 0)
    assert sorted(done) == [0, 1]


def test_tasks_are_stopped_while_another_thread_holds_their_lock():
    """As a Ctrl-C that comes just when the lock is taken leaves it."""
    tasks = threads._Tasks([threads.Stage(lambda *_: None, 1)])
    with tasks._changed:
        thread = threading.Thread(target=tasks.stop, daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert tasks.take() is None


def test_a_call_aside_needs_no_thread(monkeypatch):
    def refused(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads.threading.Thread, "start", refused)
    assert threads.call_aside(lambda: 7) == 7
