"""Who is told when functions are compiled. Nothing here loads the compiler."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Announcement:
    """What one caller of `announcing` is told."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._begun, self._seconds = say, False, 0.0

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._say("compiling for this processor, once: later runs load what is compiled now ...")

    def add(self, seconds: float) -> None:
        self._seconds += seconds

    def end(self) -> None:
        if self._begun:
            self._say(f"compiled in {self._seconds:.1f} s")


_announcements: list[_Announcement] = []


@contextmanager
def announcing(say: Callable[[str], None]) -> Iterator[None]:
    """Call `say` with a line when the first function is compiled inside the `with`, and at its end with the seconds.

    It is not called if all functions come from the cache. Of several such blocks at once, the innermost is told.
    """
    announcement = _Announcement(say)
    _announcements.append(announcement)
    try:
        yield
        announcement.end()
    finally:
        _announcements.remove(announcement)


def compilation_begins() -> None:
    """Tell that a function is about to be compiled."""
    if _announcements:
        _announcements[-1].begin()


def compilation_ended(seconds: float) -> None:
    """Note how long it took."""
    if _announcements:
        _announcements[-1].add(seconds)
