"""Signals that end a run: held back while something must not be left half done, and told apart by exit status."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals that end a run; Windows has no SIGHUP."""

GRACE_SECONDS = 2.0
"""Signals that follow one by less add nothing to it: what it began, such as to stop threads, has not ended yet."""


class Ended(KeyboardInterrupt):
    """A signal other than that of Ctrl-C ends the process. number: which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


class HeldBack:
    """The signals that came while they are held back."""

    def __init__(self, handlers: dict[int, Handler]) -> None:
        self._handlers, self._caught = handlers, list[int]()

    def note(self, number: int, frame: FrameType | None) -> None:
        """Keep a signal for later."""
        self._caught.append(number)

    def deliver(self) -> None:
        """Let all that came take effect now: raises KeyboardInterrupt, unless a handler does something else."""
        raised: BaseException | None = None
        while self._caught:
            number = self._caught.pop(0)
            try:
                self._handlers[number](number, None)
            except BaseException as error:
                raised = raised or error
        if raised is not None:
            raise raised


@contextlib.contextmanager
def held_back() -> Iterator[HeldBack]:
    """Signals that end a run and come in a `with` take effect at its end, or when `deliver` is called there.

    Those that the process ignores, or that kill it at once, are left as they are. Threads other than the main one get
    no signals.
    """
    handlers = _handlers()
    held = HeldBack(handlers)
    try:
        for number in handlers:
            signal.signal(number, held.note)
        yield held
    finally:
        try:
            _restore(handlers)
        finally:
            held.deliver()


class _Once:
    """Handlers that raise for the first of several signals in a row."""

    def __init__(self, handlers: dict[int, Handler]) -> None:
        self._handlers, self._quiet_until = handlers, 0.0

    def handle(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + GRACE_SECONDS
            self._handlers[number](number, frame)

    def forget(self) -> None:
        self._quiet_until = 0.0


_under_way: list[_Once] = []


@contextlib.contextmanager
def raised_once() -> Iterator[None]:
    """In a `with`, a signal that ends a run raises, and others in the GRACE_SECONDS after it are ignored."""
    handlers = _handlers()
    once = _Once(handlers)
    _under_way.append(once)
    try:
        for number in handlers:
            signal.signal(number, once.handle)
        yield
    finally:
        try:
            _restore(handlers)
        finally:
            _under_way.remove(once)


def was_lost() -> None:
    """Let the next signal raise again at once: what the last one raised came to nothing."""
    for once in _under_way:
        once.forget()


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """In a `with`, SIGTERM (the end of a batch job) and SIGHUP (a closed terminal) raise `Ended`.

    One that the process ignores stays ignored, as nohup wants it.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in ENDING if number != signal.SIGINT}
        before = {number: handler for number, handler in before.items() if handler == signal.SIG_DFL}
    try:
        for number in before:
            signal.signal(number, _end)
        yield
    finally:
        _restore(before)


ended_by: list[int] = []
"""The signals that raised `Ended` in this process: a library may turn that into an error of its own."""


def _end(number: int, frame: FrameType | None) -> None:
    ended_by.append(number)
    raise Ended(number)


def _restore(handlers: Mapping[int, Any]) -> None:
    """Set all handlers again; what a signal raises meanwhile is raised afterwards."""
    left = sorted(handlers, key=lambda number: number == signal.SIGINT)  # most signals are that of Ctrl-C: last
    raised: BaseException | None = None
    while left:
        try:
            while left:
                signal.signal(left[0], handlers[left[0]])
                del left[0]
        except BaseException as error:
            raised = raised or error
    if raised is not None:
        raise raised


def _handlers() -> dict[int, Handler]:
    """The handlers of the signals that end a run, where this thread gets them and Python functions handle them."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in ENDING}
    return {number: handler for number, handler in found.items() if callable(handler)}
