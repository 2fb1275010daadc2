"""Threads that run compiled code: the one loop that starts them, watches them and ends them, and tasks in stages.

Compiled code runs without Python's global lock, for some milliseconds at a time, so that Ctrl-C is answered at once.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from firth.errors import ConfigError

LOOK_SECONDS = 0.1


def run_threads(
    work: Callable[[int], None], threads: int, stop: Callable[[], None], on_look: Callable[[], None] = lambda: None
) -> None:
    """Call `work` with 0, 1, ... in as many threads, and `on_look` in the calling thread about ten times a second.

    `stop` must make every `work` return soon. It is called at the end, and when `work` or `on_look` raises: the
    exception, KeyboardInterrupt included, is raised again when all threads have returned.
    """
    running: list[Future[None]] = []

    def stop_all_if_one_fails(thread: int) -> None:
        try:
            work(thread)
        except BaseException:
            stop()
            raise

    with ThreadPoolExecutor(threads) as pool:
        try:
            for thread in range(threads):
                running.append(_started(pool, stop_all_if_one_fails, thread, threads))
            while wait(running, LOOK_SECONDS).not_done:
                on_look()
        finally:
            stop()
            _wait_for_all(running)
    for future in running:
        future.result()


def _started(pool: ThreadPoolExecutor, work: Callable[[int], None], thread: int, threads: int) -> "Future[None]":
    """The work of a thread that is started. Raises ConfigError where the system has none left."""
    try:
        return pool.submit(work, thread)
    except RuntimeError as error:
        raise ConfigError(
            f"thread {thread + 1} of {threads} cannot be started ({error}): the system limits the threads or memory "
            "of this process: raise its limit (ulimit -u, ulimit -v), or give fewer threads (--threads)"
        ) from None


def _wait_for_all(running: list[Future[None]]) -> None:
    """Wait until no thread is at work on arrays that may be gone after this; raise a Ctrl-C that comes meanwhile."""
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            wait(running)
        except KeyboardInterrupt as error:
            interrupt = error
            continue
        if interrupt is not None:
            raise interrupt
        return


class Stage(NamedTuple):
    """Tasks that may run at once: threads take them in turn, stage after stage."""

    task: Callable[[int, int], None]  # called with the number of the task and that of the thread
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
            self._changed.wait_for(lambda: self._stopped or not any(self._left[i] for i in self._stages[stage].after))
            return None if self._stopped else (stage, number)

    def finish(self, stage: int) -> None:
        with self._changed:
            self._left[stage] -= 1
            if not self._left[stage]:
                self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def work(self, thread: int) -> None:
        """Do one task after another."""
        while taken := self.take():
            stage, number = taken
            self._stages[stage].task(number, thread)
            self.finish(stage)


def run_stages(stages: Sequence[Stage], threads: int, on_look: Callable[[], None] = lambda: None) -> None:
    """Do the tasks of all stages; `threads`, `on_look` and exceptions are those of `run_threads`.

    The results do not depend on the order of the tasks if no two that may run at once write the same place.
    """
    tasks = _Tasks(stages)
    run_threads(tasks.work, threads, tasks.stop, on_look)
