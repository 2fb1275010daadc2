"""Work cut into tasks, done by several threads in an order that the results do not depend on.

A task is some milliseconds of compiled code that runs without Python's global lock. Threads take tasks in turn, stage
after stage; a stage names the stages that must be finished before it, so that the others may still be under way.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple

LOOK_SECONDS = 0.1


class Stage(NamedTuple):
    """Tasks that may be done at once."""

    task: Callable[[int, int], None]  # called with the number of the task and that of the thread
    count: int
    after: tuple[int, ...] = ()  # the stages, by their place in the list, that must be finished before


class _Tasks:
    """Hands out the tasks of all stages in order."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._left = [stage.count for stage in stages]
        self._stage, self._next = 0, 0
        self._changed, self._stopped = threading.Condition(), False

    def take(self) -> tuple[int, int] | None:
        """The stage and the number of the next task, as soon as it may be done; None when there is no more."""
        with self._changed:
            while self._stage < len(self._stages) and self._next == self._stages[self._stage].count:
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
        try:
            while taken := self.take():
                stage, number = taken
                self._stages[stage].task(number, thread)
                self.finish(stage)
        except BaseException:
            self.stop()
            raise


def run_stages(stages: Sequence[Stage], threads: int, on_look: Callable[[], None] = lambda: None) -> None:
    """Do all tasks with so many threads; `on_look` is called in the calling thread about ten times a second.

    An exception, KeyboardInterrupt included, stops the threads after the tasks under way and is raised then.
    """
    tasks = _Tasks(stages)
    running: list[Future[None]] = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            for thread in range(threads):
                running.append(pool.submit(tasks.work, thread))
            while wait(running, LOOK_SECONDS).not_done:
                on_look()
        finally:
            tasks.stop()
            wait_for_all(running)
    for future in running:
        future.result()


def wait_for_all(running: list[Future[None]]) -> None:
    """Wait until no thread is at work on arrays that may be gone after this, whatever happens meanwhile."""
    while True:
        try:
            wait(running)
            return
        except KeyboardInterrupt:
            continue
