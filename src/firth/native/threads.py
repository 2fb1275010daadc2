"""Threads that run compiled code: the one loop that starts them, watches them and ends them, and tasks in stages.

Compiled code runs without Python's global lock, for some milliseconds at a time, so that Ctrl-C is answered at once.
The threads are daemons: Python waits at its exit for all others, such as those of `concurrent.futures`, and a run in a
user's thread would then go on after Ctrl-C.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from firth.errors import ConfigError

LOOK_SECONDS = 0.1


def run_threads(
    work: Callable[[int], None], threads: int, stop: Callable[[], None], on_look: Callable[[], None] = lambda: None
) -> None:
    """Call `work` with 0, 1, ... in as many threads, and `on_look` in the calling thread about ten times a second.

    `stop` must make every `work` return soon. It is called at the end, and when `work` or `on_look` raises: the
    exception, KeyboardInterrupt included, is raised again when all threads have returned. Only the main thread hears
    Ctrl-C: in another one, KeyboardInterrupt is raised when Ctrl-C has ended the main thread.

    Raises ConfigError if the system starts no more threads.
    """
    failed: list[BaseException] = []
    crew = _Crew(threads)

    def stop_all_if_one_fails(thread: int) -> None:
        try:
            if crew.enter(thread):
                work(thread)
        except BaseException as error:
            failed.append(error)
            stop()
        finally:
            crew.leave(thread)

    try:
        for thread in range(threads):
            _start(threading.Thread(target=stop_all_if_one_fails, args=(thread,), daemon=True), thread)
        while True:
            finished = crew.wait_for_all(LOOK_SECONDS)
            if _main_thread_is_interrupted():
                raise KeyboardInterrupt
            if finished:
                break
            on_look()
    finally:
        crew.ended, interrupt = True, None
        while True:
            try:
                stop()
                crew.wait_for_those_at_work()
                break
            except KeyboardInterrupt as error:  # the threads still write to arrays that may be gone then
                interrupt = error
        if interrupt is not None:
            raise interrupt
    if failed:
        raise failed[0]


class _Crew:
    """Threads that are waited for, without a lock: Ctrl-C may come in the main thread just when it has taken one.

    And without `Thread.join`: if Ctrl-C comes in it, Python 3.11 takes the thread for ended.

    ended: whether those that have not begun yet are not to begin.
    """

    def __init__(self, size: int) -> None:
        self._begun, self._left, self.ended = [False] * size, [False] * size, False
        self._woken: SimpleQueue[None] = SimpleQueue()  # what it holds does not count: Ctrl-C may lose an item

    def enter(self, thread: int) -> bool:
        """Begin; whether there is still work."""
        self._begun[thread] = True
        return not self.ended

    def leave(self, thread: int) -> None:
        self._left[thread] = True
        self._woken.put(None)

    def wait_for_all(self, seconds: float) -> bool:
        """Wait so long; whether all have done their work."""
        return self._wait(lambda: all(self._left), seconds)

    def wait_for_those_at_work(self) -> None:
        """Wait until no thread is at work."""
        while not self._wait(lambda: self._begun == self._left, LOOK_SECONDS):
            pass

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if (left := deadline - time.monotonic()) <= 0:
                return False
            with contextlib.suppress(Empty):
                self._woken.get(timeout=left)
        return True


def call_aside(work: Callable[[], Any]) -> Any:
    """What `work` returns, called in another thread, which a KeyboardInterrupt leaves to itself.

    For what may take seconds in a library that does not hear Ctrl-C. Called outside the main thread, which alone hears
    it, or where the system starts no more threads, it is a plain call.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    answer: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def body() -> None:
        try:
            answer.put((work(), None))
        except BaseException as error:
            answer.put((None, error))

    try:
        threading.Thread(target=body, daemon=True).start()
    except RuntimeError:  # a limit of processes or of memory
        return work()
    while True:
        with contextlib.suppress(Empty):
            found, error = answer.get(timeout=LOOK_SECONDS)
            break
    if error is not None:
        raise error
    return found


def _start(thread: threading.Thread, number: int) -> None:
    try:
        thread.start()
    except RuntimeError as error:  # a limit of processes or of memory
        raise ConfigError(f"thread {number + 1} cannot be started ({error}): lower threads (--threads)") from None


def _main_thread_is_interrupted() -> bool:
    """Whether Ctrl-C has ended the main thread: Python then waits for the threads that are no daemons."""
    return not threading.main_thread().is_alive() and getattr(sys, "last_type", None) is KeyboardInterrupt


class Stage(NamedTuple):
    """Tasks that may run at once: threads take them in turn, stage after stage.

    A long task is a generator: where it yields, Ctrl-C ends it.
    """

    task: Callable[[int, int], Iterable[None] | None]  # called with the number of the task and that of the thread
    tasks: int
    after: tuple[int, ...] = ()  # the stages, by their place in the list, that must be finished before


class _Tasks:
    """Hands out the tasks of all stages in order."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._left = [stage.tasks for stage in stages]
        self._stage, self._next = 0, 0
        self._changed, self._stopped = threading.Condition(), False

    def take(self) -> tuple[int, int] | None:
        """The stage and the number of the next task, as soon as it may be done; None when there is no more."""
        with self._changed:
            while self._stage < len(self._stages) and self._next == self._stages[self._stage].tasks:
                self._stage, self._next = self._stage + 1, 0
            if self._stopped or self._stage == len(self._stages):
                return None
            stage, number = self._stage, self._next
            self._next += 1
            after = self._stages[stage].after
            while not self._stopped and any(self._left[i] for i in after):
                self._changed.wait(LOOK_SECONDS)
            return None if self._stopped else (stage, number)

    def finish(self, stage: int) -> None:
        with self._changed:
            self._left[stage] -= 1
            if not self._left[stage]:
                self._changed.notify_all()

    def stop(self) -> None:
        """Hand out no more; without the lock, which a Ctrl-C just as it is taken would leave taken for ever."""
        self._stopped = True

    def work(self, thread: int) -> None:
        """Do one task after another."""
        while taken := self.take():
            stage, number = taken
            for _ in self._stages[stage].task(number, thread) or ():
                if self._stopped:
                    return
            self.finish(stage)


def run_stages(stages: Sequence[Stage], threads: int, on_look: Callable[[], None] = lambda: None) -> None:
    """Do the tasks of all stages; `threads`, `on_look` and exceptions are those of `run_threads`.

    The results do not depend on the order of the tasks if no two that may run at once write the same place.
    """
    tasks = _Tasks(stages)
    run_threads(tasks.work, threads, tasks.stop, on_look)
