"""Threads: what interrupts them is raised when all have ended."""

import subprocess
import sys
import threading
import time

import pytest

from firth.errors import ConfigError
from firth.native import threads


def test_an_interrupt_while_threads_end_is_not_lost(monkeypatch):
    real, calls = threads._wait, []

    def interrupted(running, seconds):
        calls.append(seconds)
        if len(calls) == 3:  # the first time that no thread may be left at work
            raise KeyboardInterrupt
        return real(running, seconds) or len(calls) == 1

    monkeypatch.setattr(threads, "_wait", interrupted)
    done = []
    with pytest.raises(KeyboardInterrupt):
        threads.run_threads(done.append, 2, lambda: None)
    assert sorted(done) == [0, 1]
    assert len(calls) == 4  # all threads are waited for nevertheless


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
