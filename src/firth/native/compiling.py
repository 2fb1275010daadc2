"""Who is told when functions are compiled. Nothing here loads the compiler."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Announcement:
    """What one caller of `announcing` is told."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._begun, self._seconds = say, False, 0.0

    def begin(self) -> None:
        """Tell that something is compiled, once until `end`."""
        if not self._begun:
            self._begun = True
            self._say("compiling for this processor, once: later runs load what is compiled now ...")

    def add(self, seconds: float) -> None:
        """Add the seconds of one function."""
        self._seconds += seconds

    def end(self) -> None:
        """Tell how long compiling took, if anything was compiled since the last time."""
        if self._begun:
            self._say(f"compiled in {self._seconds:.1f} s")
        self._begun, self._seconds = False, 0.0


_announcements: list[Announcement] = []


@contextmanager
def announcing(say: Callable[[str], None]) -> Iterator[Announcement]:
    """Call `say` with a line when the first function is compiled inside the `with`, and at its end with the seconds.

    It is not called if all functions come from the cache. Of several such blocks at once, the innermost is told.
    """
    announcement = Announcement(say)
    _announcements.append(announcement)
    try:
        yield announcement
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
